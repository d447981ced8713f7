//! Values on the wire: parameters, whole columns of parameters for statements that write many rows at once, and the
//! cells that come back.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::sql::{Cell, Kind, Param, Value};

type Boxed = Box<dyn StdError + Sync + Send>;

/// What a NUL in a text becomes: SQLite keeps it, PostgreSQL has no place for it.
const IN_PLACE_OF_NUL: &[u8] = "\u{fffd}".as_bytes();

/// One parameter of a statement: a value, or a column of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bind<'a> {
    One(Value<'a>),
    Many(&'a Array),
}

impl Bind<'_> {
    /// What the server is told it is, where it may not be asked.
    pub(super) fn sql_type(&self) -> Type {
        match self {
            Self::One(value) => match value.kind() {
                Kind::Int => Type::INT8,
                Kind::Text => Type::TEXT,
                Kind::Blob => Type::BYTEA,
                Kind::Uuid => Type::UUID,
            },
            Self::Many(array) => match array.kind {
                Kind::Int => Type::INT8_ARRAY,
                Kind::Text => Type::TEXT_ARRAY,
                Kind::Blob => Type::BYTEA_ARRAY,
                Kind::Uuid => Type::UUID_ARRAY,
            },
        }
    }
}

impl ToSql for Bind<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match self {
            Self::One(value) => one(*value, ty, out),
            Self::Many(array) => {
                array.write(out);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn one(value: Value<'_>, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
    match value {
        Value::Null(_) => return Ok(IsNull::Yes),
        Value::Int(number) => match *ty {
            Type::INT8 => out.put_i64(number),
            Type::INT4 => out.put_i32(number.try_into()?),
            Type::INT2 => out.put_i16(number.try_into()?),
            Type::BOOL => out.put_u8(u8::from(number != 0)),
            Type::FLOAT8 => out.put_f64(number as f64),
            _ => return Err(format!("a number is given where {ty} is expected").into()),
        },
        Value::Text(text) => put_text(text, out),
        Value::Blob(bytes) => out.put_slice(bytes),
        Value::Uuid(uuid) => out.put_slice(uuid.as_bytes()),
    }
    Ok(IsNull::No)
}

pub(super) fn put_text(text: &str, out: &mut impl BufMut) {
    if !text.as_bytes().contains(&0) {
        return out.put_slice(text.as_bytes());
    }
    for (index, part) in text.as_bytes().split(|byte| *byte == 0).enumerate() {
        if index > 0 {
            out.put_slice(IN_PLACE_OF_NUL);
        }
        out.put_slice(part);
    }
}

/// A column of parameters, in the form in which it travels.
#[derive(Debug)]
pub(crate) struct Array {
    kind: Kind,
    count: i32,
    nulls: bool,
    body: Vec<u8>,
}

impl Array {
    fn new(kind: Kind) -> Self {
        Self { kind, count: 0, nulls: false, body: Vec::new() }
    }

    fn push(&mut self, value: Value<'_>) {
        debug_assert_eq!(self.kind, value.kind(), "a column holds values of one kind");
        self.count += 1;
        if let Value::Null(_) = value {
            self.nulls = true;
            return self.body.put_i32(-1);
        }
        let start = self.body.len();
        self.body.put_i32(0);
        match value {
            Value::Null(_) => {}
            Value::Int(number) => self.body.put_i64(number),
            Value::Text(text) => put_text(text, &mut self.body),
            Value::Blob(bytes) => self.body.put_slice(bytes),
            Value::Uuid(uuid) => self.body.put_slice(uuid.as_bytes()),
        }
        let length = i32::try_from(self.body.len() - start - 4).unwrap_or(i32::MAX);
        self.body[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn write(&self, out: &mut BytesMut) {
        let element = match self.kind {
            Kind::Int => Type::INT8,
            Kind::Text => Type::TEXT,
            Kind::Blob => Type::BYTEA,
            Kind::Uuid => Type::UUID,
        };
        out.put_i32(i32::from(self.count > 0));
        out.put_i32(i32::from(self.nulls));
        out.put_u32(element.oid());
        if self.count > 0 {
            out.put_i32(self.count);
            out.put_i32(1);
            out.put_slice(&self.body);
        }
    }

    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Int => "bigint",
            Kind::Text => "text",
            Kind::Blob => "bytea",
            Kind::Uuid => "uuid",
        }
    }
}

/// Rows that one statement takes as columns.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<Array>,
    rows: usize,
}

impl Table {
    /// Adds a row; all rows have the same kinds in the same places.
    pub(super) fn push(&mut self, row: &[&dyn Param]) {
        if self.columns.is_empty() {
            self.columns = row.iter().map(|cell| Array::new(cell.value().kind())).collect();
        }
        debug_assert_eq!(self.columns.len(), row.len(), "rows are of one width");
        for (column, cell) in self.columns.iter_mut().zip(row) {
            column.push(cell.value());
        }
        self.rows += 1;
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The statement with its `{rows}` replaced by what unfolds the columns.
    pub(super) fn unfold(&self, text: &str) -> String {
        let mut rows = String::from("unnest(");
        for (index, column) in self.columns.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            rows.push_str(&format!("{comma}${}::{}[]", index + 1, column.name()));
        }
        rows.push(')');
        text.replace("{rows}", &rows)
    }

    /// The parameters.
    pub(super) fn binds(&self) -> Vec<Bind<'_>> {
        self.columns.iter().map(Bind::Many).collect()
    }
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Self::Int(i64::from(i32::from_be_bytes(raw.try_into()?))),
            Type::INT2 => Self::Int(i64::from(i16::from_be_bytes(raw.try_into()?))),
            Type::BOOL => Self::Int(i64::from(raw != [0])),
            Type::FLOAT8 => Self::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => {
                Self::Text(std::str::from_utf8(raw)?)
            }
            Type::BYTEA | Type::UUID => Self::Blob(raw),
            _ => return Err(format!("columns of the type {ty} are not read; cast it").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_in_a_text_is_replaced() {
        for (text, expected) in [("plain", "plain"), ("a\0b", "a\u{fffd}b"), ("\0", "\u{fffd}"), ("", "")] {
            let mut out = Vec::new();
            put_text(text, &mut out);
            assert_eq!(out, expected.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn columns_unfold_by_their_kinds() {
        let mut table = Table::default();
        table.push(&[&1_i64, &"a", &None::<i64>, &uuid::Uuid::nil()]);
        table.push(&[&2_i64, &"", &Some(3_i64), &uuid::Uuid::nil()]);
        assert_eq!(table.rows(), 2);
        assert_eq!(
            table.unfold("SELECT * FROM {rows}"),
            "SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[])"
        );
    }
}
