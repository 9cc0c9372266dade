//! The planted class.
use crate::economics::{CostOfGoods, Costs, Economics};
use crate::features::FeatureExtractor;
use crate::synthetic::{CustomerClass, Shop, bayes};

#[test]
fn measure() {
    for seed in [1, 2, 3] {
        let t = std::time::Instant::now();
        let settings = Shop::builder().customers(50_000).seed(seed).build().unwrap();
        let shop = settings.generate().unwrap();
        println!("generated {:?}", t.elapsed());
        let table = FeatureExtractor::builder(shop.log.as_of_end().unwrap()).build().unwrap().extract(&shop.log).unwrap();
        println!("extracted {:?}", t.elapsed());
        let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build().unwrap()).build().unwrap();
        let finding = economics.looks_rich(&table).unwrap();
        println!("found {:?}", t.elapsed());
        let found = shop.truth.detection(CustomerClass::HeavyReturner, finding.mask.ones().map(|row| table.ids().id(row)));
        let bayes = shop.truth.detection(CustomerClass::HeavyReturner, bayes::heavy_returners(&settings, &shop));
        println!("bayes {:?}", t.elapsed());
        println!("{seed}: finding {found} {:?}; bayes {bayes} {:?}", found.f1(), bayes.f1());
        if seed == 1 { println!("{:?}", table.names().collect::<Vec<_>>()); }
    }
}
