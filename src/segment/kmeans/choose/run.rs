//! The choice from the points to the verdict.

use std::ops::ControlFlow;

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::segment::quality::SegmentedPoints;

use super::super::fit::Prepared;
use super::super::points::{Extent, row_by_row, whole_weights};
use super::super::result::{KMeansFit, nearest_labels};
use super::builder::ChooseClusters;
use super::candidate::{Candidate, ClusterStability, PredictionStrength};
use super::choice::ClusterChoice;
use super::features::Features;
use super::points::Customers;
use super::progress::{ChoiceProgress, ChoiceStage, Observer, tell};
use super::reference::{gap, log_share, mean_and_deviation, references};
use super::stability::{Bootstrap, bootstraps, splits};
use super::sweep::{Draws, Ground, centroids_of};
use super::verdict::{recommend, reproducible, unmet, warnings};

/// An index up to which a cluster has dissolved (Hennig 2007).
const DISSOLVED: f64 = 0.5;

/// An index from which it was found again.
const RECOVERED: f64 = 0.75;

impl ChooseClusters {
    /// Tries all numbers of clusters on plain numbers: a row for each customer, already scaled, and a name for each
    /// feature. `None` counts each customer once.
    ///
    /// Weights count in the fits, the inertia, the gap, the shares and the features' variances. Silhouettes,
    /// Calinski–Harabasz, Davies–Bouldin, Jaccard indices and prediction strength count every customer once. Customers of
    /// weight 0 get a label and count nowhere.
    ///
    /// The same seed gives the same choice to the bit for any number of threads; it depends on the order of the rows, of
    /// which samples are drawn.
    ///
    /// Time: a handful of fits of all customers, and for each bootstrap, halving and reference one of each number of
    /// clusters to at most 50,000 (10,000 for references); some seconds for a million customers of a few features. Memory: a
    /// rough copy of the points (four bytes a number), and four bytes a customer and number of clusters for the labels.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows or features; [`Error::Coordinate`] for a number that is not finite or beyond 1e100 (with
    /// its row and feature); [`Error::Setting`] for weights that are negative, not finite or 0 throughout;
    /// [`Error::ColumnLength`] where there is not one weight a row or one name a feature.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn choose_matrix<S: AsRef<str>>(
        &self,
        points: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        features: &[S],
    ) -> Result<ClusterChoice> {
        self.choose_matrix_with(points, weights, features, &mut |_| ControlFlow::Continue(()))
    }

    /// [`choose_matrix`](Self::choose_matrix) that tells how far it is.
    ///
    /// # Errors
    /// Those of [`choose_matrix`](Self::choose_matrix), and [`Error::Cancelled`] where `progress` breaks.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn choose_matrix_with<S: AsRef<str>>(
        &self,
        points: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        features: &[S],
        progress: &mut dyn FnMut(ChoiceProgress) -> ControlFlow<()>,
    ) -> Result<ClusterChoice> {
        let (rows, dims) = points.dim();
        if features.len() != dims {
            return Err(Error::ColumnLength {
                column: "features".into(),
                found: features.len(),
                against: "points".into(),
                expected: dims,
            });
        }
        let names: Vec<String> = features.iter().map(|name| name.as_ref().to_owned()).collect();
        let values = row_by_row(&points);
        if rows > 0 && dims > 0 {
            // A row that cannot be used is told by its number among all rows, those of weight 0 too.
            Extent::of(&values, dims)?;
            if let Some(weights) = weights {
                whole_weights(weights, rows)?;
            }
        }
        let customers = Customers::new(&values, dims.max(1), weights);
        let mut candidates = self.measured(&customers, &names, progress)?;
        if customers.len() < rows {
            for Candidate { fit, .. } in &mut candidates {
                fit.labels = nearest_labels(&values, &centroids_of(fit));
                fit.sizes.fill(0);
                fit.labels.iter().for_each(|label| fit.sizes[*label as usize] += 1);
            }
        }
        let recommended = recommend(&mut candidates);
        Ok(ClusterChoice {
            recommended,
            reproducible: reproducible(&candidates),
            candidates,
            features: names,
            customers: customers.len() as u64,
            left_out: (rows - customers.len()) as u64,
        })
    }

    /// Every number of clusters with its measures and the conditions it does not meet.
    fn measured(
        &self,
        customers: &Customers<'_>,
        names: &[String],
        observer: Observer<'_>,
    ) -> Result<Vec<Candidate>> {
        let fits = self.fits(customers, observer)?;
        let of = fits.len() as u32 + 1;
        tell(observer, ChoiceStage::Quality, 0, of)?;
        let features = Features::new(customers, names, self)?;
        let mut candidates = Vec::with_capacity(fits.len());
        for (place, (clusters, fit)) in self.clusters.clone().zip(fits).enumerate() {
            tell(observer, ChoiceStage::Quality, place as u32 + 1, of)?;
            candidates.push(self.with_quality(customers, &features, place, clusters, fit)?);
        }
        let bootstraps = bootstraps(customers, &candidates, self, observer)?;
        let splits: Option<Vec<Vec<f64>>> = splits(customers, self, observer)?.into_iter().collect();
        let references = references(customers, self, observer)?;
        for (place, candidate) in candidates.iter_mut().enumerate() {
            let samples: Vec<&Bootstrap> = bootstraps.iter().map(|sample| &sample[place]).collect();
            candidate.add_bootstraps(&samples);
            candidate.prediction_strength = splits.as_ref().and_then(|splits| {
                let strengths: Vec<f64> = splits.iter().map(|split| split[place]).collect();
                let (mean, deviation) = mean_and_deviation(&strengths)?;
                let standard_error = deviation / (strengths.len() as f64).sqrt();
                Some(PredictionStrength { mean, standard_error })
            });
            let shares: Vec<Option<f64>> = references.iter().map(|reference| reference[place]).collect();
            candidate.gap = gap(log_share(candidate.fit.inertia, features.spread()), &shares);
            candidate.rejections = unmet(candidate, self);
            candidate.warnings = warnings(candidate);
        }
        Ok(candidates)
    }

    /// The best fit of each number of clusters to all customers.
    fn fits(&self, customers: &Customers<'_>, observer: Observer<'_>) -> Result<Vec<KMeansFit>> {
        let prepared = Prepared::new(&customers.values, customers.dims(), customers.weights.as_deref())?;
        let ground = Ground::new(&prepared);
        let of = 2 * self.clusters.clone().count() as u32;
        let draws = Draws { seed: self.seed, purpose: "choice", number: 0 };
        ground.finished(self, draws, &mut |done| tell(observer, ChoiceStage::Fits, done, of))
    }

    fn with_quality(
        &self,
        customers: &Customers<'_>,
        features: &Features<'_>,
        place: usize,
        clusters: usize,
        fit: KMeansFit,
    ) -> Result<Candidate> {
        let segmented = SegmentedPoints::of_labels(customers.matrix()?, &fit.labels)?;
        let weight: f64 = fit.weights.iter().sum();
        let sizes = fit.sizes.iter().zip(&fit.weights);
        let stability = sizes.map(|(customers, of)| ClusterStability {
            customers: *customers,
            share: of / weight,
            jaccard: None,
            dissolved: 0,
            recovered: 0,
        });
        Ok(Candidate {
            clusters,
            simplified: segmented.simplified_silhouette().overall(),
            simplified_error: None,
            silhouette: segmented.sampled_silhouette(self.silhouette_sample, self.seed)?,
            calinski_harabasz: segmented.calinski_harabasz(),
            davies_bouldin: segmented.davies_bouldin(),
            stability: stability.collect(),
            prediction_strength: None,
            gap: None,
            features: features.roles(place, &fit)?,
            rejections: Vec::new(),
            warnings: Vec::new(),
            fit,
        })
    }
}

impl Candidate {
    fn add_bootstraps(&mut self, samples: &[&Bootstrap]) {
        for (cluster, stability) in self.stability.iter_mut().enumerate() {
            let jaccards: Vec<f64> = samples.iter().filter_map(|sample| sample.jaccards[cluster]).collect();
            let count = |meets: &dyn Fn(f64) -> bool| jaccards.iter().filter(|x| meets(**x)).count() as u32;
            stability.dissolved = count(&|jaccard| jaccard <= DISSOLVED);
            stability.recovered = count(&|jaccard| jaccard >= RECOVERED);
            let any = !jaccards.is_empty();
            stability.jaccard = any.then(|| jaccards.iter().sum::<f64>() / jaccards.len() as f64);
        }
        let silhouettes: Vec<f64> = samples.iter().filter_map(|sample| sample.silhouette).collect();
        self.simplified_error = mean_and_deviation(&silhouettes).map(|(_, deviation)| deviation);
    }
}
