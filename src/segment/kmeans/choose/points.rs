//! The customers that count: their points and weights, some of them, and what holds of all.

use std::borrow::Cow;

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::error::{Error, Result};

use super::super::blocks::CHUNK;
use super::builder::ChooseClusters;
use super::sweep::{Clustered, Draws};

/// Points row by row, each with a weight above zero.
pub(super) struct Customers<'a> {
    pub(super) values: Cow<'a, [f64]>,
    pub(super) weights: Option<Cow<'a, [f64]>>,
    dims: usize,
}

impl<'a> Customers<'a> {
    /// Those with a weight above zero.
    pub(super) fn new(values: &'a [f64], dims: usize, weights: Option<&'a [f64]>) -> Self {
        let counts = |weight: &f64| *weight != 0.0;
        match weights {
            Some(weights) if weights.len() == values.len() / dims && !weights.iter().all(counts) => {
                let rows = values.chunks_exact(dims).zip(weights).filter(|(_, weight)| counts(weight));
                Self {
                    values: rows.flat_map(|(row, _)| row).copied().collect(),
                    weights: Some(weights.iter().copied().filter(counts).collect()),
                    dims,
                }
            }
            _ => Self { values: values.into(), weights: weights.map(Cow::Borrowed), dims },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    pub(super) fn dims(&self) -> usize {
        self.dims
    }

    pub(super) fn matrix(&self) -> Result<ArrayView2<'_, f64>> {
        matrix(&self.values, self.dims)
    }

    pub(super) fn values_of(&self, rows: &[usize]) -> Vec<f64> {
        rows.iter().flat_map(|row| &self.values[row * self.dims..][..self.dims]).copied().collect()
    }

    pub(super) fn weights_of(&self, rows: &[usize]) -> Option<Vec<f64>> {
        self.weights.as_ref().map(|weights| rows.iter().map(|row| weights[*row]).collect())
    }

    /// Fits to some of them.
    pub(super) fn clustered(
        &self,
        rows: &[usize],
        choose: &ChooseClusters,
        draws: Draws,
    ) -> Result<Clustered> {
        let (values, weights) = (self.values_of(rows), self.weights_of(rows));
        Clustered::new(values, self.dims, weights.as_deref(), choose, draws)
    }

    /// The weighted mean of each feature, and the weighted sum of squared differences from it.
    pub(super) fn spread(&self) -> (Vec<f64>, Vec<f64>) {
        let origin = &self.values[..self.dims];
        let parts: Vec<Moments> = self
            .values
            .par_chunks(CHUNK * self.dims)
            .enumerate()
            .map(|(chunk, values)| {
                let weights = self.weights.as_ref().map(|weights| &weights[chunk * CHUNK..]);
                pulp::Arch::new().dispatch(TakeMoments { values, weights, origin })
            })
            .collect();
        let mut all = Moments::new(self.dims);
        for part in &parts {
            all.weight += part.weight;
            all.sums.iter_mut().zip(&part.sums).for_each(|(sum, part)| *sum += part);
            all.squares.iter_mut().zip(&part.squares).for_each(|(sum, part)| *sum += part);
        }
        let shift = |sum: &f64| sum / all.weight;
        let means = origin.iter().zip(&all.sums).map(|(origin, sum)| origin + shift(sum)).collect();
        let squares = all.squares.iter().zip(&all.sums);
        (means, squares.map(|(square, sum)| (square - sum * shift(sum)).max(0.0)).collect())
    }
}

/// A view of values row by row.
pub(super) fn matrix(values: &[f64], dims: usize) -> Result<ArrayView2<'_, f64>> {
    ArrayView2::from_shape((values.len() / dims, dims), values).map_err(|_| Error::Incompatible {
        what: "the shape of a matrix",
        left: values.len().to_string(),
        right: format!("rows of {dims}"),
    })
}

/// Sums over some rows of the differences from an origin.
struct Moments {
    weight: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    fn new(dims: usize) -> Self {
        Self { weight: 0.0, sums: vec![0.0; dims], squares: vec![0.0; dims] }
    }
}

struct TakeMoments<'a> {
    values: &'a [f64],
    weights: Option<&'a [f64]>,
    origin: &'a [f64],
}

impl pulp::WithSimd for TakeMoments<'_> {
    type Output = Moments;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Moments {
        let mut moments = Moments::new(self.origin.len());
        for (at, row) in self.values.chunks_exact(self.origin.len()).enumerate() {
            let weight = self.weights.map_or(1.0, |weights| weights[at]);
            moments.weight += weight;
            let places = moments.sums.iter_mut().zip(&mut moments.squares).zip(self.origin);
            for (x, ((sum, square), origin)) in row.iter().zip(places) {
                let difference = x - origin;
                *sum += weight * difference;
                *square += weight * difference * difference;
            }
        }
        moments
    }
}
