//! Rows into a log: the door for callers that have order lines one at a time.

use crate::category::{Category, Interner, MISSING};
use crate::error::{Error, Result};
use crate::transaction::duplicates;
use crate::transaction::ids::{CustomerId, IdColumn, IdKind};
use crate::transaction::line::{
    Classifier, Discount, Exclusions, Line, LineKind, Numbers, OrderLine, RejectReason, matches_any,
};
use crate::transaction::log::{Attribute, NO_TIME, TransactionLog};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::{Duplicates, LogRules, OrderIdentity, Returns, Strictness};
use crate::transaction::time::TIME_RANGE;

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
    rules: LogRules,
    classifier: Classifier,
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
}

/// Which optional values any line had; a log without any has no such column.
#[derive(Default)]
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

    /// Whether it is an id of this kind.
    pub(crate) fn accepts(&self, id: RawId<'_>) -> bool {
        match (self, id) {
            (Self::Numbers(_), RawId::Text(text)) => text.parse::<u64>().is_ok(),
            (_, RawId::Text(text)) => !text.is_empty(),
            _ => true,
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
}

impl LogBuilder {
    pub(crate) fn new(rules: &LogRules, customers: IdKind, orders: IdKind) -> Self {
        let orders = if rules.orders == OrderIdentity::Column { orders } else { IdKind::Number };
        Self {
            rules: rules.clone(),
            classifier: Classifier::new(rules),
            customers: IdBuilder::new(customers),
            orders: IdBuilder::new(orders),
            times: Vec::new(),
            lines: Vec::new(),
            return_times: Vec::new(),
            attributes: Default::default(),
            has: Has::default(),
            rows: Vec::new(),
            report: IngestReport { currency: rules.currency.clone(), ..IngestReport::default() },
        }
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
            row: self.report.rows_read + 1,
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

    /// Adds a row from any door. What is wrong with it is looked for in a fixed order: currency, customer, order,
    /// time, the user's rules, numbers that cannot be read, and last the kind of line.
    pub(crate) fn push_raw(&mut self, raw: &RawRow<'_>) -> Result<()> {
        self.report.rows_read += 1;
        let order_text = match raw.order {
            Some(RawId::Text(text)) => text,
            _ => "",
        };
        let product = raw.texts[Attribute::Product as usize].unwrap_or_default();
        let credit_note = matches!(&self.rules.returns,
            Returns::CreditNotes { prefix: Some(prefix) } if order_text.starts_with(prefix.as_str()));
        if let Ok(numbers) = &raw.numbers {
            self.has.discount |= numbers.discount != Discount::None;
            self.has.cost |= numbers.unit_cost.is_some();
        }
        // What the row would be if it had an id and no rule of the user set it aside: its money is accounted for.
        let ruleless = |classifier: &Classifier| {
            raw.numbers.as_ref().ok().and_then(|numbers| classifier.line_without_rules(*numbers, credit_note))
        };

        if let Some(currency) = raw.currency.filter(|currency| *currency != self.rules.currency) {
            // Its amounts are no amounts of this log.
            return self.reject(raw.row, RejectReason::Currency, || currency.to_owned(), None);
        }
        let Some(customer) = raw.customer.filter(|id| self.customers.accepts(*id)) else {
            let line = ruleless(&self.classifier);
            return self.reject(
                raw.row,
                RejectReason::MissingCustomer,
                || id_text(raw.customer),
                line.as_ref(),
            );
        };
        let needs_order = self.rules.orders == OrderIdentity::Column;
        let order = raw.order.filter(|id| self.orders.accepts(*id));
        if needs_order && order.is_none() {
            let line = ruleless(&self.classifier);
            return self.reject(raw.row, RejectReason::MissingOrder, || id_text(raw.order), line.as_ref());
        }
        let Some(time) = raw.time.filter(|time| TIME_RANGE.contains(time)) else {
            let line = ruleless(&self.classifier);
            return self.reject(
                raw.row,
                RejectReason::Time,
                || format!("`{}`", raw.time_text),
                line.as_ref(),
            );
        };
        let exclusions = Exclusions {
            undelivered: raw.undelivered,
            excluded_product: matches_any(product, &self.rules.excluded_products),
            excluded_order: self
                .rules
                .excluded_orders
                .iter()
                .any(|prefix| order_text.starts_with(prefix.as_str())),
        };
        if let Err(reason) = exclusions.check() {
            let line = ruleless(&self.classifier);
            let detail = || format!("order `{order_text}`, product `{product}`");
            return self.reject(raw.row, reason, detail, line.as_ref());
        }
        let numbers = match &raw.numbers {
            Ok(numbers) => *numbers,
            Err((reason, detail)) => return self.reject(raw.row, *reason, || detail.clone(), None),
        };
        let line = match self.classifier.line(numbers, credit_note) {
            Ok(line) => line,
            Err(reason) => {
                let line = ruleless(&self.classifier);
                let detail = || format!("order `{order_text}`, product `{product}`, {numbers}");
                return self.reject(raw.row, reason, detail, line.as_ref());
            }
        };
        let return_time = match raw.return_time {
            _ if !line.came_back() => None,
            Ok(Some(returned)) if returned < time || !TIME_RANGE.contains(&returned) => {
                let detail = || format!("returned at {returned}, ordered at {time} (microseconds UTC)");
                return self.reject(raw.row, RejectReason::Returned, detail, Some(&line));
            }
            Ok(return_time) => return_time,
            Err(text) => {
                let detail = || format!("return time `{text}`");
                return self.reject(raw.row, RejectReason::Returned, detail, Some(&line));
            }
        };

        self.report.keep(&line);
        self.customers.push(customer);
        match order {
            Some(order) if needs_order => self.orders.push(order),
            _ => self.orders.push(RawId::Number(0)),
        }
        self.times.push(time);
        self.return_times.push(return_time.unwrap_or(NO_TIME));
        self.has.return_time |= return_time.is_some();
        self.lines.push(line);
        for (column, text) in self.attributes.iter_mut().zip(raw.texts) {
            column.push(text);
        }
        if self.rules.duplicates == Duplicates::Reject {
            self.rows.push(raw.row);
        }
        Ok(())
    }

    /// Counts a row that a file's door could not even split into fields.
    #[cfg(feature = "csv")]
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
        if self.rules.strictness == Strictness::Stop && !reason.is_rule() {
            let detail = detail();
            self.report.reject(row, reason, || detail.clone(), line);
            return Err(Error::Rejected { row, reason, detail });
        }
        self.report.reject(row, reason, detail, line);
        Ok(())
    }

    /// Says that the source has a column, so that the log has it even where no row has a value.
    #[cfg(feature = "csv")]
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
        let has_returned = matches!(self.rules.returns, Returns::Flag | Returns::Quantity | Returns::Amount);
        let lines = &self.lines;
        let orders = match self.rules.orders {
            OrderIdentity::Column => self.orders.finish(),
            OrderIdentity::CustomerAndDay => day_orders(&self.times, &self.rules),
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
            rules: self.rules,
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
