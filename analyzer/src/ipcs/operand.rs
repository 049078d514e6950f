//! Operands: numbers and ranges, addresses, names, dates, time zones.

use std::net::IpAddr;

use formats::civil;

use super::message::Message;
use super::text::Item;
use crate::source::frame::Timestamp;

/// A range of numbers, both ends included.
pub type Range = (u64, u64);

/// Numbers and `low:high` ranges; `hex` when the keyword's numbers are hexadecimal. At least one.
pub fn ranges(item: &Item, max: u64, hex: bool) -> Result<Vec<Range>, Message> {
    let all: Vec<Range> = item.args().iter().map(|a| range(a, max, hex)).collect::<Result<_, _>>()?;
    if all.is_empty() {
        return Err(item.wrong(format!("{} needs at least one number in parentheses", item.upper())));
    }
    Ok(all)
}

fn range(item: &Item, max: u64, hex: bool) -> Result<Range, Message> {
    let text = item.upper();
    let (low, high) = match text.split_once([':', '-']) {
        Some((a, b)) => (number(item, a, max, hex)?, number(item, b, max, hex)?),
        None => {
            let n = number(item, &text, max, hex)?;
            (n, n)
        }
    };
    if low > high {
        return Err(item.wrong(format!("{low} to {high} is no range: the lower number comes first")));
    }
    Ok((low, high))
}

/// One number: decimal, or hexadecimal as X'..' and 0X...
fn number(item: &Item, text: &str, max: u64, hex: bool) -> Result<u64, Message> {
    let digits = text.strip_prefix("X'").and_then(|t| t.strip_suffix('\'')).or(text.strip_prefix("0X"));
    let n = match digits {
        Some(d) => u64::from_str_radix(d, 16).ok(),
        None if hex => u64::from_str_radix(text, 16).ok(),
        None => text.parse().ok(),
    };
    let kind = if hex { "hexadecimal number" } else { "number" };
    match n {
        Some(n) if n <= max => Ok(n),
        Some(n) => Err(item.wrong(format!("{n} is too large; the largest is {max}"))),
        None => Err(item.wrong(format!("\"{text}\" is no {kind}"))),
    }
}

/// The only operand, a number.
pub fn one(item: &Item, max: u64) -> Result<Option<u64>, Message> {
    match item.args() {
        [] => Ok(None),
        [a] => number(a, &a.upper(), max, false).map(Some),
        [_, more, ..] => Err(more.wrong(format!("{} takes one number", item.upper()))),
    }
}

/// Two numbers, of which the second may be left out.
pub fn two(item: &Item, max: u64, default: (u32, u32)) -> Result<(u32, u32), Message> {
    let get = |i: usize, d: u32| match item.args().get(i) {
        Some(a) => number(a, &a.upper(), max.min(u32::MAX.into()), false).map(|n| n as u32),
        None => Ok(d),
    };
    Ok((get(0, default.0)?, get(1, default.1)?))
}

/// Names, at least one.
pub fn names(item: &Item) -> Result<Vec<String>, Message> {
    // SUB((TCPCS)) and JOBNAME(TCPCS) both occur.
    let list = match item.args() {
        [only] if only.text.is_empty() && !only.quoted => only.args(),
        list => list,
    };
    if list.is_empty() {
        return Err(item.wrong(format!("{} needs a name in parentheses", item.upper())));
    }
    Ok(list.iter().map(|i| if i.quoted { i.text.clone() } else { i.upper() }).collect())
}

/// An address operand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address or a network, and a port.
    Net {
        /// Address.
        addr: IpAddr,
        /// Leading bits that count.
        bits: u8,
        /// `-p`.
        port: Option<u16>,
    },
    /// One of the letters.
    Letter(char, Option<u16>),
}

/// Reads `ipv4`, `ipv4/mask`, `ipv4/bits`, `ipv6`, `ipv6/bits`, a letter or X'hex', each with `-port`.
pub fn address(item: &Item) -> Result<Address, Message> {
    let text = item.upper();
    let (body, port) = match text.rsplit_once('-') {
        Some((b, p)) => {
            let port = p.parse().map_err(|_| item.wrong(format!("\"{p}\" is no port number")))?;
            (b, Some(port))
        }
        None => (text.as_str(), None),
    };
    if let [c] = body.as_bytes()
        && b"ABCDEHLMO*".contains(c)
    {
        return Ok(Address::Letter(char::from(*c), port));
    }
    if let Some(hex) = body.strip_prefix("X'").and_then(|b| b.strip_suffix('\'')) {
        let addr = match (hex.len(), u128::from_str_radix(hex, 16)) {
            (8, Ok(n)) => IpAddr::from((n as u32).to_be_bytes()),
            (32, Ok(n)) => IpAddr::from(n.to_be_bytes()),
            _ => return Err(item.wrong("a hexadecimal address has 8 or 32 digits")),
        };
        return Ok(Address::Net { addr, bits: width(addr), port });
    }
    let (addr, mask) = match body.split_once('/') {
        Some((a, m)) => (a, Some(m)),
        None => (body, None),
    };
    let addr: IpAddr = addr.parse().map_err(|_| {
        item.wrong(format!("\"{addr}\" is no IP address, and none of the letters A B C D E H L M *"))
    })?;
    let bits = match mask {
        None => width(addr),
        Some(m) => self::mask(item, addr, m)?,
    };
    Ok(Address::Net { addr, bits, port })
}

const fn width(a: IpAddr) -> u8 {
    if a.is_ipv4() { 32 } else { 128 }
}

fn mask(item: &Item, addr: IpAddr, text: &str) -> Result<u8, Message> {
    if let Ok(m) = text.parse::<std::net::Ipv4Addr>() {
        let m = u32::from(m);
        if !addr.is_ipv4() || m.leading_ones() + m.trailing_zeros() < 32 {
            return Err(item.wrong(format!("{text} is no mask of leading bits")));
        }
        return Ok(m.leading_ones() as u8);
    }
    match text.parse::<u8>() {
        Ok(n) if n <= width(addr) => Ok(n),
        _ => Err(item.wrong(format!("\"{text}\" is neither a mask nor a number of bits"))),
    }
}

/// `mm/dd/yy,hh.mm.ss.dddddd`: the date, and any part of the time from the left. Years up to 69
/// are 20yy. The result is in the time zone of the command.
pub fn moment(item: &Item) -> Result<Timestamp, Message> {
    let (date, time) = match item.args() {
        [d] => (d, None),
        [d, t] => (d, Some(t)),
        _ => return Err(item.wrong(format!("{} needs (mm/dd/yy,hh.mm.ss.dddddd)", item.upper()))),
    };
    let bad = || date.wrong(format!("\"{}\" is no date of the form mm/dd/yy", date.text));
    let parts: Vec<u32> =
        date.text.split('/').map(|p| p.parse().map_err(|_| bad())).collect::<Result<_, _>>()?;
    let [month, day, year] = parts[..] else { return Err(bad()) };
    let year = match year {
        0..=69 => 2000 + year,
        70..=99 => 1900 + year,
        1900..=2099 => year,
        _ => return Err(bad()),
    };
    // A day that the month does not have comes out as one of the next.
    let days = civil::days(year as i32, month, day);
    if !(1..=12).contains(&month) || civil::date(days) != (year.into(), month as u8, day as u8) {
        return Err(date.wrong(format!("there is no day {}", date.text)));
    }
    let (secs, nanos) = time.map_or(Ok((0, 0)), time_of_day)?;
    Ok(Timestamp { secs: days * 86_400 + secs, nanos })
}

fn time_of_day(item: &Item) -> Result<(i64, u32), Message> {
    let bad = || item.wrong(format!("\"{}\" is no time of the form hh.mm.ss.dddddd", item.text));
    // Colons are how every other program writes a time.
    let text = item.text.replace(':', ".");
    let mut parts = text.splitn(4, '.');
    let mut next = |max: u32| match parts.next() {
        None => Ok(0),
        Some(p) => p.parse::<u32>().ok().filter(|n| *n <= max && p.len() <= 2).ok_or_else(bad),
    };
    let (h, m, s) = (next(23)?, next(59)?, next(59)?);
    let nanos = match parts.next() {
        None => 0,
        Some(f) if !f.is_empty() && f.len() <= 9 && f.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{f:0<9}").parse().map_err(|_| bad())?
        }
        Some(_) => return Err(bad()),
    };
    Ok((i64::from(h * 3600 + m * 60 + s), nanos))
}

/// `+hh:mm`, `-hh`, `+hhmm` in seconds east of Greenwich.
pub fn zone(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", d) => (1, d),
        ("-", d) => (-1, d),
        _ => return (text == "0" || text.eq_ignore_ascii_case("UTC")).then_some(0),
    };
    let digits = digits.replace(':', "");
    let n: i32 = digits.parse().ok().filter(|_| digits.len() <= 4)?;
    let (h, m) = if digits.len() <= 2 { (n, 0) } else { (n / 100, n % 100) };
    (h <= 14 && m < 60).then_some(sign * (h * 3600 + m * 60))
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;

    fn item(t: &str) -> Item {
        text::parse(t).unwrap().remove(0)
    }

    #[test]
    fn numbers_and_ranges() {
        assert_eq!(ranges(&item("P(23,12000:12004)"), 65_535, false), Ok(vec![(23, 23), (12_000, 12_004)]));
        assert_eq!(ranges(&item("C(5A X'58')"), u64::MAX, true), Ok(vec![(0x5A, 0x5A), (0x58, 0x58)]));
        assert!(ranges(&item("P(70000)"), 65_535, false).is_err());
        assert!(ranges(&item("P(5:1)"), 65_535, false).is_err());
        assert!(ranges(&item("P()"), 65_535, false).is_err());
        assert!(ranges(&item("P(TELNET)"), 65_535, false).is_err());
        assert_eq!(two(&item("GAIN(1)"), 1000, (125, 250)), Ok((1, 250)));
    }

    #[test]
    fn addresses() {
        let net = |a: &str, bits, port| Ok(Address::Net { addr: a.parse().unwrap(), bits, port });
        assert_eq!(address(&item("10.1.0.2")), net("10.1.0.2", 32, None));
        assert_eq!(address(&item("10.1.0.2-23")), net("10.1.0.2", 32, Some(23)));
        assert_eq!(address(&item("10.1.0.0/255.255.0.0")), net("10.1.0.0", 16, None));
        assert_eq!(address(&item("10.1.0.0/16-80")), net("10.1.0.0", 16, Some(80)));
        assert_eq!(address(&item("2001:db8::/32")), net("2001:db8::", 32, None));
        assert_eq!(address(&item("X'0A010002'")), net("10.1.0.2", 32, None));
        assert_eq!(address(&item("h-21")), Ok(Address::Letter('H', Some(21))));
        assert!(address(&item("10.1.0.0/255.0.255.0")).is_err());
        assert!(address(&item("10.1.0")).is_err());
        assert!(address(&item("10.1.0.2/33")).is_err());
    }

    #[test]
    fn moments() {
        // 2026-03-02 08:00:00 UTC is 1772438400 (date -u -d).
        let at = |t: &str| moment(&item(t)).map(|t| (t.secs, t.nanos)).map_err(|m| m.what);
        assert_eq!(at("START(03/02/26,08.00.00.000001)"), Ok((1_772_438_400, 1000)));
        assert_eq!(at("START(03/02/26,08.00)"), Ok((1_772_438_400, 0)));
        assert_eq!(at("START(3/2/2026,08:00:00.5)"), Ok((1_772_438_400, 500_000_000)));
        assert_eq!(at("START(01/01/70)"), Ok((0, 0)));
        assert_eq!(at("START(02/30/26)"), Err("there is no day 02/30/26".into()));
        assert!(at("START(26-03-02)").is_err());
        assert!(at("START(03/02/26,25.00)").is_err());
        assert!(at("START").is_err());
    }

    #[test]
    fn zones() {
        assert_eq!(zone("+01:00"), Some(3600));
        assert_eq!(zone("-0530"), Some(-19_800));
        assert_eq!(zone("-5"), Some(-18_000));
        assert_eq!(zone("UTC"), Some(0));
        assert_eq!(zone("EST"), None);
        assert_eq!(zone("+15"), None);
    }
}
