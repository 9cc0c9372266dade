//! Scaling: the numbers of scikit-learn, the laws of every recipe, missing values, bad input, stored scalers.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use kohort::features::{
    Column, FeatureMatrix, FeatureTable, MissingPolicy, Scaler, ScalerBuilder, ScalerModel, Scaling, Values,
};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Category, Error, Feature, Money};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Seven customers; values of every shape of tail.
const RECENCY: [u32; 7] = [3, 200, 40, 8, 90, 15, 61];
const ORDERS: [i64; 7] = [1, 7, 2, 1, 4, 1, 12];
const NET: [f64; 7] = [12.5, -40.25, 310.0, 99.99, 1250.75, 0.0, 75.5];
const FEATURES: [&str; 3] = ["recency_days", "orders", "net"];

fn seven() -> FeatureTable {
    let net = NET.map(|net| Money::from_ten_thousandths((net * 10_000.0) as i64));
    FeatureTable::from_columns(
        CustomerIds::rows(7),
        [
            ("recency_days", Values::U32(RECENCY.into())),
            ("orders", Values::I64(ORDERS.into())),
            ("net", Values::Money(net.into())),
        ],
    )
    .unwrap()
}

fn one(values: Vec<Option<f64>>) -> FeatureTable {
    FeatureTable::from_columns(CustomerIds::rows(values.len()), [("x", Column::optional(values))]).unwrap()
}

fn complete(values: &[f64]) -> FeatureTable {
    one(values.iter().copied().map(Some).collect())
}

fn fitted(scaling: Scaling, table: &FeatureTable) -> ScalerModel {
    let names: Vec<String> = table.names().map(str::to_owned).collect();
    Scaler::builder(names).scaling(scaling).build().unwrap().fit(table).unwrap()
}

fn column(matrix: &FeatureMatrix, index: usize) -> Vec<f64> {
    matrix.values().column(index).to_vec()
}

fn bits(matrix: &FeatureMatrix) -> Vec<u64> {
    matrix.values().iter().map(|value| value.to_bits()).collect()
}

fn every_recipe() -> Vec<Scaling> {
    [Scaling::none(), Scaling::z_score(), Scaling::robust(), Scaling::quantile()]
        .into_iter()
        .flat_map(|scaling| [scaling, scaling.log1p()])
        .flat_map(|scaling| [scaling, scaling.winsorised(0.05, 0.9)])
        .collect()
}

fn assert_columns(matrix: &FeatureMatrix, expected: [[f64; 7]; 3]) {
    for (index, expected) in expected.iter().enumerate() {
        for (found, expected) in column(matrix, index).iter().zip(expected) {
            assert_abs_diff_eq!(*found, *expected, epsilon = 1e-13);
        }
    }
}

/// scikit-learn 1.9.1: `StandardScaler().fit_transform(X)` on the seven customers.
#[test]
fn z_scores_are_those_of_scikit_learn() {
    let model = fitted(Scaling::z_score(), &seven());
    for (feature, (mean, deviation)) in model.features().iter().zip([
        (59.571_428_571_428_57, 64.229_181_491_764_63),
        (4.0, 3.854_496_446_637_726),
        (244.07, 424.425_489_136_281_04),
    ]) {
        assert_relative_eq!(feature.centre().unwrap(), mean, max_relative = 1e-15);
        assert_relative_eq!(feature.spread().unwrap(), deviation, max_relative = 1e-15);
    }
    assert_columns(
        &model.transform(&seven()).unwrap(),
        [
            [
                -0.880_774_552_275_464_9,
                2.186_367_133_552_48,
                -0.304_712_408_236_713_8,
                -0.802_928_316_594_552_5,
                0.473_749_948_572_409_15,
                -0.693_943_586_641_275_3,
                0.022_241_781_623_117_83,
            ],
            [
                -0.778_311_782_494_156_2,
                0.778_311_782_494_156_2,
                -0.518_874_521_662_770_8,
                -0.778_311_782_494_156_2,
                0.0,
                -0.778_311_782_494_156_2,
                2.075_498_086_651_083_3,
            ],
            [
                -0.545_608_136_003_452_8,
                -0.669_893_791_201_371_9,
                0.155_339_398_051_162_26,
                -0.339_470_657_837_273_7,
                2.371_865_087_670_924,
                -0.575_059_713_064_571,
                -0.397_172_187_615_416_6,
            ],
        ],
    );
}

/// scikit-learn 1.9.1: `RobustScaler().fit_transform(X)`.
#[test]
fn robust_scales_are_those_of_scikit_learn() {
    let model = fitted(Scaling::robust(), &seven());
    let learned: Vec<(f64, f64)> =
        model.features().iter().map(|f| (f.centre().unwrap(), f.spread().unwrap())).collect();
    assert_eq!(learned, [(40.0, 64.0), (2.0, 4.5), (75.5, 198.745)]);
    assert_columns(
        &model.transform(&seven()).unwrap(),
        [
            [-0.578_125, 2.5, 0.0, -0.5, 0.781_25, -0.390_625, 0.328_125],
            [
                -0.222_222_222_222_222_2,
                1.111_111_111_111_111_2,
                0.0,
                -0.222_222_222_222_222_2,
                0.444_444_444_444_444_4,
                -0.222_222_222_222_222_2,
                2.222_222_222_222_222_3,
            ],
            [
                -0.316_989_106_644_192_3,
                -0.582_404_588_794_686_6,
                1.179_903_896_953_382_4,
                0.123_223_225_741_528_07,
                5.913_356_310_850_587,
                -0.379_883_770_660_897_1,
                0.0,
            ],
        ],
    );
}

/// scikit-learn 1.9.1 on `sign(X) * log1p(abs(X))`, and on `clip(X, *quantile(X, [0.1, 0.9], axis=0))`.
#[test]
fn logarithms_and_winsorised_tails_are_those_of_numpy_and_scikit_learn() {
    let model = fitted(Scaling::z_score().log1p(), &seven());
    for (feature, (mean, deviation)) in model.features().iter().zip([
        (3.430_139_789_574_46, 1.274_620_136_783_946_7),
        (1.347_411_805_989_059_9, 0.700_307_147_280_257_4),
        (2.958_205_939_846_276_8, 3.449_188_953_727_358_3),
    ]) {
        assert_relative_eq!(feature.centre().unwrap(), mean, max_relative = 1e-14);
        assert_relative_eq!(feature.spread().unwrap(), deviation, max_relative = 1e-14);
    }
    let net = column(&model.transform(&seven()).unwrap(), 2);
    assert_abs_diff_eq!(net[1], -1.936_065_881_635_900_4, epsilon = 1e-13);
    assert_abs_diff_eq!(net[4], 1.210_166_206_421_673_2, epsilon = 1e-13);

    let model = fitted(Scaling::z_score().winsorised(0.1, 0.9), &seven());
    for (feature, (low, high, mean, deviation)) in model.features().iter().zip([
        (6.0, 134.0, 50.571_428_571_428_58, 44.400_312_556_355_296),
        (1.0, 9.0, 3.571_428_571_428_571_6, 3.016_958_868_848_983),
        (-16.1, 686.3, 166.884_285_714_285_8, 235.514_284_180_516_9),
    ]) {
        let limits = feature.limits().unwrap();
        assert_relative_eq!(limits.0, low, max_relative = 1e-14);
        assert_relative_eq!(limits.1, high, max_relative = 1e-14);
        assert_relative_eq!(feature.centre().unwrap(), mean, max_relative = 1e-14);
        assert_relative_eq!(feature.spread().unwrap(), deviation, max_relative = 1e-14);
    }
}

#[test]
fn ranks_are_shares_of_the_customers_below() {
    let values: Vec<f64> = (0..=1_000).map(|x| f64::from(x * x)).collect();
    let model = fitted(Scaling::quantile(), &complete(&values));
    let feature = &model.features()[0];
    assert_eq!(feature.cut_points().unwrap().len(), 101);
    for (place, value) in values.iter().enumerate() {
        // Exact on the percentiles, and never further off than one.
        let exact = place as f64 / 1_000.0;
        let allowed = if place % 10 == 0 { 1e-12 } else { 0.01 };
        assert!((feature.scaled(*value) - exact).abs() < allowed, "{place}: {}", feature.scaled(*value));
    }
    assert_eq!((feature.scaled(-1.0).to_bits(), feature.scaled(2e6).to_bits()), (0, 1.0_f64.to_bits()));
    // Sixty customers with one order and forty with more: the middle of the sixty.
    let orders: Vec<f64> = (0..=100).map(|place| f64::max(1.0, f64::from(place - 59))).collect();
    let model = fitted(Scaling::quantile(), &complete(&orders));
    assert_abs_diff_eq!(model.features()[0].scaled(1.0), 0.3, epsilon = 1e-12);
}

#[test]
fn a_weight_multiplies_the_scaled_values_and_is_undone_on_the_way_back() {
    let plain = fitted(Scaling::z_score(), &seven());
    let model =
        Scaler::builder(FEATURES).weight(Feature::RecencyDays, 2.0).build().unwrap().fit(&seven()).unwrap();
    let (plain, doubled) = (plain.transform(&seven()).unwrap(), model.transform(&seven()).unwrap());
    for (plain, doubled) in plain.values().rows().into_iter().zip(doubled.values().rows()) {
        assert_eq!(
            [doubled[0].to_bits(), doubled[1].to_bits()],
            [(2.0 * plain[0]).to_bits(), plain[1].to_bits()]
        );
    }
    let back = model.originals(doubled.values()).unwrap();
    for (row, back) in back.rows().into_iter().enumerate() {
        assert_relative_eq!(back[0], f64::from(RECENCY[row]), max_relative = 1e-12);
        assert_abs_diff_eq!(back[2], NET[row], epsilon = 1e-10);
    }
    let turned = model.originals(doubled.values().t()).unwrap_err();
    assert!(matches!(turned, Error::Incompatible { what: "the number of features", .. }), "{turned}");
}

#[test]
fn a_constant_feature_is_zero_for_everyone_and_reported() {
    // A number whose sum is not a multiple of it.
    let table = complete(&[0.1; 1_000]);
    for scaling in every_recipe() {
        let model = fitted(scaling, &table);
        assert_eq!(
            model.constant().map(kohort::features::ScaledFeature::name).collect::<Vec<_>>(),
            ["x"],
            "{scaling}"
        );
        let feature = &model.features()[0];
        let as_it_is = feature.spread().is_none();
        for (value, scaled) in [(0.1, feature.scaled(0.1)), (7.0, feature.scaled(7.0))] {
            assert!(as_it_is || scaled.to_bits() == 0, "{scaling} of {value}: {scaled}");
        }
        assert_relative_eq!(feature.original(feature.scaled(0.1)), 0.1, max_relative = 1e-12);
        assert!(model.to_string().contains("tells nobody apart"), "{model}");
    }
    // What winsorising makes constant is constant too.
    let mut values = vec![5.0; 1_000];
    values[17] = 1e6;
    assert!(
        fitted(Scaling::z_score().winsorised(0.01, 0.99), &complete(&values)).features()[0].is_constant()
    );
}

#[test]
fn a_range_of_zero_falls_back_to_the_deviation_and_says_so() {
    let values = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 9.0];
    let model = fitted(Scaling::robust(), &complete(&values));
    let feature = &model.features()[0];
    assert!(feature.is_collapsed() && !feature.is_constant());
    let deviation = fitted(Scaling::z_score(), &complete(&values)).features()[0].spread();
    assert_eq!((feature.centre(), feature.spread()), (Some(1.0), deviation));
    assert!(model.to_string().contains("half of the customers share a value"), "{model}");
}

/// Five customers of whom two lack a value of one of the features or both.
fn gaps() -> FeatureTable {
    FeatureTable::from_columns(
        CustomerIds::rows(5),
        [
            ("a", Column::optional(vec![Some(1.0), None, Some(3.0), Some(8.0), None])),
            ("b", Column::optional(vec![Some(0.5), Some(1.0), Some(1.5), Some(100.0), None])),
        ],
    )
    .unwrap()
}

fn gaps_fitted(change: impl Fn(ScalerBuilder) -> ScalerBuilder) -> (ScalerModel, FeatureMatrix) {
    let builder = change(Scaler::builder(["a", "b"]).scaling(Scaling::z_score()));
    let model = builder.build().unwrap().fit(&gaps()).unwrap();
    let matrix = model.transform(&gaps()).unwrap();
    (model, matrix)
}

#[test]
fn a_missing_value_is_an_error_that_names_the_feature() {
    let scaler = Scaler::builder(["a", "b"]).feature_missing("a", MissingPolicy::Fill(0.0)).build().unwrap();
    let refused = scaler.fit(&gaps()).unwrap_err();
    assert!(
        matches!(&refused, Error::FeatureType { feature, found, .. } if feature == "b" && found.contains("missing")),
        "{refused}"
    );
    // Learned from complete customers, it is as strict with new ones.
    let model = fitted(Scaling::z_score(), &complete(&[1.0, 2.0]));
    let refused = model.transform(&one(vec![Some(1.0), None])).unwrap_err();
    assert!(matches!(&refused, Error::FeatureType { feature, .. } if feature == "x"), "{refused}");
}

#[test]
fn dropped_customers_are_counted_and_shift_nothing() {
    let (model, matrix) = gaps_fitted(|builder| builder.missing(MissingPolicy::Drop));
    assert_eq!((model.customers(), model.dropped(), matrix.dropped()), (3, 2, 2));
    assert_eq!(matrix.lacking(), [2, 1]);
    assert_eq!(matrix.rows().ones().collect::<Vec<_>>(), [0, 2, 3]);
    assert_eq!(model.features()[1].missing(), 1);
    // Customer 1 has a `b`, but does not stand in the matrix.
    let three = FeatureTable::from_columns(
        CustomerIds::rows(3),
        [("a", Values::F64(vec![1.0, 3.0, 8.0])), ("b", Values::F64(vec![0.5, 1.5, 100.0]))],
    );
    let alone = fitted(Scaling::z_score(), three.as_ref().unwrap());
    assert_eq!(bits(&matrix), bits(&alone.transform(&three.unwrap()).unwrap()));

    // One feature drops, the other is strict about those who are left.
    let (_, mixed) = gaps_fitted(|builder| builder.feature_missing("a", MissingPolicy::Drop));
    assert_eq!((mixed.values().nrows(), mixed.lacking()), (3, &[2, 0][..]));
}

#[test]
fn a_median_is_learned_once_and_is_no_value_itself() {
    let (model, matrix) = gaps_fitted(|builder| builder.missing(MissingPolicy::Median));
    let a = &model.features()[0];
    assert_eq!((a.median(), a.missing(), a.centre()), (Some(3.0), 2, Some(4.0)));
    assert_eq!(matrix.values().nrows(), 5);
    let found = column(&matrix, 0);
    assert_eq!([found[1].to_bits(), found[4].to_bits()], [a.scaled(3.0).to_bits(); 2]);
    // New customers get the median that was learned, not their own.
    let other = FeatureTable::from_columns(
        CustomerIds::rows(2),
        [("a", Column::optional(vec![Some(50.0), None])), ("b", Column::optional(vec![Some(1.0); 2]))],
    );
    assert_eq!(column(&model.transform(&other.unwrap()).unwrap(), 0)[1].to_bits(), a.scaled(3.0).to_bits());
    let nobody = Scaler::builder(["x"]).missing(MissingPolicy::Median).build().unwrap();
    let refused = nobody.fit(&one(vec![None, None])).unwrap_err();
    assert!(matches!(&refused, Error::FeatureType { feature, .. } if feature == "x"), "{refused}");
}

#[test]
fn a_number_that_is_filled_in_is_a_value() {
    let (model, matrix) = gaps_fitted(|builder| {
        builder.missing(MissingPolicy::Fill(0.0)).feature_missing("b", MissingPolicy::Median)
    });
    assert_eq!(model.features()[0].centre(), Some(12.0 / 5.0));
    assert_eq!(matrix.dropped(), 0);
    // Unscaled, it is the table's own matrix.
    let (_, none) =
        gaps_fitted(|builder| builder.scaling(Scaling::none()).missing(MissingPolicy::Fill(-1.0)));
    assert_eq!(none, gaps().matrix(&["a", "b"], MissingPolicy::Fill(-1.0)).unwrap());
    let median = gaps().matrix(&["a", "b"], MissingPolicy::Median).unwrap();
    assert_eq!(column(&median, 0), [1.0, 3.0, 3.0, 8.0, 3.0]);
    let dropped = gaps().matrix(&["b"], MissingPolicy::Drop).unwrap();
    assert_eq!((column(&dropped, 0), dropped.dropped()), (vec![0.5, 1.0, 1.5, 100.0], 1));
}

#[test]
fn nobody_left_is_an_error_when_learning_and_no_row_afterwards() {
    let nobody = one(vec![None, None]);
    let scaler = Scaler::builder(["x"]).missing(MissingPolicy::Drop).build().unwrap();
    assert!(matches!(scaler.fit(&nobody), Err(Error::Empty { .. })));
    assert!(matches!(scaler.fit(&complete(&[])), Err(Error::Empty { .. })));
    let model = scaler.fit(&complete(&[1.0, 2.0])).unwrap();
    let matrix = model.transform(&nobody).unwrap();
    assert_eq!((matrix.values().dim(), matrix.dropped()), ((0, 1), 2));
    assert_eq!(model.transform(&complete(&[])).unwrap().values().dim(), (0, 1));
    // One customer has no spread.
    assert!(scaler.fit(&complete(&[4.0])).unwrap().features()[0].is_constant());
}

#[test]
fn what_a_table_lacks_is_named() {
    let model = fitted(Scaling::z_score(), &seven());
    let refused = model.transform(&seven().select(["net", "orders"]).unwrap()).unwrap_err();
    assert!(
        matches!(&refused, Error::MissingFeature { feature, .. } if feature == "recency_days"),
        "{refused}"
    );
    let unknown = Scaler::builder(["ordres"]).build().unwrap().fit(&seven()).unwrap_err();
    assert!(
        matches!(&unknown, Error::MissingFeature { nearest: Some(nearest), .. } if nearest == "orders"),
        "{unknown}"
    );
    let city = Category::from_texts([Some("Ulm"), None]);
    let texts = FeatureTable::from_columns(CustomerIds::rows(2), [("x", Values::Category(city))]).unwrap();
    let numbers = fitted(Scaling::z_score(), &complete(&[1.0, 2.0]));
    for refused in [
        Scaler::builder(["x"]).build().unwrap().fit(&texts).unwrap_err(),
        numbers.transform(&texts).unwrap_err(),
    ] {
        assert!(
            matches!(&refused, Error::FeatureType { feature, found: "category", .. } if feature == "x"),
            "{refused}"
        );
    }
    assert!(matches!(model.feature("recency"), Err(Error::MissingFeature { .. })));
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |builder: ScalerBuilder| builder.build().unwrap_err().to_string();
    let x = || Scaler::builder(["x"]);
    assert!(refused(Scaler::builder::<&str>([])).contains("setting `features` is none"));
    assert!(refused(Scaler::builder([""])).contains("an empty name"));
    assert!(refused(Scaler::builder(["x", "y", "x"])).contains("feature `x` is there twice"));
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-7, 1e7] {
        assert!(refused(x().weight("x", weight)).contains(&format!("setting `weight` is {weight}")));
    }
    assert!(refused(x().weight("y", 2.0)).contains("setting `weight` is for `y`"));
    assert!(refused(x().feature_scaling("y", Scaling::none())).contains("for `y`"));
    assert!(refused(x().feature_missing("y", MissingPolicy::Drop)).contains("for `y`"));
    assert!(refused(x().missing(MissingPolicy::Fill(f64::NAN))).contains("setting `missing` is NaN"));
    assert!(refused(x().scaling(Scaling::none().winsorised(0.9, 0.1))).contains("0.9 and 0.1"));
    let last = x().weight("x", -1.0).weight("x", 3.0).build().unwrap().fit(&complete(&[0.0, 1.0])).unwrap();
    assert_relative_eq!(last.features()[0].weight(), 3.0);
}

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

fn stored() -> Value {
    let scaler = Scaler::builder(FEATURES)
        .feature_scaling("recency_days", Scaling::quantile())
        .feature_scaling("orders", Scaling::robust().winsorised(0.1, 0.9))
        .feature_scaling("net", Scaling::z_score().log1p())
        .feature_missing("net", MissingPolicy::Median)
        .build()
        .unwrap();
    serde_json::to_value(scaler.fit(&seven()).unwrap()).unwrap()
}

fn number(value: f64) -> Value {
    json!({"value": value, "bits": format!("{:016x}", value.to_bits())})
}

#[test]
fn damaged_scalers_are_refused_with_the_reason() {
    for (path, value, reason) in [
        ("/kind", json!("rfm"), "stored scaler cannot be read: it is a stored `rfm`"),
        ("/version", json!(2), "update kohort"),
        ("/model/customers", json!(0), "learned from no customers"),
        ("/model/customers", json!(u64::MAX), "is no count"),
        ("/model/dropped", json!(-1), "invalid value"),
        ("/model/features", json!([]), "it has no features"),
        ("/model/features/1/feature", json!("net"), "feature `net` is there twice"),
        ("/model/features/0/missing", json!(1_u64 << 60), "is no count"),
        ("/model/features/0/weight", number(0.0), "setting `weight` is 0"),
        ("/model/features/0/weight/bits", json!("7ff8000000000000"), "not finite"),
        ("/model/features/0/constant", json!(true), "it is constant, but has several cut points"),
        ("/model/features/0/scale/quantile/cut_points/0", number(1e9), "do not ascend"),
        ("/model/features/0/scale/quantile/cut_points", json!([]), "0 cut points"),
        ("/model/features/0/scale/quantile/cut_points", json!([number(1.0)]), "1 cut points"),
        ("/model/features/1/scale/robust/spread", number(0.0), "its spread is 0"),
        ("/model/features/1/scale/robust/spread", Value::Null, "its spread is 0"),
        ("/model/features/1/scale/robust/spread", number(-2.0), "its spread is -2"),
        ("/model/features/1/scale/robust/spread", number(1e-310), "its spread is"),
        ("/model/features/1/winsorised/limits/0", number(1e9), "its winsorising limits do not ascend"),
        ("/model/features/1/winsorised/low", number(0.95), "setting `winsorised`"),
        ("/model/features/2/constant", json!(true), "it is constant, but has a spread"),
        ("/model/features/2/scale", json!("min_max"), "unknown variant `min_max`"),
        ("/model/features/2/missing_policy", json!("median"), "invalid type"),
    ] {
        let mut stored = stored();
        *stored.pointer_mut(path).unwrap_or_else(|| panic!("{path} is in the file")) = value;
        let refused = serde_json::from_value::<ScalerModel>(stored).unwrap_err().to_string();
        assert!(refused.contains(reason), "{path}: {refused}");
    }
    let empty = json!({"kind": "scaler", "version": 1, "model": {"customers": 1, "dropped": 0}});
    assert!(serde_json::from_value::<ScalerModel>(empty).is_err());
}

#[test]
fn a_scaler_shows_what_it_learned() {
    let model = Scaler::builder(FEATURES)
        .feature_scaling("net", Scaling::robust().log1p().winsorised(0.01, 0.99))
        .feature_scaling("orders", Scaling::quantile())
        .weight("orders", 1.5)
        .build()
        .unwrap()
        .fit(&seven())
        .unwrap();
    let expected = [
        "  feature       recipe                                  centre   spread  weight  missing",
        "  ────────────  ─────────────────────────────────────  ───────  ───────  ──────  ───────",
        "  recency_days  z-score                                59.5714  64.2292       1        0",
        "  orders        quantile                                     –        –     1.5        0",
        "  net           winsorised 1 % to 99 %, log1p, robust   4.3373   3.8761       1        0",
    ];
    assert_eq!(model.to_string().lines().collect::<Vec<_>>(), expected);
    assert!(format!("{model:?}").len() < 200, "{model:?}");
    assert!(format!("{:?}", model.transform(&seven()).unwrap()).len() < 100);
}
