//! Printing without `core::fmt`: digits straight into the output buffer. Every printed field of
//! every packet goes through here.

use crate::source::frame::Timestamp;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Two decimal digits for each of 0..100.
static PAIRS: [[u8; 2]; 100] = {
    let mut t = [[0u8; 2]; 100];
    let mut i = 0;
    while i < 100 {
        t[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    t
};

/// Decimal text of each octet, and its length.
static OCTETS: [([u8; 3], u8); 256] = {
    let mut t = [([0u8; 3], 0u8); 256];
    let mut i = 0;
    while i < 256 {
        let (h, z, e) = (b'0' + (i / 100) as u8, b'0' + (i / 10 % 10) as u8, b'0' + (i % 10) as u8);
        t[i] = if i >= 100 {
            ([h, z, e], 3)
        } else if i >= 10 {
            ([z, e, 0], 2)
        } else {
            ([e, 0, 0], 1)
        };
        i += 1;
    }
    t
};

const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// The eight decimal digits of a number below 10^8 as the octets of a word, the first one lowest.
/// Halves, quarters and digits are split off side by side; multiplying and shifting divides by
/// 100 and by 10 without error in their range.
#[inline]
const fn eight_digits(v: u64) -> u64 {
    let fours = (v / 10_000) | ((v % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7F_0000_007F;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x0F_000F_000F_000F;
    tens | ((twos - 10 * tens) << 8)
}

/// Appends the first `len` bytes of `buf`. Copying all of it is a few plain stores, where copying
/// a varying number is a call.
#[inline(always)]
pub fn put<const N: usize>(out: &mut Vec<u8>, buf: &[u8; N], len: usize) {
    let end = out.len() + len;
    out.extend_from_slice(buf);
    out.truncate(end);
}

/// Appends values as text.
pub trait Out {
    /// Plain bytes.
    fn text(&mut self, s: &str);
    /// Unsigned decimal.
    fn dec(&mut self, v: u64);
    /// Signed decimal.
    fn int(&mut self, v: i64);
    /// `digits` hexadecimal digits, without prefix.
    fn hex(&mut self, v: u64, digits: usize);
    /// `0x` and `digits` hexadecimal digits.
    fn hex0x(&mut self, v: u64, digits: usize);
    /// Bytes as hexadecimal digits without separators.
    fn bytes(&mut self, b: &[u8]);
    /// Dotted decimal.
    fn ipv4(&mut self, a: u32);
    /// RFC 5952 text.
    fn ipv6(&mut self, a: [u8; 16]);
    /// Six octets with colons.
    fn ether(&mut self, m: [u8; 6]);
    /// Seconds and nine decimals.
    fn epoch(&mut self, t: Timestamp);
    /// Nanoseconds as seconds and nine decimals.
    fn seconds(&mut self, nanos: i128);
}

impl Out for Vec<u8> {
    #[inline]
    fn text(&mut self, s: &str) {
        self.extend_from_slice(s.as_bytes());
    }

    #[inline]
    fn dec(&mut self, v: u64) {
        if v < 10 {
            self.push(b'0' + v as u8);
        } else if v < 100_000_000 {
            let digits = eight_digits(v);
            let zeros = digits.trailing_zeros() / 8;
            let text = (digits | ZEROS) >> (8 * zeros);
            put(self, &text.to_le_bytes(), 8 - zeros as usize);
        } else {
            self.dec(v / 100_000_000);
            let text = eight_digits(v % 100_000_000) | ZEROS;
            self.extend_from_slice(&text.to_le_bytes());
        }
    }

    fn int(&mut self, v: i64) {
        if v < 0 {
            self.push(b'-');
        }
        self.dec(v.unsigned_abs());
    }

    #[inline]
    fn hex(&mut self, v: u64, digits: usize) {
        let mut buf = [0u8; 16];
        let n = digits.min(16);
        for (i, d) in buf[..n].iter_mut().enumerate() {
            *d = HEX[(v >> (4 * (n - 1 - i)) & 15) as usize];
        }
        put(self, &buf, n);
    }

    #[inline]
    fn hex0x(&mut self, v: u64, digits: usize) {
        self.extend_from_slice(b"0x");
        self.hex(v, digits);
    }

    fn bytes(&mut self, b: &[u8]) {
        let at = self.len();
        self.resize(at + 2 * b.len(), 0);
        // Without a table and without a branch, so that it is done for many octets at once.
        let digit = |n: u8| n + b'0' + u8::from(n > 9) * (b'a' - b'9' - 1);
        for (out, &x) in self[at..].as_chunks_mut::<2>().0.iter_mut().zip(b) {
            *out = [digit(x >> 4), digit(x & 15)];
        }
    }

    #[inline]
    fn ipv4(&mut self, a: u32) {
        let mut buf = [0u8; 18];
        let mut at = 0;
        for (i, o) in a.to_be_bytes().into_iter().enumerate() {
            if i > 0 {
                buf[at] = b'.';
                at += 1;
            }
            let (t, n) = OCTETS[usize::from(o)];
            buf[at..at + 3].copy_from_slice(&t);
            at += usize::from(n);
        }
        put(self, &buf, at);
    }

    fn ipv6(&mut self, a: [u8; 16]) {
        let mut words = [0u16; 8];
        for (w, b) in words.iter_mut().zip(a.as_chunks::<2>().0) {
            *w = u16::from_be_bytes(*b);
        }
        // IPv4-mapped and the deprecated compatible form print their last word dotted.
        let high = words[..5].iter().all(|&w| w == 0);
        if high && (words[5] == 0xFFFF || (words[5] == 0 && words[6] != 0)) {
            self.text(if words[5] == 0 { "::" } else { "::ffff:" });
            self.ipv4(u32::from(words[6]) << 16 | u32::from(words[7]));
            return;
        }
        let (mut best, mut best_len, mut i) = (8, 1, 0);
        while i < 8 {
            let run = words[i..].iter().take_while(|&&w| w == 0).count();
            if run > best_len {
                (best, best_len) = (i, run);
            }
            i += run.max(1);
        }
        let mut i = 0;
        while i < 8 {
            if i == best {
                self.extend_from_slice(b"::");
                i += best_len;
                continue;
            }
            if i > 0 && i != best + best_len {
                self.push(b':');
            }
            let w = u64::from(words[i]);
            let digits = match w {
                0..=0xF => 1,
                0x10..=0xFF => 2,
                0x100..=0xFFF => 3,
                _ => 4,
            };
            self.hex(w, digits);
            i += 1;
        }
    }

    #[inline]
    fn ether(&mut self, m: [u8; 6]) {
        let mut buf = [b':'; 17];
        for (i, o) in m.into_iter().enumerate() {
            buf[3 * i] = HEX[usize::from(o >> 4)];
            buf[3 * i + 1] = HEX[usize::from(o & 15)];
        }
        self.extend_from_slice(&buf);
    }

    fn epoch(&mut self, t: Timestamp) {
        if t.secs < 0 {
            self.seconds(t.nanos_total());
            return;
        }
        self.dec(t.secs as u64);
        self.nanos(t.nanos);
    }

    fn seconds(&mut self, nanos: i128) {
        if nanos < 0 {
            self.push(b'-');
        }
        let n = nanos.unsigned_abs();
        self.dec((n / 1_000_000_000) as u64);
        self.nanos((n % 1_000_000_000) as u32);
    }
}

trait Nanos {
    fn nanos(&mut self, n: u32);
}

impl Nanos for Vec<u8> {
    /// A point and nine digits.
    #[inline]
    fn nanos(&mut self, n: u32) {
        let mut buf = [b'.'; 10];
        let mut rest = n;
        for i in (0..4).rev() {
            buf[2 + 2 * i..4 + 2 * i].copy_from_slice(&PAIRS[(rest % 100) as usize]);
            rest /= 100;
        }
        buf[1] = b'0' + (rest % 10) as u8;
        self.extend_from_slice(&buf);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut v = Vec::new();
        f(&mut v);
        String::from_utf8(v).unwrap()
    }

    #[test]
    fn numbers() {
        let edges = (0..20).flat_map(|e| [10u64.pow(e) - 1, 10u64.pow(e), 10u64.pow(e) + 1]);
        for v in edges.chain([12345, 40_302_010, u64::MAX]) {
            assert_eq!(shown(|o| o.dec(v)), v.to_string());
        }
        assert_eq!(shown(|o| o.int(-15)), "-15");
        assert_eq!(shown(|o| o.hex0x(0x800, 4)), "0x0800");
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(shown(|o| o.bytes(&all)), (0..=255).map(|b| format!("{b:02x}")).collect::<String>());
        assert_eq!(shown(|o| o.ipv4(0x0A01_02FF)), "10.1.2.255");
        assert_eq!(shown(|o| o.ether([0, 1, 2, 0xAB, 0xCD, 0xEF])), "00:01:02:ab:cd:ef");
        assert_eq!(shown(|o| o.epoch(Timestamp { secs: 5, nanos: 7 })), "5.000000007");
        assert_eq!(shown(|o| o.seconds(-1_500_000_000)), "-1.500000000");
    }

    #[test]
    fn ipv6_as_rfc_5952() {
        for text in [
            "::",
            "::1",
            "1::",
            "fe80::1",
            "2001:db8::1:0:0:1",
            "2001:db8:0:1:1:1:1:1",
            "ff02::1:ff00:1",
            "1:2:3:4:5:6:7:8",
            "::ffff:10.1.2.3",
            "64:ff9b::a01:203",
        ] {
            let a: std::net::Ipv6Addr = text.parse().unwrap();
            assert_eq!(shown(|o| o.ipv6(a.octets())), text);
        }
    }
}
