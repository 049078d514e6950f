//! Operator commands that change a trace, as text: `PKTTRACE`, `DATTRACE` and `OSAENTA` of VARY
//! TCPIP, and the reply to `TRACE CT` with its options.
//!
//! Keywords are accepted in any case and may be cut to the part that the manuals print in
//! capitals. Operands are in any order, each once. A command that is wrong changes nothing.
//! Sources: IP System Administrator's Commands ("VARY TCPIP" and its functions), IP Diagnosis
//! Guide ("Modifying options with the TRACE CT command").

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use formats::ctrace::events::Options;
use formats::ctrace::{DropReason, FormatId, Name};

use crate::Which;
use crate::config::{Config, EventTrace};
use crate::dattrace::DatTrace;
use crate::filter::Net;
use crate::osaenta::{OsaDiscard, SNA};
use crate::pkttrace::{ABBREV, Discard, FilterSet};

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// The operand that is wrong, as it was entered.
    pub operand: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operand, self.why)
    }
}

impl std::error::Error for CommandError {}

type Result<T> = std::result::Result<T, CommandError>;

fn wrong<T>(operand: &str, why: &'static str) -> Result<T> {
    Err(CommandError { operand: operand.to_owned(), why })
}

/// True when `word` is `keyword` or an abbreviation of it: all its capitals, and more of it.
fn is(word: &str, keyword: &str) -> bool {
    let least = keyword.bytes().take_while(|b| !b.is_ascii_lowercase()).count();
    word.len() >= least && word.len() <= keyword.len() && keyword[..word.len()].eq_ignore_ascii_case(word)
}

/// Executes a function of VARY TCPIP: `text` begins behind the procedure name, as in
/// `PKTTRACE,ON,PORTNUM=21`.
pub fn vary(config: &mut Config, text: &str) -> Result<()> {
    let (function, rest) = text.split_once(',').unwrap_or((text, ""));
    let operands: Vec<&str> = rest.split(',').filter(|o| !o.is_empty()).collect();
    let mut new = config.clone();
    match function {
        f if is(f, "PKTtrace") => pkttrace(&mut new, &operands)?,
        f if is(f, "DATtrace") => dattrace(&mut new, &operands)?,
        f if is(f, "OSAENTA") => osaenta(&mut new, &operands)?,
        f => return wrong(f, "is none of PKTTRACE, DATTRACE and OSAENTA"),
    }
    *config = new;
    Ok(())
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    On,
    Off,
    Clear,
    Delete,
}

/// The operands of a command, with a check that each comes once.
struct Operands<'a> {
    seen: Vec<&'static str>,
    rest: std::slice::Iter<'a, &'a str>,
}

/// One operand: the keyword of the table that it is, its value, and its text.
struct Operand<'a> {
    keyword: &'static str,
    value: &'a str,
    text: &'a str,
}

impl<'a> Operands<'a> {
    fn new(operands: &'a [&'a str]) -> Self {
        Self { seen: Vec::new(), rest: operands.iter() }
    }

    /// The next operand, which has to be one of the keywords.
    fn next(&mut self, keywords: &[&'static str]) -> Option<Result<Operand<'a>>> {
        let text: &'a str = self.rest.next()?;
        let (word, value) = text.split_once('=').unwrap_or((text, ""));
        let Some(keyword) = keywords.iter().find(|k| is(word.trim(), k)) else {
            return Some(wrong(text, "is not known here"));
        };
        if self.seen.contains(keyword) {
            return Some(wrong(text, "was entered before"));
        }
        self.seen.push(keyword);
        Some(Ok(Operand { keyword, value: value.trim(), text }))
    }
}

impl Operand<'_> {
    fn action(&self) -> Option<Action> {
        Some(match self.keyword {
            "ON" => Action::On,
            "OFF" => Action::Off,
            "CLEAR" => Action::Clear,
            "DEL" => Action::Delete,
            _ => return None,
        })
    }

    fn number<T: FromStr>(&self) -> Result<T> {
        self.value.parse().or_else(|_| wrong(self.text, "needs a number"))
    }

    /// A number, or `*` for any.
    fn any_number<T: FromStr>(&self) -> Result<Option<T>> {
        if self.value == "*" { Ok(None) } else { self.number().map(Some) }
    }

    fn hex<T>(&self, digits: usize, read: impl Fn(u64) -> T) -> Result<Option<T>> {
        match self.value {
            "*" => Ok(None),
            v if v.len() == digits => match u64::from_str_radix(v, 16) {
                Ok(n) => Ok(Some(read(n))),
                Err(_) => wrong(self.text, "needs hexadecimal digits"),
            },
            _ => wrong(self.text, "has a wrong number of digits"),
        }
    }

    /// Bytes of ABBREV: 200 without a number.
    fn abbrev(&self, default: u16) -> Result<u16> {
        if self.value.is_empty() { Ok(default) } else { self.number() }
    }

    fn protocol(&self) -> Result<Option<u8>> {
        Ok(Some(match self.value.to_ascii_uppercase().as_str() {
            "*" => return Ok(None),
            "TCP" => 6,
            "UDP" => 17,
            "ICMP" => 1,
            "ICMPV6" => 58,
            _ => return self.number().map(Some),
        }))
    }

    /// `*`, an address, or one with a prefix length.
    fn address(&self) -> Result<Option<(IpAddr, Option<u8>)>> {
        if self.value == "*" {
            return Ok(None);
        }
        let (address, prefix) = match self.value.split_once('/') {
            Some((a, p)) => (a, Some(p.parse().or_else(|_| wrong(self.text, "has a wrong prefix length"))?)),
            None => (self.value, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else { return wrong(self.text, "needs an IP address") };
        let most = if address.is_ipv4() { 32 } else { 128 };
        if prefix.is_some_and(|p| p > most) {
            return wrong(self.text, "has a wrong prefix length");
        }
        Ok(Some((address, prefix)))
    }

    fn mask(&self) -> Result<Ipv4Addr> {
        self.value.parse().or_else(|_| wrong(self.text, "needs an IPv4 mask"))
    }

    fn name<const N: usize>(&self) -> Result<Option<Name<N>>> {
        match self.value {
            "*" => Ok(None),
            v if v.is_empty() || v.len() > N => wrong(self.text, "needs a name, which is not so long"),
            v => Ok(Some(Name::new(&v.to_ascii_uppercase()))),
        }
    }
}

/// An address operand together with SUBNET.
fn network(address: Option<(IpAddr, Option<u8>)>, mask: Option<Ipv4Addr>) -> Result<Option<Net>> {
    match (address, mask) {
        (None, None) => Ok(None),
        (Some((IpAddr::V4(a), None)), Some(mask)) => Ok(Some(Net::masked(a, mask))),
        (Some((a, prefix)), None) => Ok(Some(Net::new(a, prefix.unwrap_or(128)))),
        _ => wrong("SUBNET", "goes with an IPv4 address without a prefix length"),
    }
}

fn pkttrace(config: &mut Config, operands: &[&str]) -> Result<()> {
    const KEYWORDS: &[&str] = &[
        "LINKName", "INTFName", "ON", "OFF", "CLEAR", "FULL", "ABBREV", "PROT", "IPaddr", "SUBNet",
        "SRCPort", "DESTport", "PORTNum", "DISCard",
    ];
    let mut all = Operands::new(operands);
    let (mut link, mut action, mut set) = (None, Action::On, FilterSet::default());
    let (mut address, mut mask) = (None, None);
    while let Some(o) = all.next(KEYWORDS).transpose()? {
        match o.keyword {
            "LINKName" | "INTFName" => link = o.name::<16>()?,
            "FULL" => set.abbrev = None,
            "ABBREV" => set.abbrev = Some(o.abbrev(ABBREV)?),
            "PROT" => set.protocol = o.protocol()?,
            "IPaddr" => address = o.address()?,
            "SUBNet" => mask = Some(o.mask()?),
            "SRCPort" => set.src_port = o.any_number()?,
            "DESTport" => set.dst_port = o.any_number()?,
            "PORTNum" => set.port = o.any_number()?,
            "DISCard" => {
                set.discard = match o.value.to_ascii_uppercase().as_str() {
                    "NONE" => Discard::None,
                    "ALL" => Discard::All,
                    "*" => Discard::Any,
                    _ => Discard::Reason(DropReason(o.number()?)),
                }
            }
            _ => action = o.action().unwrap_or(action),
        }
    }
    set.address = network(address, mask)?;
    match action {
        Action::On => {
            let turned = config.pkttrace.turn_on(link, set);
            return turned.or_else(|_| wrong("ON", "an interface has 16 filters"));
        }
        Action::Off => config.pkttrace.turn_off(link),
        _ => config.pkttrace.clear(link),
    }
    Ok(())
}

fn dattrace(config: &mut Config, operands: &[&str]) -> Result<()> {
    const KEYWORDS: &[&str] =
        &["ON", "OFF", "FULL", "ABBREV", "JOBNAME", "IP", "IPADDR", "SUBNet", "PORTNum"];
    let mut all = Operands::new(operands);
    let mut new = DatTrace::everything();
    let (mut address, mut mask) = (None, None);
    while let Some(o) = all.next(KEYWORDS).transpose()? {
        match o.keyword {
            "FULL" => new.abbrev = None,
            "ABBREV" => new.abbrev = Some(o.abbrev(ABBREV)?),
            "JOBNAME" => new.job = o.name()?,
            "IP" | "IPADDR" => address = o.address()?,
            "SUBNet" => mask = Some(o.mask()?),
            "PORTNum" => new.port = o.any_number()?,
            _ => new.on = o.keyword == "ON",
        }
    }
    new.address = network(address, mask)?;
    if new.on {
        config.dattrace = new;
    } else {
        config.dattrace.on = false;
    }
    Ok(())
}

fn osaenta(config: &mut Config, operands: &[&str]) -> Result<()> {
    const KEYWORDS: &[&str] = &[
        "ON", "OFF", "CLEAR", "DEL", "PORTNAME", "ABBREV", "FULL", "DATA", "FRAMES", "TIME", "DISCard",
        "NOFILTER", "DEVICEID", "MAC", "VLANID", "ETHType", "IPaddr", "PROTOcol", "PORTNum",
    ];
    let named = operands.iter().find_map(|o| o.split_once('=').filter(|(k, _)| is(k, "PORTNAME")));
    let Some((_, name)) = named.filter(|(_, n)| !n.is_empty() && n.len() <= 8) else {
        return wrong("PORTNAME", "is needed");
    };
    let name = Name::new(&name.to_ascii_uppercase());
    let mut all = Operands::new(operands);
    let mut action = None;
    let port = config.osaenta.port(name);
    while let Some(o) = all.next(KEYWORDS).transpose()? {
        match o.keyword {
            "PORTNAME" => {}
            "FULL" => port.abbrev = None,
            "ABBREV" => port.abbrev = Some(o.abbrev(224)?),
            "DATA" => port.megabytes = o.number()?,
            "FRAMES" => port.frames = o.number()?,
            "TIME" => port.minutes = o.number()?,
            "DISCard" => {
                port.discard = match o.value.to_ascii_uppercase().as_str() {
                    "NONE" => OsaDiscard::None,
                    "ALL" => OsaDiscard::All,
                    "EXCEPTION" => OsaDiscard::Exception,
                    _ => OsaDiscard::Reason(DropReason(o.number()?)),
                }
            }
            "NOFILTER" => {
                port.no_filter_all = match o.value.to_ascii_uppercase().as_str() {
                    "ALL" => true,
                    "NONE" => false,
                    _ => return wrong(o.text, "is ALL or NONE"),
                }
            }
            "DEVICEID" => add(&mut port.devices, o.hex(8, |n| n as u32)?),
            "MAC" => {
                let mac = |n: u64| n.to_be_bytes()[2..].first_chunk().copied().unwrap_or_default();
                add(&mut port.macs, o.hex(12, mac)?);
            }
            "VLANID" => add(&mut port.vlans, o.any_number()?),
            "ETHType" => {
                let named = match o.value.to_ascii_uppercase().as_str() {
                    "IPV4" => Some(0x0800),
                    "IPV6" => Some(0x86DD),
                    "ARP" => Some(0x0806),
                    "SNA" => Some(SNA),
                    _ => o.hex(4, |n| n as u16)?,
                };
                add(&mut port.ether_types, named);
            }
            "IPaddr" => add(&mut port.addresses, network(o.address()?, None)?),
            "PROTOcol" => add(&mut port.protocols, o.protocol()?),
            "PORTNum" => add(&mut port.ports, o.any_number()?),
            _ => action = o.action(),
        }
    }
    match action {
        Some(Action::On) => port.turn_on(),
        Some(Action::Off) => port.on = false,
        Some(Action::Clear) => port.clear_filters(),
        Some(Action::Delete) => config.osaenta.delete(name),
        None => {}
    }
    Ok(())
}

/// Adds a value to those of a filter; `None` (`*`) lets everything through again.
fn add<T: PartialEq>(list: &mut Vec<T>, value: Option<T>) {
    match value {
        None => list.clear(),
        Some(v) if list.contains(&v) => {}
        Some(v) => list.push(v),
    }
}

/// What a reply to TRACE CT says beside options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// WTR: the writer to connect, or `DISCONNECT`.
    pub writer: Option<String>,
    /// END: the dialog is over (CONT asks for more).
    pub end: bool,
}

/// Turns a component on with the operands of a reply to TRACE CT:
/// `JOBNAME=(FTPD1),ASID=(41),OPTIONS=(TCP,PORT(21)),WTR=MYWTR,END`.
pub fn trace_on(config: &mut Config, which: Which, text: &str) -> Result<Reply> {
    let mut reply = Reply::default();
    let mut new = config.clone();
    let (mut jobs, mut asids) = (Vec::new(), Vec::new());
    let mut options = None;
    for operand in split(text)? {
        let (word, value) = operand.split_once('=').unwrap_or((operand, ""));
        let list =
            || split(value.trim().strip_prefix('(').and_then(|v| v.strip_suffix(')')).unwrap_or(value));
        match word.trim().to_ascii_uppercase().as_str() {
            "JOBNAME" => {
                for job in list()? {
                    if job.is_empty() || job.len() > 8 {
                        return wrong(job, "is no job name");
                    }
                    jobs.push(Name::new(&job.to_ascii_uppercase()));
                }
            }
            "ASID" => {
                for asid in list()? {
                    let Ok(n) = u16::from_str_radix(asid, 16) else {
                        return wrong(asid, "is no address space");
                    };
                    asids.push(n);
                }
            }
            "OPTIONS" => {
                let mut events = EventTrace::default();
                for option in list()? {
                    event_option(&mut events, option)?;
                }
                options = Some(events);
            }
            "WTR" => reply.writer = Some(value.to_ascii_uppercase()),
            "END" => reply.end = true,
            "CONT" => {}
            _ => return wrong(operand, "is not known here"),
        }
    }
    if !(which == Which::Events || options.is_none()) {
        return wrong("OPTIONS", "this component has none");
    }
    match which {
        Which::Events => {
            if let Some(events) = options {
                new.events = events;
            } else if new.events.options == Options::NONE {
                new.events.options = Options::MINIMUM;
            }
            (new.events.jobs, new.events.asids, new.events.on) = (jobs, asids, true);
        }
        Which::Packets => new.packets_on = true,
        Which::Frames => new.frames_on = true,
        Which::Resolver => (new.resolver_on, new.resolver_jobs) = (true, jobs),
    }
    *config = new;
    Ok(reply)
}

/// TRACE CT,OFF.
pub fn trace_off(config: &mut Config, which: Which) {
    match which {
        Which::Events => config.events.on = false,
        Which::Packets => config.packets_on = false,
        Which::Frames => config.frames_on = false,
        Which::Resolver => config.resolver_on = false,
    }
}

/// One option of SYSTCPIP: a name, a group, or a filter with values in parentheses.
pub fn event_option(events: &mut EventTrace, option: &str) -> Result<()> {
    let option = option.trim().trim_matches('\'');
    let Some((word, values)) = option.strip_suffix(')').and_then(|o| o.split_once('(')) else {
        let Some(o) = Options::named(&option.to_ascii_uppercase()) else {
            return wrong(option, "is no option of SYSTCPIP");
        };
        events.options = events.options | o;
        return Ok(());
    };
    for value in values.split([',', ' ']).filter(|v| !v.is_empty()) {
        match word.to_ascii_uppercase().as_str() {
            "PORT" => match value.parse() {
                Ok(n) => events.ports.push(n),
                Err(_) => return wrong(value, "is no port"),
            },
            "EID" => match u32::from_str_radix(value, 16) {
                Ok(n) => events.ids.push(FormatId(n)),
                Err(_) => return wrong(value, "is no entry id"),
            },
            "IPADDR" => {
                let o = Operand { keyword: "IPADDR", value, text: value };
                events.addresses.extend(network(o.address()?, None)?);
            }
            _ => return wrong(option, "is no option of SYSTCPIP"),
        }
    }
    Ok(())
}

/// Splits at commas that are in no parentheses.
fn split(text: &str) -> Result<Vec<&str>> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    if depth != 0 {
        return wrong(text, "parentheses do not match");
    }
    parts.push(&text[from..]);
    Ok(parts.into_iter().map(str::trim).filter(|p| !p.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(commands: &[&str]) -> Config {
        let mut c = Config::default();
        for text in commands {
            vary(&mut c, text).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
        c
    }

    fn refused(text: &str) -> String {
        let mut c = after(&["PKTTRACE,ON"]);
        let before = c.clone();
        let why = vary(&mut c, text).unwrap_err().to_string();
        assert_eq!(c, before, "a wrong command changes nothing");
        why
    }

    #[test]
    fn samples_of_the_manuals() {
        // ON may be left out, ABBREV is 200.
        let c = after(&["PKT,ABBREV"]);
        assert_eq!(c.pkttrace.others.sets, [FilterSet { abbrev: Some(200), ..FilterSet::default() }]);
        assert!(c.pkttrace.others.on);
        // Both have to match.
        let c = after(&["pkttrace,on,srcp=21,dest=1236"]);
        let both = FilterSet { src_port: Some(21), dst_port: Some(1236), ..FilterSet::default() };
        assert_eq!(c.pkttrace.others.sets, [both]);
        // Either.
        let c = after(&["PKTTRACE,ON,SRCP=21", "PKTTRACE,ON,DESTPORT=1236"]);
        assert_eq!(c.pkttrace.others.sets.len(), 2);
        let c =
            after(&["PKT,LINKName=eth1,ON,PROT=ICMPv6,IP=10.1.0.0,SUBNET=255.255.0.0,PORTNUM=*,DISC=4102"]);
        let link = c.pkttrace.of(&Name::new("ETH1"));
        let set = link.sets[0];
        assert_eq!(
            (set.protocol, set.port, set.discard),
            (Some(58), None, Discard::Reason(DropReason(4102)))
        );
        assert!(set.address.unwrap().has("10.1.200.1".parse().unwrap()));
        assert!(!c.pkttrace.others.on);
        let c = after(&["PKT,ON", "PKT,OFF"]);
        assert!(!c.pkttrace.is_on() && c.pkttrace.others.sets.len() == 1);
        assert!(after(&["PKT,ON", "PKT,CLEAR"]).pkttrace.others.sets.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(refused("PKTTRACE,ON,COLOUR=RED"), "COLOUR=RED: is not known here");
        assert_eq!(refused("PKTTRACE,SRCP=21,SRCPORT=22"), "SRCPORT=22: was entered before");
        assert_eq!(refused("PKTTRACE,SRC=21"), "SRC=21: is not known here");
        assert_eq!(refused("PKTTRACE,PORTNUM=HTTP"), "PORTNUM=HTTP: needs a number");
        assert_eq!(refused("PKTTRACE,IP=10.1.0.1/33"), "IP=10.1.0.1/33: has a wrong prefix length");
        assert_eq!(
            refused("PKTTRACE,SUBNET=255.0.0.0"),
            "SUBNET: goes with an IPv4 address without a prefix length"
        );
        assert_eq!(refused("OSAENTA,ON"), "PORTNAME: is needed");
        assert_eq!(refused("DROP,CONN=1"), "DROP: is none of PKTTRACE, DATTRACE and OSAENTA");
    }

    #[test]
    fn data_trace_is_replaced() {
        let c = after(&["DAT,ON,JOBNAME=ftpd1,PORTNUM=21", "DATTRACE,ON,IP=2001:db8::/32,ABBREV=10"]);
        assert_eq!(c.dattrace.job, None, "ON restores the defaults");
        assert_eq!((c.dattrace.port, c.dattrace.abbrev), (None, Some(10)));
        let c = after(&["DAT", "DAT,OFF"]);
        assert!(!c.dattrace.on);
    }

    #[test]
    fn osa_filters_add_up() {
        let c = after(&[
            "OSAENTA,PORTNAME=qdio4101,PROTOCOL=TCP,PORTNUM=21,NOFILTER=NONE,ETHTYPE=IPV4",
            "OSAENTA,ON,PORTNAME=QDIO4101,PROTO=17,PORTN=20,MAC=020000000001,DEVICEID=01020304,FULL,TIME=5",
        ]);
        let t = c.osaenta.of(&Name::new("QDIO4101"));
        assert!(t.on && !t.no_filter_all);
        assert_eq!((t.protocols.as_slice(), t.ports.as_slice()), ([6, 17].as_slice(), [21, 20].as_slice()));
        assert_eq!((t.macs[0], t.devices[0]), ([2, 0, 0, 0, 0, 1], 0x0102_0304));
        assert_eq!((t.abbrev, t.minutes, t.ether_types[0]), (None, 5, 0x800));
        let mut c = c;
        vary(&mut c, "OSAENTA,PORTNAME=QDIO4101,PROTO=*").unwrap();
        assert!(c.osaenta.of(&Name::new("QDIO4101")).protocols.is_empty());
        vary(&mut c, "OSAENTA,CLEAR,PORTNAME=QDIO4101").unwrap();
        assert!(c.osaenta.of(&Name::new("QDIO4101")).ports.is_empty());
        vary(&mut c, "OSAENTA,DEL,PORTNAME=QDIO4101").unwrap();
        assert!(c.osaenta.ports.is_empty());
    }

    #[test]
    fn replies_to_trace_ct() {
        let mut c = Config::default();
        let text = "JOBNAME=(FTPD1,FTPD2),ASID=(0041),OPTIONS=(TCP,PING,PORT(21,20),IPADDR(10.1.0.0/16),\
                    EID(E90A0001)),WTR=CTWTR,END";
        let reply = trace_on(&mut c, Which::Events, text).unwrap();
        assert_eq!(reply, Reply { writer: Some("CTWTR".into()), end: true });
        assert_eq!(c.events.options.to_string(), "ARP ICMP ND RAW TCP");
        assert_eq!(
            (c.events.ports.as_slice(), c.events.asids.as_slice()),
            ([21, 20].as_slice(), [0x41].as_slice())
        );
        assert_eq!((c.events.jobs.len(), c.events.addresses.len(), c.events.ids[0].0), (2, 1, 0xE90A_0001));
        let before = c.clone();
        assert!(trace_on(&mut c, Which::Events, "OPTIONS=(TCP,NOTHING)").is_err());
        assert!(trace_on(&mut c, Which::Events, "OPTIONS=(TCP").is_err());
        assert!(trace_on(&mut c, Which::Packets, "OPTIONS=(TCP)").is_err());
        assert_eq!(c, before);
        trace_on(&mut c, Which::Packets, "WTR=DISCONNECT,END").unwrap();
        assert!(c.packets_on);
        trace_off(&mut c, Which::Events);
        assert!(!c.events.on);
        let mut c = Config::default();
        trace_on(&mut c, Which::Events, "END").unwrap();
        assert_eq!(c.events.options, Options::MINIMUM);
    }

    proptest! {
        #[test]
        fn any_text(text in "(PKTTRACE|DATTRACE|OSAENTA,PORTNAME=A)?[A-Z=,*/().0-9:]{0,60}", any: String) {
            let mut c = Config::default();
            let _ = vary(&mut c, &text);
            let _ = vary(&mut c, &any);
            let _ = trace_on(&mut c, Which::Events, &any);
            let _ = trace_on(&mut c, Which::Events, &text);
        }
    }
}
