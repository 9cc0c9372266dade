//! A table of profiles: a feature table that knows what its fields tell and what became of every row.

use std::fmt;

use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::profiles::field::ProfileKind;
use crate::profiles::report::ProfileReport;
use crate::transaction::CustomerId;

/// One profile per customer: what the shop was told, rather than what was bought.
///
/// Made from rows ([`ProfileTable::builder`]), columns ([`ProfileTable::from_columns`]) or CSV files. The fields are
/// columns of a feature table in ascending order of ids, each declared for the purposes its schema names; a flag is 1 or
/// 0. [`FeatureTable::enriched`] adds them to the features of orders.
#[derive(Clone, PartialEq)]
pub struct ProfileTable {
    table: FeatureTable,
    report: ProfileReport,
}

impl ProfileTable {
    pub(super) fn new(table: FeatureTable, report: ProfileReport) -> Self {
        Self { table, report }
    }

    /// How many customers have a profile.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether none has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The fields as features.
    #[must_use]
    pub fn table(&self) -> &FeatureTable {
        &self.table
    }

    /// What became of every row and value.
    #[must_use]
    pub fn report(&self) -> &ProfileReport {
        &self.report
    }

    /// What a field tells.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name.
    pub fn kind(&self, field: impl AsRef<str>) -> Result<ProfileKind> {
        self.table.column(&field)?;
        let field = field.as_ref();
        self.report
            .field(field)
            .map(|report| report.kind)
            .ok_or_else(|| Error::MissingFeature { feature: field.to_owned(), nearest: None })
    }

    /// The customers who have given a consent: those whose answer is yes. No is no, and what is not known is no yes.
    ///
    /// # Errors
    /// [`Error::MissingFeature`]; [`Error::FeatureType`] for a field that is no consent.
    pub fn consented(&self, field: impl AsRef<str>) -> Result<Bitmap> {
        if self.kind(&field)? != ProfileKind::Consent {
            return Err(Error::FeatureType {
                feature: field.as_ref().to_owned(),
                found: "a field that is no consent",
                expected: "a field of the kind consent",
            });
        }
        self.table.consented(field)
    }

    /// The table without some customers, and how many of them it had. No text of theirs remains: neither ids and
    /// values nor the examples in the report, which may have been theirs. The report still adds up.
    ///
    /// Ids may be given in either form: `17` finds `"17"` and the other way round. No ids give an equal table.
    #[must_use]
    pub fn without_customers(&self, customers: &[CustomerId]) -> (Self, usize) {
        if customers.is_empty() {
            return (self.clone(), 0);
        }
        let (table, erased) = self.table.without_customers(customers);
        let mut report = self.report.clone();
        report.erased += erased as u64;
        report.count(&table);
        report.forget_examples();
        (Self { table, report }, erased)
    }
}

impl From<ProfileTable> for FeatureTable {
    fn from(profiles: ProfileTable) -> Self {
        profiles.table
    }
}

impl fmt::Debug for ProfileTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileTable")
            .field("customers", &self.len())
            .field("fields", &self.table.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
