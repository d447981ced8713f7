//! Small steps that every statement takes: prepared once, parameters in order, columns by type.

use domain::ContactStatus;
use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, Row, ToSql, types::Type};
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use uuid::Uuid;

/// Prepares a statement once per connection. `$1`, `$2`… must appear in order, because SQLite numbers them by
/// first appearance and PostgreSQL by name.
pub(super) fn prepare<'c>(conn: &'c Connection, text: &str) -> rusqlite::Result<CachedStatement<'c>> {
    let statement = conn.prepare_cached(text)?;
    debug_assert!(
        (1..=statement.parameter_count())
            .all(|index| statement.parameter_name(index) == Some(format!("${index}").as_str())),
        "parameters out of order: {text}"
    );
    Ok(statement)
}

/// Runs a statement and answers how many rows it changed.
pub(super) fn exec(conn: &Connection, text: &str, params: &[&dyn ToSql]) -> rusqlite::Result<usize> {
    let mut statement = prepare(conn, text)?;
    if statement.readonly() && statement.column_count() > 0 {
        statement.query(params)?.next()?;
        return Ok(0);
    }
    statement.execute(params)
}

/// Reads at most one row.
pub(super) fn one<T>(
    conn: &Connection,
    text: &str,
    params: &[&dyn ToSql],
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let mut statement = prepare(conn, text)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// Reads all rows.
pub(super) fn all<T, E: From<rusqlite::Error>>(
    conn: &Connection,
    text: &str,
    params: &[&dyn ToSql],
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, E> {
    let mut statement = prepare(conn, text)?;
    let mut rows = statement.query(params)?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(read(row)?);
    }
    Ok(out)
}

fn bad(column: usize, reason: impl Into<String>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, reason.into().into())
}

pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<SmolStr> {
    Ok(row.get_ref(column)?.as_str()?.into())
}

pub(super) fn text_opt(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SmolStr>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.map(SmolStr::from))
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    Uuid::from_slice(row.get_ref(column)?.as_blob()?).map_err(|error| bad(column, error.to_string()))
}

pub(super) fn micros(column: usize, value: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(value).map_err(|error| bad(column, error.to_string()))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    micros(column, row.get(column)?)
}

pub(super) fn time_opt(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(|value| micros(column, value)).transpose()
}

/// A JSON column; NULL reads as the default.
pub(super) fn json<T: DeserializeOwned + Default>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    match row.get_ref(column)?.as_str_or_null()? {
        None => Ok(T::default()),
        Some(text) => serde_json::from_str(text).map_err(|error| bad(column, error.to_string())),
    }
}

/// A column that holds one of a closed set of words.
pub(super) fn word<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    parse(text).ok_or_else(|| bad(column, format!("'{text}' is not a known word here")))
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// JSON of a list, NULL if it is empty.
pub(super) fn list_json(list: &[SmolStr]) -> rusqlite::Result<Option<String>> {
    if list.is_empty() { Ok(None) } else { to_json(&list).map(Some) }
}

pub(super) fn status_word(status: ContactStatus) -> &'static str {
    match status {
        ContactStatus::Active => "active",
        ContactStatus::Blocked => "blocked",
        ContactStatus::Stopped => "stopped",
        ContactStatus::Archived => "archived",
    }
}

pub(super) fn contact_status(text: &str) -> Option<ContactStatus> {
    Some(match text {
        "active" => ContactStatus::Active,
        "blocked" => ContactStatus::Blocked,
        "stopped" => ContactStatus::Stopped,
        "archived" => ContactStatus::Archived,
        _ => return None,
    })
}
