//! What the OPTIONS of a packet trace say: which records, which reports.

use super::operand::Range;
use super::select::Selection;

/// How much a report shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All of it.
    Detail,
    /// The short form.
    Summary,
}

impl Detail {
    /// As the OPTION report prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detail => "Detail",
            Self::Summary => "Summary",
        }
    }
}

/// The text columns of a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Code {
    /// ASCII only.
    Ascii,
    /// EBCDIC only.
    Ebcdic,
    /// EBCDIC and ASCII.
    #[default]
    Both,
    /// Neither.
    Hex,
}

impl Code {
    /// As the OPTION report prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ascii => "Ascii",
            Self::Ebcdic => "Ebcdic",
            Self::Both => "Both",
            Self::Hex => "Hex",
        }
    }
}

/// Variants of the session report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// Statistics and every packet.
    Detail,
    /// Data not acknowledged yet, packet by packet.
    Pipe,
    /// Changes of state.
    State,
    /// Statistics only.
    Summary,
}

impl SessionKind {
    /// As the OPTION report prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detail => "Detail",
            Self::Pipe => "Pipe",
            Self::State => "State",
            Self::Summary => "Summary",
        }
    }
}

/// What the SNIFFER option writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnifferKind {
    /// pcapng: ours, when no kind was asked for.
    Pcapng,
    /// A DOS Sniffer file with Ethernet frames.
    Ethernet,
    /// A DOS Sniffer file with Token Ring frames.
    TokenRing,
    /// A pcap file.
    Tcpdump,
}

impl SnifferKind {
    /// As the OPTION report prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcapng => "Pcapng",
            Self::Ethernet => "Ethernet",
            Self::TokenRing => "Tokenring",
            Self::Tcpdump => "Tcpdump",
        }
    }
}

/// SNIFFER and its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffer {
    /// Bytes of a packet that are written at most; all of them without.
    pub size: Option<u32>,
    /// The kind of file.
    pub kind: SnifferKind,
}

/// Default ports of the application keywords, in the order of the OPTION report.
pub const NAMED_PORTS: [(Named, &str, &[Range]); 18] = [
    (Named::Bootp, "Bootp", &[(67, 67), (68, 68)]),
    (Named::Domain, "Domain", &[(53, 53)]),
    (Named::Ee, "EE", &[(12_000, 12_004)]),
    (Named::Finger, "Finger", &[(79, 79)]),
    (Named::Ftp, "Ftp", &[(20, 20), (21, 21)]),
    (Named::Gopher, "Gopher", &[(70, 70)]),
    (Named::Ike, "Ike", &[(500, 500)]),
    (Named::Nat, "Nat", &[(4500, 4500)]),
    (Named::Ntp, "Ntp", &[(123, 123)]),
    (Named::Router, "Router", &[(520, 520)]),
    (Named::Rpc, "Rpc", &[(111, 111)]),
    (Named::Sasp, "Sasp", &[(3860, 3860)]),
    (Named::Smtp, "Smtp", &[(25, 25)]),
    (Named::Snmp, "Snmp", &[(161, 161), (162, 162)]),
    (Named::Telnet, "Telnet", &[(23, 23)]),
    (Named::Tftp, "Tftp", &[(69, 69)]),
    (Named::Time, "Time", &[(37, 37)]),
    (Named::Www, "Www", &[(80, 80)]),
];

/// A keyword that stands for well-known ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Named {
    Bootp,
    Domain,
    Ee,
    Finger,
    Ftp,
    Gopher,
    Ike,
    Nat,
    Ntp,
    Router,
    Rpc,
    Sasp,
    Smtp,
    Snmp,
    Telnet,
    Tftp,
    Time,
    Www,
}

/// Everything that stands in OPTIONS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which records.
    pub selection: Selection,
    /// RECORDS: record numbers.
    pub records: Vec<(u64, u64)>,
    /// LIMIT: stop after so many records that pass.
    pub limit: u64,
    /// Ports of the application keywords, as [`NAMED_PORTS`] orders them.
    pub ports: Vec<Vec<(u64, u64)>>,
    /// SUMMARY.
    pub summary: bool,
    /// FORMAT.
    pub format: Option<Detail>,
    /// DUMP, and its bytes.
    pub dump: Option<u32>,
    /// ASCII, EBCDIC, BOTH, HEX.
    pub code: Code,
    /// True when a code was named.
    pub code_named: bool,
    /// BASIC.
    pub basic: Option<Detail>,
    /// CHECKSUM; the default is the short form.
    pub checksum: Option<Detail>,
    /// CLEANUP: records after which storage of ended sessions is freed.
    pub cleanup: u32,
    /// DELAYACK: milliseconds, local and remote.
    pub delay_ack: (u32, u32),
    /// FIRST was named.
    pub first: bool,
    /// GAIN: thousandths, for round-trip time and its variance.
    pub gain: (u32, u32),
    /// HPRDIAG.
    pub hprdiag: Option<Detail>,
    /// OPTION.
    pub option: bool,
    /// REASSEMBLY: largest packet, and what is shown.
    pub reassembly: Option<(u32, Detail)>,
    /// SEGMENT.
    pub segment: bool,
    /// SESSION.
    pub session: Option<SessionKind>,
    /// SNIFFER.
    pub sniffer: Option<Sniffer>,
    /// SPEED: megabits a second, local and remote.
    pub speed: (u32, u32),
    /// STATISTICS.
    pub statistics: Option<Detail>,
    /// STREAMS: bytes of a stream that are kept, and what is shown.
    pub streams: Option<(u32, Detail)>,
    /// TOD: times are those of the capture.
    pub tod: bool,
}

/// LIMIT without one, as the OPTION report prints it.
pub const NO_LIMIT: u64 = 999_999_999;
/// DUMP without a number.
pub const DUMP_ALL: u32 = 65_535;
/// STREAMS without a number.
pub const STREAM_BUFFER: u32 = 131_072;

impl Default for Options {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            records: Vec::new(),
            limit: NO_LIMIT,
            ports: NAMED_PORTS.iter().map(|(_, _, p)| p.to_vec()).collect(),
            summary: false,
            format: None,
            dump: None,
            code: Code::Both,
            code_named: false,
            basic: None,
            checksum: Some(Detail::Summary),
            cleanup: 500,
            delay_ack: (200, 200),
            first: false,
            gain: (125, 250),
            hprdiag: None,
            option: false,
            reassembly: Some((65_535, Detail::Summary)),
            segment: true,
            session: None,
            sniffer: None,
            speed: (10, 10),
            statistics: None,
            streams: None,
            tod: false,
        }
    }
}

impl Options {
    /// The ports of an application keyword.
    #[must_use]
    pub fn ports_of(&self, n: Named) -> &[(u64, u64)] {
        self.ports.get(n as usize).map_or(&[], Vec::as_slice)
    }

    /// True when any report is asked for.
    #[must_use]
    pub const fn reports(&self) -> bool {
        self.per_record()
            || self.hprdiag.is_some()
            || self.session.is_some()
            || self.sniffer.is_some()
            || self.statistics.is_some()
            || self.streams.is_some()
    }

    /// True when something is printed for each record.
    #[must_use]
    pub const fn per_record(&self) -> bool {
        self.summary || self.format.is_some() || self.dump.is_some() || self.basic.is_some()
    }

    /// True when a record number is the number of a record that was asked for.
    #[must_use]
    pub fn wants_record(&self, nr: u64) -> bool {
        self.records.is_empty() || self.records.iter().any(|(a, b)| (*a..=*b).contains(&nr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_ports_stand_at_their_own_place() {
        for (i, (n, ..)) in NAMED_PORTS.iter().enumerate() {
            assert_eq!(*n as usize, i);
        }
        assert_eq!(Options::default().ports_of(Named::Ee), [(12_000, 12_004)]);
    }
}
