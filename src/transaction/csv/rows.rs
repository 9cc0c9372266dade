//! The rows of any CSV file with a header, as text fields: for tables that are no order lines.

use std::cell::Cell;
use std::io::Read;
use std::ops::ControlFlow;
use std::rc::Rc;

use csv::ByteRecord;

use crate::error::{Error, Result};
use crate::transaction::csv::ReadProgress;
use crate::transaction::csv::decode::decode_windows_1252;
use crate::transaction::csv::header;
use crate::transaction::csv::read::Records;
use crate::transaction::csv::source::{Failures, Source};
use crate::transaction::schema::Encoding;

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 1 << 14;

/// Reads a file row by row; the header is read when it is opened.
pub(crate) struct CsvRows<'r> {
    records: Records<'r>,
    encoding: Encoding,
    names: Vec<String>,
    failures: Failures,
    taken: Rc<Cell<u64>>,
    total_bytes: Option<u64>,
    rows: u64,
    record: ByteRecord,
    /// The record in UTF-8, where the file's own bytes are not.
    decoded: ByteRecord,
    buffer: String,
}

/// A row of a file.
pub(crate) enum CsvRow<'r> {
    /// It has as many fields as the header.
    Fields(CsvFields<'r>),
    /// It has so many instead.
    Ragged(usize),
}

/// The fields of a row.
pub(crate) struct CsvFields<'r> {
    record: &'r ByteRecord,
}

impl<'r> CsvRows<'r> {
    pub(crate) fn open(
        file: impl Read + 'r,
        name: &str,
        total_bytes: Option<u64>,
        encoding: Encoding,
        delimiter: char,
    ) -> Result<Self> {
        let source = Source::open(file, name, encoding)?;
        let (taken, failures) = (Rc::clone(&source.taken), source.failures.clone());
        let mut records = Records::new(source, delimiter);
        let mut record = ByteRecord::new();
        if records.next(&mut record)?.is_none() {
            let hint = "not even a header line was found; check the path and the export";
            return Err(Error::Empty { what: "the CSV file", hint });
        }
        Ok(Self {
            records,
            encoding,
            names: header::names_of(&record, encoding),
            failures,
            taken,
            total_bytes,
            rows: 0,
            record,
            decoded: ByteRecord::new(),
            buffer: String::new(),
        })
    }

    /// The header's names.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Where a column stands.
    pub(crate) fn position(&self, column: &str) -> Result<usize> {
        header::position(&self.names, column, &self.failures)
    }

    /// The next row and the line on which it begins, or `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, CsvRow<'_>)>> {
        let Some(line) = self.records.next(&mut self.record)? else { return Ok(None) };
        self.rows += 1;
        if self.record.len() != self.names.len() {
            return Ok(Some((line, CsvRow::Ragged(self.record.len()))));
        }
        let record = if self.encoding == Encoding::Windows1252 && !self.record.as_slice().is_ascii() {
            decode_windows_1252(&self.record, &mut self.decoded, &mut self.buffer);
            &self.decoded
        } else {
            &self.record
        };
        Ok(Some((line, CsvRow::Fields(CsvFields { record }))))
    }

    /// Whether progress is due: every few thousand rows.
    pub(crate) fn is_due(&self) -> bool {
        self.rows.is_multiple_of(PROGRESS_ROWS)
    }

    /// Tells how far the file is read.
    pub(crate) fn tell(
        &self,
        progress: &mut dyn FnMut(ReadProgress) -> ControlFlow<()>,
        stage: &'static str,
    ) -> Result<()> {
        let told = progress(ReadProgress {
            rows: self.rows,
            bytes: self.taken.get(),
            total_bytes: self.total_bytes,
        });
        if told.is_break() { Err(Error::Cancelled { stage }) } else { Ok(()) }
    }
}

impl<'r> CsvFields<'r> {
    /// A field without the blanks around it; the column where its bytes are not of the encoding.
    pub(crate) fn text(&self, column: usize) -> std::result::Result<&'r str, usize> {
        let bytes = self.record.get(column).unwrap_or_default().trim_ascii();
        std::str::from_utf8(bytes).map_err(|_| column)
    }

    /// The same for a column that need not be there.
    pub(crate) fn optional(&self, column: Option<usize>) -> std::result::Result<Option<&'r str>, usize> {
        column.map(|column| self.text(column)).transpose()
    }
}
