//! Names and types: from the tree to a program.
//!
//! Wireshark's rules (4.0): the left side of a test is a field, a slice, a function or an
//! arithmetic expression that begins with one of these; its type is what constants on the right
//! are read as. A word on the right is a field when there is one of that name.

use regex::bytes::Regex;

use super::ast::{Arith, Cmp, End, Expr, Operand, OperandKind, Part, Quant, Rel, Relation, Span};
use super::error::{FilterError, Result};
use super::literal::{self, Codes, Failure, Type, Want};
use super::program::{Against, Bits, Const, Func, General, Node, Pred, Source, Test, Val, wide};
use super::{Need, Program, pattern};
use crate::decode::{FieldDef, FieldId, registry};

/// Makes a program; `None` is the blank filter, which everything passes.
pub fn compile(text: &str, expr: Option<&Expr>) -> Result<Program> {
    let mut c = Checker { text, fields: Vec::new(), needs: Vec::new(), codes: Codes::default() };
    let root = match expr {
        Some(e) => c.expr(e)?,
        None => Node::Constant(true),
    };
    Ok(Program { root, fields: c.fields, needs: c.needs, text: text.to_owned() })
}

struct Checker<'t> {
    text: &'t str,
    fields: Vec<FieldId>,
    needs: Vec<Need>,
    codes: Codes,
}

/// A value whose type is known.
struct Typed {
    val: Val,
    of: Type,
    /// The field itself, when it is nothing else.
    field: Option<&'static FieldDef>,
    name: String,
    span: Span,
}

impl Typed {
    fn want(&self) -> Want {
        Want {
            of: self.of,
            name: self.name.clone(),
            field: self.field,
            part: false,
            wide: self.field.is_none(),
        }
    }

    fn is_slice(&self) -> bool {
        matches!(self.val, Val::Slice(..))
    }

    /// The value as bytes, for a comparison with a slice.
    fn into_bytes(mut self) -> Self {
        if !matches!(self.of, Type::Bytes | Type::Ether) {
            let all = Part { start: 0, end: End::Open };
            self.val = Val::Slice(Box::new(self.val), Box::new([all]));
            self.of = Type::Bytes;
        }
        self
    }
}

impl Checker<'_> {
    fn error<T>(&self, span: &Span, reason: impl Into<String>) -> Result<T> {
        Err(FilterError::new(self.text, span.clone(), reason))
    }

    fn written(&self, span: &Span) -> &str {
        &self.text[span.clone()]
    }

    fn expr(&mut self, e: &Expr) -> Result<Node> {
        Ok(match e {
            Expr::Or(all) => Node::Or(self.exprs(all)?),
            Expr::Xor(all) => Node::Xor(self.exprs(all)?),
            Expr::And(all) => Node::And(self.exprs(all)?),
            Expr::Not(e) => Node::Not(Box::new(self.expr(e)?)),
            Expr::Truth(o) => self.truth(o)?,
            Expr::Relation(r) => self.relation(r)?,
        })
    }

    fn exprs(&mut self, all: &[Expr]) -> Result<Box<[Node]>> {
        all.iter().map(|e| self.expr(e)).collect()
    }

    // Fields.

    fn slot(&mut self, id: FieldId) -> usize {
        // A filter names a handful of fields: a search is as good as a table.
        self.fields.iter().position(|f| *f == id).unwrap_or_else(|| {
            self.fields.push(id);
            self.needs.push(Need::default());
            self.fields.len() - 1
        })
    }

    fn field(&mut self, name: &str, layers: Option<&[Part]>, span: &Span) -> Option<Typed> {
        let found = registry::resolve(name)?;
        let slots: Vec<usize> = found.fields.iter().map(|id| self.slot(*id)).collect();
        let (first, more) = slots.split_first()?;
        let source =
            Source { first: *first, more: more.into(), layers: layers.map(Into::into), whole: false };
        let of = Type::of(found.kind);
        Some(Typed {
            val: Val::Field(source, of.width()),
            of,
            field: found.fields.first().map(|id| id.def()),
            name: name.to_owned(),
            span: span.clone(),
        })
    }

    /// Notes what is wanted of the fields in `val`.
    fn reads(&mut self, val: &Val) {
        match val {
            Val::Const(_) => {}
            Val::Field(s, _) => self.reads_source(s, true),
            Val::Slice(v, _) | Val::Neg(v) => self.reads(v),
            Val::Call(_, args) => args.iter().for_each(|a| self.reads(a)),
            Val::Arith(_, a, b, _) => {
                self.reads(a);
                self.reads(b);
            }
        }
    }

    fn reads_source(&mut self, s: &Source, values: bool) {
        for slot in std::iter::once(s.first).chain(s.more.iter().copied()) {
            let need = &mut self.needs[slot];
            need.values |= values;
            need.layers |= s.layers.is_some();
            need.whole |= s.whole;
        }
    }

    fn unknown(&self, name: &str, span: &Span) -> Box<FilterError> {
        let reason = format!("\"{name}\" is neither a field nor a protocol.");
        FilterError::new(self.text, span.clone(), reason).near(similar(name))
    }

    // Values.

    /// A value alone.
    fn truth(&mut self, o: &Operand) -> Result<Node> {
        let v = match &o.kind {
            OperandKind::Call(name, span, _) => {
                func(name).ok_or_else(|| self.no_function(name, span))?;
                return self.error(&o.span, "A function alone is not a test: compare what it returns.");
            }
            OperandKind::Text(_) | OperandKind::Literal(_) | OperandKind::Char(_) => {
                let text = self.written(&o.span);
                return self.error(&o.span, format!("{text} is neither a field nor a protocol."));
            }
            _ => self.left(o, None)?,
        };
        let node = match v.val {
            Val::Field(source, _) => {
                self.reads_source(&source, false);
                return Ok(Node::Present(source));
            }
            val => match masked(v.of, val) {
                Ok((source, mask)) => {
                    let pred = Pred::Mask { mask, low: 0, high: 0, inside: false };
                    Node::Test(Test { source, quant: Quant::Any, pred })
                }
                Err(val) => Node::Truth(val),
            },
        };
        match &node {
            Node::Test(t) => self.reads_source(&t.source, true),
            Node::Truth(v) => self.reads(v),
            _ => {}
        }
        Ok(node)
    }

    /// A value that must have a type of its own. `of` is the type that constants in functions
    /// and arithmetic take from the other side.
    fn left(&mut self, o: &Operand, of: Option<&Want>) -> Result<Typed> {
        let span = &o.span;
        match &o.kind {
            OperandKind::Word(name) | OperandKind::Field(name) => {
                self.field(name, None, span).ok_or_else(|| self.unknown(name, span))
            }
            OperandKind::Layered(name, parts) => {
                self.field(name, Some(parts), span).ok_or_else(|| self.unknown(name, span))
            }
            OperandKind::Text(_) | OperandKind::Literal(_) | OperandKind::Char(_) => {
                let text = self.written(span);
                self.error(span, format!("{text} is neither a field nor a function."))
            }
            OperandKind::Slice(v, parts) => {
                let v = self.left(v, None)?;
                if !v.of.can_slice() {
                    let why = format!("{} is {} and has no slices.", v.name, v.of.name());
                    return self.error(&v.span, why);
                }
                let val = Val::Slice(Box::new(v.val), parts.as_slice().into());
                Ok(self.typed(val, Type::Bytes, span))
            }
            OperandKind::Call(name, at, args) => self.call(name, at, args, span, of),
            OperandKind::Neg(v) => {
                // -128 is as good as 127, though 128 is not.
                let v = self.operand(v, of.map(|w| Want { wide: true, ..w.clone() }).as_ref())?;
                match (v.of, v.val) {
                    (Type::Uint(_) | Type::Int(_), Val::Const(Const::Num(n))) => {
                        Ok(self.typed(Val::Const(Const::Num(-n)), v.of, span))
                    }
                    (Type::Span, Val::Const(Const::Span(n))) => {
                        Ok(self.typed(Val::Const(Const::Span(-n)), v.of, span))
                    }
                    (Type::Uint(_) | Type::Int(_) | Type::Span, val) => {
                        Ok(self.typed(Val::Neg(Box::new(val)), v.of, span))
                    }
                    (t, _) => self.error(&v.span, format!("{} is {} and has no negative.", v.name, t.name())),
                }
            }
            OperandKind::Arith(op, a, b) => {
                let a = self.operand(a, of)?;
                self.can(*op, &a)?;
                let b = self.operand(b, Some(&Want { wide: true, field: None, ..a.want() }))?;
                self.can(*op, &b)?;
                if !a.of.fits(b.of) {
                    return self.misfit(&a, &b);
                }
                let bits = if a.of.width().max(b.of.width()) > 4 { Bits::B64 } else { Bits::B32 };
                let of = a.of;
                let val = Val::Arith(*op, Box::new(a.val), Box::new(b.val), bits);
                Ok(self.typed(val, of, span))
            }
        }
    }

    fn can(&self, op: Arith, v: &Typed) -> Result<()> {
        if can(op, v.of) {
            return Ok(());
        }
        let why = format!("{} is {}, for which there is no \"{}\".", v.name, v.of.name(), op.sign());
        self.error(&v.span, why)
    }

    fn typed(&self, val: Val, of: Type, span: &Span) -> Typed {
        Typed { val, of, field: None, name: self.written(span).to_owned(), span: span.clone() }
    }

    fn misfit<T>(&self, a: &Typed, b: &Typed) -> Result<T> {
        let why = format!("{} is {}, but {} is {}.", a.name, a.of.name(), b.name, b.of.name());
        self.error(&b.span, why)
    }

    /// A value that may be a constant when the other side is known.
    fn operand(&mut self, o: &Operand, of: Option<&Want>) -> Result<Typed> {
        let Some(want) = of else {
            let digit = |name: &String| name.starts_with(|c: char| c.is_ascii_digit());
            if o.is_constant()
                || matches!(&o.kind, OperandKind::Word(name) if digit(name) && registry::resolve(name).is_none())
            {
                return self.error(&o.span, "A value on the left must begin with a field or a function.");
            }
            return self.left(o, None);
        };
        let made = match &o.kind {
            OperandKind::Word(name) => {
                if let Some(field) = self.field(name, None, &o.span) {
                    return Ok(field);
                }
                self.codes.word(name, want).map_err(|(why, near)| {
                    // A misspelt field rather than a wrong value.
                    if near.is_empty() { (why, similar(name)) } else { (why, near) }
                })
            }
            OperandKind::Literal(text) => self.codes.word(text, want),
            OperandKind::Text(bytes) => self.codes.text(bytes, want),
            OperandKind::Char(c) => literal::character(*c, want),
            _ => return self.left(o, Some(want)),
        };
        match made {
            Ok(c) => Ok(self.typed(Val::Const(c), want.of, &o.span)),
            Err((why, near)) => Err(self.failure(&o.span, (why, near))),
        }
    }

    fn failure(&self, span: &Span, (why, near): Failure) -> Box<FilterError> {
        FilterError::new(self.text, span.clone(), why).near(near)
    }

    // Functions.

    fn no_function(&self, name: &str, span: &Span) -> Box<FilterError> {
        let reason = format!(
            "There is no function \"{name}\"; there are upper, lower, len, count, string, max, min and abs."
        );
        FilterError::new(self.text, span.clone(), reason)
    }

    fn call(
        &mut self,
        name: &str,
        at: &Span,
        args: &[Operand],
        span: &Span,
        of: Option<&Want>,
    ) -> Result<Typed> {
        let f = func(name).ok_or_else(|| self.no_function(name, at))?;
        let many = matches!(f, Func::Max | Func::Min);
        let (Some(first), true) = (args.first(), many || args.len() == 1) else {
            let why = if many { "at least one argument" } else { "one argument" };
            return self.error(at, format!("{name} takes {why}, not {}.", args.len()));
        };
        let mut vals = Vec::with_capacity(args.len());
        let result = match f {
            Func::Upper | Func::Lower | Func::Len | Func::Count | Func::String => {
                let v = match &first.kind {
                    OperandKind::Word(_) | OperandKind::Field(_) | OperandKind::Layered(..) => {
                        self.left(first, None)?
                    }
                    _ => return self.error(&first.span, format!("The argument of {name} must be a field.")),
                };
                let good = match f {
                    Func::Len | Func::Count => true,
                    Func::String => {
                        matches!(v.of, Type::Uint(_) | Type::Int(_) | Type::Ipv4 | Type::Ipv6 | Type::Ether)
                    }
                    _ => v.of == Type::Text,
                };
                if !good {
                    let why = format!("{} is {}, which {name} does not take.", v.name, v.of.name());
                    return self.error(&v.span, why);
                }
                vals.push(v.val);
                if matches!(f, Func::Len | Func::Count) { Type::Uint(4) } else { Type::Text }
            }
            Func::Abs => {
                let v = self.operand(first, of)?;
                if !matches!(v.of, Type::Uint(_) | Type::Int(_) | Type::Span) {
                    let why = format!("{} is {}, which has no absolute value.", v.name, v.of.name());
                    return self.error(&v.span, why);
                }
                vals.push(v.val);
                v.of
            }
            Func::Max | Func::Min => {
                let head = self.operand(first, of)?;
                if head.of == Type::Nothing {
                    return self.error(&head.span, format!("{} is a label and has no value.", head.name));
                }
                let mut result = head.of;
                let want = Want { wide: true, field: None, ..head.want() };
                for arg in &args[1..] {
                    let v = self.operand(arg, Some(&want))?;
                    if !head.of.fits(v.of) {
                        return self.misfit(&head, &v);
                    }
                    if v.of.width() > result.width() {
                        result = v.of;
                    }
                    vals.push(v.val);
                }
                vals.insert(0, head.val);
                result
            }
        };
        Ok(self.typed(Val::Call(f, vals.into()), result, span))
    }

    // Tests.

    fn relation(&mut self, r: &Relation) -> Result<Node> {
        let op = self.written(&r.op).to_owned();
        let left = match &r.left.kind {
            // Numbers and addresses are bare words too, but not misspelt fields.
            OperandKind::Word(name) if registry::resolve(name).is_none() && !is_like_a_field(name) => {
                return self.not_on_the_left(&op, &r.left.span);
            }
            _ if r.left.is_constant() => return self.not_on_the_left(&op, &r.left.span),
            _ => self.left(&r.left, None)?,
        };
        let allowed = match r.rel {
            Rel::Compare(..) | Rel::In(_) => left.of != Type::Nothing,
            Rel::Contains(_) | Rel::Matches(_) => left.of.can_search(),
        };
        if !allowed {
            let why = format!("{} is {}, for which there is no \"{op}\".", left.name, left.of.name());
            return self.error(&left.span, why);
        }
        let node = match &r.rel {
            Rel::Compare(cmp, right) => self.comparison(r.quant, left, *cmp, right)?,
            Rel::Contains(right) => self.contains(r.quant, left, right)?,
            Rel::Matches(right) => self.matches(r.quant, left, right)?,
            Rel::In(items) => self.membership(r.quant, left, items)?,
        };
        match &node {
            Node::Test(t) => self.reads_source(&t.source, true),
            Node::General(g) => {
                self.reads(&g.left);
                match &g.against {
                    Against::Compare(_, v) | Against::Contains(v) => self.reads(v),
                    Against::Matches(_) => {}
                    Against::In(all) => all.iter().for_each(|(a, b)| {
                        self.reads(a);
                        b.iter().for_each(|b| self.reads(b));
                    }),
                }
            }
            _ => {}
        }
        Ok(node)
    }

    fn not_on_the_left<T>(&self, op: &str, span: &Span) -> Result<T> {
        let text = self.written(span);
        self.error(span, format!("The left side of \"{op}\" must be a field or a function, not {text}."))
    }

    /// The right side of a comparison, made to fit the left one.
    fn right(&mut self, left: Typed, right: &Operand) -> Result<(Typed, Typed)> {
        let r = self.operand(right, Some(&left.want()))?;
        if matches!(r.val, Val::Const(_)) {
            return Ok((left, r));
        }
        if (left.is_slice() || r.is_slice()) && left.of.can_slice() && r.of.can_slice() {
            return Ok((left.into_bytes(), r.into_bytes()));
        }
        if !left.of.fits(r.of) {
            let name = match &right.kind {
                OperandKind::Word(name) => self.codes.text(name.as_bytes(), &left.want()).ok().map(|_| name),
                _ => None,
            };
            if let Some(name) = name {
                // `ip.proto == tcp`: the protocol's name is a code's name as well.
                let why = format!(
                    "{name} is {}; as a value of {} it is written \"{name}\".",
                    r.of.name(),
                    left.name
                );
                return self.error(&r.span, why);
            }
            return self.misfit(&left, &r);
        }
        Ok((left, r))
    }

    fn comparison(&mut self, quant: Quant, left: Typed, cmp: Cmp, right: &Operand) -> Result<Node> {
        let (left, right) = self.right(left, right)?;
        let (of, left) = (left.of, left.val);
        let Val::Const(c) = right.val else {
            return Ok(general(quant, left, Against::Compare(cmp, right.val)));
        };
        let left = match left {
            Val::Field(source, _) => {
                let pred = constant(cmp, of, &c);
                return Ok(Node::Test(Test { source, quant, pred }));
            }
            left => left,
        };
        match (masked(of, left), &c) {
            (Ok((source, mask)), Const::Num(n)) => {
                let (low, high, inside) = interval(cmp, *n, *n);
                Ok(Node::Test(Test { source, quant, pred: Pred::Mask { mask, low, high, inside } }))
            }
            // Cannot be: what is masked is a number, and so is what it is compared with.
            (Ok(_), _) => Ok(Node::Constant(false)),
            (Err(left), _) => Ok(general(quant, left, Against::Compare(cmp, Val::Const(c)))),
        }
    }

    fn contains(&mut self, quant: Quant, left: Typed, right: &Operand) -> Result<Node> {
        let want = Want { part: true, ..left.want() };
        let r = self.operand(right, Some(&want))?;
        let fits = left.of.fits(r.of) && left.of != Type::Protocol
            || r.is_slice()
            || left.is_slice() && r.of.can_slice();
        Ok(match (searched(left), r.val) {
            ((Val::Field(source, _), _), Val::Const(Const::Bytes(b) | Const::Text(b))) => {
                let finder = memchr::memmem::Finder::new(&b).into_owned();
                Node::Test(Test { source, quant, pred: Pred::Contains(Box::new(finder)) })
            }
            ((left, _), Val::Const(c)) => general(quant, left, Against::Contains(Val::Const(c))),
            ((left, _), val) if fits => general(quant, left, Against::Contains(val)),
            ((_, (name, of)), _) => {
                let why = format!("{name} is {}, but {} is {}.", of.name(), r.name, r.of.name());
                return self.error(&r.span, why);
            }
        })
    }

    fn matches(&mut self, quant: Quant, left: Typed, right: &Operand) -> Result<Node> {
        let OperandKind::Text(pattern) = &right.kind else {
            return self.error(&right.span, "A regular expression is written between double quotes.");
        };
        let regex: Regex = match pattern::compile(pattern) {
            Ok(r) => r,
            Err(why) => return self.error(&right.span, why),
        };
        Ok(match searched(left).0 {
            Val::Field(source, _) => Node::Test(Test { source, quant, pred: Pred::Matches(Box::new(regex)) }),
            val => general(quant, val, Against::Matches(regex)),
        })
    }

    fn membership(
        &mut self,
        quant: Quant,
        left: Typed,
        items: &[(Operand, Option<Operand>)],
    ) -> Result<Node> {
        let want = left.want();
        let mut item = |o: &Operand| -> Result<Val> {
            let v = self.operand(o, Some(&want))?;
            if matches!(v.val, Val::Slice(..)) {
                return self.error(&o.span, "A set has no slices in it.");
            }
            if !matches!(v.val, Val::Const(_)) && !left.of.fits(v.of) {
                return self.misfit(&left, &v);
            }
            Ok(v.val)
        };
        let mut all = Vec::with_capacity(items.len());
        for (low, high) in items {
            all.push((item(low)?, high.as_ref().map(&mut item).transpose()?));
        }
        let left = match left.val {
            Val::Field(source, width) => match ranges(left.of, &all) {
                Some(pred) => return Ok(Node::Test(Test { source, quant, pred })),
                None => Val::Field(source, width),
            },
            left => left,
        };
        Ok(general(quant, left, Against::In(all.into())))
    }
}

fn general(quant: Quant, left: Val, against: Against) -> Node {
    Node::General(Box::new(General { quant, left, against }))
}

/// The value to be searched: a protocol with everything that it carries.
fn searched(left: Typed) -> (Val, (String, Type)) {
    let val = match left.val {
        Val::Field(source, width) => Val::Field(Source { whole: left.of == Type::Protocol, ..source }, width),
        val => val,
    };
    (val, (left.name, left.of))
}

fn func(name: &str) -> Option<Func> {
    Some(match name {
        "upper" => Func::Upper,
        "lower" => Func::Lower,
        "len" => Func::Len,
        "count" => Func::Count,
        "string" => Func::String,
        "max" => Func::Max,
        "min" => Func::Min,
        "abs" => Func::Abs,
        _ => return None,
    })
}

/// Whether the operator works on values of the type.
fn can(op: Arith, of: Type) -> bool {
    match of {
        Type::Uint(_) | Type::Int(_) => true,
        Type::Span => matches!(op, Arith::Add | Arith::Sub),
        Type::Ipv4 | Type::Ipv6 | Type::Ether | Type::Bytes => op == Arith::And,
        _ => false,
    }
}

/// Names close to a word, if it can be meant as one.
fn similar(word: &str) -> Vec<&'static str> {
    if is_like_a_field(word) { registry::similar(&word.to_ascii_lowercase()) } else { Vec::new() }
}

/// A word that cannot be a number, an address or bytes.
fn is_like_a_field(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !word.contains(':')
}

/// A field masked with a constant, which is a test without arithmetic.
fn masked(of: Type, val: Val) -> std::result::Result<(Source, u64), Val> {
    match val {
        Val::Arith(Arith::And, a, b, bits) if matches!(of, Type::Uint(_)) => match (*a, *b) {
            (Val::Field(source, _), Val::Const(Const::Num(n @ 0..=0xFFFF_FFFF_FFFF_FFFF))) => {
                Ok((source, n as u64))
            }
            (a, b) => Err(Val::Arith(Arith::And, Box::new(a), Box::new(b), bits)),
        },
        val => Err(val),
    }
}

/// A comparison with `low..=high` as a range of unsigned numbers, and whether inside is good.
fn interval(cmp: Cmp, low: i128, high: i128) -> (u64, u64, bool) {
    let (from, to, inside) = match cmp {
        Cmp::Eq => (low, high, true),
        Cmp::Ne => (low, high, false),
        Cmp::Gt => (high + 1, i128::MAX, true),
        Cmp::Ge => (low, i128::MAX, true),
        Cmp::Lt => (0, low - 1, true),
        Cmp::Le => (0, high, true),
    };
    let max = i128::from(u64::MAX);
    if to < 0 || from > max {
        return (1, 0, inside);
    }
    (from.clamp(0, max) as u64, to.clamp(0, max) as u64, inside)
}

fn wide_interval(cmp: Cmp, low: u128, high: u128) -> Pred {
    let none = (1, 0);
    let (range, inside) = match cmp {
        Cmp::Eq => ((low, high), true),
        Cmp::Ne => ((low, high), false),
        Cmp::Gt => (high.checked_add(1).map_or(none, |l| (l, u128::MAX)), true),
        Cmp::Ge => ((low, u128::MAX), true),
        Cmp::Lt => (low.checked_sub(1).map_or(none, |h| (0, h)), true),
        Cmp::Le => ((0, high), true),
    };
    Pred::Wide { low: range.0, high: range.1, inside }
}

/// A constant as a range of numbers, when that is what the field's values are compared as.
fn narrow_key(of: Type, c: &Const) -> Option<(i128, i128)> {
    match (of, c) {
        (Type::Uint(_) | Type::Bool, Const::Num(n)) => Some((*n, *n)),
        (_, Const::Ipv4(a, b)) => Some(((*a).into(), (*b).into())),
        (Type::Ether, Const::Bytes(b)) => {
            let m = <[u8; 6]>::try_from(&**b).ok()?;
            let n = m.iter().fold(0i128, |n, b| n << 8 | i128::from(*b));
            Some((n, n))
        }
        _ => None,
    }
}

fn wide_key(of: Type, c: &Const) -> Option<(u128, u128)> {
    match (of, c) {
        (Type::Int(_), Const::Num(n)) => Some((wide(*n), wide(*n))),
        (_, Const::Ipv6(a, b)) => Some((*a, *b)),
        (_, Const::Time(n) | Const::Span(n)) => Some((wide(*n), wide(*n))),
        _ => None,
    }
}

fn constant(cmp: Cmp, of: Type, c: &Const) -> Pred {
    if let Some((low, high)) = narrow_key(of, c) {
        let (low, high, inside) = interval(cmp, low, high);
        return Pred::Range { low, high, inside };
    }
    if let Some((low, high)) = wide_key(of, c) {
        return wide_interval(cmp, low, high);
    }
    let (text, with) = match c {
        Const::Text(b) => (true, b.clone()),
        Const::Bytes(b) => (false, b.clone()),
        _ => (false, Box::default()),
    };
    Pred::Bytes { cmp, text, with }
}

/// A set of constants as sorted ranges, when all of them are numbers.
fn ranges(of: Type, items: &[(Val, Option<Val>)]) -> Option<Pred> {
    fn keys<T>(items: &[(Val, Option<Val>)], key: impl Fn(&Const) -> Option<(T, T)>) -> Option<Vec<(T, T)>> {
        let constant = |v: &Val| match v {
            Val::Const(c) => key(c),
            _ => None,
        };
        items
            .iter()
            .map(|(low, high)| Some((constant(low)?.0, constant(high.as_ref().unwrap_or(low))?.1)))
            .collect()
    }
    if let Some(all) = keys(items, |c| narrow_key(of, c)) {
        let max = i128::from(u64::MAX);
        let all = all.into_iter().filter(|(low, high)| *high >= 0 && *low <= max && low <= high);
        return Some(Pred::Ranges(merge(
            all.map(|(low, high)| (low.clamp(0, max) as u64, high.clamp(0, max) as u64)).collect(),
        )));
    }
    keys(items, |c| wide_key(of, c)).map(|all| Pred::Wides(merge(all)))
}

/// Ascending, and those that touch made one.
fn merge<T: Ord + Copy>(mut all: Vec<(T, T)>) -> Box<[(T, T)]> {
    all.retain(|(low, high)| low <= high);
    all.sort_unstable();
    let mut out: Vec<(T, T)> = Vec::with_capacity(all.len());
    for (low, high) in all {
        match out.last_mut() {
            Some(last) if low <= last.1 => last.1 = last.1.max(high),
            _ => out.push((low, high)),
        }
    }
    out.into()
}
