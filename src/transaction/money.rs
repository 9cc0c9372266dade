//! Exact money: fixed-point integers, so that no order of rows, threads or shards can change a sum.
//!
//! A [`Money`] counts ten-thousandths of the currency unit in an `i64`; a [`MoneyTotal`] does so in an `i128` for
//! sums over a whole shop. A [`Rate`] counts millionths. A rate of an amount is rounded half to even, once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Ten-thousandths in one currency unit.
const SCALE: i64 = 10_000;

/// The largest magnitude of one order line: 100 billion currency units. Below it every amount of at most four
/// decimals has an `f64` of its own, and thousands of such lines fit one customer's `i64` sum.
pub(crate) const MAX_LINE: i64 = 100_000_000_000 * SCALE;

/// An amount of money in ten-thousandths of the currency unit.
///
/// ```
/// use kohort::Money;
///
/// let price = Money::parse("19.99")?;
/// assert_eq!(price.checked_mul(3), Some(Money::parse("59.97")?));
/// assert_eq!(price.to_string(), "19.99");
/// assert!(Money::from_f64(0.1 + 0.2).is_err(), "0.30000000000000004 has more than four decimals");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount given in ten-thousandths of the currency unit.
    #[must_use]
    pub const fn from_ten_thousandths(ten_thousandths: i64) -> Self {
        Self(ten_thousandths)
    }

    /// The amount in ten-thousandths of the currency unit.
    #[must_use]
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// An amount from decimal text with a point, such as `-1234.5`: at most four decimals, no grouping.
    ///
    /// # Errors
    /// [`Error::Parse`] where the text is not such a number, has more decimals, or is beyond ±100 billion.
    pub fn parse(text: &str) -> Result<Self> {
        parse_decimal(text, '.', 4)
            .map(Self)
            .map_err(|problem| Error::Parse { text: text.to_owned(), expected: problem.expected(4) })
    }

    /// An amount from a floating-point number that stands for a decimal of at most four places.
    ///
    /// # Errors
    /// [`Error::Parse`] where the number is not finite, is beyond ±100 billion, or is not the nearest `f64` to any
    /// decimal of four places.
    pub fn from_f64(value: f64) -> Result<Self> {
        exact_from_f64(value)
            .map(Self)
            .map_err(|problem| Error::Parse { text: value.to_string(), expected: problem.expected(4) })
    }

    /// The nearest `f64`, in currency units.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / SCALE as f64
    }

    /// The sum, or `None` where it leaves the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` where it leaves the range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The amount taken `count` times, or `None` where it leaves the range.
    #[must_use]
    pub const fn checked_mul(self, count: i64) -> Option<Self> {
        match self.0.checked_mul(count) {
            Some(product) => Some(Self(product)),
            None => None,
        }
    }

    /// `rate` of the amount, rounded half to even to a ten-thousandth; `None` where it leaves the range.
    #[must_use]
    pub fn share(self, rate: Rate) -> Option<Self> {
        mul_div(self.0, rate.0, Rate::SCALE).map(Self)
    }
}

impl std::ops::Neg for Money {
    type Output = Self;

    /// The amount with its sign turned; the one amount without a counterpart saturates.
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal_text(i128::from(self.0)))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money({})", decimal_text(i128::from(self.0)))
    }
}

impl Serialize for Money {
    /// Decimal text in formats for people, ten-thousandths in binary ones.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            parse_unbounded(&text).map(Self).map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

/// A sum of money over a shop, in ten-thousandths of the currency unit: cannot overflow with fewer than 10²² lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MoneyTotal(i128);

impl MoneyTotal {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// A total given in ten-thousandths of the currency unit.
    #[must_use]
    pub const fn from_ten_thousandths(ten_thousandths: i128) -> Self {
        Self(ten_thousandths)
    }

    /// The total in ten-thousandths of the currency unit.
    #[must_use]
    pub const fn ten_thousandths(self) -> i128 {
        self.0
    }

    /// The nearest `f64`, in currency units.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / SCALE as f64
    }

    /// This total as a share of another, or `None` where the other is zero.
    #[must_use]
    pub fn share_of(self, whole: Self) -> Option<f64> {
        (whole.0 != 0).then(|| self.0 as f64 / whole.0 as f64)
    }
}

impl std::ops::Neg for MoneyTotal {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::ops::Add for MoneyTotal {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for MoneyTotal {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::AddAssign for MoneyTotal {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::AddAssign<Money> for MoneyTotal {
    fn add_assign(&mut self, amount: Money) {
        self.0 += i128::from(amount.0);
    }
}

impl From<Money> for MoneyTotal {
    fn from(amount: Money) -> Self {
        Self(i128::from(amount.0))
    }
}

impl std::iter::Sum<Money> for MoneyTotal {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Self {
        Self(amounts.map(|amount| i128::from(amount.0)).sum())
    }
}

impl std::iter::Sum for MoneyTotal {
    fn sum<I: Iterator<Item = Self>>(totals: I) -> Self {
        Self(totals.map(|total| total.0).sum())
    }
}

impl fmt::Display for MoneyTotal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal_text(self.0))
    }
}

impl fmt::Debug for MoneyTotal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MoneyTotal({})", decimal_text(self.0))
    }
}

impl Serialize for MoneyTotal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i128(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for MoneyTotal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            parse_total(&text).map(Self).map_err(serde::de::Error::custom)
        } else {
            i128::deserialize(deserializer).map(Self)
        }
    }
}

/// A rate in millionths: a cost share, a fee, a tax.
///
/// ```
/// use kohort::{Money, Rate};
///
/// let fee = Rate::from_f64(0.029)?;
/// assert_eq!(Money::parse("100")?.share(fee), Some(Money::parse("2.9")?));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Rate(i64);

impl Rate {
    const SCALE: i64 = 1_000_000;
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// All of it.
    pub const ONE: Self = Self(Self::SCALE);

    /// A rate given in millionths.
    #[must_use]
    pub const fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// The rate in millionths.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// The nearest rate to a fraction such as `0.19`.
    ///
    /// # Errors
    /// [`Error::Parse`] where the number is not finite or is beyond ±1,000.
    pub fn from_f64(fraction: f64) -> Result<Self> {
        if fraction.is_finite() && fraction.abs() <= 1_000.0 {
            Ok(Self((fraction * Self::SCALE as f64).round() as i64))
        } else {
            Err(Error::Parse { text: fraction.to_string(), expected: "a rate between -1000 and 1000".into() })
        }
    }

    /// The rate as a fraction.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::SCALE as f64
    }
}

impl fmt::Display for Rate {
    /// In per cent: `19 %`, `2.9 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0 as f64 / (Self::SCALE / 100) as f64)
    }
}

/// `a · b / c` rounded half to even, exact in between; `None` where the result leaves `i64`. `c` is positive.
#[inline]
pub(crate) fn mul_div(a: i64, b: i64, c: i64) -> Option<i64> {
    debug_assert!(c > 0, "a divisor is positive");
    // Most amounts are small enough for one 64-bit division, which is several times faster than a 128-bit one.
    match a.checked_mul(b) {
        Some(product) => {
            let (quotient, rest) = (product.div_euclid(c), product.rem_euclid(c));
            Some(quotient + i64::from(rest > c - rest || (rest == c - rest && quotient & 1 == 1)))
        }
        None => mul_div_wide(a, b, c),
    }
}

#[cold]
fn mul_div_wide(a: i64, b: i64, c: i64) -> Option<i64> {
    let (product, c) = (i128::from(a) * i128::from(b), i128::from(c));
    let (quotient, rest) = (product.div_euclid(c), product.rem_euclid(c));
    let up = rest > c - rest || (rest == c - rest && quotient & 1 == 1);
    i64::try_from(quotient + i128::from(up)).ok()
}

/// Why a number is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecimalProblem {
    NotANumber,
    TooManyDecimals,
    OutOfRange,
}

impl DecimalProblem {
    pub(crate) fn expected(self, decimals: usize) -> String {
        match self {
            Self::NotANumber => "a decimal number".into(),
            Self::TooManyDecimals => {
                format!("a number of at most {decimals} decimals (set a rounding to allow more)")
            }
            Self::OutOfRange => "a number within ±100 billion".into(),
        }
    }
}

/// Ten-thousandths of an `f64` that is the nearest one to a decimal of at most four places.
///
/// The division is the test: below 2⁵³ ten-thousandths it is correctly rounded, so it gives back exactly those
/// numbers that decimal text would have given.
#[inline]
#[expect(clippy::float_cmp, reason = "the test is whether the number is that decimal, to the bit")]
pub(crate) fn exact_from_f64(value: f64) -> Result<i64, DecimalProblem> {
    let scaled = value * SCALE as f64;
    // NaN becomes 0 and infinities saturate in the cast; neither survives the comparisons below.
    let whole = (scaled + f64::copysign(0.5, scaled)) as i64;
    if whole as f64 / SCALE as f64 == value && whole.unsigned_abs() <= MAX_LINE as u64 {
        Ok(whole)
    } else if !value.is_finite() {
        Err(DecimalProblem::NotANumber)
    } else if value.abs() > (MAX_LINE / SCALE) as f64 {
        Err(DecimalProblem::OutOfRange)
    } else {
        Err(DecimalProblem::TooManyDecimals)
    }
}

/// Ten-thousandths of an `f64`, rounded half to even where it has more than four decimals.
///
/// What is rounded is the shortest decimal text of the number, not its binary expansion: 1.00005 is a tie.
pub(crate) fn rounded_from_f64(value: f64) -> Result<i64, DecimalProblem> {
    match exact_from_f64(value) {
        Err(DecimalProblem::TooManyDecimals) => parse_rounded(&format!("{value}"), '.', 4),
        other => other,
    }
}

/// A decimal with at most `decimals` places, in units of the last place.
pub(crate) fn parse_decimal(text: &str, mark: char, decimals: usize) -> Result<i64, DecimalProblem> {
    let (value, lost) = parse_truncated(text, mark, decimals)?;
    if lost == Lost::Nothing { Ok(value) } else { Err(DecimalProblem::TooManyDecimals) }
}

/// A decimal rounded half to even to `decimals` places, in units of the last place.
pub(crate) fn parse_rounded(text: &str, mark: char, decimals: usize) -> Result<i64, DecimalProblem> {
    let (value, lost) = parse_truncated(text, mark, decimals)?;
    let up = match lost {
        Lost::Nothing | Lost::LessThanHalf => false,
        Lost::Half => value & 1 == 1,
        Lost::MoreThanHalf => true,
    };
    let away = if text.trim_start().starts_with('-') { -1 } else { 1 };
    Ok(value + i64::from(up) * away)
}

/// What cutting decimals off has lost, in units of the last kept place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    Nothing,
    LessThanHalf,
    Half,
    MoreThanHalf,
}

fn parse_truncated(text: &str, mark: char, decimals: usize) -> Result<(i64, Lost), DecimalProblem> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once(mark).unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(DecimalProblem::NotANumber);
    }
    let fraction = fraction.as_bytes();
    let kept = &fraction[..fraction.len().min(decimals)];
    let limit = (MAX_LINE / SCALE) as u64 * 10u64.pow(decimals as u32);
    let mut value: u64 = 0;
    let places =
        whole.bytes().chain(kept.iter().copied()).chain(std::iter::repeat_n(b'0', decimals - kept.len()));
    for digit in places {
        value = value * 10 + u64::from(digit - b'0');
        if value > limit {
            return Err(DecimalProblem::OutOfRange);
        }
    }
    let lost = match fraction.get(decimals..).unwrap_or_default() {
        rest if rest.iter().all(|digit| *digit == b'0') => Lost::Nothing,
        [first, rest @ ..] => match (first.cmp(&b'5'), rest.iter().all(|digit| *digit == b'0')) {
            (std::cmp::Ordering::Less, _) => Lost::LessThanHalf,
            (std::cmp::Ordering::Equal, true) => Lost::Half,
            _ => Lost::MoreThanHalf,
        },
        [] => Lost::Nothing,
    };
    let value = value as i64;
    Ok((if negative { -value } else { value }, lost))
}

/// The inverse of [`decimal_text`] for one `i64`, without the limit on order lines: sums are larger.
pub(crate) fn parse_unbounded(text: &str) -> Result<i64, String> {
    parse_total(text).and_then(|total| i64::try_from(total).map_err(|_| format!("`{text}` is out of range")))
}

fn parse_total(text: &str) -> Result<i128, String> {
    let malformed = || format!("`{text}` is not an amount of at most four decimals");
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty()
        || fraction.len() > 4
        || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit())
    {
        return Err(malformed());
    }
    let value: i128 = format!("{whole}{fraction:0<4}").parse().map_err(|_| malformed())?;
    Ok(if negative { -value } else { value })
}

/// Decimal text with at least two decimals and no grouping: `-1234.50`, `0.0125`.
fn decimal_text(ten_thousandths: i128) -> String {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let magnitude = ten_thousandths.unsigned_abs();
    let (whole, fraction) = (magnitude / SCALE as u128, magnitude % SCALE as u128);
    let mut decimals = format!("{fraction:04}");
    while decimals.len() > 2 && decimals.ends_with('0') {
        decimals.pop();
    }
    format!("{sign}{whole}.{decimals}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_with_four_decimals_is_exact_and_more_is_refused() {
        assert_eq!(parse_decimal("12.3456", '.', 4), Ok(123_456));
        assert_eq!(parse_decimal("-0,5", ',', 4), Ok(-5_000));
        assert_eq!(parse_decimal("12.34560", '.', 4), Ok(123_456));
        assert_eq!(parse_decimal("12.34561", '.', 4), Err(DecimalProblem::TooManyDecimals));
        assert_eq!(parse_decimal("1e5", '.', 4), Err(DecimalProblem::NotANumber));
        assert_eq!(parse_decimal("1,234.50", '.', 4), Err(DecimalProblem::NotANumber));
        assert_eq!(parse_decimal("", '.', 4), Err(DecimalProblem::NotANumber));
        assert_eq!(parse_decimal("NaN", '.', 4), Err(DecimalProblem::NotANumber));
        assert_eq!(parse_decimal("100000000000.0001", '.', 4), Err(DecimalProblem::OutOfRange));
        assert_eq!(parse_decimal(&"9".repeat(400), '.', 4), Err(DecimalProblem::OutOfRange));
    }

    #[test]
    fn rounding_is_half_to_even_on_both_sides_of_zero() {
        for (text, expected) in
            [("0.00005", 0), ("0.00015", 2), ("-0.00015", -2), ("0.000051", 1), ("-0.00004", 0)]
        {
            assert_eq!(parse_rounded(text, '.', 4), Ok(expected), "{text}");
        }
    }

    #[test]
    fn floats_that_are_no_short_decimal_are_refused_or_rounded() {
        assert_eq!(exact_from_f64(0.1 + 0.2), Err(DecimalProblem::TooManyDecimals));
        assert_eq!(rounded_from_f64(0.1 + 0.2), Ok(3_000));
        assert_eq!(exact_from_f64(f64::NAN), Err(DecimalProblem::NotANumber));
        assert_eq!(exact_from_f64(f64::NEG_INFINITY), Err(DecimalProblem::NotANumber));
        assert_eq!(exact_from_f64(1e300), Err(DecimalProblem::OutOfRange));
        assert_eq!(exact_from_f64(-1e11), Ok(-MAX_LINE));
        assert_eq!(exact_from_f64(-0.0), Ok(0));
    }

    #[test]
    fn shares_round_half_to_even() {
        let half = Rate::from_millionths(500_000);
        assert_eq!(Money(1).share(half), Some(Money(0)));
        assert_eq!(Money(3).share(half), Some(Money(2)));
        assert_eq!(Money(-1).share(half), Some(Money(0)));
        assert_eq!(Money(-3).share(half), Some(Money(-2)));
        assert_eq!(Money(i64::MAX).share(Rate::from_millionths(2_000_000)), None);
    }

    proptest! {
        #[test]
        fn every_decimal_of_four_places_survives_text_and_float(value in -MAX_LINE..=MAX_LINE) {
            let money = Money(value);
            prop_assert_eq!(Money::parse(&money.to_string()).unwrap(), money);
            prop_assert_eq!(Money::from_f64(money.to_f64()).unwrap(), money);
        }

        #[test]
        fn mul_div_agrees_with_wide_arithmetic(a: i64, b in -2_000_000i64..2_000_000, c in 1i64..i64::MAX) {
            let (product, wide) = (i128::from(a) * i128::from(b), i128::from(c));
            let twice = 2 * product;
            let nearest = (twice.div_euclid(wide) + 1).div_euclid(2);
            let tie = (twice - wide).rem_euclid(2 * wide) == 0;
            let expected = if tie && nearest.rem_euclid(2) == 1 { nearest - 1 } else { nearest };
            prop_assert_eq!(mul_div(a, b, c), i64::try_from(expected).ok());
        }

        #[test]
        fn sums_survive_serde(value: i64) {
            let json = serde_json::to_string(&Money(value)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), Money(value));
        }
    }
}
