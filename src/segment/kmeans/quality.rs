//! How well a fit tells its clusters apart, measured once at the end of it.

use std::fmt;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::result::KMeansFit;
use crate::segment::quality::SegmentedPoints;

/// Quality of the clusters of a fit, on its scales. None where a measure means nothing, as with one cluster.
///
/// See [`quality`](crate::segment::quality) for what the numbers say, and for the exact silhouette.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct KMeansQuality {
    /// Mean simplified silhouette, −1 to 1: by distances to the own and the nearest other centroid.
    pub simplified_silhouette: Option<f64>,
    /// Calinski–Harabasz index: more is better.
    pub calinski_harabasz: Option<f64>,
    /// Davies–Bouldin index: less is better.
    pub davies_bouldin: Option<f64>,
}

impl KMeansQuality {
    pub(super) fn of(points: &ArrayView2<'_, f64>, fit: &KMeansFit) -> Self {
        let Ok(segmented) = SegmentedPoints::of_labels(points.view(), fit.labels()) else {
            return Self::default();
        };
        Self {
            simplified_silhouette: segmented.simplified_silhouette().overall(),
            calinski_harabasz: segmented.calinski_harabasz(),
            davies_bouldin: segmented.davies_bouldin(),
        }
    }
}

impl fmt::Display for KMeansQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number =
            |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |number| format!("{number:.3}"));
        write!(
            f,
            "simplified silhouette {}, Calinski–Harabasz {}, Davies–Bouldin {}",
            number(self.simplified_silhouette),
            number(self.calinski_harabasz),
            number(self.davies_bouldin)
        )
    }
}
