//! A fitted scaler: the way from a table to the matrix, and from points back to the features' own units.

use std::fmt;

use ndarray::{Array2, ArrayView2};

use super::feature::ScaledFeature;
use crate::error::{Error, Result, nearest};
use crate::features::table::{Kept, Source};
use crate::features::{FeatureMatrix, FeatureTable, MissingPolicy};
use crate::layout::{TextTable, grouped};

/// What a [`Scaler`](super::Scaler) learned: the same scale for these and for next month's customers.
#[derive(Clone, PartialEq)]
pub struct ScalerModel {
    pub(super) features: Vec<ScaledFeature>,
    pub(super) customers: u64,
    pub(super) dropped: u64,
}

impl ScalerModel {
    /// The features, in the order of the matrix's columns.
    #[must_use]
    pub fn features(&self) -> &[ScaledFeature] {
        &self.features
    }

    /// One feature by its name.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name.
    pub fn feature(&self, name: impl AsRef<str>) -> Result<&ScaledFeature> {
        let name = name.as_ref();
        self.features.iter().find(|feature| feature.name == name).ok_or_else(|| Error::MissingFeature {
            feature: name.to_owned(),
            nearest: nearest(name, self.names()),
        })
    }

    /// The features' names, in the order of the matrix's columns: what a table must have.
    #[must_use]
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.features.iter().map(|feature| feature.name.as_str())
    }

    /// How many customers the scales were learned from.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// How many customers of that table were left out for lack of a value.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The features that told nobody apart: see [`ScaledFeature::is_constant`].
    pub fn constant(&self) -> impl Iterator<Item = &ScaledFeature> {
        self.features.iter().filter(|feature| feature.constant)
    }

    /// A table's customers by the scaled features, in row-major order, as `f64`; and which rows of the table stand in
    /// it. Nothing is learned: values beyond those learned from go on along the same scale, but for winsorised features,
    /// which are pulled in, and ranks, which end at 0 and 1. Every number is finite.
    ///
    /// O(customers · features) time and memory, in parallel. No row where the table has none or all were dropped.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] where the table lacks a feature; [`Error::FeatureType`] where it is text, or has a
    /// missing value under [`MissingPolicy::Error`].
    pub fn transform(&self, table: &FeatureTable) -> Result<FeatureMatrix> {
        let sources =
            self.features.iter().map(|feature| Source::of(table, &feature.name, feature.missing_policy));
        let sources = sources.collect::<Result<Vec<_>>>()?;
        let kept = Kept::of(table.len(), &sources)?;
        let fills: Vec<f64> = self.features.iter().map(ScaledFeature::fill).collect();
        Ok(FeatureMatrix::assemble(kept, &sources, &fills, |index, values| {
            self.features[index].scale(values);
        }))
    }

    /// Points on the scales, one per row, in the features' own units: what centroids mean. See
    /// [`ScaledFeature::original`].
    ///
    /// # Errors
    /// [`Error::Incompatible`] where a point does not have one number per feature.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn originals(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        if points.ncols() != self.features.len() {
            return Err(Error::Incompatible {
                what: "the number of features",
                left: self.features.len().to_string(),
                right: points.ncols().to_string(),
            });
        }
        let mut originals = points.into_owned();
        for (mut column, feature) in originals.columns_mut().into_iter().zip(&self.features) {
            column.mapv_inplace(|scaled| feature.original(scaled));
        }
        Ok(originals)
    }
}

impl ScaledFeature {
    /// What stands in for a missing value, in the feature's unit; any number where none can be missing.
    fn fill(&self) -> f64 {
        match self.missing_policy {
            MissingPolicy::Fill(number) => number,
            _ => self.median.unwrap_or_default(),
        }
    }
}

impl fmt::Debug for ScalerModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScalerModel")
            .field("features", &self.names().collect::<Vec<_>>())
            .field("customers", &self.customers)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ScalerModel {
    /// A table of the features, with centre and spread after log1p where that is in the recipe.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(&["<feature", "<recipe", "centre", "spread", "weight", "missing"]);
        for feature in &self.features {
            table.row([
                feature.name.clone(),
                feature.scaling.to_string(),
                feature.centre().map_or_else(|| "–".to_owned(), short),
                feature.spread().map_or_else(|| "–".to_owned(), short),
                short(feature.weight),
                grouped(feature.missing),
            ]);
        }
        write!(f, "{table}")?;
        for feature in self.constant() {
            writeln!(f, "  {}: the same for all customers, so that it tells nobody apart", feature.name)?;
        }
        for feature in self.features.iter().filter(|feature| feature.is_collapsed()) {
            writeln!(
                f,
                "  {}: half of the customers share a value, so that the spread is the standard deviation",
                feature.name
            )?;
        }
        if self.dropped > 0 {
            writeln!(f, "  {} customers were left out for lack of a value", grouped(self.dropped))?;
        }
        Ok(())
    }
}

/// A number of any size in few characters.
fn short(number: f64) -> String {
    let size = number.abs();
    if size > 0.0 && !(1e-3..1e9).contains(&size) {
        return format!("{number:.3e}");
    }
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
