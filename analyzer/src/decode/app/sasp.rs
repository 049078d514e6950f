//! Server/Application State Protocol (RFC 4678): a load balancer learns from a workload manager
//! how much work each member of a group can take. The z/OS Load Balancing Advisor speaks it.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | 0x2010 |
//! | 2 | 2 | length of the header |
//! | 4 | 1 | version |
//! | 5 | 4 | length of the message, header included |
//! | 9 | 4 | message identifier |
//! | 13 | 2 | type of the message |
//! | 15 | … | its parts, each behind a type (2) and a length (2) |
//!
//! Names of fields are Wireshark's, in which all types have one name.

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, data, fmt::Out};

use super::text::Text;
use super::{Talk, Verdict};

crate::protocol! { Sasp, "sasp", "Server/Application State Protocol";
    TYPE "sasp.msg.type" "Message Type" Kind::Uint(16, Base::Hex), names::message;
    HEADER_LEN "sasp.header.Len" "Length" Kind::Uint(16, Base::Dec);
    VERSION "sasp.version" "Version" Kind::Uint(8, Base::Dec);
    MSG_LEN "sasp.msg.len" "Message Len" Kind::Uint(32, Base::Dec);
    MSG_ID "sasp.msg.id" "Message Id" Kind::Uint(32, Base::Dec);
    REG_REQ_SIZE "sasp.reg-req.size" "Reg Req-Size" Kind::Uint(32, Base::Dec);
    REG_REQ_LBFLAG "sasp.reg-req.lbflag" "Reg Req-LB Flag" Kind::Bool;
    MEMBER_GROUPS "sasp.grp-mem-data.count" "Grp Mem Data-Count" Kind::Uint(16, Base::Dec);
    REG_REP_SIZE "sasp.reg-rep.size" "Reg Reply-Size" Kind::Uint(16, Base::Dec);
    REG_REP_CODE "sasp.reg-rep.retcode" "Reg Reply-Return Code" Kind::Uint(8, Base::Hex), names::code;
    DEREG_REQ_SIZE "sasp.dereg-req.size" "Dereg Req-Size" Kind::Uint(32, Base::Dec);
    DEREG_REQ_LBFLAG "sasp.dereg-req.lbflag" "Dereg Req-LB Flag" Kind::Bool;
    REASON "sasp.flags.reason" "Reason Flags" Kind::Uint(8, Base::Hex), names::reason;
    DEREG_REP_SIZE "sasp.dereg-rep.size" "Dereg Rep-Size" Kind::Uint(16, Base::Dec);
    DEREG_REP_CODE "sasp.dereg-rep.retcode" "Dereg Rep-Return Code" Kind::Uint(8, Base::Hex), names::code;
    SENDWT_SIZE "sasp.sendwt.size" "Sendwt-Size" Kind::Uint(16, Base::Dec);
    SENDWT_COUNT "sasp.sendwt-grp-wtentrydata.count" "Sendwt-Grp Wt EntryData Count" Kind::Uint(16, Base::Dec);
    STATE_REQ_SIZE "sasp.setmemstate-req.size" "Set Memstate Req-Size" Kind::Uint(16, Base::Dec);
    STATE_REQ_LBFLAG "sasp.setmemstate-req.lbflag" "Set Memstate Req-LB Flag" Kind::Bool;
    STATE_GROUPS "sasp.group-memstate.count" "Set Memstate Req-Gmsd Count" Kind::Uint(16, Base::Dec);
    STATE_REP_SIZE "sasp.setmemstate-rep.size" "Set Memstate Rep-Size" Kind::Uint(16, Base::Dec);
    STATE_REP_CODE "sasp.setmemstate-rep.retcode" "Set Memstate Rep-Return Code" Kind::Uint(8, Base::Hex), names::code;
    MEMBER_SIZE "sasp.memdatacomp.size" "Mem Data Comp-Size" Kind::Uint(16, Base::Dec);
    MEMBER_PROTOCOL "sasp.memdatacomp.protocol" "Mem Data Comp-Protocol" Kind::Uint(8, Base::Hex), names::protocol;
    MEMBER_PORT "sasp.memdatacomp.port" "Mem Data Comp-Port" Kind::Uint(16, Base::Dec);
    MEMBER_IP "sasp.memdatacomp.ip" "Mem Data Comp-Ip" Kind::Ipv6;
    MEMBER_LABEL_LEN "sasp.memdatacomp.label.len" "Mem Data Comp-Label Len" Kind::Uint(8, Base::Dec);
    MEMBER_LABEL "sasp.memdatacomp.label" "Mem Data Comp-Label" Kind::Str;
    GETWT_REQ_SIZE "sasp.getwt.req.size" "Get Wt Req-Size" Kind::Uint(16, Base::Dec);
    GETWT_REQ_COUNT "sasp.getwt-req-grpdata.count" "Get Wt Req-Grp Data Count" Kind::Uint(16, Base::Dec);
    GETWT_REP_SIZE "sasp.getwt.rep.size" "Get Wt Rep-Size" Kind::Uint(16, Base::Dec);
    GETWT_REP_CODE "sasp.getwt-rep.retcode" "Get Wt Rep-Return Code" Kind::Uint(8, Base::Hex), names::code;
    GETWT_REP_INTERVAL "sasp.getwt-rep.interval" "Get Wt Rep-Interval" Kind::Uint(16, Base::Dec);
    GETWT_REP_COUNT "sasp.getwt-rep-grpwtentrydata.count" "Get Wt Rep-Grp WtEntry Data Cnt" Kind::Uint(16, Base::Dec);
    LBSTATE_REP_SIZE "sasp.setlbstate-rep.size" "Set Lbstate Rep-Size" Kind::Uint(16, Base::Dec);
    LBSTATE_REP_CODE "sasp.setlbstate-rep.retcode" "Set Lbstate Rep-Return Code" Kind::Uint(8, Base::Hex), names::code;
    GROUP_SIZE "sasp.grpdatacomp.size" "Grp Data Comp-Size" Kind::Uint(16, Base::Dec);
    GROUP_UID_LEN "sasp.grpdatacomp.label.uid.len" "Grp Data Comp-Label UID Len" Kind::Uint(8, Base::Dec);
    GROUP_UID "sasp.grpdatacomp.label.uid" "Grp Data Comp-Label UID" Kind::Str;
    GROUP_NAME_LEN "sasp.grpdatacomp.grpname.len" "Grp Data Comp-Grp Name Len" Kind::Uint(8, Base::Dec);
    GROUP_NAME "sasp.grpdatacomp.grpname" "Grp Data Comp-Grp Name" Kind::Str;
    MEMBERS_SIZE "sasp.grp-memdatacomp.size" "Grp Mem Data Comp-Size" Kind::Uint(16, Base::Dec);
    MEMBERS_COUNT "sasp.grp.memdatacomp.count" "Grp Mem Data Comp-Count" Kind::Uint(16, Base::Dec);
    LBSTATE_REQ_SIZE "sasp.setlbstate-req.size" "Set LB State Req-Size" Kind::Uint(16, Base::Dec);
    LBSTATE_UID_LEN "sasp.setlbstate-req.lbuid.len" "Set LB State Req-LB UID Len" Kind::Uint(8, Base::Dec);
    LBSTATE_UID "sasp.setlbstate-req.lbuid" "Set LB State Req-LB UID" Kind::Str;
    LBSTATE_HEALTH "sasp.setlbstate-req.lbhealth" "Set LB State Req-LB Health" Kind::Uint(8, Base::Hex), names::health;
    PUSH "sasp.flags.push" "PUSH" Kind::Bool;
    TRUST "sasp.flags.trust" "TRUST" Kind::Bool;
    NOCHANGE "sasp.flags.nochange" "NOCHANGE" Kind::Bool;
    STATES_SIZE "sasp.grp.memstate.size" "Grp Mem State-Size" Kind::Uint(16, Base::Dec);
    STATES_COUNT "sasp.grp.memstate.count" "Grp Mem State-Count" Kind::Uint(16, Base::Dec);
    STATE_SIZE "sasp.memstate.size" "Mem State-Size" Kind::Uint(16, Base::Dec);
    STATE "sasp.memstate.state" "Mem State-State" Kind::Uint(8, Base::Hex);
    QUIESCE "sasp.flags.quiesce" "Quiesce" Kind::Bool;
    WEIGHT_SIZE "sasp.wtentry.size" "Wt Entry Data Comp-Size" Kind::Uint(16, Base::Dec);
    WEIGHT_STATE "sasp.wtentry.state" "Wt Entry Data Comp-state" Kind::Uint(8, Base::Hex);
    CONTACT "sasp.flags.contactsuccess" "Contact Success" Kind::Bool;
    REGISTRATION "sasp.flags.registration" "Registration" Kind::Bool;
    CONFIDENT "sasp.flags.confident" "Confident" Kind::Bool;
    WEIGHT "sasp.wtentrydatacomp.weight" "Wt Entry Data Comp-weight" Kind::Uint(16, Base::Dec);
    WEIGHTS_SIZE "sasp.grp-wtentrydata.size" "Grp Wt Entry Data Comp Size" Kind::Uint(16, Base::Dec);
    WEIGHTS_COUNT "sasp.grp-wtentrydata.count" "Grp Wt Entry Data Comp Cnt" Kind::Uint(16, Base::Dec);
}

mod names {
    use crate::decode::names::table;

    table! {
        message {
            0x1010 "Registration Request" 0x1015 "Registration Reply" 0x1020 "DeRegistration Request"
            0x1025 "DeRegistration Reply" 0x1030 "Get Weights Request" 0x1035 "Get Weights Reply"
            0x1040 "Send Weights" 0x1050 "Set LB State Request" 0x1055 "Set LB State Reply"
            0x1060 "Set Member State Request" 0x1065 "Set Member State Reply" 0x2010 "SASP"
            0x3010 "Member Data Component" 0x3011 "Group Data Component"
            0x3012 "Weight Entry Data Component" 0x3013 "Member State Instance"
            0x4010 "Group of Member Data" 0x4011 "Group of Weight Entry Data"
            0x4012 "Group of Member State Data"
        }
        code {
            0x00 "Successful" 0x10 "Message not understood"
            0x11 "GWM will not accept this message from the sender" 0x40 "Member already registered"
            0x41 "Application or System not registered" 0x42 "Unknown Group Name" 0x43 "Unknown LB uid"
            0x44 "Duplicate Member in Request" 0x45 "Invalid Group" 0x46 "Duplicate Group in Request"
            0x50 "Invalid Group Name Size" 0x51 "Invalid LB uid Size"
            0x61 "Member speaks for itself, but the load balancer has not yet contacted the GWM"
        }
        reason { 0 "No Reason" 1 "Learned and Purposeful" }
        protocol { 6 "TCP" 17 "UDP" }
        health { 0x00 "Least Healthy" 0x7F "Most Healthy" }
    }
}

/// Bytes up to the message's type.
const HEAD: usize = 13;
const HEADER: u16 = 0x2010;
/// Messages stand below this, parts of messages above.
const PARTS: u16 = 0x2000;

/// True when bytes begin like a message.
#[must_use]
pub fn looks_like(b: &[u8]) -> bool {
    let Some(h) = b.first_chunk::<{ HEAD + 2 }>() else { return false };
    let length = u32::from_be_bytes([h[5], h[6], h[7], h[8]]);
    let kind = u16::from_be_bytes([h[13], h[14]]);
    h[..2] == HEADER.to_be_bytes()
        && h[4] == 1
        && (HEAD as u32 + 4..1 << 20).contains(&length)
        && kind < PARTS
        && names::message(kind.into()).is_some()
}

/// Dissects one message after another.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    super::pdus(c, b, t, HEAD, |b| Ok(b.u32(5)? as usize), message)
}

fn message<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, first: bool) -> Outcome {
    c.message(first, Proto::Sasp, b.whole());
    if super::idle(c, Proto::Sasp) {
        return Ok(());
    }
    let header = c.u16(TYPE, b, 0)?;
    let kind = b.u16(HEAD);
    if let Some(info) = c.summary().and_then(|s| s.also("SASP", " | ")) {
        info.text(match kind {
            Ok(k) if header == HEADER => names::message(k.into()).unwrap_or("Unknown Message Type"),
            _ => "Invalid SASP Header Type",
        });
    }
    if header != HEADER {
        return Err(b.malformed(0));
    }
    c.u16(HEADER_LEN, b, 2)?;
    c.u8(VERSION, b, 4)?;
    c.u32(MSG_LEN, b, 5)?;
    c.u32(MSG_ID, b, 9)?;
    let kind = c.u16(TYPE, b, HEAD)?;
    c.group(|c| parts(c, b.from(HEAD + 2), kind))
}

/// What a message of this type holds.
fn parts<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, kind: u16) -> Outcome {
    match kind {
        0x1010 => {
            c.u16(REG_REQ_SIZE, b, 0)?;
            flag(c, REG_REQ_LBFLAG, b, 2)?;
            each(c, MEMBER_GROUPS, b, 3, members)
        }
        0x1015 => reply(c, b, REG_REP_SIZE, REG_REP_CODE),
        0x1020 => {
            c.u16(DEREG_REQ_SIZE, b, 0)?;
            flag(c, DEREG_REQ_LBFLAG, b, 2)?;
            c.u8(REASON, b, 3)?;
            each(c, MEMBER_GROUPS, b, 4, members)
        }
        0x1025 => reply(c, b, DEREG_REP_SIZE, DEREG_REP_CODE),
        0x1030 => {
            c.u16(GETWT_REQ_SIZE, b, 0)?;
            each(c, GETWT_REQ_COUNT, b, 2, group)
        }
        0x1035 => {
            reply(c, b, GETWT_REP_SIZE, GETWT_REP_CODE)?;
            c.u16(GETWT_REP_INTERVAL, b, 3)?;
            each(c, GETWT_REP_COUNT, b, 5, weights)
        }
        0x1040 => {
            c.u16(SENDWT_SIZE, b, 0)?;
            each(c, SENDWT_COUNT, b, 2, weights)
        }
        0x1050 => {
            c.u16(LBSTATE_REQ_SIZE, b, 0)?;
            let at = text(c, b, 2, LBSTATE_UID_LEN, LBSTATE_UID)?;
            c.u8(LBSTATE_HEALTH, b, at)?;
            let flags = b.u8(at + 1)?;
            c.parts(flags, b, at + 1, 1, &[(PUSH, 0, 1), (TRUST, 1, 1), (NOCHANGE, 2, 1)]);
            Ok(())
        }
        0x1055 => reply(c, b, LBSTATE_REP_SIZE, LBSTATE_REP_CODE),
        0x1060 => {
            c.u16(STATE_REQ_SIZE, b, 0)?;
            flag(c, STATE_REQ_LBFLAG, b, 2)?;
            each(c, STATE_GROUPS, b, 3, states)
        }
        0x1065 => reply(c, b, STATE_REP_SIZE, STATE_REP_CODE),
        _ => {
            data::dissect(c, b);
            Ok(())
        }
    }
}

fn flag<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, at: usize) -> Outcome {
    c.bits(id, u8::from(b.u8(at)? != 0), b, at, 1);
    Ok(())
}

/// Length and code of an answer.
fn reply<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, size: FieldId, code: FieldId) -> Outcome {
    c.u16(size, b, 0)?;
    c.u8(code, b, 2)?;
    Ok(())
}

/// A count at `at`, and so many parts behind it.
fn each<S: Sink>(
    c: &mut Ctx<'_, S>,
    count: FieldId,
    b: Buf<'_>,
    at: usize,
    part: impl Fn(&mut Ctx<'_, S>, Buf<'_>, usize) -> Outcome<usize>,
) -> Outcome {
    let n = c.u16(count, b, at)?;
    let mut at = at + 2;
    for _ in 0..n {
        at = part(c, b, at)?;
    }
    Ok(())
}

/// Type, length, count and group, and so many parts behind them.
fn group_of<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    at: usize,
    [size, count]: [FieldId; 2],
    part: impl Fn(&mut Ctx<'_, S>, Buf<'_>, usize) -> Outcome<usize>,
) -> Outcome<usize> {
    c.u16(TYPE, b, at)?;
    c.group(|c| {
        c.u16(size, b, at + 2)?;
        let n = c.u16(count, b, at + 4)?;
        let mut at = group(c, b, at + 6)?;
        for _ in 0..n {
            at = part(c, b, at)?;
        }
        Ok(at)
    })
}

fn members<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    group_of(c, b, at, [MEMBERS_SIZE, MEMBERS_COUNT], member)
}

fn states<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    group_of(c, b, at, [STATES_SIZE, STATES_COUNT], state)
}

fn weights<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    group_of(c, b, at, [WEIGHTS_SIZE, WEIGHTS_COUNT], weight)
}

/// The load balancer's identifier of a group, and its name.
fn group<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    c.u16(TYPE, b, at)?;
    c.group(|c| {
        c.u16(GROUP_SIZE, b, at + 2)?;
        let at = text(c, b, at + 4, GROUP_UID_LEN, GROUP_UID)?;
        text(c, b, at, GROUP_NAME_LEN, GROUP_NAME)
    })
}

/// Protocol, port, address and label of a member. An IPv4 address stands in the last four octets.
fn member<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    // The address heads the member, as in Wireshark, and stands in its place once more.
    c.ipv6(MEMBER_IP, b, at + 7)?;
    c.group(|c| {
        c.u16(TYPE, b, at)?;
        c.u16(MEMBER_SIZE, b, at + 2)?;
        c.u8(MEMBER_PROTOCOL, b, at + 4)?;
        c.u16(MEMBER_PORT, b, at + 5)?;
        c.ipv6(MEMBER_IP, b, at + 7)?;
        text(c, b, at + 23, MEMBER_LABEL_LEN, MEMBER_LABEL)
    })
}

/// A member, and what state it is to be in.
fn state<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    let at = member(c, b, at)?;
    c.u16(TYPE, b, at)?;
    c.u16(STATE_SIZE, b, at + 2)?;
    c.u8(STATE, b, at + 4)?;
    c.parts(b.u8(at + 5)?, b, at + 5, 1, &[(QUIESCE, 0, 1)]);
    Ok(at + 6)
}

/// A member, its state, and how much work it can take.
fn weight<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    let at = member(c, b, at)?;
    c.u16(TYPE, b, at)?;
    c.u16(WEIGHT_SIZE, b, at + 2)?;
    c.u8(WEIGHT_STATE, b, at + 4)?;
    let flags = b.u8(at + 5)?;
    let bits = [(CONTACT, 0, 1), (QUIESCE, 1, 1), (REGISTRATION, 2, 1), (CONFIDENT, 3, 1)];
    c.parts(flags, b, at + 5, 1, &bits);
    c.u16(WEIGHT, b, at + 6)?;
    Ok(at + 8)
}

/// Text behind its length in one byte; returns where what follows begins.
fn text<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: FieldId, id: FieldId) -> Outcome<usize> {
    let n = usize::from(c.u8(len, b, at)?);
    let text = Text::<768>::ascii(b.get(at + 1, n)?);
    c.field(id, Value::Str(text.as_str()), b.span(at + 1, n));
    Ok(at + 1 + n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_by_their_header() {
        // RFC 4678 section 5.1: header, then a registration reply with code 0.
        let reply = [0x20, 0x10, 0, 13, 1, 0, 0, 0, 18, 0, 0, 0, 7, 0x10, 0x15, 0, 5, 0];
        assert!(looks_like(&reply));
        let mut part = reply;
        part[13..15].copy_from_slice(&[0x30, 0x10]);
        assert!(!looks_like(&part), "a part is no message");
        assert!(!looks_like(&reply[..14]));
    }
}
