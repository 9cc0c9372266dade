//! Stored states: those of earlier releases still load, what is damaged is refused with the reason, and whatever loads
//! can be worked with.

use kohort::features::{Detail, FeatureState};
use kohort::transaction::RejectReason;
use kohort::{AsOf, CustomerId, Error, Feature, FeatureExtractor, FeatureTable};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::customers::Draws;
use crate::state_laws::{extractor, shops, stored};

/// What version 0.1 wrote, of orders and of lines.
const ORDERS: &str = include_str!("../fixtures/v0.1/feature_state.json");
const LINES: &str = include_str!("../fixtures/v0.1/feature_state_of_lines.json");

fn loaded(text: &str) -> FeatureState {
    serde_json::from_str(text).unwrap()
}

fn column(table: &FeatureTable, feature: Feature) -> Vec<String> {
    let column = table.column(feature).unwrap();
    (0..table.len()).map(|row| column.text(row)).collect()
}

#[test]
fn the_state_of_orders_of_version_0_1_gives_the_same_table() {
    let state = loaded(ORDERS);
    assert_eq!((state.detail(), state.rows(), state.customers()), (Detail::Orders, 6, 3));
    let berlin = kohort::Zone::named("Europe/Berlin").unwrap();
    let as_of = AsOf::date("2011-03-01", &berlin).unwrap();
    let table = state.finish(&FeatureExtractor::builder(as_of).build().unwrap()).unwrap();
    assert_eq!(table.ids().iter().map(|id| id.to_string()).collect::<Vec<_>>(), ["ada", "ben", "dora"]);
    for (feature, expected) in [
        (Feature::Lines, ["4", "1", "1"]),
        (Feature::Items, ["8", "2", "1"]),
        (Feature::Gross, ["179.9899", "10.00", "12.00"]),
        (Feature::Discount, ["1.00", "0.00", "0.00"]),
        (Feature::Returned, ["0.00", "0.00", "0.00"]),
        (Feature::TopCategory, ["", "coats", ""]),
    ] {
        assert_eq!(column(&table, feature), expected, "{feature}");
    }
    let as_of = AsOf::date("2012-01-01", &berlin).unwrap();
    let later = state.finish(&FeatureExtractor::builder(as_of).build().unwrap()).unwrap();
    assert_eq!(column(&later, Feature::Returned), ["33.3333", "0.00", "0.00"]);
    let report = state.report().unwrap();
    assert!(report.balances());
    assert_eq!((report.rows_read, report.rows_kept(), report.erased.rows), (12, 7, 1));
    assert_eq!(report.rejected[&RejectReason::NoPieces].first_rows, [9]);
}

#[test]
fn the_state_of_lines_of_version_0_1_gives_the_same_table() {
    let state = loaded(LINES);
    assert_eq!((state.detail(), state.rows(), state.customers()), (Detail::Lines, 3, 2));
    let table = state.finish(&extractor(10)).unwrap();
    for (feature, expected) in [
        (Feature::Orders, ["1", "1"]),
        (Feature::Gross, ["198.00", "1.00"]),
        (Feature::ReturnedAttributed, ["99.00", "0.00"]),
        (Feature::RecencyDays, ["10", "410"]),
    ] {
        assert_eq!(column(&table, feature), expected, "{feature}");
    }
    assert!(stored(&state).contains("Öl & Söhne"));
}

#[test]
fn what_was_loaded_is_stored_as_it_was() {
    for text in [ORDERS, LINES] {
        let state = loaded(text);
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(&state).unwrap(), value);
        // Also where a library puts the keys in another order, the model before its version.
        let sorted = json!({ "model": value["model"], "version": value["version"], "kind": value["kind"] });
        assert_eq!(stored(&serde_json::from_str(&sorted.to_string()).unwrap()), stored(&state));
    }
    for detail in [Detail::Orders, Detail::Lines] {
        let empty = loaded(&stored(&FeatureState::keeping(detail)));
        assert_eq!((empty.detail(), empty.rows(), empty.report()), (detail, 0, None));
    }
}

/// The stored thing with the value at a path replaced.
pub(crate) fn damaged(text: &str, path: &str, value: Value) -> String {
    let mut stored: Value = serde_json::from_str(text).unwrap();
    *stored.pointer_mut(path).unwrap_or_else(|| panic!("{path} is in the file")) = value;
    stored.to_string()
}

#[test]
fn damaged_states_are_refused_with_the_reason() {
    let texts = |levels: Value, codes: Value| json!({"levels": levels, "codes": codes});
    for (path, value, reason) in [
        ("/kind", json!("rfm"), "stored feature_state cannot be read: it is a stored `rfm`"),
        ("/version", json!(2), "it is of version 2, and this release reads up to 1; update kohort"),
        ("/model/detail", json!("pieces"), "unknown variant `pieces`"),
        ("/model/detail", json!("lines"), "its rows are not those of a state that keeps lines"),
        ("/model/lines/rules/currency", json!(" "), "setting `currency`"),
        ("/model/lines/rules/zone", json!("Europe/Atlantis"), "Atlantis"),
        ("/model/lines/rules/excluded_products", json!([""]), "at least one character"),
        ("/model/lines/rules/orders", json!("EachLine"), "its orders are not those"),
        ("/model/lines/rules/returns", json!("NotRecorded"), "not recorded as its rules say"),
        ("/model/lines/times/0", json!(i64::MAX), "the time of row 0 is not within years 1 to 9998"),
        ("/model/lines/gross", json!([1, 2]), "column `gross` has 2 rows where `times` has 6"),
        ("/model/lines/times", json!([0]), "rows where `times` has 1"),
        ("/model/lines/kinds/4", json!("sale"), "row 4 has a value out of range"),
        ("/model/lines/kinds/0", json!("return"), "row 0 has a credit note where there is none"),
        ("/model/lines/gross/0", json!(1_000_000_000_000_001_i64), "row 0 has a value out of range"),
        ("/model/lines/gross/0", json!(-5), "row 0 has a value out of range"),
        ("/model/lines/discounts/1", json!(100_001), "row 1 has a discount out of range"),
        ("/model/lines/discounts/4", json!(1), "row 4 has a discount out of range"),
        ("/model/lines/costs/3", json!(-2), "row 3 has a cost out of range"),
        ("/model/lines/quantities/0", json!(1), "row 0 has fewer pieces than lines"),
        ("/model/lines/line_counts/5", json!(0), "row 5 has fewer pieces than lines"),
        ("/model/lines/line_counts", Value::Null, "not those of a state that keeps orders"),
        ("/model/lines/returned_quantities/2", json!(4), "row 2 has more returned than bought"),
        ("/model/lines/returned/2", json!(1_000_000), "row 2 has more returned than bought"),
        ("/model/lines/returned/2", json!(5), "counts other returns than its rows"),
        ("/model/lines/returned", Value::Null, "not recorded as its rules say"),
        ("/model/lines/return_times/2", json!(0), "row 2 has a time of return out of range"),
        ("/model/lines/return_times/0", json!(1_299_456_000_000_000_i64), "row 0 has a time of return"),
        ("/model/lines/brand", texts(json!(["x"]), json!([0, 0, 0, 0, 0, 0])), "has no column `brand`"),
        ("/model/lines/channel/codes/0", json!(2), "column `channel` has code 2 of 2 texts"),
        ("/model/lines/channel/levels", json!(["web", "Geschäft"]), "ascending byte order"),
        ("/model/lines/channel/levels", json!(["", "web"]), "column `channel` has an empty text"),
        (
            "/model/lines/channel/levels",
            json!(["a", "b", "c"]),
            "column `channel` has no row with its text 2",
        ),
        ("/model/lines/customers/texts/codes/0", Value::Null, "column `customers` has a row without id"),
        ("/model/lines/customers", json!({"numbers": [1]}), "column `customers` has 1 rows"),
        ("/model/lines/orders", Value::Null, "its orders are not those"),
        (
            "/model/lines/report/rejected/0/reason",
            json!("bad_mood"),
            "`bad_mood` is no reason to reject a row",
        ),
        ("/model/lines/report/rejected/0/reason", json!("no_pieces"), "rejected twice for `no_pieces`"),
        ("/model/lines/report/rejected/0/rows", json!(0), "examples of 0 rejected rows"),
        ("/model/lines/report/rejected/0/rows", json!(u64::MAX), "is no count of rows"),
        ("/model/lines/report/rejected/0/first_rows", json!([1, 2, 3, 4, 5, 6]), "6 examples"),
        ("/model/lines/report/erased/sales/value", json!("-1.00"), "a total of -1.00"),
    ] {
        let refused =
            serde_json::from_str::<FeatureState>(&damaged(ORDERS, path, value)).unwrap_err().to_string();
        assert!(refused.contains(reason), "{path}: {refused}");
    }
}

/// The paths of all values in a stored state.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                paths(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                paths(value, &format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A value in place of another: of the wrong kind, out of range, or only another one.
fn replacement(old: &Value, draws: &mut Draws) -> Value {
    let extremes = [i64::MIN, -1, 0, 1, 2, 255, 1 << 31, 1 << 50, 253_370_764_799_999_999, i64::MAX];
    match (old, draws.below(6)) {
        (_, 0) => Value::Null,
        (_, 1) => json!(extremes[draws.below(extremes.len() as u64) as usize]),
        (_, 2) => {
            [json!(u64::MAX), json!(0.5), json!("x"), json!([]), json!({})][draws.below(5) as usize].clone()
        }
        (Value::Array(items), way) if !items.is_empty() => {
            let mut items = items.clone();
            let item = draws.below(items.len() as u64) as usize;
            match way {
                3 => drop(items.remove(item)),
                4 => items.push(items[item].clone()),
                _ => items.swap(0, item),
            }
            Value::Array(items)
        }
        (Value::Number(number), _) => {
            json!(number.as_i64().unwrap_or_default().saturating_add(draws.below(5) as i64 - 2))
        }
        (Value::String(text), _) => json!(format!("{text}x")),
        (other, _) => other.clone(),
    }
}

/// A stored thing with some of its values replaced by others.
pub(crate) fn mutated(mut value: Value, seed: u64, times: usize) -> Value {
    let mut draws = Draws::new(seed);
    for _ in 0..times {
        let mut all = Vec::new();
        paths(&value, "", &mut all);
        let path = &all[draws.below(all.len() as u64) as usize];
        let Some(old) = value.pointer_mut(path) else { continue };
        *old = replacement(old, &mut draws);
    }
    value
}

/// Works with a state in every way there is.
fn work_with(mut state: FeatureState) {
    let before = stored(&state);
    let again = loaded(&before);
    assert_eq!(stored(&again), before);
    for day in [-500, 10, 15_005, 2_000_000] {
        // A sum beyond the range of money is an answer, too.
        let table = state.finish(&extractor(day));
        assert!(matches!(table, Ok(_) | Err(Error::MoneyRange { .. } | Error::Empty { .. })), "{table:?}");
    }
    assert!(!state.to_string().is_empty() && format!("{state:?}").len() < 200);
    assert!(state.report().is_none_or(|report| report.balances() && !report.to_string().is_empty()));
    state.merge(&again).unwrap();
    state.erase(&[CustomerId::from("ada"), CustomerId::from(7)]).unwrap();
    loaded(&stored(&state));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_damaged_state_is_refused_or_can_be_worked_with(lines in any::<bool>(), seed in any::<u64>(), times in 1_usize..4) {
        let value = mutated(serde_json::from_str(if lines { LINES } else { ORDERS }).unwrap(), seed, times);
        if let Ok(state) = serde_json::from_value::<FeatureState>(value) {
            work_with(state);
        }
    }

    #[test]
    fn a_state_of_any_shop_can_be_worked_with(shop in shops(), seed in any::<u64>(), lines in 0_usize..30) {
        for detail in [Detail::Orders, Detail::Lines] {
            let mut state = FeatureState::keeping(detail);
            state.push(&shop.log(shop.lines(seed, lines))).unwrap();
            work_with(state);
        }
    }
}
