//! Who can be chosen, why others cannot, and what is to be expected of each.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::settings::{Expansion, Limit, MissingOutcome, SeedPolicy};
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::{Column, FeatureTable};
use crate::lookalike::Scores;
use crate::transaction::Money;

/// Rows of one task. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 14;

/// The highest number that is taken for a return rate. In a window of time a customer can send back more than she bought in it;
/// a column of percentages has customers far above this.
const HIGHEST_RATE: f64 = 10.0;

/// Why customers are not in the pool. Each is counted once, for the first reason that holds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    /// The predicate does not hold for them.
    pub not_eligible: u64,
    /// Nobody can say whether it does.
    pub eligibility_unknown: u64,
    /// They are seeds.
    pub seeds: u64,
    /// It is not known of them what the limit or the profit needs.
    pub missing_outcome: u64,
}

/// Numbers of the pool's customers, those that were missing filled in, and who was missing.
pub(super) struct Filled {
    pub(super) numbers: Vec<f64>,
    pub(super) unknown: Bitmap,
}

/// What is to be expected of the pool's customers, as far as the table says.
pub(super) struct Expected {
    pub(super) value: Option<Filled>,
    pub(super) rate: Option<Filled>,
    /// Upper bounds of return rates: at least what is expected.
    pub(super) high: Option<Filled>,
    /// Whether the table has the columns, of which nothing may be known.
    pub(super) has_value: bool,
    pub(super) has_rate: bool,
}

/// Those who can be chosen.
pub(super) struct Pool {
    /// Their rows in the table, ascending.
    pub(super) rows: Vec<usize>,
    pub(super) similarity: Vec<f64>,
    pub(super) expected: Expected,
    pub(super) left_out: LeftOut,
}

impl Pool {
    pub(super) fn of(expansion: &Expansion, table: &FeatureTable, scores: &Scores) -> Result<Self> {
        if scores.ids() != table.ids() {
            return Err(Error::Incompatible {
                what: "the customers",
                left: format!("those of the scores ({})", scores.len()),
                right: format!("those of the table ({})", table.len()),
            });
        }
        let columns = &expansion.columns;
        let numeric = |name: &str, needed: bool| -> Result<Option<&Column>> {
            if needed || table.has(name) { table.numeric(name).map(Some) } else { Ok(None) }
        };
        let capped = expansion.cap.is_some();
        let profit = expansion.profit.is_some();
        let value = numeric(&columns.value, capped || profit)?;
        let rate = numeric(&columns.return_rate, capped || profit)?;
        let high = numeric(&columns.return_rate_high, expansion.cautious)?;
        let contribution = match expansion.limit() {
            Some(Limit::Contribution(_)) => {
                table.money(&columns.contribution)?;
                Some(table.column(&columns.contribution)?)
            }
            _ => None,
        };
        let needed: Vec<&Column> = match expansion.missing {
            MissingOutcome::Pool => Vec::new(),
            MissingOutcome::Exclude => {
                let cautious = high.filter(|_| expansion.cautious);
                let of_rates = [value, rate].into_iter().filter(|_| capped || profit).flatten();
                of_rates.chain(cautious).chain(contribution).collect()
            }
        };
        let eligible = expansion.eligible.as_ref().map(|predicate| predicate.evaluate(table)).transpose()?;
        let unknown = eligible.as_ref().map(crate::segment::Matches::unknown);
        let judge = |row: usize, left: &mut LeftOut| {
            if unknown.as_ref().is_some_and(|unknown| unknown.get(row)) {
                left.eligibility_unknown += 1;
            } else if eligible.as_ref().is_some_and(|eligible| !eligible.holds().get(row)) {
                left.not_eligible += 1;
            } else if expansion.seeds == SeedPolicy::Exclude && scores.seed.get(row) {
                left.seeds += 1;
            } else if needed.iter().any(|column| !column.is_valid(row)) {
                left.missing_outcome += 1;
            } else {
                return true;
            }
            false
        };
        let parts: Vec<(Vec<usize>, LeftOut)> = (0..table.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut left = LeftOut::default();
                let rows = chunk * CHUNK..table.len().min((chunk + 1) * CHUNK);
                (rows.filter(|row| judge(*row, &mut left)).collect(), left)
            })
            .collect();
        let left_out = parts.iter().fold(LeftOut::default(), |all, (_, part)| LeftOut {
            not_eligible: all.not_eligible + part.not_eligible,
            eligibility_unknown: all.eligibility_unknown + part.eligibility_unknown,
            seeds: all.seeds + part.seeds,
            missing_outcome: all.missing_outcome + part.missing_outcome,
        });
        let rows = parts.into_iter().map(|part| part.0).collect::<Vec<_>>().concat();
        if rows.is_empty() {
            let hint = "no customer is eligible, not a seed and known well enough";
            return Err(Error::Empty { what: "the pool of an audience", hint });
        }
        let similarity: Vec<f64> = rows.par_iter().map(|row| scores.similarity(*row)).collect();
        let named = |name, column: Option<_>| column.map(|column| Named { name, column });
        let rate = named(&columns.return_rate, rate);
        let expected = Expected::read(table, &rows, value, rate, named(&columns.return_rate_high, high))?;
        Ok(Self { rows, similarity, expected, left_out })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What each is ranked by: similarity, or profit. Where nothing is added up it is the log odds, which tell apart whom
    /// similarities next to 1 do not.
    pub(super) fn objective(&self, expansion: &Expansion, scores: &Scores) -> Result<Vec<f64>> {
        let Some(profit) = expansion.profit else {
            return Ok(match expansion.limit() {
                Some(_) => self.similarity.clone(),
                None => self.rows.par_iter().map(|row| scores.log_odds[*row]).collect(),
            });
        };
        let (Some(value), Some(rate)) = (&self.expected.value, &self.expected.rate) else {
            return Err(nothing_known());
        };
        let of = |place: usize| profit.of(self.similarity[place], value.numbers[place], rate.numbers[place]);
        Ok((0..self.len()).into_par_iter().with_min_len(CHUNK).map(of).collect())
    }

    /// The contributions of a limit in ten-thousandths, missing ones as the pool's mean, rounded down.
    pub(super) fn contributions(&self, table: &FeatureTable, column: &str) -> Result<Vec<i64>> {
        let (amounts, known) = (table.money(column)?, table.column(column)?);
        let amount = |row: &usize| known.is_valid(*row).then(|| amounts[*row].ten_thousandths());
        let (sum, count) = self
            .rows
            .par_iter()
            .filter_map(amount)
            .map(|amount| (i128::from(amount), 1_i128))
            .reduce(|| (0, 0), |one, other| (one.0 + other.0, one.1 + other.1));
        if count == 0 {
            return Err(nothing_known());
        }
        let mean = sum.div_euclid(count) as i64;
        Ok(self.rows.par_iter().map(|row| amount(row).unwrap_or(mean)).collect())
    }
}

/// No customer of the pool has what a limit needs.
pub(super) fn nothing_known() -> Error {
    let hint = "enrich the table with `Economics::enrich`, or name the columns that have the values";
    Error::Empty { what: "what is known of the pool's value, return rates or contributions", hint }
}

/// A column of return rates.
#[derive(Clone, Copy)]
struct Named<'a> {
    name: &'a str,
    column: &'a Column,
}

impl Named<'_> {
    /// The rates of some rows.
    fn filled(
        self,
        table: &FeatureTable,
        rows: &[usize],
        weights: Option<&Filled>,
    ) -> Result<Option<Filled>> {
        let found = filled(rows, self.column, weights);
        let wrong = |rate: &f64| *rate > HIGHEST_RATE;
        match found
            .as_ref()
            .and_then(|found| found.numbers.iter().position(wrong).map(|place| (found, place)))
        {
            Some((found, place)) => Err(Error::Setting {
                setting: "column of return rates",
                found: format!(
                    "`{}` with {} for customer `{}`",
                    self.name,
                    found.numbers[place],
                    table.ids().id(rows[place])
                ),
                expected: "shares, such as 0.45 for 45 %",
            }),
            None => Ok(found),
        }
    }
}

impl Expected {
    fn read(
        table: &FeatureTable,
        rows: &[usize],
        value: Option<&Column>,
        rate: Option<Named<'_>>,
        high: Option<Named<'_>>,
    ) -> Result<Self> {
        let (has_value, has_rate) = (value.is_some(), rate.is_some());
        let value = value.and_then(|column| filled(rows, column, None));
        let rates = |named: Option<Named<'_>>| match named {
            Some(named) => named.filled(table, rows, value.as_ref()),
            None => Ok(None),
        };
        let (rate, mut high) = (rates(rate)?, rates(high)?);
        if let (Some(high), Some(rate)) = (&mut high, &rate) {
            let both = high.numbers.par_iter_mut().zip(&rate.numbers).with_min_len(CHUNK);
            both.for_each(|(high, rate)| *high = high.max(*rate));
        }
        Ok(Self { value, rate, high, has_value, has_rate })
    }
}

/// The numbers of some rows, not below zero; missing ones are the mean of those known, weighted where there are
/// weights that are known. `None` where none is known.
fn filled(rows: &[usize], column: &Column, weights: Option<&Filled>) -> Option<Filled> {
    let number = |row: &usize| column.number(*row).map(|number| number.max(0.0));
    // Sums in a fixed order: chunk by chunk, and those in their order.
    let sums: Vec<[f64; 4]> = rows
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, rows)| {
            let mut sums = [0.0; 4];
            for (place, row) in rows.iter().enumerate() {
                let Some(number) = number(row) else { continue };
                let place = chunk * CHUNK + place;
                let weight = weights
                    .filter(|weights| !weights.unknown.get(place))
                    .map_or(0.0, |weights| weights.numbers[place]);
                for (sum, part) in sums.iter_mut().zip([number, 1.0, number * weight, weight]) {
                    *sum += part;
                }
            }
            sums
        })
        .collect();
    let total = sums.iter().fold([0.0; 4], |all, part| {
        let mut all: [f64; 4] = all;
        all.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        all
    });
    let mean = if total[3] > 0.0 { total[2] / total[3] } else { total[0] / total[1] };
    (total[1] > 0.0 && mean.is_finite()).then(|| Filled {
        numbers: rows.par_iter().map(|row| number(row).unwrap_or(mean)).collect(),
        unknown: rows.iter().map(|row| !column.is_valid(*row)).collect(),
    })
}

/// The difference between a floor and a contribution in currency units, rounded up.
pub(super) fn shortfall(floor: Money, contribution: i64) -> f64 {
    let exact = i128::from(floor.ten_thousandths()) - i128::from(contribution);
    let near = exact as f64;
    // Ten-thousandths and not units: the division would have to be rounded up as well.
    if (near as i128) < exact { near.next_up() } else { near }
}
