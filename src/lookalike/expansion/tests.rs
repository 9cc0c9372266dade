//! Sizes, pools, ties and limits of audiences, against plain computations.

use super::*;
use crate::bitmap::Bitmap;
use crate::error::Error;
use crate::features::{Column, FeatureTable, Values};
use crate::lookalike::{Comparison, ComparisonBuilder, Scores};
use crate::numeric::ln;
use crate::random::Stream;
use crate::segment::feature;
use crate::transaction::{CustomerIds, Money, Rate};

const CUSTOMERS: usize = 2_000;

/// Customers whose return rates rise with their similarity; every seventh has no return rate, every eleventh no
/// consent known.
fn shop(rows: usize) -> (FeatureTable, Scores) {
    let mut stream = Stream::new(3, "expansion tests", 0);
    let (mut similarity, mut gross, mut rate) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..rows {
        let own = 0.02 + 0.9 * stream.unit() * stream.unit();
        similarity.push(own);
        gross.push(Money::from_ten_thousandths(100_000 + (stream.unit() * 5e6) as i64));
        let returns = (0.1 + 0.6 * own + 0.3 * stream.unit()).min(1.0);
        rate.push((row % 7 != 3).then_some(returns));
    }
    let contribution = gross.iter().zip(&rate).map(|(gross, rate)| {
        Money::from_ten_thousandths((gross.ten_thousandths() as f64 * (0.4 - rate.unwrap_or(0.4))) as i64)
    });
    let contribution: Vec<Money> = contribution.collect();
    let high: Vec<Option<f64>> = rate.iter().map(|rate| rate.map(|rate| (rate + 0.1).min(1.0))).collect();
    let consent: Vec<Option<f64>> =
        (0..rows).map(|row| (row % 11 != 5).then_some(f64::from(u32::from(row % 4 != 0)))).collect();
    let columns = [
        ("gross", Column::new(Values::Money(gross))),
        ("return_rate_expected", Column::optional(rate)),
        ("return_rate_high", Column::optional(high)),
        ("contribution", Column::new(Values::Money(contribution))),
        ("consent", Column::optional(consent)),
    ];
    let table = FeatureTable::from_columns(CustomerIds::rows(rows), columns).unwrap();
    let seeds = (0..rows).map(|row| row % 20 == 0).collect();
    let log_odds = similarity.iter().map(|p| ln(p / (1.0 - p))).collect();
    let scores = Scores::new(&table, log_odds, seeds).unwrap();
    (table, scores)
}

fn choose(size: Size) -> Audience {
    let (table, scores) = shop(CUSTOMERS);
    Expansion::builder(size).build().unwrap().choose(&table, &scores).unwrap()
}

/// Rows in the order of their similarity, seeds left out.
fn ranked(scores: &Scores) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..scores.len()).filter(|row| !scores.seeds().get(*row)).collect();
    rows.sort_by(|one, other| scores.similarity(*other).total_cmp(&scores.similarity(*one)));
    rows
}

#[test]
fn every_size_is_what_it_says() {
    let (_, scores) = shop(CUSTOMERS);
    let ranked = ranked(&scores);
    let rows = |audience: &Audience| -> Vec<usize> {
        audience.in_order().map(|(id, _)| id.to_string().parse().unwrap()).collect()
    };
    let five = choose(Size::Share(0.05));
    assert_eq!((five.pool, five.left_out.seeds, five.len()), (1_900, 100, 95));
    assert_eq!(rows(&five), ranked[..95]);
    assert_eq!(five.threshold.to_bits(), scores.similarity(ranked[94]).to_bits());
    assert_eq!((five.members().len(), five.mask().count()), (95, 95));
    assert_eq!(rows(&choose(Size::Customers(1_900))), ranked);
    assert_eq!(rows(&choose(Size::Band { from: 0.05, to: 0.10 })), ranked[95..190]);
    assert_eq!(choose(Size::Share(1e-9)).len(), 1);
    let above = choose(Size::Threshold(0.5));
    assert_eq!(above.len(), ranked.iter().filter(|row| scores.similarity(**row) >= 0.5).count());
    assert!(above.threshold >= 0.5);
}

#[test]
fn the_balanced_size_is_where_shares_of_seeds_and_pool_meet() {
    let (table, scores) = shop(CUSTOMERS);
    // Scores that tell nothing of seeds: half of the pool.
    let half = choose(Size::Balanced).len();
    assert!(half.abs_diff(950) < 150, "{half}");
    // Scores that tell them apart.
    let apart = (0..CUSTOMERS).map(|row| if row % 20 == 0 { 3.0 } else { -(row as f64) / 1e3 }).collect();
    let scores_apart = Scores::new(&table, apart, scores.seeds().clone()).unwrap();
    let expansion = Expansion::builder(Size::Balanced).build().unwrap();
    assert_eq!(expansion.choose(&table, &scores_apart).unwrap().len(), 1);
    // In between: seeds among the upper half of the pool. By a plain loop.
    let shifted =
        (0..CUSTOMERS).map(|row| (row * 7_919 % 2_003) as f64 / 1e3 + if row % 20 == 0 { 0.7 } else { 0.0 });
    let shifted = Scores::new(&table, shifted.collect(), scores.seeds().clone()).unwrap();
    let order = ranked(&shifted);
    let meets = |size: &usize| {
        let border = shifted.similarity(order[size - 1]);
        let reached = shifted.seeds().ones().filter(|row| shifted.similarity(*row) >= border).count();
        reached * 1_900 >= (1_900 - size) * 100
    };
    let expected = (1..=1_900).find(meets).unwrap();
    assert!((100..900).contains(&expected));
    assert_eq!(expansion.choose(&table, &shifted).unwrap().len(), expected);
    let none = Scores::new(&table, vec![0.0; CUSTOMERS], Bitmap::filled(CUSTOMERS, false)).unwrap();
    assert!(matches!(expansion.choose(&table, &none), Err(Error::Empty { .. })));
}

#[test]
fn ties_follow_ids_and_the_salt_and_no_row() {
    let ids = |rows: usize| CustomerIds::numbers((0..rows as u64).map(|row| row * 3 + 1).collect()).unwrap();
    let of = |rows: usize, salt: &str| {
        let table = FeatureTable::from_columns::<&str, Values>(ids(rows), []).unwrap();
        let scores = Scores::new(&table, vec![0.0; rows], Bitmap::filled(rows, false)).unwrap();
        let expansion = Expansion::builder(Size::Customers(50)).salt(salt).build().unwrap();
        let audience = expansion.choose(&table, &scores).unwrap();
        audience.in_order().map(|(id, _)| id.to_string()).collect::<Vec<_>>()
    };
    let first = of(500, "a");
    assert_ne!(first, of(500, "b"));
    // Fifty of five hundred are not the first ones, nor the last.
    let low = first.iter().filter(|id| id.parse::<u64>().unwrap() < 750).count();
    assert!((10..40).contains(&low), "{low}");
    // Those who are chosen of more customers and were there before are chosen of fewer.
    let more = of(600, "a");
    assert!(more.iter().filter(|id| id.parse::<u64>().unwrap() < 1_500).all(|id| first.contains(id)));
}

#[test]
fn who_is_left_out_is_counted_once() {
    let (table, scores) = shop(CUSTOMERS);
    let builder = || Expansion::builder(Size::Share(0.1)).eligible(feature("consent").ge(1));
    let audience = builder().build().unwrap().choose(&table, &scores).unwrap();
    let left = audience.left_out;
    let unknown = (0..CUSTOMERS).filter(|row| row % 11 == 5).count() as u64;
    let not = (0..CUSTOMERS).filter(|row| row % 11 != 5 && row % 4 == 0).count() as u64;
    assert_eq!((left.eligibility_unknown, left.not_eligible, left.seeds), (unknown, not, 0));
    assert_eq!(
        audience.pool + unknown + not,
        CUSTOMERS as u64,
        "seeds are multiples of twenty, without consent"
    );
    assert!(audience.mask().ones().all(|row| row % 4 != 0 && row % 11 != 5));
    let strict = builder().max_return_rate(0.4).missing(MissingOutcome::Exclude).build().unwrap();
    let audience = strict.choose(&table, &scores).unwrap();
    assert!(audience.left_out.missing_outcome > 100 && audience.expected.return_rate_unknown == 0);
    assert!(audience.mask().ones().all(|row| row % 7 != 3));
    let with_seeds = Expansion::builder(Size::Share(0.1)).seeds(SeedPolicy::Include).build().unwrap();
    let audience = with_seeds.choose(&table, &scores).unwrap();
    assert_eq!((audience.pool, audience.left_out), (2_000, LeftOut::default()));
    assert!(audience.mask().and_count(scores.seeds()) > 0);
    let nobody = Expansion::builder(Size::Share(0.1)).eligible(feature("consent").gt(5)).build().unwrap();
    assert!(matches!(nobody.choose(&table, &scores), Err(Error::Empty { .. })));
}

/// Σ v·r / Σ v by a plain loop, missing rates as the pool's.
fn plain_rate(table: &FeatureTable, scores: &Scores, audience: &Audience, column: &str) -> f64 {
    let (gross, rate) = (table.column("gross").unwrap(), table.column(column).unwrap());
    let sums = |rows: &mut dyn Iterator<Item = usize>, fill: Option<f64>| {
        rows.filter_map(|row| {
            let value = gross.number(row).unwrap();
            rate.number(row).or(fill).map(|rate| (value * rate, value))
        })
        .fold((0.0, 0.0), |all, own| (all.0 + own.0, all.1 + own.1))
    };
    let pool = sums(&mut (0..table.len()).filter(|row| !scores.seeds().get(*row)), None);
    let own = sums(&mut audience.mask().ones(), Some(pool.0 / pool.1));
    own.0 / own.1
}

#[test]
fn a_cap_holds_and_says_what_it_costs() {
    let (table, scores) = shop(CUSTOMERS);
    let free = choose(Size::Share(0.05));
    let before = free.expected.return_rate.unwrap();
    assert!((before - plain_rate(&table, &scores, &free, "return_rate_expected")).abs() < 1e-12);
    let mut last = f64::INFINITY;
    for cap in [before + 0.01, before - 0.05, before - 0.10, before - 0.20] {
        let expansion = Expansion::builder(Size::Share(0.05)).max_return_rate(cap).build().unwrap();
        let audience = expansion.choose(&table, &scores).unwrap();
        let rate = plain_rate(&table, &scores, &audience, "return_rate_expected");
        let limited = audience.limited.as_ref().unwrap();
        assert_eq!(audience.len(), 95);
        assert!(rate <= cap + 1e-12, "{rate} under {cap}");
        let shown = audience.expected.return_rate.unwrap();
        assert!(shown <= cap && (shown - rate).abs() < 1e-12);
        assert_eq!(limited.binding, cap < before);
        assert!(limited.score <= last && limited.score >= 0.999 * limited.bound, "{limited:?}");
        assert_eq!(limited.shadow_price > 0.0, limited.binding);
        last = limited.score;
        println!("{audience}");
    }
    let builder = || Expansion::builder(Size::Share(0.05)).max_return_rate(before - 0.05);
    let plain = builder().build().unwrap().choose(&table, &scores).unwrap();
    let cautious = builder().cautious().build().unwrap().choose(&table, &scores).unwrap();
    assert!(plain_rate(&table, &scores, &cautious, "return_rate_high") <= before - 0.05 + 1e-12);
    assert!(cautious.expected.return_rate < plain.expected.return_rate);
    assert!(
        cautious.to_string().contains("Under an upper bound of the return rate of at most"),
        "{cautious}"
    );
}

/// A customer without an upper bound counts as the pool's mean one, unless more is expected of her.
#[test]
fn a_cautious_cap_holds_for_the_expected_rate_as_well() {
    let amount = |euros: i64| Money::from_ten_thousandths(euros * 10_000);
    let rows = 40;
    let columns = [
        ("gross", Column::new(Values::Money(vec![amount(100); rows]))),
        (
            "return_rate_expected",
            Column::optional((0..rows).map(|row| Some(if row < 10 { 0.9 } else { 0.1 })).collect()),
        ),
        ("return_rate_high", Column::optional((0..rows).map(|row| (row >= 10).then_some(0.2)).collect())),
    ];
    let table = FeatureTable::from_columns(CustomerIds::rows(rows), columns).unwrap();
    let log_odds = (0..rows).map(|row| -(row as f64) / 10.0).collect();
    let scores = Scores::new(&table, log_odds, Bitmap::filled(rows, false)).unwrap();
    let expansion = Expansion::builder(Size::Customers(10)).max_return_rate(0.3).cautious().build().unwrap();
    let audience = expansion.choose(&table, &scores).unwrap();
    // Of ten, one at 0.9 and nine at 0.2 are 0.27; two would be 0.34.
    assert_eq!(audience.mask().ones().filter(|row| *row < 10).count(), 1);
    assert!((audience.expected.return_rate.unwrap() - 0.18).abs() < 1e-12);
    assert!((audience.expected.return_rate_high.unwrap() - 0.27).abs() < 1e-12);
}

#[test]
fn a_cap_that_no_one_keeps_names_what_can_be_had() {
    let (table, scores) = shop(200);
    let builder =
        |size, cap: f64| Expansion::builder(size).max_return_rate(cap).missing(MissingOutcome::Exclude);
    let choose = |size, cap| builder(size, cap).build().unwrap().choose(&table, &scores);
    let error = choose(Size::Customers(120), 0.2).unwrap_err();
    let Error::Unreachable { wanted, reachable } = &error else { panic!("{error}") };
    assert!(wanted.contains("120 customers") && wanted.contains("20.0 %"), "{error}");
    // What the message names is kept as it stands, a hundredth of a percent less is not.
    let named =
        |text: &str| text.split_once("reach is ").unwrap().1.split([' ', ';']).next().unwrap().to_owned();
    for size in 100..130 {
        let error = choose(Size::Customers(size), 0.2).unwrap_err();
        let hundredths: u32 = named(&error.to_string()).replace('.', "").parse().unwrap();
        assert!(choose(Size::Customers(size), f64::from(hundredths) / 1e4).is_ok(), "{error}");
        assert!(choose(Size::Customers(size), f64::from(hundredths - 1) / 1e4).is_err(), "{error}");
    }
    let close = choose(Size::Customers(120), 0.2004).unwrap_err().to_string();
    assert!(close.contains("at most 20.04 %"), "a cap is not rounded: {close}");
    let most = (1..=120).rev().find(|size| choose(Size::Customers(*size), 0.2).is_ok()).unwrap_or(0);
    assert!(reachable.contains(&format!("at most {most} customers")), "{error}: {most}");
    let floor = Expansion::builder(Size::Customers(100)).min_contribution(Money::parse("1000").unwrap());
    let error = floor.build().unwrap().choose(&table, &scores).unwrap_err().to_string();
    assert!(error.contains("at most 0 customers"), "{error}");
    let with_floor = |size, floor| {
        let builder = Expansion::builder(Size::Customers(size)).min_contribution(floor);
        builder.build().unwrap().choose(&table, &scores)
    };
    for size in [3, 7, 100, 101] {
        let error = with_floor(size, Money::parse("1000").unwrap()).unwrap_err().to_string();
        let most = Money::parse(&named(&error)).unwrap();
        assert!(with_floor(size, most).is_ok(), "{error}");
        assert!(
            with_floor(size, Money::from_ten_thousandths(most.ten_thousandths() + 1)).is_err(),
            "{error}"
        );
    }
}

#[test]
fn a_floor_and_a_profit_are_kept() {
    let (table, scores) = shop(CUSTOMERS);
    let free = choose(Size::Share(0.05));
    let mean = |audience: &Audience| audience.expected.contribution.unwrap().to_f64() / audience.len() as f64;
    let floor = Money::parse("40").unwrap();
    assert!(mean(&free) < 40.0, "{}", mean(&free));
    let builder = || Expansion::builder(Size::Share(0.05)).min_contribution(floor);
    let audience = builder().build().unwrap().choose(&table, &scores).unwrap();
    assert!(mean(&audience) >= 40.0 && audience.expected.similarity < free.expected.similarity);
    assert!(audience.limited.as_ref().unwrap().shadow_price > 0.0);

    let profit = ProfitScore::new(Rate::from_f64(0.5).unwrap())
        .handling(Money::parse("6").unwrap())
        .write_off(Rate::from_f64(0.2).unwrap())
        .contact(Money::parse("0.5").unwrap());
    // 0.2 · (100 · (0.75 · 0.5 − 0.2 · 0.25) − 0.25 · 6) − 0.5
    assert!((profit.of(0.2, 100.0, 0.25) - 5.7).abs() < 1e-12);
    let by_profit = Expansion::builder(Size::Share(0.05)).profit(profit);
    let alone = by_profit.clone().build().unwrap().choose(&table, &scores).unwrap();
    assert!(alone.expected.similarity < free.expected.similarity);
    assert!(alone.expected.demand > free.expected.demand);
    let rate = alone.expected.return_rate.unwrap() - 0.03;
    let capped = by_profit.max_return_rate(rate).build().unwrap().choose(&table, &scores).unwrap();
    assert!(plain_rate(&table, &scores, &capped, "return_rate_expected") <= rate + 1e-12);
    assert!(capped.to_string().contains("of the profit without it is left"), "{capped}");
    let limited = capped.limited.unwrap();
    assert!(limited.kept().unwrap() > 0.9 && (!limited.proven || limited.score >= limited.bound));
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let sizes = [
        Size::Share(0.0),
        Size::Share(1.01),
        Size::Share(f64::NAN),
        Size::Customers(0),
        Size::Threshold(f64::NAN),
        Size::Threshold(1.5),
        Size::Band { from: 0.2, to: 0.1 },
        Size::Band { from: 0.0, to: f64::NAN },
    ];
    for size in sizes {
        assert!(matches!(Expansion::builder(size).build(), Err(Error::Setting { .. })), "{size:?}");
    }
    let one = || Expansion::builder(Size::Customers(1));
    for cap in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(one().max_return_rate(cap).build(), Err(Error::Setting { .. })));
    }
    assert!(one().profit(ProfitScore::new(Rate::from_millionths(-1))).build().is_err());
    assert!(one().profit(ProfitScore::new(Rate::ONE).response(f64::NAN)).build().is_err());
    let half = Rate::from_f64(0.5).unwrap();
    let twice = Rate::from_f64(2.0).unwrap();
    assert!(one().profit(ProfitScore::new(twice)).build().is_err());
    assert!(one().profit(ProfitScore::new(half).write_off(twice)).build().is_err());
    assert!(one().profit(ProfitScore::new(half).write_off(half)).build().is_ok());
    let contradictions = [
        one().max_return_rate(0.3).min_contribution(Money::ZERO),
        one().cautious(),
        Expansion::builder(Size::Threshold(0.5)).max_return_rate(0.3),
        // Everyone above it: profit could only put someone below it in place of one above.
        Expansion::builder(Size::Threshold(0.5)).profit(ProfitScore::new(half)),
        Expansion::builder(Size::Band { from: 0.1, to: 0.2 }).min_contribution(Money::ZERO),
    ];
    for builder in contradictions {
        assert!(matches!(builder.build(), Err(Error::Contradiction { .. })));
    }
}

#[test]
fn sizes_beyond_the_pool_and_tables_that_do_not_fit_are_errors() {
    let (table, scores) = shop(300);
    let choose = |builder: ExpansionBuilder| builder.build().unwrap().choose(&table, &scores);
    let beyond = choose(Expansion::builder(Size::Customers(286))).unwrap_err().to_string();
    assert!(beyond.contains("285 can be chosen"), "{beyond}");
    let none = choose(Expansion::builder(Size::Threshold(0.99))).unwrap_err().to_string();
    assert!(none.contains("the highest similarity is"), "{none}");
    let few = choose(Expansion::builder(Size::Share(0.01)).min_customers(100)).unwrap_err().to_string();
    assert!(few.contains("100 customers or more") && few.contains("3 are 1 % of the pool"), "{few}");
    assert!(choose(Expansion::builder(Size::Band { from: 0.001, to: 0.0015 })).is_err());
    let (other, _) = shop(301);
    let expansion = Expansion::builder(Size::Share(0.1)).build().unwrap();
    assert!(matches!(expansion.choose(&other, &scores), Err(Error::Incompatible { .. })));
    let bare = table.select(["consent"]).unwrap();
    assert!(expansion.choose(&bare, &scores).unwrap().expected.return_rate.is_none());
    let capped = Expansion::builder(Size::Share(0.1)).max_return_rate(0.3).build().unwrap();
    assert!(matches!(capped.choose(&bare, &scores), Err(Error::MissingFeature { .. })));
    let unknown = bare
        .column_added("gross", Column::optional(vec![None; 300]))
        .and_then(|table| table.column_added("return_rate_expected", Column::optional(vec![None; 300])))
        .unwrap();
    assert!(matches!(capped.choose(&unknown, &scores), Err(Error::Empty { .. })));
    let figures = expansion.choose(&unknown, &scores).unwrap().expected;
    let members = expansion.choose(&unknown, &scores).unwrap().len() as u64;
    assert_eq!((figures.demand_unknown, figures.return_rate_unknown), (members, members));
    let nothing =
        Column::with_missing(Values::Money(vec![Money::ZERO; 300]), Bitmap::filled(300, false)).unwrap();
    let unknown = table.select(["consent"]).unwrap().column_added("contribution", nothing).unwrap();
    let figures = expansion.choose(&unknown, &scores).unwrap().expected;
    assert_eq!((figures.contribution, figures.contribution_unknown), (None, members));
    assert!(Scores::new(&table, vec![f64::NAN; 300], Bitmap::filled(300, false)).is_err());
    let mut large = vec![0.0; 300];
    large[7] = -2e100;
    let error = Scores::new(&table, large, Bitmap::filled(300, false)).unwrap_err().to_string();
    assert!(error.contains("for customer `7`") && error.contains("1e100"), "{error}");
    assert!(Scores::new(&table, vec![0.0; 299], Bitmap::filled(300, false)).is_err());
    assert!(Scores::new(&table, vec![0.0; 300], Bitmap::filled(299, false)).is_err());
}

#[test]
fn the_frontiers_are_made_of_audiences() {
    let (table, scores) = shop(CUSTOMERS);
    let expansion = Expansion::builder(Size::Share(0.05)).build().unwrap();
    let frontier = expansion.frontier(&table, &scores).unwrap();
    assert_eq!(frontier.rows.len(), 10);
    for row in &frontier.rows {
        let audience = choose(Size::Share(row.share));
        assert_eq!(
            (row.customers, row.border.to_bits()),
            (audience.len() as u64, audience.threshold.to_bits())
        );
        assert!((row.expected.similarity - audience.expected.similarity).abs() < 1e-12);
        assert_eq!(row.expected.contribution, audience.expected.contribution);
    }
    let similarities = frontier.rows.iter().map(|row| row.expected.similarity).collect::<Vec<_>>();
    assert!(similarities.windows(2).all(|pair| pair[0] > pair[1]));
    let caps = expansion.caps(&table, &scores, &[0.9, 0.5, 0.4, 0.3, 0.01]).unwrap();
    let kept: Vec<Option<f64>> =
        caps.rows.iter().map(|row| row.reached.as_ref().and_then(|reached| reached.kept)).collect();
    assert_eq!(kept[0], Some(1.0));
    assert!(kept[1] > kept[2] && kept[2] > kept[3] && kept[3].is_some() && kept[4].is_none(), "{kept:?}");
    assert!(caps.rows[4].reason.as_ref().unwrap().contains("at most 0 customers"));
    assert!(expansion.caps(&table, &scores, &[2.0]).is_err());
    for builder in [
        Expansion::builder(Size::Customers(10)).min_contribution(Money::parse("1000").unwrap()),
        Expansion::builder(Size::Threshold(0.5)),
        Expansion::builder(Size::Band { from: 0.1, to: 0.2 }),
    ] {
        let refused = builder.build().unwrap().caps(&table, &scores, &[]);
        assert!(matches!(refused, Err(Error::Contradiction { .. })), "{refused:?}");
    }
    let shown = format!("{frontier}{caps}");
    assert!(!shown.contains("NaN") && shown.contains("does not bind"), "{shown}");
    println!("{shown}");
}

#[test]
fn caps_are_compared_at_the_size_that_an_audience_under_them_has() {
    let (table, scores) = shop(CUSTOMERS);
    for (size, cautious) in [(Size::Share(0.05), false), (Size::Share(1.0), false), (Size::Balanced, true)] {
        let builder = || Expansion::builder(size).missing(MissingOutcome::Exclude);
        let builder = || if cautious { builder().max_return_rate(1.0).cautious() } else { builder() };
        let caps = builder().build().unwrap().caps(&table, &scores, &[1.0, 0.5]).unwrap();
        for row in &caps.rows {
            let audience = builder().max_return_rate(row.cap).build().unwrap().choose(&table, &scores);
            let Ok(audience) = audience else {
                assert!(row.reached.is_none());
                continue;
            };
            let reached = row.reached.unwrap();
            assert_eq!(caps.customers, audience.len() as u64, "{size:?}");
            assert_eq!((reached.border, reached.expected), (audience.threshold, audience.expected));
        }
        assert!(caps.rows[0].reached.is_some(), "{size:?}");
    }
}

#[test]
fn rates_that_are_none_name_their_column_and_their_customer() {
    let (table, scores) = shop(300);
    let percentages: Vec<Option<f64>> = (0..300).map(|row| Some(0.3 * f64::from(row))).collect();
    let table = table.select(["gross", "return_rate_expected"]).unwrap();
    let table = table.column_added("return_rate_high", Column::optional(percentages)).unwrap();
    let expansion = Expansion::builder(Size::Share(0.1)).max_return_rate(0.5).cautious().build().unwrap();
    let error = expansion.choose(&table, &scores).unwrap_err().to_string();
    assert!(error.contains("`return_rate_high` with 10.2 for customer `34`"), "{error}");
    assert!(!error.contains("return_rate_expected"), "{error}");
}

#[test]
fn audiences_are_written_and_shown() {
    let audience = choose(Size::Customers(3));
    let mut out = Vec::new();
    audience.write_csv(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (id, similarity) = audience.in_order().nth(1).unwrap();
    assert_eq!((lines.len(), lines[0]), (4, "customer,rank,similarity"));
    assert_eq!(lines[2], format!("{id},2,{similarity}"));
    assert!(format!("{audience:?}").len() < 1_000);
    let shown = audience.to_string();
    assert!(shown.contains("3 of 1,900 customers") && shown.contains("Left out: 100 seeds."), "{shown}");
    let json = serde_json::to_value(&audience).unwrap();
    assert_eq!((&json["pool"], &json["left_out"]["seeds"]), (&1_900.into(), &100.into()));
    assert!(json.get("members").is_none());
}

#[test]
fn any_number_of_threads_gives_the_same_audience() {
    let (table, scores) = shop((10 << 14) + 77);
    let expansion = Expansion::builder(Size::Share(0.05))
        .eligible(feature("consent").ge(1))
        .max_return_rate(0.4)
        .build()
        .unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| expansion.choose(&table, &scores).unwrap())
    };
    let one = run(1);
    assert!(one.limited.as_ref().unwrap().binding);
    assert_eq!(one, run(3));
}

#[test]
fn groups_are_held_side_by_side() {
    let (table, scores) = shop(CUSTOMERS);
    let back: Vec<Money> = (0..CUSTOMERS)
        .map(|row| Money::from_ten_thousandths(table.money("gross").unwrap()[row].ten_thousandths() / 4))
        .collect();
    let table = table.column_added("returned_attributed", Values::Money(back)).unwrap();
    let audience = Expansion::builder(Size::Share(0.05)).build().unwrap().choose(&table, &scores).unwrap();
    let nobody = Bitmap::filled(CUSTOMERS, false);
    let comparison = Comparison::builder(&table)
        .group("seeds", scores.seeds())
        .audience("lookalikes", &audience)
        .group("no one", &nobody)
        .build()
        .unwrap();
    let group = comparison.group("lookalikes").unwrap();
    let gross: i64 =
        audience.mask().ones().map(|row| table.money("gross").unwrap()[row].ten_thousandths()).sum();
    assert_eq!((group.customers, group.demand.unwrap().ten_thousandths()), (95, i128::from(gross)));
    assert!((group.return_rate.unwrap().rate - 0.25).abs() < 1e-6);
    assert_eq!(group.contribution, audience.expected.contribution);
    assert_eq!(group.demand_per_customer().unwrap().ten_thousandths(), (gross + 47) / 95);
    let empty = comparison.group("no one").unwrap();
    assert_eq!((empty.return_rate, empty.contribution, empty.demand_per_customer()), (None, None, None));
    assert_eq!(empty.demand, None, "nothing known is not nothing bought");
    assert!(!comparison.to_string().contains("NaN"), "{comparison}");
    println!("{comparison}");
    let (other, _) = shop(10);
    assert!(Comparison::builder(&other).audience("a", &audience).build().is_err());
    assert!(Comparison::builder(&other).group("a", &nobody).build().is_err());
}

/// Of 100 bought in a year a tenth was taken off, of all that ever was bought much more.
#[test]
fn discounts_are_those_of_the_window_of_what_was_bought() {
    let all = |euros: i64| Values::Money(vec![Money::from_ten_thousandths(euros * 10_000); 10]);
    let columns = [
        ("gross__365d", all(100)),
        ("discount__365d", all(10)),
        ("discount", all(60)),
        ("returned__365d", all(45)),
    ];
    let table = FeatureTable::from_columns(CustomerIds::rows(10), columns).unwrap();
    let everyone = Bitmap::filled(10, true);
    let builder = || {
        Comparison::builder(&table).group("all", &everyone).demand("gross__365d").returned("returned__365d")
    };
    let rate = |builder: ComparisonBuilder<'_>| builder.build().unwrap().groups[0].return_rate.unwrap().rate;
    assert!((rate(builder()) - 0.5).abs() < 1e-12);
    assert!((rate(builder().discount("discount")) - 45.0 / 40.0).abs() < 1e-12);
    assert!(matches!(builder().discount("none").build(), Err(Error::MissingFeature { .. })));
}
