//! Customers by tenths: who is in which, and what each brings.

use rayon::prelude::*;
use serde::Serialize;

use crate::economics::concentration::TENTHS;
use crate::economics::facts::Facts;
use crate::economics::plan::descending;
use crate::economics::rows::CHUNK;
use crate::transaction::MoneyTotal;

/// A tenth of the customers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Tenth {
    /// How many they are: of fewer than ten customers some tenths are empty.
    pub customers: u64,
    /// Their gross, as in the table.
    pub gross: MoneyTotal,
    /// As a share of all; `None` where all is zero.
    pub share_of_gross: Option<f64>,
    /// Their contribution.
    pub contribution: MoneyTotal,
    /// Over all contribution; `None` where that is zero or less.
    pub share_of_contribution: Option<f64>,
    /// Their return rate by value; `None` without sales or where returns are not known.
    pub return_rate: Option<f64>,
}

/// Values in their order, and the tenth of each.
pub(super) struct Ranked {
    pub(super) falling: Vec<i64>,
    /// In the order the values came in.
    pub(super) tenths: Vec<u8>,
}

impl Ranked {
    pub(super) fn of(values: &[i64]) -> Self {
        let order = descending(values);
        let falling = order.par_iter().map(|place| values[*place as usize]).collect();
        let mut tenths = vec![0; values.len()];
        for tenth in 0..TENTHS {
            for place in &order[bounds(tenth, values.len())] {
                tenths[*place as usize] = tenth as u8;
            }
        }
        Self { falling, tenths }
    }
}

/// The places of a tenth among so many.
pub(in crate::economics) fn bounds(tenth: usize, customers: usize) -> std::ops::Range<usize> {
    tenth * customers / TENTHS..(tenth + 1) * customers / TENTHS
}

/// One customer's amounts, in ten-thousandths.
pub(super) struct Customer {
    pub(super) row: usize,
    pub(super) gross: i64,
    pub(super) contribution: i64,
}

/// What is added up of a tenth, in ten-thousandths.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    customers: u64,
    gross: i128,
    contribution: i128,
    paid: i128,
    returned: i128,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.gross += other.gross;
        self.contribution += other.contribution;
        self.paid += other.paid;
        self.returned += other.returned;
    }

    /// The tenth, against all gross and contribution.
    pub(super) fn tenth(&self, (all_gross, all): (MoneyTotal, MoneyTotal), returns_known: bool) -> Tenth {
        let amount = MoneyTotal::from_ten_thousandths;
        let share_of_contribution = amount(self.contribution).share_of(all);
        Tenth {
            customers: self.customers,
            gross: amount(self.gross),
            share_of_gross: amount(self.gross).share_of(all_gross),
            contribution: amount(self.contribution),
            share_of_contribution: share_of_contribution.filter(|_| all > MoneyTotal::ZERO),
            return_rate: amount(self.returned).share_of(amount(self.paid)).filter(|_| returns_known),
        }
    }
}

/// The sums of both kinds of tenths, and how they go together.
#[derive(Clone, Default)]
pub(super) struct AllSums {
    pub(super) by_gross: [Sums; TENTHS],
    pub(super) by_contribution: [Sums; TENTHS],
    pub(super) crossing: [[u64; TENTHS]; TENTHS],
}

/// Adds the customers up by their tenths, in the order of their rows, so that memory is read once and in order.
pub(super) fn sums(
    facts: &Facts<'_>,
    customers: &[Customer],
    by_gross: &[u8],
    by_contribution: &[u8],
) -> AllSums {
    let partials: Vec<AllSums> = customers
        .par_chunks(CHUNK)
        .zip(by_gross.par_chunks(CHUNK))
        .zip(by_contribution.par_chunks(CHUNK))
        .map(|((customers, by_gross), by_contribution)| {
            let mut sums = AllSums::default();
            for ((customer, gross), contribution) in customers.iter().zip(by_gross).zip(by_contribution) {
                let (gross, contribution) = (usize::from(*gross), usize::from(*contribution));
                let returned = facts.attributed.and_then(|column| column.get(customer.row));
                let own = Sums {
                    customers: 1,
                    gross: i128::from(customer.gross),
                    contribution: i128::from(customer.contribution),
                    paid: i128::from(facts.paid(customer.row).unwrap_or_default()),
                    returned: i128::from(returned.unwrap_or_default()),
                };
                sums.by_gross[gross].add(&own);
                sums.by_contribution[contribution].add(&own);
                sums.crossing[gross][contribution] += 1;
            }
            sums
        })
        .collect();
    let mut sums = AllSums::default();
    for partial in &partials {
        sums.by_gross.iter_mut().zip(&partial.by_gross).for_each(|(sum, part)| sum.add(part));
        sums.by_contribution.iter_mut().zip(&partial.by_contribution).for_each(|(sum, part)| sum.add(part));
        for (counts, part) in sums.crossing.iter_mut().zip(&partial.crossing) {
            counts.iter_mut().zip(part).for_each(|(count, part)| *count += part);
        }
    }
    sums
}
