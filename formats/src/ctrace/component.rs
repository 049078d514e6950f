//! Component names: which trace an entry belongs to. Source: z/OS Communications Server: IP
//! Diagnosis Guide; the name stands in NMI initialisation records and on IPCS reports.

use std::fmt;

use super::{FormatId, Name};

/// A component name, 8 EBCDIC characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Component(pub Name<8>);

macro_rules! components {
    ($($(#[$doc:meta])* $name:ident = $bytes:expr;)*) => {
        impl Component {
            $($(#[$doc])* pub const $name: Self = Self(Name($bytes));)*
        }
    };
}

components! {
    /// TCP/IP packet and data trace.
    SYSTCPDA = [0xE2, 0xE8, 0xE2, 0xE3, 0xC3, 0xD7, 0xC4, 0xC1];
    /// TCP/IP stack event trace.
    SYSTCPIP = [0xE2, 0xE8, 0xE2, 0xE3, 0xC3, 0xD7, 0xC9, 0xD7];
    /// Intrusion detection.
    SYSTCPIS = [0xE2, 0xE8, 0xE2, 0xE3, 0xC3, 0xD7, 0xC9, 0xE2];
    /// Internet key exchange daemon.
    SYSTCPIK = [0xE2, 0xE8, 0xE2, 0xE3, 0xC3, 0xD7, 0xC9, 0xD2];
    /// OSA-Express network traffic analyzer.
    SYSTCPOT = [0xE2, 0xE8, 0xE2, 0xE3, 0xC3, 0xD7, 0xD6, 0xE3];
    /// Resolver.
    SYSTCPRE = [0xE2, 0xE8, 0xE2, 0xE3, 0xC3, 0xD7, 0xD9, 0xC5];
    /// OMPROUTE.
    SYSTCPRT = [0xE2, 0xE8, 0xE2, 0xE3, 0xC3, 0xD7, 0xD9, 0xE3];
    /// System SSL.
    GSKSRVR = [0xC7, 0xE2, 0xD2, 0xE2, 0xD9, 0xE5, 0xD9, 0x40];
}

impl Component {
    /// True when its entries 4 to 8 hold packet trace headers.
    #[must_use]
    pub fn has_packets(self) -> bool {
        matches!(self, Self::SYSTCPDA | Self::SYSTCPOT)
    }

    /// The component that an entry id belongs to where the id alone says so.
    #[must_use]
    pub const fn of_packet_id(id: FormatId) -> Option<Self> {
        match id {
            FormatId::OSA => Some(Self::SYSTCPOT),
            FormatId::PACKET | FormatId::DATA | FormatId::EE | FormatId::SMC => Some(Self::SYSTCPDA),
            _ => None,
        }
    }

    /// What the component traces, empty when it is not one of those known here.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::SYSTCPDA => "packet and data trace",
            Self::SYSTCPIP => "stack event trace",
            Self::SYSTCPIS => "intrusion detection trace",
            Self::SYSTCPIK => "IKE daemon trace",
            Self::SYSTCPOT => "OSA-Express network traffic analyzer trace",
            Self::SYSTCPRE => "resolver trace",
            Self::SYSTCPRT => "OMPROUTE trace",
            Self::GSKSRVR => "System SSL trace",
            _ => "",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (c, text) in [
            (Component::SYSTCPDA, "SYSTCPDA"),
            (Component::SYSTCPIP, "SYSTCPIP"),
            (Component::SYSTCPIS, "SYSTCPIS"),
            (Component::SYSTCPIK, "SYSTCPIK"),
            (Component::SYSTCPOT, "SYSTCPOT"),
            (Component::SYSTCPRE, "SYSTCPRE"),
            (Component::SYSTCPRT, "SYSTCPRT"),
            (Component::GSKSRVR, "GSKSRVR"),
        ] {
            assert_eq!(c.to_string(), text);
            assert_eq!(Component(Name::new(text)), c);
            assert!(!c.description().is_empty());
        }
        assert_eq!(Component::of_packet_id(FormatId(7)), Some(Component::SYSTCPOT));
        assert_eq!(Component::of_packet_id(FormatId(9)), None);
    }
}
