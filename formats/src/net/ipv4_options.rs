//! IPv4 options.
//!
//! Source: IANA "IP Option Numbers"; RFC 791 section 3.1, RFC 1108 (security), RFC 1063 (MTU
//! probe), RFC 1393 (traceroute), RFC 2113 (router alert), RFC 4782 (quick-start).
//!
//! | type | len | data (offset from the type) |
//! |---|---|---|
//! | 0, 1 | 1 | none: end of list, no operation |
//! | 7, 131, 137 | 3+4n | 2: pointer, 1 byte; 3: n addresses. Record, loose and strict source route |
//! | 68 | 4+ | 2: pointer; 3: overflow (high 4 bits), flag (low 4); 4: timestamps |
//! | 130 | 3+ | 2: classification level; 3: protection authorities. Basic security |
//! | 136 | 4 | 2: stream identifier, 2 bytes |
//! | 148 | 4 | 2: router alert value, 2 bytes |
//! | 11, 12 | 4 | 2: MTU, 2 bytes |
//!
//! The type is one bit "copied into fragments", two bits class, five bits number.

use std::fmt;
use std::net::Ipv4Addr;

use super::options::{RawOption, RawOptions};
use crate::Result;
use crate::code::open_code;

open_code! {
    /// Type of an IPv4 option, all eight bits.
    OptionType(u8, dec) {
        END = 0 "End of Option List (EOL)",
        NOP = 1 "No-Operation",
        RECORD_ROUTE = 7 "Record route",
        TIMESTAMP = 68 "Time stamp",
        SECURITY = 130 "Security",
        LOOSE_SOURCE_ROUTE = 131 "Loose source route",
        EXTENDED_SECURITY = 133 "Extended security",
        CIPSO = 134 "Commercial IP security option",
        STREAM_ID = 136 "Stream identifier",
        STRICT_SOURCE_ROUTE = 137 "Strict source route",
        MTU_PROBE = 11 "MTU probe",
        MTU_REPLY = 12 "MTU Reply",
        TRACEROUTE = 82 "Traceroute",
        ROUTER_ALERT = 148 "Router Alert",
        QUICK_START = 25 "Quick-Start",
    }
    also {
        10 "Experimental Measurement",
        15 "Ask Estrin",
        30 "RFC 3692-style experiment",
        94 "RFC 3692-style experiment",
        142 "Experimental Access Control",
        144 "IMI Traffic Descriptor",
        145 "Extended Internet Protocol",
        147 "Address Extension",
        149 "Selective Directed Broadcast",
        151 "Dynamic Packet State",
        152 "Upstream Multicast Packet",
        158 "RFC 3692-style experiment",
        205 "Experimental Flow Control",
        222 "RFC 3692-style experiment",
    }
}

impl OptionType {
    /// True when every fragment carries the option.
    #[must_use]
    pub const fn is_copied(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// Class: 0 control, 2 debugging and measurement.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.0 >> 5 & 3
    }

    /// Number within the class.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0 & 0x1f
    }
}

/// A route: addresses gone through, and to go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'a> {
    /// Offset of the next address from the start of the option, counted from 1; at least 4.
    pub pointer: u8,
    addresses: &'a [[u8; 4]],
}

impl<'a> Route<'a> {
    /// All addresses.
    pub fn addresses(&self) -> impl ExactSizeIterator<Item = Ipv4Addr> + 'a {
        self.addresses.iter().map(|&a| a.into())
    }

    /// Number of addresses before the pointer: those already recorded or visited.
    #[must_use]
    pub fn visited(&self) -> usize {
        (usize::from(self.pointer).saturating_sub(4) / 4).min(self.addresses.len())
    }
}

/// A decoded IPv4 option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ipv4Option<'a> {
    /// End of the list.
    End,
    /// No operation.
    Nop,
    /// Record route.
    RecordRoute(Route<'a>),
    /// Loose source route.
    LooseSourceRoute(Route<'a>),
    /// Strict source route.
    StrictSourceRoute(Route<'a>),
    /// Timestamps.
    Timestamp {
        /// Offset of the next free place from the start of the option, counted from 1.
        pointer: u8,
        /// Number of hosts that found no place, 0..=15.
        overflow: u8,
        /// 0 timestamps only, 1 with addresses, 3 with addresses given by the sender.
        flag: u8,
        /// The timestamps, each behind its address when the flag says so.
        data: &'a [u8],
    },
    /// Basic security (RFC 1108).
    Security {
        /// Classification level.
        level: u8,
        /// Protection authority flags.
        authorities: &'a [u8],
    },
    /// Stream identifier.
    StreamId(u16),
    /// Router alert; 0: every router looks at the packet.
    RouterAlert(u16),
    /// MTU probe.
    MtuProbe(u16),
    /// MTU reply.
    MtuReply(u16),
    /// A type known here whose length is not the one that its document gives.
    BadLength(RawOption<'a>),
    /// Another type.
    Other(RawOption<'a>),
}

impl<'a> Ipv4Option<'a> {
    /// Decodes one option.
    #[must_use]
    pub fn new(raw: RawOption<'a>) -> Self {
        Self::decode(raw).unwrap_or(Self::BadLength(raw))
    }

    /// `None` when the data are too short or too long for the type.
    fn decode(raw: RawOption<'a>) -> Option<Self> {
        let data = raw.data();
        let word = || raw.array().map(u16::from_be_bytes);
        Some(match OptionType(raw.kind) {
            OptionType::END => Self::End,
            OptionType::NOP => Self::Nop,
            OptionType::RECORD_ROUTE => Self::RecordRoute(route(data)?),
            OptionType::LOOSE_SOURCE_ROUTE => Self::LooseSourceRoute(route(data)?),
            OptionType::STRICT_SOURCE_ROUTE => Self::StrictSourceRoute(route(data)?),
            OptionType::TIMESTAMP => {
                let (&[pointer, of], data) = data.split_first_chunk()?;
                Self::Timestamp { pointer, overflow: of >> 4, flag: of & 0x0f, data }
            }
            OptionType::SECURITY => {
                let (&level, authorities) = data.split_first()?;
                Self::Security { level, authorities }
            }
            OptionType::STREAM_ID => Self::StreamId(word()?),
            OptionType::ROUTER_ALERT => Self::RouterAlert(word()?),
            OptionType::MTU_PROBE => Self::MtuProbe(word()?),
            OptionType::MTU_REPLY => Self::MtuReply(word()?),
            _ => Self::Other(raw),
        })
    }
}

/// A pointer and whole addresses.
fn route(data: &[u8]) -> Option<Route<'_>> {
    let (&pointer, rest) = data.split_first()?;
    let (addresses, rest) = rest.as_chunks::<4>();
    rest.is_empty().then_some(Route { pointer, addresses })
}

/// Walks and decodes the options of a packet: offset and option. It ends as [`RawOptions`] does.
#[derive(Debug, Clone)]
pub struct Ipv4Options<'a>(RawOptions<'a>);

impl<'a> Ipv4Options<'a> {
    /// Walks the bytes between the fixed header and the payload.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(RawOptions::new("IPv4", bytes))
    }
}

impl<'a> Iterator for Ipv4Options<'a> {
    type Item = Result<(usize, Ipv4Option<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map(|raw| (raw.offset, Ipv4Option::new(raw))))
    }
}

/// The last address of a loose or strict source route that still has addresses to go through.
#[must_use]
pub fn final_destination(options: &[u8]) -> Option<Ipv4Addr> {
    Ipv4Options::new(options).flatten().find_map(|(_, option)| match option {
        Ipv4Option::LooseSourceRoute(r) | Ipv4Option::StrictSourceRoute(r) => {
            r.addresses().last().filter(|_| r.visited() < r.addresses().len())
        }
        _ => None,
    })
}

impl fmt::Display for Ipv4Option<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, route) = match self {
            Self::RecordRoute(r) => ("Record route", r),
            Self::LooseSourceRoute(r) => ("Loose source route", r),
            Self::StrictSourceRoute(r) => ("Strict source route", r),
            Self::End => return f.write_str("EOL"),
            Self::Nop => return f.write_str("NOP"),
            Self::Timestamp { flag, .. } => return write!(f, "Time stamp, flag {flag}"),
            Self::Security { level, .. } => return write!(f, "Security, level 0x{level:02x}"),
            Self::StreamId(v) => return write!(f, "Stream identifier {v}"),
            Self::RouterAlert(v) => return write!(f, "Router Alert {v}"),
            Self::MtuProbe(v) => return write!(f, "MTU probe {v}"),
            Self::MtuReply(v) => return write!(f, "MTU Reply {v}"),
            Self::BadLength(raw) => {
                return write!(f, "{} (length {})", OptionType(raw.kind), raw.bytes.len());
            }
            Self::Other(raw) => return write!(f, "{}", OptionType(raw.kind)),
        };
        f.write_str(name)?;
        route.addresses().try_for_each(|a| write!(f, " {a}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(bytes: &[u8]) -> Ipv4Option<'_> {
        Ipv4Options::new(bytes).next().unwrap().unwrap().1
    }

    #[test]
    fn types_split_as_rfc_791_says() {
        // RFC 791 lists loose source routing as copied, class 0, number 3, and the timestamp as
        // not copied, class 2, number 4.
        let t = OptionType(131);
        assert_eq!((t.is_copied(), t.class(), t.number()), (true, 0, 3));
        let t = OptionType(68);
        assert_eq!((t.is_copied(), t.class(), t.number()), (false, 2, 4));
    }

    #[test]
    fn every_type_with_its_own_layout() {
        assert_eq!(one(&[0x94, 4, 0, 0]), Ipv4Option::RouterAlert(0));
        assert_eq!(one(&[136, 4, 1, 2]), Ipv4Option::StreamId(0x0102));
        assert_eq!(one(&[11, 4, 5, 0xdc]), Ipv4Option::MtuProbe(1500));
        assert_eq!(one(&[12, 4, 5, 0xdc]), Ipv4Option::MtuReply(1500));
        assert_eq!(one(&[130, 4, 0xab, 0x80]), Ipv4Option::Security { level: 0xab, authorities: &[0x80] });
        assert_eq!(
            one(&[68, 8, 9, 0x13, 1, 2, 3, 4]),
            Ipv4Option::Timestamp { pointer: 9, overflow: 1, flag: 3, data: &[1, 2, 3, 4] }
        );
        assert!(matches!(one(&[134, 4, 0, 0]), Ipv4Option::Other(_)));
        assert_eq!(one(&[134, 4, 0, 0]).to_string(), "Commercial IP security option");
    }

    #[test]
    fn routes() {
        let Ipv4Option::LooseSourceRoute(r) = one(&[131, 11, 8, 192, 0, 2, 1, 192, 0, 2, 2]) else {
            panic!("no route");
        };
        assert_eq!((r.pointer, r.visited()), (8, 1));
        assert_eq!(r.addresses().last(), Some(Ipv4Addr::new(192, 0, 2, 2)));
        let route = [1, 131, 7, 4, 192, 0, 2, 9, 0];
        assert_eq!(final_destination(&route), Some(Ipv4Addr::new(192, 0, 2, 9)));
        let used_up = [1, 131, 7, 8, 192, 0, 2, 9, 0];
        assert_eq!(final_destination(&used_up), None);
        assert_eq!(one(&[7, 7, 4, 192, 0, 2, 1]).to_string(), "Record route 192.0.2.1");
        assert_eq!(one(&[137, 3, 255]).to_string(), "Strict source route");
    }

    #[test]
    fn lengths_that_no_document_gives() {
        for bytes in [&[7, 2][..], &[7, 5, 4, 1, 2], &[68, 3, 5], &[130, 2], &[136, 3, 0], &[148, 5, 0, 0, 0]]
        {
            assert!(matches!(one(bytes), Ipv4Option::BadLength(_)), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..=40)) {
            for (_, option) in Ipv4Options::new(&bytes).flatten() {
                let _ = option.to_string();
                if let Ipv4Option::RecordRoute(r) = option {
                    prop_assert!(r.visited() <= r.addresses().len());
                }
            }
        }
    }
}
