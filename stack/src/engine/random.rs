//! Randomness from a seed: xoshiro256++ (Blackman and Vigna), seeded through SplitMix64.
//!
//! Not for secrets by itself. A live node seeds it from the machine's entropy, a simulation from
//! its seed, so that the same seed makes the same bytes.

/// A generator; each engine, link and application has its own, made by [`Random::fork`].
#[derive(Debug, Clone)]
pub struct Random([u64; 4]);

impl Random {
    /// A generator whose output depends on `seed` alone.
    #[must_use]
    pub fn new(mut seed: u64) -> Self {
        let mut next = || {
            seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        Self([next(), next(), next(), next()])
    }

    /// The next 64 bits.
    pub fn u64(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// The next 32 bits.
    pub fn u32(&mut self) -> u32 {
        (self.u64() >> 32) as u32
    }

    /// The next 16 bits.
    pub fn u16(&mut self) -> u16 {
        (self.u64() >> 48) as u16
    }

    /// A number below `n`, 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.u64()) * u128::from(n)) >> 64) as u64
    }

    /// True so many times of a million.
    pub fn chance(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < u64::from(per_million)
    }

    /// A generator of its own, not in step with this one.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::new(self.u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence_of_splitmix64_seeds_it() {
        // First outputs of SplitMix64 for seed 0, as published with the algorithm.
        let r = Random::new(0);
        assert_eq!(r.0[0], 0xE220_A839_7B1D_CDAF);
        assert_eq!(r.0[1], 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn numbers_stay_below_the_limit_and_reach_all_of_it() {
        let mut r = Random::new(7);
        let mut seen = [0; 10];
        for _ in 0..10_000 {
            seen[r.below(10) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| n > 800), "{seen:?}");
        assert_eq!(r.below(0), 0);
    }
}
