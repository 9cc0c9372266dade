//! How k-means over batches ends: passes, few rows, broken sources, and what is refused.

use std::ops::ControlFlow;

use approx::assert_relative_eq;
use kohort::Error;
use kohort::ndarray::{Array2, Axis, Slice, array};
use kohort::segment::kmeans::{
    Batch, BatchProgress, KMeans, KMeansState, KMeansStream, KMeansStreamFit, Passes,
};

use crate::kmeans_stream::{CORNERS, blobs, loaded, stored};

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
        refused(&holding(33, f64::NAN), None, "row 33 has NaN as its feature 1");
        refused(&holding(3, f64::NEG_INFINITY), None, "row 3 has -inf as its feature 1");
        refused(&holding(3, 1e200), None, "at most 1e100 in size");
        refused(&holding(7, f64::NAN), Some(&[0.0; 50]), "row 7 has NaN");
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
        assert!(matches!(state.predict(holding(0, f64::NAN).view()), Err(Error::Coordinate { .. })));
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
    let points = array![[1e100, -1e-300], [-1e100, 0.0], [9e99, 5e-324], [1.0, 1e-160], [-1e80, 3.0]];
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
        let (low, high) = (-1e100, 1e100);
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
