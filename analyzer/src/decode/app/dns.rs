//! DNS (RFC 1035 and its successors), multicast DNS (RFC 6762) and LLMNR (RFC 4795).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | transaction id |
//! | 2 | 2 | flags: response, operation (4 bits), ..., result (4 bits) |
//! | 4 | 2 × 4 | number of questions, answers, authorities and additional records |
//! | 12 | … | questions: name, type, class; then records: name, type, class, time to live, data |
//!
//! Over TCP a message stands behind its length in two bytes; [`message`] takes it without.
//! Which response belongs to which query is not followed.

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::dns_names as names;
use super::dns_pairs;
use super::dns_rdata;
use super::text::Text;

crate::protocol! { Dns, "dns", "Domain Name System";
    A "dns.a" "Address" Kind::Ipv4;
    AAAA "dns.aaaa" "AAAA Address" Kind::Ipv6;
    AFSDB_HOSTNAME "dns.afsdb.hostname" "Hostname" Kind::Str;
    AFSDB_SUBTYPE "dns.afsdb.subtype" "Subtype" Kind::Uint(16, Base::Dec);
    CAA_FLAGS "dns.caa.flags" "CAA Flags" Kind::Uint(8, Base::Hex);
    CAA_FLAGS_ISSUER_CRITICAL "dns.caa.flags.issuer_critical" "Issuer Critical" Kind::Bool;
    CAA_IODEF "dns.caa.iodef" "Report URL" Kind::Str;
    CAA_ISSUE "dns.caa.issue" "Issue" Kind::Str;
    CAA_ISSUEWILD "dns.caa.issuewild" "Issue Wildcard" Kind::Str;
    CAA_TAG "dns.caa.tag" "Tag" Kind::Str;
    CAA_TAG_LENGTH "dns.caa.tag_length" "Tag length" Kind::Uint(8, Base::Dec);
    CAA_UNKNOWN "dns.caa.unknown" "Unknown tag" Kind::Str;
    CAA_VALUE "dns.caa.value" "Value" Kind::Str;
    CERT_ALGORITHM "dns.cert.algorithm" "Algorithm" Kind::Uint(8, Base::Dec);
    CERT_CERTIFICATE "dns.cert.certificate" "Certificate (or CRL)" Kind::Bytes;
    CERT_KEY_TAG "dns.cert.key_tag" "Key Tag" Kind::Uint(16, Base::Hex);
    CERT_TYPE "dns.cert.type" "Type" Kind::Uint(16, Base::Dec);
    CNAME "dns.cname" "CNAME" Kind::Str;
    COUNT_ADD_RR "dns.count.add_rr" "Additional RRs" Kind::Uint(16, Base::Dec);
    COUNT_ANSWERS "dns.count.answers" "Answer RRs" Kind::Uint(16, Base::Dec);
    COUNT_AUTH_RR "dns.count.auth_rr" "Authority RRs" Kind::Uint(16, Base::Dec);
    COUNT_LABELS "dns.count.labels" "Label Count" Kind::Uint(16, Base::Dec);
    COUNT_PREREQUISITES "dns.count.prerequisites" "Prerequisites" Kind::Uint(16, Base::Dec);
    COUNT_QUERIES "dns.count.queries" "Questions" Kind::Uint(16, Base::Dec);
    COUNT_UPDATES "dns.count.updates" "Updates" Kind::Uint(16, Base::Dec);
    COUNT_ZONES "dns.count.zones" "Zones" Kind::Uint(16, Base::Dec);
    DATA "dns.data" "Data" Kind::Bytes;
    DNAME "dns.dname" "Dname" Kind::Str;
    DNSKEY_ALGORITHM "dns.dnskey.algorithm" "Algorithm" Kind::Uint(8, Base::Dec), names::algorithm;
    DNSKEY_FLAGS "dns.dnskey.flags" "Flags" Kind::Uint(16, Base::Hex);
    DNSKEY_FLAGS_KEY_REVOKED "dns.dnskey.flags.key_revoked" "Key Revoked" Kind::Bool;
    DNSKEY_FLAGS_RESERVED "dns.dnskey.flags.reserved" "Key Signing Key" Kind::Uint(16, Base::Hex);
    DNSKEY_FLAGS_SECURE_ENTRY_POINT "dns.dnskey.flags.secure_entry_point" "Key Signing Key" Kind::Bool;
    DNSKEY_FLAGS_ZONE_KEY "dns.dnskey.flags.zone_key" "Zone Key" Kind::Bool;
    DNSKEY_KEY_ID "dns.dnskey.key_id" "Key id" Kind::Uint(16, Base::Dec);
    DNSKEY_PROTOCOL "dns.dnskey.protocol" "Protocol" Kind::Uint(8, Base::Dec);
    DNSKEY_PUBLIC_KEY "dns.dnskey.public_key" "Public Key" Kind::Bytes;
    DS_ALGORITHM "dns.ds.algorithm" "Algorithm" Kind::Uint(8, Base::Dec), names::algorithm;
    DS_DIGEST "dns.ds.digest" "Digest" Kind::Bytes;
    DS_DIGEST_TYPE "dns.ds.digest_type" "Digest Type" Kind::Uint(8, Base::Dec), names::digest;
    DS_KEY_ID "dns.ds.key_id" "Key id" Kind::Uint(16, Base::Hex);
    EUI48 "dns.eui48" "EUI48 Address" Kind::Ether;
    FLAGS "dns.flags" "Flags" Kind::Uint(16, Base::Hex);
    FLAGS_AUTHENTICATED "dns.flags.authenticated" "Answer authenticated" Kind::Bool;
    FLAGS_AUTHORITATIVE "dns.flags.authoritative" "Authoritative" Kind::Bool;
    FLAGS_CHECKDISABLE "dns.flags.checkdisable" "Non-authenticated data" Kind::Bool;
    FLAGS_CONFLICT "dns.flags.conflict" "Conflict" Kind::Bool;
    FLAGS_OPCODE "dns.flags.opcode" "Opcode" Kind::Uint(16, Base::Dec), names::opcode;
    FLAGS_RCODE "dns.flags.rcode" "Reply code" Kind::Uint(16, Base::Dec), names::rcode;
    FLAGS_RECAVAIL "dns.flags.recavail" "Recursion available" Kind::Bool;
    FLAGS_RECDESIRED "dns.flags.recdesired" "Recursion desired" Kind::Bool;
    FLAGS_RESPONSE "dns.flags.response" "Response" Kind::Bool;
    FLAGS_TENTATIVE "dns.flags.tentative" "Tentative" Kind::Bool;
    FLAGS_TRUNCATED "dns.flags.truncated" "Truncated" Kind::Bool;
    FLAGS_Z "dns.flags.z" "Z" Kind::Bool;
    HINFO_CPU "dns.hinfo.cpu" "CPU" Kind::Str;
    HINFO_CPU_LENGTH "dns.hinfo.cpu_length" "CPU Length" Kind::Uint(8, Base::Dec);
    HINFO_OS "dns.hinfo.os" "OS" Kind::Str;
    HINFO_OS_LENGTH "dns.hinfo.os_length" "OS Length" Kind::Uint(8, Base::Dec);
    ID "dns.id" "Transaction ID" Kind::Uint(16, Base::Hex);
    IPSECKEY_GATEWAY_ALGORITHM "dns.ipseckey.gateway_algorithm" "Gateway Algorithm" Kind::Uint(8, Base::Dec);
    IPSECKEY_GATEWAY_DNS "dns.ipseckey.gateway_dns" "DNS Gateway" Kind::Str;
    IPSECKEY_GATEWAY_IPV4 "dns.ipseckey.gateway_ipv4" "IPv4 Gateway" Kind::Ipv4;
    IPSECKEY_GATEWAY_IPV6 "dns.ipseckey.gateway_ipv6" "IPv6 Gateway" Kind::Ipv6;
    IPSECKEY_GATEWAY_PRECEDENCE "dns.ipseckey.gateway_precedence" "Gateway Precedence" Kind::Uint(8, Base::Dec);
    IPSECKEY_GATEWAY_TYPE "dns.ipseckey.gateway_type" "Gateway Type" Kind::Uint(8, Base::Dec);
    IPSECKEY_PUBLIC_KEY "dns.ipseckey.public_key" "Public Key" Kind::Bytes;
    KEY_ALGORITHM "dns.key.algorithm" "Algorithm" Kind::Uint(8, Base::Dec), names::algorithm;
    KEY_FLAGS "dns.key.flags" "Flags" Kind::Uint(16, Base::Hex);
    KEY_KEY_ID "dns.key.key_id" "Key ID" Kind::Uint(16, Base::Dec);
    KEY_PROTOCOL "dns.key.protocol" "Protocol" Kind::Uint(8, Base::Dec);
    KEY_PUBLIC_KEY "dns.key.public_key" "Public Key" Kind::Bytes;
    LENGTH "dns.length" "Length" Kind::Uint(16, Base::Dec);
    LOC_ALTITUDE "dns.loc.altitude" "Altitude" Kind::Uint(32, Base::Dec);
    LOC_HORIZONTAL_PRECISION "dns.loc.horizontal_precision" "Horizontal Precision" Kind::Uint(8, Base::Dec);
    LOC_LATITUDE "dns.loc.latitude" "Latitude" Kind::Uint(32, Base::Dec);
    LOC_LONGITUDE "dns.loc.longitude" "Longitude" Kind::Uint(32, Base::Dec);
    LOC_SIZE "dns.loc.size" "Size" Kind::Uint(8, Base::Dec);
    LOC_UNKNOWN_DATA "dns.loc.unknown_data" "Unknown data" Kind::Bytes;
    LOC_VERSION "dns.loc.version" "Version" Kind::Uint(8, Base::Dec);
    LOC_VERTICAL_PRECISION "dns.loc.vertical_precision" "Vertical Precision" Kind::Uint(8, Base::Dec);
    MX_MAIL_EXCHANGE "dns.mx.mail_exchange" "Mail Exchange" Kind::Str;
    MX_PREFERENCE "dns.mx.preference" "Preference" Kind::Uint(16, Base::Dec);
    NAPTR_FLAGS "dns.naptr.flags" "Flags" Kind::Str;
    NAPTR_FLAGS_LENGTH "dns.naptr.flags_length" "Flags Length" Kind::Uint(8, Base::Dec);
    NAPTR_ORDER "dns.naptr.order" "Order" Kind::Uint(16, Base::Dec);
    NAPTR_PREFERENCE "dns.naptr.preference" "Preference" Kind::Uint(16, Base::Dec);
    NAPTR_REGEX "dns.naptr.regex" "Regex" Kind::Str;
    NAPTR_REGEX_LENGTH "dns.naptr.regex_length" "Regex Length" Kind::Uint(8, Base::Dec);
    NAPTR_REPLACEMENT "dns.naptr.replacement" "Replacement" Kind::Str;
    NAPTR_REPLACEMENT_LENGTH "dns.naptr.replacement_length" "Replacement Length" Kind::Uint(8, Base::Dec);
    NAPTR_SERVICE "dns.naptr.service" "Service" Kind::Str;
    NAPTR_SERVICE_LENGTH "dns.naptr.service_length" "Service Length" Kind::Uint(8, Base::Dec);
    NS "dns.ns" "Name Server" Kind::Str;
    NSEC_NEXT_DOMAIN_NAME "dns.nsec.next_domain_name" "Next Domain Name" Kind::Str;
    NSEC3_ALGO "dns.nsec3.algo" "Hash algorithm" Kind::Uint(8, Base::Dec), names::nsec3_hash;
    NSEC3_FLAGS "dns.nsec3.flags" "NSEC3 flags" Kind::Uint(8, Base::Dec);
    NSEC3_FLAGS_OPT_OUT "dns.nsec3.flags.opt_out" "NSEC3 Opt-out flag" Kind::Bool;
    NSEC3_HASH_LENGTH "dns.nsec3.hash_length" "Hash length" Kind::Uint(8, Base::Dec);
    NSEC3_HASH_VALUE "dns.nsec3.hash_value" "Next hashed owner" Kind::Str;
    NSEC3_ITERATIONS "dns.nsec3.iterations" "NSEC3 iterations" Kind::Uint(16, Base::Dec);
    NSEC3_SALT_LENGTH "dns.nsec3.salt_length" "Salt length" Kind::Uint(8, Base::Dec);
    NSEC3_SALT_VALUE "dns.nsec3.salt_value" "Salt value" Kind::Bytes;
    OPT "dns.opt" "Option" Kind::None;
    OPT_CHAIN_FQDN "dns.opt.chain.fqdn" "Closest Trust Point" Kind::Str;
    OPT_CLIENT_ADDR "dns.opt.client.addr" "Client Subnet" Kind::Bytes;
    OPT_CLIENT_ADDR4 "dns.opt.client.addr4" "Client Subnet" Kind::Ipv4;
    OPT_CLIENT_ADDR6 "dns.opt.client.addr6" "Client Subnet" Kind::Ipv6;
    OPT_CLIENT_FAMILY "dns.opt.client.family" "Family" Kind::Uint(16, Base::Dec), names::family;
    OPT_CLIENT_NETMASK "dns.opt.client.netmask" "Source Netmask" Kind::Uint(8, Base::Dec);
    OPT_CLIENT_SCOPE "dns.opt.client.scope" "Scope Netmask" Kind::Uint(8, Base::Dec);
    OPT_CODE "dns.opt.code" "Option Code" Kind::Uint(16, Base::Dec), names::option;
    OPT_COOKIE_CLIENT "dns.opt.cookie.client" "Client Cookie" Kind::Bytes;
    OPT_COOKIE_SERVER "dns.opt.cookie.server" "Server Cookie" Kind::Bytes;
    OPT_DATA "dns.opt.data" "Option Data" Kind::Bytes;
    OPT_DAU "dns.opt.dau" "DAU" Kind::Uint(8, Base::Dec);
    OPT_DHU "dns.opt.dhu" "DHU" Kind::Uint(8, Base::Dec);
    OPT_EDNS_TCP_KEEPALIVE_TIMEOUT "dns.opt.edns_tcp_keepalive.timeout" "Timeout" Kind::Uint(16, Base::Dec);
    OPT_EXT_ERROR_EXTRA_TEXT "dns.opt.ext_error.extra_text" "Extra Text" Kind::Str;
    OPT_EXT_ERROR_INFO_CODE "dns.opt.ext_error.info_code" "Info Code" Kind::Uint(16, Base::Dec), names::ext_error;
    OPT_LEN "dns.opt.len" "Option Length" Kind::Uint(16, Base::Dec);
    OPT_N3U "dns.opt.n3u" "N3U" Kind::Uint(8, Base::Dec);
    OPT_PADDING "dns.opt.padding" "Padding" Kind::Bytes;
    PTR_DOMAIN_NAME "dns.ptr.domain_name" "Domain Name" Kind::Str;
    QRY_CLASS "dns.qry.class" "Class" Kind::Uint(16, Base::Hex), names::class;
    QRY_NAME "dns.qry.name" "Name" Kind::Str;
    QRY_NAME_LEN "dns.qry.name.len" "Name Length" Kind::Uint(16, Base::Dec);
    QRY_QU "dns.qry.qu" "\"QU\" question" Kind::Bool;
    QRY_TYPE "dns.qry.type" "Type" Kind::Uint(16, Base::Dec), names::rr_type;
    RESP_CACHE_FLUSH "dns.resp.cache_flush" "Cache flush" Kind::Bool;
    RESP_CLASS "dns.resp.class" "Class" Kind::Uint(16, Base::Hex), names::class;
    RESP_EDNS0_VERSION "dns.resp.edns0_version" "EDNS0 version" Kind::Uint(8, Base::Dec);
    RESP_EXT_RCODE "dns.resp.ext_rcode" "Higher bits in extended RCODE" Kind::Uint(8, Base::Hex);
    RESP_LEN "dns.resp.len" "Data length" Kind::Uint(16, Base::Dec);
    RESP_NAME "dns.resp.name" "Name" Kind::Str;
    RESP_TTL "dns.resp.ttl" "Time to live" Kind::Uint(32, Base::Dec);
    RESP_TYPE "dns.resp.type" "Type" Kind::Uint(16, Base::Dec), names::rr_type;
    RESP_Z "dns.resp.z" "Z" Kind::Uint(16, Base::Hex);
    RESP_Z_DO "dns.resp.z.do" "DO bit" Kind::Bool;
    RESP_Z_RESERVED "dns.resp.z.reserved" "Reserved" Kind::Uint(16, Base::Hex);
    RP_MAILBOX "dns.rp.mailbox" "Mailbox" Kind::Str;
    RP_TXT_RR "dns.rp.txt_rr" "TXT RR" Kind::Str;
    RR_OPT_BAD_LENGTH "dns.rr.opt.bad_length" "Length too long for any type of IP address." Kind::None;
    RR_UDP_PAYLOAD_SIZE "dns.rr.udp_payload_size" "UDP payload size" Kind::Uint(16, Base::Dec);
    RRSIG_ALGORITHM "dns.rrsig.algorithm" "Algorithm" Kind::Uint(8, Base::Dec), names::algorithm;
    RRSIG_KEY_TAG "dns.rrsig.key_tag" "Key Tag" Kind::Uint(16, Base::Dec);
    RRSIG_LABELS "dns.rrsig.labels" "Labels" Kind::Uint(8, Base::Dec);
    RRSIG_ORIGINAL_TTL "dns.rrsig.original_ttl" "Original TTL" Kind::Uint(32, Base::Dec);
    RRSIG_SIGNATURE "dns.rrsig.signature" "Signature" Kind::Bytes;
    RRSIG_SIGNATURE_EXPIRATION "dns.rrsig.signature_expiration" "Signature Expiration" Kind::LocalTime;
    RRSIG_SIGNATURE_INCEPTION "dns.rrsig.signature_inception" "Signature Inception" Kind::LocalTime;
    RRSIG_SIGNERS_NAME "dns.rrsig.signers_name" "Signer's name" Kind::Str;
    RRSIG_TYPE_COVERED "dns.rrsig.type_covered" "Type Covered" Kind::Uint(16, Base::Dec), names::rr_type;
    SOA_EXPIRE_LIMIT "dns.soa.expire_limit" "Expire limit" Kind::Uint(32, Base::Dec);
    SOA_MINIMUM_TTL "dns.soa.minimum_ttl" "Minimum TTL" Kind::Uint(32, Base::Dec);
    SOA_MNAME "dns.soa.mname" "Primary name server" Kind::Str;
    SOA_REFRESH_INTERVAL "dns.soa.refresh_interval" "Refresh Interval" Kind::Uint(32, Base::Dec);
    SOA_RETRY_INTERVAL "dns.soa.retry_interval" "Retry Interval" Kind::Uint(32, Base::Dec);
    SOA_RNAME "dns.soa.rname" "Responsible authority's mailbox" Kind::Str;
    SOA_SERIAL_NUMBER "dns.soa.serial_number" "Serial Number" Kind::Uint(32, Base::Dec);
    SPF "dns.spf" "SPF" Kind::Str;
    SPF_LENGTH "dns.spf.length" "SPF Length" Kind::Uint(8, Base::Dec);
    SRV_NAME "dns.srv.name" "Name" Kind::Str;
    SRV_PORT "dns.srv.port" "Port" Kind::Uint(16, Base::Dec);
    SRV_PRIORITY "dns.srv.priority" "Priority" Kind::Uint(16, Base::Dec);
    SRV_PROTO "dns.srv.proto" "Protocol" Kind::Str;
    SRV_SERVICE "dns.srv.service" "Service" Kind::Str;
    SRV_TARGET "dns.srv.target" "Target" Kind::Str;
    SRV_WEIGHT "dns.srv.weight" "Weight" Kind::Uint(16, Base::Dec);
    SSHFP_ALGORITHM "dns.sshfp.algorithm" "Algorithm" Kind::Uint(8, Base::Dec), names::sshfp_algorithm;
    SSHFP_FINGERPRINT "dns.sshfp.fingerprint" "Fingerprint" Kind::Bytes;
    SSHFP_FINGERPRINT_TYPE "dns.sshfp.fingerprint.type" "Fingerprint type" Kind::Uint(8, Base::Dec), names::sshfp_hash;
    SVCB_SVCPARAM "dns.svcb.svcparam" "SvcParam" Kind::None;
    SVCB_SVCPARAM_ALPN "dns.svcb.svcparam.alpn" "ALPN" Kind::Str;
    SVCB_SVCPARAM_ALPN_LENGTH "dns.svcb.svcparam.alpn.length" "ALPN length" Kind::Uint(8, Base::Dec);
    SVCB_SVCPARAM_ECHCONFIG "dns.svcb.svcparam.echconfig" "ECHConfig" Kind::Bytes;
    SVCB_SVCPARAM_IPV4HINT_IP "dns.svcb.svcparam.ipv4hint.ip" "IP" Kind::Ipv4;
    SVCB_SVCPARAM_IPV6HINT_IP "dns.svcb.svcparam.ipv6hint.ip" "IP" Kind::Ipv6;
    SVCB_SVCPARAM_KEY "dns.svcb.svcparam.key" "SvcParamKey" Kind::Uint(16, Base::Dec), names::svc_key;
    SVCB_SVCPARAM_MANDATORY_KEY "dns.svcb.svcparam.mandatory.key" "Mandatory key" Kind::Uint(16, Base::Dec), names::svc_key;
    SVCB_SVCPARAM_PORT "dns.svcb.svcparam.port" "Port" Kind::Uint(16, Base::Dec);
    SVCB_SVCPARAM_VALUE "dns.svcb.svcparam.value" "SvcParamValue" Kind::Bytes;
    SVCB_SVCPARAM_VALUE_LENGTH "dns.svcb.svcparam.value.length" "SvcParamValue length" Kind::Uint(16, Base::Dec);
    SVCB_SVCPRIORITY "dns.svcb.svcpriority" "SvcPriority" Kind::Uint(16, Base::Dec);
    SVCB_TARGETNAME "dns.svcb.targetname" "TargetName" Kind::Str;
    TKEY_ALGO_NAME "dns.tkey.algo_name" "Algorithm name" Kind::Str;
    TKEY_ERROR "dns.tkey.error" "Error" Kind::Uint(16, Base::Dec), names::rcode;
    TKEY_KEY_DATA "dns.tkey.key_data" "Key Data" Kind::Bytes;
    TKEY_KEY_SIZE "dns.tkey.key_size" "Key Size" Kind::Uint(16, Base::Dec);
    TKEY_MODE "dns.tkey.mode" "Mode" Kind::Uint(16, Base::Dec);
    TKEY_OTHER_DATA "dns.tkey.other_data" "Other Data" Kind::Bytes;
    TKEY_OTHER_SIZE "dns.tkey.other_size" "Other Size" Kind::Uint(16, Base::Dec);
    TKEY_SIGNATURE_EXPIRATION "dns.tkey.signature_expiration" "Signature Expiration" Kind::LocalTime;
    TKEY_SIGNATURE_INCEPTION "dns.tkey.signature_inception" "Signature Inception" Kind::LocalTime;
    TLSA_CERTIFICATE_ASSOCIATION_DATA "dns.tlsa.certificate_association_data" "Certificate Association Data" Kind::Bytes;
    TLSA_CERTIFICATE_USAGE "dns.tlsa.certificate_usage" "Certificate Usage" Kind::Uint(8, Base::Dec);
    TLSA_MATCHING_TYPE "dns.tlsa.matching_type" "Matching Type" Kind::Uint(8, Base::Dec);
    TLSA_SELECTOR "dns.tlsa.selector" "Selector" Kind::Uint(8, Base::Dec);
    TSIG_ALGORITHM_NAME "dns.tsig.algorithm_name" "Algorithm Name" Kind::Str;
    TSIG_ERROR "dns.tsig.error" "Error" Kind::Uint(16, Base::Dec), names::rcode;
    TSIG_FUDGE "dns.tsig.fudge" "Fudge" Kind::Uint(16, Base::Dec);
    TSIG_MAC "dns.tsig.mac" "MAC" Kind::None;
    TSIG_MAC_SIZE "dns.tsig.mac_size" "MAC Size" Kind::Uint(16, Base::Dec);
    TSIG_ORIGINAL_ID "dns.tsig.original_id" "Original Id" Kind::Uint(16, Base::Dec);
    TSIG_OTHER_DATA "dns.tsig.other_data" "Other Data" Kind::Bytes;
    TSIG_OTHER_LEN "dns.tsig.other_len" "Other Len" Kind::Uint(16, Base::Dec);
    TSIG_TIME_SIGNED "dns.tsig.time_signed" "Time Signed" Kind::LocalTime;
    TXT "dns.txt" "TXT" Kind::Str;
    TXT_LENGTH "dns.txt.length" "TXT Length" Kind::Uint(8, Base::Dec);
    RESPONSE_TO "dns.response_to" "Request In" Kind::FrameNum;
    RETRANSMISSION "dns.retransmission" "Retransmission" Kind::Bool;
    RETRANSMIT_REQUEST_IN "dns.retransmit_request_in" "Retransmitted request. Original request in" Kind::FrameNum;
    RETRANSMIT_RESPONSE_IN "dns.retransmit_response_in" "Retransmitted response. Original response in" Kind::FrameNum;
    TIME "dns.time" "Time" Kind::RelTime;
    UNSOLICITED "dns.unsolicited" "Unsolicited" Kind::Bool;
}

/// Multicast DNS counts as a protocol of its own, with the fields of DNS.
pub mod mdns {
    crate::protocol! { Mdns, "mdns", "Multicast Domain Name System"; }
}

/// So does the link-local variant.
pub mod llmnr {
    crate::protocol! { Llmnr, "llmnr", "Link-local Multicast Name Resolution"; }
}

/// Which of the protocols that share the message a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// DNS itself.
    Dns,
    /// Multicast DNS.
    Mdns,
    /// Link-local multicast name resolution.
    Llmnr,
}

const HDR: usize = 12;
/// Pointers that are followed for one name: more than it can have labels.
const JUMPS: usize = 256;
/// Longest text of a name.
const NAME: usize = 255;

/// A name as text: labels with dots between, as they are in the packet.
#[derive(Debug)]
pub struct Name {
    bytes: [u8; NAME],
    len: usize,
    /// Bytes that it takes where it stands.
    pub used: usize,
}

impl Name {
    /// The bytes of the text.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// As it is shown.
    #[must_use]
    pub fn text(&self) -> Text<1024> {
        Text::escaped(self.bytes())
    }

    fn instead(&mut self, text: &str) {
        self.len = text.len();
        self.bytes[..self.len].copy_from_slice(text.as_bytes());
    }

    /// Reads the name at `at` of a message, following pointers.
    ///
    /// # Errors
    /// When it reaches beyond the message or has a label of the reserved kind.
    pub fn read(b: Buf<'_>, at: usize) -> Outcome<Self> {
        let mut n = Self { bytes: [0; NAME], len: 0, used: 0 };
        let (mut pos, mut walked, mut jumped) = (at, 0usize, false);
        let (mut full, mut jumps) = (false, 0);
        loop {
            let len = usize::from(b.u8(pos)?);
            pos += 1;
            // Of a name that is too long only the end matters, and that only where it stands.
            if len == 0 || (full && jumped) {
                break;
            }
            match len >> 6 {
                0 => {
                    let label = b.get(pos, len)?;
                    let dot = usize::from(n.len > 0);
                    if n.len + dot + len > NAME {
                        full = true;
                    } else if !full {
                        if dot > 0 {
                            n.bytes[n.len] = b'.';
                        }
                        n.bytes[n.len + dot..n.len + dot + len].copy_from_slice(label);
                        n.len += dot + len;
                    }
                    pos += len;
                    walked += len + 1;
                }
                3 => {
                    let to = (len & 0x3F) << 8 | usize::from(b.u8(pos)?);
                    pos += 1;
                    walked += 2;
                    if !jumped {
                        n.used = pos - at;
                        jumped = true;
                    }
                    // A name that was read for longer than the message is runs in a circle.
                    jumps += 1;
                    if walked >= b.reported() || jumps > JUMPS {
                        n.instead("<Name contains a pointer that loops>");
                        return Ok(n);
                    }
                    pos = to;
                }
                1 => {
                    if !jumped {
                        n.used = pos - at;
                    }
                    n.instead("<Unknown extended label>");
                    return Ok(n);
                }
                _ => return Err(b.malformed(pos - 1)),
            }
        }
        if !jumped {
            n.used = pos - at;
        }
        if full {
            n.instead("<Name too long>");
        } else if n.len == 0 {
            n.instead("<Root>");
        }
        Ok(n)
    }
}

/// A message in a datagram.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, v: Variant) -> Outcome {
    let proto = match v {
        Variant::Dns => Proto::Dns,
        Variant::Mdns => Proto::Mdns,
        Variant::Llmnr => Proto::Llmnr,
    };
    c.layer(proto, b.whole());
    message(c, b, v)
}

/// True when a datagram to any port is a DNS message beyond reasonable doubt: plain flags, one
/// question of a known type and class, and of a query nothing but it and an OPT record.
#[must_use]
pub fn recognised(b: Buf<'_>) -> bool {
    let Some(head) = b.bytes().first_chunk::<HDR>() else { return false };
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let (flags, answers, authorities, additional) = (word(2), word(6), word(8), word(10));
    let response = flags & 0x8000 != 0;
    // Operation 0, reserved bit 0, results up to 5.
    if flags & 0x7840 != 0 || flags & 15 > 5 || word(4) != 1 {
        return false;
    }
    if !response && (flags & 0x048F != 0 || answers | authorities != 0 || additional > 1) {
        return false;
    }
    let Ok(name) = Name::read(b, HDR) else { return false };
    let at = HDR + name.used;
    let (Ok(kind), Ok(class)) = (b.u16(at), b.u16(at + 2)) else { return false };
    let records = usize::from(answers) + usize::from(authorities) + usize::from(additional);
    let plain = name.bytes().iter().all(|b| (0x21..0x7F).contains(b));
    // A record takes eleven bytes at least.
    plain && class == 1 && names::rr_type(kind.into()).is_some_and(|_| kind != 0) && {
        let rest = b.reported().saturating_sub(at + 4);
        if records == 0 { rest == 0 } else { rest >= records * 11 }
    }
}

/// The message at the start of `b`, and the question that it belongs to.
pub fn message<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, v: Variant) -> Outcome {
    let pair = dns_pairs::find(c, b);
    if super::idle(c, Proto::Dns) {
        return Ok(());
    }
    sections(c, b, v)?;
    dns_pairs::show(c, pair);
    Ok(())
}

/// Header, questions and records.
fn sections<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, v: Variant) -> Outcome {
    if let Some(s) = c.summary() {
        s.take(match v {
            Variant::Dns => "DNS",
            Variant::Mdns => "MDNS",
            Variant::Llmnr => "LLMNR",
        });
    }
    let (id, flags) = (b.u16(0)?, b.u16(2)?);
    let response = flags & 0x8000 != 0;
    let opcode = flags >> 11 & 15;
    let info = c.summary().map(|s| &mut s.info);
    if let Some(info) = info {
        match names::opcode(opcode.into()) {
            Some(name) => info.text(name),
            None => {
                info.text("Unknown operation (");
                info.dec(opcode.into());
                info.text(")");
            }
        }
        info.text(if response { " response " } else { " " });
        info.hex0x(id.into(), 4);
        if response && flags & 15 != 0 {
            info.text(" ");
            info.text(names::rcode(u64::from(flags & 15)).unwrap_or("Unknown error"));
        }
    }
    c.u16(ID, b, 0)?;
    c.bits(FLAGS, flags, b, 2, 2);
    c.sink.open();
    header_flags(c, b, flags, v);
    c.sink.close();
    let update = opcode == 5;
    let counts = if update {
        [COUNT_ZONES, COUNT_PREREQUISITES, COUNT_UPDATES, COUNT_ADD_RR]
    } else {
        [COUNT_QUERIES, COUNT_ANSWERS, COUNT_AUTH_RR, COUNT_ADD_RR]
    };
    let mut n = [0u16; 4];
    for (i, id) in counts.into_iter().enumerate() {
        n[i] = c.u16(id, b, 4 + 2 * i)?;
    }
    let mut at = HDR;
    for _ in 0..n[0] {
        at += question(c, b, at, v)?;
    }
    for count in &n[1..] {
        for _ in 0..*count {
            at += dns_rdata::record(c, b, at, v)?;
        }
    }
    Ok(())
}

fn header_flags<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, flags: u16, v: Variant) {
    let response = flags & 0x8000 != 0;
    c.parts(flags, b, 2, 2, &[(FLAGS_RESPONSE, 15, 1), (FLAGS_OPCODE, 11, 4)]);
    if v == Variant::Llmnr {
        c.parts(flags, b, 2, 2, &[(FLAGS_CONFLICT, 10, 1), (FLAGS_TRUNCATED, 9, 1), (FLAGS_TENTATIVE, 8, 1)]);
    } else {
        if response {
            c.parts(flags, b, 2, 2, &[(FLAGS_AUTHORITATIVE, 10, 1)]);
        }
        c.parts(flags, b, 2, 2, &[(FLAGS_TRUNCATED, 9, 1), (FLAGS_RECDESIRED, 8, 1)]);
        if response {
            c.parts(flags, b, 2, 2, &[(FLAGS_RECAVAIL, 7, 1)]);
        }
        c.parts(flags, b, 2, 2, &[(FLAGS_Z, 6, 1)]);
        if response || flags & 0x20 != 0 {
            c.parts(flags, b, 2, 2, &[(FLAGS_AUTHENTICATED, 5, 1)]);
        }
        c.parts(flags, b, 2, 2, &[(FLAGS_CHECKDISABLE, 4, 1)]);
    }
    if response {
        c.parts(flags, b, 2, 2, &[(FLAGS_RCODE, 0, 4)]);
    }
}

fn question<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, v: Variant) -> Outcome<usize> {
    let name = Name::read(b, at)?;
    let (kind, class) = (b.u16(at + name.used)?, b.u16(at + name.used + 2)?);
    let span = b.span(at, name.used);
    let text = name.text();
    if let Some(info) = c.summary().map(|s| &mut s.info) {
        type_name(info, kind);
        info.text(" ");
        info.text(text.as_str());
        if v == Variant::Mdns {
            info.text(if class & 0x8000 != 0 { ", \"QU\" question" } else { ", \"QM\" question" });
        }
    }
    c.field(QRY_NAME, Value::Str(text.as_str()), span);
    c.sink.open();
    c.field(QRY_NAME_LEN, Value::Uint(name.bytes().len() as u64), span);
    let labels = name.bytes().iter().filter(|&&x| x == b'.').count() + 1;
    c.field(COUNT_LABELS, Value::Uint(labels as u64), span);
    let at = at + name.used;
    c.u16(QRY_TYPE, b, at)?;
    if v == Variant::Mdns {
        c.bits(QRY_CLASS, class & 0x7FFF, b, at + 2, 2);
        c.bits(QRY_QU, class >> 15, b, at + 2, 2);
    } else {
        c.u16(QRY_CLASS, b, at + 2)?;
    }
    c.sink.close();
    Ok(name.used + 4)
}

/// A blank and the name of a record type.
pub fn type_name(info: &mut Vec<u8>, kind: u16) {
    info.text(" ");
    match names::rr_type(kind.into()) {
        Some(name) => info.text(name),
        None => {
            info.text("Unknown (");
            info.dec(kind.into());
            info.text(")");
        }
    }
}
