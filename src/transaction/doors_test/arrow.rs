//! The doors of Arrow and Parquet beside the others: the same rows in whatever Arrow types, cut into batches and
//! slices, make the same log.

use std::sync::Arc;

use arrow_array::types::{Int8Type, Int16Type, UInt32Type};
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
    LargeStringArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampSecondArray,
};

use super::*;

/// Which Arrow types hold the rows, by a number per column, and where batches end.
#[derive(Clone, Debug)]
struct Form {
    types: [u8; 12],
    /// Whether a missing text is a null, rather than an empty one.
    nulls: bool,
    batch: usize,
    /// Rows of junk before and after each batch's own, cut off again by slicing.
    junk: usize,
}

fn form() -> impl Strategy<Value = Form> {
    (any::<[u8; 12]>(), any::<bool>(), 1..12_usize, 0..3_usize).prop_map(|(types, nulls, batch, junk)| Form {
        types,
        nulls,
        batch,
        junk,
    })
}

type Texts = Vec<Option<String>>;

fn text_array(texts: &Texts, choice: u8) -> ArrayRef {
    let texts = || texts.iter().map(Option::as_deref);
    match choice % 5 {
        0 => Arc::new(texts().collect::<StringArray>()),
        1 => Arc::new(texts().collect::<LargeStringArray>()),
        2 => Arc::new(texts().collect::<StringViewArray>()),
        3 => Arc::new(texts().collect::<DictionaryArray<Int8Type>>()),
        _ => {
            // A dictionary that repeats its texts and has some that no row has.
            let values: Vec<&str> = ["unused", "unused"].into_iter().chain(texts().flatten()).collect();
            let mut next = 2;
            let keys: PrimitiveArray<UInt32Type> = texts()
                .map(|text| {
                    text.map(|_| {
                        next += 1;
                        next - 1
                    })
                })
                .collect();
            Arc::new(DictionaryArray::new(keys, Arc::new(LargeStringArray::from(values))))
        }
    }
}

/// Amounts in a type that can hold all of them.
fn amount_array(texts: &[String], choice: u8, mark: char) -> ArrayRef {
    let written = || texts.iter().map(|text| Some(text.replace('.', &mark.to_string()))).collect::<Texts>();
    let units = |text: &String| -> Option<i128> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{fraction:0<12}").parse().ok()
    };
    match choice % 3 {
        0 => Arc::new(texts.iter().map(|text| text.parse::<f64>().ok()).collect::<Float64Array>()),
        1 if texts.iter().all(|text| units(text).is_some()) => {
            let units: Decimal128Array = texts.iter().map(units).collect();
            Arc::new(units.with_precision_and_scale(38, 12).unwrap())
        }
        _ => text_array(&written(), choice),
    }
}

fn whole_array(numbers: &[i64], choice: u8) -> ArrayRef {
    match choice % 6 {
        0 => Arc::new(numbers.iter().map(|number| *number as i32).collect::<Int32Array>()),
        1 => Arc::new(Int64Array::from(numbers.to_vec())),
        2 => Arc::new(numbers.iter().map(|number| *number as f64).collect::<Float64Array>()),
        3 => {
            let numbers: Decimal128Array =
                numbers.iter().map(|number| Some(i128::from(*number) * 100)).collect();
            Arc::new(numbers.with_precision_and_scale(20, 2).unwrap())
        }
        4 => {
            let keys: PrimitiveArray<Int16Type> = (0..numbers.len() as i16).collect();
            Arc::new(DictionaryArray::new(keys, Arc::new(Int64Array::from(numbers.to_vec()))))
        }
        _ => text_array(&numbers.iter().map(|number| Some(number.to_string())).collect(), choice),
    }
}

fn time_array(seconds: &[Option<i64>], choice: u8) -> ArrayRef {
    let scaled = |by: i64| seconds.iter().map(move |seconds| seconds.map(|seconds| seconds * by));
    match choice % 5 {
        0 => Arc::new(scaled(1).collect::<TimestampSecondArray>().with_timezone("UTC")),
        1 => Arc::new(scaled(1_000).collect::<TimestampMillisecondArray>().with_timezone("+02:00")),
        2 => Arc::new(scaled(1_000_000).collect::<TimestampMicrosecondArray>().with_timezone("Asia/Tokyo")),
        3 => Arc::new(scaled(1).collect::<Int64Array>()),
        _ => text_array(&seconds.iter().map(|s| s.map(|s| s.to_string())).collect(), choice),
    }
}

impl Setting {
    fn batches(&self, rows: &[Row], form: &Form) -> Vec<RecordBatch> {
        let batch = |own: &[Row]| {
            let junk = || (0..form.junk).map(|_| Row { customer: "junk", product: "junk", ..FIRST });
            let rows: Vec<Row> = junk().chain(own.iter().cloned()).chain(junk()).collect();
            self.batch(&rows, form).slice(form.junk, own.len())
        };
        let empty = batch(&[]);
        std::iter::once(empty.clone()).chain(rows.chunks(form.batch).map(batch)).chain([empty]).collect()
    }

    fn batch(&self, rows: &[Row], form: &Form) -> RecordBatch {
        let mark = if self.comma { ',' } else { '.' };
        let [who, order, when, n, price, off, cost, back, back_at, lost, what, place] = form.types;
        let texts = |text: fn(&Row) -> &'static str| -> Texts {
            rows.iter()
                .map(|row| Some(text(row)).filter(|text| !form.nulls || !text.is_empty()))
                .map(|text| text.map(|text| format!(" {text}\t")))
                .collect()
        };
        let amounts = |text: fn(&Row) -> &'static str, choice| {
            amount_array(&rows.iter().map(|row| text(row).to_owned()).collect::<Vec<_>>(), choice, mark)
        };
        let returned: Vec<i64> = rows.iter().map(|row| i64::from(row.returned)).collect();
        let returned = match self.returns {
            Returns::Flag if back % 2 == 0 => {
                let flag = |n: &i64| [Some(false), Some(true), None, Some(false)][*n as usize];
                Arc::new(returned.iter().map(flag).collect::<BooleanArray>()) as ArrayRef
            }
            Returns::Flag => {
                let word = |n: &i64| Some(["no", "YES", "", "f"][*n as usize].to_owned());
                text_array(&returned.iter().map(word).collect(), back / 2)
            }
            _ => whole_array(&returned, back),
        };
        let undelivered: ArrayRef = if lost % 2 == 0 {
            Arc::new(rows.iter().map(|row| Some(row.undelivered)).collect::<BooleanArray>())
        } else {
            let text = |row: &Row| if row.undelivered { Some("true".to_owned()) } else { None };
            text_array(&rows.iter().map(text).collect(), lost / 2)
        };
        let seconds: Vec<Option<i64>> = rows.iter().map(|row| Some(row.seconds)).collect();
        let return_seconds: Vec<Option<i64>> = rows.iter().map(|row| row.return_seconds).collect();
        let quantities: Vec<i64> = rows.iter().map(|row| i64::from(row.quantity)).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("unused", Arc::new(Int64Array::from(vec![0; rows.len()])) as ArrayRef, true),
            ("where", text_array(&texts(|row| row.country), place), true),
            ("who", text_array(&texts(|row| row.customer), who), true),
            ("order", text_array(&texts(|row| row.order), order), true),
            ("when", time_array(&seconds, when), true),
            ("n", whole_array(&quantities, n), true),
            ("price", amounts(|row| row.price, price), true),
            ("off", amounts(|row| row.discount, off), true),
            ("cost", amounts(|row| row.cost, cost), true),
            ("back", returned, true),
            ("back at", time_array(&return_seconds, back_at), true),
            ("lost", undelivered, true),
            ("what", text_array(&texts(|row| row.product), what), true),
        ])
        .unwrap()
    }

    fn arrow_schema(&self) -> Schema {
        let price = if self.unit_price { SchemaPrice::Unit("price") } else { SchemaPrice::Line("price") };
        let discount =
            if self.discount_rate { SchemaDiscount::Rate("off") } else { SchemaDiscount::Amount("off") };
        let mut schema = Schema::builder(&self.rules(), "who", "when", price)
            .time_format(TimeFormat::UnixSeconds)
            .decimal_mark(if self.comma { DecimalMark::Comma } else { DecimalMark::Point })
            .quantity("n")
            .discount(discount)
            .unit_cost("cost")
            .undelivered(Undelivered::WhenEquals("lost", "true"))
            .product("what")
            .country("where");
        if self.orders == OrderIdentity::Column {
            schema = schema.order("order");
        }
        if self.records_returns() {
            schema = schema.returned("back").return_time("back at");
        }
        schema.build().unwrap()
    }
}

/// The log without its report, and the report with row numbers but without examples.
fn numbered(mut log: TransactionLog) -> (TransactionLog, IngestReport) {
    let mut report = std::mem::take(&mut log.report);
    report.rejected.values_mut().for_each(|rejection| rejection.example.clear());
    (log, report)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn batches_of_any_type_make_the_log_of_columns(
        setting in setting(),
        rows in prop::collection::vec(row(true), 0..25),
        form in form(),
    ) {
        let rows = all_rows(rows);
        let columns = numbered(setting.columns(&rows));
        let schema = setting.arrow_schema();
        let batches = setting.batches(&rows, &form);
        let log = numbered(TransactionLog::from_record_batches(batches.clone(), &schema).unwrap());
        prop_assert_eq!(&columns.1, &log.1);
        prop_assert!(columns.0 == log.0);
        let file = comparable(setting.csv(&rows));
        let (log, report) = comparable(TransactionLog::from_record_batches(batches, &schema).unwrap());
        prop_assert_eq!(&file.1, &report);
        prop_assert!(file.0 == log);
    }
}

#[cfg(feature = "parquet")]
mod parquet_file {
    use ::parquet::basic::{Compression, GzipLevel, ZstdLevel};
    use ::parquet::file::properties::{WriterProperties, WriterVersion};

    use super::*;
    use crate::columnar::parquet::written;

    /// The batches as a file of several row groups.
    fn file(batches: &[RecordBatch], choice: u8, group: usize) -> Vec<u8> {
        let compression = [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::LZ4_RAW,
            Compression::ZSTD(ZstdLevel::default()),
            Compression::GZIP(GzipLevel::default()),
        ];
        let version = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];
        let properties = WriterProperties::builder()
            .set_compression(compression[usize::from(choice) % 5])
            .set_writer_version(version[usize::from(choice / 5) % 2])
            .set_dictionary_enabled(!choice.is_multiple_of(3))
            .set_max_row_group_row_count(Some(group))
            .set_data_page_row_count_limit(3)
            .set_write_batch_size(2);
        written(batches, properties)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_parquet_file_makes_the_log_of_columns(
            setting in setting(),
            rows in prop::collection::vec(row(true), 0..25),
            form in form(),
            choice in any::<u8>(),
            group in 1..12_usize,
        ) {
            let rows = all_rows(rows);
            let columns = numbered(setting.columns(&rows));
            // One file has one schema, so all rows are of one batch.
            let batch = setting.batch(&rows, &form);
            let file = file(&[batch], choice, group);
            let log = numbered(TransactionLog::from_parquet_bytes(&file, &setting.arrow_schema()).unwrap());
            prop_assert_eq!(&columns.1, &log.1);
            prop_assert!(columns.0 == log.0);
        }
    }
}
