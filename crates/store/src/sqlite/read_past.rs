//! How far rows that keep their numbers were brought in.

use uuid::Uuid;

use super::{Rows, sql};
use crate::{KeptNumbers, NumberedRows, StoreError, sql::Param};

/// Values that one statement asks for.
const AT_ONCE: usize = 500;

impl Rows<'_> {
    /// The highest number of such rows, 0 if there are none, and how many there are.
    pub(crate) fn numbered(&self, rows: NumberedRows) -> Result<(i64, i64), StoreError> {
        let NumberedRows { workspace, table, above, below } = rows;
        let text = format!(
            "SELECT coalesce(max(id), 0), count(*) FROM {} WHERE workspace_id = $1 AND id > $2 AND id < $3",
            table.table()
        );
        let found = sql::one(self.conn, &text, &[&workspace.0, &above, &below], |row| {
            Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
        })?;
        Ok(found.unwrap_or_default())
    }

    pub(crate) fn known_uuids(&self, table: KeptNumbers, uuids: Vec<Uuid>) -> Result<Vec<Uuid>, StoreError> {
        let mut known = Vec::new();
        for some in uuids.chunks(AT_ONCE) {
            let params: Vec<&dyn Param> = some.iter().map(|uuid| uuid as &dyn Param).collect();
            let text = format!("SELECT uuid FROM {} WHERE uuid IN ({})", table.table(), places(some.len()));
            known.extend(sql::all::<_, StoreError>(self.conn, &text, &params, |row| sql::uuid(row, 0))?);
        }
        Ok(known)
    }

    pub(crate) fn known_numbers(
        &self,
        table: KeptNumbers,
        numbers: Vec<i64>,
    ) -> Result<Vec<i64>, StoreError> {
        let mut known = Vec::new();
        for some in numbers.chunks(AT_ONCE) {
            let params: Vec<&dyn Param> = some.iter().map(|number| number as &dyn Param).collect();
            let text = format!("SELECT id FROM {} WHERE id IN ({})", table.table(), places(some.len()));
            known.extend(sql::all::<_, StoreError>(self.conn, &text, &params, |row| row.get::<i64>(0))?);
        }
        Ok(known)
    }
}

/// `$1, $2, …`.
fn places(count: usize) -> String {
    (1..=count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}
