//! The formulas on small tables that can be followed by hand.

use super::*;
use crate::category::Category;
use crate::economics::{Economics, VatRates};
use crate::features::{Column, ReturnKnowledge, TableContext, Values};
use crate::transaction::{AsOf, CustomerIds, Vat, Zone};

fn money(units: &[i64]) -> Values {
    Values::Money(units.iter().map(|units| Money::from_ten_thousandths(units * 10_000)).collect())
}

fn with_tax(table: FeatureTable, vat: Vat) -> FeatureTable {
    table.described(TableContext {
        as_of: AsOf::date("2026-01-01", &Zone::utc()).unwrap(),
        currency: "EUR".to_owned(),
        vat,
        returns: ReturnKnowledge::AsKnown,
        lines_left_out: 0,
    })
}

fn half() -> crate::economics::CostsBuilder {
    Costs::builder(CostOfGoods::ShareOfGross(Rate::from_millionths(500_000)))
        .return_handling_per_parcel(Money::ZERO)
}

fn economics(costs: crate::economics::CostsBuilder) -> Economics {
    Economics::builder(costs.build().unwrap()).build().unwrap()
}

#[test]
fn tax_is_needed_where_prices_include_it_and_ignored_where_they_do_not() {
    let plain = FeatureTable::from_columns(CustomerIds::rows(2), [("gross", money(&[119, 238]))]).unwrap();
    let nineteen = VatRates::uniform(Rate::from_millionths(190_000));
    let gross =
        |table: &FeatureTable, costs| economics(costs).waterfalls(table).map(|w| w.shop().gross().to_f64());
    let included = with_tax(plain.clone(), Vat::Included);
    let error = gross(&included, half()).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "vat", .. }), "{error}");
    assert_eq!(gross(&included, half().vat(nineteen.clone())).unwrap().to_string(), "300");
    let excluded = with_tax(plain.clone(), Vat::Excluded);
    assert_eq!(gross(&excluded, half().vat(nineteen.clone())).unwrap().to_string(), "357");
    assert_eq!(gross(&plain, half().vat(nineteen)).unwrap().to_string(), "300");
    assert_eq!(gross(&plain, half()).unwrap().to_string(), "357");
}

#[test]
fn tax_by_country_follows_the_customer() {
    let country = Category::from_texts([Some("DE"), Some("AT"), None, Some("CH")]);
    let gross = ("gross", money(&[119, 120, 110, 110]));
    let rates = VatRates::by_country(
        Rate::from_millionths(100_000),
        [("DE", Rate::from_millionths(190_000)), ("AT", Rate::from_millionths(200_000))],
    );
    let economics = economics(half().vat(rates));
    let table = FeatureTable::from_columns(CustomerIds::rows(4), [gross.clone()]).unwrap();
    assert!(matches!(economics.waterfalls(&table).unwrap_err(), Error::MissingFeature { .. }));
    let table = table.column_added("country", Column::new(Values::Category(country))).unwrap();
    let waterfalls = economics.waterfalls(&table).unwrap();
    for row in 0..4 {
        assert_eq!(waterfalls.customer(row).unwrap().gross().to_string(), "100.00");
    }
}

#[test]
fn a_rate_is_rounded_half_to_even_once_per_customer() {
    let amounts = Values::Money([1, 3, 5].map(Money::from_ten_thousandths).to_vec());
    let table = FeatureTable::from_columns(CustomerIds::rows(3), [("gross", amounts)]).unwrap();
    let waterfalls = economics(half()).waterfalls(&table).unwrap();
    let goods = (0..3).map(|row| waterfalls.customer(row).unwrap().cost_of_goods().ten_thousandths());
    assert_eq!(goods.collect::<Vec<_>>(), [0, 2, 2]);
    assert_eq!(waterfalls.shop().cost_of_goods().ten_thousandths(), 4, "and not half of 9");
}

#[test]
fn the_cost_of_returned_goods_comes_from_the_best_record() {
    let ids = || CustomerIds::rows(3);
    // 200 at list price, 100 paid, 50 of it back; the third customer has sent back more than she bought.
    let columns = [
        ("gross", money(&[200, 200, 20])),
        ("discount", money(&[100, 100, 0])),
        ("returned", money(&[50, 50, 90])),
    ];
    let returned = |table: &FeatureTable, costs| {
        let waterfalls = economics(costs).waterfalls(table).unwrap();
        (0..3)
            .map(|row| waterfalls.customer(row).unwrap().get(Item::CostOfGoodsReturned).unwrap().to_string())
            .collect()
    };
    let plain = FeatureTable::from_columns(ids(), columns).unwrap();
    let by_value: Vec<String> = returned(&plain, half());
    assert_eq!(by_value, ["50.00", "50.00", "10.00"], "half of the goods, and no more than went out");
    let list = plain.clone().column_added("returned_gross", money(&[80, 0, 10])).unwrap();
    let by_list: Vec<String> = returned(&list, half());
    assert_eq!(by_list, ["40.00", "0.00", "5.00"]);
    let costs = || Costs::builder(CostOfGoods::FromLines).return_handling_per_parcel(Money::ZERO);
    let lines = plain.column_added("cost_of_goods", money(&[60, 70, 9])).unwrap();
    let by_value: Vec<String> = returned(&lines, costs());
    assert_eq!(by_value, ["30.00", "35.00", "9.00"]);
    let lines = lines.column_added("cost_of_goods_returned", money(&[20, 70, 12])).unwrap();
    let recorded: Vec<String> = returned(&lines, costs());
    assert_eq!(recorded, ["20.00", "70.00", "9.00"]);
}
