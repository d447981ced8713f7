//! Lookup tables: brought in as comma-separated values, read into memory once for each version.

use std::{collections::BTreeMap, sync::Arc};

use domain::{TableId, WorkspaceId};
use flows::{
    Table, csv,
    table::{MAX_TABLES, TableError},
};
use smol_str::SmolStr;
use store::{
    Change, DefinitionChange, Definitions, StoreError, TableContent, TableRow, TableSourceChange, Unit,
    UnitError,
};
use thiserror::Error;

use crate::{Context, Workspace};

/// Tables in memory with their versions.
pub(crate) type Tables = BTreeMap<TableId, (i64, Arc<Table>)>;

/// Bytes of a file of comma-separated values: more than the largest table needs with its quotes.
const MAX_CSV_BYTES: usize = 2 * flows::table::MAX_TABLE_BYTES;

/// A table to be brought in.
#[derive(Debug, Clone)]
pub struct NewTable {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Name, as in `@tables.name`, whatever its case. One that is there gets a new version.
    pub name: SmolStr,
    /// The column that rows are found by; the first if there is none.
    pub key_column: Option<SmolStr>,
    /// Comma-separated values, the first row the names of the columns.
    pub csv: String,
}

/// What became of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableImported {
    /// Its name.
    pub name: SmolStr,
    /// Its version now.
    pub version: i64,
    /// Its rows.
    pub rows: usize,
    /// Whether it is another than before.
    pub changed: bool,
}

/// Why a table was not brought in. Nothing has changed then.
#[derive(Debug, Clone, Error)]
pub enum ImportTableError {
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// The file is too large.
    #[error("a table file has at most {MAX_CSV_BYTES} bytes")]
    TooLarge,
    /// It is not comma-separated values.
    #[error(transparent)]
    Csv(#[from] csv::CsvError),
    /// There is no first row.
    #[error("the file is empty; its first row must name the columns")]
    Empty,
    /// It is no table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// There are too many.
    #[error("a workspace has at most {MAX_TABLES} tables")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Brings in a table, whole or not at all. Conversations see it from their next step on; the same table again
/// changes nothing. One that was fetched from an address is not fetched any more: else it would be undone.
///
/// # Errors
/// [`ImportTableError`]; nothing is written then.
pub async fn import_table(ctx: &Context, new: NewTable) -> Result<TableImported, ImportTableError> {
    let workspace = new.workspace;
    let Planned { mut changes, imported } = plan(ctx, new).await?;
    let sources = ctx.store.table_sources(workspace).await?;
    if sources.iter().any(|source| source.name == imported.name) {
        let ended = TableSourceChange::Remove(workspace, imported.name.clone());
        changes.push(Change::TableSource(ended));
    }
    if changes.is_empty() {
        return Ok(imported);
    }
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(imported),
        // Somebody changed definitions meanwhile; the caller tries again.
        Err(UnitError::Conflict | UnitError::Taken(_)) => Err(StoreError::Busy.into()),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(error @ (UnitError::Duplicate | UnitError::Gone | UnitError::TooLarge(_))) => {
            Err(StoreError::Database(error.to_string()).into())
        }
    }
}

/// What bringing in a table takes.
pub(crate) struct Planned {
    /// None if it is as it was.
    pub(crate) changes: Vec<Change>,
    /// What becomes of it.
    pub(crate) imported: TableImported,
}

/// Reads a table and says what has to be written for it.
pub(crate) async fn plan(ctx: &Context, new: NewTable) -> Result<Planned, ImportTableError> {
    let table = read(&new)?;
    let Some(workspace) = ctx.registry.workspace(ctx, new.workspace).await? else {
        return Err(ImportTableError::NoWorkspace);
    };
    let known = workspace.definitions.tables.iter().find(|known| known.name == table.name);
    if known.is_none() && workspace.definitions.tables.len() >= MAX_TABLES {
        return Err(ImportTableError::TooMany);
    }
    let done = |version, changed| {
        let rows = table.rows().len();
        TableImported { name: table.name.clone(), version, rows, changed }
    };
    if let Some(known) = known
        && workspace.tables.get(&known.id).is_some_and(|(_, before)| same(before, &table))
    {
        return Ok(Planned { changes: Vec::new(), imported: done(known.version, false) });
    }
    let now = ctx.now();
    let row = TableRow {
        id: known.map_or_else(|| TableId(ctx.next_id(now)), |known| known.id),
        name: table.name.clone(),
        key_column: table.key_column.clone(),
        columns: table.columns.clone(),
        version: known.map_or(0, |known| known.version) + 1,
        row_count: i64::try_from(table.rows().len()).unwrap_or(i64::MAX),
        created_on: known.map_or(now, |known| known.created_on),
        modified_on: now,
    };
    let content = serde_json::to_string(table.rows()).map_err(|e| StoreError::Database(e.to_string()))?;
    let content = TableContent {
        table: row.id,
        version: row.version,
        content: content.into(),
        row_count: row.row_count,
        created_on: now,
    };
    let version = row.version;
    let changes = [
        DefinitionChange::Expect(workspace.row.definitions_version),
        DefinitionChange::Table(row),
        DefinitionChange::TableContent(content),
    ];
    let changes = changes.map(|change| Change::Definition(new.workspace, change)).to_vec();
    Ok(Planned { changes, imported: done(version, true) })
}

fn read(new: &NewTable) -> Result<Table, ImportTableError> {
    if new.csv.len() > MAX_CSV_BYTES {
        return Err(ImportTableError::TooLarge);
    }
    let mut rows = csv::rows(&new.csv)?.into_iter();
    let mut columns = rows.next().ok_or(ImportTableError::Empty)?;
    while columns.len() > 1 && columns.last().is_some_and(|heading| heading.trim().is_empty()) {
        columns.pop();
    }
    let columns: Vec<SmolStr> = columns.iter().map(|heading| column_name(heading)).collect();
    let key = new.key_column.as_ref().map(|key| column_name(key));
    let key = key.or(columns.first().cloned()).unwrap_or_default();
    let rows = rows.map(|mut row| {
        // Some programs end each row with a comma that the headings do not have.
        while row.len() > columns.len() && row.last().is_some_and(|cell| cell.trim().is_empty()) {
            row.pop();
        }
        row
    });
    Ok(Table::new(&new.name, &key, &columns, rows)?)
}

/// A heading as expressions can write it: `Cases - total (2024)` becomes `cases_total_2024`. What is not ours to write, such
/// as a file of the WHO, can be read so too.
fn column_name(heading: &str) -> SmolStr {
    let mut name = String::with_capacity(heading.len());
    for c in heading.trim().to_lowercase().chars() {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if name.is_empty() || name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_end_matches('_');
    // What holds nothing that could be kept is refused as it is written.
    if name.is_empty() { heading.trim().into() } else { name.into() }
}

fn same(before: &Table, after: &Table) -> bool {
    before.columns == after.columns && before.key_column == after.key_column && before.rows() == after.rows()
}

/// The tables of definitions: those that were read before in the same version are taken over. One that cannot be
/// read is left out and logged, so that flows keep working.
pub(crate) async fn load_tables(
    ctx: &Context,
    definitions: &Definitions,
    before: Option<&Workspace>,
) -> Result<Tables, StoreError> {
    let mut tables = Tables::new();
    for row in &definitions.tables {
        let known = before.and_then(|before| before.tables.get(&row.id));
        if let Some(known) = known.filter(|(version, _)| *version == row.version) {
            tables.insert(row.id, known.clone());
            continue;
        }
        let content = ctx.store.table_content(definitions.workspace.id, row.id, row.version).await?;
        let rows = content.and_then(|c| serde_json::from_str::<Vec<Vec<SmolStr>>>(&c.content).ok());
        match rows.map(|rows| Table::new(&row.name, &row.key_column, &row.columns, rows)) {
            Some(Ok(table)) => {
                tables.insert(row.id, (row.version, Arc::new(table)));
            }
            Some(Err(error)) => tracing::error!(table = %row.name, %error, "a table is left out"),
            None => tracing::error!(table = %row.name, version = row.version, "a table cannot be read"),
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_names() {
        for (heading, expected) in [
            ("code", "code"),
            (" WHO Region ", "who_region"),
            ("Cases - cumulative total", "cases_cumulative_total"),
            ("Deaths (last 7 days)", "deaths_last_7_days"),
            ("_a__b_", "a_b"),
            ("%", "%"),
        ] {
            assert_eq!(column_name(heading), expected, "{heading}");
        }
    }

    #[test]
    fn commas_at_the_end_of_rows_are_no_cells() {
        let new = |csv: &str| NewTable {
            workspace: WorkspaceId(1),
            name: "cases".into(),
            key_column: Some("Name".into()),
            csv: csv.into(),
        };
        let table = read(&new("Name,Cases - total\nKenya,10,\nUganda,20,,\n")).unwrap();
        assert_eq!(table.columns, ["name", "cases_total"]);
        assert_eq!(table.row("uganda").unwrap(), ["Uganda", "20"]);
        assert!(read(&new("Name,Cases\nKenya,10,7\n")).is_err());
    }
}
