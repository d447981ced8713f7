//! Files that people bring: translations of flows, tables of reference data.

use flows::translation::{self, Po};
use flows::{csv, table::Table};
use smol_str::SmolStr;

use crate::world::{counting, flows};

/// A PO file: what is read is written so that it reads the same, and any of it can be put into flows.
pub fn run_translations(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(po) = Po::read(text) else { return };
    let written = po.write();
    let again =
        Po::read(&written).unwrap_or_else(|error| panic!("what is written can be read: {error}\n{written}"));
    assert_eq!(again.write(), written, "what is written is written the same again");
    let mut all = flows();
    translation::apply(&mut all.iter_mut().collect::<Vec<_>>(), "swa", &po);
    for flow in &all {
        let _ = flows::Definition::read_value(flow, &mut counting());
    }
}

/// A CSV file: its rows, written with every cell quoted, read the same.
pub fn run_csv(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(rows) = csv::rows(text) else { return };
    let quoted = |cell: &SmolStr| format!("\"{}\"", cell.replace('"', "\"\""));
    let line = |row: &Vec<SmolStr>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
    let written: String = rows.iter().map(|row| line(row) + "\r\n").collect();
    let again =
        csv::rows(&written).unwrap_or_else(|error| panic!("what is written can be read: {error}\n{written}"));
    assert_eq!(again, rows, "{written}");
}

/// A CSV file as a table of reference data; each row is found by its key.
pub fn run_tables(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(rows) = csv::rows(text) else { return };
    let mut rows = rows.into_iter();
    let Some(header): Option<Vec<SmolStr>> = rows.next() else { return };
    let key = header.first().cloned().unwrap_or_default();
    if let Ok(table) = Table::new("clinics", &key, &header, rows) {
        let place =
            table.columns.iter().position(|column| *column == table.key_column).expect("it has its key");
        for row in table.rows() {
            assert!(table.row(&row[place]).is_some());
        }
    }
}
