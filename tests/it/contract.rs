//! What every segmenter promises, checked for each in the same way. A new segmenter adds a line to [`cases`].

use std::fmt::Debug;

use kohort::features::{Column, FeatureTable, MissingPolicy, Scaler, Scaling, Values};
use kohort::segment::{
    Axis, KMeans, Predicate, Rfm, RfmMode, ScoreBox, SegmentBoxes, Segmentation, Segmenter, StarterSegments,
    Undecided, Waterfall, bucket, feature, segment,
};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::customers::{all_missing, customers, replaced, text, without};

/// A fitted segmenter, and the same after it was stored and loaded.
struct Fitted {
    segmenter: Box<dyn Segmenter>,
    reloaded: Box<dyn Segmenter>,
    shown: String,
}

type Fit = dyn Fn(&FeatureTable) -> Result<Fitted> + Sync;

struct Case {
    name: &'static str,
    fit: Box<Fit>,
    /// Whether customers without an order have a segment as well.
    everyone: bool,
}

fn case<M>(name: &'static str, fit: impl Fn(&FeatureTable) -> Result<M> + Sync + 'static) -> Case
where
    M: Segmenter + Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    let fit = move |table: &FeatureTable| {
        let model = fit(table)?;
        let json = serde_json::to_string(&model).unwrap();
        let reloaded: M = serde_json::from_str(&json).unwrap();
        assert_eq!(reloaded, model, "{name}");
        Ok(Fitted { shown: format!("{model:?}"), segmenter: Box::new(model), reloaded: Box::new(reloaded) })
    };
    Case { name, fit: Box::new(fit), everyone: false }
}

/// A segmenter that leaves nobody out.
fn everyone(case: Case) -> Case {
    Case { everyone: true, ..case }
}

fn cases() -> Vec<Case> {
    let boxes = || {
        SegmentBoxes::new("rest")
            .segment("rich but returning", ScoreBox::any().monetary(4..=5).return_rate(1..=2))
            .segment("best", ScoreBox::any().recency(4..=5).frequency(3..=5))
    };
    vec![
        case("rfm", |table| Rfm::builder().build()?.fit(table)),
        case("rfm, nested", |table| Rfm::builder().mode(RfmMode::Nested).build()?.fit(table)),
        case("rfm, boxes and a fourth score", move |table| {
            Rfm::builder().return_rate("return_rate").segments(boxes()).build()?.fit(table)
        }),
        case("rfm, other bins", |table| {
            let boxes = SegmentBoxes::new("rest").segment("top", ScoreBox::any().monetary(12..=12));
            let cuts = Rfm::builder().bins(12).axis_cuts(Axis::Recency, [30.0, 365.0]).segments(boxes);
            cuts.monetary("contribution").build()?.fit(table)
        }),
        case("k-means", |table| KMeans::builder(4).build()?.fit(table)),
        case("k-means, other features", |table| {
            let scaler = Scaler::builder(["recency_days", "return_rate", "contribution"])
                .scaling(Scaling::robust())
                .missing(MissingPolicy::Drop)
                .feature_missing("return_rate", MissingPolicy::Median)
                .build()?;
            KMeans::builder(3).scaler(scaler).restarts(2).build()?.fit(table)
        }),
        case("starter", |table| StarterSegments::builder().build()?.fit(table)),
        case("starter, all segments", |table| {
            StarterSegments::builder().max_segments(6).min_share(0.0).build()?.fit(table)
        }),
        everyone(case("waterfall", |table| {
            let big = feature("net").above_percentile(80.0).and(!feature("return_rate").gt(0.5));
            let steps = Waterfall::builder().step("new", feature("tenure_days").lt(90)).step("big", big);
            steps.step("rest of the big", feature("net").top(100).and(!segment("big"))).build()?.fit(table)
        })),
        everyone(case("waterfall, undecided apart", |table| {
            let score = [
                (2, feature("orders").ge(3)),
                (1, feature("return_rate").lt(0.3)),
                (-1, bucket("x").lt(0.5)),
            ];
            let steps = Waterfall::builder().step("hot", Predicate::score(score, 2));
            let steps = steps.step("cold", feature("recency_days").gt(300).or(feature("net").bottom(50)));
            steps.rest("others").undecided(Undecided::Segment("nobody can say".into())).build()?.fit(table)
        })),
    ]
}

fn positions(segments: &Segmentation) -> Vec<Option<usize>> {
    (0..segments.len()).map(|row| segments.position(row)).collect()
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn an_empty_table_is_an_error() {
    for case in cases() {
        let refused = (case.fit)(&customers(0, 1)).err();
        assert!(matches!(refused, Some(Error::Empty { .. })), "{}: {refused:?}", case.name);
    }
}

#[test]
fn customers_without_an_order_alone_are_an_error() {
    for case in cases().into_iter().filter(|case| !case.everyone) {
        let refused = (case.fit)(&all_missing(&customers(50, 1), "recency_days")).err();
        assert!(matches!(refused, Some(Error::Empty { .. })), "{}: {refused:?}", case.name);
    }
}

#[test]
fn one_customer_has_a_segment() {
    for case in cases() {
        let table = customers(40, 2).filter(&(0..40).map(|row| row == 7).collect()).unwrap();
        assert!(table.column("recency_days").unwrap().is_valid(0));
        let fitted = (case.fit)(&table).unwrap();
        let segments = fitted.segmenter.segment(&table).unwrap();
        assert_eq!(segments.sizes().iter().sum::<u64>(), 1, "{}", case.name);
    }
}

#[test]
fn customers_who_are_all_equal_are_in_one_segment() {
    let equal = |values: Values| Column::new(values);
    let table = FeatureTable::from_columns(
        CustomerIds::rows(300),
        [
            ("recency_days", equal(Values::U32(vec![40; 300]))),
            ("tenure_days", equal(Values::I32(vec![100; 300]))),
            ("orders", equal(Values::I64(vec![1; 300]))),
            ("net", equal(Values::F64(vec![19.99; 300]))),
            ("contribution", equal(Values::F64(vec![-3.5; 300]))),
            ("return_rate", equal(Values::F64(vec![0.0; 300]))),
        ],
    )
    .unwrap();
    for case in cases() {
        let segments = (case.fit)(&table).unwrap().segmenter.segment(&table).unwrap();
        assert_eq!(segments.sizes().iter().filter(|size| **size > 0).count(), 1, "{}: {segments}", case.name);
        assert_eq!(segments.unassigned(), 0, "{}", case.name);
    }
}

#[test]
fn a_feature_that_is_not_there_is_named() {
    let table = customers(500, 3);
    for case in cases() {
        let fitted = (case.fit)(&table).unwrap();
        let needed = fitted.segmenter.required_features();
        assert!(!needed.is_empty(), "{}", case.name);
        for feature in needed {
            let without = without(&table, &feature);
            let names_it = |error: Error| matches!(error, Error::MissingFeature { feature: named, .. } if named == feature);
            assert!(names_it(fitted.segmenter.segment(&without).unwrap_err()), "{}: {feature}", case.name);
            // What a fit can do without, it may do without.
            assert!((case.fit)(&without).err().is_none_or(names_it), "{}: {feature}", case.name);
        }
        let enough = table.select(fitted.segmenter.required_features()).unwrap();
        assert_eq!(
            fitted.segmenter.segment(&enough).unwrap(),
            fitted.segmenter.segment(&table).unwrap(),
            "{}: the required features are all it takes",
            case.name
        );
    }
}

#[test]
fn a_feature_of_text_is_named() {
    let table = customers(500, 3);
    for case in cases() {
        let fitted = (case.fit)(&table).unwrap();
        for feature in fitted.segmenter.required_features() {
            let wrong = replaced(&table, &feature, text(500));
            for refused in [(case.fit)(&wrong).err(), fitted.segmenter.segment(&wrong).err()] {
                let named =
                    matches!(&refused, Some(Error::FeatureType { feature: named, .. }) if *named == feature);
                assert!(named, "{}: {feature}: {refused:?}", case.name);
            }
        }
    }
}

#[test]
fn each_customer_with_an_order_has_one_segment_and_the_others_none() {
    let table = customers(3_000, 4);
    let recency = table.column("recency_days").unwrap();
    for case in cases() {
        let fitted = (case.fit)(&table).unwrap();
        let segments = fitted.segmenter.segment(&table).unwrap();
        assert_eq!(segments.names(), fitted.segmenter.segment_names(), "{}", case.name);
        assert_eq!(segments.len(), table.len());
        assert_eq!(segments.sizes().iter().sum::<u64>() + segments.unassigned(), 3_000, "{}", case.name);
        for row in 0..table.len() {
            let expected = case.everyone || recency.is_valid(row);
            assert_eq!(segments.position(row).is_some(), expected, "{}: row {row}", case.name);
        }
        assert!(segments.sizes().iter().filter(|size| **size > 0).count() > 1, "{}: {segments}", case.name);
    }
}

#[test]
fn customers_who_lack_values_get_a_segment_or_none() {
    let table = customers(2_000, 5);
    for case in cases() {
        let fitted = (case.fit)(&table).unwrap();
        for feature in fitted.segmenter.required_features() {
            let segments = fitted.segmenter.segment(&all_missing(&table, &feature)).unwrap();
            assert_eq!(segments.sizes().iter().sum::<u64>() + segments.unassigned(), 2_000, "{}", case.name);
            if feature == "recency_days" {
                assert_eq!(segments.unassigned(), if case.everyone { 0 } else { 2_000 }, "{}", case.name);
            }
        }
    }
}

#[test]
fn what_stands_in_a_missing_place_does_not_matter() {
    let table = customers(2_000, 6);
    let recency = table.column("recency_days").unwrap();
    let validity = recency.validity().unwrap().clone();
    let Values::U32(days) = recency.values() else { panic!("recency is u32") };
    let other: Vec<f64> = (0..2_000)
        .map(|row| if validity.get(row) { f64::from(days[row]) } else { [f64::NAN, f64::MAX, -1.0][row % 3] })
        .collect();
    let other = replaced(&table, "recency_days", Column::with_missing(Values::F64(other), validity).unwrap());
    for case in cases() {
        let (left, right) = ((case.fit)(&table).unwrap(), (case.fit)(&other).unwrap());
        assert_eq!(left.shown, right.shown, "{}", case.name);
        assert_eq!(
            left.segmenter.segment(&table).unwrap(),
            right.segmenter.segment(&other).unwrap(),
            "{}",
            case.name
        );
    }
}

#[test]
fn fitting_twice_gives_the_same_and_touches_nothing() {
    let table = customers(2_000, 7);
    let before = table.clone();
    for case in cases() {
        let (first, second) = ((case.fit)(&table).unwrap(), (case.fit)(&table).unwrap());
        assert_eq!(first.shown, second.shown, "{}", case.name);
        let segments = first.segmenter.segment(&table).unwrap();
        assert_eq!(segments, second.segmenter.segment(&table).unwrap(), "{}", case.name);
        assert_eq!(segments, first.segmenter.segment(&table).unwrap(), "{}", case.name);
        assert!(table == before, "{}", case.name);
    }
}

#[test]
fn a_customer_is_in_the_same_segment_whoever_else_is_in_the_table() {
    let table = customers(5_000, 8);
    let mask: Bitmap = (0..5_000).map(|row| row % 7 == 3 || row > 4_900).collect();
    let some = table.filter(&mask).unwrap();
    for case in cases() {
        let segmenter = (case.fit)(&table).unwrap().segmenter;
        let all = positions(&segmenter.segment(&table).unwrap());
        let expected: Vec<Option<usize>> = mask.ones().map(|row| all[row]).collect();
        assert_eq!(positions(&segmenter.segment(&some).unwrap()), expected, "{}", case.name);
        let none = segmenter.segment(&table.filter(&Bitmap::filled(5_000, false)).unwrap()).unwrap();
        assert!(none.is_empty(), "{}: an empty table has no segments to give", case.name);
    }
}

#[test]
fn a_model_that_was_stored_gives_the_same_answers() {
    let (table, next_month) = (customers(2_000, 9), customers(1_500, 10));
    for case in cases() {
        let fitted = (case.fit)(&table).unwrap();
        assert_eq!(fitted.segmenter.segment_names(), fitted.reloaded.segment_names(), "{}", case.name);
        assert_eq!(
            fitted.segmenter.required_features(),
            fitted.reloaded.required_features(),
            "{}",
            case.name
        );
        for table in [&table, &next_month] {
            let segments = fitted.segmenter.segment(table).unwrap();
            assert_eq!(segments, fitted.reloaded.segment(table).unwrap(), "{}", case.name);
            let json = serde_json::to_string(&segments).unwrap();
            assert_eq!(serde_json::from_str::<Segmentation>(&json).unwrap(), segments, "{}", case.name);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    // Ten pieces of parallel work and a ragged tail, and enough that quantiles are not found by plain selection.
    let table = customers(16_384 * 10 + 4_321, 11);
    let cases = cases();
    let run = |threads: usize| {
        pool(threads).install(|| {
            let answers = cases.iter().map(|case| {
                let fitted = (case.fit)(&table).unwrap();
                (fitted.shown, fitted.segmenter.segment(&table).unwrap())
            });
            answers.collect::<Vec<_>>()
        })
    };
    let expected = run(1);
    for threads in [2, 3, 8] {
        for ((case, expected), found) in cases.iter().zip(&expected).zip(run(threads)) {
            assert_eq!(expected.0, found.0, "{} on {threads} threads", case.name);
            assert!(expected.1 == found.1, "{} on {threads} threads", case.name);
        }
    }
}
