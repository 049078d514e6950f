//! The TOD clock: the time stamp of every z/OS trace record.
//!
//! STCK stores 64 bits of which bit 51 is one microsecond; 0 is 1900-01-01 00:00 UTC and the
//! count wraps on 2042-09-17. STCKE stores 16 bytes:
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 1 | epoch index: 0 for 1900-2042, 1 for the 142 years after |
//! | 1 | 8 | the value STCK stores |
//! | 9 | 5 | a finer fraction |
//! | 14 | 2 | programmable field |
//!
//! Where a machine is told to keep leap seconds its clock runs at UTC plus that many seconds
//! (27 since 2017). A trace does not say whether it was, so the caller says.
//! Source: z/Architecture Principles of Operation.

use std::fmt;

use crate::civil;
use crate::{Cursor, Result};

/// A value of the TOD clock as STCK stores it: units of 1/4096 microsecond since 1900-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tod(pub u64);

/// TOD units in one microsecond.
pub const UNITS_PER_MICRO: u64 = 4096;
/// TOD units in one second.
pub const UNITS_PER_SEC: u64 = 1_000_000 * UNITS_PER_MICRO;

impl Tod {
    /// 1970-01-01 00:00 UTC on a machine without leap seconds.
    pub const UNIX_EPOCH: Self = Self(0x7D91_048B_CA00_0000);

    /// The value at the start of `bytes`, `None` when there are fewer than eight.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk::<8>().map(|b| Self(u64::from_be_bytes(*b)))
    }

    /// True for the value that fields hold when nothing stored a time.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Seconds since 1970 (negative before) and nanoseconds of that second, rounded down.
    #[must_use]
    pub const fn unix(self) -> (i64, u32) {
        // The distance from 1970 fits in an i64: both ends of the clock are within 2^63 units.
        let units = self.0.wrapping_sub(Self::UNIX_EPOCH.0) as i64;
        let units = if self.0 >= Self::UNIX_EPOCH.0 && units < 0 {
            // More than 2^63 units after 1970: only an unsigned division gets it right.
            let u = self.0 - Self::UNIX_EPOCH.0;
            return ((u / UNITS_PER_SEC) as i64, nanos(u % UNITS_PER_SEC));
        } else {
            units
        };
        let secs = units.div_euclid(UNITS_PER_SEC as i64);
        (secs, nanos(units.rem_euclid(UNITS_PER_SEC as i64) as u64))
    }

    /// Nanoseconds since 1970, rounded down.
    #[must_use]
    pub const fn unix_nanos(self) -> i128 {
        let (secs, nanos) = self.unix();
        secs as i128 * 1_000_000_000 + nanos as i128
    }

    /// Microseconds since 1970, rounded down.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        let (secs, nanos) = self.unix();
        secs * 1_000_000 + (nanos / 1000) as i64
    }

    /// The first value that is not before the given instant, `None` outside 1900-2042. Read
    /// back with [`unix`](Self::unix) it gives the same nanosecond.
    #[must_use]
    pub const fn from_unix(secs: i64, nanos: u32) -> Option<Self> {
        let total = secs as i128 * 1_000_000_000 + nanos as i128;
        let units = (total * 512 + 124).div_euclid(125) + Self::UNIX_EPOCH.0 as i128;
        if units < 0 || units > u64::MAX as i128 { None } else { Some(Self(units as u64)) }
    }

    /// The same instant on a clock without leap seconds, for a value of a clock that runs
    /// `leap_seconds` ahead of UTC.
    #[must_use]
    pub const fn without_leap_seconds(self, leap_seconds: i32) -> Self {
        Self(self.0.wrapping_sub((leap_seconds as i64).wrapping_mul(UNITS_PER_SEC as i64) as u64))
    }

    /// The same instant on a clock that runs `leap_seconds` ahead of UTC.
    #[must_use]
    pub const fn with_leap_seconds(self, leap_seconds: i32) -> Self {
        self.without_leap_seconds(leap_seconds.wrapping_neg())
    }

    /// The local time of a system whose offset (CVTLDTO, signed, in TOD units) is given.
    #[must_use]
    pub const fn local(self, offset: i64) -> Self {
        Self(self.0.wrapping_add(offset as u64))
    }

    /// TOD units from `earlier` to this value, saturating at the ends of an `i64`.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        let d = self.0 as i128 - earlier.0 as i128;
        if d > i64::MAX as i128 {
            i64::MAX
        } else if d < i64::MIN as i128 {
            i64::MIN
        } else {
            d as i64
        }
    }
}

const fn nanos(units: u64) -> u32 {
    (units * 125 / 512) as u32
}

/// Time zone words of older records (CVTTZ, GTF) count 1.048576 s; this makes TOD units of one.
#[must_use]
pub const fn zone_word(word: i32) -> i64 {
    (word as i64) << 32
}

/// A value of the TOD clock as STCKE stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TodExtended {
    /// 0 for 1900-2042, 1 for the 142 years after.
    pub epoch: u8,
    /// What STCK would have stored.
    pub tod: Tod,
    /// The bits below those of STCK, 40 of them.
    pub fraction: u64,
    /// The programmable field.
    pub programmable: u16,
}

impl TodExtended {
    /// Reads 16 bytes. Fails only when there are fewer.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut c = Cursor::new("STCKE", bytes);
        let epoch = c.u8("epoch index")?;
        let tod = Tod(c.u64("TOD")?);
        let high = u64::from(c.u8("fraction")?);
        let low = u64::from(c.u32("fraction")?);
        Ok(Self { epoch, tod, fraction: high << 32 | low, programmable: c.u16("programmable field")? })
    }

    /// The 16 bytes STCKE stores.
    #[must_use]
    pub fn encode(self) -> [u8; 16] {
        let mut b = [0; 16];
        b[0] = self.epoch;
        b[1..9].copy_from_slice(&self.tod.0.to_be_bytes());
        b[9..14].copy_from_slice(&self.fraction.to_be_bytes()[3..]);
        b[14..].copy_from_slice(&self.programmable.to_be_bytes());
        b
    }

    /// Seconds since 1970 and nanoseconds of that second, rounded down.
    #[must_use]
    pub const fn unix(self) -> (i64, u32) {
        let units = ((self.epoch as i128) << 64) + self.tod.0 as i128 - Tod::UNIX_EPOCH.0 as i128;
        let per = UNITS_PER_SEC as i128;
        (units.div_euclid(per) as i64, nanos(units.rem_euclid(per) as u64))
    }
}

fn write_time(f: &mut fmt::Formatter<'_>, (secs, nanos): (i64, u32)) -> fmt::Result {
    let (y, m, d) = civil::date(secs.div_euclid(86_400));
    let s = secs.rem_euclid(86_400);
    let (hour, min, sec) = (s / 3600, s / 60 % 60, s % 60);
    write!(f, "{y:04}/{m:02}/{d:02} {hour:02}:{min:02}:{sec:02}.{:06}", nanos / 1000)
}

/// As z/OS prints it, e.g. `2002/02/12 23:39:11.873539`, with no leap seconds taken off.
impl fmt::Display for Tod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_time(f, self.unix())
    }
}

impl fmt::Display for TodExtended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_time(f, self.unix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// TOD, what it prints as, and seconds and microseconds since 1970 (date -u +%s).
    const TABLE: [(u64, &str, i64, u32); 7] = [
        (0x7D91_048B_CA00_0000, "1970/01/01 00:00:00.000000", 0, 0),
        (0x8126_D60E_4600_0000, "1972/01/01 00:00:00.000000", 63_072_000, 0),
        (0x9FE4_7813_01AB_E000, "1989/02/19 05:24:13.942462", 603_869_053, 942_462),
        (0xB361_183F_4800_0000, "2000/01/01 00:00:00.000000", 946_684_800, 0),
        (0xB72E_372B_BDA0_3000, "2002/02/12 23:39:11.873539", 1_013_557_151, 873_539),
        (0xC45F_FFFE_509E_0000, "2009/06/22 13:18:52.705248", 1_245_676_732, 705_248),
        (0xDE6E_758D_DC00_0000, "2024/01/01 00:00:00.000000", 1_704_067_200, 0),
    ];

    #[test]
    fn every_row_of_the_table_both_ways() {
        for (tod, text, secs, micros) in TABLE {
            assert_eq!(Tod(tod).to_string(), text);
            assert_eq!(Tod(tod).unix(), (secs, micros * 1000), "{text}");
            assert_eq!(Tod(tod).unix_micros(), secs * 1_000_000 + i64::from(micros));
            assert_eq!(Tod::from_unix(secs, micros * 1000), Some(Tod(tod)), "{text}");
        }
    }

    #[test]
    fn leap_seconds_come_off() {
        let on_27 = Tod(0xDE6E_75A7_9BCC_0000);
        assert_eq!(on_27.without_leap_seconds(27), Tod(0xDE6E_758D_DC00_0000));
        assert_eq!(Tod(0xDE6E_758D_DC00_0000).with_leap_seconds(27), on_27);
        assert_eq!(on_27.to_string(), "2024/01/01 00:00:27.000000");
        assert_eq!(UNITS_PER_SEC, 0xF424_0000);
    }

    #[test]
    fn the_ends_of_the_epoch() {
        assert_eq!(Tod(0).to_string(), "1900/01/01 00:00:00.000000");
        assert_eq!(Tod(0).unix(), (-2_208_988_800, 0));
        assert_eq!(Tod(u64::MAX).to_string(), "2042/09/17 23:53:47.370495");
        assert_eq!(Tod::from_unix(-2_208_988_801, 0), None);
        assert_eq!(Tod::from_unix(i64::MAX, 0), None);
        assert_eq!(Tod::from_unix(i64::MIN, 0), None);
    }

    #[test]
    fn extended_clock_carries_into_the_second_epoch() {
        let mut b = [0; 16];
        b[1..9].copy_from_slice(&0xB72E_372B_BDA0_3000_u64.to_be_bytes());
        b[13] = 1;
        b[15] = 7;
        let t = TodExtended::parse(&b).unwrap();
        assert_eq!(t.to_string(), "2002/02/12 23:39:11.873539");
        assert_eq!((t.fraction, t.programmable), (1, 7));
        assert_eq!(t.encode(), b);
        b = [0; 16];
        b[0] = 1;
        // One epoch is 2^64 / 4096 microseconds after 1900: 2042-09-17 23:53:47.370496.
        assert_eq!(TodExtended::parse(&b).unwrap().to_string(), "2042/09/17 23:53:47.370496");
        for n in 0..16 {
            assert!(TodExtended::parse(&b[..n]).unwrap_err().is_short());
        }
    }

    #[test]
    fn zone_words_are_the_high_word_of_a_difference() {
        // Five hours west: -18000 s is 17166 units of 1.048576 s, less a fraction.
        let off = zone_word(-17_166);
        assert_eq!(off / UNITS_PER_SEC as i64, -17_999);
        assert_eq!(Tod::UNIX_EPOCH.local(off).unix().0, -18_000);
    }

    proptest! {
        #[test]
        fn nanoseconds_survive(secs in -2_208_988_800_i64..2_294_092_400, nanos in 0_u32..1_000_000_000) {
            let t = Tod::from_unix(secs, nanos).unwrap();
            prop_assert_eq!(t.unix(), (secs, nanos));
        }

        #[test]
        fn any_value_prints(v: u64, leap: i32, off: i64) {
            let t = Tod(v);
            let wide = (i128::from(v) - i128::from(Tod::UNIX_EPOCH.0)) * 125;
            prop_assert_eq!(t.unix_nanos(), wide.div_euclid(512));
            prop_assert_eq!(t.without_leap_seconds(leap).with_leap_seconds(leap), t);
            prop_assert_eq!(t.local(off).local(off.wrapping_neg()), t);
            prop_assert!(!t.to_string().is_empty());
        }
    }
}
