//! Rows into a log: the door for callers that have order lines one at a time.

use crate::category::{Category, Interner, MISSING};
use crate::error::{Error, Result};
use crate::transaction::duplicates;
use crate::transaction::ids::{CustomerId, IdColumn, IdKind};
use crate::transaction::judge::{Judge, Refused};
use crate::transaction::line::{Discount, Line, LineKind, Numbers, OrderLine, RejectReason};
use crate::transaction::log::{Attribute, NO_TIME, TransactionLog};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::{Duplicates, LogRules, OrderIdentity, Returns, Strictness};

/// Takes order lines one by one and makes a [`TransactionLog`] of them.
///
/// ```
/// use kohort::transaction::{OrderLine, Price};
/// use kohort::{IdKind, LogRules, Money, TransactionLog};
///
/// let rules = LogRules::builder("EUR").build()?;
/// let mut log = TransactionLog::builder(&rules, IdKind::Text);
/// let mut line = OrderLine::new("ada", 1_325_419_200_000_000, Price::Unit(Money::parse("19.90")?));
/// line.order = Some("1001".into());
/// line.quantity = 2;
/// log.push(line)?;
/// let log = log.build()?;
/// assert_eq!(log.report().sales.value.to_string(), "39.80");
/// # Ok::<(), kohort::Error>(())
/// ```
pub struct LogBuilder {
    judge: Judge,
    customers: IdBuilder,
    orders: IdBuilder,
    times: Vec<i64>,
    lines: Vec<Line>,
    return_times: Vec<i64>,
    attributes: [TextBuilder; Attribute::ALL.len()],
    has: Has,
    /// The row number of each kept line, where a later rejection may need it.
    rows: Vec<u64>,
    report: IngestReport,
    /// Rows of the source that came before the first of this log.
    rows_before: u64,
}

/// Which optional values any line had; a log without any has no such column.
#[derive(Clone, Copy, Default)]
pub(crate) struct Has {
    pub(crate) discount: bool,
    pub(crate) cost: bool,
    pub(crate) return_time: bool,
    pub(crate) attributes: [bool; Attribute::ALL.len()],
}

/// A row as the doors hand it over: borrowed texts and a place for what could not be read.
pub(crate) struct RawRow<'a> {
    pub(crate) row: u64,
    pub(crate) customer: Option<RawId<'a>>,
    pub(crate) order: Option<RawId<'a>>,
    pub(crate) time: Option<i64>,
    pub(crate) numbers: std::result::Result<Numbers, (RejectReason, String)>,
    /// When what came back did, if the source says; the text where it cannot be read.
    pub(crate) return_time: std::result::Result<Option<i64>, &'a str>,
    pub(crate) undelivered: bool,
    pub(crate) currency: Option<&'a str>,
    pub(crate) texts: [Option<&'a str>; Attribute::ALL.len()],
    /// What stands in the time field, for the report.
    pub(crate) time_text: &'a str,
}

/// An id as the doors hand it over.
#[derive(Clone, Copy)]
pub(crate) enum RawId<'a> {
    Number(u64),
    Text(&'a str),
}

impl RawId<'_> {
    /// The id as one of a kind, a number wherever the log has numbers; `None` where it is none of that kind.
    #[inline]
    pub(crate) fn of_kind(self, kind: IdKind) -> Option<Self> {
        match (kind, self) {
            (IdKind::Number, RawId::Text(text)) => text.parse().ok().map(RawId::Number),
            (_, RawId::Text("")) => None,
            _ => Some(self),
        }
    }
}

/// Ids of one kind, added one by one.
pub(crate) enum IdBuilder {
    Numbers(Vec<u64>),
    Texts(TextBuilder),
}

/// A text column, filled one by one.
#[derive(Default)]
pub(crate) struct TextBuilder {
    interner: Interner,
    codes: Vec<u32>,
}

impl TextBuilder {
    pub(crate) fn push(&mut self, text: Option<&str>) {
        let code = text.map_or(MISSING, |text| self.interner.code(text));
        self.codes.push(code);
    }

    pub(crate) fn finish(self) -> Category {
        self.interner.finish(self.codes)
    }
}

impl IdBuilder {
    pub(crate) fn new(kind: IdKind) -> Self {
        match kind {
            IdKind::Number => Self::Numbers(Vec::new()),
            IdKind::Text => Self::Texts(TextBuilder::default()),
        }
    }

    /// Adds an id of either form; text that should be a number was checked before.
    pub(crate) fn push(&mut self, id: RawId<'_>) {
        match (self, id) {
            (Self::Numbers(numbers), RawId::Number(number)) => numbers.push(number),
            (Self::Numbers(numbers), RawId::Text(text)) => numbers.push(text.parse().unwrap_or_default()),
            (Self::Texts(texts), RawId::Text(text)) => texts.push(Some(text)),
            (Self::Texts(texts), RawId::Number(number)) => texts.push(Some(&number.to_string())),
        }
    }

    pub(crate) fn finish(self) -> IdColumn {
        match self {
            Self::Numbers(numbers) => IdColumn::Numbers(numbers),
            Self::Texts(texts) => IdColumn::Texts(texts.finish()),
        }
    }
}

impl TransactionLog {
    /// An empty builder for rows read by `rules`, with customer ids of one kind. Order ids are text.
    #[must_use]
    pub fn builder(rules: &LogRules, customers: IdKind) -> LogBuilder {
        LogBuilder::new(rules, customers, IdKind::Text)
    }

    /// A log of all rows that an iterator yields, with customer ids of one kind.
    ///
    /// The rows are taken one by one, so that the iterator's source need not be in memory; the log is. For more rows
    /// than that, [`FeatureState::push_rows`](crate::FeatureState::push_rows) keeps their orders alone.
    ///
    /// ```
    /// use kohort::{IdKind, LogRules, Money, OrderIdentity, OrderLine, Price, TransactionLog};
    ///
    /// let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build()?;
    /// let price = Price::Line(Money::parse("5")?);
    /// let rows = ["ada", "ben", ""].map(|customer| OrderLine::new(customer, 0, price));
    /// let log = TransactionLog::from_rows(rows, &rules, IdKind::Text)?;
    /// assert_eq!((log.len(), log.report().rows_rejected()), (2, 1));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Rejected`] in strict mode, with the row's position from 1.
    pub fn from_rows(
        rows: impl IntoIterator<Item = OrderLine>,
        rules: &LogRules,
        customers: IdKind,
    ) -> Result<Self> {
        let mut builder = Self::builder(rules, customers);
        rows.into_iter().try_for_each(|row| builder.push(row))?;
        builder.build()
    }
}

impl LogBuilder {
    pub(crate) fn new(rules: &LogRules, customers: IdKind, orders: IdKind) -> Self {
        let orders = if rules.orders == OrderIdentity::Column { orders } else { IdKind::Number };
        Self {
            judge: Judge::new(rules, customers, orders),
            customers: IdBuilder::new(customers),
            orders: IdBuilder::new(orders),
            times: Vec::new(),
            lines: Vec::new(),
            return_times: Vec::new(),
            attributes: Default::default(),
            has: Has::default(),
            rows: Vec::new(),
            report: IngestReport { currency: rules.currency.clone(), ..IngestReport::default() },
            rows_before: 0,
        }
    }

    /// Numbers rows from there on: `rows` of the same source went into other logs.
    pub(crate) fn after(mut self, rows: u64) -> Self {
        self.rows_before = rows;
        self
    }

    /// Adds a row; one that cannot be kept is counted with its reason.
    ///
    /// # Errors
    /// [`Error::Rejected`] in strict mode; the builder stays usable and has counted the row.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a row is handed over; who made it has no more use for it"
    )]
    pub fn push(&mut self, line: OrderLine) -> Result<()> {
        let customer = match &line.customer {
            CustomerId::Number(number) => RawId::Number(*number),
            CustomerId::Text(text) => RawId::Text(text),
        };
        let numbers = Numbers {
            quantity: line.quantity,
            price: line.price,
            discount: line.discount,
            unit_cost: line.unit_cost.map(super::Money::ten_thousandths),
            returned: line.returned,
        };
        let time_text = line.time.to_string();
        self.push_raw(&RawRow {
            row: self.rows_before + self.report.rows_read + 1,
            customer: Some(customer),
            order: line.order.as_deref().map(RawId::Text),
            time: Some(line.time),
            numbers: Ok(numbers),
            return_time: Ok(line.return_time),
            undelivered: false,
            currency: None,
            texts: [
                line.product.as_deref(),
                line.category.as_deref(),
                line.brand.as_deref(),
                line.size.as_deref(),
                line.channel.as_deref(),
                line.country.as_deref(),
                line.reason.as_deref(),
            ],
            time_text: &time_text,
        })
    }

    /// Adds a row from any door.
    pub(crate) fn push_raw(&mut self, raw: &RawRow<'_>) -> Result<()> {
        self.report.rows_read += 1;
        if let Ok(numbers) = &raw.numbers {
            self.has.discount |= numbers.discount != Discount::None;
            self.has.cost |= numbers.unit_cost.is_some();
        }
        let kept = match self.judge.judge(raw) {
            Ok(kept) => kept,
            Err(refused) => {
                let Refused { reason, detail, line } = refused;
                return self.reject(raw.row, reason, || detail.to_string(), line.as_ref());
            }
        };
        self.report.keep(&kept.line);
        self.customers.push(kept.customer);
        self.orders.push(kept.order.unwrap_or(RawId::Number(0)));
        self.times.push(kept.time);
        self.return_times.push(kept.return_time.unwrap_or(NO_TIME));
        self.has.return_time |= kept.return_time.is_some();
        self.lines.push(kept.line);
        for (column, text) in self.attributes.iter_mut().zip(raw.texts) {
            column.push(text);
        }
        if self.judge.rules.duplicates == Duplicates::Reject {
            self.rows.push(raw.row);
        }
        Ok(())
    }

    /// Counts a row that a file's door could not even split into fields.
    #[cfg(all(test, feature = "csv"))]
    pub(crate) fn reject_unread(
        &mut self,
        row: u64,
        reason: RejectReason,
        detail: impl FnOnce() -> String,
    ) -> Result<()> {
        self.report.rows_read += 1;
        self.reject(row, reason, detail, None)
    }

    fn reject(
        &mut self,
        row: u64,
        reason: RejectReason,
        detail: impl FnOnce() -> String,
        line: Option<&Line>,
    ) -> Result<()> {
        if self.judge.rules.strictness == Strictness::Stop && !reason.is_rule() {
            let detail = detail();
            self.report.reject(row, reason, || detail.clone(), line);
            return Err(Error::Rejected { row, reason, detail });
        }
        self.report.reject(row, reason, detail, line);
        Ok(())
    }

    /// Says that the source has a column, so that the log has it even where no row has a value.
    #[cfg(all(test, feature = "csv"))]
    pub(crate) fn declare(&mut self, has: &Has) {
        self.has.discount |= has.discount;
        self.has.cost |= has.cost;
        self.has.return_time |= has.return_time;
        for (ours, theirs) in self.has.attributes.iter_mut().zip(has.attributes) {
            *ours |= theirs;
        }
    }

    /// The log of all rows that were kept. A log without rows is a valid one.
    ///
    /// # Errors
    /// None at present; kept fallible because duplicates are found here.
    pub fn build(self) -> Result<TransactionLog> {
        let rules = self.judge.rules;
        let has_returned = matches!(rules.returns, Returns::Flag | Returns::Quantity | Returns::Amount);
        let lines = &self.lines;
        let orders = match rules.orders {
            OrderIdentity::Column => self.orders.finish(),
            OrderIdentity::CustomerAndDay => day_orders(&self.times, &rules),
            OrderIdentity::EachLine => IdColumn::Numbers((0..lines.len() as u64).collect()),
        };
        let column =
            |wanted: bool, value: fn(&Line) -> i64| wanted.then(|| lines.iter().map(value).collect());
        let log = TransactionLog {
            customers: self.customers.finish(),
            orders,
            times: self.times,
            kinds: lines.iter().map(|line| line.kind).collect::<Vec<LineKind>>(),
            quantities: lines.iter().map(|line| line.quantity).collect(),
            gross: lines.iter().map(|line| line.gross).collect(),
            discounts: column(self.has.discount, |line| line.discount),
            costs: column(self.has.cost, |line| line.cost),
            returned_quantities: has_returned
                .then(|| lines.iter().map(|line| line.returned_quantity).collect()),
            returned: column(has_returned, |line| line.returned),
            return_times: self.has.return_time.then_some(self.return_times),
            attributes: attributes_of(self.attributes, self.has.attributes),
            line_counts: None,
            rules,
            report: self.report,
        };
        Ok(match log.rules.duplicates {
            Duplicates::Keep => log,
            Duplicates::Reject => duplicates::reject(log, &self.rows),
        })
    }
}

/// The text columns: those that the source has, and those of which any line had a text.
pub(crate) fn attributes_of<const N: usize>(
    columns: [TextBuilder; N],
    has: [bool; N],
) -> [Option<Category>; N] {
    let mut has = has.into_iter();
    columns.map(|column| {
        let column = column.finish();
        (has.next() == Some(true) || !column.levels().is_empty()).then_some(column)
    })
}

/// The day's number as the order of every line, never negative.
pub(crate) fn day_orders(times: &[i64], rules: &LogRules) -> IdColumn {
    let days = TransactionLog::days(times, rules);
    IdColumn::Numbers(days.into_iter().map(|day| (i64::from(day) - i64::from(i32::MIN)) as u64).collect())
}

/// An id as it stands in a report.
pub(crate) fn id_text(id: Option<RawId<'_>>) -> String {
    match id {
        Some(RawId::Number(number)) => number.to_string(),
        Some(RawId::Text("")) | None => "empty".to_owned(),
        Some(RawId::Text(text)) => format!("`{text}`"),
    }
}

impl std::fmt::Debug for LogBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogBuilder").field("kept", &self.lines.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Display for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.price {
            super::line::Price::Unit(price) => write!(f, "quantity {} at {price}", self.quantity),
            super::line::Price::Line(amount) => write!(f, "quantity {} for {amount}", self.quantity),
        }
    }
}
