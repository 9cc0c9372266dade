//! Fills the columns of a log, in parallel and in place.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::transaction::builder::day_orders;
use crate::transaction::columns::LogColumns;
use crate::transaction::columns::plain::Plain;
use crate::transaction::columns::reader::Reader;
use crate::transaction::duplicates;
use crate::transaction::ids::IdColumn;
use crate::transaction::line::{LineKind, RejectReason};
use crate::transaction::log::{NO_TIME, TransactionLog};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::{Duplicates, LogRules, OrderIdentity, Strictness};

/// Rows that one task converts. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 14;

/// The columns of the log while they are filled, one value per row of the source. Optional ones stay empty.
///
/// They have their full length from the start and each task writes its own rows in place: memory that is touched
/// once costs half of what collecting parts and joining them does.
struct Filled {
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

/// The rows of one task in the columns being filled.
struct Slots<'f> {
    start: usize,
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

impl Filled {
    fn new(columns: &LogColumns<'_>) -> Self {
        let rows = columns.customer.len();
        let rows_if = |wanted: bool| if wanted { rows } else { 0 };
        Self {
            times: vec![0; rows],
            kinds: vec![LineKind::Sale; rows],
            quantities: vec![0; rows],
            gross: vec![0; rows],
            discounts: vec![0; rows_if(columns.discount.is_some())],
            costs: vec![0; rows_if(columns.unit_cost.is_some())],
            returned_quantities: vec![0; rows_if(columns.returned.is_some())],
            returned: vec![0; rows_if(columns.returned.is_some())],
            return_times: vec![0; rows_if(columns.return_time.is_some())],
        }
    }

    fn slots(&mut self) -> Vec<Slots<'_>> {
        let rows = self.times.len();
        let (mut times, mut kinds) = (self.times.chunks_mut(CHUNK), self.kinds.chunks_mut(CHUNK));
        let (mut quantities, mut gross) = (self.quantities.chunks_mut(CHUNK), self.gross.chunks_mut(CHUNK));
        let (mut discounts, mut costs) = (self.discounts.chunks_mut(CHUNK), self.costs.chunks_mut(CHUNK));
        let mut returned_quantities = self.returned_quantities.chunks_mut(CHUNK);
        let (mut returned, mut return_times) =
            (self.returned.chunks_mut(CHUNK), self.return_times.chunks_mut(CHUNK));
        let slots = |start| Slots {
            start,
            times: times.next().unwrap_or_default(),
            kinds: kinds.next().unwrap_or_default(),
            quantities: quantities.next().unwrap_or_default(),
            gross: gross.next().unwrap_or_default(),
            discounts: discounts.next().unwrap_or_default(),
            costs: costs.next().unwrap_or_default(),
            returned_quantities: returned_quantities.next().unwrap_or_default(),
            returned: returned.next().unwrap_or_default(),
            return_times: return_times.next().unwrap_or_default(),
        };
        (0..rows).step_by(CHUNK).map(slots).collect()
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
        let rows = columns.customer.len();
        let reader = Reader::new(&columns, rules);
        let plain = Plain::new(&reader);
        let mut filled = Filled::new(&columns);
        let converted: Vec<(Vec<(usize, RejectReason)>, IngestReport)> = filled
            .slots()
            .into_par_iter()
            .map(|mut slots| convert(&reader, plain.as_ref(), &mut slots))
            .collect();

        let mut report = IngestReport { currency: rules.currency.clone(), ..IngestReport::default() };
        let mut rejected = Vec::new();
        for (rows, counts) in &converted {
            report.merge(counts);
            rejected.extend_from_slice(rows);
        }
        report.rows_read = rows as u64;
        for (row, reason) in &rejected {
            let detail = || match reader.numbers(*row) {
                Ok(numbers) => numbers.to_string(),
                Err(_) => "a number that cannot be read".to_owned(),
            };
            if rules.strictness == Strictness::Stop && !reason.is_rule() {
                return Err(Error::Rejected { row: *row as u64 + 1, reason: *reason, detail: detail() });
            }
            report.reject(*row as u64 + 1, *reason, detail, reader.ruleless(*row).as_ref());
        }
        drop(reader);
        Ok(assemble(columns, filled, &rejected, report, rules))
    }
}

/// Converts the rows of one task; gives those that are rejected, and the counts of the others.
fn convert(
    reader: &Reader<'_, '_>,
    plain: Option<&Plain<'_>>,
    slots: &mut Slots<'_>,
) -> (Vec<(usize, RejectReason)>, IngestReport) {
    let mut report = IngestReport::default();
    let mut rejected = Vec::new();
    for place in 0..slots.times.len() {
        let row = slots.start + place;
        let read = match plain.and_then(|plain| plain.line(row)) {
            Some((time, line)) => Ok((time, line, NO_TIME)),
            None => reader.line(row),
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

fn assemble(
    columns: LogColumns<'_>,
    mut filled: Filled,
    rejected: &[(usize, RejectReason)],
    report: IngestReport,
    rules: &LogRules,
) -> TransactionLog {
    let rows = columns.customer.len();
    let mut customers = columns.customer;
    let mut orders = columns.order;
    let mut attributes = columns.attributes;
    let mut kept = Vec::new();
    if !rejected.is_empty() {
        let mut dropped = rejected.iter().map(|(row, _)| *row).peekable();
        kept = (0..rows).filter(|row| dropped.next_if_eq(row).is_none()).collect();
        // A text that only rejected rows have is none of this log, as it is none where rows come one by one.
        customers = customers.gather(&kept).without_unused();
        orders = orders.map(|orders| orders.gather(&kept).without_unused());
        attributes = attributes.map(|column| column.map(|column| column.gather(&kept).without_unused()));
        filled.keep(&kept);
    }
    let orders = match rules.orders {
        OrderIdentity::CustomerAndDay => day_orders(&filled.times, rules),
        OrderIdentity::EachLine => IdColumn::Numbers((0..filled.times.len() as u64).collect()),
        OrderIdentity::Column => orders.unwrap_or(IdColumn::Numbers(Vec::new())),
    };
    let log = TransactionLog {
        rules: rules.clone(),
        customers,
        orders,
        times: filled.times,
        kinds: filled.kinds,
        quantities: filled.quantities,
        gross: filled.gross,
        discounts: columns.discount.is_some().then_some(filled.discounts),
        costs: columns.unit_cost.is_some().then_some(filled.costs),
        returned_quantities: columns.returned.is_some().then_some(filled.returned_quantities),
        returned: columns.returned.is_some().then_some(filled.returned),
        return_times: columns.return_time.is_some().then_some(filled.return_times),
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
