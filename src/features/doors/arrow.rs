//! Feature tables as Arrow record batches.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{
    Array, ArrayRef, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
    LargeStringArray, PrimitiveArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
    UInt64Array,
};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema};
use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::category::{Category, MISSING};
use crate::columnar::{Named, Number, Numbers, exact_texts, id_kind, number_ids, times, unfit};
use crate::error::{Error, Result};
use crate::features::doors::rows::{CUSTOMER, table_of_rows};
use crate::features::doors::{ValueType, metadata};
use crate::features::table::{Column, FeatureTable, Values};
use crate::transaction::{CustomerId, IdColumn, IdKind, Money, NO_TIME, TimeFormat, Zone};

/// The digits of a money column: those of the largest `i64`.
const MONEY_DIGITS: u8 = 19;

impl FeatureTable {
    /// The table as an Arrow record batch: the column `customer` (`UInt64` or `Utf8`), then one column per feature at
    /// its own width. Money is `Decimal128(19, 4)`, a time `Timestamp(µs, UTC)`, a category a dictionary of text;
    /// missing values are null. The table's context and the purposes of its features go along in the schema's
    /// metadata, under names that begin with `kohort.`, so that [`FeatureTable::from_record_batches`] gives back an
    /// equal table.
    ///
    /// O(customers · features).
    ///
    /// ```
    /// use kohort::features::{Column, FeatureTable, Values};
    /// use kohort::transaction::CustomerIds;
    ///
    /// let orders = Column::new(Values::U32(vec![3, 1]));
    /// let table = FeatureTable::from_columns(CustomerIds::numbers(vec![17, 20])?, [("orders", orders)])?;
    /// let batch = table.to_record_batch()?;
    /// assert_eq!(FeatureTable::from_record_batches([batch], "customer")?, table);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::DuplicateFeature`] where a feature is called `customer`.
    pub fn to_record_batch(&self) -> Result<RecordBatch> {
        if self.has(CUSTOMER) {
            return Err(Error::DuplicateFeature { feature: CUSTOMER.to_owned() });
        }
        let mut arrays = vec![self.id_array()];
        let mut fields = vec![Field::new(CUSTOMER, arrays[0].data_type().clone(), false)];
        for name in self.names() {
            let array = array(self.column(name)?);
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let entries: HashMap<String, String> = metadata::entries(self).into_iter().collect();
        let schema = Schema::new(fields).with_metadata(entries);
        RecordBatch::try_new(Arc::new(schema), arrays)
            .map_err(|error| Error::File { path: "the record batch".to_owned(), problem: error.to_string() })
    }

    /// A table from Arrow record batches with one row per customer, in any order; `customer` names the column of ids,
    /// whole numbers or text, every other column is a feature.
    ///
    /// `UInt8` to `UInt32` and `Boolean` become `u32`, smaller signed numbers `i32`, other whole numbers `i64`,
    /// floating-point numbers `f64`, decimals of at most four places money, timestamps and dates times (those without
    /// a zone are read as UTC), text and dictionaries of it categories. Nulls are missing values. Context and purposes
    /// are those of the first batch, if [`FeatureTable::to_record_batch`] or another table's file wrote it.
    ///
    /// O(customers · (features + log customers)).
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] without the column of ids, [`Error::ColumnType`] for a type that no feature has or a
    /// value that its feature's type cannot hold, [`Error::Incompatible`] where a column has two types,
    /// [`Error::DuplicateCustomer`], [`Error::File`] where a row has no id, [`Error::FeatureType`] for a number that is
    /// not finite, [`Error::Model`] where a stored context cannot be read.
    pub fn from_record_batches(
        batches: impl IntoIterator<Item = RecordBatch>,
        customer: &str,
    ) -> Result<Self> {
        let batches: Vec<RecordBatch> = batches.into_iter().collect();
        let metadata = batches.first().map(|batch| batch.schema_ref().metadata());
        let table = table_of_batches(&batches, customer, "the record batch")?;
        metadata::restore(table, |key| metadata.and_then(|metadata| metadata.get(key)).map(|v| &**v))
    }

    fn id_array(&self) -> ArrayRef {
        let ids = self.ids();
        if ids.kind() == IdKind::Text {
            let texts: Vec<String> = ids.iter().map(|id| id.to_string()).collect();
            return text_array(
                texts.iter().map(|text| Some(text.as_str())),
                texts.iter().map(String::len).sum(),
            );
        }
        let number = |id| match id {
            CustomerId::Number(number) => number,
            CustomerId::Text(_) => 0,
        };
        Arc::new(ids.iter().map(number).collect::<UInt64Array>())
    }
}

/// The table of batches, without what their metadata say.
pub(super) fn table_of_batches(
    batches: &[RecordBatch],
    customer: &str,
    source: &str,
) -> Result<FeatureTable> {
    let Some(first) = batches.first() else {
        return FeatureTable::from_columns(crate::CustomerIds::rows(0), Vec::<(String, Column)>::new());
    };
    let customer = customer.trim();
    let ids = ids(batches, customer, source)?;
    let names: Vec<&str> = first.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    let features = names.into_iter().filter(|name| name.trim() != customer).collect::<Vec<_>>();
    let columns: Vec<Result<(String, Column)>> = features
        .into_par_iter()
        .map(|name| {
            let arrays: Vec<Named<'_>> =
                batches.iter().map(|batch| Named::find(batch, name)).collect::<Result<_>>()?;
            Ok((name.to_owned(), column(&arrays)?))
        })
        .collect();
    table_of_rows(ids, columns.into_iter().collect::<Result<_>>()?, source)
}

fn ids(batches: &[RecordBatch], customer: &str, source: &str) -> Result<IdColumn> {
    let arrays: Vec<Named<'_>> =
        batches.iter().map(|batch| Named::find(batch, customer)).collect::<Result<_>>()?;
    let mut numbers: Vec<u64> = Vec::new();
    let mut texts: Vec<Category> = Vec::new();
    for array in arrays {
        match id_kind(array.array.data_type()) {
            None => return Err(unfit(customer, array.array.data_type(), "whole numbers or text")),
            Some(IdKind::Text) => texts.push(exact_texts(array)?),
            Some(IdKind::Number) => {
                let start = numbers.len();
                numbers.resize(start + array.array.len(), 0);
                if let Some(there) = number_ids(array, &mut numbers[start..])? {
                    let row = (0..there.len()).find(|row| !there.get(*row)).unwrap_or_default();
                    return Err(Error::File {
                        path: source.to_owned(),
                        problem: format!("row {} has no customer id that is a number", start + row + 1),
                    });
                }
            }
        }
    }
    match (numbers.is_empty(), texts.is_empty()) {
        (false, false) => Err(Error::Incompatible {
            what: "the kind of customer ids",
            left: IdKind::Number.to_string(),
            right: IdKind::Text.to_string(),
        }),
        (_, true) => Ok(IdColumn::Numbers(numbers)),
        (true, false) => Ok(IdColumn::Texts(Category::concat_all(texts))),
    }
}

fn array(column: &Column) -> ArrayRef {
    let nulls =
        || column.validity().map(|there| (0..there.len()).map(|row| there.get(row)).collect::<NullBuffer>());
    match column.values() {
        Values::U32(values) => Arc::new(UInt32Array::new(values.clone().into(), nulls())),
        Values::I32(values) => Arc::new(Int32Array::new(values.clone().into(), nulls())),
        Values::I64(values) => Arc::new(Int64Array::new(values.clone().into(), nulls())),
        Values::F64(values) => Arc::new(Float64Array::new(values.clone().into(), nulls())),
        Values::Money(values) => {
            let units: ScalarBuffer<i128> =
                values.iter().map(|amount| i128::from(amount.ten_thousandths())).collect();
            // Each `i64` has at most that many digits, so that the type needs no look at the values.
            let decimals = DataType::Decimal128(MONEY_DIGITS, 4);
            Arc::new(Decimal128Array::new(units, nulls()).with_data_type(decimals))
        }
        Values::Time(values) => {
            Arc::new(TimestampMicrosecondArray::new(values.clone().into(), nulls()).with_timezone("UTC"))
        }
        Values::Category(values) => {
            let keys: PrimitiveArray<UInt32Type> =
                values.codes.iter().map(|code| (*code != MISSING).then_some(*code)).collect();
            let bytes = values.levels().iter().map(str::len).sum();
            let levels = text_array(values.levels().iter().map(Some), bytes);
            Arc::new(DictionaryArray::new(keys, levels))
        }
    }
}

/// Texts of so many bytes together.
fn text_array<'a>(texts: impl Iterator<Item = Option<&'a str>>, bytes: usize) -> ArrayRef {
    if i32::try_from(bytes).is_ok() {
        Arc::new(texts.collect::<StringArray>())
    } else {
        Arc::new(texts.collect::<LargeStringArray>())
    }
}

/// What a column of a type is read as.
fn value_type(data_type: &DataType) -> Option<ValueType> {
    match data_type {
        DataType::Boolean | DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Some(ValueType::U32),
        DataType::Int8 | DataType::Int16 | DataType::Int32 => Some(ValueType::I32),
        DataType::Int64 | DataType::UInt64 => Some(ValueType::I64),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => Some(ValueType::F64),
        decimal if decimal.is_decimal() => Some(ValueType::Money),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Some(ValueType::Time),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(ValueType::Category),
        DataType::Dictionary(_, values) => value_type(values),
        _ => None,
    }
}

/// The arrays of one feature, one after the other.
fn column(arrays: &[Named<'_>]) -> Result<Column> {
    let mut types = arrays.iter().map(|array| {
        let data_type = array.array.data_type();
        value_type(data_type).ok_or_else(|| unfit(array.name, data_type, "numbers, times or text"))
    });
    let first = types.next().unwrap_or(Ok(ValueType::U32))?;
    for other in types {
        let other = other?;
        if other != first {
            return Err(Error::Incompatible {
                what: "the type of a feature",
                left: first.to_string(),
                right: other.to_string(),
            });
        }
    }
    match first {
        ValueType::U32 => filled(arrays, Values::U32, |number| whole(number)?.try_into().ok()),
        ValueType::I32 => filled(arrays, Values::I32, |number| whole(number)?.try_into().ok()),
        ValueType::I64 => filled(arrays, Values::I64, |number| whole(number)?.try_into().ok()),
        ValueType::F64 => filled(arrays, Values::F64, |number| match number {
            Number::Float(number) => Some(number),
            Number::Single(number) => Some(f64::from(number)),
            _ => None,
        }),
        ValueType::Money => {
            filled(arrays, Values::Money, |number| number.exact(4).map(Money::from_ten_thousandths))
        }
        ValueType::Time => {
            let mut values = Vec::new();
            for array in arrays {
                let ticks = times(*array, &Zone::utc(), &TimeFormat::Iso)?;
                values.extend((0..array.array.len()).map(|row| ticks.micros(row)));
            }
            let there: Bitmap = values.iter().map(|time| *time != NO_TIME).collect();
            values.iter_mut().filter(|time| **time == NO_TIME).for_each(|time| *time = 0);
            Column::with_missing(Values::Time(values), there)
        }
        ValueType::Category => {
            let texts = arrays.iter().map(|array| exact_texts(*array)).collect::<Result<_>>()?;
            Ok(Column::new(Values::Category(Category::concat_all(texts))))
        }
    }
}

fn whole(number: Number<'_>) -> Option<i128> {
    match number {
        Number::Whole(number) => Some(number),
        _ => None,
    }
}

/// A column of numbers; a missing one is zero and not there.
fn filled<T: Default>(
    arrays: &[Named<'_>],
    values_of: fn(Vec<T>) -> Values,
    value: impl Fn(Number<'_>) -> Option<T>,
) -> Result<Column> {
    let mut values = Vec::new();
    let mut there = Vec::new();
    for array in arrays {
        let numbers = Numbers::or_truths(*array)?;
        for row in 0..array.array.len() {
            let number = numbers.get(row);
            there.push(number.is_some());
            values.push(match number {
                None => T::default(),
                Some(number) => value(number).ok_or_else(|| {
                    let expected = format!("values that a feature can hold, which {number} is not");
                    unfit(array.name, array.array.data_type(), expected)
                })?,
            });
        }
    }
    Column::with_missing(values_of(values), there.into_iter().collect())
}
