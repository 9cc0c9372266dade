//! Exclusive sets of templates: each customer in one segment.

use super::life_cycle::{Active, AtRisk, Lapsed, Loyal, New, Reactivated};
use super::template::Template;
use super::value::{HighSpender, PriceSensitive};
use crate::error::Result;
use crate::segment::StarterSegment;
use crate::segment::rules::{Waterfall, WaterfallBuilder};

/// Adds a template as a step under a name.
fn step(waterfall: WaterfallBuilder, name: &str, template: &impl Template) -> Result<WaterfallBuilder> {
    template.check()?;
    Ok(waterfall.step(name, template.rule()))
}

/// New, high-spend, loyal and price-sensitive customers, and the rest: a set to start with, of which each customer is
/// in the first she meets.
///
/// The names and their order are those of [`StarterSegments`](crate::segment::StarterSegments). That one looks which
/// of them tell the customers at hand apart and drops the others; this one is the same set for every shop and month,
/// and each of its rules can be changed, read and explained.
///
/// Needs the base features `net`, `orders`, `recency_days` and `tenure_days`, and the family
/// [`prices`](crate::features::FeatureExtractorBuilder::prices).
///
/// ```
/// use kohort::segment::Segmenter;
/// use kohort::segment::catalogue::{New, StarterSet};
/// use kohort::synthetic::Shop;
/// use kohort::FeatureExtractor;
///
/// let log = Shop::builder().customers(500).build()?.generate()?.log;
/// let customers = FeatureExtractor::builder(log.as_of_end()?).prices().build()?.extract(&log)?;
/// let set = StarterSet::default().newcomers(New::default().within_days(60)).waterfall()?;
/// assert_eq!(
///     set.rules().to_string(),
///     "new: tenure_days < 60\n\
///      high-spend: net > PERCENTILE(80)\n\
///      loyal: orders >= 3 AND tenure_days >= 30 AND recency_days < 90\n\
///      price-sensitive: gross_on_discount_share > 0.5 AND orders >= 2\n"
/// );
/// let segments = set.fit(&customers)?.segment(&customers)?;
/// assert_eq!(segments.names(), ["new", "high-spend", "loyal", "price-sensitive", "occasional"]);
/// assert_eq!(segments.sizes().iter().sum::<u64>(), 500);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
#[must_use = "a set does nothing until its waterfall is taken"]
pub struct StarterSet {
    newcomers: New,
    high_spend: HighSpender,
    loyal: Loyal,
    price_sensitive: PriceSensitive,
}

impl StarterSet {
    /// Who is new. Defaults to [`New::default`].
    pub fn newcomers(mut self, template: New) -> Self {
        self.newcomers = template;
        self
    }

    /// Who spends much. Defaults to [`HighSpender::default`].
    pub fn high_spend(mut self, template: HighSpender) -> Self {
        self.high_spend = template;
        self
    }

    /// Who is loyal. Defaults to [`Loyal::default`].
    pub fn loyal(mut self, template: Loyal) -> Self {
        self.loyal = template;
        self
    }

    /// Who is price-sensitive. Defaults to [`PriceSensitive::default`].
    pub fn price_sensitive(mut self, template: PriceSensitive) -> Self {
        self.price_sensitive = template;
        self
    }

    /// The set as a waterfall; its rest is `occasional`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a setting of a template that is out of range.
    pub fn waterfall(&self) -> Result<Waterfall> {
        let name = StarterSegment::default_name;
        let waterfall = Waterfall::builder();
        let waterfall = step(waterfall, name(StarterSegment::New), &self.newcomers)?;
        let waterfall = step(waterfall, name(StarterSegment::HighSpend), &self.high_spend)?;
        let waterfall = step(waterfall, name(StarterSegment::Loyal), &self.loyal)?;
        let waterfall = step(waterfall, name(StarterSegment::PriceSensitive), &self.price_sensitive)?;
        waterfall.rest(name(StarterSegment::Occasional)).build()
    }
}

/// The stages of a customer's life with the shop: lapsed, at risk, new, reactivated, loyal, active, of which each
/// customer is in the first she meets.
///
/// The same as the feature [`life_cycle`](crate::features::FeatureExtractorBuilder::life_cycle) by its defaults, but
/// that [`Reactivated`] finds a few less; it is for those who want to read and explain the rules, or to mix in their
/// own. Who never ordered is in the rest, `no order`.
///
/// Needs the base features `orders`, `recency_days` and `tenure_days`, and a behaviour over orders.
///
/// ```
/// use kohort::segment::catalogue::{AtRisk, LifeCycleSet};
///
/// let set = LifeCycleSet::default().waterfall()?;
/// assert_eq!(
///     set.rules().to_string(),
///     "lapsed: recency_days >= 365\n\
///      at risk: recency_days >= 90 AND recency_days < 365\n\
///      new: tenure_days < 30\n\
///      reactivated: recency_days < 90 AND COUNT(ORDERS WITHIN '455d_90d') = 0 AND tenure_days >= 455\n\
///      loyal: orders >= 3 AND tenure_days >= 30 AND recency_days < 90\n\
///      active: recency_days < 90\n"
/// );
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
#[must_use = "a set does nothing until its waterfall is taken"]
pub struct LifeCycleSet {
    lapsed: Lapsed,
    at_risk: AtRisk,
    newcomers: New,
    reactivated: Reactivated,
    loyal: Loyal,
    active: Active,
}

impl LifeCycleSet {
    /// Who has lapsed. Defaults to [`Lapsed::default`].
    pub fn lapsed(mut self, template: Lapsed) -> Self {
        self.lapsed = template;
        self
    }

    /// Who is at risk. Defaults to [`AtRisk::default`].
    pub fn at_risk(mut self, template: AtRisk) -> Self {
        self.at_risk = template;
        self
    }

    /// Who is new. Defaults to [`New::default`].
    pub fn newcomers(mut self, template: New) -> Self {
        self.newcomers = template;
        self
    }

    /// Who is back. Defaults to [`Reactivated::default`].
    pub fn reactivated(mut self, template: Reactivated) -> Self {
        self.reactivated = template;
        self
    }

    /// Who is loyal. Defaults to [`Loyal::default`].
    pub fn loyal(mut self, template: Loyal) -> Self {
        self.loyal = template;
        self
    }

    /// Who is active. Defaults to [`Active::default`].
    pub fn active(mut self, template: Active) -> Self {
        self.active = template;
        self
    }

    /// The set as a waterfall; its rest is `no order`. Days that leave a gap between the stages put customers of the
    /// gap there as well.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a setting of a template that is out of range.
    pub fn waterfall(&self) -> Result<Waterfall> {
        let waterfall = Waterfall::builder();
        let waterfall = step(waterfall, &self.lapsed.title(), &self.lapsed)?;
        let waterfall = step(waterfall, &self.at_risk.title(), &self.at_risk)?;
        let waterfall = step(waterfall, &self.newcomers.title(), &self.newcomers)?;
        let waterfall = step(waterfall, &self.reactivated.title(), &self.reactivated)?;
        let waterfall = step(waterfall, &self.loyal.title(), &self.loyal)?;
        let waterfall = step(waterfall, &self.active.title(), &self.active)?;
        waterfall.rest("no order").build()
    }
}
