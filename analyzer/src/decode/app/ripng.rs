//! RIPng (RFC 2080).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 + 1 + 2 | command, version, reserved |
//! | 4 | 20 each | prefix (16), route tag (2), prefix length, metric |

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, fmt::Out};

crate::protocol! { Ripng, "ripng", "RIPng";
    CMD "ripng.cmd" "Command" Kind::Uint(8, Base::Dec), command;
    VERSION "ripng.version" "Version" Kind::Uint(8, Base::Dec);
    RESERVED "ripng.reserved" "Reserved" Kind::Bytes;
    RTE "ripng.rte" "Route Table Entry" Kind::None;
    RTE_IPV6_PREFIX "ripng.rte.ipv6_prefix" "IPv6 Prefix" Kind::Ipv6;
    RTE_ROUTE_TAG "ripng.rte.route_tag" "Route Tag" Kind::Uint(16, Base::Hex);
    RTE_PREFIX_LENGTH "ripng.rte.prefix_length" "Prefix Length" Kind::Uint(8, Base::Dec);
    RTE_METRIC "ripng.rte.metric" "Metric" Kind::Uint(8, Base::Dec);
}

fn command(v: u64) -> Option<&'static str> {
    match v {
        1 => Some("Request"),
        2 => Some("Response"),
        _ => None,
    }
}

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Ripng, b.whole());
    if super::idle(c, Proto::Ripng) {
        return Ok(());
    }
    let (cmd, version) = (b.u8(0)?, b.u8(1)?);
    if let Some(info) = c.summary().and_then(|s| s.take("RIPng")) {
        info.text("Command ");
        info.text(command(cmd.into()).unwrap_or("Unknown"));
        info.text(", Version ");
        info.dec(version.into());
    }
    c.u8(CMD, b, 0)?;
    c.u8(VERSION, b, 1)?;
    c.bytes(RESERVED, b, 2, 2)?;
    for at in (4..b.reported()).step_by(20) {
        c.field(RTE, Value::None, b.span(at, 20));
        c.sink.open();
        c.ipv6(RTE_IPV6_PREFIX, b, at)?;
        c.u16(RTE_ROUTE_TAG, b, at + 16)?;
        c.u8(RTE_PREFIX_LENGTH, b, at + 18)?;
        c.u8(RTE_METRIC, b, at + 19)?;
        c.sink.close();
    }
    Ok(())
}
