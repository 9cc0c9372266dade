//! A customer's stable number: what samples, folds and ties go by, so that nothing depends on the order of rows.

use std::io::Write;

use crate::random;
use crate::transaction::{CustomerId, CustomerIds};

/// The hash of a customer's id, numbers in decimal, for a purpose.
pub(crate) fn key(ids: &CustomerIds, position: usize, purpose: &str) -> u64 {
    key_of(&ids.id(position), purpose)
}

/// The hash of one id.
pub(crate) fn key_of(id: &CustomerId, purpose: &str) -> u64 {
    match id {
        CustomerId::Number(number) => {
            // Twenty digits are enough for any of them; writing to memory cannot fail.
            let mut digits = [0_u8; 20];
            let mut rest = &mut digits[..];
            let written = write!(rest, "{number}").map_or(0, |()| 20 - rest.len());
            random::hash(purpose, &digits[..written])
        }
        CustomerId::Text(text) => random::hash(purpose, text.as_bytes()),
    }
}
