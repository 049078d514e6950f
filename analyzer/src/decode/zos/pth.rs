//! The packet trace header PTHDR_T.
//!
//! Older releases wrote shorter headers: a field that lies beyond PTH_Len is absent, not zero.

use formats::ctrace::FormatId;
use formats::ctrace::pthdr::{DeviceType, DropReason};

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value};

use super::{address, cte, name, smc};

crate::protocol! { Pth, ours "pth", "Packet Trace Header";
    LEN ours "pth.len" "Header length PTH_Len" Kind::Uint(16, Base::Dec);
    SEQNUM ours "pth.seqnum" "Segment number PTH_SeqNum" Kind::Uint(8, Base::Dec);
    FLAG ours "pth.flag" "Flags PTH_Flag" Kind::Uint(8, Base::Hex);
    LOCAL ours "pth.flag.local" "Both addresses are this stack's" Kind::Bool;
    CFTXT ours "pth.flag.cftxt" "Confidential data was left out" Kind::Bool;
    CLEARTXT ours "pth.flag.cleartxt" "AT-TLS data in clear text" Kind::Bool;
    DIRECTION ours "pth.direction" "Direction" Kind::Uint(8, Base::Dec), direction_name;
    DEVTYPE ours "pth.devtype" "Device type PTH_DevTy" Kind::Uint(8, Base::Dec), devtype_name;
    TLEN ours "pth.tlen" "Traced length PTH_Tlen" Kind::Uint(24, Base::Dec);
    IFNAME ours "pth.ifname" "Interface PTH_InfName" Kind::Str;
    JOBNAME ours "pth.jobname" "Job name PTH_JobNm" Kind::Str;
    DT_DOMAIN ours "pth.dt.domain" "Address family PTH_DtDomain" Kind::Uint(8, Base::Dec), domain_name;
    DT_TYPE ours "pth.dt.type" "Socket type PTH_DtType" Kind::Uint(8, Base::Dec), socket_name;
    DT_PROTO ours "pth.dt.proto" "Protocol PTH_DtProto" Kind::Uint(8, Base::Dec), crate::decode::names::ip_protocol;
    DT_STATE ours "pth.dt.state" "Record kind PTH_DtState" Kind::Uint(8, Base::Dec);
    TOD ours "pth.tod" "Time of packet PTH_Time (TOD)" Kind::Uint(64, Base::Hex);
    TIME ours "pth.time" "Time of packet" Kind::AbsTime;
    SRC ours "pth.src" "Source address PTH_Src" Kind::Ipv4;
    DST ours "pth.dst" "Destination address PTH_Dst" Kind::Ipv4;
    SRC6 ours "pth.src6" "Source address PTH_Src" Kind::Ipv6;
    DST6 ours "pth.dst6" "Destination address PTH_Dst" Kind::Ipv6;
    SPORT ours "pth.sport" "Source port PTH_SPort" Kind::Uint(16, Base::Dec);
    DPORT ours "pth.dport" "Destination port PTH_DPort" Kind::Uint(16, Base::Dec);
    RECNUM ours "pth.recnum" "Record number (inferred)" Kind::Uint(32, Base::Dec);
    PROTO ours "pth.proto" "Protocol" Kind::Uint(8, Base::Dec), proto_name;
    VLAN ours "pth.vlan" "VLAN id" Kind::Uint(16, Base::Dec);
    TCB ours "pth.tcb" "TCB (inferred)" Kind::Uint(32, Base::Hex);
    CID ours "pth.cid" "Connection id (inferred)" Kind::Uint(32, Base::Hex);
    ASID ours "pth.asid" "Address space (inferred)" Kind::Uint(16, Base::Hex);
    PLEN ours "pth.plen" "Original length PTH_Plen" Kind::Uint(16, Base::Dec);
    IFINDEX ours "pth.ifindex" "Interface index PTH_InfIx" Kind::Uint(32, Base::Dec);
    DROPRSN ours "pth.droprsn" "Discard reason PTH_DropRsn" Kind::Uint(16, Base::Dec), drop_name;
    OFFSEGLEN ours "pth.offseglen" "Offload segment length PTH_OffSegLen" Kind::Uint(16, Base::Dec);
    EXT_LEN ours "pth.ext.len" "Extension length" Kind::Uint(16, Base::Dec);
    EXT_TYPE ours "pth.ext.type" "Extension type" Kind::Uint(16, Base::Dec);
    EXT_DATA ours "pth.ext.data" "Extension data" Kind::Bytes;
}

/// `inbound` or `outbound`.
#[must_use]
pub fn direction_name(v: u64) -> Option<&'static str> {
    ["inbound", "outbound"].get(v as usize).copied()
}

fn devtype_name(v: u64) -> Option<&'static str> {
    DeviceType(v as u8).name()
}

fn domain_name(v: u64) -> Option<&'static str> {
    match v {
        2 => Some("AF_INET"),
        19 => Some("AF_INET6"),
        _ => None,
    }
}

fn socket_name(v: u64) -> Option<&'static str> {
    match v {
        1 => Some("stream"),
        2 => Some("datagram"),
        3 => Some("raw"),
        _ => None,
    }
}

fn proto_name(v: u64) -> Option<&'static str> {
    if v == u64::from(formats::ctrace::smc::LLC_PROTOCOL) {
        return Some("SMC LLC");
    }
    crate::decode::names::ip_protocol(v)
}

fn drop_name(v: u64) -> Option<&'static str> {
    let r = DropReason(v as u16);
    r.meaning().map(|m| m.0).or(r.layer())
}

/// Dissects the header of an entry with format id `id`.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, id: u32, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Pth, b.whole());
    let len = c.u16(LEN, b, 0)?;
    let b = b.truncate(len.into());
    c.u8(SEQNUM, b, 2)?;
    let flag = c.u8(FLAG, b, 3)?;
    c.sink.open();
    c.bits(LOCAL, flag >> 7, b, 3, 1);
    c.bits(CFTXT, flag >> 6 & 1, b, 3, 1);
    c.bits(CLEARTXT, flag >> 5 & 1, b, 3, 1);
    c.sink.close();
    c.bits(DIRECTION, flag & 1, b, 3, 1);
    c.u8(DEVTYPE, b, 4)?;
    c.u24(TLEN, b, 5)?;
    let data = id == FormatId::DATA.0;
    if data {
        name(c, JOBNAME, b, 8, 8)?;
        c.u8(DT_DOMAIN, b, 16)?;
        c.u8(DT_TYPE, b, 17)?;
        c.u8(DT_PROTO, b, 18)?;
        c.u8(DT_STATE, b, 19)?;
    } else {
        name(c, IFNAME, b, 8, 16)?;
    }
    let tod = c.u64(TOD, b, 24)?;
    let t = cte::time(c, tod);
    c.field(TIME, Value::Time(t), b.span(24, 8));
    address(c, SRC, SRC6, b, 32)?;
    address(c, DST, DST6, b, 48)?;
    c.u16(SPORT, b, 64)?;
    c.u16(DPORT, b, 66)?;
    c.u32(RECNUM, b, 68)?;
    c.u8(PROTO, b, 73)?;
    c.u16(VLAN, b, 74)?;
    c.u32(if data { CID } else { TCB }, b, 76)?;
    c.u16(ASID, b, 80)?;
    c.u16(PLEN, b, 82)?;
    c.u32(IFINDEX, b, 84)?;
    c.u16(DROPRSN, b, 88)?;
    c.u16(OFFSEGLEN, b, 90)?;
    let mut ext = b.from(92);
    while ext.captured() >= 4 {
        let len = usize::from(c.u16(EXT_LEN, ext, 0)?);
        c.u16(EXT_TYPE, ext, 2)?;
        if len < 4 {
            break;
        }
        let n = (len - 4).min(ext.captured() - 4);
        c.bytes(EXT_DATA, ext, 4, n)?;
        if id == FormatId::SMC.0 {
            smc::extension(c, ext.from(4).truncate(n))?;
        }
        ext = ext.from(len);
    }
    Ok(())
}
