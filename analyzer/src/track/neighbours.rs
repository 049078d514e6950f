//! ARP and IPv6 neighbour discovery: who asks for whom, who answers, and who claims an address
//! that another one has.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::conversations::{Address, End, Kind, Table, between};
use super::evidence::Evidence;
use crate::source::frame::{Frame, Timestamp};

/// Adapter addresses kept for one network address.
const MAX_OWNERS: usize = 8;
/// Network addresses whose owners are kept, and pairs of asker and asked.
const MAX_ADDRESSES: usize = 100_000;

/// Routers kept.
const MAX_ROUTERS: usize = 64;

/// An adapter that says it has an address.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// Adapter address.
    pub mac: [u8; 6],
    /// Packets in which it says so.
    pub packets: Evidence,
    /// Last packet in which it says so.
    pub last: u64,
}

/// Who claims one address.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Adapters, in order of first appearance.
    pub owners: Vec<Owner>,
    /// Packets in which the claim went from one adapter to another.
    pub changes: Evidence,
    current: usize,
}

/// Questions and answers between an asker (A) and the address it looks for (B).
#[derive(Debug, Default)]
pub struct Detail {
    /// Questions.
    pub requests: Evidence,
    /// Answers.
    pub replies: Evidence,
    /// Time from the first question without an answer to it, in nanoseconds: greatest.
    pub slowest: i64,
    /// Time of the last question, while it waits.
    pub waiting: Option<Timestamp>,
    /// Who answered last.
    pub mac: Option<[u8; 6]>,
    /// True for announcements and probes: nobody has to answer.
    pub unasked: bool,
    first_waiting: Option<Timestamp>,
}

impl Detail {
    fn request(&mut self, f: &Frame) {
        self.requests.add(f.number);
        self.first_waiting = self.first_waiting.or(f.time);
        self.waiting = f.time;
    }

    fn reply(&mut self, mac: [u8; 6], f: &Frame) {
        self.replies.add(f.number);
        self.mac = Some(mac);
        self.waiting = None;
        if let (Some(a), Some(b)) = (self.first_waiting.take(), f.time) {
            self.slowest = self.slowest.max(between(a, b));
        }
    }
}

/// An address that somebody tried to take and another one has (RFC 5227 section 2.1.1, RFC 4862
/// section 5.4).
#[derive(Debug)]
pub struct Refused {
    /// The address.
    pub address: Address,
    /// The adapter that wanted it; none where the trace shows no adapters.
    pub prober: Option<[u8; 6]>,
    /// The adapter that has it, if that is known.
    pub holder: Option<[u8; 6]>,
    /// True when it wants the address, too, and none has it yet.
    pub both_probe: bool,
    /// The answers.
    pub packets: Evidence,
}

/// A question whether anybody has an address.
#[derive(Debug, Clone, Copy)]
struct Probe {
    mac: [u8; 6],
    number: u64,
    time: Option<Timestamp>,
}

impl Probe {
    /// Nanoseconds from the probe to a packet.
    fn age(&self, f: &Frame) -> i64 {
        self.time.zip(f.time).map_or(0, |(a, b)| between(a, b))
    }
}

/// An answer to a probe comes soon; later it is about something else. In nanoseconds.
const PROBED: i64 = 10_000_000_000;
/// A node that found its address free announces it this long after its last probe at the
/// earliest: RetransTimer (RFC 4861 section 10), in nanoseconds.
const RETRANS_TIMER: i64 = 1_000_000_000;
/// The address of all nodes of a link.
const ALL_NODES: [u8; 16] = [0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Follows one of the two protocols.
#[derive(Debug)]
pub struct Neighbours {
    /// Conversations between asker and asked.
    pub table: Table,
    /// One for each conversation.
    pub details: Vec<Detail>,
    /// Claims by address.
    pub claims: HashMap<[u8; 16], Claims, RandomState>,
    /// Probes for an address that another one answered: duplicate address detection.
    pub refused: Vec<Refused>,
    /// Last probe for an address.
    probes: HashMap<[u8; 16], Probe, RandomState>,
    /// Router advertisements: router's address and the packets.
    pub routers: Vec<([u8; 16], Evidence)>,
    v6: bool,
}

impl Neighbours {
    /// Follows ARP or neighbour discovery.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            table: Table::new(kind, MAX_ADDRESSES),
            details: Vec::new(),
            claims: HashMap::default(),
            refused: Vec::new(),
            probes: HashMap::default(),
            routers: Vec::new(),
            v6: kind == Kind::Nd,
        }
    }

    fn detail(&mut self, i: u32) -> &mut Detail {
        let i = i as usize;
        if i >= self.details.len() {
            self.details.resize_with(i + 1, Detail::default);
        }
        &mut self.details[i]
    }

    /// A question, an announcement or a probe; what is known of its conversation.
    fn ask(&mut self, by: [u8; 16], of: [u8; 16], f: &Frame) -> Option<&mut Detail> {
        let (a, b) = (End { addr: by, port: 0 }, End { addr: of, port: 0 });
        let (i, _) = self.table.count(a, b, self.v6, f)?;
        let asked = by != of && by != [0; 16];
        let d = self.detail(i);
        if asked {
            d.request(f);
        } else {
            d.unasked = true;
        }
        Some(d)
    }

    /// What routers and those who look for one say: nobody answers it in this conversation.
    fn tell(&mut self, by: [u8; 16], to: [u8; 16], f: &Frame) {
        if let Some(d) = self.ask(by, to, f)
            && d.replies.is_empty()
        {
            d.unasked = true;
        }
    }

    fn answer(&mut self, by: [u8; 16], to: [u8; 16], mac: [u8; 6], f: &Frame) {
        let (a, b) = (End { addr: by, port: 0 }, End { addr: to, port: 0 });
        if let Some((i, _)) = self.table.count(a, b, self.v6, f) {
            self.detail(i).reply(mac, f);
        }
        if let Some(&probe) = self.probes.get(&by)
            && probe.mac != mac
            && probe.mac != [0; 6]
            && probe.age(f) <= PROBED
        {
            self.refuse(by, probe.mac, mac, false, &[f.number]);
        }
    }

    fn refuse(&mut self, addr: [u8; 16], prober: [u8; 6], holder: [u8; 6], both_probe: bool, by: &[u64]) {
        let address = Address { addr, v6: self.v6 };
        let known = |mac: [u8; 6]| (mac != [0; 6]).then_some(mac);
        let same = |r: &Refused| r.address == address && r.prober == known(prober);
        let at = self.refused.iter().position(same).or_else(|| {
            let room = self.refused.len() < MAX_OWNERS * 8;
            room.then(|| {
                let (prober, holder) = (known(prober), known(holder));
                let packets = Evidence::default();
                self.refused.push(Refused { address, prober, holder, both_probe, packets });
                self.refused.len() - 1
            })
        });
        if let Some(at) = at {
            by.iter().for_each(|n| self.refused[at].packets.add(*n));
        }
    }

    fn probe(&mut self, of: [u8; 16], mac: [u8; 6], f: &Frame) {
        if let Some(&other) = self.probes.get(&of)
            && ![other.mac, [0; 6]].contains(&mac)
            && other.mac != [0; 6]
            && other.age(f) <= RETRANS_TIMER
        {
            self.refuse(of, mac, other.mac, true, &[other.number, f.number]);
        }
        if self.probes.len() < MAX_ADDRESSES || self.probes.contains_key(&of) {
            self.probes.insert(of, Probe { mac, number: f.number, time: f.time });
        }
    }

    fn claim(&mut self, addr: [u8; 16], mac: [u8; 6], f: &Frame) {
        if addr == [0; 16] || mac == [0; 6] || mac[0] & 1 == 1 {
            return;
        }
        if self.claims.len() >= MAX_ADDRESSES && !self.claims.contains_key(&addr) {
            return;
        }
        let c = self.claims.entry(addr).or_default();
        let at = match c.owners.iter().position(|o| o.mac == mac) {
            Some(at) => at,
            None if c.owners.len() >= MAX_OWNERS => return,
            None => {
                c.owners.push(Owner { mac, packets: Evidence::default(), last: 0 });
                c.owners.len() - 1
            }
        };
        if at != c.current {
            c.changes.add(f.number);
            c.current = at;
        }
        c.owners[at].packets.add(f.number);
        c.owners[at].last = f.number;
    }

    /// Takes an ARP message (RFC 826) for IPv4 over a network with 6-byte addresses.
    pub fn arp(&mut self, b: &[u8], f: &Frame) {
        let Some(h) = b.first_chunk::<28>() else { return };
        if h[2..6] != [8, 0, 6, 4] {
            return;
        }
        let ip = |at: usize| {
            let mut w = [0; 16];
            w[12..].copy_from_slice(&h[at..at + 4]);
            w
        };
        let mac = [h[8], h[9], h[10], h[11], h[12], h[13]];
        let (sender, target) = (ip(14), ip(24));
        match h[7] {
            1 => {
                if sender == [0; 16] {
                    self.probe(target, mac, f);
                }
                self.claim(sender, mac, f);
                self.ask(sender, target, f);
            }
            2 => {
                self.claim(sender, mac, f);
                if sender == target {
                    self.ask(sender, target, f);
                } else {
                    self.answer(sender, target, mac, f);
                }
            }
            _ => {}
        }
    }

    /// Takes an ICMPv6 message, `from` this adapter if the trace shows it; true when it belongs to
    /// neighbour discovery (RFC 4861).
    pub fn nd(&mut self, [src, dst]: [[u8; 16]; 2], from: Option<[u8; 6]>, b: &[u8], f: &Frame) -> bool {
        let Some(&kind) = b.first() else { return false };
        let target = |at: usize| b.get(at..).and_then(|t| t.first_chunk::<16>()).copied();
        match kind {
            133 => {
                self.tell(src, dst, f);
            }
            134 => {
                let room = self.routers.len() < MAX_ROUTERS;
                match self.routers.iter_mut().find(|r| r.0 == src) {
                    Some(r) => r.1.add(f.number),
                    None if room => {
                        let mut e = Evidence::default();
                        e.add(f.number);
                        self.routers.push((src, e));
                    }
                    None => {}
                }
                self.tell(src, dst, f);
            }
            135 => {
                let Some(target) = target(8) else { return true };
                let mac = option(b, 24, 1);
                if src == [0; 16] {
                    // A probe itself must not say which adapter it is from.
                    self.probe(target, mac.or(from).unwrap_or_default(), f);
                } else if let Some(mac) = mac {
                    self.claim(src, mac, f);
                }
                self.ask(src, target, f);
            }
            136 => {
                let Some(target) = target(8) else { return true };
                let said = option(b, 24, 2);
                self.claim(target, said.unwrap_or_default(), f);
                let mac = said.or(from).unwrap_or_default();
                let flags = b.get(4).copied().unwrap_or(0);
                let probe = self.probes.get(&target).filter(|p| p.age(f) <= PROBED).copied();
                // Solicited, to the one who asked.
                if flags & 0x40 != 0 && dst[0] != 0xFF {
                    self.answer(target, dst, mac, f);
                } else if let Some(probe) = probe.filter(|p| mac != [0; 6] && p.mac != mac) {
                    // Where adapters are not shown, the node's own announcement looks the same but
                    // comes later, and that of an optimistic one (RFC 4429) does not override.
                    let soon = probe.age(f) < RETRANS_TIMER && flags & 0x20 != 0 && dst == ALL_NODES;
                    if probe.mac == [0; 6] && soon {
                        self.refuse(target, probe.mac, mac, false, &[probe.number, f.number]);
                    }
                    self.answer(target, [0; 16], mac, f);
                } else {
                    self.ask(target, target, f);
                }
            }
            _ => return false,
        }
        true
    }
}

/// The link-layer address in an option of this type.
fn option(b: &[u8], mut at: usize, kind: u8) -> Option<[u8; 6]> {
    while let Some(&[t, len]) = b.get(at..).and_then(|o| o.first_chunk::<2>()) {
        if len == 0 {
            return None;
        }
        if t == kind {
            return b.get(at + 2..).and_then(|o| o.first_chunk::<6>()).copied();
        }
        at += usize::from(len) * 8;
    }
    None
}

/// `00:11:22:33:44:55`.
#[must_use]
pub fn mac_text(m: [u8; 6]) -> String {
    m.map(|b| format!("{b:02x}")).join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64) -> Frame {
        let time = Some(Timestamp { secs: number as i64, nanos: 0 });
        Frame { number, time, orig_len: 42, ..Frame::default() }
    }

    fn arp(op: u8, mac: u8, sender: u8, target: u8) -> Vec<u8> {
        let mut b = vec![0, 1, 8, 0, 6, 4, 0, op];
        b.extend([2, 0, 0, 0, 0, mac, 10, 0, 0, sender, 0, 0, 0, 0, 0, 0, 10, 0, 0, target]);
        b
    }

    #[test]
    fn questions_answers_and_two_owners() {
        let mut n = Neighbours::new(Kind::Arp);
        n.arp(&arp(1, 1, 1, 2), &frame(1));
        n.arp(&arp(2, 2, 2, 1), &frame(3));
        n.arp(&arp(2, 9, 2, 1), &frame(4));
        n.arp(&arp(1, 1, 1, 7), &frame(5));
        assert_eq!(n.table.all.len(), 2);
        let d = &n.details[0];
        assert_eq!((d.requests.count, d.replies.count, d.slowest), (1, 2, 2_000_000_000));
        assert!(d.waiting.is_none() && n.details[1].waiting.is_some());
        let mut two = [0; 16];
        two[12..].copy_from_slice(&[10, 0, 0, 2]);
        let c = &n.claims[&two];
        assert_eq!(c.owners.iter().map(|o| o.mac[5]).collect::<Vec<_>>(), [2, 9]);
        assert_eq!(c.changes.packets(), [4]);
    }

    #[test]
    fn an_answered_probe_is_a_duplicate_address() {
        let mut n = Neighbours::new(Kind::Arp);
        let mut probe = arp(1, 5, 0, 2);
        probe[14..18].fill(0);
        n.arp(&probe, &frame(1));
        n.arp(&arp(2, 2, 2, 0), &frame(2));
        assert_eq!(n.refused.len(), 1);
        let r = &n.refused[0];
        assert_eq!((r.prober, r.packets.packets()), (Some([2, 0, 0, 0, 0, 5]), vec![2]));
    }

    const WANTED: [u8; 16] = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

    /// A neighbour solicitation from the unspecified address (RFC 4862 section 5.4.2).
    fn dad(n: &mut Neighbours, from: Option<[u8; 6]>, f: &Frame) {
        let mut b = vec![135, 0, 0, 0, 0, 0, 0, 0];
        b.extend(WANTED);
        assert!(n.nd([[0; 16], [0xFF; 16]], from, &b, f));
    }

    /// A neighbour advertisement to all nodes, overriding, with a target link-layer address.
    fn defend(n: &mut Neighbours, mac: [u8; 6], from: Option<[u8; 6]>, f: &Frame) {
        let mut b = vec![136, 0, 0, 0, 0x20, 0, 0, 0];
        b.extend(WANTED);
        b.extend([2, 1]);
        b.extend(mac);
        assert!(n.nd([WANTED, ALL_NODES], from, &b, f));
    }

    fn at(number: u64, nanos: i64) -> Frame {
        let time = Some(Timestamp::from_nanos(1_700_000_000_000_000_000 + i128::from(nanos)));
        Frame { time, ..frame(number) }
    }

    #[test]
    fn duplicate_address_detection_of_ipv6() {
        let (a, b) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        // Another adapter has the address.
        let mut n = Neighbours::new(Kind::Nd);
        dad(&mut n, Some(a), &at(1, 0));
        defend(&mut n, b, Some(b), &at(2, 1_000_000));
        let r = &n.refused[0];
        assert_eq!((r.prober, r.holder, r.both_probe), (Some(a), Some(b), false));
        assert_eq!(r.packets.packets(), [2]);
        // The node's own announcement is no answer.
        let mut n = Neighbours::new(Kind::Nd);
        dad(&mut n, Some(a), &at(1, 0));
        defend(&mut n, a, Some(a), &at(2, 1_000_000));
        assert!(n.refused.is_empty());
        // Two that try at the same time; but one that repeats its probe is alone.
        let mut n = Neighbours::new(Kind::Nd);
        dad(&mut n, Some(a), &at(1, 0));
        dad(&mut n, Some(a), &at(2, 500_000_000));
        assert!(n.refused.is_empty());
        dad(&mut n, Some(b), &at(3, 600_000_000));
        assert!(n.refused[0].both_probe);
        assert_eq!(n.refused[0].packets.packets(), [2, 3]);
        // A trace without link headers: only an answer at once is another node's.
        for (later, refused) in [(3_000_000, 1), (1_050_000_000, 0)] {
            let mut n = Neighbours::new(Kind::Nd);
            dad(&mut n, None, &at(1, 0));
            defend(&mut n, b, None, &at(2, later));
            assert_eq!(n.refused.len(), refused, "{later}");
        }
    }
}
