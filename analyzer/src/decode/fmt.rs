//! Printing without `core::fmt`: digits straight into the output buffer. Every printed field of
//! every packet goes through here.

use crate::source::frame::Timestamp;

/// Decimal text of each octet with a point behind it, and its length.
static OCTETS: [([u8; 4], u8); 256] = {
    let mut t = [([0u8; 4], 0u8); 256];
    let mut i = 0;
    while i < 256 {
        let (h, z, e) = (b'0' + (i / 100) as u8, b'0' + (i / 10 % 10) as u8, b'0' + (i % 10) as u8);
        t[i] = if i >= 100 {
            ([h, z, e, b'.'], 4)
        } else if i >= 10 {
            ([z, e, b'.', 0], 3)
        } else {
            ([e, b'.', 0, 0], 2)
        };
        i += 1;
    }
    t
};

/// The two hexadecimal digits of an octet, without a table and without a branch, so that those of
/// many are made at once.
const fn pair(octet: u8) -> [u8; 2] {
    let v = octet as u16;
    let digits = (v >> 4 | v << 8) & 0x0F0F;
    let letters = ((digits + 0x0606) >> 4) & 0x0101;
    (digits + 0x3030 + letters * (b'a' - b'9' - 1) as u16).to_le_bytes()
}

/// Two hexadecimal digits for each octet, with a colon behind them.
static COLONS: [[u8; 4]; 256] = {
    let mut t = [[b':'; 4]; 256];
    let mut i = 0;
    while i < 256 {
        [t[i][0], t[i][1]] = pair(i as u8);
        i += 1;
    }
    t
};

/// Two hexadecimal digits for each of 16 octets.
#[inline]
fn hex_pairs(b: &[u8; 16]) -> [u8; 32] {
    let mut text = [0; 32];
    for (digits, &x) in text.as_chunks_mut::<2>().0.iter_mut().zip(b) {
        *digits = pair(x);
    }
    text
}

/// The hexadecimal digits of a word, highest first, as the octets of a number, highest first.
#[inline]
const fn eight_hex(v: u32) -> u64 {
    let v = v as u64;
    let halves = (v & 0xFFFF_0000) << 16 | v & 0xFFFF;
    let octets = (halves & 0xFF00_0000_FF00) << 8 | halves & 0xFF_0000_00FF;
    let digits = (octets & 0xF0_00F0_00F0_00F0) << 4 | octets & 0x0F_000F_000F_000F;
    let letters = ((digits + 6 * ONES) >> 4) & ONES;
    digits + ZEROS + letters * (b'a' - b'9' - 1) as u64
}

const ONES: u64 = u64::from_le_bytes([1; 8]);
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

#[inline]
fn point_nine_digits(v: u32) -> [u8; 10] {
    let mut buf = [b'.'; 10];
    buf[1..9].copy_from_slice(&(eight_digits((v / 10).into()) | ZEROS).to_le_bytes());
    buf[9] = b'0' + (v % 10) as u8;
    buf
}

/// Appends values as text.
pub trait Out {
    /// Bytes as they are.
    fn raw(&mut self, b: &[u8]);

    /// The first `len` bytes of `buf`. Copying all of it is a few plain stores, where copying a
    /// varying number is a call.
    fn put<const N: usize>(&mut self, buf: &[u8; N], len: usize);

    /// One byte as it is.
    #[inline]
    fn byte(&mut self, b: u8) {
        self.put(&[b], 1);
    }

    /// Plain text.
    #[inline]
    fn text(&mut self, s: &str) {
        self.raw(s.as_bytes());
    }

    /// Unsigned decimal.
    #[inline]
    fn dec(&mut self, v: u64) {
        self.digits(v);
    }

    /// As [`Self::dec`], for where it is worth to have all of it in place.
    #[inline(always)]
    fn digits(&mut self, v: u64) {
        if v < 10 {
            self.byte(b'0' + v as u8);
        } else if v < 100 {
            self.put(&[b'0' + (v / 10) as u8, b'0' + (v % 10) as u8], 2);
        } else if v < 100_000_000 {
            let digits = eight_digits(v);
            let zeros = digits.trailing_zeros() / 8;
            let text = (digits | ZEROS) >> (8 * zeros);
            self.put(&text.to_le_bytes(), 8 - zeros as usize);
        } else {
            self.long(v);
        }
    }

    /// Unsigned decimal of nine digits and more.
    #[inline(never)]
    fn long(&mut self, v: u64) {
        self.dec(v / 100_000_000);
        self.put(&(eight_digits(v % 100_000_000) | ZEROS).to_le_bytes(), 8);
    }

    /// Signed decimal.
    fn int(&mut self, v: i64) {
        if v < 0 {
            self.byte(b'-');
        }
        self.dec(v.unsigned_abs());
    }

    /// The lowest `digits` hexadecimal digits, without prefix.
    #[inline]
    fn hex(&mut self, v: u64, digits: usize) {
        if digits > 8 {
            self.hex(v >> 32, digits.min(16) - 8);
        }
        let digits = digits.min(8) as u32;
        // What is not wanted is shifted out above; what is comes first.
        let text = eight_hex((v as u32).unbounded_shl(32 - 4 * digits));
        self.put(&text.to_be_bytes(), digits as usize);
    }

    /// `0x` and `digits` hexadecimal digits.
    #[inline]
    fn hex0x(&mut self, v: u64, digits: usize) {
        self.put(b"0x", 2);
        self.hex(v, digits);
    }

    /// Bytes as hexadecimal digits without separators.
    fn bytes(&mut self, b: &[u8]) {
        let (chunks, rest) = b.as_chunks();
        for chunk in chunks {
            self.put(&hex_pairs(chunk), 32);
        }
        if !rest.is_empty() {
            let mut last = [0; 16];
            last[..rest.len()].copy_from_slice(rest);
            self.put(&hex_pairs(&last), 2 * rest.len());
        }
    }

    /// Dotted decimal.
    #[inline]
    fn ipv4(&mut self, a: u32) {
        let mut buf = [0u8; 16];
        let mut at = 0;
        for o in a.to_be_bytes() {
            let (t, n) = OCTETS[usize::from(o)];
            buf[at..at + 4].copy_from_slice(&t);
            at += usize::from(n);
        }
        self.put(&buf, at - 1);
    }

    /// RFC 5952 text.
    fn ipv6(&mut self, a: [u8; 16]) {
        let mut words = [0u16; 8];
        for (w, b) in words.iter_mut().zip(a.as_chunks::<2>().0) {
            *w = u16::from_be_bytes(*b);
        }
        // IPv4-mapped and the deprecated compatible form print their last word dotted.
        let high = a[..10] == [0; 10];
        if high && (words[5] == 0xFFFF || (words[5] == 0 && words[6] != 0)) {
            self.text(if words[5] == 0 { "::" } else { "::ffff:" });
            self.ipv4(u32::from(words[6]) << 16 | u32::from(words[7]));
            return;
        }
        // The first of the longest runs of zeros: bits that still stand after as many steps as
        // there can be begin such a run.
        let mut runs = words.iter().rev().fold(0u8, |m, &w| m << 1 | u8::from(w == 0));
        let (mut first, mut run) = (8, 0);
        while runs != 0 {
            (first, run) = (runs.trailing_zeros() as usize, run + 1);
            runs &= runs >> 1;
        }
        let skipped = if run < 2 { 8..8 } else { first..first + run };
        // Every word has a colon behind it.
        let mut buf = [0u8; 48];
        let (mut at, mut i) = (0, 0);
        while i < 8 {
            if i == skipped.start {
                buf[at..at + 2].copy_from_slice(b"::");
                at += if i == 0 { 2 } else { 1 };
                i = skipped.end;
                continue;
            }
            let zeros = (words[i] | 1).leading_zeros() / 4;
            let text = eight_hex(u32::from(words[i]) << 16) << (8 * zeros);
            buf[at..at + 4].copy_from_slice(&text.to_be_bytes()[..4]);
            at += 4 - zeros as usize;
            buf[at] = b':';
            at += 1;
            i += 1;
        }
        let open = if skipped.end == 8 && run >= 2 { 0 } else { 1 };
        self.put(&buf, at - open);
    }

    /// Six octets with colons.
    #[inline]
    fn ether(&mut self, m: [u8; 6]) {
        let mut buf = [0; 19];
        for (i, o) in m.into_iter().enumerate() {
            buf[3 * i..3 * i + 4].copy_from_slice(&COLONS[usize::from(o)]);
        }
        self.put(&buf, 17);
    }

    /// Seconds and nine decimals.
    fn epoch(&mut self, t: Timestamp) {
        if t.secs < 0 {
            self.seconds(t.nanos_total());
            return;
        }
        self.dec(t.secs as u64);
        self.fraction(t.nanos);
    }

    /// Nanoseconds as seconds and nine decimals.
    fn seconds(&mut self, nanos: i128) {
        if let Ok(nanos) = i64::try_from(nanos) {
            return self.duration(nanos);
        }
        if nanos < 0 {
            self.byte(b'-');
        }
        let n = nanos.unsigned_abs();
        self.dec((n / 1_000_000_000) as u64);
        self.fraction((n % 1_000_000_000) as u32);
    }

    /// Nanoseconds as seconds and nine decimals, as far as 64 bits reach.
    #[inline]
    fn duration(&mut self, nanos: i64) {
        if nanos < 0 {
            self.byte(b'-');
        }
        let n = nanos.unsigned_abs();
        let (secs, nanos) = (n / 1_000_000_000, (n % 1_000_000_000) as u32);
        if secs > 9 {
            self.dec(secs);
            return self.fraction(nanos);
        }
        let mut buf = [b'0' + secs as u8; 11];
        buf[1..].copy_from_slice(&point_nine_digits(nanos));
        self.put(&buf, 11);
    }

    /// A point and nine digits.
    #[inline]
    fn fraction(&mut self, nanos: u32) {
        self.put(&point_nine_digits(nanos), 10);
    }
}

impl Out for Vec<u8> {
    #[inline]
    fn raw(&mut self, b: &[u8]) {
        self.extend_from_slice(b);
    }

    #[inline(always)]
    fn put<const N: usize>(&mut self, buf: &[u8; N], len: usize) {
        let end = self.len() + len;
        self.extend_from_slice(buf);
        self.truncate(end);
    }
}

/// A buffer of fixed size that text is appended to. What does not fit is dropped, and everything
/// behind it.
#[derive(Debug)]
pub struct Fixed<'a, const N: usize> {
    buf: &'a mut [u8; N],
    at: usize,
}

impl<'a, const N: usize> Fixed<'a, N> {
    /// Appends behind the first `at` bytes.
    #[inline]
    pub fn new(buf: &'a mut [u8; N], at: usize) -> Self {
        Self { buf, at }
    }

    /// How much is in the buffer; `None` when something did not fit.
    #[inline]
    #[must_use]
    pub fn end(&self) -> Option<usize> {
        (self.at <= N).then_some(self.at)
    }
}

impl<const N: usize> Out for Fixed<'_, N> {
    #[inline]
    fn raw(&mut self, b: &[u8]) {
        match self.buf.get_mut(self.at..).and_then(|rest| rest.get_mut(..b.len())) {
            Some(room) => {
                room.copy_from_slice(b);
                self.at += b.len();
            }
            None => self.at = N + 1,
        }
    }

    #[inline(always)]
    fn put<const M: usize>(&mut self, buf: &[u8; M], len: usize) {
        match self.buf.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut::<M>()) {
            Some(room) => {
                *room = *buf;
                self.at += len;
            }
            None => self.raw(&buf[..len]),
        }
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
