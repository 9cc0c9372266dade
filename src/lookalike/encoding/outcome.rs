//! Which features tell of returns, or of what was earned after them, by the words of their names.

/// Words of a feature's name that say so. The names are kohort's own: `net__365d`, `return_rate_low`, `lines_returned`,
/// `rich_but_returning`.
const WORDS: [&str; 14] = [
    "net",
    "return",
    "returned",
    "returns",
    "returning",
    "refund",
    "refunds",
    "contribution",
    "margin",
    "profit",
    "kept",
    "cm1",
    "cm2",
    "cm3",
];

/// Whether a feature is derived from returns or contribution.
pub(crate) fn tells_of_returns(feature: &str) -> bool {
    feature
        .split(|letter: char| !letter.is_alphanumeric())
        .any(|word| WORDS.contains(&word.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Feature;

    #[test]
    fn kohorts_own_features_are_told_apart() {
        let told: Vec<&str> =
            Feature::ALL.iter().map(|feature| feature.name()).filter(|name| tells_of_returns(name)).collect();
        assert_eq!(
            told,
            [
                "returned",
                "returned_gross",
                "returned_attributed",
                "net",
                "return_rate",
                "return_rate_posted",
                "return_rate_items",
                "items_returned",
                "lines_returned",
                "orders_with_return",
                "return_parcels",
                "cost_of_goods_returned",
                "lines_returned_mature",
            ]
        );
        for name in [
            "contribution",
            "return_rate_expected",
            "return_rate_low",
            "rich_but_returning",
            "net__365d",
            "days_to_refund",
        ] {
            assert!(tells_of_returns(name), "{name}");
        }
        for name in ["gross", "orders", "internet_share", "channel_share__web", "newsletter", "customers"] {
            assert!(!tells_of_returns(name), "{name}");
        }
    }
}
