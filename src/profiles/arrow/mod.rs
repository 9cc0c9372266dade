//! Profiles from Arrow record batches and Parquet files: the same fields as from a file, whatever type a column has.

mod cells;
#[cfg(feature = "parquet")]
mod parquet;

use arrow_array::RecordBatch;
use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::columnar::{Named, describe, number_ids, text_ids};
use crate::error::{Error, Result};
use crate::features::Values;
use crate::profiles::arrow::cells::{Cells, Form};
use crate::profiles::builder::{FieldBuilder, assemble};
use crate::profiles::field::ProfileField;
use crate::profiles::report::{Instances, ProfileReport};
use crate::profiles::schema::ProfileSchema;
use crate::profiles::table::ProfileTable;
use crate::transaction::{IdColumn, IdKind, RejectReason, Strictness, concat_texts};

impl ProfileTable {
    /// A table from Arrow record batches, with the fields in parallel.
    ///
    /// Columns are found by the names of the schema; others are not looked at. Ids are text or whole numbers, as
    /// numbers or text by the schema's [`customer_ids`](crate::profiles::ProfileSchemaBuilder::customer_ids). A field
    /// may stand in text of any layout (`Utf8`, `LargeUtf8`, `Utf8View`, dictionaries of them), which is read as in a
    /// CSV file, and in:
    ///
    /// - a *number*, *score*, *whole number* or *flag*: whole, floating-point and decimal types; NaN is missing, and a
    ///   `Float32` means the shortest decimal it is printed as;
    /// - a *flag* or *category*: `Boolean`;
    /// - a *category*: whole numbers;
    /// - a *date*: timestamps of any unit, `Date32` and `Date64`, in the schema's zone where they have none; whole
    ///   numbers where the schema's time format is another than [`TimeFormat::Iso`](crate::TimeFormat::Iso).
    ///
    /// A null is what an empty field of a CSV file is. The texts that mean that a value is missing are also looked for
    /// among numbers, as they are printed, and truth values. Rows are numbered in reports from 1 over all batches.
    ///
    /// O(rows · log rows + rows · fields).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use kohort::arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, UInt32Array};
    /// use kohort::profiles::{FieldType, ProfileField, ProfileKind, ProfileSchema};
    /// use kohort::{IdKind, ProfileTable};
    ///
    /// let batch = RecordBatch::try_from_iter([
    ///     ("customer", Arc::new(UInt32Array::from(vec![9, 3])) as ArrayRef),
    ///     ("income", Arc::new(Float64Array::from(vec![Some(52_000.0), None]))),
    ///     ("mail_me", Arc::new(BooleanArray::from(vec![Some(false), Some(true)]))),
    /// ])?;
    /// let schema = ProfileSchema::builder("customer")
    ///     .customer_ids(IdKind::Number)
    ///     .field(ProfileField::new("income", ProfileKind::Demographic, FieldType::Number))
    ///     .field(ProfileField::new("mail_me", ProfileKind::Consent, FieldType::Flag))
    ///     .build()?;
    /// let profiles = ProfileTable::from_record_batches([batch], &schema)?;
    /// assert_eq!(profiles.consented("mail_me")?.ones().collect::<Vec<_>>(), [0]);
    /// assert_eq!(profiles.table().column("income")?.number(1), Some(52_000.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] where a batch lacks a column, [`Error::ColumnType`] where a type cannot mean what the
    /// field is; [`Error::DuplicateCustomer`] where a customer has two rows and the schema does not say which one is
    /// kept; [`Error::Rejected`] in strict mode. Rows and values that cannot be read are otherwise no errors: the
    /// [`report`](ProfileTable::report) counts them.
    pub fn from_record_batches(
        batches: impl IntoIterator<Item = RecordBatch>,
        schema: &ProfileSchema,
    ) -> Result<Self> {
        let batches: Vec<RecordBatch> = batches.into_iter().collect();
        table_of_batches(&batches, schema)
    }
}

fn table_of_batches(batches: &[RecordBatch], schema: &ProfileSchema) -> Result<ProfileTable> {
    // A type that is wrong is said before any row is judged.
    for batch in batches {
        for field in &schema.fields {
            Form::of(Named::find(batch, field.source())?, field, schema)?;
        }
    }
    let mut report = ProfileReport::default();
    let mut customers = Vec::with_capacity(batches.len());
    let mut parts = Vec::with_capacity(batches.len());
    for batch in batches {
        let column = Named::find(batch, &schema.customer)?;
        let (ids, there) = ids(column, schema.customer_ids)?;
        let known = |row: &usize| !ids.is_missing(*row) && there.as_ref().is_none_or(|there| there.get(*row));
        let (kept, rejected): (Vec<usize>, Vec<usize>) = (0..batch.num_rows()).partition(known);
        for row in rejected {
            let (number, detail) = (report.rows_read + row as u64 + 1, describe(column, row));
            let reason = RejectReason::MissingCustomer;
            if schema.strictness == Strictness::Stop {
                return Err(Error::Rejected { row: number, reason, detail });
            }
            report.rejected.entry(reason).or_default().note(number, || detail);
        }
        customers.push(ids.gather(&kept).without_unused());
        parts.push(Part { batch, before: report.rows_read, kept });
        report.rows_read += batch.num_rows() as u64;
    }
    let fields: Vec<Result<_>> =
        schema.fields.par_iter().map(|field| read_field(field, &parts, schema)).collect();
    let fields = fields.into_iter().collect::<Result<_>>()?;
    assemble(schema, &joined(customers, schema.customer_ids), fields, report)
}

/// The rows of a batch that have a customer.
struct Part<'b> {
    batch: &'b RecordBatch,
    /// How many rows there are in the batches before it.
    before: u64,
    kept: Vec<usize>,
}

/// The ids of a column, and which rows have a number, where ids are numbers and not all have one.
fn ids(column: Named<'_>, kind: IdKind) -> Result<(IdColumn, Option<Bitmap>)> {
    match kind {
        IdKind::Text => Ok((text_ids(column)?, None)),
        IdKind::Number => {
            let mut numbers = vec![0; column.array.len()];
            let there = number_ids(column, &mut numbers)?;
            Ok((IdColumn::Numbers(numbers), there))
        }
    }
}

/// The ids of all batches, one after the other.
fn joined(customers: Vec<IdColumn>, kind: IdKind) -> IdColumn {
    match kind {
        IdKind::Text => concat_texts(customers),
        IdKind::Number => {
            let numbers = customers.into_iter().flat_map(|part| match part {
                IdColumn::Numbers(numbers) => numbers,
                IdColumn::Texts(_) | IdColumn::ShortTexts(_) => Vec::new(),
            });
            IdColumn::Numbers(numbers.collect())
        }
    }
}

fn read_field(
    field: &ProfileField,
    parts: &[Part<'_>],
    schema: &ProfileSchema,
) -> Result<(Values, Bitmap, Instances)> {
    let mut values = FieldBuilder::new(field.values);
    for Part { batch, before, kept } in parts {
        let cells = Cells::new(Named::find(batch, field.source())?, field, schema)?;
        for row in kept {
            values.push(before + *row as u64 + 1, cells.get(*row), schema);
        }
    }
    Ok(values.finish())
}
