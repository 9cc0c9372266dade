//! Profiles that lie in columns already.

use rayon::prelude::*;

use crate::error::{Error, Result, nearest};
use crate::features::{Column, Values};
use crate::profiles::builder::{FieldBuilder, assemble};
use crate::profiles::report::ProfileReport;
use crate::profiles::schema::ProfileSchema;
use crate::profiles::table::ProfileTable;
use crate::profiles::value::RawValue;
use crate::transaction::{IdColumn, RejectReason, Strictness};

impl ProfileTable {
    /// A table from columns, in any order of rows: the ids, and by name the columns that the schema's fields stand
    /// in. Those that it does not name are not looked at. Ids are numbers or text as the column is.
    ///
    /// A column need not be of its field's own type: texts are read as from a file, whole numbers are numbers too, and
    /// 0 and 1 are flags. Runs in parallel over the fields; O(rows · log rows + rows · fields).
    ///
    /// ```
    /// use kohort::profiles::{FieldType, ProfileField, ProfileKind, ProfileSchema};
    /// use kohort::{Category, ProfileTable, Values};
    ///
    /// let schema = ProfileSchema::builder("customer")
    ///     .field(ProfileField::new("age", ProfileKind::Demographic, FieldType::Whole))
    ///     .build()?;
    /// let ages = Category::from_texts([Some("61"), None, Some("27")]);
    /// let profiles = ProfileTable::from_columns(&schema, vec![9_u64, 3, 5], [("age", Values::Category(ages))])?;
    /// assert_eq!(profiles.table().column("age")?.text(1), "27");
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] where a field's column is missing, [`Error::DuplicateFeature`] where one is there
    /// twice, [`Error::ColumnLength`]; [`Error::DuplicateCustomer`] where a customer has two rows and the schema does
    /// not say which one is kept; [`Error::Rejected`] in strict mode for a row without an id.
    pub fn from_columns<N: Into<String>, C: Into<Column>>(
        schema: &ProfileSchema,
        ids: impl Into<IdColumn>,
        columns: impl IntoIterator<Item = (N, C)>,
    ) -> Result<Self> {
        let ids = ids.into();
        let columns: Vec<(String, Column)> =
            columns.into_iter().map(|(name, column)| (name.into(), column.into())).collect();
        let columns = schema
            .fields
            .iter()
            .map(|field| find(&columns, field.source(), ids.len()))
            .collect::<Result<Vec<_>>>()?;

        let mut report = ProfileReport { rows_read: ids.len() as u64, ..ProfileReport::default() };
        let (rejected, kept): (Vec<usize>, Vec<usize>) = (0..ids.len()).partition(|row| ids.is_missing(*row));
        for row in rejected {
            let (row, reason, detail) = (row as u64 + 1, RejectReason::MissingCustomer, "empty".to_owned());
            if schema.strictness == Strictness::Stop {
                return Err(Error::Rejected { row, reason, detail });
            }
            report.rejected.entry(reason).or_default().note(row, || detail);
        }
        let read = |(values, column): (_, &Column)| {
            let mut field = FieldBuilder::new(values);
            for row in &kept {
                field.push(*row as u64 + 1, raw(column, *row), schema);
            }
            field.finish()
        };
        let types: Vec<_> = schema.fields.iter().map(|field| field.values).collect();
        let fields = types.into_par_iter().zip(columns).map(read).collect();
        assemble(schema, &ids.gather(&kept).without_unused(), fields, report)
    }
}

/// The column of a name, which must have `rows` rows.
fn find<'a>(columns: &'a [(String, Column)], name: &str, rows: usize) -> Result<&'a Column> {
    let mut found = columns.iter().filter(|(other, _)| other == name);
    match (found.next(), found.next()) {
        (Some((_, column)), None) if column.len() == rows => Ok(column),
        (Some((_, column)), None) => Err(Error::ColumnLength {
            column: name.to_owned(),
            found: column.len(),
            against: "ids".into(),
            expected: rows,
        }),
        (Some(_), Some(_)) => Err(Error::DuplicateFeature { feature: name.to_owned() }),
        (None, _) => Err(Error::UnknownColumn {
            column: name.to_owned(),
            available: columns.iter().map(|(name, _)| name.clone()).collect(),
            nearest: nearest(name, columns.iter().map(|(name, _)| name.as_str())),
        }),
    }
}

fn raw(column: &Column, row: usize) -> RawValue<'_> {
    if !column.is_valid(row) {
        return RawValue::Missing;
    }
    match column.values() {
        Values::U32(values) => RawValue::Whole(values[row].into()),
        Values::I32(values) => RawValue::Whole(values[row].into()),
        Values::I64(values) => RawValue::Whole(values[row]),
        Values::F64(values) => RawValue::Number(values[row]),
        Values::Money(values) => RawValue::Number(values[row].to_f64()),
        Values::Time(values) => RawValue::Time(values[row]),
        Values::Category(values) => values.get(row).map_or(RawValue::Missing, RawValue::Text),
    }
}
