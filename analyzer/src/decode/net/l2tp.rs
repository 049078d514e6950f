//! L2TP version 2 (RFC 2661) over UDP, and the session id of version 3 (RFC 3931) over IP: the tunnel header and the PPP frame of data messages.
//!
//! | bytes | field |
//! |---|---|
//! | 2 | flags: control, length, sequence, offset, priority; version |
//! | 2 | length, when flagged |
//! | 2 + 2 | tunnel, session |
//! | 2 + 2 | Ns, Nr, when flagged |
//! | 2 | offset size, when flagged, then so many bytes of padding |

use crate::decode::stop::{self, Undecoded};
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, fmt::Out, link};

crate::protocol! { L2tp, "l2tp", "Layer 2 Tunneling Protocol";
    FLAGS "l2tp.flags" "Flags" Kind::Uint(16, Base::Hex);
    TYPE "l2tp.type" "Type" Kind::Uint(16, Base::Dec);
    LENGTH_BIT "l2tp.length_bit" "Length Bit" Kind::Bool;
    SEQ_BIT "l2tp.seq_bit" "Sequence Bit" Kind::Bool;
    OFFSET_BIT "l2tp.offset_bit" "Offset bit" Kind::Bool;
    PRIORITY "l2tp.priority" "Priority" Kind::Bool;
    VERSION "l2tp.version" "Version" Kind::Uint(16, Base::Dec);
    LENGTH "l2tp.length" "Length" Kind::Uint(16, Base::Dec);
    TUNNEL "l2tp.tunnel" "Tunnel ID" Kind::Uint(16, Base::Dec);
    SESSION "l2tp.session" "Session ID" Kind::Uint(16, Base::Dec);
    NS "l2tp.Ns" "Ns" Kind::Uint(16, Base::Dec);
    NR "l2tp.Nr" "Nr" Kind::Uint(16, Base::Dec);
    CCID "l2tp.ccid" "Control Connection ID" Kind::Uint(32, Base::Hex);
    SID "l2tp.sid" "Session ID" Kind::Uint(32, Base::Hex);
    OFFSET "l2tp.offset" "Offset" Kind::Uint(16, Base::Dec);
}

/// Dissects a message of a UDP port.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::L2tp, b.span(0, 8.min(b.captured())));
    let flags = b.u16(0)?;
    let parts = [(TYPE, 15, 1), (LENGTH_BIT, 14, 1), (SEQ_BIT, 11, 1), (VERSION, 0, 4)];
    c.flags(FLAGS, flags, b, 0, 2, &parts);
    let control = flags & 0x8000 != 0;
    if let Some(info) = c.summary().and_then(|s| s.take("L2TP")) {
        info.text(if control { "Control message" } else { "Data message" });
    }
    match flags & 15 {
        2 => {}
        3 => return version3(c, b, control),
        v => {
            stop::undecoded(c, Undecoded::L2tp(v as u8));
            data::dissect(c, b.from(2));
            return Ok(());
        }
    }
    c.sink.open();
    c.parts(flags, b, 0, 2, &[(OFFSET_BIT, 9, 1), (PRIORITY, 8, 1)]);
    c.sink.close();
    let mut at = 2;
    if flags & 0x4000 != 0 {
        c.u16(LENGTH, b, at)?;
        at += 2;
    }
    c.u16(TUNNEL, b, at)?;
    c.u16(SESSION, b, at + 2)?;
    at += 4;
    if flags & 0x0800 != 0 {
        c.u16(NS, b, at)?;
        c.u16(NR, b, at + 2)?;
        at += 4;
    }
    if flags & 0x0200 != 0 {
        let pad = c.u16(OFFSET, b, at)?;
        at += 2 + usize::from(pad);
    }
    let rest = b.from(at);
    if control || rest.reported() == 0 {
        return Ok(());
    }
    link::ppp::hdlc(c, rest)
}

/// Version 3 over UDP: a control connection id in place of tunnel and session, or a session id.
fn version3<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, control: bool) -> Outcome {
    if control {
        c.u16(LENGTH, b, 2)?;
        c.u32(CCID, b, 4)?;
        c.u16(NS, b, 8)?;
        c.u16(NR, b, 10)?;
        return Ok(());
    }
    c.u32(SID, b, 4)?;
    data::dissect(c, b.from(8));
    Ok(())
}

/// Dissects a version 3 message of IP protocol 115: session id 0 is a control message; what a
/// session carries was agreed when it was set up, and is shown as bytes.
pub fn over_ip<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::L2tp, b.span(0, 4.min(b.captured())));
    let session = c.u32(SID, b, 0)?;
    if let Some(info) = c.summary().and_then(|s| s.take("L2TPv3")) {
        info.text(if session == 0 { "Control message" } else { "Data message" });
    }
    if session != 0 {
        data::dissect(c, b.from(4));
    }
    Ok(())
}
