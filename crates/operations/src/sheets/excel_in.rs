//! Excel workbooks (.xlsx), read row by row. The file itself and the texts that its cells share are in memory, which is
//! how the format is made; what is unpacked is held to a limit before anything is parsed.

use std::io::{Cursor, Read};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use thiserror::Error;

use super::{MAX_COLUMNS, Record};

/// Bytes of a workbook as it is sent.
pub(crate) const MAX_WORKBOOK_BYTES: usize = 64 * 1_024 * 1_024;
/// Bytes of what is packed in it.
const MAX_UNPACKED_BYTES: u64 = 1_024 * 1_024 * 1_024;
/// Bytes of the texts that its cells share, unpacked: they are in memory at once.
const MAX_SHARED_BYTES: u64 = 256 * 1_024 * 1_024;

const CELL: &str = "a cell holds an error, such as #REF!";

/// Why a workbook cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum WorkbookError {
    /// It is none.
    #[error("the file is not an Excel workbook (.xlsx): {0}")]
    Unreadable(SmolStr),
    /// What is packed in it is too large.
    #[error("the workbook holds too much; save its sheet as CSV and import that")]
    TooLarge,
    /// It has no sheet with cells.
    #[error("the workbook has no visible sheet")]
    NoSheet,
}

impl From<XlsxError> for WorkbookError {
    fn from(error: XlsxError) -> Self {
        Self::Unreadable(error.to_smolstr())
    }
}

/// Hands out the rows of the first visible sheet, until `take` wants no more.
pub(crate) fn read_workbook(bytes: &[u8], mut take: impl FnMut(Record) -> bool) -> Result<(), WorkbookError> {
    hold_to_limits(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    let visible = |sheet: &&calamine::Sheet| {
        sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
    };
    let name = book.sheets_metadata().iter().find(visible).map(|sheet| sheet.name.clone());
    let mut cells = book.worksheet_cells_reader(&name.ok_or(WorkbookError::NoSheet)?)?;
    let (mut row, mut held, mut broken) = (None, Vec::new(), false);
    let mut give = |row: Option<u32>, held: &mut Vec<SmolStr>, broken: bool| {
        let number = row.map_or(0, |row| row as usize + 1);
        let cells = std::mem::take(held);
        match broken {
            true => take(Record::Broken(number, CELL)),
            false if cells.iter().all(|cell| cell.trim().is_empty()) => true,
            false => take(Record::Row(number, cells)),
        }
    };
    while let Some(cell) = cells.next_cell()? {
        let (at, column) = cell.get_position();
        if row != Some(at) {
            if row.is_some() && !give(row, &mut held, broken) {
                return Ok(());
            }
            (row, broken) = (Some(at), false);
        }
        let column = column as usize;
        match text(cell.get_value()) {
            None => broken = true,
            Some(text) if text.is_empty() || column >= MAX_COLUMNS => {}
            Some(text) => {
                if held.len() <= column {
                    held.resize(column + 1, SmolStr::default());
                }
                held[column] = text;
            }
        }
    }
    if row.is_some() {
        give(row, &mut held, broken);
    }
    Ok(())
}

/// A small file may hold very much: everything is unpacked once and thrown away, up to the limits.
fn hold_to_limits(bytes: &[u8]) -> Result<(), WorkbookError> {
    let unreadable = |error: zip::result::ZipError| WorkbookError::Unreadable(error.to_smolstr());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut left = MAX_UNPACKED_BYTES;
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(unreadable)?;
        let shared = part.name().map_err(unreadable)?.to_lowercase().ends_with("sharedstrings.xml");
        let most = if shared { left.min(MAX_SHARED_BYTES) } else { left };
        let mut part = part.take(most + 1);
        let size = std::io::copy(&mut part, &mut std::io::sink())
            .map_err(|error| WorkbookError::Unreadable(error.to_smolstr()))?;
        if size > most {
            return Err(WorkbookError::TooLarge);
        }
        left -= size;
    }
    Ok(())
}

/// A cell as a person would type it; `None` for an error.
fn text(value: &DataRef<'_>) -> Option<SmolStr> {
    Some(match value {
        DataRef::Int(number) => number.to_smolstr(),
        DataRef::Float(number) => decimal(*number),
        DataRef::String(text) => text.as_str().into(),
        DataRef::SharedString(text) => (*text).into(),
        DataRef::Bool(flag) => flag.to_smolstr(),
        DataRef::DateTime(at) => moment(at),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.as_str().into(),
        DataRef::Error(_) => return None,
        DataRef::Empty => SmolStr::default(),
    })
}

/// A number without an exponent: phone numbers are often kept as numbers.
fn decimal(number: f64) -> SmolStr {
    format_smolstr!("{number}")
}

fn moment(at: &ExcelDateTime) -> SmolStr {
    if !at.is_datetime() {
        return decimal(at.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    if (hour, minute, second) == (0, 0, 0) {
        return format_smolstr!("{year:04}-{month:02}-{day:02}");
    }
    format_smolstr!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime as At, Format, Workbook};

    use super::*;

    fn rows(bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        let take = |record| {
            found.push(match record {
                Record::Row(row, cells) => format!("{row}:{}", cells.join("|")),
                Record::Broken(row, _) => format!("{row}!"),
            });
            true
        };
        read_workbook(bytes, take).unwrap();
        found
    }

    #[test]
    fn cells_are_read_as_people_typed_them() {
        let mut book = Workbook::new();
        book.add_worksheet().set_hidden(true).write_string(0, 0, "hidden").unwrap();
        let sheet = book.add_worksheet();
        sheet.set_active(true);
        let day = Format::new().set_num_format("yyyy-mm-dd");
        sheet.write_string(0, 0, "URN:tel").unwrap().write_string(0, 2, "Due").unwrap();
        sheet.write_number(1, 0, 254_700_000_001_f64).unwrap().write_number(1, 1, 0.5).unwrap();
        sheet.write_datetime_with_format(1, 2, At::parse_from_str("2026-05-01").unwrap(), &day).unwrap();
        sheet.write_string(4, 0, "=1+1").unwrap().write_boolean(4, 1, true).unwrap();
        sheet.write_string(5, 0, "  ").unwrap();
        let bytes = book.save_to_buffer().unwrap();
        assert_eq!(rows(&bytes), ["1:URN:tel||Due", "2:254700000001|0.5|2026-05-01", "5:=1+1|true"]);
    }

    #[test]
    fn what_is_no_workbook_is_refused() {
        let mut empty = Workbook::new();
        empty.add_worksheet().write_string(0, 0, "x").unwrap();
        let good = empty.save_to_buffer().unwrap();
        for bytes in [&b""[..], b"PK\x03\x04", b"a,b\n", &good[..good.len() / 2]] {
            assert!(matches!(read_workbook(bytes, |_| true), Err(WorkbookError::Unreadable(_))));
        }
    }
}
