//! Lookup tables: reference data of a workspace that flows read by key, as `@tables.clinics[fields.code].name`.
//!
//! A table is read once for each version and shared by all sessions; an expression gets the one row that it asks for.

use std::collections::HashMap;
use std::sync::Arc;

use expressions::value::OrderedMap;
use expressions::{Lookup, Object, Value};
use smol_str::SmolStr;
use thiserror::Error;

/// Tables of a workspace.
pub const MAX_TABLES: usize = 100;
/// Rows of a table.
pub const MAX_TABLE_ROWS: usize = 50_000;
/// Columns of a table.
pub const MAX_TABLE_COLUMNS: usize = 50;
/// Bytes of all cells of a table.
pub const MAX_TABLE_BYTES: usize = 8 * 1024 * 1024;
/// Characters of the name of a table or column.
pub const MAX_TABLE_NAME: usize = 64;

/// Why something is not a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// A name that expressions could not write.
    #[error(
        "{0:?} is no name of a table or column: use up to {MAX_TABLE_NAME} letters a to z, digits and _, a letter first"
    )]
    Name(String),
    /// There are no columns, or too many.
    #[error("a table has from 1 to {MAX_TABLE_COLUMNS} columns; this has {0}")]
    Columns(usize),
    /// Two columns have the same name.
    #[error("the column {0:?} is there twice")]
    TwoColumns(SmolStr),
    /// The column of keys is not there.
    #[error("there is no column {0:?} to be the key; the columns are {1}")]
    NoKey(SmolStr, String),
    /// There are too many rows.
    #[error("a table has at most {MAX_TABLE_ROWS} rows")]
    Rows,
    /// It is too large.
    #[error("a table has at most {MAX_TABLE_BYTES} bytes")]
    Bytes,
    /// A row has another number of cells than there are columns.
    #[error("row {0} has {1} cells where there are {2} columns")]
    Cells(usize, usize, usize),
    /// A row without a key.
    #[error("row {0} has no key")]
    EmptyKey(usize),
    /// Two rows have the same key.
    #[error("rows {0} and {1} have the same key {2:?}; keys are compared without regard to case")]
    TwoRows(usize, usize, SmolStr),
}

/// A table in memory.
#[derive(Clone, Debug)]
pub struct Table {
    /// Name, as in `@tables.name`; lower case.
    pub name: SmolStr,
    /// The column that rows are found by.
    pub key_column: SmolStr,
    /// Names of the columns; lower case.
    pub columns: Vec<SmolStr>,
    rows: Vec<Box<[SmolStr]>>,
    /// Lower-case key to row. Never gone through, so its order does not matter.
    index: HashMap<SmolStr, u32>,
}

impl Table {
    /// Makes a table of its columns and rows. Names are taken in lower case; outer blanks of cells are dropped.
    ///
    /// # Errors
    /// [`TableError`] names the row, counted from 1 without the header.
    pub fn new(
        name: &str,
        key_column: &str,
        columns: &[SmolStr],
        rows: impl IntoIterator<Item = Vec<SmolStr>>,
    ) -> Result<Self, TableError> {
        let name = name_of(name)?;
        let columns = columns.iter().map(|column| name_of(column)).collect::<Result<Vec<_>, _>>()?;
        if columns.is_empty() || columns.len() > MAX_TABLE_COLUMNS {
            return Err(TableError::Columns(columns.len()));
        }
        if let Some((_, twice)) = columns.iter().enumerate().find(|(place, c)| columns[..*place].contains(c))
        {
            return Err(TableError::TwoColumns(twice.clone()));
        }
        let key_column = SmolStr::from(key_column.trim().to_lowercase());
        let key = columns.iter().position(|column| *column == key_column);
        let key = key.ok_or_else(|| TableError::NoKey(key_column.clone(), columns.join(", ")))?;
        let mut table = Self { name, key_column, columns, rows: Vec::new(), index: HashMap::new() };
        let mut bytes = 0;
        for (number, row) in (1_usize..).zip(rows) {
            if row.len() != table.columns.len() {
                return Err(TableError::Cells(number, row.len(), table.columns.len()));
            }
            let row: Box<[SmolStr]> = row.iter().map(|cell| SmolStr::new(cell.trim())).collect();
            bytes += row.iter().map(|cell| cell.len()).sum::<usize>();
            table.add(number, key, row)?;
            if bytes > MAX_TABLE_BYTES {
                return Err(TableError::Bytes);
            }
        }
        Ok(table)
    }

    fn add(&mut self, number: usize, key: usize, row: Box<[SmolStr]>) -> Result<(), TableError> {
        if self.rows.len() >= MAX_TABLE_ROWS {
            return Err(TableError::Rows);
        }
        if row[key].is_empty() {
            return Err(TableError::EmptyKey(number));
        }
        let place = u32::try_from(self.rows.len()).map_err(|_| TableError::Rows)?;
        if let Some(before) = self.index.insert(row[key].to_lowercase().into(), place) {
            return Err(TableError::TwoRows(before as usize + 1, number, row[key].clone()));
        }
        self.rows.push(row);
        Ok(())
    }

    /// The rows in their order, a cell for each column.
    pub fn rows(&self) -> &[Box<[SmolStr]>] {
        &self.rows
    }

    /// The row with a key, whatever its case.
    pub fn row(&self, key: &str) -> Option<&[SmolStr]> {
        let place = self.index.get(key.trim().to_lowercase().as_str())?;
        self.rows.get(*place as usize).map(|row| &**row)
    }

    /// A row as expressions see it. A key that is not there is a row of empty cells, so that flows can test it.
    fn row_value(&self, key: &str) -> Value {
        let row = self.row(key);
        let cell = |place: usize| row.and_then(|row| row.get(place)).cloned().unwrap_or_default();
        let key = self.columns.iter().position(|column| *column == self.key_column).map(cell);
        let cells = self.columns.iter().enumerate().map(|(place, column)| (column.clone(), cell(place)));
        Value::object(cells.collect::<Object>().with_default(key.unwrap_or_default()))
    }
}

/// A table as expressions see it: its name where a text is needed, and a row for any key.
pub(crate) fn table_value(table: &Arc<Table>) -> Value {
    let looked_up = Arc::clone(table);
    Value::object(Object {
        default: Some(Value::Text(table.name.clone())),
        properties: OrderedMap::default(),
        beyond: Some(Lookup::new(move |key| Some(looked_up.row_value(key)))),
    })
}

fn name_of(name: &str) -> Result<SmolStr, TableError> {
    let lower = name.trim().to_lowercase();
    let fits = lower.chars().count() <= MAX_TABLE_NAME
        && lower.starts_with(|c: char| c.is_ascii_lowercase())
        && lower.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits { Ok(lower.into()) } else { Err(TableError::Name(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], key: &str, rows: &[&[&str]]) -> Result<Table, String> {
        let columns: Vec<SmolStr> = columns.iter().map(SmolStr::new).collect();
        let rows = rows.iter().map(|row| row.iter().map(SmolStr::new).collect());
        Table::new("Clinics", key, &columns, rows).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_place() {
        let cases: [(&[&str], &str, &[&[&str]], Option<&str>); 7] = [
            (&["Code", "Name"], "code", &[&["GUL", "Gulu"], &["lir", "Lira"]], None),
            (&["code", "name"], "id", &[], Some("no column \"id\"")),
            (&["code", "Code"], "code", &[], Some("twice")),
            (&["code", "the name"], "code", &[], Some("\"the name\" is no name")),
            (&["code"], "code", &[&["a"], &["b", "c"]], Some("row 2 has 2 cells")),
            (&["code"], "code", &[&["a"], &[" "]], Some("row 2 has no key")),
            (&["code"], "code", &[&["a"], &["b"], &["A"]], Some("rows 1 and 3")),
        ];
        for (columns, key, rows, expected) in cases {
            match (table(columns, key, rows), expected) {
                (Ok(table), None) => assert_eq!(table.row(" Lir ").unwrap()[1], "Lira"),
                (Err(error), Some(expected)) => assert!(error.contains(expected), "{error}"),
                (other, _) => panic!("{other:?}"),
            }
        }
    }
}
