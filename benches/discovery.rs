//! Who carries the profit, and the search for rules, for a million made-up customers of 25 columns.
//!
//! What must be done: read the columns once, and for each rule that is refined a byte per customer and feature of those
//! the search sees; counts and sums of a rule's refinements stay in the first-level cache.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kohort::economics::Discovery;
use kohort::features::{Column, FeatureTable, Values};
use kohort::transaction::CustomerIds;
use kohort::{Category, CostOfGoods, Costs, Economics, Money, Rate};

const CUSTOMERS: usize = 1_000_000;

/// A tenth buys much and sends nearly everything back; 19 of the columns say nothing about it.
fn customers() -> FeatureTable {
    let mut state = 0x6469_7363_u64;
    let mut draw = |bound: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % bound
    };
    let (mut gross, mut returned, mut lines, mut lines_returned) = (vec![], vec![], vec![], vec![]);
    for customer in 0..CUSTOMERS {
        let heavy = customer % 10 == 3;
        let bought = if heavy { 15 + draw(20) } else { 1 + draw(16) };
        let back = (0..bought).filter(|_| draw(100) < if heavy { 93 } else { 25 }).count() as u64;
        let price = 300_000 + draw(800_000);
        gross.push(Money::from_ten_thousandths((bought * price) as i64));
        returned.push(Money::from_ten_thousandths((back * price) as i64));
        lines.push(bought as u32);
        lines_returned.push(back as u32);
    }
    let rate = lines.iter().zip(&lines_returned).map(|(n, y)| Some(f64::from(*y) / f64::from(*n)));
    let names: Vec<String> = (0..40).map(|city| format!("city {city}")).collect();
    let city = (0..CUSTOMERS).map(|_| Some(names[draw(40) as usize].as_str()));
    let mut columns = vec![
        ("gross".to_owned(), Column::new(Values::Money(gross))),
        ("returned".to_owned(), Column::new(Values::Money(returned))),
        ("return_rate".to_owned(), Column::optional(rate.collect())),
        ("lines".to_owned(), Column::new(Values::U32(lines))),
        ("return_parcels".to_owned(), Column::new(Values::U32(lines_returned.clone()))),
        ("lines_returned".to_owned(), Column::new(Values::U32(lines_returned))),
        ("city".to_owned(), Column::new(Values::Category(Category::from_texts(city)))),
    ];
    for number in 0..10 {
        let whole = (0..CUSTOMERS).map(|_| draw(700) as u32).collect();
        columns.push((format!("whole {number}"), Column::new(Values::U32(whole))));
        let share = (0..CUSTOMERS).map(|_| (draw(9) > 0).then(|| draw(1_000) as f64 / 1_000.0)).collect();
        columns.push((format!("share {number}"), Column::optional(share)));
    }
    columns.truncate(25);
    FeatureTable::from_columns(CustomerIds::rows(CUSTOMERS), columns).expect("the columns are of one length")
}

fn discovery(criterion: &mut Criterion) {
    let table = customers();
    let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.45).expect("a share")));
    let economics = Economics::builder(costs.build().expect("costs")).build().expect("economics");
    let search = Discovery::builder().build().expect("a search");
    let mut group = criterion.benchmark_group("discovery");
    group.sample_size(10).throughput(Throughput::Elements(CUSTOMERS as u64));
    group.bench_function("waterfalls", |bencher| {
        bencher.iter(|| economics.waterfalls(black_box(&table)).expect("waterfalls"));
    });
    group.bench_function("concentration", |bencher| {
        bencher.iter(|| economics.concentration(black_box(&table)).expect("concentration"));
    });
    group.bench_function("rules", |bencher| {
        bencher.iter(|| economics.discover(black_box(&table), &search).expect("rules"));
    });
    group.finish();
}

criterion_group!(benches, discovery);
criterion_main!(benches);
