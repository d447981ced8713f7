//! Opening: the settings every connection has, and the schema brought up to date.

use std::{collections::BTreeSet, path::Path};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, config::DbConfig};

use super::{apply_search, recount};
use crate::{
    StoreError, StoreOptions,
    migrate::{self, CURRENT, MIGRATIONS, SEARCH_KEYS, TALLIES, sqlite_text},
    sql,
};

/// Prepared statements kept per connection: more than there are different ones.
const STATEMENT_CACHE: usize = 160;
/// Pages of 4 KiB after which the writer moves the log into the database. Longer logs make longer pauses.
pub(super) const CHECKPOINT_PAGES: u32 = 1_000;

/// `None` is a database in memory.
pub(crate) fn open_writer(path: Option<&Path>, options: &StoreOptions) -> Result<Connection, StoreError> {
    let (shown, opened) = match path {
        None => (":memory:".to_owned(), Connection::open_in_memory()),
        Some(path) => {
            let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            if options.create {
                flags |= OpenFlags::SQLITE_OPEN_CREATE;
            }
            (path.display().to_string(), Connection::open_with_flags(path, flags))
        }
    };
    let mut conn = opened.map_err(|error| cannot_open(&shown, &error))?;
    let prepared = conn.busy_timeout(options.busy_timeout).and_then(|()| {
        conn.execute_batch(&format!(
            "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -{};",
            options.writer_cache_kib
        ))
    });
    prepared.and_then(|()| keep_plans(&conn)).map_err(|error| cannot_open(&shown, &error))?;
    migrate(&mut conn)?;
    Ok(conn)
}

pub(super) fn open_reader(path: &Path, options: &StoreOptions) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(options.busy_timeout)?;
        conn.execute_batch(&format!(
            "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{};",
            options.reader_cache_kib
        ))?;
        keep_plans(&conn)?;
        Ok(conn)
    };
    open().map_err(|error| cannot_open(&path.display().to_string(), &error))
}

fn cannot_open(path: &str, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt(format!("{path}: {error}")),
        Some(ErrorCode::NotADatabase) => StoreError::Open {
            path: path.to_owned(),
            reason: "it is no SQLite database, or its beginning is damaged; give the path of seedling.db, or restore \
                     a backup"
                .to_owned(),
        },
        Some(ErrorCode::ReadOnly) => StoreError::Open {
            path: path.to_owned(),
            reason: "it cannot be written: its disk is mounted read-only, or the file or its folder does not belong to \
                     the user of this program"
                .to_owned(),
        },
        Some(ErrorCode::CannotOpen) => StoreError::Open {
            path: path.to_owned(),
            reason: "the file or its folder cannot be opened: see that it is there, that its disk is mounted, and that \
                     the user of this program may read and write both"
                .to_owned(),
        },
        _ => StoreError::Open { path: path.to_owned(), reason: error.to_string() },
    }
}

/// Plans must not depend on the values of parameters: without this SQLite plans a statement anew each time one of
/// its parameters is bound, which costs more than running it.
fn keep_plans(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// Applies the migrations that the database has not had, all in one transaction. The time of a step is left to
/// the database's clock: it is a note for people, nothing depends on it.
fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let applied = applied_steps(conn)?;
    let usable = is_usable(conn, &applied)?;
    if usable && MIGRATIONS.iter().all(|step| applied.contains(&step.version)) {
        return Ok(());
    }
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migration
         (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_on TEXT NOT NULL)",
    )?;
    let applied = applied_steps(&transaction)?;
    is_usable(&transaction, &applied)?;
    for migration in MIGRATIONS.iter().filter(|step| !applied.contains(&step.version)) {
        transaction.execute_batch(&sqlite_text(migration.sql))?;
        if migration.version == SEARCH_KEYS {
            apply_search::fill(&sql::Connection::Sqlite(&transaction))?;
        }
        if migration.version == TALLIES {
            recount::fill(&sql::Connection::Sqlite(&transaction))?;
        }
        transaction.execute(
            "INSERT INTO schema_migration (version, name, applied_on) VALUES ($1, $2, datetime('now'))",
            (migration.version, migration.name),
        )?;
    }
    migrate::note_compatible(&sql::Connection::Sqlite(&transaction))?;
    transaction.commit()?;
    Ok(())
}

/// Whether the schema is at this program's version or at one that serves it. A newer one that does not is an error.
fn is_usable(conn: &Connection, applied: &BTreeSet<i64>) -> Result<bool, StoreError> {
    match applied.last().copied() {
        Some(found) if found > CURRENT => {
            let served = migrate::is_served_by(&sql::Connection::Sqlite(conn), found)?;
            if served { Ok(true) } else { Err(StoreError::Newer { found, known: CURRENT }) }
        }
        found => Ok(found == Some(CURRENT)),
    }
}

/// The steps of the schema that the database has had; none if it is new.
fn applied_steps(conn: &Connection) -> Result<BTreeSet<i64>, StoreError> {
    let exists: bool = conn.query_row(
        "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'schema_migration'",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(BTreeSet::new());
    }
    let mut statement = conn.prepare("SELECT version FROM schema_migration")?;
    let versions = statement.query_map([], |row| row.get(0))?;
    Ok(versions.collect::<Result<_, _>>()?)
}
