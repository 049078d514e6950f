//! The packet trace header PTHDR_T (`docs/formats/ctrace.md`).

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink};

crate::protocol! { Pth, "pth", "Packet Trace Header";
    LEN ours "pth.len" "Header length" Kind::Uint(16, Base::Dec);
    SEQNUM ours "pth.seqnum" "Segment number" Kind::Uint(8, Base::Dec);
    FLAG ours "pth.flag" "Flags" Kind::Uint(8, Base::Hex);
    DIRECTION ours "pth.direction" "Outbound" Kind::Uint(8, Base::Dec);
    DEVTYPE ours "pth.devtype" "Device type" Kind::Uint(8, Base::Dec);
    TLEN ours "pth.tlen" "Traced length" Kind::Uint(24, Base::Dec);
}

/// Dissects the header.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Pth, b.whole());
    c.u16(LEN, b, 0)?;
    c.u8(SEQNUM, b, 2)?;
    c.u8(FLAG, b, 3)?;
    c.u8(DEVTYPE, b, 4)?;
    c.u24(TLEN, b, 5)?;
    Ok(())
}
