//! PTHDR_T: the packet trace header at the start of the data of entries 4 to 8.
//!
//! | offset | length | field | meaning |
//! |---|---|---|---|
//! | 0 | 2 | PTH_Len | length of this header with its extensions |
//! | 2 | 1 | PTH_SeqNum | segment number, 0 = first and usually only; 1 follows 255 |
//! | 3 | 1 | PTH_Flag | [`Flags`] |
//! | 4 | 1 | PTH_DevTy | [`DeviceType`] |
//! | 5 | 3 | PTH_Tlen | length of the traced data over all segments |
//! | 8 | 16 | PTH_InfName | interface; in data traces [`DataTrace`] |
//! | 24 | 8 | PTH_Time | TOD clock of the capture, the same in all segments |
//! | 32 | 16 | PTH_Src | source address |
//! | 48 | 16 | PTH_Dst | destination address |
//! | 64 | 2 | PTH_SPort | source port |
//! | 66 | 2 | PTH_DPort | destination port |
//! | 68 | 4 | | a counter of records (inferred) |
//! | 72 | 1 | | unknown |
//! | 73 | 1 | | IP protocol; 252 marks an SMC link-layer message |
//! | 74 | 2 | | VLAN identifier |
//! | 76 | 4 | | TCB or connection (weakly inferred) |
//! | 80 | 2 | | address space (weakly inferred) |
//! | 82 | 2 | PTH_Plen | length before it was cut |
//! | 84 | 4 | PTH_InfIx | interface index |
//! | 88 | 2 | PTH_DropRsn | [`DropReason`] |
//! | 90 | 2 | PTH_OffSegLen | segment size of an offloaded send |
//! | 92 | | | [extensions](super::extension) up to PTH_Len |
//!
//! Older releases wrote shorter headers, so every getter looks at PTH_Len first: a field that
//! is not there is `None`. Sources: z/OS Communications Server: IP Programmer's Guide and
//! Reference ("Format of trace records", macro EZBYPTHA, header EZBYPTHH) and the offsets that
//! programs compiled against them use.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use zerocopy::byteorder::big_endian::{U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::data_trace::DataTrace;
use super::extension::Extensions;
use super::{FormatId, Name};
use crate::tod::Tod;
use crate::{Error, Result};

/// Length of the header without extensions, in the releases known.
pub const LEN: usize = 92;
/// The shortest header that says how long its data is.
pub const MIN_LEN: usize = 8;

/// PTH_Flag. The bits that have no name here are known to exist but not which is which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// PTH_Local: both addresses belong to this stack.
    pub const LOCAL: Self = Self(0x80);
    /// PTH_CfTxt: confidential AT-TLS data, only headers were traced.
    pub const CONFIDENTIAL: Self = Self(0x40);
    /// PTH_ClearTxt: AT-TLS data shown in clear text.
    pub const CLEAR_TEXT: Self = Self(0x20);
    /// PTH_Out: outbound; inbound without it.
    pub const OUT: Self = Self(0x01);

    /// True when every bit of `f` is on.
    #[must_use]
    pub const fn has(self, f: Self) -> bool {
        self.0 & f.0 == f.0
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, name) in
            [(Self::LOCAL, "Local "), (Self::CONFIDENTIAL, "CfTxt "), (Self::CLEAR_TEXT, "ClearTxt ")]
        {
            if self.has(bit) {
                f.write_str(name)?;
            }
        }
        f.write_str(if self.has(Self::OUT) { "Out" } else { "In" })?;
        match self.0 & 0x1E {
            0 => Ok(()),
            rest => write!(f, " +{rest:02X}"),
        }
    }
}

/// PTH_DevTy. Only three of its values are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DeviceType(pub u8);

#[allow(missing_docs)]
impl DeviceType {
    pub const LOOPBACK: Self = Self(34);
    pub const IPAQENET: Self = Self(39);
    pub const IPAQENET6: Self = Self(53);

    /// What IPCS calls it, `None` for the values that are not known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::LOOPBACK => Some("Loopback"),
            Self::IPAQENET => Some("IPAQENET"),
            Self::IPAQENET6 => Some("IPAQENET6"),
            _ => None,
        }
    }
}

impl fmt::Display for DeviceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(n) => write!(f, "{}({n})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// PTH_DropRsn: why the stack threw the packet away, 0 when it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DropReason(pub u16);

impl DropReason {
    /// The layer that dropped it.
    #[must_use]
    pub const fn layer(self) -> Option<&'static str> {
        match self.0 {
            0 => None,
            1..=4095 => Some("OSA"),
            4096..=8191 => Some("IP"),
            8192..=12287 => Some("TCP"),
            12288..=16383 => Some("UDP"),
            16384..=20479 => Some("RAW"),
            _ => None,
        }
    }

    /// Name and meaning of the codes that are known.
    #[must_use]
    pub const fn meaning(self) -> Option<(&'static str, &'static str)> {
        Some(match self.0 {
            4096 => ("IP_NO_INTERF", "the interface is gone"),
            4097 => ("IP_NOT_ACTIVE", "not active"),
            4098 => ("IP_MAL_VER", "the version is neither 4 nor 6"),
            4099 => ("IP_MAL_IPHL", "the header length is too short"),
            4100 => ("IP_MAL_IPLEN", "the header is longer than the packet"),
            4101 => ("IP_MAL_DATA", "the packet is incomplete"),
            4102 => ("IP_BAD_CKSUM", "the header checksum is wrong"),
            4103 => ("IP_BAD_IPLEN", "too short for the protocol's header"),
            // Those of the live stack, at the end of each layer's range: z/OS has its own codes for
            // many of these, whose numbers are not known.
            0x0f01 => ("Z_OSA_NOT_OURS", "the frame is for another address or VLAN"),
            0x0f02 => ("Z_OSA_NOT_REGISTERED", "no stack has registered the destination"),
            0x0f03 => ("Z_OSA_TYPE", "a frame of a type nobody reads"),
            0x0f04 => ("Z_OSA_QUEUE_FULL", "a queue of the adapter is full"),
            0x1f01 => ("Z_IP_SOURCE", "the source address cannot be a sender"),
            0x1f02 => ("Z_IP_DESTINATION", "the destination address is not allowed here"),
            0x1f03 => ("Z_IP_OWN_SOURCE", "from outside with an address of this stack"),
            0x1f04 => ("Z_IP_NOT_OURS", "not for this stack, which does not pass packets on"),
            0x1f05 => ("Z_IP_NO_ROUTE", "no route"),
            0x1f06 => ("Z_IP_TTL", "out of hops"),
            0x1f07 => ("Z_IP_TOO_BIG", "does not fit and must not be cut"),
            0x1f08 => ("Z_IP_OPTIONS", "an option or extension header is wrong or refused"),
            0x1f09 => ("Z_IP_FRAGMENT", "a fragment is wrong"),
            0x1f0a => ("Z_IP_REASSEMBLY_FULL", "no room for fragments"),
            0x1f0b => ("Z_IP_UNREACHABLE", "the next hop does not answer"),
            0x1f0c => ("Z_IP_QUEUE_FULL", "a queue is full"),
            0x1f0d => ("Z_IP_PROTOCOL", "nobody speaks the protocol"),
            0x1f0e => ("Z_IP_CONTROL", "an ICMP or discovery message breaks a rule"),
            0x1f0f => ("Z_IP_GROUP", "nobody listens to the group"),
            0x1f10 => ("Z_IP_REJECTED", "refused by a route"),
            0x1f11 => ("Z_IP_LINK_GROUP", "a broadcast frame with a packet for one host"),
            0x1f12 => ("Z_IP_TENTATIVE", "the address is not in use"),
            0x3f01 => ("Z_UDP_NO_PORT", "nobody listens to the port"),
            0x3f02 => ("Z_UDP_CHECKSUM", "the checksum is wrong or missing"),
            0x3f03 => ("Z_UDP_QUEUE_FULL", "the queue of the socket is full"),
            0x3f04 => ("Z_UDP_LENGTH", "the length is wrong"),
            0x4f01 => ("Z_RAW_QUEUE_FULL", "the queue of the socket is full"),
            _ => return None,
        })
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match (self.meaning(), self.layer()) {
            (Some((name, what)), _) => write!(f, " {name}: {what}"),
            (None, Some(layer)) => write!(f, " ({layer})"),
            (None, None) => Ok(()),
        }
    }
}

/// The 92 bytes of the header, every one of them: what is not understood is kept as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct PthFields {
    /// PTH_Len. [`encode`](super::encode) sets it.
    pub len: U16,
    /// PTH_SeqNum.
    pub seq_num: u8,
    /// PTH_Flag.
    pub flag: u8,
    /// PTH_DevTy.
    pub dev_ty: u8,
    /// PTH_Tlen, big-endian.
    pub tlen: [u8; 3],
    /// PTH_InfName, or PTH_DtStruc in data traces.
    pub name: [u8; 16],
    /// PTH_Time.
    pub time: U64,
    /// PTH_Src.
    pub src: [u8; 16],
    /// PTH_Dst.
    pub dst: [u8; 16],
    /// PTH_SPort.
    pub sport: U16,
    /// PTH_DPort.
    pub dport: U16,
    /// Counter of records (inferred).
    pub record_number: U32,
    /// Unknown.
    pub unknown_72: u8,
    /// IP protocol.
    pub protocol: u8,
    /// VLAN identifier.
    pub vlan: U16,
    /// TCB or connection (weakly inferred).
    pub word_76: U32,
    /// Address space (weakly inferred).
    pub half_80: U16,
    /// PTH_Plen.
    pub plen: U16,
    /// PTH_InfIx.
    pub if_index: U32,
    /// PTH_DropRsn.
    pub drop_rsn: U16,
    /// PTH_OffSegLen.
    pub off_seg_len: U16,
}

const _: () = assert!(size_of::<PthFields>() == LEN);

impl Default for PthFields {
    fn default() -> Self {
        Self { len: (LEN as u16).into(), name: [0x40; 16], ..Self::new_zeroed() }
    }
}

impl PthFields {
    /// Sets PTH_Tlen; a length above 24 bits becomes the largest.
    pub fn set_tlen(&mut self, len: usize) {
        let [_, a, b, c] = (len.min(0xFF_FFFF) as u32).to_be_bytes();
        self.tlen = [a, b, c];
    }

    /// PTH_Tlen.
    #[must_use]
    pub const fn tlen(&self) -> u32 {
        let [a, b, c] = self.tlen;
        u32::from_be_bytes([0, a, b, c])
    }
}

/// An address field: IPv4 is 10 zero bytes, X'FFFF' or X'FFFE', and the four bytes.
#[must_use]
pub fn address(field: &[u8; 16]) -> IpAddr {
    match *field {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF | 0xFE, a, b, c, d] => {
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        six => IpAddr::V6(Ipv6Addr::from(six)),
    }
}

/// The field for an address, IPv4 with X'FFFF'.
#[must_use]
pub fn address_field(a: IpAddr) -> [u8; 16] {
    match a {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// A packet trace header with its extensions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pthdr<'a> {
    bytes: &'a [u8],
}

impl<'a> Pthdr<'a> {
    /// The header at the start of an entry's data. Fails when PTH_Len is below 8 or above what
    /// is there.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let Some(len) = data.first_chunk::<2>() else {
            return Err(Error::short("PTHDR", "PTH_Len", 0, 2, data.len()));
        };
        let len = usize::from(u16::from_be_bytes(*len));
        if len < MIN_LEN {
            return Err(Error::value("PTHDR", "PTH_Len", 0, len as u64));
        }
        match data.get(..len) {
            Some(bytes) => Ok(Self { bytes }),
            None => Err(Error::short("PTHDR", "header", 2, len - 2, data.len() - 2)),
        }
    }

    /// Every byte of the header and its extensions.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn at<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.bytes.get(offset..).and_then(|b| b.first_chunk::<N>()).copied()
    }

    fn half(&self, offset: usize) -> Option<u16> {
        self.at(offset).map(u16::from_be_bytes)
    }

    fn word(&self, offset: usize) -> Option<u32> {
        self.at(offset).map(u32::from_be_bytes)
    }

    /// PTH_Len: offset of the data from the start of the header.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never true: a header has at least [`MIN_LEN`] bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// PTH_SeqNum.
    #[must_use]
    pub const fn seq_num(&self) -> u8 {
        self.bytes[2]
    }

    /// PTH_Flag.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        Flags(self.bytes[3])
    }

    /// True for outbound.
    #[must_use]
    pub const fn is_out(&self) -> bool {
        self.flags().has(Flags::OUT)
    }

    /// PTH_DevTy.
    #[must_use]
    pub const fn device_type(&self) -> DeviceType {
        DeviceType(self.bytes[4])
    }

    /// PTH_Tlen: traced bytes over all segments.
    #[must_use]
    pub const fn tlen(&self) -> u32 {
        u32::from_be_bytes([0, self.bytes[5], self.bytes[6], self.bytes[7]])
    }

    /// PTH_InfName. In data traces these bytes are [`data_trace`](Self::data_trace).
    #[must_use]
    pub fn interface(&self) -> Option<Name<16>> {
        self.at(8).map(Name)
    }

    /// The name area of a data trace (entry id 5).
    #[must_use]
    pub fn data_trace(&self) -> Option<DataTrace> {
        self.at(8).map(DataTrace)
    }

    /// PTH_Time.
    #[must_use]
    pub fn time(&self) -> Option<Tod> {
        self.at(24).map(|b| Tod(u64::from_be_bytes(b)))
    }

    /// PTH_Src.
    #[must_use]
    pub fn src(&self) -> Option<IpAddr> {
        self.at(32).map(|b| address(&b))
    }

    /// PTH_Dst.
    #[must_use]
    pub fn dst(&self) -> Option<IpAddr> {
        self.at(48).map(|b| address(&b))
    }

    /// PTH_SPort.
    #[must_use]
    pub fn src_port(&self) -> Option<u16> {
        self.half(64)
    }

    /// PTH_DPort.
    #[must_use]
    pub fn dst_port(&self) -> Option<u16> {
        self.half(66)
    }

    /// The word that seems to count records (inferred).
    #[must_use]
    pub fn record_number(&self) -> Option<u32> {
        self.word(68)
    }

    /// IP protocol of the data; 252 marks an SMC link-layer message.
    #[must_use]
    pub fn protocol(&self) -> Option<u8> {
        self.bytes.get(73).copied()
    }

    /// VLAN identifier.
    #[must_use]
    pub fn vlan(&self) -> Option<u16> {
        self.half(74)
    }

    /// The word that is by elimination the TCB (packets) or the connection (data traces).
    #[must_use]
    pub fn tcb_or_cid(&self) -> Option<u32> {
        self.word(76)
    }

    /// The halfword that is by elimination the address space.
    #[must_use]
    pub fn asid(&self) -> Option<u16> {
        self.half(80)
    }

    /// PTH_Plen: length before it was cut; with segmentation offload, of all segments together.
    #[must_use]
    pub fn plen(&self) -> Option<u16> {
        self.half(82)
    }

    /// PTH_InfIx.
    #[must_use]
    pub fn if_index(&self) -> Option<u32> {
        self.word(84)
    }

    /// PTH_DropRsn.
    #[must_use]
    pub fn drop_reason(&self) -> Option<DropReason> {
        self.half(88).map(DropReason)
    }

    /// PTH_OffSegLen.
    #[must_use]
    pub fn offload_segment_len(&self) -> Option<u16> {
        self.half(90)
    }

    /// The extensions behind the 92 bytes.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'a> {
        Extensions::new(self.bytes.get(LEN..).unwrap_or_default())
    }

    /// Length before any cut: PTH_Plen where it is larger than PTH_Tlen.
    #[must_use]
    pub fn orig_len(&self) -> u32 {
        self.plen().map_or(0, u32::from).max(self.tlen())
    }

    /// True when less was traced than there was (inferred from the two lengths).
    #[must_use]
    pub fn is_abbreviated(&self) -> bool {
        self.orig_len() > self.tlen()
    }

    /// The fields as a struct; those beyond PTH_Len are zero.
    #[must_use]
    pub fn fields(&self) -> PthFields {
        let mut b = [0; LEN];
        let n = self.bytes.len().min(LEN);
        b[..n].copy_from_slice(&self.bytes[..n]);
        PthFields::read_from_bytes(&b).unwrap_or_default()
    }

    /// One line as `Display` prints it, with the name area read as the entry id says.
    #[must_use]
    pub fn summary(&self, id: FormatId) -> String {
        let who = match (id, self.data_trace()) {
            (FormatId::DATA, Some(d)) => d.to_string(),
            _ => self.interface().unwrap_or_default().to_string(),
        };
        let mut s = format!("{id} {} {who} Tlen {}", self.flags(), self.tlen());
        if self.is_abbreviated() {
            s += &format!(" of {}", self.orig_len());
        }
        if let (Some(a), Some(ap), Some(b), Some(bp)) =
            (self.src(), self.src_port(), self.dst(), self.dst_port())
        {
            s += &format!(" {a} {ap} -> {b} {bp}");
        }
        if let Some(r) = self.drop_reason().filter(|r| r.0 != 0) {
            s += &format!(" dropped {r}");
        }
        s
    }
}

impl fmt::Debug for Pthdr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pthdr({self})")
    }
}

impl fmt::Display for Pthdr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary(FormatId::PACKET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::Cte;
    use crate::ctrace::cte::tests::{DATA, PACKET, hex};
    use proptest::prelude::*;

    #[test]
    fn reads_every_field_of_the_worked_packet() {
        let bytes = hex(PACKET);
        let data = Cte::parse(&bytes).unwrap().data();
        let p = Pthdr::parse(data).unwrap();
        assert_eq!(p.len(), 92);
        assert_eq!(p.seq_num(), 0);
        assert_eq!(p.flags(), Flags::OUT);
        assert!(p.is_out());
        assert_eq!(p.device_type().to_string(), "39(IPAQENET)");
        assert_eq!(p.tlen(), 56);
        assert_eq!(p.interface().unwrap().to_string(), "TR1");
        assert_eq!(p.time().unwrap().to_string(), "2002/02/12 23:39:11.873539");
        assert_eq!(p.src().unwrap().to_string(), "9.67.113.65");
        assert_eq!(p.dst().unwrap().to_string(), "9.37.80.3");
        assert_eq!((p.src_port(), p.dst_port()), (Some(1025), Some(53)));
        assert_eq!(p.record_number(), Some(3));
        assert_eq!(p.protocol(), Some(17));
        assert_eq!(p.vlan(), Some(0));
        assert_eq!(p.tcb_or_cid(), Some(0x007F_62C0));
        assert_eq!(p.asid(), Some(0x1E));
        assert_eq!(p.plen(), Some(56));
        assert_eq!(p.if_index(), Some(3));
        assert_eq!(p.drop_reason(), Some(DropReason(0)));
        assert_eq!(p.offload_segment_len(), Some(0));
        assert_eq!(p.extensions().count(), 0);
        assert!(!p.is_abbreviated());
        assert_eq!(data.len() - p.len(), 56);
        assert_eq!(p.fields().as_bytes(), p.bytes());
        assert_eq!(p.to_string(), "packet Out TR1 Tlen 56 9.67.113.65 1025 -> 9.37.80.3 53");
    }

    #[test]
    fn reads_the_worked_data_trace() {
        let bytes = hex(DATA);
        let data = Cte::parse(&bytes).unwrap().data();
        let p = Pthdr::parse(data).unwrap();
        assert!(p.flags().has(Flags::CLEAR_TEXT) && p.is_out());
        assert_eq!(p.flags().to_string(), "ClearTxt Out");
        let d = p.data_trace().unwrap();
        assert_eq!(d.job().to_string(), "USER12");
        assert_eq!((d.domain().0, d.socket_type().0, d.protocol(), d.state()), (2, 1, 6, 0));
        assert_eq!((p.src_port(), p.dst_port()), (Some(41_416), Some(8803)));
        assert_eq!(p.tcb_or_cid(), Some(0x58));
        assert_eq!(&data[p.len()..], b"GET / HTTP/1.0\r\n\r\n");
        assert_eq!(p.tlen(), 18);
    }

    #[test]
    fn a_short_header_has_no_trailing_fields() {
        let bytes = hex(PACKET);
        for len in 0..=LEN {
            let mut data = bytes[16..16 + LEN].to_vec();
            data[0] = 0;
            data[1] = len as u8;
            let p = Pthdr::parse(&data);
            if len < MIN_LEN {
                assert_eq!(p.unwrap_err(), Error::value("PTHDR", "PTH_Len", 0, len as u64));
                continue;
            }
            let p = p.unwrap();
            assert_eq!(p.interface().is_some(), len >= 24);
            assert_eq!(p.time().is_some(), len >= 32);
            assert_eq!(p.src().is_some(), len >= 48);
            assert_eq!(p.dst().is_some(), len >= 64);
            assert_eq!(p.dst_port().is_some(), len >= 68);
            assert_eq!(p.protocol().is_some(), len >= 74);
            assert_eq!(p.plen().is_some(), len >= 84);
            assert_eq!(p.if_index().is_some(), len >= 88);
            assert_eq!(p.drop_reason().is_some(), len >= 90);
            assert_eq!(p.offload_segment_len().is_some(), len >= 92);
            assert!(!p.to_string().is_empty());
        }
        for cut in 0..LEN {
            assert!(Pthdr::parse(&bytes[16..16 + cut]).unwrap_err().is_short());
        }
    }

    #[test]
    fn both_forms_of_ipv4_addresses() {
        let mut f = [0; 16];
        f[10] = 0xFF;
        f[11] = 0xFE;
        f[12..].copy_from_slice(&[9, 67, 113, 65]);
        assert_eq!(address(&f).to_string(), "9.67.113.65");
        f[11] = 0xFF;
        assert_eq!(address(&f).to_string(), "9.67.113.65");
        assert_eq!(address_field("9.67.113.65".parse().unwrap()), f);
        f[10] = 0;
        assert!(address(&f).is_ipv6());
        let six: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(address(&address_field(six)), six);
    }

    #[test]
    fn discard_reasons_name_their_layer() {
        assert_eq!(DropReason(4102).to_string(), "4102 IP_BAD_CKSUM: the header checksum is wrong");
        for (code, layer) in [
            (1, "OSA"),
            (4095, "OSA"),
            (4096, "IP"),
            (8191, "IP"),
            (8192, "TCP"),
            (12287, "TCP"),
            (12288, "UDP"),
            (16383, "UDP"),
            (16384, "RAW"),
            (20479, "RAW"),
        ] {
            assert_eq!(DropReason(code).layer(), Some(layer), "{code}");
        }
        assert_eq!(DropReason(0).layer(), None);
        assert_eq!(DropReason(20480).to_string(), "20480");
        assert_eq!(DeviceType(40).to_string(), "40");
        assert_eq!(Flags(0xD1).to_string(), "Local CfTxt Out +10");
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            if let Ok(p) = Pthdr::parse(&bytes) {
                prop_assert!(!p.summary(FormatId::DATA).is_empty());
                let n = p.len().min(LEN);
                let fields = p.fields();
                prop_assert_eq!(&fields.as_bytes()[..n], &p.bytes()[..n]);
            }
        }
    }
}
