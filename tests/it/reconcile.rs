//! The reconciliation is the same for any number of threads and any order of the rows.

use kohort::transaction::{Attribute, LogColumns, PriceColumn, ReturnedColumn};
use kohort::{
    Category, LogRules, MoneyTotal, OrderIdentity, ReconcileBy, Reconciliation, Returns, TransactionLog, Zone,
};

/// More than ten chunks of any stage, with a ragged tail.
const LINES: usize = 11 * (1 << 14) + 777;

/// A log whose row `i` holds the order line number `order(i)`.
fn log(order: impl Fn(usize) -> usize) -> TransactionLog {
    let pick = |n: usize| (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let lines: Vec<usize> = (0..LINES).map(order).collect();
    let rules = LogRules::builder("EUR")
        .zone(Zone::named("America/New_York").unwrap())
        .orders(OrderIdentity::EachLine)
        .returns(Returns::Flag)
        .build()
        .unwrap();
    let time = |n: usize| 1_600_000_000 + (pick(n) % 40_000_000) as i64;
    let countries = ["", "DE", "FR", "US"];
    let columns = LogColumns::new(
        lines.iter().map(|n| pick(*n) % 1_000).collect::<Vec<_>>(),
        lines.iter().map(|n| time(*n)).collect::<Vec<_>>(),
        PriceColumn::Line(lines.iter().map(|n| (pick(n + 7) % 100_000) as f64 / 100.0 - 1.0).collect()),
    )
    .times_in_seconds()
    .returned(ReturnedColumn::Flag(lines.iter().map(|n| pick(n + 1) % 3 == 0).collect()))
    .return_time(lines.iter().map(|n| time(*n) + (pick(n + 2) % 9_000_000) as i64).collect::<Vec<_>>())
    .attribute(
        Attribute::Country,
        Category::from_texts(lines.iter().map(|n| Some(countries[(pick(n + 3) % 4) as usize]))),
    );
    TransactionLog::from_columns(columns, &rules).unwrap()
}

fn both(log: &TransactionLog) -> [Reconciliation; 2] {
    [ReconcileBy::Month, ReconcileBy::Country].map(|by| log.reconcile(by).unwrap())
}

#[test]
fn threads_and_row_order_do_not_show() {
    let plain = log(|row| row);
    let expected = both(&plain);
    let report = plain.report();
    assert!(report.balances() && report.rows_rejected() > 0);
    for account in &expected {
        let sum = |pick: fn(&kohort::transaction::ReconcileRow) -> MoneyTotal| -> MoneyTotal {
            account.rows.iter().map(pick).sum()
        };
        assert_eq!(sum(|row| row.gross), report.sales.value);
        assert_eq!(sum(|row| row.returned), report.returned());
        assert_eq!(account.total.net(), report.net());
        assert_eq!(account.total.sale_lines, report.sales.lines);
        assert_eq!(account.total.return_lines, report.return_lines());
    }
    let names: Vec<_> = expected[1].rows.iter().map(|row| row.name.as_deref()).collect();
    assert_eq!(names, [Some("DE"), Some("FR"), Some("US"), None]);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| both(&log(|row| row))), expected);
    }
    // Stepping by a number that shares no factor with the length visits every line once.
    let shuffled = log(|row| row * 7_919 % LINES);
    assert_eq!(both(&shuffled), expected);
}

#[test]
fn the_page_ends_in_the_total() {
    let account = log(|row| row).reconcile(ReconcileBy::Country).unwrap();
    let page = account.to_string();
    let last = page.lines().last().unwrap();
    assert!(page.contains("not given") && last.trim_start().starts_with("total"), "{page}");
    let json = serde_json::to_string(&account).unwrap();
    assert_eq!(serde_json::from_str::<Reconciliation>(&json).unwrap(), account);
}

#[test]
fn a_log_without_countries_has_none_to_reconcile_by() {
    let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build().unwrap();
    let columns = LogColumns::new(vec![1_u64], vec![0_i64], PriceColumn::Line(vec![1.0].into()));
    let log = TransactionLog::from_columns(columns, &rules).unwrap();
    let error = log.reconcile(ReconcileBy::Country).unwrap_err();
    assert!(matches!(error, kohort::Error::Setting { setting: "by", .. }), "{error}");
    assert_eq!(log.reconcile(ReconcileBy::Month).unwrap().rows[0].name.as_deref(), Some("1970-01"));
}
