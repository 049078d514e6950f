//! Finding entries where no record boundaries are known.
//!
//! A position is an entry when CTELENP fits and CTELENE repeats it, CTEOFF is 16, and either
//! * the data is a packet trace header that agrees with its entry (*strong*): PTH_Len is 80 to
//!   512 and inside the entry, PTH_Time is close to CTETIME; or
//! * CTETIME is later than 1999 and another entry, unused buffer or the end follows (*weak*),
//!   which is all that can be asked of entries of other components.
//!
//! A strong match by chance needs more than sixty bits to be right.

use crate::tod::{Tod, UNITS_PER_SEC};

use super::cte::{HEADER, TRAILER};
use super::{FormatId, pthdr};

/// The shortest entry that is looked for: header, one byte, trailer.
pub const MIN: usize = HEADER + 1 + TRAILER;
/// Bytes that [`prefix`] wants to see for its best judgement.
pub const PREFIX: usize = HEADER + 32;
/// Lengths a packet trace header may have when nothing else is known.
pub const PTH_LENGTHS: std::ops::RangeInclusive<usize> = 80..=512;

/// What the start of an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// Length of the entry.
    pub len: usize,
    /// True when a packet trace header agrees with the entry.
    pub strong: bool,
}

/// An entry that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Where it starts.
    pub at: usize,
    /// Its length; with `cut`, more than what is there.
    pub len: usize,
    /// True when the bytes end before the entry does: its trailer was not seen.
    pub cut: bool,
}

fn half(b: &[u8], at: usize) -> usize {
    match b.get(at..) {
        Some([x, y, ..]) => usize::from(u16::from_be_bytes([*x, *y])),
        _ => 0,
    }
}

/// Judges the first bytes of a possible entry without looking for its end. `None` when they
/// cannot be one, or when there are fewer than sixteen.
#[must_use]
pub fn prefix(b: &[u8]) -> Option<Prefix> {
    let header = b.first_chunk::<HEADER>()?;
    let len = half(header, 0);
    if len < MIN || header[2] != 0 || header[3] != 16 {
        return None;
    }
    let strong = agrees(b, len);
    (strong || header[8] >= 0xB0).then_some(Prefix { len, strong })
}

/// True when a packet trace header follows the entry's header and fits it.
fn agrees(b: &[u8], len: usize) -> bool {
    let id = FormatId(b.get(4..).and_then(|b| b.first_chunk()).map_or(0, |w| u32::from_be_bytes(*w)));
    if !id.has_pthdr() || b.len() < PREFIX {
        return false;
    }
    let pth = half(b, HEADER);
    if !PTH_LENGTHS.contains(&pth) || HEADER + pth + TRAILER > len || pth < pthdr::MIN_LEN {
        return false;
    }
    let (Some(entry), Some(packet)) = (Tod::from_bytes(&b[8..]), Tod::from_bytes(&b[40..])) else {
        return false;
    };
    // An OSA stamps its frames with a clock of its own.
    let (older, newer) = if id == FormatId::OSA { (86_400, 86_400) } else { (3600, 60) };
    let late = entry.since(packet);
    late <= older * UNITS_PER_SEC as i64 && late >= -newer * UNITS_PER_SEC as i64
}

/// Judges a whole entry at the start of `b`: its prefix and its trailer.
#[must_use]
pub fn entry(b: &[u8]) -> Option<Prefix> {
    let p = prefix(b)?;
    (p.len <= b.len() && half(b, p.len - TRAILER) == p.len).then_some(p)
}

/// The first entry that starts in `from..to`. Weak ones must be followed by another entry, by
/// two zero bytes or by the end of `b`. With `open` the bytes go on behind `b`, and a strong
/// prefix whose entry ends behind them is returned as cut; without it such an entry is no hit.
#[must_use]
pub fn find(b: &[u8], from: usize, to: usize, open: bool) -> Option<Hit> {
    let to = to.min(b.len().saturating_sub(3));
    let mut at = from;
    while at < to {
        // CTEOFF is the rarest pair of bytes of a prefix.
        let Some(step) = b[at + 2..to + 2].iter().position(|x| *x == 0) else { break };
        at += step;
        if b[at + 3] == 16
            && let Some(hit) = judge(b, at, open)
        {
            return Some(hit);
        }
        at += 1;
    }
    None
}

fn judge(b: &[u8], at: usize, open: bool) -> Option<Hit> {
    let rest = &b[at..];
    let p = prefix(rest)?;
    if p.len > rest.len() {
        return (open && p.strong).then_some(Hit { at, len: p.len, cut: true });
    }
    if half(rest, p.len - TRAILER) != p.len {
        return None;
    }
    let next = &rest[p.len..];
    let good = p.strong || next.is_empty() || next.starts_with(&[0, 0]) || prefix(next).is_some();
    good.then_some(Hit { at, len: p.len, cut: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::cte::tests::{DATA, PACKET, hex};
    use proptest::prelude::*;

    #[test]
    fn finds_the_worked_records_behind_garbage() {
        let mut b = vec![0x5A; 77];
        b.extend(hex(PACKET));
        b.extend(hex(DATA));
        assert_eq!(find(&b, 0, b.len(), false), Some(Hit { at: 77, len: 166, cut: false }));
        assert_eq!(find(&b, 78, b.len(), false), Some(Hit { at: 243, len: 128, cut: false }));
        assert_eq!(find(&b, 244, b.len(), false), None);
        // Not before `to`, and not without its trailer.
        assert_eq!(find(&b, 0, 77, false), None);
        assert_eq!(find(&b[..242], 0, 242, false), None);
        assert_eq!(find(&b[..242], 0, 242, true), Some(Hit { at: 77, len: 166, cut: true }));
    }

    #[test]
    fn both_worked_records_are_strong() {
        for (text, len) in [(PACKET, 166), (DATA, 128)] {
            assert_eq!(entry(&hex(text)), Some(Prefix { len, strong: true }));
        }
        let mut old = hex(PACKET);
        // A capture time two hours before the entry's: weak, but still an entry.
        old[40..48].copy_from_slice(&0xB72E_1C59_BDA0_3000_u64.to_be_bytes());
        assert_eq!(entry(&old), Some(Prefix { len: 166, strong: false }));
        // Before 1999: none.
        old[8] = 0x7D;
        assert_eq!(entry(&old), None);
    }

    #[test]
    fn weak_entries_need_a_neighbour() {
        let mut one = Vec::new();
        crate::ctrace::cte::encode(FormatId(0x0101_0001), Tod(0xB72E_372B_BDA0_3000), &[7; 9], &mut one)
            .unwrap();
        let alone = [&[1; 5][..], &one, &[9; 30]].concat();
        assert_eq!(find(&alone, 0, alone.len(), false), None);
        let followed = [&[1; 5][..], &one, &one, &[0; 8]].concat();
        assert_eq!(find(&followed, 0, followed.len(), false), Some(Hit { at: 5, len: 27, cut: false }));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>, from in 0_usize..64, to in 0_usize..512, open: bool) {
            if let Some(h) = find(&bytes, from, to, open) {
                prop_assert!(h.at >= from && h.at < to);
                prop_assert!(h.cut || h.at + h.len <= bytes.len());
            }
            let _ = entry(&bytes);
        }
    }
}
