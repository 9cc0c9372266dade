//! Are the same clusters found again? In other samples, and in the other half of the customers.

use rayon::prelude::*;

use crate::error::Result;
use crate::random::Stream;
use crate::segment::quality::SegmentedPoints;

use super::super::result::{KMeansFit, nearest_labels};
use super::builder::ChooseClusters;
use super::candidate::Candidate;
use super::points::Customers;
use super::progress::{ChoiceStage, Observer, in_batches};
use super::sweep::{Clustered, Draws, centroids_of};

/// How one number of clusters fared in one sample.
pub(super) struct Bootstrap {
    /// For each cluster the Jaccard index with the most similar one of the sample; `None` where nobody of it was drawn.
    pub(super) jaccards: Vec<Option<f64>>,
    /// The simplified silhouette of the sample's own clusters.
    pub(super) silhouette: Option<f64>,
}

/// For each sample, each number of clusters.
///
/// A sample draws as many customers as there are, at most [`ChooseClusters::sample`], with replacement, and keeps each once,
/// as `clusterboot` of the R package fpc does.
pub(super) fn bootstraps(
    customers: &Customers<'_>,
    candidates: &[Candidate],
    choose: &ChooseClusters,
    observer: Observer<'_>,
) -> Result<Vec<Vec<Bootstrap>>> {
    in_batches(observer, ChoiceStage::Bootstraps, choose.bootstraps, |number| {
        let draws = Draws { seed: choose.seed, purpose: "bootstrap", number };
        let size = choose.sample.min(customers.len());
        let rows = drawn_once(customers.len(), size, &mut draws.stream("customers", 0));
        let sample = customers.clustered(&rows, choose, draws)?;
        candidates
            .iter()
            .zip(&sample.fits)
            .map(|(candidate, again)| {
                let fit = &candidate.fit;
                let before: Vec<u32> = rows.iter().map(|row| fit.labels[*row]).collect();
                let shared = Shared::new(&before, &again.labels, fit.clusters(), again.clusters());
                let silhouette =
                    segmented(&sample, again, customers.dims())?.simplified_silhouette().overall();
                Ok(Bootstrap { jaccards: shared.jaccards(), silhouette })
            })
            .collect()
    })
}

fn segmented<'a>(sample: &'a Clustered, fit: &'a KMeansFit, dims: usize) -> Result<SegmentedPoints<'a>> {
    SegmentedPoints::of_labels(super::points::matrix(&sample.values, dims)?, &fit.labels)
}

/// For each halving, the prediction strength of each number of clusters; `None` with fewer than two customers.
pub(super) fn splits(
    customers: &Customers<'_>,
    choose: &ChooseClusters,
    observer: Observer<'_>,
) -> Result<Vec<Option<Vec<f64>>>> {
    in_batches(observer, ChoiceStage::Splits, choose.splits, |number| {
        let draws = Draws { seed: choose.seed, purpose: "split", number };
        let mut stream = draws.stream("customers", 0);
        let mut rows = spread_out(customers.len(), choose.sample, &mut stream);
        shuffle(&mut rows, &mut stream);
        let (left, right) = rows.split_at_mut(customers.len().min(choose.sample) / 2);
        if left.is_empty() {
            return Ok(None);
        }
        let half = |rows: &mut [usize], purpose| {
            rows.sort_unstable();
            customers.clustered(rows, choose, Draws { purpose, ..draws })
        };
        let halves = [half(left, "left half")?, half(right, "right half")?];
        let strengths = (0..halves[0].fits.len()).map(|at| {
            let fits = [&halves[0].fits[at], &halves[1].fits[at]];
            let of = |test: usize, train: usize| {
                let predicted = nearest_labels(&halves[test].values, &centroids_of(fits[train]));
                let (own, other) = (fits[test].clusters(), fits[train].clusters());
                Shared::new(&fits[test].labels, &predicted, own, other).prediction_strength()
            };
            f64::midpoint(of(0, 1), of(1, 0))
        });
        Ok(Some(strengths.collect()))
    })
}

/// How many customers two sets of clusters share.
struct Shared {
    /// For each cluster of the one, its customers in each of the other.
    counts: Vec<u64>,
    others: usize,
}

impl Shared {
    fn new(one: &[u32], other: &[u32], clusters: usize, others: usize) -> Self {
        let mut counts = vec![0; clusters * others];
        for (one, other) in one.iter().zip(other) {
            counts[*one as usize * others + *other as usize] += 1;
        }
        Self { counts, others }
    }

    /// The largest Jaccard index of each cluster: customers in both over customers in either (Hennig 2007).
    fn jaccards(&self) -> Vec<Option<f64>> {
        let mut other_sizes = vec![0; self.others];
        for row in self.counts.chunks_exact(self.others) {
            other_sizes.iter_mut().zip(row).for_each(|(size, count)| *size += count);
        }
        let best = |row: &[u64]| {
            let size: u64 = row.iter().sum();
            let index = |(both, other): (&u64, &u64)| *both as f64 / (size + other - both) as f64;
            (size > 0).then(|| row.iter().zip(&other_sizes).map(index).fold(0.0, f64::max))
        };
        self.counts.chunks_exact(self.others).map(best).collect()
    }

    /// Of all pairs of customers in a cluster, how many the other clusters do not part; the least of all clusters
    /// (Tibshirani & Walther 2005). A cluster of one customer has no pair to speak for it and counts as 0.
    fn prediction_strength(&self) -> f64 {
        let pairs = |count: u64| u128::from(count) * u128::from(count.saturating_sub(1));
        let strength = |row: &[u64]| match pairs(row.iter().sum()) {
            0 => 0.0,
            all => row.iter().map(|count| pairs(*count)).sum::<u128>() as f64 / all as f64,
        };
        self.counts.chunks_exact(self.others).map(strength).fold(1.0, f64::min)
    }
}

/// Rows drawn with replacement, each kept once, in ascending order.
fn drawn_once(of: usize, draws: usize, stream: &mut Stream) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..draws).map(|_| stream.below(of as u64) as usize).collect();
    rows.par_sort_unstable();
    rows.dedup();
    rows
}

/// Rows in ascending order: all, or one out of each of `most` equally long stretches.
pub(super) fn spread_out(of: usize, most: usize, stream: &mut Stream) -> Vec<usize> {
    if of <= most {
        return (0..of).collect();
    }
    let start = |stretch: usize| (stretch as u128 * of as u128 / most as u128) as usize;
    let drawn =
        |stretch| start(stretch) + stream.below((start(stretch + 1) - start(stretch)) as u64) as usize;
    (0..most).map(drawn).collect()
}

/// Every order as likely as another (Fisher & Yates, as by Durstenfeld 1964).
fn shuffle(rows: &mut [usize], stream: &mut Stream) {
    for last in (1..rows.len()).rev() {
        rows.swap(last, stream.below(last as u64 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// By sets of customers, and by all pairs of them.
        #[test]
        fn both_are_what_plain_counting_gives(labels in prop::collection::vec((0_u32..4, 0_u32..3), 1..60)) {
            let (one, other): (Vec<u32>, Vec<u32>) = labels.iter().copied().unzip();
            let shared = Shared::new(&one, &other, 4, 3);
            let members = |labels: &[u32], cluster: u32| -> BTreeSet<usize> {
                (0..labels.len()).filter(|row| labels[*row] == cluster).collect()
            };
            let mut weakest = 1.0_f64;
            for (cluster, jaccard) in (0..4).zip(shared.jaccards()) {
                let own = members(&one, cluster);
                let best = (0..3)
                    .map(|candidate| {
                        let found = members(&other, candidate);
                        own.intersection(&found).count() as f64 / own.union(&found).count().max(1) as f64
                    })
                    .fold(0.0, f64::max);
                prop_assert_eq!(jaccard, (!own.is_empty()).then_some(best));
                let (mut pairs, mut together) = (0.0, 0.0);
                for left in &own {
                    for right in own.iter().filter(|right| *right != left) {
                        pairs += 1.0;
                        together += f64::from(u8::from(other[*left] == other[*right]));
                    }
                }
                weakest = weakest.min(if pairs > 0.0 { together / pairs } else { 0.0 });
            }
            prop_assert!((shared.prediction_strength() - weakest).abs() < 1e-15);
        }
    }

    #[test]
    fn jaccards_are_those_counted_by_hand() {
        // {0, 1, 2} against {0, 1}, {2, 3} and {3, 4} against {2, 3}, {4}; nobody in the third.
        let shared = Shared::new(&[0, 0, 0, 1, 1], &[0, 0, 1, 1, 2], 3, 3);
        assert_eq!(shared.jaccards(), [Some(2.0 / 3.0), Some(0.5), None]);
    }

    #[test]
    fn prediction_strength_is_the_share_of_pairs_kept_together() {
        // Of the three pairs of the first cluster one stays together, of the second's one pair none.
        let shared = Shared::new(&[0, 0, 0, 1, 1], &[0, 0, 1, 1, 0], 2, 2);
        assert!(shared.prediction_strength() <= 0.0);
        let shared = Shared::new(&[0, 0, 0, 1, 1], &[0, 0, 1, 1, 1], 2, 2);
        assert!((shared.prediction_strength() - 1.0 / 3.0).abs() < 1e-15);
        let alone = Shared::new(&[0, 0, 1], &[0, 0, 1], 2, 2);
        assert!(alone.prediction_strength() <= 0.0);
    }

    #[test]
    fn rows_are_drawn_as_often_as_they_should() {
        let mut stream = Stream::new(1, "test", 0);
        let rows = drawn_once(20_000, 20_000, &mut stream);
        assert!(rows.is_sorted_by(|left, right| left < right));
        // 1 − 1/e of them, within five standard deviations.
        assert!((rows.len() as f64 - 12_642.0).abs() < 250.0, "{}", rows.len());
        assert_eq!(spread_out(7, 10, &mut stream), [0, 1, 2, 3, 4, 5, 6]);
        let rows = spread_out(1_000_003, 1_000, &mut stream);
        assert!(rows.iter().enumerate().all(|(at, row)| row / 1_001 <= at && *row <= (at + 1) * 1_001));
        let mut seen = [0_u32; 6];
        for _ in 0..6_000 {
            let mut order = [0, 1, 2];
            shuffle(&mut order, &mut stream);
            seen[order[0] * 2 + usize::from(order[1] > order[2])] += 1;
        }
        assert!(seen.iter().all(|count| count.abs_diff(1_000) < 150), "{seen:?}");
    }
}
