//! Behaviours against a naive scan of what was pushed, customer by customer, and against themselves.

use std::collections::{BTreeMap, BTreeSet};

use kohort::events::{EventAttribute, EventRules};
use kohort::features::{
    Behaviour, Deed, Detail, EventDeed, FeatureExtractorBuilder, FeatureState, Number, OrderDeed, Same,
};
use kohort::{
    AsOf, Attribute, CustomerId, Error, Event, EventLog, FeatureExtractor, FeatureTable, IdKind, Money,
    TransactionLog, Values, Window, Zone,
};
use proptest::prelude::*;

use crate::features::{DAY, Row, log_of, rows};

fn builder(as_of: i64) -> FeatureExtractorBuilder {
    FeatureExtractor::builder(AsOf::instant(as_of, &Zone::utc()).unwrap()).features([])
}

/// One event in the terms of the naive scan; the value in ten-thousandths.
#[derive(Clone, Debug)]
struct Happened {
    customer: u64,
    time: i64,
    kind: u8,
    channel: Option<u8>,
    product: Option<u8>,
    category: Option<u8>,
    value: Option<i64>,
}

fn events() -> impl Strategy<Value = Vec<Happened>> {
    let texts = (prop::option::of(0_u8..2), prop::option::of(0_u8..4), prop::option::of(0_u8..5));
    let event = (0_u64..9, 0_i64..60 * 24, 0_u8..3, texts, prop::option::of(-20_000_i64..50_000)).prop_map(
        |(customer, hour, kind, (channel, product, category), value)| Happened {
            customer,
            time: hour * DAY / 24,
            kind,
            channel,
            product,
            category,
            value,
        },
    );
    prop::collection::vec(event, 0..60)
}

fn event_log(events: &[Happened], ids: IdKind) -> EventLog {
    let mut log = EventLog::builder(&EventRules::builder().build().unwrap(), ids);
    for own in events {
        let customer = match ids {
            IdKind::Number => CustomerId::Number(own.customer),
            IdKind::Text => CustomerId::Text(format!("c{}", own.customer)),
        };
        let mut event = Event::new(customer, own.time, format!("kind{}", own.kind));
        event.channel = own.channel.map(|channel| format!("ch{channel}"));
        event.product = own.product.map(|product| format!("p{product}"));
        event.category = own.category.map(|category| format!("cat{category}"));
        event.value = own.value.map(Money::from_ten_thousandths);
        log.push(event).unwrap();
    }
    log.build().unwrap()
}

/// What a log has to have so that no column is missing: one event and one line of customers nobody looks at.
fn complete(events: &[Happened], lines: &[Row]) -> (Vec<Happened>, Vec<Row>) {
    let (mut events, mut lines) = (events.to_vec(), lines.to_vec());
    let (channel, product, category) = (Some(0), Some(0), Some(0));
    events.push(Happened { customer: 100, time: 0, kind: 0, channel, product, category, value: Some(0) });
    lines.push(Row {
        customer: 101,
        order: 0,
        time: 0,
        pieces: 1,
        unit: 10_000,
        discount: 0,
        unit_cost: 0,
        back: 0,
        back_after: None,
        category,
        channel: 0,
        product: 0,
        credit_note: false,
    });
    (events, lines)
}

/// A window, and from when until when it reaches.
#[derive(Clone, Copy, Debug)]
enum Span {
    All,
    Days(i64),
    DaysAgo(i64, i64),
    Between(i64, i64),
}

impl Span {
    fn window(self) -> Window {
        let date = |day: i64| AsOf::instant(day * DAY, &Zone::utc()).unwrap().to_string()[..10].to_owned();
        match self {
            Self::All => Window::all(),
            Self::Days(days) => Window::days(days as u32),
            Self::DaysAgo(from, until) => Window::days_ago(from as u32, until as u32),
            Self::Between(from, until) => Window::dates(&date(from), &date(until), &Zone::utc()).unwrap(),
        }
    }

    fn has(self, time: i64, as_of: i64) -> bool {
        time < as_of
            && match self {
                Self::All => true,
                Self::Days(days) => time >= as_of - days * DAY,
                Self::DaysAgo(from, until) => time >= as_of - from * DAY && time < as_of - until * DAY,
                Self::Between(from, until) => time >= from * DAY && time < until * DAY,
            }
    }
}

/// A deed, in words that both the builder and the naive scan understand.
#[derive(Clone, Debug)]
struct Told {
    /// Events, orders or lines.
    source: u8,
    kinds: Option<Vec<u8>>,
    not_channel: Option<u8>,
    categories: Option<Vec<u8>>,
    /// In ten-thousandths.
    least: Option<i64>,
    most: Option<i64>,
    span: Span,
}

fn told() -> impl Strategy<Value = Told> {
    let span = prop_oneof![
        3 => Just(Span::All),
        1 => (1_i64..40).prop_map(Span::Days),
        1 => (1_i64..20, 1_i64..20).prop_map(|(until, more)| Span::DaysAgo(until + more, until)),
        1 => (0_i64..40, 1_i64..40).prop_map(|(from, days)| Span::Between(from, from + days)),
    ];
    let some = |range| prop::option::weighted(0.3, range);
    let several = || prop::option::weighted(0.3, prop::collection::vec(0_u8..4, 1..3));
    (0_u8..3, several(), some(0_u8..2), several(), some(0_u8..4), some(0_u8..4), span).prop_map(
        |(source, kinds, not_channel, categories, least, most, span)| Told {
            source,
            kinds,
            not_channel,
            categories,
            least: least.map(|least| i64::from(least) * 7_000),
            most: most.map(|most| i64::from(most) * 15_000),
            span,
        },
    )
}

/// What a deed is in the naive scan.
#[derive(Clone, Debug, Default)]
struct Found {
    time: i64,
    /// The value of an event, the gross of an order or line.
    number: Option<i64>,
    products: BTreeSet<u8>,
    categories: BTreeSet<u8>,
}

impl Told {
    fn deed(&self) -> Deed {
        let names = |prefix: &str, codes: &[u8]| -> Vec<String> {
            codes.iter().map(|code| format!("{prefix}{code}")).collect()
        };
        let float = |exact: i64| Money::from_ten_thousandths(exact).to_f64();
        if self.source == 0 {
            let mut deed: EventDeed = match &self.kinds {
                Some(kinds) => Behaviour::events(names("kind", kinds)),
                None => Behaviour::any_event(),
            };
            deed = self
                .not_channel
                .iter()
                .fold(deed, |deed, channel| deed.except(EventAttribute::Channel, names("ch", &[*channel])));
            deed = self
                .categories
                .iter()
                .fold(deed, |deed, categories| deed.only(EventAttribute::Category, names("cat", categories)));
            deed = self.least.iter().fold(deed, |deed, least| deed.at_least(float(*least)));
            deed = self.most.iter().fold(deed, |deed, most| deed.at_most(float(*most)));
            return deed.within(self.span.window()).into();
        }
        let mut deed: OrderDeed = if self.source == 1 { Behaviour::orders() } else { Behaviour::lines() };
        deed = self
            .not_channel
            .iter()
            .fold(deed, |deed, channel| deed.except(Attribute::Channel, names("ch", &[*channel])));
        deed = self
            .categories
            .iter()
            .fold(deed, |deed, categories| deed.only(Attribute::Category, names("cat", categories)));
        deed = self.least.iter().fold(deed, |deed, least| deed.at_least(Number::Gross, float(*least)));
        deed = self.most.iter().fold(deed, |deed, most| deed.at_most(Number::Gross, float(*most)));
        deed.within(self.span.window()).into()
    }

    /// What of a customer's events and lines it is, by plain loops.
    fn found(&self, customer: u64, events: &[Happened], lines: &[Row], as_of: i64) -> Vec<Found> {
        let category = |own: Option<u8>| {
            self.categories.as_ref().is_none_or(|only| own.is_some_and(|own| only.contains(&own)))
        };
        let channel = |own: Option<u8>| self.not_channel.is_none_or(|not| own.is_some_and(|own| own != not));
        let mut found = Vec::new();
        if self.source == 0 {
            for own in events.iter().filter(|own| own.customer == customer) {
                let kind = self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&own.kind));
                if kind && category(own.category) && channel(own.channel) {
                    found.push(Found {
                        time: own.time,
                        number: own.value,
                        products: own.product.into_iter().collect(),
                        categories: own.category.into_iter().collect(),
                    });
                }
            }
        } else {
            let mut orders: BTreeMap<u64, Vec<Found>> = BTreeMap::new();
            for (number, own) in lines.iter().enumerate() {
                let passes = own.customer == customer && own.is_sale() && own.time < as_of;
                if passes && category(own.category) && channel(Some(own.channel)) {
                    let order = if self.source == 1 { own.order } else { number as u64 };
                    orders.entry(order).or_default().push(Found {
                        time: own.time,
                        number: Some(own.gross()),
                        products: BTreeSet::from([own.product]),
                        categories: own.category.into_iter().collect(),
                    });
                }
            }
            for lines in orders.into_values() {
                found.push(Found {
                    time: lines.iter().map(|line| line.time).min().unwrap(),
                    number: Some(lines.iter().filter_map(|line| line.number).sum()),
                    products: lines.iter().flat_map(|line| line.products.clone()).collect(),
                    categories: lines.iter().flat_map(|line| line.categories.clone()).collect(),
                });
            }
        }
        found.retain(|found| {
            let number = |test: &dyn Fn(i64) -> bool| found.number.is_some_and(test);
            self.span.has(found.time, as_of)
                && self.least.is_none_or(|least| number(&|number| number >= least))
                && self.most.is_none_or(|most| number(&|number| number <= most))
        });
        found
    }
}

/// How often one of `then` follows one of `first`, by all pairs.
fn followed(first: &[Found], then: &[Found], days: u32, same: Option<Same>) -> f64 {
    let mut count = 0.0;
    for a in first {
        let mut follows = false;
        for b in then {
            let in_common = match same {
                None => true,
                Some(Same::Product) => a.products.intersection(&b.products).next().is_some(),
                Some(_) => a.categories.intersection(&b.categories).next().is_some(),
            };
            follows |= in_common && b.time > a.time && b.time - a.time <= i64::from(days) * DAY;
        }
        count += if follows { 1.0 } else { 0.0 };
    }
    count
}

/// A behaviour, and what the naive scan says it is for what was found of a customer's two deeds.
type Asked = (Behaviour, Box<dyn Fn(&[Found], &[Found]) -> Option<f64>>);

fn money(exact: i64) -> f64 {
    Money::from_ten_thousandths(exact).to_f64()
}

fn asked(first: &Told, then: &Told, days: u32, periods: u32, as_of: i64) -> Vec<Asked> {
    let (deed, after) = (first.deed(), then.deed());
    let numbers = |found: &[Found]| found.iter().filter_map(|own| own.number).collect::<Vec<i64>>();
    let [sum, average, min, max] = match deed.clone() {
        Deed::Events(deed) => [deed.clone().sum(), deed.clone().average(), deed.clone().min(), deed.max()],
        Deed::Orders(deed) => [
            deed.clone().sum(Number::Gross),
            deed.clone().average(Number::Gross),
            deed.clone().min(Number::Gross),
            deed.max(Number::Gross),
        ],
        other => panic!("{other}"),
    };
    let mut asked: Vec<Asked> = vec![
        (deed.clone().count(), Box::new(|found, _| Some(found.len() as f64))),
        (sum, Box::new(move |found, _| Some(money(numbers(found).iter().sum())))),
        (
            average,
            Box::new(move |found, _| {
                let numbers = numbers(found);
                let mean = numbers.iter().sum::<i64>() as f64 / numbers.len() as f64 / 10_000.0;
                (!numbers.is_empty()).then_some(mean)
            }),
        ),
        (min, Box::new(move |found, _| numbers(found).into_iter().min().map(money))),
        (max, Box::new(move |found, _| numbers(found).into_iter().max().map(money))),
        (
            deed.clone().first_time(),
            Box::new(|found, _| found.iter().map(|own| own.time as f64).reduce(f64::min)),
        ),
        (
            deed.clone().last_time(),
            Box::new(|found, _| found.iter().map(|own| own.time as f64).reduce(f64::max)),
        ),
        (
            Behaviour::active_periods(deed.clone(), periods, days),
            Box::new(move |found, _| {
                let length = i64::from(days) * DAY;
                let active = (0..i64::from(periods)).filter(|period| {
                    let (from, until) = (as_of - (period + 1) * length, as_of - period * length);
                    found.iter().any(|own| from <= own.time && own.time < until)
                });
                Some(active.count() as f64)
            }),
        ),
    ];
    for same in [None, Some(Same::Product), Some(Same::Category)] {
        let sequence = Behaviour::sequence(deed.clone(), after.clone(), days, same);
        asked.push((sequence, Box::new(move |first, then| Some(followed(first, then, days, same)))));
    }
    asked
}

fn text_id(ids: IdKind, customer: u64) -> String {
    if ids == IdKind::Number { customer.to_string() } else { format!("c{customer}") }
}

/// Makes instants coincide.
fn coarse(events: &mut [Happened], lines: &mut [Row], step: i64) {
    events.iter_mut().for_each(|own| own.time = own.time / step * step);
    lines.iter_mut().for_each(|own| own.time = own.time / step * step);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_behaviour_is_what_a_naive_scan_finds(
        (mut events, mut lines) in (events(), prop::bool::ANY.prop_flat_map(rows)),
        (first, then) in (told(), told()),
        (days, periods) in (1_u32..15, 1_u32..6),
        (hour, step) in (10_i64 * 24..62 * 24, prop::sample::select(vec![DAY / 24, DAY / 2, 3 * DAY])),
        ids in prop::sample::select(vec![IdKind::Number, IdKind::Text]),
    ) {
        coarse(&mut events, &mut lines, step);
        let (events, lines) = complete(&events, &lines);
        let as_of = hour * DAY / 24;
        let credit_notes = lines.iter().any(|line| line.credit_note);
        let asked = asked(&first, &then, days, periods, as_of);
        let behaviours = asked.iter().map(|(behaviour, _)| behaviour);
        let table = builder(as_of)
            .behaviours(behaviours)
            .build()
            .unwrap()
            .extract_with_events(&log_of(&lines, credit_notes, ids), &event_log(&events, ids))
            .unwrap();

        let mut customers: BTreeSet<u64> = BTreeSet::new();
        customers.extend(events.iter().filter(|own| own.time < as_of).map(|own| own.customer));
        customers.extend(lines.iter().filter(|own| own.time < as_of).map(|own| own.customer));
        let known: BTreeSet<String> = table.ids().iter().map(|id| id.to_string()).collect();
        let expected: BTreeSet<String> = customers.iter().map(|own| text_id(ids, *own)).collect();
        prop_assert_eq!(known, expected);

        for customer in customers {
            let row = table.ids().iter().position(|id| id.to_string() == text_id(ids, customer)).unwrap();
            let first = first.found(customer, &events, &lines, as_of);
            let then = then.found(customer, &events, &lines, as_of);
            for (behaviour, naive) in &asked {
                let found = table.column(behaviour.name()).unwrap().number(row);
                prop_assert_eq!(found, naive(&first, &then), "{} of customer {}", behaviour, customer);
            }
        }
    }

    #[test]
    fn rows_in_any_order_and_a_state_give_the_same(
        (events, lines) in (events(), prop::bool::ANY.prop_flat_map(rows)),
        (first, then) in (told(), told()),
        turn in 0_usize..60,
    ) {
        let (mut events, mut lines) = complete(&events, &lines);
        let as_of = 45 * DAY;
        let credit_notes = lines.iter().any(|line| line.credit_note);
        let asked = asked(&first, &then, 5, 4, as_of);
        let extractor = builder(as_of).behaviours(asked.iter().map(|(own, _)| own)).build().unwrap();
        let extract = |events: &[Happened], lines: &[Row]| {
            let (log, events) = (log_of(lines, credit_notes, IdKind::Text), event_log(events, IdKind::Text));
            (extractor.extract_with_events(&log, &events).unwrap(), log, events)
        };
        let (table, log, log_of_events) = extract(&events, &lines);
        let mut state = FeatureState::keeping(Detail::Lines);
        state.push(&log).unwrap();
        prop_assert_eq!(&state.finish_with_events(&extractor, &log_of_events).unwrap(), &table);
        // A state of orders gives the same, or says that it cannot.
        let mut state = FeatureState::new();
        state.push(&log).unwrap();
        for (behaviour, _) in &asked {
            let own = builder(as_of).behaviours([behaviour]).build().unwrap();
            match state.finish_with_events(&own, &log_of_events) {
                Ok(given) => {
                    prop_assert_eq!(given.column(behaviour.name()).unwrap(), table.column(behaviour.name()).unwrap());
                }
                Err(refused) => prop_assert!(matches!(refused, Error::FeatureNeeds { .. }), "{}", refused),
            }
        }
        let (at, middle) = (turn % events.len(), turn % lines.len());
        events.rotate_left(at);
        events.reverse();
        lines.rotate_left(middle);
        prop_assert_eq!(extract(&events, &lines).0, table);
    }
}

/// A customer's number, from the outside, spread over few values.
fn spread(customer: u64, salt: u64) -> i64 {
    (customer.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt.wrapping_mul(0xD134_2543_DE82_EF95))
        >> 40) as i64
}

/// Twelve chunks of customers with events and a ragged tail; every third has orders.
fn many() -> (Vec<Happened>, Vec<Row>) {
    let (mut events, mut lines) = (Vec::new(), Vec::new());
    for customer in 0..12_400_u64 {
        for number in 0..=customer % 4 {
            let at = spread(customer, number);
            events.push(Happened {
                customer,
                time: at % 50 * DAY,
                kind: (at % 3) as u8,
                channel: Some((at % 2) as u8),
                product: (at % 5 > 0).then_some((at % 3) as u8),
                category: None,
                value: (at % 7 > 0).then_some(at % 10_000),
            });
            if customer % 3 == 0 {
                lines.push(Row {
                    customer: customer + number % 2,
                    order: number,
                    time: (at + 2) % 50 * DAY,
                    product: (at % 3) as u8,
                    unit: 10_000 + at % 100,
                    ..complete(&[], &[]).1.remove(0)
                });
            }
        }
    }
    complete(&events, &lines)
}

#[test]
fn many_chunks_with_a_ragged_tail_on_any_number_of_threads() {
    let (events, lines) = many();
    let as_of = 40 * DAY;
    let open = |source| Told {
        source,
        kinds: None,
        not_channel: None,
        categories: None,
        least: None,
        most: None,
        span: Span::All,
    };
    let some = Told { kinds: Some(vec![0, 1]), span: Span::Days(30), ..open(0) };
    let mut asked = asked(&some, &open(1), 6, 4, as_of);
    asked.extend(self::asked(&open(2), &some, 9, 3, as_of));
    asked.extend(self::asked(&some, &open(0), 9, 3, as_of));
    let (log, event_log) = (log_of(&lines, false, IdKind::Number), event_log(&events, IdKind::Number));
    let extractor = builder(as_of).behaviours(asked.iter().map(|(own, _)| own)).build().unwrap();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| extractor.extract_with_events(&log, &event_log).unwrap())
    };
    let table = on(1);
    assert_eq!(on(3), table);

    let by_customer = |customers: &mut dyn Iterator<Item = (u64, usize)>| {
        let mut rows: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        customers.for_each(|(customer, row)| rows.entry(customer).or_default().push(row));
        rows
    };
    let events_of = by_customer(&mut events.iter().enumerate().map(|(row, own)| (own.customer, row)));
    let lines_of = by_customer(&mut lines.iter().enumerate().map(|(row, own)| (own.customer, row)));
    let columns: Vec<_> = asked.iter().map(|(own, _)| table.column(own.name()).unwrap()).collect();
    let (mut seen, mut followed) = (0, 0);
    for (row, id) in table.ids().iter().enumerate() {
        let CustomerId::Number(customer) = id else { panic!("{id}") };
        let events: Vec<Happened> =
            events_of.get(&customer).into_iter().flatten().map(|row| events[*row].clone()).collect();
        let lines: Vec<Row> =
            lines_of.get(&customer).into_iter().flatten().map(|row| lines[*row].clone()).collect();
        let found = |told: &Told| told.found(customer, &events, &lines, as_of);
        let pairs =
            [(&some, &open(1)), (&open(2), &some), (&some, &open(0))].map(|(a, b)| (found(a), found(b)));
        for (number, ((behaviour, naive), column)) in asked.iter().zip(&columns).enumerate() {
            let (first, then) = &pairs[number / 11];
            let expected = naive(first, then);
            assert_eq!(column.number(row), expected, "{behaviour} of customer {customer}");
            followed += u64::from(number % 11 > 8 && expected > Some(0.0));
        }
        seen += 1;
    }
    assert!(seen > 10 * 1_024 && seen % 1_024 > 0 && followed > 1_000, "{seen} customers, {followed} pairs");
}

fn one(customer: u64, time: i64, kind: u8) -> Happened {
    Happened { customer, time, kind, channel: None, product: None, category: None, value: None }
}

fn bought(customer: u64, order: u64, time: i64) -> Row {
    Row { customer, order, time, ..complete(&[], &[]).1.remove(0) }
}

fn values(table: &FeatureTable, behaviour: &Behaviour) -> Vec<Option<f64>> {
    let column = table.column(behaviour.name()).unwrap();
    (0..table.len()).map(|row| column.number(row)).collect()
}

#[test]
fn who_is_in_one_log_alone_did_nothing_in_the_other() {
    let log = log_of(&[bought(1, 1, DAY), bought(2, 1, DAY)], false, IdKind::Number);
    let events = event_log(&[one(2, 2 * DAY, 0), one(3, DAY, 0)], IdKind::Number);
    let visits = || Behaviour::any_event();
    let counted = [
        (visits().count(), [0.0, 1.0, 1.0]),
        (visits().active_periods(3, 30), [0.0, 1.0, 1.0]),
        (visits().then(visits(), 3), [0.0, 0.0, 0.0]),
        (Behaviour::orders().count(), [1.0, 1.0, 0.0]),
        (Behaviour::lines().sum(Number::Gross), [1.0, 1.0, 0.0]),
        (Behaviour::lines().sum(Number::Quantity), [1.0, 1.0, 0.0]),
        (Behaviour::orders().active_periods(3, 30), [1.0, 1.0, 0.0]),
        (Behaviour::orders().then(visits(), 3), [0.0, 1.0, 0.0]),
        (visits().then(Behaviour::orders(), 3), [0.0, 0.0, 0.0]),
    ];
    let missing = [
        (visits().last_time(), [false, true, true]),
        (Behaviour::orders().first_time(), [true, true, false]),
        (Behaviour::orders().average(Number::Gross), [true, true, false]),
    ];
    let all = counted.iter().map(|(own, _)| own).chain(missing.iter().map(|(own, _)| own));
    let table = builder(9 * DAY).behaviours(all).build().unwrap().extract_with_events(&log, &events).unwrap();
    assert_eq!(table.len(), 3);
    for (behaviour, expected) in &counted {
        assert_eq!(values(&table, behaviour), expected.map(Some), "{behaviour}");
        assert!(table.column(behaviour.name()).unwrap().validity().is_none(), "{behaviour} is never missing");
    }
    for (behaviour, there) in &missing {
        assert_eq!(values(&table, behaviour).iter().map(Option::is_some).collect::<Vec<_>>(), there);
    }
}

#[test]
fn an_unknown_cost_stays_unknown_beside_the_zero_of_who_never_bought() {
    let mut builder_of_log =
        TransactionLog::builder(&kohort::LogRules::builder("EUR").build().unwrap(), IdKind::Number);
    for (customer, cost) in [(1_u64, Some(Money::from_ten_thousandths(5_000))), (2, None)] {
        let mut line =
            kohort::OrderLine::new(customer, DAY, kohort::Price::Unit(Money::from_ten_thousandths(10_000)));
        line.order = Some("1".into());
        line.unit_cost = cost;
        builder_of_log.push(line).unwrap();
    }
    let log = builder_of_log.build().unwrap();
    let cost = Behaviour::orders().sum(Number::Cost);
    let events = event_log(&[one(3, DAY, 0)], IdKind::Number);
    let table =
        builder(9 * DAY).behaviours([&cost]).build().unwrap().extract_with_events(&log, &events).unwrap();
    assert_eq!(values(&table, &cost), [Some(0.5), None, Some(0.0)]);
}

#[test]
fn columns_have_their_types_in_logs_without_a_row() {
    let asked = || Behaviour::any_event();
    let behaviours = [
        asked().count(),
        asked().last_time(),
        asked().then(asked(), 1),
        Behaviour::orders().count(),
        Behaviour::orders().last_time(),
        Behaviour::orders().sum(Number::Gross),
        asked().then(Behaviour::orders(), 1),
    ];
    let extractor = builder(9 * DAY).behaviours(&behaviours).build().unwrap();
    let types = |events: &[Happened], lines: &[Row]| {
        let (log, events) = (log_of(lines, false, IdKind::Number), event_log(events, IdKind::Number));
        let table = extractor.extract_with_events(&log, &events).unwrap();
        let kind = |own: &Behaviour| table.column(own.name()).unwrap().values().type_name();
        behaviours.iter().map(kind).collect::<Vec<_>>()
    };
    let expected = ["u32", "time", "u32", "u32", "time", "money", "u32"];
    assert_eq!(types(&[one(1, DAY, 0)], &[bought(2, 1, DAY)]), expected);
    assert_eq!(types(&[], &[bought(2, 1, DAY)]), expected, "no event");
    assert_eq!(types(&[one(1, 10 * DAY, 0)], &[bought(2, 1, 10 * DAY)]), expected, "all of it later");
}

#[test]
fn what_is_at_the_moment_or_at_one_instant_does_not_count() {
    let as_of = 10 * DAY;
    let log =
        log_of(&[bought(1, 1, as_of - 1), bought(1, 2, as_of), bought(2, 1, 5 * DAY)], false, IdKind::Number);
    let events = event_log(
        &[one(1, as_of, 0), one(2, 5 * DAY, 0), one(2, 5 * DAY, 1), one(3, 2 * DAY, 0), one(3, 5 * DAY, 1)],
        IdKind::Number,
    );
    let kind = |kind: u8| Behaviour::events([format!("kind{kind}")]);
    let asked = [
        (Behaviour::orders().count(), [1.0, 1.0, 0.0]),
        (Behaviour::any_event().count(), [0.0, 2.0, 2.0]),
        (kind(0).then(kind(1), 3), [0.0, 0.0, 1.0]),
        (kind(0).then(kind(1), 2), [0.0, 0.0, 0.0]),
        (kind(0).then(Behaviour::orders(), 9), [0.0, 0.0, 0.0]),
        (kind(1).within(Window::days(5)).count(), [0.0, 1.0, 1.0]),
        (kind(1).within(Window::days(4)).count(), [0.0, 0.0, 0.0]),
    ];
    let extractor = builder(as_of).behaviours(asked.iter().map(|(own, _)| own)).build().unwrap();
    let table = extractor.extract_with_events(&log, &events).unwrap();
    for (behaviour, expected) in &asked {
        assert_eq!(values(&table, behaviour), expected.map(Some), "{behaviour}");
    }
}

#[test]
fn one_customer_of_very_many_events_takes_no_pair_of_them() {
    let count = 200_000;
    let many: Vec<Happened> =
        (0..count).map(|second| one(1, second * 1_000_000, (second % 2) as u8)).collect();
    let (kind0, kind1) = (Behaviour::events(["kind0"]), Behaviour::events(["kind1"]));
    let asked = [
        (kind0.clone().then(kind1.clone(), 1_000), f64::from(count as i32 / 2)),
        (kind1.clone().then(Behaviour::orders(), 1_000), f64::from(count as i32 / 2)),
        (kind0.active_periods(u32::MAX, 1), 3.0),
    ];
    let log = log_of(&[bought(1, 1, 8 * DAY)], false, IdKind::Number);
    let extractor = builder(9 * DAY).behaviours(asked.iter().map(|(own, _)| own)).build().unwrap();
    let table = extractor.extract_with_events(&log, &event_log(&many, IdKind::Number)).unwrap();
    for (behaviour, expected) in &asked {
        assert_eq!(values(&table, behaviour), [Some(*expected)], "{behaviour}");
    }
}

#[test]
fn equal_behaviours_are_one_column() {
    let log = log_of(&[bought(1, 1, DAY)], false, IdKind::Number);
    let one = Behaviour::orders().only(Attribute::Category, ["b", "a"]).count();
    let same = Behaviour::orders().only(Attribute::Category, ["a", "b", "a"]).count();
    let other = Behaviour::lines().only(Attribute::Category, ["a", "b"]).count();
    let table =
        builder(9 * DAY).behaviours([&one, &same]).behaviours([other.clone()]).build().unwrap().extract(&log);
    assert_eq!(table.unwrap().names().collect::<Vec<_>>(), [one.name(), other.name()]);
}

#[test]
fn wrong_behaviours_are_found_when_the_extractor_is_built() {
    let orders = || Behaviour::orders();
    let wrong = [
        (Behaviour::events([""; 0]).count(), "texts"),
        (orders().only(Attribute::Brand, [""; 0]).count(), "texts"),
        (orders().at_least(Number::Gross, f64::NAN).count(), "limit"),
        (orders().at_least(Number::Gross, 0.000_01).count(), "limit"),
        (orders().at_most(Number::Quantity, 0.5).count(), "limit"),
        (Behaviour::any_event().at_most(f64::INFINITY).count(), "limit"),
        (orders().within(Window::days_ago(30, 60)).count(), "window"),
        (orders().then(Behaviour::any_event().within(Window::days(0)), 3), "window"),
        (orders().active_periods(0, 30), "periods"),
        (orders().active_periods(6, 0), "days"),
        (orders().then(orders(), 0), "days"),
    ];
    for (behaviour, name) in wrong {
        for refused in [behaviour.check(), builder(9).behaviours([&behaviour]).build().map(|_| ())] {
            assert!(
                matches!(&refused, Err(Error::Setting { setting, .. }) if *setting == name),
                "{behaviour}: {refused:?}"
            );
        }
    }
    // A window before the beginning of time is one only as of a moment.
    let ancient = orders().within(Window::days_ago(u32::MAX, u32::MAX - 1)).count();
    assert!(ancient.check().is_ok() && builder(9).behaviours([ancient]).build().is_err());
}

#[test]
fn what_a_log_lacks_is_an_error_that_names_the_behaviour() {
    let mut lines =
        vec![kohort::OrderLine::new(1_u64, 0, kohort::Price::Unit(Money::from_ten_thousandths(1)))];
    lines[0].order = Some("1".into());
    let rules = kohort::LogRules::builder("EUR").build().unwrap();
    let log = TransactionLog::from_rows(lines, &rules, IdKind::Number).unwrap();
    let events = event_log(&[one(1, 0, 0)], IdKind::Number);
    let visits = || Behaviour::any_event();
    let lacking = [
        (Behaviour::orders().only(Attribute::Category, ["x"]).count(), "a category column"),
        (Behaviour::orders().sum(Number::Discount), "a discount column"),
        (visits().only(EventAttribute::Label, ["x"]).count(), "events with labels"),
        (visits().sum(), "events with numbers"),
        (visits().at_least(1.0).count(), "events with numbers"),
        (visits().then_same(Same::Product, visits(), 3), "events with products"),
        (Behaviour::orders().then_same(Same::Product, visits(), 3), "a product column"),
        (visits().then_same(Same::Category, Behaviour::lines(), 3), "events with categories"),
    ];
    for (behaviour, needs) in &lacking {
        let refused = builder(9)
            .behaviours([behaviour])
            .build()
            .unwrap()
            .extract_with_events(&log, &events)
            .unwrap_err();
        assert!(
            matches!(&refused, Error::FeatureNeeds { feature, needs: found } if feature == behaviour.name() && found == needs),
            "{behaviour}: {refused}"
        );
    }
    for behaviour in [visits().count(), visits().then(Behaviour::orders(), 3)] {
        let refused = builder(9).behaviours([&behaviour]).build().unwrap().extract(&log).unwrap_err();
        assert!(refused.to_string().contains("extract with them"), "{refused}");
    }
    let texts = event_log(&[one(1, 0, 0)], IdKind::Text);
    for behaviour in [visits().count(), visits().then(Behaviour::orders(), 3), Behaviour::orders().count()] {
        let extractor = builder(9).behaviours([&behaviour]).build().unwrap();
        let refused = extractor.extract_with_events(&log, &texts).unwrap_err();
        assert!(matches!(refused, Error::Incompatible { .. }), "{refused}");
    }
    // Orders that were put together have no single lines to compare with a limit.
    let mut state = FeatureState::new();
    state.push(&log).unwrap();
    let dear = Behaviour::lines().at_least(Number::Gross, 10.0).count();
    let refused = state.finish(&builder(9).behaviours([dear]).build().unwrap()).unwrap_err();
    assert!(refused.to_string().contains("single order lines"), "{refused}");
    let last = Behaviour::lines().last_time();
    let table = state.finish(&builder(9).behaviours([&last]).build().unwrap()).unwrap();
    assert!(matches!(table.column(last.name()).unwrap().values(), Values::Time(times) if *times == [0]));
}
