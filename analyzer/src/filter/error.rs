//! What is wrong with a filter: the text, the exact place, one sentence, and near names.

use std::fmt;
use std::ops::Range;

/// Why a text is not a filter.
///
/// Shown as the reason, the text, a line of carets under the place, and what may have been
/// meant:
///
/// ```text
/// "tcp.prot" is neither a field nor a protocol.
///     tcp.prot == 80
///     ^^^^^^^^
/// Did you mean tcp.port?
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    text: String,
    span: Range<usize>,
    reason: String,
    near: Vec<&'static str>,
}

impl FilterError {
    /// `reason` is a whole sentence; `span` is in bytes of `text`.
    pub(super) fn new(text: &str, span: Range<usize>, reason: impl Into<String>) -> Box<Self> {
        let end = span.end.min(text.len());
        let span = span.start.min(end)..end;
        Box::new(Self { text: text.to_owned(), span, reason: reason.into(), near: Vec::new() })
    }

    /// Adds what may have been meant.
    pub(super) fn near(mut self: Box<Self>, names: Vec<&'static str>) -> Box<Self> {
        self.near = names;
        self
    }

    /// The filter as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the text that are wrong; empty at its end when something is missing there.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// One sentence.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Names that may have been meant, nearest first.
    #[must_use]
    pub fn suggestions(&self) -> &[&'static str] {
        &self.near
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chars = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().count();
        let bytes = self.text.as_bytes();
        let before = chars(&bytes[..self.span.start]);
        let carets = chars(&bytes[self.span.clone()]).max(1);
        // Line breaks and tabs would move the carets away from what they point at.
        let line: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        writeln!(f, "{}\n    {line}", self.reason)?;
        write!(f, "    {:before$}{:^>carets$}", "", "")?;
        match self.near.split_last() {
            None => Ok(()),
            Some((only, [])) => write!(f, "\nDid you mean {only}?"),
            Some((last, rest)) => write!(f, "\nDid you mean {} or {last}?", rest.join(", ")),
        }
    }
}

impl std::error::Error for FilterError {}

/// Result of every step from text to program.
pub(super) type Result<T> = std::result::Result<T, Box<FilterError>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_place() {
        let e = FilterError::new("é == \"ü\"\t", 6..10, "No.");
        assert_eq!(e.to_string(), "No.\n    é == \"ü\" \n         ^^^");
        let e = FilterError::new("ip and", 6..6, "It ends.").near(vec!["a", "b", "c"]);
        assert_eq!(e.to_string(), "It ends.\n    ip and\n          ^\nDid you mean a, b or c?");
        assert_eq!(FilterError::new("x", 7..9, "Far.").span(), 1..1);
    }
}
