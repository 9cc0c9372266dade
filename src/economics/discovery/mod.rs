//! x
#[cfg(test)]
mod planted;
