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
        let place = match (below.checked_sub(1), cuts.get(below)) {
            (_, Some(cut)) if *cut <= value => {
                let equal = cuts[below..].partition_point(|cut| *cut <= value);
                below as f64 + (equal - 1) as f64 / 2.0
            }
            (Some(before), Some(cut)) => before as f64 + share(cuts[before], *cut, value),
            (None, _) => 0.0,
            (_, None) => last as f64,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranks(cuts: &[f64]) -> Ranks {
        Ranks::new(cuts.to_vec()).unwrap()
    }

    #[test]
    fn a_rank_is_linear_between_cut_points_and_the_middle_of_a_run() {
        let ranks = ranks(&[1.0, 2.0, 2.0, 2.0, 10.0]);
        for (value, rank) in
            [(0.0, 0.0), (1.0, 0.0), (1.5, 0.125), (2.0, 0.5), (6.0, 0.875), (10.0, 1.0), (1e300, 1.0)]
        {
            assert_eq!(ranks.rank(value).to_bits(), f64::to_bits(rank), "{value}");
        }
        // Ranks within a run are all its value; those beyond the ends are the ends.
        for (rank, value) in [(-1.0, 1.0), (0.125, 1.5), (0.3, 2.0), (0.75, 2.0), (0.875, 6.0), (2.0, 10.0)] {
            assert_eq!(ranks.value(rank).to_bits(), f64::to_bits(value), "{rank}");
        }
        assert!(ranks.value(f64::NAN).is_nan());
    }

    #[test]
    fn runs_at_the_ends_have_room_beyond_them() {
        let ranks = ranks(&[0.0, 0.0, 0.0, 1.0, 1.0]);
        let found: Vec<f64> = [-1.0, 0.0, 1.0, 2.0].into_iter().map(|value| ranks.rank(value)).collect();
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "{found:?}");
    }

    #[test]
    fn the_whole_range_of_numbers_can_be_ranked() {
        let ranks = ranks(&[-f64::MAX, f64::MAX]);
        assert_eq!(
            [ranks.rank(0.0), ranks.value(0.5), ranks.rank(f64::MAX)].map(f64::to_bits),
            [0.5, 0.0, 1.0].map(f64::to_bits)
        );
    }

    #[test]
    fn what_does_not_ascend_is_refused() {
        for (cuts, problem) in [
            (vec![1.0], "1 cut points"),
            (vec![2.0, 1.0], "do not ascend"),
            (vec![0.0, f64::NAN], "do not ascend"),
        ] {
            assert!(Ranks::new(cuts).unwrap_err().contains(problem));
        }
    }

    proptest! {
        #[test]
        fn ranks_keep_the_order_and_lead_back(
            mut cuts in prop::collection::vec((-50..50_i32).prop_map(|cut| f64::from(cut) * 0.7), 2..40),
            values in prop::collection::vec(-40.0..40.0_f64, 2..40),
        ) {
            cuts.sort_by(f64::total_cmp);
            let ranks = ranks(&cuts);
            let mut values: Vec<f64> = values.into_iter().chain(cuts.iter().copied()).collect();
            values.sort_by(f64::total_cmp);
            let found: Vec<f64> = values.iter().map(|value| ranks.rank(*value)).collect();
            prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(found.iter().all(|rank| (0.0..=1.0).contains(rank)));
            let ends = (cuts[0], cuts[cuts.len() - 1]);
            for (value, rank) in values.iter().zip(found) {
                prop_assert!((ranks.value(rank) - value.clamp(ends.0, ends.1)).abs() < 1e-10);
            }
        }
    }
}
