//! The waterfall of every customer of a table, and their exact sums.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::economics::costs::Costs;
use crate::economics::facts::Facts;
use crate::economics::formula::{Formula, out_of_range};
use crate::economics::waterfall::{Item, Known, Waterfall};
use crate::error::{Error, Result};
use crate::segment::Segmentation;
use crate::transaction::{CustomerIds, Money};

/// Rows of one task. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 14;

/// A customer's amounts, one per [`Item`].
pub(super) type ItemAmounts = [i64; Item::ALL.len()];

/// The waterfalls of a table's customers, in row order.
///
/// Made by [`Economics::waterfalls`](crate::Economics::waterfalls). A customer of whom a needed value is missing has
/// none and is in no sum. Takes 88 bytes a customer.
#[derive(Clone)]
pub struct Waterfalls {
    ids: Arc<CustomerIds>,
    known: Known,
    customers: Bitmap,
    amounts: Vec<ItemAmounts>,
}

impl fmt::Debug for Waterfalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waterfalls")
            .field("customers", &self.len())
            .field("known", &self.customers.count())
            .finish_non_exhaustive()
    }
}

impl Waterfalls {
    /// How many customers there are, those without a waterfall among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.amounts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The customers, in row order.
    #[must_use]
    pub fn ids(&self) -> &CustomerIds {
        &self.ids
    }

    /// A customer's waterfall, by row; `None` where a value it needs is missing.
    #[must_use]
    pub fn customer(&self, row: usize) -> Option<Waterfall> {
        self.customers.get(row).then(|| {
            let mut waterfall = Waterfall::empty(self.known);
            waterfall.add(&self.amounts[row]);
            waterfall
        })
    }

    /// The sum over all customers.
    #[must_use]
    pub fn shop(&self) -> Waterfall {
        self.sum(self.customers.ones())
    }

    /// The sum over each segment, in the order of its names, and last over the customers without a segment.
    /// O(customers).
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the segmentation has other customers.
    pub fn segments(&self, segments: &Segmentation) -> Result<Vec<Waterfall>> {
        if *self.ids != *segments.ids() {
            return Err(Error::Incompatible {
                what: "the customers",
                left: format!("those of the segmentation ({})", segments.len()),
                right: format!("those of the table ({})", self.len()),
            });
        }
        let groups = segments.names().len() + 1;
        let partials: Vec<Vec<Waterfall>> = segments
            .codes()
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, codes)| {
                let mut sums = vec![Waterfall::empty(self.known); groups];
                for (code, row) in codes.iter().zip(chunk * CHUNK..) {
                    if self.customers.get(row) {
                        sums[usize::from(*code).min(groups - 1)].add(&self.amounts[row]);
                    }
                }
                sums
            })
            .collect();
        let mut sums = vec![Waterfall::empty(self.known); groups];
        for partial in &partials {
            sums.iter_mut().zip(partial).for_each(|(sum, part)| sum.merge(part));
        }
        Ok(sums)
    }

    fn sum(&self, rows: impl Iterator<Item = usize>) -> Waterfall {
        let mut sum = Waterfall::empty(self.known);
        rows.for_each(|row| sum.add(&self.amounts[row]));
        sum
    }

    /// A customer's CM2, by row; `None` where it is not known.
    pub(super) fn cm2(&self, row: usize) -> Option<Money> {
        self.margin(row, &Item::ALL[..Item::Marketing as usize])
    }

    /// A customer's last known margin, by row.
    pub(super) fn last_margin(&self, row: usize) -> Option<Money> {
        self.margin(row, &Item::ALL)
    }

    /// The margin after `items`. All margins were checked when the waterfalls were made.
    fn margin(&self, row: usize, items: &[Item]) -> Option<Money> {
        let amounts = self.customers.get(row).then(|| &self.amounts[row])?;
        i64::try_from(margin(amounts, items)).ok().map(Money::from_ten_thousandths)
    }

    pub(super) fn known_customers(&self) -> &Bitmap {
        &self.customers
    }
}

fn margin(amounts: &ItemAmounts, items: &[Item]) -> i128 {
    let signed = |item: Item| {
        let amount = i128::from(amounts[item as usize]);
        if matches!(item, Item::Gross | Item::CostOfGoodsReturned) { amount } else { -amount }
    };
    items.iter().map(|item| signed(*item)).sum()
}

/// Computes the waterfalls of a table.
pub(super) fn waterfalls(costs: &Costs, facts: &Facts<'_>) -> Result<Waterfalls> {
    let formula = Formula::new(costs, facts)?;
    let rows = facts.len();
    let chunks: Vec<Vec<Option<ItemAmounts>>> = (0..rows.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| (chunk * CHUNK..rows.min((chunk + 1) * CHUNK)).map(|row| formula.row(row)).collect())
        .collect::<Result<_>>()?;
    let mut amounts: Vec<ItemAmounts> = Vec::with_capacity(rows);
    let mut customers = Bitmap::filled(rows, true);
    for (row, value) in chunks.into_iter().flatten().enumerate() {
        if value.is_none() {
            customers.set(row, false);
        }
        amounts.push(value.unwrap_or_default());
    }
    formula.spread_marketing(&customers, &mut amounts)?;
    for row in customers.ones() {
        for items in [&Item::ALL[..Item::Marketing as usize], &Item::ALL] {
            i64::try_from(margin(&amounts[row], items)).map_err(|_| out_of_range(facts.table, row))?;
        }
    }
    Ok(Waterfalls { ids: Arc::clone(facts.table.shared_ids()), known: formula.known, customers, amounts })
}
