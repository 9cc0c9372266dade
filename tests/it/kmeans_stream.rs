//! k-means over batches: what a state must not depend on, what it must find, and how passes end.

use std::ops::ControlFlow;

use approx::assert_relative_eq;
use kohort::Error;
use kohort::ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, Slice, array};
use kohort::segment::kmeans::{
    Batch, BatchProgress, KMeans, KMeansState, KMeansStream, KMeansStreamFit, Passes,
};
use proptest::prelude::*;

use crate::customers::Draws;

/// A number between 0 and 1.
fn unit(draws: &mut Draws) -> f64 {
    draws.below(1 << 53) as f64 / (1_u64 << 53) as f64
}

/// Rows around some centres, each as likely as another; a sum of uniform numbers stands for a bell.
fn blobs(centres: &[[f64; 2]], rows: usize, seed: u64) -> Array2<f64> {
    let mut draws = Draws::new(seed);
    let mut values = Vec::with_capacity(rows * 2);
    for _ in 0..rows {
        let centre = centres[draws.below(centres.len() as u64) as usize];
        for c in centre {
            let bell: f64 = (0..6).map(|_| unit(&mut draws)).sum::<f64>() - 3.0;
            values.push(c + bell / 2.0);
        }
    }
    Array2::from_shape_vec((rows, 2), values).unwrap()
}

const CORNERS: [[f64; 2]; 4] = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 12.0]];

fn weights(rows: usize, seed: u64) -> Vec<f64> {
    let mut draws = Draws::new(seed);
    (0..rows).map(|_| draws.below(5) as f64 / 2.0).collect()
}

fn stored(state: &KMeansState) -> String {
    serde_json::to_string(state).unwrap()
}

fn loaded(text: &str) -> KMeansState {
    serde_json::from_str(text).unwrap()
}

fn bits(numbers: impl IntoIterator<Item = f64>) -> Vec<u64> {
    numbers.into_iter().map(f64::to_bits).collect()
}

fn centroids(state: &KMeansState) -> Vec<f64> {
    state.centroids().unwrap().iter().copied().collect()
}

/// Batches of many chunks with a ragged tail, every third with weights, the rows that come late elsewhere.
fn batches() -> Vec<(Array2<f64>, Option<Vec<f64>>)> {
    (0..6)
        .map(|batch| {
            let rows = 11_111 + 7 * batch;
            let far = [[40.0, 40.0], [-30.0, 5.0]];
            let centres = if batch < 3 { &CORNERS[..] } else { &far[..] };
            let weights = (batch % 3 == 1).then(|| weights(rows, batch as u64));
            (blobs(centres, rows, 100 + batch as u64), weights)
        })
        .collect()
}

/// A stream whose batches start it in their middle, decay, and move centroids.
fn lively() -> KMeansStream {
    KMeansStream::builder(9).first_rows(15_000).half_life(9_000.0).reassignment_ratio(0.4).build().unwrap()
}

fn fed(mut state: KMeansState, batches: &[(Array2<f64>, Option<Vec<f64>>)]) -> KMeansState {
    for (points, weights) in batches {
        state.partial_fit(points.view(), weights.as_deref()).unwrap();
    }
    state
}

#[test]
fn any_number_of_threads_gives_the_same_state() {
    let batches = batches();
    let expected = fed(lively().start(), &batches);
    assert!(expected.reassigned() > 0 && expected.smoothed_inertia().is_some());
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let state = pool.install(|| fed(lively().start(), &batches));
        assert!(state == expected, "{threads} threads");
        assert_eq!(stored(&state), stored(&expected));
    }
}

#[test]
fn storing_the_state_leaves_no_trace() {
    let batches = batches();
    let expected = stored(&fed(lively().start(), &batches));
    let mut state = loaded(&stored(&lively().start()));
    for batch in &batches {
        let before = state.clone();
        state = loaded(&stored(&fed(state, std::slice::from_ref(batch))));
        assert!(state != before);
    }
    assert_eq!(stored(&state), expected);
    assert_eq!(state.finish().unwrap(), loaded(&expected).finish().unwrap());
}

#[test]
fn how_a_matrix_lies_in_memory_leaves_no_trace() {
    let points = blobs(&CORNERS, 3_000, 1);
    let state = |view: ArrayView2<'_, f64>| {
        let mut state = KMeansStream::builder(4).first_rows(1_000).build().unwrap().start();
        state.partial_fit(view, None).unwrap();
        state
    };
    let by_feature = Array2::from_shape_fn((3_000, 2).f(), |at| points[at]);
    let spread = Array2::from_shape_fn((6_000, 4), |(row, feature)| points[(row / 2, feature / 2)]);
    let every_other = Slice::new(0, None, 2);
    let mut strided = spread.slice_axis(Axis(0), every_other);
    strided.slice_axis_inplace(Axis(1), every_other);
    let mut backwards = points.clone();
    backwards.invert_axis(Axis(0));
    let mut turned = backwards.as_standard_layout().to_owned();
    turned.invert_axis(Axis(0));
    assert!([by_feature.view(), strided, turned.view()].iter().all(|view| view.as_slice().is_none()));
    for view in [by_feature.view(), strided, turned.view()] {
        assert!(state(view) == state(points.view()));
    }
}

#[test]
fn the_order_of_a_later_batchs_rows_leaves_no_trace() {
    let started = fed(KMeansStream::builder(4).first_rows(500).build().unwrap().start(), &{
        vec![(blobs(&CORNERS, 500, 2), None)]
    });
    let (points, weights) = (blobs(&CORNERS, 11_111, 3), weights(11_111, 3));
    let order: Vec<usize> = (0..11_111).map(|at| at * 5_003 % 11_111).collect();
    let shuffled = points.select(Axis(0), &order);
    let shuffled_weights: Vec<f64> = order.iter().map(|row| weights[*row]).collect();
    assert_ne!(points, shuffled);
    let batch = |points, weights| fed(started.clone(), &[(points, weights)]);
    assert!(batch(points.clone(), None) == batch(shuffled.clone(), None));
    assert!(batch(points, Some(weights)) == batch(shuffled, Some(shuffled_weights)));
}

#[test]
fn rows_of_weight_0_and_empty_batches_leave_no_trace() {
    let points = blobs(&CORNERS, 2_000, 4);
    let weights = weights(2_000, 4);
    let counted: Vec<usize> = (0..2_000).filter(|row| weights[*row] > 0.0).collect();
    assert!(counted.len() < 1_900);
    let stream = KMeansStream::builder(4).first_rows(700).half_life(500.0).build().unwrap();
    let (mut with, mut without) = (stream.start(), stream.start());
    for rows in (0..2_000).collect::<Vec<_>>().chunks(499) {
        let told = with.partial_fit(
            points.select(Axis(0), rows).view(),
            Some(&rows.iter().map(|row| weights[*row]).collect::<Vec<_>>()),
        );
        let kept: Vec<usize> = rows.iter().copied().filter(|row| counted.contains(row)).collect();
        let same = without.partial_fit(
            points.select(Axis(0), &kept).view(),
            Some(&kept.iter().map(|row| weights[*row]).collect::<Vec<_>>()),
        );
        assert_eq!(told.unwrap(), same.unwrap());
        assert_eq!(with.partial_fit(Array2::zeros((0, 2)).view(), None).unwrap().rows, 0);
        assert_eq!(with.partial_fit(points.view(), Some(&[0.0; 2_000])).unwrap().inertia, None);
    }
    assert!(with == without);
    assert_eq!((with.rows(), with.batches()), (counted.len() as u64, 5));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn weights_times_a_power_of_two_change_nothing(seed in any::<u64>(), power in -300_i32..300, half in any::<bool>()) {
        let factor = 2.0_f64.powi(power);
        let mut builder = KMeansStream::builder(6).first_rows(150).reassignment_ratio(0.3).seed(seed);
        if half {
            builder = builder.half_life(333.0);
        }
        let stream = builder.build().unwrap();
        let (mut plain, mut scaled) = (stream.start(), stream.start());
        for batch in 0..5 {
            let points = blobs(&CORNERS[..2 + batch % 3], 130, seed.wrapping_add(batch as u64));
            let weights: Vec<f64> = weights(130, seed ^ batch as u64).iter().map(|w| w + 0.1).collect();
            let other: Vec<f64> = weights.iter().map(|weight| weight * factor).collect();
            let told = plain.partial_fit(points.view(), Some(&weights)).unwrap();
            prop_assert_eq!(scaled.partial_fit(points.view(), Some(&other)).unwrap(), told);
        }
        prop_assert_eq!(bits(centroids(&plain)), bits(centroids(&scaled)));
        let (plain, scaled) = (plain.finish().unwrap(), scaled.finish().unwrap());
        prop_assert_eq!(bits(plain.weights().iter().map(|weight| weight * factor)), bits(scaled.weights().to_vec()));
        prop_assert_eq!(plain.sizes(), scaled.sizes());
    }

    /// Sculley's update as a book would write it.
    #[test]
    fn a_plain_loop_gives_the_same(seed in any::<u64>(), half in any::<bool>(), weighted in any::<bool>()) {
        let start = array![[0.0, 1.0], [9.0, 1.0], [1.0, 9.0], [9.0, 9.0], [4.0, 4.0]];
        let mut builder = KMeansStream::builder(5).reassignment_ratio(0.0);
        if half {
            builder = builder.half_life(250.0);
        }
        let mut state = builder.build().unwrap().start_at(start.view()).unwrap();
        let mut c = start;
        let mut v = [0.0; 5];
        let (mut smoothed, mut seen) = (None, 0.0);
        for batch in 0..6 {
            let rows = 90 + batch;
            let points = blobs(&CORNERS, rows, seed.wrapping_add(batch as u64));
            let weights = weighted.then(|| weights(rows, seed).iter().map(|w| w + 0.25).collect::<Vec<_>>());
            let told = state.partial_fit(points.view(), weights.as_deref()).unwrap();
            let decay = if half { 0.5_f64.powf(rows as f64 / 250.0) } else { 1.0 };
            for v in &mut v {
                *v *= decay;
            }
            let before = c.clone();
            let (mut inertia, mut total) = (0.0, 0.0);
            for (row, point) in points.outer_iter().enumerate() {
                let weight = weights.as_ref().map_or(1.0, |weights| weights[row]);
                let squared = |at: usize| (0..2).map(|f| (point[f] - before[(at, f)]).powi(2)).sum::<f64>();
                let nearest = (0..5).min_by(|left, right| squared(*left).total_cmp(&squared(*right))).unwrap();
                inertia += weight * squared(nearest);
                total += weight;
                v[nearest] += weight;
                for feature in 0..2 {
                    let rate = weight / v[nearest];
                    c[(nearest, feature)] = (1.0 - rate) * c[(nearest, feature)] + rate * point[feature];
                }
            }
            assert_relative_eq!(told.inertia.unwrap(), inertia / total, max_relative = 1e-12);
            seen = seen * decay + rows as f64;
            let alpha = f64::min(1.0, 2.0 * rows as f64 / (seen + rows as f64));
            let past = smoothed.unwrap_or(inertia / total);
            smoothed = Some(past + alpha * (inertia / total - past));
            assert_relative_eq!(told.smoothed_inertia.unwrap(), smoothed.unwrap(), max_relative = 1e-12);
            for (found, expected) in state.centroids().unwrap().iter().zip(&c) {
                assert_relative_eq!(*found, *expected, max_relative = 1e-11, epsilon = 1e-11);
            }
        }
        let mut found = state.finish().unwrap().weights().to_vec();
        found.resize(5, 0.0);
        v.sort_by(|left, right| right.total_cmp(left));
        for (found, expected) in found.iter().zip(&v) {
            assert_relative_eq!(*found, *expected, max_relative = 1e-12);
        }
    }
}

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

#[test]
fn passes_end_where_nothing_improves() {
    let points = blobs(&CORNERS, 10_000, 10);
    let stream = |patience, passes| {
        let builder = KMeansStream::builder(4).first_rows(1_000).patience(patience).max_passes(passes);
        builder.build().unwrap().start()
    };
    let run = |state: &mut KMeansState| {
        let mut told = Vec::new();
        let passes = state
            .fit_batches_with(|_| Ok(points.axis_chunks_iter(Axis(0), 500).map(Ok)), &mut |progress| {
                told.push(progress);
                ControlFlow::Continue(())
            })
            .unwrap();
        (passes, told)
    };
    let mut state = stream(3, 50);
    let (passes, told) = run(&mut state);
    assert!(passes.converged && passes.passes < 50 && passes.batches >= 20);
    assert_eq!((told.len() as u64, state.batches()), (passes.batches, passes.batches));
    assert!(told.iter().zip(1..).all(|(told, batch)| told.batch == batch && told.rows == 500));
    assert!(told.iter().enumerate().all(|(at, told)| told.pass as usize == at / 20 + 1));
    assert!(told[..2].iter().all(|told| told.inertia.is_none()) && told[2].inertia.is_some());
    assert_eq!(told.last().unwrap().smoothed_inertia, state.smoothed_inertia());
    // Not before the end of the first pass, and not without the batches that the rule counts.
    let mut least = f64::INFINITY;
    let mut without = 0;
    for (at, smoothed) in told.iter().enumerate().filter_map(|(at, told)| Some((at, told.smoothed_inertia?)))
    {
        assert!(at < 20 || without < 3);
        without = if smoothed < least { 0 } else { without + 1 };
        least = least.min(smoothed);
    }
    assert!(without >= 3);
    let (passes, told) = run(&mut stream(u32::MAX, 3));
    assert_eq!((passes.passes, passes.batches, passes.converged, told.len()), (3, 60, false, 60));
}

#[test]
fn few_rows_get_their_exact_clusters() {
    let points = blobs(&CORNERS, 700, 11);
    let mut state = KMeansStream::builder(4).seed(3).build().unwrap().start();
    let passes = state.fit_batches(|_| Ok(points.axis_chunks_iter(Axis(0), 90).map(Ok))).unwrap();
    assert!(passes.converged && (passes.passes, passes.batches) == (1, 8));
    let exact = KMeans::builder(4).seed(3).build().unwrap().fit_matrix(points.view(), None).unwrap();
    let fit = state.finish().unwrap();
    assert_eq!(fit.centroids(), exact.centroids());
    assert_eq!((fit.sizes(), fit.smoothed_inertia()), (exact.sizes(), None));
    // Asked before they started, the answer is the same.
    let mut asked = KMeansStream::builder(4).seed(3).build().unwrap().start();
    asked.partial_fit(points.view(), None).unwrap();
    assert!(asked.centroids().is_none());
    assert_eq!(asked.finish().unwrap().centroids(), exact.centroids());
    assert_eq!(asked.predict(points.view()).unwrap(), exact.labels());
}

#[test]
fn fewer_distinct_rows_than_clusters_give_fewer_clusters_until_more_come() {
    let mut state = KMeansStream::builder(4).first_rows(6).build().unwrap().start();
    let two = array![[1.0, 1.0], [1.0, 1.0], [5.0, 5.0], [1.0, 1.0], [5.0, 5.0], [1.0, 1.0]];
    state.partial_fit(two.slice_axis(Axis(0), Slice::from(..2)), None).unwrap();
    assert_eq!(state.finish().unwrap().sizes(), [2]);
    state.partial_fit(two.slice_axis(Axis(0), Slice::from(2..)), None).unwrap();
    let fit = state.finish().unwrap();
    assert_eq!((fit.clusters(), fit.clusters_asked(), fit.sizes()), (2, 4, &[4, 2][..]));
    assert_eq!(state.predict(array![[0.0, 0.0], [6.0, 6.0]].view()).unwrap(), [0, 1]);
    assert_eq!(state.partial_fit(two.view(), None).unwrap().reassigned, 0, "every row sits on a centroid");
    let more = array![[9.0, 9.0], [9.0, 9.0], [13.0, 9.0], [13.0, 9.0]];
    assert_eq!(state.partial_fit(more.view(), None).unwrap().reassigned, 2);
    let fit = state.finish().unwrap();
    assert_eq!((fit.clusters(), fit.sizes()), (4, &[8, 4, 2, 2][..]));
    assert_relative_eq!(state.partial_fit(more.view(), None).unwrap().inertia.unwrap(), 0.0);
}

#[test]
fn a_fit_can_be_cancelled_and_keeps_what_it_has() {
    let points = blobs(&CORNERS, 4_000, 12);
    let stream = KMeansStream::builder(4).first_rows(100).build().unwrap();
    let mut state = stream.start();
    let cancelled =
        state.fit_batches_with(|_| Ok(points.axis_chunks_iter(Axis(0), 100).map(Ok)), &mut |told| {
            if told.batch == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    assert!(matches!(cancelled, Err(Error::Cancelled { stage: "fitting k-means to batches" })));
    let mut expected = stream.start();
    for batch in points.axis_chunks_iter(Axis(0), 100).take(7) {
        expected.partial_fit(batch, None).unwrap();
    }
    assert!(state == expected);
}

#[test]
fn what_goes_wrong_with_a_source_is_passed_on() {
    let stream = KMeansStream::builder(2).first_rows(4).build().unwrap();
    let broken = || Error::File { path: "batches".into(), problem: "torn".into() };
    let mut state = stream.start();
    let batch = || Ok(Batch::from(blobs(&CORNERS, 10, 13)));
    let result = state.fit_batches(|_| Ok([batch(), Err(broken()), batch()]));
    assert!(matches!(result, Err(Error::File { .. })) && state.batches() == 1);
    let result = state.fit_batches(|_| Err::<Vec<kohort::Result<Batch<'_>>>, _>(broken()));
    assert!(matches!(result, Err(Error::File { .. })) && state.batches() == 1);
    // A source that can be read only once ends the passes.
    let mut once = Some([batch(), Ok(Batch::from((blobs(&CORNERS, 3, 1), vec![1.0, 0.5, 0.0])))]);
    let passes = state.fit_batches(|_| Ok(once.take().into_iter().flatten())).unwrap();
    assert!(!passes.converged && (passes.passes, passes.batches) == (2, 2));
    assert_eq!(state.rows(), 22);
    let none = stream.start().fit_batches(|_| Ok(Vec::<kohort::Result<Batch<'_>>>::new()));
    assert!(matches!(none, Err(Error::Empty { what: "the stream", .. })));
}

#[test]
fn bad_batches_are_refused_and_change_nothing() {
    let points = blobs(&CORNERS, 50, 14);
    let holding = |row, number| {
        let mut points = points.clone();
        points[(row, 1)] = number;
        points
    };
    for first_rows in [20, 5_000] {
        let mut state = KMeansStream::builder(2).first_rows(first_rows).build().unwrap().start();
        state.partial_fit(points.view(), Some(&[2.0; 50])).unwrap();
        let before = state.clone();
        let mut refused = |points: &Array2<f64>, weights: Option<&[f64]>, reason: &str| {
            let error = state.partial_fit(points.view(), weights).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
            assert!(state == before, "{reason}");
        };
        refused(&holding(33, f64::NAN), None, "NaN in row 33, feature 1");
        refused(&holding(3, f64::NEG_INFINITY), None, "-inf in row 3, feature 1");
        refused(&holding(3, 1e200), None, "below 2.5e120");
        refused(&holding(7, f64::NAN), Some(&[0.0; 50]), "NaN in row 7");
        refused(&Array2::zeros((5, 3)), None, "the number of features is 2 on one side and 3 on the other");
        refused(&Array2::zeros((0, 3)), None, "the number of features");
        refused(&points, Some(&[1.0; 49]), "column `weights` has 49 rows, but `points` has 50");
        for weight in [-1.0, f64::NAN, f64::INFINITY, 1e-200, 1e121] {
            let mut weights = [1.0; 50];
            weights[8] = weight;
            refused(&points, Some(&weights), "in row 8; expected 0, or numbers of at least 1e-120");
        }
        refused(&points, Some(&[9e119; 50]), "e121 in all; expected");
        assert!(matches!(state.predict(Array2::zeros((1, 3)).view()), Err(Error::Setting { .. })));
        assert!(matches!(state.predict(holding(0, f64::NAN).view()), Err(Error::Setting { .. })));
    }
    let mut fresh = KMeansStream::builder(2).build().unwrap().start();
    for rows in [0, 4] {
        let error = fresh.partial_fit(Array2::zeros((rows, 0)).view(), None);
        assert!(matches!(error, Err(Error::Empty { what: "the matrix of points", .. })));
    }
    assert!(matches!(fresh.finish(), Err(Error::Empty { what: "the stream", .. })));
    assert!(matches!(fresh.predict(points.view()), Err(Error::Empty { what: "the stream", .. })));
    let two = points.slice_axis(Axis(0), Slice::from(..2));
    let given = KMeansStream::builder(2).build().unwrap().start_at(two).unwrap();
    assert!(matches!(given.finish(), Err(Error::Empty { what: "the stream", .. })));
    assert_eq!(given.predict(two).unwrap(), [0, 1]);
}

#[test]
fn settings_and_starts_out_of_range_are_refused() {
    let builder = || KMeansStream::builder(3);
    for (builder, setting) in [
        (KMeansStream::builder(0), "clusters"),
        (KMeansStream::builder(65_535), "clusters"),
        (KMeansStream::builder(usize::MAX), "clusters"),
        (builder().first_rows(2), "first_rows"),
        (builder().reassignment_ratio(-0.1), "reassignment_ratio"),
        (builder().reassignment_ratio(1.0), "reassignment_ratio"),
        (builder().reassignment_ratio(f64::NAN), "reassignment_ratio"),
        (builder().half_life(0.0), "half_life"),
        (builder().half_life(f64::NAN), "half_life"),
        (builder().half_life(f64::INFINITY), "half_life"),
        (builder().max_passes(0), "max_passes"),
        (builder().patience(0), "patience"),
    ] {
        assert!(matches!(builder.build(), Err(Error::Setting { setting: found, .. }) if found == setting));
    }
    let stream = builder().build().unwrap();
    assert_eq!((stream.clusters(), stream.start().stream()), (3, &stream));
    for start in [
        Array2::zeros((2, 2)),
        Array2::zeros((3, 0)),
        array![[1.0], [f64::NAN], [0.0]],
        array![[1.0], [f64::INFINITY], [0.0]],
    ] {
        assert!(matches!(stream.start_at(start.view()), Err(Error::Setting { setting: "centroids", .. })));
    }
}

#[test]
fn numbers_at_the_ends_of_their_range_stay_numbers() {
    let points = array![[2.5e120, -1e-300], [-2.5e120, 0.0], [2.4e120, 5e-324], [1.0, 1e-160], [-1e100, 3.0]];
    for (weight, half_life) in [(1e-120, 1e-300), (2e119, 1e300), (1.0, 1.0)] {
        let builder = KMeansStream::builder(3).first_rows(4).reassignment_ratio(0.9).half_life(half_life);
        let mut state = builder.build().unwrap().start();
        for at in 0..30 {
            let mut weights = [1.0; 5];
            weights[at % 5] = weight;
            weights[(at + 1) % 5] = weight;
            if state.partial_fit(points.view(), Some(&weights)).is_err() {
                // A weight that no decay has made room for.
                assert!(weight > 1.0 && at > 0);
            }
            state = loaded(&stored(&state));
        }
        let fit = state.finish().unwrap();
        let numbers = fit.centroids().iter().chain(fit.weights()).copied().collect::<Vec<_>>();
        assert!(
            numbers.iter().all(|number| number.is_finite()) && state.smoothed_inertia().unwrap().is_finite()
        );
        let (low, high) = (-2.5e120, 2.5e120);
        assert!(fit.centroids().column(0).iter().all(|x| (low..=high).contains(x)));
    }
}

#[test]
fn values_go_to_other_threads() {
    fn all<T: Send + Sync + Unpin + 'static>() {}
    all::<KMeansStream>();
    all::<KMeansState>();
    all::<KMeansStreamFit>();
    all::<Batch<'static>>();
    all::<BatchProgress>();
    all::<Passes>();
}
