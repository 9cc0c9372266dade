//! How many cut points lie below each value of a column: the kernel of every score.

use rayon::prelude::*;

use super::number::{Above, CHUNK, Number, NumericFeature, Ties, with_values};
use crate::bitmap::Bitmap;

/// Cut points compared in one sweep.
const SWEEP: usize = 4;
/// Values per sweep: with their levels they stay in the first-level cache.
const BLOCK: usize = 1024;

/// Cut points in a column's own type, ready to be compared with many values.
pub(crate) struct Ladder<T> {
    /// Cut points that lie below every value of the type.
    always: u8,
    /// The others, filled up with such that lie below no value.
    sweeps: Vec<[T; SWEEP]>,
}

impl<T: Number> Ladder<T> {
    pub(crate) fn new(cuts: &[f64], ties: Ties) -> Self {
        let mut always = 0;
        let mut bounds = Vec::with_capacity(cuts.len());
        for cut in cuts {
            match T::above(*cut, ties) {
                Above::All => always += 1,
                Above::Than(bound) => bounds.push(bound),
            }
        }
        Self { always, ..Self::of_bounds(&bounds) }
    }

    /// Of values that are cut points themselves: a value equal to one stands below it.
    pub(crate) fn of_bounds(bounds: &[T]) -> Self {
        let sweep = |bounds: &[T]| std::array::from_fn(|index| bounds.get(index).copied().unwrap_or(T::TOP));
        Self { always: 0, sweeps: bounds.chunks(SWEEP).map(sweep).collect() }
    }

    /// How many cut points lie below a value.
    pub(crate) fn level(&self, value: T) -> u8 {
        self.sweeps.iter().flatten().fold(self.always, |level, bound| level + u8::from(value > *bound))
    }

    /// How many cut points lie below each value, on the widest vector units the processor has.
    pub(crate) fn levels(&self, values: &[T], levels: &mut [u8]) {
        pulp::Arch::new().dispatch(Climb { ladder: self, values, levels });
    }
}

/// The kernel. A struct rather than a closure, so that it is compiled once for each set of vector units.
struct Climb<'a, T> {
    ladder: &'a Ladder<T>,
    values: &'a [T],
    levels: &'a mut [u8],
}

impl<T: Number> pulp::WithSimd for Climb<'_, T> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for (values, levels) in self.values.chunks(BLOCK).zip(self.levels.chunks_mut(BLOCK)) {
            levels.fill(self.ladder.always);
            for [a, b, c, d] in &self.ladder.sweeps {
                for (value, level) in values.iter().zip(levels.iter_mut()) {
                    *level +=
                        u8::from(value > a) + u8::from(value > b) + u8::from(value > c) + u8::from(value > d);
                }
            }
        }
    }
}

/// What a level says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scale {
    /// `1 + level`.
    Rising,
    /// `bins − level`.
    Falling { bins: u8 },
}

impl Scale {
    pub(crate) fn score(self, level: u8) -> u8 {
        match self {
            Self::Rising => level + 1,
            Self::Falling { bins } => bins - level,
        }
    }

    fn scores(self, levels: &mut [u8]) {
        match self {
            Self::Rising => levels.iter_mut().for_each(|level| *level += 1),
            Self::Falling { bins } => levels.iter_mut().for_each(|level| *level = bins - *level),
        }
    }
}

/// The score of each row by a column's cut points; 0 where the row is not present. One pass over the column.
pub(crate) fn scores(
    feature: NumericFeature<'_>,
    present: Option<&Bitmap>,
    cuts: &[f64],
    ties: Ties,
    scale: Scale,
) -> Vec<u8> {
    with_values!(feature.numbers, values => {
        let ladder = Ladder::new(cuts, ties);
        let mut scores = vec![0; values.len()];
        scores.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(|(scores, values)| {
            ladder.levels(values, scores);
            scale.scores(scores);
        });
        if let Some(present) = present {
            clear_missing(&mut scores, present);
        }
        scores
    })
}

/// Sets the score of rows that are not present to 0.
pub(crate) fn clear_missing(scores: &mut [u8], present: &Bitmap) {
    scores.par_chunks_mut(CHUNK).zip(present.words().par_chunks(CHUNK / 64)).for_each(|(scores, words)| {
        for (scores, word) in scores.chunks_mut(64).zip(words) {
            if *word != u64::MAX {
                for (bit, score) in scores.iter_mut().enumerate() {
                    *score *= u8::from(word >> bit & 1 == 1);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::number::Numbers;
    use super::*;
    use crate::transaction::Money;

    proptest! {
        #[test]
        fn a_score_counts_the_cut_points_below(
            values in prop::collection::vec(-30_i64..30, 1..200),
            cuts in prop::collection::vec(prop_oneof![-0.003_f64..0.003, -40.0_f64..40.0, Just(1e300), Just(-1e300)], 0..11),
            above in any::<bool>(),
            falling in any::<bool>(),
        ) {
            let ties = if above { Ties::Above } else { Ties::Below };
            let bins = cuts.len() as u8 + 1;
            let scale = if falling { Scale::Falling { bins } } else { Scale::Rising };
            let present: Bitmap = values.iter().map(|value| value % 5 != 0).collect();
            let money: Vec<Money> = values.iter().map(|value| Money::from_ten_thousandths(*value)).collect();
            let narrow: Vec<i32> = values.iter().map(|value| *value as i32).collect();
            let floats: Vec<f64> = values.iter().map(|value| *value as f64).collect();
            for numbers in [Numbers::I64(&values), Numbers::Money(&money), Numbers::I32(&narrow), Numbers::F64(&floats)] {
                let feature = NumericFeature { numbers, present: None };
                let found = scores(feature, Some(&present), &cuts, ties, scale);
                let expected: Vec<u8> = (0..values.len()).map(|row| {
                    let value = with_values!(numbers, values => values[row].to_f64());
                    let below = cuts.iter().filter(|cut| **cut < value || above && **cut <= value).count() as u8;
                    if present.get(row) { scale.score(below) } else { 0 }
                }).collect();
                prop_assert_eq!(found, expected);
                with_values!(numbers, values => {
                    let ladder = Ladder::new(&cuts, ties);
                    for value in values {
                        let below = cuts.iter().filter(|cut| **cut < value.to_f64() || above && **cut <= value.to_f64());
                        prop_assert_eq!(usize::from(ladder.level(*value)), below.count());
                    }
                });
            }
        }
    }
}
