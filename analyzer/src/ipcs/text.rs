//! Commands as they are typed: lines, continuation, and the words of a command.
//!
//! A line that ends with `+` or `-` goes on in the next one, as in TSO: `-` keeps the blanks that
//! the next line begins with, `+` drops them. Words stand between blanks and commas; a word may
//! carry operands in parentheses, which nest. `/* */` is a comment, `'...'` a string.

use super::message::Message;

/// Parentheses nest this deep at most.
const MAX_DEPTH: usize = 16;
/// A command may be this long.
pub const MAX_COMMAND: usize = 64 << 10;

/// A word with its operands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// As it was typed, quotes removed; empty for a bare parenthesis.
    pub text: String,
    /// True for a string in quotes.
    pub quoted: bool,
    /// Offset in the command.
    pub at: usize,
    /// Its length there, operands not counted.
    pub len: usize,
    /// What stands in parentheses behind it.
    pub args: Option<Vec<Self>>,
}

impl Item {
    /// The word in upper case.
    #[must_use]
    pub fn upper(&self) -> String {
        self.text.to_ascii_uppercase()
    }

    /// Its operands, none without parentheses.
    #[must_use]
    pub fn args(&self) -> &[Self] {
        self.args.as_deref().unwrap_or_default()
    }

    /// Something wrong with this word.
    pub fn wrong(&self, what: impl Into<String>) -> Message {
        Message::new(self.at, self.len, what)
    }
}

/// Joins continued lines into commands.
#[derive(Debug, Default)]
pub struct Lines {
    pending: String,
    /// The last line ended with `+`: leading blanks of the next one go.
    strip: bool,
    open: bool,
}

impl Lines {
    /// Takes a line; returns the command when it is complete. Empty lines are no command.
    pub fn push(&mut self, line: &str) -> Option<String> {
        let line = line.trim_end();
        let line = if self.strip { line.trim_start() } else { line };
        let (body, more, strip) = match line.strip_suffix('+') {
            Some(b) => (b, true, true),
            None => match line.strip_suffix('-') {
                Some(b) => (b, true, false),
                None => (line, false, false),
            },
        };
        self.pending.push_str(body);
        self.strip = strip;
        self.open = more && self.pending.len() < MAX_COMMAND;
        if self.open { None } else { self.finish() }
    }

    /// True between a continued line and the next.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// What is left at the end of the input.
    pub fn finish(&mut self) -> Option<String> {
        (self.open, self.strip) = (false, false);
        let text = std::mem::take(&mut self.pending);
        (!text.trim().is_empty()).then_some(text)
    }
}

/// The words of a command.
pub fn parse(command: &str) -> Result<Vec<Item>, Message> {
    if command.len() > MAX_COMMAND {
        return Err(Message::new(0, 1, format!("the command is longer than {MAX_COMMAND} characters")));
    }
    let mut p = Parser { text: command, at: 0 };
    let items = p.items(0)?;
    match p.peek() {
        None => Ok(items),
        Some(_) => Err(Message::new(p.at, 1, "this closing parenthesis has no opening one")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self) -> Result<(), Message> {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
            self.at += blanks;
            if !self.rest().starts_with("/*") {
                return Ok(());
            }
            match self.rest().find("*/") {
                Some(n) => self.at += n + 2,
                // TSO takes a comment to the end of the line without its end.
                None => self.at = self.text.len(),
            }
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Item>, Message> {
        if depth > MAX_DEPTH {
            return Err(Message::new(self.at.saturating_sub(1), 1, "parentheses are nested too deep"));
        }
        let mut all: Vec<Item> = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                None | Some(')') => return Ok(all),
                Some('(') => {
                    let open = self.at;
                    let args = self.group(depth)?;
                    // Operands may stand behind a blank.
                    match all.last_mut().filter(|i| i.args.is_none() && depth == 0 && !i.quoted) {
                        Some(i) => i.args = Some(args),
                        None => all.push(Item { at: open, len: 1, args: Some(args), ..Item::default() }),
                    }
                }
                Some(_) => {
                    let mut item = self.word()?;
                    if self.peek() == Some('(') {
                        item.args = Some(self.group(depth)?);
                    }
                    all.push(item);
                }
            }
        }
    }

    fn group(&mut self, depth: usize) -> Result<Vec<Item>, Message> {
        let open = self.at;
        self.at += 1;
        let items = self.items(depth + 1)?;
        if self.peek() != Some(')') {
            return Err(Message::new(open, 1, "the closing parenthesis of this one is missing"));
        }
        self.at += 1;
        Ok(items)
    }

    /// A word, or a string with what stands directly before and behind its quotes (X'0A').
    fn word(&mut self) -> Result<Item, Message> {
        let start = self.at;
        let mut text = String::new();
        let mut quoted = false;
        while let Some(c) = self.peek() {
            match c {
                '\'' => {
                    let open = self.at;
                    quoted = self.at == start;
                    self.at += 1;
                    if !quoted {
                        text.push('\'');
                    }
                    self.string(open, &mut text)?;
                    if !quoted {
                        text.push('\'');
                    }
                }
                '(' | ')' | ',' => break,
                c if c.is_whitespace() => break,
                '/' if self.rest().starts_with("/*") => break,
                c => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        Ok(Item { text, quoted, at: start, len: self.at - start, args: None })
    }

    /// The inside of a string; two quotes stand for one.
    fn string(&mut self, open: usize, text: &mut String) -> Result<(), Message> {
        loop {
            let Some(n) = self.rest().find('\'') else {
                return Err(Message::new(open, 1, "the closing quote of this string is missing"));
            };
            text.push_str(&self.text[self.at..self.at + n]);
            self.at += n + 1;
            if self.peek() != Some('\'') {
                return Ok(());
            }
            text.push('\'');
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(items: &[Item]) -> String {
        let one = |i: &Item| match &i.args {
            Some(a) => format!("{}({})", i.text, flat(a)),
            None => i.text.clone(),
        };
        items.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_and_operands() {
        let all = |t| flat(&parse(t).unwrap());
        assert_eq!(all("CTRACE COMP(SYSTCPDA) SUB((TCPCS))"), "CTRACE COMP(SYSTCPDA) SUB((TCPCS))");
        assert_eq!(all("a b(1,2,) /* no */ c('x''y z')"), "a b(1 2) c(x'y z)");
        assert_eq!(all("OPTIONS ((A B)) /* open"), "OPTIONS((A B))");
        assert_eq!(all("IP(10.1.0.2/255.255.0.0-23 X'0A01')"), "IP(10.1.0.2/255.255.0.0-23 X'0A01')");
        assert_eq!(all("START(11/22/26,08.00.00.123456)"), "START(11/22/26 08.00.00.123456)");
    }

    #[test]
    fn what_does_not_close_is_shown_where_it_opened() {
        assert_eq!(parse("A (B").unwrap_err().at, 2);
        assert_eq!(parse("A 'B").unwrap_err().at, 2);
        assert_eq!(parse("A) B").unwrap_err().at, 1);
        assert!(parse(&"(".repeat(40)).is_err());
    }

    #[test]
    fn lines_go_on() {
        let mut l = Lines::default();
        assert_eq!(l.push("CTRACE COMP(SYSTC+"), None);
        assert_eq!(l.push("   PDA) -"), None);
        assert!(l.is_open());
        assert_eq!(l.push("  SHORT"), Some("CTRACE COMP(SYSTCPDA)   SHORT".into()));
        assert_eq!(l.push("   "), None);
        assert!(!l.is_open());
        assert_eq!(l.push("END -"), None);
        assert_eq!(l.finish(), Some("END ".into()));
        assert_eq!(l.finish(), None);
    }
}
