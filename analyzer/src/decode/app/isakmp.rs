//! Internet key exchange: ISAKMP and IKE version 1 (RFC 2408, RFC 2409) and version 2 (RFC 7296).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 + 8 | security parameter indexes of initiator and responder |
//! | 16 | 1 + 1 | first payload, version (4 + 4 bits) |
//! | 18 | 1 + 1 | exchange, flags |
//! | 20 | 4 + 4 | message id, length |
//! | 28 | … | payloads: next one, flags, length (2), contents |
//!
//! What is encrypted is shown as bytes.

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::isakmp_names as names;
use super::text::Text;

crate::protocol! { Isakmp, "isakmp", "Internet Security Association and Key Management Protocol";
    ISPI "isakmp.ispi" "Initiator SPI" Kind::Bytes;
    RSPI "isakmp.rspi" "Responder SPI" Kind::Bytes;
    NEXTPAYLOAD "isakmp.nextpayload" "Next payload" Kind::Uint(8, Base::Dec), names::payload;
    VERSION "isakmp.version" "Version" Kind::Uint(8, Base::Hex);
    MJVER "isakmp.mjver" "MjVer" Kind::Uint(8, Base::Hex);
    MNVER "isakmp.mnver" "MnVer" Kind::Uint(8, Base::Hex);
    EXCHANGETYPE "isakmp.exchangetype" "Exchange type" Kind::Uint(8, Base::Dec), names::exchange;
    FLAGS "isakmp.flags" "Flags" Kind::Uint(8, Base::Hex);
    FLAG_E "isakmp.flag_e" "Encryption" Kind::Bool;
    FLAG_C "isakmp.flag_c" "Commit" Kind::Bool;
    FLAG_A "isakmp.flag_a" "Authentication" Kind::Bool;
    FLAG_I "isakmp.flag_i" "Initiator" Kind::Bool;
    FLAG_V "isakmp.flag_v" "Version" Kind::Bool;
    FLAG_R "isakmp.flag_r" "Response" Kind::Bool;
    MESSAGEID "isakmp.messageid" "Message ID" Kind::Uint(32, Base::Hex);
    LENGTH "isakmp.length" "Length" Kind::Uint(32, Base::Dec);
    TYPEPAYLOAD "isakmp.typepayload" "Payload" Kind::Uint(8, Base::Dec), names::payload;
    CRITICALPAYLOAD "isakmp.criticalpayload" "Critical Bit" Kind::Bool;
    RESERVED "isakmp.reserved" "Reserved" Kind::Bytes;
    RESERVED7 "isakmp.reserved7" "Reserved" Kind::Uint(8, Base::Hex);
    PAYLOADLENGTH "isakmp.payloadlength" "Payload length" Kind::Uint(16, Base::Dec);
    SA_DOI "isakmp.sa.doi" "Domain of interpretation" Kind::Uint(32, Base::Dec);
    SA_SITUATION "isakmp.sa.situation" "Situation" Kind::Bytes;
    SA_SITUATION_IDENTITY_ONLY "isakmp.sa.situation.identity_only" "Identity Only" Kind::Bool;
    SA_SITUATION_SECRECY "isakmp.sa.situation.secrecy" "Secrecy" Kind::Bool;
    SA_SITUATION_INTEGRITY "isakmp.sa.situation.integrity" "Integrity" Kind::Bool;
    PROP_NUMBER "isakmp.prop.number" "Proposal number" Kind::Uint(8, Base::Dec);
    PROP_PROTOID "isakmp.prop.protoid" "Protocol ID" Kind::Uint(32, Base::Dec), names::protocol;
    SPISIZE "isakmp.spisize" "SPI Size" Kind::Uint(8, Base::Dec);
    SPI "isakmp.spi" "SPI" Kind::Bytes;
    SPINUM "isakmp.spinum" "Number of SPIs" Kind::Uint(16, Base::Dec);
    PROP_TRANSFORMS "isakmp.prop.transforms" "Proposal transforms" Kind::Uint(8, Base::Dec);
    TRANS_NUMBER "isakmp.trans.number" "Transform number" Kind::Uint(8, Base::Dec);
    TRANS_ID "isakmp.trans.id" "Transform ID" Kind::Uint(8, Base::Dec);
    TF_TYPE "isakmp.tf.type" "Transform Type" Kind::Uint(8, Base::Dec), names::transform;
    TF_ID_ENCR "isakmp.tf.id.encr" "Transform ID (ENCR)" Kind::Uint(16, Base::Dec), names::encryption2;
    TF_ID_PRF "isakmp.tf.id.prf" "Transform ID (PRF)" Kind::Uint(16, Base::Dec), names::prf;
    TF_ID_INTEG "isakmp.tf.id.integ" "Transform ID (INTEG)" Kind::Uint(16, Base::Dec), names::integrity;
    TF_ID_DH "isakmp.tf.id.dh" "Transform ID (D-H)" Kind::Uint(16, Base::Dec), names::group;
    TF_ID_ESN "isakmp.tf.id.esn" "Transform ID (ESN)" Kind::Uint(16, Base::Dec);
    IKE_ATTR "isakmp.ike.attr" "IKE Attribute" Kind::None;
    IKE_ATTR_FORMAT "isakmp.ike.attr.format" "Format" Kind::Bool;
    IKE_ATTR_TYPE "isakmp.ike.attr.type" "Type" Kind::Uint(16, Base::Dec), names::attribute;
    IKE_ATTR_LENGTH "isakmp.ike.attr.length" "Length" Kind::Uint(16, Base::Dec);
    IKE_ATTR_VALUE "isakmp.ike.attr.value" "Value" Kind::Bytes;
    IKE_ATTR_ENCRYPTION_ALGORITHM "isakmp.ike.attr.encryption_algorithm" "Encryption Algorithm" Kind::Uint(16, Base::Dec), names::encryption;
    IKE_ATTR_HASH_ALGORITHM "isakmp.ike.attr.hash_algorithm" "HASH Algorithm" Kind::Uint(16, Base::Dec), names::hash;
    IKE_ATTR_AUTHENTICATION_METHOD "isakmp.ike.attr.authentication_method" "Authentication Method" Kind::Uint(16, Base::Dec), names::authentication;
    IKE_ATTR_GROUP_DESCRIPTION "isakmp.ike.attr.group_description" "Group Description" Kind::Uint(16, Base::Dec), names::group;
    IKE_ATTR_LIFE_TYPE "isakmp.ike.attr.life_type" "Life Type" Kind::Uint(16, Base::Dec);
    IKE_ATTR_LIFE_DURATION "isakmp.ike.attr.life_duration" "Life Duration" Kind::Uint(32, Base::Dec);
    IKE_ATTR_KEY_LENGTH "isakmp.ike.attr.key_length" "Key Length" Kind::Uint(16, Base::Dec);
    IPSEC_ATTR "isakmp.ipsec.attr" "IPsec Attribute" Kind::None;
    IPSEC_ATTR_FORMAT "isakmp.ipsec.attr.format" "Format" Kind::Bool;
    IPSEC_ATTR_TYPE "isakmp.ipsec.attr.type" "Type" Kind::Uint(16, Base::Dec);
    IPSEC_ATTR_LENGTH "isakmp.ipsec.attr.length" "Length" Kind::Uint(16, Base::Dec);
    IPSEC_ATTR_VALUE "isakmp.ipsec.attr.value" "Value" Kind::Bytes;
    IPSEC_ATTR_LIFE_TYPE "isakmp.ipsec.attr.life_type" "Life Type" Kind::Uint(16, Base::Dec);
    IPSEC_ATTR_LIFE_DURATION "isakmp.ipsec.attr.life_duration" "Life Duration" Kind::Uint(32, Base::Dec);
    IPSEC_ATTR_GROUP_DESCRIPTION "isakmp.ipsec.attr.group_description" "Group Description" Kind::Uint(16, Base::Dec);
    IPSEC_ATTR_ENCAP_MODE "isakmp.ipsec.attr.encap_mode" "Encapsulation Mode" Kind::Uint(16, Base::Dec);
    IPSEC_ATTR_AUTH_ALGORITHM "isakmp.ipsec.attr.auth_algorithm" "Authentication Algorithm" Kind::Uint(16, Base::Dec);
    IPSEC_ATTR_KEY_LENGTH "isakmp.ipsec.attr.key_length" "Key Length" Kind::Uint(16, Base::Dec);
    IKE2_ATTR "isakmp.ike2.attr" "Transform Attribute" Kind::None;
    IKE2_ATTR_FORMAT "isakmp.ike2.attr.format" "Format" Kind::Bool;
    IKE2_ATTR_TYPE "isakmp.ike2.attr.type" "Type" Kind::Uint(16, Base::Dec);
    IKE2_ATTR_LENGTH "isakmp.ike2.attr.length" "Length" Kind::Uint(16, Base::Dec);
    IKE2_ATTR_VALUE "isakmp.ike2.attr.value" "Value" Kind::Bytes;
    IKE2_ATTR_KEY_LENGTH "isakmp.ike2.attr.key_length" "Key Length" Kind::Uint(16, Base::Dec);
    KEY_EXCHANGE_DH_GROUP "isakmp.key_exchange.dh_group" "DH Group #" Kind::Uint(16, Base::Dec), names::group;
    KEY_EXCHANGE_DATA "isakmp.key_exchange.data" "Key Exchange Data" Kind::Bytes;
    NONCE "isakmp.nonce" "Nonce DATA" Kind::Bytes;
    HASH "isakmp.hash" "Hash DATA" Kind::Bytes;
    SIG "isakmp.sig" "Signature DATA" Kind::Bytes;
    ID_TYPE "isakmp.id.type" "ID type" Kind::Uint(8, Base::Dec), names::identity;
    ID_PROTOID "isakmp.id.protoid" "Protocol ID" Kind::Uint(8, Base::Dec);
    ID_PORT "isakmp.id.port" "Port" Kind::Uint(16, Base::Dec);
    ID_DATA "isakmp.id.data" "Identification Data:" Kind::None;
    ID_DATA_IPV4_ADDR "isakmp.id.data.ipv4_addr" "ID_IPV4_ADDR" Kind::Ipv4;
    ID_DATA_FQDN "isakmp.id.data.fqdn" "ID_FQDN" Kind::Str;
    ID_DATA_USER_FQDN "isakmp.id.data.user_fqdn" "ID_FQDN" Kind::Str;
    ID_DATA_IPV4_SUBNET "isakmp.id.data.ipv4_subnet" "ID_IPV4_SUBNET" Kind::Ipv4;
    ID_DATA_IPV4_RANGE_START "isakmp.id.data.ipv4_range_start" "ID_IPV4_RANGE (Start)" Kind::Ipv4;
    ID_DATA_IPV4_RANGE_END "isakmp.id.data.ipv4_range_end" "ID_IPV4_RANGE (End)" Kind::Ipv4;
    ID_DATA_IPV6_ADDR "isakmp.id.data.ipv6_addr" "ID_IPV6_ADDR" Kind::Ipv6;
    ID_DATA_KEY_ID "isakmp.id.data.key_id" "ID_KEY_ID" Kind::Bytes;
    CERT_ENCODING "isakmp.cert.encoding" "Certificate Encoding" Kind::Uint(8, Base::Dec);
    CERTREQ_TYPE "isakmp.certreq.type" "Certificate Type" Kind::Uint(8, Base::Dec);
    NOTIFY_DOI "isakmp.notify.doi" "Domain of interpretation" Kind::Uint(32, Base::Dec);
    NOTIFY_PROTOID "isakmp.notify.protoid" "Protocol ID" Kind::Uint(32, Base::Dec);
    NOTIFY_MSGTYPE "isakmp.notify.msgtype" "Notify Message Type" Kind::Uint(16, Base::Dec), names::notify;
    NOTIFY_DATA "isakmp.notify.data" "Notification DATA" Kind::Bytes;
    DELETE_DOI "isakmp.delete.doi" "Domain of interpretation" Kind::Uint(32, Base::Dec);
    DELETE_PROTOID "isakmp.delete.protoid" "Protocol ID" Kind::Uint(32, Base::Dec);
    DELETE_SPI "isakmp.delete.spi" "Delete SPI" Kind::Bytes;
    AUTH_METHOD "isakmp.auth.method" "Authentication Method" Kind::Uint(8, Base::Dec);
    AUTH_DATA "isakmp.auth.data" "Authentication Data" Kind::Bytes;
    VID_BYTES "isakmp.vid_bytes" "Vendor ID" Kind::Bytes;
    ENC_IV "isakmp.enc.iv" "Initialization Vector" Kind::Bytes;
    ENC_DATA "isakmp.enc.data" "Encrypted Data" Kind::None;
    EXTRADATA "isakmp.extradata" "Extra data" Kind::Bytes;
}

const HEADER: usize = 28;

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Isakmp, b.whole());
    if super::idle(c, Proto::Isakmp) {
        return Ok(());
    }
    let (version, exchange, flags) = (b.u8(17)?, b.u8(18)?, b.u8(19)?);
    let v2 = version >> 4 == 2;
    line(c, b, exchange, flags, v2);
    c.bytes(ISPI, b, 0, 8)?;
    c.bytes(RSPI, b, 8, 8)?;
    let first = c.u8(NEXTPAYLOAD, b, 16)?;
    c.flags(VERSION, version, b, 17, 1, &[(MJVER, 4, 4), (MNVER, 0, 4)]);
    c.u8(EXCHANGETYPE, b, 18)?;
    if v2 {
        c.flags(FLAGS, flags, b, 19, 1, &[(FLAG_I, 3, 1), (FLAG_V, 4, 1), (FLAG_R, 5, 1)]);
    } else {
        c.flags(FLAGS, flags, b, 19, 1, &[(FLAG_E, 0, 1), (FLAG_C, 1, 1), (FLAG_A, 2, 1)]);
    }
    c.u32(MESSAGEID, b, 20)?;
    let length = c.u32(LENGTH, b, 24)? as usize;
    if length < HEADER {
        return Ok(());
    }
    let message = b.truncate(length);
    if !v2 && flags & 1 != 0 {
        let len = message.reported().saturating_sub(HEADER);
        if len > 0 {
            message.get(HEADER, len)?;
            c.field(ENC_DATA, Value::None, message.span(HEADER, len));
        }
        return Ok(());
    }
    let at = payloads(c, message, HEADER, first, v2)?;
    if at < message.reported() {
        c.bytes(EXTRADATA, message, at, message.reported() - at)?;
    }
    Ok(())
}

fn line<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, exchange: u8, flags: u8, v2: bool) {
    let Some(info) = c.summary().and_then(|s| s.take("ISAKMP")) else { return };
    info.text(names::exchange(exchange.into()).unwrap_or("Unknown"));
    if v2 {
        if let Ok(id) = b.u32(20) {
            info.text(" MID=");
            let digits = (8 - id.leading_zeros() as usize / 4).max(2);
            info.hex(id.into(), digits);
        }
        info.text(if flags & 8 != 0 { " Initiator" } else { " Responder" });
        info.text(if flags & 0x20 != 0 { " Response" } else { " Request" });
    }
}

/// A chain of payloads; returns where it ends.
fn payloads<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, first: u8, v2: bool) -> Outcome<usize> {
    let (mut at, mut kind) = (at, first);
    while kind != 0 && at < b.reported() {
        let (next, len) = (b.u8(at)?, usize::from(b.u16(at + 2)?));
        if len < 4 {
            return Err(b.malformed(at + 2));
        }
        b.get(at, len)?;
        head(c, b, at, kind, v2)?;
        c.sink.open();
        let r = payload(c, b.truncate(at + len), at + 4, kind, v2);
        c.sink.close();
        r?;
        at += len;
        // Behind what is encrypted, the next payload names what is inside.
        kind = if matches!(kind, 46 | 53) && v2 { 0 } else { next };
    }
    Ok(at)
}

fn head<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, kind: u8, v2: bool) -> Outcome {
    c.bits(TYPEPAYLOAD, kind, b, at, 1);
    c.u8(NEXTPAYLOAD, b, at)?;
    // Proposals and transforms have no critical bit.
    if v2 && !matches!(kind, 2 | 3) {
        c.parts(b.u8(at + 1)?, b, at + 1, 1, &[(CRITICALPAYLOAD, 7, 1), (RESERVED7, 0, 7)]);
    } else {
        c.bytes(RESERVED, b, at + 1, 1)?;
    }
    c.u16(PAYLOADLENGTH, b, at + 2)?;
    Ok(())
}

fn rest<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, at: usize) -> Outcome {
    let len = b.reported().saturating_sub(at);
    if len > 0 {
        c.bytes(id, b, at, len)?;
    }
    Ok(())
}

fn payload<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, kind: u8, v2: bool) -> Outcome {
    match kind {
        1 => {
            let doi = c.u32(SA_DOI, b, at)?;
            if doi != 1 {
                return rest(c, SA_SITUATION, b, at + 4);
            }
            let situation = b.u32(at + 4)?;
            c.bytes(SA_SITUATION, b, at + 4, 4)?;
            c.sink.open();
            let parts = [
                (SA_SITUATION_IDENTITY_ONLY, 0, 1),
                (SA_SITUATION_SECRECY, 1, 1),
                (SA_SITUATION_INTEGRITY, 2, 1),
            ];
            c.parts(situation, b, at + 4, 4, &parts);
            c.sink.close();
            proposals(c, b, at + 8, v2)
        }
        33 => proposals(c, b, at, v2),
        4 => rest(c, KEY_EXCHANGE_DATA, b, at),
        34 => {
            c.u16(KEY_EXCHANGE_DH_GROUP, b, at)?;
            c.bytes(RESERVED, b, at + 2, 2)?;
            rest(c, KEY_EXCHANGE_DATA, b, at + 4)
        }
        5 | 35 | 36 => identity(c, b, at, v2),
        6 | 37 => c.u8(CERT_ENCODING, b, at).map(|_| ()),
        7 | 38 => c.u8(CERTREQ_TYPE, b, at).map(|_| ()),
        8 => rest(c, HASH, b, at),
        9 => rest(c, SIG, b, at),
        10 | 40 => rest(c, NONCE, b, at),
        11 | 41 => notification(c, b, at, v2),
        12 | 42 => {
            let mut at = at;
            if !v2 {
                c.u32(DELETE_DOI, b, at)?;
                at += 4;
            }
            c.u8(DELETE_PROTOID, b, at)?;
            let size = usize::from(c.u8(SPISIZE, b, at + 1)?);
            let n = usize::from(c.u16(SPINUM, b, at + 2)?);
            for i in 0..if size > 0 { n } else { 0 } {
                c.bytes(DELETE_SPI, b, at + 4 + i * size, size)?;
            }
            Ok(())
        }
        13 | 43 => rest(c, VID_BYTES, b, at),
        39 => {
            c.u8(AUTH_METHOD, b, at)?;
            c.bytes(RESERVED, b, at + 1, 3)?;
            rest(c, AUTH_DATA, b, at + 4)
        }
        46 => {
            // How long the initialization vector is, only the keys would tell.
            c.bytes(ENC_IV, b, at, 4)?;
            let len = b.reported().saturating_sub(at + 4);
            c.field(ENC_DATA, Value::None, b.span(at + 4, len));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Proposals: number, protocol, size of the index, number of transforms, index, transforms.
fn proposals<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, v2: bool) -> Outcome {
    let mut at = at;
    while at < b.reported() {
        let len = usize::from(b.u16(at + 2)?);
        head(c, b, at, 2, v2)?;
        if len < 8 {
            return Err(b.malformed(at + 2));
        }
        c.sink.open();
        c.u8(PROP_NUMBER, b, at + 4)?;
        let protocol = c.u8(PROP_PROTOID, b, at + 5)?;
        let size = usize::from(c.u8(SPISIZE, b, at + 6)?);
        let n = c.u8(PROP_TRANSFORMS, b, at + 7)?;
        if size > 0 {
            c.bytes(SPI, b, at + 8, size)?;
        }
        let mut inner = at + 8 + size;
        for _ in 0..n {
            let len = usize::from(b.u16(inner + 2)?);
            if len < 8 {
                return Err(b.malformed(inner + 2));
            }
            head(c, b, inner, 3, v2)?;
            c.sink.open();
            transform(c, b.truncate(inner + len), inner + 4, protocol, v2)?;
            c.sink.close();
            inner += len;
        }
        c.sink.close();
        at += len;
    }
    Ok(())
}

fn transform<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, protocol: u8, v2: bool) -> Outcome {
    if v2 {
        let kind = c.u8(TF_TYPE, b, at)?;
        c.bytes(RESERVED, b, at + 1, 1)?;
        let ids = [TF_ID_ENCR, TF_ID_PRF, TF_ID_INTEG, TF_ID_DH, TF_ID_ESN];
        if let Some(&id) = usize::from(kind).checked_sub(1).and_then(|i| ids.get(i)) {
            c.u16(id, b, at + 2)?;
        }
    } else {
        c.u8(TRANS_NUMBER, b, at)?;
        c.u8(TRANS_ID, b, at + 1)?;
        c.bytes(RESERVED, b, at + 2, 2)?;
    }
    let mut at = at + 4;
    while at < b.reported() {
        at += attribute(c, b, at, protocol, v2)?;
    }
    Ok(())
}

/// An attribute: type, then a value of two bytes, or a length and a value.
fn attribute<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, protocol: u8, v2: bool) -> Outcome<usize> {
    let head = b.u16(at)?;
    let (short, kind) = (head & 0x8000 != 0, head & 0x7FFF);
    let (value, len) = if short { (at + 2, 2) } else { (at + 4, usize::from(b.u16(at + 2)?)) };
    let [id, format, type_id, length, value_id] = if v2 {
        [IKE2_ATTR, IKE2_ATTR_FORMAT, IKE2_ATTR_TYPE, IKE2_ATTR_LENGTH, IKE2_ATTR_VALUE]
    } else if protocol == 1 {
        [IKE_ATTR, IKE_ATTR_FORMAT, IKE_ATTR_TYPE, IKE_ATTR_LENGTH, IKE_ATTR_VALUE]
    } else {
        [IPSEC_ATTR, IPSEC_ATTR_FORMAT, IPSEC_ATTR_TYPE, IPSEC_ATTR_LENGTH, IPSEC_ATTR_VALUE]
    };
    c.field(id, Value::None, b.span(at, value - at + len));
    c.sink.open();
    c.bits(format, head >> 15, b, at, 2);
    c.bits(type_id, kind, b, at, 2);
    if !short {
        c.u16(length, b, at + 2)?;
    }
    if len > 0 {
        c.bytes(value_id, b, value, len)?;
    }
    let meaning = match (v2, protocol, kind) {
        (true, _, 14) => Some(IKE2_ATTR_KEY_LENGTH),
        (true, ..) => None,
        (_, 1, 1) => Some(IKE_ATTR_ENCRYPTION_ALGORITHM),
        (_, 1, 2) => Some(IKE_ATTR_HASH_ALGORITHM),
        (_, 1, 3) => Some(IKE_ATTR_AUTHENTICATION_METHOD),
        (_, 1, 4) => Some(IKE_ATTR_GROUP_DESCRIPTION),
        (_, 1, 11) => Some(IKE_ATTR_LIFE_TYPE),
        (_, 1, 12) => Some(IKE_ATTR_LIFE_DURATION),
        (_, 1, 14) => Some(IKE_ATTR_KEY_LENGTH),
        (_, 2.., 1) => Some(IPSEC_ATTR_LIFE_TYPE),
        (_, 2.., 2) => Some(IPSEC_ATTR_LIFE_DURATION),
        (_, 2.., 3) => Some(IPSEC_ATTR_GROUP_DESCRIPTION),
        (_, 2.., 4) => Some(IPSEC_ATTR_ENCAP_MODE),
        (_, 2.., 5) => Some(IPSEC_ATTR_AUTH_ALGORITHM),
        (_, 2.., 6) => Some(IPSEC_ATTR_KEY_LENGTH),
        _ => None,
    };
    if let Some(id) = meaning.filter(|_| len == 2 || len == 4) {
        let v = if len == 2 { b.u16(value)?.into() } else { b.u32(value)? };
        c.bits(id, v, b, value, len);
    }
    c.sink.close();
    Ok(value - at + len)
}

fn identity<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, v2: bool) -> Outcome {
    let kind = c.u8(ID_TYPE, b, at)?;
    if v2 {
        c.bytes(RESERVED, b, at + 1, 3)?;
    } else {
        c.u8(ID_PROTOID, b, at + 1)?;
        c.u16(ID_PORT, b, at + 2)?;
    }
    let at = at + 4;
    let len = b.reported().saturating_sub(at);
    c.field(ID_DATA, Value::None, b.span(at, len));
    c.sink.open();
    match (kind, len) {
        (1, 4..) => c.ipv4(ID_DATA_IPV4_ADDR, b, at).map(|_| ())?,
        (2 | 3, 1..) => {
            let id = if kind == 2 { ID_DATA_FQDN } else { ID_DATA_USER_FQDN };
            let text = Text::<1024>::ascii(b.get(at, len)?);
            c.field(id, Value::Str(text.as_str()), b.span(at, len));
        }
        (4, 8) => {
            c.ipv4(ID_DATA_IPV4_ADDR, b, at)?;
            c.ipv4(ID_DATA_IPV4_SUBNET, b, at + 4)?;
        }
        (5, 16) => c.ipv6(ID_DATA_IPV6_ADDR, b, at).map(|_| ())?,
        (7, 8) => {
            c.ipv4(ID_DATA_IPV4_RANGE_START, b, at)?;
            c.ipv4(ID_DATA_IPV4_RANGE_END, b, at + 4)?;
        }
        (11, 1..) => c.bytes(ID_DATA_KEY_ID, b, at, len).map(|_| ())?,
        _ => {}
    }
    c.sink.close();
    Ok(())
}

fn notification<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, v2: bool) -> Outcome {
    let mut at = at;
    if !v2 {
        c.u32(NOTIFY_DOI, b, at)?;
        at += 4;
    }
    c.u8(NOTIFY_PROTOID, b, at)?;
    let size = usize::from(c.u8(SPISIZE, b, at + 1)?);
    c.u16(NOTIFY_MSGTYPE, b, at + 2)?;
    if size > 0 {
        c.bytes(SPI, b, at + 4, size)?;
    }
    rest(c, NOTIFY_DATA, b, at + 4 + size)
}
