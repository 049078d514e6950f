//! Bytes to 12-bit codes: three bytes hold two codes, most significant bit first.

/// Codes unpacked in one go.
const BATCH: usize = 2048;

/// Unpacks codes from bytes that come in pieces.
#[derive(Debug)]
pub(super) struct Codes {
    buf: Box<[u16; BATCH]>,
    at: usize,
    len: usize,
    part: [u8; 2],
    parts: usize,
    used: u64,
    ended: bool,
}

impl Codes {
    pub(super) fn new() -> Self {
        let buf = Box::new([0; BATCH]);
        Self { buf, at: 0, len: 0, part: [0; 2], parts: 0, used: 0, ended: false }
    }

    /// Codes not used yet.
    pub(super) fn ready(&self) -> &[u16] {
        &self.buf[self.at..self.len]
    }

    /// `n` codes of [`Self::ready`] were used.
    pub(super) fn advance(&mut self, n: usize) {
        self.at = (self.at + n).min(self.len);
        self.used += n as u64;
    }

    /// Byte offset of the next code from the start of the codes.
    pub(super) fn offset(&self) -> u64 {
        self.used / 2 * 3 + self.used % 2
    }

    /// Unpacks what fits when no code is left; returns the bytes of `input` that were taken.
    pub(super) fn fill(&mut self, input: &[u8]) -> usize {
        if self.at < self.len {
            return 0;
        }
        (self.at, self.len) = (0, 0);
        let mut took = 0;
        if self.parts > 0 {
            while self.parts < 2 && took < input.len() {
                self.part[self.parts] = input[took];
                (self.parts, took) = (self.parts + 1, took + 1);
            }
            let Some(&c) = input.get(took) else { return took };
            let [a, b] = self.part;
            self.put(0, [a, b, c]);
            (self.len, self.parts, took) = (2, 0, took + 1);
        }
        let whole = ((BATCH - self.len) / 2).min((input.len() - took) / 3);
        let to = &mut self.buf[self.len..self.len + whole * 2];
        for (t, f) in to.as_chunks_mut::<2>().0.iter_mut().zip(input[took..].as_chunks::<3>().0) {
            *t = unpack(*f);
        }
        self.len += whole * 2;
        took += whole * 3;
        let rest = &input[took..];
        if rest.len() < 3 && self.len < BATCH {
            self.part[..rest.len()].copy_from_slice(rest);
            self.parts = rest.len();
            took += rest.len();
        }
        took
    }

    /// No more input: the last code of an odd count is unpacked. False when there is none.
    pub(super) fn finish(&mut self) -> bool {
        if self.at < self.len || self.ended || self.parts < 2 {
            return self.at < self.len;
        }
        self.ended = true;
        let [a, b] = self.part;
        self.put(0, [a, b, 0]);
        (self.at, self.len) = (0, 1);
        true
    }

    fn put(&mut self, at: usize, three: [u8; 3]) {
        let [a, b] = unpack(three);
        self.buf[at] = a;
        self.buf[at + 1] = b;
    }
}

fn unpack([a, b, c]: [u8; 3]) -> [u16; 2] {
    let (a, b, c) = (u16::from(a), u16::from(b), u16::from(c));
    [a << 4 | b >> 4, (b & 15) << 8 | c]
}

/// Packs codes into bytes.
#[derive(Debug, Default)]
pub(super) struct Packer {
    half: Option<u16>,
}

impl Packer {
    /// Appends one code.
    pub(super) fn put(&mut self, code: u16, out: &mut Vec<u8>) {
        match self.half.take() {
            None => self.half = Some(code),
            Some(a) => {
                out.extend_from_slice(&[(a >> 4) as u8, (a << 4) as u8 | (code >> 8) as u8, code as u8]);
            }
        }
    }

    /// Appends the last code of an odd count, filled up with a zero nibble.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(a) = self.half.take() {
            out.extend_from_slice(&[(a >> 4) as u8, (a << 4) as u8]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_in_pieces_of_any_size() {
        let bytes = [0x0C, 0x90, 0xCA, 0x10, 0x10, 0xC9, 0x0C, 0xA1, 0x01, 0x00, 0x00];
        let want = [0x0C9, 0x0CA, 0x101, 0x0C9, 0x0CA, 0x101, 0x000];
        for step in 1..=bytes.len() {
            let mut c = Codes::new();
            let mut got = Vec::new();
            for piece in bytes.chunks(step) {
                let mut rest = piece;
                while !rest.is_empty() {
                    let n = c.fill(rest);
                    rest = &rest[n..];
                    got.extend_from_slice(c.ready());
                    c.advance(c.ready().len());
                }
            }
            if c.finish() {
                got.extend_from_slice(c.ready());
            }
            assert_eq!(got, want, "pieces of {step}");
        }
    }

    #[test]
    fn packs_what_it_unpacks() {
        let mut p = Packer::default();
        let mut out = Vec::new();
        for c in [0x0C9, 0x0CA, 0x101] {
            p.put(c, &mut out);
        }
        p.finish(&mut out);
        assert_eq!(out, [0x0C, 0x90, 0xCA, 0x10, 0x10]);
    }
}
