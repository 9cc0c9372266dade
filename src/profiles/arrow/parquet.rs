//! Profiles from Parquet files.

use std::path::Path;

use crate::columnar::parquet::ParquetFile;
use crate::error::Result;
use crate::profiles::arrow::table_of_batches;
use crate::profiles::schema::ProfileSchema;
use crate::profiles::table::ProfileTable;

impl ProfileTable {
    /// A table from a Parquet file. Only the columns that the schema names are read; row groups, and the columns within
    /// them, are decoded in parallel. Types and nulls are read as
    /// [`from_record_batches`](Self::from_record_batches) does.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) where the file cannot be read, [`Error::File`](crate::Error::File) where it is
    /// no Parquet file, is cut off, encrypted or damaged; otherwise those of
    /// [`from_record_batches`](Self::from_record_batches).
    pub fn from_parquet_path(path: impl AsRef<Path>, schema: &ProfileSchema) -> Result<Self> {
        read(&ParquetFile::open(path.as_ref())?, schema)
    }

    /// A table from the bytes of a Parquet file; otherwise as [`from_parquet_path`](Self::from_parquet_path).
    ///
    /// # Errors
    /// Those of [`from_parquet_path`](Self::from_parquet_path).
    pub fn from_parquet_bytes(bytes: &[u8], schema: &ProfileSchema) -> Result<Self> {
        read(&ParquetFile::from_bytes(bytes)?, schema)
    }
}

fn read(file: &ParquetFile<'_>, schema: &ProfileSchema) -> Result<ProfileTable> {
    let columns = file.columns(schema.column_names())?;
    table_of_batches(&file.read_groups(&columns)?, schema)
}
