//! What a framer finds: frames, anomalies, interfaces, and the batch that carries them.
//!
//! A batch is one stretch of the input, read once into one buffer; frames point into it. The
//! same thread that read it decodes it, so its bytes are still in the cache.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A point in time: seconds and nanoseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Timestamp {
    /// Whole seconds, negative before 1970.
    pub secs: i64,
    /// Nanoseconds of the second, 0..1_000_000_000.
    pub nanos: u32,
}

impl Timestamp {
    /// From a count of units of which `per_sec` make a second; finer ones than nanoseconds are cut.
    #[must_use]
    pub fn from_units(units: u64, per_sec: u64) -> Self {
        let per_sec = per_sec.max(1);
        let nanos = (u128::from(units % per_sec) * 1_000_000_000 / u128::from(per_sec)) as u32;
        Self { secs: (units / per_sec) as i64, nanos }
    }

    /// Nanoseconds since 1970 (wide enough for every `secs`).
    #[must_use]
    pub fn nanos_total(self) -> i128 {
        i128::from(self.secs) * 1_000_000_000 + i128::from(self.nanos)
    }

    /// Nanoseconds since 1970, when 64 bits hold them.
    #[inline]
    #[must_use]
    pub const fn nanos_64(self) -> Option<i64> {
        match self.secs.checked_mul(1_000_000_000) {
            Some(n) => n.checked_add(self.nanos as i64),
            None => None,
        }
    }

    /// From nanoseconds since 1970.
    #[must_use]
    pub fn from_nanos(total: i128) -> Self {
        Self { secs: total.div_euclid(1_000_000_000) as i64, nanos: total.rem_euclid(1_000_000_000) as u32 }
    }
}

/// Link-layer type, numbered as the pcap LINKTYPE registry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LinkType(pub u16);

#[allow(missing_docs)]
impl LinkType {
    pub const NULL: Self = Self(0);
    pub const ETHERNET: Self = Self(1);
    pub const TOKEN_RING: Self = Self(6);
    pub const PPP: Self = Self(9);
    pub const FDDI: Self = Self(10);
    pub const PPP_HDLC: Self = Self(50);
    pub const RAW_OPENBSD: Self = Self(12);
    pub const RAW_BSD: Self = Self(14);
    pub const RAW: Self = Self(101);
    pub const LOOP: Self = Self(108);
    pub const LINUX_SLL: Self = Self(113);
    pub const USER0: Self = Self(147);
    pub const IPV4: Self = Self(228);
    pub const ERF: Self = Self(197);
    pub const IPV6: Self = Self(229);
    pub const INFINIBAND: Self = Self(247);
    pub const LINUX_SLL2: Self = Self(276);
    /// Ours, outside the registry's range: socket data of a data trace, no headers at all.
    pub const ZOS_DATA: Self = Self(0xFF05);
    /// Ours: an SMC record of a packet trace.
    pub const ZOS_SMC: Self = Self(0xFF08);
    /// Ours: the body of a component trace entry that holds no packet.
    pub const ZOS_CTE: Self = Self(0xFF00);
    /// Ours: an entry of a systemd journal, in journal export format.
    pub const SYSTEMD_JOURNAL: Self = Self(0xFFF0);
    /// Ours: the data of a pcapng custom block, which Wireshark shows as a frame.
    pub const PCAPNG_CUSTOM: Self = Self(0xFFF1);
    /// Ours: the container names a link type that has no number in the registry.
    pub const UNKNOWN: Self = Self(0xFFFF);
}

/// Bytes of a batch: in its buffer, or in its side buffer for what had to be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chunk {
    /// True when the bytes are in the side buffer.
    pub side: bool,
    /// Offset in that buffer.
    pub off: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Chunk {
    /// A chunk of the batch's buffer.
    #[must_use]
    pub const fn main(off: usize, len: usize) -> Self {
        Self { side: false, off: off as u32, len: len as u32 }
    }
}

/// What a frame's `head` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Head {
    /// Nothing beyond what the frame itself says.
    #[default]
    None,
    /// A component trace entry from CTELENP up to its data: CTE header, PTHDR, extensions.
    Cte,
    /// Such an entry, taken out of a packet of a capture: see [`Head::wrapped`].
    Wrapped(u8),
    /// A whole pcapng block, in its section's byte order.
    Pcapng {
        /// True when the section is big-endian.
        big_endian: bool,
    },
}

impl Head {
    /// An entry that stands in a packet, whose pcapng block begins `lead` bytes before the packet (0
    /// in other captures, a multiple of 4), and ends `trail` bytes (0 or 2) behind the data.
    #[must_use]
    pub const fn wrapped(lead: u8, trail: u8) -> Self {
        Self::Wrapped(lead & 0xFC | trail & 3)
    }

    /// True for component trace entries.
    #[must_use]
    pub const fn is_cte(self) -> bool {
        matches!(self, Self::Cte | Self::Wrapped(_))
    }
}

/// One record of a trace, found but not decoded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame {
    /// 1-based number over the whole input.
    pub number: u64,
    /// Offset of the record in the peeled stream.
    pub offset: u64,
    /// When it was captured; `None` where the container has no time for it.
    pub time: Option<Timestamp>,
    /// Captured bytes.
    pub data: Chunk,
    /// The container's own bytes for this record.
    pub head: Chunk,
    /// What `head` is.
    pub head_kind: Head,
    /// Length of the packet before it was cut at capture.
    pub orig_len: u32,
    /// How the captured bytes begin. It differs from its interface's link type where that only
    /// says what comes before them, as ERF does.
    pub link: LinkType,
    /// Bytes right before `data` that are a pseudo-header of the interface's link type: an ERF
    /// header, the flags before MTP2, ... They count in no length that is shown, and an export
    /// under the interface's link type has to write them.
    pub phdr_len: u16,
    /// Index into [`Batch::interfaces`].
    pub iface: u32,
    /// Trailing bytes of `data` that are a frame check sequence, when the container says so.
    pub fcs_len: Option<u8>,
}

/// A capture interface, or what comes nearest to one in the container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// pcapng `if_name`, or the z/OS interface name.
    pub name: Option<String>,
    /// pcapng `if_description`.
    pub description: Option<String>,
    /// Link type of its packets.
    pub link: LinkType,
    /// Snap length, 0 = unlimited.
    pub snaplen: u32,
    /// Time stamp resolution as pcapng's `if_tsresol` has it (6 = microseconds).
    pub tsresol: u8,
}

/// The kinds of damage and oddity that a reader can meet. Each has a stable name for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum AnomalyKind {
    TruncatedFile,
    TruncatedRecord,
    BadLength,
    BadChecksum,
    SkippedBytes,
    LostRecords,
    MissingSegment,
    UnknownRecord,
    BadField,
    BadInterface,
    TimeOrder,
    AsciiTransfer,
    LostRecordBoundaries,
    BadCompression,
    LimitReached,
    NulPadding,
}

impl AnomalyKind {
    /// The name used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TruncatedFile => "truncated-file",
            Self::TruncatedRecord => "truncated-record",
            Self::BadLength => "bad-length",
            Self::BadChecksum => "bad-checksum",
            Self::SkippedBytes => "skipped-bytes",
            Self::LostRecords => "lost-records",
            Self::MissingSegment => "missing-segment",
            Self::UnknownRecord => "unknown-record",
            Self::BadField => "bad-field",
            Self::BadInterface => "bad-interface",
            Self::TimeOrder => "time-order",
            Self::AsciiTransfer => "ascii-transfer",
            Self::LostRecordBoundaries => "lost-record-boundaries",
            Self::BadCompression => "bad-compression",
            Self::LimitReached => "limit-reached",
            Self::NulPadding => "nul-padding",
        }
    }
}

/// Something wrong with the input, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// What kind of damage.
    pub kind: AnomalyKind,
    /// Offset in the peeled stream.
    pub offset: u64,
    /// Bytes that could not be used, 0 when none were lost.
    pub bytes: u64,
    /// Plain sentence naming record and field.
    pub detail: Cow<'static, str>,
    /// What the user can do, empty when nothing.
    pub advice: &'static str,
}

/// Counts that add up: every byte and record of the input is in exactly one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records recognised, damaged ones included.
    pub records: u64,
    /// Records that became frames (a joined frame counts its segments in `joined`).
    pub frames: u64,
    /// Records that became part of a frame that another record completed.
    pub joined: u64,
    /// Records with no packet, by name (`pcapng NRB`, `SYSTCPIP entry`, ...).
    pub other: BTreeMap<Cow<'static, str>, u64>,
    /// Records that could not be used; each has an anomaly.
    pub damaged: u64,
    /// Bytes in recognised records, the container's own headers included.
    pub record_bytes: u64,
    /// Bytes between records that belong to none.
    pub skipped_bytes: u64,
}

impl Tally {
    /// Counts a record without a packet.
    pub fn other(&mut self, name: &'static str) {
        *self.other.entry(Cow::Borrowed(name)).or_default() += 1;
    }

    /// Adds another tally.
    pub fn add(&mut self, o: &Self) {
        self.records += o.records;
        self.frames += o.frames;
        self.joined += o.joined;
        self.damaged += o.damaged;
        self.record_bytes += o.record_bytes;
        self.skipped_bytes += o.skipped_bytes;
        for (k, v) in &o.other {
            *self.other.entry(k.clone()).or_default() += v;
        }
    }

    /// True when every record is a frame, part of one, of another kind, or damaged.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.records == self.frames + self.joined + self.damaged + self.other.values().sum::<u64>()
    }
}

/// A record with no packet that an export in the same container carries over: a pcapng block
/// other than packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// How many frames of the batch come before it.
    pub before: u32,
    /// The whole block.
    pub bytes: Chunk,
    /// pcapng block type.
    pub kind: u32,
    /// True when its section is big-endian.
    pub big_endian: bool,
}

/// Which trace a batch is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// Number of the trace among those of the run, from 1.
    pub number: u32,
    /// The file as it was named.
    pub file: String,
    /// z/OS system name, as far as the trace has said it.
    pub system: Option<String>,
}

/// One stretch of input with the frames in it.
#[derive(Debug, Default)]
pub struct Batch {
    /// Position in the sequence of batches, for output in order.
    pub ticket: u64,
    /// Holds the stretch; only its first [`Batch::filled`] bytes count, so that memory that is
    /// used again need not be cleared again.
    pub buf: Vec<u8>,
    /// Bytes of `buf` that were read.
    pub filled: usize,
    /// Offset of `buf[0]` in the peeled stream.
    pub base: u64,
    /// Joined segments and other bytes that are contiguous nowhere in `buf`.
    pub side: Vec<u8>,
    /// Frames in input order.
    pub frames: Vec<Frame>,
    /// pcapng blocks other than packets, in input order.
    pub blocks: Vec<Block>,
    /// What was wrong in this stretch.
    pub anomalies: Vec<Anomaly>,
    /// Interfaces known so far; shared, copied only when one is added.
    pub interfaces: Arc<Vec<Interface>>,
    /// Counts of this stretch.
    pub tally: Tally,
    /// The trace it is of.
    pub trace: Arc<Trace>,
    /// Time of the first frame of the input.
    pub first: Option<Timestamp>,
    /// Time of the frame before the first one here.
    pub previous: Option<Timestamp>,
}

impl Batch {
    /// The bytes of a chunk.
    #[must_use]
    pub fn bytes(&self, c: Chunk) -> &[u8] {
        let from = if c.side { &self.side } else { &self.buf };
        from.get(c.off as usize..c.off as usize + c.len as usize).unwrap_or_default()
    }

    /// What a capture file has to hold for a frame: link type, length on the wire and bytes, those
    /// of the pseudo-header included where the link type wants one.
    #[must_use]
    pub fn with_pseudo_header(&self, f: &Frame) -> (LinkType, u32, &[u8]) {
        if f.phdr_len == 0 {
            return (f.link, f.orig_len, self.bytes(f.data));
        }
        let link = self.interfaces.get(f.iface as usize).map_or(f.link, |i| i.link);
        let phdr = u32::from(f.phdr_len);
        let trail = match f.head_kind {
            Head::Wrapped(n) => u32::from(n & 3),
            _ => 0,
        };
        let chunk = Chunk { off: f.data.off.saturating_sub(phdr), len: f.data.len + phdr + trail, ..f.data };
        (link, f.orig_len.saturating_add(phdr + trail), self.bytes(chunk))
    }

    /// The pcapng block that holds a frame, when its container is pcapng.
    #[must_use]
    pub fn pcapng_block(&self, f: &Frame) -> Option<Chunk> {
        let lead = match f.head_kind {
            Head::Pcapng { .. } => return Some(f.head),
            Head::Wrapped(n) if n & 0xFC != 0 => u32::from(n & 0xFC),
            _ => return None,
        };
        let off = f.data.off.checked_sub(u32::from(f.phdr_len) + lead)?;
        let start = self.buf.get(off as usize..)?;
        let (kind, len) = (start.first_chunk::<4>()?, *start.get(4..)?.first_chunk::<4>()?);
        let len = if kind[0] == 0 { u32::from_be_bytes(len) } else { u32::from_le_bytes(len) };
        Some(Chunk { side: false, off, len })
    }

    /// Forgets everything but the memory.
    pub fn clear(&mut self) {
        self.filled = 0;
        self.side.clear();
        self.frames.clear();
        self.blocks.clear();
        self.anomalies.clear();
        self.tally = Tally::default();
    }
}

/// The bytes a framer may look at.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// Bytes in hand; frames point into them with [`Chunk::main`].
    pub bytes: &'a [u8],
    /// Offset of `bytes[0]` in the peeled stream.
    pub base: u64,
    /// True when nothing follows.
    pub eof: bool,
}

/// Where a framer puts what it finds.
#[derive(Debug)]
pub struct Finds<'a> {
    /// See [`Batch::side`].
    pub side: &'a mut Vec<u8>,
    /// See [`Batch::frames`]; `number` is assigned afterwards.
    pub frames: &'a mut Vec<Frame>,
    /// See [`Batch::blocks`].
    pub blocks: &'a mut Vec<Block>,
    /// See [`Batch::anomalies`].
    pub anomalies: &'a mut Vec<Anomaly>,
    /// See [`Batch::interfaces`]; change it through `Arc::make_mut`.
    pub interfaces: &'a mut Arc<Vec<Interface>>,
    /// See [`Batch::tally`].
    pub tally: &'a mut Tally,
}

impl Finds<'_> {
    /// Notes an anomaly.
    pub fn anomaly(
        &mut self,
        kind: AnomalyKind,
        offset: u64,
        bytes: u64,
        detail: impl Into<Cow<'static, str>>,
        advice: &'static str,
    ) {
        self.anomalies.push(Anomaly { kind, offset, bytes, detail: detail.into(), advice });
    }

    /// Adds an interface and returns its index.
    pub fn interface(&mut self, i: Interface) -> u32 {
        let all = Arc::make_mut(self.interfaces);
        all.push(i);
        (all.len() - 1) as u32
    }
}

/// How far a framer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the window that are dealt with; the rest is shown again with more behind it.
    pub consumed: usize,
    /// Bytes that the next record needs in all, 0 when not known. Never above [`MAX_RECORD`].
    pub need: usize,
}

/// The longest record of any container; a longer one is damage.
pub const MAX_RECORD: usize = 16 << 20;

/// Finds the records of one container format. Pure: bytes in, finds out; the caller reads.
///
/// At `eof` a framer deals with every byte: a record cut short becomes a frame with what is
/// there (with an anomaly), or an anomaly alone.
pub trait Framer: Send {
    /// What the container is called in reports, e.g. `pcapng` or `CTRACE, RDW`.
    fn name(&self) -> Cow<'static, str>;

    /// Finds the complete records of `w`.
    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress;

    /// Facts learnt about the input that belong in `info`: key and value.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// z/OS system name, where the trace has said it.
    fn system(&self) -> Option<String> {
        self.facts().into_iter().find(|(key, _)| *key == "system").map(|(_, value)| value)
    }
}
