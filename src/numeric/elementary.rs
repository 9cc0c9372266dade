//! Logarithm and exponential from additions, multiplications and divisions alone.
//!
//! Those are rounded exactly everywhere, where `f64::ln` and `f64::exp` are the platform's and may differ in the last
//! bit even between processors of one target. That bit could turn a draw, and with it everything drawn after.

use std::f64::consts::{LN_2, SQRT_2};

/// The natural logarithm of a positive normal number, within a relative 1e-14; of others, no meaningful number.
pub(crate) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if mantissa > SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    // ln m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …); |s| < 0.172, so the term in s²³ is below 1e-18.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = (0..11).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    exponent as f64 * LN_2 + 2.0 * s * series
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
    fn ends_are_ends() {
        assert_eq!((ln(1.0).to_bits(), exp(0.0).to_bits()), (0.0_f64.to_bits(), 1.0_f64.to_bits()));
        assert!(exp(-1e9) <= 0.0 && exp(1e9).is_infinite() && exp(f64::NAN).is_nan());
    }
}
