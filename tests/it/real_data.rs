//! Real orders, to the penny. The folder of the data is that of the environment variable `KOHORT_DATA`; without it
//! these tests say that they are skipped, with it a missing file is a failure.

use std::io::Write as _;
use std::path::PathBuf;

use kohort::transaction::{RejectReason, SchemaPrice, Undelivered};
use kohort::{LogRules, MoneyTotal, ReconcileBy, Returns, Schema, TransactionLog, Zone};

/// The file's path, or `None` where there is no folder of real data.
pub(crate) fn data_file(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("KOHORT_DATA") else {
        // Not by a macro, whose text the test runner keeps to itself.
        let message = format!("skipped: {name} is checked where KOHORT_DATA names the folder of the data\n");
        let _ = std::io::stderr().write_all(message.as_bytes());
        return None;
    };
    Some(PathBuf::from(folder).join(name))
}

/// Codes of Online Retail that are no goods.
pub(crate) const NO_GOODS: [&str; 19] = [
    "POST",
    "DOT",
    "M",
    "m",
    "D",
    "BANK CHARGES",
    "CRUK",
    "AMAZONFEE",
    "C2",
    "C3",
    "PADS",
    "S",
    "B",
    "ADJUST",
    "ADJUST2",
    "TEST001",
    "TEST002",
    "SP1002",
    "gift*",
];

/// An amount in whole pence or cents. Some unit prices have three decimals, so exact sums can end in a fraction of a penny.
fn pence(amount: MoneyTotal) -> i128 {
    (amount.ten_thousandths() + 50).div_euclid(100)
}

pub(crate) fn online_retail(excluded: &[&str]) -> Option<TransactionLog> {
    let path = data_file("online_retail_2010_2011.csv.gz")?;
    let rules = LogRules::builder("GBP")
        .zone(Zone::named("Europe/London").unwrap())
        .returns(Returns::CreditNotes { prefix: Some("C".into()) })
        .exclude_orders(["A"])
        .exclude_products(excluded.iter().copied())
        .build()
        .unwrap();
    let schema = Schema::builder(&rules, "CustomerID", "InvoiceDate", SchemaPrice::Unit("UnitPrice"))
        .order("InvoiceNo")
        .quantity("Quantity")
        .product("StockCode")
        .country("Country")
        .build()
        .unwrap();
    Some(TransactionLog::from_csv_path(path, &schema).unwrap())
}

#[test]
fn online_retail_is_read_and_accounted_for() {
    let Some(log) = online_retail(&[]) else { return };
    let report = log.report();
    assert_eq!(report.rows_read, 541_909);
    assert!(report.balances());
    assert_eq!((report.sales.lines, pence(report.sales.value)), (397_884, 891_140_790));
    assert_eq!((report.credit_notes.lines, pence(report.credit_notes.value)), (8_905, 61_134_209));
    assert_eq!(report.free.lines, 40);
    assert_eq!(pence(report.net()), 830_006_581);
    assert_eq!(report.sales.value.to_string(), "8911407.904");
    let without_id = &report.rejected[&RejectReason::MissingCustomer];
    assert_eq!(without_id.rows, 135_080);
    assert_eq!(report.rejected.len(), 1, "every row with an id is kept");
    assert_eq!(report.rows_kept() + without_id.rows, 541_909);

    // All lines, with and without an id: one of the lines without is the adjustment A563185 of 11,062.06, which the
    // rules would set aside had it an id; the other two are negative and no credit notes.
    let sales = report.sales_read();
    assert_eq!((sales.lines, pence(sales.value)), (530_103 + 1, 1_065_562_248 + 1_106_206));
    let returns = report.returns_read();
    assert_eq!((returns.lines, pence(returns.value)), (9_288, 89_681_249));
}

#[test]
fn online_retail_goods_leave_out_the_service_codes() {
    let Some(log) = online_retail(&NO_GOODS) else { return };
    let report = log.report();
    assert!(report.balances());
    assert_eq!((report.sales.lines, pence(report.sales.value)), (396_337, 876_106_665));
    assert_eq!((report.credit_notes.lines, pence(report.credit_notes.value)), (8_539, 47_440_333));
    let excluded = &report.rejected[&RejectReason::ExcludedProduct];
    assert_eq!(pence(report.sales.value + excluded.sales.value), 891_140_790);
    assert_eq!(pence(report.credit_notes.value + excluded.returns.value), 61_134_209);
}

#[test]
fn online_retail_reconciles_by_month_and_country() {
    let Some(log) = online_retail(&[]) else { return };
    let months = log.reconcile(ReconcileBy::Month).unwrap();
    let names: Vec<_> = months.rows.iter().filter_map(|row| row.name.as_deref()).collect();
    assert_eq!(names.len(), 13);
    assert_eq!((names[0], names[12]), ("2010-12", "2011-12"));
    let countries = log.reconcile(ReconcileBy::Country).unwrap();
    for account in [&months, &countries] {
        assert_eq!(account.total.gross, log.report().sales.value);
        assert_eq!(pence(account.total.gross), 891_140_790);
        assert_eq!(pence(account.total.returned), 61_134_209);
        assert_eq!(pence(account.total.net()), 830_006_581);
        assert_eq!((account.total.sale_lines, account.total.return_lines), (397_884, 8_905));
        let gross: MoneyTotal = account.rows.iter().map(|row| row.gross).sum();
        assert_eq!(gross, account.total.gross);
    }
    let kingdom = countries.rows.iter().find(|row| row.name.as_deref() == Some("United Kingdom")).unwrap();
    let share = kingdom.gross.share_of(countries.total.gross).unwrap();
    assert!((share - 0.820).abs() < 0.000_5, "{share}");
}

pub(crate) fn fashion(undelivered: bool) -> Option<TransactionLog> {
    let path = data_file("bads_fashion_orders.csv.gz")?;
    let rules = LogRules::builder("EUR")
        .orders(kohort::OrderIdentity::CustomerAndDay)
        .zone(Zone::named("Europe/Berlin").unwrap())
        .returns(Returns::Flag)
        .build()
        .unwrap();
    let mut schema =
        Schema::builder(&rules, "user_id", "order_date", SchemaPrice::Line("item_price")).returned("return");
    if undelivered {
        schema = schema.undelivered(Undelivered::Column("delivery_date"));
    }
    Some(TransactionLog::from_csv_path(path, &schema.build().unwrap()).unwrap())
}

fn assert_percent(part: f64, whole: f64, expected: f64) {
    let found = part / whole * 100.0;
    assert!((found - expected).abs() < 0.005, "{found} % instead of {expected} %");
}

#[test]
fn fashion_returns_are_those_of_the_flags() {
    let Some(log) = fashion(false) else { return };
    let report = log.report();
    assert_eq!((report.rows_read, report.rows_kept()), (100_000, 100_000));
    assert_eq!((pence(report.sales.value), pence(report.returned())), (702_791_435, 368_376_635));
    assert_eq!(report.free.lines, 356);
    assert_percent(report.returned().to_f64(), report.sales.value.to_f64(), 52.42);
    assert_percent(
        report.returned_lines.pieces as f64,
        (report.sales.pieces + report.free.pieces) as f64,
        48.17,
    );
    let months = log.reconcile(ReconcileBy::Month).unwrap();
    assert_eq!((months.rows.len(), months.total.gross), (12, report.sales.value));
    assert_eq!(months.total.returned, report.returned());
}

#[test]
fn fashion_that_was_never_delivered_is_neither_kept_nor_returned() {
    let Some(log) = fashion(true) else { return };
    let report = log.report();
    assert!(report.balances());
    let undelivered = &report.rejected[&RejectReason::Undelivered];
    assert_eq!((undelivered.rows, report.rows_kept()), (8_292, 91_708));
    assert_eq!(undelivered.sales.pieces + undelivered.free.pieces, 8_292);
    assert_eq!(undelivered.returns.lines, 0, "what was not delivered did not come back");
    assert_eq!(pence(report.sales.value + undelivered.sales.value), 702_791_435);
    assert_percent(report.returned().to_f64(), report.sales.value.to_f64(), 57.41);
    assert_percent(
        report.returned_lines.pieces as f64,
        (report.sales.pieces + report.free.pieces) as f64,
        52.53,
    );
}
