//! FORMAT: the headers of a packet with labels, and its data.

use std::fmt::Write as _;

use formats::ctrace::pthdr::{DeviceType, Flags as PthFlags};
use formats::net::{ipv4, ipv6};

use super::super::options::{Detail, NAMED_PORTS};
use super::super::parse_options::{precedence, protocol_name};
use super::super::record::{Kind, Record};
use super::{Look, dump};
use crate::decode::names;

/// Appends the common line: number, system, mnemonic, entry id, time, description.
pub fn common(out: &mut String, r: &Record<'_>, look: &Look<'_>) {
    let _ = writeln!(
        out,
        "{:>4} {:<8} {:<8} {:08X} {} {}",
        r.nr,
        look.sysname,
        r.mnemonic(),
        r.id.0,
        look.clock(r).time(),
        r.description()
    );
}

/// Two to four labels with their values on one line.
struct Line<'a> {
    out: &'a mut String,
}

impl Line<'_> {
    fn new<'a>(out: &'a mut String, label: &str, value: impl std::fmt::Display) -> Line<'a> {
        // A number of digits or a width means nothing to values that are put together.
        let _ = write!(out, "  {label:<16} : {:<17} ", value.to_string());
        Line { out }
    }

    /// A value that is its own label.
    fn bare(self, text: &str) -> Self {
        let _ = write!(self.out, "{text} ");
        self
    }

    fn and(self, label: &str, value: impl std::fmt::Display) -> Self {
        let _ = write!(self.out, "{label}: {:<14} ", value.to_string());
        self
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push('\n');
    }
}

/// Appends everything below the common line. `application` is what the decoders say about the
/// data; without it the data is shown in hexadecimal unless the dump that follows shows it.
pub fn record(out: &mut String, r: &Record<'_>, look: &Look<'_>, detail: Detail, application: &str) {
    if r.kind != Kind::Event {
        trace_header(out, r, look);
    }
    let p = &r.packet;
    match p.version {
        4 if !p.ip.is_empty() => v4(out, r),
        6 if !p.ip.is_empty() => v6(out, r),
        _ => {}
    }
    protocol(out, r, look);
    if detail == Detail::Summary {
        return;
    }
    out.push_str(application);
    // What the decoders say of an SMC record is about its header.
    if look.options.dump.is_none() && (application.is_empty() || r.kind == Kind::Smc) {
        let bytes = if p.version == 0 && p.data.is_empty() { p.link } else { p.data };
        dump::data(out, bytes, p.data_len, look, look.code(r), usize::MAX);
    }
}

/// What the record's own header says.
fn trace_header(out: &mut String, r: &Record<'_>, look: &Look<'_>) {
    let full = if r.is_cut() { format!("Abbrev={}", r.body.len()) } else { format!("Full={}", r.orig_len) };
    let Some(h) = &r.pth else {
        Line::new(out, "Interface", r.name.unwrap_or("-")).and("Length", r.orig_len).bare(&full);
        let time = look.zone.clock(r.time);
        Line::new(out, "Time", format_args!("{} {}", time.date(), time.time()));
        return;
    };
    let name = r.name.unwrap_or_default();
    if r.kind == Kind::Data {
        let d = h.data_trace();
        let say = |f: &dyn Fn(formats::ctrace::data_trace::DataTrace) -> String| d.map_or(String::new(), f);
        Line::new(out, "Job Name", name)
            .and("Domain", say(&|d| d.domain().to_string()))
            .and("Type", say(&|d| d.socket_type().to_string()))
            .and("Protocol", r.packet.protocol.and_then(|n| protocol_name(n.into())).unwrap_or_default())
            .bare(&full);
    } else {
        let label = if h.is_out() { "To Interface" } else { "From Interface" };
        Line::new(out, label, name).and("Device", device(h.device_type())).bare(&full);
    }
    let tod = look.zone.clock(r.time);
    let mut line = Line::new(out, "Tod Clock", format_args!("{} {}", tod.date(), tod.time()));
    if let Some(n) = h.record_number() {
        line = line.and("Sequence #", n);
    }
    line.and("Flags", flags(r, h.flags()));
    let mut line = Line::new(out, "Source Port", h.src_port().map_or(String::new(), |p| p.to_string()));
    line = line.and("Dest Port", h.dst_port().map_or(String::new(), |p| p.to_string()));
    if let Some(a) = h.asid() {
        line = line.and("Asid", format_args!("{a:04X}"));
    }
    if let Some(w) = h.tcb_or_cid() {
        line = line.and(if r.kind == Kind::Data { "Cid" } else { "TCB" }, format_args!("{w:08X}"));
    }
    drop(line);
    if let Some(d) = h.drop_reason().filter(|d| d.0 != 0) {
        Line::new(out, "Discard", d);
    }
    if let Some(v) = h.vlan().filter(|v| *v != 0) {
        Line::new(out, "Vlan Id", v);
    }
    if let Some(n) = h.offload_segment_len().filter(|n| *n != 0) {
        Line::new(out, "Offload Segment", n);
    }
}

/// `Pkt In`, `Pkt Out`, and the bits that are known.
fn flags(r: &Record<'_>, f: PthFlags) -> String {
    let mut t = String::from(if r.kind == Kind::Data { "Data" } else { "Pkt" });
    for (bit, word) in
        [(PthFlags::LOCAL, " Local"), (PthFlags::CONFIDENTIAL, " CfTxt"), (PthFlags::CLEAR_TEXT, " ClearTxt")]
    {
        if f.has(bit) {
            t.push_str(word);
        }
    }
    t.push_str(if f.has(PthFlags::OUT) { " Out" } else { " In" });
    t
}

fn device(d: DeviceType) -> String {
    match d {
        DeviceType::IPAQENET | DeviceType::IPAQENET6 => format!("QDIO Ethernet ({})", d.0),
        d => d.to_string(),
    }
}

fn name(n: u8) -> String {
    protocol_name(n.into()).unwrap_or_else(|| n.to_string())
}

/// The words that RFC 791 has for the type of service.
fn service(tos: u8) -> &'static str {
    match tos & 0x1E {
        0 => "Normal Service",
        0x10 => "Minimize Delay",
        0x08 => "Maximize Throughput",
        0x04 => "Maximize Reliability",
        0x02 => "Minimize Cost",
        _ => "Mixed Service",
    }
}

fn v4(out: &mut String, r: &Record<'_>) {
    let Ok(h) = ipv4::Header::new(r.packet.ip) else { return };
    let _ = writeln!(out, " IpHeader: Version : {:<17} Header Length: {}", h.version(), h.header_len());
    let tos = h.dsfield().0;
    Line::new(out, "Tos", format_args!("{tos:02X}"))
        .and("QOS", format_args!("{} {}", precedence(tos >> 5), service(tos)));
    Line::new(out, "Packet Length", h.total_len()).and("ID Number", format_args!("{:04X}", h.id()));
    let f = h.flags();
    let mut words = Vec::new();
    if f.contains(ipv4::Flags::DONT_FRAGMENT) {
        words.push("DontFragment");
    }
    if f.contains(ipv4::Flags::MORE_FRAGMENTS) {
        words.push("MoreFragments");
    }
    Line::new(out, "Fragment", words.join(" ")).and("Offset", h.frag_offset());
    let sum = r.packet.ip_checksum().map_or(String::new(), |c| c.text());
    Line::new(out, "TTL", h.ttl()).and("Protocol", name(h.protocol().0)).and("CheckSum", sum);
    Line::new(out, "Source", h.src());
    Line::new(out, "Destination", h.dst());
    if !h.options().is_empty() {
        Line::new(out, "Options", hex(h.options()));
    }
}

fn v6(out: &mut String, r: &Record<'_>) {
    let Ok(h) = ipv6::Header::new(r.packet.ip) else { return };
    let _ = writeln!(out, " IpHeader: Version : {:<17} Header Length: {}", h.version(), r.packet.ip.len());
    let class = h.traffic_class().0;
    Line::new(out, "Class", format_args!("{class:02X}")).and("Flow", format_args!("{:05X}", h.flow_label()));
    Line::new(out, "Payload Length", h.payload_len()).and("Hops", h.hop_limit());
    let next = h.next_header().0;
    let mut line = Line::new(out, "Next Header", name(next));
    if let Some(p) = r.packet.protocol.filter(|p| *p != next) {
        line = line.and("Protocol", name(p));
    }
    drop(line);
    if let Some((offset, more)) = r.packet.fragment {
        let words = if more { "MoreFragments" } else { "" };
        Line::new(out, "Fragment", words)
            .and("Offset", offset)
            .and("ID Number", format_args!("{:08X}", r.packet.ip_id.unwrap_or_default()));
    }
    Line::new(out, "Source", h.src());
    Line::new(out, "Destination", h.dst());
}

/// A port with the keyword that names it.
fn port(p: u16, look: &Look<'_>) -> String {
    let named = NAMED_PORTS
        .iter()
        .find(|(n, ..)| look.options.ports_of(*n).iter().any(|(a, b)| (*a..=*b).contains(&p.into())));
    match named {
        Some((_, label, _)) => format!("{p} ({})", label.to_lowercase()),
        None => format!("{p} ()"),
    }
}

fn protocol(out: &mut String, r: &Record<'_>, look: &Look<'_>) {
    let p = &r.packet;
    let sum = || p.checksum().map_or(String::new(), |c| c.text());
    if let Some(t) = p.tcp() {
        out.push_str(" TCP\n");
        Line::new(out, "Source Port", port(t.src_port(), look))
            .and("Destination Port", port(t.dst_port(), look));
        Line::new(out, "Sequence Number", t.seq()).and("Ack Number", t.ack());
        Line::new(out, "Header Length", t.header_len()).and("Flags", tcp_flags(t.flags().0));
        Line::new(out, "Window Size", t.window())
            .and("CheckSum", sum())
            .and("Urgent Data", t.urgent_pointer());
        for o in t.options() {
            match o {
                Ok((_, o)) => Line::new(out, "Option", o),
                Err(_) => Line::new(out, "Option", "cut short"),
            };
        }
    } else if let Some(u) = p.udp() {
        out.push_str(" UDP\n");
        Line::new(out, "Source Port", port(u.src_port(), look))
            .and("Destination Port", port(u.dst_port(), look));
        Line::new(out, "Datagram Length", u.length()).and("CheckSum", sum());
    } else if matches!(p.protocol, Some(1 | 58 | 2)) && p.header.len() >= 4 {
        let (kind, code) = (p.header[0], p.header[1]);
        let (title, text) = match p.protocol {
            Some(1) => ("ICMP", names::icmp_type(kind.into())),
            Some(58) => ("ICMPV6", names::icmpv6_type(kind.into())),
            _ => ("IGMP", None),
        };
        let _ = writeln!(out, " {title}");
        Line::new(out, "Type/Code", format_args!("{kind}/{code} {}", text.unwrap_or_default()))
            .and("CheckSum", sum());
        if matches!((p.protocol, kind), (Some(1), 0 | 8) | (Some(58), 128 | 129)) && p.header.len() == 8 {
            let half = |at: usize| u16::from_be_bytes([p.header[at], p.header[at + 1]]);
            Line::new(out, "Id", format_args!("{:04X}", half(4))).and("Seq", half(6));
        }
    }
}

/// `Ack Psh`, in the order of the header's bits.
fn tcp_flags(f: u16) -> String {
    const WORDS: [&str; 8] = ["Fin", "Syn", "Rst", "Psh", "Ack", "Urg", "Ece", "Cwr"];
    let set: Vec<&str> = (0..8).rev().filter(|i| f >> i & 1 == 1).map(|i| WORDS[i]).collect();
    set.join(" ")
}

fn hex(b: &[u8]) -> String {
    b.iter().map(|b| format!("{b:02X}")).collect()
}

/// BASIC (ours): headers in two lines.
pub fn basic(out: &mut String, r: &Record<'_>) {
    let p = &r.packet;
    let what = p.protocol.map(name).unwrap_or_default();
    let _ = write!(out, "  {} -> {} {what} {} bytes", r.endpoint(true), r.endpoint(false), p.data_len);
    if let Some(t) = p.tcp() {
        let _ =
            write!(out, " Seq {} Ack {} Window {} {}", t.seq(), t.ack(), t.window(), tcp_flags(t.flags().0));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use formats::ctrace::FormatId;

    use super::super::super::options::Options;
    use super::super::super::packet::Packet;
    use super::super::super::zone::Zone;
    use super::*;
    use crate::source::frame::Timestamp;

    #[test]
    fn the_common_line_of_the_manual() {
        // 2002-02-12 23:39:11 UTC is 1013557151 (date -u -d).
        let time = Timestamp { secs: 1_013_557_151, nanos: 873_541_000 };
        let r = Record {
            nr: 3,
            kind: Kind::Packet,
            id: FormatId(1),
            entry_time: time,
            time,
            pth: None,
            name: None,
            body: &[],
            orig_len: 0,
            packet: Packet::default(),
        };
        let options = Options::default();
        let page = formats::ebcdic::CodePage::default();
        let look = Look { component: "SYSTCPDA", options: &options, zone: Zone::Gmt, sysname: "MVSJ", page };
        let mut out = String::new();
        common(&mut out, &r, &look);
        assert_eq!(out, "   3 MVSJ     PACKET   00000001 23:39:11.873541 Packet Trace\n");
    }
}
