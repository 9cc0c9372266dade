//! What is counted of a customer's events: whole numbers only, the same for any order of her rows.

use std::ops::Range;

use crate::category::MISSING;
use crate::events::{EventAttribute, EventKind, EventLog};
use crate::features::response::messages::{REPLIES, Sending, replied, replied_in_channel};
use crate::transaction::Zone;

/// The number of a kind that has no meaning here.
const OTHER: u8 = EventKind::ALL.len() as u8;

/// A time that there is none of.
const NEVER: i64 = i64::MIN;

/// The hour of a customer without a response.
pub(super) const NO_HOUR: u8 = 24;

/// The events of a customer in one window, of one channel or of all.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) events: [u32; EventKind::ALL.len()],
    /// Messages sent that were opened, clicked, converted.
    pub(super) replied: [u32; REPLIES.len()],
}

impl Tally {
    fn add(&mut self, events: &[u32; EventKind::ALL.len()]) {
        self.events.iter_mut().zip(events).for_each(|(sum, events)| *sum = sum.saturating_add(*events));
    }
}

/// A count that saturates, as those of events do.
fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// When and where a customer responded most in one window.
#[derive(Clone, Copy)]
pub(super) struct Favourites {
    /// The channel's code, or [`MISSING`].
    pub(super) channel: u32,
    /// 0 to 23, or [`NO_HOUR`].
    pub(super) hour: u8,
}

/// What is so as of the moment, whatever happened before.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) last_response: Option<i64>,
    pub(super) last_sent: Option<i64>,
    pub(super) unsubscribed: bool,
    /// A bit for each of the first 64 channels.
    pub(super) unsubscribed_channels: u64,
    pub(super) complained: bool,
    pub(super) bounced: bool,
}

/// What a chunk of customers yields, in their order.
#[derive(Default)]
pub(super) struct Measured {
    /// For each customer, window and scope: all events, then those of each channel.
    pub(super) tallies: Vec<Tally>,
    /// For each customer and window.
    pub(super) favourites: Vec<Favourites>,
    pub(super) states: Vec<State>,
}

/// Measures the events of one customer after the other; its memory is reused.
pub(super) struct Meter<'l> {
    log: &'l EventLog,
    zone: &'l Zone,
    windows: &'l [Range<i64>],
    /// Channels that have columns of their own: as many as the log has, or none.
    scopes: usize,
    /// For each code of a kind: the number of the [`EventKind`], and whether it is a response.
    kinds: &'l [(u8, bool)],
    events: Vec<Row>,
    sendings: Vec<Sending>,
    words: Vec<Word>,
}

/// An event as the meter looks at it.
#[derive(Clone, Copy)]
struct Row {
    channel: u32,
    campaign: u32,
    kind: u8,
    response: bool,
    /// Of a response.
    hour: u8,
    time: i64,
}

/// What a customer last said of a channel, or of all where it is [`MISSING`].
#[derive(Clone, Copy)]
struct Word {
    channel: u32,
    unsubscribed: i64,
    subscribed: i64,
}

impl Word {
    /// Whether the last of both is that she wants no more messages.
    fn is_no(self, of_all: Self) -> bool {
        let unsubscribed = self.unsubscribed.max(of_all.unsubscribed);
        unsubscribed != NEVER && unsubscribed >= self.subscribed.max(of_all.subscribed)
    }
}

/// For each code of a kind: the number of the [`EventKind`], and whether it is one of `responses`.
pub(super) fn kinds_of(log: &EventLog, responses: &[String]) -> Vec<(u8, bool)> {
    let number = |name: &str| {
        let kind = EventKind::ALL.into_iter().find(|kind| kind.name() == name);
        kind.map_or(OTHER, |kind| kind as u8)
    };
    let kinds = log.kinds().levels().iter();
    kinds.map(|name| (number(name), responses.iter().any(|response| response == name))).collect()
}

impl<'l> Meter<'l> {
    pub(super) fn new(
        log: &'l EventLog,
        zone: &'l Zone,
        windows: &'l [Range<i64>],
        scopes: usize,
        kinds: &'l [(u8, bool)],
    ) -> Self {
        Self {
            log,
            zone,
            windows,
            scopes,
            kinds,
            events: Vec::new(),
            sendings: Vec::new(),
            words: Vec::new(),
        }
    }

    /// Measures a customer, whose events stand in the given rows of the log.
    pub(super) fn measure(&mut self, rows: impl Iterator<Item = usize>, measured: &mut Measured) {
        self.take(rows);
        measured.states.push(self.state());
        for window in self.windows {
            let start = measured.tallies.len();
            measured.tallies.resize(start + 1 + self.scopes, Tally::default());
            let favourites = self.count(window, &mut measured.tallies[start..]);
            measured.favourites.push(favourites);
        }
    }

    /// Takes the events, those of a channel and campaign side by side; those without stand last.
    fn take(&mut self, rows: impl Iterator<Item = usize>) {
        let Self { log, zone, kinds, events, .. } = self;
        let code = |attribute, row: usize| log.attribute(attribute).map_or(MISSING, |texts| texts.codes[row]);
        events.clear();
        events.extend(rows.map(|row| {
            let time = log.times[row];
            let (kind, response) = kinds[log.kinds.codes[row] as usize];
            Row {
                channel: code(EventAttribute::Channel, row),
                campaign: code(EventAttribute::Campaign, row),
                kind,
                response,
                hour: if response { zone.civil(time).hour() as u8 } else { 0 },
                time,
            }
        }));
        events.sort_unstable_by_key(|event| (event.channel, event.campaign));
    }

    /// Counts the events of a window: all of them, and those of each channel.
    fn count(&mut self, window: &Range<i64>, tallies: &mut [Tally]) -> Favourites {
        let Self { scopes, events, sendings, .. } = self;
        sendings.clear();
        let mut all = Tally::default();
        let mut hours = [0_u32; NO_HOUR as usize];
        let mut favourite = (0, MISSING);
        for channel in events.chunk_by(|a, b| a.channel == b.channel) {
            let code = channel[0].channel;
            let first = sendings.len();
            let mut responses = 0_u32;
            let mut own = Tally::default();
            for campaign in channel.chunk_by(|a, b| a.campaign == b.campaign) {
                let mut counts = [0_u32; EventKind::ALL.len()];
                for event in campaign.iter().filter(|event| window.contains(&event.time)) {
                    if let Some(count) = counts.get_mut(usize::from(event.kind)) {
                        *count = count.saturating_add(1);
                    }
                    if event.response {
                        responses = responses.saturating_add(1);
                        let hour = &mut hours[usize::from(event.hour)];
                        *hour = hour.saturating_add(1);
                    }
                }
                own.add(&counts);
                sendings.push(Sending::new(code, campaign[0].campaign, &counts));
            }
            all.add(&own.events);
            // Channels come in the order of their texts, so that of equals the first stays. The one that has no text
            // comes last and is nobody's favourite.
            if responses > favourite.0 && code != MISSING {
                favourite = (responses, code);
            }
            if (code as usize) < *scopes {
                own.replied = replied_in_channel(&sendings[first..]).map(narrow);
                tallies[1 + code as usize] = own;
            }
        }
        all.replied = replied(sendings).map(narrow);
        tallies[0] = all;
        let most = hours.iter().copied().max().filter(|most| *most > 0);
        let hour = most.and_then(|most| hours.iter().position(|count| *count == most));
        Favourites { channel: favourite.1, hour: hour.map_or(NO_HOUR, |hour| hour as u8) }
    }

    /// What is so after all events.
    fn state(&mut self) -> State {
        let latest = |test: &dyn Fn(&Row) -> bool| {
            self.events.iter().filter(|event| test(event)).map(|event| event.time).max()
        };
        let of = |kind: EventKind| move |event: &Row| event.kind == kind as u8;
        let read = latest(&|event| of(EventKind::Opened)(event) || of(EventKind::Clicked)(event));
        let mut state = State {
            last_response: latest(&|event| event.response),
            last_sent: latest(&of(EventKind::Sent)),
            unsubscribed: false,
            unsubscribed_channels: 0,
            complained: self.events.iter().any(of(EventKind::Complained)),
            bounced: latest(&of(EventKind::Bounced))
                .is_some_and(|bounced| read.is_none_or(|read| bounced >= read)),
        };
        self.listen(&mut state);
        state
    }

    /// Finds out of which channels the customer wants no messages.
    fn listen(&mut self, state: &mut State) {
        let Self { log, scopes, events, words, .. } = self;
        words.clear();
        for channel in events.chunk_by(|a, b| a.channel == b.channel) {
            let last = |kind: EventKind| {
                let times = channel.iter().filter(|event| event.kind == kind as u8).map(|event| event.time);
                times.max().unwrap_or(NEVER)
            };
            let word = Word {
                channel: channel[0].channel,
                unsubscribed: last(EventKind::Unsubscribed),
                subscribed: last(EventKind::Subscribed),
            };
            if word.unsubscribed.max(word.subscribed) != NEVER {
                words.push(word);
            }
        }
        let silent = Word { channel: MISSING, unsubscribed: NEVER, subscribed: NEVER };
        let of_all = match words.last() {
            Some(word) if word.channel == MISSING => words.pop().unwrap_or(silent),
            _ => silent,
        };
        // A word on all channels holds for those that she said nothing of, and for a log that has no channels.
        let channels = log.attribute(EventAttribute::Channel).map_or(0, |texts| texts.levels().len());
        let is_no_to_others = silent.is_no(of_all);
        state.unsubscribed = (is_no_to_others && (channels == 0 || words.len() < channels))
            || words.iter().any(|word| word.is_no(of_all));
        if is_no_to_others && *scopes > 0 {
            state.unsubscribed_channels = u64::MAX;
        }
        for word in words.iter().filter(|word| (word.channel as usize) < *scopes) {
            let bit = 1 << word.channel;
            if word.is_no(of_all) {
                state.unsubscribed_channels |= bit;
            } else {
                state.unsubscribed_channels &= !bit;
            }
        }
    }
}
