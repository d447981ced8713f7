//! The checksum of a table: SHA-256 over its rows in the order of their keys, the same on both databases.

use ring::digest::{Context, SHA256};

use super::{
    cells::{Owned, canonical},
    plan::Table,
};
use crate::sql::{self, Connection, Param, Row};

/// How many rows a table has, and what they come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    pub rows: u64,
    pub checksum: String,
}

/// A place in a table: the key of a row.
pub(crate) type Place = Vec<Owned>;

/// Reads a page of a table behind a place, in the order of the key, and answers the last place.
pub(crate) fn page(
    conn: &Connection<'_>,
    table: &Table,
    after: Option<&Place>,
    mut read: impl FnMut(&Row<'_>) -> sql::Result<()>,
) -> sql::Result<Option<Place>> {
    let (columns, key, count) = (table.column_list(), table.key_list(), table.key.len());
    let behind = match after {
        Some(_) => format!("WHERE ({key}) > ({})", Table::places(1, count)),
        None => String::new(),
    };
    let limit = 1 + after.map_or(0, |_| count);
    let text = format!("SELECT {columns} FROM {} {behind} ORDER BY {key} LIMIT ${limit}", table.name);
    let mut params: Vec<&dyn Param> = after.into_iter().flatten().map(|cell| cell as &dyn Param).collect();
    params.push(&table.page);
    let mut last = None;
    sql::all::<_, sql::Error>(conn, &text, &params, |row| {
        read(row)?;
        // Cheap enough: keys are short.
        let place: sql::Result<Place> =
            table.key.iter().map(|column| Owned::read(row, *column, table.columns[*column].1)).collect();
        last = Some(place?);
        Ok(())
    })?;
    Ok(last)
}

/// Sums up a table.
pub(crate) fn sum(conn: &Connection<'_>, table: &Table) -> sql::Result<Sum> {
    let (mut digest, mut bytes, mut rows, mut after) = (Context::new(&SHA256), Vec::new(), 0, None);
    let columns = table.columns.len();
    while let Some(last) = page(conn, table, after.as_ref(), |row| {
        bytes.clear();
        for column in 0..columns {
            canonical(row.cell(column)?, &mut bytes);
        }
        digest.update(&bytes);
        rows += 1;
        Ok(())
    })? {
        after = Some(last);
    }
    let checksum = digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Sum { rows, checksum })
}
