//! Customers whose rank by gross and rank by what is left of it differ most.

use std::cmp::{Ordering, Reverse};
use std::fmt;

use rayon::prelude::*;
use serde::Serialize;

use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::waterfalls::waterfalls;
use crate::error::Result;
use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped, money};
use crate::transaction::{CustomerId, Money};

/// What customers are ranked by, beside gross.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RankBy {
    /// Gross less discounts and posted returns, as in the table.
    Net,
    /// The last known margin: CM3, or CM2 where marketing is not known.
    Contribution,
}

/// One customer's two ranks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RankShift {
    /// The customer.
    pub customer: CustomerId,
    /// Her gross, as in the table.
    pub gross: Money,
    /// Her net sales or contribution.
    pub value: Money,
    /// Her rank by gross; the highest has rank 1.
    pub gross_rank: u32,
    /// Her rank by the other value.
    pub rank: u32,
}

impl RankShift {
    /// How many ranks she falls; negative where she rises.
    #[must_use]
    pub fn fall(&self) -> i64 {
        i64::from(self.rank) - i64::from(self.gross_rank)
    }
}

/// Customers whose ranks differ most, the largest difference first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RankShifts {
    /// What the second rank is by.
    pub by: RankBy,
    /// How many customers were ranked.
    pub ranked: u64,
    /// The customers.
    pub shifts: Vec<RankShift>,
}

impl Economics {
    /// The `top` customers whose rank by gross and rank by net sales or contribution differ most, up or down.
    ///
    /// Ranked are customers with a gross above zero whose other value is known, from the highest value on; of equals
    /// the one with the smaller id comes first, also among equal differences. O(customers log customers).
    ///
    /// # Errors
    /// For [`RankBy::Contribution`] as for [`Economics::waterfalls`]; for [`RankBy::Net`] where `gross` is not there or
    /// a column is not money.
    pub fn rank_shifts(&self, table: &FeatureTable, by: RankBy, top: usize) -> Result<RankShifts> {
        let facts = Facts::read(table)?;
        let waterfalls = match by {
            RankBy::Contribution => Some(waterfalls(&self.costs, &facts)?),
            RankBy::Net => None,
        };
        let value = |row: usize| {
            if let Some(waterfalls) = &waterfalls {
                return waterfalls.last_margin(row).map(Money::ten_thousandths);
            }
            let returned = facts.returned.map_or(Some(0), |column| column.get(row))?;
            facts.paid(row)?.checked_sub(returned)
        };
        let customers: Vec<(usize, i64, i64)> = (0..facts.len())
            .filter_map(|row| Some((row, facts.gross.get(row).filter(|gross| *gross > 0)?, value(row)?)))
            .collect();
        let ranks = |of: fn(&(usize, i64, i64)) -> i64| {
            let values: Vec<i64> = customers.iter().map(of).collect();
            let mut ranks = vec![0; values.len()];
            descending(&values).iter().zip(1..).for_each(|(place, rank)| ranks[*place as usize] = rank);
            ranks
        };
        let (by_gross, by_value): (Vec<u32>, Vec<u32>) = (ranks(|c| c.1), ranks(|c| c.2));
        let mut order: Vec<usize> = (0..customers.len()).collect();
        order
            .par_sort_unstable_by_key(|place| (Reverse(by_gross[*place].abs_diff(by_value[*place])), *place));
        let shifts = order.into_iter().take(top).map(|place| {
            let (row, gross, value) = customers[place];
            RankShift {
                customer: table.ids().id(row),
                gross: Money::from_ten_thousandths(gross),
                value: Money::from_ten_thousandths(value),
                gross_rank: by_gross[place],
                rank: by_value[place],
            }
        });
        Ok(RankShifts { by, ranked: customers.len() as u64, shifts: shifts.collect() })
    }
}

/// The places of some values from the largest to the smallest; of equals the first comes first.
pub(in crate::economics) fn descending(values: &[i64]) -> Vec<u32> {
    let mut order: Vec<(Reverse<i64>, u32)> = values.iter().copied().map(Reverse).zip(0..).collect();
    order.par_sort_unstable();
    order.into_iter().map(|(_, place)| place).collect()
}

/// The rank of each of so many places, from 1, as `compare` orders them; of equals the first comes first.
pub(in crate::economics) fn ranks(places: usize, compare: impl Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places).collect();
    order.sort_by(|a, b| compare(*a, *b));
    let mut ranks = vec![0; places];
    order.into_iter().zip(1..).for_each(|(place, rank)| ranks[place] = rank);
    ranks
}

impl fmt::Display for RankShifts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = match self.by {
            RankBy::Net => "net",
            RankBy::Contribution => "contribution",
        };
        let mut table = TextTable::new(&["<customer", "gross", value, "rank by gross", "rank now", "fall"]);
        for shift in &self.shifts {
            table.row([
                shift.customer.to_string(),
                money(shift.gross),
                money(shift.value),
                grouped(shift.gross_rank),
                grouped(shift.rank),
                grouped(shift.fall()),
            ]);
        }
        write!(f, "{table}")
    }
}
