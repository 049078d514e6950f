//! SMC records of a packet trace (entry id 8): the extension and the LLC payload
//!.

use formats::ctrace::smc::LLC_PROTOCOL;

use crate::decode::fmt::Out;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink};

crate::protocol! { SmcRecord, ours "smcrec", "SMC record";
    PROD_WRAP ours "smcrec.producer.wrap" "Producer cursor wrap count" Kind::Uint(32, Base::Dec);
    PROD ours "smcrec.producer.offset" "Producer cursor offset" Kind::Uint(32, Base::Dec);
    CONS_WRAP ours "smcrec.consumer.wrap" "Consumer cursor wrap count" Kind::Uint(32, Base::Dec);
    CONS ours "smcrec.consumer.offset" "Consumer cursor offset" Kind::Uint(32, Base::Dec);
    PROD_FLAGS ours "smcrec.producer.flags" "Producer flags" Kind::Uint(8, Base::Hex);
    STATE_FLAGS ours "smcrec.state.flags" "Connection state flags" Kind::Uint(8, Base::Hex);
    REMOTE_INDEX ours "smcrec.remote.index" "Remote connection index" Kind::Uint(8, Base::Dec);
    LOCAL_INDEX ours "smcrec.local.index" "Local connection index" Kind::Uint(8, Base::Dec);
    LOCAL_ID ours "smcrec.local.id" "Local connection id" Kind::Uint(32, Base::Hex);
    REMOTE_ID ours "smcrec.remote.id" "Remote connection id" Kind::Uint(32, Base::Hex);
    REMOTE_GID ours "smcrec.remote.gid" "Remote GID (width inferred)" Kind::Bytes;
    LOCAL_GID ours "smcrec.local.gid" "Local GID (width inferred)" Kind::Bytes;
    REMOTE_QP ours "smcrec.remote.qp" "Remote queue pair" Kind::Uint(24, Base::Hex);
    LOCAL_QP ours "smcrec.local.qp" "Local queue pair" Kind::Uint(24, Base::Hex);
    LLC_TYPE ours "smcrec.llc.type" "LLC message type" Kind::Uint(8, Base::Hex), llc_name;
}

/// Texts of the LLC message types; those of version 2 are the same with X'20' added.
fn llc_name(v: u64) -> Option<&'static str> {
    Some(match v {
        0x01 => "Confirm Link",
        0x02 => "Add Link",
        0x03 => "Add Link Continuation",
        0x04 => "Delete Link",
        0x06 => "Confirm RKey",
        0x07 => "Test Link",
        0x08 => "Confirm RKey Continuation",
        0x09 => "Delete RKey",
        0x21 => "Confirm Link v2",
        0x22 => "Add Link v2",
        0x24 => "Delete Link v2",
        0x25 => "Request Add Link v2",
        0x26 => "Confirm RKey v2",
        0x27 => "Test Link v2",
        0x29 => "Delete RKey v2",
        _ => return None,
    })
}

/// Dissects the extension data. The offsets come from one source only, so the bytes stay
/// visible as `pth.ext.data`.
pub fn extension<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::SmcRecord, b.whole());
    c.u32(PROD_WRAP, b, 0)?;
    c.u32(PROD, b, 4)?;
    c.u32(CONS_WRAP, b, 8)?;
    c.u32(CONS, b, 12)?;
    c.u8(PROD_FLAGS, b, 16)?;
    c.u8(STATE_FLAGS, b, 17)?;
    c.u8(REMOTE_INDEX, b, 18)?;
    c.u8(LOCAL_INDEX, b, 19)?;
    c.u32(LOCAL_ID, b, 28)?;
    c.u32(REMOTE_ID, b, 32)?;
    c.bytes(REMOTE_GID, b, 36, 16)?;
    c.bytes(LOCAL_GID, b, 52, 16)?;
    c.u24(REMOTE_QP, b, 68)?;
    c.u24(LOCAL_QP, b, 71)?;
    Ok(())
}

/// Names the payload: an LLC message, or data.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, head: &[u8], b: Buf<'_>) {
    const PROTO_AT: usize = super::cte::HEADER + 73;
    let llc = head.get(PROTO_AT) == Some(&LLC_PROTOCOL);
    let Ok(kind) = b.u8(0) else { return };
    if llc {
        c.bits(LLC_TYPE, kind, b, 0, 1);
    }
    if let Some(info) = c.summary().and_then(|s| s.take("SMC")) {
        match (llc, llc_name(kind.into())) {
            (true, Some(name)) => info.text(name),
            (true, None) => {
                info.text("LLC type ");
                info.hex0x(kind.into(), 2);
            }
            (false, _) => {
                info.text("Data, ");
                info.dec(b.captured() as u64);
                info.text(" bytes");
            }
        }
    }
}
