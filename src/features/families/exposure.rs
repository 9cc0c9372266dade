//! Effective exposure: how much a customer's order lines, by their age, can already tell of returns.
//!
//! A line that went out yesterday has not been kept, it is on its way. Counted as one line that did not come back it makes
//! every young customer look good. Here a line counts by the share of its returns that would have been seen by now. How
//! that share grows with age is learned elsewhere and handed over as an [`Exposure`].

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::features::customer::Customer;
use crate::features::derive::{Part, TooLarge};
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Ratios, Source};
use crate::features::lines::Needs;
use crate::features::requirements::column_of;
use crate::transaction::{Attribute, DAY, LineKind, Returns};

/// The column.
const LINES_EXPOSED: &str = "lines_exposed";

/// A line counts in whole parts of this many, so that sums are exact and customers with equal sums are equal.
const PARTS: usize = 16;

/// How much of an order line's returns has been seen by its age, in sixteenths.
///
/// Set on an extractor ([`return_lag`](crate::features::FeatureExtractorBuilder::return_lag)). It comes from a
/// [fitted lag of returns](crate::economics::returns::ReturnLagModel), from a list of shares by day, or from a number of
/// days after which all is taken to be in.
///
/// A share is rounded to the nearest sixteenth: a line of which more than 31/32 of the returns have been seen counts
/// whole.
///
/// ```
/// use kohort::features::Exposure;
/// use kohort::synthetic::Shop;
/// use kohort::FeatureExtractor;
///
/// let log = Shop::builder().customers(200).build()?.generate()?.log;
/// // A quarter comes back in less than a day, half in less than two days, all in less than three.
/// let exposure = Exposure::by_day(&[0.25, 0.5, 1.0])?;
/// let customers = FeatureExtractor::builder(log.as_of_end()?).return_lag(exposure).build()?.extract(&log)?;
/// let (lines, exposed) = (customers.column("lines")?, customers.column("lines_exposed")?);
/// assert!((0..customers.len()).all(|row| exposed.number(row) <= lines.number(row)));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exposure {
    shop: Steps,
    by: Option<(Attribute, BTreeMap<String, Steps>)>,
}

/// From what time before the moment on a line counts one sixteenth, two, and so on; ascending, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Steps([i64; PARTS]);

impl Exposure {
    /// Lines older than so many days count whole, younger ones not at all: `lines_exposed` is then `lines_mature` of that
    /// [maturity](crate::features::FeatureExtractorBuilder::maturity_days).
    #[must_use]
    pub fn after_days(days: u32) -> Self {
        Self { shop: Steps([i64::from(days) * DAY + 1; PARTS]), by: None }
    }

    /// From the share of the returns that come in less than one day of 24 hours after the sale, in less than two, and so
    /// on; the last is 1. Within a day the share grows evenly. An empty list says that all is seen at once.
    ///
    /// # Errors
    /// [`Error::Setting`] where a share is not between 0 and 1 or below the one before it, or the last is not 1.
    pub fn by_day(shares: &[f64]) -> Result<Self> {
        Ok(Self { shop: Steps::by_day(shares)?, by: None })
    }

    /// The same with lists of their own for some levels of an attribute; lines of other levels count as the shop's.
    pub(crate) fn by_level<'s>(
        self,
        attribute: Attribute,
        levels: impl IntoIterator<Item = (&'s str, &'s [f64])>,
    ) -> Result<Self> {
        let steps = levels.into_iter().map(|(level, shares)| Ok((level.to_owned(), Steps::by_day(shares)?)));
        Ok(Self { by: Some((attribute, steps.collect::<Result<_>>()?)), ..self })
    }
}

impl Steps {
    fn by_day(shares: &[f64]) -> Result<Self> {
        let ascending = shares.windows(2).all(|pair| pair[0] <= pair[1]);
        let ends = shares.last().is_none_or(|last| last.total_cmp(&1.0).is_eq());
        if !(ascending && ends && shares.iter().all(|share| (0.0..=1.0).contains(share))) {
            return Err(Error::Setting {
                setting: "shares",
                found: format!("{shares:?}"),
                expected: "shares that ascend from 0 or more to 1",
            });
        }
        let mut steps = [shares.len() as i64 * DAY; PARTS];
        if shares.is_empty() {
            return Ok(Self(steps));
        }
        let mut day = 0;
        for (step, part) in steps.iter_mut().zip(0_u8..) {
            // Half-way to the next sixteenth.
            let share = f64::from(2 * part + 1) / (2 * PARTS) as f64;
            while shares[day] < share {
                day += 1;
            }
            let before = if day == 0 { 0.0 } else { shares[day - 1] };
            let into = (share - before) / (shares[day] - before) * DAY as f64;
            *step = day as i64 * DAY + (into.ceil() as i64).min(DAY);
        }
        Ok(Self(steps))
    }

    /// The sixteenths of a line that was sold so many microseconds before the moment.
    #[inline]
    fn count(&self, age: i64) -> u64 {
        self.0.iter().map(|step| u64::from(*step <= age)).sum()
    }
}

impl Family for Exposure {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let lacks = |needs| Err(Error::FeatureNeeds { feature: LINES_EXPOSED.to_owned(), needs });
        if *source.log.rules().returns() == Returns::NotRecorded {
            return lacks("a record of returns");
        }
        let mut plan = ExposurePlan {
            as_of: source.as_of.micros(),
            attribute: None,
            curves: vec![self.shop],
            curve_of: Vec::new(),
        };
        if let Some((attribute, levels)) = &self.by {
            let Some(texts) = source.log.attribute(*attribute) else { return lacks(column_of(*attribute)) };
            plan.attribute = Some(*attribute);
            for text in texts.levels.iter() {
                plan.curve_of.push(levels.get(text).map_or(0, |steps| {
                    plan.curves.push(*steps);
                    plan.curves.len() as u32 - 1
                }));
            }
        }
        Ok(Box::new(plan))
    }
}

struct ExposurePlan {
    as_of: i64,
    attribute: Option<Attribute>,
    /// The shop's, then those of levels.
    curves: Vec<Steps>,
    /// The curve of each level of the log.
    curve_of: Vec<u32>,
}

impl Plan for ExposurePlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        vec![ColumnPlan::number(LINES_EXPOSED)]
    }

    fn needs(&self) -> Needs {
        self.attribute.map_or(Needs::NONE, Needs::text)
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(ExposureMeasure { plan: self, lines: Ratios::new(1) })
    }
}

struct ExposureMeasure<'p> {
    plan: &'p ExposurePlan,
    lines: Ratios,
}

impl Measure for ExposureMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        let plan = self.plan;
        let codes = plan.attribute.map(|attribute| customer.text(attribute)).unwrap_or_default();
        let lines = &customer.lines;
        let sales = lines.lines().filter(|line| lines.kind(*line) == LineKind::Sale);
        let sixteenths: u64 = sales
            .map(|line| {
                // No level, and one that the model does not know, has the shop's curve.
                let curve = codes.get(line).and_then(|code| plan.curve_of.get(*code as usize));
                let steps = &plan.curves[curve.copied().unwrap_or_default() as usize];
                steps.count(plan.as_of - lines.time[line]) * lines.count(line)
            })
            .sum();
        self.lines.push([Some(sixteenths as f64 / PARTS as f64)]);
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        Ok(self.lines.take())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_counts_by_the_nearest_sixteenth_of_its_share() {
        // Evenly over four days: a sixteenth every six hours, the first after three.
        let steps = Steps::by_day(&[0.25, 0.5, 0.75, 1.0]).unwrap();
        let hours = |hours: i64| steps.count(hours * DAY / 24);
        assert_eq!([hours(0), hours(2), hours(3), hours(8), hours(9)], [0, 0, 1, 1, 2]);
        assert_eq!([hours(48), hours(92), hours(93), hours(96), hours(10_000)], [8, 15, 16, 16, 16]);
    }

    #[test]
    fn shares_may_stand_still_and_jump() {
        let steps = Steps::by_day(&[0.0, 0.0, 0.5, 0.5, 0.5, 1.0]).unwrap();
        let day = |day: i64| steps.count(day * DAY);
        assert_eq!([day(0), day(2), day(3), day(5), day(6)], [0, 0, 8, 8, 16]);
        assert_eq!(steps.count(5 * DAY + DAY / 2), 12);
        assert_eq!(Steps::by_day(&[]).unwrap().count(0), 16, "all is seen at once");
        assert_eq!(Steps::by_day(&[1.0]).unwrap().count(1), 0);
    }

    #[test]
    fn days_alone_are_a_step() {
        let Exposure { shop, .. } = Exposure::after_days(60);
        assert_eq!((shop.count(60 * DAY), shop.count(60 * DAY + 1)), (0, 16));
    }

    #[test]
    fn lists_that_are_no_distribution_are_refused() {
        for shares in [&[0.5][..], &[0.5, 0.4, 1.0], &[f64::NAN, 1.0], &[-0.1, 1.0], &[1.0, 1.1], &[f64::NAN]]
        {
            assert!(
                matches!(Exposure::by_day(shares), Err(Error::Setting { setting: "shares", .. })),
                "{shares:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn sixteenths_are_the_rounded_share_at_every_age(
            parts in prop::collection::vec(0.0_f64..1.0, 1..40), age in 0.0_f64..45.0,
        ) {
            let total: f64 = parts.iter().sum();
            prop_assume!(total > 1e-6);
            let mut shares: Vec<f64> =
                parts.iter().scan(0.0, |sum, part| { *sum += part; Some((*sum / total).min(1.0)) }).collect();
            *shares.last_mut().unwrap() = 1.0;
            let day = age as usize;
            let at = |day: usize| if day == 0 { 0.0 } else { shares.get(day - 1).copied().unwrap_or(1.0) };
            let share = at(day) + age.fract() * (at(day + 1) - at(day));
            let found = Steps::by_day(&shares).unwrap().count((age * DAY as f64) as i64);
            prop_assert!((found as f64 - 16.0 * share).abs() <= 0.5 + 1e-6, "{found} of {share}");
        }
    }
}
