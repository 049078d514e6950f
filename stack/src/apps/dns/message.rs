//! DNS messages (RFC 1035 section 4, AAAA in RFC 3596).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Types of records.
pub mod kind {
    /// IPv4 address.
    pub const A: u16 = 1;
    /// Name server.
    pub const NS: u16 = 2;
    /// Alias.
    pub const CNAME: u16 = 5;
    /// Start of a zone.
    pub const SOA: u16 = 6;
    /// Name of an address.
    pub const PTR: u16 = 12;
    /// Mail exchanger.
    pub const MX: u16 = 15;
    /// Text.
    pub const TXT: u16 = 16;
    /// IPv6 address.
    pub const AAAA: u16 = 28;
    /// Everything.
    pub const ANY: u16 = 255;
}

/// Response codes.
pub mod rcode {
    /// Answered.
    pub const NOERROR: u8 = 0;
    /// Not understood.
    pub const FORMERR: u8 = 1;
    /// The server could not.
    pub const SERVFAIL: u8 = 2;
    /// The name does not exist.
    pub const NXDOMAIN: u8 = 3;
    /// Not supported.
    pub const NOTIMP: u8 = 4;
    /// Not for you.
    pub const REFUSED: u8 = 5;
}

/// A domain name: labels in lowercase, without the root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Name(Vec<String>);

impl Name {
    /// From text, with or without the final dot. `None` when a label is empty or longer than 63
    /// bytes, or the whole than 255.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Some(Self::default());
        }
        let labels: Vec<String> = text.split('.').map(str::to_ascii_lowercase).collect();
        let right = labels.iter().all(|l| !l.is_empty() && l.len() <= 63);
        let len: usize = labels.iter().map(|l| l.len() + 1).sum();
        (right && len < 255).then_some(Self(labels))
    }

    /// The name under which an address has its PTR record.
    #[must_use]
    pub fn reverse(address: IpAddr) -> Self {
        let text = match address {
            IpAddr::V4(a) => {
                let [b1, b2, b3, b4] = a.octets();
                format!("{b4}.{b3}.{b2}.{b1}.in-addr.arpa")
            }
            IpAddr::V6(a) => {
                let nibbles = a
                    .octets()
                    .iter()
                    .rev()
                    .fold(String::new(), |s, b| s + &format!("{:x}.{:x}.", b & 15, b >> 4));
                format!("{nibbles}ip6.arpa")
            }
        };
        Self::new(&text).unwrap_or_default()
    }

    /// True when this is `zone` or below it.
    #[must_use]
    pub fn is_within(&self, zone: &Self) -> bool {
        self.0.ends_with(&zone.0)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        for l in &self.0 {
            out.push(l.len() as u8);
            out.extend_from_slice(l.as_bytes());
        }
        out.push(0);
    }

    fn parse(all: &[u8], at: &mut usize) -> Option<Self> {
        let mut labels = Vec::new();
        let (mut here, mut jumped, mut length) = (*at, false, 0);
        loop {
            let n = usize::from(*all.get(here)?);
            if n & 0xC0 == 0xC0 {
                let to = (n & 0x3F) << 8 | usize::from(*all.get(here + 1)?);
                if !jumped {
                    *at = here + 2;
                }
                // Only backwards, so that it ends.
                if to >= here {
                    return None;
                }
                (here, jumped) = (to, true);
                continue;
            }
            if n > 63 {
                return None;
            }
            here += 1;
            if n == 0 {
                if !jumped {
                    *at = here;
                }
                return Some(Self(labels));
            }
            let label = all.get(here..here + n)?;
            length += n + 1;
            if length > 254 {
                return None;
            }
            labels.push(std::str::from_utf8(label).ok()?.to_ascii_lowercase());
            here += n;
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str(".") } else { f.write_str(&self.0.join(".")) }
    }
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// An address, A or AAAA.
    Address(IpAddr),
    /// NS, CNAME or PTR.
    Name(u16, Name),
    /// Text.
    Text(String),
    /// Mail exchanger.
    Mail(u16, Name),
    /// Primary server, mailbox, serial number, refresh, retry, expire, minimum.
    Start(Name, Name, [u32; 5]),
    /// Anything else.
    Other(u16, Vec<u8>),
}

impl Data {
    /// The record's type.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Address(IpAddr::V4(_)) => kind::A,
            Self::Address(IpAddr::V6(_)) => kind::AAAA,
            Self::Name(k, _) | Self::Other(k, _) => *k,
            Self::Text(_) => kind::TXT,
            Self::Mail(..) => kind::MX,
            Self::Start(..) => kind::SOA,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Address(IpAddr::V4(a)) => out.extend_from_slice(&a.octets()),
            Self::Address(IpAddr::V6(a)) => out.extend_from_slice(&a.octets()),
            Self::Name(_, n) => n.encode(out),
            Self::Text(t) => {
                for part in t.as_bytes().chunks(255) {
                    out.push(part.len() as u8);
                    out.extend_from_slice(part);
                }
            }
            Self::Mail(p, n) => {
                out.extend_from_slice(&p.to_be_bytes());
                n.encode(out);
            }
            Self::Start(m, r, numbers) => {
                m.encode(out);
                r.encode(out);
                numbers.iter().for_each(|n| out.extend_from_slice(&n.to_be_bytes()));
            }
            Self::Other(_, b) => out.extend_from_slice(b),
        }
    }

    fn parse(all: &[u8], at: usize, len: usize, k: u16) -> Option<Self> {
        let bytes = all.get(at..at + len)?;
        let mut here = at;
        Some(match k {
            kind::A => Self::Address(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
            kind::AAAA => Self::Address(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
            kind::NS | kind::CNAME | kind::PTR => Self::Name(k, Name::parse(all, &mut here)?),
            _ => Self::Other(k, bytes.to_vec()),
        })
    }
}

/// A resource record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Owner.
    pub name: Name,
    /// Seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// A message with one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identifier.
    pub id: u16,
    /// QR, opcode, AA, TC, RD, RA and the response code.
    pub flags: u16,
    /// Name and type that are asked for; the class is IN.
    pub question: Option<(Name, u16)>,
    /// Answers.
    pub answers: Vec<Record>,
    /// Authority section.
    pub authority: Vec<Record>,
}

/// QR.
pub const RESPONSE: u16 = 0x8000;
/// AA.
pub const AUTHORITATIVE: u16 = 0x0400;
/// TC.
pub const TRUNCATED: u16 = 0x0200;
/// RD.
pub const RECURSION_DESIRED: u16 = 0x0100;
const OPCODE: u16 = 0x7800;
const IN: u16 = 1;

impl Message {
    /// A question.
    #[must_use]
    pub fn query(id: u16, name: Name, k: u16) -> Self {
        let (answers, authority) = (Vec::new(), Vec::new());
        Self { id, flags: RECURSION_DESIRED, question: Some((name, k)), answers, authority }
    }

    /// The response code.
    #[must_use]
    pub const fn rcode(&self) -> u8 {
        (self.flags & 15) as u8
    }

    /// True when the operation is the standard query.
    #[must_use]
    pub const fn is_query(&self) -> bool {
        self.flags & OPCODE == 0
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        let counts =
            [u16::from(self.question.is_some()), self.answers.len() as u16, self.authority.len() as u16, 0];
        for n in [self.id, self.flags].into_iter().chain(counts) {
            out.extend_from_slice(&n.to_be_bytes());
        }
        if let Some((name, k)) = &self.question {
            name.encode(&mut out);
            out.extend_from_slice(&k.to_be_bytes());
            out.extend_from_slice(&IN.to_be_bytes());
        }
        for r in self.answers.iter().chain(&self.authority) {
            // A pointer to the question where the owner is the same.
            match &self.question {
                Some((name, _)) if *name == r.name => out.extend_from_slice(&[0xC0, 12]),
                _ => r.name.encode(&mut out),
            }
            out.extend_from_slice(&r.data.kind().to_be_bytes());
            out.extend_from_slice(&IN.to_be_bytes());
            out.extend_from_slice(&r.ttl.to_be_bytes());
            let at = out.len();
            out.extend_from_slice(&[0, 0]);
            r.data.encode(&mut out);
            let len = (out.len() - at - 2) as u16;
            out[at..at + 2].copy_from_slice(&len.to_be_bytes());
        }
        out
    }

    /// Reads a message with at most one question. The additional section is not read.
    #[must_use]
    pub fn parse(all: &[u8]) -> Option<Self> {
        let word = |at: usize| all.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
        let (questions, answers, authority) = (word(4)?, word(6)?, word(8)?);
        word(10)?;
        let mut at = 12;
        let question = match questions {
            0 => None,
            1 => {
                let name = Name::parse(all, &mut at)?;
                let (k, class) = (word(at)?, word(at + 2)?);
                at += 4;
                if class != IN {
                    return None;
                }
                Some((name, k))
            }
            _ => return None,
        };
        let mut section = |n: u16| -> Option<Vec<Record>> {
            let mut out = Vec::new();
            for _ in 0..n {
                let name = Name::parse(all, &mut at)?;
                let fixed = all.get(at..at + 10)?;
                let k = u16::from_be_bytes([fixed[0], fixed[1]]);
                let ttl = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
                let len = usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
                let data = Data::parse(all, at + 10, len, k)?;
                at += 10 + len;
                out.push(Record { name, ttl, data });
            }
            Some(out)
        };
        let (answers, authority) = (section(answers)?, section(authority)?);
        Some(Self { id: word(0)?, flags: word(2)?, question, answers, authority })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_as_rfc_1035_lays_it_out() {
        let m = Message::query(0xABCD, Name::new("F.ISI.ARPA.").unwrap(), kind::A);
        assert_eq!(
            m.encode(),
            [
                0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'f', 3, b'i', b's', b'i', 4, b'a', b'r', b'p',
                b'a', 0, 0, 1, 0, 1
            ]
        );
        assert_eq!(Message::parse(&m.encode()), Some(m));
    }

    #[test]
    fn compressed_names_and_loops() {
        // Section 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92.
        let mut b = vec![0; 93];
        b[20..32].copy_from_slice(b"\x01F\x03ISI\x04ARPA\0");
        b[40..46].copy_from_slice(b"\x03FOO\xC0\x14");
        b[64..66].copy_from_slice(&[0xC0, 26]);
        let name = |mut at| Name::parse(&b, &mut at).map(|n| (n.to_string(), at));
        assert_eq!(name(40), Some(("foo.f.isi.arpa".into(), 46)));
        assert_eq!(name(64), Some(("arpa".into(), 66)));
        assert_eq!(name(92), Some((".".into(), 93)));
        assert_eq!(Name::parse(&[0xC0, 0], &mut 0), None);
        assert_eq!(Name::parse(&[1, b'a', 0xC0, 0], &mut 0), None);
        // A label that is no text would be longer in an answer than it was in the question.
        assert_eq!(Name::parse(&[1, 0xFF, 0], &mut 0), None);
    }

    #[test]
    fn answers_both_ways_and_cut_anywhere() {
        let name = Name::new("zs01.example").unwrap();
        let record = |data| Record { name: name.clone(), ttl: 60, data };
        let mut m = Message::query(1, name.clone(), kind::ANY);
        m.flags |= RESPONSE | AUTHORITATIVE;
        m.answers = vec![
            record(Data::Address([10, 0, 0, 1].into())),
            record(Data::Address("2001:db8::1".parse().unwrap())),
            record(Data::Name(kind::CNAME, Name::new("other.example").unwrap())),
        ];
        let bytes = m.encode();
        assert_eq!(Message::parse(&bytes), Some(m));
        for n in 0..bytes.len() {
            assert_eq!(Message::parse(&bytes[..n]), None);
        }
    }

    #[test]
    fn names_of_addresses() {
        assert_eq!(Name::reverse([10, 2, 0, 52].into()).to_string(), "52.0.2.10.in-addr.arpa");
        // RFC 3596 section 2.5.
        assert_eq!(
            Name::reverse("4321:0:1:2:3:4:567:89ab".parse().unwrap()).to_string(),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa"
        );
    }
}
