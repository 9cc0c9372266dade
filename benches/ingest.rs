//! How fast order lines are taken in: from CSV text, plain and gzip, and from columns.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use kohort::transaction::{Attribute, LogColumns, PriceColumn, ReturnedColumn, SchemaPrice};
use kohort::{Category, LogRules, ReconcileBy, Returns, Schema, TransactionLog};

const LINES: usize = 100_000;

/// A number between 0 and `below` that looks random and is the same every time.
fn pick(line: usize, stream: usize, below: usize) -> usize {
    ((line * 31 + stream) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_right(29) as usize % below
}

/// Orders of three lines, in order of time.
fn file() -> String {
    let mut text = String::from("order,sku,pieces,date,price,customer,country,returned\n");
    for line in 0..LINES {
        let order = line / 3;
        let (day, hour, minute) = (order / 1_200 + 1, order / 60 % 20, order % 60);
        let _ = writeln!(
            text,
            "{},SKU{:05},{},2024-01-{day:02} {hour:02}:{minute:02}:00,{}.{:02},{},{},{}",
            536_365 + order,
            pick(line, 1, 4_000),
            1 + pick(line, 2, 5),
            pick(line, 3, 90),
            pick(line, 4, 100),
            10_000 + pick(order, 5, 20_000),
            ["Germany", "France", "Austria"][pick(order, 6, 3)],
            pick(line, 7, 3) / 2,
        );
    }
    text
}

fn rules() -> kohort::Result<LogRules> {
    LogRules::builder("EUR").returns(Returns::Flag).build()
}

fn csv(c: &mut Criterion) {
    let rules = rules().expect("the rules are right");
    let schema = Schema::builder(&rules, "customer", "date", SchemaPrice::Unit("price"))
        .order("order")
        .quantity("pieces")
        .product("sku")
        .country("country")
        .returned("returned")
        .build()
        .expect("the schema is right");
    let plain = file();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let gzip =
        encoder.write_all(plain.as_bytes()).and_then(|()| encoder.finish()).expect("memory can be written");
    let mut group = c.benchmark_group("ingest");
    group.throughput(Throughput::Elements(LINES as u64)).sample_size(10);
    group.bench_function("csv", |b| {
        b.iter(|| {
            TransactionLog::from_csv_reader(black_box(plain.as_bytes()), &schema).expect("the file is right")
        });
    });
    group.bench_function("csv_gzip", |b| {
        b.iter(|| {
            TransactionLog::from_csv_reader(black_box(gzip.as_slice()), &schema).expect("the file is right")
        });
    });
    let log = TransactionLog::from_csv_reader(plain.as_bytes(), &schema).expect("the file is right");
    assert_eq!(log.len(), LINES, "every line is kept");
    group.bench_function("reconcile_by_month", |b| b.iter(|| black_box(&log).reconcile(ReconcileBy::Month)));
    group.finish();
}

fn columns(c: &mut Criterion) {
    let rules = rules().expect("the rules are right");
    let lines = || 0..LINES;
    let price: Vec<f64> = lines().map(|line| pick(line, 3, 9_000) as f64 / 100.0).collect();
    let quantity: Vec<i32> = lines().map(|line| 1 + pick(line, 2, 5) as i32).collect();
    let returned: Vec<bool> = lines().map(|line| pick(line, 7, 3) == 2).collect();
    let seconds: Vec<i64> = lines().map(|line| 1_704_067_200 + 60 * (line / 3) as i64).collect();
    let customers: Vec<u64> = lines().map(|line| pick(line / 3, 5, 20_000) as u64).collect();
    let orders: Vec<u64> = lines().map(|line| (line / 3) as u64).collect();
    let products =
        Category::from_numbers(&lines().map(|line| pick(line, 1, 4_000) as i64).collect::<Vec<_>>());
    let mut group = c.benchmark_group("ingest");
    group.throughput(Throughput::Elements(LINES as u64)).sample_size(10);
    group.bench_function("columns", |b| {
        b.iter(|| {
            let columns =
                LogColumns::new(customers.clone(), &seconds[..], PriceColumn::Unit((&price[..]).into()))
                    .times_in_seconds()
                    .order(orders.clone())
                    .quantity(&quantity[..])
                    .returned(ReturnedColumn::Flag((&returned[..]).into()))
                    .attribute(Attribute::Product, products.clone());
            TransactionLog::from_columns(black_box(columns), &rules).expect("the columns are right")
        });
    });
    group.finish();
}

criterion_group!(benches, csv, columns);
criterion_main!(benches);
