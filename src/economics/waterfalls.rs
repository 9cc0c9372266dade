//! The waterfall of every customer of a table, and their exact sums.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::economics::costs::Costs;
use crate::economics::facts::Facts;
use crate::economics::formula::Formula;
use crate::economics::rows::{CHUNK, by_chunks, by_groups};
use crate::economics::waterfall::{Item, Known, Waterfall};
use crate::error::{Error, Result};
use crate::segment::Segmentation;
use crate::transaction::{CustomerIds, Money};

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
        let partials = by_chunks(self.len(), |rows| {
            let mut sum = Waterfall::empty(self.known);
            rows.filter(|row| self.customers.get(*row)).for_each(|row| sum.add(&self.amounts[row]));
            sum
        });
        let mut sum = Waterfall::empty(self.known);
        for part in &partials {
            sum.merge(part);
        }
        sum
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
        let partials = by_groups(self.len(), groups, |rows| {
            let mut sums = vec![Waterfall::empty(self.known); groups];
            for (code, row) in segments.codes()[rows.clone()].iter().zip(rows) {
                if self.customers.get(row) {
                    sums[usize::from(*code).min(groups - 1)].add(&self.amounts[row]);
                }
            }
            sums
        });
        let mut sums = vec![Waterfall::empty(self.known); groups];
        for partial in &partials {
            sums.iter_mut().zip(partial).for_each(|(sum, part)| sum.merge(part));
        }
        Ok(sums)
    }

    /// A customer's CM2, by row; `None` where it is not known.
    pub(super) fn cm2(&self, row: usize) -> Option<Money> {
        self.margin(row, &Item::ALL[..Item::Marketing as usize])
    }

    /// A customer's last known margin, by row.
    pub(super) fn last_margin(&self, row: usize) -> Option<Money> {
        self.margin(row, &Item::ALL)
    }

    /// The margin after `items`. All margins were checked when the waterfalls were made, so that sums that wrap on the
    /// way to them end where they should.
    #[inline]
    fn margin(&self, row: usize, items: &[Item]) -> Option<Money> {
        let amounts = self.customers.get(row).then(|| &self.amounts[row])?;
        let margin = items.iter().fold(0_i64, |sum, item| {
            let amount = amounts[*item as usize];
            if item.adds() { sum.wrapping_add(amount) } else { sum.wrapping_sub(amount) }
        });
        Some(Money::from_ten_thousandths(margin))
    }

    pub(super) fn known_customers(&self) -> &Bitmap {
        &self.customers
    }
}

/// Whether CM2 and the last margin of a customer are amounts.
pub(super) fn margins_fit(amounts: &ItemAmounts) -> bool {
    // Eleven amounts of 59 bits cannot leave 63.
    if amounts.iter().all(|amount| amount.unsigned_abs() < 1 << 59) {
        return true;
    }
    [&Item::ALL[..Item::Marketing as usize], &Item::ALL].into_iter().all(|items| {
        let signed = |item: &Item| {
            let amount = i128::from(amounts[*item as usize]);
            if item.adds() { amount } else { -amount }
        };
        i64::try_from(items.iter().map(signed).sum::<i128>()).is_ok()
    })
}

/// Computes the waterfalls of a table.
pub(super) fn waterfalls(costs: &Costs, facts: &Facts<'_>) -> Result<Waterfalls> {
    let formula = Formula::new(costs, facts)?;
    let mut amounts: Vec<ItemAmounts> = vec![[0; Item::ALL.len()]; facts.len()];
    let known: Vec<Result<Bitmap>> = amounts
        .par_chunks_mut(CHUNK)
        .enumerate()
        .map(|(chunk, amounts)| {
            let mut known = Bitmap::filled(amounts.len(), true);
            for (place, items) in amounts.iter_mut().enumerate() {
                match formula.row(chunk * CHUNK + place)? {
                    Some(found) => *items = found,
                    None => known.set(place, false),
                }
            }
            Ok(known)
        })
        .collect();
    let mut words = Vec::with_capacity(facts.len().div_ceil(64));
    // Of several errors, that of the first customer.
    for chunk in known {
        words.extend_from_slice(chunk?.words());
    }
    let customers = Bitmap::from_words(words, facts.len());
    formula.spread_marketing(&customers, &mut amounts)?;
    Ok(Waterfalls { ids: Arc::clone(facts.table.shared_ids()), known: formula.known, customers, amounts })
}
