//! A number for a customer that decides ties: by her id and a salt, never by her row.

use sha2::{Digest, Sha256};

use crate::transaction::CustomerIds;

/// The first 64 bits of SHA-256 of `salt:id`, ids that are numbers in decimal: what any other system can compute.
pub(super) fn key(ids: &CustomerIds, row: usize, salt: &str) -> u64 {
    let digest = Sha256::digest(format!("{salt}:{}", ids.id(row)));
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_that_of_the_digest() {
        // printf 'a:1' | sha256sum
        let ids = CustomerIds::rows(3);
        let digest = Sha256::digest(b"a:1");
        assert_eq!(key(&ids, 1, "a").to_be_bytes(), digest[..8]);
        assert_ne!(key(&ids, 1, "a"), key(&ids, 1, "b"));
        assert_ne!(key(&ids, 1, "a"), key(&ids, 2, "a"));
    }
}
