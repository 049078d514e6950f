//! SYSTCPRE: the body of a resolver trace entry (id X'000A0002', TRACERES).
//!
//! IPCS prints ASID, TCB, job name and CID of an entry and then lines of the formatted
//! resolver trace. The layout is not published, so the text is found by what it looks like:
//! runs of printable EBCDIC. The first run that could be a job name and comes before any
//! longer text is taken as the job (inferred). Source: IP Diagnosis Guide, "Formatting the
//! CTRACE TRACERES option".

use std::fmt;

use super::name::{self, Name, TextRuns};

/// The shortest run of printable characters that counts as text.
pub const MIN_TEXT: usize = 4;
/// The job name is looked for in this many bytes at the start (inferred: the four printed
/// fields need 18 to 24).
const HEADER_AREA: usize = 32;

/// The body of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolverEntry<'a> {
    body: &'a [u8],
}

impl<'a> ResolverEntry<'a> {
    /// From an entry's data, whatever it holds.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// Every byte of the body.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.body
    }

    /// Runs of text: offset and EBCDIC bytes.
    #[must_use]
    pub const fn text(&self) -> TextRuns<'a> {
        TextRuns::new(self.body, MIN_TEXT)
    }

    /// What seems to be the job name (inferred), with its offset.
    #[must_use]
    pub fn job(&self) -> Option<(usize, Name<8>)> {
        (0..HEADER_AREA.min(self.body.len()).saturating_sub(7)).find_map(|at| {
            let n = Name::<8>::from_bytes(&self.body[at..])?;
            let first = *n.0.first()?;
            let letter = name::to_char(first).is_ascii_uppercase();
            let end = n.trimmed().len();
            let padded = n.0[end..].iter().all(|b| *b == 0x40);
            (letter && end >= 2 && padded && n.is_plausible()).then_some((at, n))
        })
    }

    /// The lines of the formatted trace: runs behind the job name, split at EBCDIC new lines.
    pub fn lines(&self) -> impl Iterator<Item = String> + 'a {
        let from = self.job().map_or(0, |(at, _)| at + 8);
        TextRuns::new(self.body.get(from..).unwrap_or_default(), MIN_TEXT).map(|(_, run)| name::text(run))
    }
}

impl fmt::Display for ResolverEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, job)) = self.job() {
            write!(f, "{job}: ")?;
        }
        for (n, line) in self.lines().enumerate() {
            if n > 0 {
                f.write_str(" | ")?;
            }
            f.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_job_and_lines() {
        // ASID 0041, TCB 007FF0C0, job FTPD1, CID 0000002A, "GetHostByName" NL "Started".
        let mut b = vec![0x00, 0x41, 0x00, 0x7F, 0xF0, 0xC0];
        b.extend([0xC6, 0xE3, 0xD7, 0xC4, 0xF1, 0x40, 0x40, 0x40, 0, 0, 0, 0x2A]);
        b.extend([0xC7, 0x85, 0xA3, 0xC8, 0x96, 0xA2, 0xA3, 0xC2, 0xA8, 0xD5, 0x81, 0x94, 0x85, 0x15]);
        b.extend([0xE2, 0xA3, 0x81, 0x99, 0xA3, 0x85, 0x84]);
        let e = ResolverEntry::new(&b);
        assert_eq!(e.job().map(|(at, n)| (at, n.to_string())), Some((6, "FTPD1".into())));
        assert_eq!(e.lines().collect::<Vec<_>>(), ["GetHostByName", "Started"]);
        assert_eq!(e.to_string(), "FTPD1: GetHostByName | Started");
        for n in 0..b.len() {
            let _ = ResolverEntry::new(&b[..n]).to_string();
        }
    }
}
