//! Judging where inside an entry a record boundary can stand, by what the entry says of itself
//! once the bytes in between are taken out: the packet trace header has to agree with the
//! entry and with the packet, and the packet's own checksum can prove the place.

use std::cell::OnceCell;

use formats::checksum::Pseudo;
use formats::ctrace::cte::{HEADER, TRAILER};
use formats::ctrace::{FormatId, pthdr, scan};

use super::entry::be16;

/// Bytes of an entry up to the end of the longest IPv4 header that are looked at.
const HEAD: usize = 640;

/// What an entry says about a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It would be no entry.
    No,
    /// An entry, but its headers contradict each other.
    Odd,
    /// Nothing speaks against it.
    Possible,
    /// The packet's transport checksum is right.
    Proven,
}

/// A transport header with a checksum that can be verified.
#[derive(Debug, Clone, Copy)]
struct Transport {
    /// Where it starts in the joined entry, and where the packet ends.
    from: usize,
    to: usize,
    /// Sum of its pseudo header.
    pseudo: u64,
}

/// An entry with `gap` bytes in it that do not belong to it.
#[derive(Debug)]
pub(super) struct Joint<'a> {
    bytes: &'a [u8],
    gap: usize,
    /// What the headers say when all of them stand in front of the gap.
    whole: (Fit, Option<Transport>),
    /// Where those headers end.
    head: usize,
    /// Sums of the bytes before each place, with even places as high bytes, then with odd ones;
    /// made when a checksum is asked for.
    sums: OnceCell<Vec<[u64; 2]>>,
}

impl<'a> Joint<'a> {
    /// `bytes` are the entry's with the gap. None when there is no entry left without the gap.
    pub(super) fn new(bytes: &'a [u8], gap: usize) -> Option<Self> {
        let len = bytes.len().checked_sub(gap).filter(|n| *n >= scan::MIN)?;
        let whole = look(&bytes[..len.min(HEAD)], len);
        let head = match whole.1 {
            Some(t) => t.from + 20,
            None => (HEADER + be16(bytes, HEADER) + 60).min(HEAD),
        };
        Some(Self { bytes, gap, whole, head, sums: OnceCell::new() })
    }

    /// The places that can be asked about: from 0 to this one.
    pub(super) fn last(&self) -> usize {
        self.bytes.len() - self.gap
    }

    /// The bytes that would be taken out at `at`.
    pub(super) fn window(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..at + self.gap).unwrap_or_default()
    }

    /// The bytes with the gap in them.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Length of the gap.
    pub(super) fn gap(&self) -> usize {
        self.gap
    }

    /// The place that the packet's checksum proves, if there is just one (or several that give
    /// the same bytes).
    pub(super) fn proven(&self) -> Option<usize> {
        let mut found = (0..=self.last()).filter(|at| self.fit(*at) == Fit::Proven);
        let first = found.next()?;
        let same = |to: usize| self.bytes[first..to] == self.bytes[first + self.gap..to + self.gap];
        found.last().is_none_or(same).then_some(first)
    }

    /// What the entry says when the gap is at `at`.
    pub(super) fn fit(&self, at: usize) -> Fit {
        let len = self.last();
        if at > len {
            return Fit::No;
        }
        if at >= self.head.min(len) {
            return match self.whole {
                (_, Some(t)) if self.verifies(t, at) => Fit::Proven,
                (fit, _) => fit,
            };
        }
        let mut head = [0; HEAD];
        let n = len.min(HEAD);
        let before = at.min(n);
        head[..before].copy_from_slice(&self.bytes[..before]);
        head[before..n].copy_from_slice(&self.bytes[before + self.gap..n + self.gap]);
        match look(&head[..n], len) {
            (fit, Some(t)) => {
                // The joined bytes are summed one by one: there are few such places.
                let joined = self.bytes[..at].iter().chain(&self.bytes[at + self.gap..]);
                let part = joined.skip(t.from).take(t.to - t.from);
                let sum: u64 = part.zip([8, 0].iter().cycle()).map(|(b, shift)| u64::from(*b) << shift).sum();
                if is_right(sum + t.pseudo) { Fit::Proven } else { fit }
            }
            (fit, None) => fit,
        }
    }

    /// True when the checksum is right with the gap at `at`, which is behind the headers.
    fn verifies(&self, t: Transport, at: usize) -> bool {
        let sums = self.sums.get_or_init(|| sums(self.bytes));
        let part = |from: usize, to: usize, start: usize| {
            let kind = start % 2;
            match (sums.get(from), sums.get(to)) {
                (Some(a), Some(b)) if from <= to => b[kind] - a[kind],
                _ => 0,
            }
        };
        let first = part(t.from, at.clamp(t.from, t.to), t.from);
        let second = part(at.clamp(t.from, t.to) + self.gap, t.to + self.gap, t.from + self.gap);
        is_right(first + second + t.pseudo)
    }
}

fn sums(bytes: &[u8]) -> Vec<[u64; 2]> {
    let mut now = [0; 2];
    let next = bytes.iter().enumerate().map(|(i, b)| {
        now[i % 2] += u64::from(*b) << 8;
        now[(i + 1) % 2] += u64::from(*b);
        now
    });
    std::iter::once([0; 2]).chain(next).collect()
}

fn is_right(mut sum: u64) -> bool {
    while sum > 0xFFFF {
        sum = (sum >> 16) + (sum & 0xFFFF);
    }
    sum == 0xFFFF
}

/// Judges the first bytes of an entry of `len` bytes.
fn look(head: &[u8], len: usize) -> (Fit, Option<Transport>) {
    let Some(p) = scan::prefix(head).filter(|p| p.len == len) else { return (Fit::No, None) };
    let id = FormatId(u32::from_be_bytes([head[4], head[5], head[6], head[7]]));
    if !id.has_pthdr() || !p.strong {
        // Entries of other components say nothing more.
        return (if id.has_pthdr() { Fit::Odd } else { Fit::Possible }, None);
    }
    let Ok(pth) = pthdr::Pthdr::parse(&head[HEADER..]) else { return (Fit::Odd, None) };
    let start = HEADER + pth.len();
    let Some(data_len) = len.checked_sub(start + TRAILER) else { return (Fit::Odd, None) };
    let tlen = pth.tlen() as usize;
    if tlen < data_len {
        return (Fit::Odd, None);
    }
    if pth.seq_num() != 0 || !matches!(id.0, 4 | 6) {
        return (Fit::Possible, None);
    }
    let ip = head.get(start..).unwrap_or_default();
    match packet(ip, data_len) {
        Some((src, dst, transport)) => {
            let agrees = pth.src().is_none_or(|a| a == src) && pth.dst().is_none_or(|a| a == dst);
            let t = transport.map(|t| Transport { from: t.from + start, to: t.to + start, ..t });
            (if agrees { Fit::Possible } else { Fit::Odd }, t.filter(|_| agrees))
        }
        None => (Fit::Odd, None),
    }
}

/// The addresses of an IP packet of which `data_len` bytes were traced, and its transport header
/// when the checksum covers no more than these.
fn packet(ip: &[u8], data_len: usize) -> Option<(std::net::IpAddr, std::net::IpAddr, Option<Transport>)> {
    let whole = |pseudo: Pseudo, protocol: u8, from: usize, to: usize| {
        let len = to.checked_sub(from)?;
        let covered = match protocol {
            6 => len >= 20,
            17 => len >= 8 && be16(ip, from + 6) != 0,
            1 | 58 => len >= 4,
            _ => false,
        };
        // ICMPv4 has no pseudo header.
        let sum = if protocol == 1 { 0 } else { u64::from(!pseudo.sum(protocol, len).finish()) };
        (covered && to <= data_len).then_some(Transport { from, to, pseudo: sum })
    };
    match ip.first()? >> 4 {
        4 if ip.len() >= 20 => {
            let header = usize::from(ip[0] & 15) * 4;
            if header < 20 || formats::checksum::checksum(ip.get(..header)?) != 0 && be16(ip, 10) != 0 {
                return None;
            }
            let (src, dst) = ([12, 16])
                .map(|at| std::net::Ipv4Addr::from(*ip[at..].first_chunk::<4>().unwrap_or(&[0; 4])))
                .into();
            let fragment = be16(ip, 6) & 0x3FFF != 0;
            let t = whole(Pseudo::V4 { src, dst }, ip[9], header, be16(ip, 2)).filter(|_| !fragment);
            Some((src.into(), dst.into(), t))
        }
        6 if ip.len() >= 40 => {
            let (src, dst) = ([8, 24])
                .map(|at| std::net::Ipv6Addr::from(*ip[at..].first_chunk::<16>().unwrap_or(&[0; 16])))
                .into();
            let t = whole(Pseudo::V6 { src, dst }, ip[6], 40, 40 + be16(ip, 4));
            Some((src.into(), dst.into(), t))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ctrace::testing::{entries, packet};

    /// A UDP checksum over the packets that the tests use, which have none.
    fn with_checksum(mut p: Vec<u8>) -> Vec<u8> {
        let (src, dst) = ([10, 1, 0, 1].into(), [10, 1, 1, 2].into());
        let sum = Pseudo::V4 { src, dst }.sum(17, p.len() - 20).bytes(&p[20..]).finish();
        p[26..28].copy_from_slice(&sum.to_be_bytes());
        p
    }

    #[test]
    fn only_the_true_place_is_proven() {
        let (whole, _) = entries(&[with_checksum(packet(5, 700))]);
        let header: Vec<u8> = (0..61_u8).map(|i| 0xC1 ^ i.wrapping_mul(7)).collect();
        for at in [20, 60, 100, 140, 171, 400, 401, whole.len() - 2] {
            let cut = [&whole[..at], &header, &whole[at..]].concat();
            let joint = Joint::new(&cut, header.len()).unwrap();
            assert_eq!(joint.fit(at), Fit::Proven, "{at}");
            let proven: Vec<_> = (0..=joint.last()).filter(|p| joint.fit(*p) == Fit::Proven).collect();
            assert!(proven.contains(&at), "{at} {proven:?}");
            assert!(joint.proven().is_none_or(|p| [&cut[..p], &cut[p + 61..]].concat() == whole), "{at}");
        }
    }

    #[test]
    fn a_gap_in_front_of_the_packet_contradicts() {
        let (whole, _) = entries(&[packet(5, 700)]);
        let cut = [&whole[..500], &[0xC5; 40], &whole[500..]].concat();
        let joint = Joint::new(&cut, 40).unwrap();
        assert_eq!(joint.fit(0), Fit::No);
        assert_eq!(joint.fit(110), Fit::Odd);
        assert_eq!(joint.fit(500), Fit::Possible);
    }
}
