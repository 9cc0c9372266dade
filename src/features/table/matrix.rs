//! Customers by features as floats: what an algorithm works on, and which customers stand in it.
//!
//! The one place where the table meets `ndarray`, and the one place where it is decided what becomes of a customer who
//! lacks a value.

use std::fmt;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::table::FeatureTable;
use crate::numeric::number::{CHUNK, Number, NumericFeature, with_values};
use crate::numeric::quantile::{Quantile, quantiles_of};

/// What to do with customers that lack a value.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[non_exhaustive]
pub enum MissingPolicy {
    /// Stop with an error that names the feature.
    #[default]
    Error,
    /// Use a number in its place: what a missing value means is known, such as no returns for a missing return rate. In
    /// the feature's unit, and finite.
    Fill(f64),
    /// Leave the customer out, and count her.
    Drop,
    /// Use the median of the customers who have a value. A scaler learns it once and uses it for new customers too.
    Median,
}

impl MissingPolicy {
    /// Refuses to fill in what is no number.
    pub(in crate::features) fn check(self) -> Result<()> {
        match self {
            Self::Fill(number) if !number.is_finite() => Err(Error::Setting {
                setting: "missing",
                found: number.to_string(),
                expected: "a finite number to fill in",
            }),
            _ => Ok(()),
        }
    }
}

/// Customers by features as floats, and which customers of the table they are.
///
/// ```
/// use kohort::features::{Column, FeatureTable, MissingPolicy};
/// use kohort::transaction::CustomerIds;
///
/// let rate = Column::optional(vec![Some(0.5), None, Some(0.0)]);
/// let table = FeatureTable::from_columns(CustomerIds::rows(3), [("return_rate", rate)])?;
/// let matrix = table.matrix(&["return_rate"], MissingPolicy::Drop)?;
/// assert_eq!(matrix.values().column(0).to_vec(), [0.5, 0.0]);
/// assert_eq!(matrix.rows().ones().collect::<Vec<_>>(), [0, 2], "the rows of the table that stand in it");
/// assert_eq!((matrix.dropped(), matrix.lacking()), (1, &[1][..]));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct FeatureMatrix {
    values: Array2<f64>,
    kept: Kept,
}

/// The rows of a table that stand in a matrix.
#[derive(Clone, PartialEq)]
pub(in crate::features) struct Kept {
    pub(in crate::features) rows: Bitmap,
    /// How many were left out for lack of each feature.
    pub(in crate::features) lacking: Vec<u64>,
}

impl FeatureMatrix {
    /// The numbers, one row per customer in the table's order, row-major.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }

    /// The numbers without the rest.
    #[must_use]
    pub fn into_values(self) -> Array2<f64> {
        self.values
    }

    /// Which rows of the table stand in it: as many bits as the table has customers, as many of them set as the matrix
    /// has rows, in the same order.
    #[must_use]
    pub fn rows(&self) -> &Bitmap {
        &self.kept.rows
    }

    /// How many customers were left out, for lack of one feature or more.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.kept.dropped()
    }

    /// For each feature, how many customers were left out who lack it. One who lacks two counts for both, so these
    /// can add up to more than [`FeatureMatrix::dropped`].
    #[must_use]
    pub fn lacking(&self) -> &[u64] {
        &self.kept.lacking
    }
}

impl fmt::Debug for FeatureMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, features) = self.values.dim();
        write!(f, "FeatureMatrix({rows} customers by {features} features, {} dropped)", self.dropped())
    }
}

impl FeatureTable {
    /// Customers by features as floats, in row-major order and unscaled; for scaled ones see
    /// [`Scaler`](crate::features::Scaler).
    ///
    /// O(customers · features) time and memory, in parallel.
    ///
    /// # Errors
    /// [`Error::MissingFeature`]; [`Error::FeatureType`] for text, for a missing value under [`MissingPolicy::Error`],
    /// or under [`MissingPolicy::Median`] where nobody has a value; [`Error::Setting`] for a fill that is not finite.
    pub fn matrix<F: AsRef<str>>(&self, features: &[F], missing: MissingPolicy) -> Result<FeatureMatrix> {
        missing.check()?;
        let sources = features.iter().map(|feature| Source::of(self, feature.as_ref(), missing));
        let sources = sources.collect::<Result<Vec<_>>>()?;
        let kept = Kept::of(self.len(), &sources)?;
        let fills = sources.iter().map(|source| source.fill(&kept.rows)).collect::<Result<Vec<_>>>()?;
        Ok(FeatureMatrix::assemble(kept, &sources, &fills, |_, _| {}))
    }
}

/// A feature of a table on its way into a matrix.
pub(in crate::features) struct Source<'a> {
    pub(in crate::features) name: &'a str,
    pub(in crate::features) feature: NumericFeature<'a>,
    pub(in crate::features) missing: MissingPolicy,
}

impl<'a> Source<'a> {
    pub(in crate::features) fn of(
        table: &'a FeatureTable,
        name: &'a str,
        missing: MissingPolicy,
    ) -> Result<Self> {
        Ok(Self { name, feature: NumericFeature::of(table, name)?, missing })
    }

    /// The median of those of some rows that have a value.
    pub(in crate::features) fn median(&self, rows: &Bitmap) -> Result<f64> {
        let known = self.feature.present.map(|present| present.and(rows));
        let middle = [Quantile::Part { part: 1, parts: 2 }];
        let median = quantiles_of(self.feature, Some(known.as_ref().unwrap_or(rows)), &middle);
        median.and_then(|median| median.first().copied()).ok_or_else(|| Error::FeatureType {
            feature: self.name.to_owned(),
            found: "missing for every customer",
            expected: "some values to take the median of; leave the feature out or fill in a number",
        })
    }

    /// What stands in for a missing value; any number where none is missing in the rows.
    fn fill(&self, rows: &Bitmap) -> Result<f64> {
        match self.missing {
            MissingPolicy::Fill(number) => Ok(number),
            MissingPolicy::Median if self.feature.present.is_some() => self.median(rows),
            _ => Ok(0.0),
        }
    }

    /// The values of one chunk of rows that are kept, one after the other.
    fn gather(&self, chunk: usize, kept: &[u64], fill: f64, gathered: &mut Vec<f64>) {
        let present = self.feature.present.map(|present| &present.words()[chunk * CHUNK / 64..]);
        with_values!(self.feature.numbers, values => {
            for (index, (values, kept)) in values[chunk * CHUNK..].chunks(64).zip(kept).enumerate() {
                let present = present.map_or(u64::MAX, |present| present[index]);
                if *kept & present == u64::MAX {
                    gathered.extend(values.iter().map(|value| unsigned_zero(value.to_f64())));
                } else {
                    for (bit, value) in values.iter().enumerate().filter(|(bit, _)| kept >> bit & 1 == 1) {
                        let value = if present >> bit & 1 == 1 { value.to_f64() } else { fill };
                        gathered.push(unsigned_zero(value));
                    }
                }
            }
        });
    }
}

/// A negative zero equals zero, but would tell apart by its bits what is the same.
fn unsigned_zero(value: f64) -> f64 {
    value + 0.0
}

impl Kept {
    /// The rows that lack no feature whose policy drops them.
    pub(in crate::features) fn of(rows: usize, sources: &[Source<'_>]) -> Result<Self> {
        let mut kept = Self { rows: Bitmap::filled(rows, true), lacking: vec![0; sources.len()] };
        for (source, lacking) in sources.iter().zip(&mut kept.lacking) {
            if let (MissingPolicy::Drop, Some(present)) = (source.missing, source.feature.present) {
                *lacking = (rows - present.count()) as u64;
                kept.rows = kept.rows.and(present);
            }
        }
        for source in sources {
            if let (MissingPolicy::Error, Some(present)) = (source.missing, source.feature.present)
                && kept.rows.and(present) != kept.rows
            {
                return Err(Error::FeatureType {
                    feature: source.name.to_owned(),
                    found: "missing for some customers",
                    expected: "a value for each; choose another missing policy or leave those customers out",
                });
            }
        }
        Ok(kept)
    }

    pub(in crate::features) fn dropped(&self) -> u64 {
        (self.rows.len() - self.rows.count()) as u64
    }
}

impl FeatureMatrix {
    /// The rows that are kept, with a number in the place of each missing value, each feature's values scaled in place.
    pub(in crate::features) fn assemble(
        kept: Kept,
        sources: &[Source<'_>],
        fills: &[f64],
        scale: impl Fn(usize, &mut [f64]) + Sync,
    ) -> Self {
        let width = sources.len();
        let mut values = Array2::zeros((kept.rows.count(), width));
        if width == 0 {
            return Self { values, kept };
        }
        let mut rest = values.as_slice_mut().unwrap_or_default();
        let pieces: Vec<(&[u64], &mut [f64])> = kept
            .rows
            .words()
            .chunks(CHUNK / 64)
            .map(|words| {
                let rows: usize = words.iter().map(|word| word.count_ones() as usize).sum();
                let (piece, after) = std::mem::take(&mut rest).split_at_mut(rows * width);
                rest = after;
                (words, piece)
            })
            .collect();
        pieces.into_par_iter().enumerate().for_each(|(chunk, (words, piece))| {
            let mut gathered = Vec::with_capacity(piece.len() / width);
            for (index, (source, fill)) in sources.iter().zip(fills).enumerate() {
                gathered.clear();
                source.gather(chunk, words, *fill, &mut gathered);
                scale(index, &mut gathered);
                for (row, value) in piece.chunks_exact_mut(width).zip(&gathered) {
                    row[index] = *value;
                }
            }
        });
        Self { values, kept }
    }
}
