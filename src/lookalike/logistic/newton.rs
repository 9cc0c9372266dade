//! Newton's method on the penalised loss, damped, and where it starts.
//!
//! A step solves (H + λI)·δ = −g. What is left to gain is measured by the *decrement* δᵀ(H + λI)δ; divided by the sum of
//! the rows' second derivatives its root says by how much the step moves the rows' log odds, whatever the units of
//! features and weights are. Below the tolerance the fit has converged: that last step is taken without another look.
//!
//! Once steps are small the Hessian hardly changes, so it is kept and later looks take the gradient alone, as long as each
//! step is a tenth of the one before.
//!
//! Where there are many rows the first looks are at few of them. A sample of each class, its weights enlarged to stand for
//! the whole, leads so near to the solution that two looks at everything are enough.

use super::cholesky::{Cholesky, dot};
use super::kernel::{Look, Need, look};
use super::rows::{Data, Part};
use crate::numeric::elementary::ln;

/// When the search ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) iterations: u32,
    /// On the movement of log odds.
    pub(super) tolerance: f64,
}

/// Where a search stands.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Of the shifted features, the intercept last.
    pub(super) coefficients: Vec<f64>,
    /// Of the penalised loss.
    pub(super) objective: f64,
    pub(super) iterations: u32,
    pub(super) converged: bool,
    /// Whether all numbers that were looked at could be worked with.
    pub(super) sound: bool,
}

/// Steps that move log odds by less leave the Hessian nearly as it was.
const SMALL: f64 = 0.02;

/// Halvings of a step, at most.
const HALVINGS: u32 = 40;

/// Share of the gain that the gradient promises which a step must bring.
const ARMIJO: f64 = 1e-4;

/// The rounding error of an objective, relative.
const ROUNDING: f64 = 1e-13;

/// Rows of a class in the samples; each sample must be less than a quarter of the next.
const SAMPLES: [usize; 2] = [1 << 14, 1 << 17];

/// How far samples are followed: they are off by more.
const SAMPLE_LIMITS: Limits = Limits { iterations: 25, tolerance: 0.02 };

/// Where a search begins, and the Hessian it begins with if there is one that is near enough.
pub(super) struct Start {
    pub(super) coefficients: Vec<f64>,
    pub(super) curvature: Option<Curvature>,
}

/// A Hessian.
pub(super) struct Curvature {
    solver: Cholesky,
    /// The sum of the rows' second derivatives.
    information: f64,
}

impl Curvature {
    pub(super) fn of(look: &Look, penalty: f64) -> Self {
        let size = look.gradient.len();
        let mut matrix = look.hessian.clone();
        for feature in 0..size - 1 {
            matrix[feature * size + feature] += penalty;
        }
        let information = matrix.last().copied().unwrap_or_default();
        Self { solver: Cholesky::new(&matrix, size), information }
    }
}

/// What a step would do.
pub(super) struct Step {
    pub(super) direction: Vec<f64>,
    /// δᵀ(H + λI)δ.
    pub(super) decrement: f64,
    /// By how much the step moves log odds, in the mean over rows by their second derivatives.
    pub(super) movement: f64,
}

/// The penalised loss's gradient.
fn slope(look: &Look, coefficients: &[f64], penalty: f64) -> Vec<f64> {
    let mut gradient = look.gradient.clone();
    let features = gradient.len() - 1;
    for (slope, coefficient) in gradient[..features].iter_mut().zip(coefficients) {
        *slope += penalty * coefficient;
    }
    gradient
}

fn penalised(look: &Look, coefficients: &[f64], penalty: f64) -> f64 {
    let features = &coefficients[..coefficients.len() - 1];
    look.loss + 0.5 * penalty * dot(features, features)
}

pub(super) fn step(look: &Look, coefficients: &[f64], penalty: f64, curvature: &Curvature) -> Step {
    let gradient = slope(look, coefficients, penalty);
    let mut direction = curvature.solver.solve(&gradient);
    let decrement = dot(&gradient, &direction).max(0.0);
    direction.iter_mut().for_each(|part| *part = -*part);
    let movement = if decrement > 0.0 { (decrement / curvature.information).sqrt() } else { decrement };
    Step { direction, decrement, movement }
}

pub(super) fn moved(coefficients: &[f64], direction: &[f64], share: f64) -> Vec<f64> {
    coefficients.iter().zip(direction).map(|(start, by)| by.mul_add(share, *start)).collect()
}

/// Minimises the penalised loss of a part.
pub(super) fn minimise(
    data: &Data<'_>,
    part: &Part,
    factors: [f64; 2],
    penalty: f64,
    start: Start,
    limits: Limits,
) -> (State, Curvature) {
    let Start { mut coefficients, curvature } = start;
    let need = if curvature.is_some() { Need::Gradient } else { Need::Hessian };
    let mut found = look(data, part, &coefficients, factors, need);
    let mut curvature = curvature.unwrap_or_else(|| Curvature::of(&found, penalty));
    let mut objective = penalised(&found, &coefficients, penalty);
    let mut iterations = 0;
    let mut sound = found.sound;
    let mut last = f64::INFINITY;
    let converged = loop {
        let Step { direction, decrement, movement } = step(&found, &coefficients, penalty, &curvature);
        if !sound || !movement.is_finite() {
            break false;
        }
        // What will be left after this step is a share of it, and that share at most what this step is of the last one.
        let little = last.is_finite() && movement * movement <= 0.5 * last * limits.tolerance;
        if little || movement <= limits.tolerance {
            coefficients = moved(&coefficients, &direction, 1.0);
            objective -= 0.5 * decrement;
            break true;
        }
        if found.hessian.is_empty() && movement > 0.1 * last {
            // The Hessian is no longer good enough, unless it is the rounding of the gradient that keeps the step up.
            if decrement <= ROUNDING * objective.abs() {
                break true;
            }
            found = look(data, part, &coefficients, factors, Need::Hessian);
            (curvature, last) = (Curvature::of(&found, penalty), f64::INFINITY);
            continue;
        }
        if iterations == limits.iterations {
            break false;
        }
        last = movement;
        let need = if movement <= SMALL { Need::Gradient } else { Need::Hessian };
        let mut share = 1.0;
        let mut halvings = 0;
        let accepted = loop {
            let candidate = moved(&coefficients, &direction, share);
            let there = look(data, part, &candidate, factors, need);
            let value = penalised(&there, &candidate, penalty);
            let wanted = objective - ARMIJO * share * decrement + ROUNDING * objective.abs();
            if value <= wanted {
                break Some((candidate, there, value));
            }
            if halvings == HALVINGS {
                break None;
            }
            halvings += 1;
            share *= 0.5;
        };
        // No way down is left: the rounding error is all there is.
        let Some((candidate, there, value)) = accepted else { break decrement <= 1e-9 * objective.abs() };
        (coefficients, found, objective) = (candidate, there, value);
        iterations += 1;
        sound &= found.sound;
        if !found.hessian.is_empty() {
            curvature = Curvature::of(&found, penalty);
        }
    };
    (State { coefficients, objective, iterations, converged, sound }, curvature)
}

/// The log odds of the class where nothing is known of a row.
fn base(data: &Data<'_>) -> f64 {
    let mut weights = [0.0; 2];
    for (row, label) in data.labels.iter().enumerate() {
        weights[usize::from(*label)] += data.weight(row);
    }
    let odds = weights[1] / weights[0];
    if odds.is_normal() { ln(odds) } else { 0.0 }
}

/// Near the solution over all rows, from samples of each class; where there are too few rows to be worth one, the log odds
/// of the class alone.
pub(super) fn rough_start(data: &Data<'_>, penalty: f64) -> Start {
    let mut coefficients = vec![0.0; data.dims + 1];
    coefficients[data.dims] = base(data);
    let mut start = Start { coefficients, curvature: None };
    let mut before = 0;
    for size in SAMPLES {
        let (sample, factors) = sample(data, size);
        if sample.len() * 4 > data.len() || sample.len() < before * 4 {
            break;
        }
        before = sample.len();
        let from = Start { coefficients: start.coefficients.clone(), curvature: None };
        let (state, curvature) = minimise(data, &sample, factors, penalty, from, SAMPLE_LIMITS);
        if !state.converged || !state.coefficients.iter().all(|coefficient| coefficient.is_finite()) {
            break;
        }
        start = Start { coefficients: state.coefficients, curvature: Some(curvature) };
    }
    start
}

/// At most `size` rows of each class, evenly spread over its rows, and how many each stands for.
fn sample(data: &Data<'_>, size: usize) -> (Part, [f64; 2]) {
    let ones = data.labels.iter().filter(|label| **label).count();
    let steps = [data.len() - ones, ones].map(|rows| rows.div_ceil(size).max(1));
    let mut seen = [0_usize; 2];
    let mut rows = Vec::with_capacity(2 * size);
    for (row, label) in data.labels.iter().enumerate() {
        let (seen, step) = (&mut seen[usize::from(*label)], steps[usize::from(*label)]);
        if *seen == 0 {
            rows.push(row as u32);
        }
        *seen = if *seen + 1 == step { 0 } else { *seen + 1 };
    }
    (Part::Picked(rows), steps.map(|step| step as f64))
}
