//! The time zone of a report.

use formats::civil;

use super::message::Message;
use super::operand;
use super::text::Item;
use crate::source::frame::Timestamp;

/// GMT, LOCAL, or an offset that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zone {
    /// Greenwich.
    #[default]
    Gmt,
    /// That of the traced system, which the trace does not say.
    Local,
    /// Seconds east of Greenwich: TZ(+hh:mm), ours.
    Offset(i32),
}

impl Zone {
    /// Reads TZ(+hh:mm).
    pub fn read(item: &Item) -> Result<Self, Message> {
        let [a] = item.args() else {
            return Err(item.wrong("TZ needs an offset such as TZ(-05:00)"));
        };
        operand::zone(&a.text)
            .map(Self::Offset)
            .ok_or_else(|| a.wrong(format!("\"{}\" is no offset of the form +hh:mm", a.text)))
    }

    /// Seconds to add to GMT.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Gmt | Self::Local => 0,
            Self::Offset(s) => s as i64,
        }
    }

    /// A time as a report shows it.
    #[must_use]
    pub fn clock(self, t: Timestamp) -> Clock {
        let secs = t.secs + self.seconds();
        let (year, month, day) = civil::date(secs.div_euclid(86_400));
        let s = secs.rem_euclid(86_400) as u32;
        Clock { year, month, day, hour: s / 3600, minute: s / 60 % 60, second: s % 60, nanos: t.nanos }
    }
}

/// A date and time taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    year: i64,
    month: u8,
    day: u8,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
}

impl Clock {
    /// `yyyy/mm/dd`.
    #[must_use]
    pub fn date(&self) -> String {
        format!("{:04}/{:02}/{:02}", self.year, self.month, self.day)
    }

    /// `hh:mm:ss.mmmmmm`.
    #[must_use]
    pub fn time(&self) -> String {
        format!("{:02}:{:02}:{:02}.{:06}", self.hour, self.minute, self.second, self.nanos / 1000)
    }

    /// `hh.mm.ss`.
    #[must_use]
    pub fn dotted(&self) -> String {
        format!("{:02}.{:02}.{:02}", self.hour, self.minute, self.second)
    }

    /// Year, month and day in one, to see when the date changes.
    #[must_use]
    pub const fn day(&self) -> (i64, u8, u8) {
        (self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_move_the_date() {
        let t = Timestamp { secs: 1_772_438_400, nanos: 1_200_000 };
        assert_eq!(Zone::Gmt.clock(t).date(), "2026/03/02");
        assert_eq!(Zone::Gmt.clock(t).time(), "08:00:00.001200");
        let west = Zone::Offset(-9 * 3600).clock(t);
        assert_eq!((west.date(), west.dotted()), ("2026/03/01".into(), "23.00.00".into()));
    }
}
