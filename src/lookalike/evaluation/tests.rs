//! The figures of an evaluation against those of a plain count over the same splits.

use approx::assert_relative_eq;

use super::baselines::{centroid, rfm};
use super::evaluated::RankingFigures;
use super::run::{GROUPS, PURPOSE};
use super::split::held_out;
use super::{Estimate, Evaluation};
use crate::features::{Column, FeatureTable, Values};
use crate::lookalike::key::key;
use crate::lookalike::{Lookalike, ScorerKind, Seed};
use crate::random::Stream;
use crate::transaction::CustomerIds;

const CUSTOMERS: usize = 1_203;
const SHARES: [f64; 3] = [0.01, 0.1, 0.25];

/// Customers, and who of them is good.
fn shop() -> (FeatureTable, Vec<bool>) {
    let mut stream = Stream::new(2, "customers to evaluate", 0);
    let good: Vec<bool> = (0..CUSTOMERS).map(|_| stream.unit() < 0.2).collect();
    let mut numbers = |shift: f64| -> Vec<f64> {
        good.iter().map(|good| stream.normal() + if *good { shift } else { 0.0 }).collect()
    };
    let (x, y, gross) = (numbers(1.2), numbers(-0.6), numbers(0.5));
    let gross: Vec<f64> = gross.into_iter().map(f64::exp).collect();
    let rate: Vec<Option<f64>> =
        (0..CUSTOMERS).map(|row| (!row.is_multiple_of(11)).then(|| 0.7 * stream.unit())).collect();
    let contribution: Vec<Option<f64>> =
        gross.iter().zip(&rate).map(|(gross, rate)| rate.map(|rate| gross * (0.4 - rate))).collect();
    let days = (0..CUSTOMERS).map(|_| stream.below(300) as u32).collect();
    let orders = (0..CUSTOMERS).map(|_| 1 + stream.below(5) as u32).collect();
    let columns = [
        ("x", Column::new(Values::F64(x))),
        ("y", Column::new(Values::F64(y))),
        ("gross", Column::new(Values::F64(gross))),
        ("rate", Column::optional(rate)),
        ("contribution", Column::optional(contribution)),
        ("recency_days", Column::new(Values::U32(days))),
        ("orders", Column::new(Values::U32(orders))),
    ];
    (FeatureTable::from_columns(CustomerIds::rows(CUSTOMERS), columns).unwrap(), good)
}

fn lookalike() -> Lookalike {
    Lookalike::builder().features(["x", "y", "orders"]).scorer(ScorerKind::Logistic).build().unwrap()
}

fn evaluation() -> Evaluation {
    let columns = Evaluation::builder().value("gross").return_rate("rate").contribution("contribution");
    columns.repeats(3).seed(4).shares(SHARES).build().unwrap()
}

/// Every second of the good.
fn seeds(good: &[bool]) -> Vec<u64> {
    (0..good.len()).filter(|row| good[*row]).step_by(2).map(|row| row as u64).collect()
}

/// Recall, lift, precision, captured, return rate and contribution in each share, and then the area.
fn figures(table: &FeatureTable, scores: &[f64], pool: &[usize], sought: &[usize]) -> Vec<f64> {
    let number = |name: &str, row: usize| table.column(name).unwrap().number(row);
    let is_sought = |row: &usize| sought.binary_search(row).is_ok();
    let sum = |parts: &[(usize, f64)], of: &dyn Fn(usize) -> f64| -> f64 {
        parts.iter().map(|(row, part)| part * of(*row)).sum()
    };
    let found = |row: usize| f64::from(u8::from(is_sought(&row)));
    let worth = |row: usize| found(row) * number("contribution", row).unwrap_or(0.0).max(0.0);
    let bought = |row: usize| number("rate", row).and(number("gross", row)).unwrap_or(0.0);
    let returned = |row: usize| bought(row) * number("rate", row).unwrap_or(0.0);
    let known = |row: usize| f64::from(u8::from(number("contribution", row).is_some()));
    let earned = |row: usize| number("contribution", row).unwrap_or(0.0);
    let ahead: Vec<(f64, f64)> = pool
        .iter()
        .map(|row| {
            let higher = pool.iter().filter(|other| scores[**other] > scores[*row]).count();
            let equal = pool.iter().filter(|other| scores[**other].total_cmp(&scores[*row]).is_eq()).count();
            (higher as f64, equal as f64)
        })
        .collect();
    let mut all: Vec<f64> = Vec::new();
    let whole: Vec<(usize, f64)> = pool.iter().map(|row| (*row, 1.0)).collect();
    for share in SHARES {
        let size = share * pool.len() as f64;
        // Of the tied at the cut, each is in it in part.
        let parts: Vec<(usize, f64)> = pool
            .iter()
            .zip(&ahead)
            .map(|(row, (higher, equal))| (*row, ((size - higher) / equal).clamp(0.0, 1.0)))
            .collect();
        let recall = sum(&parts, &found) / sought.len() as f64;
        all.extend([recall, recall / share, sum(&parts, &found) / size]);
        all.push(sum(&parts, &worth) / sum(&whole, &worth));
        all.push(sum(&parts, &returned) / sum(&parts, &bought));
        all.push(sum(&parts, &earned) / sum(&parts, &known));
    }
    let (mut won, mut pairs) = (0.0, 0.0);
    for one in sought {
        for other in pool.iter().filter(|row| !is_sought(row)) {
            pairs += 1.0;
            won += match scores[*one].total_cmp(&scores[*other]) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    all.push(won / pairs);
    all
}

/// The same figures as an evaluation tells them.
fn told<'a>(shares: impl Iterator<Item = &'a RankingFigures>, auc: Estimate) -> Vec<Estimate> {
    let of = |own: &RankingFigures| {
        let rest = [own.captured, own.return_rate, own.contribution].map(Option::unwrap);
        [own.recall, own.lift, own.precision].into_iter().chain(rest).collect::<Vec<_>>()
    };
    shares.flat_map(of).chain([auc]).collect()
}

/// The mean and the sum of squares around it, of each figure.
fn spread(splits: &[Vec<f64>]) -> Vec<(f64, f64)> {
    (0..splits[0].len())
        .map(|figure| {
            let mean = splits.iter().map(|split| split[figure]).sum::<f64>() / splits.len() as f64;
            let square = |split: &Vec<f64>| (split[figure] - mean) * (split[figure] - mean);
            (mean, splits.iter().map(square).sum())
        })
        .collect()
}

#[test]
fn held_out_figures_are_means_over_plain_counts() {
    let (table, good) = shop();
    let seed = Seed::ids(seeds(&good)).valued_by("gross");
    let evaluated = evaluation().run(&lookalike(), &table, &seed).unwrap();

    let resolved = seed.resolve(&table).unwrap();
    let keys: Vec<u64> = resolved.rows.iter().map(|row| key(table.ids(), *row, PURPOSE)).collect();
    let by_rfm = rfm(&table, Some("gross")).unwrap().unwrap();
    let mut splits = [const { Vec::new() }; 3];
    for repeat in 0..3 {
        let held = held_out(&keys, &resolved.weights, 0.3, 4, repeat);
        let part = |wanted: bool| -> Vec<usize> {
            let rows = resolved.rows.iter().zip(&held).filter(|(_, held)| **held == wanted);
            rows.map(|(row, _)| *row).collect()
        };
        let (sought, kept) = (part(true), part(false));
        assert_eq!(sought.len() as u64, evaluated.held_out);
        let pool: Vec<usize> = (0..CUSTOMERS).filter(|row| kept.binary_search(row).is_err()).collect();
        assert_eq!(pool.len() as u64, evaluated.pool);
        let narrowed = Seed::ids(kept.iter().map(|row| *row as u64)).valued_by("gross");
        let model = lookalike().fit(&table, &narrowed).unwrap();
        let weights: Vec<f64> =
            kept.iter().map(|row| resolved.weights[resolved.rows.binary_search(row).unwrap()]).collect();
        let scores = model.score(&table).unwrap();
        let by_centroid = centroid(&model, &table, &kept, &weights).unwrap();
        for (splits, scores) in splits.iter_mut().zip([scores.log_odds(), &by_rfm, &by_centroid]) {
            splits.push(figures(&table, scores, &pool, &sought));
        }
    }
    let shares = || evaluated.shares.iter();
    let rankings = [
        told(shares().map(|at| &at.lookalike), evaluated.auc.lookalike),
        told(shares().map(|at| at.rfm.as_ref().unwrap()), evaluated.auc.rfm.unwrap()),
        told(shares().map(|at| &at.centroid), evaluated.auc.centroid),
    ];
    for (told, splits) in rankings.iter().zip(&splits) {
        for (found, (mean, squares)) in told.iter().zip(spread(splits)) {
            assert_relative_eq!(found.mean, mean, max_relative = 1e-9);
            let sd = (squares / 2.0).sqrt();
            assert_relative_eq!(found.sd.unwrap(), sd, max_relative = 1e-9, epsilon = 1e-12);
            let error = sd / 3.0_f64.sqrt();
            assert_relative_eq!(found.standard_error.unwrap(), error, max_relative = 1e-9, epsilon = 1e-12);
        }
    }
    assert!(evaluated.auc.lookalike.sd.unwrap() > 0.0);
}

#[test]
fn errors_over_time_are_those_of_leaving_out_each_group() {
    let (table, good) = shop();
    let known = seeds(&good);
    let seed = Seed::ids(known.clone());
    let became: Vec<u64> = (0..CUSTOMERS).filter(|row| good[*row]).map(|row| row as u64).collect();
    let became = CustomerIds::numbers(became).unwrap();
    let evaluated = evaluation().over_time(&lookalike(), &table, &seed, &became).unwrap();

    let scores = lookalike().fit(&table, &seed).unwrap().score(&table).unwrap();
    let by_rfm = rfm(&table, Some("gross")).unwrap().unwrap();
    let without = |group: Option<u64>| {
        let group_of = |row: usize| key(table.ids(), row, PURPOSE) % GROUPS;
        let pool: Vec<usize> = (0..CUSTOMERS)
            .filter(|row| known.binary_search(&(*row as u64)).is_err() && Some(group_of(*row)) != group)
            .collect();
        let sought: Vec<usize> = pool.iter().copied().filter(|row| good[*row]).collect();
        [scores.log_odds(), &by_rfm].map(|scores| figures(&table, scores, &pool, &sought))
    };
    let whole = without(None);
    let parts: Vec<[Vec<f64>; 2]> = (0..GROUPS).map(|group| without(Some(group))).collect();
    let shares = || evaluated.shares.iter();
    let rankings = [
        told(shares().map(|at| &at.lookalike), evaluated.auc.lookalike),
        told(shares().map(|at| at.rfm.as_ref().unwrap()), evaluated.auc.rfm.unwrap()),
    ];
    for (place, told) in rankings.iter().enumerate() {
        let parts: Vec<Vec<f64>> = parts.iter().map(|part| part[place].clone()).collect();
        for ((found, whole), (_, squares)) in told.iter().zip(&whole[place]).zip(spread(&parts)) {
            assert_relative_eq!(found.mean, *whole, max_relative = 1e-9);
            assert_eq!(found.sd, None);
            let error = (19.0 / 20.0 * squares).sqrt();
            assert_relative_eq!(found.standard_error.unwrap(), error, max_relative = 1e-7, epsilon = 1e-12);
            assert!(error > 0.0);
        }
    }
}
