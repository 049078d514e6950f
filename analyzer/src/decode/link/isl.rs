//! Cisco Inter-Switch Link: a whole frame behind a header of 26 bytes.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 5 | destination, a multicast address of its own |
//! | 5 | 1 | type of the frame inside (4 bits), user bits |
//! | 6 | 6 | source |
//! | 12 | 2 | length of what follows, without the check sequence |
//! | 14 | 3 | LLC: AA AA 03 |
//! | 17 | 3 | high bytes of the source |
//! | 20 | 2 | VLAN (15 bits), bridge or Cisco control frame (1 bit) |
//! | 22 | 2 | index of the port |
//! | 24 | 2 | Ethernet: reserved. Token Ring: VLAN of the source (15 bits), explorer frame (1 bit) |
//! | 26 | … | Ethernet: the frame with its check sequence |
//! | 26 | 5 | Token Ring: two route descriptors, flag and length of short frames; then the frame |

use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, dispatch, fmt::Out};

use super::{ethernet, token_ring};

crate::protocol! { Isl, "isl", "Cisco ISL";
    DST "isl.dst" "Destination" Kind::Ether;
    TYPE "isl.type" "Type" Kind::Uint(8, Base::Dec);
    USER "isl.user" "User" Kind::Uint(8, Base::Hex);
    USER_ETH "isl.user_eth" "User" Kind::Uint(8, Base::Dec);
    SRC "isl.src" "Source" Kind::Ether;
    LEN "isl.len" "Length" Kind::Uint(16, Base::Dec);
    DSAP "isl.dsap" "DSAP" Kind::Uint(8, Base::Hex);
    SSAP "isl.ssap" "SSAP" Kind::Uint(8, Base::Hex);
    CONTROL "isl.control" "Control" Kind::Uint(8, Base::Hex);
    HSA "isl.hsa" "HSA" Kind::Uint(24, Base::Hex);
    VLAN_ID "isl.vlan_id" "VLAN ID" Kind::Uint(16, Base::Dec);
    BPDU "isl.bpdu" "BPDU/CDP/VTP" Kind::Bool;
    INDEX "isl.index" "Index" Kind::Uint(16, Base::Dec);
    RESERVED "isl.reserved" "Reserved" Kind::Uint(16, Base::Hex);
    SRC_VLAN_ID "isl.src_vlan_id" "Source VLAN ID" Kind::Uint(16, Base::Dec);
    EXPLORER "isl.explorer" "Explorer" Kind::Bool;
    DST_ROUTE "isl.dst_route_desc" "Destination route descriptor" Kind::Uint(16, Base::Hex);
    SRC_ROUTE "isl.src_route_desc" "Source-route descriptor" Kind::Uint(16, Base::Hex);
    FCS_NOT_INCL "isl.fcs_not_incl" "FCS Not Included" Kind::Bool;
    ESIZE "isl.esize" "Esize" Kind::Uint(8, Base::Dec);
}

const HDR: usize = 26;
/// The length counts from here.
const COUNTED_FROM: usize = 14;
/// What Token Ring has behind the header.
const ROUTING: usize = 5;
const ETHERNET: u8 = 0;
const TOKEN_RING: u8 = 1;

/// True for the two destinations that mark such a frame.
#[must_use]
#[inline]
pub const fn marks(dst: [u8; 6]) -> bool {
    matches!(dst, [0x01 | 0x03, 0, 0x0C, 0, 0, _])
}

/// Dissects header and frame.
#[cold]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Isl, b.span(0, HDR.min(b.captured())));
    c.ether(DST, b, 0)?;
    let kind = b.u8(5)?;
    c.bits(TYPE, kind >> 4, b, 5, 1);
    if kind >> 4 == ETHERNET {
        c.bits(USER_ETH, kind & 3, b, 5, 1);
    } else {
        c.bits(USER, kind & 15, b, 5, 1);
    }
    c.ether(SRC, b, 6)?;
    let len = usize::from(c.u16(LEN, b, 12)?);
    c.u8(DSAP, b, 14)?;
    c.u8(SSAP, b, 15)?;
    c.u8(CONTROL, b, 16)?;
    c.u24(HSA, b, 17)?;
    let word = b.u16(20)?;
    c.parts(word, b, 20, 2, &[(VLAN_ID, 1, 15), (BPDU, 0, 1)]);
    c.u16(INDEX, b, 22)?;
    if let Some(info) = c.summary().and_then(|s| s.take("ISL")) {
        info.text("VLAN ");
        info.dec(u64::from(word >> 1));
    }
    // A length of 0 says nothing.
    let inside = if len == 0 { b } else { b.truncate(COUNTED_FROM + len) }.from(HDR);
    match kind >> 4 {
        ETHERNET => {
            c.u16(RESERVED, b, 24)?;
            c.nest(inside, |c| ethernet::with_fcs(c, inside))
        }
        TOKEN_RING => {
            c.parts(b.u16(24)?, b, 24, 2, &[(SRC_VLAN_ID, 1, 15), (EXPLORER, 0, 1)]);
            c.u16(DST_ROUTE, b, 26)?;
            c.u16(SRC_ROUTE, b, 28)?;
            c.parts(b.u8(30)?, b, 30, 1, &[(FCS_NOT_INCL, 6, 1), (ESIZE, 0, 6)]);
            let frame = inside.from(ROUTING);
            c.nest(frame, |c| token_ring::dissect(c, frame))
        }
        _ => dispatch::unknown(c, inside, Undecoded::FrameControl(kind)),
    }
}
