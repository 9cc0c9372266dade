//! Made-up customers for the tests of segmenters: the same for a seed, with what real tables have of trouble.

use kohort::features::{Column, FeatureTable, Values};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Category, Money};

/// Numbers without a pattern (`SplitMix64`).
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A table with all that segmenters ask for. Some customers have no order, some orders no value; orders tie often.
pub(crate) fn customers(n: usize, seed: u64) -> FeatureTable {
    let mut draws = Draws::new(seed);
    let mut bought = Vec::new();
    let (mut recency, mut tenure, mut orders, mut net) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut contribution, mut rate, mut discount, mut rich) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let has_order = draws.below(30) > 0;
        bought.push(has_order);
        let first = draws.below(1_000) as u32;
        tenure.push(first);
        recency.push(draws.below(u64::from(first) + 1) as u32);
        let mut count = 1;
        while count < 60 && draws.below(3) > 0 {
            count += 1;
        }
        orders.push(if has_order { count } else { 0 });
        let spent = (draws.below(40_000) * u64::from(count)) as i64 * 100 - 50_000;
        net.push(Money::from_ten_thousandths(spent));
        contribution.push(Money::from_ten_thousandths(spent / 3 - draws.below(500_000) as i64));
        rate.push((has_order && draws.below(9) > 0).then(|| draws.below(101) as f64 / 100.0));
        discount.push(has_order.then(|| draws.below(1_000) as f64 / 2_500.0));
        rich.push(u32::from(has_order && draws.below(25) == 0));
    }
    let bought = || bought.iter().copied().collect::<Bitmap>();
    let missing = |values: Vec<u32>| Column::with_missing(Values::U32(values), bought()).unwrap();
    FeatureTable::from_columns(
        CustomerIds::rows(n),
        [
            ("recency_days", missing(recency)),
            ("tenure_days", missing(tenure)),
            ("orders", Column::new(Values::U32(orders))),
            ("net", Column::new(Values::Money(net))),
            ("contribution", Column::new(Values::Money(contribution))),
            ("return_rate", Column::optional(rate)),
            ("discount_share", Column::optional(discount)),
            ("rich_but_returning", Column::new(Values::U32(rich))),
        ],
    )
    .unwrap()
}

/// The table with one column put in the place of another of the same name.
pub(crate) fn replaced(table: &FeatureTable, feature: &str, column: Column) -> FeatureTable {
    without(table, feature).column_added(feature, column).unwrap()
}

/// The table without a feature.
pub(crate) fn without(table: &FeatureTable, feature: &str) -> FeatureTable {
    table.select(table.names().filter(|name| *name != feature)).unwrap()
}

/// A column of text.
pub(crate) fn text(n: usize) -> Column {
    Column::new(Values::Category(Category::from_texts((0..n).map(|_| Some("text")))))
}

/// The table in which no customer has a feature.
pub(crate) fn all_missing(table: &FeatureTable, feature: &str) -> FeatureTable {
    let values = table.column(feature).unwrap().values().clone();
    let column = Column::with_missing(values, Bitmap::filled(table.len(), false)).unwrap();
    replaced(table, feature, column)
}
