//! IEEE 802.5 Token-Ring, with source routing.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | access control: priority, token, monitor, reservation |
//! | 1 | 1 | frame control: frame type, physical control |
//! | 2 | 6 | destination |
//! | 8 | 6 | source; highest bit: a routing information field follows |
//! | 14 | 2-30 | routing information field: control, then ring and bridge numbers |

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Endpoint, Kind, Outcome, Proto, Sink, Value, dispatch, fmt::Out};

use super::llc;

crate::protocol! { Tr, "tr", "Token-Ring";
    AC "tr.ac" "Access Control" Kind::Uint(8, Base::Hex);
    PRIORITY "tr.priority" "Priority" Kind::Uint(8, Base::Dec);
    FRAME "tr.frame" "Frame" Kind::Bool;
    MONITOR_CNT "tr.monitor_cnt" "Monitor Count" Kind::Uint(8, Base::Dec);
    PRIORITY_RESERVATION "tr.priority_reservation" "Priority Reservation" Kind::Uint(8, Base::Dec);
    FC "tr.fc" "Frame Control" Kind::Uint(8, Base::Hex);
    FRAME_TYPE "tr.frame_type" "Frame Type" Kind::Uint(8, Base::Dec), names::tr_frame_type;
    FRAME_PCF "tr.frame_pcf" "Frame PCF" Kind::Uint(8, Base::Dec);
    DST "tr.dst" "Destination" Kind::Ether;
    SRC "tr.src" "Source" Kind::Ether;
    SR "tr.sr" "Source Routed" Kind::Bool;
    RIF_BYTES "tr.rif_bytes" "RIF Bytes" Kind::Uint(8, Base::Dec);
    BROADCAST "tr.broadcast" "Broadcast Type" Kind::Uint(8, Base::Dec);
    MAX_FRAME_SIZE "tr.max_frame_size" "Maximum Frame Size" Kind::Uint(8, Base::Dec);
    DIRECTION "tr.direction" "Direction" Kind::Uint(8, Base::Dec);
    RIF "tr.rif" "Ring-Bridge Pairs" Kind::Str;
    RIF_RING "tr.rif.ring" "RIF Ring" Kind::Uint(16, Base::Hex);
    RIF_BRIDGE "tr.rif.bridge" "RIF Bridge" Kind::Uint(8, Base::Hex);
    RIF_EXTRA "tr.rif.extra" "Extra RIF bytes beyond spec" Kind::Bytes;
}

const HDR: usize = 14;
/// More ring and bridge pairs than this no ring has; the rest is shown as it is.
const MAX_RIF: usize = 18;

/// Dissects the header, its routing information and the LLC frame.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Tr, b.span(0, HDR.min(b.captured())));
    let (ac, fc) = (b.u8(0)?, b.u8(1)?);
    let (dst, mut src) = (b.array::<6>(2)?, b.array::<6>(8)?);
    let routed = src[0] & 0x80 != 0;
    src[0] &= 0x7F;
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::Ether(src), Endpoint::Ether(dst));
        if let Some(info) = s.take("TR") {
            info.text("Token-Ring ");
            info.text(names::tr_frame_type(u64::from(fc >> 6)).unwrap_or("reserved"));
        }
    }
    if c.wants(Proto::Tr) {
        c.flags(
            AC,
            ac,
            b,
            0,
            1,
            &[(PRIORITY, 5, 3), (FRAME, 4, 1), (MONITOR_CNT, 3, 1), (PRIORITY_RESERVATION, 0, 3)],
        );
        c.flags(FC, fc, b, 1, 1, &[(FRAME_TYPE, 6, 2), (FRAME_PCF, 0, 4)]);
        c.field(DST, Value::Ether(dst), b.span(2, 6));
        c.field(SRC, Value::Ether(src), b.span(8, 6));
        c.bits(SR, u8::from(routed), b, 8, 1);
    }
    let rif = if routed { routing(c, b)? } else { 0 };
    let rest = b.from(HDR + rif);
    if fc >> 6 == 1 {
        return llc::dissect(c, rest);
    }
    dispatch::unknown(c, rest, Undecoded::FrameControl(fc))
}

/// The routing information field; returns its length.
fn routing<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<usize> {
    let control = b.u16(HDR)?;
    let len = usize::from(control >> 8 & 0x1F);
    c.bits(RIF_BYTES, len as u64, b, HDR, 1);
    c.bits(BROADCAST, control >> 8 & 0xE0, b, HDR, 1);
    c.bits(MAX_FRAME_SIZE, control & 0x70, b, HDR + 1, 1);
    c.bits(DIRECTION, control & 0x80, b, HDR + 1, 1);
    if len < 2 {
        return Ok(len);
    }
    let pairs = b.get(HDR + 2, len - 2)?;
    let shown = &pairs[..pairs.len().min(MAX_RIF - 2) & !1];
    // Ring in hexadecimal, bridge, ring, ... and no bridge behind the last ring.
    let mut text = [0u8; 64];
    let mut n = 0;
    for (i, pair) in shown.as_chunks::<2>().0.iter().enumerate() {
        let word = u16::from_be_bytes(*pair);
        let last = (i + 1) * 2 == shown.len();
        if i > 0 {
            text[n] = b'-';
            n += 1;
        }
        for shift in [12, 8, 4] {
            text[n] = b"0123456789ABCDEF"[usize::from(word >> shift & 15)];
            n += 1;
        }
        if !last {
            text[n] = b'-';
            text[n + 1] = b"0123456789ABCDEF"[usize::from(word & 15)];
            n += 2;
        }
        c.bits(RIF_RING, word >> 4, b, HDR + 2 + 2 * i, 2);
        if !last {
            c.bits(RIF_BRIDGE, word & 15, b, HDR + 3 + 2 * i, 1);
        }
    }
    if n > 0 {
        c.field(
            RIF,
            Value::Str(std::str::from_utf8(&text[..n]).unwrap_or_default()),
            b.span(HDR + 2, len - 2),
        );
    }
    if shown.len() < pairs.len() {
        let extra = &pairs[shown.len()..];
        c.field(RIF_EXTRA, Value::Bytes(extra), b.span(HDR + 2 + shown.len(), extra.len()));
    }
    Ok(len)
}
