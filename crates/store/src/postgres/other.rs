//! A PostgreSQL that is somebody else's, read in one state and never written.

use super::{PostgresUrl, Session};
use crate::{
    StoreError,
    sql::{self, Connection, Param},
};

/// What holds for the whole reading. Pages are read one after another while what was read is written elsewhere, so the
/// transaction lies idle in between; times are given in UTC.
const SETTINGS: &str = "SET TIME ZONE 'UTC'; SET idle_in_transaction_session_timeout = 0;
     SET statement_timeout = '10min'; SET intervalstyle = 'iso_8601';
     BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A database of another program, in the state that it had when it was opened. Blocks: not for use within a runtime.
pub struct OtherDatabase {
    session: Session,
}

impl OtherDatabase {
    /// Connects and fixes the state that is read.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub fn open(url: &PostgresUrl) -> Result<Self, StoreError> {
        let session = Session::open(url)?;
        session.plain(SETTINGS)?;
        Ok(Self { session })
    }

    /// The rows of a statement, each as the text of a JSON object by the names of its columns.
    ///
    /// # Errors
    /// If the statement fails, or the connection is lost.
    pub fn rows(&self, statement: &str, params: &[i64]) -> Result<Vec<String>, StoreError> {
        let text = format!("SELECT CAST(row_to_json(found) AS TEXT) FROM ({statement}) AS found");
        let params: Vec<&dyn Param> = params.iter().map(|number| number as &dyn Param).collect();
        sql::all::<_, StoreError>(&Connection::Postgres(&self.session), &text, &params, |row| {
            row.get::<String>(0)
        })
    }
}
