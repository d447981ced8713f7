//! One cell that is on its way from one database to another, and what of it is the same on both.

use uuid::Uuid;

use crate::sql::{Cell, Kind, Param, Result, Row, Value};

/// A cell out of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owned {
    Null(Kind),
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
    Uuid(Uuid),
}

impl Param for Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null(kind) => Value::Null(*kind),
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
            Self::Uuid(uuid) => Value::Uuid(uuid),
        }
    }
}

impl Owned {
    /// Reads a column that holds this kind.
    pub fn read(row: &Row<'_>, column: usize, kind: Kind) -> Result<Self> {
        Ok(match row.cell(column)? {
            Cell::Null => Self::Null(kind),
            Cell::Int(number) => Self::Int(number),
            Cell::Text(text) => Self::Text(text.to_owned()),
            Cell::Blob(bytes) => match (kind, Uuid::from_slice(bytes)) {
                (Kind::Uuid, Ok(uuid)) => Self::Uuid(uuid),
                (Kind::Uuid | Kind::Int | Kind::Text | Kind::Blob, _) => Self::Blob(bytes.to_vec()),
            },
            Cell::Real(number) => {
                return Err(crate::sql::Error::Unreadable {
                    column,
                    reason: format!("there is {number}, and nothing of ours is a fraction"),
                });
            }
        })
    }
}

/// Adds a cell to what a checksum is made of: a letter for its kind, its length, its bytes. Identifiers are bytes on
/// one database and a type of their own on the other. A NUL in a text counts as what PostgreSQL has in its place.
pub(crate) fn canonical(cell: Cell<'_>, out: &mut Vec<u8>) {
    let mut put = |kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(bytes);
    };
    match cell {
        Cell::Null => put(b'n', &[]),
        Cell::Int(number) => put(b'i', &number.to_be_bytes()),
        Cell::Real(number) => put(b'r', &number.to_be_bytes()),
        Cell::Text(text) if text.contains('\0') => put(b't', text.replace('\0', "\u{fffd}").as_bytes()),
        Cell::Text(text) => put(b't', text.as_bytes()),
        Cell::Blob(bytes) => put(b'b', bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_cells_never_come_to_the_same_bytes() {
        let bytes = |cells: &[Cell<'_>]| {
            let mut out = Vec::new();
            cells.iter().for_each(|cell| canonical(*cell, &mut out));
            out
        };
        let rows: Vec<Vec<u8>> = [
            &[Cell::Text("ab"), Cell::Text("c")][..],
            &[Cell::Text("a"), Cell::Text("bc")],
            &[Cell::Text("abc"), Cell::Null],
            &[Cell::Null, Cell::Text("abc")],
            &[Cell::Blob(b"ab"), Cell::Text("c")],
            &[Cell::Int(1), Cell::Text("")],
            &[Cell::Int(256), Cell::Text("")],
        ]
        .into_iter()
        .map(bytes)
        .collect();
        for (place, row) in rows.iter().enumerate() {
            assert!(rows[..place].iter().all(|other| other != row), "row {place}");
        }
        assert_eq!(bytes(&[Cell::Text("a\0")]), bytes(&[Cell::Text("a\u{fffd}")]));
    }
}
