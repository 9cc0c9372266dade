//! K-means: segments by similarity.

mod limits;
