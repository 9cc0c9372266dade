//! What goes out of a table comes back, through every door.

use proptest::prelude::*;

use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::table::{Column, FeatureTable, ReturnKnowledge, TableContext, Values};
use crate::transaction::{AsOf, CustomerId, CustomerIds, IdKind, Money, Vat, Zone};
use crate::{Category, Levels};

/// The names in a table that are hard to write: they look like syntax, or are of no kind at all.
const NAMES: [&str; 7] = ["orders", "gross__365d", "a,b", "say \"so\"", "two\nlines", " blanks ", "Größe"];

fn ids(rows: usize) -> impl Strategy<Value = CustomerIds> {
    let numbers = prop::collection::btree_set(prop_oneof![0..50_u64, any::<u64>()], rows);
    let texts = prop::collection::btree_set("[ a,\"ä\n0]{1,5}", rows);
    prop_oneof![
        numbers.prop_map(|numbers| CustomerIds::numbers(numbers.into_iter().collect()).unwrap()),
        texts.prop_map(|texts| {
            let texts: Vec<String> = texts.into_iter().collect();
            CustomerIds::texts(Levels::try_from(texts).unwrap())
        }),
        Just(CustomerIds::rows(rows)),
    ]
}

/// A column of any type. What is missing is zero, as an extractor leaves it.
fn column(rows: usize) -> impl Strategy<Value = Column> {
    let there = prop::collection::vec(prop::bool::weighted(0.8), rows);
    let whole =
        prop::collection::vec(prop_oneof![any::<i64>(), -3..3_i64, Just(i64::MIN), Just(i64::MAX)], rows);
    let floats = prop::collection::vec(
        prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL,
        rows,
    );
    let texts =
        prop::collection::vec(prop::sample::select(vec!["web", "", " app ", "a,b\"c", "Ümläut", "\n"]), rows);
    (0..7_u8, there, whole, floats, texts).prop_map(move |(kind, there, whole, floats, texts)| {
        let kept = |row: &usize| there[*row];
        let whole: Vec<i64> = (0..rows).map(|row| if kept(&row) { whole[row] } else { 0 }).collect();
        let values = match kind {
            0 => Values::U32(whole.iter().map(|n| *n as u32).collect()),
            1 => Values::I32(whole.iter().map(|n| *n as i32).collect()),
            2 => Values::I64(whole),
            3 => Values::F64((0..rows).map(|row| if kept(&row) { floats[row] } else { 0.0 }).collect()),
            4 => Values::Money(whole.into_iter().map(Money::from_ten_thousandths).collect()),
            // Times that a calendar has.
            5 => Values::Time(whole.into_iter().map(|n| n % 200_000_000_000_000_000).collect()),
            _ => return Column::new(Values::Category(Category::from_texts(texts.into_iter().map(Some)))),
        };
        Column::with_missing(values, there.iter().copied().collect::<Bitmap>()).unwrap()
    })
}

fn context() -> impl Strategy<Value = Option<TableContext>> {
    let as_of = (
        -60_000_000_000_000_000..200_000_000_000_000_000_i64,
        prop::sample::select(vec!["UTC", "Europe/Berlin"]),
    );
    let returns = prop::sample::select(vec![
        ReturnKnowledge::NotRecorded,
        ReturnKnowledge::Timed,
        ReturnKnowledge::AsKnown,
    ]);
    let context =
        (as_of, any::<bool>(), returns, any::<u64>()).prop_map(|((micros, zone), vat, returns, lines)| {
            TableContext {
                as_of: AsOf::instant(micros, &Zone::named(zone).unwrap()).unwrap(),
                currency: "EUR; \"€\"".to_owned(),
                vat: if vat { Vat::Included } else { Vat::Excluded },
                returns,
                lines_left_out: lines,
            }
        });
    prop::option::of(context)
}

fn table() -> impl Strategy<Value = FeatureTable> {
    (0..12_usize, 0..NAMES.len())
        .prop_flat_map(|(rows, features)| {
            (ids(rows), prop::collection::vec(column(rows), features), context())
        })
        .prop_map(|(ids, columns, context)| {
            let mut table = FeatureTable::from_columns(ids, NAMES.into_iter().zip(columns)).unwrap();
            for name in NAMES.into_iter().step_by(2).filter(|name| table.has(name)).collect::<Vec<_>>() {
                table = table.declare(name, ["campaigns", "stock, \"planning\""]).unwrap();
            }
            match context {
                Some(context) => table.described(context),
                None => table,
            }
        })
}

/// The kind of a table's ids. Those of a table without rows are numbers.
#[cfg(feature = "csv")]
fn id_kind(table: &FeatureTable) -> IdKind {
    match table.ids().iter().next() {
        Some(CustomerId::Text(_)) => IdKind::Text,
        _ => IdKind::Number,
    }
}

/// Tables without rows are equal whatever the kind of the ids they do not have.
fn same(left: &FeatureTable, right: &FeatureTable) -> bool {
    let empty = |table: &FeatureTable| {
        let column =
            |name: &str| (table.column(name).unwrap().clone(), table.purposes(name).unwrap().clone());
        let columns: Vec<_> = table.names().map(|name| (name.to_owned(), column(name))).collect();
        (columns, table.context().cloned())
    };
    if left.is_empty() && right.is_empty() { empty(left) == empty(right) } else { left == right }
}

#[cfg(feature = "csv")]
mod text {
    use super::*;
    use crate::features::doors::ValueType;

    fn read(file: &str, types: &[(&str, ValueType)]) -> Result<FeatureTable> {
        FeatureTable::from_csv_reader(file.as_bytes(), IdKind::Number, types.iter().copied())
    }

    proptest! {
        #[test]
        fn a_table_comes_back_from_csv(table in table()) {
            let mut file = Vec::new();
            table.write_csv(&mut file).unwrap();
            let back = FeatureTable::from_csv_reader(file.as_slice(), id_kind(&table), table.types()).unwrap();
            // A file of text has no place for a context.
            let without = table.names().map(|name| (name, table.column(name).unwrap().clone()));
            let without = FeatureTable::from_columns(table.ids().clone(), without).unwrap();
            prop_assert!(same(&back, &without), "{back:?} from {}", String::from_utf8_lossy(&file));
        }
    }

    #[test]
    fn fields_that_are_no_values_are_named_with_their_line() {
        let types =
            [("a", ValueType::U32), ("b", ValueType::F64), ("c", ValueType::Money), ("d", ValueType::Time)];
        assert!(read("customer,a,b,c,d\n1,2,3.5,4.25,2024-01-01T00:00:00Z\n2,,,,\n", &types).is_ok());
        for (row, feature) in [
            ("-1,,,", "a"),
            ("1.5,,,", "a"),
            (",NaN,,", "b"),
            (",,1.00001,", "c"),
            (",,,2024-01-01", "d"),
            (" ,,,", "a"),
        ] {
            match read(&format!("customer,a,b,c,d\n7,,,,\n8,{row}\n"), &types) {
                Err(Error::Parse { expected, .. }) => {
                    assert!(expected.contains(&format!("`{feature}` (line 3)")), "{expected}");
                }
                other => panic!("{row}: {other:?}"),
            }
        }
    }

    #[test]
    fn files_that_are_no_tables_are_refused() {
        let orders = [("orders", ValueType::U32)];
        assert!(matches!(read("", &orders), Err(Error::Empty { .. })));
        assert!(matches!(
            read("customer,order\n", &orders),
            Err(Error::UnknownColumn { nearest: Some(_), .. })
        ));
        assert!(matches!(read("id,orders\n", &orders), Err(Error::UnknownColumn { .. })));
        assert!(matches!(read("customer,orders\n1\n", &orders), Err(Error::File { .. })));
        assert!(matches!(read("customer,orders\nada,1\n", &orders), Err(Error::Parse { .. })));
        assert!(matches!(read("customer,orders\n1,1\n1,2\n", &orders), Err(Error::DuplicateCustomer { .. })));
        let bytes = FeatureTable::from_csv_reader(&b"customer,orders\n1,\xff\n"[..], IdKind::Number, orders);
        assert!(matches!(bytes, Err(Error::File { .. })));
        let twice = [("orders", ValueType::U32), ("orders", ValueType::U32)];
        assert!(matches!(read("customer,orders\n1,1\n", &twice), Err(Error::DuplicateFeature { .. })));
    }

    #[test]
    fn a_mark_and_other_columns_are_passed_over_and_rows_are_put_in_order() {
        let table =
            read("\u{feff}customer,other,orders\n9,x,1\n3,y,2\n", &[("orders", ValueType::U32)]).unwrap();
        assert_eq!(table.counts("orders").unwrap(), [2, 1]);
        assert_eq!(table.ids().id(0), CustomerId::Number(3));
    }
}

#[cfg(feature = "arrow")]
mod arrow {
    use std::sync::Arc;

    use arrow_array::types::Int8Type;
    use arrow_array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Int16Array,
        Int64Array, RecordBatch, StringArray, StringViewArray, TimestampSecondArray, UInt8Array, UInt64Array,
    };

    use super::*;
    use crate::features::doors::metadata;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
            .unwrap()
    }

    fn one(array: impl arrow_array::Array + 'static) -> Result<Column> {
        let ids = Int64Array::from_iter_values(0..array.len() as i64);
        let batch = batch(vec![("id", Arc::new(ids)), ("x", Arc::new(array))]);
        Ok(FeatureTable::from_record_batches([batch], "id")?.column("x")?.clone())
    }

    proptest! {
        #[test]
        fn a_table_comes_back_from_batches(table in table(), cut in 0..12_usize, junk in 0..3_usize) {
            let batch = table.to_record_batch().unwrap();
            let cut = cut.min(table.len());
            let parts = [batch.slice(0, cut), batch.slice(cut, table.len() - cut)];
            prop_assert!(same(&FeatureTable::from_record_batches(parts.clone(), "customer").unwrap(), &table));
            // The order of rows does not matter.
            let back = FeatureTable::from_record_batches([parts[1].clone(), parts[0].clone()], "customer").unwrap();
            prop_assert!(same(&back, &table));
            // Rows that were cut off are none.
            let junk = junk.min(table.len());
            let kept: Bitmap = (0..table.len()).map(|row| row >= junk).collect();
            let back = FeatureTable::from_record_batches([batch.slice(junk, table.len() - junk)], "customer").unwrap();
            let mut file = (Vec::new(), Vec::new());
            back.write_csv(&mut file.0).unwrap();
            table.filter(&kept).unwrap().write_csv(&mut file.1).unwrap();
            prop_assert_eq!(file.0, file.1);
        }
    }

    #[test]
    fn types_are_those_that_hold_the_values() {
        assert_eq!(one(UInt8Array::from(vec![7])).unwrap().values(), &Values::U32(vec![7]));
        assert_eq!(one(BooleanArray::from(vec![true, false])).unwrap().values(), &Values::U32(vec![1, 0]));
        assert_eq!(one(Int16Array::from(vec![-7])).unwrap().values(), &Values::I32(vec![-7]));
        assert_eq!(one(UInt64Array::from(vec![7])).unwrap().values(), &Values::I64(vec![7]));
        assert_eq!(one(Float32Array::from(vec![0.5])).unwrap().values(), &Values::F64(vec![0.5]));
        let money = Decimal128Array::from(vec![150]).with_precision_and_scale(5, 2).unwrap();
        assert_eq!(one(money).unwrap().values(), &Values::Money(vec![Money::parse("1.5").unwrap()]));
        let noon = 1_325_419_200_000_000;
        assert_eq!(
            one(TimestampSecondArray::from(vec![noon / 1_000_000]).with_timezone("Asia/Tokyo"))
                .unwrap()
                .values(),
            &Values::Time(vec![noon])
        );
        assert_eq!(one(Date32Array::from(vec![1])).unwrap().values(), &Values::Time(vec![86_400_000_000]));
        let texts = Category::from_texts([Some("b"), None, Some("a")]);
        let words = vec![Some("b"), None, Some("a")];
        assert_eq!(
            one(StringViewArray::from(words.clone())).unwrap().values(),
            &Values::Category(texts.clone())
        );
        let dictionary: DictionaryArray<Int8Type> = words.into_iter().collect();
        assert_eq!(one(dictionary).unwrap().values(), &Values::Category(texts));
        let some = one(UInt8Array::from(vec![None, Some(3)])).unwrap();
        assert_eq!((some.number(0), some.number(1)), (None, Some(3.0)));
    }

    #[test]
    fn what_no_feature_can_hold_is_refused() {
        for refused in [
            one(UInt64Array::from(vec![u64::MAX])),
            one(Decimal128Array::from(vec![1]).with_precision_and_scale(9, 5).unwrap()),
            one(arrow_array::BinaryArray::from(vec![&b"x"[..]])),
            one(arrow_array::DurationSecondArray::from(vec![1])),
        ] {
            assert!(
                matches!(&refused, Err(Error::ColumnType { column, .. }) if column == "x"),
                "{refused:?}"
            );
        }
        assert!(matches!(one(Float32Array::from(vec![f32::NAN])), Err(Error::FeatureType { .. })));
        let read = |batches: Vec<RecordBatch>| FeatureTable::from_record_batches(batches, "id").map(|_| ());
        let numbers = |ids: Vec<Option<i64>>| batch(vec![("id", Arc::new(Int64Array::from(ids)))]);
        let texts = |ids: Vec<Option<&str>>| batch(vec![("id", Arc::new(StringArray::from(ids)))]);
        assert!(matches!(read(vec![numbers(vec![Some(1), None])]), Err(Error::File { .. })));
        assert!(matches!(read(vec![numbers(vec![Some(-1)])]), Err(Error::File { .. })));
        assert!(matches!(read(vec![numbers(vec![Some(1), Some(1)])]), Err(Error::DuplicateCustomer { .. })));
        assert!(matches!(read(vec![texts(vec![Some("a"), None])]), Err(Error::File { .. })));
        assert!(matches!(
            read(vec![texts(vec![Some("a"), Some("b"), Some("a")])]),
            Err(Error::DuplicateCustomer { .. })
        ));
        assert!(matches!(
            read(vec![numbers(vec![Some(1)]), texts(vec![Some("a")])]),
            Err(Error::Incompatible { .. })
        ));
        let other = batch(vec![("other", Arc::new(Int64Array::from(vec![1])))]);
        assert!(matches!(read(vec![other]), Err(Error::UnknownColumn { .. })));
        assert_eq!(FeatureTable::from_record_batches([], "id").unwrap().len(), 0);
    }

    #[test]
    fn a_feature_that_is_called_as_the_ids_is_refused() {
        let table =
            FeatureTable::from_columns(CustomerIds::rows(1), [("customer", Values::U32(vec![1]))]).unwrap();
        assert!(matches!(table.to_record_batch(), Err(Error::DuplicateFeature { .. })));
    }

    #[test]
    fn a_stored_context_that_is_damaged_or_newer_is_refused() {
        let table =
            FeatureTable::from_columns(CustomerIds::rows(1), [("orders", Values::U32(vec![1]))]).unwrap();
        let whole = table.described(TableContext {
            as_of: AsOf::instant(0, &Zone::utc()).unwrap(),
            currency: "EUR".into(),
            vat: Vat::Excluded,
            returns: ReturnKnowledge::Timed,
            lines_left_out: 3,
        });
        let whole = whole.declare("orders", ["campaigns"]).unwrap();
        let batch = whole.to_record_batch().unwrap();
        let keys: Vec<String> = metadata::entries(&whole).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), 8);
        for key in &keys {
            for value in [Some("nonsense"), None] {
                let mut entries: std::collections::HashMap<String, String> =
                    metadata::entries(&whole).into_iter().collect();
                match value {
                    Some(value) => entries.insert(key.clone(), value.to_owned()),
                    None => entries.remove(key),
                };
                let schema = batch.schema().as_ref().clone().with_metadata(entries);
                let damaged = RecordBatch::try_new(Arc::new(schema), batch.columns().to_vec()).unwrap();
                let read = FeatureTable::from_record_batches([damaged], "customer");
                match (key.as_str(), value) {
                    // Any text is a currency or a purpose; without the form or the moment there is no context.
                    ("kohort.currency" | "kohort.purposes.orders", Some(_)) => assert!(read.is_ok()),
                    ("kohort.purposes.orders", None) => {
                        assert!(read.unwrap().purposes("orders").unwrap().is_empty());
                    }
                    ("kohort.feature_table" | "kohort.as_of", None) => {
                        assert_eq!(read.unwrap().context(), None);
                    }
                    _ => assert!(matches!(read, Err(Error::Model { .. })), "{key} {value:?}: {read:?}"),
                }
            }
        }
    }
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;

    proptest! {
        #[test]
        fn a_table_comes_back_from_parquet(table in table()) {
            let mut file = Vec::new();
            table.write_parquet(&mut file).unwrap();
            let back = FeatureTable::from_parquet_bytes(&file, "customer").unwrap();
            prop_assert!(same(&back, &table), "{back:?}");
        }
    }

    #[test]
    fn a_file_on_disk_is_read_and_one_that_is_not_there_is_named() {
        let path = std::env::temp_dir().join(format!("kohort-features-{}.parquet", std::process::id()));
        let table =
            FeatureTable::from_columns(CustomerIds::rows(2), [("orders", Values::U32(vec![1, 2]))]).unwrap();
        table.write_parquet(std::fs::File::create(&path).unwrap()).unwrap();
        assert_eq!(FeatureTable::from_parquet_path(&path, "customer").unwrap(), table);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(FeatureTable::from_parquet_path(&path, "customer"), Err(Error::Io { .. })));
    }
    #[test]
    fn a_file_cut_off_anywhere_is_an_error() {
        let table =
            FeatureTable::from_columns(CustomerIds::rows(3), [("orders", Values::U32(vec![1, 2, 3]))]);
        let mut whole = Vec::new();
        table.unwrap().write_parquet(&mut whole).unwrap();
        for length in 0..whole.len() {
            let cut = FeatureTable::from_parquet_bytes(&whole[..length], "customer");
            assert!(matches!(cut, Err(Error::File { .. })), "cut after {length} bytes: {cut:?}");
        }
    }

    #[test]
    fn a_file_that_no_table_wrote_is_told_by_what_is_wrong_with_it() {
        use std::sync::Arc;

        use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};

        let file = |columns: Vec<(&str, ArrayRef)>| {
            let batch = RecordBatch::try_from_iter_with_nullable(
                columns.into_iter().map(|(name, column)| (name, column, true)),
            )
            .unwrap();
            crate::columnar::parquet::written(
                &[batch],
                ::parquet::file::properties::WriterProperties::builder(),
            )
        };
        let read = |columns| FeatureTable::from_parquet_bytes(&file(columns), "id");
        let ids = |ids: Vec<Option<&str>>| ("id", Arc::new(StringArray::from(ids)) as ArrayRef);

        let nulls = Arc::new(Int64Array::from(vec![None, Some(3)]));
        let table = read(vec![ids(vec![Some("b"), Some("a")]), ("age", nulls)]).unwrap();
        let age = table.column("age").unwrap();
        assert_eq!((age.number(0), age.number(1)), (Some(3.0), None), "a null is a missing value");
        let unnamed = read(vec![ids(vec![Some("a"), None])]);
        assert!(matches!(unnamed, Err(Error::File { .. })), "{unnamed:?}");
        let twice = read(vec![ids(vec![Some("a"), Some("a")])]);
        assert!(matches!(&twice, Err(Error::DuplicateCustomer { customer }) if customer == "a"), "{twice:?}");
        let bytes = Arc::new(BinaryArray::from(vec![&b"x"[..]]));
        let refused = read(vec![ids(vec![Some("a")]), ("age", bytes)]);
        assert!(matches!(&refused, Err(Error::ColumnType { column, .. }) if column == "age"), "{refused:?}");
        let elsewhere = FeatureTable::from_parquet_bytes(&file(vec![ids(vec![Some("a")])]), "ID");
        let nearest = |error: &Error| matches!(error, Error::UnknownColumn { nearest, .. } if nearest.as_deref() == Some("id"));
        assert!(elsewhere.as_ref().is_err_and(nearest), "{elsewhere:?}");
    }
}
