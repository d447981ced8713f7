//! A whole store copied to another database, of the same kind or the other one.

use std::fmt::Display;

use serde::Serialize;
use thiserror::Error;

use super::{
    cells::Owned,
    checksum::{self, Sum},
    end::End,
    plan::{Table, Treatment, tables},
};
use crate::{StoreError, StoreUrl, sql};

/// Why a store was not moved. The source is as it was in any case.
#[derive(Debug, Error)]
pub enum MoveError {
    /// Both ends are the same.
    #[error("--from and --to are the same store")]
    Same,
    /// There is something in the target that is not of this move.
    #[error("{target} is not empty: table {table} has rows; give an empty database")]
    NotEmpty {
        /// The target.
        target: String,
        /// A table that has rows.
        table: &'static str,
    },
    /// The target is being filled by something else.
    #[error("{target} is being filled by something else ({what}); give an empty database")]
    OtherFilling {
        /// The target.
        target: String,
        /// What fills it.
        what: String,
    },
    /// What arrived is not what left.
    #[error(
        "table {table} is not the same on both sides ({from} rows there, {to} here); empty the target and move again"
    )]
    Different {
        /// The table.
        table: &'static str,
        /// Rows at the source.
        from: u64,
        /// Rows at the target.
        to: u64,
    },
    /// A database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sql::Error> for MoveError {
    fn from(error: sql::Error) -> Self {
        Self::Store(error.into())
    }
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveStep {
    /// So many rows of a table were copied.
    Copied(&'static str, u64),
    /// A table is compared.
    Comparing(&'static str),
}

/// A table that is the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedTable {
    /// Its name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of its rows in the order of their keys.
    pub checksum: String,
}

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// All tables that were copied.
    pub tables: Vec<MovedTable>,
    /// Rows of all tables.
    pub rows: u64,
}

/// Copies everything from one store to an empty one and compares both. A move that broke off is gone on with by the
/// same call. Blocks; runs for as long as it takes.
///
/// # Errors
/// [`MoveError`]; the target is then not opened by anything else until the move is done.
pub fn move_store(
    from: &StoreUrl,
    to: &StoreUrl,
    mut tell: impl FnMut(MoveStep),
) -> Result<Moved, MoveError> {
    if from == to {
        return Err(MoveError::Same);
    }
    let all = tables().map_err(StoreError::from)?;
    let source = End::open(from, false)?;
    super::check_whole(&source.conn(), &from.to_string())?;
    let target = End::open(to, true)?;
    begin(&target, &all, to, &format!("a move from {from}"))?;
    target.hurry(true)?;
    source.begin_reading()?;
    for table in all.iter().filter(|table| table.treatment != Treatment::Left) {
        copy(&source, &target, table, &mut tell)?;
    }
    source.plain("ROLLBACK")?;
    target.settle()?;
    let moved = compare(&source, &target, &all, &mut tell)?;
    sql::exec(&target.conn(), "DELETE FROM filling", &[])?;
    Ok(moved)
}

/// Makes sure that the target holds nothing but a beginning of this very move, and writes that it is under way.
fn begin(target: &End, all: &[Table], url: impl Display, what: &str) -> Result<(), MoveError> {
    let conn = target.conn();
    let begun =
        sql::one(&conn, "SELECT what FROM filling ORDER BY id LIMIT 1", &[], |row| row.get::<String>(0))?;
    match begun {
        Some(begun) if begun == what => return Ok(()),
        Some(what) => return Err(MoveError::OtherFilling { target: url.to_string(), what }),
        None => {}
    }
    for table in all.iter().filter(|table| table.treatment == Treatment::Copied) {
        let text = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if sql::one(&conn, &text, &[], |row| row.get::<i64>(0))?.is_some() {
            return Err(MoveError::NotEmpty { target: url.to_string(), table: table.name });
        }
    }
    sql::exec(&conn, "INSERT INTO filling (id, what) VALUES (1, $1)", &[&what])?;
    Ok(())
}

fn copy(source: &End, target: &End, table: &Table, tell: &mut impl FnMut(MoveStep)) -> Result<(), MoveError> {
    if table.treatment == Treatment::Replaced {
        sql::exec(&target.conn(), &format!("DELETE FROM {}", table.name), &[])?;
    }
    let columns = table.column_list();
    let mut after = last_place(target, table)?;
    let mut copied = 0;
    loop {
        let mut rows = Vec::new();
        let last = checksum::page(&source.conn(), table, after.as_ref(), |row| {
            let cells = table.columns.iter().enumerate();
            rows.push(
                cells.map(|(place, (_, kind))| Owned::read(row, place, *kind)).collect::<sql::Result<_>>()?,
            );
            Ok(())
        })?;
        let Some(last) = last else { return Ok(()) };
        target.insert(table.name, &columns, &rows)?;
        copied += rows.len() as u64;
        after = Some(last);
        tell(MoveStep::Copied(table.name, copied));
    }
}

/// How far an earlier beginning of this move came: pages are written whole and in the order of the key.
fn last_place(target: &End, table: &Table) -> Result<Option<checksum::Place>, MoveError> {
    let key = table.key_list();
    let back: Vec<String> = key.split(", ").map(|column| format!("{column} DESC")).collect();
    let text = format!("SELECT {key} FROM {} ORDER BY {} LIMIT 1", table.name, back.join(", "));
    let place = sql::one(&target.conn(), &text, &[], |row| {
        let cells = table.key.iter().enumerate();
        cells.map(|(place, column)| Owned::read(row, place, table.columns[*column].1)).collect()
    })?;
    Ok(place)
}

fn compare(
    source: &End,
    target: &End,
    all: &[Table],
    tell: &mut impl FnMut(MoveStep),
) -> Result<Moved, MoveError> {
    let mut moved = Moved { tables: Vec::new(), rows: 0 };
    for table in all.iter().filter(|table| table.treatment != Treatment::Left) {
        tell(MoveStep::Comparing(table.name));
        let (from, to) = both(source, target, table)?;
        if from != to {
            return Err(MoveError::Different { table: table.name, from: from.rows, to: to.rows });
        }
        moved.rows += from.rows;
        moved.tables.push(MovedTable { table: table.name, rows: from.rows, checksum: from.checksum });
    }
    Ok(moved)
}

/// Sums of a table on both sides.
fn both(source: &End, target: &End, table: &Table) -> Result<(Sum, Sum), MoveError> {
    Ok((checksum::sum(&source.conn(), table)?, checksum::sum(&target.conn(), table)?))
}
