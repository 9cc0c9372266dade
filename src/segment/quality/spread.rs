//! Calinski–Harabasz and Davies–Bouldin: spread within segments against the distance between their centres.

use rayon::prelude::*;

use super::kernel::squared_distance;
use super::points::{SegmentedPoints, chunk_rows};

impl SegmentedPoints<'_> {
    /// The variance ratio of Caliński & Harabasz: spread between the segments' centres over spread within segments, each
    /// by its degrees of freedom. Higher is better; there is no scale on which a value is good, so compare it between
    /// segmentations of the same points.
    ///
    /// ```text
    /// (Σ nⱼ ‖cⱼ − c‖² / (k − 1)) / (Σ ‖xᵢ − c(i)‖² / (n − k))
    /// ```
    ///
    /// `cⱼ` are the segments' centres, `c` is the mean of all points. `None` with fewer than two segments that have
    /// customers, where each customer is alone in hers, and where nobody is away from her segment's centre (then the
    /// ratio is infinite).
    ///
    /// Time O(n·d) after the construction's pass: one more over the points, limited by the memory's bandwidth. Memory
    /// O(k·d).
    ///
    /// Caliński & Harabasz, *Communications in Statistics* 3 (1974).
    #[must_use]
    pub fn calinski_harabasz(&self) -> Option<f64> {
        let (occupied, customers) = self.comparable()?;
        let mut mean = vec![0.0; self.features];
        for segment in &occupied {
            let share = self.sizes[*segment] as f64 / customers as f64;
            mean.iter_mut().zip(self.centre_of(*segment)).for_each(|(mean, x)| *mean += share * x);
        }
        let between = occupied.iter().fold(0.0, |sum, segment| {
            sum + self.sizes[*segment] as f64 * squared_distance(self.centre_of(*segment), &mean)
        });
        let within: f64 = self.spread::<false>().iter().sum();
        let ratio =
            (between / (occupied.len() as f64 - 1.0)) / (within / (customers - occupied.len()) as f64);
        Some(ratio).filter(|ratio| ratio.is_finite())
    }

    /// The index of Davies & Bouldin: for each segment the other one that it is most easily taken for, by their spreads
    /// over the distance of their centres; then the mean over the segments. Lower is better, 0 is the least.
    ///
    /// ```text
    /// 1/k Σⱼ max over l ≠ j of (σⱼ + σₗ) / ‖cⱼ − cₗ‖        σⱼ = mean of ‖xᵢ − cⱼ‖ over the segment
    /// ```
    ///
    /// Above 1, segments on the whole reach into each other. `None` with fewer than two segments that have customers,
    /// where each customer is alone in hers, and where two segments have the same centre (scikit-learn leaves such a
    /// pair out, which makes the worst segmentation look best).
    ///
    /// Time O(n·d + k²·d), memory O(k·d).
    ///
    /// Davies & Bouldin, *IEEE Transactions on Pattern Analysis and Machine Intelligence* 1 (1979).
    #[must_use]
    pub fn davies_bouldin(&self) -> Option<f64> {
        let (occupied, _) = self.comparable()?;
        let sums = self.spread::<true>();
        let spread = |segment: usize| sums[segment] / self.sizes[segment] as f64;
        let worst: Vec<f64> = occupied
            .par_iter()
            .map(|one| {
                let others = occupied.iter().filter(|other| *other != one);
                let likeness = others.map(|other| {
                    let apart = squared_distance(self.centre_of(*one), self.centre_of(*other)).sqrt();
                    if apart > 0.0 { (spread(*one) + spread(*other)) / apart } else { f64::INFINITY }
                });
                likeness.fold(0.0, f64::max)
            })
            .collect();
        Some(worst.iter().sum::<f64>() / occupied.len() as f64).filter(|index| index.is_finite())
    }

    /// The segments with customers and the number of customers, where there is anything to compare.
    fn comparable(&self) -> Option<(Vec<usize>, usize)> {
        let (occupied, customers) = (self.occupied(), self.segments.len());
        (occupied.len() >= 2 && occupied.len() < customers).then_some((occupied, customers))
    }

    /// The sum over each segment's points of the squared distances to its centre, or of the distances themselves.
    fn spread<const ROOTS: bool>(&self) -> Vec<f64> {
        let chunk = chunk_rows(self.sizes.len());
        let partials: Vec<Vec<f64>> = self
            .rows
            .par_chunks(chunk * self.features)
            .zip(self.segments.par_chunks(chunk))
            .map(|(rows, labels)| {
                pulp::Arch::new().dispatch(Spread::<ROOTS> {
                    rows,
                    labels,
                    features: self.features,
                    centres: &self.centres,
                })
            })
            .collect();
        let mut sums = vec![0.0; self.sizes.len()];
        for partial in partials {
            sums.iter_mut().zip(partial).for_each(|(sum, part)| *sum += part);
        }
        sums
    }
}

struct Spread<'a, const ROOTS: bool> {
    rows: &'a [f64],
    labels: &'a [u32],
    features: usize,
    centres: &'a [f64],
}

impl<const ROOTS: bool> pulp::WithSimd for Spread<'_, ROOTS> {
    type Output = Vec<f64>;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<f64> {
        let mut sums = vec![0.0; self.centres.len() / self.features];
        for (row, label) in self.rows.chunks_exact(self.features).zip(self.labels) {
            let segment = *label as usize;
            let square = squared_distance(row, &self.centres[segment * self.features..][..self.features]);
            sums[segment] += if ROOTS { square.sqrt() } else { square };
        }
        sums
    }
}
