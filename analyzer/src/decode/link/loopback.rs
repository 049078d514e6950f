//! Ethernet configuration test protocol (DEC, Intel and Xerox 1982, chapter 8), which some
//! devices use as a keepalive.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | skip count, little-endian as all of it |
//! | 2 | 2 | function: 1 reply, 2 forward |
//! | 4 | 2 | reply: receipt number; forward: 6 bytes of address, then the next function |

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, fmt::Out};

crate::protocol! { Loop, "loop", "Configuration Test Protocol (loopback)";
    SKIPCOUNT "loop.skipcount" "skipCount" Kind::Uint(16, Base::Dec);
    FUNCTION "loop.function" "Function" Kind::Uint(16, Base::Dec);
    RECEIPT_NUMBER "loop.receipt_number" "Receipt number" Kind::Uint(16, Base::Dec);
    FORWARDING_ADDRESS "loop.forwarding_address" "Forwarding address" Kind::Ether;
}

const REPLY: u16 = 1;
const FORWARD: u16 = 2;

/// Dissects the functions up to the reply.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Loop, b.whole());
    let little = |c: &mut Ctx<'_, S>, id, at| -> Outcome<u16> {
        let v = u16::from_le_bytes(b.array(at)?);
        c.bits(id, v, b, at, 2);
        Ok(v)
    };
    little(c, SKIPCOUNT, 0)?;
    if let Some(info) = c.summary().and_then(|s| s.take("LOOP")) {
        info.text("Configuration test");
    }
    let mut at = 2;
    loop {
        match little(c, FUNCTION, at)? {
            FORWARD => {
                c.ether(FORWARDING_ADDRESS, b, at + 2)?;
                at += 8;
            }
            REPLY => {
                little(c, RECEIPT_NUMBER, at + 2)?;
                at += 4;
                break;
            }
            _ => {
                at += 2;
                break;
            }
        }
    }
    data::dissect(c, b.from(at));
    Ok(())
}
