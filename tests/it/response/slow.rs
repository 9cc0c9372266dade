//! The response features by plain scans, one customer and one feature at a time, as text.

use std::collections::{BTreeMap, BTreeSet};

use super::{DAY, Row, time};

/// A table's cells: empty where a value is missing.
pub(super) type Cells = BTreeMap<(u64, String), String>;

/// A message of the plain implementation: its channel and campaign, and which replies were given to it.
struct Message<'r> {
    channel: &'r str,
    campaign: &'r str,
    replied: [bool; 3],
}

/// Messages replied to among rows of one customer: each reply looks for a message that has none of its kind yet.
fn messages(rows: &[&Row]) -> [u64; 3] {
    let mut messages: Vec<Message<'_>> = rows
        .iter()
        .filter(|row| row.3 == "sent")
        .map(|row| Message { channel: row.4, campaign: row.5, replied: [false; 3] })
        .collect();
    // Those without a channel come first for a reply that names none itself; then the channels in order.
    messages.sort_by_key(|message| message.channel);
    let of = |kind: &str| rows.iter().filter(|row| row.3 == kind).copied().collect::<Vec<_>>();
    let key = |row: &Row| (row.4, row.5);
    let mut opened: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut clicked = opened.clone();
    for row in of("opened") {
        *opened.entry(key(row)).or_default() += 1;
    }
    for row in of("clicked") {
        *clicked.entry(key(row)).or_default() += 1;
    }
    for (key, clicks) in &clicked {
        let opened = opened.entry(*key).or_default();
        *opened = (*opened).max(*clicks);
    }
    let converted =
        of("converted").iter().fold(BTreeMap::new(), |mut all: BTreeMap<(&str, &str), usize>, row| {
            *all.entry(key(row)).or_default() += 1;
            all
        });
    for (reply, events) in [opened, clicked, converted].iter().enumerate() {
        let mut rest = events.clone();
        let mut turn = |who: &dyn Fn(&str, &str) -> bool, fits: &dyn Fn(&Message<'_>, &str, &str) -> bool| {
            for ((channel, campaign), events) in rest.iter_mut().filter(|((c, k), _)| who(c, k)) {
                for message in messages.iter_mut().filter(|message| fits(message, channel, campaign)) {
                    if *events > 0 && !message.replied[reply] {
                        message.replied[reply] = true;
                        *events -= 1;
                    }
                }
            }
        };
        turn(&|_, campaign| !campaign.is_empty(), &|m, channel, campaign| {
            m.channel == channel && m.campaign == campaign
        });
        turn(&|channel, campaign| channel.is_empty() && !campaign.is_empty(), &|m, _, campaign| {
            m.campaign == campaign
        });
        turn(&|channel, _| !channel.is_empty(), &|m, channel, campaign| {
            m.channel == channel && (campaign.is_empty() || m.campaign == campaign)
        });
        turn(&|channel, campaign| channel.is_empty() && campaign.is_empty(), &|_, _, _| true);
    }
    std::array::from_fn(|reply| messages.iter().filter(|message| message.replied[reply]).count() as u64)
}

/// The rows before the moment, and what is asked of them.
struct Shop<'r> {
    all: &'r [Row],
    before: Vec<&'r Row>,
    customers: BTreeSet<u64>,
    channels: BTreeSet<&'r str>,
    as_of: i64,
    /// Days.
    window: Option<i64>,
    suffix: String,
    cells: Cells,
}

/// The table as of a day, over a window of so many days or all of history.
pub(super) fn table(rows: &[Row], as_of: i64, window: Option<i64>) -> Cells {
    let before: Vec<&Row> = rows.iter().filter(|row| time(row) < as_of * DAY).collect();
    let mut shop = Shop {
        all: rows,
        customers: before.iter().map(|row| row.0).collect(),
        before,
        channels: rows.iter().map(|row| row.4).filter(|channel| !channel.is_empty()).collect(),
        as_of,
        window,
        suffix: window.map_or(String::new(), |days| format!("__{days}d")),
        cells: Cells::new(),
    };
    let scopes: Vec<Option<&str>> =
        std::iter::once(None).chain(shop.channels.iter().copied().map(Some)).collect();
    for scope in scopes {
        shop.count(scope);
        shop.rate(scope);
    }
    for customer in shop.customers.clone() {
        shop.favour(customer);
        shop.judge(customer);
    }
    shop.cells
}

impl<'r> Shop<'r> {
    fn recorded(&self, kind: &str) -> bool {
        self.all.iter().any(|row| row.3 == kind)
    }

    fn in_window(&self, row: &Row) -> bool {
        self.window.is_none_or(|days| time(row) >= (self.as_of - days) * DAY)
    }

    fn own(&self, customer: u64) -> Vec<&'r Row> {
        self.before.iter().filter(|row| row.0 == customer).copied().collect()
    }

    /// The rows of a customer in the window and scope.
    fn scoped(&self, customer: u64, scope: Option<&str>) -> Vec<&'r Row> {
        let mut own = self.own(customer);
        own.retain(|row| self.in_window(row) && scope.is_none_or(|channel| row.4 == channel));
        own
    }

    fn set(&mut self, customer: u64, feature: &str, value: Option<String>) {
        self.cells.insert((customer, feature.to_owned()), value.unwrap_or_default());
    }

    fn name(&self, feature: &str, scope: Option<&str>) -> String {
        let channel = scope.map_or(String::new(), |channel| format!("__{channel}"));
        format!("{feature}{channel}{}", self.suffix)
    }

    fn count(&mut self, scope: Option<&str>) {
        for (kind, feature) in [
            ("sent", "sent"),
            ("opened", "opened"),
            ("clicked", "clicked"),
            ("converted", "converted"),
            ("unsubscribed", "unsubscribes"),
            ("complained", "complaints"),
            ("bounced", "bounces"),
            ("visited", "visits"),
        ] {
            let name = self.name(feature, scope);
            for customer in self.customers.clone() {
                let count = self.scoped(customer, scope).iter().filter(|row| row.3 == kind).count();
                self.set(customer, &name, self.recorded(kind).then(|| count.to_string()));
            }
        }
    }

    fn rate(&mut self, scope: Option<&str>) {
        for (reply, kind, feature, of_opened) in [
            (0, "opened", "open_rate", false),
            (1, "clicked", "click_rate", false),
            (1, "clicked", "click_to_open_rate", true),
            (2, "converted", "conversion_rate", false),
        ] {
            let mut pairs = BTreeMap::new();
            for customer in &self.customers {
                let rows = self.scoped(*customer, scope);
                let replied = messages(&rows);
                let sent = rows.iter().filter(|row| row.3 == "sent").count() as u64;
                pairs.insert(*customer, (replied[reply], if of_opened { replied[0] } else { sent }));
            }
            let shop = pairs.values().fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
            let known =
                self.recorded("sent") && self.recorded(kind) && (!of_opened || self.recorded("opened"));
            for (customer, (replied, trials)) in pairs {
                let rate = (known && trials > 0).then(|| replied as f64 / trials as f64);
                let expected = (known && shop.1 > 0)
                    .then(|| (replied * shop.1 + 10 * shop.0) as f64 / (shop.1 * (trials + 10)) as f64);
                let name = self.name(feature, scope);
                self.set(customer, &name, rate.map(|rate| rate.to_string()));
                let name = self.name(&format!("{feature}_expected"), scope);
                self.set(customer, &name, expected.map(|rate| rate.to_string()));
                if !of_opened {
                    let name = self.name(&format!("messages_{kind}"), scope);
                    self.set(customer, &name, known.then(|| replied.to_string()));
                }
            }
        }
    }

    fn favour(&mut self, customer: u64) {
        let (mut hours, mut channels) = (BTreeMap::new(), BTreeMap::new());
        for row in self.scoped(customer, None).into_iter().filter(|row| is_response(row)) {
            *hours.entry(row.2 / 60).or_insert(0) += 1;
            if !row.4.is_empty() {
                *channels.entry(row.4).or_insert(0) += 1;
            }
        }
        // Of equals the last of a reversed list is the first.
        let hour = hours.iter().rev().max_by_key(|(_, count)| **count).map(|(hour, _)| hour.to_string());
        let channel =
            channels.iter().rev().max_by_key(|(_, count)| **count).map(|(name, _)| (*name).to_owned());
        self.set(customer, &self.name("favourite_response_hour", None), hour);
        self.set(customer, &self.name("favourite_response_channel", None), channel);
    }

    fn judge(&mut self, customer: u64) {
        let own = self.own(customer);
        let last =
            |test: &dyn Fn(&Row) -> bool| own.iter().filter(|row| test(row)).map(|row| time(row)).max();
        let days = |time: Option<i64>| time.map(|time| ((self.as_of * DAY - time) / DAY).to_string());
        let flag = |kind: &str, set: bool| self.recorded(kind).then(|| u8::from(set).to_string());
        let read = last(&|row| row.3 == "opened" || row.3 == "clicked");
        let bounced = last(&|row| row.3 == "bounced");
        let is_no = |channel: &str| {
            let said = |kind: &str| last(&|row| row.3 == kind && (row.4 == channel || row.4.is_empty()));
            said("unsubscribed").is_some() && said("unsubscribed") >= said("subscribed")
        };
        let any_no = if self.channels.is_empty() {
            is_no("")
        } else {
            self.channels.iter().any(|channel| is_no(channel))
        };
        let mut judged = vec![
            ("days_since_response".to_owned(), days(last(&is_response))),
            ("days_since_sent".to_owned(), days(last(&|row| row.3 == "sent"))),
            ("complained".to_owned(), flag("complained", own.iter().any(|row| row.3 == "complained"))),
            ("bounced".to_owned(), flag("bounced", bounced.is_some() && bounced >= read)),
            ("unsubscribed".to_owned(), flag("unsubscribed", any_no)),
        ];
        for channel in &self.channels {
            judged.push((format!("unsubscribed__{channel}"), flag("unsubscribed", is_no(channel))));
        }
        for (name, value) in judged {
            self.set(customer, &name, value);
        }
    }
}

fn is_response(row: &Row) -> bool {
    ["opened", "clicked", "converted"].contains(&row.3)
}
