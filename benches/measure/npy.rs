//! Reads `.npy` arrays, as `numpy.save` writes them.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

use kohort::ndarray::Array2;

/// A number as `.npy` files hold it.
pub(crate) trait Element: Copy {
    const DESCRIPTION: &'static str;
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! elements {
    ($($type:ty => $description:literal),*) => {
        $(impl Element for $type {
            const DESCRIPTION: &'static str = $description;
            fn read(bytes: &[u8]) -> Self {
                bytes.try_into().map(<$type>::from_le_bytes).unwrap_or_default()
            }
        })*
    };
}
elements!(u64 => "<u8", i64 => "<i8", i32 => "<i4", i16 => "<i2", i8 => "|i1", f64 => "<f8");

pub(crate) fn malformed(problem: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidData, problem.to_string())
}

pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The header's text and the values of an array's bytes.
pub(crate) fn values<T: Element>(bytes: &[u8]) -> Result<(String, Vec<T>)> {
    if bytes.len() < 12 || !bytes.starts_with(b"\x93NUMPY") {
        return Err(malformed("not a .npy array"));
    }
    let header_len =
        if bytes[6] == 1 { number(&bytes[8..10]) + 10 } else { number(&bytes[8..12]) + 12 } as usize;
    let (header, values) =
        bytes.split_at_checked(header_len).ok_or_else(|| malformed("a .npy header that is cut off"))?;
    let header = String::from_utf8_lossy(header).into_owned();
    if !header.contains(&format!("'{}'", T::DESCRIPTION)) {
        return Err(malformed(format!("an array that is not {}: {header}", T::DESCRIPTION)));
    }
    Ok((header, values.chunks_exact(size_of::<T>()).map(T::read).collect()))
}

/// A file's matrix of floats, row by row.
pub(crate) fn matrix(path: &Path) -> Result<Array2<f64>> {
    let (header, values) = values(&std::fs::read(path)?)?;
    if !header.contains("'fortran_order': False") {
        return Err(malformed("a matrix that lies column by column; save numpy.ascontiguousarray of it"));
    }
    let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
    let lengths: Vec<usize> = shape
        .map_or("", |(shape, _)| shape)
        .split(',')
        .filter_map(|length| length.trim().parse().ok())
        .collect();
    let [rows, columns] = lengths[..] else { return Err(malformed(format!("not a matrix: {header}"))) };
    Array2::from_shape_vec((rows, columns), values).map_err(malformed)
}
