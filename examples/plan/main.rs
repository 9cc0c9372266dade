//! From order lines to a ranked plan.

fn main() {}
