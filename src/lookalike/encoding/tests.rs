//! What an encoding learns of odd columns, and which features the guard suspects.

use super::learn::{Learned, learn};
use super::{Kind, NumberScale, leaks};
use crate::category::Category;
use crate::features::{Column, FeatureTable, Values};
use crate::lookalike::training::Training;
use crate::random::Stream;
use crate::transaction::CustomerIds;

const SEEDS: usize = 400;
const OTHERS: usize = 20_000;

/// A column of seeds and one of others.
type Sides = (Column, Column);

fn numbers(seeds: impl Fn(usize) -> f64, others: impl Fn(usize) -> f64) -> Sides {
    let column =
        |rows: usize, of: &dyn Fn(usize) -> f64| Column::new(Values::F64((0..rows).map(of).collect()));
    (column(SEEDS, &seeds), column(OTHERS, &others))
}

fn texts(seeds: impl Fn(usize) -> String, others: impl Fn(usize) -> String) -> Sides {
    let column = |rows: usize, of: &dyn Fn(usize) -> String| {
        let texts: Vec<String> = (0..rows).map(of).collect();
        Column::new(Values::Category(Category::from_texts(texts.iter().map(|text| Some(text.as_str())))))
    };
    (column(SEEDS, &seeds), column(OTHERS, &others))
}

fn uniform(purpose: &str, rows: usize) -> Vec<f64> {
    let mut stream = Stream::new(3, purpose, 0);
    (0..rows).map(|_| stream.unit()).collect()
}

fn learned(columns: &[(&str, Sides)]) -> (Learned, Training) {
    let names: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let side = |rows: usize, of: fn(&Sides) -> &Column| {
        let columns = columns.iter().map(|(name, sides)| (*name, of(sides).clone()));
        FeatureTable::from_columns(CustomerIds::rows(rows), columns.collect::<Vec<_>>()).unwrap()
    };
    let (seeds, others) = (side(SEEDS, |sides| &sides.0), side(OTHERS, |sides| &sides.1));
    let learned = learn(&others, &seeds, &names).unwrap();
    let mut points = learned.encoding.points(&seeds).unwrap();
    points.extend(learned.encoding.points(&others).unwrap());
    let training = Training {
        points,
        dims: learned.encoding.dims(),
        seeds: SEEDS,
        weights: vec![1.0; SEEDS],
        keys: (0..(SEEDS + OTHERS) as u64).collect(),
        pool: OTHERS as u64,
        feature_of: learned.encoding.feature_of(),
    };
    (learned, training)
}

fn scale_of(learned: &Learned, feature: usize) -> NumberScale {
    let Kind::Number(scale) = &learned.encoding.features[feature].kind else { panic!("it is a number") };
    *scale
}

#[test]
fn a_logarithm_is_for_what_is_skewed_to_the_right() {
    let (seeds, others) = (uniform("seeds", SEEDS), uniform("others", OTHERS));
    let right = numbers(|row| (12.0 * seeds[row]).exp(), |row| (12.0 * others[row]).exp());
    // A share that is nearly 1 for nearly all: after a logarithm it is more skewed than before.
    let left = numbers(|row| 1.0 - seeds[row].powi(9), |row| 1.0 - others[row].powi(9));
    let (learned, _) = learned(&[("right", right), ("left", left)]);
    assert!(scale_of(&learned, 0).log);
    assert!(!scale_of(&learned, 1).log);
}

#[test]
fn a_number_that_only_seeds_vary_in_is_in_their_deviations() {
    let euros = numbers(|row| 500.0 + row as f64, |_| 0.0);
    let moment = numbers(|_| 1.7e15, |_| 0.0);
    let tiny = numbers(|row| row as f64 * 5e-324, |row| (row % 7) as f64 * 5e-324);
    let (learned, training) = learned(&[("euros", euros), ("moment", moment), ("tiny", tiny)]);
    assert_eq!(
        learned.encoding.features.iter().map(|feature| &feature.name[..]).collect::<Vec<_>>(),
        ["euros", "moment", "tiny"]
    );
    assert!(training.points.iter().all(|value| value.is_finite() && value.abs() < 10.0));
    assert!((training.row(0)[1] - 1.0).abs() < 1e-12);
}

#[test]
fn what_many_seeds_have_keeps_its_level_and_what_is_one_for_all_has_none() {
    let cities = texts(
        |row| if row < 40 { "X".into() } else { format!("city {row}") },
        |row| format!("city {}", row % 2_000),
    );
    let codes = texts(|row| format!("code {row}"), |row| format!("code {}", row % 2_000));
    let (learned, _) = learned(&[("city", cities), ("code", codes)]);
    let [city] = &learned.encoding.features[..] else { panic!("one feature is left") };
    assert_eq!(city.kind, Kind::Levels { levels: vec!["X".into()], other: true });
    assert_eq!(learned.constant, ["code"]);
}

#[test]
fn a_range_in_the_middle_is_suspected_as_one_end_is() {
    let (seeds, others) = (uniform("seeds", SEEDS), uniform("others", OTHERS));
    let outside =
        |row: usize| if others[row] < 0.5 { 0.8 * others[row] } else { 0.6 + 0.8 * (others[row] - 0.5) };
    let middle = numbers(|row| 0.4 + 0.2 * seeds[row], outside);
    let end = numbers(|row| 1.0 + seeds[row], |row| others[row]);
    let alike = numbers(|row| seeds[row], |row| others[row]);
    let telling = numbers(|row| seeds[row] + 0.5, |row| others[row]);
    let (learned, training) =
        learned(&[("middle", middle), ("end", end), ("alike", alike), ("telling", telling)]);
    let found = leaks(&learned.encoding, &training);
    let names: Vec<&str> = found.iter().map(|leak| leak.feature.as_str()).collect();
    assert_eq!(names, ["middle", "end"]);
    assert!(found.iter().all(|leak| leak.auc > 0.999_999 && leak.auc <= 1.0), "{found:?}");
}
