//! Resource records of DNS messages: their heads, and the data of each type.

use crate::decode::{Buf, Ctx, FieldId, Outcome, Sink, Value, fmt::Out};
use crate::source::frame::Timestamp;

use super::dns::{self, Name, Variant};
use super::dns_options as options;
use super::text::Text;

/// One piece of a record's data. Pieces stand one after the other.
#[derive(Debug, Clone, Copy)]
enum Piece {
    U8(FieldId),
    U16(FieldId),
    U32(FieldId),
    Ipv4(FieldId),
    Ipv6(FieldId),
    Ether(FieldId),
    Name(FieldId),
    /// Seconds since 1970.
    Date(FieldId),
    /// Text behind its length in one byte.
    Text(FieldId, FieldId),
    /// Bytes behind their length in two bytes.
    Sized(FieldId, FieldId),
    /// What is left, unless it is nothing.
    Rest(FieldId),
}

/// The pieces of the types that are no more than a row of them.
const fn pieces(kind: u16) -> Option<&'static [Piece]> {
    use Piece::{Date, Ether, Ipv4, Ipv6, Name, Rest, Sized, Text, U8, U16, U32};
    use dns::*;
    Some(match kind {
        1 => &[Ipv4(A)],
        2 => &[Name(NS)],
        5 => &[Name(CNAME)],
        6 => &[
            Name(SOA_MNAME),
            Name(SOA_RNAME),
            U32(SOA_SERIAL_NUMBER),
            U32(SOA_REFRESH_INTERVAL),
            U32(SOA_RETRY_INTERVAL),
            U32(SOA_EXPIRE_LIMIT),
            U32(SOA_MINIMUM_TTL),
        ],
        12 => &[Name(PTR_DOMAIN_NAME)],
        13 => &[Text(HINFO_CPU_LENGTH, HINFO_CPU), Text(HINFO_OS_LENGTH, HINFO_OS)],
        15 => &[U16(MX_PREFERENCE), Name(MX_MAIL_EXCHANGE)],
        17 => &[Name(RP_MAILBOX), Name(RP_TXT_RR)],
        18 => &[U16(AFSDB_SUBTYPE), Name(AFSDB_HOSTNAME)],
        24 | 46 => &[
            U16(RRSIG_TYPE_COVERED),
            U8(RRSIG_ALGORITHM),
            U8(RRSIG_LABELS),
            U32(RRSIG_ORIGINAL_TTL),
            Date(RRSIG_SIGNATURE_EXPIRATION),
            Date(RRSIG_SIGNATURE_INCEPTION),
            U16(RRSIG_KEY_TAG),
            Name(RRSIG_SIGNERS_NAME),
            Rest(RRSIG_SIGNATURE),
        ],
        28 => &[Ipv6(AAAA)],
        33 => &[U16(SRV_PRIORITY), U16(SRV_WEIGHT), U16(SRV_PORT), Name(SRV_TARGET)],
        37 => &[U16(CERT_TYPE), U16(CERT_KEY_TAG), U8(CERT_ALGORITHM), Rest(CERT_CERTIFICATE)],
        39 => &[Name(DNAME)],
        43 | 59 | 32769 => &[U16(DS_KEY_ID), U8(DS_ALGORITHM), U8(DS_DIGEST_TYPE), Rest(DS_DIGEST)],
        44 => &[U8(SSHFP_ALGORITHM), U8(SSHFP_FINGERPRINT_TYPE), Rest(SSHFP_FINGERPRINT)],
        52 | 53 => &[
            U8(TLSA_CERTIFICATE_USAGE),
            U8(TLSA_SELECTOR),
            U8(TLSA_MATCHING_TYPE),
            Rest(TLSA_CERTIFICATE_ASSOCIATION_DATA),
        ],
        108 => &[Ether(EUI48)],
        249 => &[
            Name(TKEY_ALGO_NAME),
            Date(TKEY_SIGNATURE_INCEPTION),
            Date(TKEY_SIGNATURE_EXPIRATION),
            U16(TKEY_MODE),
            U16(TKEY_ERROR),
            Sized(TKEY_KEY_SIZE, TKEY_KEY_DATA),
            Sized(TKEY_OTHER_SIZE, TKEY_OTHER_DATA),
        ],
        _ => return None,
    })
}

/// A name as a field; returns how many bytes it takes.
pub fn name<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, m: Buf<'_>, at: usize) -> Outcome<usize> {
    let n = Name::read(m, at)?;
    if c.sink.asks(id) {
        c.field(id, Value::Str(n.text().as_str()), m.span(at, n.used));
    }
    Ok(n.used)
}

/// ASCII text as a field.
pub fn text<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, m: Buf<'_>, at: usize, len: usize) -> Outcome {
    let v = m.get(at, len)?;
    if c.sink.asks(id) {
        // Three bytes stand for one that is no ASCII character.
        c.field(id, Value::Str(Text::<800>::ascii(v).as_str()), m.span(at, len));
    }
    Ok(())
}

/// A point in time in seconds since 1970, of 4 bytes.
fn date<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, m: Buf<'_>, at: usize) -> Outcome {
    let secs = m.u32(at)?.into();
    c.field(id, Value::Time(Timestamp { secs, nanos: 0 }), m.span(at, 4));
    Ok(())
}

/// A row of pieces in the `len` bytes at `at` of message `m`; returns where they end.
fn row<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize, row: &[Piece]) -> Outcome<usize> {
    let (mut at, end) = (at, at + len);
    for &piece in row {
        at += match piece {
            Piece::U8(id) => c.u8(id, m, at).map(|_| 1)?,
            Piece::U16(id) => c.u16(id, m, at).map(|_| 2)?,
            Piece::U32(id) => c.u32(id, m, at).map(|_| 4)?,
            Piece::Ipv4(id) => c.ipv4(id, m, at).map(|_| 4)?,
            Piece::Ipv6(id) => c.ipv6(id, m, at).map(|_| 16)?,
            Piece::Ether(id) => c.ether(id, m, at).map(|_| 6)?,
            Piece::Name(id) => name(c, id, m, at)?,
            Piece::Date(id) => date(c, id, m, at).map(|()| 4)?,
            Piece::Text(length, id) => {
                let n = usize::from(c.u8(length, m, at)?);
                text(c, id, m, at + 1, n)?;
                1 + n
            }
            Piece::Sized(length, id) => {
                let n = usize::from(c.u16(length, m, at)?);
                if n > 0 {
                    c.bytes(id, m, at + 2, n)?;
                }
                2 + n
            }
            Piece::Rest(id) => {
                let n = end.saturating_sub(at);
                if n > 0 {
                    c.bytes(id, m, at, n)?;
                }
                n
            }
        };
    }
    Ok(at)
}

/// One record of message `m`; returns how many bytes it takes.
///
/// | bytes | field |
/// |---|---|
/// | … | name |
/// | 2 | type |
/// | 2 | class; of an OPT record, the largest datagram |
/// | 4 | time to live; of an OPT record, higher bits of the result, version, flags |
/// | 2 | length of the data |
pub fn record<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, v: Variant) -> Outcome<usize> {
    let owner = Name::read(m, at)?;
    let head = at + owner.used;
    let (kind, class) = (m.u16(head)?, m.u16(head + 2)?);
    let len = usize::from(m.u16(head + 8)?);
    let data = head + 10;
    if let Some(info) = c.summary().map(|s| &mut s.info) {
        dns::type_name(info, kind);
        if v == Variant::Mdns && kind != OPT && class & 0x8000 != 0 {
            info.text(", cache flush");
        }
    }
    let shown = owner.text();
    // A record is shown when all of it is there.
    m.get(at, owner.used + 10 + len)?;
    if kind == 33 {
        service(c, m, at, &owner);
    } else {
        c.field(dns::RESP_NAME, Value::Str(shown.as_str()), m.span(at, owner.used));
    }
    c.sink.open();
    c.u16(dns::RESP_TYPE, m, head)?;
    if kind == OPT {
        c.bits(
            dns::RR_UDP_PAYLOAD_SIZE,
            class & if v == Variant::Mdns { 0x7FFF } else { 0xFFFF },
            m,
            head + 2,
            2,
        );
        if v == Variant::Mdns {
            c.bits(dns::RESP_CACHE_FLUSH, class >> 15, m, head + 2, 2);
        }
        c.u8(dns::RESP_EXT_RCODE, m, head + 4)?;
        c.u8(dns::RESP_EDNS0_VERSION, m, head + 5)?;
        let z = m.u16(head + 6)?;
        c.flags(dns::RESP_Z, z, m, head + 6, 2, &[(dns::RESP_Z_DO, 15, 1), (dns::RESP_Z_RESERVED, 0, 15)]);
    } else {
        if v == Variant::Mdns {
            c.bits(dns::RESP_CLASS, class & 0x7FFF, m, head + 2, 2);
            c.bits(dns::RESP_CACHE_FLUSH, class >> 15, m, head + 2, 2);
        } else {
            c.u16(dns::RESP_CLASS, m, head + 2)?;
        }
        c.u32(dns::RESP_TTL, m, head + 4)?;
    }
    c.u16(dns::RESP_LEN, m, head + 8)?;
    if len > 0 {
        // Names in the data may point to anywhere in the message.
        line(c, m, data, len, kind);
        body(c, m, data, len, kind)?;
    }
    c.sink.close();
    Ok(owner.used + 10 + len)
}

const OPT: u16 = 41;

/// Service, protocol and name in the name of an SRV record: `_service._proto.name`.
fn service<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, owner: &Name) {
    let mut parts = owner.bytes().splitn(3, |&b| b == b'.');
    let span = m.span(at, owner.used);
    for id in [dns::SRV_SERVICE, dns::SRV_PROTO, dns::SRV_NAME] {
        if let Some(part) = parts.next() {
            c.field(id, Value::Str(Text::<1024>::escaped(part).as_str()), span);
        }
    }
}

/// What the info column says of the data.
fn line<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize, kind: u16) {
    let Some(info) = c.summary().map(|s| &mut s.info) else { return };
    let named = |info: &mut Vec<u8>, at| {
        if let Ok(n) = Name::read(m, at) {
            info.text(" ");
            info.text(n.text().as_str());
        }
    };
    match kind {
        1 => {
            if let Ok(a) = m.u32(at) {
                info.text(" ");
                info.ipv4(a);
            }
        }
        28 => {
            if let Ok(a) = m.array(at) {
                info.text(" ");
                info.ipv6(a);
            }
        }
        2 | 5 | 6 | 12 | 39 | 47 => named(info, at),
        15 | 33 => {
            let numbers = if kind == 15 { 1 } else { 3 };
            for i in 0..numbers {
                if let Ok(v) = m.u16(at + 2 * i) {
                    info.text(" ");
                    info.dec(v.into());
                }
            }
            named(info, at + 2 * numbers);
        }
        13 => {
            let mut at = at;
            let end = at + len;
            while at < end
                && let Ok(n) = m.u8(at)
                && let Ok(v) = m.get(at + 1, n.into())
            {
                info.text(" ");
                info.text(Text::<800>::ascii(v).as_str());
                at += 1 + usize::from(n);
            }
        }
        _ => {}
    }
}

fn body<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize, kind: u16) -> Outcome {
    if let Some(pieces) = pieces(kind) {
        return row(c, m, at, len, pieces).map(|_| ());
    }
    let end = at + len;
    match kind {
        16 | 99 => {
            let (length, id) =
                if kind == 16 { (dns::TXT_LENGTH, dns::TXT) } else { (dns::SPF_LENGTH, dns::SPF) };
            let mut at = at;
            while at < end {
                at = row(c, m, at, end - at, &[Piece::Text(length, id)])?;
            }
            Ok(())
        }
        25 => {
            c.u16(dns::KEY_FLAGS, m, at)?;
            c.u8(dns::KEY_PROTOCOL, m, at + 2)?;
            c.u8(dns::KEY_ALGORITHM, m, at + 3)?;
            c.bits(dns::KEY_KEY_ID, key_id(m.get(at, len)?), m, at, 0);
            row(c, m, at + 4, len.saturating_sub(4), &[Piece::Rest(dns::KEY_PUBLIC_KEY)]).map(|_| ())
        }
        48 | 60 => {
            let flags = m.u16(at)?;
            let parts = [
                (dns::DNSKEY_FLAGS_ZONE_KEY, 8, 1),
                (dns::DNSKEY_FLAGS_KEY_REVOKED, 7, 1),
                (dns::DNSKEY_FLAGS_SECURE_ENTRY_POINT, 0, 1),
            ];
            c.flags(dns::DNSKEY_FLAGS, flags, m, at, 2, &parts);
            c.bits(dns::DNSKEY_FLAGS_RESERVED, (flags & 0xFE7E) >> 1, m, at, 2);
            c.u8(dns::DNSKEY_PROTOCOL, m, at + 2)?;
            c.u8(dns::DNSKEY_ALGORITHM, m, at + 3)?;
            c.bits(dns::DNSKEY_KEY_ID, key_id(m.get(at, len)?), m, at, 0);
            row(c, m, at + 4, len.saturating_sub(4), &[Piece::Rest(dns::DNSKEY_PUBLIC_KEY)]).map(|_| ())
        }
        29 => location(c, m, at, len),
        35 => naptr(c, m, at, len),
        OPT => options::dissect(c, m, at, len),
        45 => ipseckey(c, m, at, len),
        47 => {
            let used = name(c, dns::NSEC_NEXT_DOMAIN_NAME, m, at)?;
            bitmap(c, m, at + used, end)
        }
        50 | 51 => nsec3(c, m, at, end, kind == 50),
        64 | 65 => options::service_binding(c, m, at, end),
        250 => tsig(c, m, at),
        257 => caa(c, m, at, len),
        _ => c.bytes(dns::DATA, m, at, len).map(|_| ()),
    }
}

/// Key tag (RFC 4034 appendix B), of everything from the flags on.
fn key_id(data: &[u8]) -> u16 {
    // RSA/MD5 takes two bytes near the end of the modulus.
    if let (Some(1), [.., a, b, _]) = (data.get(3), data) {
        return u16::from_be_bytes([*a, *b]);
    }
    let sum: u32 =
        data.iter().enumerate().map(|(i, &b)| u32::from(b) << if i & 1 == 0 { 8 } else { 0 }).sum();
    (sum + (sum >> 16)) as u16
}

/// Types that exist at a name: windows of 256, each with a length and a map of its bits.
fn bitmap<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, end: usize) -> Outcome {
    let mut at = at;
    while at < end {
        let (window, len) = (u16::from(m.u8(at)?), usize::from(m.u8(at + 1)?));
        for (i, &byte) in m.get(at + 2, len)?.iter().enumerate() {
            for bit in (0..8).filter(|bit| byte & 0x80 >> bit != 0) {
                c.bits(dns::RESP_TYPE, window << 8 | (i as u16 * 8 + bit), m, at + 2 + i, 1);
            }
        }
        at += 2 + len;
    }
    Ok(())
}

fn nsec3<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, end: usize, hashes: bool) -> Outcome {
    c.u8(dns::NSEC3_ALGO, m, at)?;
    let flags = m.u8(at + 1)?;
    c.flags(dns::NSEC3_FLAGS, flags, m, at + 1, 1, &[(dns::NSEC3_FLAGS_OPT_OUT, 0, 1)]);
    c.u16(dns::NSEC3_ITERATIONS, m, at + 2)?;
    let salt = usize::from(c.u8(dns::NSEC3_SALT_LENGTH, m, at + 4)?);
    c.bytes(dns::NSEC3_SALT_VALUE, m, at + 5, salt)?;
    if !hashes {
        return Ok(());
    }
    let at = at + 5 + salt;
    let len = usize::from(c.u8(dns::NSEC3_HASH_LENGTH, m, at)?);
    let hash = m.get(at + 1, len)?;
    if c.sink.asks(dns::NSEC3_HASH_VALUE) {
        c.field(dns::NSEC3_HASH_VALUE, Value::Str(base32(hash).as_str()), m.span(at + 1, len));
    }
    bitmap(c, m, at + 1 + len, end)
}

/// Base 32 with the extended hex alphabet (RFC 4648 section 7), in lower case, without padding.
fn base32(data: &[u8]) -> Text<512> {
    let mut out = Text::default();
    for group in data.chunks(5) {
        let bits = group.iter().chain([0; 5].iter()).take(5).fold(0u64, |v, &b| v << 8 | u64::from(b));
        for i in 0..(group.len() * 8).div_ceil(5) {
            out.byte(b"0123456789abcdefghijklmnopqrstuv"[(bits >> (35 - 5 * i) & 31) as usize]);
        }
    }
    out
}

fn location<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize) -> Outcome {
    if c.u8(dns::LOC_VERSION, m, at)? != 0 {
        return c.bytes(dns::LOC_UNKNOWN_DATA, m, at, len).map(|_| ());
    }
    c.u8(dns::LOC_SIZE, m, at + 1)?;
    c.u8(dns::LOC_HORIZONTAL_PRECISION, m, at + 2)?;
    c.u8(dns::LOC_VERTICAL_PRECISION, m, at + 3)?;
    c.u32(dns::LOC_LATITUDE, m, at + 4)?;
    c.u32(dns::LOC_LONGITUDE, m, at + 8)?;
    c.u32(dns::LOC_ALTITUDE, m, at + 12)?;
    Ok(())
}

fn naptr<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize) -> Outcome {
    use Piece::{Text, U16};
    let head = [
        U16(dns::NAPTR_ORDER),
        U16(dns::NAPTR_PREFERENCE),
        Text(dns::NAPTR_FLAGS_LENGTH, dns::NAPTR_FLAGS),
        Text(dns::NAPTR_SERVICE_LENGTH, dns::NAPTR_SERVICE),
        Text(dns::NAPTR_REGEX_LENGTH, dns::NAPTR_REGEX),
    ];
    let at = row(c, m, at, len, &head)?;
    let n = Name::read(m, at)?;
    c.bits(dns::NAPTR_REPLACEMENT_LENGTH, n.bytes().len() as u64, m, at, 0);
    c.field(dns::NAPTR_REPLACEMENT, Value::Str(n.text().as_str()), m.span(at, n.used));
    Ok(())
}

fn ipseckey<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize) -> Outcome {
    c.u8(dns::IPSECKEY_GATEWAY_PRECEDENCE, m, at)?;
    let gateway = c.u8(dns::IPSECKEY_GATEWAY_TYPE, m, at + 1)?;
    c.u8(dns::IPSECKEY_GATEWAY_ALGORITHM, m, at + 2)?;
    let used = 3 + match gateway {
        1 => c.ipv4(dns::IPSECKEY_GATEWAY_IPV4, m, at + 3).map(|_| 4)?,
        2 => c.ipv6(dns::IPSECKEY_GATEWAY_IPV6, m, at + 3).map(|_| 16)?,
        3 => name(c, dns::IPSECKEY_GATEWAY_DNS, m, at + 3)?,
        _ => 0,
    };
    if len > used {
        c.bytes(dns::IPSECKEY_PUBLIC_KEY, m, at + used, len - used)?;
    }
    Ok(())
}

fn tsig<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize) -> Outcome {
    let at = at + name(c, dns::TSIG_ALGORITHM_NAME, m, at)?;
    let secs = i64::from(m.u16(at)?) << 32 | i64::from(m.u32(at + 2)?);
    c.field(dns::TSIG_TIME_SIGNED, Value::Time(Timestamp { secs, nanos: 0 }), m.span(at, 6));
    c.u16(dns::TSIG_FUDGE, m, at + 6)?;
    let mac = usize::from(c.u16(dns::TSIG_MAC_SIZE, m, at + 8)?);
    m.get(at + 10, mac)?;
    c.field(dns::TSIG_MAC, Value::None, m.span(at + 10, mac));
    let at = at + 10 + mac;
    c.u16(dns::TSIG_ORIGINAL_ID, m, at)?;
    c.u16(dns::TSIG_ERROR, m, at + 2)?;
    let other = usize::from(c.u16(dns::TSIG_OTHER_LEN, m, at + 4)?);
    if other > 0 {
        c.bytes(dns::TSIG_OTHER_DATA, m, at + 6, other)?;
    }
    Ok(())
}

fn caa<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize) -> Outcome {
    let flags = m.u8(at)?;
    c.flags(dns::CAA_FLAGS, flags, m, at, 1, &[(dns::CAA_FLAGS_ISSUER_CRITICAL, 7, 1)]);
    let tag_len = usize::from(m.u8(at + 1)?);
    let tag = m.get(at + 2, tag_len)?;
    let value = (at + 2 + tag_len, len.saturating_sub(2 + tag_len));
    let id = match tag {
        b"issue" => dns::CAA_ISSUE,
        b"issuewild" => dns::CAA_ISSUEWILD,
        b"iodef" => dns::CAA_IODEF,
        _ => dns::CAA_UNKNOWN,
    };
    text(c, id, m, value.0, value.1)?;
    c.sink.open();
    c.u8(dns::CAA_TAG_LENGTH, m, at + 1)?;
    text(c, dns::CAA_TAG, m, at + 2, tag_len)?;
    text(c, dns::CAA_VALUE, m, value.0, value.1)?;
    c.sink.close();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_32_of_rfc_4648() {
        // Section 10, BASE32-HEX.
        for (text, coded) in [("f", "co"), ("fo", "cpng"), ("foob", "cpnmuog"), ("foobar", "cpnmuoj1e8")] {
            assert_eq!(base32(text.as_bytes()).as_str(), coded);
        }
    }
}
