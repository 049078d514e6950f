//! The zone of the machine that Zscope runs on: what `TZ` says, or the system's own setting.
//! Wireshark shows most dates in it.

use std::cell::RefCell;
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A zone at one point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Seconds east of Greenwich.
    pub offset: i32,
    /// What it is called then, such as `CET`.
    pub name: Box<str>,
    /// The quarter of an hour since 1970 for which this was asked: zones change between these.
    quarter: i64,
}

/// Hands over the zone as it is `secs` seconds after 1970.
pub fn with<R>(secs: i64, f: impl FnOnce(&Zone) -> R) -> R {
    thread_local! {
        static LAST: RefCell<Option<Zone>> = const { RefCell::new(None) };
    }
    let quarter = secs.div_euclid(900);
    LAST.with_borrow_mut(|last| match last {
        Some(zone) if zone.quarter == quarter => f(zone),
        _ => f(last.insert(find(machine(), secs, quarter))),
    })
}

fn machine() -> &'static TimeZone {
    static MACHINE: OnceLock<TimeZone> = OnceLock::new();
    MACHINE.get_or_init(|| match TimeZone::system() {
        zone if zone.is_unknown() => TimeZone::UTC,
        zone => zone,
    })
}

fn find(zone: &TimeZone, secs: i64, quarter: i64) -> Zone {
    let limits = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    let time = Timestamp::from_second(secs.clamp(*limits.start(), *limits.end())).unwrap_or_default();
    let info = zone.to_offset_info(time);
    Zone { offset: info.offset().seconds(), name: info.abbreviation().into(), quarter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_names() {
        // `TZ=... date -d @1456042921 '+%z %Z'` and the same half a year later.
        let zone = |name: &str| TimeZone::posix(name).unwrap();
        let new_york = zone("EST5EDT,M3.2.0,M11.1.0");
        let winter = find(&new_york, 1_456_042_921, 0);
        assert_eq!((winter.offset, &*winter.name), (-18_000, "EST"));
        let summer = find(&new_york, 1_471_767_721, 0);
        assert_eq!((summer.offset, &*summer.name), (-14_400, "EDT"));
        let kolkata = find(&zone("IST-5:30"), 0, 0);
        assert_eq!((kolkata.offset, &*kolkata.name), (19_800, "IST"));
        let utc = find(&TimeZone::UTC, i64::MAX, 0);
        assert_eq!((utc.offset, &*utc.name), (0, "UTC"));
    }
}
