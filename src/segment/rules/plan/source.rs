//! The columns that rules look at: each is read once a chunk, and compared with all bounds that any rule has for it.

use std::ops::Range;

use super::kernel::{self, Bounds, Key, Units};
use crate::bitmap::Bitmap;
use crate::category::{Category, MISSING};
use crate::features::{Column, Values};
use crate::numeric::number::{Above, Number, Ties};
use crate::segment::rules::bucket;
use crate::transaction::{CustomerIds, Money};

/// A column, with what is asked of it.
pub(super) struct Source<'t> {
    pub(super) values: Numbers<'t>,
    pub(super) valid: Valid<'t>,
    /// Numbers it is looked up in, each list ascending.
    pub(super) lists: Vec<Vec<f64>>,
}

/// Values with the bounds they are compared with.
pub(super) struct Typed<'t, T> {
    values: &'t [T],
    bounds: Vec<T>,
    /// Which bound each is, ascending by size.
    known: Vec<usize>,
    /// The same, ready to be compared with.
    settled: Bounds<T>,
}

/// The values of a source in their own type. Times are whole numbers, texts their codes.
pub(super) enum Numbers<'t> {
    U32(Typed<'t, u32>),
    I32(Typed<'t, i32>),
    I64(Typed<'t, i64>),
    F64(Typed<'t, f64>),
    Money(Typed<'t, Money>),
    /// Shares by id and salt, made for each chunk.
    Bucket(Typed<'t, f64>, &'t CustomerIds, &'t str),
}

/// Which rows have a value.
#[derive(Clone, Copy)]
pub(super) enum Valid<'t> {
    All,
    Bits(&'t Bitmap),
    /// Those whose code is not that of a missing text.
    Codes(&'t Category),
}

/// Evaluates an expression with the [`Typed`] values of a source.
macro_rules! with_typed {
    ($numbers:expr, $typed:ident => $body:expr) => {
        match $numbers {
            Numbers::U32($typed) => $body,
            Numbers::I32($typed) => $body,
            Numbers::I64($typed) => $body,
            Numbers::F64($typed) | Numbers::Bucket($typed, ..) => $body,
            Numbers::Money($typed) => $body,
        }
    };
}
pub(super) use with_typed;

impl<'t, T: Key> Typed<'t, T> {
    fn new(values: &'t [T]) -> Self {
        Self { values, bounds: Vec::new(), known: Vec::new(), settled: Bounds::new(Vec::new()) }
    }

    /// The number of a bound, known or new.
    pub(super) fn bound(&mut self, bound: T) -> usize {
        match self.known.binary_search_by(|known| self.bounds[*known].order(&bound)) {
            Ok(place) => self.known[place],
            Err(place) => {
                self.known.insert(place, self.bounds.len());
                self.bounds.push(bound);
                self.bounds.len() - 1
            }
        }
    }

    /// The number of the bound that values above a cut are above; `None` where all are.
    pub(super) fn cut(&mut self, cut: f64, ties: Ties) -> Option<usize> {
        match T::above(cut, ties) {
            Above::All => None,
            Above::Than(bound) => Some(self.bound(bound)),
        }
    }
}

impl<'t> Source<'t> {
    pub(super) fn column(column: &'t Column) -> Self {
        let valid = column.validity().map_or(Valid::All, Valid::Bits);
        let (values, valid) = match column.values() {
            Values::U32(values) => (Numbers::U32(Typed::new(values)), valid),
            Values::I32(values) => (Numbers::I32(Typed::new(values)), valid),
            Values::I64(values) | Values::Time(values) => (Numbers::I64(Typed::new(values)), valid),
            Values::F64(values) => (Numbers::F64(Typed::new(values)), valid),
            Values::Money(values) => (Numbers::Money(Typed::new(values)), valid),
            Values::Category(texts) => (Numbers::U32(Typed::new(&texts.codes)), Valid::Codes(texts)),
        };
        Self { values, valid, lists: Vec::new() }
    }

    pub(super) fn bucket(ids: &'t CustomerIds, salt: &'t str) -> Self {
        Self { values: Numbers::Bucket(Typed::new(&[]), ids, salt), valid: Valid::All, lists: Vec::new() }
    }

    /// Says that no more bounds come.
    pub(super) fn settle(&mut self) {
        with_typed!(&mut self.values, typed => typed.settled = Bounds::new(typed.bounds.clone()));
    }

    /// How many bounds it is compared with.
    pub(super) fn bounds(&self) -> usize {
        with_typed!(&self.values, typed => typed.settled.len())
    }

    /// For each bound, which of some rows are above it.
    pub(super) fn above(&self, units: Units, rows: &Range<usize>, words: usize, bits: &mut [u64]) {
        match &self.values {
            Numbers::U32(typed) => typed.above(units, rows, words, bits),
            Numbers::I32(typed) => typed.above(units, rows, words, bits),
            Numbers::I64(typed) => typed.above(units, rows, words, bits),
            Numbers::F64(typed) => typed.above(units, rows, words, bits),
            Numbers::Money(typed) => typed.above(units, rows, words, bits),
            Numbers::Bucket(typed, ids, salt) => {
                kernel::above(units, &shares(ids, rows, salt), &typed.settled, words, bits);
            }
        }
    }

    /// Which of some rows have a value.
    pub(super) fn valid(&self, rows: &Range<usize>, bits: &mut [u64]) {
        match self.valid {
            Valid::All => bits.fill(u64::MAX),
            Valid::Bits(bitmap) => {
                let words = &bitmap.words()[rows.start / 64..rows.end.div_ceil(64)];
                bits[..words.len()].copy_from_slice(words);
            }
            Valid::Codes(texts) => set(bits, &texts.codes[rows.clone()], |code| *code != MISSING),
        }
    }

    /// Which of some rows have a value that is in one of the source's lists.
    pub(super) fn among(&self, list: usize, rows: &Range<usize>, bits: &mut [u64]) {
        let list = &self.lists[list];
        let found = |value: f64| list.binary_search_by(|own| own.total_cmp(&(value + 0.0))).is_ok();
        match &self.values {
            Numbers::Bucket(_, ids, salt) => set(bits, &shares(ids, rows, salt), |share| found(*share)),
            numbers => with_typed!(numbers, typed => {
                set(bits, &typed.values[rows.clone()], |value| found(value.to_f64()));
            }),
        }
    }

    /// Which of some rows have a text of these levels, a bit for each.
    pub(super) fn levels(&self, levels: &[u64], rows: &Range<usize>, bits: &mut [u64]) {
        if let Valid::Codes(texts) = self.valid {
            let level =
                |code: &u32| levels.get(*code as usize / 64).is_some_and(|word| word >> (code % 64) & 1 == 1);
            set(bits, &texts.codes[rows.clone()], level);
        }
    }

    /// Which of some rows have a time for which this holds.
    pub(super) fn times(&self, holds: impl Fn(i64) -> bool, rows: &Range<usize>, bits: &mut [u64]) {
        if let Numbers::I64(typed) = &self.values {
            set(bits, &typed.values[rows.clone()], |time| holds(*time));
        }
    }
}

impl<T: Key> Typed<'_, T> {
    fn above(&self, units: Units, rows: &Range<usize>, words: usize, bits: &mut [u64]) {
        kernel::above(units, &self.values[rows.clone()], &self.settled, words, bits);
    }
}

fn shares(ids: &CustomerIds, rows: &Range<usize>, salt: &str) -> Vec<f64> {
    rows.clone().map(|row| bucket::share_of(ids, row, salt)).collect()
}

/// The bits of the values for which this holds.
fn set<T>(bits: &mut [u64], values: &[T], holds: impl Fn(&T) -> bool) {
    for (bits, values) in bits.iter_mut().zip(values.chunks(64)) {
        *bits = values.iter().enumerate().fold(0, |word, (bit, value)| word | u64::from(holds(value)) << bit);
    }
}
