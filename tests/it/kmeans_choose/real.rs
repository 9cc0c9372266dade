//! Online Retail by recency, orders and value, each on a logarithmic scale.

use std::io::Write as _;

use kohort::FeatureExtractor;
use kohort::features::{MissingPolicy, Scaler, Scaling};
use kohort::segment::kmeans::{Candidate, ChooseClusters, Measure, Rejection};

use super::of;
use crate::real_data::online_retail;

#[test]
fn online_retail_by_recency_orders_and_value() {
    let Some(log) = online_retail(&[]) else { return };
    let customers =
        FeatureExtractor::builder(log.as_of_end().unwrap()).build().unwrap().extract(&log).unwrap();
    let features = ["recency_days", "orders", "gross"];
    let scaler = Scaler::builder(features).scaling(Scaling::z_score().log1p()).missing(MissingPolicy::Drop);
    let matrix = scaler.build().unwrap().fit(&customers).unwrap().transform(&customers).unwrap();
    let config =
        ChooseClusters::builder(2..=6).bootstraps(8).splits(3).references(8).seed(1).build().unwrap();
    let choice = config.choose_matrix(matrix.values(), None, &features).unwrap();
    let _ = std::io::stderr().write_all(format!("{choice}\n").as_bytes());
    assert_eq!(choice.customers(), 4_338);
    let inertias: Vec<f64> = choice.candidates().iter().map(Candidate::inertia).collect();
    assert!(inertias.is_sorted_by(|fewer, more| more <= fewer), "{inertias:?}");
    // One cloud, which two parts cut stably; the measures that know of no cloud are content with that.
    assert_eq!(choice.recommended(), None);
    assert_eq!(choice.reproducible(), Some(2));
    assert!(choice.candidates().iter().all(|of| of.gap().unwrap().value < 0.0));
    assert!(of(&choice, 2).least_jaccard().unwrap() > 0.9);
    for measure in [Measure::SimplifiedSilhouette, Measure::CalinskiHarabasz, Measure::DaviesBouldin] {
        assert_eq!(choice.favourite(measure), Some(2), "{measure}");
    }
    for k in 5..=6 {
        assert!(of(&choice, k).rejections().contains(&Rejection::TooManySegments { most: 4 }));
    }
}
