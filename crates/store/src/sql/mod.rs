//! The small steps that every statement takes, whichever database it runs on: prepared once, parameters in order,
//! columns by place and type. Reads and changes are written once on top of these.

mod error;
mod row;
mod value;

use domain::ContactStatus;
use rusqlite::CachedStatement;
use smol_str::SmolStr;

use crate::postgres::{Bind, Session};

pub(crate) use error::{Error, words};
pub(crate) use row::{Cell, Row, json, text, text_opt, time, time_opt, uuid, word};
pub(crate) use value::{Kind, Param, Value};

/// The answer of a statement.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What statements run on.
#[derive(Clone, Copy)]
pub(crate) enum Connection<'c> {
    /// An open SQLite database.
    Sqlite(&'c rusqlite::Connection),
    /// A connection to PostgreSQL.
    Postgres(&'c Session),
}

/// Prepares a statement once per connection. `$1`, `$2`… must appear in order, because SQLite numbers them by
/// first appearance and PostgreSQL by name.
fn prepare<'c>(conn: &'c rusqlite::Connection, text: &str) -> Result<CachedStatement<'c>> {
    let statement = conn.prepare_cached(text)?;
    debug_assert!(
        (1..=statement.parameter_count())
            .all(|index| statement.parameter_name(index) == Some(format!("${index}").as_str())),
        "parameters out of order: {text}"
    );
    Ok(statement)
}

fn values<'a>(params: &[&'a dyn Param]) -> impl rusqlite::Params + use<'a> {
    let values: Vec<Value<'a>> = params.iter().map(|param| param.value()).collect();
    rusqlite::params_from_iter(values)
}

fn binds<'a>(params: &[&'a dyn Param]) -> Vec<Bind<'a>> {
    params.iter().map(|param| Bind::One(param.value())).collect()
}

/// Runs a statement and answers how many rows it changed.
pub(crate) fn exec(conn: &Connection<'_>, text: &str, params: &[&dyn Param]) -> Result<usize> {
    match conn {
        Connection::Sqlite(conn) => {
            let mut statement = prepare(conn, text)?;
            if statement.readonly() && statement.column_count() > 0 {
                statement.query(values(params))?.next()?;
                return Ok(0);
            }
            Ok(statement.execute(values(params))?)
        }
        Connection::Postgres(session) => Ok(session.run(text, &binds(params))?.changed),
    }
}

/// Reads at most one row.
pub(crate) fn one<T>(
    conn: &Connection<'_>,
    text: &str,
    params: &[&dyn Param],
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    match conn {
        Connection::Sqlite(conn) => {
            let mut statement = prepare(conn, text)?;
            let mut rows = statement.query(values(params))?;
            rows.next()?.map(|row| read(&Row::Sqlite(row))).transpose()
        }
        Connection::Postgres(session) => {
            let answer = session.run(text, &binds(params))?;
            answer.rows.first().map(|row| read(&Row::Postgres(row))).transpose()
        }
    }
}

/// Reads all rows.
pub(crate) fn all<T, E: From<Error>>(
    conn: &Connection<'_>,
    text: &str,
    params: &[&dyn Param],
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> std::result::Result<Vec<T>, E> {
    match conn {
        Connection::Sqlite(conn) => {
            let mut statement = prepare(conn, text)?;
            let mut rows = statement.query(values(params)).map_err(Error::from)?;
            let mut out = Vec::new();
            while let Some(row) = rows.next().map_err(Error::from)? {
                out.push(read(&Row::Sqlite(row))?);
            }
            Ok(out)
        }
        Connection::Postgres(session) => {
            let answer = session.run(text, &binds(params))?;
            answer.rows.iter().map(|row| Ok(read(&Row::Postgres(row))?)).collect()
        }
    }
}

/// A value as JSON text.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// JSON of a list, NULL if it is empty.
pub(crate) fn list_json(list: &[SmolStr]) -> Result<Option<String>> {
    if list.is_empty() { Ok(None) } else { to_json(&list).map(Some) }
}

/// The stored word of a contact's status.
pub(crate) fn status_word(status: ContactStatus) -> &'static str {
    match status {
        ContactStatus::Active => "active",
        ContactStatus::Blocked => "blocked",
        ContactStatus::Stopped => "stopped",
        ContactStatus::Archived => "archived",
    }
}

/// Reads the stored word of a contact's status.
pub(crate) fn contact_status(text: &str) -> Option<ContactStatus> {
    Some(match text {
        "active" => ContactStatus::Active,
        "blocked" => ContactStatus::Blocked,
        "stopped" => ContactStatus::Stopped,
        "archived" => ContactStatus::Archived,
        _ => return None,
    })
}
