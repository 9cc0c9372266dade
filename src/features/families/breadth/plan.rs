//! Breadth, planned for a log and measured of one customer after the other.

use std::sync::Arc;

use crate::category::Levels;
use crate::error::Result;
use crate::features::customer::Customer;
use crate::features::derive::{Code, Grow, Part, TooLarge, ratio};
use crate::features::families::assortment::{Assortment, Bought, named, top};
use crate::features::families::breadth::Breadth;
use crate::features::families::shop;
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Ratios, Source};
use crate::features::feature::slug;
use crate::features::lines::Needs;
use crate::numeric::ln;
use crate::transaction::Attribute;

impl Family for Breadth {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let of = self.within(source.log)?;
        let categories = of.contains(&Attribute::Category).then(|| Shelves::new(source, self.largest));
        let brands = source.log.attribute(Attribute::Brand).filter(|_| of.contains(&Attribute::Brand));
        Ok(Box::new(BreadthPlan {
            settings: self.clone(),
            products: of.contains(&Attribute::Product),
            categories,
            brands: brands.map(|brands| Arc::clone(&brands.levels)),
        }))
    }
}

/// The shop's categories before the moment.
struct Shelves {
    /// How many there are.
    sold: u32,
    /// The largest by gross and their texts, the largest first, of equals the first by text.
    largest: Vec<(u32, String)>,
}

impl Shelves {
    fn new(source: &Source<'_>, largest: u32) -> Self {
        let log = source.log;
        let column = log.attribute(Attribute::Category);
        let mut gross = shop::sums_by_level(source, column, |row| log.gross[row]);
        gross.pop();
        let mut sold: Vec<u32> = (0..gross.len() as u32).filter(|code| gross[*code as usize] > 0).collect();
        let by_gross = |code: &u32| (std::cmp::Reverse(gross[*code as usize]), *code);
        let count = sold.len() as u32;
        let largest = largest as usize;
        if sold.len() > largest {
            sold.select_nth_unstable_by_key(largest, by_gross);
            sold.truncate(largest);
        }
        sold.sort_unstable_by_key(by_gross);
        let text =
            |code: u32| column.and_then(|column| column.levels.get(code)).unwrap_or_default().to_owned();
        Self { sold: count, largest: sold.into_iter().map(|code| (code, text(code))).collect() }
    }
}

struct BreadthPlan {
    settings: Breadth,
    products: bool,
    categories: Option<Shelves>,
    brands: Option<Arc<Levels>>,
}

impl Plan for BreadthPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        let mut columns = Vec::new();
        if self.products {
            columns.push(ColumnPlan::number("products"));
        }
        if let Some(shelves) = &self.categories {
            columns
                .extend(["categories_often", "categories_once", "categories_never"].map(ColumnPlan::number));
            columns.push(ColumnPlan::number("top_category_share"));
            columns.push(ColumnPlan::number(format!("top{}_categories_share", self.settings.largest)));
            columns.push(ColumnPlan::number("category_entropy"));
            let share = |text: &str| ColumnPlan::number(format!("category_share__{}", slug(text)));
            columns.extend(shelves.largest.iter().map(|(_, text)| share(text)));
        }
        if let Some(levels) = &self.brands {
            columns.push(ColumnPlan::number("brands"));
            columns.push(ColumnPlan::category("top_brand", levels));
            columns.push(ColumnPlan::number("brand_loyalty"));
        }
        columns
    }

    fn needs(&self) -> Needs {
        let text = |wanted: bool, attribute| if wanted { Needs::text(attribute) } else { Needs::NONE };
        text(self.products, Attribute::Product)
            .and(text(self.categories.is_some(), Attribute::Category))
            .and(text(self.brands.is_some(), Attribute::Brand))
            .and(Needs { order: self.categories.is_some(), ..Needs::NONE })
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        let largest = self.categories.as_ref().map_or(0, |shelves| shelves.largest.len());
        Box::new(BreadthMeasure {
            plan: self,
            assortment: Assortment::default(),
            by_gross: Vec::new(),
            products: Grow::default(),
            category_counts: Default::default(),
            category_shares: Ratios::new(3 + largest),
            brands: Grow::default(),
            top_brand: Grow::default(),
            brand_loyalty: Grow::default(),
        })
    }
}

struct BreadthMeasure<'p> {
    plan: &'p BreadthPlan,
    assortment: Assortment,
    by_gross: Vec<i128>,
    products: Grow<u32>,
    /// Often, once, never.
    category_counts: [Grow<u32>; 3],
    /// Of her largest, of her largest few, entropy, of each of the shop's largest.
    category_shares: Ratios,
    brands: Grow<u32>,
    top_brand: Grow<Code>,
    brand_loyalty: Grow<f64>,
}

impl Measure for BreadthMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        if self.plan.products {
            let products = self.assortment.of(&customer.lines, customer.text(Attribute::Product));
            self.products.push(Some(named(products).len() as u32));
        }
        if let Some(shelves) = &self.plan.categories {
            self.add_categories(customer, shelves);
        }
        if self.plan.brands.is_some() {
            let bought = self.assortment.of(&customer.lines, customer.text(Attribute::Brand));
            let (brands, gross) = (named(bought), whole(bought));
            let top = top(brands);
            self.brands.push(Some(brands.len() as u32));
            self.top_brand.push(top.map(|brand| Code(brand.code)));
            self.brand_loyalty.push(top.and_then(|brand| ratio(brand.gross, gross)));
        }
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        let mut parts = Vec::new();
        if self.plan.products {
            parts.push(self.products.take());
        }
        if self.plan.categories.is_some() {
            parts.extend(self.category_counts.iter_mut().map(Grow::take));
            parts.extend(self.category_shares.take());
        }
        if self.plan.brands.is_some() {
            parts.extend([self.brands.take(), self.top_brand.take(), self.brand_loyalty.take()]);
        }
        Ok(parts)
    }
}

impl BreadthMeasure<'_> {
    fn add_categories(&mut self, customer: &Customer<'_>, shelves: &Shelves) {
        let settings = &self.plan.settings;
        let bought = self.assortment.of(&customer.lines, customer.text(Attribute::Category));
        let (categories, gross) = (named(bought), whole(bought));
        let with = |wanted: &dyn Fn(u32) -> bool| {
            Some(categories.iter().filter(|category| wanted(category.orders)).count() as u32)
        };
        let [often, once, never] = &mut self.category_counts;
        often.push(with(&|orders| orders >= settings.often));
        once.push(with(&|orders| orders == 1));
        never.push(Some(shelves.sold - categories.len() as u32));

        self.by_gross.clear();
        self.by_gross.extend(categories.iter().map(|category| category.gross));
        self.by_gross.sort_unstable_by(|a, b| b.cmp(a));
        let of_largest = |count: usize| {
            let largest = &self.by_gross[..count.min(self.by_gross.len())];
            ratio(largest.iter().sum(), gross).filter(|_| !largest.is_empty())
        };
        let shop_share = |code: u32| {
            let place = categories.binary_search_by_key(&code, |category| category.code);
            ratio(place.map_or(0, |place| categories[place].gross), gross)
        };
        let own = [of_largest(1), of_largest(settings.largest as usize), entropy(categories)];
        let shares = shelves.largest.iter().map(|(code, _)| shop_share(*code));
        self.category_shares.push(own.into_iter().chain(shares));
    }
}

/// The gross of all lines.
fn whole(bought: &[Bought]) -> i128 {
    bought.iter().map(|level| level.gross).sum()
}

/// Shannon's entropy of gross over categories, in nats. They ascend by text, so that the sum is the same to the bit for
/// any order of lines, and so is the logarithm on any processor.
fn entropy(categories: &[Bought]) -> Option<f64> {
    let whole = whole(categories);
    let mut shares = categories.iter().map(|category| ratio(category.gross, whole));
    shares.try_fold(0.0, |sum, share| share.map(|share| sum - share * ln(share))).filter(|_| whole > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bought(gross: &[i128]) -> Vec<Bought> {
        let level =
            |(code, gross): (usize, &i128)| Bought { code: code as u32, gross: *gross, pieces: 1, orders: 1 };
        gross.iter().enumerate().map(level).collect()
    }

    #[test]
    fn entropy_of_known_spreads() {
        assert_eq!(entropy(&[]), None);
        assert_eq!(
            entropy(&bought(&[700])).map(f64::to_bits),
            Some(0.0_f64.to_bits()),
            "one category is no spread"
        );
        approx::assert_relative_eq!(entropy(&bought(&[5; 8])).unwrap(), 8.0_f64.ln(), max_relative = 1e-14);
        // Shannon (1948), section 6: ½, ⅓ and ⅙ have ⅔ ln 2 + ½ ln 3.
        let thirds = 2.0 / 3.0 * 2.0_f64.ln() + 0.5 * 3.0_f64.ln();
        approx::assert_relative_eq!(entropy(&bought(&[30, 20, 10])).unwrap(), thirds, max_relative = 1e-14);
    }
}
