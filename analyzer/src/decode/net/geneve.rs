//! Geneve (RFC 8926).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | version (2 bits), length of the options in words (6 bits) |
//! | 1 | 1 | flags: OAM, critical options |
//! | 2 | 2 | protocol: an EtherType |
//! | 4 | 3 | virtual network identifier |
//! | 7 | 1 | reserved |
//! | 8 | … | options: class (2), type (1), reserved and length in words (1), value |

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, dispatch, fmt::Out};

crate::protocol! { Geneve, "geneve", "Generic Network Virtualization Encapsulation";
    VERSION "geneve.version" "Version" Kind::Uint(8, Base::Dec);
    OPTION_LENGTH "geneve.option.length" "Length" Kind::Uint(8, Base::Dec);
    FLAGS "geneve.flags" "Flags" Kind::Uint(8, Base::Hex);
    FLAGS_OAM "geneve.flags.oam" "Operations, Administration and Management Frame" Kind::Bool;
    FLAGS_CRITICAL "geneve.flags.critical" "Critical Options Present" Kind::Bool;
    FLAGS_RESERVED "geneve.flags.reserved" "Reserved" Kind::Bool;
    PROTO_TYPE "geneve.proto_type" "Protocol Type" Kind::Uint(16, Base::Hex), names::ethertype;
    VNI "geneve.vni" "Virtual Network Identifier (VNI)" Kind::Uint(24, Base::Hex);
    RESERVED "geneve.reserved" "Reserved" Kind::Uint(8, Base::Hex);
    OPTIONS "geneve.options" "Geneve Options" Kind::Bytes;
    OPTION_CLASS "geneve.option.class" "Class" Kind::Uint(16, Base::Hex);
    OPTION_TYPE "geneve.option.type" "Type" Kind::Uint(8, Base::Hex);
    OPTION_CRITICAL "geneve.option.type.critical" "Critical Option" Kind::Bool;
    OPTION_FLAGS "geneve.option.flags" "Flags" Kind::Uint(8, Base::Hex);
    OPTION_DATA "geneve.option.unknown.data" "Unknown Option Data" Kind::Bytes;
}

/// Dissects header, options and payload.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Geneve, b.span(0, 8.min(b.captured())));
    let first = b.u8(0)?;
    let options_len = usize::from(first & 0x3F) * 4;
    c.bits(VERSION, first >> 6, b, 0, 1);
    if first >> 6 != 0 {
        return Err(b.malformed(0));
    }
    c.bits(OPTION_LENGTH, options_len as u64, b, 0, 1);
    let flags = b.u8(1)?;
    let parts = [(FLAGS_OAM, 7, 1), (FLAGS_CRITICAL, 6, 1), (FLAGS_RESERVED, 0, 6)];
    c.flags(FLAGS, flags, b, 1, 1, &parts);
    let t = c.u16(PROTO_TYPE, b, 2)?;
    let vni = c.u24(VNI, b, 4)?;
    c.u8(RESERVED, b, 7)?;
    if let Some(info) = c.summary().and_then(|s| s.take("Geneve")) {
        info.text("Encapsulated ");
        info.text(names::ethertype(t.into()).unwrap_or("unknown protocol"));
        info.text(", VNI ");
        info.hex0x(vni.into(), 6);
    }
    if options_len > 0 {
        let all = b.get(8, options_len)?;
        c.field(OPTIONS, Value::Bytes(all), b.span(8, options_len));
        c.group(|c| options(c, b, 8 + options_len))?;
    }
    let rest = b.from(8 + options_len);
    dispatch::ethertype_table(c, t, rest)
}

fn options<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, end: usize) -> Outcome {
    let mut at = 8;
    while at + 4 <= end {
        c.u16(OPTION_CLASS, b, at)?;
        let t = b.u8(at + 2)?;
        c.flags(OPTION_TYPE, t, b, at + 2, 1, &[(OPTION_CRITICAL, 7, 1)]);
        let word = b.u8(at + 3)?;
        c.bits(OPTION_FLAGS, word >> 5, b, at + 3, 1);
        let len = usize::from(word & 0x1F) * 4;
        c.bits(OPTION_LENGTH, (len + 4) as u64, b, at + 3, 1);
        if at + 4 + len > end {
            return Ok(());
        }
        if len > 0 {
            c.bytes(OPTION_DATA, b, at + 4, len)?;
        }
        at += 4 + len;
    }
    Ok(())
}
