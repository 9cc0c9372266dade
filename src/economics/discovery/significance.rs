//! How sure it is that a group earns little: a test on held-out customers, and its correction for several rules.

use std::f64::consts::PI;

use crate::numeric::exp;

/// The one-sided p-value of the hypothesis that the mean behind some values is zero or less.
///
/// The mean over its standard error against the normal law, which holds for groups of some dozens and more. Groups of
/// fewer than two values say nothing. Added up in the order of the values.
pub(super) fn mean_above_zero(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if values.len() < 2 {
        return 1.0;
    }
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
    if variance > 0.0 {
        upper_tail(mean / (variance / n).sqrt())
    } else if mean > 0.0 {
        0.0
    } else {
        1.0
    }
}

/// How likely a standard normal variable is above `z`, within a relative 1e-10.
///
/// Near the middle the series of Marsaglia (Journal of Statistical Software 2004), beyond Laplace's continued fraction.
fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let density = exp(-0.5 * z * z) / (2.0 * PI).sqrt();
    if z < 2.5 {
        // φ(z) (z + z³/3 + z⁵/15 + …): 60 terms are far more than z < 2.5 needs.
        let (mut term, mut sum) = (z, z);
        for odd in (3..123).step_by(2) {
            term *= z * z / f64::from(odd);
            sum += term;
        }
        0.5 - density * sum
    } else {
        density / (1..=100).rev().fold(z, |fraction, order| z + f64::from(order) / fraction)
    }
}

/// The p-values of several tests, corrected so that those up to `q` have a share of at most `q` of false discoveries
/// among them (Benjamini and Hochberg, Journal of the Royal Statistical Society B 1995), in the order given.
pub(super) fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*b].total_cmp(&p_values[*a]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (above, place) in order.into_iter().enumerate() {
        let rank = p_values.len() - above;
        least = least.min(p_values[place] * p_values.len() as f64 / rank as f64);
        adjusted[place] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn adjusted_p_values_are_the_published_ones() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719,
            0.6528, 0.759, 1.0,
        ];
        let expected = [
            0.0015,
            0.003,
            0.0095,
            0.035_625,
            0.0603,
            0.063_857_142_9,
            0.063_857_142_9,
            0.0645,
            0.0765,
            0.486,
            0.581_181_8,
            0.714_875,
            0.753_230_8,
            0.813_214_3,
            1.0,
        ];
        for (found, expected) in benjamini_hochberg(&p).into_iter().zip(expected) {
            assert_relative_eq!(found, expected, max_relative = 1e-7);
        }
        assert_eq!(benjamini_hochberg(&p).iter().filter(|p| **p <= 0.05).count(), 4);
        // In whatever order the tests stand.
        let turned: Vec<f64> = p.iter().rev().copied().collect();
        let back: Vec<f64> = benjamini_hochberg(&turned).into_iter().rev().collect();
        assert_eq!(back, benjamini_hochberg(&p));
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    #[test]
    fn tails_of_the_normal_law() {
        let known = [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457_05),
            (1.959_963_984_540_054, 0.025),
            (2.499_999, 0.006_209_682_854_229_05),
            (2.5, 0.006_209_665_325_776_132),
            (6.0, 9.865_876_450_376_946e-10),
            (10.0, 7.619_853_024_160_525e-24),
        ];
        for (z, expected) in known {
            assert_relative_eq!(upper_tail(z), expected, max_relative = 1e-9);
            assert_relative_eq!(upper_tail(-z), 1.0 - expected, max_relative = 1e-9);
        }
        assert!(upper_tail(50.0) < 1e-300 && upper_tail(f64::INFINITY) < 1e-300);
    }

    #[test]
    fn a_mean_is_tested_by_its_standard_error() {
        // Mean 1, variance 5/3 of four values: z = 1 / √(5/12).
        let values = [-0.5, 0.5, 1.5, 2.5];
        assert_relative_eq!(mean_above_zero(&values), upper_tail(1.0 / (5.0_f64 / 12.0).sqrt()));
        assert!(mean_above_zero(&[-1.0, -2.0, -1.5]) > 0.99);
        let degenerate: [&[f64]; 4] = [&[], &[5.0], &[2.0, 2.0], &[0.0, 0.0]];
        let found: Vec<f64> = degenerate.iter().map(|values| mean_above_zero(values)).collect();
        assert_eq!(found, [1.0, 1.0, 0.0, 1.0]);
    }
}
