//! The evaluation itself: set aside, learn, rank, judge, again.

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::lookalike::evaluation::baselines::{centroid, rfm};
use crate::lookalike::evaluation::calibration::{Calibration, Isotonic, Platt};
use crate::lookalike::evaluation::drift::Drift;
use crate::lookalike::evaluation::evaluated::{
    Areas, BecameGood, Combine, Evaluated, OutcomeCalibration, Protocol, ShareFigures,
};
use crate::lookalike::evaluation::judge::{Judged, Outcomes, Pool};
use crate::lookalike::evaluation::split::held_out;
use crate::lookalike::evaluation::{Estimate, Evaluation, unlabelled_auc};
use crate::lookalike::key::key;
use crate::lookalike::seed::Resolved;
use crate::lookalike::{Lookalike, LookalikeModel, Scores, Seed};
use crate::transaction::CustomerIds;

/// How many groups of customers the jackknife leaves out, one after the other.
pub(super) const GROUPS: u64 = 20;
pub(super) const PURPOSE: &str = "lookalike evaluation";

/// Every ranking of one split.
struct Split {
    lookalike: Judged,
    rfm: Option<Judged>,
    centroid: Judged,
    random: Judged,
}

/// What is the same in all splits.
struct Ground<'a> {
    settings: &'a Evaluation,
    table: &'a FeatureTable,
    outcomes: Outcomes<'a>,
    /// Who can be in an audience and is no seed.
    others: Bitmap,
    rfm: Option<Vec<f64>>,
}

impl Evaluation {
    /// Holds out seeds, learns from the others, ranks everybody else and looks how far up those held out come; repeated, and
    /// compared with RFM, with the mean seed, and with chance.
    ///
    /// Which seeds are held out is drawn from their ids, alike among the valuable and the others. Those learned from take no
    /// part in the ranking; it is of those eligible who are no seeds, and of those held out. The model of all seeds is
    /// fitted once more for the drift. The same to the bit for any number of threads.
    ///
    /// The time of a fit and of scoring the table, for each repeat, and O(customers · log customers) to rank; memory for a
    /// few numbers a customer and thread.
    ///
    /// # Errors
    /// As for [`Lookalike::fit`] with the seeds that are left; [`Error::MissingFeature`] and [`Error::FeatureType`] for the
    /// features by which audiences are judged.
    pub fn run(&self, lookalike: &Lookalike, table: &FeatureTable, seed: &Seed) -> Result<Evaluated> {
        let resolved = seed.resolve(table)?;
        resolved.summary.check()?;
        let ground = Ground::new(self, lookalike, table, &resolved.rows)?;
        let keys: Vec<u64> = resolved.rows.iter().map(|row| key(table.ids(), *row, PURPOSE)).collect();
        let repeat = |repeat: u32| {
            let held = held_out(&keys, &resolved.weights, self.hold_out, self.seed, repeat);
            ground.held_out(lookalike, seed, &resolved, &held)
        };
        let splits: Vec<(Split, usize, usize)> =
            (0..self.repeats).into_par_iter().map(repeat).collect::<Result<_>>()?;
        let model = lookalike.fit(table, seed)?;
        let scores = model.score(table)?;
        let (held_out, pool) = splits.first().map_or((0, 0), |(_, held_out, pool)| (*held_out, *pool));
        let splits: Vec<Split> = splits.into_iter().map(|(split, ..)| split).collect();
        let protocol = Protocol::HeldOut { repeats: self.repeats, share: self.hold_out };
        let told = Told {
            protocol,
            seeds: resolved.rows.len(),
            held_out,
            pool,
            became_good: None,
            calibration: None,
        };
        ground.evaluated(&model, &scores, told, &splits, Combine::Repeats)
    }

    /// Learns from what was known at a moment, ranks those who were no seeds, and looks how far up those come who became good
    /// after it: what an audience would really have been worth.
    ///
    /// `then` and `seed` must know nothing of later: extract the table as of the moment. Who became good and was a seed
    /// already, was not there yet, or is not eligible, is not looked for, and is counted
    /// ([`Evaluated::became_good`]). Precision is no lower bound here, because outcomes are known; so
    /// scores are calibrated as well, on one half of the customers for the other and the other way round. Errors
    /// are by the jackknife over 20 groups of customers.
    ///
    /// The time of a fit and of scoring the table, and twenty rankings.
    ///
    /// # Errors
    /// As for [`Evaluation::run`]; [`Error::Empty`] where nobody who became good is in the pool, or nobody else.
    pub fn over_time(
        &self,
        lookalike: &Lookalike,
        then: &FeatureTable,
        seed: &Seed,
        became_good: &CustomerIds,
    ) -> Result<Evaluated> {
        let resolved = seed.resolve(then)?;
        let ground = Ground::new(self, lookalike, then, &resolved.rows)?;
        let (wanted, became_good) = ground.wanted(became_good, &resolved.rows);
        let pool = Pool::new(ground.others.ones().collect(), &wanted, &ground.outcomes);
        if pool.found() == 0 {
            return Err(Error::Empty {
                what: "the list of those in the pool who became good",
                hint: "check that ids are those of the table, and that not all of them were seeds already",
            });
        }
        let model = lookalike.fit(then, seed)?;
        let scores = model.score(then)?;
        let whole = ground.rank(&model, &scores, &pool, &resolved)?;
        let group = |row: &usize| key(then.ids(), *row, PURPOSE) % GROUPS;
        let groups: Vec<u64> = pool.rows.iter().map(group).collect();
        let without = |left_out: u64| {
            let places: Vec<usize> = (0..pool.len()).filter(|place| groups[*place] != left_out).collect();
            ground.judge(&pool.part(&places), &whole.1, &places)
        };
        // A group without anybody, in a small pool, tells nothing.
        let used = (0..GROUPS).filter(|group| groups.contains(group)).collect::<Vec<u64>>();
        let parts: Vec<Split> = used.into_par_iter().map(without).collect::<Result<_>>()?;
        let splits: Vec<Split> = std::iter::once(whole.0).chain(parts).collect();
        let told = Told {
            protocol: Protocol::OverTime,
            seeds: resolved.rows.len(),
            held_out: pool.found(),
            pool: pool.len(),
            became_good: Some(became_good),
            calibration: calibration(&scores, &pool, &groups)?,
        };
        ground.evaluated(&model, &scores, told, &splits, Combine::Jackknife)
    }
}

/// What is known beside the figures.
struct Told {
    protocol: Protocol,
    seeds: usize,
    held_out: usize,
    pool: usize,
    became_good: Option<BecameGood>,
    calibration: Option<OutcomeCalibration>,
}

/// The scores of each ranking, one a place of the pool.
struct Ranked {
    lookalike: Vec<f64>,
    rfm: Option<Vec<f64>>,
    centroid: Vec<f64>,
}

impl<'a> Ground<'a> {
    fn new(
        settings: &'a Evaluation,
        lookalike: &Lookalike,
        table: &'a FeatureTable,
        seeds: &[usize],
    ) -> Result<Self> {
        let mut others = match &lookalike.pool {
            None => Bitmap::filled(table.len(), true),
            Some(predicate) => predicate.evaluate(table)?.holds().clone(),
        };
        for row in seeds {
            others.set(*row, false);
        }
        let outcomes = Outcomes::read(settings, table)?;
        let rfm = rfm(table, settings.value.as_deref())?;
        Ok(Self { settings, table, outcomes, others, rfm })
    }

    /// Who of a list is in the table, and what becomes of the list; `seeds` ascending.
    fn wanted(&self, list: &CustomerIds, seeds: &[usize]) -> (Bitmap, BecameGood) {
        let ids = self.table.ids();
        let mut wanted = Bitmap::filled(ids.len(), false);
        let mut unknown = 0;
        for id in list.iter() {
            match ids.kind().form(&id).and_then(|id| ids.position(&id)) {
                Some(row) => wanted.set(row, true),
                None => unknown += 1,
            }
        }
        let known = wanted.count() as u64;
        let seeds = seeds.iter().filter(|row| wanted.get(**row)).count() as u64;
        let not_eligible = known - seeds - wanted.and(&self.others).count() as u64;
        (wanted, BecameGood { named: known + unknown, unknown, seeds, not_eligible })
    }

    /// One repeat: the split, how many were held out, and how many were ranked.
    fn held_out(
        &self,
        lookalike: &Lookalike,
        seed: &Seed,
        seeds: &Resolved,
        held: &[bool],
    ) -> Result<(Split, usize, usize)> {
        let (mut ranked, mut wanted) = (self.others.clone(), Bitmap::filled(self.table.len(), false));
        let mut kept = Resolved { rows: Vec::new(), weights: Vec::new(), summary: seeds.summary.clone() };
        for ((row, weight), held) in seeds.rows.iter().zip(&seeds.weights).zip(held) {
            if *held {
                ranked.set(*row, true);
                wanted.set(*row, true);
            } else {
                kept.rows.push(*row);
                kept.weights.push(*weight);
            }
        }
        let model = lookalike.fit(self.table, &seed.narrowed(self.table.ids().gather(&kept.rows)))?;
        let scores = model.score(self.table)?;
        let pool = Pool::new(ranked.ones().collect(), &wanted, &self.outcomes);
        Ok((self.rank(&model, &scores, &pool, &kept)?.0, pool.found(), pool.len()))
    }

    /// All rankings of a pool.
    fn rank(
        &self,
        model: &LookalikeModel,
        scores: &Scores,
        pool: &Pool,
        seeds: &Resolved,
    ) -> Result<(Split, Ranked)> {
        let of_pool = |all: &[f64]| pool.rows.iter().map(|row| all[*row]).collect::<Vec<f64>>();
        let ranked = Ranked {
            lookalike: of_pool(scores.log_odds()),
            rfm: self.rfm.as_deref().map(of_pool),
            centroid: of_pool(&centroid(model, self.table, &seeds.rows, &seeds.weights)?),
        };
        let places: Vec<usize> = (0..pool.len()).collect();
        Ok((self.judge(pool, &ranked, &places)?, ranked))
    }

    /// The figures of the customers at some places of the pool that was ranked.
    fn judge(&self, part: &Pool, ranked: &Ranked, places: &[usize]) -> Result<Split> {
        let shares = &self.settings.shares;
        let of = |scores: &Vec<f64>| {
            part.judge(&places.iter().map(|place| scores[*place]).collect::<Vec<f64>>(), shares)
        };
        Ok(Split {
            lookalike: of(&ranked.lookalike)?,
            rfm: ranked.rfm.as_ref().map(of).transpose()?,
            centroid: of(&ranked.centroid)?,
            random: part.at_random(shares),
        })
    }

    fn evaluated(
        &self,
        model: &LookalikeModel,
        scores: &Scores,
        told: Told,
        splits: &[Split],
        combine: Combine,
    ) -> Result<Evaluated> {
        let collect = |of: fn(&Split) -> &Judged| splits.iter().map(of).cloned().collect::<Vec<Judged>>();
        let (lookalike, centroid) = (collect(|split| &split.lookalike), collect(|split| &split.centroid));
        let random = collect(|split| &split.random);
        let rfm: Option<Vec<Judged>> = splits.iter().map(|split| split.rfm.clone()).collect();
        let figures = |(place, share): (usize, &f64)| {
            Ok(ShareFigures {
                share: *share,
                customers: share * told.pool as f64,
                lookalike: combine.figures(&lookalike, place)?,
                rfm: rfm.as_ref().map(|rfm| combine.figures(rfm, place)).transpose()?,
                centroid: combine.figures(&centroid, place)?,
                random: combine.figures(&random, place)?,
            })
        };
        let auc = combine.auc(&lookalike)?;
        let corrected = |hidden: f64| {
            let widened = 1.0 / (1.0 - hidden);
            Ok(Estimate {
                mean: unlabelled_auc(auc.mean, hidden)?,
                sd: auc.sd.map(|sd| sd * widened),
                standard_error: auc.standard_error.map(|error| error * widened),
            })
        };
        Ok(Evaluated {
            protocol: told.protocol,
            seeds: told.seeds as u64,
            held_out: told.held_out as u64,
            became_good: told.became_good,
            pool: told.pool as u64,
            scorer: model.scorer(),
            leaks: model.leaks().iter().map(|leak| leak.feature.clone()).collect(),
            hidden: self.settings.hidden,
            shares: self.settings.shares.iter().enumerate().map(figures).collect::<Result<_>>()?,
            auc: Areas {
                lookalike: auc,
                lookalike_unlabelled: self.settings.hidden.map(corrected).transpose()?,
                rfm: rfm.as_ref().map(|rfm| combine.auc(rfm)).transpose()?,
                centroid: combine.auc(&centroid)?,
            },
            drift_share: self.settings.drift_share,
            drift: self.drift(model, scores)?,
            calibration: told.calibration,
        })
    }

    /// How the audience of the drift's share differs from all who are eligible and no seeds.
    fn drift(&self, model: &LookalikeModel, scores: &Scores) -> Result<Vec<Drift>> {
        let pool: Vec<usize> = self.others.ones().collect();
        let size = (self.settings.drift_share * pool.len() as f64).ceil() as usize;
        let mut order: Vec<(f64, u64, usize)> = pool
            .par_iter()
            .map(|row| (scores.log_odds()[*row], key(self.table.ids(), *row, PURPOSE), *row))
            .collect();
        order.par_sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let audience: Vec<usize> = order.iter().take(size).map(|(.., row)| *row).collect();
        Drift::between(self.table, model.required_features(), &pool, &audience)
    }
}

/// Probabilities for each half of the customers from the outcomes of the other, held against their own; `None` where all
/// stand in one half, and there is no other to learn from.
fn calibration(scores: &Scores, pool: &Pool, groups: &[u64]) -> Result<Option<OutcomeCalibration>> {
    let log_odds: Vec<f64> = pool.rows.iter().map(|row| scores.log_odds()[*row]).collect();
    let (mut platt, mut isotonic) = (vec![0.0; pool.len()], vec![0.0; pool.len()]);
    for half in 0..2 {
        let (own, others): (Vec<usize>, Vec<usize>) =
            (0..pool.len()).partition(|place| groups[*place] % 2 == half);
        if own.is_empty() || others.is_empty() {
            return Ok(None);
        }
        let x: Vec<f64> = others.iter().map(|place| log_odds[*place]).collect();
        let y: Vec<bool> = others.iter().map(|place| pool.positive[*place]).collect();
        let (curve, steps) = (Platt::fit(&x, &y)?, Isotonic::fit(&x, &y)?);
        for place in own {
            platt[place] = curve.probability(log_odds[place]);
            isotonic[place] = steps.probability(log_odds[place]);
        }
    }
    let similarity: Vec<f64> = pool.rows.iter().map(|row| scores.similarity(*row)).collect();
    Ok(Some(OutcomeCalibration {
        similarity: Calibration::of(&similarity, &pool.positive)?,
        platt: Calibration::of(&platt, &pool.positive)?,
        isotonic: Calibration::of(&isotonic, &pool.positive)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Column, Values};

    /// Customers on whom a curve was fitted do not say how good it is.
    #[test]
    fn without_another_half_there_is_no_calibration() {
        let scores: Vec<f64> = (0..6).map(f64::from).collect();
        let column = Column::new(Values::F64(scores.clone()));
        let table = FeatureTable::from_columns(CustomerIds::rows(6), [("x", column)]).unwrap();
        let scores = Scores::new(&table, scores, Bitmap::filled(6, false)).unwrap();
        let settings = Evaluation::builder().build().unwrap();
        let wanted: Bitmap = (0..6).map(|row| row > 3).collect();
        let outcomes = Outcomes::read(&settings, &table).unwrap();
        let pool = Pool::new((0..6).collect(), &wanted, &outcomes);
        assert_eq!(calibration(&scores, &pool, &[2, 4, 2, 0, 6, 8]).unwrap(), None);
        assert_eq!(calibration(&scores, &pool, &[1, 5, 1, 1, 7, 9]).unwrap(), None);
        let found = calibration(&scores, &pool, &[1, 2, 1, 0, 6, 9]).unwrap().unwrap();
        // Both halves have a border, and nearly the same.
        assert!(found.isotonic.brier < 0.1 && found.isotonic.brier < found.platt.brier, "{found:?}");
    }
}
