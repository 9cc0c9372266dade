//! Which segments have the same customers as one, or all of them and more.

use crate::bitmap::Bitmap;
use crate::segment::rules::matches::Matches;

/// The segments before one with the same customers, and all segments with the same and more. One that has everyone is no
/// news.
pub(super) fn twins(masks: &[Matches], rule: usize) -> (Vec<usize>, Vec<usize>) {
    let own = &masks[rule].holds;
    let size = own.count();
    let (mut equal, mut containing) = (Vec::new(), Vec::new());
    for (other, mask) in masks.iter().map(|mask| &mask.holds).enumerate() {
        if other == rule || !contained(own, mask) {
            continue;
        }
        let larger = mask.count();
        if larger == size && other < rule {
            equal.push(other);
        } else if larger > size && larger < mask.len() {
            containing.push(other);
        }
    }
    (equal, containing)
}

/// Whether what is set in one is set in the other; stops at the first that is not.
fn contained(inner: &Bitmap, outer: &Bitmap) -> bool {
    inner.words().iter().zip(outer.words()).all(|(inner, outer)| inner & !outer == 0)
}
