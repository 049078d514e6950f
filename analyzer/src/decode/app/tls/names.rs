//! Texts of the codes of TLS (IANA registries, RFC 8446).

use crate::decode::names::table;

table! {
    /// Content type of a record.
    content_type {
        20 "Change Cipher Spec" 21 "Alert" 22 "Handshake" 23 "Application Data" 24 "Heartbeat" 25 "Connection ID"
    }
    /// Protocol version.
    version {
        0x0002 "SSL 2.0" 0x0300 "SSL 3.0" 0x0301 "TLS 1.0" 0x0302 "TLS 1.1" 0x0303 "TLS 1.2" 0x0304 "TLS 1.3"
    }
    /// Protocol version, as the protocol column has it.
    short_version {
        0x0002 "SSLv2" 0x0300 "SSLv3" 0x0301 "TLSv1" 0x0302 "TLSv1.1" 0x0303 "TLSv1.2" 0x0304 "TLSv1.3"
    }
    /// Severity of an alert.
    alert_level { 1 "Warning" 2 "Fatal" }
    /// What an alert says.
    alert {
        0 "Close Notify" 10 "Unexpected Message" 20 "Bad Record MAC" 21 "Decryption Failed" 22 "Record Overflow"
        30 "Decompression Failure" 40 "Handshake Failure" 41 "No Certificate" 42 "Bad Certificate"
        43 "Unsupported Certificate" 44 "Certificate Revoked" 45 "Certificate Expired" 46 "Certificate Unknown"
        47 "Illegal Parameter" 48 "Unknown CA" 49 "Access Denied" 50 "Decode Error" 51 "Decrypt Error"
        60 "Export Restriction" 70 "Protocol Version" 71 "Insufficient Security" 80 "Internal Error"
        86 "Inappropriate Fallback" 90 "User Canceled" 100 "No Renegotiation" 109 "Missing Extension"
        110 "Unsupported Extension" 111 "Certificate Unobtainable" 112 "Unrecognized Name"
        113 "Bad Certificate Status Response" 114 "Bad Certificate Hash Value" 115 "Unknown PSK Identity"
        116 "Certificate Required" 120 "No application Protocol" 121 "ECH Required"
    }
    /// Type of a handshake message.
    handshake {
        0 "Hello Request" 1 "Client Hello" 2 "Server Hello" 3 "Hello Verify Request" 4 "New Session Ticket"
        5 "End of Early Data" 6 "Hello Retry Request" 8 "Encrypted Extensions" 11 "Certificate"
        12 "Server Key Exchange" 13 "Certificate Request" 14 "Server Hello Done" 15 "Certificate Verify"
        16 "Client Key Exchange" 20 "Finished" 21 "Client Certificate URL" 22 "Certificate Status"
        23 "Supplemental Data" 24 "Key Update" 25 "Compressed Certificate" 67 "Encrypted Extensions"
    }
    /// Type of an extension.
    known_extension {
        0 "server_name" 1 "max_fragment_length" 5 "status_request" 10 "supported_groups" 11 "ec_point_formats"
        13 "signature_algorithms" 14 "use_srtp" 15 "heartbeat" 16 "application_layer_protocol_negotiation"
        17 "status_request_v2" 18 "signed_certificate_timestamp" 19 "client_certificate_type"
        20 "server_certificate_type" 21 "padding" 22 "encrypt_then_mac" 23 "extended_master_secret"
        24 "token_binding" 25 "cached_info" 27 "compress_certificate" 28 "record_size_limit"
        34 "delegated_credentials" 35 "session_ticket" 41 "pre_shared_key" 42 "early_data"
        43 "supported_versions" 44 "cookie" 45 "psk_key_exchange_modes" 47 "certificate_authorities"
        48 "oid_filters" 49 "post_handshake_auth" 50 "signature_algorithms_cert" 51 "key_share"
        57 "quic_transport_parameters" 13172 "next_protocol_negotiation" 17513 "application_settings"
        30031 "channel_id_old" 30032 "channel_id" 65037 "encrypted_client_hello" 65281 "renegotiation_info"
    }
    /// Named group.
    known_group {
        1 "sect163k1" 2 "sect163r1" 3 "sect163r2" 4 "sect193r1" 5 "sect193r2" 6 "sect233k1" 7 "sect233r1"
        8 "sect239k1" 9 "sect283k1" 10 "sect283r1" 11 "sect409k1" 12 "sect409r1" 13 "sect571k1" 14 "sect571r1"
        15 "secp160k1" 16 "secp160r1" 17 "secp160r2" 18 "secp192k1" 19 "secp192r1" 20 "secp224k1"
        21 "secp224r1" 22 "secp256k1" 23 "secp256r1" 24 "secp384r1" 25 "secp521r1" 26 "brainpoolP256r1"
        27 "brainpoolP384r1" 28 "brainpoolP512r1" 29 "x25519" 30 "x448" 41 "curveSM2" 0x100 "ffdhe2048"
        0x101 "ffdhe3072" 0x102 "ffdhe4096" 0x103 "ffdhe6144" 0x104 "ffdhe8192" 0x11EC "X25519MLKEM768"
    }
    /// Signature scheme.
    signature {
        0x0201 "rsa_pkcs1_sha1" 0x0203 "ecdsa_sha1" 0x0401 "rsa_pkcs1_sha256" 0x0403 "ecdsa_secp256r1_sha256"
        0x0501 "rsa_pkcs1_sha384" 0x0503 "ecdsa_secp384r1_sha384" 0x0601 "rsa_pkcs1_sha512"
        0x0603 "ecdsa_secp521r1_sha512" 0x0708 "sm2sig_sm3" 0x0804 "rsa_pss_rsae_sha256"
        0x0805 "rsa_pss_rsae_sha384" 0x0806 "rsa_pss_rsae_sha512" 0x0807 "ed25519" 0x0808 "ed448"
        0x0809 "rsa_pss_pss_sha256" 0x080A "rsa_pss_pss_sha384" 0x080B "rsa_pss_pss_sha512"
    }
    /// Hash algorithm of TLS 1.2.
    hash { 0 "None" 1 "MD5" 2 "SHA1" 3 "SHA224" 4 "SHA256" 5 "SHA384" 6 "SHA512" 7 "SM3" }
    /// Signature algorithm of TLS 1.2.
    signer { 0 "Anonymous" 1 "RSA" 2 "DSA" 3 "ECDSA" 7 "ED25519" 8 "SM2" }
    /// Form of a point on a curve.
    point_format { 0 "uncompressed" 1 "ansiX962_compressed_prime" 2 "ansiX962_compressed_char2" }
    /// Type of curve.
    curve_type { 1 "explicit_prime" 2 "explicit_char2" 3 "named_curve" }
    /// Key exchange with a pre-shared key.
    psk_mode {
        0 "PSK-only key establishment (psk_ke)" 1 "PSK with (EC)DHE key establishment (psk_dhe_ke)"
    }
    /// Type of a client's certificate.
    cert_type {
        1 "RSA Sign" 2 "DSS Sign" 3 "RSA Fixed DH" 4 "DSS Fixed DH" 64 "ECDSA Sign" 65 "RSA Fixed ECDH"
        66 "ECDSA Fixed ECDH"
    }
    /// Kind of a certificate's status.
    status_type { 1 "OCSP" 2 "OCSP Multi" }
    /// Compression method.
    compression { 0 "null" 1 "DEFLATE" 64 "LZS" }
    /// Heartbeat message.
    heartbeat { 1 "Request" 2 "Response" }
    /// Compression of certificates.
    cert_compression { 1 "zlib" 2 "brotli" 3 "zstd" }
}

/// True for values that are reserved to be sent by those who try out tolerance (RFC 8701).
#[must_use]
pub const fn grease(v: u16) -> bool {
    v & 0x0F0F == 0x0A0A && v >> 8 == v & 0xFF
}

/// Type of an extension.
#[must_use]
pub fn extension(v: u64) -> Option<&'static str> {
    if grease(v as u16) { Some("Reserved (GREASE)") } else { known_extension(v) }
}

/// Named group.
#[must_use]
pub fn group(v: u64) -> Option<&'static str> {
    if grease(v as u16) { Some("Reserved (GREASE)") } else { known_group(v) }
}
