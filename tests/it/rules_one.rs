//! One customer at a time: the same answers as for a whole table.

use kohort::features::{Column, Values};
use kohort::segment::{
    CustomerFeatures, FeatureValue, Predicate, Rules, Segmenter, Truth, Undecided, Waterfall, bucket,
    feature, segment,
};
use kohort::transaction::CustomerIds;
use kohort::{AsOf, CustomerId, Error, FeatureTable, Money, Zone};
use proptest::prelude::*;

use crate::rules_random::{moment, rules, tables};

/// The same customer, built by hand; of what she lacks it is said only that it is missing.
pub(crate) fn by_hand(customer: &CustomerFeatures) -> CustomerFeatures {
    let mut builder = CustomerFeatures::builder();
    if let Some(id) = customer.id() {
        builder = builder.id(id.clone());
    }
    if let Some(as_of) = customer.as_of() {
        builder = builder.as_of(as_of.clone());
    }
    for name in customer.names() {
        builder = match customer.value(name).unwrap() {
            Some(FeatureValue::Count(count)) => builder.count(name, *count),
            Some(FeatureValue::Number(number)) => builder.number(name, *number),
            Some(FeatureValue::Money(amount)) => builder.money(name, *amount),
            Some(FeatureValue::Time(time)) => builder.time(name, *time),
            Some(FeatureValue::Text(text)) => builder.text(name, text),
            Some(other) => panic!("{other:?}"),
            None => builder.missing(name),
        };
    }
    builder.build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn one_at_a_time_is_as_in_batch(table in tables(20), rules in rules()) {
        let model = rules.fit(&table).unwrap();
        let batch = model.evaluate(&table).unwrap();
        let compiled = model.one_by_one();
        for row in 0..table.len() {
            let expected: Vec<(&str, Truth)> =
                model.rules().names().into_iter().map(|name| (name, batch.matches(name).unwrap().truth(row))).collect();
            let customer = CustomerFeatures::of(&table, &table.ids().id(row)).unwrap();
            for customer in [by_hand(&customer), customer] {
                prop_assert_eq!(&model.evaluate_one(&customer).unwrap(), &expected, "row {}: {}", row, rules);
                prop_assert_eq!(&compiled.evaluate(&customer).unwrap(), &expected);
                for (name, truth) in &expected {
                    prop_assert_eq!(model.truth_of(&customer, name).unwrap(), *truth);
                    prop_assert_eq!(compiled.truth_of(&customer, name).unwrap(), *truth);
                }
            }
        }
    }

    #[test]
    fn a_waterfall_takes_her_where_it_takes_all(table in tables(20), rules in rules(), stop in any::<bool>()) {
        let mut builder = Waterfall::builder().rest("rest");
        for name in rules.names() {
            builder = builder.step(name, rules.predicate(name).unwrap().clone());
        }
        if stop {
            builder = builder.undecided(Undecided::Segment("unclear".into()));
        }
        let model = builder.build().unwrap().fit(&table).unwrap();
        let segments = model.segment(&table).unwrap();
        for row in 0..table.len() {
            let id = table.ids().id(row);
            let customer = CustomerFeatures::of(&table, &id).unwrap();
            prop_assert_eq!(Some(model.segment_of(&customer).unwrap()), segments.segment_of(&id).unwrap());
        }
    }
}

/// Places computed by an independent program from SHA-256 of `salt:id`.
#[test]
fn a_bucket_is_what_any_other_system_computes() {
    let places: [(&str, CustomerId, u64); 6] = [
        ("spring campaign", "anna".into(), 69_151_084_472_104),
        ("", 0.into(), 911_574_212_433_210),
        ("s", u64::MAX.into(), 4_846_716_032_460_078),
        ("Größe", "é:ü".into(), 8_724_068_523_563_139),
        ("a:b", "c".into(), 6_225_162_627_192_991),
        ("a", "b:c".into(), 6_225_162_627_192_991),
    ];
    for (salt, id, place) in places {
        let place = place as f64 / (1_u64 << 53) as f64;
        let customer = CustomerFeatures::builder().id(id.clone()).build().unwrap();
        assert_eq!(bucket(salt).eq(place).truth_of(&customer).unwrap(), Truth::True, "{salt}:{id}");
        assert_eq!(bucket(salt).gt(place).truth_of(&customer).unwrap(), Truth::False);
    }
}

#[test]
fn a_number_and_its_text_are_in_the_same_bucket() {
    for id in [17_u64, 0, 123_456_789] {
        let rule = bucket("half").lt(0.5);
        let truth =
            |id: CustomerId| rule.truth_of(&CustomerFeatures::builder().id(id).build().unwrap()).unwrap();
        assert_eq!(truth(id.into()), truth(id.to_string().into()));
    }
}

#[test]
fn only_what_a_rule_needs_is_looked_at() {
    let model = Rules::builder()
        .rule("loyal", feature("orders").ge(3))
        .rule("rich", feature("gross").gt(100))
        .rule("both", segment("loyal").and(segment("rich")))
        .rule("slipping", segment("loyal").and(feature("last_order").more_than_days_ago(90)))
        .build()
        .unwrap();
    let table = FeatureTable::from_columns(
        CustomerIds::rows(1),
        [
            ("orders", Column::new(Values::U32(vec![3]))),
            ("gross", Column::new(Values::F64(vec![3.0]))),
            ("last_order", Column::new(Values::Time(vec![0]))),
        ],
    )
    .unwrap();
    let error = model.fit(&table).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "as_of", .. }), "{error}");
    let model = model.fit(&with_moment(table)).unwrap();
    let customer = CustomerFeatures::builder().count("orders", 4).build().unwrap();
    assert_eq!(model.truth_of(&customer, "loyal").unwrap(), Truth::True);
    let lacking = |error: Error, name: &str| {
        assert!(matches!(&error, Error::MissingFeature { feature, .. } if feature == name), "{error}");
    };
    lacking(model.truth_of(&customer, "both").unwrap_err(), "gross");
    lacking(model.evaluate_one(&customer).unwrap_err(), "gross");
    let customer = CustomerFeatures::builder().count("order", 4).build().unwrap();
    let error = model.truth_of(&customer, "loyal").unwrap_err();
    assert!(error.to_string().contains("did you mean `order`?"), "{error}");
    let error = model.truth_of(&customer, "loyl").unwrap_err();
    assert!(
        matches!(&error, Error::UnknownSegment { nearest: Some(name), .. } if name == "loyal"),
        "{error}"
    );
    let error = model.one_by_one().truth_of(&customer, "loyl").unwrap_err();
    assert!(
        matches!(&error, Error::UnknownSegment { nearest: Some(name), .. } if name == "loyal"),
        "{error}"
    );
    // A date needs the moment, whether she has one or not.
    for customer in
        [CustomerFeatures::builder().time("last_order", 0), CustomerFeatures::builder().missing("last_order")]
    {
        let customer = customer.count("orders", 4).build().unwrap();
        let error = model.truth_of(&customer, "slipping").unwrap_err();
        assert!(matches!(error, Error::Setting { setting: "as_of", .. }), "{error}");
    }
}

pub(crate) fn with_moment(table: FeatureTable) -> FeatureTable {
    table.described(kohort::features::TableContext {
        as_of: moment(),
        currency: "EUR".into(),
        vat: kohort::transaction::Vat::Excluded,
        returns: kohort::features::ReturnKnowledge::NotRecorded,
        lines_left_out: 0,
    })
}

#[test]
fn what_does_not_fit_is_an_error_that_says_so() {
    let nobody = CustomerFeatures::builder().build().unwrap();
    let error = bucket("s").lt(0.5).truth_of(&nobody).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "id", .. }), "{error}");
    let customer = CustomerFeatures::builder()
        .as_of(AsOf::date("2026-01-01", &Zone::utc()).unwrap())
        .text("country", "DK")
        .money("gross", Money::ZERO)
        .count("orders", 1)
        .time("last_order", 0)
        .build()
        .unwrap();
    let wrong: [Predicate; 7] = [
        feature("country").gt(3),
        feature("gross").is_yes(),
        feature("orders").contains("1"),
        feature("last_order").lt(5),
        feature("orders").within_days(5),
        feature("gross").anniversary_this_month(),
        feature("country").is_in([1, 2]),
    ];
    for predicate in wrong {
        let error = predicate.truth_of(&customer).unwrap_err();
        assert!(matches!(error, Error::FeatureType { .. }), "{predicate}: {error}");
    }
    let error = feature("orders").top(3).truth_of(&customer).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "cut point", .. }), "{error}");
    let error = segment("vip").truth_of(&customer).unwrap_err();
    assert!(matches!(error, Error::UnknownSegment { .. }), "{error}");

    for number in [f64::NAN, f64::INFINITY] {
        let error = CustomerFeatures::builder().number("x", number).build().unwrap_err();
        assert!(matches!(error, Error::FeatureType { .. }), "{error}");
        let error = customer.what_if("orders", Some(FeatureValue::Number(number))).unwrap_err();
        assert!(matches!(error, Error::FeatureType { .. }), "{error}");
    }
    let error = CustomerFeatures::builder().count("x", 1).missing("x").build().unwrap_err();
    assert!(matches!(error, Error::DuplicateFeature { .. }), "{error}");
    let error = customer.what_if("order", None).unwrap_err();
    assert!(matches!(error, Error::MissingFeature { nearest: Some(_), .. }), "{error}");
    let table = FeatureTable::from_columns(CustomerIds::rows(1), [("x", Values::U32(vec![1]))]).unwrap();
    let error = CustomerFeatures::of(&table, &7.into()).unwrap_err();
    assert!(matches!(error, Error::UnknownCustomer { .. }), "{error}");
}

#[test]
fn an_empty_text_is_missing_as_in_a_table() {
    let customer = CustomerFeatures::builder().text("country", "").build().unwrap();
    assert_eq!(customer.value("country").unwrap(), None);
    assert_eq!(feature("country").is_missing().truth_of(&customer).unwrap(), Truth::True);
    assert_eq!(feature("country").ne("DK").truth_of(&customer).unwrap(), Truth::Unknown);
    let moved = customer.what_if("country", Some(FeatureValue::Text("NO".into()))).unwrap();
    assert_eq!(feature("country").ne("DK").truth_of(&moved).unwrap(), Truth::True);
}

#[test]
fn a_chain_of_thousands_of_rules_is_answered() {
    let mut builder = Rules::builder().rule("0", feature("x").gt(1));
    for level in 1..5_000 {
        builder = builder.rule(level.to_string(), !segment((level - 1).to_string()));
    }
    let table = FeatureTable::from_columns(CustomerIds::rows(1), [("x", Values::U32(vec![5]))]).unwrap();
    let model = builder.build().unwrap().fit(&table).unwrap();
    let customer = CustomerFeatures::of(&table, &0.into()).unwrap();
    assert_eq!(model.truth_of(&customer, "4999").unwrap(), Truth::False);
    assert_eq!(model.truth_of(&customer, "4998").unwrap(), Truth::True);
}
