//! VXLAN (RFC 7348) and its generic protocol extension.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | flags; GPE: one byte of flags |
//! | 2 | 2 | group policy id; GPE: reserved, next protocol |
//! | 4 | 3 | VXLAN network identifier |
//! | 7 | 1 | reserved |

use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, dispatch, fmt::Out, link};

use super::{ipv4, ipv6};

crate::protocol! { Vxlan, "vxlan", "Virtual eXtensible Local Area Network";
    FLAGS "vxlan.flags" "Flags" Kind::Uint(16, Base::Hex);
    FLAGS_RESERVED "vxlan.flags_reserved" "Reserved(R)" Kind::Uint(16, Base::Hex);
    FLAG_G "vxlan.flag_g" "GBP Extension" Kind::Bool;
    FLAG_I "vxlan.flag_i" "VXLAN Network ID (VNI)" Kind::Bool;
    FLAG_D "vxlan.flag_d" "Don't Learn" Kind::Bool;
    FLAG_A "vxlan.flag_a" "Policy Applied" Kind::Bool;
    GBP "vxlan.gbp" "Group Policy ID" Kind::Uint(16, Base::Dec);
    VNI "vxlan.vni" "VXLAN Network Identifier (VNI)" Kind::Uint(24, Base::Dec);
    RESERVED8 "vxlan.reserved8" "Reserved" Kind::Uint(8, Base::Dec);
    GPE_FLAGS ours "vxlan.gpe.flags" "Flags" Kind::Uint(8, Base::Hex);
    VER "vxlan.ver" "Version" Kind::Uint(8, Base::Dec);
    I_BIT "vxlan.i_bit" "Instance" Kind::Uint(8, Base::Dec);
    P_BIT "vxlan.p_bit" "Next Protocol Bit" Kind::Uint(8, Base::Dec);
    O_BIT "vxlan.o_bit" "OAM bit" Kind::Uint(8, Base::Dec);
    RESERVED16 "vxlan.reserved_16" "Reserved" Kind::Uint(16, Base::Dec);
    NEXT_PROTO "vxlan.next_proto" "Next Protocol" Kind::Uint(8, Base::Dec);
}

/// Dissects the header and the frame it carries.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Vxlan, b.span(0, 8.min(b.captured())));
    let flags = b.u16(0)?;
    c.flags(FLAGS, flags, b, 0, 2, &[(FLAG_G, 15, 1), (FLAG_I, 11, 1), (FLAG_D, 6, 1), (FLAG_A, 3, 1)]);
    c.bits(FLAGS_RESERVED, flags & 0x77B7, b, 0, 2);
    c.u16(GBP, b, 2)?;
    let vni = c.u24(VNI, b, 4)?;
    c.u8(RESERVED8, b, 7)?;
    line(c, vni);
    link::ethernet::dissect(c, b.from(8))
}

/// Dissects a GPE header and what its next protocol says.
pub fn gpe<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::VxlanGpe, b.span(0, 8.min(b.captured())));
    let flags = b.u8(0)?;
    c.flags(GPE_FLAGS, flags, b, 0, 1, &[(VER, 4, 2), (I_BIT, 3, 1), (P_BIT, 2, 1), (O_BIT, 0, 1)]);
    c.u16(RESERVED16, b, 1)?;
    let next = c.u8(NEXT_PROTO, b, 3)?;
    let vni = c.u24(VNI, b, 4)?;
    c.u8(RESERVED8, b, 7)?;
    line(c, vni);
    let rest = b.from(8);
    match next {
        1 => ipv4::any(c, rest),
        2 => ipv6::dissect(c, rest),
        3 => link::ethernet::dissect(c, rest),
        5 => link::mpls::dissect(c, rest),
        _ => dispatch::unknown(c, rest, Undecoded::Nlpid(next)),
    }
}

/// The generic protocol extension counts as a protocol of its own.
pub mod vxlan_gpe {
    crate::protocol! { VxlanGpe, "vxlan_gpe", "Generic Protocol Extension for VXLAN"; }
}

fn line<S: Sink>(c: &mut Ctx<'_, S>, vni: u32) {
    if let Some(info) = c.summary().and_then(|s| s.take("VXLAN")) {
        info.text("VNI ");
        info.dec(vni.into());
    }
}
