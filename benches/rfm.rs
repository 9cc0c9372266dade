//! RFM of a million made-up customers: fitting, scoring and naming, each on its own.
//!
//! Bytes that must move: 16 read per customer for the fit (u32 days, u32 orders, money), 16 read and 3 written for
//! scores, 3 read and 2 written for names.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kohort::features::{FeatureTable, Values};
use kohort::segment::{Rfm, RfmMode, StarterSegments};
use kohort::transaction::CustomerIds;
use kohort::{Money, Segmenter};

const CUSTOMERS: usize = 1_000_000;

/// Days up to two years, orders that half of all customers place once, amounts over four orders of magnitude.
fn customers() -> FeatureTable {
    let mut state = 0x6b6f_686f_7274_u64;
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    };
    let recency = (0..CUSTOMERS).map(|_| (draw() % 730) as u32).collect();
    let orders = (0..CUSTOMERS).map(|_| draw().trailing_zeros() + 1).collect();
    let net = (0..CUSTOMERS)
        .map(|_| Money::from_ten_thousandths((draw() >> (36 + draw() % 14)) as i64 * 100))
        .collect();
    let tenure = (0..CUSTOMERS).map(|_| (draw() % 2_000) as u32).collect();
    FeatureTable::from_columns(
        CustomerIds::rows(CUSTOMERS),
        [
            ("recency_days", Values::U32(recency)),
            ("orders", Values::U32(orders)),
            ("net", Values::Money(net)),
            ("tenure_days", Values::U32(tenure)),
        ],
    )
    .expect("the columns are of one length")
}

fn rfm(criterion: &mut Criterion) {
    let table = customers();
    let rfm = Rfm::builder().build().expect("the defaults are valid");
    let nested = Rfm::builder().mode(RfmMode::Nested).build().expect("the defaults are valid");
    let model = rfm.fit(&table).expect("the table has the features");
    let scores = model.scores(&table).expect("the table has the features");
    let starter = StarterSegments::builder().build().expect("the defaults are valid");

    let mut group = criterion.benchmark_group("rfm");
    group.throughput(Throughput::Elements(CUSTOMERS as u64)).sample_size(20);
    group.bench_function("fit", |bencher| bencher.iter(|| rfm.fit(black_box(&table))));
    group.bench_function("fit nested", |bencher| bencher.iter(|| nested.fit(black_box(&table))));
    group.bench_function("score", |bencher| bencher.iter(|| model.scores(black_box(&table))));
    group.bench_function("name", |bencher| bencher.iter(|| model.name(black_box(&scores))));
    group.bench_function("all", |bencher| {
        bencher.iter(|| rfm.fit(black_box(&table)).and_then(|model| model.segment(&table)));
    });
    group.bench_function("starter", |bencher| {
        bencher.iter(|| starter.fit(black_box(&table)).and_then(|model| model.segment(&table)));
    });
    group.finish();
}

criterion_group!(benches, rfm);
criterion_main!(benches);
