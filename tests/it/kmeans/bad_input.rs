//! What cannot be clustered is said so, with what was found and where.

use std::ops::ControlFlow;

use kohort::Error;
use kohort::segment::kmeans::{Initialization, KMeans};
use ndarray::{Array2, array};

use super::{ROADS, blobs};

fn refused(clusters: usize, points: &Array2<f64>, weights: Option<&[f64]>) -> Error {
    let mut errors = ROADS.map(|road| {
        let kmeans = KMeans::builder(clusters).road(road).build().unwrap();
        kmeans.fit_matrix(points.view(), weights).unwrap_err()
    });
    let [first, others @ ..] = &mut errors;
    assert!(others.iter().all(|other| other.to_string() == first.to_string()));
    let [first, ..] = errors;
    first
}

#[test]
fn a_number_that_cannot_be_used_is_named_by_row_and_feature() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.1e100, f64::MAX, -f64::MAX] {
        for (row, feature) in [(0, 0), (0, 2), (9_000, 1), (9_999, 2)] {
            let mut points = blobs(10_000, 3, 2, 1);
            points[(row, feature)] = bad;
            let error = refused(2, &points, None);
            let Error::Coordinate { row: at, feature: of, found } = error else { panic!("{error}") };
            assert_eq!((at, of, found.to_bits()), (row, feature, bad.to_bits()));

            // The same where rows of weight 0 are set aside.
            let mut weights = vec![1.0; 10_000];
            (weights[3], weights[row]) = (0.0, 0.0);
            let error = refused(2, &points, Some(&weights));
            assert!(matches!(error, Error::Coordinate { row: at, .. } if at == row), "{error}");
        }
    }
}

#[test]
fn the_first_of_several_is_named() {
    let mut points = blobs(20_000, 2, 2, 1);
    (points[(19_000, 0)], points[(8_500, 1)], points[(8_501, 0)]) = (f64::NAN, f64::INFINITY, f64::NAN);
    assert!(matches!(refused(2, &points, None), Error::Coordinate { row: 8_500, feature: 1, .. }));
}

#[test]
fn nothing_to_cluster() {
    assert!(matches!(refused(2, &Array2::zeros((0, 3)), None), Error::Empty { .. }));
    assert!(matches!(refused(2, &Array2::zeros((5, 0)), None), Error::Empty { .. }));
    assert!(matches!(refused(2, &Array2::zeros((0, 0)), None), Error::Empty { .. }));
    assert!(matches!(refused(2, &Array2::zeros((0, 3)), Some(&[])), Error::Empty { .. }));
}

#[test]
fn settings_that_cannot_be() {
    let refused = |builder: kohort::segment::kmeans::KMeansBuilder, expected: &str| {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, Error::Setting { setting, .. } if setting == expected), "{error}");
    };
    let given = |centroids| KMeans::builder(2).initialization(Initialization::Centroids(centroids));
    refused(KMeans::builder(0), "clusters");
    refused(KMeans::builder(65_535), "clusters");
    refused(KMeans::builder(2).restarts(0), "restarts");
    refused(KMeans::builder(2).max_iterations(0), "max_iterations");
    for tolerance in [-1e-9, f64::NAN, f64::INFINITY] {
        refused(KMeans::builder(2).tolerance(tolerance), "tolerance");
    }
    refused(given(array![[1.0, 2.0]]), "initialization");
    refused(given(Array2::zeros((0, 0))), "initialization");
    for bad in [f64::NAN, f64::NEG_INFINITY, f64::MAX] {
        refused(given(array![[1.0, 2.0], [bad, 0.0]]), "initialization");
    }
    assert!(KMeans::builder(65_534).build().is_ok());
}

#[test]
fn given_centroids_of_another_width() {
    let given = KMeans::builder(2).initialization(Initialization::Centroids(array![[1.0], [2.0]]));
    let error = given.build().unwrap().fit_matrix(blobs(10, 3, 2, 1).view(), None).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "initialization", .. }), "{error}");
}

#[test]
fn weights_that_cannot_be() {
    let points = blobs(10, 2, 2, 1);
    let with = |row: usize, weight: f64| {
        let mut weights = vec![1.0; 10];
        weights[row] = weight;
        weights
    };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -f64::MIN_POSITIVE] {
        let error = refused(2, &points, Some(&with(7, bad)));
        assert!(matches!(&error, Error::Setting { setting: "weights", .. }), "{error}");
        assert!(error.to_string().contains("row 7"), "{error}");
        // The row is that of all rows, also behind some of weight 0.
        let mut behind_zeros = with(7, bad);
        behind_zeros[..5].fill(0.0);
        assert!(refused(2, &points, Some(&behind_zeros)).to_string().contains("row 7"));
    }
    for zero in [0.0, -0.0] {
        let error = refused(2, &points, Some(&[zero; 10]));
        assert!(matches!(error, Error::Setting { setting: "weights", .. }), "{error}");
    }
    for count in [0, 9, 11] {
        for weight in [0.0, 1.0] {
            let error = refused(2, &points, Some(&vec![weight; count]));
            assert!(matches!(error, Error::ColumnLength { found, expected: 10, .. } if found == count));
        }
    }
}

#[test]
fn a_fit_can_be_cancelled_at_any_iteration() {
    let points = blobs(2_000, 2, 6, 3);
    for road in ROADS {
        let kmeans = KMeans::builder(6).road(road).build().unwrap();
        for last in 1..5 {
            let mut told = 0;
            let mut stop = |_| {
                told += 1;
                if told == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let error = kmeans.fit_matrix_with(points.view(), None, &mut stop).unwrap_err();
            assert!(matches!(error, Error::Cancelled { .. }), "{error}");
            assert_eq!(told, last);
        }
    }
}

#[test]
fn points_that_cannot_be_placed() {
    let fit = KMeans::builder(2).build().unwrap().fit_matrix(blobs(50, 2, 2, 1).view(), None).unwrap();
    let error = fit.predict(array![[1.0]].view()).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "points", .. }), "{error}");
    let error = fit.predict(array![[1.0, 2.0], [0.0, f64::NAN]].view()).unwrap_err();
    assert!(matches!(error, Error::Coordinate { row: 1, feature: 1, .. }), "{error}");
    assert!(fit.predict(Array2::zeros((0, 2)).view()).unwrap().is_empty());
}
