//! Windows of base features: of all time, beside each other, and against the lines in them.

use kohort::{AsOf, Error, Feature, FeatureExtractor, FeatureTable, IdKind, Window, Zone};
use proptest::prelude::*;

use crate::features::{DAY, Row, extractor, log_of, rows};

/// Features that count a return by its own time, wherever its sale is.
const POSTED: [Feature; 4] =
    [Feature::Returned, Feature::Net, Feature::ReturnRatePosted, Feature::ReturnParcels];

fn windowed(rows: &[Row], credit_notes: bool, as_of: i64, windows: &[Window]) -> FeatureTable {
    let log = log_of(rows, credit_notes, IdKind::Number);
    let as_of = AsOf::instant(as_of, &Zone::utc()).unwrap();
    let possible = extractor(as_of.micros()).extract(&log).unwrap();
    let features = || Feature::ALL.iter().copied().filter(|feature| possible.has(feature));
    let builder = FeatureExtractor::builder(as_of).maturity_days(20);
    let channels = log.attribute(kohort::Attribute::Channel).is_some();
    let features = || features().chain(channels.then_some(Feature::ChannelShares));
    windows
        .iter()
        .fold(builder, |builder, window| builder.within(window, features()))
        .build()
        .unwrap()
        .extract(&log)
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_window_of_all_time_equals_no_window(rows in rows(false), credit_notes: bool, day in 1_i64..90) {
        let rows = with_credit_notes(rows, credit_notes);
        let table = windowed(&rows, credit_notes, day * DAY, &[Window::all()]);
        let mut compared = 0;
        for name in table.names().filter(|name| name.ends_with("__all")) {
            let whole = name.trim_end_matches("__all");
            prop_assert_eq!(table.column(name).unwrap(), table.column(whole).unwrap(), "{}", name);
            compared += 1;
        }
        prop_assert_eq!(2 * compared, table.names().len());
    }

    #[test]
    fn a_window_holds_the_lines_in_it(rows in rows(false), from in 1_u32..40, until in 0_u32..30, day in 40_i64..90) {
        prop_assume!(from > until);
        let (as_of, window) = (day * DAY, Window::days_ago(from, until));
        let table = windowed(&rows, false, as_of, std::slice::from_ref(&window));
        let (start, end) = (as_of - i64::from(from) * DAY, as_of - i64::from(until) * DAY);
        let inside: Vec<Row> = rows.iter().filter(|row| (start..end).contains(&row.time)).cloned().collect();
        let alone = extractor(as_of).extract(&log_of(&inside, false, IdKind::Number)).unwrap();
        for feature in Feature::ALL.iter().filter(|feature| alone.has(feature) && !POSTED.contains(feature)) {
            let name = format!("{feature}__{window}");
            for row in 0..alone.len() {
                let id = alone.ids().id(row);
                let position = table.ids().position(&id).unwrap();
                let (found, expected) = (table.column(&name).unwrap(), alone.column(feature).unwrap());
                prop_assert_eq!(found.number(position), expected.number(row), "{} of {}", &name, id);
                let text = |table: &FeatureTable, name: &str, row| {
                    table.category(name).ok().and_then(|texts| texts.get(row).map(str::to_owned))
                };
                prop_assert_eq!(text(&table, &name, position), text(&alone, feature.name(), row));
            }
        }
        // What was posted in the window, whenever it was bought.
        for (row, id) in table.ids().iter().enumerate() {
            let posted = |row: &&Row| {
                let at = row.time + row.back_after.unwrap_or_default();
                row.back > 0 && row.time < as_of && (start..end).contains(&at)
            };
            let own: Vec<&Row> = rows.iter().filter(|row| row.customer.to_string() == id.to_string()).filter(posted).collect();
            let mut parcels: Vec<(u64, Option<i64>)> =
                own.iter().map(|row| (row.order, row.back_after.map(|after| row.time + after))).collect();
            parcels.sort_unstable();
            parcels.dedup();
            if !table.has("return_parcels") { continue; }
            let found = table.counts(format!("return_parcels__{window}")).unwrap()[row];
            prop_assert_eq!(found as usize, parcels.len(), "parcels of {}", id);
        }
    }

    #[test]
    fn windows_beside_each_other_add_up(rows in rows(false), credit_notes: bool, cut in 1_u32..60) {
        let rows = with_credit_notes(rows, credit_notes);
        let windows = [Window::days_ago(90, cut), Window::days(cut), Window::days(90)];
        let table = windowed(&rows, credit_notes, 90 * DAY, &windows);
        let additive = [
            Feature::Gross, Feature::Discount, Feature::Returned, Feature::ReturnedAttributed, Feature::Net,
            Feature::Lines, Feature::Items, Feature::ItemsReturned, Feature::LinesReturned, Feature::CostOfGoods,
        ];
        for feature in additive.into_iter().filter(|feature| table.has(feature)) {
            for row in 0..table.len() {
                let [early, late, both] = windows.each_ref().map(|window| {
                    (table.column(format!("{feature}__{window}")).unwrap().number(row).unwrap() * 10_000.0).round() as i64
                });
                prop_assert_eq!(early + late, both, "{} of row {}", feature, row);
            }
        }
    }
}

pub(crate) fn with_credit_notes(rows: Vec<Row>, credit_notes: bool) -> Vec<Row> {
    let marked = |mut row: Row| {
        row.credit_note = credit_notes && row.back > 1 && row.unit > 0;
        row
    };
    rows.into_iter().map(marked).collect()
}

#[test]
fn windows_and_names_are_checked_when_the_extractor_is_built() {
    let builder = || FeatureExtractor::builder(AsOf::instant(DAY, &Zone::utc()).unwrap());
    for window in [Window::days(0), Window::days_ago(10, 20), Window::months_ago(1, 2)] {
        let refused = builder().within(&window, [Feature::Gross]).build().unwrap_err();
        assert!(matches!(refused, Error::Setting { setting: "window", .. }), "{refused}");
    }
    let refused = builder().within(&Window::days(5), []).build().unwrap_err();
    assert!(matches!(refused, Error::Setting { setting: "within", .. }), "{refused}");
    let twice =
        builder().within(&Window::days(5), [Feature::Orders]).within(&Window::days(5), [Feature::Orders]);
    let refused = twice.build().unwrap().extract(&log_of(&[], false, IdKind::Text)).unwrap_err();
    assert!(matches!(&refused, Error::DuplicateFeature { feature } if feature == "orders__5d"), "{refused}");
}
