//! Whole numbers for sums that must be exact: every amount on a grid that is 2⁻⁶² of the largest.
//!
//! Sums of whole numbers do not depend on the order of the rows or on threads, and cannot lose what is small beside what is
//! large. Excesses are rounded up to the grid, so that a sum of at most zero on the grid is one in real numbers.

/// Steps of the grid up to the largest amount, at least.
const STEPS: f64 = (1_u64 << 62) as f64;

/// The smallest size that counts as more than nothing when units are chosen.
const SMALLEST: f64 = 1e-100;

/// A grid for amounts of at most a size.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    /// Steps of the grid in one unit: a power of two.
    per_unit: f64,
}

impl Grid {
    pub(super) fn for_up_to(largest: f64) -> Self {
        Self { per_unit: STEPS / power_of_two_from(largest.max(SMALLEST)) }
    }

    /// Steps, cut towards zero.
    #[inline]
    pub(super) fn near(self, amount: f64) -> i64 {
        (amount * self.per_unit) as i64
    }

    /// Steps, rounded up. The multiplication is by a power of two and loses nothing.
    #[inline]
    pub(super) fn up(self, amount: f64) -> i64 {
        let steps = amount * self.per_unit;
        let whole = steps as i64;
        whole + i64::from((whole as f64) < steps)
    }

    pub(super) fn amount(self, steps: i128) -> f64 {
        steps as f64 / self.per_unit
    }
}

/// The smallest power of two that is at least a positive number.
fn power_of_two_from(number: f64) -> f64 {
    let down = power_of_two(exponent(number));
    if down < number { 2.0 * down } else { down }
}

/// The exponent of a positive normal number: of the largest power of two that it reaches.
pub(super) fn exponent(number: f64) -> i64 {
    (number.to_bits() >> 52 & 0x7ff) as i64 - 1023
}

/// A power of two, for exponents of normal numbers.
pub(super) fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent.clamp(-1022, 1023) + 1023) as u64) << 52)
}

/// `value · (rate − cap)`, rounded up: never below the real number.
///
/// The error of the difference is found by Knuth's two-sum, that of the product by a fused multiplication.
pub(crate) fn excess_of(value: f64, rate: f64, cap: f64) -> f64 {
    let difference = rate - cap;
    let back = difference - rate;
    let lost = (rate - (difference - back)) - (cap + back);
    let difference = if lost > 0.0 { difference.next_up() } else { difference };
    let product = value * difference;
    if value.mul_add(difference, -product) > 0.0 { product.next_up() } else { product }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn powers_of_two_are_found() {
        assert_eq!((exponent(1.0), exponent(0.75), exponent(1e-300)), (0, -1, -997));
        for number in [1.0, 0.3, 5.0, 1e-90, 1e90] {
            let power = power_of_two_from(number);
            assert!(power >= number && power / 2.0 < number, "{number}");
        }
    }

    #[test]
    fn a_sum_on_the_grid_is_never_below_the_real_one() {
        let grid = Grid::for_up_to(1.0);
        assert_eq!(grid.up(f64::MIN_POSITIVE), 1);
        assert_eq!(grid.up(-f64::MIN_POSITIVE), 0);
        assert_eq!((grid.up(0.5), grid.up(-0.5), grid.near(1.0)), (1 << 61, -(1 << 61), 1 << 62));
        assert!((grid.amount(i128::from(grid.up(0.3))) - 0.3).abs() < 1e-17);
    }

    proptest! {
        /// In sixty-fourths of a unit and thousandths of a rate everything is a whole number.
        #[test]
        fn excesses_are_never_below_the_real_product(
            value in 0_i64..1 << 40, rate in 0_i64..=1 << 20, cap in 0_i64..=1 << 20,
        ) {
            let parts = (1_i64 << 20) as f64;
            let found = excess_of(value as f64 / 64.0, rate as f64 / parts, cap as f64 / parts);
            let exact = i128::from(value) * i128::from(rate - cap);
            let scaled = found * 64.0 * parts;
            prop_assert!(scaled as i128 >= exact);
            prop_assert!(scaled as i128 - exact <= exact.abs() >> 50);
        }

        #[test]
        fn decimal_rates_are_rounded_up_too(value in 0.0..1e6_f64, rate in 0.0..1.0_f64, cap in 0.0..1.0_f64) {
            let found = excess_of(value, rate, cap);
            let near = value * (rate - cap);
            prop_assert!(found >= near && found <= near + near.abs() * 1e-15 + f64::MIN_POSITIVE);
        }
    }
}
