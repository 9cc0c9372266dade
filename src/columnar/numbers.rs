//! Numbers of an array: whole, floating-point, decimal, or written as text.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrowPrimitiveType, LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use crate::columnar::Named;
use crate::columnar::texts::map_keys;
use crate::error::Result;
use crate::transaction::{
    DecimalProblem, Money, Rate, RejectReason, Rounding, exact_from_f64, parse_decimal, parse_rounded,
    rate_from_f64, rounded_from_f64,
};

/// A column of numbers.
pub(crate) struct Numbers<'a> {
    values: Values<'a>,
    nulls: Option<&'a NullBuffer>,
}

enum Values<'a> {
    I32(&'a [i32]),
    I64(Cow<'a, [i64]>),
    U64(&'a [u64]),
    F32(Cow<'a, [f32]>),
    F64(&'a [f64]),
    /// Whole numbers of so many decimals.
    Decimal(Cow<'a, [i128]>, i8),
    Text(&'a StringArray),
    LargeText(&'a LargeStringArray),
    TextView(&'a StringViewArray),
    /// The place of each row's number among others; none for a null.
    Keys(Vec<Option<usize>>, Box<Numbers<'a>>),
    Nothing,
}

/// One number, as it stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number<'a> {
    Whole(i128),
    Float(f64),
    /// It stands for the shortest decimal that no other such number is nearer to.
    Single(f32),
    /// A whole number of so many decimals.
    Decimal(i128, i8),
    /// Without blanks around it; never empty.
    Text(&'a str),
}

/// How numbers in text are written, and what happens to more decimals than there is place for.
#[derive(Clone, Copy)]
pub(crate) struct Writing {
    pub(crate) mark: char,
    pub(crate) rounding: Rounding,
}

impl<'a> Numbers<'a> {
    /// The numbers of a column: of whole, floating-point or decimal type, text, or dictionaries of such.
    pub(crate) fn new(column: Named<'a>) -> Result<Self> {
        fn wide<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>) -> Cow<'_, [i64]>
        where
            T::Native: Into<i64>,
        {
            array.values().iter().map(|number| (*number).into()).collect()
        }
        fn decimal<T: DecimalType + ArrowPrimitiveType>(array: &PrimitiveArray<T>) -> Values<'_>
        where
            T::Native: Into<i128>,
        {
            Values::Decimal(array.values().iter().map(|number| (*number).into()).collect(), array.scale())
        }
        let array = column.array;
        let values = match array.data_type() {
            DataType::Int8 => Values::I64(wide(array.as_primitive::<Int8Type>())),
            DataType::Int16 => Values::I64(wide(array.as_primitive::<Int16Type>())),
            DataType::Int32 => Values::I32(array.as_primitive::<Int32Type>().values()),
            DataType::Int64 => Values::I64(Cow::Borrowed(array.as_primitive::<Int64Type>().values())),
            DataType::UInt8 => Values::I64(wide(array.as_primitive::<UInt8Type>())),
            DataType::UInt16 => Values::I64(wide(array.as_primitive::<UInt16Type>())),
            DataType::UInt32 => Values::I64(wide(array.as_primitive::<UInt32Type>())),
            DataType::UInt64 => Values::U64(array.as_primitive::<UInt64Type>().values()),
            DataType::Float16 => {
                let values = array.as_primitive::<Float16Type>().values();
                Values::F32(values.iter().map(|number| number.to_f32()).collect())
            }
            DataType::Float32 => Values::F32(Cow::Borrowed(array.as_primitive::<Float32Type>().values())),
            DataType::Float64 => Values::F64(array.as_primitive::<Float64Type>().values()),
            DataType::Decimal32(..) => decimal(array.as_primitive::<Decimal32Type>()),
            DataType::Decimal64(..) => decimal(array.as_primitive::<Decimal64Type>()),
            DataType::Decimal128(_, scale) => {
                Values::Decimal(Cow::Borrowed(array.as_primitive::<Decimal128Type>().values()), *scale)
            }
            DataType::Decimal256(_, scale) => {
                // What does not fit is out of every range that is asked for.
                let values = array.as_primitive::<Decimal256Type>().values();
                let narrow = values.iter().map(|number| {
                    number.to_i128().unwrap_or(if number.is_negative() { i128::MIN } else { i128::MAX })
                });
                Values::Decimal(narrow.collect(), *scale)
            }
            DataType::Utf8 => Values::Text(array.as_string()),
            DataType::LargeUtf8 => Values::LargeText(array.as_string()),
            DataType::Utf8View => Values::TextView(array.as_string_view()),
            DataType::Dictionary(..) => {
                let values = array.as_any_dictionary().values();
                let keys = map_keys(array, |key| key.filter(|key| *key < values.len()));
                Values::Keys(keys, Box::new(Self::new(column.with(values))?))
            }
            DataType::Null => Values::Nothing,
            _ => return Err(column.unfit("numbers: whole, floating-point, decimal, or text of them")),
        };
        let nulls = match values {
            Values::Keys(..) => None,
            _ => array.nulls().filter(|nulls| nulls.null_count() > 0),
        };
        Ok(Self { values, nulls })
    }

    /// The same, with truth values as zeros and ones.
    pub(crate) fn or_truths(column: Named<'a>) -> Result<Self> {
        match column.array.data_type() {
            DataType::Boolean => {
                let truths = column.array.as_boolean();
                let values = truths.values().iter().map(i64::from).collect();
                Ok(Self { values: Values::I64(values), nulls: truths.nulls() })
            }
            _ => Self::new(column),
        }
    }

    /// The number of a row, if there is one.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<Number<'_>> {
        fn text(text: &str) -> Option<Number<'_>> {
            let text = text.trim_ascii();
            (!text.is_empty()).then_some(Number::Text(text))
        }
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        match &self.values {
            Values::I32(values) => Some(Number::Whole(i128::from(values[row]))),
            Values::I64(values) => Some(Number::Whole(i128::from(values[row]))),
            Values::U64(values) => Some(Number::Whole(i128::from(values[row]))),
            Values::F32(values) => Some(Number::Single(values[row])),
            Values::F64(values) => Some(Number::Float(values[row])),
            Values::Decimal(values, scale) => Some(Number::Decimal(values[row], *scale)),
            Values::Text(values) => text(values.value(row)),
            Values::LargeText(values) => text(values.value(row)),
            Values::TextView(values) => text(values.value(row)),
            Values::Keys(keys, values) => values.get(keys[row]?),
            Values::Nothing => None,
        }
    }

    /// All of them as floats, if that is what they are and none is null.
    pub(crate) fn floats(&self) -> Option<&'a [f64]> {
        match &self.values {
            Values::F64(values) if self.nulls.is_none() => Some(values),
            _ => None,
        }
    }

    /// All of them as whole numbers of 32 bits, if that is what they are and none is null.
    pub(crate) fn small(&self) -> Option<&'a [i32]> {
        match &self.values {
            Values::I32(values) if self.nulls.is_none() => Some(values),
            _ => None,
        }
    }
}

impl Number<'_> {
    /// Whether it is a float that is no number.
    pub(crate) fn is_nan(self) -> bool {
        match self {
            Self::Float(number) => number.is_nan(),
            Self::Single(number) => number.is_nan(),
            Self::Whole(_) | Self::Decimal(..) | Self::Text(_) => false,
        }
    }

    /// The number in units of its last of `decimals` places, at most 100 billion.
    pub(crate) fn units(self, decimals: usize, writing: Writing) -> Result<i64, DecimalProblem> {
        match self {
            Self::Whole(number) => scaled(number, 0, decimals, writing.rounding, limit(decimals)),
            Self::Decimal(number, scale) => {
                scaled(number, scale, decimals, writing.rounding, limit(decimals))
            }
            Self::Float(number) if decimals == 4 => match writing.rounding {
                Rounding::Refuse => exact_from_f64(number),
                Rounding::HalfEven => rounded_from_f64(number),
            },
            Self::Float(number) => parsed(&number.to_string(), '.', decimals, writing.rounding),
            Self::Single(number) => parsed(&number.to_string(), '.', decimals, writing.rounding),
            Self::Text(text) => parsed(text, writing.mark, decimals, writing.rounding),
        }
    }

    /// A whole number or decimal in units of its last of `decimals` places, if it is one exactly and fits. Sums may be
    /// larger than what one line can have.
    pub(crate) fn exact(self, decimals: usize) -> Option<i64> {
        let (number, scale) = match self {
            Self::Whole(number) => (number, 0),
            Self::Decimal(number, scale) => (number, scale),
            _ => return None,
        };
        scaled(number, scale, decimals, Rounding::Refuse, i128::from(i64::MAX) + 1).ok()
    }

    /// An amount of money.
    #[inline]
    pub(crate) fn money(self, writing: Writing) -> Result<Money, DecimalProblem> {
        self.units(4, writing).map(Money::from_ten_thousandths)
    }

    /// A whole number, with or without decimals that are zero.
    #[inline]
    pub(crate) fn whole(self, writing: Writing) -> Result<i64, DecimalProblem> {
        self.units(0, Writing { rounding: Rounding::Refuse, ..writing })
    }

    /// A discount as a share of the price; out of range before it has too many decimals.
    pub(crate) fn rate(self, writing: Writing) -> Result<Rate, RejectReason> {
        if let Self::Float(number) = self {
            return rate_from_f64(number, writing.rounding);
        }
        let rounded = self.units(6, Writing { rounding: Rounding::HalfEven, ..writing });
        let rounded = rounded.ok().filter(|rounded| (0..=Rate::ONE.millionths()).contains(rounded));
        let rounded = rounded.ok_or(RejectReason::Discount)?;
        if writing.rounding == Rounding::Refuse && self.units(6, writing).is_err() {
            return Err(RejectReason::Decimals);
        }
        Ok(Rate::from_millionths(rounded))
    }
}

impl std::fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Single(number) => write!(f, "{number}"),
            Self::Decimal(number, scale) => f.write_str(&decimal_text(*number, *scale)),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// `number` · 10^−`scale` with no more decimals than it needs.
fn decimal_text(number: i128, scale: i8) -> String {
    let digits = number.unsigned_abs().to_string();
    let decimals = usize::from(scale.max(0).unsigned_abs());
    let zeros = "0".repeat(if number == 0 { 0 } else { usize::from(scale.min(0).unsigned_abs()) });
    let digits = format!("{digits:0>width$}{zeros}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let (sign, fraction) = (if number < 0 { "-" } else { "" }, fraction.trim_end_matches('0'));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn parsed(text: &str, mark: char, decimals: usize, rounding: Rounding) -> Result<i64, DecimalProblem> {
    match rounding {
        Rounding::Refuse => parse_decimal(text, mark, decimals),
        Rounding::HalfEven => parse_rounded(text, mark, decimals),
    }
}

/// The largest number of a line, in units of 10^−`decimals`.
fn limit(decimals: usize) -> i128 {
    100_000_000_000 * 10_i128.pow(decimals as u32)
}

/// `number` · 10^−`scale` in units of 10^−`decimals`, by the same tests as for text.
fn scaled(
    number: i128,
    scale: i8,
    decimals: usize,
    rounding: Rounding,
    limit: i128,
) -> Result<i64, DecimalProblem> {
    let in_range = |units: i128| match i64::try_from(units) {
        Ok(narrow) if units.abs() <= limit => Ok(narrow),
        _ => Err(DecimalProblem::OutOfRange),
    };
    let shift = decimals as i32 - i32::from(scale);
    let power = 10_i128.checked_pow(shift.unsigned_abs());
    if shift >= 0 {
        let units = power.and_then(|power| number.checked_mul(power));
        return match units {
            Some(units) => in_range(units),
            None if number == 0 => Ok(0),
            None => Err(DecimalProblem::OutOfRange),
        };
    }
    // Beyond the range of the power nothing but a rest below half is left.
    let Some(power) = power else {
        let lost = number != 0 && rounding == Rounding::Refuse;
        return if lost { Err(DecimalProblem::TooManyDecimals) } else { Ok(0) };
    };
    let (units, rest) = (number / power, (number % power).abs());
    let units = in_range(units)?;
    match rounding {
        _ if rest == 0 => Ok(units),
        Rounding::Refuse => Err(DecimalProblem::TooManyDecimals),
        Rounding::HalfEven => {
            let up = rest > power - rest || (rest == power - rest && units & 1 == 1);
            Ok(units + i64::from(up) * number.signum() as i64)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_written_with_the_digits_they_need() {
        for (number, scale, text) in [
            (-9_900, 2, "-99"),
            (5, 3, "0.005"),
            (-1_050, 3, "-1.05"),
            (0, 5, "0"),
            (0, -5, "0"),
            (12, -3, "12000"),
            (120, 0, "120"),
        ] {
            assert_eq!(Number::Decimal(number, scale).to_string(), text);
        }
        let least = Number::Decimal(i128::MIN, 38).to_string();
        assert_eq!(least, "-1.70141183460469231731687303715884105728");
    }

    proptest! {
        /// A decimal, a whole number and their text are the same number, and refused for the same reason.
        #[test]
        fn a_decimal_is_what_its_text_is(
            number in prop_oneof![any::<i128>(), -20_000_000_i128..20_000_000, -200_000_000_000_000_000_i128..200_000_000_000_000_000],
            scale in -6_i8..12,
            half_even in any::<bool>(),
            decimals in prop::sample::select(vec![0_usize, 4, 6]),
        ) {
            let rounding = if half_even { Rounding::HalfEven } else { Rounding::Refuse };
            let writing = Writing { mark: '.', rounding };
            let decimal = Number::Decimal(number, scale);
            let text = decimal.to_string();
            prop_assert_eq!(decimal.units(decimals, writing), Number::Text(&text).units(decimals, writing), "{}", text);
            let rates = (decimal.rate(writing), Number::Text(&text).rate(writing));
            prop_assert_eq!(rates.0, rates.1);
            let whole = number.to_string();
            prop_assert_eq!(
                Number::Whole(number).units(decimals, writing),
                Number::Text(&whole).units(decimals, writing)
            );
        }

        /// A `f32` is the decimal it is printed as, a `f64` the one it stands for.
        #[test]
        fn a_float_is_what_its_text_is(number in any::<f64>(), cents in -1_000_000_i32..1_000_000) {
            let writing = Writing { mark: '.', rounding: Rounding::Refuse };
            for number in [number, f64::from(cents) / 100.0] {
                let text = number.to_string();
                for decimals in [0, 4] {
                    prop_assert_eq!(
                        Number::Float(number).units(decimals, writing).ok(),
                        Number::Text(&text).units(decimals, writing).ok()
                    );
                }
            }
            let single = cents as f32 / 100.0;
            let expected = parse_decimal(&single.to_string(), '.', 4);
            prop_assert_eq!(Number::Single(single).units(4, writing), expected);
        }
    }
}
