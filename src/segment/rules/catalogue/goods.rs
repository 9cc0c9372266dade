//! What a customer buys: fans of a category, those who leave one out, the audience of a new product.

use super::template::{Template, at_least_one, check, share, templates, text};
use crate::error::Result;
use crate::features::{Behaviour, Feature};
use crate::segment::rules::{Predicate, did, feature};
use crate::transaction::{Attribute, Window};

/// Who buys one category above all?
///
/// Needs `top_category_share` of the family [`breadth`](crate::features::FeatureExtractorBuilder::breadth) and the
/// base features [`TopCategory`](Feature::TopCategory) and [`Orders`](Feature::Orders). Half of her money is more
/// than she spends on any other, and three orders are no single wish.
///
/// ```
/// use kohort::segment::catalogue::CategoryFan;
///
/// let of_shoes = CategoryFan::of("shoes").predicate()?;
/// assert_eq!(of_shoes.to_string(), "top_category = 'shoes' AND top_category_share >= 0.5 AND orders >= 3");
/// let of_any = CategoryFan::default().predicate()?;
/// assert_eq!(of_any.to_string(), "top_category_share >= 0.5 AND orders >= 3");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct CategoryFan {
    category: Option<String>,
    share: f64,
    orders: u32,
}

impl Default for CategoryFan {
    /// Of whichever category.
    fn default() -> Self {
        Self { category: None, share: 0.5, orders: 3 }
    }
}

impl CategoryFan {
    /// Of a category.
    pub fn of(category: impl Into<String>) -> Self {
        Self { category: Some(category.into()), ..Self::default() }
    }

    /// At least this share of what she buys is of the category, by value, above 0 and at most 1. Defaults to 0.5.
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

impl Template for CategoryFan {
    fn title(&self) -> String {
        match &self.category {
            Some(category) => format!("fan of {category}"),
            None => "category fan".to_owned(),
        }
    }

    fn check(&self) -> Result<()> {
        self.category.as_ref().map_or(Ok(()), |category| text("category", category))?;
        share("share", self.share)?;
        at_least_one("orders", self.orders)
    }

    fn rule(&self) -> Predicate {
        let most_of_it =
            feature("top_category_share").ge(self.share).and(feature(Feature::Orders).ge(self.orders));
        match &self.category {
            Some(category) => feature(Feature::TopCategory).eq(category.as_str()).and(most_of_it),
            None => most_of_it,
        }
    }
}

/// Who buys one category often, and another never?
///
/// Needs behaviours over orders alone, so a log with categories. Three times in a year is often for most things but
/// food; never is in all of history.
///
/// ```
/// use kohort::segment::catalogue::BuysOften;
///
/// let rule = BuysOften::of("shirts").never("shoes").predicate()?;
/// assert_eq!(
///     rule.to_string(),
///     "COUNT(ORDERS WHERE category = 'shirts' WITHIN '365d') >= 3 AND COUNT(ORDERS WHERE category = 'shoes') = 0"
/// );
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct BuysOften {
    category: String,
    never: Option<String>,
    orders: u32,
    window: Window,
}

impl BuysOften {
    /// A category often.
    pub fn of(category: impl Into<String>) -> Self {
        Self { category: category.into(), never: None, orders: 3, window: Window::days(365) }
    }

    /// And this one never. Defaults to any or none of the others.
    pub fn never(mut self, category: impl Into<String>) -> Self {
        self.never = Some(category.into());
        self
    }

    /// Often is in at least so many orders, at least 1. Defaults to 3.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }

    /// In which window it is often. Defaults to the last 365 days.
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }
}

impl Template for BuysOften {
    fn title(&self) -> String {
        match &self.never {
            Some(never) => format!("often {}, never {never}", self.category),
            None => format!("often {}", self.category),
        }
    }

    fn check(&self) -> Result<()> {
        text("category", &self.category)?;
        if let Some(never) = &self.never {
            text("never", never)?;
            let expected = "another category than the one she buys often";
            check(*never != self.category, "never", format_args!("`{never}`"), expected)?;
        }
        at_least_one("orders", self.orders)?;
        orders_of(&self.category, &self.window).check()
    }

    fn rule(&self) -> Predicate {
        let often = did(orders_of(&self.category, &self.window)).at_least(self.orders);
        match &self.never {
            Some(never) => often.and(did(orders_of(never, &Window::all())).never()),
            None => often,
        }
    }
}

/// Whom to tell of a new product of a category?
///
/// Those who bought of the category lately, more than once, and do not have the product. Needs behaviours over
/// orders, so a log with categories, and with products where one is named. Who buys a kind of thing again is likelier
/// to try the next of it than anyone else; half a year is about one season's assortment.
///
/// ```
/// use kohort::segment::catalogue::NewProductAudience;
///
/// let rule = NewProductAudience::of("shoes").without_product("trail runner").predicate()?;
/// assert_eq!(
///     rule.to_string(),
///     "COUNT(ORDERS WHERE category = 'shoes' WITHIN '180d') >= 2 AND COUNT(ORDERS WHERE product = 'trail runner') = 0"
/// );
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct NewProductAudience {
    category: String,
    without_product: Option<String>,
    orders: u32,
    window: Window,
}

impl NewProductAudience {
    /// For a product of a category.
    pub fn of(category: impl Into<String>) -> Self {
        Self { category: category.into(), without_product: None, orders: 2, window: Window::days(180) }
    }

    /// She has not bought this product. Defaults to any, as nobody has what is not yet sold.
    pub fn without_product(mut self, product: impl Into<String>) -> Self {
        self.without_product = Some(product.into());
        self
    }

    /// She bought of the category in at least so many orders, at least 1. Defaults to 2.
    pub fn orders(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }

    /// In which window she did. Defaults to the last 180 days.
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }
}

impl Template for NewProductAudience {
    fn title(&self) -> String {
        format!("new {}", self.category)
    }

    fn check(&self) -> Result<()> {
        text("category", &self.category)?;
        self.without_product.as_ref().map_or(Ok(()), |product| text("without_product", product))?;
        at_least_one("orders", self.orders)?;
        orders_of(&self.category, &self.window).check()
    }

    fn rule(&self) -> Predicate {
        let buys_it = did(orders_of(&self.category, &self.window)).at_least(self.orders);
        match &self.without_product {
            Some(product) => {
                let has_it = Behaviour::orders().only(Attribute::Product, [product.as_str()]);
                buys_it.and(did(has_it).never())
            }
            None => buys_it,
        }
    }
}

/// In how many orders of a window a category was.
fn orders_of(category: &str, window: &Window) -> Behaviour {
    Behaviour::orders().only(Attribute::Category, [category]).within(window.clone()).count()
}

templates!(CategoryFan, BuysOften, NewProductAudience);
