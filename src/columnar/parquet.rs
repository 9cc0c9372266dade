//! Parquet files: which columns there are, and the columns of one row group as Arrow arrays.
//!
//! Only the bytes of the columns asked for are read, each column of each row group on its own, so that all of them
//! can be decoded in parallel. A file may be damaged in any way: what the decoder finds, and even what makes it
//! panic, comes back as [`Error::File`].

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use rayon::prelude::*;

use crate::columnar::position;
use crate::error::{Error, Result};

/// What stands at both ends of every Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// The end of the file: the length of the metadata before it, and the magic.
const FOOTER: usize = 8;

/// What bytes without a name are called in errors.
const UNNAMED: &str = "the Parquet input";

/// An open Parquet file whose metadata have been read.
pub(crate) struct ParquetFile<'s> {
    source: Source<'s>,
    name: String,
    length: u64,
    /// Texts as views of the file's pages, for columns whose texts hardly repeat.
    views: ArrowReaderMetadata,
    /// Texts as the dictionaries they are stored as.
    dictionaries: ArrowReaderMetadata,
}

#[derive(Clone, Copy)]
enum Source<'s> {
    Path(&'s Path),
    Bytes(&'s [u8]),
}

impl<'s> ParquetFile<'s> {
    /// Opens the file at a path.
    pub(crate) fn open(path: &'s Path) -> Result<Self> {
        let name = path.display().to_string();
        let length =
            std::fs::metadata(path).map_err(|source| Error::Io { path: name.clone(), source })?.len();
        Self::new(Source::Path(path), name, length)
    }

    /// Opens a file that is in memory.
    pub(crate) fn from_bytes(bytes: &'s [u8]) -> Result<Self> {
        Self::new(Source::Bytes(bytes), UNNAMED.to_owned(), bytes.len() as u64)
    }

    fn new(source: Source<'s>, name: String, length: u64) -> Result<Self> {
        let broken = |problem: &str| Error::File { path: name.clone(), problem: problem.to_owned() };
        if length < (MAGIC.len() + FOOTER) as u64 {
            return Err(broken("the file is too short to be a Parquet file"));
        }
        let read = |start, length| read(source, &name, start, length);
        let begins = read(0, MAGIC.len())? == MAGIC;
        let footer = read(length - FOOTER as u64, FOOTER)?;
        match &footer[4..] {
            magic if magic == MAGIC && begins => {}
            b"PARE" => return Err(broken("the file is encrypted")),
            _ if begins => return Err(broken("the file is cut off: fetch the whole file again")),
            _ => return Err(broken("the file is no Parquet file")),
        }
        let size = u64::from(u32::from_le_bytes([footer[0], footer[1], footer[2], footer[3]]));
        let start = (length - FOOTER as u64).checked_sub(size).filter(|start| *start >= MAGIC.len() as u64);
        let start = start.ok_or_else(|| broken("the length of its metadata is beyond the file"))?;
        let metadata = read(start, size as usize)?;
        let (views, dictionaries) = guarded(&name, "its metadata", || {
            let metadata = Arc::new(ParquetMetaDataReader::decode_metadata(&metadata)?);
            Ok((reading(&metadata, &DataType::Utf8View)?, reading(&metadata, &dictionary_type())?))
        })?;
        let file = Self { source, name, length, views, dictionaries };
        Ok(file)
    }

    fn broken(&self, problem: String) -> Error {
        Error::File { path: self.name.clone(), problem }
    }

    /// The names of the columns, nested ones by their outermost.
    fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.views.schema().fields().iter().map(|field| field.name().as_str())
    }

    /// Where the columns of some names stand, each once.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`], [`Error::ColumnType`] for a nested column, or [`Error::File`] where two columns have
    /// one name.
    pub(crate) fn columns<'n>(&self, wanted: impl Iterator<Item = &'n str>) -> Result<Vec<usize>> {
        let mut columns = Vec::new();
        for name in wanted {
            let column = position(self.names(), name, &self.name)?;
            let data_type = self.views.schema().field(column).data_type();
            if data_type.is_nested() {
                return Err(super::unfit(name, data_type, "one plain value a row"));
            }
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        Ok(columns)
    }

    /// Every column.
    pub(crate) fn all_columns(&self) -> Result<Vec<usize>> {
        self.columns(self.names())
    }

    /// What the file is called in errors.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What a column is read as.
    pub(crate) fn data_type(&self, column: usize) -> &DataType {
        self.views.schema().field(column).data_type()
    }

    /// What its writer has put beside the data.
    pub(crate) fn key_values(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.metadata().file_metadata().key_value_metadata();
        entries.into_iter().flatten().filter_map(|entry| Some((entry.key.as_str(), entry.value.as_deref()?)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.views.metadata()
    }

    /// How many rows each row group has.
    pub(crate) fn group_rows(&self) -> Result<Vec<usize>> {
        let groups = self.metadata().row_groups().iter();
        groups
            .enumerate()
            .map(|(group, metadata)| {
                usize::try_from(metadata.num_rows())
                    .map_err(|_| self.broken(format!("row group {group} has a negative number of rows")))
            })
            .collect()
    }

    /// Some columns of all row groups; of none at all one batch without rows.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::File`].
    pub(crate) fn read_groups(&self, columns: &[usize]) -> Result<Vec<RecordBatch>> {
        let groups = 0..self.group_rows()?.len();
        let batches: Vec<Result<RecordBatch>> =
            groups.into_par_iter().map(|group| self.read(group, columns)).collect();
        let mut batches: Vec<RecordBatch> = batches.into_iter().collect::<Result<_>>()?;
        if batches.is_empty() {
            batches.push(RecordBatch::new_empty(Arc::clone(self.views.schema())));
        }
        Ok(batches)
    }

    /// Some columns of a row group, decoded in parallel.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::File`].
    pub(crate) fn read(&self, group: usize, columns: &[usize]) -> Result<RecordBatch> {
        let arrays: Vec<Result<ArrayRef>> =
            columns.par_iter().map(|column| self.read_column(group, *column)).collect();
        let arrays: Vec<ArrayRef> = arrays.into_iter().collect::<Result<_>>()?;
        let fields = columns.iter().zip(&arrays).map(|(column, array)| {
            let name = self.views.schema().field(*column).name();
            Field::new(name, array.data_type().clone(), true)
        });
        let schema = Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, arrays)
            .map_err(|error| self.broken(format!("row group {group} cannot be read: {error}")))
    }

    fn read_column(&self, group: usize, column: usize) -> Result<ArrayRef> {
        let what = format!("column `{}` of row group {group}", self.views.schema().field(column).name());
        let rows = self.metadata().row_group(group).num_rows();
        let roots = ProjectionMask::roots(self.views.parquet_schema(), [column]);
        let leaf = (0..self.views.parquet_schema().num_columns()).find(|leaf| roots.leaf_included(*leaf));
        let Some(chunk) = leaf.and_then(|leaf| self.metadata().row_group(group).columns().get(leaf)) else {
            return Err(self.broken(format!("{what} is missing")));
        };
        if chunk.num_values() != rows {
            return Err(self.broken(format!("{what} has {} values for {rows} rows", chunk.num_values())));
        }
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let range = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
        let within =
            |(start, size): &(u64, u64)| start.checked_add(*size).is_some_and(|end| end <= self.length);
        let Some((start, size)) = range.filter(within) else {
            return Err(self.broken(format!("{what} is beyond the end of the file")));
        };
        let bytes = Bytes::from(read(self.source, &self.name, start, size as usize)?);
        let whole = ChunkBytes { start, bytes, length: self.length };
        // Only where no page lists its texts one by one does a dictionary save work.
        let repeats = chunk.page_encoding_stats_mask().is_some_and(|pages| {
            pages.is_only(Encoding::RLE_DICTIONARY) || pages.is_only(Encoding::PLAIN_DICTIONARY)
        });
        let metadata = if repeats { &self.dictionaries } else { &self.views };
        let decoded = guarded(&self.name, &what, || {
            let mut batches = ParquetRecordBatchReaderBuilder::new_with_metadata(whole, metadata.clone())
                .with_projection(roots)
                .with_row_groups(vec![group])
                .with_batch_size(rows.max(1) as usize)
                .build()?;
            let first = batches.next().transpose()?;
            let more = batches.next().transpose()?;
            Ok(first.filter(|_| more.is_none()).map(|batch| Arc::clone(batch.column(0))))
        })?;
        match decoded {
            Some(array) if array.len() as i64 == rows => Ok(array),
            None if rows == 0 => {
                Ok(arrow_array::new_empty_array(metadata.schema().field(column).data_type()))
            }
            _ => Err(self.broken(format!("{what} has another number of values than rows"))),
        }
    }
}

fn dictionary_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// How columns are read, with text in a layout of choice. Where the writer has left its Arrow types beside the data,
/// they say what plain numbers mean.
fn reading(metadata: &Arc<ParquetMetaData>, text: &DataType) -> Result<ArrowReaderMetadata, ParquetError> {
    let metadata = || Arc::clone(metadata);
    let stored = ArrowReaderMetadata::try_new(metadata(), ArrowReaderOptions::new()).or_else(|_| {
        ArrowReaderMetadata::try_new(metadata(), ArrowReaderOptions::new().with_skip_arrow_metadata(true))
    })?;
    let fields = stored.schema().fields().iter().map(|field| {
        let is_text = match field.data_type() {
            DataType::Dictionary(_, values) => values.is_string(),
            other => other.is_string(),
        };
        if is_text {
            Arc::new(field.as_ref().clone().with_data_type(text.clone()))
        } else {
            Arc::clone(field)
        }
    });
    let schema = Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>()));
    ArrowReaderMetadata::try_new(metadata(), ArrowReaderOptions::new().with_schema(schema))
}

/// Runs the decoder on bytes that may be damaged.
fn guarded<T>(name: &str, what: &str, decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T> {
    let broken = |problem: String| Error::File { path: name.to_owned(), problem };
    // The decoder is handed nothing that outlives a failed call.
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => Ok(decoded),
        Ok(Err(error)) => Err(broken(format!("{what} cannot be read: {error}"))),
        Err(_) => Err(broken(format!("{what} is damaged"))),
    }
}

/// Bytes of a source; they must be within it.
fn read(source: Source<'_>, name: &str, start: u64, length: usize) -> Result<Vec<u8>> {
    let cut_off =
        || Error::File { path: name.to_owned(), problem: "the file is shorter than it says".into() };
    match source {
        Source::Bytes(bytes) => {
            let start = usize::try_from(start).map_err(|_| cut_off())?;
            let end = start.checked_add(length).ok_or_else(cut_off)?;
            bytes.get(start..end).map(<[u8]>::to_vec).ok_or_else(cut_off)
        }
        Source::Path(path) => {
            // Each reader has a file of its own, because a shared one has a shared position.
            let mut bytes = Vec::with_capacity(length);
            let read = File::open(path).and_then(|mut file| {
                file.seek(SeekFrom::Start(start))?;
                file.take(length as u64).read_to_end(&mut bytes)
            });
            match read {
                Ok(found) if found == length => Ok(bytes),
                Ok(_) => Err(cut_off()),
                Err(source) => Err(Error::Io { path: name.to_owned(), source }),
            }
        }
    }
}

/// The bytes of one column of one row group, found by their place in the file.
struct ChunkBytes {
    start: u64,
    bytes: Bytes,
    /// The length of the whole file.
    length: u64,
}

impl ChunkBytes {
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let offset = start.checked_sub(self.start).filter(|offset| *offset <= self.bytes.len() as u64);
        let offset = offset.ok_or_else(|| ParquetError::EOF("a page is outside its column".to_owned()))?;
        Ok(self.bytes.slice(offset as usize..))
    }
}

impl Length for ChunkBytes {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for ChunkBytes {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        self.from(start).map(Cursor::new)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let rest = self.from(start)?;
        if length > rest.len() {
            return Err(ParquetError::EOF("a page goes on beyond its column".to_owned()));
        }
        Ok(rest.slice(..length))
    }
}

/// A file of batches that have one schema, for tests.
#[cfg(test)]
pub(crate) fn written(
    batches: &[RecordBatch],
    properties: parquet::file::properties::WriterPropertiesBuilder,
) -> Vec<u8> {
    let mut file = Vec::new();
    let schema = batches[0].schema();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut file, schema, Some(properties.build())).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
    file
}
