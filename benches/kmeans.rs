//! k-means of half a million made-up customers: seeding, and iterations from the same seeds on each road.
//!
//! An iteration that looks at every customer reads 4 bytes a feature and multiplies once for each feature and cluster.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kohort::ndarray::Array2;
use kohort::segment::{Initialization, KMeans, Road};

const CUSTOMERS: usize = 500_000;
const FEATURES: usize = 8;
const CLUSTERS: usize = 8;

/// Overlapping clouds around sixteen places.
fn points() -> Array2<f64> {
    let mut state = 0x6b6f_686f_7274_u64;
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) as f64 / u64::MAX as f64
    };
    let places = Array2::from_shape_fn((16, FEATURES), |_| 4.0 * draw());
    Array2::from_shape_fn((CUSTOMERS, FEATURES), |(row, feature)| {
        places[(row % 16, feature)] + draw() + draw() + draw()
    })
}

fn kmeans(criterion: &mut Criterion) {
    let points = points();
    let defaults = KMeans::builder(CLUSTERS).build().expect("the defaults are valid");
    let seeds = defaults.seeds_matrix(points.view(), None).expect("the points are numbers");

    let mut group = criterion.benchmark_group("kmeans");
    group.throughput(Throughput::Elements(CUSTOMERS as u64)).sample_size(10);
    group.bench_function("seeds", |bencher| {
        bencher.iter(|| defaults.seeds_matrix(black_box(points.view()), None));
    });
    for road in [Road::Auto, Road::Exact, Road::Screened, Road::Margins] {
        let kmeans = KMeans::builder(CLUSTERS)
            .initialization(Initialization::Centroids(seeds.clone()))
            .max_iterations(25)
            .road(road)
            .build()
            .expect("the settings are valid");
        group.bench_function(format!("25 iterations, {road:?}"), |bencher| {
            bencher.iter(|| kmeans.fit_matrix(black_box(points.view()), None));
        });
    }
    group.finish();
}

criterion_group!(benches, kmeans);
criterion_main!(benches);
