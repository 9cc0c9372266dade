//! The main job from its options to its JSON, on the synthetic shop, on a small file and on real order lines.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap::error::ErrorKind;
use serde_json::{Value, json};

use super::*;

/// The JSON, the customers' CSV and the printed page of a command line.
fn run_with(arguments: &[&str]) -> kohort::Result<(Value, String, String)> {
    let options = Options::parse_from([&["plan"], arguments].concat());
    let settings = Settings::new(&options)?;
    let orders = Orders::read(&options, &settings)?;
    let as_of = options.as_of(&orders.log).unwrap_or_else(|| orders.log.as_of_end())?;
    let mut page = Vec::new();
    print::orders(&orders, &options, &mut page).unwrap();
    let analysis = Analysis::run(orders, settings, as_of)?;
    print::analysis(&analysis, &options, &mut page).unwrap();
    let (mut json, mut csv) = (Vec::new(), Vec::new());
    json::write(&analysis, &options, &mut json).unwrap();
    customers::write(&analysis, &mut csv).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ok((serde_json::from_slice(&json).unwrap(), text(csv), text(page)))
}

/// The values of some keys, in their order.
fn values(result: &Value, keys: &[&str]) -> Vec<Value> {
    keys.iter().map(|key| result[key].clone()).collect()
}

/// A file of the data folder, if there is one; a folder that lacks the file is an error.
fn data(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("KOHORT_DATA") else {
        println!("skipped: KOHORT_DATA is not set");
        return None;
    };
    let path = Path::new(&folder).join(name);
    assert!(path.exists(), "{} is missing", path.display());
    Some(path)
}

#[test]
fn the_options_are_well_formed() {
    Options::command().debug_assert();
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let file = ["plan", "x.csv", "--customer", "c", "--time", "t", "--amount", "a"];
    let refused = |more: &[&str]| Options::try_parse_from([&file, more].concat()).unwrap_err().kind();
    assert_eq!(refused(&["--unit-price", "p"]), ErrorKind::ArgumentConflict);
    assert_eq!(refused(&["--unit-cost", "u", "--cost-of-goods", "0.4"]), ErrorKind::ArgumentConflict);
    for returns in ["flag", "flag:", "none:x", "post"] {
        assert_eq!(refused(&["--returns", returns]), ErrorKind::ValueValidation, "{returns}");
    }
    assert_eq!(refused(&["--fulfilment", "4,50"]), ErrorKind::ValueValidation);
    assert_eq!(refused(&["--write-down", "NaN"]), ErrorKind::ValueValidation);
    assert_eq!(refused(&["--delimiter", "||"]), ErrorKind::ValueValidation);
    assert_eq!(refused(&["--encoding", "ebcdic"]), ErrorKind::InvalidValue);
    assert_eq!(refused(&["--discount-kind", "rate"]), ErrorKind::MissingRequiredArgument);
    let alone = |arguments: &[&str]| Options::try_parse_from(arguments).unwrap_err().kind();
    assert_eq!(alone(&["plan", "x.csv"]), ErrorKind::MissingRequiredArgument);
    assert_eq!(alone(&["plan", "--returns", "none"]), ErrorKind::MissingRequiredArgument);
    for settings in [["--max-segments", "1"], ["--write-down", "1.5"], ["--handling", "-1"]] {
        let options = Options::try_parse_from(["plan", &settings.join("=")]).unwrap();
        assert!(matches!(Settings::new(&options), Err(kohort::Error::Setting { .. })), "{settings:?}");
    }
}

#[test]
fn the_synthetic_shop_has_the_segment_and_it_is_found() {
    let (result, csv, page) = run_with(&[]).unwrap();
    let found = &result["looks_rich_earns_little"];
    let share = found["share_of_customers"].as_f64().unwrap();
    assert!((0.07..0.13).contains(&share), "{found}");
    assert!(found["share_of_gross"].as_f64().unwrap() > 2.0 * share, "{found}");
    assert!(found["return_rate"].as_f64().unwrap() > 0.85 && found["contribution"].as_f64().unwrap() < 0.0);
    let segments = result["segments"].as_array().unwrap();
    assert!(segments.len() <= 4);
    let last = segments.last().unwrap();
    assert_eq!(last["name"], "rich but returning");
    assert!(last["rank_by_gross"].as_u64() < last["rank"].as_u64());
    let customers: u64 = segments.iter().map(|segment| segment["customers"].as_u64().unwrap()).sum();
    assert_eq!(customers, 22_000);
    assert_eq!(csv.lines().count(), 22_001);
    assert_eq!(
        csv.lines().next(),
        Some("customer_id,r,f,m,rfm_segment,segment,gross,returned,contribution,action")
    );
    for part in [
        "rows read",
        "the day after the last line",
        "champions",
        "interval",
        "look rich and earn little?",
        "precision 9",
    ] {
        assert!(page.contains(part), "`{part}` is not on the page");
    }
}

#[test]
fn a_small_file_is_accounted_for_to_the_cent() {
    let file = "\
who;when;what;pieces;price;off;back;gone
ada;01.03.2024;shirt;2;19,90;0,1;1;2024-03-04
ada;01.03.2024;POST;1;4,95;;0;2024-03-04
ben;02.03.2024;coat;1;120,00;;1;2024-03-05
cyd;02.03.2024;coat;1;120,00;;0;
dee;someday;coat;1;120,00;;0;2024-03-05
eve;03.03.2024;hat;3;10,00;0,5;0;2024-03-05
";
    let path = std::env::temp_dir().join(format!("kohort-plan-{}.csv", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let arguments = [
        &[path.to_str().unwrap(), "--customer", "who", "--time", "when", "--product", "what"][..],
        &["--quantity", "pieces", "--unit-price", "price", "--discount", "off", "--returns", "quantity:back"],
        &["--undelivered", "gone", "--delimiter", ";", "--decimal-comma", "--date-format", "%d.%m.%Y"],
        &["--exclude-products", "POST,GIFT*", "--cost-of-goods", "0.5"],
    ];
    let outcome = run_with(&arguments.concat());
    std::fs::remove_file(&path).unwrap();
    let (result, csv, page) = outcome.unwrap();
    assert_eq!(
        result["rows_rejected"],
        json!({"total": 3, "time": 1, "undelivered": 1, "excluded_product": 1})
    );
    let keys = ["rows_read", "rows_kept", "sale_lines", "return_lines", "gross", "discount", "returned"];
    // Two shirts at 19.90 less a tenth, one of them back; a coat back; three hats at half price.
    let expected = [json!(6), json!(3), json!(3), json!(2), json!(189.8), json!(18.98), json!(137.91)];
    assert_eq!(values(&result, &keys), expected);
    let keys = ["customers_with_sale", "customers_only_returns", "customers_over_85pct", "as_of"];
    let expected = [json!(3), json!(0), json!(1), json!("2024-03-04T00:00:00+00:00[UTC]")];
    assert_eq!(values(&result, &keys), expected);
    assert!(csv.lines().any(|line| line.starts_with("ada,") && line.contains(",39.80,17.91,")), "{csv}");
    assert!(page.contains("never delivered"));
}

#[test]
fn the_gift_shop_agrees_with_the_published_facts() {
    let Some(path) = data("online_retail_2010_2011.csv.gz") else { return };
    let arguments = [
        &[
            path.to_str().unwrap(),
            "--customer",
            "CustomerID",
            "--order",
            "InvoiceNo",
            "--time",
            "InvoiceDate",
        ][..],
        &[
            "--product",
            "StockCode",
            "--quantity",
            "Quantity",
            "--unit-price",
            "UnitPrice",
            "--country",
            "Country",
        ],
        &["--currency", "GBP", "--returns", "credit-notes:C"],
    ];
    let (result, ..) = run_with(&arguments.concat()).unwrap();
    let keys = ["rows_read", "sale_lines", "return_lines", "gross", "returned"];
    let expected = [json!(541_909), json!(397_884), json!(8_905), json!(8_911_407.90), json!(611_342.09)];
    assert_eq!(values(&result, &keys), expected);
    let keys = ["customers_with_sale", "customers_only_returns", "customers_over_85pct"];
    assert_eq!(values(&result, &keys), [json!(4_338), json!(33), json!(25)]);
    assert!((result["return_rate"].as_f64().unwrap() - 0.06860).abs() < 5e-6);
    assert_eq!(
        result["rows_kept"].as_u64().unwrap() + result["rows_rejected"]["total"].as_u64().unwrap(),
        541_909
    );
}

#[test]
fn the_fashion_shop_has_no_rich_returners_and_the_result_says_so() {
    let Some(path) = data("bads_fashion_orders.csv.gz") else { return };
    let arguments = [
        &[
            path.to_str().unwrap(),
            "--customer",
            "user_id",
            "--time",
            "order_date",
            "--unit-price",
            "item_price",
        ][..],
        &["--product", "item_id", "--brand", "brand_id", "--returns", "flag:return"],
    ];
    let (result, _, page) = run_with(&arguments.concat()).unwrap();
    assert_eq!(
        values(&result, &["rows_kept", "gross", "returned"]),
        [json!(100_000), json!(7_027_914.35), json!(3_683_766.35)]
    );
    assert!((result["return_rate"].as_f64().unwrap() - 0.5242).abs() < 5e-5);
    assert!(result["looks_rich_earns_little"].is_null());
    let ten = &result["evidence"][4];
    assert_eq!((ten["minimum"].as_u64(), ten["customers"].as_u64()), (Some(10), Some(1_038)));
    assert_eq!(ten["over_threshold"].as_u64(), Some(92));
    assert!((ten["share_of_gross"].as_f64().unwrap() - 0.0113).abs() < 5e-5);
    assert!(result["looks_rich_earns_little_reason"].as_str().unwrap().contains("8.9 %"));
    assert!(page.contains("No: this shop has no customers who look rich and earn little."));
    let undelivered = [arguments.concat(), vec!["--undelivered", "delivery_date"]].concat();
    let (delivered, ..) = run_with(&undelivered).unwrap();
    assert!((delivered["return_rate"].as_f64().unwrap() - 0.5741).abs() < 5e-5);
    assert_eq!(delivered["rows_rejected"], json!({"total": 8_292, "undelivered": 8_292}));
}
