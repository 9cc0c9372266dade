//! Ranks by frozen percentiles, and back.

use crate::numeric::quantile::{Quantile, quantiles};

/// Into how many parts customers are ranked: a rank is right within a hundredth, and a model stays small.
const PARTS: u32 = 100;
/// The most cut points that a stored model may have.
const MOST_CUTS: usize = 1 << 16;

/// Ascending values at equal steps of rank, from the least (rank 0) to the greatest (rank 1).
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Ranks(Vec<f64>);

impl Ranks {
    /// Cut points, or what is wrong with them.
    pub(super) fn new(cuts: Vec<f64>) -> Result<Self, String> {
        if !(2..=MOST_CUTS).contains(&cuts.len()) {
            return Err(format!("{} cut points of ranks", cuts.len()));
        }
        if cuts.iter().any(|cut| !cut.is_finite()) || cuts.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err("cut points of ranks that do not ascend".into());
        }
        Ok(Self(cuts))
    }

    /// The percentiles of some values, or `None` where there are none.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let percentiles: Vec<Quantile> =
            (0..=PARTS).map(|part| Quantile::Part { part, parts: PARTS }).collect();
        quantiles(values, &percentiles).map(Self)
    }

    pub(super) fn cuts(&self) -> &[f64] {
        &self.0
    }

    /// The rank of a value, 0 to 1.
    pub(super) fn rank(&self, value: f64) -> f64 {
        let cuts = &self.0;
        let last = cuts.len() - 1;
        let below = cuts.partition_point(|cut| *cut < value);
        let equal = cuts[below..].iter().take_while(|cut| **cut <= value).count();
        let place = if equal > 0 {
            below as f64 + (equal - 1) as f64 / 2.0
        } else if below == 0 || below > last {
            below.min(last) as f64
        } else {
            (below - 1) as f64 + share(cuts[below - 1], cuts[below], value)
        };
        place / last as f64
    }

    /// The value of a rank; the least and the greatest beyond 0 and 1.
    pub(super) fn value(&self, rank: f64) -> f64 {
        let cuts = &self.0;
        let last = cuts.len() - 1;
        let place = rank.clamp(0.0, 1.0) * last as f64;
        let below = (place as usize).min(last - 1);
        let (low, high, share) = (cuts[below], cuts[below + 1], place - below as f64);
        if (high - low).is_finite() { low + share * (high - low) } else { low * (1.0 - share) + high * share }
    }
}

/// How far between two values a third one lies.
fn share(low: f64, high: f64, value: f64) -> f64 {
    if (high - low).is_finite() {
        (value - low) / (high - low)
    } else {
        (0.5 * value - 0.5 * low) / (0.5 * high - 0.5 * low)
    }
}
