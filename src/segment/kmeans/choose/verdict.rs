//! What speaks against a number of clusters, what to beware of, and the rule that recommends one.

use std::fmt;

use serde::Serialize;

use crate::layout::{grouped, percent};
use crate::segment::quality::Separation;

use super::builder::ChooseClusters;
use super::candidate::{Candidate, Gap};

/// Clusters that are no tighter than this, by their gap, are parts of one cloud. Even clouds of other shapes than a box can
/// be a little above 0: a disc reaches 0.014. (A triangle in three parts reaches 0.26: its corners pass for groups.)
const LEAST_GAP: f64 = 0.05;

/// Standard errors by which a gap has to be away from 0.
const CERTAIN: f64 = 3.0;

/// A feature that has more of the variance between clusters decides alone.
const DECIDES: f64 = 0.8;

/// A feature whose own clusters agree better with those of all, by the adjusted Rand index, decides alone.
const SAME: f64 = 0.9;

/// Below this in all features, no segment differs much from the others (Cohen 1988: a large effect begins here).
const LARGE_EFFECT: f64 = 0.14;

/// Why a number of clusters is not recommended. Prints as a sentence.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub enum Rejection {
    /// There are fewer distinct customers than clusters.
    TooFewDistinct {
        /// The distinct customers.
        distinct: usize,
    },
    /// More segments than can be acted on.
    TooManySegments {
        /// The most that are allowed.
        most: usize,
    },
    /// A cluster has too small a share; the smallest one is told of.
    TooSmallShare {
        /// The cluster.
        cluster: usize,
        /// Its share.
        share: f64,
        /// The least share.
        least: f64,
    },
    /// A cluster has too few customers; the smallest one is told of.
    TooFewCustomers {
        /// The cluster.
        cluster: usize,
        /// Its customers.
        customers: u64,
        /// The fewest.
        least: u64,
    },
    /// A cluster is not found again in other samples; the least stable one is told of.
    Unstable {
        /// The cluster.
        cluster: usize,
        /// Its mean Jaccard index; `None` where none of its customers was ever drawn.
        jaccard: Option<f64>,
        /// The least index.
        least: f64,
    },
    /// The clusters are no tighter than parts of one cloud.
    NotDistinct {
        /// How much tighter they are.
        gap: Gap,
        /// How much tighter they should be.
        least: f64,
    },
    /// It meets the conditions, but another number that does separates better by more than a standard error.
    LessSeparated {
        /// Its simplified silhouette.
        silhouette: f64,
        /// The number of clusters that separates best.
        best: usize,
        /// That number's simplified silhouette.
        best_silhouette: f64,
        /// The standard error of it.
        standard_error: f64,
    },
    /// It meets the conditions, but a smaller number separates as well within a standard error.
    MoreThanNeeded {
        /// The smaller number.
        enough: usize,
    },
}

/// What to beware of when clusters are used. Prints as a sentence.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub enum ChoiceWarning {
    /// One feature has more than 80 % of the variance between clusters, or is the only one whose clusters alone are those of
    /// all features (an adjusted Rand index above 0.9). A cut on that feature would do.
    OneFeatureDecides {
        /// The feature.
        feature: String,
        /// Its share of the variance between clusters.
        between_share: f64,
        /// The agreement of its own clusters with those of all features.
        alone: f64,
    },
    /// The silhouette is at most 0.25, at which Kaufman & Rousseeuw (1990) speak of no substantial structure: the segments
    /// are too broad to differ.
    Overlapping {
        /// The silhouette.
        silhouette: f64,
    },
    /// No feature has as much as 14 % of its variance between clusters, where Cohen (1988) has large effects begin: the
    /// segments' profiles are nearly the same.
    AlikeProfiles {
        /// The feature that differs most.
        feature: String,
        /// The share of its variance that lies between clusters.
        explained: f64,
    },
    /// The clusters are parts of one cloud: stable, but nothing in the data says where one ends.
    OneCloud {
        /// How much tighter they are than parts of a cloud without segments.
        gap: Gap,
    },
}

impl Rejection {
    /// Whether it meets the conditions and only another number is better.
    #[must_use]
    pub fn is_by_comparison(&self) -> bool {
        matches!(self, Self::LessSeparated { .. } | Self::MoreThanNeeded { .. })
    }

    /// Whether it says that the customers do not fall into these clusters, rather than that they are too many or too small.
    #[must_use]
    pub fn is_about_structure(&self) -> bool {
        matches!(self, Self::TooFewDistinct { .. } | Self::Unstable { .. } | Self::NotDistinct { .. })
    }
}

/// Which conditions a candidate does not meet.
pub(super) fn unmet(candidate: &Candidate, choose: &ChooseClusters) -> Vec<Rejection> {
    let mut unmet = Vec::new();
    let stability = candidate.stability();
    if stability.len() < candidate.clusters() {
        unmet.push(Rejection::TooFewDistinct { distinct: stability.len() });
    }
    if candidate.clusters() > choose.max_segments {
        unmet.push(Rejection::TooManySegments { most: choose.max_segments });
    }
    let clusters = || stability.iter().enumerate();
    if let Some((cluster, of)) = clusters().min_by(|(_, x), (_, y)| x.share.total_cmp(&y.share))
        && of.share < choose.min_share
    {
        unmet.push(Rejection::TooSmallShare { cluster, share: of.share, least: choose.min_share });
    }
    if let Some((cluster, of)) = clusters().min_by_key(|(_, of)| of.customers)
        && of.customers < choose.min_customers
    {
        let (customers, least) = (of.customers, choose.min_customers);
        unmet.push(Rejection::TooFewCustomers { cluster, customers, least });
    }
    let jaccard = |jaccard: Option<f64>| jaccard.unwrap_or(-1.0);
    let stable = |x: &f64| *x >= choose.min_jaccard;
    if let Some((cluster, of)) =
        clusters().min_by(|(_, x), (_, y)| jaccard(x.jaccard).total_cmp(&jaccard(y.jaccard)))
        && !of.jaccard.as_ref().is_some_and(stable)
    {
        unmet.push(Rejection::Unstable { cluster, jaccard: of.jaccard, least: choose.min_jaccard });
    }
    if let Some(gap) = candidate.gap().filter(is_of_one_cloud) {
        unmet.push(Rejection::NotDistinct { gap, least: least_gap(&gap) });
    }
    unmet
}

fn least_gap(gap: &Gap) -> f64 {
    LEAST_GAP.max(CERTAIN * gap.standard_error)
}

fn is_of_one_cloud(gap: &Gap) -> bool {
    gap.value <= least_gap(gap)
}

/// What to beware of with a candidate.
pub(super) fn warnings(candidate: &Candidate) -> Vec<ChoiceWarning> {
    let mut warnings = Vec::new();
    let features = candidate.features();
    let same = |alone: f64| alone > SAME;
    let alike = features.iter().filter(|role| same(role.alone)).count();
    let decides = |share: f64, alone: f64| share > DECIDES || alike == 1 && same(alone);
    if features.len() > 1 {
        let deciding = features
            .iter()
            .filter_map(|role| Some((role, role.between_share?)))
            .filter(|(role, share)| decides(*share, role.alone))
            .max_by(|(_, x), (_, y)| x.total_cmp(y));
        warnings.extend(deciding.map(|(role, between_share)| ChoiceWarning::OneFeatureDecides {
            feature: role.feature.clone(),
            between_share,
            alone: role.alone,
        }));
    }
    let silhouette = candidate.silhouette();
    if silhouette.separation() == Some(Separation::Absent) {
        warnings.extend(silhouette.overall().map(|silhouette| ChoiceWarning::Overlapping { silhouette }));
    }
    let most = features
        .iter()
        .filter_map(|role| Some((role, role.explained?)))
        .max_by(|(_, x), (_, y)| x.total_cmp(y))
        .filter(|(_, explained)| *explained < LARGE_EFFECT);
    warnings.extend(
        most.map(|(role, explained)| ChoiceWarning::AlikeProfiles {
            feature: role.feature.clone(),
            explained,
        }),
    );
    warnings.extend(candidate.gap().filter(is_of_one_cloud).map(|gap| ChoiceWarning::OneCloud { gap }));
    warnings
}

/// The candidate whose simplified silhouette is the largest of some, and the smallest one within a standard error of it.
struct Preferred {
    best: usize,
    silhouette: f64,
    standard_error: f64,
    enough: usize,
}

fn silhouette(candidate: &Candidate) -> f64 {
    candidate.simplified.unwrap_or(-1.0)
}

fn preferred(candidates: &[Candidate], qualifies: impl Fn(&Candidate) -> bool) -> Option<Preferred> {
    let some = || candidates.iter().filter(|candidate| qualifies(candidate));
    // The first of equal ones, so the smallest number.
    let best =
        some().reduce(|best, other| if silhouette(other) > silhouette(best) { other } else { best })?;
    let standard_error = best.simplified_error.unwrap_or(0.0);
    let enough = some().find(|other| silhouette(other) >= silhouette(best) - standard_error)?;
    Some(Preferred {
        best: best.clusters,
        silhouette: silhouette(best),
        standard_error,
        enough: enough.clusters,
    })
}

/// The number to recommend among those that meet all conditions; the others are told why not.
pub(super) fn recommend(candidates: &mut [Candidate]) -> Option<usize> {
    let Preferred { best, silhouette: best_silhouette, standard_error, enough } =
        preferred(candidates, Candidate::passes)?;
    for other in candidates.iter_mut().filter(|other| other.passes() && other.clusters != enough) {
        let silhouette = silhouette(other);
        other.rejections.push(if silhouette >= best_silhouette - standard_error {
            Rejection::MoreThanNeeded { enough }
        } else {
            Rejection::LessSeparated { silhouette, best, best_silhouette, standard_error }
        });
    }
    Some(enough)
}

/// The number that would be recommended if to part one cloud were no objection.
pub(super) fn reproducible(candidates: &[Candidate]) -> Option<usize> {
    let one_cloud = |why: &Rejection| why.is_by_comparison() || matches!(why, Rejection::NotDistinct { .. });
    preferred(candidates, |candidate| candidate.rejections.iter().all(one_cloud)).map(|found| found.enough)
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewDistinct { distinct } => {
                write!(f, "there are only {distinct} distinct customers")
            }
            Self::TooManySegments { most } => write!(f, "more than the {most} segments that are allowed"),
            Self::TooSmallShare { cluster, share, least } => {
                let (share, least) = (percent(Some(*share)), percent(Some(*least)));
                write!(f, "cluster {cluster} has {share} of the customers, less than {least}")
            }
            Self::TooFewCustomers { cluster, customers, least } => {
                let (customers, least) = (grouped(*customers), grouped(*least));
                write!(f, "cluster {cluster} has {customers} customers, fewer than {least}")
            }
            Self::Unstable { cluster, jaccard: Some(jaccard), least } => write!(
                f,
                "cluster {cluster} is not found again in other samples (Jaccard {jaccard:.2}, below {least:.2})"
            ),
            Self::Unstable { cluster, .. } => {
                write!(f, "cluster {cluster} is so small that no sample met it")
            }
            Self::NotDistinct { gap, least } => write!(
                f,
                "its clusters are no tighter than parts of one cloud (gap {:.3}, not above {least:.3})",
                gap.value
            ),
            Self::LessSeparated { silhouette, best, best_silhouette, standard_error } => write!(
                f,
                "it meets the conditions, but k = {best} separates better (simplified silhouette \
                 {best_silhouette:.3} ± {standard_error:.3} against {silhouette:.3})"
            ),
            Self::MoreThanNeeded { enough } => write!(
                f,
                "it meets the conditions, but k = {enough} separates as well within a standard error"
            ),
        }
    }
}

impl fmt::Display for ChoiceWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneFeatureDecides { feature, between_share, alone } => write!(
                f,
                "`{feature}` decides nearly alone: it has {} of the variance between clusters, and clusters made of it \
                 alone agree with these by {alone:.2} (adjusted Rand index); a cut on it may do",
                percent(Some(*between_share))
            ),
            Self::Overlapping { silhouette } => write!(
                f,
                "the segments are too broad to differ: a silhouette of {silhouette:.2} is at most 0.25, no substantial \
                 structure (Kaufman & Rousseeuw 1990)"
            ),
            Self::AlikeProfiles { feature, explained } => write!(
                f,
                "the segments' profiles are alike: no feature has 14 % of its variance between clusters (Cohen 1988: \
                 large), the most is {} of `{feature}`",
                percent(Some(*explained))
            ),
            Self::OneCloud { gap } => write!(
                f,
                "the segments are parts of one cloud (gap {:.3}): where one ends is a convention",
                gap.value
            ),
        }
    }
}
