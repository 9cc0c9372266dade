//! A weighted sum: what logistic regression and the discriminant score with.

use super::{Block, Scorer};

/// An intercept and a weight a dimension.
///
/// A customer's score starts at the intercept and adds dimension by dimension, in order, each product with one rounding. So
/// its bits are the same alone, in a block of any size and at any place of it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Linear {
    pub(crate) weights: Vec<f64>,
    pub(crate) intercept: f64,
}

impl Linear {
    /// The score of a single customer.
    pub(crate) fn score_one(&self, values: impl Iterator<Item = f64>) -> f64 {
        values.zip(&self.weights).fold(self.intercept, |sum, (value, weight)| value.mul_add(*weight, sum))
    }
}

impl Scorer for Linear {
    fn score(&self, block: &Block<'_>, scores: &mut [f64]) {
        pulp::Arch::new().dispatch(AddUp { linear: self, block, scores });
    }
}

struct AddUp<'a> {
    linear: &'a Linear,
    block: &'a Block<'a>,
    scores: &'a mut [f64],
}

impl pulp::WithSimd for AddUp<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        self.scores.fill(self.linear.intercept);
        for (dimension, weight) in self.linear.weights.iter().enumerate() {
            for (score, value) in self.scores.iter_mut().zip(self.block.column(dimension)) {
                *score = value.mul_add(*weight, *score);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookalike::scorer::ROWS;

    #[test]
    fn a_score_has_the_same_bits_wherever_its_row_stands() {
        let dims = 7;
        let value = |row: usize, dimension: usize| ((row * 31 + dimension * 17) % 97) as f64 * 0.37 - 11.0;
        let linear =
            Linear { weights: (0..dims).map(|at| 0.3 - at as f64 * 0.21).collect(), intercept: -1.7 };
        let alone: Vec<u64> = (0..2 * ROWS)
            .map(|row| linear.score_one((0..dims).map(|dimension| value(row, dimension))).to_bits())
            .collect();
        for rows in [1, 3, 8, 63, 500, ROWS] {
            for start in [0, 1, 5, 300] {
                let values: Vec<f64> = (0..dims)
                    .flat_map(|dimension| (start..start + rows).map(move |row| value(row, dimension)))
                    .collect();
                let mut scores = vec![f64::NAN; rows];
                linear.score(&Block { values: &values, rows }, &mut scores);
                let bits: Vec<u64> = scores.iter().map(|score| score.to_bits()).collect();
                assert_eq!(bits, alone[start..start + rows]);
            }
        }
    }
}
