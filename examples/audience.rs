//! Who else is like the customers that look rich, but keeps what is bought? From order lines to an audience under a cap on
//! returns, held beside the seed and beside an audience of the same size that is like the best customers.
//!
//! `cargo run --release --example audience`

use kohort::features::Breadth;
use kohort::lookalike::Comparison;
use kohort::lookalike::evaluation::Evaluation;
use kohort::synthetic::Shop;
use kohort::{
    Bitmap, CostOfGoods, Costs, Economics, Expansion, FeatureExtractor, Lookalike, Seed, Segmenter, Size,
    StarterSegments,
};

fn main() -> kohort::Result<()> {
    let log = Shop::builder().customers(20_000).build()?.generate()?.log;
    let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
    let extracted = FeatureExtractor::builder(log.as_of_end()?)
        .breadth(Breadth::default())
        .prices()
        .build()?
        .extract(&log)?;
    let finding = economics.looks_rich(&extracted)?;
    let customers = economics.enrich(&extracted)?;
    let segments = StarterSegments::builder().build()?.fit(&customers)?.segment(&customers)?;
    let plan = economics.prioritize(&customers, &segments)?;

    // They count for what they demand; what comes back stays out of likeness and enters as a cap.
    let seed = Seed::rich_but_returning(&finding, &customers)?;
    let lookalike = Lookalike::builder().build()?;
    let model = lookalike.fit(&customers, &seed)?;
    let expansion = Expansion::builder(Size::Share(0.05)).max_return_rate(0.30).build()?;
    let audience = model.expand(&customers, &expansion)?;
    println!("{model}\n{audience}");
    let everyone = Bitmap::filled(customers.len(), true);
    println!("{}", model.differences(&customers, &everyone, audience.mask())?);

    // The same size, by likeness to the best customers.
    let best = lookalike.fit(&customers, &Seed::best(&plan, &segments)?)?;
    let same_size = Expansion::builder(Size::Customers(audience.len() as u64)).build()?;
    let like_best = best.expand(&customers, &same_size)?;
    let comparison = Comparison::builder(&customers)
        .group("look rich, return it all", &finding.mask)
        .audience("like them, returning less", &audience)
        .audience("like the best", &like_best)
        .build()?;
    println!("{comparison}");

    // Why is she in it?
    if let Some((customer, _)) = audience.in_order().next() {
        println!("Customer {customer}\n{}", model.explain(&customers, &customer)?);
    }
    // How many of the best, held out, does an audience like the best find?
    let evaluated =
        Evaluation::builder().build()?.run(&lookalike, &customers, &Seed::best(&plan, &segments)?)?;
    println!("{evaluated}");
    Ok(())
}
