//! Where lookup tables are fetched from.

use domain::{TableId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

/// Where a lookup table is fetched from, how often, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSourceRow {
    /// Row number.
    pub id: TableId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Name of the table, which may not be there yet.
    pub name: SmolStr,
    /// The column that rows are found by; the first if there is none.
    pub key_column: Option<SmolStr>,
    /// The address.
    pub url: SmolStr,
    /// How often, in minutes.
    pub minutes: i64,
    /// What the other side calls the version that was fetched last.
    pub etag: Option<String>,
    /// When it says that it changed.
    pub last_modified: Option<String>,
    /// When it is fetched next.
    pub next_fetch: Timestamp,
    /// When it was fetched last, whether or not it had changed.
    pub fetched_on: Option<Timestamp>,
    /// When another version of it came last.
    pub changed_on: Option<Timestamp>,
    /// Failures in a row.
    pub failures: i64,
    /// Why it failed last; the table stays as it was.
    pub error: Option<String>,
    /// Changes so far: guards the next one.
    pub steps: i64,
    /// When it was set up.
    pub created_on: Timestamp,
}

/// A change of where tables are fetched from.
#[derive(Debug, Clone)]
pub enum TableSourceChange {
    /// A new one, in the place of the one for the same table.
    Set(Box<TableSourceRow>),
    /// A new state; the unit is [`crate::UnitError::Gone`] if its `steps` are not those given, which this raises by one.
    Update(Box<TableSourceRow>),
    /// The table of this name is not fetched any more.
    Remove(WorkspaceId, SmolStr),
}
