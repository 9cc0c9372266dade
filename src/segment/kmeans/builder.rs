//! How to cluster: an immutable configuration, validated once.

use ndarray::Array2;

use super::limits::SizeLimits;
use super::points::sound;
use super::road::Road;
use crate::error::{Error, Result};
use crate::features::{MissingPolicy, Scaler, Scaling};

/// Where the iterations start.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub enum Initialization {
    /// Greedy k-means++: far apart, eight candidates for each centroid; on a sample of 131,072 points, or 2,000 a cluster
    /// if that is more.
    #[default]
    PlusPlus,
    /// Distinct rows, each as likely as another.
    Random,
    /// Given centroids, a row each; restarts do not count. For a table they are in the features' own units.
    Centroids(Array2<f64>),
}

/// k-means: customers in a given number of clusters, each around its mean.
///
/// See [`kmeans`](crate::segment::kmeans) for what it answers and how.
#[derive(Clone, PartialEq, Debug)]
pub struct KMeans {
    pub(super) clusters: usize,
    pub(super) scaler: Scaler,
    pub(super) weights: Option<String>,
    pub(super) limits: Option<SizeLimits>,
    pub(super) initialization: Initialization,
    pub(super) restarts: u32,
    pub(super) max_iterations: u32,
    pub(super) tolerance: f64,
    pub(super) seed: u64,
    pub(super) road: Road,
}

/// Settings of a [`KMeans`].
#[derive(Clone, Debug)]
#[must_use]
pub struct KMeansBuilder {
    clusters: usize,
    scaler: Option<Scaler>,
    weights: Option<String>,
    limits: Option<SizeLimits>,
    initialization: Initialization,
    restarts: u32,
    max_iterations: u32,
    tolerance: f64,
    seed: u64,
    road: Road,
}

/// More clusters than anyone can act on, and one code less than 16 bits hold.
pub(super) const MOST_CLUSTERS: usize = 65_534;

impl KMeans {
    /// A configuration with a number of clusters.
    pub fn builder(clusters: usize) -> KMeansBuilder {
        KMeansBuilder {
            clusters,
            scaler: None,
            weights: None,
            limits: None,
            initialization: Initialization::PlusPlus,
            restarts: 4,
            max_iterations: 300,
            tolerance: 0.0,
            seed: 0,
            road: Road::Auto,
        }
    }

    /// How many clusters it looks for.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.clusters
    }
}

/// Recency, frequency and money, whose long tails a logarithm shortens.
pub(super) fn default_scaler() -> Result<Scaler> {
    let features = ["recency_days", "orders", "net"];
    Scaler::builder(features).scaling(Scaling::z_score().log1p()).missing(MissingPolicy::Drop).build()
}

impl KMeansBuilder {
    /// The features, how each is scaled, and what becomes of customers who lack one. Defaults to `recency_days`,
    /// `orders` and `net`, each as the z-score of its logarithm, without customers who lack one.
    ///
    /// Says nothing for plain numbers ([`KMeans::fit_matrix`]), which are taken as they are.
    pub fn scaler(mut self, scaler: Scaler) -> Self {
        self.scaler = Some(scaler);
        self
    }

    /// A feature that says how much each customer counts, such as her net value; one of weight 0 takes no part in the
    /// fit and still gets a segment. Defaults to none: each counts once.
    pub fn weights(mut self, feature: impl Into<String>) -> Self {
        self.weights = Some(feature.into());
        self
    }

    /// How many customers each segment must have at least, or may have at most. With [`LimitMethod::Prices`] weights are
    /// used for the fit that the limits start from, and customers count equally from there on. Defaults to no limits.
    ///
    /// [`LimitMethod::Prices`]: super::LimitMethod::Prices
    pub fn limits(mut self, limits: SizeLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Where the iterations start. Defaults to [`Initialization::PlusPlus`].
    pub fn initialization(mut self, initialization: Initialization) -> Self {
        self.initialization = initialization;
        self
    }

    /// How many starts are tried; the one that ends with the least inertia is kept. Each start has a stream of random
    /// numbers of its own, so more of them are never worse. Defaults to 4.
    pub fn restarts(mut self, restarts: u32) -> Self {
        self.restarts = restarts;
        self
    }

    /// When to stop at the latest; a fit that stops there says that it has not converged. Defaults to 300.
    pub fn max_iterations(mut self, iterations: u32) -> Self {
        self.max_iterations = iterations;
        self
    }

    /// Stops when the squared movements of all centroids, in scaled units, add up to no more. Defaults to 0: iterate
    /// until no customer changes her cluster, or those who do leave every centroid where it is.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// What random draws depend on. Defaults to 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How nearest centroids are found, which changes the time and nothing else. Defaults to [`Road::Auto`].
    pub fn road(mut self, road: Road) -> Self {
        self.road = road;
        self
    }

    /// The validated configuration.
    ///
    /// # Errors
    /// [`Error::Setting`] for no cluster or more than 65,534, no restart, no iteration, a tolerance that is not a finite
    /// number of at least 0, and for given centroids of another number or with numbers that are not finite.
    pub fn build(self) -> Result<KMeans> {
        let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        let scaler = match self.scaler {
            Some(scaler) => scaler,
            None => default_scaler()?,
        };
        let kmeans = KMeans {
            clusters: self.clusters,
            scaler,
            weights: self.weights,
            limits: self.limits,
            initialization: self.initialization,
            restarts: self.restarts,
            max_iterations: self.max_iterations,
            tolerance: self.tolerance,
            seed: self.seed,
            road: self.road,
        };
        if !(1..=MOST_CLUSTERS).contains(&kmeans.clusters) {
            return refused("clusters", kmeans.clusters.to_string(), "1 to 65,534 clusters");
        }
        if kmeans.restarts == 0 {
            return refused("restarts", "0".into(), "at least 1");
        }
        if kmeans.max_iterations == 0 {
            return refused("max_iterations", "0".into(), "at least 1");
        }
        if !(kmeans.tolerance.is_finite() && kmeans.tolerance >= 0.0) {
            return refused("tolerance", kmeans.tolerance.to_string(), "a finite number of at least 0");
        }
        if let Initialization::Centroids(given) = &kmeans.initialization {
            if given.nrows() != kmeans.clusters {
                return refused(
                    "initialization",
                    format!("{} centroids", given.nrows()),
                    "one centroid a cluster",
                );
            }
            if let Some(number) = given.iter().find(|number| !sound(**number)) {
                return refused(
                    "initialization",
                    number.to_string(),
                    "finite numbers, in absolute value of at most 1e100",
                );
            }
        }
        Ok(kmeans)
    }
}
