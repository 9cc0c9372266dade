//! What a shop's records of events mean: the zone, which text stands for which kind, and what happens to rows that
//! repeat or cannot be kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::events::event::EventKind;
use crate::transaction::{Duplicates, Rounding, Strictness, Zone};

/// How an event log reads its rows.
///
/// ```
/// use kohort::Zone;
/// use kohort::events::{EventKind, EventRules};
///
/// let rules = EventRules::builder()
///     .zone(Zone::named("Europe/Berlin")?)
///     .kind("delivered", EventKind::Sent)
///     .kind("email_open", EventKind::Opened)
///     .kind("wish list", "wished")
///     .build()?;
/// assert_eq!(rules.kind_of("email_open"), "opened");
/// assert_eq!(rules.kind_of("Clicked"), "clicked", "letter case does not matter for the kinds of kohort");
/// assert_eq!(rules.kind_of("Survey"), "Survey", "any other text is a kind of its own");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EventRules {
    pub(crate) zone: Zone,
    pub(crate) kinds: BTreeMap<String, String>,
    pub(crate) duplicates: Duplicates,
    pub(crate) rounding: Rounding,
    pub(crate) strictness: Strictness,
}

impl EventRules {
    /// Rules that need nothing said.
    #[must_use]
    pub fn builder() -> EventRulesBuilder {
        EventRulesBuilder { rules: Self::default(), mapped: Vec::new() }
    }

    /// The zone of times that name none.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The kind that a text stands for: what the rules map it to, else the [`EventKind`] of that name in any letter
    /// case, else the text itself.
    #[must_use]
    pub fn kind_of<'a>(&'a self, text: &'a str) -> &'a str {
        match self.kinds.get(text) {
            Some(kind) => kind,
            None => match EventKind::named(text) {
                Some(kind) => kind.name(),
                None => text,
            },
        }
    }
}

/// Builds [`EventRules`].
#[derive(Clone, Debug)]
pub struct EventRulesBuilder {
    rules: EventRules,
    /// As given, so that a text with two kinds is found.
    mapped: Vec<(String, String)>,
}

impl EventRulesBuilder {
    /// The zone of times that name none. Defaults to UTC.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.rules.zone = zone;
        self
    }

    /// The kind that a text of the source stands for, an [`EventKind`] or any other. Texts are compared as they are,
    /// letter case included. Defaults to none: texts stand for themselves.
    #[must_use]
    pub fn kind(mut self, text: impl Into<String>, kind: impl Into<String>) -> Self {
        self.mapped.push((text.into(), kind.into()));
        self
    }

    /// What happens to a row that equals an earlier one in everything the log keeps. Defaults to
    /// [`Duplicates::Keep`].
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.rules.duplicates = duplicates;
        self
    }

    /// What happens to values of more than four decimals. Defaults to [`Rounding::Refuse`].
    #[must_use]
    pub fn rounding(mut self, rounding: Rounding) -> Self {
        self.rules.rounding = rounding;
        self
    }

    /// What happens to a row that cannot be kept. Defaults to [`Strictness::Count`].
    #[must_use]
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.rules.strictness = strictness;
        self
    }

    /// The rules.
    ///
    /// # Errors
    /// [`Error::Setting`] where a text or a kind is empty, or one text stands for two kinds.
    pub fn build(self) -> Result<EventRules> {
        let mut rules = self.rules;
        for (text, kind) in self.mapped {
            let refuse = |expected| {
                Err(Error::Setting { setting: "kind", found: format!("`{text}` for `{kind}`"), expected })
            };
            if text.trim().is_empty() || kind.trim().is_empty() {
                return refuse("a text and a kind of at least one character");
            }
            if rules.kinds.get(&text).is_some_and(|other| *other != kind) {
                return refuse("one kind for each text");
            }
            rules.kinds.insert(text, kind);
        }
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_for_one_kind() {
        let twice = EventRules::builder().kind("open", EventKind::Opened).kind("open", EventKind::Opened);
        assert_eq!(twice.build().unwrap().kind_of("open"), "opened");
        for rules in [
            EventRules::builder().kind("open", EventKind::Opened).kind("open", EventKind::Clicked),
            EventRules::builder().kind(" ", EventKind::Opened),
            EventRules::builder().kind("open", ""),
        ] {
            let refused = rules.build().unwrap_err();
            assert!(matches!(refused, Error::Setting { setting: "kind", .. }), "{refused}");
        }
    }

    #[test]
    fn a_mapping_wins_over_the_kinds_of_kohort() {
        // A shop whose `sent` means that an order was shipped.
        let rules = EventRules::builder().kind("sent", "shipped").kind("a", "sent").build().unwrap();
        assert_eq!(
            (rules.kind_of("sent"), rules.kind_of("a"), rules.kind_of("SENT")),
            ("shipped", "sent", "sent")
        );
    }
}
