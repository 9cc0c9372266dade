//! Arrow record batches and Parquet files of events. What the types mean is what they mean for order lines; rows are
//! judged as by the other doors.

#[cfg(feature = "parquet")]
mod parquet;
mod rows;
#[cfg(all(test, feature = "csv"))]
mod tests;

use arrow_array::RecordBatch;
use rayon::prelude::*;

use crate::category::Category;
use crate::error::Result;
use crate::events::arrow::rows::BatchRows;
use crate::events::columns::Converted;
use crate::events::event::EventAttribute;
use crate::events::log::EventLog;
use crate::events::schema::EventSchema;
use crate::transaction::{IdColumn, IdKind, concat_texts};

impl EventLog {
    /// A log from Arrow record batches, in parallel.
    ///
    /// Columns are found by the names of the schema; others are not looked at. Their types are those that
    /// [`TransactionLog::from_record_batches`](crate::TransactionLog::from_record_batches) reads: a customer is text or
    /// a whole number, a time a timestamp, date or text (or a whole number where the schema's time format says what it
    /// counts), kinds and attributes are text or whole numbers, a value is a number or text of one. A null is what an
    /// empty field of a CSV file is. Rows are numbered in reports from 1 over all batches.
    ///
    /// O(rows + distinct texts · log).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use kohort::arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
    /// use kohort::events::{EventRules, EventSchema, SchemaKind};
    /// use kohort::{EventLog, IdKind};
    ///
    /// let batch = RecordBatch::try_from_iter([
    ///     ("subscriber", Arc::new(Int64Array::from(vec![Some(7), Some(7), None])) as ArrayRef),
    ///     ("at", Arc::new(TimestampMillisecondArray::from(vec![0, 60_000, 90_000]))),
    ///     ("event", Arc::new(StringArray::from(vec!["sent", "opened", "sent"]))),
    /// ])?;
    /// let schema = EventSchema::builder(&EventRules::default(), "subscriber", "at", SchemaKind::Column("event"))
    ///     .customer_ids(IdKind::Number)
    ///     .build()?;
    /// let log = EventLog::from_record_batches([batch], &schema)?;
    /// assert_eq!((log.report().rows_kept(), log.report().rows_rejected()), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownColumn`](crate::Error::UnknownColumn) where a batch lacks a column,
    /// [`Error::ColumnType`](crate::Error::ColumnType) where a type cannot mean what the schema says,
    /// [`Error::Rejected`](crate::Error::Rejected) in strict mode. Rows that cannot be kept are otherwise no errors: the
    /// log's [`report`](EventLog::report) counts them.
    pub fn from_record_batches(
        batches: impl IntoIterator<Item = RecordBatch>,
        schema: &EventSchema,
    ) -> Result<Self> {
        let batches: Vec<RecordBatch> = batches.into_iter().collect();
        let sizes: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
        log_of_parts(schema, &sizes, |part| Ok(batches[part].clone()))
    }
}

/// The rows of one part: what they came to, and what else there is of each.
struct Part {
    converted: Converted,
    customers: IdColumn,
    kinds: Category,
    attributes: [Option<Category>; EventAttribute::ALL.len()],
}

/// The log of parts of some numbers of rows, each of which `read` gives as one batch.
fn log_of_parts(
    schema: &EventSchema,
    sizes: &[usize],
    read: impl Fn(usize) -> Result<RecordBatch> + Sync,
) -> Result<EventLog> {
    let has_values = schema.value.is_some();
    let starts = sizes.iter().scan(0, |next, size| {
        let start = *next;
        *next += size;
        Some(start)
    });
    let parts: Vec<(usize, usize)> = starts.enumerate().collect();
    let parts: Vec<Result<Part>> = parts
        .into_par_iter()
        .map(|(part, before)| {
            let batch = read(part)?;
            let rows = BatchRows::new(schema, &batch)?;
            let converted = Converted::new(&rows, batch.num_rows(), before, has_values, &schema.rules)?;
            let (customers, kinds, attributes) = rows.into_columns();
            Ok(Part { converted, customers, kinds, attributes })
        })
        .collect();

    let mut all = Converted::default();
    let (mut customers, mut kinds) = (Vec::new(), Vec::new());
    let mut attributes: [Vec<Category>; EventAttribute::ALL.len()] = Default::default();
    for part in parts {
        let part = part?;
        all.report.merge_unkept(&part.converted.report);
        all.times.extend(part.converted.times);
        all.values.extend(part.converted.values);
        all.rejected.extend(part.converted.rejected);
        customers.push(part.customers);
        kinds.push(part.kinds);
        for (columns, column) in attributes.iter_mut().zip(part.attributes) {
            columns.extend(column);
        }
    }
    let customers = match schema.customer_ids {
        IdKind::Text => concat_texts(customers),
        IdKind::Number => {
            let numbers = customers.into_iter().flat_map(|part| match part {
                IdColumn::Numbers(numbers) => numbers,
                IdColumn::Texts(_) | IdColumn::ShortTexts(_) => Vec::new(),
            });
            IdColumn::Numbers(numbers.collect())
        }
    };
    let mut named = schema.attributes.iter().map(Option::is_some);
    let attributes =
        attributes.map(|columns| (named.next() == Some(true)).then(|| Category::concat_all(columns)));
    Ok(all.into_log(customers, &Category::concat_all(kinds), attributes, has_values, &schema.rules))
}
