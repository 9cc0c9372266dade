//! Life cycle: is a customer new, active, loyal, about to go, gone, or back again?

use std::sync::Arc;

use crate::category::Levels;
use crate::error::{Error, Result};
use crate::features::customer::{Customer, Order};
use crate::features::derive::{Code, Grow, Part, TooLarge};
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Source};
use crate::features::lines::Needs;
use crate::transaction::DAY;

/// A hundred years.
const MOST_DAYS: u32 = 36_525;

/// The rules of [`FeatureExtractorBuilder::life_cycle`](crate::features::FeatureExtractorBuilder::life_cycle).
///
/// The first that holds gives the stage, so that each customer with an order has exactly one. *Days* are of 24 hours
/// before the moment of the table.
///
/// | stage | rule |
/// |---|---|
/// | `lapsed` | her last order was `lapse_days` ago or more |
/// | `at_risk` | her last order was `active_days` ago or more |
/// | `new` | her first order was less than `new_days` ago |
/// | `reactivated` | one of the orders of her last `active_days` came `reactivation_days` or more after the one before |
/// | `loyal` | she has `loyal_orders` or more, ever |
/// | `active` | any other |
///
/// With [`own_gaps`](LifeCycleBuilder::own_gaps), a customer with three orders or more is late by her own measure:
/// multiples of her median gap between orders take the place of `active_days` and `lapse_days`.
///
/// ```
/// use kohort::features::LifeCycle;
///
/// let groceries = LifeCycle::builder().new_days(14).active_days(28).lapse_days(90).loyal_orders(10).build()?;
/// assert_ne!(groceries, LifeCycle::default());
/// assert_eq!(LifeCycle::STAGES[0], "new");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct LifeCycle {
    new_days: u32,
    active_days: u32,
    lapse_days: u32,
    /// `None` for the time after which she counts as lapsed.
    reactivation_days: Option<u32>,
    loyal_orders: u32,
    /// Median gaps after which she is at risk, and lapsed.
    own_gaps: Option<(f64, f64)>,
}

/// Settings of a [`LifeCycle`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct LifeCycleBuilder(LifeCycle);

/// A stage, in the order of [`LifeCycle::STAGES`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    New,
    Active,
    Loyal,
    AtRisk,
    Lapsed,
    Reactivated,
}

impl Default for LifeCycle {
    fn default() -> Self {
        Self {
            new_days: 30,
            active_days: 90,
            lapse_days: 365,
            reactivation_days: None,
            loyal_orders: 3,
            own_gaps: None,
        }
    }
}

impl LifeCycle {
    /// The stages, as they stand in the column.
    pub const STAGES: [&'static str; 6] = ["new", "active", "loyal", "at_risk", "lapsed", "reactivated"];

    /// Begins with the defaults.
    pub fn builder() -> LifeCycleBuilder {
        LifeCycleBuilder(Self::default())
    }

    /// The stage of a customer as of a moment; `None` without an order. `gaps` is scratch memory.
    fn stage(&self, orders: &[Order], now: i64, gaps: &mut Vec<i64>) -> Option<Stage> {
        let (first, last) = (orders.first()?, orders.last()?);
        let (at_risk, lapsed) = self.patience(orders, gaps);
        let absence = self.reactivation_days.map_or(lapsed, micros);
        let mut latest = orders.windows(2).rev().take_while(|pair| now - pair[1].time < at_risk);
        Some(match now - last.time {
            waited if waited >= lapsed => Stage::Lapsed,
            waited if waited >= at_risk => Stage::AtRisk,
            _ if now - first.time < micros(self.new_days) => Stage::New,
            _ if latest.any(|pair| pair[1].time - pair[0].time >= absence) => Stage::Reactivated,
            _ if orders.len() >= self.loyal_orders as usize => Stage::Loyal,
            _ => Stage::Active,
        })
    }

    /// After how many microseconds without an order a customer is at risk, and lapsed.
    fn patience(&self, orders: &[Order], gaps: &mut Vec<i64>) -> (i64, i64) {
        let fixed = (micros(self.active_days), micros(self.lapse_days));
        let Some(multiples) = self.own_gaps.filter(|_| orders.len() >= 3) else { return fixed };
        gaps.clear();
        gaps.extend(orders.windows(2).map(|pair| pair[1].time - pair[0].time));
        let middle = gaps.len() / 2;
        let (below, upper, _) = gaps.select_nth_unstable(middle);
        let median = match below.iter().max() {
            Some(lower) if orders.len() % 2 == 1 => i64::midpoint(*lower, *upper),
            _ => *upper,
        };
        // A conversion that is too large is the largest there is.
        let after = |multiple: f64| ((multiple * median as f64) as i64).max(micros(self.new_days));
        (after(multiples.0), after(multiples.1))
    }
}

/// Microseconds of whole days.
fn micros(days: u32) -> i64 {
    i64::from(days) * DAY
}

impl LifeCycleBuilder {
    /// For how many days after her first order a customer is new. Defaults to 30.
    pub fn new_days(mut self, days: u32) -> Self {
        self.0.new_days = days;
        self
    }

    /// For how many days after an order a customer is active, and at risk from then on. Defaults to 90.
    pub fn active_days(mut self, days: u32) -> Self {
        self.0.active_days = days;
        self
    }

    /// After how many days without an order a customer has lapsed. Defaults to 365.
    pub fn lapse_days(mut self, days: u32) -> Self {
        self.0.lapse_days = days;
        self
    }

    /// From how many orders on a customer is loyal. Defaults to 3.
    pub fn loyal_orders(mut self, orders: u32) -> Self {
        self.0.loyal_orders = orders;
        self
    }

    /// After how many days without an order the next one brings a customer back. Defaults to the time after which she
    /// counts as lapsed.
    pub fn reactivation_days(mut self, days: u32) -> Self {
        self.0.reactivation_days = Some(days);
        self
    }

    /// After how many of her own median gaps a customer with three orders or more is at risk, and after how many she
    /// has lapsed: 1.5 and 3, say. Neither before `new_days` are over, so that a few orders in one week do not make
    /// her late in the next. Customers with fewer orders have no rhythm yet and keep the days. Defaults to the days
    /// for everyone.
    pub fn own_gaps(mut self, at_risk_after: f64, lapsed_after: f64) -> Self {
        self.0.own_gaps = Some((at_risk_after, lapsed_after));
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] unless 1 ≤ `new_days` ≤ `active_days` < `lapse_days` ≤ a hundred years, `active_days` ≤
    /// `reactivation_days` ≤ a hundred years, 2 ≤ `loyal_orders`, and 0 < `at_risk_after` < `lapsed_after` ≤ 1,000.
    pub fn build(self) -> Result<LifeCycle> {
        let Self(rules) = self;
        let refuse = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        let LifeCycle { new_days, active_days, lapse_days, .. } = rules;
        if !(1..=active_days).contains(&new_days) {
            return refuse("new_days", new_days.to_string(), "at least one day, and at most `active_days`");
        }
        if !(active_days < lapse_days && lapse_days <= MOST_DAYS) {
            return refuse(
                "lapse_days",
                lapse_days.to_string(),
                "more than `active_days`, at most a hundred years",
            );
        }
        if let Some(days) = rules.reactivation_days
            && !(active_days..=MOST_DAYS).contains(&days)
        {
            let expected = "at least `active_days`, so that she was away, and at most a hundred years";
            return refuse("reactivation_days", days.to_string(), expected);
        }
        if rules.loyal_orders < 2 {
            return refuse("loyal_orders", rules.loyal_orders.to_string(), "at least two orders");
        }
        if let Some((at_risk, lapsed)) = rules.own_gaps
            && !(at_risk > 0.0 && at_risk < lapsed && lapsed <= 1_000.0)
        {
            let expected = "two multiples above zero, the second larger than the first and at most 1,000";
            return refuse("own_gaps", format!("{at_risk} and {lapsed}"), expected);
        }
        Ok(rules)
    }
}

impl Family for LifeCycle {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let mut names = Self::STAGES;
        names.sort_unstable();
        let levels = Arc::new(Levels::try_from(names.map(str::to_owned).to_vec())?);
        let codes = Self::STAGES.map(|name| Code(levels.code(name).unwrap_or_default()));
        Ok(Box::new(LifeCyclePlan { rules: self.clone(), now: source.as_of.micros(), levels, codes }))
    }
}

struct LifeCyclePlan {
    rules: LifeCycle,
    now: i64,
    levels: Arc<Levels>,
    /// The code of each stage.
    codes: [Code; 6],
}

impl Plan for LifeCyclePlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        vec![ColumnPlan::category("life_cycle", &self.levels)]
    }

    fn needs(&self) -> Needs {
        Needs { order: true, order_list: true, ..Needs::NONE }
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(LifeCycleMeasure { plan: self, gaps: Vec::new(), stages: Grow::default() })
    }
}

struct LifeCycleMeasure<'p> {
    plan: &'p LifeCyclePlan,
    gaps: Vec<i64>,
    stages: Grow<Code>,
}

impl Measure for LifeCycleMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        let stage = self.plan.rules.stage(customer.orders, self.plan.now, &mut self.gaps);
        self.stages.push(stage.map(|stage| self.plan.codes[stage as usize]));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        Ok(vec![self.stages.take()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_stand_in_the_order_of_their_names() {
        let stages =
            [Stage::New, Stage::Active, Stage::Loyal, Stage::AtRisk, Stage::Lapsed, Stage::Reactivated];
        for (position, stage) in stages.into_iter().enumerate() {
            assert_eq!(stage as usize, position);
            let name = format!("{stage:?}").to_lowercase();
            assert_eq!(name, LifeCycle::STAGES[position].replace('_', ""));
        }
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let refused = |builder: LifeCycleBuilder, name: &str| match builder.build() {
            Err(Error::Setting { setting, .. }) => assert_eq!(setting, name),
            other => panic!("{name}: {other:?}"),
        };
        let begin = LifeCycle::builder;
        refused(begin().new_days(0), "new_days");
        refused(begin().new_days(91), "new_days");
        refused(begin().active_days(365), "lapse_days");
        refused(begin().lapse_days(MOST_DAYS + 1), "lapse_days");
        refused(begin().reactivation_days(89), "reactivation_days");
        refused(begin().reactivation_days(MOST_DAYS + 1), "reactivation_days");
        refused(begin().loyal_orders(1), "loyal_orders");
        for (at_risk, lapsed) in
            [(0.0, 1.0), (2.0, 2.0), (3.0, 1.5), (f64::NAN, 2.0), (1.0, f64::NAN), (1.0, 1e9)]
        {
            refused(begin().own_gaps(at_risk, lapsed), "own_gaps");
        }
        let edges =
            begin().new_days(1).active_days(1).lapse_days(MOST_DAYS).reactivation_days(1).loyal_orders(2);
        assert!(edges.own_gaps(0.001, 1_000.0).build().is_ok());
        assert_eq!(begin().build().unwrap(), LifeCycle::default());
    }
}
