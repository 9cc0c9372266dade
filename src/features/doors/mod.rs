//! Feature tables out of kohort and back: Arrow record batches, Parquet files, CSV.
//!
//! A table keeps its rows in ascending order of ids; what comes from elsewhere may have any order, and is put into
//! this one here, for every door.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "arrow")]
mod metadata;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(any(feature = "csv", feature = "arrow"))]
mod rows;
#[cfg(test)]
#[cfg(any(feature = "csv", feature = "arrow"))]
mod tests;
mod value_type;

pub use value_type::ValueType;
