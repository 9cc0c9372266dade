//! What every customer of a shop is drawn with, computed once.

use crate::random::Weights;
use crate::synthetic::assortment::Catalogue;
use crate::synthetic::classes::{CustomerClass, class_shares, discount_chances};
use crate::synthetic::shop::Shop;

/// A shop's products and the weights of its classes, channels, countries and reasons.
pub(super) struct Market<'a> {
    pub(super) shop: &'a Shop,
    pub(super) catalogue: Catalogue,
    pub(super) classes: Weights,
    /// How likely a line of each class is discounted.
    pub(super) discounts: [f64; CustomerClass::ALL.len()],
    pub(super) channels: Weights,
    pub(super) countries: Weights,
    pub(super) reasons: Weights,
}

impl<'a> Market<'a> {
    pub(super) fn new(shop: &'a Shop) -> Self {
        // The first of a list is the most frequent: weights 1, 1/2, 1/3 …
        let falling = |names: &[String]| Weights::new((0..names.len()).map(|place| 1.0 / (place + 1) as f64));
        Self {
            shop,
            catalogue: Catalogue::new(shop),
            classes: Weights::new(class_shares(shop.heavy_returners)),
            discounts: discount_chances(shop.heavy_returners, shop.discounted_lines),
            channels: falling(&shop.channels),
            countries: falling(&shop.countries),
            reasons: falling(&shop.return_reasons),
        }
    }
}
