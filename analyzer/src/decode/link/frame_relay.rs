//! Frame Relay (ITU-T Q.922) with the multiprotocol encapsulation of RFC 2427.
//!
//! | bytes | field |
//! |---|---|
//! | 2-4 | address; lowest bit of each byte: last one |
//! | 1 | control, 03 for unnumbered information |
//! | 0 or 1 | padding 00 |
//! | 1 | NLPID: CC IPv4, 8E IPv6, 80 SNAP, CF PPP, ... |
//!
//! Cisco's own encapsulation has an EtherType directly behind the address. Other control fields have
//! one byte (unnumbered) or two, and an NLPID behind them.

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, dispatch, fmt::Out, net};

use super::{chdlc, ethernet, llc, ppp};

crate::protocol! { Fr, "fr", "Frame Relay";
    UPPER_DLCI "fr.upper_dlci" "Upper DLCI" Kind::Uint(8, Base::Hex);
    CR "fr.cr" "CR" Kind::Bool;
    EA "fr.ea" "EA" Kind::Bool;
    SECOND_DLCI "fr.second_dlci" "Second DLCI" Kind::Uint(8, Base::Hex);
    FECN "fr.fecn" "FECN" Kind::Bool;
    BECN "fr.becn" "BECN" Kind::Bool;
    DE "fr.de" "DE" Kind::Bool;
    DLCI "fr.dlci" "DLCI" Kind::Uint(32, Base::Dec);
    CONTROL "fr.control" "Control Field" Kind::Uint(8, Base::Hex);
    NLPID "fr.nlpid" "NLPID" Kind::Uint(8, Base::Hex), names::nlpid;
    SNAP_OUI "fr.snap.oui" "Organization Code" Kind::Uint(24, Base::Dec);
    SNAP_PID "fr.snap.pid" "Protocol ID" Kind::Uint(16, Base::Hex);
    SNAPTYPE "fr.snaptype" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
    CHDLCTYPE "fr.chdlctype" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
}

/// Exchange identification.
const XID: u8 = 0xAF;

/// Dissects address, control and what they lead to.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Fr, b.span(0, 2.min(b.captured())));
    let first = b.u8(0)?;
    c.parts(first, b, 0, 1, &[(UPPER_DLCI, 2, 6), (CR, 1, 1), (EA, 0, 1)]);
    if first & 1 == 1 {
        // One byte cannot hold an address.
        return dispatch::unknown(c, b.from(1), Undecoded::Nlpid(first));
    }
    let second = b.u8(1)?;
    let parts = [(SECOND_DLCI, 4, 4), (FECN, 3, 1), (BECN, 2, 1), (DE, 1, 1), (EA, 0, 1)];
    c.parts(second, b, 1, 1, &parts);
    let mut dlci = u32::from(first >> 2) << 4 | u32::from(second >> 4);
    let mut at = 2;
    if second & 1 == 0 {
        let third = b.u8(at)?;
        c.bits(EA, third & 1, b, at, 1);
        at += 1;
        if third & 1 == 0 {
            dlci = dlci << 7 | u32::from(third >> 1);
            let fourth = b.u8(at)?;
            if fourth & 1 == 1 {
                c.bits(EA, 1u8, b, at, 1);
                dlci = dlci << 6 | u32::from(fourth >> 2);
            }
            at += 1;
            // Longer addresses do not exist; still the last byte is the one that says so.
            let mut last = fourth;
            while last & 1 == 0 {
                last = b.u8(at)?;
                at += 1;
            }
        } else {
            dlci = dlci << 6 | u32::from(third >> 2);
        }
    }
    c.bits(DLCI, dlci, b, 0, at);
    if let Some(info) = c.summary().and_then(|s| s.take("FR")) {
        info.text("DLCI ");
        info.dec(dlci.into());
    }
    let control = b.u8(at)?;
    if control != 3 {
        return cisco(c, b, at, dlci);
    }
    c.bits(CONTROL, control, b, at, 1);
    at += 1;
    if b.u8(at)? == 0 {
        at += 1;
    }
    nlpid(c, b, at)
}

/// Without unnumbered information: signalling on DLCI 0, Cisco's encapsulation, an Ethernet frame
/// as it is, or another control field. Only what follows can tell which.
fn cisco<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, dlci: u32) -> Outcome {
    let rest = b.from(at);
    let control = rest.u8(0)?;
    if dlci == 0 || control == XID {
        return dispatch::unknown(c, rest, Undecoded::Nlpid(control));
    }
    let t = rest.u16(0)?;
    if !chdlc::known(t) {
        let frame = ethernet_like(rest);
        if frame == Like::Certainly {
            return c.nest(rest, |c| ethernet::with_fcs(c, rest));
        }
        let len = if control & 3 == 3 { 1 } else { 2 };
        let id = match rest.u8(len) {
            Ok(0) => rest.u8(len + 1),
            id => id,
        };
        if matches!(id, Ok(0x80..=0x83 | 0x8E | 0xCC | 0xCF)) {
            c.bits(CONTROL, control, b, at, len);
            return nlpid(c, b, at + len + usize::from(rest.u8(len)? == 0));
        }
        if frame == Like::Perhaps {
            return c.nest(rest, |c| ethernet::with_fcs(c, rest));
        }
        return dispatch::unknown(c, rest, Undecoded::Chdlc(t));
    }
    c.bits(CHDLCTYPE, t, b, at, 2);
    chdlc::payload(c, t, b.from(at + 2))
}

/// How much bytes look like an Ethernet frame.
#[derive(PartialEq, Eq)]
enum Like {
    No,
    Perhaps,
    Certainly,
}

fn ethernet_like(b: Buf<'_>) -> Like {
    let (Ok(sender), Ok(t)) = (b.u8(6), b.u16(12)) else { return Like::No };
    // A sender is no group.
    if sender & 1 == 1 {
        return Like::No;
    }
    if t > ethernet::MAX_LEN {
        return if names::ethertype(t.into()).is_some() { Like::Certainly } else { Like::No };
    }
    // Short frames are padded, and none with a length is longer than an Ethernet frame can be.
    if (60..=1522).contains(&b.reported()) && usize::from(t) <= b.reported() - 14 {
        Like::Certainly
    } else {
        Like::Perhaps
    }
}

fn nlpid<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    let id = c.u8(NLPID, b, at)?;
    let rest = b.from(at + 1);
    match id {
        0xCC => net::ipv4::any(c, rest),
        0x8E => net::ipv6::dissect(c, rest),
        0xCF => c.nest(rest, |c| ppp::dissect(c, rest)),
        0x80 => {
            let (oui, pid) = (rest.u24(0)?, rest.u16(3)?);
            c.bits(SNAP_OUI, oui, rest, 0, 3);
            let inner = rest.from(5);
            if oui == 0 {
                c.bits(SNAPTYPE, pid, rest, 3, 2);
                if pid > ethernet::MAX_LEN {
                    return dispatch::ethertype_table(c, pid, inner);
                }
            } else {
                c.bits(SNAP_PID, pid, rest, 3, 2);
                if oui == 0x0080C2 {
                    return llc::bridged(c, inner, pid);
                }
            }
            dispatch::unknown(c, inner, Undecoded::Snap(oui, pid))
        }
        _ => dispatch::unknown(c, rest, Undecoded::Nlpid(id)),
    }
}
