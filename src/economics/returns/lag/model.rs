//! What was learned of the lag of returns, or is assumed of it.

use std::fmt;

use crate::economics::returns::lag::LagCurve;
use crate::features::Exposure;
use crate::layout::{TextTable, grouped, percent};
use crate::transaction::{AsOf, Attribute};

/// The days of which `Display` shows the share.
const SHOWN: [u32; 7] = [3, 7, 14, 21, 30, 45, 60];

/// How long returns take: learned by [`ReturnLag::fit`](super::ReturnLag::fit), or [assumed](Self::assumed).
///
/// Given to an extractor ([`return_lag`](crate::features::FeatureExtractorBuilder::return_lag)) it makes `lines_exposed`.
/// Serialises with serde to any format; JSON carries the bits of each share. `Display` is a small table.
#[derive(Clone, PartialEq)]
pub struct ReturnLagModel {
    pub(super) basis: Basis,
}

/// Where the lag is from.
#[derive(Clone, PartialEq)]
pub(super) enum Basis {
    /// A number of days after which all returns are in.
    Assumed(LagCurve),
    /// Returns with their times.
    Learned(Learned),
}

#[derive(Clone, PartialEq)]
pub(super) struct Learned {
    pub(super) as_of: AsOf,
    /// Returned lines without a time.
    pub(super) untimed: u64,
    pub(super) shop: LagCurve,
    pub(super) by: Option<ByLevel>,
}

#[derive(Clone, PartialEq)]
pub(super) struct ByLevel {
    pub(super) attribute: Attribute,
    /// Ascending by text.
    pub(super) levels: Vec<(String, LagCurve)>,
    pub(super) minimum_returns: u64,
}

impl ReturnLagModel {
    pub(super) fn learned(learned: Learned) -> Self {
        Self { basis: Basis::Learned(learned) }
    }

    /// The simple assumption, for shops that do not record when things come back: lines older than so many days have all
    /// their returns in, younger ones tell nothing. A window of a month, transit both ways and the shop's own handling make
    /// 60 days, which is what extractors assume by default
    /// ([`maturity_days`](crate::features::FeatureExtractorBuilder::maturity_days)). More than ten years are ten years.
    ///
    /// ```
    /// use kohort::economics::returns::{ReturnLag, ReturnLagModel};
    /// use kohort::synthetic::{ReturnTimes, Shop};
    ///
    /// let shop = Shop::builder().customers(100).return_times(ReturnTimes::Unrecorded).build()?.generate()?;
    /// let as_of = shop.log.as_of_end()?;
    /// let problem = ReturnLag::builder().build()?.fit(&shop.log, &as_of).unwrap_err();
    /// assert!(problem.to_string().contains("needs the times of returns"));
    ///
    /// let lag = ReturnLagModel::assumed(60);
    /// assert!(lag.assumption().starts_with("When things came back is not recorded."));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn assumed(maturity_days: u32) -> Self {
        Self { basis: Basis::Assumed(LagCurve::step(maturity_days.min(3_653))) }
    }

    /// Whether it is an assumption, and not learned.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        matches!(self.basis, Basis::Assumed(_))
    }

    /// The moment of the data it was learned from; `None` for an assumption.
    #[must_use]
    pub fn as_of(&self) -> Option<&AsOf> {
        self.fitted().map(|learned| &learned.as_of)
    }

    /// The shop's curve.
    #[must_use]
    pub fn curve(&self) -> &LagCurve {
        match &self.basis {
            Basis::Assumed(curve) => curve,
            Basis::Learned(learned) => &learned.shop,
        }
    }

    /// The curve of a level: its own where it had enough returns, else the shop's. O(log levels).
    #[must_use]
    pub fn curve_of(&self, level: &str) -> &LagCurve {
        let levels = self.by_level().map_or(&[][..], |by| &by.levels);
        let own = levels.binary_search_by(|(text, _)| text.as_str().cmp(level));
        own.ok().and_then(|position| levels.get(position)).map_or(self.curve(), |(_, curve)| curve)
    }

    /// The attribute whose levels have curves of their own; `None` where the shop's is all there is.
    #[must_use]
    pub fn attribute(&self) -> Option<Attribute> {
        self.by_level().map(|by| by.attribute)
    }

    /// The levels that have a curve of their own, in the order of their texts.
    pub fn levels(&self) -> impl Iterator<Item = (&str, &LagCurve)> {
        self.by_level()
            .into_iter()
            .flat_map(|by| by.levels.iter().map(|(level, curve)| (level.as_str(), curve)))
    }

    /// Returned lines that had no time, and are in no curve.
    #[must_use]
    pub fn untimed_returns(&self) -> u64 {
        self.fitted().map_or(0, |learned| learned.untimed)
    }

    /// What is assumed of returns that are still to come, in sentences for a report.
    #[must_use]
    pub fn assumption(&self) -> String {
        let curve = self.curve();
        let days = |days: u32| if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        let Some(learned) = self.fitted() else {
            return format!(
                "When things came back is not recorded. Lines older than {} are taken to have all their returns in; \
                 younger ones tell nothing.",
                days(curve.window_days())
            );
        };
        let mut text = vec![format!(
            "Returns that are still to come are allowed for by how long {} returned lines took, as of {}: half came back \
             in less than {}, 95 % in less than {}; nothing is expected after {}.",
            grouped(curve.returns()),
            learned.as_of.zone().civil(learned.as_of.micros()).date(),
            days(curve.days_until(0.5)),
            days(curve.days_until(0.95)),
            days(curve.window_days()),
        )];
        if curve.late_returns() > 0 {
            let late = grouped(curve.late_returns());
            text.push(format!("{late} came later than that and count as come on the last day."));
        }
        if curve.watched_days() < curve.window_days() {
            let watched = days(curve.watched_days());
            text.push(format!(
                "Hardly any line that came back could be watched for more than {watched}; what takes longer is not \
                 allowed for."
            ));
        }
        if learned.untimed > 0 {
            text.push(format!("{} returned lines had no time and are left out.", grouped(learned.untimed)));
        }
        text.join(" ")
    }

    fn fitted(&self) -> Option<&Learned> {
        match &self.basis {
            Basis::Assumed(_) => None,
            Basis::Learned(learned) => Some(learned),
        }
    }

    fn by_level(&self) -> Option<&ByLevel> {
        self.fitted().and_then(|learned| learned.by.as_ref())
    }
}

impl From<&ReturnLagModel> for Exposure {
    fn from(model: &ReturnLagModel) -> Self {
        if model.is_assumed() {
            return Self::after_days(model.curve().window_days());
        }
        let shop = Self::by_day(&model.curve().shares);
        let exposure = match model.attribute() {
            None => shop,
            Some(attribute) => {
                let levels = model.levels().map(|(level, curve)| (level, curve.shares.as_slice()));
                shop.and_then(|shop| shop.by_level(attribute, levels))
            }
        };
        // A model's shares ascend to 1, fitted or loaded.
        exposure.unwrap_or_else(|_| Self::after_days(model.curve().window_days()))
    }
}

impl From<ReturnLagModel> for Exposure {
    fn from(model: ReturnLagModel) -> Self {
        Self::from(&model)
    }
}

impl fmt::Display for ReturnLagModel {
    /// The share of returns seen by some ages, and what is assumed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Returns seen by the age of a line")?;
        let shown: Vec<u32> =
            SHOWN.into_iter().filter(|day| *day < self.curve().window_days().max(4)).collect();
        let of = self.attribute().map_or("<", |attribute| match attribute {
            Attribute::Product => "<product",
            Attribute::Category => "<category",
            Attribute::Brand => "<brand",
            Attribute::Size => "<size",
            Attribute::Channel => "<channel",
            Attribute::Country => "<country",
            Attribute::Reason => "<reason",
        });
        let days: Vec<String> = shown.iter().map(|day| format!("{day} days")).collect();
        let header =
            [of].into_iter().chain(days.iter().map(String::as_str)).chain(["95 % by day", "returns"]);
        let mut table = TextTable::new(&header.collect::<Vec<_>>());
        for (name, curve) in [("shop", self.curve())].into_iter().chain(self.levels()) {
            let shares = shown.iter().map(|day| percent(Some(curve.share_seen(*day))));
            let ends = [curve.days_until(0.95).to_string(), grouped(curve.returns())];
            table.row([name.to_owned()].into_iter().chain(shares).chain(ends));
        }
        write!(f, "{table}")?;
        writeln!(f, "{}", self.assumption())
    }
}

/// The curve in short, and how many levels have their own.
impl fmt::Debug for ReturnLagModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.basis {
            Basis::Assumed(curve) => {
                write!(f, "ReturnLagModel(assumed, all in {} days)", curve.window_days())
            }
            Basis::Learned(learned) => {
                write!(f, "ReturnLagModel({:?}, {} levels)", learned.shop, self.levels().count())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zone;
    use crate::economics::returns::lag::ReturnLag;

    #[test]
    fn what_is_assumed_is_said() {
        let as_of = AsOf::date("2024-06-01", &Zone::utc()).unwrap();
        let lag = ReturnLag::builder().window_days(10).build().unwrap();
        let fit =
            |lags: &[i64], ages: &[i64]| lag.fit_days(&lags.repeat(20), &ages.repeat(20), &as_of).unwrap();
        let model = fit(&[0, 2, 2, 12], &[5, 20, 20, 20]);
        assert_eq!(
            model.assumption(),
            "Returns that are still to come are allowed for by how long 80 returned lines took, as of 2024-06-01: half \
             came back in less than 3 days, 95 % in less than 10 days; nothing is expected after 10 days. 20 came later \
             than that and count as come on the last day."
        );
        let young = fit(&[0, 2], &[5, 6]);
        assert!(young.assumption().ends_with(
            "Hardly any line that came back could be watched for more than 7 days; what takes longer is not allowed for."
        ));
        let text = model.to_string();
        assert!(text.contains("3 days") && text.contains("7 days") && !text.contains("14 days"), "{text}");
        assert_eq!(
            ReturnLagModel::assumed(30).assumption(),
            "When things came back is not recorded. Lines older than 30 days are taken to have all their returns in; \
             younger ones tell nothing."
        );
        assert!(ReturnLagModel::assumed(30).is_assumed() && !model.is_assumed());
    }
}
