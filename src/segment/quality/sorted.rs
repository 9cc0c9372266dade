//! Points put together by segment, so that the sum of a customer's distances to a segment is one run over its rows.

use std::ops::Range;

use rayon::prelude::*;

use super::points::SegmentedPoints;

/// Points segment by segment, within a segment in the order of the rows; segments without points are left out.
pub(super) struct Sorted {
    pub(super) features: usize,
    /// Row by row.
    pub(super) rows: Vec<f64>,
    pub(super) runs: Vec<Run>,
}

/// The points of one segment.
pub(super) struct Run {
    /// Its position among all segments.
    pub(super) segment: usize,
    /// Its points' positions.
    pub(super) range: Range<usize>,
}

/// Rows by segment: a counting sort.
pub(super) fn rows_by_segment(points: &SegmentedPoints<'_>) -> Vec<Vec<u32>> {
    let mut rows: Vec<Vec<u32>> =
        points.sizes.iter().map(|size| Vec::with_capacity(*size as usize)).collect();
    for (row, segment) in (0_u32..).zip(points.segments.iter()) {
        rows[*segment as usize].push(row);
    }
    rows
}

impl Sorted {
    /// Of the rows that are given for each segment.
    pub(super) fn of(points: &SegmentedPoints<'_>, rows: &[Vec<u32>]) -> Self {
        let features = points.features;
        let mut runs: Vec<Run> = Vec::new();
        let mut start = 0;
        for (segment, rows) in rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            runs.push(Run { segment, range: start..start + rows.len() });
            start += rows.len();
        }
        let order: Vec<u32> = rows.concat();
        let mut sorted = vec![0.0; order.len() * features];
        sorted.par_chunks_exact_mut(features).zip(&order).with_min_len(1_024).for_each(|(target, row)| {
            target.copy_from_slice(&points.rows[*row as usize * features..][..features]);
        });
        Self { features, rows: sorted, runs }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len() / self.features
    }

    pub(super) fn rows(&self, range: Range<usize>) -> &[f64] {
        &self.rows[range.start * self.features..range.end * self.features]
    }
}
