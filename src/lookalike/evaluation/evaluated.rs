//! What an evaluation found.

use std::fmt;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::lookalike::ScorerKind;
use crate::lookalike::evaluation::calibration::Calibration;
use crate::lookalike::evaluation::drift::Drift;
use crate::lookalike::evaluation::judge::{Judged, Plain};

/// How customers were set aside.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Protocol {
    /// A share of the seeds was held out, so many times.
    HeldOut {
        /// How many times.
        repeats: u32,
        /// The share held out each time.
        share: f64,
    },
    /// Learned from what was known at a moment, judged by who became good after it.
    OverTime,
}

/// A figure with what is known of its precision.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Estimate {
    /// The mean over the repeats; over time, the figure itself.
    pub mean: f64,
    /// The standard deviation between repeats: how far a single split is off. `None` over time.
    pub sd: Option<f64>,
    /// The standard error: of held-out seeds `sd / √repeats`, which says how well the mean over all splits of *these* seeds
    /// is known (other seeds would add their own chance); over time by the jackknife over 20 groups of customers, which does
    /// say how far it is off for other customers of the kind. `None` over time where the figure hangs on a single one of the
    /// groups, as where a single customer became good, since nothing is known of its precision then.
    pub standard_error: Option<f64>,
}

/// What a ranking is worth in its first share.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RankingFigures {
    /// The share of those held out that is found there; at random the share itself.
    pub recall: Estimate,
    /// How many times as many as at random.
    pub lift: Estimate,
    /// The part of the share that is held-out seeds: a lower bound, since others there are good and not known to be.
    pub precision: Estimate,
    /// Of the contribution (else the value) of those held out, what is found there; what is below zero counts as zero.
    pub captured: Option<Estimate>,
    /// The expected return rate of all who stand there, weighed by value where a value is set.
    pub return_rate: Option<Estimate>,
    /// The mean contribution of all who stand there.
    pub contribution: Option<Estimate>,
}

/// The figures of every ranking in one share of the pool.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct ShareFigures {
    /// The share of the ranked pool.
    pub share: f64,
    /// How many customers that is.
    pub customers: f64,
    /// By the lookalike model.
    pub lookalike: RankingFigures,
    /// By the sum of RFM quintiles; `None` where the table lacks recency, orders or money.
    pub rfm: Option<RankingFigures>,
    /// By the cosine with the mean seed.
    pub centroid: RankingFigures,
    /// By nothing: exactly the expectation.
    pub random: RankingFigures,
}

/// What became of the list of those who became good. Whoever of the named counts nowhere else was looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct BecameGood {
    /// Customers that the list names, each once.
    pub named: u64,
    /// Those of them that the table does not have, such as those who came after its moment.
    pub unknown: u64,
    /// Those who were seeds already.
    pub seeds: u64,
    /// Those who are neither, and not eligible for the pool.
    pub not_eligible: u64,
}

/// How often one of those held out is ranked before another customer; ½ is no better than a coin.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Areas {
    /// By the lookalike model, as observed against the pool.
    pub lookalike: Estimate,
    /// The same against those of the pool who are truly not like the seeds, if the stated share of it is; `None` where no
    /// share was stated.
    pub lookalike_unlabelled: Option<Estimate>,
    /// By RFM, as observed.
    pub rfm: Option<Estimate>,
    /// By the cosine with the mean seed, as observed.
    pub centroid: Estimate,
}

/// How well scores could be made probabilities, on customers that took no part in it. Real outcomes only.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OutcomeCalibration {
    /// Scores as they are: what becomes of one who takes similarity for a probability.
    pub similarity: Calibration,
    /// After Platt's logistic curve.
    pub platt: Calibration,
    /// After isotonic regression.
    pub isotonic: Calibration,
}

/// What an evaluation found: see [`Evaluation`](super::Evaluation). Prints as a table for people.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluated {
    /// How customers were set aside.
    pub protocol: Protocol,
    /// How many seeds there are; over time, how many were learned from.
    pub seeds: u64,
    /// How many customers were to be found, each time.
    pub held_out: u64,
    /// What became of the list of those who became good; `None` for held-out seeds.
    pub became_good: Option<BecameGood>,
    /// How many were ranked, each time: those eligible and no seeds, and those held out.
    pub pool: u64,
    /// How the model of all seeds scores.
    pub scorer: ScorerKind,
    /// Features that alone tell seeds from the pool: if they define the seed, no figure here says anything.
    pub leaks: Vec<String>,
    /// The stated share of the pool that is like the seeds unknown to all.
    pub hidden: Option<f64>,
    /// The figures of each share, ascending.
    pub shares: Vec<ShareFigures>,
    /// The areas under the curve.
    pub auc: Areas,
    /// The share of the pool that makes the audience whose drift is told.
    pub drift_share: f64,
    /// How the audience of the model of all seeds differs from the pool, feature by feature, the greatest first.
    pub drift: Vec<Drift>,
    /// How good scores are as probabilities; `None` for held-out seeds, which are no outcomes, and of a pool so small that all
    /// stand in one half.
    pub calibration: Option<OutcomeCalibration>,
}

impl Evaluated {
    /// The figures of a share that was asked for.
    #[must_use]
    pub fn at(&self, share: f64) -> Option<&ShareFigures> {
        self.shares.iter().find(|figures| (figures.share - share).abs() < 1e-12)
    }
}

impl fmt::Debug for Evaluated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluated")
            .field("protocol", &self.protocol)
            .field("seeds", &self.seeds)
            .field("pool", &self.pool)
            .field("auc", &self.auc.lookalike.mean)
            .finish_non_exhaustive()
    }
}

/// How the figures of several splits become one.
#[derive(Clone, Copy)]
pub(super) enum Combine {
    /// Each is a repeat.
    Repeats,
    /// The first is of all customers, each other one leaves out a group.
    Jackknife,
}

impl Combine {
    /// `None` where a repeat, or all customers together, have no such figure. A part without a figure, as everyone who counts
    /// for it was left out, takes the standard error and not the figure.
    fn figure(self, values: &[Option<f64>]) -> Option<Estimate> {
        let spread = |values: &[f64]| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            (n, mean, values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>())
        };
        match self {
            Self::Repeats => {
                let values: Vec<f64> = values.iter().copied().collect::<Option<_>>()?;
                let (n, mean, squares) = spread(&values);
                let sd = (squares / (n - 1.0).max(1.0)).sqrt();
                Some(Estimate { mean, sd: Some(sd), standard_error: Some(sd / n.sqrt()) })
            }
            Self::Jackknife => {
                let (whole, parts) = values.split_first()?;
                let parts: Option<Vec<f64>> = parts.iter().copied().collect();
                let standard_error = parts.filter(|parts| parts.len() > 1).map(|parts| {
                    let (n, _, squares) = spread(&parts);
                    ((n - 1.0) / n * squares).sqrt()
                });
                whole.map(|mean| Estimate { mean, sd: None, standard_error })
            }
        }
    }

    /// The area under the curve.
    ///
    /// # Errors
    /// [`Error::Empty`] where there is nobody to compare with.
    pub(super) fn auc(self, judged: &[Judged]) -> Result<Estimate> {
        known(self.figure(&judged.iter().map(|judged| judged.auc).collect::<Vec<_>>()))
    }

    /// The figures of a share.
    ///
    /// # Errors
    /// [`Error::Empty`] where there is nobody to be found.
    pub(super) fn figures(self, judged: &[Judged], place: usize) -> Result<RankingFigures> {
        let of = |figure: fn(&Plain) -> Option<f64>| {
            self.figure(&judged.iter().map(|judged| figure(&judged.shares[place])).collect::<Vec<_>>())
        };
        Ok(RankingFigures {
            recall: known(of(|plain| plain.recall))?,
            lift: known(of(|plain| plain.lift))?,
            precision: known(of(|plain| plain.precision))?,
            captured: of(|plain| plain.captured),
            return_rate: of(|plain| plain.return_rate),
            contribution: of(|plain| plain.contribution),
        })
    }
}

/// A figure that no evaluation is without: a number in its place would be taken for one.
fn known(figure: Option<Estimate>) -> Result<Estimate> {
    figure.ok_or(Error::Empty {
        what: "the pool without those who are to be found",
        hint: "a ranking can only be judged by who stands behind them: widen the pool",
    })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn repeats_and_groups_left_out_give_their_own_errors() {
        let values: Vec<Option<f64>> = [1.0, 2.0, 3.0, 4.0].map(Some).to_vec();
        let repeats = Combine::Repeats.figure(&values).unwrap();
        assert_relative_eq!(repeats.mean, 2.5);
        assert_relative_eq!(repeats.sd.unwrap(), (5.0_f64 / 3.0).sqrt());
        assert_relative_eq!(repeats.standard_error.unwrap(), (5.0_f64 / 12.0).sqrt());
        // The jackknife of a mean is the usual standard error: of 1, 2, 3, 6 it is √(14/3)/2.
        let all = [1.0, 2.0, 3.0, 6.0];
        let without = |value: f64| Some((12.0 - value) / 3.0);
        let parts: Vec<Option<f64>> = [Some(3.0)].into_iter().chain(all.map(without)).collect();
        let jackknife = Combine::Jackknife.figure(&parts).unwrap();
        assert_relative_eq!(jackknife.mean, 3.0);
        assert_relative_eq!(
            jackknife.standard_error.unwrap(),
            (14.0_f64 / 3.0).sqrt() / 2.0,
            epsilon = 1e-12
        );
        assert_eq!(Combine::Repeats.figure(&[Some(1.0), None]), None);
    }

    /// Whoever counts for a figure may all stand in the group that is left out.
    #[test]
    fn a_part_without_a_figure_takes_the_error_and_not_the_figure() {
        let bare = Some(Estimate { mean: 0.7, sd: None, standard_error: None });
        assert_eq!(Combine::Jackknife.figure(&[Some(0.7), Some(0.6), None, Some(0.8)]), bare);
        assert_eq!(Combine::Jackknife.figure(&[Some(0.7), Some(0.6)]), bare);
        assert_eq!(Combine::Jackknife.figure(&[Some(0.7)]), bare);
        assert_eq!(Combine::Jackknife.figure(&[None, Some(0.6), Some(0.6)]), None);
        let without = Judged { auc: None, shares: Vec::new() };
        assert!(matches!(Combine::Jackknife.auc(&[without]), Err(Error::Empty { .. })));
    }
}
