//! Learning the external writer's header from the boundaries ahead, for a file whose first
//! header is missing or damaged: the boundaries within one look are compared with each other.
//!
//! A header that starts a buffer stands alone between entries; one inside an entry makes its two
//! lengths disagree by the header's length, and where it stands follows from a second boundary
//! that shows the same bytes, or from the packet's checksum.

use std::collections::HashMap;

use formats::ctrace::cte::{HEADER, TRAILER};
use formats::ctrace::scan;

use super::entry::{be16, complete};
use super::headers::{MAX, alike, is_named, locate_like};
use super::joint::{Fit, Joint};
use super::resync;

/// Boundaries that are compared.
const ENOUGH: usize = 12;
/// Shifts of two entries against each other that are looked at closely, and places on each.
const SHIFTS: usize = 12;
const PLACES: usize = 24;

/// What stands at the boundaries of a stretch.
#[derive(Debug, Default)]
struct Boundaries<'a> {
    /// Bytes between whole entries, with the number of zeros in front of them.
    alone: Vec<(usize, &'a [u8])>,
    /// Entries with a gap.
    cut: Vec<Joint<'a>>,
}

/// A header as the boundaries in `view` show it. With `open` the bytes go on behind it.
pub(super) fn look_ahead(view: &[u8], open: bool) -> Option<Vec<u8>> {
    let found = boundaries(view, open);
    from_two_alone(&found).or_else(|| from_one_alone(&found)).or_else(|| from_cuts(&found.cut))
}

fn boundaries(view: &[u8], open: bool) -> Boundaries<'_> {
    let mut found = Boundaries::default();
    let mut at = 0;
    while at < view.len() && found.alone.len() + found.cut.len() < ENOUGH {
        if let Some(len) = complete(&view[at..]) {
            at += len;
            continue;
        }
        let mut zeros = 0;
        if view[at..].starts_with(&[0, 0]) {
            zeros = resync::zeros_end(view, at) - at;
            at += zeros;
            // The first byte of a short entry's length is zero too.
            if scan::prefix(&view[at - 1..]).is_some() {
                at -= 1;
                continue;
            }
        }
        // The entry that the end of the view cuts is the last.
        let Some(hit) = scan::find(view, at, view.len(), open).filter(|hit| hit.at > at) else { break };
        let bytes = &view[at..hit.at];
        // What ends with the length that it begins with is an entry, even when the boundary stands
        // in the bytes that entries are told by.
        let len = be16(bytes, 0);
        let ends = bytes.len() > TRAILER && be16(bytes, bytes.len() - TRAILER) == len;
        let entry = scan::prefix(bytes).is_some() || ends && be16(bytes, 2) == HEADER;
        match bytes.len().checked_sub(len) {
            Some(gap @ 1..=MAX) if entry && ends => found.cut.extend(Joint::new(bytes, gap)),
            _ if !entry && (8..=MAX).contains(&bytes.len()) => found.alone.push((zeros, bytes)),
            _ => {}
        }
        at = hit.at;
    }
    found
}

/// Two headers of the same length, each between whole entries.
fn from_two_alone(found: &Boundaries<'_>) -> Option<Vec<u8>> {
    let pairs =
        found.alone.iter().enumerate().flat_map(|(i, a)| found.alone[..i].iter().map(move |b| (a, b)));
    let mut like = pairs.filter(|((_, a), (_, b))| a.len() == b.len() && alike(a, b));
    // A gap inside an entry may show that the header begins with zeros.
    like.next().map(|((zeros, a), _)| with_zeros(*zeros, a, &found.cut).unwrap_or_else(|| a.to_vec()))
}

/// A header between whole entries, and one like it inside an entry.
fn from_one_alone(found: &Boundaries<'_>) -> Option<Vec<u8>> {
    found.alone.iter().find_map(|(zeros, a)| with_zeros(*zeros, a, &found.cut))
}

/// `header` with as many of the zeros in front of it as gaps inside entries show.
fn with_zeros(zeros: usize, header: &[u8], cut: &[Joint<'_>]) -> Option<Vec<u8>> {
    let fits = |joint: &&Joint<'_>| (header.len()..=header.len() + zeros.min(16)).contains(&joint.gap());
    cut.iter().filter(fits).find_map(|joint| {
        let mut sample = vec![0; joint.gap() - header.len()];
        sample.extend_from_slice(header);
        locate_like(&sample, joint).map(|_| sample)
    })
}

/// Headers inside entries only.
fn from_cuts(cuts: &[Joint<'_>]) -> Option<Vec<u8>> {
    let proven: Vec<_> = cuts.iter().map(Joint::proven).collect();
    for (i, a) in cuts.iter().enumerate() {
        for (b, other) in cuts[..i].iter().zip(&proven).filter(|(b, _)| b.gap() == a.gap()) {
            let sample = match (proven[i], *other) {
                (Some(at), _) => Some(a.window(at)),
                (_, Some(at)) => Some(b.window(at)),
                _ => common(a, b).map(|at| a.window(at)),
            };
            if let Some(sample) = sample.filter(|s| [a, b].iter().all(|j| locate_like(s, j).is_some())) {
                return Some(sample.to_vec());
            }
        }
    }
    // One boundary alone: its packet's checksum must prove the place, and it must look the part.
    let alone = cuts.iter().zip(&proven).find_map(|(joint, at)| Some(joint.window((*at)?)));
    alone.filter(|window| is_named(window)).map(<[u8]>::to_vec)
}

/// Where in `a` bytes stand that also stand in `b`, at places where both can be cut.
fn common(a: &Joint<'_>, b: &Joint<'_>) -> Option<usize> {
    let gap = a.gap();
    let mut grams: HashMap<&[u8], Vec<usize>> = HashMap::new();
    let telling = |w: &[u8]| w.iter().all(|x| !matches!(x, 0 | 0x40)) && w.iter().any(|x| *x != w[0]);
    for (at, w) in a.bytes().windows(4).enumerate().filter(|(_, w)| telling(w)) {
        let places = grams.entry(w).or_default();
        if places.len() < 8 {
            places.push(at);
        }
    }
    let mut shifts: HashMap<isize, usize> = HashMap::new();
    for (at, w) in b.bytes().windows(4).enumerate() {
        for place in grams.get(w).into_iter().flatten() {
            *shifts.entry(*place as isize - at as isize).or_default() += 1;
        }
    }
    let mut shifts: Vec<_> = shifts.into_iter().collect();
    shifts.sort_unstable_by_key(|(shift, n)| (std::cmp::Reverse(*n), *shift));
    let mut best = None;
    for (shift, _) in shifts.into_iter().take(SHIFTS) {
        let place = |at: usize| at.checked_add_signed(-shift).filter(|x| *x <= b.last());
        let counts = counts(a.bytes(), b.bytes(), shift);
        let mut places: Vec<_> = (0..=a.last())
            .filter(|at| place(*at).is_some())
            .filter_map(|at| {
                let (x, y) = (counts[at], counts[at + gap]);
                let [telling, all, marks] = [y[0] - x[0], y[1] - x[1], y[2] - x[2]];
                (telling >= 4 && (telling >= marks.div_ceil(3) || telling >= 12))
                    .then_some((telling + all, at))
            })
            .collect();
        places.sort_unstable_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        for (score, at) in places.into_iter().take(PLACES) {
            let fits = [a.fit(at), place(at).map_or(Fit::No, |y| b.fit(y))];
            if fits.iter().all(|fit| *fit >= Fit::Possible) {
                // Payloads can be alike, too; the writer's header has names in it.
                let named = usize::from(is_named(a.window(at))) * gap;
                let proven = fits.iter().filter(|fit| **fit == Fit::Proven).count() * gap;
                best = best.max(Some((score as usize + named + proven, std::cmp::Reverse(at))));
            }
        }
    }
    best.map(|(_, at)| at.0)
}

/// For every place of `a` what is in front of it: bytes that tell something and are equal in `b`,
/// shifted; equal ones of any kind; those that tell something.
fn counts(a: &[u8], b: &[u8], shift: isize) -> Vec<[u32; 3]> {
    let mut now = [0; 3];
    let mut out = Vec::with_capacity(a.len() + 1);
    out.push(now);
    for (at, x) in a.iter().enumerate() {
        let tells = !matches!(x, 0 | 0x40);
        let equal = at.checked_add_signed(-shift).and_then(|y| b.get(y)) == Some(x);
        now[0] += u32::from(tells && equal);
        now[1] += u32::from(equal);
        now[2] += u32::from(tells);
        out.push(now);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ctrace::testing::{entries, packet};

    #[test]
    fn an_entry_cut_in_its_first_bytes_is_not_taken_for_a_header() {
        let (whole, _) = entries(&[packet(5, 40)]);
        let header: Vec<u8> = (0..48_u8).map(|i| 0xC1 ^ i.wrapping_mul(7)).collect();
        let cut = |at: usize| [&whole[..at], &header, &whole[at..]].concat();
        let view = [whole.clone(), cut(14), whole.repeat(3), cut(28), whole.repeat(3)].concat();
        assert_eq!(look_ahead(&view, false), Some(header));
    }
}
