//! Segments that marketers' guides and tools name, as ready-made rules with settings.
//!
//! Each template is begun by its defaults or by what it needs to know, changed by its setters, and ends in a
//! [`Predicate`](crate::segment::Predicate), which is a rule like any other: joined with others by *and*, *or* and
//! *not*, printed, stored, explained. The defaults are a place to start, each with its reason; a shop for groceries
//! and one for furniture have other days.
//!
//! | template | who | predicate | needs |
//! |---|---|---|---|
//! | [`New`] | ordered for the first time lately | `tenure_days < 30` | – |
//! | [`Active`] | ordered lately | `recency_days < 90` | – |
//! | [`Loyal`] | orders again and again, and still does | `orders >= 3 AND tenure_days >= 30 AND recency_days < 90` | – |
//! | [`AtRisk`] | has not ordered for a while | `recency_days >= 90 AND recency_days < 365` | – |
//! | [`Lapsed`] | is gone | `recency_days >= 365` | – |
//! | [`Reactivated`] | came back after a long silence | `recency_days < 90 AND COUNT(ORDERS WITHIN '455d_90d') = 0 AND tenure_days >= 455` | behaviours |
//! | [`OneTimeBuyer`] | bought once and never again | `orders = 1` | – |
//! | [`HighSpender`] | spends more than most | `net > PERCENTILE(80)` | – |
//! | [`PriceSensitive`] | buys mostly on discount | `gross_on_discount_share > 0.5 AND orders >= 2` | prices |
//! | [`SerialReturner`] | sends most of it back, on good evidence | `return_rate_low >= 0.5` | economics |
//! | [`RichButUnprofitable`] | looks rich by sales and earns nothing | `gross > PERCENTILE(80) AND contribution <= 0` | economics |
//! | [`ShopsAt`]`::morning()` | orders in the morning | `hour_share__morning >= 0.75 AND orders >= 3` | calendar |
//! | [`ShopsAt`]`::evening()` | orders in the evening | `hour_share__evening >= 0.75 AND orders >= 3` | calendar |
//! | [`Seasonal`]`::of(Season::Winter)` | buys in one season of the year | `season_share__winter >= 0.75 AND orders >= 3 AND tenure_days >= 365` | calendar |
//! | [`RegionSeason`]`::of(["AT"], Season::Winter)` | lives there and buys in that season | `country IN ('AT') AND season_share__winter >= 0.5 AND orders >= 2` | calendar |
//! | [`ChannelPreference`]`::of("app")` | orders through one channel | `channel_order_share__app >= 0.75 AND orders >= 3` | channels |
//! | [`CategoryFan`]`::of("shoes")` | buys one category above all | `top_category = 'shoes' AND top_category_share >= 0.5 AND orders >= 3` | breadth |
//! | [`BuysOften`]`::of("shirts").never("shoes")` | buys one category often and another never | `COUNT(ORDERS WHERE category = 'shirts' WITHIN '365d') >= 3 AND COUNT(ORDERS WHERE category = 'shoes') = 0` | behaviours |
//! | [`NewProductAudience`]`::of("shoes")` | may want a new product of a category | `COUNT(ORDERS WHERE category = 'shoes' WITHIN '180d') >= 2` | behaviours |
//! | [`MailUnresponsive`] | gets mail and never opens it | `sent__email__180d >= 10 AND messages_opened__email__180d = 0` | response |
//! | [`ReactsTo`]`::channel("sms").not_to("email")` | reacts to one channel and not to another | `messages_clicked__sms__180d >= 2 AND sent__email__180d >= 5 AND messages_clicked__email__180d = 0` | response |
//!
//! *Needs* says where features come from beside the base features, which every extraction has: a family of the
//! [`FeatureExtractor`](crate::FeatureExtractor) by the name of its method; *economics*, which adds columns to the
//! table ([`Economics::enrich`](crate::Economics::enrich)); *response* to marketing
//! ([`Response`](crate::features::Response) with a window of 180 days); *behaviours*, which the rules name themselves
//! ([`Rules::behaviours`](crate::segment::Rules::behaviours)). What is missing for a customer makes her unknown, and
//! she is not in the segment.
//!
//! [`StarterSet`] and [`LifeCycleSet`] put templates together so that each customer is in one segment. [`all`] lists
//! the templates for a page where someone picks.
//!
//! ```
//! use kohort::features::{Breadth, Calendar};
//! use kohort::segment::catalogue::{AtRisk, BuysOften, CategoryFan, PriceSensitive, SerialReturner, ShopsAt};
//! use kohort::segment::{Rules, segment};
//! use kohort::synthetic::Shop;
//! use kohort::{CostOfGoods, Costs, Economics, FeatureExtractor};
//!
//! let log = Shop::builder().customers(1_000).build()?.generate()?.log;
//! let rules = Rules::builder()
//!     .rule("serial returner", SerialReturner::default().predicate()?)
//!     .rule("win back", AtRisk::default().orders(2).predicate()?.and(!segment("serial returner")))
//!     .rule("wait for the sale", PriceSensitive::default().above_share(0.7).predicate()?)
//!     .rule("shoes at night", CategoryFan::of("shoes").predicate()?.and(ShopsAt::band("night").predicate()?))
//!     .rule("no shoes yet", BuysOften::of("dresses").never("shoes").predicate()?)
//!     .build()?;
//!
//! let customers = FeatureExtractor::builder(log.as_of_end()?)
//!     .prices()
//!     .calendar(Calendar::default())
//!     .breadth(Breadth::default())
//!     .behaviours(rules.behaviours())
//!     .build()?
//!     .extract(&log)?;
//! let customers = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?.enrich(&customers)?;
//! let audiences = rules.fit(&customers)?.evaluate(&customers)?;
//! assert!((60..120).contains(&audiences.size("serial returner")?), "about a tenth of this shop's customers");
//! assert_eq!(audiences.overlap().counts[0][1], 0, "no one is won back who sends it all back");
//! # Ok::<(), kohort::Error>(())
//! ```

mod entry;
mod goods;
mod habits;
mod life_cycle;
mod response;
mod sets;
mod template;
mod value;

pub use entry::{Entry, all};
pub use goods::{BuysOften, CategoryFan, NewProductAudience};
pub use habits::{ChannelPreference, RegionSeason, Season, Seasonal, ShopsAt};
pub use life_cycle::{Active, AtRisk, Lapsed, Loyal, New, OneTimeBuyer, Reactivated};
pub use response::{Answer, MailUnresponsive, ReactsTo};
pub use sets::{LifeCycleSet, StarterSet};
pub use value::{HighSpender, PriceSensitive, RichButUnprofitable, SerialReturner};
