//! Profiles from Arrow record batches and Parquet files. Values are read as those of columns and files are.

#[cfg(feature = "parquet")]
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use rayon::prelude::*;

use crate::category::Category;
#[cfg(feature = "parquet")]
use crate::columnar::parquet::ParquetFile;
use crate::columnar::{
    Flag, Named, Number, Numbers, Ticks, describe, flags, number_ids, text_ids, texts, times,
};
use crate::error::{Error, Result};
use crate::profiles::builder::{FieldBuilder, assemble};
use crate::profiles::report::ProfileReport;
use crate::profiles::schema::ProfileSchema;
use crate::profiles::table::ProfileTable;
use crate::profiles::value::RawValue;
use crate::transaction::{IdColumn, IdKind, NO_TIME, RejectReason, Strictness, concat_texts};

impl ProfileTable {
    /// A table from Arrow record batches, in any order of rows.
    ///
    /// Columns are found by the names of the schema; others are not looked at. Ids are text or whole numbers of any
    /// Arrow type. A column need not be of its field's own type: timestamps and dates are times (those without a zone
    /// in that of the schema), text is read as from a file, whole numbers are numbers too, and 0 and 1 are flags. A
    /// null is a missing value. Rows are numbered in reports from 1 over all batches.
    ///
    /// Runs in parallel over the fields; O(rows · log rows + rows · fields).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use kohort::ProfileTable;
    /// use kohort::arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    /// use kohort::profiles::{FieldType, ProfileField, ProfileKind, ProfileSchema};
    ///
    /// let batch = RecordBatch::try_from_iter([
    ///     ("customer", Arc::new(StringArray::from(vec!["ben", "ada"])) as ArrayRef),
    ///     ("age", Arc::new(Int64Array::from(vec![Some(27), None]))),
    /// ])?;
    /// let schema = ProfileSchema::builder("customer")
    ///     .field(ProfileField::new("age", ProfileKind::Demographic, FieldType::Number))
    ///     .build()?;
    /// let profiles = ProfileTable::from_record_batches([batch], &schema)?;
    /// assert_eq!(profiles.table().column("age")?.number(1), Some(27.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] where a column is missing, [`Error::ColumnType`] where a type has no values a field can
    /// take; [`Error::DuplicateCustomer`] where a customer has two rows and the schema does not say which one is kept;
    /// [`Error::Rejected`] in strict mode for a row without an id. Values that cannot be read are no errors: the
    /// [`report`](ProfileTable::report) counts them.
    pub fn from_record_batches(
        batches: impl IntoIterator<Item = RecordBatch>,
        schema: &ProfileSchema,
    ) -> Result<Self> {
        let batches: Vec<RecordBatch> = batches.into_iter().collect();
        let mut report = ProfileReport::default();
        let mut ids = Vec::with_capacity(batches.len());
        for batch in &batches {
            ids.push(Ids::new(Named::find(batch, &schema.customer)?, schema, &mut report)?);
        }
        let fields = schema.fields.par_iter().map(|field| {
            let mut values = FieldBuilder::new(field.values);
            let mut before = 0;
            for (batch, ids) in batches.iter().zip(&ids) {
                let array = FieldArray::new(Named::find(batch, field.source())?, schema)?;
                for row in &ids.kept {
                    values.push(before + *row as u64 + 1, array.value(*row, schema), schema);
                }
                before += batch.num_rows() as u64;
            }
            Ok(values.finish())
        });
        let fields: Vec<Result<_>> = fields.collect();
        assemble(schema, &joined(ids, schema), fields.into_iter().collect::<Result<_>>()?, report)
    }

    /// A table from a Parquet file, of which only the columns that the schema names are read, in parallel; otherwise
    /// as [`from_record_batches`](Self::from_record_batches).
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read, [`Error::File`] where it is no Parquet file, is cut off, encrypted
    /// or damaged; otherwise those of [`from_record_batches`](Self::from_record_batches).
    #[cfg(feature = "parquet")]
    pub fn from_parquet_path(path: impl AsRef<Path>, schema: &ProfileSchema) -> Result<Self> {
        read(&ParquetFile::open(path.as_ref())?, schema)
    }

    /// A table from the bytes of a Parquet file; otherwise as [`from_parquet_path`](Self::from_parquet_path).
    ///
    /// # Errors
    /// Those of [`from_parquet_path`](Self::from_parquet_path).
    #[cfg(feature = "parquet")]
    pub fn from_parquet_bytes(bytes: &[u8], schema: &ProfileSchema) -> Result<Self> {
        read(&ParquetFile::from_bytes(bytes)?, schema)
    }
}

#[cfg(feature = "parquet")]
fn read(file: &ParquetFile<'_>, schema: &ProfileSchema) -> Result<ProfileTable> {
    let names = schema.fields.iter().map(|field| field.source()).chain([schema.customer.as_str()]);
    ProfileTable::from_record_batches(file.read_groups(&file.columns(names)?)?, schema)
}

/// The ids of a batch's rows that have one, and which rows these are.
struct Ids {
    ids: IdColumn,
    kept: Vec<usize>,
}

impl Ids {
    /// Reads the ids and counts the rows in the report, those without one as rejected.
    fn new(column: Named<'_>, schema: &ProfileSchema, report: &mut ProfileReport) -> Result<Self> {
        let rows = column.array.len();
        let (ids, there) = match schema.customer_ids {
            IdKind::Text => (text_ids(column)?, None),
            IdKind::Number => {
                let mut numbers = vec![0; rows];
                let there = number_ids(column, &mut numbers)?;
                (IdColumn::Numbers(numbers), there)
            }
        };
        let has_id =
            |row: &usize| there.as_ref().is_none_or(|there| there.get(*row)) && !ids.is_missing(*row);
        let (kept, rejected): (Vec<usize>, Vec<usize>) = (0..rows).partition(has_id);
        for row in rejected {
            let (reason, detail) = (RejectReason::MissingCustomer, || describe(column, row));
            let row = report.rows_read + row as u64 + 1;
            if schema.strictness == Strictness::Stop {
                return Err(Error::Rejected { row, reason, detail: detail() });
            }
            report.rejected.entry(reason).or_default().note(row, detail);
        }
        report.rows_read += rows as u64;
        Ok(Self { ids: ids.gather(&kept), kept })
    }
}

/// The ids of all batches.
fn joined(batches: Vec<Ids>, schema: &ProfileSchema) -> IdColumn {
    let ids = batches.into_iter().map(|batch| batch.ids.without_unused());
    match schema.customer_ids {
        IdKind::Text => concat_texts(ids.collect()),
        IdKind::Number => IdColumn::Numbers(
            ids.flat_map(|ids| match ids {
                IdColumn::Numbers(numbers) => numbers,
                IdColumn::Texts(_) | IdColumn::ShortTexts(_) => Vec::new(),
            })
            .collect(),
        ),
    }
}

/// The values of a field in one batch, as what they are.
enum FieldArray<'a> {
    Flags(Vec<Flag>),
    Times(Ticks<'a>),
    Texts(Category),
    Numbers(Numbers<'a>),
}

impl<'a> FieldArray<'a> {
    fn new(column: Named<'a>, schema: &ProfileSchema) -> Result<Self> {
        let data_type = column.array.data_type();
        let values = match data_type {
            DataType::Dictionary(_, values) => values,
            other => other,
        };
        match values {
            DataType::Boolean => flags(column).map(Self::Flags),
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
                times(column, &schema.zone, &schema.time_format).map(Self::Times)
            }
            text if text.is_string() => texts(column).map(Self::Texts),
            _ => Numbers::new(column).map(Self::Numbers),
        }
    }

    fn value(&self, row: usize, schema: &ProfileSchema) -> RawValue<'_> {
        match self {
            Self::Flags(flags) => match flags[row] {
                Flag::Yes => RawValue::Flag(true),
                Flag::No => RawValue::Flag(false),
                Flag::Blank | Flag::Other => RawValue::Missing,
            },
            Self::Times(times) => match times.micros(row) {
                NO_TIME => RawValue::Missing,
                micros => RawValue::Time(micros),
            },
            Self::Texts(texts) => texts.get(row).map_or(RawValue::Missing, RawValue::Text),
            Self::Numbers(numbers) => {
                // A number may be written that stands for none, such as -99.
                let is_none = |number: &Number<'_>| {
                    !schema.missing.is_empty() && schema.missing.contains(&number.to_string())
                };
                numbers.get(row).filter(|number| !is_none(number)).map_or(RawValue::Missing, raw)
            }
        }
    }
}

/// A number as a value: a whole one where it is one.
fn raw(number: Number<'_>) -> RawValue<'_> {
    match number {
        Number::Text(text) => RawValue::Text(text),
        Number::Whole(_) | Number::Decimal(..) => {
            number.exact(0).map_or_else(|| RawValue::Number(number.nearest()), RawValue::Whole)
        }
        Number::Float(_) | Number::Single(_) => RawValue::Number(number.nearest()),
    }
}

#[cfg(all(test, feature = "csv"))]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int8Type;
    use arrow_array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
        Int32Array, Int64Array, StringArray, StringViewArray, TimestampSecondArray,
    };
    use proptest::prelude::*;

    use super::*;
    use crate::profiles::{DuplicateIds, FieldType, ProfileField, ProfileKind};
    use crate::transaction::{TimeFormat, Zone};

    /// A row as text; empty is missing.
    type Row = (&'static str, &'static str, &'static str, &'static str, Option<i32>);

    fn row() -> impl Strategy<Value = Row> {
        (
            prop::sample::select(vec!["7", "12", "", "30", "8", "9"]),
            prop::sample::select(vec!["27", "-99", "", "3.5", "61"]),
            prop::sample::select(vec!["1", "0", "", "2"]),
            prop::sample::select(vec!["Bonn", "Ulm", ""]),
            prop::option::of(15_000..15_004_i32),
        )
    }

    fn text_array(texts: Vec<&str>, choice: u8) -> ArrayRef {
        let texts = texts.into_iter().map(|text| Some(text).filter(|text| !text.is_empty()));
        match choice % 3 {
            0 => Arc::new(texts.collect::<StringArray>()),
            1 => Arc::new(texts.collect::<StringViewArray>()),
            _ => Arc::new(texts.collect::<DictionaryArray<Int8Type>>()),
        }
    }

    fn batch(rows: &[Row], types: [u8; 5]) -> RecordBatch {
        let customers: Vec<&str> = rows.iter().map(|row| row.0).collect();
        let customers: ArrayRef = match types[0] % 4 {
            0 => Arc::new(customers.iter().map(|who| who.parse().ok()).collect::<Int32Array>()),
            other => text_array(customers, other),
        };
        let ages: Vec<&str> = rows.iter().map(|row| row.1).collect();
        let age = |text: &&str| text.parse::<f64>().ok();
        let ages: ArrayRef = match types[1] % 4 {
            0 => Arc::new(ages.iter().map(age).collect::<Float64Array>()),
            1 => Arc::new(ages.iter().map(|text| age(text).map(|age| age as f32)).collect::<Float32Array>()),
            // Without decimals where all can do without, so that each is written as it is.
            2 if ages.iter().all(|text| !text.contains('.')) => {
                let units = ages.iter().map(|text| age(text).map(|age| age as i128));
                Arc::new(units.collect::<Decimal128Array>().with_precision_and_scale(9, 0).unwrap())
            }
            other => text_array(ages, other),
        };
        let flags: Vec<&str> = rows.iter().map(|row| row.2).collect();
        let flags: ArrayRef = match types[2] % 3 {
            0 if !flags.contains(&"2") => {
                let flag = |text: &str| Some(text == "1").filter(|_| !text.is_empty());
                Arc::new(flags.iter().map(|text| flag(text)).collect::<BooleanArray>())
            }
            1 => Arc::new(flags.iter().map(|text| text.parse().ok()).collect::<Int64Array>()),
            other => text_array(flags, other),
        };
        let days = rows.iter().map(|row| row.4);
        let days: ArrayRef = match types[4] % 3 {
            0 => Arc::new(days.collect::<Date32Array>()),
            1 => {
                let seconds = days.map(|day| day.map(|day| i64::from(day) * 86_400));
                Arc::new(seconds.collect::<TimestampSecondArray>())
            }
            _ => Arc::new(days.map(|day| day.map(date)).collect::<StringArray>()),
        };
        RecordBatch::try_from_iter_with_nullable([
            ("id", customers, true),
            ("Age", ages, true),
            ("mail", flags, true),
            ("place", text_array(rows.iter().map(|row| row.3).collect(), types[3]), true),
            ("asked", days, true),
        ])
        .unwrap()
    }

    /// A day of 1970 and after, as a file has it.
    fn date(day: i32) -> String {
        let micros = i64::from(day) * crate::transaction::DAY;
        Zone::utc().civil(micros).strftime("%Y-%m-%d").to_string()
    }

    fn schema(ids: IdKind) -> ProfileSchema {
        ProfileSchema::builder("id")
            .customer_ids(ids)
            .field(ProfileField::new("age", ProfileKind::Demographic, FieldType::Whole).column("Age"))
            .field(ProfileField::new("mail", ProfileKind::Consent, FieldType::Flag).purpose("campaigns"))
            .field(ProfileField::new("place", ProfileKind::Geographic, FieldType::Category))
            .field(ProfileField::new("asked", ProfileKind::Attitude, FieldType::Date))
            .duplicates(DuplicateIds::Latest("asked".into()))
            .missing_texts(["-99"])
            .zone(Zone::named("Europe/Berlin").unwrap())
            .time_format(TimeFormat::Iso)
            .build()
            .unwrap()
    }

    fn csv(rows: &[Row], schema: &ProfileSchema) -> ProfileTable {
        let mut file = String::from("id,Age,mail,place,asked\n");
        for (id, age, mail, place, asked) in rows {
            file += &format!("{id},{age},{mail},{place},{}\n", asked.map(date).unwrap_or_default());
        }
        ProfileTable::from_csv_reader(file.as_bytes(), schema).unwrap()
    }

    /// The report with the lines of a file as rows, and without what stood there: a number has many spellings.
    fn plain(report: &ProfileReport, header: u64) -> ProfileReport {
        let mut report = report.clone();
        report.forget_examples();
        let fields = report.fields.iter_mut().map(|field| &mut field.unreadable);
        for instances in report.rejected.values_mut().chain(fields) {
            instances.first_rows.iter_mut().for_each(|row| *row -= header);
        }
        report
    }

    proptest! {
        #[test]
        fn batches_make_the_table_of_a_csv_file(
            rows in prop::collection::vec(row(), 0..30), types in any::<[u8; 5]>(), size in 1..9_usize, text in any::<bool>(),
        ) {
            let schema = schema(if text { IdKind::Text } else { IdKind::Number });
            let expected = csv(&rows, &schema);
            let batches: Vec<RecordBatch> = rows.chunks(size).map(|rows| batch(rows, types)).collect();
            let table = ProfileTable::from_record_batches(batches, &schema).unwrap();
            prop_assert_eq!(plain(table.report(), 0), plain(expected.report(), 1));
            if table.table().len() > 0 {
                prop_assert!(table.table() == expected.table(), "{:?} and {:?}", table, expected);
            }
        }
    }

    #[test]
    fn what_is_not_there_or_cannot_be_a_value_is_named() {
        let whole = batch(&[("7", "27", "1", "Bonn", None), ("", "27", "1", "Bonn", None)], [0; 5]);
        let read = |batch: RecordBatch| ProfileTable::from_record_batches([batch], &schema(IdKind::Number));
        assert_eq!(
            read(whole.clone()).unwrap().report().rejected[&RejectReason::MissingCustomer].first_rows,
            [2]
        );
        let missing = read(whole.project(&[0, 1, 2, 3]).unwrap());
        assert!(
            matches!(&missing, Err(Error::UnknownColumn { column, .. }) if column == "asked"),
            "{missing:?}"
        );
        let binary: ArrayRef = Arc::new(arrow_array::BinaryArray::from(vec![&b"x"[..], b"y"]));
        let columns = whole.columns().iter().cloned().take(4).chain([binary]);
        let names = ["id", "Age", "mail", "place", "asked"];
        let unfit = RecordBatch::try_from_iter_with_nullable(
            names.into_iter().zip(columns).map(|(n, c)| (n, c, true)),
        );
        let unfit = read(unfit.unwrap());
        assert!(matches!(&unfit, Err(Error::ColumnType { column, .. }) if column == "asked"), "{unfit:?}");
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn a_parquet_file_makes_the_table_of_its_batch() {
        use parquet::arrow::ArrowWriter;
        use parquet::file::properties::WriterProperties;

        let ids = ["7", "8", "9", "12", "30", ""];
        let rows: Vec<Row> = ids.into_iter().map(|id| (id, "27", "1", "Bonn", Some(15_001))).collect();
        let batch = batch(&rows, [1, 0, 1, 2, 0]);
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let schema = schema(IdKind::Text);
        let table = ProfileTable::from_parquet_bytes(&file, &schema).unwrap();
        assert!(table.table() == ProfileTable::from_record_batches([batch], &schema).unwrap().table());
        for length in 0..file.len() {
            assert!(matches!(
                ProfileTable::from_parquet_bytes(&file[..length], &schema),
                Err(Error::File { .. })
            ));
        }
    }
}
