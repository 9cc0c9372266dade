//! An audience: its members in order, and what is to be expected of them.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::pool::{LeftOut, Pool};
use super::settings::{Expansion, Limit};
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::{Column, FeatureTable, Values};
use crate::lookalike::selection::Selection;
use crate::transaction::{CustomerId, CustomerIds, MoneyTotal};

/// More than what rounding can do to a return rate.
const ROUNDING: f64 = 1e-12;

/// Members of one task.
const CHUNK: usize = 1 << 14;

/// What is to be expected of an audience, as far as the table says. Who is unknown counts as the pool does, and is counted.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Figures {
    /// Mean similarity of the members: the share of seeds among customers like them.
    pub similarity: f64,
    /// What they are expected to buy, in currency units; `None` without the column of values.
    pub demand: Option<f64>,
    /// Members whose value is missing.
    pub demand_unknown: u64,
    /// Their expected return rate by value; `None` without the columns, or where nothing is bought.
    pub return_rate: Option<f64>,
    /// The same by the upper bounds of their return rates, or by the expected ones of those where these are higher.
    pub return_rate_high: Option<f64>,
    /// Members whose return rate is missing.
    pub return_rate_unknown: u64,
    /// What those of them contribute of whom it is known; `None` without a column of money, or where it is known of none.
    pub contribution: Option<MoneyTotal>,
    /// Members whose contribution is missing.
    pub contribution_unknown: u64,
}

/// What a limit did to an audience.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Limited {
    /// The limit in words.
    pub limit: String,
    /// Whether the most similar customers alone would have broken it.
    pub binding: bool,
    /// Similarities (or profits) of the members, added up.
    pub score: f64,
    /// The same without the limit.
    pub unconstrained: f64,
    /// What no audience of the size under the limit can exceed.
    pub bound: f64,
    /// Whether it is proven that no audience of the size under the limit has a higher score.
    pub proven: bool,
    /// What the limit costs: by how many score points the best audience would grow for one currency unit more of excess
    /// returns (or less of contribution).
    pub shadow_price: f64,
}

impl Limited {
    /// The part of the score without the limit that is left under it; `None` where that is not above zero.
    #[must_use]
    pub fn kept(&self) -> Option<f64> {
        (self.unconstrained > 0.0).then(|| self.score / self.unconstrained)
    }
}

/// What a selection says of a limit, whose excess is in units of so much currency.
pub(super) fn limited(limit: Limit, selection: &Selection, unit: f64) -> Limited {
    Limited {
        limit: limit.to_string(),
        binding: selection.binding,
        score: selection.score,
        unconstrained: selection.unconstrained.score,
        bound: selection.bound,
        proven: selection.proven,
        shadow_price: selection.shadow_price / unit,
    }
}

/// Customers chosen by their scores, in order. Made by [`Expansion::choose`].
///
/// Serialises its figures; the members go to a file by [`Audience::write_csv`]. Takes 17 bytes a member and a bit a
/// customer of the table.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Audience {
    /// Its name.
    pub name: String,
    /// How many were to be chosen, in words.
    pub asked: String,
    /// Customers who could be chosen.
    pub pool: u64,
    /// Why others could not.
    pub left_out: LeftOut,
    /// The lowest similarity of a member.
    pub threshold: f64,
    /// What is to be expected of the members.
    pub expected: Figures,
    /// What the limit did; `None` without one.
    pub limited: Option<Limited>,
    /// Whether profit ranks its members, and not similarity.
    #[serde(skip)]
    pub(super) by_profit: bool,
    #[serde(skip)]
    customers: Arc<CustomerIds>,
    #[serde(skip)]
    members: Vec<(usize, f64)>,
    #[serde(skip)]
    mask: Bitmap,
}

impl Audience {
    /// `places` are those of the pool, in order.
    pub(super) fn new(
        expansion: &Expansion,
        table: &FeatureTable,
        pool: &Pool,
        places: &[usize],
        expected: Figures,
        limited: Option<Limited>,
    ) -> Self {
        let members: Vec<(usize, f64)> =
            places.iter().map(|place| (pool.rows[*place], pool.similarity[*place])).collect();
        let mut mask = Bitmap::filled(table.len(), false);
        for (row, _) in &members {
            mask.set(*row, true);
        }
        Self {
            name: expansion.name.clone(),
            asked: expansion.size.to_string(),
            pool: pool.len() as u64,
            left_out: pool.left_out,
            threshold: members.iter().map(|member| member.1).fold(1.0, f64::min),
            expected,
            limited,
            by_profit: expansion.profit.is_some(),
            customers: Arc::clone(table.shared_ids()),
            members,
            mask,
        }
    }

    /// How many members it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has none, which no expansion makes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The customers it was chosen from and all others of the table, in row order.
    #[must_use]
    pub fn customers(&self) -> &CustomerIds {
        &self.customers
    }

    /// One bit a customer of the table: who is a member.
    #[must_use]
    pub fn mask(&self) -> &Bitmap {
        &self.mask
    }

    /// The members' ids, ascending.
    #[must_use]
    pub fn members(&self) -> CustomerIds {
        self.customers.gather(&self.mask.ones().collect::<Vec<usize>>())
    }

    /// The members and their similarity, the first of the ranking first.
    #[must_use]
    pub fn in_order(&self) -> impl ExactSizeIterator<Item = (CustomerId, f64)> {
        self.members.iter().map(|(row, similarity)| (self.customers.id(*row), *similarity))
    }

    /// Writes the members as CSV: id, rank from 1 and similarity, in order.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<()> {
        let failed = |source| Error::Io { path: "the CSV output".into(), source };
        let mut out = std::io::BufWriter::new(out);
        writeln!(out, "customer,rank,similarity").map_err(failed)?;
        for (rank, (id, similarity)) in self.in_order().enumerate() {
            let id = id.to_string();
            // RFC 4180.
            let id = if id.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", id.replace('"', "\"\""))
            } else {
                id
            };
            writeln!(out, "{id},{},{similarity}", rank + 1).map_err(failed)?;
        }
        out.flush().map_err(failed)
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audience")
            .field("name", &self.name)
            .field("members", &self.len())
            .field("pool", &self.pool)
            .field("expected", &self.expected)
            .field("limited", &self.limited)
            .finish_non_exhaustive()
    }
}

/// Sums over members of one chunk.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) members: u64,
    pub(super) similarity: f64,
    pub(super) value: f64,
    pub(super) value_unknown: u64,
    pub(super) returns: f64,
    pub(super) returns_high: f64,
    pub(super) rate_unknown: u64,
    pub(super) contribution: i128,
    pub(super) contribution_unknown: u64,
}

impl Sums {
    pub(super) fn plus(self, other: &Self) -> Self {
        Self {
            members: self.members + other.members,
            similarity: self.similarity + other.similarity,
            value: self.value + other.value,
            value_unknown: self.value_unknown + other.value_unknown,
            returns: self.returns + other.returns,
            returns_high: self.returns_high + other.returns_high,
            rate_unknown: self.rate_unknown + other.rate_unknown,
            contribution: self.contribution + other.contribution,
            contribution_unknown: self.contribution_unknown + other.contribution_unknown,
        }
    }
}

/// Sums over some of a pool, chunk by chunk in the given order.
pub(super) fn sums_of(
    expansion: &Expansion,
    table: &FeatureTable,
    pool: &Pool,
    places: &[usize],
) -> Result<Sums> {
    let name = &expansion.columns.contribution;
    let is_money = |column: &&Column| matches!(column.values(), Values::Money(_));
    let contribution = table.column(name).ok().filter(is_money);
    let amounts = if contribution.is_some() { table.money(name)? } else { &[] };
    let expected = &pool.expected;
    let parts: Vec<Sums> = places
        .par_chunks(CHUNK)
        .map(|places| {
            let mut sums = Sums::default();
            for place in places {
                let value = expected.value.as_ref().map_or(0.0, |value| value.numbers[*place]);
                // Of a column of which nothing is known, it is of no one.
                let unknown = |has: bool, of: &Option<super::pool::Filled>| {
                    u64::from(has && of.as_ref().is_none_or(|of| of.unknown.get(*place)))
                };
                let rate =
                    |of: &Option<super::pool::Filled>| of.as_ref().map_or(0.0, |of| of.numbers[*place]);
                sums.members += 1;
                sums.similarity += pool.similarity[*place];
                sums.value += value;
                sums.value_unknown += unknown(expected.has_value, &expected.value);
                sums.returns += value * rate(&expected.rate);
                sums.returns_high += value * rate(&expected.high);
                sums.rate_unknown += unknown(expected.has_rate, &expected.rate);
                let row = pool.rows[*place];
                match contribution {
                    Some(column) if column.is_valid(row) => {
                        sums.contribution += i128::from(amounts[row].ten_thousandths());
                    }
                    _ => sums.contribution_unknown += 1,
                }
            }
            sums
        })
        .collect();
    Ok(parts.iter().fold(Sums::default(), Sums::plus))
}

impl Figures {
    pub(super) fn of(
        expansion: &Expansion,
        table: &FeatureTable,
        pool: &Pool,
        places: &[usize],
    ) -> Result<Self> {
        let mut in_rows = places.to_vec();
        in_rows.par_sort_unstable();
        let sums = sums_of(expansion, table, pool, &in_rows)?;
        Ok(Self::from_sums(expansion, table, pool, &sums))
    }

    pub(super) fn from_sums(expansion: &Expansion, table: &FeatureTable, pool: &Pool, sums: &Sums) -> Self {
        let expected = &pool.expected;
        // A cap holds exactly; a quotient of rounded sums must not say otherwise in its last digits.
        let at_most = |cautious: bool| {
            expansion.cap.filter(|_| expansion.cautious == cautious).unwrap_or(f64::INFINITY)
        };
        let rate = |has: bool, returns: f64, most: f64| {
            (has && sums.value > 0.0).then(|| {
                let rate = returns / sums.value;
                if rate - most <= ROUNDING { rate.min(most) } else { rate }
            })
        };
        let money = table.money(&expansion.columns.contribution).is_ok();
        Self {
            similarity: sums.similarity / sums.members as f64,
            demand: expected.value.as_ref().map(|_| sums.value),
            demand_unknown: sums.value_unknown,
            return_rate: rate(expected.rate.is_some(), sums.returns, at_most(false)),
            return_rate_high: rate(expected.high.is_some(), sums.returns_high, at_most(true)),
            return_rate_unknown: sums.rate_unknown,
            contribution: (money && sums.contribution_unknown < sums.members)
                .then(|| MoneyTotal::from_ten_thousandths(sums.contribution)),
            contribution_unknown: if money { sums.contribution_unknown } else { 0 },
        }
    }
}
