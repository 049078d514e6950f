//! What decoders remember of messages, where what one says depends on another before it: calls that
//! wait for their reply, and ends to which datagrams were announced.
//!
//! A decoder asks with [`Ctx::recall`](crate::decode::Ctx::recall). It is answered in input order,
//! and the answer is kept for the second time that the packet is decoded.
//!
//! Memory: tables of two generations, of which the older is dropped when the younger is full, and
//! [`MAX_RECORDS`] bytes of unfinished records.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::conversations::between;
use super::streams::Joined;
use crate::decode::app::rpc::{self, Call, CallKey};
use crate::source::frame::{Frame, Timestamp};

/// Entries of one generation of a table.
const GENERATION: usize = 32_768;
/// Bytes of unfinished RPC records that are held.
pub const MAX_RECORDS: usize = 8 << 20;

/// The two ends between which a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Ends {
    /// Source and destination; IPv4 in the last four octets.
    pub addresses: [[u8; 16]; 2],
    /// Source and destination port.
    pub ports: [u16; 2],
    /// Over a connection.
    pub stream: bool,
}

impl Ends {
    /// The same for both directions.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        if (self.addresses[0], self.ports[0]) > (self.addresses[1], self.ports[1]) {
            self.addresses.swap(0, 1);
            self.ports.swap(0, 1);
        }
        self
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Who speaks in a datagram.
    Datagram,
    /// The call that a message is, or answers.
    Call,
    /// The record that a fragment completes.
    Record,
    /// The DNS question that a message repeats or answers.
    Question,
    /// The file that a TFTP message belongs to.
    Transfer,
}

/// What was remembered.
#[derive(Debug, Clone)]
pub enum Known {
    /// A decoder for a datagram.
    Datagram(Speaker),
    /// An RPC call as it was known before the message.
    Call(Call),
    /// The fragments of an RPC record, once there are all.
    Record(Option<Arc<Joined>>),
    /// A DNS question as it was known before the message.
    Question(Question),
    /// A TFTP transfer.
    Transfer(Transfer),
}

/// A DNS question.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question {
    /// Its frame.
    pub request: u64,
    /// Its time.
    pub time: Option<Timestamp>,
    /// Frame of the first answer, 0 before.
    pub response: u64,
    /// Many answers are to be expected.
    pub many: bool,
}

/// A file on its way by TFTP.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Address of the server.
    pub server: [u8; 16],
    /// The port that it sent from last.
    pub port: Option<u16>,
    /// Frame of the request.
    pub request: u64,
    /// The file's name.
    pub file: Arc<str>,
    /// Number of the next block, without the limit of its field.
    pub next: u32,
    /// Number of the block that was asked about.
    pub block: u32,
}

/// Who speaks in datagrams from and to an end that was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// A program that is called by RPC.
    Rpc,
    /// One side of a TFTP transfer.
    Tftp,
}

/// A table that forgets what was not used for long.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V, RandomState>,
    old: HashMap<K, V, RandomState>,
    generation: usize,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), generation: GENERATION }
    }
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// True when nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }

    /// What is remembered of `k`.
    #[must_use]
    pub fn get(&self, k: &K) -> Option<&V> {
        self.young.get(k).or_else(|| self.old.get(k))
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, k: &K) -> Option<&mut V> {
        self.young.get_mut(k).or_else(|| self.old.get_mut(k))
    }

    /// Remembers `v`.
    pub fn insert(&mut self, k: K, v: V) {
        if self.young.len() >= self.generation && !self.young.contains_key(&k) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(k, v);
    }

    /// Forgets `k`.
    pub fn remove(&mut self, k: &K) -> Option<V> {
        let young = self.young.remove(k);
        let old = self.old.remove(k);
        young.or(old)
    }
}

/// A record of which the last fragment is missing.
#[derive(Debug, Default)]
struct Record {
    data: Vec<u8>,
    pieces: Vec<(u64, u32)>,
}

/// What a record, and each of its fragments, takes beside the bytes: none may be free.
const RECORD_COST: usize = 2 * mem::size_of::<(Ends, Record)>();
const FRAGMENT_COST: usize = 2 * mem::size_of::<(u64, u32)>();

impl Record {
    fn cost(&self) -> usize {
        RECORD_COST + self.data.len() + self.pieces.len() * FRAGMENT_COST
    }
}

/// All that is remembered.
#[derive(Debug, Default)]
pub struct Memory {
    /// RPC calls.
    pub calls: Recent<CallKey, Call>,
    speakers: Recent<([u8; 16], u16), Speaker>,
    questions: Recent<(Ends, u16), Question>,
    /// By the client's end.
    transfers: Recent<([u8; 16], u16), Transfer>,
    records: HashMap<Ends, Record, RandomState>,
    held: usize,
}

impl Memory {
    /// Datagrams from and to this end are `who`'s from now on.
    pub fn announce(&mut self, address: [u8; 16], port: u16, who: Speaker) {
        self.speakers.insert((address, port), who);
    }

    /// True when any end was announced.
    #[must_use]
    pub fn announces(&self) -> bool {
        !self.speakers.is_empty() || !self.transfers.is_empty()
    }

    /// Who speaks in a datagram between these ends.
    #[must_use]
    pub fn speaker(&self, e: &Ends) -> Option<Speaker> {
        if !self.transfers.is_empty() && (self.transfer(e, 1).is_some() || self.transfer(e, 0).is_some()) {
            return Some(Speaker::Tftp);
        }
        if self.speakers.is_empty() {
            return None;
        }
        [0, 1].into_iter().find_map(|i| self.speakers.get(&(e.addresses[i], e.ports[i]))).copied()
    }

    /// The transfer of which `client` of these ends is one side: the server may send from any port,
    /// and the client answers to that.
    fn transfer(&self, e: &Ends, client: usize) -> Option<&Transfer> {
        let t = self.transfers.get(&(e.addresses[client], e.ports[client]))?;
        let port = e.ports[1 - client];
        let fits = t.server == e.addresses[1 - client] && (client == 1 || t.port == Some(port));
        fits.then_some(t)
    }

    /// A file is asked for.
    pub fn asked_for_file(&mut self, e: &Ends, f: &Frame, file: &[u8]) {
        let file = String::from_utf8_lossy(file).as_ref().into();
        let server = e.addresses[1];
        let t = Transfer { server, port: None, request: f.number, file, next: 1, block: 0 };
        self.transfers.insert((e.addresses[0], e.ports[0]), t);
    }

    /// The transfer that a message belongs to; `block` when it is about one, and whether it
    /// brings it.
    pub fn part_of_file(&mut self, e: &Ends, block: Option<(u16, bool)>) -> Option<Transfer> {
        let client = [1, 0].into_iter().find(|c| self.transfer(e, *c).is_some())?;
        let t = self.transfers.get_mut(&(e.addresses[client], e.ports[client]))?;
        t.port = Some(e.ports[1 - client]);
        if let Some((block, data)) = block {
            // The field is short, and begins anew in a long file.
            let behind = (t.next as u16).wrapping_sub(block) as i16;
            let full = i64::from(t.next) - i64::from(behind);
            t.block = u32::try_from(full).unwrap_or(block.into());
            if data && t.block >= t.next {
                t.next = t.block.saturating_add(1);
            }
        }
        Some(t.clone())
    }

    /// The question that a message repeats or answers, as it was known before; `many` when it asks
    /// for what takes more than one message to answer.
    pub fn question(&mut self, e: &Ends, f: &Frame, id: u16, response: bool, many: bool) -> Option<Question> {
        let key = (e.sorted(), id);
        let known = self.questions.get(&key).copied();
        if response {
            if let Some(q) = self.questions.get_mut(&key) {
                if q.response == 0 {
                    q.response = f.number;
                }
                q.many = many;
            }
            return known;
        }
        let repeated = known.filter(|q| q.response == 0 && soon(q.time, f.time));
        if repeated.is_none() {
            self.questions.insert(key, Question { request: f.number, time: f.time, response: 0, many });
        }
        repeated
    }

    /// True when a record between these ends goes on.
    #[must_use]
    pub fn unfinished(&self, e: &Ends) -> bool {
        self.records.contains_key(e)
    }

    /// Adds a fragment; the record, when this is its last one.
    pub fn fragment(&mut self, e: &Ends, f: &Frame, bytes: &[u8], last: bool) -> Option<Arc<Joined>> {
        if self.held + bytes.len() > MAX_RECORDS {
            self.records.clear();
            self.held = 0;
        }
        let r = self.records.entry(*e).or_insert_with(|| {
            self.held += RECORD_COST;
            Record::default()
        });
        r.data.extend_from_slice(bytes);
        r.pieces.push((f.number, bytes.len() as u32));
        self.held += bytes.len() + FRAGMENT_COST;
        if !last {
            return None;
        }
        let r = self.records.remove(e)?;
        self.held -= r.cost();
        Some(Arc::new(Joined { data: r.data.into(), pieces: r.pieces }))
    }

    /// The call that a message with this identifier is or answers, as it was known before.
    pub fn call(&mut self, e: &Ends, f: &Frame, m: &rpc::Message) -> Option<Call> {
        match m {
            rpc::Message::Call(call) => {
                let key = CallKey::of_call(e, call.xid);
                let known = self.calls.get(&key).copied();
                if known.is_none() {
                    self.calls.insert(key, Call { request: f.number, time: f.time, ..*call });
                }
                known
            }
            rpc::Message::Reply(xid) => {
                let call = self.calls.get_mut(&CallKey::of_reply(e, *xid))?;
                let known = *call;
                if call.reply == 0 {
                    call.reply = f.number;
                }
                Some(known)
            }
        }
    }
}

/// Seconds within which a question with the same identifier is the same one.
const SAME_QUESTION: i64 = 5;

fn soon(a: Option<Timestamp>, b: Option<Timestamp>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return true };
    (0..SAME_QUESTION * 1_000_000_000).contains(&between(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_numbers_go_on_past_their_field() {
        let e = |to_client: bool| {
            let (c, s) = (([1; 16], 5000), ([2; 16], 6000));
            let (a, b) = if to_client { (s, c) } else { (c, s) };
            Ends { addresses: [a.0, b.0], ports: [a.1, b.1], stream: false }
        };
        let mut m = Memory::default();
        m.asked_for_file(&Ends { ports: [5000, 69], ..e(false) }, &Frame::default(), b"f");
        assert_eq!(m.speaker(&e(false)), None, "the server has not chosen its port yet");
        for n in [1u16, 2, 40_000, 65_535, 0, 1] {
            let _ = m.part_of_file(&e(true), Some((n, true)));
        }
        let t = m.part_of_file(&e(false), Some((1, false))).expect("known");
        assert_eq!((t.block, t.next, &*t.file), (65_537, 65_538, "f"));
        let other = Ends { ports: [5000, 6001], ..e(false) };
        assert_eq!(m.speaker(&other), None, "another port of the server");
    }

    #[test]
    fn what_was_not_used_for_long_is_forgotten() {
        let mut r = Recent::<u32, u32> { generation: 2, ..Recent::default() };
        for i in 0..5 {
            r.insert(i, i);
        }
        assert_eq!([0, 1, 2, 3, 4].map(|i| r.get(&i).copied()), [None, None, Some(2), Some(3), Some(4)]);
        assert_eq!(r.remove(&3), Some(3));
        assert!(r.get(&3).is_none() && !r.is_empty());
    }

    #[test]
    fn records_are_joined_and_bounded() {
        let (mut m, f, e) = (Memory::default(), Frame::default(), Ends::default());
        assert!(m.fragment(&e, &f, b"ab", false).is_none() && m.unfinished(&e));
        let r = m.fragment(&e, &f, b"c", true).expect("complete");
        assert_eq!((&*r.data, m.held, m.unfinished(&e)), (&b"abc"[..], 0, false));
        let piece = vec![0; 1 << 20];
        for _ in 0..100 {
            let _ = m.fragment(&e, &f, &piece, false);
            assert!(m.held <= MAX_RECORDS + RECORD_COST + FRAGMENT_COST);
        }
        // Many that hardly began take as much room.
        for n in 0..100_000_u32 {
            let mut e = e;
            e.addresses[0][..4].copy_from_slice(&n.to_be_bytes());
            let _ = m.fragment(&e, &f, b"", false);
            assert!(m.records.len() * mem::size_of::<(Ends, Record)>() <= MAX_RECORDS);
        }
    }
}
