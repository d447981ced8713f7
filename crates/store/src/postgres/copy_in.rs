//! Many rows into one table, as COPY takes them: no statement is planned, and nothing is asked of each row.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    session::Session,
    wire::{Table, put_text},
};
use crate::sql::{self, Param, Value};

/// How the stream begins: the mark of the form, no flags, nothing more in the head.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How it ends.
const END_OF_ROWS: i16 = -1;
/// Bytes that are handed over at a time.
const CHUNK: usize = 256 * 1024;

/// Writes rows, all or none of them. Their columns hold what the table's do.
pub(crate) fn copy_in<P: Param>(
    session: &Session,
    table: &str,
    columns: &str,
    rows: &[Vec<P>],
) -> sql::Result<()> {
    if !session.prepares() {
        return insert(session, table, columns, rows);
    }
    let mut chunks = Vec::new();
    let mut out = BytesMut::with_capacity(CHUNK * 2);
    out.put_slice(HEAD);
    for row in rows {
        out.put_i16(i16::try_from(row.len()).unwrap_or(i16::MAX));
        row.iter().for_each(|cell| put_cell(cell.value(), &mut out));
        if out.len() >= CHUNK {
            chunks.push(out.split().freeze());
        }
    }
    out.put_i16(END_OF_ROWS);
    chunks.push(out.freeze());
    let text = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
    let copied = session.copy_in(&text, chunks)?;
    if copied == rows.len() as u64 {
        return Ok(());
    }
    let lost = io::Error::other(format!("{copied} of {} rows arrived in {table}", rows.len()));
    Err(sql::Error::Away(lost.to_string()))
}

/// Behind a pooler: COPY is prepared first, and what is prepared there may be asked of another server process.
fn insert<P: Param>(session: &Session, table: &str, columns: &str, rows: &[Vec<P>]) -> sql::Result<()> {
    let mut unfolded = Table::default();
    for row in rows {
        let cells: Vec<&dyn Param> = row.iter().map(|cell| cell as &dyn Param).collect();
        unfolded.push(&cells);
    }
    let text = unfolded.unfold(&format!("INSERT INTO {table} ({columns}) SELECT * FROM {{rows}}"));
    session.run(&text, &unfolded.binds()).map(drop)
}

fn put_cell(value: Value<'_>, out: &mut BytesMut) {
    if let Value::Null(_) = value {
        return out.put_i32(-1);
    }
    let start = out.len();
    out.put_i32(0);
    match value {
        Value::Null(_) => {}
        Value::Int(number) => out.put_i64(number),
        Value::Text(text) => put_text(text, out),
        Value::Blob(bytes) => out.put_slice(bytes),
        Value::Uuid(uuid) => out.put_slice(uuid.as_bytes()),
    }
    let length = i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// The parts of a stream, in order.
pub(super) type Chunks = Vec<Bytes>;
