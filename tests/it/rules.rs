//! Lines that are neither sale nor return: each kind stays or goes by a setting, and is counted with its money.

use kohort::economics::{CostOfGoods, VatRates};
use kohort::transaction::{ClassTotals, FreeLines, LogRulesBuilder, OrderLine, Price, RejectReason, Vat};
use kohort::{
    Costs, Economics, Error, Feature, FeatureExtractor, IdKind, IngestReport, LogRules, Money, Rate, Returns,
    TransactionLog,
};

fn rules() -> LogRulesBuilder {
    LogRules::builder("EUR").returns(Returns::CreditNotes { prefix: Some("C".into()) })
}

fn line(order: &str, product: &str, pieces: i64, price: i64) -> OrderLine {
    let price = Price::Unit(Money::from_ten_thousandths(price * 10_000));
    let mut line = OrderLine::new("ada", 0, price);
    line.order = Some(order.to_owned());
    line.product = Some(product.to_owned());
    line.quantity = pieces;
    line
}

/// Two sales and a credit note among everything else that an export has.
fn log(rules: LogRulesBuilder) -> TransactionLog {
    let mut builder = TransactionLog::builder(&rules.build().unwrap(), IdKind::Text);
    for line in [
        line("1", "coat", 1, 100),
        line("1", "POST", 1, 5),
        line("1", "sample", 3, 0),
        line("2", "hat", 2, 20),
        line("C3", "hat", -1, 20),
        line("C3", "POST", -1, 5),
        line("2", "hat", -7, 0),
        line("A4", "bad debt", 1, 900),
        line("5", "hat", -1, 20),
        line("2", "gift_30", 1, 30),
    ] {
        builder.push(line).unwrap();
    }
    builder.build().unwrap()
}

fn totals(lines: u64, pieces: u64, value: i64) -> ClassTotals {
    let value = Money::from_ten_thousandths(value * 10_000).into();
    ClassTotals { lines, pieces, value }
}

/// Rows, first rows, sales, free lines and returns of a reason.
fn rejected(report: &IngestReport, reason: RejectReason) -> (&[u64], ClassTotals, ClassTotals, ClassTotals) {
    let rejection = &report.rejected[&reason];
    assert_eq!(rejection.rows, rejection.first_rows.len() as u64);
    (&rejection.first_rows, rejection.sales, rejection.free, rejection.returns)
}

#[test]
fn without_settings_only_stock_entries_go() {
    let log = log(rules());
    let report = log.report();
    assert_eq!(report.rejected.keys().collect::<Vec<_>>(), [&RejectReason::Negative]);
    let nothing = ClassTotals::default();
    // Neither a write-off without a price nor a negative sale is a return where credit notes have a prefix.
    assert_eq!(rejected(report, RejectReason::Negative), (&[7, 9][..], nothing, nothing, nothing));
    assert_eq!((report.sales, report.free), (totals(5, 6, 1_075), totals(1, 3, 0)));
    assert_eq!(report.credit_notes, totals(2, 2, 25));
    assert!(report.balances());
}

#[test]
fn each_setting_takes_its_lines_out_and_says_what_they_were_worth() {
    let settings =
        rules().exclude_products(["POST", "gift*"]).exclude_orders(["A"]).free_lines(FreeLines::Exclude);
    let log = log(settings);
    let report = log.report();
    let nothing = ClassTotals::default();
    let products = (&[2, 6, 10][..], totals(2, 2, 35), nothing, totals(1, 1, 5));
    assert_eq!(rejected(report, RejectReason::ExcludedProduct), products);
    assert_eq!(
        rejected(report, RejectReason::ExcludedOrder),
        (&[8][..], totals(1, 1, 900), nothing, nothing)
    );
    assert_eq!(rejected(report, RejectReason::FreeLine), (&[3][..], nothing, totals(1, 3, 0), nothing));
    assert_eq!(rejected(report, RejectReason::Negative).0, [7, 9]);
    assert_eq!((report.rows_read, report.rows_kept(), report.rows_rejected()), (10, 3, 7));
    assert_eq!((report.sales, report.credit_notes), (totals(2, 3, 140), totals(1, 1, 20)));
    // What was read is what it was without the settings.
    let all = self::log(rules());
    assert_eq!(report.sales_read(), all.report().sales_read());
    assert_eq!(report.returns_read(), all.report().returns_read());
    for reason in report.rejected.keys() {
        assert_eq!(reason.is_rule(), *reason != RejectReason::Negative, "{}", reason.name());
    }
    let page = report.to_string();
    for amount in ["900.00", "35.00", "140.00", "1,075.00"] {
        assert!(page.contains(amount), "{amount} is not on the page:\n{page}");
    }
}

#[test]
fn tax_in_prices_is_stated_by_the_log_and_asked_of_the_costs() {
    let costs =
        || Costs::builder(CostOfGoods::ShareOfGross(Rate::ZERO)).return_handling_per_parcel(Money::ZERO);
    let nineteen = || costs().vat(VatRates::uniform(Rate::from_f64(0.19).unwrap()));
    let economics =
        |costs: kohort::economics::CostsBuilder| Economics::builder(costs.build().unwrap()).build().unwrap();
    let table = |vat| {
        let log = log(rules().vat(vat));
        FeatureExtractor::builder(log.as_of_end().unwrap()).build().unwrap().extract(&log).unwrap()
    };
    let (net, taxed) = (table(Vat::Excluded), table(Vat::Included));
    assert_eq!((net.context().unwrap().vat, taxed.context().unwrap().vat), (Vat::Excluded, Vat::Included));
    assert_eq!(net.money(Feature::Gross).unwrap(), taxed.money(Feature::Gross).unwrap());
    let gross = |costs, table| {
        economics(costs).waterfalls(table).map(|waterfalls| waterfalls.shop().gross().to_string())
    };
    assert_eq!(gross(nineteen(), &taxed).unwrap(), "903.3613", "1,075 less its nineteen parts in 119");
    assert_eq!(gross(nineteen(), &net).unwrap(), "1075.00", "there is no tax to take out");
    let error = gross(costs(), &taxed).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "vat", .. }), "{error}");
}

#[test]
fn stored_rules_are_checked_as_new_ones() {
    let rules = rules().exclude_products(["POST"]).exclude_orders(["A"]).build().unwrap();
    let stored = serde_json::to_value(&rules).unwrap();
    assert_eq!(serde_json::from_value::<LogRules>(stored.clone()).unwrap(), rules);
    for (field, value, reason) in [
        ("currency", serde_json::json!(""), "`currency`"),
        ("zone", serde_json::json!("Europe/Atlantis"), "Atlantis"),
        ("returns", serde_json::json!({"CreditNotes": {"prefix": ""}}), "`returns`"),
        ("orders", serde_json::json!("CustomerAndDay"), "a column that names the order"),
        ("excluded_products", serde_json::json!([""]), "`exclude_products`"),
        ("excluded_orders", serde_json::json!(["A", ""]), "`exclude_orders`"),
    ] {
        let mut damaged = stored.clone();
        damaged[field] = value;
        let refused = serde_json::from_value::<LogRules>(damaged).unwrap_err().to_string();
        assert!(refused.contains(reason), "{field}: {refused}");
    }
}
