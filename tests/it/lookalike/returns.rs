//! Lookalikes that return less, judged by what they did after: the limit on returns at work, and what it costs.
//!
//! Everything is learned from the orders before a moment, and audiences are judged by the orders after it.

use std::fmt;

use kohort::economics::CostOfGoods;
use kohort::features::FeatureTable;
use kohort::lookalike::{
    Audience, ComparedGroup, Comparison, Expansion, LeakPolicy, Lookalike, LookalikeBuilder, ScorerKind,
    Scores, Seed, Size,
};
use kohort::segment::{Segmenter, StarterSegments, feature};
use kohort::synthetic::Shop;
use kohort::transaction::CustomerIds;
use kohort::{AsOf, Bitmap, Costs, Economics, Feature, FeatureExtractor, TransactionLog, Window, Zone};

use crate::economics::{money, rate};

const HANDLING: f64 = 3.5;
const WRITE_DOWN: f64 = 0.07;

/// Goods cost half of what they sell for; a piece that comes back costs 3.50 and 7 % of what it cost.
fn economics() -> Economics {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)))
        .return_handling_per_parcel(kohort::Money::ZERO)
        .return_handling_per_item(money("3.50"))
        .write_down(rate(WRITE_DOWN));
    Economics::builder(costs.build().unwrap()).build().unwrap()
}

/// A shop as it was known at a moment, and what its customers did after.
struct Shops {
    then: FeatureTable,
    /// Of each customer of then: sold, sent back of it, pieces sent back.
    after: Vec<Option<(f64, f64, f64)>>,
    /// Customers of then who ordered anything after, were it for nothing.
    in_both: usize,
}

impl Shops {
    fn split(log: &TransactionLog, moment: AsOf, after: &Window) -> Self {
        let extractor = FeatureExtractor::builder(moment).build().unwrap();
        let then = economics().enrich(&extractor.extract(log).unwrap()).unwrap();
        let measured = [Feature::Gross, Feature::ReturnedAttributed, Feature::ItemsReturned, Feature::Items];
        let late = FeatureExtractor::builder(log.as_of_end().unwrap())
            .features([])
            .within(after, measured)
            .build()
            .unwrap();
        let late = late.extract(log).unwrap();
        let number = |feature: Feature, row: usize| {
            late.column(format!("{}__{after}", feature.name())).unwrap().number(row).unwrap_or(0.0)
        };
        let of = |row: usize| {
            let place = late.ids().position(&then.ids().id(row))?;
            let sold = number(Feature::Gross, place);
            let back = (number(Feature::ReturnedAttributed, place), number(Feature::ItemsReturned, place));
            (sold > 0.0).then_some((sold, back.0, back.1))
        };
        let after = (0..then.len()).map(of).collect();
        let ordered = |row: &usize| {
            let place = late.ids().position(&then.ids().id(*row));
            place.is_some_and(|place| number(Feature::Items, place) > 0.0)
        };
        let in_both = (0..then.len()).filter(ordered).count();
        Self { then, after, in_both }
    }

    /// What some customers did after.
    fn realised(&self, customers: &Bitmap) -> Realised {
        let bought: Vec<(f64, f64, f64)> = customers.ones().filter_map(|row| self.after[row]).collect();
        let sold: f64 = bought.iter().map(|(sold, ..)| sold).sum();
        let back: f64 = bought.iter().map(|(_, back, _)| back).sum();
        let pieces: f64 = bought.iter().map(|(.., pieces)| pieces).sum();
        let rate = back / sold;
        let n = bought.len() as f64;
        let squares: f64 = bought.iter().map(|(sold, back, _)| (back - rate * sold).powi(2)).sum();
        Realised {
            customers: customers.count(),
            buyers: bought.len(),
            sold,
            rate,
            // Of a ratio of two sums, by its linear part.
            error: (squares * n / (n - 1.0)).sqrt() / sold,
            contribution: 0.5 * (sold - back) - WRITE_DOWN * 0.5 * back - HANDLING * pieces,
        }
    }

    /// The customers of the plan's best segments, for their contribution.
    fn best(&self) -> Seed {
        let segments =
            StarterSegments::builder().build().unwrap().fit(&self.then).unwrap().segment(&self.then).unwrap();
        let plan = economics().prioritize(&self.then, &segments).unwrap();
        Seed::best(&plan, &segments).unwrap()
    }

    /// Σ v·r / Σ v of some customers by a plain loop, missing rates as those of all who are no seeds.
    fn plain_rate(&self, scores: &Scores, customers: &Bitmap) -> f64 {
        let column = |name: &str| self.then.column(name).unwrap();
        let (gross, rates) = (column("gross"), column("return_rate_expected"));
        let value = |row: usize| gross.number(row).unwrap_or(0.0).max(0.0);
        let (mut sold, mut back) = (0.0, 0.0);
        for row in (0..self.then.len()).filter(|row| !scores.is_seed(*row)) {
            if let Some(rate) = rates.number(row) {
                sold += value(row);
                back += value(row) * rate;
            }
        }
        let mean = back / sold;
        let returned = |row: usize| value(row) * rates.number(row).unwrap_or(mean);
        customers.ones().map(returned).sum::<f64>() / customers.ones().map(value).sum::<f64>()
    }

    /// What audiences of one size did: without a cap, then under each.
    fn under_caps(
        &self,
        lookalike: LookalikeBuilder,
        seed: &Seed,
        size: Size,
        caps: &[f64],
    ) -> (Vec<Realised>, Vec<Audience>) {
        let model = lookalike.build().unwrap().fit(&self.then, seed).unwrap();
        let scores = model.score(&self.then).unwrap();
        let realised = |cap: Option<f64>| {
            let builder = Expansion::builder(size);
            let expansion = cap.map_or(builder.clone(), |cap| builder.max_return_rate(cap)).build().unwrap();
            let audience = expansion.choose(&self.then, &scores).unwrap();
            let expected = audience.expected.return_rate.unwrap();
            let plain = self.plain_rate(&scores, audience.mask());
            assert!(cap.is_none_or(|cap| plain <= cap + 1e-12), "{cap:?}: {plain}");
            assert!((expected - plain).abs() < 1e-9, "{expected} {plain}");
            let realised = self.realised(audience.mask());
            let cap = cap.map_or("without a cap".to_owned(), |cap| format!("cap of {:.0} %", 100.0 * cap));
            println!("  {cap}: expected {:.1} %; {realised}", 100.0 * expected);
            (realised, audience)
        };
        std::iter::once(None).chain(caps.iter().copied().map(Some)).map(realised).unzip()
    }

    /// The seeds, an audience like them under a cap and one of its size like the best, side by side as they were known then.
    fn compared(&self, seeds: &Bitmap, capped: &Audience, best: &Audience) {
        let compared = Comparison::builder(&self.then)
            .group("the seed", seeds)
            .audience("like it, under a cap", capped)
            .audience("like the best", best)
            .build()
            .unwrap();
        println!("{compared}");
        let group = |name: &str| compared.group(name).unwrap();
        let (seed, capped, best) = (group("the seed"), group("like it, under a cap"), group("like the best"));
        assert_eq!(capped.customers, best.customers);
        let rate = |group: &ComparedGroup| group.return_rate.unwrap().rate;
        let of = |column: &str, mask: &Bitmap| {
            // The fashion shop has no discounts.
            let Ok(column) = self.then.column(column) else { return 0.0 };
            mask.ones().filter_map(|row| column.number(row)).sum::<f64>()
        };
        let sold = of("gross", seeds) - of("discount", seeds);
        assert!((rate(seed) - of("returned_attributed", seeds) / sold).abs() < 1e-9, "{}", rate(seed));
        assert!((seed.demand.unwrap().to_f64() - of("gross", seeds)).abs() < 1e-3);
        assert!((seed.contribution.unwrap().to_f64() - of("contribution", seeds)).abs() < 1e-3);
        assert!(rate(capped) < rate(seed));
        assert!(capped.contribution_per_customer() > seed.contribution_per_customer());
        assert!(capped.demand_per_customer() > best.demand_per_customer());
    }
}

/// What an audience did.
#[derive(Clone, Copy)]
struct Realised {
    customers: usize,
    buyers: usize,
    sold: f64,
    rate: f64,
    error: f64,
    contribution: f64,
}

impl fmt::Display for Realised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} customers, {} bought for {:.0}, {:.1} ± {:.1} % came back, contribution {:.0}",
            self.customers,
            self.buyers,
            self.sold,
            100.0 * self.rate,
            196.0 * self.error,
            self.contribution
        )
    }
}

/// The bit of each of some rows.
fn mask(rows: usize, set: impl IntoIterator<Item = usize>) -> Bitmap {
    let mut mask = Bitmap::filled(rows, false);
    set.into_iter().for_each(|row| mask.set(row, true));
    mask
}

fn ids_of(table: &FeatureTable, mask: &Bitmap) -> CustomerIds {
    table.filter(mask).unwrap().ids().clone()
}

/// The rows with the greatest values of a feature.
fn top(table: &FeatureTable, feature: &str, count: usize) -> Vec<usize> {
    let column = table.column(feature).unwrap();
    let mut rows: Vec<usize> = (0..table.len()).filter(|row| column.is_valid(*row)).collect();
    rows.sort_by(|a, b| column.number(*b).unwrap().total_cmp(&column.number(*a).unwrap()).then(a.cmp(b)));
    rows.truncate(count);
    rows
}

/// Whether two rates differ by more than both are off, at 95 %.
fn clearly_less(one: &Realised, other: &Realised) -> bool {
    other.rate - one.rate > 1.96 * one.error.hypot(other.error)
}

fn fashion_shop() -> Option<Shops> {
    let log = crate::real_data::fashion(false)?;
    let zone = Zone::named("Europe/Berlin").unwrap();
    let shop = Shops::split(
        &log,
        AsOf::date("2013-01-01", &zone).unwrap(),
        &Window::dates("2013-01-01", "2013-04-01", &zone).unwrap(),
    );
    assert_eq!((shop.then.len(), shop.in_both), (27_265, 7_034));
    println!("fashion, everyone: {}", shop.realised(&Bitmap::filled(shop.then.len(), true)));
    Some(shop)
}

/// Like the thousand who contributed most in nine months, a tenth of the others, judged by the next three.
#[test]
fn under_a_cap_an_audience_like_the_good_customers_returns_less() {
    let Some(shop) = fashion_shop() else { return };
    let good = mask(shop.then.len(), top(&shop.then, "contribution", 1_000));
    println!("the good customers: {}", shop.realised(&good));
    let seed = Seed::customers(ids_of(&shop.then, &good)).valued_by("contribution");
    let lookalike = Lookalike::builder().scorer(ScorerKind::Logistic).leaks(LeakPolicy::LeaveOut);
    let (found, _) = shop.under_caps(lookalike, &seed, Size::Share(0.1), &[0.35, 0.3]);
    assert!(found.iter().all(|audience| audience.customers == 2_627));
    assert!(clearly_less(&found[1], &found[0]) && clearly_less(&found[2], &found[0]));
    assert!(found[2].rate < found[1].rate);
    // The last points cost demand: who never returns buys little.
    assert!(found[2].sold < 0.8 * found[0].sold && found[2].contribution < found[1].contribution);
}

/// The case that started it: who wants what the rich and returning want, and keeps it.
#[test]
fn like_the_rich_and_returning_in_demand_and_unlike_them_in_returns() {
    let Some(shop) = fashion_shop() else { return };
    let rich = feature("gross").ge(400).and(feature("return_rate_expected").ge(0.6));
    let members = rich.evaluate(&shop.then).unwrap().holds().clone();
    let seeds = shop.realised(&members);
    println!("the rich and returning: {seeds}");
    let seed = Seed::matching(rich).for_demand("gross");
    let (found, like) = shop.under_caps(Lookalike::builder(), &seed, Size::Customers(2_500), &[0.4, 0.35]);
    println!("like the plan's best:");
    let (best, like_best) = shop.under_caps(Lookalike::builder(), &shop.best(), Size::Customers(2_500), &[]);
    shop.compared(&members, &like[2], &like_best[0]);
    assert!(clearly_less(&found[0], &seeds) && clearly_less(&found[1], &found[0]));
    assert!(clearly_less(&found[2], &found[1]));
    let each = |audience: &Realised| audience.contribution / audience.customers as f64;
    assert!(
        each(&found[1]) > each(&found[0]),
        "returns that stay out are worth more than the demand that goes"
    );
    assert!(each(&found[1]) > each(&best[0]), "demand is what the best segment's like lack");
}

#[test]
fn the_synthetic_shops_returners_have_a_like_that_keeps_what_it_buys() {
    let log = Shop::builder().customers(6_000).seed(1).build().unwrap().generate().unwrap().log;
    let moment = log.as_of_end().unwrap().micros() - 90 * 86_400_000_000;
    let shop = Shops::split(&log, AsOf::instant(moment, &Zone::utc()).unwrap(), &Window::days(90));
    let finding = economics().looks_rich(&shop.then).unwrap();
    let seeds = shop.realised(&finding.mask);
    println!("synthetic, rich but returning: {seeds}");
    let seed = Seed::rich_but_returning(&finding, &shop.then).unwrap();
    let (found, like) = shop.under_caps(Lookalike::builder(), &seed, Size::Share(0.1), &[0.3, 0.2]);
    println!("like the plan's best:");
    let same_size = Size::Customers(found[0].customers as u64);
    let (best, like_best) = shop.under_caps(Lookalike::builder(), &shop.best(), same_size, &[]);
    shop.compared(&finding.mask, &like[2], &like_best[0]);
    assert!(seeds.rate > 0.75 && clearly_less(&found[0], &seeds));
    assert!(clearly_less(&found[1], &found[0]) && clearly_less(&found[2], &found[1]));
    assert!(found[2].contribution > found[0].contribution);
    assert!(found[2].contribution / found[2].customers as f64 > seeds.contribution / seeds.customers as f64);
    assert!(found[2].sold / found[2].customers as f64 > best[0].sold / best[0].customers as f64);
}
