//! One event as a caller gives it, and the kinds that have a meaning.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::transaction::{CustomerId, Money};

/// One row of a shop's record of events, for [`EventLogBuilder::push`](crate::events::EventLogBuilder::push).
///
/// Only customer, time and kind are needed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// To whom it happened, or who did it.
    pub customer: CustomerId,
    /// When, in microseconds UTC.
    pub time: i64,
    /// What happened: the name of an [`EventKind`], a text that the rules map to one, or a kind of its own.
    pub kind: String,
    /// The channel, such as `email` or `sms`.
    pub channel: Option<String>,
    /// The campaign. Events of one customer, channel and campaign are taken to be about one message.
    pub campaign: Option<String>,
    /// The product it was about.
    pub product: Option<String>,
    /// The category it was about.
    pub category: Option<String>,
    /// Any other text.
    pub label: Option<String>,
    /// A number that belongs to it: the worth of a conversion, the seconds of a visit, a score. It need not be money,
    /// but is kept as exactly as money is, so that no sum depends on the order of rows.
    pub value: Option<Money>,
}

impl Event {
    /// An event without channel, campaign, texts or value.
    pub fn new(customer: impl Into<CustomerId>, time: i64, kind: impl Into<String>) -> Self {
        Self {
            customer: customer.into(),
            time,
            kind: kind.into(),
            channel: None,
            campaign: None,
            product: None,
            category: None,
            label: None,
            value: None,
        }
    }
}

/// A kind of event that has a meaning to kohort. Any other text is a kind of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A message went out to the customer.
    Sent,
    /// She opened it.
    Opened,
    /// She followed a link in it.
    Clicked,
    /// She did what it was sent for.
    Converted,
    /// She asked for messages of the channel, or of every channel where none is named.
    Subscribed,
    /// She asked for no more of them.
    Unsubscribed,
    /// She complained, or marked the message as spam.
    Complained,
    /// The message could not be delivered.
    Bounced,
    /// She visited the shop or its site.
    Visited,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Sent,
        Self::Opened,
        Self::Clicked,
        Self::Converted,
        Self::Subscribed,
        Self::Unsubscribed,
        Self::Complained,
        Self::Bounced,
        Self::Visited,
    ];

    /// Its text in a log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Converted => "converted",
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
            Self::Complained => "complained",
            Self::Bounced => "bounced",
            Self::Visited => "visited",
        }
    }

    /// The kind of a name, in any letter case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<EventKind> for String {
    fn from(kind: EventKind) -> Self {
        kind.name().to_owned()
    }
}

/// A text that describes an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventAttribute {
    /// The channel, such as `email` or `sms`.
    Channel,
    /// The campaign.
    Campaign,
    /// The product it was about.
    Product,
    /// The category it was about.
    Category,
    /// Any other text.
    Label,
}

impl EventAttribute {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Channel, Self::Campaign, Self::Product, Self::Category, Self::Label];

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Campaign => "campaign",
            Self::Product => "product",
            Self::Category => "category",
            Self::Label => "label",
        }
    }
}

impl fmt::Display for EventAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_are_what_serde_writes() {
        for (index, kind) in EventKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "a kind's place in the list is its number");
            assert_eq!(EventKind::named(&kind.name().to_uppercase()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        for (index, attribute) in EventAttribute::ALL.into_iter().enumerate() {
            assert_eq!(attribute as usize, index);
            assert_eq!(serde_json::to_string(&attribute).unwrap(), format!("\"{attribute}\""));
        }
        assert_eq!(EventKind::named("email_open"), None);
    }
}
