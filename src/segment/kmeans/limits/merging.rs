//! Fewer segments instead of bent ones: a segment below the minimum is merged into the one it costs least to merge with.
//!
//! What merging two segments adds to the inertia is known from their sizes and centroids alone (Ward, 1963):
//! `n_i n_j / (n_i + n_j) · ‖μ_i − μ_j‖²`. The smallest offending segment goes first, so that the fewest customers
//! change their segment's meaning.

use ndarray::{Array2, ArrayView2};

use super::sizes::{LimitMethod, SizeLimits};
use crate::error::{Error, Result};

/// Two segments that became one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Merge {
    /// The segment that was too small, by its number before any merge.
    pub from: u32,
    /// The segment that took its customers, by its number before any merge. Both stand for what was merged into them.
    pub into: u32,
    /// What it added to the inertia.
    pub cost: f64,
}

/// Segments that are all large enough.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct MergedFit {
    /// Per customer, 0..k of the segments that are left, in their former order.
    pub(crate) labels: Vec<u32>,
    /// Row by row.
    pub(crate) centroids: Array2<f64>,
    pub(crate) sizes: Vec<u64>,
    /// In their order.
    pub(crate) merges: Vec<Merge>,
}

/// A segment that is left.
struct Left {
    number: u32,
    size: u64,
    centroid: Vec<f64>,
}

/// Merges segments until each has its minimum of customers. Their inertia grows by the sum of all costs.
///
/// Of equally small segments the lowest goes first; of equally cheap partners the nearest, then the lowest, takes it, so
/// an empty segment goes to its neighbour. Centroids are averaged by size: with means of customers they are means again;
/// with weighted means, weigh them anew. O(customers + segments³) at most.
///
/// # Errors
/// [`Error::Setting`] where there are fewer customers than the minimum, or the method is not [`LimitMethod::Merging`];
/// [`Error::Incompatible`] where a label has no centroid.
pub(crate) fn merge_small(
    labels: &[u32],
    centroids: ArrayView2<'_, f64>,
    limits: &SizeLimits,
) -> Result<MergedFit> {
    let (segments, features) = centroids.dim();
    if limits.method() != LimitMethod::Merging {
        return Err(Error::Setting {
            setting: "method",
            found: "prices".to_owned(),
            expected: "`LimitMethod::Merging`",
        });
    }
    let least = limits.bounds(segments, labels.len())?.least;
    let sizes = sizes(labels, segments)?;
    let mut left: Vec<Left> = centroids
        .rows()
        .into_iter()
        .zip(sizes)
        .enumerate()
        .map(|(number, (row, size))| Left { number: number as u32, size, centroid: row.to_vec() })
        .collect();
    let mut merges = Vec::new();
    while left.len() > 1 {
        let Some(small) = (0..left.len()).filter(|at| left[*at].size < least).min_by_key(|at| left[*at].size)
        else {
            break;
        };
        let gone = left.remove(small);
        let price =
            |at: usize| (ward(&gone, &left[at]), squared_distance(&gone.centroid, &left[at].centroid));
        let Some(partner) = (0..left.len()).min_by(|one, other| {
            let ((cost, distance), (other_cost, other_distance)) = (price(*one), price(*other));
            cost.total_cmp(&other_cost).then(distance.total_cmp(&other_distance))
        }) else {
            break;
        };
        merges.push(Merge { from: gone.number, into: left[partner].number, cost: price(partner).0 });
        left[partner].absorb(&gone);
    }
    let mut numbers: Vec<u32> = (0..segments as u32).collect();
    for merge in merges.iter().rev() {
        numbers[merge.from as usize] = numbers[merge.into as usize];
    }
    let mut new_numbers = vec![0; segments];
    for (new, segment) in left.iter().enumerate() {
        new_numbers[segment.number as usize] = new as u32;
    }
    let labels = labels.iter().map(|label| new_numbers[numbers[*label as usize] as usize]).collect();
    let rows = left.iter().flat_map(|segment| segment.centroid.iter().copied()).collect();
    Ok(MergedFit {
        labels,
        centroids: Array2::from_shape_vec((left.len(), features), rows).unwrap_or_default(),
        sizes: left.iter().map(|segment| segment.size).collect(),
        merges,
    })
}

fn sizes(labels: &[u32], segments: usize) -> Result<Vec<u64>> {
    let mut sizes = vec![0; segments];
    for label in labels {
        match sizes.get_mut(*label as usize) {
            Some(size) => *size += 1,
            None => {
                return Err(Error::Incompatible {
                    what: "the number of segments",
                    left: format!("{segments} centroids"),
                    right: format!("a label {label}"),
                });
            }
        }
    }
    Ok(sizes)
}

impl Left {
    fn absorb(&mut self, gone: &Self) {
        let size = self.size + gone.size;
        let share = if size == 0 { 0.0 } else { gone.size as f64 / size as f64 };
        for (own, other) in self.centroid.iter_mut().zip(&gone.centroid) {
            *own += share * (other - *own);
        }
        self.size = size;
    }
}

fn ward(one: &Left, other: &Left) -> f64 {
    let (a, b) = (one.size as f64, other.size as f64);
    if one.size.min(other.size) == 0 {
        return 0.0;
    }
    a * b / (a + b) * squared_distance(&one.centroid, &other.centroid)
}

fn squared_distance(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).fold(0.0, |sum, (x, c)| {
        let t = x - c;
        t.mul_add(t, sum)
    })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::array;
    use proptest::prelude::*;

    use super::super::sizes::SegmentSize;
    use super::*;

    fn at_least(customers: u64) -> SizeLimits {
        let limits = SizeLimits::builder().minimum(SegmentSize::Customers(customers));
        limits.method(LimitMethod::Merging).build().unwrap()
    }

    #[test]
    fn the_smallest_goes_first_and_to_the_cheapest_partner() {
        // Segments of 2, 1, 4 and 3 customers on a line; the one of 1 lies between those of 2 and of 4.
        let labels = [0, 0, 1, 2, 2, 2, 2, 3, 3, 3];
        let centroids = array![[0.0], [2.0], [4.5], [20.0]];
        let merged = merge_small(&labels, centroids.view(), &at_least(3)).unwrap();
        // 1·2/3 · 2² = 2.67 beats 1·4/5 · 2.5² = 5; then all are large enough.
        assert_eq!(merged.merges, [Merge { from: 1, into: 0, cost: 1.0 * 2.0 / 3.0 * 4.0 }]);
        assert_eq!(merged.labels, [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]);
        assert_eq!(merged.sizes, [3, 4, 3]);
        assert_relative_eq!(merged.centroids[[0, 0]], 2.0 / 3.0, max_relative = 1e-15);
        assert_eq!(merged.centroids.column(0).to_vec()[1..], [4.5, 20.0]);
        // A chain: what was merged is merged on.
        let merged = merge_small(&labels, centroids.view(), &at_least(4)).unwrap();
        let steps: Vec<(u32, u32)> = merged.merges.iter().map(|merge| (merge.from, merge.into)).collect();
        assert_eq!(steps, [(1, 0), (0, 2), (3, 2)]);
        assert_eq!(merged.labels, [0; 10]);
    }

    #[test]
    fn an_empty_segment_goes_for_nothing() {
        let merged = merge_small(&[0, 2], array![[0.0], [3.0], [4.0]].view(), &at_least(1)).unwrap();
        assert_eq!(merged.merges, [Merge { from: 1, into: 2, cost: 0.0 }]);
        assert_eq!((merged.labels, merged.sizes), (vec![0, 1], vec![1, 1]));
        assert_eq!(merged.centroids, array![[0.0], [4.0]]);
    }

    #[test]
    fn what_cannot_be_merged_is_refused() {
        let centroids = array![[0.0], [1.0]];
        assert!(merge_small(&[0, 1], centroids.view(), &at_least(3)).is_err());
        assert!(merge_small(&[0, 2], centroids.view(), &at_least(1)).is_err());
        let prices = SizeLimits::builder().build().unwrap();
        assert!(merge_small(&[0, 1], centroids.view(), &prices).is_err());
    }

    proptest! {
        #[test]
        fn all_are_large_enough_and_the_costs_add_up(
            points in prop::collection::vec((-9_i32..9, -9_i32..9, 0_u32..6), 1..60),
            least in 1_u64..20,
        ) {
            prop_assume!(least <= points.len() as u64);
            let labels: Vec<u32> = points.iter().map(|point| point.2).collect();
            let inertia = |labels: &[u32], centroids: &Array2<f64>| -> f64 {
                points.iter().zip(labels).map(|((x, y, _), label)| {
                    let c = centroids.row(*label as usize);
                    squared_distance(&[f64::from(*x), f64::from(*y)], &[c[0], c[1]])
                }).sum()
            };
            let mut means = Array2::zeros((6, 2));
            for segment in 0..6 {
                let own: Vec<_> = points.iter().filter(|point| point.2 == segment).collect();
                let mean = |pick: fn(&(i32, i32, u32)) -> i32| {
                    own.iter().map(|point| f64::from(pick(point))).sum::<f64>() / (own.len() as f64).max(1.0)
                };
                means[[segment as usize, 0]] = mean(|point| point.0);
                means[[segment as usize, 1]] = mean(|point| point.1);
            }
            let merged = merge_small(&labels, means.view(), &at_least(least)).unwrap();
            prop_assert!(merged.sizes.iter().all(|size| *size >= least));
            prop_assert_eq!(merged.sizes.iter().sum::<u64>(), points.len() as u64);
            prop_assert_eq!(merged.sizes.len() + merged.merges.len(), 6);
            let cost: f64 = merged.merges.iter().map(|merge| merge.cost).sum();
            let (before, after) = (inertia(&labels, &means), inertia(&merged.labels, &merged.centroids));
            prop_assert!((before + cost - after).abs() <= 1e-9 * (1.0 + after), "{} + {} is not {}", before, cost, after);
        }
    }
}
