//! The finding this crate exists for: customers who look rich, send nearly everything back and earn next to nothing;
//! or the plain verdict, with the numbers, that a shop has none.

mod group;
mod search;
mod words;

use serde::Serialize;

use crate::bitmap::Bitmap;
use crate::economics::returns::{BetaBinomial, GroupRates};
use crate::transaction::{MoneyTotal, Rate};

pub(super) use search::upper_cut;
pub(super) use words::level;

/// Whether a shop has customers who look rich and earn little.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum Verdict {
    /// It has.
    Found {
        /// Why, in words with the numbers.
        reason: String,
    },
    /// It has not.
    NotFound {
        /// Why, in words with the numbers.
        reason: String,
    },
    /// The table does not tell: returns are not known.
    Unknown {
        /// What is missing.
        reason: String,
    },
}

/// What evidence is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum EvidenceUnit {
    /// Pieces that went out, free ones among them (`items`).
    Items,
    /// Order lines with a value (`lines`).
    Lines,
}

/// One row of the evidence table: customers with at least so many pieces.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct EvidenceRow {
    /// The fewest pieces (or lines) of a customer in this row.
    pub minimum: u32,
    /// Buying customers with at least so many.
    pub customers: u64,
    /// Those of them whose raw posted return rate by value is above the threshold.
    pub over_threshold: u64,
    /// The share of them; `None` without customers.
    pub share: Option<f64>,
    /// The gross of those over the threshold.
    pub gross: MoneyTotal,
    /// That as a share of all gross.
    pub share_of_gross: Option<f64>,
}

/// Customers who look rich and earn little, if a shop has them.
///
/// The population are customers who bought: gross above zero. Of them one
///
/// - *looks rich* with a gross above the upper quartile (type 7; the share is a setting);
/// - *sends it back* with a return rate above 85 %, as far as evidence goes: the posterior probability from the
///   beta-binomial model of order lines, never the raw rate;
/// - *earns little* with CM2 of zero or less, or CM2 per gross (both net of tax) below a quarter of the shop's.
///
/// *They exist* when those who look rich, earn little and send it back with probability 0.90 are at least 1 % of the
/// population and hold at least as large a share of its gross. *They are*, then, all who look rich, earn little and
/// send it back with probability 0.50. Two steps, because few strong cases show that there is such a group, while its
/// border is best drawn where either error is as likely. That probability knows of the group: those who look rich are
/// parted into two kinds, each with a beta-binomial law of its own, and a customer's lines are weighed with both. A
/// customer of whom a value is missing is never one of them.
///
/// The evidence table shows why raw rates do not do: of customers with one piece many have sent back everything, of
/// those with ten few.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// The return rate above which a customer sends it back.
    pub threshold: Rate,
    /// Customers who bought.
    pub population: u64,
    /// Their gross, as in the table.
    pub population_gross: MoneyTotal,
    /// Customers who look rich, earn little and send it back, with strong evidence.
    pub strong: u64,
    /// The gross of those.
    pub strong_gross: MoneyTotal,
    /// Customers found.
    pub customers: u64,
    /// As a share of the population; `None` without population.
    pub share_of_customers: Option<f64>,
    /// Their gross, as in the table.
    pub gross: MoneyTotal,
    /// As a share of the population's.
    pub share_of_gross: Option<f64>,
    /// Their return rate by value; `None` without members or where returns are not known.
    pub return_rate: Option<f64>,
    /// Their CM2.
    pub contribution: MoneyTotal,
    /// Customers whose raw posted return rate by value is above the threshold, whatever the evidence.
    pub over_threshold: u64,
    /// Their share of gross.
    pub over_threshold_share_of_gross: Option<f64>,
    /// What the evidence table counts; `None` where the table has neither pieces nor lines.
    pub evidence_unit: Option<EvidenceUnit>,
    /// How many are over the threshold among customers with at least 1, 2, 3, 5, 10 pieces.
    pub evidence: Vec<EvidenceRow>,
    /// The model of return rates of all customers; `None` where returns are not known.
    pub return_rates: Option<BetaBinomial>,
    /// The models per group; `None` where returns are not known, or
    /// [`return_rates_by`](crate::economics::EconomicsBuilder::return_rates_by) is not set.
    pub group_rates: Option<GroupRates>,
    /// One bit per customer of the table: who is found.
    #[serde(skip)]
    pub mask: Bitmap,
}

impl Finding {
    /// Whether such customers were found.
    #[must_use]
    pub fn is_found(&self) -> bool {
        matches!(self.verdict, Verdict::Found { .. })
    }
}
