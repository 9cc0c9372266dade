//! Arrow record batches and Parquet files into a log: the doors for data that have types already.
//!
//! A [`Schema`] says which column holds what, as for CSV; whatever a column's Arrow type is, it is read where it means
//! something. Rows go to the same place as those of every other door, so that the same rows make equal logs.

mod columns;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::DataType;

use crate::columnar::id_kind;
use crate::error::{Error, Result};
use crate::transaction::arrow::columns::SchemaColumns;
use crate::transaction::arrow::rows::BatchRows;
use crate::transaction::columns::{Layout, Optional, Outcome, Part, Texts, log_of_parts};
use crate::transaction::ids::IdKind;
use crate::transaction::log::TransactionLog;
use crate::transaction::rules::{LogRules, OrderIdentity, Returns};
use crate::transaction::schema::Schema;

/// Rows that one part has at least, where a batch is cut. Fixed, so that nothing depends on the number of threads.
const PART: usize = 1 << 18;

impl TransactionLog {
    /// A log from Arrow record batches, in parallel and without copying a column where its layout allows it.
    ///
    /// Columns are found by the names of the schema; others are not looked at. Types:
    ///
    /// - *customer*: text of any layout (`Utf8`, `LargeUtf8`, `Utf8View`, dictionaries of them) or whole numbers, as
    ///   numbers or text by the schema's [`customer_ids`](crate::transaction::SchemaBuilder::customer_ids). A null, a
    ///   blank text, and for numbers a negative one or a text that is none, are a missing customer.
    /// - *order*: the same; whole numbers stay numbers, unless the rules tell orders by the beginning of their id.
    /// - *times*: timestamps of any unit, `Date32` and `Date64` (midnight), text in the schema's time format; whole
    ///   numbers where that format is seconds, milliseconds or a pattern of digits. What has no zone is read in the
    ///   zone of the rules.
    /// - *numbers*: whole, floating-point and decimal types, and text as it stands in a CSV file. A `Float64` must
    ///   stand for a decimal of at most four places, a `Float32` means the shortest decimal it is printed as.
    /// - *flags*: `Boolean`, and the words that the CSV door knows.
    /// - *texts*: text of any layout, whole numbers, `Boolean`.
    ///
    /// A null is what an empty field of a CSV file is: a missing customer, order, time, price or quantity rejects the
    /// row; a missing discount or return is none; a missing cost or text is unknown. Rows are numbered in reports from
    /// 1 over all batches.
    ///
    /// O(rows + distinct texts · log); memory is that of the log and, in passing, of its texts.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use kohort::arrow_array::{ArrayRef, Date32Array, Decimal128Array, RecordBatch, StringArray, UInt64Array};
    /// use kohort::{IdKind, LogRules, Schema, SchemaPrice, TransactionLog};
    ///
    /// let batch = RecordBatch::try_from_iter([
    ///     ("customer", Arc::new(UInt64Array::from(vec![Some(7), None, Some(8)])) as ArrayRef),
    ///     ("order", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
    ///     ("day", Arc::new(Date32Array::from(vec![19_783, 19_783, 19_784]))),
    ///     ("price", Arc::new(Decimal128Array::from(vec![1_999, 500, 750]).with_precision_and_scale(10, 2)?)),
    /// ])?;
    /// let rules = LogRules::builder("EUR").build()?;
    /// let schema = Schema::builder(&rules, "customer", "day", SchemaPrice::Unit("price"))
    ///     .customer_ids(IdKind::Number)
    ///     .order("order")
    ///     .build()?;
    /// let log = TransactionLog::from_record_batches([batch], &schema)?;
    /// assert_eq!(log.report().sales.value.to_string(), "27.49");
    /// assert_eq!(log.report().rows_rejected(), 1, "one has no customer");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] where a batch lacks a column, [`Error::ColumnType`] where a type cannot mean what the
    /// schema says, [`Error::Incompatible`] where orders are numbers in one batch and text in another,
    /// [`Error::AmbiguousFlag`] where the undelivered column mixes yes/no words and nulls, [`Error::Rejected`] in
    /// strict mode. Rows that cannot be kept are otherwise no errors: the log's [`report`](TransactionLog::report)
    /// counts them.
    pub fn from_record_batches(
        batches: impl IntoIterator<Item = RecordBatch>,
        schema: &Schema,
    ) -> Result<Self> {
        let batches: Vec<RecordBatch> = batches.into_iter().collect();
        let mut parts = Vec::new();
        let mut order_type = None;
        for batch in &batches {
            let columns = SchemaColumns::find(schema, batch)?;
            if let Some(order) = columns.order
                && order_type.is_none()
            {
                order_type = Some(order.array.data_type());
            }
            let size = PART.max(4 * columns.longest_dictionary());
            for start in (0..batch.num_rows()).step_by(size) {
                parts.push(batch.slice(start, size.min(batch.num_rows() - start)));
            }
        }
        let sizes: Vec<usize> = parts.iter().map(RecordBatch::num_rows).collect();
        let door = Door::new(schema, order_type)?;
        door.log(&sizes, |part| Ok(parts[part].clone()))
    }
}

/// What is to be known before the first part is read, and what is found out about all of them.
struct Door<'s> {
    schema: &'s Schema,
    layout: Layout,
    /// Whether the undelivered column had a yes/no word, and whether it had a null.
    words: AtomicBool,
    blanks: AtomicBool,
}

impl<'s> Door<'s> {
    fn new(schema: &'s Schema, order_type: Option<&DataType>) -> Result<Self> {
        let rules = &schema.rules;
        let orders = match (rules.orders, &schema.order) {
            (OrderIdentity::Column, Some(name)) => Some(match order_type {
                None => IdKind::Text,
                Some(data_type) => match id_kind(data_type) {
                    Some(IdKind::Number) if !needs_order_texts(rules) => IdKind::Number,
                    Some(_) => IdKind::Text,
                    None => return Err(crate::columnar::unfit(name, data_type, "text or whole numbers")),
                },
            }),
            _ => None,
        };
        let layout = Layout {
            customers: schema.customer_ids,
            orders,
            optional: Optional {
                discount: schema.discount.is_some(),
                unit_cost: schema.unit_cost.is_some(),
                returned: schema.returned.is_some(),
                return_time: schema.return_time.is_some(),
            },
            attributes: schema.attributes.each_ref().map(Option::is_some),
        };
        Ok(Self { schema, layout, words: AtomicBool::new(false), blanks: AtomicBool::new(false) })
    }

    /// The log of parts of some numbers of rows, each of which `read` gives as one batch.
    fn log(
        &self,
        sizes: &[usize],
        read: impl Fn(usize) -> Result<RecordBatch> + Sync,
    ) -> Result<TransactionLog> {
        let log = log_of_parts(self.layout, sizes, &self.schema.rules, |position, part| {
            let batch = read(position)?;
            self.convert(&SchemaColumns::find(self.schema, &batch)?, part)
        });
        if self.words.load(Ordering::Relaxed)
            && self.blanks.load(Ordering::Relaxed)
            && let Some((column, _)) = &self.schema.undelivered
        {
            return Err(Error::AmbiguousFlag { column: column.clone() });
        }
        log
    }

    fn convert(&self, columns: &SchemaColumns<'_>, mut part: Part<'_>) -> Result<(Outcome, Texts)> {
        let rows = BatchRows::new(self.schema, self.layout, columns, &mut part)?;
        if let Some(undelivered) = rows.undelivered() {
            self.words.fetch_or(undelivered.words, Ordering::Relaxed);
            self.blanks.fetch_or(undelivered.blanks, Ordering::Relaxed);
        }
        let outcome = part.convert(&rows, rows.plain().as_ref(), &self.schema.rules)?;
        Ok((outcome, rows.into_texts(self.layout)))
    }
}

/// Whether the rules look at the texts of order ids.
fn needs_order_texts(rules: &LogRules) -> bool {
    !rules.excluded_orders.is_empty() || matches!(rules.returns, Returns::CreditNotes { prefix: Some(_) })
}
