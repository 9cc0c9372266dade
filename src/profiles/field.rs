//! A field of a profile: its name, what it tells of a customer, and how its values are written.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::profiles::special::SpecialCategory;

/// What a field tells of a customer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProfileKind {
    /// Age, household, income, education.
    Demographic,
    /// Country, region, kind of place.
    Geographic,
    /// Industry, size and role, where customers are companies.
    Firmographic,
    /// Devices and programs she uses.
    Technographic,
    /// What she thinks, from a survey.
    Attitude,
    /// What interests her, from a survey.
    Interest,
    /// What she has agreed to. Always a flag: yes, no, or not known.
    Consent,
}

impl ProfileKind {
    /// Whether such fields come from surveys, which only a part of the customers answers.
    #[must_use]
    pub const fn is_survey(self) -> bool {
        matches!(self, Self::Attitude | Self::Interest)
    }
}

impl fmt::Display for ProfileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Demographic => "demographic",
            Self::Geographic => "geographic",
            Self::Firmographic => "firmographic",
            Self::Technographic => "technographic",
            Self::Attitude => "attitude",
            Self::Interest => "interest",
            Self::Consent => "consent",
        })
    }
}

/// What the values of a field are, and which column of the feature table they become.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldType {
    /// A number with or without decimals ([`Values::F64`](crate::Values::F64)).
    Number,
    /// A whole number ([`Values::I64`](crate::Values::I64)); `3.0` is one, `3.5` cannot be read.
    Whole,
    /// A text ([`Values::Category`](crate::Values::Category)).
    Category,
    /// A date, or a date with a time ([`Values::Time`](crate::Values::Time)); a date alone is its midnight.
    Date,
    /// Yes or no ([`Values::U32`](crate::Values::U32), 1 or 0). As text: 1, true, yes, y, t, ja, j, wahr and 0, false,
    /// no, n, f, nein, falsch, in any case; every other word cannot be read, and is missing.
    Flag,
    /// A number on a scale ([`Values::F64`](crate::Values::F64)); one beyond its ends cannot be read.
    Score {
        /// The lowest mark.
        lowest: f64,
        /// The highest mark.
        highest: f64,
    },
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number => f.pad("number"),
            Self::Whole => f.pad("whole number"),
            Self::Category => f.pad("category"),
            Self::Date => f.pad("date"),
            Self::Flag => f.pad("flag"),
            Self::Score { lowest, highest } => f.pad(&format!("score {lowest} to {highest}")),
        }
    }
}

/// One field of a profile, for [`ProfileSchemaBuilder::field`](crate::profiles::ProfileSchemaBuilder::field).
///
/// ```
/// use kohort::profiles::{FieldType, ProfileField, ProfileKind};
///
/// let income = ProfileField::new("income", ProfileKind::Demographic, FieldType::Number)
///     .column("Income")
///     .purpose("campaign selection");
/// # let _ = income;
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct ProfileField {
    pub(super) name: String,
    pub(super) kind: ProfileKind,
    pub(super) values: FieldType,
    pub(super) column: Option<String>,
    pub(super) purposes: Vec<String>,
    pub(super) special: Option<SpecialCategory>,
}

impl ProfileField {
    /// A field; `name` is that of the feature it becomes.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: ProfileKind, values: FieldType) -> Self {
        Self { name: name.into(), kind, values, column: None, purposes: Vec::new(), special: None }
    }

    /// The column that has it in files and other sources. Defaults to the name of the field.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// One purpose that it may be used for, a text as for [`Purpose`](crate::Purpose); called again for every further
    /// one. Defaults to none, so that [`FeatureTable::restricted_to`](crate::FeatureTable::restricted_to) leaves it
    /// out.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purposes.push(purpose.into());
        self
    }

    /// Says that it holds data of a special category, whatever its name. Defaults to what the name gives away, see
    /// [`SpecialCategory::told_by`].
    #[must_use]
    pub fn special(mut self, category: SpecialCategory) -> Self {
        self.special = Some(category);
        self
    }

    /// Where it stands in a source.
    pub(super) fn source(&self) -> &str {
        self.column.as_deref().unwrap_or(&self.name)
    }

    /// The special category that it is declared to be of, or that one of its names gives away.
    pub(super) fn special_category(&self) -> Option<SpecialCategory> {
        let told =
            || SpecialCategory::told_by(&self.name).or_else(|| SpecialCategory::told_by(self.source()));
        self.special.or_else(told)
    }
}
