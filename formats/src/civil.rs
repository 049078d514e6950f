//! Calendar dates of the proleptic Gregorian calendar, and days counted from 1970-01-01.

/// Days from 1970-01-01 to a date; months and days outside their range are carried over.
#[must_use]
pub const fn days(year: i32, month: u32, day: u32) -> i64 {
    let months = year as i64 * 12 + month as i64 - 1;
    // Years that begin in March have the leap day at their end.
    let m = months - 2;
    let y = m.div_euclid(12);
    let in_year = (153 * m.rem_euclid(12) + 2) / 5;
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + in_year + day as i64 - 1 - 719_468
}

/// Seconds from 1970-01-01 00:00 to a date and time, no time zone applied.
#[must_use]
pub const fn seconds(year: i32, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> i64 {
    days(year, month, day) * 86_400 + hour as i64 * 3600 + minute as i64 * 60 + second as i64
}

/// Year, month and day of a count of days since 1970-01-01 (proleptic Gregorian calendar).
#[must_use]
pub const fn date(days: i64) -> (i64, u8, u8) {
    // Count from 0000-03-01, so that the leap day is the last day of its year.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month + 2) / 5 + 1) as u8;
    let month = if month < 10 { month + 3 } else { month - 9 } as u8;
    (year + era * 400 + (month <= 2) as i64, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!((date(0), date(-1), date(11_016)), ((1970, 1, 1), (1969, 12, 31), (2000, 2, 29)));
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(1969, 12, 31), -1);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(2000, 3, 1), 11_017);
        assert_eq!(days(1900, 3, 1), -25_508);
        assert_eq!(seconds(2038, 1, 19, 3, 14, 7), 2_147_483_647);
        assert_eq!(seconds(1904, 1, 1, 0, 0, 0), -2_082_844_800);
        assert_eq!(seconds(1601, 1, 1, 0, 0, 0), -11_644_473_600);
    }
}
