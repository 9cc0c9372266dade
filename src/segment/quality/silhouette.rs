//! What a silhouette says: of all customers, of each segment, in words.

use std::fmt;

use serde::Serialize;

use super::points::SegmentedPoints;
use crate::layout::{TextTable, grouped, percent};

/// How a silhouette was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum SilhouetteMethod {
    /// From the distances of all pairs of customers.
    Exact,
    /// From those of a sample.
    Sampled,
    /// From the distances to the segments' centres.
    Simplified,
}

/// What structure a silhouette speaks for, by the rule of thumb of Kaufman & Rousseeuw (*Finding Groups in Data*, 1990,
/// table 4). It holds for silhouettes of all pairs and samples of them, not for simplified ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub enum Separation {
    /// Up to 0.25: no substantial structure was found.
    Absent,
    /// Above 0.25: weak, and could be artificial; look at it by other means.
    Weak,
    /// Above 0.50: a reasonable structure.
    Reasonable,
    /// Above 0.70: a strong structure.
    Strong,
}

/// How much nearer customers are to their own segment than to the next: −1 to 1, and high is good.
///
/// Made by [`SegmentedPoints::silhouette`], which says what a customer's silhouette is,
/// [`sampled_silhouette`](SegmentedPoints::sampled_silhouette) and
/// [`simplified_silhouette`](SegmentedPoints::simplified_silhouette). It prints as a table.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Silhouette {
    method: SilhouetteMethod,
    overall: Option<f64>,
    standard_error: Option<f64>,
    below_zero: Option<f64>,
    customers: u64,
    measured: u64,
    unassigned: u64,
    segments: Vec<SegmentSilhouette>,
}

/// The silhouettes of one segment's customers.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SegmentSilhouette {
    /// The segment's name, or its number where it has none.
    pub segment: String,
    /// Its customers.
    pub customers: u64,
    /// Those who were measured: all, unless it is a sample.
    pub measured: u64,
    /// Their mean silhouette; `None` without customers or without another segment.
    pub mean: Option<f64>,
    /// The mean's standard error; `None` unless it is a sample.
    pub standard_error: Option<f64>,
    /// The share of the customers who are nearer to another segment; `None` where the mean is.
    pub below_zero: Option<f64>,
}

/// Silhouettes of one segment, added up.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct Tally {
    sum: f64,
    below_zero: u64,
    count: u64,
}

impl Tally {
    pub(super) fn add(&mut self, width: f64) {
        self.sum += width;
        self.below_zero += u64::from(width < 0.0);
        self.count += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.below_zero += other.below_zero;
        self.count += other.count;
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// What is estimated for `customers` of whom these were measured.
    fn of_all(&self, measured: f64, customers: u64) -> f64 {
        if self.count == customers { measured } else { measured * (customers as f64 / self.count as f64) }
    }
}

impl Silhouette {
    /// From the tallies of all segments, which are empty where there is nothing to measure.
    pub(super) fn new(points: &SegmentedPoints<'_>, method: SilhouetteMethod, tallies: &[Tally]) -> Self {
        let parts = || points.sizes.iter().zip(tallies).filter(|(_, tally)| tally.count > 0);
        let measured: u64 = tallies.iter().map(|tally| tally.count).sum();
        let mean_of = |part: fn(&Tally) -> f64| {
            let total = parts().fold(0.0, |sum, (size, tally)| sum + tally.of_all(part(tally), *size));
            (measured > 0).then(|| total / points.customers() as f64)
        };
        let segments = points.sizes.iter().zip(tallies).enumerate().map(|(segment, (size, tally))| {
            let any = tally.count > 0;
            SegmentSilhouette {
                segment: points.name(segment),
                customers: *size,
                measured: tally.count,
                mean: any.then(|| tally.mean()),
                standard_error: None,
                below_zero: any.then(|| tally.below_zero as f64 / tally.count as f64),
            }
        });
        Self {
            method,
            overall: mean_of(|tally| tally.sum),
            standard_error: None,
            below_zero: mean_of(|tally| tally.below_zero as f64),
            customers: points.customers(),
            measured,
            unassigned: points.unassigned(),
            segments: segments.collect(),
        }
    }

    /// With the standard errors of a sample.
    pub(super) fn with_errors(mut self, overall: f64, segments: &[f64]) -> Self {
        self.standard_error = self.overall.map(|_| overall);
        for (segment, error) in self.segments.iter_mut().zip(segments) {
            segment.standard_error = segment.mean.map(|_| *error);
        }
        self
    }

    /// The mean over all customers; `None` with fewer than two segments that have customers.
    #[must_use]
    pub fn overall(&self) -> Option<f64> {
        self.overall
    }

    /// The standard error of [`overall`](Self::overall); `None` unless it is a sample.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        self.standard_error
    }

    /// The share of customers who are nearer to another segment than to their own; `None` where `overall` is.
    #[must_use]
    pub fn below_zero(&self) -> Option<f64> {
        self.below_zero
    }

    /// What structure the overall silhouette speaks for; `None` without one, and for a simplified silhouette, which is
    /// higher and has no such rule.
    #[must_use]
    pub fn separation(&self) -> Option<Separation> {
        let overall = self.overall.filter(|_| self.method != SilhouetteMethod::Simplified)?;
        Some(match overall {
            high if high > 0.70 => Separation::Strong,
            high if high > 0.50 => Separation::Reasonable,
            low if low > 0.25 => Separation::Weak,
            _ => Separation::Absent,
        })
    }

    /// The segments in their order, empty ones among them.
    #[must_use]
    pub fn segments(&self) -> &[SegmentSilhouette] {
        &self.segments
    }

    /// How it was measured.
    #[must_use]
    pub fn method(&self) -> SilhouetteMethod {
        self.method
    }

    /// Customers with a segment.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// Those who were measured: all, unless it is a sample; none with fewer than two segments that have customers.
    #[must_use]
    pub fn measured(&self) -> u64 {
        self.measured
    }

    /// Customers without a segment, who were left out.
    #[must_use]
    pub fn unassigned(&self) -> u64 {
        self.unassigned
    }
}

impl fmt::Display for Separation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Absent => "no substantial structure",
            Self::Weak => "a weak structure that could be artificial",
            Self::Reasonable => "a reasonable structure",
            Self::Strong => "a strong structure",
        })
    }
}

impl fmt::Display for Silhouette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals =
            |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |number| format!("{number:.3}"));
        let name = match self.method {
            SilhouetteMethod::Simplified => "simplified silhouette",
            _ => "silhouette",
        };
        write!(f, "{name} {}", decimals(self.overall))?;
        if let Some(error) = self.standard_error {
            let (measured, customers) = (grouped(self.measured), grouped(self.customers));
            write!(f, " ± {error:.3} (standard error; {measured} of {customers} customers measured)")?;
        }
        match (self.overall, self.separation()) {
            (None, _) => writeln!(f, ": fewer than two segments have customers")?,
            (_, Some(separation)) => writeln!(f, ": {separation}")?,
            (_, None) => {
                writeln!(f, ": compare it with other simplified silhouettes of the same customers only")?;
            }
        }
        let sampled = self.standard_error.is_some();
        let mut header = vec!["<segment", "customers", "silhouette", "nearer to another"];
        if sampled {
            header.insert(3, "standard error");
        }
        let mut table = TextTable::new(&header);
        for segment in &self.segments {
            let mut cells = vec![
                segment.segment.clone(),
                grouped(segment.customers),
                decimals(segment.mean),
                percent(segment.below_zero),
            ];
            if sampled {
                cells.insert(3, decimals(segment.standard_error));
            }
            table.row(cells);
        }
        table.rule();
        let mut cells =
            vec!["all".to_owned(), grouped(self.customers), decimals(self.overall), percent(self.below_zero)];
        if sampled {
            cells.insert(3, decimals(self.standard_error));
        }
        table.row(cells);
        if self.unassigned > 0 {
            table.row(["(none)".to_owned(), grouped(self.unassigned)]);
        }
        write!(f, "{table}")?;
        writeln!(
            f,
            "  1: well inside its segment; 0: between two segments; below 0: nearer to another segment"
        )
    }
}
