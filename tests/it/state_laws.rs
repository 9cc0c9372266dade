//! Laws of states, on shops made up at random: whatever the parts, their order and the way they are joined, a state
//! gives the table of one pass over all lines, and is stored as the same text.

use kohort::features::{Detail, FeatureState};
use kohort::transaction::{Discount, OrderLine, Price, Returned};
use kohort::{
    AsOf, CustomerId, Error, FeatureExtractor, FeatureTable, IdKind, LogRules, Money, OrderIdentity, Rate,
    Returns, TransactionLog, Zone,
};
use proptest::prelude::*;

use crate::customers::Draws;

const DAY: i64 = 86_400_000_000;

/// Moments before, among and after the lines and their returns.
const DAYS: [i64; 6] = [0, 1, 5, 12, 20, 60];

/// How a shop records orders and returns.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    orders: OrderIdentity,
    returns: Returns,
    ids: IdKind,
}

pub(crate) fn shops() -> impl Strategy<Value = Shop> {
    use OrderIdentity::{Column, CustomerAndDay, EachLine};
    let returns = prop_oneof![
        Just(Returns::NotRecorded),
        Just(Returns::Flag),
        Just(Returns::Quantity),
        Just(Returns::Amount),
        Just(Returns::CreditNotes { prefix: None }),
        Just(Returns::CreditNotes { prefix: Some("C".into()) }),
    ];
    let orders = prop_oneof![2 => Just(Column), 1 => Just(CustomerAndDay), 1 => Just(EachLine)];
    (orders, returns, any::<bool>()).prop_map(|(orders, returns, text)| {
        // Credit notes that are told by the order's id need one.
        let orders =
            if matches!(&returns, Returns::CreditNotes { prefix: Some(_) }) { Column } else { orders };
        Shop { orders, returns, ids: if text { IdKind::Text } else { IdKind::Number } }
    })
}

impl Shop {
    pub(crate) fn new(orders: OrderIdentity, returns: Returns, ids: IdKind) -> Self {
        Self { orders, returns, ids }
    }

    pub(crate) fn rules(&self) -> LogRules {
        let rules = LogRules::builder("EUR").orders(self.orders).returns(self.returns.clone());
        rules.zone(Zone::named("Europe/Berlin").unwrap()).build().unwrap()
    }

    pub(crate) fn log(&self, lines: impl IntoIterator<Item = OrderLine>) -> TransactionLog {
        let log = TransactionLog::from_rows(lines, &self.rules(), self.ids).unwrap();
        assert_eq!(log.report().rows_rejected(), 0, "{}", log.report());
        log
    }

    /// So many lines, of which many are alike in much; instants, orders and prices are few.
    pub(crate) fn lines(&self, seed: u64, lines: usize) -> Vec<OrderLine> {
        let mut draws = Draws::new(seed);
        (0..lines).map(|_| self.line(&mut draws)).collect()
    }

    fn line(&self, draws: &mut Draws) -> OrderLine {
        let (who, order) = (draws.below(4), draws.below(3));
        let customer = match self.ids {
            IdKind::Number => CustomerId::Number(who),
            IdKind::Text => CustomerId::Text(format!("customer {who}")),
        };
        let price = [0, 70_000, 70_000, 199_901][draws.below(4) as usize];
        let time = (order * 4 + draws.below(4) / 3) as i64 * DAY;
        let mut line = OrderLine::new(customer, time, Price::Unit(Money::from_ten_thousandths(price)));
        let note = matches!(self.returns, Returns::CreditNotes { .. }) && price > 0 && draws.below(4) == 0;
        line.order = Some(format!("{}{who}-{order}", if note { "C" } else { "" }));
        line.quantity = 1 + draws.below(3) as i64;
        let text = |draws: &mut Draws, name: &str, of: u64| {
            Some(draws.below(of + 1)).filter(|number| *number < of).map(|number| format!("{name} {number}"))
        };
        line.product = text(draws, "product", 3);
        line.category = text(draws, "category", 1);
        line.brand = text(draws, "brand", 3);
        line.channel = Some(format!("channel {}", order % 2));
        line.country = Some(format!("country {}", who % 3)).filter(|_| who > 0);
        if note {
            line.quantity = -line.quantity;
            return line;
        }
        // Attribution does not tell lines of one price apart by their discount and cost: both follow from the price.
        let notes = matches!(self.returns, Returns::CreditNotes { .. });
        let (off, cost) =
            if notes { (price % 3, price % 2) } else { (draws.below(2) as i64, draws.below(8) as i64) };
        line.discount = Discount::Rate(Rate::from_millionths(off * 333_333));
        line.unit_cost = (cost > 0).then_some(Money::from_ten_thousandths(30_000 + cost));
        let all = [Returned::Nothing, Returned::All];
        let kept = draws.below(3) > 0;
        line.returned = match self.returns {
            _ if kept => Returned::Nothing,
            Returns::Quantity => Returned::Quantity(draws.below(line.quantity as u64 + 1) as i64),
            Returns::Amount if price > 0 && draws.below(3) == 0 => {
                Returned::Amount(Money::from_ten_thousandths(10_001))
            }
            Returns::Flag | Returns::Amount => all[draws.below(2) as usize],
            _ => Returned::Nothing,
        };
        line.return_time = text(draws, "", 3).map(|_| time + draws.below(2) as i64 * 7 * DAY);
        line
    }
}

pub(crate) fn extractor(day: i64) -> FeatureExtractor {
    let as_of = AsOf::instant(day * DAY + 1, &Zone::named("Europe/Berlin").unwrap()).unwrap();
    FeatureExtractor::builder(as_of).maturity_days(6).build().unwrap()
}

fn tables(finish: impl Fn(&FeatureExtractor) -> Result<FeatureTable, Error>) -> Vec<FeatureTable> {
    DAYS.iter().map(|day| finish(&extractor(*day)).unwrap()).collect()
}

pub(crate) fn stored(state: &FeatureState) -> String {
    serde_json::to_string(state).unwrap()
}

fn state_of(detail: Detail, log: &TransactionLog) -> FeatureState {
    let mut state = FeatureState::keeping(detail);
    state.push(log).unwrap();
    state
}

fn merged(mut left: FeatureState, right: &FeatureState) -> FeatureState {
    left.merge(right).unwrap();
    left
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_parts_in_any_order_give_one_table_and_one_text(
        shop in shops(),
        seed in any::<u64>(),
        lines in 0_usize..120,
        shards in 1_usize..7,
    ) {
        let all = shop.lines(seed, lines);
        let whole = shop.log(all.clone());
        let expected = tables(|extractor| extractor.extract(&whole));
        // Every line goes to some shard, so that shards share customers, orders and instants.
        let mut draws = Draws::new(seed ^ 1);
        let mut parts: Vec<Vec<OrderLine>> = vec![Vec::new(); shards];
        for line in &all {
            parts[draws.below(shards as u64) as usize].push(line.clone());
        }
        for part in &mut parts {
            (1..part.len()).for_each(|last| part.swap(last, draws.below(last as u64 + 1) as usize));
        }
        for detail in [Detail::Orders, Detail::Lines] {
            let batch = state_of(detail, &whole);
            let logs: Vec<TransactionLog> = parts.iter().map(|part| shop.log(part.clone())).collect();
            let mut days = FeatureState::keeping(detail);
            for log in &logs {
                days.push(log).unwrap();
            }
            let mut back = FeatureState::keeping(detail);
            for log in logs.iter().rev() {
                back.push(log).unwrap();
            }
            let mut rows = FeatureState::keeping(detail);
            for part in &parts {
                rows.push_rows(part.clone(), &shop.rules(), shop.ids).unwrap();
            }
            let mut resumed = FeatureState::keeping(detail);
            for log in &logs {
                resumed = serde_json::from_str(&stored(&resumed)).unwrap();
                resumed.push(log).unwrap();
            }
            for state in [&batch, &days, &back, &rows, &resumed] {
                prop_assert_eq!(&tables(|extractor| state.finish(extractor)), &expected);
                prop_assert_eq!(stored(state), stored(&batch));
                let (kept, read) = (state.report().unwrap().rows_kept(), whole.report().rows_kept());
                prop_assert_eq!(kept, read);
                prop_assert_eq!(state.report().unwrap().returned_lines, whole.report().returned_lines);
                prop_assert_eq!(state.time_span(), whole.time_span());
                prop_assert_eq!(state.customers(), expected[DAYS.len() - 1].len());
            }
        }
    }

    #[test]
    fn merging_is_associative_and_commutative(shop in shops(), seed in any::<u64>(), sizes in [0_usize..30, 0_usize..30, 0_usize..30]) {
        for detail in [Detail::Orders, Detail::Lines] {
            let [a, b, c] = [0, 1, 2].map(|n| state_of(detail, &shop.log(shop.lines(seed ^ n as u64, sizes[n]))));
            let left = merged(merged(a.clone(), &b), &c);
            for other in [
                merged(a.clone(), &merged(b.clone(), &c)),
                merged(c.clone(), &merged(b.clone(), &a)),
                merged(merged(FeatureState::keeping(detail), &b), &merged(a.clone(), &c)),
            ] {
                prop_assert_eq!(tables(|extractor| left.finish(extractor)), tables(|extractor| other.finish(extractor)));
                prop_assert_eq!(stored(&left), stored(&other));
            }
        }
    }

    #[test]
    fn whoever_is_erased_was_never_there(shop in shops(), seed in any::<u64>(), lines in 1_usize..60, shards in 1_usize..5) {
        let gone = |line: &OrderLine| ["1", "3", "customer 1", "customer 3"].contains(&line.customer.to_string().as_str());
        // Texts of their own, as personal data would be.
        let mark = |mut line: OrderLine| {
            if gone(&line) {
                let order = line.order.take().unwrap();
                line.order = Some(format!("{order} secret order"));
                line.product = Some("secret product".into());
                line.channel = Some("secret channel".into());
            }
            line
        };
        let all: Vec<OrderLine> = shop.lines(seed, lines).into_iter().map(mark).collect();
        let erased = [CustomerId::from("customer 3"), CustomerId::from("customer 1"), CustomerId::from(1), CustomerId::from("3")];
        for detail in [Detail::Orders, Detail::Lines] {
            let mut state = FeatureState::keeping(detail);
            for part in all.chunks(lines.div_ceil(shards)) {
                state.push(&shop.log(part.to_vec())).unwrap();
            }
            let read = state.report().unwrap().clone();
            let count = state.erase(&erased).unwrap();
            let mut who: Vec<String> = all.iter().filter(|line| gone(line)).map(|line| line.customer.to_string()).collect();
            prop_assert_eq!(count.rows as usize, who.len());
            who.sort_unstable();
            who.dedup();
            prop_assert_eq!(count.customers as usize, who.len());

            let text = stored(&state);
            prop_assert!(!text.contains("secret") && !text.contains("customer 1") && !text.contains("customer 3"), "{}", text);
            let rest: Vec<OrderLine> = all.iter().filter(|line| !gone(line)).cloned().collect();
            // The columns are those of all lines.
            let without = merged(state_of(detail, &shop.log(rest)), &{
                let mut frame = state_of(detail, &shop.log(all.clone()));
                frame.erase(&(0..4).flat_map(|n| [CustomerId::from(n), format!("customer {n}").into()]).collect::<Vec<_>>()).unwrap();
                frame
            });
            prop_assert_eq!(tables(|extractor| state.finish(extractor)), tables(|extractor| without.finish(extractor)));
            let report = state.report().unwrap();
            prop_assert!(report.balances());
            prop_assert_eq!((report.rows_read, report.sales_read(), report.erased), (read.rows_read, read.sales_read(), count));
            prop_assert_eq!(state.erase(&erased).unwrap().rows, 0);
        }
    }
}

#[test]
fn any_number_of_threads_stores_the_same_text() {
    let log = kohort::synthetic::Shop::builder().customers(5_000).build().unwrap().generate().unwrap().log;
    assert!(log.len() > 10 << 12, "more than ten groups of lines, {} lines", log.len());
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let state = state_of(Detail::Orders, &log);
            (stored(&state), state.finish(&extractor(900)).unwrap())
        })
    };
    let one = of(1);
    assert!([2, 3, 7].map(of).into_iter().all(|other| other == one));
}

#[test]
fn a_state_of_lines_is_never_joined_with_one_of_orders() {
    let shop = Shop { orders: OrderIdentity::Column, returns: Returns::Flag, ids: IdKind::Text };
    let log = shop.log(shop.lines(1, 40));
    for mut own in [FeatureState::keeping(Detail::Lines), state_of(Detail::Lines, &log)] {
        let before = stored(&own);
        for other in [FeatureState::new(), state_of(Detail::Orders, &log)] {
            let refused = own.merge(&other).unwrap_err();
            assert!(
                matches!(&refused, Error::Incompatible { what, left, right }
                if *what == "the detail of the state" && left == "lines" && right == "orders"),
                "{refused}"
            );
        }
        assert_eq!(stored(&own), before);
    }
}

#[test]
fn lines_keep_what_orders_let_go() {
    let shop = Shop { orders: OrderIdentity::Column, returns: Returns::Quantity, ids: IdKind::Text };
    let lines = shop.lines(3, 400);
    let (orders, kept) =
        (state_of(Detail::Orders, &shop.log(lines.clone())), state_of(Detail::Lines, &shop.log(lines)));
    assert_eq!(kept.rows(), 400);
    assert!(orders.rows() < 300, "{} rows", orders.rows());
    assert!(stored(&kept).contains("brand 1") && !stored(&orders).contains("brand 1"));
    assert!(orders.bytes() < kept.bytes() && orders.bytes() > 50 * orders.rows());
}

#[test]
fn a_state_prints_as_one_line() {
    let shop = Shop { orders: OrderIdentity::Column, returns: Returns::Flag, ids: IdKind::Text };
    let mut state = FeatureState::keeping(Detail::Lines);
    assert_eq!(state.to_string(), "no lines yet (lines)");
    state.push(&shop.log(shop.lines(1, 1_100))).unwrap();
    state.push(&shop.log(shop.lines(2, 100))).unwrap();
    let kilobytes = state.bytes().div_ceil(1_000);
    assert_eq!(
        state.to_string(),
        format!("1,200 rows of 4 customers in 2 runs, 1970-01-01 to 1970-01-10 (lines, EUR, {kilobytes} kB)")
    );
    assert_eq!(format!("{state:?}"), "FeatureState { detail: Lines, runs: [1100, 100] }");
}

/// Rows of which every thousandth has no customer.
fn rows(count: u64) -> impl Iterator<Item = OrderLine> {
    (1..=count).map(|row| {
        let customer = if row % 1_000 == 0 { String::new() } else { format!("c{}", row % 97) };
        let mut line = OrderLine::new(
            customer,
            row as i64 / 5 * 1_000_000,
            Price::Unit(Money::from_ten_thousandths(50_000)),
        );
        line.order = Some(format!("{}", row / 5));
        line
    })
}

#[test]
fn rows_are_numbered_through_all_chunks() {
    let rules = LogRules::builder("EUR").build().unwrap();
    let count = 2 * 65_536 + 1_234;
    let mut state = FeatureState::new();
    state.push_rows(rows(count), &rules, IdKind::Text).unwrap();
    let whole = TransactionLog::from_rows(rows(count), &rules, IdKind::Text).unwrap();
    assert_eq!(state.report(), Some(whole.report()));
    assert_eq!(state.finish(&extractor(9)).unwrap(), extractor(9).extract(&whole).unwrap());

    // The first row without customer stands in the second chunk.
    let strict = LogRules::builder("EUR").strictness(kohort::transaction::Strictness::Stop).build().unwrap();
    let late = |count| {
        rows(count).enumerate().map(|(row, mut line)| {
            if row != 70_000 && line.customer == CustomerId::from("") {
                line.customer = "someone".into();
            } else if row == 70_000 {
                line.customer = "".into();
            }
            line
        })
    };
    let before = stored(&state);
    let refused = state.push_rows(late(80_000), &strict, IdKind::Text).unwrap_err();
    assert!(matches!(refused, Error::Rejected { row: 70_001, .. }), "{refused}");
    assert_eq!(stored(&state), before, "what came before the row is not taken either");
    assert!(matches!(
        TransactionLog::from_rows(late(80_000), &strict, IdKind::Text),
        Err(Error::Rejected { row: 70_001, .. })
    ));
}

#[test]
fn rows_that_cannot_be_taken_are_not_even_read() {
    let rules = LogRules::builder("EUR").build().unwrap();
    let unread = || std::iter::from_fn(|| -> Option<OrderLine> { panic!("a row was read") });
    let mut state = FeatureState::new();
    state.push_rows(rows(10), &rules, IdKind::Text).unwrap();
    let refused = state.push_rows(unread(), &rules, IdKind::Number).unwrap_err();
    assert!(matches!(refused, Error::Incompatible { .. }), "{refused}");
    let unique =
        LogRules::builder("EUR").duplicates(kohort::transaction::Duplicates::Reject).build().unwrap();
    let refused = state.push_rows(unread(), &unique, IdKind::Text).unwrap_err();
    assert!(matches!(refused, Error::Setting { setting: "duplicates", .. }), "{refused}");
    // A log of its own is another matter: its rows were compared with each other.
    state.push(&TransactionLog::from_rows(rows(10), &unique, IdKind::Text).unwrap()).unwrap();
    assert_eq!(state.report().unwrap().rows_kept(), 20);

    let mut empty = FeatureState::new();
    empty.push_rows([], &rules, IdKind::Text).unwrap();
    assert!(empty.finish(&extractor(1)).unwrap().is_empty());
}
