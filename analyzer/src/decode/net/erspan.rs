//! ERSPAN, Cisco's remote port mirroring over GRE (draft-foschiano-erspan).
//!
//! Type I has no header of its own. Type II:
//!
//! | bits | field |
//! |---|---|
//! | 4 + 12 | version 1, VLAN |
//! | 3 + 2 + 1 + 10 | class of service, encapsulation, truncated, session |
//! | 12 + 20 | reserved, index |
//!
//! Type III: the same first four bytes with version 2, then time stamp (32), security group tag
//! (16), flags (16), and eight more bytes when the last flag is set.

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, fmt::Out, link};

crate::protocol! { Erspan, "erspan", "Encapsulated Remote Switch Packet ANalysis";
    VERSION "erspan.version" "Version" Kind::Uint(16, Base::Dec);
    VLAN "erspan.vlan" "Vlan" Kind::Uint(16, Base::Dec);
    COS "erspan.cos" "COS" Kind::Uint(16, Base::Dec);
    ENCAP "erspan.encap" "Encap" Kind::Uint(16, Base::Dec);
    BSO "erspan.bso" "Bad/Short/Oversized" Kind::Uint(16, Base::Dec);
    TRUNCATED "erspan.truncated" "Truncated" Kind::Uint(16, Base::Dec);
    SPANID "erspan.spanid" "SpanID" Kind::Uint(16, Base::Dec);
    RESERVED "erspan.reserved" "Reserved" Kind::Uint(32, Base::Dec);
    INDEX "erspan.index" "Index" Kind::Uint(32, Base::Dec);
    TIMESTAMP "erspan.timestamp" "Timestamp" Kind::Uint(32, Base::Dec);
    SGT "erspan.sgt" "Security Group Tag" Kind::Uint(16, Base::Dec);
    P "erspan.p" "Has Ethernet PDU" Kind::Uint(16, Base::Dec);
    FT "erspan.ft" "Frame Type" Kind::Uint(16, Base::Dec);
    HW "erspan.hw" "Hardware ID" Kind::Uint(16, Base::Dec);
    DIRECTION "erspan.direction" "Direction" Kind::Bool;
    GRA "erspan.gra" "Timestamp granularity" Kind::Uint(16, Base::Dec);
    O "erspan.o" "Optional Sub headers" Kind::Uint(16, Base::Dec);
    PLATID "erspan.platid" "Platform ID" Kind::Uint(32, Base::Dec);
}

/// Type I: the mirrored frame follows GRE directly.
pub fn type1<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Erspan, b.span(0, 0));
    mirrored(c, b)
}

/// Type II.
pub fn type2<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Erspan, b.span(0, 8.min(b.captured())));
    let (first, second) = (b.u16(0)?, b.u16(2)?);
    c.parts(first, b, 0, 2, &[(VERSION, 12, 4), (VLAN, 0, 12)]);
    if first >> 12 != 1 {
        data::dissect(c, b.from(2));
        return Ok(());
    }
    c.parts(second, b, 2, 2, &[(COS, 13, 3), (ENCAP, 11, 2), (TRUNCATED, 10, 1), (SPANID, 0, 10)]);
    let word = b.u32(4)?;
    c.parts(word, b, 4, 4, &[(RESERVED, 20, 12), (INDEX, 0, 20)]);
    mirrored(c, b.from(8))
}

/// Type III.
pub fn type3<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Erspan, b.span(0, 12.min(b.captured())));
    let (first, second) = (b.u16(0)?, b.u16(2)?);
    c.parts(first, b, 0, 2, &[(VERSION, 12, 4), (VLAN, 0, 12)]);
    if first >> 12 != 2 {
        data::dissect(c, b.from(2));
        return Ok(());
    }
    c.parts(second, b, 2, 2, &[(COS, 13, 3), (BSO, 11, 2), (TRUNCATED, 10, 1), (SPANID, 0, 10)]);
    c.u32(TIMESTAMP, b, 4)?;
    c.u16(SGT, b, 8)?;
    let flags = b.u16(10)?;
    let parts = [(P, 15, 1), (FT, 10, 5), (HW, 4, 6), (DIRECTION, 3, 1), (GRA, 1, 2), (O, 0, 1)];
    c.parts(flags, b, 10, 2, &parts);
    let mut at = 12;
    if flags & 1 != 0 {
        c.bits(PLATID, b.u32(at)? >> 26, b, at, 4);
        at += 8;
    }
    if flags >> 10 & 31 != 0 {
        data::dissect(c, b.from(at));
        return Ok(());
    }
    mirrored(c, b.from(at))
}

fn mirrored<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    if let Some(info) = c.summary().and_then(|s| s.take("ERSPAN")) {
        info.text("Mirrored frame");
    }
    if b.reported() == 0 {
        return Ok(());
    }
    c.nest(b, |c| link::ethernet::without_fcs(c, b))
}
