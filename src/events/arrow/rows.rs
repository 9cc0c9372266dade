//! The rows of one batch of events, read by the same rules as those of a CSV file.

use arrow_array::RecordBatch;

use crate::bitmap::Bitmap;
use crate::category::Category;
use crate::columnar::{Named, Numbers, Ticks, Writing, describe, number_ids, text_ids, texts, times};
use crate::error::Result;
use crate::events::columns::{EventRows, reason_of};
use crate::events::event::EventAttribute;
use crate::events::log::NO_VALUE;
use crate::events::schema::{EventSchema, KindSource};
use crate::transaction::{IdColumn, IdKind, Money, RejectReason, TIME_RANGE};

/// A batch of events as its rows are read.
pub(super) struct BatchRows<'a> {
    customer: Named<'a>,
    customers: IdColumn,
    /// Which rows have a customer, where ids are numbers and not all have one.
    customers_there: Option<Bitmap>,
    time: Named<'a>,
    times: Ticks<'a>,
    kinds: Category,
    attributes: [Option<Category>; EventAttribute::ALL.len()],
    value: Option<(Named<'a>, Numbers<'a>)>,
    writing: Writing,
}

impl<'a> BatchRows<'a> {
    pub(super) fn new(schema: &'a EventSchema, batch: &'a RecordBatch) -> Result<Self> {
        let find = |name: &'a str| Named::find(batch, name);
        let customer = find(&schema.customer)?;
        let (customers, customers_there) = match schema.customer_ids {
            IdKind::Text => (text_ids(customer)?, None),
            IdKind::Number => {
                let mut numbers = vec![0; batch.num_rows()];
                let there = number_ids(customer, &mut numbers)?;
                (IdColumn::Numbers(numbers), there)
            }
        };
        let time = find(&schema.time)?;
        let kinds = match &schema.kind {
            KindSource::Column(column) => texts(find(column)?)?,
            KindSource::Always(kind) => {
                Category::from_texts(std::iter::repeat_n(Some(kind.as_str()), batch.num_rows()))
            }
        };
        let mut attributes = [const { None }; EventAttribute::ALL.len()];
        for (attribute, column) in attributes.iter_mut().zip(&schema.attributes) {
            *attribute = column.as_ref().map(|column| texts(find(column)?)).transpose()?;
        }
        let value = match &schema.value {
            Some(column) => {
                let column = find(column)?;
                Some((column, Numbers::new(column)?))
            }
            None => None,
        };
        Ok(Self {
            customer,
            customers,
            customers_there,
            time,
            times: times(time, &schema.rules.zone, &schema.time_format)?,
            kinds,
            attributes,
            value,
            writing: Writing { mark: schema.decimal_mark.sign(), rounding: schema.rules.rounding },
        })
    }

    /// The customers, kinds and attributes of all rows.
    pub(super) fn into_columns(self) -> (IdColumn, Category, [Option<Category>; EventAttribute::ALL.len()]) {
        (self.customers, self.kinds, self.attributes)
    }

    fn read_value(&self, row: usize) -> std::result::Result<i64, RejectReason> {
        let number = self.value.as_ref().and_then(|(_, numbers)| numbers.get(row));
        // As among columns, where an event has no value stands NaN.
        let number = number.filter(|number| !number.is_nan());
        number.map_or(Ok(NO_VALUE), |number| {
            number.money(self.writing).map(Money::ten_thousandths).map_err(reason_of)
        })
    }
}

impl EventRows for BatchRows<'_> {
    fn event(&self, row: usize) -> std::result::Result<(i64, i64), RejectReason> {
        let known = self.customers_there.as_ref().is_none_or(|there| there.get(row));
        if !known || self.customers.is_missing(row) {
            return Err(RejectReason::MissingCustomer);
        }
        let time = self.times.micros(row);
        if !TIME_RANGE.contains(&time) {
            return Err(RejectReason::Time);
        }
        if self.kinds.code(row).is_none() {
            return Err(RejectReason::MissingKind);
        }
        Ok((time, self.read_value(row)?))
    }

    fn value(&self, row: usize) -> i64 {
        self.read_value(row).unwrap_or(NO_VALUE)
    }

    fn detail(&self, row: usize, reason: RejectReason) -> String {
        match (reason, &self.value) {
            (RejectReason::MissingCustomer, _) => describe(self.customer, row),
            (RejectReason::Time, _) => describe(self.time, row),
            (RejectReason::MissingKind, _) | (_, None) => "empty".to_owned(),
            (_, Some((value, _))) => format!("value {}", describe(*value, row)),
        }
    }
}
