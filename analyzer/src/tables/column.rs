//! Rows kept column by column: the form in which a batch travels to Parquet, to SQL and to text.
//!
//! A column holds the values that are there, packed, and for each row whether there is one. That
//! is what Parquet wants to be handed, and what a packet without the field costs next to nothing in.

/// The type of a column. There is one for everything that SQL, Parquet and data frames share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Signed integer of 64 bits; every unsigned field of up to 32 bits fits.
    Int,
    /// Unsigned integer of 64 bits, for fields that are wider than 32 bits.
    Uint,
    /// Double; spans of time are seconds.
    Float,
    /// True or false.
    Bool,
    /// Point in time: nanoseconds since 1970-01-01 00:00 UTC.
    Time,
    /// UTF-8 text; addresses and byte strings as `packets -T fields` prints them.
    Text,
}

impl Type {
    /// The name used in documentation.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "int64",
            Self::Uint => "uint64",
            Self::Float => "double",
            Self::Bool => "boolean",
            Self::Time => "timestamp (ns, UTC)",
            Self::Text => "text",
        }
    }
}

/// One value of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// The row has no such value.
    Null,
    /// [`Type::Int`], and the nanoseconds of [`Type::Time`].
    Int(i64),
    /// [`Type::Uint`].
    Uint(u64),
    /// [`Type::Float`].
    Float(f64),
    /// [`Type::Bool`].
    Bool(bool),
    /// [`Type::Text`].
    Text(&'a str),
}

/// Texts, one behind the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Texts {
    /// All of them.
    pub bytes: Vec<u8>,
    /// Where each ends.
    pub ends: Vec<usize>,
}

impl Texts {
    fn get(&self, i: usize) -> &str {
        let start = i.checked_sub(1).map_or(0, |p| self.ends[p]);
        std::str::from_utf8(&self.bytes[start..self.ends[i]]).unwrap_or_default()
    }
}

/// The values that are there.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// [`Type::Int`], [`Type::Time`], and the bits of [`Type::Uint`].
    Int(Vec<i64>),
    /// [`Type::Float`].
    Float(Vec<f64>),
    /// [`Type::Bool`].
    Bool(Vec<bool>),
    /// [`Type::Text`].
    Text(Texts),
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    kind: Type,
    present: Vec<i16>,
    values: Values,
}

impl Column {
    /// An empty column.
    #[must_use]
    pub fn new(kind: Type) -> Self {
        let values = match kind {
            Type::Int | Type::Uint | Type::Time => Values::Int(Vec::new()),
            Type::Float => Values::Float(Vec::new()),
            Type::Bool => Values::Bool(Vec::new()),
            Type::Text => Values::Text(Texts::default()),
        };
        Self { kind, present: Vec::new(), values }
    }

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> Type {
        self.kind
    }

    /// For each row 1 where it has a value and 0 where not: Parquet's definition levels.
    #[must_use]
    pub fn present(&self) -> &[i16] {
        &self.present
    }

    /// The values that are there, in row order.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.present.len()
    }

    /// Rows without a value, until there are `rows`.
    #[inline]
    pub fn pad(&mut self, rows: usize) {
        if self.present.len() < rows {
            self.present.resize(rows, 0);
        }
    }

    /// A row with a value of the column's type; another type is no value.
    #[inline]
    pub fn push(&mut self, cell: Cell<'_>) {
        let fits = match (&mut self.values, cell) {
            (Values::Int(v), Cell::Int(n)) => {
                v.push(n);
                true
            }
            (Values::Int(v), Cell::Uint(n)) => {
                v.push(n as i64);
                true
            }
            (Values::Float(v), Cell::Float(x)) => {
                v.push(x);
                true
            }
            (Values::Bool(v), Cell::Bool(b)) => {
                v.push(b);
                true
            }
            (Values::Text(t), Cell::Text(s)) => {
                t.bytes.extend_from_slice(s.as_bytes());
                t.ends.push(t.bytes.len());
                true
            }
            _ => false,
        };
        self.present.push(fits.into());
    }

    /// A row with a text that `write` appends; it has to append UTF-8. Only for text columns.
    #[inline]
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if let Values::Text(t) = &mut self.values {
            write(&mut t.bytes);
            t.ends.push(t.bytes.len());
            self.present.push(1);
        } else {
            self.present.push(0);
        }
    }

    /// The bytes of all texts, which a writer wants to own; the column has to be cleared after.
    pub fn take_text(&mut self) -> Vec<u8> {
        match &mut self.values {
            Values::Text(t) => std::mem::take(&mut t.bytes),
            _ => Vec::new(),
        }
    }

    /// Moves the rows of another column of the same type to the end of this one.
    fn append(&mut self, other: &mut Self) {
        self.present.append(&mut other.present);
        match (&mut self.values, &mut other.values) {
            (Values::Int(a), Values::Int(b)) => a.append(b),
            (Values::Float(a), Values::Float(b)) => a.append(b),
            (Values::Bool(a), Values::Bool(b)) => a.append(b),
            (Values::Text(a), Values::Text(b)) => {
                let base = a.bytes.len();
                a.bytes.append(&mut b.bytes);
                a.ends.extend(b.ends.drain(..).map(|e| base + e));
            }
            _ => unreachable!("both columns are of one schema"),
        }
    }

    fn clear(&mut self) {
        self.present.clear();
        match &mut self.values {
            Values::Int(v) => v.clear(),
            Values::Float(v) => v.clear(),
            Values::Bool(v) => v.clear(),
            Values::Text(t) => {
                t.bytes.clear();
                t.ends.clear();
            }
        }
    }

    fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::Int(v) => v.len() * 8,
            Values::Float(v) => v.len() * 8,
            Values::Bool(v) => v.len(),
            Values::Text(t) => t.bytes.len() + t.ends.len() * 8,
        };
        self.present.len() * 2 + values
    }

    /// The `nth` value that is there.
    fn value(&self, nth: usize) -> Cell<'_> {
        match &self.values {
            Values::Int(v) if self.kind == Type::Uint => Cell::Uint(v[nth] as u64),
            Values::Int(v) => Cell::Int(v[nth]),
            Values::Float(v) => Cell::Float(v[nth]),
            Values::Bool(v) => Cell::Bool(v[nth]),
            Values::Text(t) => Cell::Text(t.get(nth)),
        }
    }
}

/// Columns of the same length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The columns, in the order of the schema they were made of.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: usize,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(types: impl IntoIterator<Item = Type>) -> Self {
        Self { columns: types.into_iter().map(Column::new).collect(), rows: 0 }
    }

    /// Ends a row: columns that were not pushed to have no value in it.
    #[inline]
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Ends the last row of a batch: makes all columns equally long.
    pub fn finish(&mut self) {
        for c in &mut self.columns {
            c.pad(self.rows);
        }
    }

    /// Moves the rows of `other`, which has the same columns, to the end of this table.
    pub fn append(&mut self, other: &mut Self) {
        self.rows += std::mem::take(&mut other.rows);
        for (a, b) in self.columns.iter_mut().zip(&mut other.columns) {
            a.append(b);
        }
    }

    /// The table with its rows; an empty one with the same columns stays behind.
    pub fn take(&mut self) -> Self {
        let empty = Self::new(self.columns.iter().map(Column::kind));
        std::mem::replace(self, empty)
    }

    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.columns.iter_mut().for_each(Column::clear);
    }

    /// Bytes that the rows take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum()
    }
}

/// Goes through the rows of a table one after the other.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    row: usize,
    /// Values of each column that belong to earlier rows.
    before: Vec<usize>,
    /// The columns that are looked at.
    used: Vec<usize>,
}

impl Rows {
    /// At the first row of a table with so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { row: 0, before: vec![0; columns], used: (0..columns).collect() }
    }

    /// At the first row of a table of which only some columns are looked at.
    #[must_use]
    pub fn of(columns: usize, used: &[usize]) -> Self {
        Self { row: 0, before: vec![0; columns], used: used.to_vec() }
    }

    /// True when no row is left.
    #[must_use]
    pub fn ended(&self, table: &Table) -> bool {
        self.row >= table.rows
    }

    /// Goes to the next row.
    pub fn advance(&mut self, table: &Table) {
        for &i in &self.used {
            self.before[i] += usize::from(table.columns[i].present.get(self.row) == Some(&1));
        }
        self.row += 1;
    }

    /// The value of a column in this row.
    #[must_use]
    pub fn cell<'a>(&self, table: &'a Table, column: usize) -> Cell<'a> {
        match table.columns.get(column) {
            Some(c) if c.present.get(self.row) == Some(&1) => c.value(self.before[column]),
            _ => Cell::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_find_their_values_again() {
        let mut t = Table::new([Type::Int, Type::Text, Type::Uint]);
        t.columns[0].push(Cell::Int(-1));
        t.end_row();
        t.columns[1].pad(1);
        t.columns[1].push(Cell::Text("two"));
        t.columns[2].pad(1);
        t.columns[2].push(Cell::Uint(u64::MAX));
        t.end_row();
        t.finish();
        let mut all = t.clone();
        all.append(&mut t.clone());
        assert_eq!(all.rows, 4);
        let mut rows = Rows::new(3);
        for _ in 0..2 {
            assert_eq!([0, 1, 2].map(|c| rows.cell(&all, c)), [Cell::Int(-1), Cell::Null, Cell::Null]);
            rows.advance(&all);
            let second = [Cell::Null, Cell::Text("two"), Cell::Uint(u64::MAX)];
            assert_eq!([0, 1, 2].map(|c| rows.cell(&all, c)), second);
            rows.advance(&all);
        }
        assert!(rows.ended(&all));
    }

    #[test]
    fn a_value_of_another_type_is_none() {
        let mut c = Column::new(Type::Int);
        c.push(Cell::Text("1"));
        assert_eq!((c.present(), c.rows()), (&[0][..], 1));
    }
}
