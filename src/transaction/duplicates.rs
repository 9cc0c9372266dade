//! Exact duplicates: rows that equal an earlier one in everything the log keeps of them.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::{BuildHasher, Hash, Hasher};

use crate::transaction::line::RejectReason;
use crate::transaction::log::TransactionLog;

/// The log without lines that repeat an earlier one; `rows` has the row number of each line, for the report.
///
/// O(lines) expected time. Equal hashes are compared value by value, so no line is dropped by chance.
pub(crate) fn reject(mut log: TransactionLog, rows: &[u64]) -> TransactionLog {
    let (kept, repeated) = first_and_repeated(log.len(), |row| content(&log, row));
    for row in &repeated {
        let line = log.line(*row);
        log.report.unkeep(&line, 1);
        log.report.reject(rows[*row], RejectReason::Duplicate, || format!("{line:?}"), Some(&line));
    }
    if repeated.is_empty() { log } else { log.gather(&kept) }
}

/// The rows that no earlier one equals, and those that repeat one; `content` is what a row is compared by.
pub(crate) fn first_and_repeated<I: Iterator<Item = i64>>(
    rows: usize,
    content: impl Fn(usize) -> I,
) -> (Vec<usize>, Vec<usize>) {
    let hasher = DefaultHashBuilder::default();
    let hash = |row: usize| {
        let mut state = hasher.build_hasher();
        content(row).for_each(|value| value.hash(&mut state));
        state.finish()
    };
    let mut seen: HashTable<usize> = HashTable::new();
    let mut first = Vec::with_capacity(rows);
    let mut repeated = Vec::new();
    for row in 0..rows {
        let key = hash(row);
        if seen.find(key, |earlier| content(*earlier).eq(content(row))).is_some() {
            repeated.push(row);
        } else {
            seen.insert_unique(key, row, |other| hash(*other));
            first.push(row);
        }
    }
    (first, repeated)
}

/// Everything a log keeps of a row, as numbers. Where each line is an order, its number is no content.
fn content(log: &TransactionLog, row: usize) -> impl Iterator<Item = i64> {
    let order = match log.rules.orders {
        crate::transaction::OrderIdentity::EachLine => 0,
        _ => log.orders.key(row) as i64,
    };
    let line = log.line(row);
    let numbers = [
        log.customers.key(row) as i64,
        order,
        log.times[row],
        line.kind as i64,
        i64::from(line.quantity),
        line.gross,
        line.discount,
        line.cost,
        i64::from(line.returned_quantity),
        line.returned,
        log.return_times.as_ref().map_or(0, |times| times[row]),
    ];
    let texts = log
        .attributes
        .iter()
        .map(move |column| column.as_ref().map_or(0, |column| i64::from(column.codes[row])));
    numbers.into_iter().chain(texts)
}
