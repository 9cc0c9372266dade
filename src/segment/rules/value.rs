//! What a condition compares with: a value that is given, or one that depends on the moment or on all customers.

use serde::{Deserialize, Serialize};

use crate::transaction::Money;

/// What a feature is compared with.
///
/// Numbers, texts and flags are meant as they are. A [`Relative`] moment depends on that of the table; percentiles and
/// ranks are learned from the customers of a fit and frozen in the model.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Value {
    /// A number; of money, in currency units. Finite.
    Number(f64),
    /// A text, for features that are categories.
    Text(String),
    /// Yes (any number but 0) or no (0).
    Flag(bool),
    /// A date, or a date with a time, as [`AsOf::date`](crate::AsOf::date) reads it: `2026-01-31`,
    /// `2026-01-31 18:30`. In the zone of the table's moment unless it has an offset of its own.
    Date(String),
    /// A moment relative to that of the table.
    Relative(Relative),
    /// The percentile (type 7), from 0 to 100, of the feature over the customers of the fit who have it.
    Percentile(f64),
    /// The so-many-th largest value of the feature over the customers of the fit who have it, from 1; the smallest
    /// where there are fewer.
    Top(u64),
    /// The so-many-th smallest value; the largest where there are fewer.
    Bottom(u64),
}

/// A moment so many days of 24 hours, or calendar months in the zone of the table's moment, after it, or before it where
/// negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relative {
    /// Days of 24 hours.
    Days(i32),
    /// Calendar months: from the 31st, a month back is the last day of a shorter month.
    Months(i32),
}

/// The percentile (type 7), from 0 to 100, of the feature it is compared with, learned in the fit.
///
/// ```
/// use kohort::segment::{feature, percentile};
///
/// let middle = feature("gross").between(percentile(25.0), percentile(75.0));
/// assert_eq!(middle.to_string(), "gross BETWEEN PERCENTILE(25) AND PERCENTILE(75)");
/// ```
#[must_use]
pub fn percentile(percentile: f64) -> Value {
    Value::Percentile(percentile)
}

/// The moment so many days of 24 hours before that of the table.
///
/// ```
/// use kohort::segment::{days_ago, feature};
///
/// let a_year_ago = feature("first_order").between(days_ago(372), days_ago(358));
/// # let _ = a_year_ago;
/// ```
#[must_use]
pub fn days_ago(days: u32) -> Value {
    Value::Relative(Relative::Days(back(days)))
}

/// The moment so many calendar months before that of the table, in its zone.
#[must_use]
pub fn months_ago(months: u32) -> Value {
    Value::Relative(Relative::Months(back(months)))
}

/// So many before.
pub(crate) fn back(count: u32) -> i32 {
    i32::try_from(count).map_or(-i32::MAX, |count| -count)
}

impl Relative {
    /// Days from the moment, of which a month has as many as it can.
    pub(crate) fn days_at_most(self) -> i64 {
        match self {
            Self::Days(days) => i64::from(days),
            Self::Months(months) => i64::from(months) * if months < 0 { 28 } else { 31 },
        }
    }

    /// Days from the moment, of which a month has as few as it can.
    pub(crate) fn days_at_least(self) -> i64 {
        match self {
            Self::Days(days) => i64::from(days),
            Self::Months(months) => i64::from(months) * if months < 0 { 31 } else { 28 },
        }
    }
}

impl Value {
    /// Whether it is learned from the customers of a fit.
    pub(crate) fn is_learned(&self) -> bool {
        matches!(self, Self::Percentile(_) | Self::Top(_) | Self::Bottom(_))
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {
        $(impl From<$type> for Value {
            fn from(number: $type) -> Self {
                Self::Number(f64::from(number))
            }
        })*
    };
}

numbers!(f64, i32, u32);

impl From<Money> for Value {
    fn from(amount: Money) -> Self {
        Self::Number(amount.to_f64())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Relative> for Value {
    fn from(moment: Relative) -> Self {
        Self::Relative(moment)
    }
}
