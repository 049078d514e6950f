//! A filter as it was written: what the parser builds and the checker reads.

use std::ops::Range;

/// Bytes of the filter's text.
pub type Span = Range<usize>;

/// How deep tests and values may be nested.
pub const MAX_DEPTH: usize = 100;

/// One of the six comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cmp {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// Whether one occurrence of a field has to pass, or each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quant {
    Any,
    All,
}

/// Operators between values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
}

impl Arith {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::And => "&",
        }
    }
}

/// One piece of a slice, or one range of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// First offset; from the end when negative.
    pub start: i32,
    /// Where it ends.
    pub end: End,
}

/// Where a [`Part`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// After so many.
    Length(i32),
    /// At this offset, inclusive.
    Offset(i32),
    /// Where the value ends.
    Open,
}

/// A test.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Or(Vec<Expr>),
    Xor(Vec<Expr>),
    And(Vec<Expr>),
    Not(Box<Expr>),
    /// A value alone: there is such a field, or the number is not 0.
    Truth(Operand),
    Relation(Box<Relation>),
}

/// A value and what it is tested for.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    pub quant: Quant,
    pub left: Operand,
    pub rel: Rel,
    /// Where the operator stands.
    pub op: Span,
}

/// What a value is tested for.
#[derive(Debug, Clone, PartialEq)]
pub enum Rel {
    Compare(Cmp, Operand),
    Contains(Operand),
    Matches(Operand),
    /// Single values, and ranges from one to the other.
    In(Vec<(Operand, Option<Operand>)>),
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    pub span: Span,
    pub kind: OperandKind,
    depth: usize,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq)]
pub enum OperandKind {
    /// Something bare: a field, or a value whose type depends on what it is compared with.
    Word(String),
    /// Written with a leading dot: a field for sure.
    Field(String),
    /// Written with a leading colon: a value for sure.
    Literal(String),
    /// A quoted string, its escapes resolved; any bytes.
    Text(Vec<u8>),
    /// A quoted character.
    Char(u32),
    /// A field in certain layers.
    Layered(String, Vec<Part>),
    Slice(Box<Operand>, Vec<Part>),
    Call(String, Span, Vec<Operand>),
    Neg(Box<Operand>),
    Arith(Arith, Box<Operand>, Box<Operand>),
}

impl Operand {
    /// A value without parts.
    pub const fn leaf(span: Span, kind: OperandKind) -> Self {
        Self { span, kind, depth: 1 }
    }

    /// `None` when it would be nested too deep.
    pub fn new(span: Span, kind: OperandKind) -> Option<Self> {
        let below = match &kind {
            OperandKind::Slice(a, _) | OperandKind::Neg(a) => a.depth,
            OperandKind::Arith(_, a, b) => a.depth.max(b.depth),
            OperandKind::Call(_, _, args) => args.iter().map(|a| a.depth).max().unwrap_or(0),
            _ => 0,
        };
        (below < MAX_DEPTH).then_some(Self { span, kind, depth: below + 1 })
    }

    /// True for a value that is written out.
    pub fn is_constant(&self) -> bool {
        matches!(self.kind, OperandKind::Literal(_) | OperandKind::Text(_) | OperandKind::Char(_))
    }
}
