//! Points and spans of time as a filter writes them.
//!
//! ISO 8601 (`2020-07-04T12:34:56.789Z`, the `T` may be a blank, the time may be missing from
//! the right) and the older `Sep 26, 2004 23:18:04.954975`, with `UTC` behind either. A time
//! without a zone is UTC here.

/// Nanoseconds since 1970 of a point in time; also of plain seconds since 1970.
pub fn absolute(text: &str) -> Option<i128> {
    let text = text.trim();
    if let Some(seconds) = text.bytes().all(|b| b.is_ascii_digit() || b == b'.').then(|| relative(text)) {
        return seconds;
    }
    let mut s = Reader { rest: text };
    let (date, time) = match s.month() {
        Some(month) => {
            s.blanks();
            let day = s.number(1, 2)?;
            s.byte(b',')?;
            s.blanks();
            let date = (s.number(4, 4)?, month, day);
            s.blanks();
            // The older form has no short ones.
            let time = s.clock(true)?;
            (date, time)
        }
        None => {
            let year = s.number(4, 4)?;
            s.byte(b'-')?;
            let month = s.number(1, 2)?;
            s.byte(b'-')?;
            let date = (year, month, s.number(1, 2)?);
            let before = s.rest;
            let separated = s.byte(b'T').is_some() || s.blanks() > 0;
            let time = if separated && s.digit() { s.clock(false)? } else { Clock::default() };
            if !time.given {
                s.rest = before;
            } else if let Some(offset) = s.zone() {
                return finish(s.rest, date, time, offset?);
            }
            (date, time)
        }
    };
    s.blanks();
    finish(s.rest.strip_prefix("UTC").unwrap_or(s.rest), date, time, 0)
}

/// Nanoseconds of a decimal number of seconds without sign.
pub fn relative(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 18 || !digits(whole) || !digits(fraction) || text.ends_with('.') {
        return None;
    }
    Some(whole.parse::<i128>().ok()? * 1_000_000_000 + nanos(fraction)?)
}

/// Nanoseconds of the digits behind the point; nothing is finer.
fn nanos(fraction: &str) -> Option<i128> {
    if fraction.len() > 9 {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}

#[derive(Default)]
struct Clock {
    given: bool,
    seconds: i64,
    nanos: i128,
}

fn finish(rest: &str, (year, month, day): (i64, i64, i64), time: Clock, offset: i64) -> Option<i128> {
    let days = days(year, month, day)?;
    let seconds = days * 86_400 + time.seconds - offset;
    rest.is_empty().then(|| i128::from(seconds) * 1_000_000_000 + time.nanos)
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years are counted from March, so that the leap day is the last of its year.
    let y = year - i64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + of_year - 719_468)
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn digit(&self) -> bool {
        self.rest.starts_with(|c: char| c.is_ascii_digit())
    }

    fn byte(&mut self, b: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(char::from(b))?;
        Some(())
    }

    fn blanks(&mut self) -> usize {
        let before = self.rest.len();
        self.rest = self.rest.trim_start();
        before - self.rest.len()
    }

    /// From `min` to `max` digits.
    fn number(&mut self, min: usize, max: usize) -> Option<i64> {
        let n = self.rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(n).filter(|_| n >= min)?;
        self.rest = rest;
        digits.parse().ok()
    }

    fn month(&mut self) -> Option<i64> {
        let (name, rest) = self.rest.split_at_checked(3).filter(|(_, r)| r.starts_with(' '))?;
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let at = names.iter().position(|m| m.eq_ignore_ascii_case(name))?;
        self.rest = rest;
        Some(at as i64 + 1)
    }

    /// `H[:M[:S[.fraction]]]`, or all of it when `full`.
    fn clock(&mut self, full: bool) -> Option<Clock> {
        let mut c = Clock { given: true, ..Clock::default() };
        let hours = self.number(1, 2).filter(|h| *h < 24)?;
        c.seconds = hours * 3600;
        if self.byte(b':').is_none() {
            return (!full).then_some(c);
        }
        c.seconds += self.number(1, 2).filter(|m| *m < 60)? * 60;
        if self.byte(b':').is_none() {
            return (!full).then_some(c);
        }
        // A leap second is the next minute's first.
        c.seconds += self.number(1, 2).filter(|s| *s <= 60)?;
        if self.byte(b'.').is_some() {
            let n = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, rest) = self.rest.split_at(n);
            c.nanos = nanos(fraction).filter(|_| n > 0)?;
            self.rest = rest;
        }
        Some(c)
    }

    /// `Z`, `+hh`, `+hhmm` or `+hh:mm` right behind the time: seconds east of Greenwich.
    fn zone(&mut self) -> Option<Option<i64>> {
        if self.byte(b'Z').is_some() {
            return Some(Some(0));
        }
        let sign = match self.rest.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.number(2, 2);
        _ = self.byte(b':');
        let minutes = if self.rest.is_empty() { Some(0) } else { self.number(2, 2) };
        Some(hours.zip(minutes).filter(|(h, m)| *h < 24 && *m < 60).map(|(h, m)| sign * (h * 3600 + m * 60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2020-01-01 10:00:00 UTC, as `date -u -d @1577872800` shows it.
    const T: i128 = 1_577_872_800_000_000_000;

    #[test]
    fn points_in_time() {
        for (text, want) in [
            ("2020-01-01 10:00:00", T),
            (" 2020-01-01 10:00:00 ", T),
            ("2020-01-01T10:00:00", T),
            ("2020-01-01T10:00:00Z", T),
            ("2020-01-01T12:00:00+02:00", T),
            ("2020-01-01T12:00:00+0200", T),
            ("2020-01-01T05:00:00-05", T),
            ("2020-01-01 10:00:00 UTC", T),
            ("2020-1-1 10:0:0", T),
            ("2020-01-01 10:00", T),
            ("2020-01-01T10:00", T),
            ("2020-01-01 10", T),
            ("2020-01-01", T - 36_000_000_000_000),
            ("2020-01-01 10:00:00.25", T + 250_000_000),
            ("2020-01-01T10:00:00.000000001Z", T + 1),
            ("Jan 1, 2020 10:00:00", T),
            ("jan  1, 2020 10:00:00.5 UTC", T + 500_000_000),
            ("1577872800", T),
            ("1577872800.5", T + 500_000_000),
            ("1970-01-01", 0),
            ("1969-12-31 23:59:59.9", -100_000_000),
            // From `date -u -d ... +%s`.
            ("2024-02-29 12:00:00", 1_709_208_000_000_000_000),
            ("2000-03-01", 951_868_800_000_000_000),
            ("1900-03-01", -2_203_891_200_000_000_000),
        ] {
            assert_eq!(absolute(text), Some(want), "{text}");
        }
        for bad in [
            "",
            "garbage",
            "Jan 1, 2020 10:00",
            "Jan 1, 2020",
            "January 1, 2020",
            "2020-13-01",
            "2020-02-30",
            "2023-02-29",
            "2020-01-01 10:00:00 EST",
            "Jan 32, 2020 10:00:00",
            "Jan 1, 2020 10:00:00Z",
            "Jan 1 2020 10:00:00",
            "01/01/2020 10:00:00",
            "10:00:00",
            "2020-01-01 12:00:00 +02:00",
            "2020-01-01T10:00:00+",
            "2020-01-01 25:00",
            "2020-01-01 10:00:00.",
            "1.2.3",
        ] {
            assert_eq!(absolute(bad), None, "{bad}");
        }
    }

    #[test]
    fn spans_of_time() {
        assert_eq!(relative("1"), Some(1_000_000_000));
        assert_eq!(relative("1.5"), Some(1_500_000_000));
        assert_eq!(relative("0.000000001"), Some(1));
        for bad in
            ["", "1.", ".5", "1e3", "0x10", "00:01", "1.0000000001", "1.5.5", "-1", "9999999999999999999"]
        {
            assert_eq!(relative(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,40}") {
            let _ = (absolute(&text), relative(&text));
        }
    }
}
