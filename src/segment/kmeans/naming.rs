//! Names for clusters: what sets each apart from the mean of all, in the features' own words.

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::features::ScalerModel;

/// A feature joins a name if its distance from the mean is at least this much of the most distant feature's.
const NEXT: f64 = 0.5;

/// A cluster is typical whose most distant feature is no farther than this much of the farthest of all clusters.
const TYPICAL: f64 = 0.2;

/// Names such as "high net, low `recency_days`", each once.
pub(super) fn names(scaler: &ScalerModel, centroids: &ArrayView2<'_, f64>, weights: &[f64]) -> Vec<String> {
    let clusters = weights.len();
    if clusters == 1 {
        return vec!["all customers".to_owned()];
    }
    let weight: f64 = weights.iter().sum();
    let means: Vec<f64> = centroids
        .columns()
        .into_iter()
        .map(|column| column.iter().zip(weights).map(|(c, w)| c * w).sum::<f64>() / weight)
        .collect();
    let features: Vec<&str> = scaler.names().collect();
    // Per cluster the features with their distance from the mean, the most distant first, then in the scaler's order.
    let distinctive: Vec<Vec<(f64, usize)>> = centroids
        .rows()
        .into_iter()
        .map(|row| {
            let mut apart: Vec<(f64, usize)> =
                row.iter().zip(&means).enumerate().map(|(feature, (c, mean))| (c - mean, feature)).collect();
            apart.sort_by(|left, right| right.0.abs().total_cmp(&left.0.abs()));
            apart
        })
        .collect();
    let farthest = distinctive.iter().map(|apart| apart[0].0.abs()).fold(0.0, f64::max);
    let name = |apart: &[(f64, usize)], words: usize| {
        if words == 0 {
            return "typical".to_owned();
        }
        let word = |(apart, feature): &(f64, usize)| {
            format!("{} {}", if *apart < 0.0 { "low" } else { "high" }, features[*feature])
        };
        apart.iter().take(words).map(word).collect::<Vec<_>>().join(", ")
    };
    let mut words: Vec<usize> = distinctive
        .iter()
        .map(|apart| match apart[0].0.abs() {
            most if most <= TYPICAL * farthest => 0,
            most => apart.iter().take(2).filter(|(next, _)| next.abs() >= NEXT * most).count(),
        })
        .collect();
    // Equal names get a feature more each, until they differ or there are no more.
    loop {
        let names: Vec<String> =
            distinctive.iter().zip(&words).map(|(apart, words)| name(apart, *words)).collect();
        let twice =
            |at: usize| names.iter().enumerate().any(|(other, name)| other != at && *name == names[at]);
        let short: Vec<usize> =
            (0..clusters).filter(|at| twice(*at) && words[*at] < features.len()).collect();
        if short.is_empty() {
            return numbered(names);
        }
        for at in short {
            words[at] += 1;
        }
    }
}

/// Names that are still equal, told apart by a number; a number that makes another name is passed over.
fn numbered(names: Vec<String>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let mut candidate = name.clone();
        let mut number = 2;
        while taken.contains(&candidate) {
            candidate = format!("{name} ({number})");
            number += 1;
        }
        taken.push(candidate);
    }
    taken
}

/// # Errors
/// [`Error::Setting`] unless there are as many distinct names with text as segments.
pub(super) fn check(names: &[String], segments: usize) -> Result<()> {
    let refused = |found: String| {
        Err(Error::Setting { setting: "names", found, expected: "one name with text a segment, none twice" })
    };
    if names.len() != segments {
        return refused(format!("{} names for {segments} segments", names.len()));
    }
    match names.iter().enumerate().find(|(at, name)| name.trim().is_empty() || names[..*at].contains(name)) {
        Some((_, name)) => refused(format!("`{name}`")),
        None => Ok(()),
    }
}
