//! The tables of known differences from tshark, and their rendering for people.
//!
//! One line each, four columns with tabs between: file below the captures folder, frame number
//! or `*`, field, reason. `*` for the frame stands for any number of frames of that file, `*` for
//! the field for any field. The field is `(open)` for a file that only one of the programs reads, and `(frames)` for a
//! different number of frames. In the table of filters a filter stands in the field's place.

use crate::{table, workspace};
use std::collections::{BTreeMap, BTreeSet};

/// One known difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Path below the captures folder.
    pub file: String,
    /// Frame number; `None` stands for any.
    pub frame: Option<u64>,
    /// Field name.
    pub field: String,
    /// Why it is right that the two differ.
    pub reason: String,
}

/// The whole table.
#[derive(Debug, Clone, Default)]
pub struct Differences {
    rows: Vec<Difference>,
    used: Vec<bool>,
    /// Rows by file, so that a lookup does not read the whole table.
    by_file: BTreeMap<String, Vec<usize>>,
}

impl Differences {
    /// Reads the table.
    ///
    /// # Errors
    /// The number and the text of the first line that is not a row.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Self::default();
        for (n, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || format!("line {}: {line:?} is not file, frame, field, reason", n + 1);
            let cells: Vec<&str> = line.split('\t').collect();
            let [file, frame, field, reason] = cells[..] else { return Err(wrong()) };
            let frame = if frame == "*" { None } else { Some(frame.parse().map_err(|_| wrong())?) };
            if reason.trim().is_empty() {
                return Err(wrong());
            }
            let [file, field, reason] = [file, field, reason].map(str::to_owned);
            all.by_file.entry(file.clone()).or_default().push(all.rows.len());
            all.rows.push(Difference { file, frame, field, reason });
        }
        all.used = vec![false; all.rows.len()];
        Ok(all)
    }

    /// Reads the table of that name in `tests/peers`.
    ///
    /// # Panics
    /// When it is not there or not well formed.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let path = workspace::root().join("tests/peers").join(name);
        let text = std::fs::read_to_string(&path).expect("the table is there");
        Self::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    /// True when the difference is in the table, which is then marked as still needed.
    pub fn known(&mut self, file: &str, frame: u64, field: &str) -> bool {
        let mut found = false;
        for &i in self.by_file.get(file).into_iter().flatten() {
            let row = &self.rows[i];
            if (row.field == field || row.field == "*") && row.frame.is_none_or(|f| f == frame) {
                self.used[i] = true;
                found = true;
            }
        }
        found
    }

    /// Rows of which nothing was seen; they must go.
    #[must_use]
    pub fn unused(&self) -> Vec<&Difference> {
        self.rows.iter().zip(&self.used).filter(|(_, used)| !**used).map(|(row, _)| row).collect()
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Difference] {
        &self.rows
    }

    /// The tables of fields, of fields of applications, of fields that depend on earlier packets,
    /// of filters, and of conversations, as a page of documentation.
    #[must_use]
    pub fn page([fields, apps, analysis, filters, sessions]: [&Self; 5]) -> String {
        let [fields, apps, analysis] = [fields, apps, analysis].map(|t| t.by_reason("fields"));
        let (filters, sessions) = (filters.by_reason("filters"), sessions.by_reason("tables"));
        let changing = format!("{ANALYSIS}{analysis}\n{FILTERS}{filters}\n{SESSIONS}{sessions}");
        format!("{HEAD}{fields}\n{APPS}{apps}\n{changing}")
    }

    /// One row for each reason.
    fn by_reason(&self, what: &str) -> String {
        let mut by_reason: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
        for row in &self.rows {
            let (fields, files) = by_reason.entry(&row.reason).or_default();
            fields.insert(&row.field);
            files.insert(&row.file);
        }
        let mut rows = vec![["why", what, "files"].map(str::to_owned).to_vec()];
        for (reason, (fields, files)) in &by_reason {
            let fields: Vec<String> = fields.iter().map(|f| format!("`{f}`")).collect();
            rows.push(vec![(*reason).to_owned(), fields.join(", "), shortened(files)]);
        }
        if self.rows.is_empty() { "There are none.\n".to_owned() } else { table::markdown(&rows) }
    }
}

const HEAD: &str = "\
# zscope and Wireshark

Where Wireshark has a name for a field, zscope uses that name, and `zscope packets -T fields`
prints for it what `tshark -T fields` prints. Filters select the same packets. Tests hold both
over a large collection of captures: the fields of every frame whose protocols are dissected
here, and every filter of `tests/peers/filters.txt`.

The differences below are known and meant; the files and frames are listed in
`tests/peers/tshark-differences.tsv` and `tests/peers/filter-differences.tsv`, from which a test
makes this page. The peer is tshark 4.0.

## Fields

`(open)` is a file that only one of the programs reads, `(frames)` a different number of frames.

";

const ANALYSIS: &str = "\
## TCP analysis

Fields that depend on the packets before: `tcp.stream`, relative numbers, scaled windows, times
within a connection, everything under `tcp.analysis`, and `udp.stream`. They are compared for
every frame of every capture up to the first one that carries TCP or UDP inside a protocol that is
not dissected here; the table is `tests/peers/tcp-analysis-differences.tsv`.

";

const APPS: &str = "\
## Application protocols

Fields of `tests/peers/app-fields.txt`; files and frames in `tests/peers/app-differences.tsv`.

";

const FILTERS: &str = "\
## Filters

";

const SESSIONS: &str = "\
## Conversations

`zscope sessions --kind tcp|udp --json` has the conversations of `tshark -q -z conv,tcp` and
`conv,udp`: ends in the same order, packets and bytes each way, start and duration. The differences
are listed in `tests/peers/sessions-differences.tsv`.

";

/// The first files, and how many more there are.
fn shortened(files: &BTreeSet<&str>) -> String {
    let mut text: Vec<String> = files.iter().take(3).map(|f| format!("`{f}`")).collect();
    if files.len() > 3 {
        text.push(format!("and {} more", files.len() - 3));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_matched_and_unused_ones_are_named() {
        let text = "# file\tframe\tfield\treason\na.pcap\t*\tip.len\tA\nb.pcap\t3\ttcp.len\tB\n";
        let mut d = Differences::parse(text).expect("well formed");
        assert!(d.known("a.pcap", 9, "ip.len"));
        assert!(!d.known("a.pcap", 9, "ip.id"));
        assert!(!d.known("b.pcap", 4, "tcp.len"));
        assert_eq!(d.unused().iter().map(|r| &r.file[..]).collect::<Vec<_>>(), ["b.pcap"]);
        let none = Differences::default();
        let page = Differences::page([&d, &none, &none, &none, &none]);
        assert!(page.contains("| A   | `ip.len`  | `a.pcap` |"), "{page}");
        assert!(page.contains("## Filters\n\nThere are none.\n"));
    }

    #[test]
    fn a_row_without_a_reason_is_refused() {
        assert!(Differences::parse("a.pcap\t*\tip.len\t \n").is_err());
        assert!(Differences::parse("a.pcap\tx\tip.len\tA\n").is_err());
    }
}
