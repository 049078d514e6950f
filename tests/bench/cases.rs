//! What is measured: pairs of commands that do the same work, and the ratio they should have.

use crate::inputs::Inputs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::workspace;

/// What the two commands of a case should look like beside each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// The peer takes at least so many times as long, in processor and in elapsed time.
    Faster(f64),
    /// We take at most this part of the peer's time, in processor and in elapsed time.
    Cost(f64),
    /// We take at most this part of the peer's elapsed time; processor time is not compared.
    Wall(f64),
}

/// One command with its arguments.
#[derive(Debug, Clone)]
pub struct Line {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Packets it is limited to, when it is too slow for the whole file.
    pub limit: Option<u64>,
}

impl Line {
    fn new(program: impl Into<PathBuf>, args: &[&str]) -> Self {
        Self { program: program.into(), args: args.iter().map(|a| (*a).to_owned()).collect(), limit: None }
    }

    /// The command, ready to be started.
    pub fn command(&self) -> Command {
        let mut c = Command::new(&self.program);
        c.args(&self.args);
        if let Some(n) = self.limit {
            c.args(["-c", &n.to_string()]);
        }
        c
    }

    /// As it would be typed, without folders.
    pub fn text(&self) -> String {
        let base =
            |s: &str| Path::new(s).file_name().map_or(s.to_owned(), |n| n.to_string_lossy().into_owned());
        let mut text = base(&self.program.to_string_lossy());
        for a in &self.args {
            text.push(' ');
            if a.starts_with('/') && a != "/dev/null" {
                text.push_str(&base(a));
            } else if a.contains(' ') {
                text.push_str(&format!("'{a}'"));
            } else {
                text.push_str(a);
            }
        }
        text
    }
}

/// What must be true of what the two commands wrote, so that not doing the work is not fast.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// They print; nothing is compared.
    None,
    /// Both files hold the same bytes.
    SameBytes(PathBuf, PathBuf),
    /// Both files hold as many packets.
    SamePackets(PathBuf, PathBuf),
}

impl Check {
    /// Compares the files.
    ///
    /// # Errors
    /// What differs.
    pub fn run(&self) -> io::Result<()> {
        match self {
            Self::None => Ok(()),
            Self::SameBytes(a, b) => {
                let same = Command::new("cmp").arg("-s").args([a, b]).status()?;
                if same.success() { Ok(()) } else { Err(io::Error::other("the two wrote different bytes")) }
            }
            Self::SamePackets(a, b) => {
                let (a, b) = (packets(a)?, packets(b)?);
                if a == b { Ok(()) } else { Err(io::Error::other(format!("packets written: {a} and {b}"))) }
            }
        }
    }
}

/// The number of packets in a capture, as capinfos prints it.
fn packets(path: &Path) -> io::Result<String> {
    let out = Command::new("capinfos").args(["-T", "-M", "-r", "-c"]).arg(path).output()?;
    let text = String::from_utf8_lossy(&out.stdout);
    Ok(text.trim_end().rsplit('\t').next().unwrap_or_default().to_owned())
}

/// Two commands and the goal.
#[derive(Debug, Clone)]
pub struct Case {
    /// What both do.
    pub name: String,
    /// Packets in the input, for scaling a limited peer.
    pub packets: u64,
    /// Our command.
    pub ours: Line,
    /// The other one.
    pub peer: Line,
    /// What is asked of the ratio.
    pub goal: Goal,
    /// What is asked of the results.
    pub check: Check,
}

const TEN_FIELDS: &[&str] = &[
    "-T",
    "fields",
    "-e",
    "frame.number",
    "-e",
    "frame.time_epoch",
    "-e",
    "frame.len",
    "-e",
    "ip.src",
    "-e",
    "ip.dst",
    "-e",
    "ip.proto",
    "-e",
    "tcp.srcport",
    "-e",
    "tcp.dstport",
    "-e",
    "tcp.flags",
    "-e",
    "tcp.len",
];

/// All cases that the inputs allow.
pub fn all(inputs: &Inputs, peer_packets: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    for input in [&inputs.mixed, &inputs.small] {
        let file = input.path.to_string_lossy().into_owned();
        let mut add = |name: &str, ours: &[&str], peer: &str, peer_args: &[&str], goal: Goal| {
            let mut peer = Line::new(peer, peer_args);
            if peer.program == Path::new("tshark") && peer_packets > 0 && peer_packets < input.packets {
                peer.limit = Some(peer_packets);
            }
            cases.push(Case {
                name: format!("{name}, {}", input.name),
                packets: input.packets,
                ours: Line::new(workspace::zscope(), ours),
                peer,
                goal,
                check: Check::None,
            });
        };
        let f = file.as_str();
        let out = |name: &str| inputs.dir.join(name).to_string_lossy().into_owned();
        add(
            "ten fields",
            &[&["packets", f], TEN_FIELDS].concat(),
            "tshark",
            &[&["-r", f], TEN_FIELDS].concat(),
            Goal::Faster(60.0),
        );
        add("one line a packet", &["packets", f], "tshark", &["-r", f], Goal::Faster(25.0));
        add("field tree", &["packets", f, "-V"], "tshark", &["-r", f, "-V"], Goal::Faster(30.0));
        add("JSON", &["packets", f, "-T", "jsonl"], "tshark", &["-r", f, "-T", "ek"], Goal::Faster(80.0));
        add(
            "count with a filter",
            &["packets", f, "-Y", "tcp.port == 443", "--count"],
            "tcpdump",
            &["-r", f, "-n", "-w", "/dev/null"],
            Goal::Cost(1.0),
        );
        add("summary", &["info", f], "capinfos", &["-c", f], Goal::Cost(0.5));
        let (a, b) = (out("ours.pcapng"), out("theirs.pcapng"));
        add(
            "filtered export",
            &["export", f, "-Y", "tcp", "-o", &a],
            "editcap",
            &["-F", "pcapng", f, &b],
            Goal::Cost(1.0),
        );
        add("whole export", &["export", f, "-o", &a], "editcap", &["-F", "pcapng", f, &b], Goal::Cost(1.0));
        add(
            "TCP conversations",
            &["sessions", f, "--kind", "tcp"],
            "tshark",
            &["-q", "-r", f, "-z", "conv,tcp"],
            Goal::Faster(90.0),
        );
        let analysed = ["-Y", "tcp.analysis.flags"];
        add(
            "TCP analysis",
            &[&["packets", f], &analysed[..]].concat(),
            "tshark",
            &[&["-r", f], &analysed[..]].concat(),
            Goal::Faster(60.0),
        );
        let fields = [&["packets", f], TEN_FIELDS].concat();
        let parquet = out("ours.parquet");
        let columns = [&["export", f, "-o", &parquet, "--only"], &TEN_FIELDS[2..]].concat();
        add("Parquet beside fields", &columns, "zscope", &fields, Goal::Cost(2.0));
        let one = [&["packets", f, "--threads", "1"], TEN_FIELDS].concat();
        let two = [&["packets", f, "--threads", "2"], TEN_FIELDS].concat();
        add("two threads beside one", &two, "zscope", &one, Goal::Wall(0.6));
    }
    for (framing, input) in &inputs.ctrace {
        let (f, eq) = (input.path.to_string_lossy().into_owned(), inputs.equivalent(framing));
        let (a, b) = (inputs.dir.join("ours.pcapng"), inputs.dir.join("theirs.pcapng"));
        cases.push(Case {
            name: format!("CTRACE {framing} to pcapng"),
            packets: input.packets,
            ours: Line::new(workspace::zscope(), &["export", &f, "-o", &a.to_string_lossy()]),
            peer: Line::new("editcap", &["-F", "pcapng", &eq.to_string_lossy(), &b.to_string_lossy()]),
            goal: Goal::Faster(if framing == "raw" { 0.7 } else { 1.5 }),
            check: Check::SamePackets(a, b),
        });
    }
    if let Some(jar) = std::env::var_os("ZSCOPE_TERSE_JAR") {
        let jar = jar.to_string_lossy().into_owned();
        for (name, input) in &inputs.tersed {
            let ratio = if *name == "PACK" { 5.0 } else { 8.0 };
            let f = input.path.to_string_lossy().into_owned();
            let (a, b) = (inputs.dir.join("ours.bin"), inputs.dir.join("theirs.bin"));
            cases.push(Case {
                name: format!("unterse {name}"),
                packets: 0,
                ours: Line::new(workspace::zscope(), &["unwrap", &f, "-o", &a.to_string_lossy()]),
                peer: Line::new("java", &["-jar", &jar, &f, &b.to_string_lossy(), "-b"]),
                goal: Goal::Faster(ratio),
                check: Check::SameBytes(a, b),
            });
        }
    }
    for case in &mut cases {
        if case.name.starts_with("whole export") {
            case.check = Check::SamePackets(inputs.dir.join("ours.pcapng"), inputs.dir.join("theirs.pcapng"));
        }
        if case.peer.program == Path::new("zscope") {
            case.peer.program = workspace::zscope().to_path_buf();
        }
    }
    cases
}
