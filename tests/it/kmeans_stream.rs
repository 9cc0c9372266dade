//! k-means over batches: what a state must not depend on, and the plain loop that it must agree with.

use approx::assert_relative_eq;
use kohort::ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, Slice, array};
use kohort::segment::kmeans::{KMeansState, KMeansStream};
use proptest::prelude::*;

use crate::customers::Draws;

/// A number between 0 and 1.
fn unit(draws: &mut Draws) -> f64 {
    draws.below(1 << 53) as f64 / (1_u64 << 53) as f64
}

/// Rows around some centres, each as likely as another; a sum of uniform numbers stands for a bell.
pub(crate) fn blobs(centres: &[[f64; 2]], rows: usize, seed: u64) -> Array2<f64> {
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

pub(crate) const CORNERS: [[f64; 2]; 4] = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 12.0]];

pub(crate) fn weights(rows: usize, seed: u64) -> Vec<f64> {
    let mut draws = Draws::new(seed);
    (0..rows).map(|_| draws.below(5) as f64 / 2.0).collect()
}

pub(crate) fn stored(state: &KMeansState) -> String {
    serde_json::to_string(state).unwrap()
}

pub(crate) fn loaded(text: &str) -> KMeansState {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn bits(numbers: impl IntoIterator<Item = f64>) -> Vec<u64> {
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
