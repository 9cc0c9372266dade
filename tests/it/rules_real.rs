//! Rules on real customers: for how many each holds and is unknown, and who they are, against `tests/reference/rules.py`.

use std::collections::BTreeMap;

use flate2::read::GzDecoder;
use kohort::features::{Behaviour, Column, Number, Values};
use kohort::segment::{Predicate, Rules, Segmenter, Waterfall, bucket, did, feature, regular};
use kohort::transaction::CustomerIds;
use kohort::{AsOf, Attribute, Category, FeatureExtractor, FeatureTable, Window, Zone};
use serde_json::Value;

use crate::real_data::{data_file, online_retail};

fn reference(data: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../reference/rules.json")).unwrap();
    all[data].clone()
}

/// All rules in one pass and each alone, against the figures of the rule of the same text.
fn assert_agree(table: &FeatureTable, predicates: &[Predicate], data: &str) {
    let reference = reference(data);
    assert_eq!(reference["customers"], table.len());
    let figures: BTreeMap<&str, &Value> = reference["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|figures| (figures["rule"].as_str().unwrap(), figures))
        .collect();
    assert_eq!(figures.len(), predicates.len(), "both sides have the same rules");
    let mut rules = Rules::builder();
    for predicate in predicates {
        rules = rules.rule(predicate.to_string(), predicate.clone());
    }
    let audiences = rules.build().unwrap().fit(table).unwrap().evaluate(table).unwrap();
    for predicate in predicates {
        let text = predicate.to_string();
        let expected = figures.get(text.as_str()).unwrap_or_else(|| panic!("no figures of {text}"));
        let together = audiences.matches(&text).unwrap();
        assert!(*together == predicate.evaluate(table).unwrap(), "{text}: alone it is something else");
        let places: usize = together.holds().ones().map(|row| row + 1).sum();
        let found = [together.holds().count(), together.unknown().count(), places];
        let expected =
            ["holds", "unknown", "places"].map(|figure| expected[figure].as_u64().unwrap() as usize);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn rules_hold_for_as_many_of_online_retail() {
    let Some(log) = online_retail(&[]) else { return };
    let as_of = AsOf::date("2011-12-10", &Zone::named("Europe/London").unwrap()).unwrap();
    let of = |product: &str| Behaviour::orders().only(Attribute::Product, [product]);
    let (cake, heart) = (|| of("22423"), || of("85123A"));
    let many =
        Behaviour::lines().only(Attribute::Product, ["85123A", "22423"]).within(Window::months_ago(9, 3));
    let abroad = Behaviour::orders().except(Attribute::Country, ["United Kingdom"]).within(Window::days(180));
    let rate = || feature("return_rate_posted");
    let lately = || feature("recency_days").lt(60);
    let predicates = [
        feature("gross").gt(1_000),
        feature("orders").ne(1),
        feature("orders").between(3, 10),
        feature("average_order_value").le(100),
        feature("country").is_in(["EIRE", "France", "Germany"]),
        feature("country").is_not_in(["United Kingdom"]),
        feature("country").lt("France"),
        feature("country").starts_with("United"),
        feature("country").ends_with("land"),
        feature("country").any_case().contains("AN"),
        feature("last_order").is_missing(),
        feature("country").is_present(),
        feature("last_order").within_days(30),
        feature("first_order").more_than_months_ago(9),
        feature("first_order").since("2011-06-01").and(feature("first_order").before("2011-09-01 12:00")),
        feature("first_order").anniversary_this_month(),
        feature("first_order").anniversary_in_days(14),
        feature("gross").above_percentile(90.0),
        feature("average_order_value")
            .between(kohort::segment::Value::Percentile(25.0), kohort::segment::Value::Percentile(75.0)),
        feature("recency_days").ge(kohort::segment::Value::Percentile(50.0)),
        feature("gross").top(100),
        feature("orders").top(500),
        feature("recency_days").bottom(50),
        feature("gross").gt(1_000).or(rate().gt(0.5)).and(!feature("country").eq("United Kingdom")),
        !(rate().gt(0.1).and(lately())),
        Predicate::any([rate().gt(0.1), lately(), feature("orders").eq(0)]),
        Predicate::score([(10, feature("orders").ge(5)), (5, lately()), (-8, rate().gt(0.1))], 10),
        Predicate::score([(1, feature("gross").eq(0)), (-1, lately())], 0),
        bucket("spring 2012").lt(0.1),
        did(heart()).at_least(1).and(did(heart().within(Window::days(180))).never()),
        did(many).at_least(5),
        did(abroad.sum(Number::Gross)).gt(2_000),
        did(cake().last_time()).more_than_days_ago(90),
        regular(Behaviour::orders(), 5, 6, 30),
        did(cake().then(heart(), 60)).at_least(2),
    ];
    let behaviours: Vec<&Behaviour> = predicates.iter().flat_map(Predicate::behaviours).collect();
    let table =
        FeatureExtractor::builder(as_of).behaviours(behaviours).build().unwrap().extract(&log).unwrap();
    assert_agree(&table, &predicates, "online_retail");
}

/// Customers are rows. What someone spent is known of those who bought only.
fn hillstrom() -> Option<FeatureTable> {
    let file = std::fs::File::open(data_file("hillstrom_email.csv.gz")?).unwrap();
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.unwrap()).collect();
    let columns = names.iter().enumerate().map(|(place, name)| {
        let texts = || records.iter().map(|record| &record[place]);
        let column = match name.as_str() {
            "history_segment" | "zip_code" | "channel" | "segment" => {
                Column::new(Values::Category(Category::from_texts(texts().map(Some))))
            }
            "spend" => {
                let bought = records.iter().map(|record| &record[10] == "1");
                Column::optional(
                    bought.zip(texts()).map(|(yes, text)| yes.then(|| text.parse().unwrap())).collect(),
                )
            }
            "history" => Column::new(Values::F64(texts().map(|text| text.parse().unwrap()).collect())),
            _ => Column::new(Values::U32(texts().map(|text| text.parse().unwrap()).collect())),
        };
        (name.as_str(), column)
    });
    Some(FeatureTable::from_columns(CustomerIds::rows(records.len()), columns).unwrap())
}

#[test]
fn rules_hold_for_as_many_of_hillstrom() {
    let Some(table) = hillstrom() else { return };
    let web = || feature("channel").is_in(["Multichannel", "Web"]);
    let spent = |least: i32| feature("spend").gt(least);
    let predicates = [
        feature("history").gt(500),
        feature("history").ge(29.99),
        feature("recency").between(2, 4),
        feature("recency").is_in([1, 6, 12]),
        feature("womens").is_yes().and(feature("mens").is_no()),
        feature("zip_code").any_case().starts_with("SURB"),
        feature("history_segment").contains("$500"),
        web().and(feature("newbie").is_no()),
        feature("history").above_percentile(95.0),
        feature("recency").below_percentile(33.3),
        feature("history").top(1_000),
        feature("history").bottom(10),
        feature("spend").top(100),
        feature("spend").is_missing().and(feature("visit").is_yes()),
        !spent(100),
        !(spent(100).and(feature("visit").is_yes())),
        spent(100).or(feature("history").gt(1_000)),
        Predicate::score([(3, feature("recency").le(3)), (2, feature("history").gt(300)), (4, spent(50))], 5),
        bucket("hold-out").lt(0.05),
        bucket("hold-out").from_until(0.5, 0.75),
    ];
    assert_agree(&table, &predicates, "hillstrom");

    let waterfall = Waterfall::builder()
        .step("spenders", feature("history").gt(500))
        .step("new on the web", feature("newbie").is_yes().and(web()))
        .step("away", feature("recency").ge(10))
        .build()
        .unwrap();
    let segments = waterfall.fit(&table).unwrap().segment(&table).unwrap();
    assert_eq!(serde_json::json!(segments.sizes()), reference("hillstrom")["waterfall"]);
}
