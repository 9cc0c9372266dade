//! The penalty by how well held-out customers are foretold.
//!
//! Seeds and background weigh the same in total, whatever their numbers are. Both are dealt into five folds in the order of
//! their keys, so that a fold has a fifth of each, and who is in it depends on ids and not on rows. For each penalty of a
//! grid, one a decade from 10 to 1e-4 times the total weight, each fold is foretold by the other four; the penalty with the
//! greatest mean log-likelihood is taken, the larger one where two are equal. (Not the largest within a standard error of
//! it: whoever ranks customers gains by the better fit, and nothing by the smaller coefficients.)
//!
//! A look at all rows sums each fold apart. What is left of the whole without a fold is a subtraction; so one Newton step
//! from the coefficients of everyone gives those that were learned without the fold, for all folds at once. That step is off
//! by the square of itself. Where it is too long for that, as with few customers, steps over the other four folds follow.
//! From one penalty to the next, sums at the last coefficients are the first step. Altogether the looks are two or three a
//! penalty, and penalties are compared on a part of the background. With the penalty that was chosen everyone is looked at
//! once more: the log odds of held-out customers are by what was learned of all others.

use rayon::prelude::*;

use super::kernel::{Look, Need, look};
use super::newton::{Curvature, Limits, Start, minimise, moved, step};
use super::rows::{Data, Part};
use crate::lookalike::training::Training;

/// Penalties, as shares of the total weight, in the order they are tried.
const GRID: [f64; 6] = [10.0, 1.0, 1e-1, 1e-2, 1e-3, 1e-4];

/// The share that is taken where nothing can be held out.
const USUAL: f64 = 1e-2;

/// Folds, where there are as many seeds.
const FOLDS: usize = 5;

/// Background that is enough to compare penalties: this many, and so many a seed. The seeds decide how sure a coefficient
/// is; a background four times their number adds a quarter to their variance, a larger one little less.
const ENOUGH: usize = 50_000;
const ENOUGH_A_SEED: usize = 4;

/// How far the fit of everyone is followed before its folds are left out.
const NEAR: f64 = 0.02;

/// A leaving-out step that moves log odds by less is right to the square of it.
const SHORT: f64 = 0.05;

/// Newton steps for a penalty, at most, of everyone and of a fold.
const STEPS: u32 = 50;

/// A logistic regression of seeds against background, with a penalty that was chosen for it.
#[derive(Clone, Debug)]
pub(crate) struct PenalisedFit {
    pub(crate) coefficients: Vec<f64>,
    /// At equal total weights of seeds and background.
    pub(crate) intercept: f64,
    /// λ as a share of the total weight of all rows.
    pub(crate) share: f64,
    /// Whether the last fit reached its tolerance.
    pub(crate) converged: bool,
    /// How many folds there were; 0 where nothing could be held out.
    pub(crate) folds: usize,
    /// The log odds of each row by what was learned without its fold, at equal total weights; where nothing could be held out
    /// those of the fit.
    pub(crate) out_of_fold: Vec<f64>,
    /// What each penalty was worth, from the largest down; empty where nothing could be held out.
    pub(crate) scores: Vec<PenaltyScore>,
}

/// What a penalty was worth.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct PenaltyScore {
    /// As a share of the total weight.
    pub(crate) share: f64,
    /// Mean log-likelihood of held-out rows, by weight: −0.693 says nothing, 0 everything.
    pub(crate) mean: f64,
    /// Its standard error over folds.
    pub(crate) standard_error: f64,
}

/// The weights of seeds and background that make both the same in total.
fn balanced(training: &Training) -> Vec<f64> {
    let total: f64 = training.weights.iter().sum();
    let each = total / training.background().max(1) as f64;
    training.weights.iter().copied().chain(std::iter::repeat_n(each, training.background())).collect()
}

/// Rows dealt to folds in the order of their keys, seeds and background each on their own; of the background no more than
/// the first `background`.
fn deal(training: &Training, folds: usize, background: usize) -> Vec<Part> {
    let mut dealt = vec![Vec::new(); folds];
    for (rows, most) in [(0..training.seeds, training.seeds), (training.seeds..training.rows(), background)] {
        let mut order: Vec<(u64, u32)> = rows.map(|row| (training.keys[row], row as u32)).collect();
        order.par_sort_unstable();
        for (place, (_, row)) in order.iter().take(most).enumerate() {
            dealt[place % folds].push(*row);
        }
    }
    // In the order of the rows, whose neighbours are quicker to read.
    for rows in &mut dealt {
        rows.sort_unstable();
    }
    dealt.into_iter().map(Part::Picked).collect()
}

impl PenalisedFit {
    /// Fits seeds against background.
    ///
    /// O(rows · dims²) a look, of which there are about four at all rows, and fifteen at the seeds and 50,000 of the background, or
    /// four a seed.
    pub(crate) fn of(training: &Training) -> Self {
        let labels: Vec<bool> = (0..training.rows()).map(|row| row < training.seeds).collect();
        let weights = balanced(training);
        let data = Data::new(&training.points, training.dims, &labels, Some(&weights));
        let total: f64 = weights.iter().sum();
        let folds = FOLDS.min(training.seeds).min(training.background());
        if folds < 2 {
            return Self::alone(&data, total);
        }
        let background = training.background().min(ENOUGH.max(ENOUGH_A_SEED * training.seeds));
        let factors = [training.background() as f64 / background as f64, 1.0];
        let parts = deal(training, folds, background);
        let path = Path { data: &data, parts: &parts, factors, total };
        let mut at = vec![0.0; data.dims + 1];
        let mut looks = path.looks(&at);
        let mut scores = Vec::with_capacity(GRID.len());
        let mut best: Option<(PenaltyScore, Vec<f64>)> = None;
        for share in GRID {
            let penalty = share * total;
            path.follow(&mut at, &mut looks, penalty);
            let score = path.score(&path.without(&at, &looks, penalty), share);
            if best.as_ref().is_none_or(|(best, _)| score.mean > best.mean) {
                best = Some((score, at.clone()));
            }
            scores.push(score);
        }
        let Some((score, mut at)) = best else { return Self::alone(&data, total) };
        let parts = deal(training, folds, training.background());
        let path = Path { data: &data, parts: &parts, factors: [1.0; 2], total };
        let mut looks = path.looks(&at);
        let penalty = score.share * total;
        path.follow(&mut at, &mut looks, penalty);
        let without = path.without(&at, &looks, penalty);
        let curvature = Some(Curvature::of(&path.sum(&looks), penalty));
        let mut fit = Self::finish(&data, score.share, total, Start { coefficients: at, curvature });
        (fit.folds, fit.scores) = (folds, scores);
        fit.out_of_fold = path.out_of_fold(&without);
        fit
    }

    /// Without anyone held out.
    fn alone(data: &Data<'_>, total: f64) -> Self {
        let start = Start { coefficients: vec![0.0; data.dims + 1], curvature: None };
        let mut fit = Self::finish(data, USUAL, total, start);
        let mut scores = vec![0.0; data.len()];
        let shifted = shifted(&fit, &data.shift);
        log_odds(data, &Part::Range(0..data.len()), &shifted, |row, score| scores[row] = score);
        fit.out_of_fold = scores;
        fit
    }

    /// The fit of everyone at the penalty that was chosen.
    fn finish(data: &Data<'_>, share: f64, total: f64, start: Start) -> Self {
        let penalty = share * total;
        let everyone = Part::Range(0..data.len());
        let limits = Limits { iterations: 100, tolerance: 1e-8 };
        let (state, _) = minimise(data, &everyone, [1.0; 2], penalty, start, limits);
        let (coefficients, intercept) = super::fit::unshifted(&state.coefficients, &data.shift);
        Self {
            coefficients,
            intercept,
            share,
            converged: state.converged,
            folds: 0,
            out_of_fold: Vec::new(),
            scores: Vec::new(),
        }
    }
}

/// The coefficients of a fit for shifted features.
fn shifted(fit: &PenalisedFit, shift: &[f64]) -> Vec<f64> {
    let intercept = fit.coefficients.iter().zip(shift).fold(fit.intercept, |sum, (b, s)| b.mul_add(*s, sum));
    fit.coefficients.iter().copied().chain([intercept]).collect()
}

/// Tells the log odds of each row of a part.
fn log_odds(data: &Data<'_>, part: &Part, coefficients: &[f64], mut tell: impl FnMut(usize, f64)) {
    let (intercept, weights) = (coefficients[data.dims], &coefficients[..data.dims]);
    let scores: Vec<(usize, f64)> = (0..part.len())
        .into_par_iter()
        .with_min_len(1_024)
        .map(|position| {
            let row = part.row(position);
            let values = data.values[row * data.dims..][..data.dims].iter().zip(&data.shift);
            let score = values.zip(weights).fold(intercept, |sum, ((x, s), w)| (x - s) * w + sum);
            (row, score)
        })
        .collect();
    for (row, score) in scores {
        tell(row, score);
    }
}

/// What all penalties share.
struct Path<'a> {
    data: &'a Data<'a>,
    parts: &'a [Part],
    /// What each row of the background, and each seed, stands for.
    factors: [f64; 2],
    /// Weight of all rows.
    total: f64,
}

impl Path<'_> {
    fn looks(&self, coefficients: &[f64]) -> Vec<Look> {
        let at = |part| look(self.data, part, coefficients, self.factors, Need::Hessian);
        self.parts.iter().map(at).collect()
    }

    fn sum(&self, looks: &[Look]) -> Look {
        let mut sum = Look::nothing(self.data.dims, Need::Hessian);
        for look in looks {
            sum.add(look);
        }
        sum
    }

    /// Brings coefficients and the looks at them near the solution of everyone at a penalty.
    fn follow(&self, at: &mut Vec<f64>, looks: &mut Vec<Look>, penalty: f64) {
        let value = |sum: &Look, at: &[f64]| {
            let features = &at[..self.data.dims];
            sum.loss + 0.5 * penalty * features.iter().map(|b| b * b).sum::<f64>()
        };
        let mut sum = self.sum(looks);
        for _ in 0..STEPS {
            let next = step(&sum, at, penalty, &Curvature::of(&sum, penalty));
            // Also where it is not a number.
            if !(next.movement > NEAR && next.movement.is_finite()) {
                return;
            }
            let before = value(&sum, at);
            let mut share = 1.0;
            loop {
                let candidate = moved(at, &next.direction, share);
                let there = self.looks(&candidate);
                sum = self.sum(&there);
                if value(&sum, &candidate) <= before || share < 1e-6 {
                    (*at, *looks) = (candidate, there);
                    break;
                }
                share *= 0.5;
            }
        }
    }

    /// The coefficients without each fold, from the looks at coefficients near everyone's. The penalty shrinks with the weight
    /// that is left.
    fn without(&self, at: &[f64], looks: &[Look], penalty: f64) -> Vec<Vec<f64>> {
        let everyone = self.sum(looks);
        (0..self.parts.len())
            .map(|fold| {
                let mut rest = everyone.clone();
                rest.subtract(&looks[fold]);
                let penalty = penalty * self.weight_without(fold) / self.total;
                let next = step(&rest, at, penalty, &Curvature::of(&rest, penalty));
                if next.movement <= SHORT {
                    moved(at, &next.direction, 1.0)
                } else {
                    self.refit(fold, at, penalty)
                }
            })
            .collect()
    }

    fn weight_without(&self, fold: usize) -> f64 {
        let part = &self.parts[fold];
        let weight = |row: usize| self.data.weight(row) * self.factors[usize::from(self.data.labels[row])];
        self.total - (0..part.len()).map(|position| weight(part.row(position))).sum::<f64>()
    }

    /// The coefficients without a fold, by steps of their own.
    fn refit(&self, fold: usize, at: &[f64], penalty: f64) -> Vec<f64> {
        let others = self.parts.iter().enumerate().filter(|(number, _)| *number != fold);
        let rows = others.flat_map(|(_, part)| (0..part.len()).map(|position| part.row(position) as u32));
        let rest = Part::Picked(rows.collect());
        let start = Start { coefficients: at.to_vec(), curvature: None };
        let limits = Limits { iterations: STEPS, tolerance: SHORT * SHORT };
        minimise(self.data, &rest, self.factors, penalty, start, limits).0.coefficients
    }

    /// How well each fold is foretold by what was learned without it.
    fn score(&self, without: &[Vec<f64>], share: f64) -> PenaltyScore {
        let folds = without.len() as f64;
        let means: Vec<f64> = self
            .parts
            .iter()
            .zip(without)
            .enumerate()
            .map(|(fold, (part, coefficients))| {
                let loss = look(self.data, part, coefficients, self.factors, Need::Loss).loss;
                -loss / (self.total - self.weight_without(fold))
            })
            .collect();
        let mean = means.iter().sum::<f64>() / folds;
        let squares = means.iter().map(|each| (each - mean) * (each - mean)).sum::<f64>();
        PenaltyScore { share, mean, standard_error: (squares / (folds - 1.0) / folds).sqrt() }
    }

    fn out_of_fold(&self, without: &[Vec<f64>]) -> Vec<f64> {
        let mut scores = vec![0.0; self.data.len()];
        for (part, coefficients) in self.parts.iter().zip(without) {
            log_odds(self.data, part, coefficients, |row, score| scores[row] = score);
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{ArrayView2, Axis};

    use super::*;
    use crate::lookalike::LogisticRegression;
    use crate::random::Stream;

    /// Seeds are the others moved by `apart` in the first of their dimensions; the rest says nothing.
    fn training(seeds: usize, background: usize, dims: usize, apart: f64) -> Training {
        let mut stream = Stream::new(7, "penalised test", dims as u64);
        let mut draw = || stream.unit();
        let rows = seeds + background;
        let mut points = Vec::with_capacity(rows * dims);
        for row in 0..rows {
            for dimension in 0..dims {
                let number = (0..4).map(|_| draw()).sum::<f64>() - 2.0;
                points.push(number * 1.7 + if row < seeds && dimension == 0 { apart } else { 0.0 });
            }
        }
        Training {
            points,
            dims,
            seeds,
            weights: (0..seeds).map(|seed| 0.5 + (seed % 3) as f64 * 0.5).collect(),
            keys: (0..rows as u64).map(|row| row.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect(),
            pool: background as u64,
            feature_of: (0..dims).collect(),
        }
    }

    /// What each fold is given by a fit of the other four.
    fn plainly(training: &Training, fit: &PenalisedFit) -> Vec<f64> {
        let points = ArrayView2::from_shape((training.rows(), training.dims), &training.points).unwrap();
        let weights = balanced(training);
        let mut scores = vec![f64::NAN; training.rows()];
        for part in deal(training, fit.folds, training.background()) {
            let held: Vec<usize> = (0..part.len()).map(|position| part.row(position)).collect();
            let rest: Vec<usize> = (0..training.rows()).filter(|row| !held.contains(row)).collect();
            let rest_weights: Vec<f64> = rest.iter().map(|row| weights[*row]).collect();
            let labels: Vec<bool> = rest.iter().map(|row| *row < training.seeds).collect();
            let penalty = fit.share * rest_weights.iter().sum::<f64>();
            let model = LogisticRegression::builder().penalty(penalty).build().unwrap();
            let model =
                model.fit(points.select(Axis(0), &rest).view(), &labels, Some(&rest_weights)).unwrap();
            let found = model.log_odds(points.select(Axis(0), &held).view()).unwrap();
            held.iter().zip(found).for_each(|(row, score)| scores[*row] = score);
        }
        scores
    }

    #[test]
    fn held_out_rows_are_foretold_by_the_others() {
        // Few rows are refitted, many are a step away.
        for (seeds, background, apart) in [(30, 200, 1.0), (400, 2_000, 0.8), (40, 150, 9.0)] {
            let training = training(seeds, background, 6, apart);
            let fit = PenalisedFit::of(&training);
            assert!(fit.converged && fit.folds == 5);
            for (found, wanted) in fit.out_of_fold.iter().zip(plainly(&training, &fit)) {
                assert!((found - wanted).abs() < 0.02 + 0.005 * wanted.abs(), "{found} {wanted}");
            }
        }
    }

    #[test]
    fn the_fit_is_the_plain_one_at_its_penalty() {
        let training = training(200, 3_000, 5, 1.0);
        let fit = PenalisedFit::of(&training);
        let points = ArrayView2::from_shape((training.rows(), 5), &training.points).unwrap();
        let labels: Vec<bool> = (0..training.rows()).map(|row| row < training.seeds).collect();
        let weights = balanced(&training);
        let penalty = fit.share * weights.iter().sum::<f64>();
        let plain = LogisticRegression::builder().penalty(penalty).build().unwrap();
        let plain = plain.fit(points, &labels, Some(&weights)).unwrap();
        for (found, wanted) in fit.coefficients.iter().zip(plain.coefficients()) {
            assert_relative_eq!(*found, *wanted, max_relative = 1e-7, epsilon = 1e-9);
        }
        assert_relative_eq!(fit.intercept, plain.intercept(), max_relative = 1e-7);
    }

    #[test]
    fn noise_is_penalised_and_signal_is_not() {
        let noise = PenalisedFit::of(&training(60, 600, 30, 0.0));
        let signal = PenalisedFit::of(&training(2_000, 4_000, 5, 1.5));
        assert!(noise.share >= 1.0 && signal.share <= 1e-2, "{} {}", noise.share, signal.share);
        for fit in [noise, signal] {
            assert_eq!(fit.scores.len(), GRID.len());
            let best = fit.scores.iter().find(|score| score.share.to_bits() == fit.share.to_bits()).unwrap();
            assert!(fit.scores.iter().all(|score| score.mean <= best.mean && score.standard_error >= 0.0));
        }
    }

    #[test]
    fn folds_follow_the_keys_and_not_the_rows() {
        let training = training(100, 700, 4, 1.0);
        let rows = training.rows();
        // Rows of each class in another order.
        let order: Vec<usize> =
            (0..100).rev().chain((100..rows).map(|row| 100 + (row - 100) * 3 % 700)).collect();
        let shuffled = Training {
            points: order.iter().flat_map(|row| training.row(*row)).copied().collect(),
            weights: order[..100].iter().map(|row| training.weights[*row]).collect(),
            keys: order.iter().map(|row| training.keys[*row]).collect(),
            ..training.clone()
        };
        let (one, other) = (PenalisedFit::of(&training), PenalisedFit::of(&shuffled));
        assert_eq!(one.share.to_bits(), other.share.to_bits());
        for (place, row) in order.iter().enumerate() {
            assert_relative_eq!(
                one.out_of_fold[*row],
                other.out_of_fold[place],
                max_relative = 1e-7,
                epsilon = 1e-9
            );
        }
        for part in deal(&training, 5, 700) {
            assert_eq!(part.len(), 160);
            assert_eq!((0..160).filter(|position| part.row(*position) < 100).count(), 20);
        }
    }

    #[test]
    fn threads_change_nothing() {
        let training = training(3_000, 60_000, 3, 0.7);
        let bits = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let fit = pool.install(|| PenalisedFit::of(&training));
            fit.coefficients.iter().chain(&fit.out_of_fold).map(|number| number.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(bits(1), bits(3));
    }

    #[test]
    fn too_few_to_hold_any_out_are_fitted_all_the_same() {
        for (seeds, background) in [(1, 50), (50, 1)] {
            let fit = PenalisedFit::of(&training(seeds, background, 3, 1.0));
            assert!(fit.converged && fit.folds == 0 && fit.scores.is_empty());
            assert!(fit.out_of_fold.len() == 51 && fit.out_of_fold.iter().all(|score| score.is_finite()));
        }
        let fit = PenalisedFit::of(&training(3, 50, 3, 1.0));
        assert!(fit.converged && fit.folds == 3);
    }
}
