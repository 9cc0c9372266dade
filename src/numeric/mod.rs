//! Numbers by the million, to the bit: what several stages need to compare, rank and transform a column.
//!
//! [`number`] sees the numeric columns as one, whatever their width; [`levels`] counts the cut points below each value;
//! [`quantile`] finds exact quantiles without sorting; [`elementary`] has the logarithm and the exponential that give
//! the same bits on every processor; [`wilson`] the interval of a share.

pub(crate) mod elementary;
pub(crate) mod levels;
pub(crate) mod number;
pub(crate) mod quantile;
pub(crate) mod wilson;

pub(crate) use elementary::{exp, ln};

/// Coordinates, scores and amounts reach up to this, so that their squares and products, and sums of any number of these, are
/// floats.
pub(crate) const LARGEST: f64 = 1e100;
