//! The features kohort computes: one name each, fixed by semantic versioning and safe as an SQL column.

use std::fmt;

use crate::error::{Error, Result};

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// A feature of a customer as of a moment.
        ///
        /// Orders are those with at least one line that has a value; *sale lines* are such lines. A feature that does
        /// not exist for a customer is missing, never zero: the recency of someone who never bought, the rate of
        /// nothing.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Feature {
            $($(#[$doc])* $variant,)*
        }

        impl Feature {
            /// Every feature, in the order of the table's columns.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in a table.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

features! {
    /// Whole days since the last order: `floor((as_of − time) / 24 h)`. Unsigned; missing without an order.
    RecencyDays => "recency_days",
    /// Whole days since the first order. Unsigned; missing without an order.
    TenureDays => "tenure_days",
    /// Time of the first order: of its earliest sale line. Missing without an order.
    FirstOrder => "first_order",
    /// Time of the last order: the latest of the orders' own times, each that of its earliest sale line. Missing
    /// without an order.
    LastOrder => "last_order",
    /// Number of orders, the *frequency* of RFM. Unsigned.
    Orders => "orders",
    /// Number of sale lines. Unsigned.
    Lines => "lines",
    /// Pieces that went out, free ones among them. 64-bit.
    Items => "items",
    /// Value of the sale lines before discounts. Money.
    Gross => "gross",
    /// Discounts on the sale lines. Money.
    Discount => "discount",
    /// Value that came back, posted: by the time of the return, whether or not its sale is known. Money; missing
    /// where the shop does not record returns.
    Returned => "returned",
    /// The same at list price: the returned share of a line's pieces times its gross. For returns recorded on their
    /// sale lines. Money.
    ReturnedGross => "returned_gross",
    /// Value that came back and belongs to a known earlier sale, at most what was paid for it. Money. A credit note is
    /// spread evenly over its pieces, which belong to the latest sale before it of the same customer and product that
    /// has pieces left, then to the one before that. A sale at the same instant counts as before it; of sales at one
    /// instant, that of the largest value is the latest.
    ReturnedAttributed => "returned_attributed",
    /// Gross less discounts and posted returns. Money; negative where more came back than was bought in the log.
    Net => "net",
    /// Gross less discounts, per order. 64-bit float in currency units; missing without an order.
    AverageOrderValue => "average_order_value",
    /// Attributed returned value per value bought: `returned_attributed / (gross − discount)`. Missing without value.
    ReturnRate => "return_rate",
    /// Posted returned value per value bought: `returned / (gross − discount)`; above 1 where a return's sale is not
    /// in the log. Missing without value.
    ReturnRatePosted => "return_rate_posted",
    /// Attributed returned pieces per piece that went out. Missing without pieces.
    ReturnRateItems => "return_rate_items",
    /// Pieces that came back and belong to a known earlier line. 64-bit.
    ItemsReturned => "items_returned",
    /// Lines that went out with a value of which at least half the pieces came back. Unsigned.
    LinesReturned => "lines_returned",
    /// Orders of which something came back. Unsigned.
    OrdersWithReturn => "orders_with_return",
    /// Parcels that came back: credit notes; of returns that are recorded on their sale lines, distinct (order, time).
    /// Unsigned.
    ReturnParcels => "return_parcels",
    /// Discounts per gross value. Missing without value.
    DiscountShare => "discount_share",
    /// The category with the largest gross value, of equals the first by text. Missing where no sale line names one.
    TopCategory => "top_category",
    /// Number of distinct categories among the sale lines. Unsigned.
    Categories => "categories",
    /// Share of gross value per channel, one column each: `channel_share__web`. Missing without value.
    ChannelShares => "channel_share",
    /// The country with the largest gross value, of equals the first by text. Missing where no sale line names one.
    Country => "country",
    /// Cost of the pieces that went out, as recorded on the lines. Money; missing where a line's cost is unknown.
    CostOfGoods => "cost_of_goods",
    /// The part of it that came back, in proportion to each line's attributed pieces. Money; missing where a line's
    /// cost is unknown.
    CostOfGoodsReturned => "cost_of_goods_returned",
    /// Sale lines old enough that their returns are in. Unsigned.
    LinesMature => "lines_mature",
    /// Those of them of which at least half the pieces came back. Unsigned.
    LinesReturnedMature => "lines_returned_mature",
}

impl Feature {
    /// The feature of a name.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|feature| feature.name() == name).ok_or_else(|| {
            Error::MissingFeature {
                feature: name.to_owned(),
                nearest: crate::error::nearest(name, Self::ALL.iter().map(|feature| feature.name())),
            }
        })
    }
}

impl AsRef<str> for Feature {
    fn as_ref(&self) -> &str {
        self.name()
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The part of a column name that stands for a level: lower-case ASCII letters and digits; other letters by their
/// number, so that names stay distinct and safe for SQL; everything else `_`.
pub(crate) fn slug(level: &str) -> String {
    let mut slug = String::new();
    for letter in level.chars() {
        match letter {
            _ if letter.is_ascii_alphanumeric() => slug.push(letter.to_ascii_lowercase()),
            _ if letter.is_alphanumeric() => slug.extend(format!("u{:04x}", u32::from(letter)).chars()),
            _ => slug.push('_'),
        }
    }
    if slug.is_empty() { "_".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_any_script_make_sql_safe_names() {
        assert_eq!(slug("Web Shop"), "web_shop");
        assert_eq!(slug("Ü2"), "u00dc2");
        assert_ne!(slug("Ü"), slug("Ö"));
        assert_eq!(slug("-"), "_");
    }

    #[test]
    fn names_are_distinct_and_sql_safe() {
        let mut names: Vec<&str> = Feature::ALL.iter().map(|feature| feature.name()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        assert!(Feature::ALL.iter().all(|feature| Feature::named(feature.name()).unwrap() == *feature));
    }
}
