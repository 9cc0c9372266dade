//! Where the iterations start.
//!
//! k-means++ (Arthur & Vassilvitskii, SODA 2007) draws each centroid with a chance in proportion to the squared
//! distance from those already drawn; the greedy form draws several candidates and keeps the one that leaves the
//! least inertia. Here they are eight, because eight distances take one register. Draws are made on a grid of
//! whole numbers, so that they depend on nothing but the points, their order and their weights.

use rayon::prelude::*;

use super::arithmetic::Centroids;
use super::points::{Points, exponent_above, power_of_two};
use crate::random::Stream;

/// Candidates for each centroid.
const CANDIDATES: usize = 8;

/// Points that k-means++ looks at, at least.
const SAMPLE: usize = 1 << 17;

/// Points that it looks at for each centroid, at least.
const SAMPLE_PER_CENTROID: usize = 2_000;

/// Points of a task.
const CHUNK: usize = 4_096;

/// Bits of a squared distance on the grid; with the 62 of the weights they fit into 128.
const BITS: i32 = 62;

/// Rows to draw from: all, or one out of each of equally long stretches.
pub(crate) fn sample(points: usize, clusters: usize, stream: &mut Stream) -> Vec<usize> {
    let wanted = SAMPLE.max(clusters.saturating_mul(SAMPLE_PER_CENTROID));
    if points <= wanted {
        return (0..points).collect();
    }
    (0..wanted)
        .map(|stretch| {
            let start = (stretch as u128 * points as u128 / wanted as u128) as usize;
            let end = ((stretch as u128 + 1) * points as u128 / wanted as u128) as usize;
            start + stream.below((end - start) as u64) as usize
        })
        .collect()
}

/// k-means++ over some rows; as many centroids as asked for, the last ones equal where the points do not suffice.
pub(crate) fn plus_plus(
    points: &Points<'_>,
    rows: &[usize],
    clusters: usize,
    largest_squared: f64,
    stream: &mut Stream,
) -> Vec<f64> {
    let dims = points.dims();
    let values: Vec<f64> = rows
        .par_chunks(CHUNK)
        .flat_map_iter(|rows| rows.iter().flat_map(|row| points.row(*row)).copied())
        .collect();
    let weights: Option<Vec<u64>> =
        points.weights().map(|weights| rows.iter().map(|row| weights[*row]).collect());
    let weight = |at: usize| weights.as_ref().map_or(1, |weights| weights[at]);
    let row = |at: usize| &values[at * dims..][..dims];
    // On the grid the largest squared distance that can be has 62 bits.
    let unit = power_of_two(BITS - exponent_above(largest_squared));
    let mut nearest: Vec<u64> = vec![1; rows.len()];
    let mut centroids = Vec::with_capacity(clusters * dims);
    for cluster in 0..clusters {
        let total: u128 =
            nearest.par_iter().enumerate().map(|(at, near)| u128::from(*near) * u128::from(weight(at))).sum();
        if total == 0 {
            // Every point is a centroid already.
            let first = centroids[..dims].to_vec();
            centroids.extend_from_slice(&first);
            continue;
        }
        let draws = if cluster == 0 { 1 } else { CANDIDATES };
        let mut marks: Vec<(u128, usize)> = (0..draws).map(|draw| (below(stream, total), draw)).collect();
        marks.sort_unstable();
        let mut candidates = vec![0; draws];
        let (mut passed, mut marks) = (0_u128, marks.into_iter().peekable());
        for (at, near) in nearest.iter().enumerate() {
            passed += u128::from(*near) * u128::from(weight(at));
            while let Some((_, draw)) = marks.next_if(|(mark, _)| *mark < passed) {
                candidates[draw] = at;
            }
            if marks.peek().is_none() {
                break;
            }
        }
        let joint = Centroids::new(candidates.iter().flat_map(|at| row(*at)).copied().collect(), dims);
        let left = nearest
            .par_chunks(CHUNK)
            .zip(values.par_chunks(CHUNK * dims))
            .enumerate()
            .map(|(chunk, (nearest, values))| {
                let weights = weights.as_ref().map(|weights| &weights[chunk * CHUNK..]);
                pulp::Arch::new().dispatch(Potential {
                    nearest,
                    values,
                    weights,
                    candidates: &joint,
                    unit,
                    first: cluster == 0,
                })
            })
            .reduce(|| [0; CANDIDATES], |left, right| std::array::from_fn(|lane| left[lane] + right[lane]));
        let best = (0..draws).min_by_key(|draw| left[*draw]).unwrap_or_default();
        let chosen = row(candidates[best]);
        let chosen_alone = Centroids::new(chosen.to_vec(), dims);
        nearest.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK * dims)).for_each(|(nearest, values)| {
            pulp::Arch::new().dispatch(Approach {
                nearest,
                values,
                chosen: &chosen_alone,
                unit,
                first: cluster == 0,
            });
        });
        centroids.extend_from_slice(chosen);
    }
    centroids
}

/// A whole number below `bound`, by the high half of a product of 192 bits: even up to 2⁻⁶⁴.
fn below(stream: &mut Stream, bound: u128) -> u128 {
    let bits = u128::from(stream.bits());
    let (high, low) = (bound >> 64, bound & u128::from(u64::MAX));
    high * bits + ((low * bits) >> 64)
}

/// What a squared distance is on the grid.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn on_grid(squared: f64, unit: f64) -> u64 {
    (squared * unit) as u64
}

struct Potential<'a> {
    nearest: &'a [u64],
    values: &'a [f64],
    weights: Option<&'a [u64]>,
    candidates: &'a Centroids,
    unit: f64,
    /// Whether there is no centroid yet.
    first: bool,
}

impl pulp::WithSimd for Potential<'_> {
    type Output = [u128; CANDIDATES];

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> [u128; CANDIDATES] {
        let mut left = [0_u128; CANDIDATES];
        if self.first {
            return left;
        }
        for (at, point) in self.values.chunks_exact(self.candidates.dims()).enumerate() {
            let near = self.nearest[at];
            let distances = self.candidates.first_distances(point);
            let weight = self.weights.map_or(1, |weights| weights[at]);
            for (left, squared) in left.iter_mut().zip(distances) {
                *left += u128::from(on_grid(squared, self.unit).min(near)) * u128::from(weight);
            }
        }
        left
    }
}

struct Approach<'a> {
    nearest: &'a mut [u64],
    values: &'a [f64],
    chosen: &'a Centroids,
    unit: f64,
    first: bool,
}

impl pulp::WithSimd for Approach<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for (near, point) in self.nearest.iter_mut().zip(self.values.chunks_exact(self.chosen.dims())) {
            let squared = on_grid(super::arithmetic::squared_distance(point, self.chosen.row(0)), self.unit);
            *near = if self.first { squared } else { squared.min(*near) };
        }
    }
}

/// Distinct rows, each as likely as another (Floyd's sampling), in ascending order; all where there are fewer.
pub(crate) fn random_rows(points: usize, clusters: usize, stream: &mut Stream) -> Vec<usize> {
    let wanted = clusters.min(points);
    let mut rows = std::collections::BTreeSet::new();
    for last in points - wanted..points {
        let row = stream.below(last as u64 + 1) as usize;
        if !rows.insert(row) {
            rows.insert(last);
        }
    }
    rows.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(run: u64) -> Stream {
        Stream::new(1, "test", run)
    }

    /// Around 0, 100, 200 …, all rows of one place after the other.
    fn places(count: usize, rows: usize) -> Vec<f64> {
        (0..count * rows)
            .map(|row| (row / rows) as f64 * 100.0 + ((row * 7_919) % 101) as f64 / 101.0)
            .collect()
    }

    fn seeds(points: &Points<'_>, clusters: usize, run: u64) -> Vec<f64> {
        let rows: Vec<usize> = (0..points.len()).collect();
        plus_plus(points, &rows, clusters, 1e6, &mut stream(run))
    }

    #[test]
    fn a_sample_is_all_rows_or_one_of_each_stretch() {
        assert_eq!(sample(5, 2, &mut stream(0)), [0, 1, 2, 3, 4]);
        assert_eq!(sample(SAMPLE, 2, &mut stream(0)).len(), SAMPLE);
        let points = 3 * SAMPLE + 1_000;
        let found = sample(points, 8, &mut stream(0));
        assert_eq!(found.len(), SAMPLE);
        for (stretch, row) in found.iter().enumerate() {
            let start = stretch as u128 * points as u128 / SAMPLE as u128;
            let end = (stretch as u128 + 1) * points as u128 / SAMPLE as u128;
            assert!((start..end).contains(&(*row as u128)));
        }
        // Not always the same place within it.
        let within: std::collections::BTreeSet<usize> =
            found.iter().enumerate().map(|(stretch, row)| row - stretch * points / SAMPLE).collect();
        assert_eq!(within.len(), 4);
        assert_eq!(sample(points, 100, &mut stream(0)).len(), 100 * SAMPLE_PER_CENTROID);
        assert_eq!(found, sample(points, 8, &mut stream(0)));
        assert_ne!(found, sample(points, 8, &mut stream(1)));
    }

    #[test]
    fn seeds_are_spread_over_all_places() {
        let values = places(9, 700);
        let points = Points::new(&values, 1);
        for run in 0..20 {
            let mut found: Vec<i64> = seeds(&points, 9, run).iter().map(|x| (x / 100.0) as i64).collect();
            found.sort_unstable();
            assert_eq!(found, [0, 1, 2, 3, 4, 5, 6, 7, 8], "run {run}");
        }
    }

    /// Chunks of tasks, many of them, and weights.
    #[test]
    fn threads_leave_no_trace() {
        let values = places(11, 4_001);
        let weights: Vec<u64> = (0..values.len() as u64).map(|row| row % 5).collect();
        for points in [Points::new(&values, 1), Points::weighted(&values, 1, weights, 0)] {
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| seeds(&points, 6, 3))
            };
            let expected = run(1);
            assert!([2, 3, 8].into_iter().all(|threads| run(threads) == expected));
        }
    }

    #[test]
    fn points_of_no_weight_are_never_drawn() {
        let values = places(4, 50);
        let weights = (0..200).map(|row| u64::from(row % 50 == 7)).collect();
        let points = Points::weighted(&values, 1, weights, 0);
        for run in 0..20 {
            let mut found = seeds(&points, 4, run);
            found.sort_unstable_by(f64::total_cmp);
            assert_eq!(found, [values[7], values[57], values[107], values[157]]);
        }
    }

    #[test]
    fn where_points_do_not_suffice_the_first_seed_comes_again() {
        let values = [5.0, 5.0, 9.0];
        let found = seeds(&Points::new(&values, 1), 4, 0);
        let first = found[0];
        assert_eq!(found, [first, 14.0 - first, first, first]);
    }

    #[test]
    fn random_rows_are_distinct_and_equally_likely() {
        let mut drawn = [0_u32; 10];
        for run in 0..2_000 {
            let rows = random_rows(10, 3, &mut stream(run));
            assert!(rows.len() == 3 && rows.windows(2).all(|pair| pair[0] < pair[1]));
            for row in rows {
                drawn[row] += 1;
            }
        }
        // 600 expected of each; the standard deviation is 20.
        assert!(drawn.iter().all(|count| (500..700).contains(count)), "{drawn:?}");
        assert_eq!(random_rows(2, 5, &mut stream(0)), [0, 1]);
    }

    #[test]
    fn draws_below_a_bound_reach_all_of_it() {
        let mut stream = stream(0);
        for bound in [1, 3, 1 << 40, (1 << 64) + 5, 1 << 123] {
            let drawn: Vec<u128> = (0..200).map(|_| below(&mut stream, bound)).collect();
            assert!(drawn.iter().all(|number| *number < bound));
            assert!(drawn.iter().any(|number| *number >= bound / 2));
            assert!(drawn.iter().any(|number| *number <= bound / 2));
        }
    }
}
