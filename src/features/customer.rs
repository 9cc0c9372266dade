//! One customer as the engine sees her: her lines, her orders in the order of time, and what came back.

use std::ops::Range;

use crate::features::lines::LineColumns;
use crate::transaction::{Attribute, LineKind, NO_TIME};

/// One customer's lines: her part of each column, or nothing of a column that is not there. The lines of an order
/// stand side by side.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'l> {
    pub(crate) order: &'l [u64],
    pub(crate) time: &'l [i64],
    /// Nothing where every line is a sale.
    pub(crate) kind: &'l [LineKind],
    pub(crate) quantity: &'l [i32],
    pub(crate) gross: &'l [i64],
    pub(crate) discount: &'l [i64],
    pub(crate) cost: &'l [i64],
    /// Pieces and paid value that came back and belong to the line.
    pub(crate) pieces_back: &'l [i32],
    pub(crate) value_back: &'l [i64],
    pub(crate) return_time: &'l [i64],
    pub(crate) count: &'l [u32],
    pub(crate) posted: Posted,
}

/// Where posted returns stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Posted {
    /// On their sale lines.
    OnSales,
    /// On credit notes, each of which is a parcel.
    CreditNotes,
    /// On lines of their own, one per sale line, with the time of the return.
    Apart,
}

impl<'l> Lines<'l> {
    /// The lines of a range, with what came back of them.
    pub(crate) fn of(lines: &'l LineColumns, range: &Range<usize>, back: Back<'l>) -> Self {
        Self {
            order: own(&lines.order, range),
            time: own(&lines.time, range),
            kind: own(&lines.kind, range),
            quantity: own(&lines.quantity, range),
            gross: own(&lines.gross, range),
            discount: own(&lines.discount, range),
            cost: own(&lines.cost, range),
            pieces_back: own(back.pieces, range),
            value_back: own(back.value, range),
            return_time: own(&lines.return_time, range),
            count: own(&lines.count, range),
            posted: back.posted,
        }
    }

    pub(crate) fn lines(&self) -> Range<usize> {
        0..self.gross.len()
    }

    /// The lines of each order, which stand side by side; nothing where orders are not needed.
    pub(crate) fn order_runs(&self) -> impl Iterator<Item = Range<usize>> + use<'l> {
        let mut end = 0;
        self.order.chunk_by(|a, b| a == b).map(move |run| {
            let start = end;
            end += run.len();
            start..end
        })
    }

    #[inline]
    pub(crate) fn kind(&self, line: usize) -> LineKind {
        at(self.kind, line)
    }

    /// How many order lines a row stands for.
    #[inline]
    pub(crate) fn count(&self, line: usize) -> u64 {
        if self.count.is_empty() { 1 } else { u64::from(self.count[line]) }
    }

    #[inline]
    pub(crate) fn discount(&self, line: usize) -> i64 {
        at(self.discount, line)
    }

    #[inline]
    pub(crate) fn came_back(&self, line: usize) -> bool {
        at(self.pieces_back, line) != 0 || at(self.value_back, line) != 0
    }
}

/// What came back of each line of a group, as far as it is known.
#[derive(Clone, Copy)]
pub(crate) struct Back<'l> {
    pub(crate) pieces: &'l [i32],
    pub(crate) value: &'l [i64],
    pub(crate) posted: Posted,
}

/// The value of a line, or nothing where the column is not there.
#[inline]
pub(crate) fn at<T: Copy + Default>(values: &[T], line: usize) -> T {
    if values.is_empty() { T::default() } else { values[line] }
}

/// A customer's part of a column.
#[inline]
pub(crate) fn own<'l, T>(values: &'l [T], range: &Range<usize>) -> &'l [T] {
    values.get(range.clone()).unwrap_or_default()
}

/// An order with at least one sale line. Money in ten-thousandths, of its sale lines; pieces of its free lines too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// The time of its earliest sale line.
    pub(crate) time: i64,
    /// The customer's lines that make it.
    pub(crate) lines: Range<usize>,
    pub(crate) gross: i128,
    pub(crate) discount: i128,
    pub(crate) pieces: i64,
    /// Attributed value and pieces.
    pub(crate) returned: i128,
    pub(crate) pieces_back: i64,
    /// Sale lines.
    pub(crate) sale_lines: u64,
}

impl Order {
    /// Value paid.
    pub(crate) fn paid(&self) -> i128 {
        self.gross - self.discount
    }
}

/// Pieces of a line that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CameBack {
    /// The line among the customer's own.
    pub(crate) line: usize,
    pub(crate) pieces: i32,
    /// Paid value, in ten-thousandths.
    pub(crate) value: i64,
    /// When; `None` where it is not recorded.
    pub(crate) time: Option<i64>,
}

/// One customer, for the families of features.
pub(crate) struct Customer<'g> {
    /// The key of her id in the log.
    pub(crate) key: u64,
    pub(crate) lines: Lines<'g>,
    /// Ascending by time, then by content; empty unless a family needs them.
    pub(crate) orders: &'g [Order],
    /// In the order of the lines; empty unless a family needs them.
    pub(crate) came_back: &'g [CameBack],
    columns: &'g LineColumns,
    range: Range<usize>,
}

impl<'g> Customer<'g> {
    pub(crate) fn new(
        key: u64,
        columns: &'g LineColumns,
        range: Range<usize>,
        lines: Lines<'g>,
        lists: (&'g [Order], &'g [CameBack]),
    ) -> Self {
        Self { key, lines, orders: lists.0, came_back: lists.1, columns, range }
    }

    /// The codes of a text of each line; nothing where it is not needed or not there.
    pub(crate) fn text(&self, attribute: Attribute) -> &'g [u32] {
        own(self.columns.text(attribute), &self.range)
    }

    /// The columns of the customer's group, and her rows among them.
    pub(crate) fn columns(&self) -> (&'g LineColumns, &Range<usize>) {
        (self.columns, &self.range)
    }
}

/// Lists a customer's orders, ascending by time; of equal times by content, so that the order of rows cannot show.
/// `by_id` says that the ids of orders are content, and no numbers of rows.
pub(crate) fn list_orders(lines: &Lines<'_>, by_id: bool, orders: &mut Vec<Order>) {
    orders.clear();
    orders.extend(lines.order_runs().filter_map(|run| order_of(lines, run)));
    orders.sort_unstable_by(|a, b| {
        let id = |order: &Order| if by_id { lines.order[order.lines.start] } else { 0 };
        let content = |order: &Order| {
            (
                order.time,
                id(order),
                order.gross,
                order.discount,
                order.pieces,
                order.returned,
                order.pieces_back,
            )
        };
        content(a).cmp(&content(b)).then(a.lines.start.cmp(&b.lines.start))
    });
}

/// The order of a run of lines, if one is a sale.
fn order_of(lines: &Lines<'_>, range: Range<usize>) -> Option<Order> {
    let mut order = Order {
        time: i64::MAX,
        lines: range.clone(),
        gross: 0,
        discount: 0,
        pieces: 0,
        returned: 0,
        pieces_back: 0,
        sale_lines: 0,
    };
    for line in range {
        match lines.kind(line) {
            LineKind::Return => continue,
            LineKind::Free => {}
            LineKind::Sale => {
                order.time = order.time.min(lines.time[line]);
                order.sale_lines += lines.count(line);
            }
        }
        order.gross += i128::from(lines.gross[line]);
        order.discount += i128::from(lines.discount(line));
        order.pieces += i64::from(at(lines.quantity, line));
        order.returned += i128::from(at(lines.value_back, line));
        order.pieces_back += i64::from(at(lines.pieces_back, line));
    }
    (order.sale_lines > 0).then_some(order)
}

/// Lists what came back of a customer's sale lines, where returns are recorded on them.
pub(crate) fn list_returns(lines: &Lines<'_>, came_back: &mut Vec<CameBack>) {
    came_back.clear();
    came_back.extend(lines.lines().filter(|line| lines.came_back(*line)).map(|line| {
        let time = lines.return_time.get(line).copied().filter(|time| *time != NO_TIME);
        CameBack { line, pieces: at(lines.pieces_back, line), value: at(lines.value_back, line), time }
    }));
}
