//! Reads a file record by record: for tables of few columns, and as the plain way that reading in blocks is held to.

use std::io::Read;

use csv::{ByteRecord, ErrorKind, ReaderBuilder, Terminator};

use crate::error::Result;
use crate::transaction::csv::source::{END, Failures, Source};

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 18;

/// The records of a file, each with the line on which it begins.
pub(super) struct Records<'r> {
    reader: csv::Reader<Box<dyn Read + 'r>>,
    failures: Failures,
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
        Self { reader, failures: source.failures }
    }

    /// Reads the next record that is not blank and gives its line, or `None` at the end of the file.
    pub(super) fn next(&mut self, record: &mut ByteRecord) -> Result<Option<u64>> {
        loop {
            let before = self.reader.position().line();
            let read = self.reader.read_byte_record(record).map_err(|error| match error.into_kind() {
                ErrorKind::Io(source) => self.failures.io(source, before - 1),
                other => self.failures.file(format!("line {before} cannot be read ({other:?})")),
            })?;
            if !read {
                return Ok(None);
            }
            let after = self.reader.position().line();
            let fields = record.as_slice();
            let inside = || memchr::memchr_iter(b'\n', fields).count() as u64;
            if fields.strip_suffix(b"\n").is_some_and(|fields| fields.ends_with(END)) {
                // A record that the file's end cuts off inside quotes has no line end of its own.
                let line = after - inside();
                let problem = format!("a quote in the record that begins on line {line} is never closed");
                return Err(self.failures.file(problem));
            }
            // More than one line went by: some of them blank, or inside quotes.
            let line = if after - before <= 1 { before } else { after - 1 - inside() };
            let at_end = fields == END && record.len() == 1;
            let blank = record.len() == 1 && record[0].trim_ascii().is_empty();
            if !blank && !at_end {
                return Ok(Some(line));
            }
        }
    }
}
