//! A small random number generator (splitmix64), so that a file depends on nothing but its seed.

/// Pseudo-random numbers from a seed.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator; equal seeds give equal sequences.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(n)) >> 32) as u32
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    /// A number with the given mean: mostly far below it, seldom up to eight times as much.
    pub fn long_tail(&mut self, mean: u64) -> u32 {
        let mean = u32::try_from(mean).unwrap_or(u32::MAX / 16).min(u32::MAX / 16);
        match self.below(16) {
            0 => self.below(mean * 8),
            1..=3 => self.below(mean * 2 + 1),
            _ => self.below(mean + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_sequence() {
        // First outputs of splitmix64 for seed 1234567, as published with the algorithm.
        let mut r = Rng::new(1_234_567);
        assert_eq!(r.bits(), 6_457_827_717_110_365_317);
        assert_eq!(r.bits(), 3_203_168_211_198_807_973);
        assert_eq!(r.bits(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn stays_within_its_bounds() {
        let mut r = Rng::new(1);
        assert_eq!(r.below(0), 0);
        for _ in 0..10_000 {
            assert!(r.below(3) < 3);
            assert!((5..=6).contains(&r.between(5, 6)));
        }
    }
}
