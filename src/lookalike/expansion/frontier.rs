//! What size and what cap to take: quality as the audience grows, and as the cap comes down.

use serde::Serialize;

use super::audience::{Figures, Sums, sums_of};
use super::choose::{Ready, in_order};
use super::pool::Pool;
use super::settings::Expansion;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::lookalike::Scores;
use crate::lookalike::key::key;
use crate::lookalike::selection::best;

/// Shares of a frontier: those that ad platforms offer.
const SHARES: [f64; 10] = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.10];

/// An audience of a size.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct FrontierRow {
    /// The share of the pool.
    pub share: f64,
    /// Its customers.
    pub customers: u64,
    /// The similarity of the last one.
    pub border: f64,
    /// What is to be expected of it.
    pub expected: Figures,
}

/// Size against quality: the most similar 1 %, 2 % … 10 % of a pool. Made by [`Expansion::frontier`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Frontier {
    /// The pool's customers.
    pub pool: u64,
    /// From the smallest size to the largest.
    pub rows: Vec<FrontierRow>,
}

/// An audience under a cap.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CapRow {
    /// The cap on the expected return rate.
    pub cap: f64,
    /// What an audience of the size has under it; `None` where none keeps it.
    pub reached: Option<CapReached>,
    /// Why there is none, with the best that can be had.
    pub reason: Option<String>,
}

/// What an audience under a cap has.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct CapReached {
    /// The part of the score without a cap that is left.
    pub kept: Option<f64>,
    /// What the cap costs at the margin: score points for one currency unit of returns.
    pub shadow_price: f64,
    /// Whether the cap binds.
    pub binding: bool,
    /// The lowest similarity of a member.
    pub border: f64,
    /// What is to be expected of it.
    pub expected: Figures,
}

/// Cap against quality at one size. Made by [`Expansion::caps`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CapFrontier {
    /// The size in words.
    pub asked: String,
    /// Its customers.
    pub customers: u64,
    /// One row a cap, as they were given.
    pub rows: Vec<CapRow>,
}

impl Expansion {
    /// Size against quality in the pool of this expansion, without its size and limit: what is to be expected of the first
    /// 1 %, 2 % … 10 % of the ranking. O(n) of the pool, and a sort of its tenth.
    ///
    /// # Errors
    /// As for [`Expansion::choose`], but for sizes and limits.
    pub fn frontier(&self, table: &FeatureTable, scores: &Scores) -> Result<Frontier> {
        let free = Self { cap: None, floor: None, cautious: false, ..self.clone() };
        let pool = Pool::of(&free, table, scores)?;
        let objective = pool.objective(&free, scores)?;
        let key = |place: usize| key(scores.ids(), pool.rows[place], &self.salt);
        let size_of = |share: f64| ((share * pool.len() as f64).round() as usize).clamp(1, pool.len());
        let largest = SHARES.into_iter().map(size_of).max().unwrap_or(1);
        let order = in_order(best(&objective, largest, &key)?, &objective, &key);
        let (mut rows, mut sums, mut done, mut border) = (Vec::new(), Sums::default(), 0, 1.0_f64);
        for share in SHARES {
            let size = size_of(share);
            let more = &order[done..size];
            sums = sums.plus(&sums_of(&free, table, &pool, more)?);
            border = more.iter().map(|place| pool.similarity[*place]).fold(border, f64::min);
            let expected = Figures::from_sums(&free, table, &pool, &sums);
            rows.push(FrontierRow { share, customers: size as u64, border, expected });
            done = size;
        }
        Ok(Frontier { pool: pool.len() as u64, rows })
    }

    /// Cap against quality at this expansion's size: what audiences under each of some caps on the return rate keep
    /// of the score without one, and at what price. All are of one size and of the pool that a cap has, which under
    /// [`MissingOutcome::Exclude`](super::MissingOutcome::Exclude) are those whose rates are known. One choice a cap.
    ///
    /// # Errors
    /// As for [`Expansion::choose`]; a cap that no audience of the size keeps is a row that says so. Also
    /// [`Error::Setting`] for a cap not from 0 to 1, and [`Error::Contradiction`] where the expansion has a floor or
    /// a size that leaves nothing to choose.
    pub fn caps(&self, table: &FeatureTable, scores: &Scores, caps: &[f64]) -> Result<CapFrontier> {
        let capped: Vec<Self> = caps.iter().map(|cap| self.capped(*cap)).collect::<Result<_>>()?;
        // Of any cap: pool and size are those of all.
        let ready = Ready::of(&self.capped(1.0)?, table, scores)?;
        let rows = caps
            .iter()
            .zip(&capped)
            .map(|(cap, own)| match ready.audience(own) {
                Ok(audience) => {
                    let limited = audience.limited.as_ref();
                    let reached = CapReached {
                        kept: limited.and_then(super::audience::Limited::kept),
                        shadow_price: limited.map_or(0.0, |limited| limited.shadow_price),
                        binding: limited.is_some_and(|limited| limited.binding),
                        border: audience.threshold,
                        expected: audience.expected,
                    };
                    Ok(CapRow { cap: *cap, reached: Some(reached), reason: None })
                }
                Err(Error::Unreachable { reachable, .. }) => {
                    Ok(CapRow { cap: *cap, reached: None, reason: Some(reachable) })
                }
                Err(other) => Err(other),
            })
            .collect::<Result<Vec<CapRow>>>()?;
        Ok(CapFrontier { asked: self.size.to_string(), customers: ready.customers(), rows })
    }
}
