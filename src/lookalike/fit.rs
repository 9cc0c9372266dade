//! From a table and a seed to a model: gather, encode, learn, check on held-out seeds.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::builder::{LeakPolicy, Lookalike, LookalikeProgress};
use super::encoding::{self, Encoding, Leak};
use super::key::key;
use super::learned::Fitted;
use super::model::LookalikeModel;
use super::scorer::{ScorerKind, SeedModes, choose};
use super::seed::{Outcomes, Resolved, Seed};
use super::training::Training;
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::numeric::number::CHUNK;

/// Background customers a seed, and the fewest that are drawn where there are as many.
const PER_SEED: u64 = 20;
const FEWEST: u64 = 50_000;

/// As many as seeds are needed: each fold must have some.
const FEWEST_OTHERS: u64 = 25;

pub(super) fn fit(
    settings: &Lookalike,
    table: &FeatureTable,
    seed: &Seed,
    progress: &mut dyn FnMut(LookalikeProgress) -> ControlFlow<()>,
) -> Result<LookalikeModel> {
    let resolved = seed.resolve(table)?;
    resolved.summary.check()?;
    let (names, outcomes) = feature_names(settings, table, seed.outcomes())?;
    let pool = pool(settings, table, &resolved.rows)?;
    let sample = sample(
        table,
        &pool,
        settings.background.unwrap_or((PER_SEED * resolved.rows.len() as u64).max(FEWEST)),
    );

    let gathered = Gathered::new(table, &resolved, &sample, pool.count() as u64, &names)?;
    let Some(gathered) = gathered else { return Err(nothing_to_learn_from(&outcomes, &[])) };
    let Gathered { mut encoding, mut training, mut constant, .. } = gathered;
    let mut leaks = encoding::leaks(&encoding, &training);
    if settings.leaks == LeakPolicy::LeaveOut && !leaks.is_empty() {
        let names: Vec<String> =
            names.iter().filter(|name| leaks.iter().all(|leak| leak.feature != **name)).cloned().collect();
        let without = Gathered::new(table, &resolved, &sample, pool.count() as u64, &names)?;
        let Some(without) = without else { return Err(nothing_to_learn_from(&outcomes, &leaks)) };
        (encoding, training, constant) = (without.encoding, without.training, without.constant);
    }
    leaks.sort_by(|a, b| b.auc.total_cmp(&a.auc).then_with(|| a.feature.cmp(&b.feature)));
    let told = LookalikeProgress::Gathered {
        seeds: training.seeds as u64,
        background: training.background() as u64,
    };
    tell(progress, told, "gathering seeds and background")?;

    let modes = SeedModes::find(&training);
    let (mut kind, mut reason) = match settings.scorer {
        Some(kind) => (kind, format!("{kind}: it was asked for")),
        None => choose(resolved.summary.effective, training.seeds, &modes),
    };
    tell(progress, LookalikeProgress::Learning(kind), "learning the score")?;
    let (mut fitted, mut held_out) = Fitted::learn(kind, &training, &modes);
    if settings.scorer.is_none() && kind != ScorerKind::Logistic {
        // Whatever speaks for another scorer, a regression under a penalty is hard to beat: seeds held out decide.
        let (regression, by_regression) = Fitted::learn(ScorerKind::Logistic, &training, &modes);
        let (own, other) = (held_out.auc()?, by_regression.auc()?);
        if own > other {
            reason = format!(
                "{reason}; held-out seeds rank higher by it (AUC {own:.3}) than by regression ({other:.3})"
            );
        } else {
            reason = format!(
                "{}: held-out seeds rank higher by it (AUC {other:.3}) than by {kind} ({own:.3}), though {reason}",
                ScorerKind::Logistic
            );
            (kind, fitted, held_out) = (ScorerKind::Logistic, regression, by_regression);
        }
    }
    tell(progress, LookalikeProgress::Checked, "checking held-out seeds")?;
    let told = Told {
        seed: resolved.summary,
        kinds: modes.sizes.iter().map(|size| *size as u64).collect(),
        kind,
        reason,
        converged: held_out.converged,
        leaks,
        leaks_left_out: settings.leaks == LeakPolicy::LeaveOut,
        constant,
        outcomes,
    };
    LookalikeModel::new(encoding, &training, fitted, &held_out, told, table.ids().gather(&resolved.rows))
}

/// What a model tells of its fit.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Told {
    pub(crate) seed: super::SeedSummary,
    /// Seeds of each kind, the largest first.
    pub(crate) kinds: Vec<u64>,
    pub(crate) kind: ScorerKind,
    pub(crate) reason: String,
    /// Whether the search for the weights came to its end.
    pub(crate) converged: bool,
    pub(crate) leaks: Vec<Leak>,
    pub(crate) leaks_left_out: bool,
    pub(crate) constant: Vec<String>,
    /// Features that a seed made for its demand keeps out.
    pub(crate) outcomes: Vec<String>,
}

/// Why no feature is left.
fn nothing_to_learn_from(outcomes: &[String], leaks: &[Leak]) -> Error {
    Error::Empty {
        what: "the list of features that differ between customers",
        hint: if !leaks.is_empty() {
            "all that differ tell seeds from the pool alone and were left out: add features that do not define the seed, or \
             only report such ones"
        } else if !outcomes.is_empty() {
            "those of returns and contribution stay out for a seed made by `for_demand`: add features of what is bought"
        } else {
            "give the table features that are not the same for everyone, or leave fewer out"
        },
    }
}

fn tell(
    progress: &mut dyn FnMut(LookalikeProgress) -> ControlFlow<()>,
    told: LookalikeProgress,
    stage: &'static str,
) -> Result<()> {
    match progress(told) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled { stage }),
    }
}

/// The features that take part, in the order of the table or of the setting, and those that tell of returns where these
/// stay out.
fn feature_names(
    settings: &Lookalike,
    table: &FeatureTable,
    outcomes: Outcomes,
) -> Result<(Vec<String>, Vec<String>)> {
    for name in &settings.without {
        table.column(name)?;
    }
    let told = |name: &&str| outcomes == Outcomes::Used || !encoding::tells_of_returns(name);
    let kept = |name: &&str| settings.without.iter().all(|without| without != name);
    let mut left_out = Vec::new();
    let names: Vec<String> = match &settings.features {
        None => {
            let (own, outcomes): (Vec<&str>, Vec<&str>) = table.names().filter(kept).partition(told);
            left_out.extend(outcomes.into_iter().map(str::to_owned));
            own.into_iter().map(str::to_owned).collect()
        }
        Some(features) => {
            let named = features.iter().map(String::as_str);
            if let Some(outcome) = named.clone().find(|name| !told(name)) {
                return Err(Error::Setting {
                    setting: "features",
                    found: format!("`{outcome}`, which tells of returns or contribution"),
                    expected: "features of demand alone for a seed made by `for_demand`",
                });
            }
            named.filter(kept).map(str::to_owned).collect()
        }
    };
    Ok((names, left_out))
}

/// The customers that seeds are compared with: the pool without the seeds.
fn pool(settings: &Lookalike, table: &FeatureTable, seeds: &[usize]) -> Result<Bitmap> {
    let mut pool = match &settings.pool {
        None => Bitmap::filled(table.len(), true),
        Some(predicate) => predicate.evaluate(table)?.holds().clone(),
    };
    for row in seeds {
        pool.set(*row, false);
    }
    let others = pool.count() as u64;
    if others < FEWEST_OTHERS {
        return Err(Error::FewOthers { others, least: FEWEST_OTHERS });
    }
    Ok(pool)
}

/// At most `most` rows of the pool, ascending: those with the smallest hashes.
fn sample(table: &FeatureTable, pool: &Bitmap, most: u64) -> Vec<usize> {
    let rows: Vec<usize> = pool.ones().collect();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if rows.len() <= most {
        return rows;
    }
    let mut hashed: Vec<(u64, usize)> = rows
        .par_chunks(CHUNK)
        .flat_map_iter(|rows| rows.iter().map(|row| (key(table.ids(), *row, "lookalike background"), *row)))
        .collect();
    hashed.select_nth_unstable(most);
    let mut drawn: Vec<usize> = hashed[..most].iter().map(|(_, row)| *row).collect();
    drawn.sort_unstable();
    drawn
}

/// Seeds and background, encoded.
struct Gathered {
    encoding: Encoding,
    training: Training,
    constant: Vec<String>,
}

impl Gathered {
    /// `None` where no feature differs between customers.
    fn new(
        table: &FeatureTable,
        seeds: &Resolved,
        sample: &[usize],
        pool: u64,
        names: &[String],
    ) -> Result<Option<Self>> {
        let own = table.rows_of(&seeds.rows, names)?;
        let background = table.rows_of(sample, names)?;
        let learned = encoding::learn(&background, &own, names)?;
        let encoding = learned.encoding;
        if encoding.features.is_empty() {
            return Ok(None);
        }
        let mut points = encoding.points(&own)?;
        points.extend(encoding.points(&background)?);
        let keys = seeds.rows.iter().chain(sample).map(|row| key(table.ids(), *row, "lookalike fold"));
        let training = Training {
            points,
            dims: encoding.dims(),
            seeds: seeds.rows.len(),
            weights: seeds.weights.clone(),
            keys: keys.collect(),
            pool,
            feature_of: encoding.feature_of(),
        };
        Ok(Some(Self { encoding, training, constant: learned.constant }))
    }
}
