//! Templates over answers to messages, against the messages that were made.

use kohort::events::EventRules;
use kohort::features::Response;
use kohort::segment::Predicate;
use kohort::segment::catalogue::{Answer, MailUnresponsive, ReactsTo};
use kohort::synthetic::{Shop, SyntheticShop};
use kohort::{Event, EventLog, FeatureExtractor, IdKind, Window};

use super::DAY;

/// Whether a rule is expected to hold for a customer.
type Expected<'e> = &'e dyn Fn(u64) -> bool;

/// What a customer was sent and did with it: days ago, channel, what she did.
type Mail = (i64, &'static str, &'static [&'static str]);

/// Mails by who a customer is, of four kinds.
fn mails(customer: u64) -> Vec<Mail> {
    let weekly =
        |channel, done: &'static [&'static str]| (0..25).map(move |week| (7 * week + 1, channel, done));
    match customer % 4 {
        0 => weekly("email", &[]).collect(),
        1 => weekly("email", &["opened", "clicked"]).chain([(3, "sms", &[] as _)]).collect(),
        2 => weekly("email", &[]).chain(weekly("sms", &["clicked"])).collect(),
        // She opened, long ago, and hears less now.
        _ => (0..12)
            .map(|month| (30 * month + 1, "email", if month > 7 { &["opened"] as _ } else { &[] as _ }))
            .collect(),
    }
}

pub(super) fn events(shop: &SyntheticShop) -> EventLog {
    let now = shop.log.as_of_end().unwrap().micros();
    let mut log = EventLog::builder(&EventRules::builder().build().unwrap(), IdKind::Number);
    for customer in 1..=shop.truth.len() as u64 {
        for (number, (days, channel, done)) in mails(customer).into_iter().enumerate() {
            for (step, kind) in std::iter::once(&"sent").chain(done).enumerate() {
                let mut event = Event::new(customer, now - days * DAY + step as i64, *kind);
                event.channel = Some(channel.to_owned());
                event.campaign = Some(format!("{channel} {number}"));
                log.push(event).unwrap();
            }
        }
    }
    log.build().unwrap()
}

#[test]
fn answers_are_counted_message_by_message() {
    let shop = Shop::builder().customers(400).build().unwrap().generate().unwrap();
    let half_a_year = Response::builder().windows([Window::days(180), Window::days(400)]).build().unwrap();
    let table = FeatureExtractor::builder(shop.log.as_of_end().unwrap())
        .response(half_a_year)
        .build()
        .unwrap()
        .extract_with_events(&shop.log, &events(&shop))
        .unwrap();
    let of = |customer: u64, channel: &str, kind: &str, days: i64| {
        let sent = mails(customer).into_iter().filter(|mail| mail.1 == channel && mail.0 <= days);
        sent.filter(|mail| kind == "sent" || mail.2.contains(&kind)).count()
    };
    let unopened = |customer: u64, least: usize, days: i64| {
        of(customer, "email", "sent", days) >= least && of(customer, "email", "opened", days) == 0
    };
    let reacts = |customer: u64| {
        of(customer, "sms", "clicked", 180) >= 2
            && of(customer, "email", "sent", 180) >= 5
            && of(customer, "email", "clicked", 180) == 0
    };
    let cases: [(Predicate, Expected<'_>, u64); 6] = [
        (MailUnresponsive::default().predicate().unwrap(), &|customer| unopened(customer, 10, 180), 200),
        (MailUnresponsive::default().messages(5).predicate().unwrap(), &|c| unopened(c, 5, 180), 300),
        (
            MailUnresponsive::default().window(Window::days(400)).predicate().unwrap(),
            &|c| unopened(c, 10, 400),
            200,
        ),
        (
            MailUnresponsive::default().answer(Answer::Clicked).channel("sms").predicate().unwrap(),
            &|c| of(c, "sms", "sent", 180) >= 10 && of(c, "sms", "clicked", 180) == 0,
            0,
        ),
        (ReactsTo::channel("sms").not_to("email").predicate().unwrap(), &reacts, 100),
        (
            ReactsTo::channel("email").answers(20).answer(Answer::Opened).predicate().unwrap(),
            &|c| of(c, "email", "opened", 180) >= 20,
            100,
        ),
    ];
    for (predicate, expected, size) in cases {
        let matches = predicate.evaluate(&table).unwrap();
        for customer in 1..=400 {
            assert_eq!(
                matches.truth(customer as usize - 1),
                expected(customer).into(),
                "{predicate}: {customer}"
            );
        }
        assert_eq!(matches.holds().count() as u64, size, "{predicate}");
    }
}

#[test]
fn mail_whose_openings_nobody_records_makes_no_one_unresponsive() {
    let shop = Shop::builder().customers(50).build().unwrap().generate().unwrap();
    let now = shop.log.as_of_end().unwrap();
    let mut log = EventLog::builder(&EventRules::builder().build().unwrap(), IdKind::Number);
    for (customer, week) in (1_u64..=50).flat_map(|customer| (1..=20).map(move |week| (customer, week))) {
        let mut event = Event::new(customer, now.micros() - week * 7 * DAY, "sent");
        event.channel = Some("email".to_owned());
        log.push(event).unwrap();
    }
    let response = Response::builder().windows([Window::days(180)]).build().unwrap();
    let table = FeatureExtractor::builder(now).response(response).build().unwrap();
    let table = table.extract_with_events(&shop.log, &log.build().unwrap()).unwrap();
    let matches = MailUnresponsive::default().predicate().unwrap().evaluate(&table).unwrap();
    assert_eq!((matches.holds().count(), matches.unknown().count()), (0, 50));
}
