//! What a user says of an evaluation, checked once.

use crate::error::{Error, Result};
use crate::lookalike::evaluation::unlabelled::check_hidden;

/// How a lookalike model is put to the test before anyone is contacted.
///
/// [`Evaluation::run`] holds out seeds again and again; [`Evaluation::over_time`] learns from what was known at a moment and
/// looks at who became good after it, which is the stronger test where there are dates.
///
/// ```
/// use kohort::lookalike::evaluation::Evaluation;
/// use kohort::lookalike::{Lookalike, Seed};
/// use kohort::synthetic::Shop;
/// use kohort::{CostOfGoods, Costs, Economics, FeatureExtractor, segment::feature};
///
/// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
/// let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
/// let customers = economics.enrich(&FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?)?;
///
/// let seed = Seed::matching(feature("contribution").ge(100)).valued_by("contribution");
/// let lookalike = Lookalike::builder().features(["orders", "items", "recency_days", "top_category"]).build()?;
/// let evaluation = Evaluation::builder().repeats(3).return_rate("return_rate_expected").value("gross").build()?;
/// let evaluated = evaluation.run(&lookalike, &customers, &seed)?;
///
/// println!("{evaluated}");
/// assert!(evaluated.at(0.1).is_some_and(|tenth| tenth.lookalike.lift.mean > 1.0));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation {
    pub(super) repeats: u32,
    pub(super) hold_out: f64,
    pub(super) shares: Vec<f64>,
    pub(super) seed: u64,
    pub(super) value: Option<String>,
    pub(super) return_rate: Option<String>,
    pub(super) contribution: Option<String>,
    pub(super) hidden: Option<f64>,
    pub(super) drift_share: f64,
}

/// Builds an [`Evaluation`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct EvaluationBuilder(Evaluation);

impl Evaluation {
    /// Begins an evaluation with the usual settings.
    pub fn builder() -> EvaluationBuilder {
        EvaluationBuilder(Self {
            repeats: 20,
            hold_out: 0.3,
            shares: vec![0.01, 0.02, 0.05, 0.1, 0.2],
            seed: 0,
            value: None,
            return_rate: None,
            contribution: None,
            hidden: None,
            drift_share: 0.05,
        })
    }
}

impl EvaluationBuilder {
    /// How often seeds are held out, at least 2. Defaults to 20, below which the deviation between repeats is itself hardly
    /// known.
    pub fn repeats(mut self, repeats: u32) -> Self {
        self.0.repeats = repeats;
        self
    }

    /// Which part of the seeds is held out in each repeat, above 0 and below 1; alike among the valuable and the others.
    /// Defaults to 0.3.
    pub fn hold_out(mut self, share: f64) -> Self {
        self.0.hold_out = share;
        self
    }

    /// At which shares of the ranked pool one looks, each above 0 and at most 1. Defaults to 1, 2, 5, 10 and 20 %.
    pub fn shares(mut self, shares: impl IntoIterator<Item = f64>) -> Self {
        self.0.shares = shares.into_iter().collect();
        self
    }

    /// The number that the draws of held-out seeds begin with. Defaults to 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// The feature by whose value return rates are weighed and money is ranked in the RFM score, such as `gross`. A missing
    /// value or one below zero weighs nothing. Defaults to none: customers weigh alike, and RFM takes `net` or `gross`.
    pub fn value(mut self, feature: impl AsRef<str>) -> Self {
        self.0.value = Some(feature.as_ref().to_owned());
        self
    }

    /// The feature that is a customer's expected return rate, such as `return_rate_expected`. Defaults to none: no return
    /// rates are told.
    pub fn return_rate(mut self, feature: impl AsRef<str>) -> Self {
        self.0.return_rate = Some(feature.as_ref().to_owned());
        self
    }

    /// The feature that is what a customer contributes. Defaults to none: contribution is not told, and the value captured
    /// is that of [`EvaluationBuilder::value`].
    pub fn contribution(mut self, feature: impl AsRef<str>) -> Self {
        self.0.contribution = Some(feature.as_ref().to_owned());
        self
    }

    /// The share of the pool that is truly like the seeds and not known to be, at least 0 and less than 1: with it the area
    /// under the curve is corrected as [`unlabelled_auc`](super::unlabelled_auc) says. Defaults to none stated.
    pub fn hidden(mut self, share: f64) -> Self {
        self.0.hidden = Some(share);
        self
    }

    /// For an audience of which share of the pool the drift of features is told, above 0 and at most 1. Defaults to 0.05.
    pub fn drift_at(mut self, share: f64) -> Self {
        self.0.drift_share = share;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn build(self) -> Result<Evaluation> {
        let mut settings = self.0;
        let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if settings.repeats < 2 {
            return refused("repeats", settings.repeats.to_string(), "at least 2 repeats");
        }
        if !(settings.hold_out > 0.0 && settings.hold_out < 1.0) {
            return refused("hold_out", settings.hold_out.to_string(), "a share above 0 and below 1");
        }
        let outside = |share: &&f64| !(**share > 0.0 && **share <= 1.0);
        if let Some(share) = settings.shares.iter().find(outside) {
            return refused("shares", share.to_string(), "shares above 0 and at most 1");
        }
        if settings.shares.is_empty() {
            return refused("shares", "an empty list".to_owned(), "at least one share");
        }
        if outside(&&settings.drift_share) {
            return refused("drift_at", settings.drift_share.to_string(), "a share above 0 and at most 1");
        }
        settings.hidden.map_or(Ok(()), check_hidden)?;
        settings.shares.sort_unstable_by(f64::total_cmp);
        settings.shares.dedup_by(|a, b| a.total_cmp(b).is_eq());
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_once() {
        let builder = Evaluation::builder;
        for (refused, setting) in [
            (builder().repeats(1), "repeats"),
            (builder().hold_out(0.0), "hold_out"),
            (builder().hold_out(1.0), "hold_out"),
            (builder().hold_out(f64::NAN), "hold_out"),
            (builder().shares([]), "shares"),
            (builder().shares([0.1, 0.0]), "shares"),
            (builder().shares([1.1]), "shares"),
            (builder().shares([f64::NAN]), "shares"),
            (builder().hidden(1.0), "hidden"),
            (builder().drift_at(0.0), "drift_at"),
        ] {
            match refused.build() {
                Err(Error::Setting { setting: found, .. }) => assert_eq!(found, setting),
                other => panic!("{setting}: {other:?}"),
            }
        }
        let built = builder().shares([0.2, 0.1, 0.2, 1.0]).build().unwrap();
        assert_eq!(built.shares, [0.1, 0.2, 1.0]);
    }
}
