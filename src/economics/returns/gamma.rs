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
            (1e-300, 344.46882541590218),
            (1e-9, 9.44269440641458298),
            (0.001, 2.54227046796709454),
            (0.05, 0.751861144747762116),
            (0.3, 0.236064900748215588),
            (0.5, 0.153426409720027345),
            (1.0, 0.0810614667953272582),
            (1.4616, 0.0562174689593057626),
            (2.5, 0.0331628735199362875),
            (7.25, 0.0114870026844286968),
            (9.999, 0.00833139602046634287),
            (10.0, 0.00833056343336287126),
            (31.5, 0.00264541379889278856),
            (1000.0, 8.33333305555563492e-5),
            (1e9, 8.33333333333333333e-11),
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
