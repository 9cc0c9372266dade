//! The columns of a batch that a schema names.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use crate::columnar::Named;
use crate::error::Result;
use crate::transaction::log::Attribute;
use crate::transaction::schema::{DiscountKind, Schema};

/// The arrays that are read.
pub(super) struct SchemaColumns<'a> {
    pub(super) customer: Named<'a>,
    pub(super) order: Option<Named<'a>>,
    pub(super) time: Named<'a>,
    pub(super) price: Named<'a>,
    pub(super) quantity: Option<Named<'a>>,
    pub(super) discount: Option<(DiscountKind, Named<'a>)>,
    pub(super) unit_cost: Option<Named<'a>>,
    pub(super) returned: Option<Named<'a>>,
    pub(super) return_time: Option<Named<'a>>,
    pub(super) undelivered: Option<(Named<'a>, Option<&'a str>)>,
    pub(super) currency: Option<Named<'a>>,
    pub(super) attributes: [Option<Named<'a>>; Attribute::ALL.len()],
}

impl<'a> SchemaColumns<'a> {
    pub(super) fn find(schema: &'a Schema, batch: &'a RecordBatch) -> Result<Self> {
        let find = |name: &'a str| Named::find(batch, name);
        let find_if = |name: Option<&'a String>| name.map(|name| find(name)).transpose();
        let mut attributes = [None; Attribute::ALL.len()];
        for (array, name) in attributes.iter_mut().zip(&schema.attributes) {
            *array = find_if(name.as_ref())?;
        }
        let discount = schema.discount.as_ref();
        let undelivered = schema.undelivered.as_ref();
        Ok(Self {
            customer: find(&schema.customer)?,
            order: find_if(schema.order.as_ref())?,
            time: find(&schema.time)?,
            price: find(&schema.price)?,
            quantity: find_if(schema.quantity.as_ref())?,
            discount: discount.map(|(kind, name)| Ok::<_, crate::Error>((*kind, find(name)?))).transpose()?,
            unit_cost: find_if(schema.unit_cost.as_ref())?,
            returned: find_if(schema.returned.as_ref())?,
            return_time: find_if(schema.return_time.as_ref())?,
            undelivered: undelivered
                .map(|(name, value)| Ok::<_, crate::Error>((find(name)?, value.as_deref())))
                .transpose()?,
            currency: find_if(schema.currency.as_ref())?,
            attributes,
        })
    }

    /// How many texts the longest dictionary has: it is looked at once per part.
    pub(super) fn longest_dictionary(&self) -> usize {
        let Self { customer, order, time, price, quantity, unit_cost, returned, return_time, .. } = self;
        let optional = [*order, *quantity, *unit_cost, *returned, *return_time, self.currency];
        let others = [self.discount.map(|(_, array)| array), self.undelivered.map(|(array, _)| array)];
        [*customer, *time, *price]
            .into_iter()
            .chain(optional.into_iter().chain(others).chain(self.attributes).flatten())
            .map(|named| match named.array.data_type() {
                DataType::Dictionary(..) => named.array.as_any_dictionary().values().len(),
                _ => 0,
            })
            .max()
            .unwrap_or_default()
    }
}
