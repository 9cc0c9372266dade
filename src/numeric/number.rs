//! One view of the numeric columns, whatever their width: exact comparisons with cut points, order, counting.
//!
//! A cut point is an `f64` in the unit that [`Column::number`](crate::features::Column::number) gives. That a value
//! is above it is decided by comparing that `f64`; the comparison is done on the column's own integers, with the
//! cut translated exactly, so that no value is converted.

use std::cmp::Ordering;

use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::{FeatureTable, Values};
use crate::transaction::Money;

/// Rows of one piece of parallel work: 2 to 128 KiB a column, a multiple of 64 so that pieces share no word of a
/// bitmap.
pub(crate) const CHUNK: usize = 16_384;

/// On which side of a cut point a value equal to it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ties {
    /// Below: bins include their upper bound.
    Below,
    /// Above: bins include their lower bound.
    Above,
}

/// The values above a cut point, in the values' own type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Above<T> {
    /// All of them.
    All,
    /// Those greater than this one.
    Than(T),
}

/// A value of a numeric column.
pub(crate) trait Number: Copy + PartialOrd + Send + Sync {
    /// A value that none is less than.
    const BOTTOM: Self;
    /// A value that none is greater than.
    const TOP: Self;

    /// The value as the crate's public interface gives it: money in currency units.
    fn to_f64(self) -> f64;

    /// The total order of the values.
    fn order(&self, other: &Self) -> Ordering;

    /// The next smaller value, if there is one.
    fn before(self) -> Option<Self>;

    /// The next greater value, if there is one.
    fn after(self) -> Option<Self>;

    /// The values that are above `cut` as an `f64`.
    fn above(cut: f64, ties: Ties) -> Above<Self>;

    /// The value as a whole number, where all values of the type are whole.
    fn whole(self) -> Option<i64>;

    /// The value of a whole number that came from [`Number::whole`].
    fn from_whole(whole: i64) -> Self;
}

macro_rules! whole_number {
    ($type:ty, $bottom:expr, $top:expr, $to_f64:expr, $whole:expr, $from_whole:expr) => {
        impl Number for $type {
            const BOTTOM: Self = $bottom;
            const TOP: Self = $top;

            fn to_f64(self) -> f64 {
                $to_f64(self)
            }

            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }

            fn before(self) -> Option<Self> {
                (self > Self::BOTTOM).then(|| $from_whole($whole(self) - 1))
            }

            fn after(self) -> Option<Self> {
                (self < Self::TOP).then(|| $from_whole($whole(self) + 1))
            }

            /// `to_f64` never decreases, so the values above a cut are those above one whole number: found by
            /// halving the range of the type.
            fn above(cut: f64, ties: Ties) -> Above<Self> {
                let is_above = |whole: i64| {
                    let number = $from_whole(whole).to_f64();
                    number > cut || (ties == Ties::Above && number >= cut)
                };
                let (mut below, mut rest) = ($whole(Self::BOTTOM), $whole(Self::TOP));
                if is_above(below) {
                    return Above::All;
                }
                while below < rest {
                    let middle = (i128::from(below) + i128::from(rest) + 1).div_euclid(2) as i64;
                    if is_above(middle) { rest = middle - 1 } else { below = middle }
                }
                Above::Than($from_whole(below))
            }

            fn whole(self) -> Option<i64> {
                Some($whole(self))
            }

            fn from_whole(whole: i64) -> Self {
                $from_whole(whole)
            }
        }
    };
}

whole_number!(u32, Self::MIN, Self::MAX, f64::from, i64::from, |whole: i64| whole as u32);
whole_number!(i32, Self::MIN, Self::MAX, f64::from, i64::from, |whole: i64| whole as i32);
whole_number!(i64, Self::MIN, Self::MAX, |value: i64| value as f64, |value: i64| value, |whole: i64| whole);
whole_number!(
    Money,
    Self::from_ten_thousandths(i64::MIN),
    Self::from_ten_thousandths(i64::MAX),
    Money::to_f64,
    Money::ten_thousandths,
    Money::from_ten_thousandths
);

impl Number for f64 {
    const BOTTOM: Self = Self::NEG_INFINITY;
    const TOP: Self = Self::INFINITY;

    fn to_f64(self) -> f64 {
        self
    }

    fn order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }

    fn before(self) -> Option<Self> {
        Some(self.next_down())
    }

    fn after(self) -> Option<Self> {
        Some(self.next_up())
    }

    fn above(cut: f64, ties: Ties) -> Above<Self> {
        Above::Than(match ties {
            Ties::Below => cut,
            Ties::Above => cut.next_down(),
        })
    }

    fn whole(self) -> Option<i64> {
        None
    }

    fn from_whole(whole: i64) -> Self {
        whole as Self
    }
}

/// The values of a numeric column.
#[derive(Clone, Copy)]
pub(crate) enum Numbers<'a> {
    U32(&'a [u32]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    F64(&'a [f64]),
    Money(&'a [Money]),
}

/// Evaluates an expression with the values of [`Numbers`] as a slice of their own type.
macro_rules! with_values {
    ($numbers:expr, $values:ident => $body:expr) => {
        match $numbers {
            $crate::numeric::number::Numbers::U32($values) => $body,
            $crate::numeric::number::Numbers::I32($values) => $body,
            $crate::numeric::number::Numbers::I64($values) => $body,
            $crate::numeric::number::Numbers::F64($values) => $body,
            $crate::numeric::number::Numbers::Money($values) => $body,
        }
    };
}
pub(crate) use with_values;

/// A numeric feature of a table: its values, and which of them are there.
#[derive(Clone, Copy)]
pub(crate) struct NumericFeature<'a> {
    pub(crate) numbers: Numbers<'a>,
    pub(crate) present: Option<&'a Bitmap>,
}

impl<'a> NumericFeature<'a> {
    /// The feature of a name.
    pub(crate) fn of(table: &'a FeatureTable, feature: &str) -> Result<Self> {
        let column = table.numeric(feature)?;
        let numbers = match column.values() {
            Values::U32(values) => Numbers::U32(values),
            Values::I32(values) => Numbers::I32(values),
            Values::I64(values) | Values::Time(values) => Numbers::I64(values),
            Values::F64(values) => Numbers::F64(values),
            Values::Money(values) => Numbers::Money(values),
            Values::Category(_) => {
                return Err(Error::FeatureType {
                    feature: feature.to_owned(),
                    found: column.values().type_name(),
                    expected: "a number",
                });
            }
        };
        Ok(Self { numbers, present: column.validity() })
    }
}

/// The rows that are present in both; `None` stands for all.
pub(crate) fn both(left: Option<&Bitmap>, right: Option<&Bitmap>) -> Option<Bitmap> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.and(right)),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agrees<T: Number + std::fmt::Debug>(value: T, cut: f64) {
        for ties in [Ties::Below, Ties::Above] {
            let expected = match ties {
                Ties::Below => value.to_f64() > cut,
                Ties::Above => value.to_f64() >= cut,
            };
            let found = match T::above(cut, ties) {
                Above::All => true,
                Above::Than(bound) => value > bound,
            };
            assert_eq!(found, expected, "{value:?} against {cut} with ties {ties:?}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_above_a_cut_as_its_float_is(
            value in prop_oneof![any::<i64>(), -30_000_i64..30_000],
            nudge in -2_i64..=2,
            other in prop_oneof![any::<f64>().prop_filter("finite", |cut| cut.is_finite()), -3.0..3.0_f64],
        ) {
            let money = Money::from_ten_thousandths;
            let near = value.saturating_add(nudge);
            for cut in [other, near as f64, money(near).to_f64(), money(near).to_f64().next_up(), other.trunc()] {
                agrees(value, cut);
                agrees(money(value), cut);
                agrees(value as u32, cut);
                agrees(value as i32, cut);
                agrees(value as f64, cut);
            }
        }
    }

    #[test]
    fn cuts_beyond_a_type_take_all_or_none() {
        assert_eq!(u32::above(-0.5, Ties::Below), Above::All);
        assert_eq!(u32::above(1e10, Ties::Below), Above::Than(u32::MAX));
        assert_eq!(i32::above(-1e300, Ties::Above), Above::All);
        assert_eq!(i64::above(1e300, Ties::Above), Above::Than(i64::MAX));
        agrees(0.0, -0.0);
        agrees(-0.0, 0.0);
    }
}
