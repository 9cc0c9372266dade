//! The feature table: one row per customer, one typed column per feature.

mod column;
mod context;
mod csv;
mod erase;
mod matrix;
mod purpose;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::category::Category;
use crate::error::{Error, Result, nearest};
use crate::transaction::{CustomerId, CustomerIds, Money};

pub use column::{Column, Values};
pub use context::{ReturnKnowledge, TableContext};
pub use matrix::{FeatureMatrix, MissingPolicy};
pub use purpose::{Purpose, Restricted};

pub(super) use column::NO_ROW;
pub(super) use matrix::{Kept, Source};

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
    pub(super) ids: Arc<CustomerIds>,
    pub(super) columns: Vec<Named>,
    pub(super) context: Option<TableContext>,
}

/// A column with its name and what it is declared for.
#[derive(Clone, PartialEq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) column: Column,
    pub(super) purposes: BTreeSet<Purpose>,
}

impl Named {
    /// The same feature with other values.
    pub(super) fn with(&self, column: Column) -> Self {
        Self { name: self.name.clone(), column, purposes: self.purposes.clone() }
    }
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
        if self.has(&name) {
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
        self.columns.push(Named { name, column, purposes: BTreeSet::new() });
        Ok(self)
    }

    /// The same table as of a moment, for one made from columns: rules compare its times with that moment.
    #[must_use]
    pub fn described(mut self, context: TableContext) -> Self {
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
        self.columns.iter().map(|named| named.name.as_str())
    }

    /// Whether the table has a feature.
    #[must_use]
    pub fn has(&self, feature: impl AsRef<str>) -> bool {
        self.columns.iter().any(|named| named.name == feature.as_ref())
    }

    /// A feature's column.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name.
    pub fn column(&self, feature: impl AsRef<str>) -> Result<&Column> {
        self.named(feature.as_ref()).map(|named| &named.column)
    }

    fn named(&self, feature: &str) -> Result<&Named> {
        self.columns.iter().find(|named| named.name == feature).ok_or_else(|| Error::MissingFeature {
            feature: feature.to_owned(),
            nearest: nearest(feature, self.names()),
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
            let named = self.named(feature.as_ref())?;
            if selected.has(&named.name) {
                return Err(Error::DuplicateFeature { feature: named.name.clone() });
            }
            selected.columns.push(named.clone());
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
        Ok(self.gather(&mask.ones().collect::<Vec<usize>>()))
    }

    /// The customers at `rows`, which ascend.
    fn gather(&self, rows: &[usize]) -> Self {
        Self {
            ids: Arc::new(self.ids.gather(rows)),
            columns: self.columns.par_iter().map(|named| named.with(named.column.gather(rows))).collect(),
            context: self.context.clone(),
        }
    }

    /// The customers at `rows`, which ascend, with some of their features. O(rows · features).
    ///
    /// # Errors
    /// [`Error::MissingFeature`].
    pub(crate) fn rows_of(&self, rows: &[usize], features: &[String]) -> Result<Self> {
        let picked = |feature: &String| {
            let named = self.named(feature)?;
            Ok(named.with(named.column.gather(rows)))
        };
        Ok(Self {
            ids: Arc::new(self.ids.gather(rows)),
            columns: features.iter().map(picked).collect::<Result<_>>()?,
            context: self.context.clone(),
        })
    }

    /// The features of one customer: name and value as text.
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`].
    pub fn customer(&self, id: &CustomerId) -> Result<Vec<(&str, String)>> {
        let row = self.ids.position(id).ok_or_else(|| Error::UnknownCustomer { customer: id.to_string() })?;
        Ok(self.columns.iter().map(|named| (named.name.as_str(), named.column.text(row))).collect())
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
