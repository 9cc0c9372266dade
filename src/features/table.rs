//! The feature table: one row per customer, one typed column per feature.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::bitmap::Bitmap;
use crate::category::Category;
use crate::error::{Error, Result, nearest};
use crate::transaction::{AsOf, CustomerId, CustomerIds, Money, Vat};

/// The values of a column, at their own width.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Values {
    /// Counts and days.
    U32(Vec<u32>),
    /// Small signed numbers.
    I32(Vec<i32>),
    /// Large counts.
    I64(Vec<i64>),
    /// Rates and averages; finite.
    F64(Vec<f64>),
    /// Exact amounts.
    Money(Vec<Money>),
    /// Microseconds UTC.
    Time(Vec<i64>),
    /// Texts; a missing one has no code.
    Category(Category),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::U32(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) | Self::Time(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Money(values) => values.len(),
            Self::Category(values) => values.len(),
        }
    }

    /// The type's name, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::U32(_) => "u32",
            Self::I32(_) => "i32",
            Self::I64(_) => "i64",
            Self::F64(_) => "f64",
            Self::Money(_) => "money",
            Self::Time(_) => "time",
            Self::Category(_) => "category",
        }
    }
}

/// A column: values, and which of them are there.
#[derive(Clone, PartialEq)]
pub struct Column {
    values: Values,
    validity: Option<Bitmap>,
}

impl Column {
    /// A column without missing values (but for those of a category).
    #[must_use]
    pub fn new(values: Values) -> Self {
        Self { values, validity: None }
    }

    /// A column whose values are there where `validity` is set. What stands elsewhere does not matter.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where the two differ in length.
    pub fn with_missing(values: Values, validity: Bitmap) -> Result<Self> {
        if validity.len() != values.len() {
            return Err(Error::ColumnLength {
                column: "validity".into(),
                found: validity.len(),
                against: "values".into(),
                expected: values.len(),
            });
        }
        let complete = validity.count() == validity.len();
        Ok(Self { values, validity: (!complete).then_some(validity) })
    }

    /// A column of optional numbers.
    #[must_use]
    pub fn optional(values: Vec<Option<f64>>) -> Self {
        let validity: Bitmap = values.iter().map(Option::is_some).collect();
        let complete = validity.count() == validity.len();
        let values = values.into_iter().map(Option::unwrap_or_default).collect();
        Self { values: Values::F64(values), validity: (!complete).then_some(validity) }
    }

    /// The values. Where [`Column::is_valid`] is false they mean nothing.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Which values are there; `None` where all are. A category keeps this in its codes.
    #[must_use]
    pub fn validity(&self) -> Option<&Bitmap> {
        self.validity.as_ref()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a row has a value.
    #[must_use]
    pub fn is_valid(&self, row: usize) -> bool {
        match &self.values {
            Values::Category(values) => values.code(row).is_some(),
            _ => row < self.len() && self.validity.as_ref().is_none_or(|validity| validity.get(row)),
        }
    }

    /// A row's value as a number: money in currency units, times in microseconds; `None` where it is missing or
    /// text.
    #[must_use]
    pub fn number(&self, row: usize) -> Option<f64> {
        if !self.is_valid(row) {
            return None;
        }
        match &self.values {
            Values::U32(values) => Some(f64::from(values[row])),
            Values::I32(values) => Some(f64::from(values[row])),
            Values::I64(values) | Values::Time(values) => Some(values[row] as f64),
            Values::F64(values) => Some(values[row]),
            Values::Money(values) => Some(values[row].to_f64()),
            Values::Category(_) => None,
        }
    }

    /// How many values are missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        match (&self.values, &self.validity) {
            (Values::Category(values), _) => {
                (0..values.len()).filter(|row| values.code(*row).is_none()).count()
            }
            (_, Some(validity)) => validity.len() - validity.count(),
            (_, None) => 0,
        }
    }

    /// The value of a row as text for people and files: empty where it is missing.
    #[must_use]
    pub fn text(&self, row: usize) -> String {
        if !self.is_valid(row) {
            return String::new();
        }
        match &self.values {
            Values::U32(values) => values[row].to_string(),
            Values::I32(values) => values[row].to_string(),
            Values::I64(values) => values[row].to_string(),
            Values::F64(values) => values[row].to_string(),
            Values::Money(values) => values[row].to_string(),
            Values::Time(values) => jiff::Timestamp::from_microsecond(values[row])
                .map_or_else(|_| String::new(), |time| time.to_string()),
            Values::Category(values) => values.get(row).unwrap_or_default().to_owned(),
        }
    }

    fn gather(&self, rows: &[usize]) -> Self {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|row| values[*row]).collect()
        }
        let values = match &self.values {
            Values::U32(values) => Values::U32(pick(values, rows)),
            Values::I32(values) => Values::I32(pick(values, rows)),
            Values::I64(values) => Values::I64(pick(values, rows)),
            Values::F64(values) => Values::F64(pick(values, rows)),
            Values::Money(values) => Values::Money(pick(values, rows)),
            Values::Time(values) => Values::Time(pick(values, rows)),
            Values::Category(values) => Values::Category(values.gather(rows)),
        };
        let validity: Option<Bitmap> =
            self.validity.as_ref().map(|validity| rows.iter().map(|row| validity.get(*row)).collect());
        Self { values, validity: validity.filter(|validity| validity.count() < validity.len()) }
    }
}

impl From<Values> for Column {
    fn from(values: Values) -> Self {
        Self::new(values)
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({}, {} rows, {} missing)", self.values.type_name(), self.len(), self.missing())
    }
}

/// What a table knows of where it comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TableContext {
    /// The moment it describes.
    pub as_of: AsOf,
    /// The currency of its money.
    pub currency: String,
    /// Whether its prices include value-added tax.
    pub vat: Vat,
    /// What is known of when things came back.
    pub returns: ReturnKnowledge,
    /// Lines of the log that are not before the moment.
    pub lines_left_out: u64,
}

/// What a table knows of returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ReturnKnowledge {
    /// The shop does not record returns.
    NotRecorded,
    /// Each return has its own time, so the table holds exactly what was known at its moment.
    Timed,
    /// Returns have no time: those of later than the table's moment are in it, and it cannot be cut back in history.
    AsKnown,
}

/// One row per customer, in ascending order of ids; one typed column per feature.
///
/// Made by [`FeatureExtractor`](crate::FeatureExtractor) from a log, or from columns made elsewhere:
///
/// ```
/// use kohort::features::{Column, FeatureTable, Values};
/// use kohort::transaction::CustomerIds;
///
/// let table = FeatureTable::from_columns(
///     CustomerIds::rows(3),
///     [
///         ("orders", Column::new(Values::U32(vec![1, 4, 2]))),
///         ("return_rate", Column::optional(vec![Some(0.5), None, Some(0.0)])),
///     ],
/// )?;
/// assert_eq!(table.column("return_rate")?.number(1), None);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct FeatureTable {
    ids: Arc<CustomerIds>,
    columns: Vec<(String, Column)>,
    context: Option<TableContext>,
}

/// What to do with customers that lack a value.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum MissingPolicy {
    /// Stop with an error that names the feature.
    Error,
    /// Use a number in its place.
    Fill(f64),
}

impl FeatureTable {
    /// A table from columns made elsewhere.
    ///
    /// # Errors
    /// [`Error::ColumnLength`], [`Error::DuplicateFeature`], or [`Error::FeatureType`] for a number that is not
    /// finite.
    pub fn from_columns<N: Into<String>, C: Into<Column>>(
        ids: CustomerIds,
        columns: impl IntoIterator<Item = (N, C)>,
    ) -> Result<Self> {
        let mut table = Self { ids: Arc::new(ids), columns: Vec::new(), context: None };
        for (name, column) in columns {
            table = table.column_added(name, column)?;
        }
        Ok(table)
    }

    /// The same table with a column more.
    ///
    /// # Errors
    /// As for [`FeatureTable::from_columns`].
    pub fn column_added(mut self, name: impl Into<String>, column: impl Into<Column>) -> Result<Self> {
        let (name, column) = (name.into(), column.into());
        if column.len() != self.len() {
            return Err(Error::ColumnLength {
                column: name,
                found: column.len(),
                against: "ids".into(),
                expected: self.len(),
            });
        }
        if self.columns.iter().any(|(other, _)| *other == name) {
            return Err(Error::DuplicateFeature { feature: name });
        }
        if let Values::F64(values) = column.values()
            && values.iter().enumerate().any(|(row, value)| !value.is_finite() && column.is_valid(row))
        {
            return Err(Error::FeatureType {
                feature: name,
                found: "a column with NaN or infinity",
                expected: "finite numbers; mark missing ones as missing",
            });
        }
        self.columns.push((name, column));
        Ok(self)
    }

    pub(crate) fn with_context(mut self, context: TableContext) -> Self {
        self.context = Some(context);
        self
    }

    /// How many customers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The customers, in row order.
    #[must_use]
    pub fn ids(&self) -> &CustomerIds {
        &self.ids
    }

    pub(crate) fn shared_ids(&self) -> &Arc<CustomerIds> {
        &self.ids
    }

    /// Where the table comes from; `None` for one made from columns.
    #[must_use]
    pub fn context(&self) -> Option<&TableContext> {
        self.context.as_ref()
    }

    /// The features' names, in column order.
    #[must_use]
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Whether the table has a feature.
    #[must_use]
    pub fn has(&self, feature: impl AsRef<str>) -> bool {
        self.columns.iter().any(|(name, _)| name == feature.as_ref())
    }

    /// A feature's column.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name.
    pub fn column(&self, feature: impl AsRef<str>) -> Result<&Column> {
        let feature = feature.as_ref();
        self.columns.iter().find(|(name, _)| name == feature).map(|(_, column)| column).ok_or_else(|| {
            Error::MissingFeature { feature: feature.to_owned(), nearest: nearest(feature, self.names()) }
        })
    }

    /// A money column's values.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] or [`Error::FeatureType`].
    pub fn money(&self, feature: impl AsRef<str>) -> Result<&[Money]> {
        match self.column(feature.as_ref())?.values() {
            Values::Money(values) => Ok(values),
            other => Err(wrong_type(feature.as_ref(), other, "money")),
        }
    }

    /// A count column's values.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] or [`Error::FeatureType`].
    pub fn counts(&self, feature: impl AsRef<str>) -> Result<&[u32]> {
        match self.column(feature.as_ref())?.values() {
            Values::U32(values) => Ok(values),
            other => Err(wrong_type(feature.as_ref(), other, "u32")),
        }
    }

    /// A category column.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] or [`Error::FeatureType`].
    pub fn category(&self, feature: impl AsRef<str>) -> Result<&Category> {
        match self.column(feature.as_ref())?.values() {
            Values::Category(values) => Ok(values),
            other => Err(wrong_type(feature.as_ref(), other, "category")),
        }
    }

    /// The column of a feature, which must not be text.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] or [`Error::FeatureType`].
    pub fn numeric(&self, feature: impl AsRef<str>) -> Result<&Column> {
        let column = self.column(feature.as_ref())?;
        match column.values() {
            Values::Category(_) => Err(wrong_type(feature.as_ref(), column.values(), "a number")),
            _ => Ok(column),
        }
    }

    /// The table of some of its features, in the order asked for.
    ///
    /// # Errors
    /// [`Error::MissingFeature`], [`Error::DuplicateFeature`].
    pub fn select<F: AsRef<str>>(&self, features: impl IntoIterator<Item = F>) -> Result<Self> {
        let mut selected =
            Self { ids: Arc::clone(&self.ids), columns: Vec::new(), context: self.context.clone() };
        for feature in features {
            selected = selected.column_added(feature.as_ref(), self.column(feature.as_ref())?.clone())?;
        }
        Ok(selected)
    }

    /// The table of the customers whose bit is set.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where the mask has another length than the table.
    pub fn filter(&self, mask: &Bitmap) -> Result<Self> {
        if mask.len() != self.len() {
            return Err(Error::ColumnLength {
                column: "mask".into(),
                found: mask.len(),
                against: "ids".into(),
                expected: self.len(),
            });
        }
        let rows: Vec<usize> = mask.ones().collect();
        Ok(Self {
            ids: Arc::new(self.ids.gather(&rows)),
            columns: self.columns.iter().map(|(name, column)| (name.clone(), column.gather(&rows))).collect(),
            context: self.context.clone(),
        })
    }

    /// The features of one customer: name and value as text.
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`].
    pub fn customer(&self, id: &CustomerId) -> Result<Vec<(&str, String)>> {
        let row = self.ids.position(id).ok_or_else(|| Error::UnknownCustomer { customer: id.to_string() })?;
        Ok(self.columns.iter().map(|(name, column)| (name.as_str(), column.text(row))).collect())
    }

    /// Customers by features as floats, in row-major order: the one place where the table meets `ndarray`.
    ///
    /// # Errors
    /// [`Error::MissingFeature`], [`Error::FeatureType`] for text, or for a missing value under
    /// [`MissingPolicy::Error`]; [`Error::Setting`] for a fill that is not finite.
    pub fn matrix<F: AsRef<str>>(&self, features: &[F], missing: MissingPolicy) -> Result<Array2<f64>> {
        if let MissingPolicy::Fill(number) = missing
            && !number.is_finite()
        {
            return Err(Error::Setting {
                setting: "missing",
                found: number.to_string(),
                expected: "a finite number to fill in",
            });
        }
        let mut matrix = Array2::zeros((self.len(), features.len()));
        for (feature, mut target) in features.iter().zip(matrix.columns_mut()) {
            let column = self.numeric(feature.as_ref())?;
            for (row, cell) in target.iter_mut().enumerate() {
                *cell = match (column.number(row), missing) {
                    (Some(number), _) | (None, MissingPolicy::Fill(number)) => number,
                    (None, MissingPolicy::Error) => {
                        return Err(Error::FeatureType {
                            feature: feature.as_ref().to_owned(),
                            found: "missing for some customers",
                            expected: "a value for each; choose another missing policy or leave those customers out",
                        });
                    }
                };
            }
        }
        Ok(matrix)
    }

    /// Writes the table as CSV: a header, one row per customer, empty fields for missing values.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<()> {
        let failed = |source| Error::Io { path: "the CSV output".into(), source };
        let mut out = std::io::BufWriter::new(out);
        let header: Vec<String> = std::iter::once("customer").chain(self.names()).map(csv_field).collect();
        writeln!(out, "{}", header.join(",")).map_err(failed)?;
        for row in 0..self.len() {
            write!(out, "{}", csv_field(&self.ids.id(row).to_string())).map_err(failed)?;
            for (_, column) in &self.columns {
                write!(out, ",{}", csv_field(&column.text(row))).map_err(failed)?;
            }
            writeln!(out).map_err(failed)?;
        }
        out.flush().map_err(failed)
    }
}

/// A field for a CSV file, quoted where it has to be (RFC 4180).
fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn wrong_type(feature: &str, found: &Values, expected: &'static str) -> Error {
    Error::FeatureType { feature: feature.to_owned(), found: found.type_name(), expected }
}

impl fmt::Debug for FeatureTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureTable")
            .field("customers", &self.len())
            .field("features", &self.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
