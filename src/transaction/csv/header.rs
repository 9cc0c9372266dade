//! Where in a file's header the columns of a schema stand.

use csv::ByteRecord;

use crate::error::{Error, Result, nearest};
use crate::transaction::builder::Has;
use crate::transaction::csv::source::Failures;
use crate::transaction::log::Attribute;
use crate::transaction::schema::{Encoding, Schema};

/// The positions of the columns that are read.
pub(super) struct Columns {
    pub(super) customer: usize,
    pub(super) order: Option<usize>,
    pub(super) time: usize,
    pub(super) price: usize,
    pub(super) quantity: Option<usize>,
    pub(super) discount: Option<usize>,
    pub(super) unit_cost: Option<usize>,
    pub(super) returned: Option<usize>,
    pub(super) return_time: Option<usize>,
    pub(super) undelivered: Option<usize>,
    pub(super) currency: Option<usize>,
    pub(super) attributes: [Option<usize>; Attribute::ALL.len()],
    /// The header's names, for what is said about a field.
    pub(super) names: Vec<String>,
}

impl Columns {
    pub(super) fn find(header: &ByteRecord, schema: &Schema, failures: &Failures) -> Result<Self> {
        let names = names_of(header, schema.encoding);
        let find = |column: &str| position(&names, column, failures);
        let find_if = |column: Option<&String>| column.map(|column| find(column)).transpose();
        let mut attributes = [None; Attribute::ALL.len()];
        for (position, column) in attributes.iter_mut().zip(&schema.attributes) {
            *position = find_if(column.as_ref())?;
        }
        Ok(Self {
            customer: find(&schema.customer)?,
            order: find_if(schema.order.as_ref())?,
            time: find(&schema.time)?,
            price: find(&schema.price)?,
            quantity: find_if(schema.quantity.as_ref())?,
            discount: find_if(schema.discount.as_ref().map(|(_, column)| column))?,
            unit_cost: find_if(schema.unit_cost.as_ref())?,
            returned: find_if(schema.returned.as_ref())?,
            return_time: find_if(schema.return_time.as_ref())?,
            undelivered: find_if(schema.undelivered.as_ref().map(|(column, _)| column))?,
            currency: find_if(schema.currency.as_ref())?,
            attributes,
            names,
        })
    }

    /// How many fields a row has.
    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    /// What a log of this file has, whether or not any row has a value.
    pub(super) fn has(&self) -> Has {
        Has {
            discount: self.discount.is_some(),
            cost: self.unit_cost.is_some(),
            return_time: self.return_time.is_some(),
            attributes: self.attributes.map(|position| position.is_some()),
        }
    }
}

/// The names of a header.
pub(super) fn names_of(header: &ByteRecord, encoding: Encoding) -> Vec<String> {
    header.iter().map(|name| name_of(name, encoding)).collect()
}

/// Where a column stands in a header.
pub(super) fn position(names: &[String], column: &str, failures: &Failures) -> Result<usize> {
    let mut positions = (0..names.len()).filter(|position| names[*position] == column.trim());
    match (positions.next(), positions.next()) {
        (Some(position), None) => Ok(position),
        (Some(_), Some(_)) => {
            Err(failures.file(format!("column `{column}` stands in the header twice; name each column once")))
        }
        (None, _) => Err(Error::UnknownColumn {
            column: column.to_owned(),
            nearest: nearest(column, names.iter().map(String::as_str)),
            available: names.to_vec(),
        }),
    }
}

/// A name as text. Bytes that are not of the encoding show as such; no column of that name can be asked for.
fn name_of(name: &[u8], encoding: Encoding) -> String {
    let name = name.trim_ascii();
    match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(name).into_owned(),
        Encoding::Windows1252 => encoding_rs::WINDOWS_1252.decode_without_bom_handling(name).0.into_owned(),
    }
}
