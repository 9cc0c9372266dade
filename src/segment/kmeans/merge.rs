//! Equal points as one point of their joint weight.
//!
//! Scores and counts repeat: a million customers have at most 125 different RFM scores. Because the sums of the
//! iterations are exact, a point of weight five leaves exactly what five equal points leave.

use hashbrown::HashTable;
use rayon::prelude::*;

use super::points::Points;

/// Distinct points, of all, up to which merging is worth its pass over the points.
const WORTH: f64 = 0.25;

/// Rows that are looked at first: where these hardly repeat, all of them will not either.
const PROBE: usize = 4_096;

/// The distinct points of a set.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) values: Vec<f64>,
    pub(crate) weights: Vec<u64>,
    /// The distinct point of each row.
    pub(crate) point_of: Vec<u32>,
}

/// The distinct points, in the order of their first rows; `None` where there are too many for it to be worth while.
pub(crate) fn merged(points: &Points<'_>) -> Option<Merged> {
    let step = (points.len() / PROBE).max(1);
    let probed = (0..points.len()).step_by(step).take(PROBE);
    let limit = |rows: usize| (rows as f64 * WORTH) as usize;
    merge(points, probed, limit(PROBE.min(points.len())))?;
    merge(points, 0..points.len(), limit(points.len()))
}

fn merge(points: &Points<'_>, rows: impl Iterator<Item = usize>, limit: usize) -> Option<Merged> {
    let dims = points.dims();
    let hash = |row: &[f64]| row.iter().fold(0, |hash, value| mixed(hash, value.to_bits()));
    let equal = |left: &[f64], right: &[f64]| left.iter().zip(right).all(|(x, y)| x.to_bits() == y.to_bits());
    let mut merged = Merged { values: Vec::new(), weights: Vec::new(), point_of: Vec::new() };
    let mut table: HashTable<u32> = HashTable::new();
    for row in rows {
        let point = points.row(row);
        let at = |point: &u32| &merged.values[*point as usize * dims..][..dims];
        let known = table.find(hash(point), |other| equal(at(other), point)).copied();
        let number = known.unwrap_or(merged.weights.len() as u32);
        if known.is_none() {
            if merged.weights.len() == limit {
                return None;
            }
            merged.values.extend_from_slice(point);
            merged.weights.push(0);
            let values = &merged.values;
            table.insert_unique(hash(point), number, |other| hash(&values[*other as usize * dims..][..dims]));
        }
        merged.weights[number as usize] += points.weight(row);
        merged.point_of.push(number);
    }
    Some(merged)
}

/// A multiplication and a fold of its halves, which brings every bit of a float into the table's few.
fn mixed(hash: u64, bits: u64) -> u64 {
    let product = u128::from(hash ^ bits ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    (product as u64) ^ (product >> 64) as u64
}

/// What holds of the distinct points, for every row.
pub(crate) fn spread<T: Copy + Send + Sync>(merged: &Merged, of_points: &[T]) -> Vec<T> {
    merged.point_of.par_iter().map(|point| of_points[*point as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_points_become_one_of_their_joint_weight() {
        let values: Vec<f64> = (0..400).map(|at| f64::from(at / 2 % 7 * (1 + at % 2))).collect();
        let points = Points::weighted(&values, 2, (0..200).map(|row| row % 3).collect(), 0);
        let found = merged(&points).unwrap();
        assert_eq!(found.weights.len(), 7);
        for row in 0..200 {
            let point = found.point_of[row] as usize;
            assert_eq!(&found.values[2 * point..][..2], points.row(row));
        }
        // In the order of their first rows.
        assert_eq!(found.point_of[..9], [0, 1, 2, 3, 4, 5, 6, 0, 1]);
        let weight = |point: u32| (0..200).filter(|row| row % 7 == point).map(|row| u64::from(row % 3)).sum();
        assert_eq!(found.weights, (0..7).map(weight).collect::<Vec<u64>>());
        assert_eq!(spread(&found, &[3, 1, 4, 1, 5, 9, 2])[5..9], [9, 2, 3, 1]);
    }

    #[test]
    fn points_that_hardly_repeat_stay() {
        let distinct =
            |count: usize, of: usize| -> Vec<f64> { (0..of).map(|row| (row % count) as f64).collect() };
        let merges = |values: &[f64]| merged(&Points::new(values, 1)).map(|merged| merged.weights.len());
        assert_eq!(merges(&distinct(25, 100)), Some(25));
        assert_eq!(merges(&distinct(26, 100)), None);
        assert_eq!(merges(&distinct(3, 3)), None);
        assert_eq!(merges(&distinct(2_500, 10_000)), None);
        // The rows that are looked at first repeat, and the others do not.
        let mut late = vec![0.0; 100_000];
        (0..100_000).filter(|row| row % 24 != 0).for_each(|row| late[row] = row as f64);
        assert_eq!(merges(&late), None);
        // Zeros of both signs are different bits.
        assert_eq!(merges(&[0.0, -0.0, 0.0, -0.0, 0.0, 0.0, 0.0, -0.0]), Some(2));
    }
}
