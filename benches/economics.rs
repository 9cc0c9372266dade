//! Economics of 200,000 made-up customers: waterfalls, the plan of eight segments, what `enrich` adds, and who looks rich.
//!
//! Bytes that must move for waterfalls: some 60 read per customer (money, counts) and 88 written; the plan reads both once
//! more, twice.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kohort::economics::{CostOfGoods, Item, Marketing};
use kohort::features::{FeatureTable, Values};
use kohort::transaction::CustomerIds;
use kohort::{Costs, Economics, Money, Rate, Segmentation};

const CUSTOMERS: usize = 200_000;

/// Customers of one to twelve orders; one in ten sends nearly everything back.
fn customers() -> FeatureTable {
    let mut state = 0x636f_7374_u64;
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    };
    let orders: Vec<u32> = (0..CUSTOMERS).map(|_| (draw().trailing_zeros() + 1).min(12)).collect();
    let lines: Vec<u32> = orders.iter().map(|orders| orders + (draw() % 20) as u32).collect();
    let gross: Vec<i64> =
        lines.iter().map(|lines| i64::from(*lines) * (100_000 + (draw() % 900_000) as i64)).collect();
    let back: Vec<u32> = lines
        .iter()
        .map(|lines| {
            let most = if draw() % 10 == 0 { *lines } else { lines.div_ceil(2) };
            most - (draw() % u64::from(most + 1)) as u32 * u32::from(most < *lines)
        })
        .collect();
    let money = |of: &dyn Fn(usize) -> i64| {
        Values::Money((0..CUSTOMERS).map(|row| Money::from_ten_thousandths(of(row))).collect())
    };
    let returned = |row: usize| gross[row] * 9 / 10 * i64::from(back[row]) / i64::from(lines[row]);
    let columns = [
        ("gross", money(&|row| gross[row])),
        ("discount", money(&|row| gross[row] / 10)),
        ("returned", money(&returned)),
        ("category_gross__shoes", money(&|row| gross[row] / 3)),
        ("category_returned_gross__shoes", money(&|row| returned(row) / 3)),
        ("returned_gross_attributed", money(&returned)),
        ("items", Values::I64(lines.iter().map(|lines| i64::from(*lines)).collect())),
        ("return_parcels", Values::U32(back.iter().map(|back| back.div_ceil(2)).collect())),
        ("tickets", Values::U32(back.iter().map(|back| back / 3).collect())),
        ("lines", Values::U32(lines)),
        ("lines_returned", Values::U32(back)),
        ("orders", Values::U32(orders)),
    ];
    FeatureTable::from_columns(CustomerIds::rows(CUSTOMERS), columns).expect("the columns are of one length")
}

fn economics(criterion: &mut Criterion) {
    let table = customers();
    let share = |fraction: f64| Rate::from_f64(fraction).expect("six decimals");
    let amount = |text: &str| Money::parse(text).expect("an amount");
    let costs = || {
        Costs::builder(CostOfGoods::ShareOfGross(share(0.42)))
            .fulfilment_per_order(amount("4.50"))
            .payment_fee(share(0.02))
            .marketing(Marketing::SpreadOverOrders(amount("500000")))
    };
    let by_category = costs().cost_of_goods_by_category([("shoes", share(0.55))]).activity(
        Item::Service,
        "ticket",
        amount("5"),
        "tickets",
    );
    let economics = |costs: kohort::economics::CostsBuilder| {
        Economics::builder(costs.build().expect("valid costs")).build().expect("the defaults are valid")
    };
    let (plain, by_category) = (economics(costs()), economics(by_category));
    let names = (0..8).map(|segment| format!("segment {segment}")).collect();
    let of: Vec<Option<usize>> =
        (0..CUSTOMERS).map(|row| Some(row * 31 % 9).filter(|own| *own < 8)).collect();
    let segments = Segmentation::new(&table, names, &of).expect("positions of names");

    let mut group = criterion.benchmark_group("economics");
    group.throughput(Throughput::Elements(CUSTOMERS as u64)).sample_size(10);
    group.bench_function("waterfalls", |bencher| bencher.iter(|| plain.waterfalls(black_box(&table))));
    group.bench_function("waterfalls by category", |bencher| {
        bencher.iter(|| by_category.waterfalls(black_box(&table)));
    });
    group.bench_function("prioritize", |bencher| {
        bencher.iter(|| plain.prioritize(black_box(&table), black_box(&segments)));
    });
    group.bench_function("enrich", |bencher| bencher.iter(|| plain.enrich(black_box(&table))));
    group.bench_function("looks rich", |bencher| bencher.iter(|| plain.looks_rich(black_box(&table))));
    group.finish();
}

criterion_group!(benches, economics);
criterion_main!(benches);
