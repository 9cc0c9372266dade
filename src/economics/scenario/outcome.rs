//! A plan before and after: what would change if something were otherwise.

use std::fmt;

use serde::Serialize;

use crate::economics::builder::Economics;
use crate::economics::plan::{Action, Plan};
use crate::economics::scenario::recombine::Recombined;
use crate::economics::scenario::{CostSetting, Scenario};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::layout::{TextTable, money_whole, percent};
use crate::segment::Segmentation;
use crate::transaction::MoneyTotal;

/// A segment before and after.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SegmentChange {
    /// Its name.
    pub segment: String,
    /// What it contributes, before and after.
    pub contribution: (MoneyTotal, MoneyTotal),
    /// Its rank by contribution, before and after.
    pub rank: (usize, usize),
    /// What to do with it, before and after.
    pub action: (Action, Action),
    /// Its return rate, before and after; `None` where it is not known.
    pub return_rate: (Option<f64>, Option<f64>),
}

impl SegmentChange {
    /// By how much its contribution changes.
    #[must_use]
    pub fn change(&self) -> MoneyTotal {
        self.contribution.1 - self.contribution.0
    }
}

/// What a scenario would change. Made by [`Economics::scenario`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ScenarioOutcome {
    /// The scenario's name.
    pub scenario: String,
    /// The contribution of the shop, before and after.
    pub contribution: (MoneyTotal, MoneyTotal),
    /// The segments, in the order of their ranks before.
    pub segments: Vec<SegmentChange>,
    /// The plan as it is.
    pub before: Plan,
    /// The plan as it would be.
    pub after: Plan,
}

impl ScenarioOutcome {
    /// By how much the contribution of the shop changes.
    #[must_use]
    pub fn change(&self) -> MoneyTotal {
        self.contribution.1 - self.contribution.0
    }

    /// The segments whose rank or action changes.
    pub fn changed(&self) -> impl Iterator<Item = &SegmentChange> {
        self.segments.iter().filter(|s| s.rank.0 != s.rank.1 || s.action.0 != s.action.1)
    }

    fn of(scenario: &Scenario, before: Plan, after: Plan) -> Self {
        let segments = before.segments.iter().filter_map(|old| {
            let new = after.segment(&old.segment)?;
            let rate = |place: &crate::economics::SegmentPlan| place.economics.return_rate.map(|r| r.rate);
            Some(SegmentChange {
                segment: old.segment.clone(),
                contribution: (old.economics.contribution(), new.economics.contribution()),
                rank: (old.rank, new.rank),
                action: (old.action, new.action),
                return_rate: (rate(old), rate(new)),
            })
        });
        Self {
            scenario: scenario.name().to_owned(),
            contribution: (before.shop.contribution(), after.shop.contribution()),
            segments: segments.collect(),
            before,
            after,
        }
    }
}

impl Economics {
    /// The plan as it is, and as it would be in a scenario. Works on the table alone. O(customers · columns).
    ///
    /// What is assumed, per segment (and for customers without one), with sums exact and rounding spread over its customers:
    ///
    /// - **Return rate by points.** The rate is the attributed one by value, returned ÷ (gross − discount). It does not fall
    ///   below 0 nor rise above 100 %. In proportion move posted and attributed returns, their value at list price, the
    ///   recorded cost of goods returned (and through them goods taken back and write-down), returned pieces, parcels,
    ///   orders with a return (and through them handling), and the returned lines that return rates to expect rest on. A
    ///   customer does not send back more than she bought: what she cannot, others send back. A segment that has sent
    ///   nothing back has nothing that could grow, and stays.
    /// - **A cost.** The setting changes for everyone; a recorded cost of goods changes on every line alike, also for goods
    ///   that come back.
    /// - **No discounts.** What is sold is sold at list price, and what comes back is given back at list price. The share of
    ///   demand that is lost is lost evenly: gross, cost of goods, returns, orders, pieces and parcels. A marketing total
    ///   stays what it is; evidence on return rates stays as well.
    ///
    /// Discounts go first, then return rates move. Counts stay whole, so a segment's counts are right to one, and a single
    /// customer's amounts mean nothing.
    ///
    /// ```
    /// use kohort::economics::{CostChange, CostOfGoods, CostSetting, Scenario};
    /// use kohort::features::{FeatureTable, Values};
    /// use kohort::transaction::CustomerIds;
    /// use kohort::{Costs, Economics, Money, Rate, Segmentation};
    ///
    /// let amounts = |of: [i64; 2]| Values::Money(of.map(|a| Money::from_ten_thousandths(a * 10_000)).to_vec());
    /// let table = FeatureTable::from_columns(
    ///     CustomerIds::rows(2),
    ///     [
    ///         ("gross", amounts([1_000, 400])),
    ///         ("returned", amounts([800, 0])),
    ///         ("return_parcels", Values::U32(vec![8, 0])),
    ///     ],
    /// )?;
    /// let names = vec!["returner".to_owned(), "keeper".to_owned()];
    /// let segments = Segmentation::new(&table, names, &[Some(0), Some(1)])?;
    /// let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.5)?)).build()?;
    /// let economics = Economics::builder(costs).build()?;
    ///
    /// let fewer = Scenario::builder("half the returns").return_rate_of("returner", -40.0).build()?;
    /// let outcome = economics.scenario(&table, &segments, &fewer)?;
    /// let returner = &outcome.segments[1];
    /// assert_eq!((returner.segment.as_str(), returner.rank), ("returner", (2, 1)));
    /// // 100 − 28 write-down − 56 handling = 16 becomes 300 − 14 − 28.
    /// assert_eq!(returner.contribution.1.to_string(), "258.00");
    ///
    /// let dearer = Scenario::builder("handling").cost(CostSetting::ReturnHandlingPerParcel, CostChange::By(0.5)).build()?;
    /// assert_eq!(economics.scenario(&table, &segments, &dearer)?.change().to_string(), "-28.00");
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Economics::prioritize`]; [`Error::UnknownSegment`](crate::Error::UnknownSegment) where the scenario names a
    /// segment that is not there; [`Error::Setting`](crate::Error::Setting) where a change takes a cost out of its range, is
    /// of the wrong kind, or scales a cost that is not known.
    pub fn scenario(
        &self,
        table: &FeatureTable,
        segments: &Segmentation,
        scenario: &Scenario,
    ) -> Result<ScenarioOutcome> {
        let before = self.prioritize(table, segments)?;
        let (economics, recombined) = self.as_if(table, segments, scenario)?;
        let after = economics.prioritize(recombined.as_ref().unwrap_or(table), segments)?;
        Ok(ScenarioOutcome::of(scenario, before, after))
    }

    /// The costs as they would be, and the table where it would be another.
    pub(super) fn as_if(
        &self,
        table: &FeatureTable,
        segments: &Segmentation,
        scenario: &Scenario,
    ) -> Result<(Self, Option<FeatureTable>)> {
        segments.check_customers(table)?;
        scenario.points_of.iter().try_for_each(|(name, _)| segments.named(name).map(drop))?;
        let mut costs = self.costs.clone();
        if let Some(marketing) = scenario.marketing {
            costs.marketing = marketing;
        }
        let mut recorded = Vec::new();
        for (setting, change) in &scenario.costs {
            recorded.extend(CostSetting::change(*setting, &mut costs, *change)?);
        }
        let economics = Self { costs, settings: self.settings.clone() };
        let points = scenario.points_of.iter().map(|(_, points)| *points).chain([scenario.points]);
        let rates_move = points.into_iter().any(|points| points.abs() > 0.0);
        if recorded.is_empty() && scenario.without_discount.is_none() && !rates_move {
            return Ok((economics, None));
        }
        let mut recombined = Recombined::new(table, segments);
        for factor in recorded {
            recombined.scale_cost_of_goods(factor)?;
        }
        if let Some(lost) = scenario.without_discount {
            recombined.drop_discounts(lost)?;
        }
        if rates_move {
            recombined.move_return_rates(scenario)?;
        }
        Ok((economics, Some(recombined.into_table()?)))
    }
}

impl fmt::Display for ScenarioOutcome {
    /// Segments before and after, by their rank before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.scenario)?;
        let header =
            ["<segment", "earns", "would earn", "change", "rank", "<action", "returns", "would return"];
        let mut table = TextTable::new(&header);
        for segment in &self.segments {
            let arrow =
                |same: bool, old: String, new: String| if same { old } else { format!("{old} → {new}") };
            let (rank, action) = (segment.rank, segment.action);
            table.row([
                segment.segment.clone(),
                money_whole(segment.contribution.0),
                money_whole(segment.contribution.1),
                money_whole(segment.change()),
                arrow(rank.0 == rank.1, rank.0.to_string(), rank.1.to_string()),
                arrow(action.0 == action.1, action.0.to_string(), action.1.to_string()),
                percent(segment.return_rate.0),
                percent(segment.return_rate.1),
            ]);
        }
        table.rule();
        let shop = [self.contribution.0, self.contribution.1, self.change()].map(money_whole);
        table.row(["all".to_owned()].into_iter().chain(shop));
        write!(f, "{table}")
    }
}
