//! TCP options.
//!
//! Source: IANA "TCP Option Kind Numbers" and "TCP Experimental Option Experiment Identifiers";
//! RFC 9293 (0-2), RFC 7323 (3, 8), RFC 2018 (4, 5), RFC 1072 (6, 7), RFC 2385 (19),
//! CCSDS 714.0-B-2 (20, SCPS), RFC 5482 (28), RFC 5925 (29), RFC 8684 (30), RFC 7413 (34),
//! RFC 6994 (253, 254), RFC 7609 appendix A.1 (SMC-R).
//!
//! | kind | len | data (offset from the kind) |
//! |---|---|---|
//! | 2 | 4 | 2: maximum segment size, 2 bytes |
//! | 3 | 3 | 2: window shift count, 1 byte |
//! | 4 | 2 | none |
//! | 5 | 2+8n | 2: n pairs of left and right edge, 4 bytes each |
//! | 6, 7 | 6 | 2: echo value, 4 bytes |
//! | 8 | 10 | 2: TSval, 6: TSecr, 4 bytes each |
//! | 19 | 18 | 2: MD5 digest, 16 bytes |
//! | 20 | 4 | 2: SCPS capability bits, 3: connection identifier, 1 byte each |
//! | 28 | 4 | 2: granularity (high bit: minutes), 15-bit timeout |
//! | 29 | 4+n | 2: key id, 3: next key id to receive, 4: MAC |
//! | 30 | 3+n | 2: MPTCP subtype (high 4 bits of the byte) |
//! | 34 | 2 or 6-18 | 2: Fast Open cookie, empty in a request |
//! | 253, 254 | 4+n | 2: experiment identifier, 2 bytes (some use 4), 4: data |
//! | 254 | 6 | 2: `E2D4C3D9`, EBCDIC `SMCR`; `E2D4C3C4`, `SMCD`, is taken too |

use std::fmt;

use super::options::{NOP, RawOption, RawOptions};
use crate::code::open_code;
use crate::{Error, Result};

/// The longest that the options of a segment can be, in bytes.
pub const MAX_LEN: usize = 40;

open_code! {
    /// Kind of a TCP option.
    Kind(u8, dec) {
        END = 0 "End of Option List",
        NOP = 1 "No-Operation",
        MSS = 2 "Maximum Segment Size",
        WINDOW_SCALE = 3 "Window Scale",
        SACK_PERMITTED = 4 "SACK Permitted",
        SACK = 5 "SACK",
        ECHO = 6 "Echo",
        ECHO_REPLY = 7 "Echo Reply",
        TIMESTAMPS = 8 "Time Stamp Option",
        MD5 = 19 "MD5 Signature Option",
        SCPS = 20 "SCPS Capabilities",
        SNACK = 21 "Selective Negative Acknowledgements",
        QUICK_START = 27 "Quick-Start Response",
        USER_TIMEOUT = 28 "User Timeout Option",
        TCP_AO = 29 "The TCP Authentication Option",
        MPTCP = 30 "Multipath TCP",
        FAST_OPEN = 34 "TCP Fast Open Cookie",
        ACC_ECN_0 = 172 "Accurate ECN Order 0",
        ACC_ECN_1 = 174 "Accurate ECN Order 1",
        EXPERIMENT_1 = 253 "RFC3692-style Experiment 1",
        EXPERIMENT_2 = 254 "RFC3692-style Experiment 2",
    }
    also {
        9 "Partial Order Connection Permitted",
        10 "Partial Order Service Profile",
        11 "CC",
        12 "CC.NEW",
        13 "CC.ECHO",
        14 "TCP Alternate Checksum Request",
        15 "TCP Alternate Checksum Data",
        16 "Skeeter",
        17 "Bubba",
        18 "Trailer Checksum Option",
        22 "Record Boundaries",
        23 "Corruption experienced",
        24 "SNAP",
        26 "TCP Compression Filter",
        69 "Encryption Negotiation",
        76 "Riverbed Probe",
        78 "Riverbed Transparency",
    }
}

open_code! {
    /// Experiment identifier of an option of kind 253 or 254 (RFC 6994), its first two bytes.
    ExperimentId(u16, hex) {
        ACK_RATE_REQUEST = 0x00ac "TCP ACK Rate Request",
        HOST_ID = 0x0348 "Host ID",
        AS_COMPENSATION = 0x0a0d "Autonomous System Compensation",
        CAPABILITY = 0x0ca0 "Capability Option",
        EDO = 0x0ed0 "Extended Data Offset",
        TCP_ENO = 0x454e "Encryption Negotiation",
        SERVICE_NUMBER = 0x5323 "Service Number",
        TS_INTERVAL = 0x75ec "Timestamp Interval",
        ACC_ECN_0 = 0xacc0 "Accurate ECN - Order 0",
        ACC_ECN_1 = 0xacc1 "Accurate ECN - Order 1",
        ACC_ECN = 0xacce "Accurate ECN",
        SMC = 0xe2d4 "Shared Memory Communications",
        FAST_OPEN = 0xf989 "Fast Open",
        LOW_LATENCY = 0xf990 "Low Latency",
    }
}

open_code! {
    /// Subtype of a Multipath TCP option (RFC 8684 section 8.1).
    MptcpSubtype(u8, dec) {
        MP_CAPABLE = 0 "Multipath Capable",
        MP_JOIN = 1 "Join Connection",
        DSS = 2 "Data Sequence Signal",
        ADD_ADDR = 3 "Add Address",
        REMOVE_ADDR = 4 "Remove Address",
        MP_PRIO = 5 "Change Subflow Priority",
        MP_FAIL = 6 "TCP Fallback",
        MP_FASTCLOSE = 7 "Fast Close",
        MP_TCPRST = 8 "TCP Reset",
    }
}

open_code! {
    /// The four bytes by which the SMC option is told.
    SmcMagic(u32, hex) {
        SMCR = 0xe2d4_c3d9 "SMCR",
        SMCD = 0xe2d4_c3c4 "SMCD",
    }
}

/// The edges of a SACK option, still as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SackEdges<'a>(&'a [[u8; 8]]);

impl<'a> SackEdges<'a> {
    /// The blocks: first sequence number in it, first one behind it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, u32)> + 'a {
        self.0.iter().map(|&[a, b, c, d, e, f, g, h]| {
            (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
        })
    }
}

/// A decoded TCP option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TcpOption<'a> {
    /// End of the list.
    End,
    /// No operation.
    Nop,
    /// Maximum segment size in bytes.
    Mss(u16),
    /// Window shift count; RFC 7323 takes more than 14 as 14.
    WindowScale(u8),
    /// SACK permitted.
    SackPermitted,
    /// Selective acknowledgment.
    Sack(SackEdges<'a>),
    /// Echo (RFC 1072).
    Echo(u32),
    /// Echo reply (RFC 1072).
    EchoReply(u32),
    /// Timestamps.
    Timestamps(Timestamps),
    /// MD5 signature.
    Md5(&'a [u8; 16]),
    /// SCPS capabilities.
    Scps {
        /// Capability bits: BETS 80, SNACK1 40, SNACK2 20, compression 10, NL timestamps 08.
        flags: u8,
        /// Connection identifier.
        connection_id: u8,
    },
    /// User timeout.
    UserTimeout {
        /// True when the value counts minutes, else seconds.
        minutes: bool,
        /// The timeout, 15 bits.
        value: u16,
    },
    /// TCP authentication option.
    Ao {
        /// Key with which this segment is authenticated.
        key_id: u8,
        /// Key that the sender would like to receive next.
        rnext_key_id: u8,
        /// Message authentication code.
        mac: &'a [u8],
    },
    /// Multipath TCP.
    Mptcp {
        /// Subtype, the high 4 bits of the first byte.
        subtype: MptcpSubtype,
        /// Everything behind kind and length, the subtype's byte included.
        data: &'a [u8],
    },
    /// Fast Open cookie, of kind 34 or of its experiment; empty in a request.
    FastOpen {
        /// The cookie.
        cookie: &'a [u8],
        /// True when it came as kind 253 or 254.
        experimental: bool,
    },
    /// Shared Memory Communications: the sender can do SMC-R or SMC-D.
    Smc(SmcMagic),
    /// Another experiment.
    Experimental {
        /// Experiment identifier.
        exid: ExperimentId,
        /// What follows its first two bytes.
        data: &'a [u8],
    },
    /// A kind known here whose length is not the one that its document gives.
    BadLength(RawOption<'a>),
    /// Another kind.
    Other(RawOption<'a>),
}

impl<'a> TcpOption<'a> {
    /// Decodes one option.
    #[must_use]
    pub fn new(raw: RawOption<'a>) -> Self {
        Self::decode(raw).unwrap_or(Self::BadLength(raw))
    }

    /// `None` when the data are too short or too long for the kind.
    fn decode(raw: RawOption<'a>) -> Option<Self> {
        let data = raw.data();
        Some(match Kind(raw.kind) {
            Kind::END => Self::End,
            Kind::NOP => Self::Nop,
            Kind::MSS => Self::Mss(u16::from_be_bytes(raw.array()?)),
            Kind::WINDOW_SCALE => Self::WindowScale(u8::from_be_bytes(raw.array()?)),
            Kind::SACK_PERMITTED => raw.array::<0>().map(|_| Self::SackPermitted)?,
            Kind::SACK => {
                let (blocks, rest) = data.as_chunks::<8>();
                (rest.is_empty() && !blocks.is_empty()).then_some(Self::Sack(SackEdges(blocks)))?
            }
            Kind::ECHO => Self::Echo(u32::from_be_bytes(raw.array()?)),
            Kind::ECHO_REPLY => Self::EchoReply(u32::from_be_bytes(raw.array()?)),
            Kind::TIMESTAMPS => {
                let [a, b, c, d, e, f, g, h] = raw.array()?;
                let (value, echo) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                Self::Timestamps(Timestamps { value, echo })
            }
            Kind::MD5 => Self::Md5(data.try_into().ok()?),
            Kind::SCPS => {
                let [flags, connection_id] = raw.array()?;
                Self::Scps { flags, connection_id }
            }
            Kind::USER_TIMEOUT => {
                let v = u16::from_be_bytes(raw.array()?);
                Self::UserTimeout { minutes: v & 0x8000 != 0, value: v & 0x7fff }
            }
            Kind::TCP_AO => {
                let (&[key_id, rnext_key_id], mac) = data.split_first_chunk()?;
                Self::Ao { key_id, rnext_key_id, mac }
            }
            Kind::MPTCP => Self::Mptcp { subtype: MptcpSubtype(data.first()? >> 4), data },
            Kind::FAST_OPEN => {
                let fits = data.is_empty() || (4..=16).contains(&data.len()) && data.len().is_multiple_of(2);
                fits.then_some(Self::FastOpen { cookie: data, experimental: false })?
            }
            Kind::EXPERIMENT_1 | Kind::EXPERIMENT_2 => Self::experiment(raw)?,
            _ => Self::Other(raw),
        })
    }

    fn experiment(raw: RawOption<'a>) -> Option<Self> {
        let (id, data) = raw.data().split_first_chunk()?;
        let exid = ExperimentId(u16::from_be_bytes(*id));
        if let (Kind::EXPERIMENT_2, Some(magic)) = (Kind(raw.kind), raw.data().first_chunk()) {
            let magic = SmcMagic(u32::from_be_bytes(*magic));
            if magic.name().is_some() {
                return Some(Self::Smc(magic));
            }
        }
        Some(match exid {
            ExperimentId::FAST_OPEN => Self::FastOpen { cookie: data, experimental: true },
            _ => Self::Experimental { exid, data },
        })
    }
}

/// Walks and decodes the options of a segment: offset and option. It ends as [`RawOptions`] does.
#[derive(Debug, Clone)]
pub struct TcpOptions<'a>(RawOptions<'a>);

impl<'a> TcpOptions<'a> {
    /// Walks the bytes between the fixed header and the payload.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(RawOptions::new("TCP", bytes))
    }
}

impl<'a> Iterator for TcpOptions<'a> {
    type Item = Result<(usize, TcpOption<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map(|raw| (raw.offset, TcpOption::new(raw))))
    }
}

/// The two values of a timestamps option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Timestamps {
    /// TSval, the sender's clock.
    pub value: u32,
    /// TSecr, the clock value echoed; counts only with ACK.
    pub echo: u32,
}

/// Up to four SACK blocks to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SackBlocks {
    blocks: [(u32, u32); 4],
    len: u8,
}

impl SackBlocks {
    /// Adds a block: first sequence number in it, first one behind it. False when there is no
    /// room for a fifth one.
    pub fn push(&mut self, left: u32, right: u32) -> bool {
        let room = self.blocks.get_mut(usize::from(self.len));
        let fits = room.is_some();
        if let Some(b) = room {
            *b = (left, right);
            self.len += 1;
        }
        fits
    }

    /// The blocks, in the order in which they were added.
    #[must_use]
    pub fn as_slice(&self) -> &[(u32, u32)] {
        &self.blocks[..usize::from(self.len)]
    }
}

/// A Fast Open cookie to send, empty in a request; 4 to 16 bytes, an even number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Cookie {
    bytes: [u8; 16],
    len: u8,
}

impl Cookie {
    /// A request for a cookie.
    pub const REQUEST: Self = Self { bytes: [0; 16], len: 0 };

    /// From its bytes; `None` when their number is not one that RFC 7413 allows.
    #[must_use]
    pub fn new(cookie: &[u8]) -> Option<Self> {
        if !matches!(cookie.len(), 0 | 4 | 6 | 8 | 10 | 12 | 14 | 16) {
            return None;
        }
        let mut bytes = [0; 16];
        bytes[..cookie.len()].copy_from_slice(cookie);
        Some(Self { bytes, len: cookie.len() as u8 })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// The options that a stack sends and acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Options {
    /// Maximum segment size, on SYN.
    pub mss: Option<u16>,
    /// Window shift count, on SYN.
    pub window_scale: Option<u8>,
    /// SACK permitted, on SYN.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: Option<Timestamps>,
    /// Selective acknowledgment.
    pub sack: SackBlocks,
    /// SMC, on SYN.
    pub smc: Option<SmcMagic>,
    /// Fast Open cookie, on SYN.
    pub fast_open: Option<Cookie>,
    /// User timeout as it stands: granularity bit and 15-bit value.
    pub user_timeout: Option<u16>,
    /// MD5 signature.
    pub md5: Option<[u8; 16]>,
}

impl Options {
    /// Collects the options of a segment; of one that comes twice the last counts, what has no
    /// place here is left out. Offsets in errors count from the start of the options.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut o = Self::default();
        for option in TcpOptions::new(bytes) {
            match option?.1 {
                TcpOption::Mss(v) => o.mss = Some(v),
                TcpOption::WindowScale(v) => o.window_scale = Some(v),
                TcpOption::SackPermitted => o.sack_permitted = true,
                TcpOption::Timestamps(v) => o.timestamps = Some(v),
                TcpOption::Sack(edges) => {
                    o.sack = SackBlocks::default();
                    for (left, right) in edges.iter() {
                        o.sack.push(left, right);
                    }
                }
                TcpOption::Smc(magic) => o.smc = Some(magic),
                TcpOption::FastOpen { cookie, .. } => o.fast_open = Cookie::new(cookie),
                TcpOption::UserTimeout { minutes, value } => {
                    o.user_timeout = Some(u16::from(minutes) << 15 | value);
                }
                TcpOption::Md5(digest) => o.md5 = Some(*digest),
                _ => {}
            }
        }
        Ok(o)
    }

    /// Bytes that [`Self::emit`] writes, a multiple of 4. Above [`MAX_LEN`] they do not fit a
    /// segment.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut len = 0;
        self.write(|bytes| len += bytes.len());
        len.next_multiple_of(4)
    }

    /// True when there is no option.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Writes the options, padded to a multiple of 4 with no-operations, at the front of `out`
    /// and returns their length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        let len = self.len();
        if len > MAX_LEN {
            return Err(Error::value("TCP", "tcp.options", 0, len as u64));
        }
        let available = out.len();
        let out = out.get_mut(..len).ok_or(Error::short("TCP", "output buffer", 0, len, available))?;
        let mut at = 0;
        self.write(|bytes| {
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        });
        out[at..].fill(NOP);
        Ok(len)
    }

    /// Hands every option to `put`, each behind the no-operations that align its values.
    fn write(&self, mut put: impl FnMut(&[u8])) {
        if let Some(mss) = self.mss {
            put(&[Kind::MSS.0, 4]);
            put(&mss.to_be_bytes());
        }
        // SACK permitted takes the two bytes that timestamps need before them for alignment.
        match (self.sack_permitted, self.timestamps.is_some()) {
            (true, true) => put(&[Kind::SACK_PERMITTED.0, 2]),
            (true, false) => put(&[NOP, NOP, Kind::SACK_PERMITTED.0, 2]),
            (false, true) => put(&[NOP, NOP]),
            (false, false) => {}
        }
        if let Some(ts) = self.timestamps {
            put(&[Kind::TIMESTAMPS.0, 10]);
            put(&ts.value.to_be_bytes());
            put(&ts.echo.to_be_bytes());
        }
        if let Some(shift) = self.window_scale {
            put(&[NOP, Kind::WINDOW_SCALE.0, 3, shift]);
        }
        if let Some(magic) = self.smc {
            put(&[NOP, NOP, Kind::EXPERIMENT_2.0, 6]);
            put(&magic.0.to_be_bytes());
        }
        if let Some(v) = self.user_timeout {
            put(&[Kind::USER_TIMEOUT.0, 4]);
            put(&v.to_be_bytes());
        }
        if let Some(digest) = self.md5 {
            put(&[NOP, NOP, Kind::MD5.0, 18]);
            put(&digest);
        }
        if let Some(cookie) = self.fast_open {
            put(&[Kind::FAST_OPEN.0, 2 + cookie.len]);
            put(cookie.as_bytes());
        }
        if self.sack.len > 0 {
            put(&[NOP, NOP, Kind::SACK.0, 2 + 8 * self.sack.len]);
            for (left, right) in self.sack.as_slice() {
                put(&left.to_be_bytes());
                put(&right.to_be_bytes());
            }
        }
    }
}

impl fmt::Display for TcpOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("EOL"),
            Self::Nop => f.write_str("NOP"),
            Self::Mss(v) => write!(f, "MSS={v}"),
            Self::WindowScale(v) => write!(f, "WS={}", 1u32 << v.min(&14)),
            Self::SackPermitted => f.write_str("SACK_PERM"),
            Self::Sack(edges) => {
                f.write_str("SACK")?;
                edges.iter().try_for_each(|(left, right)| write!(f, " {left}-{right}"))
            }
            Self::Echo(v) => write!(f, "Echo={v}"),
            Self::EchoReply(v) => write!(f, "EchoReply={v}"),
            Self::Timestamps(t) => write!(f, "TSval={} TSecr={}", t.value, t.echo),
            Self::Md5(_) => f.write_str("MD5"),
            Self::Scps { flags, .. } => write!(f, "SCPS=0x{flags:02x}"),
            Self::UserTimeout { minutes, value } => {
                write!(f, "UTO={value} {}", if *minutes { "minutes" } else { "seconds" })
            }
            Self::Ao { key_id, .. } => write!(f, "TCP-AO key {key_id}"),
            Self::Mptcp { subtype, .. } => write!(f, "MPTCP {subtype}"),
            Self::FastOpen { cookie: [], .. } => f.write_str("TFO=R"),
            Self::FastOpen { .. } => f.write_str("TFO=C"),
            Self::Smc(magic) => write!(f, "SMC={magic}"),
            Self::Experimental { exid, .. } => write!(f, "ExID=0x{:04x}", exid.0),
            Self::BadLength(raw) => write!(f, "{} (length {})", Kind(raw.kind), raw.bytes.len()),
            Self::Other(raw) => write!(f, "{}", Kind(raw.kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(bytes: &[u8]) -> TcpOption<'_> {
        TcpOptions::new(bytes).next().unwrap().unwrap().1
    }

    #[test]
    fn every_kind_with_its_own_layout() {
        assert_eq!(one(&[0]), TcpOption::End);
        assert_eq!(one(&[1]), TcpOption::Nop);
        assert_eq!(one(&[2, 4, 0x05, 0xb4]), TcpOption::Mss(1460));
        assert_eq!(one(&[3, 3, 7]), TcpOption::WindowScale(7));
        assert_eq!(one(&[4, 2]), TcpOption::SackPermitted);
        assert_eq!(one(&[6, 6, 0, 0, 1, 0]), TcpOption::Echo(256));
        assert_eq!(one(&[7, 6, 0, 0, 1, 1]), TcpOption::EchoReply(257));
        assert_eq!(
            one(&[8, 10, 0, 0, 0, 1, 0, 0, 0, 2]),
            TcpOption::Timestamps(Timestamps { value: 1, echo: 2 })
        );
        assert_eq!(one(&[20, 4, 0x80, 9]), TcpOption::Scps { flags: 0x80, connection_id: 9 });
        assert_eq!(one(&[28, 4, 0x80, 5]), TcpOption::UserTimeout { minutes: true, value: 5 });
        assert_eq!(one(&[29, 6, 1, 2, 3, 4]), TcpOption::Ao { key_id: 1, rnext_key_id: 2, mac: &[3, 4] });
        assert_eq!(one(&[30, 4, 0x20, 1]), TcpOption::Mptcp { subtype: MptcpSubtype::DSS, data: &[0x20, 1] });
        assert_eq!(one(&[34, 2]), TcpOption::FastOpen { cookie: &[], experimental: false });
        let tfo = one(&[254, 8, 0xf9, 0x89, 1, 2, 3, 4]);
        assert_eq!(tfo, TcpOption::FastOpen { cookie: &[1, 2, 3, 4], experimental: true });
        let acc = one(&[254, 5, 0xac, 0xce, 9]);
        assert_eq!(acc, TcpOption::Experimental { exid: ExperimentId::ACC_ECN, data: &[9] });
        assert!(matches!(one(&[77, 3, 1]), TcpOption::Other(_)));
        let TcpOption::Sack(edges) = one(&[5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 10]) else {
            panic!("no SACK");
        };
        assert_eq!(edges.iter().collect::<Vec<_>>(), [(1, 2), (9, 10)]);
        assert_eq!(edges.iter().len(), 2);
    }

    // The worked option area of the SMC fact sheet, and the one that Linux sends.
    #[test]
    fn smc_option() {
        assert_eq!(one(&[0xfe, 6, 0xe2, 0xd4, 0xc3, 0xd9, 1, 1]), TcpOption::Smc(SmcMagic::SMCR));
        assert_eq!(one(&[0xfe, 6, 0xe2, 0xd4, 0xc3, 0xc4]), TcpOption::Smc(SmcMagic::SMCD));
        assert!(matches!(one(&[0xfe, 6, 0xe2, 0xd4, 0, 0]), TcpOption::Experimental { .. }));
        assert!(matches!(one(&[0xfd, 6, 0xe2, 0xd4, 0xc3, 0xd9]), TcpOption::Experimental { .. }));
        let mut out = [0; 8];
        Options { smc: Some(SmcMagic::SMCR), ..Options::default() }.emit(&mut out).unwrap();
        assert_eq!(out, [1, 1, 0xfe, 6, 0xe2, 0xd4, 0xc3, 0xd9]);
    }

    #[test]
    fn lengths_that_no_document_gives() {
        for bytes in [
            &[2, 3, 1][..],
            &[3, 2],
            &[4, 3, 0],
            &[5, 2],
            &[5, 6, 0, 0, 0, 0],
            &[8, 6, 0, 0, 0, 0],
            &[19, 4, 0, 0],
            &[29, 3, 0],
            &[30, 2],
            &[34, 3, 0],
            &[254, 3, 0],
        ] {
            assert!(matches!(one(bytes), TcpOption::BadLength(_)), "{bytes:?}");
        }
    }

    // Byte for byte what RFC 7323 appendix A recommends for timestamps, and a SYN's usual set.
    #[test]
    fn emits_aligned_options() {
        let timestamps = Some(Timestamps { value: 0x0102_0304, echo: 0x0506_0708 });
        let mut out = [0; 40];
        let n = Options { timestamps, ..Options::default() }.emit(&mut out).unwrap();
        assert_eq!(out[..n], [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);
        let syn = Options {
            mss: Some(1460),
            sack_permitted: true,
            timestamps,
            window_scale: Some(7),
            ..Options::default()
        };
        let n = syn.emit(&mut out).unwrap();
        assert_eq!(out[..n], [2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7]);
    }

    #[test]
    fn refuses_more_than_forty_bytes() {
        let mut o = Options { timestamps: Some(Timestamps::default()), ..Options::default() };
        for n in 0..4 {
            assert!(o.sack.push(n, n + 1));
        }
        assert!(!o.sack.push(9, 10));
        assert_eq!(o.len(), 48);
        assert_eq!(o.emit(&mut [0; 64]), Err(Error::value("TCP", "tcp.options", 0, 48)));
    }

    #[test]
    fn as_text() {
        let list =
            [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7, 254, 6, 0xe2, 0xd4, 0xc3, 0xd9];
        let text: Vec<_> = TcpOptions::new(&list).map(|o| o.unwrap().1.to_string()).collect();
        assert_eq!(text, ["MSS=1460", "SACK_PERM", "TSval=1 TSecr=2", "NOP", "WS=128", "SMC=SMCR"]);
    }

    fn cookies() -> impl Strategy<Value = Option<Cookie>> {
        prop::option::of(prop::collection::vec(any::<u8>(), 0..=16)).prop_map(|c| Cookie::new(&c?))
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..=40)) {
            for o in TcpOptions::new(&bytes).flatten() {
                let _ = o.1.to_string();
            }
            if let Ok(o) = Options::parse(&bytes) {
                let _ = o.emit(&mut [0; 40]);
            }
        }

        #[test]
        fn parse_undoes_emit(
            mss: Option<u16>, window_scale: Option<u8>, sack_permitted: bool, ts: Option<(u32, u32)>,
            sack in prop::collection::vec(any::<(u32, u32)>(), 0..=4), smc: bool, fast_open in cookies(),
            user_timeout: Option<u16>, md5: Option<[u8; 16]>,
        ) {
            let mut o = Options {
                mss, window_scale, sack_permitted, fast_open, user_timeout, md5,
                timestamps: ts.map(|(value, echo)| Timestamps { value, echo }),
                smc: smc.then_some(SmcMagic::SMCR),
                ..Options::default()
            };
            for (left, right) in sack {
                o.sack.push(left, right);
            }
            let mut out = [0; 40];
            match o.emit(&mut out) {
                Ok(n) => prop_assert_eq!(Options::parse(&out[..n]), Ok(o)),
                Err(_) => prop_assert!(o.len() > MAX_LEN),
            }
        }
    }
}
