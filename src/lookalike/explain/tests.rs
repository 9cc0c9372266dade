//! What explains a score, held against scores of customers who differ in one thing, and against plain counts.

use approx::assert_relative_eq;

use super::{FeatureWeight, Reason, WeightUnit};
use crate::bitmap::Bitmap;
use crate::category::Category;
use crate::error::Error;
use crate::features::{Column, FeatureTable, Values};
use crate::lookalike::{Lookalike, LookalikeModel, ScorerKind, Seed};
use crate::random::Stream;
use crate::segment::{CustomerFeatures, FeatureValue, feature};
use crate::transaction::{CustomerIds, DAY};

/// 1 January 2024 in UTC.
const NEW_YEAR: i64 = 1_704_067_200_000_000;

/// Customers with a rate of thousandths, a time, a skewed amount, days that some lack, and a text.
fn table_of(n: usize) -> FeatureTable {
    let mut stream = Stream::new(3, "customers to explain", 0);
    let (mut rate, mut time, mut amount, mut days, mut text) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        rate.push(0.001 * stream.unit());
        time.push(NEW_YEAR + stream.below(900) as i64 * DAY);
        amount.push((2.0 + 2.0 * stream.normal()).exp());
        days.push((stream.unit() > 0.2).then(|| 300.0 * stream.unit()));
        text.push(Some(if stream.unit() < 0.7 { "DE" } else { "AT" }));
    }
    FeatureTable::from_columns(
        CustomerIds::rows(n),
        [
            ("rate", Column::new(Values::F64(rate))),
            ("first", Column::new(Values::Time(time))),
            ("amount", Column::new(Values::F64(amount))),
            ("days", Column::optional(days)),
            ("country", Column::new(Values::Category(Category::from_texts(text)))),
        ],
    )
    .unwrap()
}

fn number(table: &FeatureTable, name: &str, row: usize) -> Option<f64> {
    table.column(name).unwrap().number(row)
}

/// Two of three of those with a low rate and many days, or days not known.
fn seeds(table: &FeatureTable) -> Vec<u64> {
    let is_seed = |row: &usize| {
        let low = number(table, "rate", *row).unwrap() < 4e-4;
        low && number(table, "days", *row).is_none_or(|days| days > 200.0) && !row.is_multiple_of(3)
    };
    (0..table.len()).filter(is_seed).map(|row| row as u64).collect()
}

fn model(table: &FeatureTable, kind: ScorerKind) -> LookalikeModel {
    Lookalike::builder().scorer(kind).build().unwrap().fit(table, &Seed::ids(seeds(table))).unwrap()
}

fn customer(table: &FeatureTable, row: usize) -> CustomerFeatures {
    CustomerFeatures::of(table, &table.ids().id(row)).unwrap()
}

fn log_odds(model: &LookalikeModel, customer: &CustomerFeatures) -> f64 {
    model.explain_one(customer).unwrap().log_odds
}

fn weight(model: &LookalikeModel, name: &str, per: impl Fn(&WeightUnit) -> bool) -> FeatureWeight {
    let weights = model.weights();
    weights.iter().find(|weight| weight.feature == name && per(&weight.per)).unwrap().clone()
}

/// A unit of a rate of thousandths is log odds of thousands, and a microsecond is none at all.
#[test]
fn weights_are_per_what_customers_differ_by() {
    let table = table_of(3_000);
    let fitted = model(&table, ScorerKind::Logistic);
    for name in ["rate", "first"] {
        let own = weight(&fitted, name, |per| matches!(per, WeightUnit::Deviation(_)));
        let WeightUnit::Deviation(deviation) = own.per else { unreachable!() };
        let numbers: Vec<f64> = (0..3_000).map(|row| number(&table, name, row).unwrap()).collect();
        let mean = numbers.iter().sum::<f64>() / 3_000.0;
        let sd = (numbers.iter().map(|own| (own - mean) * (own - mean)).sum::<f64>() / 3_000.0).sqrt();
        // The deviation of the pool, which is all but the seeds.
        assert_relative_eq!(deviation, sd, max_relative = 0.1);
        assert_eq!(own.log_odds.to_bits(), own.standardised.to_bits());
        let alone = customer(&table, 17);
        let more = match alone.value(name).unwrap().unwrap() {
            FeatureValue::Time(time) => FeatureValue::Time(time + deviation.round() as i64),
            FeatureValue::Number(rate) => FeatureValue::Number(rate + deviation),
            other => panic!("{other:?}"),
        };
        let more = alone.what_if(name, Some(more)).unwrap();
        let found = log_odds(&fitted, &more) - log_odds(&fitted, &alone);
        assert_relative_eq!(found, own.log_odds, max_relative = 1e-6);
    }
    for own in fitted.weights() {
        assert!(own.odds.is_finite() && own.odds > 0.0, "{own:?}");
        let json = serde_json::to_string(&own).unwrap();
        let again = serde_json::from_str::<FeatureWeight>(&json).unwrap();
        assert_relative_eq!(again.odds, own.odds, max_relative = 1e-12);
        assert!(!own.to_string().contains("inf"), "{own}");
    }
    let rate = weight(&fitted, "rate", |_| true).to_string();
    assert!(rate.starts_with("rate, for a standard deviation more: odds × 0."), "{rate}");
}

#[test]
fn doubled_amounts_and_missing_values_weigh_what_they_say() {
    let table = table_of(3_000);
    let fitted = model(&table, ScorerKind::Logistic);
    let alone = customer(&table, 17);
    let amount = |amount: f64| alone.what_if("amount", Some(FeatureValue::Number(amount))).unwrap();
    let doubling = weight(&fitted, "amount", |per| *per == WeightUnit::Doubling);
    let found = log_odds(&fitted, &amount(2e7)) - log_odds(&fitted, &amount(1e7));
    assert_relative_eq!(found, doubling.log_odds, max_relative = 1e-6);

    let missing = weight(&fitted, "days", |per| *per == WeightUnit::Missing);
    let known = fitted.explain_one(&alone).unwrap();
    let average = known.reasons.iter().find(|reason| reason.feature == "days").unwrap().pool;
    let average = alone.what_if("days", Some(FeatureValue::Number(average))).unwrap();
    let unknown = alone.what_if("days", None).unwrap();
    let found = log_odds(&fitted, &unknown) - log_odds(&fitted, &average);
    assert_relative_eq!(found, missing.log_odds, max_relative = 1e-9);
    assert!(missing.log_odds > 0.1, "seeds lack it more often: {missing}");
    assert!(missing.to_string().starts_with("days is not known: odds × "), "{missing}");
}

/// A reason is what the score loses where the feature alone is as in the pool on average.
#[test]
fn reasons_of_every_scorer_are_what_the_average_would_change() {
    let table = table_of(1_001);
    for kind in [ScorerKind::Mixture, ScorerKind::NearestSeeds, ScorerKind::Discriminant] {
        let fitted = model(&table, kind);
        assert!(fitted.weights().is_empty() || kind == ScorerKind::Discriminant, "{kind}");
        assert!(fitted.evidence().is_empty());
        let scores = fitted.score(&table).unwrap();
        for row in [5, 17, 401] {
            let alone = customer(&table, row);
            let told = fitted.explain_one(&alone).unwrap();
            assert_eq!(told.reasons.len(), 5);
            assert_relative_eq!(told.similarity, scores.similarity(row));
            let of = |name: &str| told.reasons.iter().find(|reason| reason.feature == name).unwrap();
            let rate = of("rate");
            let average = alone.what_if("rate", Some(FeatureValue::Number(rate.pool))).unwrap();
            let found = told.log_odds - log_odds(&fitted, &average);
            assert_relative_eq!(rate.log_odds, found, max_relative = 1e-6, epsilon = 1e-9);
            assert!(rate.log_odds.abs() > 1e-3, "{kind}: {rate}");
        }
    }
    let fitted = model(&table, ScorerKind::WeightOfEvidence);
    for row in [5, 17, 401] {
        let told = fitted.explain_one(&customer(&table, row)).unwrap();
        let parts: f64 = told.reasons.iter().map(|reason| reason.log_odds).sum();
        assert_relative_eq!(parts + fitted.correction.shift, told.log_odds, max_relative = 1e-12);
        assert!(parts.abs() > 0.1, "{told}");
    }
}

#[test]
fn evidence_is_that_of_a_plain_count() {
    let table = table_of(3_000);
    let fitted = model(&table, ScorerKind::WeightOfEvidence);
    let told = fitted.evidence();
    assert_eq!(told.len(), 5);
    assert!(told.is_sorted_by(|a, b| a.beyond_chance >= b.beyond_chance));
    assert_eq!(told[0].feature, "rate");
    assert!(told[0].suspicious && told[0].beyond_chance > 0.5, "{:?}", told[0]);
    let country = told.iter().find(|own| own.feature == "country").unwrap();
    assert!(!country.suspicious, "{country:?}");

    let seeds = seeds(&table);
    let german = feature("country").eq("DE").evaluate(&table).unwrap().holds().clone();
    let all = german.count() as f64;
    let german = seeds.iter().filter(|row| german.get(**row as usize)).count() as f64;
    let (of_seeds, of_others) = (seeds.len() as f64, 3_000.0 - seeds.len() as f64);
    // Two levels, half a customer more in each; nobody has neither.
    let counts = [(german, all - german), (of_seeds - german, of_others - (all - german))];
    let (mut value, chance) = (0.0, 1.0 / (of_seeds + 1.0) + 1.0 / (of_others + 1.0));
    for (own, others) in counts {
        let (p, q) = ((own + 0.5) / (of_seeds + 1.0), (others + 0.5) / (of_others + 1.0));
        value += (p - q) * (p / q).ln();
    }
    assert_relative_eq!(country.information_value, value, max_relative = 1e-9);
    assert_relative_eq!(country.beyond_chance, (value - chance).max(0.0), epsilon = 1e-12);
}

/// Where the good are known apart and half of them, at random, are the seeds, the other half is found by number.
#[test]
fn the_expected_number_alike_is_that_of_the_hidden() {
    let mut stream = Stream::new(5, "hidden customers", 0);
    let values: Vec<f64> =
        (0..4_000).map(|row| 0.1 * stream.normal() + if row % 10 == 0 { 9.0 } else { 0.0 }).collect();
    let seeds: Vec<u64> = (0..4_000).step_by(10).filter(|_| stream.unit() < 0.5).collect();
    let hidden = 400.0 - seeds.len() as f64;
    let table =
        FeatureTable::from_columns(CustomerIds::rows(4_000), [("x", Column::new(Values::F64(values)))])
            .unwrap();
    let lookalike = Lookalike::builder().scorer(ScorerKind::Logistic).build().unwrap();
    let fitted = lookalike.fit(&table, &Seed::ids(seeds)).unwrap();
    let scores = fitted.score(&table).unwrap();
    let found = fitted.expected_alike(&scores);
    assert!((found - hidden).abs() < 0.15 * hidden, "{found} of {hidden}");
    let plain: f64 = (0..4_000)
        .filter(|row| !scores.is_seed(*row))
        .map(|row| (scores.similarity(row) / fitted.label_frequency().get()).min(1.0))
        .sum();
    assert_relative_eq!(found, plain, max_relative = 1e-12);
}

#[test]
fn reasons_are_told_in_words() {
    let table = table_of(3_000);
    let fitted = model(&table, ScorerKind::Logistic);
    let first = |time: i64| {
        let alone = customer(&table, 17).what_if("first", Some(FeatureValue::Time(time))).unwrap();
        let told = fitted.explain_one(&alone).unwrap();
        told.reasons.into_iter().find(|reason| reason.feature == "first").unwrap().value.unwrap()
    };
    assert_eq!(first(NEW_YEAR), "2024-01-01");
    assert_eq!(first(NEW_YEAR + DAY / 4), "2024-01-01 06:00:00");
    let reason = |log_odds: f64| {
        let (feature, value) = ("orders".to_owned(), Some("3".to_owned()));
        Reason { feature, value, pool: 1.0, log_odds }.to_string()
    };
    let than = "like the seeds than the pool's average";
    assert_eq!(reason(-1.0), format!("orders is 3: 2.72 times less {than}"));
    assert_eq!(reason(900.0), format!("orders is 3: e^900 times more {than}"));
}

/// An audience that may only be chosen in one country does not differ from its pool by that country.
#[test]
fn an_audience_is_told_from_the_pool_that_it_was_taken_from() {
    // Twelve blocks of customers, and a part of one.
    let table = table_of(12_345);
    let fitted = model(&table, ScorerKind::Logistic);
    let eligible = feature("country").eq("DE").evaluate(&table).unwrap().holds().clone();
    let audience = feature("country").eq("DE").and(feature("rate").lt(3e-4)).evaluate(&table).unwrap();
    let audience = audience.holds().clone();
    let told = fitted.differences(&table, &eligible, &audience).unwrap();
    assert_eq!(told.differences[0].feature, "rate", "{told}");
    let german = told.differences.iter().find(|one| one.level.as_deref() == Some("DE")).unwrap();
    assert_eq!((german.audience, german.pool, german.against_pool), (1.0, 1.0, 0.0));
    let whole = fitted.differences(&table, &Bitmap::filled(table.len(), true), &audience).unwrap();
    let german = whole.differences.iter().find(|one| one.level.as_deref() == Some("DE")).unwrap();
    assert!((0.6..0.8).contains(&german.pool) && german.against_pool > 0.2, "{german:?}");

    // Plain means of the rows.
    let seeds = seeds(&table);
    let rest: Vec<usize> =
        eligible.ones().filter(|row| seeds.binary_search(&(*row as u64)).is_err()).collect();
    assert_eq!((told.pool, told.seeds), (rest.len() as u64, seeds.len() as u64));
    let mean = |rows: &[usize]| {
        rows.iter().map(|row| number(&table, "rate", *row).unwrap()).sum::<f64>() / rows.len() as f64
    };
    let rate = &told.differences[0];
    assert_relative_eq!(rate.pool, mean(&rest), max_relative = 1e-9);
    assert_relative_eq!(rate.audience, mean(&audience.ones().collect::<Vec<_>>()), max_relative = 1e-9);
    let own: Vec<usize> = seeds.iter().map(|row| *row as usize).collect();
    assert_relative_eq!(rate.seeds.unwrap(), mean(&own), max_relative = 1e-9);

    for threads in [1, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let again = pool.install(|| fitted.differences(&table, &eligible, &audience)).unwrap();
        let bits = |told: &super::Differences| {
            let figures = told.differences.iter().flat_map(|one| [one.audience, one.pool, one.against_pool]);
            figures.map(f64::to_bits).collect::<Vec<u64>>()
        };
        assert_eq!(bits(&again), bits(&told), "{threads} threads");
    }
    let short = Bitmap::filled(3, true);
    for (pool, audience) in [(&short, &audience), (&eligible, &short)] {
        assert!(matches!(fitted.differences(&table, pool, audience), Err(Error::ColumnLength { .. })));
    }
    let of_seeds = fitted.seeds_of(&table);
    assert!(matches!(fitted.differences(&table, &of_seeds, &audience), Err(Error::Empty { .. })));
}
