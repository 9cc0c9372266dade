//! The synthetic shop's planted class against the Bayes rule of its generator; and shops without it.

use super::Discovery;
use crate::bitmap::Bitmap;
use crate::economics::{CostOfGoods, Costs, Economics};
use crate::features::{FeatureExtractor, FeatureTable};
use crate::synthetic::{CustomerClass, Shop, SyntheticShop, bayes};

fn economics() -> Economics {
    Economics::builder(Costs::builder(CostOfGoods::FromLines).build().unwrap()).build().unwrap()
}

fn customers(shop: &SyntheticShop) -> FeatureTable {
    let extractor = FeatureExtractor::builder(shop.log.as_of_end().unwrap()).build().unwrap();
    economics().enrich(&extractor.extract(&shop.log).unwrap()).unwrap()
}

fn f1(shop: &SyntheticShop, table: &FeatureTable, found: &Bitmap) -> f64 {
    let found = found.ones().map(|row| table.ids().id(row));
    shop.truth.detection(CustomerClass::HeavyReturner, found).f1().unwrap()
}

/// The finding and the best rule reach 95 % of what the Bayes rule does.
fn planted_class_is_found(seed: u64) {
    let settings = Shop::builder().customers(50_000).seed(seed).build().unwrap();
    let shop = settings.generate().unwrap();
    let table = customers(&shop);
    let best = bayes::heavy_returners(&settings, &shop);
    let best = shop.truth.detection(CustomerClass::HeavyReturner, best).f1().unwrap();
    assert!(best > 0.999, "who knows the laws of the shop knows its classes: {best}");

    let table_without_finding: Vec<&str> =
        table.names().filter(|name| *name != "rich_but_returning").collect();
    let table = table.select(table_without_finding).unwrap();
    let finding = f1(&shop, &table, &economics().looks_rich(&table).unwrap().mask);
    assert!(finding >= 0.95 * best, "seed {seed}: the finding reaches {finding} of {best}");

    let discovered = economics().discover(&table, &Discovery::builder().build().unwrap()).unwrap();
    let rule = f1(&shop, &table, &discovered.rules[0].mask);
    assert!(rule >= 0.95 * best, "seed {seed}: {} reaches {rule} of {best}", discovered.rules[0].predicate);
    // Settings that change what is seen, not what is there.
    assert!(discovered.rules[0].conditions <= 3 && discovered.rejected.len() + discovered.rules.len() <= 5);
    println!("seed {seed}: Bayes {best:.4}, finding {finding:.4}, rule {rule:.4}\n{discovered}");
}

#[test]
fn the_planted_class_is_found_in_a_first_shop() {
    planted_class_is_found(1);
}

#[test]
fn the_planted_class_is_found_in_a_second_shop() {
    planted_class_is_found(2);
}

#[test]
fn the_planted_class_is_found_in_a_third_shop() {
    planted_class_is_found(3);
}

/// Of fifty shops without heavy returners at most two are reported, by either of the two.
#[test]
fn shops_without_the_class_have_nothing_to_report() {
    // As large a share of these small shops as of large ones.
    let discovery = Discovery::builder().minimum_customers(20).build().unwrap();
    let (mut findings, mut discoveries) = (0, 0);
    for seed in 1..=50 {
        let shop = Shop::builder().customers(1_000).heavy_returners(0.0).seed(seed).build().unwrap();
        let table = customers(&shop.generate().unwrap());
        findings += u32::from(economics().looks_rich(&table).unwrap().is_found());
        let discovered = economics().discover(&table, &discovery).unwrap();
        assert!(discovered.tried > 10_000, "{discovered}");
        discoveries += u32::from(!discovered.rules.is_empty());
    }
    println!("of 50 shops without the class: {findings} by the finding, {discoveries} by discovery");
    assert!(findings <= 2 && discoveries <= 2, "{findings} and {discoveries}");
}
