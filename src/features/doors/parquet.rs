//! Feature tables as Parquet files.

use std::io::Write;
use std::path::Path;

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::columnar::parquet::ParquetFile;
use crate::error::{Error, Result};
use crate::features::doors::arrow::table_of_batches;
use crate::features::doors::metadata;
use crate::features::table::FeatureTable;

impl FeatureTable {
    /// Writes the table as a Parquet file, compressed with Snappy, with the columns of
    /// [`FeatureTable::to_record_batch`]. Context and purposes go along in the file's metadata, so that
    /// [`FeatureTable::from_parquet_path`] gives back an equal table.
    ///
    /// # Errors
    /// [`Error::DuplicateFeature`] where a feature is called `customer`, [`Error::Io`] where writing fails.
    pub fn write_parquet(&self, out: impl Write + Send) -> Result<()> {
        let failed = |error: parquet::errors::ParquetError| Error::Io {
            path: "the Parquet output".to_owned(),
            source: std::io::Error::other(error),
        };
        let batch = self.to_record_batch()?;
        let entries = metadata::entries(self);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(
                entries.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect(),
            ))
            .build();
        let mut writer = ArrowWriter::try_new(out, batch.schema(), Some(properties)).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
        writer.close().map_err(failed)?;
        Ok(())
    }

    /// A table from a Parquet file with one row per customer, in any order; `customer` names the column of ids, every
    /// other column is a feature. Types are read as [`FeatureTable::from_record_batches`] does.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read, [`Error::File`] where it is no Parquet file, is cut off, encrypted
    /// or damaged; otherwise those of [`FeatureTable::from_record_batches`].
    pub fn from_parquet_path(path: impl AsRef<Path>, customer: &str) -> Result<Self> {
        read(&ParquetFile::open(path.as_ref())?, customer)
    }

    /// A table from the bytes of a Parquet file; otherwise as [`FeatureTable::from_parquet_path`].
    ///
    /// # Errors
    /// Those of [`FeatureTable::from_parquet_path`].
    pub fn from_parquet_bytes(bytes: &[u8], customer: &str) -> Result<Self> {
        read(&ParquetFile::from_bytes(bytes)?, customer)
    }
}

fn read(file: &ParquetFile<'_>, customer: &str) -> Result<FeatureTable> {
    let columns = file.all_columns()?;
    let table = table_of_batches(&file.read_groups(&columns)?, customer, file.name())?;
    metadata::restore(table, |key| file.key_values().find(|(name, _)| *name == key).map(|(_, v)| v))
}
