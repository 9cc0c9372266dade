//! Profiles from CSV files, read as every CSV file kohort reads.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::profiles::schema::ProfileSchema;
use crate::profiles::table::ProfileTable;
use crate::profiles::value::RawValue;
use crate::transaction::{CsvRow, CsvRows, RawId, RejectReason, UNNAMED};

impl ProfileTable {
    /// A table from a CSV file, plain or gzip (told by its first bytes, whatever its name). Quotes, line ends,
    /// byte-order mark and line numbers in reports are those of
    /// [`TransactionLog::from_csv_path`](crate::TransactionLog::from_csv_path). Only the columns that the schema names
    /// are looked at.
    ///
    /// Time is linear in the file and as for a sort of the ids, on one thread.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read; [`Error::File`] where its structure is broken; [`Error::Empty`]
    /// without a header (a header alone makes an empty table); [`Error::UnknownColumn`] where a column is missing;
    /// [`Error::DuplicateCustomer`] where a customer has two rows and the schema does not say which one is kept;
    /// [`Error::Rejected`] in strict mode. Rows and values that cannot be read are otherwise no errors: the
    /// [`report`](ProfileTable::report) counts them.
    pub fn from_csv_path(path: impl AsRef<Path>, schema: &ProfileSchema) -> Result<Self> {
        let name = path.as_ref().display().to_string();
        let file = File::open(path.as_ref()).map_err(|source| Error::Io { path: name.clone(), source })?;
        read(file, &name, schema)
    }

    /// A table from CSV bytes, plain or gzip; otherwise as [`from_csv_path`](Self::from_csv_path). The reader need not
    /// be buffered.
    ///
    /// ```
    /// use kohort::profiles::{DuplicateIds, FieldType, ProfileField, ProfileKind, ProfileSchema};
    /// use kohort::ProfileTable;
    ///
    /// let file = "\
    /// customer,asked,likes_linen,region
    /// ben,2024-03-01,4,Ulm
    /// ada,2024-03-01,2,Bonn
    /// ada,2024-05-12,9,Bonn
    /// ";
    /// let schema = ProfileSchema::builder("customer")
    ///     .field(ProfileField::new("asked", ProfileKind::Attitude, FieldType::Date))
    ///     .field(ProfileField::new("likes_linen", ProfileKind::Attitude, FieldType::Score { lowest: 1.0, highest: 5.0 }))
    ///     .duplicates(DuplicateIds::Latest("asked".into()))
    ///     .build()?;
    /// let profiles = ProfileTable::from_csv_reader(file.as_bytes(), &schema)?;
    /// let report = profiles.report();
    /// assert_eq!((report.rows_kept, report.superseded), (2, 1));
    /// // There is no 9 on a scale of 1 to 5.
    /// assert_eq!(report.field("likes_linen").and_then(|linen| linen.coverage()), Some(0.5));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_csv_path`](Self::from_csv_path).
    pub fn from_csv_reader(reader: impl Read, schema: &ProfileSchema) -> Result<Self> {
        read(reader, UNNAMED, schema)
    }
}

fn read(file: impl Read, name: &str, schema: &ProfileSchema) -> Result<ProfileTable> {
    let mut rows = CsvRows::open(file, name, None, schema.encoding, schema.delimiter)?;
    let customer = rows.position(&schema.customer)?;
    let positions =
        schema.fields.iter().map(|field| rows.position(field.source())).collect::<Result<Vec<_>>>()?;
    let names = rows.names().to_vec();
    let mut builder = ProfileTable::builder(schema);
    while let Some((line, row)) = rows.next()? {
        let fields = match row {
            CsvRow::Fields(fields) => fields,
            CsvRow::Ragged(found) => {
                let detail = format!("{found} fields where the header has {}", names.len());
                builder.reject(line, RejectReason::Ragged, detail)?;
                continue;
            }
        };
        let values: std::result::Result<Vec<&str>, usize> =
            positions.iter().map(|position| fields.text(*position)).collect();
        match fields.text(customer).and_then(|customer| Ok((customer, values?))) {
            Ok((customer, values)) => {
                builder.push_raw(line, RawId::Text(customer), values.into_iter().map(RawValue::Text))?;
            }
            Err(column) => {
                builder.reject(line, RejectReason::Encoding, format!("column `{}`", names[column]))?;
            }
        }
    }
    builder.build()
}
