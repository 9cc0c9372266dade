//! Scaling: the numbers of scikit-learn, missing values, bad input; in `laws` what holds of every recipe, in `stored` what
//! becomes of damaged files.

mod laws;
mod stored;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use kohort::features::{
    Column, FeatureMatrix, FeatureTable, MissingPolicy, Scaler, ScalerBuilder, ScalerModel, Scaling, Values,
};
use kohort::transaction::CustomerIds;
use kohort::{Category, Error, Feature, Money};

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
