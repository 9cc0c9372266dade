//! What a long fit tells while it runs.

/// One iteration of a fit.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct KMeansProgress {
    /// Which of the restarts, from 0.
    pub restart: u32,
    /// The iteration within the restart, from 1.
    pub iteration: u32,
    /// The inertia around the means of this iteration's clusters, right to about twelve digits of the total.
    pub inertia: f64,
    /// The share of points that changed their cluster.
    pub moved: f64,
    /// The share of points whose distances did not have to be computed.
    pub skipped: f64,
}
