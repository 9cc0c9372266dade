//! Which step of a waterfall took a customer, and why none of the earlier ones.

use serde::Serialize;

use super::{Explanation, tell};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::segment::rules::{CustomerFeatures, WaterfallModel};
use crate::transaction::CustomerId;

/// Why a customer ends in a segment of a waterfall: each step up to the one that took her, or all where none did.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct WaterfallExplanation {
    /// The customer, if it was said who she is.
    pub customer: Option<CustomerId>,
    /// The segment in which she ends.
    pub segment: String,
    /// The position, from 0, of the step that took her, or at which she stopped because nobody can say; `None` for the
    /// rest.
    pub step: Option<usize>,
    /// The steps up to that one, in their order; the last tells why she is in, those before why she is not.
    pub steps: Vec<Explanation>,
}

impl WaterfallModel {
    /// Which step took a customer of a table, why, and why none of the earlier ones.
    ///
    /// ```
    /// use kohort::segment::{Waterfall, feature};
    /// use kohort::synthetic::Shop;
    /// use kohort::FeatureExtractor;
    ///
    /// let log = Shop::builder().customers(500).build()?.generate()?.log;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
    /// let waterfall = Waterfall::builder()
    ///     .step("new", feature("tenure_days").lt(90))
    ///     .step("loyal", feature("orders").ge(3))
    ///     .build()?
    ///     .fit(&customers)?;
    /// let explanation = waterfall.explain(&customers, &customers.ids().id(0))?;
    /// println!("{explanation}");
    /// assert!(explanation.steps.len() <= 2);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`RulesModel::explain`](crate::segment::RulesModel::explain).
    pub fn explain(&self, table: &FeatureTable, customer: &CustomerId) -> Result<WaterfallExplanation> {
        self.explain_one(&CustomerFeatures::of(table, customer)?)
    }

    /// The same for a customer without a table.
    ///
    /// # Errors
    /// As for [`RulesModel::evaluate_one`](crate::segment::RulesModel::evaluate_one).
    pub fn explain_one(&self, customer: &CustomerFeatures) -> Result<WaterfallExplanation> {
        let one = self.rules().one_by_one();
        let truths = one.evaluate(customer)?;
        let (step, segment) = self.ends_in(truths.iter().map(|(_, truth)| *truth));
        let told = step.map_or(truths.len(), |step| step + 1);
        let steps = (0..told).map(|position| tell::explain(self.rules(), &one, customer, position));
        Ok(WaterfallExplanation {
            customer: customer.id().cloned(),
            segment: segment.to_owned(),
            step,
            steps: steps.collect::<Result<_>>()?,
        })
    }
}
