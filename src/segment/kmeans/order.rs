//! The order in which clusters are given, so that the same clusters have the same numbers whatever start led to them.

use std::cmp::Ordering;

/// The clusters with weight, heaviest first, equally heavy ones by their centroids, coordinate by coordinate.
///
/// Weights are at least 0 and no NaN; centroids are rows of `dims` numbers.
pub(super) fn heaviest_first<W: PartialOrd + Default>(
    weights: &[W],
    centroids: &[f64],
    dims: usize,
) -> Vec<usize> {
    let row = |cluster: usize| &centroids[cluster * dims..][..dims];
    let mut order: Vec<usize> =
        (0..weights.len()).filter(|cluster| weights[*cluster] > W::default()).collect();
    order.sort_by(|left, right| {
        let coordinates = || row(*left).iter().zip(row(*right)).map(|(x, y)| x.total_cmp(y));
        let heavier = weights[*right].partial_cmp(&weights[*left]).unwrap_or(Ordering::Equal);
        heavier.then_with(|| coordinates().fold(Ordering::Equal, Ordering::then))
    });
    order
}

/// The number that each of `clusters` has in an order; 0 for those that have none.
pub(super) fn places(order: &[usize], clusters: usize) -> Vec<u32> {
    let mut places = vec![0; clusters];
    for (place, cluster) in order.iter().enumerate() {
        places[*cluster] = place as u32;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_decides_and_then_the_coordinates() {
        let centroids = [5.0, 1.0, 2.0, 9.0, 2.0, 8.0, 0.0, 0.0];
        let order = heaviest_first(&[3_u64, 1, 1, 0], &centroids, 2);
        assert_eq!(order, [0, 2, 1]);
        assert_eq!(places(&order, 4), [0, 2, 1, 0]);
        assert_eq!(heaviest_first(&[0.5, 1.5, 1.5, 2.5], &centroids, 2), [3, 2, 1, 0]);
    }
}
