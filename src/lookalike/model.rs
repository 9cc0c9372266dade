//! The fitted model: what it learned, and how it scores.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use super::encoding::{Encoding, Leak};
use super::evaluation::LabelFrequency;
use super::expansion::{Audience, Expansion};
use super::fit::Told;
use super::learned::{Correction, Fitted, HeldOut};
use super::scorer::{PIECE, ScorerKind};
use super::scores::Scores;
use super::seed::SeedSummary;
use super::training::Training;
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::layout::{grouped, percent};
use crate::numeric::elementary::logistic;
use crate::segment::CustomerFeatures;
use crate::transaction::{CustomerId, CustomerIds};

/// Who resembles the seeds: learned by [`Lookalike::fit`](super::Lookalike::fit).
///
/// It keeps everything that scoring needs: features and their encoding, the scorer, and how its scores are read; and the ids of
/// its seeds, so that an audience can leave them out next month as well ([`LookalikeModel::without_customers`] erases
/// them). It serialises in a versioned form.
#[derive(Clone, PartialEq)]
pub struct LookalikeModel {
    pub(crate) encoding: Encoding,
    pub(crate) fitted: Fitted,
    pub(crate) correction: Correction,
    pub(crate) told: Told,
    /// Customers of the pool beside the seeds, and how many of them were drawn.
    pub(crate) pool: u64,
    pub(crate) background: u64,
    /// What the background has on average in each dimension.
    pub(crate) typical: Vec<f64>,
    pub(crate) penalty: Option<f64>,
    /// How often a held-out seed scores above a customer of the background.
    pub(crate) held_out_auc: f64,
    /// From held-out seeds.
    pub(crate) label_frequency: LabelFrequency,
    /// Who the seeds were.
    pub(crate) seeds: CustomerIds,
}

impl LookalikeModel {
    pub(super) fn new(
        encoding: Encoding,
        training: &Training,
        fitted: Fitted,
        held_out: &HeldOut,
        told: Told,
        seeds: CustomerIds,
    ) -> Result<Self> {
        let correction = held_out.correction(training)?;
        Ok(Self {
            typical: training.typical(),
            held_out_auc: held_out.auc()?,
            label_frequency: held_out.label_frequency(correction)?,
            penalty: held_out.penalty,
            pool: training.pool,
            background: training.background() as u64,
            encoding,
            fitted,
            correction,
            told,
            seeds,
        })
    }

    /// What became of the seed.
    #[must_use]
    pub fn seed(&self) -> &SeedSummary {
        &self.told.seed
    }

    /// Seeds of each kind that they fall into, the largest first; a single number where they are of one kind.
    #[must_use]
    pub fn seed_kinds(&self) -> &[u64] {
        &self.told.kinds
    }

    /// How scores are made.
    #[must_use]
    pub fn scorer(&self) -> ScorerKind {
        self.told.kind
    }

    /// Why they are made so.
    #[must_use]
    pub fn scorer_reason(&self) -> &str {
        &self.told.reason
    }

    /// Whether the search for the weights came to its end; always, for scorers that do not search. One that did not ranks
    /// by the weights it had reached.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.told.converged
    }

    /// The features that a table must have.
    #[must_use]
    pub fn required_features(&self) -> Vec<&str> {
        self.encoding.features.iter().map(|feature| feature.name.as_str()).collect()
    }

    /// Features that were found to tell seeds from the pool alone, the worst first; used or left out as
    /// [`LookalikeBuilder::leaks`](super::LookalikeBuilder::leaks) says.
    #[must_use]
    pub fn leaks(&self) -> &[Leak] {
        &self.told.leaks
    }

    /// Features that were the same for all customers it was learned from, and tell nobody apart.
    #[must_use]
    pub fn constant_features(&self) -> &[String] {
        &self.told.constant
    }

    /// Features of the table that took no part because they tell of returns or of what was earned after them, by the words of
    /// their names; none unless the seed was made by [`Seed::for_demand`](super::Seed::for_demand).
    #[must_use]
    pub fn outcome_features(&self) -> &[String] {
        &self.told.outcomes
    }

    /// The ridge penalty that cross-validation chose, per unit of weight; `None` for scorers without one.
    #[must_use]
    pub fn penalty(&self) -> Option<f64> {
        self.penalty
    }

    /// How often a seed that took no part in learning scores above a customer of the background; ½ is no better than a coin.
    /// Seeds nobody knows of are among the background, so the true figure is higher:
    /// see [`unlabelled_auc`](super::evaluation::unlabelled_auc).
    #[must_use]
    pub fn held_out_auc(&self) -> f64 {
        self.held_out_auc
    }

    /// How often someone like the seeds is listed as one, from the similarity of seeds that took no part in learning; holds
    /// where the seeds are a random part of those like them, so it is good for rough statements of size alone.
    #[must_use]
    pub fn label_frequency(&self) -> LabelFrequency {
        self.label_frequency
    }

    /// How many of a table's customers beside the seeds are like them, by Elkan and Noto's correction: the sum of
    /// [`LabelFrequency::probability`], with the limits said there.
    #[must_use]
    pub fn expected_alike(&self, scores: &Scores) -> f64 {
        let alike = |row: usize| self.label_frequency.probability(scores.similarity(row));
        (0..scores.len()).filter(|row| !scores.is_seed(*row)).map(alike).sum()
    }

    /// How much each customer of a table resembles the seeds. New customers and new levels are served; who lacks a value is
    /// scored by the rest of what is known of her.
    ///
    /// O(customers · dimensions), in parallel, in blocks; a score depends on nobody else, so parts of a table give the same
    /// bits as the whole. A weighted sum takes about two and a half times as long as reading the table's columns; half of
    /// that goes into memory for the result that is touched for the first time. Nearest seeds take customers · seeds · dimensions.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] and [`Error::FeatureType`] where the table lacks what the model needs.
    pub fn score(&self, table: &FeatureTable) -> Result<Scores> {
        let source = self.encoding.source(table)?;
        let dims = self.encoding.dims();
        let mut log_odds = vec![0.0; table.len()];
        log_odds.par_chunks_mut(PIECE).enumerate().for_each_init(Vec::new, |scratch, (piece, scores)| {
            let first = piece * PIECE;
            self.fitted.score(&source, dims, first..first + scores.len(), scores, scratch);
            for score in scores {
                *score = self.correction.log_odds(*score);
            }
        });
        let seed = self.seeds_of(table);
        Ok(Scores { ids: Arc::clone(table.shared_ids()), log_odds, seed })
    }

    /// The audience of an expansion: [`LookalikeModel::score`] and [`Expansion::choose`] in one.
    ///
    /// # Errors
    /// As for these two.
    pub fn expand(&self, table: &FeatureTable, expansion: &Expansion) -> Result<Audience> {
        expansion.choose(table, &self.score(table)?)
    }

    /// The similarity of one customer, without a table: to the bit what [`Scores::similarity`] gives for her in one.
    ///
    /// # Errors
    /// As for [`LookalikeModel::score`].
    pub fn score_one(&self, customer: &CustomerFeatures) -> Result<f64> {
        Ok(logistic(self.log_odds_of(&self.encoding.point(customer)?)))
    }

    /// The log odds of an encoded customer.
    pub(crate) fn log_odds_of(&self, point: &[f64]) -> f64 {
        self.correction.log_odds(self.fitted.point(point))
    }

    /// Which customers of a table were seeds. O(seeds · log customers).
    pub(crate) fn seeds_of(&self, table: &FeatureTable) -> Bitmap {
        let mut mask = Bitmap::filled(table.len(), false);
        let kind = table.ids().kind();
        let rows = self.seeds.iter().filter_map(|id| table.ids().position(&kind.form(&id)?));
        rows.for_each(|row| mask.set(row, true));
        mask
    }

    /// The model without some customers, and how many of them it had: who is erased is no longer known to have been a seed, and
    /// where seeds are kept as they were to be near to ([`ScorerKind::NearestSeeds`]), her row goes as well. What was
    /// learned from her with all others stays, as it says nothing of her alone. Nearest seeds also keep rows of as many
    /// other customers, without their ids; where these must go, or what was learned, fit again.
    ///
    /// # Errors
    /// [`Error::FewSeeds`] where nearest seeds would have none left.
    pub fn without_customers(&self, customers: &[CustomerId]) -> Result<(Self, usize)> {
        let erased = self.seeds.positions(customers);
        let kept: Vec<usize> =
            (0..self.seeds.len()).filter(|seed| erased.binary_search(seed).is_err()).collect();
        if kept.is_empty() && self.fitted.seeds().is_some() {
            return Err(Error::FewSeeds { seeds: 0, effective: 0.0, least: 1.0 });
        }
        let fitted = self.fitted.of_seeds(&kept);
        Ok((Self { seeds: self.seeds.gather(&kept), fitted, ..self.clone() }, erased.len()))
    }
}

impl fmt::Display for LookalikeModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Lookalike model: {}", self.told.seed)?;
        writeln!(
            f,
            "  against {} of {} others, by {} features",
            grouped(self.background),
            grouped(self.pool),
            self.encoding.features.len()
        )?;
        writeln!(f, "  scored by {}", self.told.reason)?;
        writeln!(
            f,
            "  a seed that took no part scores above another customer in {} of cases",
            percent(Some(self.held_out_auc))
        )?;
        if self.told.seed.is_small() {
            writeln!(
                f,
                "  warning: fewer than 100 effective seeds; test the audience before you rely on it"
            )?;
        }
        if !self.told.outcomes.is_empty() {
            writeln!(f, "  features that tell of returns, left out: {}", self.told.outcomes.join(", "))?;
        }
        if !self.told.converged {
            writeln!(f, "  warning: the search for weights was stopped before its end")?;
        }
        for leak in &self.told.leaks {
            let what = if self.told.leaks_left_out { "left out" } else { "warning" };
            writeln!(f, "  {what}: {leak}; does it define the seed?")?;
        }
        Ok(())
    }
}

impl fmt::Debug for LookalikeModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookalikeModel")
            .field("seed", &self.told.seed)
            .field("scorer", &self.told.kind)
            .field("features", &self.required_features())
            .field("pool", &self.pool)
            .field("held_out_auc", &self.held_out_auc)
            .finish_non_exhaustive()
    }
}
