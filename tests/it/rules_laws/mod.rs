//! Rules against a textbook: an interpreter that shares no code with the crate, and laws that hold of any logic.
//!
//! `textbook.rs` is the interpreter, with a calendar (`clock.rs`) and a hash (`sha256.rs`) of its own; `stated.rs` says the
//! same in the crate's terms; `random.rs` makes sheets and rules up; `agree.rs` compares every way to evaluate them.

mod agree;
mod bad_input;
mod behaviours;
mod clock;
mod logic;
mod many_rows;
mod random;
mod sha256;
mod stated;
mod textbook;

use proptest::prelude::*;

use random::{rows, rules, sheet};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn rules_say_what_the_textbook_says(
        // Two sheets: what is learned of the one is asked of the other.
        (fitted, sheet) in (sheet(rows()), sheet(rows())),
        rules in rules(),
    ) {
        let found = agree::agrees(&fitted, &sheet, &rules, 3);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }
}
