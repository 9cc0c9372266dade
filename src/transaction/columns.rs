//! Columns into a log: the fast door for callers that hold their order lines as typed arrays.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::category::Category;
use crate::error::{Error, Result};
use crate::transaction::builder::day_orders;
use crate::transaction::duplicates;
use crate::transaction::ids::IdColumn;
use crate::transaction::line::{
    Classifier, Discount, Exclusions, Line, LineKind, Numbers, Price, RejectReason, Returned, matches_any,
};
use crate::transaction::log::{Attribute, NO_TIME, TransactionLog};
use crate::transaction::money::{
    DecimalProblem, Money, Rate, exact_from_f64, parse_rounded, rounded_from_f64,
};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::{Duplicates, LogRules, OrderIdentity, Returns, Rounding, Strictness};
use crate::transaction::time::TIME_RANGE;

/// Rows that one task converts. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 14;

/// Prices as they come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PriceColumn<'a> {
    /// The price of one piece, in currency units.
    Unit(Cow<'a, [f64]>),
    /// The price of the line, in currency units.
    Line(Cow<'a, [f64]>),
    /// The price of one piece, exact.
    UnitExact(Cow<'a, [Money]>),
    /// The price of the line, exact.
    LineExact(Cow<'a, [Money]>),
}

/// Discounts as they come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DiscountColumn<'a> {
    /// Shares of the line's price, 0 to 1, with at most six decimals.
    Rate(Cow<'a, [f64]>),
    /// Amounts off the line's price, in currency units.
    Amount(Cow<'a, [f64]>),
}

/// Returns as they come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReturnedColumn<'a> {
    /// Whether all of the line came back.
    Flag(Cow<'a, [bool]>),
    /// Pieces that came back.
    Quantity(Cow<'a, [i32]>),
    /// Amounts that came back, at the price paid, in currency units.
    Amount(Cow<'a, [f64]>),
}

/// A shop's order lines as arrays, one value per line, for [`TransactionLog::from_columns`].
///
/// Arrays are taken owned or borrowed. Floating-point amounts must stand for decimals of at most four places.
#[derive(Clone, Debug)]
pub struct LogColumns<'a> {
    customer: IdColumn,
    order: Option<IdColumn>,
    time: Cow<'a, [i64]>,
    micros_per_tick: i64,
    price: PriceColumn<'a>,
    quantity: Option<Cow<'a, [i32]>>,
    discount: Option<DiscountColumn<'a>>,
    unit_cost: Option<Cow<'a, [f64]>>,
    returned: Option<ReturnedColumn<'a>>,
    return_time: Option<Cow<'a, [i64]>>,
    undelivered: Option<Cow<'a, [bool]>>,
    attributes: [Option<Category>; Attribute::ALL.len()],
}

impl<'a> LogColumns<'a> {
    /// Lines of given customers at given times, in microseconds UTC.
    #[must_use]
    pub fn new(
        customer: impl Into<IdColumn>,
        time: impl Into<Cow<'a, [i64]>>,
        price: PriceColumn<'a>,
    ) -> Self {
        Self {
            customer: customer.into(),
            order: None,
            time: time.into(),
            micros_per_tick: 1,
            price,
            quantity: None,
            discount: None,
            unit_cost: None,
            returned: None,
            return_time: None,
            undelivered: None,
            attributes: [const { None }; Attribute::ALL.len()],
        }
    }

    /// Times, those of returns too, are whole seconds UTC. Defaults to microseconds.
    #[must_use]
    pub fn times_in_seconds(mut self) -> Self {
        self.micros_per_tick = 1_000_000;
        self
    }

    /// The order of each line. Defaults to none, for rules that tell orders without a column.
    #[must_use]
    pub fn order(mut self, order: impl Into<IdColumn>) -> Self {
        self.order = Some(order.into());
        self
    }

    /// The pieces of each line. Defaults to one.
    #[must_use]
    pub fn quantity(mut self, quantity: impl Into<Cow<'a, [i32]>>) -> Self {
        self.quantity = Some(quantity.into());
        self
    }

    /// What was taken off. Defaults to nothing.
    #[must_use]
    pub fn discount(mut self, discount: DiscountColumn<'a>) -> Self {
        self.discount = Some(discount);
        self
    }

    /// The shop's cost of one piece, in currency units. Defaults to unknown.
    #[must_use]
    pub fn unit_cost(mut self, unit_cost: impl Into<Cow<'a, [f64]>>) -> Self {
        self.unit_cost = Some(unit_cost.into());
        self
    }

    /// What came back. Defaults to nothing; needed where the rules say that lines record it.
    #[must_use]
    pub fn returned(mut self, returned: ReturnedColumn<'a>) -> Self {
        self.returned = Some(returned);
        self
    }

    /// When it came back; `i64::MIN` where unknown. Defaults to unknown.
    #[must_use]
    pub fn return_time(mut self, return_time: impl Into<Cow<'a, [i64]>>) -> Self {
        self.return_time = Some(return_time.into());
        self
    }

    /// Which lines were never delivered; they are set aside. Defaults to none.
    #[must_use]
    pub fn undelivered(mut self, undelivered: impl Into<Cow<'a, [bool]>>) -> Self {
        self.undelivered = Some(undelivered.into());
        self
    }

    /// A text per line. Defaults to none.
    #[must_use]
    pub fn attribute(mut self, attribute: Attribute, column: Category) -> Self {
        self.attributes[attribute as usize] = Some(column);
        self
    }

    fn check(&self, rules: &LogRules) -> Result<()> {
        let expected = self.customer.len();
        let price = match &self.price {
            PriceColumn::Unit(values) | PriceColumn::Line(values) => values.len(),
            PriceColumn::UnitExact(values) | PriceColumn::LineExact(values) => values.len(),
        };
        let discount = self.discount.as_ref().map(|column| match column {
            DiscountColumn::Rate(values) | DiscountColumn::Amount(values) => values.len(),
        });
        let returned = self.returned.as_ref().map(|column| match column {
            ReturnedColumn::Flag(values) => values.len(),
            ReturnedColumn::Quantity(values) => values.len(),
            ReturnedColumn::Amount(values) => values.len(),
        });
        let lengths = [
            ("time", Some(self.time.len())),
            ("price", Some(price)),
            ("order", self.order.as_ref().map(IdColumn::len)),
            ("quantity", self.quantity.as_ref().map(|values| values.len())),
            ("discount", discount),
            ("unit_cost", self.unit_cost.as_ref().map(|values| values.len())),
            ("returned", returned),
            ("return_time", self.return_time.as_ref().map(|values| values.len())),
            ("undelivered", self.undelivered.as_ref().map(|values| values.len())),
        ];
        let attributes = Attribute::ALL
            .iter()
            .zip(&self.attributes)
            .map(|(attribute, column)| (attribute.name(), column.as_ref().map(Category::len)));
        for (column, length) in lengths.into_iter().chain(attributes) {
            if let Some(found) = length.filter(|length| *length != expected) {
                return Err(Error::ColumnLength {
                    column: column.to_owned(),
                    found,
                    against: "customer".to_owned(),
                    expected,
                });
            }
        }
        let mismatch = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if rules.orders == OrderIdentity::Column && self.order.is_none() {
            return mismatch(
                "order",
                "missing".into(),
                "a column, since the rules say that one names the order",
            );
        }
        let fits = match (&rules.returns, &self.returned) {
            (Returns::Flag, Some(ReturnedColumn::Flag(_)))
            | (Returns::Quantity, Some(ReturnedColumn::Quantity(_)))
            | (Returns::Amount, Some(ReturnedColumn::Amount(_)))
            | (Returns::NotRecorded | Returns::CreditNotes { .. }, None) => true,
            _ => false,
        };
        if !fits {
            let found = match &self.returned {
                Some(ReturnedColumn::Flag(_)) => "a flag",
                Some(ReturnedColumn::Quantity(_)) => "a quantity",
                Some(ReturnedColumn::Amount(_)) => "an amount",
                None => "missing",
            };
            return mismatch("returned", found.into(), "the column that the rules' return convention names");
        }
        if matches!(rules.returns, Returns::CreditNotes { prefix: Some(_) })
            && !matches!(self.order, Some(IdColumn::Texts(_)))
        {
            return mismatch(
                "order",
                "numbers".into(),
                "text, since credit notes are told by the id's beginning",
            );
        }
        Ok(())
    }
}

/// What the columns of a text say of each of its levels, so that no text is compared per line.
struct LevelMarks {
    excluded_product: Vec<bool>,
    excluded_order: Vec<bool>,
    credit_note: Vec<bool>,
}

impl LevelMarks {
    fn new(columns: &LogColumns<'_>, rules: &LogRules) -> Self {
        let mark = |column: Option<&Category>, test: &dyn Fn(&str) -> bool| {
            column.map_or_else(Vec::new, |column| column.levels().iter().map(test).collect())
        };
        let orders = match &columns.order {
            Some(IdColumn::Texts(texts)) => Some(texts),
            _ => None,
        };
        let products = columns.attributes[Attribute::Product as usize].as_ref();
        Self {
            excluded_product: mark(products.filter(|_| !rules.excluded_products.is_empty()), &|text| {
                matches_any(text, &rules.excluded_products)
            }),
            excluded_order: mark(orders.filter(|_| !rules.excluded_orders.is_empty()), &|text| {
                rules.excluded_orders.iter().any(|prefix| text.starts_with(prefix.as_str()))
            }),
            credit_note: match &rules.returns {
                Returns::CreditNotes { prefix: Some(prefix) } => {
                    mark(orders, &|text| text.starts_with(prefix.as_str()))
                }
                _ => Vec::new(),
            },
        }
    }

    #[inline]
    fn of(marks: &[bool], column: Option<&Category>, row: usize) -> bool {
        !marks.is_empty()
            && column.is_some_and(|column| marks.get(column.codes[row] as usize).copied().unwrap_or_default())
    }
}

/// Reads the row `row` of the columns; the fields are those of `Numbers`.
struct Reader<'c, 'a> {
    columns: &'c LogColumns<'a>,
    rounding: Rounding,
    classifier: Classifier,
    marks: LevelMarks,
}

impl Reader<'_, '_> {
    #[inline]
    fn money(&self, value: f64) -> std::result::Result<i64, DecimalProblem> {
        match self.rounding {
            Rounding::Refuse => exact_from_f64(value),
            Rounding::HalfEven => rounded_from_f64(value),
        }
    }

    #[inline]
    fn numbers(&self, row: usize) -> std::result::Result<Numbers, RejectReason> {
        let columns = self.columns;
        let money =
            |value: f64| self.money(value).map(Money::from_ten_thousandths).map_err(RejectReason::from);
        let or = |reason: RejectReason, field: RejectReason| {
            if reason == RejectReason::Price { field } else { reason }
        };
        let price = match &columns.price {
            PriceColumn::Unit(values) => Price::Unit(money(values[row])?),
            PriceColumn::Line(values) => Price::Line(money(values[row])?),
            PriceColumn::UnitExact(values) => Price::Unit(values[row]),
            PriceColumn::LineExact(values) => Price::Line(values[row]),
        };
        let discount = match &columns.discount {
            None => Discount::None,
            Some(DiscountColumn::Rate(values)) => Discount::Rate(self.rate(values[row])?),
            Some(DiscountColumn::Amount(values)) => {
                Discount::Amount(money(values[row]).map_err(|reason| or(reason, RejectReason::Discount))?)
            }
        };
        let unit_cost = match &columns.unit_cost {
            None => None,
            Some(values) => {
                let cost = self.money(values[row]).map_err(RejectReason::from);
                Some(cost.map_err(|reason| or(reason, RejectReason::UnitCost))?)
            }
        };
        let returned = match &columns.returned {
            None => Returned::Nothing,
            Some(ReturnedColumn::Flag(values)) if values[row] => Returned::All,
            Some(ReturnedColumn::Flag(_)) => Returned::Nothing,
            Some(ReturnedColumn::Quantity(values)) => Returned::Quantity(i64::from(values[row])),
            Some(ReturnedColumn::Amount(values)) => {
                Returned::Amount(money(values[row]).map_err(|reason| or(reason, RejectReason::Returned))?)
            }
        };
        let quantity = columns.quantity.as_ref().map_or(1, |values| i64::from(values[row]));
        Ok(Numbers { quantity, price, discount, unit_cost, returned })
    }

    /// A rate of at most six decimals, by the same test as for money.
    #[inline]
    #[expect(clippy::float_cmp, reason = "the test is whether the number is that decimal, to the bit")]
    fn rate(&self, value: f64) -> std::result::Result<Rate, RejectReason> {
        let scale = Rate::ONE.millionths() as f64;
        let millionths = (value * scale + 0.5) as i64;
        if !(0.0..=1.0).contains(&value) {
            return Err(RejectReason::Discount);
        }
        if millionths as f64 / scale == value {
            return Ok(Rate::from_millionths(millionths));
        }
        match self.rounding {
            Rounding::Refuse => Err(RejectReason::Decimals),
            Rounding::HalfEven => {
                let rounded =
                    parse_rounded(&value.to_string(), '.', 6).map_err(|_| RejectReason::Discount)?;
                Ok(Rate::from_millionths(rounded))
            }
        }
    }

    #[inline]
    fn order_texts(&self) -> Option<&Category> {
        match &self.columns.order {
            Some(IdColumn::Texts(texts)) => Some(texts),
            _ => None,
        }
    }

    #[inline]
    fn exclusions(&self, row: usize) -> Exclusions {
        let columns = self.columns;
        let product = columns.attributes[Attribute::Product as usize].as_ref();
        Exclusions {
            undelivered: columns.undelivered.as_ref().is_some_and(|values| values[row]),
            excluded_product: LevelMarks::of(&self.marks.excluded_product, product, row),
            excluded_order: LevelMarks::of(&self.marks.excluded_order, self.order_texts(), row),
        }
    }

    #[inline]
    fn is_credit_note(&self, row: usize) -> bool {
        LevelMarks::of(&self.marks.credit_note, self.order_texts(), row)
    }

    /// The time of a row in microseconds, if it is in range.
    #[inline]
    fn time(&self, ticks: i64) -> Option<i64> {
        ticks.checked_mul(self.columns.micros_per_tick).filter(|micros| TIME_RANGE.contains(micros))
    }

    #[inline]
    fn return_time(&self, row: usize, line: &Line) -> std::result::Result<i64, RejectReason> {
        let Some(times) = &self.columns.return_time else { return Ok(NO_TIME) };
        if times[row] == NO_TIME || !line.came_back() {
            return Ok(NO_TIME);
        }
        let ordered = self.time(self.columns.time[row]);
        match self.time(times[row]) {
            Some(returned) if ordered.is_some_and(|ordered| returned >= ordered) => Ok(returned),
            _ => Err(RejectReason::Returned),
        }
    }

    /// The line of a row, or why there is none; looked for in the same order as in the row-wise door.
    #[inline]
    fn line(&self, row: usize) -> std::result::Result<(i64, Line, i64), RejectReason> {
        let columns = self.columns;
        if let IdColumn::Texts(texts) = &columns.customer
            && texts.code(row).is_none()
        {
            return Err(RejectReason::MissingCustomer);
        }
        if let Some(IdColumn::Texts(texts)) = &columns.order
            && texts.code(row).is_none()
        {
            return Err(RejectReason::MissingOrder);
        }
        let time = self.time(columns.time[row]).ok_or(RejectReason::Time)?;
        self.exclusions(row).check()?;
        let line = self.classifier.line(self.numbers(row)?, self.is_credit_note(row))?;
        let return_time = self.return_time(row, &line)?;
        Ok((time, line, return_time))
    }

    /// What a rejected row would have been.
    fn ruleless(&self, row: usize) -> Option<Line> {
        self.classifier.line_without_rules(self.numbers(row).ok()?, self.is_credit_note(row))
    }
}

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
        let reader = Reader {
            columns: &columns,
            rounding: rules.rounding,
            classifier: Classifier::new(rules),
            marks: LevelMarks::new(&columns, rules),
        };
        let mut filled = Filled::new(&columns);
        let converted: Vec<(Vec<(usize, RejectReason)>, IngestReport)> =
            filled.slots().into_par_iter().map(|slots| convert(&reader, slots)).collect();

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
fn convert(reader: &Reader<'_, '_>, slots: Slots<'_>) -> (Vec<(usize, RejectReason)>, IngestReport) {
    let mut report = IngestReport::default();
    let mut rejected = Vec::new();
    for place in 0..slots.times.len() {
        let row = slots.start + place;
        let (time, line, return_time) = match reader.line(row) {
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
