//! k-means for customers who arrive bit by bit, or who do not fit in memory: batches of rows, one after the other, and
//! a state that is small, can be stored, and goes on where it stood.
//!
//! ```
//! use kohort::ndarray::{Axis, array};
//! use kohort::segment::kmeans::{KMeansState, KMeansStream};
//!
//! let week_1 = array![[0.1, 0.0], [9.0, 9.1], [0.0, 0.2], [9.2, 9.0]];
//! let week_2 = array![[0.2, 0.1], [9.1, 9.2]];
//!
//! let mut state = KMeansStream::builder(2).first_rows(4).build()?.start();
//! state.partial_fit(week_1.view(), None)?;
//! let stored = serde_json::to_string(&state).unwrap();
//!
//! let mut state: KMeansState = serde_json::from_str(&stored).unwrap();
//! state.partial_fit(week_2.view(), None)?;
//! let clusters = state.finish()?;
//! assert_eq!(clusters.sizes(), [3, 3]);
//! assert_eq!(clusters.predict(array![[1.0, 1.0], [8.0, 9.0]].view())?, [0, 1]);
//!
//! // Several passes over batches that are opened anew for each of them, here over a matrix in memory.
//! let mut state = KMeansStream::builder(2).build()?.start();
//! state.fit_batches(|_| Ok(week_1.axis_chunks_iter(Axis(0), 2).map(Ok)))?;
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! # How it goes
//! 1. *The first rows* are kept until there are [`first_rows`](KMeansStreamBuilder::first_rows) of them. An exact
//!    [`KMeans`](super::KMeans) of them (greedy k-means++, its restarts) is the start, with the weights of its clusters.
//! 2. *A batch* of later rows is assigned to the nearest centroids. Each centroid then goes to the weighted mean of all
//!    rows that it ever got (Sculley, *Web-scale k-means clustering*, WWW 2010, one batch at a time):
//!
//!    ```text
//!    v ← v · 2^(−n / half-life)          where there is a half-life; n rows in the batch
//!    c ← c + w / (v + w) · (m − c)       w and m: weight and mean of the rows that c got of this batch
//!    v ← v + w                           v: the weight of all rows that c ever got
//!    ```
//! 3. *Starved centroids*, who get far fewer rows than the others, move to where a batch is served badly, if that pays;
//!    see [`reassignment_ratio`](KMeansStreamBuilder::reassignment_ratio).
//! 4. *Several passes* end when the inertia of the batches, smoothed, has not improved for a while; see
//!    [`fit_batches`](KMeansState::fit_batches).
//!
//! # What to expect
//! One pass costs one distance for each row and centroid, and memory for a batch and the first rows. The result is close
//! to that of k-means on all rows, but it is no local optimum. Where all rows fit in memory, [`KMeans`](super::KMeans) is
//! better and hardly slower; [`KMeansStreamFit::initialization`] gives it a start from what a stream found.
//!
//! The result depends on the order of the batches and on how rows are divided among them: this is the one part of the
//! crate that does not promise otherwise. Give rows in mixed order, not sorted by what is clustered. For the same
//! batches the result is the same to the bit for any number of threads, before and after storing the state. Once the
//! centroids have started, the order of the rows within a batch leaves no trace either, as long as none is reassigned.
//!
//! Empty batches, and rows of weight 0, change nothing. A batch with a number or a weight that cannot be used is an
//! error and changes nothing either.

mod batch;
mod builder;
mod passes;
mod reassign;
mod result;
mod running;
mod state;
mod stored;

pub use batch::{Batch, BatchProgress};
pub use builder::{KMeansStream, KMeansStreamBuilder};
pub use passes::Passes;
pub use result::KMeansStreamFit;
pub use state::KMeansState;
