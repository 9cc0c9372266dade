//! A fitted k-means over the features of a table: scales, centroids and names, for these and next month's customers.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use super::builder::{Initialization, KMeans, MOST_CLUSTERS};
use super::lloyd::Observer;
use super::naming;
use super::observe::KMeansProgress;
use super::points::sound;
use super::profile::KMeansProfile;
use super::quality::KMeansQuality;
use super::result::{KMeansFit, predict};
use crate::error::{Error, Result};
use crate::features::{FeatureMatrix, FeatureTable, ScalerModel};
use crate::layout::{TextTable, grouped, percent};
use crate::segment::segmentation::UNASSIGNED;
use crate::segment::{Segmentation, Segmenter};

/// Clusters of customers, with names.
///
/// Puts the customers of any table that has the features into segments: each to the nearest centroid, on the scales of
/// the fit. Customers whom the scaler drops for lack of a value have no segment. Serialises with serde to any format; JSON
/// carries the bits of each number.
#[derive(Clone, PartialEq)]
pub struct KMeansModel {
    pub(super) scaler: ScalerModel,
    /// On the scales, a row for each segment.
    pub(super) centroids: Array2<f64>,
    pub(super) prices: Option<Vec<f64>>,
    pub(super) names: Vec<String>,
    pub(super) sizes: Vec<u64>,
    /// None for given centroids.
    pub(super) inertia: Option<f64>,
    pub(super) clusters: usize,
    pub(super) iterations: u32,
    pub(super) converged: bool,
    pub(super) quality: KMeansQuality,
}

impl KMeans {
    /// Clusters the customers of a table by the features of the [scaler](super::KMeansBuilder::scaler).
    ///
    /// # Errors
    /// [`Error::Empty`] where no customer has the features; [`Error::MissingFeature`], [`Error::FeatureType`] where the
    /// table lacks a feature or a weight, or as the missing policy says; [`Error::Setting`] for a weight that is
    /// negative, and for given centroids that do not have the scaler's features.
    pub fn fit(&self, table: &FeatureTable) -> Result<KMeansModel> {
        self.fit_table(table, None)
    }

    /// [`fit`](Self::fit) that tells of every iteration.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit), and [`Error::Cancelled`] where `progress` breaks.
    pub fn fit_with(
        &self,
        table: &FeatureTable,
        progress: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
    ) -> Result<KMeansModel> {
        self.fit_table(table, Some(progress))
    }

    fn fit_table(&self, table: &FeatureTable, observer: Option<Observer<'_>>) -> Result<KMeansModel> {
        let scaler = self.scaler.fit(table)?;
        let matrix = scaler.transform(table)?;
        if matrix.values().nrows() == 0 {
            return Err(Error::Empty {
                what: "the table",
                hint: "k-means needs at least one customer who has the features; look at the missing policy",
            });
        }
        let weights =
            self.weights.as_deref().map(|feature| weights_of(table, feature, &matrix)).transpose()?;
        let on_scales = match &self.initialization {
            Initialization::Centroids(given) => {
                self.check_width(scaler.features().len())?;
                let mut start = given.clone();
                for (mut column, feature) in start.columns_mut().into_iter().zip(scaler.features()) {
                    column.mapv_inplace(|value| feature.scaled(value));
                }
                Some(Self { initialization: Initialization::Centroids(start), ..self.clone() })
            }
            _ => None,
        };
        let config = on_scales.as_ref().unwrap_or(self);
        let fit = config.fit_points(&matrix.values(), weights.as_deref(), observer)?;
        Ok(KMeansModel::new(scaler, &matrix, fit))
    }
}

/// The weight of each customer of the matrix.
pub(super) fn weights_of(table: &FeatureTable, feature: &str, matrix: &FeatureMatrix) -> Result<Vec<f64>> {
    let column = table.numeric(feature)?;
    let weight = |row: usize| {
        column.number(row).ok_or_else(|| Error::FeatureType {
            feature: feature.to_owned(),
            found: "missing for some customers",
            expected: "a weight for each customer who has the features",
        })
    };
    matrix.rows().ones().map(weight).collect()
}

impl KMeansModel {
    fn new(scaler: ScalerModel, matrix: &FeatureMatrix, fit: KMeansFit) -> Self {
        let quality = KMeansQuality::of(&matrix.values(), &fit);
        Self::measured(scaler, quality, fit)
    }

    /// Of a fit whose quality is known.
    pub(super) fn measured(scaler: ScalerModel, quality: KMeansQuality, fit: KMeansFit) -> Self {
        let names = naming::names(&scaler, &fit.centroids(), fit.weights());
        Self {
            scaler,
            names,
            quality,
            sizes: fit.sizes,
            inertia: Some(fit.inertia),
            clusters: fit.clusters,
            iterations: fit.iterations,
            converged: fit.converged,
            centroids: fit.centroids,
            prices: fit.prices,
        }
    }

    /// A model of centroids that were found elsewhere, such as by a [stream](super::KMeansStream): on the scales of a
    /// fitted scaler, a row for each segment, with the customers that each stands for.
    ///
    /// # Errors
    /// [`Error::Setting`] unless there are 1 to 65,534 centroids of as many finite numbers as the scaler has features, and
    /// a number of customers for each.
    pub fn of_centroids(scaler: ScalerModel, centroids: Array2<f64>, customers: &[u64]) -> Result<Self> {
        let (features, (rows, columns)) = (scaler.features().len(), centroids.dim());
        let refused = |found: String, expected| Err(Error::Setting { setting: "centroids", found, expected });
        if columns != features {
            return refused(format!("of {columns} numbers"), "as many numbers as the scaler has features");
        }
        if !(1..=MOST_CLUSTERS).contains(&rows) || customers.len() != rows {
            let found = format!("{rows} with {} numbers of customers", customers.len());
            return refused(found, "1 to 65,534 centroids, and a number of customers for each");
        }
        if let Some(number) = centroids.iter().find(|number| !sound(**number)) {
            return refused(number.to_string(), "finite numbers, in absolute value of at most 1e100");
        }
        let weights: Vec<f64> = customers.iter().map(|customers| (*customers).max(1) as f64).collect();
        Ok(Self {
            names: naming::names(&scaler, &centroids.view(), &weights),
            scaler,
            prices: None,
            sizes: customers.to_vec(),
            inertia: None,
            clusters: centroids.nrows(),
            iterations: 0,
            converged: false,
            quality: KMeansQuality::default(),
            centroids,
        })
    }

    /// How features are brought to one scale.
    #[must_use]
    pub fn scaler(&self) -> &ScalerModel {
        &self.scaler
    }

    /// The centroids on the scales: a row for each segment, a column for each feature.
    #[must_use]
    pub fn centroids(&self) -> ArrayView2<'_, f64> {
        self.centroids.view()
    }

    /// The centroids in the features' own units. Where a feature was scaled by its logarithm, the centroid is near the
    /// geometric mean; for means of the members see [`profile`](Self::profile).
    #[must_use]
    pub fn centroids_in_units(&self) -> Array2<f64> {
        let mut centroids = self.centroids.clone();
        for (mut column, feature) in centroids.columns_mut().into_iter().zip(self.scaler.features()) {
            column.mapv_inplace(|scaled| feature.original(scaled));
        }
        centroids
    }

    /// Under [limits](super::KMeansBuilder::limits) kept by prices, what is taken off the squared distances from each
    /// centroid.
    #[must_use]
    pub fn prices(&self) -> Option<&[f64]> {
        self.prices.as_deref()
    }

    /// Customers per segment in the fit.
    #[must_use]
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// The sum of squared distances of the customers of the fit from their centroids, on the scales; `None` for a model
    /// that was not fitted but made of centroids.
    #[must_use]
    pub fn inertia(&self) -> Option<f64> {
        self.inertia
    }

    /// How many clusters were asked for; there are fewer segments where there are not as many distinct customers.
    #[must_use]
    pub fn clusters_asked(&self) -> usize {
        self.clusters
    }

    /// Iterations of the best restart; 0 for a model made of centroids.
    #[must_use]
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Whether it stopped because nothing moved any more; not so for a model made of centroids.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// How well the segments of the fit are told apart.
    #[must_use]
    pub fn quality(&self) -> &KMeansQuality {
        &self.quality
    }

    /// The segments of a table's customers, with means of the features in their own units.
    ///
    /// # Errors
    /// Those of [`Segmenter::segment`].
    pub fn profile(&self, table: &FeatureTable) -> Result<KMeansProfile> {
        KMeansProfile::new(self, &self.segment(table)?, table)
    }

    /// The model with other names, in the order of its segments.
    ///
    /// # Errors
    /// [`Error::Setting`] unless there is one name with text for each segment, and no name twice.
    pub fn renamed<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Result<Self> {
        self.names = names.into_iter().map(Into::into).collect();
        naming::check(&self.names, self.sizes.len())?;
        Ok(self)
    }
}

impl Segmenter for KMeansModel {
    fn segment_names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn required_features(&self) -> Vec<String> {
        self.scaler.names().map(str::to_owned).collect()
    }

    fn segment(&self, table: &FeatureTable) -> Result<Segmentation> {
        let matrix = self.scaler.transform(table)?;
        let labels = predict(&matrix.values(), &self.centroids, self.prices.as_deref())?;
        let mut codes = vec![UNASSIGNED; table.len()];
        for (row, label) in matrix.rows().ones().zip(labels) {
            codes[row] = label as u16;
        }
        Segmentation::from_codes(Arc::clone(table.shared_ids()), self.names.clone(), codes)
    }
}

impl fmt::Display for KMeansModel {
    /// The segments with their sizes and centroids in the features' units, how the fit ended, and its quality.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let customers: u64 = self.sizes.iter().sum();
        writeln!(f, "k-means of {} customers", grouped(customers))?;
        let header = ["<segment", "customers", "share"].into_iter().chain(self.scaler.names());
        let mut table = TextTable::new(&header.collect::<Vec<_>>());
        let centroids = self.centroids_in_units();
        for ((name, size), centroid) in self.names.iter().zip(&self.sizes).zip(centroids.rows()) {
            let share = percent((customers > 0).then(|| *size as f64 / customers as f64));
            let numbers = centroid.iter().map(|number| short(*number));
            table.row([name.clone(), grouped(*size), share].into_iter().chain(numbers));
        }
        write!(f, "{table}")?;
        if self.sizes.len() < self.clusters {
            writeln!(
                f,
                "  {} clusters were asked for; there are not as many distinct customers",
                grouped(self.clusters as u64)
            )?;
        }
        if self.inertia.is_none() {
            return writeln!(f, "Made of given centroids");
        }
        let end = if self.converged { "Converged after" } else { "Stopped without convergence after" };
        writeln!(f, "{end} {} iterations; {}", self.iterations, self.quality)
    }
}

/// A number in few characters.
pub(super) fn short(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 1_000.0 => 0,
        size if size >= 10.0 => 1,
        _ => 3,
    };
    format!("{number:.decimals$}")
}

impl fmt::Debug for KMeansModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KMeansModel")
            .field("names", &self.names)
            .field("sizes", &self.sizes)
            .field("inertia", &self.inertia)
            .field("converged", &self.converged)
            .finish_non_exhaustive()
    }
}
