//! Which features carry the separation?

use serde::Serialize;

use crate::error::Result;
use crate::random::Stream;
use crate::segment::quality::{Agreement, SegmentedPoints};

use super::super::result::KMeansFit;
use super::builder::ChooseClusters;
use super::points::{Customers, matrix};
use super::stability::spread_out;
use super::sweep::{Clustered, Draws};

/// Customers on whom features are tried out, at most.
const TRIED: usize = 10_000;

/// What one feature does for a number of clusters.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct FeatureRole {
    /// The feature's name.
    pub feature: String,
    /// η²: the share of the feature's own variance that lies between clusters; `None` where it has none. Cohen (1988)
    /// calls 0.01 small, 0.06 medium and 0.14 large.
    pub explained: Option<f64>,
    /// Its share of the variance between clusters, of all features together; `None` where there is none.
    pub between_share: Option<f64>,
    /// How much the simplified silhouette of the same clusters falls when the feature is left out of the distances; below
    /// 0 where it rises, because the feature only blurs them. `None` for a single feature, and where there is no
    /// silhouette. From at most 10,000 customers.
    pub silhouette_lost: Option<f64>,
    /// How far clusters made of this feature alone agree with those of all, as an adjusted Rand index: 1 for the same, 0
    /// for no more than by chance. From at most 10,000 customers.
    pub alone: f64,
}

/// What the features' measures of all numbers of clusters share.
pub(super) struct Features<'a> {
    customers: &'a Customers<'a>,
    names: &'a [String],
    means: Vec<f64>,
    spread: Vec<f64>,
    /// Of a sample of the customers.
    rows: Vec<usize>,
    values: Vec<f64>,
    /// The sample without each feature.
    others: Vec<Vec<f64>>,
    /// The sample's clusters by each feature alone.
    alone: Vec<Clustered>,
}

impl<'a> Features<'a> {
    pub(super) fn new(
        customers: &'a Customers<'a>,
        names: &'a [String],
        choose: &ChooseClusters,
    ) -> Result<Self> {
        let dims = customers.dims();
        let (means, spread) = customers.spread();
        let mut stream = Stream::new(choose.seed, "features: customers", 0);
        let rows = spread_out(customers.len(), TRIED, &mut stream);
        let (values, weights) = (customers.values_of(&rows), customers.weights_of(&rows));
        let without = |left_out: usize| {
            let others = values.iter().enumerate().filter(|(at, _)| at % dims != left_out);
            others.map(|(_, x)| *x).collect()
        };
        let others = if dims > 1 { (0..dims).map(without).collect() } else { Vec::new() };
        let alone = (0..dims).map(|feature| {
            let draws = Draws { seed: choose.seed, purpose: "one feature", number: feature as u64 };
            let column = values[feature..].iter().step_by(dims).copied().collect();
            Clustered::new(column, 1, weights.as_deref(), choose, draws)
        });
        let alone = alone.collect::<Result<_>>()?;
        Ok(Self { customers, names, means, spread, rows, values, others, alone })
    }

    pub(super) fn spread(&self) -> f64 {
        self.spread.iter().sum()
    }

    /// The roles of all features, in order, in the fit of the number of clusters that stands at a place in the range.
    pub(super) fn roles(&self, place: usize, fit: &KMeansFit) -> Result<Vec<FeatureRole>> {
        let dims = self.customers.dims();
        let between: Vec<f64> = (0..dims)
            .map(|feature| {
                let centres = fit.centroids.column(feature);
                let clusters = fit.weights.iter().zip(centres);
                clusters.fold(0.0, |sum, (weight, centre)| {
                    let away = centre - self.means[feature];
                    sum + weight * away * away
                })
            })
            .collect();
        let all: f64 = between.iter().sum();
        let share = |part: f64, whole: f64| (whole > 0.0).then(|| (part / whole).min(1.0));
        let labels: Vec<u32> = self.rows.iter().map(|row| fit.labels[*row]).collect();
        let silhouette = |values: &[f64], dims| -> Result<Option<f64>> {
            let points = matrix(values, dims)?;
            Ok(SegmentedPoints::of_labels(points, &labels)?.simplified_silhouette().overall())
        };
        let whole = silhouette(&self.values, dims)?;
        let role = |feature: usize| {
            let without = match self.others.get(feature) {
                Some(others) => silhouette(others, dims - 1)?,
                None => None,
            };
            let alone = &self.alone[feature].fits[place].labels;
            Ok(FeatureRole {
                feature: self.names[feature].clone(),
                explained: share(between[feature], self.spread[feature]),
                between_share: share(between[feature], all),
                silhouette_lost: whole.zip(without).map(|(whole, without)| whole - without),
                alone: Agreement::of_labels(alone, &labels)?.adjusted_rand(),
            })
        };
        (0..dims).map(role).collect()
    }
}
