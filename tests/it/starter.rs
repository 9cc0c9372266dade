//! The starter segments against a plain reading of their conditions.

use kohort::features::{Column, FeatureTable, Values};
use kohort::segment::{
    LoyalRecency, Segmenter, StarterModel, StarterSegment, StarterSegments, StarterSegmentsBuilder,
};
use kohort::{Error, Money};

use crate::customers::{customers, replaced, without};

fn fit(builder: StarterSegmentsBuilder, table: &FeatureTable) -> StarterModel {
    builder.build().unwrap().fit(table).unwrap()
}

/// The type-7 quantile of a feature over customers with an order.
fn quantile(table: &FeatureTable, feature: &str, share: f64) -> f64 {
    let recency = table.column("recency_days").unwrap();
    let column = table.column(feature).unwrap();
    let rows = (0..table.len()).filter(|row| recency.is_valid(*row));
    let mut values: Vec<f64> = rows.filter_map(|row| column.number(row)).collect();
    values.sort_by(f64::total_cmp);
    let place = share * (values.len() as f64 - 1.0);
    let low = values[place as usize];
    low + place.fract() * (values[place as usize + 1] - low)
}

/// The segment of each customer, read off the documented conditions.
fn plain(table: &FeatureTable, kept: &[StarterSegment]) -> Vec<Option<StarterSegment>> {
    let spend = quantile(table, "net", 0.8);
    let lately = quantile(table, "recency_days", 0.75);
    let number = |feature: &str, row: usize| table.column(feature).unwrap().number(row);
    (0..table.len())
        .map(|row| {
            let recency = number("recency_days", row)?;
            let orders = number("orders", row).unwrap();
            let meets = |segment: StarterSegment| match segment {
                StarterSegment::RichButReturning => number("rich_but_returning", row) == Some(1.0),
                StarterSegment::New => number("tenure_days", row).is_some_and(|days| days < 90.0),
                StarterSegment::HighSpend => number("net", row).is_some_and(|net| net > spend),
                StarterSegment::Loyal => orders >= 3.0 && recency <= lately,
                StarterSegment::PriceSensitive => {
                    number("discount_share", row).is_some_and(|share| share >= 0.2) && orders >= 2.0
                }
                _ => true,
            };
            kept.iter().copied().find(|segment| meets(*segment))
        })
        .collect()
}

#[test]
fn customers_are_in_the_first_segment_whose_condition_they_meet() {
    let table = customers(5_000, 30);
    for max in 2..=6 {
        let model = fit(StarterSegments::builder().max_segments(max), &table);
        assert_eq!(model.kept().len(), max);
        let segments = model.segment(&table).unwrap();
        let found: Vec<Option<StarterSegment>> = (0..table.len())
            .map(|row| segments.position(row).map(|position| model.kept()[position]))
            .collect();
        assert!(found == plain(&table, &model.kept()), "at most {max}");
        assert_eq!(model.kept()[0], StarterSegment::RichButReturning);
        let mut all: Vec<StarterSegment> = model.dropped().iter().map(|dropped| dropped.segment).collect();
        all.extend(model.kept());
        let place = |segment: &StarterSegment| StarterSegment::ALL.iter().position(|other| other == segment);
        all.sort_by_key(place);
        assert_eq!(all, StarterSegment::ALL, "each segment is kept or has a reason");
    }
}

#[test]
fn of_all_sets_the_one_that_tells_contribution_best_apart_is_kept() {
    let table = customers(5_000, 31);
    let model = fit(StarterSegments::builder(), &table);
    assert_eq!(model.value_feature(), "contribution");
    let between = |kept: &[StarterSegment]| {
        let contribution = table.column("contribution").unwrap();
        let segments = plain(&table, kept);
        let values = |segment: Option<StarterSegment>| -> Vec<f64> {
            let rows = (0..table.len()).filter(|row| segments[*row].is_some());
            let rows = rows.filter(|row| segment.is_none() || segments[*row] == segment);
            rows.filter_map(|row| contribution.number(row)).collect()
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let all = mean(&values(None));
        kept.iter()
            .map(|segment| values(Some(*segment)))
            .map(|v| v.len() as f64 * (mean(&v) - all).powi(2))
            .sum::<f64>()
    };
    let chosen = between(&model.kept());
    let optional = &StarterSegment::ALL[1..5];
    for set in 0..16_u32 {
        let mut kept = vec![StarterSegment::RichButReturning];
        kept.extend(
            optional.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, segment)| *segment),
        );
        kept.push(StarterSegment::Occasional);
        if kept.len() == 4 {
            assert!(between(&kept) <= chosen * (1.0 + 1e-12), "{kept:?} is better than {:?}", model.kept());
        }
    }
    for dropped in model.dropped() {
        assert!(dropped.reason.contains("of all sets of 4 segments"), "{dropped:?}");
    }
}

#[test]
fn features_the_table_lacks_are_given_as_the_reason() {
    let table = without(
        &without(&without(&customers(800, 32), "rich_but_returning"), "discount_share"),
        "contribution",
    );
    let model = fit(StarterSegments::builder().max_segments(6), &table);
    assert_eq!(model.value_feature(), "net");
    let reasons: Vec<&str> = model.dropped().iter().map(|dropped| dropped.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["the table has no feature `rich_but_returning`", "the table has no feature `discount_share`"],
        "there is room for all others"
    );
    let missing = |feature| {
        let refused = StarterSegments::builder().build().unwrap().fit(&without(&table, feature)).unwrap_err();
        matches!(refused, Error::MissingFeature { feature: named, .. } if named == feature)
    };
    assert!(missing("recency_days") && missing("tenure_days") && missing("orders") && missing("net"));
}

#[test]
fn rich_but_returning_is_kept_however_small_and_not_without_a_customer() {
    let table = customers(1_000, 33);
    let recency = table.column("recency_days").unwrap();
    let only = (0..1_000).find(|row| recency.is_valid(*row)).unwrap();
    let marked = |row: Option<usize>| {
        let marks = (0..1_000).map(|other| u32::from(Some(other) == row)).collect();
        replaced(&table, "rich_but_returning", Column::new(Values::U32(marks)))
    };
    let model = fit(StarterSegments::builder().max_segments(2).min_share(0.1), &marked(Some(only)));
    assert_eq!(model.kept(), [StarterSegment::RichButReturning, StarterSegment::Occasional]);
    assert_eq!(model.segment(&marked(Some(only))).unwrap().sizes()[0], 1);
    let model = fit(StarterSegments::builder(), &marked(None));
    assert_eq!(model.dropped()[0].segment, StarterSegment::RichButReturning);
    assert_eq!(model.dropped()[0].reason, "no customer meets its condition");
}

#[test]
fn small_segments_are_not_kept_and_the_reason_has_the_numbers() {
    let table = customers(2_000, 34);
    let tenure = Column::new(Values::U32((0..2_000).map(|row| if row < 6 { 3 } else { 500 }).collect()));
    let table = replaced(&table, "tenure_days", tenure);
    let model = fit(StarterSegments::builder().max_segments(6), &table);
    let dropped = &model.dropped()[0];
    assert_eq!(dropped.segment, StarterSegment::New);
    assert!(
        dropped.reason.ends_with("meet its condition, and a segment to act on needs 1.0 %"),
        "{dropped:?}"
    );
    assert!(model.to_string().contains("not kept: new: only "), "{model}");
}

#[test]
fn settings_show_in_the_conditions() {
    let table = customers(3_000, 35);
    let builder = StarterSegments::builder()
        .max_segments(6)
        .min_share(0.0)
        .new_within_days(30)
        .high_spend_feature("contribution")
        .high_spend_quantile(0.5)
        .loyal_orders(5)
        .loyal_recency(LoyalRecency::Days(60))
        .price_sensitive_share(0.35)
        .price_sensitive_orders(4)
        .name_of(StarterSegment::New, "Neukunden")
        .name_of(StarterSegment::Occasional, "Übrige");
    let model = fit(builder, &table);
    assert_eq!(model.condition(StarterSegment::New).unwrap(), "tenure_days < 30");
    assert_eq!(model.condition(StarterSegment::Loyal).unwrap(), "orders ≥ 5 and recency_days ≤ 60");
    assert_eq!(
        model.condition(StarterSegment::PriceSensitive).unwrap(),
        "discount_share ≥ 0.35 and orders ≥ 4"
    );
    let spend = model.condition(StarterSegment::HighSpend).unwrap();
    let median = quantile(&table, "contribution", 0.5);
    assert!(spend.starts_with("contribution > "), "{spend}");
    assert!((spend[15..].parse::<f64>().unwrap() - median).abs() <= 1e-4, "{spend} and {median}");
    assert_eq!(model.condition(StarterSegment::Occasional), None);
    let names = model.segment_names();
    assert_eq!((names[1].as_str(), names.last().unwrap().as_str()), ("Neukunden", "Übrige"));
}

#[test]
fn cut_points_stay_as_they_were_fitted() {
    let table = customers(3_000, 36);
    let model = fit(StarterSegments::builder().max_segments(6), &table);
    // Everybody spends ten times as much: next month far more customers are above the frozen cut point.
    let Values::Money(net) = table.column("net").unwrap().values() else { panic!("net is money") };
    let richer = net.iter().map(|net| Money::from_ten_thousandths(net.ten_thousandths() * 10)).collect();
    let richer = replaced(&table, "net", Column::new(Values::Money(richer)));
    let high_spend = |table| {
        let position = model.kept().iter().position(|segment| *segment == StarterSegment::HighSpend).unwrap();
        model.segment(table).unwrap().sizes()[position]
    };
    assert!(high_spend(&richer) > 2 * high_spend(&table));
}
