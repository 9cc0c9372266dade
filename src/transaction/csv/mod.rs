//! CSV files into a log: the door for what a shop's systems export.
//!
//! A [`Schema`] says which column holds what and how values are written; the file's own rules (quotes, line ends,
//! gzip, byte-order mark) are found out from the file. Rows go to the same place as those of every other door, so a
//! file and the same rows from memory make equal logs.
//!
//! A file is read on all processors. `blocks` cuts it into blocks of whole records and `parallel` hands them to the
//! threads of the pool; `parse` reads a block into a `part`, and `joined` puts the parts together in their order. Within
//! a block, `marks` finds where fields end, and `plain` reads rows that are written the usual way, straight from bytes
//! (`digits`, `clock`, `texts`); every other row goes the general way through the `csv` crate's splitter and `decode`.
//! Both ways, and any block size, give what reading record by record (`read`) gives; a property test holds them to it.

mod blocks;
mod clock;
mod decode;
mod digits;
mod header;
mod joined;
mod marks;
mod parallel;
#[cfg(test)]
mod parallel_test;
mod parse;
mod part;
mod plain;
mod read;
mod rows;
mod source;
mod texts;
mod union;

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use crate::error::{Error, Result};
use crate::transaction::log::TransactionLog;
use crate::transaction::schema::Schema;

pub(crate) use rows::{CsvFields, CsvRow, CsvRows};

/// How far a file is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReadProgress {
    /// Rows read so far, kept or not.
    pub rows: u64,
    /// Bytes read so far, as they lie in the file: compressed ones where it is compressed.
    pub bytes: u64,
    /// Bytes of the whole file, where that is known.
    pub total_bytes: Option<u64>,
}

/// What a file or reader without a name is called in errors.
pub(crate) const UNNAMED: &str = "the CSV input";

impl TransactionLog {
    /// A log from a CSV file, plain or gzip (told by its first bytes, whatever its name).
    ///
    /// Fields may be quoted and then hold delimiters, line ends and doubled quotes; lines end in LF or CRLF; a UTF-8
    /// byte-order mark and blank lines are skipped; blanks around a value are no part of it. Only the columns that
    /// the schema names are looked at. Rows are numbered in reports by the line on which they begin, the header
    /// being line 1.
    ///
    /// Time is linear in the file, on all threads of rayon's pool, without an allocation per row; memory is that of the
    /// log and of a few blocks of the file.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read; [`Error::File`] where its structure is broken: a gzip stream that
    /// is cut off or damaged, a quote that is never closed, a column name that stands twice, a spreadsheet or UTF-16
    /// file; [`Error::Empty`] without a header (a header alone makes an empty log); [`Error::UnknownColumn`] where a
    /// column is missing; [`Error::AmbiguousFlag`] where the undelivered column mixes yes/no words and blanks;
    /// [`Error::Rejected`] in strict mode. Rows that cannot be kept are otherwise no errors: the log's
    /// [`report`](TransactionLog::report) counts them.
    pub fn from_csv_path(path: impl AsRef<Path>, schema: &Schema) -> Result<Self> {
        Self::from_csv_path_with(path, schema, &mut |_| ControlFlow::Continue(()))
    }

    /// [`from_csv_path`](Self::from_csv_path) that reports progress every few thousand rows and once at the end.
    ///
    /// # Errors
    /// Those of [`from_csv_path`](Self::from_csv_path), and [`Error::Cancelled`] where `progress` breaks.
    pub fn from_csv_path_with(
        path: impl AsRef<Path>,
        schema: &Schema,
        progress: &mut dyn FnMut(ReadProgress) -> ControlFlow<()>,
    ) -> Result<Self> {
        let name = path.as_ref().display().to_string();
        let failed = |source| Error::Io { path: name.clone(), source };
        let file = File::open(path.as_ref()).map_err(failed)?;
        // A pipe has no length that means anything.
        let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
        parallel::read(file, &name, length, schema, parallel::BLOCK, progress)
    }

    /// A log from CSV bytes, plain or gzip; otherwise as [`from_csv_path`](Self::from_csv_path).
    ///
    /// The reader need not be buffered.
    ///
    /// ```
    /// use kohort::transaction::SchemaPrice;
    /// use kohort::{LogRules, Returns, Schema, TransactionLog};
    ///
    /// let file = "\
    /// customer,order,date,pieces,price,sent_back
    /// ada,1001,2024-03-01 09:30,2,19.90,no
    /// ben,1002,2024-03-01 11:05,1,abc,no
    /// ada,1003,2024-03-09 17:45,1,49.00,yes
    /// ";
    /// let rules = LogRules::builder("EUR").returns(Returns::Flag).build()?;
    /// let schema = Schema::builder(&rules, "customer", "date", SchemaPrice::Unit("price"))
    ///     .order("order")
    ///     .quantity("pieces")
    ///     .returned("sent_back")
    ///     .build()?;
    /// let log = TransactionLog::from_csv_reader(file.as_bytes(), &schema)?;
    /// let report = log.report();
    /// assert_eq!((report.rows_kept(), report.rows_rejected()), (2, 1));
    /// assert_eq!(report.sales.value.to_string(), "88.80");
    /// assert_eq!(report.returned().to_string(), "49.00");
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_csv_path`](Self::from_csv_path).
    pub fn from_csv_reader(reader: impl Read, schema: &Schema) -> Result<Self> {
        Self::from_csv_reader_with(reader, schema, &mut |_| ControlFlow::Continue(()))
    }

    /// [`from_csv_reader`](Self::from_csv_reader) that reports progress every few thousand rows and once at the end.
    ///
    /// # Errors
    /// Those of [`from_csv_path`](Self::from_csv_path), and [`Error::Cancelled`] where `progress` breaks.
    pub fn from_csv_reader_with(
        reader: impl Read,
        schema: &Schema,
        progress: &mut dyn FnMut(ReadProgress) -> ControlFlow<()>,
    ) -> Result<Self> {
        parallel::read(reader, UNNAMED, None, schema, parallel::BLOCK, progress)
    }
}
