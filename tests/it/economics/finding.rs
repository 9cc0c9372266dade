//! Customers who look rich and earn little: found where they are planted, denied where they are noise.

use kohort::economics::{Economics, EvidenceUnit, Verdict};
use kohort::features::{FeatureTable, Values};

use super::{half_for_goods, table, units};

/// One customer: gross, returned, lines, returned lines.
type Row = (i64, i64, u32, u32);

fn shop(rows: &[Row]) -> FeatureTable {
    table(
        rows.len(),
        [
            ("gross", units(rows.iter().map(|row| row.0))),
            ("returned", units(rows.iter().map(|row| row.1))),
            ("lines", Values::U32(rows.iter().map(|row| row.2).collect())),
            ("lines_returned", Values::U32(rows.iter().map(|row| row.3).collect())),
        ],
    )
}

/// 100 customers of moderate rates, who differ.
fn ordinary() -> Vec<Row> {
    (0..100).map(|i| (100 + i, (100 + i) * (i % 5) / 10, 10, (i % 5) as u32)).collect()
}

/// Ten customers who buy for 1,000 and send back 19 of 20 lines.
fn planted() -> Vec<Row> {
    let mut rows = ordinary();
    rows.extend((0..10).map(|i| (1_000 + i, 950, 40, 38)));
    rows
}

fn economics() -> Economics {
    half_for_goods()
}

#[test]
fn a_planted_group_is_found_to_the_customer() {
    let rows = planted();
    let finding = economics().looks_rich(&shop(&rows)).unwrap();
    assert!(finding.is_found(), "{finding}");
    assert_eq!(finding.mask.ones().collect::<Vec<_>>(), (100..110).collect::<Vec<_>>());
    assert_eq!((finding.customers, finding.population, finding.strong), (10, 110, 10));
    assert_eq!(finding.gross.to_string(), "10045.00");
    let rate = finding.return_rate.unwrap();
    assert!((rate - 9_500.0 / 10_045.0).abs() < 1e-12, "{rate}");
    // Goods at half: the net of what was kept is halved too.
    assert!(
        finding.contribution.to_f64() > 0.0 && finding.contribution.to_f64() < 0.05 * finding.gross.to_f64()
    );
    let printed = finding.to_string();
    assert!(printed.starts_with("Yes") && printed.contains("10 customers (9.1 %)"), "{printed}");
    assert!(matches!(&finding.verdict, Verdict::Found { reason } if reason.contains("exists from 1 %")));
}

#[test]
fn one_returned_order_is_no_evidence() {
    // The richest customers have sent back everything, but all of it is one line.
    let mut rows = ordinary();
    rows.extend((0..10).map(|i| (1_000 + i, 1_000 + i, 1, 1)));
    let finding = economics().looks_rich(&shop(&rows)).unwrap();
    assert!(!finding.is_found(), "{finding}");
    assert_eq!((finding.customers, finding.mask.count(), finding.over_threshold), (0, 0, 10));
    assert_eq!(finding.evidence_unit, Some(EvidenceUnit::Lines));
    let table: Vec<_> =
        finding.evidence.iter().map(|row| (row.minimum, row.customers, row.over_threshold)).collect();
    assert_eq!(table, [(1, 110, 10), (2, 100, 0), (3, 100, 0), (5, 100, 0), (10, 100, 0)]);
    let printed = finding.to_string();
    assert!(printed.contains("9.1 % of customers with 1 line or more are above 85 %"), "{printed}");
    assert!(
        printed.contains("with 10 lines or more are 0.0 % of such customers and 0.0 % of gross"),
        "{printed}"
    );
}

#[test]
fn heavy_returners_who_earn_well_or_look_poor_are_not_it() {
    let strong_but_poor: Vec<Row> = ordinary().into_iter().chain((0..10).map(|_| (50, 48, 40, 38))).collect();
    assert!(!economics().looks_rich(&shop(&strong_but_poor)).unwrap().is_found());
    // By lines they send back nearly everything, by value hardly anything: they earn well.
    let cheap_lines: Vec<Row> = ordinary().into_iter().chain((0..10).map(|_| (1_000, 50, 40, 38))).collect();
    assert!(!economics().looks_rich(&shop(&cheap_lines)).unwrap().is_found());
    // Nobody buys: nothing to find, and nothing to divide by.
    let nobody = economics().looks_rich(&shop(&[(0, 10, 0, 0), (0, 0, 0, 0)])).unwrap();
    assert_eq!((nobody.population, nobody.share_of_customers), (0, None));
    assert!(matches!(nobody.verdict, Verdict::NotFound { .. }));
    assert!(economics().looks_rich(&shop(&[])).unwrap().mask.is_empty());
}

#[test]
fn pieces_count_where_the_table_has_them() {
    let rows = ordinary();
    let table = shop(&rows).column_added("items", Values::I64(vec![2; rows.len()])).unwrap();
    let finding = economics().looks_rich(&table).unwrap();
    assert_eq!(finding.evidence_unit, Some(EvidenceUnit::Items));
    assert_eq!(finding.evidence.iter().map(|row| row.customers).collect::<Vec<_>>(), [100, 100, 0, 0, 0]);
    assert_eq!(finding.evidence[4].share, None);
}

#[test]
fn the_threshold_is_exact() {
    // 85 of 100 is not above 85 %, 85.0001 of 100 is.
    let rows: Vec<Row> = vec![(100, 85, 1, 1), (100, 86, 1, 1)];
    assert_eq!(economics().looks_rich(&shop(&rows)).unwrap().over_threshold, 1);
}

#[test]
fn enriching_adds_what_was_found() {
    let rows = planted();
    let table = shop(&rows);
    let enriched = economics().enrich(&table).unwrap();
    let flags = enriched.counts("rich_but_returning").unwrap();
    assert_eq!(flags.iter().sum::<u32>(), 10);
    assert!(flags[100..].iter().all(|flag| *flag == 1));
    // (gross − returned) / 2 with goods at half price.
    assert_eq!(enriched.money("contribution").unwrap()[100].to_string(), "25.00");
    let finding = economics().looks_rich(&table).unwrap();
    let posterior = finding.return_rates.unwrap().posterior(38, 40);
    let expected = enriched.column("return_rate_expected").unwrap();
    assert_eq!(expected.number(105).map(f64::to_bits), Some(posterior.mean().to_bits()));
    assert!(expected.number(105).unwrap() < 0.95, "shrunk towards the shop");
    let low = enriched.column("return_rate_low").unwrap();
    let high = enriched.column("return_rate_high").unwrap();
    for (row, (_, _, lines, returned)) in rows.iter().enumerate() {
        let posterior = finding.return_rates.unwrap().posterior(*returned, *lines);
        assert!((posterior.probability_above(low.number(row).unwrap()) - 0.95).abs() < 1e-9);
        assert!((posterior.probability_above(high.number(row).unwrap()) - 0.20).abs() < 1e-9);
    }
    assert!(economics().enrich(&enriched).is_err(), "the columns are there already");
}
