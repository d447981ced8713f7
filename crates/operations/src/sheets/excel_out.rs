//! Excel workbooks, written row by row: what is written lies in a temporary file until the book is done. Every cell is
//! text, so that nothing in it is ever a formula.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};
use smol_str::SmolStr;

/// Rows of one sheet with its header: what the format allows. Further ones go on in the next sheet.
const SHEET_ROWS: u32 = 1_048_576;
/// Characters of one cell: what the format allows. Longer ones are cut.
const CELL_CHARS: usize = 32_767;

/// A workbook that is being written.
pub(crate) struct Book {
    book: Workbook,
    header: Vec<SmolStr>,
    /// Rows of the last sheet; it is full before there is one.
    rows: u32,
}

impl Book {
    /// A workbook whose sheets begin with this row.
    pub fn new(header: Vec<SmolStr>) -> Self {
        Self { book: Workbook::new(), header, rows: SHEET_ROWS }
    }

    /// Adds a row.
    pub fn add(&mut self, cells: &[SmolStr]) -> Result<(), XlsxError> {
        if self.rows >= SHEET_ROWS {
            let sheet = self.book.add_worksheet_with_constant_memory()?;
            write(sheet, 0, &self.header)?;
            self.rows = 1;
        }
        let last = self.book.worksheets().len() - 1;
        let sheet = self.book.worksheet_from_index(last)?;
        write(sheet, self.rows, cells)?;
        self.rows += 1;
        Ok(())
    }

    /// The whole as a temporary file, to be read from its beginning.
    pub fn finish(mut self) -> Result<File, XlsxError> {
        if self.book.worksheets().is_empty() {
            let sheet = self.book.add_worksheet_with_constant_memory()?;
            write(sheet, 0, &self.header)?;
        }
        let mut file = tempfile::tempfile()?;
        self.book.save_to_writer(&file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

fn write(sheet: &mut Worksheet, row: u32, cells: &[SmolStr]) -> Result<(), XlsxError> {
    for (column, cell) in (0_u16..).zip(cells) {
        if !cell.is_empty() {
            let end = cell.char_indices().nth(CELL_CHARS).map_or(cell.len(), |(end, _)| end);
            sheet.write_string(row, column, &cell[..end])?;
        }
    }
    Ok(())
}

/// The next piece of a file; empty at its end.
pub(crate) fn piece(file: &mut File, bytes: usize) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(bytes);
    file.take(bytes as u64).read_to_end(&mut piece)?;
    Ok(piece)
}
