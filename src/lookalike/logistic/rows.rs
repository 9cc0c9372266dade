//! What a fit reads: rows of numbers, which of them take part, and what each counts for.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::numeric::LARGEST;

/// Shifted coordinates up to this need no second look.
pub(super) const UNSUSPECTED: f64 = 1e90;

/// Rows that the shift is taken from, at most.
const SHIFT_ROWS: usize = 1_024;

/// Rows of numbers with a label each.
pub(super) struct Data<'a> {
    /// Row-major.
    pub(super) values: &'a [f64],
    pub(super) dims: usize,
    pub(super) labels: &'a [bool],
    /// What each row counts for; `None` where each counts once.
    pub(super) weights: Option<&'a [f64]>,
    /// About the mean of each feature, which is taken off before anything is multiplied: products keep their digits where a
    /// feature lies far from zero, and a constant feature becomes exactly 0.
    pub(super) shift: Vec<f64>,
    /// Whether every number has been looked at already.
    pub(super) checked: bool,
}

impl<'a> Data<'a> {
    /// Of at least one row and one dimension.
    pub(super) fn new(
        values: &'a [f64],
        dims: usize,
        labels: &'a [bool],
        weights: Option<&'a [f64]>,
    ) -> Self {
        let rows = labels.len();
        let step = rows.div_ceil(SHIFT_ROWS).max(1);
        let taken = rows.div_ceil(step) as f64;
        let shift = (0..dims)
            .map(|feature| {
                let first = values[feature];
                // As differences from the first, which are exactly 0 where a feature is constant.
                let beyond: f64 = values[feature..].iter().step_by(dims * step).map(|x| x - first).sum();
                first + beyond / taken
            })
            .collect();
        Self { values, dims, labels, weights, shift, checked: false }
    }

    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    #[inline]
    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// Whether the shift alone shows that some number cannot be used, or could not be.
    pub(super) fn suspect(&self) -> bool {
        !self.shift.iter().all(|shift| shift.abs() <= UNSUSPECTED)
    }

    /// # Errors
    /// [`Error::Coordinate`] for the first number that is not finite or too large.
    pub(super) fn check(&mut self) -> Result<()> {
        self.checked = true;
        match self.values.iter().position(|value| !sound(*value)) {
            None => Ok(()),
            Some(at) => Err(Error::Coordinate {
                row: at / self.dims,
                feature: at % self.dims,
                found: self.values[at],
            }),
        }
    }
}

/// Whether a coordinate can be worked with.
pub(super) fn sound(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// Rows that take part, and in which order.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Neighbours.
    Range(Range<usize>),
    /// Those named.
    Picked(Vec<u32>),
}

impl Part {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::Picked(rows) => rows.len(),
        }
    }

    #[inline]
    pub(super) fn row(&self, position: usize) -> usize {
        match self {
            Self::Range(range) => range.start + position,
            Self::Picked(rows) => rows[position] as usize,
        }
    }
}
