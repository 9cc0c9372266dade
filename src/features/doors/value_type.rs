//! The types of feature values, by name.

use std::fmt;

use crate::features::table::{FeatureTable, Values};

/// The type of a feature's values; see [`Values`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ValueType {
    /// Counts and days.
    U32,
    /// Small signed numbers.
    I32,
    /// Large counts.
    I64,
    /// Rates and averages.
    F64,
    /// Exact amounts.
    Money,
    /// Microseconds UTC.
    Time,
    /// Texts.
    Category,
}

impl ValueType {
    /// Its name in lower case, that of [`Values::type_name`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F64 => "f64",
            Self::Money => "money",
            Self::Time => "time",
            Self::Category => "category",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<&Values> for ValueType {
    fn from(values: &Values) -> Self {
        match values {
            Values::U32(_) => Self::U32,
            Values::I32(_) => Self::I32,
            Values::I64(_) => Self::I64,
            Values::F64(_) => Self::F64,
            Values::Money(_) => Self::Money,
            Values::Time(_) => Self::Time,
            Values::Category(_) => Self::Category,
        }
    }
}

impl FeatureTable {
    /// The features with their types, in column order: what [`FeatureTable::from_csv_reader`] needs to read the table
    /// back.
    #[must_use]
    pub fn types(&self) -> Vec<(String, ValueType)> {
        let named = |name: &str| Some((name.to_owned(), self.column(name).ok()?.values().into()));
        self.names().filter_map(named).collect()
    }
}
