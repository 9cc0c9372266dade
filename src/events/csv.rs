//! CSV files of events. The file's own rules (quotes, line ends, gzip, byte-order mark, encoding, line numbers) are
//! those of every CSV file kohort reads; rows go to the same place as those of the other doors.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use crate::error::{Error, Result};
use crate::events::builder::RawEvent;
use crate::events::columns::reason_of;
use crate::events::event::EventAttribute;
use crate::events::log::EventLog;
use crate::events::schema::{EventSchema, KindSource};
use crate::transaction::{
    CsvFields, CsvRow, CsvRows, DecimalMark, RawId, ReadProgress, RejectReason, Rounding, UNNAMED,
    parse_decimal, parse_rounded,
};

/// What goes on while a file is read.
const STAGE: &str = "reading events";

impl EventLog {
    /// A log from a CSV file, plain or gzip (told by its first bytes, whatever its name), read as
    /// [`TransactionLog::from_csv_path`](crate::TransactionLog::from_csv_path) reads order lines: quotes, line ends,
    /// byte-order mark and line numbers in reports are the same.
    ///
    /// Time is linear in the file, on one thread, without an allocation per row; memory is that of the log.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read; [`Error::File`] where its structure is broken; [`Error::Empty`]
    /// without a header (a header alone makes an empty log); [`Error::UnknownColumn`] where a column is missing;
    /// [`Error::Rejected`] in strict mode. Rows that cannot be kept are otherwise no errors: the log's
    /// [`report`](EventLog::report) counts them.
    pub fn from_csv_path(path: impl AsRef<Path>, schema: &EventSchema) -> Result<Self> {
        Self::from_csv_path_with(path, schema, &mut |_| ControlFlow::Continue(()))
    }

    /// [`from_csv_path`](Self::from_csv_path) that reports progress every few thousand rows and once at the end.
    ///
    /// # Errors
    /// Those of [`from_csv_path`](Self::from_csv_path), and [`Error::Cancelled`] where `progress` breaks.
    pub fn from_csv_path_with(
        path: impl AsRef<Path>,
        schema: &EventSchema,
        progress: &mut dyn FnMut(ReadProgress) -> ControlFlow<()>,
    ) -> Result<Self> {
        let name = path.as_ref().display().to_string();
        let file = File::open(path.as_ref()).map_err(|source| Error::Io { path: name.clone(), source })?;
        // A pipe has no length that means anything.
        let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
        read(file, &name, length, schema, progress)
    }

    /// A log from CSV bytes, plain or gzip; otherwise as [`from_csv_path`](Self::from_csv_path). The reader need not
    /// be buffered.
    ///
    /// ```
    /// use kohort::EventLog;
    /// use kohort::events::{EventRules, EventSchema, SchemaKind};
    ///
    /// let file = "\
    /// customer,time,event,medium
    /// ada,2024-03-01 09:30,sent,email
    /// ada,2024-03-01 19:05,opened,email
    /// ben,yesterday,opened,email
    /// ";
    /// let rules = EventRules::builder().build()?;
    /// let schema = EventSchema::builder(&rules, "customer", "time", SchemaKind::Column("event"))
    ///     .channel("medium")
    ///     .build()?;
    /// let log = EventLog::from_csv_reader(file.as_bytes(), &schema)?;
    /// assert_eq!((log.report().rows_kept(), log.report().rows_rejected()), (2, 1));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_csv_path`](Self::from_csv_path).
    pub fn from_csv_reader(reader: impl Read, schema: &EventSchema) -> Result<Self> {
        Self::from_csv_reader_with(reader, schema, &mut |_| ControlFlow::Continue(()))
    }

    /// [`from_csv_reader`](Self::from_csv_reader) that reports progress every few thousand rows and once at the end.
    ///
    /// # Errors
    /// Those of [`from_csv_path`](Self::from_csv_path), and [`Error::Cancelled`] where `progress` breaks.
    pub fn from_csv_reader_with(
        reader: impl Read,
        schema: &EventSchema,
        progress: &mut dyn FnMut(ReadProgress) -> ControlFlow<()>,
    ) -> Result<Self> {
        read(reader, UNNAMED, None, schema, progress)
    }
}

/// The positions of the columns that are read.
struct Columns {
    customer: usize,
    time: usize,
    kind: Option<usize>,
    attributes: [Option<usize>; EventAttribute::ALL.len()],
    value: Option<usize>,
}

impl Columns {
    fn find(rows: &CsvRows<'_>, schema: &EventSchema) -> Result<Self> {
        let find_if = |column: Option<&String>| column.map(|column| rows.position(column)).transpose();
        let mut attributes = [None; EventAttribute::ALL.len()];
        for (position, column) in attributes.iter_mut().zip(&schema.attributes) {
            *position = find_if(column.as_ref())?;
        }
        Ok(Self {
            customer: rows.position(&schema.customer)?,
            time: rows.position(&schema.time)?,
            kind: match &schema.kind {
                KindSource::Column(column) => Some(rows.position(column)?),
                KindSource::Always(_) => None,
            },
            attributes,
            value: find_if(schema.value.as_ref())?,
        })
    }
}

fn read(
    file: impl Read,
    name: &str,
    total_bytes: Option<u64>,
    schema: &EventSchema,
    progress: &mut dyn FnMut(ReadProgress) -> ControlFlow<()>,
) -> Result<EventLog> {
    let mut rows = CsvRows::open(file, name, total_bytes, schema.encoding, schema.delimiter)?;
    let columns = Columns::find(&rows, schema)?;
    let names = rows.names().to_vec();
    let mut builder = EventLog::builder(&schema.rules, schema.customer_ids);
    builder.declare(columns.attributes.map(|position| position.is_some()), columns.value.is_some());
    while let Some((line, row)) = rows.next()? {
        match row {
            CsvRow::Fields(fields) => match raw_event(&fields, &columns, schema, line) {
                Ok(event) => builder.push_raw(&event)?,
                Err(column) => {
                    let detail = format!("column `{}`", names[column]);
                    builder.reject_unread(line, RejectReason::Encoding, detail)?;
                }
            },
            CsvRow::Ragged(found) => {
                let detail = format!("{found} fields where the header has {}", names.len());
                builder.reject_unread(line, RejectReason::Ragged, detail)?;
            }
        }
        if rows.is_due() {
            rows.tell(progress, STAGE)?;
        }
    }
    rows.tell(progress, STAGE)?;
    builder.build()
}

/// The event of a row, or the column whose bytes are not of the encoding.
fn raw_event<'r>(
    fields: &CsvFields<'r>,
    columns: &Columns,
    schema: &'r EventSchema,
    line: u64,
) -> std::result::Result<RawEvent<'r>, usize> {
    let mut texts = [None; EventAttribute::ALL.len()];
    for (text, column) in texts.iter_mut().zip(columns.attributes) {
        *text = fields.optional(column)?;
    }
    let customer = fields.text(columns.customer)?;
    let time_text = fields.text(columns.time)?;
    let kind = match (&schema.kind, columns.kind) {
        (KindSource::Always(kind), _) => kind.as_str(),
        (KindSource::Column(_), column) => fields.optional(column)?.unwrap_or_default(),
    };
    Ok(RawEvent {
        row: line,
        customer: (!customer.is_empty()).then_some(RawId::Text(customer)),
        time: schema.time_format.parse(time_text, &schema.rules.zone).ok(),
        time_text,
        kind,
        value: value_of(fields.optional(columns.value)?.unwrap_or_default(), schema),
        texts,
    })
}

/// The number in a field; none where it is empty.
fn value_of(text: &str, schema: &EventSchema) -> std::result::Result<Option<i64>, (RejectReason, String)> {
    if text.is_empty() {
        return Ok(None);
    }
    let mark = match schema.decimal_mark {
        DecimalMark::Point => '.',
        DecimalMark::Comma => ',',
    };
    let parsed = match schema.rules.rounding {
        Rounding::Refuse => parse_decimal(text, mark, 4),
        Rounding::HalfEven => parse_rounded(text, mark, 4),
    };
    parsed.map(Some).map_err(|problem| (reason_of(problem), format!("value `{text}`")))
}
