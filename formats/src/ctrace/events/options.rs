//! SYSTCPIP trace options: their names, and the groups that stand for several.
//!
//! The names are those of the parmlib member CTIEZB00 (the list is inferred, of the groups only
//! MINIMUM is certain). Sources: IP Diagnosis Guide, "Specifying trace options at initialization".

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

/// A set of options, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Options(pub u64);

macro_rules! options {
    ($($bit:literal $name:ident,)* groups $($group:ident = $($member:ident)|+,)*) => {
        #[allow(missing_docs)]
        impl Options {
            $(pub const $name: Self = Self(1 << $bit);)*
            $(pub const $group: Self = Self($(Self::$member.0)|+);)*
            /// Every option that can be turned on by itself.
            pub const ALL: Self = Self($(1 << $bit)|*);
        }

        /// Names of single options with their bits.
        pub const NAMES: &[(&str, Options)] = &[$((stringify!($name), Options::$name),)*];
        /// Names of groups with what they stand for.
        pub const GROUPS: &[(&str, Options)] = &[$((stringify!($group), Options::$group),)*];
    };
}

options! {
    0 ACCESS,
    1 AFP,
    2 ARP,
    3 CLAW,
    4 CONFIG,
    5 ENGINE,
    6 FIREWALL,
    7 ICMP,
    8 INIT,
    9 INTERNET,
    10 IOCTL,
    11 IPSEC,
    12 LATCH,
    13 LCS,
    14 MESSAGE,
    15 MISC,
    16 ND,
    17 OPCMDS,
    18 OPMSGS,
    19 PASAPI,
    20 PFS,
    21 PFSMIN,
    22 POLICY,
    23 QUEUE,
    24 RAW,
    25 ROUTE,
    26 SERIAL,
    27 SMTP,
    28 SNMP,
    29 SOCKAPI,
    30 SOCKET,
    31 STORAGE,
    32 STREAMS,
    33 SYSPLEX,
    34 TCP,
    35 TCPMIN,
    36 TELNET,
    37 TELNVTAM,
    38 TIMER,
    39 TTLS,
    40 UDP,
    41 UDPMIN,
    42 VTAM,
    43 VTAMDATA,
    44 WORKUNIT,
    45 XCF,
    groups
    CSOCKET = PFS | SOCKET,
    DLC = CLAW | INTERNET | LCS | VTAM | VTAMDATA,
    IN = CONFIG | INIT | IOCTL | OPCMDS | OPMSGS,
    MINIMUM = INIT | OPCMDS | OPMSGS,
    OETCP = ENGINE | PFS | QUEUE | SOCKET | STREAMS | TCP,
    OEUDP = ENGINE | PFS | QUEUE | SOCKET | STREAMS | UDP,
    OUT = ARP | ENGINE | INTERNET | ND | QUEUE | ROUTE,
    PING = ARP | ICMP | ND | RAW,
    RW = ENGINE | PFS | QUEUE | RAW | SOCKET | STREAMS,
    SYSTEM = INIT | OPCMDS | OPMSGS | STORAGE | TIMER | WORKUNIT,
    TC = ENGINE | TCP | TIMER,
    TN = ENGINE | TELNET | TELNVTAM,
    UD = ENGINE | UDP,
}

impl Options {
    /// No option.
    pub const NONE: Self = Self(0);

    /// The option or group of a name in capitals, `None` when there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ALL" => return Some(Self::ALL),
            "NONE" => return Some(Self::NONE),
            _ => {}
        }
        NAMES.iter().chain(GROUPS).find(|(n, _)| *n == name).map(|(_, o)| *o)
    }

    /// The name of one of the options, `NONE` without any.
    #[must_use]
    pub fn first_name(self) -> &'static str {
        NAMES.iter().find(|(_, o)| self.meets(*o)).map_or("NONE", |(n, _)| n)
    }

    /// True when one of the options is in both.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Options {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Options {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Options {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }
}

/// The names, with a blank between them.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("NONE");
        }
        let mut first = true;
        for (name, _) in NAMES.iter().filter(|(_, o)| self.meets(*o)) {
            if !std::mem::take(&mut first) {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_groups() {
        assert_eq!(Options::named("TCP"), Some(Options::TCP));
        assert_eq!(Options::named("MINIMUM").unwrap().to_string(), "INIT OPCMDS OPMSGS");
        assert_eq!(Options::named("CSOCKET").unwrap().to_string(), "PFS SOCKET");
        assert_eq!(Options::named("NONE"), Some(Options::NONE));
        assert_eq!(Options::named("tcp"), None);
        assert_eq!(Options::ALL.0.count_ones() as usize, NAMES.len());
        assert_eq!(!Options::ALL, Options::NONE);
        // The two highest bits are free for whoever keeps a set in a word with flags.
        const { assert!(Options::ALL.0 < 1 << 62) };
        let mut sorted: Vec<_> = NAMES.iter().map(|(n, _)| *n).collect();
        sorted.sort_unstable();
        assert!(sorted.iter().eq(NAMES.iter().map(|(n, _)| n)));
    }
}
