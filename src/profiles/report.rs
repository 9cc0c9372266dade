//! The report of a profile table: every row read, every value of every field, and what was allowed on which basis.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped, percent};
use crate::profiles::field::{FieldType, ProfileKind};
use crate::profiles::special::SpecialCategory;
use crate::transaction::RejectReason;

/// How many row numbers are kept as examples.
const EXAMPLES: usize = 5;

/// Where something was found, and what stood there.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Instances {
    /// How many rows.
    pub rows: u64,
    /// The numbers of the first of them, at most five: for a file the line of the record, otherwise the position from
    /// 1.
    pub first_rows: Vec<u64>,
    /// What stood in the first one; empty once customers were erased, for it may have been theirs.
    pub example: String,
}

impl Instances {
    pub(super) fn note(&mut self, row: u64, example: impl FnOnce() -> String) {
        if self.rows == 0 {
            self.example = example();
        }
        if self.first_rows.len() < EXAMPLES {
            self.first_rows.push(row);
        }
        self.rows += 1;
    }
}

impl fmt::Display for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<String> = self.first_rows.iter().map(u64::to_string).collect();
        let more = if self.rows > rows.len() as u64 { ", …" } else { "" };
        let word = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "{word} {}{more}", rows.join(", "))?;
        if self.example.is_empty() { Ok(()) } else { write!(f, " (the first: {})", self.example) }
    }
}

/// What is known of one field.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FieldReport {
    /// Its name.
    pub field: String,
    /// What it tells.
    pub kind: ProfileKind,
    /// What its values are.
    pub values: FieldType,
    /// Customers who have a value.
    pub present: u64,
    /// Customers who have none, or one that cannot be read.
    pub missing: u64,
    /// Values that cannot be read, in all rows with an id: also in those that gave way to later ones.
    pub unreadable: Instances,
}

impl FieldReport {
    /// The share of customers who have a value: for a survey, how many have answered. None without customers.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        let customers = self.present + self.missing;
        (customers > 0).then(|| self.present as f64 / customers as f64)
    }
}

/// A special category of personal data that was allowed, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Allowance {
    /// The category.
    pub category: SpecialCategory,
    /// The legal basis, as it was given.
    pub legal_basis: String,
    /// The fields that are of this category.
    pub fields: Vec<String>,
}

/// What reading profiles has kept and rejected. `Display` prints it as a table.
///
/// `rows_read = rows_kept + superseded + rows_rejected + erased`, and in every field the customers with and without a
/// value add up to those kept.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ProfileReport {
    /// Rows read, a file's header not among them.
    pub rows_read: u64,
    /// Rows that are in the table: one per customer.
    pub rows_kept: u64,
    /// Rows that gave way to a later one of the same customer.
    pub superseded: u64,
    /// Rows that were kept and then erased at a customer's wish.
    pub erased: u64,
    /// Rows that could not be kept, by reason.
    pub rejected: BTreeMap<RejectReason, Instances>,
    /// The fields, in their order.
    pub fields: Vec<FieldReport>,
    /// The special categories that were allowed, and why.
    pub allowed: Vec<Allowance>,
}

impl ProfileReport {
    /// Rows that could not be kept.
    #[must_use]
    pub fn rows_rejected(&self) -> u64 {
        self.rejected.values().map(|rejected| rejected.rows).sum()
    }

    /// A field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldReport> {
        self.fields.iter().find(|field| field.field == name)
    }

    /// Whether the report accounts for every row and every customer of every field. Holds for every report of a
    /// table; a stored one that was edited may not.
    #[must_use]
    pub fn balances(&self) -> bool {
        let rows = self.rows_kept + self.superseded + self.rows_rejected() + self.erased;
        let whole = |field: &FieldReport| field.present + field.missing == self.rows_kept;
        self.rows_read == rows && self.fields.iter().all(whole)
    }

    /// Counts the customers of a table and who has a value. The table has the fields of this report.
    pub(super) fn count(&mut self, table: &FeatureTable) {
        self.rows_kept = table.len() as u64;
        for field in &mut self.fields {
            let missing = table.column(&field.field).map_or(table.len(), crate::Column::missing) as u64;
            (field.present, field.missing) = (self.rows_kept - missing, missing);
        }
    }

    /// Takes every text of a customer out of the report: whose it was cannot be told.
    pub(super) fn forget_examples(&mut self) {
        self.rejected.values_mut().for_each(|rejected| rejected.example.clear());
        self.fields.iter_mut().for_each(|field| field.unreadable.example.clear());
    }
}

impl fmt::Display for ProfileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows read: {} kept", grouped(self.rows_read), grouped(self.rows_kept))?;
        for (rows, what) in [
            (self.superseded, "superseded by later ones"),
            (self.rows_rejected(), "rejected"),
            (self.erased, "erased since"),
        ] {
            if rows > 0 {
                write!(f, ", {} {what}", grouped(rows))?;
            }
        }
        writeln!(f, ".\n")?;
        let mut table =
            TextTable::new(&["<field", "<kind", "<values", "present", "missing", "unreadable", "coverage"]);
        for field in &self.fields {
            table.row([
                field.field.clone(),
                field.kind.to_string(),
                field.values.to_string(),
                grouped(field.present),
                grouped(field.missing),
                grouped(field.unreadable.rows),
                percent(field.coverage()),
            ]);
        }
        write!(f, "{table}")?;
        let unreadable: Vec<_> = self.fields.iter().filter(|field| field.unreadable.rows > 0).collect();
        if !unreadable.is_empty() {
            writeln!(f, "\n  First values that cannot be read, by field:")?;
        }
        for field in unreadable {
            writeln!(f, "  - {}: {}", field.field, field.unreadable)?;
        }
        if !self.rejected.is_empty() {
            writeln!(f, "\n  First rejected rows, by reason:")?;
        }
        for (reason, rejected) in &self.rejected {
            writeln!(f, "  - {reason}: {rejected}")?;
        }
        if !self.allowed.is_empty() {
            writeln!(f, "\n  Special categories of personal data that are allowed:")?;
        }
        for Allowance { category, legal_basis, fields } in &self.allowed {
            writeln!(f, "  - {category} ({}): {legal_basis}", fields.join(", "))?;
        }
        Ok(())
    }
}
