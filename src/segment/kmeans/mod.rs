//! K-means: segments by similarity.

#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "a stub until the segmenter that uses them is here"
)]
mod limits;
