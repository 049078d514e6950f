//! What is on: the options and filters of each component, as operator commands set them.

use std::net::IpAddr;

use formats::ctrace::events::Options;
use formats::ctrace::{FormatId, Name};

use crate::Subject;
use crate::dattrace::DatTrace;
use crate::filter::{Net, any_or};
use crate::osaenta::OsaEnta;
use crate::pkttrace::PktTrace;
use crate::trace::{DATA, FILTERED, ON, PACKETS};

/// Options and filters of every component.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// SYSTCPIP.
    pub events: EventTrace,
    /// SYSTCPDA is on (TRACE CT); [`PktTrace`] and [`DatTrace`] choose what is recorded.
    pub packets_on: bool,
    /// VARY PKTTRACE.
    pub pkttrace: PktTrace,
    /// VARY DATTRACE.
    pub dattrace: DatTrace,
    /// SYSTCPOT is on (TRACE CT); [`OsaEnta`] chooses.
    pub frames_on: bool,
    /// VARY OSAENTA, by OSA port.
    pub osaenta: OsaEnta,
    /// SYSTCPRE is on (TRACE CT).
    pub resolver_on: bool,
    /// Jobs whose resolver calls are recorded; empty is every job.
    pub resolver_jobs: Vec<Name<8>>,
}

impl Config {
    /// Everything of every component.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            events: EventTrace { on: true, options: Options::ALL, ..EventTrace::default() },
            packets_on: true,
            pkttrace: PktTrace::everything(),
            dattrace: DatTrace::everything(),
            frames_on: true,
            osaenta: OsaEnta::everything(),
            resolver_on: true,
            resolver_jobs: Vec::new(),
        }
    }

    /// The words that record points look at.
    pub(crate) fn masks(&self) -> [u64; 4] {
        let flag = |on: bool, bit: u64| if on { bit } else { 0 };
        let events = flag(self.events.on, self.events.options.0);
        let events = if events == 0 { 0 } else { events | flag(self.events.is_filtered(), FILTERED) };
        let packets = flag(self.pkttrace.is_on(), PACKETS) | flag(self.dattrace.on, DATA);
        [
            events,
            flag(self.packets_on, packets),
            flag(self.frames_on && self.osaenta.is_on(), ON),
            flag(self.resolver_on, ON),
        ]
    }
}

/// SYSTCPIP: options and filters. Each list that is not empty has to have a match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventTrace {
    /// The component is on.
    pub on: bool,
    /// Options that are on.
    pub options: Options,
    /// Jobs.
    pub jobs: Vec<Name<8>>,
    /// Address spaces.
    pub asids: Vec<u16>,
    /// Local ports.
    pub ports: Vec<u16>,
    /// Remote addresses.
    pub addresses: Vec<Net>,
    /// Entry ids.
    pub ids: Vec<FormatId>,
}

impl EventTrace {
    /// On with these options.
    #[must_use]
    pub fn with(options: Options) -> Self {
        Self { on: true, options, ..Self::default() }
    }

    fn is_filtered(&self) -> bool {
        !(self.jobs.is_empty()
            && self.asids.is_empty()
            && self.ports.is_empty()
            && self.addresses.is_empty()
            && self.ids.is_empty())
    }

    /// True when the filters let an event through.
    #[must_use]
    pub fn passes(&self, id: FormatId, s: &Subject) -> bool {
        any_or(&self.jobs, &s.job)
            && any_or(&self.asids, &s.asid)
            && any_or(&self.ports, &s.local_port)
            && any_or(&self.ids, &id)
            && self.has_address(s.remote)
    }

    fn has_address(&self, a: IpAddr) -> bool {
        self.addresses.is_empty() || self.addresses.iter().any(|n| n.has(a))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_say_what_is_on() {
        assert_eq!(Config::default().masks(), [0; 4]);
        let all = Config::everything().masks();
        assert_eq!(all, [Options::ALL.0, PACKETS | DATA, ON, ON]);
        let mut c = Config { events: EventTrace::with(Options::TCP), ..Config::default() };
        c.events.jobs.push(Name::new("FTPD1"));
        assert_eq!(c.masks()[0], Options::TCP.0 | FILTERED);
        c.events.on = false;
        assert_eq!(c.masks(), [0; 4]);
        c.pkttrace = PktTrace::everything();
        assert_eq!(c.masks(), [0; 4], "TRACE CT has to be on, too");
    }

    #[test]
    fn every_list_has_to_match() {
        let s = Subject {
            asid: 0x41,
            job: Name::new("FTPD1"),
            cid: 7,
            local_port: 21,
            remote: "10.1.0.2".parse().unwrap(),
        };
        let id = FormatId(1);
        let mut t = EventTrace::with(Options::ALL);
        assert!(t.passes(id, &s));
        t.ports = vec![20, 21];
        t.addresses = vec![Net::new("10.1.0.0".parse().unwrap(), 16)];
        assert!(t.passes(id, &s));
        t.asids = vec![0x42];
        assert!(!t.passes(id, &s));
        t.asids.push(0x41);
        assert!(t.passes(id, &s));
        t.ids = vec![FormatId(2)];
        assert!(!t.passes(id, &s));
        t.ids.clear();
        t.jobs = vec![Name::new("FTPD2")];
        assert!(!t.passes(id, &s));
    }
}
