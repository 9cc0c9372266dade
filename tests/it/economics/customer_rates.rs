//! What is known of each customer of a table: exposure of young lines, priors of groups, the same bits for any threads.

use kohort::economics::Economics;
use kohort::economics::returns::{BetaBinomial, PriorSource};
use kohort::features::{Column, FeatureTable, Values};
use kohort::{Bitmap, Category, Error};

use super::{half_for_goods, table, units};

const ROWS: usize = 1_000;

fn lines(row: usize) -> u32 {
    (row % 13 % 7) as u32
}

fn returned(row: usize) -> u32 {
    lines(row) * (row % 5) as u32 / 5
}

/// Customers of a shop, some without lines.
fn shop(rows: usize) -> FeatureTable {
    table(
        rows,
        [
            ("gross", units((0..rows).map(|row| 50 * i64::from(lines(row))))),
            ("returned", units((0..rows).map(|row| 50 * i64::from(returned(row))))),
            ("lines", Values::U32((0..rows).map(lines).collect())),
            ("lines_returned", Values::U32((0..rows).map(returned).collect())),
        ],
    )
}

/// Of the lines of a customer the last are young; in sixteenths of a line.
fn exposed(row: usize) -> f64 {
    let all = 16 * lines(row);
    f64::from(all - (row as u32 * 7 % 16).min(all)) / 16.0
}

fn expected(table: &FeatureTable, economics: &Economics) -> Vec<Option<f64>> {
    let enriched = economics.enrich(table).unwrap();
    let column = enriched.column("return_rate_expected").unwrap();
    (0..table.len()).map(|row| column.number(row)).collect()
}

fn assert_same(found: &[Option<f64>], expected: impl Fn(usize) -> Option<f64>) {
    for (row, found) in found.iter().enumerate() {
        let expected = expected(row);
        assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits), "row {row}: {found:?}, {expected:?}");
    }
}

fn known(row: usize) -> bool {
    lines(row) > 0
}

fn model() -> BetaBinomial {
    let (y, n): (Vec<u32>, Vec<u32>) = (0..ROWS).map(|row| (returned(row), lines(row))).unzip();
    BetaBinomial::fit(&y, &n).unwrap()
}

#[test]
fn young_lines_count_as_far_as_their_returns_have_been_seen() {
    let plain = shop(ROWS);
    let model = model();
    assert_same(&expected(&plain, &half_for_goods()), |row| {
        known(row).then(|| model.posterior(returned(row), lines(row)).mean())
    });
    let values: Vec<f64> = (0..ROWS).map(exposed).collect();
    let with = plain.clone().column_added("lines_exposed", Values::F64(values.clone())).unwrap();
    let rates = expected(&with, &half_for_goods());
    assert_same(&rates, |row| {
        known(row).then(|| model.posterior_exposed(returned(row), exposed(row)).mean())
    });
    // Whole lines are what they were, and a customer whose exposure is not known is judged by whole lines.
    let whole = (0..ROWS).map(|row| f64::from(lines(row))).collect();
    let whole = plain.clone().column_added("lines_exposed", Values::F64(whole)).unwrap();
    assert_eq!(expected(&whole, &half_for_goods()), expected(&plain, &half_for_goods()));
    let validity: Bitmap = (0..ROWS).map(|row| row % 2 == 0).collect();
    let column = Column::with_missing(Values::F64(values), validity).unwrap();
    let half = plain.column_added("lines_exposed", column).unwrap();
    assert_same(&expected(&half, &half_for_goods()), |row| {
        let exposed = if row % 2 == 0 { exposed(row) } else { f64::from(lines(row)) };
        known(row).then(|| model.posterior_exposed(returned(row), exposed).mean())
    });
}

#[test]
fn the_prior_is_fitted_on_mature_lines_and_the_evidence_is_exposed() {
    let mature = |row: usize| lines(row).min(3);
    let mature_returned = |row: usize| returned(row).min(mature(row));
    let with = shop(ROWS)
        .column_added("lines_mature", Values::U32((0..ROWS).map(mature).collect()))
        .unwrap()
        .column_added("lines_returned_mature", Values::U32((0..ROWS).map(mature_returned).collect()))
        .unwrap()
        .column_added("lines_exposed", Values::F64((0..ROWS).map(exposed).collect()))
        .unwrap();
    let (y, n): (Vec<u32>, Vec<u32>) = (0..ROWS).map(|row| (mature_returned(row), mature(row))).unzip();
    let model = BetaBinomial::fit(&y, &n).unwrap();
    assert_eq!(half_for_goods().looks_rich(&with).unwrap().return_rates, Some(model));
    assert_same(&expected(&with, &half_for_goods()), |row| {
        known(row).then(|| model.posterior_exposed(returned(row), exposed(row)).mean())
    });
}

#[test]
fn damaged_exposure_is_refused() {
    for damaged in [-0.5, 1e9, 7.0] {
        let mut values: Vec<f64> = (0..ROWS).map(exposed).collect();
        values[500] = damaged;
        let with = shop(ROWS).column_added("lines_exposed", Values::F64(values)).unwrap();
        let error = half_for_goods().enrich(&with).unwrap_err();
        assert!(matches!(error, Error::Incompatible { .. }), "{error}");
    }
    let counts = shop(ROWS).column_added("lines_exposed", Values::U32(vec![1; ROWS])).unwrap();
    assert!(matches!(half_for_goods().enrich(&counts), Err(Error::FeatureType { .. })));
}

#[test]
fn customers_are_judged_by_their_group() {
    let group = |row: usize| match row {
        0..600 => Some("web"),
        600..900 => Some("shop"),
        900..990 => Some("app"),
        _ => None,
    };
    let groups = Category::from_texts((0..ROWS).map(group));
    let with = shop(ROWS).column_added("channel", Values::Category(groups)).unwrap();
    let costs = half_for_goods().costs().clone();
    let economics = Economics::builder(costs.clone()).return_rates_by("channel").build().unwrap();
    let finding = economics.looks_rich(&with).unwrap();
    let rates = finding.group_rates.unwrap();
    assert_eq!(finding.return_rates, Some(model()));
    let sources: Vec<(&str, PriorSource)> =
        rates.groups.iter().map(|group| (group.name.as_str(), group.source)).collect();
    assert_eq!(
        sources,
        [("app", PriorSource::Shared), ("shop", PriorSource::Own), ("web", PriorSource::Own)]
    );
    assert_same(&expected(&with, &economics), |row| {
        known(row).then(|| rates.of(group(row)).posterior(returned(row), lines(row)).mean())
    });
    // The minimum decides whose prior is its own.
    let strict =
        Economics::builder(costs.clone()).return_rates_by("channel").minimum_group(300).build().unwrap();
    let rates = strict.looks_rich(&with).unwrap().group_rates.unwrap();
    assert_eq!(rates.groups.iter().filter(|group| group.source == PriorSource::Own).count(), 1);
    // What is set must be there, and be a category.
    assert!(matches!(economics.looks_rich(&shop(ROWS)), Err(Error::MissingFeature { .. })));
    let by_lines = Economics::builder(costs).return_rates_by("lines").build().unwrap();
    assert!(matches!(by_lines.enrich(&with), Err(Error::FeatureType { .. })));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    // Eleven pieces of work and a ragged end.
    let rows = 11 * (1 << 14) + 777;
    let groups =
        Category::from_texts((0..rows).map(|row| (row % 11 > 0).then_some(["a", "b", "c"][row % 3])));
    let with = shop(rows)
        .column_added("lines_exposed", Values::F64((0..rows).map(exposed).collect()))
        .unwrap()
        .column_added("title", Values::Category(groups))
        .unwrap();
    let economics =
        Economics::builder(half_for_goods().costs().clone()).return_rates_by("title").build().unwrap();
    let once = economics.enrich(&with).unwrap();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| economics.enrich(&with)).unwrap(), once);
    }
}
