//! Who the records of a component trace belong to: job names and address spaces, counted.
//!
//! Data trace records and stack events name a job; packet trace records have a halfword that is
//! by elimination the address space (`pth.asid`), stack events have three, of which the home
//! address space is counted.

use std::collections::HashMap;
use std::fmt::Write as _;

use formats::ctrace::{FormatId, Name, name};
use serde_json::{Value, json};

use crate::decode::zos;
use crate::source::frame::{Batch, Frame, LinkType};

/// Different names or numbers that are counted one by one; a damaged trace could have any number.
const MAX: usize = 4096;
/// Of these, so many are shown to people.
const SHOWN: usize = 10;

/// Records by name or number.
#[derive(Debug)]
pub struct Counts<K> {
    counts: HashMap<K, u64>,
    /// The one counted last, and how often in a row.
    run: Option<(K, u64)>,
    others: u64,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self { counts: HashMap::new(), run: None, others: 0 }
    }
}

impl<K: Copy + Ord + std::hash::Hash> Counts<K> {
    fn add(&mut self, key: K) {
        match &mut self.run {
            Some((k, n)) if *k == key => *n += 1,
            _ => {
                self.settle();
                self.run = Some((key, 1));
            }
        }
    }

    fn settle(&mut self) {
        let Some((key, n)) = self.run.take() else { return };
        if let Some(count) = self.counts.get_mut(&key) {
            *count += n;
        } else if self.counts.len() < MAX {
            self.counts.insert(key, n);
        } else {
            self.others += n;
        }
    }

    /// Most frequent first.
    fn sorted(&self) -> Vec<(K, u64)> {
        let mut all: Vec<_> = self.counts.iter().map(|(k, n)| (*k, *n)).collect();
        all.sort_by_key(|(k, n)| (std::cmp::Reverse(*n), *k));
        all
    }

    fn text(&self, show: impl Fn(K) -> String) -> Option<String> {
        let all = self.sorted();
        let mut text = String::new();
        for (k, n) in all.iter().take(SHOWN) {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{comma}{} {n}", show(*k));
        }
        if all.len() > SHOWN || self.others > 0 {
            let rest: u64 = all.iter().skip(SHOWN).map(|(_, n)| n).sum::<u64>() + self.others;
            let _ = write!(text, ", and {rest} records of others");
        }
        (!all.is_empty()).then_some(text)
    }
}

/// Job names and address spaces.
#[derive(Debug, Default)]
pub struct Owners {
    jobs: Counts<Name<8>>,
    asids: Counts<u16>,
}

impl Owners {
    /// Counts a record.
    pub fn count(&mut self, batch: &Batch, f: &Frame) {
        if !f.head_kind.is_cte() {
            return;
        }
        let head = batch.bytes(f.head);
        let half = |b: &[u8], at: usize| b.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b));
        if f.link == LinkType::ZOS_CTE {
            let body = batch.bytes(f.data);
            let job = body.get(16..24).and_then(Name::from_bytes).filter(|n: &Name<8>| {
                body.len() >= 72
                    && !n.trimmed().is_empty()
                    && n.trimmed().iter().all(|&b| name::is_name_byte(b))
            });
            if let Some(job) = job {
                self.jobs.add(job);
                self.asid(half(body, 0));
            }
            return;
        }
        let Some(id) = zos::format_id(head) else { return };
        let Some(pth) = half(head, 2).and_then(|off| head.get(usize::from(off)..)) else { return };
        if id == FormatId::DATA
            && let Some(job) = pth.get(8..16).and_then(Name::from_bytes).filter(|n: &Name<8>| !n.is_blank())
        {
            self.jobs.add(job);
        }
        self.asid(half(pth, 80));
    }

    /// No address space has the number 0.
    fn asid(&mut self, asid: Option<u16>) {
        if let Some(a) = asid.filter(|a| *a != 0) {
            self.asids.add(a);
        }
    }

    /// All are counted.
    pub fn settle(&mut self) {
        self.jobs.settle();
        self.asids.settle();
    }

    /// Rows for people.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let jobs = self.jobs.text(|n| n.to_string().trim_end().to_owned());
        let asids = self.asids.text(|a| format!("{a:04X}"));
        let rows = [("jobs", jobs), ("address spaces", asids)];
        rows.into_iter().filter_map(|(k, v)| Some((k, v?))).collect()
    }

    /// For programs: all of them, most frequent first.
    #[must_use]
    pub fn json(&self) -> (Value, Value) {
        let jobs = self.jobs.sorted();
        let jobs = jobs.iter().map(|(n, c)| json!({"job": n.to_string().trim_end(), "records": c}));
        let asids = self.asids.sorted();
        let asids = asids.iter().map(|(a, c)| json!({"asid": a, "records": c}));
        (jobs.collect(), asids.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_are_shown_first_and_the_rest_is_counted() {
        let mut c = Counts::default();
        for i in 0..12_u16 {
            for _ in 0..=i {
                c.add(i);
            }
        }
        c.add(3);
        c.settle();
        assert_eq!(
            c.text(|k| format!("<{k}>")).unwrap(),
            "<11> 12, <10> 11, <9> 10, <8> 9, <7> 8, <6> 7, <5> 6, <3> 5, <4> 5, <2> 3, and 3 records of others"
        );
    }
}
