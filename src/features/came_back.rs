//! When the lines of a log came back, line by line.
//!
//! A line has come back as a line does in [`Feature::LinesReturned`](crate::Feature::LinesReturned): with at least half of
//! its pieces. Where they come in parts, its time is that of the return that made it half.

use rayon::prelude::*;

use crate::features::attribution::of_customers;
use crate::transaction::{LineKind, NO_TIME, Returns, TransactionLog};

/// Lines of one task.
const CHUNK: usize = 1 << 12;

/// A sale line that came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Returned {
    /// Its row in the log.
    pub(crate) row: u32,
    /// When; `None` where it is not recorded.
    pub(crate) time: Option<i64>,
}

/// The sale lines of a log of before `until` that had come back before it, in an order that depends on the log alone.
/// `None` where the log does not record returns. O(lines), and O(n log n) in a customer's lines for credit notes.
pub(crate) fn returned_lines(log: &TransactionLog, until: i64) -> Option<Vec<Returned>> {
    match log.rules().returns() {
        Returns::NotRecorded => None,
        Returns::CreditNotes { .. } => Some(by_notes(log, until)),
        _ => Some(by_lines(log, until)),
    }
}

/// Where returns stand on their lines.
fn by_lines(log: &TransactionLog, until: i64) -> Vec<Returned> {
    let (Some(pieces), Some(values)) = (&log.returned_quantities, &log.returned) else { return Vec::new() };
    let times = log.return_times.as_deref();
    let starts: Vec<usize> = (0..log.len()).step_by(CHUNK).collect();
    let found: Vec<Vec<Returned>> = starts
        .into_par_iter()
        .map(|start| {
            (start..log.len().min(start + CHUNK))
                .filter_map(|row| {
                    let half = 2 * i64::from(pieces[row]) >= i64::from(log.quantities[row]);
                    let came_back = (pieces[row] != 0 || values[row] != 0) && half;
                    let time = times.map(|times| times[row]).filter(|time| *time != NO_TIME);
                    let known = log.times[row] < until && time.is_none_or(|time| time < until);
                    (log.kinds[row] == LineKind::Sale && came_back && known)
                        .then_some(Returned { row: row as u32, time })
                })
                .collect()
        })
        .collect();
    found.concat()
}

/// Where returns are credit notes, which are attributed to the sales they undo.
fn by_notes(log: &TransactionLog, until: i64) -> Vec<Returned> {
    let found = of_customers(log, until, |group, lines, attributed, found| {
        let mut pieces = vec![0_i64; lines.len()];
        // A line's returns stand in the order of their times.
        for back in &attributed.came_back {
            let line = lines.start + back.line;
            let whole = i64::from(group.lines.quantity[line]);
            let before = pieces[back.line];
            pieces[back.line] += i64::from(back.pieces);
            if 2 * before < whole && 2 * pieces[back.line] >= whole {
                found.push(Returned { row: group.lines.row[line], time: back.time });
            }
        }
    });
    found.concat()
}
