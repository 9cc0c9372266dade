//! The figures of a table's columns, and how they are compared with the reference.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kohort::{Column, FeatureTable, Values};
use serde_json::Value;

static REFERENCE: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/features.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// Every figure of every column of a table is that of the reference, and neither has a column that the other lacks.
pub(super) fn assert_agrees(name: &str, table: &FeatureTable) {
    let reference = &REFERENCE["tables"][name];
    assert!(reference.is_object(), "the reference has no table {name}");
    let mut differing = Vec::new();
    let ids: Vec<String> = table.ids().iter().map(|id| id.to_string()).collect();
    compare_texts(&reference["customers"], ids.iter().map(|id| Some(id.as_str())), &mut |text| {
        differing.push(format!("customers: {text}"));
    });
    let columns = reference["columns"].as_object().unwrap();
    for column in table.names() {
        match columns.get(column) {
            Some(expected) => compare(expected, table.column(column).unwrap(), &mut |text| {
                differing.push(format!("{column}: {text}"));
            }),
            None => differing.push(format!("{column}: not in the reference")),
        }
    }
    differing.extend(
        columns.keys().filter(|column| !table.has(column)).map(|column| format!("{column}: missing")),
    );
    assert!(differing.is_empty(), "{name}: {} differ\n{}", differing.len(), differing.join("\n"));
}

/// By what a value is multiplied in a checksum: a number of its own for each customer, so that two values that change
/// places are found.
fn weight(row: usize) -> i128 {
    (row as i128 + 1) * 40_503 % 65_537
}

fn compare(expected: &Value, column: &Column, differs: &mut dyn FnMut(String)) {
    let rows = || (0..column.len()).filter(|row| column.is_valid(*row));
    let whole = |values: &[i64]| rows().map(|row| (row, i128::from(values[row]))).collect::<Vec<_>>();
    let wide = |values: &[u32]| values.iter().map(|value| i64::from(*value)).collect::<Vec<i64>>();
    let (kind, numbers) = match column.values() {
        Values::Category(category) => {
            is_kind(expected, "text", differs);
            return compare_texts(expected, category.iter(), differs);
        }
        Values::F64(values) => {
            is_kind(expected, "number", differs);
            let numbers: Vec<(usize, f64)> = rows().map(|row| (row, values[row])).collect();
            return compare_floats(expected, &numbers, differs);
        }
        Values::U32(values) => ("unsigned", whole(&wide(values))),
        Values::I64(values) => ("signed", whole(values)),
        Values::Money(values) => {
            let exact: Vec<i64> = values.iter().map(|money| money.ten_thousandths()).collect();
            ("money", whole(&exact))
        }
        Values::Time(values) => ("time", whole(values)),
        other => panic!("{} is no type of a computed column", other.type_name()),
    };
    is_kind(expected, kind, differs);
    compare_whole(expected, &numbers, differs);
}

fn is_kind(expected: &Value, kind: &str, differs: &mut dyn FnMut(String)) {
    if expected["kind"] != kind {
        differs(format!("is {kind} instead of {}", expected["kind"]));
    }
}

/// Whether so many values are there, and in the same rows. Without any, nothing else can be compared.
fn are_present(expected: &Value, rows: impl Iterator<Item = usize>, differs: &mut dyn FnMut(String)) -> bool {
    let (mut present, mut places) = (0, 0);
    for row in rows {
        (present, places) = (present + 1, places + weight(row));
    }
    let [there, where_] = ["present", "places"].map(|figure| expected[figure].as_u64().map(i128::from));
    if there != Some(present) || where_ != Some(places) {
        differs(format!("{present} present ({places}) instead of {there:?} ({where_:?})"));
        return false;
    }
    present > 0
}

fn compare_whole(expected: &Value, numbers: &[(usize, i128)], differs: &mut dyn FnMut(String)) {
    if !are_present(expected, numbers.iter().map(|(row, _)| *row), differs) {
        return;
    }
    let values = || numbers.iter().map(|(_, value)| *value);
    let exact = [
        ("sum", values().sum()),
        ("min", values().min().unwrap()),
        ("max", values().max().unwrap()),
        ("checksum", numbers.iter().map(|(row, value)| weight(*row) * value).sum::<i128>()),
    ];
    for (figure, found) in exact {
        let wanted = expected[figure].as_str().and_then(|text| text.parse::<i128>().ok());
        if wanted != Some(found) {
            differs(format!("{figure} {found} instead of {}", expected[figure]));
        }
    }
    let floats: Vec<(usize, f64)> = numbers.iter().map(|(row, value)| (*row, *value as f64)).collect();
    compare_moments(expected, &floats, differs);
}

fn compare_floats(expected: &Value, numbers: &[(usize, f64)], differs: &mut dyn FnMut(String)) {
    if !are_present(expected, numbers.iter().map(|(row, _)| *row), differs) {
        return;
    }
    let values = || numbers.iter().map(|(_, value)| *value);
    let weighted = |row: usize| weight(row) as f64;
    // A sum may nearly cancel: what it is right to is a part of the sum of magnitudes.
    let magnitude: f64 = values().map(f64::abs).sum();
    let weighted_magnitude: f64 = numbers.iter().map(|(row, value)| weighted(*row) * value.abs()).sum();
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let checksum: f64 = numbers.iter().map(|(row, value)| weighted(*row) * value).sum();
    let largest = least.abs().max(most.abs());
    for (figure, found, scale) in [
        ("sum", values().sum(), magnitude),
        ("min", least, least.abs().max(largest * 1e-3)),
        ("max", most, most.abs().max(largest * 1e-3)),
        ("checksum", checksum, weighted_magnitude),
    ] {
        is_close(expected, figure, found, scale, differs);
    }
    compare_moments(expected, numbers, differs);
}

/// Mean and standard deviation.
fn compare_moments(expected: &Value, numbers: &[(usize, f64)], differs: &mut dyn FnMut(String)) {
    let values = || numbers.iter().map(|(_, value)| *value);
    let count = numbers.len() as f64;
    let (mean, magnitude) = (values().sum::<f64>() / count, values().map(f64::abs).sum::<f64>() / count);
    is_close(expected, "mean", mean, magnitude, differs);
    if numbers.len() > 1 {
        let spread = (values().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
        is_close(expected, "sd", spread, spread.max(magnitude * 1e-3), differs);
    }
}

fn is_close(expected: &Value, figure: &str, found: f64, scale: f64, differs: &mut dyn FnMut(String)) {
    let wanted = expected[figure].as_f64();
    if !wanted.is_some_and(|wanted| (wanted - found).abs() <= 1e-9 * scale) {
        differs(format!("{figure} {found} instead of {}", expected[figure]));
    }
}

/// Number, distinct ones, the most frequent and a checksum over places and bytes.
fn compare_texts<'a>(
    expected: &Value,
    texts: impl Iterator<Item = Option<&'a str>>,
    differs: &mut dyn FnMut(String),
) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut checksum = 0_u64;
    for (row, text) in texts.enumerate() {
        let Some(text) = text else { continue };
        *counts.entry(text).or_default() += 1;
        checksum = checksum.wrapping_add((weight(row) as u64).wrapping_mul(number_of(text)));
    }
    let present: u64 = counts.values().sum();
    let found = (present, counts.len() as u64);
    let wanted = (expected["present"].as_u64().unwrap(), expected["distinct"].as_u64().unwrap());
    if found != wanted {
        differs(format!("(present, distinct) {found:?} instead of {wanted:?}"));
    }
    for most in expected["most"].as_array().into_iter().flatten() {
        let count = counts.get(most[0].as_str().unwrap());
        if count.copied() != most[1].as_u64() {
            differs(format!("{} {} times instead of {}", most[0], count.unwrap_or(&0), most[1]));
        }
    }
    if expected["checksum"] != format!("{checksum:016x}") {
        differs(format!("checksum {checksum:016x} instead of {}", expected["checksum"]));
    }
}

/// FNV-1a of 64 bits.
fn number_of(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
