//! What is assumed to change, checked once.

use serde::Serialize;

use crate::economics::costs::Marketing;
use crate::economics::scenario::{CostChange, CostSetting};
use crate::error::{Error, Result};

/// Something that could be otherwise: fewer returns, dearer handling, no discounts.
///
/// See [`Economics::scenario`](crate::Economics::scenario) for what moves with what.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Scenario {
    pub(super) name: String,
    pub(super) points: f64,
    pub(super) points_of: Vec<(String, f64)>,
    pub(super) costs: Vec<(CostSetting, CostChange)>,
    pub(super) marketing: Option<Marketing>,
    /// The share of demand that goes with the discounts.
    pub(super) without_discount: Option<f64>,
}

impl Scenario {
    /// A scenario with a name that people know it by.
    pub fn builder(name: impl Into<String>) -> ScenarioBuilder {
        ScenarioBuilder(Self {
            name: name.into(),
            points: 0.0,
            points_of: Vec::new(),
            costs: Vec::new(),
            marketing: None,
            without_discount: None,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn points_of(&self, segment: Option<&str>) -> f64 {
        let own = self.points_of.iter().find(|(name, _)| Some(name.as_str()) == segment);
        own.map_or(self.points, |(_, points)| *points)
    }
}

/// Builds a [`Scenario`].
#[derive(Clone, Debug)]
pub struct ScenarioBuilder(Scenario);

impl ScenarioBuilder {
    /// By how many percentage points the return rate of every segment changes: `-5.0` takes 40 % to 35 %. Defaults to 0.
    #[must_use]
    pub fn return_rate(mut self, points: f64) -> Self {
        self.0.points = points;
        self
    }

    /// The same for one segment, in place of what holds for all. Defaults to what holds for all.
    #[must_use]
    pub fn return_rate_of(mut self, segment: impl Into<String>, points: f64) -> Self {
        let segment = segment.into();
        self.0.points_of.retain(|(name, _)| *name != segment);
        self.0.points_of.push((segment, points));
        self
    }

    /// A change of one cost; changes of several are made in turn. Defaults to none.
    #[must_use]
    pub fn cost(mut self, setting: CostSetting, change: CostChange) -> Self {
        self.0.costs.push((setting, change));
        self
    }

    /// Other marketing in place of what is set. Defaults to what is set.
    #[must_use]
    pub fn marketing(mut self, marketing: Marketing) -> Self {
        self.0.marketing = Some(marketing);
        self
    }

    /// No discounts, and a share of demand that goes with them: `0.1` if every tenth purchase is then not made. Defaults to
    /// discounts as they are.
    #[must_use]
    pub fn without_discount(mut self, demand_lost: f64) -> Self {
        self.0.without_discount = Some(demand_lost);
        self
    }

    /// The scenario.
    ///
    /// # Errors
    /// [`Error::Setting`] for points that are not between −100 and 100, a change by less than −1 or more than 100 times, a
    /// negative marketing, or a share of demand outside 0 to 1.
    pub fn build(self) -> Result<Scenario> {
        let scenario = self.0;
        let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        let of = scenario.points_of.iter().map(|(_, points)| *points);
        for points in std::iter::once(scenario.points).chain(of) {
            if !(-100.0..=100.0).contains(&points) {
                return refused("return_rate", points.to_string(), "between -100 and 100 points");
            }
        }
        for (setting, change) in &scenario.costs {
            if let CostChange::By(share) = change
                && !(-1.0..=100.0).contains(share)
            {
                return refused(setting.name(), share.to_string(), "a change by -1 or more, and at most 100");
            }
        }
        if let Some(lost) = scenario.without_discount.filter(|lost| !(0.0..=1.0).contains(lost)) {
            return refused("without_discount", lost.to_string(), "a share of demand from 0 to 1");
        }
        if let Some(
            Marketing::PerOrder(cost)
            | Marketing::PerCustomer(cost)
            | Marketing::SpreadOverOrders(cost)
            | Marketing::SpreadOverCustomers(cost),
        ) = scenario.marketing
            && cost < crate::transaction::Money::ZERO
        {
            return refused("marketing", cost.to_string(), "a cost of zero or more");
        }
        Ok(scenario)
    }
}
