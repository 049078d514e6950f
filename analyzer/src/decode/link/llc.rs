//! IEEE 802.2 logical link control, with SNAP.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | DSAP; lowest bit: group |
//! | 1 | 1 | SSAP; lowest bit: response |
//! | 2 | 1 or 2 | control: one byte for U frames, two for I and S frames |
//! | 3 | 3 | organization code, when both SAPs are AA |
//! | 6 | 2 | EtherType, or the organization's own protocol id |

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{
    Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, dispatch, fmt::Out, link::ethernet,
};

use super::{fddi, token_ring};

crate::protocol! { Llc, "llc", "Logical-Link Control";
    DSAP "llc.dsap" "DSAP" Kind::Uint(8, Base::Hex), names::sap;
    DSAP_SAP "llc.dsap.sap" "SAP" Kind::Uint(8, Base::Dec);
    DSAP_IG "llc.dsap.ig" "IG Bit" Kind::Bool;
    SSAP "llc.ssap" "SSAP" Kind::Uint(8, Base::Hex), names::sap;
    SSAP_SAP "llc.ssap.sap" "SAP" Kind::Uint(8, Base::Dec);
    SSAP_CR "llc.ssap.cr" "CR Bit" Kind::Bool;
    CONTROL "llc.control" "Control" Kind::Uint(16, Base::Hex);
    N_R "llc.control.n_r" "N(R)" Kind::Uint(16, Base::Dec);
    N_S "llc.control.n_s" "N(S)" Kind::Uint(16, Base::Dec);
    POLL "llc.control.p" "Poll" Kind::Bool;
    FINAL "llc.control.f" "Final" Kind::Bool;
    S_FTYPE "llc.control.s_ftype" "Supervisory frame type" Kind::Uint(16, Base::Hex), names::llc_supervisory;
    U_CMD "llc.control.u_modifier_cmd" "Command" Kind::Uint(8, Base::Hex), names::llc_modifier;
    U_RESP "llc.control.u_modifier_resp" "Response" Kind::Uint(8, Base::Hex), names::llc_modifier;
    FTYPE "llc.control.ftype" "Frame type" Kind::Uint(16, Base::Hex), names::llc_frame_type;
    FTYPE_U "llc.control.ftype" "Frame type" Kind::Uint(8, Base::Hex), names::llc_frame_type;
    OUI "llc.oui" "Organization Code" Kind::Uint(24, Base::Dec), names::oui;
    TYPE "llc.type" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
    PID "llc.pid" "Protocol ID" Kind::Uint(16, Base::Hex);
    CISCO_PID "llc.cisco_pid" "PID" Kind::Uint(16, Base::Hex);
    XID_FORMAT ours "llc.xid.format" "XID format" Kind::Uint(8, Base::Hex);
    XID_TYPES ours "llc.xid.types" "LLC types and classes" Kind::Uint(8, Base::Hex);
    XID_WINDOW ours "llc.xid.wsize" "Receive window" Kind::Uint(8, Base::Dec);
}

const SNAP: u8 = 0xAA;
/// Unnumbered information: connectionless data.
const UI: u16 = 0x03;

/// Dissects the SAPs, the control field and what follows.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Llc, b.span(0, 3.min(b.captured())));
    let dsap = b.u8(0)?;
    c.flags(DSAP, dsap, b, 0, 1, &[(DSAP_SAP, 1, 7), (DSAP_IG, 0, 1)]);
    let ssap = b.u8(1)?;
    c.flags(SSAP, ssap, b, 1, 1, &[(SSAP_SAP, 1, 7), (SSAP_CR, 0, 1)]);
    let first = b.u8(2)?;
    let unnumbered = first & 3 == 3;
    let (control, len) =
        if unnumbered { (u16::from(first), 1) } else { (u16::from_le_bytes(b.array(2)?), 2) };
    if c.wants(Proto::Llc) {
        control_fields(c, b, control, ssap & 1 == 1);
    }
    if let Some(info) = c.summary().and_then(|s| s.take("LLC")) {
        line(info, control);
        info.text("; DSAP ");
        info.hex0x(u64::from(dsap & 0xFE), 2);
        info.text(", SSAP ");
        info.hex0x(u64::from(ssap & 0xFE), 2);
    }
    let rest = b.from(2 + len);
    if dsap == SNAP && ssap == SNAP {
        return snap(c, rest);
    }
    if rest.reported() == 0 {
        return Ok(());
    }
    match dsap {
        0x06 if first & 1 == 0 || control & 0xEF == UI => dispatch::ethertype_table(c, 0x0800, rest),
        _ if control & 0xEF == 0xAF && rest.captured() >= 3 && rest.u8(0)? == 0x81 => {
            c.u8(XID_FORMAT, rest, 0)?;
            c.u8(XID_TYPES, rest, 1)?;
            c.bits(XID_WINDOW, rest.u8(2)? >> 1, rest, 2, 1);
            Ok(())
        }
        _ => dispatch::unknown(c, rest, Undecoded::Sap(dsap)),
    }
}

/// The control field of an LLC frame, sequence numbers modulo 128.
fn control_fields<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, control: u16, response: bool) {
    let pf = if response { FINAL } else { POLL };
    match control & 3 {
        3 => {
            let cmd = if response { U_RESP } else { U_CMD };
            c.flags(CONTROL, control, b, 2, 1, &[]);
            c.sink.open();
            if control & 0x10 != 0 {
                c.bits(pf, 1u8, b, 2, 1);
            }
            c.bits(cmd, (control & 0xEC) >> 2, b, 2, 1);
            c.bits(FTYPE_U, 3u8, b, 2, 1);
            c.sink.close();
        }
        1 => {
            c.flags(CONTROL, control, b, 2, 2, &[(N_R, 9, 7)]);
            c.sink.open();
            poll_final(c, b, control, pf);
            c.bits(S_FTYPE, control >> 2 & 3, b, 2, 2);
            c.bits(FTYPE, 1u8, b, 2, 2);
            c.sink.close();
        }
        _ => {
            c.flags(CONTROL, control, b, 2, 2, &[(N_R, 9, 7), (N_S, 1, 7)]);
            c.sink.open();
            poll_final(c, b, control, pf);
            c.bits(FTYPE, 0u8, b, 2, 2);
            c.sink.close();
        }
    }
}

/// The bit is shown where it is set, as its meaning depends on it.
fn poll_final<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, control: u16, id: FieldId) {
    if control & 0x100 != 0 {
        c.bits(id, 1u8, b, 2, 2);
    }
}

fn line(info: &mut Vec<u8>, control: u16) {
    match control & 3 {
        3 => {
            let v = u64::from(control & 0xEC);
            info.text("U, func=");
            info.text(names::llc_unnumbered(v).unwrap_or("unknown"));
        }
        1 => {
            info.text("S, func=");
            info.text(names::llc_supervisory(u64::from(control >> 2 & 3)).unwrap_or("unknown"));
            info.text(", N(R)=");
            info.dec(u64::from(control >> 9));
        }
        _ => {
            info.text("I, N(R)=");
            info.dec(u64::from(control >> 9));
            info.text(", N(S)=");
            info.dec(u64::from(control >> 1 & 0x7F));
        }
    }
}

/// The five bytes of SNAP: organization code and protocol id.
pub fn snap<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let oui = b.u24(0)?;
    let pid = b.u16(3)?;
    c.bits(OUI, oui, b, 0, 3);
    let rest = b.from(5);
    match oui {
        // EtherTypes, Cisco's use of 90-compatible bridging, and AppleTalk.
        0 | 0xF8 | 0x08_0007 => {
            c.bits(TYPE, pid, b, 3, 2);
            if pid > ethernet::MAX_LEN {
                return dispatch::ethertype_table(c, pid, rest);
            }
        }
        0x0080C2 => {
            c.bits(PID, pid, b, 3, 2);
            return bridged(c, rest, pid);
        }
        0x0C => c.bits(CISCO_PID, pid, b, 3, 2),
        _ => c.bits(PID, pid, b, 3, 2),
    }
    dispatch::unknown(c, rest, Undecoded::Snap(oui, pid))
}

/// Bridged frames under the organization code of IEEE 802.1 (RFC 2684 section 5.2).
pub fn bridged<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, pid: u16) -> Outcome {
    match pid {
        1 => c.nest(b, |c| ethernet::with_fcs(c, b)),
        7 => c.nest(b, |c| ethernet::without_fcs(c, b)),
        3 | 9 => c.nest(b, |c| token_ring::dissect(c, b)),
        4 | 0xA => c.nest(b, |c| fddi::dissect(c, b)),
        _ => dispatch::unknown(c, b, Undecoded::Snap(0x0080C2, pid)),
    }
}
