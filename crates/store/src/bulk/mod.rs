//! Rows in great number, past the writer: a whole store copied to another database, a history made up for drills.
//!
//! A store that is being filled says so in the table `filling`, and is not opened by anything else until it is whole:
//! what was brought in half is worse than nothing. Pages are written in transactions of their own, so that neither
//! memory nor transactions grow with the store.

mod cells;
mod checksum;
mod end;
mod history;
mod moving;
mod person;
mod plan;

pub use history::{History, HistoryReport, make_history};
pub use moving::{MoveError, MoveStep, Moved, MovedTable, move_store};
pub(crate) use person::person_rows;
pub use person::person_tables;

use crate::{
    StoreError,
    sql::{self, Connection},
};

/// Refuses a store that is being filled.
pub(crate) fn check_whole(conn: &Connection<'_>, shown: &str) -> Result<(), StoreError> {
    let what =
        sql::one(conn, "SELECT what FROM filling ORDER BY id LIMIT 1", &[], |row| row.get::<String>(0))?;
    match what {
        None => Ok(()),
        Some(what) => Err(StoreError::Open {
            path: shown.to_owned(),
            reason: format!("it is not whole yet: {what} was begun and not finished; run that again"),
        }),
    }
}
