//! Text out of packets: on the stack, and always valid UTF-8.

/// Text of at most `N` bytes; what does not fit is left out.
#[derive(Debug, Clone)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

/// Stands for a byte that is no character of the encoding.
const REPLACEMENT: &str = "\u{FFFD}";

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Text<N> {
    /// Bytes taken for ASCII, up to the first null; others than ASCII are replaced.
    #[must_use]
    pub fn ascii(from: &[u8]) -> Self {
        let mut t = Self::default();
        for &b in from.iter().take_while(|&&b| b != 0) {
            if b < 0x80 { t.byte(b) } else { t.str(REPLACEMENT) }
        }
        t
    }

    /// Bytes taken for UTF-8, up to the first null; what is not valid is replaced.
    #[must_use]
    pub fn utf8(from: &[u8]) -> Self {
        let mut t = Self::default();
        t.lossy(from.split(|&b| b == 0).next().unwrap_or_default());
        t
    }

    /// Bytes as a name is shown: control characters as C writes them, three octal digits at worst.
    #[must_use]
    pub fn escaped(from: &[u8]) -> Self {
        let mut valid = Self::default();
        valid.lossy(from);
        let mut t = Self::default();
        for ch in valid.as_str().chars() {
            match ch {
                '\u{7}' => t.str("\\a"),
                '\u{8}' => t.str("\\b"),
                '\t' => t.str("\\t"),
                '\n' => t.str("\\n"),
                '\u{B}' => t.str("\\v"),
                '\u{C}' => t.str("\\f"),
                '\r' => t.str("\\r"),
                '\0'..='\u{1F}' | '\u{7F}' => {
                    let v = ch as u8;
                    for b in [b'\\', b'0' + (v >> 6), b'0' + (v >> 3 & 7), b'0' + (v & 7)] {
                        t.byte(b);
                    }
                }
                _ => t.str(ch.encode_utf8(&mut [0; 4])),
            }
        }
        t
    }

    fn lossy(&mut self, from: &[u8]) {
        for chunk in from.utf8_chunks() {
            self.str(chunk.valid());
            for _ in chunk.invalid() {
                self.str(REPLACEMENT);
            }
        }
    }

    /// Appends text; all of it or, when it does not fit, as many characters as do.
    pub fn str(&mut self, s: &str) {
        let mut n = s.len().min(N - self.len);
        while !s.is_char_boundary(n) {
            n -= 1;
        }
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
    }

    /// Appends an ASCII character.
    pub fn byte(&mut self, b: u8) {
        debug_assert!(b.is_ascii(), "text is made of characters");
        if self.len < N {
            self.bytes[self.len] = b & 0x7F;
            self.len += 1;
        }
    }

    /// Appends a decimal number.
    pub fn dec(&mut self, v: u64) {
        let mut digits = [0u8; 20];
        let (mut at, mut v) = (20, v);
        loop {
            at -= 1;
            digits[at] = b'0' + (v % 10) as u8;
            v /= 10;
            if v == 0 {
                break;
            }
        }
        for &d in &digits[at..] {
            self.byte(d);
        }
    }

    /// Appends hexadecimal digits.
    pub fn hex(&mut self, v: u64, digits: u32) {
        for i in (0..digits.min(16)).rev() {
            self.byte(b"0123456789abcdef"[(v >> (4 * i) & 15) as usize]);
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    /// Forgets the text.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_c_does() {
        let t =
            Text::<256>::escaped(&[0, 1, 7, 8, 9, 10, 11, 12, 13, 0x1B, b'"', b'\\', 0x7F, 0x80, 0xC3, 0xA9]);
        assert_eq!(t.as_str(), "\\000\\001\\a\\b\\t\\n\\v\\f\\r\\033\"\\\\177\u{FFFD}\u{E9}");
        assert_eq!(Text::<8>::ascii(&[b'a', 0xC3, 0xA9, 0, b'b']).as_str(), "a\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        assert_eq!(Text::<4>::utf8("abc\u{E9}".as_bytes()).as_str(), "abc");
        let mut t = Text::<8>::default();
        t.dec(1_234_567_890);
        assert_eq!(t.as_str(), "12345678");
    }
}
