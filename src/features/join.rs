//! Feature tables side by side: rows of the same customer become one row.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::features::table::{FeatureTable, NO_ROW};
use crate::layout::{TextTable, grouped};
use crate::transaction::{CustomerId, CustomerIds};

/// How many ids a report names as examples.
const EXAMPLES: usize = 5;

/// Whose rows a joined table has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Join {
    /// The customers of the left table.
    Left,
    /// The customers that both tables have.
    Inner,
    /// The customers of either table.
    Outer,
}

/// Which customers of two tables met. `Display` prints it as a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JoinReport {
    /// Whose rows the joined table has.
    pub join: Join,
    /// Customers that both tables have.
    pub matched: usize,
    /// Customers that only the left table has.
    pub left_only: Unmatched,
    /// Customers that only the right table has.
    pub right_only: Unmatched,
}

/// Customers that only one table has.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Unmatched {
    /// How many.
    pub customers: usize,
    /// The first of them in ascending order, at most five.
    pub first: Vec<CustomerId>,
}

impl Unmatched {
    fn of(ids: &CustomerIds, mut rows: impl Iterator<Item = usize>) -> Self {
        let first: Vec<CustomerId> = rows.by_ref().take(EXAMPLES).map(|row| ids.id(row)).collect();
        Self { customers: first.len() + rows.count(), first }
    }
}

impl FeatureTable {
    /// The features of both tables, customer by customer. What a customer lacks because one table does not have her
    /// is missing, never zero; categories keep their levels.
    ///
    /// The rows stand in ascending order of ids, the left table's features before the right one's, each with its
    /// purposes. The joined table is as of the left table's moment, or of the right one's where only that has one.
    ///
    /// O(customers · features) time, in parallel over the features.
    ///
    /// ```
    /// use kohort::transaction::CustomerIds;
    /// use kohort::{FeatureTable, Join, Values};
    ///
    /// let orders = FeatureTable::from_columns(CustomerIds::numbers(vec![3, 7])?, [("orders", Values::U32(vec![2, 5]))])?;
    /// let ages = FeatureTable::from_columns(CustomerIds::numbers(vec![7, 9])?, [("age", Values::U32(vec![61, 27]))])?;
    ///
    /// let (both, report) = orders.join(&ages, Join::Outer)?;
    /// assert_eq!((both.len(), report.matched), (3, 1));
    /// assert_eq!(report.right_only.first, [9.into()]);
    /// assert_eq!(both.column("orders")?.number(2), None, "customer 9 has no order features");
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::DuplicateFeature`] where both have a feature of one name; [`Error::Incompatible`] where the ids of one
    /// are numbers and those of the other text, or where the tables are as of different moments or in different
    /// currencies.
    pub fn join(&self, other: &Self, join: Join) -> Result<(Self, JoinReport)> {
        self.fits(other)?;
        let rows = side_by_side(&self.ids, &other.ids);
        let only = |left: bool| {
            let rows = rows.iter().filter(move |(l, r)| (*l == NO_ROW) != left && (*r == NO_ROW) == left);
            rows.map(move |(l, r)| if left { *l } else { *r })
        };
        let report = JoinReport {
            join,
            matched: rows.iter().filter(|(left, right)| *left != NO_ROW && *right != NO_ROW).count(),
            left_only: Unmatched::of(&self.ids, only(true)),
            right_only: Unmatched::of(&other.ids, only(false)),
        };
        let wanted = |(left, right): &&(usize, usize)| match join {
            Join::Left => *left != NO_ROW,
            Join::Inner => *left != NO_ROW && *right != NO_ROW,
            Join::Outer => true,
        };
        let (left, right): (Vec<usize>, Vec<usize>) = rows.iter().filter(wanted).copied().unzip();
        let ids = match join {
            Join::Left => Arc::clone(&self.ids),
            Join::Inner => Arc::new(self.ids.gather(&left)),
            Join::Outer => Arc::new(self.ids.union(&other.ids)),
        };
        let sides = [(self, &left), (other, &right)];
        let columns = sides
            .into_par_iter()
            .flat_map_iter(|(table, rows)| table.columns.iter().map(move |named| (named, rows)));
        let columns = columns.collect::<Vec<_>>();
        let columns = columns.into_par_iter().map(|(named, rows)| named.with(named.column.gather_some(rows)));
        let context = self.context.clone().or_else(|| other.context.clone());
        Ok((Self { ids, columns: columns.collect(), context }, report))
    }

    /// Whether two tables can stand side by side.
    fn fits(&self, other: &Self) -> Result<()> {
        let differ = |what, left: String, right: String| Err(Error::Incompatible { what, left, right });
        if self.ids.kind() != other.ids.kind() {
            let what = "the kind of customer ids (read both as text, or both as numbers)";
            return differ(what, self.ids.kind().to_string(), other.ids.kind().to_string());
        }
        if let (Some(own), Some(their)) = (&self.context, &other.context) {
            if own.as_of != their.as_of {
                return differ("the moment", own.as_of.to_string(), their.as_of.to_string());
            }
            if own.currency != their.currency {
                return differ("the currency", own.currency.clone(), their.currency.clone());
            }
        }
        match other.names().find(|name| self.has(name)) {
            Some(name) => Err(Error::DuplicateFeature { feature: name.to_owned() }),
            None => Ok(()),
        }
    }
}

/// The rows of every customer of either side, in ascending order of ids; [`NO_ROW`] where a side lacks her.
fn side_by_side(left: &CustomerIds, right: &CustomerIds) -> Vec<(usize, usize)> {
    let mut rows = Vec::with_capacity(left.len().max(right.len()));
    let (mut l, mut r) = (0, 0);
    while l < left.len() && r < right.len() {
        let order = left.compare(l, right, r);
        rows.push(match order {
            Ordering::Less => (l, NO_ROW),
            Ordering::Equal => (l, r),
            Ordering::Greater => (NO_ROW, r),
        });
        l += usize::from(order != Ordering::Greater);
        r += usize::from(order != Ordering::Less);
    }
    rows.extend((l..left.len()).map(|row| (row, NO_ROW)));
    rows.extend((r..right.len()).map(|row| (NO_ROW, row)));
    rows
}

impl fmt::Display for JoinReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = |kept| if kept { "kept" } else { "left out" };
        let (left, right) = (self.join != Join::Inner, self.join == Join::Outer);
        let mut table = TextTable::new(&["<customers", "", "<", "<first ids"]);
        table.row(["in both".into(), grouped(self.matched as u64), outcome(true).into()]);
        let sides = [
            ("only in the left table", &self.left_only, left),
            ("only in the right table", &self.right_only, right),
        ];
        for (name, side, kept) in sides {
            let ids: Vec<String> = side.first.iter().map(ToString::to_string).collect();
            let more = if side.customers > ids.len() { ", …" } else { "" };
            let ids = ids.join(", ") + more;
            table.row([name.to_owned(), grouped(side.customers as u64), outcome(kept).to_owned(), ids]);
        }
        write!(f, "{table}")
    }
}
