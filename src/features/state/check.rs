//! What a stored state must hold before it is believed: everything that the doors of a log see to.
//!
//! Later stages index by codes, subtract money from money and walk the calendar without asking again, so that a damaged
//! file is refused here, with the column and the row.

use crate::category::{Category, MISSING};
use crate::features::state::Detail;
use crate::transaction::{
    Attribute, IdColumn, IngestReport, Line, LineKind, MAX_LINE, MoneyTotal, NO_TIME, OrderIdentity, Returns,
    TIME_RANGE, TransactionLog, UNKNOWN_COST,
};

/// What is wrong, in words.
pub(super) type Check<T = ()> = Result<T, String>;

/// Counts beyond this are no counts of rows; far below what could overflow when reports are added up.
const MOST: u64 = 1 << 53;

/// Checks that times are of the years that every calendar computation succeeds in.
pub(super) fn times(times: &[i64]) -> Check {
    let outside = times.iter().position(|time| !TIME_RANGE.contains(time));
    outside.map_or(Ok(()), |row| Err(format!("the time of row {row} is not within years 1 to 9998")))
}

/// Checks that every row of a log is one that a log can have, and that it has what the detail keeps.
pub(super) fn log(log: &TransactionLog, detail: Detail) -> Check {
    columns(log, detail)?;
    ids("customers", &log.customers)?;
    if log.rules.orders() == OrderIdentity::Column {
        ids("orders", &log.orders)?;
    }
    for attribute in Attribute::ALL {
        if let Some(column) = log.attribute(attribute) {
            texts(attribute.name(), column)?;
        }
    }
    (0..log.len()).try_for_each(|row| {
        let counts = log.line_counts.as_ref().map_or(1, |counts| counts[row]);
        line(&log.line(row), counts, log.rules.returns())
            .and_then(|()| return_time(log, row))
            .map_err(|problem| format!("row {row} has {problem}"))
    })
}

/// Checks that all columns have one length and that those are there, and only those, which rules and detail ask for.
fn columns(log: &TransactionLog, detail: Detail) -> Check {
    let rows = log.len();
    if u32::try_from(rows).is_err() {
        return Err(format!("{rows} rows are more than a state can hold"));
    }
    let money = [
        ("gross", Some(&log.gross)),
        ("discounts", log.discounts.as_ref()),
        ("costs", log.costs.as_ref()),
        ("returned", log.returned.as_ref()),
        ("return_times", log.return_times.as_ref()),
    ];
    let lengths = [
        ("customers", Some(log.customers.len())),
        ("orders", Some(log.orders.len())),
        ("kinds", Some(log.kinds.len())),
        ("quantities", Some(log.quantities.len())),
        ("returned_quantities", log.returned_quantities.as_ref().map(Vec::len)),
        ("line_counts", log.line_counts.as_ref().map(Vec::len)),
    ];
    let money = money.map(|(name, column)| (name, column.map(Vec::len)));
    let texts =
        Attribute::ALL.map(|attribute| (attribute.name(), log.attribute(attribute).map(Category::len)));
    for (name, length) in lengths.into_iter().chain(money).chain(texts) {
        if let Some(length) = length.filter(|length| *length != rows) {
            return Err(format!("column `{name}` has {length} rows where `times` has {rows}"));
        }
    }
    let on_lines = matches!(log.rules.returns(), Returns::Flag | Returns::Quantity | Returns::Amount);
    if [log.returned.is_some(), log.returned_quantities.is_some()] != [on_lines; 2] {
        return Err("what came back is not recorded as its rules say".to_owned());
    }
    if log.is_compacted() != (detail == Detail::Orders) {
        return Err(format!("its rows are not those of a state that keeps {detail}"));
    }
    let kept = |attribute: &Attribute| detail.keeps(*attribute, &log.rules);
    match Attribute::ALL.into_iter().find(|own| log.attribute(*own).is_some() && !kept(own)) {
        Some(attribute) => Err(format!("a state that keeps {detail} has no column `{attribute}`")),
        None => Ok(()),
    }
}

fn ids(name: &str, column: &IdColumn) -> Check {
    match column {
        IdColumn::Texts(column) if column.codes.contains(&MISSING) => {
            Err(format!("column `{name}` has a row without id"))
        }
        IdColumn::Texts(column) => texts(name, column),
        IdColumn::ShortTexts(column) if column.has_missing() => {
            Err(format!("column `{name}` has a row without id"))
        }
        IdColumn::Numbers(_) | IdColumn::ShortTexts(_) => Ok(()),
    }
}

/// Checks that every code has a text and every text a row.
fn texts(name: &str, column: &Category) -> Check {
    let mut used = vec![false; column.levels.len()];
    for code in column.codes.iter().filter(|code| **code != MISSING) {
        match used.get_mut(*code as usize) {
            Some(used) => *used = true,
            None => return Err(format!("column `{name}` has code {code} of {} texts", column.levels.len())),
        }
    }
    if column.levels.get(0) == Some("") {
        return Err(format!("column `{name}` has an empty text"));
    }
    match used.iter().position(|used| !used) {
        Some(code) => Err(format!("column `{name}` has no row with its text {code}")),
        None => Ok(()),
    }
}

fn line(line: &Line, lines: u32, returns: &Returns) -> Check {
    let sold = line.kind == LineKind::Sale;
    let amount = |amount: i64| (0..=MAX_LINE).contains(&amount);
    let paid = line.gross.checked_sub(line.discount);
    let checks = [
        (lines > 0 && i64::from(line.quantity) >= i64::from(lines), "fewer pieces than lines"),
        (amount(line.gross) && (line.gross > 0) == (line.kind != LineKind::Free), "a value out of range"),
        (
            (0..=line.gross).contains(&line.discount) && (sold || line.discount == 0),
            "a discount out of range",
        ),
        (amount(line.cost) || line.cost == UNKNOWN_COST, "a cost out of range"),
        (
            (0..=line.quantity).contains(&line.returned_quantity)
                && paid.is_some_and(|paid| (0..=paid).contains(&line.returned)),
            "more returned than bought",
        ),
        (
            line.kind != LineKind::Return || matches!(returns, Returns::CreditNotes { .. }),
            "a credit note where there is none",
        ),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, problem)| Err(problem.to_owned()))
}

fn return_time(log: &TransactionLog, row: usize) -> Check {
    let returned = log.return_times.as_ref().map_or(NO_TIME, |times| times[row]);
    // Where what comes back is not kept, its time may be.
    let came_back = log.returned.is_none() || log.line(row).came_back();
    if returned == NO_TIME || (came_back && returned >= log.times[row] && TIME_RANGE.contains(&returned)) {
        Ok(())
    } else {
        Err("a time of return out of range".to_owned())
    }
}

/// The totals of the rows, as reading them has counted them.
pub(super) fn totals(log: &TransactionLog) -> IngestReport {
    let mut report = IngestReport { currency: log.rules.currency().to_owned(), ..IngestReport::default() };
    for row in 0..log.len() {
        let line = log.line(row);
        report.keep(&line);
        // A row may stand for more lines than the one that was counted.
        let more = log.line_counts.as_ref().map_or(0, |counts| u64::from(counts[row].saturating_sub(1)));
        match line.kind {
            LineKind::Sale => report.sales.lines += more,
            LineKind::Free => report.free.lines += more,
            LineKind::Return => report.credit_notes.lines += more,
        }
        report.returned_lines.lines += if line.came_back() { more } else { 0 };
    }
    report
}

pub(super) fn count(count: u64) -> Check<u64> {
    if count <= MOST { Ok(count) } else { Err(format!("{count} is no count of rows")) }
}

pub(super) fn total(total: MoneyTotal) -> Check<MoneyTotal> {
    let limit = i128::from(MOST) * i128::from(MAX_LINE);
    if (0..=limit).contains(&total.ten_thousandths()) {
        Ok(total)
    } else {
        Err(format!("a total of {total}"))
    }
}
