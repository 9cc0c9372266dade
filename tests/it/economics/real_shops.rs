//! Economics on features extracted from real orders.

use kohort::economics::{Discovery, EvidenceUnit, RankBy, Verdict};
use kohort::{CustomerId, FeatureExtractor, FeatureTable, TransactionLog};

use super::half_for_goods;
use crate::real_data::{fashion, online_retail};

fn customers(log: &TransactionLog) -> FeatureTable {
    FeatureExtractor::builder(log.as_of_end().unwrap()).build().unwrap().extract(log).unwrap()
}

#[test]
fn the_fashion_shop_has_no_rich_returners_and_the_numbers_say_why() {
    let Some(log) = fashion(false) else { return };
    let finding = half_for_goods().looks_rich(&customers(&log)).unwrap();
    assert_eq!(finding.evidence_unit, Some(EvidenceUnit::Items));
    let expected = [
        (1, 37_579, 11_759, "31.3", "25.03"),
        (2, 21_138, 4_779, "22.6", "16.56"),
        (3, 12_679, 2_307, "18.2", "10.94"),
        (5, 5_345, 730, "13.7", "5.21"),
        (10, 1_038, 92, "8.9", "1.13"),
    ];
    assert_eq!(finding.evidence.len(), expected.len());
    for (row, (minimum, customers, over, share, gross)) in finding.evidence.iter().zip(expected) {
        assert_eq!((row.minimum, row.customers, row.over_threshold), (minimum, customers, over));
        assert_eq!(format!("{:.1}", row.share.unwrap() * 100.0), share);
        assert_eq!(format!("{:.2}", row.share_of_gross.unwrap() * 100.0), gross);
    }
    let Verdict::NotFound { reason } = &finding.verdict else { panic!("{finding}") };
    let words = "above 85 % with 10 items or more are 8.9 % of such customers and 1.1 % of gross";
    assert!(reason.contains(words), "{reason}");
}

#[test]
fn the_gift_shops_heaviest_returners_are_few() {
    let Some(log) = online_retail(&[]) else { return };
    let table = customers(&log);
    let finding = half_for_goods().looks_rich(&table).unwrap();
    assert!(!finding.is_found(), "{finding}");
    assert_eq!((finding.population, finding.over_threshold), (4_338, 25));
    let share = finding.over_threshold_share_of_gross.unwrap();
    assert_eq!(format!("{:.3}", share * 100.0), "3.325");

    let shifts = half_for_goods().rank_shifts(&table, RankBy::Net, 1).unwrap();
    assert_eq!(shifts.ranked, 4_338);
    let first = &shifts.shifts[0];
    assert_eq!(first.customer, CustomerId::from("16446"));
    assert_eq!((first.gross_rank, first.rank), (4, 4_317));
}

/// Whom rules describe in real shops, each of which has held-out customers of its own.
#[test]
fn rules_of_real_shops_hold_for_customers_they_were_not_found_on() {
    let (Some(fashion), Some(gifts)) = (fashion(false), online_retail(&[])) else { return };
    let discovery = Discovery::builder().build().unwrap();
    for (name, log) in [("fashion", fashion), ("gifts", gifts)] {
        let table = customers(&log);
        let enriched = half_for_goods().enrich(&table).unwrap();
        let found = half_for_goods().discover(&enriched, &discovery).unwrap();
        println!("{name}\n{found}\n{}", half_for_goods().concentration(&table).unwrap());
        assert!(found.population > 4_000 && found.tried > 1_000);
        for rule in &found.rules {
            assert_eq!(rule.predicate.evaluate(&enriched).unwrap().holds(), &rule.mask, "{}", rule.predicate);
            assert!(rule.held_out.margin < Some(found.line) && rule.adjusted_p_value <= 0.05, "{found}");
        }
    }
}
