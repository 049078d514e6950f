//! Text to tokens, one at a time, the longest match first (wireshark-filter(4); the token shapes
//! are those of Wireshark 4.0's scanner).
//!
//! A bare word may be a field, a number, an address or bytes: what it is depends on what it is
//! compared with, so the checker decides. Names may hold hyphens, which is why a minus sign
//! wants a blank in front of it.

use std::net::Ipv6Addr;

use super::ast::{Cmp, End, Part, Quant, Span};
use super::error::{FilterError, Result};

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub enum Tok {
    /// A bare word.
    Word,
    /// `.name`: a field for sure.
    DotWord,
    /// `:value`: a value for sure.
    Literal(String),
    /// A quoted string.
    Text(Vec<u8>),
    /// A quoted character.
    Char(u32),
    LParen,
    RParen,
    LBrace,
    RBrace,
    LBracket,
    RBracket,
    Comma,
    DotDot,
    Dollar,
    Hash,
    /// What stands between brackets, or after a hash.
    Part(Part),
    Any,
    All,
    Compare(Cmp, Quant),
    Contains,
    Matches,
    In,
    Not,
    And,
    Or,
    Xor,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    BitAnd,
    End,
}

/// What the next characters mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Normal,
    /// Behind a hash.
    Layer,
    /// Between brackets.
    Range,
}

/// Reads tokens from a filter.
#[derive(Debug)]
pub struct Lexer<'t> {
    text: &'t str,
    at: usize,
    mode: Mode,
}

/// Keywords; some of them are spelt like names.
const WORDS: &[(&str, Tok)] = &[
    ("any", Tok::Any),
    ("all", Tok::All),
    ("eq", Tok::Compare(Cmp::Eq, Quant::Any)),
    ("any_eq", Tok::Compare(Cmp::Eq, Quant::Any)),
    ("all_eq", Tok::Compare(Cmp::Eq, Quant::All)),
    ("ne", Tok::Compare(Cmp::Ne, Quant::All)),
    ("all_ne", Tok::Compare(Cmp::Ne, Quant::All)),
    ("any_ne", Tok::Compare(Cmp::Ne, Quant::Any)),
    ("gt", Tok::Compare(Cmp::Gt, Quant::Any)),
    ("ge", Tok::Compare(Cmp::Ge, Quant::Any)),
    ("lt", Tok::Compare(Cmp::Lt, Quant::Any)),
    ("le", Tok::Compare(Cmp::Le, Quant::Any)),
    ("contains", Tok::Contains),
    ("matches", Tok::Matches),
    ("in", Tok::In),
    ("not", Tok::Not),
    ("and", Tok::And),
    ("or", Tok::Or),
    ("xor", Tok::Xor),
    ("bitwise_and", Tok::BitAnd),
    ("bitand", Tok::BitAnd),
];

/// True for an operator in the wrong letters.
pub fn is_shouted(word: &str) -> bool {
    let small = word.to_ascii_lowercase();
    small != word && WORDS.iter().any(|(w, _)| *w == small)
}

/// Signs, longer ones before their beginnings.
const SIGNS: &[(&str, Tok)] = &[
    ("===", Tok::Compare(Cmp::Eq, Quant::All)),
    ("!==", Tok::Compare(Cmp::Ne, Quant::Any)),
    ("==", Tok::Compare(Cmp::Eq, Quant::Any)),
    ("!=", Tok::Compare(Cmp::Ne, Quant::All)),
    ("~=", Tok::Compare(Cmp::Ne, Quant::Any)),
    (">=", Tok::Compare(Cmp::Ge, Quant::Any)),
    ("<=", Tok::Compare(Cmp::Le, Quant::Any)),
    ("&&", Tok::And),
    ("||", Tok::Or),
    ("^^", Tok::Xor),
    ("..", Tok::DotDot),
    (">", Tok::Compare(Cmp::Gt, Quant::Any)),
    ("<", Tok::Compare(Cmp::Lt, Quant::Any)),
    ("~", Tok::Matches),
    ("!", Tok::Not),
    ("&", Tok::BitAnd),
    ("(", Tok::LParen),
    (")", Tok::RParen),
    ("{", Tok::LBrace),
    ("}", Tok::RBrace),
    (",", Tok::Comma),
    ("$", Tok::Dollar),
    ("+", Tok::Plus),
    ("-", Tok::Minus),
    ("*", Tok::Star),
    ("/", Tok::Slash),
    ("%", Tok::Percent),
];

impl<'t> Lexer<'t> {
    /// Reads `text` from its start.
    pub const fn new(text: &'t str) -> Self {
        Self { text, at: 0, mode: Mode::Normal }
    }

    fn error<T>(&self, span: Span, reason: impl Into<String>) -> Result<T> {
        Err(FilterError::new(self.text, span, reason))
    }

    /// The next token and where it stands.
    pub fn next(&mut self) -> Result<(Tok, Span)> {
        match self.mode {
            Mode::Normal => self.normal(),
            Mode::Layer => self.layer(),
            Mode::Range => self.range(),
        }
    }

    fn normal(&mut self) -> Result<(Tok, Span)> {
        let rest = &self.text.as_bytes()[self.at..];
        let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += blanks;
        let start = self.at;
        let text = &self.text[start..];
        let bytes = text.as_bytes();
        let Some(&first) = bytes.first() else {
            return Ok((Tok::End, start..start));
        };
        match first {
            b'"' => return self.string(start, 1, false),
            b'r' | b'R' if bytes.get(1) == Some(&b'"') => return self.string(start, 2, true),
            b'\'' => return self.character(start),
            b'#' => {
                self.mode = Mode::Layer;
                self.at += 1;
                return Ok((Tok::Hash, start..self.at));
            }
            b'[' => {
                self.mode = Mode::Range;
                self.at += 1;
                return Ok((Tok::LBracket, start..self.at));
            }
            _ => {}
        }
        let (len, tok) = word(text);
        if len > 0 {
            self.at += len;
            return Ok((tok, start..self.at));
        }
        for (sign, tok) in SIGNS {
            if text.starts_with(sign) {
                self.at += sign.len();
                return Ok((tok.clone(), start..self.at));
            }
        }
        let c = text.chars().next().unwrap_or(' ');
        let span = start..start + c.len_utf8();
        match c {
            '=' => self.error(span, "\"=\" is not an operator; equality is \"==\"."),
            '|' => self.error(span, "\"|\" is not an operator; the logical or is \"||\"."),
            c if c.is_ascii_graphic() => self.error(span, format!("\"{c}\" was not expected here.")),
            _ => self.error(span, "Other than ASCII characters may only stand between double quotes."),
        }
    }

    fn layer(&mut self) -> Result<(Tok, Span)> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        if rest.first() == Some(&b'[') {
            self.mode = Mode::Range;
            self.at += 1;
            return Ok((Tok::LBracket, start..self.at));
        }
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            let wide = self.text[start..].chars().next().map_or(0, char::len_utf8);
            return self.error(start..start + wide, "After \"#\" comes the number of a layer, or \"[\".");
        }
        self.mode = Mode::Normal;
        self.at += digits;
        let part = self.part(start..self.at)?;
        Ok((Tok::Part(part), start..self.at))
    }

    fn range(&mut self) -> Result<(Tok, Span)> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        match rest.first() {
            Some(b',') => {
                self.at += 1;
                return Ok((Tok::Comma, start..self.at));
            }
            Some(b']') => {
                self.mode = Mode::Normal;
                self.at += 1;
                return Ok((Tok::RBracket, start..self.at));
            }
            _ => {}
        }
        let Some(len) = rest.iter().position(|b| matches!(b, b',' | b']')) else {
            return self.error(start..self.text.len(), "The right bracket is missing.");
        };
        self.at += len;
        let part = self.part(start..self.at)?;
        Ok((Tok::Part(part), start..self.at))
    }

    /// `i`, `i:j`, `i-j`, `:j` or `i:`.
    fn part(&self, span: Span) -> Result<Part> {
        let text = &self.text[span.clone()];
        let bad = |why: &str| FilterError::new(self.text, span.clone(), format!("\"{text}\" {why}."));
        let number = |s: &mut &str| -> Result<i32> {
            let (n, len) = integer(s).ok_or_else(|| bad("is not a valid range"))?;
            *s = &s[len..];
            i32::try_from(n).map_err(|_| bad("is too large an offset"))
        };
        let mut s = text;
        let start = if s.starts_with(':') { 0 } else { number(&mut s)? };
        s = s.trim_start();
        let end = match s.as_bytes().first() {
            None => End::Length(1),
            Some(b':') if s.len() == 1 => End::Open,
            Some(b':') => {
                s = &s[1..];
                End::Length(number(&mut s)?)
            }
            Some(b'-') => {
                s = &s[1..];
                End::Offset(number(&mut s)?)
            }
            Some(_) => return Err(bad("is not a valid range")),
        };
        if !matches!(end, End::Open) && !s.trim_start().is_empty() {
            return Err(bad("is not a valid range"));
        }
        match end {
            End::Length(n) if n <= 0 => Err(bad("is not a valid range: its length must be positive")),
            End::Offset(n) if (start < 0) != (n < 0) && start != 0 && n != 0 => {
                Err(bad("is not a valid range: its offsets have different signs"))
            }
            End::Offset(n) if n <= start => {
                Err(bad("is not a valid range: its end must be greater than its start"))
            }
            end => Ok(Part { start, end }),
        }
    }

    fn string(&mut self, start: usize, quote: usize, raw: bool) -> Result<(Tok, Span)> {
        let bytes = self.text.as_bytes();
        let mut out = Vec::new();
        let mut at = start + quote;
        loop {
            match bytes.get(at) {
                None => return self.error(start..self.text.len(), "The closing double quote is missing."),
                Some(b'"') => break,
                // In a raw string a backslash stands for itself, but still shields a quote.
                Some(b'\\') if raw => {
                    let n = if bytes.get(at + 1).is_some() { 2 } else { 1 };
                    out.extend_from_slice(&bytes[at..at + n]);
                    at += n;
                }
                Some(b'\\') => {
                    let (code, len) = self.escape(at)?;
                    match code {
                        Escape::Byte(b) => out.push(b),
                        Escape::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                    at += len;
                }
                Some(&b) => {
                    out.push(b);
                    at += 1;
                }
            }
        }
        self.at = at + 1;
        Ok((Tok::Text(out), start..self.at))
    }

    fn character(&mut self, start: usize) -> Result<(Tok, Span)> {
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                None => return self.error(start..self.text.len(), "The closing single quote is missing."),
                Some(b'\'') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let span = start..end + 1;
        let (value, len) = match bytes[start + 1] {
            b'\'' => return self.error(span, "A character constant cannot be empty."),
            b'\\' => match self.escape(start + 1)? {
                (Escape::Byte(b), n) => (u32::from(b), n),
                (Escape::Char(c), n) => (u32::from(c), n),
            },
            b if b.is_ascii_graphic() || b == b' ' => (u32::from(b), 1),
            _ => return self.error(span, "A character constant must be printable ASCII, or an escape."),
        };
        if start + 1 + len != end {
            return self.error(span, "A character constant holds one character.");
        }
        self.at = end + 1;
        Ok((Tok::Char(value), span))
    }

    /// The escape sequence at `at`, and its length.
    fn escape(&self, at: usize) -> Result<(Escape, usize)> {
        let rest = &self.text.as_bytes()[at + 1..];
        let digits = |from: usize, max: usize, radix: u32| {
            rest.iter().skip(from).take(max).take_while(|b| char::from(**b).is_digit(radix)).count()
        };
        let value = |from: usize, n: usize, radix: u32| {
            rest[from..from + n].iter().fold(0u32, |v, b| {
                v.wrapping_mul(radix).wrapping_add(char::from(*b).to_digit(radix).unwrap_or(0))
            })
        };
        let simple = |b: u8| Ok((Escape::Byte(b), 2));
        match rest.first() {
            Some(b'a') => simple(7),
            Some(b'b') => simple(8),
            Some(b'f') => simple(12),
            Some(b'n') => simple(b'\n'),
            Some(b'r') => simple(b'\r'),
            Some(b't') => simple(b'\t'),
            Some(b'v') => simple(11),
            Some(&b @ (b'\\' | b'\'' | b'"')) => simple(b),
            Some(b'0'..=b'7') => {
                let n = digits(0, 3, 8);
                match u8::try_from(value(0, n, 8)) {
                    Ok(b) => Ok((Escape::Byte(b), n + 1)),
                    Err(_) => self.error(at..at + 1 + n, "An octal escape goes no higher than \\377."),
                }
            }
            Some(b'x') if digits(1, 2, 16) > 0 => {
                let n = digits(1, 2, 16);
                Ok((Escape::Byte(value(1, n, 16) as u8), n + 2))
            }
            Some(&u @ (b'u' | b'U')) => {
                let want = if u == b'u' { 4 } else { 8 };
                let n = digits(1, want, 16);
                let v = value(1, n, 16);
                // ASCII and control characters have to be written plainly, as in C.
                let allowed = v >= 0xA0 || matches!(v, 0x24 | 0x40 | 0x60);
                match char::from_u32(v).filter(|_| n == want && allowed) {
                    Some(c) => Ok((Escape::Char(c), n + 2)),
                    None => self.error(at..at + 2 + n, "This is not a valid Unicode escape."),
                }
            }
            _ => {
                let wide = self.text[at + 1..].chars().next().map_or(0, char::len_utf8);
                self.error(at..at + 1 + wide, "This is not a valid escape sequence.")
            }
        }
    }
}

enum Escape {
    Byte(u8),
    Char(char),
}

/// Length and kind of the longest word at the start of `text`; 0 when there is none.
fn word(text: &str) -> (usize, Tok) {
    let bytes = text.as_bytes();
    if bytes[0] == b':' {
        let v6 = ipv6(text);
        let pairs = hex_pairs(&bytes[1..]);
        let plain = bytes[1..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let longest = pairs.max(plain);
        return match longest {
            _ if v6 > longest => (v6, Tok::Word),
            0 => (0, Tok::End),
            n => (n + 1, Tok::Literal(text[1..n + 1].to_owned())),
        };
    }
    if bytes[0] == b'.' {
        let n = identifier(&bytes[1..]);
        return if n == 0 { (0, Tok::End) } else { (n + 1, Tok::DotWord) };
    }
    let name = identifier(bytes);
    let longest = name.max(ipv4(bytes)).max(hex_pairs(bytes)).max(ipv6(text));
    if longest == name
        && let Some((_, tok)) = WORDS.iter().find(|(w, _)| *w == &text[..name])
    {
        return (name, tok.clone());
    }
    (longest, Tok::Word)
}

/// Letters, digits, underscores and hyphens, in pieces joined by single dots.
fn identifier(bytes: &[u8]) -> usize {
    let piece = |from: usize| {
        bytes[from..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count()
    };
    if bytes.first() == Some(&b'-') {
        return 0;
    }
    let mut len = piece(0);
    while len > 0 && bytes.get(len) == Some(&b'.') {
        match piece(len + 1) {
            0 => break,
            n => len += n + 1,
        }
    }
    len
}

/// Pairs of hexadecimal digits joined by colons, two pairs at least.
fn hex_pairs(bytes: &[u8]) -> usize {
    let pair = |from: usize| bytes.get(from..from + 2).is_some_and(|p| p.iter().all(u8::is_ascii_hexdigit));
    if !pair(0) {
        return 0;
    }
    let mut len = 2;
    while bytes.get(len) == Some(&b':') && pair(len + 1) {
        len += 3;
    }
    if len > 2 { len } else { 0 }
}

/// A dotted address with a prefix length; without one it is an identifier already.
fn ipv4(bytes: &[u8]) -> usize {
    let len = bytes.iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let dotted = std::str::from_utf8(&bytes[..len]).is_ok_and(|s| s.parse::<std::net::Ipv4Addr>().is_ok());
    if dotted { len + prefix(&bytes[len..], 2) } else { 0 }
}

/// The longest IPv6 address, with its prefix length.
fn ipv6(text: &str) -> usize {
    let bytes = text.as_bytes();
    // The longest spelling has 45 characters.
    let run = bytes.iter().take(46).take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')).count();
    if !bytes[..run].contains(&b':') {
        return 0;
    }
    match (2..=run).rev().find(|&n| text[..n].parse::<Ipv6Addr>().is_ok()) {
        Some(n) => n + prefix(&bytes[n..], 3),
        None => 0,
    }
}

/// A slash and up to `max` digits.
fn prefix(bytes: &[u8], max: usize) -> usize {
    if bytes.first() != Some(&b'/') {
        return 0;
    }
    match bytes[1..].iter().take(max).take_while(|b| b.is_ascii_digit()).count() {
        0 => 0,
        n => n + 1,
    }
}

/// An integer as C's strtol reads it with base 0, and how many bytes it took.
fn integer(text: &str) -> Option<(i64, usize)> {
    let blanks = text.len() - text.trim_start().len();
    let s = &text[blanks..];
    let sign = usize::from(s.starts_with(['-', '+']));
    let digits = &s[sign..];
    let (skip, radix) = match digits.as_bytes() {
        [b'0', b'x' | b'X', d, ..] if d.is_ascii_hexdigit() => (2, 16),
        [b'0', ..] => (0, 8),
        _ => (0, 10),
    };
    let body = &digits[skip..];
    let len = body.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
    if len == 0 {
        return None;
    }
    // Too many digits for the type are as good as the largest value: the caller refuses both.
    let v = i64::from_str_radix(&body[..len], radix).unwrap_or(i64::MAX);
    Some((if s.starts_with('-') { -v } else { v }, blanks + sign + skip + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lex(text: &str) -> Vec<String> {
        let mut l = Lexer::new(text);
        let mut out = Vec::new();
        loop {
            match l.next() {
                Ok((Tok::End, _)) => return out,
                Ok((_, span)) => out.push(text[span].to_owned()),
                Err(e) => {
                    out.push(format!("! {}", &text[e.span()]));
                    return out;
                }
            }
        }
    }

    #[test]
    fn splits_where_wireshark_splits() {
        for (text, want) in [
            ("tcp.port==443", &["tcp.port", "==", "443"][..]),
            ("a===b!==c~=d", &["a", "===", "b", "!==", "c", "~=", "d"]),
            ("frame.len-1", &["frame.len-1"]),
            ("frame.len -1", &["frame.len", "-", "1"]),
            ("4430..4434", &["4430", "..", "4434"]),
            ("5001...5003", &["5001", "..", ".5003"]),
            ("10 .. 10.5", &["10", "..", "10.5"]),
            ("tcp..port", &["tcp", "..", "port"]),
            ("tcp.", &["tcp", "! ."]),
            (".tcp.port", &[".tcp.port"]),
            ("10.0.0.0/8", &["10.0.0.0/8"]),
            ("10.0.0.1 /24", &["10.0.0.1", "/", "24"]),
            ("1.2.3.4.5/24", &["1.2.3.4.5", "/", "24"]),
            ("fe80::/10", &["fe80::/10"]),
            ("fe80::1..fe80::2", &["fe80::1", "..", "fe80::2"]),
            ("::ffff:1.2.3.4", &["::ffff:1.2.3.4"]),
            ("::", &["::"]),
            ("00:11:22:33:44:55", &["00:11:22:33:44:55"]),
            ("aa:b", &["aa", ":b"]),
            ("0:11", &["0", ":11"]),
            ("0011:2233", &["0011", ":2233"]),
            (":aa:bb", &[":aa:bb"]),
            ("in{64}", &["in", "{", "64", "}"]),
            ("10.0.0.1and", &["10.0.0.1and"]),
            ("f[1, 3-5,-2:]==1", &["f", "[", "1", ",", " 3-5", ",", "-2:", "]", "==", "1"]),
            ("ip.src#2", &["ip.src", "#", "2"]),
            ("ip #[1-2,3:]", &["ip", "#", "[", "1-2", ",", "3:", "]"]),
            ("ip# 1", &["ip", "#", "!  "]),
            ("a = b", &["a", "! ="]),
            ("a | b", &["a", "! |"]),
            ("a \u{a0}", &["a", "! \u{a0}"]),
        ] {
            assert_eq!(lex(text), want, "{text}");
        }
    }

    fn one(text: &str) -> Result<Tok> {
        Lexer::new(text).next().map(|(t, _)| t)
    }

    #[test]
    fn strings_and_characters() {
        let text = |s: &[u8]| Ok(Tok::Text(s.to_vec()));
        assert_eq!(one(r#""a\"b""#), text(b"a\"b"));
        assert_eq!(one(r#""\x48\110EAD\xff\0""#), text(b"HHEAD\xff\0"));
        assert_eq!(one(r#""\u00e9\U0001F600""#), text("é😀".as_bytes()));
        assert_eq!(one(r#"r"\d\"x""#), text(br#"\d\"x"#));
        assert_eq!(one(r#"R"abc""#), text(b"abc"));
        assert_eq!(one(r"'\n'"), Ok(Tok::Char(10)));
        assert_eq!(one(r"'\x0a'"), Ok(Tok::Char(10)));
        assert_eq!(one(r"'\012'"), Ok(Tok::Char(10)));
        assert_eq!(one("'@'"), Ok(Tok::Char(64)));
        for bad in
            [r#""\q""#, r#""\777""#, r#""\u0041""#, r#""\u12""#, "\"abc", "'a", "''", "'ab'", "'é'", "'\\"]
        {
            assert!(one(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_of_slices() {
        let part = |s: &str| {
            let text = format!("[{s}]");
            let mut l = Lexer::new(&text);
            l.next().unwrap();
            l.next().map(|(t, _)| t)
        };
        let good = |start, end| Ok(Tok::Part(Part { start, end }));
        assert_eq!(part("3"), good(3, End::Length(1)));
        assert_eq!(part(" 3 "), good(3, End::Length(1)));
        assert_eq!(part("0x1:2"), good(1, End::Length(2)));
        assert_eq!(part("0 : 2"), good(0, End::Length(2)));
        assert_eq!(part("1-3"), good(1, End::Offset(3)));
        assert_eq!(part("-3--1"), good(-3, End::Offset(-1)));
        assert_eq!(part(":4"), good(0, End::Length(4)));
        assert_eq!(part("4:"), good(4, End::Open));
        assert_eq!(part(":"), good(0, End::Open));
        assert_eq!(part("+1"), good(1, End::Length(1)));
        for bad in ["a", "3-1", "2-2", "0:0", "-1-2", "1::2", "1-2-3", "99999999999", "08", "1 2", "-"] {
            assert!(part(bad).is_err(), "{bad}");
        }
    }
}
