//! Discovery: few short rules that describe customers who look rich and earn little, found by search and tested on
//! customers the search has not seen; or the plain verdict, with the numbers, that there are none to describe.
//!
//! [`Economics::looks_rich`] asks one question: who sends nearly everything back? Discovery asks which features, whatever
//! they are, tell those who look rich and earn little from the others, and answers in rules that a manager can read and
//! the [rule engine](crate::segment::rules) can evaluate: `gross >= 310 AND return_rate_low >= 0.72`.
//!
//! # What is searched for
//! The *line* is the little that is asked of a customer: a quarter (see
//! [`EconomicsBuilder::earns_little_below`](crate::economics::EconomicsBuilder::earns_little_below)) of what the shop
//! earns on its gross. Her *shortfall* is what her contribution, the last known margin, falls below the line of her own
//! gross; it is negative for those who earn their share. It is counted at the return rate that is *to be expected* of her
//! (the posterior mean), so that someone whose single order came back is short by less than the numbers say, and someone
//! whose last order may still come back by more. Where returns are not known, contribution counts as it is.
//!
//! A rule may be returned whose customers are enough, of whom most look rich (a gross in the upper quartile of those who
//! bought), and who together fall short. Among such rules that one is best whose total shortfall is largest over the
//! fourth root of its number of customers. It is a measure of Klösgen's family (Explora, in Advances in Knowledge Discovery and
//! Data Mining, 1996), between the largest group (weighted relative accuracy, Wrobel 1997) and the purest one (bump hunting,
//! Friedman and Fisher 1999): a customer more is taken in as long as she is short by a quarter of what the others are on
//! average. The largest half per cent of shortfalls on either side count as if they were at its border: a few very large
//! customers make no rule.
//!
//! # How
//! Numbers are cut at quantiles and at evenly spread points, rounded to as few digits as keep them apart; categories are
//! compared with their texts, or lists of up to four of them; missing values make a condition of their own. A beam search
//! refines the most promising rules (by those of their customers who look rich) up to three conditions, then drops from the best what hardly matters and sets each cut point
//! anew. The next rule is searched for among the customers that no rule describes yet, until none is left to find
//! (covering, as in bump hunting), so no rule repeats another one.
//!
//! # Why they can be believed
//! Thousands of rules are tried, so the best of them flatters itself on the customers it was found on. Therefore a
//! random half of the customers is held out, and the few rules that are left are tested on it once each (Webb, Machine
//! Learning 2007): is the mean shortfall above zero? The p-values are corrected for their number after Benjamini and
//! Hochberg. A rule that does not hold there is reported as such.
//!
//! What this cannot tell is a cause. And where contribution follows from returns by arithmetic, a rule on return rates is
//! bound to be significant: what makes it worth an action is its size, for which there is a minimum.
//!
//! # Which features
//! All columns of the table but times (whose ages in days stand beside them) and the parts of contribution itself. On a table
//! that went through [`Economics::enrich`](crate::Economics::enrich) rules can speak of `return_rate_low`, which takes into account how
//! little is known of someone; on the plain table raw rates have to do. Columns of profiles, windows or traits are used as
//! they are there.

mod builder;
mod features;
#[cfg(test)]
mod laws;
mod outcome;
#[cfg(test)]
mod planted;
mod search;
mod significance;
mod target;
mod words;

use crate::bitmap::Bitmap;
use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::waterfalls::waterfalls;
use crate::error::Result;
use crate::features::FeatureTable;
use crate::segment::Predicate;

pub use builder::{Discovery, DiscoveryBuilder};
pub use outcome::{Discovered, DiscoveredRule, GroupFigures};

use outcome::Ledger;
use search::{Found, Search};
use target::Target;

impl Economics {
    /// Searches for compact rules that describe customers who look rich and earn little; see
    /// [the module](crate::economics::discovery) for what is searched for and how.
    ///
    /// ```
    /// use kohort::economics::Discovery;
    /// use kohort::synthetic::Shop;
    /// use kohort::{CostOfGoods, Costs, Economics, FeatureExtractor};
    ///
    /// let log = Shop::builder().customers(4_000).build()?.generate()?.log;
    /// let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
    /// let customers = economics.enrich(&FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?)?;
    /// let discovered = economics.discover(&customers, &Discovery::builder().build()?)?;
    ///
    /// // The heavy returners, planted a tenth of the customers.
    /// let rule = &discovered.rules[0];
    /// println!("{}", rule.predicate);
    /// assert!((0.08..0.12).contains(&(rule.all.customers as f64 / discovered.population as f64)));
    /// // The rule engine knows them again.
    /// assert_eq!(*rule.predicate.evaluate(&customers)?.holds(), rule.mask);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// A rule names columns of this table; another table needs them too. Who is unknown to a rule, because a value is
    /// missing, is not described by it.
    ///
    /// O(customers · features · beam) time at most, and a byte per customer and feature twice. Beside the waterfalls, which
    /// it begins with, the search for a million customers and 24 features takes about seven times as long as those.
    ///
    /// # Errors
    /// As for [`Economics::waterfalls`]; [`Error::Incompatible`](crate::Error::Incompatible) where a customer returned more
    /// lines than she bought; [`Error::MissingFeature`](crate::Error::MissingFeature) where the search names a feature that
    /// is not there, [`Error::FeatureType`](crate::Error::FeatureType) where that is a time,
    /// [`Error::Empty`](crate::Error::Empty) where no feature is left to search.
    pub fn discover(&self, table: &FeatureTable, discovery: &Discovery) -> Result<Discovered> {
        let facts = Facts::read(table)?;
        let waterfalls = waterfalls(&self.costs, &facts)?;
        let target = Target::of(self, discovery, &facts, &waterfalls)?;
        let features = features::coded(table, discovery, &target.population)?;
        let ledger = Ledger::new(self, discovery, &facts, &waterfalls, &target);
        let least = ledger.least(target.training.count());
        let search = Search::new(&features, &target, discovery, u32::try_from(least).unwrap_or(u32::MAX));
        let Found { rules, tried, .. } = search.run(discovery.rules as usize);
        let rules = rules.into_iter().map(|rule| {
            let predicate = Predicate::all(rule.iter().map(|condition| condition.predicate(&features)));
            let mask: Bitmap = predicate.evaluate(table)?.holds().clone();
            Ok((predicate, rule.len(), mask))
        });
        let rules = rules.collect::<Result<Vec<_>>>()?;
        let names = features.into_iter().map(|feature| feature.name).collect();
        Ok(ledger.close(rules, names, tried))
    }
}
