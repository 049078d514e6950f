//! A small zone: what its names are, and how a question is answered from it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::message::{AUTHORITATIVE, Data, Message, Name, RESPONSE, Record, kind, rcode};

/// Aliases followed for one question.
const MOST_ALIASES: usize = 8;

/// Records of one zone and of the addresses in it.
#[derive(Debug, Clone, Default)]
pub struct Zone {
    apex: Name,
    records: BTreeMap<Name, Vec<Record>>,
}

impl Zone {
    /// A zone named `apex` with its SOA and NS records.
    #[must_use]
    pub fn new(apex: &str, server: &str) -> Option<Self> {
        let (apex, server) = (Name::new(apex)?, Name::new(server)?);
        let mailbox = Name::new(&format!("hostmaster.{apex}"))?;
        let mut zone = Self { apex: apex.clone(), records: BTreeMap::new() };
        zone.add(apex.clone(), 3600, Data::Start(server.clone(), mailbox, [1, 3600, 600, 86_400, 60]));
        zone.add(apex, 3600, Data::Name(kind::NS, server));
        Some(zone)
    }

    /// Adds a record.
    pub fn add(&mut self, name: Name, ttl: u32, data: Data) {
        self.records.entry(name.clone()).or_default().push(Record { name, ttl, data });
    }

    /// Adds an address and the name of the address.
    pub fn host(&mut self, name: &str, address: IpAddr) {
        if let Some(name) = Name::new(name) {
            self.add(Name::reverse(address), 300, Data::Name(kind::PTR, name.clone()));
            self.add(name, 300, Data::Address(address));
        }
    }

    /// Adds an alias.
    pub fn alias(&mut self, name: &str, of: &str) {
        if let (Some(name), Some(of)) = (Name::new(name), Name::new(of)) {
            self.add(name, 300, Data::Name(kind::CNAME, of));
        }
    }

    /// The answer to `query`.
    #[must_use]
    pub fn answer(&self, query: &Message) -> Message {
        let mut out = Message { flags: query.flags & 0x7900 | RESPONSE, ..query.clone() };
        out.answers.clear();
        out.authority.clear();
        let fail = |mut m: Message, code: u8| {
            m.flags |= u16::from(code);
            m
        };
        if !query.is_query() {
            return fail(out, rcode::NOTIMP);
        }
        let Some((name, k)) = query.question.clone() else { return fail(out, rcode::FORMERR) };
        if !self.records.contains_key(&name) && !name.is_within(&self.apex) {
            return fail(out, rcode::REFUSED);
        }
        out.flags |= AUTHORITATIVE;
        let mut at = name;
        let mut code = rcode::NOERROR;
        for _ in 0..MOST_ALIASES {
            let Some(records) = self.records.get(&at) else {
                // A name that has names below it exists without records.
                let below = self.records.keys().any(|n| n.is_within(&at));
                code = if below { rcode::NOERROR } else { rcode::NXDOMAIN };
                break;
            };
            let wanted = records.iter().filter(|r| k == kind::ANY || r.data.kind() == k);
            let before = out.answers.len();
            out.answers.extend(wanted.cloned());
            let alias = records.iter().find_map(|r| match &r.data {
                Data::Name(kind::CNAME, to) => Some((r.clone(), to.clone())),
                _ => None,
            });
            match alias {
                Some((record, to)) if out.answers.len() == before => {
                    out.answers.push(record);
                    at = to;
                    if !self.records.contains_key(&at) && !at.is_within(&self.apex) {
                        break;
                    }
                }
                _ => break,
            }
        }
        if out.answers.is_empty() {
            let soa = self.records.get(&self.apex).into_iter().flatten();
            out.authority.extend(soa.filter(|r| r.data.kind() == kind::SOA).cloned());
        }
        fail(out, code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(z: &Zone, name: &str, k: u16) -> (u8, Vec<Data>) {
        let m = z.answer(&Message::query(7, Name::new(name).unwrap(), k));
        assert_eq!((m.id, m.flags & RESPONSE), (7, RESPONSE));
        (m.rcode(), m.answers.into_iter().map(|r| r.data).collect())
    }

    #[test]
    fn addresses_aliases_and_what_does_not_exist() {
        let mut z = Zone::new("example", "ns.example").unwrap();
        let four = IpAddr::from([10, 1, 1, 2]);
        z.host("zs02.example", four);
        z.host("a.b.example", "2001:db8::2".parse().unwrap());
        z.alias("www.example", "zs02.example");
        let cname = Data::Name(kind::CNAME, Name::new("zs02.example").unwrap());
        assert_eq!(ask(&z, "ZS02.example", kind::A), (0, vec![Data::Address(four)]));
        assert_eq!(ask(&z, "zs02.example", kind::AAAA), (0, vec![]));
        assert_eq!(ask(&z, "www.example", kind::A), (0, vec![cname.clone(), Data::Address(four)]));
        assert_eq!(ask(&z, "www.example", kind::CNAME), (0, vec![cname]));
        assert_eq!(ask(&z, "no.example", kind::A), (3, vec![]));
        assert_eq!(ask(&z, "b.example", kind::A), (0, vec![]));
        assert_eq!(ask(&z, "elsewhere.test", kind::A), (5, vec![]));
        let ptr = Data::Name(kind::PTR, Name::new("zs02.example").unwrap());
        assert_eq!(ask(&z, "2.1.1.10.in-addr.arpa", kind::PTR), (0, vec![ptr]));
    }

    #[test]
    fn an_alias_of_itself_ends() {
        let mut z = Zone::new("example", "ns.example").unwrap();
        z.alias("a.example", "b.example");
        z.alias("b.example", "a.example");
        assert_eq!(ask(&z, "a.example", kind::A).1.len(), MOST_ALIASES);
    }
}
