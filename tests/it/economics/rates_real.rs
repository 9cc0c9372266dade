//! Return rates of the fashion shop's users: what evidence says, and how well it foretells items not yet seen.

use std::collections::BTreeMap;

use kohort::economics::returns::BetaBinomial;

/// An item: its number and whether it came back.
type Items = Vec<(u64, bool)>;

/// The items of each user, by plain reading.
fn users() -> Option<BTreeMap<String, Items>> {
    let path = crate::real_data::data_file("bads_fashion_orders.csv.gz")?;
    let file = std::fs::File::open(path).unwrap();
    let mut users: BTreeMap<String, Items> = BTreeMap::new();
    for record in csv::Reader::from_reader(flate2::read::GzDecoder::new(file)).records() {
        let record = record.unwrap();
        users.entry(record[8].to_owned()).or_default().push((record[0].parse().unwrap(), &record[13] == "1"));
    }
    assert_eq!((users.len(), users.values().map(Vec::len).sum::<usize>()), (37_663, 100_000));
    Some(users)
}

/// How many of how many items came back.
fn count(items: &[(u64, bool)]) -> (u32, u32) {
    (items.iter().filter(|(_, back)| *back).count() as u32, items.len() as u32)
}

fn fit(counts: &[(u32, u32)]) -> BetaBinomial {
    let (returned, items): (Vec<u32>, Vec<u32>) = counts.iter().copied().unzip();
    BetaBinomial::fit(&returned, &items).unwrap()
}

#[test]
fn evidence_names_few_of_the_one_item_users_and_keeps_the_rest() {
    let Some(users) = users() else { return };
    let counts: Vec<(u32, u32)> = users.values().map(|items| count(items)).collect();
    let rates = fit(&counts);
    println!("{rates:?}");
    for minimum in [1, 2, 3, 5, 8, 10, 15] {
        let some: Vec<_> = counts.iter().filter(|(_, n)| *n >= minimum && (minimum > 1 || *n == 1)).collect();
        let raw = some.iter().filter(|(y, n)| f64::from(*y) > 0.85 * f64::from(*n)).count();
        let p = |threshold: f64| {
            some.iter().filter(|(y, n)| rates.posterior(*y, *n).probability_above(0.85) > threshold).count()
        };
        println!("{minimum}: {} raw {raw} P>.9 {} P>.5 {} ", some.len(), p(0.9), p(0.5));
    }
    let pall = counts.iter().filter(|(y, n)| rates.posterior(*y, *n).probability_above(0.85) > 0.9).count();
    println!("{pall}");
}

/// A half of the items by a hash of their numbers.
fn half(item: u64) -> bool {
    item.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 1
}

#[test]
fn held_out_items_come_back_as_foretold() {
    let Some(users) = users() else { return };
    let halves = |which: bool| -> Vec<(u32, u32)> {
        users
            .values()
            .map(|items| {
                count(&items.iter().copied().filter(|(item, _)| half(*item) == which).collect::<Vec<_>>())
            })
            .collect()
    };
    let (seen, held_out) = (halves(true), halves(false));
    let rates = fit(&seen);
    println!("{rates:?}");
    let total = |counts: &[(u32, u32)]| {
        counts.iter().fold((0.0, 0.0), |sum, (y, n)| (sum.0 + f64::from(*y), sum.1 + f64::from(*n)))
    };
    let overall = total(&seen).0 / total(&seen).1;
    let raw = |y: u32, n: u32| if n == 0 { overall } else { f64::from(y) / f64::from(n) };
    let log_loss = |rate: &dyn Fn(u32, u32) -> f64| {
        let loss: f64 = seen
            .iter()
            .zip(&held_out)
            .map(|((y, n), (y2, n2))| {
                let p = rate(*y, *n);
                -(f64::from(*y2) * p.ln() + f64::from(n2 - y2) * (1.0 - p).ln())
            })
            .sum();
        loss / total(&held_out).1
    };
    let model = log_loss(&|y, n| rates.posterior(y, n).mean());
    println!("model {model} overall {}", log_loss(&|_, _| overall));
    for clip in [0.01, 0.05, 0.1, 0.2] {
        print!("clip {clip}: raw {}", log_loss(&|y, n| raw(y, n).clamp(clip, 1.0 - clip)));
        for minimum in [2, 3, 5, 10] {
            print!(
                " min {minimum} {}",
                log_loss(&|y, n| if n < minimum { overall } else { raw(y, n).clamp(clip, 1.0 - clip) })
            );
        }
        println!();
    }
    let mut predicted: Vec<(f64, u32, u32)> = seen
        .iter()
        .zip(&held_out)
        .filter(|(_, (_, n))| *n > 0)
        .map(|((y, n), (y2, n2))| (rates.posterior(*y, *n).mean(), *y2, *n2))
        .collect();
    predicted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let items = total(&held_out).1;
    let mut bins = [(0.0, 0.0, 0.0); 10];
    let mut before = 0.0;
    for (p, y, n) in predicted {
        let n = f64::from(n);
        let bin = &mut bins[((before + n / 2.0) / items * 10.0) as usize];
        *bin = (bin.0 + p * n, bin.1 + f64::from(y), bin.2 + n);
        before += n;
    }
    for (p, y, n) in bins {
        println!("{:.4} {:.4} {n} {:.4}", p / n, y / n, (p - y) / n);
    }
}
