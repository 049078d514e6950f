//! OPTIONS((...)): the keywords of the packet trace formatter and of the event traces.

use std::sync::LazyLock;

use super::keyword::{self, Table};
use super::message::Message;
use super::operand::{self, Address, Range};
use super::options::{
    Code, DUMP_ALL, Detail, NAMED_PORTS, Named, Options, STREAM_BUFFER, SessionKind, Sniffer, SnifferKind,
};
use super::select::{self, Group};
use super::text::Item;
use super::zone::Zone;
use crate::decode::names;

/// Which formatter's keywords are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SYSTCPDA and SYSTCPOT.
    Packets,
    /// SYSTCPIS.
    Intrusions,
    /// SYSTCPIP and the others.
    Events,
}

/// A keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum K {
    Address,
    Ah,
    Arp,
    Ascii,
    Basic,
    Both,
    Broadcast,
    Checksum,
    Cid,
    Class(u8),
    Cleanup,
    Correlator,
    DataSize,
    DatTrace,
    DelayAck,
    DeviceId,
    DevType,
    Discard,
    Ducb,
    Dump,
    Ebcdic,
    Element,
    Esp,
    EthType,
    EventAddress,
    EventPort,
    First,
    Flags,
    Format,
    Full,
    Gain,
    Gmt,
    Group,
    Hex,
    Host,
    HprDiag,
    Instance,
    Interface,
    IpId,
    IpV4,
    IpV6,
    Limit,
    LinkLocal,
    Local,
    Loopback,
    Loopback6,
    MacAddr,
    Multicast,
    Name(Named),
    NoReassembly,
    NoSegment,
    Option,
    PacketTrace,
    Port,
    Probe,
    Proto(u8),
    Protocol,
    Qid,
    Qos,
    Reassembly,
    Records,
    Segment,
    Session,
    SiteLocal,
    Sniffer,
    Speed,
    Statistics,
    Streams,
    Summary,
    TrafficClass,
    Tod,
    Type,
    Tz,
    UserExit,
    VlanId,
    X25,
}

const REPORTS: &[(&str, K)] = &[
    ("ASCII", K::Ascii),
    ("BASIC", K::Basic),
    ("BOTH", K::Both),
    ("CHECKSUM", K::Checksum),
    ("CLEANUP", K::Cleanup),
    ("DELAYACK", K::DelayAck),
    ("DUMP", K::Dump),
    ("EBCDIC", K::Ebcdic),
    ("FORMAT", K::Format),
    ("FULL", K::Full),
    ("GAIN", K::Gain),
    ("GMT", K::Gmt),
    ("HEX", K::Hex),
    ("LIMIT", K::Limit),
    ("LOCAL", K::Local),
    ("NOREASSEMBLY", K::NoReassembly),
    ("NOSEGMENT", K::NoSegment),
    ("OPTION", K::Option),
    ("REASSEMBLY", K::Reassembly),
    ("SEGMENT", K::Segment),
    ("SESSION", K::Session),
    ("SNIFFER", K::Sniffer),
    ("SPEED", K::Speed),
    ("STATISTICS", K::Statistics),
    ("STATS", K::Statistics),
    ("STREAMS", K::Streams),
    ("SUMMARY", K::Summary),
    ("TALLY", K::Statistics),
    ("TOD", K::Tod),
    ("TZ", K::Tz),
    ("USEREXIT", K::UserExit),
];

/// Selection keywords of all packet formatters.
const SELECT: &[(&str, K)] = &[
    ("ADDR", K::Address),
    ("AH", K::Ah),
    ("BOOTP", K::Name(Named::Bootp)),
    ("BROADCAST", K::Broadcast),
    ("CID", K::Cid),
    ("CLASSA", K::Class(b'A')),
    ("CLASSB", K::Class(b'B')),
    ("CLASSC", K::Class(b'C')),
    ("CLASSD", K::Class(b'D')),
    ("CLASSE", K::Class(b'E')),
    ("DATASIZE", K::DataSize),
    ("DEVTYPE", K::DevType),
    ("DISCARD", K::Discard),
    ("DNS", K::Name(Named::Domain)),
    ("DOMAIN", K::Name(Named::Domain)),
    ("EE", K::Name(Named::Ee)),
    ("ELEMENT", K::Element),
    ("ESP", K::Esp),
    ("FINGER", K::Name(Named::Finger)),
    ("FIRST", K::First),
    ("FLAGS", K::Flags),
    ("FTP", K::Name(Named::Ftp)),
    ("GOPHER", K::Name(Named::Gopher)),
    ("GRE", K::Proto(47)),
    ("HOST", K::Host),
    ("ICMP", K::Proto(1)),
    ("ICMP6", K::Proto(58)),
    ("ICMPV6", K::Proto(58)),
    ("IGMP", K::Proto(2)),
    ("IKE", K::Name(Named::Ike)),
    ("INTERFACE", K::Interface),
    ("IPADDR", K::Address),
    ("IPID", K::IpId),
    ("IPV4", K::IpV4),
    ("IPV6", K::IpV6),
    ("JOBNAME", K::Interface),
    ("LINKLOCAL", K::LinkLocal),
    ("LINKNAME", K::Interface),
    ("LOOPBACK", K::Loopback),
    ("LOOPBACK6", K::Loopback6),
    ("MULTICAST", K::Multicast),
    ("NAT", K::Name(Named::Nat)),
    ("NTP", K::Name(Named::Ntp)),
    ("OSPFI", K::Proto(89)),
    ("PORT", K::Port),
    ("PROTOCOL", K::Protocol),
    ("QID", K::Qid),
    ("QOS", K::Qos),
    ("RAW", K::Proto(255)),
    ("RECORDS", K::Records),
    ("ROUTER", K::Name(Named::Router)),
    ("RPC", K::Name(Named::Rpc)),
    ("SASP", K::Name(Named::Sasp)),
    ("SITELOCAL", K::SiteLocal),
    ("SMTP", K::Name(Named::Smtp)),
    ("SNMP", K::Name(Named::Snmp)),
    ("TCP", K::Proto(6)),
    ("TELNET", K::Name(Named::Telnet)),
    ("TFTP", K::Name(Named::Tftp)),
    ("TIME", K::Name(Named::Time)),
    ("TRAFFICCLASS", K::TrafficClass),
    ("UDP", K::Proto(17)),
    ("WWW", K::Name(Named::Www)),
];

/// Keywords that SYSTCPIS does not have.
const PACKETS: &[(&str, K)] = &[
    ("ARP", K::Arp),
    ("DATTRACE", K::DatTrace),
    ("DEVICEID", K::DeviceId),
    ("ETHTYPE", K::EthType),
    ("HPRDIAG", K::HprDiag),
    ("MACADDR", K::MacAddr),
    ("PACKETTRACE", K::PacketTrace),
    ("PKTTRACE", K::PacketTrace),
    ("VLANID", K::VlanId),
    ("X25", K::X25),
];

/// Keywords that only SYSTCPIS has.
const INTRUSIONS: &[(&str, K)] = &[
    ("CORRELATOR", K::Correlator),
    ("ENTRYID", K::Probe),
    ("GROUP", K::Group),
    ("INSTANCE", K::Instance),
    ("PROBEID", K::Probe),
    ("TYPE", K::Type),
];

/// Keywords of the event traces.
const EVENTS: &[(&str, K)] = &[
    ("ADDR", K::EventAddress),
    ("CID", K::Cid),
    ("DUCB", K::Ducb),
    ("GMT", K::Gmt),
    ("IPADDR", K::Address),
    ("LIMIT", K::Limit),
    ("LOCAL", K::Local),
    ("OPTION", K::Option),
    ("PORT", K::EventPort),
    ("RECORDS", K::Records),
    ("TYPE", K::Type),
    ("TZ", K::Tz),
];

static ALL_PACKETS: LazyLock<Vec<(&str, K)>> = LazyLock::new(|| [REPORTS, SELECT, PACKETS].concat());
static ALL_INTRUSIONS: LazyLock<Vec<(&str, K)>> = LazyLock::new(|| [REPORTS, SELECT, INTRUSIONS].concat());

fn table(kind: Kind) -> Table<'static, K> {
    match kind {
        Kind::Packets => &ALL_PACKETS,
        Kind::Intrusions => &ALL_INTRUSIONS,
        Kind::Events => EVENTS,
    }
}

/// The keywords of a formatter, for help.
#[must_use]
pub fn keywords(kind: Kind) -> Vec<&'static str> {
    let mut all: Vec<&str> = table(kind).iter().map(|(n, _)| *n).collect();
    all.sort_unstable();
    all
}

/// What was read: the options, a time zone if one was named, and remarks for the user.
#[derive(Debug, Default)]
pub struct Read {
    /// The options.
    pub options: Options,
    /// GMT, LOCAL or TZ.
    pub zone: Option<Zone>,
    /// What was accepted without any effect.
    pub notes: Vec<String>,
}

/// Reads the operands of OPTIONS.
pub fn parse(items: &[Item], kind: Kind) -> Result<Read, Message> {
    let mut r = Read::default();
    if kind == Kind::Intrusions {
        r.options.reassembly = None;
    }
    // OPTIONS((A B)) is the rule, OPTIONS(A B) is understood.
    for item in items {
        if item.text.is_empty() && !item.quoted {
            for inner in item.args() {
                r.keyword(inner, kind)?;
            }
        } else {
            r.keyword(item, kind)?;
        }
    }
    let o = &mut r.options;
    if o.code_named && o.dump.is_none() {
        o.dump = Some(DUMP_ALL);
    }
    Ok(r)
}

/// DETAIL or SUMMARY.
fn detail(item: &Item, default: Detail) -> Result<Detail, Message> {
    const TABLE: Table<'static, Detail> = &[("DETAIL", Detail::Detail), ("SUMMARY", Detail::Summary)];
    match item.args() {
        [] => Ok(default),
        [a] => keyword::find(TABLE, a, &item.upper()),
        [_, more, ..] => Err(more.wrong(format!("{} takes DETAIL or SUMMARY", item.upper()))),
    }
}

/// A number, and DETAIL or SUMMARY behind it.
fn sized(item: &Item, size: u32, default: Detail) -> Result<(u32, Detail), Message> {
    let mut rest = item.clone();
    let first = item.args().first().filter(|a| a.text.starts_with(|c: char| c.is_ascii_digit()));
    let size = match first {
        None => size,
        Some(a) => {
            let n = a.text.parse().map_err(|_| a.wrong(format!("\"{}\" is no number", a.text)))?;
            rest.args = Some(item.args()[1..].to_vec());
            n
        }
    };
    Ok((size, detail(&rest, default)?))
}

fn listed(
    ranges: &[Range],
    hex: bool,
    name: impl Fn(u64) -> Option<&'static str>,
) -> Vec<(String, Option<String>)> {
    let n = |v: u64| if hex { format!("{v:X}") } else { v.to_string() };
    let one = |(a, b): &Range| match a == b {
        true => (n(*a), name(*a).map(str::to_owned)),
        false => (format!("{}:{}", n(*a), n(*b)), None),
    };
    ranges.iter().map(one).collect()
}

fn unpublished(item: &Item, what: &str) -> Message {
    item.wrong(format!("{}: {what}, so nothing can be selected by it", item.upper()))
}

impl Read {
    #[allow(clippy::too_many_lines)]
    fn keyword(&mut self, item: &Item, kind: Kind) -> Result<(), Message> {
        let k = keyword::find(table(kind), item, "OPTIONS")?;
        let o = &mut self.options;
        let s = &mut o.selection;
        let no_operands = |m: &Item| match m.args() {
            [] => Ok(()),
            [a, ..] => Err(a.wrong(format!("{} takes no operands", m.upper()))),
        };
        match k {
            K::Address => {
                let list = item.args();
                if list.is_empty() {
                    return Err(item.wrong(format!("{} needs at least one address", item.upper())));
                }
                for a in list {
                    let filter = select::address(&operand::address(a)?, a)?;
                    let filter = match kind {
                        Kind::Events => event_address(a)?,
                        _ => filter,
                    };
                    s.add(Group::Address, filter);
                    s.say("IpAddr", [(a.upper(), None)]);
                }
            }
            K::Broadcast => self.plain(item, "IpAddr", "255.255.255.255", Group::Address, {
                "ip.addr == 255.255.255.255 or pth.src == 255.255.255.255 or pth.dst == 255.255.255.255"
            })?,
            K::Class(c) => {
                no_operands(item)?;
                let filter = select::address(&Address::Letter(char::from(c), None), item)?;
                s.add(Group::Address, filter);
                s.say("IpAddr", [(format!("Class{}", char::from(c)), None)]);
            }
            K::Host => self.plain(item, "IpAddr", "Host", Group::Address, "pth")?,
            K::Multicast => {
                let f = select::address(&Address::Letter('M', None), item)?;
                self.plain(item, "IpAddr", "Multicast", Group::Address, &f)?;
            }
            K::Loopback => self.network(item, "Loopback", "127.0.0.0/8")?,
            K::Loopback6 => self.network(item, "Loopback6", "::1")?,
            K::LinkLocal => self.network(item, "LinkLocal", "fe80::/10")?,
            K::SiteLocal => self.network(item, "SiteLocal", "fec0::/10")?,
            K::IpV4 => self.plain(item, "IpVersion", "4", Group::Version, "ip or pth.src")?,
            K::IpV6 => self.plain(item, "IpVersion", "6", Group::Version, "ipv6 or pth.src6")?,
            K::IpId => {
                let r = operand::ranges(item, 0xFFFF, false)?;
                s.add(Group::IpId, select::within("ip.id", &r, false));
                s.say("IpId", listed(&r, false, |_| None));
            }
            K::Qos => {
                let r = operand::ranges(item, 7, false)?;
                let wide: Vec<Range> = r.iter().map(|(a, b)| (a * 32, b * 32 + 31)).collect();
                s.add(Group::Service, select::within("ip.dsfield", &wide, false));
                s.say("Qos", listed(&r, false, |n| Some(precedence(n as u8))));
            }
            K::TrafficClass => {
                let r = operand::ranges(item, 255, false)?;
                s.add(Group::Service, select::within("ipv6.tclass", &r, false));
                s.say("TrafficClass", listed(&r, false, |_| None));
            }
            K::DevType => {
                let r = operand::ranges(item, 255, false)?;
                s.add(Group::Device, select::within("pth.devtype", &r, false));
                s.say("DevType", listed(&r, false, |n| formats::ctrace::pthdr::DeviceType(n as u8).name()));
            }
            K::EthType => {
                let r = operand::ranges(item, 0xFFFF, true)?;
                s.add(Group::Device, select::any_within(&["eth.type", "vlan.etype"], &r, true));
                s.say("EthType", listed(&r, true, names::ethertype));
            }
            K::MacAddr => {
                for a in item.args() {
                    let digits: String = a.upper().chars().filter(char::is_ascii_hexdigit).collect();
                    if digits.len() != 12 || digits.len() < a.text.replace([':', '-', '.'], "").len() {
                        return Err(
                            a.wrong(format!("\"{}\" is no MAC address of 12 hexadecimal digits", a.text))
                        );
                    }
                    let pairs: Vec<&str> = (0..6).map(|i| &digits[2 * i..2 * i + 2]).collect();
                    s.add(Group::Device, format!("eth.addr == {}", pairs.join(":").to_lowercase()));
                    s.say("MacAddr", [(digits.clone(), None)]);
                }
                if item.args().is_empty() {
                    return Err(item.wrong("MACADDR needs at least one address"));
                }
            }
            K::VlanId => {
                let r = operand::ranges(item, 4095, false)?;
                s.add(Group::Device, select::any_within(&["vlan.id", "pth.vlan"], &r, false));
                s.say("VlanId", listed(&r, false, |_| None));
            }
            K::DeviceId | K::Qid => {
                return Err(unpublished(item, "where the trace keeps it is not published"));
            }
            K::Element => return Err(unpublished(item, "what an element is, is not published")),
            K::Interface => {
                let list = operand::names(item)?;
                s.add(Group::Name, select::names(&["frame.interface_name"], &list));
                s.say("Interface", list.into_iter().map(|n| (n, None)));
            }
            K::Cid => {
                let r = operand::ranges(item, u32::MAX.into(), true)?;
                s.add(
                    Group::Connection,
                    select::any_within(&["pth.cid", "systcpip.cid", "smcrec.local.id"], &r, true),
                );
                s.say("Cid", listed(&r, true, |_| None));
            }
            K::Ducb => {
                let r = operand::ranges(item, u32::MAX.into(), true)?;
                s.add(Group::Event, select::within("systcpip.ducb", &r, true));
                s.say("Ducb", listed(&r, true, |_| None));
            }
            K::EventPort => {
                let r = operand::ranges(item, 0xFFFF, false)?;
                s.add(Group::Port, select::within("systcpip.port", &r, false));
                s.say("Port", listed(&r, false, |_| None));
            }
            K::EventAddress => {
                return Err(unpublished(
                    item,
                    "where an entry keeps addresses of control blocks is not published",
                ));
            }
            K::Port => {
                let r = operand::ranges(item, 0xFFFF, false)?;
                s.add(Group::Port, select::ports(&r));
                s.say("Port", listed(&r, false, |_| None));
            }
            K::Name(n) => {
                if !item.args().is_empty() {
                    o.ports[n as usize] = operand::ranges(item, 0xFFFF, false)?;
                }
                let r = o.ports[n as usize].clone();
                o.selection.add(Group::Port, select::ports(&r));
                let label = NAMED_PORTS[n as usize].1;
                let values =
                    listed(&r, false, |_| None).into_iter().map(|(v, _)| (v, Some(label.to_owned())));
                o.selection.say("Port", values);
            }
            K::Ah => self.plain(item, "Protocol", "51", Group::Protocol, "ah")?,
            K::Esp => self.plain(item, "Protocol", "50", Group::Protocol, "esp")?,
            K::Proto(n) => {
                no_operands(item)?;
                s.add(Group::Protocol, select::protocol(n.into()));
                s.say("Protocol", [(n.to_string(), protocol_name(n.into()))]);
            }
            K::Protocol => {
                if item.args().is_empty() {
                    return Err(item.wrong("PROTOCOL needs at least one number or name"));
                }
                for a in item.args() {
                    let by_name = SELECT.iter().find_map(|(n, k)| match k {
                        K::Proto(p) if *n == a.upper() => Some(u64::from(*p)),
                        _ => None,
                    });
                    let list = match (by_name, a.upper().as_str()) {
                        (Some(n), _) => vec![(n, n)],
                        (None, "AH") => vec![(51, 51)],
                        (None, "ESP") => vec![(50, 50)],
                        _ => {
                            let only = Item { args: Some(vec![a.clone()]), ..item.clone() };
                            operand::ranges(&only, 255, false)?
                        }
                    };
                    for (low, high) in list {
                        for n in low..=high {
                            s.add(Group::Protocol, select::protocol(n));
                            s.say("Protocol", [(n.to_string(), protocol_name(n))]);
                        }
                    }
                }
            }
            K::Arp => self.plain(item, "Protocol", "Arp", Group::Protocol, "arp")?,
            K::X25 => self.plain(item, "RecordType", "2", Group::RecordType, "cte.fmtid == 2")?,
            K::DatTrace => {
                self.plain(item, "RecordType", "5", Group::RecordType, "zscope.linktype == 65285")?
            }
            K::PacketTrace => self.plain(item, "RecordType", "4", Group::RecordType, {
                "zscope.linktype != 65285 and not cte.fmtid == 7"
            })?,
            K::Discard => {
                if item.args().is_empty() {
                    s.add(Group::Discard, "pth.droprsn > 0");
                    s.say("Discard", [("1:65535".into(), None)]);
                } else {
                    let r = operand::ranges(item, 0xFFFF, false)?;
                    s.add(Group::Discard, select::within("pth.droprsn", &r, false));
                    s.say(
                        "Discard",
                        listed(&r, false, |n| {
                            let d = formats::ctrace::pthdr::DropReason(n as u16);
                            d.meaning().map(|m| m.0).or(d.layer())
                        }),
                    );
                }
            }
            K::DataSize => {
                let n = operand::one(item, 65_535)?.unwrap_or(0);
                s.add(
                    Group::Size,
                    format!(
                        "tcp.len > {n} or udp.length > {} or (zscope.linktype == 65285 and pth.tlen > {n})",
                        n + 8
                    ),
                );
                s.say("Datasize", [(n.to_string(), None)]);
            }
            K::First => {
                no_operands(item)?;
                o.first = true;
                s.add(Group::First, "not ip.frag_offset > 0 and not ipv6.fraghdr.offset > 0");
            }
            K::Flags => self.flags(item)?,
            K::Probe => {
                let r = operand::ranges(item, u32::MAX.into(), true)?;
                s.add(Group::Probe, select::within("cte.fmtid", &r, true));
                s.say("ProbeId", listed(&r, true, |_| None));
            }
            K::Group => self.group(item)?,
            K::Correlator | K::Instance => {
                return Err(unpublished(item, "where an entry keeps it is not published"));
            }
            K::Type => {
                return Err(unpublished(item, "which entries belong to which type is not published"));
            }
            K::Records => o.records.extend(operand::ranges(item, u64::MAX, false)?),
            K::Limit => {
                let n = operand::one(item, u64::MAX)?;
                o.limit = n.ok_or_else(|| item.wrong("LIMIT needs a number in parentheses"))?;
            }
            K::UserExit => {
                if !item.args().is_empty() {
                    return Err(
                        item.wrong("user exits are load modules of z/OS; use a display filter instead")
                    );
                }
            }
            K::Gmt => self.zone = Some(Zone::Gmt),
            K::Local => self.zone = Some(Zone::Local),
            K::Tz => self.zone = Some(Zone::read(item)?),
            K::Ascii => (o.code, o.code_named) = (Code::Ascii, true),
            K::Ebcdic => (o.code, o.code_named) = (Code::Ebcdic, true),
            K::Both => (o.code, o.code_named) = (Code::Both, true),
            K::Hex => (o.code, o.code_named) = (Code::Hex, true),
            K::Basic => o.basic = Some(detail(item, Detail::Detail)?),
            K::Checksum => o.checksum = Some(detail(item, Detail::Summary)?),
            K::Cleanup => o.cleanup = operand::one(item, u32::MAX.into())?.unwrap_or(500) as u32,
            K::DelayAck => o.delay_ack = operand::two(item, 60_000, o.delay_ack)?,
            K::Dump => o.dump = Some(operand::one(item, DUMP_ALL.into())?.unwrap_or(DUMP_ALL.into()) as u32),
            K::Format => o.format = Some(detail(item, Detail::Detail)?),
            K::Full => {
                no_operands(item)?;
                o.format = Some(Detail::Detail);
                o.dump = o.dump.or(Some(DUMP_ALL));
            }
            K::Gain => o.gain = operand::two(item, 1000, o.gain)?,
            K::HprDiag => o.hprdiag = Some(detail(item, Detail::Detail)?),
            K::NoReassembly => o.reassembly = None,
            K::NoSegment => {
                o.segment = false;
                self.notes.push("NOSEGMENT: records of one packet are always put together".into());
            }
            K::Option => o.option = true,
            K::Reassembly => o.reassembly = Some(sized(item, 65_535, Detail::Summary)?),
            K::Segment => o.segment = true,
            K::Session => {
                const TABLE: Table<'static, SessionKind> = &[
                    ("DETAIL", SessionKind::Detail),
                    ("PIPE", SessionKind::Pipe),
                    ("STATE", SessionKind::State),
                    ("SUMMARY", SessionKind::Summary),
                ];
                o.session = Some(match item.args() {
                    [] => SessionKind::Detail,
                    [a] => keyword::find(TABLE, a, "SESSION")?,
                    [_, more, ..] => return Err(more.wrong("SESSION takes one of DETAIL PIPE STATE SUMMARY")),
                });
            }
            K::Sniffer => o.sniffer = Some(sniffer(item)?),
            K::Speed => o.speed = operand::two(item, 1_000_000, o.speed)?,
            K::Statistics => o.statistics = Some(detail(item, Detail::Detail)?),
            K::Streams => o.streams = Some(sized(item, STREAM_BUFFER, Detail::Summary)?),
            K::Summary => o.summary = true,
            K::Tod => o.tod = true,
        }
        Ok(())
    }

    /// A keyword without operands.
    fn plain(
        &mut self,
        item: &Item,
        name: &'static str,
        value: &str,
        group: Group,
        filter: &str,
    ) -> Result<(), Message> {
        if let [a, ..] = item.args() {
            return Err(a.wrong(format!("{} takes no operands", item.upper())));
        }
        self.options.selection.add(group, filter);
        let meaning = value.parse().ok().filter(|_| name == "Protocol").and_then(protocol_name);
        self.options.selection.say(name, [(value.to_owned(), meaning)]);
        Ok(())
    }

    /// A keyword that stands for a network.
    fn network(&mut self, item: &Item, value: &str, net: &str) -> Result<(), Message> {
        let word = Item { text: net.to_owned(), ..item.clone() };
        let filter = select::address(&operand::address(&word)?, item)?;
        self.plain(item, "IpAddr", value, Group::Address, &filter)
    }

    fn flags(&mut self, item: &Item) -> Result<(), Message> {
        let (mut any, mut list) = (false, Vec::new());
        for a in item.args() {
            match a.upper().as_str() {
                "ANY" => any = true,
                "ALL" => any = false,
                "BIG" => return Err(a.wrong("what BIG stands for is not known")),
                _ => list.push((a.upper(), keyword::find(select::FLAGS, a, "FLAGS")?)),
            }
        }
        let s = &mut self.options.selection;
        let (before, after) = if any { ("Any", " or ") } else { ("All", " and ") };
        if let [(_, only)] = list[..] {
            s.add(Group::Flags, select::flag(only));
        } else if !list.is_empty() {
            let all: Vec<String> = list.iter().map(|(_, f)| format!("({})", select::flag(*f))).collect();
            s.add(Group::Flags, all.join(after));
        }
        let words = list.into_iter().map(|(n, _)| (n, None));
        s.say("Flags", [(before.to_owned(), None)].into_iter().chain(words));
        Ok(())
    }

    /// SYSTCPIS: the group is the high halfword of the probe id.
    fn group(&mut self, item: &Item) -> Result<(), Message> {
        let mut list: Vec<Range> = Vec::new();
        for a in item.args() {
            match a.upper().as_str() {
                "SCAN" => list.extend([(0x0301_0000, 0x0301_FFFF), (0x0303_0000, 0x0303_FFFF)]),
                "ATTACK" => list.push((0x0407_0000, 0x0407_FFFF)),
                _ => {
                    let only = Item { args: Some(vec![a.clone()]), ..item.clone() };
                    let r = operand::ranges(&only, 0xFFFF, true)?;
                    list.extend(r.iter().map(|(x, y)| (x << 16, y << 16 | 0xFFFF)));
                }
            }
            self.options.selection.say("Group", [(a.upper(), None)]);
        }
        if list.is_empty() {
            return Err(item.wrong("GROUP needs SCAN, ATTACK or a number"));
        }
        self.options.selection.add(Group::Probe, select::within("cte.fmtid", &list, true));
        Ok(())
    }
}

/// The remote address of a stack event.
fn event_address(item: &Item) -> Result<String, Message> {
    match operand::address(item)? {
        Address::Net { addr, bits, port: None } => {
            let field = if addr.is_ipv4() { "systcpip.addr" } else { "systcpip.addr6" };
            Ok(format!("{field} == {addr}/{bits}"))
        }
        _ => Err(item.wrong("a stack event is selected by an address without a port")),
    }
}

fn sniffer(item: &Item) -> Result<Sniffer, Message> {
    const TABLE: Table<'static, SnifferKind> = &[
        ("ETHERNET", SnifferKind::Ethernet),
        ("PCAPNG", SnifferKind::Pcapng),
        ("TCPDUMP", SnifferKind::Tcpdump),
        ("TOKENRING", SnifferKind::TokenRing),
    ];
    let mut s = Sniffer { size: None, kind: SnifferKind::Pcapng };
    for a in item.args() {
        if a.text.starts_with(|c: char| c.is_ascii_digit()) {
            let n = a.text.parse().ok().filter(|n| (1..=65_535).contains(n));
            s.size = Some(n.ok_or_else(|| a.wrong(format!("\"{}\" is no size of 1 to 65535", a.text)))?);
        } else {
            s.kind = keyword::find(TABLE, a, "SNIFFER")?;
        }
    }
    Ok(s)
}

/// A protocol's short name in capitals, as IPCS prints it.
#[must_use]
pub fn protocol_name(n: u64) -> Option<String> {
    if n == u64::from(formats::ctrace::smc::LLC_PROTOCOL) {
        return Some("SMC LLC".into());
    }
    formats::net::ip::IpProtocol(n as u8).name().map(str::to_ascii_uppercase)
}

/// What the precedence bits of the type of service mean (RFC 791).
#[must_use]
pub const fn precedence(n: u8) -> &'static str {
    match n {
        0 => "Routine",
        1 => "Priority",
        2 => "Immediate",
        3 => "Flash",
        4 => "Flash Override",
        5 => "CRITIC/ECP",
        6 => "Internetwork Control",
        _ => "Network Control",
    }
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;
    use crate::filter::Filter;

    fn read(t: &str, kind: Kind) -> Result<Read, String> {
        parse(text::parse(&format!("OPTIONS(({t}))")).unwrap()[0].args(), kind).map_err(|m| m.what)
    }

    fn filter(t: &str) -> String {
        let f = read(t, Kind::Packets).unwrap().options.selection.filter();
        Filter::parse(&f).unwrap();
        f
    }

    #[test]
    fn discard_may_be_shortened_to_di() {
        // The manual's own example of an abbreviation.
        for word in ["DISCARD", "DISCAR", "DISCA", "DISC", "DIS", "DI"] {
            assert_eq!(filter(word), "pth.droprsn > 0", "{word}");
        }
        let e = read("D", Kind::Packets).unwrap_err();
        assert!(e.starts_with("D is ambiguous: it could be DELAYACK, DUMP, DATASIZE"), "{e}");
    }

    #[test]
    fn every_keyword_of_the_tables_is_read() {
        let operands = |n: &str| match n {
            "ADDR" | "IPADDR" => "(10.1.0.2)",
            "CID" | "DUCB" | "ETHTYPE" | "PROBEID" | "ENTRYID" => "(800)",
            "DEVTYPE" | "PORT" | "IPID" | "PROTOCOL" | "RECORDS" | "LIMIT" | "VLANID" | "TRAFFICCLASS" => {
                "(5)"
            }
            "QOS" => "(5)",
            "GROUP" => "(SCAN)",
            "INTERFACE" | "LINKNAME" | "JOBNAME" => "(OSDL1)",
            "MACADDR" => "(020000000001)",
            "TZ" => "(+01:00)",
            _ => "",
        };
        let unpublished = ["DEVICEID", "QID", "ELEMENT", "CORRELATOR", "INSTANCE", "TYPE"];
        for kind in [Kind::Packets, Kind::Intrusions, Kind::Events] {
            for n in keywords(kind) {
                let r = read(&format!("{n}{}", operands(n)), kind);
                if unpublished.contains(&n) || (kind == Kind::Events && n == "ADDR") {
                    assert!(r.unwrap_err().contains("not published"), "{n}");
                    continue;
                }
                let r = r.unwrap_or_else(|e| panic!("{n}: {e}"));
                Filter::parse(&r.options.selection.filter()).unwrap_or_else(|e| panic!("{n}: {e}"));
            }
        }
        let systcpis = keywords(Kind::Intrusions);
        for n in [
            "ARP",
            "DATTRACE",
            "DEVICEID",
            "ETHTYPE",
            "HPRDIAG",
            "MACADDR",
            "PACKETTRACE",
            "PKTTRACE",
            "VLANID",
            "X25",
        ] {
            assert!(!systcpis.contains(&n), "{n} is not valid for SYSTCPIS");
        }
    }

    #[test]
    fn selections() {
        assert_eq!(filter("TCP PORT(23)").matches(" and ").count(), 3);
        assert_eq!(filter("FLAGS(SYN,FIN)"), "(tcp.flags.syn == 1) and (tcp.flags.fin == 1)");
        assert_eq!(filter("FLAGS(ANY SYN FIN)"), "(tcp.flags.syn == 1) or (tcp.flags.fin == 1)");
        assert_eq!(filter("DISCARD(4096:8191)"), "pth.droprsn in {4096..8191}");
        assert_eq!(filter("QOS(6)"), "ip.dsfield in {192..223}");
        assert_eq!(filter("ARP"), "arp");
        assert!(read("SNIFFER(4000,ETHERNET) NOREASSEMBLY STATS", Kind::Packets).is_ok());
    }

    #[test]
    fn reports() {
        let o = |t: &str| read(t, Kind::Packets).unwrap().options;
        assert_eq!(o("ASCII").dump, Some(DUMP_ALL), "a code implies DUMP");
        assert_eq!((o("FULL").format, o("FULL").dump), (Some(Detail::Detail), Some(DUMP_ALL)));
        assert_eq!(o("TALLY"), o("STATISTICS(DETAIL)"));
        assert_eq!(o("SESSION(P)").session, Some(SessionKind::Pipe));
        assert_eq!(o("SESSION").session, Some(SessionKind::Detail));
        assert_eq!(o("STREAMS").streams, Some((131_072, Detail::Summary)));
        assert_eq!(o("STREAMS(4096,DETAIL)").streams, Some((4096, Detail::Detail)));
        assert_eq!(o("REASSEMBLY(D)").reassembly, Some((65_535, Detail::Detail)));
        assert_eq!(
            o("SNIFFER(4000,ETHERNET)").sniffer,
            Some(Sniffer { size: Some(4000), kind: SnifferKind::Ethernet })
        );
        assert_eq!(o("SNIFFER").sniffer, Some(Sniffer { size: None, kind: SnifferKind::Pcapng }));
        assert!(read("SESSION(S)", Kind::Packets).unwrap_err().contains("ambiguous"));
        assert!(read("SESSION(DETAIL,STATE)", Kind::Packets).is_err());
    }
}
