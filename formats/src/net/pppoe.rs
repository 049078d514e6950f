//! PPP over Ethernet, discovery and session stage.
//!
//! Source: RFC 2516 section 4, RFC 5578 (credit and metric codes); IANA "PPPoE".
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | version (high 4 bits), type (low 4), both 1 | `pppoe.version`, `pppoe.type` |
//! | 1 | 1 | code, 0 in the session stage | `pppoe.code` |
//! | 2 | 2 | session identifier | `pppoe.session_id` |
//! | 4 | 2 | length of the payload in bytes | `pppoe.payload_length` |
//! | 6 | - | session: a PPP frame without HDLC framing; discovery: tags | `ppp`, `pppoed.tags` |
//!
//! A tag:
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | type | `pppoed.tag` |
//! | 2 | 2 | length of the value in bytes | `pppoed.tag_length` |
//! | 4 | - | value | `pppoed.tag_data` |

use std::fmt;

use crate::Result;
use crate::bytes::{be16, prefix, split};
use crate::code::open_code;

/// Field offsets.
pub mod at {
    /// Version and type, 1 byte.
    pub const VERSION_TYPE: usize = 0;
    /// Code, 1 byte.
    pub const CODE: usize = 1;
    /// Session identifier, 2 bytes.
    pub const SESSION_ID: usize = 2;
    /// Payload length, 2 bytes.
    pub const LENGTH: usize = 4;
    /// Length of the header.
    pub const LEN: usize = 6;
    /// In a tag: length, 2 bytes.
    pub const TAG_LENGTH: usize = 2;
    /// In a tag: value.
    pub const TAG_VALUE: usize = 4;
}

open_code! {
    /// PPPoE code.
    Code(u8, hex) {
        SESSION = 0x00 "Session Data",
        PADO = 0x07 "Active Discovery Offer (PADO)",
        PADI = 0x09 "Active Discovery Initiation (PADI)",
        PADG = 0x0a "Active Discovery Session-Grant (PADG)",
        PADC = 0x0b "Active Discovery Session-Credit Response (PADC)",
        PADQ = 0x0c "Active Discovery Quality (PADQ)",
        PADR = 0x19 "Active Discovery Request (PADR)",
        PADS = 0x65 "Active Discovery Session-confirmation (PADS)",
        PADT = 0xa7 "Active Discovery Terminate (PADT)",
        PADM = 0xd3 "Active Discovery Message (PADM)",
        PADN = 0xd4 "Active Discovery Network (PADN)",
    }
}

open_code! {
    /// Type of a discovery tag.
    TagType(u16, hex) {
        END_OF_LIST = 0x0000 "End-Of-List",
        SERVICE_NAME = 0x0101 "Service-Name",
        AC_NAME = 0x0102 "AC-Name",
        HOST_UNIQ = 0x0103 "Host-Uniq",
        AC_COOKIE = 0x0104 "AC-Cookie",
        VENDOR_SPECIFIC = 0x0105 "Vendor-Specific",
        CREDITS = 0x0106 "Credits",
        METRICS = 0x0107 "Metrics",
        SEQUENCE_NUMBER = 0x0108 "Sequence Number",
        CREDIT_SCALE = 0x0109 "Credit Scale Factor",
        RELAY_SESSION_ID = 0x0110 "Relay-Session-Id",
        HURL = 0x0111 "HURL",
        MOTM = 0x0112 "MOTM",
        PPP_MAX_PAYLOAD = 0x0120 "PPP-Max-Payload",
        IP_ROUTE_ADD = 0x0121 "IP-Route-Add",
        SERVICE_NAME_ERROR = 0x0201 "Service-Name-Error",
        AC_SYSTEM_ERROR = 0x0202 "AC-System-Error",
        GENERIC_ERROR = 0x0203 "Generic-Error",
    }
}

/// A view over a PPPoE packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 6 bytes of the header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("PPPoE", "pppoe", bytes)?;
        Ok(Self { fixed, rest })
    }

    /// Version, 1.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.fixed[at::VERSION_TYPE] >> 4
    }

    /// Type, 1.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        self.fixed[at::VERSION_TYPE] & 0x0f
    }

    /// Code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code(self.fixed[at::CODE])
    }

    /// Session identifier, 0 before there is a session.
    #[must_use]
    pub const fn session_id(&self) -> u16 {
        be16(self.fixed, at::SESSION_ID)
    }

    /// Length of the payload in bytes.
    #[must_use]
    pub const fn length(&self) -> u16 {
        be16(self.fixed, at::LENGTH)
    }

    /// The payload, as far as the length goes and it is there.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.rest.get(..usize::from(self.length())).unwrap_or(self.rest)
    }

    /// Walks the tags of a discovery packet; their offsets count from the start of the header.
    #[must_use]
    pub fn tags(&self) -> Tags<'a> {
        Tags { rest: self.payload(), offset: at::LEN }
    }
}

/// One tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    /// Type.
    pub kind: TagType,
    /// Offset from the start of the header.
    pub offset: usize,
    /// Value.
    pub value: &'a [u8],
}

/// Walks tags. The walk ends after End-Of-List; a tag that is cut short is an error and the last
/// item.
#[derive(Debug, Clone)]
pub struct Tags<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Result<Tag<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        let tag = split::<{ at::TAG_VALUE }>("PPPoE tag", "pppoed.tag", self.rest).and_then(|(h, rest)| {
            let (kind, len) = (TagType(be16(h, 0)), usize::from(be16(h, at::TAG_LENGTH)));
            let value = prefix("PPPoE tag", "pppoed.tag_data", at::TAG_VALUE, rest, len)?;
            self.rest = if kind == TagType::END_OF_LIST { &[] } else { &rest[len..] };
            self.offset += at::TAG_VALUE + len;
            Ok(Tag { kind, offset, value })
        });
        if tag.is_err() {
            self.rest = &[];
        }
        Some(tag.map_err(|e| e.at(offset)))
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, session 0x{:04x}", self.code(), self.session_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // The PADI of RFC 2516 appendix B: any service name.
    const PADI: [u8; 12] = [0x11, 0x09, 0x00, 0x00, 0x00, 0x04, 0x01, 0x01, 0x00, 0x00, 0, 0];

    #[test]
    fn discovery() {
        let h = Header::new(&PADI).unwrap();
        assert_eq!((h.version(), h.kind(), h.code(), h.session_id(), h.length()), (1, 1, Code::PADI, 0, 4));
        let tags: Vec<_> = h.tags().collect();
        assert_eq!(tags, [Ok(Tag { kind: TagType::SERVICE_NAME, offset: 6, value: &[] })]);
        assert_eq!(h.to_string(), "Active Discovery Initiation (PADI), session 0x0000");
    }

    #[test]
    fn session() {
        let h = Header::new(&[0x11, 0, 0x12, 0x34, 0, 2, 0xc0, 0x21, 0]).unwrap();
        assert_eq!((h.code(), h.session_id(), h.payload()), (Code::SESSION, 0x1234, &[0xc0, 0x21][..]));
    }

    #[test]
    fn tags_end_at_the_end_of_the_list_or_at_a_bad_one() {
        let h = [0x11, 7, 0, 0, 0, 12, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0];
        assert_eq!(Header::new(&h).unwrap().tags().count(), 1);
        let h = [0x11, 7, 0, 0, 0, 9, 1, 1, 0, 0, 1, 2, 0, 9, 0];
        let tags: Vec<_> = Header::new(&h).unwrap().tags().collect();
        assert_eq!(tags[1], Err(crate::Error::short("PPPoE tag", "pppoed.tag_data", 14, 9, 1)));
        assert_eq!(tags.len(), 2);
    }

    #[test]
    fn truncated() {
        every_prefix(&PADI, 6, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(h) = Header::new(&bytes) {
                prop_assert!(h.tags().count() <= 16);
                let _ = h.to_string();
            }
        }
    }
}
