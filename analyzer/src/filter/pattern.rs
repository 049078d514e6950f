//! Regular expressions: from what a filter writes (PCRE, on bytes, ignoring case) to what the
//! `regex` crate reads.
//!
//! The pattern may hold any bytes, as a string of a filter may; they are spelt out as escapes.
//! What differs in spelling alone is rewritten: `\Q…\E`, `\Z`, `\h`, `\H`, `\R`, `\N`, `\e`,
//! octal and hexadecimal escapes, and `$`, which in PCRE also matches before a final line feed. What needs
//! backtracking (look-around, back-references, atomic groups, possessive quantifiers) is
//! refused.

use std::fmt::Write;

use regex::bytes::{Regex, RegexBuilder};

/// Compiles a pattern, or says in a sentence why it cannot be.
pub fn compile(pattern: &[u8]) -> Result<Regex, String> {
    let text = translate(pattern)?;
    // A filter is typed by hand: what it may compile to is a megabyte at most.
    RegexBuilder::new(&text).unicode(false).case_insensitive(true).size_limit(1 << 20).build().map_err(|e| {
        match e {
            regex::Error::CompiledTooBig(_) => "The regular expression is too large.".to_owned(),
            e => {
                let text = e.to_string();
                let why = text.lines().last().unwrap_or_default();
                format!("This is not a valid regular expression: {}.", why.trim_start_matches("error: "))
            }
        }
    })
}

fn translate(pattern: &[u8]) -> Result<String, String> {
    let refuse = |what: &str| Err(format!("Regular expressions with {what} are not supported."));
    let lines = has_line_flag(pattern);
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut class = false;
    let mut i = 0;
    while let Some(&b) = pattern.get(i) {
        let rest = &pattern[i + 1..];
        i += 1;
        match b {
            b'\\' => {
                let Some(&c) = rest.first() else {
                    return Err("This is not a valid regular expression: it ends in a backslash.".to_owned());
                };
                i += 1;
                match c {
                    b'Q' => {
                        let end = rest.windows(2).position(|w| w == b"\\E").unwrap_or(rest.len());
                        rest[1..end].iter().for_each(|&b| byte(&mut out, b, true));
                        i += (end - 1) + 2;
                    }
                    b'E' => {}
                    b'Z' if !class => out.push_str("(?:\\n?\\z)"),
                    b'h' => out.push_str("[\\t \\xa0]"),
                    b'H' => out.push_str("[^\\t \\xa0]"),
                    b'R' if !class => out.push_str("(?:\\r\\n|[\\n-\\r\\x85])"),
                    b'N' if !class => out.push_str("[^\\n]"),
                    b'e' => out.push_str("\\x1b"),
                    b'0'..=b'9' => {
                        let digits = rest.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
                        // One or two digits without a leading 0 are a group's number.
                        if digits == 0 || (c != b'0' && digits < 3 && !class) {
                            return refuse("back-references");
                        }
                        let v = rest[..digits].iter().fold(0u32, |v, d| v * 8 + u32::from(d - b'0'));
                        let Ok(v) = u8::try_from(v) else {
                            return Err(
                                "This is not a valid regular expression: octal escapes end at \\377."
                                    .to_owned(),
                            );
                        };
                        byte(&mut out, v, true);
                        i += digits - 1;
                    }
                    b'x' => {
                        let braces = rest.get(1) == Some(&b'{');
                        let from = if braces { 2 } else { 1 };
                        let most = if braces { rest.len() } else { 2 };
                        let digits =
                            rest.iter().skip(from).take(most).take_while(|b| b.is_ascii_hexdigit()).count();
                        let closed = !braces || rest.get(from + digits) == Some(&b'}');
                        let text = String::from_utf8_lossy(&rest[from..from + digits]);
                        let value = if digits == 0 { Ok(0) } else { u8::from_str_radix(&text, 16) };
                        let (Ok(v), true) = (value, closed) else {
                            return Err(
                                "This is not a valid regular expression: \\x goes no higher than ff."
                                    .to_owned(),
                            );
                        };
                        byte(&mut out, v, true);
                        i += from - 1 + digits + usize::from(braces);
                    }
                    b'g' | b'k' => return refuse("back-references"),
                    b'K' | b'G' | b'X' | b'C' => return refuse(&format!("\\{}", char::from(c))),
                    // Letters keep their meaning; anything else stands for itself.
                    c if c.is_ascii_alphabetic() => {
                        out.push('\\');
                        out.push(char::from(c));
                    }
                    c => byte(&mut out, c, true),
                }
            }
            b'[' if class => match rest.first() {
                Some(b':') => out.push('['),
                _ => out.push_str("\\["),
            },
            b'[' => {
                class = true;
                out.push('[');
                let mut at = 0;
                if rest.first() == Some(&b'^') {
                    out.push('^');
                    at = 1;
                }
                // A bracket in first place is a member.
                if rest.get(at) == Some(&b']') {
                    out.push_str("\\]");
                    at += 1;
                }
                i += at;
            }
            b']' if class => {
                out.push(']');
                class = out.ends_with(":]") && posix_open(&out);
            }
            // Set operations of the other syntax.
            b'&' | b'~' if class => byte(&mut out, b, true),
            b'(' if !class => match rest {
                [b'?', b'=' | b'!', ..] | [b'?', b'<', b'=' | b'!', ..] => return refuse("look-around"),
                [b'?', b'>', ..] => return refuse("atomic groups"),
                [b'?', b'(' | b'R' | b'&' | b'|' | b'#' | b'0'..=b'9', ..]
                | [b'?', b'P', b'=' | b'>', ..]
                | [b'*', ..] => return refuse("this kind of group"),
                [b'?', b'\'', ..] => return refuse("names in quotes"),
                _ => out.push('('),
            },
            b'+' if !class
                && matches!(quantifier_before(pattern, i - 1), Some(b'+' | b'*' | b'?' | b'}')) =>
            {
                return refuse("possessive quantifiers");
            }
            b'$' if !class && !lines => out.push_str("(?:\\n?\\z)"),
            b => byte(&mut out, b, false),
        }
    }
    Ok(out)
}

/// True when a class that ended in `:]` only closed a POSIX class inside it.
fn posix_open(out: &str) -> bool {
    let Some(open) = out.rfind("[:") else { return false };
    let name = out.get(open + 2..out.len() - 2).unwrap_or(" ");
    name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'^')
}

/// The quantifier that ends right before `at`, unless it is an escaped character.
fn quantifier_before(pattern: &[u8], at: usize) -> Option<u8> {
    let b = *pattern.get(at.checked_sub(1)?)?;
    let escapes = pattern[..at - 1].iter().rev().take_while(|b| **b == b'\\').count();
    (escapes % 2 == 0).then_some(b)
}

/// True when `$` may mean the end of a line.
fn has_line_flag(pattern: &[u8]) -> bool {
    pattern.windows(2).enumerate().any(|(i, w)| {
        w == b"(?" && pattern[i + 2..].iter().take_while(|b| b.is_ascii_alphabetic()).any(|b| *b == b'm')
    })
}

/// One byte of the subject.
fn byte(out: &mut String, b: u8, literal: bool) {
    if !(0x20..0x7F).contains(&b) || (literal && !b.is_ascii_alphanumeric()) {
        _ = write!(out, "\\x{b:02x}");
    } else {
        out.push(char::from(b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &[u8], subject: &[u8]) -> bool {
        compile(pattern)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(pattern)))
            .is_match(subject)
    }

    #[test]
    fn as_pcre_reads_them() {
        // The outcomes are tshark 4.0.17's on this payload.
        let payload = b"GET /index \x00\xff ok";
        for p in [
            &b"^get"[..],
            b"\x00\xff",
            b"\\x00\\xff",
            b"index.{3}",
            b"ok$",
            b"\\w{5}",
            b"[\xf0-\xff]",
            b"\\bok\\b",
            b"ok\\Z",
            b"\\QGET\\E",
            b"GET\\h",
            b"(?i)GET",
            b"(?s)x.*k",
            b"x.*k",
            b"(?P<n>G)",
            b"[[:alpha:]]{3}",
            b"\\x{ff}",
            b"\\377",
            b"",
        ] {
            assert!(matches(p, payload), "{}", String::from_utf8_lossy(p));
        }
        for p in [&b"(?-i)^get"[..], b"\\d", "\u{e9}".as_bytes(), "[é]".as_bytes()] {
            assert!(!matches(p, payload), "{}", String::from_utf8_lossy(p));
        }
    }

    #[test]
    fn spellings() {
        assert!(matches(b"k$", b"ok\n"));
        assert!(!matches(b"k$", b"ok\nx"));
        assert!(matches(b"(?m)k$", b"ok\nx"));
        assert!(matches(b"a\\$", b"a$"));
        assert!(matches(b"[$]", b"a$"));
        assert!(matches(b"a\\x{62}c\\x4", b"abc\x04"));
        assert!(matches(b"[\\x{61}-\\x63]\\x", b"b\0"));
        assert!(matches(b"[]a]", b"]"));
        assert!(matches(b"[^]a]", b"x"));
        assert!(matches(b"[[]", b"["));
        assert!(matches(b"[a&&b]", b"&"));
        assert!(matches(b"\\Qa.b", b"xa.b"));
        assert!(!matches(b"\\Qa.b\\E", b"axb"));
        assert!(matches(b"\\++", b"+"));
        assert!(matches(b"\\/\\-\\\"\\ ", b"/-\" "));
        assert!(matches(b"[[:digit:]x]+z", b"4xz"));
    }

    #[test]
    fn refusals() {
        for (p, why) in [
            (&b"("[..], "valid"),
            (b"*", "valid"),
            (b"a\\", "backslash"),
            (b"(?<=a)b", "look-around"),
            (b"(?!a)b", "look-around"),
            (b"(.)\\1", "back-references"),
            (b"(?>a)", "atomic"),
            (b"a*+b", "possessive"),
            (b"(?1)", "group"),
            (b"\\777", "octal"),
            (b"\\x{100}", "\\x"),
            (b"\\x{1", "\\x"),
            (b"(((((a{100}){100}){100}", "valid"),
            (b"((((a{100}){100}){100}))", "too large"),
        ] {
            let e = compile(p).unwrap_err();
            assert!(e.contains(why) && e.ends_with('.'), "{e}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(pattern in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = compile(&pattern);
        }

        #[test]
        fn any_syntax(pattern in "[\\[\\](){}?*+\\\\QE^$:a1&|.-]{0,16}") {
            let _ = compile(pattern.as_bytes());
        }
    }
}
