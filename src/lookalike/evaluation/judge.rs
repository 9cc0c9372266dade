//! One ranking of a pool against those who should be found in it.

use crate::bitmap::Bitmap;
use crate::error::Result;
use crate::features::{Column, FeatureTable};
use crate::lookalike::evaluation::Evaluation;
use crate::lookalike::evaluation::ranking::{Ranking, ordered_sum};

/// The columns by which an audience is judged.
pub(super) struct Outcomes<'a> {
    value: Option<&'a Column>,
    return_rate: Option<&'a Column>,
    contribution: Option<&'a Column>,
}

impl<'a> Outcomes<'a> {
    pub(super) fn read(settings: &Evaluation, table: &'a FeatureTable) -> Result<Self> {
        let column = |feature: &Option<String>| feature.as_ref().map(|name| table.numeric(name)).transpose();
        Ok(Self {
            value: column(&settings.value)?,
            return_rate: column(&settings.return_rate)?,
            contribution: column(&settings.contribution)?,
        })
    }
}

/// The customers that are ranked, and what is asked of each.
pub(super) struct Pool {
    /// Rows of the table, ascending.
    pub(super) rows: Vec<usize>,
    /// Whom one wants to find.
    pub(super) positive: Vec<bool>,
    /// What each of them is worth; 0 for the others. Absent where no value is known.
    worth: Option<Vec<f64>>,
    /// What a return rate is weighed with, and that times the rate; both 0 where either is missing.
    returns: Option<(Vec<f64>, Vec<f64>)>,
    /// Whether the contribution is known (0 or 1), and what it is.
    contribution: Option<(Vec<f64>, Vec<f64>)>,
}

impl Pool {
    pub(super) fn new(rows: Vec<usize>, wanted: &Bitmap, outcomes: &Outcomes<'_>) -> Self {
        let positive: Vec<bool> = rows.iter().map(|row| wanted.get(*row)).collect();
        let above_zero =
            |column: &Column, row: usize| column.number(row).filter(|value| *value > 0.0).unwrap_or(0.0);
        let worth = outcomes.contribution.or(outcomes.value).map(|column| {
            let of = |(row, positive): (&usize, &bool)| {
                if *positive { above_zero(column, *row) } else { 0.0 }
            };
            rows.iter().zip(&positive).map(of).collect()
        });
        let returns = outcomes.return_rate.map(|rates| {
            let of = |row: &usize| {
                let weight = outcomes.value.map_or(1.0, |column| above_zero(column, *row));
                rates.number(*row).map_or((0.0, 0.0), |rate| (weight, weight * rate))
            };
            rows.iter().map(of).unzip()
        });
        let contribution = outcomes.contribution.map(|column| {
            let of = |row: &usize| column.number(*row).map_or((0.0, 0.0), |amount| (1.0, amount));
            rows.iter().map(of).unzip()
        });
        Self { rows, positive, worth, returns, contribution }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn found(&self) -> usize {
        self.positive.iter().filter(|positive| **positive).count()
    }

    /// The part of the pool that stands at some places, ascending.
    pub(super) fn part(&self, places: &[usize]) -> Self {
        let numbers = |all: &Vec<f64>| places.iter().map(|place| all[*place]).collect::<Vec<f64>>();
        let pairs = |(a, b): &(Vec<f64>, Vec<f64>)| (numbers(a), numbers(b));
        Self {
            rows: places.iter().map(|place| self.rows[*place]).collect(),
            positive: places.iter().map(|place| self.positive[*place]).collect(),
            worth: self.worth.as_ref().map(numbers),
            returns: self.returns.as_ref().map(pairs),
            contribution: self.contribution.as_ref().map(pairs),
        }
    }

    /// The figures of a ranking of the pool by scores, one a place.
    pub(super) fn judge(&self, scores: &[f64], shares: &[f64]) -> Result<Judged> {
        let ranking = Ranking::of(scores)?;
        // The whole pool behind the shares.
        let and_all: Vec<f64> = shares.iter().copied().chain([1.0]).collect();
        let sums = |values: &[f64], shares: &[f64]| ranking.sums(values, shares);
        let worth = self.worth.as_ref().map(|worth| sums(worth, &and_all)).transpose()?;
        let of_pair = |pair: &Option<(Vec<f64>, Vec<f64>)>| {
            let sums =
                |(below, above): &(Vec<f64>, Vec<f64>)| Ok((sums(below, shares)?, sums(above, shares)?));
            pair.as_ref().map(sums).transpose()
        };
        let (returns, contribution) = (of_pair(&self.returns)?, of_pair(&self.contribution)?);
        let at = |(place, share): (usize, &f64)| {
            let of_pair = |sums: &Option<(Vec<f64>, Vec<f64>)>| {
                sums.as_ref().and_then(|(below, above)| ratio(above[place], below[place]))
            };
            Ok(Plain {
                recall: ranking.recall(&self.positive, *share)?,
                lift: ranking.lift(&self.positive, *share)?,
                precision: ranking.precision(&self.positive, *share)?,
                captured: worth.as_ref().and_then(|worth| ratio(worth[place], worth[shares.len()])),
                return_rate: of_pair(&returns),
                contribution: of_pair(&contribution),
            })
        };
        Ok(Judged {
            auc: ranking.auc(&self.positive)?,
            shares: shares.iter().enumerate().map(at).collect::<Result<_>>()?,
        })
    }

    /// What a ranking without any information gives: exactly its expectation, of which everything in a share is the same
    /// share of what is in the pool.
    pub(super) fn at_random(&self, shares: &[f64]) -> Judged {
        let (found, all) = (self.found(), self.len());
        let sum = |values: &Vec<f64>| ordered_sum(values.iter().copied());
        let of_pair = |pair: &Option<(Vec<f64>, Vec<f64>)>| {
            pair.as_ref().and_then(|(below, above)| ratio(sum(above), sum(below)))
        };
        let (return_rate, contribution) = (of_pair(&self.returns), of_pair(&self.contribution));
        let has_worth = self.worth.as_ref().is_some_and(|worth| worth.iter().any(|worth| *worth > 0.0));
        let at = |share: &f64| Plain {
            recall: (found > 0).then_some(*share),
            lift: (found > 0 && *share > 0.0).then_some(1.0),
            precision: (all > 0 && *share > 0.0).then(|| found as f64 / all as f64),
            captured: has_worth.then_some(*share),
            return_rate,
            contribution,
        };
        Judged { auc: (found > 0 && found < all).then_some(0.5), shares: shares.iter().map(at).collect() }
    }
}

/// One over another; `None` over nothing.
fn ratio(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| above / below)
}

/// The figures of one ranking in one split.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) auc: Option<f64>,
    /// One for each share.
    pub(super) shares: Vec<Plain>,
}

/// The figures of one share of a ranking.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    pub(super) recall: Option<f64>,
    pub(super) lift: Option<f64>,
    pub(super) precision: Option<f64>,
    pub(super) captured: Option<f64>,
    pub(super) return_rate: Option<f64>,
    pub(super) contribution: Option<f64>,
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::random::Stream;

    /// The closed form is what equal scores give.
    #[test]
    fn at_random_is_a_ranking_by_equal_scores() {
        let mut stream = Stream::new(9, "a pool at random", 0);
        let mut numbers = |least: f64| (0..203).map(|_| least + stream.unit()).collect::<Vec<f64>>();
        let mut pool = Pool {
            rows: (0..203).collect(),
            positive: (0..203).map(|row| row % 7 == 2).collect(),
            worth: Some(numbers(0.0)),
            returns: Some((numbers(0.0), numbers(0.0))),
            contribution: Some((vec![1.0; 203], numbers(-0.5))),
        };
        let shares = [0.01, 0.1, 0.37, 1.0];
        let same = |pool: &Pool| {
            let (expected, found) = (pool.judge(&[1.5; 203], &shares).unwrap(), pool.at_random(&shares));
            assert_eq!(expected.auc, found.auc);
            for (expected, found) in expected.shares.iter().zip(&found.shares) {
                for figure in [
                    (|plain| plain.recall) as fn(&Plain) -> Option<f64>,
                    |plain| plain.lift,
                    |plain| plain.precision,
                    |plain| plain.captured,
                    |plain| plain.return_rate,
                    |plain| plain.contribution,
                ] {
                    let (expected, found) = (figure(expected), figure(found));
                    assert_eq!(expected.is_some(), found.is_some());
                    assert_relative_eq!(expected.unwrap_or(0.0), found.unwrap_or(0.0), max_relative = 1e-12);
                }
            }
        };
        same(&pool);
        // Nobody to be found, and nothing known.
        pool.positive = vec![false; 203];
        pool.worth = Some(vec![0.0; 203]);
        pool.returns = Some((vec![0.0; 203], vec![0.0; 203]));
        same(&pool);
        pool.positive = vec![true; 203];
        pool.contribution = None;
        same(&pool);
    }
}
