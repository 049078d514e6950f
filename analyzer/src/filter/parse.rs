//! Tokens to a tree.
//!
//! Grammar (wireshark-filter(4); loosest first):
//!
//! ```text
//! or      = xor { ("or" | "||") xor }
//! xor     = and { ("xor" | "^^") and }
//! and     = not { ("and" | "&&") not }
//! not     = ("not" | "!") not | "(" or ")" | ["any" | "all"] relation | value
//! relation = value compare value { compare value }
//!          | entity ("contains" | "matches") entity
//!          | entity ["not"] "in" "{" item [".." item] { "," item [".." item] } "}"
//! value   = sum { "&" sum }        sum = product { ("+" | "-") product }
//! product = signed { ("*" | "/" | "%") signed }
//! signed  = "{" value "}" | ["+" | "-"] entity
//! entity  = (word | string | char | name "#" layers | name "(" value, … ")") { "[" slice "]" }
//! ```

use super::ast::{Arith, Expr, MAX_DEPTH, Operand, OperandKind, Part, Quant, Rel, Relation, Span};
use super::error::{FilterError, Result};
use super::lex::{Lexer, Tok, is_shouted};

/// Reads a filter; `None` when the text is blank.
pub fn parse(text: &str) -> Result<Option<Expr>> {
    let mut p = Parser { text, lexer: Lexer::new(text), tok: Tok::End, span: 0..0, depth: 0 };
    p.advance()?;
    if p.tok == Tok::End {
        return Ok(None);
    }
    let e = p.or()?;
    match p.tok {
        Tok::End => Ok(Some(e)),
        _ => p.unexpected(),
    }
}

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    /// The token to be looked at, and its place.
    tok: Tok,
    span: Span,
    depth: usize,
}

impl Parser<'_> {
    fn advance(&mut self) -> Result<(Tok, Span)> {
        let (tok, span) = self.lexer.next()?;
        Ok((std::mem::replace(&mut self.tok, tok), std::mem::replace(&mut self.span, span)))
    }

    fn error<T>(&self, span: Span, reason: impl Into<String>) -> Result<T> {
        Err(FilterError::new(self.text, span, reason))
    }

    fn unexpected<T>(&self) -> Result<T> {
        if self.tok == Tok::End {
            return self.error(self.span.clone(), "The filter ends where something more is expected.");
        }
        let text = &self.text[self.span.clone()];
        let why = if is_shouted(text) { ": operators are written in small letters" } else { "" };
        self.error(self.span.clone(), format!("\"{text}\" was not expected here{why}."))
    }

    fn expect(&mut self, tok: &Tok) -> Result<Span> {
        if self.tok != *tok {
            return self.unexpected();
        }
        Ok(self.advance()?.1)
    }

    fn take(&mut self, tok: &Tok) -> Result<bool> {
        let found = self.tok == *tok;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn too_deep<T>(&self, span: Span) -> Result<T> {
        self.error(span, format!("The filter is nested deeper than {MAX_DEPTH} levels."))
    }

    /// Runs `f` one level deeper.
    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return self.too_deep(self.span.clone());
        }
        self.depth += 1;
        let r = f(self);
        self.depth -= 1;
        r
    }

    fn operand(&self, span: Span, kind: OperandKind) -> Result<Operand> {
        match Operand::new(span.clone(), kind) {
            Some(o) => Ok(o),
            None => self.too_deep(span),
        }
    }

    fn joined(
        &mut self,
        tok: &Tok,
        next: fn(&mut Self) -> Result<Expr>,
        make: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr> {
        let first = next(self)?;
        if self.tok != *tok {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.take(tok)? {
            all.push(next(self)?);
        }
        Ok(make(all))
    }

    fn or(&mut self) -> Result<Expr> {
        self.joined(&Tok::Or, Self::xor, Expr::Or)
    }

    fn xor(&mut self) -> Result<Expr> {
        self.joined(&Tok::Xor, Self::and, Expr::Xor)
    }

    fn and(&mut self) -> Result<Expr> {
        self.joined(&Tok::And, Self::not, Expr::And)
    }

    fn not(&mut self) -> Result<Expr> {
        match self.tok {
            Tok::Not => {
                self.advance()?;
                Ok(Expr::Not(Box::new(self.deeper(Self::not)?)))
            }
            Tok::LParen => {
                self.advance()?;
                let e = self.deeper(Self::or)?;
                self.expect(&Tok::RParen)?;
                match self.tok {
                    // The commonest slip: parentheses around a value.
                    Tok::Compare(..) | Tok::Plus | Tok::Minus | Tok::Star | Tok::BitAnd => self.error(
                        self.span.clone(),
                        format!(
                            "\"{}\" was not expected here: parentheses group tests, braces group values.",
                            &self.text[self.span.clone()]
                        ),
                    ),
                    _ => Ok(e),
                }
            }
            Tok::Any | Tok::All => {
                let quant = if self.tok == Tok::Any { Quant::Any } else { Quant::All };
                self.advance()?;
                let left = self.value()?;
                match self.relation(left, Some(quant))? {
                    Expr::Truth(_) => self.unexpected(),
                    e => Ok(e),
                }
            }
            _ => {
                let left = self.value()?;
                self.relation(left, None)
            }
        }
    }

    /// What follows a value: a test, or nothing.
    fn relation(&mut self, left: Operand, quant: Option<Quant>) -> Result<Expr> {
        let (tok, op) = (self.tok.clone(), self.span.clone());
        let any = quant.unwrap_or(Quant::Any);
        match tok {
            Tok::Compare(..) => return self.comparisons(left, quant),
            Tok::Contains | Tok::Matches | Tok::In | Tok::Not if !is_entity(&left) => {
                return self.error(
                    op,
                    format!(
                        "\"{}\" works on a field, a slice or a function, not on a computed value.",
                        &self.text[self.span.clone()]
                    ),
                );
            }
            Tok::Contains => {
                self.advance()?;
                let right = self.entity()?;
                Ok(Relation { quant: any, left, rel: Rel::Contains(right), op })
            }
            Tok::Matches => {
                self.advance()?;
                let right = self.entity()?;
                Ok(Relation { quant: any, left, rel: Rel::Matches(right), op })
            }
            Tok::In => {
                self.advance()?;
                Ok(Relation { quant: any, left, rel: Rel::In(self.set()?), op })
            }
            Tok::Not => {
                self.advance()?;
                self.expect(&Tok::In)?;
                let r = Relation { quant: any, left, rel: Rel::In(self.set()?), op };
                return Ok(Expr::Not(Box::new(Expr::Relation(Box::new(r)))));
            }
            _ => return Ok(Expr::Truth(left)),
        }
        .map(|r: Relation| Expr::Relation(Box::new(r)))
    }

    /// `a < b <= c` is `a < b and b <= c`.
    fn comparisons(&mut self, mut left: Operand, quant: Option<Quant>) -> Result<Expr> {
        let mut all = Vec::new();
        while let Tok::Compare(cmp, usual) = self.tok {
            let (_, op) = self.advance()?;
            let right = self.value()?;
            let chained = matches!(self.tok, Tok::Compare(..));
            let next = if chained { right.clone() } else { left.clone() };
            let r = Relation { quant: quant.unwrap_or(usual), left, rel: Rel::Compare(cmp, right), op };
            all.push(Expr::Relation(Box::new(r)));
            left = next;
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::And(all) })
    }

    fn set(&mut self) -> Result<Vec<(Operand, Option<Operand>)>> {
        self.expect(&Tok::LBrace)?;
        let mut all = Vec::new();
        loop {
            let low = self.signed_entity()?;
            let high = if self.take(&Tok::DotDot)? { Some(self.signed_entity()?) } else { None };
            all.push((low, high));
            match self.tok {
                Tok::Comma => _ = self.advance()?,
                Tok::RBrace => break,
                Tok::Word | Tok::Literal(_) | Tok::Text(_) | Tok::Char(_) => {
                    return self.error(
                        self.span.clone(),
                        format!(
                            "\"{}\" was not expected here: the values of a set are separated by commas.",
                            &self.text[self.span.clone()]
                        ),
                    );
                }
                _ => return self.unexpected(),
            }
        }
        self.advance()?;
        Ok(all)
    }

    fn value(&mut self) -> Result<Operand> {
        self.binary(0)
    }

    /// Operators of at least this precedence, all of them left-associative.
    fn binary(&mut self, least: u8) -> Result<Operand> {
        let mut left = self.signed()?;
        loop {
            let (op, precedence) = match self.tok {
                Tok::BitAnd => (Arith::And, 0),
                Tok::Plus => (Arith::Add, 1),
                Tok::Minus => (Arith::Sub, 1),
                Tok::Star => (Arith::Mul, 2),
                Tok::Slash => (Arith::Div, 2),
                Tok::Percent => (Arith::Rem, 2),
                _ => return Ok(left),
            };
            if precedence < least {
                return Ok(left);
            }
            self.advance()?;
            let right = self.binary(precedence + 1)?;
            let span = left.span.start..right.span.end;
            left = self.operand(span, OperandKind::Arith(op, Box::new(left), Box::new(right)))?;
        }
    }

    fn signed(&mut self) -> Result<Operand> {
        if self.tok == Tok::LBrace {
            let start = self.span.start;
            self.advance()?;
            let mut v = self.deeper(Self::value)?;
            v.span = start..self.expect(&Tok::RBrace)?.end;
            return Ok(v);
        }
        self.signed_entity()
    }

    fn signed_entity(&mut self) -> Result<Operand> {
        let start = self.span.start;
        match self.tok {
            Tok::Plus => {
                self.advance()?;
                self.entity()
            }
            Tok::Minus => {
                self.advance()?;
                let e = self.entity()?;
                self.operand(start..e.span.end, OperandKind::Neg(Box::new(e)))
            }
            _ => self.entity(),
        }
    }

    fn entity(&mut self) -> Result<Operand> {
        let text = self.text;
        let word = |span: &Span| text[span.clone()].to_owned();
        let mut e = match self.tok {
            Tok::Word => {
                let (_, span) = self.advance()?;
                let name = word(&span);
                match self.tok {
                    Tok::LParen => self.call(name, span)?,
                    Tok::Hash => self.layered(name, span)?,
                    _ => Operand::leaf(span, OperandKind::Word(name)),
                }
            }
            Tok::DotWord => {
                let (_, span) = self.advance()?;
                let name = text[span.start + 1..span.end].to_owned();
                match self.tok {
                    Tok::Hash => self.layered(name, span)?,
                    _ => Operand::leaf(span, OperandKind::Field(name)),
                }
            }
            Tok::Literal(_) | Tok::Text(_) | Tok::Char(_) => {
                let kind = |tok| match tok {
                    Tok::Literal(s) => OperandKind::Literal(s),
                    Tok::Char(c) => OperandKind::Char(c),
                    Tok::Text(s) => OperandKind::Text(s),
                    _ => OperandKind::Text(Vec::new()),
                };
                let (tok, span) = self.advance()?;
                Operand::leaf(span, kind(tok))
            }
            Tok::Dollar => {
                return self.error(
                    self.span.clone(),
                    "Field references need a selected packet, which only Wireshark's window has.",
                );
            }
            _ => return self.unexpected(),
        };
        while self.tok == Tok::LBracket {
            self.advance()?;
            let parts = self.parts()?;
            let span = e.span.start..self.expect(&Tok::RBracket)?.end;
            e = self.operand(span, OperandKind::Slice(Box::new(e), parts))?;
        }
        Ok(e)
    }

    fn parts(&mut self) -> Result<Vec<Part>> {
        let mut all = Vec::new();
        loop {
            let Tok::Part(part) = self.tok else {
                return self.unexpected();
            };
            self.advance()?;
            all.push(part);
            if !self.take(&Tok::Comma)? {
                return Ok(all);
            }
        }
    }

    fn layered(&mut self, name: String, span: Span) -> Result<Operand> {
        self.advance()?;
        let (parts, end) = if self.take(&Tok::LBracket)? {
            let parts = self.parts()?;
            (parts, self.expect(&Tok::RBracket)?.end)
        } else {
            let Tok::Part(part) = self.tok else {
                return self.unexpected();
            };
            let (_, at) = self.advance()?;
            (vec![part], at.end)
        };
        self.operand(span.start..end, OperandKind::Layered(name, parts))
    }

    fn call(&mut self, name: String, at: Span) -> Result<Operand> {
        self.advance()?;
        let mut args = Vec::new();
        if self.tok != Tok::RParen {
            loop {
                args.push(self.deeper(Self::value)?);
                if !self.take(&Tok::Comma)? {
                    break;
                }
            }
        }
        let span = at.start..self.expect(&Tok::RParen)?.end;
        self.operand(span, OperandKind::Call(name, at, args))
    }
}

fn is_entity(o: &Operand) -> bool {
    !matches!(o.kind, OperandKind::Arith(..) | OperandKind::Neg(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The tree in prefix notation.
    fn shape(text: &str) -> String {
        fn value(o: &Operand) -> String {
            match &o.kind {
                OperandKind::Word(s) | OperandKind::Field(s) | OperandKind::Literal(s) => s.clone(),
                OperandKind::Text(s) => format!("{:?}", String::from_utf8_lossy(s)),
                OperandKind::Char(c) => format!("'{c}'"),
                OperandKind::Layered(n, p) => format!("{n}#{}", p.len()),
                OperandKind::Slice(o, p) => format!("{}[{}]", value(o), p.len()),
                OperandKind::Call(n, _, args) => {
                    format!("{n}({})", args.iter().map(value).collect::<Vec<_>>().join(" "))
                }
                OperandKind::Neg(o) => format!("(neg {})", value(o)),
                OperandKind::Arith(op, a, b) => format!("({} {} {})", op.sign(), value(a), value(b)),
            }
        }
        fn expr(e: &Expr) -> String {
            let list = |name: &str, l: &[Expr]| {
                format!("({name} {})", l.iter().map(expr).collect::<Vec<_>>().join(" "))
            };
            match e {
                Expr::Or(l) => list("or", l),
                Expr::Xor(l) => list("xor", l),
                Expr::And(l) => list("and", l),
                Expr::Not(e) => format!("(not {})", expr(e)),
                Expr::Truth(o) => value(o),
                Expr::Relation(r) => {
                    let all = if r.quant == Quant::All { "all " } else { "" };
                    let (op, right) = match &r.rel {
                        Rel::Compare(c, o) => (format!("{c:?}"), value(o)),
                        Rel::Contains(o) => ("contains".to_owned(), value(o)),
                        Rel::Matches(o) => ("matches".to_owned(), value(o)),
                        Rel::In(l) => ("in".to_owned(), format!("{}", l.len())),
                    };
                    format!("({all}{op} {} {right})", value(&r.left))
                }
            }
        }
        match parse(text) {
            Ok(Some(e)) => expr(&e),
            Ok(None) => "nothing".to_owned(),
            Err(e) => format!("! {}", &text[e.span()]),
        }
    }

    #[test]
    fn precedence() {
        for (text, want) in [
            ("", "nothing"),
            (" \t\n", "nothing"),
            ("a or b and c", "(or a (and b c))"),
            ("a and b or c and not d", "(or (and a b) (and c (not d)))"),
            ("a || b ^^ c && d", "(or a (xor b (and c d)))"),
            ("not a == b", "(not (Eq a b))"),
            ("!a.b == 1 && c", "(and (not (Eq a.b 1)) c)"),
            ("not not a", "(not (not a))"),
            ("a & b == c", "(Eq (& a b) c)"),
            ("a & b + 1 == c", "(Eq (& a (+ b 1)) c)"),
            ("a + 1 & b == c", "(Eq (& (+ a 1) b) c)"),
            ("a == 1 + 1 * 2", "(Eq a (+ 1 (* 1 2)))"),
            ("a == {1 + 1} * 2", "(Eq a (* (+ 1 1) 2))"),
            ("a - 1 - 1", "(- (- a 1) 1)"),
            ("a - b == - 1", "(Eq (- a b) (neg 1))"),
            ("a > b > c", "(and (Gt a b) (Gt b c))"),
            ("a != 1", "(all Ne a 1)"),
            ("a !== 1", "(Ne a 1)"),
            ("any a != 1", "(Ne a 1)"),
            ("all a == 1 and b", "(and (all Eq a 1) b)"),
            ("not all a > 1", "(not (all Gt a 1))"),
            ("a not in {1, 2..3}", "(not (in a 2))"),
            ("all a in {1}", "(all in a 1)"),
            ("f(a, -b)[0:1] contains \"x\"", "(contains f(a (neg b))[1] \"x\")"),
            ("a#1[0] ~ \"x\"", "(matches a#1[1] \"x\")"),
            ("(a)and(b)", "(and a b)"),
        ] {
            assert_eq!(shape(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_filter() {
        for (text, place) in [
            ("tcp.port EQ 443", "EQ"),
            ("tcp.port 443", "443"),
            ("tcp.port in {80 443}", "443"),
            ("tcp.port in {}", "}"),
            ("tcp.port in {80,}", "}"),
            ("tcp.port in 80", "80"),
            ("tcp.port in {80..}", "}"),
            ("tcp.port in {5..6..7}", ".."),
            ("ip.ttl in {{64}}", "{"),
            ("ip.ttl in {63+1}", "+"),
            ("((tcp)", ""),
            ("tcp)", ")"),
            ("()", ")"),
            ("{}", "}"),
            ("tcp and", ""),
            ("and tcp", "and"),
            ("tcp or or ip", "or"),
            ("== 443", "=="),
            ("tcp ==", ""),
            ("not", ""),
            ("(tcp.port) == 80", "=="),
            ("tcp.port == (80)", "("),
            ("{ip.src == 10.0.0.1}", "=="),
            ("any tcp", ""),
            ("all (tcp.port == 80)", "("),
            ("any any tcp.port == 80", "any"),
            ("any not arp", "not"),
            ("tcp.port == any", "any"),
            ("frame contains \"a\" contains \"b\"", "contains"),
            ("tcp.flags & 2 in {2}", "in"),
            ("frame.len == -{frame.len}", "{"),
            ("frame.len == - -54", "-"),
            ("tcp.flags == ++1", "+"),
            ("ip.src[,1] == 0a", ","),
            ("ip.src[1,] == 0a", "]"),
            ("ip.src[] == 0a", "]"),
            ("len(frame == 54", "=="),
            ("len frame == 54", "frame"),
            ("arp not ip", "ip"),
            ("${frame.len} == 1", "$"),
            ("tcp @ udp", "@"),
            ("tcp; udp", ";"),
        ] {
            assert_eq!(shape(text), format!("! {place}"), "{text}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        for (open, close) in [("(", ")"), ("!", ""), ("{", "}"), ("max(", ")"), ("1+{", "}")] {
            let text = |n: usize| format!("{}a{}", open.repeat(n), close.repeat(n));
            assert!(parse(&text(90)).is_ok(), "{open}");
            let e = parse(&text(100_000)).unwrap_err();
            assert_eq!(e.reason(), "The filter is nested deeper than 100 levels.", "{open}");
        }
        for more in ["+1", "[0]"] {
            let e = parse(&format!("a{}", more.repeat(100_000))).unwrap_err();
            assert_eq!(e.reason(), "The filter is nested deeper than 100 levels.");
        }
        assert!(parse(&format!("a{}", " or a".repeat(100_000))).is_ok());
        assert!(parse(&format!("a{}", " == a".repeat(10_000))).is_ok());
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,60}") {
            if let Err(e) = parse(&text) {
                let _ = (&text[e.span()], e.to_string());
            }
        }

        #[test]
        fn any_tokens(text in "(tcp|ip\\.src|==|in|\\{|\\}|\\(|\\)|not|and|\\[1:|\\]|#|\"a|\"|'|\\\\x4|10\\.0\\.0\\.0/8|::|aa:|é| |,|-|\\.\\.|any|5){0,24}") {
            if let Err(e) = parse(&text) {
                let _ = (&text[e.span()], e.to_string());
            }
        }
    }
}
