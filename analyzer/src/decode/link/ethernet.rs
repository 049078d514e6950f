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
use crate::decode::{Base, Buf, Ctx, Endpoint, Kind, Outcome, Proto, Sink, Span, Value, dispatch, fmt::Out};

use super::llc;

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
    let (dst, src, t) = (b.array::<6>(0)?, b.array::<6>(6)?, b.u16(12)?);
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::Ether(src), Endpoint::Ether(dst));
        if let Some(info) = s.take("Ethernet") {
            info.text(if t > MAX_LEN { "Type " } else { "Length " });
            if t > MAX_LEN { info.hex0x(t.into(), 4) } else { info.dec(t.into()) }
        }
    }
    let wants = c.wants(Proto::Eth);
    if wants {
        c.field(DST, Value::Ether(dst), b.span(0, 6));
        c.sink.open();
        c.parts(dst[0], b, 0, 3, &[(DST_LG, 1, 1), (DST_IG, 0, 1)]);
        c.sink.close();
        c.field(SRC, Value::Ether(src), b.span(6, 6));
        c.sink.open();
        c.parts(src[0], b, 6, 3, &[(SRC_LG, 1, 1), (SRC_IG, 0, 1)]);
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
    dispatch::ethertype(c, t, rest)?;
    if wants {
        trailer(c, b, HDR + extent(t, rest), fcs);
    }
    Ok(())
}

fn ieee8023<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, len: u16, fcs: Fcs) -> Outcome {
    c.bits(LEN, len, b, 12, 2);
    let inside = b.from(HDR).truncate(len.into());
    let r = payload8023(c, inside);
    c.settle(r);
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

/// Length of the payload as the payload itself says it, at most all there is.
pub fn extent(t: u16, b: Buf<'_>) -> usize {
    let said = match t {
        0x0800 if b.has(0, 4) => b.u16(2).map(usize::from).ok().filter(|&n| n >= 20),
        0x86DD if b.has(0, 6) => b.u16(4).ok().filter(|&n| n > 0).map(|n| 40 + usize::from(n)),
        0x0806 | 0x8035 if b.has(0, 6) => match (b.u8(4), b.u8(5)) {
            (Ok(h), Ok(p)) => Some(8 + 2 * (usize::from(h) + usize::from(p))),
            _ => None,
        },
        0x8100 | 0x88A8 | 0x9100 if b.has(0, 4) => match b.u16(2) {
            Ok(inner) if inner >= MIN_TYPE => Some(4 + extent(inner, b.from(4))),
            Ok(len) if len <= MAX_LEN => Some(4 + usize::from(len)),
            _ => None,
        },
        0x8864 if b.has(0, 6) => b.u16(4).ok().map(|n| 6 + usize::from(n)),
        _ => None,
    };
    said.unwrap_or(usize::MAX).min(b.reported())
}

/// What is behind the payload: padding up to the shortest frame, a trailer, and the check
/// sequence, which a capture only seldom says to have: a frame that could hold one and has at
/// least four bytes over is taken to.
fn trailer<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, from: usize, fcs: Fcs) {
    let over = b.reported().saturating_sub(from);
    if over == 0 {
        return;
    }
    let fcs_len = match fcs {
        Fcs::Present if over >= 4 => 4,
        Fcs::Unknown if over >= 4 && b.reported() >= 64 => 4,
        _ => 0,
    };
    let end = b.reported() - fcs_len;
    let captured_end = end.min(b.captured());
    let mut at = from;
    if at < MIN_FRAME && at < captured_end {
        let pad_end = captured_end.min(MIN_FRAME);
        let pad = b.get(at, pad_end - at).unwrap_or_default();
        if !pad.is_empty() && pad.iter().all(|&x| x == 0) {
            c.field(PADDING, Value::Bytes(pad), b.span(at, pad.len()));
            at = pad_end;
        }
    }
    if at < captured_end
        && let Ok(t) = b.get(at, captured_end - at)
    {
        c.field(TRAILER, Value::Bytes(t), b.span(at, t.len()));
    }
    if fcs_len == 4 && b.has(end, 4) && c.u32(FCS, b, end).is_ok() {
        c.bits(FCS_STATUS, 2u8, b, end, 4);
    }
}
