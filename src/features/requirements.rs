//! What each feature is computed from: which columns the log has to have, and which of them the pass moves.

use std::collections::BTreeSet;

use crate::features::feature::{Feature, Feature as F};
use crate::features::lines::Needs;
use crate::transaction::{Attribute, Returns, TransactionLog};

/// The column of a text, in words.
pub(crate) const fn column_of(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Product => "a product column",
        Attribute::Category => "a category column",
        Attribute::Brand => "a brand column",
        Attribute::Size => "a size column",
        Attribute::Channel => "a channel column",
        Attribute::Country => "a country column",
        Attribute::Reason => "a column of return reasons",
    }
}

/// What the log has to have for a feature, in words; `None` where it has it.
pub(crate) fn lacking(feature: Feature, log: &TransactionLog) -> Option<&'static str> {
    let recorded = *log.rules().returns() != Returns::NotRecorded;
    let on_lines = log.returned.is_some();
    let (met, needs) = match feature {
        Feature::Returned
        | Feature::ReturnedAttributed
        | Feature::ReturnRate
        | Feature::ReturnRatePosted
        | Feature::ReturnRateItems
        | Feature::ItemsReturned
        | Feature::LinesReturned
        | Feature::LinesReturnedMature
        | Feature::OrdersWithReturn
        | Feature::ReturnParcels => (recorded, "a record of returns"),
        Feature::ReturnedGross => (on_lines, "returns recorded on their sale lines"),
        Feature::TopCategory | Feature::Categories => {
            (log.attribute(Attribute::Category).is_some(), "a category column")
        }
        Feature::ChannelShares => (log.attribute(Attribute::Channel).is_some(), "a channel column"),
        Feature::Country => (log.attribute(Attribute::Country).is_some(), "a country column"),
        Feature::CostOfGoods => (log.costs.is_some(), "unit costs"),
        Feature::CostOfGoodsReturned => {
            (log.costs.is_some() && recorded, "unit costs and a record of returns")
        }
        Feature::DiscountShare | Feature::Discount => (log.discounts.is_some(), "a discount column"),
        _ => (true, ""),
    };
    (!met).then_some(needs)
}

/// Which columns a feature is computed from.
pub(crate) fn needs_of(features: &BTreeSet<Feature>, log: &TransactionLog) -> Needs {
    let credit_notes = matches!(log.rules().returns(), Returns::CreditNotes { .. });
    let any = |wanted: &[Feature]| wanted.iter().any(|feature| features.contains(feature));
    let attributed = any(&[
        F::ReturnedAttributed,
        F::ReturnRate,
        F::ReturnRateItems,
        F::ItemsReturned,
        F::LinesReturned,
        F::LinesReturnedMature,
        F::OrdersWithReturn,
        F::CostOfGoodsReturned,
    ]);
    let attribution = credit_notes && (attributed || any(&[F::ReturnParcels]));
    let value_back = any(&[F::Returned, F::Net, F::ReturnedAttributed, F::ReturnRate, F::ReturnRatePosted]);
    let pieces_back = any(&[
        F::ReturnedGross,
        F::ReturnRateItems,
        F::ItemsReturned,
        F::LinesReturned,
        F::LinesReturnedMature,
        F::CostOfGoodsReturned,
    ]);
    let orders_back = any(&[F::OrdersWithReturn, F::ReturnParcels]);
    Needs {
        order: attribution
            || orders_back
            || any(&[F::Orders, F::AverageOrderValue, F::RecencyDays, F::LastOrder]),
        quantity: attribution || pieces_back || any(&[F::Items]),
        discount: attribution
            || any(&[
                F::Discount,
                F::DiscountShare,
                F::Net,
                F::AverageOrderValue,
                F::ReturnRate,
                F::ReturnRatePosted,
            ]),
        cost: any(&[F::CostOfGoods, F::CostOfGoodsReturned]),
        returned_quantity: pieces_back || orders_back,
        returned: value_back || orders_back,
        category: any(&[F::TopCategory, F::Categories]),
        channel: any(&[F::ChannelShares]),
        country: any(&[F::Country]),
        order_returns: orders_back,
        maturity: any(&[F::LinesMature, F::LinesReturnedMature]),
        attribution,
        ..Needs::NONE
    }
}
