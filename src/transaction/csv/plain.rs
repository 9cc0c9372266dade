//! The short way for plain rows: pieces sold at a price, written without anything odd, as nearly all are.
//!
//! It keeps only rows that the general way would keep too, as the same lines, and leaves every other one to it: to
//! read what is unusual, or to say what is wrong. Nothing of a row is stored before all of it is known to be kept.

use crate::transaction::csv::clock::Clock;
use crate::transaction::csv::decode::{NumberReader, UndeliveredReader, yes_or_no};
use crate::transaction::csv::digits;
use crate::transaction::csv::header::Columns;
use crate::transaction::csv::parse::Plan;
use crate::transaction::csv::part::{IdCell, Part};
use crate::transaction::csv::texts::Cell;
use crate::transaction::ids::IdKind;
use crate::transaction::judge::Judge;
use crate::transaction::line::{Discount, Numbers, Price, RejectReason, Returned};
use crate::transaction::log::{Attribute, NO_TIME};
use crate::transaction::money::{Money, Rate};
use crate::transaction::rules::Returns;
use crate::transaction::schema::{DiscountKind, Encoding, PriceKind};

/// Where in a block a field's text is.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Reads plain rows.
pub(super) struct Plain<'p> {
    columns: &'p Columns,
    judge: &'p Judge,
    numbers: NumberReader<'p>,
    mark: u8,
    ascii_only: bool,
    /// Whether a product or an order may be one that the user excludes, or an order's id that of a credit note.
    looks_at_names: bool,
}

/// A field without the blanks around it.
#[derive(Clone, Copy)]
struct Field {
    start: usize,
    end: usize,
}

impl Field {
    fn is_empty(self) -> bool {
        self.start == self.end
    }
}

impl<'p> Plain<'p> {
    /// The short way for a file, if it has one.
    pub(super) fn new(plan: &'p Plan<'_>) -> Option<Self> {
        let Plan { schema, columns, judge, .. } = plan;
        let numbers = NumberReader { schema };
        let mark = numbers.mark() as u8;
        let delimiter = schema.delimiter as u8;
        // A line without a delimiter may be a blank one, and other delimiters may be part of a number or a time.
        if columns.width() < 2 || !matches!(delimiter, b',' | b';' | b'\t' | b'|') || delimiter == mark {
            return None;
        }
        let rules = &judge.rules;
        Some(Self {
            columns,
            judge,
            numbers,
            mark,
            ascii_only: schema.encoding == Encoding::Windows1252,
            looks_at_names: !rules.excluded_products.is_empty()
                || !rules.excluded_orders.is_empty()
                || matches!(rules.returns, Returns::CreditNotes { prefix: Some(_) }),
        })
    }

    /// Keeps a row whose fields are at `spans`, if it is plain.
    #[inline]
    pub(super) fn read(
        &self,
        text: &[u8],
        spans: &[Span],
        clock: &mut Clock<'_>,
        undelivered: &mut UndeliveredReader<'_>,
        part: &mut Part,
    ) -> Option<()> {
        let columns = self.columns;
        let row = Fields { text, spans, ascii_only: self.ascii_only };
        let customer = row.id(columns.customer, self.judge.customers)?;
        let order_field = columns.order.map(|column| row.field(column));
        let order = match (self.judge.orders, columns.order) {
            (Some(kind), Some(column)) => Some(row.id(column, kind)?),
            (Some(_), None) => return None,
            // It is no part of the log, but of what has to be readable.
            (None, Some(column)) => row.text(row.field(column)).map(|_| None)?,
            (None, None) => None,
        };
        let mut attributes = [None; Attribute::ALL.len()];
        for (cell, column) in attributes.iter_mut().zip(columns.attributes) {
            if let Some(column) = column {
                *cell = Some(row.cell(row.field(column))?);
            }
        }
        let when = row.field(columns.time);
        let time = clock.read(text, when.start, when.end)?;
        if let Some(column) = columns.currency
            && row.text(row.field(column))? != self.judge.rules.currency
        {
            return None;
        }
        let numbers = self.numbers(&row)?;
        let mut credit_note = false;
        if self.looks_at_names {
            let product = attributes[Attribute::Product as usize].map_or("", |cell: Cell<'_>| cell.text);
            let order = order_field.map_or(Some(""), |field| row.text(field))?;
            self.judge.exclusions(false, order, product).check().ok()?;
            credit_note = self.judge.is_credit_note(order);
        }
        let line = self.judge.classifier.line(numbers, credit_note).ok()?;
        let return_time = match columns.return_time.map(|column| row.field(column)) {
            Some(back) if line.came_back() && !back.is_empty() => {
                clock.read(text, back.start, back.end).filter(|back| *back >= time)?
            }
            Some(back) => row.text(back).map(|_| NO_TIME)?,
            None => NO_TIME,
        };
        // The last test, as it notes what it sees: the general way would see the same.
        if let Some(column) = columns.undelivered {
            let undelivered = undelivered.read(row.text(row.field(column))?, part.lines);
            if undelivered {
                return None;
            }
        }
        part.keep_line(part.lines, time, &line, return_time);
        part.keep_ids(customer, order);
        for (column, cell) in part.attributes.iter_mut().zip(attributes) {
            if let Some(cell) = cell {
                column.push(cell);
            }
        }
        Some(())
    }

    #[inline]
    fn numbers(&self, row: &Fields<'_>) -> Option<Numbers> {
        let (columns, schema) = (self.columns, self.numbers.schema);
        let price = self.money(row, row.field(columns.price), RejectReason::Price)?;
        let price = match schema.price_kind {
            PriceKind::Unit => Price::Unit(price),
            PriceKind::Line => Price::Line(price),
        };
        let discount = match (&schema.discount, columns.discount.map(|column| row.field(column))) {
            (Some((DiscountKind::Rate, _)), Some(field)) if field.is_empty() => Discount::Rate(Rate::ZERO),
            (Some((DiscountKind::Rate, _)), Some(field)) => Discount::Rate(self.rate(row, field)?),
            (Some((DiscountKind::Amount, _)), Some(field)) if field.is_empty() => {
                Discount::Amount(Money::ZERO)
            }
            (Some((DiscountKind::Amount, _)), Some(field)) => {
                Discount::Amount(self.money(row, field, RejectReason::Discount)?)
            }
            _ => Discount::None,
        };
        let unit_cost = match columns.unit_cost.map(|column| row.field(column)) {
            Some(field) if !field.is_empty() => {
                Some(self.money(row, field, RejectReason::UnitCost)?.ten_thousandths())
            }
            _ => None,
        };
        let returned = match columns.returned.map(|column| row.field(column)) {
            Some(field) if !field.is_empty() => self.returned(row, field)?,
            _ => Returned::Nothing,
        };
        let quantity = match columns.quantity {
            None => 1,
            Some(column) => self.whole(row, row.field(column))?,
        };
        Some(Numbers { quantity, price, discount, unit_cost, returned })
    }

    #[inline]
    fn money(&self, row: &Fields<'_>, field: Field, name: RejectReason) -> Option<Money> {
        match digits::decimal(row.text, field.start, field.end, self.mark, 4) {
            Some(amount) => Some(Money::from_ten_thousandths(amount)),
            None => self.numbers.money(row.text(field)?, name, "").ok(),
        }
    }

    #[inline]
    fn rate(&self, row: &Fields<'_>, field: Field) -> Option<Rate> {
        let millionths = digits::decimal(row.text, field.start, field.end, self.mark, 6)
            .filter(|millionths| (0..=Rate::ONE.millionths()).contains(millionths));
        match millionths {
            Some(millionths) => Some(Rate::from_millionths(millionths)),
            None => self.numbers.rate(row.text(field)?).ok(),
        }
    }

    #[inline]
    fn whole(&self, row: &Fields<'_>, field: Field) -> Option<i64> {
        match digits::decimal(row.text, field.start, field.end, self.mark, 0) {
            None => self.numbers.whole(row.text(field)?).ok(),
            whole => whole,
        }
    }

    #[inline]
    fn returned(&self, row: &Fields<'_>, field: Field) -> Option<Returned> {
        match self.judge.rules.returns {
            Returns::Flag => {
                Some(if yes_or_no(row.text(field)?)? { Returned::All } else { Returned::Nothing })
            }
            Returns::Quantity => self.whole(row, field).map(Returned::Quantity),
            Returns::Amount => self.money(row, field, RejectReason::Returned).map(Returned::Amount),
            Returns::NotRecorded | Returns::CreditNotes { .. } => Some(Returned::Nothing),
        }
    }
}

/// The fields of a row.
struct Fields<'t> {
    text: &'t [u8],
    spans: &'t [Span],
    ascii_only: bool,
}

impl<'t> Fields<'t> {
    #[inline]
    fn field(&self, column: usize) -> Field {
        let Span { start, end } = self.spans[column];
        let (mut start, mut end) = (start as usize, end as usize);
        // Nearly no field has a blank at its ends; all blanks are below the letters.
        if start < end && (self.text[start] <= b' ' || self.text[end - 1] <= b' ') {
            let bytes = &self.text[start..end];
            start += bytes.len() - bytes.trim_ascii_start().len();
            end = start + bytes.trim_ascii().len();
        }
        Field { start, end }
    }

    #[inline]
    fn cell(&self, field: Field) -> Option<Cell<'t>> {
        Cell::at(self.text, field.start, field.end).filter(|cell| !self.ascii_only || cell.text.is_ascii())
    }

    #[inline]
    fn text(&self, field: Field) -> Option<&'t str> {
        let text = std::str::from_utf8(self.text.get(field.start..field.end)?).ok()?;
        (!self.ascii_only || text.is_ascii()).then_some(text)
    }

    #[inline]
    fn id(&self, column: usize, kind: IdKind) -> Option<IdCell<'t>> {
        let field = self.field(column);
        match kind {
            IdKind::Number => digits::whole(self.text, field.start, field.end).map(IdCell::Number),
            IdKind::Text => self.cell(field).filter(|cell| !cell.text.is_empty()).map(IdCell::Text),
        }
    }
}
