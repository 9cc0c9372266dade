//! What a user asks of a number of segments, checked once.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};
use crate::features::Scaler;

/// How to choose the number of segments: which numbers to try, and what segments must be like to be of use.
///
/// Each number of clusters is fitted and measured; then three questions decide. Can they be acted on (not too many, each
/// large enough)? Are they found again in other samples of the customers? Are they tighter than parts of one cloud
/// would be? Of the numbers that pass, the one with the largest simplified silhouette is recommended, or a smaller
/// one within a standard error of it. Every other number is told why not, and where none passes, that is the result:
/// these customers are best treated as one. Inertia and its elbow decide nothing: it falls with every cluster,
/// and where it bends is in the eye of the beholder (Schubert, arXiv 2212.12189).
///
/// **Stability.** Clusters are looked for again among customers drawn at random, and each is compared with the most
/// similar one found there: customers in both over customers in either (Jaccard), the mean over all draws (Hennig,
/// *CSDA* 52, 2007; `clusterboot` in the R package fpc). Beside it stands the prediction strength (Tibshirani & Walther,
/// *JCGS* 14, 2005), which decides nothing.
///
/// **One cloud.** Stability alone is no proof: a square filled evenly falls into four stable quarters. So the inertia that
/// clusters leave is compared with what the same search leaves of even clouds with the customers' principal variances
/// (after Tibshirani, Walther & Hastie, *JRSS B* 63, 2001). It must be less by a [`Gap`](super::Gap) of 0.05 and three
/// standard errors. The test is a hard one: two groups that overlap much (normal, 2.5 standard deviations apart) count as
/// one cloud. It looks at spread, not at valleys: three corners of an evenly filled triangle pass for groups.
///
/// Recency, frequency and value of a shop's customers are often one cloud (on Online Retail they are). Parts of it can still be treated differently, only where one
/// ends is a convention: [`ClusterChoice::reproducible`](super::ClusterChoice::reproducible) says into how many it is best
/// parted. Natural and reproducible segments are a distinction of Dolnicar & Leisch (*Marketing Letters* 21, 2010).
///
/// ```
/// use kohort::ndarray::Array2;
/// use kohort::segment::kmeans::ChooseClusters;
///
/// // Three groups of a hundred customers each.
/// let points = Array2::from_shape_fn((300, 2), |(row, feature)| {
///     let spread = (row * (7 + 4 * feature)) % 100;
///     [[0.0, 0.0], [4.0, 0.0], [2.0, 4.0]][row % 3][feature] + spread as f64 / 100.0
/// });
/// let choice = ChooseClusters::builder(2..=5).min_share(0.1).seed(1).build()?
///     .choose_matrix(points.view(), None, &["orders", "net"])?;
/// assert_eq!(choice.recommended(), Some(3));
/// assert_eq!(choice.fit(3).map(|fit| fit.sizes().to_vec()), Some(vec![100, 100, 100]));
/// println!("{choice}");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct ChooseClusters {
    pub(super) clusters: RangeInclusive<usize>,
    pub(super) max_segments: usize,
    pub(super) min_share: f64,
    pub(super) min_customers: u64,
    pub(super) min_jaccard: f64,
    pub(super) bootstraps: u32,
    pub(super) splits: u32,
    pub(super) references: u32,
    pub(super) restarts: u32,
    pub(super) max_iterations: u32,
    pub(super) sample: usize,
    pub(super) silhouette_sample: usize,
    pub(super) seed: u64,
    pub(super) scaler: Option<Scaler>,
    pub(super) weights: Option<String>,
}

/// Settings of a [`ChooseClusters`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ChooseClustersBuilder(ChooseClusters);

/// More segments than anyone compares.
const MOST_CLUSTERS: usize = 256;

impl ChooseClusters {
    /// A choice among numbers of clusters, such as `2..=8`.
    pub fn builder(clusters: RangeInclusive<usize>) -> ChooseClustersBuilder {
        ChooseClustersBuilder(Self {
            clusters,
            max_segments: 4,
            min_share: 0.03,
            min_customers: 100,
            min_jaccard: 0.75,
            bootstraps: 20,
            splits: 10,
            references: 20,
            restarts: 4,
            max_iterations: 300,
            sample: 50_000,
            silhouette_sample: 5_000,
            seed: 0,
            scaler: None,
            weights: None,
        })
    }

    /// The numbers of clusters that are tried.
    #[must_use]
    pub fn clusters(&self) -> RangeInclusive<usize> {
        self.clusters.clone()
    }
}

impl ChooseClustersBuilder {
    /// The most segments that can be acted on; larger numbers are measured and shown, not recommended. Defaults to 4.
    pub fn max_segments(mut self, segments: usize) -> Self {
        self.0.max_segments = segments;
        self
    }

    /// The least share of the customers (of their weight, where they have weights) that each segment has. Defaults to
    /// 0.03.
    pub fn min_share(mut self, share: f64) -> Self {
        self.0.min_share = share;
        self
    }

    /// The fewest customers that each segment has. Defaults to 100, the fewest that the large advertising platforms take
    /// as an audience.
    pub fn min_customers(mut self, customers: u64) -> Self {
        self.0.min_customers = customers;
        self
    }

    /// How well each segment is found again in other samples of the customers, as a Jaccard index. Defaults to 0.75,
    /// from which Hennig calls a cluster valid; from 0.85 it is highly stable, and below 0.6 not to be trusted.
    pub fn min_jaccard(mut self, jaccard: f64) -> Self {
        self.0.min_jaccard = jaccard;
        self
    }

    /// Samples of the customers in which clusters are looked for again. Defaults to 20.
    pub fn bootstraps(mut self, bootstraps: u32) -> Self {
        self.0.bootstraps = bootstraps;
        self
    }

    /// Random halvings for the prediction strength. Defaults to 10.
    pub fn splits(mut self, splits: u32) -> Self {
        self.0.splits = splits;
        self
    }

    /// Clouds without segments that the clusters are compared with. Defaults to 20.
    pub fn references(mut self, references: u32) -> Self {
        self.0.references = references;
        self
    }

    /// Starts by k-means++ for each number of clusters, everywhere; one more starts from the clusters of one number less.
    /// Defaults to 4.
    pub fn restarts(mut self, restarts: u32) -> Self {
        self.0.restarts = restarts;
        self
    }

    /// When each fit stops at the latest. Defaults to 300.
    pub fn max_iterations(mut self, iterations: u32) -> Self {
        self.0.max_iterations = iterations;
        self
    }

    /// The most customers that a bootstrap or a halving takes. Defaults to 50,000.
    pub fn sample(mut self, customers: usize) -> Self {
        self.0.sample = customers;
        self
    }

    /// The customers whose silhouettes are measured, about. Defaults to 5,000.
    pub fn silhouette_sample(mut self, customers: usize) -> Self {
        self.0.silhouette_sample = customers;
        self
    }

    /// What random draws depend on. Defaults to 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// For a table: the features, how each is scaled, and what becomes of customers who lack one. Defaults to that of
    /// [`KMeansBuilder::scaler`](crate::segment::KMeansBuilder::scaler).
    pub fn scaler(mut self, scaler: Scaler) -> Self {
        self.0.scaler = Some(scaler);
        self
    }

    /// For a table: a feature that says how much each customer counts. Defaults to none: each counts once.
    pub fn weights(mut self, feature: impl Into<String>) -> Self {
        self.0.weights = Some(feature.into());
        self
    }

    /// The validated configuration.
    ///
    /// # Errors
    /// [`Error::Setting`] for numbers of clusters outside 2 to 256 or none at all, fewer than two segments, a share that is
    /// not in 0 to 0.5, a Jaccard index that is not in 0 to 1, fewer than two bootstraps, splits or references, no restart
    /// or iteration, and samples of fewer than 100 customers.
    pub fn build(self) -> Result<ChooseClusters> {
        let choose = self.0;
        let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        let (least, most) = (*choose.clusters.start(), *choose.clusters.end());
        if !(2..=most).contains(&least) || most > MOST_CLUSTERS {
            return refused("clusters", format!("{least} to {most}"), "a range within 2 to 256");
        }
        if choose.max_segments < 2 {
            return refused("max_segments", choose.max_segments.to_string(), "at least 2");
        }
        if !(0.0..=0.5).contains(&choose.min_share) {
            return refused("min_share", choose.min_share.to_string(), "a share from 0 to 0.5");
        }
        if !(0.0..=1.0).contains(&choose.min_jaccard) {
            return refused("min_jaccard", choose.min_jaccard.to_string(), "an index from 0 to 1");
        }
        let repeated =
            [("bootstraps", choose.bootstraps), ("splits", choose.splits), ("references", choose.references)];
        if let Some((setting, found)) = repeated.into_iter().find(|(_, number)| *number < 2) {
            return refused(setting, found.to_string(), "at least 2, so that their spread is known");
        }
        let any = [("restarts", choose.restarts), ("max_iterations", choose.max_iterations)];
        if let Some((setting, found)) = any.into_iter().find(|(_, number)| *number == 0) {
            return refused(setting, found.to_string(), "at least 1");
        }
        let samples = [("sample", choose.sample), ("silhouette_sample", choose.silhouette_sample)];
        if let Some((setting, found)) = samples.into_iter().find(|(_, number)| *number < 100) {
            return refused(setting, found.to_string(), "at least 100 customers");
        }
        Ok(choose)
    }
}
