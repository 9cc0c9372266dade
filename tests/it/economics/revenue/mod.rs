//! What moves net revenue: the made-up shops of these tests.

mod cases;
mod laws;
#[cfg(feature = "csv")]
mod real;

use kohort::economics::RevenueDrivers;
use kohort::features::FeatureTable;
use kohort::transaction::{CustomerIds, Discount, OrderLine, Price, Returned};
use kohort::{
    AsOf, CustomerId, IdKind, LogRules, Money, Returns, Segmentation, TransactionLog, Window, Zone,
};

use super::units;

const DAY: i64 = 86_400_000_000;

/// How a shop records what came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Record {
    Amounts,
    Notes,
    Nothing,
}

/// One line; money in ten-thousandths, times in days.
#[derive(Clone, Copy, Debug)]
struct Line {
    customer: u64,
    order: u64,
    day: i64,
    gross: i64,
    discount: i64,
    /// With [`Record::Amounts`] what came back of the line, and when.
    back: i64,
    back_day: Option<i64>,
    /// With [`Record::Notes`] the line is a credit note.
    note: bool,
}

/// A sale of so many currency units that was kept.
fn sale(customer: u64, order: u64, day: i64, units: i64) -> Line {
    let gross = units * 10_000;
    Line { customer, order, day, gross, discount: 0, back: 0, back_day: None, note: false }
}

fn log_of(lines: &[Line], record: Record, ids: IdKind) -> TransactionLog {
    let returns = match record {
        Record::Amounts => Returns::Amount,
        Record::Notes => Returns::CreditNotes { prefix: None },
        Record::Nothing => Returns::NotRecorded,
    };
    let rules = LogRules::builder("EUR").returns(returns).build().unwrap();
    let mut builder = TransactionLog::builder(&rules, ids);
    for line in lines {
        let customer = match ids {
            IdKind::Number => CustomerId::Number(line.customer),
            IdKind::Text => CustomerId::Text(format!("c{}", line.customer)),
        };
        let is_note = record == Record::Notes && line.note;
        let price = Money::from_ten_thousandths(if is_note { -line.gross } else { line.gross });
        let mut row = OrderLine::new(customer, line.day * DAY, Price::Line(price));
        row.order = Some(line.order.to_string());
        if is_note {
            row.quantity = -1;
        } else if line.discount > 0 {
            row.discount = Discount::Amount(Money::from_ten_thousandths(line.discount));
        }
        if record == Record::Amounts && line.back > 0 {
            row.returned = Returned::Amount(Money::from_ten_thousandths(line.back));
            row.return_time = line.back_day.map(|day| day * DAY);
        }
        builder.push(row).unwrap();
    }
    let log = builder.build().unwrap();
    assert_eq!(log.report().rows_rejected(), 0, "{}", log.report());
    log
}

fn at(day: i64) -> AsOf {
    AsOf::instant(day * DAY, &Zone::utc()).unwrap()
}

/// The window from one day of 1970 until another.
fn window(from: i64, until: i64) -> Window {
    let date = |day: i64| at(day).to_string()[..10].to_owned();
    Window::dates(&date(from), &date(until), &Zone::utc()).unwrap()
}

fn drivers(before: (i64, i64), after: (i64, i64), as_of: i64) -> RevenueDrivers {
    RevenueDrivers::builder(window(before.0, before.1), window(after.0, after.1), at(as_of)).build().unwrap()
}

fn segmentation(customers: u64, ids: IdKind, segment_of: impl Fn(u64) -> Option<usize>) -> Segmentation {
    let ids = match ids {
        IdKind::Number => CustomerIds::numbers((0..customers).collect()).unwrap(),
        IdKind::Text => {
            let mut texts: Vec<String> = (0..customers).map(|customer| format!("c{customer}")).collect();
            texts.sort();
            CustomerIds::texts(kohort::Levels::try_from(texts).unwrap())
        }
    };
    let of: Vec<Option<usize>> = ids
        .iter()
        .map(|id| match id {
            CustomerId::Number(number) => segment_of(number),
            CustomerId::Text(text) => segment_of(text[1..].parse().unwrap()),
        })
        .collect();
    let rows = ids.len() as i64;
    let table = FeatureTable::from_columns(ids, [("gross", units((0..rows).map(|_| 1)))]).unwrap();
    Segmentation::new(&table, vec!["a".to_owned(), "b".to_owned(), "empty".to_owned()], &of).unwrap()
}
