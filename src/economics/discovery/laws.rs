//! Laws of the search on random tables: what it counts is what the rule engine says.

use proptest::prelude::*;

use super::features::{Coded, Condition, Kind, Test, coded};
use super::search::Search;
use super::target::Target;
use super::{Discovery, Economics};
use crate::bitmap::Bitmap;
use crate::category::Category;
use crate::economics::customer_rates::CustomerRates;
use crate::economics::facts::Facts;
use crate::economics::waterfalls::waterfalls;
use crate::economics::{CostOfGoods, Costs};
use crate::features::{Column, FeatureTable, Values};
use crate::segment::Predicate;
use crate::transaction::{CustomerIds, Money, Rate};

/// A customer: gross, share returned in tenths, a number that may be missing, a text that may be.
type Row = (i64, i64, Option<i32>, Option<u8>);

fn table(rows: &[Row]) -> FeatureTable {
    let money = |amount: fn(&Row) -> i64| {
        Values::Money(rows.iter().map(|row| Money::from_ten_thousandths(amount(row) * 1_000)).collect())
    };
    let present: Bitmap = rows.iter().map(|row| row.2.is_some()).collect();
    let numbers: Vec<i32> = rows.iter().map(|row| row.2.unwrap_or_default()).collect();
    let ratios = rows.iter().map(|row| row.2.map(|number| f64::from(number) / 7.0)).collect();
    let texts: Vec<Option<String>> =
        rows.iter().map(|row| row.3.map(|code| format!("it's {code}"))).collect();
    let texts = Category::from_texts(texts.iter().map(Option::as_deref));
    FeatureTable::from_columns(
        CustomerIds::rows(rows.len()),
        [
            ("gross", Column::new(money(|row| row.0 * 10))),
            ("returned", Column::new(money(|row| row.0 * row.1))),
            ("number", Column::with_missing(Values::I32(numbers), present).unwrap()),
            ("A ratio", Column::optional(ratios)),
            ("text", Column::new(Values::Category(texts))),
        ],
    )
    .unwrap()
}

fn economics() -> Economics {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.4).unwrap()));
    let costs = costs.return_handling_per_parcel(Money::ZERO).build().unwrap();
    Economics::builder(costs).build().unwrap()
}

/// Every test that a search may make of a feature.
fn tests(coded: &Coded) -> Vec<Test> {
    let mut tests = vec![Test::Missing];
    match &coded.kind {
        Kind::Number { cuts } => {
            (0..cuts.len() as u8).for_each(|cut| tests.extend([Test::AtLeast(cut), Test::Below(cut)]));
        }
        Kind::Text { texts } => {
            (1..=texts.len() as u8).for_each(|code| tests.push(Test::OneOf(vec![code])));
            tests.push(Test::OneOf((1..=texts.len().min(4) as u8).collect()));
        }
    }
    tests.retain(|test| *test != Test::OneOf(Vec::new()));
    tests
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0_i64..900,
        prop_oneof![3 => 0_i64..4, 1 => Just(10_i64)],
        prop::option::weighted(0.9, -40_i32..300),
        prop::option::weighted(0.9, 0_u8..6),
    );
    prop::collection::vec(row, 1..600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_condition_counts_whom_its_predicate_holds_for(rows in rows()) {
        let table = table(&rows);
        let features =
            coded(&table, &Discovery::builder().build().unwrap(), &Bitmap::filled(rows.len(), true)).unwrap();
        prop_assert_eq!(features.len(), 4, "all but `returned`");
        for (place, feature) in features.iter().enumerate() {
            for test in tests(feature) {
                let condition = Condition { feature: place, test };
                let codes = condition.codes();
                let counted: Bitmap = feature
                    .codes
                    .iter()
                    .map(|code| codes[usize::from(code >> 6)] >> (code & 63) & 1 == 1)
                    .collect();
                let predicate = condition.predicate(&features);
                let matches = predicate.evaluate(&table).unwrap();
                prop_assert_eq!(matches.holds(), &counted, "{}", predicate);
                #[cfg(feature = "sql")]
                prop_assert_eq!(&predicate.to_string().parse::<Predicate>().unwrap(), &predicate);
            }
        }
    }

    #[test]
    fn a_rule_describes_whom_the_search_counted(rows in rows()) {
        let (table, economics) = (table(&rows), economics());
        let discovery = Discovery::builder().minimum_customers(3).minimum_share(0.0).held_out(0.3).build().unwrap();
        let facts = Facts::read(&table).unwrap();
        let waterfalls = waterfalls(&economics.costs, &facts).unwrap();
        let rates = CustomerRates::of(&facts, &economics.settings).unwrap();
        let target = Target::of(&economics, &discovery, &facts, &waterfalls, rates.as_ref()).unwrap();
        let features = coded(&table, &discovery, &target.population).unwrap();
        let found = Search::new(&features, &target, &discovery, 3).run(5);
        prop_assert_eq!(found.rules.len(), found.described.len());
        let mut described = Bitmap::filled(rows.len(), false);
        for (rule, counted) in found.rules.iter().zip(&found.described) {
            prop_assert!((1..=3).contains(&rule.len()), "{:?}", rule);
            let predicate = Predicate::all(rule.iter().map(|condition| condition.predicate(&features)));
            let holds = predicate.evaluate(&table).unwrap().holds().clone();
            let new = holds.minus(&described).and(&target.training);
            prop_assert_eq!(new.count(), *counted as usize, "{}", predicate);
            prop_assert!(*counted >= 3 && 2 * new.and_count(&target.rich) > new.count(), "{}", predicate);
            let short: i64 = new.ones().map(|row| i64::from(target.scores[row])).sum();
            prop_assert!(short > 0, "{} is not below the line", predicate);
            described = described.or(&holds);
        }
    }
}
