//! What is wrong with a command, and where.

use std::fmt;

/// A command that cannot be run: the text it stands in, the place, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What is wrong, a plain sentence without its full stop.
    pub what: String,
    /// Offset of the first wrong character in the command.
    pub at: usize,
    /// Number of wrong characters.
    pub len: usize,
}

/// Characters of the command shown around the place.
const AROUND: usize = 60;

impl Message {
    /// Something wrong with `len` characters at `at`.
    pub fn new(at: usize, len: usize, what: impl Into<String>) -> Self {
        Self { what: what.into(), at, len }
    }

    /// The message with the command above it and the place marked.
    #[must_use]
    pub fn show(&self, command: &str) -> String {
        let chars: Vec<char> = command.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let at = command.get(..self.at).map_or(chars.len(), |b| b.chars().count());
        let from = at.saturating_sub(AROUND);
        let to = (at + self.len.max(1) + AROUND).min(chars.len());
        let before = if from > 0 { "..." } else { "" };
        let after = if to < chars.len() { "..." } else { "" };
        let text: String = chars.get(from..to).unwrap_or_default().iter().collect();
        let blanks = before.len() + at - from;
        let marks = self.len.clamp(1, (to - at.min(to)).max(1));
        format!(
            " {before}{text}{after}\n {:blanks$}{}\n {}, at column {}\n",
            "",
            "^".repeat(marks),
            self.what,
            at + 1
        )
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, at column {}", self.what, self.at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_marked() {
        let m = Message::new(7, 3, "XYZ is not a keyword");
        assert_eq!(m.show("CTRACE XYZ"), " CTRACE XYZ\n        ^^^\n XYZ is not a keyword, at column 8\n");
        let end = Message::new(10, 0, "a parenthesis is missing");
        assert!(end.show("CTRACE (A(").contains("\n           ^\n"), "{}", end.show("CTRACE (A("));
        let long = format!("{}XYZ{}", "A ".repeat(50), " B".repeat(50));
        let text = Message::new(100, 3, "no").show(&long);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].find("XYZ"), lines[1].find('^'));
    }
}
