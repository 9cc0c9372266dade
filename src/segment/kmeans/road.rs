//! The roads to the nearest centroid. All of them lead to the same bits.

use serde::{Deserialize, Serialize};

/// How nearest centroids are found. The result never depends on it, only the time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Road {
    /// Whatever is fastest for the numbers of points, features and clusters, changing over while it runs.
    #[default]
    Auto,
    /// The exact arithmetic, point by point.
    Exact,
    /// A rough look at every point with the vector units, the exact arithmetic where it leaves a doubt.
    Screened,
    /// A rough look at the points whose margin the centroids' movements have used up.
    Margins,
}
