//! One ranking of a pool against those who should be found in it.

use crate::bitmap::Bitmap;
use crate::error::Result;
use crate::features::{Column, FeatureTable};
use crate::lookalike::evaluation::Evaluation;
use crate::lookalike::evaluation::ranking::Ranking;

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
        let at = |share: &f64| self.at(&ranking, *share);
        Ok(Judged {
            auc: ranking.auc(&self.positive)?,
            shares: shares.iter().map(at).collect::<Result<_>>()?,
        })
    }

    fn at(&self, ranking: &Ranking, share: f64) -> Result<Plain> {
        let ratio = |above: &[f64], below: &[f64]| -> Result<Option<f64>> {
            let below = ranking.sum(below, share)?;
            Ok((below > 0.0).then_some(ranking.sum(above, share)? / below))
        };
        let captured = match &self.worth {
            Some(worth) => {
                let all = ranking.sum(worth, 1.0)?;
                (all > 0.0).then_some(ranking.sum(worth, share)? / all)
            }
            None => None,
        };
        let of_pair = |pair: &Option<(Vec<f64>, Vec<f64>)>| {
            pair.as_ref().map_or(Ok(None), |(below, above)| ratio(above, below))
        };
        Ok(Plain {
            recall: ranking.recall(&self.positive, share)?,
            lift: ranking.lift(&self.positive, share)?,
            precision: ranking.precision(&self.positive, share)?,
            captured,
            return_rate: of_pair(&self.returns)?,
            contribution: of_pair(&self.contribution)?,
        })
    }

    /// What a ranking without any information gives: exactly its expectation.
    pub(super) fn at_random(&self, shares: &[f64]) -> Result<Judged> {
        self.judge(&vec![0.0; self.len()], shares)
    }
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
