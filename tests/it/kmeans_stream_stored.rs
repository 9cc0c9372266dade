//! Stored states of streams: those of earlier releases still load, what is damaged is refused with the reason, and
//! whatever loads can be worked with.

use kohort::ndarray::{Array2, array};
use kohort::segment::kmeans::{KMeansState, KMeansStream};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::state_stored::{damaged, mutated};

fn stored(state: &KMeansState) -> String {
    serde_json::to_string(state).unwrap()
}

fn rows(count: usize, shift: usize) -> Array2<f64> {
    Array2::from_shape_fn((count, 2), |(row, feature)| {
        ((row * 37 + feature * 11 + shift) % 23) as f64 / 3.0 + 10.0 * (row % 2) as f64
    })
}

/// One that keeps its first rows, and one whose centroids run.
fn states() -> [String; 2] {
    let stream = |first_rows| KMeansStream::builder(3).first_rows(first_rows).half_life(40.5).seed(9).build();
    let mut waiting = stream(20).unwrap().start();
    waiting.partial_fit(rows(4, 0).view(), Some(&[1.0, 2.5, 1e-9, 7.0])).unwrap();
    let mut running = stream(8).unwrap().start();
    for shift in 0..5 {
        running.partial_fit(rows(6, shift).view(), None).unwrap();
    }
    [stored(&waiting), stored(&running)]
}

fn float(value: f64) -> Value {
    json!({"value": value, "bits": format!("{:016x}", value.to_bits())})
}

#[test]
fn damaged_states_are_refused_with_the_reason() {
    let [waiting, running] = states();
    for (text, path, value, reason) in [
        (&running, "/kind", json!("rfm"), "stored k_means_stream cannot be read: it is a stored `rfm`"),
        (&running, "/version", json!(2), "it is of version 2, and this release reads up to 1; update kohort"),
        (&running, "/model/settings/clusters", json!(0), "setting `clusters` is 0"),
        (&running, "/model/settings/clusters", json!(4), "it has 3 centroids for 4 clusters"),
        (&running, "/model/settings/first_rows", json!(2), "setting `first_rows` is 2"),
        (&running, "/model/settings/reassignment_ratio", float(1.0), "setting `reassignment_ratio` is 1"),
        (&running, "/model/settings/half_life", float(-1.0), "setting `half_life` is -1"),
        (&running, "/model/settings/patience", json!(0), "setting `patience` is 0"),
        (&running, "/model/settings/max_passes", json!(0), "setting `max_passes` is 0"),
        (&running, "/model/batches", json!(31), "it has 31 batches of 30 rows"),
        (&running, "/model/rows", json!(29), "its centroids got 30 of 29 rows"),
        (&running, "/model/rows", json!(u64::MAX), "is no count of rows"),
        (&running, "/model/features", json!(3), "centroid 0 has 2 numbers for 3 features"),
        (&running, "/model/features", json!(0), "0 is no number of features"),
        (&running, "/model/features", Value::Null, "it has rows or centroids, but no features"),
        (&running, "/model/stage/running/centroids", json!([]), "it has 0 centroids for 3 clusters"),
        (&running, "/model/stage/running/centroids/1/weight", float(-1.0), "the weight of centroid 1 is out"),
        (&running, "/model/stage/running/centroids/1/mark", float(1e121), "the weight of centroid 1 is out"),
        (&running, "/model/stage/running/centroids/1/rows", json!(0), "centroid 1 has weight without rows"),
        (&running, "/model/stage/running/centroids/1/values/0", float(1e121), "row 1 has"),
        (&running, "/model/stage/running/unchecked", json!(u64::MAX), "is no count of rows"),
        (
            &running,
            "/model/stage/running/smoothed/inertia",
            float(-0.5),
            "its smoothed inertia is out of range",
        ),
        (&running, "/model/stage/running/smoothed/rows", float(0.0), "its smoothed inertia is out of range"),
        (&running, "/model/stage", json!({"sleeping": {}}), "unknown variant `sleeping`"),
        (&waiting, "/model/rows", json!(5), "it keeps 8 numbers for 5 rows of 2 features"),
        (&waiting, "/model/features", json!(3), "it keeps 8 numbers for 4 rows of 3 features"),
        (&waiting, "/model/features", json!(1_u64 << 53), "it keeps 8 numbers for 4 rows"),
        (&waiting, "/model/features", Value::Null, "it has rows or centroids, but no features"),
        (&waiting, "/model/batches", json!(0), "its counts are not those of a stream's start"),
        (&waiting, "/model/reassigned", json!(1), "its counts are not those of a stream's start"),
        (
            &waiting,
            "/model/settings/first_rows",
            json!(4),
            "it keeps 4 rows, and its centroids have not started",
        ),
        (&waiting, "/model/stage/waiting/values/3", float(1e300), "row 1 has"),
        (&waiting, "/model/stage/waiting/weights", json!([float(1.0)]), "it keeps 1 weights for 4 rows"),
        (&waiting, "/model/stage/waiting/weights/2", float(0.0), "a weight is out of range"),
        (&waiting, "/model/stage/waiting/weights/2", float(1e121), "a weight is out of range"),
    ] {
        let refused =
            serde_json::from_str::<KMeansState>(&damaged(text, path, value)).unwrap_err().to_string();
        assert!(refused.contains(reason), "{path}: {refused}");
    }
    let fresh = stored(&KMeansStream::builder(2).build().unwrap().start());
    let refused = damaged(&fresh, "/model/stage/waiting/values", json!([float(1.0)]));
    let refused = serde_json::from_str::<KMeansState>(&refused).unwrap_err().to_string();
    assert!(refused.contains("it keeps rows, but none came"), "{refused}");
    let given = KMeansStream::builder(1).build().unwrap().start_at(array![[1.0]].view()).unwrap();
    let mut value: Value = serde_json::from_str(&stored(&given)).unwrap();
    value["model"]["rows"] = json!(3);
    value["model"]["stage"]["running"]["centroids"][0]["rows"] = json!(3);
    let refused = serde_json::from_value::<KMeansState>(value).unwrap_err().to_string();
    assert!(refused.contains("its rows have no weight"), "{refused}");
}

/// Works with a state in every way there is; what it refuses must leave it whole.
fn work_with(mut state: KMeansState) {
    assert!(serde_json::from_str::<KMeansState>(&stored(&state)).unwrap() == state);
    for shift in 0..3 {
        let _ = state.partial_fit(rows(9, shift).view(), None);
        let _ = state.partial_fit(rows(3, shift).view(), Some(&[0.0, 1e-100, 4.0]));
        let _ = state.fit_batches(|_| Ok([Ok(rows(8, shift))]));
        state = serde_json::from_str(&stored(&state)).unwrap();
    }
    if let Ok(fit) = state.finish() {
        assert!(fit.clusters() > 0 && fit.centroids().iter().chain(fit.weights()).all(|x| x.is_finite()));
        assert!(!fit.to_string().is_empty() && fit.predict(fit.centroids()).is_ok());
    }
    assert!(format!("{state:?}").len() < 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_damaged_state_is_refused_or_can_be_worked_with(waiting in any::<bool>(), seed in any::<u64>(), times in 1_usize..4) {
        let [early, late] = states();
        let value = serde_json::from_str(if waiting { &early } else { &late }).unwrap();
        if let Ok(state) = serde_json::from_value::<KMeansState>(mutated(value, seed, times)) {
            work_with(state);
        }
    }
}
