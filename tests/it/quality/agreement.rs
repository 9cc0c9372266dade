//! Agreement of segmentations.

use kohort::features::{Column, FeatureTable, Values};
use kohort::segment::quality::{Agreement, Recovery};
use kohort::transaction::CustomerIds;
use kohort::{Error, Segmentation};
use proptest::prelude::*;

use super::slow::{adjusted_mutual_information, lloyd, pairs};
use super::{iris, on_threads};

/// Figures of scikit-learn 1.9.1: `adjusted_rand_score`, `adjusted_mutual_info_score`, `normalized_mutual_info_score`.
const LARGE: [f64; 3] = [0.128_136_782_313_510, 0.137_784_888_100_368, 0.138_385_558_622_324];
const FINE: [f64; 3] = [-0.000_299_311_420_850, -0.042_739_801_323_517, 0.053_797_100_668_744];

fn of(left: &[u32], right: &[u32]) -> Agreement {
    Agreement::of_labels(left, right).unwrap()
}

fn figures(agreement: Agreement) -> [f64; 3] {
    [
        agreement.adjusted_rand(),
        agreement.adjusted_mutual_information(),
        agreement.normalised_mutual_information(),
    ]
}

fn bits(agreement: Agreement) -> [u64; 3] {
    figures(agreement).map(f64::to_bits)
}

fn assert_close(found: Agreement, expected: [f64; 3], tolerance: f64) {
    for (found, expected) in figures(found).into_iter().zip(expected) {
        assert!((found - expected).abs() < tolerance, "{found} for {expected}");
    }
}

#[test]
fn small_and_large_cases_are_those_of_scikit_learn() {
    assert_close(of(&[0, 0, 1, 1], &[0, 0, 1, 2]), [0.571_428_571_4, 0.571_428_571_4, 0.8], 1e-10);
    let found = of(&lloyd(&iris::points(), &[80, 105, 140]), &iris::species());
    assert!((found.adjusted_rand() - 0.730_238).abs() < 1e-6, "{found}");
    assert!((found.adjusted_mutual_information() - 0.755_119).abs() < 1e-6, "{found}");
    let left: Vec<u32> = (0..20_000).map(|i| i % 7).collect();
    let right: Vec<u32> = (0..20_000).map(|i| if i % 3 == 0 { i % 7 } else { i / 3 % 11 }).collect();
    assert_close(of(&left, &right), LARGE, 1e-10);
    let fine: Vec<u32> = (0..20_000).map(|i| i * i % 5_003).collect();
    assert_close(of(&left, &fine), FINE, 1e-9);
}

proptest! {
    #[test]
    fn figures_are_those_of_plain_loops(labels in prop::collection::vec((0_u32..5, 0_u32..4), 2..120)) {
        let (left, right): (Vec<u32>, Vec<u32>) = labels.into_iter().unzip();
        let found = of(&left, &right);
        let [both, one, other, none] = pairs(&left, &right);
        let most = (both + one) * (one + none) + (both + other) * (other + none);
        let rand = if most > 0.0 { 2.0 * (both * none - one * other) / most } else { 1.0 };
        prop_assert!((found.adjusted_rand() - rand).abs() < 1e-12);
        let plain = adjusted_mutual_information(&left, &right);
        // With one segment on both sides, or everyone alone, nothing is left to divide by.
        if plain.is_finite() && plain.abs() < 2.0 {
            prop_assert!((found.adjusted_mutual_information() - plain).abs() < 1e-9, "{} for {plain}", found);
        }
        prop_assert!((0.0..=1.0).contains(&found.normalised_mutual_information()));
    }

    #[test]
    fn names_sides_and_order_change_nothing(
        labels in prop::collection::vec((0_u32..5, 0_u32..4), 1..300),
        names in Just((0_u32..9).map(|label| label * 477_218_588).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let (left, right): (Vec<u32>, Vec<u32>) = labels.iter().copied().unzip();
        let expected = bits(of(&left, &right));
        prop_assert_eq!(bits(of(&right, &left)), expected);
        let renamed: Vec<u32> = left.iter().map(|label| names[*label as usize]).collect();
        prop_assert_eq!(bits(of(&renamed, &right)), expected);
        let back: (Vec<u32>, Vec<u32>) = labels.iter().rev().copied().unzip();
        prop_assert_eq!(bits(of(&back.0, &back.1)), expected);
        prop_assert_eq!(bits(of(&left, &renamed)), [1.0_f64; 3].map(f64::to_bits));
    }
}

#[test]
fn partitions_without_structure_have_an_agreement() {
    let (one, alone): (Vec<u32>, Vec<u32>) = (vec![3; 50], (0..50).collect());
    let halves: Vec<u32> = (0..50).map(|row| row / 25).collect();
    assert_eq!(bits(of(&one, &one)), [1.0_f64; 3].map(f64::to_bits));
    assert_eq!(bits(of(&alone, &alone)), [1.0_f64; 3].map(f64::to_bits));
    assert_eq!(bits(of(&one, &alone)), [0.0_f64; 3].map(f64::to_bits));
    assert_eq!(bits(of(&one, &halves)), [0.0_f64; 3].map(f64::to_bits));
    // Everyone alone knows all about the halves, as any dealing out of customers would.
    let [rand, adjusted, normalised] = figures(of(&alone, &halves));
    assert!(rand.abs() < 1e-15 && adjusted.abs() < 1e-12 && normalised > 0.2);
    assert_eq!(bits(of(&[u32::MAX], &[0])), [1.0_f64; 3].map(f64::to_bits));
}

#[test]
fn figures_are_the_same_to_the_bit_for_any_number_of_threads() {
    // Eleven chunks and a ragged tail of a table; sorted pairs; many sizes to take the expectation over.
    let rows = 11 * 65_536 + 77;
    let left: Vec<u32> = (0..rows).map(|i| i % 17).collect();
    let right: Vec<u32> = (0..rows).map(|i| (i / 5).wrapping_mul(2_654_435_761) % 23).collect();
    let sizes: Vec<u32> = (0..20_000_u32).map(|i| i.isqrt() * 3).collect();
    let others: Vec<u32> = (0..20_000_u32).map(|i| i.wrapping_mul(2_654_435_761).isqrt() / 500).collect();
    let work = || [bits(of(&left, &right)), bits(of(&sizes, &others))];
    let alone = on_threads(1, work);
    for threads in [2, 3, 8] {
        assert_eq!(on_threads(threads, work), alone, "{threads} threads");
    }
}

#[test]
fn segmentations_are_compared_on_whoever_has_a_segment_in_both() {
    let table = |rows: usize| {
        let column = Column::new(Values::U32(vec![1; rows]));
        FeatureTable::from_columns(CustomerIds::rows(rows), [("orders", column)]).unwrap()
    };
    let segments = |table: &FeatureTable, rows: &[Option<usize>]| {
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        Segmentation::new(table, names, rows).unwrap()
    };
    let customers = table(6);
    let left = segments(&customers, &[Some(0), Some(0), None, Some(1), Some(1), Some(2)]);
    let right = segments(&customers, &[Some(2), Some(2), Some(0), Some(0), Some(1), None]);
    let found = Agreement::of(&left, &right).unwrap();
    assert_eq!((found.customers(), found.left_out()), (4, 2));
    assert_eq!(bits(found), bits(of(&[0, 0, 1, 1], &[2, 2, 0, 1])));
    let text = "\
agreement of 2 with 3 segments: poor
  adjusted Rand index            0.571
  adjusted mutual information    0.571
  normalised mutual information  0.800
  4 customers; 2 left out who lack a segment
  1: the same customers are together in both; 0 (adjusted): no more than by chance
";
    assert_eq!(found.to_string(), text);
    let error = Agreement::of(&left, &segments(&table(5), &[Some(0); 5])).unwrap_err();
    assert!(matches!(error, Error::Incompatible { .. }), "{error}");
    let error = Agreement::of(&left, &segments(&customers, &[None; 6])).unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
}

#[test]
fn recovery_follows_the_rule_of_thumb() {
    // One of so many customers is placed elsewhere in one of two halves.
    let of_size = |half: usize| {
        let left: Vec<u32> = (0..2 * half).map(|row| u32::from(row >= half)).collect();
        let mut right = left.clone();
        right[0] = 1;
        of(&left, &right)
    };
    let found = [3, 6, 12, 40].map(|half| of_size(half).recovery());
    assert_eq!(found, [Recovery::Poor, Recovery::Moderate, Recovery::Good, Recovery::Excellent]);
}

#[test]
fn bad_labels_are_refused() {
    let error = Agreement::of_labels(&[0, 1], &[0]).unwrap_err();
    assert!(matches!(error, Error::ColumnLength { found: 1, expected: 2, .. }), "{error}");
    assert!(matches!(Agreement::of_labels(&[], &[]).unwrap_err(), Error::Empty { .. }));
}
