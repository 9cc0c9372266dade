//! Batches: what they are made of, what has to hold of them before they are believed, and what is told of them.

use std::borrow::Cow;

use ndarray::{Array2, ArrayView2, CowArray, Ix2};

use super::super::points::{Extent, row_by_row};
use crate::error::{Error, Result};

/// Rows of numbers, already scaled, and the weight of each row where they count differently.
///
/// It comes [`From`] a matrix or a view of one, alone or in a pair with its weights.
#[derive(Clone, PartialEq, Debug)]
pub struct Batch<'a> {
    pub(super) points: CowArray<'a, f64, Ix2>,
    pub(super) weights: Option<Cow<'a, [f64]>>,
}

impl From<Array2<f64>> for Batch<'_> {
    fn from(points: Array2<f64>) -> Self {
        Self { points: points.into(), weights: None }
    }
}

impl<'a> From<ArrayView2<'a, f64>> for Batch<'a> {
    fn from(points: ArrayView2<'a, f64>) -> Self {
        Self { points: points.into(), weights: None }
    }
}

impl From<(Array2<f64>, Vec<f64>)> for Batch<'_> {
    fn from((points, weights): (Array2<f64>, Vec<f64>)) -> Self {
        Self { points: points.into(), weights: Some(weights.into()) }
    }
}

impl<'a> From<(ArrayView2<'a, f64>, &'a [f64])> for Batch<'a> {
    fn from((points, weights): (ArrayView2<'a, f64>, &'a [f64])) -> Self {
        Self { points: points.into(), weights: Some(weights.into()) }
    }
}

/// What a batch did.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct BatchProgress {
    /// The pass over all batches, from 1.
    pub pass: u32,
    /// How many batches with rows there were so far, this one included.
    pub batch: u64,
    /// Rows of this batch that count.
    pub rows: u64,
    /// The mean squared distance of this batch's rows from the nearest centroids, weighted, before they moved; none
    /// while rows are only kept for the start.
    pub inertia: Option<f64>,
    /// The same, smoothed over the batches; see [`KMeansState::smoothed_inertia`](super::KMeansState::smoothed_inertia).
    pub smoothed_inertia: Option<f64>,
    /// Centroids that moved to where this batch was served badly.
    pub reassigned: u32,
}

/// Weights stay in the middle of what floats can tell apart, so that no sum or share of them is ever infinite or nothing.
pub(super) const LEAST_WEIGHT: f64 = 1e-120;
pub(super) const MOST_WEIGHT: f64 = 1e120;

pub(super) fn bad_weights(found: String) -> Error {
    Error::Setting {
        setting: "weights",
        found,
        expected: "0, or numbers of at least 1e-120 that add up to at most 1e120 over all batches",
    }
}

/// Rows that were checked and count: none has weight 0.
#[derive(Clone, Debug)]
pub(super) struct Rows<'a> {
    pub(super) values: Cow<'a, [f64]>,
    /// None where all are 1.
    pub(super) weights: Option<Vec<f64>>,
    /// No value of a feature is larger in absolute value.
    pub(super) largest: Vec<f64>,
    pub(super) dims: usize,
}

impl<'a> Rows<'a> {
    /// # Errors
    /// [`Error::Empty`] for a matrix without features, [`Error::ColumnLength`] where there is not one weight a row, and
    /// [`Error::Setting`] for a number or a weight that cannot be used.
    pub(super) fn checked(points: &'a ArrayView2<'_, f64>, weights: Option<&[f64]>) -> Result<Self> {
        let (count, dims) = points.dim();
        if dims == 0 {
            return Err(Error::Empty {
                what: "the matrix of points",
                hint: "k-means needs at least one feature, also in a batch without customers",
            });
        }
        if let Some(weights) = weights {
            check_weights(weights, count)?;
        }
        let values = row_by_row(points);
        let largest = largest(&values, dims)?;
        let rows = Self { values, weights: weights.map(<[f64]>::to_vec), largest, dims };
        rows.counting()
    }

    /// Without the rows of weight 0, which so leave no trace.
    fn counting(mut self) -> Result<Self> {
        let Some(weights) = &mut self.weights else { return Ok(self) };
        if weights.contains(&0.0) {
            let rows = self.values.chunks_exact(self.dims).zip(weights.iter());
            let kept = rows.filter(|(_, weight)| **weight > 0.0).flat_map(|(row, _)| row).copied().collect();
            self.values = Cow::Owned(kept);
            weights.retain(|weight| *weight > 0.0);
            self.largest = largest(&self.values, self.dims)?;
        }
        if weights.iter().all(|weight| weight.to_bits() == 1.0_f64.to_bits()) {
            self.weights = None;
        }
        Ok(self)
    }

    /// The rows from one on.
    pub(super) fn rest(&self, first: usize) -> Result<Rows<'_>> {
        let values = &self.values[first * self.dims..];
        Ok(Rows {
            values: values.into(),
            weights: self.weights.as_ref().map(|weights| weights[first..].to_vec()),
            largest: largest(values, self.dims)?,
            dims: self.dims,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.dims..][..self.dims]
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// The weight of all.
    pub(super) fn total_weight(&self) -> f64 {
        self.weights.as_ref().map_or(self.len() as f64, |weights| weights.iter().sum())
    }
}

fn largest(values: &[f64], dims: usize) -> Result<Vec<f64>> {
    if values.is_empty() { Ok(vec![0.0; dims]) } else { Ok(Extent::of(values, dims)?.largest()) }
}

fn check_weights(weights: &[f64], rows: usize) -> Result<()> {
    if weights.len() != rows {
        return Err(Error::ColumnLength {
            column: "weights".into(),
            found: weights.len(),
            against: "points".into(),
            expected: rows,
        });
    }
    let usable = |weight: f64| weight == 0.0 || (LEAST_WEIGHT..=MOST_WEIGHT).contains(&weight);
    match weights.iter().position(|weight| !usable(*weight)) {
        Some(row) => Err(bad_weights(format!("{} in row {row}", weights[row]))),
        None => Ok(()),
    }
}
