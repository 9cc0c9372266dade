//! The extraction against a plain slow computation, and against itself: shuffled, split, on other thread counts.

use std::collections::{BTreeMap, BTreeSet};

use kohort::features::{FeatureState, ReturnKnowledge};
use kohort::transaction::{Discount, OrderLine, Price, Returned};
use kohort::{
    AsOf, CustomerId, Error, Feature, FeatureExtractor, FeatureTable, IdKind, LogRules, Money, OrderIdentity,
    Rate, Returns, TransactionLog, Zone,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

pub(crate) const DAY: i64 = 86_400_000_000;

/// One line in the terms of the plain computation; money in ten-thousandths.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) customer: u64,
    pub(crate) order: u64,
    pub(crate) time: i64,
    pub(crate) pieces: i64,
    pub(crate) unit: i64,
    /// In per cent of the price.
    pub(crate) discount: i64,
    pub(crate) unit_cost: i64,
    pub(crate) back: i64,
    pub(crate) back_after: Option<i64>,
    pub(crate) category: Option<u8>,
    pub(crate) channel: u8,
    pub(crate) product: u8,
    pub(crate) credit_note: bool,
}

pub(crate) fn rows(credit_notes: bool) -> impl Strategy<Value = Vec<Row>> {
    let ids = (0_u64..7, 0_u64..5, 0_i64..60 * 24);
    let money = (1_i64..5, 0_i64..4_000, 0_i64..4, 0_i64..2_000);
    let back = (0_i64..6, prop::option::of(0_i64..40));
    let texts = (prop::option::of(0_u8..4), 0_u8..3, 0_u8..3);
    let row = (ids, money, back, texts, prop::bool::weighted(0.3)).prop_map(
        move |(
            (customer, order, hour),
            (pieces, price, discount, unit_cost),
            (back, days),
            texts,
            credit,
        )| Row {
            customer,
            order,
            time: hour * DAY / 24,
            pieces,
            // Some lines are free, and prices have four decimals so that parts have to be rounded.
            unit: if price < 200 { 0 } else { price * 7 + 1 },
            discount: discount * 25,
            unit_cost,
            back: if back > 3 { 0 } else { back.min(pieces) },
            back_after: days.map(|days| days * DAY),
            category: texts.0,
            channel: texts.1,
            product: texts.2,
            credit_note: credit_notes && credit && price >= 200,
        },
    );
    prop::collection::vec(row, 0..60)
}

fn rules(credit_notes: bool) -> LogRules {
    let returns =
        if credit_notes { Returns::CreditNotes { prefix: Some("C".into()) } } else { Returns::Quantity };
    LogRules::builder("EUR").returns(returns).build().unwrap()
}

pub(crate) fn log_of(rows: &[Row], credit_notes: bool, ids: IdKind) -> TransactionLog {
    log_by(&rules(credit_notes), rows, ids)
}

pub(crate) fn log_by(rules: &LogRules, rows: &[Row], ids: IdKind) -> TransactionLog {
    let mut builder = TransactionLog::builder(rules, ids);
    for row in rows {
        let customer = match ids {
            IdKind::Number => CustomerId::Number(row.customer),
            IdKind::Text => CustomerId::Text(format!("c{}", row.customer)),
        };
        let mut line = OrderLine::new(customer, row.time, Price::Unit(Money::from_ten_thousandths(row.unit)));
        line.order = Some(format!("{}{}", if row.credit_note { "C" } else { "" }, row.order));
        line.quantity = if row.credit_note { -row.pieces } else { row.pieces };
        line.discount = Discount::Rate(Rate::from_millionths(row.discount * 10_000));
        line.unit_cost = Some(Money::from_ten_thousandths(row.unit_cost));
        if *rules.returns() == Returns::Quantity {
            line.returned = Returned::Quantity(row.back);
            line.return_time = row.back_after.filter(|_| row.back > 0).map(|after| row.time + after);
        }
        line.category = row.category.map(|category| format!("cat{category}"));
        line.channel = Some(format!("ch{}", row.channel));
        line.product = Some(format!("p{}", row.product));
        builder.push(line).unwrap();
    }
    builder.build().unwrap()
}

/// Half to even, in the plainest way.
fn rounded(numerator: i64, denominator: i64) -> i64 {
    let (floor, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    match (2 * rest).cmp(&denominator) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}

impl Row {
    pub(crate) fn gross(&self) -> i64 {
        self.pieces * self.unit
    }

    pub(crate) fn off(&self) -> i64 {
        rounded(self.gross() * self.discount, 100)
    }

    pub(crate) fn is_sale(&self) -> bool {
        !self.credit_note && self.unit > 0
    }
}

/// Pieces and value of each row that came back, by the documented rules.
pub(crate) fn came_back(rows: &[Row], as_of: i64, credit_notes: bool) -> Vec<(i64, i64)> {
    let mut back = vec![(0, 0); rows.len()];
    if !credit_notes {
        for (index, row) in rows.iter().enumerate() {
            let known = row.back_after.is_none_or(|after| row.time + after < as_of);
            if known && row.back > 0 && row.time < as_of {
                back[index] = (row.back, rounded((row.gross() - row.off()) * row.back, row.pieces));
            }
        }
        return back;
    }
    let mut order: Vec<usize> =
        (0..rows.len()).filter(|i| rows[*i].time < as_of && rows[*i].unit > 0).collect();
    // Order ids are texts: "1" before "C0".
    order.sort_by_key(|i| {
        let row = &rows[*i];
        (
            row.time,
            row.credit_note,
            row.gross(),
            row.pieces,
            format!("{}{}", if row.credit_note { "C" } else { "" }, row.order),
        )
    });
    for (place, credit) in order.iter().enumerate().filter(|(_, i)| rows[**i].credit_note) {
        let (mut pieces, mut value) = (rows[*credit].pieces, rows[*credit].gross());
        for sale in order[..place].iter().rev().copied().filter(|i| rows[*i].is_sale()) {
            let row = &rows[sale];
            let left = row.pieces - back[sale].0;
            if pieces == 0
                || left == 0
                || row.customer != rows[*credit].customer
                || row.product != rows[*credit].product
            {
                continue;
            }
            let take = pieces.min(left);
            let share = rounded(value * take, pieces);
            back[sale].1 += share.min(row.gross() - row.off() - back[sale].1);
            back[sale].0 += take;
            pieces -= take;
            value -= share;
        }
    }
    back
}

/// Every feature of every customer, as numbers.
#[expect(clippy::too_many_lines, reason = "one formula per feature, side by side")]
fn plain(rows: &[Row], as_of: i64, credit_notes: bool) -> BTreeMap<u64, BTreeMap<String, Option<f64>>> {
    let back = came_back(rows, as_of, credit_notes);
    let mut table = BTreeMap::new();
    let customers: BTreeSet<u64> =
        rows.iter().filter(|row| row.time < as_of).map(|row| row.customer).collect();
    for customer in customers {
        let own: Vec<usize> =
            (0..rows.len()).filter(|i| rows[*i].customer == customer && rows[*i].time < as_of).collect();
        let sales: Vec<usize> = own.iter().copied().filter(|i| rows[*i].is_sale()).collect();
        let sent: Vec<usize> = own.iter().copied().filter(|i| !rows[*i].credit_note).collect();
        let mut placed: BTreeMap<u64, i64> = BTreeMap::new();
        for i in &sales {
            let time = placed.entry(rows[*i].order).or_insert(i64::MAX);
            *time = rows[*i].time.min(*time);
        }
        let orders = placed.len() as f64;
        let sum = |indices: &[usize], value: &dyn Fn(usize) -> i64| {
            indices.iter().map(|i| value(*i)).sum::<i64>() as f64
        };
        let gross = sum(&sales, &|i| rows[i].gross());
        let discount = sum(&sales, &|i| rows[i].off());
        let attributed = sum(&sent, &|i| back[i].1);
        let posted = if credit_notes {
            sum(&own, &|i| if rows[i].credit_note { rows[i].gross() } else { 0 })
        } else {
            attributed
        };
        let items = sum(&sent, &|i| rows[i].pieces);
        let items_back = sum(&sent, &|i| back[i].0);
        let half = |i: &&usize| 2 * back[**i].0 >= rows[**i].pieces;
        let mature = |i: &&usize| rows[**i].time < as_of - 20 * DAY;
        let of = |part: f64, whole: f64| (whole > 0.0).then_some(part / whole);
        let days = |time: Option<i64>| time.map(|time| ((as_of - time) / DAY) as f64);
        let mut categories: BTreeMap<u8, i64> = BTreeMap::new();
        let mut channels: BTreeMap<u8, i64> = BTreeMap::new();
        for i in &sales {
            if let Some(category) = rows[*i].category {
                *categories.entry(category).or_default() += rows[*i].gross();
            }
            *channels.entry(rows[*i].channel).or_default() += rows[*i].gross();
        }
        let orders_back: BTreeSet<u64> = own
            .iter()
            .filter(|i| back[**i] != (0, 0) && placed.contains_key(&rows[**i].order))
            .map(|i| rows[*i].order)
            .collect();
        let parcels: BTreeSet<(u64, Option<i64>)> = own
            .iter()
            .filter(|i| if credit_notes { rows[**i].credit_note } else { back[**i] != (0, 0) })
            .map(|i| {
                (
                    rows[*i].order,
                    if credit_notes { None } else { rows[*i].back_after.map(|after| rows[*i].time + after) },
                )
            })
            .collect();
        let money = 10_000.0;
        let cost_back =
            sum(&sent, &|i| rounded(rows[i].unit_cost * rows[i].pieces * back[i].0, rows[i].pieces));
        let mut features: BTreeMap<String, Option<f64>> = [
            (Feature::RecencyDays, days(placed.values().max().copied())),
            (Feature::TenureDays, days(placed.values().min().copied())),
            (Feature::FirstOrder, placed.values().min().map(|time| *time as f64)),
            (Feature::LastOrder, placed.values().max().map(|time| *time as f64)),
            (Feature::Orders, Some(orders)),
            (Feature::Lines, Some(sales.len() as f64)),
            (Feature::Items, Some(items)),
            (Feature::Gross, Some(gross / money)),
            (Feature::Discount, Some(discount / money)),
            (Feature::Returned, Some(posted / money)),
            (Feature::ReturnedAttributed, Some(attributed / money)),
            (Feature::Net, Some((gross - discount - posted) / money)),
            (Feature::AverageOrderValue, of(gross - discount, orders).map(|value| value / money)),
            (Feature::ReturnRate, of(attributed, gross - discount)),
            (Feature::ReturnRatePosted, of(posted, gross - discount)),
            (Feature::ReturnRateItems, of(items_back, items)),
            (Feature::ItemsReturned, Some(items_back)),
            (Feature::LinesReturned, Some(sales.iter().filter(half).count() as f64)),
            (Feature::OrdersWithReturn, Some(orders_back.len() as f64)),
            (Feature::ReturnParcels, Some(parcels.len() as f64)),
            (Feature::DiscountShare, of(discount, gross)),
            (Feature::Categories, Some(categories.len() as f64)),
            (Feature::CostOfGoods, Some(sum(&sent, &|i| rows[i].unit_cost * rows[i].pieces) / money)),
            (Feature::CostOfGoodsReturned, Some(cost_back / money)),
            (Feature::LinesMature, Some(sales.iter().filter(mature).count() as f64)),
            (Feature::LinesReturnedMature, Some(sales.iter().filter(mature).filter(half).count() as f64)),
        ]
        .into_iter()
        .map(|(feature, value)| (feature.name().to_owned(), value))
        .collect();
        let top = categories.iter().max_by_key(|(category, sum)| (**sum, std::cmp::Reverse(**category)));
        features.insert("top_category".into(), top.map(|(category, _)| f64::from(*category)));
        for (channel, sum) in &channels {
            features.insert(format!("channel_share__ch{channel}"), of(*sum as f64, gross));
        }
        if !credit_notes {
            let listed = sum(&sent, &|i| rounded(rows[i].gross() * back[i].0, rows[i].pieces));
            features.insert("returned_gross".into(), Some(listed / money));
        }
        table.insert(customer, features);
    }
    table
}

pub(crate) fn extractor(as_of: i64) -> FeatureExtractor {
    let as_of = AsOf::instant(as_of, &Zone::utc()).unwrap();
    FeatureExtractor::builder(as_of).maturity_days(20).build().unwrap()
}

fn value(table: &FeatureTable, name: &str, row: usize) -> Option<f64> {
    let column = table.column(name).unwrap();
    match name {
        "top_category" => table.category(name).unwrap().get(row).map(|text| text[3..].parse().unwrap()),
        _ => column.number(row),
    }
}

fn check_against_plain(rows: &[Row], as_of: i64, credit_notes: bool) {
    let table = extractor(as_of).extract(&log_of(rows, credit_notes, IdKind::Number)).unwrap();
    let expected = plain(rows, as_of, credit_notes);
    let ids: Vec<CustomerId> = table.ids().iter().collect();
    assert_eq!(ids, expected.keys().map(|id| CustomerId::Number(*id)).collect::<Vec<_>>());
    let left_out = rows.iter().filter(|row| row.time >= as_of).count() as u64;
    assert_eq!(table.context().unwrap().lines_left_out, left_out);
    for (row, (customer, features)) in expected.iter().enumerate() {
        for (name, expected) in features {
            // A feature needs its column, which a log of rows without any value for it does not have.
            if table.has(name) {
                assert_eq!(value(&table, name, row), *expected, "{name} of customer {customer}");
            } else {
                assert!(expected.unwrap_or_default() == 0.0, "{name}");
            }
        }
        for name in table.names().filter(|name| name.starts_with("channel_share")) {
            let bought = table.money(Feature::Gross).unwrap()[row] > Money::ZERO;
            let absent = if bought { Some(0.0) } else { None };
            assert_eq!(value(&table, name, row), features.get(name).copied().unwrap_or(absent), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn returns_on_their_lines_agree_with_the_plain_computation(rows in rows(false), day in 1_i64..80) {
        check_against_plain(&rows, day * DAY, false);
    }

    #[test]
    fn credit_notes_agree_with_the_plain_computation(rows in rows(true), day in 1_i64..80) {
        check_against_plain(&rows, day * DAY, true);
    }

    #[test]
    fn the_order_of_lines_does_not_matter(rows in rows(true), rotate in 0_usize..60, text: bool) {
        let ids = if text { IdKind::Text } else { IdKind::Number };
        let table = extractor(90 * DAY).extract(&log_of(&rows, true, ids)).unwrap();
        let mut shuffled = rows.clone();
        shuffled.reverse();
        shuffled.rotate_left(rotate.min(rows.len()));
        prop_assert_eq!(extractor(90 * DAY).extract(&log_of(&shuffled, true, ids)).unwrap(), table);
    }

    #[test]
    fn shards_and_days_add_up_to_one_pass(
        rows in rows(false),
        cuts in prop::collection::vec(0_usize..60, 0..4),
        credit_notes: bool,
        day in 1_i64..90,
    ) {
        let rows: Vec<Row> = rows.into_iter().map(|mut row| {
            row.credit_note = credit_notes && row.back > 1 && row.unit > 0;
            row
        }).collect();
        let whole = log_of(&rows, credit_notes, IdKind::Text);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows.len())).collect();
        cuts.extend([0, rows.len()]);
        cuts.sort_unstable();
        let shards: Vec<TransactionLog> =
            cuts.windows(2).map(|cut| log_of(&rows[cut[0]..cut[1]], credit_notes, IdKind::Text)).collect();
        let mut forward = FeatureState::new();
        let mut backward = FeatureState::new();
        for shard in &shards {
            forward.push(shard).unwrap();
        }
        for shard in shards.iter().rev() {
            let mut one = FeatureState::new();
            one.push(shard).unwrap();
            one.merge(&backward).unwrap();
            backward = one;
        }
        let expected = extractor(day * DAY).extract(&whole).unwrap();
        prop_assert_eq!(&forward.finish(&extractor(day * DAY)).unwrap(), &expected);
        prop_assert_eq!(&backward.finish(&extractor(day * DAY)).unwrap(), &expected);
    }
}

/// More rows than eleven chunks of the partition hold, with a ragged tail.
fn large_log() -> TransactionLog {
    use kohort::transaction::{IdColumn, LogColumns, PriceColumn, ReturnedColumn};
    let rows: usize = (1 << 18) * 11 + 12_345;
    let mut state = 7_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let customer = (0..rows).map(|_| draw(90_000).wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
    let order = (0..rows).map(|_| draw(7)).collect();
    let time: Vec<i64> = (0..rows).map(|_| draw(1_000_000) as i64 * 1_000_000).collect();
    let price: Vec<f64> = (0..rows).map(|_| draw(100_000) as f64 / 100.0).collect();
    let returned: Vec<i32> = (0..rows).map(|_| draw(2) as i32).collect();
    let columns = LogColumns::new(IdColumn::Numbers(customer), time, PriceColumn::Unit(price.into()))
        .order(IdColumn::Numbers(order))
        .returned(ReturnedColumn::Quantity(returned.into()));
    TransactionLog::from_columns(
        columns,
        &LogRules::builder("EUR").returns(Returns::Quantity).build().unwrap(),
    )
    .unwrap()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let log = large_log();
    let tables: Vec<FeatureTable> = [1, 2, 3, 8]
        .into_iter()
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| extractor(90 * DAY).extract(&log).unwrap())
        })
        .collect();
    assert!(tables.iter().all(|table| *table == tables[0]));
    let gross: kohort::MoneyTotal = tables[0].money(Feature::Gross).unwrap().iter().copied().sum();
    assert_eq!(gross, log.report().sales.value);
    let returned: kohort::MoneyTotal = tables[0].money(Feature::Returned).unwrap().iter().copied().sum();
    assert_eq!(returned, log.report().returned());
}

#[test]
fn features_that_are_not_asked_for_change_nothing_about_the_others() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for credit_notes in [true, false] {
        let strategy = rows(credit_notes);
        for _ in 0..20 {
            let rows = strategy.new_tree(&mut runner).unwrap().current();
            let log = log_of(&rows, credit_notes, IdKind::Number);
            // Before the last return, so that times of returns matter.
            let as_of = AsOf::instant(50 * DAY, &Zone::utc()).unwrap();
            let asking = || FeatureExtractor::builder(as_of.clone()).maturity_days(20);
            let all = asking().build().unwrap().extract(&log).unwrap();
            let shares = |table: &FeatureTable| {
                let names = table.names().filter(|name| name.starts_with("channel_share"));
                names.map(|name| table.column(name).unwrap().clone()).collect::<Vec<_>>()
            };
            for feature in Feature::ALL.iter().copied().filter(|feature| all.has(feature)) {
                let one = asking().features([feature]).build().unwrap().extract(&log).unwrap();
                assert_eq!(one.column(feature).unwrap(), all.column(feature).unwrap(), "{feature}");
            }
            if log.attribute(kohort::Attribute::Channel).is_some() {
                let one = asking().features([Feature::ChannelShares]).build().unwrap().extract(&log).unwrap();
                assert_eq!(shares(&one), shares(&all));
            }
        }
    }
}

#[test]
fn a_customer_with_only_returns_one_with_only_free_lines_and_one_order() {
    let row = |customer, pieces, unit, credit_note| Row {
        customer,
        order: 1,
        time: DAY,
        pieces,
        unit,
        discount: 0,
        unit_cost: 0,
        back: 0,
        back_after: None,
        category: None,
        channel: 0,
        product: 0,
        credit_note,
    };
    let rows = [row(1, 1, 500, true), row(2, 3, 0, false), row(3, 2, 500, false)];
    let table = extractor(3 * DAY).extract(&log_of(&rows, true, IdKind::Number)).unwrap();
    let of = |name: &str| (0..3).map(|row| value(&table, name, row)).collect::<Vec<_>>();
    assert_eq!(of("orders"), [Some(0.0), Some(0.0), Some(1.0)]);
    assert_eq!(of("recency_days"), [None, None, Some(2.0)]);
    assert_eq!(of("net"), [Some(-0.05), Some(0.0), Some(0.1)]);
    assert_eq!(of("return_rate"), [None, None, Some(0.0)]);
    assert_eq!(of("items"), [Some(0.0), Some(3.0), Some(2.0)]);
}

#[test]
fn what_a_log_lacks_is_missing_from_the_table_and_refused_by_name() {
    let rules = LogRules::builder("EUR").orders(OrderIdentity::CustomerAndDay).build().unwrap();
    let mut builder = TransactionLog::builder(&rules, IdKind::Text);
    builder.push(OrderLine::new("a", 0, Price::Line(Money::parse("5").unwrap()))).unwrap();
    builder.push(OrderLine::new("a", DAY - 1, Price::Line(Money::parse("5").unwrap()))).unwrap();
    builder.push(OrderLine::new("a", DAY, Price::Line(Money::parse("5").unwrap()))).unwrap();
    let log = builder.build().unwrap();
    let table = extractor(DAY * 2).extract(&log).unwrap();
    assert_eq!(table.counts(Feature::Orders).unwrap(), [2], "two days, two orders");
    assert!(!table.has(Feature::ReturnRate), "not recorded is not zero");
    assert_eq!(table.context().unwrap().returns, ReturnKnowledge::NotRecorded);
    let asked =
        FeatureExtractor::builder(AsOf::instant(DAY, &Zone::utc()).unwrap()).features([Feature::ReturnRate]);
    let refused = asked.build().unwrap().extract(&log).unwrap_err();
    assert!(matches!(&refused, Error::FeatureNeeds { feature, .. } if feature == "return_rate"), "{refused}");
    let empty = FeatureExtractor::builder(AsOf::instant(DAY, &Zone::utc()).unwrap()).features([]).build();
    assert!(matches!(empty, Err(Error::Setting { setting: "features", .. })));
}

#[test]
fn an_empty_log_gives_an_empty_table() {
    let log = log_of(&[], false, IdKind::Text);
    let table = extractor(DAY).extract(&log).unwrap();
    assert!(table.is_empty());
    assert!(matches!(log.as_of_end(), Err(Error::Empty { .. })));
    assert!(matches!(FeatureState::new().finish(&extractor(DAY)), Err(Error::Empty { .. })));
}

#[test]
fn a_sum_beyond_the_range_of_money_names_the_customer() {
    let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build().unwrap();
    let mut builder = TransactionLog::builder(&rules, IdKind::Text);
    for _ in 0..10_000 {
        builder
            .push(OrderLine::new("croesus", 0, Price::Line(Money::parse("100000000000").unwrap())))
            .unwrap();
    }
    let log = builder.build().unwrap();
    assert_eq!(log.report().sales.value.to_string(), "1000000000000000.00");
    let refused = extractor(DAY).extract(&log).unwrap_err();
    assert!(matches!(&refused, Error::MoneyRange { customer, .. } if customer == "croesus"), "{refused}");
}
