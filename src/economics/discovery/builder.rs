//! The settings of a search for rules, checked once.

use crate::error::{Error, Result};

/// What rules may look like, and when one counts as found.
#[derive(Clone, PartialEq, Debug)]
pub struct Discovery {
    pub(super) max_conditions: u32,
    pub(super) minimum_share: f64,
    pub(super) minimum_customers: u64,
    pub(super) rules: u32,
    pub(super) held_out: f64,
    pub(super) significance: f64,
    pub(super) features: Option<Vec<String>>,
    pub(super) leave_out: Vec<String>,
    pub(super) beam: u32,
    pub(super) seed: u64,
}

impl Default for Discovery {
    /// What the builder gives without further settings.
    fn default() -> Self {
        Self {
            max_conditions: 3,
            minimum_share: 0.02,
            minimum_customers: 100,
            rules: 5,
            held_out: 0.5,
            significance: 0.05,
            features: None,
            leave_out: Vec::new(),
            beam: 32,
            seed: 1,
        }
    }
}

impl Discovery {
    /// A search with the defaults, to be changed where wanted.
    #[must_use]
    pub fn builder() -> DiscoveryBuilder {
        DiscoveryBuilder(Self::default())
    }

    /// The salt of the customers' buckets: who is below the held-out share is held out.
    pub(super) fn salt(&self) -> String {
        format!("discovery {}", self.seed)
    }
}

/// Builds a [`Discovery`].
#[derive(Clone, Debug)]
pub struct DiscoveryBuilder(Discovery);

impl DiscoveryBuilder {
    /// The most conditions of a rule, 1 to 5. Defaults to 3.
    #[must_use]
    pub fn max_conditions(mut self, conditions: u32) -> Self {
        self.0.max_conditions = conditions;
        self
    }

    /// The fewest customers of a rule as a share of those who bought. Smaller groups are not worth an action of their
    /// own, and in the tail of any shop some customers are unlucky. Defaults to 0.02.
    #[must_use]
    pub fn minimum_share(mut self, share: f64) -> Self {
        self.0.minimum_share = share;
        self
    }

    /// The fewest customers of a rule. Defaults to 100.
    #[must_use]
    pub fn minimum_customers(mut self, customers: u64) -> Self {
        self.0.minimum_customers = customers;
        self
    }

    /// The most rules that are searched for, one after the other, and tested on held-out customers; 1 to 50. Defaults to 5.
    #[must_use]
    pub fn rules(mut self, rules: u32) -> Self {
        self.0.rules = rules;
        self
    }

    /// The share of customers who are held out: the search never sees them, and each rule has to hold for them.
    /// Defaults to 0.5.
    #[must_use]
    pub fn held_out(mut self, share: f64) -> Self {
        self.0.held_out = share;
        self
    }

    /// The corrected p-value up to which a rule counts as found. Defaults to 0.05.
    #[must_use]
    pub fn significance(mut self, level: f64) -> Self {
        self.0.significance = level;
        self
    }

    /// The features that conditions may be on. Defaults to all numbers and categories of the table but those that are
    /// the contribution's own parts: `contribution`, `net`, `rich_but_returning`, cost of goods and returned value, in
    /// any window; and `return_rate_high`.
    #[must_use]
    pub fn features<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.0.features = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Features that conditions may not be on, beside those left out anyway. Defaults to none.
    #[must_use]
    pub fn leave_out<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.0.leave_out = names.into_iter().map(Into::into).collect();
        self
    }

    /// How many rules of each length are refined further, 1 to 1,000. More find more and take longer. Defaults to 32.
    #[must_use]
    pub fn beam(mut self, rules: u32) -> Self {
        self.0.beam = rules;
        self
    }

    /// What the division into halves is named by: who is held out are those below the held-out share in
    /// [`bucket`](fn@crate::segment::bucket)`("discovery <seed>")`. Defaults to 1.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// The search.
    ///
    /// # Errors
    /// [`Error::Setting`] for a number outside its range.
    pub fn build(self) -> Result<Discovery> {
        let settings = self.0;
        let shares = [
            ("minimum_share", settings.minimum_share),
            ("held_out", settings.held_out),
            ("significance", settings.significance),
        ];
        for (setting, share) in shares {
            let inner = matches!(setting, "held_out" | "significance");
            if inner && !(share > 0.0 && share < 1.0) {
                return Err(Error::Setting {
                    setting,
                    found: share.to_string(),
                    expected: "between 0 and 1",
                });
            }
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::Setting { setting, found: share.to_string(), expected: "from 0 to 1" });
            }
        }
        let counts = [
            ("max_conditions", u64::from(settings.max_conditions), 1..=5, "1 to 5 conditions"),
            ("minimum_customers", settings.minimum_customers, 1..=u64::MAX, "at least one customer"),
            ("rules", u64::from(settings.rules), 1..=50, "1 to 50 rules"),
            ("beam", u64::from(settings.beam), 1..=1_000, "1 to 1,000 rules"),
        ];
        for (setting, count, range, expected) in counts {
            if !range.contains(&count) {
                return Err(Error::Setting { setting, found: count.to_string(), expected });
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        let base = Discovery::builder;
        let damaged = [
            ("max_conditions", base().max_conditions(0)),
            ("max_conditions", base().max_conditions(6)),
            ("minimum_share", base().minimum_share(-0.1)),
            ("minimum_share", base().minimum_share(f64::NAN)),
            ("minimum_customers", base().minimum_customers(0)),
            ("rules", base().rules(0)),
            ("rules", base().rules(51)),
            ("held_out", base().held_out(0.0)),
            ("held_out", base().held_out(1.0)),
            ("significance", base().significance(f64::INFINITY)),
            ("beam", base().beam(0)),
        ];
        for (name, builder) in damaged {
            let error = builder.build().unwrap_err();
            assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
        }
        assert!(base().minimum_share(0.0).build().is_ok());
    }
}
