//! `zscope unwrap`: the data set inside all wrappers.
//!
//! Binary output is what the innermost layer gives: fixed records as pure bytes, variable
//! records with their record descriptor words. Text output has one line per record, translated
//! from a code page; trailing blanks of fixed records stay, as a text transfer from z/OS keeps
//! them. The output appears under its name when it is complete.

use crate::export::atomic::AtomicFile;
use crate::source::layers::pds::Members;
use crate::source::layers::{Context, LayerInfo, LayerLimits, LayerOptions, Note, Reader, Shape, peel};
use formats::ebcdic::CodePage;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `zscope unwrap`.
#[derive(Debug, Clone, clap::Args)]
pub struct UnwrapArgs {
    /// File to unwrap, - for standard input
    pub file: PathBuf,
    /// Where to write: a file, - for standard output, or a directory for all members of a library
    #[arg(short, long = "output", value_name = "OUT")]
    pub output: PathBuf,
    /// Translate to text with one line a record
    #[arg(long)]
    pub text: bool,
    /// Code page of the text
    #[arg(long, default_value_t = CodePage::Ibm1047, value_name = "PAGE")]
    pub codepage: CodePage,
    /// Member of a library to take
    #[arg(long, value_name = "NAME")]
    pub member: Option<String>,
    /// Data file of a tape to take, from 1
    #[arg(long, value_name = "N")]
    pub tape_file: Option<usize>,
    /// How many times its size a file may unpack to, 0 for no limit
    #[arg(long, default_value_t = LayerLimits::default().max_ratio, value_name = "N")]
    pub max_ratio: u64,
    /// Megabytes of memory that unpacking a zstd or xz file may take
    #[arg(long, default_value_t = LayerLimits::default().max_memory >> 20, value_name = "MB")]
    pub max_window: u64,
    /// How many bytes a file may unpack to, 0 for no limit
    #[arg(long, default_value_t = 0, value_name = "BYTES")]
    pub max_bytes: u64,
}

impl UnwrapArgs {
    /// Unwraps `file` to `output` in binary.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, output: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            output: output.into(),
            text: false,
            codepage: CodePage::default(),
            member: None,
            tape_file: None,
            max_ratio: LayerLimits::default().max_ratio,
            max_window: LayerLimits::default().max_memory >> 20,
            max_bytes: 0,
        }
    }
}

/// Runs the command: unwraps, and says on standard error what was found.
pub fn run(a: &UnwrapArgs) -> io::Result<ExitCode> {
    let name = a.file.display();
    if a.file != Path::new("-")
        && let Err(e) = File::open(&a.file)
    {
        eprintln!("zscope: {name}: {e}");
        return Ok(ExitCode::from(1));
    }
    let done = unwrap(a)?;
    if done.layers.is_empty() {
        eprintln!("zscope: {name}: is in no wrapper that zscope knows; copied as it is");
    }
    for l in &done.layers {
        eprintln!("zscope: {name}: {l}");
    }
    for n in &done.notes {
        eprintln!("zscope: {name}: {n}");
    }
    for (path, bytes) in &done.written {
        eprintln!("zscope: {}: {bytes} bytes", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What `zscope unwrap` did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unwrapped {
    /// The layers that were peeled, the outermost first.
    pub layers: Vec<LayerInfo>,
    /// Files written, with their lengths.
    pub written: Vec<(PathBuf, u64)>,
    /// What happened on the way.
    pub notes: Vec<Note>,
}

/// Runs `zscope unwrap`.
///
/// # Errors
/// Those of reading and writing, and a library of several members without one to take. Damage
/// inside the wrappers is in the notes; what came before it is written.
pub fn unwrap(args: &UnwrapArgs) -> io::Result<Unwrapped> {
    let reader: Reader = if args.file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let open = File::open(&args.file);
        Box::new(open.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", args.file.display())))?)
    };
    let is_dir = args.output.is_dir() || args.output.as_os_str().as_encoded_bytes().ends_with(b"/");
    let all = is_dir && args.member.is_none();
    let options = LayerOptions {
        limits: LayerLimits {
            max_ratio: args.max_ratio,
            max_memory: args.max_window.saturating_mul(1 << 20),
            max_bytes: args.max_bytes,
            ..LayerLimits::default()
        },
        member: args.member.clone(),
        tape_file: args.tape_file,
        keep_library: all,
        ..LayerOptions::default()
    };
    let peeled = peel(reader, &options)?;
    let shape = peeled.shape();
    let mut done = Unwrapped { layers: peeled.layers, ..Unwrapped::default() };
    if all {
        if !crate::source::layers::pds::recognise(&peeled.prefix) {
            let text = format!("{} is a directory and the file holds no library", args.output.display());
            return Err(io::Error::new(io::ErrorKind::IsADirectory, text));
        }
        let mut cx = Context::new(options);
        cx.notes = peeled.notes.clone();
        let mut members = Members::new(peeled.reader, &cx)?;
        let names = members.names();
        let shape = members.shape();
        std::fs::create_dir_all(&args.output)?;
        while let Some(n) = members.next_member()? {
            let name = names.get(n).and_then(|n| n.split(' ').next()).unwrap_or_default();
            write_one(args, &args.output.join(file_name(name)), shape, &mut members, &mut done)?;
        }
        let head = members.head().map(|h| h.to_string()).unwrap_or_default();
        done.layers.push(LayerInfo { name: "pds", detail: head, shape, members: names, member: None });
    } else {
        if let Some(l) = done.layers.last()
            && !l.members.is_empty()
            && l.member.is_none()
        {
            let text = match &args.member {
                Some(m) => format!("no member {m}; the library has {}", l.members.join(", ")),
                None => {
                    format!("a library; take one with --member or give a directory: {}", l.members.join(", "))
                }
            };
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut reader = peeled.reader;
        let target = match (&args.member, is_dir) {
            (Some(m), true) => {
                std::fs::create_dir_all(&args.output)?;
                args.output.join(file_name(&m.to_ascii_uppercase()))
            }
            _ => args.output.clone(),
        };
        write_one(args, &target, shape, &mut reader, &mut done)?;
    }
    done.notes = peeled.notes.take();
    Ok(done)
}

/// A member's name as a file name: without what a file system takes for something else.
fn file_name(member: &str) -> String {
    let name: String =
        member.chars().map(|c| if c.is_control() || c == '/' || c == '\\' { '_' } else { c }).collect();
    match name.as_str() {
        "" | "." | ".." => "_".to_owned(),
        _ => name,
    }
}

fn write_one(
    args: &UnwrapArgs,
    target: &Path,
    shape: Option<Shape>,
    reader: &mut dyn Read,
    done: &mut Unwrapped,
) -> io::Result<()> {
    if target == Path::new("-") {
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        let n = copy(args, shape, reader, &mut out)?;
        out.flush()?;
        done.written.push((target.to_owned(), n));
        return Ok(());
    }
    let whole = AtomicFile::create(target).and_then(|f| {
        let mut out = BufWriter::with_capacity(1 << 16, f);
        let n = copy(args, shape, reader, &mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.commit()?;
        Ok(n)
    });
    let n = whole.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", target.display())))?;
    done.written.push((target.to_owned(), n));
    Ok(())
}

fn copy(
    args: &UnwrapArgs,
    shape: Option<Shape>,
    reader: &mut dyn Read,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let mut text = args.text.then(|| Text::new(args.codepage, shape.unwrap_or(Shape::Undefined)));
    let mut buf = vec![0; 128 << 10];
    let mut written = 0;
    loop {
        let n = match reader.read(&mut buf) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let piece = match &mut text {
            None => &buf[..n],
            Some(t) if n > 0 => t.push(&buf[..n]),
            Some(t) => t.finish(),
        };
        out.write_all(piece)?;
        written += piece.len() as u64;
        if n == 0 {
            return Ok(written);
        }
    }
}

/// Translates records that come in pieces of any size to lines.
#[derive(Debug)]
pub struct Text {
    page: CodePage,
    shape: Shape,
    line: String,
    /// Bytes of a record descriptor word that came so far.
    word: Vec<u8>,
    /// Bytes left of the record; for fixed ones, 0 at the start of one.
    left: usize,
    /// True when a line was begun.
    open: bool,
    /// True when the record is the last segment or whole.
    last: bool,
}

impl Text {
    /// A translator at the start of a data set.
    #[must_use]
    pub fn new(page: CodePage, shape: Shape) -> Self {
        let shape = if shape == Shape::Fixed(0) { Shape::Undefined } else { shape };
        Self { page, shape, line: String::new(), word: Vec::new(), left: 0, open: false, last: true }
    }

    /// Lines of the bytes that follow.
    pub fn push(&mut self, mut bytes: &[u8]) -> &[u8] {
        self.line.clear();
        match self.shape {
            Shape::Undefined => {
                self.page.decode_text_into(bytes, &mut self.line);
                self.open = !self.line.ends_with('\n');
            }
            Shape::Fixed(n) => {
                while !bytes.is_empty() {
                    self.left = if self.left == 0 { n as usize } else { self.left };
                    self.data(&mut bytes);
                }
            }
            Shape::Variable => {
                while !bytes.is_empty() {
                    if self.left == 0 {
                        let n = (4 - self.word.len()).min(bytes.len());
                        self.word.extend_from_slice(&bytes[..n]);
                        bytes = &bytes[n..];
                        if self.word.len() < 4 {
                            break;
                        }
                        self.left =
                            (usize::from(self.word[0]) << 8 | usize::from(self.word[1])).saturating_sub(4);
                        self.last = self.word[2] & 3 == 0 || self.word[2] & 3 == 2;
                        self.word.clear();
                        self.open = true;
                        if self.left == 0 {
                            self.end();
                        }
                    } else {
                        self.data(&mut bytes);
                    }
                }
            }
        }
        self.line.as_bytes()
    }

    /// The end of a line that was begun.
    pub fn finish(&mut self) -> &[u8] {
        self.line.clear();
        if std::mem::take(&mut self.open) {
            self.line.push('\n');
        }
        self.line.as_bytes()
    }

    fn data(&mut self, bytes: &mut &[u8]) {
        let n = self.left.min(bytes.len());
        self.page.decode_text_into(&bytes[..n], &mut self.line);
        *bytes = &bytes[n..];
        self.left -= n;
        self.open = true;
        if self.left == 0 {
            self.end();
        }
    }

    fn end(&mut self) {
        if self.last {
            self.line.push('\n');
            self.open = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the real files are; none when they are not there.
    fn captures() -> Option<PathBuf> {
        let p = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures/zos"));
        if !p.is_dir() {
            println!("skipped: {} is missing", p.display());
            return None;
        }
        Some(p)
    }

    fn scratch(name: &str) -> PathBuf {
        let d = std::env::temp_dir().join(format!("zscope-unwrap-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&d);
        std::fs::create_dir_all(&d).unwrap();
        d
    }

    #[test]
    fn text_in_pieces_of_any_size() {
        let v = [0, 6, 0, 0, 0xC8, 0xC9, 0, 4, 0, 0, 0, 5, 1, 0, 0xC1, 0, 5, 2, 0, 0xC2];
        for step in 1..=v.len() {
            let mut t = Text::new(CodePage::Ibm1047, Shape::Variable);
            let mut out = Vec::new();
            v.chunks(step).for_each(|p| out.extend_from_slice(t.push(p)));
            out.extend_from_slice(t.finish());
            assert_eq!(out, b"HI\n\nAB\n", "pieces of {step}");
        }
        let mut t = Text::new(CodePage::Ibm1047, Shape::Fixed(2));
        assert_eq!(t.push(&[0xC1, 0x40, 0xC2]), b"A \nB");
        assert_eq!(t.finish(), b"\n");
        let mut t = Text::new(CodePage::Ibm1047, Shape::Undefined);
        assert_eq!(t.push(&[0xC1, 0x15, 0xC2]), b"A\nB");
        assert_eq!(t.finish(), b"\n");
    }

    #[test]
    fn tersed_data_sets_as_text() {
        let Some(zos) = captures() else { return };
        let dir = scratch("text");
        let mut n = 0;
        for f in std::fs::read_dir(zos.join("terse/ZOSTEXT")).unwrap() {
            let name = f.unwrap().file_name().into_string().unwrap();
            for method in ["PACK", "SPACK"] {
                let mut a =
                    UnwrapArgs::new(zos.join(format!("terse/TERSED/{name}.{method}")), dir.join("out"));
                a.text = true;
                let done = unwrap(&a).unwrap();
                let (got, want) = (
                    std::fs::read(dir.join("out")).unwrap(),
                    std::fs::read(zos.join("terse/ZOSTEXT").join(&name)).unwrap(),
                );
                if name.contains(".A.TXT") && method == "SPACK" {
                    assert!(got.is_empty(), "AMATERSE wrote nothing");
                    continue;
                }
                assert_eq!(done.notes, [], "{name}");
                if got != want {
                    let at = got.iter().zip(&want).position(|(a, b)| a != b);
                    panic!("{name}.{method}: {} and {} bytes, differ at {at:?}", got.len(), want.len());
                }
                n += 1;
            }
        }
        assert!(n > 0);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_transmitted_library() {
        let Some(zos) = captures() else { return };
        let dir = scratch("pds");
        let file = zos.join("xmit/test_pds.xmi");
        let done = unwrap(&UnwrapArgs::new(&file, &dir)).unwrap();
        let mut sizes: Vec<_> = done
            .written
            .iter()
            .map(|(p, n)| (p.file_name().unwrap().to_str().unwrap().to_owned(), *n))
            .collect();
        sizes.sort();
        // As another tool unloads them.
        let want = [("JES2HIST", 6640), ("JES2JPG", 32080), ("SNAKE", 2000), ("XMIT", 2240)];
        assert_eq!(sizes, want.map(|(n, s)| (n.to_owned(), s)));
        assert_eq!(done.notes, []);
        assert_eq!(done.layers.iter().map(|l| l.name).collect::<Vec<_>>(), ["xmit", "pds"]);

        let mut one = UnwrapArgs::new(&file, dir.join("one"));
        let e = unwrap(&one).unwrap_err().to_string();
        assert!(e.contains("SNAKE, JES2JPG, JES2HIST, XMIT"), "{e}");
        one.member = Some("xmit".to_owned());
        one.text = true;
        unwrap(&one).unwrap();
        let text = std::fs::read_to_string(dir.join("one")).unwrap();
        assert_eq!(text.lines().count(), 28);
        assert!(text.starts_with("//"), "{text}");
        one.member = Some("NONE".to_owned());
        assert!(unwrap(&one).is_err());
        assert_eq!(std::fs::read_to_string(dir.join("one")).unwrap(), text, "the old output stays");
        std::fs::remove_dir_all(dir).unwrap();
    }
}
