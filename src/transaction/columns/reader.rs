//! Reads rows of columns one by one, whatever they hold, by the same rules as the row-wise door.

use crate::category::Category;
use crate::transaction::columns::fill::Rows;
use crate::transaction::columns::{DiscountColumn, LogColumns, PriceColumn, ReturnedColumn};
use crate::transaction::ids::IdColumn;
use crate::transaction::line::{
    Classifier, Discount, Exclusions, Line, Numbers, Price, RejectReason, Returned, matches_any,
};
use crate::transaction::log::{Attribute, NO_TIME};
use crate::transaction::money::{
    DecimalProblem, Money, Rate, exact_from_f64, parse_rounded, rounded_from_f64,
};
use crate::transaction::rules::{LogRules, Returns, Rounding};
use crate::transaction::time::TIME_RANGE;

/// What the columns of a text say of each of its levels, so that no text is compared per line.
pub(crate) struct LevelMarks {
    excluded_product: Vec<bool>,
    excluded_order: Vec<bool>,
    credit_note: Vec<bool>,
    /// Short texts have no levels: what their beginnings mean is looked up line by line.
    excluded_beginnings: Vec<String>,
    credit_note_beginning: Option<String>,
}

impl LevelMarks {
    /// What the rules say of the texts of orders and products, where there are such.
    pub(crate) fn new(orders: Option<&IdColumn>, products: Option<&Category>, rules: &LogRules) -> Self {
        let mark = |column: Option<&Category>, test: &dyn Fn(&str) -> bool| {
            column.map_or_else(Vec::new, |column| column.levels().iter().map(test).collect())
        };
        let short = matches!(orders, Some(IdColumn::ShortTexts(_)));
        let orders = category(orders);
        Self {
            excluded_beginnings: if short { rules.excluded_orders.clone() } else { Vec::new() },
            credit_note_beginning: match &rules.returns {
                Returns::CreditNotes { prefix } if short => prefix.clone(),
                _ => None,
            },
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

    /// Whether no text sets a row aside or makes it a credit note.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { excluded_product, excluded_order, credit_note, .. } = self;
        self.excluded_beginnings.is_empty()
            && self.credit_note_beginning.is_none()
            && [excluded_product, excluded_order, credit_note].iter().all(|marks| marks.is_empty())
    }

    /// Which of the user's exclusions a row falls under.
    #[inline]
    pub(crate) fn exclusions(
        &self,
        row: usize,
        orders: Option<&IdColumn>,
        products: Option<&Category>,
        undelivered: bool,
    ) -> Exclusions {
        let begins = |beginning: &String| begins(orders, row, beginning);
        Exclusions {
            undelivered,
            excluded_product: Self::of(&self.excluded_product, products, row),
            excluded_order: Self::of(&self.excluded_order, category(orders), row)
                || self.excluded_beginnings.iter().any(begins),
        }
    }

    /// Whether the id of a row's order is that of a credit note.
    #[inline]
    pub(crate) fn is_credit_note(&self, row: usize, orders: Option<&IdColumn>) -> bool {
        Self::of(&self.credit_note, category(orders), row)
            || self.credit_note_beginning.as_ref().is_some_and(|beginning| begins(orders, row, beginning))
    }

    #[inline]
    fn of(marks: &[bool], column: Option<&Category>, row: usize) -> bool {
        !marks.is_empty()
            && column.is_some_and(|column| marks.get(column.codes[row] as usize).copied().unwrap_or_default())
    }
}

/// The texts of ids that have levels.
#[inline]
fn category(ids: Option<&IdColumn>) -> Option<&Category> {
    match ids {
        Some(IdColumn::Texts(texts)) => Some(texts),
        _ => None,
    }
}

/// Whether an id that is a short text begins with another one.
fn begins(ids: Option<&IdColumn>, row: usize, beginning: &str) -> bool {
    match ids {
        Some(IdColumn::ShortTexts(texts)) => texts.begins(row, beginning),
        _ => false,
    }
}

/// Reads the row `row` of the columns; the fields are those of `Numbers`.
pub(super) struct Reader<'c, 'a> {
    pub(super) columns: &'c LogColumns<'a>,
    pub(super) rounding: Rounding,
    classifier: Classifier,
    marks: LevelMarks,
}

impl<'c, 'a> Reader<'c, 'a> {
    pub(super) fn new(columns: &'c LogColumns<'a>, rules: &LogRules) -> Self {
        let products = columns.attributes[Attribute::Product as usize].as_ref();
        Self {
            columns,
            rounding: rules.rounding,
            classifier: Classifier::new(rules),
            marks: LevelMarks::new(columns.order.as_ref(), products, rules),
        }
    }

    /// Whether a text or a mark can set a row aside, or make it a credit note.
    pub(super) fn has_marks(&self) -> bool {
        self.columns.undelivered.is_some() || !self.marks.is_empty()
    }

    #[inline]
    fn money(&self, value: f64) -> std::result::Result<i64, DecimalProblem> {
        match self.rounding {
            Rounding::Refuse => exact_from_f64(value),
            Rounding::HalfEven => rounded_from_f64(value),
        }
    }

    #[inline]
    pub(super) fn numbers(&self, row: usize) -> std::result::Result<Numbers, RejectReason> {
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
            Some(DiscountColumn::Rate(values)) => Discount::Rate(rate_from_f64(values[row], self.rounding)?),
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
            Some(ReturnedColumn::Flag(values)) if values[row] => Returned::All,
            None | Some(ReturnedColumn::Flag(_)) => Returned::Nothing,
            Some(ReturnedColumn::Quantity(values)) => Returned::Quantity(i64::from(values[row])),
            Some(ReturnedColumn::Amount(values)) => {
                Returned::Amount(money(values[row]).map_err(|reason| or(reason, RejectReason::Returned))?)
            }
        };
        let quantity = columns.quantity.as_ref().map_or(1, |values| i64::from(values[row]));
        Ok(Numbers { quantity, price, discount, unit_cost, returned })
    }

    #[inline]
    fn exclusions(&self, row: usize) -> Exclusions {
        let columns = self.columns;
        let product = columns.attributes[Attribute::Product as usize].as_ref();
        let undelivered = columns.undelivered.as_ref().is_some_and(|values| values[row]);
        self.marks.exclusions(row, columns.order.as_ref(), product, undelivered)
    }

    #[inline]
    fn is_credit_note(&self, row: usize) -> bool {
        self.marks.is_credit_note(row, self.columns.order.as_ref())
    }

    /// The time of a row in microseconds, if it is in range.
    #[inline]
    pub(super) fn time(&self, ticks: i64) -> Option<i64> {
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
}

impl Rows for Reader<'_, '_> {
    /// The line of a row, or why there is none; looked for in the same order as in the row-wise door.
    #[inline]
    fn line(&self, row: usize) -> std::result::Result<(i64, Line, i64), RejectReason> {
        let columns = self.columns;
        if columns.customer.is_missing(row) {
            return Err(RejectReason::MissingCustomer);
        }
        if columns.order.as_ref().is_some_and(|orders| orders.is_missing(row)) {
            return Err(RejectReason::MissingOrder);
        }
        let time = self.time(columns.time[row]).ok_or(RejectReason::Time)?;
        self.exclusions(row).check()?;
        let line = self.classifier.line(self.numbers(row)?, self.is_credit_note(row))?;
        let return_time = self.return_time(row, &line)?;
        Ok((time, line, return_time))
    }

    fn ruleless(&self, row: usize) -> Option<Line> {
        self.classifier.line_without_rules(self.numbers(row).ok()?, self.is_credit_note(row))
    }

    fn detail(&self, row: usize, _: RejectReason) -> String {
        match self.numbers(row) {
            Ok(numbers) => numbers.to_string(),
            Err(_) => "a number that cannot be read".to_owned(),
        }
    }
}

/// A rate of at most six decimals, by the same test as for money.
#[inline]
#[expect(clippy::float_cmp, reason = "the test is whether the number is that decimal, to the bit")]
pub(crate) fn rate_from_f64(value: f64, rounding: Rounding) -> std::result::Result<Rate, RejectReason> {
    let scale = Rate::ONE.millionths() as f64;
    let millionths = (value * scale + 0.5) as i64;
    if !(0.0..=1.0).contains(&value) {
        return Err(RejectReason::Discount);
    }
    if millionths as f64 / scale == value {
        return Ok(Rate::from_millionths(millionths));
    }
    match rounding {
        Rounding::Refuse => Err(RejectReason::Decimals),
        Rounding::HalfEven => {
            let rounded = parse_rounded(&value.to_string(), '.', 6).map_err(|_| RejectReason::Discount)?;
            Ok(Rate::from_millionths(rounded))
        }
    }
}
