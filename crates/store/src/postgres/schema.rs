//! The schema brought up to date, and what only PostgreSQL is told of it.

use std::collections::BTreeSet;

use super::{address::PostgresUrl, session::Session};
use crate::{
    StoreError,
    migrate::{self, COMPATIBLE_FROM, CURRENT, MIGRATIONS, NODES, SEARCH_KEYS, TALLIES, postgres_text},
    sql::{self, Connection},
    sqlite::{apply_search, recount},
};

/// Key of the lock under which one process at a time changes the schema: the letters of "seedling".
const SCHEMA_LOCK: i64 = 0x7365_6564_6c69_6e67;

/// Tables whose rows are changed or removed soon after they were written: some room in each page lets a new version
/// lie beside the old one, and they are cleaned before they grow.
const BUSY_TABLES: [&str; 8] =
    ["contact", "contact_urn", "session", "run", "timer", "outbox", "tally", "message"];

/// Applies the migrations that the database has not had, all in one transaction. Without `create` a database that has
/// none of them is refused.
pub(super) fn migrate(session: &Session, url: &PostgresUrl, create: bool) -> Result<(), StoreError> {
    let conn = &Connection::Postgres(session);
    session.begin(&url.begin());
    let steps = applied_steps(conn)?;
    let done = match steps.last().copied() {
        Some(found) if found > CURRENT && !migrate::is_served_by(conn, found)? => {
            Err(StoreError::Newer { found, known: CURRENT })
        }
        Some(_) if MIGRATIONS.iter().all(|step| steps.contains(&step.version)) => Ok(()),
        None if !create => Err(StoreError::Open {
            path: url.to_string(),
            reason: "there is no data in it; run `seedling init` with the same --database first".to_owned(),
        }),
        Some(_) | None => apply(session),
    };
    if done.is_ok() {
        session.commit()?
    } else {
        session.roll_back()?
    }
    done
}

/// The steps of the schema that the database has had; none if it is new.
fn applied_steps(conn: &Connection<'_>) -> Result<BTreeSet<i64>, StoreError> {
    let exists = "SELECT to_regclass('schema_migration') IS NOT NULL";
    if sql::one(conn, exists, &[], |row| row.get::<bool>(0))? != Some(true) {
        return Ok(BTreeSet::new());
    }
    let steps: Vec<i64> =
        sql::all::<_, sql::Error>(conn, "SELECT version FROM schema_migration", &[], |row| row.get(0))?;
    Ok(steps.into_iter().collect())
}

fn apply(session: &Session) -> Result<(), StoreError> {
    let conn = &Connection::Postgres(session);
    sql::exec(conn, "SELECT 1 FROM pg_advisory_xact_lock($1)", &[&SCHEMA_LOCK])?;
    session.plain(
        "CREATE TABLE IF NOT EXISTS schema_migration
         (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_on TEXT NOT NULL)",
    )?;
    // Another process may have been here while the lock was waited for.
    let steps = applied_steps(conn)?;
    if steps.contains(&NODES) {
        refuse_beside_older_nodes(conn)?;
    }
    for migration in MIGRATIONS.iter().filter(|step| !steps.contains(&step.version)) {
        session.plain(&postgres_text(migration.sql))?;
        if migration.version == SEARCH_KEYS {
            apply_search::fill(conn)?;
        }
        if migration.version == TALLIES {
            recount::fill(conn)?;
        }
        sql::exec(
            conn,
            "INSERT INTO schema_migration (version, name, applied_on) VALUES ($1, $2, now()::text)",
            &[&migration.version, &migration.name],
        )?;
    }
    migrate::note_compatible(conn)?;
    for table in BUSY_TABLES {
        session.plain(&format!(
            "ALTER TABLE {table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05,
                 autovacuum_vacuum_cost_delay = 1)"
        ))?;
    }
    Ok(())
}

/// Nodes that live must be able to work on what comes; none registers until this transaction is over.
fn refuse_beside_older_nodes(conn: &Connection<'_>) -> Result<(), StoreError> {
    sql::exec(conn, "UPDATE node_registry SET last_run = last_run + 0 WHERE id = 1", &[])?;
    let text = "SELECT name, schema_version FROM node WHERE schema_version < $1 ORDER BY run LIMIT 1";
    let older = sql::one(conn, text, &[&COMPATIBLE_FROM], |row| Ok((sql::text(row, 0)?, row.get(1)?)))?;
    match older {
        Some((node, found)) => {
            Err(StoreError::OlderNode { node: node.to_string(), found, from: COMPATIBLE_FROM })
        }
        None => Ok(()),
    }
}

/// Removes entries of the feed that another server numbered, whose database was restored here: they would stand before
/// all that is committed from now on, or hidden for long.
pub(super) fn drop_feed_of_others(session: &Session) -> Result<(), StoreError> {
    let text = "DELETE FROM feed WHERE tx >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
    sql::exec(&Connection::Postgres(session), text, &[])?;
    Ok(())
}
