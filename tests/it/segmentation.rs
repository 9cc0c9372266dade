//! The common result of all segmenters: merging, crossing and summaries, against plain computations.

use kohort::features::{Column, FeatureTable, Values};
use kohort::transaction::{CustomerId, CustomerIds};
use kohort::{Error, Segmentation};
use proptest::prelude::*;

use crate::customers::text;

fn table(n: usize) -> FeatureTable {
    FeatureTable::from_columns(CustomerIds::rows(n), [("orders", Column::new(Values::U32(vec![1; n])))])
        .unwrap()
}

fn segmentation(codes: &[Option<usize>], names: &[&str]) -> Segmentation {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Segmentation::new(&table(codes.len()), names, codes).unwrap()
}

/// The type-7 quantile by its definition.
fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (values.len() as f64 - 1.0);
    let low = *sorted.get(place as usize)?;
    let high = sorted.get(place as usize + 1).copied().unwrap_or(low);
    Some(low + place.fract() * (high - low))
}

proptest! {
    #[test]
    fn sizes_members_and_crossings_count_every_customer_once(
        codes in prop::collection::vec((prop::option::of(0_usize..3), prop::option::of(0_usize..2)), 0..60),
    ) {
        let left: Vec<Option<usize>> = codes.iter().map(|pair| pair.0).collect();
        let right: Vec<Option<usize>> = codes.iter().map(|pair| pair.1).collect();
        let (rows, columns) = (segmentation(&left, &["a", "b", "c"]), segmentation(&right, &["x", "y"]));
        let cross = rows.cross(&columns).unwrap();
        prop_assert_eq!(&cross.rows, &["a", "b", "c", "(none)"]);
        for (i, counts) in cross.counts.iter().enumerate() {
            for (j, count) in counts.iter().enumerate() {
                let plain = codes.iter().filter(|(l, r)| l.unwrap_or(3) == i && r.unwrap_or(2) == j).count();
                prop_assert_eq!(*count, plain as u64);
            }
        }
        for (position, name) in ["a", "b", "c"].iter().enumerate() {
            let plain: Vec<u64> =
                left.iter().zip(0..).filter(|(code, _)| **code == Some(position)).map(|(_, row)| row).collect();
            prop_assert_eq!(rows.sizes()[position], plain.len() as u64);
            let members: Vec<CustomerId> = rows.members(name).unwrap().iter().collect();
            prop_assert_eq!(members, plain.into_iter().map(CustomerId::Number).collect::<Vec<_>>());
        }
        prop_assert_eq!(rows.unassigned(), left.iter().filter(|code| code.is_none()).count() as u64);
    }

    #[test]
    fn merging_moves_customers_and_nothing_else(codes in prop::collection::vec(prop::option::of(0_usize..4), 0..60)) {
        let segments = segmentation(&codes, &["a", "b", "c", "d"]);
        let merged = segments.merge(&["d", "b"], "b or d").unwrap();
        prop_assert_eq!(merged.names(), ["a", "b or d", "c"]);
        for (row, code) in codes.iter().enumerate() {
            prop_assert_eq!(merged.position(row), code.map(|code| [0, 1, 2, 1][code]));
        }
        prop_assert_eq!(segments.merge(&[], "x").unwrap(), segments.clone());
        prop_assert_eq!(segments.merge(&["c"], "c").unwrap(), segments);
    }

    #[test]
    fn summaries_are_those_of_the_definition(
        rows in prop::collection::vec((prop::option::of(0_usize..2), prop::option::of(-1e6_f64..1e6)), 1..60),
    ) {
        let codes: Vec<Option<usize>> = rows.iter().map(|row| row.0).collect();
        let segments = segmentation(&codes, &["a", "b"]);
        let column = Column::optional(rows.iter().map(|row| row.1).collect());
        let table = table(rows.len()).column_added("value", column).unwrap();
        for (position, summary) in segments.summary(&table, "value").unwrap().iter().enumerate() {
            let members = || rows.iter().filter(|row| row.0 == Some(position));
            let values: Vec<f64> = members().filter_map(|row| row.1).collect();
            prop_assert_eq!(summary.customers, values.len() as u64);
            prop_assert_eq!(summary.missing, (members().count() - values.len()) as u64);
            prop_assert_eq!(summary.mean.is_some(), !values.is_empty());
            if let Some(mean) = summary.mean {
                let plain = values.iter().sum::<f64>() / values.len() as f64;
                prop_assert!((mean - plain).abs() <= 1e-9 * 1e6, "{} and {}", mean, plain);
            }
            let found = [summary.lower_quartile, summary.median, summary.upper_quartile];
            prop_assert_eq!(found, [0.25, 0.5, 0.75].map(|share| quantile(&values, share)));
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let segments = segmentation(&[Some(0), None, Some(1)], &["loyal", "new"]);
    assert!(matches!(segments.merge(&["loyal"], "new"), Err(Error::Setting { .. })));
    let unknown = segments.merge(&["lojal"], "x").unwrap_err().to_string();
    assert!(unknown.contains("did you mean `loyal`"), "{unknown}");
    let other = segmentation(&[Some(0)], &["loyal"]);
    assert!(matches!(segments.cross(&other), Err(Error::Incompatible { .. })));
    assert!(matches!(segments.summary(&table(2), "orders"), Err(Error::Incompatible { .. })));
    assert!(matches!(segments.summary(&table(3), "order"), Err(Error::MissingFeature { .. })));
    let with_text = table(3).column_added("city", text(3)).unwrap();
    assert!(matches!(segments.summary(&with_text, "city"), Err(Error::FeatureType { .. })));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (names, codes) in [
        (names(&["a", "a"]), vec![None; 3]),
        (names(&["a", " "]), vec![None; 3]),
        (names(&["a"]), vec![Some(1), None, None]),
    ] {
        assert!(matches!(Segmentation::new(&table(3), names, &codes), Err(Error::Setting { .. })));
    }
    assert!(matches!(Segmentation::new(&table(3), vec![], &[None]), Err(Error::ColumnLength { .. })));
    assert!(matches!(segments.segment_of(&CustomerId::Number(3)), Err(Error::UnknownCustomer { .. })));
    assert_eq!(segments.segment_of(&CustomerId::Number(2)).unwrap(), Some("new"));
}
