//! The tax in a table's prices.

use crate::economics::costs::Costs;
use crate::economics::facts::Facts;
use crate::economics::formula::no_value;
use crate::error::{Error, Result};
use crate::features::Feature;
use crate::transaction::{Rate, Vat};

/// The tax in a table's prices.
pub(super) enum Tax {
    None,
    Uniform(Rate),
    /// By the code of the country, and for customers without one.
    ByCountry(Vec<Rate>, Rate),
}

impl Tax {
    pub(super) fn of(costs: &Costs, facts: &Facts<'_>) -> Result<Self> {
        let stated = facts.table.context().map(|context| context.vat);
        match (stated, &costs.vat) {
            (Some(Vat::Excluded), _) | (None, None) => Ok(Self::None),
            (Some(Vat::Included), None) => Err(Error::Setting {
                setting: "vat",
                found: "not set, but the table's prices include tax".to_owned(),
                expected: "the tax rate: `.vat(VatRates::uniform(..))` or `.vat(VatRates::by_country(..))` on the costs",
            }),
            (_, Some(rates)) if rates.is_by_country() => {
                let Some(country) = facts.country else {
                    let feature = Feature::Country;
                    return Err(facts
                        .table
                        .column(feature)
                        .err()
                        .unwrap_or_else(|| no_value(feature.name())));
                };
                let by_code = country.levels().iter().map(|name| rates.rate(Some(name))).collect();
                Ok(Self::ByCountry(by_code, rates.rate(None)))
            }
            (_, Some(rates)) => Ok(Self::Uniform(rates.rate(None))),
        }
    }

    #[inline]
    pub(super) fn rate(&self, facts: &Facts<'_>, row: usize) -> Rate {
        match self {
            Self::None => Rate::ZERO,
            Self::Uniform(rate) => *rate,
            Self::ByCountry(rates, other) => {
                let code = facts.country.and_then(|country| country.code(row));
                code.and_then(|code| rates.get(code as usize)).copied().unwrap_or(*other)
            }
        }
    }
}
