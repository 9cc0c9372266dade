//! Texts of an array as a category column.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, DictionaryArray, PrimitiveArray};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;

use crate::category::{Category, Interner, MISSING};
use crate::columnar::Named;
use crate::columnar::numbers::{Number, Numbers};
use crate::error::Result;
use crate::transaction::{IdColumn, ids_of_texts};

/// The texts of a column: text of any layout, dictionaries of it, whole numbers and truth values as they are written.
/// A null and a blank text are missing; blanks around a text are no part of it.
///
/// A dictionary's texts are looked at once and not per row. O(rows + distinct texts · log).
pub(crate) fn texts(column: Named<'_>) -> Result<Category> {
    category(column, str::trim_ascii)
}

/// The same with the blanks around a text: a null and an empty text are missing.
pub(crate) fn exact_texts(column: Named<'_>) -> Result<Category> {
    category(column, |text| text)
}

fn category(column: Named<'_>, cut: fn(&str) -> &str) -> Result<Category> {
    let array = column.array;
    Ok(match array.data_type() {
        DataType::Utf8 => interned(array.as_string::<i32>().iter(), cut),
        DataType::LargeUtf8 => interned(array.as_string::<i64>().iter(), cut),
        DataType::Utf8View => interned(array.as_string_view().iter(), cut),
        DataType::Dictionary(..) => {
            let values = category(column.with(array.as_any_dictionary().values()), cut)?;
            let of =
                |key: Option<usize>| key.and_then(|key| values.codes.get(key).copied()).unwrap_or(MISSING);
            let codes = map_keys(array, of);
            // A dictionary may have texts that none of these rows has.
            Category { codes, levels: Arc::clone(&values.levels) }.without_unused()
        }
        DataType::Int8 => whole(array.as_primitive::<Int8Type>()),
        DataType::Int16 => whole(array.as_primitive::<Int16Type>()),
        DataType::Int32 => whole(array.as_primitive::<Int32Type>()),
        DataType::Int64 => whole(array.as_primitive::<Int64Type>()),
        DataType::UInt8 => whole(array.as_primitive::<UInt8Type>()),
        DataType::UInt16 => whole(array.as_primitive::<UInt16Type>()),
        DataType::UInt32 => whole(array.as_primitive::<UInt32Type>()),
        DataType::UInt64 => {
            let texts: Vec<Option<String>> =
                array.as_primitive::<UInt64Type>().iter().map(|n| n.map(|n| n.to_string())).collect();
            interned(texts.iter().map(Option::as_deref), cut)
        }
        DataType::Decimal32(_, 0) | DataType::Decimal64(_, 0) | DataType::Decimal128(_, 0) => {
            let numbers = Numbers::new(column)?;
            let text = |row| match numbers.get(row) {
                Some(Number::Decimal(number, _)) => Some(number.to_string()),
                _ => None,
            };
            let texts: Vec<Option<String>> = (0..array.len()).map(text).collect();
            interned(texts.iter().map(Option::as_deref), cut)
        }
        DataType::Boolean => {
            let text = |truth: bool| if truth { "true" } else { "false" };
            interned(array.as_boolean().iter().map(|truth| truth.map(text)), cut)
        }
        DataType::Null => Category { codes: vec![MISSING; array.len()], levels: Arc::default() },
        _ => return Err(column.unfit("text, a dictionary of text, whole numbers or truth values")),
    })
}

/// The ids of a column as text: those of [`texts`], short ones packed into numbers.
pub(crate) fn text_ids(column: Named<'_>) -> Result<IdColumn> {
    fn packed<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> IdColumn {
        let texts: Vec<&str> = texts.map(|text| text.map_or("", str::trim_ascii)).collect();
        ids_of_texts(&texts)
    }
    let array = column.array;
    Ok(match array.data_type() {
        DataType::Utf8 => packed(array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => packed(array.as_string::<i64>().iter()),
        DataType::Utf8View => packed(array.as_string_view().iter()),
        DataType::Dictionary(..) => match text_ids(column.with(array.as_any_dictionary().values()))? {
            IdColumn::ShortTexts(values) => {
                IdColumn::ShortTexts(values.looked_up(map_keys(array, |key| key).into_iter()))
            }
            _ => IdColumn::Texts(texts(column)?),
        },
        _ => IdColumn::Texts(texts(column)?),
    })
}

fn interned<'a>(texts: impl Iterator<Item = Option<&'a str>>, cut: fn(&str) -> &str) -> Category {
    let mut interner = Interner::default();
    let codes = texts.map(|text| text.map_or(MISSING, |text| interner.code(cut(text)))).collect();
    interner.finish(codes)
}

/// Whole numbers as their decimal digits.
fn whole<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>) -> Category
where
    T::Native: Into<i64> + Sync,
{
    let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Category::from_numbers(array.values());
    };
    // What stands under a null does not matter: it is put away as a number that another row has.
    let stand_in = nulls.valid_indices().next().map_or(0, |row| array.value(row).into());
    let number = |row| if nulls.is_valid(row) { array.value(row).into() } else { stand_in };
    let numbers: Vec<i64> = (0..array.len()).map(number).collect();
    let mut column = Category::from_numbers(&numbers);
    (0..array.len()).filter(|row| nulls.is_null(*row)).for_each(|row| column.codes[row] = MISSING);
    column.without_unused()
}

/// What each row's key of a dictionary stands for; `None` is a null.
pub(super) fn map_keys<V>(dictionary: &dyn Array, of: impl Fn(Option<usize>) -> V) -> Vec<V> {
    fn map<K: ArrowDictionaryKeyType, V>(
        dictionary: &DictionaryArray<K>,
        of: impl Fn(Option<usize>) -> V,
    ) -> Vec<V> {
        let keys = dictionary.keys();
        match keys.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => keys.values().iter().map(|key| of(Some(key.as_usize()))).collect(),
            Some(nulls) => {
                let key = |(row, key): (usize, &K::Native)| nulls.is_valid(row).then(|| key.as_usize());
                keys.values().iter().enumerate().map(|entry| of(key(entry))).collect()
            }
        }
    }
    match dictionary.data_type() {
        DataType::Dictionary(key, _) => match **key {
            DataType::Int8 => map(dictionary.as_dictionary::<Int8Type>(), of),
            DataType::Int16 => map(dictionary.as_dictionary::<Int16Type>(), of),
            DataType::Int32 => map(dictionary.as_dictionary::<Int32Type>(), of),
            DataType::Int64 => map(dictionary.as_dictionary::<Int64Type>(), of),
            DataType::UInt8 => map(dictionary.as_dictionary::<UInt8Type>(), of),
            DataType::UInt16 => map(dictionary.as_dictionary::<UInt16Type>(), of),
            DataType::UInt32 => map(dictionary.as_dictionary::<UInt32Type>(), of),
            _ => map(dictionary.as_dictionary::<UInt64Type>(), of),
        },
        _ => (0..dictionary.len()).map(|row| of(dictionary.is_valid(row).then_some(row))).collect(),
    }
}
