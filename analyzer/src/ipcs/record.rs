//! A record as the reports see it: what its headers say, and its packet.

use formats::ctrace::component::Component;
use formats::ctrace::{FormatId, Pthdr, events, ids};

use super::packet::Packet;
use crate::source::frame::{Batch, Frame, Head, LinkType, Timestamp};

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A packet of the packet trace, or of any capture.
    Packet,
    /// Data of a socket.
    Data,
    /// An Enterprise Extender packet.
    Ee,
    /// A frame of the OSA network traffic analyzer.
    Osa,
    /// An SMC record.
    Smc,
    /// An entry of another component.
    Event,
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its number, counted from the first one that START lets through.
    pub nr: u64,
    /// What it holds.
    pub kind: Kind,
    /// Entry id; packets of a capture have that of a packet trace.
    pub id: FormatId,
    /// When it was put into the trace buffer; the capture time where the input has no other.
    pub entry_time: Timestamp,
    /// When the packet was captured.
    pub time: Timestamp,
    /// The packet trace header.
    pub pth: Option<Pthdr<'a>>,
    /// Interface, or job of a data trace.
    pub name: Option<&'a str>,
    /// The captured bytes.
    pub body: &'a [u8],
    /// Their number before any cut.
    pub orig_len: u32,
    /// The packet in them.
    pub packet: Packet<'a>,
}

impl<'a> Record<'a> {
    /// The record of a frame.
    #[must_use]
    pub fn new(batch: &'a Batch, f: &Frame, leap_seconds: i64) -> Self {
        let body = batch.bytes(f.data);
        let time = f.time.unwrap_or_default();
        let mut r = Self {
            nr: 0,
            kind: Kind::Packet,
            id: FormatId::PACKET,
            entry_time: time,
            time,
            pth: None,
            name: batch.interfaces.get(f.iface as usize).and_then(|i| i.name.as_deref()),
            body,
            orig_len: f.orig_len,
            packet: Packet::default(),
        };
        if f.head_kind.is_cte() {
            r.entry(batch.bytes(f.head), leap_seconds);
        }
        r.kind = match (f.link, r.id) {
            (LinkType::ZOS_DATA, _) => Kind::Data,
            (LinkType::ZOS_SMC, _) => Kind::Smc,
            (LinkType::ZOS_CTE, _) => Kind::Event,
            (_, FormatId::EE) => Kind::Ee,
            (_, FormatId::OSA) => Kind::Osa,
            _ => Kind::Packet,
        };
        if r.kind == Kind::Event && matches!(f.head_kind, Head::Wrapped(_)) {
            // The container names the component in ASCII, blank padded.
            let (_, _, packet) = batch.with_pseudo_header(f);
            r.name = packet.get(8..16).and_then(|n| std::str::from_utf8(n).ok()).map(str::trim_end);
        }
        r.packet = match (r.kind, &r.pth) {
            (Kind::Data, Some(h)) => {
                let p = h.data_trace().map(|d| d.protocol()).filter(|p| *p != 0).or(h.protocol());
                Packet::of_data(h, p, body, f.orig_len)
            }
            (Kind::Smc, Some(h)) => Packet::of_data(h, h.protocol(), body, f.orig_len),
            (Kind::Event, _) => match ids::find_packet(body) {
                Some((at, len)) if r.name == Some("SYSTCPIS") => {
                    Packet::of_ip(body.get(at..at + len).unwrap_or_default(), len as u32)
                }
                _ => Packet::of_bytes(body, f.orig_len),
            },
            _ => Packet::of_frame(f.link, body, f.orig_len),
        };
        r
    }

    /// Reads the entry's header.
    fn entry(&mut self, head: &'a [u8], leap_seconds: i64) {
        let word = |at: usize| head.get(at..).and_then(|b| b.first_chunk()).map(|b| u32::from_be_bytes(*b));
        if let Some(id) = word(4) {
            self.id = FormatId(id);
        }
        if let Some(tod) =
            formats::tod::Tod::from_bytes(head.get(8..).unwrap_or_default()).filter(|t| !t.is_zero())
        {
            let (secs, nanos) = tod.unix();
            self.entry_time = Timestamp { secs: secs - leap_seconds, nanos };
        }
        let off = head.get(2..4).map_or(16, |b| usize::from(u16::from_be_bytes([b[0], b[1]])));
        if self.id.has_pthdr() {
            self.pth = head.get(off..).and_then(|h| Pthdr::parse(h).ok());
        }
    }

    /// The component it belongs to, `(capture)` where the input is none of z/OS.
    #[must_use]
    pub fn component_name(&self) -> String {
        match (self.kind, &self.pth) {
            (Kind::Event, _) => self.name.unwrap_or("unknown").to_owned(),
            (_, None) => "(capture)".to_owned(),
            _ => Component::of_packet_id(self.id).unwrap_or(Component::SYSTCPDA).to_string(),
        }
    }

    /// True for records of a component; every capture can be read as a packet trace.
    #[must_use]
    pub fn is_of(&self, component: &str) -> bool {
        match self.kind {
            Kind::Event => self.name == Some(component),
            // A capture is a packet trace, or what an OSA would have seen.
            _ if self.pth.is_none() => matches!(component, "SYSTCPDA" | "SYSTCPOT"),
            _ => match Component::of_packet_id(self.id) {
                Some(Component::SYSTCPOT) => component == "SYSTCPOT",
                _ => component == "SYSTCPDA",
            },
        }
    }

    /// I inbound, O outbound, blank where the input does not say.
    #[must_use]
    pub fn direction(&self) -> char {
        match &self.pth {
            Some(h) if h.is_out() => 'O',
            Some(_) => 'I',
            None => ' ',
        }
    }

    /// T TCP, U UDP, I ICMP, G IGMP, D data trace, P other.
    #[must_use]
    pub fn protocol_letter(&self) -> char {
        match (self.kind, self.packet.protocol) {
            (Kind::Data, _) => 'D',
            (_, Some(6)) => 'T',
            (_, Some(17)) => 'U',
            (_, Some(1 | 58)) => 'I',
            (_, Some(2)) => 'G',
            _ => 'P',
        }
    }

    /// The mnemonic of the entry id. Those of EE, OSAENTA and SMC are ours.
    #[must_use]
    pub fn mnemonic(&self) -> &'static str {
        match self.kind {
            Kind::Packet => "PACKET",
            Kind::Data => "DATA",
            Kind::Ee => "EE",
            Kind::Osa => "OSAENTA",
            Kind::Smc => "SMC",
            Kind::Event => match (self.name, self.id.0) {
                (Some("SYSTCPDA"), 1) => "PACKET",
                (Some("SYSTCPRE"), 0x000A_0002) => "TRACERES",
                (Some("SYSTCPIS"), _) => ids::Group::of(self.id).name().unwrap_or("IDS"),
                (Some("SYSTCPIP"), _) => {
                    events::find(self.id).map_or("EVENT", |(_, e)| e.options.first_name())
                }
                _ => "EVENT",
            },
        }
    }

    /// What the entry is.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self.kind {
            Kind::Packet => "Packet Trace",
            Kind::Data => "Data Trace",
            Kind::Ee => "EE",
            Kind::Osa => "OSAENTA",
            Kind::Smc => "SMC",
            Kind::Event => match self.name {
                Some("SYSTCPDA") if self.id.0 == 1 => "Packet Trace",
                Some("SYSTCPRE") => "Formatted Trace Resolver",
                Some("SYSTCPIS") => "Intrusion Detection",
                Some("SYSTCPIP") => events::find(self.id).map_or("Stack Event", |(_, e)| e.name),
                _ => "Trace Entry",
            },
        }
    }

    /// True when not all of it was traced.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.body.len() < self.orig_len as usize
    }

    /// An endpoint as IPCS prints it: `addr-port`, the port only where there is one.
    #[must_use]
    pub fn endpoint(&self, source: bool) -> String {
        let p = &self.packet;
        let (addr, port) = if source { (p.src, p.ports.map(|p| p.0)) } else { (p.dst, p.ports.map(|p| p.1)) };
        match (addr, port) {
            (Some(a), Some(p)) => format!("{a}-{p}"),
            (Some(a), None) => a.to_string(),
            (None, _) if p.link.len() >= 12 => mac(&p.link[if source { 6 } else { 0 }..]),
            _ => String::new(),
        }
    }
}

/// Twelve digits, as IPCS writes MAC addresses.
#[must_use]
pub fn mac(b: &[u8]) -> String {
    b.iter().take(6).map(|b| format!("{b:02X}")).collect()
}
