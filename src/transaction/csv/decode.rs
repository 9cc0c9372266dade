//! The fields of a record as what they stand for. No allocation unless something is wrong with the row.

use csv::ByteRecord;
use encoding_rs::WINDOWS_1252;

use crate::transaction::builder::{RawId, RawRow};
use crate::transaction::csv::header::Columns;
use crate::transaction::line::{Discount, Numbers, Price, RejectReason, Returned};
use crate::transaction::log::Attribute;
use crate::transaction::money::{DecimalProblem, Money, Rate, parse_decimal, parse_rounded};
use crate::transaction::rules::{Returns, Rounding};
use crate::transaction::schema::{DiscountKind, Encoding, PriceKind, Schema, yes_or_no};
use crate::transaction::time::{TimeFormat, Zone};

/// Reads records by a schema.
pub(super) struct Decoder<'s> {
    numbers: NumberReader<'s>,
    columns: &'s Columns,
    times: TimeReader<'s>,
    return_times: TimeReader<'s>,
    pub(super) undelivered: UndeliveredReader<'s>,
    encoding: Encoding,
    /// The record in UTF-8, where the file's own bytes are not.
    decoded: ByteRecord,
    buffer: String,
}

/// A record that was split into fields.
#[expect(clippy::large_enum_variant, reason = "one lives at a time, on the stack, and nearly all are rows")]
pub(super) enum Row<'r> {
    Fields(RawRow<'r>),
    /// The named column has bytes that are not of the encoding.
    BadBytes(&'r str),
}

/// Why a number cannot be read, and what stands there.
pub(super) type Unreadable = (RejectReason, String);

impl<'s> Decoder<'s> {
    pub(super) fn new(schema: &'s Schema, columns: &'s Columns) -> Self {
        let times = TimeReader::new(schema);
        Self {
            numbers: NumberReader { schema },
            columns,
            times: times.clone(),
            return_times: times,
            undelivered: UndeliveredReader::new(schema),
            encoding: schema.encoding,
            decoded: ByteRecord::new(),
            buffer: String::new(),
        }
    }

    /// The row of a record that has as many fields as the header.
    pub(super) fn row<'r>(&'r mut self, record: &'r ByteRecord, line: u64) -> Row<'r> {
        let Self { numbers, columns, times, return_times, undelivered, encoding, decoded, buffer } = self;
        let columns = *columns;
        let record = if *encoding == Encoding::Windows1252 && !record.as_slice().is_ascii() {
            decode_windows_1252(record, decoded, buffer);
            &*decoded
        } else {
            record
        };
        let fields = Fields { record };
        match raw_row(&fields, columns, numbers, [times, return_times], undelivered, line) {
            Ok(row) => Row::Fields(row),
            Err(BadBytes(position)) => Row::BadBytes(&columns.names[position]),
        }
    }
}

/// The position of a field that has bytes which are not of the encoding.
struct BadBytes(usize);

fn raw_row<'r>(
    fields: &Fields<'r>,
    columns: &Columns,
    numbers: &NumberReader<'_>,
    [times, return_times]: [&mut TimeReader<'_>; 2],
    undelivered: &mut UndeliveredReader<'_>,
    line: u64,
) -> std::result::Result<RawRow<'r>, BadBytes> {
    let mut texts = [None; Attribute::ALL.len()];
    for (text, column) in texts.iter_mut().zip(columns.attributes) {
        *text = fields.optional(column)?;
    }
    let customer = fields.text(columns.customer)?;
    let time_text = fields.text(columns.time)?;
    let currency = fields.optional(columns.currency)?;
    let order = fields.optional(columns.order)?;
    let undelivered = match fields.optional(columns.undelivered)? {
        None => false,
        Some(text) => undelivered.read(text, line),
    };
    let return_time = match fields.optional(columns.return_time)?.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => return_times.read(text).map(Some).ok_or(text),
    };
    let numbers = numbers.read(&NumberTexts {
        price: fields.text(columns.price)?,
        discount: fields.optional(columns.discount)?.unwrap_or_default(),
        unit_cost: fields.optional(columns.unit_cost)?,
        returned: fields.optional(columns.returned)?.unwrap_or_default(),
        quantity: fields.optional(columns.quantity)?,
    });
    Ok(RawRow {
        row: line,
        customer: (!customer.is_empty()).then_some(RawId::Text(customer)),
        order: order.filter(|order| !order.is_empty()).map(RawId::Text),
        time: times.read(time_text),
        numbers,
        return_time,
        undelivered,
        currency,
        texts,
        time_text,
    })
}

/// The fields of a record, without the blanks around them.
struct Fields<'r> {
    record: &'r ByteRecord,
}

impl<'r> Fields<'r> {
    #[inline]
    fn text(&self, column: usize) -> std::result::Result<&'r str, BadBytes> {
        let bytes = self.record.get(column).unwrap_or_default().trim_ascii();
        std::str::from_utf8(bytes).map_err(|_| BadBytes(column))
    }

    #[inline]
    fn optional(&self, column: Option<usize>) -> std::result::Result<Option<&'r str>, BadBytes> {
        column.map(|column| self.text(column)).transpose()
    }
}

/// Writes a windows-1252 record as UTF-8. In place of a field with one of the five bytes that have no meaning there
/// stands one that is no UTF-8, so that reading the field finds it.
pub(super) fn decode_windows_1252(record: &ByteRecord, decoded: &mut ByteRecord, buffer: &mut String) {
    decoded.clear();
    for field in record {
        if field.is_ascii() {
            decoded.push_field(field);
        } else if field.iter().any(|byte| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d)) {
            decoded.push_field(&[0xff]);
        } else {
            buffer.clear();
            buffer.reserve(field.len() * 3);
            let _ = WINDOWS_1252.new_decoder_without_bom_handling().decode_to_string(field, buffer, true);
            decoded.push_field(buffer.as_bytes());
        }
    }
}

/// Reads times; neighbouring lines are often of one order, so the latest text is remembered.
#[derive(Clone)]
pub(super) struct TimeReader<'s> {
    format: &'s TimeFormat,
    zone: &'s Zone,
    last: String,
    micros: Option<i64>,
}

impl<'s> TimeReader<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self { format: &schema.time_format, zone: &schema.rules.zone, last: String::new(), micros: None }
    }

    #[inline]
    pub(super) fn read(&mut self, text: &str) -> Option<i64> {
        if text != self.last {
            self.micros = self.format.parse(text, self.zone).ok();
            self.last.clear();
            self.last.push_str(text);
        }
        self.micros
    }
}

/// Tells undelivered lines, and notes what says that they cannot be told.
pub(super) struct UndeliveredReader<'s> {
    schema: &'s Schema,
    pub(super) seen: Seen,
}

/// The first lines on which the undelivered column had a yes/no word, and an empty field. With both, it is unclear
/// what an empty field means.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) word: Option<u64>,
    pub(super) blank: Option<u64>,
}

impl Seen {
    /// The line on which the second of both was seen.
    pub(super) fn unclear_from(self) -> Option<u64> {
        Some(self.word?.max(self.blank?))
    }
}

impl<'s> UndeliveredReader<'s> {
    fn new(schema: &'s Schema) -> Self {
        Self { schema, seen: Seen::default() }
    }

    pub(super) fn read(&mut self, text: &str, line: u64) -> bool {
        let Some((_, value)) = &self.schema.undelivered else { return false };
        if let Some(value) = value {
            return text == value;
        }
        let word = yes_or_no(text);
        if word.is_some() {
            self.seen.word.get_or_insert(line);
        }
        if text.is_empty() {
            self.seen.blank.get_or_insert(line);
        }
        word.unwrap_or(text.is_empty())
    }
}

/// What stands in the fields of a row's numbers; `None` where there is no such column.
struct NumberTexts<'r> {
    price: &'r str,
    discount: &'r str,
    unit_cost: Option<&'r str>,
    returned: &'r str,
    quantity: Option<&'r str>,
}

/// Reads numbers as the schema says they are written.
pub(super) struct NumberReader<'s> {
    pub(super) schema: &'s Schema,
}

impl NumberReader<'_> {
    /// The numbers of a row, looked at in the order in which every door does.
    fn read(&self, texts: &NumberTexts<'_>) -> std::result::Result<Numbers, Unreadable> {
        let schema = self.schema;
        let price = self.money(texts.price, RejectReason::Price, "price")?;
        let price = match schema.price_kind {
            PriceKind::Unit => Price::Unit(price),
            PriceKind::Line => Price::Line(price),
        };
        let discount = match &schema.discount {
            None => Discount::None,
            // The column is there, so nothing taken off is known to be nothing.
            Some((DiscountKind::Amount, _)) if texts.discount.is_empty() => Discount::Amount(Money::ZERO),
            Some((DiscountKind::Rate, _)) if texts.discount.is_empty() => Discount::Rate(Rate::ZERO),
            Some((DiscountKind::Amount, _)) => {
                Discount::Amount(self.money(texts.discount, RejectReason::Discount, "discount")?)
            }
            Some((DiscountKind::Rate, _)) => Discount::Rate(self.rate(texts.discount)?),
        };
        let unit_cost = match texts.unit_cost {
            None | Some("") => None,
            Some(text) => Some(self.money(text, RejectReason::UnitCost, "unit cost")?.ten_thousandths()),
        };
        let returned = self.returned(texts.returned)?;
        let quantity = match texts.quantity {
            None => 1,
            Some(text) => self.whole(text).map_err(|problem| {
                let reason = match problem {
                    DecimalProblem::NotANumber => RejectReason::Quantity,
                    _ => RejectReason::QuantityRange,
                };
                (reason, format!("quantity `{text}`"))
            })?,
        };
        Ok(Numbers { quantity, price, discount, unit_cost, returned })
    }

    fn returned(&self, text: &str) -> std::result::Result<Returned, Unreadable> {
        let unreadable = || (RejectReason::Returned, format!("returned `{text}`"));
        match self.schema.rules.returns {
            _ if text.is_empty() => Ok(Returned::Nothing),
            Returns::Flag => match yes_or_no(text) {
                Some(true) => Ok(Returned::All),
                Some(false) => Ok(Returned::Nothing),
                None => Err(unreadable()),
            },
            Returns::Quantity => self.whole(text).map(Returned::Quantity).map_err(|_| unreadable()),
            Returns::Amount => self.money(text, RejectReason::Returned, "returned").map(Returned::Amount),
            Returns::NotRecorded | Returns::CreditNotes { .. } => Ok(Returned::Nothing),
        }
    }

    #[inline]
    pub(super) fn mark(&self) -> char {
        self.schema.decimal_mark.sign()
    }

    /// A whole number, with or without decimals that are zero.
    #[inline]
    pub(super) fn whole(&self, text: &str) -> std::result::Result<i64, DecimalProblem> {
        parse_decimal(text, self.mark(), 0)
    }

    #[inline]
    pub(super) fn money(
        &self,
        text: &str,
        field: RejectReason,
        name: &str,
    ) -> std::result::Result<Money, Unreadable> {
        let parsed = match self.schema.rules.rounding {
            Rounding::Refuse => parse_decimal(text, self.mark(), 4),
            Rounding::HalfEven => parse_rounded(text, self.mark(), 4),
        };
        parsed.map(Money::from_ten_thousandths).map_err(|problem| {
            let reason = match problem {
                DecimalProblem::NotANumber => field,
                other => other.into(),
            };
            (reason, format!("{name} `{text}`"))
        })
    }

    /// A discount as a share of the price; out of range before it has too many decimals, as from `f64`.
    pub(super) fn rate(&self, text: &str) -> std::result::Result<Rate, Unreadable> {
        let because = |reason| (reason, format!("discount `{text}`"));
        let rounded = parse_rounded(text, self.mark(), 6).map_err(|_| because(RejectReason::Discount))?;
        if !(0..=Rate::ONE.millionths()).contains(&rounded) {
            return Err(because(RejectReason::Discount));
        }
        if self.schema.rules.rounding == Rounding::Refuse && parse_decimal(text, self.mark(), 6).is_err() {
            return Err(because(RejectReason::Decimals));
        }
        Ok(Rate::from_millionths(rounded))
    }
}
