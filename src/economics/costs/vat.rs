//! The rate of value-added tax that prices include, by country.

use serde::Serialize;

use crate::economics::costs::by_name;
use crate::transaction::Rate;

/// The rate of value-added tax that prices include.
///
/// ```
/// use kohort::Rate;
/// use kohort::economics::VatRates;
///
/// let rates = VatRates::by_country(Rate::from_f64(0.19)?, [("AT", Rate::from_f64(0.20)?)]);
/// assert_eq!(rates.rate(Some("AT")), Rate::from_f64(0.20)?);
/// assert_eq!(rates.rate(None), Rate::from_f64(0.19)?);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VatRates {
    other: Rate,
    /// In ascending order of countries, each once.
    countries: Vec<(String, Rate)>,
}

impl VatRates {
    /// The same rate for everyone.
    #[must_use]
    pub fn uniform(rate: Rate) -> Self {
        Self { other: rate, countries: Vec::new() }
    }

    /// A rate by the customer's country (the table's column `country`), and one for all others and for customers
    /// whose country is not known. Of a country that is named twice, the last rate counts.
    pub fn by_country<C: Into<String>>(other: Rate, countries: impl IntoIterator<Item = (C, Rate)>) -> Self {
        Self { other, countries: by_name(countries) }
    }

    /// The rate of a country.
    #[must_use]
    pub fn rate(&self, country: Option<&str>) -> Rate {
        country
            .and_then(|name| self.countries.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok())
            .map_or(self.other, |place| self.countries[place].1)
    }

    /// Whether rates differ by country.
    #[must_use]
    pub fn is_by_country(&self) -> bool {
        !self.countries.is_empty()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Rate> {
        std::iter::once(self.other).chain(self.countries.iter().map(|(_, rate)| *rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rate_of_a_country_counts() {
        let (low, high) = (Rate::from_millionths(70_000), Rate::from_millionths(190_000));
        let rates = VatRates::by_country(Rate::ZERO, [("DE", low), ("AT", low), ("DE", high)]);
        assert_eq!(rates.rate(Some("DE")), high);
        assert_eq!(rates.rate(Some("AT")), low);
        assert_eq!(rates.rate(Some("CH")), Rate::ZERO);
    }
}
