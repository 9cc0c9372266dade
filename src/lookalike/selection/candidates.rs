//! Candidates with a score and an excess each, and what is chosen of them.

use std::borrow::Cow;

use rayon::prelude::*;
use serde::Serialize;

use super::branch::{ENOUGH, branched};
use super::finish::{Chosen, Key, constrained, plain};
use super::flips::MOST_STEPS;
use super::grid::Grid;
use super::multiplier::{Found, search};
use super::pool::{Pool, Sums, Units};
use crate::error::{Error, Result};

/// Candidates: a score each, of which as much as possible is wanted, and an excess each, whose sum must not be above zero.
///
/// ```
/// use kohort::lookalike::selection::Candidates;
///
/// // Eight customers: how much they resemble the seeds, and returns beyond 30 % of their demand.
/// let scores = [0.90, 0.85, 0.80, 0.70, 0.60, 0.50, 0.40, 0.30];
/// let demand = [100.0, 80.0, 120.0, 60.0, 90.0, 110.0, 70.0, 50.0];
/// let rates = [0.60, 0.20, 0.55, 0.35, 0.15, 0.30, 0.10, 0.25];
/// let excess: Vec<f64> = demand.iter().zip(rates).map(|(demand, rate)| demand * (rate - 0.30)).collect();
///
/// let chosen = Candidates::new(&scores, &excess)?.select(4)?;
/// assert_eq!(chosen.rows, [0, 1, 4, 6]);
/// assert!((chosen.score - 2.75).abs() < 1e-12 && chosen.excess <= 0.0);
/// assert!(chosen.bound >= chosen.score, "no four of them reach more than the bound");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Candidates<'a> {
    scores: &'a [f64],
    excess: &'a [f64],
    keys: Option<&'a [u64]>,
}

impl std::fmt::Debug for Candidates<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidates").field("candidates", &self.scores.len()).finish_non_exhaustive()
    }
}

/// What is chosen by score alone.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Plain {
    /// Σ of scores.
    pub score: f64,
    /// Σ of excess.
    pub excess: f64,
}

/// What is chosen. Made by [`Candidates::select`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Selection {
    /// The positions of those chosen, ascending.
    pub rows: Vec<usize>,
    /// Σ of their scores.
    pub score: f64,
    /// Σ of their excess: at most zero, as a sum of real numbers.
    pub excess: f64,
    /// What no set of the size that keeps the limit can exceed: the value of the linear relaxation, or less where more was
    /// looked at. Where the score is proven to be the best there is, and where the limit does not bind, it is the score.
    pub bound: f64,
    /// Whether the best by score alone would break the limit.
    pub binding: bool,
    /// Whether it is proven that no set of the size that keeps the limit is better, but for rounding. Where many are
    /// chosen it mostly is not, and next to nothing is between [`bound`](Self::bound) and [`score`](Self::score).
    pub proven: bool,
    /// The price of the limit: score points that one more unit of excess would bring; 0 where it does not bind.
    pub shadow_price: f64,
    /// What the best by score alone have.
    pub unconstrained: Plain,
}

impl Selection {
    /// By how much the score may fall short of the best there is, at most.
    #[must_use]
    pub fn gap(&self) -> f64 {
        self.bound - self.score
    }
}

/// The answer, or how near one can come to it.
pub(crate) enum Outcome {
    Chosen(Box<Selection>),
    /// No set of the size keeps the limit: the largest one that does.
    Impossible {
        largest: usize,
    },
}

/// The best `size` of candidates whose excess sums to at most zero; see [`Candidates`]. Of candidates with equal score and
/// excess the first ones are taken; where that must not follow the order of the rows, give [`Candidates::keys`].
///
/// # Errors
/// As for [`Candidates::new`] and [`Candidates::select`].
pub fn select(scores: &[f64], excess: &[f64], size: usize) -> Result<Selection> {
    Candidates::new(scores, excess)?.select(size)
}

impl<'a> Candidates<'a> {
    /// Candidates with a score and an excess each.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where the two differ in length.
    pub fn new(scores: &'a [f64], excess: &'a [f64]) -> Result<Self> {
        same_length("excess", excess.len(), scores.len())?;
        Ok(Self { scores, excess, keys: None })
    }

    /// What decides between candidates with equal score and excess: the smaller key is taken. With a distinct key for each,
    /// such as a hash of an id, the order of the rows does not matter to the choice. Defaults to the position.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where there is not one key a candidate.
    pub fn keys(mut self, keys: &'a [u64]) -> Result<Self> {
        same_length("keys", keys.len(), self.scores.len())?;
        self.keys = Some(keys);
        Ok(self)
    }

    /// The best `size`.
    ///
    /// The sum of excess is at most zero exactly: each excess is rounded up to a multiple of about 2⁻⁶² of the largest, and
    /// the multiples are added as whole numbers. The score is within [`Selection::gap`] of the best there is. Where many are
    /// equal, as many of the groups at the border are taken as the limit leaves room for. Among the candidates nearest to
    /// the border (some 16,000, of more equal ones a few; all where there are no more) no exchange of one for one improves
    /// it, but for a thousand improvements, after which it is left at that. Then a million steps are spent on a search for
    /// the best set there is, which mostly end with one that is [`proven`](Selection::proven) where some dozens are
    /// chosen; and where more than three ten-thousandths are lacking, up to a hundred choices with and without those
    /// who weigh most.
    ///
    /// O(candidates): some ten passes over two columns, less than the time it takes to sort one; two numbers a candidate
    /// that is undecided at first. The same for any number of threads.
    ///
    /// # Errors
    /// [`Error::Setting`] for a number that is not finite or above 1e100 in size, or a size of zero;
    /// [`Error::Unreachable`] where there are not so many candidates, or no set of so many keeps the limit: it names the
    /// largest that does.
    pub fn select(&self, size: usize) -> Result<Selection> {
        let keys = self.keys;
        let key = move |row: usize| keys.map_or(row as u64, |keys| keys[row]);
        match choose(self.scores, self.excess, size, &key)? {
            Outcome::Chosen(selection) => Ok(*selection),
            Outcome::Impossible { largest } => Err(Error::Unreachable {
                wanted: format!("{size} whose excess sums to at most zero"),
                reachable: format!("the largest that keeps to it has {largest}"),
            }),
        }
    }
}

fn same_length(column: &str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::ColumnLength { column: column.into(), found, against: "scores".into(), expected })
}

/// The best `size` candidates; of equal ones those with the smaller key, which is asked for only where it decides.
pub(crate) fn choose(scores: &[f64], excess: &[f64], size: usize, key: Key<'_>) -> Result<Outcome> {
    if size == 0 {
        return Err(Error::Setting { setting: "size", found: "0".into(), expected: "at least 1" });
    }
    if size > scores.len() {
        return Err(Error::Unreachable {
            wanted: size.to_string(),
            reachable: format!("there are {} to choose from", scores.len()),
        });
    }
    let units = Units::of(scores, excess)?;
    let pool = Pool::new(units, Cow::Borrowed(scores), Cow::Borrowed(excess));
    let of = |sums: Sums| Plain {
        score: units.scores.amount(sums.score),
        excess: units.excesses.amount(sums.excess),
    };
    let selection = |chosen: Chosen, unconstrained, price: Option<(f64, f64, bool)>| {
        let Plain { score, excess } = of(chosen.sums);
        let (bound, shadow_price, proven) = price.unwrap_or((score, 0.0, true));
        let (rows, binding) = (chosen.rows, price.is_some());
        // The bound is a sum in another order; where nothing is left, rounding must not make it less than nothing. What is
        // proven to be the best is a bound itself.
        let bound = if proven { score } else { bound.max(score) };
        Outcome::Chosen(Box::new(Selection {
            rows,
            score,
            excess,
            bound,
            binding,
            proven,
            shadow_price,
            unconstrained,
        }))
    };
    Ok(match search(&pool, size, Sums::default()) {
        Found::Loose(end) => selection(plain(&pool, end, Sums::default(), key), of(end.sums), None),
        Found::Tight(price) => {
            let (chosen, proven) = constrained(&pool, &price, Sums::default(), MOST_STEPS, key);
            let lacking = price.bound - units.scores.amount(chosen.sums.score);
            let (chosen, bound, proven) = if proven || lacking <= ENOUGH * price.bound.abs() {
                (chosen, price.bound, proven)
            } else {
                branched(&pool, size, &price, chosen, key)
            };
            selection(chosen, of(price.plain), Some((bound, price.multiplier, proven)))
        }
        Found::Impossible => Outcome::Impossible { largest: largest(units.excesses, excess) },
    })
}

/// The best `size` by score alone, without a limit.
pub(crate) fn best(scores: &[f64], size: usize, key: Key<'_>) -> Result<Vec<usize>> {
    let none = vec![0.0; scores.len()];
    match choose(scores, &none, size, key)? {
        Outcome::Chosen(selection) => Ok(selection.rows),
        Outcome::Impossible { .. } => Ok(Vec::new()),
    }
}

/// How many candidates a set can have that keeps the limit.
fn largest(grid: Grid, excess: &[f64]) -> usize {
    let mut steps: Vec<i64> = excess.par_iter().map(|excess| grid.up(*excess)).collect();
    steps.par_sort_unstable();
    let mut sum = 0_i128;
    // Sums of the smallest fall and then rise, so the last that is not above zero is the largest set.
    let kept = steps.iter().take_while(|step| {
        sum += i128::from(**step);
        sum <= 0
    });
    kept.count()
}
