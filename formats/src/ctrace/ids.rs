//! SYSTCPIS: intrusion detection entries, whose layout is not published.
//!
//! The entry id is the probe id; its high halfword names the group. The packet that raised the
//! event is somewhere in the body and is found by what a packet must be: an IPv4 header whose
//! checksum is right, or an IPv6 header, whose length fits what follows (inferred). Source: IP
//! Diagnosis Guide, formatting of SYSTCPIS.

use std::fmt;

use super::FormatId;

/// The group that a probe id belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group(pub u16);

impl Group {
    /// The group of an entry id.
    #[must_use]
    pub const fn of(id: FormatId) -> Self {
        Self((id.0 >> 16) as u16)
    }

    /// IPCS's mnemonic, `None` for groups that are not known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0x0301 | 0x0303 => Some("SCAN"),
            0x0407 => Some("ATTACK"),
            _ => None,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(n) => f.write_str(n),
            None => write!(f, "{:04X}", self.0),
        }
    }
}

/// Where the packet is in an entry's body: offset and length. A packet that ends where the body
/// ends is preferred to one that merely fits.
#[must_use]
pub fn find_packet(body: &[u8]) -> Option<(usize, usize)> {
    let mut fits = None;
    for at in 0..body.len() {
        let rest = &body[at..];
        let Some(len) = ipv4(rest).or_else(|| ipv6(rest)) else { continue };
        if len == rest.len() {
            return Some((at, len));
        }
        // Without a checksum only an exact end makes an IPv6 header believable.
        if rest[0] >> 4 == 4 {
            fits = fits.or(Some((at, len)));
        }
    }
    fits
}

fn ipv4(b: &[u8]) -> Option<usize> {
    let first = *b.first()?;
    let header = usize::from(first & 15) * 4;
    if first >> 4 != 4 || header < 20 {
        return None;
    }
    let len = usize::from(u16::from_be_bytes([*b.get(2)?, *b.get(3)?]));
    if len < header || len > b.len() {
        return None;
    }
    let mut sum = 0_u32;
    for p in b.get(..header)?.chunks_exact(2) {
        sum += u32::from(u16::from_be_bytes([p[0], p[1]]));
    }
    while sum >> 16 != 0 {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    (sum == 0xFFFF).then_some(len)
}

fn ipv6(b: &[u8]) -> Option<usize> {
    if b.first()? >> 4 != 6 {
        return None;
    }
    let len = 40 + usize::from(u16::from_be_bytes([*b.get(4)?, *b.get(5)?]));
    (len <= b.len()).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::cte::tests::{PACKET, hex};
    use proptest::prelude::*;

    #[test]
    fn finds_the_packet_by_its_checksum() {
        // The 56 packet bytes of the worked record behind 40 bytes that are no packet.
        let record = hex(PACKET);
        let mut body = vec![0x45; 40];
        body.extend_from_slice(&record[108..164]);
        assert_eq!(find_packet(&body), Some((40, 56)));
        body.extend([0; 7]);
        assert_eq!(find_packet(&body), Some((40, 56)));
        body[50] ^= 1;
        assert_eq!(find_packet(&body), None);
    }

    #[test]
    fn ipv6_must_end_with_the_body() {
        let mut six = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
        six.extend([0; 32]);
        six.extend([1; 8]);
        let body = [&[1, 2, 3][..], &six].concat();
        assert_eq!(find_packet(&body), Some((3, 48)));
        assert_eq!(find_packet(&[&body[..], &[9]].concat()), None);
        assert_eq!(Group::of(FormatId(0x0303_0026)).to_string(), "SCAN");
        assert_eq!(Group::of(FormatId(0x0407_0002)).to_string(), "ATTACK");
        assert_eq!(Group::of(FormatId(0x0501_0002)).to_string(), "0501");
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            if let Some((at, len)) = find_packet(&bytes) {
                prop_assert!(at + len <= bytes.len());
            }
        }
    }
}
