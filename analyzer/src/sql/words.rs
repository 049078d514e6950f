//! The words of an SQL text: where statements end, which tables and columns they name, and
//! display-filter names with dots put into quotes.
//!
//! `SELECT ip.src FROM packets` is what a Wireshark user writes. SQL would take `ip` for a table, so
//! that such a name is quoted here, unless its first part is a table of the statement.

use std::ops::Range;

use crate::tables::TableKind;

/// Kinds of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A bare identifier or keyword.
    Word,
    /// An identifier in double quotes, backquotes or brackets.
    Quoted,
    /// Anything else that counts.
    Other,
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    at: Range<usize>,
}

/// One statement, ready for the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its text, names with dots in quotes.
    pub sql: String,
    /// Where bytes of `sql` stood in the text as it was written: pairs of offsets, ascending.
    places: Vec<(usize, usize)>,
    /// Identifiers in it, in lower case.
    pub names: Vec<String>,
    /// True when it may mean columns that it does not name (`*`, `NATURAL`).
    pub all: bool,
    /// True when it joins tables by all columns that they have in common.
    pub natural: bool,
    /// Every mention of a table of ours.
    pub tables: Vec<TableKind>,
}

impl Statement {
    /// Where a byte of [`Statement::sql`] stood in the text as it was written.
    #[must_use]
    pub fn place(&self, at: usize) -> usize {
        let (new, old) = self.places.iter().rev().find(|(new, _)| *new <= at).copied().unwrap_or((0, 0));
        old + (at - new)
    }
}

fn tokens(sql: &str) -> Vec<Token> {
    let b = sql.as_bytes();
    let mut all = Vec::new();
    let mut i = 0;
    let until = |from: usize, end: &str| sql[from..].find(end).map_or(b.len(), |n| from + n + end.len());
    while i < b.len() {
        let start = i;
        let kind = match b[i] {
            c if c.is_ascii_whitespace() => {
                i += 1;
                continue;
            }
            b'-' if b.get(i + 1) == Some(&b'-') => {
                i = until(i, "\n");
                continue;
            }
            b'/' if b.get(i + 1) == Some(&b'*') => {
                i = until(i + 2, "*/");
                continue;
            }
            b'\'' => {
                i = end_of_quoted(b, i, b'\'');
                Kind::Other
            }
            q @ (b'"' | b'`') => {
                i = end_of_quoted(b, i, q);
                Kind::Quoted
            }
            b'[' => {
                i = until(i, "]");
                Kind::Quoted
            }
            c if c.is_ascii_alphabetic() || c == b'_' || c >= 0x80 => {
                while i < b.len()
                    && (b[i].is_ascii_alphanumeric() || matches!(b[i], b'_' | b'$') || b[i] >= 0x80)
                {
                    i += 1;
                }
                Kind::Word
            }
            c if c.is_ascii_digit() => {
                while i < b.len() && (b[i].is_ascii_alphanumeric() || b[i] == b'.') {
                    i += 1;
                }
                Kind::Other
            }
            _ => {
                i += 1;
                Kind::Other
            }
        };
        all.push(Token { kind, at: start..i });
    }
    all
}

/// The end of a quoted text, in which the quote itself is written twice.
fn end_of_quoted(b: &[u8], start: usize, quote: u8) -> usize {
    let mut i = start + 1;
    while i < b.len() {
        if b[i] == quote {
            if b.get(i + 1) != Some(&quote) {
                return i + 1;
            }
            i += 1;
        }
        i += 1;
    }
    b.len()
}

/// The statements of an SQL text. `known` says whether a name is a column or field.
#[must_use]
pub fn statements(sql: &str, known: impl Fn(&str) -> bool) -> Vec<Statement> {
    let all = tokens(sql);
    all.split(|t| &sql[t.at.clone()] == ";")
        .filter(|t| !t.is_empty())
        .map(|t| statement(sql, t, &known))
        .collect()
}

fn statement(sql: &str, tokens: &[Token], known: &impl Fn(&str) -> bool) -> Statement {
    let text = |t: &Token| &sql[t.at.clone()];
    let own = aliases(sql, tokens);
    let first = tokens[0].at.start;
    let mut s = Statement {
        sql: String::new(),
        places: vec![(0, first)],
        names: Vec::new(),
        all: false,
        natural: false,
        tables: Vec::new(),
    };
    let mut copied = first;
    let mut i = 0;
    while i < tokens.len() {
        let n = chain(sql, &tokens[i..]);
        let words = &tokens[i..i + n.max(1)];
        i += words.len();
        if n == 0 {
            match text(&words[0]) {
                "*" => s.all = true,
                quoted if words[0].kind == Kind::Quoted => {
                    let inner = &quoted[1..quoted.len().max(2) - 1];
                    s.names.push(inner.replace("\"\"", "\"").to_ascii_lowercase());
                }
                _ => {}
            }
            continue;
        }
        let span = words[0].at.start..words[n - 1].at.end;
        let name = &sql[span.clone()];
        let lower = name.to_ascii_lowercase();
        if n == 1 {
            if lower == "natural" {
                (s.natural, s.all) = (true, true);
            }
            s.tables.extend(TableKind::of(name));
            s.names.push(lower);
            continue;
        }
        // A dot between words: a field's name, or a table's column.
        let head = text(&words[0]).to_ascii_lowercase();
        let column = if !own.contains(&head) && known(&lower) { span.start } else { words[2].at.start };
        let name = &sql[column..span.end];
        s.names.push(name.to_ascii_lowercase());
        if name.contains('.') && known(&name.to_ascii_lowercase()) {
            s.sql.push_str(&sql[copied..column]);
            s.sql.push('"');
            s.places.push((s.sql.len(), column));
            s.sql.push_str(name);
            s.sql.push('"');
            s.places.push((s.sql.len(), span.end));
            copied = span.end;
        }
    }
    let end = tokens[tokens.len() - 1].at.end;
    s.sql.push_str(&sql[copied..end]);
    s
}

/// How many of the first tokens are bare words with nothing but single dots between them; words
/// and dots count.
fn chain(sql: &str, tokens: &[Token]) -> usize {
    let mut n = 0;
    while let Some(t) = tokens.get(n) {
        let joins = n == 0 || tokens[n - 1].at.end == t.at.start;
        let fits = if n % 2 == 0 { t.kind == Kind::Word } else { &sql[t.at.clone()] == "." };
        if !fits || !joins {
            break;
        }
        n += 1;
    }
    if n % 2 == 0 { n.saturating_sub(1) } else { n }
}

/// Names that the statement gives to tables, and those of tables themselves.
fn aliases(sql: &str, tokens: &[Token]) -> Vec<String> {
    const NO_ALIAS: [&str; 22] = [
        "where",
        "join",
        "left",
        "right",
        "full",
        "inner",
        "cross",
        "natural",
        "outer",
        "on",
        "using",
        "group",
        "order",
        "limit",
        "having",
        "union",
        "intersect",
        "except",
        "as",
        "window",
        "not",
        "indexed",
    ];
    let word = |t: Option<&Token>| {
        t.filter(|t| t.kind == Kind::Word).map(|t| sql[t.at.clone()].to_ascii_lowercase())
    };
    let mut all: Vec<String> = TableKind::ALL.iter().map(|t| t.name().to_owned()).collect();
    all.extend(["main", "temp"].map(str::to_owned));
    for (i, t) in tokens.iter().enumerate() {
        let Some(w) = word(Some(t)) else { continue };
        let next = word(tokens.get(i + 1)).filter(|n| !NO_ALIAS.contains(&n.as_str()));
        if w == "as" {
            all.extend(next);
            // WITH name AS ( ...
            if i > 0 {
                all.extend(word(tokens.get(i - 1)));
            }
        } else if TableKind::of(&w).is_some() {
            all.extend(next);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(n: &str) -> bool {
        ["ip.src", "tcp.analysis.ack_rtt", "ip.dst"].contains(&n)
    }

    fn one(sql: &str) -> Statement {
        statements(sql, known).remove(0)
    }

    #[test]
    fn field_names_are_quoted() {
        let s = one("SELECT ip.src, p.tcp.analysis.ack_rtt, p.len, 'ip.src' -- ip.dst\n FROM packets p");
        assert_eq!(
            s.sql,
            "SELECT \"ip.src\", p.\"tcp.analysis.ack_rtt\", p.len, 'ip.src' -- ip.dst\n FROM packets p"
        );
        assert_eq!(s.tables, [TableKind::Packets]);
        for n in ["ip.src", "tcp.analysis.ack_rtt", "len"] {
            assert!(s.names.iter().any(|x| x == n), "{n}");
        }
        assert!(!s.all);
        // A table called like a protocol keeps its columns.
        assert_eq!(one("SELECT ip.src FROM packets ip").sql, "SELECT ip.src FROM packets ip");
        assert_eq!(one("SELECT \"ip.src\" FROM packets").sql, "SELECT \"ip.src\" FROM packets");
    }

    #[test]
    fn places_lead_back() {
        let text = "SELECT ip.src,\n ip.dst, nonsense FROM packets";
        let s = one(text);
        assert_eq!(s.place(s.sql.find("nonsense").unwrap()), text.find("nonsense").unwrap());
        assert_eq!(s.place(s.sql.find("ip.dst").unwrap()), text.find("ip.dst").unwrap());
    }

    #[test]
    fn statements_end_with_semicolons() {
        let all = statements("; SELECT ';' ; /* ; */ SELECT * FROM records;", known);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].sql, "SELECT ';'");
        assert_eq!((all[1].sql.as_str(), all[1].all), ("SELECT * FROM records", true));
        assert!(statements("-- nothing", known).is_empty());
    }
}
