//! From scores to probabilities, where real outcomes are known: who was contacted, and who then bought.
//!
//! A similarity to seeds is no probability of anything. Where a campaign has told who responded, it can be made one, and how
//! good it is can be measured: on customers that the calibration has not seen.

use crate::error::{Error, Result};
use crate::lookalike::evaluation::ranking::Ranking;
use crate::numeric::elementary::{ln_1p, logistic};

/// Customers with equal scores, ascending: the score, how many, and how many of them with the outcome.
fn groups(scores: &[f64], outcomes: &[bool]) -> Result<Vec<(f64, u64, u64)>> {
    let ranking = Ranking::of(scores)?;
    ranking.check("outcomes", outcomes.len())?;
    if scores.is_empty() {
        return Err(Error::Empty { what: "the list of outcomes", hint: "calibration needs real outcomes" });
    }
    let group = |rows: &[usize]| {
        let positive = rows.iter().filter(|row| outcomes[**row]).count();
        (scores[rows[0]] + 0.0, rows.len() as u64, positive as u64)
    };
    Ok(ranking.runs().rev().map(group).collect())
}

/// The probability of an outcome as a rising curve of the score, of no other form (isotonic regression).
///
/// By pooling adjacent violators in whole numbers, so that no order of rows and no rounding decides what is pooled. Between
/// two pools the curve is straight, beyond the ends it is flat. Takes some hundred outcomes of each kind to be better than
/// [`Platt`].
#[derive(Clone, PartialEq, Debug)]
pub struct Isotonic {
    /// Corners: scores ascending, probabilities not falling.
    corners: Vec<(f64, f64)>,
}

impl Isotonic {
    /// Fits the curve. O(n log n).
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::ColumnLength`]; [`Error::Setting`] for a score that is not finite.
    pub fn fit(scores: &[f64], outcomes: &[bool]) -> Result<Self> {
        struct Pool {
            first: f64,
            last: f64,
            rows: u64,
            positive: u64,
        }
        let mut pools: Vec<Pool> = Vec::new();
        for (score, rows, positive) in groups(scores, outcomes)? {
            let mut pool = Pool { first: score, last: score, rows, positive };
            while let Some(before) = pools.last() {
                // The mean before is not below that of the pool: compared as fractions.
                let rising = u128::from(before.positive) * u128::from(pool.rows)
                    < u128::from(pool.positive) * u128::from(before.rows);
                if rising {
                    break;
                }
                pool.first = before.first;
                pool.rows += before.rows;
                pool.positive += before.positive;
                pools.pop();
            }
            pools.push(pool);
        }
        let mut corners: Vec<(f64, f64)> = Vec::with_capacity(2 * pools.len());
        for pool in pools {
            let mean = pool.positive as f64 / pool.rows as f64;
            corners.push((pool.first, mean));
            if pool.first < pool.last {
                corners.push((pool.last, mean));
            }
        }
        Ok(Self { corners })
    }

    /// The probability at a score, between 0 and 1; rising in the score. That of the lowest score for one that is NaN.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        let after = self.corners.partition_point(|(corner, _)| *corner <= score);
        let Some((left, low)) = after.checked_sub(1).map(|place| self.corners[place]) else {
            return self.corners.first().map_or(0.0, |(_, mean)| *mean);
        };
        match self.corners.get(after) {
            // Of the two smallest numbers both halves are zero.
            Some(_) if score <= left => low,
            Some((right, high)) => {
                // Halves, as the distance between two scores may be beyond the range of a float.
                let part = (score / 2.0 - left / 2.0) / (right / 2.0 - left / 2.0);
                (low + part * (high - low)).clamp(low, *high)
            }
            None => low,
        }
    }
}

/// The probability of an outcome as a logistic curve of the score (Platt 1999).
///
/// Two numbers are learned, so it takes few outcomes. Fitted to targets slightly inside 0 and 1, as Platt has it, which also
/// settles outcomes that a score separates perfectly.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Platt {
    slope: f64,
    intercept: f64,
}

/// Newton steps at most; ten are many.
const STEPS: usize = 100;

impl Platt {
    /// Fits the curve by Newton's method with halved steps (Lin, Lin and Weng 2007). O(n log n).
    ///
    /// # Errors
    /// As for [`Isotonic::fit`].
    pub fn fit(scores: &[f64], outcomes: &[bool]) -> Result<Self> {
        let groups = groups(scores, outcomes)?;
        let (rows, positive) = groups.iter().fold((0, 0), |(n, p), group| (n + group.1, p + group.2));
        let (n, p) = (rows as f64, positive as f64);
        let (high, low) = ((p + 1.0) / (p + 2.0), 1.0 / (n - p + 2.0));
        // Scores about zero with deviation one, so that the two numbers are settled equally well.
        let mean = groups.iter().map(|group| group.0 / n * group.1 as f64).sum::<f64>();
        let square = |score: f64| (score - mean) * (score - mean);
        let deviation = groups.iter().map(|group| square(group.0) / n * group.1 as f64).sum::<f64>().sqrt();
        let unit = if deviation.is_finite() && deviation > 0.0 { deviation } else { 1.0 };
        // Of each group: the score, how many, and the sum of their targets.
        let points: Vec<(f64, f64, f64)> = groups
            .iter()
            .map(|(score, rows, positive)| {
                let (rows, positive) = (*rows as f64, *positive as f64);
                ((score - mean) / unit, rows, positive * high + (rows - positive) * low)
            })
            .collect();
        let loss = |(a, b): (f64, f64)| {
            let of = |(x, rows, target): &(f64, f64, f64)| {
                let eta = a * x + b;
                rows * (eta.max(0.0) + ln_1p(crate::numeric::exp(-eta.abs()))) - target * eta
            };
            points.iter().map(of).sum::<f64>()
        };
        let prior = (p * high + (n - p) * low) / n;
        let mut at = (0.0, crate::numeric::ln(prior / (1.0 - prior)));
        let mut now = loss(at);
        for _ in 0..STEPS {
            let (mut g, mut h) = ((0.0, 0.0), (1e-12, 0.0, 1e-12));
            for (x, rows, target) in &points {
                let chance = logistic(at.0 * x + at.1);
                let (residual, weight) = (rows * chance - target, rows * chance * (1.0 - chance));
                g = (g.0 + residual * x, g.1 + residual);
                h = (h.0 + weight * x * x, h.1 + weight * x, h.2 + weight);
            }
            let determinant = h.0 * h.2 - h.1 * h.1;
            let step = ((h.2 * g.0 - h.1 * g.1) / determinant, (h.0 * g.1 - h.1 * g.0) / determinant);
            if !(step.0.is_finite() && step.1.is_finite()) {
                break;
            }
            let tried = (0..40).find_map(|halving| {
                let part = 0.5_f64.powi(halving);
                let next = (at.0 - part * step.0, at.1 - part * step.1);
                let loss = loss(next);
                (loss < now).then_some((next, loss))
            });
            let Some((next, better)) = tried else { break };
            (at, now) = (next, better);
        }
        Ok(Self { slope: at.0 / unit, intercept: at.1 - at.0 * mean / unit })
    }

    /// What a unit of the score adds to the log odds; below 0 where high scores have the outcome less often.
    #[must_use]
    pub fn slope(self) -> f64 {
        self.slope
    }

    /// The log odds at a score of 0.
    #[must_use]
    pub fn intercept(self) -> f64 {
        self.intercept
    }

    /// The probability at a score, between 0 and 1.
    #[must_use]
    pub fn probability(self, score: f64) -> f64 {
        logistic(self.slope * score + self.intercept)
    }
}

/// How well probabilities agree with outcomes.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Calibration {
    /// The mean distance between the probability stated and the share found, over ten bins that hold equally many customers
    /// (expected calibration error); 0 is best. Equal probabilities stand together, in parts where a bin ends within them.
    pub error: f64,
    /// The mean squared distance between probability and outcome (Brier 1950); 0 is best, and a shop's plain share as
    /// everyone's probability gets `share · (1 − share)`.
    pub brier: f64,
    /// The mean probability and the share found in each bin, ascending.
    pub bins: Vec<(f64, f64)>,
}

impl Calibration {
    /// Holds probabilities against outcomes. O(n log n).
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::ColumnLength`]; [`Error::Setting`] for a probability outside 0 to 1.
    pub fn of(probabilities: &[f64], outcomes: &[bool]) -> Result<Self> {
        if let Some(wrong) = probabilities.iter().find(|p| !(0.0..=1.0).contains(*p)) {
            return Err(Error::Setting {
                setting: "probabilities",
                found: wrong.to_string(),
                expected: "probabilities from 0 to 1",
            });
        }
        let groups = groups(probabilities, outcomes)?;
        let (customers, n) = (probabilities.len() as u64, probabilities.len() as f64);
        let mut brier = 0.0;
        // Of each bin: customers, the sum of their probabilities, how many with the outcome.
        let mut bins = [(0.0, 0.0, 0.0); 10];
        let mut start = 0;
        for (probability, rows, positive) in &groups {
            let (miss, rest) = (1.0 - probability, (rows - positive) as f64);
            brier += *positive as f64 * miss * miss + rest * probability * probability;
            // In tenths of a customer, so that bins end on whole numbers.
            let (from, to) = (10 * start, 10 * (start + rows));
            for (place, bin) in bins.iter_mut().enumerate() {
                let ends = (place as u64 * customers, (place as u64 + 1) * customers);
                let both = to.min(ends.1).saturating_sub(from.max(ends.0)) as f64 / 10.0;
                *bin = (
                    bin.0 + both,
                    bin.1 + both * probability,
                    bin.2 + both * (*positive as f64 / *rows as f64),
                );
            }
            start += rows;
        }
        Ok(Self {
            error: bins.iter().map(|bin| (bin.1 - bin.2).abs()).sum::<f64>() / n,
            brier: brier / n,
            bins: bins.iter().map(|bin| (bin.1 / bin.0, bin.2 / bin.0)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    /// The least squares fit among rising curves: the greatest mean of what begins at or before, least of what ends at or
    /// after (the min–max formula).
    fn slow_isotonic(scores: &[f64], outcomes: &[bool]) -> Vec<f64> {
        let mut levels = scores.to_vec();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let mean = |from: f64, to: f64| {
            let rows: Vec<usize> =
                (0..scores.len()).filter(|r| scores[*r] >= from && scores[*r] <= to).collect();
            rows.iter().filter(|r| outcomes[**r]).count() as f64 / rows.len() as f64
        };
        let at = |score: f64| {
            let starts = levels.iter().filter(|level| **level <= score);
            let least = |from: f64| {
                levels.iter().filter(|level| **level >= score).map(|to| mean(from, *to)).fold(1.0, f64::min)
            };
            starts.map(|from| least(*from)).fold(0.0, f64::max)
        };
        scores.iter().map(|score| at(*score)).collect()
    }

    proptest! {
        #[test]
        fn isotonic_is_the_min_max_formula(rows in proptest::collection::vec((-9_i8..10, any::<bool>()), 1..40)) {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let outcomes: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let curve = Isotonic::fit(&scores, &outcomes).unwrap();
            for (score, expected) in scores.iter().zip(slow_isotonic(&scores, &outcomes)) {
                prop_assert!((curve.probability(*score) - expected).abs() < 1e-12);
            }
            let curve_at = |tenth: i32| curve.probability(f64::from(tenth) / 10.0);
            prop_assert!((-120..120).all(|tenth| curve_at(tenth) <= curve_at(tenth + 1)));
        }
    }

    #[test]
    fn between_pools_the_curve_is_straight_and_beyond_the_ends_flat() {
        let curve = Isotonic::fit(&[0.0, 1.0, 3.0, 3.0], &[false, false, true, true]).unwrap();
        for (score, expected) in
            [(-5.0, 0.0), (0.5, 0.0), (1.0, 0.0), (2.0, 0.5), (3.0, 1.0), (9.0, 1.0), (f64::NAN, 0.0)]
        {
            assert_relative_eq!(curve.probability(score), expected);
        }
        let wide = Isotonic::fit(&[f64::MIN, f64::MAX], &[false, true]).unwrap();
        assert_relative_eq!(wide.probability(0.0), 0.5);
        let tiny = Isotonic::fit(&[0.0, 5e-324], &[false, true]).unwrap();
        for (score, expected) in [(-1.0, 0.0), (0.0, 0.0), (5e-324, 1.0), (1.0, 1.0)] {
            assert_relative_eq!(tiny.probability(score), expected);
        }
    }

    /// The minimum of the same loss by a search over a shrinking grid.
    fn slow_platt(scores: &[f64], outcomes: &[bool]) -> (f64, f64) {
        let p = outcomes.iter().filter(|outcome| **outcome).count() as f64;
        let (high, low) = ((p + 1.0) / (p + 2.0), 1.0 / (scores.len() as f64 - p + 2.0));
        let loss = |a: f64, b: f64| -> f64 {
            let of = |(x, y): (&f64, &bool)| {
                let (eta, t) = (a * x + b, if *y { high } else { low });
                (1.0 + eta.exp()).ln() - t * eta
            };
            scores.iter().zip(outcomes).map(of).sum()
        };
        let (mut best, mut width) = ((0.0, 0.0), 8.0);
        while width > 1e-9 {
            let around = best;
            for i in -4..=4 {
                for j in -4..=4 {
                    let tried = (around.0 + width * f64::from(i), around.1 + width * f64::from(j));
                    if loss(tried.0, tried.1) < loss(best.0, best.1) {
                        best = tried;
                    }
                }
            }
            if (best.0 - around.0).abs() + (best.1 - around.1).abs() == 0.0 {
                width /= 2.0;
            }
        }
        best
    }

    #[test]
    fn platt_is_the_minimum_of_its_loss() {
        let scores = [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.0];
        let outcomes = [false, false, true, false, false, true, true, false, true, true];
        for scores in [scores, scores.map(|score| 2.0 - score)] {
            let found = Platt::fit(&scores, &outcomes).unwrap();
            let expected = slow_platt(&scores, &outcomes);
            assert_relative_eq!(found.slope(), expected.0, epsilon = 1e-6);
            assert_relative_eq!(found.intercept(), expected.1, epsilon = 1e-6);
        }
        // The unit of the score does not matter to the probabilities.
        let (plain, scaled) = (
            Platt::fit(&scores, &outcomes).unwrap(),
            Platt::fit(&scores.map(|score| 1e6 + 1e3 * score), &outcomes).unwrap(),
        );
        assert_relative_eq!(plain.probability(0.3), scaled.probability(1e6 + 300.0), epsilon = 1e-8);
    }

    #[test]
    fn separated_constant_and_one_sided_outcomes_have_a_curve() {
        let separated = Platt::fit(&[0.0, 1.0, 2.0, 3.0], &[false, false, true, true]).unwrap();
        assert!(separated.slope().is_finite() && separated.probability(3.0) > 0.7, "{separated:?}");
        let constant = Platt::fit(&[5.0; 4], &[true, false, false, false]).unwrap();
        assert_relative_eq!(constant.probability(5.0), (2.0 / 3.0 + 3.0 / 5.0) / 4.0, epsilon = 1e-9);
        let all = Platt::fit(&[1.0, 2.0], &[true, true]).unwrap();
        assert!(all.probability(1.5) > 0.7 && all.probability(1.5) < 1.0);
        assert_relative_eq!(Isotonic::fit(&[1.0, 2.0], &[true, true]).unwrap().probability(1.5), 1.0);
        assert!(matches!(Platt::fit(&[], &[]), Err(Error::Empty { .. })));
        assert!(Isotonic::fit(&[1.0], &[]).is_err() && Isotonic::fit(&[f64::NAN], &[true]).is_err());
    }

    #[test]
    fn calibration_of_known_cases() {
        // Twenty customers in ten bins of two: half of each has the outcome.
        let halves: Vec<bool> = (0..20).map(|row| row % 2 == 0).collect();
        let probabilities: Vec<f64> = (0..20).map(|row| f64::from(row / 2) / 10.0).collect();
        let found = Calibration::of(&probabilities, &halves).unwrap();
        let expected = (0..10).map(|bin| (f64::from(bin) / 10.0 - 0.5).abs()).sum::<f64>() / 10.0;
        assert_relative_eq!(found.error, expected, epsilon = 1e-12);
        assert_eq!(found.bins.len(), 10);
        assert_relative_eq!(found.bins[3].0, 0.3, epsilon = 1e-12);
        assert_relative_eq!(found.bins[3].1, 0.5, epsilon = 1e-12);
        let brier =
            (0..10).map(|bin| f64::from(bin) / 10.0).map(|p| f64::midpoint(p * p, (1.0 - p) * (1.0 - p)));
        assert_relative_eq!(found.brier, brier.sum::<f64>() / 10.0, epsilon = 1e-12);

        let plain =
            Calibration::of(&[0.25; 8], &[true, true, false, false, false, false, false, false]).unwrap();
        assert_relative_eq!(plain.error, 0.0, epsilon = 1e-12);
        assert_relative_eq!(plain.brier, 0.1875, epsilon = 1e-12);
        let sure = Calibration::of(&[0.0, 1.0, 1.0], &[false, true, true]).unwrap();
        assert_eq!((sure.error, sure.brier), (0.0, 0.0));
        assert!(Calibration::of(&[1.1], &[true]).is_err() && Calibration::of(&[f64::NAN], &[true]).is_err());
        assert!(Calibration::of(&[], &[]).is_err());
    }
}
