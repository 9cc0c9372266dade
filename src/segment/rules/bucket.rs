//! A customer's place between 0 and 1 by her id and a salt.

use sha2::{Digest, Sha256};

use crate::transaction::CustomerIds;

/// The first 53 bits of SHA-256 of `salt:id`, as a share in [0, 1).
pub(crate) fn share(salt: &str, id: &str) -> f64 {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update(b":");
    hash.update(id.as_bytes());
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    (u64::from_be_bytes(first) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The share of the customer at a position; ids that are numbers in decimal.
pub(crate) fn share_of(ids: &CustomerIds, position: usize, salt: &str) -> f64 {
    share(salt, &ids.id(position).to_string())
}
