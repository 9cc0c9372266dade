//! Who has no order, or no event, did nothing there: her counts and sums are 0 and no missing values.

use std::cmp::Ordering;

use super::Behaviour;
use crate::features::table::FeatureTable;
use crate::transaction::CustomerIds;

/// The table with 0 for counts and sums of customers who are in the table but not among those the behaviour was computed
/// for: those of `orders`, where it looks at orders, otherwise those of `events`. What is missing for another reason stays
/// so, such as a sum of unknown costs.
pub(in crate::features) fn counted_where_absent(
    mut table: FeatureTable,
    behaviours: &[Behaviour],
    orders: &CustomerIds,
    events: &CustomerIds,
) -> FeatureTable {
    let (no_orders, no_events) = (absent(&table.ids, orders), absent(&table.ids, events));
    for behaviour in behaviours.iter().filter(|behaviour| behaviour.starts_at_zero()) {
        let rows = if behaviour.needs_orders() { &no_orders } else { &no_events };
        if let Some(named) = table.columns.iter_mut().find(|named| named.name == behaviour.name()) {
            named.column = named.column.zero_at(rows);
        }
    }
    table
}

/// The positions of ids that are not among others, both ascending.
fn absent(all: &CustomerIds, known: &CustomerIds) -> Vec<usize> {
    let mut next = 0;
    let is_absent = |position: &usize| {
        while next < known.len() && known.compare(next, all, *position) == Ordering::Less {
            next += 1;
        }
        next == known.len() || known.compare(next, all, *position) == Ordering::Greater
    };
    (0..all.len()).filter(is_absent).collect()
}
