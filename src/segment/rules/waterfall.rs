//! Exclusive segments: the first rule that is met wins, and everyone ends somewhere.

use std::fmt;
use std::sync::Arc;

use super::builder::{Rules, RulesBuilder};
use rayon::prelude::*;

use super::model::RulesModel;
use super::plan::Plan;
use super::predicate::Predicate;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::segment::number::CHUNK;
use crate::segment::segmentation::UNASSIGNED;
use crate::segment::{Segmentation, Segmenter};

/// What becomes of customers of whom nobody can say whether they meet a step.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Undecided {
    /// They do not meet it, and go on to the next.
    GoOn,
    /// They stop there, in a segment of their own, which stands last.
    Segment(String),
}

/// Steps in order of priority: a customer is in the segment of the first step whose predicate she meets, and in the
/// rest where she meets none.
///
/// ```
/// use kohort::segment::{Segmenter, Waterfall, feature};
/// use kohort::synthetic::Shop;
/// use kohort::FeatureExtractor;
///
/// let log = Shop::builder().customers(500).build()?.generate()?.log;
/// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
/// let waterfall = Waterfall::builder()
///     .step("new", feature("tenure_days").lt(90))
///     .step("loyal", feature("orders").ge(3).and(feature("recency_days").le(120)))
///     .rest("others")
///     .build()?;
/// let segments = waterfall.fit(&customers)?.segment(&customers)?;
/// assert_eq!(segments.names(), ["new", "loyal", "others"]);
/// assert_eq!(segments.unassigned(), 0);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Waterfall {
    pub(crate) rules: Rules,
    pub(crate) rest: String,
    pub(crate) undecided: Undecided,
}

/// Builds a [`Waterfall`].
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct WaterfallBuilder {
    rules: RulesBuilder,
    rest: String,
    undecided: Undecided,
}

/// A fitted [`Waterfall`], with its cut points.
#[derive(Clone, PartialEq, Debug)]
pub struct WaterfallModel {
    pub(crate) model: RulesModel,
    pub(crate) rest: String,
    pub(crate) undecided: Undecided,
}

impl Waterfall {
    /// Begins a waterfall.
    pub fn builder() -> WaterfallBuilder {
        WaterfallBuilder { rules: Rules::builder(), rest: "rest".to_owned(), undecided: Undecided::GoOn }
    }

    /// The steps as rules, which overlap where the waterfall does not.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Checks the steps against a table and learns the cut points of percentiles and ranks from its customers.
    ///
    /// # Errors
    /// As for [`Rules::fit`].
    pub fn fit(&self, table: &FeatureTable) -> Result<WaterfallModel> {
        let model = self.rules.fit(table)?;
        Ok(WaterfallModel { model, rest: self.rest.clone(), undecided: self.undecided.clone() })
    }
}

impl WaterfallBuilder {
    /// The next step: its segment and for whom it is.
    pub fn step(mut self, segment: impl Into<String>, predicate: Predicate) -> Self {
        self.rules = self.rules.rule(segment, predicate);
        self
    }

    /// The name of the segment of those who meet no step. Defaults to `rest`.
    pub fn rest(mut self, segment: impl Into<String>) -> Self {
        self.rest = segment.into();
        self
    }

    /// What becomes of those of whom nobody can say whether they meet a step. Defaults to [`Undecided::GoOn`].
    pub fn undecided(mut self, undecided: Undecided) -> Self {
        self.undecided = undecided;
        self
    }

    /// Checks the steps.
    ///
    /// # Errors
    /// As for [`RulesBuilder::build`], and [`Error::Setting`] where the name of the rest or of the undecided is empty or
    /// that of another segment.
    pub fn build(self) -> Result<Waterfall> {
        let rules = self.rules.build()?;
        let own = match &self.undecided {
            Undecided::GoOn => None,
            Undecided::Segment(name) => Some(name.as_str()),
        };
        let mut names = rules.names();
        for (setting, name) in [("rest", Some(self.rest.as_str())), ("undecided", own)] {
            let Some(name) = name else { continue };
            if name.trim().is_empty() || names.contains(&name) {
                let expected = "a name with text that no other segment has";
                return Err(Error::Setting { setting, found: format!("`{name}`"), expected });
            }
            names.push(name);
        }
        if names.len() >= usize::from(UNASSIGNED) {
            let expected = "fewer than 65,535 segments";
            return Err(Error::Setting { setting: "step", found: names.len().to_string(), expected });
        }
        Ok(Waterfall { rest: self.rest, undecided: self.undecided, rules })
    }
}

impl WaterfallModel {
    /// The steps as fitted rules, which overlap where the waterfall does not.
    #[must_use]
    pub fn rules(&self) -> &RulesModel {
        &self.model
    }
}

impl Segmenter for WaterfallModel {
    fn segment_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.model.rules.names().into_iter().map(str::to_owned).collect();
        names.push(self.rest.clone());
        if let Undecided::Segment(own) = &self.undecided {
            names.push(own.clone());
        }
        names
    }

    fn required_features(&self) -> Vec<String> {
        self.model.rules.required_features()
    }

    fn segment(&self, table: &FeatureTable) -> Result<Segmentation> {
        let matches = Plan::new(&self.model.rules, &self.model.cuts, table)?.evaluate();
        let rest = matches.len() as u16;
        let mut codes = vec![rest; table.len()];
        codes.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, codes)| {
            for (word, codes) in codes.chunks_mut(64).enumerate() {
                let word = chunk * (CHUNK / 64) + word;
                // Who is not in a segment yet.
                let mut left = u64::MAX >> (64 - codes.len());
                for (step, matches) in matches.iter().enumerate() {
                    left = give(codes, left, matches.holds.words()[word], step as u16);
                    if let (Undecided::Segment(_), Some(unknown)) = (&self.undecided, &matches.unknown) {
                        left = give(codes, left, unknown.words()[word], rest + 1);
                    }
                }
            }
        });
        Segmentation::from_codes(Arc::clone(table.shared_ids()), self.segment_names(), codes)
    }
}

/// Gives those of some customers who are left a segment; who is left then.
fn give(codes: &mut [u16], left: u64, wanted: u64, segment: u16) -> u64 {
    let mut taken = left & wanted;
    while taken != 0 {
        codes[taken.trailing_zeros() as usize] = segment;
        taken &= taken - 1;
    }
    left & !wanted
}

impl fmt::Display for WaterfallModel {
    /// The steps with their predicates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.model.rules)?;
        writeln!(f, "{}: the rest", self.rest)?;
        if let Undecided::Segment(own) = &self.undecided {
            writeln!(f, "{own}: those of whom a step cannot be told")?;
        }
        Ok(())
    }
}
