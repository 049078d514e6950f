//! FDDI (ISO 9314).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | frame control: class, length, format and priority |
//! | 1 | 6 | destination |
//! | 7 | 6 | source |

use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Endpoint, Kind, Outcome, Proto, Sink, Value, dispatch, fmt::Out};

use super::llc;

crate::protocol! { Fddi, "fddi", "Fiber Distributed Data Interface";
    FC "fddi.fc" "Frame Control" Kind::Uint(8, Base::Hex);
    FC_CLF "fddi.fc.clf" "Class/Length/Format" Kind::Uint(8, Base::Hex);
    FC_PRIO "fddi.fc.prio" "Priority" Kind::Uint(8, Base::Dec);
    DST "fddi.dst" "Destination" Kind::Ether;
    SRC "fddi.src" "Source" Kind::Ether;
}

/// Dissects the header and the LLC frame.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Fddi, b.span(0, 13.min(b.captured())));
    let fc = b.u8(0)?;
    c.flags(FC, fc, b, 0, 1, &[(FC_CLF, 4, 4)]);
    if fc & 0xF0 == 0x50 {
        c.bits(FC_PRIO, fc & 7, b, 0, 1);
    }
    // Addresses are captured as they were sent, lowest bit first.
    let address = |at| b.array::<6>(at).map(|a| a.map(u8::reverse_bits));
    let (dst, src) = (address(1)?, address(7)?);
    c.field(DST, Value::Ether(dst), b.span(1, 6));
    c.field(SRC, Value::Ether(src), b.span(7, 6));
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::Ether(src), Endpoint::Ether(dst));
        if let Some(info) = s.take("FDDI") {
            info.text("Frame control ");
            info.hex0x(fc.into(), 2);
        }
    }
    let rest = b.from(13);
    // Asynchronous LLC frames of any priority.
    if (0x50..=0x5F).contains(&fc) {
        return llc::dissect(c, rest);
    }
    dispatch::unknown(c, rest, Undecoded::FrameControl(fc))
}
