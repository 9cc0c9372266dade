//! RFM against plain computations, and against what the R package `rfm` publishes.

use kohort::features::{Column, FeatureTable, Values};
use kohort::segment::{
    Axis, CutConvention, Direction, Rfm, RfmBuilder, RfmMode, RfmModel, SegmentBoxes, Segmenter,
};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Error, Money};
use proptest::prelude::*;

use crate::customers::{all_missing, customers, replaced};

/// A table of customers who all have an order.
fn table(recency: &[i32], orders: &[i64], net: &[f64]) -> FeatureTable {
    FeatureTable::from_columns(
        CustomerIds::rows(recency.len()),
        [
            ("recency_days", Column::new(Values::I32(recency.to_vec()))),
            ("orders", Column::new(Values::I64(orders.to_vec()))),
            ("net", Column::new(Values::F64(net.to_vec()))),
        ],
    )
    .unwrap()
}

fn fit(builder: RfmBuilder, table: &FeatureTable) -> RfmModel {
    builder.build().unwrap().fit(table).unwrap()
}

/// Type-7 cut points by the definition.
fn plain_cuts(values: &[f64], bins: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (1..bins)
        .map(|part| {
            let (place, rest) = ((values.len() - 1) * part / bins, (values.len() - 1) * part % bins);
            let (low, high) = (sorted[place], sorted[(place + 1).min(values.len() - 1)]);
            low + rest as f64 / bins as f64 * (high - low)
        })
        .collect()
}

fn plain_score(value: f64, cuts: &[f64], direction: Direction) -> u8 {
    let below = cuts.iter().filter(|cut| **cut < value).count();
    let score = if direction == Direction::HighIsGood { below + 1 } else { cuts.len() + 1 - below };
    score as u8
}

proptest! {
    #[test]
    fn scores_are_those_of_the_definition(
        rows in prop::collection::vec((0_i32..400, 1_i64..9, -50.0_f64..900.0), 1..120),
        bins in 1_usize..7,
    ) {
        let recency: Vec<i32> = rows.iter().map(|row| row.0).collect();
        let orders: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let net: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let table = table(&recency, &orders, &net);
        let model = fit(Rfm::builder().bins(bins).segments(SegmentBoxes::new("all")), &table);
        let scores = model.scores(&table).unwrap();
        let recency: Vec<f64> = recency.into_iter().map(f64::from).collect();
        let orders: Vec<f64> = orders.into_iter().map(|orders| orders as f64).collect();
        let columns = [
            (&recency, scores.recency(), Direction::LowIsGood),
            (&orders, scores.frequency(), Direction::HighIsGood),
            (&net, scores.monetary(), Direction::HighIsGood),
        ];
        for ((values, scores, direction), axis) in columns.into_iter().zip(model.axes()) {
            let cuts = plain_cuts(values, bins);
            prop_assert_eq!(axis.cut_points(), std::slice::from_ref(&cuts));
            let plain: Vec<u8> = values.iter().map(|value| plain_score(*value, &cuts, direction)).collect();
            prop_assert_eq!(scores, plain);
        }
        for row in 0..rows.len() {
            let digits = [scores.recency()[row], scores.frequency()[row], scores.monetary()[row]].map(u32::from);
            prop_assert_eq!(scores.code(row), Some(digits[0] * 100 + digits[1] * 10 + digits[2]));
        }
    }

    #[test]
    fn nested_scores_are_those_of_the_definition_within_each_group(
        rows in prop::collection::vec((0_i32..40, 1_i64..9, -50.0_f64..900.0), 1..150),
    ) {
        let recency: Vec<i32> = rows.iter().map(|row| row.0).collect();
        let orders: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let net: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let table = table(&recency, &orders, &net);
        let nested = Rfm::builder().bins(3).mode(RfmMode::Nested).segments(SegmentBoxes::new("all"));
        let scores = fit(nested, &table).scores(&table).unwrap();

        let recency: Vec<f64> = recency.into_iter().map(f64::from).collect();
        let cuts = plain_cuts(&recency, 3);
        let r: Vec<u8> = recency.iter().map(|value| plain_score(*value, &cuts, Direction::LowIsGood)).collect();
        let within = |values: &[f64], group: &dyn Fn(usize) -> (u8, u8)| -> Vec<u8> {
            (0..values.len()).map(|row| {
                let members: Vec<f64> =
                    (0..values.len()).filter(|other| group(*other) == group(row)).map(|row| values[row]).collect();
                plain_score(values[row], &plain_cuts(&members, 3), Direction::HighIsGood)
            }).collect()
        };
        let orders: Vec<f64> = orders.into_iter().map(|orders| orders as f64).collect();
        let f = within(&orders, &|row| (r[row], 0));
        let m = within(&net, &|row| (r[row], f[row]));
        prop_assert_eq!(scores.recency(), r);
        prop_assert_eq!(scores.frequency(), f);
        prop_assert_eq!(scores.monetary(), m);
    }
}

#[test]
fn nested_cells_of_distinct_values_are_of_about_equal_size() {
    let n = 12_500;
    let values = |step: usize| (0..n).map(move |row| row * step % n);
    let recency: Vec<i32> = values(7_919).map(|value| value as i32).collect();
    let orders: Vec<i64> = values(6_007).map(|value| value as i64).collect();
    let net: Vec<f64> = values(3_001).map(|value| value as f64 * 0.37).collect();
    let table = table(&recency, &orders, &net);
    let codes = fit(Rfm::builder().mode(RfmMode::Nested), &table).scores(&table).unwrap().codes();
    let mut sizes = std::collections::BTreeMap::new();
    for code in codes {
        *sizes.entry(code).or_insert(0) += 1;
    }
    assert_eq!(sizes.len(), 125);
    assert!(sizes.values().all(|size| (98..=102).contains(size)), "{sizes:?}");
}

#[test]
fn a_nested_group_that_had_nobody_uses_the_cut_points_around_it() {
    // Everyone long away has one order, so nobody there has a higher frequency score at the fit.
    let recency: Vec<i32> = (0..100).collect();
    let orders: Vec<i64> = (0..100).map(|row| if row < 50 { row % 5 + 1 } else { 1 }).collect();
    let net: Vec<f64> = (0..100).map(f64::from).collect();
    let nested = Rfm::builder().bins(2).mode(RfmMode::Nested).segments(SegmentBoxes::new("all"));
    let model = fit(nested, &table(&recency, &orders, &net));
    let axes: Vec<_> = model.axes().collect();
    assert_eq!(axes[1].cut_points(), [[1.0], [3.0]], "recency 1 (long away), then recency 2");
    assert_eq!(axes[2].cut_points()[0], axes[2].cut_points()[1], "within recency 1, frequency 2 had nobody");
    assert!(axes[1].is_collapsed());
    let scores = model.scores(&table(&[99, 99], &[2, 2], &[10.0, 90.0])).unwrap();
    assert_eq!(scores.codes(), [121, 122]);
}

#[test]
fn the_convention_of_the_r_package_is_one_more_and_closed_on_the_left() {
    // Cut points that the R package publishes for its own orders; they are type-7 quantiles plus 1.
    let published = [
        (Axis::Recency, [115.0, 181.0, 297.4, 482.0]),
        (Axis::Frequency, [4.0, 5.0, 6.0, 8.0]),
        (Axis::Monetary, [255.8, 382.0, 506.4, 666.0]),
    ];
    let days: Vec<i32> = (0..1000).collect();
    let orders: Vec<i64> = (0..1000).collect();
    let money: Vec<f64> = (0..1000).map(f64::from).collect();
    let table = table(&days, &orders, &money);
    let model = |convention, shift: f64| {
        let cuts = published.iter().fold(Rfm::builder(), |builder, (axis, cuts)| {
            builder.axis_cuts(*axis, cuts.map(|cut| cut - shift))
        });
        fit(cuts.cut_convention(convention), &table).scores(&table).unwrap()
    };
    let (theirs, ours) = (model(CutConvention::RPackage, 0.0), model(CutConvention::RightClosed, 1.0));
    let differ =
        |left: &[u8], right: &[u8]| (0..1000).filter(|row| left[*row] != right[*row]).collect::<Vec<_>>();
    // Where the quantile is whole, `value ≥ quantile + 1` and `value > quantile` are the same for whole values; where
    // it is not, the whole values between the quantile and the quantile plus 1 differ.
    assert_eq!(differ(theirs.recency(), ours.recency()), [297]);
    assert_eq!(differ(theirs.frequency(), ours.frequency()), Vec::<usize>::new());
    assert_eq!(differ(theirs.monetary(), ours.monetary()), [255, 506]);
    // And all amounts between differ once money has cents.
    let cents: Vec<f64> = (0..1000).map(|row| 381.0 + f64::from(row) / 1000.0).collect();
    let cents_of = |convention, shift: f64| {
        let cuts = published[2].1.map(|cut| cut - shift);
        let builder = Rfm::builder().axis_cuts(Axis::Monetary, cuts).cut_convention(convention);
        let table = self::table(&days, &orders, &cents);
        fit(builder, &table).scores(&table).unwrap().monetary().to_vec()
    };
    let (theirs, ours) = (cents_of(CutConvention::RPackage, 0.0), cents_of(CutConvention::RightClosed, 1.0));
    assert_eq!(differ(&theirs, &ours), (1..1000).collect::<Vec<_>>());
}

#[test]
fn cut_points_learned_in_the_convention_of_the_r_package_are_quantiles_plus_one() {
    let table = customers(1_000, 20);
    let cuts = |convention| -> Vec<Vec<f64>> {
        let model = fit(Rfm::builder().cut_convention(convention), &table);
        model.axes().map(|axis| axis.cut_points()[0].clone()).collect()
    };
    let plus_one: Vec<Vec<f64>> = cuts(CutConvention::RightClosed)
        .into_iter()
        .map(|cuts| cuts.into_iter().map(|cut| cut + 1.0).collect())
        .collect();
    assert_eq!(cuts(CutConvention::RPackage), plus_one);
}

#[test]
fn one_customer_and_equal_customers_have_the_documented_scores() {
    for n in [1, 2, 50] {
        let table = table(&vec![30; n], &vec![1; n], &vec![19.9; n]);
        let model = fit(Rfm::builder(), &table);
        assert_eq!(model.scores(&table).unwrap().codes(), vec![511; n]);
        assert_eq!(model.segment(&table).unwrap().sizes()[3], n as u64, "all are new");
        assert!(model.axes().all(|axis| axis.bins_found() == 1 && axis.bins() == 5));
    }
}

#[test]
fn collapsed_quantiles_are_a_fact_on_the_model() {
    // Most customers have one order: three of four cut points fall on it.
    let orders: Vec<i64> = (0..100).map(|row| if row < 70 { 1 } else { i64::from(row) }).collect();
    let values: Vec<i32> = (0..100).collect();
    let net: Vec<f64> = (0..100).map(f64::from).collect();
    let table = table(&values, &orders, &net);
    let model = fit(Rfm::builder(), &table);
    let collapsed: Vec<_> = model.collapsed().map(|axis| (axis.axis(), axis.bins_found())).collect();
    assert_eq!(collapsed, [(Axis::Frequency, 3)]);
    let scores = model.scores(&table).unwrap();
    let mut given = scores.frequency().to_vec();
    given.sort_unstable();
    given.dedup();
    assert_eq!(given, [1, 4, 5], "the scores that are given keep their meaning");
    assert!(
        model.to_string().contains("frequency: so many customers share a value that 3 of 5 bins are left")
    );
}

#[test]
fn the_type_of_a_column_does_not_matter() {
    let table = customers(3_000, 21);
    let model = fit(Rfm::builder(), &table);
    let scores = model.scores(&table).unwrap();
    for feature in ["recency_days", "orders", "net"] {
        let column = table.column(feature).unwrap();
        let numbers: Vec<Option<f64>> = (0..table.len()).map(|row| column.number(row)).collect();
        let floats = replaced(&table, feature, Column::optional(numbers.clone()));
        let valid: Bitmap = numbers.iter().map(Option::is_some).collect();
        let whole =
            |scale: f64| numbers.iter().map(|n| (n.unwrap_or_default() * scale).round()).collect::<Vec<_>>();
        let mut others = vec![floats];
        if feature != "net" {
            let i32s = Values::I32(whole(1.0).into_iter().map(|n| n as i32).collect());
            let i64s = Values::I64(whole(1.0).into_iter().map(|n| n as i64).collect());
            let money = whole(10_000.0).into_iter().map(|n| Money::from_ten_thousandths(n as i64));
            for values in [i32s, i64s, Values::Money(money.collect())] {
                others.push(replaced(&table, feature, Column::with_missing(values, valid.clone()).unwrap()));
            }
        }
        for other in others {
            assert_eq!(fit(Rfm::builder(), &other), model, "{feature}");
            assert!(model.scores(&other).unwrap() == scores, "{feature}");
        }
    }
}

#[test]
fn new_customers_are_scored_by_the_cut_points_of_the_fit() {
    let table_of_fit = table(&[10, 20, 30, 40, 50], &[1, 2, 3, 4, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]);
    let model = fit(Rfm::builder(), &table_of_fit);
    let next = table(&[0, 18, 19, 900], &[9, 0, 2, 3], &[-7.0, 1e9, 2.5, 3.0]);
    assert_eq!(model.scores(&next).unwrap().codes(), [551, 515, 422, 133]);
}

#[test]
fn directions_can_be_turned() {
    let table = table(&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]);
    let turned = Rfm::builder()
        .direction(Axis::Recency, Direction::HighIsGood)
        .direction(Axis::Frequency, Direction::LowIsGood);
    assert_eq!(fit(turned, &table).scores(&table).unwrap().codes(), [151, 242, 333, 424, 515]);
}

#[test]
fn the_return_rate_is_a_fourth_score_where_little_is_good() {
    let rates = Column::optional(vec![Some(0.0), Some(0.1), None, Some(0.9), Some(0.4)]);
    let table = table(&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5], &[1.0, 2.0, 3.0, 4.0, 5.0])
        .column_added("return_rate", rates)
        .unwrap();
    let model = fit(Rfm::builder().return_rate("return_rate").axis_bins(Axis::ReturnRate, 2), &table);
    let scores = model.scores(&table).unwrap();
    assert_eq!(scores.return_rate(), Some(&[2, 2, 0, 1, 1][..]));
    assert_eq!(scores.codes(), [5112, 4222, 3330, 2441, 1551]);
    assert_eq!(scores.code(2), Some(3330));
    assert_eq!(scores.code(5), None);
    let without = fit(Rfm::builder(), &table);
    assert!(matches!(without.name(&scores), Err(Error::Incompatible { .. })));
}

#[test]
fn ten_bins_take_two_digits() {
    let ten: Vec<i32> = (1..=10).collect();
    let net: Vec<f64> = ten.iter().map(|value| f64::from(*value)).collect();
    let orders: Vec<i64> = ten.iter().map(|value| i64::from(*value)).collect();
    let table = table(&ten, &orders, &net);
    let model = fit(Rfm::builder().bins(10).segments(SegmentBoxes::new("all")), &table);
    let scores = model.scores(&table).unwrap();
    assert_eq!((scores.code(0), scores.code(9)), (Some(10_01_01), Some(1_10_10)));
}

#[test]
fn customers_without_an_order_neither_score_nor_shift_the_others() {
    let table = customers(2_000, 22);
    let bought = table.column("recency_days").unwrap().validity().unwrap().clone();
    let with_order = table.filter(&bought).unwrap();
    let model = fit(Rfm::builder(), &table);
    assert_eq!(model, fit(Rfm::builder(), &with_order));
    assert_eq!(model.customers(), bought.count() as u64);
    let codes = model.scores(&table).unwrap().codes();
    for (row, code) in codes.iter().enumerate() {
        assert_eq!(*code > 0, bought.get(row));
    }
}

#[test]
fn an_axis_without_any_value_is_an_error_unless_its_cut_points_are_given() {
    let table = all_missing(&customers(100, 23), "net");
    assert!(matches!(Rfm::builder().build().unwrap().fit(&table), Err(Error::Empty { .. })));
    let model = fit(Rfm::builder().axis_cuts(Axis::Monetary, [100.0]), &table);
    let scores = model.scores(&table).unwrap();
    assert!(scores.monetary().iter().all(|score| *score == 0));
    assert!(scores.code(0).is_none());
    assert_eq!(
        model.segment(&table).unwrap().unassigned(),
        without_order(&table),
        "the map needs no monetary score"
    );
}

/// How many customers of a table have no recency.
fn without_order(table: &FeatureTable) -> u64 {
    table.column("recency_days").unwrap().missing() as u64
}

#[test]
fn a_profile_has_the_means_and_shares_of_a_plain_computation() {
    let table = customers(40_000, 24);
    let model = fit(Rfm::builder().return_rate("return_rate"), &table);
    let segments = model.segment(&table).unwrap();
    let profile = model.profile(&table).unwrap();
    assert_eq!(profile.unassigned(), segments.unassigned());
    let total: f64 = profile.segments().iter().map(|segment| segment.monetary_total).sum();
    for (position, segment) in profile.segments().iter().enumerate() {
        assert_eq!(segment.segment, segments.names()[position]);
        let members: Vec<usize> =
            (0..table.len()).filter(|row| segments.position(*row) == Some(position)).collect();
        assert_eq!(segment.customers, members.len() as u64);
        for (feature, mean) in [
            ("recency_days", segment.recency),
            ("orders", segment.frequency),
            ("net", segment.monetary),
            ("return_rate", segment.return_rate),
        ] {
            let column = table.column(feature).unwrap();
            let values: Vec<f64> = members.iter().filter_map(|row| column.number(*row)).collect();
            let plain = values.iter().sum::<f64>() / values.len() as f64;
            assert!(
                (mean.unwrap() - plain).abs() <= 1e-9 * plain.abs().max(1.0),
                "{feature}: {mean:?} and {plain}"
            );
        }
        assert!((segment.monetary_share.unwrap() - segment.monetary_total / total).abs() < 1e-12);
    }
    let shown = profile.to_string();
    assert!(
        shown.contains("champions") && shown.contains("return rate") && shown.contains("(none)"),
        "{shown}"
    );
}

#[test]
fn a_model_says_what_it_learned() {
    let table = table(&[10, 20, 30, 40, 50], &[1, 2, 3, 4, 5], &[1.0, 2.5, 3.0, 4.0, 5.0]);
    let shown = fit(Rfm::builder(), &table).to_string();
    assert!(shown.starts_with("RFM of 5 customers, each axis on its own\n"), "{shown}");
    assert!(shown.contains("18 | 26 | 34 | 42"), "{shown}");
    assert!(shown.contains("2.2 | 2.8 | 3.4 | 4.2"), "{shown}");
    assert!(shown.ends_with("about to sleep, at risk, can't lose, hibernating\n"), "{shown}");
}
