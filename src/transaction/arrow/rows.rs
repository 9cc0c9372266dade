//! The rows of one batch, read by the same rules as those of a CSV file.

use crate::bitmap::Bitmap;
use crate::category::{Category, MISSING};
use crate::columnar::{
    Flag, Named, Number, Numbers, Ticks, Writing, date_flags, describe, flags, id_kind, number_ids, text_ids,
    texts, times,
};
use crate::error::{Error, Result};
use crate::transaction::arrow::columns::SchemaColumns;
use crate::transaction::arrow::needs_order_texts;
use crate::transaction::columns::{Layout, LevelMarks, Part, Plain, Rows, Texts};
use crate::transaction::ids::{IdColumn, IdKind};
use crate::transaction::line::{self, Classifier, Discount, Line, Price, RejectReason, Returned};
use crate::transaction::log::{Attribute, NO_TIME};
use crate::transaction::money::{DecimalProblem, Money, Rate};
use crate::transaction::rules::{OrderIdentity, Returns, Rounding};
use crate::transaction::schema::{DiscountKind, PriceKind, Schema};
use crate::transaction::time::TIME_RANGE;

/// A batch as its rows are read.
pub(super) struct BatchRows<'a> {
    schema: &'a Schema,
    columns: &'a SchemaColumns<'a>,
    classifier: Classifier,
    marks: LevelMarks,
    writing: Writing,
    ids: Ids,
    attributes: [Option<Category>; Attribute::ALL.len()],
    other_currency: Option<Bitmap>,
    undelivered: Option<Undelivered>,
    time: Ticks<'a>,
    price: Numbers<'a>,
    quantity: Option<Numbers<'a>>,
    discount: Option<(DiscountKind, Numbers<'a>)>,
    unit_cost: Option<Numbers<'a>>,
    returned: Option<ReturnedValues<'a>>,
    return_time: Option<Ticks<'a>>,
}

/// Who ordered, and in which order, where that is text; and which rows have a number, where not all have.
struct Ids {
    customers: Option<IdColumn>,
    customers_there: Option<Bitmap>,
    /// Texts of orders, kept or only looked at by the rules.
    orders: Option<IdColumn>,
    orders_there: Option<Bitmap>,
}

/// Which lines were never delivered.
pub(super) struct Undelivered {
    lines: Bitmap,
    /// Whether the column had a yes/no word, and whether it had a null.
    pub(super) words: bool,
    pub(super) blanks: bool,
}

enum ReturnedValues<'a> {
    Flags(Vec<Flag>),
    Quantities(Numbers<'a>),
    Amounts(Numbers<'a>),
}

/// Why a number cannot be read, and the column it stands in.
struct Unreadable<'a>(RejectReason, Named<'a>);

impl<'a> BatchRows<'a> {
    /// Reads the columns of a batch; ids that are numbers go straight to their place.
    pub(super) fn new(
        schema: &'a Schema,
        layout: Layout,
        columns: &'a SchemaColumns<'a>,
        part: &mut Part<'_>,
    ) -> Result<Self> {
        let rules = &schema.rules;
        let ids = Ids::new(schema, layout, columns, part)?;
        let mut attributes = [const { None }; Attribute::ALL.len()];
        for (attribute, column) in attributes.iter_mut().zip(columns.attributes) {
            *attribute = column.map(texts).transpose()?;
        }
        let product = attributes[Attribute::Product as usize].as_ref();
        let read_times = |column| times(column, &rules.zone, &schema.time_format);
        let numbers_if = |column: Option<Named<'a>>| column.map(Numbers::new).transpose();
        let returned = match (&rules.returns, columns.returned) {
            (Returns::Flag, Some(column)) => Some(ReturnedValues::Flags(flags(column)?)),
            (Returns::Quantity, Some(column)) => Some(ReturnedValues::Quantities(Numbers::new(column)?)),
            (Returns::Amount, Some(column)) => Some(ReturnedValues::Amounts(Numbers::new(column)?)),
            _ => None,
        };
        let discount = match columns.discount {
            Some((kind, column)) => Some((kind, Numbers::new(column)?)),
            None => None,
        };
        Ok(Self {
            schema,
            columns,
            classifier: Classifier::new(rules),
            marks: LevelMarks::new(ids.orders.as_ref(), product, rules),
            writing: Writing { mark: schema.decimal_mark.sign(), rounding: rules.rounding },
            other_currency: columns.currency.map(|column| unlike(column, &rules.currency)).transpose()?,
            undelivered: columns
                .undelivered
                .map(|(column, value)| Undelivered::new(column, value))
                .transpose()?,
            time: read_times(columns.time)?,
            price: Numbers::new(columns.price)?,
            quantity: numbers_if(columns.quantity)?,
            discount,
            unit_cost: numbers_if(columns.unit_cost)?,
            returned,
            return_time: columns.return_time.map(read_times).transpose()?,
            ids,
            attributes,
        })
    }

    /// Which lines were never delivered, if a column says.
    pub(super) fn undelivered(&self) -> Option<&Undelivered> {
        self.undelivered.as_ref()
    }

    /// The short way for plain rows, where the columns lie as it needs them.
    pub(super) fn plain(&self) -> Option<Plain<'_>> {
        let Ids { customers, customers_there, orders, orders_there } = &self.ids;
        let marked = !self.marks.is_empty() || self.undelivered.is_some() || self.other_currency.is_some();
        let partial = customers_there.is_some()
            || orders_there.is_some()
            || [customers, orders].into_iter().flatten().any(IdColumn::has_missing);
        let rounded = self.writing.rounding != Rounding::Refuse;
        if marked
            || partial
            || rounded
            || self.return_time.is_some()
            || self.schema.price_kind != PriceKind::Unit
        {
            return None;
        }
        Some(Plain {
            time: &self.time.values,
            micros_per_tick: self.time.micros_per_tick,
            unit_price: self.price.floats()?,
            quantity: self.quantity.as_ref()?.small()?,
            discount: match &self.discount {
                None => &[],
                Some((DiscountKind::Rate, numbers)) => numbers.floats()?,
                Some((DiscountKind::Amount, _)) => return None,
            },
            unit_cost: match &self.unit_cost {
                None => &[],
                Some(numbers) => numbers.floats()?,
            },
            returned: match &self.returned {
                None => &[],
                Some(ReturnedValues::Quantities(numbers)) => numbers.small()?,
                Some(_) => return None,
            },
        })
    }

    /// The texts that belong to the log.
    pub(super) fn into_texts(self, layout: Layout) -> Texts {
        let orders = self.ids.orders.filter(|_| layout.orders == Some(IdKind::Text));
        Texts { customers: self.ids.customers, orders, attributes: self.attributes }
    }

    /// The numbers of a row, looked at in the order in which every door does.
    fn numbers(&self, row: usize) -> std::result::Result<line::Numbers, Unreadable<'a>> {
        let columns = self.columns;
        let price = self.money(self.price.get(row), RejectReason::Price, columns.price)?;
        let price = match self.schema.price_kind {
            PriceKind::Unit => Price::Unit(price),
            PriceKind::Line => Price::Line(price),
        };
        let discount = match (&self.discount, columns.discount) {
            (Some((kind, numbers)), Some((_, column))) => match (kind, numbers.get(row)) {
                // The column is there, so nothing taken off is known to be nothing.
                (DiscountKind::Amount, None) => Discount::Amount(Money::ZERO),
                (DiscountKind::Rate, None) => Discount::Rate(Rate::ZERO),
                (DiscountKind::Amount, number) => {
                    Discount::Amount(self.money(number, RejectReason::Discount, column)?)
                }
                (DiscountKind::Rate, Some(number)) => {
                    let rate = number.rate(self.writing);
                    Discount::Rate(rate.map_err(|reason| Unreadable(reason, column))?)
                }
            },
            _ => Discount::None,
        };
        let unit_cost =
            match (self.unit_cost.as_ref().and_then(|numbers| numbers.get(row)), columns.unit_cost) {
                (number @ Some(_), Some(column)) => {
                    Some(self.money(number, RejectReason::UnitCost, column)?.ten_thousandths())
                }
                _ => None,
            };
        let returned = match columns.returned {
            Some(column) => self.returned(row, column)?,
            None => Returned::Nothing,
        };
        let quantity = match (&self.quantity, columns.quantity) {
            (Some(numbers), Some(column)) => self.quantity(numbers.get(row), column)?,
            _ => 1,
        };
        Ok(line::Numbers { quantity, price, discount, unit_cost, returned })
    }

    fn money(
        &self,
        number: Option<Number<'_>>,
        field: RejectReason,
        column: Named<'a>,
    ) -> std::result::Result<Money, Unreadable<'a>> {
        let money = number.ok_or(DecimalProblem::NotANumber).and_then(|number| number.money(self.writing));
        money.map_err(|problem| match problem {
            DecimalProblem::NotANumber => Unreadable(field, column),
            other => Unreadable(other.into(), column),
        })
    }

    fn quantity(
        &self,
        number: Option<Number<'_>>,
        column: Named<'a>,
    ) -> std::result::Result<i64, Unreadable<'a>> {
        let whole = number.ok_or(DecimalProblem::NotANumber).and_then(|number| number.whole(self.writing));
        whole.map_err(|problem| match problem {
            DecimalProblem::NotANumber => Unreadable(RejectReason::Quantity, column),
            _ => Unreadable(RejectReason::QuantityRange, column),
        })
    }

    fn returned(&self, row: usize, column: Named<'a>) -> std::result::Result<Returned, Unreadable<'a>> {
        let unreadable = || Unreadable(RejectReason::Returned, column);
        match &self.returned {
            Some(ReturnedValues::Flags(flags)) => match flags[row] {
                Flag::Yes => Ok(Returned::All),
                Flag::No | Flag::Blank => Ok(Returned::Nothing),
                Flag::Other => Err(unreadable()),
            },
            Some(ReturnedValues::Quantities(numbers)) => match numbers.get(row) {
                Some(number) => number.whole(self.writing).map(Returned::Quantity).map_err(|_| unreadable()),
                None => Ok(Returned::Nothing),
            },
            Some(ReturnedValues::Amounts(numbers)) => match numbers.get(row) {
                number @ Some(_) => self.money(number, RejectReason::Returned, column).map(Returned::Amount),
                None => Ok(Returned::Nothing),
            },
            None => Ok(Returned::Nothing),
        }
    }

    fn is_credit_note(&self, row: usize) -> bool {
        self.marks.is_credit_note(row, self.ids.orders.as_ref())
    }

    fn is_of_other_currency(&self, row: usize) -> bool {
        self.other_currency.as_ref().is_some_and(|other| other.get(row))
    }

    fn return_time(&self, row: usize, ordered: i64, line: &Line) -> std::result::Result<i64, RejectReason> {
        let Some(times) = &self.return_time else { return Ok(NO_TIME) };
        match times.micros(row) {
            _ if !line.came_back() => Ok(NO_TIME),
            NO_TIME => Ok(NO_TIME),
            returned if returned >= ordered && TIME_RANGE.contains(&returned) => Ok(returned),
            _ => Err(RejectReason::Returned),
        }
    }
}

impl Rows for BatchRows<'_> {
    fn line(&self, row: usize) -> std::result::Result<(i64, Line, i64), RejectReason> {
        if self.is_of_other_currency(row) {
            return Err(RejectReason::Currency);
        }
        let Ids { customers, customers_there, orders, orders_there } = &self.ids;
        if is_missing(customers.as_ref(), customers_there.as_ref(), row) {
            return Err(RejectReason::MissingCustomer);
        }
        let needed = self.schema.rules.orders == OrderIdentity::Column;
        if needed && is_missing(orders.as_ref(), orders_there.as_ref(), row) {
            return Err(RejectReason::MissingOrder);
        }
        let time = self.time.micros(row);
        if !TIME_RANGE.contains(&time) {
            return Err(RejectReason::Time);
        }
        let product = self.attributes[Attribute::Product as usize].as_ref();
        let undelivered = self.undelivered.as_ref().is_some_and(|undelivered| undelivered.lines.get(row));
        self.marks.exclusions(row, orders.as_ref(), product, undelivered).check()?;
        let numbers = self.numbers(row).map_err(|Unreadable(reason, _)| reason)?;
        let line = self.classifier.line(numbers, self.is_credit_note(row))?;
        let return_time = self.return_time(row, time, &line)?;
        Ok((time, line, return_time))
    }

    fn ruleless(&self, row: usize) -> Option<Line> {
        if self.is_of_other_currency(row) {
            // Its amounts are no amounts of this log.
            return None;
        }
        self.classifier.line_without_rules(self.numbers(row).ok()?, self.is_credit_note(row))
    }

    fn detail(&self, row: usize, reason: RejectReason) -> String {
        let columns = self.columns;
        let column = match reason {
            RejectReason::Currency => columns.currency,
            RejectReason::MissingCustomer => Some(columns.customer),
            RejectReason::MissingOrder => columns.order,
            RejectReason::Time => Some(columns.time),
            _ => None,
        };
        match (column, self.numbers(row)) {
            (Some(column), _) | (None, Err(Unreadable(_, column))) => {
                format!("{} {}", column.name, describe(column, row))
            }
            (None, Ok(numbers)) => numbers.to_string(),
        }
    }
}

impl Ids {
    fn new(
        schema: &Schema,
        layout: Layout,
        columns: &SchemaColumns<'_>,
        part: &mut Part<'_>,
    ) -> Result<Self> {
        let mut ids = Self { customers: None, customers_there: None, orders: None, orders_there: None };
        match layout.customers {
            IdKind::Number => ids.customers_there = number_ids(columns.customer, part.customers)?,
            IdKind::Text => ids.customers = Some(text_ids(columns.customer)?),
        }
        match (layout.orders, columns.order) {
            (Some(IdKind::Number), Some(order)) => {
                if id_kind(order.array.data_type()) == Some(IdKind::Text) {
                    return Err(Error::Incompatible {
                        what: "the kind of order ids",
                        left: IdKind::Number.to_string(),
                        right: IdKind::Text.to_string(),
                    });
                }
                ids.orders_there = number_ids(order, part.orders)?;
            }
            (Some(IdKind::Text), Some(order)) => ids.orders = Some(text_ids(order)?),
            (None, Some(order)) if needs_order_texts(&schema.rules) => ids.orders = Some(text_ids(order)?),
            _ => {}
        }
        Ok(ids)
    }
}

impl Undelivered {
    fn new(column: Named<'_>, value: Option<&str>) -> Result<Self> {
        let Some(value) = value else {
            let flags = date_flags(column)?;
            return Ok(Self {
                lines: flags.iter().map(|flag| matches!(flag, Flag::Yes | Flag::Blank)).collect(),
                words: flags.iter().any(|flag| matches!(flag, Flag::Yes | Flag::No)),
                blanks: flags.contains(&Flag::Blank),
            });
        };
        let texts = texts(column)?;
        let marked = texts.levels().code(value).unwrap_or(MISSING);
        // An empty value marks the lines that have none: both have the code of what is missing.
        let found = marked != MISSING || value.is_empty();
        let lines = texts.codes.iter().map(|code| found && *code == marked).collect();
        Ok(Self { lines, words: false, blanks: false })
    }
}

/// The rows whose text is another one than `wanted`, a missing one included.
fn unlike(column: Named<'_>, wanted: &str) -> Result<Bitmap> {
    let texts = texts(column)?;
    let same = texts.levels().code(wanted);
    Ok(texts.codes.iter().map(|code| Some(*code) != same).collect())
}

/// Whether a row has no id: no text, or no number where not all have one.
fn is_missing(texts: Option<&IdColumn>, there: Option<&Bitmap>, row: usize) -> bool {
    texts.is_some_and(|texts| texts.is_missing(row)) || there.is_some_and(|there| !there.get(row))
}
