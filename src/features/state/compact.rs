//! Compaction: rows that every feature of orders treats alike become one.
//!
//! Alike are sale lines of one customer, order, instant and set of texts, as long as nothing or all of them came back,
//! and all or none of them were sold at a discount. Their counts, pieces and money add up exactly, so that a table made
//! from the rows is the table made from the lines. A line of which a part came back stays by itself, since its parts are
//! rounded line by line.
//!
//! The rows come out in one order, whatever order the lines came in: by customer, order and content. Sorting happens
//! within groups of customers that fit the processor's cache (`partition.rs`), where it costs little more than moving
//! the lines there; a sort of the whole log by the same keys took ten times as long.

use std::cmp::Ordering;
use std::ops::Range;

use rayon::prelude::*;

use crate::category::Category;
use crate::features::lines::{LineColumns, Needs};
use crate::features::partition::Partition;
use crate::transaction::{Attribute, IdColumn, LineKind, MAX_LINE, TransactionLog, UNKNOWN_COST};

/// The texts that features of orders are computed from.
pub(super) const TEXTS: [Attribute; 3] = [Attribute::Category, Attribute::Channel, Attribute::Country];

/// The log with rows put together that every feature of orders treats alike, without other texts than [`TEXTS`].
///
/// O(lines log lines of a customer group) time; memory for two more copies of the columns while it runs.
pub(super) fn compact(log: &TransactionLog) -> TransactionLog {
    let needs = Needs {
        order: true,
        quantity: true,
        discount: true,
        cost: true,
        returned_quantity: true,
        returned: true,
        category: true,
        channel: true,
        country: true,
        ..Needs::default()
    };
    let partition = Partition::new(log, needs);
    let groups: Vec<LineColumns> = (0..partition.groups())
        .into_par_iter()
        .map_init(Compactor::default, |compactor, group| compactor.compact(&partition.parts(group)))
        .collect();
    let (compacted, ()) = rayon::join(|| assemble(log, &groups), || drop(partition));
    compacted
}

/// Scratch memory of a task, reused from group to group.
#[derive(Default)]
struct Compactor {
    /// Customer, order and number of each line, in ascending order.
    keys: Vec<(u64, u64, u32)>,
    places: Vec<u32>,
    /// The lines in the order of their keys.
    lines: LineColumns,
    /// The lines of one order.
    order: Vec<u32>,
    /// For each row the line it began with, and its sums.
    heads: Vec<u32>,
    sums: Vec<Sums>,
}

impl Compactor {
    fn compact(&mut self, parts: &[(&LineColumns, Range<usize>)]) -> LineColumns {
        self.sort_by_order(parts);
        self.put_together();
        self.rows()
    }

    fn sort_by_order(&mut self, parts: &[(&LineColumns, Range<usize>)]) {
        self.keys.clear();
        for (part, range) in parts {
            let ids = part.customer[range.clone()].iter().zip(&part.order[range.clone()]);
            let first = self.keys.len() as u32;
            self.keys.extend(ids.zip(first..).map(|((customer, order), line)| (*customer, *order, line)));
        }
        self.keys.sort_unstable();
        self.places.resize(self.keys.len(), 0);
        for (place, (_, _, line)) in self.keys.iter().enumerate() {
            self.places[*line as usize] = place as u32;
        }
        self.lines.place(parts, &self.places, self.keys.len());
    }

    fn put_together(&mut self) {
        let Self { keys, lines, order, heads, sums, .. } = self;
        heads.clear();
        sums.clear();
        let mut start = 0;
        for own in keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let end = start + own.len() as u32;
            order.clear();
            order.extend(start..end);
            // Most orders have few lines, which a sort of the standard library inserts one by one.
            order.sort_unstable_by(|a, b| compare(lines, *a as usize, *b as usize));
            for (position, line) in order.iter().enumerate() {
                let added = Sums::of(lines, *line as usize);
                let joined = match (heads.last(), sums.last()) {
                    (Some(head), Some(sum))
                        if position > 0 && alike(lines, *head as usize, *line as usize) =>
                    {
                        sum.add(&added)
                    }
                    _ => None,
                };
                if let (Some(joined), Some(last)) = (joined, sums.last_mut()) {
                    *last = joined;
                } else {
                    heads.push(*line);
                    sums.push(added);
                }
            }
            start = end;
        }
    }

    /// The rows that the group has become.
    fn rows(&self) -> LineColumns {
        fn pick<T: Copy>(values: &[T], heads: &[u32]) -> Vec<T> {
            if values.is_empty() {
                Vec::new()
            } else {
                heads.iter().map(|head| values[*head as usize]).collect()
            }
        }
        fn sum<T>(values: &[T], sums: &[Sums], of: fn(&Sums) -> T) -> Vec<T> {
            if values.is_empty() { Vec::new() } else { sums.iter().map(of).collect() }
        }
        let Self { keys, lines, heads, sums, .. } = self;
        LineColumns {
            customer: heads.iter().map(|head| keys[*head as usize].0).collect(),
            order: heads.iter().map(|head| keys[*head as usize].1).collect(),
            time: pick(&lines.time, heads),
            kind: pick(&lines.kind, heads),
            return_time: pick(&lines.return_time, heads),
            category: pick(&lines.category, heads),
            channel: pick(&lines.channel, heads),
            country: pick(&lines.country, heads),
            quantity: sum(&lines.quantity, sums, |sum| sum.quantity),
            gross: sum(&lines.gross, sums, |sum| sum.gross),
            discount: sum(&lines.discount, sums, |sum| sum.discount),
            cost: sum(&lines.cost, sums, |sum| sum.cost),
            returned_quantity: sum(&lines.returned_quantity, sums, |sum| sum.returned_quantity),
            returned: sum(&lines.returned, sums, |sum| sum.returned),
            count: sums.iter().map(|sum| sum.lines).collect(),
            ..LineColumns::default()
        }
    }
}

/// How much of a row came back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Back {
    Nothing,
    All,
    Part,
}

/// The value of a line, or nothing where the column is not there.
fn at<T: Copy + Default>(values: &[T], line: usize) -> T {
    values.get(line).copied().unwrap_or_default()
}

fn back(lines: &LineColumns, line: usize) -> Back {
    let (quantity, value) = (at(&lines.returned_quantity, line), at(&lines.returned, line));
    let paid = lines.gross[line] - at(&lines.discount, line);
    match (quantity, value) {
        (0, 0) => Back::Nothing,
        (quantity, value) if quantity == lines.quantity[line] && value == paid => Back::All,
        _ => Back::Part,
    }
}

/// What rows that become one have in common, besides customer and order.
fn content(lines: &LineColumns, line: usize) -> impl Ord + use<> {
    (
        lines.time[line],
        lines.kind(line),
        back(lines, line),
        // Whether it was sold at a discount: value sold at one and at full price are counted apart.
        at(&lines.discount, line) > 0,
        at(&lines.return_time, line),
        at(&lines.cost, line) == UNKNOWN_COST,
        [at(&lines.category, line), at(&lines.channel, line), at(&lines.country, line)],
    )
}

/// Orders the lines of an order so that those which may become one stand side by side. Complete, so that the outcome
/// does not depend on the order of lines.
fn compare(lines: &LineColumns, a: usize, b: usize) -> Ordering {
    content(lines, a)
        .cmp(&content(lines, b))
        .then_with(|| Sums::of(lines, a).numbers().cmp(&Sums::of(lines, b).numbers()))
}

/// Whether two lines of an order may become one.
fn alike(lines: &LineColumns, a: usize, b: usize) -> bool {
    back(lines, a) != Back::Part && content(lines, a).cmp(&content(lines, b)) == Ordering::Equal
}

/// The numbers of a row that add up.
#[derive(Clone, Copy)]
struct Sums {
    lines: u32,
    quantity: i32,
    returned_quantity: i32,
    gross: i64,
    discount: i64,
    cost: i64,
    returned: i64,
}

impl Sums {
    fn of(lines: &LineColumns, line: usize) -> Self {
        Self {
            lines: lines.count(line),
            quantity: lines.quantity[line],
            returned_quantity: at(&lines.returned_quantity, line),
            gross: lines.gross[line],
            discount: at(&lines.discount, line),
            cost: at(&lines.cost, line),
            returned: at(&lines.returned, line),
        }
    }

    fn numbers(&self) -> impl Ord + use<> {
        let pieces = (self.quantity, self.returned_quantity, self.lines);
        (self.gross, self.discount, self.cost, self.returned, pieces)
    }

    /// Both together, unless a number would leave what one line may have: sums rely on that bound.
    fn add(&self, other: &Self) -> Option<Self> {
        let bounded = |a: i64, b: i64| a.checked_add(b).filter(|sum| *sum <= MAX_LINE);
        Some(Self {
            lines: self.lines.checked_add(other.lines)?,
            quantity: self.quantity.checked_add(other.quantity)?,
            returned_quantity: self.returned_quantity.checked_add(other.returned_quantity)?,
            gross: bounded(self.gross, other.gross)?,
            discount: bounded(self.discount, other.discount)?,
            cost: match (self.cost, other.cost) {
                (UNKNOWN_COST, UNKNOWN_COST) => UNKNOWN_COST,
                (UNKNOWN_COST, _) | (_, UNKNOWN_COST) => return None,
                (own, other) => bounded(own, other)?,
            },
            returned: bounded(self.returned, other.returned)?,
        })
    }
}

/// The log of the groups' rows, group after group.
fn assemble(log: &TransactionLog, groups: &[LineColumns]) -> TransactionLog {
    fn flat<T: Copy>(groups: &[LineColumns], column: fn(&LineColumns) -> &[T]) -> Vec<T> {
        let mut values = Vec::with_capacity(groups.iter().map(|group| column(group).len()).sum());
        for group in groups {
            values.extend_from_slice(column(group));
        }
        values
    }
    let ids = |column: &IdColumn, of: fn(&LineColumns) -> &[u64]| match column {
        IdColumn::Numbers(_) => IdColumn::Numbers(flat(groups, of)),
        IdColumn::ShortTexts(texts) => IdColumn::ShortTexts(texts.of_keys(flat(groups, of))),
        IdColumn::Texts(texts) => {
            let codes = groups.iter().flat_map(of).map(|key| *key as u32).collect();
            IdColumn::Texts(Category { codes, levels: texts.levels.clone() }.without_unused())
        }
    };
    let text = |attribute, of: fn(&LineColumns) -> &[u32]| {
        let levels = log.attribute(attribute)?.levels.clone();
        Some(Category { codes: flat(groups, of), levels }.without_unused())
    };
    let times = flat(groups, |group| &group.time);
    let mut kinds = flat(groups, |group| &group.kind);
    // Empty where every line is a sale.
    kinds.resize(times.len(), LineKind::Sale);
    let money =
        |wanted: &Option<Vec<i64>>, of: fn(&LineColumns) -> &[i64]| wanted.as_ref().map(|_| flat(groups, of));
    let mut attributes = [const { None }; Attribute::ALL.len()];
    attributes[Attribute::Category as usize] = text(Attribute::Category, |group| &group.category);
    attributes[Attribute::Channel as usize] = text(Attribute::Channel, |group| &group.channel);
    attributes[Attribute::Country as usize] = text(Attribute::Country, |group| &group.country);
    TransactionLog {
        rules: log.rules.clone(),
        customers: ids(&log.customers, |group| &group.customer),
        orders: ids(&log.orders, |group| &group.order),
        times,
        kinds,
        quantities: flat(groups, |group| &group.quantity),
        gross: flat(groups, |group| &group.gross),
        discounts: money(&log.discounts, |group| &group.discount),
        costs: money(&log.costs, |group| &group.cost),
        returned_quantities: log
            .returned_quantities
            .as_ref()
            .map(|_| flat(groups, |group| &group.returned_quantity)),
        returned: money(&log.returned, |group| &group.returned),
        return_times: money(&log.return_times, |group| &group.return_time),
        attributes,
        line_counts: Some(flat(groups, |group| &group.count)),
        report: log.report.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Shop;

    #[test]
    fn rows_come_out_the_same_whatever_order_the_lines_came_in() {
        let log = Shop::builder().customers(3_000).build().unwrap().generate().unwrap().log;
        let compacted = compact(&log);
        assert!(compacted.len() < log.len() && log.len() > 5 << 12, "{} of {}", compacted.len(), log.len());
        // A step that shares no factor with the length goes through all lines.
        let step = [10_007, 10_009].into_iter().find(|prime| !log.len().is_multiple_of(*prime)).unwrap();
        let rows: Vec<usize> = (0..log.len()).map(|row| row * step % log.len()).collect();
        let mut distinct = rows.clone();
        distinct.sort_unstable();
        assert!(distinct.into_iter().eq(0..log.len()));
        assert_eq!(compact(&log.gather(&rows)), compacted);
        assert_eq!(compact(&compacted), compacted, "nothing is left to put together");
        assert!(compacted.is_compacted());
        let counts = compacted.line_counts.iter().flatten();
        assert_eq!(counts.map(|count| *count as usize).sum::<usize>(), log.len());
    }

    #[test]
    fn a_log_without_rows_stays_one() {
        let log = Shop::builder().customers(10).build().unwrap().generate().unwrap().log.gather(&[]);
        let compacted = compact(&log);
        assert!(compacted.is_empty() && compacted.attribute(Attribute::Product).is_none());
        assert!(compacted.customers.is_empty() && compacted.attribute(Attribute::Channel).is_some());
    }
}
