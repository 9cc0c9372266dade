//! Parquet files into a log: row groups are batches that are decoded when their turn comes.

use std::path::Path;

use crate::columnar::parquet::ParquetFile;
use crate::error::Result;
use crate::transaction::arrow::Door;
use crate::transaction::log::TransactionLog;
use crate::transaction::schema::Schema;

impl TransactionLog {
    /// A log from a Parquet file.
    ///
    /// Only the columns that the schema names are read. Row groups are decoded in parallel, and the columns within
    /// them, each straight into its place in the log; at no time is the whole file decoded. What the columns may be,
    /// how nulls are read and how rows are numbered is said at [`from_record_batches`](Self::from_record_batches);
    /// text that is stored as a dictionary is read as one.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) where the file cannot be read, [`Error::File`](crate::Error::File) where it is
    /// no Parquet file, is cut off, encrypted or damaged; otherwise those of
    /// [`from_record_batches`](Self::from_record_batches).
    pub fn from_parquet_path(path: impl AsRef<Path>, schema: &Schema) -> Result<Self> {
        read(&ParquetFile::open(path.as_ref())?, schema)
    }

    /// A log from the bytes of a Parquet file; otherwise as [`from_parquet_path`](Self::from_parquet_path).
    ///
    /// # Errors
    /// Those of [`from_parquet_path`](Self::from_parquet_path).
    pub fn from_parquet_bytes(bytes: &[u8], schema: &Schema) -> Result<Self> {
        read(&ParquetFile::from_bytes(bytes)?, schema)
    }
}

fn read(file: &ParquetFile<'_>, schema: &Schema) -> Result<TransactionLog> {
    let columns = file.columns(schema.column_names())?;
    let order_type = match &schema.order {
        Some(order) => file.columns(std::iter::once(order.as_str()))?.first().map(|at| file.data_type(*at)),
        None => None,
    };
    let door = Door::new(schema, order_type)?;
    door.log(&file.group_rows()?, |group| file.read(group, &columns))
}
