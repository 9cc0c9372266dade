//! Laws that hold for any points: threads, weights, repetition, restarts, progress.

use std::ops::ControlFlow;

use kohort::segment::kmeans::{Initialization, KMeans, KMeansFit, KMeansProgress, Road};
use ndarray::{Array2, Axis, array, concatenate};
use proptest::prelude::*;

use super::naive::Plain;
use super::{ROADS, agree, blobs, first_rows, fit, from, numbers};

/// Points that one task works on.
const CHUNK: usize = 8_192;

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn threads_and_roads_leave_no_trace_in_many_chunks() {
    let points = blobs(10 * CHUNK + 777, 2, 5, 9);
    let start = first_rows(&points, 3);
    let weights: Vec<f64> = (0..points.nrows()).map(|row| 1.0 + (row % 7) as f64 / 3.0).collect();
    for weights in [None, Some(weights.as_slice())] {
        let run = |road: Road, threads: usize| {
            on_threads(threads, || {
                Plain::of(&from(&start, road, 3).fit_matrix(points.view(), weights).unwrap())
            })
        };
        let expected = run(Road::Exact, 1);
        for (road, threads) in [
            (Road::Screened, 1),
            (Road::Screened, 3),
            (Road::Margins, 2),
            (Road::Margins, 8),
            (Road::Auto, 8),
        ] {
            assert_eq!(run(road, threads), expected, "{road:?} on {threads} threads");
        }
    }
}

#[test]
fn threads_leave_no_trace_in_starts_and_restarts() {
    let points = blobs(2 * CHUNK + 100, 3, 6, 4);
    for initialization in [Initialization::PlusPlus, Initialization::Random] {
        let kmeans = KMeans::builder(5).initialization(initialization).restarts(2).max_iterations(4);
        let kmeans = kmeans.seed(3).build().unwrap();
        let run = |threads| on_threads(threads, || kmeans.fit_matrix(points.view(), None).unwrap());
        let expected = run(1);
        for threads in [2, 3, 8] {
            assert_eq!(run(threads), expected);
        }
    }
}

#[test]
fn seeds_are_where_a_fit_starts() {
    let points = blobs(3_000, 3, 6, 4);
    let mut weights = vec![1.0; 3_000];
    weights[..1_500].fill(0.0);
    for initialization in [Initialization::PlusPlus, Initialization::Random] {
        for weights in [None, Some(weights.as_slice())] {
            let kmeans = KMeans::builder(5).initialization(initialization.clone()).restarts(1);
            let kmeans = kmeans.seed(7).build().unwrap();
            let seeds = kmeans.seeds_matrix(points.view(), weights).unwrap();
            assert_eq!(seeds.dim(), (5, 3));
            let row_of = |seed| points.outer_iter().position(|point| point == seed).unwrap();
            let rows: Vec<usize> = seeds.outer_iter().map(row_of).collect();
            assert!(rows.iter().all(|row| weights.is_none_or(|weights| weights[*row] > 0.0)));
            assert_eq!(
                fit(&points, weights, &seeds, Road::Auto),
                kmeans.fit_matrix(points.view(), weights).unwrap()
            );
            let others = KMeans::builder(5).initialization(initialization.clone()).seed(8).build().unwrap();
            assert_ne!(others.seeds_matrix(points.view(), weights).unwrap(), seeds);
        }
    }
}

#[test]
fn the_ends_of_chunks_are_no_ends_of_anything() {
    for rows in [CHUNK - 1, CHUNK, CHUNK + 1] {
        let points = blobs(rows, 1, 4, 2);
        agree(&points, None, &first_rows(&points, 3), 2);
    }
}

/// The points of a later chunk all sit on a centroid.
#[test]
fn clusters_without_points_find_one_in_any_chunk() {
    let distinct = blobs(CHUNK, 1, 3, 6);
    let same = Array2::from_elem((CHUNK + 5, 1), 100.0);
    let points = concatenate![Axis(0), distinct, same];
    let found = agree(&points, None, &array![[100.0], [3.0], [1e6], [1e6]], 2);
    assert_eq!(found.sizes.len(), 4);
}

#[test]
fn equal_points_are_merged_without_a_trace() {
    let mut draw = numbers(8);
    let points = Array2::from_shape_fn((9_000, 2), |_| (draw() * 5.0).floor() * 0.1);
    let start = first_rows(&points, 4);
    let found = fit(&points, None, &start, Road::Auto);
    assert_eq!(found.merged(), Some(25));
    let expected = agree(&points, None, &start, 4);

    // A third feature that tells the points apart and is of no weight: its squares are lost beside the others'.
    let apart = Array2::from_shape_fn((9_000, 3), |(row, feature)| {
        if feature < 2 { points[(row, feature)] } else { row as f64 * 1e-160 }
    });
    let start = concatenate![Axis(1), start, Array2::zeros((4, 1))];
    for road in ROADS {
        let unmerged = from(&start, road, 4).fit_matrix(apart.view(), None).unwrap();
        assert_eq!(unmerged.merged(), None);
        let plain = Plain::of(&unmerged);
        assert_eq!((&plain.labels, plain.inertia), (&expected.labels, expected.inertia));
    }
}

#[test]
fn starting_from_the_optimum_does_not_move() {
    for (points, clusters) in [(blobs(900, 3, 4, 1), 4), (blobs(300, 1, 7, 2), 6), (blobs(80, 17, 3, 3), 9)] {
        let best = KMeans::builder(clusters).build().unwrap().fit_matrix(points.view(), None).unwrap();
        assert!(best.converged());
        for road in ROADS {
            let again = fit(&points, None, &best.centroids().to_owned(), road);
            assert_eq!((again.iterations(), again.converged()), (1, true));
            let (again, best) = (Plain::of(&again), Plain::of(&best));
            assert_eq!((again.labels, again.centroids), (best.labels, best.centroids));
            assert_eq!(again.inertia, best.inertia);
        }
        let own: Vec<u32> = (0..best.clusters() as u32).collect();
        assert_eq!(best.predict(best.centroids()).unwrap(), own);
        assert_eq!(best.predict(points.view()).unwrap(), best.labels());
    }
}

#[test]
fn more_restarts_are_never_worse() {
    let points = blobs(400, 2, 12, 5);
    for initialization in [Initialization::PlusPlus, Initialization::Random] {
        let mut least = f64::INFINITY;
        let mut at = 0;
        for restarts in 1..8 {
            let kmeans = KMeans::builder(8).initialization(initialization.clone()).restarts(restarts);
            let found = kmeans.build().unwrap().fit_matrix(points.view(), None).unwrap();
            if found.restart() == at {
                assert!((found.inertia() - least).abs() <= 0.0 || restarts == 1);
            } else {
                assert_eq!(found.restart(), restarts - 1);
                assert!(found.inertia() < least);
            }
            (least, at) = (found.inertia(), found.restart());
        }
    }
}

#[test]
fn more_clusters_than_points_give_as_many_as_there_are_points() {
    let points = blobs(7, 2, 3, 1);
    let same = Array2::from_elem((40, 2), 0.3);
    for initialization in [Initialization::PlusPlus, Initialization::Random] {
        for road in ROADS {
            let kmeans = KMeans::builder(20).initialization(initialization.clone()).road(road);
            let kmeans = kmeans.build().unwrap();
            let found = kmeans.fit_matrix(points.view(), None).unwrap();
            assert_eq!((found.clusters(), found.clusters_asked()), (7, 20));
            assert_eq!((found.sizes(), found.inertia().to_bits()), (&[1; 7][..], 0));
            let found = kmeans.fit_matrix(same.view(), None).unwrap();
            assert_eq!((found.sizes(), found.inertia().to_bits()), (&[40][..], 0));
            assert_eq!(found.centroids(), array![[0.3, 0.3]]);
        }
    }
}

/// The mean of equal points is not always the point to the bit, so that there is always one that is off its centroid.
/// No cluster is sent after that.
#[test]
fn clusters_without_points_do_not_chase_roundings() {
    let mut draw = numbers(3);
    for large in [1.0, 1e3, 1e6] {
        for _ in 0..20 {
            let (x, y) = (draw(), large * (1.0 + draw()));
            let count = 10 + (draw() * 90.0) as usize;
            let points = Array2::from_shape_fn((count, 1), |(row, _)| if row % 2 == 0 { x } else { y });
            for start in [array![[x], [x], [x]], array![[x], [y], [1e9]], array![[0.0], [1.0], [2.0]]] {
                let found = agree(&points, None, &start, 50);
                assert_eq!(found.sizes.len(), 2);
                assert!(found.converged && found.iterations < 8, "{found:?}");
            }
            let same = Array2::from_elem((count, 1), y);
            let found = agree(&same, None, &array![[x], [y], [y]], 50);
            assert!(found.converged && found.iterations < 8 && found.sizes.len() == 1, "{found:?}");
        }
    }
}

#[test]
fn progress_is_told_of_every_iteration_and_ends_where_the_fit_does() {
    let points = blobs(3_000, 2, 5, 7);
    for road in ROADS {
        let kmeans = KMeans::builder(5).restarts(2).road(road).build().unwrap();
        let mut told: Vec<KMeansProgress> = Vec::new();
        let found = kmeans
            .fit_matrix_with(points.view(), None, &mut |progress| {
                told.push(progress);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(found, kmeans.fit_matrix(points.view(), None).unwrap());
        let best: Vec<_> = told.iter().filter(|progress| progress.restart == found.restart()).collect();
        assert!(best.iter().map(|progress| progress.iteration).eq(1..=found.iterations()));
        assert!((best[0].moved - 1.0).abs() <= 0.0);
        assert!(best.windows(2).all(|pair| pair[1].inertia <= pair[0].inertia * (1.0 + 1e-9)));
        let last = best.last().unwrap();
        assert!(last.moved <= 0.0, "{last:?}");
        assert!((last.inertia / found.inertia() - 1.0).abs() < 1e-9, "{last:?}");
        assert!(told.iter().all(|progress| (0.0..=1.0).contains(&progress.skipped)));
        if road == Road::Margins {
            assert!(last.skipped > 0.5, "{last:?}");
        }
    }
}

#[test]
fn points_of_no_weight_take_no_part_and_get_the_nearest_cluster() {
    let points = blobs(500, 2, 4, 3);
    let weights: Vec<f64> =
        (0..500).map(|row| if row % 3 == 1 { 0.0 } else { 1.0 + f64::from(row % 5) }).collect();
    let counted: Vec<usize> = (0..500).filter(|row| weights[*row] > 0.0).collect();
    let counted_weights: Vec<f64> = counted.iter().map(|row| weights[*row]).collect();
    let start = first_rows(&points, 4);
    for road in ROADS {
        let all = fit(&points, Some(&weights), &start, road);
        let some = fit(&points.select(Axis(0), &counted), Some(&counted_weights), &start, road);
        assert_eq!((all.centroids(), all.weights()), (some.centroids(), some.weights()));
        assert_eq!(all.inertia().to_bits(), some.inertia().to_bits());
        assert!(counted.iter().map(|row| all.labels()[*row]).eq(some.labels().iter().copied()));
        assert_eq!(all.labels(), all.predict(points.view()).unwrap());
        assert_eq!(all.sizes().iter().sum::<u64>(), 500);
    }
}

/// The point at 3 is as far from 1.5 as from 4.5, the means of both clusters. From the first start it belongs to that of
/// 1.5, which is then the second by size: so it stays, beside points of no weight as without them.
#[test]
fn a_tie_stays_decided_beside_points_of_no_weight() {
    let points = array![[0.0], [3.0], [4.0], [4.5], [5.0], [9.0]];
    let some = points.select(Axis(0), &[0, 1, 2, 3, 4]);
    let weights = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
    for (start, labels) in [(array![[1.5], [4.5]], [1, 1, 0, 0, 0]), (array![[4.5], [1.5]], [1, 0, 0, 0, 0])]
    {
        for road in ROADS {
            assert_eq!(fit(&some, None, &start, road).labels(), labels);
            let found = fit(&points, Some(&weights), &start, road);
            assert_eq!(found.labels()[..5], labels);
            assert_eq!(found.weights().iter().sum::<f64>().to_bits(), 5.0_f64.to_bits());
        }
    }
}

#[test]
fn a_weight_that_rounds_to_nothing_is_nothing() {
    let points = array![[0.0], [1.0], [10.0], [11.0], [1e6]];
    let weights = [1.0, 1.0, 1.0, 1.0, 1e-300];
    for road in ROADS {
        for start in [array![[0.0], [10.0], [1e6]], array![[0.0], [1e6], [10.0]]] {
            let found = fit(&points, Some(&weights), &start, road);
            let three = KMeansFit::labels(&found).to_vec();
            assert_eq!(found.weights().iter().sum::<f64>().to_bits(), 4.0_f64.to_bits());
            assert!(found.weights().iter().all(|weight| *weight >= 1.0), "{found:?}");
            assert_eq!(three, found.predict(points.view()).unwrap());
            assert_eq!(found.clusters(), 3);
        }
    }
}

#[test]
fn weights_of_any_size_are_told_as_they_are() {
    let points = blobs(50, 2, 2, 1);
    let start = first_rows(&points, 2);
    let ones = fit(&points, None, &start, Road::Auto);
    for power in [-1074, -1030, -1000, -960, -500, -1, 1, 500, 1000] {
        let weight = 2.0_f64.powi(power.max(-1000)) * 2.0_f64.powi(power - power.max(-1000));
        let found = fit(&points, Some(&vec![weight; 50]), &start, Road::Auto);
        let expected: Vec<f64> = ones.weights().iter().map(|count| count * weight).collect();
        assert_eq!(found.weights(), expected);
        assert_eq!((found.labels(), found.centroids()), (ones.labels(), ones.centroids()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whole_weights_are_repetition(
        rows in 1..120_usize,
        features in 1..10_usize,
        clusters in 1..6_usize,
        steps in prop_oneof![Just(0.0), Just(3.0)],
        seed: u64,
    ) {
        let mut draw = numbers(seed);
        let mut points = blobs(rows, features, 4, seed);
        if steps > 0.0 {
            points.iter_mut().for_each(|x| *x = (*x / steps).floor());
        }
        let weights: Vec<usize> = (0..rows).map(|_| 1 + (draw() * 4.0) as usize).collect();
        let repeated: Vec<usize> =
            (0..rows).flat_map(|row| std::iter::repeat_n(row, weights[row])).collect();
        // In any order.
        let mut keyed: Vec<(f64, usize)> = repeated.into_iter().map(|row| (draw(), row)).collect();
        keyed.sort_by(|left, right| left.0.total_cmp(&right.0));
        let repeated: Vec<usize> = keyed.into_iter().map(|(_, row)| row).collect();

        // Rows as starts: no cluster is without points, whose new place would depend on the order.
        let start = first_rows(&points, clusters.min(rows));
        let floats: Vec<f64> = weights.iter().map(|weight| *weight as f64).collect();
        for road in ROADS {
            let weighted = fit(&points, Some(&floats), &start, road);
            let plain = fit(&points.select(Axis(0), &repeated), None, &start, road);
            prop_assert_eq!(weighted.centroids(), plain.centroids());
            prop_assert_eq!(weighted.inertia().to_bits(), plain.inertia().to_bits());
            prop_assert_eq!(weighted.iterations(), plain.iterations());
            prop_assert_eq!(weighted.weights(), plain.weights());
            let labels: Vec<u32> = repeated.iter().map(|row| weighted.labels()[*row]).collect();
            prop_assert_eq!(labels, plain.labels());
        }
    }

    #[test]
    fn a_factor_of_all_weights_says_nothing(
        rows in 1..120_usize,
        features in 1..6_usize,
        clusters in 1..6_usize,
        power in -300..300_i32,
        factor in 0.1..10.0_f64,
        seed: u64,
    ) {
        let mut draw = numbers(seed);
        let points = blobs(rows, features, 3, seed);
        let start = first_rows(&points, clusters);
        let weights: Vec<f64> = (0..rows).map(|_| draw() * 5.0).collect();
        let times = |factor: f64| weights.iter().map(|weight| weight * factor).collect::<Vec<f64>>();
        let expected = fit(&points, Some(&weights), &start, Road::Auto);

        let two = 2.0_f64.powi(power);
        let found = fit(&points, Some(&times(two)), &start, Road::Auto);
        prop_assert_eq!(found.labels(), expected.labels());
        prop_assert_eq!(found.centroids(), expected.centroids());
        prop_assert_eq!(found.iterations(), expected.iterations());
        prop_assert_eq!((found.inertia() / two).to_bits(), expected.inertia().to_bits());

        let found = fit(&points, Some(&times(factor)), &start, Road::Auto);
        prop_assert_eq!(found.labels(), expected.labels());
        // Of points that are their mean up to its rounding, the inertia is next to nothing.
        let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-12 * expected.abs() + 1e-24;
        prop_assert!(near(found.inertia(), expected.inertia() * factor));
        for (found, expected) in found.centroids().iter().zip(expected.centroids()) {
            prop_assert!(near(*found, *expected), "{} for {}", found, expected);
        }
    }
}
