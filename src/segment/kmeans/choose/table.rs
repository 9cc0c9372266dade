//! The choice over a table: scales first, and a model of the number that is chosen.

use std::fmt;
use std::ops::ControlFlow;

use super::super::builder::default_scaler;
use super::super::model::{KMeansModel, weights_of};
use super::super::quality::KMeansQuality;
use super::builder::ChooseClusters;
use super::candidate::Candidate;
use super::choice::ClusterChoice;
use super::progress::ChoiceProgress;
use crate::error::{Error, Result};
use crate::features::{FeatureTable, ScalerModel};

/// Numbers of segments side by side, for the customers of a table.
///
/// Made by [`ChooseClusters::choose`]. It prints as its [`ClusterChoice`] does.
#[derive(Clone, Debug)]
pub struct SegmentChoice {
    clusters: ClusterChoice,
    scaler: ScalerModel,
}

impl ChooseClusters {
    /// Tries all numbers of clusters on the customers of a table, by the features of the
    /// [scaler](super::ChooseClustersBuilder::scaler).
    ///
    /// ```
    /// use kohort::segment::{ChooseClusters, Segmenter};
    /// use kohort::synthetic::Shop;
    /// use kohort::FeatureExtractor;
    ///
    /// let log = Shop::builder().customers(800).build()?.generate()?.log;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
    /// let choice = ChooseClusters::builder(2..=4).bootstraps(4).splits(2).references(3).build()?.choose(&customers)?;
    /// println!("{choice}");
    /// // Where customers do not fall into segments, none is recommended, and it says so. A model can still be had.
    /// let clusters = choice.clusters().recommended().unwrap_or(3);
    /// if let Some(model) = choice.model(clusters) {
    ///     assert_eq!(model.segment(&customers)?.names().len(), clusters);
    /// }
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Empty`] where no customer has the features; [`Error::MissingFeature`], [`Error::FeatureType`] where the
    /// table lacks a feature or a weight, or as the missing policy says; [`Error::Setting`] for a weight that is negative.
    pub fn choose(&self, table: &FeatureTable) -> Result<SegmentChoice> {
        self.choose_with(table, &mut |_| ControlFlow::Continue(()))
    }

    /// [`choose`](Self::choose) that tells how far it is.
    ///
    /// # Errors
    /// Those of [`choose`](Self::choose), and [`Error::Cancelled`] where `progress` breaks.
    pub fn choose_with(
        &self,
        table: &FeatureTable,
        progress: &mut dyn FnMut(ChoiceProgress) -> ControlFlow<()>,
    ) -> Result<SegmentChoice> {
        let scaler = match &self.scaler {
            Some(scaler) => scaler.fit(table)?,
            None => default_scaler()?.fit(table)?,
        };
        let matrix = scaler.transform(table)?;
        if matrix.values().nrows() == 0 {
            return Err(Error::Empty {
                what: "the table",
                hint: "k-means needs at least one customer who has the features; look at the missing policy",
            });
        }
        let weights =
            self.weights.as_deref().map(|feature| weights_of(table, feature, &matrix)).transpose()?;
        let names: Vec<&str> = scaler.names().collect();
        let clusters = self.choose_matrix_with(matrix.values(), weights.as_deref(), &names, progress)?;
        Ok(SegmentChoice { clusters, scaler })
    }
}

impl SegmentChoice {
    /// Every number of clusters with its measures, the recommendation and its reasons.
    #[must_use]
    pub fn clusters(&self) -> &ClusterChoice {
        &self.clusters
    }

    /// How features are brought to one scale.
    #[must_use]
    pub fn scaler(&self) -> &ScalerModel {
        &self.scaler
    }

    /// The model of a number of segments that was tried; `None` for another.
    #[must_use]
    pub fn model(&self, clusters: usize) -> Option<KMeansModel> {
        self.clusters.candidate(clusters).map(|candidate| self.of(candidate))
    }

    /// The model of the recommended number; `None` where none is recommended.
    #[must_use]
    pub fn recommended(&self) -> Option<KMeansModel> {
        self.model(self.clusters.recommended()?)
    }

    /// The model of the number to use where customers have to be parted in any case: see [`ClusterChoice::reproducible`].
    #[must_use]
    pub fn reproducible(&self) -> Option<KMeansModel> {
        self.model(self.clusters.reproducible()?)
    }

    fn of(&self, candidate: &Candidate) -> KMeansModel {
        let quality = KMeansQuality {
            simplified_silhouette: candidate.simplified_silhouette(),
            calinski_harabasz: candidate.calinski_harabasz(),
            davies_bouldin: candidate.davies_bouldin(),
        };
        KMeansModel::measured(self.scaler.clone(), quality, candidate.fit().clone())
    }
}

impl fmt::Display for SegmentChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clusters.fmt(f)
    }
}
