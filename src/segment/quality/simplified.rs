//! Silhouettes by the distances to the segments' centres.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::kernel::{Group, LANES};
use super::points::{SegmentedPoints, chunk_rows, is_sound};
use super::silhouette::{Silhouette, SilhouetteMethod, Tally};
use crate::error::{Error, Result};

impl SegmentedPoints<'_> {
    /// The simplified silhouette: as [`silhouette`](Self::silhouette), but `a` is a customer's distance to the centre of
    /// her segment and `b` that to the nearest other centre.
    ///
    /// It ranks segmentations of the same customers much as the silhouette does at a fraction of its cost, and is
    /// higher than it, so the two cannot be compared with each other. A customer alone in her segment has 0, though she
    /// is her own centre; otherwise splitting everyone up would be best.
    ///
    /// Time O(n·k·d), memory O(k·d).
    ///
    /// Hruschka, de Castro & Campello, *IEEE International Conference on Data Mining* (2004); Vendramin, Campello &
    /// Hruschka, *Statistical Analysis and Data Mining* 3 (2010).
    #[must_use]
    pub fn simplified_silhouette(&self) -> Silhouette {
        let known: Vec<bool> = self.sizes.iter().map(|size| *size > 0).collect();
        self.simplified(&self.centres, &known)
    }

    /// The same with given centres, one a segment: how well do a stored model's centroids still fit next month's
    /// customers? All of them count, those of segments without customers too.
    ///
    /// # Errors
    /// [`Error::Incompatible`] unless there is a centre for each segment with customers and each has the points'
    /// features; [`Error::Coordinate`] for one that is not finite or larger than 1e100 in size.
    #[expect(clippy::needless_pass_by_value, reason = "a view is passed as a slice is")]
    pub fn simplified_silhouette_around(&self, centres: ArrayView2<'_, f64>) -> Result<Silhouette> {
        let needed = self.occupied().last().map_or(0, |segment| segment + 1);
        if centres.ncols() != self.features || centres.nrows() < needed {
            return Err(Error::Incompatible {
                what: "the shape of the centres",
                left: format!("{} by {}", centres.nrows(), centres.ncols()),
                right: format!("{needed} segments by {} features", self.features),
            });
        }
        if let Some(((row, feature), found)) = centres.indexed_iter().find(|(_, x)| !is_sound(**x)) {
            return Err(Error::Coordinate { row, feature, found: *found });
        }
        let values: Vec<f64> = centres.iter().copied().collect();
        Ok(self.simplified(&values, &vec![true; centres.nrows()]))
    }

    fn simplified(&self, centres: &[f64], known: &[bool]) -> Silhouette {
        let mut tallies = vec![Tally::default(); self.sizes.len()];
        if self.occupied().len() >= 2 {
            let chunk = chunk_rows(self.sizes.len());
            let partials: Vec<Vec<Tally>> = self
                .rows
                .par_chunks(chunk * self.features)
                .zip(self.segments.par_chunks(chunk))
                .map(|(rows, labels)| {
                    pulp::Arch::new().dispatch(Nearest { points: self, rows, labels, centres, known })
                })
                .collect();
            for partial in partials {
                tallies.iter_mut().zip(&partial).for_each(|(tally, part)| tally.merge(part));
            }
        }
        Silhouette::new(self, SilhouetteMethod::Simplified, &tallies)
    }
}

struct Nearest<'a> {
    points: &'a SegmentedPoints<'a>,
    rows: &'a [f64],
    labels: &'a [u32],
    centres: &'a [f64],
    known: &'a [bool],
}

impl pulp::WithSimd for Nearest<'_> {
    type Output = Vec<Tally>;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<Tally> {
        let features = self.points.features;
        let mut tallies = vec![Tally::default(); self.points.sizes.len()];
        let mut group = Group::of(&self.rows[..features], features);
        let centres = || self.centres.chunks_exact(features);
        let mut squares = vec![[f64::INFINITY; LANES]; centres().len()];
        for (rows, labels) in self.rows.chunks(LANES * features).zip(self.labels.chunks(LANES)) {
            group.fill(rows);
            for ((squares, centre), known) in squares.iter_mut().zip(centres()).zip(self.known) {
                *squares = if *known { group.squared_distances(centre) } else { [f64::INFINITY; LANES] };
            }
            // Her own centre is taken out, and the nearest is then that of another segment.
            let (mut own, mut other) = ([0.0; LANES], [f64::INFINITY; LANES]);
            for ((lane, own), label) in own.iter_mut().enumerate().zip(labels) {
                *own = std::mem::replace(&mut squares[*label as usize][lane], f64::INFINITY);
            }
            for squares in &squares {
                for (other, square) in other.iter_mut().zip(squares) {
                    *other = if *square < *other { *square } else { *other };
                }
            }
            let mut widths = [0.0; LANES];
            for ((width, own), other) in widths.iter_mut().zip(own).zip(other) {
                let (own, other) = (own.sqrt(), other.sqrt());
                let widest = if own > other { own } else { other };
                *width = if widest > 0.0 { (other - own) / widest } else { 0.0 };
            }
            for (label, width) in labels.iter().zip(widths) {
                let segment = *label as usize;
                tallies[segment].add(if self.points.sizes[segment] == 1 { 0.0 } else { width });
            }
        }
        tallies
    }
}
