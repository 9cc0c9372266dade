//! Parquet files of events: row groups are batches that are decoded when their turn comes.

use std::path::Path;

use crate::columnar::parquet::ParquetFile;
use crate::error::Result;
use crate::events::arrow::log_of_parts;
use crate::events::log::EventLog;
use crate::events::schema::EventSchema;

impl EventLog {
    /// A log from a Parquet file. Only the columns that the schema names are read; row groups, and the columns within
    /// them, are decoded in parallel. Types and nulls are read as
    /// [`from_record_batches`](Self::from_record_batches) does.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) where the file cannot be read, [`Error::File`](crate::Error::File) where it is
    /// no Parquet file, is cut off, encrypted or damaged; otherwise those of
    /// [`from_record_batches`](Self::from_record_batches).
    pub fn from_parquet_path(path: impl AsRef<Path>, schema: &EventSchema) -> Result<Self> {
        read(&ParquetFile::open(path.as_ref())?, schema)
    }

    /// A log from the bytes of a Parquet file; otherwise as [`from_parquet_path`](Self::from_parquet_path).
    ///
    /// # Errors
    /// Those of [`from_parquet_path`](Self::from_parquet_path).
    pub fn from_parquet_bytes(bytes: &[u8], schema: &EventSchema) -> Result<Self> {
        read(&ParquetFile::from_bytes(bytes)?, schema)
    }
}

fn read(file: &ParquetFile<'_>, schema: &EventSchema) -> Result<EventLog> {
    let columns = file.columns(schema.column_names())?;
    log_of_parts(schema, &file.group_rows()?, |group| file.read(group, &columns))
}
