//! The transaction log: order lines in columns, one row per line, cleaned and classified.

use std::fmt;
use std::sync::Arc;

use crate::category::{Category, MISSING};
use crate::error::{Error, Result};
use crate::transaction::ids::IdColumn;
use crate::transaction::line::{Line, LineKind, UNKNOWN_COST};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::{LogRules, OrderIdentity};
use crate::transaction::time::{AsOf, Period};

/// The time of a return that has none.
pub(crate) const NO_TIME: i64 = i64::MIN;

/// A text that describes an order line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Attribute {
    /// The product's code.
    Product,
    /// The product's category.
    Category,
    /// The product's brand.
    Brand,
    /// The product's size.
    Size,
    /// The channel the order came through.
    Channel,
    /// The country it went to.
    Country,
    /// Why it came back.
    Reason,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Product, Self::Category, Self::Brand, Self::Size, Self::Channel, Self::Country, Self::Reason];

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Category => "category",
            Self::Brand => "brand",
            Self::Size => "size",
            Self::Channel => "channel",
            Self::Country => "country",
            Self::Reason => "reason",
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A shop's order lines: clean, classified, in columns, in the order they were read.
///
/// Made by [`TransactionLog::from_columns`], [`TransactionLog::builder`] from rows, or
/// [`TransactionLog::from_csv_path`]. Money is exact, times are UTC, every kept row is a sale, a free line or a credit
/// note; [`TransactionLog::report`] accounts for the rest. Takes about 60 bytes a line plus 4 per text column.
#[derive(Clone, PartialEq)]
pub struct TransactionLog {
    pub(crate) rules: LogRules,
    pub(crate) customers: IdColumn,
    /// With [`OrderIdentity::CustomerAndDay`] the day's number, with [`OrderIdentity::EachLine`] the row's.
    pub(crate) orders: IdColumn,
    pub(crate) times: Vec<i64>,
    pub(crate) kinds: Vec<LineKind>,
    pub(crate) quantities: Vec<i32>,
    pub(crate) gross: Vec<i64>,
    pub(crate) discounts: Option<Vec<i64>>,
    pub(crate) costs: Option<Vec<i64>>,
    pub(crate) returned_quantities: Option<Vec<i32>>,
    pub(crate) returned: Option<Vec<i64>>,
    pub(crate) return_times: Option<Vec<i64>>,
    pub(crate) attributes: [Option<Category>; Attribute::ALL.len()],
    /// How many order lines a row stands for, in a log that a state has compacted.
    pub(crate) line_counts: Option<Vec<u32>>,
    pub(crate) report: IngestReport,
}

impl TransactionLog {
    /// How many lines were kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rules it was read by.
    #[must_use]
    pub fn rules(&self) -> &LogRules {
        &self.rules
    }

    /// What became of every row.
    #[must_use]
    pub fn report(&self) -> &IngestReport {
        &self.report
    }

    /// The customer of each line.
    #[must_use]
    pub fn customers(&self) -> &IdColumn {
        &self.customers
    }

    /// The text column of an attribute, if the log has it.
    #[must_use]
    pub fn attribute(&self, attribute: Attribute) -> Option<&Category> {
        self.attributes[attribute as usize].as_ref()
    }

    /// What each line is.
    #[must_use]
    pub fn kinds(&self) -> &[LineKind] {
        &self.kinds
    }

    /// Each line's time, in microseconds UTC.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// The first and last time of any line, in microseconds UTC.
    #[must_use]
    pub fn time_span(&self) -> Option<(i64, i64)> {
        Some((*self.times.iter().min()?, *self.times.iter().max()?))
    }

    /// Whether rows may stand for several lines, or lack texts that the lines had: it comes from a state that keeps
    /// orders. What needs single lines cannot be computed from it.
    pub(crate) fn is_compacted(&self) -> bool {
        self.line_counts.is_some()
    }

    /// Midnight after the last line: the earliest `as_of` that sees every line.
    ///
    /// # Errors
    /// [`Error::Empty`] without lines.
    pub fn as_of_end(&self) -> Result<AsOf> {
        let returns = self.return_times.iter().flatten().copied().max();
        let (_, last) = self
            .time_span()
            .ok_or(Error::Empty { what: "the log", hint: "no row was kept; its report says why" })?;
        AsOf::day_after(returns.map_or(last, |returned| last.max(returned)), &self.rules.zone)
    }

    /// The lines of both logs, those of `self` first.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where currency, zone, order identity, return convention, tax statement or kind of ids
    /// differ. A column that only one of them has is without discount, of unknown cost, time or text in the other.
    pub fn concat(&self, other: &Self) -> Result<Self> {
        let same = |what, left: String, right: String| {
            if left == right { Ok(()) } else { Err(Error::Incompatible { what, left, right }) }
        };
        let (ours, theirs) = (&self.rules, &other.rules);
        same("the currency", ours.currency.clone(), theirs.currency.clone())?;
        same("the zone", ours.zone.to_string(), theirs.zone.to_string())?;
        same("the order identity", format!("{:?}", ours.orders), format!("{:?}", theirs.orders))?;
        same("the return convention", format!("{:?}", ours.returns), format!("{:?}", theirs.returns))?;
        same("the tax statement", format!("{:?}", ours.vat), format!("{:?}", theirs.vat))?;
        let orders = match (&self.orders, &other.orders) {
            // Lines of two logs are never the same order where each line is one.
            (IdColumn::Numbers(left), IdColumn::Numbers(right)) if ours.orders == OrderIdentity::EachLine => {
                let next = left.iter().max().map_or(0, |last| last + 1);
                IdColumn::Numbers(left.iter().copied().chain(right.iter().map(|row| row + next)).collect())
            }
            (left, right) => left.concat(right, "the kind of order ids")?,
        };
        let attributes =
            Attribute::ALL.map(|attribute| match (self.attribute(attribute), other.attribute(attribute)) {
                (None, None) => None,
                (left, right) => {
                    let absent = |len| Category { codes: vec![MISSING; len], levels: Arc::default() };
                    let left = left.cloned().unwrap_or_else(|| absent(self.len()));
                    Some(left.concat(&right.cloned().unwrap_or_else(|| absent(other.len()))))
                }
            });
        let lengths = (self.len(), other.len());
        let mut report = self.report.clone();
        report.merge(&other.report);
        Ok(Self {
            rules: ours.clone(),
            customers: self.customers.concat(&other.customers, "the kind of customer ids")?,
            orders,
            times: [&self.times[..], &other.times].concat(),
            kinds: [&self.kinds[..], &other.kinds].concat(),
            quantities: [&self.quantities[..], &other.quantities].concat(),
            gross: [&self.gross[..], &other.gross].concat(),
            discounts: concat_optional(self.discounts.as_ref(), other.discounts.as_ref(), lengths, 0),
            costs: concat_optional(self.costs.as_ref(), other.costs.as_ref(), lengths, UNKNOWN_COST),
            returned_quantities: concat_optional(
                self.returned_quantities.as_ref(),
                other.returned_quantities.as_ref(),
                lengths,
                0,
            ),
            returned: concat_optional(self.returned.as_ref(), other.returned.as_ref(), lengths, 0),
            return_times: concat_optional(
                self.return_times.as_ref(),
                other.return_times.as_ref(),
                lengths,
                NO_TIME,
            ),
            attributes,
            line_counts: concat_optional(self.line_counts.as_ref(), other.line_counts.as_ref(), lengths, 1),
            report,
        })
    }

    /// The numbers of a row.
    pub(crate) fn line(&self, row: usize) -> Line {
        let at = |column: &Option<Vec<i64>>| column.as_ref().map_or(0, |values| values[row]);
        Line {
            kind: self.kinds[row],
            quantity: self.quantities[row],
            gross: if self.kinds[row] == LineKind::Free { 0 } else { self.gross[row] },
            discount: at(&self.discounts),
            cost: at(&self.costs),
            returned_quantity: self.returned_quantities.as_ref().map_or(0, |values| values[row]),
            returned: at(&self.returned),
        }
    }

    /// The lines at `rows`, with the same report.
    pub(crate) fn gather(&self, rows: &[usize]) -> Self {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|row| values[*row]).collect()
        }
        Self {
            rules: self.rules.clone(),
            customers: self.customers.gather(rows),
            orders: self.orders.gather(rows),
            times: pick(&self.times, rows),
            kinds: pick(&self.kinds, rows),
            quantities: pick(&self.quantities, rows),
            gross: pick(&self.gross, rows),
            discounts: self.discounts.as_ref().map(|values| pick(values, rows)),
            costs: self.costs.as_ref().map(|values| pick(values, rows)),
            returned_quantities: self.returned_quantities.as_ref().map(|values| pick(values, rows)),
            returned: self.returned.as_ref().map(|values| pick(values, rows)),
            return_times: self.return_times.as_ref().map(|values| pick(values, rows)),
            attributes: self
                .attributes
                .each_ref()
                .map(|column| column.as_ref().map(|column| column.gather(rows))),
            line_counts: self.line_counts.as_ref().map(|values| pick(values, rows)),
            report: self.report.clone(),
        }
    }

    /// The day each line is on, counted from 1970 in the log's zone.
    pub(crate) fn days(times: &[i64], rules: &LogRules) -> Vec<i32> {
        let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return Vec::new() };
        let starts = rules.zone.periods(*first, *last, Period::Day);
        let epoch = jiff::civil::date(1970, 1, 1);
        let first_day = starts[0].1.since(epoch).map_or(0, |span| span.get_days());
        times
            .iter()
            .map(|time| first_day + (starts.partition_point(|(start, _)| start <= time) as i32 - 1))
            .collect()
    }
}

/// The values of both logs, of which one may lack the column: its lines then have the neutral value.
fn concat_optional<T: Copy>(
    left: Option<&Vec<T>>,
    right: Option<&Vec<T>>,
    lengths: (usize, usize),
    neutral: T,
) -> Option<Vec<T>> {
    let filled = |column: Option<&Vec<T>>, len| column.cloned().unwrap_or_else(|| vec![neutral; len]);
    match (left, right) {
        (None, None) => None,
        _ => Some([filled(left, lengths.0), filled(right, lengths.1)].concat()),
    }
}

impl fmt::Debug for TransactionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionLog")
            .field("lines", &self.len())
            .field("currency", &self.rules.currency)
            .field("customers", &self.customers.kind())
            .finish_non_exhaustive()
    }
}
