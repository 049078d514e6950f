//! ARP (RFC 826), RARP (RFC 903) and InARP (RFC 2390).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | hardware type |
//! | 2 | 2 | protocol type |
//! | 4 | 1 | length of a hardware address |
//! | 5 | 1 | length of a protocol address |
//! | 6 | 2 | opcode |
//! | 8 | … | sender's hardware and protocol address, then the target's |

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Seen, Sink, fmt::Out};

crate::protocol! { Arp, "arp", "Address Resolution Protocol";
    HW_TYPE "arp.hw.type" "Hardware type" Kind::Uint(16, Base::Dec), names::arp_hardware;
    PROTO_TYPE "arp.proto.type" "Protocol type" Kind::Uint(16, Base::Hex), names::ethertype;
    HW_SIZE "arp.hw.size" "Hardware size" Kind::Uint(8, Base::Dec);
    PROTO_SIZE "arp.proto.size" "Protocol size" Kind::Uint(8, Base::Dec);
    OPCODE "arp.opcode" "Opcode" Kind::Uint(16, Base::Dec), names::arp_opcode;
    ISGRATUITOUS "arp.isgratuitous" "Is gratuitous" Kind::Bool;
    ISPROBE "arp.isprobe" "Is probe" Kind::Bool;
    ISANNOUNCEMENT "arp.isannouncement" "Is announcement" Kind::Bool;
    SRC_HW "arp.src.hw" "Sender hardware address" Kind::Bytes;
    SRC_HW_MAC "arp.src.hw_mac" "Sender MAC address" Kind::Ether;
    SRC_PROTO "arp.src.proto" "Sender protocol address" Kind::Bytes;
    SRC_PROTO_IPV4 "arp.src.proto_ipv4" "Sender IP address" Kind::Ipv4;
    DST_HW "arp.dst.hw" "Target hardware address" Kind::Bytes;
    DST_HW_MAC "arp.dst.hw_mac" "Target MAC address" Kind::Ether;
    DST_PROTO "arp.dst.proto" "Target protocol address" Kind::Bytes;
    DST_PROTO_IPV4 "arp.dst.proto_ipv4" "Target IP address" Kind::Ipv4;
}

/// Dissects a request or reply.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Arp, b.whole());
    let (hrd, pro) = (b.u16(0)?, b.u16(2)?);
    let (hln, pln) = (usize::from(b.u8(4)?), usize::from(b.u8(5)?));
    let op = b.u16(6)?;
    c.ends_after(b, 8 + 2 * (hln + pln));
    let b = b.truncate(8 + 2 * (hln + pln));
    c.seen(Seen::Arp { b });
    // Ethernet and the other IEEE 802 networks write their addresses alike.
    let mac = matches!(hrd, 1 | 6) && hln == 6;
    let ip = matches!(pro, 0x800) && pln == 4;
    if let Some(info) = c.summary().and_then(|s| s.take("ARP")) {
        line(info, b, op, ip, hln);
    }
    if !c.wants(Proto::Arp) {
        return Ok(());
    }
    c.bits(HW_TYPE, hrd, b, 0, 2);
    c.bits(PROTO_TYPE, pro, b, 2, 2);
    c.bits(HW_SIZE, hln as u64, b, 4, 1);
    c.bits(PROTO_SIZE, pln as u64, b, 5, 1);
    c.bits(OPCODE, op, b, 6, 2);
    if ip && let (Ok(sender), Ok(target)) = (b.u32(8 + hln), b.u32(12 + 2 * hln)) {
        if sender == target {
            c.bits(ISGRATUITOUS, 1u8, b, 0, 0);
            if op == 1 {
                c.bits(ISANNOUNCEMENT, 1u8, b, 0, 0);
            }
        } else if op == 1 && sender == 0 {
            c.bits(ISPROBE, 1u8, b, 0, 0);
        }
    }
    let mut at = 8;
    for (hw, hw_mac, proto, proto_ipv4) in
        [(SRC_HW, SRC_HW_MAC, SRC_PROTO, SRC_PROTO_IPV4), (DST_HW, DST_HW_MAC, DST_PROTO, DST_PROTO_IPV4)]
    {
        if mac {
            c.ether(hw_mac, b, at)?;
        } else if hln > 0 {
            c.bytes(hw, b, at, hln)?;
        }
        at += hln;
        if ip {
            c.ipv4(proto_ipv4, b, at)?;
        } else if pln > 0 {
            c.bytes(proto, b, at, pln)?;
        }
        at += pln;
    }
    Ok(())
}

fn line(info: &mut Vec<u8>, b: Buf<'_>, op: u16, ip: bool, hln: usize) {
    let (Ok(sender), Ok(target)) = (b.u32(8 + hln), b.u32(12 + 2 * hln)) else { return };
    match (op, ip) {
        (1, true) if sender == target => {
            info.text("ARP Announcement for ");
            info.ipv4(sender);
        }
        (1, true) => {
            info.text("Who has ");
            info.ipv4(target);
            info.text(if sender == 0 { "? (ARP Probe)" } else { "? Tell " });
            if sender != 0 {
                info.ipv4(sender);
            }
        }
        (2, true) => {
            info.ipv4(sender);
            info.text(" is at ");
            match b.array(8) {
                Ok(mac) if hln == 6 => info.ether(mac),
                _ => info.bytes(b.get(8, hln).unwrap_or_default()),
            }
        }
        _ => match names::arp_opcode(op.into()) {
            Some(name) => info.text(name),
            None => {
                info.text("Opcode ");
                info.dec(op.into());
            }
        },
    }
}
