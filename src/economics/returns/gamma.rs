//! What Stirling's formula leaves of the logarithm of the gamma function.
//!
//! The leading part grows without end and cancels wherever gamma functions are divided by each other; taken apart, it
//! can be cancelled on paper instead of in rounded numbers.

use crate::numeric::ln;

/// The asymptotic series of the rest times z, in powers of 1/z², the highest first: of 1/156 z⁻¹³ down to 1/12 z⁻¹.
const SERIES: [f64; 7] =
    [1.0 / 156.0, -691.0 / 360_360.0, 1.0 / 1_188.0, -1.0 / 1_680.0, 1.0 / 1_260.0, -1.0 / 360.0, 1.0 / 12.0];
/// From here on the series is exact to rounding.
const LARGE: f64 = 10.0;

/// `ln Γ(z) − [(z − ½) ln z − z + ½ ln 2π]` for a normal `z > 0`, within 10⁻¹⁴.
pub(super) fn stirling_rest(z: f64) -> f64 {
    // Γ(z) = Γ(z+k) / (z (z+1) … (z+k−1)), with each factor set against z + k so that no logarithm is large.
    let steps = (LARGE - z).ceil().max(0.0);
    let large = z + steps;
    let square = 1.0 / (large * large);
    let rest = SERIES.iter().fold(0.0, |sum, term| sum * square + term) / large;
    if steps == 0.0 {
        return rest;
    }
    let factors = (0..steps as u32).fold(1.0, |product, step| product * (large / (z + f64::from(step))));
    rest + (z - 0.5) * ln(large / z) + ln(factors) - steps
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use approx::{assert_abs_diff_eq, assert_relative_eq};

    use super::*;

    #[test]
    fn reference_values() {
        // By mpmath with fifty digits.
        let references = [
            (1e-300, 344.468_825_415_902_2),
            (1e-9, 9.442_694_406_414_583),
            (0.001, 2.542_270_467_967_094_7),
            (0.05, 0.751_861_144_747_762_1),
            (0.3, 0.236_064_900_748_215_6),
            (0.5, 0.153_426_409_720_027_36),
            (1.0, 0.081_061_466_795_327_26),
            (1.4616, 0.056_217_468_959_305_76),
            (2.5, 0.033_162_873_519_936_29),
            (7.25, 0.011_487_002_684_428_697),
            (9.999, 0.008_331_396_020_466_343),
            (10.0, 0.008_330_563_433_362_87),
            (31.5, 0.002_645_413_798_892_788_4),
            (1000.0, 8.333_333_055_555_635e-5),
            (1e9, 8.333_333_333_333_333e-11),
        ];
        for (z, expected) in references {
            assert_relative_eq!(stirling_rest(z), expected, epsilon = 1e-14, max_relative = 1e-15);
        }
    }

    #[test]
    fn whole_numbers_have_factorials() {
        let mut ln_factorial = 0.0;
        for z in 1..2_000 {
            let z = f64::from(z);
            let stirling = (z - 0.5) * z.ln() - z + 0.5 * TAU.ln();
            let tolerance = 1e-15 * (20.0 + 4.0 * ln_factorial);
            assert_abs_diff_eq!(stirling + stirling_rest(z), ln_factorial, epsilon = tolerance);
            ln_factorial += z.ln();
        }
    }
}
