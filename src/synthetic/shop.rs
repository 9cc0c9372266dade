//! The settings of a synthetic shop.

use crate::error::{Error, Result};
use crate::synthetic::assortment::ProductCategory;
use crate::transaction::{AsOf, DAY, Money, Zone};

/// What of a return's time the shop records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReturnTimes {
    /// When it arrived.
    #[default]
    Recorded,
    /// Only that it did.
    Unrecorded,
}

/// What the log knows of returns that arrive after the period's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LateReturns {
    /// Nothing, as in any shop's data: the last weeks' lines look kept.
    #[default]
    NotYetKnown,
    /// All, as if the data had been drawn once every return window had closed.
    Known,
}

/// A synthetic shop's settings; [`Shop::generate`] makes its order lines.
///
/// ```
/// use kohort::synthetic::Shop;
///
/// let shop = Shop::builder().customers(1_000).heavy_returners(0.0).channels(["web"]).build()?;
/// assert_eq!(shop.generate()?.truth.len(), 1_000);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shop {
    pub(super) customers: u32,
    pub(super) seed: u64,
    pub(super) heavy_returners: f64,
    pub(super) heavy_return_rate: f64,
    pub(super) return_rate: f64,
    pub(super) return_window_days: u32,
    pub(super) return_times: ReturnTimes,
    pub(super) late_returns: LateReturns,
    pub(super) discounted_lines: f64,
    pub(super) discount_depth: f64,
    pub(super) products: u32,
    pub(super) categories: Vec<ProductCategory>,
    pub(super) brands: Vec<String>,
    pub(super) sizes: Vec<String>,
    pub(super) channels: Vec<String>,
    pub(super) countries: Vec<String>,
    pub(super) return_reasons: Vec<String>,
    /// In microseconds UTC.
    pub(super) start: i64,
    pub(super) zone: Zone,
    pub(super) days: u32,
    pub(super) unit_cost_share: f64,
    pub(super) currency: String,
}

impl Shop {
    /// A builder with the defaults of a fashion shop of about 200,000 order lines.
    #[must_use]
    pub fn builder() -> ShopBuilder {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ShopBuilder {
            start: "2023-01-01".to_owned(),
            shop: Self {
                customers: 22_000,
                seed: 1,
                heavy_returners: 0.10,
                heavy_return_rate: 0.95,
                return_rate: 0.25,
                return_window_days: 30,
                return_times: ReturnTimes::default(),
                late_returns: LateReturns::default(),
                discounted_lines: 0.25,
                discount_depth: 0.25,
                products: 2_000,
                categories: ProductCategory::fashion(),
                brands: texts(&["Alder", "Birch", "Cedar", "Hazel", "Juniper", "Linden", "Maple", "Rowan"]),
                sizes: texts(&["XS", "S", "M", "L", "XL"]),
                channels: texts(&["web", "app", "marketplace"]),
                countries: texts(&["DE", "AT", "CH", "NL"]),
                return_reasons: texts(&["too small", "too large", "not liked", "quality", "arrived late"]),
                start: 0,
                zone: Zone::utc(),
                days: 730,
                unit_cost_share: 0.45,
                currency: "EUR".to_owned(),
            },
        }
    }

    /// How many customers it has.
    #[must_use]
    pub fn customers(&self) -> u32 {
        self.customers
    }

    /// What its draws are named by.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The end of its period, in microseconds UTC: every line is before it.
    pub(super) fn end(&self) -> i64 {
        self.start + i64::from(self.days) * DAY
    }
}

/// Builds a [`Shop`].
#[derive(Clone, Debug)]
pub struct ShopBuilder {
    shop: Shop,
    /// Read by `build`, in the zone.
    start: String,
}

impl ShopBuilder {
    /// How many customers there are, each with at least one order; about nine lines come with each. Defaults to
    /// 22,000.
    #[must_use]
    pub fn customers(mut self, customers: u32) -> Self {
        self.shop.customers = customers;
        self
    }

    /// What the draws are named by: another seed is another shop of the same kind. Defaults to 1.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.shop.seed = seed;
        self
    }

    /// The share of customers who are heavy returners; 0 makes a shop without such a segment. Defaults to 0.10.
    #[must_use]
    pub fn heavy_returners(mut self, share: f64) -> Self {
        self.shop.heavy_returners = share;
        self
    }

    /// The mean return rate of heavy returners. Defaults to 0.95.
    #[must_use]
    pub fn heavy_return_rate(mut self, mean: f64) -> Self {
        self.shop.heavy_return_rate = mean;
        self
    }

    /// The mean return rate of the other customers, who differ widely. Defaults to 0.25.
    #[must_use]
    pub fn return_rate(mut self, mean: f64) -> Self {
        self.shop.return_rate = mean;
        self
    }

    /// The days within which a return arrives. Defaults to 30.
    #[must_use]
    pub fn return_window_days(mut self, days: u32) -> Self {
        self.shop.return_window_days = days;
        self
    }

    /// What of a return's time is recorded. Defaults to [`ReturnTimes::Recorded`].
    #[must_use]
    pub fn return_times(mut self, times: ReturnTimes) -> Self {
        self.shop.return_times = times;
        self
    }

    /// What is known of returns after the period's end. Defaults to [`LateReturns::NotYetKnown`].
    #[must_use]
    pub fn late_returns(mut self, late: LateReturns) -> Self {
        self.shop.late_returns = late;
        self
    }

    /// The share of lines sold at a discount, on average; price-sensitive customers get nearly all theirs at one. Defaults
    /// to 0.25.
    #[must_use]
    pub fn discounted_lines(mut self, share: f64) -> Self {
        self.shop.discounted_lines = share;
        self
    }

    /// How deep discounts are on average, as a share of the price; each is a multiple of 5 %. Defaults to 0.25.
    #[must_use]
    pub fn discount_depth(mut self, mean: f64) -> Self {
        self.shop.discount_depth = mean;
        self
    }

    /// How many products there are, spread evenly over the categories. Defaults to 2,000.
    #[must_use]
    pub fn products(mut self, products: u32) -> Self {
        self.shop.products = products;
        self
    }

    /// The categories of products. Defaults to eight of fashion, from underwear at 19 to jackets at 129.
    #[must_use]
    pub fn categories(mut self, categories: impl IntoIterator<Item = ProductCategory>) -> Self {
        self.shop.categories = categories.into_iter().collect();
        self
    }

    /// The brands. Where there are several, the first runs small: the odds that it comes back are 1.8 times those of
    /// the others. Defaults to eight.
    #[must_use]
    pub fn brands<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.shop.brands = texts(names);
        self
    }

    /// The sizes, in their order; without any the log has no such column. Defaults to XS to XL.
    #[must_use]
    pub fn sizes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.shop.sizes = texts(names);
        self
    }

    /// The channels that orders come through, the most used first; without any the log has no such column. Defaults
    /// to web, app and marketplace.
    #[must_use]
    pub fn channels<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.shop.channels = texts(names);
        self
    }

    /// The countries of customers, the largest first; without any the log has no such column. Defaults to four.
    #[must_use]
    pub fn countries<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.shop.countries = texts(names);
        self
    }

    /// The reasons of returns, the most frequent first, which is also why the first brand's products come back; without
    /// any the log has no such column. Defaults to five.
    #[must_use]
    pub fn return_reasons<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.shop.return_reasons = texts(names);
        self
    }

    /// The date on which the period starts. Defaults to 2023-01-01.
    #[must_use]
    pub fn start(mut self, date: impl Into<String>) -> Self {
        self.start = date.into();
        self
    }

    /// The zone of the calendar. Defaults to UTC.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.shop.zone = zone;
        self
    }

    /// The length of the period in days of 24 hours. Defaults to 730.
    #[must_use]
    pub fn days(mut self, days: u32) -> Self {
        self.shop.days = days;
        self
    }

    /// What products cost the shop as a share of their price, on average; single ones differ by a tenth. Defaults to
    /// 0.45.
    #[must_use]
    pub fn unit_cost_share(mut self, share: f64) -> Self {
        self.shop.unit_cost_share = share;
        self
    }

    /// The currency. Defaults to `EUR`.
    #[must_use]
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.shop.currency = currency.into();
        self
    }

    /// The shop.
    ///
    /// # Errors
    /// [`Error::Setting`] where a number is outside its range, there is no category or brand, or a name is empty or
    /// given twice; [`Error::Parse`] where the start is no date.
    pub fn build(self) -> Result<Shop> {
        let mut shop = self.shop;
        shop.start = AsOf::date(&self.start, &shop.zone)?.micros();
        let shares = [
            ("heavy_returners", shop.heavy_returners),
            ("heavy_return_rate", shop.heavy_return_rate),
            ("return_rate", shop.return_rate),
            ("discounted_lines", shop.discounted_lines),
            ("discount_depth", shop.discount_depth),
            ("unit_cost_share", shop.unit_cost_share),
        ];
        for (setting, share) in shares {
            let strictly = matches!(setting, "heavy_return_rate" | "return_rate" | "discount_depth");
            if strictly && !(share > 0.0 && share < 1.0) {
                return Err(Error::Setting {
                    setting,
                    found: share.to_string(),
                    expected: "a share between 0 and 1",
                });
            }
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::Setting {
                    setting,
                    found: share.to_string(),
                    expected: "a share from 0 to 1",
                });
            }
        }
        let counts = [
            ("customers", shop.customers, 1..=20_000_000, "1 to 20 million"),
            ("products", shop.products, 1..=1_000_000, "1 to 1 million"),
            ("days", shop.days, 1..=36_500, "1 to 36,500 days"),
            ("return_window_days", shop.return_window_days, 1..=3_650, "1 to 3,650 days"),
        ];
        for (setting, count, range, expected) in counts {
            if !range.contains(&count) {
                return Err(Error::Setting { setting, found: count.to_string(), expected });
            }
        }
        if AsOf::instant(shop.end() + i64::from(shop.return_window_days + 1) * DAY, &shop.zone).is_err() {
            let expected = "a date from which the period ends before the year 9999";
            return Err(Error::Setting { setting: "start", found: self.start, expected });
        }
        check_categories(&shop.categories)?;
        let categories: Vec<String> = shop.categories.iter().map(|category| category.name.clone()).collect();
        check_names("categories", &categories, true)?;
        check_names("brands", &shop.brands, true)?;
        check_names("sizes", &shop.sizes, false)?;
        check_names("channels", &shop.channels, false)?;
        check_names("countries", &shop.countries, false)?;
        check_names("return_reasons", &shop.return_reasons, false)?;
        if shop.currency.trim().is_empty() {
            return Err(Error::Setting {
                setting: "currency",
                found: format!("`{}`", shop.currency),
                expected: "a currency such as EUR",
            });
        }
        Ok(shop)
    }
}

fn texts<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

fn check_names(setting: &'static str, names: &[String], needed: bool) -> Result<()> {
    let found = if needed && names.is_empty() {
        "empty".to_owned()
    } else if names.len() > usize::from(u16::MAX) {
        format!("{} names", names.len())
    } else if names.iter().any(|name| name.trim().is_empty()) {
        "with an empty name".to_owned()
    } else {
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => format!("with `{}` twice", pair[0]),
            None => return Ok(()),
        }
    };
    let expected = if needed { "one to 65,535 distinct names" } else { "at most 65,535 distinct names" };
    Err(Error::Setting { setting, found, expected })
}

fn check_categories(categories: &[ProductCategory]) -> Result<()> {
    let prices = Money::from_ten_thousandths(10_000)..=Money::from_ten_thousandths(1_000_000_000);
    for ProductCategory { name, price, return_odds, return_days } in categories {
        let (found, expected) = if !prices.contains(price) {
            (price.to_string(), "prices from 1 to 100,000")
        } else if !(return_odds.is_finite() && *return_odds > 0.0) {
            (return_odds.to_string(), "positive return odds")
        } else if !(return_days.is_finite() && *return_days > 0.0) {
            (return_days.to_string(), "a positive number of days until a return")
        } else {
            continue;
        };
        return Err(Error::Setting {
            setting: "categories",
            found: format!("{found} for `{name}`"),
            expected,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_outside_their_range_are_refused() {
        let price = |text| Money::parse(text).unwrap();
        let shop = Shop::builder;
        let refused = [
            ("customers", shop().customers(0)),
            ("customers", shop().customers(u32::MAX)),
            ("heavy_returners", shop().heavy_returners(-0.1)),
            ("heavy_returners", shop().heavy_returners(1.1)),
            ("heavy_returners", shop().heavy_returners(f64::NAN)),
            ("heavy_return_rate", shop().heavy_return_rate(1.0)),
            ("return_rate", shop().return_rate(0.0)),
            ("return_rate", shop().return_rate(f64::NAN)),
            ("discounted_lines", shop().discounted_lines(f64::INFINITY)),
            ("discount_depth", shop().discount_depth(0.0)),
            ("unit_cost_share", shop().unit_cost_share(1.01)),
            ("products", shop().products(0)),
            ("days", shop().days(0)),
            ("days", shop().days(36_501)),
            ("return_window_days", shop().return_window_days(0)),
            ("start", shop().start("9998-11-01")),
            ("categories", shop().categories([])),
            ("categories", shop().categories([ProductCategory::new("hats", price("0.99"))])),
            ("categories", shop().categories([ProductCategory::new("hats", price("20")).return_odds(0.0)])),
            (
                "categories",
                shop().categories([ProductCategory::new("hats", price("20")).return_days(f64::NAN)]),
            ),
            ("categories", shop().categories([ProductCategory::new("", price("20"))])),
            ("brands", shop().brands::<&str>([])),
            ("brands", shop().brands(["a", "b", "a"])),
            ("sizes", shop().sizes([" "])),
            ("channels", shop().channels(["", "web"])),
            ("countries", shop().countries(["DE", "DE"])),
            ("return_reasons", shop().return_reasons([""])),
            ("currency", shop().currency(" ")),
        ];
        for (name, builder) in refused {
            match builder.build() {
                Err(Error::Setting { setting, .. }) => assert_eq!(setting, name),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(matches!(shop().start("soon").build(), Err(Error::Parse { .. })));
    }

    #[test]
    fn the_ends_of_the_ranges_are_allowed() {
        for builder in [
            Shop::builder().heavy_returners(0.0),
            Shop::builder().heavy_returners(1.0),
            Shop::builder().discounted_lines(1.0).unit_cost_share(0.0),
            Shop::builder()
                .sizes::<&str>([])
                .channels::<&str>([])
                .countries::<&str>([])
                .return_reasons::<&str>([]),
        ] {
            assert!(builder.build().is_ok());
        }
    }
}
