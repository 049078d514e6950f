//! The component trace entry's own header (`docs/formats/ctrace.md`).

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink};

use super::pth;

crate::protocol! { Cte, "cte", "Component Trace Entry";
    LEN ours "cte.len" "Entry length" Kind::Uint(16, Base::Dec);
    OFF ours "cte.off" "Offset to data" Kind::Uint(16, Base::Dec);
    FMTID ours "cte.fmtid" "Format id" Kind::Uint(32, Base::Hex);
    TIME ours "cte.time" "Time of entry (TOD)" Kind::Uint(64, Base::Hex);
}

/// Dissects the header, and the packet trace header behind it where the format id has one.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Cte, b.span(0, 16));
    c.u16(LEN, b, 0)?;
    let off = c.u16(OFF, b, 2)?;
    let id = c.u32(FMTID, b, 4)?;
    c.u64(TIME, b, 8)?;
    match id {
        4..=8 => pth::dissect(c, b.from(off.into())),
        _ => Ok(()),
    }
}
