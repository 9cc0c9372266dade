//! Return rates against reference values, at the extremes, and on real orders.

use kohort::economics::returns::{BetaBinomial, Dispersion, RatioEstimate, wilson};

#[test]
fn wilson_and_the_ratio_estimator_are_those_of_the_books() {
    for (successes, trials, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let found = wilson(successes, trials, 0.95).unwrap();
        assert!((found.low - low).abs() < 5e-5 && (found.high - high).abs() < 5e-5, "{found:?}");
    }
    let ratio = RatioEstimate::of(&[100.0, 200.0, 50.0, 400.0], &[50.0, 20.0, 0.0, 200.0], 0.95).unwrap();
    assert!((ratio.rate - 0.36).abs() < 1e-15);
    assert!((ratio.standard_error.unwrap() - 0.122_782_553_95).abs() < 1e-11);
}

/// Every fit ends within twenty steps, finite and within bounds, whatever the counts.
#[test]
fn extremes_are_finite_and_right() {
    let one_line = |share: usize| (0..1_000).map(|row| u32::from(row % share == 0)).collect::<Vec<_>>();
    let cases: Vec<(&str, Vec<u32>, Vec<u32>, Dispersion)> = vec![
        ("nothing came back", vec![0; 500], vec![7; 500], Dispersion::OneSided),
        ("everything came back", vec![7; 500], vec![7; 500], Dispersion::OneSided),
        ("one line each", one_line(3), vec![1; 1_000], Dispersion::NotIdentified),
        ("one customer, one line", vec![1], vec![1], Dispersion::OneSided),
        ("one customer, ten million lines", vec![9_000_000], vec![10_000_000], Dispersion::NoMoreThanChance),
        (
            "one customer with ten million lines among others",
            [9_000_000, 0, 1, 2, 0, 3].to_vec(),
            [10_000_000, 4, 5, 2, 3, 9].to_vec(),
            Dispersion::Estimated,
        ),
        (
            "ten million lines, none returned",
            [0, 0, 1, 2, 1, 3].to_vec(),
            [10_000_000, 4, 5, 2, 3, 9].to_vec(),
            Dispersion::Estimated,
        ),
        ("the largest count there is", vec![u32::MAX, 0, 5], vec![u32::MAX, 9, 9], Dispersion::Estimated),
    ];
    for (name, returned, lines, expected) in cases {
        let fit = BetaBinomial::fit(&returned, &lines).unwrap();
        assert_eq!(fit.dispersion(), expected, "{name}: {fit:?}");
        assert!(fit.converged() && fit.iterations() <= 20, "{name}: {fit:?}");
        assert!(fit.log_likelihood().unwrap().is_finite() && fit.mean() > 0.0 && fit.mean() < 1.0);
        for (y, n) in returned.iter().zip(&lines) {
            let posterior = fit.posterior(*y, *n);
            let interval = posterior.interval(0.95).unwrap();
            assert!(
                0.0 <= interval.low
                    && interval.low <= interval.high
                    && interval.high <= 1.0
                    && (0.0..=1.0).contains(&posterior.probability_above(0.85)),
                "{name}: {posterior:?}"
            );
        }
    }
}

#[test]
fn ten_million_lines_of_one_customer_are_known_to_four_digits() {
    let fit = BetaBinomial::fit(&[9_000_000, 0, 1, 2, 0, 3], &[10_000_000, 4, 5, 2, 3, 9]).unwrap();
    let posterior = fit.posterior(9_000_000, 10_000_000);
    // Her standard deviation is √(0.9 · 0.1 / 10⁷) = 0.000 095.
    let interval = posterior.interval(0.95).unwrap();
    assert!((interval.low - (0.9 - 1.96 * 9.487e-5)).abs() < 1e-6, "{interval:?}");
    assert!((interval.high - (0.9 + 1.96 * 9.487e-5)).abs() < 1e-6, "{interval:?}");
    assert!(posterior.probability_above(0.899) > 1.0 - 1e-12 && posterior.probability_above(0.901) < 1e-12);
}

#[test]
fn the_order_of_customers_and_the_number_of_threads_change_no_bit() {
    // Eleven pieces of work and a ragged end.
    let count = 11 * (1 << 16) + 1_234;
    let lines: Vec<u32> = (0..count).map(|row: u32| 1 + row.wrapping_mul(2_654_435_761) % 37).collect();
    let returned: Vec<u32> =
        lines.iter().zip(0_u32..).map(|(n, row)| (row.wrapping_mul(40_503) >> 7) % (n + 1)).collect();
    let fit = BetaBinomial::fit(&returned, &lines).unwrap();
    let turned = |column: &[u32]| column.iter().rev().copied().collect::<Vec<_>>();
    assert_eq!(BetaBinomial::fit(&turned(&returned), &turned(&lines)).unwrap(), fit);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| BetaBinomial::fit(&returned, &lines)).unwrap(), fit);
    }
}
