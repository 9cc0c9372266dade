//! What one block has become: columns of its kept rows and a report of all. Its room is used again for later blocks.

use crate::transaction::builder::{Has, RawId, RawRow};
use crate::transaction::csv::decode::Seen;
use crate::transaction::csv::header::Columns;
use crate::transaction::csv::texts::{Cell, Texts};
use crate::transaction::ids::IdKind;
use crate::transaction::judge::{Judge, Kept};
use crate::transaction::line::{Line, LineKind, RejectReason};
use crate::transaction::log::{Attribute, NO_TIME};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::{Duplicates, LogRules, Returns, Strictness};

/// Which columns a log of a file has besides those that every log has.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) has: Has,
    pub(super) returned: bool,
    /// Whether the lines of kept rows are needed later.
    pub(super) rows: bool,
}

impl Shape {
    pub(super) fn new(columns: &Columns, rules: &LogRules) -> Self {
        Self {
            has: columns.has(),
            returned: matches!(rules.returns, Returns::Flag | Returns::Quantity | Returns::Amount),
            rows: rules.duplicates == Duplicates::Reject,
        }
    }
}

/// Ids of one kind, in order of rows; texts as codes.
pub(super) enum Ids<T> {
    /// The log has no such column.
    None,
    Numbers(Vec<u64>),
    Texts(T),
}

impl<T: Default> Ids<T> {
    pub(super) fn new(kind: Option<IdKind>) -> Self {
        match kind {
            None => Self::None,
            Some(IdKind::Number) => Self::Numbers(Vec::new()),
            Some(IdKind::Text) => Self::Texts(T::default()),
        }
    }
}

impl Ids<Texts> {
    fn push(&mut self, id: RawId<'_>) {
        match (self, id) {
            (Self::Numbers(numbers), RawId::Number(number)) => numbers.push(number),
            (Self::Texts(texts), RawId::Text(text)) => texts.push(Cell::of(text)),
            _ => debug_assert!(false, "ids are of the log's kind"),
        }
    }
}

/// The row that strict mode stopped at, and why.
pub(super) struct Stop {
    pub(super) row: u64,
    pub(super) reason: RejectReason,
    pub(super) detail: String,
}

/// The columns of a block's kept rows; those that the log does not have stay empty.
pub(super) struct Part {
    shape: Shape,
    pub(super) customers: Ids<Texts>,
    pub(super) orders: Ids<Texts>,
    pub(super) times: Vec<i64>,
    pub(super) kinds: Vec<LineKind>,
    pub(super) quantities: Vec<i32>,
    pub(super) gross: Vec<i64>,
    pub(super) discounts: Vec<i64>,
    pub(super) costs: Vec<i64>,
    pub(super) returned_quantities: Vec<i32>,
    pub(super) returned: Vec<i64>,
    pub(super) return_times: Vec<i64>,
    pub(super) attributes: [Texts; Attribute::ALL.len()],
    /// The line of each row, the block's first being 0; only where it is needed later. The same below.
    pub(super) rows: Vec<u64>,
    pub(super) report: IngestReport,
    pub(super) seen: Seen,
    pub(super) stop: Option<Stop>,
    /// How many lines the block has.
    pub(super) lines: u64,
}

impl Part {
    pub(super) fn new(shape: Shape, judge: &Judge) -> Self {
        Self {
            shape,
            customers: Ids::new(Some(judge.customers)),
            orders: Ids::new(judge.orders),
            times: Vec::new(),
            kinds: Vec::new(),
            quantities: Vec::new(),
            gross: Vec::new(),
            discounts: Vec::new(),
            costs: Vec::new(),
            returned_quantities: Vec::new(),
            returned: Vec::new(),
            return_times: Vec::new(),
            attributes: Default::default(),
            rows: Vec::new(),
            report: IngestReport::default(),
            seen: Seen::default(),
            stop: None,
            lines: 0,
        }
    }

    /// Forgets all but its room. Texts are taken by whoever joins the part.
    pub(super) fn clear(&mut self) {
        for ids in [&mut self.customers, &mut self.orders] {
            if let Ids::Numbers(numbers) = ids {
                numbers.clear();
            }
        }
        for column in [
            &mut self.times,
            &mut self.gross,
            &mut self.discounts,
            &mut self.costs,
            &mut self.returned,
            &mut self.return_times,
        ] {
            column.clear();
        }
        self.kinds.clear();
        self.quantities.clear();
        self.returned_quantities.clear();
        self.rows.clear();
        self.report = IngestReport::default();
        self.seen = Seen::default();
        self.stop = None;
        self.lines = 0;
    }

    /// Adds a kept row without its texts and ids.
    #[inline]
    pub(super) fn keep_line(&mut self, row: u64, time: i64, line: &Line, return_time: i64) {
        self.report.rows_read += 1;
        self.report.keep(line);
        self.times.push(time);
        self.kinds.push(line.kind);
        self.quantities.push(line.quantity);
        self.gross.push(line.gross);
        if self.shape.has.discount {
            self.discounts.push(line.discount);
        }
        if self.shape.has.cost {
            self.costs.push(line.cost);
        }
        if self.shape.returned {
            self.returned_quantities.push(line.returned_quantity);
            self.returned.push(line.returned);
        }
        if self.shape.has.return_time {
            self.return_times.push(return_time);
        }
        if self.shape.rows {
            self.rows.push(row);
        }
    }

    /// Adds a row that was read the general way.
    pub(super) fn take(&mut self, raw: &RawRow<'_>, judge: &Judge) {
        match judge.judge(raw) {
            Ok(Kept { customer, order, time, line, return_time }) => {
                self.keep_line(raw.row, time, &line, return_time.unwrap_or(NO_TIME));
                self.customers.push(customer);
                if let Some(order) = order {
                    self.orders.push(order);
                }
                for ((column, text), wanted) in
                    self.attributes.iter_mut().zip(raw.texts).zip(self.shape.has.attributes)
                {
                    if wanted {
                        column.push(Cell::of(text.unwrap_or_default()));
                    }
                }
            }
            Err(refused) => {
                let detail = || refused.detail.to_string();
                self.refuse(&judge.rules, raw.row, refused.reason, detail, refused.line.as_ref());
            }
        }
    }

    /// Counts a row that is not kept.
    pub(super) fn refuse(
        &mut self,
        rules: &LogRules,
        row: u64,
        reason: RejectReason,
        detail: impl Fn() -> String,
        line: Option<&Line>,
    ) {
        self.report.rows_read += 1;
        self.report.reject(row, reason, &detail, line);
        if rules.strictness == Strictness::Stop && !reason.is_rule() {
            self.stop = Some(Stop { row, reason, detail: detail() });
        }
    }
}
