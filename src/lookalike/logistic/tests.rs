//! Logistic regression against references, laws and damaged input.

use approx::assert_relative_eq;
use ndarray::{Array2, array};
use proptest::prelude::*;

use super::{LogisticModel, LogisticRegression};
use crate::error::Error;

fn fit(points: &Array2<f64>, labels: &[bool], weights: Option<&[f64]>, penalty: f64) -> LogisticModel {
    LogisticRegression::builder()
        .penalty(penalty)
        .build()
        .unwrap()
        .fit(points.view(), labels, weights)
        .unwrap()
}

/// Numbers between −1 and 1 that any language computes alike.
fn number(row: usize, feature: usize) -> f64 {
    ((row * 37 + feature * 101 + row * feature * 13) % 97) as f64 / 48.5 - 1.0
}

fn labels(rows: usize) -> Vec<bool> {
    let noise = |row: usize| ((row * 53 + 7 * row * row) % 101) as f64 / 50.0 - 1.0;
    (0..rows).map(|row| number(row, 0) + 0.8 * noise(row) > 0.3).collect()
}

fn weights(rows: usize) -> Vec<f64> {
    (0..rows).map(|row| ((row * 29) % 11) as f64 * 0.25).collect()
}

fn matrix(rows: usize, dims: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, dims), |(row, feature)| number(row, feature))
}

/// The same with features of quite different scales, some far from zero.
fn skewed(rows: usize) -> Array2<f64> {
    let (scales, shifts) = ([1.0, 1.0, 25.0, 0.01, 1.0], [0.0, 3.0, 2_000.0, 0.0, 0.0]);
    Array2::from_shape_fn((rows, 5), |(row, feature)| {
        number(row, feature) * scales[feature] + shifts[feature]
    })
}

#[test]
fn coefficients_are_those_of_scikit_learn() {
    // LogisticRegression(C=1/λ, solver="newton-cholesky", tol=1e-14) of scikit-learn 1.9: λ, weighted, coefficients, intercept
    // and objective.
    #[rustfmt::skip]
    let reference = [
        (0.01, false, [3.662_424_606_468, 0.093_543_084_937_85, -0.014_544_421_808_6, -2.166_984_080_122, -0.134_298_824_667_7], 27.367_782_589_09, 113.803_635_261),
        (0.01, true, [3.775_009_417_201, 0.418_503_370_120_7, -0.010_039_243_213_25, -2.133_060_540_733, -0.317_718_181_033_5], 17.392_049_892_59, 140.309_174_888),
        (1.0, false, [3.161_748_884_169, 0.078_009_969_078_62, -0.013_004_314_352_11, -0.022_990_552_467_66, -0.114_097_958_211_5], 24.479_527_467_93, 119.538_421_597),
        (1.0, true, [3.314_457_879_357, 0.354_738_696_422_1, -0.009_059_465_780_593, -0.023_963_515_557_96, -0.266_937_105_656_3], 15.754_403_220_7, 146.613_282_948),
        (100.0, false, [0.414_762_349_700_8, 0.007_388_398_151_055, -0.004_586_696_634_424, -1.110_027_589_775e-5, -0.015_549_295_503_4], 8.344_628_611_946, 175.213_995_726),
        (100.0, true, [0.493_667_406_147_6, 0.037_251_350_887_5, -0.003_822_823_756_214, -9.737_067_888_395e-5, -0.036_113_633_903_43], 6.734_179_635_362, 216.353_107_61),
    ];
    let (points, labels, weights) = (skewed(300), labels(300), weights(300));
    for (penalty, weighted, coefficients, intercept, objective) in reference {
        let model = fit(&points, &labels, weighted.then_some(&weights), penalty);
        assert!(model.converged(), "{model:?}");
        for (found, wanted) in model.coefficients().iter().zip(coefficients) {
            assert_relative_eq!(*found, wanted, max_relative = 1e-6);
        }
        assert_relative_eq!(model.intercept(), intercept, max_relative = 1e-6);
        assert_relative_eq!(model.objective(), objective, max_relative = 1e-10);
    }
}

/// The slope of the objective at a model, row by row: the steepest feature's, as a share of the sum of its values by weight.
/// The tolerance of 1e-8 bounds it up to a small factor.
fn steepest(points: &Array2<f64>, labels: &[bool], weights: &[f64], model: &LogisticModel) -> f64 {
    let mut slopes: Vec<f64> = model.coefficients().iter().map(|b| model.penalty() * b).collect();
    slopes.push(0.0);
    let mut sizes = vec![0.0; slopes.len()];
    for (row, score) in model.log_odds(points.view()).unwrap().iter().enumerate() {
        let missed = weights[row] * (1.0 / (1.0 + (-score).exp()) - f64::from(u8::from(labels[row])));
        for ((slope, size), value) in
            slopes.iter_mut().zip(&mut sizes).zip(points.row(row).iter().chain(&[1.0]))
        {
            *slope += missed * value;
            *size += weights[row] * value.abs();
        }
    }
    slopes.iter().zip(sizes).map(|(slope, size)| slope.abs() / size).fold(0.0, f64::max)
}

#[test]
fn samples_lead_to_the_same_optimum() {
    // Enough rows for a sample, few of the class; more than ten chunks, and a block that is not full.
    let rows = 70_003;
    let points = matrix(rows, 2);
    let labels: Vec<bool> = (0..rows).map(|row| row % 131 == 0 && number(row, 0) > -0.6).collect();
    let model = fit(&points, &labels, None, 1.0);
    assert!(model.converged() && model.iterations() <= 4, "{model:?}");
    assert!(steepest(&points, &labels, &vec![1.0; rows], &model) < 1e-7);
}

#[test]
fn threads_change_nothing() {
    let rows = 12_345;
    let (points, labels, weights) = (matrix(rows, 9), labels(rows), weights(rows));
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let model = pool.install(|| fit(&points, &labels, Some(&weights), 0.5));
        let numbers = model.coefficients().iter().chain([&model.intercept, &model.objective]);
        numbers.map(|number| number.to_bits()).collect::<Vec<u64>>()
    };
    let one = bits(1);
    for threads in [2, 3, 8] {
        assert_eq!(bits(threads), one);
    }
}

#[test]
fn a_matrix_that_lies_otherwise_gives_the_same_bits() {
    let (points, labels) = (matrix(500, 4), labels(500));
    let columns = Array2::from_shape_fn((4, 500), |(feature, row)| points[(row, feature)]);
    let turned = LogisticRegression::builder().build().unwrap().fit(columns.t(), &labels, None).unwrap();
    assert_eq!(turned, fit(&points, &labels, None, 1.0));
}

#[test]
fn weights_count_like_repetition() {
    let (points, labels) = (matrix(400, 3), labels(400));
    let times: Vec<usize> = (0..400).map(|row| row % 4).collect();
    let rows: Vec<usize> = (0..400).flat_map(|row| std::iter::repeat_n(row, times[row])).collect();
    let repeated = points.select(ndarray::Axis(0), &rows);
    let repeated_labels: Vec<bool> = rows.iter().map(|row| labels[*row]).collect();
    let once = fit(&repeated, &repeated_labels, None, 2.0);
    for unit in [1.0, 1e-12, 1e12, 1e-290, 1e290] {
        let weights: Vec<f64> = times.iter().map(|times| *times as f64 * unit).collect();
        let weighted = LogisticRegression::builder().penalty(2.0 * unit).build();
        // Penalties end at 1e100.
        let Ok(weighted) = weighted else { continue };
        let weighted = weighted.fit(points.view(), &labels, Some(&weights)).unwrap();
        for (found, wanted) in weighted.coefficients().iter().zip(once.coefficients()) {
            assert_relative_eq!(*found, *wanted, max_relative = 1e-9);
        }
        assert_relative_eq!(weighted.objective() / unit, once.objective(), max_relative = 1e-12);
    }
}

#[test]
fn separable_classes_converge_with_a_penalty_and_say_so_without() {
    let points = matrix(1_000, 2);
    let labels: Vec<bool> = points.outer_iter().map(|row| row[0] > 0.1).collect();
    for penalty in [1e-6, 1e-3, 1.0] {
        let model = fit(&points, &labels, None, penalty);
        assert!(model.converged(), "{model:?}");
        assert!(steepest(&points, &labels, &[1.0; 1_000], &model) < 1e-7);
    }
    let free = LogisticRegression::builder().penalty(0.0).max_iterations(30).build().unwrap();
    let model = free.fit(points.view(), &labels, None).unwrap();
    assert!(!model.converged() && model.coefficients().iter().all(|b| b.is_finite()), "{model:?}");
}

#[test]
fn constant_and_collinear_features_are_fine() {
    let rows = 600;
    let plain = matrix(rows, 2);
    let labels = labels(rows);
    // The first, a constant, the first again, the second.
    let points = Array2::from_shape_fn((rows, 4), |(row, feature)| match feature {
        1 => 4_711.3,
        3 => plain[(row, 1)],
        _ => plain[(row, 0)],
    });
    let model = fit(&points, &labels, None, 1.0);
    assert!(model.converged());
    let [first, constant, again, _] = model.coefficients() else { panic!("{model:?}") };
    assert_relative_eq!(first, again, max_relative = 1e-9);
    assert_eq!(constant.to_bits(), 0.0_f64.to_bits());
    assert!(steepest(&points, &labels, &vec![1.0; rows], &model) < 1e-7);
    // Without a penalty the later one is left out.
    let free = fit(&points, &labels, None, 0.0);
    let wanted = fit(&plain, &labels, None, 0.0);
    assert!(free.converged() && wanted.converged());
    assert_relative_eq!(free.coefficients()[0], wanted.coefficients()[0], max_relative = 1e-9);
    assert_eq!((free.coefficients()[1], free.coefficients()[2]), (0.0, 0.0));
    assert_relative_eq!(free.coefficients()[3], wanted.coefficients()[1], max_relative = 1e-9);
    assert_relative_eq!(free.objective(), wanted.objective(), max_relative = 1e-12);
}

#[test]
fn a_feature_of_any_size_has_the_same_part() {
    let (points, labels) = (matrix(500, 2), labels(500));
    let plain = fit(&points, &labels, None, 0.0);
    for scale in [1e-90, 1e-6, 1e9, 1e95] {
        let mut scaled = points.clone();
        scaled.column_mut(0).mapv_inplace(|x| x * scale);
        let model = fit(&scaled, &labels, None, 0.0);
        assert!(model.converged(), "{model:?}");
        assert_relative_eq!(model.coefficients()[0] * scale, plain.coefficients()[0], max_relative = 1e-6);
        assert_relative_eq!(model.objective(), plain.objective(), max_relative = 1e-9);
    }
}

#[test]
fn damaged_input_is_refused() {
    let points = matrix(50, 3);
    let labels = labels(50);
    let regression = LogisticRegression::builder().build().unwrap();
    let fit = |points: &Array2<f64>, labels: &[bool], weights: Option<&[f64]>| {
        regression.fit(points.view(), labels, weights).map(|_| ()).unwrap_err()
    };
    for damage in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2e100, -1e300] {
        for (row, feature) in [(0, 0), (17, 2), (49, 1)] {
            let mut damaged = points.clone();
            damaged[(row, feature)] = damage;
            match fit(&damaged, &labels, None) {
                Error::Coordinate { row: r, feature: f, found } => {
                    assert_eq!((r, f, found.to_bits()), (row, feature, damage.to_bits()));
                }
                other => panic!("{other}"),
            }
        }
    }
    assert!(matches!(fit(&Array2::zeros((0, 3)), &[], None), Error::Empty { .. }));
    assert!(matches!(fit(&Array2::zeros((50, 0)), &labels, None), Error::Empty { .. }));
    assert!(matches!(fit(&points, &labels[1..], None), Error::ColumnLength { .. }));
    assert!(matches!(fit(&points, &labels, Some(&[1.0; 49])), Error::ColumnLength { .. }));
    let one_class = |error| matches!(error, Error::Setting { setting: "labels", .. });
    assert!(one_class(fit(&points, &[true; 50], None)) && one_class(fit(&points, &[false; 50], None)));
    let only_ones: Vec<f64> = labels.iter().map(|label| f64::from(u8::from(*label))).collect();
    assert!(one_class(fit(&points, &labels, Some(&only_ones))));
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        let mut weights = [1.0; 50];
        weights[7] = weight;
        assert!(matches!(fit(&points, &labels, Some(&weights)), Error::Setting { setting: "weights", .. }));
    }
    assert!(matches!(fit(&points, &labels, Some(&[0.0; 50])), Error::Setting { setting: "weights", .. }));
    let builder = LogisticRegression::builder;
    for refused in [
        builder().penalty(-1.0),
        builder().penalty(f64::NAN),
        builder().penalty(f64::INFINITY),
        builder().max_iterations(0),
        builder().tolerance(0.0),
        builder().tolerance(f64::NAN),
    ] {
        assert!(matches!(refused.build(), Err(Error::Setting { .. })));
    }
    let model = regression.fit(points.view(), &labels, None).unwrap();
    assert!(model.log_odds(Array2::zeros((4, 2)).view()).is_err());
    assert!(model.log_odds(Array2::from_elem((4, 3), f64::NAN).view()).is_err());
}

#[test]
fn log_odds_are_numbers_or_an_error() {
    let points = array![[0.0, 1.0], [1.0, 0.0], [2.0, 2.5], [3.0, 1.0], [4.0, 4.0], [0.5, 3.0]];
    let labels = [false, true, false, true, false, true];
    let model = LogisticRegression::builder().penalty(1.0).build().unwrap();
    let model = model.fit(points.view(), &labels, None).unwrap();
    assert!(model.log_odds(array![[1e100, -1e100]].view()).unwrap()[0].is_finite());
    for (row, feature) in [([1e101, 0.0], 0), ([0.0, f64::NAN], 1), ([f64::INFINITY, 0.0], 0)] {
        let points = Array2::from_shape_vec((2, 2), [[0.0, 0.0], row].concat()).unwrap();
        let refused = model.log_odds(points.view()).unwrap_err();
        assert!(
            matches!(refused, Error::Coordinate { row: 1, feature: found, .. } if found == feature),
            "{refused}"
        );
    }
}

#[test]
fn a_model_prints_its_end() {
    let (points, labels) = (matrix(200, 2), labels(200));
    let text = fit(&points, &labels, None, 1.0).to_string();
    assert!(text.contains("intercept") && text.contains("converged after"), "{text}");
    let short = LogisticRegression::builder().max_iterations(1).build().unwrap();
    let model = short.fit(points.view(), &labels, None).unwrap();
    assert!(!model.converged() && model.iterations() == 1 && model.to_string().contains("stopped after 1"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_optimum_has_no_slope(
        rows in 2_usize..120,
        dims in 1_usize..18,
        seed in any::<u64>(),
        decade in -3_i32..3,
    ) {
        let mut stream = crate::random::Stream::new(seed, "logistic test", 0);
        let mut draw = || stream.unit();
        let points = Array2::from_shape_fn((rows, dims), |_| draw() * 4.0 - 2.0);
        let mut labels: Vec<bool> = (0..rows).map(|_| draw() < 0.3).collect();
        (labels[0], labels[1]) = (true, false);
        let weights: Vec<f64> = (0..rows).map(|row| if row < 2 { 1.0 } else { draw() * 3.0 }).collect();
        let model = fit(&points, &labels, Some(&weights), 10.0_f64.powi(decade));
        prop_assert!(model.converged());
        let steepest = steepest(&points, &labels, &weights, &model);
        prop_assert!(steepest < 1e-7, "{}", steepest);
        // Any other coefficients have a larger objective.
        let objective = |coefficients: &[f64], intercept: f64| {
            let losses = points.outer_iter().enumerate().map(|(row, x)| {
                let score = x.iter().zip(coefficients).fold(intercept, |sum, (x, b)| sum + x * b);
                let margin = if labels[row] { score } else { -score };
                weights[row] * ((-margin).max(0.0) + (-margin.abs()).exp().ln_1p())
            });
            losses.sum::<f64>() + 0.5 * model.penalty() * coefficients.iter().map(|b| b * b).sum::<f64>()
        };
        let least = objective(model.coefficients(), model.intercept());
        prop_assert!((least - model.objective()).abs() <= 1e-9 * least);
        for feature in 0..dims {
            for by in [-1e-2, 1e-2] {
                let mut other = model.coefficients().to_vec();
                other[feature] += by;
                prop_assert!(objective(&other, model.intercept()) > least);
            }
        }
    }
}
