//! The integration tests, one binary.

#[cfg(feature = "csv")]
mod csv_files;
#[cfg(feature = "csv")]
mod real_data;
mod reconcile;
