//! Profiles beside the features of orders, and who has agreed to what.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::{FeatureTable, Join, JoinReport, Values};
use crate::layout::{TextTable, grouped, percent};
use crate::profiles::field::ProfileKind;
use crate::profiles::table::ProfileTable;

/// How far profiles cover the customers of a table. `Display` prints it as two tables.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProfileJoin {
    /// Which customers met: the left table is that of the features, the right one that of the profiles.
    pub customers: JoinReport,
    /// How many of the table's customers have a value, by field.
    pub fields: Vec<FieldCoverage>,
}

/// How many customers of a table have a value of a field.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FieldCoverage {
    /// The field.
    pub field: String,
    /// What it tells.
    pub kind: ProfileKind,
    /// Customers of the table who have a value.
    pub present: usize,
    /// All customers of the table.
    pub customers: usize,
}

impl FieldCoverage {
    /// The share of the table's customers who have a value; none without customers.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.present as f64 / self.customers as f64)
    }
}

impl ProfileJoin {
    /// The fields that come from surveys.
    pub fn survey(&self) -> impl Iterator<Item = &FieldCoverage> {
        self.fields.iter().filter(|field| field.kind.is_survey())
    }
}

impl FeatureTable {
    /// The table with the fields of her profile for every customer, missing for those without one, and how far the
    /// profiles reach. Customers who have only a profile are left out and counted; an outer
    /// [`join`](FeatureTable::join) with [`ProfileTable::table`] keeps them.
    ///
    /// O(customers · fields).
    ///
    /// ```
    /// use kohort::profiles::{FieldType, ProfileField, ProfileKind, ProfileSchema};
    /// use kohort::transaction::CustomerIds;
    /// use kohort::{FeatureTable, ProfileTable, Values};
    ///
    /// let orders =
    ///     FeatureTable::from_columns(CustomerIds::numbers(vec![3, 7, 9])?, [("orders", Values::U32(vec![2, 5, 1]))])?;
    /// let schema = ProfileSchema::builder("customer")
    ///     .field(ProfileField::new("likes_linen", ProfileKind::Attitude, FieldType::Flag))
    ///     .build()?;
    /// let profiles =
    ///     ProfileTable::from_columns(&schema, vec![9_u64, 8], [("likes_linen", Values::U32(vec![1, 0]))])?;
    ///
    /// let (customers, report) = orders.enriched(&profiles)?;
    /// assert_eq!(customers.column("likes_linen")?.number(2), Some(1.0));
    /// assert_eq!(customers.column("likes_linen")?.number(0), None);
    /// assert_eq!(report.customers.right_only.first, [8.into()]);
    /// assert_eq!(report.survey().next().and_then(|linen| linen.share()), Some(1.0 / 3.0));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`FeatureTable::join`].
    pub fn enriched(&self, profiles: &ProfileTable) -> Result<(Self, ProfileJoin)> {
        let (table, customers) = self.join(profiles.table(), Join::Left)?;
        let fields = profiles
            .report()
            .fields
            .iter()
            .map(|field| {
                let present = table.len() - table.column(&field.field)?.missing();
                let (field, kind) = (field.field.clone(), field.kind);
                Ok(FieldCoverage { field, kind, present, customers: table.len() })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((table, ProfileJoin { customers, fields }))
    }

    /// The customers whose flag is 1: for a consent, those who have said yes. Neither a no nor what is not known is
    /// among them.
    ///
    /// # Errors
    /// [`Error::MissingFeature`]; [`Error::FeatureType`] for a feature that is no flag (0, 1 or missing).
    pub fn consented(&self, feature: impl AsRef<str>) -> Result<Bitmap> {
        let feature = feature.as_ref();
        let column = self.column(feature)?;
        let no_flag = |found| Error::FeatureType { feature: feature.to_owned(), found, expected: "a flag" };
        let Values::U32(values) = column.values() else { return Err(no_flag(column.values().type_name())) };
        let beyond = |row: &usize| column.is_valid(*row) && values[*row] > 1;
        if (0..values.len()).any(|row| beyond(&row)) {
            return Err(no_flag("a count beyond 0 and 1"));
        }
        Ok((0..values.len()).map(|row| column.is_valid(row) && values[row] == 1).collect())
    }
}

impl fmt::Display for ProfileJoin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.customers)?;
        let mut table = TextTable::new(&["<field", "<kind", "present", "coverage"]);
        for field in &self.fields {
            table.row([
                field.field.clone(),
                field.kind.to_string(),
                grouped(field.present as u64),
                percent(field.share()),
            ]);
        }
        write!(f, "\n{table}")
    }
}
