//! The three families on real orders, against the same plain loops and some figures counted in the files.

use flate2::read::GzDecoder;
use kohort::features::Breadth;

use super::{Kind, Row, breadth, builder, check, column, log_of, returns};
use crate::features::DAY;
use crate::real_data::data_file;

/// `12.345` as 123,450.
fn ten_thousandths(text: &str) -> i64 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{decimals:0<4}").parse().unwrap()
}

/// A date, with or without a time, in microseconds.
fn micros(text: &str) -> i64 {
    let parse = |text: &str| text.parse::<jiff::civil::DateTime>();
    let civil = parse(text).or_else(|_| parse(&format!("{text} 00:00:00"))).unwrap();
    civil.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond()
}

fn rows(file: &str, row: impl Fn(&csv::StringRecord) -> Option<Row>) -> Option<Vec<Row>> {
    let file = std::fs::File::open(data_file(file)?).unwrap();
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    Some(reader.records().filter_map(|record| row(&record.unwrap())).collect())
}

/// Fashion: the colour stands for the category; the orders are days.
fn fashion() -> Option<Vec<Row>> {
    rows("bads_fashion_orders.csv.gz", |record| {
        Some(Row {
            time: micros(&record[1]),
            gross: ten_thousandths(&record[7]),
            unwanted: record[13].parse().unwrap(),
            product: record[3].to_owned(),
            category: Some(record[5].to_owned()).filter(|colour| !colour.is_empty()),
            brand: Some(record[6].to_owned()),
            ..Row::new(record[8].parse().unwrap(), &record[1], 0)
        })
    })
}

/// Gifts: the beginning of the product's code stands for the category, and clocks of the shop for those of the world.
fn gifts() -> Option<Vec<Row>> {
    rows("online_retail_2010_2011.csv.gz", |record| {
        if record[6].is_empty() || record[0].starts_with('A') {
            return None;
        }
        let pieces: i64 = record[3].parse().unwrap();
        Some(Row {
            time: micros(&record[4]),
            pieces: pieces.abs(),
            gross: pieces.abs() * ten_thousandths(&record[5]),
            product: record[1].to_owned(),
            category: Some(record[1].chars().take(3).collect()),
            note: pieces < 0,
            ..Row::new(record[6].parse().unwrap(), &record[0], 0)
        })
    })
}

/// All three families of both, as of a moment in the middle of the returns and at the end.
fn agrees(rows: &[Row], kind: Kind, moments: [&str; 2]) {
    let log = log_of(rows, kind);
    for moment in moments.map(micros) {
        let settings = Breadth::builder().largest(4).often(3).build().unwrap();
        let extract = |builder: kohort::features::FeatureExtractorBuilder| {
            builder.build().unwrap().extract(&log).unwrap()
        };
        check(&extract(builder(moment).breadth(settings)), &breadth::plain(rows, moment, 4, 3));
        check(&extract(builder(moment).returns()), &returns::plain(rows, kind, moment));
        check(&extract(builder(moment).prices()), &super::prices::plain(rows, moment));
    }
}

#[test]
fn fashion_agrees_with_plain_loops() {
    let Some(rows) = fashion() else { return };
    agrees(&rows, Kind::Flag, ["2012-10-15", "2013-12-31"]);
    let table = builder(micros("2013-12-31")).features([kohort::Feature::Orders]).returns().build().unwrap();
    let table = table.extract(&log_of(&rows, Kind::Flag)).unwrap();
    assert!(!table.has("days_to_return"), "there are no times of returns");
    // Value that came back per value bought of the whole shop: all orders are mature by then.
    let returned = rows.iter().filter(|row| row.unwanted > 0).map(Row::paid).sum::<i64>() as f64;
    let paid = rows.iter().map(Row::paid).sum::<i64>() as f64;
    assert!((returned / paid - 0.5242).abs() < 0.000_05, "the published rate");
    let rates = column(&table, "return_rate_orders").into_iter().zip(column(&table, "orders"));
    let returning: f64 = rates.filter_map(|(rate, orders)| Some(rate? * orders?)).sum();
    let mut orders: Vec<(u64, &str)> = Vec::new();
    for row in rows.iter().filter(|row| row.unwanted > 0) {
        // A free line that comes back makes its order a returning one, if the order has a sale.
        let sold =
            |other: &Row| other.customer == row.customer && other.order == row.order && other.is_sale();
        if row.is_sale() || rows.iter().any(sold) {
            orders.push((row.customer, &row.order));
        }
    }
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(returning.round() as usize, orders.len());
}

#[test]
fn gifts_agree_with_plain_loops() {
    let Some(rows) = gifts() else { return };
    agrees(&rows, Kind::Notes, ["2011-06-01", "2011-12-10"]);
    let days = column(
        &builder(micros("2011-12-10"))
            .returns()
            .build()
            .unwrap()
            .extract(&log_of(&rows, Kind::Notes))
            .unwrap(),
        "days_to_return",
    );
    let known: Vec<f64> = days.into_iter().flatten().collect();
    assert!(known.iter().all(|days| (0.0..=374.0).contains(days)) && known.len() > 1_000, "{}", known.len());
    assert!(rows.iter().any(|row| row.time % DAY != 0));
}
