//! Logarithm and exponential from additions, multiplications and divisions alone.
//!
//! Those are rounded exactly everywhere, where `f64::ln` and `f64::exp` are the platform's and may differ in the last
//! bit even between processors of one target. That bit could turn a draw, and with it everything drawn after.

use std::f64::consts::{LN_2, LOG2_E, SQRT_2};

/// The natural logarithm of a positive normal number, within a relative 1e-14; of others, no meaningful number.
pub(crate) fn ln(x: f64) -> f64 {
    let (mantissa, exponent) = parts(x);
    ln_of((mantissa - 1.0) / (mantissa + 1.0), exponent)
}

/// The natural logarithm of 1 + x, for an x of 0 to [`f64::MAX`], within a relative 1e-14: for small x too, where 1 + x
/// has lost most of its digits. Without branches, for the vector units.
#[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
    let (mantissa, exponent) = parts(1.0 + x);
    // Below √2 the mantissa is 1 + x, less what was rounded away: x itself has everything.
    let beyond_one = if exponent == 0.0 { x } else { mantissa - 1.0 };
    let logarithm = ln_of(beyond_one / (mantissa + 1.0), exponent);
    // x − x²/2 is x to the last bit, and half of the smallest numbers does not exist.
    if x < f64::EPSILON / 4.0 { x } else { logarithm }
}

/// A positive normal number as mantissa and exponent, the mantissa between √½ and √2.
#[expect(clippy::inline_always, reason = "part of what is compiled for the vector units")]
#[inline(always)]
fn parts(x: f64) -> (f64, f64) {
    let bits = x.to_bits();
    // The exponent becomes a float by way of its bits, as not all vector units convert 64-bit integers.
    let biased = f64::from_bits((bits >> 52) & 0x7ff | 0x4330_0000_0000_0000);
    let exponent = biased - (4_503_599_627_370_496.0 + 1_023.0);
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let upper = mantissa > SQRT_2;
    (if upper { mantissa * 0.5 } else { mantissa }, if upper { exponent + 1.0 } else { exponent })
}

/// ln m + exponent · ln 2, for s = (m − 1) / (m + 1).
#[expect(clippy::inline_always, reason = "part of what is compiled for the vector units")]
#[inline(always)]
fn ln_of(s: f64, exponent: f64) -> f64 {
    // ln m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …); |s| < 0.172, so the term in s²³ is below 1e-18.
    let square = s * s;
    let series = (0..11).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    exponent * LN_2 + 2.0 * s * series
}

/// The exponential of a number, within a relative 1e-13 where the result is a normal number; beyond, 0 or infinity.
pub(crate) fn exp(x: f64) -> f64 {
    if x.is_nan() || x > 709.0 {
        return x + f64::INFINITY;
    }
    if x < -708.0 {
        return 0.0;
    }
    let power = (x / LN_2).round();
    let rest = x - power * LN_2;
    // The Taylor series for |rest| < 0.347; the term of order 15 is below 1e-19.
    let series = (1..15).rev().fold(1.0, |sum, order| 1.0 + sum * rest / f64::from(order));
    series * f64::from_bits(((power as i64 + 1023) as u64) << 52)
}

/// What a float lacks of ln 2.
const LN_2_REST: f64 = 2.319_046_813_846_3e-17;

/// Added to a number below 2⁵¹ in size, it leaves no place for digits behind the point.
const WHOLE: f64 = 6_755_399_441_055_744.0;

/// 1 / 0!, 1 / 1!, … 1 / 13!.
const INVERSE_FACTORIALS: [f64; 14] = {
    let mut inverse = [1.0; 14];
    let mut factorial = 1.0;
    let mut order = 1;
    while order < inverse.len() {
        factorial *= order as f64;
        inverse[order] = 1.0 / factorial;
        order += 1;
    }
    inverse
};

/// The exponential of a number that is not positive, within a relative 1e-15; below −708 that of −708. Without branches,
/// for the vector units.
#[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
#[inline(always)]
pub(crate) fn exp_down(x: f64) -> f64 {
    let x = if x < -708.0 { -708.0 } else { x };
    let shifted = x.mul_add(LOG2_E, WHOLE);
    let power = shifted - WHOLE;
    let rest = power.mul_add(-LN_2_REST, power.mul_add(-LN_2, x));
    // The Taylor series for |rest| < 0.347; the term of order 14 is below 1e-17.
    let series = INVERSE_FACTORIALS.iter().rev().fold(0.0_f64, |sum, inverse| sum.mul_add(rest, *inverse));
    // The lowest bits of the shifted number are the power of two.
    series * f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()))
}

/// e^y − 1 for a y that is not negative, within a relative 1e-12; at most [`f64::MAX`]. The inverse of [`ln_1p`].
pub(crate) fn exp_m1(y: f64) -> f64 {
    if y < 0.35 {
        // The Taylor series without its first term: the term of order 16 is below 1e-20.
        return y * (2..16).rev().fold(1.0, |sum, order| 1.0 + sum * y / f64::from(order));
    }
    // Squared in two halves near the end of the range.
    let power = if y > 700.0 { exp(0.5 * y) * exp(0.5 * y) } else { exp(y) };
    (power - 1.0).min(f64::MAX)
}

/// 1 / (1 + e⁻ˣ), within a relative 1e-13 where it is a normal number; between 0 and 1, never NaN for a number.
pub(crate) fn logistic(x: f64) -> f64 {
    // The exponential of a negative number, so that neither end overflows.
    let power = exp(-x.abs());
    if x < 0.0 { power / (1.0 + power) } else { 1.0 / (1.0 + power) }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn they_agree_with_the_platforms() {
        let mut x = 1e-300;
        while x < 1e300 {
            assert_relative_eq!(ln(x), x.ln(), max_relative = 1e-14, epsilon = 1e-15);
            x *= 1.37;
        }
        for step in -7_000..7_000 {
            let x = f64::from(step) * 0.1;
            assert_relative_eq!(exp(x), x.exp(), max_relative = 1e-13);
            let near_one = 1.0 + f64::from(step) * 1e-6;
            assert_relative_eq!(ln(near_one), near_one.ln(), max_relative = 1e-14, epsilon = 1e-17);
        }
    }

    #[test]
    fn the_exponential_of_negative_numbers_agrees() {
        for step in 0..70_800 {
            let x = f64::from(step) * -0.01;
            assert_relative_eq!(exp_down(x), x.exp(), max_relative = 1e-15);
        }
        assert_eq!(
            (exp_down(0.0).to_bits(), exp_down(-0.0).to_bits()),
            (1.0_f64.to_bits(), 1.0_f64.to_bits())
        );
        assert_eq!(exp_down(f64::NEG_INFINITY).to_bits(), exp_down(-708.0).to_bits());
        assert!(exp_down(-1e9) > 0.0 && exp_down(f64::NAN).is_nan());
    }

    #[test]
    fn the_logarithm_of_one_more_keeps_small_numbers() {
        let mut x = f64::from_bits(1);
        while x < 1e308 {
            let found = ln_1p(x);
            assert_relative_eq!(found, x.ln_1p(), max_relative = 1e-14, epsilon = 0.0);
            assert_relative_eq!(exp_m1(found), x, max_relative = 1e-12, epsilon = 0.0);
            assert_relative_eq!(exp_m1(found), found.exp_m1(), max_relative = 1e-12, epsilon = 0.0);
            x = (x * 1.07).next_up();
        }
        for x in [0.0, 0.25, SQRT_2 - 1.0, (SQRT_2 - 1.0).next_up(), 1.0, 3.0, f64::MAX] {
            assert_relative_eq!(ln_1p(x), x.ln_1p(), max_relative = 1e-15, epsilon = 0.0);
            assert_relative_eq!(exp_m1(ln_1p(x)), x, max_relative = 1e-12, epsilon = 0.0);
        }
        assert_eq!((ln_1p(0.0).to_bits(), exp_m1(0.0).to_bits()), (0, 0));
        assert_eq!(exp_m1(1e9).to_bits(), f64::MAX.to_bits());
    }

    #[test]
    fn the_logistic_function_is_its_definition() {
        for step in -700..700 {
            let x = f64::from(step);
            assert_relative_eq!(logistic(x), 1.0 / (1.0 + (-x).exp()), max_relative = 1e-13);
            assert_relative_eq!(logistic(x * 0.01), 1.0 / (1.0 + (-x * 0.01).exp()), max_relative = 1e-13);
        }
        assert_eq!((logistic(0.0), logistic(1e9), logistic(-1e9)), (0.5, 1.0, 0.0));
    }

    #[test]
    fn ends_are_ends() {
        assert_eq!((ln(1.0).to_bits(), exp(0.0).to_bits()), (0.0_f64.to_bits(), 1.0_f64.to_bits()));
        assert!(exp(-1e9) <= 0.0 && exp(1e9).is_infinite() && exp(f64::NAN).is_nan());
    }
}
