//! What the live stack's tracing writes, read by the program: stack events by their vocabulary,
//! data sets of a writer that was killed, and the documentation of the entry ids.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ctrace::writer::{Framing, Full};
use ctrace::{Config, PacketPoint, Settings, Subject, Trace, Tracer, Which, Writer, WriterSettings};
use formats::ctrace::Name;
use formats::ctrace::events::stack::{Command as CommandEvent, Stopped};
use formats::ctrace::events::{self, Direction};
use formats::tod::Tod;
use tests::{process, workspace};

/// A folder that is removed again.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("zscope-trace-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).expect("a folder can be made");
        Self(dir)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn zscope(args: &[&str], files: &[&Path]) -> String {
    let mut c = Command::new(workspace::zscope());
    c.arg(args[0]).args(files).args(&args[1..]);
    let out = process::run(&mut c, Duration::from_secs(60)).expect("zscope can be started");
    assert_eq!(out.code, Some(0), "{args:?}: {}", out.errors());
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// A trace of everything, with the time of the packet in the worked examples.
fn trace() -> (Trace, Tracer) {
    let trace = Trace::new(Settings::new("MVS118", "TCPCS").virtual_time());
    trace.configure(|c| *c = Config::everything());
    trace.set_time(Tod(0xB72E_372B_BDA0_3000));
    let t = trace.tracer();
    (trace, t)
}

fn subject(cid: u32) -> Subject {
    Subject {
        asid: 0x41,
        job: Name::new("FTPD1"),
        cid,
        local_port: 21,
        remote: "10.1.0.2".parse().expect("an address"),
    }
}

#[test]
fn stack_events_print_by_their_vocabulary() {
    let dir = Folder::new("ipcs");
    for framing in [Framing::Rdw, Framing::Bare] {
        let file = dir.file("events.ctrace");
        let (trace, t) = trace();
        let settings = WriterSettings { framing, ..WriterSettings::new(&file) };
        let w = Writer::start(&trace, settings).expect("the file can be made");
        t.event(&subject(0x2A), &Stopped { name: Name::new("TCPCS"), seconds: 258 });
        t.event(
            &subject(0x2B),
            &CommandEvent { verb: Name::new("VARY"), function: Name::new("PKTTRACE"), code: 4 },
        );
        t.resolver(&subject(0x2C), &["GetAddrInfo started", "host.example"]);
        w.stop().expect("the file can be written");
        let text = zscope(&["ipcs", "-c", "CTRACE COMP(SYSTCPIP) FULL"], &[&file]);
        for line in [
            "SYSNAME(MVS118)",
            "COMP(SYSTCPIP)SUBNAME((TCPCS))",
            "**** 2002/02/12",
            "   1 MVS118   INIT     E9010002 23:39:11.873539 Stopped",
            "  JOBN: FTPD1    HASID: 0041 PASID: 0041 SASID: 0041 DUCB: 00000000 CID: 0000002A",
            "  Local Port: 21    Remote Address: 10.1.0.2",
            "  Stack: stack TCPCS ended after 258 seconds",
            "   name                  : TCPCS",
            "   seconds               : 258",
            "   2 MVS118   OPCMDS   E9010003 23:39:11.873539 Command",
            "  Stack: command VARY PKTTRACE: return code 4",
        ] {
            assert!(text.lines().any(|l| l == line), "{framing:?}: no line {line:?} in\n{text}");
        }
        let text = zscope(&["ipcs", "-c", "CTRACE COMP(SYSTCPRE) FULL"], &[&file]);
        assert!(text.contains("  JOBN: FTPD1\n  GetAddrInfo started\n  host.example\n"), "{text}");
    }
}

#[test]
fn lost_counts_and_packets_are_read() {
    let dir = Folder::new("lost");
    let file = dir.file("lost.ctrace");
    let settings = Settings::new("MVS118", "TCPCS")
        .virtual_time()
        .with_buffers(Which::Events, ctrace::Buffers { size: 200, count: 2 });
    let trace = Trace::new(settings);
    trace.configure(|c| *c = Config::everything());
    let t = trace.tracer();
    let w = Writer::start(&trace, WriterSettings::new(&file)).expect("the file can be made");
    for cid in 0..7 {
        t.event(&subject(cid), &Stopped { name: Name::new("TCPCS"), seconds: 1 });
    }
    let mut packet = [0x41; 60];
    packet[..24].copy_from_slice(&[
        0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 17, 0x26, 0xAC, 10, 1, 0, 1, 10, 1, 0, 2, 0x04, 0xD4, 0, 53,
    ]);
    packet[24..28].copy_from_slice(&[0, 40, 0, 0]);
    t.packet(&PacketPoint::new(Direction::OUT, Name::new("EZA1"), 3, &packet));
    w.stop().expect("the file can be written");
    let fields = zscope(
        &[
            "packets",
            "-T",
            "fields",
            "-e",
            "cte.fmtid",
            "-e",
            "ip.dst",
            "-e",
            "udp.dstport",
            "-e",
            "systcpip.cid",
        ],
        &[&file],
    );
    let lines: Vec<_> = fields.lines().collect();
    assert_eq!(lines.len(), 5, "{fields}");
    assert!(lines[4].ends_with("\t10.1.0.2\t53\t"), "{fields}");
    let info = zscope(&["info"], &[&file]);
    assert!(info.contains("3 records lost"), "{info}");
}

#[test]
fn buffers_of_a_dump_are_read() {
    let dir = Folder::new("dump");
    let file = dir.file("buffers.bin");
    let (trace, t) = trace();
    for cid in 0..1000 {
        t.event(&subject(cid), &Stopped { name: Name::new("TCPCS"), seconds: cid });
    }
    fs::write(&file, trace.dump(Which::Events).buffers).expect("the file can be written");
    let text = zscope(&["packets", "-T", "fields", "-e", "systcpip.cid"], &[&file]);
    let number = |l: &str| u32::from_str_radix(l.trim_start_matches("0x"), 16).ok();
    assert!(text.lines().filter_map(number).eq(0..1000));
}

/// What a child of this test does, when the environment says so.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os("ZSCOPE_TRACE_CHILD") else { return };
    let dir = PathBuf::from(dir);
    let wrap = std::env::var_os("ZSCOPE_TRACE_WRAP").is_some();
    let (trace, t) = trace();
    let mut settings = WriterSettings::new(dir.join("1.ctrace")).only(&[Which::Events]);
    if wrap {
        settings.data_sets.push(dir.join("2.ctrace"));
        settings.limit = Some(200_000);
        settings.full = Full::Wrap;
    }
    let mut w = Writer::start(&trace, settings).expect("the file can be made");
    let mut cid = 0;
    loop {
        for _ in 0..50 {
            t.event(&subject(cid), &Stopped { name: Name::new("TCPCS"), seconds: cid });
            cid += 1;
        }
        w.pump().expect("the file can be written");
    }
}

/// Starts a child that writes, kills it after a while, and returns the connection identifiers
/// of the events that can be read.
fn killed(dir: &Folder, wrap: bool, after: Duration) -> Vec<u32> {
    for n in 1..=2 {
        let _ = fs::remove_file(dir.file(&format!("{n}.ctrace")));
    }
    let mut child = Command::new(std::env::current_exe().expect("a running program has a path"));
    child.args(["--exact", "child_that_writes_until_it_is_killed", "--nocapture"]);
    child.env("ZSCOPE_TRACE_CHILD", &dir.0).stdout(Stdio::null()).stderr(Stdio::null());
    if wrap {
        child.env("ZSCOPE_TRACE_WRAP", "1");
    }
    let mut child = child.spawn().expect("this test can start itself");
    let first = dir.file("1.ctrace");
    let begin = Instant::now();
    while fs::metadata(&first).map_or(0, |m| m.len()) == 0 && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_micros(200));
    }
    std::thread::sleep(after);
    // On Unix this is SIGKILL.
    child.kill().expect("the child runs");
    child.wait().expect("the child was started");
    let mut cids = Vec::new();
    for n in 1..=2 {
        let file = dir.file(&format!("{n}.ctrace"));
        if fs::metadata(&file).map_or(0, |m| m.len()) > 0 {
            let text = zscope(&["packets", "-T", "fields", "-e", "systcpip.cid"], &[&file]);
            let number = |l: &str| u32::from_str_radix(l.trim_start_matches("0x"), 16).ok();
            cids.extend(text.lines().filter_map(number));
        }
    }
    cids
}

/// Moments at which the child is killed.
const MOMENTS: u64 = 12;

#[test]
fn a_killed_writer_leaves_everything_it_wrote() {
    let dir = Folder::new("kill");
    for n in 0..MOMENTS {
        let cids = killed(&dir, false, Duration::from_micros(n * n * 150));
        assert!(!cids.is_empty(), "moment {n}");
        assert!(cids.iter().copied().eq(0..cids.len() as u32), "moment {n}: a gap in {} events", cids.len());
    }
}

#[test]
fn a_killed_writer_that_wraps_leaves_all_but_the_buffer_in_hand() {
    let dir = Folder::new("kill-wrap");
    // Two data sets of three buffers, 728 events in each.
    let (buffer, buffers) = (728, 6);
    for n in 0..MOMENTS {
        let cids = killed(&dir, true, Duration::from_micros(2_000 + n * n * 150));
        let unique: BTreeSet<u32> = cids.iter().copied().collect();
        assert_eq!(unique.len(), cids.len(), "moment {n}: an event twice");
        let last = *unique.last().expect("there are events");
        let kept = (buffers - 2) * buffer;
        let first = (last + 1).saturating_sub(kept);
        assert!(unique.range(first..).copied().eq(first..=last), "moment {n}: a gap before {last}");
    }
}

/// `docs/formats/systcpip-events.md`.
fn documentation() -> String {
    let mut t = String::from(
        "# Stack events of the live stack\n\n\
         The entry ids and data areas of SYSTCPIP are not published. Those below are **ours**: what the live\n\
         stack writes and `zscope ipcs -c \"CTRACE COMP(SYSTCPIP) FULL\"` prints by name. An id is X'E9', the number\n\
         of the layer, and a number. Behind the 56 bytes that are known of an entry's body stands one area:\n\
         length (2, itself included), key X'E9E2' (2), and the fields, big-endian, without gaps. `u8` to `u64` are\n\
         numbers, `hex` the same printed in hexadecimal, `code8` a byte whose values have names, `flag` a byte,\n\
         `address` 16 bytes (IPv4 behind X'FFFF'), `name8` and `name16` EBCDIC.\n\n\
         An event is recorded when one of its options is on. The tables come from `formats/src/ctrace/events`;\n\
         a test holds that they are the same, and `ZSCOPE_BLESS=1 cargo test -p tests --test trace` writes them.\n",
    );
    for layer in events::LAYERS {
        let _ = writeln!(
            t,
            "\n## {}\n\n| id | event | options | what it says | fields |\n|---|---|---|---|---|",
            layer.name
        );
        for e in layer.events {
            let fields: Vec<_> = e.fields.iter().map(|f| format!("{} {}", f.name, f.kind.name())).collect();
            let doc = e.doc.trim_end_matches('.').replace('|', "\\|");
            let _ = writeln!(
                t,
                "| {:08X} | {} | {} | {doc} | {} |",
                e.id.0,
                e.name,
                e.options,
                fields.join(", ")
            );
        }
    }
    t
}

#[test]
fn the_entry_ids_are_documented() {
    let path = workspace::root().join("docs/formats/systcpip-events.md");
    let want = documentation();
    if std::env::var_os("ZSCOPE_BLESS").is_some() {
        fs::write(&path, &want).expect("the documentation can be written");
    }
    let is = fs::read_to_string(&path).unwrap_or_default();
    let differs = is.lines().zip(want.lines()).find(|(a, b)| a != b);
    assert!(is == want, "docs/formats/systcpip-events.md is not what the vocabulary says: {differs:?}");
}
