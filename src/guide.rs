//! Longer texts, as they lie in the repository's `docs` folder: what is promised, how the crate is built, how it is
//! measured.

#[doc = include_str!("../docs/guarantees.md")]
pub mod guarantees {}

#[doc = include_str!("../docs/architecture.md")]
pub mod architecture {}

#[doc = include_str!("../docs/benchmarks.md")]
pub mod benchmarks {}
