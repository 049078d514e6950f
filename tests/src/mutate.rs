//! Deterministic damage: flipped, cut and spliced copies of a file.

use crate::traffic::Rng;

/// Damages `bytes` in one of several ways; the same seed gives the same damage. The result is
/// at most 64 KiB longer than the input.
#[must_use]
pub fn damaged(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let mut out = bytes.to_vec();
    for _ in 0..=rng.below(3) {
        let len = out.len() as u32;
        if len == 0 {
            return out;
        }
        let at = rng.below(len) as usize;
        let rest = out.len() - at;
        match rng.below(9) {
            0 => out[at] ^= 1 << rng.below(8),
            1 => out[at] = rng.below(256) as u8,
            2 => {
                for _ in 0..16 {
                    let at = rng.below(len) as usize;
                    out[at] = rng.below(256) as u8;
                }
            }
            // A length or count field that says something impossible.
            3 => {
                let value = [0, 0xFF, 0x7F, 0x80][rng.below(4) as usize];
                let n = rest.min(1 + rng.below(4) as usize);
                out[at..at + n].fill(value);
            }
            4 => out.truncate(at),
            5 => {
                let n = rest.min(1 + rng.below(64) as usize);
                out.drain(at..at + n);
            }
            6 => {
                let extra: Vec<u8> = (0..rng.between(1, 64)).map(|_| rng.below(256) as u8).collect();
                out.splice(at..at, extra);
            }
            // A piece of the file in another place, as a broken transfer leaves it.
            7 => {
                let n = rest.min(rng.between(1, 4096) as usize);
                let piece = out[at..at + n].to_vec();
                let to = rng.below(len) as usize;
                out.splice(to..to, piece);
            }
            _ => {
                let n = rest.min(rng.between(1, 4096) as usize);
                out[at..at + n].fill(0);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_depends_on_nothing_but_the_seed() {
        let bytes: Vec<u8> = (0..=255).collect();
        for seed in 0..500 {
            let out = damaged(&bytes, seed);
            assert_eq!(out, damaged(&bytes, seed));
            assert!(out.len() <= bytes.len() + 65_536);
        }
        assert!((0..500).filter(|&s| damaged(&bytes, s) != bytes).count() > 480);
        assert_eq!(damaged(&[], 1), []);
    }
}
