//! The model: the same score for a customer wherever she stands, what it keeps, and what it goes by.

use approx::assert_relative_eq;
use kohort::features::{Column, FeatureTable, Values};
use kohort::lookalike::{Lookalike, LookalikeModel, ScorerKind, Seed, WeightUnit};
use kohort::segment::{CustomerFeatures, feature};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Category, Error, Money};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

/// A made-up table.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) customers: usize,
    pub(crate) missing: bool,
    pub(crate) seed: u64,
}

impl Default for Shape {
    /// More than ten blocks of a thousand, and a ragged tail.
    fn default() -> Self {
        Self { customers: 12_345, missing: true, seed: 1 }
    }
}

/// Noise of 0 to 1 for a row and a purpose.
fn noise(seed: u64, row: usize, purpose: u64) -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (row as u64) << 8 ^ purpose;
    for _ in 0..3 {
        state ^= state >> 31;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (state >> 11) as f64 / (1_u64 << 53) as f64
}

pub(crate) fn table_of(shape: &Shape) -> FeatureTable {
    let n = shape.customers;
    let noise = |row, purpose| noise(shape.seed, row, purpose);
    let present: Bitmap = (0..n).map(|row| !shape.missing || noise(row, 9) > 0.1).collect();
    let orders = (0..n).map(|row| 1 + (noise(row, 1).powi(3) * 9.0) as u32).collect();
    let gross = (0..n)
        .map(|row| Money::from_ten_thousandths(((4.0 * noise(row, 2)).exp() * 300_000.0) as i64))
        .collect();
    let recency = (0..n).map(|row| (noise(row, 3) * 700.0).floor()).collect();
    let countries = (0..n).map(|row| match noise(row, 4) {
        x if shape.missing && x < 0.05 => None,
        x if x < 0.6 => Some("DE"),
        x if x < 0.9 => Some("AT"),
        x if x < 0.999_9 => Some("CH"),
        _ => Some("LI"),
    });
    FeatureTable::from_columns(
        CustomerIds::numbers((0..n as u64).map(|row| row * 3 + 1).collect()).unwrap(),
        [
            ("orders", Column::new(Values::U32(orders))),
            ("gross", Column::new(Values::Money(gross))),
            ("recency_days", Column::with_missing(Values::F64(recency), present).unwrap()),
            ("country", Column::new(Values::Category(Category::from_texts(countries)))),
        ],
    )
    .unwrap()
}

fn model(table: &FeatureTable) -> LookalikeModel {
    let rule = feature("recency_days").lt(200).and(feature("country").ne("AT")).and(feature("gross").gt(100));
    Lookalike::builder().build().unwrap().fit(table, &Seed::matching(rule)).unwrap()
}

#[test]
fn a_score_is_the_same_in_parts_alone_and_by_any_threads() {
    let table = table_of(&Shape::default());
    let fitted = model(&table);
    let whole = fitted.score(&table).unwrap();
    let odd: Bitmap = (0..table.len()).map(|row| row % 3 == 1).collect();
    let part = fitted.score(&table.filter(&odd).unwrap()).unwrap();
    for (at, row) in odd.ones().enumerate() {
        assert_eq!(part.log_odds()[at].to_bits(), whole.log_odds()[row].to_bits(), "row {row}");
        assert_eq!(part.is_seed(at), whole.is_seed(row));
    }
    for row in (0..table.len()).step_by(97) {
        let alone = CustomerFeatures::of(&table, &table.ids().id(row)).unwrap();
        assert_eq!(fitted.score_one(&alone).unwrap().to_bits(), whole.similarity(row).to_bits(), "row {row}");
    }
    for threads in [1, 3, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (again, scores) = pool.install(|| {
            let again = model(&table);
            let scores = again.score(&table).unwrap();
            (again, scores)
        });
        assert_eq!(again, fitted);
        assert_eq!(scores, whole);
    }
}

/// Floats that are all there are added in groups; whatever stands between them must not change their order.
#[test]
fn columns_of_every_sort_add_up_to_the_same_bits_in_a_table_and_alone() {
    let n = 3_001;
    let value = |row: usize, purpose: u64| noise(7, row, purpose);
    let plain = |purpose: u64| Column::new(Values::F64((0..n).map(|row| value(row, purpose)).collect()));
    let mut columns: Vec<(String, Column)> = (0..5).map(|at| (format!("a{at}"), plain(at))).collect();
    let text = (0..n).map(|row| Some(if value(row, 20) < 0.5 { "x" } else { "y" }));
    columns.push(("text".into(), Column::new(Values::Category(Category::from_texts(text)))));
    columns.extend((5..7).map(|at| (format!("b{at}"), plain(at))));
    let lacking = (0..n).map(|row| (value(row, 21) > 0.2).then(|| value(row, 22))).collect();
    columns.push(("lacking".into(), Column::optional(lacking)));
    columns.extend((7..16).map(|at| (format!("c{at}"), plain(at))));
    let skewed = (0..n).map(|row| (9.0 * value(row, 23)).exp()).collect();
    columns.push(("skewed".into(), Column::new(Values::F64(skewed))));
    columns.push(("count".into(), Column::new(Values::U32((0..n as u32).map(|row| row % 13).collect()))));
    columns.push(("last".into(), plain(16)));
    let table = FeatureTable::from_columns(CustomerIds::rows(n), columns).unwrap();
    let rule = feature("a0").gt(0.5).and(feature("c9").gt(0.4)).and(feature("last").gt(0.3));
    for kind in [ScorerKind::Logistic, ScorerKind::Discriminant] {
        let fitted = Lookalike::builder().scorer(kind).build().unwrap();
        let fitted = fitted.fit(&table, &Seed::matching(rule.clone())).unwrap();
        let scores = fitted.score(&table).unwrap();
        for row in 0..n {
            let alone = CustomerFeatures::of(&table, &table.ids().id(row)).unwrap();
            let similarity = fitted.score_one(&alone).unwrap();
            assert_eq!(similarity.to_bits(), scores.similarity(row).to_bits(), "{kind}, row {row}");
        }
    }
}

#[test]
fn what_seeds_have_scores_high() {
    let table = table_of(&Shape::default());
    let fitted = model(&table);
    let scores = fitted.score(&table).unwrap();
    assert_eq!(scores.len(), table.len());
    let seeds = (0..table.len()).filter(|row| scores.is_seed(*row)).count() as u64;
    assert_eq!(seeds, fitted.seed().seeds);
    let mean = |seed: bool| {
        let rows: Vec<usize> = (0..table.len()).filter(|row| scores.is_seed(*row) == seed).collect();
        rows.iter().map(|row| scores.similarity(*row)).sum::<f64>() / rows.len() as f64
    };
    assert!(mean(true) > 3.0 * mean(false), "{} against {}", mean(true), mean(false));
    assert!(fitted.held_out_auc() > 0.85, "{}", fitted.held_out_auc());
    assert!((0.05..=1.0).contains(&fitted.label_frequency().get()), "{:?}", fitted.label_frequency());
    // Scores are on the scale of shares: over everyone they add up to about the seeds.
    let total: f64 = (0..table.len()).map(|row| scores.similarity(row)).sum();
    assert!((0.6..1.7).contains(&(total / seeds as f64)), "{total} against {seeds} seeds");
}

#[test]
fn weights_and_reasons_add_up() {
    let table = table_of(&Shape::default());
    let fitted = model(&table);
    let weights = fitted.weights();
    assert!(weights.windows(2).all(|pair| pair[0].standardised.abs() >= pair[1].standardised.abs()));
    let of = |name: &str, per: &WeightUnit| {
        weights.iter().find(|weight| weight.feature == name && weight.per == *per).unwrap().log_odds
    };
    assert!(of("recency_days", &WeightUnit::Unit) < 0.0);
    assert!(of("country", &WeightUnit::Level("AT".into())) < of("country", &WeightUnit::Level("DE".into())));
    let number = |row: usize, name: &str| table.column(name).unwrap().number(row);
    // Two customers who differ in recency alone, by what one more day adds.
    let row = (0..table.len()).find(|row| number(*row, "recency_days").is_some()).unwrap();
    let alone = CustomerFeatures::of(&table, &table.ids().id(row)).unwrap();
    let days = number(row, "recency_days").unwrap();
    let later =
        alone.what_if("recency_days", Some(kohort::segment::FeatureValue::Number(days + 10.0))).unwrap();
    let (before, after) = (fitted.explain_one(&alone).unwrap(), fitted.explain_one(&later).unwrap());
    assert_relative_eq!(
        after.log_odds - before.log_odds,
        10.0 * of("recency_days", &WeightUnit::Unit),
        max_relative = 1e-9
    );
    // Reasons against the same average customer: their differences are those of the scores.
    let sum = |explanation: &kohort::lookalike::Explanation| {
        explanation.reasons.iter().map(|reason| reason.log_odds).sum::<f64>()
    };
    let other = fitted.explain(&table, &table.ids().id(row + 1)).unwrap();
    assert_relative_eq!(
        sum(&other) - sum(&before),
        other.log_odds - before.log_odds,
        max_relative = 1e-9,
        epsilon = 1e-9
    );
    assert_eq!(other.reasons.len(), 4);
    assert!(other.to_string().starts_with("Similarity 0."), "{other}");
}

#[test]
fn an_audience_is_told_from_the_pool_and_the_seeds() {
    let table = table_of(&Shape { missing: false, ..Shape::default() });
    let fitted = model(&table);
    let audience = feature("country").eq("CH").evaluate(&table).unwrap().holds().clone();
    let everyone = Bitmap::filled(table.len(), true);
    let told = fitted.differences(&table, &everyone, &audience).unwrap();
    let of = |name: &str, level: Option<&str>| {
        told.differences.iter().find(|one| one.feature == name && one.level.as_deref() == level).unwrap()
    };
    assert_relative_eq!(of("country", Some("CH")).audience, 1.0);
    assert_relative_eq!(of("country", Some("AT")).audience, 0.0);
    assert!((0.2..0.45).contains(&of("country", Some("AT")).pool));
    assert_relative_eq!(of("country", Some("AT")).seeds.unwrap(), 0.0);
    // A plain mean of the rows.
    let mean = |rows: &Bitmap| {
        rows.ones().map(|row| table.column("recency_days").unwrap().number(row).unwrap()).sum::<f64>()
            / rows.count() as f64
    };
    assert_relative_eq!(of("recency_days", None).audience, mean(&audience), max_relative = 1e-9);
    assert_eq!(told.audience, audience.count() as u64);
    assert_eq!(told.pool + told.seeds, table.len() as u64);
    assert!(told.to_string().contains("country: CH"), "{told}");
    let nobody = Bitmap::filled(table.len(), false);
    assert!(matches!(fitted.differences(&table, &everyone, &nobody), Err(Error::Empty { .. })));
    let short = Bitmap::filled(3, true);
    assert!(matches!(fitted.differences(&table, &everyone, &short), Err(Error::ColumnLength { .. })));
}

#[test]
fn new_levels_and_extreme_values_are_served_and_lacking_features_are_not() {
    let table = table_of(&Shape::default());
    let fitted = model(&table);
    let new = |country: &str, recency: f64, orders: i64| {
        CustomerFeatures::builder()
            .count("orders", orders)
            .money("gross", Money::from_ten_thousandths(i64::MAX))
            .number("recency_days", recency)
            .text("country", country)
            .build()
            .unwrap()
    };
    for (country, recency, orders) in
        [("JP", 1e300, i64::MAX), ("", -1e300, i64::MIN), ("LI", f64::MIN_POSITIVE, 0)]
    {
        let similarity = fitted.score_one(&new(country, recency, orders)).unwrap();
        assert!((0.0..=1.0).contains(&similarity), "{similarity}");
    }
    // Levels too rare for a dimension of their own count as one.
    assert_eq!(
        fitted.score_one(&new("JP", 10.0, 1)).unwrap().to_bits(),
        fitted.score_one(&new("LI", 10.0, 1)).unwrap().to_bits()
    );
    let without = table.select(["orders", "gross", "country"]).unwrap();
    assert!(matches!(fitted.score(&without), Err(Error::MissingFeature { .. })));
    let text = CustomerFeatures::builder().text("orders", "many").build().unwrap();
    assert!(fitted.score_one(&text).is_err());
    let numbers = table.select(["orders", "gross", "recency_days"]).unwrap();
    let numbers = numbers.column_added("country", Column::new(Values::U32(vec![1; table.len()]))).unwrap();
    assert!(matches!(fitted.score(&numbers), Err(Error::FeatureType { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever stands in a table, a model scores everyone with a finite number, or says why it cannot be learned.
    #[test]
    fn data_never_panics(
        numbers in prop::collection::vec(
            prop_oneof![
                4 => (-3.0..3.0_f64).prop_map(Some),
                1 => Just(None),
                1 => prop_oneof![Just(f64::MAX), Just(f64::MIN), Just(5e-324), Just(-0.0)].prop_map(Some),
            ],
            60..200,
        ),
        texts in prop::collection::vec(prop::option::of("[ab]{0,2}"), 200),
        seeds in 20_usize..60,
    ) {
        let n = numbers.len();
        let texts = Category::from_texts(texts[..n].iter().map(Option::as_deref));
        let table = FeatureTable::from_columns(
            CustomerIds::rows(n),
            [
                ("number", Column::optional(numbers.clone())),
                ("again", Column::optional(numbers)),
                ("text", Column::new(Values::Category(texts))),
            ],
        ).unwrap();
        match Lookalike::builder().build().unwrap().fit(&table, &Seed::ids(0..seeds as u64)) {
            Ok(model) => {
                let scores = model.score(&table).unwrap();
                prop_assert!(scores.log_odds().iter().all(|score| score.is_finite()));
                prop_assert!((0.0..=1.0).contains(&model.held_out_auc()));
                let told = [model.to_string(), format!("{model:?}")];
                prop_assert!(told.iter().all(|text| text.contains("seeds")));
            }
            Err(error) => prop_assert!(
                matches!(error, Error::FewSeeds { .. } | Error::FewOthers { .. } | Error::Empty { .. }), "{}", error
            ),
        }
    }
}
