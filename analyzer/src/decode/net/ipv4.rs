//! IPv4 (RFC 791), with its options and its fragments put together.

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Endpoint, Kind, Outcome, Proto, Sink, data, dispatch, fmt::Out, stop};
use crate::track::defrag::{Fragment, Key};

use super::Ip;

crate::protocol! { Ip, "ip", "Internet Protocol Version 4";
    VERSION "ip.version" "Version" Kind::Uint(8, Base::Dec);
    HDR_LEN "ip.hdr_len" "Header Length" Kind::Uint(8, Base::Dec);
    DSFIELD "ip.dsfield" "Differentiated Services Field" Kind::Uint(8, Base::Hex);
    DSFIELD_DSCP "ip.dsfield.dscp" "Differentiated Services Codepoint" Kind::Uint(8, Base::Dec);
    DSFIELD_ECN "ip.dsfield.ecn" "Explicit Congestion Notification" Kind::Uint(8, Base::Dec);
    LEN "ip.len" "Total Length" Kind::Uint(16, Base::Dec);
    ID "ip.id" "Identification" Kind::Uint(16, Base::Hex);
    FLAGS "ip.flags" "Flags" Kind::Uint(8, Base::Hex);
    FLAGS_RB "ip.flags.rb" "Reserved bit" Kind::Bool;
    FLAGS_DF "ip.flags.df" "Don't fragment" Kind::Bool;
    FLAGS_MF "ip.flags.mf" "More fragments" Kind::Bool;
    FRAG_OFFSET "ip.frag_offset" "Fragment Offset" Kind::Uint(16, Base::Dec);
    TTL "ip.ttl" "Time to Live" Kind::Uint(8, Base::Dec);
    PROTO "ip.proto" "Protocol" Kind::Uint(8, Base::Dec), names::ip_protocol;
    CHECKSUM "ip.checksum" "Header Checksum" Kind::Uint(16, Base::Hex);
    CHECKSUM_STATUS "ip.checksum.status" "Header checksum status" Kind::Uint(8, Base::Dec), checksum_status;
    SRC "ip.src" "Source Address" Kind::Ipv4;
    DST "ip.dst" "Destination Address" Kind::Ipv4;
    OPT_TYPE "ip.opt.type" "Option type" Kind::Uint(8, Base::Dec);
    OPT_LEN "ip.opt.len" "Option length" Kind::Uint(8, Base::Dec);
    OPT_ADDR "ip.opt.addr" "IP Address" Kind::Ipv4;
    OPT_PTR "ip.opt.ptr" "Pointer" Kind::Uint(8, Base::Dec);
    FRAGMENT_COUNT "ip.fragment.count" "Fragment count" Kind::Uint(32, Base::Dec);
    FRAGMENT_OVERLAP "ip.fragment.overlap" "Fragment overlap" Kind::Bool;
    REASSEMBLED_LENGTH "ip.reassembled.length" "Reassembled IPv4 length" Kind::Uint(32, Base::Dec);
}

/// Texts of Wireshark's checksum states.
pub fn checksum_status(v: u64) -> Option<&'static str> {
    ["Bad", "Good", "Unverified", "Not present"].get(v as usize).copied()
}

const MIN: usize = 20;

/// Dissects header, options and payload.
#[inline]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let first = b.u8(0)?;
    let hlen = usize::from(first & 15) * 4;
    c.layer(Proto::Ip, b.span(0, hlen.min(b.captured())));
    c.bits(VERSION, first >> 4, b, 0, 1);
    c.bits(HDR_LEN, hlen as u64, b, 0, 1);
    if let Some(s) = c.summary() {
        s.take("IPv4");
    }
    if hlen < MIN {
        return Err(b.malformed(0));
    }
    let wants = c.wants(Proto::Ip);
    if wants {
        let tos = c.u8(DSFIELD, b, 1)?;
        c.sink.open();
        c.bits(DSFIELD_DSCP, tos >> 2, b, 1, 1);
        c.bits(DSFIELD_ECN, tos & 3, b, 1, 1);
        c.sink.close();
    }
    let mut len = usize::from(b.u16(2)?);
    if len == 0 {
        // Segmentation offload leaves the length to the adapter.
        len = b.reported();
    }
    c.bits(LEN, len as u64, b, 2, 2);
    if len < hlen {
        return Err(b.malformed(2));
    }
    let b = b.truncate(len);
    let off = b.u16(6)?;
    if wants {
        c.u16(ID, b, 4)?;
        c.bits(FLAGS, off >> 13, b, 6, 1);
        c.sink.open();
        c.bits(FLAGS_RB, off >> 15, b, 6, 1);
        c.bits(FLAGS_DF, off >> 14 & 1, b, 6, 1);
        c.bits(FLAGS_MF, off >> 13 & 1, b, 6, 1);
        c.sink.close();
        c.bits(FRAG_OFFSET, (off & 0x1FFF) * 8, b, 6, 2);
        c.u8(TTL, b, 8)?;
        c.u8(PROTO, b, 9)?;
        c.u16(CHECKSUM, b, 10)?;
    }
    let proto = b.u8(9)?;
    if wants {
        let status = match b.get(0, hlen) {
            Ok(h) => u64::from(formats::checksum::checksum(h) == 0),
            Err(_) => 2,
        };
        c.bits(CHECKSUM_STATUS, status, b, 10, 2);
        c.ipv4(SRC, b, 12)?;
        c.ipv4(DST, b, 16)?;
        if hlen > MIN {
            options(c, b, hlen)?;
        }
    }
    let (src, dst) = (b.u32(12)?, b.u32(16)?);
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::V4(src), Endpoint::V4(dst));
    }
    let ip = Ip { src: Ip::wide(src), dst: Ip::wide(dst), version: 4, proto, fragment: off & 0x3FFF != 0 };
    if ip.fragment {
        return fragment(c, &ip, b, hlen, off);
    }
    payload(c, &ip, b.from(hlen))
}

fn payload<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    if !dispatch::ip_proto(c, ip, b)? {
        if let Some(info) = c.summary().and_then(|s| s.take("IPv4")) {
            info.text("Protocol ");
            info.dec(ip.proto.into());
        }
        stop::undecoded(c, "IP protocol");
        data::dissect(c, b);
    }
    Ok(())
}

/// One fragment: the datagram, when it is the last one missing; else the first fragment shows
/// nothing of its transport header, as Wireshark leaves it to the frame that completes it.
#[cold]
fn fragment<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>, hlen: usize, off: u16) -> Outcome {
    let rest = b.from(hlen);
    let offset = u32::from(off & 0x1FFF) * 8;
    let sound = rest.reported() > 0
        && rest.captured() == rest.reported()
        && b.get(0, hlen).is_ok_and(|h| formats::checksum::checksum(h) == 0);
    if sound && !c.quoted {
        let key = Key { src: ip.src, dst: ip.dst, id: b.u16(4)?.into(), proto: ip.proto, version: 4 };
        let more = off & 0x2000 != 0;
        let f = Fragment { key, offset, more, data: rest.bytes(), next: ip.proto };
        if let Some(whole) = c.defrag.add(f) {
            c.bits(FRAGMENT_COUNT, whole.fragments, rest, 0, rest.captured());
            if whole.overlap {
                c.bits(FRAGMENT_OVERLAP, 1u8, rest, 0, 0);
            }
            c.bits(REASSEMBLED_LENGTH, whole.data.len() as u64, rest, 0, 0);
            let ip = Ip { fragment: false, ..*ip };
            return c.reassembled(whole.data, |c, b| payload(c, &ip, b));
        }
    }
    if !sound && offset == 0 {
        return payload(c, ip, rest);
    }
    if let Some(info) = c.summary().and_then(|s| s.take("IPv4")) {
        info.text("Fragmented IP protocol (proto=");
        info.dec(ip.proto.into());
        info.text(", off=");
        info.dec(offset.into());
        info.text(", ID=");
        info.hex(b.u16(4)?.into(), 4);
        info.text(")");
    }
    data::dissect(c, rest);
    Ok(())
}

fn options<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, hlen: usize) -> Outcome {
    let mut at = MIN;
    while at < hlen {
        let kind = c.u8(OPT_TYPE, b, at)?;
        if kind == 0 {
            break;
        }
        if kind == 1 {
            at += 1;
            continue;
        }
        if at + 1 >= hlen {
            break;
        }
        let len = usize::from(c.u8(OPT_LEN, b, at + 1)?);
        if len < 2 || at + len > hlen {
            break;
        }
        c.sink.open();
        // Record route and the two source routes: a pointer, then addresses.
        if matches!(kind, 7 | 131 | 137) && len >= 3 {
            c.u8(OPT_PTR, b, at + 2)?;
            for a in (at + 3..at + len).step_by(4).take_while(|a| a + 4 <= at + len) {
                c.ipv4(OPT_ADDR, b, a)?;
            }
        }
        c.sink.close();
        at += len;
    }
    Ok(())
}
