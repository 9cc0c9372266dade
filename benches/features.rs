//! Features of a synthetic fashion shop's 200,000 order lines, and of as many with credit notes.
//!
//! What a row costs in bytes: the columns that the features need are read from the log, written to the part of the
//! row's customer, and read there; what follows stays in the cache. For recency, orders and gross these are 32 bytes
//! (customer, order, time, gross), for all features of this shop 84 (also pieces, discount, cost, what came back and
//! when, and three texts): about 100 and 250 bytes moved. Credit notes bring 5 more (product and kind of line), and a
//! sort of the lines of each customer who has one. A push moves the lines to their customers as an extraction does,
//! sorts them there and writes what they have become, at 60 bytes and more a row: one to two extractions.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kohort::features::FeatureState;
use kohort::synthetic::Shop;
use kohort::transaction::{Attribute, LogColumns, PriceColumn};
use kohort::{Category, Feature, FeatureExtractor, LogRules, Returns, TransactionLog};

/// Customers of the log with credit notes, and the lines of each, of which every fifth is one.
const CUSTOMERS: usize = 20_000;
const LINES_EACH: usize = 10;

fn shop() -> TransactionLog {
    let shop = Shop::builder().build().and_then(|shop| shop.generate());
    shop.expect("the default shop is valid").log
}

/// Lines in order of time. A credit note takes back one of two pieces that its customer bought before.
fn credit_notes() -> TransactionLog {
    let lines = || (0..CUSTOMERS * LINES_EACH).map(|line| (line % CUSTOMERS, line / CUSTOMERS));
    let customers: Vec<u64> =
        lines().map(|(customer, _)| (customer as u64).wrapping_mul(0x9e37_79b9)).collect();
    let orders: Vec<u64> = lines().map(|(_, line)| line as u64 / 2).collect();
    let times: Vec<i64> = (0..CUSTOMERS * LINES_EACH).map(|line| line as i64 * 60_000_000).collect();
    let note = |line: usize| line % 5 == 4;
    let pieces: Vec<i32> = lines().map(|(_, line)| if note(line) { -1 } else { 2 }).collect();
    let prices: Vec<f64> =
        lines().map(|(customer, line)| (500 + (customer * 7 + line) % 9_000) as f64 / 100.0).collect();
    let products: Vec<i64> = lines().map(|(customer, line)| ((customer + line % 3) % 4_000) as i64).collect();
    let columns = LogColumns::new(customers, times, PriceColumn::Unit(prices.into()))
        .order(orders)
        .quantity(pieces)
        .attribute(Attribute::Product, Category::from_numbers(&products));
    let rules = LogRules::builder("EUR").returns(Returns::CreditNotes { prefix: None }).build();
    let log = rules.and_then(|rules| TransactionLog::from_columns(columns, &rules));
    log.expect("the columns are of one length")
}

fn extractor(log: &TransactionLog, features: Option<&[Feature]>) -> FeatureExtractor {
    let as_of = log.as_of_end().expect("the log has lines");
    let builder = FeatureExtractor::builder(as_of);
    let builder = match features {
        Some(features) => builder.features(features.iter().copied()),
        None => builder,
    };
    builder.build().expect("the features are valid")
}

fn features(criterion: &mut Criterion) {
    let log = shop();
    let all = extractor(&log, None);
    let few = extractor(&log, Some(&[Feature::RecencyDays, Feature::Orders, Feature::Gross]));
    let mut group = criterion.benchmark_group("features");
    group.throughput(Throughput::Elements(log.len() as u64)).sample_size(20);
    group.bench_function("all", |bencher| bencher.iter(|| all.extract(black_box(&log))));
    group.bench_function("recency, orders, gross", |bencher| bencher.iter(|| few.extract(black_box(&log))));
    group.bench_function("state push", |bencher| {
        bencher.iter(|| {
            let mut state = FeatureState::new();
            state.push(black_box(&log)).map(|()| state)
        });
    });
    let mut state = FeatureState::new();
    state.push(&log).expect("an empty state takes any log");
    group.bench_function("state finish", |bencher| bencher.iter(|| black_box(&state).finish(&all)));
    group.finish();
}

fn attribution(criterion: &mut Criterion) {
    let log = credit_notes();
    assert_eq!(log.len(), CUSTOMERS * LINES_EACH, "every line is kept");
    let attributed = extractor(&log, Some(&[Feature::ReturnedAttributed]));
    let posted = extractor(&log, Some(&[Feature::Returned]));
    let mut group = criterion.benchmark_group("credit notes");
    group.throughput(Throughput::Elements(log.len() as u64)).sample_size(20);
    group.bench_function("attributed", |bencher| bencher.iter(|| attributed.extract(black_box(&log))));
    group.bench_function("posted", |bencher| bencher.iter(|| posted.extract(black_box(&log))));
    group.finish();
}

criterion_group!(benches, features, attribution);
criterion_main!(benches);
