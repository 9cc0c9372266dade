//! How much each customer of a table resembles the seeds.

use std::fmt;
use std::sync::Arc;

use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::numeric::LARGEST;
use crate::transaction::CustomerIds;

/// How much each customer of a table resembles the seeds: one score a row of the table.
#[derive(Clone, PartialEq)]
pub struct Scores {
    pub(crate) ids: Arc<CustomerIds>,
    /// Log odds of being a seed, at the share that seeds have in the pool; finite.
    pub(crate) log_odds: Vec<f64>,
    /// Whether she is one of the seeds.
    pub(crate) seed: Bitmap,
}

impl Scores {
    /// Scores that were made elsewhere: for each row of a table the log odds of being a seed (of a share `p` that is
    /// `ln(p / (1 − p))`), and who is one. Any number that rises with the similarity orders customers as well.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where there is not one score and one bit a row, [`Error::Setting`] for a score that is not
    /// finite or above 1e100 in size.
    pub fn new(table: &FeatureTable, log_odds: Vec<f64>, seeds: Bitmap) -> Result<Self> {
        for (column, found) in [("log_odds", log_odds.len()), ("seeds", seeds.len())] {
            if found != table.len() {
                return Err(Error::ColumnLength {
                    column: column.into(),
                    found,
                    against: "ids".into(),
                    expected: table.len(),
                });
            }
        }
        if let Some(row) = log_odds.iter().position(|own| !(-LARGEST..=LARGEST).contains(own)) {
            return Err(Error::Setting {
                setting: "log_odds",
                found: format!("{} for customer `{}`", log_odds[row], table.ids().id(row)),
                expected: "finite numbers of at most 1e100 in size",
            });
        }
        Ok(Self { ids: Arc::clone(table.shared_ids()), log_odds, seed: seeds })
    }

    /// The customers, in row order.
    #[must_use]
    pub fn ids(&self) -> &CustomerIds {
        &self.ids
    }

    /// How many customers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log_odds.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.log_odds.is_empty()
    }

    /// Who is a seed: one bit a row.
    #[must_use]
    pub fn seeds(&self) -> &Bitmap {
        &self.seed
    }

    /// The similarity of a row, between 0 and 1: the share of seeds among customers like her, in the pool and the seeds
    /// together. It orders customers; it is no probability that she will buy.
    #[must_use]
    pub fn similarity(&self, row: usize) -> f64 {
        crate::numeric::elementary::logistic(self.log_odds[row])
    }

    /// Log odds of being a seed, one a row, finite: what customers are ranked by. Unlike similarity they tell those apart who
    /// are all nearly certain.
    #[must_use]
    pub fn log_odds(&self) -> &[f64] {
        &self.log_odds
    }

    /// Whether a row is one of the seeds.
    #[must_use]
    pub fn is_seed(&self, row: usize) -> bool {
        self.seed.get(row)
    }
}

impl fmt::Debug for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scores")
            .field("customers", &self.len())
            .field("seeds", &self.seed.count())
            .finish_non_exhaustive()
    }
}
