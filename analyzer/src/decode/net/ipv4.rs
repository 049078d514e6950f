//! IPv4 (RFC 791), with its fragments put together.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | version, header length in words |
//! | 1 | 1 | DSCP (6 bits), ECN (2 bits) |
//! | 2 | 2 | total length |
//! | 4 | 2 | identification |
//! | 6 | 2 | flags (3 bits), fragment offset in units of eight bytes |
//! | 8 | 1 | time to live |
//! | 9 | 1 | protocol |
//! | 10 | 2 | header checksum |
//! | 12 | 4 | source |
//! | 16 | 4 | destination |
//! | 20 | 0-40 | options |

use formats::checksum::checksum;

use crate::decode::names;
use crate::decode::stop::{self, Undecoded};
use crate::decode::{
    Base, Buf, Ctx, Endpoint, Kind, Outcome, Proto, Seen, Sink, Value, data, dispatch, fmt::Out,
};
use crate::track::defrag::{Fragment, Key};

use super::{Ip, ipv4_options, ipv6};

crate::protocol! { Ip, "ip", "Internet Protocol Version 4";
    VERSION "ip.version" "Version" Kind::Uint(8, Base::Dec);
    HDR_LEN "ip.hdr_len" "Header Length" Kind::Uint(8, Base::Dec);
    DSFIELD "ip.dsfield" "Differentiated Services Field" Kind::Uint(8, Base::Hex);
    DSFIELD_DSCP "ip.dsfield.dscp" "Differentiated Services Codepoint" Kind::Uint(8, Base::Dec), names::dscp;
    DSFIELD_ECN "ip.dsfield.ecn" "Explicit Congestion Notification" Kind::Uint(8, Base::Dec), names::ecn;
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
    CHECKSUM_STATUS "ip.checksum.status" "Header checksum status" Kind::Uint(8, Base::Dec), names::checksum_status;
    SRC "ip.src" "Source Address" Kind::Ipv4;
    DST "ip.dst" "Destination Address" Kind::Ipv4;
    CUR_RT "ip.cur_rt" "Current Route" Kind::Ipv4;
    FRAGMENT_COUNT "ip.fragment.count" "Fragment count" Kind::Uint(32, Base::Dec);
    FRAGMENT_OVERLAP "ip.fragment.overlap" "Fragment overlap" Kind::Bool;
    REASSEMBLED_LENGTH "ip.reassembled.length" "Reassembled IPv4 length" Kind::Uint(32, Base::Dec);
    OPT_TYPE "ip.opt.type" "Type" Kind::Uint(8, Base::Dec), names::ip_option;
    OPT_TYPE_COPY "ip.opt.type.copy" "Copy on fragmentation" Kind::Bool;
    OPT_TYPE_CLASS "ip.opt.type.class" "Class" Kind::Uint(8, Base::Dec);
    OPT_TYPE_NUMBER "ip.opt.type.number" "Number" Kind::Uint(8, Base::Dec);
    OPT_LEN "ip.opt.len" "Length" Kind::Uint(8, Base::Dec);
    OPT_PTR "ip.opt.ptr" "Pointer" Kind::Uint(8, Base::Dec);
    OPT_SID "ip.opt.sid" "Stream Identifier" Kind::Uint(16, Base::Dec);
    OPT_MTU "ip.opt.mtu" "MTU" Kind::Uint(16, Base::Dec);
    OPT_ID_NUMBER "ip.opt.id_number" "ID Number" Kind::Uint(16, Base::Dec);
    OPT_OHC "ip.opt.ohc" "Outbound Hop Count" Kind::Uint(16, Base::Dec);
    OPT_RHC "ip.opt.rhc" "Return Hop Count" Kind::Uint(16, Base::Dec);
    OPT_ORIGINATOR "ip.opt.originator" "Originator IP Address" Kind::Ipv4;
    OPT_RA "ip.opt.ra" "Router Alert" Kind::Uint(16, Base::Dec);
    OPT_ADDR "ip.opt.addr" "IP Address" Kind::Ipv4;
    OPT_OVERFLOW "ip.opt.overflow" "Overflow" Kind::Uint(8, Base::Dec);
    OPT_FLAG "ip.opt.flag" "Flag" Kind::Uint(8, Base::Hex);
    OPT_TIME_STAMP "ip.opt.time_stamp" "Time stamp" Kind::Uint(32, Base::Dec);
    OPT_TIME_STAMP_ADDR "ip.opt.time_stamp_addr" "Address" Kind::Ipv4;
    OPT_QS_FUNC "ip.opt.qs_func" "Function" Kind::Uint(8, Base::Dec);
    OPT_QS_RATE "ip.opt.qs_rate" "Rate" Kind::Uint(8, Base::Dec);
    OPT_QS_TTL "ip.opt.qs_ttl" "QS TTL" Kind::Uint(8, Base::Dec);
    OPT_QS_NONCE "ip.opt.qs_nonce" "QS Nonce" Kind::Uint(32, Base::Hex);
    OPT_SEC_CL "ip.opt.sec_cl" "Classification Level" Kind::Uint(8, Base::Hex);
    OPT_SEC_PROT_AUTH "ip.opt.sec_prot_auth_flags" "Protection Authority Flags" Kind::Uint(8, Base::Hex);
    OPT_EXT_SEC_CODE "ip.opt.ext_sec_add_sec_info_format_code" "Additional Security Info Format Code" Kind::Uint(8, Base::Hex);
    OPT_EXT_SEC_INFO "ip.opt.ext_sec_add_sec_info" "Additional Security Info" Kind::Bytes;
    CIPSO_DOI "ip.cipso.doi" "DOI" Kind::Uint(32, Base::Dec);
    CIPSO_TAG_TYPE "ip.cipso.tag_type" "Tag Type" Kind::Uint(8, Base::Dec);
    CIPSO_SENSITIVITY "ip.cipso.sensitivity_level" "Sensitivity Level" Kind::Uint(8, Base::Dec);
    CIPSO_TAG_DATA "ip.cipso.tag_data" "Tag data" Kind::Bytes;
    REC_RT "ip.rec_rt" "Recorded Route" Kind::Ipv4;
    SRC_RT "ip.src_rt" "Source Route" Kind::Ipv4;
    EMPTY_RT "ip.empty_rt" "Empty Route" Kind::Ipv4;
    OPT_DATA ours "ip.opt.data" "Option data" Kind::Bytes;
}

/// Length of the header without options.
pub const MIN: usize = 20;

/// A packet that its outer header calls IPv4: one with the version nibble of IPv6 is decoded as
/// such.
#[inline]
pub fn any<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    match b.bytes().first().map(|f| f >> 4) {
        Some(6) => {
            c.layer(Proto::Ip, b.span(0, 0));
            c.bits(VERSION, 6u8, b, 0, 1);
            ipv6::dissect(c, b)
        }
        _ => dissect(c, b),
    }
}

/// Dissects header, options and payload.
#[inline]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Ip, b.span(0, MIN.min(b.captured())));
    let first = b.u8(0)?;
    let hlen = usize::from(first & 15) * 4;
    c.bits(VERSION, first >> 4, b, 0, 1);
    if let Some(s) = c.summary() {
        s.take("IPv4");
    }
    if first >> 4 != 4 {
        return Err(b.malformed(0));
    }
    c.bits(HDR_LEN, hlen as u64, b, 0, 1);
    if hlen < MIN {
        return Err(b.malformed(0));
    }
    let wants = c.wants(Proto::Ip);
    if wants {
        let tos = b.u8(1)?;
        c.group_of(DSFIELD, tos, |c| {
            c.flags(DSFIELD, tos, b, 1, 1, &[(DSFIELD_DSCP, 2, 6), (DSFIELD_ECN, 0, 2)]);
        });
    }
    let said = usize::from(b.u16(2)?);
    // Segmentation offload leaves the length to the adapter.
    let len = if said == 0 { b.reported() } else { said };
    c.bits(LEN, len as u64, b, 2, 2);
    if said != 0 && len < hlen {
        return Err(b.malformed(2));
    }
    c.ends_after(b, len);
    let b = b.truncate(len);
    if wants {
        fields(c, b, hlen)?;
    }
    let (off, proto) = (b.u16(6)?, b.u8(9)?);
    let (src, mut dst) = (b.u32(12)?, b.u32(16)?);
    if hlen > MIN
        && let Some(last) = ipv4_options::last_hop(b, hlen)?
    {
        c.field(CUR_RT, Value::Ipv4(dst), b.span(16, 4));
        dst = last;
    }
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::V4(src), Endpoint::V4(dst));
    }
    if wants {
        c.field(DST, Value::Ipv4(dst), b.span(16, 4));
        if hlen > MIN {
            ipv4_options::dissect(c, b, hlen)?;
        }
    }
    let ip = Ip { src: Ip::wide(src), dst: Ip::wide(dst), version: 4, proto, fragment: false };
    if off & 0x3FFF != 0 {
        return fragment(c, ip, b, hlen, len);
    }
    payload(c, &ip, b.from(hlen))
}

/// Identification up to the source address.
fn fields<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, hlen: usize) -> Outcome {
    c.u16(ID, b, 4)?;
    let off = b.u16(6)?;
    c.group_of(FLAGS, off, |c| {
        c.flags(FLAGS, off >> 13, b, 6, 1, &[(FLAGS_RB, 2, 1), (FLAGS_DF, 1, 1), (FLAGS_MF, 0, 1)]);
        c.bits(FRAG_OFFSET, off & 0x1FFF, b, 6, 2);
    });
    c.u8(TTL, b, 8)?;
    c.u8(PROTO, b, 9)?;
    c.u16(CHECKSUM, b, 10)?;
    let status = match b.get(0, hlen) {
        Ok(h) if c.settings.verify_checksums => u8::from(checksum(h) == 0),
        _ => names::UNVERIFIED,
    };
    c.bits(CHECKSUM_STATUS, status, b, 10, 2);
    c.ipv4(SRC, b, 12)?;
    Ok(())
}

fn payload<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    if b.reported() == 0 {
        return Ok(());
    }
    if !dispatch::ip_proto(c, ip, b)? {
        if let Some(info) = c.summary().and_then(|s| s.take("IPv4")) {
            info.text(names::ip_protocol(ip.proto.into()).unwrap_or("Unknown protocol"));
            info.text(" (");
            info.dec(ip.proto.into());
            info.text(")");
        }
        stop::undecoded(c, Undecoded::IpProtocol(ip.proto));
        data::dissect(c, b);
    }
    Ok(())
}

/// One fragment. The frame that brings the last one missing shows the whole datagram; until then
/// a fragment shows nothing of what is inside, unless it cannot take part in putting it together.
#[cold]
fn fragment<S: Sink>(c: &mut Ctx<'_, S>, mut ip: Ip, b: Buf<'_>, hlen: usize, len: usize) -> Outcome {
    let rest = b.from(hlen);
    let off = b.u16(6)?;
    let (offset, more) = (u32::from(off & 0x1FFF) * 8, off & 0x2000 != 0);
    let id = b.u16(4)?;
    let whole = len > hlen && rest.captured() == len - hlen;
    if whole && !c.quoted {
        // Fragments of different VLANs may pass one interface with the same identification.
        let key = Key {
            src: ip.src,
            dst: ip.dst,
            id: u32::from(id) | u32::from(c.vlan) << 16,
            proto: ip.proto,
            version: 4,
        };
        let f = Fragment { key, offset, more, data: rest.bytes(), next: ip.proto };
        let whole = c.defrag.add(f);
        c.seen(Seen::Fragment { key: &key, complete: whole.is_some() });
        if let Some(whole) = whole {
            c.bits(FRAGMENT_COUNT, whole.fragments, rest, 0, rest.captured());
            if whole.overlap {
                c.bits(FRAGMENT_OVERLAP, 1u8, rest, 0, 0);
            }
            c.bits(REASSEMBLED_LENGTH, whole.data.len() as u64, rest, 0, 0);
            return c.reassembled(whole.data, |c, b| payload(c, &ip, b));
        }
    } else if !whole && offset == 0 {
        ip.fragment = true;
        return payload(c, &ip, rest);
    }
    if let Some(info) = c.summary().and_then(|s| s.take("IPv4")) {
        info.text("Fragmented IP protocol (proto=");
        info.text(names::ip_protocol(ip.proto.into()).unwrap_or("Unknown"));
        info.text(" ");
        info.dec(ip.proto.into());
        info.text(", off=");
        info.dec(offset.into());
        info.text(", ID=");
        info.hex(id.into(), 4);
        info.text(")");
    }
    data::dissect(c, rest);
    Ok(())
}
