//! The quality of segmentations: against figures of others, against plain loops, and where there is little to measure.

mod agreement;
pub(crate) mod iris;
mod slow;

use approx::assert_relative_eq;
use kohort::features::{Column, FeatureTable, Values};
use kohort::segment::quality::{SegmentedPoints, Separation, Silhouette, SilhouetteMethod};
use kohort::transaction::CustomerIds;
use kohort::{Error, Segmentation};
use ndarray::{Array2, Axis, array};
use proptest::prelude::*;

use Separation::{Absent, Reasonable, Strong, Weak};
use slow::{Slow, lloyd};

/// Points around one centre a label, the same on every run.
fn blobs(rows: usize, features: usize, segments: u32) -> (Array2<f64>, Vec<u32>) {
    let mut state = 7_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let labels: Vec<u32> = (0..rows).map(|_| (draw() * draw() * f64::from(segments)) as u32).collect();
    let points = Array2::from_shape_fn((rows, features), |(row, feature)| {
        f64::from(labels[row] * 7 % (3 + feature as u32)) + draw() + draw()
    });
    (points, labels)
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn iris_gives_the_figures_of_scikit_learn() {
    let points = iris::points();
    // Inertia, silhouette, Calinski–Harabasz, Davies–Bouldin and simplified silhouette of scikit-learn's k-means.
    let table: [(&[usize], [f64; 5]); 4] = [
        (&[95, 120], [152.347_952, 0.681_046, 513.924_546, 0.404_293, 0.769_704]),
        (&[80, 105, 140], [78.851_441, 0.552_819, 561.627_757, 0.661_972, 0.666_386]),
        (&[35, 70, 90, 145], [57.228_473, 0.498_051, 530.765_808, 0.780_307, 0.620_738]),
        (&[45, 80, 90, 120, 140], [46.446_182, 0.488_749, 495.541_488, 0.805_966, 0.614_376]),
    ];
    for (seeds, expected) in table {
        let labels = lloyd(&points, seeds);
        let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
        let found = [
            Slow::new(&points, &labels).within(),
            segmented.silhouette().overall().unwrap(),
            segmented.calinski_harabasz().unwrap(),
            segmented.davies_bouldin().unwrap(),
            segmented.simplified_silhouette().overall().unwrap(),
        ];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected} with k = {}", seeds.len());
        }
    }
}

/// Everything that a silhouette says, against the values of each customer.
fn assert_says(found: &Silhouette, slow: &Slow, widths: &[f64]) {
    let mean = |widths: &[f64]| widths.iter().sum::<f64>() / widths.len() as f64;
    let below =
        |widths: &[f64]| widths.iter().filter(|width| **width < -1e-9).count() as f64 / widths.len() as f64;
    let near = |widths: &[f64]| widths.iter().any(|width| *width != 0.0 && width.abs() < 1e-9);
    assert_relative_eq!(found.overall().unwrap(), mean(widths), epsilon = 1e-9);
    if !near(widths) {
        assert_relative_eq!(found.below_zero().unwrap(), below(widths), epsilon = 1e-12);
    }
    assert_eq!(
        (found.customers(), found.measured(), found.unassigned()),
        (widths.len() as u64, widths.len() as u64, 0)
    );
    assert_eq!(found.segments().len() as u32, slow.labels.iter().max().unwrap() + 1);
    for (segment, found) in (0..).zip(found.segments()) {
        let own = widths.iter().zip(&slow.labels).filter(|(_, label)| **label == segment);
        let own: Vec<f64> = own.map(|(width, _)| *width).collect();
        assert_eq!(
            (found.customers, found.segment.as_str()),
            (own.len() as u64, segment.to_string().as_str())
        );
        assert_eq!((found.mean.is_some(), found.below_zero.is_some()), (!own.is_empty(), !own.is_empty()));
        if let Some(found) = found.mean {
            assert_relative_eq!(found, mean(&own), epsilon = 1e-9);
        }
    }
}

proptest! {
    #[test]
    fn measures_are_those_of_plain_loops(
        rows in prop::collection::vec((prop::collection::vec(-3.0..3.0_f64, 3), 0_u32..6), 8..90),
        features in 1_usize..4,
    ) {
        let labels: Vec<u32> = rows.iter().map(|row| row.1).collect();
        let points = Array2::from_shape_fn((rows.len(), features), |(row, feature)| rows[row].0[feature]);
        let slow = Slow::new(&points, &labels);
        let (segments, segmented) = (slow.segments().len(), SegmentedPoints::of_labels(points.view(), &labels).unwrap());
        prop_assume!((2..labels.len()).contains(&segments));
        assert_says(&segmented.silhouette(), &slow, &slow.silhouettes());
        assert_says(&segmented.simplified_silhouette(), &slow, &slow.simplified());
        let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() <= 1e-8 * expected.abs();
        prop_assert!(close(segmented.calinski_harabasz(), slow.calinski_harabasz()));
        prop_assert!(close(segmented.davies_bouldin(), slow.davies_bouldin()));
        // Other numbers for the segments, some left out.
        let renamed: Vec<u32> = labels.iter().map(|label| [40, 3, 0, 17, 8, 5][*label as usize]).collect();
        let other = SegmentedPoints::of_labels(points.view(), &renamed).unwrap();
        let near = |one: Option<f64>, other: Option<f64>| (one.unwrap() - other.unwrap()).abs() < 1e-12 * one.unwrap().abs().max(1.0);
        prop_assert!(near(segmented.silhouette().overall(), other.silhouette().overall()));
        prop_assert!(near(segmented.simplified_silhouette().overall(), other.simplified_silhouette().overall()));
        prop_assert!(near(segmented.calinski_harabasz(), other.calinski_harabasz()));
        prop_assert!(near(segmented.davies_bouldin(), other.davies_bouldin()));
    }
}

#[test]
fn hundreds_of_segments_are_measured_as_few_are() {
    let (points, _) = blobs(300, 2, 1);
    let labels: Vec<u32> = (0..300).map(|row| row * 7_919 % 97).collect();
    let slow = Slow::new(&points, &labels);
    let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
    assert_says(&segmented.silhouette(), &slow, &slow.silhouettes());
    assert_says(&segmented.simplified_silhouette(), &slow, &slow.simplified());
    assert_relative_eq!(
        segmented.calinski_harabasz().unwrap(),
        slow.calinski_harabasz(),
        max_relative = 1e-10
    );
    assert_relative_eq!(segmented.davies_bouldin().unwrap(), slow.davies_bouldin(), max_relative = 1e-10);
}

/// All figures, to be compared to the bit.
fn figures(points: &Array2<f64>, labels: &[u32]) -> Vec<Option<f64>> {
    let segmented = SegmentedPoints::of_labels(points.view(), labels).unwrap();
    let sampled = segmented.sampled_silhouette(700, 3).unwrap();
    let simplified = segmented.simplified_silhouette();
    let mut figures =
        vec![segmented.calinski_harabasz(), segmented.davies_bouldin(), sampled.standard_error()];
    for silhouette in [sampled, simplified] {
        figures.extend([silhouette.overall(), silhouette.below_zero()]);
        figures.extend(silhouette.segments().iter().flat_map(|s| [s.mean, s.standard_error, s.below_zero]));
    }
    figures
}

fn bits(figures: &[Option<f64>]) -> Vec<Option<u64>> {
    figures.iter().map(|figure| figure.map(f64::to_bits)).collect()
}

#[test]
fn figures_are_the_same_to_the_bit_for_any_number_of_threads() {
    // Eleven chunks and a ragged tail; the exact silhouette's pieces are much shorter.
    let (points, labels) = blobs(11 * 16_384 + 123, 3, 6);
    let (few, few_labels) = (points.view().split_at(Axis(0), 4_100).0.to_owned(), &labels[..4_100]);
    let many: Vec<u32> = (0..700).map(|row| row % 90).collect();
    let some = points.view().split_at(Axis(0), 700).0.to_owned();
    let work = || {
        let exact = SegmentedPoints::of_labels(few.view(), few_labels).unwrap().silhouette();
        let other = SegmentedPoints::of_labels(some.view(), &many).unwrap().silhouette();
        let means = exact.segments().iter().chain(other.segments()).map(|segment| segment.mean);
        [figures(&points, &labels), means.chain([exact.overall(), other.overall()]).collect()].concat()
    };
    let alone = on_threads(1, work);
    assert!(alone.iter().flatten().all(|figure| figure.is_finite()));
    for threads in [2, 3, 8] {
        assert_eq!(bits(&on_threads(threads, work)), bits(&alone), "{threads} threads");
    }
}

#[test]
fn another_order_of_rows_changes_the_last_digits_only() {
    let (points, labels) = blobs(2_000, 2, 4);
    let order: Vec<usize> = (0..2_000).map(|row| row * 1_237 % 2_000).collect();
    let shuffled = points.select(Axis(0), &order);
    let other: Vec<u32> = order.iter().map(|row| labels[*row]).collect();
    let (one, other) = (
        SegmentedPoints::of_labels(points.view(), &labels).unwrap(),
        SegmentedPoints::of_labels(shuffled.view(), &other).unwrap(),
    );
    let all = |points: &SegmentedPoints<'_>| {
        let silhouette = points.silhouette();
        let mut all: Vec<f64> = silhouette.segments().iter().map(|segment| segment.mean.unwrap()).collect();
        all.extend([silhouette.overall().unwrap(), points.simplified_silhouette().overall().unwrap()]);
        all.extend([points.calinski_harabasz().unwrap(), points.davies_bouldin().unwrap()]);
        all
    };
    for (one, other) in all(&one).into_iter().zip(all(&other)) {
        assert_relative_eq!(one, other, max_relative = 1e-12);
    }
}

#[test]
fn a_matrix_that_lies_column_by_column_gives_the_same_bits() {
    let (points, labels) = blobs(500, 3, 4);
    let columns = points.t().as_standard_layout().into_owned();
    let other = SegmentedPoints::of_labels(columns.t(), &labels).unwrap();
    let one = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
    assert_eq!(one.silhouette(), other.silhouette());
    assert_eq!(one.calinski_harabasz(), other.calinski_harabasz());
}

#[test]
fn a_sample_of_everyone_is_exact() {
    let (points, labels) = blobs(900, 2, 4);
    let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
    let (exact, sampled) = (segmented.silhouette(), segmented.sampled_silhouette(900, 1).unwrap());
    assert_eq!((exact.overall(), exact.below_zero()), (sampled.overall(), sampled.below_zero()));
    assert_eq!((exact.standard_error(), sampled.standard_error()), (None, Some(0.0)));
    assert_eq!((exact.method(), sampled.method()), (SilhouetteMethod::Exact, SilhouetteMethod::Sampled));
    for (exact, sampled) in exact.segments().iter().zip(sampled.segments()) {
        assert_eq!((exact.mean, Some(0.0)), (sampled.mean, sampled.standard_error));
    }
}

#[test]
fn a_samples_standard_error_is_what_estimates_vary_by() {
    let (points, labels) = blobs(3_000, 2, 5);
    let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
    let exact = segmented.silhouette();
    let samples: Vec<Silhouette> =
        (0..200).map(|seed| segmented.sampled_silhouette(150, seed).unwrap()).collect();
    assert!(samples.iter().all(|sample| (150..250).contains(&sample.measured())));
    assert_ne!(samples[0].overall(), samples[1].overall());
    let check = |truth: f64, found: Vec<(f64, f64)>| {
        let n = found.len() as f64;
        let mean = found.iter().map(|(estimate, _)| estimate).sum::<f64>() / n;
        let deviation =
            (found.iter().map(|(estimate, _)| (estimate - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let error = (found.iter().map(|(_, error)| error * error).sum::<f64>() / n).sqrt();
        // A standard deviation of 200 draws is known to 5 %: three of these, and a little for the linearisation.
        assert!((0.8..1.25).contains(&(error / deviation)), "{error} for {deviation}");
        // The nearest of noisy means is a little too near, so estimates are a little low: less than they vary by.
        assert!((mean - truth).abs() < deviation, "{mean} for {truth}");
    };
    let of = |sample: &Silhouette| (sample.overall().unwrap(), sample.standard_error().unwrap());
    check(exact.overall().unwrap(), samples.iter().map(of).collect());
    for (position, segment) in exact.segments().iter().enumerate() {
        let of = |sample: &Silhouette| {
            let segment = &sample.segments()[position];
            (segment.mean.unwrap(), segment.standard_error.unwrap())
        };
        check(segment.mean.unwrap(), samples.iter().map(of).collect());
    }
}

#[test]
fn given_centres_stand_for_the_means() {
    let (points, labels) = blobs(300, 2, 3);
    let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
    let means: Vec<f64> = (0..3).flat_map(|segment| segmented.centre(segment).unwrap().to_vec()).collect();
    let mut centres = Array2::from_shape_vec((3, 2), means).unwrap();
    assert_eq!(
        segmented.simplified_silhouette_around(centres.view()).unwrap(),
        segmented.simplified_silhouette()
    );
    // A centre amid a segment takes its customers, though nobody is in its own.
    let first = centres.row(0).to_owned();
    centres.push_row(first.view()).unwrap();
    let crowded = segmented.simplified_silhouette_around(centres.view()).unwrap();
    assert_eq!(crowded.segments()[0].mean, Some(0.0));
    let error =
        segmented.simplified_silhouette_around(centres.slice_axis(Axis(0), (..2).into())).unwrap_err();
    assert!(matches!(error, Error::Incompatible { what: "the shape of the centres", .. }), "{error}");
    let error = segmented.simplified_silhouette_around(array![[1.0], [2.0], [3.0]].view()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot combine: the shape of the centres is 3 by 1 on one side and 3 segments by 2 features on the other"
    );
    centres[(1, 1)] = f64::NAN;
    let error = segmented.simplified_silhouette_around(centres.view()).unwrap_err();
    assert!(matches!(error, Error::Coordinate { row: 1, feature: 1, .. }), "{error}");
}

#[test]
fn a_segmentation_leaves_out_and_counts_who_has_no_segment() {
    let column = Column::new(Values::U32(vec![1; 7]));
    let table = FeatureTable::from_columns(CustomerIds::rows(7), [("orders", column)]).unwrap();
    let segments = ["loyal", "nobody", "new"].map(str::to_owned).to_vec();
    let rows = [Some(0), None, Some(2), Some(0), Some(2), Some(2), None];
    let segmentation = Segmentation::new(&table, segments, &rows).unwrap();
    // Who has no segment may have no coordinates either.
    let nan = f64::NAN;
    let points =
        array![[0.0, 1.0], [nan, 0.0], [8.0, 9.0], [0.5, 1.5], [8.0, 8.0], [9.0, 9.0], [f64::INFINITY, nan]];
    let segmented = SegmentedPoints::of(points.view(), &segmentation).unwrap();
    assert_eq!((segmented.customers(), segmented.unassigned(), segmented.sizes()), (5, 2, &[2, 0, 3][..]));
    assert_eq!((segmented.centre(1), segmented.centre(0)), (None, Some(&[0.25, 1.25][..])));
    let kept = points.select(Axis(0), &[0, 2, 3, 4, 5]);
    let labels = [0, 2, 0, 2, 2];
    let plain = SegmentedPoints::of_labels(kept.view(), &labels).unwrap();
    let (found, expected) = (segmented.silhouette(), plain.silhouette());
    assert_eq!((found.overall(), found.unassigned(), expected.unassigned()), (expected.overall(), 2, 0));
    let names: Vec<&str> = found.segments().iter().map(|segment| segment.segment.as_str()).collect();
    assert_eq!(names, ["loyal", "nobody", "new"]);
    assert_eq!(segmented.davies_bouldin(), plain.davies_bouldin());
    let text = "\
silhouette 0.912: a strong structure
  segment  customers  silhouette  nearer to another
  ───────  ─────────  ──────────  ─────────────────
  loyal            2       0.936              0.0 %
  nobody           0           –                  –
  new              3       0.896              0.0 %
  ───────  ─────────  ──────────  ─────────────────
  all              5       0.912              0.0 %
  (none)           2
  1: well inside its segment; 0: between two segments; below 0: nearer to another segment
";
    assert_eq!(found.to_string(), text);
    // The row is the segmentation's, not that of those who are left.
    let broken =
        SegmentedPoints::of(array![[0.0], [nan], [1.0], [nan], [1.0], [1.0], [1.0]].view(), &segmentation)
            .unwrap_err()
            .to_string();
    assert!(broken.starts_with("row 3 has NaN as its feature 0 (both counted from 0)"), "{broken}");
    let nobody = Segmentation::new(&table, vec!["a".into()], &[None; 7]).unwrap();
    let error = SegmentedPoints::of(points.view(), &nobody).unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
    let error = SegmentedPoints::of(kept.view(), &segmentation).unwrap_err();
    assert!(matches!(error, Error::ColumnLength { found: 7, expected: 5, .. }), "{error}");
}

#[test]
fn samples_and_simplified_silhouettes_print_what_they_are() {
    let (points, labels) = blobs(5_000, 2, 2);
    let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
    let sampled = segmented.sampled_silhouette(1_000, 5).unwrap().to_string();
    let head = sampled.lines().next().unwrap();
    assert!(
        head.contains(" ± 0.0") && head.contains("(standard error; 1,000 of 5,000 customers measured)"),
        "{sampled}"
    );
    assert!(sampled.contains("silhouette  standard error  nearer to another"), "{sampled}");
    let simplified = segmented.simplified_silhouette();
    assert!(simplified.to_string().starts_with("simplified silhouette 0."), "{simplified}");
    assert_eq!((simplified.separation(), simplified.standard_error()), (None, None));
}

#[test]
fn separation_follows_the_rule_of_thumb() {
    // Two pairs, all of whose silhouettes are 1 − 1 / b for the mean b of the two distances between the pairs.
    let of = |apart: f64| {
        let points = array![[0.0, 0.0], [0.0, 1.0], [apart, 0.0], [apart, 1.0]];
        SegmentedPoints::of_labels(points.view(), &[0, 0, 1, 1]).unwrap().silhouette()
    };
    let found = [0.5, 1.1, 1.2, 1.8, 1.95, 3.2, 3.4].map(|apart| of(apart).separation().unwrap());
    assert_eq!(found, [Absent, Absent, Weak, Weak, Reasonable, Reasonable, Strong]);
    assert!(Weak < Strong && Absent < Weak);
}

#[test]
fn where_there_is_little_to_measure_nothing_is_nan() {
    let none = |points: &Array2<f64>, labels: &[u32]| {
        let segmented = SegmentedPoints::of_labels(points.view(), labels).unwrap();
        (segmented.calinski_harabasz(), segmented.davies_bouldin(), segmented.silhouette())
    };
    // A single segment, though it is the number 2.
    let points = array![[1.0], [2.0], [4.0]];
    let (ratio, index, silhouette) = none(&points, &[2, 2, 2]);
    assert_eq!((ratio, index, silhouette.overall(), silhouette.separation()), (None, None, None, None));
    assert_eq!((silhouette.measured(), silhouette.customers(), silhouette.segments().len()), (0, 3, 3));
    assert!(silhouette.to_string().starts_with("silhouette –: fewer than two segments have customers\n"));
    let one = SegmentedPoints::of_labels(points.view(), &[0; 3]).unwrap();
    let sampled = one.sampled_silhouette(2, 0).unwrap();
    assert_eq!((sampled.overall(), sampled.standard_error()), (None, None));
    assert_eq!(one.simplified_silhouette().overall(), None);
    assert_eq!(one.simplified_silhouette_around(array![[0.0], [9.0]].view()).unwrap().overall(), None);
    // Everyone alone.
    let (ratio, index, silhouette) = none(&points, &[0, 1, 2]);
    assert_eq!(
        (ratio, index, silhouette.overall(), silhouette.below_zero()),
        (None, None, Some(0.0), Some(0.0))
    );
    let alone = SegmentedPoints::of_labels(points.view(), &[0, 1, 2]).unwrap();
    assert_eq!(alone.simplified_silhouette().overall(), Some(0.0));
    assert_eq!(alone.sampled_silhouette(1, 0).unwrap().standard_error(), Some(0.0));
    // One alone beside two: (5 − 1) / 5 and (4 − 1) / 4 and 0, over three.
    let points = array![[0.0], [1.0], [5.0]];
    let (ratio, index, silhouette) = none(&points, &[0, 0, 1]);
    assert_relative_eq!(silhouette.overall().unwrap(), (0.8 + 0.75) / 3.0, max_relative = 1e-15);
    assert_eq!(silhouette.segments()[1].mean, Some(0.0));
    assert!(ratio.is_some() && index.is_some());
    // All in the same place.
    let same = Array2::from_elem((4, 2), 0.1);
    let (ratio, index, silhouette) = none(&same, &[0, 1, 0, 1]);
    assert_eq!((ratio, index, silhouette.overall()), (None, None, Some(0.0)));
    let same_points = SegmentedPoints::of_labels(same.view(), &[0, 1, 0, 1]).unwrap();
    assert_eq!(same_points.simplified_silhouette().overall(), Some(0.0));
    // Two segments with the same centre.
    let around = array![[-1.0], [1.0], [-2.0], [2.0]];
    assert_eq!(none(&around, &[0, 0, 1, 1]).1, None);
    // Nobody away from her centre.
    let pairs = array![[0.0], [0.0], [3.0], [3.0]];
    let (ratio, index, silhouette) = none(&pairs, &[0, 0, 1, 1]);
    assert_eq!((ratio, index, silhouette.overall()), (None, Some(0.0), Some(1.0)));
}

#[test]
fn the_largest_and_smallest_numbers_overflow_nothing() {
    for scale in [1e100, 1e-100, 1e-300] {
        let (points, labels) = blobs(300, 2, 3);
        let points = points.mapv(|x| (x / 6.0 - 0.5) * scale);
        let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
        let finite = |found: Option<f64>| found.is_none_or(f64::is_finite);
        assert!(finite(segmented.calinski_harabasz()) && finite(segmented.davies_bouldin()), "{scale}");
        assert!(segmented.silhouette().overall().unwrap().is_finite());
        assert!(segmented.simplified_silhouette().overall().unwrap().is_finite());
        let sampled = segmented.sampled_silhouette(100, 0).unwrap();
        assert!(
            sampled.overall().unwrap().is_finite() && sampled.standard_error().unwrap().is_finite(),
            "{scale}"
        );
    }
}

#[test]
fn a_far_offset_costs_no_digits_that_the_points_have() {
    let (points, labels) = blobs(40_000, 2, 4);
    // Whole sixteenths, so that the offset itself rounds nothing.
    let points = points.mapv(|x| (x * 16.0).round() / 16.0);
    let far = points.mapv(|x| x + 1e8);
    let measures = |points: &Array2<f64>| {
        let segmented = SegmentedPoints::of_labels(points.view(), &labels).unwrap();
        [segmented.calinski_harabasz().unwrap(), segmented.davies_bouldin().unwrap()]
    };
    for (near, far) in measures(&points).into_iter().zip(measures(&far)) {
        // A centre at 1e8 is rounded to 1.5e-8.
        assert_relative_eq!(near, far, max_relative = 1e-7);
    }
}

#[test]
fn bad_input_is_refused_where_it_stands() {
    let refused =
        |points: Array2<f64>, labels: &[u32]| SegmentedPoints::of_labels(points.view(), labels).unwrap_err();
    let mut many = Array2::zeros((40_000, 3));
    many[(39_999, 1)] = f64::NEG_INFINITY;
    let error = refused(many.clone(), &vec![0; 40_000]);
    assert_eq!(
        error.to_string(),
        "row 39999 has -inf as its feature 1 (both counted from 0); expected a finite number of at most 1e100 in size"
    );
    // The first of several counts.
    many[(20_000, 2)] = f64::NAN;
    let error = refused(many, &vec![0; 40_000]);
    assert!(matches!(error, Error::Coordinate { row: 20_000, feature: 2, .. }), "{error}");
    let error = refused(array![[0.0], [1.1e100]], &[0, 1]);
    assert!(matches!(error, Error::Coordinate { row: 1, feature: 0, .. }), "{error}");
    let error = refused(array![[0.0], [1.0]], &[0, 1, 1]);
    assert!(matches!(error, Error::ColumnLength { found: 3, expected: 2, .. }), "{error}");
    assert!(matches!(refused(Array2::zeros((0, 2)), &[]), Error::Empty { .. }));
    assert!(matches!(refused(Array2::zeros((2, 0)), &[0, 1]), Error::Setting { setting: "points", .. }));
    let error = refused(array![[0.0], [1.0]], &[0, 65_536]);
    assert!(matches!(&error, Error::Setting { setting: "labels", found, .. } if found == "65536"), "{error}");
    assert!(SegmentedPoints::of_labels(array![[0.0], [1.0]].view(), &[0, 65_535]).is_ok());
    let points = array![[0.0], [1.0]];
    let error =
        SegmentedPoints::of_labels(points.view(), &[0, 1]).unwrap().sampled_silhouette(0, 1).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "customers", .. }), "{error}");
}
