//! One number of clusters: what was measured, and what speaks against it.

use serde::Serialize;

use crate::segment::quality::Silhouette;

use super::super::result::KMeansFit;
use super::features::FeatureRole;
use super::verdict::{ChoiceWarning, Rejection};

/// One of the numbers of clusters that were tried.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub(super) clusters: usize,
    pub(super) fit: KMeansFit,
    pub(super) simplified: Option<f64>,
    pub(super) simplified_error: Option<f64>,
    pub(super) silhouette: Silhouette,
    pub(super) calinski_harabasz: Option<f64>,
    pub(super) davies_bouldin: Option<f64>,
    pub(super) stability: Vec<ClusterStability>,
    pub(super) prediction_strength: Option<PredictionStrength>,
    pub(super) gap: Option<Gap>,
    pub(super) features: Vec<FeatureRole>,
    pub(super) rejections: Vec<Rejection>,
    pub(super) warnings: Vec<ChoiceWarning>,
}

/// How large one cluster is, and how well it is found again in samples of the customers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct ClusterStability {
    /// Its customers.
    pub customers: u64,
    /// Its share of the customers; of their weight, where they have weights.
    pub share: f64,
    /// The mean over the samples of the Jaccard index with the most similar cluster of the sample: customers in both over
    /// customers in either. `None` where none of its customers was drawn.
    pub jaccard: Option<f64>,
    /// Samples in which it dissolved: the index is at most 0.5.
    pub dissolved: u32,
    /// Samples in which it was found again: the index is at least 0.75.
    pub recovered: u32,
}

/// How well one half of the customers foretells which customers of the other half belong together.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct PredictionStrength {
    /// For the worst cluster, the share of the pairs of its customers whom the other half's clusters keep together; the mean
    /// over the halvings, both ways. Tibshirani & Walther (2005) take 0.8 to 0.9 for well separated.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// How much tighter clusters are than parts of a cloud without segments: the logarithm of the ratio of the inertias, each
/// as a share of that of one cluster. The clouds are even, with the customers' variances along their principal axes.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Gap {
    /// 0 for the same, above where the clusters are tighter: 0.1 for about a tenth less inertia.
    pub value: f64,
    /// How far it is from 0 by chance.
    pub standard_error: f64,
}

impl Candidate {
    /// How many clusters were looked for. Where there are fewer distinct customers, the [`fit`](Self::fit) has fewer.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.clusters
    }

    /// The clusters.
    #[must_use]
    pub fn fit(&self) -> &KMeansFit {
        &self.fit
    }

    /// The sum of squared distances from the centroids; it never rises from one number to the next and so chooses none.
    #[must_use]
    pub fn inertia(&self) -> f64 {
        self.fit.inertia()
    }

    /// The mean simplified silhouette; `None` with fewer than two clusters.
    #[must_use]
    pub fn simplified_silhouette(&self) -> Option<f64> {
        self.simplified
    }

    /// The standard deviation of the simplified silhouette over the samples in which clusters were looked for again: how
    /// far it is to be trusted. With more customers than a sample takes it is on the safe side.
    #[must_use]
    pub fn simplified_standard_error(&self) -> Option<f64> {
        self.simplified_error
    }

    /// The silhouette, from a sample of the customers.
    #[must_use]
    pub fn silhouette(&self) -> &Silhouette {
        &self.silhouette
    }

    /// Spread between clusters over spread within; high is good.
    #[must_use]
    pub fn calinski_harabasz(&self) -> Option<f64> {
        self.calinski_harabasz
    }

    /// How much the most alike clusters overlap; low is good.
    #[must_use]
    pub fn davies_bouldin(&self) -> Option<f64> {
        self.davies_bouldin
    }

    /// Size and stability of each cluster, in the order of the fit.
    #[must_use]
    pub fn stability(&self) -> &[ClusterStability] {
        &self.stability
    }

    /// The Jaccard index of the least stable cluster; `None` where one was never drawn.
    #[must_use]
    pub fn least_jaccard(&self) -> Option<f64> {
        let jaccards: Option<Vec<f64>> = self.stability.iter().map(|cluster| cluster.jaccard).collect();
        jaccards?.into_iter().min_by(f64::total_cmp)
    }

    /// The prediction strength; `None` for a single customer.
    #[must_use]
    pub fn prediction_strength(&self) -> Option<PredictionStrength> {
        self.prediction_strength
    }

    /// How much tighter the clusters are than parts of one cloud; `None` where every customer sits on her centroid.
    #[must_use]
    pub fn gap(&self) -> Option<Gap> {
        self.gap
    }

    /// What each feature does, in their order.
    #[must_use]
    pub fn features(&self) -> &[FeatureRole] {
        &self.features
    }

    /// Why it is not recommended, conditions first; empty for the recommended one.
    #[must_use]
    pub fn rejections(&self) -> &[Rejection] {
        &self.rejections
    }

    /// Whether it meets all conditions. Of several that do, one is recommended.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.rejections.iter().all(Rejection::is_by_comparison)
    }

    /// What to beware of, should it be used.
    #[must_use]
    pub fn warnings(&self) -> &[ChoiceWarning] {
        &self.warnings
    }
}
