//! How does a customer respond to marketing? A family of features from an event log.

mod builder;
mod measure;
mod messages;
mod table;

pub use builder::{ByChannel, ResponseBuilder};
use table::response_table;

use crate::error::Result;
use crate::events::{ByCustomer, EventLog};
use crate::features::table::FeatureTable;
use crate::transaction::{AsOf, Window};

/// How customers respond to marketing: which features are made of an [`EventLog`], and how.
///
/// Only events before the moment count; the table has one row for each customer who has any. Kinds are those of
/// [`EventKind`](crate::events::EventKind), others are looked at only where they are
/// [responses](ResponseBuilder::responses). A kind of which the log has no event at all was not recorded: what depends on
/// it is missing for everyone, not zero.
///
/// # Messages
///
/// Rates are per message sent, and each message counts once, however often it was opened. The events of a customer
/// that name the same campaign and channel are about the same messages: of these, at most as many were opened as were
/// sent. A reply that names no channel is about a message of its campaign, one that names no campaign about a message of
/// its channel, one that names neither about any, and always about one that is not counted yet (those that name more
/// choose first, channels in the order of their texts). A message that was clicked was opened, even where the opening
/// was not seen, as when images are blocked. A reply to a message that the log, or the window, does not have is about
/// none. So no rate is above 1.
///
/// # Features
///
/// | name | what it is |
/// |---|---|
/// | `sent`, `opened`, `clicked`, `converted`, `unsubscribes`, `complaints`, `bounces`, `visits` | number of events. Unsigned |
/// | `messages_opened`, `messages_clicked`, `messages_converted` | messages sent that were. Unsigned |
/// | `open_rate`, `click_rate`, `conversion_rate` | messages opened, clicked, converted per message sent; missing where none was sent |
/// | `click_to_open_rate` | messages clicked per message opened; missing where none was opened |
/// | `open_rate_expected`, … | the rate to expect of her, between her own and the shop's; see below |
/// | `favourite_response_channel` | the channel of most responses, of equals the first by text; missing without one |
/// | `favourite_response_hour` | the hour (0 to 23, in the zone of the moment, daylight saving included) of most responses, of equals the first; missing without a response |
///
/// Each window has these columns with its name behind: `sent__365d`; [`Window::all`] has no name. The counts and rates
/// of a channel are those of the events that name it: `sent__email`, `open_rate__email__365d`.
///
/// These look at all of history before the moment, whatever the windows:
///
/// | name | what it is |
/// |---|---|
/// | `days_since_response` | whole days since the last response; missing without one |
/// | `days_since_sent` | whole days since the last message was sent; missing without one |
/// | `unsubscribed` | 1 where she does not want messages of some channel: `unsubscribed__…` of any, else 0 |
/// | `unsubscribed__email` | 1 where her last word on the channel, or on all of them, is an unsubscription; at the same instant it wins over a subscription |
/// | `complained` | 1 where she ever did |
/// | `bounced` | 1 where a message bounced and she opened and clicked none later: the address may be dead |
///
/// # Expected rates
///
/// Someone who opened the only message she ever got does not open every message. The expected rate is
///
/// ```text
/// (messages opened + m · p) / (messages sent + m)
/// ```
///
/// with `p` the shop's rate (all messages opened over all sent, of the same window and channel) and `m` the
/// [prior messages](ResponseBuilder::prior_messages): the posterior mean of a binomial rate under a beta prior of mean
/// `p` that weighs as much as `m` messages. It is there for everyone, the shop's rate where nothing was sent, and
/// missing where the shop has none. All is exact in whole numbers until the one division.
///
/// Events are put in order of customers by one parallel sort, O(events · log events); memory is 16 bytes an event,
/// and 48 a customer, window and channel.
///
/// ```
/// use kohort::events::EventRules;
/// use kohort::features::Response;
/// use kohort::{AsOf, Event, EventLog, IdKind, Zone};
///
/// let mut events = EventLog::builder(&EventRules::builder().build()?, IdKind::Text);
/// for (customer, kind, campaign) in [
///     ("ada", "sent", "spring"), ("ada", "opened", "spring"), ("ada", "opened", "spring"), ("ada", "sent", "summer"),
///     ("ben", "sent", "spring"), ("ben", "unsubscribed", "spring"),
/// ] {
///     let mut event = Event::new(customer, 0, kind);
///     event.campaign = Some(campaign.into());
///     events.push(event)?;
/// }
/// let as_of = AsOf::date("1970-01-31", &Zone::utc())?;
/// let table = Response::builder().build()?.extract(&events.build()?, &as_of)?;
/// assert_eq!(table.counts("opened")?, [2, 0]);
/// assert_eq!(table.column("open_rate")?.number(0), Some(0.5), "one of two messages, however often");
/// assert_eq!(table.counts("unsubscribed")?, [0, 1]);
/// assert_eq!(table.counts("days_since_sent")?, [30, 30]);
/// assert_eq!(table.column("clicked")?.number(0), None, "clicks were not recorded");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    windows: Vec<Window>,
    responses: Vec<String>,
    prior_messages: u32,
    by_channel: ByChannel,
}

impl Response {
    /// The features of all customers who have an event before a moment, in ascending order of ids.
    ///
    /// How many events are not before the moment, and so left out, says [`EventLog::left_out`].
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a window that ends before it begins, or for more than 64 channels
    /// where each has columns of its own; [`Error::DuplicateFeature`](crate::Error::DuplicateFeature) where two channels
    /// have names that differ in punctuation only.
    pub fn extract(&self, events: &EventLog, as_of: &AsOf) -> Result<FeatureTable> {
        self.table(events, as_of, &ByCustomer::of(events, as_of))
    }

    /// The same of customers whose events were put side by side.
    pub(crate) fn table(
        &self,
        events: &EventLog,
        as_of: &AsOf,
        customers: &ByCustomer,
    ) -> Result<FeatureTable> {
        response_table(events, as_of, self, customers)
    }

    pub(crate) fn windows(&self) -> &[Window] {
        &self.windows
    }
}
