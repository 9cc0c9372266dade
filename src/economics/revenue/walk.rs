//! One look at the log: what each customer did in both windows, added up per segment.

use std::ops::{AddAssign, Range};

use rayon::prelude::*;

use crate::features::{Group, LineColumns, Needs, Partition};
use crate::transaction::{LineKind, NO_TIME, Returns, TransactionLog};

/// What the log has a record of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Recorded {
    pub(super) discount: bool,
    pub(super) returns: bool,
}

impl Recorded {
    pub(super) fn of(log: &TransactionLog) -> Self {
        Self {
            discount: log.discounts.is_some(),
            returns: !matches!(log.rules().returns(), Returns::NotRecorded),
        }
    }
}

/// In which of two windows a customer has orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Presence {
    /// In both.
    Kept,
    /// In the later one only.
    Gained,
    /// In the earlier one only.
    Lost,
    /// In neither, but something came back.
    ReturnsOnly,
}

/// What happened in one window. Money in ten-thousandths.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Flow {
    pub(super) orders: u64,
    pub(super) gross: i128,
    pub(super) discount: i128,
    pub(super) returned: i128,
}

impl AddAssign for Flow {
    fn add_assign(&mut self, other: Self) {
        self.orders += other.orders;
        self.gross += other.gross;
        self.discount += other.discount;
        self.returned += other.returned;
    }
}

/// The sums over customers of one presence, for the earlier and the later window.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct PresenceSums {
    pub(super) customers: u64,
    pub(super) windows: [Flow; 2],
}

/// The sums of one segment, by [`Presence`].
pub(super) type SegmentSums = [PresenceSums; 4];

/// The sums of `segments` segments and of the customers without one, by what `segment_of` says of a customer's key.
pub(super) fn walk(
    log: &TransactionLog,
    windows: &[Range<i64>; 2],
    as_of: i64,
    segments: usize,
    segment_of: impl Fn(u64) -> usize + Sync,
) -> Vec<SegmentSums> {
    let at_sales = !matches!(log.rules().returns(), Returns::NotRecorded | Returns::CreditNotes { .. });
    let needs = Needs { order: true, discount: true, returned: at_sales, ..Needs::default() };
    let partition = Partition::new(log, needs);
    let empty = || vec![SegmentSums::default(); segments + 1];
    // Whole numbers add up to the same in any order, so that it does not matter how groups are shared out.
    (0..partition.groups())
        .into_par_iter()
        .fold(
            || (Group::default(), empty()),
            |(mut group, mut sums), index| {
                group.fill(&partition, index, as_of);
                for (customer, key) in group.customers.iter().enumerate() {
                    let flows = flows(&group.lines, group.lines_of(customer), windows);
                    if let Some(presence) = presence(&flows) {
                        let sums = &mut sums[segment_of(*key)][presence as usize];
                        sums.customers += 1;
                        sums.windows[0] += flows[0];
                        sums.windows[1] += flows[1];
                    }
                }
                (group, sums)
            },
        )
        .map(|(_, sums)| sums)
        .reduce(empty, |mut sums, others| {
            for (sum, other) in sums.as_flattened_mut().iter_mut().zip(others.as_flattened()) {
                sum.customers += other.customers;
                sum.windows[0] += other.windows[0];
                sum.windows[1] += other.windows[1];
            }
            sums
        })
}

/// What a customer did in both windows. The lines of an order stand side by side.
fn flows(lines: &LineColumns, own: Range<usize>, windows: &[Range<i64>; 2]) -> [Flow; 2] {
    let mut flows = [Flow::default(); 2];
    let mut end = own.start;
    for order in lines.order[own].chunk_by(|a, b| a == b) {
        let order = end..end + order.len();
        end = order.end;
        for (flow, window) in flows.iter_mut().zip(windows) {
            let mut ordered = false;
            for line in order.clone() {
                if window.contains(&lines.time[line]) {
                    match lines.kind(line) {
                        LineKind::Sale => {
                            ordered = true;
                            flow.gross += i128::from(lines.gross[line]);
                            flow.discount +=
                                i128::from(lines.discount.get(line).copied().unwrap_or_default());
                        }
                        LineKind::Return => flow.returned += i128::from(lines.gross[line]),
                        LineKind::Free => {}
                    }
                }
                if lines.returned.get(line).is_some_and(|returned| *returned != 0)
                    && window.contains(&return_time(lines, line))
                {
                    flow.returned += i128::from(lines.returned[line]);
                }
            }
            flow.orders += u64::from(ordered);
        }
    }
    flows
}

/// When what came back of a sale was posted; with the sale where that is not recorded.
fn return_time(lines: &LineColumns, line: usize) -> i64 {
    lines.return_time.get(line).copied().filter(|time| *time != NO_TIME).unwrap_or(lines.time[line])
}

/// `None` where nothing happened.
fn presence(flows: &[Flow; 2]) -> Option<Presence> {
    match flows.map(|flow| flow.orders > 0) {
        [true, true] => Some(Presence::Kept),
        [false, true] => Some(Presence::Gained),
        [true, false] => Some(Presence::Lost),
        [false, false] => flows.iter().any(|flow| flow.returned != 0).then_some(Presence::ReturnsOnly),
    }
}
