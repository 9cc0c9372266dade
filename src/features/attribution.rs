//! Credit notes to the sales they undo.
//!
//! A return belongs to the latest earlier sale of the same customer and product that still has pieces left, then to
//! the one before it, and so on; a sale takes back at most the pieces and the value that were bought. What no sale
//! can take is counted as unattributed. A sale at the same instant counts as earlier. Without products, a customer's
//! returns belong to her latest earlier sales of anything.

use std::ops::Range;

use rayon::prelude::*;

use crate::features::customer::{Back, CameBack, Posted, at};
use crate::features::group::Group;
use crate::features::lines::{LineColumns, Needs};
use crate::features::partition::Partition;
use crate::transaction::{
    Attribute, LineKind, LogRules, NO_TIME, OrderIdentity, Returns, TransactionLog, mul_div,
};

/// The paid value of each line of a log that came back before `until` and belongs to it; zero for credit notes
/// themselves. `None` where the log does not record returns.
pub(crate) fn returned_by_line(log: &TransactionLog, until: i64) -> Option<Vec<i64>> {
    match log.rules().returns() {
        Returns::NotRecorded => None,
        Returns::CreditNotes { .. } => Some(attributed_by_line(log, until)),
        _ => {
            let known = |(row, value): (usize, &i64)| {
                let time = log.return_times.as_ref().map_or(NO_TIME, |times| times[row]);
                if time < until { *value } else { 0 }
            };
            log.returned.as_ref().map(|values| values.iter().enumerate().map(known).collect())
        }
    }
}

fn attributed_by_line(log: &TransactionLog, until: i64) -> Vec<i64> {
    let found = of_customers(log, until, |group, lines, attributed, found| {
        let values = lines.map(|line| (group.lines.row[line], attributed.value[line]));
        found.extend(values.filter(|(_, value)| *value > 0));
    });
    let mut values = vec![0; log.len()];
    for (row, value) in found.into_iter().flatten() {
        values[row as usize] = value;
    }
    values
}

/// What `take` adds of each customer whose credit notes of before `until` were attributed to her lines, group by group in
/// an order that depends on the log alone.
pub(crate) fn of_customers<T: Send>(
    log: &TransactionLog,
    until: i64,
    take: impl Fn(&Group, Range<usize>, &Attributed, &mut Vec<T>) + Sync,
) -> Vec<Vec<T>> {
    let needs = Needs {
        order: true,
        quantity: true,
        discount: true,
        attribution: true,
        row: true,
        ..Needs::default()
    };
    let partition = Partition::new(log, needs);
    (0..partition.groups())
        .into_par_iter()
        .map_init(
            || (Group::default(), Attributed::new(log.rules())),
            |(group, attributed), index| {
                group.fill(&partition, index, until);
                attributed.reset(group.lines.len());
                let mut found = Vec::new();
                for customer in 0..group.customers.len() {
                    attributed.attribute(&group.lines, group.lines_of(customer));
                    take(group, group.lines_of(customer), attributed, &mut found);
                }
                found
            },
        )
        .collect()
}

/// What of each line came back, for the lines of one group.
#[derive(Default)]
pub(crate) struct Attributed {
    /// Pieces, by line.
    pub(crate) quantity: Vec<i32>,
    /// Paid value, by line.
    pub(crate) value: Vec<i64>,
    /// What came back of the last customer's lines, return by return.
    pub(crate) came_back: Vec<CameBack>,
    /// Whether the ids of orders are content, and no numbers of rows.
    orders_by_id: bool,
    order: Vec<u32>,
    open: Vec<OpenSale>,
}

/// A sale that can still take something back.
struct OpenSale {
    line: usize,
    quantity: i32,
    value: i64,
}

impl Attributed {
    pub(crate) fn new(rules: &LogRules) -> Self {
        Self { orders_by_id: rules.orders() != OrderIdentity::EachLine, ..Self::default() }
    }

    /// Starts a group of so many lines.
    pub(crate) fn reset(&mut self, lines: usize) {
        self.quantity.clear();
        self.quantity.resize(lines, 0);
        self.value.clear();
        self.value.resize(lines, 0);
    }

    /// Attributes the credit notes among one customer's lines. O(lines log lines).
    pub(crate) fn attribute(&mut self, lines: &LineColumns, range: Range<usize>) {
        self.came_back.clear();
        if range.clone().all(|line| lines.kind(line) != LineKind::Return) {
            return;
        }
        let first = range.start;
        let product = |line: usize| lines.product.get(line).copied().unwrap_or_default();
        self.order.clear();
        self.order.extend(range.filter(|line| lines.kind(*line) != LineKind::Free).map(|line| line as u32));
        // Ties are broken by content, so that the order of rows cannot show.
        let number = |values: &[i64], line: usize| values.get(line).copied().unwrap_or_default();
        let by_id = self.orders_by_id;
        let numbers = |line: usize| {
            let order = lines.order.get(line).copied().filter(|_| by_id);
            let (gross, pieces) = (lines.gross[line], lines.quantity[line]);
            (product(line), lines.time[line], lines.kind(line), gross, pieces, order)
        };
        let rest = |line: usize| {
            let texts = Attribute::ALL.map(|attribute| lines.text(attribute).get(line).copied());
            (number(&lines.discount, line), number(&lines.cost, line), texts)
        };
        self.order.sort_unstable_by(|a, b| {
            let (a, b) = (*a as usize, *b as usize);
            numbers(a).cmp(&numbers(b)).then_with(|| rest(a).cmp(&rest(b)))
        });
        self.open.clear();
        let mut current = None;
        for line in &self.order {
            let line = *line as usize;
            if current != Some(product(line)) {
                current = Some(product(line));
                self.open.clear();
            }
            if lines.kind(line) == LineKind::Sale {
                let paid = lines.gross[line] - lines.discount.get(line).copied().unwrap_or_default();
                self.open.push(OpenSale { line, quantity: lines.quantity[line], value: paid });
            } else {
                let note = CreditNote {
                    quantity: lines.quantity[line],
                    value: lines.gross[line],
                    time: lines.time[line],
                };
                for undone in undo(&mut self.open, note) {
                    self.quantity[undone.line] += undone.pieces;
                    self.value[undone.line] += undone.value;
                    self.came_back.push(CameBack { line: undone.line - first, ..undone });
                }
            }
        }
    }
}

/// Pieces that came back, and what was credited for them.
#[derive(Clone, Copy)]
struct CreditNote {
    quantity: i32,
    value: i64,
    time: i64,
}

/// Takes a credit note's pieces and value from the open sales, the latest first.
fn undo(open: &mut Vec<OpenSale>, note: CreditNote) -> impl Iterator<Item = CameBack> {
    let CreditNote { mut quantity, value: mut credit, time } = note;
    std::iter::from_fn(move || {
        let sale = open.last_mut().filter(|_| quantity > 0)?;
        let pieces = quantity.min(sale.quantity);
        // The credit is spread evenly over its pieces; both factors are below 2⁵⁰, so the quotient always fits.
        let share = mul_div(credit, i64::from(pieces), i64::from(quantity)).unwrap_or(credit);
        let value = share.min(sale.value);
        let undone = CameBack { line: sale.line, pieces, value, time: Some(time) };
        credit -= share;
        quantity -= pieces;
        sale.quantity -= pieces;
        sale.value -= value;
        if sale.quantity == 0 {
            open.pop();
        }
        Some(undone)
    })
}

/// What is known of the returns of a group's lines, by whichever convention the log records them.
pub(crate) struct ReturnBook {
    as_of: i64,
    /// Credit notes are attributed to sales.
    attribution: bool,
    attributed: Attributed,
}

impl ReturnBook {
    pub(crate) fn new(needs: Needs, as_of: i64, rules: &LogRules) -> Self {
        Self { as_of, attribution: needs.attribution, attributed: Attributed::new(rules) }
    }

    /// Prepares for the lines of another group: what of each line came back, known before `as_of`.
    pub(crate) fn start_group(&mut self, lines: &LineColumns) {
        self.attributed.reset(if self.looks_up_returns(lines) { lines.len() } else { 0 });
        if !self.attribution {
            for line in 0..lines.return_time.len() {
                if lines.return_time[line] == NO_TIME || lines.return_time[line] < self.as_of {
                    self.attributed.quantity[line] = at(&lines.returned_quantity, line);
                    self.attributed.value[line] = at(&lines.returned, line);
                }
            }
        }
    }

    /// Prepares for the lines of one customer.
    pub(crate) fn start_customer(&mut self, lines: &LineColumns, range: &Range<usize>) {
        if self.attribution {
            self.attributed.attribute(lines, range.clone());
        }
    }

    /// What came back of each line of the group, for the customers started so far.
    pub(crate) fn back<'l>(&'l self, lines: &'l LineColumns) -> Back<'l> {
        let (pieces, value) = if self.looks_up_returns(lines) {
            (&self.attributed.quantity, &self.attributed.value)
        } else {
            (&lines.returned_quantity, &lines.returned)
        };
        let posted = if self.attribution { Posted::CreditNotes } else { Posted::OnSales };
        Back { pieces, value, posted }
    }

    /// What came back of the last customer's lines, return by return; `None` where the lines themselves say so.
    pub(crate) fn came_back(&self) -> Option<&[CameBack]> {
        self.attribution.then_some(self.attributed.came_back.as_slice())
    }

    /// Whether what came back has to be worked out, rather than read from the lines.
    fn looks_up_returns(&self, lines: &LineColumns) -> bool {
        self.attribution || !lines.return_time.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (time, kind, product, pieces, value)
    fn attribute(rows: &[(i64, LineKind, u32, i32, i64)]) -> (Vec<i32>, Vec<i64>) {
        let lines = LineColumns {
            time: rows.iter().map(|row| row.0).collect(),
            kind: rows.iter().map(|row| row.1).collect(),
            product: rows.iter().map(|row| row.2).collect(),
            quantity: rows.iter().map(|row| row.3).collect(),
            gross: rows.iter().map(|row| row.4).collect(),
            ..LineColumns::default()
        };
        let mut attributed = Attributed::default();
        attributed.reset(rows.len());
        attributed.attribute(&lines, 0..rows.len());
        (attributed.quantity, attributed.value)
    }

    use LineKind::{Free, Return, Sale};

    #[test]
    fn a_return_goes_to_the_latest_earlier_sales_and_no_further_than_was_bought() {
        let (pieces, values) = attribute(&[
            (1, Sale, 1, 2, 200),
            (2, Sale, 1, 3, 330),
            (3, Sale, 2, 9, 900),
            (4, Return, 1, 4, 440),
            (5, Sale, 1, 5, 500),
        ]);
        assert_eq!(pieces, [1, 3, 0, 0, 0]);
        assert_eq!(values, [110, 330, 0, 0, 0], "110 a piece was credited; the first sale took one");
    }

    #[test]
    fn what_no_sale_can_take_stays_unattributed() {
        assert_eq!(attribute(&[(1, Return, 1, 2, 20), (2, Sale, 1, 2, 20)]).0, [0, 0]);
        assert_eq!(attribute(&[(1, Sale, 1, 1, 10), (2, Return, 1, 5, 50)]), (vec![1, 0], vec![10, 0]));
        let (_, values) = attribute(&[(1, Sale, 1, 1, 10), (2, Return, 1, 1, 15)]);
        assert_eq!(values, [10, 0], "at most what was paid");
    }

    #[test]
    fn a_cancellation_at_the_same_instant_counts_and_free_lines_do_not() {
        assert_eq!(attribute(&[(1, Return, 1, 1, 10), (1, Sale, 1, 1, 10)]).0, [0, 1]);
        assert_eq!(attribute(&[(1, Free, 1, 1, 0), (2, Return, 1, 1, 10)]).0, [0, 0]);
    }
}
