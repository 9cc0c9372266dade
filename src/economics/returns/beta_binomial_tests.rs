//! Reference values and extremes of the beta-binomial fit.

use approx::assert_relative_eq;
use proptest::prelude::*;

use super::*;

/// Tumours and animals in 71 historical groups (Tarone 1982; Gelman et al., Bayesian Data Analysis, ch. 5).
fn rats() -> (Vec<u32>, Vec<u32>) {
    let groups: &[(u32, &[u32])] = &[
        (20, &[0; 7]),
        (19, &[0; 4]),
        (18, &[0, 0]),
        (17, &[0]),
        (20, &[1, 1, 1, 1]),
        (19, &[1, 1]),
        (18, &[1, 1]),
        (25, &[2]),
        (24, &[2]),
        (23, &[2]),
        (20, &[2; 6]),
        (10, &[1]),
        (49, &[5]),
        (19, &[2]),
        (46, &[5]),
        (27, &[3]),
        (17, &[2]),
        (49, &[7]),
        (47, &[7]),
        (20, &[3, 3]),
        (13, &[2]),
        (48, &[9]),
        (50, &[10]),
        (20, &[4; 7]),
        (48, &[10]),
        (19, &[4, 4, 4]),
        (22, &[5]),
        (46, &[11]),
        (49, &[12]),
        (20, &[5, 5]),
        (23, &[6]),
        (19, &[5]),
        (22, &[6]),
        (20, &[6, 6, 6]),
        (52, &[16]),
        (46, &[15]),
        (47, &[15]),
        (24, &[9]),
        (14, &[4]),
    ];
    groups.iter().flat_map(|(n, ys)| ys.iter().map(|y| (*y, *n))).unzip()
}

#[test]
fn rat_tumours() {
    let (y, n) = rats();
    assert_eq!((y.len(), y.iter().sum::<u32>(), n.iter().sum::<u32>()), (71, 267, 1739));
    let fit = BetaBinomial::fit(&y, &n).unwrap();
    let (alpha, beta) = fit.parameters();
    assert_relative_eq!(alpha, 2.341_614_4, epsilon = 2e-6);
    assert_relative_eq!(beta, 14.114_804_3, epsilon = 2e-5);
    assert_relative_eq!(fit.log_likelihood().unwrap(), -730.338_454_524_4, epsilon = 1e-8);
    assert!(fit.converged() && fit.iterations() <= 8, "{fit:?}");
    assert_eq!(fit.dispersion(), Dispersion::Estimated);
    let posterior = fit.posterior(4, 14);
    assert_relative_eq!(posterior.mean(), 0.208_219_302_23, epsilon = 1e-8);
    let interval = posterior.interval(0.95).unwrap();
    assert_relative_eq!(interval.low, 0.086_216_35, epsilon = 1e-7);
    assert_relative_eq!(interval.high, 0.366_351_99, epsilon = 1e-7);
}

#[test]
fn saxony_families() {
    let families = [3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7];
    let y: Vec<u32> =
        (0..=12).zip(families).flat_map(|(boys, count)| std::iter::repeat_n(boys, count)).collect();
    let n = vec![12; y.len()];
    let pairs: Vec<(u32, u32)> = y.iter().map(|y| (*y, 12)).collect();
    let (rate, prior_lines) = Counts::of(&pairs).moments();
    assert_relative_eq!(rate * prior_lines, 34.135_021_18, epsilon = 1e-7);
    assert_relative_eq!((1.0 - rate) * prior_lines, 31.608_492_05, epsilon = 1e-7);
    let fit = BetaBinomial::fit(&y, &n).unwrap();
    let ln_choose = |k: u32| (0..k).map(|i| (f64::from(12 - i) / f64::from(i + 1)).ln()).sum::<f64>();
    let coefficients: f64 = y.iter().map(|y| ln_choose(*y)).sum();
    assert_relative_eq!(fit.log_likelihood().unwrap() + coefficients, -12_492.871_359, epsilon = 2e-6);
    // Chance alone, at one rate for all families, explains the counts much worse.
    let p: f64 = 0.519_215_045;
    assert_relative_eq!(rate, p, epsilon = 1e-9);
    let chance: f64 =
        y.iter().map(|y| f64::from(*y) * p.ln() + f64::from(12 - y) * (1.0 - p).ln()).sum::<f64>()
            + coefficients;
    assert_relative_eq!(chance, -12_534.172_148, epsilon = 2e-6);
    assert!(fit.log_likelihood().unwrap() + coefficients > chance + 41.3);
    // The likelihood is a flat ridge, so the parameters are only known to three digits.
    assert_relative_eq!(fit.parameters().0, 34.1029, epsilon = 2e-3);
    assert_relative_eq!(fit.parameters().1, 31.5783, epsilon = 2e-3);
    assert!(fit.converged() && fit.iterations() <= 20, "{fit:?}");
}

#[test]
fn moments_of_raw_rates_of_the_first_seventy_groups() {
    let (y, n) = rats();
    let rates: Vec<f64> = y.iter().zip(&n).take(70).map(|(y, n)| f64::from(*y) / f64::from(*n)).collect();
    let mean = rates.iter().sum::<f64>() / 70.0;
    let deviation = (rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / 69.0).sqrt();
    let prior = BetaBinomial::from_mean_and_deviation(mean, deviation).unwrap();
    assert_relative_eq!(prior.parameters().0, 1.356_149_391, epsilon = 1e-6);
    assert_relative_eq!(prior.parameters().1, 8.615_057_891, epsilon = 1e-6);
    for (mean, deviation) in [(0.0, 0.1), (0.5, 0.5), (0.5, 0.0), (f64::NAN, 0.1)] {
        assert!(BetaBinomial::from_mean_and_deviation(mean, deviation).is_err(), "{mean} {deviation}");
    }
}

#[test]
fn extremes_are_finite_and_say_what_they_are() {
    let cases: [(&[u32], &[u32], Dispersion); 8] = [
        (&[0, 0, 0], &[3, 5, 1], Dispersion::OneSided),
        (&[3, 5, 1], &[3, 5, 1], Dispersion::OneSided),
        (&[0], &[1], Dispersion::OneSided),
        (&[1, 0, 1, 0], &[1, 1, 1, 1], Dispersion::NotIdentified),
        (&[5, 5, 5, 5], &[10, 10, 10, 10], Dispersion::NoMoreThanChance),
        (&[10, 0, 8, 0], &[10, 12, 8, 8], Dispersion::AllOrNothing),
        (&[10, 0, 10, 0], &[10, 10, 10, 10], Dispersion::AllOrNothing),
        (&[4_000_000, 90_000, 0, 2, 1], &[10_000_000, 900_000, 3, 2, 9], Dispersion::Estimated),
    ];
    for (y, n, expected) in cases {
        let fit = BetaBinomial::fit(y, n).unwrap();
        assert_eq!(fit.dispersion(), expected, "{y:?} of {n:?}: {fit:?}");
        let (alpha, beta) = fit.parameters();
        assert!(
            alpha > 0.0
                && beta > 0.0
                && (alpha + beta).is_finite()
                && fit.log_likelihood().unwrap().is_finite()
        );
        for (y, n) in y.iter().zip(n) {
            let posterior = fit.posterior(*y, *n);
            let interval = posterior.interval(0.95).unwrap();
            assert!(
                interval.low <= interval.high && (0.0..=1.0).contains(&posterior.probability_above(0.85))
            );
        }
    }
    let much = BetaBinomial::fit(&[4_000_000, 90_000, 0, 2, 1], &[10_000_000, 900_000, 3, 2, 9]).unwrap();
    assert_relative_eq!(much.posterior(4_000_000, 10_000_000).mean(), 0.4, epsilon = 1e-6);
    assert!(BetaBinomial::fit(&[], &[]).is_err());
    assert!(BetaBinomial::fit(&[0], &[0]).is_err());
    assert!(BetaBinomial::fit(&[2], &[1]).is_err());
    assert!(BetaBinomial::fit(&[1, 1], &[1]).is_err());
}

proptest! {
    /// The histogram sums against the definition, customer by customer.
    #[test]
    fn the_likelihood_is_that_of_the_definition(
        pairs in prop::collection::vec((0_u32..3_000, 0_u32..3_000), 1..12), alpha in 0.05..40.0, beta in 0.05..40.0,
    ) {
        let pairs: Vec<(u32, u32)> = pairs.into_iter().map(|(y, kept)| (y, y + kept)).collect();
        let ln_beta = |a: f64, b: f64| {
            use statrs::function::gamma::ln_gamma;
            ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
        };
        let plain: f64 = pairs
            .iter()
            .map(|(y, n)| ln_beta(f64::from(*y) + alpha, f64::from(n - y) + beta) - ln_beta(alpha, beta))
            .sum();
        let counts = Counts::of(&pairs);
        assert_relative_eq!(counts.log_likelihood(alpha, beta), plain, max_relative = 1e-9, epsilon = 1e-8);
    }

    /// Whatever the counts, the fit ends, and no other parameters nearby are likelier.
    #[test]
    fn the_fit_is_a_maximum(pairs in prop::collection::vec((0_u32..12, 0_u32..12), 2..40)) {
        let (y, n): (Vec<u32>, Vec<u32>) = pairs.into_iter().map(|(y, kept)| (y, y + kept)).unzip();
        let Ok(fit) = BetaBinomial::fit(&y, &n) else { return Ok(()) };
        prop_assert!(fit.converged(), "{:?}", fit);
        if fit.dispersion() == Dispersion::Estimated {
            let pairs: Vec<(u32, u32)> = y.iter().copied().zip(n.iter().copied()).collect();
            let counts = Counts::of(&pairs);
            let (alpha, beta) = fit.parameters();
            for (a, b) in [(1.02, 1.0), (0.98, 1.0), (1.0, 1.02), (1.0, 0.98), (1.02, 1.02), (0.98, 0.98)] {
                let near = counts.log_likelihood(alpha * a, beta * b);
                prop_assert!(near <= fit.log_likelihood().unwrap() + 1e-9, "{near} at {a} {b}: {fit:?}");
            }
        }
    }
}
