use ndarray::{Array2, array};
use proptest::prelude::*;

use super::frame::{Frame, WholePoints, WholeSeeds, limit, rough_error};
use super::lanes::{Lanes, Portable};
use super::*;
use crate::random::Stream;

/// All seeds measured and sorted, without any filter.
fn plainly(seeds: &Array2<f64>, points: &Array2<f64>, k: usize) -> (Vec<u64>, Vec<u32>) {
    let (mut squared, mut index) = (Vec::new(), Vec::new());
    for point in points.outer_iter() {
        let mut all: Vec<(f64, u32)> = seeds
            .outer_iter()
            .zip(0..)
            .map(|(seed, index)| {
                let sum = point.iter().zip(seed).fold(0.0, |sum, (x, s)| (x - s).mul_add(x - s, sum));
                (sum, index)
            })
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        squared.extend(all.iter().map(|(squared, _)| squared.to_bits()));
        index.extend(all.iter().map(|(_, index)| *index));
    }
    (squared, index)
}

fn assert_equal_to_the_plain_loop(seeds: &Array2<f64>, points: &Array2<f64>, k: usize, name: &str) {
    let nearest = NearestSeeds::new(seeds.view(), k).unwrap();
    let (squared, index) = nearest.distances(points.view()).unwrap();
    assert_eq!(squared.dim(), (points.nrows(), k.min(seeds.nrows())), "{name}");
    let bits: Vec<u64> = squared.iter().map(|squared| squared.to_bits()).collect();
    let (expected, order) = plainly(seeds, points, k);
    assert_eq!(index.into_raw_vec_and_offset().0, order, "{name}");
    assert_eq!(bits, expected, "{name}");
}

fn normal(name: &str, rows: usize, dims: usize) -> Array2<f64> {
    let mut stream = Stream::new(1, name, 0);
    Array2::from_shape_fn((rows, dims), |_| stream.normal())
}

#[test]
fn they_are_those_of_a_plain_loop() {
    for (seeds, points, dims, k) in [
        (1, 3, 1, 1),
        (1, 70, 2, 10),
        (5, 65, 3, 5),
        (5, 65, 3, 9),
        (300, 130, 1, 10),
        (700, 200, 7, 1),
        (2_000, 400, 20, 10),
        (3_001, 129, 4, 40),
        (90, 64, 33, 90),
    ] {
        let name = format!("{seeds} seeds, {points} points, {dims} dims, k = {k}");
        let (seeds, points) = (normal("seeds", seeds, dims), normal("points", points, dims));
        assert_equal_to_the_plain_loop(&seeds, &points, k, &name);
    }
}

#[test]
fn equal_and_lattice_points_are_told_by_their_order() {
    let mut stream = Stream::new(2, "lattice", 0);
    for levels in [1, 2, 4] {
        let mut lattice = |rows| Array2::from_shape_fn((rows, 3), |_| stream.below(levels) as f64 * 0.1);
        let (seeds, points) = (lattice(500), lattice(100));
        assert_equal_to_the_plain_loop(&seeds, &points, 10, &format!("{levels} levels"));
    }
}

#[test]
fn seeds_and_points_far_out_are_found_all_the_same() {
    let base = normal("seeds", 600, 5);
    let around = normal("points", 300, 5);
    for (name, factor, shift) in [
        ("tiny", 1e-160, 0.0),
        ("small", 1e-20, 0.0),
        ("huge", 1e99, 0.0),
        ("shifted", 1.0, 1e6),
        ("both", 1e-6, 1e6),
    ] {
        let moved = |rows: &Array2<f64>| rows.mapv(|x| x * factor + shift);
        assert_equal_to_the_plain_loop(&moved(&base), &moved(&around), 10, name);
    }
    let mut seeds = base.clone();
    for row in (0..600).step_by(97) {
        seeds[[row, row % 5]] = 1e6 * (1.0 + row as f64);
    }
    let mut points = around.clone();
    for row in (0..300).step_by(41) {
        points[[row, row % 5]] = -3e5;
    }
    assert_equal_to_the_plain_loop(&seeds, &points, 10, "outliers");
    assert_equal_to_the_plain_loop(&seeds, &points.mapv(|x| x * 30.0), 10, "points mostly far out");
    assert_equal_to_the_plain_loop(&base.mapv(|x| x * 1e-9), &around, 10, "seeds close together");
    assert_equal_to_the_plain_loop(&Array2::from_elem((50, 5), 0.3), &around, 10, "equal seeds");
    assert_equal_to_the_plain_loop(
        &Array2::from_elem((50, 5), 0.3),
        &Array2::from_elem((70, 5), 0.3),
        3,
        "all equal",
    );
    let mut heavy = Stream::new(3, "heavy", 0);
    let mut cauchy =
        |rows| Array2::from_shape_fn((rows, 4), |_| heavy.normal() / heavy.normal().abs().max(1e-9));
    assert_equal_to_the_plain_loop(&cauchy(800), &cauchy(300), 10, "heavy tails");
}

#[test]
fn threads_and_the_order_in_memory_change_nothing() {
    let (seeds, points) = (normal("seeds", 400, 6), normal("points", 10 * CHUNK + 77, 6));
    let nearest = NearestSeeds::new(seeds.view(), 10).unwrap();
    let expected = nearest.distances(points.view()).unwrap();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| nearest.distances(points.view()).unwrap()), expected);
    }
    let columns = points.t().as_standard_layout().into_owned();
    assert_eq!(nearest.distances(columns.t()).unwrap(), expected);
    let columns = seeds.t().as_standard_layout().into_owned();
    assert_eq!(NearestSeeds::new(columns.t(), 10).unwrap(), nearest);
}

#[test]
fn what_cannot_be_used_is_refused() {
    let seeds = array![[1.0, 2.0]];
    let told = |result: Result<NearestSeeds>| result.unwrap_err().to_string();
    assert!(told(NearestSeeds::new(Array2::zeros((0, 2)).view(), 1)).contains("matrix of seeds has no rows"));
    assert!(told(NearestSeeds::new(Array2::zeros((2, 0)).view(), 1)).contains("matrix of seeds has no rows"));
    assert!(told(NearestSeeds::new(seeds.view(), 0)).contains("`k` is 0"));
    for bad in [f64::NAN, f64::INFINITY, 2e100] {
        let problem = told(NearestSeeds::new(array![[0.0, 0.0], [0.0, bad]].view(), 1));
        assert!(problem.contains("row 1 has"), "{problem}");
        let nearest = NearestSeeds::new(seeds.view(), 1).unwrap();
        assert!(nearest.distances(array![[bad, 0.0]].view()).is_err());
    }
    let nearest = NearestSeeds::new(seeds.view(), 3).unwrap();
    assert!(nearest.distances(array![[1.0]].view()).unwrap_err().to_string().contains("1 dimensions"));
    assert_eq!((nearest.len(), nearest.neighbours()), (1, 1));
    let (squared, _) = nearest.distances(Array2::zeros((0, 2)).view()).unwrap();
    assert_eq!(squared.dim(), (0, 1));
}

/// Every kind of register finds the same candidates.
#[test]
fn all_vector_units_find_the_same() {
    fn asked<L: Lanes, const REGISTERS: usize>(
        lanes: L,
        seeds: &[f64],
        points: &[f64],
        dims: usize,
    ) -> Vec<Vec<u32>> {
        let frame = Frame::of(seeds, dims);
        let whole = WholeSeeds::new(seeds, dims, &frame);
        let mut block = WholePoints::new(dims);
        let mut found = Found::new(7);
        let scan = Scan {
            rows: points,
            frame: &frame,
            seeds: &whole,
            points: &mut block,
            error: rough_error(dims),
            found: &mut found,
        };
        scan.run::<L, REGISTERS>(lanes);
        found.asked
    }
    for dims in [1, 4, 9] {
        let (seeds, points) = (normal("seeds", 1_013, dims), normal("points", 61, dims));
        let (seeds, points) = (seeds.as_slice().unwrap(), points.as_slice().unwrap());
        let expected = asked::<_, 2>(Portable, seeds, points, dims);
        assert!(expected[..61].iter().all(|asked| asked.len() >= 7));
        assert!(expected[61..].iter().all(Vec::is_empty));
        assert!(expected.iter().map(Vec::len).sum::<usize>() < 61 * 60, "the filter lets everyone pass");
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(units) = pulp::x86::V3::try_new() {
                assert_eq!(asked::<_, 2>(units, seeds, points, dims), expected);
            }
            if let Some(units) = pulp::x86::V4::try_new() {
                assert_eq!(asked::<_, 4>(units, seeds, points, dims), expected);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_numbers_are_served(
        dims in 1_usize..6,
        k in 1_usize..12,
        seeds in prop::collection::vec(prop_oneof![-3.0..3.0, -1e6..1e6, Just(0.0), Just(1.0)], 1..200),
        points in prop::collection::vec(prop_oneof![-3.0..3.0, -1e6..1e6, Just(0.0), Just(1.0)], 0..400),
    ) {
        let matrix = |values: &[f64]| {
            let rows = values.len() / dims;
            Array2::from_shape_vec((rows, dims), values[..rows * dims].to_vec()).unwrap()
        };
        let (seeds, points) = (matrix(&seeds), matrix(&points));
        prop_assume!(seeds.nrows() > 0);
        assert_equal_to_the_plain_loop(&seeds, &points, k, "any numbers");
    }

    /// A seed that the limit leaves out is farther than each of those that set it.
    #[test]
    fn the_limit_is_safe(
        dims in 1_usize..9,
        scale in -3.0_f64..3.0,
        values in prop::collection::vec(-1.0_f64..1.0, 3 * 9),
    ) {
        let scale = 10.0_f64.powf(scale);
        let row = |at: usize| -> Vec<f64> { values[at * 9..][..dims].iter().map(|x| x * scale).collect() };
        let (point, near, far) = (row(0), row(1), row(2));
        let seeds: Vec<f64> = near.iter().chain(&far).copied().collect();
        let frame = Frame::of(&seeds, dims);
        let whole = WholeSeeds::new(&seeds, dims, &frame);
        let mut block = WholePoints::new(dims);
        block.take(&point, &frame);
        prop_assume!(!block.norms[0].is_nan());
        let score = |lane: usize| (0..whole.pairs).fold(whole.halves[0][lane], |sum, pair| {
            let (x, z) = (block.pairs[pair][0], whole.turned[pair][lane]);
            sum + i32::from(x as i16) * i32::from(z as i16) + (x >> 16) * (z >> 16)
        });
        let distance = |seed: &[f64]| point.iter().zip(seed).map(|(x, s)| (x - s) * (x - s)).sum::<f64>();
        if score(1) > limit(score(0), block.norms[0], rough_error(dims)) {
            prop_assert!(distance(&far) > distance(&near));
        }
    }
}
