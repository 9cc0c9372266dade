//! Return rates of the fashion shop's users: what evidence says of them, and how well it foretells items not yet seen.

use std::collections::BTreeMap;

use kohort::economics::returns::BetaBinomial;

/// An item: its number and whether it came back.
type Items = Vec<(u64, bool)>;

/// The items of each user, by plain reading; of those that were delivered, or of all.
fn users(delivered: bool) -> Option<BTreeMap<String, Items>> {
    let path = crate::real_data::data_file("bads_fashion_orders.csv.gz")?;
    let file = std::fs::File::open(path).unwrap();
    let mut users: BTreeMap<String, Items> = BTreeMap::new();
    for record in csv::Reader::from_reader(flate2::read::GzDecoder::new(file)).records() {
        let record = record.unwrap();
        if delivered && record[2].is_empty() {
            continue;
        }
        users.entry(record[8].to_owned()).or_default().push((record[0].parse().unwrap(), &record[13] == "1"));
    }
    Some(users)
}

/// How many of how many items came back.
fn count<'a>(items: impl IntoIterator<Item = &'a (u64, bool)>) -> (u32, u32) {
    items.into_iter().fold((0, 0), |(back, all), item| (back + u32::from(item.1), all + 1))
}

fn fit(counts: &[(u32, u32)]) -> BetaBinomial {
    let (returned, items): (Vec<u32>, Vec<u32>) = counts.iter().copied().unzip();
    let rates = BetaBinomial::fit(&returned, &items).unwrap();
    assert!(rates.converged() && rates.iterations() <= 20, "{rates:?}");
    rates
}

/// Users of a number of items; those whose raw rate is above 85 %; those whose rate is above it with a probability of at
/// least 0.9, and of at least 0.5.
fn named(counts: &[(u32, u32)], rates: &BetaBinomial, items: std::ops::RangeInclusive<u32>) -> [usize; 4] {
    let some: Vec<_> = counts.iter().filter(|(_, n)| items.contains(n)).collect();
    let raw = some.iter().filter(|(y, n)| f64::from(*y) > 0.85 * f64::from(*n)).count();
    let sure = |least: f64| {
        let above = |(y, n): &&&(u32, u32)| rates.posterior(*y, *n).probability_above(0.85) >= least;
        some.iter().filter(above).count()
    };
    [some.len(), raw, sure(0.9), sure(0.5)]
}

#[test]
fn evidence_names_none_of_the_one_item_users_and_keeps_those_with_evidence() {
    let Some(users) = users(false) else { return };
    let counts: Vec<(u32, u32)> = users.values().map(count).collect();
    assert_eq!((counts.len(), count(users.values().flatten())), (37_663, (48_174, 100_000)));
    let rates = fit(&counts);
    let (alpha, beta) = rates.parameters();
    assert!((alpha - 2.201_936).abs() < 1e-5 && (beta - 2.467_232).abs() < 1e-5, "{rates:?}");
    assert!((rates.log_likelihood().unwrap() + 67_343.484_21).abs() < 1e-4, "{rates:?}");

    // By raw rates 42 % of those with one item would be serial returners, and none of them is by the evidence. Nor is
    // anybody else with certainty: users are thinned to 2.7 items, and rates this high are rare among those with many.
    assert_eq!(named(&counts, &rates, 1..=1), [16_520, 6_984, 0, 0]);
    assert_eq!(named(&counts, &rates, 2..=4), [15_798, 3_524, 0, 0]);
    assert_eq!(named(&counts, &rates, 5..=9), [4_307, 388, 0, 0]);
    assert_eq!(named(&counts, &rates, 10..=u32::MAX), [1_038, 55, 0, 7]);
    // The seven are those who sent back all, or all but one, of very many.
    let mut likely: Vec<(u32, u32)> = counts
        .iter()
        .copied()
        .filter(|(y, n)| rates.posterior(*y, *n).probability_above(0.85) >= 0.5)
        .collect();
    likely.sort_unstable();
    assert_eq!(likely, [(11, 11), (11, 11), (11, 11), (16, 16), (16, 17), (18, 19), (19, 20)]);
    // How much evidence it takes where everything came back.
    assert_eq!((needed(&rates, 0.5), needed(&rates, 0.9)), (Some(11), Some(26)));
}

/// The fewest items, all sent back, from which a rate above 85 % has a probability.
fn needed(rates: &BetaBinomial, least: f64) -> Option<u32> {
    (1..200).find(|n| rates.posterior(*n, *n).probability_above(0.85) >= least)
}

#[test]
fn of_delivered_items_more_is_known() {
    let Some(users) = users(true) else { return };
    let counts: Vec<(u32, u32)> = users.values().map(count).collect();
    assert_eq!((counts.len(), count(users.values().flatten())), (36_096, (48_174, 91_708)));
    let rates = fit(&counts);
    assert_eq!(named(&counts, &rates, 1..=1), [16_175, 7_497, 0, 0]);
    assert_eq!(named(&counts, &rates, 2..=4), [15_259, 4_034, 0, 0]);
    assert_eq!(named(&counts, &rates, 5..=9), [3_808, 515, 0, 41]);
    assert_eq!(named(&counts, &rates, 10..=u32::MAX), [854, 92, 1, 27]);
    assert_eq!((needed(&rates, 0.5), needed(&rates, 0.9)), (Some(8), Some(22)));
}

/// One half of the items, by a hash of their numbers.
fn is_seen(item: u64) -> bool {
    item.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 1
}

/// The mean log-loss per held-out item of a forecast from the counts seen.
fn log_loss(seen: &[(u32, u32)], held_out: &[(u32, u32)], forecast: impl Fn(u32, u32) -> f64) -> f64 {
    let (mut loss, mut items) = (0.0, 0.0);
    for ((y, n), (back, all)) in seen.iter().zip(held_out) {
        let rate = forecast(*y, *n);
        loss -= f64::from(*back) * rate.ln() + f64::from(all - back) * (1.0 - rate).ln();
        items += f64::from(*all);
    }
    loss / items
}

#[test]
fn held_out_items_come_back_as_foretold() {
    let Some(users) = users(false) else { return };
    let half = |seen: bool| -> Vec<(u32, u32)> {
        users.values().map(|items| count(items.iter().filter(|(item, _)| is_seen(*item) == seen))).collect()
    };
    let (seen, held_out) = (half(true), half(false));
    let rates = fit(&seen);
    let total = |counts: &[(u32, u32)]| {
        counts.iter().fold((0.0, 0.0), |sum, (y, n)| (sum.0 + f64::from(*y), sum.1 + f64::from(*n)))
    };
    let overall = total(&seen).0 / total(&seen).1;

    // Better than what one would do without a model, however its settings are chosen with hindsight.
    let model = log_loss(&seen, &held_out, |y, n| rates.posterior(y, n).mean());
    let shop = log_loss(&seen, &held_out, |_, _| overall);
    assert!((model - 0.671_502).abs() < 1e-5 && (shop - 0.692_525).abs() < 1e-5, "{model} {shop}");
    for clip in [0.01, 0.05, 0.1, 0.2, 0.3] {
        for minimum in [1, 2, 3, 5, 10] {
            let raw = log_loss(&seen, &held_out, |y, n| {
                if n < minimum { overall } else { (f64::from(y) / f64::from(n)).clamp(clip, 1.0 - clip) }
            });
            assert!(
                model < raw - 0.005,
                "{model} is not better than {raw}: raw from {minimum} items, clipped at {clip}"
            );
        }
    }

    // Ten bins of equal numbers of held-out items, by the rate foretold.
    let mut foretold: Vec<(f64, u32, u32)> = seen
        .iter()
        .zip(&held_out)
        .filter(|(_, (_, all))| *all > 0)
        .map(|((y, n), (back, all))| (rates.posterior(*y, *n).mean(), *back, *all))
        .collect();
    foretold.sort_by(|a, b| a.0.total_cmp(&b.0));
    let items = total(&held_out).1;
    let mut bins = [(0.0, 0.0, 0.0); 10];
    let mut before = 0.0;
    for (rate, back, all) in foretold {
        let all = f64::from(all);
        let bin = &mut bins[((before + all / 2.0) / items * 10.0) as usize];
        *bin = (bin.0 + rate * all, bin.1 + f64::from(back), bin.2 + all);
        before += all;
    }
    let deviations = bins.map(|(rate, back, all)| (rate - back).abs() / all);
    let largest = deviations.iter().copied().fold(0.0, f64::max);
    let weighted = bins.iter().map(|(rate, back, _)| (rate - back).abs()).sum::<f64>() / items;
    // A bin's own standard error is 0.7 points. What is left is no chance: users who are seen once buy less and send back
    // less, which a model of rates that do not depend on the number of items cannot know.
    assert!(largest < 0.037 && weighted < 0.023, "{largest} {weighted}: {bins:?}");
    assert!((bins[0].1 / bins[0].2) < 0.31 && (bins[9].1 / bins[9].2) > 0.65, "{bins:?}");
    let all: f64 = bins.iter().map(|(rate, back, _)| rate - back).sum::<f64>() / items;
    assert!(all.abs() < 0.01, "{all}");
}
