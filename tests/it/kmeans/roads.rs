//! Every road to the nearest centroids gives the bits of the plain loops, above all where they could differ: ties,
//! near ties, far offsets, mixed scales, numbers near both ends of the range.

use kohort::segment::kmeans::Road;
use ndarray::{Array2, Axis, array};
use proptest::prelude::*;

use super::naive::Plain;
use super::{agree, blobs, first_rows, from, numbers};

/// What points look like before they are moved and scaled.
#[derive(Clone, Copy, Debug)]
enum Look {
    Blobs,
    /// Whole numbers: many equal points and exact ties.
    Grid(u32),
    /// On and next to the middle of two starting centroids, off by some units of the last place.
    Middles,
    /// Blobs and two points far out on opposite sides, so that all others are close to the middle.
    Outliers(i32),
}

#[derive(Clone, Copy, Debug)]
enum Start {
    Rows,
    /// Some of them equal.
    Repeated,
    Anywhere,
    /// One of them far from everything.
    Far(i32),
}

#[derive(Clone, Debug)]
struct Case {
    rows: usize,
    features: usize,
    clusters: usize,
    look: Look,
    start: Start,
    offset: f64,
    /// Powers of ten between which the features' scales lie.
    scales: (i32, i32),
    /// A power of two that everything is multiplied with.
    power: i32,
    weighted: bool,
    most: u32,
    seed: u64,
}

impl Case {
    fn points(&self) -> Array2<f64> {
        let mut draw = numbers(self.seed);
        let shape = (self.rows, self.features);
        let mut points = match self.look {
            Look::Grid(steps) => Array2::from_shape_fn(shape, |_| (draw() * f64::from(steps)).floor()),
            _ => blobs(self.rows, self.features, 1 + self.clusters / 2, self.seed),
        };
        if let Look::Middles = self.look {
            for row in self.clusters..self.rows {
                let one = (draw() * self.clusters as f64) as usize;
                let other = (draw() * self.clusters as f64) as usize;
                for feature in 0..self.features {
                    let middle = f64::midpoint(points[(one, feature)], points[(other, feature)]);
                    let steps = (draw() * 3.0) as u64;
                    let spread = if draw() < 0.5 { 1 } else { 1 << 29 };
                    points[(row, feature)] = f64::from_bits(middle.to_bits() + (steps * spread));
                }
            }
        }
        if let Look::Outliers(power) = self.look
            && self.rows > 2
        {
            points -= 4.0;
            for feature in 0..self.features {
                points[(self.rows - 1, feature)] = 10.0_f64.powi(power);
                points[(self.rows - 2, feature)] = -(10.0_f64.powi(power));
            }
        }
        let (low, high) = self.scales;
        let scales: Vec<f64> = (0..self.features)
            .map(|_| 10.0_f64.powf(f64::from(low) + draw() * f64::from(high - low)))
            .collect();
        Array2::from_shape_fn(shape, |at| {
            (points[at] * scales[at.1] + self.offset) * 2.0_f64.powi(self.power)
        })
    }

    fn starts(&self, points: &Array2<f64>) -> Array2<f64> {
        let mut draw = numbers(self.seed ^ 0xff);
        let mut start = first_rows(points, self.clusters);
        match self.start {
            Start::Rows => {}
            Start::Repeated => {
                for row in 0..self.clusters {
                    let other = start.row((draw() * (row + 1) as f64) as usize).to_owned();
                    start.row_mut(row).assign(&other);
                }
            }
            Start::Anywhere => start.iter_mut().for_each(|x| *x *= 2.0 * draw()),
            Start::Far(power) => start.row_mut(self.clusters / 2).fill(10.0_f64.powi(power)),
        }
        start
    }

    fn check(&self) {
        let points = self.points();
        let mut draw = numbers(self.seed ^ 0xfff);
        let weights: Vec<u64> = (0..self.rows).map(|_| 1 + (draw() * 9.0) as u64).collect();
        agree(&points, self.weighted.then_some(&weights), &self.starts(&points), self.most);
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let look = prop_oneof![
        3 => Just(Look::Blobs),
        2 => (1..8_u32).prop_map(Look::Grid),
        2 => Just(Look::Middles),
        1 => (1..30).prop_map(Look::Outliers),
    ];
    let start = prop_oneof![
        3 => Just(Start::Rows),
        1 => Just(Start::Repeated),
        1 => Just(Start::Anywhere),
        1 => (3..100).prop_map(Start::Far),
    ];
    let rows = prop_oneof![4 => 1..150_usize, 1 => 63..=65_usize, 1 => 127..=129_usize];
    let features = prop_oneof![4 => 1..6_usize, 2 => 7..18_usize, 1 => Just(33_usize)];
    let clusters = prop_oneof![4 => 1..8_usize, 1 => 8..20_usize, 1 => Just(65_usize)];
    let offset = prop_oneof![3 => Just(0.0), 1 => Just(1e8), 1 => Just(-1e4)];
    let scales = prop_oneof![3 => Just((0, 0)), 1 => Just((-8, 8)), 1 => Just((-2, 2))];
    let power = prop_oneof![6 => Just(0), 1 => -60..60_i32, 1 => -560..200_i32];
    let most = prop_oneof![3 => Just(50_u32), 1 => 1..6_u32];
    let shape = (rows, features, clusters);
    let placed = (offset, scales, power);
    (shape, look, start, placed, any::<bool>(), most, any::<u64>()).prop_map(
        |((rows, features, clusters), look, start, (offset, scales, power), weighted, most, seed)| Case {
            rows,
            features,
            clusters,
            look,
            start,
            offset,
            scales,
            power,
            // The products of tiny numbers and weights are rounded.
            weighted: weighted && power > -400,
            most,
            seed,
        },
    )
}

proptest! {
    #[test]
    fn every_road_gives_the_bits_of_the_plain_loops(case in cases()) {
        case.check();
    }
}

/// Overlapping clouds, which take long, so that losses add up to many times the margins, and starts that lie far off.
#[test]
fn margins_last_through_many_iterations() {
    for (features, clusters, seed) in [(1, 9, 1), (2, 12, 2), (3, 17, 3)] {
        let points = blobs(1_500, features, 3, seed);
        let mut start = first_rows(&points, clusters) * 0.05;
        start[(0, 0)] = 60.0;
        let exact = Plain::of(&from(&start, Road::Exact, 120).fit_matrix(points.view(), None).unwrap());
        assert!(exact.iterations > 20, "{}", exact.iterations);
        for road in [Road::Screened, Road::Margins, Road::Auto] {
            assert_eq!(Plain::of(&from(&start, road, 120).fit_matrix(points.view(), None).unwrap()), exact);
        }
    }
}

/// The points are so close together, beside two that lie on opposite sides of them, that the squares of their rough
/// coordinates are no normal 32-bit floats.
#[test]
fn squares_below_the_range_of_rough_numbers_decide_nothing() {
    for power in [15, 18, 19, 20, 21, 22, 23, 24, 26, 29] {
        let far = 10.0_f64.powi(power);
        let mut draw = numbers(power.unsigned_abs().into());
        let mut points = Array2::from_shape_fn((200, 2), |_| draw() - 0.5);
        points[(0, 0)] = far;
        points[(1, 0)] = -far;
        for at in (2..26).step_by(4) {
            agree(&points, None, &points.select(Axis(0), &[at, at + 1, at + 2, at + 3]), 1);
        }
    }
}

/// The squares of the distances are hardly numbers any more.
#[test]
fn distances_near_nothing_are_no_better_on_one_road_than_on_another() {
    for power in [-400, -455, -470, -500, -515, -525, -530, -535, -540, -560, -1000] {
        let points = blobs(300, 2, 3, 5) * 2.0_f64.powi(power.max(-1000));
        agree(&points, None, &first_rows(&points, 3), 10);
    }
}

#[test]
fn one_row_one_cluster_and_more_clusters_than_rows() {
    agree(&array![[3.5, -1.0]], None, &array![[1e6, 0.0]], 10);
    agree(&array![[3.5, -1.0]], None, &array![[0.0, 0.0], [3.5, -1.0], [1e100, 0.0]], 10);
    let same = Array2::from_elem((100, 3), 0.1);
    assert_eq!(agree(&same, None, &blobs(5, 3, 5, 1), 10).sizes, [100]);
    let two = Array2::from_shape_fn((100, 1), |(row, _)| (row % 2) as f64);
    assert_eq!(agree(&two, None, &array![[7.0], [7.0], [7.0], [7.0]], 10).sizes, [50, 50]);
}
