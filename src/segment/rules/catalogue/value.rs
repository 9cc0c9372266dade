//! What a customer brings: high spending, discounts, returns, and what is left.

use super::template::{Template, at_least_one, percentile, share, templates, text};
use crate::error::Result;
use crate::features::Feature;
use crate::segment::rules::{Predicate, feature};
use crate::transaction::Money;

/// Who spends more than most?
///
/// Needs the base feature [`Net`](Feature::Net), or the one that is said. A fifth is the rule of thumb after Pareto;
/// of the public data set *Online Retail*, that fifth of the customers brings three quarters of the sales. The cut
/// point is learned in the fit and kept.
///
/// ```
/// use kohort::segment::catalogue::HighSpender;
///
/// assert_eq!(HighSpender::default().predicate()?.to_string(), "net > PERCENTILE(80)");
/// let earners = HighSpender::default().feature("contribution").above_percentile(90.0).predicate()?;
/// assert_eq!(earners.to_string(), "contribution > PERCENTILE(90)");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct HighSpender {
    feature: String,
    above_percentile: f64,
}

impl Default for HighSpender {
    fn default() -> Self {
        Self { feature: Feature::Net.name().to_owned(), above_percentile: 80.0 }
    }
}

impl HighSpender {
    /// What she has more of than most: money, or any number. Defaults to `net`, what is left after discounts and
    /// returns; `gross` counts what came back as spent.
    pub fn feature(mut self, feature: impl AsRef<str>) -> Self {
        feature.as_ref().clone_into(&mut self.feature);
        self
    }

    /// The percentile above which it is much, between 0 and 100, of the customers of the fit. Defaults to 80.
    pub fn above_percentile(mut self, percentile: f64) -> Self {
        self.above_percentile = percentile;
        self
    }
}

impl Template for HighSpender {
    fn title(&self) -> String {
        "high spender".to_owned()
    }

    fn check(&self) -> Result<()> {
        text("feature", &self.feature)?;
        percentile("above_percentile", self.above_percentile)
    }

    fn rule(&self) -> Predicate {
        feature(&self.feature).above_percentile(self.above_percentile)
    }
}

/// Who buys mostly on discount?
///
/// Needs `gross_on_discount_share` of the family [`prices`](crate::features::FeatureExtractorBuilder::prices) and the
/// base feature [`Orders`](Feature::Orders). Most is more than half, and one bargain is no habit. She may buy on
/// discount because discounts are all that she was shown: who would pay the full price only an experiment tells.
///
/// ```
/// use kohort::segment::catalogue::PriceSensitive;
///
/// let rule = PriceSensitive::default().predicate()?;
/// assert_eq!(rule.to_string(), "gross_on_discount_share > 0.5 AND orders >= 2");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct PriceSensitive {
    above_share: f64,
    orders: u32,
}

impl Default for PriceSensitive {
    fn default() -> Self {
        Self { above_share: 0.5, orders: 2 }
    }
}

impl PriceSensitive {
    /// More than this share of what she buys is on discount, by value; from 0 to less than 1. Defaults to 0.5.
    pub fn above_share(mut self, share: f64) -> Self {
        self.above_share = share;
        self
    }

    /// She has at least so many orders, at least 1. Defaults to 2.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }
}

impl Template for PriceSensitive {
    fn title(&self) -> String {
        "price-sensitive".to_owned()
    }

    fn check(&self) -> Result<()> {
        let holds = (0.0..1.0).contains(&self.above_share);
        super::template::check(holds, "above_share", self.above_share, "a share from 0 to less than 1")?;
        at_least_one("orders", self.orders)
    }

    fn rule(&self) -> Predicate {
        let on_discount = feature("gross_on_discount_share").gt(self.above_share);
        on_discount.and(feature(Feature::Orders).ge(self.orders))
    }
}

/// Who sends most of it back, as far as the evidence goes?
///
/// Needs `return_rate_low` of [`Economics::enrich`](crate::Economics::enrich): the return rate that hers is above
/// with a probability of 95 %, given what she bought and how others return. The raw rate of someone who sent back her
/// only parcel is one; this does not take her in, and it does not hold lines against her that may yet come back. Half
/// of all lines is more than even shops for fashion see on average.
///
/// ```
/// use kohort::segment::catalogue::SerialReturner;
///
/// assert_eq!(SerialReturner::default().predicate()?.to_string(), "return_rate_low >= 0.5");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct SerialReturner {
    rate: f64,
}

impl Default for SerialReturner {
    fn default() -> Self {
        Self { rate: 0.5 }
    }
}

impl SerialReturner {
    /// The share of order lines that she returns, at least, above 0 and at most 1. Defaults to 0.5.
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }
}

impl Template for SerialReturner {
    fn title(&self) -> String {
        "serial returner".to_owned()
    }

    fn check(&self) -> Result<()> {
        share("rate", self.rate)
    }

    fn rule(&self) -> Predicate {
        feature("return_rate_low").ge(self.rate)
    }
}

/// Who looks rich by sales and earns the shop nothing?
///
/// Needs the base feature [`Gross`](Feature::Gross), and `contribution` of
/// [`Economics::enrich`](crate::Economics::enrich). The fifth with the largest sales is whom campaigns go to. Those
/// who are so because of their returns are marked by `rich_but_returning`, another column that economics adds; there
/// are other ways to earn nothing, such as deep discounts and many small parcels.
///
/// ```
/// use kohort::segment::catalogue::RichButUnprofitable;
///
/// let rule = RichButUnprofitable::default().predicate()?;
/// assert_eq!(rule.to_string(), "gross > PERCENTILE(80) AND contribution <= 0");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct RichButUnprofitable {
    above_percentile: f64,
    contribution: Money,
}

impl Default for RichButUnprofitable {
    fn default() -> Self {
        Self { above_percentile: 80.0, contribution: Money::ZERO }
    }
}

impl RichButUnprofitable {
    /// The percentile of gross sales above which she looks rich, between 0 and 100, of the customers of the fit.
    /// Defaults to 80.
    pub fn above_percentile(mut self, percentile: f64) -> Self {
        self.above_percentile = percentile;
        self
    }

    /// What she earns the shop at most. Defaults to nothing.
    pub fn contribution(mut self, most: Money) -> Self {
        self.contribution = most;
        self
    }
}

impl Template for RichButUnprofitable {
    fn title(&self) -> String {
        "rich but unprofitable".to_owned()
    }

    fn check(&self) -> Result<()> {
        percentile("above_percentile", self.above_percentile)
    }

    fn rule(&self) -> Predicate {
        let rich = feature(Feature::Gross).above_percentile(self.above_percentile);
        rich.and(feature("contribution").le(self.contribution))
    }
}

templates!(HighSpender, PriceSensitive, SerialReturner, RichButUnprofitable);
