//! The parts of a file's blocks, joined in order into a log.

use crate::error::{Error, Result};
use crate::transaction::builder::day_orders;
use crate::transaction::csv::decode::Seen;
use crate::transaction::csv::parse::Plan;
use crate::transaction::csv::part::{Ids, Part, Shape, Stop};
use crate::transaction::csv::texts::Texts;
use crate::transaction::csv::union::JoinedTexts;
use crate::transaction::duplicates;
use crate::transaction::ids::IdColumn;
use crate::transaction::line::LineKind;
use crate::transaction::log::{Attribute, TransactionLog};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::{Duplicates, LogRules, OrderIdentity};

/// A log that grows part by part.
pub(super) struct Joined {
    shape: Shape,
    customers: Ids<JoinedTexts>,
    orders: Ids<JoinedTexts>,
    times: Vec<i64>,
    kinds: Vec<LineKind>,
    quantities: Vec<i32>,
    gross: Vec<i64>,
    discounts: Vec<i64>,
    costs: Vec<i64>,
    returned_quantities: Vec<i32>,
    returned: Vec<i64>,
    return_times: Vec<i64>,
    attributes: [JoinedTexts; Attribute::ALL.len()],
    rows: Vec<u64>,
    report: IngestReport,
    seen: Seen,
    /// The column that tells undelivered lines.
    undelivered: String,
    /// Lines that were read so far.
    lines: u64,
}

impl Ids<JoinedTexts> {
    fn take(&mut self, part: &mut Ids<Texts>) {
        match (self, part) {
            (Self::Numbers(ours), Ids::Numbers(theirs)) => ours.extend_from_slice(theirs),
            (Self::Texts(ours), Ids::Texts(theirs)) => ours.take(theirs),
            _ => {}
        }
    }

    fn finish(self) -> Option<IdColumn> {
        match self {
            Self::None => None,
            Self::Numbers(numbers) => Some(IdColumn::Numbers(numbers)),
            Self::Texts(texts) => Some(IdColumn::Texts(texts.finish())),
        }
    }
}

impl Joined {
    /// A log without lines, of a file whose header took some lines.
    pub(super) fn new(plan: &Plan<'_>, header_lines: u64) -> Self {
        let rules = &plan.judge.rules;
        Self {
            shape: plan.shape,
            customers: Ids::new(Some(plan.judge.customers)),
            orders: Ids::new(plan.judge.orders),
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
            report: IngestReport { currency: rules.currency.clone(), ..IngestReport::default() },
            seen: Seen::default(),
            undelivered: plan.schema.undelivered.as_ref().map_or(String::new(), |(column, _)| column.clone()),
            lines: header_lines,
        }
    }

    /// Rows read so far, kept or not.
    pub(super) fn rows_read(&self) -> u64 {
        self.report.rows_read
    }

    /// Lines read so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Makes room for so many times the rows there are, as far as memory goes: it is cheaper than to grow.
    pub(super) fn reserve(&mut self, times: f64) {
        let room = (self.times.len() as f64 * times) as usize;
        let shape = self.shape;
        let room_if = |wanted: bool| if wanted { room } else { 0 };
        // Where this fails, the columns grow as they need.
        let _ = self.times.try_reserve(room);
        let _ = self.kinds.try_reserve(room);
        let _ = self.quantities.try_reserve(room);
        let _ = self.gross.try_reserve(room);
        let _ = self.discounts.try_reserve(room_if(shape.has.discount));
        let _ = self.costs.try_reserve(room_if(shape.has.cost));
        let _ = self.returned_quantities.try_reserve(room_if(shape.returned));
        let _ = self.returned.try_reserve(room_if(shape.returned));
        let _ = self.return_times.try_reserve(room_if(shape.has.return_time));
        for ids in [&mut self.customers, &mut self.orders] {
            match ids {
                Ids::None => {}
                Ids::Numbers(numbers) => drop(numbers.try_reserve(room)),
                Ids::Texts(texts) => texts.reserve(room),
            }
        }
        for (texts, wanted) in self.attributes.iter_mut().zip(shape.has.attributes) {
            texts.reserve(room_if(wanted));
        }
    }

    /// Adds the next part and leaves it without texts.
    pub(super) fn take(&mut self, part: &mut Part) -> Result<()> {
        let before = self.lines + 1;
        let number = |row: u64| before + row;
        self.seen.word = self.seen.word.or(part.seen.word.map(number));
        self.seen.blank = self.seen.blank.or(part.seen.blank.map(number));
        let unclear = self.seen.unclear_from();
        match part.stop.take() {
            // Whether a row was delivered is looked at before it is judged.
            Some(Stop { row, reason, detail }) if unclear.is_none_or(|unclear| unclear > number(row)) => {
                return Err(Error::Rejected { row: number(row), reason, detail });
            }
            _ if unclear.is_some() => {
                return Err(Error::AmbiguousFlag { column: self.undelivered.clone() });
            }
            _ => {}
        }
        for rejection in part.report.rejected.values_mut() {
            rejection.first_rows.iter_mut().for_each(|row| *row = number(*row));
        }
        self.report.merge(&part.report);
        self.lines += part.lines;
        self.rows.extend(part.rows.iter().map(|row| number(*row)));

        self.customers.take(&mut part.customers);
        self.orders.take(&mut part.orders);
        self.times.extend_from_slice(&part.times);
        self.kinds.extend_from_slice(&part.kinds);
        self.quantities.extend_from_slice(&part.quantities);
        self.gross.extend_from_slice(&part.gross);
        self.discounts.extend_from_slice(&part.discounts);
        self.costs.extend_from_slice(&part.costs);
        self.returned_quantities.extend_from_slice(&part.returned_quantities);
        self.returned.extend_from_slice(&part.returned);
        self.return_times.extend_from_slice(&part.return_times);
        for (ours, theirs) in self.attributes.iter_mut().zip(&mut part.attributes) {
            ours.take(theirs);
        }
        Ok(())
    }

    /// The log of all parts.
    pub(super) fn finish(self, rules: &LogRules) -> TransactionLog {
        let shape = self.shape;
        let orders = match rules.orders {
            OrderIdentity::CustomerAndDay => day_orders(&self.times, rules),
            OrderIdentity::EachLine => IdColumn::Numbers((0..self.times.len() as u64).collect()),
            OrderIdentity::Column => self.orders.finish().unwrap_or(IdColumn::Numbers(Vec::new())),
        };
        let mut wanted = shape.has.attributes.into_iter();
        let attributes = self.attributes.map(|texts| (wanted.next() == Some(true)).then(|| texts.finish()));
        let log = TransactionLog {
            rules: rules.clone(),
            customers: self.customers.finish().unwrap_or(IdColumn::Numbers(Vec::new())),
            orders,
            times: self.times,
            kinds: self.kinds,
            quantities: self.quantities,
            gross: self.gross,
            discounts: shape.has.discount.then_some(self.discounts),
            costs: shape.has.cost.then_some(self.costs),
            returned_quantities: shape.returned.then_some(self.returned_quantities),
            returned: shape.returned.then_some(self.returned),
            return_times: shape.has.return_time.then_some(self.return_times),
            attributes,
            line_counts: None,
            report: self.report,
        };
        match rules.duplicates {
            Duplicates::Keep => log,
            Duplicates::Reject => duplicates::reject(log, &self.rows),
        }
    }
}
