//! Priors of groups against plain computations, and what happens at the ends.

use approx::assert_relative_eq;

use super::*;
use crate::economics::returns::Dispersion;
use crate::random::Stream;

/// Customers of groups of given sizes and mean rates, all of strength 6.
fn shop(groups: &[(&str, usize, f64)]) -> (Category, Vec<u32>, Vec<u32>) {
    let mut stream = Stream::new(3, "groups", 0);
    let (mut names, mut returned, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for (name, size, mean) in groups {
        for _ in 0..*size {
            let (rate, n) = (stream.beta(*mean, 6.0), 1 + stream.geometric(0.2));
            names.push((!name.is_empty()).then_some(*name));
            returned.push((0..n).filter(|_| stream.happens(rate)).count() as u32);
            lines.push(n);
        }
    }
    (Category::from_texts(names), returned, lines)
}

#[test]
fn large_groups_stand_alone_and_small_ones_lean_on_the_rest() {
    let sizes = [
        ("a", 4_000, 0.2),
        ("b", 4_000, 0.45),
        ("c", 3_000, 0.6),
        ("d", 12, 0.35),
        ("e", 199, 0.7),
        ("", 500, 0.4),
    ];
    let (groups, returned, lines) = shop(&sizes);
    let rates = GroupRates::fit(&groups, &returned, &lines, 200).unwrap();
    assert_eq!(rates.shop, BetaBinomial::fit(&returned, &lines).unwrap());
    let names: Vec<&str> = rates.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    for (group, (_, size, mean)) in rates.groups.iter().zip(sizes) {
        assert_eq!(group.customers, size as u64);
        if size >= 200 {
            assert_eq!((group.source, group.own_weight.to_bits()), (PriorSource::Own, 1.0_f64.to_bits()));
            let rows: Vec<usize> =
                (0..lines.len()).filter(|row| groups.get(*row) == Some(&group.name)).collect();
            let of = |column: &[u32]| rows.iter().map(|row| column[*row]).collect::<Vec<_>>();
            assert_eq!(group.rates, BetaBinomial::fit(&of(&returned), &of(&lines)).unwrap());
            // What was drawn from is found again.
            assert!((group.rates.mean() - mean).abs() < 0.02, "{group:?}");
            assert!((group.rates.prior_lines() - 6.0).abs() < 1.0, "{group:?}");
        } else {
            assert_eq!(group.source, PriorSource::Shared);
            assert_relative_eq!(group.rates.prior_lines(), rates.shop.prior_lines(), max_relative = 1e-12);
            assert_eq!(group.rates.dispersion(), Dispersion::Shared);
            // Between its own raw rate and the mean of the groups.
            let raw = group.returned as f64 / group.lines as f64;
            let (low, high) = (raw.min(rates.pooled_mean.unwrap()), raw.max(rates.pooled_mean.unwrap()));
            assert!((low..=high).contains(&group.rates.mean()), "{group:?}");
        }
    }
    let weights: Vec<f64> = rates.groups.iter().map(|group| group.own_weight).collect();
    assert!(weights[3] < weights[4] && weights[4] < 1.0, "{weights:?}");
    assert_eq!(rates.of(Some("c")), &rates.groups[2].rates);
    assert_eq!((rates.of(None), rates.of(Some("z"))), (&rates.shop, &rates.shop));
    let text = rates.to_string();
    assert!(text.contains("own") && text.contains("shared") && text.contains("all customers"), "{text}");
}

#[test]
fn the_shared_mean_is_that_of_the_formulas() {
    let groups = Category::from_texts([Some("a"), Some("a"), Some("b"), Some("b"), Some("b"), Some("c")]);
    let (returned, lines) = ([1, 4, 0, 1, 0, 2], [4, 6, 3, 9, 2, 2]);
    let rates = GroupRates::fit(&groups, &returned, &lines, 200).unwrap();
    let rho = 1.0 / (1.0 + rates.shop.prior_lines());
    let plain = [(5.0_f64, 10.0_f64, 52.0), (1.0, 14.0, 94.0), (2.0, 2.0, 4.0)].map(
        |(y, n, squares): (f64, f64, f64)| {
            let effect = 1.0 + (squares / n - 1.0) * rho;
            (((y + 0.5) / (n - y + 0.5)).ln(), (effect * (1.0 / (y + 0.5) + 1.0 / (n - y + 0.5))).sqrt())
        },
    );
    let pooling = PartialPooling::of(&plain.map(|(logit, _)| logit), &plain.map(|(_, error)| error)).unwrap();
    for (group, pooled) in rates.groups.iter().zip(&pooling.groups) {
        let mean = 1.0 / (1.0 + (-pooled.estimate).exp());
        assert_relative_eq!(group.rates.mean(), mean, max_relative = 1e-12);
        assert_relative_eq!(group.own_weight, pooled.own_weight, max_relative = 1e-12);
    }
}

#[test]
fn a_large_group_that_cannot_tell_its_strength_shares_it() {
    let (_, mut returned, mut lines) = shop(&[("many", 1_000, 0.4)]);
    let names = (0..2_000).map(|row| match row {
        0..1_000 => Some("many"),
        1_000..1_500 => Some("one line each"),
        _ => Some("never"),
    });
    let groups = Category::from_texts(names);
    returned.extend((0..500).map(|row| u32::from(row % 3 == 0)).chain([0; 500]));
    lines.extend([1; 500].into_iter().chain([4; 500]));
    let rates = GroupRates::fit(&groups, &returned, &lines, 200).unwrap();
    let sources: Vec<PriorSource> = rates.groups.iter().map(|group| group.source).collect();
    assert_eq!(sources, [PriorSource::Own, PriorSource::Shared, PriorSource::Shared]);
    assert_relative_eq!(rates.of(Some("never")).mean(), 0.5 / 2_001.0, max_relative = 1e-12);
    assert_relative_eq!(rates.of(Some("one line each")).mean(), 167.5 / 501.0, max_relative = 1e-12);
    for group in &rates.groups[1..] {
        assert_relative_eq!(group.rates.prior_lines(), rates.shop.prior_lines(), max_relative = 1e-12);
    }
    // Thresholds are inclusive.
    let all_own = GroupRates::fit(&groups, &returned, &lines, 1_000).unwrap();
    assert_eq!(all_own.groups[0].source, PriorSource::Own);
    let none_own = GroupRates::fit(&groups, &returned, &lines, 1_001).unwrap();
    assert_eq!(none_own.groups[0].source, PriorSource::Shared);
}

#[test]
fn groups_without_lines_say_nothing() {
    let groups = Category::from_texts([Some("a"), Some("b"), None]);
    let rates = GroupRates::fit(&groups, &[0, 1, 1], &[0, 2, 3], 1).unwrap();
    assert_eq!(rates.groups.len(), 1);
    assert_eq!(rates.of(Some("a")), &rates.shop);
    let nobody = GroupRates::fit(&Category::from_texts([None, None]), &[1, 0], &[2, 2], 1).unwrap();
    assert_eq!((nobody.groups.len(), nobody.pooled_mean), (0, None));
    assert!(matches!(GroupRates::fit(&groups, &[1], &[1], 1), Err(Error::ColumnLength { .. })));
    assert!(matches!(GroupRates::fit(&groups, &[0; 3], &[0; 3], 1), Err(Error::Empty { .. })));
}
