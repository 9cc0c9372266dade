//! When and where a customer buys: hours, seasons, regions, channels.

use super::template::{Template, at_least_one, check, days, share, templates, text};
use crate::error::Result;
use crate::features::{Feature, slug};
use crate::segment::rules::{Predicate, feature};

/// A season of three whole months, as the family [`calendar`](crate::features::FeatureExtractorBuilder::calendar)
/// names them on its hemisphere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names of seasons say all")]
pub enum Season {
    Winter,
    Spring,
    Summer,
    Autumn,
}

impl Season {
    /// Its name in features.
    const fn name(self) -> &'static str {
        match self {
            Self::Winter => "winter",
            Self::Spring => "spring",
            Self::Summer => "summer",
            Self::Autumn => "autumn",
        }
    }
}

/// Who orders in the morning, or in the evening?
///
/// Needs `hour_share__…` of the family [`calendar`](crate::features::FeatureExtractorBuilder::calendar) and the base
/// feature [`Orders`](Feature::Orders). With three orders, three quarters are all three: someone who orders at any of
/// the four times of the day alike comes out so one time in 64.
///
/// ```
/// use kohort::segment::catalogue::ShopsAt;
///
/// let rule = ShopsAt::evening().predicate()?;
/// assert_eq!(rule.to_string(), "hour_share__evening >= 0.75 AND orders >= 3");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct ShopsAt {
    band: String,
    share: f64,
    orders: u32,
}

impl ShopsAt {
    /// In the morning: from 6 to 12, unless the calendar has other bands.
    pub fn morning() -> Self {
        Self::band("morning")
    }

    /// In the evening: from 18 to midnight, unless the calendar has other bands.
    pub fn evening() -> Self {
        Self::band("evening")
    }

    /// In a band of hours of the calendar.
    pub fn band(name: impl Into<String>) -> Self {
        Self { band: name.into(), share: 0.75, orders: 3 }
    }

    /// At least this share of her orders is placed then, above 0 and at most 1. Defaults to 0.75.
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// She has at least so many orders, at least 1. Defaults to 3.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }
}

impl Template for ShopsAt {
    fn title(&self) -> String {
        format!("{} shopper", self.band)
    }

    fn check(&self) -> Result<()> {
        text("band", &self.band)?;
        share("share", self.share)?;
        at_least_one("orders", self.orders)
    }

    fn rule(&self) -> Predicate {
        let then = feature(format!("hour_share__{}", slug(&self.band))).ge(self.share);
        then.and(feature(Feature::Orders).ge(self.orders))
    }
}

/// Who buys in one season of the year?
///
/// Needs `season_share__…` of the family [`calendar`](crate::features::FeatureExtractorBuilder::calendar) and the
/// base features [`Orders`](Feature::Orders) and [`TenureDays`](Feature::TenureDays). Who has not been there for a
/// year has not had the chance to buy in the others.
///
/// ```
/// use kohort::segment::catalogue::{Season, Seasonal};
///
/// let rule = Seasonal::of(Season::Winter).predicate()?;
/// assert_eq!(rule.to_string(), "season_share__winter >= 0.75 AND orders >= 3 AND tenure_days >= 365");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct Seasonal {
    season: Season,
    share: f64,
    orders: u32,
    tenure_days: u32,
}

impl Seasonal {
    /// In a season.
    pub fn of(season: Season) -> Self {
        Self { season, share: 0.75, orders: 3, tenure_days: 365 }
    }

    /// At least this share of her orders is placed in the season, above 0 and at most 1. Defaults to 0.75.
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// She has at least so many orders, at least 1. Defaults to 3.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }

    /// Her first order was at least so many days ago, at least 1. Defaults to 365.
    pub fn tenure_days(mut self, days: u32) -> Self {
        self.tenure_days = days;
        self
    }
}

impl Template for Seasonal {
    fn title(&self) -> String {
        format!("{} buyer", self.season.name())
    }

    fn check(&self) -> Result<()> {
        share("share", self.share)?;
        at_least_one("orders", self.orders)?;
        days("tenure_days", self.tenure_days)
    }

    fn rule(&self) -> Predicate {
        Predicate::all([
            feature(format!("season_share__{}", self.season.name())).ge(self.share),
            feature(Feature::Orders).ge(self.orders),
            feature(Feature::TenureDays).ge(self.tenure_days),
        ])
    }
}

/// Who of some regions buys in a season: whom in the mountains to tell of winter?
///
/// Needs the base features [`Country`](Feature::Country) and [`Orders`](Feature::Orders), and `season_share__…` of
/// the family [`calendar`](crate::features::FeatureExtractorBuilder::calendar). Half of the orders is twice what a
/// season has of someone who buys all year.
///
/// ```
/// use kohort::segment::catalogue::{RegionSeason, Season};
///
/// let alps = RegionSeason::of(["AT", "CH"], Season::Winter).predicate()?;
/// assert_eq!(alps.to_string(), "country IN ('AT', 'CH') AND season_share__winter >= 0.5 AND orders >= 2");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct RegionSeason {
    regions: Vec<String>,
    season: Season,
    region_feature: String,
    share: f64,
    orders: u32,
}

impl RegionSeason {
    /// Customers of one of some regions, in a season.
    pub fn of<R: Into<String>>(regions: impl IntoIterator<Item = R>, season: Season) -> Self {
        Self {
            regions: regions.into_iter().map(Into::into).collect(),
            season,
            region_feature: Feature::Country.name().to_owned(),
            share: 0.5,
            orders: 2,
        }
    }

    /// The feature that names the region: one of a profile, say. Defaults to `country`.
    pub fn region_feature(mut self, feature: impl AsRef<str>) -> Self {
        feature.as_ref().clone_into(&mut self.region_feature);
        self
    }

    /// At least this share of her orders is placed in the season, above 0 and at most 1. Defaults to 0.5.
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// She has at least so many orders, at least 1. Defaults to 2.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }
}

impl Template for RegionSeason {
    fn title(&self) -> String {
        format!("{} × {}", self.regions.join(", "), self.season.name())
    }

    fn check(&self) -> Result<()> {
        check(!self.regions.is_empty(), "regions", "empty", "at least one region")?;
        text("region_feature", &self.region_feature)?;
        share("share", self.share)?;
        at_least_one("orders", self.orders)
    }

    fn rule(&self) -> Predicate {
        Predicate::all([
            feature(&self.region_feature).is_in(self.regions.iter().map(String::as_str)),
            feature(format!("season_share__{}", self.season.name())).ge(self.share),
            feature(Feature::Orders).ge(self.orders),
        ])
    }
}

/// Who orders through one channel and hardly another?
///
/// Needs `channel_order_share__…` of the family [`channels`](crate::features::FeatureExtractorBuilder::channels) and
/// the base feature [`Orders`](Feature::Orders). With three orders, three quarters are all three.
///
/// ```
/// use kohort::segment::catalogue::ChannelPreference;
///
/// let rule = ChannelPreference::of("app").predicate()?;
/// assert_eq!(rule.to_string(), "channel_order_share__app >= 0.75 AND orders >= 3");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct ChannelPreference {
    channel: String,
    share: f64,
    orders: u32,
}

impl ChannelPreference {
    /// For a channel of the orders.
    pub fn of(channel: impl Into<String>) -> Self {
        Self { channel: channel.into(), share: 0.75, orders: 3 }
    }

    /// At least this share of her orders comes through the channel, above 0 and at most 1. Defaults to 0.75.
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// She has at least so many orders, at least 1. Defaults to 3.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }
}

impl Template for ChannelPreference {
    fn title(&self) -> String {
        format!("prefers {}", self.channel)
    }

    fn check(&self) -> Result<()> {
        text("channel", &self.channel)?;
        share("share", self.share)?;
        at_least_one("orders", self.orders)
    }

    fn rule(&self) -> Predicate {
        let through_it = feature(format!("channel_order_share__{}", slug(&self.channel))).ge(self.share);
        through_it.and(feature(Feature::Orders).ge(self.orders))
    }
}

templates!(ShopsAt, Seasonal, RegionSeason, ChannelPreference);
