//! What accumulates: what a state refuses, how far it shrinks, and that days of different columns go together.

use kohort::features::{FeatureState, Values};
use kohort::transaction::{LogRulesBuilder, OrderLine, Price, Returned, Vat};
use kohort::{
    AsOf, CustomerId, Error, Feature, FeatureExtractor, FeatureTable, IdKind, LogRules, Money, OrderIdentity,
    Returns, TransactionLog, Zone,
};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

fn rules() -> LogRulesBuilder {
    LogRules::builder("EUR").returns(Returns::Quantity)
}

fn log(rules: LogRulesBuilder, ids: IdKind, lines: impl IntoIterator<Item = OrderLine>) -> TransactionLog {
    let mut builder = TransactionLog::builder(&rules.build().unwrap(), ids);
    for line in lines {
        builder.push(line).unwrap();
    }
    let log = builder.build().unwrap();
    assert_eq!(log.report().rows_rejected(), 0, "{}", log.report());
    log
}

/// A line of two pieces at so many units a piece.
fn line(customer: &str, order: &str, hour: i64, price: i64) -> OrderLine {
    let price = Price::Unit(Money::from_ten_thousandths(price * 10_000));
    let mut line = OrderLine::new(customer, hour * HOUR, price);
    line.order = Some(order.to_owned());
    line.quantity = 2;
    line
}

fn with(mut line: OrderLine, change: impl FnOnce(&mut OrderLine)) -> OrderLine {
    change(&mut line);
    line
}

fn extractor(day: i64) -> FeatureExtractor {
    FeatureExtractor::builder(AsOf::instant(day * DAY, &Zone::utc()).unwrap()).build().unwrap()
}

fn state(logs: &[&TransactionLog]) -> FeatureState {
    let mut state = FeatureState::new();
    for log in logs {
        state.push(log).unwrap();
    }
    state
}

/// The table of a state of some logs, which any order of pushing gives, and one pass over all lines.
fn table_of(logs: [&TransactionLog; 2], day: i64) -> FeatureTable {
    let [left, right] = logs;
    let table = extractor(day).extract(&left.concat(right).unwrap()).unwrap();
    for logs in [[left, right], [right, left]] {
        assert_eq!(state(&logs).finish(&extractor(day)).unwrap(), table);
    }
    table
}

#[test]
fn a_log_of_another_kind_is_refused_and_the_state_stays_as_it_was() {
    let one = || [line("ada", "1", 1, 10), line("ben", "2", 2, 20)];
    let mut state = state(&[&log(rules(), IdKind::Text, one())]);
    let before = (state.finish(&extractor(9)).unwrap(), state.rows(), state.report().cloned());
    let by_number = || [with(line("", "1", 1, 10), |line| line.customer = CustomerId::Number(7))];
    let unnamed = || one().map(|line| with(line, |line| line.order = None));
    let others = [
        ("the currency", log(LogRules::builder("USD").returns(Returns::Quantity), IdKind::Text, one())),
        ("the zone", log(rules().zone(Zone::named("Europe/Berlin").unwrap()), IdKind::Text, one())),
        ("the return convention", log(rules().returns(Returns::Flag), IdKind::Text, one())),
        ("the order identity", log(rules().orders(OrderIdentity::EachLine), IdKind::Text, unnamed())),
        ("the tax statement", log(rules().vat(Vat::Included), IdKind::Text, one())),
        ("the kind of customer ids", log(rules(), IdKind::Number, by_number())),
    ];
    for (expected, other) in &others {
        let mut its_state = FeatureState::new();
        its_state.push(other).unwrap();
        for refused in [state.push(other).unwrap_err(), state.merge(&its_state).unwrap_err()] {
            assert!(matches!(&refused, Error::Incompatible { what, .. } if what == expected), "{refused}");
        }
        assert_eq!((state.finish(&extractor(9)).unwrap(), state.rows(), state.report().cloned()), before);
    }
    let message = state.push(&others[0].1).unwrap_err().to_string();
    assert!(message.contains("EUR") && message.contains("USD"), "{message}");
    // It goes on as if nothing had been asked of it.
    state.push(&log(rules(), IdKind::Text, [line("cyd", "3", 3, 30)])).unwrap();
    assert_eq!(state.finish(&extractor(9)).unwrap().len(), 3);
}

#[test]
fn lines_of_one_order_and_category_become_one_row() {
    // Three orders, each of five lines in each of two categories.
    let lines = || {
        (0..30).map(|n| {
            with(line("ada", &format!("{}", n / 10), n / 10, 1 + n), |line| {
                line.category = Some(["coats", "hats"][n as usize % 2].to_owned());
                line.product = Some(format!("p{n}"));
                line.size = Some(format!("{n}"));
            })
        })
    };
    let shop = log(rules(), IdKind::Text, lines());
    assert_eq!(state(&[&shop]).rows(), 6, "{} lines", shop.len());
    assert_eq!(state(&[&shop]).finish(&extractor(9)).unwrap(), extractor(9).extract(&shop).unwrap());

    // What came back whole is another row of its order, what came back in part stays a line.
    let returned = lines().enumerate().map(|(n, line)| {
        with(line, |line| line.returned = Returned::Quantity([2, 2, 1, 0, 0, 0, 0, 0, 0, 0][n % 10]))
    });
    let shop = log(rules(), IdKind::Text, returned);
    // In each order: a coat that came back and one of which half did, a hat that came back, and the other lines.
    assert_eq!(state(&[&shop]).rows(), 3 * (1 + 1 + 1 + 2));
    assert_eq!(state(&[&shop]).finish(&extractor(9)).unwrap(), extractor(9).extract(&shop).unwrap());
}

#[test]
fn what_came_back_stays_apart_from_what_was_kept() {
    let back = |pieces| with(line("ada", "1", 1, 10), |line| line.returned = Returned::Quantity(pieces));
    let late = |hour| with(back(2), |line| line.return_time = Some(hour * HOUR));
    let cost =
        |units: i64| with(back(0), |line| line.unit_cost = Some(Money::from_ten_thousandths(units * 10_000)));
    let off = |units: i64| {
        let amount = Money::from_ten_thousandths(units * 10_000);
        with(back(0), |line| line.discount = kohort::transaction::Discount::Amount(amount))
    };
    // Two lines that differ in one thing only are two rows, two that do not are one.
    for (left, right, rows) in [
        (back(0), back(0), 1),
        (back(2), back(2), 1),
        (back(0), back(2), 2),
        (back(1), back(1), 2),
        (back(1), back(2), 2),
        (late(30), late(30), 1),
        (late(30), late(50), 2),
        (late(30), back(2), 2),
        (cost(3), cost(4), 1),
        (cost(3), back(0), 2),
        // Value sold at a discount and at full price are counted apart, how deep a discount was is not.
        (back(0), off(1), 2),
        (off(1), off(2), 1),
        (off(0), back(0), 1),
        (back(0), with(back(0), |line| line.time += 1), 2),
        (back(0), with(back(0), |line| line.order = Some("2".into())), 2),
        (back(0), with(back(0), |line| line.category = Some("hats".into())), 2),
        (back(0), with(back(0), |line| line.channel = Some("web".into())), 2),
        (back(0), with(back(0), |line| line.country = Some("DE".into())), 2),
        (back(0), with(back(0), |line| line.price = Price::Unit(Money::ZERO)), 2),
    ] {
        let shop = log(rules(), IdKind::Text, [left.clone(), right.clone()]);
        let state = state(&[&shop]);
        assert_eq!(state.rows(), rows, "{left:?} and {right:?}");
        for day in [1, 2, 9] {
            let table = state.finish(&extractor(day)).unwrap();
            assert_eq!(table, extractor(day).extract(&shop).unwrap(), "{left:?} and {right:?}");
        }
    }
}

#[test]
fn a_state_grows_with_orders_and_not_with_lines() {
    let mut whole: Option<TransactionLog> = None;
    let mut state = FeatureState::new();
    for day in 0..40 {
        // A hundred customers place an order of ten lines each.
        let lines = (0..1_000)
            .map(|n| line(&format!("c{}", n % 100), &format!("{day}-{}", n % 100), day * 24, 1 + n % 7));
        let today = log(rules(), IdKind::Text, lines);
        state.push(&today).unwrap();
        whole = Some(whole.map_or_else(|| today.clone(), |whole| whole.concat(&today).unwrap()));
        let orders = 100 * (day as usize + 1);
        assert!(state.rows() <= 2 * orders + 1_000, "{} rows for {orders} orders", state.rows());
    }
    let whole = whole.unwrap();
    assert_eq!(whole.len(), 40_000);
    assert_eq!(state.report().map(|report| report.rows_read), Some(40_000));
    assert_eq!(state.finish(&extractor(50)).unwrap(), extractor(50).extract(&whole).unwrap());
}

#[test]
fn amounts_that_one_line_could_not_have_stay_apart() {
    let billions = |n: i64| with(line("croesus", "1", 1, n * 1_000_000_000), |line| line.quantity = 1);
    let shop =
        log(rules(), IdKind::Text, [billions(60), billions(60), billions(30), billions(10), billions(60)]);
    let state = state(&[&shop]);
    assert!((3..5).contains(&state.rows()), "{} rows", state.rows());
    let table = state.finish(&extractor(9)).unwrap();
    assert_eq!(table, extractor(9).extract(&shop).unwrap());
    assert_eq!(table.money(Feature::Gross).unwrap()[0].to_string(), "220000000000.00");
    assert_eq!(table.counts(Feature::Lines).unwrap(), [5]);
}

#[test]
fn credit_notes_keep_every_line_and_find_sales_of_an_earlier_day() {
    let notes = || LogRules::builder("EUR").returns(Returns::CreditNotes { prefix: Some("C".into()) });
    let of = |product: &str, line: OrderLine| with(line, |line| line.product = Some(product.to_owned()));
    let monday = [
        of("coat", line("ada", "1", 1, 100)),
        of("hat", line("ada", "1", 1, 20)),
        of("hat", line("ada", "2", 5, 30)),
    ];
    let note = of("hat", with(line("ada", "C3", 30, 20), |line| line.quantity = -3));
    let (monday, tuesday) = (log(notes(), IdKind::Text, monday), log(notes(), IdKind::Text, [note]));
    assert_eq!(state(&[&monday, &tuesday]).rows(), 4);
    let table = table_of([&monday, &tuesday], 9);
    // Three hats at 20 came back: two of the later order, then one of the earlier.
    let of = |feature| table.column(feature).unwrap().number(0);
    assert_eq!((of(Feature::Returned), of(Feature::ReturnedAttributed)), (Some(60.0), Some(60.0)));
    assert_eq!((of(Feature::OrdersWithReturn), of(Feature::LinesReturned)), (Some(2.0), Some(2.0)));
    let alone = table_of([&tuesday, &log(notes(), IdKind::Text, [])], 9);
    assert_eq!(alone.column(Feature::ReturnedAttributed).unwrap().number(0), Some(0.0), "no sale to undo");
}

/// Customers `early` of the plain day alone, `both`, and `late` of the full day alone.
fn days() -> (TransactionLog, TransactionLog) {
    let plain = log(rules(), IdKind::Text, [line("both", "1", 1, 10), line("early", "2", 2, 20)]);
    let full = |line: OrderLine| {
        with(line, |line| {
            line.discount = kohort::transaction::Discount::Amount(Money::from_ten_thousandths(10_000));
            line.unit_cost = Some(Money::from_ten_thousandths(30_000));
            line.category = Some("coats".into());
            line.channel = Some("web".into());
            line.country = Some("DE".into());
            line.returned = Returned::Quantity(1);
            line.return_time = Some(60 * HOUR);
        })
    };
    let full = log(rules(), IdKind::Text, [full(line("both", "3", 30, 30)), full(line("late", "4", 40, 40))]);
    (plain, full)
}

#[test]
fn a_day_without_discounts_costs_and_texts_goes_with_one_that_has_them() {
    let (plain, full) = days();
    assert_eq!(
        (plain.report().discount.to_string(), full.report().discount.to_string()),
        ("0.00".into(), "2.00".into())
    );
    let table = table_of([&plain, &full], 9);
    assert_eq!(table.ids().iter().map(|id| id.to_string()).collect::<Vec<_>>(), ["both", "early", "late"]);
    let of = |feature: Feature| {
        let column = table.column(feature).unwrap();
        (0..3).map(|row| column.number(row)).collect::<Vec<_>>()
    };
    assert_eq!(of(Feature::Gross), [Some(80.0), Some(40.0), Some(80.0)]);
    assert_eq!(of(Feature::Discount), [Some(1.0), Some(0.0), Some(1.0)]);
    assert_eq!(of(Feature::Returned), [Some(29.5), Some(0.0), Some(39.5)]);
    // Of what the plain day sold, the cost is unknown and not nothing.
    assert_eq!(of(Feature::CostOfGoods), [None, None, Some(6.0)]);
    assert_eq!(of(Feature::Categories), [Some(1.0), Some(0.0), Some(1.0)]);
    let top = table.category(Feature::TopCategory).unwrap();
    assert_eq!(top.iter().collect::<Vec<_>>(), [Some("coats"), None, Some("coats")]);
    let share = table.column("channel_share__web").unwrap();
    assert_eq!([0, 1, 2].map(|row| share.number(row)), [Some(0.75), Some(0.0), Some(1.0)]);
    // Returns that have a time come back only after it.
    let before = table_of([&plain, &full], 2);
    assert!(
        matches!(before.column(Feature::Returned).unwrap().values(), Values::Money(sums) if sums.iter().all(|sum| *sum == Money::ZERO))
    );
}

#[test]
fn what_no_day_had_is_refused_and_what_a_later_day_brings_is_there() {
    let (plain, full) = days();
    let costs = |state: &FeatureState| {
        let as_of = AsOf::instant(9 * DAY, &Zone::utc()).unwrap();
        let asked = FeatureExtractor::builder(as_of).features([Feature::CostOfGoods]).build().unwrap();
        state.finish(&asked)
    };
    let mut state = state(&[&plain]);
    assert!(matches!(costs(&state), Err(Error::FeatureNeeds { .. })));
    state.push(&full).unwrap();
    assert_eq!(costs(&state).unwrap().column(Feature::CostOfGoods).unwrap().missing(), 2);
}

#[test]
fn one_state_gives_the_table_of_every_moment() {
    let (plain, full) = days();
    let whole = plain.concat(&full).unwrap();
    let state = state(&[&full, &plain]);
    let mut sizes = Vec::new();
    for day in 0..4 {
        let table = state.finish(&extractor(day)).unwrap();
        assert_eq!(table, extractor(day).extract(&whole).unwrap(), "day {day}");
        sizes.push((table.len(), table.context().unwrap().lines_left_out));
    }
    assert_eq!(sizes, [(0, 4), (2, 2), (3, 0), (3, 0)]);
}

#[test]
fn an_empty_day_and_an_empty_state_change_nothing() {
    let (plain, full) = days();
    let mut state = state(&[&plain, &full]);
    let before = state.finish(&extractor(9)).unwrap();
    state.push(&log(rules(), IdKind::Text, [])).unwrap();
    state.merge(&FeatureState::new()).unwrap();
    assert_eq!(state.finish(&extractor(9)).unwrap(), before);
    let mut other = FeatureState::new();
    other.merge(&state).unwrap();
    assert_eq!(other.finish(&extractor(9)).unwrap(), before);
    assert_eq!((FeatureState::new().rows(), FeatureState::new().report()), (0, None));
}
