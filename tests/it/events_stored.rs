//! Stored event logs: those of earlier releases still load, what is damaged is refused with the reason, and whatever
//! loads can be worked with. An event log is its own state: days and shards of it come to the same.

use kohort::events::{EventAttribute, EventRules};
use kohort::features::{Detail, EventAggregate, EventTrait, EventValue, FeatureState, Response};
use kohort::transaction::RejectReason;
use kohort::{
    AsOf, CustomerId, Event, EventLog, FeatureExtractor, IdKind, Money, OrderIdentity, Returns, Zone,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::customers::Draws;
use crate::state_laws::Shop;
use crate::state_stored::{damaged, mutated};

/// What version 0.1 wrote.
const EVENTS: &str = include_str!("../fixtures/v0.1/event_log.json");

const DAY: i64 = 86_400_000_000;

fn stored(log: &EventLog) -> String {
    serde_json::to_string(log).unwrap()
}

fn loaded(text: &str) -> EventLog {
    serde_json::from_str(text).unwrap()
}

fn berlin() -> Zone {
    Zone::named("Europe/Berlin").unwrap()
}

/// So many events of a few customers, of which some have no kind.
fn events(seed: u64, ids: IdKind, events: usize) -> Vec<Event> {
    let mut draws = Draws::new(seed);
    let one_of = |draws: &mut Draws, texts: &[&'static str]| texts[draws.below(texts.len() as u64) as usize];
    let event = |_| {
        let who = draws.below(5);
        let customer = match ids {
            IdKind::Number => CustomerId::Number(who),
            IdKind::Text => CustomerId::Text(format!("customer {who}")),
        };
        let time = draws.below(24 * 12) as i64 * (DAY / 24);
        let kinds = ["sent", "sent", "opened", "clicked", "converted", "unsubscribed", "visit", ""];
        let mut event = Event::new(customer, time, one_of(&mut draws, &kinds));
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        event.channel = text(one_of(&mut draws, &["email", "sms", "app", ""]));
        event.campaign = text(one_of(&mut draws, &["spring", "summer", ""]));
        event.value =
            [None, Some(-1), Some(25_000)][draws.below(3) as usize].map(Money::from_ten_thousandths);
        event
    };
    (0..events).map(event).collect()
}

fn log(ids: IdKind, events: impl IntoIterator<Item = Event>) -> EventLog {
    let rules = EventRules::builder().zone(berlin()).build().unwrap();
    let mut builder = EventLog::builder(&rules, ids);
    events.into_iter().for_each(|event| builder.push(event).unwrap());
    builder.build().unwrap()
}

#[test]
fn the_log_of_version_0_1_is_the_same() {
    let log = loaded(EVENTS);
    assert_eq!((log.len(), log.customers().kind()), (4, IdKind::Text));
    let kinds: Vec<_> = log.kinds().iter().flatten().collect();
    assert_eq!(kinds, ["sent", "opened", "converted", "Öl probiert"]);
    let channels: Vec<_> = log.attribute(EventAttribute::Channel).unwrap().iter().collect();
    assert_eq!(channels, [Some("email"), Some("email"), None, Some("Geschäft")]);
    assert!(log.attribute(EventAttribute::Product).is_none());
    let values: Vec<_> = (0..4).map(|row| log.value(row).map(|value| value.to_string())).collect();
    assert_eq!(values, [None, None, Some("49.90".into()), Some("-0.0001".into())]);
    assert_eq!(log.as_of_end().unwrap(), AsOf::date("2024-03-04", &berlin()).unwrap());
    let report = log.report();
    assert!(report.balances());
    assert_eq!((report.rows_read, report.rows_kept(), report.erased.events), (8, 4, 2));
    assert_eq!(report.rejected[&RejectReason::MissingKind].totals.value.to_string(), "3.00");
    assert_eq!(report.kept["converted"].value.to_string(), "49.90");
}

#[test]
fn what_was_loaded_is_stored_as_it_was() {
    let value: Value = serde_json::from_str(EVENTS).unwrap();
    assert_eq!(serde_json::to_value(loaded(EVENTS)).unwrap(), value);
    // Also where a library puts the keys in another order, the model before its version.
    let sorted = json!({ "model": value["model"], "version": value["version"], "kind": value["kind"] });
    assert!(loaded(&sorted.to_string()) == loaded(EVENTS));
}

#[test]
fn damaged_logs_are_refused_with_the_reason() {
    for (path, value, reason) in [
        ("/kind", json!("feature_state"), "stored event_log cannot be read: it is a stored `feature_state`"),
        ("/version", json!(2), "it is of version 2, and this release reads up to 1; update kohort"),
        ("/model/zone", json!("Europe/Atlantis"), "Atlantis"),
        ("/model/times/0", json!(i64::MAX), "the time of row 0 is not within years 1 to 9998"),
        ("/model/times", json!([0]), "column `customers` has 4 rows where `times` has 1"),
        ("/model/customers", json!({"numbers": [1]}), "column `customers` has 1 rows"),
        ("/model/customers/texts/codes/0", Value::Null, "column `customers` has a row without id"),
        ("/model/kinds/codes/3", Value::Null, "column `kinds` has no row with its text"),
        ("/model/kinds/codes", json!([0, 1, 2]), "column `kinds` has 3 rows"),
        ("/model/kinds", json!({"levels": ["a"], "codes": [0, null, 0, 0]}), "row 1 has no kind"),
        ("/model/channel/codes/0", json!(2), "column `channel` has code 2 of 2 texts"),
        ("/model/channel/levels", json!(["email", "Geschäft"]), "ascending byte order"),
        ("/model/channel/levels", json!(["", "email"]), "column `channel` has an empty text"),
        ("/model/label", json!({"levels": [], "codes": []}), "column `label` has 0 rows"),
        ("/model/values", json!([1]), "column `values` has 1 rows"),
        ("/model/values/2", json!(1_000_000_000_000_001_i64), "row 2 has a value out of range"),
        ("/model/values/1", json!(i64::MIN), "row 1 has a value out of range"),
        ("/model/report/rejected/0/reason", json!("bad_mood"), "`bad_mood` is no reason to reject a row"),
        ("/model/report/rejected/1/reason", json!("missing_customer"), "twice for `missing_customer`"),
        ("/model/report/rejected/0/totals/events", json!(0), "examples of 0 rejected rows"),
        ("/model/report/rejected/0/first_rows", json!([1, 2, 3, 4, 5, 6]), "6 examples"),
        ("/model/report/rejected/0/totals/values", json!(2), "2 values of 1 events"),
        ("/model/report/erased/events", json!(u64::MAX), "is no count of rows"),
        ("/model/report/erased/value", json!("-1000000000000.00"), "a total of -1000000000000.00"),
    ] {
        let refused =
            serde_json::from_str::<EventLog>(&damaged(EVENTS, path, value)).unwrap_err().to_string();
        assert!(refused.contains(reason), "{path}: {refused}");
    }
}

/// Works with a log in every way there is.
fn work_with(log: &EventLog) {
    let again = loaded(&stored(log));
    assert!(again == *log && again.report() == log.report());
    assert!(log.report().balances() && !log.report().to_string().is_empty());
    let response = Response::builder().build().unwrap();
    for as_of in [AsOf::instant(0, &Zone::utc()).unwrap()].into_iter().chain(log.as_of_end()) {
        let table = response.extract(log, &as_of).unwrap();
        assert!(table.len() <= log.len() && log.left_out(&as_of) <= log.len() as u64);
    }
    let twice = log.concat(&again).unwrap();
    assert!(twice.report().balances() && twice.len() == 2 * log.len());
    let erased = twice.erase(&[CustomerId::from("ada"), CustomerId::from(1)]);
    assert!(loaded(&stored(&erased)) == erased);
}

/// Orders and events as one table.
fn extractor(day: i64) -> FeatureExtractor {
    let as_of = AsOf::instant(day * DAY + 1, &berlin()).unwrap();
    let trait_of = |name: &str, aggregate| EventTrait::builder(name, aggregate).build().unwrap();
    let traits = [
        trait_of("worth", EventAggregate::Sum),
        trait_of("latest_campaign", EventAggregate::Last(EventValue::Text(EventAttribute::Campaign))),
        trait_of("channels", EventAggregate::Distinct(EventValue::Text(EventAttribute::Channel))),
    ];
    FeatureExtractor::builder(as_of)
        .response(Response::builder().build().unwrap())
        .event_traits(traits)
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_damaged_log_is_refused_or_can_be_worked_with(seed in any::<u64>(), times in 1_usize..4) {
        let value = mutated(serde_json::from_str(EVENTS).unwrap(), seed, times);
        if let Ok(log) = serde_json::from_value::<EventLog>(value) {
            work_with(&log);
        }
    }

    #[test]
    fn any_log_can_be_stored(seed in any::<u64>(), text in any::<bool>(), rows in 0_usize..40) {
        let ids = if text { IdKind::Text } else { IdKind::Number };
        work_with(&log(ids, events(seed, ids, rows)));
    }

    #[test]
    fn putting_logs_together_is_associative(seed in any::<u64>(), text in any::<bool>(), sizes in any::<[u8; 3]>()) {
        let ids = if text { IdKind::Text } else { IdKind::Number };
        let [a, b, c] = sizes.map(|size| log(ids, events(seed ^ u64::from(size), ids, usize::from(size % 20))));
        let left = a.concat(&b).unwrap().concat(&c).unwrap();
        let right = a.concat(&b.concat(&c).unwrap()).unwrap();
        prop_assert_eq!(left.report(), right.report());
        prop_assert_eq!(stored(&left), stored(&right));
        prop_assert!(left == right);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn days_and_shards_of_orders_and_events_give_the_table_of_all(
        seed in any::<u64>(),
        text in any::<bool>(),
        rows in 1_usize..120,
        lines in 1_usize..30,
    ) {
        let ids = if text { IdKind::Text } else { IdKind::Number };
        let shop = Shop::new(OrderIdentity::Column, Returns::NotRecorded, ids);
        let lines = shop.lines(seed, lines);
        let mut all = events(seed, ids, rows);
        // Traits ask for columns: here is an event that has all of them.
        if let Some(first) = all.first_mut() {
            (first.channel, first.campaign) = (Some("email".into()), Some("spring".into()));
            (first.kind, first.value) = ("sent".into(), Some(Money::ZERO));
        }
        let mut draws = Draws::new(seed);
        // Day by day, each stored overnight; and shards that are put together in the order in which they arrive.
        let mut daily = log(ids, []);
        for day in 0..12 {
            let today = all.iter().filter(|event| event.time.div_euclid(DAY) == day).cloned();
            daily = loaded(&stored(&daily)).concat(&log(ids, today)).unwrap();
        }
        let mut shards = vec![Vec::new(); 3];
        for event in &all {
            shards[draws.below(3) as usize].push(event.clone());
        }
        let sharded =
            shards.into_iter().rev().map(|shard| log(ids, shard)).reduce(|a, b| a.concat(&b).unwrap()).unwrap();
        let whole = log(ids, all);
        let mut state = FeatureState::keeping(Detail::Orders);
        for part in lines.chunks(4) {
            state.push(&shop.log(part.to_vec())).unwrap();
        }
        for day in [0, 3, 7, 20] {
            let extractor = extractor(day);
            let expected = extractor.extract_with_events(&shop.log(lines.clone()), &whole).unwrap();
            for events in [&daily, &sharded] {
                prop_assert_eq!(events.report().rows_kept(), whole.report().rows_kept());
                prop_assert_eq!(&state.finish_with_events(&extractor, events).unwrap(), &expected);
            }
        }
    }
}
