//! What one pass over a customer's lines counts and adds up: integers only, so that nothing depends on order.
//!
//! [`Meter`] measures; the features of a table are simple functions of the [`Measures`] (`derive.rs`).

use std::ops::Range;

use crate::category::MISSING;
use crate::features::attribution::Attributed;
use crate::features::lines::{LineColumns, Needs};
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
    as_of: i64,
    /// Orders before this have their returns in.
    mature_before: i64,
    attributed: Attributed,
    categories: Tally,
    countries: Tally,
    channels: Tally,
    return_times: Vec<i64>,
}

impl Meter {
    pub(crate) fn new(needs: Needs, as_of: i64, maturity_days: u32, levels: Levels) -> Self {
        Self {
            needs,
            as_of,
            mature_before: as_of.saturating_sub(i64::from(maturity_days) * DAY),
            attributed: Attributed::default(),
            categories: Tally::new(levels.categories),
            countries: Tally::new(levels.countries),
            channels: Tally::new(levels.channels),
            return_times: Vec::new(),
        }
    }

    /// Prepares for the lines of another group: what of each line came back, known before `as_of`.
    pub(crate) fn start_group(&mut self, lines: &LineColumns) {
        if self.needs.attribution {
            self.attributed.reset(lines.len());
        } else if !lines.return_time.is_empty() {
            self.attributed.reset(lines.len());
            for line in 0..lines.len() {
                if lines.return_time[line] == NO_TIME || lines.return_time[line] < self.as_of {
                    self.attributed.quantity[line] =
                        lines.returned_quantity.get(line).copied().unwrap_or_default();
                    self.attributed.value[line] = lines.returned.get(line).copied().unwrap_or_default();
                }
            }
        }
    }

    /// Measures one customer; `channel_gross` receives her gross per channel.
    pub(crate) fn measure(
        &mut self,
        lines: &LineColumns,
        range: Range<usize>,
        channel_gross: &mut [i64],
    ) -> Measures {
        if self.needs.attribution {
            self.attributed.attribute(lines, range.clone());
        }
        let mut measures = Measures::default();
        self.add_up(lines, range.clone(), &mut measures);
        self.count_orders(lines, range.clone(), &mut measures);
        let (gross, sale) = (&lines.gross, |line: usize| lines.kind(line) == LineKind::Sale);
        if self.needs.category && !lines.category.is_empty() {
            let (top, distinct) =
                self.categories.top(range.clone().filter(|l| sale(*l)), &lines.category, gross);
            (measures.top_category, measures.categories) = (top, distinct);
        }
        if self.needs.country && !lines.country.is_empty() {
            measures.country =
                self.countries.top(range.clone().filter(|l| sale(*l)), &lines.country, gross).0;
        }
        if !channel_gross.is_empty() && !lines.channel.is_empty() {
            self.channels.sums_into(range.filter(|l| sale(*l)), &lines.channel, gross, channel_gross);
        }
        measures
    }

    /// Pieces and paid value of a line that came back and belong to it.
    #[inline]
    fn came_back(&self, lines: &LineColumns, line: usize) -> (i32, i64) {
        if self.attributed.quantity.len() == lines.len() {
            (self.attributed.quantity[line], self.attributed.value[line])
        } else {
            let quantity = lines.returned_quantity.get(line).copied().unwrap_or_default();
            (quantity, lines.returned.get(line).copied().unwrap_or_default())
        }
    }

    /// Counts and sums over a customer's lines. Columns that no feature needs are empty and cost nothing.
    fn add_up(&self, lines: &LineColumns, range: Range<usize>, m: &mut Measures) {
        m.items = column(&lines.quantity, &range).iter().map(|quantity| i64::from(*quantity)).sum();
        m.gross = total(column(&lines.gross, &range));
        m.discount = total(column(&lines.discount, &range));
        m.lines = match column(&lines.count, &range) {
            [] => range.len() as u64,
            counts => counts.iter().map(|count| u64::from(*count)).sum(),
        };
        m.lines_mature = range
            .clone()
            .filter(|line| lines.time[*line] < self.mature_before)
            .map(|line| u64::from(lines.count(line)))
            .sum();
        if !lines.cost.is_empty() {
            m.cost = Self::cost(lines, range.clone());
            m.cost_returned = m.cost.map(|_| 0);
        }
        if !lines.kind.is_empty() {
            self.take_out_returns_and_free_lines(lines, range.clone(), m);
        }
        if self.needs.returned || self.needs.returned_quantity || self.needs.attribution {
            self.add_what_came_back(lines, range, m);
        }
    }

    /// The cost of what went out, if that of every line is known.
    fn cost(lines: &LineColumns, range: Range<usize>) -> Option<i128> {
        let sent = range.filter(|line| lines.kind(*line) != LineKind::Return);
        let costs = sent.map(|line| lines.cost[line]);
        costs.map(|cost| (cost != UNKNOWN_COST).then_some(i128::from(cost))).sum()
    }

    /// Corrects the sums, which took every line for a sale.
    fn take_out_returns_and_free_lines(&self, lines: &LineColumns, range: Range<usize>, m: &mut Measures) {
        for line in range {
            let kind = lines.kind(line);
            if kind == LineKind::Sale {
                continue;
            }
            let count = u64::from(lines.count(line));
            m.lines -= count;
            m.lines_mature -= if lines.time[line] < self.mature_before { count } else { 0 };
            if kind == LineKind::Return {
                m.items -= i64::from(lines.quantity.get(line).copied().unwrap_or_default());
                m.gross -= i128::from(lines.gross[line]);
                m.returned += i128::from(lines.gross[line]);
            }
        }
    }

    fn add_what_came_back(&self, lines: &LineColumns, range: Range<usize>, m: &mut Measures) {
        for line in range {
            let (pieces, value) = self.came_back(lines, line);
            if pieces == 0 && value == 0 {
                continue;
            }
            let quantity = lines.quantity.get(line).copied().unwrap_or_default();
            m.items_returned += i64::from(pieces);
            m.returned_attributed += i128::from(value);
            if !self.needs.attribution {
                m.returned += i128::from(value);
            }
            m.returned_gross += i128::from(part(lines.gross[line], pieces, quantity));
            if let Some(cost_returned) = &mut m.cost_returned {
                *cost_returned += i128::from(part(lines.cost[line], pieces, quantity));
            }
            if lines.kind(line) == LineKind::Sale && 2 * i64::from(pieces) >= i64::from(quantity) {
                let count = u64::from(lines.count(line));
                m.lines_returned += count;
                m.lines_returned_mature += if lines.time[line] < self.mature_before { count } else { 0 };
            }
        }
    }

    /// Walks the orders, each a run of lines.
    fn count_orders(&mut self, lines: &LineColumns, range: Range<usize>, m: &mut Measures) {
        if lines.order.is_empty() {
            // No feature counts orders; their span is that of the sale lines unless an order has several times.
            for line in range.filter(|line| lines.kind(*line) == LineKind::Sale) {
                m.orders_span = Some(widen(m.orders_span, lines.time[line]));
            }
            return;
        }
        let mut start = range.start;
        while start < range.end {
            let order = lines.order[start];
            let mut end = start;
            let mut placed: Option<i64> = None;
            let mut returned = false;
            let mut credit_note = false;
            self.return_times.clear();
            while end < range.end && lines.order[end] == order {
                match lines.kind(end) {
                    LineKind::Sale => {
                        placed = Some(placed.map_or(lines.time[end], |time| time.min(lines.time[end])))
                    }
                    LineKind::Return => credit_note = true,
                    LineKind::Free => {}
                }
                if self.came_back(lines, end) != (0, 0) {
                    returned = true;
                    if let Some(time) = lines.return_time.get(end) {
                        self.return_times.push(*time);
                    }
                }
                end += 1;
            }
            if let Some(time) = placed {
                m.orders += 1;
                m.orders_span = Some(widen(m.orders_span, time));
                m.orders_with_return += u32::from(returned);
            }
            m.return_parcels += if self.needs.attribution {
                u32::from(credit_note)
            } else if self.return_times.is_empty() {
                u32::from(returned)
            } else {
                self.return_times.sort_unstable();
                self.return_times.dedup();
                self.return_times.len() as u32
            };
            start = end;
        }
    }
}

/// A customer's part of a column, or nothing where the column is empty.
#[inline]
fn column<'l, T>(values: &'l [T], range: &Range<usize>) -> &'l [T] {
    values.get(range.clone()).unwrap_or_default()
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

/// Sums per level for one customer at a time. Only the levels that occur are touched and cleared.
struct Tally {
    sums: Vec<i64>,
    seen: Vec<bool>,
    touched: Vec<u32>,
}

impl Tally {
    fn new(levels: usize) -> Self {
        Self { sums: vec![0; levels], seen: vec![false; levels], touched: Vec::new() }
    }

    fn add(&mut self, rows: impl Iterator<Item = usize>, codes: &[u32], values: &[i64]) {
        self.touched.clear();
        for row in rows {
            let code = codes[row];
            if code == MISSING {
                continue;
            }
            let level = code as usize;
            if !self.seen[level] {
                self.seen[level] = true;
                self.touched.push(code);
            }
            // A customer's gross is checked where the table is made; a sum of some of its lines is no larger.
            self.sums[level] = self.sums[level].saturating_add(values[row]);
        }
    }

    fn clear(&mut self) {
        for code in &self.touched {
            self.sums[*code as usize] = 0;
            self.seen[*code as usize] = false;
        }
    }

    /// The level with the largest sum, of equals the first by text, and how many levels occur.
    fn top(
        &mut self,
        rows: impl Iterator<Item = usize>,
        codes: &[u32],
        values: &[i64],
    ) -> (Option<u32>, u32) {
        self.add(rows, codes, values);
        let sum = |code: &u32| self.sums[*code as usize];
        let top = self.touched.iter().copied().reduce(|best, code| {
            if sum(&code) > sum(&best) || (sum(&code) == sum(&best) && code < best) { code } else { best }
        });
        let distinct = self.touched.len() as u32;
        self.clear();
        (top, distinct)
    }

    fn sums_into(
        &mut self,
        rows: impl Iterator<Item = usize>,
        codes: &[u32],
        values: &[i64],
        sums: &mut [i64],
    ) {
        self.add(rows, codes, values);
        for code in &self.touched {
            sums[*code as usize] = self.sums[*code as usize];
        }
        self.clear();
    }
}
