//! Distances of many points at once: a few points side by side in the vector units against one after the other.
//!
//! Everything here is inlined into a caller that is compiled for the processor's vector units. The widths are fixed, so
//! the order of additions, and with it every bit, is the same whatever the units are.

#![expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]

/// Points side by side: two to four vectors, few enough that their sums stay in registers.
pub(super) const LANES: usize = 16;
/// Partial sums for a point that stands against many.
pub(super) const HALF: usize = LANES / 2;

/// Up to [`LANES`] points, feature by feature.
pub(super) struct Group {
    pub(super) features: Vec<[f64; LANES]>,
    /// 1 for a point, 0 for a place that is left.
    pub(super) present: [f64; LANES],
}

impl Group {
    /// Of at least one row and at most [`LANES`] of them.
    #[inline(always)]
    pub(super) fn of(rows: &[f64], features: usize) -> Self {
        let mut group = Self { features: vec![[0.0; LANES]; features], present: [0.0; LANES] };
        group.fill(rows);
        group
    }

    /// Takes other rows. Places that are left repeat the last one.
    #[inline(always)]
    pub(super) fn fill(&mut self, rows: &[f64]) {
        let features = self.features.len();
        let last = rows.len() / features - 1;
        for (feature, lanes) in self.features.iter_mut().enumerate() {
            for (lane, row) in lanes.iter_mut().zip(rows.chunks_exact(features)) {
                *lane = row[feature];
            }
            let repeated = lanes[last];
            lanes[last..].fill(repeated);
        }
        for (lane, present) in self.present.iter_mut().enumerate() {
            *present = f64::from(u8::from(lane <= last));
        }
    }

    /// The squared distance of each point to `row`.
    #[inline(always)]
    pub(super) fn squared_distances(&self, row: &[f64]) -> [f64; LANES] {
        let mut squares = [0.0; LANES];
        for (xs, y) in self.features.iter().zip(row) {
            for (square, x) in squares.iter_mut().zip(xs) {
                let t = x - y;
                *square = t.mul_add(t, *square);
            }
        }
        squares
    }

    #[inline(always)]
    fn distances(&self, row: &[f64]) -> [f64; LANES] {
        let mut distances = self.squared_distances(row);
        for distance in &mut distances {
            *distance = distance.sqrt();
        }
        distances
    }

    /// Each point's sum of the distances to `rows`.
    #[inline(always)]
    pub(super) fn sums(&self, rows: &[f64]) -> [f64; LANES] {
        let mut sums = [0.0; LANES];
        for row in rows.chunks_exact(self.features.len()) {
            let distances = self.distances(row);
            for (sum, distance) in sums.iter_mut().zip(distances) {
                *sum += distance;
            }
        }
        sums
    }

    /// Each point's sum of the distances to `rows`, each times its weight.
    #[inline(always)]
    pub(super) fn weighted_sums(&self, rows: &[f64], weights: &[f64]) -> [f64; LANES] {
        let mut sums = [0.0; LANES];
        for (row, weight) in rows.chunks_exact(self.features.len()).zip(weights) {
            let distances = self.distances(row);
            for (sum, distance) in sums.iter_mut().zip(distances) {
                *sum = distance.mul_add(*weight, *sum);
            }
        }
        sums
    }

    /// Each point's sum of the distances to `rows`, while each row's distances to the points are added to its
    /// `columns`: a distance is computed once for both.
    #[inline(always)]
    pub(super) fn sums_both(&self, rows: &[f64], columns: &mut [[f64; HALF]]) -> [f64; LANES] {
        let mut sums = [0.0; LANES];
        for (row, column) in rows.chunks_exact(self.features.len()).zip(columns) {
            let distances = self.distances(row);
            for (sum, distance) in sums.iter_mut().zip(distances) {
                *sum += distance;
            }
            for (lane, sum) in column.iter_mut().enumerate() {
                let low = distances[lane].mul_add(self.present[lane], *sum);
                *sum = distances[lane + HALF].mul_add(self.present[lane + HALF], low);
            }
        }
        sums
    }
}

/// The squared distance of two points.
#[inline(always)]
pub(super) fn squared_distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).fold(0.0, |sum, (x, y)| {
        let t = x - y;
        t.mul_add(t, sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern between −1 and 1.
    fn rows(count: usize, features: usize) -> Vec<f64> {
        (0..count * features).map(|i| (i as f64 * 12.9898).sin()).collect()
    }

    #[test]
    fn all_sums_are_those_of_single_distances() {
        for features in [1, 3, 8] {
            for count in [1, 7, LANES] {
                let (points, others) = (rows(count, features), rows(37, features));
                let group = Group::of(&points, features);
                let weights: Vec<f64> = (0..37).map(|i| f64::from(i) - 18.0).collect();
                let mut columns = vec![[0.5; HALF]; 37];
                let both = group.sums_both(&others, &mut columns);
                assert_eq!(both.map(f64::to_bits), group.sums(&others).map(f64::to_bits));
                let distance = |one: usize, other: usize| {
                    let (x, y) = (&points[one * features..], &others[other * features..]);
                    x.iter().zip(y).take(features).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
                };
                let weighted = group.weighted_sums(&others, &weights);
                for one in 0..count {
                    let plain: f64 = (0..37).map(|other| distance(one, other)).sum();
                    assert!((both[one] - plain).abs() < 1e-12);
                    let plain: f64 = (0..37).map(|other| weights[other] * distance(one, other)).sum();
                    assert!((weighted[one] - plain).abs() < 1e-11);
                }
                for (other, column) in columns.iter().enumerate() {
                    let plain: f64 = (0..count).map(|one| distance(one, other)).sum();
                    assert!((column.iter().sum::<f64>() - 0.5 * HALF as f64 - plain).abs() < 1e-12);
                }
            }
        }
    }
}
