//! Would the plan have been right? Made at a past moment from what was known then, and held against what came after.

mod run;
mod words;

use serde::Serialize;

use crate::economics::plan::Action;
use crate::economics::returns::RatioEstimate;
use crate::error::{Error, Result};
use crate::transaction::{AsOf, MoneyTotal};

/// How far back a plan is made, and how long it is watched.
///
/// ```
/// use kohort::economics::{Backtest, CostOfGoods};
/// use kohort::segment::{Segmenter, StarterSegments};
/// use kohort::synthetic::Shop;
/// use kohort::{AsOf, Costs, Economics, FeatureExtractor, Zone};
///
/// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
/// let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
/// let extractor = FeatureExtractor::builder(log.as_of_end()?).build()?;
/// let test = Backtest::builder(AsOf::date("2024-08-01", &Zone::utc())?).build()?;
/// let outcome = economics.backtest(&log, &extractor, &test, |customers| {
///     StarterSegments::builder().build()?.fit(customers)?.segment(customers)
/// })?;
/// // The tenth that had earned most goes on to earn more than the tenth that had bought most.
/// assert!(outcome.by_contribution[0].contribution > outcome.by_gross[0].contribution);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Backtest {
    at: AsOf,
    days: u32,
}

/// Builds a [`Backtest`].
#[derive(Clone, Debug)]
pub struct BacktestBuilder(Backtest);

impl Backtest {
    /// A test of the plan made at a moment, from what was known then.
    #[must_use]
    pub fn builder(at: AsOf) -> BacktestBuilder {
        BacktestBuilder(Self { at, days: 90 })
    }
}

impl BacktestBuilder {
    /// The days after the moment that the plan is held against. Defaults to 90.
    #[must_use]
    pub fn days(mut self, days: u32) -> Self {
        self.0.days = days;
        self
    }

    /// The test.
    ///
    /// # Errors
    /// [`Error::Setting`] for no days, or more than ten years.
    pub fn build(self) -> Result<Backtest> {
        if (1..=3_653).contains(&self.0.days) {
            return Ok(self.0);
        }
        Err(Error::Setting {
            setting: "days",
            found: self.0.days.to_string(),
            expected: "1 day to ten years of days",
        })
    }
}

/// What a plan made in the past would have been worth.
///
/// Orders of the days after the moment are counted with all of their returns that are known by the end of the log, so
/// the last of them may still come back. Contribution is CM2 before service and activities, whose counts belong to all
/// of the table's time. Customers who came after the moment are in no group; how many they are is said.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BacktestOutcome {
    /// When the plan was made.
    pub at: AsOf,
    /// The end of the days it is held against.
    pub until: AsOf,
    /// How long after them returns were seen: days from `until` to the end of the log.
    pub days_seen_after: u32,
    /// The plan's segments, by the plan's rank.
    pub segments: Vec<SegmentOutcome>,
    /// Customers in ten equal groups by their contribution until the moment, the highest first.
    pub by_contribution: Vec<TenthOutcome>,
    /// Customers in ten equal groups by their gross until the moment, the highest first.
    pub by_gross: Vec<TenthOutcome>,
    /// Spearman's rank correlation of the plan's ranks of segments with their contribution after; `None` for fewer than
    /// three segments.
    pub rank_correlation: Option<f64>,
    /// The same for their ranks by gross.
    pub rank_correlation_by_gross: Option<f64>,
    /// Customers the plan was made for.
    pub customers: u64,
    /// Customers who first came in the days after.
    pub customers_new: u64,
    /// The gross of those.
    pub gross_new: MoneyTotal,
    /// What all customers of the plan together did.
    pub all: Outcome,
}

/// What a group of customers did after the moment.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Outcome {
    /// Customers of the group, also those who bought nothing more.
    pub customers: u64,
    /// Those who bought.
    pub buyers: u64,
    /// Sales at list price, net of tax.
    pub gross: MoneyTotal,
    /// CM2 before service and activities.
    pub contribution: MoneyTotal,
    /// The return rate by value, with customers as the sampling unit; `None` where returns are not known or nothing was bought.
    pub return_rate: Option<RatioEstimate>,
}

impl Outcome {
    /// Contribution per customer in currency units; `None` without customers.
    #[must_use]
    pub fn contribution_per_customer(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.contribution.to_f64() / self.customers as f64)
    }
}

/// What became of a segment.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SegmentOutcome {
    /// Its name.
    pub segment: String,
    /// What the plan would have said.
    pub action: Action,
    /// The plan's rank, by contribution.
    pub rank: usize,
    /// Its rank by gross.
    pub rank_by_gross: usize,
    /// Its rank by contribution in the days after.
    pub rank_after: usize,
    /// Its return rate until the moment; `None` where it was not known.
    pub return_rate_before: Option<f64>,
    /// What it did.
    pub outcome: Outcome,
}

/// What became of a tenth of the customers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct TenthOutcome {
    /// 1 for the highest tenth.
    pub tenth: usize,
    /// What they contributed after the moment.
    pub contribution: MoneyTotal,
    /// That as a share of all customers' contribution; `None` where theirs is not above zero.
    pub share_of_contribution: Option<f64>,
    /// All that they did.
    pub outcome: Outcome,
}
