//! Every customer's mean distance to her own and to the nearest other segment, from all pairs.

use std::ops::Range;

use rayon::prelude::*;

use super::kernel::{Group, HALF, LANES};
use super::points::SegmentedPoints;
use super::silhouette::{Silhouette, SilhouetteMethod, Tally};
use super::sorted::{Run, Sorted, rows_by_segment};

/// Up to so many segments, each distance is computed once for both of its ends. That takes a sum per customer and
/// segment; beyond, distances are computed twice and nothing is kept.
const SHARED_UP_TO: usize = 64;
/// Pieces into which all points are cut, at least, where each is long enough.
const PIECES: usize = 64;
/// The fewest points of a piece, a multiple of [`LANES`].
const PIECE: usize = 512;
/// Rows that stay in the first-level cache, with their partial sums, while a piece's points pass by.
const TILE: usize = 128;

/// Where a customer stands: mean distances to the others of her segment and to the nearest other segment.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Place {
    pub(super) own: f64,
    pub(super) other: f64,
    /// The nearest other segment's position among the runs; of equally near ones the first.
    pub(super) nearest: u32,
}

impl Place {
    const UNKNOWN: Self = Self { own: 0.0, other: f64::INFINITY, nearest: 0 };

    /// Takes the sum of distances to the points of a run, which is the customer's own or another.
    fn see(&mut self, position: usize, run: &Run, own: bool, sum: f64) {
        let count = run.range.len();
        if own {
            self.own = sum / (count.max(2) - 1) as f64;
        } else if sum / (count as f64) < self.other {
            self.other = sum / count as f64;
            self.nearest = position as u32;
        }
    }

    /// The silhouette `(b − a) / max(a, b)` of a customer who is not alone; 0 where all distances are 0.
    pub(super) fn width(self) -> f64 {
        let widest = self.own.max(self.other);
        if widest > 0.0 { (self.other - self.own) / widest } else { 0.0 }
    }
}

impl SegmentedPoints<'_> {
    /// The silhouette of every customer, from the distances of all pairs.
    ///
    /// A customer's silhouette is `(b − a) / max(a, b)`: `a` is her mean distance to the others of her segment, `b` the
    /// mean distance to those of the nearest other one. 1 says that she is well inside, 0 that she stands between two,
    /// below 0 that she would be better placed in the other. It is 0 for one who is alone in her segment, and without
    /// value with fewer than two segments that have customers.
    ///
    /// Time O(n²·d); up to some twenty features the square roots set the pace, one for each pair. On two processors
    /// 50,000 customers take about a second, and a million some minutes;
    /// [`sampled_silhouette`](Self::sampled_silhouette) has the answer in a tenth of a second. Memory: a copy of the points
    /// and up to 8 · (2 k + 32) bytes a customer; beyond 64 segments 28 bytes only, and twice the time.
    ///
    /// Rousseeuw, *Journal of Computational and Applied Mathematics* 20 (1987).
    #[must_use]
    pub fn silhouette(&self) -> Silhouette {
        let sorted = Sorted::of(self, &rows_by_segment(self));
        Silhouette::new(self, SilhouetteMethod::Exact, &tallies(self, &sorted, &places(&sorted)))
    }
}

/// What the places say about each segment; nothing where there are fewer than two.
pub(super) fn tallies(points: &SegmentedPoints<'_>, sorted: &Sorted, places: &[Place]) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); points.sizes.len()];
    for run in sorted.runs.iter().filter(|_| sorted.runs.len() > 1) {
        let alone = points.sizes[run.segment] == 1;
        for place in &places[run.range.clone()] {
            tallies[run.segment].add(if alone { 0.0 } else { place.width() });
        }
    }
    tallies
}

/// The place of each point, in sorted order.
pub(super) fn places(sorted: &Sorted) -> Vec<Place> {
    if sorted.runs.len() <= SHARED_UP_TO { places_shared(sorted) } else { places_single(sorted) }
}

/// From each distance once. A piece's points stand against themselves and all that follow, which gives the piece's sums
/// toward each segment and the followers' sums toward the piece.
fn places_shared(sorted: &Sorted) -> Vec<Place> {
    let segments = sorted.runs.len();
    let length = PIECE.max(sorted.len().div_ceil(PIECES).next_multiple_of(LANES));
    let pieces: Vec<Piece<'_>> = sorted
        .runs
        .iter()
        .enumerate()
        .flat_map(|(position, run)| {
            run.range.clone().step_by(length).map(move |start| Piece {
                sorted,
                position,
                range: start..run.range.end.min(start + length),
            })
        })
        .collect();
    let sums: Vec<PieceSums> = pieces.par_iter().map(|piece| pulp::Arch::new().dispatch(piece)).collect();
    let mut places = vec![Place::UNKNOWN; sorted.len()];
    let run_of = |at: usize| sorted.runs.partition_point(|run| run.range.end <= at);
    places.par_chunks_mut(PIECE).enumerate().for_each(|(chunk, places)| {
        let mut totals = vec![0.0; segments];
        for (at, place) in (chunk * PIECE..).zip(places) {
            totals.fill(0.0);
            for (piece, sums) in pieces.iter().zip(&sums).take_while(|(piece, _)| piece.range.start <= at) {
                if at >= piece.range.end {
                    totals[piece.position] += sums.followers[at - piece.range.end];
                } else {
                    let own = &sums.own[(at - piece.range.start) * segments..][..segments];
                    totals.iter_mut().zip(own).for_each(|(total, sum)| *total += sum);
                }
            }
            let own = run_of(at);
            for (position, (run, total)) in sorted.runs.iter().zip(&totals).enumerate() {
                place.see(position, run, position == own, *total);
            }
        }
    });
    places
}

/// Points of one segment.
struct Piece<'a> {
    sorted: &'a Sorted,
    /// The segment's position among the runs.
    position: usize,
    range: Range<usize>,
}

struct PieceSums {
    /// Point by point, toward the points of each segment that stand in the piece or after it.
    own: Vec<f64>,
    /// Toward the piece, of each point after it.
    followers: Vec<f64>,
}

impl pulp::WithSimd for &Piece<'_> {
    type Output = PieceSums;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> PieceSums {
        let Piece { sorted, range, .. } = self;
        let segments = sorted.runs.len();
        let groups: Vec<Group> = sorted
            .rows(range.clone())
            .chunks(LANES * sorted.features)
            .map(|rows| Group::of(rows, sorted.features))
            .collect();
        let mut own = vec![0.0; range.len() * segments];
        let mut followers = Vec::with_capacity(sorted.len() - range.end);
        for (position, run) in sorted.runs.iter().enumerate().skip(self.position) {
            // Of its own segment, a piece sees itself and then the rest, which are its followers.
            let parts = if position == self.position {
                [range.clone(), range.end..run.range.end]
            } else {
                [0..0, run.range.clone()]
            };
            for (part, follow) in parts.into_iter().zip([false, true]) {
                for start in part.clone().step_by(TILE) {
                    let rows = sorted.rows(start..part.end.min(start + TILE));
                    let mut columns = [[0.0; HALF]; TILE];
                    let columns = &mut columns[..rows.len() / sorted.features];
                    for (group, own) in groups.iter().zip(own.chunks_mut(LANES * segments)) {
                        let sums = if follow { group.sums_both(rows, columns) } else { group.sums(rows) };
                        for (own, sum) in own.chunks_exact_mut(segments).zip(sums) {
                            own[position] += sum;
                        }
                    }
                    if follow {
                        followers.extend(columns.iter().map(|column| column.iter().sum::<f64>()));
                    }
                }
            }
        }
        PieceSums { own, followers }
    }
}

/// From each distance twice, once for each end, with nothing to keep.
fn places_single(sorted: &Sorted) -> Vec<Place> {
    let mut places = vec![Place::UNKNOWN; sorted.len()];
    places.par_chunks_mut(LANES).enumerate().for_each(|(group, places)| {
        pulp::Arch::new().dispatch(Single { sorted, start: group * LANES, places });
    });
    places
}

struct Single<'a> {
    sorted: &'a Sorted,
    start: usize,
    places: &'a mut [Place],
}

impl pulp::WithSimd for Single<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { sorted, start, places } = self;
        let group = Group::of(sorted.rows(start..start + places.len()), sorted.features);
        for (position, run) in sorted.runs.iter().enumerate() {
            let sums = group.sums(sorted.rows(run.range.clone()));
            for ((place, sum), at) in places.iter_mut().zip(sums).zip(start..) {
                place.see(position, run, run.range.contains(&at), sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn both_ways_give_the_same_places() {
        // Pieces of more than one tile and group, ragged ends, a segment of one and one without customers.
        let points = Array2::from_shape_fn((2_345, 3), |(row, feature)| {
            ((row * 3 + feature) as f64 * 78.233).sin() + (row % 5) as f64
        });
        let labels: Vec<u32> = (0..2_345).map(|row| if row == 700 { 7 } else { (row % 5) as u32 }).collect();
        let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
        let sorted = Sorted::of(&segmented, &rows_by_segment(&segmented));
        let (shared, single) = (places_shared(&sorted), places_single(&sorted));
        for (left, right) in shared.iter().zip(&single) {
            assert!((left.own - right.own).abs() < 1e-13 && (left.other - right.other).abs() < 1e-13);
            assert_eq!(left.nearest, right.nearest);
        }
    }
}
