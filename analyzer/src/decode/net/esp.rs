//! Encapsulating security payload (RFC 4303), also in UDP (RFC 3948).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | security parameters index |
//! | 4 | 4 | sequence number |
//! | 8 | … | encrypted |

use crate::decode::app::isakmp;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, fmt::Out};

crate::protocol! { Esp, "esp", "Encapsulating Security Payload";
    SPI "esp.spi" "ESP SPI" Kind::Uint(32, Base::Hex);
    SEQUENCE "esp.sequence" "ESP Sequence" Kind::Uint(32, Base::Dec);
}

/// ESP and key exchange on UDP port 4500.
pub mod udpencap {
    use crate::decode::{Base, Kind};

    crate::protocol! { Udpencap, "udpencap", "UDP Encapsulation of IPsec Packets";
        NON_ESP ours "udpencap.non_esp_marker" "Non-ESP marker" Kind::Uint(32, Base::Hex);
        KEEPALIVE "udpencap.nat_keepalive" "NAT-keepalive packet" Kind::None;
    }
}

/// Dissects what is not encrypted.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Esp, b.whole());
    let spi = c.u32(SPI, b, 0)?;
    c.u32(SEQUENCE, b, 4)?;
    if let Some(info) = c.summary().and_then(|s| s.take("ESP")) {
        info.text("ESP (SPI=");
        info.hex0x(spi.into(), 8);
        info.push(b')');
    }
    Ok(())
}

/// A datagram of port 4500: a keepalive, a key exchange behind four zero bytes, or ESP.
pub fn in_udp<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<bool> {
    if b.reported() == 1 && b.u8(0)? == 0xFF {
        c.layer(Proto::Udpencap, b.whole());
        c.field(udpencap::KEEPALIVE, crate::decode::Value::None, b.whole());
        return Ok(true);
    }
    let spi = b.u32(0)?;
    if spi == 0 {
        c.layer(Proto::Udpencap, b.span(0, 4));
        c.u32(udpencap::NON_ESP, b, 0)?;
        isakmp::dissect(c, b.from(4))?;
        return Ok(true);
    }
    c.layer(Proto::Udpencap, b.span(0, 0));
    dissect(c, b)?;
    Ok(true)
}
