//! The short way for plain rows: pieces sold at a price, written without anything odd, as nearly all are.
//!
//! It keeps only rows that the general way would keep too, as the same lines, and leaves every other one to it: to
//! read what is unusual, or to say what is wrong. Nothing of a row is stored before all of it is known to be kept.

use crate::transaction::csv::clock::Clock;
use crate::transaction::csv::decode::{NumberReader, UndeliveredReader};
use crate::transaction::csv::digits;
use crate::transaction::csv::header::Columns;
use crate::transaction::csv::parse::Plan;
use crate::transaction::csv::part::{Ids, Part};
use crate::transaction::csv::texts::{Cell, Key, Texts};
use crate::transaction::ids::IdKind;
use crate::transaction::judge::Judge;
use crate::transaction::line::{Discount, Numbers, Price, RejectReason, Returned};
use crate::transaction::log::{Attribute, NO_TIME};
use crate::transaction::money::{Money, Rate};
use crate::transaction::rules::Returns;
use crate::transaction::schema::yes_or_no;
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
    /// The attributes that the file has, each with its column.
    texts: Vec<(usize, usize)>,
    mark: u8,
    ascii_only: bool,
    /// Whether a product or an order may be one that the user excludes, or an order's id that of a credit note.
    looks_at_names: bool,
}

impl Span {
    #[inline]
    fn range(self) -> (usize, usize) {
        (self.start as usize, self.end as usize)
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
            texts: columns
                .attributes
                .iter()
                .enumerate()
                .filter_map(|(attribute, column)| Some((attribute, (*column)?)))
                .collect(),
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
        let order = match (self.judge.orders, columns.order) {
            (Some(kind), Some(column)) => Some(row.id(column, kind)?),
            (Some(_), None) => return None,
            // It is no part of the log, but of what has to be readable.
            (None, Some(column)) => row.text(column).map(|_| None)?,
            (None, None) => None,
        };
        // Found to be texts here and taken below, once the row is known to be kept: to find them again costs less than
        // to put them aside.
        for (_, column) in &self.texts {
            if !row.is_text(row.trimmed(*column)) {
                return None;
            }
        }
        let time = row.time(columns.time, clock)?;
        if let Some(column) = columns.currency
            && row.text(column)? != self.judge.rules.currency
        {
            return None;
        }
        let numbers = self.numbers(&row)?;
        let mut credit_note = false;
        if self.looks_at_names {
            let name = |column: Option<usize>| column.map_or(Some(""), |column| row.text(column));
            let (order, product) =
                (name(columns.order)?, name(columns.attributes[Attribute::Product as usize])?);
            self.judge.exclusions(false, order, product).check().ok()?;
            credit_note = self.judge.is_credit_note(order);
        }
        let line = self.judge.classifier.line(numbers, credit_note).ok()?;
        let return_time = match columns.return_time {
            Some(column) if line.came_back() && !row.is_empty(column) => {
                row.time(column, clock).filter(|back| *back >= time)?
            }
            Some(column) => row.text(column).map(|_| NO_TIME)?,
            None => NO_TIME,
        };
        // The last test, as it notes what it sees: the general way would see the same.
        if let Some(column) = columns.undelivered {
            let undelivered = undelivered.read(row.text(column)?, part.lines);
            if undelivered {
                return None;
            }
        }
        part.keep_line(part.lines, time, &line, return_time);
        row.push_id(&mut part.customers, customer);
        if let Some(order) = order {
            row.push_id(&mut part.orders, order);
        }
        for (attribute, column) in &self.texts {
            row.push_text(&mut part.attributes[*attribute], row.trimmed(*column));
        }
        Some(())
    }

    #[inline]
    fn numbers(&self, row: &Fields<'_>) -> Option<Numbers> {
        let (columns, schema) = (self.columns, self.numbers.schema);
        let price = self.money(row, columns.price, RejectReason::Price)?;
        let price = match schema.price_kind {
            PriceKind::Unit => Price::Unit(price),
            PriceKind::Line => Price::Line(price),
        };
        let discount = match (&schema.discount, columns.discount) {
            (Some((DiscountKind::Rate, _)), Some(column)) if row.is_empty(column) => {
                Discount::Rate(Rate::ZERO)
            }
            (Some((DiscountKind::Rate, _)), Some(column)) => Discount::Rate(self.rate(row, column)?),
            (Some((DiscountKind::Amount, _)), Some(column)) if row.is_empty(column) => {
                Discount::Amount(Money::ZERO)
            }
            (Some((DiscountKind::Amount, _)), Some(column)) => {
                Discount::Amount(self.money(row, column, RejectReason::Discount)?)
            }
            _ => Discount::None,
        };
        let unit_cost = match columns.unit_cost {
            Some(column) if !row.is_empty(column) => {
                Some(self.money(row, column, RejectReason::UnitCost)?.ten_thousandths())
            }
            _ => None,
        };
        let returned = match columns.returned {
            Some(column) if !row.is_empty(column) => self.returned(row, column)?,
            _ => Returned::Nothing,
        };
        let quantity = match columns.quantity {
            None => 1,
            Some(column) => self.whole(row, column)?,
        };
        Some(Numbers { quantity, price, discount, unit_cost, returned })
    }

    #[inline]
    fn money(&self, row: &Fields<'_>, column: usize, name: RejectReason) -> Option<Money> {
        match row.decimal(column, self.mark, 4) {
            Some(amount) => Some(Money::from_ten_thousandths(amount)),
            None => self.numbers.money(row.text(column)?, name, "").ok(),
        }
    }

    #[inline]
    fn rate(&self, row: &Fields<'_>, column: usize) -> Option<Rate> {
        match row.decimal(column, self.mark, 6) {
            Some(millionths) if millionths <= Rate::ONE.millionths() => {
                Some(Rate::from_millionths(millionths))
            }
            _ => self.numbers.rate(row.text(column)?).ok(),
        }
    }

    #[inline]
    fn whole(&self, row: &Fields<'_>, column: usize) -> Option<i64> {
        match row.digit(column).or_else(|| row.decimal(column, self.mark, 0)) {
            None => self.numbers.whole(row.text(column)?).ok(),
            whole => whole,
        }
    }

    #[inline]
    fn returned(&self, row: &Fields<'_>, column: usize) -> Option<Returned> {
        match self.judge.rules.returns {
            Returns::Flag => {
                Some(if yes_or_no(row.text(column)?)? { Returned::All } else { Returned::Nothing })
            }
            Returns::Quantity => self.whole(row, column).map(Returned::Quantity),
            Returns::Amount => self.money(row, column, RejectReason::Returned).map(Returned::Amount),
            Returns::NotRecorded | Returns::CreditNotes { .. } => Some(Returned::Nothing),
        }
    }
}

/// An id that was found to be one: a number, or where its text is.
#[derive(Clone, Copy)]
enum Id {
    Number(u64),
    Text(usize, usize),
}

/// The fields of a row. Numbers and times are read without a look at blanks: those that have some are read the slower way.
struct Fields<'t> {
    text: &'t [u8],
    spans: &'t [Span],
    ascii_only: bool,
}

impl<'t> Fields<'t> {
    /// A field without the blanks around it.
    #[inline]
    fn trimmed(&self, column: usize) -> (usize, usize) {
        let (mut start, mut end) = self.spans[column].range();
        // Nearly no field has a blank at its ends; all blanks are below the letters.
        if start < end && (self.text[start] <= b' ' || self.text[end - 1] <= b' ') {
            let bytes = &self.text[start..end];
            start += bytes.len() - bytes.trim_ascii_start().len();
            end = start + bytes.trim_ascii().len();
        }
        (start, end)
    }

    #[inline]
    fn is_empty(&self, column: usize) -> bool {
        let (start, end) = self.spans[column].range();
        start == end
    }

    /// A number of one digit, as most quantities are.
    #[inline]
    fn digit(&self, column: usize) -> Option<i64> {
        let (start, end) = self.spans[column].range();
        let digit = self.text[start].wrapping_sub(b'0');
        (end - start == 1 && digit < 10).then_some(i64::from(digit))
    }

    #[inline]
    fn decimal(&self, column: usize, mark: u8, places: usize) -> Option<i64> {
        let (start, end) = self.spans[column].range();
        digits::decimal(self.text, start, end, mark, places)
    }

    /// Whether what is at a place is a text.
    #[inline]
    fn is_text(&self, (start, end): (usize, usize)) -> bool {
        Key::at(self.text, start, end).is_some() || Cell::at(self.text, start, end, self.ascii_only).is_some()
    }

    #[inline]
    fn push_text(&self, texts: &mut Texts, (start, end): (usize, usize)) {
        texts.push_at(self.text, start, end, self.ascii_only);
    }

    fn text(&self, column: usize) -> Option<&'t str> {
        let (start, end) = self.trimmed(column);
        let text = std::str::from_utf8(self.text.get(start..end)?).ok()?;
        (!self.ascii_only || text.is_ascii()).then_some(text)
    }

    #[inline]
    fn id(&self, column: usize, kind: IdKind) -> Option<Id> {
        match kind {
            IdKind::Number => {
                let (start, end) = self.spans[column].range();
                digits::whole(self.text, start, end).map(Id::Number)
            }
            IdKind::Text => {
                let (start, end) = self.trimmed(column);
                (start < end && self.is_text((start, end))).then_some(Id::Text(start, end))
            }
        }
    }

    #[inline]
    fn push_id(&self, ids: &mut Ids<Texts>, id: Id) {
        match (ids, id) {
            (Ids::Numbers(numbers), Id::Number(number)) => numbers.push(number),
            (Ids::Texts(texts), Id::Text(start, end)) => self.push_text(texts, (start, end)),
            _ => debug_assert!(false, "ids are of the log's kind"),
        }
    }

    #[inline]
    fn time(&self, column: usize, clock: &mut Clock<'_>) -> Option<i64> {
        let (start, end) = self.spans[column].range();
        clock.plain(self.text, start, end).or_else(|| {
            let (start, end) = self.trimmed(column);
            clock.general(self.text, start, end)
        })
    }
}
