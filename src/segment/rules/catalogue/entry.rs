//! The catalogue as a list, for pages where someone picks a segment.

use super::template::Template;
use super::{
    Active, AtRisk, BuysOften, CategoryFan, ChannelPreference, HighSpender, Lapsed, Loyal, MailUnresponsive,
    New, NewProductAudience, OneTimeBuyer, PriceSensitive, Reactivated, ReactsTo, RegionSeason,
    RichButUnprofitable, Season, Seasonal, SerialReturner, ShopsAt,
};
use crate::segment::rules::Predicate;

/// A template of the catalogue by its defaults.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// How it is made in a program: `AtRisk::default()`. What stands there in quotes is an example.
    pub template: &'static str,
    /// A name for the segment.
    pub name: String,
    /// For whom it is, in a clause.
    pub description: &'static str,
    /// For whom it is, exactly.
    pub predicate: Predicate,
    /// Where its features come from beside the base features of an extraction; empty where these are all.
    pub needs: &'static str,
}

/// Every template by its defaults, in the order of the table of the [module](crate::segment::rules::catalogue). Those
/// that ask for a channel, a category or a region have one as an example.
///
/// ```
/// use kohort::segment::catalogue;
///
/// let first = &catalogue::all()[0];
/// assert_eq!((first.template, first.name.as_str()), ("New::default()", "new"));
/// assert_eq!(first.predicate.to_string(), "tenure_days < 30");
/// ```
#[must_use]
pub fn all() -> Vec<Entry> {
    macro_rules! entries {
        ($($template:expr, $description:literal, $needs:literal;)*) => {
            vec![$(entry(stringify!($template), &$template, $description, $needs)),*]
        };
    }
    entries! {
        New::default(), "ordered for the first time lately", "";
        Active::default(), "ordered lately", "";
        Loyal::default(), "orders again and again, and still does", "";
        AtRisk::default(), "has not ordered for a while", "";
        Lapsed::default(), "is gone", "";
        Reactivated::default(), "came back after a long silence", "behaviours";
        OneTimeBuyer::default(), "bought once and never again", "";
        HighSpender::default(), "spends more than most", "";
        PriceSensitive::default(), "buys mostly on discount", "prices";
        SerialReturner::default(), "sends most of it back, on good evidence", "economics";
        RichButUnprofitable::default(), "looks rich by sales and earns nothing", "economics";
        ShopsAt::morning(), "orders in the morning", "calendar";
        ShopsAt::evening(), "orders in the evening", "calendar";
        Seasonal::of(Season::Winter), "buys in one season of the year", "calendar";
        RegionSeason::of(["AT"], Season::Winter), "lives there and buys in that season", "calendar";
        ChannelPreference::of("app"), "orders through one channel", "channels";
        CategoryFan::of("shoes"), "buys one category above all", "breadth";
        BuysOften::of("shirts").never("shoes"), "buys one category often and another never", "behaviours";
        NewProductAudience::of("shoes"), "may want a new product of a category", "behaviours";
        MailUnresponsive::default(), "gets mail and never opens it", "response";
        ReactsTo::channel("sms").not_to("email"), "reacts to one channel and not to another", "response";
    }
}

fn entry(
    template: &'static str,
    of: &impl Template,
    description: &'static str,
    needs: &'static str,
) -> Entry {
    Entry { template, name: of.title(), description, predicate: of.rule(), needs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_module_says_what_the_templates_are() {
        let docs = include_str!("mod.rs");
        for entry in all() {
            let (name, how) = entry.template.split_at(entry.template.find(':').unwrap());
            let how = if how == "::default()" { String::new() } else { format!("`{how}`") };
            let needs = if entry.needs.is_empty() { "–" } else { entry.needs };
            let Entry { predicate, description, .. } = &entry;
            let row = format!("//! | [`{name}`]{how} | {description} | `{predicate}` | {needs} |\n");
            assert!(docs.contains(&row), "{row}");
        }
        assert_eq!(docs.matches("\n//! | [`").count(), all().len(), "a row for each and no other");
    }

    #[test]
    fn examples_and_names_are_right() {
        let all = all();
        for (position, entry) in all.iter().enumerate() {
            assert!(!entry.name.trim().is_empty() && !entry.description.is_empty());
            assert!(all[..position].iter().all(|other| other.name != entry.name), "{}", entry.name);
        }
    }
}
