//! The component trace entry's own header.

use formats::ctrace::FormatId;
use formats::tod::Tod;

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value};
use crate::source::frame::Timestamp;

use super::{pth, wanted};

crate::protocol! { Cte, ours "cte", "Component Trace Entry";
    LEN ours "cte.len" "Entry length CTELENP" Kind::Uint(16, Base::Dec);
    OFF ours "cte.off" "Offset to data CTEOFF" Kind::Uint(16, Base::Dec);
    FMTID ours "cte.fmtid" "Format id CTEFMTID" Kind::Uint(32, Base::Hex), fmtid_name;
    TOD ours "cte.tod" "Time of entry CTETIME (TOD)" Kind::Uint(64, Base::Hex);
    TIME ours "cte.time" "Time of entry" Kind::AbsTime;
}

/// Length of the header in everything seen so far.
pub const HEADER: usize = formats::ctrace::cte::HEADER;

fn fmtid_name(v: u64) -> Option<&'static str> {
    FormatId(v as u32).name()
}

/// A TOD clock value as a time, leap seconds taken off.
pub fn time<S: Sink>(c: &Ctx<'_, S>, tod: u64) -> Timestamp {
    let (secs, nanos) = Tod(tod).unix();
    Timestamp { secs: secs - c.settings.leap_seconds, nanos }
}

/// Dissects the header, and the packet trace header behind it where the format id has one.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Cte, b.span(0, HEADER));
    if !wanted(c) {
        return Ok(());
    }
    c.u16(LEN, b, 0)?;
    let off = c.u16(OFF, b, 2)?;
    let id = c.u32(FMTID, b, 4)?;
    let tod = c.u64(TOD, b, 8)?;
    let t = time(c, tod);
    c.field(TIME, Value::Time(t), b.span(8, 8));
    if FormatId(id).has_pthdr() { pth::dissect(c, id, b.from(off.into())) } else { Ok(()) }
}
