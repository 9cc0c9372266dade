//! Fits under limits against plain references: every way to fill the segments, and every customer's nearest centroid.

use std::borrow::Cow;
use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};
use proptest::prelude::*;

use super::exchange::{Placed, settle};
use super::kernel::{CHUNK, Centroids, Points, label_all};
use super::prices::Assigned;
use super::sizes::Bounds;
use super::*;
use crate::error::Error;
use crate::random::Stream;

/// The least inertia of all assignments within bounds: customer by customer, the cheapest way to each set of sizes.
fn cheapest(points: ArrayView2<'_, f64>, centroids: ArrayView2<'_, f64>, bounds: Bounds) -> f64 {
    let segments = centroids.nrows();
    let side = points.nrows() + 1;
    let states = side.pow(segments as u32);
    let mut costs = vec![f64::INFINITY; states];
    costs[0] = 0.0;
    for point in points.rows() {
        let mut after = vec![f64::INFINITY; states];
        for (state, cost) in costs.iter().enumerate().filter(|(_, cost)| cost.is_finite()) {
            for (segment, centroid) in centroids.rows().into_iter().enumerate() {
                let next = &mut after[state + side.pow(segment as u32)];
                *next = next.min(cost + squared_distance(point.iter(), centroid.iter()));
            }
        }
        costs = after;
    }
    let holds = |state: usize| {
        (0..segments)
            .map(|segment| (state / side.pow(segment as u32) % side) as u64)
            .all(|size| (bounds.least..=bounds.most).contains(&size))
    };
    (0..states).filter(|state| holds(*state)).map(|state| costs[state]).fold(f64::INFINITY, f64::min)
}

fn squared_distance<'a>(
    point: impl Iterator<Item = &'a f64>,
    centroid: impl Iterator<Item = &'a f64>,
) -> f64 {
    point.zip(centroid).fold(0.0, |sum, (x, c)| {
        let t = x - c;
        t.mul_add(t, sum)
    })
}

fn nearest(points: ArrayView2<'_, f64>, centroids: ArrayView2<'_, f64>) -> Vec<u32> {
    let of_point = |point: ndarray::ArrayView1<'_, f64>| {
        let mut best = (0, f64::INFINITY);
        for (index, centroid) in centroids.rows().into_iter().enumerate() {
            let distance = squared_distance(point.iter(), centroid.iter());
            if distance < best.1 {
                best = (index as u32, distance);
            }
        }
        best.0
    };
    points.rows().into_iter().map(of_point).collect()
}

fn limits(least: Option<u64>, most: Option<u64>) -> SizeLimits {
    let mut limits = SizeLimits::builder();
    if let Some(least) = least {
        limits = limits.minimum(SegmentSize::Customers(least));
    }
    if let Some(most) = most {
        limits = limits.maximum(SegmentSize::Customers(most));
    }
    limits.build().unwrap()
}

fn fit(points: &Array2<f64>, start: &Array2<f64>, limits: &SizeLimits, max_iterations: u32) -> LimitedFit {
    let stop = Stop { max_iterations, tolerance: 0.0 };
    fit_within(points.view(), start.view(), limits, stop, |_| ControlFlow::Continue(())).unwrap()
}

/// Customers in lopsided clumps, no two at the same place.
fn clumps(customers: usize, features: usize) -> Array2<f64> {
    let mut draws = Stream::new(7, "clumps", 0);
    let mut points = Array2::zeros((customers, features));
    for mut row in points.rows_mut() {
        let clump = (draws.unit() * draws.unit() * 5.0).floor();
        for (feature, value) in row.iter_mut().enumerate() {
            *value = clump * (1.0 + feature as f64) + draws.unit() + draws.unit();
        }
    }
    points
}

fn first_rows(points: &Array2<f64>, count: usize) -> Array2<f64> {
    Array2::from_shape_fn((count, points.ncols()), |at| points[at])
}

/// Points on a small grid, so that many are equal and many distances tie, and bounds that can hold.
fn cases() -> impl Strategy<Value = (Array2<f64>, Array2<f64>, Bounds)> {
    (1_usize..=3).prop_flat_map(|segments| (Just(segments), segments..14)).prop_flat_map(
        |(segments, customers)| {
            let fair = (customers / segments) as u64;
            (
                prop::collection::vec(-3_i8..3, customers * 2),
                prop::collection::vec(-3_i8..3, segments * 2),
                0..=fair,
                customers.div_ceil(segments) as u64..=customers as u64,
            )
                .prop_map(move |(points, centroids, least, most)| {
                    let matrix = |rows: usize, values: Vec<i8>| {
                        let values = values.into_iter().map(f64::from).collect();
                        Array2::from_shape_vec((rows, 2), values).unwrap()
                    };
                    (matrix(customers, points), matrix(segments, centroids), Bounds { least, most })
                })
        },
    )
}

fn of_bounds(bounds: Bounds) -> SizeLimits {
    limits((bounds.least > 0).then_some(bounds.least), Some(bounds.most))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_assignment_is_the_cheapest_within_the_limits((points, centroids, bounds) in cases()) {
        let found = fit(&points, &centroids, &of_bounds(bounds), 1);
        prop_assert!(found.sizes.iter().all(|size| (bounds.least..=bounds.most).contains(size)));
        for (segment, size) in found.sizes.iter().enumerate() {
            let labelled = found.labels.iter().filter(|label| **label as usize == segment).count() as u64;
            prop_assert_eq!(labelled, *size);
        }
        let least = cheapest(points.view(), centroids.view(), bounds);
        prop_assert!((found.inertia - least).abs() <= 1e-9, "{} instead of {}", found.inertia, least);
        prop_assert!(found.certificate.lower_bound() <= least + 1e-9);
        prop_assert!(found.certificate.gap() <= 1e-9);
        let by_rule = place(points.view(), found.centroids.view(), &found.prices);
        let elsewhere = by_rule.iter().zip(&found.labels).filter(|(rule, label)| rule != label).count();
        prop_assert_eq!(elsewhere as u64, found.certificate.ties());
    }

    #[test]
    fn a_fit_keeps_the_limits_and_its_inertia_never_rises((points, centroids, bounds) in cases()) {
        let mut inertias = Vec::new();
        let stop = Stop { max_iterations: 20, tolerance: 0.0 };
        let found = fit_within(points.view(), centroids.view(), &of_bounds(bounds), stop, |round| {
            inertias.push(round.inertia);
            ControlFlow::Continue(())
        }).unwrap();
        prop_assert!(found.sizes.iter().all(|size| (bounds.least..=bounds.most).contains(size)));
        prop_assert!(inertias.windows(2).all(|pair| pair[1] <= pair[0] + 1e-9), "{:?}", inertias);
        prop_assert!(found.converged && found.iterations as usize == inertias.len());
        prop_assert!((found.inertia - cheapest(points.view(), found.centroids.view(), bounds)).abs() <= 1e-9);
    }

    #[test]
    fn the_certificate_holds_for_any_prices(
        (points, centroids, bounds) in cases(),
        prices in prop::collection::vec(-20.0_f64..20.0, 3),
    ) {
        let least = cheapest(points.view(), centroids.view(), bounds);
        let found = fit(&points, &centroids, &of_bounds(bounds), 1);
        let assigned = Assigned {
            points: &Points::new(points.as_slice().unwrap().into(), 2),
            centroids: &Centroids::new(centroids.as_slice().unwrap().to_vec(), 2),
            bounds,
            labels: &found.labels,
            counts: &found.sizes,
        };
        let certificate = assigned.certificate(found.inertia, &prices[..centroids.nrows()]);
        prop_assert!(certificate.gap() >= 0.0);
        prop_assert!(certificate.lower_bound() <= least + 1e-9);
    }

    #[test]
    fn without_limits_each_customer_is_at_the_nearest_centroid(
        values in prop::collection::vec(prop_oneof![-2.0_f64..2.0, Just(0.5), Just(1e8), Just(-3e-9)], 3..300),
        segments in 1_usize..9,
    ) {
        let rows = values.len() / 3;
        let points = Array2::from_shape_vec((rows, 3), values[..rows * 3].to_vec()).unwrap();
        let centroids = Array2::from_shape_fn((segments, 3), |(row, feature)| points[[row * 5 % rows, feature]]);
        let found = fit(&points, &centroids, &limits(None, None), 1);
        prop_assert_eq!(&found.labels, &nearest(points.view(), centroids.view()));
        prop_assert!(found.prices.iter().all(|price| price.to_bits() == 0));
        prop_assert_eq!(found.certificate.ties(), 0);
    }
}

#[test]
fn many_customers_are_within_limits_and_at_the_optimum() {
    // Enough for a ladder of two rungs and for twelve chunks, the last of them ragged.
    let points = clumps(11 * CHUNK + 77, 2);
    let start = first_rows(&points, 5);
    for (least, most) in [(Some(8_000), None), (None, Some(10_000)), (Some(9_026), Some(9_027))] {
        let found = fit(&points, &start, &limits(least, most), 4);
        let within = least.unwrap_or(0)..=most.unwrap_or(u64::MAX);
        assert!(found.sizes.iter().all(|size| within.contains(size)), "{:?}", found.sizes);
        assert!(found.certificate.gap() <= 1e-12 * found.inertia, "{:?}", found.certificate);
        // Without ties the prices alone place every customer as the fit did.
        assert_eq!(found.certificate.ties(), 0);
        assert_eq!(place(points.view(), found.centroids.view(), &found.prices), found.labels);
        for (size, price) in found.sizes.iter().zip(&found.prices) {
            assert!(*price <= 0.0 || Some(*size) == least, "a price {price} for {size}");
            assert!(*price >= 0.0 || Some(*size) == most, "a price {price} for {size}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let points = clumps(11 * CHUNK + 77, 3);
    let start = first_rows(&points, 4);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| fit(&points, &start, &limits(Some(9_000), Some(14_000)), 3));
        let numbers = found.centroids.iter().chain(&found.prices).chain([&found.inertia]);
        let bits: Vec<u64> = numbers.map(|number| number.to_bits()).collect();
        (bits, found.labels, found.sizes, found.iterations, found.certificate)
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), one);
    }
}

#[test]
fn little_memory_for_offers_changes_nothing() {
    let points = clumps(6_000, 2);
    let matrix = Points::new(points.as_slice().unwrap().into(), 2);
    let centroids = Centroids::new(first_rows(&points, 5).iter().copied().collect(), 2);
    let bounds = Bounds { least: 1_100, most: 1_300 };
    let run = |offers| {
        let (mut labels, mut gaps) = (vec![0; 6_000], vec![0.0; 6_000]);
        let mut prices = vec![0.0; 5];
        let mut counts = label_all(&matrix, &centroids, &prices, &mut labels, &mut gaps);
        let (labels_now, gaps) = (&mut labels[..], &mut gaps[..]);
        let placed = Placed {
            points: &matrix,
            centroids: &centroids,
            bounds,
            labels: labels_now,
            gaps,
            counts: &mut counts,
            offers,
        };
        settle(placed, &mut prices).unwrap();
        (labels, counts)
    };
    let plenty = run(1 << 20);
    assert!(plenty.1.iter().all(|count| (1_100..=1_300).contains(count)));
    assert_eq!(run(0), plenty);
}

#[test]
fn equal_customers_are_shared_out() {
    let points = Array2::from_elem((30_000, 2), 0.25);
    let start = Array2::from_shape_fn((4, 2), |(row, _)| row as f64);
    let found = fit(&points, &start, &limits(Some(7_500), None), 10);
    assert_eq!(found.sizes, [7_500; 4]);
    assert!(found.inertia.abs() < 1e-20 && found.converged);
    assert_eq!(found.certificate.ties(), 22_500);
}

#[test]
fn a_fit_that_starts_at_its_end_stays_there() {
    let points = clumps(3_000, 2);
    let wide = limits(Some(500), None);
    let first = fit(&points, &first_rows(&points, 4), &wide, 300);
    assert!(first.converged);
    let second = fit(&points, &first.centroids, &wide, 300);
    assert!(second.iterations <= 2);
    assert_eq!(second.labels, first.labels);
}

#[test]
fn an_empty_segment_keeps_its_centroid() {
    let points = Array2::from_shape_fn((10, 1), |(row, _)| row as f64);
    let start = ndarray::array![[2.0], [7.0], [1e6]];
    let found = fit(&points, &start, &limits(None, Some(6)), 10);
    assert_eq!(found.sizes, [5, 5, 0]);
    assert_eq!(found.centroids, ndarray::array![[2.0], [7.0], [1e6]]);
}

#[test]
fn bad_input_is_refused_and_an_observer_can_stop() {
    let points = clumps(20, 2);
    let start = first_rows(&points, 3);
    let stop = Stop { max_iterations: 5, tolerance: 0.0 };
    let run = |points: &Array2<f64>, start: &Array2<f64>, limits: &SizeLimits| {
        fit_within(points.view(), start.view(), limits, stop, |_| ControlFlow::Continue(()))
            .unwrap_err()
            .to_string()
    };
    let any = limits(None, None);
    assert!(run(&Array2::zeros((0, 2)), &start, &any).contains("has no rows"));
    assert!(run(&Array2::zeros((5, 0)), &Array2::zeros((1, 0)), &any).contains("has no rows"));
    assert!(run(&points, &Array2::zeros((0, 2)), &any).contains("setting `centroids` is 0 × 2"));
    assert!(run(&points, &Array2::zeros((3, 1)), &any).contains("setting `centroids` is 3 × 1"));
    assert!(run(&points, &start, &limits(Some(7), None)).contains("setting `minimum` is 7 customers"));
    assert!(run(&points, &start, &limits(None, Some(6))).contains("setting `maximum` is 6 customers"));
    let merging = SizeLimits::builder().method(LimitMethod::Merging).build().unwrap();
    assert!(run(&points, &start, &merging).contains("setting `method`"));
    let far = points.mapv(|value| value * 1e200);
    assert!(run(&far, &first_rows(&far, 3), &limits(Some(6), None)).contains("overflow"));
    let cancelled = fit_within(points.view(), start.view(), &any, stop, |_| ControlFlow::Break(()));
    assert!(matches!(cancelled, Err(Error::Cancelled { .. })));
}

#[test]
fn columns_and_strides_of_the_input_do_not_matter() {
    let points = clumps(500, 3);
    let turned = points.t().as_standard_layout().to_owned();
    let start = first_rows(&points, 3);
    let stop = Stop { max_iterations: 9, tolerance: 0.0 };
    let tight = limits(Some(160), None);
    let of = |points: ArrayView2<'_, f64>| {
        fit_within(points, start.view(), &tight, stop, |_| ControlFlow::Continue(())).unwrap().labels
    };
    assert_eq!(of(turned.t()), of(points.view()));
    let owned: Points<'_> = Points::new(Cow::Owned(vec![1.0, 2.0]), 2);
    assert_eq!((owned.len(), owned.row(0)), (1, &[1.0, 2.0][..]));
}
