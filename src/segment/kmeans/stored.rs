//! How a fitted k-means is stored. The structs of a version are frozen once it is released.

use ndarray::Array2;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::model::KMeansModel;
use super::naming;
use super::quality::KMeansQuality;
use crate::error::{Error, Result};
use crate::features::{ScalerModel, ScalerV1};
use crate::model_file::{self, ExactFloat, StoredModel};

#[derive(Serialize, Deserialize)]
struct KMeansModelV1 {
    scaler: ScalerV1,
    clusters: usize,
    segments: Vec<SegmentV1>,
    inertia: Option<ExactFloat>,
    iterations: u32,
    converged: bool,
    simplified_silhouette: Option<ExactFloat>,
    calinski_harabasz: Option<ExactFloat>,
    davies_bouldin: Option<ExactFloat>,
}

#[derive(Serialize, Deserialize)]
struct SegmentV1 {
    name: String,
    customers: u64,
    price: Option<ExactFloat>,
    centroid: Vec<ExactFloat>,
}

impl StoredModel for KMeansModel {
    const KIND: &'static str = "kmeans";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        let segments = self.names.iter().zip(&self.sizes).zip(self.centroids.rows());
        let price = |segment: usize| self.prices.as_ref().map(|prices| ExactFloat(prices[segment]));
        KMeansModelV1 {
            scaler: ScalerV1::from(&self.scaler),
            clusters: self.clusters,
            segments: segments
                .enumerate()
                .map(|(segment, ((name, customers), centroid))| SegmentV1 {
                    name: name.clone(),
                    customers: *customers,
                    price: price(segment),
                    centroid: centroid.iter().copied().map(ExactFloat).collect(),
                })
                .collect(),
            inertia: self.inertia.map(ExactFloat),
            iterations: self.iterations,
            converged: self.converged,
            simplified_silhouette: self.quality.simplified_silhouette.map(ExactFloat),
            calinski_harabasz: self.quality.calinski_harabasz.map(ExactFloat),
            davies_bouldin: self.quality.davies_bouldin.map(ExactFloat),
        }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> std::result::Result<Self, D::Error> {
        from_v1(KMeansModelV1::deserialize(model)?).map_err(D::Error::custom)
    }
}

impl Serialize for KMeansModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for KMeansModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

fn from_v1(stored: KMeansModelV1) -> Result<KMeansModel> {
    let refused = |problem: String| Error::Model { expected: KMeansModel::KIND, problem };
    let scaler = ScalerModel::try_from(stored.scaler).map_err(refused)?;
    let dims = scaler.features().len();
    let segments = stored.segments.len();
    if segments == 0 || segments > stored.clusters || stored.clusters > super::builder::MOST_CLUSTERS {
        return Err(refused(format!("{segments} segments of {} clusters", stored.clusters)));
    }
    if let Some(segment) = stored.segments.iter().find(|segment| segment.centroid.len() != dims) {
        let found = segment.centroid.len();
        return Err(refused(format!("a centroid has {found} numbers for {dims} features")));
    }
    let number = |float: ExactFloat| float.0;
    let names: Vec<String> = stored.segments.iter().map(|segment| segment.name.clone()).collect();
    naming::check(&names, segments)?;
    let prices: Vec<f64> = stored.segments.iter().filter_map(|segment| segment.price).map(number).collect();
    if !prices.is_empty() && prices.len() != segments {
        return Err(refused(format!("{} prices for {segments} segments", prices.len())));
    }
    let centroids = stored.segments.iter().flat_map(|segment| segment.centroid.iter().copied().map(number));
    let centroids = Array2::from_shape_vec((segments, dims), centroids.collect())
        .map_err(|problem| refused(problem.to_string()))?;
    if let Some(far) = centroids.iter().find(|number| !super::points::sound(**number)) {
        return Err(refused(format!("a centroid at {far}")));
    }
    if let Some(inertia) = stored.inertia.filter(|inertia| inertia.0 < 0.0) {
        return Err(refused(format!("an inertia of {}", inertia.0)));
    }
    Ok(KMeansModel {
        scaler,
        centroids,
        prices: (!prices.is_empty()).then_some(prices),
        names,
        sizes: stored.segments.iter().map(|segment| segment.customers).collect(),
        inertia: stored.inertia.map(number),
        clusters: stored.clusters,
        iterations: stored.iterations,
        converged: stored.converged,
        quality: KMeansQuality {
            simplified_silhouette: stored.simplified_silhouette.map(number),
            calinski_harabasz: stored.calinski_harabasz.map(number),
            davies_bouldin: stored.davies_bouldin.map(number),
        },
    })
}
