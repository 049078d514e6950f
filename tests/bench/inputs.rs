//! The files that are measured on: made once, kept in the build directory.

use formats::terse::{Effort, Encoder, Header, Method};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::process;
use tests::traffic::{CaptureFormat, Options, generate};
use tests::workspace;

/// One input file.
#[derive(Debug, Clone)]
pub struct Input {
    /// What it is called in the table.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Packets in it.
    pub packets: u64,
    /// Bytes in it.
    pub bytes: u64,
}

/// All input files.
#[derive(Debug)]
pub struct Inputs {
    /// Folder of the inputs and of what the commands write.
    pub dir: PathBuf,
    /// Realistic sizes.
    pub mixed: Input,
    /// Frames of 64 to 128 bytes.
    pub small: Input,
    /// Component traces by framing; those that could not be made are missing.
    pub ctrace: Vec<(String, Input)>,
    /// Tersed data sets by method, when there is a peer that unpacks them.
    pub tersed: Vec<(&'static str, Input)>,
    /// A capture without packets, for the start-up time of a program.
    pub empty: PathBuf,
    /// Why an input is missing.
    pub notes: Vec<String>,
}

impl Inputs {
    /// The capture with the same packets as the component trace of that framing.
    pub fn equivalent(&self, framing: &str) -> PathBuf {
        self.dir.join(format!("ctrace-{framing}.pcap"))
    }

    /// Makes what is not there yet. `size` is in bytes.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn make(dir: &Path, size: u64) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let dir = fs::canonicalize(dir)?;
        let mixed = capture(&dir, "mixed", size, false)?;
        let small = capture(&dir, "small", size, true)?;
        let empty = dir.join("empty.pcap");
        generate(&options(0, false), File::create(&empty)?)?;
        let mut inputs =
            Self { dir, mixed, small, ctrace: Vec::new(), tersed: Vec::new(), empty, notes: Vec::new() };
        for framing in ["rdw", "bdw", "raw", "nmi"] {
            match inputs.component_trace(framing) {
                Ok(input) => inputs.ctrace.push((framing.to_owned(), input)),
                Err(why) => inputs.notes.push(format!("no component trace in {framing} framing: {why}")),
            }
        }
        if std::env::var_os("ZSCOPE_TERSE_JAR").is_some() {
            for (name, method) in [("PACK", Method::Pack), ("SPACK", Method::Spack)] {
                let input = tersed(&inputs.dir, &inputs.mixed.path, name, method, size / 4)?;
                inputs.tersed.push((name, input));
            }
        }
        Ok(inputs)
    }

    /// The mixed capture as a component trace, and back, so that both files hold the same packets.
    fn component_trace(&self, framing: &str) -> io::Result<Input> {
        let path = self.dir.join(format!("mixed-{}-{framing}.ctrace", self.mixed.bytes));
        let back = self.equivalent(framing);
        if !path.is_file() || !back.is_file() {
            let zscope = workspace::zscope();
            process::measure(
                Command::new(zscope)
                    .arg("export")
                    .arg(&self.mixed.path)
                    // What is not IP would not be in the pcap that the other program reads.
                    .args(["-Y", "ip or ipv6", "--framing", framing, "-o"])
                    .arg(&path),
            )?;
            process::measure(Command::new(zscope).arg("export").arg(&path).arg("-o").arg(&back))?;
        }
        let bytes = fs::metadata(&path)?.len();
        Ok(Input { name: "component trace", path, packets: self.mixed.packets, bytes })
    }
}

const fn options(size: u64, small: bool) -> Options {
    let flows = if size / 10_000 > 100_000 { 100_000 } else { size / 10_000 };
    Options { size, flows, seed: 1, small, format: CaptureFormat::Pcap, nanos: false }
}

fn capture(dir: &Path, name: &'static str, size: u64, small: bool) -> io::Result<Input> {
    let path = dir.join(format!("{name}-{size}.pcap"));
    let count = dir.join(format!("{name}-{size}.packets"));
    let known = fs::read_to_string(&count).ok().and_then(|t| t.trim().parse().ok());
    let packets = match known {
        Some(n) if path.is_file() => n,
        _ => {
            eprintln!("making {}", path.display());
            let made = generate(&options(size, small), File::create(&path)?)?;
            fs::write(&count, made.packets.to_string())?;
            made.packets
        }
    };
    let bytes = fs::metadata(&path)?.len();
    Ok(Input { name, path, packets, bytes })
}

/// The first `size` bytes of a file as variable records of a tersed data set.
fn tersed(dir: &Path, of: &Path, name: &'static str, method: Method, size: u64) -> io::Result<Input> {
    let path = dir.join(format!("mixed-{size}.{name}"));
    if !path.is_file() {
        eprintln!("making {}", path.display());
        let mut from = File::open(of)?.take(size);
        let mut to = io::BufWriter::new(File::create(&path)?);
        let mut codes = Vec::new();
        let mut encoder = Encoder::new(&Header::host(method, true, 1028), Effort::Longest, &mut codes);
        let mut record = [0; 1024];
        loop {
            let n = from.read(&mut record)?;
            if n == 0 {
                break;
            }
            encoder.record(&record[..n], &mut codes);
            to.write_all(&codes)?;
            codes.clear();
        }
        encoder.finish(&mut codes);
        to.write_all(&codes)?;
        to.flush()?;
    }
    let bytes = fs::metadata(&path)?.len();
    Ok(Input { name, path, packets: 0, bytes })
}

/// Reads a file once so that both programs find it in memory.
///
/// # Errors
/// When it cannot be read.
pub fn warm(path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buf = vec![0; 1 << 18];
    while file.read(&mut buf)? > 0 {}
    Ok(())
}
