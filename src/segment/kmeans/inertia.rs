//! A sum of floats that are not negative, rounded once: the inertia, whatever the order of its terms.
//!
//! A float is 53 bits and an exponent. Per exponent the bits are added as whole numbers, times the weight; at the end
//! the exponents are put together into one long number, which is rounded to the nearest float. 53 bits of the term, 43
//! of its weight and 31 of the number of terms fit into 128.

use super::points::power_of_two;

/// Terms, by their exponent.
#[derive(Clone)]
pub(crate) struct ExactSum {
    by_exponent: Vec<u128>,
}

/// Exponents that a finite float can have, as its bits count them.
const EXPONENTS: usize = 2047;

/// The power of two that the lowest bit of the smallest float stands for.
const LOWEST: i32 = -1074;

impl ExactSum {
    pub(crate) fn new() -> Self {
        Self { by_exponent: vec![0; EXPONENTS] }
    }

    /// Adds a term, which is finite and not negative, with a weight.
    #[inline]
    pub(crate) fn push(&mut self, term: f64, weight: u64) {
        let bits = term.to_bits();
        let exponent = (bits >> 52) as usize & 0x7ff;
        let hidden = u64::from(exponent > 0) << 52;
        let mantissa = (bits & ((1 << 52) - 1)) | hidden;
        if let Some(sum) = self.by_exponent.get_mut(exponent) {
            *sum += u128::from(mantissa) * u128::from(weight);
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, more) in self.by_exponent.iter_mut().zip(&other.by_exponent) {
            *sum += more;
        }
    }

    /// The sum times 2 to the power `scale`, rounded to the nearest float, ties to even.
    pub(crate) fn round(&self, scale: i32) -> f64 {
        // The sum in units of the smallest float, lowest word first; three words more than the highest exponent needs.
        let mut words = [0_u64; EXPONENTS / 64 + 4];
        for (exponent, sum) in self.by_exponent.iter().enumerate().filter(|(_, sum)| **sum > 0) {
            // Exponents 0 and 1 both count the smallest float.
            let place = exponent.max(1) - 1;
            let (word, shift) = (place / 64, place % 64);
            let low = u128::from(*sum as u64) << shift;
            let high = (sum >> 64) << shift;
            let mut carry = 0;
            for (at, word) in words[word..].iter_mut().enumerate() {
                let part = match at {
                    0 => u128::from(low as u64),
                    1 => (low >> 64) + u128::from(high as u64),
                    2 => high >> 64,
                    _ if carry == 0 => break,
                    _ => 0,
                };
                let total = u128::from(*word) + part + carry;
                *word = total as u64;
                carry = total >> 64;
            }
        }
        let Some(top) = words.iter().rposition(|word| *word > 0).map(|top| top.max(1)) else { return 0.0 };
        // Two words hold at least 65 bits; what lies below decides ties only, as a last bit.
        let lost = words[..top - 1].iter().any(|word| *word > 0);
        let significant = (u128::from(words[top]) << 64) | u128::from(words[top - 1]) | u128::from(lost);
        let exponent = 64 * (top as i32 - 1) + LOWEST + scale;
        // In steps, because the power alone may be beyond the range of floats.
        let (step, rest) = (exponent / 3, exponent - 2 * (exponent / 3));
        significant as f64 * power_of_two(step) * power_of_two(step) * power_of_two(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(terms: &[(f64, u64)]) -> f64 {
        let mut sum = ExactSum::new();
        for (term, weight) in terms {
            sum.push(*term, *weight);
        }
        sum.round(0)
    }

    #[test]
    fn known_sums() {
        assert_eq!(sum(&[]).to_bits(), 0);
        assert_eq!(sum(&[(0.0, 5)]).to_bits(), 0);
        assert_eq!(sum(&[(5e-324, 3)]).to_bits(), 3);
        assert_eq!(sum(&[(f64::MAX, 1)]).to_bits(), f64::MAX.to_bits());
        assert_eq!(sum(&[(0.1, 10)]).to_bits(), 1.0_f64.to_bits());
        // 1 + 2⁻⁵³ is half way between two floats and goes to the even one, and a trifle more goes up.
        let half = f64::EPSILON / 2.0;
        assert_eq!(sum(&[(1.0, 1), (half, 1)]).to_bits(), 1.0_f64.to_bits());
        assert_eq!(sum(&[(1.0, 1), (half, 1), (1e-300, 1)]).to_bits(), (1.0 + f64::EPSILON).to_bits());
        assert_eq!(sum(&[(1e16_f64, 1), (1.0, 1), (1.0, 1)]).to_bits(), (1e16_f64 + 2.0).to_bits());
    }

    proptest! {
        /// Whole numbers times one power of two, whose sum 128 bits hold.
        #[test]
        fn a_sum_is_the_nearest_float_to_the_true_sum(
            terms in prop::collection::vec((0_u64..1 << 53, 0..40_i32, 1_u64..1 << 20), 0..50),
            power in -500_i32..500,
        ) {
            let unit = 2.0_f64.powi(power);
            let mut found = ExactSum::new();
            let mut other = ExactSum::new();
            let mut whole = 0_u128;
            for (at, (mantissa, shift, weight)) in terms.iter().enumerate() {
                let target = if at % 3 == 0 { &mut other } else { &mut found };
                target.push(*mantissa as f64 * 2.0_f64.powi(*shift) * unit, *weight);
                whole += (u128::from(*mantissa) << shift) * u128::from(*weight);
            }
            found.add(&other);
            prop_assert_eq!(found.round(0).to_bits(), (whole as f64 * unit).to_bits());
            prop_assert_eq!(found.round(-7).to_bits(), (whole as f64 * unit / 128.0).to_bits());
        }
    }
}
