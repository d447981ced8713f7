//! How far rows that keep their numbers were brought in.

use super::{Rows, sql};
use crate::{NumberedRows, StoreError};

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
}
