//! Reads a file record by record and hands each to the place that decides what a row is.

use std::io::Read;
use std::ops::ControlFlow;

use csv::{ByteRecord, ErrorKind, ReaderBuilder, Terminator};

use crate::error::{Error, Result};
use crate::transaction::builder::LogBuilder;
use crate::transaction::csv::ReadProgress;
use crate::transaction::csv::decode::{Decoder, Row};
use crate::transaction::csv::header::Columns;
use crate::transaction::csv::source::{END, Failures, Source};
use crate::transaction::ids::IdKind;
use crate::transaction::line::RejectReason;
use crate::transaction::log::TransactionLog;
use crate::transaction::schema::Schema;

/// Rows between two reports of progress.
pub(super) const PROGRESS_ROWS: u64 = 1 << 14;

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 18;

pub(super) fn read(
    file: impl Read,
    name: &str,
    total_bytes: Option<u64>,
    schema: &Schema,
    progress: &mut dyn FnMut(ReadProgress) -> ControlFlow<()>,
) -> Result<TransactionLog> {
    let source = Source::open(file, name, schema.encoding)?;
    let taken = source.taken.clone();
    let failures = source.failures.clone();
    let mut tell = |rows| {
        let told = progress(ReadProgress { rows, bytes: taken.get(), total_bytes });
        if told.is_break() { Err(Error::Cancelled { stage: "reading order lines" }) } else { Ok(()) }
    };
    let mut records = Records::new(source, schema.delimiter);
    let mut record = ByteRecord::new();
    if records.next(&mut record)?.is_none() {
        let hint = "not even a header line was found; check the path and the export";
        return Err(Error::Empty { what: "the CSV file", hint });
    }
    let columns = Columns::find(&record, schema, &failures)?;
    let width = columns.width();
    let mut builder = LogBuilder::new(&schema.rules, schema.customer_ids, IdKind::Text);
    builder.declare(&columns.has());
    let mut decoder = Decoder::new(schema, columns);
    let mut rows = 0;
    while let Some(line) = records.next(&mut record)? {
        rows += 1;
        if record.len() == width {
            match decoder.row(&record, line)? {
                Row::Fields(row) => builder.push_raw(&row)?,
                Row::BadBytes(column) => {
                    let detail = || format!("column `{column}`");
                    builder.reject_unread(line, RejectReason::Encoding, detail)?;
                }
            }
        } else {
            let found = record.len();
            let detail = || format!("{found} fields where the header has {width}");
            builder.reject_unread(line, RejectReason::Ragged, detail)?;
        }
        if rows % PROGRESS_ROWS == 0 {
            tell(rows)?;
        }
    }
    tell(rows)?;
    builder.build()
}

/// The records of a file, each with the line on which it begins.
pub(super) struct Records<'r> {
    reader: csv::Reader<Box<dyn Read + 'r>>,
    failures: Failures,
    /// The line on which the latest record begins.
    line: u64,
    /// Whether the latest record was the mark of the end.
    at_end: bool,
}

impl<'r> Records<'r> {
    pub(super) fn new(source: Source<'r>, delimiter: char) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter as u8)
            // The carriage return of a CRLF is trimmed from the last field like any blank. Were it a line end of its
            // own, a record would be over before its line feed is counted, and line numbers would be off.
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER)
            .from_reader(source.text);
        Self { reader, failures: source.failures, line: 1, at_end: false }
    }

    /// Reads the next record that is not blank and gives its line, or `None` at the end of the file.
    pub(super) fn next(&mut self, record: &mut ByteRecord) -> Result<Option<u64>> {
        loop {
            let before = self.reader.position().line();
            let read = self.reader.read_byte_record(record).map_err(|error| match error.into_kind() {
                ErrorKind::Io(source) => self.failures.io(source, before - 1),
                other => self.failures.file(format!("line {before} cannot be read ({other:?})")),
            })?;
            if !read && self.at_end {
                return Ok(None);
            }
            if !read {
                let line = self.line;
                let problem = format!("a quote in the record that begins on line {line} is never closed");
                return Err(self.failures.file(problem));
            }
            let after = self.reader.position().line();
            // More than one line went by: some of them blank, or inside quotes.
            self.line = if after - before <= 1 {
                before
            } else {
                let inside = (record.as_slice().split(|byte| *byte == b'\n').count() - 1) as u64;
                // A record that the file's end cuts off inside quotes has no line end of its own.
                (after - 1).saturating_sub(inside).max(before)
            };
            self.at_end = record.len() == 1 && &record[0] == END;
            let blank = record.len() == 1 && record[0].trim_ascii().is_empty();
            if !blank && !self.at_end {
                return Ok(Some(self.line));
            }
        }
    }
}
