//! Fills the columns of a log, in parallel and in place.

use rayon::prelude::*;

use crate::category::Category;
use crate::error::{Error, Result};
use crate::transaction::builder::day_orders;
use crate::transaction::columns::LogColumns;
use crate::transaction::columns::plain::Plain;
use crate::transaction::columns::reader::Reader;
use crate::transaction::duplicates;
use crate::transaction::ids::IdColumn;
use crate::transaction::line::{Line, LineKind, RejectReason};
use crate::transaction::log::{Attribute, NO_TIME, TransactionLog};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::{Duplicates, LogRules, OrderIdentity, Strictness};

/// Rows that one task converts. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 14;

/// Which optional columns a log has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Optional {
    pub(crate) discount: bool,
    pub(crate) unit_cost: bool,
    pub(crate) returned: bool,
    pub(crate) return_time: bool,
}

/// Rows of a source that are read one by one, whatever they hold.
pub(crate) trait Rows: Sync {
    /// The time of a row, its line, and the time of its return; or why there is none.
    fn line(&self, row: usize) -> std::result::Result<(i64, Line, i64), RejectReason>;

    /// What a rejected row would have been, had it an id and did no rule of the user set it aside.
    fn ruleless(&self, row: usize) -> Option<Line>;

    /// What stands in a rejected row, for the report.
    fn detail(&self, row: usize, reason: RejectReason) -> String;
}

/// The columns of the log while they are filled, one value per row of the source. Optional ones stay empty.
///
/// They have their full length from the start and each task writes its own rows in place: memory that is touched
/// once costs half of what collecting parts and joining them does.
pub(crate) struct Filled {
    optional: Optional,
    times: Vec<i64>,
    kinds: Vec<LineKind>,
    quantities: Vec<i32>,
    gross: Vec<i64>,
    discounts: Vec<i64>,
    costs: Vec<i64>,
    returned_quantities: Vec<i32>,
    returned: Vec<i64>,
    return_times: Vec<i64>,
}

/// Some consecutive rows in the columns being filled.
pub(crate) struct Slots<'f> {
    times: &'f mut [i64],
    kinds: &'f mut [LineKind],
    quantities: &'f mut [i32],
    gross: &'f mut [i64],
    discounts: &'f mut [i64],
    costs: &'f mut [i64],
    returned_quantities: &'f mut [i32],
    returned: &'f mut [i64],
    return_times: &'f mut [i64],
}

/// The texts and ids of rows, beside the columns that are filled in place.
pub(crate) struct Ids {
    pub(crate) customers: IdColumn,
    pub(crate) orders: Option<IdColumn>,
    pub(crate) attributes: [Option<Category>; Attribute::ALL.len()],
}

impl Filled {
    pub(crate) fn new(rows: usize, optional: Optional) -> Self {
        let rows_if = |wanted: bool| if wanted { rows } else { 0 };
        Self {
            optional,
            times: vec![0; rows],
            kinds: vec![LineKind::Sale; rows],
            quantities: vec![0; rows],
            gross: vec![0; rows],
            discounts: vec![0; rows_if(optional.discount)],
            costs: vec![0; rows_if(optional.unit_cost)],
            returned_quantities: vec![0; rows_if(optional.returned)],
            returned: vec![0; rows_if(optional.returned)],
            return_times: vec![0; rows_if(optional.return_time)],
        }
    }

    pub(crate) fn slots(&mut self) -> Slots<'_> {
        Slots {
            times: &mut self.times,
            kinds: &mut self.kinds,
            quantities: &mut self.quantities,
            gross: &mut self.gross,
            discounts: &mut self.discounts,
            costs: &mut self.costs,
            returned_quantities: &mut self.returned_quantities,
            returned: &mut self.returned,
            return_times: &mut self.return_times,
        }
    }

    /// Leaves the rows at `kept`, which ascend.
    fn keep(&mut self, kept: &[usize]) {
        fn keep<T: Copy>(values: &mut Vec<T>, kept: &[usize]) {
            if !values.is_empty() {
                for (place, row) in kept.iter().enumerate() {
                    values[place] = values[*row];
                }
                values.truncate(kept.len());
            }
        }
        keep(&mut self.times, kept);
        keep(&mut self.kinds, kept);
        keep(&mut self.quantities, kept);
        keep(&mut self.gross, kept);
        keep(&mut self.discounts, kept);
        keep(&mut self.costs, kept);
        keep(&mut self.returned_quantities, kept);
        keep(&mut self.returned, kept);
        keep(&mut self.return_times, kept);
    }

    /// The log of the rows that were not rejected; `rejected` ascends.
    pub(crate) fn into_log(
        mut self,
        ids: Ids,
        rejected: &[(usize, RejectReason)],
        report: IngestReport,
        rules: &LogRules,
    ) -> TransactionLog {
        // A text that no kept row has is none of this log, as it is none where rows come one by one.
        let rows = self.times.len();
        let Ids { mut customers, mut orders, mut attributes } = ids;
        let mut kept = Vec::new();
        if rejected.is_empty() {
            attributes = attributes.map(|column| column.map(Category::without_unused));
        } else {
            let mut dropped = rejected.iter().map(|(row, _)| *row).peekable();
            kept = (0..rows).filter(|row| dropped.next_if_eq(row).is_none()).collect();
            customers = customers.gather(&kept).without_unused();
            orders = orders.map(|orders| orders.gather(&kept).without_unused());
            attributes = attributes.map(|column| column.map(|column| column.gather(&kept).without_unused()));
            self.keep(&kept);
        }
        let orders = match rules.orders {
            OrderIdentity::CustomerAndDay => day_orders(&self.times, rules),
            OrderIdentity::EachLine => IdColumn::Numbers((0..self.times.len() as u64).collect()),
            OrderIdentity::Column => orders.unwrap_or(IdColumn::Numbers(Vec::new())),
        };
        let optional = self.optional;
        let log = TransactionLog {
            rules: rules.clone(),
            customers,
            orders,
            times: self.times,
            kinds: self.kinds,
            quantities: self.quantities,
            gross: self.gross,
            discounts: optional.discount.then_some(self.discounts),
            costs: optional.unit_cost.then_some(self.costs),
            returned_quantities: optional.returned.then_some(self.returned_quantities),
            returned: optional.returned.then_some(self.returned),
            return_times: optional.return_time.then_some(self.return_times),
            attributes,
            line_counts: None,
            report,
        };
        match rules.duplicates {
            Duplicates::Keep => log,
            Duplicates::Reject => {
                let numbers: Vec<u64> = if rejected.is_empty() {
                    (1..=rows as u64).collect()
                } else {
                    kept.iter().map(|row| *row as u64 + 1).collect()
                };
                duplicates::reject(log, &numbers)
            }
        }
    }
}

impl<'f> Slots<'f> {
    /// The first `rows` rows, and those after them.
    pub(crate) fn split_at(self, rows: usize) -> (Self, Self) {
        fn split<T>(values: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
            values.split_at_mut(at.min(values.len()))
        }
        let (times, later_times) = split(self.times, rows);
        let (kinds, later_kinds) = split(self.kinds, rows);
        let (quantities, later_quantities) = split(self.quantities, rows);
        let (gross, later_gross) = split(self.gross, rows);
        let (discounts, later_discounts) = split(self.discounts, rows);
        let (costs, later_costs) = split(self.costs, rows);
        let (returned_quantities, later_returned_quantities) = split(self.returned_quantities, rows);
        let (returned, later_returned) = split(self.returned, rows);
        let (return_times, later_return_times) = split(self.return_times, rows);
        let first = Self {
            times,
            kinds,
            quantities,
            gross,
            discounts,
            costs,
            returned_quantities,
            returned,
            return_times,
        };
        let later = Self {
            times: later_times,
            kinds: later_kinds,
            quantities: later_quantities,
            gross: later_gross,
            discounts: later_discounts,
            costs: later_costs,
            returned_quantities: later_returned_quantities,
            returned: later_returned,
            return_times: later_return_times,
        };
        (first, later)
    }

    /// Converts the rows of a source, of which `before` came earlier. Gives the rejected ones by their position in
    /// the whole log, ascending, and the report of all.
    ///
    /// # Errors
    /// [`Error::Rejected`] in strict mode.
    pub(crate) fn fill(
        self,
        source: &impl Rows,
        plain: Option<&Plain<'_>>,
        before: usize,
        rules: &LogRules,
    ) -> Result<(Vec<(usize, RejectReason)>, IngestReport)> {
        let rows = self.times.len();
        let mut rest = self;
        let mut tasks = Vec::with_capacity(rows.div_ceil(CHUNK));
        for start in (0..rows).step_by(CHUNK) {
            let (slots, later) = rest.split_at(CHUNK);
            tasks.push((start, slots));
            rest = later;
        }
        let converted: Vec<(Vec<(usize, RejectReason)>, IngestReport)> = tasks
            .into_par_iter()
            .map(|(start, mut slots)| convert(source, plain, start, &mut slots))
            .collect();

        let mut report = IngestReport { currency: rules.currency.clone(), ..IngestReport::default() };
        let mut rejected = Vec::new();
        for (rows, counts) in &converted {
            report.merge(counts);
            rejected.extend_from_slice(rows);
        }
        report.rows_read = rows as u64;
        for (row, reason) in &mut rejected {
            let detail = || source.detail(*row, *reason);
            let number = (before + *row) as u64 + 1;
            if rules.strictness == Strictness::Stop && !reason.is_rule() {
                return Err(Error::Rejected { row: number, reason: *reason, detail: detail() });
            }
            report.reject(number, *reason, detail, source.ruleless(*row).as_ref());
            *row += before;
        }
        Ok((rejected, report))
    }
}

impl TransactionLog {
    /// A log from columns. Conversion runs in parallel; O(lines).
    ///
    /// ```
    /// use kohort::transaction::{LogColumns, PriceColumn};
    /// use kohort::{LogRules, OrderIdentity, TransactionLog};
    ///
    /// let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build()?;
    /// let columns = LogColumns::new(vec![7_u64, 8], vec![0_i64, 1], PriceColumn::Line(vec![9.99, f64::NAN].into()));
    /// let log = TransactionLog::from_columns(columns, &rules)?;
    /// assert_eq!((log.report().rows_kept(), log.report().rows_rejected()), (1, 1));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where columns differ in length, [`Error::Setting`] where a column that the rules need
    /// is missing, [`Error::Rejected`] in strict mode.
    pub fn from_columns(columns: LogColumns<'_>, rules: &LogRules) -> Result<Self> {
        columns.check(rules)?;
        let reader = Reader::new(&columns, rules);
        let plain = Plain::new(&reader);
        let optional = Optional {
            discount: columns.discount.is_some(),
            unit_cost: columns.unit_cost.is_some(),
            returned: columns.returned.is_some(),
            return_time: columns.return_time.is_some(),
        };
        let mut filled = Filled::new(columns.customer.len(), optional);
        let (rejected, report) = filled.slots().fill(&reader, plain.as_ref(), 0, rules)?;
        drop(reader);
        let ids = Ids { customers: columns.customer, orders: columns.order, attributes: columns.attributes };
        Ok(filled.into_log(ids, &rejected, report, rules))
    }
}

/// Converts the rows of one task; gives those that are rejected, and the counts of the others.
fn convert(
    source: &impl Rows,
    plain: Option<&Plain<'_>>,
    start: usize,
    slots: &mut Slots<'_>,
) -> (Vec<(usize, RejectReason)>, IngestReport) {
    let mut report = IngestReport::default();
    let mut rejected = Vec::new();
    for place in 0..slots.times.len() {
        let row = start + place;
        let read = match plain.and_then(|plain| plain.line(row)) {
            Some((time, line)) => Ok((time, line, NO_TIME)),
            None => source.line(row),
        };
        let (time, line, return_time) = match read {
            Ok(kept) => kept,
            Err(reason) => {
                rejected.push((row, reason));
                continue;
            }
        };
        report.keep(&line);
        slots.times[place] = time;
        slots.kinds[place] = line.kind;
        slots.quantities[place] = line.quantity;
        slots.gross[place] = line.gross;
        if let Some(slot) = slots.discounts.get_mut(place) {
            *slot = line.discount;
        }
        if let Some(slot) = slots.costs.get_mut(place) {
            *slot = line.cost;
        }
        if let Some(slot) = slots.returned_quantities.get_mut(place) {
            *slot = line.returned_quantity;
        }
        if let Some(slot) = slots.returned.get_mut(place) {
            *slot = line.returned;
        }
        if let Some(slot) = slots.return_times.get_mut(place) {
            *slot = return_time;
        }
    }
    (rejected, report)
}
