//! SUMMARY: two lines a packet, in IBM's columns.
//!
//! | columns | heading | what |
//! |---|---|---|
//! | 1 | D | I inbound, O outbound |
//! | 2 | P | T TCP, U UDP, I ICMP, G IGMP, D data trace, P other |
//! | 3-7 | Nr | record number |
//! | 9-23 | hh:mm:ss.mmmmmm | time |
//! | 25-28 | IpId | identification, hexadecimal |
//! | 30-39 | Seq_num | sequence number |
//! | 41-50 | Ack_num | acknowledgement number |
//! | 52-56 | Wndw | window |
//! | 58-74 | Flags | words |
//! | 75-79 | DatLn | bytes of data |
//! | 81- | Source/Destination | source, on the second line destination |
//! | 25-61 of line 2 | | first eight bytes of data: hexadecimal, EBCDIC, ASCII |

use std::fmt::Write as _;

use formats::net::tcp::{self, Flags};

use super::super::record::{Kind, Record};
use super::{Look, ascii, ebcdic};

/// Legend and column headings.
pub const LEGEND: &str = "I - Inbound packet\nO - Outbound packet\n";

/// Column headings of packets.
const PACKETS: &str = "\
DP   Nr hh:mm:ss.mmmmmm IpId    Seq_num    Ack_num  Wndw Flags            DatLn Source/Destination
";
/// Column headings of intrusion detection.
const INTRUSIONS: &str = "\
DP   Nr hh:mm:ss.mmmmmm IpId Group    ProbeId  Corelatr JobName  Cid      DatLn Data              Source/Destination
";

/// The headings for a component.
#[must_use]
pub fn headings(component: &str) -> &'static str {
    if component == "SYSTCPIS" { INTRUSIONS } else { PACKETS }
}

/// Appends a record.
pub fn record(out: &mut String, r: &Record<'_>, look: &Look<'_>) {
    if look.component == "SYSTCPIS" {
        return intrusion(out, r, look);
    }
    start(out, r, look);
    let tcp = r.packet.tcp();
    match &tcp {
        Some(t) => {
            let _ = write!(out, "{:>10} {:>10} {:>5} {:<17.17}", t.seq(), t.ack(), t.window(), words(t));
        }
        None => {
            let _ = write!(out, "{:>10} {:>10} {:>5} {:<17.17}", "", "", "", other(r));
        }
    }
    let _ = writeln!(out, "{:>5} {}", r.packet.data_len, r.endpoint(true));
    let _ = writeln!(out, "{:24}{:<56}{}", "", sample(r, look), r.endpoint(false));
}

/// Columns 1 to 29.
fn start(out: &mut String, r: &Record<'_>, look: &Look<'_>) {
    let id = match r.packet.ip_id {
        Some(id) => format!("{:04X}", id & 0xFFFF),
        None => String::new(),
    };
    let time = look.clock(r).time();
    let _ = write!(out, "{}{}{:>5} {time} {id:<4} ", r.direction(), r.protocol_letter(), r.nr);
}

/// `DP Nr time IpId Group ProbeId Corelatr JobName Cid DatLn Data Source/Destination`. Where an
/// entry keeps correlator, job name and connection is not published: those columns stay blank.
fn intrusion(out: &mut String, r: &Record<'_>, look: &Look<'_>) {
    start(out, r, look);
    let group = formats::ctrace::ids::Group::of(r.id).to_string();
    let _ = write!(out, "{group:<8} {:08X} {:8} {:8} {:8} {:>5} ", r.id.0, "", "", "", r.packet.data_len);
    let _ = writeln!(out, "{:<17} {}", hex8(r.packet.data), r.endpoint(true));
    let _ = writeln!(out, "{:98}{}", "", r.endpoint(false));
}

/// The flags of a segment, in IBM's order.
fn words(t: &tcp::Header<'_>) -> String {
    const WORDS: [(Flags, &str); 8] = [
        (Flags::ACK, "ACK"),
        (Flags::CWR, "CWR"),
        (Flags::ECE, "ECE"),
        (Flags::FIN, "FIN"),
        (Flags::PSH, "PSH"),
        (Flags::RST, "RST"),
        (Flags::SYN, "SYN"),
        (Flags::URG, "URG"),
    ];
    let set: Vec<&str> = WORDS.iter().filter(|(f, _)| t.flags().intersects(*f)).map(|(_, w)| *w).collect();
    set.join(" ")
}

/// What stands in the place of the flags for other protocols (ours).
fn other(r: &Record<'_>) -> String {
    let p = &r.packet;
    if let Some((offset, more)) = p.fragment
        && offset > 0
    {
        return format!("Fragment {offset}{}", if more { "+" } else { "" });
    }
    match (r.kind, p.protocol, p.header.first()) {
        (Kind::Smc, Some(252), _) => "SMC LLC".into(),
        (Kind::Smc, ..) => "SMC data".into(),
        (_, Some(1), Some(t)) => crate::decode::names::icmp_type((*t).into()).unwrap_or_default().into(),
        (_, Some(58), Some(t)) => crate::decode::names::icmpv6_type((*t).into()).unwrap_or_default().into(),
        (Kind::Data, ..) | (_, Some(17), _) | (_, None, _) => String::new(),
        (_, Some(n), _) => super::super::parse_options::protocol_name(n.into()).unwrap_or_default(),
    }
}

/// Two words of hexadecimal digits.
fn hex8(data: &[u8]) -> String {
    let mut t = String::new();
    for (i, b) in data.iter().take(8).enumerate() {
        if i == 4 {
            t.push(' ');
        }
        let _ = write!(t, "{b:02X}");
    }
    t
}

/// The first eight bytes: two words, and `*EBCDIC ASCII*`.
fn sample(r: &Record<'_>, look: &Look<'_>) -> String {
    let data = &r.packet.data[..r.packet.data.len().min(8)];
    if data.is_empty() {
        return String::new();
    }
    let e: String = data.iter().map(|b| ebcdic(look.page, *b)).collect();
    let a: String = data.iter().map(|b| ascii(*b)).collect();
    format!("{:<17} *{e:<8} {a:<8}*", hex8(data))
}
