//! The database of a RapidPro, in one state.

use serde::{Deserialize, de::DeserializeOwned};
use store::{OtherDatabase, StoreUrl};

use crate::MigrateError;

/// Tables and columns by which version 9 is known: they came with it or with 8, and are read here.
const MARKS: &[(&str, &str)] = &[
    ("orgs_org", "input_collation"),
    ("msgs_optin", "uuid"),
    ("triggers_trigger", "keywords"),
    ("contacts_contacturn", "auth_tokens"),
    ("schedules_schedule", "is_paused"),
    ("orgs_orgmembership", "role_code"),
];

/// The database of a RapidPro 9, open for reading. Blocks: not for use within a runtime.
pub struct Source {
    database: OtherDatabase,
}

#[derive(Deserialize)]
struct Counted {
    n: u64,
}

impl Source {
    /// Connects, fixes the state that is read, and looks whether it is one of version 9.
    ///
    /// # Errors
    /// [`MigrateError`]
    pub fn open(url: &str) -> Result<Self, MigrateError> {
        let StoreUrl::Postgres(url) = url.parse()? else {
            let reason = "its address begins with postgres://".to_owned();
            return Err(MigrateError::NotRapidPro(reason));
        };
        let source = Self { database: OtherDatabase::open(&url)? };
        source.check_version()?;
        Ok(source)
    }

    fn check_version(&self) -> Result<(), MigrateError> {
        for (table, column) in MARKS {
            let text = format!(
                "SELECT count(*) AS n FROM information_schema.columns WHERE table_schema = 'public' AND table_name = \
                 '{table}' AND column_name = '{column}'"
            );
            if self.count(&text, &[])? == 0 {
                return Err(MigrateError::NotRapidPro(format!(
                    "{table} has no {column}; bring a copy of an older one up to 9 with its own migrations first"
                )));
            }
        }
        Ok(())
    }

    /// The rows of a statement.
    pub(crate) fn rows<T: DeserializeOwned>(
        &self,
        what: &'static str,
        statement: &str,
        params: &[i64],
    ) -> Result<Vec<T>, MigrateError> {
        let rows = self.database.rows(statement, params)?;
        let read = |row: &String| {
            serde_json::from_str(row)
                .map_err(|error| MigrateError::Row { what, reason: format!("{error} in {}", beginning(row)) })
        };
        rows.iter().map(read).collect()
    }

    /// The only row of a statement that counts something as `n`.
    pub(crate) fn count(&self, statement: &str, params: &[i64]) -> Result<u64, MigrateError> {
        let rows: Vec<Counted> = self.rows("a count", statement, params)?;
        Ok(rows.first().map_or(0, |row| row.n))
    }

    /// How many rows of a table a workspace has.
    pub(crate) fn count_of(&self, table: &str, org: i64) -> Result<u64, MigrateError> {
        self.count(&format!("SELECT count(*) AS n FROM {table} WHERE org_id = $1"), &[org])
    }
}

/// Enough of a row to find it by.
fn beginning(row: &str) -> &str {
    let end = row.char_indices().nth(120).map_or(row.len(), |(at, _)| at);
    &row[..end]
}
