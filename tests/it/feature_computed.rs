//! Computed traits, custom features and rhythm against plain computations.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use kohort::features::{Aggregate, Computed, Custom, Detail, FeatureState, Number, Over};
use kohort::transaction::LineKind;
use kohort::{
    AsOf, Attribute, Error, Feature, FeatureExtractor, FeatureTable, IdKind, LogRules, Money, OrderLine,
    Price, TransactionLog, Window, Zone,
};
use proptest::prelude::*;

use crate::feature_windows::with_credit_notes;
use crate::features::{DAY, Row, log_of, rows};

fn builder(as_of: i64) -> kohort::features::FeatureExtractorBuilder {
    FeatureExtractor::builder(AsOf::instant(as_of, &Zone::utc()).unwrap())
}

/// A sale line or an order in the plain computation; money in ten-thousandths.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    time: i64,
    order: u64,
    pieces: i64,
    gross: i64,
    channel: u8,
}

/// The sale lines of channel 1 with a category, from 30 days before the moment until 5 days before it.
fn lines(rows: &[Row], customer: u64, as_of: i64) -> Vec<Item> {
    let passes =
        |row: &&Row| row.customer == customer && !row.credit_note && row.unit > 0 && row.time < as_of;
    let item = |row: &Row| Item {
        time: row.time,
        order: row.order,
        pieces: row.pieces,
        gross: row.pieces * row.unit,
        channel: row.channel,
    };
    rows.iter()
        .filter(passes)
        .filter(|row| row.category.is_some_and(|category| category != 2))
        .map(item)
        .collect()
}

fn orders(lines: &[Item]) -> Vec<Item> {
    let mut orders: BTreeMap<u64, Vec<Item>> = BTreeMap::new();
    for line in lines {
        orders.entry(line.order).or_default().push(line.clone());
    }
    let sum = |(order, lines): (u64, Vec<Item>)| {
        let mut channels: BTreeMap<u8, i64> = BTreeMap::new();
        for line in &lines {
            *channels.entry(line.channel).or_default() += line.gross;
        }
        let most =
            channels.iter().max_by_key(|(channel, gross)| (**gross, std::cmp::Reverse(**channel))).unwrap();
        Item {
            time: lines.iter().map(|line| line.time).min().unwrap(),
            order,
            pieces: lines.iter().map(|line| line.pieces).sum(),
            gross: lines.iter().map(|line| line.gross).sum(),
            channel: *most.0,
        }
    };
    orders.into_iter().map(sum).collect()
}

fn most_frequent<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, u32> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts
        .into_iter()
        .max_by_key(|(value, count)| (*count, std::cmp::Reverse(*value)))
        .map(|(value, _)| value)
}

fn expected(aggregate: Aggregate, items: &[Item]) -> Option<f64> {
    let money = |amount: i64| amount as f64 / 10_000.0;
    match aggregate {
        Aggregate::Count => Some(items.len() as f64),
        Aggregate::Sum(Number::Gross) => Some(money(items.iter().map(|item| item.gross).sum())),
        Aggregate::Sum(_) => Some(items.iter().map(|item| item.pieces).sum::<i64>() as f64),
        Aggregate::Average(_) => {
            let sum = items.iter().map(|item| item.gross).sum::<i64>() as f64;
            (!items.is_empty()).then(|| sum / items.len() as f64 / 10_000.0)
        }
        Aggregate::Min(_) => items.iter().map(|item| item.gross).min().map(money),
        Aggregate::Max(_) => items.iter().map(|item| item.gross).max().map(money),
        Aggregate::First(kohort::features::TraitValue::Number(_)) => {
            items.iter().map(|item| (item.time, item.order, item.gross)).min().map(|first| money(first.2))
        }
        Aggregate::First(_) => items
            .iter()
            .map(|item| (item.time, item.order, item.channel))
            .min()
            .map(|first| f64::from(first.2)),
        Aggregate::Last(_) => {
            items.iter().map(|item| (item.time, item.order, item.channel)).max().map(|last| f64::from(last.2))
        }
        Aggregate::MostFrequent(kohort::features::TraitValue::Number(_)) => {
            most_frequent(items.iter().map(|item| item.pieces)).map(|pieces| pieces as f64)
        }
        Aggregate::MostFrequent(_) => most_frequent(items.iter().map(|item| item.channel)).map(f64::from),
        Aggregate::Distinct(_) => {
            Some(items.iter().map(|item| item.channel).collect::<BTreeSet<_>>().len() as f64)
        }
        _ => unreachable!("all are listed"),
    }
}

fn found(table: &FeatureTable, name: &str, row: usize) -> Option<f64> {
    match table.category(name) {
        Ok(texts) => texts.get(row).map(|text| text[2..].parse().unwrap()),
        Err(_) => table.column(name).unwrap().number(row),
    }
}

fn aggregates() -> Vec<Aggregate> {
    vec![
        Aggregate::Count,
        Aggregate::Sum(Number::Gross),
        Aggregate::Sum(Number::Quantity),
        Aggregate::Average(Number::Gross),
        Aggregate::Min(Number::Gross),
        Aggregate::Max(Number::Gross),
        Aggregate::First(Number::Gross.into()),
        Aggregate::First(Attribute::Channel.into()),
        Aggregate::Last(Attribute::Channel.into()),
        Aggregate::MostFrequent(Attribute::Channel.into()),
        Aggregate::MostFrequent(Number::Quantity.into()),
        Aggregate::Distinct(Attribute::Channel.into()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_aggregate_agrees_with_the_plain_computation(
        rows in rows(false), credit_notes: bool, day in 20_i64..90, most in 0.5_f64..30.0,
    ) {
        let rows = with_credit_notes(rows, credit_notes);
        let log = log_of(&rows, credit_notes, IdKind::Number);
        prop_assume!(log.attribute(Attribute::Category).is_some());
        let most = (most * 100.0).round() / 100.0;
        let mut traits = Vec::new();
        for over in [Over::Lines, Over::Orders] {
            for (index, aggregate) in aggregates().into_iter().enumerate() {
                let builder = Computed::builder(format!("{over:?}_{index}"), over, aggregate)
                    .except(Attribute::Category, ["cat2"])
                    .at_most(Number::Gross, most)
                    .within(Window::days_ago(40, 5));
                traits.push((over, aggregate, builder.build().unwrap()));
            }
        }
        let all = traits.iter().map(|(.., computed)| computed.clone());
        let table = builder(day * DAY).features([]).computed(all).build().unwrap().extract(&log).unwrap();
        for (row, id) in table.ids().iter().enumerate() {
            let own = lines(&rows, id.to_string().parse().unwrap(), day * DAY);
            for (over, aggregate, computed) in &traits {
                let mut items = if *over == Over::Lines { own.clone() } else { orders(&own) };
                items.retain(|item| {
                    item.gross as f64 <= most * 10_000.0
                        && (day * DAY - 40 * DAY..day * DAY - 5 * DAY).contains(&item.time)
                });
                let found = found(&table, computed.name(), row);
                prop_assert_eq!(found, expected(*aggregate, &items), "{:?} over {:?} of {}", aggregate, over, id);
            }
        }
    }

    #[test]
    fn traits_and_custom_features_do_not_see_the_order_of_rows(
        rows in rows(false), credit_notes: bool, rotate in 0_usize..60,
    ) {
        let rows = with_credit_notes(rows, credit_notes);
        let mut shuffled = rows.clone();
        shuffled.reverse();
        shuffled.rotate_left(rotate.min(rows.len()));
        // Sees everything there is, in the order in which it is shown.
        let fingerprint = Custom::count("fingerprint", |history| {
            let mut hasher = DefaultHasher::new();
            for line in history.lines() {
                (line.time(), line.order(), line.kind(), line.quantity(), line.gross(), line.discount()).hash(&mut hasher);
                (line.quantity_returned(), line.returned(), line.cost()).hash(&mut hasher);
                Attribute::ALL.map(|attribute| line.text(attribute)).hash(&mut hasher);
            }
            Some(hasher.finish() as u32)
        });
        let gross = Custom::money("own_gross", |history| {
            history.lines().filter(|line| line.kind() == LineKind::Sale).try_fold(Money::ZERO, |sum, line| sum.checked_add(line.gross()))
        });
        let first = Custom::number("first_basket", |history| {
            let orders = history.lines().filter(|line| line.kind() == LineKind::Sale);
            let first = orders.map(|line| (line.time(), line.order())).min()?.1;
            let own = history.lines().filter(|line| line.order() == first && line.kind() == LineKind::Sale);
            Some(own.map(|line| line.gross().to_f64()).sum())
        });
        let extractor = builder(90 * DAY).rhythm().custom(fingerprint).custom(gross).custom(first).build().unwrap();
        let table = extractor.extract(&log_of(&rows, credit_notes, IdKind::Text)).unwrap();
        prop_assert_eq!(&extractor.extract(&log_of(&shuffled, credit_notes, IdKind::Text)).unwrap(), &table);
        prop_assert_eq!(table.money("own_gross").unwrap(), table.money(Feature::Gross).unwrap());
    }

    #[test]
    fn rhythm_agrees_with_the_plain_computation(rows in rows(false), credit_notes: bool, day in 1_i64..90) {
        let rows = with_credit_notes(rows, credit_notes);
        let as_of = day * DAY;
        let table = builder(as_of).rhythm().build().unwrap().extract(&log_of(&rows, credit_notes, IdKind::Number)).unwrap();
        for (row, id) in table.ids().iter().enumerate() {
            let mut placed: BTreeMap<u64, i64> = BTreeMap::new();
            let sales = rows.iter().filter(|row| row.customer.to_string() == id.to_string() && row.time < as_of);
            for sale in sales.filter(|row| !row.credit_note && row.unit > 0) {
                let time = placed.entry(sale.order).or_insert(i64::MAX);
                *time = sale.time.min(*time);
            }
            let mut times: Vec<i64> = placed.into_values().collect();
            times.sort_unstable();
            let mut gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / DAY as f64).collect();
            gaps.sort_by(f64::total_cmp);
            let n = gaps.len() as f64;
            let mean = gaps.iter().sum::<f64>() / n;
            let median = if gaps.is_empty() { 0.0 } else { f64::midpoint(gaps[(gaps.len() - 1) / 2], gaps[gaps.len() / 2]) };
            let sd = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            let last = times.last().map(|time| *time as f64 / DAY as f64).unwrap_or_default();
            let some = |there: bool, value: f64| there.then_some(value);
            let (any, several) = (!gaps.is_empty(), gaps.len() > 1);
            for (name, expected) in [
                ("days_between_orders_mean", some(any, mean)),
                ("days_between_orders_median", some(any, median)),
                ("days_between_orders_sd", some(several, sd)),
                ("regularity", some(several && mean > 0.0, 1.0 / (1.0 + (sd / mean).powi(2)))),
                ("days_overdue", some(any, day as f64 - last - median)),
                ("expected_next_order", some(any, (last + median) * DAY as f64)),
            ] {
                let found = table.column(name).unwrap().number(row);
                let close = match (found, expected) {
                    (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                    (found, expected) => found == expected,
                };
                prop_assert!(close, "{} of {}: {:?}, expected {:?}", name, id, found, expected);
            }
        }
    }
}

/// Two lines of one channel are together more than a line of another that is larger than each.
#[test]
fn the_text_of_an_order_is_that_of_most_value_however_its_lines_are_split() {
    let rules = LogRules::builder("EUR").build().unwrap();
    let line = |channel: Option<&str>, price: i64| {
        let mut line = OrderLine::new(1, 0, Price::Line(Money::from_ten_thousandths(price)));
        (line.order, line.channel) = (Some("A".into()), channel.map(Into::into));
        line
    };
    let lines = [line(Some("app"), 60), line(Some("web"), 70), line(None, 900), line(Some("app"), 60)];
    let log = TransactionLog::from_rows(lines, &rules, IdKind::Number).unwrap();
    let channel = Aggregate::First(Attribute::Channel.into());
    let channel = Computed::builder("channel", Over::Orders, channel).build().unwrap();
    let extractor = builder(DAY).features([]).computed([channel]).build().unwrap();
    let mut state = FeatureState::keeping(Detail::Orders);
    state.push(&log).unwrap();
    for table in [extractor.extract(&log).unwrap(), state.finish(&extractor).unwrap()] {
        assert_eq!(table.category("channel").unwrap().get(0), Some("app"));
    }
}

#[test]
fn a_trait_is_checked_when_it_is_built_and_again_against_the_log() {
    let count = || Computed::builder("n", Over::Lines, Aggregate::Count);
    let setting = |builder: kohort::features::ComputedBuilder| match builder.build() {
        Err(Error::Setting { setting, .. }) => setting,
        other => panic!("expected a refused setting, found {other:?}"),
    };
    assert_eq!(setting(Computed::builder(" ", Over::Lines, Aggregate::Count)), "name");
    assert_eq!(setting(count().only(Attribute::Brand, [""; 0])), "texts");
    for limit in [f64::NAN, f64::INFINITY, 0.000_01, 1e300] {
        assert_eq!(setting(count().at_least(Number::Gross, limit)), "limit");
    }
    assert_eq!(setting(count().at_most(Number::Quantity, 1.5)), "limit");
    let window = builder(DAY).computed([count().within(Window::days(0)).build().unwrap()]).build();
    assert!(matches!(window, Err(Error::Setting { setting: "window", .. })));

    let log = log_of(&[], false, IdKind::Text);
    for (computed, needs) in [
        (count().only(Attribute::Brand, ["x"]), "a brand column"),
        (Computed::builder("n", Over::Orders, Aggregate::Sum(Number::Discount)), "a discount column"),
        (Computed::builder("n", Over::Orders, Aggregate::Max(Number::Cost)), "unit costs"),
        (Computed::builder("n", Over::Lines, Aggregate::First(Attribute::Size.into())), "a size column"),
    ] {
        let refused =
            builder(DAY).computed([computed.build().unwrap()]).build().unwrap().extract(&log).unwrap_err();
        assert!(matches!(&refused, Error::FeatureNeeds { needs: found, .. } if *found == needs), "{refused}");
    }
    let nameless = builder(DAY).custom(Custom::number("", |_| None)).build();
    assert!(matches!(nameless, Err(Error::Setting { setting: "custom", .. })));
}

#[test]
fn a_custom_feature_that_is_no_number_is_an_error_and_a_state_of_orders_cannot_have_one() {
    let shop = kohort::synthetic::Shop::builder().customers(20).build().unwrap().generate().unwrap();
    let as_of = shop.log.as_of_end().unwrap();
    let of = |custom| FeatureExtractor::builder(as_of.clone()).features([]).custom(custom).build().unwrap();
    let refused = of(Custom::number("odd", |_| Some(f64::NAN))).extract(&shop.log).unwrap_err();
    assert!(matches!(&refused, Error::FeatureType { feature, .. } if feature == "odd"), "{refused}");
    let mut state = FeatureState::new();
    state.push(&shop.log).unwrap();
    let lines = of(Custom::count("lines_seen", |history| Some(history.lines().len() as u32)));
    let refused = state.finish(&lines).unwrap_err();
    assert!(matches!(&refused, Error::FeatureNeeds { feature, .. } if feature == "lines_seen"), "{refused}");
    assert!(refused.to_string().contains("let the state keep them"), "{refused}");
}
