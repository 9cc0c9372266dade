//! The two files as kohort reads them for the reference: `tests/reference/logs.py` and `response.py` say the same.

use std::collections::HashMap;

use flate2::read::GzDecoder;
use kohort::events::EventRules;
use kohort::transaction::{Discount, Returned, SchemaPrice, TimeFormat};
use kohort::{
    Event, EventLog, IdKind, LogRules, Money, OrderIdentity, OrderLine, Price, Returns, Schema,
    TransactionLog, Zone,
};

use crate::real_data::data_file;

/// Microseconds in an hour.
const HOUR: i64 = 3_600_000_000;

/// Rows with a customer; no bookkeeping entries. The country is the channel as well.
pub(super) fn online_retail() -> Option<TransactionLog> {
    let path = data_file("online_retail_2010_2011.csv.gz")?;
    let rules = LogRules::builder("GBP")
        .zone(Zone::named("Europe/London").unwrap())
        .returns(Returns::CreditNotes { prefix: Some("C".into()) })
        .exclude_orders(["A"])
        .build()
        .unwrap();
    let schema = Schema::builder(&rules, "CustomerID", "InvoiceDate", SchemaPrice::Unit("UnitPrice"))
        .order("InvoiceNo")
        .quantity("Quantity")
        .product("StockCode")
        .channel("Country")
        .country("Country")
        .build()
        .unwrap();
    Some(TransactionLog::from_csv_path(path, &schema).unwrap())
}

/// An item of the fashion file.
pub(super) struct Item {
    number: i64,
    customer: String,
    /// In microseconds UTC.
    ordered: i64,
    /// When, unless never.
    delivered: Option<i64>,
    article: String,
    size: String,
    colour: String,
    brand: String,
    title: String,
    state: String,
    paid: Money,
    /// The largest price of the article in the file.
    list: Money,
    came_back: bool,
}

/// What stands for the channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// The customer's title.
    Title,
    /// One of three by the brand, or none. Campaigns are then by the article, and some replies lack a name.
    Doors,
}

/// Every item of the file.
pub(super) fn fashion_items() -> Option<Vec<Item>> {
    let file = std::fs::File::open(data_file("bads_fashion_orders.csv.gz")?).unwrap();
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let time = |text: &str| TimeFormat::Iso.parse(text, &berlin).unwrap();
    let mut items = Vec::new();
    let mut list: HashMap<String, Money> = HashMap::new();
    for record in csv::Reader::from_reader(GzDecoder::new(file)).records() {
        let record = record.unwrap();
        let paid = Money::parse(&record[7]).unwrap();
        let largest = list.entry(record[3].to_owned()).or_default();
        *largest = paid.max(*largest);
        items.push(Item {
            number: record[0].parse().unwrap(),
            customer: record[8].to_owned(),
            ordered: time(&record[1]),
            delivered: Some(&record[2]).filter(|text| !text.is_empty()).map(time),
            article: record[3].to_owned(),
            size: record[4].to_owned(),
            colour: record[5].to_owned(),
            brand: record[6].to_owned(),
            title: record[9].to_owned(),
            state: record[11].to_owned(),
            paid,
            list: Money::ZERO,
            came_back: &record[13] == "1",
        });
    }
    for item in &mut items {
        item.list = list[&item.article];
    }
    Some(items)
}

fn door(item: &Item, doors: [&str; 3]) -> Option<String> {
    let brand: usize = item.brand.parse().unwrap();
    doors.get(brand % 4).map(|door| (*door).to_owned())
}

/// Delivered items, each a piece; a customer's day is an order. The cost is two fifths of the list price, unknown for
/// an item without a colour.
pub(super) fn fashion(items: &[Item], channels: Channels) -> TransactionLog {
    let rules = LogRules::builder("EUR")
        .orders(OrderIdentity::CustomerAndDay)
        .zone(Zone::named("Europe/Berlin").unwrap())
        .returns(Returns::Flag)
        .build()
        .unwrap();
    let mut log = TransactionLog::builder(&rules, IdKind::Text);
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    for item in items.iter().filter(|item| item.delivered.is_some()) {
        let mut line = OrderLine::new(item.customer.as_str(), item.ordered, Price::Line(item.list));
        let list = item.list.ten_thousandths();
        line.discount = Discount::Amount(Money::from_ten_thousandths(list - item.paid.ten_thousandths()));
        let cost = Money::from_ten_thousandths(list * 2 / 5);
        line.unit_cost = Some(cost).filter(|_| !item.colour.is_empty());
        line.returned = if item.came_back { Returned::All } else { Returned::Nothing };
        line.product = some(&item.article);
        line.category = some(&item.colour);
        line.brand = some(&item.brand);
        line.size = some(&item.size);
        line.country = some(&item.state);
        line.channel = match channels {
            Channels::Title => some(&item.title),
            Channels::Doors => door(item, ["app", "shop", "web"]),
        };
        log.push(line).unwrap();
    }
    log.build().unwrap()
}

/// An item is a message: sent when it was ordered, opened when it was delivered, clicked when it came back, converted
/// when it did not and cost a hundred or more, bounced when it was never delivered; a free one unsubscribes. All at an
/// hour of its own, and with the price as their number.
pub(super) fn events(items: &[Item], channels: Channels) -> EventLog {
    let mut log = EventLog::builder(&EventRules::builder().build().unwrap(), IdKind::Text);
    for item in items {
        let hour = item.number % 24 * HOUR;
        let sent = item.ordered + hour;
        // Some deliveries lie before their order.
        let delivered = item.delivered.filter(|time| *time >= item.ordered).map(|time| time + hour);
        let dear = item.paid >= Money::parse("100").unwrap();
        let happened = [
            ("sent", Some(sent)),
            ("opened", delivered),
            ("clicked", item.came_back.then(|| delivered.unwrap_or(sent))),
            ("converted", delivered.filter(|_| dear && !item.came_back)),
            ("bounced", Some(sent).filter(|_| item.delivered.is_none())),
            ("unsubscribed", Some(sent).filter(|_| item.paid == Money::ZERO)),
        ];
        for (kind, time) in happened.into_iter().filter_map(|(kind, time)| Some((kind, time?))) {
            let mut event = Event::new(item.customer.as_str(), time, kind);
            event.value = Some(item.paid);
            if channels == Channels::Title {
                (event.channel, event.campaign) = (Some(item.title.clone()), Some(item.brand.clone()));
            } else {
                let reply = matches!(kind, "opened" | "clicked" | "converted");
                let theme = format!("theme {}", item.article.parse::<u32>().unwrap() % 50);
                event.channel =
                    door(item, ["app", "email", "sms"]).filter(|_| !reply || item.number % 3 != 0);
                event.campaign = Some(theme).filter(|_| !reply || item.number % 5 != 0);
            }
            log.push(event).unwrap();
        }
    }
    log.build().unwrap()
}
