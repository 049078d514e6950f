//! Token-Ring (IEEE 802.5) MAC header with its routing information field.
//!
//! Source: IEEE 802.5 clause 3.2, IEEE 802.1D annex C (source routing), IBM Token-Ring Network
//! Architecture Reference; RFC 1042. Addresses are as they are captured, in canonical order.
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | AC: priority (3 bits), token (1), monitor (1), reservation (3) | `tr.ac` |
//! | 1 | 1 | FC: frame type (2 bits), reserved (2), control (4) | `tr.fc` |
//! | 2 | 6 | destination address | `tr.dst` |
//! | 8 | 6 | source address; high bit of the first byte: a RIF follows | `tr.src`, `tr.sr` |
//! | 14 | 2 | RIF: broadcast (3 bits), length in bytes (5), direction (1), largest frame (3), reserved (4) | `tr.broadcast`, `tr.rif_bytes`, `tr.direction`, `tr.max_frame_size` |
//! | 16 | 2n | RIF: ring (12 bits) and bridge (4) of every hop | `tr.rif.ring`, `tr.rif.bridge` |

use std::fmt;

use super::MacAddr;
use crate::bytes::{array, split};
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Access control, 1 byte.
    pub const AC: usize = 0;
    /// Frame control, 1 byte.
    pub const FC: usize = 1;
    /// Destination address, 6 bytes.
    pub const DST: usize = 2;
    /// Source address, 6 bytes.
    pub const SRC: usize = 8;
    /// Length of the header without RIF.
    pub const LEN: usize = 14;
    /// Routing control of the RIF, 2 bytes, when there is one.
    pub const RIF: usize = 14;
    /// Route designators, 2 bytes each.
    pub const ROUTES: usize = 16;
}

open_code! {
    /// Frame type, the high two bits of FC.
    FrameType(u8, dec) {
        MAC = 0 "MAC",
        LLC = 1 "LLC",
        RESERVED = 2 "Reserved",
    }
}

open_code! {
    /// Physical control, the low four bits of FC in a MAC frame.
    Control(u8, dec) {
        NORMAL_BUFFER = 0 "Normal buffer",
        EXPRESS_BUFFER = 1 "Express buffer",
        BEACON = 2 "Beacon",
        CLAIM_TOKEN = 3 "Claim Token",
        PURGE = 4 "Purge",
        ACTIVE_MONITOR_PRESENT = 5 "Active Monitor Present",
        STANDBY_MONITOR_PRESENT = 6 "Standby Monitor Present",
    }
}

open_code! {
    /// Kind of routing, the high three bits of the RIF.
    Broadcast(u8, dec) {
        NON_BROADCAST = 0 "Non-broadcast",
        ALL_ROUTES = 4 "All-routes broadcast",
        SINGLE_ROUTE = 6 "Single-route broadcast",
    }
    also {
        1 ..= 3 "Non-broadcast",
        5 "All-routes broadcast",
        7 "Single-route broadcast",
    }
}

/// One hop of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hop {
    /// Ring number, 12 bits.
    pub ring: u16,
    /// Number of the bridge that leaves it, 4 bits; 0 on the last ring.
    pub bridge: u8,
}

/// The routing information field.
#[derive(Debug, Clone, Copy)]
pub struct Rif<'a> {
    control: [u8; 2],
    routes: &'a [[u8; 2]],
}

impl<'a> Rif<'a> {
    /// Kind of routing.
    #[must_use]
    pub const fn broadcast(&self) -> Broadcast {
        Broadcast(self.control[0] >> 5)
    }

    /// Length of the field in bytes, its two control bytes included.
    #[must_use]
    pub const fn len(&self) -> usize {
        (self.control[0] & 0x1f) as usize
    }

    /// Never: a field has two control bytes at least.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Direction: the hops are to be read from the last to the first.
    #[must_use]
    pub const fn is_reversed(&self) -> bool {
        self.control[1] & 0x80 != 0
    }

    /// Largest frame that the route can take in bytes, as Wireshark shows `tr.max_frame_size`.
    #[must_use]
    pub const fn max_frame_size(&self) -> u32 {
        match self.control[1] >> 4 & 7 {
            0 => 516,
            1 => 1500,
            2 => 2052,
            3 => 4472,
            4 => 8144,
            5 => 11407,
            6 => 17800,
            _ => 65535,
        }
    }

    /// Rings and bridges, in the order in which they stand.
    pub fn hops(&self) -> impl ExactSizeIterator<Item = Hop> + DoubleEndedIterator + 'a {
        self.routes.iter().map(|&[a, b]| {
            let v = u16::from_be_bytes([a, b]);
            Hop { ring: v >> 4, bridge: (v & 0x0f) as u8 }
        })
    }
}

/// A view over a Token-Ring frame.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rif: Option<Rif<'a>>,
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 14 bytes of the header and the whole RIF where the source address announces one;
    /// its length must be even and at least 2.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split::<{ at::LEN }>("Token-Ring", "tr", bytes)?;
        if fixed[at::SRC] & 0x80 == 0 {
            return Ok(Self { fixed, rif: None, payload: rest });
        }
        let (control, routes) = split::<2>("Token-Ring", "tr.rif", rest).map_err(|e: Error| e.at(at::RIF))?;
        let len = usize::from(control[0] & 0x1f);
        if len < 2 || len % 2 == 1 {
            return Err(Error::value("Token-Ring", "tr.rif_bytes", at::RIF, len as u64));
        }
        let (routes, payload) = routes.split_at_checked(len - 2).ok_or(Error::short(
            "Token-Ring",
            "tr.rif",
            at::ROUTES,
            len - 2,
            routes.len(),
        ))?;
        let rif = Rif { control: *control, routes: routes.as_chunks().0 };
        Ok(Self { fixed, rif: Some(rif), payload })
    }

    /// Access control.
    #[must_use]
    pub const fn ac(&self) -> u8 {
        self.fixed[at::AC]
    }

    /// Priority, 0..=7.
    #[must_use]
    pub const fn priority(&self) -> u8 {
        self.ac() >> 5
    }

    /// True for a frame, false for a token.
    #[must_use]
    pub const fn is_frame(&self) -> bool {
        self.ac() & 0x10 != 0
    }

    /// Monitor bit.
    #[must_use]
    pub const fn monitor(&self) -> bool {
        self.ac() & 0x08 != 0
    }

    /// Priority reservation, 0..=7.
    #[must_use]
    pub const fn reservation(&self) -> u8 {
        self.ac() & 7
    }

    /// Frame control.
    #[must_use]
    pub const fn fc(&self) -> u8 {
        self.fixed[at::FC]
    }

    /// Frame type.
    #[must_use]
    pub const fn frame_type(&self) -> FrameType {
        FrameType(self.fc() >> 6)
    }

    /// Physical control of a MAC frame.
    #[must_use]
    pub const fn control(&self) -> Control {
        Control(self.fc() & 0x0f)
    }

    /// Destination address.
    #[must_use]
    pub fn dst(&self) -> MacAddr {
        MacAddr(array(self.fixed, at::DST))
    }

    /// Source address as it stands and as Wireshark shows `tr.src`, with the bit that announces a
    /// RIF.
    #[must_use]
    pub fn src_raw(&self) -> MacAddr {
        MacAddr(array(self.fixed, at::SRC))
    }

    /// Source address without the bit that announces a RIF.
    #[must_use]
    pub fn src(&self) -> MacAddr {
        let mut mac: [u8; 6] = array(self.fixed, at::SRC);
        mac[0] &= 0x7f;
        MacAddr(mac)
    }

    /// Routing information field, when there is one.
    #[must_use]
    pub const fn rif(&self) -> Option<Rif<'a>> {
        self.rif
    }

    /// Length of the header in bytes, RIF included.
    #[must_use]
    pub fn header_len(&self) -> usize {
        at::LEN + self.rif.map_or(0, |r| r.len())
    }

    /// An LLC frame, or the body of a MAC frame.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

impl fmt::Display for Rif<'_> {
    /// Rings in three and bridges in one hexadecimal digit, as IBM's tools write them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, hop) in self.hops().enumerate() {
            let dash = if i == 0 { "" } else { "-" };
            write!(f, "{dash}{:03X}", hop.ring)?;
            if i + 1 < self.routes.len() {
                write!(f, "-{:X}", hop.bridge)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {}, {}", self.src(), self.dst(), self.frame_type())?;
        match self.rif {
            Some(rif) if !rif.routes.is_empty() => write!(f, ", route {rif}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // An LLC frame over two rings, laid out by hand after IEEE 802.5.
    const FRAME: [u8; 21] = [
        0x50, 0x40, 0x00, 0x00, 0x5e, 0x00, 0x00, 0x01, 0x90, 0x00, 0x5e, 0x00, 0x00, 0x02, 0x06, 0xb0, 0x00,
        0x1f, 0x00, 0x20, 0xaa,
    ];

    #[test]
    fn source_routed_frame() {
        let h = Header::new(&FRAME).unwrap();
        assert_eq!((h.priority(), h.is_frame(), h.monitor(), h.reservation()), (2, true, false, 0));
        assert_eq!(h.frame_type(), FrameType::LLC);
        assert_eq!(h.src().to_string(), "10:00:5e:00:00:02");
        assert_eq!(h.src_raw().to_string(), "90:00:5e:00:00:02");
        let rif = h.rif().unwrap();
        assert_eq!((rif.broadcast(), rif.len(), rif.is_reversed()), (Broadcast::NON_BROADCAST, 6, true));
        assert_eq!(rif.max_frame_size(), 4472);
        assert!(rif.hops().eq([Hop { ring: 1, bridge: 15 }, Hop { ring: 2, bridge: 0 }]));
        assert_eq!((h.header_len(), h.payload()), (20, &[0xaa][..]));
        assert_eq!(h.to_string(), "10:00:5e:00:00:02 > 00:00:5e:00:00:01, LLC, route 001-F-002");
    }

    #[test]
    fn no_rif() {
        let mut p = FRAME;
        p[at::SRC] = 0x10;
        let h = Header::new(&p).unwrap();
        assert!(h.rif().is_none());
        assert_eq!((h.header_len(), h.payload().len()), (14, 7));
    }

    #[test]
    fn impossible_rif_lengths() {
        for len in [0, 1, 3, 31] {
            let mut p = [&FRAME[..], &[0; 40]].concat();
            p[at::RIF] = len;
            assert!(Header::new(&p).is_err(), "{len}");
        }
        let mut p = FRAME;
        p[at::RIF] = 2;
        assert_eq!(Header::new(&p).unwrap().rif().unwrap().hops().len(), 0);
    }

    #[test]
    fn truncated() {
        every_prefix(&FRAME, 20, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(h) = Header::new(&bytes) {
                prop_assert_eq!(h.header_len() + h.payload().len(), bytes.len());
                let _ = h.to_string();
            }
        }
    }
}
