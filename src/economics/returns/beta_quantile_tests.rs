//! The incomplete beta function and its inverse against references of fifty digits, closed forms and laws.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use proptest::prelude::*;

use super::*;

/// α, β, rate, probability below and above it: by mpmath with fifty digits, from a continued fraction in its classical
/// form where the functions here use another or a quadrature.
const REFERENCES: [(f64, f64, f64, f64, f64); 16] = [
    (6.341_614_4, 24.114_804_3, 0.2, 0.490_279_843_650_442_2, 0.509_720_156_349_557_8),
    (0.3, 0.6, 0.85, 0.866_438_071_443_582, 0.133_561_928_556_418_02),
    (0.005, 0.005, 0.5, 0.5, 0.5),
    (1e-3, 1.0, 0.22, 0.998_487_017_980_440_7, 0.001_512_982_019_559_349),
    (1e-3, 1e9, 1e-10, 0.998_178_009_737_544_2, 0.001_821_990_262_455_747_4),
    (60.0, 2.5, 0.85, 0.001_397_221_452_734_876, 0.998_602_778_547_265_1),
    (14.0, 300.0, 0.06, 0.900_120_173_052_642, 0.099_879_826_947_358_03),
    (300.0, 1_500.0, 0.2, 0.999_857_760_367_092_2, 0.000_142_239_632_907_850_94),
    (999.0, 999.0, 0.52, 0.963_148_424_942_795_7, 0.036_851_575_057_204_274),
    (1_001.0, 1_001.0, 0.52, 0.963_292_457_164_863_6, 0.036_707_542_835_136_43),
    (2e4, 60.0, 0.998, 0.998_017_097_635_974_3, 0.001_982_902_364_025_631_6),
    (2e4, 1_500.0, 0.93, 0.443_780_579_169_745_45, 0.556_219_420_830_254_6),
    (1e6, 2e4, 0.980_2, 0.081_124_186_620_414_25, 0.918_875_813_379_585_8),
    (4e6, 6e6, 0.400_1, 0.740_705_620_006_08, 0.259_294_379_993_92),
    (4_000_002.5, 9.5, 0.999_999_046_325_683_6, 0.990_026_882_397_380_5, 0.009_973_117_602_619_585),
    (5e8, 5e8, 0.500_01, 0.736_455_371_535_304_4, 0.263_544_628_464_695_7),
];

#[test]
fn references_are_met() {
    for (a, b, x, below, above) in REFERENCES {
        let law = BetaLaw::new(a, b);
        let at = Point::of(x);
        assert_abs_diff_eq!(law.below(at), below, epsilon = 1e-12);
        assert_abs_diff_eq!(law.mirrored().below(at.mirrored()), above, epsilon = 1e-12);
        assert_abs_diff_eq!(law.quantile(below), x, epsilon = 1e-12);
        assert_abs_diff_eq!(law.mirrored().quantile(above), 1.0 - x, epsilon = 1e-12);
    }
    // Small tails keep their digits. P(X > 0.9) of Beta(1, 30) is 0.1³⁰.
    assert_relative_eq!(BetaLaw::new(30.0, 1.0).below(Point { x: 0.1, y: 0.9 }), 1e-30, max_relative = 1e-12);
    assert_relative_eq!(BetaLaw::new(30.0, 1.0).quantile(1e-30), 0.1, max_relative = 1e-13);
}

/// The smallest to the largest parameters that a posterior can have.
const PARAMETERS: [f64; 13] = [1e-3, 0.005, 0.04, 0.3, 0.999, 1.0, 2.5, 40.0, 999.0, 1_001.0, 5e4, 1e7, 1e9];

#[test]
fn quantiles_rise_with_the_probability_whatever_the_parameters() {
    let probabilities =
        [1e-300, 1e-30, 1e-9, 1e-3, 0.025, 0.3, 0.5, 0.500_001, 0.7, 0.975, 0.999, 1.0 - 1e-9, 1.0 - 1e-16];
    for a in PARAMETERS {
        for b in PARAMETERS {
            let law = BetaLaw::new(a, b);
            let quantiles = probabilities.map(|probability| law.quantile(probability));
            assert!(quantiles.iter().all(|x| (0.0..=1.0).contains(x)), "{a} {b}: {quantiles:?}");
            assert!(quantiles.is_sorted(), "{a} {b}: {quantiles:?}");
        }
    }
}

#[test]
fn a_quantile_is_where_the_probability_is_reached() {
    for a in PARAMETERS {
        for b in PARAMETERS {
            let law = BetaLaw::new(a, b);
            for probability in [1e-6, 0.025, 0.2, 0.5, 0.95, 0.999_9] {
                let x = law.quantile(probability);
                // Within 10⁻¹² of it lies the place where the function passes the probability.
                let (low, high) = ((x - 1e-12).max(f64::MIN_POSITIVE), x + 1e-12);
                assert!(
                    law.below(Point::of(low)) <= probability + 1e-15 || x < 1e-12,
                    "{a} {b} {probability} {x}"
                );
                assert!(
                    high >= 1.0 || law.below(Point::of(high)) >= probability - 1e-15,
                    "{a} {b} {probability} {x}"
                );
            }
        }
    }
}

#[test]
fn where_the_two_ways_meet_there_is_no_step() {
    for (other, x) in [(1_000.5, 0.5), (1_000.5, 0.47), (50_000.0, 0.019_7), (2_000.0, 0.345)] {
        let fraction = BetaLaw::new(1_000.0 - 1e-10, other).below(Point::of(x));
        let quadrature = BetaLaw::new(1_000.0, other).below(Point::of(x));
        // The parameters differ by 10⁻¹⁰, which moves the probability by less than 10⁻¹¹.
        assert!(
            fraction > quadrature && fraction - quadrature < 1e-11,
            "{other} {x}: {fraction} {quadrature}"
        );
    }
}

#[test]
fn rough_quantiles_are_near() {
    for (probability, z) in [(0.5, 0.0), (0.975, 1.959_964), (0.001, -3.090_232), (1e-9, -5.997_807)] {
        assert_abs_diff_eq!(rough_normal_quantile(probability, 1.0 - probability), z, epsilon = 4.5e-4);
    }
}

proptest! {
    #[test]
    fn distribution_and_quantile_are_inverse(
        log_a in -5.0..12.0_f64, log_b in -5.0..12.0_f64, probability in 1e-4..0.999_9_f64,
    ) {
        let law = BetaLaw::new(log_a.exp(), log_b.exp());
        let x = law.quantile(probability);
        if x > 1e-300 && x < 1.0 - 1e-9 {
            let found = law.below(Point::of(x));
            prop_assert!((found - probability).abs() < 1e-9, "{found} instead of {probability} at {x}");
        }
        let mirrored = law.mirrored().quantile(1.0 - probability);
        prop_assert!((x + mirrored - 1.0).abs() < 1e-12, "{x} {mirrored}");
    }

    /// Statrs as an independent program, in the range it is made for.
    #[test]
    fn the_distribution_is_that_of_another_program(a in 0.05..400.0_f64, b in 0.05..400.0_f64, x in 0.001..0.999_f64) {
        let theirs = statrs::function::beta::beta_reg(a, b, x);
        prop_assert!((BetaLaw::new(a, b).below(Point::of(x)) - theirs).abs() < 1e-11);
    }
}
