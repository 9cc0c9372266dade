//! Stage 5: who resembles them?

mod evaluation;
mod model;
#[cfg(feature = "csv")]
mod real_data;
#[cfg(feature = "csv")]
mod returns;
mod seed;
mod stored;
