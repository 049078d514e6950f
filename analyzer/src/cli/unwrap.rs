//! `zscope unwrap`: the data set inside its wrappers.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use formats::ebcdic::CodePage;

use crate::export::atomic::AtomicFile;
use crate::source::layers::{self, Limits, Records, Stream};

/// `zscope unwrap FILE -o OUT [--text]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The wrapped file, `-` for standard input
    file: PathBuf,
    /// Where to
    #[arg(short = 'o', value_name = "OUT")]
    out: PathBuf,
    /// Translate from EBCDIC, one line a record
    #[arg(long)]
    text: bool,
    /// Code page of the text: 37, 500, 1047 or 1140
    #[arg(long, default_value_t = 1047, value_name = "N")]
    codepage: u16,
    /// Bytes that the file may unpack to for each of its own
    #[arg(long, value_name = "N")]
    max_ratio: Option<u64>,
}

/// Bytes handled at once.
const CHUNK: usize = 256 << 10;

/// Runs the command.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    let name = a.file.display();
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{name}: {e}"));
    let input: Stream = if a.file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        match File::open(&a.file) {
            Ok(f) => Box::new(f),
            Err(e) => {
                eprintln!("zscope: {name}: {e}");
                return Ok(ExitCode::from(1));
            }
        }
    };
    let page = CodePage::from_number(a.codepage).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("code page {} is not known", a.codepage))
    })?;
    let limits = a.max_ratio.map_or(Limits::default(), |max_ratio| Limits { max_ratio });
    let peeled = layers::peel(input, limits).map_err(named)?;
    if peeled.layers.is_empty() {
        eprintln!("zscope: {name}: is in no wrapper that zscope knows; copied as it is");
    }
    let records = peeled.layers.last().map_or(Records::Unknown, |l| l.records);
    let mut inside = io::Cursor::new(peeled.prefix).chain(peeled.input);
    let mut out = BufWriter::with_capacity(CHUNK, AtomicFile::create(&a.out)?);
    let bytes =
        if a.text { text(&mut inside, &mut out, records, page)? } else { copy(&mut inside, &mut out)? };
    out.into_inner().map_err(io::IntoInnerError::into_error)?.commit()?;
    for l in &peeled.layers {
        eprintln!("zscope: {name}: {l}");
    }
    let notes = layers::take_notes(&peeled.notes);
    for n in &notes {
        eprintln!("zscope: {name}: {}{}{}", n.detail, if n.advice.is_empty() { "" } else { "; " }, n.advice);
    }
    eprintln!("zscope: {}: {bytes} bytes", a.out.display());
    Ok(ExitCode::SUCCESS)
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<u64> {
    let mut buf = vec![0; CHUNK];
    let mut total = 0;
    loop {
        match from.read(&mut buf) {
            Ok(0) => return Ok(total),
            Ok(n) => {
                to.write_all(&buf[..n])?;
                total += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Translates records and ends each with a line feed. Without records, the text's own line ends
/// stand.
fn text(from: &mut impl Read, to: &mut impl Write, records: Records, page: CodePage) -> io::Result<u64> {
    let mut total = 0;
    let mut line = String::new();
    let mut record = Vec::new();
    loop {
        let len = match records {
            Records::Fixed(lrecl) if lrecl > 0 => lrecl as usize,
            Records::Variable => {
                record.clear();
                if from.by_ref().take(4).read_to_end(&mut record)? < 4 {
                    return Ok(total);
                }
                usize::from(u16::from_be_bytes([record[0], record[1]])).saturating_sub(4)
            }
            _ => CHUNK,
        };
        record.clear();
        let got = from.by_ref().take(len as u64).read_to_end(&mut record)?;
        if got == 0 && (len > 0 || records != Records::Variable) {
            return Ok(total);
        }
        line.clear();
        if matches!(records, Records::Unknown) {
            page.decode_text_into(&record, &mut line);
        } else {
            page.decode_into(&record, &mut line);
            line.push('\n');
        }
        to.write_all(line.as_bytes())?;
        total += line.len() as u64;
    }
}
