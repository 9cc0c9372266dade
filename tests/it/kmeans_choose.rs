//! Choosing the number of segments: what is recommended, why the others are not, what to beware of, and what never changes.

#[cfg(feature = "csv")]
mod real;

use std::ops::ControlFlow;

use kohort::Error;
use kohort::ndarray::{Array2, Axis, array};
use kohort::segment::kmeans::{
    Candidate, ChoiceStage, ChoiceWarning, ChooseClusters, ClusterChoice, Measure, Rejection,
};
use kohort::segment::{Agreement, KMeans, SegmentedPoints};
use proptest::prelude::*;

use crate::customers::Draws;

impl Draws {
    fn unit(&mut self) -> f64 {
        self.below(1 << 40) as f64 / (1_u64 << 40) as f64
    }

    /// About normal, with variance 1: twelve even draws.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

const THREE: [[f64; 2]; 3] = [[0.0, 0.0], [8.0, 0.0], [2.0, 7.0]];

/// Customers around centres; of `of` customers the first so many belong to each.
fn around(centres: &[[f64; 2]], shares: &[usize], n: usize, seed: u64) -> Array2<f64> {
    let mut draws = Draws::new(seed);
    let all: usize = shares.iter().sum();
    let group = |row: usize| {
        let mut left = row % all;
        shares.iter().position(|share| left.checked_sub(*share).map(|less| left = less).is_none()).unwrap()
    };
    Array2::from_shape_fn((n, 2), |(row, feature)| centres[group(row)][feature] + draws.bell())
}

fn even(n: usize, features: usize, seed: u64) -> Array2<f64> {
    let mut draws = Draws::new(seed);
    Array2::from_shape_fn((n, features), |_| draws.unit())
}

fn normal(n: usize, features: usize, seed: u64) -> Array2<f64> {
    let mut draws = Draws::new(seed);
    Array2::from_shape_fn((n, features), |_| draws.bell())
}

fn names(features: usize) -> Vec<String> {
    ["recency", "orders", "net", "returns"].iter().cycle().take(features).map(ToString::to_string).collect()
}

fn choose(config: &ChooseClusters, points: &Array2<f64>) -> ClusterChoice {
    config.choose_matrix(points.view(), None, &names(points.ncols())).unwrap()
}

/// A choice in fewer repetitions than by default.
fn quick(most: usize) -> kohort::segment::kmeans::ChooseClustersBuilder {
    ChooseClusters::builder(2..=most).bootstraps(6).splits(3).references(5).restarts(2).seed(1)
}

fn of(choice: &ClusterChoice, clusters: usize) -> &Candidate {
    choice.candidate(clusters).unwrap()
}

/// Every number of a choice, to the bit.
fn bits(choice: &ClusterChoice) -> Vec<u64> {
    let mut bits = vec![choice.recommended().unwrap_or(0) as u64, choice.customers()];
    for of in choice.candidates() {
        let silhouette = of.silhouette();
        let strength = of.prediction_strength();
        let gap = of.gap();
        let optional = [
            Some(of.inertia()),
            of.simplified_silhouette(),
            of.simplified_standard_error(),
            silhouette.overall(),
            silhouette.standard_error(),
            of.calinski_harabasz(),
            of.davies_bouldin(),
            strength.map(|strength| strength.mean),
            strength.map(|strength| strength.standard_error),
            gap.map(|gap| gap.value),
            gap.map(|gap| gap.standard_error),
        ];
        bits.extend(optional.map(|number| number.map_or(1, f64::to_bits)));
        for cluster in of.stability() {
            let jaccard = cluster.jaccard.map_or(1, f64::to_bits);
            let counts = [u64::from(cluster.dissolved), u64::from(cluster.recovered), cluster.customers];
            bits.extend([jaccard, cluster.share.to_bits()].into_iter().chain(counts));
        }
        for role in of.features() {
            let numbers = [role.explained, role.between_share, role.silhouette_lost, Some(role.alone)];
            bits.extend(numbers.map(|number| number.map_or(1, f64::to_bits)));
        }
        bits.extend(of.fit().centroids().iter().map(|x| x.to_bits()));
        bits.extend(of.fit().labels().iter().map(|label| u64::from(*label)));
        bits.push(of.rejections().len() as u64);
        bits.push(of.warnings().len() as u64);
    }
    bits
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn three_groups_are_found_and_stable() {
    let points = around(&THREE, &[1, 1, 1], 1_500, 3);
    let choice = choose(&quick(5).build().unwrap(), &points);
    assert_eq!(choice.recommended(), Some(3), "{choice}");
    let three = of(&choice, 3);
    assert!(three.passes() && three.rejections().is_empty() && choice.warnings().is_empty(), "{choice}");
    assert!(three.least_jaccard().unwrap() > 0.95, "{choice}");
    assert!(three.stability().iter().all(|cluster| cluster.recovered == 6 && cluster.dissolved == 0));
    assert!(three.prediction_strength().unwrap().mean > 0.95);
    assert!(three.gap().unwrap().value > 1.0);
    for measure in [
        Measure::SimplifiedSilhouette,
        Measure::Silhouette,
        Measure::CalinskiHarabasz,
        Measure::DaviesBouldin,
        Measure::Gap,
    ] {
        assert_eq!(choice.favourite(measure), Some(3), "{measure}");
    }
    for other in [2, 4, 5] {
        assert!(!of(&choice, other).rejections().is_empty(), "{other}");
    }
    assert!(of(&choice, 5).rejections().contains(&Rejection::TooManySegments { most: 4 }));
    assert!(
        of(&choice, 5).rejections().iter().any(|why| matches!(why, Rejection::Unstable { .. })),
        "{choice}"
    );
    assert_eq!(choice.reproducible(), Some(3));
    let shown = choice.to_string();
    for part in [
        "These customers fall into 3 segments by these features",
        "k = 3: recommended",
        "more than the 4 segments",
        "orders",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    // The clusters of a plain fit, and measures that are those of the quality module.
    let fit = KMeans::builder(3).build().unwrap().fit_matrix(points.view(), None).unwrap();
    assert_eq!(choice.fit(3).unwrap().labels(), fit.labels());
    assert_eq!(choice.fit(3).unwrap().inertia().to_bits(), fit.inertia().to_bits());
    let segmented = SegmentedPoints::of_labels(points.view(), fit.labels()).unwrap();
    assert_eq!(three.simplified_silhouette(), segmented.simplified_silhouette().overall());
    assert_eq!(three.calinski_harabasz(), segmented.calinski_harabasz());
    assert_eq!(three.davies_bouldin(), segmented.davies_bouldin());
    assert!((three.silhouette().overall().unwrap() - segmented.silhouette().overall().unwrap()).abs() < 0.02);
}

#[test]
fn an_evenly_filled_square_has_no_segments_however_stable_its_quarters() {
    let points = even(2_000, 2, 5);
    let choice = choose(&quick(4).build().unwrap(), &points);
    assert_eq!(choice.recommended(), None, "{choice}");
    // The quarters are stable and predict each other: that alone would have recommended them.
    let quarters = of(&choice, 4);
    assert!(quarters.least_jaccard().unwrap() > 0.85 && quarters.prediction_strength().unwrap().mean > 0.7);
    for of in choice.candidates() {
        assert!(of.gap().unwrap().value.abs() < 0.05, "{choice}");
        assert!(of.rejections().iter().any(|why| matches!(why, Rejection::NotDistinct { .. })), "{choice}");
    }
    assert_eq!(choice.favourite(Measure::Gap), Some(1));
    let verdict = choice.verdict();
    assert!(verdict.starts_with("these customers do not fall into segments by these features"), "{verdict}");
    // Where they have to be parted, there is a way that can be reproduced, and a word of warning.
    let parts = choice.reproducible().unwrap();
    assert!(verdict.ends_with(&format!("{parts} parts can be reproduced")), "{verdict}");
    assert!(choice.warnings().iter().any(|why| matches!(why, ChoiceWarning::OneCloud { .. })), "{choice}");
    assert!(choice.to_string().contains("beware: the segments are parts of one cloud"), "{choice}");
}

#[test]
fn a_normal_cloud_has_no_segments() {
    let choice = choose(&quick(4).build().unwrap(), &normal(1_200, 3, 9));
    assert_eq!(choice.recommended(), None, "{choice}");
    assert!(choice.candidates().iter().all(|of| of.rejections().iter().any(Rejection::is_about_structure)));
}

#[test]
fn the_comparison_cloud_has_the_axes_of_the_customers() {
    // A strip five times as long as wide, turned by thirty degrees: a box along the features would find structure in it.
    let strip = even(2_000, 2, 8).mapv(|x| x - 0.5);
    let (sine, cosine) = (0.5, 0.75_f64.sqrt());
    let turned = Array2::from_shape_fn((2_000, 2), |(row, feature)| {
        let (x, y) = (5.0 * strip[[row, 0]], strip[[row, 1]]);
        if feature == 0 { cosine * x - sine * y } else { sine * x + cosine * y }
    });
    let choice = choose(&quick(4).build().unwrap(), &turned);
    for of in choice.candidates() {
        assert!(of.gap().unwrap().value.abs() < 0.05, "{choice}");
    }
}

#[test]
fn one_feature_that_decides_alone_is_told_of() {
    let mut points = normal(1_000, 3, 4);
    for (row, mut point) in points.axis_iter_mut(Axis(0)).enumerate() {
        point[1] += if row % 2 == 0 { 12.0 } else { 0.0 };
    }
    let choice = choose(&quick(3).build().unwrap(), &points);
    assert_eq!(choice.recommended(), Some(2), "{choice}");
    let [ChoiceWarning::OneFeatureDecides { feature, between_share, alone }] = choice.warnings() else {
        panic!("{:?}", choice.warnings())
    };
    assert_eq!(feature, "orders");
    assert!(*between_share > 0.99 && *alone > 0.99, "{choice}");
    let roles = of(&choice, 2).features();
    assert!(roles[1].silhouette_lost.unwrap() > 0.5 && roles[1].explained.unwrap() > 0.95, "{roles:?}");
    // The others only blur.
    assert!(roles[0].silhouette_lost.unwrap() < 0.0 && roles[0].alone < 0.1, "{roles:?}");
    assert!(choice.to_string().contains("beware: `orders` decides nearly alone"), "{choice}");

    // Where each of two features alone would do, none decides alone.
    let both = around(&[[0.0, 0.0], [12.0, 12.0]], &[1, 1], 1_000, 6);
    let choice = choose(&quick(3).build().unwrap(), &both);
    assert_eq!(choice.recommended(), Some(2));
    assert!(of(&choice, 2).features().iter().all(|role| role.alone > 0.95), "{choice}");
    assert!(choice.warnings().is_empty(), "{choice}");
}

#[test]
fn segments_too_broad_to_differ_are_told_of() {
    // A little of everything in each of many features: customers differ, but nowhere much.
    let mut points = normal(1_000, 25, 2);
    for mut point in points.axis_iter_mut(Axis(0)) {
        let common = 0.3 * point[24];
        point.iter_mut().for_each(|x| *x += common);
    }
    let choice = choose(&quick(3).build().unwrap(), &points.select(Axis(1), &(0..24).collect::<Vec<_>>()));
    let warnings = of(&choice, 2).warnings();
    assert!(
        warnings
            .iter()
            .any(|why| matches!(why, ChoiceWarning::Overlapping { silhouette } if *silhouette < 0.25))
    );
    let alike = warnings.iter().find_map(|why| match why {
        ChoiceWarning::AlikeProfiles { explained, .. } => Some(*explained),
        _ => None,
    });
    let explained = of(&choice, 2).features().iter().filter_map(|role| role.explained);
    assert_eq!(alike, explained.max_by(f64::total_cmp), "{warnings:?}");
    assert!(alike.unwrap() < 0.14);
    let said = warnings.iter().map(ToString::to_string).collect::<String>();
    assert!(said.contains("Kaufman & Rousseeuw 1990") && said.contains("Cohen 1988"), "{said}");
}

#[test]
fn a_tiny_cluster_is_rejected_by_name_and_number() {
    // Of a hundred customers one belongs to a group far away.
    let points = around(&[[0.0, 0.0], [9.0, 0.0], [60.0, 60.0]], &[50, 49, 1], 3_000, 3);
    let choice = choose(&quick(4).build().unwrap(), &points);
    let rejections = of(&choice, 3).rejections();
    let share = Rejection::TooSmallShare { cluster: 2, share: 0.01, least: 0.03 };
    let count = Rejection::TooFewCustomers { cluster: 2, customers: 30, least: 100 };
    assert_eq!(rejections, [share, count], "{choice}");
    assert_eq!(rejections[0].to_string(), "cluster 2 has 1.0 % of the customers, less than 3.0 %");
    assert_eq!(rejections[1].to_string(), "cluster 2 has 30 customers, fewer than 100");
    // Its customers allowed, nothing speaks against the three but that two are even farther apart.
    let choice = choose(&quick(4).min_share(0.01).min_customers(30).build().unwrap(), &points);
    assert!(of(&choice, 3).passes() && choice.recommended() == Some(2), "{choice}");
}

#[test]
fn conditions_that_nothing_meets_are_not_blamed_on_the_customers() {
    let points = around(&THREE, &[1, 1, 1], 1_500, 3);
    let choice = choose(&quick(3).min_share(0.4).build().unwrap(), &points);
    assert_eq!(choice.recommended(), None);
    assert!(choice.verdict().starts_with("no number of segments meets the conditions"), "{choice}");
}

#[test]
fn a_smaller_number_that_separates_as_well_is_enough() {
    // Two pairs of groups: whether two or four, the simplified silhouettes are high.
    let four = [[0.0, 0.0], [6.0, 0.0], [100.0, 0.0], [106.0, 0.0]];
    let choice = choose(&quick(4).build().unwrap(), &around(&four, &[1, 1, 1, 1], 1_000, 3));
    let [two, four] = [of(&choice, 2), of(&choice, 4)].map(|of| of.simplified_silhouette().unwrap());
    assert!(two > four, "{choice}");
    assert_eq!(choice.recommended(), Some(2), "{choice}");
    let why = of(&choice, 4).rejections();
    assert!(matches!(why, [Rejection::LessSeparated { best: 2, .. }]), "{choice}");
    assert!(of(&choice, 4).passes() && why[0].is_by_comparison());
}

#[test]
fn what_features_explain_is_what_plain_loops_find() {
    let points = around(&THREE, &[3, 2, 1], 1_200, 12);
    let choice = choose(&quick(4).build().unwrap(), &points);
    for of in choice.candidates() {
        let labels = of.fit().labels();
        let mut between = [0.0; 2];
        let mut whole = [0.0; 2];
        for feature in 0..2 {
            let column = points.column(feature);
            let mean = column.mean().unwrap();
            whole[feature] = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
            for cluster in 0..of.clusters() {
                let of_cluster = || {
                    let rows = column.iter().zip(labels);
                    rows.filter(|(_, label)| **label as usize == cluster).map(|(x, _)| *x)
                };
                let size = of_cluster().count() as f64;
                between[feature] += size * (of_cluster().sum::<f64>() / size - mean).powi(2);
            }
        }
        for (feature, role) in of.features().iter().enumerate() {
            assert!((role.explained.unwrap() - between[feature] / whole[feature]).abs() < 1e-12);
            let share = between[feature] / (between[0] + between[1]);
            assert!((role.between_share.unwrap() - share).abs() < 1e-12);
            // All customers are looked at here, so the silhouettes are those of all.
            let other = points.column(1 - feature).insert_axis(Axis(1)).to_owned();
            let silhouette = |points: &Array2<f64>| {
                let segmented = SegmentedPoints::of_labels(points.view(), labels).unwrap();
                segmented.simplified_silhouette().overall().unwrap()
            };
            let lost = silhouette(&points) - silhouette(&other);
            assert!((role.silhouette_lost.unwrap() - lost).abs() < 1e-12);
            let alone = points.column(feature).insert_axis(Axis(1)).to_owned();
            let fit = KMeans::builder(of.clusters()).build().unwrap().fit_matrix(alone.view(), None).unwrap();
            let agreement = Agreement::of_labels(fit.labels(), labels).unwrap().adjusted_rand();
            assert!((role.alone - agreement).abs() < 0.1, "{} {agreement}", role.alone);
        }
    }
}

#[test]
fn inertia_never_rises_with_the_number() {
    let points = normal(1_000, 4, 21);
    let choice =
        choose(&quick(14).restarts(1).bootstraps(2).splits(2).references(2).build().unwrap(), &points);
    let inertias: Vec<f64> = choice.candidates().iter().map(Candidate::inertia).collect();
    assert_eq!(inertias.len(), 13);
    assert!(inertias.is_sorted_by(|fewer, more| more <= fewer), "{inertias:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the points: few of them, equal ones, constant features.
    #[test]
    fn laws_of_every_choice(
        rows in prop::collection::vec(prop::array::uniform2(-3_i8..4), 1..40),
        scale in prop::sample::select(vec![1e-8, 1.0, 1e8]),
        seed in 0_u64..3,
    ) {
        let points = Array2::from_shape_fn((rows.len(), 2), |(row, feature)| f64::from(rows[row][feature]) * scale);
        let config = ChooseClusters::builder(2..=6).min_customers(1).min_share(0.0).max_segments(6)
            .bootstraps(2).splits(2).references(2).restarts(1).seed(seed).build().unwrap();
        let choice = choose(&config, &points);
        let mut last = f64::INFINITY;
        for of in choice.candidates() {
            prop_assert!(of.inertia() <= last * (1.0 + 1e-12));
            last = of.inertia();
            prop_assert_eq!(of.fit().labels().len(), rows.len());
            prop_assert_eq!(of.stability().iter().map(|cluster| cluster.customers).sum::<u64>(), rows.len() as u64);
            let share: f64 = of.stability().iter().map(|cluster| cluster.share).sum();
            prop_assert!((share - 1.0).abs() < 1e-12);
            prop_assert!(of.stability().iter().all(|c| c.jaccard.is_none_or(|j| j > 0.0 && j <= 1.0)));
            prop_assert!(of.prediction_strength().is_none_or(|s| (0.0..=1.0).contains(&s.mean)));
            prop_assert_eq!(of.rejections().is_empty(), choice.recommended() == Some(of.clusters()));
            let explained = of.features().iter().filter_map(|role| role.explained);
            prop_assert!(explained.into_iter().all(|share| (0.0..=1.0).contains(&share)));
            let fewer = of.fit().clusters() < of.clusters();
            let told = of.rejections().iter().any(|why| matches!(why, Rejection::TooFewDistinct { .. }));
            prop_assert_eq!(fewer, told);
        }
        prop_assert!(bits(&choice).iter().all(|bits| !f64::from_bits(*bits).is_nan()));
        prop_assert!(!choice.to_string().contains("NaN"));
        prop_assert_eq!(bits(&choice), bits(&choose(&config, &points)));
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    // More than starts are tried on, and a ragged tail of chunks.
    let points = around(&THREE, &[2, 1, 1], 140_003, 17);
    let config = ChooseClusters::builder(2..=3)
        .bootstraps(9)
        .splits(2)
        .references(2)
        .restarts(1)
        .sample(1_500)
        .silhouette_sample(300)
        .build()
        .unwrap();
    let alone = on_threads(1, || choose(&config, &points));
    assert_eq!(alone.recommended(), Some(3), "{alone}");
    for threads in [2, 3, 8] {
        assert!(bits(&on_threads(threads, || choose(&config, &points))) == bits(&alone), "{threads} threads");
    }
    // Other random numbers, the same answer.
    let other =
        ChooseClusters::builder(2..=3).bootstraps(2).splits(2).references(2).restarts(1).sample(1_500);
    let other = choose(&other.silhouette_sample(300).seed(99).build().unwrap(), &points);
    assert_eq!(other.recommended(), Some(3));
    assert_eq!(other.fit(3).unwrap().labels(), alone.fit(3).unwrap().labels());
    assert_ne!(bits(&other), bits(&alone));
}

#[test]
fn weights_count_in_fits_and_shares() {
    let points = around(&THREE, &[1, 1, 1], 900, 3);
    let config = quick(3).build().unwrap();
    let with = |weights: &[f64]| config.choose_matrix(points.view(), Some(weights), &names(2)).unwrap();
    let plain = choose(&config, &points);
    assert_eq!(bits(&with(&[1.0; 900])), bits(&plain));
    // A common factor of a power of two leaves everything but the inertia as it is.
    let weights: Vec<f64> = (0..900).map(|row| f64::from(1 + row % 3)).collect();
    let doubled: Vec<f64> = weights.iter().map(|weight| 4.0 * weight).collect();
    let (once, four_times) = (with(&weights), with(&doubled));
    for (once, four_times) in once.candidates().iter().zip(four_times.candidates()) {
        assert_eq!((4.0 * once.inertia()).to_bits(), four_times.inertia().to_bits());
        assert_eq!(once.fit().labels(), four_times.fit().labels());
        assert_eq!(once.gap(), four_times.gap());
        assert_eq!(once.stability(), four_times.stability());
    }
    // Groups alternate by row, so of the weights 1, 2 and 3 each has one.
    let shares: Vec<f64> = of(&once, 3).stability().iter().map(|cluster| cluster.share).collect();
    let expected = [1.0 / 2.0, 1.0 / 3.0, 1.0 / 6.0];
    assert!(
        shares.iter().zip(expected).all(|(share, expected)| (share - expected).abs() < 0.01),
        "{shares:?}"
    );
    let heavy = quick(3).min_share(0.2).build().unwrap();
    let choice = heavy.choose_matrix(points.view(), Some(&weights), &names(2)).unwrap();
    assert!(matches!(of(&choice, 3).rejections(), [Rejection::TooSmallShare { cluster: 2, .. }]), "{choice}");
}

#[test]
fn customers_of_weight_zero_get_a_label_and_count_nowhere() {
    let points = around(&THREE, &[1, 1, 1], 900, 3);
    let config = quick(3).build().unwrap();
    let plain = choose(&config, &points);
    let mut more = points.clone();
    more.append(Axis(0), array![[8.1, 0.2], [1e6, -1e6], [4.0, 7.0]].view()).unwrap();
    let weights: Vec<f64> = (0..903).map(|row| if row < 900 { 1.0 } else { 0.0 }).collect();
    let choice = config.choose_matrix(more.view(), Some(&weights), &names(2)).unwrap();
    assert_eq!((choice.customers(), choice.left_out()), (900, 3));
    assert_eq!(choice.recommended(), Some(3));
    for (with, without) in choice.candidates().iter().zip(plain.candidates()) {
        assert_eq!(with.inertia().to_bits(), without.inertia().to_bits());
        assert_eq!(with.stability(), without.stability());
        assert_eq!(with.fit().labels()[..900], *without.fit().labels());
        assert_eq!(with.fit().labels()[900..], with.fit().predict(more.view()).unwrap()[900..]);
        assert_eq!(with.fit().sizes().iter().sum::<u64>(), 903);
    }
}

#[test]
fn little_to_choose_from_is_said_and_no_error() {
    let config = quick(3).min_customers(1).min_share(0.0).build().unwrap();
    for n in [1, 2, 3] {
        let equal = choose(&config, &Array2::from_elem((n, 2), 5.0));
        assert_eq!(equal.recommended(), None);
        for of in equal.candidates() {
            assert!(of.rejections().contains(&Rejection::TooFewDistinct { distinct: 1 }), "{equal}");
            assert!(of.simplified_silhouette().is_none() && of.gap().is_none());
        }
        assert!(equal.verdict().contains("k = 1"), "{equal}");
    }
    let one = choose(&config, &Array2::from_elem((1, 1), 5.0));
    assert!(one.candidates().iter().all(|of| of.prediction_strength().is_none()));
    // Two places exactly: nothing is left within, and there is no gap to speak of.
    let places = Array2::from_shape_fn((400, 1), |(row, _)| (row % 2) as f64);
    let choice = choose(&config, &places);
    assert_eq!(choice.recommended(), Some(2), "{choice}");
    assert!(of(&choice, 2).gap().is_none() && of(&choice, 2).features()[0].silhouette_lost.is_none());
}

#[test]
fn bad_input_is_a_typed_error() {
    let config = quick(3).build().unwrap();
    let points = array![[0.0, 1.0], [2.0, 3.0], [4.0, f64::NAN]];
    let named = |names: &[&str]| config.choose_matrix(points.view(), None, names).unwrap_err();
    assert!(matches!(named(&["a"]), Error::ColumnLength { found: 1, expected: 2, .. }));
    assert!(matches!(named(&["a", "b"]), Error::Coordinate { row: 2, feature: 1, .. }));
    let sound = array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]];
    let weighted =
        |weights: &[f64]| config.choose_matrix(sound.view(), Some(weights), &["a", "b"]).unwrap_err();
    assert!(matches!(weighted(&[1.0]), Error::ColumnLength { found: 1, expected: 3, .. }));
    assert!(matches!(weighted(&[1.0, -1.0, 0.0]), Error::Setting { setting: "weights", .. }));
    assert!(matches!(weighted(&[0.0; 3]), Error::Setting { setting: "weights", .. }));
    let empty = |shape: (usize, usize)| {
        config.choose_matrix(Array2::zeros(shape).view(), None, &names(shape.1)).unwrap_err()
    };
    assert!(matches!(empty((0, 2)), Error::Empty { .. }));
    assert!(matches!(empty((2, 0)), Error::Empty { .. }));
    // A row that cannot be used is told by its number, also where it does not count.
    let error = config.choose_matrix(points.view(), Some(&[1.0, 1.0, 0.0]), &["a", "b"]).unwrap_err();
    assert!(matches!(error, Error::Coordinate { row: 2, .. }));
}

#[test]
fn settings_out_of_range_are_refused() {
    let builder = || ChooseClusters::builder(2..=4);
    let reversed = ChooseClusters::builder(std::ops::RangeInclusive::new(4, 3));
    for (setting, refused) in [
        ("clusters", ChooseClusters::builder(1..=4)),
        ("clusters", ChooseClusters::builder(2..=257)),
        ("clusters", reversed),
        ("max_segments", builder().max_segments(1)),
        ("min_share", builder().min_share(0.51)),
        ("min_share", builder().min_share(f64::NAN)),
        ("min_jaccard", builder().min_jaccard(-0.1)),
        ("min_jaccard", builder().min_jaccard(f64::NAN)),
        ("bootstraps", builder().bootstraps(1)),
        ("splits", builder().splits(0)),
        ("references", builder().references(1)),
        ("restarts", builder().restarts(0)),
        ("max_iterations", builder().max_iterations(0)),
        ("sample", builder().sample(99)),
        ("silhouette_sample", builder().silhouette_sample(0)),
    ] {
        let error = refused.build().unwrap_err();
        assert!(
            matches!(error, Error::Setting { setting: found, .. } if found == setting),
            "{setting}: {error}"
        );
    }
    assert_eq!(builder().build().unwrap().clusters(), 2..=4);
}

#[test]
fn progress_is_told_and_breaking_stops() {
    let points = around(&THREE, &[1, 1, 1], 600, 3);
    let config = quick(4).bootstraps(20).build().unwrap();
    let mut told = Vec::new();
    let choice = config.choose_matrix_with(points.view(), None, &names(2), &mut |progress| {
        told.push(progress);
        ControlFlow::Continue(())
    });
    assert_eq!(bits(&choice.unwrap()), bits(&choose(&config, &points)));
    assert!(told.is_sorted_by_key(|progress| (progress.stage, progress.done)));
    assert!(told.iter().all(|progress| progress.done < progress.of));
    let stages = [
        ChoiceStage::Fits,
        ChoiceStage::Quality,
        ChoiceStage::Bootstraps,
        ChoiceStage::Splits,
        ChoiceStage::References,
    ];
    for stage in stages {
        assert!(told.iter().any(|progress| progress.stage == stage && progress.done == 0), "{stage:?}");
        let cancelled = config.choose_matrix_with(points.view(), None, &names(2), &mut |progress| {
            if progress.stage == stage { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(cancelled.unwrap_err(), Error::Cancelled { .. }), "{stage:?}");
    }
    let bootstraps = told.iter().filter(|progress| progress.stage == ChoiceStage::Bootstraps);
    assert_eq!(bootstraps.map(|progress| progress.done).collect::<Vec<_>>(), [0, 8, 16]);
}
