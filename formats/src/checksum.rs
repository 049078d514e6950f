//! Checksums: the internet checksum (RFC 1071), its pseudo headers (RFC 768, 9293, 8200), its
//! incremental update (RFC 1624) and CRC32c (RFC 9260 appendix A, RFC 3720 appendix B.4).
//!
//! The internet checksum is the complement of the one's complement sum of 16-bit words. The
//! sum does not depend on the byte order in which it is made (RFC 1071 section 2 (B)), so it
//! is made in the machine's own order, as many bytes at a time as its registers hold, and swapped
//! at the end.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A one's complement sum in progress. Pieces may have any length; they are summed as if they
/// lay one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Sum of words in the machine's byte order, not folded yet.
    words: u64,
    /// True when the next byte is the second one of a word.
    odd: bool,
}

impl Sum {
    /// A sum over nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: 0, odd: false }
    }

    /// Adds bytes.
    #[must_use]
    #[inline]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        let (blocks, rest) = bytes.as_chunks::<4>();
        let mut words = match *rest {
            [a] => u64::from(u16::from_ne_bytes([a, 0])),
            [a, b] => u64::from(u16::from_ne_bytes([a, b])),
            [a, b, c] => u64::from(u32::from_ne_bytes([a, b, c, 0])),
            _ => 0,
        };
        // 2^16 sums of 32 bits cannot overflow, and without carries the loop is vectorised.
        for part in blocks.chunks(1 << 16) {
            words = add_carry(words, part.iter().map(|b| u64::from(u32::from_ne_bytes(*b))).sum());
        }
        if self.odd {
            words = u64::from(fold(words).swap_bytes());
        }
        self.words = add_carry(self.words, words);
        self.odd ^= bytes.len() % 2 == 1;
        self
    }

    /// Adds a word as its two big-endian bytes.
    #[must_use]
    pub fn u16(self, v: u16) -> Self {
        self.bytes(&v.to_be_bytes())
    }

    /// Adds a double word as its four big-endian bytes.
    #[must_use]
    pub fn u32(self, v: u32) -> Self {
        self.bytes(&v.to_be_bytes())
    }

    /// The checksum: the complement of the sum, as the number in the big-endian field. Over
    /// bytes that hold their own correct checksum it is 0.
    #[must_use]
    pub const fn finish(self) -> u16 {
        !fold(self.words).to_be()
    }
}

/// Adds 64-bit words, the carry returning at the low end: 2^64 is 1 modulo 2^16 - 1 too.
const fn add_carry(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    sum + carry as u64
}

/// Folds a sum into 16 bits.
const fn fold(v: u64) -> u16 {
    let v = (v & 0xffff_ffff) + (v >> 32);
    let v = (v & 0xffff_ffff) + (v >> 32);
    let v = (v & 0xffff) + (v >> 16);
    let v = (v & 0xffff) + (v >> 16);
    v as u16
}

/// The internet checksum of `bytes`.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    Sum::new().bytes(bytes).finish()
}

/// A checksum after a 16-bit word under it changed from `old` to `new` (RFC 1624 equation 3).
#[must_use]
pub const fn update16(checksum: u16, old: u16, new: u16) -> u16 {
    let sum = !checksum as u64 + !old as u64 + new as u64;
    !fold(sum)
}

/// A checksum after a 32-bit field under it (an IPv4 address) changed from `old` to `new`.
#[must_use]
pub const fn update32(checksum: u16, old: u32, new: u32) -> u16 {
    let high = update16(checksum, (old >> 16) as u16, (new >> 16) as u16);
    update16(high, old as u16, new as u16)
}

/// The addresses that a transport checksum covers besides the segment itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pseudo {
    /// IPv4: source, destination, zero, protocol, 16-bit length (RFC 9293 section 3.1).
    V4 {
        /// Source address.
        src: Ipv4Addr,
        /// Destination address.
        dst: Ipv4Addr,
    },
    /// IPv6: source, final destination, 32-bit length, zero, next header (RFC 8200 section 8.1).
    V6 {
        /// Source address.
        src: Ipv6Addr,
        /// Destination address; the last one of a routing header.
        dst: Ipv6Addr,
    },
}

impl Pseudo {
    /// The sum of the pseudo header for `len` bytes of protocol `protocol`.
    #[must_use]
    pub fn sum(&self, protocol: u8, len: usize) -> Sum {
        let sum = match self {
            Self::V4 { src, dst } => Sum::new().bytes(&src.octets()).bytes(&dst.octets()),
            Self::V6 { src, dst } => Sum::new().bytes(&src.octets()).bytes(&dst.octets()),
        };
        sum.u32(len as u32).u16(u16::from(protocol))
    }
}

/// CRC32c (Castagnoli), reflected, as SCTP, iSCSI and ext4 use it. SCTP stores it in the byte
/// order in which `to_le_bytes` writes it.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    !crc32c_update(!0, bytes)
}

/// Continues a CRC32c over `bytes`: start with `!0`, complement the last result.
#[must_use]
pub fn crc32c_update(mut crc: u32, bytes: &[u8]) -> u32 {
    let (blocks, rest) = bytes.as_chunks::<8>();
    for b in blocks {
        let low = crc ^ u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        crc = CRC32C[7][(low & 0xff) as usize]
            ^ CRC32C[6][(low >> 8 & 0xff) as usize]
            ^ CRC32C[5][(low >> 16 & 0xff) as usize]
            ^ CRC32C[4][(low >> 24) as usize]
            ^ CRC32C[3][b[4] as usize]
            ^ CRC32C[2][b[5] as usize]
            ^ CRC32C[1][b[6] as usize]
            ^ CRC32C[0][b[7] as usize];
    }
    for &b in rest {
        crc = crc >> 8 ^ CRC32C[0][((crc ^ u32::from(b)) & 0xff) as usize];
    }
    crc
}

/// Table `k` advances a byte by `k` further zero bytes.
static CRC32C: [[u32; 256]; 8] = {
    let mut t = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        t[0][i] = crc;
        i += 1;
    }
    let mut k = 1;
    while k < 8 {
        let mut i = 0;
        while i < 256 {
            t[k][i] = t[k - 1][i] >> 8 ^ t[0][(t[k - 1][i] & 0xff) as usize];
            i += 1;
        }
        k += 1;
    }
    t
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, word by word.
    fn slow(bytes: &[u8]) -> u16 {
        let mut sum = 0u32;
        for w in bytes.chunks(2) {
            sum += u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0));
        }
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }

    #[test]
    fn rfc_1071_section_3_example() {
        // The sum of this example is ddf2.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(!checksum(&bytes), 0xddf2);
    }

    #[test]
    fn rfc_1624_section_4_example() {
        // The header checksum dd2f, a word changing from 5555 to 3285: the result is 0000,
        // where RFC 1141 gave ffff.
        assert_eq!(update16(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    #[test]
    fn crc32c_examples_of_rfc_3720_appendix_b4() {
        assert_eq!(crc32c(&[0; 32]).to_le_bytes(), [0xaa, 0x36, 0x91, 0x8a]);
        assert_eq!(crc32c(&[0xff; 32]).to_le_bytes(), [0x43, 0xab, 0xa8, 0x62]);
        let up: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&up).to_le_bytes(), [0x4e, 0x79, 0xdd, 0x46]);
        let down: Vec<u8> = (0..32).rev().collect();
        assert_eq!(crc32c(&down).to_le_bytes(), [0x5c, 0xdb, 0x3f, 0x11]);
        // The usual check value of the CRC catalogues.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn empty_sum_is_ffff() {
        assert_eq!(checksum(&[]), 0xffff);
    }

    #[test]
    fn carries_survive_many_full_words() {
        assert_eq!(checksum(&[0xff; 65536]), 0);
        assert_eq!(checksum(&[0xff; 65535]), slow(&[0xff; 65535]));
    }

    proptest! {
        #[test]
        fn equals_the_definition(bytes: Vec<u8>) {
            prop_assert_eq!(checksum(&bytes), slow(&bytes));
        }

        #[test]
        fn pieces_of_any_length_add_up(a: Vec<u8>, b: Vec<u8>, c: Vec<u8>) {
            let whole = [a.as_slice(), &b, &c].concat();
            prop_assert_eq!(Sum::new().bytes(&a).bytes(&b).bytes(&c).finish(), slow(&whole));
        }

        #[test]
        fn update_equals_a_new_sum(mut bytes in prop::collection::vec(any::<u8>(), 20), new: u32) {
            // Not all zero: a sum over zeros only has its other representation of zero.
            bytes[0] |= 1;
            let old = u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]);
            let updated = update32(checksum(&bytes), old, new);
            bytes[12..16].copy_from_slice(&new.to_be_bytes());
            prop_assert_eq!(updated, checksum(&bytes));
        }

        #[test]
        fn crc_may_be_continued(a: Vec<u8>, b: Vec<u8>) {
            let whole = [a.as_slice(), &b].concat();
            prop_assert_eq!(!crc32c_update(crc32c_update(!0, &a), &b), crc32c(&whole));
        }
    }
}
