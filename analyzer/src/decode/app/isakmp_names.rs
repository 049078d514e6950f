//! Texts of the codes in key exchange messages, from the registries of IANA.

use crate::decode::names::table;

table! {
    /// Payload.
    payload {
        0 "NONE / No Next Payload" 1 "Security Association" 2 "Proposal" 3 "Transform" 4 "Key Exchange"
        5 "Identification" 6 "Certificate" 7 "Certificate Request" 8 "Hash" 9 "Signature" 10 "Nonce"
        11 "Notification" 12 "Delete" 13 "Vendor ID" 14 "Attribute" 20 "NAT-D (RFC 3947)" 21 "NAT-OA (RFC 3947)"
        33 "Security Association" 34 "Key Exchange" 35 "Identification - Initiator"
        36 "Identification - Responder" 37 "Certificate" 38 "Certificate Request" 39 "Authentication" 40 "Nonce"
        41 "Notify" 42 "Delete" 43 "Vendor ID" 44 "Traffic Selector - Initiator"
        45 "Traffic Selector - Responder" 46 "Encrypted and Authenticated" 47 "Configuration"
        48 "Extensible Authentication" 53 "Encrypted and Authenticated Fragment"
    }
    /// Exchange.
    exchange {
        0 "NONE" 1 "Base" 2 "Identity Protection (Main Mode)" 3 "Authentication Only" 4 "Aggressive"
        5 "Informational" 6 "Transaction (Config Mode)" 32 "Quick Mode" 33 "New Group Mode" 34 "IKE_SA_INIT"
        35 "IKE_AUTH" 36 "CREATE_CHILD_SA" 37 "INFORMATIONAL" 38 "IKE_SESSION_RESUME"
    }
    /// Protocol that a proposal is about.
    protocol { 0 "RESERVED" 1 "ISAKMP / IKE" 2 "IPSEC_AH" 3 "IPSEC_ESP" 4 "IPCOMP" }
    /// Transform of version 2.
    transform {
        1 "Encryption Algorithm (ENCR)" 2 "Pseudo-random Function (PRF)" 3 "Integrity Algorithm (INTEG)"
        4 "Diffie-Hellman Group (D-H)" 5 "Extended Sequence Numbers (ESN)"
    }
    /// Attribute of a transform of version 1.
    attribute {
        1 "Encryption-Algorithm" 2 "Hash-Algorithm" 3 "Authentication-Method" 4 "Group-Description"
        5 "Group-Type" 11 "Life-Type" 12 "Life-Duration" 13 "PRF" 14 "Key-Length"
    }
    /// Encryption of version 1.
    encryption {
        1 "DES-CBC" 2 "IDEA-CBC" 3 "BLOWFISH-CBC" 4 "RC5-R16-B64-CBC" 5 "3DES-CBC" 6 "CAST-CBC" 7 "AES-CBC"
        8 "CAMELLIA-CBC"
    }
    /// Hash of version 1.
    hash { 1 "MD5" 2 "SHA" 3 "TIGER" 4 "SHA2-256" 5 "SHA2-384" 6 "SHA2-512" }
    /// Authentication of version 1.
    authentication {
        1 "Pre-shared key" 2 "DSS signatures" 3 "RSA signatures" 4 "Encryption with RSA"
        5 "Revised encryption with RSA" 9 "ECDSA with SHA-256 on P-256" 10 "ECDSA with SHA-384 on P-384"
        11 "ECDSA with SHA-512 on P-521" 65001 "XAUTHInitPreShared"
    }
    /// Diffie-Hellman group.
    group {
        0 "UNDEFINED - 0" 1 "Default 768-bit MODP group" 2 "Alternate 1024-bit MODP group" 5 "1536 bit MODP group"
        14 "2048 bit MODP group" 15 "3072 bit MODP group" 16 "4096 bit MODP group" 17 "6144 bit MODP group"
        18 "8192 bit MODP group" 19 "256-bit random ECP group" 20 "384-bit random ECP group"
        21 "521-bit random ECP group" 22 "1024-bit MODP Group with 160-bit Prime Order Subgroup"
        23 "2048-bit MODP Group with 224-bit Prime Order Subgroup"
        24 "2048-bit MODP Group with 256-bit Prime Order Subgroup" 31 "Curve25519" 32 "Curve448"
    }
    /// Encryption of version 2.
    encryption2 {
        2 "ENCR_DES" 3 "ENCR_3DES" 11 "ENCR_NULL" 12 "ENCR_AES_CBC" 13 "ENCR_AES_CTR" 14 "ENCR_AES_CCM_8"
        15 "ENCR_AES_CCM_12" 16 "ENCR_AES_CCM_16" 18 "AES-GCM with a 8 octet ICV" 19 "AES-GCM with a 12 octet ICV"
        20 "AES-GCM with a 16 octet ICV" 28 "ENCR_CHACHA20_POLY1305"
    }
    /// Pseudo-random function.
    prf {
        1 "PRF_HMAC_MD5" 2 "PRF_HMAC_SHA1" 4 "PRF_AES128_CBC" 5 "PRF_HMAC_SHA2_256" 6 "PRF_HMAC_SHA2_384"
        7 "PRF_HMAC_SHA2_512"
    }
    /// Integrity.
    integrity {
        0 "NONE" 1 "AUTH_HMAC_MD5_96" 2 "AUTH_HMAC_SHA1_96" 5 "AUTH_AES_XCBC_96" 12 "AUTH_HMAC_SHA2_256_128"
        13 "AUTH_HMAC_SHA2_384_192" 14 "AUTH_HMAC_SHA2_512_256"
    }
    /// Identity.
    identity {
        1 "IPV4_ADDR" 2 "FQDN" 3 "USER_FQDN" 4 "IPV4_ADDR_SUBNET" 5 "IPV6_ADDR" 6 "IPV6_ADDR_SUBNET"
        7 "IPV4_ADDR_RANGE" 8 "IPV6_ADDR_RANGE" 9 "DER_ASN1_DN" 10 "DER_ASN1_GN" 11 "KEY_ID"
    }
    /// Notification.
    notify {
        1 "UNSUPPORTED_CRITICAL_PAYLOAD" 5 "INVALID_MAJOR_VERSION" 7 "INVALID_SYNTAX" 11 "INVALID_SPI"
        14 "NO_PROPOSAL_CHOSEN" 17 "INVALID_KE_PAYLOAD" 24 "AUTHENTICATION_FAILED" 38 "TS_UNACCEPTABLE"
        16384 "INITIAL_CONTACT" 16388 "NAT_DETECTION_SOURCE_IP" 16389 "NAT_DETECTION_DESTINATION_IP"
        16390 "COOKIE" 16391 "USE_TRANSPORT_MODE" 16393 "REKEY_SA" 16394 "ESP_TFC_PADDING_NOT_SUPPORTED"
        16404 "MULTIPLE_AUTH_SUPPORTED" 16406 "REDIRECT_SUPPORTED" 16430 "IKEV2_FRAGMENTATION_SUPPORTED"
        16431 "SIGNATURE_HASH_ALGORITHMS" 24576 "RESPONDER_LIFETIME" 24577 "REPLAY_STATUS"
        36136 "R_U_THERE" 36137 "R_U_THERE_ACK"
    }
}
