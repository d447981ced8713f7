//! Runs searches for contacts.

use domain::ContactId;

use super::Rows;
use crate::StoreError;
use crate::contact_query::{Argument, ContactSearch, Dialect, Statement};
use crate::sql::{self, Connection, Param, Value};

impl Param for Argument {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Int(value) => Value::Int(*value),
            Self::Text(value) => Value::Text(value),
            Self::Uuid(value) => Value::Uuid(value),
        }
    }
}

/// The dialect of the database behind a connection.
fn dialect(conn: &Connection<'_>) -> Dialect {
    match conn {
        Connection::Sqlite(_) => Dialect::Sqlite,
        Connection::Postgres(_) => Dialect::Postgres,
    }
}

fn params(statement: &Statement) -> Vec<&dyn Param> {
    statement.arguments.iter().map(|argument| argument as &dyn Param).collect()
}

impl Rows<'_> {
    pub(crate) fn search_contacts(
        &self,
        search: ContactSearch,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        let statement = search.page(dialect(self.conn), after, limit);
        sql::all(self.conn, &statement.text, &params(&statement), |row| row.get(0).map(ContactId))
    }

    pub(crate) fn count_contacts(&self, search: ContactSearch) -> Result<u64, StoreError> {
        let statement = search.count(dialect(self.conn));
        let count: Option<i64> = sql::one(self.conn, &statement.text, &params(&statement), |row| row.get(0))?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }
}
