//! What one pass over a customer's lines counts and adds up: integers only, so that nothing depends on order.
//!
//! [`Meter`] measures; the features of a table are simple functions of the [`Measures`] (`derive.rs`).

use std::ops::Range;

use crate::features::customer::{Lines, Posted, at, own};
use crate::features::lines::{LineColumns, Needs};
use crate::features::tally::Tally;
use crate::transaction::{DAY, LineKind, NO_TIME, UNKNOWN_COST, mul_div};

/// One customer's counts and sums. Money in ten-thousandths, wide enough for any number of lines.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Measures {
    /// Earliest and latest order; `None` without one.
    pub(crate) orders_span: Option<(i64, i64)>,
    pub(crate) orders: u32,
    pub(crate) orders_with_return: u32,
    pub(crate) return_parcels: u32,
    pub(crate) lines: u64,
    pub(crate) lines_mature: u64,
    pub(crate) lines_returned: u64,
    pub(crate) lines_returned_mature: u64,
    pub(crate) items: i64,
    pub(crate) items_returned: i64,
    pub(crate) gross: i128,
    pub(crate) discount: i128,
    /// Posted and attributed.
    pub(crate) returned: i128,
    pub(crate) returned_attributed: i128,
    pub(crate) returned_gross: i128,
    /// `None` where the cost of a line is unknown.
    pub(crate) cost: Option<i128>,
    pub(crate) cost_returned: Option<i128>,
    pub(crate) categories: u32,
    pub(crate) top_category: Option<u32>,
    pub(crate) country: Option<u32>,
}

/// Measures customers of one group after the other; keeps its scratch memory.
pub(crate) struct Meter {
    needs: Needs,
    /// Orders before this have their returns in.
    mature_before: i64,
    categories: Tally,
    countries: Tally,
    channels: Tally,
    return_times: Vec<i64>,
}

impl Meter {
    pub(crate) fn new(needs: Needs, as_of: i64, maturity_days: u32, levels: Levels) -> Self {
        Self {
            needs,
            mature_before: as_of.saturating_sub(i64::from(maturity_days) * DAY),
            categories: Tally::new(levels.categories),
            countries: Tally::new(levels.countries),
            channels: Tally::new(levels.channels),
            return_times: Vec::new(),
        }
    }

    /// Measures one customer, whose lines are `view`, the range `range` of `columns`; `channel_gross` receives her
    /// gross per channel.
    pub(crate) fn measure(
        &mut self,
        view: &Lines<'_>,
        columns: &LineColumns,
        range: &Range<usize>,
        channel_gross: &mut [i64],
    ) -> Measures {
        let mut measures = Measures::default();
        add_up(view, self.needs, self.mature_before, &mut measures);
        if self.needs.order_returns || !view.kind.is_empty() || view.order.is_empty() {
            count_orders(view, &mut self.return_times, &mut measures);
        } else {
            count_plain_orders(view, &mut measures);
        }
        if self.needs.category {
            let tally = self.categories.sums(own(&columns.category, range), view.kind, view.gross);
            (measures.top_category, measures.categories) = (tally.top(), tally.levels());
        }
        if self.needs.country {
            measures.country = self.countries.sums(own(&columns.country, range), view.kind, view.gross).top();
        }
        if self.needs.channel {
            self.channels.sums(own(&columns.channel, range), view.kind, view.gross).write(channel_gross);
        }
        measures
    }
}

/// Counts and sums over a customer's lines. Columns that no feature needs are empty and cost nothing.
fn add_up(own: &Lines<'_>, needs: Needs, mature_before: i64, m: &mut Measures) {
    m.items = own.quantity.iter().map(|quantity| i64::from(*quantity)).sum();
    m.gross = total(own.gross);
    m.discount = total(own.discount);
    m.lines =
        if own.count.is_empty() { own.gross.len() as u64 } else { own.lines().map(|l| own.count(l)).sum() };
    let mature = |line: usize| own.time[line] < mature_before;
    if needs.maturity {
        m.lines_mature = own.lines().filter(|line| mature(*line)).map(|line| own.count(line)).sum();
    }
    if needs.cost {
        m.cost = cost(own);
        m.cost_returned = m.cost.map(|_| 0);
    }
    // The sums above took every line for a sale.
    for (line, kind) in own.kind.iter().enumerate().filter(|(_, kind)| **kind != LineKind::Sale) {
        m.lines -= own.count(line);
        m.lines_mature -= if needs.maturity && mature(line) { own.count(line) } else { 0 };
        if *kind == LineKind::Return {
            m.items -= i64::from(at(own.quantity, line));
            m.gross -= i128::from(own.gross[line]);
            m.returned += i128::from(own.gross[line]);
        }
    }
    for line in own.lines().filter(|line| own.came_back(*line)) {
        let (pieces, value) = (at(own.pieces_back, line), at(own.value_back, line));
        let quantity = at(own.quantity, line);
        m.items_returned += i64::from(pieces);
        m.returned_attributed += i128::from(value);
        if own.posted == Posted::OnSales {
            m.returned += i128::from(value);
        }
        m.returned_gross += i128::from(returned_gross(own, line));
        if let Some(cost_returned) = &mut m.cost_returned {
            *cost_returned += i128::from(part(own.cost[line], pieces, quantity));
        }
        if own.kind(line) == LineKind::Sale && 2 * i64::from(pieces) >= i64::from(quantity) {
            m.lines_returned += own.count(line);
            m.lines_returned_mature += if mature(line) { own.count(line) } else { 0 };
        }
    }
}

/// The cost of what went out, if that of every line is known.
fn cost(own: &Lines<'_>) -> Option<i128> {
    let sent = own.lines().filter(|line| own.kind(*line) != LineKind::Return);
    sent.map(|line| (own.cost[line] != UNKNOWN_COST).then_some(i128::from(own.cost[line]))).sum()
}

/// Counts orders, each a run of lines, where all lines are sales and nobody asks for the orders' returns.
fn count_plain_orders(own: &Lines<'_>, m: &mut Measures) {
    let Some((mut order, mut placed)) = own.order.first().copied().zip(own.time.first().copied()) else {
        return;
    };
    let (mut orders, mut span) = (1, (i64::MAX, i64::MIN));
    for (next, time) in own.order.iter().zip(own.time) {
        if *next == order {
            placed = placed.min(*time);
        } else {
            span = (span.0.min(placed), span.1.max(placed));
            orders += 1;
            (order, placed) = (*next, *time);
        }
    }
    m.orders = orders;
    m.orders_span = Some((span.0.min(placed), span.1.max(placed)));
}

/// Walks the orders, each a run of lines; one without a sale line is none. Without orders, each line is walked alone
/// and only the span means anything.
fn count_orders(own: &Lines<'_>, return_times: &mut Vec<i64>, m: &mut Measures) {
    let mut start = 0;
    while start < own.gross.len() {
        let mut end = start;
        let mut placed: Option<i64> = None;
        let mut returned = false;
        return_times.clear();
        while end < own.gross.len() && at(own.order, end) == at(own.order, start) {
            match own.kind(end) {
                LineKind::Sale if own.order.is_empty() => {
                    m.orders_span = Some(widen(m.orders_span, own.time[end]));
                }
                LineKind::Sale => placed = Some(placed.map_or(own.time[end], |time| time.min(own.time[end]))),
                LineKind::Return if own.posted == Posted::Apart => return_times.push(own.time[end]),
                LineKind::Return => return_times.push(NO_TIME),
                LineKind::Free => {}
            }
            if own.came_back(end) {
                returned = true;
                if own.posted == Posted::OnSales {
                    return_times.push(if own.return_time.is_empty() {
                        NO_TIME
                    } else {
                        own.return_time[end]
                    });
                }
            }
            end += 1;
        }
        if let Some(time) = placed {
            m.orders += 1;
            m.orders_span = Some(widen(m.orders_span, time));
            m.orders_with_return += u32::from(returned);
        }
        return_times.sort_unstable();
        return_times.dedup();
        m.return_parcels += return_times.len() as u32;
        start = end;
    }
}

/// The exact sum of line amounts. A line is below 2⁵⁰, so that 4,096 of them fit 64 bits.
#[inline]
fn total(amounts: &[i64]) -> i128 {
    amounts.chunks(4_096).map(|chunk| i128::from(chunk.iter().sum::<i64>())).sum()
}

#[inline]
fn widen(span: Option<(i64, i64)>, time: i64) -> (i64, i64) {
    span.map_or((time, time), |(first, last)| (first.min(time), last.max(time)))
}

/// What came back of a line at list price.
#[inline]
pub(crate) fn returned_gross(own: &Lines<'_>, line: usize) -> i64 {
    part(own.gross[line], at(own.pieces_back, line), at(own.quantity, line))
}

/// The part of a line's money that belongs to some of its pieces, rounded half to even.
#[inline]
fn part(whole: i64, pieces: i32, of: i32) -> i64 {
    if pieces == of {
        whole
    } else {
        mul_div(whole, i64::from(pieces), i64::from(of.max(1))).unwrap_or(whole)
    }
}

/// How many levels the columns have that are tallied.
#[derive(Clone, Copy, Default)]
pub(crate) struct Levels {
    pub(crate) categories: usize,
    pub(crate) countries: usize,
    pub(crate) channels: usize,
}
