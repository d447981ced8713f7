//! Rows that were read: columns by place and type, the same from both databases.

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use uuid::Uuid;

use super::{Error, Result};

/// A row of an answer, valid while it is being read.
pub(crate) enum Row<'r> {
    /// Of SQLite.
    Sqlite(&'r rusqlite::Row<'r>),
    /// Of PostgreSQL.
    Postgres(&'r tokio_postgres::Row),
}

/// What a column holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl Cell<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Int(_) => "a number",
            Self::Real(_) => "a fraction",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
        }
    }
}

/// What a column can be read as.
pub(crate) trait Column: Sized {
    /// What it is called in errors.
    const NAME: &'static str;
    /// `None` if the cell holds something else.
    fn read(cell: Cell<'_>) -> Option<Self>;
}

macro_rules! columns {
    ($($ty:ty: $name:literal, $pattern:pat => $value:expr;)+) => {$(
        impl Column for $ty {
            const NAME: &'static str = $name;
            fn read(cell: Cell<'_>) -> Option<Self> {
                match cell { $pattern => $value, _ => None }
            }
        }
    )+};
}

columns! {
    i64: "a number", Cell::Int(value) => Some(value);
    i32: "a small number", Cell::Int(value) => value.try_into().ok();
    u32: "a count", Cell::Int(value) => value.try_into().ok();
    bool: "0 or 1", Cell::Int(value) => Some(value != 0);
    f64: "a fraction", Cell::Real(value) => Some(value);
    String: "text", Cell::Text(value) => Some(value.to_owned());
    SmolStr: "text", Cell::Text(value) => Some(value.into());
    Vec<u8>: "bytes", Cell::Blob(value) => Some(value.to_vec());
}

impl<T: Column> Column for Option<T> {
    const NAME: &'static str = T::NAME;
    fn read(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            Cell::Int(_) | Cell::Real(_) | Cell::Text(_) | Cell::Blob(_) => T::read(cell).map(Some),
        }
    }
}

impl Row<'_> {
    pub(crate) fn cell(&self, column: usize) -> Result<Cell<'_>> {
        match self {
            Self::Sqlite(row) => Ok(match row.get_ref(column)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Int(value),
                ValueRef::Real(value) => Cell::Real(value),
                ValueRef::Text(value) => {
                    Cell::Text(std::str::from_utf8(value).map_err(|error| bad(column, error.to_string()))?)
                }
                ValueRef::Blob(value) => Cell::Blob(value),
            }),
            Self::Postgres(row) => {
                row.try_get::<_, Cell<'_>>(column).map_err(|error| bad(column, super::words(&error)))
            }
        }
    }

    /// A column, which is there counted from 0.
    pub(crate) fn get<T: Column>(&self, column: usize) -> Result<T> {
        let cell = self.cell(column)?;
        T::read(cell).ok_or_else(|| bad(column, format!("{} is expected, there is {}", T::NAME, cell.kind())))
    }

    /// Text without a copy.
    pub(crate) fn str(&self, column: usize) -> Result<&str> {
        self.str_opt(column)?.ok_or_else(|| bad(column, "text is expected, there is nothing"))
    }

    /// Text without a copy, or nothing.
    pub(crate) fn str_opt(&self, column: usize) -> Result<Option<&str>> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            cell @ (Cell::Int(_) | Cell::Real(_) | Cell::Blob(_)) => {
                Err(bad(column, format!("text is expected, there is {}", cell.kind())))
            }
        }
    }

    /// Whether the column holds nothing.
    pub(crate) fn is_null(&self, column: usize) -> Result<bool> {
        Ok(matches!(self.cell(column)?, Cell::Null))
    }
}

fn bad(column: usize, reason: impl Into<String>) -> Error {
    Error::Unreadable { column, reason: reason.into() }
}

pub(crate) fn text(row: &Row<'_>, column: usize) -> Result<SmolStr> {
    row.get(column)
}

pub(crate) fn text_opt(row: &Row<'_>, column: usize) -> Result<Option<SmolStr>> {
    row.get(column)
}

pub(crate) fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid> {
    match row.cell(column)? {
        Cell::Blob(bytes) => Uuid::from_slice(bytes).map_err(|error| bad(column, error.to_string())),
        cell @ (Cell::Null | Cell::Int(_) | Cell::Real(_) | Cell::Text(_)) => {
            Err(bad(column, format!("an identifier is expected, there is {}", cell.kind())))
        }
    }
}

fn micros(column: usize, value: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(value).map_err(|error| bad(column, error.to_string()))
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    micros(column, row.get(column)?)
}

pub(crate) fn time_opt(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    row.get::<Option<i64>>(column)?.map(|value| micros(column, value)).transpose()
}

/// A JSON column; NULL reads as the default.
pub(crate) fn json<T: DeserializeOwned + Default>(row: &Row<'_>, column: usize) -> Result<T> {
    match row.str_opt(column)? {
        None => Ok(T::default()),
        Some(text) => serde_json::from_str(text).map_err(|error| bad(column, error.to_string())),
    }
}

/// A column that holds one of a closed set of words.
pub(crate) fn word<T>(row: &Row<'_>, column: usize, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    let text = row.str(column)?;
    parse(text).ok_or_else(|| bad(column, format!("'{text}' is not a known word here")))
}
