//! A column of the feature table: values at their own width, and which of them are there.

use std::cmp::Ordering;
use std::fmt;

use crate::bitmap::Bitmap;
use crate::category::Category;
use crate::error::{Error, Result};
use crate::transaction::Money;

/// In place of a row that there is none, when rows of two tables are put side by side.
pub(in crate::features) const NO_ROW: usize = usize::MAX;

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

    /// The values at `rows`; a category keeps its levels.
    pub(crate) fn gather(&self, rows: &[usize]) -> Self {
        let validity = self.validity.as_ref();
        self.pick(rows, validity.map(|validity| rows.iter().map(|row| validity.get(*row)).collect()))
    }

    /// The values at `rows`, missing where there is [`NO_ROW`].
    pub(in crate::features) fn gather_some(&self, rows: &[usize]) -> Self {
        let valid =
            |row: &usize| *row != NO_ROW && self.validity.as_ref().is_none_or(|validity| validity.get(*row));
        // A category has what is missing in its codes.
        let validity = match self.values {
            Values::Category(_) => None,
            _ => Some(rows.iter().map(valid).collect()),
        };
        self.pick(rows, validity)
    }

    /// The same column with 0 at some rows; no text becomes one.
    pub(in crate::features) fn zero_at(&self, rows: &[usize]) -> Self {
        fn zero<T: Copy + Default>(values: &[T], rows: &[usize]) -> Vec<T> {
            let mut values = values.to_vec();
            for row in rows {
                values[*row] = T::default();
            }
            values
        }
        let values = match &self.values {
            Values::U32(values) => Values::U32(zero(values, rows)),
            Values::I32(values) => Values::I32(zero(values, rows)),
            Values::I64(values) => Values::I64(zero(values, rows)),
            Values::F64(values) => Values::F64(zero(values, rows)),
            Values::Money(values) => Values::Money(zero(values, rows)),
            Values::Time(values) => Values::Time(zero(values, rows)),
            Values::Category(_) => return self.clone(),
        };
        let mut validity = self.validity.clone();
        if let Some(validity) = &mut validity {
            for row in rows {
                validity.set(*row, true);
            }
        }
        Self { values, validity: validity.filter(|validity| validity.count() < validity.len()) }
    }

    fn pick(&self, rows: &[usize], validity: Option<Bitmap>) -> Self {
        fn of<T: Copy + Default>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|row| values.get(*row).copied().unwrap_or_default()).collect()
        }
        let values = match &self.values {
            Values::U32(values) => Values::U32(of(values, rows)),
            Values::I32(values) => Values::I32(of(values, rows)),
            Values::I64(values) => Values::I64(of(values, rows)),
            Values::F64(values) => Values::F64(of(values, rows)),
            Values::Money(values) => Values::Money(of(values, rows)),
            Values::Time(values) => Values::Time(of(values, rows)),
            Values::Category(values) => Values::Category(values.gather_some(rows)),
        };
        Self { values, validity: validity.filter(|validity| validity.count() < validity.len()) }
    }

    /// How the values of two rows compare; a missing one comes before all others.
    pub(crate) fn compare(&self, a: usize, b: usize) -> Ordering {
        if !(self.is_valid(a) && self.is_valid(b)) {
            return self.is_valid(a).cmp(&self.is_valid(b));
        }
        match &self.values {
            Values::U32(values) => values[a].cmp(&values[b]),
            Values::I32(values) => values[a].cmp(&values[b]),
            Values::I64(values) | Values::Time(values) => values[a].cmp(&values[b]),
            Values::F64(values) => values[a].total_cmp(&values[b]),
            Values::Money(values) => values[a].cmp(&values[b]),
            Values::Category(values) => values.codes[a].cmp(&values.codes[b]),
        }
    }

    /// The same column without texts that no row has.
    pub(crate) fn without_unused(self) -> Self {
        match self.values {
            Values::Category(values) => {
                Self { values: Values::Category(values.without_unused()), validity: self.validity }
            }
            _ => self,
        }
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
