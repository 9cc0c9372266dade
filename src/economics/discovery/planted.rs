//! The planted class.
use super::*;
use crate::economics::{CostOfGoods, Costs};
use crate::features::FeatureExtractor;
use crate::synthetic::{CustomerClass, Shop};

#[test]
fn measure() {
    for seed in [1, 2, 3] {
        let settings = Shop::builder().customers(50_000).seed(seed).build().unwrap();
        let shop = settings.generate().unwrap();
        let table = FeatureExtractor::builder(shop.log.as_of_end().unwrap()).build().unwrap().extract(&shop.log).unwrap();
        for handling in [0.0, 4.5] {
        let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).fulfilment_per_order(crate::Money::from_f64(handling).unwrap()).build().unwrap()).build().unwrap();
        let t = std::time::Instant::now();
        let finding = economics.looks_rich(&table).unwrap();
        let found = shop.truth.detection(CustomerClass::HeavyReturner, finding.mask.ones().map(|row| table.ids().id(row)));
        println!("{:?} finding {found} {:?}", t.elapsed(), found.f1());
        let d = economics.discover(&table, &Discovery::builder().build().unwrap()).unwrap();
        for rule in d.rules.iter().chain(&d.rejected) {
            let found = shop.truth.detection(CustomerClass::HeavyReturner, rule.mask.ones().map(|row| table.ids().id(row)));
            println!("{} {found} {:?}", rule.predicate, found.f1());
        }
        }
    }
}

#[test]
#[ignore]
fn nothing() {
    let t = std::time::Instant::now();
    for seed in 1..=50 {
        let settings = Shop::builder()
            .customers(if seed > 45 { 20_000 } else { 4_000 })
            .heavy_returners(0.0)
            .seed(seed)
            .build()
            .unwrap();
        let shop = settings.generate().unwrap();
        let table = FeatureExtractor::builder(shop.log.as_of_end().unwrap())
            .build()
            .unwrap()
            .extract(&shop.log)
            .unwrap();
        let economics =
            Economics::builder(Costs::builder(CostOfGoods::FromLines).build().unwrap()).build().unwrap();
        let rich = economics.enrich(&table).unwrap();
        for (name, table) in [("plain", &table), ("enriched", &rich)] {
            let d = economics.discover(table, &Discovery::builder().build().unwrap()).unwrap();
            let f = economics.looks_rich(table).unwrap();
            if seed < 4 || seed > 45 || !d.rules.is_empty() || f.is_found() {
                println!("{seed} {name} {:?} {}\n{d}", t.elapsed(), f.is_found());
            }
        }
    }
    println!("{:?}", t.elapsed());
}
