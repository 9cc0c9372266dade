//! How large segments will be, from some of the customers.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::model::RulesModel;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped, percent};
use crate::numeric::wilson::{Interval, score_interval};
use crate::random::Stream;

/// The probability with which an interval holds the number it is for.
const LEVEL: f64 = 0.95;

/// About how many customers each rule holds for, estimated from some of them.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct SizeEstimates {
    /// All customers.
    pub customers: u64,
    /// How many of them were looked at.
    pub looked_at: u64,
    /// The segments, in the order of the rules.
    pub segments: Vec<SizeEstimate>,
}

/// About how many customers a rule holds for.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct SizeEstimate {
    /// The segment.
    pub segment: String,
    /// For how many of those who were looked at it holds.
    pub seen: u64,
    /// For how many of those nobody can say.
    pub seen_unknown: u64,
    /// The estimated share of all customers.
    pub share: f64,
    /// A range that holds the share with a probability of 95 %.
    pub share_interval: Interval,
    /// The estimated number of customers.
    pub customers: u64,
    /// The least and the most customers of that range, whole and never beyond what was seen.
    pub customers_range: (u64, u64),
}

impl RulesModel {
    /// How large the segments are, about, from a random sample of a table's customers without replacement: before a
    /// segment of millions is used, or while a rule is being written. With at least as many customers to look at as there
    /// are, the sizes are exact.
    ///
    /// The interval is Wilson's for a share, of as many independent customers as tell as much as the sample does: of a finite
    /// number of customers those who were not looked at alone are uncertain, so `n` of `N` count as `n (N − 1) / (N − n)`.
    /// The same seed gives the same sample of the same customers. O(customers looked at · features of the rules).
    ///
    /// ```
    /// use kohort::segment::{Rules, feature};
    /// use kohort::synthetic::Shop;
    /// use kohort::FeatureExtractor;
    ///
    /// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
    /// let rules = Rules::builder().rule("loyal", feature("orders").ge(3)).build()?.fit(&customers)?;
    /// let estimates = rules.estimate(&customers, 200, 1)?;
    /// let size = rules.evaluate(&customers)?.size("loyal")?;
    /// let (least, most) = estimates.segments[0].customers_range;
    /// assert!((least..=most).contains(&size), "{size} of {estimates}");
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`validate`](Self::validate); [`Error::Setting`] for no customer to look at, [`Error::Empty`] for a table
    /// without customers.
    pub fn estimate(&self, table: &FeatureTable, look_at: usize, seed: u64) -> Result<SizeEstimates> {
        if look_at == 0 {
            let expected = "at least 1 customer";
            return Err(Error::Setting { setting: "look_at", found: "0".to_owned(), expected });
        }
        if table.is_empty() {
            let hint = "take the customers of whom the sizes are to be known";
            return Err(Error::Empty { what: "the table for an estimate", hint });
        }
        self.validate(table)?;
        let audiences = if look_at < table.len() {
            let rows = sample(table.len(), look_at, seed);
            self.evaluate(&table.rows_of(&rows, &self.rules.required_features())?)?
        } else {
            self.evaluate(table)?
        };
        let (all, looked_at) = (table.len() as u64, audiences.customers() as u64);
        let estimate = |(name, seen): (&String, u64)| {
            let seen_unknown = audiences.unknown(name)?.count() as u64;
            Ok(SizeEstimate::of(name.clone(), seen, seen_unknown, looked_at, all))
        };
        let segments =
            audiences.names().iter().zip(audiences.sizes()).map(estimate).collect::<Result<_>>()?;
        Ok(SizeEstimates { customers: all, looked_at, segments })
    }
}

impl SizeEstimate {
    fn of(segment: String, seen: u64, seen_unknown: u64, looked_at: u64, all: u64) -> Self {
        let (share, rest) = (seen as f64 / looked_at as f64, all - looked_at);
        let share_interval = if rest == 0 {
            Interval { low: share, high: share }
        } else {
            let effective = looked_at as f64 * (all - 1) as f64 / rest as f64;
            score_interval(share, effective, LEVEL)
        };
        // In and out are at least those who were seen to be.
        let within = |customers: f64| (customers as u64).clamp(seen, seen + rest);
        let customers = |share: f64| share * all as f64;
        Self {
            segment,
            seen,
            seen_unknown,
            share,
            share_interval,
            customers: within(customers(share).round()),
            customers_range: (
                within(customers(share_interval.low).floor()),
                within(customers(share_interval.high).ceil()),
            ),
        }
    }
}

/// So many of the positions below `all`, ascending, each set of them as likely as another: Floyd's algorithm (Bentley &
/// Floyd, CACM 1987). O(count · log count).
fn sample(all: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut stream = Stream::new(seed, "rules estimate", 0);
    let mut chosen = BTreeSet::new();
    for last in all - count.min(all)..all {
        let drawn = stream.below(last as u64 + 1) as usize;
        if !chosen.insert(drawn) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

impl fmt::Display for SizeEstimates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looked_at = grouped(self.looked_at);
        writeln!(f, "{looked_at} of {} customers looked at", grouped(self.customers))?;
        let mut table = TextTable::new(&["<segment", "customers", "from", "to", "share", "unknown"]);
        for estimate in &self.segments {
            let (least, most) = estimate.customers_range;
            table.row([
                estimate.segment.clone(),
                grouped(estimate.customers),
                grouped(least),
                grouped(most),
                percent(Some(estimate.share)),
                percent(Some(estimate.seen_unknown as f64 / self.looked_at as f64)),
            ]);
        }
        write!(f, "{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_sets_of_the_size_asked_for() {
        for (all, count) in [(1, 1), (10, 1), (10, 9), (10, 10), (1_000, 100)] {
            let rows = sample(all, count, 5);
            assert_eq!(rows.len(), count);
            assert!(rows.is_sorted_by(|a, b| a < b) && rows.iter().all(|row| *row < all));
        }
        assert_eq!(sample(10, 10, 3), (0..10).collect::<Vec<_>>());
    }

    /// Each pair of five is drawn as often as another: a tenth of the time, within four standard errors.
    #[test]
    fn every_set_is_as_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..20_000 {
            *counts.entry(sample(5, 2, seed)).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 10);
        assert!(counts.values().all(|count| (count - 2_000).abs() < 170), "{counts:?}");
    }

    #[test]
    fn samples_are_frozen() {
        assert_eq!(sample(1_000_000, 4, 1), sample(1_000_000, 4, 1));
        assert_ne!(sample(1_000_000, 4, 1), sample(1_000_000, 4, 2));
    }
}
