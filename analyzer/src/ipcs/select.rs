//! Which records the OPTIONS select, as a display filter.
//!
//! Values of one keyword are alternatives, keywords of one group too; groups narrow each other.
//! Addresses and ports match either side. A record without an IP packet (data trace, SMC) is
//! judged by what its packet trace header says.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::message::Message;
use super::operand::{Address, Range};
use super::text::Item;

/// Keywords that are alternatives to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Group {
    Device,
    IpId,
    Address,
    Version,
    Service,
    Name,
    Connection,
    Port,
    Protocol,
    RecordType,
    Discard,
    Size,
    Flags,
    First,
    Probe,
    Job,
    AddressSpace,
    Event,
}

/// What a keyword selects.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    group: Group,
    filter: String,
}

/// What the OPTION report says about a keyword: its name, and each value with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// The keyword as the report prints it.
    pub name: &'static str,
    /// Values and what they mean.
    pub values: Vec<(String, Option<String>)>,
}

/// The selection keywords of one command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    terms: Vec<Term>,
    /// For the OPTION report.
    pub echo: Vec<Echo>,
}

impl Selection {
    /// Adds an alternative to a group.
    pub fn add(&mut self, group: Group, filter: impl Into<String>) {
        self.terms.push(Term { group, filter: filter.into() });
    }

    /// Adds what the OPTION report says; values of the same keyword come together.
    pub fn say(&mut self, name: &'static str, values: impl IntoIterator<Item = (String, Option<String>)>) {
        let at = self.echo.iter().position(|e| e.name == name).unwrap_or_else(|| {
            self.echo.push(Echo { name, values: Vec::new() });
            self.echo.len() - 1
        });
        self.echo[at].values.extend(values);
    }

    /// True when nothing is selected by keywords.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The display filter, empty when every record passes.
    #[must_use]
    pub fn filter(&self) -> String {
        let mut groups: Vec<Group> = self.terms.iter().map(|t| t.group).collect();
        groups.sort_unstable();
        groups.dedup();
        let several = groups.len() > 1;
        let mut text = String::new();
        for g in groups {
            let list: Vec<&str> =
                self.terms.iter().filter(|t| t.group == g).map(|t| t.filter.as_str()).collect();
            if !text.is_empty() {
                text.push_str(" and ");
            }
            match (list.as_slice(), several) {
                ([one], false) => text.push_str(one),
                ([one], true) if !one.contains(' ') => text.push_str(one),
                ([one], true) if one.starts_with("not ") && !one.contains(" or ") => text.push_str(one),
                ([one], true) => _ = write!(text, "({one})"),
                (many, _) => {
                    let parts: Vec<String> = many.iter().map(|f| in_parentheses(f)).collect();
                    let joined = parts.join(" or ");
                    _ = if several { write!(text, "({joined})") } else { write!(text, "{joined}") };
                }
            }
        }
        text
    }
}

/// A filter that may stand beside others.
fn in_parentheses(f: &str) -> String {
    if f.contains(" or ") || f.contains(" and ") { format!("({f})") } else { f.to_owned() }
}

/// `field == n` or `field in {a, b..c}`.
#[must_use]
pub fn within(field: &str, ranges: &[Range], hex: bool) -> String {
    let n = |v: u64| if hex { format!("{v:#x}") } else { v.to_string() };
    if let [(a, b)] = ranges
        && a == b
    {
        return format!("{field} == {}", n(*a));
    }
    let one = |(a, b): &Range| if a == b { n(*a) } else { format!("{}..{}", n(*a), n(*b)) };
    format!("{field} in {{{}}}", ranges.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// Any of several fields within ranges.
#[must_use]
pub fn any_within(fields: &[&str], ranges: &[Range], hex: bool) -> String {
    fields.iter().map(|f| within(f, ranges, hex)).collect::<Vec<_>>().join(" or ")
}

/// Either port.
#[must_use]
pub fn ports(ranges: &[Range]) -> String {
    any_within(&["tcp.port", "udp.port", "pth.sport", "pth.dport"], ranges, false)
}

/// A protocol by number, judged by the packet and, where there is none, by the record's header.
#[must_use]
pub fn protocol(n: u64) -> String {
    let layer = match n {
        1 => "icmp",
        2 => "igmp",
        6 => "(tcp and not icmp and not icmpv6)",
        17 => "(udp and not icmp and not icmpv6)",
        58 => "icmpv6",
        _ => return any_within(&["ip.proto", "ipv6.nxt", "pth.proto", "pth.dt.proto"], &[(n, n)], false),
    };
    format!("{layer} or pth.proto == {n} or pth.dt.proto == {n}")
}

/// Records with an address.
pub fn address(a: &Address, item: &Item) -> Result<String, Message> {
    let net = |addr: IpAddr, bits: u8, port: Option<u16>| either(addr, bits, port);
    let v4 = |first: u8, bits, port| net(IpAddr::from([first, 0, 0, 0]), bits, port);
    Ok(match *a {
        Address::Net { addr, bits, port } => net(addr, bits, port),
        Address::Letter('A', p) => v4(0, 1, p),
        Address::Letter('B', p) => v4(128, 2, p),
        Address::Letter('C', p) => v4(192, 3, p),
        Address::Letter('D', p) => v4(224, 4, p),
        Address::Letter('E', p) => v4(240, 4, p),
        // Every packet that the stack itself traced has a home address on its own side.
        Address::Letter('H', None) => "pth".to_owned(),
        Address::Letter('H', Some(p)) => {
            let side = |dir, port: &str, pth| {
                format!(
                    "(pth.direction == {dir} and (tcp.{port} == {p} or udp.{port} == {p} or {pth} == {p}))"
                )
            };
            format!("{} or {}", side(1, "srcport", "pth.sport"), side(0, "dstport", "pth.dport"))
        }
        Address::Letter('L', p) => {
            format!("{} or {}", v4(127, 8, p), net(std::net::Ipv6Addr::LOCALHOST.into(), 128, p))
        }
        Address::Letter('M', p) => {
            let six = IpAddr::from([0xFF00_u16, 0, 0, 0, 0, 0, 0, 0]);
            format!("{} or {}", v4(224, 4, p), net(six, 8, p))
        }
        Address::Letter('*', None) => "ip or ipv6 or pth.src or pth.src6".to_owned(),
        Address::Letter('*', Some(p)) => ports(&[(p.into(), p.into())]),
        Address::Letter(c, _) => {
            return Err(item.wrong(format!("what {c} stands for as an address is not known")));
        }
    })
}

/// Either side with this address and, on the same side, this port.
fn either(addr: IpAddr, bits: u8, port: Option<u16>) -> String {
    let full = if addr.is_ipv4() { 32 } else { 128 };
    let a = if bits == full { addr.to_string() } else { format!("{}/{bits}", masked(addr, bits)) };
    let (ip, six) = if addr.is_ipv4() { ("ip", "") } else { ("ipv6", "6") };
    let Some(p) = port else {
        return format!("{ip}.addr == {a} or pth.src{six} == {a} or pth.dst{six} == {a}");
    };
    let side = |s: &str, pth: &str| {
        format!(
            "(({ip}.{s} == {a} or pth.{s}{six} == {a}) and (tcp.{s}port == {p} or udp.{s}port == {p} or {pth} == {p}))"
        )
    };
    format!("{} or {}", side("src", "pth.sport"), side("dst", "pth.dport"))
}

/// The network of an address: bits that do not count are zero.
fn masked(a: IpAddr, bits: u8) -> IpAddr {
    match a {
        IpAddr::V4(v) => IpAddr::from(
            (u32::from(v) & u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)).to_be_bytes(),
        ),
        IpAddr::V6(v) => IpAddr::from(
            (u128::from(v) & u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)).to_be_bytes(),
        ),
    }
}

/// Packets whose characteristics FLAGS names; `None` for a name that is not known.
#[must_use]
pub fn flag(name: Flag) -> &'static str {
    match name {
        Flag::Abbrev => "frame.cap_len < frame.len",
        Flag::Ack => "tcp.flags.ack == 1",
        Flag::Df => "ip.flags.df == 1",
        Flag::Fin => "tcp.flags.fin == 1",
        Flag::First => "ip.flags.mf == 1 and ip.frag_offset == 0",
        Flag::Full => "frame.cap_len >= frame.len",
        Flag::Home => "pth",
        Flag::In => "pth.direction == 0",
        Flag::IpExt => "ipv6.hopopts or ipv6.dstopts or ipv6.routing or ipv6.fraghdr",
        Flag::Ipo => "ip.hdr_len > 20",
        Flag::Last => "ip.flags.mf == 0 and ip.frag_offset > 0",
        Flag::Middle => "ip.flags.mf == 1 and ip.frag_offset > 0",
        Flag::Offset => "ip.frag_offset > 0",
        Flag::Out => "pth.direction == 1",
        Flag::Ping => "icmp.type in {0, 8} or icmpv6.type in {128, 129}",
        Flag::Psh => "tcp.flags.push == 1",
        Flag::Rsm => "ip.reassembled.length or ipv6.reassembled.length",
        Flag::Rst => "tcp.flags.reset == 1",
        Flag::Seg => "pth.offseglen > 0",
        Flag::Syn => "tcp.flags.syn == 1",
        Flag::Tcpo => "tcp.hdr_len > 20",
        Flag::Tunnel => "ip.proto in {4, 41, 47} or ipv6.nxt in {4, 41, 47}",
        Flag::Urg => "tcp.flags.urg == 1",
        Flag::Zwin => "tcp.window_size_value == 0 and tcp.flags.reset == 0",
    }
}

/// Names in FLAGS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Flag {
    Abbrev,
    Ack,
    Df,
    Fin,
    First,
    Full,
    Home,
    In,
    IpExt,
    Ipo,
    Last,
    Middle,
    Offset,
    Out,
    Ping,
    Psh,
    Rsm,
    Rst,
    Seg,
    Syn,
    Tcpo,
    Tunnel,
    Urg,
    Zwin,
}

/// All of them, as they are typed.
pub const FLAGS: &[(&str, Flag)] = &[
    ("ABBREV", Flag::Abbrev),
    ("ACK", Flag::Ack),
    ("DF", Flag::Df),
    ("FIN", Flag::Fin),
    ("FIRST", Flag::First),
    ("FIRSTF", Flag::First),
    ("FULL", Flag::Full),
    ("HOME", Flag::Home),
    ("IN", Flag::In),
    ("IPEXT", Flag::IpExt),
    ("IPO", Flag::Ipo),
    ("LAST", Flag::Last),
    ("MIDDLE", Flag::Middle),
    ("OFFSET", Flag::Offset),
    ("OUT", Flag::Out),
    ("PING", Flag::Ping),
    ("PSH", Flag::Psh),
    ("RSM", Flag::Rsm),
    ("RST", Flag::Rst),
    ("SEG", Flag::Seg),
    ("SYN", Flag::Syn),
    ("TCPO", Flag::Tcpo),
    ("TUNNEL", Flag::Tunnel),
    ("URG", Flag::Urg),
    ("ZWIN", Flag::Zwin),
];

/// Names of interfaces or jobs; a `*` at the end stands for anything.
#[must_use]
pub fn names(fields: &[&str], names: &[String]) -> String {
    let mut all = Vec::new();
    for name in names {
        for f in fields {
            all.push(match name.strip_suffix('*') {
                Some(start) => format!("{f} matches \"^{}\"", regex::escape(start).replace('\\', "\\\\")),
                None => format!("{f} == \"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
            });
        }
    }
    all.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::super::{operand, text};
    use super::*;
    use crate::filter::Filter;

    fn addr(t: &str) -> String {
        let i = text::parse(t).unwrap().remove(0);
        address(&operand::address(&i).unwrap(), &i).unwrap()
    }

    #[test]
    fn groups_narrow_and_keywords_widen() {
        let mut s = Selection::default();
        assert_eq!(s.filter(), "");
        s.add(Group::Port, ports(&[(23, 23)]));
        assert_eq!(s.filter(), "tcp.port == 23 or udp.port == 23 or pth.sport == 23 or pth.dport == 23");
        s.add(Group::Discard, "pth.droprsn > 0");
        s.add(Group::Port, "udp.port == 53");
        assert_eq!(
            s.filter(),
            "((tcp.port == 23 or udp.port == 23 or pth.sport == 23 or pth.dport == 23) or udp.port == 53) \
             and (pth.droprsn > 0)"
        );
        s.add(Group::RecordType, "arp");
        Filter::parse(&s.filter()).unwrap();
    }

    #[test]
    fn every_filter_is_one() {
        for (_, f) in FLAGS {
            Filter::parse(flag(*f)).unwrap();
        }
        for n in [1, 2, 6, 17, 47, 50, 58, 89, 252] {
            Filter::parse(&protocol(n)).unwrap();
        }
        for a in [
            "10.1.0.2",
            "10.1.2.3/16-80",
            "2001:db8::1/64",
            "A",
            "B",
            "C-1",
            "D",
            "E",
            "H",
            "H-23",
            "L",
            "M-5",
            "*",
            "*-7",
        ] {
            Filter::parse(&addr(a)).unwrap();
        }
        Filter::parse(&names(&["frame.interface_name"], &["OSD*".into(), "A\"B".into()])).unwrap();
        assert_eq!(
            addr("10.1.2.3/16"),
            "ip.addr == 10.1.0.0/16 or pth.src == 10.1.0.0/16 or pth.dst == 10.1.0.0/16"
        );
        assert_eq!(masked("1.2.3.4".parse().unwrap(), 0).to_string(), "0.0.0.0");
    }
}
