//! What holds for all scorers, and reference values of the geometric ones.

use approx::assert_relative_eq;

use super::choice::choose;
use super::covariance::{Covariance, factor, mean, solve};
use super::discriminant::Discriminant;
use super::evidence::Evidence;
use super::mixture::Mixture;
use super::modes::SeedModes;
use super::nearest::NearestScore;
use super::whitening::Whitening;
use super::{Block, ROWS, Scorer, ScorerKind};
use crate::lookalike::training::Training;
use crate::random::Stream;

/// A training of rows, seeds first.
pub(super) fn training(seeds: &[Vec<f64>], background: &[Vec<f64>]) -> Training {
    let dims = seeds[0].len();
    let rows = seeds.len() + background.len();
    let mut keys = Stream::new(11, "keys", 0);
    Training {
        points: seeds.iter().chain(background).flatten().copied().collect(),
        dims,
        seeds: seeds.len(),
        weights: vec![1.0; seeds.len()],
        keys: (0..rows).map(|_| keys.bits()).collect(),
        pool: background.len() as u64,
        feature_of: (0..dims).collect(),
    }
}

/// Standard normal rows around one of some centres each.
fn cloud(name: &str, rows: usize, centres: &[Vec<f64>], spread: f64) -> Vec<Vec<f64>> {
    let mut stream = Stream::new(7, name, 0);
    let mut row = || -> Vec<f64> {
        let centre = &centres[stream.below(centres.len() as u64) as usize];
        centre.iter().map(|x| x + spread * stream.normal()).collect()
    };
    (0..rows).map(|_| row()).collect()
}

fn centre(dims: usize, at: &[(usize, f64)]) -> Vec<f64> {
    let mut centre = vec![0.0; dims];
    for (dim, value) in at {
        centre[*dim] = *value;
    }
    centre
}

fn scored(scorer: &dyn Scorer, rows: &[Vec<f64>]) -> Vec<f64> {
    rows.chunks(ROWS).flat_map(|rows| in_block(scorer, rows)).collect()
}

fn in_block(by: &dyn Scorer, rows: &[Vec<f64>]) -> Vec<f64> {
    let dims = rows[0].len();
    let values: Vec<f64> = (0..dims).flat_map(|dim| rows.iter().map(move |row| row[dim])).collect();
    let mut scores = vec![f64::NAN; rows.len()];
    by.score(&Block { values: &values, rows: rows.len() }, &mut scores);
    scores
}

/// All scorers of this folder.
fn fitted(training: &Training) -> Vec<(&'static str, Box<dyn Scorer>)> {
    let modes = SeedModes::find(training);
    vec![
        ("evidence", Box::new(Evidence::fit(training))),
        ("discriminant", Box::new(Discriminant::fit(training).linear)),
        ("mixture", Box::new(Mixture::fit(training, &modes))),
        ("nearest", Box::new(NearestScore::fit(training))),
    ]
}

/// The share of a hidden class that the first tenth by score holds.
fn recall(scorer: &dyn Scorer, hidden: &[Vec<f64>], pool: &[Vec<f64>]) -> f64 {
    let found = scored(scorer, hidden);
    let mut all: Vec<f64> = scored(scorer, pool);
    all.extend(&found);
    all.sort_unstable_by(|a, b| b.total_cmp(a));
    let least = all[all.len() / 10];
    found.iter().filter(|score| **score > least).count() as f64 / found.len() as f64
}

fn number(i: u64, j: u64) -> f64 {
    ((i * i * 31 + i * 7_919 + j * 104_729 + i * j * 613) % 1_009) as f64 / 1_009.0
}

fn reference_background() -> Vec<Vec<f64>> {
    let value = |i, j: u64| number(i, j) * (1 + j) as f64 + if j == 2 { number(i, 0) } else { 0.0 };
    (0..40).map(|i| (0..5).map(|j| value(i, j)).collect()).collect()
}

/// Against scikit-learn's `LedoitWolf`.
#[test]
fn shrinkage_is_that_of_the_reference() {
    let rows: Vec<f64> = reference_background().concat();
    let found = Covariance::shrunk(&rows, 5, None, 0.0);
    assert_relative_eq!(found.shrinkage, 0.150_391_374_489_872_32, max_relative = 1e-12);
    let first = [
        0.202_129_115_254_374_38,
        -0.025_272_508_307_359_11,
        0.034_861_867_494_533_03,
        0.023_443_172_331_312_31,
        -0.000_288_775_102_128_37,
    ];
    for (found, expected) in found.matrix[..5].iter().zip(first) {
        assert_relative_eq!(*found, expected, max_relative = 1e-10);
    }
    assert_relative_eq!(found.mean[3], 1.879_187_314_172_446_8, max_relative = 1e-13);
}

/// Against numpy, with scikit-learn's covariance.
#[test]
fn the_discriminant_is_that_of_the_reference() {
    let seeds: Vec<Vec<f64>> =
        (100..112).map(|i| (0..5).map(|j| number(i, j) * (1 + j) as f64 + 0.7).collect()).collect();
    let mut training = training(&seeds, &reference_background());
    training.weights = (0..12).map(|i| 0.5 + f64::from(i % 4) / 2.0).collect();
    let found = Discriminant::fit(&training);
    let weights = [
        3.333_501_435_473_263,
        2.389_913_410_271_683_7,
        -0.241_541_397_304_416_9,
        0.843_671_635_472_577_2,
        0.557_651_275_046_361_6,
    ];
    for (found, expected) in found.linear.weights.iter().zip(weights) {
        assert_relative_eq!(*found, expected, max_relative = 1e-9);
    }
    assert_relative_eq!(found.linear.intercept, -9.439_322_880_587_653, max_relative = 1e-10);
}

#[test]
fn factors_solve_their_equations() {
    let rows: Vec<f64> = reference_background().concat();
    let matrix = Covariance::shrunk(&rows, 5, None, 0.0).matrix;
    let wanted = [1.0, -2.0, 0.5, 3.0, 0.25];
    let b = (0..5).map(|row| (0..5).map(|column| matrix[row * 5 + column] * wanted[column]).sum()).collect();
    for (found, wanted) in solve(&factor(&matrix, 5), b).iter().zip(wanted) {
        assert_relative_eq!(*found, wanted, max_relative = 1e-10);
    }
}

#[test]
fn the_pool_is_round_where_it_is_whitened() {
    let mut background = cloud("pool", 20_000, &[vec![3.0; 4]], 1.0);
    for row in &mut background {
        row[1] = 2.0 * row[1] + row[0];
        row[3] *= 0.3;
    }
    let training = training(&background[..1], &background);
    let whitening = Whitening::fit(&training);
    let mut rows = background.concat();
    whitening.rows(&mut rows);
    let centre = mean(&rows, 4, None);
    assert!(centre.iter().all(|mean| mean.abs() < 1e-9));
    let covariance = Covariance::shrunk(&rows, 4, None, 0.0).matrix;
    for (at, value) in covariance.iter().enumerate() {
        // Shrinkage at its floor leaves the widest direction a little wide and the narrowest much too narrow.
        let expected = if at % 5 == 0 { 1.0 } else { 0.0 };
        assert!(
            (value - expected).abs() < 0.75 && (at == 15 || (value - expected).abs() < 0.3),
            "{covariance:?}"
        );
    }
    let block: Vec<f64> = (0..4).flat_map(|dim| background[..50].iter().map(move |row| row[dim])).collect();
    let block = whitening.block(&Block { values: &block, rows: 50 });
    for row in 0..50 {
        for dim in 0..4 {
            assert_eq!(block[dim * 50 + row].to_bits(), rows[row * 4 + dim].to_bits());
        }
    }
}

#[test]
fn a_class_around_one_mean_is_found_by_all() {
    let dims = 6;
    let away = vec![centre(dims, &[(0, 1.2), (1, 1.0), (2, -0.8)])];
    let seeds = cloud("seeds", 150, &away, 1.0);
    let background = cloud("background", 5_000, &[vec![0.0; dims]], 1.0);
    let (hidden, pool) = (cloud("hidden", 500, &away, 1.0), cloud("pool", 9_500, &[vec![0.0; dims]], 1.0));
    let training = training(&seeds, &background);
    // By the true direction the first tenth holds about 62 % of it.
    for (name, scorer) in fitted(&training) {
        let found = recall(scorer.as_ref(), &hidden, &pool);
        let least = if name == "nearest" { 0.42 } else { 0.55 };
        assert!(found > least, "{name}: {found}");
    }
}

#[test]
fn seeds_on_both_sides_of_the_pool_are_found_by_kinds() {
    let dims = 5;
    let sides = vec![centre(dims, &[(0, 2.2)]), centre(dims, &[(0, -2.2)])];
    let seeds = cloud("seeds", 300, &sides, 0.6);
    let background = cloud("background", 5_000, &[vec![0.0; dims]], 1.0);
    let (hidden, pool) = (cloud("hidden", 500, &sides, 0.6), cloud("pool", 9_500, &[vec![0.0; dims]], 1.0));
    let training = training(&seeds, &background);
    let modes = SeedModes::find(&training);
    assert_eq!(modes.modes, 2, "{}", modes.reason);
    assert!(modes.reason.starts_with("2 kinds of seeds"));
    assert_eq!(modes.sizes.iter().sum::<usize>(), 300);
    assert!(modes.sizes[0] >= modes.sizes[1] && modes.sizes[1] > 120, "{:?}", modes.sizes);
    assert_eq!(choose(300.0, 300, &modes).0, ScorerKind::Mixture);
    for (name, scorer) in fitted(&training) {
        let found = recall(scorer.as_ref(), &hidden, &pool);
        match name {
            "discriminant" => assert!(found < 0.4, "{name}: {found}"),
            "mixture" | "nearest" => assert!(found > 0.75, "{name}: {found}"),
            _ => {}
        }
    }
}

/// Of noise nobody is more like the seeds than anybody else, whether she was drawn to compare with or not.
#[test]
fn customers_that_seeds_are_compared_with_are_scored_like_all_others() {
    for dims in [5, 15] {
        let seeds = cloud("noise seeds", 300, &[vec![0.0; dims]], 1.0);
        let pool = cloud("noise pool", 6_000, &[vec![0.0; dims]], 1.0);
        let training = training(&seeds, &pool);
        let mut drawn: Vec<usize> = (training.seeds..training.rows()).collect();
        drawn.sort_by_key(|row| training.keys[*row]);
        let drawn = &drawn[..training.seeds];
        let scores = scored(&NearestScore::fit(&training), &pool);
        let mut ranked: Vec<usize> = (0..pool.len()).collect();
        ranked.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let first = &ranked[..pool.len() / 10];
        let share = drawn.iter().filter(|row| first.contains(&(**row - training.seeds))).count();
        // 30 to expect; 12 to 4 of them where each is her own neighbour.
        assert!((17..=46).contains(&share), "{share} of 300 in {dims} dimensions");
    }
}

#[test]
fn one_kind_is_not_taken_for_several() {
    let dims = 6;
    let mut stream = Stream::new(3, "kinds", 0);
    let background = cloud("background", 3_000, &[vec![0.0; dims]], 1.0);
    let mut kinds = Vec::new();
    for seeds in [60, 200, 600] {
        kinds.push(("normal", cloud("seeds", seeds, &[vec![1.0; dims]], 0.7)));
        let skewed = (0..seeds).map(|_| (0..dims).map(|_| stream.gamma(1.0)).collect());
        kinds.push(("skewed", skewed.collect()));
        let counts = (0..seeds).map(|_| (0..dims).map(|_| f64::from(stream.poisson(1.5))).collect());
        kinds.push(("counts", counts.collect()));
    }
    for (name, seeds) in kinds {
        let steps = name == "counts";
        let background = if steps {
            (0..3_000).map(|_| (0..dims).map(|_| f64::from(stream.poisson(1.0))).collect()).collect()
        } else {
            background.clone()
        };
        let modes = SeedModes::find(&training(&seeds, &background));
        assert_eq!(modes.modes, 1, "{name} of {}: {}", seeds.len(), modes.reason);
        assert_eq!((modes.sizes, modes.labels.len()), (vec![seeds.len()], seeds.len()));
    }
}

/// Two values far apart are a flag, on whatever scale they lie.
#[test]
fn a_flag_makes_no_kinds() {
    let with_flag = |rows: Vec<Vec<f64>>, every: usize| -> Vec<Vec<f64>> {
        let flag = |at: usize| if at.is_multiple_of(every) { 6.8 } else { -0.15 };
        rows.into_iter().enumerate().map(|(at, row)| [row, vec![flag(at)]].concat()).collect()
    };
    let seeds = with_flag(cloud("flag seeds", 400, &[centre(2, &[])], 1.0), 2);
    let background = with_flag(cloud("flag pool", 8_000, &[centre(2, &[])], 1.0), 45);
    assert_eq!(SeedModes::find(&training(&seeds, &background)).modes, 1);
}

#[test]
fn four_kinds_are_four() {
    let centres: Vec<Vec<f64>> = (0..4).map(|kind| centre(8, &[(kind, 4.5)])).collect();
    let seeds = cloud("seeds", 400, &centres, 1.0);
    let background = cloud("background", 3_000, &[vec![0.0; 8]], 1.0);
    let modes = SeedModes::find(&training(&seeds, &background));
    assert_eq!(modes.modes, 4, "{}", modes.reason);
}

#[test]
fn a_valley_of_the_pool_is_none_of_the_seeds() {
    let sides = vec![centre(3, &[(0, 4.0)]), centre(3, &[(0, -4.0)])];
    let (seeds, background) = (cloud("seeds", 300, &sides, 1.0), cloud("background", 5_000, &sides, 1.0));
    assert_eq!(SeedModes::find(&training(&seeds, &background)).modes, 1);
    let whole = cloud("background", 5_000, &[vec![0.0; 3]], 3.0);
    assert_eq!(SeedModes::find(&training(&seeds, &whole)).modes, 2);
}

#[test]
fn the_scorer_follows_from_the_seeds() {
    let modes = |modes: usize, sizes: &[usize], depth: f64| SeedModes {
        modes,
        sizes: sizes.to_vec(),
        labels: Vec::new(),
        depth,
        reason: "2 kinds of seeds".into(),
    };
    let cases = [
        (25.0, 25, modes(1, &[25], 0.0), ScorerKind::WeightOfEvidence),
        (299.9, 5_000, modes(1, &[5_000], 0.0), ScorerKind::WeightOfEvidence),
        (300.0, 300, modes(1, &[300], 0.0), ScorerKind::Logistic),
        (5_000.0, 5_000, modes(2, &[4_000, 1_000], 1.1), ScorerKind::Logistic),
        (5_000.0, 5_000, modes(2, &[4_000, 1_000], 2.0), ScorerKind::Mixture),
        (100.0, 100, modes(2, &[70, 30], 2.0), ScorerKind::NearestSeeds),
    ];
    for (effective, seeds, modes, expected) in cases {
        let (kind, reason) = choose(effective, seeds, &modes);
        assert_eq!(kind, expected, "{reason}");
        assert!(reason.contains(&kind.to_string()), "{reason}");
    }
    assert!(
        choose(120.4, 5_000, &modes(1, &[5_000], 0.0))
            .1
            .contains("5000 seeds that by their weights count as 120")
    );
    let json = serde_json::to_string(&ScorerKind::WeightOfEvidence).unwrap();
    assert_eq!(json, r#""weight_of_evidence""#);
}

/// Tables that break plain formulas.
fn awkward() -> Vec<(&'static str, Training)> {
    let normal = |name: &str, rows: usize| cloud(name, rows, &[vec![0.0; 3]], 1.0);
    let with = |rows: Vec<Vec<f64>>, change: &dyn Fn(&mut Vec<f64>)| -> Vec<Vec<f64>> {
        rows.into_iter()
            .map(|mut row| {
                change(&mut row);
                row
            })
            .collect()
    };
    let both = |seeds: usize, change: &dyn Fn(&mut Vec<f64>)| {
        training(&with(normal("seeds", seeds), change), &with(normal("background", 500), change))
    };
    let mut awkward = vec![
        ("constant", both(60, &|row| row[1] = 0.0)),
        ("all constant", both(60, &|row| row.fill(0.0))),
        ("collinear", both(60, &|row| row.push(2.0 * row[0] - row[1]))),
        ("twice", both(60, &|row| row.push(row[0]))),
        (
            "levels",
            both(60, &|row| {
                let level = f64::from(u8::from(row[0] > 0.0));
                row.extend([level, 1.0 - level, 0.0]);
            }),
        ),
        ("one seed", both(1, &|_| {})),
        ("two seeds", both(2, &|_| {})),
        ("huge", both(60, &|row| row[2] *= 1e6)),
        ("all huge", both(60, &|row| row.iter_mut().for_each(|x| *x *= 1e6))),
        ("equal seeds", training(&vec![vec![0.5, 0.0, -1.0]; 80], &normal("background", 500))),
        ("equal background", training(&normal("seeds", 80), &vec![vec![0.5, 0.0, -1.0]; 500])),
        ("one of the background", training(&normal("seeds", 80), &normal("background", 1))),
        ("nobody else", training(&normal("seeds", 80), &[])),
        ("separate", training(&with(normal("seeds", 80), &|row| row[0] += 1e6), &normal("background", 500))),
    ];
    let mut uneven = both(60, &|_| {});
    uneven.weights = (0..60).map(|i| if i == 0 { 59.41 } else { 0.01 }).collect();
    awkward.push(("one seed counts for nearly all", uneven));
    awkward
}

#[test]
fn whatever_the_data_scores_are_finite() {
    for (name, training) in awkward() {
        let rows: Vec<Vec<f64>> = training.points.chunks_exact(training.dims).map(<[f64]>::to_vec).collect();
        let mut far = rows.clone();
        far.iter_mut().step_by(3).for_each(|row| row.iter_mut().for_each(|x| *x = *x * 1e6 + 1e6));
        for (scorer_name, scorer) in fitted(&training) {
            for rows in [&rows, &far] {
                let scores = scored(scorer.as_ref(), rows);
                assert!(scores.iter().all(|score| score.is_finite()), "{scorer_name}, {name}: {scores:?}");
            }
        }
    }
}

#[test]
fn a_customer_scores_the_same_in_any_block() {
    for (name, training) in awkward() {
        let rows: Vec<Vec<f64>> = training.points.chunks_exact(training.dims).map(<[f64]>::to_vec).collect();
        for (scorer_name, scorer) in fitted(&training) {
            let together = scored(scorer.as_ref(), &rows);
            let reversed: Vec<Vec<f64>> = rows.iter().rev().cloned().collect();
            let mut backwards = scored(scorer.as_ref(), &reversed);
            backwards.reverse();
            for (at, together) in together.iter().enumerate() {
                assert_eq!(together.to_bits(), backwards[at].to_bits(), "{scorer_name}, {name}, row {at}");
            }
            for at in (0..rows.len()).step_by(13) {
                let alone = in_block(scorer.as_ref(), &rows[at..=at])[0];
                assert_eq!(together[at].to_bits(), alone.to_bits(), "{scorer_name}, {name}, row {at}");
            }
        }
    }
}

#[test]
fn threads_change_nothing() {
    let sides = vec![centre(4, &[(0, 2.2)]), centre(4, &[(0, -2.2)])];
    let training =
        training(&cloud("seeds", 300, &sides, 0.6), &cloud("background", 41_003, &[vec![0.0; 4]], 1.0));
    let results = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let modes = SeedModes::find(&training);
            let mixture = Mixture::fit(&training, &modes);
            (
                modes,
                mixture,
                Evidence::fit(&training),
                Discriminant::fit(&training),
                NearestScore::fit(&training),
            )
        })
    };
    let one = results(1);
    assert!(one == results(2) && one == results(5));
}
