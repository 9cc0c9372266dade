//! Economics: costs and settings, put together and checked once.

use crate::economics::costs::Costs;
use crate::economics::discovery::Discovery;
use crate::economics::facts::Facts;
use crate::economics::portfolio::Portfolio;
use crate::economics::returns::ReturnLag;
use crate::economics::settings::{Response, Settings};
use crate::economics::waterfalls::{Waterfalls, waterfalls};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::transaction::Rate;

/// Stage 4: what customers and segments earn after returns, how sure that is, and what to do about them.
///
/// Works on the feature table. Required is `gross`; the rest is used where it is there:
///
/// | feature | for |
/// |---|---|
/// | `discount`, `returned` | net revenue; without `returned` its place is taken by `returned_attributed` |
/// | `returned_attributed` | return rates; without it its place is taken by `returned` |
/// | `returned_gross`, `cost_of_goods`, `cost_of_goods_returned` | cost of goods |
/// | `orders`, `items`, `return_parcels` (or `orders_with_return`), `items_returned` | costs per order, piece, parcel; required where such a cost is set |
/// | `lines_mature`, `lines_returned_mature` (or `lines`, `lines_returned`) | how return rates differ, and the evidence on a customer's |
/// | `lines_exposed` with `lines_returned` | the evidence on a customer's return rate, instead of whole mature lines |
/// | `country` | tax by country |
///
/// A column that is absent, or has no value at all, is not known: a shop without a record of returns has no return
/// rate, and its margins are margins before returns.
///
/// ```
/// use kohort::economics::CostOfGoods;
/// use kohort::features::{Column, FeatureTable, Values};
/// use kohort::transaction::CustomerIds;
/// use kohort::{Costs, Economics, Money, Rate};
///
/// let amounts = |amounts: [i64; 2]| Values::Money(amounts.map(|a| Money::from_ten_thousandths(a * 10_000)).to_vec());
/// let table = FeatureTable::from_columns(
///     CustomerIds::rows(2),
///     [
///         ("gross", amounts([1_000, 100])),
///         ("returned", amounts([900, 0])),
///         ("return_parcels", Values::U32(vec![9, 0])),
///     ],
/// )?;
/// let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.5)?)).build()?;
/// let waterfalls = Economics::builder(costs).build()?.waterfalls(&table)?;
/// // 100 kept − 50 goods − 31.50 write-down − 63 handling: the customer who looks ten times as good earns less.
/// assert_eq!(waterfalls.customer(0).map(|w| w.cm2().to_string()).as_deref(), Some("-44.50"));
/// assert_eq!(waterfalls.customer(1).map(|w| w.cm2().to_string()).as_deref(), Some("50.00"));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Economics {
    pub(super) costs: Costs,
    pub(super) settings: Settings,
}

impl Economics {
    /// Economics with given costs.
    #[must_use]
    pub fn builder(costs: Costs) -> EconomicsBuilder {
        EconomicsBuilder(Self { costs, settings: Settings::default() })
    }

    /// The costs.
    #[must_use]
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Gross to contribution of every customer. O(customers).
    ///
    /// # Errors
    /// [`Error::MissingFeature`](crate::Error::MissingFeature) where `gross` or a column that a cost needs is not
    /// there, [`Error::MissingCostColumn`](crate::Error::MissingCostColumn) where that of a cost by category or an
    /// activity is not, [`Error::FeatureType`](crate::Error::FeatureType) where a column has another type, no values,
    /// or negative ones that are costs or counts, [`Error::Incompatible`](crate::Error::Incompatible) where the
    /// categories with costs of their own have more gross than a customer, [`Error::Setting`](crate::Error::Setting)
    /// where prices include tax and no rate is set, [`Error::MoneyRange`](crate::Error::MoneyRange) where an amount
    /// leaves its range, [`Error::Empty`](crate::Error::Empty) where a marketing total is to be spread and nobody
    /// bought.
    pub fn waterfalls(&self, table: &FeatureTable) -> Result<Waterfalls> {
        waterfalls(&self.costs, &Facts::read(table)?)
    }
}

/// Builds [`Economics`].
#[derive(Clone, Debug)]
pub struct EconomicsBuilder(Economics);

impl EconomicsBuilder {
    /// The level of all intervals. Defaults to 0.95.
    #[must_use]
    pub fn confidence(mut self, level: f64) -> Self {
        self.0.settings.confidence = level;
        self
    }

    /// The share of buying customers, those with the highest gross, that *look rich*. Defaults to 0.25.
    #[must_use]
    pub fn rich_share(mut self, share: f64) -> Self {
        self.0.settings.rich_share = share;
        self
    }

    /// The return rate above which a customer *sends it back*. Defaults to 85 %.
    #[must_use]
    pub fn return_threshold(mut self, rate: Rate) -> Self {
        self.0.settings.return_threshold = rate;
        self
    }

    /// A customer or segment *earns little* whose contribution per gross is below this share of the shop's.
    /// Defaults to 0.25.
    #[must_use]
    pub fn earns_little_below(mut self, share: f64) -> Self {
        self.0.settings.little = share;
        self
    }

    /// The probability of a return rate above the threshold that counts as strong evidence, when it is decided
    /// whether a shop has customers who look rich and earn little. Defaults to 0.90.
    #[must_use]
    pub fn strong_evidence(mut self, probability: f64) -> Self {
        self.0.settings.strong_evidence = probability;
        self
    }

    /// The probability from which a customer belongs to them, once it is decided that they exist. Defaults to 0.50.
    #[must_use]
    pub fn membership(mut self, probability: f64) -> Self {
        self.0.settings.membership = probability;
        self
    }

    /// The share of buying customers, all with strong evidence, from which they exist. Defaults to 0.01.
    #[must_use]
    pub fn minimum_share(mut self, share: f64) -> Self {
        self.0.settings.minimum_share = share;
        self
    }

    /// The fewest customers that a segment needs to be worth a paid activation. Defaults to 100.
    #[must_use]
    pub fn minimum_audience(mut self, customers: u64) -> Self {
        self.0.settings.minimum_audience = customers;
        self
    }

    /// The fewest customers whose value is known before a segment may be suppressed. Defaults to 100.
    #[must_use]
    pub fn minimum_evidence(mut self, customers: u64) -> Self {
        self.0.settings.minimum_evidence = customers;
        self
    }

    /// The probability of a value above zero below which a segment may be suppressed. Defaults to 0.10.
    #[must_use]
    pub fn unlikely_below(mut self, probability: f64) -> Self {
        self.0.settings.unlikely = probability;
        self
    }

    /// A segment is *return-driven* when the margin it loses to returns beyond the shop's rate is more than this share
    /// of its value. Defaults to 0.25.
    #[must_use]
    pub fn return_driven_above(mut self, share: f64) -> Self {
        self.0.settings.return_driven = share;
        self
    }

    /// A segment's value is *high* from this multiple of the shop's mean per customer. Defaults to 1.5.
    #[must_use]
    pub fn high_value_from(mut self, multiple: f64) -> Self {
        self.0.settings.high_value = multiple;
        self
    }

    /// A segment's value is *mid* from this multiple of the shop's mean per customer. Defaults to 0.5.
    #[must_use]
    pub fn mid_value_from(mut self, multiple: f64) -> Self {
        self.0.settings.mid_value = multiple;
        self
    }

    /// Segments where a fix of the cause of returns was tried. Defaults to none.
    #[must_use]
    pub fn fix_tried<S: Into<String>>(mut self, segments: impl IntoIterator<Item = S>) -> Self {
        self.0.settings.fix_tried = segments.into_iter().map(Into::into).collect();
        self
    }

    /// Segments whose growth of value is known, as a share: `0.05` is 5 % more than a period ago. Defaults to none.
    #[must_use]
    pub fn growth<S: Into<String>>(mut self, segments: impl IntoIterator<Item = (S, f64)>) -> Self {
        self.0.settings.growth = named(segments);
        self
    }

    /// Segments whose response to more spending was tested. Defaults to none.
    #[must_use]
    pub fn response<S: Into<String>>(mut self, segments: impl IntoIterator<Item = (S, Response)>) -> Self {
        self.0.settings.response = named(segments);
        self
    }

    /// Segments of which the share of customers who can be addressed with their consent is known. Defaults to none.
    #[must_use]
    pub fn consented<S: Into<String>>(mut self, segments: impl IntoIterator<Item = (S, f64)>) -> Self {
        self.0.settings.consented = named(segments);
        self
    }

    /// Segments whose stability is known, from 0 to 1: the mean Jaccard similarity over resamples
    /// ([`segment::quality`](crate::segment::quality)). Defaults to none.
    #[must_use]
    pub fn stability<S: Into<String>>(mut self, segments: impl IntoIterator<Item = (S, f64)>) -> Self {
        self.0.settings.stability = named(segments);
        self
    }

    /// Segments that a rule describes, with the precision of the rule times its recall. Defaults to none.
    #[must_use]
    pub fn described<S: Into<String>>(mut self, segments: impl IntoIterator<Item = (S, f64)>) -> Self {
        self.0.settings.described = named(segments);
        self
    }

    /// The share of what all segments earn or lose from which a segment is substantial. Defaults to 0.01.
    #[must_use]
    pub fn minimum_contribution_share(mut self, share: f64) -> Self {
        self.0.settings.minimum_contribution_share = share;
        self
    }

    /// The probability from which a comparison counts as likely: that a segment's value is high, or that its return rate is
    /// above the shop's. Defaults to 0.80.
    #[must_use]
    pub fn likely_from(mut self, probability: f64) -> Self {
        self.0.settings.likely = probability;
        self
    }

    /// The limits under which a plan chooses the best few segments, each worth what there is to gain from acting on it
    /// ([`Attractiveness::value`](crate::economics::Attractiveness::value)). Defaults to none: nothing is chosen.
    #[must_use]
    pub fn portfolio(mut self, portfolio: Portfolio) -> Self {
        self.0.settings.portfolio = Some(portfolio);
        self
    }

    /// How [`Economics::analyse`] searches for rules that describe customers who look rich and earn little. Defaults to
    /// [`Discovery::default`].
    #[must_use]
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.0.settings.discovery = discovery;
        self
    }

    /// How [`Economics::analyse`] learns how long returns take. Defaults to [`ReturnLag::default`].
    #[must_use]
    pub fn return_lag(mut self, lag: ReturnLag) -> Self {
        self.0.settings.return_lag = lag;
        self
    }

    /// The days that [`Economics::analyse`] holds a plan made earlier against. Defaults to 90.
    #[must_use]
    pub fn look_back_days(mut self, days: u32) -> Self {
        self.0.settings.look_back_days = days;
        self
    }

    /// The category feature whose groups of customers have a prior of their own for their return rates, such as `title`,
    /// `channel` or `top_category`: see [`GroupRates`](crate::economics::returns::GroupRates). A table that lacks it, or
    /// where it is no category, is an error of the methods that need return rates. Defaults to none: one prior for all.
    #[must_use]
    pub fn return_rates_by(mut self, feature: impl Into<String>) -> Self {
        self.0.settings.return_rates_by = Some(feature.into());
        self
    }

    /// The fewest customers with lines of whom a group's own prior is learned; smaller groups share the shop's strength.
    /// Defaults to 200.
    #[must_use]
    pub fn minimum_group(mut self, customers: u64) -> Self {
        self.0.settings.minimum_group = customers;
        self
    }

    /// By which share of itself each cost moves in [`Economics::sensitivity`]. Defaults to 0.10.
    #[must_use]
    pub fn sensitivity_step(mut self, share: f64) -> Self {
        self.0.settings.sensitivity_step = share;
        self
    }

    /// The economics.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a share, probability or level that is not between 0 and 1, or a
    /// multiple that is not a number of zero or more.
    pub fn build(self) -> Result<Economics> {
        self.0.settings.check()?;
        Ok(self.0)
    }
}

fn named<S: Into<String>, T>(segments: impl IntoIterator<Item = (S, T)>) -> Vec<(String, T)> {
    segments.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::economics::CostOfGoods;
    use crate::error::Error;

    #[test]
    fn settings_out_of_range_are_named() {
        let base = || Economics::builder(Costs::builder(CostOfGoods::FromLines).build().unwrap());
        let damaged = [
            ("confidence", base().confidence(1.0)),
            ("rich_share", base().rich_share(f64::NAN)),
            ("return_threshold", base().return_threshold(Rate::ONE)),
            ("earns_little_below", base().earns_little_below(-0.1)),
            ("strong_evidence", base().strong_evidence(0.0)),
            ("membership", base().membership(2.0)),
            ("minimum_share", base().minimum_share(f64::INFINITY)),
            ("unlikely_below", base().unlikely_below(1.1)),
            ("return_driven_above", base().return_driven_above(f64::NAN)),
            ("high_value_from", base().high_value_from(f64::INFINITY)),
            ("mid_value_from", base().mid_value_from(1.6)),
            ("growth", base().growth([("new", f64::NAN)])),
            ("consented", base().consented([("new", 1.5)])),
            ("stability", base().stability([("new", -0.5)])),
            ("described", base().described([("new", f64::NAN)])),
            ("minimum_contribution_share", base().minimum_contribution_share(1.5)),
            ("likely_from", base().likely_from(1.0)),
            ("sensitivity_step", base().sensitivity_step(0.0)),
        ];
        for (name, builder) in damaged {
            let error = builder.build().unwrap_err();
            assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
        }
        assert!(base().build().is_ok());
    }
}
