//! Where a customer stands with the shop: new, active, loyal, about to go, gone, back again.

use super::template::{Template, at_least_one, check, days, days_after, templates};
use crate::error::Result;
use crate::features::{Behaviour, Feature};
use crate::segment::rules::{Predicate, did, feature};
use crate::transaction::Window;

/// Who ordered for the first time lately?
///
/// Needs the base feature [`TenureDays`](Feature::TenureDays). A month is the stage `new` of
/// [`LifeCycle`](crate::features::LifeCycle).
///
/// ```
/// use kohort::segment::catalogue::New;
///
/// assert_eq!(New::default().predicate()?.to_string(), "tenure_days < 30");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct New {
    within_days: u32,
}

impl Default for New {
    fn default() -> Self {
        Self { within_days: 30 }
    }
}

impl New {
    /// Her first order was less than so many days ago, at least 1. Defaults to 30.
    pub fn within_days(mut self, days: u32) -> Self {
        self.within_days = days;
        self
    }
}

impl Template for New {
    fn title(&self) -> String {
        "new".to_owned()
    }

    fn check(&self) -> Result<()> {
        days("within_days", self.within_days)
    }

    fn rule(&self) -> Predicate {
        feature(Feature::TenureDays).lt(self.within_days)
    }
}

/// Who ordered lately?
///
/// Needs the base feature [`RecencyDays`](Feature::RecencyDays). A quarter suits shops whose customers buy every
/// other month; of your own, take the time within which most second orders come. With the same days, a customer with
/// an order is active, [at risk](AtRisk) or [lapsed](Lapsed), and never two of them.
///
/// ```
/// use kohort::segment::catalogue::Active;
///
/// assert_eq!(Active::default().predicate()?.to_string(), "recency_days < 90");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct Active {
    within_days: u32,
}

impl Default for Active {
    fn default() -> Self {
        Self { within_days: 90 }
    }
}

impl Active {
    /// Her last order was less than so many days ago, at least 1. Defaults to 90.
    pub fn within_days(mut self, days: u32) -> Self {
        self.within_days = days;
        self
    }
}

impl Template for Active {
    fn title(&self) -> String {
        "active".to_owned()
    }

    fn check(&self) -> Result<()> {
        days("within_days", self.within_days)
    }

    fn rule(&self) -> Predicate {
        feature(Feature::RecencyDays).lt(self.within_days)
    }
}

/// Who orders again and again, and still does?
///
/// Needs the base features [`Orders`](Feature::Orders), [`TenureDays`](Feature::TenureDays) and
/// [`RecencyDays`](Feature::RecencyDays). Two repeats are the least that is a habit, and who came a month ago is
/// [`New`] however often she ordered, so that by default no one is both. All who are loyal are [`Active`].
///
/// ```
/// use kohort::segment::catalogue::Loyal;
///
/// let rule = Loyal::default().predicate()?;
/// assert_eq!(rule.to_string(), "orders >= 3 AND tenure_days >= 30 AND recency_days < 90");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct Loyal {
    orders: u32,
    tenure_days: u32,
    within_days: u32,
}

impl Default for Loyal {
    fn default() -> Self {
        Self { orders: 3, tenure_days: 30, within_days: 90 }
    }
}

impl Loyal {
    /// She has at least so many orders, ever; at least 2. Defaults to 3.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }

    /// Her first order was at least so many days ago, at least 1. Defaults to 30.
    pub fn tenure_days(mut self, days: u32) -> Self {
        self.tenure_days = days;
        self
    }

    /// Her last order was less than so many days ago, at least 1. Defaults to 90.
    pub fn within_days(mut self, days: u32) -> Self {
        self.within_days = days;
        self
    }
}

impl Template for Loyal {
    fn title(&self) -> String {
        "loyal".to_owned()
    }

    fn check(&self) -> Result<()> {
        check(self.orders >= 2, "orders", self.orders, "at least 2 orders")?;
        days("tenure_days", self.tenure_days)?;
        days("within_days", self.within_days)
    }

    fn rule(&self) -> Predicate {
        Predicate::all([
            feature(Feature::Orders).ge(self.orders),
            feature(Feature::TenureDays).ge(self.tenure_days),
            feature(Feature::RecencyDays).lt(self.within_days),
        ])
    }
}

/// Who has not ordered for a while, but may yet be won back?
///
/// Needs the base feature [`RecencyDays`](Feature::RecencyDays). A quarter and a year are those of
/// [`LifeCycle`](crate::features::LifeCycle); for customers who are late by their own rhythm, take its
/// [`own_gaps`](crate::features::LifeCycleBuilder::own_gaps) and `feature("life_cycle").eq("at_risk")`.
///
/// ```
/// use kohort::segment::catalogue::AtRisk;
///
/// assert_eq!(AtRisk::default().predicate()?.to_string(), "recency_days >= 90 AND recency_days < 365");
/// let good_ones = AtRisk::default().silent_days(180).orders(3).predicate()?;
/// assert_eq!(good_ones.to_string(), "recency_days >= 180 AND recency_days < 365 AND orders >= 3");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct AtRisk {
    silent_days: u32,
    lapsed_days: u32,
    orders: u32,
}

impl Default for AtRisk {
    fn default() -> Self {
        Self { silent_days: 90, lapsed_days: 365, orders: 1 }
    }
}

impl AtRisk {
    /// Her last order was at least so many days ago, at least 1. Defaults to 90.
    pub fn silent_days(mut self, days: u32) -> Self {
        self.silent_days = days;
        self
    }

    /// Her last order was less than so many days ago, more than [`silent_days`](Self::silent_days). Defaults to 365.
    pub fn lapsed_days(mut self, days: u32) -> Self {
        self.lapsed_days = days;
        self
    }

    /// She has at least so many orders, at least 1: whoever bought but once has little to be won back to. Defaults to
    /// 1, which everyone has.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }
}

impl Template for AtRisk {
    fn title(&self) -> String {
        "at risk".to_owned()
    }

    fn check(&self) -> Result<()> {
        days("silent_days", self.silent_days)?;
        let expected = "more than `silent_days`, at most a hundred years";
        days_after("lapsed_days", self.lapsed_days, self.silent_days, expected)?;
        at_least_one("orders", self.orders)
    }

    fn rule(&self) -> Predicate {
        let silent = feature(Feature::RecencyDays).from_until(self.silent_days, self.lapsed_days);
        if self.orders > 1 { silent.and(feature(Feature::Orders).ge(self.orders)) } else { silent }
    }
}

/// Who is gone?
///
/// Needs the base feature [`RecencyDays`](Feature::RecencyDays). After a year without an order every season has
/// passed once; shops with daily needs take less.
///
/// ```
/// use kohort::segment::catalogue::Lapsed;
///
/// assert_eq!(Lapsed::default().predicate()?.to_string(), "recency_days >= 365");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct Lapsed {
    silent_days: u32,
}

impl Default for Lapsed {
    fn default() -> Self {
        Self { silent_days: 365 }
    }
}

impl Lapsed {
    /// Her last order was at least so many days ago, at least 1. Defaults to 365.
    pub fn silent_days(mut self, days: u32) -> Self {
        self.silent_days = days;
        self
    }
}

impl Template for Lapsed {
    fn title(&self) -> String {
        "lapsed".to_owned()
    }

    fn check(&self) -> Result<()> {
        days("silent_days", self.silent_days)
    }

    fn rule(&self) -> Predicate {
        feature(Feature::RecencyDays).ge(self.silent_days)
    }
}

/// Who came back after a long silence?
///
/// She ordered lately, not once in the silence before that, and some time before the silence. Needs the base features
/// [`RecencyDays`](Feature::RecencyDays) and [`TenureDays`](Feature::TenureDays), and a behaviour over orders. A
/// silence of a year is one after which she was [`Lapsed`]. The stage `reactivated` of
/// [`LifeCycle`](crate::features::LifeCycle) finds some more: those whose silence ended within the last 90 days but
/// began later than 455 days ago.
///
/// ```
/// use kohort::segment::catalogue::Reactivated;
///
/// assert_eq!(
///     Reactivated::default().predicate()?.to_string(),
///     "recency_days < 90 AND COUNT(ORDERS WITHIN '455d_90d') = 0 AND tenure_days >= 455"
/// );
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct Reactivated {
    within_days: u32,
    silent_days: u32,
}

impl Default for Reactivated {
    fn default() -> Self {
        Self { within_days: 90, silent_days: 365 }
    }
}

impl Reactivated {
    /// She ordered in the last so many days, at least 1. Defaults to 90.
    pub fn within_days(mut self, days: u32) -> Self {
        self.within_days = days;
        self
    }

    /// Before these days she did not order for so many, at least 1. Defaults to 365.
    pub fn silent_days(mut self, days: u32) -> Self {
        self.silent_days = days;
        self
    }
}

impl Template for Reactivated {
    fn title(&self) -> String {
        "reactivated".to_owned()
    }

    fn check(&self) -> Result<()> {
        days("within_days", self.within_days)?;
        days("silent_days", self.silent_days)
    }

    fn rule(&self) -> Predicate {
        let before = self.within_days.saturating_add(self.silent_days);
        let silence = Behaviour::orders().within(Window::days_ago(before, self.within_days));
        Predicate::all([
            feature(Feature::RecencyDays).lt(self.within_days),
            did(silence).never(),
            feature(Feature::TenureDays).ge(before),
        ])
    }
}

/// Who bought once and never again?
///
/// Needs the base feature [`Orders`](Feature::Orders); with [`waited_days`](Self::waited_days),
/// [`RecencyDays`](Feature::RecencyDays) as well. The gap between the first order and the second is where shops lose
/// most customers.
///
/// ```
/// use kohort::segment::catalogue::OneTimeBuyer;
///
/// assert_eq!(OneTimeBuyer::default().predicate()?.to_string(), "orders = 1");
/// let missing = OneTimeBuyer::default().waited_days(60).predicate()?;
/// assert_eq!(missing.to_string(), "orders = 1 AND recency_days >= 60");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct OneTimeBuyer {
    waited_days: Option<u32>,
}

impl OneTimeBuyer {
    /// Her order was at least so many days ago, at least 1: she has had time to come again. Defaults to any time.
    pub fn waited_days(mut self, days: u32) -> Self {
        self.waited_days = Some(days);
        self
    }
}

impl Template for OneTimeBuyer {
    fn title(&self) -> String {
        "one-time buyer".to_owned()
    }

    fn check(&self) -> Result<()> {
        self.waited_days.map_or(Ok(()), |waited| days("waited_days", waited))
    }

    fn rule(&self) -> Predicate {
        let once = feature(Feature::Orders).eq(1);
        match self.waited_days {
            Some(days) => once.and(feature(Feature::RecencyDays).ge(days)),
            None => once,
        }
    }
}

templates!(New, Active, Loyal, AtRisk, Lapsed, Reactivated, OneTimeBuyer);
