//! Ethernet II and IEEE 802.3.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 6 | destination |
//! | 6 | 6 | source |
//! | 12 | 2 | 0x600 and up: EtherType; up to 1500: length of the LLC frame that follows |
//! | 14 | … | payload, then padding, what taps add, and perhaps the frame check sequence |

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{
    Base, Buf, Ctx, Endpoint, FieldId, Kind, Outcome, Proto, Sink, Span, Value, dispatch, fmt::Out,
};

use super::{isl, llc};

crate::protocol! { Eth, "eth", "Ethernet";
    DST "eth.dst" "Destination" Kind::Ether;
    DST_LG "eth.dst.lg" "LG bit" Kind::Bool;
    DST_IG "eth.dst.ig" "IG bit" Kind::Bool;
    SRC "eth.src" "Source" Kind::Ether;
    SRC_LG "eth.src.lg" "LG bit" Kind::Bool;
    SRC_IG "eth.src.ig" "IG bit" Kind::Bool;
    TYPE "eth.type" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
    LEN "eth.len" "Length" Kind::Uint(16, Base::Dec);
    INVALID_LENTYPE "eth.invalid_lentype" "Invalid length/type" Kind::Uint(16, Base::Hex);
    PADDING "eth.padding" "Padding" Kind::Bytes;
    TRAILER "eth.trailer" "Trailer" Kind::Bytes;
    FCS "eth.fcs" "Frame check sequence" Kind::Uint(32, Base::Hex);
    FCS_STATUS "eth.fcs.status" "FCS Status" Kind::Uint(8, Base::Dec), names::checksum_status;
}

/// Up to here the type field is the length of an 802.3 frame.
pub const MAX_LEN: u16 = 1500;
/// From here on it is an EtherType.
pub const MIN_TYPE: u16 = 0x600;

/// Shortest frame without its check sequence; shorter ones are padded.
const MIN_FRAME: usize = 60;
const HDR: usize = 14;

/// What is known of the frame check sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fcs {
    Absent,
    Present,
    Unknown,
}

/// Dissects a frame that may end with a check sequence.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let known = if b.source() == Span::FRAME { c.frame.fcs_len } else { None };
    let fcs = match known {
        Some(0) => Fcs::Absent,
        Some(4) => Fcs::Present,
        _ => Fcs::Unknown,
    };
    frame(c, b, fcs)
}

/// Dissects a frame that a tunnel carries without its check sequence.
pub fn without_fcs<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    frame(c, b, Fcs::Absent)
}

/// Dissects a frame that a bridge passed on with its check sequence.
pub fn with_fcs<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    frame(c, b, Fcs::Present)
}

#[inline]
fn frame<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, fcs: Fcs) -> Outcome {
    c.layer(Proto::Eth, b.span(0, HDR.min(b.captured())));
    if b.bytes().first_chunk::<6>().is_some_and(|dst| isl::marks(*dst)) {
        return isl::dissect(c, b);
    }
    let (dst, src, t) = (b.array::<6>(0)?, b.array::<6>(6)?, b.u16(12)?);
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::Ether(src), Endpoint::Ether(dst));
        // An IP header takes over the line.
        if !matches!((t, b.bytes().get(HDR)), (0x0800, Some(_)) | (0x86DD, Some(0x60..=0x6F)))
            && let Some(info) = s.take("Ethernet")
        {
            info.text(if t > MAX_LEN { "Type " } else { "Length " });
            if t > MAX_LEN { info.hex0x(t.into(), 4) } else { info.dec(t.into()) }
        }
    }
    let wants = c.wants(Proto::Eth);
    if wants {
        c.field(DST, Value::Ether(dst), b.span(0, 6));
        c.sink.open();
        c.group_of(DST_LG, dst[0], |c| c.parts(dst[0], b, 0, 3, &[(DST_LG, 1, 1), (DST_IG, 0, 1)]));
        c.sink.close();
        c.field(SRC, Value::Ether(src), b.span(6, 6));
        c.sink.open();
        c.group_of(SRC_LG, src[0], |c| c.parts(src[0], b, 6, 3, &[(SRC_LG, 1, 1), (SRC_IG, 0, 1)]));
        c.sink.close();
    }
    let rest = b.from(HDR);
    if t <= MAX_LEN {
        return ieee8023(c, b, t, fcs);
    }
    if t < MIN_TYPE {
        c.bits(INVALID_LENTYPE, t, b, 12, 2);
        return dispatch::unknown(c, rest, Undecoded::EtherType(t));
    }
    c.bits(TYPE, t, b, 12, 2);
    let len = c.measure(rest, |c| dispatch::ethertype(c, t, rest))?;
    if wants && c.sink.asks_any(PADDING, FCS_STATUS) {
        trailer(c, b, HDR + len, fcs);
    }
    Ok(())
}

fn ieee8023<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, len: u16, fcs: Fcs) -> Outcome {
    c.bits(LEN, len, b, 12, 2);
    let inside = b.from(HDR).truncate(len.into());
    c.measure(inside, |c| {
        let r = payload8023(c, inside);
        c.settle(r);
        Ok(())
    })?;
    if c.wants(Proto::Eth) {
        trailer(c, b, HDR + inside.reported(), fcs);
    }
    Ok(())
}

/// What follows an 802.3 length: LLC, or an IPX header, whose checksum is always FFFF, with no
/// LLC in front (Novell's "raw" frames).
pub fn payload8023<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    if b.has(0, 2) && b.u16(0)? == 0xFFFF {
        return dispatch::unknown(c, b, Undecoded::RawIpx);
    }
    llc::dissect(c, b)
}

/// What is behind the payload of a tagged or cooked frame: padding, then a trailer.
pub fn rest_of_frame<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, from: usize, id: FieldId) {
    if b.captured() > from {
        let at = from + padding(c, b, from).unwrap_or(0);
        rest(c, b, at, id);
    }
}

fn rest<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, from: usize, id: FieldId) {
    if let Some(t @ [_, ..]) = b.bytes().get(from..) {
        c.field(id, Value::Bytes(t), b.span(from, t.len()));
    }
}

/// Zeros up to the shortest frame, and how many; `None` when there should be some and are not.
fn padding<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, from: usize) -> Option<usize> {
    let start = b.span(from, 0).off as usize;
    let len = MIN_FRAME.saturating_sub(start);
    if len > b.reported().saturating_sub(from) {
        // A frame that is shorter was not padded.
        return Some(0);
    }
    let len = len.min(b.captured().saturating_sub(from));
    let pad = b.get(from, len).ok()?;
    if pad.iter().any(|&x| x != 0) {
        return None;
    }
    if len > 0 {
        c.field(PADDING, Value::Bytes(pad), b.span(from, len));
    }
    Some(len)
}

/// What is behind the payload: padding, a trailer, and the check sequence, which a capture only
/// seldom says to have: a frame that could hold one and has at least four bytes over is taken
/// to, unless its padding is not of zeros.
fn trailer<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, from: usize, fcs: Fcs) {
    if b.reported() <= from {
        return;
    }
    let padded = padding(c, b, from);
    let at = from + padded.unwrap_or(0);
    let over = b.reported() - at;
    let fcs_len = match fcs {
        Fcs::Present if over >= 4 => 4,
        Fcs::Unknown if padded.is_some() && over >= 4 && b.reported() >= 64 => 4,
        _ => 0,
    };
    let end = b.reported() - fcs_len;
    rest(c, b.truncate(end), at, TRAILER);
    if fcs_len == 4 && c.u32(FCS, b, end).is_ok() {
        c.bits(FCS_STATUS, names::UNVERIFIED, b, end, 4);
    }
}
