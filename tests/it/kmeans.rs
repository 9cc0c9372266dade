//! k-means: against plain loops to the bit on every road, against others' figures, and where data is hard.

mod bad_input;
mod laws;
mod naive;
mod peers;
mod roads;

use kohort::segment::kmeans::{Initialization, KMeans, KMeansFit, Road};
use ndarray::Array2;

use naive::Plain;

const ROADS: [Road; 4] = [Road::Exact, Road::Screened, Road::Margins, Road::Auto];

/// Numbers in [0, 1), the same on every run.
fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Points around `centres` places, the same on every run.
fn blobs(rows: usize, features: usize, centres: usize, seed: u64) -> Array2<f64> {
    let mut draw = numbers(seed);
    let places = Array2::from_shape_fn((centres, features), |_| 6.0 * draw());
    Array2::from_shape_fn((rows, features), |(row, feature)| {
        places[(row % centres, feature)] + draw() + draw() + draw()
    })
}

fn first_rows(points: &Array2<f64>, clusters: usize) -> Array2<f64> {
    Array2::from_shape_fn((clusters, points.ncols()), |(row, feature)| {
        points[(row % points.nrows(), feature)]
    })
}

fn from(start: &Array2<f64>, road: Road, most: u32) -> KMeans {
    KMeans::builder(start.nrows())
        .initialization(Initialization::Centroids(start.clone()))
        .max_iterations(most)
        .road(road)
        .build()
        .unwrap()
}

fn fit(points: &Array2<f64>, weights: Option<&[f64]>, start: &Array2<f64>, road: Road) -> KMeansFit {
    from(start, road, 300).fit_matrix(points.view(), weights).unwrap()
}

/// Every accessor on every road is what the plain loops give.
fn agree(points: &Array2<f64>, weights: Option<&[u64]>, start: &Array2<f64>, most: u32) -> Plain {
    let expected = naive::fit(points, weights, start, most);
    let floats: Option<Vec<f64>> = weights.map(|weights| weights.iter().map(|w| *w as f64).collect());
    for road in ROADS {
        let found = from(start, road, most).fit_matrix(points.view(), floats.as_deref()).unwrap();
        assert_eq!(Plain::of(&found), expected, "{road:?}");
        assert_eq!(found.clusters(), expected.sizes.len());
        assert_eq!((found.clusters_asked(), found.restart()), (start.nrows(), 0));
        assert_eq!(found.centroids().dim(), (expected.sizes.len(), points.ncols()));
    }
    expected
}
