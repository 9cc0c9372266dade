//! How good is a segmentation, whoever made it? And how far do two of them agree?
//!
//! The measures look at customers as points: the features that the segments were made of, scaled so that a step counts
//! alike in each. [`SegmentedPoints`] takes the points with the segment of each, as plain numbers or as a
//! [`Segmentation`](crate::Segmentation), and checks them once; the measures themselves cannot fail. [`Agreement`]
//! compares two segmentations of the same customers and needs no points.
//!
//! ```
//! use kohort::ndarray::array;
//! use kohort::segment::quality::{Agreement, Separation, SegmentedPoints};
//!
//! let points = array![[0.1, 0.0], [0.0, 0.2], [0.2, 0.1], [4.0, 4.1], [4.2, 4.0], [3.9, 3.8]];
//! let labels = [0, 0, 0, 1, 1, 1];
//! let segmented = SegmentedPoints::of_labels(points.view(), &labels)?;
//! let silhouette = segmented.silhouette();
//! assert_eq!(silhouette.separation(), Some(Separation::Strong));
//! println!("{silhouette}");
//!
//! let other = Agreement::of_labels(&labels, &[7, 7, 7, 2, 2, 5])?;
//! assert!(other.adjusted_rand() > 0.5 && other.adjusted_rand() < 1.0);
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! # Which measure says what
//!
//! | measure | says | range, best | time, n customers, d features, k segments |
//! |---|---|---|---|
//! | [`silhouette`](SegmentedPoints::silhouette) | how much nearer customers are to their own segment than to the next | −1…1, high | n²·d |
//! | [`sampled_silhouette`](SegmentedPoints::sampled_silhouette) | the same from m customers, with its standard error | −1…1, high | n + m²·d |
//! | [`simplified_silhouette`](SegmentedPoints::simplified_silhouette) | the same by distances to the segments' centres | −1…1, high | n·k·d |
//! | [`calinski_harabasz`](SegmentedPoints::calinski_harabasz) | spread between segments over spread within | 0…∞, high | n·d |
//! | [`davies_bouldin`](SegmentedPoints::davies_bouldin) | how much the most alike segments overlap | 0…∞, low | n·d + k²·d |
//! | [`Agreement`] | whether two segmentations put the same customers together | 0 by chance…1 | n |
//!
//! None of them knows what a segment is worth, and they often disagree about the number of segments (on Fisher's iris,
//! Calinski–Harabasz is best at three and silhouette and Davies–Bouldin at two): look at several, and at the segments.
//! All favour round segments of like spread, as k-means makes them. A score is comparable between segmentations of the
//! *same* points; other features or another scaling make another score.
//!
//! # Odd data
//!
//! Nothing here gives NaN or panics. What is wrong with the input (a coordinate that is not finite, lengths that
//! differ, no customers) is an error of [`SegmentedPoints`] or [`Agreement`]; where a measure has no value, as for a
//! single segment, it is `None`. Segments without customers count nowhere and have no mean. A customer who is alone in
//! her segment has the silhouette 0, and so has one whose distances are all 0.
//!
//! # The same answer every time
//!
//! Results are the same to the bit for any number of threads: work is cut by the data alone, and partial results are
//! added in the order of the rows. Another order of rows changes the last digits only, and what [`Agreement`] says not
//! at all. A distance is the square root of `Σ (x − y)²`, added up over the features in their order with a fused
//! multiplication and addition.

mod agreement;
mod contingency;
mod exact;
mod kernel;
mod points;
mod sampled;
mod silhouette;
mod simplified;
mod sorted;
mod spread;

pub use agreement::{Agreement, Recovery};
pub use points::SegmentedPoints;
pub use silhouette::{SegmentSilhouette, Separation, Silhouette, SilhouetteMethod};
