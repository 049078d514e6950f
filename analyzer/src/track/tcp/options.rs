//! The options that following a connection depends on (RFC 9293 section 3.1, RFC 7323, RFC 2018,
//! RFC 7413, RFC 8684).

/// What the options of one segment say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Maximum segment size, 0 without.
    pub mss: u16,
    /// Shift count of the window scale option, 14 at most (RFC 7323 section 2.3); [`NONE`] without.
    pub wscale: Shift,
    /// SACK permitted.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: bool,
    /// Number of SACK blocks.
    pub sack_blocks: u8,
    /// Bytes in the SACK blocks, of which the fourth does not count, as in Wireshark 4.0.
    pub sacked: u32,
    /// A fast open cookie.
    pub cookie: bool,
    /// Which kinds of multipath TCP options there are, one bit for each.
    pub multipath: u8,
}

/// A window scale shift that may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift(pub u8);

/// No window scale option.
pub const NONE: Shift = Shift(0xFF);

impl Default for Shift {
    fn default() -> Self {
        NONE
    }
}

impl Shift {
    /// The shift, when there is one.
    #[must_use]
    pub const fn get(self) -> Option<u8> {
        if self.0 == NONE.0 { None } else { Some(self.0) }
    }
}

/// SACK blocks that count.
const BLOCKS: usize = 3;

impl Options {
    /// Reads what is there of `len` bytes of options; false when they are cut short.
    #[inline]
    pub fn read(&mut self, there: &[u8], len: usize) -> bool {
        // What nearly every segment of a connection with timestamps carries.
        if let [1, 1, 8, 10, ..] = there
            && len == 12
            && there.len() == 12
        {
            self.timestamps = true;
            return true;
        }
        self.walk(there, len)
    }

    fn walk(&mut self, there: &[u8], len: usize) -> bool {
        let mut at = 0;
        while at < len {
            let Some(&kind) = there.get(at) else { return false };
            if kind <= 1 {
                at += 1;
                continue;
            }
            if at + 1 >= len {
                return true;
            }
            let Some(&size) = there.get(at + 1) else { return false };
            let size = usize::from(size);
            if size < 2 || at + size > len {
                return true;
            }
            let Some(value) = there.get(at + 2..at + size) else { return false };
            self.one(kind, value);
            at += size;
        }
        true
    }

    fn one(&mut self, kind: u8, value: &[u8]) {
        match (kind, value) {
            (2, [a, b]) => self.mss = u16::from_be_bytes([*a, *b]),
            (3, [shift]) => self.wscale = Shift((*shift).min(14)),
            (4, []) => self.sack_permitted = true,
            (5, blocks) => {
                for (i, block) in blocks.chunks_exact(8).enumerate() {
                    let edge = |at: usize| {
                        u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
                    };
                    self.sack_blocks = self.sack_blocks.saturating_add(1);
                    if i < BLOCKS {
                        self.sacked = self.sacked.wrapping_add(edge(4).wrapping_sub(edge(0)));
                    }
                }
            }
            (8, [_, _, _, _, _, _, _, _]) => self.timestamps = true,
            (30, [subtype, ..]) => self.multipath |= 1u8.checked_shl(u32::from(subtype >> 4)).unwrap_or(0),
            (34, [_, ..]) | (253 | 254, [0xF9, 0x89, _, ..]) => self.cookie = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Options, bool) {
        let mut o = Options::default();
        let whole = o.read(bytes, bytes.len());
        (o, whole)
    }

    #[test]
    fn options_of_a_first_segment() {
        // Maximum segment size 1460, SACK permitted, timestamps, no operation, window scale 7.
        let (o, whole) = read(&[2, 4, 5, 0xB4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7]);
        assert!(whole);
        assert_eq!((o.mss, o.wscale.get(), o.sack_permitted, o.timestamps), (1460, Some(7), true, true));
    }

    #[test]
    fn a_shift_above_fourteen_counts_as_fourteen() {
        assert_eq!(read(&[3, 3, 200, 0]).0.wscale.get(), Some(14));
    }

    #[test]
    fn sack_blocks_are_added_up() {
        let (o, _) = read(&[1, 1, 5, 18, 0, 0, 0, 10, 0, 0, 0, 30, 0, 0, 1, 0, 0, 0, 1, 5]);
        assert_eq!((o.sack_blocks, o.sacked), (2, 25));
    }

    #[test]
    fn cut_options_are_said_to_be_cut() {
        let mut o = Options::default();
        assert!(!o.read(&[2, 4, 5], 4));
        assert!(o.read(&[], 0));
    }
}
