//! Rows of profiles into a table: the one place that decides which row of a customer is kept.

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::{Column, FeatureTable, Values};
use crate::profiles::field::FieldType;
use crate::profiles::report::{Allowance, FieldReport, Instances, ProfileReport};
use crate::profiles::schema::{DuplicateIds, ProfileSchema};
use crate::profiles::table::ProfileTable;
use crate::profiles::value::{Cell, ProfileValue, RawValue};
use crate::transaction::{
    CustomerId, IdBuilder, IdColumn, RawId, RejectReason, Strictness, TextBuilder, id_text,
};

/// Takes profiles row by row.
pub struct ProfileBuilder {
    schema: ProfileSchema,
    ids: IdBuilder,
    fields: Vec<FieldBuilder>,
    report: ProfileReport,
}

impl ProfileTable {
    /// An empty builder for rows of a schema.
    ///
    /// ```
    /// use kohort::profiles::{FieldType, ProfileField, ProfileKind, ProfileSchema};
    /// use kohort::ProfileTable;
    ///
    /// let schema = ProfileSchema::builder("customer")
    ///     .field(ProfileField::new("age", ProfileKind::Demographic, FieldType::Whole))
    ///     .field(ProfileField::new("newsletter", ProfileKind::Consent, FieldType::Flag))
    ///     .build()?;
    /// let mut profiles = ProfileTable::builder(&schema);
    /// profiles.push("ben", [27.into(), true.into()])?;
    /// profiles.push("ada", ["sixty".into(), None::<bool>.into()])?;
    /// let profiles = profiles.build()?;
    /// assert_eq!(profiles.table().ids().id(0), "ada".into());
    /// assert_eq!(profiles.report().field("age").map(|age| age.unreadable.rows), Some(1));
    /// // What is not known is no yes.
    /// assert_eq!(profiles.consented("newsletter")?.ones().collect::<Vec<_>>(), [1]);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn builder(schema: &ProfileSchema) -> ProfileBuilder {
        ProfileBuilder {
            ids: IdBuilder::new(schema.customer_ids),
            fields: schema.fields.iter().map(|field| FieldBuilder::new(field.values)).collect(),
            report: ProfileReport::default(),
            schema: schema.clone(),
        }
    }
}

impl ProfileBuilder {
    /// Adds a row: a customer and one value per field, in the order of the schema. A value that its field cannot take
    /// is missing and counted; a row without an id of the schema's kind, or with another number of values, is counted
    /// as rejected.
    ///
    /// # Errors
    /// [`Error::Rejected`] in strict mode; the builder stays usable and has counted the row.
    pub fn push(
        &mut self,
        customer: impl Into<CustomerId>,
        values: impl IntoIterator<Item = ProfileValue>,
    ) -> Result<()> {
        let customer = customer.into();
        let values: Vec<ProfileValue> = values.into_iter().collect();
        let row = self.report.rows_read + 1;
        if values.len() != self.fields.len() {
            let detail = format!("{} values where the schema has {} fields", values.len(), self.fields.len());
            return self.reject(row, RejectReason::Ragged, detail);
        }
        let customer = match &customer {
            CustomerId::Number(number) => RawId::Number(*number),
            CustomerId::Text(text) => RawId::Text(text.trim()),
        };
        self.push_raw(row, customer, values.iter().map(ProfileValue::raw))
    }

    /// Adds a row of any door; there are as many values as fields.
    pub(super) fn push_raw<'a>(
        &mut self,
        row: u64,
        customer: RawId<'_>,
        values: impl Iterator<Item = RawValue<'a>>,
    ) -> Result<()> {
        let Some(id) = customer.of_kind(self.schema.customer_ids) else {
            return self.reject(row, RejectReason::MissingCustomer, id_text(Some(customer)));
        };
        self.report.rows_read += 1;
        self.ids.push(id);
        for (field, value) in self.fields.iter_mut().zip(values) {
            field.push(row, value, &self.schema);
        }
        Ok(())
    }

    /// Counts a row that cannot be kept.
    pub(super) fn reject(&mut self, row: u64, reason: RejectReason, detail: String) -> Result<()> {
        self.report.rows_read += 1;
        self.report.rejected.entry(reason).or_default().note(row, || detail.clone());
        match self.schema.strictness {
            Strictness::Stop => Err(Error::Rejected { row, reason, detail }),
            Strictness::Count => Ok(()),
        }
    }

    /// The table of all customers. O(rows · log rows + rows · fields).
    ///
    /// # Errors
    /// [`Error::DuplicateCustomer`] where a customer has two rows and the schema does not say which one is kept.
    pub fn build(self) -> Result<ProfileTable> {
        let fields = self.fields.into_par_iter().map(FieldBuilder::finish).collect();
        assemble(&self.schema, &self.ids.finish(), fields, self.report)
    }
}

impl std::fmt::Debug for ProfileBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProfileBuilder").field("rows", &self.report.rows_read).finish_non_exhaustive()
    }
}

/// The values of one field, row by row.
pub(super) struct FieldBuilder {
    values: FieldType,
    cells: Cells,
    valid: Vec<bool>,
    unreadable: Instances,
}

enum Cells {
    Numbers(Vec<f64>),
    Whole(Vec<i64>),
    Times(Vec<i64>),
    Flags(Vec<u32>),
    Texts(TextBuilder),
}

impl FieldBuilder {
    pub(super) fn new(values: FieldType) -> Self {
        let cells = match values {
            FieldType::Number | FieldType::Score { .. } => Cells::Numbers(Vec::new()),
            FieldType::Whole => Cells::Whole(Vec::new()),
            FieldType::Date => Cells::Times(Vec::new()),
            FieldType::Flag => Cells::Flags(Vec::new()),
            FieldType::Category => Cells::Texts(TextBuilder::default()),
        };
        Self { values, cells, valid: Vec::new(), unreadable: Instances::default() }
    }

    pub(super) fn push(&mut self, row: u64, value: RawValue<'_>, schema: &ProfileSchema) {
        let cell = value.read(self.values, schema);
        if cell == Cell::Unreadable {
            self.unreadable.note(row, || value.shown());
        }
        self.valid.push(!matches!(cell, Cell::Missing | Cell::Unreadable));
        // A cell is of its field's type or not there; then something of the type holds its place.
        match (&mut self.cells, cell) {
            (Cells::Numbers(numbers), Cell::Number(number)) => numbers.push(number),
            (Cells::Numbers(numbers), _) => numbers.push(0.0),
            (Cells::Whole(numbers), Cell::Whole(number)) => numbers.push(number),
            (Cells::Times(times), Cell::Time(micros)) => times.push(micros),
            (Cells::Whole(places) | Cells::Times(places), _) => places.push(0),
            (Cells::Flags(flags), cell) => flags.push(u32::from(cell == Cell::Flag(true))),
            (Cells::Texts(texts), Cell::Text(text)) => texts.push(Some(&text)),
            (Cells::Texts(texts), _) => texts.push(None),
        }
    }

    pub(super) fn finish(self) -> (Values, Bitmap, Instances) {
        let values = match self.cells {
            Cells::Numbers(numbers) => Values::F64(numbers),
            Cells::Whole(whole) => Values::I64(whole),
            Cells::Times(times) => Values::Time(times),
            Cells::Flags(flags) => Values::U32(flags),
            Cells::Texts(texts) => Values::Category(texts.finish()),
        };
        (values, self.valid.into_iter().collect(), self.unreadable)
    }
}

/// The table of rows that stand in any order; `ids` has one per row, and so has every field.
pub(super) fn assemble(
    schema: &ProfileSchema,
    ids: &IdColumn,
    fields: Vec<(Values, Bitmap, Instances)>,
    mut report: ProfileReport,
) -> Result<ProfileTable> {
    let mut columns = Vec::with_capacity(fields.len());
    for (field, (values, validity, unreadable)) in schema.fields.iter().zip(fields) {
        // A category has what is missing in its codes.
        columns.push(match values {
            Values::Category(_) => Column::new(values),
            _ => Column::with_missing(values, validity)?,
        });
        report.fields.push(FieldReport {
            field: field.name.clone(),
            kind: field.kind,
            values: field.values,
            present: 0,
            missing: 0,
            unreadable,
        });
    }
    let kept = one_row_each(schema, ids, &columns)?;
    report.superseded = (ids.len() - kept.len()) as u64;
    let customers = ids.ids_of_keys(kept.iter().map(|row| ids.key(*row)).collect());
    let columns: Vec<Column> =
        columns.into_par_iter().map(|column| column.gather(&kept).without_unused()).collect();
    let mut table = FeatureTable::from_columns(customers, schema.names().zip(columns))?;
    for (field, purposes) in schema.fields.iter().zip(&schema.purposes) {
        table = table.declare(&field.name, purposes)?;
    }
    report.count(&table);
    let allowed = schema.allowances().filter(|(_, _, fields)| !fields.is_empty());
    report.allowed = allowed
        .map(|(category, basis, fields)| Allowance { category, legal_basis: basis.to_owned(), fields })
        .collect();
    Ok(ProfileTable::new(table, report))
}

/// The row of each customer that is kept, in ascending order of ids.
fn one_row_each(schema: &ProfileSchema, ids: &IdColumn, columns: &[Column]) -> Result<Vec<usize>> {
    let latest = match &schema.duplicates {
        DuplicateIds::Refuse => None,
        DuplicateIds::Latest(name) => schema.names().position(|field| field == name),
    };
    // Missing comes before every value, so a row without a date is older than all.
    let later = |a: usize, b: usize| {
        let by_date = latest.map_or(Ordering::Equal, |field| columns[field].compare(a, b));
        by_date.then_with(|| {
            columns.iter().map(|column| column.compare(a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        })
    };
    let mut rows: Vec<usize> = (0..ids.len()).collect();
    rows.par_sort_by_key(|row| ids.key(*row));
    let mut kept: Vec<usize> = Vec::with_capacity(rows.len());
    for row in rows {
        match kept.last_mut().filter(|last| ids.key(**last) == ids.key(row)) {
            None => kept.push(row),
            Some(_) if latest.is_none() => {
                return Err(Error::DuplicateCustomer { customer: ids.id_of_key(ids.key(row)).to_string() });
            }
            Some(last) if later(row, *last).is_gt() => *last = row,
            Some(_) => {}
        }
    }
    Ok(kept)
}
