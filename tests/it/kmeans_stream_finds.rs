//! What k-means over batches finds: blobs, changes, and work for starved centroids.

use approx::assert_relative_eq;
use kohort::ndarray::{Array2, Axis, array};
use kohort::segment::kmeans::{BatchProgress, KMeans, KMeansStream, KMeansStreamFit};

use crate::kmeans_stream::{CORNERS, bits, blobs, loaded, stored};

/// Whether each corner has a centroid within a quarter of a step.
fn found(fit: &KMeansStreamFit, corners: &[[f64; 2]]) -> bool {
    corners.iter().all(|corner| {
        let near =
            |row: kohort::ndarray::ArrayView1<'_, f64>| (row[0] - corner[0]).hypot(row[1] - corner[1]) < 0.25;
        fit.centroids().outer_iter().any(near)
    })
}

#[test]
fn blobs_are_found() {
    let points = blobs(&CORNERS, 20_000, 5);
    let mut state = KMeansStream::builder(4).first_rows(400).build().unwrap().start();
    for batch in points.axis_chunks_iter(Axis(0), 333) {
        assert_eq!(state.partial_fit(batch, None).unwrap().pass, 1);
    }
    let fit = state.finish().unwrap();
    assert!(found(&fit, &CORNERS), "{fit}");
    assert_eq!((fit.clusters(), fit.clusters_asked(), fit.rows(), fit.batches()), (4, 4, 20_000, 61));
    assert_eq!(fit.sizes().iter().sum::<u64>(), 20_000);
    assert_eq!(bits(fit.weights().to_vec()), bits(fit.sizes().iter().map(|size| *size as f64)));
    assert!(fit.weights().is_sorted_by(|left, right| left >= right));
    // The mean squared distance of a blob from its centre: two sums of six uniform numbers, halved.
    assert_relative_eq!(fit.smoothed_inertia().unwrap(), 0.25, max_relative = 0.05);
    // The state keeps its numbers, the fit orders them; the labels are the same but for that.
    let (own, ordered) = (state.predict(points.view()).unwrap(), fit.predict(points.view()).unwrap());
    let state_rows = state.centroids().unwrap();
    for (own, ordered) in own.iter().zip(&ordered) {
        assert_eq!(state_rows.row(*own as usize), fit.centroids().row(*ordered as usize));
    }
    let shown = fit.to_string();
    assert!(shown.contains("20,000 rows in 61 batches, mean squared distance 0.2"), "{shown}");
    assert!(format!("{state:?}{fit:?}").len() < 400);
}

#[test]
fn the_centroids_are_a_start_for_the_exact_fit() {
    let points = blobs(&[[0.0, 0.0], [1.0, 1.5], [2.5, 0.0]], 6_000, 6);
    let mut state = KMeansStream::builder(5).first_rows(300).build().unwrap().start();
    state.fit_batches(|_| Ok(points.axis_chunks_iter(Axis(0), 250).map(Ok))).unwrap();
    let fit = state.finish().unwrap();
    let inertia: f64 = points
        .outer_iter()
        .zip(fit.predict(points.view()).unwrap())
        .map(|(point, label)| (&point - &fit.centroids().row(label as usize)).mapv(|t| t * t).sum())
        .sum();
    let exact = KMeans::builder(fit.clusters()).initialization(fit.initialization()).build().unwrap();
    let exact = exact.fit_matrix(points.view(), None).unwrap();
    let best = KMeans::builder(5).restarts(8).build().unwrap().fit_matrix(points.view(), None).unwrap();
    assert!(exact.inertia() < inertia && inertia < 1.02 * best.inertia(), "{inertia} {}", best.inertia());
}

#[test]
fn a_state_goes_on_from_a_fit() {
    let points = blobs(&CORNERS, 1_000, 7);
    let fit = KMeans::builder(4).build().unwrap().fit_matrix(points.view(), None).unwrap();
    let mut state = KMeansStream::builder(4).build().unwrap().start_from(&fit).unwrap();
    let before = state.finish().unwrap();
    assert_eq!(bits(before.centroids().iter().copied()), bits(fit.centroids().iter().copied()));
    assert_eq!((before.weights(), before.sizes(), before.batches()), (fit.weights(), fit.sizes(), 0));
    // Rows that sit on the centroids move nothing and weigh.
    state.partial_fit(fit.centroids(), Some(&[3.0; 4])).unwrap();
    let after = state.finish().unwrap();
    assert_eq!(bits(after.centroids().iter().copied()), bits(fit.centroids().iter().copied()));
    assert_eq!(bits(after.weights().to_vec()), bits(fit.weights().iter().map(|weight| weight + 3.0)));
    assert_eq!((state.rows(), state.batches()), (1_004, 1));
    assert!(KMeansStream::builder(5).build().unwrap().start_from(&fit).is_err());
    assert!(loaded(&stored(&state)) == state);
}

#[test]
fn a_starved_centroid_moves_to_where_it_is_needed() {
    let start = array![[0.0, 0.0], [10.0, 0.0], [0.0, 11.0], [900.0, 900.0]];
    let run = |ratio: f64, seed| {
        let stream = KMeansStream::builder(4).reassignment_ratio(ratio).seed(seed).build().unwrap();
        let mut state = stream.start_at(start.view()).unwrap();
        let points = blobs(&CORNERS, 2_000, 8);
        let told: Vec<BatchProgress> = points
            .axis_chunks_iter(Axis(0), 200)
            .map(|batch| state.partial_fit(batch, None).unwrap())
            .collect();
        (state, told)
    };
    for seed in 0..5 {
        let (state, told) = run(0.01, seed);
        let fit = state.finish().unwrap();
        assert!(found(&fit, &CORNERS[1..2]) && fit.clusters() == 4, "{fit}");
        assert_eq!(
            told.iter().map(|told| told.reassigned).collect::<Vec<_>>(),
            [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!((state.reassigned(), fit.reassigned()), (1, 1));
        // Its place, and nobody's rows are lost.
        assert!(state.centroids().unwrap().row(3).iter().all(|x| *x < 20.0));
        assert_eq!(fit.sizes().iter().sum::<u64>(), 2_000);
        assert!(told[9].inertia < told[1].inertia);
    }
    let (state, told) = run(0.0, 0);
    assert!(told.iter().all(|told| told.reassigned == 0));
    assert_eq!(bits(state.centroids().unwrap().row(3).to_vec()), bits([900.0, 900.0]));
    assert_eq!(state.finish().unwrap().clusters(), 3);
}

#[test]
fn a_moved_centroid_is_judged_by_what_came_since() {
    let start = array![[0.0, 0.0], [10.0, 0.0], [900.0, 900.0]];
    let mut state = KMeansStream::builder(3).build().unwrap().start_at(start.view()).unwrap();
    // A past that outweighs all that comes.
    state.partial_fit(blobs(&CORNERS[..2], 300, 20).view(), Some(&[1e6; 300])).unwrap();
    for batch in 0..12 {
        let told = state.partial_fit(blobs(&CORNERS[..3], 300, 21 + batch).view(), None).unwrap();
        assert_eq!(told.reassigned, u32::from(batch == 0));
    }
    let fit = state.finish().unwrap();
    assert!(found(&fit, &CORNERS[..3]) && fit.weights()[2] < 1e-4 * fit.weights()[0], "{fit}");
    // When its rows stay away, it is starved again as soon as the others have gained a hundred times its weight.
    let others = blobs(&CORNERS[..2], 2_000, 40);
    let far = [[0.0, -30.0]];
    let mut moved = Vec::new();
    for batch in 0..6 {
        state.partial_fit(others.view(), Some(&[50.0 * f64::from(batch); 2_000])).unwrap();
        moved.push(state.partial_fit(blobs(&far, 40, 60).view(), None).unwrap().reassigned);
    }
    let weight = fit.weights()[2];
    let first = moved.iter().position(|moved| *moved == 1).unwrap();
    let gained = |batches: usize| (0..=batches).map(|batch| 50_000.0 * batch as f64).sum::<f64>();
    assert!(gained(first) > 80.0 * weight && gained(first - 1) < 120.0 * weight, "{moved:?} {weight}");
}

#[test]
fn a_past_that_has_decayed_shields_no_moved_centroid() {
    let start = array![[0.0, 0.0], [10.0, 0.0], [900.0, 900.0]];
    let stream = KMeansStream::builder(3).half_life(300.0).build().unwrap();
    let mut state = stream.start_at(start.view()).unwrap();
    state.partial_fit(blobs(&CORNERS[..2], 300, 20).view(), Some(&[1e6; 300])).unwrap();
    assert_eq!(state.partial_fit(blobs(&CORNERS[..3], 300, 21).view(), None).unwrap().reassigned, 1);
    // Thirty half-lives later the others have what they always have, and the moved one next to nothing.
    for batch in 0..30 {
        state.partial_fit(blobs(&CORNERS[..2], 300, 22 + batch).view(), None).unwrap();
    }
    let fit = state.finish().unwrap();
    assert!(fit.weights()[0] > 100.0 && fit.weights()[2] < 1.0 || state.reassigned() > 1, "{fit}");
    state.partial_fit(blobs(&[[0.0, -30.0], [10.0, 0.0]], 300, 60).view(), None).unwrap();
    assert!(state.reassigned() > 1);
}

#[test]
fn the_weight_of_a_starved_centroid_goes_to_its_neighbour() {
    // Both near the origin; the second has a thousandth of the weight, while rows at (50, 50) have no centroid.
    let first = array![[0.0, 0.0], [2.0, 0.0], [20.0, 20.0]];
    let stream = KMeansStream::builder(3).first_rows(3).build().unwrap();
    let mut state = stream.start();
    state.partial_fit(first.view(), Some(&[999.0, 1.0, 999.0])).unwrap();
    let batch = Array2::from_shape_fn((40, 2), |(row, _)| if row % 2 == 0 { 20.0 } else { 50.0 });
    assert_eq!(
        state.partial_fit(batch.view(), None).unwrap().reassigned,
        0,
        "10 rows a cluster have not come"
    );
    assert_eq!(state.partial_fit(batch.view(), None).unwrap().reassigned, 1);
    let fit = state.finish().unwrap();
    let at = fit.centroids().outer_iter().position(|row| row[0] < 1.0).unwrap();
    assert_relative_eq!(fit.weights()[at], 1_000.0);
    assert_relative_eq!(fit.centroids()[(at, 0)], 0.002, max_relative = 1e-12);
    assert_eq!(fit.sizes()[at], 2);
    assert!(fit.centroids().outer_iter().any(|row| row[0] > 49.0 && row[1] > 49.0), "{fit}");
}

#[test]
fn a_small_segment_far_off_keeps_its_centroid() {
    // One row in five hundred lies far off: less than the ratio, and yet worth a centroid more than any split is.
    let mut points = blobs(&CORNERS[..3], 20_000, 9);
    for row in (0..20_000).step_by(500) {
        points.row_mut(row).fill(60.0);
    }
    let mut state = KMeansStream::builder(4).first_rows(2_000).build().unwrap().start();
    for batch in points.axis_chunks_iter(Axis(0), 400) {
        state.partial_fit(batch, None).unwrap();
    }
    let fit = state.finish().unwrap();
    assert_eq!((fit.reassigned(), fit.sizes()[3]), (0, 40));
    assert_eq!(bits(fit.centroids().row(3).to_vec()), bits([60.0, 60.0]));
}

#[test]
fn a_half_life_follows_customers_who_change() {
    let run = |half_life: Option<f64>| {
        let mut builder = KMeansStream::builder(2).first_rows(1_000);
        if let Some(rows) = half_life {
            builder = builder.half_life(rows);
        }
        let mut state = builder.build().unwrap().start();
        for batch in 0..20 {
            let drift = f64::from(batch) / 4.0;
            let centres = [[drift, 0.0], [drift + 20.0, 0.0]];
            state.partial_fit(blobs(&centres, 1_000, 50 + u64::from(batch as u32)).view(), None).unwrap();
        }
        state.finish().unwrap()
    };
    let lowest = |fit: &KMeansStreamFit| fit.centroids()[(0, 0)].min(fit.centroids()[(1, 0)]);
    let (followed, lagged) = (run(Some(1_000.0)), run(None));
    // The last rows lie at 4.75. Without decay the centroid is the mean of all, 2.375; with it, one step of 0.25 behind.
    assert!((lowest(&lagged) - 2.375).abs() < 0.1, "{lagged}");
    assert!((lowest(&followed) - 4.5).abs() < 0.1, "{followed}");
    // Nearly 1000 · (1 + ½ + ¼ + …), of both.
    assert_relative_eq!(followed.weights().iter().sum::<f64>(), 2_000.0, max_relative = 1e-4);
    assert_eq!(followed.sizes().iter().sum::<u64>(), 20_000);
}
