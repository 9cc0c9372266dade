//! Rules over a million made-up customers: one predicate, twenty that share columns, missing values, texts, a waterfall,
//! and one customer at a time.
//!
//! Bytes that must move: the columns that are asked about, once (36 a customer here), and a bit per customer and rule. What
//! beyond that takes time is the comparisons: up to three bounds of a column one by one, more of them by a search.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kohort::features::{Column, FeatureTable, Values};
use kohort::segment::{CustomerFeatures, Predicate, Rules, Segmenter, Waterfall, bucket, feature};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Category, CustomerId, Money};

const CUSTOMERS: usize = 1_000_000;

/// Days up to two years, orders, money, rates that half of the customers lack, and one of 200 cities.
fn customers() -> FeatureTable {
    let mut state = 0x7275_6c65_u64;
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    };
    let recency = (0..CUSTOMERS).map(|_| (draw() % 730) as u32).collect();
    let orders = (0..CUSTOMERS).map(|_| draw().trailing_zeros() + 1).collect();
    let net = (0..CUSTOMERS).map(|_| Money::from_ten_thousandths((draw() >> 44) as i64)).collect();
    let rate = (0..CUSTOMERS).map(|_| (draw() % 1_000) as f64 / 1_000.0).collect();
    let rated: Bitmap = (0..CUSTOMERS).map(|_| draw() % 2 == 0).collect();
    let cities: Vec<String> = (0..200).map(|city| format!("city {city}")).collect();
    let city = Category::from_texts((0..CUSTOMERS).map(|_| Some(cities[(draw() % 200) as usize].as_str())));
    FeatureTable::from_columns(
        CustomerIds::rows(CUSTOMERS),
        [
            ("recency_days", Column::new(Values::U32(recency))),
            ("orders", Column::new(Values::U32(orders))),
            ("net", Column::new(Values::Money(net))),
            ("return_rate", Column::with_missing(Values::F64(rate), rated).expect("a bit per rate")),
            ("city", Column::new(Values::Category(city))),
        ],
    )
    .expect("the columns are of one length")
}

/// A predicate of six comparisons.
fn nested(index: u32) -> Predicate {
    let recent = feature("recency_days").le(30 + 15 * index).and(feature("orders").ge(3 + index % 5));
    let spends = recent.or(feature("net").gt(20.0 + f64::from(index)));
    spends
        .and(feature("recency_days").lt(600 + index))
        .and(feature("orders").le(9).or(feature("net").le(90.0)))
}

fn set(rules: impl IntoIterator<Item = Predicate>) -> Rules {
    let named = rules.into_iter().enumerate();
    let rules =
        named.fold(Rules::builder(), |rules, (index, rule)| rules.rule(format!("rule {index}"), rule));
    rules.build().expect("the rules make sense")
}

fn rules(criterion: &mut Criterion) {
    let table = customers();
    let sets = [
        ("one", set([nested(0)])),
        ("twenty", set((0..20).map(nested))),
        ("missing values", set((0..5).map(|index| !feature("return_rate").gt(f64::from(index) / 5.0)))),
        ("texts", set([feature("city").ends_with("7"), feature("city").starts_with("city 1")])),
        ("bucket", set([bucket("spring").lt(0.1)])),
        ("score", set([Predicate::score((0..10).map(|index| (1, nested(index))), 5)])),
    ];
    let mut group = criterion.benchmark_group("rules");
    group.throughput(Throughput::Elements(CUSTOMERS as u64)).sample_size(20);
    for (name, rules) in sets {
        let model = rules.fit(&table).expect("the table has the features");
        group.bench_function(name, |bencher| bencher.iter(|| model.evaluate(black_box(&table))));
    }
    let learned = set([feature("net").above_percentile(90.0), feature("orders").top(1_000)]);
    group.bench_function("fit of percentiles", |bencher| bencher.iter(|| learned.fit(black_box(&table))));
    let steps = (0..5)
        .fold(Waterfall::builder(), |steps, index| steps.step(format!("step {index}"), nested(4 * index)));
    let waterfall =
        steps.build().expect("the steps make sense").fit(&table).expect("the table has the features");
    group.bench_function("waterfall", |bencher| bencher.iter(|| waterfall.segment(black_box(&table))));
    group.finish();

    let model = set((0..20).map(nested)).fit(&table).expect("the table has the features");
    let customer = CustomerFeatures::of(&table, &CustomerId::Number(77)).expect("she is in the table");
    criterion.bench_function("rules/one customer", |bencher| {
        bencher.iter(|| model.evaluate_one(black_box(&customer)));
    });
}

criterion_group!(benches, rules);
criterion_main!(benches);
