//! Batches and files of events make the log that the same rows make as CSV.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, StringViewArray, TimestampMicrosecondArray, TimestampSecondArray,
};
use proptest::prelude::*;

use super::*;
use crate::Error;
use crate::events::{EventKind, EventReport, EventRules, SchemaKind};
use crate::transaction::{Duplicates, RejectReason, Rounding, Strictness, TimeFormat};

/// A row as text; empty is missing.
type Row = (&'static str, Option<i64>, &'static str, &'static str, &'static str);

fn row() -> impl Strategy<Value = Row> {
    (
        prop::sample::select(vec!["7", "12", "0007", "", "ada", "-3"]),
        prop_oneof![6 => (0..4_i64).prop_map(Some), 1 => Just(None), 1 => Just(Some(400_000_000_000))],
        prop::sample::select(vec!["sent", "email_open", "clicked", "", "looked"]),
        prop::sample::select(vec!["email", "app", ""]),
        prop::sample::select(vec!["", "1.5", "-2", "0.00005", "100000000001"]),
    )
}

#[derive(Clone, Debug)]
struct Form {
    ids: IdKind,
    duplicates: Duplicates,
    rounding: Rounding,
    always: bool,
    types: [u8; 5],
    batch: usize,
}

fn form() -> impl Strategy<Value = Form> {
    (any::<[bool; 4]>(), any::<[u8; 5]>(), 1..9_usize).prop_map(|(coin, types, batch)| Form {
        ids: if coin[0] { IdKind::Number } else { IdKind::Text },
        duplicates: if coin[1] { Duplicates::Keep } else { Duplicates::Reject },
        rounding: if coin[2] { Rounding::Refuse } else { Rounding::HalfEven },
        always: coin[3],
        types,
        batch,
    })
}

fn text_array(texts: &[&str], choice: u8) -> ArrayRef {
    let texts = texts.iter().map(|text| Some(*text).filter(|text| !text.is_empty()));
    match choice % 3 {
        0 => Arc::new(texts.collect::<StringArray>()),
        1 => Arc::new(texts.collect::<StringViewArray>()),
        _ => Arc::new(texts.collect::<DictionaryArray<Int8Type>>()),
    }
}

impl Form {
    fn schema(&self) -> EventSchema {
        let rules = EventRules::builder()
            .kind("email_open", EventKind::Opened)
            .duplicates(self.duplicates)
            .rounding(self.rounding)
            .build()
            .unwrap();
        let kind = if self.always { SchemaKind::Always("email_open") } else { SchemaKind::Column("what") };
        EventSchema::builder(&rules, "who", "when", kind)
            .customer_ids(self.ids)
            .channel("medium")
            .value("worth")
            .time_format(TimeFormat::UnixSeconds)
            .build()
            .unwrap()
    }

    fn csv(&self, rows: &[Row]) -> EventLog {
        let mut file = String::from("who,when,what,medium,worth\n");
        for (who, when, what, medium, worth) in rows {
            let when = when.map_or_else(String::new, |when| when.to_string());
            let _ = writeln!(file, "{who},{when},{what},{medium},{worth}");
        }
        EventLog::from_csv_reader(file.as_bytes(), &self.schema()).unwrap()
    }

    fn batch(&self, rows: &[Row]) -> RecordBatch {
        let whole = |text: &str| text.parse::<i32>().ok();
        let customers: Vec<&str> = rows.iter().map(|row| row.0).collect();
        let customers: ArrayRef = match self.types[0] % 4 {
            // Only where they are read as numbers is a word the same as nothing.
            0 if self.ids == IdKind::Number => {
                Arc::new(customers.iter().map(|who| whole(who)).collect::<Int32Array>())
            }
            other => text_array(&customers, other),
        };
        let seconds = rows.iter().map(|row| row.1);
        let times: ArrayRef = match self.types[1] % 3 {
            0 => Arc::new(seconds.collect::<TimestampSecondArray>().with_timezone("UTC")),
            1 => {
                let micros = seconds.map(|time| time.map(|time| time * 1_000_000));
                Arc::new(micros.collect::<TimestampMicrosecondArray>())
            }
            _ => Arc::new(seconds.collect::<Int64Array>()),
        };
        let number = |text: &str| text.parse::<f64>().ok();
        let worth: Vec<&str> = rows.iter().map(|row| row.4).collect();
        let worth: ArrayRef = match self.types[4] % 3 {
            0 => Arc::new(worth.iter().map(|worth| number(worth)).collect::<Float64Array>()),
            1 => {
                let units =
                    worth.iter().map(|worth| number(worth).map(|worth| (worth * 1e5).round() as i128));
                Arc::new(units.collect::<Decimal128Array>().with_precision_and_scale(30, 5).unwrap())
            }
            _ => text_array(&worth, self.types[4]),
        };
        RecordBatch::try_from_iter_with_nullable([
            ("who", customers, true),
            ("when", times, true),
            ("what", text_array(&rows.iter().map(|row| row.2).collect::<Vec<_>>(), self.types[2]), true),
            ("medium", text_array(&rows.iter().map(|row| row.3).collect::<Vec<_>>(), self.types[3]), true),
            ("worth", worth, true),
        ])
        .unwrap()
    }
}

/// The log without its report, and the report without examples, with lines of a file as rows.
fn numbered(mut log: EventLog, header: u64) -> (EventLog, EventReport) {
    let mut report = std::mem::take(&mut log.report);
    for rejected in report.rejected.values_mut() {
        rejected.example.clear();
        rejected.first_rows.iter_mut().for_each(|row| *row -= header);
    }
    (log, report)
}

/// As numbers, ids that differ only in how they are written are one.
fn comparable(rows: Vec<Row>, form: &Form) -> Vec<Row> {
    let same = |row: Row| {
        if form.ids == IdKind::Number && row.0 == "0007" { ("7", row.1, row.2, row.3, row.4) } else { row }
    };
    rows.into_iter().map(same).collect()
}

proptest! {
    #[test]
    fn batches_make_the_log_of_a_csv_file(rows in prop::collection::vec(row(), 0..30), form in form()) {
        let rows = comparable(rows, &form);
        let file = numbered(form.csv(&rows), 1);
        let batches: Vec<RecordBatch> = rows.chunks(form.batch).map(|rows| form.batch(rows)).collect();
        let log = numbered(EventLog::from_record_batches(batches, &form.schema()).unwrap(), 0);
        prop_assert_eq!(&log.1, &file.1);
        prop_assert!(log.0 == file.0);
        let whole = form.batch(&rows);
        let halves = [whole.slice(0, rows.len() / 2), whole.slice(rows.len() / 2, rows.len() - rows.len() / 2)];
        let log = numbered(EventLog::from_record_batches(halves, &form.schema()).unwrap(), 0);
        prop_assert_eq!(&log.1, &file.1);
        prop_assert!(log.0 == file.0);
    }
}

#[test]
fn many_chunks_of_many_batches_make_the_same_log_on_any_number_of_threads() {
    let form = Form {
        ids: IdKind::Number,
        duplicates: Duplicates::Keep,
        rounding: Rounding::Refuse,
        always: false,
        types: [0; 5],
        batch: 70_001,
    };
    let whos = ["7", "12", "", "3"];
    let row = |n: usize| {
        (whos[n % 4], Some(n as i64), ["sent", "email_open"][n / 3 % 2], ["email", ""][n % 2], "1.5")
    };
    let rows: Vec<Row> = (0..180_007).map(row).collect();
    let expected = numbered(form.csv(&rows), 1);
    let batches: Vec<RecordBatch> = rows.chunks(form.batch).map(|rows| form.batch(rows)).collect();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let log = pool.install(|| EventLog::from_record_batches(batches.clone(), &form.schema()).unwrap());
        let log = numbered(log, 0);
        assert_eq!(log.1, expected.1);
        assert!(log.0 == expected.0);
    }
}

#[test]
fn what_is_not_there_or_cannot_be_meant_is_named() {
    let form = Form {
        ids: IdKind::Text,
        duplicates: Duplicates::Keep,
        rounding: Rounding::Refuse,
        always: false,
        types: [1; 5],
        batch: 1,
    };
    let batch = form.batch(&[("7", Some(0), "sent", "email", "1.5"), ("", Some(0), "sent", "email", "")]);
    let schema = |builder: fn(crate::events::EventSchemaBuilder) -> crate::events::EventSchemaBuilder| {
        let rules = EventRules::builder().strictness(Strictness::Stop).build().unwrap();
        builder(EventSchema::builder(&rules, "who", "when", SchemaKind::Column("what"))).build().unwrap()
    };
    let read = |schema: &EventSchema| EventLog::from_record_batches([batch.clone()], schema);
    let strict = read(&schema(|builder| builder));
    assert!(
        matches!(strict, Err(Error::Rejected { row: 2, reason: RejectReason::MissingCustomer, .. })),
        "{strict:?}"
    );
    let unknown = read(&schema(|builder| builder.campaign("wat")));
    assert!(
        matches!(&unknown, Err(Error::UnknownColumn { nearest: Some(near), .. }) if near == "what"),
        "{unknown:?}"
    );
    let unfit = read(&schema(|builder| builder.value("when")));
    assert!(matches!(&unfit, Err(Error::ColumnType { column, .. }) if column == "when"), "{unfit:?}");
    let none = EventLog::from_record_batches([], &schema(|builder| builder.value("worth").channel("medium")))
        .unwrap();
    assert!(none.is_empty() && none.values.is_some() && none.attributes[0].is_some());
}

#[test]
fn a_value_that_is_nan_is_none_as_among_columns() {
    let whos: ArrayRef = Arc::new(StringArray::from(vec!["7", "8"]));
    let whens: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, 1]));
    let worth: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, 1.5]));
    let batch = RecordBatch::try_from_iter([("who", whos), ("when", whens), ("worth", worth)]).unwrap();
    let schema = EventSchema::builder(&EventRules::default(), "who", "when", SchemaKind::Always("sent"))
        .value("worth")
        .build()
        .unwrap();
    let log = EventLog::from_record_batches([batch], &schema).unwrap();
    assert_eq!((log.len(), log.value(0)), (2, None));
    assert_eq!(log.value(1).map(|value| value.to_string()).as_deref(), Some("1.50"));
}

#[cfg(feature = "parquet")]
mod files {
    use ::parquet::file::properties::WriterProperties;

    use super::*;
    use crate::columnar::parquet::written;

    fn file(batch: &RecordBatch, group: usize) -> Vec<u8> {
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group));
        written(std::slice::from_ref(batch), properties)
    }

    proptest! {
        #[test]
        fn a_parquet_file_makes_the_log_of_a_csv_file(rows in prop::collection::vec(row(), 0..30), form in form()) {
            let rows = comparable(rows, &form);
            let expected = numbered(form.csv(&rows), 1);
            let file = file(&form.batch(&rows), form.batch);
            let log = numbered(EventLog::from_parquet_bytes(&file, &form.schema()).unwrap(), 0);
            prop_assert_eq!(&log.1, &expected.1);
            prop_assert!(log.0 == expected.0);
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_an_error() {
        let form = Form {
            ids: IdKind::Text,
            duplicates: Duplicates::Keep,
            rounding: Rounding::Refuse,
            always: false,
            types: [1; 5],
            batch: 1,
        };
        let file = file(&form.batch(&[("7", Some(0), "sent", "email", "1.5")]), 1);
        assert_eq!(EventLog::from_parquet_bytes(&file, &form.schema()).unwrap().len(), 1);
        for length in 0..file.len() {
            let cut = EventLog::from_parquet_bytes(&file[..length], &form.schema());
            assert!(matches!(cut, Err(Error::File { .. })), "{length}");
        }
    }
}
