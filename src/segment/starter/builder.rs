//! What a user says of the starter segments, checked once, and the fit.

use super::choice::{Cell, cells, choose};
use super::condition::{Candidate, Comparison, Condition, StarterSegment, patterns};
use super::model::{DroppedSegment, StarterModel};
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::{Feature, FeatureTable};
use crate::segment::number::{NumericFeature, both};
use crate::segment::quantile::{Quantile, quantiles_of};

/// The column by which economics marks customers who look rich and earn little.
const RICH_BUT_RETURNING: &str = "rich_but_returning";
/// The column of what each customer earns, as economics adds it.
const CONTRIBUTION: &str = "contribution";

/// How long ago the last order of a loyal customer may be.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum LoyalRecency {
    /// Up to a quantile of the recency of all customers with an order, learned in the fit.
    Quantile(f64),
    /// Up to so many days.
    Days(u32),
}

/// Starter segments that are ready to be fitted. The [module](crate::segment::starter) has the conditions.
#[derive(Clone, PartialEq, Debug)]
pub struct StarterSegments {
    settings: StarterSegmentsBuilder,
}

/// Settings of [`StarterSegments`].
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct StarterSegmentsBuilder {
    new_within_days: u32,
    high_spend_feature: String,
    high_spend_quantile: f64,
    loyal_orders: u32,
    loyal_recency: LoyalRecency,
    price_sensitive_share: f64,
    price_sensitive_orders: u32,
    max_segments: usize,
    min_share: f64,
    names: [String; 6],
}

impl StarterSegments {
    /// Begins starter segments.
    pub fn builder() -> StarterSegmentsBuilder {
        StarterSegmentsBuilder {
            new_within_days: 90,
            high_spend_feature: Feature::Net.name().to_owned(),
            high_spend_quantile: 0.8,
            loyal_orders: 3,
            loyal_recency: LoyalRecency::Quantile(0.75),
            price_sensitive_share: 0.2,
            price_sensitive_orders: 2,
            max_segments: 4,
            min_share: 0.01,
            names: StarterSegment::ALL.map(|segment| segment.default_name().to_owned()),
        }
    }

    /// Learns cut points, and which segments a table's customers are best told apart by.
    ///
    /// O(customers) time, two bytes a customer of memory.
    ///
    /// # Errors
    /// [`Error::Empty`] where no customer has a recency or none who has one has the spend feature,
    /// [`Error::MissingFeature`] for `recency_days`, `tenure_days`, `orders` or the spend feature,
    /// [`Error::FeatureType`] for text.
    pub fn fit(&self, table: &FeatureTable) -> Result<StarterModel> {
        let settings = &self.settings;
        let recency = NumericFeature::of(table, Feature::RecencyDays.name())?;
        let customers = recency.present.map_or(table.len(), Bitmap::count) as u64;
        if customers == 0 {
            return Err(Error::Empty {
                what: "the table's customers with a recency",
                hint: "check the log and its as_of",
            });
        }
        let (candidates, mut dropped) = self.candidates(table, recency)?;
        let value = if table.has(CONTRIBUTION) { CONTRIBUTION } else { &settings.high_spend_feature };
        let cells: Vec<Cell> = cells(table, &patterns(table, &candidates)?, value)?;
        let must_keep = |candidate: &Candidate| candidate.segment == StarterSegment::RichButReturning;
        let forced = candidates.iter().position(must_keep).map_or(0, |bit| 1 << bit);
        let choice = choose(&cells, candidates.len(), forced, settings.max_segments, settings.min_share);
        let mut kept = Vec::new();
        for (bit, candidate) in candidates.into_iter().enumerate() {
            if choice.kept >> bit & 1 == 1 {
                kept.push(candidate);
            } else {
                let reason = choice.reason(&cells, bit, value, settings.max_segments, settings.min_share);
                dropped.push(DroppedSegment { segment: candidate.segment, name: candidate.name, reason });
            }
        }
        dropped.sort_by_key(|dropped| dropped.segment as usize);
        Ok(StarterModel {
            kept,
            rest: settings.name(StarterSegment::Occasional),
            value: value.to_owned(),
            dropped,
            customers,
        })
    }

    /// The segments that the table's features allow, in order, and those that they do not.
    fn candidates(
        &self,
        table: &FeatureTable,
        recency: NumericFeature<'_>,
    ) -> Result<(Vec<Candidate>, Vec<DroppedSegment>)> {
        use Comparison::{Above, AtLeast, AtMost, Below};

        let settings = &self.settings;
        let learned = |feature: NumericFeature<'_>, share: f64| {
            let present = both(recency.present, feature.present);
            let found = quantiles_of(feature, present.as_ref(), &[Quantile::Share(share)]);
            found.and_then(|found| found.first().copied()).ok_or(Error::Empty {
                what: "a feature of the starter segments",
                hint: "no customer with an order has a value in it; choose another feature",
            })
        };
        let spend = &settings.high_spend_feature;
        let spend_cut = learned(NumericFeature::of(table, spend)?, settings.high_spend_quantile)?;
        let recency_bound = match settings.loyal_recency {
            LoyalRecency::Quantile(share) => learned(recency, share)?,
            LoyalRecency::Days(days) => f64::from(days),
        };
        let orders = |least: u32| Condition::new(Feature::Orders, AtLeast, f64::from(least));
        let all = [
            (StarterSegment::RichButReturning, vec![Condition::new(RICH_BUT_RETURNING, AtLeast, 1.0)]),
            (
                StarterSegment::New,
                vec![Condition::new(Feature::TenureDays, Below, f64::from(settings.new_within_days))],
            ),
            (StarterSegment::HighSpend, vec![Condition::new(spend, Above, spend_cut)]),
            (
                StarterSegment::Loyal,
                vec![
                    orders(settings.loyal_orders),
                    Condition::new(Feature::RecencyDays, AtMost, recency_bound),
                ],
            ),
            (
                StarterSegment::PriceSensitive,
                vec![
                    Condition::new(Feature::DiscountShare, AtLeast, settings.price_sensitive_share),
                    orders(settings.price_sensitive_orders),
                ],
            ),
        ];
        let (mut candidates, mut dropped) = (Vec::new(), Vec::new());
        for (segment, conditions) in all {
            let name = settings.name(segment);
            let optional =
                matches!(segment, StarterSegment::RichButReturning | StarterSegment::PriceSensitive);
            match conditions.iter().find(|condition| optional && !table.has(&condition.feature)) {
                Some(Condition { feature, .. }) => {
                    let reason = format!("the table has no feature `{feature}`");
                    dropped.push(DroppedSegment { segment, name, reason });
                }
                None => candidates.push(Candidate { segment, name, conditions }),
            }
        }
        Ok((candidates, dropped))
    }
}

impl StarterSegmentsBuilder {
    /// A customer is new whose first order is fewer days ago than this, at least 1. Defaults to 90.
    pub fn new_within_days(mut self, days: u32) -> Self {
        self.new_within_days = days;
        self
    }

    /// The feature by which customers spend much: any number. Defaults to `net`.
    pub fn high_spend_feature(mut self, feature: impl AsRef<str>) -> Self {
        feature.as_ref().clone_into(&mut self.high_spend_feature);
        self
    }

    /// The quantile (type 7) above which spending is high, between 0 and 1, over customers with an order. Defaults to
    /// 0.8.
    pub fn high_spend_quantile(mut self, share: f64) -> Self {
        self.high_spend_quantile = share;
        self
    }

    /// A loyal customer has at least so many orders, at least 1. Defaults to 3.
    pub fn loyal_orders(mut self, orders: u32) -> Self {
        self.loyal_orders = orders;
        self
    }

    /// How long ago the last order of a loyal customer may be. Defaults to the 75 % quantile, that is not among the
    /// quarter that was away longest.
    pub fn loyal_recency(mut self, bound: LoyalRecency) -> Self {
        self.loyal_recency = bound;
        self
    }

    /// The discounts that a price-sensitive customer gets, as a share of the list value of what she buys
    /// (`discount_share`), above 0 and at most 1. Defaults to 0.2, a fifth off on average.
    pub fn price_sensitive_share(mut self, share: f64) -> Self {
        self.price_sensitive_share = share;
        self
    }

    /// A price-sensitive customer has at least so many orders, at least 1: one bargain is not a habit. Defaults to 2.
    pub fn price_sensitive_orders(mut self, orders: u32) -> Self {
        self.price_sensitive_orders = orders;
        self
    }

    /// The most segments there may be, the rest among them, at least 2. Defaults to 4.
    pub fn max_segments(mut self, segments: usize) -> Self {
        self.max_segments = segments;
        self
    }

    /// The least share of the customers with an order that a segment must have to be acted on, from 0 to 0.5; the rest
    /// and *rich but returning* are exempt. Defaults to 0.01.
    pub fn min_share(mut self, share: f64) -> Self {
        self.min_share = share;
        self
    }

    /// The name of a segment, in any language. Defaults to [`StarterSegment::default_name`].
    pub fn name_of(mut self, segment: StarterSegment, name: impl Into<String>) -> Self {
        self.names[segment as usize] = name.into();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn build(self) -> Result<StarterSegments> {
        let check = |holds: bool, setting, found: &dyn std::fmt::Display, expected| {
            if holds { Ok(()) } else { Err(Error::Setting { setting, found: found.to_string(), expected }) }
        };
        let inner = |share: f64| share.is_finite() && share > 0.0 && share < 1.0;
        check(self.new_within_days >= 1, "new_within_days", &self.new_within_days, "at least 1 day")?;
        check(
            inner(self.high_spend_quantile),
            "high_spend_quantile",
            &self.high_spend_quantile,
            "a share between 0 and 1",
        )?;
        check(self.loyal_orders >= 1, "loyal_orders", &self.loyal_orders, "at least 1 order")?;
        if let LoyalRecency::Quantile(share) = self.loyal_recency {
            check(inner(share), "loyal_recency", &share, "a share between 0 and 1")?;
        }
        let share = self.price_sensitive_share;
        check(
            share.is_finite() && share > 0.0 && share <= 1.0,
            "price_sensitive_share",
            &share,
            "a share above 0 and at most 1",
        )?;
        let orders = self.price_sensitive_orders;
        check(orders >= 1, "price_sensitive_orders", &orders, "at least 1 order")?;
        check(
            self.max_segments >= 2,
            "max_segments",
            &self.max_segments,
            "at least 2, one of them the rest",
        )?;
        let share = self.min_share;
        check(
            share.is_finite() && (0.0..=0.5).contains(&share),
            "min_share",
            &share,
            "a share from 0 to 0.5",
        )?;
        for (position, name) in self.names.iter().enumerate() {
            let distinct = !name.trim().is_empty() && !self.names[..position].contains(name);
            check(distinct, "name_of", &format_args!("`{name}`"), "distinct names with text")?;
        }
        Ok(StarterSegments { settings: self })
    }

    fn name(&self, segment: StarterSegment) -> String {
        self.names[segment as usize].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused() {
        type Setter = fn(StarterSegmentsBuilder) -> StarterSegmentsBuilder;
        let wrong: [(&str, Setter); 12] = [
            ("new_within_days", |b| b.new_within_days(0)),
            ("high_spend_quantile", |b| b.high_spend_quantile(1.0)),
            ("high_spend_quantile", |b| b.high_spend_quantile(f64::NAN)),
            ("loyal_orders", |b| b.loyal_orders(0)),
            ("loyal_recency", |b| b.loyal_recency(LoyalRecency::Quantile(f64::NAN))),
            ("price_sensitive_share", |b| b.price_sensitive_share(0.0)),
            ("price_sensitive_share", |b| b.price_sensitive_share(f64::INFINITY)),
            ("price_sensitive_orders", |b| b.price_sensitive_orders(0)),
            ("max_segments", |b| b.max_segments(1)),
            ("min_share", |b| b.min_share(f64::NAN)),
            ("name_of", |b| b.name_of(StarterSegment::Loyal, "new")),
            ("name_of", |b| b.name_of(StarterSegment::Loyal, " ")),
        ];
        for (setting, wrong) in wrong {
            let refused = wrong(StarterSegments::builder()).build().unwrap_err().to_string();
            assert!(refused.starts_with(&format!("setting `{setting}` is ")), "{refused}");
        }
    }
}
