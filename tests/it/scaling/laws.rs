//! The laws of every recipe: order, the way back, any magnitude, any number of threads, the stored form.

use approx::assert_relative_eq;
use kohort::features::{Column, FeatureTable, MissingPolicy, Scaler, ScalerModel, Scaling, Values};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Money};
use proptest::prelude::*;

use super::{bits, column, complete, every_recipe, fitted};

#[test]
fn no_magnitude_gives_nan_or_infinity() {
    let values = [
        0.0,
        -0.0,
        5e-324,
        1e-308,
        1e-300,
        -1e-300,
        1.0,
        -1e8,
        1e300,
        -1e300,
        f64::MAX,
        -f64::MAX,
        f64::MAX.next_down(),
    ];
    for many in [&values[..], &values[..6], &values[4..9], &values[8..12], &values[12..]] {
        for scaling in every_recipe() {
            let table = complete(many);
            for weight in [1.0, 1e6, 1e-6] {
                let scaler = Scaler::builder(["x"]).scaling(scaling).weight("x", weight).build().unwrap();
                let model = scaler.fit(&table).unwrap();
                let matrix = model.transform(&complete(&values)).unwrap();
                assert!(matrix.values().iter().all(|value| value.is_finite()), "{scaling}: {matrix:?}");
                assert!(
                    model.originals(matrix.values()).unwrap().iter().all(|value| value.is_finite()),
                    "{scaling}"
                );
                let json = serde_json::to_string(&model).unwrap();
                assert_eq!(serde_json::from_str::<ScalerModel>(&json).unwrap(), model, "{scaling}");
            }
        }
    }
}

/// Ten chunks and a ragged tail, a third of the values missing in one feature, of several types.
fn many(seed: u64) -> FeatureTable {
    let rows = 16_384 * 10 + 777;
    let mut state = seed;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let days: Vec<u32> = (0..rows).map(|_| (draw() % 700) as u32).collect();
    let net: Vec<Money> = (0..rows)
        .map(|_| Money::from_ten_thousandths(10_000_000_000 / (draw() % 9_000 + 1) as i64 - 2_000_000))
        .collect();
    let rate: Vec<f64> = (0..rows).map(|_| draw() as f64 / 7e8).collect();
    let present: Bitmap = (0..rows).map(|_| draw() % 3 > 0).collect();
    FeatureTable::from_columns(
        CustomerIds::rows(rows),
        [
            ("days", Column::new(Values::U32(days))),
            ("net", Column::new(Values::Money(net))),
            ("rate", Column::with_missing(Values::F64(rate), present).unwrap()),
        ],
    )
    .unwrap()
}

#[test]
fn threads_do_not_show() {
    let table = many(5);
    for missing in [MissingPolicy::Drop, MissingPolicy::Median] {
        let scaler = Scaler::builder(["days", "net", "rate"])
            .feature_scaling("days", Scaling::robust())
            .feature_scaling("net", Scaling::z_score().log1p().winsorised(0.01, 0.99))
            .feature_scaling("rate", Scaling::quantile())
            .missing(missing)
            .build()
            .unwrap();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let model = scaler.fit(&table).unwrap();
                let matrix = model.transform(&table).unwrap();
                (model, matrix)
            })
        };
        let (model, matrix) = with(1);
        for threads in [2, 3, 8] {
            let (other, same) = with(threads);
            assert_eq!(other, model);
            assert_eq!(bits(&same), bits(&matrix));
            assert_eq!(same, matrix);
        }
        // Each row that is kept has the values of its customer.
        let rate = table.column("rate").unwrap();
        for (row, scaled) in matrix.rows().ones().zip(matrix.values().rows()).step_by(97) {
            for (feature, scaled) in model.features().iter().zip(scaled) {
                let value = table.column(feature.name()).unwrap().number(row);
                let value = value.unwrap_or_else(|| feature.median().unwrap());
                assert_eq!(
                    feature.scaled(value).to_bits(),
                    scaled.to_bits(),
                    "{} of row {row}",
                    feature.name()
                );
            }
        }
        let kept = if missing == MissingPolicy::Drop { rate.len() - rate.missing() } else { rate.len() };
        assert_eq!((matrix.values().nrows(), matrix.rows().count()), (kept, kept));
    }
}

/// The definition with a plain loop, far from zero.
#[test]
fn many_values_far_from_zero_agree_with_the_definition() {
    let table = many(9);
    let values: Vec<f64> =
        (0..table.len()).map(|row| table.column("net").unwrap().number(row).unwrap() + 1e8).collect();
    let model = fitted(Scaling::z_score(), &complete(&values));
    let near: Vec<f64> = values.iter().map(|value| value - 1e8).collect();
    let n = near.len() as f64;
    let mean = near.iter().sum::<f64>() / n;
    let deviation = (near.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt();
    assert_relative_eq!(model.features()[0].centre().unwrap(), mean + 1e8, max_relative = 1e-15);
    assert_relative_eq!(model.features()[0].spread().unwrap(), deviation, max_relative = 1e-11);
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![-1e3..1e3_f64, (-3..4_i32).prop_map(f64::from), 0.0..1e7_f64, -1e-4..1e-4_f64];
    prop::collection::vec(value, 1..60)
}

proptest! {
    #[test]
    fn every_recipe_keeps_the_order_and_leads_back(mut values in values(), weight in 0.01..100.0_f64) {
        values.sort_by(f64::total_cmp);
        for scaling in every_recipe() {
            let table = complete(&values);
            let scaler = Scaler::builder(["x"]).scaling(scaling).weight("x", weight).build().unwrap();
            let model = scaler.fit(&table).unwrap();
            let feature = &model.features()[0];
            let matrix = model.transform(&table).unwrap();
            let scaled = column(&matrix, 0);
            prop_assert!(scaled.windows(2).all(|pair| pair[0] <= pair[1]), "{}: {:?}", scaling, scaled);
            let back = column(&matrix, 0).iter().map(|scaled| feature.original(*scaled)).collect::<Vec<f64>>();
            prop_assert!(back.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9 * pair[0].abs()), "{}", scaling);
            let limits = feature.limits().unwrap_or((f64::MIN, f64::MAX));
            // An error of rounding on the scale is one of its spread in the feature's unit.
            let most = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
            for (value, back) in values.iter().zip(back) {
                let expected = value.max(limits.0).min(limits.1);
                let room = if scaling == scaling.log1p() { 1e-9 * (1.0 + expected.abs()) } else { 1e-9 * most };
                prop_assert!((back - expected).abs() <= room, "{}: {} came back as {}", scaling, expected, back);
            }
        }
    }

    #[test]
    fn a_stored_scaler_is_the_same_to_the_bit(values in values(), weight in 0.01..100.0_f64) {
        for scaling in every_recipe() {
            let scaler = Scaler::builder(["x"]).scaling(scaling).missing(MissingPolicy::Median).weight("x", weight);
            let model = scaler.build().unwrap().fit(&complete(&values)).unwrap();
            let read: ScalerModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
            prop_assert_eq!(&read, &model);
            let table = complete(&values);
            prop_assert_eq!(bits(&read.transform(&table).unwrap()), bits(&model.transform(&table).unwrap()));
        }
    }
}
