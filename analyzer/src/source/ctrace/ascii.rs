//! A trace data set that was transferred as text and is therefore ruined.
//!
//! FTP in ASCII mode translates every byte from EBCDIC to ISO 8859-1 (some tables to 7 bits,
//! `iconv` to UTF-8) and puts line ends between records. What survives: X'00' and X'10' stay
//! as they are, so the CTEOFF and the high bytes of CTEFMTID of a packet entry are still
//! `0010 000000`; the id itself becomes X'9C', X'09', X'86', X'7F' or X'97' for 4 to 8; and the
//! interface or job name becomes readable ASCII. Binary fields cannot be brought back with
//! certainty: several bytes share a translation, and line ends were added and removed.

use std::borrow::Cow;

use memchr::memmem;

use crate::source::frame::{AnomalyKind, Finds, Framer, Progress, Window};

/// What is left of CTEOFF and the first three bytes of CTEFMTID.
const STABLE: [u8; 5] = [0x00, 0x10, 0x00, 0x00, 0x00];
/// What becomes of the entry ids 4 to 8.
const IDS: [u8; 5] = [0x9C, 0x09, 0x86, 0x7F, 0x97];
/// How far behind the id a name begins; UTF-8 takes two bytes for many.
const NAME_WITHIN: usize = 56;

/// Counts what looks like translated packet entries.
#[must_use]
pub fn translated_entries(bytes: &[u8]) -> usize {
    memmem::find_iter(bytes, &STABLE).filter(|at| is_translated(&bytes[at + STABLE.len()..])).count()
}

fn is_translated(rest: &[u8]) -> bool {
    let rest = match rest {
        [0xC2, id, rest @ ..] if IDS.contains(id) => rest,
        [id, rest @ ..] if IDS.contains(id) => rest,
        // Tables for seven bits put a substitute where there is no character.
        [0x1A | 0x3F, rest @ ..] => rest,
        _ => return false,
    };
    let near = &rest[..rest.len().min(NAME_WITHIN)];
    near.windows(8).skip(8).any(is_name)
}

/// Eight characters of an ASCII name: a capital letter, name characters, then only blanks.
fn is_name(w: &[u8]) -> bool {
    let end = w.iter().position(|c| *c == b' ').unwrap_or(w.len());
    let (name, blanks) = w.split_at(end);
    name.len() >= 2
        && name[0].is_ascii_uppercase()
        && name
            .iter()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, b'@' | b'#' | b'$'))
        && blanks.iter().all(|c| *c == b' ')
}

/// Reports a ruined transfer. There is nothing to be read.
#[derive(Debug, Default)]
pub struct Ascii {
    start: Option<u64>,
    entries: u64,
}

impl Framer for Ascii {
    fn name(&self) -> Cow<'static, str> {
        "CTRACE, ruined by a text transfer".into()
    }

    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        let start = *self.start.get_or_insert(w.base);
        self.entries += translated_entries(w.bytes) as u64;
        out.tally.skipped_bytes += w.bytes.len() as u64;
        if w.eof {
            let n = self.entries;
            out.anomaly(
                AnomalyKind::AsciiTransfer,
                start,
                w.base + w.bytes.len() as u64 - start,
                format!(
                    "the trace was transferred as text: EBCDIC was translated to ASCII, {n} packet entries \
                     can be told by their names but not read"
                ),
                "transfer the data set again in binary, with `quote site rdw`",
            );
        }
        Progress { consumed: w.bytes.len(), need: 0 }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![("translated entries", self.entries.to_string())]
    }
}
