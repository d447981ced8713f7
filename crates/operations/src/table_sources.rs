//! Lookup tables that are fetched from an address again and again. What cannot be fetched or read leaves the table as it
//! was, and says why.

use domain::{TableId, WorkspaceId};
use flows::table::MAX_TABLES;
use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;
use store::{Change, DefinitionChange, StoreError, TableSourceChange, TableSourceRow, Unit, UnitError};

use crate::{
    Context, ImportTableError, NewTable,
    edit_definitions::{SaveError, edit},
    tables::plan,
};

/// How often a table may be fetched, in minutes.
pub const FETCH_MINUTES: std::ops::RangeInclusive<i64> = 5..=44_640;
/// Pause after the first failure; it doubles up to how often the table is fetched.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Characters of an error that are kept.
const KEPT_CHARS: usize = 500;

/// What fetching came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is as it was.
    Unchanged,
    /// This, with what the other side calls it.
    Text {
        /// Comma-separated values.
        csv: String,
        /// Its `ETag`.
        etag: Option<String>,
        /// Its `Last-Modified`.
        last_modified: Option<String>,
    },
    /// It could not be fetched.
    Failed(String),
}

/// Has a table fetched from an address from now on. The first time is at once; the same again fetches it now.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn set_table_source(
    ctx: &Context,
    workspace: WorkspaceId,
    name: &str,
    key_column: Option<SmolStr>,
    (url, minutes): (&str, i64),
) -> Result<TableSourceRow, SaveError> {
    let name = SmolStr::from(name.trim().to_lowercase());
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64;
    if !is_name {
        return Err(SaveError::Name("Use letters, digits and _, beginning with a letter."));
    }
    if !FETCH_MINUTES.contains(&minutes) {
        return Err(SaveError::Wrong("minutes", "A table is fetched every 5 to 44640 minutes.".into()));
    }
    let known = ctx.store.table_sources(workspace).await?;
    if known.iter().all(|row| row.name != name) && known.len() >= MAX_TABLES {
        return Err(SaveError::TooMany(MAX_TABLES));
    }
    let now = ctx.now();
    let row = TableSourceRow {
        id: TableId(ctx.next_id(now)),
        workspace,
        name: name.clone(),
        key_column,
        url: url.into(),
        minutes,
        etag: None,
        last_modified: None,
        next_fetch: now,
        fetched_on: None,
        changed_on: None,
        failures: 0,
        error: None,
        steps: 0,
        created_on: now,
    };
    write(ctx, TableSourceChange::Set(Box::new(row.clone()))).await?;
    let rows = ctx.store.table_sources(workspace).await?;
    Ok(rows.into_iter().find(|row| row.name == name).unwrap_or(row))
}

/// Removes a table with all its versions, and does not fetch it any more.
///
/// # Errors
/// [`SaveError::NotFound`]
pub async fn remove_table(ctx: &Context, workspace: WorkspaceId, name: &str) -> Result<(), SaveError> {
    let name = SmolStr::from(name.trim().to_lowercase());
    let is_fetched = ctx.store.table_sources(workspace).await?.iter().any(|row| row.name == name);
    edit(ctx, workspace, |ws| {
        let found = ws.definitions().tables.iter().find(|row| row.name == name);
        let mut changes = vec![Change::TableSource(TableSourceChange::Remove(workspace, name.clone()))];
        match found {
            Some(row) => changes.push(Change::Definition(workspace, DefinitionChange::RemoveTable(row.id))),
            None if !is_fetched => return Err(SaveError::NotFound),
            None => {}
        }
        Ok((changes, ()))
    })
    .await
}

/// Brings in what was fetched and says when it is fetched next, both at once.
///
/// # Errors
/// When the store fails: then it is fetched again.
pub async fn record_fetch(ctx: &Context, row: TableSourceRow, fetched: Fetched) -> Result<(), StoreError> {
    let now = ctx.now();
    let mut moved = TableSourceRow { fetched_on: Some(now), ..row.clone() };
    let mut changes = Vec::new();
    let failed = match fetched {
        Fetched::Unchanged => None,
        Fetched::Failed(said) => Some(said),
        Fetched::Text { csv, etag, last_modified } => {
            let (name, key_column) = (row.name.clone(), row.key_column.clone());
            match plan(ctx, NewTable { workspace: row.workspace, name, key_column, csv }).await {
                Ok(planned) => {
                    (moved.etag, moved.last_modified) = (etag, last_modified);
                    if planned.imported.changed {
                        moved.changed_on = Some(now);
                    }
                    changes = planned.changes;
                    None
                }
                Err(ImportTableError::Store(error)) => return Err(error),
                Err(error) => Some(error.to_string()),
            }
        }
    };
    let every = SignedDuration::from_mins(row.minutes);
    let pause = match failed {
        None => {
            (moved.failures, moved.error) = (0, None);
            every
        }
        Some(said) => {
            tracing::warn!(table = %row.name, said, "a lookup table could not be fetched; it stays as it was");
            moved.failures += 1;
            moved.error = Some(said.chars().filter(|c| *c != '\0').take(KEPT_CHARS).collect());
            let doubled = FIRST_PAUSE.checked_mul(1 << (moved.failures.clamp(1, 13) - 1)).unwrap_or(every);
            doubled.min(every)
        }
    };
    moved.next_fetch = now.checked_add(pause).unwrap_or(Timestamp::MAX);
    changes.push(Change::TableSource(TableSourceChange::Update(Box::new(moved))));
    match ctx.write_one(Unit::new(changes)).await {
        // Gone: somebody set it anew, brought the table in by hand or removed it meanwhile.
        Ok(_) | Err(UnitError::Gone) => Ok(()),
        Err(UnitError::Conflict | UnitError::Taken(_)) => Err(StoreError::Busy),
        Err(UnitError::Store(error)) => Err(error),
        Err(error @ (UnitError::Duplicate | UnitError::TooLarge(_))) => {
            Err(StoreError::Database(error.to_string()))
        }
    }
}

async fn write(ctx: &Context, change: TableSourceChange) -> Result<(), SaveError> {
    match ctx.write_one(Unit::new(vec![Change::TableSource(change)])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Gone) => Err(SaveError::NotFound),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}
