//! The table of the response features: customers in order, one column per feature, window and channel.

use std::sync::Arc;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::category::{Category, Levels};
use crate::error::{Error, Result};
use crate::events::{ByCustomer, EventAttribute, EventKind, EventLog};
use crate::features::feature::slug;
use crate::features::response::measure::{Favourites, Measured, Meter, NO_HOUR, State, Tally, kinds_of};
use crate::features::response::messages::REPLIES;
use crate::features::response::{ByChannel, Response};
use crate::features::table::{Column, FeatureTable, Values};
use crate::transaction::{AsOf, DAY, Window};

/// Customers that one task measures. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 10;

/// More channels than this have no columns of their own.
const MOST_CHANNELS: usize = 64;

/// The kinds that are counted, each with the name of its count.
const COUNTS: [(EventKind, &str); 8] = [
    (EventKind::Sent, "sent"),
    (EventKind::Opened, "opened"),
    (EventKind::Clicked, "clicked"),
    (EventKind::Converted, "converted"),
    (EventKind::Unsubscribed, "unsubscribes"),
    (EventKind::Complained, "complaints"),
    (EventKind::Bounced, "bounces"),
    (EventKind::Visited, "visits"),
];

const MESSAGES: [&str; REPLIES.len()] = ["messages_opened", "messages_clicked", "messages_converted"];

/// The rates: the reply, of what, and the name.
const RATES: [(usize, Trials, &str); 4] = [
    (0, Trials::Sent, "open_rate"),
    (1, Trials::Sent, "click_rate"),
    (1, Trials::Opened, "click_to_open_rate"),
    (2, Trials::Sent, "conversion_rate"),
];

/// What a rate is a share of.
#[derive(Clone, Copy)]
enum Trials {
    Sent,
    Opened,
}

/// A column to be made. Windows and scopes are positions; scope 0 is all events, then each channel.
#[derive(Clone, Copy)]
enum Spec {
    Count { at: At, kind: EventKind },
    Messages { at: At, reply: usize },
    Rate { at: At, reply: usize, trials: Trials, expected: bool },
    FavouriteChannel { window: usize },
    FavouriteHour { window: usize },
    DaysSinceResponse,
    DaysSinceSent,
    Unsubscribed { channel: Option<usize> },
    Complained,
    Bounced,
}

#[derive(Clone, Copy)]
struct At {
    window: usize,
    scope: usize,
}

/// The response features of the customers who have an event before the moment, in ascending order of ids.
pub(crate) fn response_table(
    events: &EventLog,
    as_of: &AsOf,
    response: &Response,
    customers: &ByCustomer,
) -> Result<FeatureTable> {
    let windows = response.windows.iter().map(|window| window.range(as_of)).collect::<Result<Vec<_>>>()?;
    let channels = match (response.by_channel, events.attribute(EventAttribute::Channel)) {
        (ByChannel::Each, Some(channels)) => channels.levels.len(),
        _ => 0,
    };
    if channels > MOST_CHANNELS {
        return Err(Error::Setting {
            setting: "by_channel",
            found: format!("{channels} channels"),
            expected: "at most 64; group them, or count all channels together",
        });
    }
    let kinds = kinds_of(events, &response.responses);
    let chunks: Vec<Measured> = (0..customers.len().div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let mut meter = Meter::new(events, as_of.zone(), &windows, channels, &kinds);
            let mut measured = Measured::default();
            for customer in chunk * CHUNK..customers.len().min((chunk + 1) * CHUNK) {
                meter.measure(customers.rows(customer), &mut measured);
            }
            measured
        })
        .collect();
    let maker = Maker { chunks, windows: windows.len(), scopes: 1 + channels, as_of, events, response };
    let (names, specs): (Vec<String>, Vec<Spec>) = specs(events, response, channels).into_iter().unzip();
    let columns = specs.par_iter().map(|spec| maker.column(*spec)).collect::<Result<Vec<_>>>()?;
    FeatureTable::from_columns(customers.ids(events), names.into_iter().zip(columns))
}

/// The columns, each with its name.
fn specs(events: &EventLog, response: &Response, channels: usize) -> Vec<(String, Spec)> {
    let levels = events.attribute(EventAttribute::Channel).map(Category::levels);
    let channel_names: Vec<String> = levels
        .iter()
        .flat_map(|levels| levels.iter())
        .take(channels)
        .map(|c| format!("__{}", slug(c)))
        .collect();
    let mut specs = vec![
        ("days_since_response".to_owned(), Spec::DaysSinceResponse),
        ("days_since_sent".to_owned(), Spec::DaysSinceSent),
        ("unsubscribed".to_owned(), Spec::Unsubscribed { channel: None }),
        ("complained".to_owned(), Spec::Complained),
        ("bounced".to_owned(), Spec::Bounced),
    ];
    for (channel, name) in channel_names.iter().enumerate() {
        specs.push((format!("unsubscribed{name}"), Spec::Unsubscribed { channel: Some(channel) }));
    }
    for (index, window) in response.windows.iter().enumerate() {
        let suffix = if *window == Window::all() { String::new() } else { format!("__{window}") };
        for (scope, channel) in
            std::iter::once("").chain(channel_names.iter().map(String::as_str)).enumerate()
        {
            let at = At { window: index, scope };
            let mut add = |name: &str, spec| specs.push((format!("{name}{channel}{suffix}"), spec));
            for (kind, name) in COUNTS {
                add(name, Spec::Count { at, kind });
            }
            for (reply, name) in MESSAGES.into_iter().enumerate() {
                add(name, Spec::Messages { at, reply });
            }
            for (reply, trials, name) in RATES {
                add(name, Spec::Rate { at, reply, trials, expected: false });
                add(&format!("{name}_expected"), Spec::Rate { at, reply, trials, expected: true });
            }
        }
        specs.push((format!("favourite_response_channel{suffix}"), Spec::FavouriteChannel { window: index }));
        specs.push((format!("favourite_response_hour{suffix}"), Spec::FavouriteHour { window: index }));
    }
    specs
}

/// Makes columns of what was measured.
struct Maker<'m> {
    chunks: Vec<Measured>,
    windows: usize,
    /// All events, and each channel.
    scopes: usize,
    as_of: &'m AsOf,
    events: &'m EventLog,
    response: &'m Response,
}

impl Maker<'_> {
    fn column(&self, spec: Spec) -> Result<Column> {
        match spec {
            Spec::Count { at, kind } => {
                let recorded = self.has(kind);
                let count = |tally: &Tally| recorded.then(|| tally.events[kind as usize]);
                whole(self.tallies(at).map(count))
            }
            Spec::Messages { at, reply } => {
                let recorded = self.has(EventKind::Sent) && self.has(REPLIES[reply]);
                whole(self.tallies(at).map(|tally| recorded.then(|| tally.replied[reply])))
            }
            Spec::Rate { at, reply, trials, expected } => Ok(self.rate(at, reply, trials, expected)),
            Spec::FavouriteChannel { window } => {
                let levels = match self.events.attribute(EventAttribute::Channel) {
                    Some(channels) => Arc::clone(&channels.levels),
                    None => Arc::new(Levels::default()),
                };
                let codes = self.favourites(window).map(|favourites| favourites.channel).collect();
                Ok(Column::new(Values::Category(Category { codes, levels }.without_unused())))
            }
            Spec::FavouriteHour { window } => whole(
                self.favourites(window)
                    .map(|favourites| (favourites.hour != NO_HOUR).then(|| u32::from(favourites.hour))),
            ),
            Spec::DaysSinceResponse => whole(self.states().map(|state| self.days_since(state.last_response))),
            Spec::DaysSinceSent => whole(self.states().map(|state| self.days_since(state.last_sent))),
            Spec::Unsubscribed { channel } => {
                let recorded = self.has(EventKind::Unsubscribed);
                whole(self.states().map(|state| {
                    let unsubscribed = match channel {
                        None => state.unsubscribed,
                        Some(channel) => state.unsubscribed_channels >> channel & 1 == 1,
                    };
                    recorded.then(|| u32::from(unsubscribed))
                }))
            }
            Spec::Complained => {
                let recorded = self.has(EventKind::Complained);
                whole(self.states().map(|state| recorded.then(|| u32::from(state.complained))))
            }
            Spec::Bounced => {
                let recorded = self.has(EventKind::Bounced);
                whole(self.states().map(|state| recorded.then(|| u32::from(state.bounced))))
            }
        }
    }

    /// Whether the log records a kind: it has at least one event of it.
    fn has(&self, kind: EventKind) -> bool {
        self.events.kinds.levels.code(kind.name()).is_some()
    }

    fn states(&self) -> impl Iterator<Item = &State> {
        self.chunks.iter().flat_map(|chunk| &chunk.states)
    }

    fn favourites(&self, window: usize) -> impl Iterator<Item = &Favourites> {
        self.chunks.iter().flat_map(move |chunk| chunk.favourites.iter().skip(window).step_by(self.windows))
    }

    fn tallies(&self, at: At) -> impl Iterator<Item = &Tally> {
        let (first, step) = (at.window * self.scopes + at.scope, self.windows * self.scopes);
        self.chunks.iter().flat_map(move |chunk| chunk.tallies.iter().skip(first).step_by(step))
    }

    fn days_since(&self, time: Option<i64>) -> Option<u32> {
        time.map(|time| ((self.as_of.micros() - time) / DAY) as u32)
    }

    /// A customer's own rate, or the one to expect of her.
    fn rate(&self, at: At, reply: usize, trials: Trials, expected: bool) -> Column {
        let of = |tally: &Tally| {
            let trials = match trials {
                Trials::Sent => tally.events[EventKind::Sent as usize],
                Trials::Opened => tally.replied[0],
            };
            (u128::from(tally.replied[reply]), u128::from(trials))
        };
        let recorded = self.has(EventKind::Sent)
            && self.has(REPLIES[reply])
            && (matches!(trials, Trials::Sent) || self.has(EventKind::Opened));
        let (mut shop_replied, mut shop_trials) = (0, 0);
        for (replied, trials) in self.tallies(at).map(of) {
            shop_replied += replied;
            shop_trials += trials;
        }
        let prior = u128::from(self.response.prior_messages);
        let rate = |tally: &Tally| {
            let (replied, trials) = of(tally);
            let (numerator, denominator) = if expected {
                (replied * shop_trials + prior * shop_replied, shop_trials * (trials + prior))
            } else {
                (replied, trials)
            };
            (recorded && denominator > 0).then(|| numerator as f64 / denominator as f64)
        };
        Column::optional(self.tallies(at).map(rate).collect())
    }
}

/// A column of whole numbers, some of them missing.
fn whole(values: impl Iterator<Item = Option<u32>>) -> Result<Column> {
    let (mut numbers, mut validity) = (Vec::new(), Vec::new());
    for value in values {
        numbers.push(value.unwrap_or_default());
        validity.push(value.is_some());
    }
    Column::with_missing(Values::U32(numbers), validity.into_iter().collect::<Bitmap>())
}
