//! Who the seeds are, what each counts for, and what is refused.

use approx::assert_relative_eq;
use kohort::features::{Column, FeatureTable, Values};
use kohort::lookalike::{LeakPolicy, Lookalike, LookalikeModel, Seed, UnknownIds};
use kohort::segment::feature;
use kohort::transaction::{CustomerId, CustomerIds};
use kohort::{Bitmap, Category, Error, Money};

use super::model::{Shape, table_of};

fn fit(table: &FeatureTable, seed: &Seed) -> Result<LookalikeModel, Error> {
    Lookalike::builder().build()?.fit(table, seed)
}

/// 400 customers, of whom `value` is 0, 1, 2, … and the rest says nothing.
fn valued() -> FeatureTable {
    let table = table_of(&Shape { customers: 400, ..Shape::default() });
    let value = (0..400).map(|row| Money::from_ten_thousandths(row * 10_000)).collect();
    table.column_added("value", Column::new(Values::Money(value))).unwrap()
}

#[test]
fn a_seed_is_the_same_whichever_way_it_is_named() {
    let table = table_of(&Shape::default());
    let rule = feature("orders").ge(5);
    let rows = rule.evaluate(&table).unwrap().holds().clone();
    let ids: Vec<CustomerId> = rows.ones().map(|row| table.ids().id(row)).collect();
    let twice = ids.iter().rev().chain(&ids).cloned();
    let texts = ids.iter().map(|id| CustomerId::Text(id.to_string()));
    let models = [Seed::matching(rule), Seed::ids(ids.clone()), Seed::ids(twice), Seed::ids(texts)]
        .map(|seed| fit(&table, &seed).unwrap());
    for model in &models[1..] {
        assert_eq!(model, &models[0]);
    }
    assert_eq!(models[0].seed().seeds, rows.count() as u64);
    assert_eq!(models[0].seed().named, rows.count() as u64);
    assert_relative_eq!(models[0].seed().effective, rows.count() as f64, max_relative = 1e-12);
}

#[test]
fn seeds_count_for_their_value_up_to_the_ninety_fifth_percentile() {
    let table = valued();
    let seed = Seed::matching(feature("value").ge(300).or(feature("value").lt(20))).valued_by("value");
    let model = fit(&table, &seed).unwrap();
    let summary = model.seed();
    // 0 is no seed; 1 to 19 and 300 to 399 are.
    assert_eq!((summary.named, summary.seeds, summary.without_value), (120, 119, 1));
    let mut values: Vec<f64> = (1..20).chain(300..400).map(f64::from).collect();
    let most = values[112] + 0.1 * (values[113] - values[112]);
    for value in &mut values {
        *value = value.min(most);
    }
    let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    assert_relative_eq!(summary.effective, sum * sum / squares, max_relative = 1e-12);
    assert_eq!(summary.valued_by.as_deref(), Some("value"));
}

#[test]
fn what_cannot_be_a_seed_is_refused() {
    let table = valued();
    let none = fit(&table, &Seed::matching(feature("value").lt(-1))).unwrap_err();
    assert!(matches!(none, Error::Empty { what: "the seed", .. }), "{none}");
    let worthless = fit(&table, &Seed::ids([table.ids().id(0)]).valued_by("value")).unwrap_err();
    assert!(matches!(worthless, Error::Empty { what: "the seed", .. }), "{worthless}");
    let few = fit(&table, &Seed::matching(feature("value").lt(24))).unwrap_err();
    assert!(matches!(few, Error::FewSeeds { seeds: 24, .. }), "{few}");
    assert!(fit(&table, &Seed::matching(feature("value").lt(25))).is_ok());
    // Thirty seeds of whom one is worth nearly everything tell as much as two.
    let unequal = Seed::matching(feature("value").lt(30)).valued_by("value");
    assert!(fit(&table, &unequal).is_err(), "0 is no seed, and the rest differ");
    let all = fit(&table, &Seed::matching(feature("value").ge(0))).unwrap_err();
    assert!(matches!(all, Error::FewOthers { others: 0, least: 25 }), "{all}");
    let all_but_few = Seed::matching(feature("value").lt(table.len() as u32 - 24));
    let few = fit(&table, &all_but_few).unwrap_err();
    assert!(few.to_string().contains("has 24 customers beside the seeds; expected at least 25"), "{few}");
    let missing = fit(&table, &Seed::matching(feature("value").lt(100)).valued_by("valeu")).unwrap_err();
    assert!(
        matches!(&missing, Error::MissingFeature { nearest: Some(near), .. } if near == "value"),
        "{missing}"
    );
    let text = fit(&table, &Seed::matching(feature("value").lt(100)).valued_by("country")).unwrap_err();
    assert!(matches!(text, Error::FeatureType { .. }), "{text}");
}

#[test]
fn unknown_ids_are_an_error_or_are_counted() {
    let table = table_of(&Shape::default());
    let ids = || (0..200_u64).map(|id| id * 3 + 1).chain([999_999_999, 999_999_998, 999_999_999]);
    let refused = fit(&table, &Seed::ids(ids())).unwrap_err();
    assert!(matches!(&refused, Error::UnknownCustomer { customer } if customer == "999999999"), "{refused}");
    let model = fit(&table, &Seed::ids(ids()).unknown_ids(UnknownIds::Skip)).unwrap();
    assert_eq!((model.seed().named, model.seed().unknown, model.seed().seeds), (202, 2, 200));
    assert!(model.seed().to_string().contains("2 more not in the table"), "{}", model.seed());
}

#[test]
fn a_feature_that_defines_the_seed_is_reported_or_left_out() {
    let table = table_of(&Shape { missing: false, ..Shape::default() });
    let flag = (0..table.len()).map(|row| u32::from(row % 9 == 0)).collect();
    let table = table.column_added("listed", Column::new(Values::U32(flag))).unwrap();
    let texts = Category::from_texts((0..table.len()).map(|row| Some(if row % 9 == 0 { "b" } else { "a" })));
    let table = table.column_added("tier", Column::new(Values::Category(texts))).unwrap();
    let seed = Seed::matching(feature("listed").eq(1));
    let model = fit(&table, &seed).unwrap();
    let names =
        |model: &LookalikeModel| model.leaks().iter().map(|leak| leak.feature.clone()).collect::<Vec<_>>();
    assert_eq!(names(&model), ["listed", "tier"]);
    assert!(model.to_string().contains("warning: listed alone"), "{model}");
    assert!(model.required_features().contains(&"listed") && model.held_out_auc() > 0.999);
    let without =
        Lookalike::builder().leaks(LeakPolicy::LeaveOut).build().unwrap().fit(&table, &seed).unwrap();
    assert_eq!(names(&without), ["listed", "tier"]);
    assert!(
        !without.required_features().contains(&"listed") && !without.required_features().contains(&"tier")
    );
    assert!((0.4..0.6).contains(&without.held_out_auc()), "every ninth customer is like the others");
    // A feature that is missing for exactly the seeds tells them too.
    let known: Bitmap = (0..table.len()).map(|row| row % 9 != 0).collect();
    let column = Column::with_missing(Values::F64(vec![0.5; table.len()]), known).unwrap();
    let table = table.select(["orders", "country"]).unwrap().column_added("rate", column).unwrap();
    let seed = Seed::ids((0..table.len()).step_by(9).map(|row| table.ids().id(row)));
    assert_eq!(names(&fit(&table, &seed).unwrap()), ["rate"]);
}

#[test]
fn demand_alone_leaves_returns_and_what_comes_after_them_out() {
    let table = table_of(&Shape::default());
    let rate = Column::new(Values::F64((0..table.len()).map(|row| (row % 10) as f64 / 10.0).collect()));
    let table = table.column_added("return_rate_expected", rate.clone()).unwrap();
    let table = table.column_added("net__365d", rate).unwrap();
    let seed = Seed::matching(feature("orders").ge(5)).for_demand("gross");
    let model = fit(&table, &seed).unwrap();
    assert_eq!(model.required_features(), ["orders", "gross", "recency_days", "country"]);
    assert!(model.seed().outcomes_left_out);
    assert_eq!(model.outcome_features(), ["return_rate_expected", "net__365d"]);
    assert!(model.to_string().contains("left out: return_rate_expected, net__365d"), "{model}");
    // What they count for does not let returns back in.
    let valued = Seed::matching(feature("orders").ge(5)).for_demand("gross").valued_by("orders");
    let valued = fit(&table, &valued).unwrap();
    assert_eq!(valued.required_features(), model.required_features());
    assert_eq!(valued.seed().valued_by.as_deref(), Some("orders"));
    let only = Lookalike::builder().without(["orders", "gross", "recency_days", "country"]).build().unwrap();
    let nothing = only.fit(&table, &seed).unwrap_err();
    assert!(nothing.to_string().contains("stay out for a seed made by `for_demand`"), "{nothing}");
    let asked = Lookalike::builder().features(["orders", "net__365d"]).build().unwrap();
    let refused = asked.fit(&table, &seed).unwrap_err();
    assert!(refused.to_string().contains("`net__365d`, which tells of returns"), "{refused}");
    let used = asked.fit(&table, &Seed::matching(feature("orders").ge(5)).valued_by("gross")).unwrap();
    assert_eq!(used.required_features(), ["orders", "net__365d"]);
}

#[test]
fn settings_and_features_are_checked() {
    for (built, part) in [
        (Lookalike::builder().features::<&str>([]).build(), "an empty list"),
        (Lookalike::builder().features(["a", "b", "a"]).build(), "feature `a` is there twice"),
        (Lookalike::builder().background(99).build(), "at least 100 customers"),
    ] {
        let refused = built.unwrap_err().to_string();
        assert!(refused.contains(part), "{refused}");
    }
    let table = table_of(&Shape::default());
    let seed = Seed::matching(feature("orders").ge(5));
    let fit = |lookalike: kohort::lookalike::LookalikeBuilder| lookalike.build().unwrap().fit(&table, &seed);
    let missing = fit(Lookalike::builder().features(["order"])).unwrap_err();
    assert!(
        matches!(&missing, Error::MissingFeature { nearest: Some(near), .. } if near == "orders"),
        "{missing}"
    );
    assert!(fit(Lookalike::builder().without(["order"])).is_err(), "a slip must not let a feature in");
    let constant = FeatureTable::from_columns(
        CustomerIds::rows(300),
        [("same", Column::new(Values::U32(vec![7; 300]))), ("nobody", Column::optional(vec![None; 300]))],
    )
    .unwrap();
    let refused = Lookalike::builder().build().unwrap().fit(&constant, &Seed::ids(0..100_u64)).unwrap_err();
    assert!(refused.to_string().contains("features that differ"), "{refused}");
    let varied = constant.column_added("row", Column::new(Values::I64((0..300).collect()))).unwrap();
    let model = Lookalike::builder().build().unwrap().fit(&varied, &Seed::ids(0..100_u64)).unwrap();
    assert_eq!(model.constant_features(), ["same", "nobody"]);
}
