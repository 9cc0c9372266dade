//! Families of features: what the engine asks of one, so that each stands in a file of its own and all run in the same
//! pass over a customer's lines, while they are in the processor's cache.
//!
//! A [`Family`] is a setting of the extractor. For a log and a moment it makes a [`Plan`], which knows its columns; the
//! plan makes one [`Measure`] per task, which sees one customer after the other and gives the columns of a group.
//! Virtual calls, one per customer and family, cost nothing beside the lines.

use std::fmt;
use std::sync::Arc;

use crate::category::Levels;
use crate::error::Result;
use crate::features::customer::Customer;
use crate::features::derive::{Grow, Part, TooLarge};
use crate::features::lines::Needs;
use crate::transaction::{AsOf, TransactionLog};

/// Features that are asked for together.
pub(crate) trait Family: fmt::Debug + Send + Sync {
    /// Fixes all that depends on the log and the moment.
    ///
    /// # Errors
    /// [`Error::FeatureNeeds`](crate::Error::FeatureNeeds) where the log lacks what a feature is computed from, or a
    /// setting that does not fit the log.
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>>;

    /// What has to be right whatever the log; asked when the extractor is built.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting).
    fn check(&self, _as_of: &AsOf) -> Result<()> {
        Ok(())
    }
}

/// What a family is planned for.
#[derive(Clone, Copy)]
pub(crate) struct Source<'s> {
    pub(crate) log: &'s TransactionLog,
    pub(crate) as_of: &'s AsOf,
    pub(crate) maturity_days: u32,
}

/// A family for one log and one moment.
pub(crate) trait Plan: Send + Sync {
    /// Its columns, in their order.
    fn columns(&self) -> Vec<ColumnPlan>;

    /// The columns of lines it is computed from.
    fn needs(&self) -> Needs;

    /// Something that measures customers, for one task.
    fn measure(&self) -> Box<dyn Measure + '_>;
}

/// Measures one customer after the other.
pub(crate) trait Measure {
    /// Adds a row for a customer.
    fn add(&mut self, customer: &Customer<'_>);

    /// The rows since the last call, one part per column of the plan.
    ///
    /// # Errors
    /// A sum that does not fit its column, and whose.
    fn take(&mut self) -> Result<Vec<Part>, TooLarge>;
}

/// A column that a family adds.
#[derive(Clone, Debug)]
pub(crate) struct ColumnPlan {
    pub(crate) name: String,
    /// The texts of a category column, in ascending order.
    pub(crate) levels: Option<Arc<Levels>>,
}

impl ColumnPlan {
    pub(crate) fn number(name: impl Into<String>) -> Self {
        Self { name: name.into(), levels: None }
    }

    pub(crate) fn category(name: impl Into<String>, levels: &Arc<Levels>) -> Self {
        Self { name: name.into(), levels: Some(Arc::clone(levels)) }
    }
}

/// A place for the columns of a family whose values are all `f64`, which most are.
pub(crate) struct Ratios {
    columns: Vec<Grow<f64>>,
}

impl Ratios {
    pub(crate) fn new(columns: usize) -> Self {
        Self { columns: (0..columns).map(|_| Grow::default()).collect() }
    }

    /// Adds a row, one value per column.
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Option<f64>>) {
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Part> {
        self.columns.iter_mut().map(Grow::take).collect()
    }
}
