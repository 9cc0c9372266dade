//! A table's columns on their way into the encoding: a block of customers at a time, feature by feature.

use std::ops::Range;

use super::{EncodedFeature, Encoding, Kind, NumberScale, standardised};
use crate::category::Category;
use crate::error::{Error, Result};
use crate::features::{FeatureTable, Values};
use crate::lookalike::scorer::Linear;
use crate::numeric::number::{Number, Numbers, NumericFeature, with_values};

/// The columns of a table that an encoding reads.
pub(crate) struct Source<'a> {
    encoding: &'a Encoding,
    columns: Vec<Column<'a>>,
}

/// One of them.
enum Column<'a> {
    Number {
        feature: NumericFeature<'a>,
        scale: NumberScale,
    },
    /// Texts, and which dimension each of the table's levels is.
    Text {
        texts: &'a Category,
        slots: Vec<Option<usize>>,
    },
}

impl<'a> Source<'a> {
    pub(super) fn of(encoding: &'a Encoding, table: &'a FeatureTable) -> Result<Self> {
        let columns =
            encoding.features.iter().map(|feature| Column::of(feature, table)).collect::<Result<_>>()?;
        Ok(Self { encoding, columns })
    }

    /// Some rows, dimension by dimension: `out[dimension * rows + row]`.
    pub(crate) fn block(&self, rows: Range<usize>, out: &mut [f64]) {
        for ((first, feature), column) in self.encoding.places().zip(&self.columns) {
            let out = &mut out[first * rows.len()..][..feature.width() * rows.len()];
            column.encode(feature, rows.clone(), out);
        }
    }

    /// The scores of a linear scorer for some rows: to the bits of a block's, without the dimensions in between.
    pub(crate) fn linear(
        &self,
        rows: Range<usize>,
        linear: &Linear,
        scores: &mut [f64],
        scratch: &mut [f64],
    ) {
        scores.fill(linear.intercept);
        let mut together = Vec::with_capacity(TOGETHER);
        for ((first, feature), column) in self.encoding.places().zip(&self.columns) {
            let weights = &linear.weights[first..][..feature.width()];
            if let Some(plain) = column.plain(rows.clone(), weights[0]) {
                together.push(plain);
                if together.len() == TOGETHER {
                    add_plain(&mut together, scores);
                }
            } else {
                add_plain(&mut together, scores);
                column.add(feature, rows.clone(), weights, scores, scratch);
            }
        }
        add_plain(&mut together, scores);
    }
}

impl<'a> Column<'a> {
    fn of(feature: &EncodedFeature, table: &'a FeatureTable) -> Result<Self> {
        let name = &feature.name;
        match (&feature.kind, table.column(name)?.values()) {
            (Kind::Levels { .. }, Values::Category(texts)) => {
                let slots = texts.levels().iter().map(|level| feature.slot(level)).collect();
                Ok(Self::Text { texts, slots })
            }
            (Kind::Levels { .. }, other) => Err(Error::FeatureType {
                feature: name.clone(),
                found: other.type_name(),
                expected: "a category",
            }),
            (Kind::Number(scale), _) => {
                Ok(Self::Number { feature: NumericFeature::of(table, name)?, scale: *scale })
            }
        }
    }

    /// The column as one of floats to be added in one go with others, where it is one.
    fn plain(&self, rows: Range<usize>, weight: f64) -> Option<Plain<'a>> {
        let Self::Number { feature, scale } = self else { return None };
        let (Numbers::F64(values), None, false) = (feature.numbers, feature.present, scale.log) else {
            return None;
        };
        Some(Plain { values: &values[rows], centre: scale.centre, inverse: scale.inverse(), weight })
    }

    fn encode(&self, own: &EncodedFeature, rows: Range<usize>, out: &mut [f64]) {
        let count = rows.len();
        match self {
            Self::Number { feature, scale } => {
                let (values, indicator) = out.split_at_mut(count);
                scaled(*feature, *scale, rows.clone(), values);
                indicator.fill(0.0);
                for_missing(*feature, rows, |at| {
                    values[at] = 0.0;
                    if let Some(indicator) = indicator.get_mut(at) {
                        *indicator = 1.0;
                    }
                });
            }
            Self::Text { texts, slots } => {
                out.fill(0.0);
                for (at, row) in rows.enumerate() {
                    if let Some(slot) = slot(texts, slots, own, row) {
                        out[slot * count + at] = 1.0;
                    }
                }
            }
        }
    }

    fn add(
        &self,
        own: &EncodedFeature,
        rows: Range<usize>,
        weights: &[f64],
        scores: &mut [f64],
        scratch: &mut [f64],
    ) {
        match self {
            Self::Number { feature, scale } => {
                let weight = weights[0];
                if feature.present.is_none() {
                    let inverse = scale.inverse();
                    with_values!(feature.numbers, values => {
                        let values = &values[rows];
                        pulp::Arch::new().dispatch(AddScaled { values, scale: *scale, inverse, weight, scores });
                    });
                    return;
                }
                let values = &mut scratch[..rows.len()];
                scaled(*feature, *scale, rows.clone(), values);
                for_missing(*feature, rows.clone(), |at| values[at] = 0.0);
                pulp::Arch::new().dispatch(AddColumn { values, weight, scores });
                if let Some(weight) = weights.get(1) {
                    for_missing(*feature, rows, |at| scores[at] += weight);
                }
            }
            Self::Text { texts, slots } => {
                for (score, row) in scores.iter_mut().zip(rows) {
                    if let Some(slot) = slot(texts, slots, own, row) {
                        *score += weights[slot];
                    }
                }
            }
        }
    }
}

/// The dimension of the feature in which a row has 1.
fn slot(texts: &Category, slots: &[Option<usize>], own: &EncodedFeature, row: usize) -> Option<usize> {
    match texts.code(row) {
        Some(code) => slots[code as usize],
        None => own.indicator.then(|| own.values()),
    }
}

/// Values of some rows on their scale; what stands where one is missing means nothing.
fn scaled(feature: NumericFeature<'_>, scale: NumberScale, rows: Range<usize>, out: &mut [f64]) {
    let inverse = scale.inverse();
    with_values!(feature.numbers, values => {
        pulp::Arch::new().dispatch(Scaled { values: &values[rows], scale, inverse, out });
    });
}

/// Calls with the position within `rows` of each that has no value.
fn for_missing(feature: NumericFeature<'_>, rows: Range<usize>, mut call: impl FnMut(usize)) {
    if let Some(present) = feature.present {
        for (at, row) in rows.enumerate() {
            if !present.get(row) {
                call(at);
            }
        }
    }
}

struct Scaled<'a, T> {
    values: &'a [T],
    scale: NumberScale,
    inverse: f64,
    out: &'a mut [f64],
}

impl<T: Number> pulp::WithSimd for Scaled<'_, T> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        if self.scale.log {
            for (out, value) in self.out.iter_mut().zip(self.values) {
                *out = self.scale.scaled(self.inverse, value.to_f64());
            }
        } else {
            let scale = NumberScale { log: false, ..self.scale };
            for (out, value) in self.out.iter_mut().zip(self.values) {
                *out = scale.scaled(self.inverse, value.to_f64());
            }
        }
    }
}

/// Adds a column to scores by its weight, on its scale: the operations of [`Scaled`] and [`AddColumn`] without what would be
/// written and read in between.
struct AddScaled<'a, T> {
    values: &'a [T],
    scale: NumberScale,
    inverse: f64,
    weight: f64,
    scores: &'a mut [f64],
}

impl<T: Number> pulp::WithSimd for AddScaled<'_, T> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        if self.scale.log {
            for (score, value) in self.scores.iter_mut().zip(self.values) {
                *score += self.scale.scaled(self.inverse, value.to_f64()) * self.weight;
            }
        } else {
            let scale = NumberScale { log: false, ..self.scale };
            for (score, value) in self.scores.iter_mut().zip(self.values) {
                *score += scale.scaled(self.inverse, value.to_f64()) * self.weight;
            }
        }
    }
}

/// Adds a column to scores by its weight.
struct AddColumn<'a> {
    values: &'a [f64],
    weight: f64,
    scores: &'a mut [f64],
}

impl pulp::WithSimd for AddColumn<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for (score, value) in self.scores.iter_mut().zip(self.values) {
            *score += self.weight * value;
        }
    }
}

/// So many columns are added to scores in one go: memory answers more questions at a time, and a score is fetched and put
/// back once for all of them. More are slower again.
const TOGETHER: usize = 4;

/// Some rows of a column of floats, all there and on no logarithmic scale, and what it adds to a score.
#[derive(Clone, Copy)]
struct Plain<'a> {
    values: &'a [f64],
    centre: f64,
    inverse: f64,
    weight: f64,
}

/// Adds columns to scores in their order, and leaves none.
fn add_plain(columns: &mut Vec<Plain<'_>>, scores: &mut [f64]) {
    if let [first, second, third, fourth] = columns[..] {
        pulp::Arch::new().dispatch(AddPlain { columns: [first, second, third, fourth], scores });
    } else {
        for column in &*columns {
            pulp::Arch::new().dispatch(AddPlain { columns: [*column], scores });
        }
    }
    columns.clear();
}

struct AddPlain<'a, const N: usize> {
    columns: [Plain<'a>; N],
    scores: &'a mut [f64],
}

impl<const N: usize> pulp::WithSimd for AddPlain<'_, N> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let rows = self.scores.len();
        let values = self.columns.map(|column| &column.values[..rows]);
        for row in 0..rows {
            let mut score = self.scores[row];
            for (values, column) in values.iter().zip(&self.columns) {
                score += standardised(values[row], column.centre, column.inverse) * column.weight;
            }
            self.scores[row] = score;
        }
    }
}
