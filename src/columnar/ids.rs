//! Ids that are whole numbers.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_schema::DataType;

use crate::bitmap::Bitmap;
use crate::columnar::Named;
use crate::columnar::numbers::{Number, Numbers};
use crate::columnar::texts::map_keys;
use crate::error::Result;
use crate::transaction::IdKind;

/// Whether a type holds ids that are whole numbers or text; `None` where it can hold none.
pub(crate) fn id_kind(data_type: &DataType) -> Option<IdKind> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Some(IdKind::Text),
        DataType::Dictionary(_, values) => id_kind(values),
        whole if is_whole(whole) => Some(IdKind::Number),
        _ => None,
    }
}

fn is_whole(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Decimal32(_, 0) | DataType::Decimal64(_, 0) | DataType::Decimal128(_, 0)
        )
}

/// Writes a column's ids into `slots`, one per row. Gives which rows have one; `None` where all have. A negative
/// number and a text that is no number are no ids.
pub(crate) fn number_ids(column: Named<'_>, slots: &mut [u64]) -> Result<Option<Bitmap>> {
    let array = column.array;
    let complete = array.null_count() == 0;
    match array.data_type() {
        DataType::UInt64 if complete => {
            slots.copy_from_slice(array.as_primitive::<UInt64Type>().values());
            Ok(None)
        }
        DataType::Int64 if complete => {
            let mut signs = 0;
            for (slot, id) in slots.iter_mut().zip(array.as_primitive::<Int64Type>().values()) {
                *slot = *id as u64;
                signs |= *id;
            }
            Ok((signs < 0).then(|| slots.iter().map(|id| *id as i64 >= 0).collect()))
        }
        DataType::Dictionary(..) => {
            let values = array.as_any_dictionary().values();
            let mut ids = vec![0; values.len()];
            let there = number_ids(column.with(values), &mut ids)?;
            let of = |key: Option<usize>| {
                key.filter(|key| there.as_ref().is_none_or(|there| there.get(*key)))
                    .and_then(|key| ids.get(key).copied())
            };
            Ok(fill(slots, map_keys(array, of).into_iter()))
        }
        other if is_whole(other) || id_kind(other).is_some() => {
            let numbers = Numbers::new(column)?;
            let id = |row| match numbers.get(row)? {
                Number::Whole(number) | Number::Decimal(number, _) => u64::try_from(number).ok(),
                Number::Text(text) => text.parse().ok(),
                Number::Float(_) | Number::Single(_) => None,
            };
            Ok(fill(slots, (0..array.len()).map(id)))
        }
        _ => Err(column.unfit("whole numbers, or text of their digits")),
    }
}

fn fill(slots: &mut [u64], ids: impl Iterator<Item = Option<u64>>) -> Option<Bitmap> {
    let mut there = Bitmap::filled(slots.len(), true);
    let mut complete = true;
    for (row, (slot, id)) in slots.iter_mut().zip(ids).enumerate() {
        if let Some(id) = id {
            *slot = id;
        } else {
            there.set(row, false);
            complete = false;
        }
    }
    (!complete).then_some(there)
}
