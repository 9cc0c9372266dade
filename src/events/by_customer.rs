//! Events in order of customers, for whatever looks at one customer after the other.

use rayon::prelude::*;

use crate::events::log::EventLog;
use crate::transaction::{AsOf, CustomerIds};

/// The rows before a moment, those of a customer side by side, customers ascending.
pub(crate) struct ByCustomer {
    /// The customer's key and the row.
    rows: Vec<(u64, usize)>,
    /// Where the rows of each customer begin, and the end of the last.
    starts: Vec<usize>,
}

impl ByCustomer {
    /// One parallel sort: O(events · log events).
    pub(crate) fn of(events: &EventLog, as_of: &AsOf) -> Self {
        let before = events.times.par_iter().enumerate().filter(|(_, time)| **time < as_of.micros());
        let mut rows: Vec<(u64, usize)> = before.map(|(row, _)| (events.customers.key(row), row)).collect();
        rows.par_sort_unstable();
        let heads = (0..rows.len()).filter(|row| *row == 0 || rows[*row].0 != rows[row - 1].0);
        let starts = heads.chain([rows.len()]).collect();
        Self { rows, starts }
    }

    /// How many customers there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows of a customer.
    pub(crate) fn rows(&self, customer: usize) -> impl ExactSizeIterator<Item = usize> + Clone {
        self.rows[self.starts[customer]..self.starts[customer + 1]].iter().map(|(_, row)| *row)
    }

    /// The customers.
    pub(crate) fn ids(&self, events: &EventLog) -> CustomerIds {
        let keys = self.starts[..self.len()].iter().map(|start| self.rows[*start].0).collect();
        events.customers.ids_of_keys(keys)
    }
}
