//! Points with the segment of each, checked once for all measures.

use std::borrow::Cow;
use std::fmt;

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::numeric::LARGEST;
use crate::segment::number::CHUNK;
use crate::segment::segmentation::{Segmentation, UNASSIGNED};

/// Numbers that labels may have whatever the number of customers: as many as a [`Segmentation`] can name.
const ALWAYS_ALLOWED: usize = 65_536;
/// Rows that are checked and added up while they are in the first-level cache.
const BLOCK: usize = 256;

/// Customers as points of scaled features, and the segment of each: what the quality of a segmentation is measured on.
///
/// Points are rows of a matrix, customers by features. Where the matrix lies row by row and everyone has a segment it is
/// borrowed, otherwise copied. Beside it, this holds the segments' sizes and centres (the means of their points).
///
/// ```
/// use kohort::ndarray::array;
/// use kohort::segment::quality::SegmentedPoints;
///
/// let points = array![[0.0], [1.0], [10.0], [12.0]];
/// let segmented = SegmentedPoints::of_labels(points.view(), &[0, 0, 1, 1])?;
/// assert_eq!(segmented.sizes(), [2, 2]);
/// // Centres 0.5 and 11, mean 5.75: (4 · 5.25² / 1) / ((2 · 0.5² + 2 · 1²) / 2).
/// assert_eq!(segmented.calinski_harabasz(), Some(88.2));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone)]
pub struct SegmentedPoints<'a> {
    /// Row by row.
    pub(super) rows: Cow<'a, [f64]>,
    pub(super) features: usize,
    /// Of each row, a position in the sizes.
    pub(super) segments: Cow<'a, [u32]>,
    pub(super) sizes: Vec<u64>,
    /// Segment by segment; zeros for one without customers.
    pub(super) centres: Vec<f64>,
    pub(super) unassigned: u64,
    /// `None` where segments have numbers only.
    names: Option<&'a [String]>,
}

impl<'a> SegmentedPoints<'a> {
    /// Points and, row by row, the number of the segment from 0. Numbers may be left out: their segments are empty.
    ///
    /// Two passes over the labels and one over the points; O(segments · features) memory beside them.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] unless there is one label a row, [`Error::Empty`] without rows, [`Error::Setting`]
    /// without features, for 2³² − 1 rows or more, and for a label that is neither below 65,536 nor below the number of
    /// rows; [`Error::Coordinate`] for one that is not finite or larger than 1e100 in size.
    #[expect(clippy::needless_pass_by_value, reason = "a view is passed as a slice is")]
    pub fn of_labels(points: ArrayView2<'a, f64>, labels: &'a [u32]) -> Result<Self> {
        check_shape(&points, labels.len(), "labels")?;
        let highest = labels.par_iter().copied().max().unwrap_or_default();
        if highest as usize >= ALWAYS_ALLOWED.max(labels.len()) {
            return Err(Error::Setting {
                setting: "labels",
                found: highest.to_string(),
                expected: "numbers of segments from 0, each below 65,536 or below the number of rows",
            });
        }
        let (features, segments) = (points.ncols(), Cow::Borrowed(labels));
        let rows = match points.to_slice() {
            Some(rows) => Cow::Borrowed(rows),
            None => Cow::Owned(points.iter().copied().collect()),
        };
        Self { rows, features, segments, sizes: vec![0; highest as usize + 1], ..Self::empty() }
            .measured(|row| row)
    }

    /// Points of the customers of a segmentation, row by row in its order. Customers without a segment are left out
    /// and counted, and their points are not looked at.
    ///
    /// # Errors
    /// As for [`SegmentedPoints::of_labels`]; [`Error::Empty`] where nobody has a segment.
    #[expect(clippy::needless_pass_by_value, reason = "a view is passed as a slice is")]
    pub fn of(points: ArrayView2<'a, f64>, segmentation: &'a Segmentation) -> Result<Self> {
        check_shape(&points, segmentation.len(), "segments")?;
        let codes = segmentation.codes();
        let assigned: Vec<usize> = (0..codes.len()).filter(|row| codes[*row] != UNASSIGNED).collect();
        if assigned.is_empty() {
            return Err(Error::Empty {
                what: "the list of customers with a segment",
                hint: "nobody has one, so there is nothing to measure",
            });
        }
        let features = points.ncols();
        let unassigned = (codes.len() - assigned.len()) as u64;
        let rows = match points.to_slice() {
            Some(rows) if unassigned == 0 => Cow::Borrowed(rows),
            _ => Cow::Owned(assigned.iter().flat_map(|row| points.row(*row)).copied().collect()),
        };
        let segments = assigned.iter().map(|row| u32::from(codes[*row])).collect();
        let names = segmentation.names();
        Self {
            rows,
            features,
            segments,
            sizes: vec![0; names.len()],
            unassigned,
            names: Some(names),
            ..Self::empty()
        }
        .measured(|row| assigned[row])
    }

    fn empty() -> Self {
        Self {
            rows: Cow::Borrowed(&[]),
            features: 0,
            segments: Cow::Borrowed(&[]),
            sizes: Vec::new(),
            centres: Vec::new(),
            unassigned: 0,
            names: None,
        }
    }

    /// Checks the coordinates and finds sizes and centres in one pass; `row_of` gives the caller's number of a row.
    fn measured(mut self, row_of: impl Fn(usize) -> usize) -> Result<Self> {
        let segments = self.sizes.len();
        let chunk = chunk_rows(segments);
        let origin = &self.rows[..self.features];
        let partials: Vec<Partial> = self
            .rows
            .par_chunks(chunk * self.features)
            .zip(self.segments.par_chunks(chunk))
            .map(|(rows, labels)| pulp::Arch::new().dispatch(Gather { rows, labels, origin, segments }))
            .collect();
        if partials.iter().any(|partial| !partial.sound) {
            let place = self.rows.iter().position(|x| !is_sound(*x)).unwrap_or_default();
            let (row, feature) = (row_of(place / self.features), place % self.features);
            return Err(Error::Coordinate { row, feature, found: self.rows[place] });
        }
        let mut sums = vec![0.0; segments * self.features];
        for partial in &partials {
            sums.iter_mut().zip(&partial.sums).for_each(|(sum, part)| *sum += part);
            self.sizes.iter_mut().zip(&partial.sizes).for_each(|(size, part)| *size += part);
        }
        for (sums, size) in
            sums.chunks_exact_mut(self.features).zip(&self.sizes).filter(|(_, size)| **size > 0)
        {
            sums.iter_mut().zip(origin).for_each(|(sum, origin)| *sum = origin + *sum / *size as f64);
        }
        self.centres = sums;
        Ok(self)
    }

    /// Customers with a segment.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.segments.len() as u64
    }

    /// Customers without one, who are left out.
    #[must_use]
    pub fn unassigned(&self) -> u64 {
        self.unassigned
    }

    /// Customers per segment, empty segments among them.
    #[must_use]
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// The mean of a segment's points; `None` without customers.
    #[must_use]
    pub fn centre(&self, segment: usize) -> Option<&[f64]> {
        let size = self.sizes.get(segment)?;
        (*size > 0).then(|| self.centre_of(segment))
    }

    pub(super) fn centre_of(&self, segment: usize) -> &[f64] {
        &self.centres[segment * self.features..][..self.features]
    }

    /// The segments with customers.
    pub(super) fn occupied(&self) -> Vec<usize> {
        (0..self.sizes.len()).filter(|segment| self.sizes[*segment] > 0).collect()
    }

    /// A segment's name, or its number where it has none.
    pub(super) fn name(&self, segment: usize) -> String {
        self.names.map_or_else(|| segment.to_string(), |names| names[segment].clone())
    }
}

/// Rows of one piece of parallel work. With many segments there are more, so that the pieces' sums take no more than an
/// eighth of the memory of the points.
pub(super) fn chunk_rows(segments: usize) -> usize {
    CHUNK.max(8 * segments)
}

fn check_shape(points: &ArrayView2<'_, f64>, labels: usize, column: &str) -> Result<()> {
    if labels != points.nrows() {
        return Err(Error::ColumnLength {
            column: column.into(),
            found: labels,
            against: "points".into(),
            expected: points.nrows(),
        });
    }
    check_customers(labels)?;
    if points.ncols() == 0 {
        return Err(Error::Setting {
            setting: "points",
            found: "a matrix without features".into(),
            expected: "one feature or more",
        });
    }
    Ok(())
}

/// At least one, and so few that positions fit 32 bits and squared numbers of pairs 128.
pub(super) fn check_customers(customers: usize) -> Result<()> {
    if customers == 0 {
        return Err(Error::Empty { what: "the list of customers", hint: "quality is measured on customers" });
    }
    if customers >= u32::MAX as usize {
        return Err(Error::Setting {
            setting: "labels",
            found: format!("{customers} labels"),
            expected: "fewer than 4,294,967,295 customers; measure a sample",
        });
    }
    Ok(())
}

pub(super) fn is_sound(x: f64) -> bool {
    x.abs() <= LARGEST
}

/// What a chunk of rows adds to each segment.
struct Partial {
    sums: Vec<f64>,
    sizes: Vec<u64>,
    sound: bool,
}

/// Checks a chunk's coordinates and adds up their differences from the first row, so that a far offset costs no digits.
struct Gather<'a> {
    rows: &'a [f64],
    labels: &'a [u32],
    origin: &'a [f64],
    segments: usize,
}

impl pulp::WithSimd for Gather<'_> {
    type Output = Partial;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Partial {
        let features = self.origin.len();
        let mut partial =
            Partial { sums: vec![0.0; self.segments * features], sizes: vec![0; self.segments], sound: true };
        for (rows, labels) in self.rows.chunks(BLOCK * features).zip(self.labels.chunks(BLOCK)) {
            partial.sound &= rows.iter().fold(true, |sound, x| sound & is_sound(*x));
            for (row, label) in rows.chunks_exact(features).zip(labels) {
                let segment = *label as usize;
                partial.sizes[segment] += 1;
                let sums = &mut partial.sums[segment * features..][..features];
                for (sum, (x, origin)) in sums.iter_mut().zip(row.iter().zip(self.origin)) {
                    *sum += x - origin;
                }
            }
        }
        partial
    }
}

impl fmt::Debug for SegmentedPoints<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentedPoints")
            .field("customers", &self.customers())
            .field("features", &self.features)
            .field("segments", &self.sizes.len())
            .finish_non_exhaustive()
    }
}
