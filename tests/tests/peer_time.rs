//! Points in time as `tshark -T fields` prints them, in several zones: most of Wireshark's dates
//! are in the zone of the machine, some in UTC.

use std::process::Command;
use std::time::Duration;
use tests::{peer, process, workspace};

/// Zones west and east of Greenwich, with and without summer time, by name and by rule.
const ZONES: [&str; 7] =
    ["UTC", "America/New_York", "Asia/Kolkata", "Europe/London", ":Australia/Lord_Howe", "EST5EDT", ""];

#[test]
fn dates_are_those_of_tshark_in_every_zone() {
    let fields = ["-T", "fields", "-e", "frame.time", "-e", "tls.handshake.random_time", "-e", "ntp.xmt"];
    let mut compared = 0;
    for sample in peer::samples() {
        for zone in ZONES {
            let ask = |program: &str, first: &[&str]| {
                let mut c = Command::new(program);
                c.env("TZ", zone).args(first).arg(&sample.path).args(fields);
                process::run(&mut c, Duration::from_secs(60)).expect("the program can be started")
            };
            let theirs = ask("tshark", &["-r"]).stdout;
            let ours = ask(&workspace::zscope().display().to_string(), &["packets"]).stdout;
            let [ours, theirs] = [ours, theirs].map(|t| String::from_utf8_lossy(&t).into_owned());
            assert_eq!(ours, theirs, "{} in zone {zone:?}", sample.name);
            compared += ours.lines().count();
        }
    }
    assert!(compared > 400, "{compared}");
}
