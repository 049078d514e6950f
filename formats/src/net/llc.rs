//! LLC: IEEE 802.2 logical link control, with the SNAP extension.
//!
//! Source: ISO/IEC 8802-2 clause 5, IEEE 802 clause 9 (SNAP), RFC 1042. SAP values: IBM Token-Ring
//! Network Architecture Reference; C8 for HPR from the SNA fact sheet.
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | DSAP, low bit: group address | `llc.dsap` |
//! | 1 | 1 | SSAP, low bit: response | `llc.ssap` |
//! | 2 | 1 or 2 | control: U format 1 byte, I and S formats 2 bytes | `llc.control` |
//! | 3 | 3 | SNAP (DSAP and SSAP AA, control 03): organization code | `llc.oui` |
//! | 6 | 2 | SNAP: protocol; an EtherType when the organization is 000000 | `llc.type`, `llc.pid` |
//!
//! Control field, bit 0 the low one of the first byte:
//!
//! | format | first byte | second byte |
//! |---|---|---|
//! | I | N(S) << 1, bit 0 = 0 | N(R) << 1, P/F |
//! | S | type << 2, bits 0-1 = 01, bits 4-7 reserved | N(R) << 1, P/F |
//! | U | modifier in bits 2-3 and 5-7, P/F in bit 4, bits 0-1 = 11 | none |

use std::fmt;

use super::EtherType;
use crate::bytes::{prefix, split};
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Destination service access point, 1 byte.
    pub const DSAP: usize = 0;
    /// Source service access point, 1 byte.
    pub const SSAP: usize = 1;
    /// Control, 1 or 2 bytes.
    pub const CONTROL: usize = 2;
    /// Length of the header with a U-format control field.
    pub const LEN_U: usize = 3;
    /// Length of the header with an I- or S-format control field.
    pub const LEN_IS: usize = 4;
    /// SNAP: organization code, 3 bytes.
    pub const SNAP_OUI: usize = 3;
    /// SNAP: protocol, 2 bytes.
    pub const SNAP_PID: usize = 6;
    /// Length of the header with SNAP.
    pub const LEN_SNAP: usize = 8;
}

open_code! {
    /// A service access point. The low bit (group in a DSAP, response in an SSAP) is no part of
    /// the address: see [`Sap::base`].
    Sap(u8, hex) {
        NULL = 0x00 "NULL LSAP",
        MANAGEMENT = 0x02 "LLC Sub-Layer Management",
        SNA_PATH_CONTROL = 0x04 "SNA Path Control",
        SNA_GROUP = 0x05 "SNA Path Control (group)",
        TCP_IP = 0x06 "TCP/IP",
        SNA = 0x08 "SNA",
        SNA_0C = 0x0c "SNA",
        STP = 0x42 "Spanning Tree BPDU",
        X25 = 0x7e "ISO 8208 (X.25 over 802.2)",
        XNS = 0x80 "XNS",
        ARP = 0x98 "ARP",
        SNAP = 0xaa "SNAP",
        VINES = 0xbc "Banyan Vines",
        HPR = 0xc8 "SNA HPR",
        NETWARE = 0xe0 "NetWare",
        NETBIOS = 0xf0 "NetBIOS",
        IBM_NET_MANAGEMENT = 0xf4 "IBM Net Management",
        RPL_F8 = 0xf8 "Remote Program Load",
        RPL = 0xfc "Remote Program Load",
        ISO = 0xfe "ISO Network Layer",
        GLOBAL = 0xff "Global LSAP",
    }
    also {
        0x01 "NULL LSAP (group)",
        0x0e "PROWAY (IEC955) Network Management and Initialization",
        0x10 "NetWare (unofficial)",
        0x14 "ISO Network Layer (OSLAN 1)",
        0x18 "Texas Instruments",
        0x20 "ISO Network Layer (unofficial)",
        0x34 "ISO Network Layer (unofficial)",
        0x40 "SNA",
        0x4e "EIA RS-511 Manufacturing Message Service",
        0x54 "ISO Network Layer (OSLAN 2)",
        0x7f "ISO 802.2",
        0x82 "BACnet",
        0x86 "Nestar",
        0x8e "PROWAY (IEC955) Active Station List Maintenance",
        0xb4 "HP JetDirect Printer",
        0xba "Banyan Vines",
        0xd4 "LAN Resource Manager",
        0xdc "Dynamic Address Resolution",
        0xf5 "IBM Net Management (group)",
        0xfa "Ungermann-Bass",
    }
}

impl Sap {
    /// The address without its low bit.
    #[must_use]
    pub const fn base(self) -> Self {
        Self(self.0 & 0xfe)
    }

    /// The low bit: group address (DSAP) or response (SSAP).
    #[must_use]
    pub const fn low_bit(self) -> bool {
        self.0 & 1 != 0
    }

    /// True for the SAPs that carry SNA path information units or XIDs: 04, 08, 0C.
    #[must_use]
    pub const fn is_sna(self) -> bool {
        matches!(self.base(), Self::SNA_PATH_CONTROL | Self::SNA | Self::SNA_0C)
    }
}

open_code! {
    /// Type of a supervisory frame.
    Supervisory(u8, dec) {
        RR = 0 "Receiver ready",
        RNR = 1 "Receiver not ready",
        REJ = 2 "Reject",
        SREJ = 3 "Selective reject",
    }
}

open_code! {
    /// Modifier bits of an unnumbered frame: its control byte without P/F and format bits.
    Unnumbered(u8, hex) {
        UI = 0x00 "Unnumbered Information",
        DM = 0x0c "Disconnected mode",
        UP = 0x20 "Unnumbered Poll",
        DISC = 0x40 "Disconnect",
        UA = 0x60 "Unnumbered Acknowledge",
        SABM = 0x2c "Set Asynchronous Balanced Mode",
        SABME = 0x6c "Set Asynchronous Balanced Mode Extended",
        FRMR = 0x84 "Frame reject",
        XID = 0xac "Exchange identification",
        SNRM = 0x80 "Set Normal Response Mode",
        SNRME = 0xcc "Set Normal Response Mode Extended",
        TEST = 0xe0 "Test",
    }
    also {
        0x04 "Set Initialization Mode",
        0x4c "Set Asynchronous Response Mode Extended",
        0x8c "Reset",
        0xc4 "Configure",
        0xec "Beacon",
    }
}

/// The control field, numbered as Wireshark shows `llc.control`: the first byte, and for I and S
/// formats the second byte above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Control(pub u16);

/// What a control field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ControlFormat {
    /// Information.
    I {
        /// Send sequence number, modulo 128.
        ns: u8,
        /// Receive sequence number, modulo 128.
        nr: u8,
    },
    /// Supervisory.
    S {
        /// Which one.
        kind: Supervisory,
        /// Receive sequence number, modulo 128.
        nr: u8,
    },
    /// Unnumbered.
    U(Unnumbered),
}

impl Control {
    /// Unnumbered information, poll bit off: what SNAP and type 1 operation use.
    pub const UI: Self = Self(0x03);

    /// Builds an information control field; sequence numbers are taken modulo 128.
    #[must_use]
    pub const fn information(ns: u8, nr: u8, pf: bool) -> Self {
        Self(((ns & 0x7f) as u16) << 1 | ((nr & 0x7f) as u16) << 9 | (pf as u16) << 8)
    }

    /// Builds a supervisory control field; the sequence number is taken modulo 128.
    #[must_use]
    pub const fn supervisory(kind: Supervisory, nr: u8, pf: bool) -> Self {
        Self(0x01 | ((kind.0 & 3) as u16) << 2 | ((nr & 0x7f) as u16) << 9 | (pf as u16) << 8)
    }

    /// Builds an unnumbered control field.
    #[must_use]
    pub const fn unnumbered(kind: Unnumbered, pf: bool) -> Self {
        Self((kind.0 & 0xec | 0x03 | (pf as u8) << 4) as u16)
    }

    /// Bytes that the field takes: 1 for the U format, 2 for the others.
    #[must_use]
    pub const fn len(self) -> usize {
        if self.0 & 3 == 3 { 1 } else { 2 }
    }

    /// Never: a control field has 1 or 2 bytes.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        false
    }

    /// Poll bit of a command, final bit of a response.
    #[must_use]
    pub const fn poll_final(self) -> bool {
        self.0 & if self.len() == 1 { 0x10 } else { 0x100 } != 0
    }

    /// The format and its fields.
    #[must_use]
    pub const fn format(self) -> ControlFormat {
        let nr = (self.0 >> 9) as u8;
        match self.0 & 3 {
            0 | 2 => ControlFormat::I { ns: (self.0 >> 1 & 0x7f) as u8, nr },
            1 => ControlFormat::S { kind: Supervisory((self.0 >> 2 & 3) as u8), nr },
            _ => ControlFormat::U(Unnumbered(self.0 as u8 & 0xec)),
        }
    }
}

/// The SNAP extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Snap {
    /// Organization code.
    pub oui: [u8; 3],
    /// Protocol of that organization.
    pub pid: u16,
}

impl Snap {
    /// RFC 1042: the protocol is an EtherType.
    pub const OUI_ETHERTYPE: [u8; 3] = [0; 3];
    /// 802.1H bridge-tunnelled Ethernet: the protocol is an EtherType too.
    pub const OUI_BRIDGE_TUNNEL: [u8; 3] = [0x00, 0x00, 0xf8];
    /// Cisco: CDP, VTP, PVST+.
    pub const OUI_CISCO: [u8; 3] = [0x00, 0x00, 0x0c];

    /// The EtherType, when the organization code says that there is one.
    #[must_use]
    pub fn ethertype(&self) -> Option<EtherType> {
        matches!(self.oui, Self::OUI_ETHERTYPE | Self::OUI_BRIDGE_TUNNEL).then_some(EtherType(self.pid))
    }
}

/// A view over an LLC frame.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    dsap: Sap,
    ssap: Sap,
    control: Control,
    snap: Option<Snap>,
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the DSAP, the SSAP, the whole control field, and the SNAP extension where the first
    /// three bytes announce one.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (&[dsap, ssap, c0], rest) = split("LLC", "llc", bytes)?;
        let (control, rest) = if c0 & 3 == 3 {
            (Control(u16::from(c0)), rest)
        } else {
            let (&c1, rest) =
                rest.split_first().ok_or(Error::short("LLC", "llc.control", at::CONTROL, 2, 1))?;
            (Control(u16::from_le_bytes([c0, c1])), rest)
        };
        let (snap, payload) = if (dsap, ssap & 0xfe, c0) == (0xaa, 0xaa, 0x03) {
            let b = prefix("LLC SNAP", "llc.oui", at::SNAP_OUI, rest, 5)?;
            (Some(Snap { oui: [b[0], b[1], b[2]], pid: u16::from_be_bytes([b[3], b[4]]) }), &rest[5..])
        } else {
            (None, rest)
        };
        Ok(Self { dsap: Sap(dsap), ssap: Sap(ssap), control, snap, payload })
    }

    /// Destination service access point with its group bit.
    #[must_use]
    pub const fn dsap(&self) -> Sap {
        self.dsap
    }

    /// Source service access point with its response bit.
    #[must_use]
    pub const fn ssap(&self) -> Sap {
        self.ssap
    }

    /// True when the SSAP says that this is a response.
    #[must_use]
    pub const fn is_response(&self) -> bool {
        self.ssap.low_bit()
    }

    /// Control field.
    #[must_use]
    pub const fn control(&self) -> Control {
        self.control
    }

    /// SNAP extension, when there is one.
    #[must_use]
    pub const fn snap(&self) -> Option<Snap> {
        self.snap
    }

    /// Bytes before the payload.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        if self.snap.is_some() { at::LEN_SNAP } else { at::CONTROL + self.control.len() }
    }

    /// What follows the header.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// An LLC header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Repr {
    /// Destination service access point with its group bit.
    pub dsap: Sap,
    /// Source service access point with its response bit.
    pub ssap: Sap,
    /// Control field.
    pub control: Control,
    /// SNAP extension; only with both SAPs AA and [`Control::UI`].
    pub snap: Option<Snap>,
}

impl Repr {
    /// A SNAP header for an EtherType (RFC 1042).
    #[must_use]
    pub const fn snap(ethertype: EtherType) -> Self {
        let snap = Snap { oui: Snap::OUI_ETHERTYPE, pid: ethertype.0 };
        Self { dsap: Sap::SNAP, ssap: Sap::SNAP, control: Control::UI, snap: Some(snap) }
    }

    /// Every header that can be viewed is valid.
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        Ok(Self { dsap: h.dsap, ssap: h.ssap, control: h.control, snap: h.snap })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::CONTROL + self.control.len() + if self.snap.is_some() { 5 } else { 0 }
    }

    /// Writes the header at the front of `out` and returns its length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        let announced =
            self.dsap == Sap::SNAP && self.ssap.base() == Sap::SNAP && self.control == Control::UI;
        if self.snap.is_some() != announced {
            let what = "SAPs, control field and SNAP extension disagree";
            return Err(Error::contradiction("LLC", "llc.oui", at::SNAP_OUI, what));
        }
        let len = self.header_len();
        let available = out.len();
        let out = out.get_mut(..len).ok_or(Error::short("LLC", "output buffer", 0, len, available))?;
        out[at::DSAP] = self.dsap.0;
        out[at::SSAP] = self.ssap.0;
        let control = self.control.0.to_le_bytes();
        out[at::CONTROL..at::CONTROL + self.control.len()].copy_from_slice(&control[..self.control.len()]);
        if let Some(snap) = self.snap {
            out[at::SNAP_OUI..at::SNAP_PID].copy_from_slice(&snap.oui);
            out[at::SNAP_PID..at::LEN_SNAP].copy_from_slice(&snap.pid.to_be_bytes());
        }
        Ok(len)
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format() {
            ControlFormat::I { ns, nr } => write!(f, "I, N(R)={nr}, N(S)={ns}")?,
            ControlFormat::S { kind, nr } => {
                let short = ["RR", "RNR", "REJ", "SREJ"][usize::from(kind.0 & 3)];
                write!(f, "S, func={short}, N(R)={nr}")?;
            }
            ControlFormat::U(kind) => write!(f, "U, func={kind}")?,
        }
        if self.poll_final() { f.write_str(" P/F") } else { Ok(()) }
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DSAP {}, SSAP {}, {}", self.dsap, self.ssap.base(), self.control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    #[test]
    fn snap_of_rfc_1042() {
        let h = Header::new(&[0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00, 0x45]).unwrap();
        assert_eq!(h.snap().and_then(|s| s.ethertype()), Some(EtherType::IPV4));
        assert_eq!((h.header_len(), h.payload()), (8, &[0x45][..]));
        let h = Header::new(&[0xaa, 0xaa, 0x03, 0, 0, 0x0c, 0x20, 0x00]).unwrap();
        assert_eq!(h.snap(), Some(Snap { oui: Snap::OUI_CISCO, pid: 0x2000 }));
        assert_eq!(h.snap().and_then(|s| s.ethertype()), None);
    }

    // Control bytes of the LLC type 2 setup in ISO/IEC 8802-2 clause 5.4.
    #[test]
    fn unnumbered_control_bytes() {
        for (byte, kind, pf) in [
            (0x03, Unnumbered::UI, false),
            (0x7f, Unnumbered::SABME, true),
            (0x73, Unnumbered::UA, true),
            (0x53, Unnumbered::DISC, true),
            (0x0f, Unnumbered::DM, false),
            (0xaf, Unnumbered::XID, false),
            (0xbf, Unnumbered::XID, true),
            (0xf3, Unnumbered::TEST, true),
            (0x87, Unnumbered::FRMR, false),
        ] {
            let c = Control(byte);
            assert_eq!(c.format(), ControlFormat::U(kind), "{byte:02x}");
            assert_eq!((c.poll_final(), c.len()), (pf, 1));
            assert_eq!(Control::unnumbered(kind, pf), c);
        }
    }

    #[test]
    fn numbered_control_fields() {
        // I frame N(S)=3, N(R)=5, poll: bytes 06 0b.
        let h = Header::new(&[0xf0, 0xf0, 0x06, 0x0b, 0x99]).unwrap();
        assert_eq!(h.control().format(), ControlFormat::I { ns: 3, nr: 5 });
        assert!(h.control().poll_final());
        assert_eq!(h.payload(), &[0x99]);
        assert_eq!(Control::information(3, 5, true), h.control());
        // RR response N(R)=8, final: bytes 01 11.
        let h = Header::new(&[0xf0, 0xf1, 0x01, 0x11]).unwrap();
        assert!(h.is_response());
        assert_eq!(h.control().format(), ControlFormat::S { kind: Supervisory::RR, nr: 8 });
        assert_eq!(h.to_string(), "DSAP NetBIOS, SSAP NetBIOS, S, func=RR, N(R)=8 P/F");
        assert_eq!(Control::supervisory(Supervisory::RR, 8, true), h.control());
    }

    #[test]
    fn hpr_sap_of_enterprise_extender() {
        let h = Header::new(&[0xc8, 0xc8, 0x03]).unwrap();
        assert_eq!(h.to_string(), "DSAP SNA HPR, SSAP SNA HPR, U, func=Unnumbered Information");
        assert!(Sap(0x04).is_sna() && Sap(0x09).is_sna() && !Sap::HPR.is_sna());
    }

    #[test]
    fn truncated() {
        every_prefix(&[0xf0, 0xf0, 0x03, 0], 3, |b| Header::new(b).is_ok());
        every_prefix(&[0xf0, 0xf0, 0x00, 0, 0], 4, |b| Header::new(b).is_ok());
        every_prefix(&[0xaa, 0xaa, 0x03, 0, 0, 0, 8, 0, 1], 8, |b| Header::new(b).is_ok());
        let repr = Repr::snap(EtherType::IPV4);
        every_prefix(&[0; 10], 8, |b| repr.emit(&mut b.to_vec()).is_ok());
    }

    #[test]
    fn refuses_a_snap_extension_that_no_reader_would_see() {
        let repr = Repr { dsap: Sap::SNA, ..Repr::snap(EtherType::SNA) };
        assert!(repr.emit(&mut [0; 8]).is_err());
        let repr = Repr { snap: None, ..Repr::snap(EtherType::SNA) };
        assert!(repr.emit(&mut [0; 8]).is_err());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            let _ = h.to_string();
            prop_assert_eq!(h.header_len() + h.payload().len(), bytes.len());
            let repr = Repr::parse(&h).unwrap();
            let mut out = [0; 8];
            let len = repr.emit(&mut out).unwrap();
            prop_assert_eq!(&out[..len], &bytes[..len]);
        }
    }
}
