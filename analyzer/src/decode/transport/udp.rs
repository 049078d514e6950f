//! UDP (RFC 768) and UDP-Lite (RFC 3828).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | source port |
//! | 2 | 2 | destination port |
//! | 4 | 2 | length, header included (UDP-Lite: bytes that the checksum covers) |
//! | 6 | 2 | checksum, with a pseudo header; 0: none |

use crate::decode::app::{dns, rpc, tftp};
use crate::decode::names;
use crate::decode::{
    Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Seen, Sink, Value, data, dispatch, fmt::Out, net::Ip,
};
use crate::track::memory::{Ask, Ends, Known, Speaker};

crate::protocol! { Udp, "udp", "User Datagram Protocol";
    SRCPORT "udp.srcport" "Source Port" Kind::Uint(16, Base::Dec);
    DSTPORT "udp.dstport" "Destination Port" Kind::Uint(16, Base::Dec);
    LENGTH "udp.length" "Length" Kind::Uint(16, Base::Dec);
    CHECKSUM_COVERAGE "udp.checksum_coverage" "Checksum coverage" Kind::Uint(16, Base::Dec);
    CHECKSUM "udp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    CHECKSUM_STATUS "udp.checksum.status" "Checksum Status" Kind::Uint(8, Base::Dec), names::checksum_status;
    STREAM "udp.stream" "Stream index" Kind::Uint(32, Base::Dec);
    TIME_RELATIVE "udp.time_relative" "Time since first frame" Kind::RelTime;
    TIME_DELTA "udp.time_delta" "Time since previous frame" Kind::RelTime;
    PAYLOAD "udp.payload" "Payload" Kind::Bytes;
}

/// UDP-Lite counts as a protocol of its own, with the fields of UDP.
pub mod udplite {
    crate::protocol! { Udplite, "udplite", "Lightweight User Datagram Protocol"; }
}

/// Length of the header.
pub const HDR: usize = 8;

/// True for fields that depend on the datagrams before.
#[must_use]
pub fn depends_on_flow(id: FieldId) -> bool {
    [STREAM, TIME_RELATIVE, TIME_DELTA].contains(&id)
}

/// True for a datagram that counts in the times of its stream: Wireshark takes no note of an empty one.
#[inline]
#[must_use]
pub fn timed(b: Buf<'_>) -> bool {
    b.reported() > HDR
}

/// Where the datagram stands among those between the same ends.
#[inline]
fn stream<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, ports: [u16; 2], b: Buf<'_>) {
    let timed = !c.quoted && timed(b);
    let Some(place) = c.flows.as_mut().and_then(|f| f.datagram(c.frame, ip, ports, timed)) else { return };
    c.bits(STREAM, place.stream, b, 0, 0);
    if timed {
        c.field(TIME_RELATIVE, Value::Duration(place.since_first), b.span(0, 0));
        c.field(TIME_DELTA, Value::Duration(place.since_previous), b.span(0, 0));
    }
}

/// Dissects header and payload.
#[inline]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Udp, b.span(0, HDR.min(b.captured())));
    let src = c.u16(SRCPORT, b, 0)?;
    let dst = c.u16(DSTPORT, b, 2)?;
    let said = usize::from(b.u16(4)?);
    // A length of zero is a jumbogram's (RFC 2675), or not filled in yet.
    let len = if said == 0 { b.reported() } else { said };
    c.bits(LENGTH, said as u64, b, 4, 2);
    line(c, "UDP", src, dst, len);
    if len < HDR {
        return Err(b.malformed(4));
    }
    let sum = c.u16(CHECKSUM, b, 6)?;
    if c.wants(Proto::Udp) && c.sink.asks(CHECKSUM_STATUS) {
        let covered = b.truncate(len);
        c.bits(CHECKSUM_STATUS, checksum_status(c, ip, covered, 17, sum), b, 6, 2);
    }
    stream(c, ip, [src, dst], b.truncate(len));
    c.seen(Seen::Udp { ip, b: b.truncate(len), lite: false });
    payload(c, ip, [src, dst], b.from(HDR).truncate(len - HDR))
}

/// Dissects UDP-Lite.
pub fn lite<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Udplite, b.span(0, HDR.min(b.captured())));
    let src = c.u16(SRCPORT, b, 0)?;
    let dst = c.u16(DSTPORT, b, 2)?;
    let said = usize::from(c.u16(CHECKSUM_COVERAGE, b, 4)?);
    let covered = if said == 0 { b.reported() } else { said };
    line(c, "UDP-Lite", src, dst, b.reported());
    if covered < HDR || covered > b.reported() {
        return Err(b.malformed(4));
    }
    c.bits(LENGTH, b.reported() as u64, b, 0, 0);
    let sum = c.u16(CHECKSUM, b, 6)?;
    let status = if c.settings.verify_checksums && b.has(0, covered) && !c.quoted && !ip.fragment {
        u8::from(ip.sums_up(136, b.reported(), &b.bytes()[..covered]) && sum != 0)
    } else {
        names::UNVERIFIED
    };
    c.bits(CHECKSUM_STATUS, status, b, 6, 2);
    stream(c, ip, [src, dst], b);
    c.seen(Seen::Udp { ip, b, lite: true });
    payload(c, ip, [src, dst], b.from(HDR))
}

fn checksum_status<S: Sink>(c: &Ctx<'_, S>, ip: &Ip, b: Buf<'_>, proto: u8, sum: u16) -> u8 {
    if sum == 0 {
        // IPv6 has no checksum of its own and does not allow to leave out this one.
        return if ip.version == 6 { names::ILLEGAL } else { names::NOT_PRESENT };
    }
    if !c.settings.verify_checksums || ip.fragment || c.quoted || b.captured() < b.reported() {
        return names::UNVERIFIED;
    }
    u8::from(ip.sums_up(proto, b.reported(), b.bytes()))
}

#[inline]
fn line<S: Sink>(c: &mut Ctx<'_, S>, protocol: &'static str, src: u16, dst: u16, len: usize) {
    if let Some(info) = c.summary().and_then(|s| s.take(protocol)) {
        ports(info, src, dst);
        info.text(" Len=");
        info.dec(len.saturating_sub(HDR) as u64);
    }
}

/// True when the decoder of what a datagram carries may ask for what is remembered of messages, or add
/// to it, if nobody was announced at its ends: those of RPC and TFTP, and that of DNS where
/// `questions` are looked for.
#[must_use]
pub fn recalls(ports: [u16; 2], b: Buf<'_>, questions: bool) -> bool {
    ports.contains(&rpc::portmap::WELL_KNOWN_PORT)
        || ports.contains(&tftp::PORT)
        || rpc::recognised(b)
        || (questions && (ports.iter().any(|p| [53, 5353, 5355].contains(p)) || dns::recognised(b)))
}

/// Dissects what a datagram carries.
///
/// # Errors
/// What its decoder stopped at.
#[inline]
pub fn payload<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, [src, dst]: [u16; 2], b: Buf<'_>) -> Outcome {
    if b.reported() == 0 {
        return Ok(());
    }
    if b.captured() > 0 {
        c.field(PAYLOAD, Value::Bytes(b.bytes()), b.whole());
    }
    if c.streams.is_some() {
        c.ends = Ends { addresses: [ip.src, ip.dst], ports: [src, dst], stream: false };
        if let Some(Known::Datagram(who)) =
            c.recall(b, Ask::Datagram, |m, e, _| m.speaker(e).map(Known::Datagram))
        {
            return match who {
                Speaker::Rpc => rpc::announced(c, b),
                Speaker::Tftp => tftp::dissect(c, b),
            };
        }
    }
    // The lower port is the more likely to be the server's.
    let (low, high) = (src.min(dst), src.max(dst));
    let known = if c.quoted {
        dispatch::udp_application(c, low, b)? || dispatch::udp_application(c, high, b)?
    } else {
        dispatch::udp_port(c, low, b)? || dispatch::udp_port(c, high, b)?
    };
    if !known && dns::recognised(b) {
        dns::dissect(c, b, dns::Variant::Dns)?;
    } else if !known && !rpc::datagram(c, b)? {
        data::dissect(c, b);
    }
    Ok(())
}

/// `1234 → 53`, as the info column shows a conversation's direction.
pub fn ports(info: &mut Vec<u8>, src: u16, dst: u16) {
    info.dec(src.into());
    info.text(" \u{2192} ");
    info.dec(dst.into());
}
