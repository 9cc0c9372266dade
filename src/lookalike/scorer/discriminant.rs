//! A linear discriminant: how far a customer lies from the pool's mean towards the seeds', in units of the pool's spread.
//!
//! β = Σ⁻¹ (μ seeds − μ pool), with the pool's shrunk covariance Σ (see [`covariance`](super::covariance)) and the mean of
//! the seeds by their weights. Between two Gaussians of covariance Σ, x·β − β·(μ seeds + μ pool)/2 are the log odds at
//! equal shares. One pass over the background; up to a factor it is the first Newton step of logistic regression. Pool,
//! not both groups together, because a pool of many customers tells more about the spread than a few seeds.

use super::covariance::{Covariance, mean, solve};
use super::linear::Linear;
use crate::lookalike::training::Training;

/// The least shrinkage, see [`covariance`](super::covariance).
const LEAST: f64 = 0.001;

/// A fitted discriminant.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Discriminant {
    pub(crate) linear: Linear,
    /// How far the pool's covariance was moved towards a multiple of the identity, 0 to 1.
    pub(crate) shrinkage: f64,
}

impl Discriminant {
    /// O(background · dims² + dims³).
    pub(crate) fn fit(training: &Training) -> Self {
        let dims = training.dims;
        let (seeds, background) = training.points.split_at(training.seeds * dims);
        let pool = Covariance::shrunk(background, dims, None, LEAST);
        let seeds = mean(seeds, dims, Some(&training.weights));
        let difference = seeds.iter().zip(&pool.mean).map(|(seed, pool)| seed - pool).collect();
        let weights = solve(&pool.factor(), difference);
        let middle = seeds.iter().zip(&pool.mean).map(|(seed, pool)| f64::midpoint(*seed, *pool));
        let intercept = -weights.iter().zip(middle).map(|(weight, middle)| weight * middle).sum::<f64>();
        Self { linear: Linear { weights, intercept }, shrinkage: pool.shrinkage }
    }
}
