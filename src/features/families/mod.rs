//! The families of features: one file each, all run in the same pass.

mod rhythm;

pub(crate) use rhythm::Rhythm;
