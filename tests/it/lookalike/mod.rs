//! Stage 5 against reference values, plain computations and real data.

mod evaluation;
#[cfg(feature = "csv")]
mod real_data;
