//! What a choice found: every number of clusters with its measures, and the one that is recommended, if any.

use std::fmt;

use serde::Serialize;

use crate::layout::{TextTable, grouped, percent};

use super::super::result::KMeansFit;
use super::candidate::Candidate;
use super::verdict::{ChoiceWarning, Rejection};

/// Numbers of clusters side by side, and which of them to use.
///
/// Made by [`ChooseClusters::choose_matrix`](super::ChooseClusters::choose_matrix). That no number is recommended is a result like any other: then these
/// customers do not fall into segments by these features, or not into segments that meet the conditions. It prints as a
/// table with the reasons.
#[derive(Clone, Debug)]
pub struct ClusterChoice {
    pub(super) candidates: Vec<Candidate>,
    pub(super) recommended: Option<usize>,
    pub(super) reproducible: Option<usize>,
    pub(super) features: Vec<String>,
    pub(super) customers: u64,
    pub(super) left_out: u64,
}

/// A measure that would choose a number of clusters by itself. They often disagree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[non_exhaustive]
pub enum Measure {
    /// The largest simplified silhouette.
    SimplifiedSilhouette,
    /// The largest silhouette.
    Silhouette,
    /// The largest variance ratio.
    CalinskiHarabasz,
    /// The least overlap.
    DaviesBouldin,
    /// The largest number with a prediction strength of at least 0.8 (Tibshirani & Walther 2005).
    PredictionStrength,
    /// The smallest number whose gap is not below that of the next by more than its standard error (Tibshirani, Walther &
    /// Hastie 2001); 1 among them.
    Gap,
}

impl Measure {
    const ALL: [Self; 6] = [
        Self::SimplifiedSilhouette,
        Self::Silhouette,
        Self::CalinskiHarabasz,
        Self::DaviesBouldin,
        Self::PredictionStrength,
        Self::Gap,
    ];
}

/// From which prediction strength on clusters count as well separated.
const STRONG: f64 = 0.8;

impl ClusterChoice {
    /// The number of segments to use; `None` where no number meets the conditions, and all customers are best treated
    /// as one.
    #[must_use]
    pub fn recommended(&self) -> Option<usize> {
        self.recommended
    }

    /// The number to use where customers have to be parted in any case: the recommended one, or where there is none, the one
    /// that would be if parting one cloud were no objection. Its parts meet all other conditions, stability among them,
    /// and where one part ends is a convention. `None` where no number meets those either.
    #[must_use]
    pub fn reproducible(&self) -> Option<usize> {
        self.reproducible
    }

    /// All numbers that were tried, in ascending order.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// One of them.
    #[must_use]
    pub fn candidate(&self, clusters: usize) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.clusters == clusters)
    }

    /// The clusters of one of them.
    #[must_use]
    pub fn fit(&self, clusters: usize) -> Option<&KMeansFit> {
        self.candidate(clusters).map(Candidate::fit)
    }

    /// What to beware of with the [`reproducible`](Self::reproducible) number, which is the recommended one if there is one;
    /// empty without.
    #[must_use]
    pub fn warnings(&self) -> &[ChoiceWarning] {
        self.shown().map_or(&[], Candidate::warnings)
    }

    /// The one that is worth showing in full.
    fn shown(&self) -> Option<&Candidate> {
        self.reproducible.and_then(|clusters| self.candidate(clusters))
    }

    /// The names of the features, in the order of the columns.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The customers that were looked at; without those of weight 0.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// Customers of weight 0. They have labels in the fits and count nowhere else.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The number that a measure would choose by itself, the smallest of equally good ones; `None` where it chooses none.
    #[must_use]
    pub fn favourite(&self, measure: Measure) -> Option<usize> {
        let largest = |value: &dyn Fn(&Candidate) -> Option<f64>| {
            let known = self.candidates.iter().filter_map(|of| Some((of.clusters, value(of)?)));
            known.reduce(|best, other| if other.1 > best.1 { other } else { best }).map(|best| best.0)
        };
        match measure {
            Measure::SimplifiedSilhouette => largest(&|of| of.simplified),
            Measure::Silhouette => largest(&|of| of.silhouette.overall()),
            Measure::CalinskiHarabasz => largest(&|of| of.calinski_harabasz),
            Measure::DaviesBouldin => largest(&|of| of.davies_bouldin.map(|index| -index)),
            Measure::PredictionStrength => {
                let strong =
                    |of: &&Candidate| of.prediction_strength.is_some_and(|found| found.mean >= STRONG);
                self.candidates.iter().rev().find(strong).map(Candidate::clusters)
            }
            Measure::Gap => self.by_gap(),
        }
    }

    fn by_gap(&self) -> Option<usize> {
        let known = |of: &Candidate| of.gap.map(|gap| (of.clusters, gap.value, gap.standard_error));
        // Of one cluster the gap is 0, for the customers and the references alike.
        let one = (self.candidates.first()?.clusters == 2).then_some((1, 0.0, 0.0));
        let gaps: Option<Vec<_>> = self.candidates.iter().map(known).collect();
        let gaps: Vec<_> = one.into_iter().chain(gaps?).collect();
        gaps.windows(2).find(|pair| pair[0].1 >= pair[1].1 - pair[1].2).map(|pair| pair[0].0)
    }

    /// The verdict in words.
    #[must_use]
    pub fn verdict(&self) -> String {
        if let Some(clusters) = self.recommended {
            return format!("these customers fall into {clusters} segments by these features");
        }
        let structural = |of: &Candidate| of.rejections.iter().any(Rejection::is_about_structure);
        if !self.candidates.iter().all(structural) {
            return "no number of segments meets the conditions: relax them, or treat all customers as one (k = 1)"
                .to_owned();
        }
        let instead = self.reproducible.map_or_else(String::new, |clusters| {
            format!("; where they have to be parted, {clusters} parts can be reproduced")
        });
        format!(
            "these customers do not fall into segments by these features: treat them as one (k = 1){instead}"
        )
    }
}

impl fmt::Display for ClusterChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", capitalised(&self.verdict()))?;
        writeln!(f, "{} customers by {}", grouped(self.customers), self.features.join(", "))?;
        write!(f, "{}", self.measures())?;
        writeln!(
            f,
            "  silhouettes, CH (Calinski–Harabasz), strength (of prediction) and gap: high is good; DB (Davies–Bouldin): \
             low is good"
        )?;
        writeln!(f, "  by one measure alone: {}", self.favourites())?;
        for candidate in &self.candidates {
            let reasons: Vec<String> = candidate.rejections.iter().map(ToString::to_string).collect();
            let reasons = if reasons.is_empty() { "recommended".to_owned() } else { reasons.join("; ") };
            writeln!(f, "k = {}: {reasons}", candidate.clusters)?;
        }
        let Some(shown) = self.shown() else { return Ok(()) };
        writeln!(f, "with k = {}:", shown.clusters)?;
        write!(f, "{}{}", clusters(shown), features(shown))?;
        for warning in &shown.warnings {
            writeln!(f, "beware: {warning}")?;
        }
        Ok(())
    }
}

impl ClusterChoice {
    fn measures(&self) -> TextTable {
        let header = [
            "k",
            "inertia",
            "simplified",
            "silhouette",
            "CH",
            "DB",
            "smallest",
            "Jaccard",
            "strength",
            "gap",
            "<",
        ];
        let mut table = TextTable::new(&header);
        for of in &self.candidates {
            let smallest = of.stability.iter().map(|cluster| cluster.share).min_by(f64::total_cmp);
            let state = match Some(of.clusters) {
                this if this == self.recommended => "recommended",
                _ if of.passes() => "passes",
                this if this == self.reproducible => "reproducible",
                _ => "rejected",
            };
            table.row([
                of.clusters.to_string(),
                significant(of.inertia()),
                decimals(of.simplified, 3),
                decimals(of.silhouette.overall(), 3),
                of.calinski_harabasz.map_or_else(|| "–".to_owned(), significant),
                decimals(of.davies_bouldin, 3),
                percent(smallest),
                decimals(of.least_jaccard(), 2),
                decimals(of.prediction_strength.map(|strength| strength.mean), 2),
                decimals(of.gap.map(|gap| gap.value), 3),
                state.to_owned(),
            ]);
        }
        table
    }

    fn favourites(&self) -> String {
        let named = Measure::ALL.map(|measure| {
            let number = self.favourite(measure).map_or_else(|| "none".to_owned(), |k| format!("k = {k}"));
            format!("{measure} {number}")
        });
        named.join(", ")
    }
}

fn clusters(of: &Candidate) -> TextTable {
    let mut table = TextTable::new(&["cluster", "customers", "share", "Jaccard", "dissolved"]);
    for (cluster, found) in of.stability.iter().enumerate() {
        let cells = [grouped(found.customers), percent(Some(found.share)), decimals(found.jaccard, 2)];
        table.row([cluster.to_string()].into_iter().chain(cells).chain([found.dissolved.to_string()]));
    }
    table
}

fn features(of: &Candidate) -> TextTable {
    let mut table = TextTable::new(&[
        "<feature",
        "between clusters, of its variance",
        "of all variance between",
        "silhouette lost without",
        "agreement alone",
    ]);
    for role in &of.features {
        table.row([
            role.feature.clone(),
            percent(role.explained),
            percent(role.between_share),
            decimals(role.silhouette_lost, 3),
            decimals(Some(role.alone), 2),
        ]);
    }
    table
}

fn decimals(number: Option<f64>, places: usize) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number:.places$}"))
}

/// Whole numbers from a hundred on, decimals below.
fn significant(number: f64) -> String {
    match number.abs() {
        large if large >= 1e15 => format!("{number:.3e}"),
        large if large >= 100.0 => grouped(number.round() as i128),
        middle if middle >= 0.01 || middle <= 0.0 => format!("{number:.2}"),
        _ => format!("{number:.3e}"),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SimplifiedSilhouette => "simplified silhouette",
            Self::Silhouette => "silhouette",
            Self::CalinskiHarabasz => "Calinski–Harabasz",
            Self::DaviesBouldin => "Davies–Bouldin",
            Self::PredictionStrength => "prediction strength",
            Self::Gap => "gap",
        })
    }
}
