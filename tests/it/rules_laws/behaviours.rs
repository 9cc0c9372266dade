//! What customers did, from what was pushed to who is in: rules over behaviours against a naive scan.

use std::collections::BTreeMap;

use kohort::events::EventRules;
use kohort::features::{Behaviour, Deed, Number, Same};
use kohort::segment::rules::{did, first_did, last_did, regular, restarted, stopped};
use kohort::segment::{CustomerFeatures, Predicate, Rules, Truth};
use kohort::{
    AsOf, Attribute, CustomerId, Event, EventLog, FeatureExtractor, IdKind, LogRules, Money, OrderLine,
    Price, TransactionLog, Window, Zone,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::clock::DAY;

/// The moment; everything happens some hours before or after.
const NOW: i64 = 19_783 * DAY + DAY / 2;

/// An event or an order line.
#[derive(Clone, Debug)]
struct Row {
    customer: u64,
    time: i64,
    /// Of an event its kind, of a line the order.
    group: u8,
    product: Option<u8>,
    /// Euros; of a line the price.
    value: Option<u32>,
}

fn row() -> impl Strategy<Value = Row> {
    // Whole days often, so that windows end where something is; a few in the future.
    let time = prop_oneof![2 => (-2_i64..130).prop_map(|day| NOW - day * DAY), 1 => (-30_i64..130 * 24).prop_map(|hour| NOW - hour * DAY / 24)];
    let value = prop::option::weighted(0.8, 1_u32..40);
    (0_u64..6, time, 0_u8..3, prop::option::weighted(0.8, 0_u8..3), value)
        .prop_map(|(customer, time, group, product, value)| Row { customer, time, group, product, value })
}

/// A deed, as the builder and the scan understand it.
#[derive(Clone, Debug)]
enum Told {
    Events(Option<u8>),
    Orders,
    /// Order lines of a product.
    Lines(u8),
}

/// When something was, with its products and its value.
#[derive(Clone, Debug)]
struct Done {
    time: i64,
    products: Vec<u8>,
    value: Option<i64>,
}

struct World {
    events: Vec<Row>,
    lines: Vec<Row>,
}

impl Told {
    fn deed(&self) -> Deed {
        match self {
            Self::Events(None) => Behaviour::any_event().into(),
            Self::Events(Some(kind)) => Behaviour::events([format!("kind{kind}")]).into(),
            Self::Orders => Behaviour::orders().into(),
            Self::Lines(product) => {
                Behaviour::lines().only(Attribute::Product, [format!("p{product}")]).into()
            }
        }
    }

    fn done(&self, world: &World, customer: u64) -> Vec<Done> {
        let of = |rows: &[Row], keep: &dyn Fn(&Row) -> bool| -> Vec<Row> {
            rows.iter()
                .filter(|row| row.customer == customer && row.time < NOW && keep(row))
                .cloned()
                .collect()
        };
        let one = |row: Row| Done {
            time: row.time,
            products: row.product.into_iter().collect(),
            value: row.value.map(i64::from),
        };
        match self {
            Self::Events(kind) => of(&world.events, &|row| kind.is_none_or(|kind| row.group == kind))
                .into_iter()
                .map(one)
                .collect(),
            Self::Lines(product) => {
                of(&world.lines, &|row| row.product == Some(*product)).into_iter().map(one).collect()
            }
            Self::Orders => {
                let mut orders: BTreeMap<u8, Done> = BTreeMap::new();
                for row in of(&world.lines, &|_| true) {
                    let new = Done { time: i64::MAX, products: Vec::new(), value: Some(0) };
                    let order = orders.entry(row.group).or_insert(new);
                    order.time = order.time.min(row.time);
                    order.products.extend(row.product);
                    order.value = order.value.zip(row.value).map(|(sum, own)| sum + i64::from(own));
                }
                orders.into_values().collect()
            }
        }
    }
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![
        1 => Just(Told::Events(None)),
        3 => (0_u8..3).prop_map(|kind| Told::Events(Some(kind))),
        2 => Just(Told::Orders),
        2 => (0_u8..3).prop_map(Told::Lines),
    ]
}

/// From so many days ago until so many.
#[derive(Clone, Copy, Debug)]
struct Ago(u32, u32);

impl Ago {
    fn window(self) -> Window {
        if self.1 == 0 { Window::days(self.0) } else { Window::days_ago(self.0, self.1) }
    }

    fn has(self, time: i64) -> bool {
        NOW - i64::from(self.0) * DAY <= time && time < NOW - i64::from(self.1) * DAY
    }
}

fn ago() -> impl Strategy<Value = Ago> {
    (prop_oneof![Just(0_u32), 1_u32..60], 1_u32..70).prop_map(|(until, more)| Ago(until + more, until))
}

type Scan = Box<dyn Fn(&[Done], &[Done]) -> Option<bool>>;

fn count(done: &[Done], holds: impl Fn(i64) -> bool) -> usize {
    done.iter().filter(|done| holds(done.time)).count()
}

/// Every question about two deeds, and how a scan answers it.
fn questions(
    (first, then): (&Told, &Told),
    (window, other): (Ago, Ago),
    (least, periods, days): (u32, u32, u32),
) -> Vec<(Predicate, Scan)> {
    let deed = || first.deed();
    let inside = || deed().within(window.window());
    let before = Ago(window.0 + other.0, window.0);
    let follows = move |a: &Done, b: &Done| b.time > a.time && b.time - a.time <= i64::from(days) * DAY;
    let euros = f64::from(least * 15);
    let sum = |deed: Deed| match deed {
        Deed::Events(deed) => [deed.clone().sum(), deed.clone().average(), deed.max()],
        Deed::Orders(deed) => {
            [deed.clone().sum(Number::Gross), deed.clone().average(Number::Gross), deed.max(Number::Gross)]
        }
        other => panic!("{other}"),
    };
    let [sum, average, max] = sum(inside());
    let values = move |done: &[Done]| -> Vec<i64> {
        done.iter().filter(|done| window.has(done.time)).filter_map(|done| done.value).collect()
    };
    let (wanted, few) = (least as usize, i64::from(least) * 15);
    vec![
        (did(inside()).at_least(least), Box::new(move |a, _| Some(count(a, |t| window.has(t)) >= wanted))),
        (did(inside()).at_most(least), Box::new(move |a, _| Some(count(a, |t| window.has(t)) <= wanted))),
        (did(inside()).exactly(least), Box::new(move |a, _| Some(count(a, |t| window.has(t)) == wanted))),
        (did(deed()).never(), Box::new(|a, _| Some(a.is_empty()))),
        (did(sum).ge(euros), Box::new(move |a, _| Some(values(a).iter().sum::<i64>() >= few))),
        (
            did(average).lt(euros),
            Box::new(move |a, _| {
                let values = values(a);
                let total: i64 = values.iter().sum();
                (!values.is_empty()).then_some(total < few * values.len() as i64)
            }),
        ),
        (did(max).gt(euros), Box::new(move |a, _| values(a).iter().max().map(|max| *max > few))),
        (
            stopped(deed(), &before.window(), &window.window()),
            Box::new(move |a, _| Some(count(a, |t| before.has(t)) > 0 && count(a, |t| window.has(t)) == 0)),
        ),
        (
            restarted(deed(), other.0, window.0),
            Box::new(move |a, _| {
                let (recent, pause) = (Ago(window.0, 0), Ago(window.0 + other.0, window.0));
                let old = count(a, |t| t < NOW - i64::from(window.0 + other.0) * DAY);
                Some(count(a, |t| recent.has(t)) > 0 && count(a, |t| pause.has(t)) == 0 && old > 0)
            }),
        ),
        (
            regular(deed(), least, periods, days),
            Box::new(move |a, _| {
                let period = |n: u32| Ago((n + 1) * days, n * days);
                Some((0..periods).filter(|n| count(a, |t| period(*n).has(t)) > 0).count() >= wanted)
            }),
        ),
        (
            first_did(deed(), &window.window()),
            Box::new(move |a, _| Some(a.iter().map(|done| done.time).min().is_some_and(|t| window.has(t)))),
        ),
        (
            last_did(deed(), &window.window()),
            Box::new(move |a, _| Some(a.iter().map(|done| done.time).max().is_some_and(|t| window.has(t)))),
        ),
        (
            !did(deed().last_time()).within_days(window.0),
            Box::new(move |a, _| {
                let latest = a.iter().map(|done| done.time).max()?;
                Some(!Ago(window.0, 0).has(latest))
            }),
        ),
        (
            did(Behaviour::sequence(deed(), then.deed(), days, None)).at_least(least),
            Box::new(move |a, b| {
                Some(a.iter().filter(|a| b.iter().any(|b| follows(a, b))).count() >= wanted)
            }),
        ),
        (
            did(Behaviour::sequence(inside(), then.deed(), days, Some(Same::Product))).at_least(1),
            Box::new(move |a, b| {
                let shares = |a: &Done, b: &Done| a.products.iter().any(|own| b.products.contains(own));
                let pair = |a: &Done| b.iter().any(|b| follows(a, b) && shares(a, b));
                Some(a.iter().any(|a| window.has(a.time) && pair(a)))
            }),
        ),
    ]
}

impl World {
    fn events(&self) -> EventLog {
        let mut log = EventLog::builder(&EventRules::builder().build().unwrap(), IdKind::Number);
        for row in &self.events {
            let mut event = Event::new(row.customer, row.time, format!("kind{}", row.group));
            event.product = row.product.map(|product| format!("p{product}"));
            event.value = row.value.map(|value| Money::from_ten_thousandths(i64::from(value) * 10_000));
            log.push(event).unwrap();
        }
        log.build().unwrap()
    }

    fn orders(&self) -> TransactionLog {
        let mut log = TransactionLog::builder(&LogRules::builder("EUR").build().unwrap(), IdKind::Number);
        for row in &self.lines {
            let price = Money::from_ten_thousandths(i64::from(row.value.unwrap()) * 10_000);
            let mut line = OrderLine::new(row.customer, row.time, Price::Unit(price));
            line.order = Some(row.group.to_string());
            line.product = row.product.map(|product| format!("p{product}"));
            log.push(line).unwrap();
        }
        log.build().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn who_is_in_is_who_a_scan_finds(
        (mut events, mut lines) in (prop::collection::vec(row(), 0..50), prop::collection::vec(row(), 0..50)),
        (first, then) in (told(), told()),
        windows in (ago(), ago()),
        numbers in (1_u32..4, 1_u32..6, select(vec![1_u32, 7, 10, 30])),
    ) {
        // One of each whom nobody asks about, so that no column is missing.
        let full = |customer| Row { customer, time: NOW - 200 * DAY, group: 0, product: Some(0), value: Some(1) };
        events.push(full(90));
        lines.push(full(91));
        for line in &mut lines {
            line.value = line.value.or(Some(7));
        }
        let world = World { events, lines };
        let asked = questions((&first, &then), windows, numbers);
        let mut rules = Rules::builder();
        for (number, (predicate, _)) in asked.iter().enumerate() {
            rules = rules.rule(number.to_string(), predicate.clone()).rule(format!("not {number}"), !predicate.clone());
        }
        let rules = rules.build().unwrap();
        let as_of = AsOf::instant(NOW, &Zone::named("Europe/Berlin").unwrap()).unwrap();
        let extractor = FeatureExtractor::builder(as_of).features([]).behaviours(rules.behaviours()).build().unwrap();
        let table = extractor.extract_with_events(&world.orders(), &world.events()).unwrap();
        prop_assert!(rules.required_features().iter().all(|name| table.has(name)));
        let model = rules.fit(&table).unwrap();
        let audiences = model.evaluate(&table).unwrap();
        let known = |customer: u64| {
            let mut all = world.events.iter().chain(&world.lines);
            all.any(|row| row.customer == customer && row.time < NOW)
        };
        let customers: Vec<CustomerId> = (0..100).filter(|own| known(*own)).map(CustomerId::Number).collect();
        prop_assert!(table.ids().iter().eq(customers.iter().cloned()));
        for (row, id) in customers.iter().enumerate() {
            let CustomerId::Number(customer) = id else { unreachable!() };
            let (a, b) = (first.done(&world, *customer), then.done(&world, *customer));
            let alone = model.evaluate_one(&CustomerFeatures::of(&table, id).unwrap()).unwrap();
            for (number, (predicate, scan)) in asked.iter().enumerate() {
                let expected = scan(&a, &b).map_or(Truth::Unknown, Truth::from);
                let found = audiences.matches(&number.to_string()).unwrap().truth(row);
                prop_assert_eq!(found, expected, "{} of customer {}", predicate, customer);
                prop_assert_eq!(audiences.matches(&format!("not {number}")).unwrap().truth(row), !expected);
                prop_assert_eq!((alone[2 * number].1, alone[2 * number + 1].1), (expected, !expected), "{}", predicate);
            }
        }
    }
}
