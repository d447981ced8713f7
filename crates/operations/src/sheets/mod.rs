//! Spreadsheets as rows: comma-separated values and Excel workbooks, read and written row by row, so that the size of a
//! file does not show in memory.

mod excel_in;
mod excel_out;
mod records;

pub(crate) use excel_in::{MAX_WORKBOOK_BYTES, WorkbookError, read_workbook};
pub(crate) use excel_out::{Book, piece};
pub(crate) use records::{MAX_RECORD_BYTES, Record, Records};

/// Cells of a row: wider ones hold no people.
pub(crate) const MAX_COLUMNS: usize = 500;
