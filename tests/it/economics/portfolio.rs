//! Portfolios: the reference value, brute force over all subsets, and what is refused.

use approx::assert_relative_eq;
use kohort::economics::{Candidate, Choice, Constraint, HowMany, Portfolio, PortfolioBuilder};
use kohort::features::Values;
use kohort::segment::{Rules, feature};
use kohort::{Bitmap, Error, Money};
use proptest::prelude::*;

use super::{money, rate, table};

fn choose(builder: PortfolioBuilder, candidates: &[Candidate]) -> Choice {
    builder.build().unwrap().choose(candidates).unwrap()
}

/// Eight candidates with score, value and return rate.
fn reference() -> Vec<Candidate> {
    let score = [0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];
    let value = [100.0, 80.0, 120.0, 60.0, 90.0, 110.0, 70.0, 50.0];
    let rates = [0.6, 0.2, 0.55, 0.35, 0.15, 0.3, 0.1, 0.25];
    (0..8).map(|at| Candidate::new(at.to_string(), score[at], 10).returns(value[at], rates[at])).collect()
}

#[test]
fn the_reference_choice_comes_out() {
    for how_many in [HowMany::AtMost, HowMany::Exactly] {
        let free = choose(Portfolio::builder(4).how_many(how_many), &reference());
        assert_eq!(free.names(), ["0", "1", "2", "3"]);
        assert_relative_eq!(free.worth, 3.25, max_relative = 1e-12);
        assert_relative_eq!(free.return_rate.unwrap(), 0.452_777_777_8, epsilon = 1e-10);
        let builder = || Portfolio::builder(4).how_many(how_many);
        let capped = choose(builder().max_return_rate(rate(0.30)), &reference());
        assert_eq!(capped.names(), ["0", "1", "4", "6"]);
        assert_relative_eq!(capped.worth, 2.75, max_relative = 1e-12);
        assert_relative_eq!(capped.return_rate.unwrap(), 0.283_823_529_4, epsilon = 1e-10);
        // Each limit, relaxed and solved anew.
        let more = choose(Portfolio::builder(5).max_return_rate(rate(0.30)), &reference());
        let point = choose(builder().max_return_rate(rate(0.31)), &reference());
        for (constraint, relaxed) in [(0, &more), (1, &point)] {
            let constraint = &capped_constraints(how_many)[constraint];
            let named = capped.binding.iter().find(|limit| limit.constraint == *constraint);
            let gain = relaxed.worth - capped.worth;
            assert_eq!(named.is_some(), gain > 1e-9, "{constraint} {gain} {:?}", capped.binding);
            if let Some(named) = named {
                assert_relative_eq!(named.gain, gain, max_relative = 1e-9);
            }
        }
        assert!(!capped.binding.is_empty());
    }
}

fn capped_constraints(how_many: HowMany) -> Vec<Constraint> {
    Portfolio::builder(4)
        .how_many(how_many)
        .max_return_rate(rate(0.30))
        .build()
        .unwrap()
        .constraints()
        .into_iter()
        .filter(|constraint| !matches!(constraint, Constraint::MaximumOverlap(_)))
        .collect()
}

/// What proptest makes of a candidate: worth, customers, reach, sales, return rate, cost, members.
type Raw = (i32, u64, Option<u64>, u32, u32, u32, u16);

fn raw() -> impl Strategy<Value = Vec<Raw>> {
    let one = (
        -20_i32..100,
        0_u64..60,
        prop::option::weighted(0.9, 0_u64..60),
        0_u32..100,
        0_u32..100,
        0_u32..50,
        any::<u16>(),
    );
    prop::collection::vec(one, 1..13)
}

fn candidates(raw: &[Raw], overlapping: bool) -> Vec<Candidate> {
    raw.iter()
        .enumerate()
        .map(|(at, (worth, size, reach, sales, rate, cost, members))| {
            let candidate = Candidate::new(format!("s{at:02}"), f64::from(*worth) / 10.0, *size)
                .returns(f64::from(*sales), f64::from(*rate) / 100.0)
                .cost(Money::from_ten_thousandths(i64::from(*cost) * 10_000));
            let candidate = if let Some(reach) = reach { candidate.reach(*reach) } else { candidate };
            // Few bits, so that some do not overlap.
            let bits =
                (0..16).map(|bit| overlapping && members >> bit & 1 == 1 && (bit + at).is_multiple_of(5));
            if overlapping { candidate.members(bits.collect::<Bitmap>()) } else { candidate }
        })
        .collect()
}

#[derive(Clone, Debug)]
struct Limits {
    count: usize,
    exactly: bool,
    size: u64,
    reach: u64,
    rate: u32,
    budget: u32,
    customers: u64,
    total_reach: u64,
    apart: Vec<(usize, usize)>,
    with: Option<usize>,
}

fn limits() -> impl Strategy<Value = Limits> {
    let first = (1_usize..6, any::<bool>(), 0_u64..20, 0_u64..20, 10_u32..100);
    let second = (20_u32..150, 20_u64..200, prop_oneof![Just(0_u64), 1_u64..150]);
    let third =
        (prop::collection::vec((0_usize..13, 0_usize..13), 0..4), prop::option::weighted(0.3, 0_usize..13));
    (first, second, third).prop_map(
        |((count, exactly, size, reach, rate), (budget, customers, total_reach), (apart, with))| Limits {
            count,
            exactly,
            size,
            reach,
            rate,
            budget,
            customers,
            total_reach,
            apart,
            with,
        },
    )
}

fn builder(limits: &Limits, candidates: &[Candidate]) -> PortfolioBuilder {
    let name = |at: usize| candidates[at % candidates.len()].name().to_owned();
    let pairs = limits.apart.iter().map(|(a, b)| (name(*a), name(*b))).filter(|(a, b)| a != b);
    Portfolio::builder(limits.count)
        .how_many(if limits.exactly { HowMany::Exactly } else { HowMany::AtMost })
        .minimum_size(limits.size)
        .minimum_reach(limits.reach)
        .max_return_rate(rate(f64::from(limits.rate) / 100.0))
        .budget(Money::from_ten_thousandths(i64::from(limits.budget) * 10_000))
        .max_customers(limits.customers)
        .minimum_total_reach(limits.total_reach)
        .apart(pairs)
        .include(limits.with.map(name))
}

/// The best worth in tenths over all subsets.
fn brute_force(raw: &[Raw], limits: &Limits, overlapping: bool) -> Option<i32> {
    let candidates = candidates(raw, overlapping);
    let count = raw.len();
    let mut best = None;
    for subset in 0_u32..1 << count {
        let chosen: Vec<usize> = (0..count).filter(|at| subset >> at & 1 == 1).collect();
        let sum = |of: &dyn Fn(&Raw) -> u64| chosen.iter().map(|at| of(&raw[*at])).sum::<u64>();
        let counted =
            if limits.exactly { chosen.len() == limits.count } else { chosen.len() <= limits.count };
        let gates = chosen.iter().all(|at| {
            let (_, size, reach, ..) = raw[*at];
            size >= limits.size && (limits.reach == 0 || reach.is_some_and(|reach| reach >= limits.reach))
        });
        let pairs = limits.apart.iter().all(|(a, b)| {
            let (a, b) = (a % count, b % count);
            a == b || !(chosen.contains(&a) && chosen.contains(&b))
        });
        let mask = |at: usize| -> Vec<bool> {
            (0..16)
                .map(|bit| overlapping && raw[at].6 >> bit & 1 == 1 && (bit + at).is_multiple_of(5))
                .collect()
        };
        let disjoint = chosen.iter().all(|a| {
            chosen
                .iter()
                .all(|b| a == b || mask(*a).iter().zip(&mask(*b)).all(|(one, other)| !(*one && *other)))
        });
        let excess: i64 = chosen
            .iter()
            .map(|at| i64::from(raw[*at].3) * (i64::from(raw[*at].4) - i64::from(limits.rate)))
            .sum();
        let sums = excess <= 0
            && sum(&|r| u64::from(r.5)) <= u64::from(limits.budget)
            && sum(&|r| r.1) <= limits.customers
            && sum(&|r| r.2.unwrap_or(0)) >= limits.total_reach;
        let with = limits.with.is_none_or(|at| chosen.contains(&(at % count)));
        if counted && gates && pairs && disjoint && sums && with {
            let worth: i32 = chosen.iter().map(|at| raw[*at].0).sum();
            best = best.max(Some(worth));
        }
    }
    assert_eq!(candidates.len(), count);
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_best_of_all_subsets_is_found(raw in raw(), limits in limits(), overlapping in any::<bool>(), turn in 0_usize..13) {
        let mut given = candidates(&raw, overlapping);
        let expected = brute_force(&raw, &limits, overlapping);
        let built = builder(&limits, &given).build();
        let Ok(portfolio) = built else {
            prop_assert!(expected.is_none(), "{built:?}");
            return Ok(());
        };
        let found = portfolio.choose(&given);
        match expected {
            None => {
                let error = found.unwrap_err();
                let Error::Contradiction { constraints } = &error else { panic!("{error}") };
                prop_assert!(!constraints.is_empty());
            }
            Some(expected) => {
                let found = found.unwrap();
                prop_assert!((found.worth * 10.0 - f64::from(expected)).abs() < 1e-6, "{} {expected}", found.worth);
                let turned = turn % given.len();
                given.rotate_left(turned);
                prop_assert_eq!(portfolio.choose(&given).unwrap(), found.clone());
                prop_assert!(found.binding.iter().all(|limit| limit.gain > 0.0));
            }
        }
    }
}

#[test]
fn a_contradiction_names_the_limits_that_make_it_and_no_others() {
    let candidates = [
        Candidate::new("a", 5.0, 100).reach(80),
        Candidate::new("b", 3.0, 40).reach(30),
        Candidate::new("c", 2.0, 10).reach(10),
    ];
    let named = |builder: PortfolioBuilder| -> Vec<String> {
        match builder.build().and_then(|portfolio| portfolio.choose(&candidates)).unwrap_err() {
            Error::Contradiction { constraints } => constraints,
            other => panic!("{other}"),
        }
    };
    let spare = || Portfolio::builder(3).budget(money("50"));
    assert_eq!(
        named(spare().include(["c"]).minimum_size(20)),
        ["at least 20 customers a segment", "with `c`"]
    );
    assert_eq!(
        named(spare().minimum_total_reach(100).exclude(["a", "c"])),
        ["without `a`", "at least 100 addressable customers in all"]
    );
    assert_eq!(named(spare().minimum_total_reach(121)), ["at least 121 addressable customers in all"]);
    assert_eq!(named(Portfolio::builder(1).minimum_total_reach(85)).len(), 2);
    assert_eq!(
        named(Portfolio::builder(3).how_many(HowMany::Exactly).apart([("b", "a")]).minimum_size(1)),
        ["exactly 3 segments", "`a` and `b` apart"]
    );
    assert_eq!(named(spare().include(["a"]).exclude(["a"])), ["with `a`", "without `a`"]);
    assert_eq!(named(spare().include(["a", "b"]).apart([("b", "a")])).len(), 3);
    assert_eq!(named(Portfolio::builder(1).include(["a", "b"])).len(), 3);
}

#[test]
fn relaxing_a_limit_gains_what_it_says() {
    let candidates = [
        Candidate::new("large", 3.0, 100).reach(90),
        Candidate::new("dear", 9.0, 200).reach(150).cost(money("54")),
        Candidate::new("small", 7.0, 15).reach(12),
        Candidate::new("banned", 5.0, 300).reach(250),
    ];
    let choice = choose(
        Portfolio::builder(4).minimum_size(50).minimum_reach(20).budget(money("50")).exclude(["banned"]),
        &candidates,
    );
    assert_eq!(choice.names(), ["large"]);
    let gains: Vec<(String, f64)> =
        choice.binding.iter().map(|limit| (limit.constraint.to_string(), limit.gain)).collect();
    assert_eq!(gains, [("costs of at most 50.00".to_owned(), 9.0), ("without `banned`".to_owned(), 5.0)]);
    assert_eq!(choice.binding[0].relaxed_to, Some(Constraint::Budget(money("55"))));
    // `small` is held by two limits; relaxing one of them alone gains nothing.
    let left: Vec<&str> = choice.left_out.iter().map(|left| left.segment.as_str()).collect();
    assert_eq!(left, ["banned", "small"]);
    let printed = choice.to_string();
    for text in [
        "Held by costs of at most 50.00: costs of at most 55.00 would bring 9.00 more (dear, large).",
        "lifted, it would bring",
        "Left out: small has 15 customers; 50 are asked for.",
    ] {
        assert!(printed.contains(text), "{text}\n{printed}");
    }
    let one = choose(Portfolio::builder(4).minimum_size(50).minimum_reach(10), &candidates);
    assert_eq!(one.binding[0].constraint, Constraint::MinimumSize(50));
    assert_eq!(one.binding[0].relaxed_to, Some(Constraint::MinimumSize(15)));
    assert_eq!(serde_json::to_value(&one).unwrap()["binding"][0]["constraint"]["minimum_size"], 50);
}

#[test]
fn overlapping_audiences_are_kept_apart() {
    let gross = table(10, [("orders", Values::U32((0..10).collect()))]);
    let rules = Rules::builder()
        .rule("many", feature("orders").ge(5))
        .rule("most", feature("orders").ge(8))
        .rule("few", feature("orders").le(4))
        .rule("some", feature("orders").le(5))
        .build()
        .unwrap();
    let audiences = rules.fit(&gross).unwrap().evaluate(&gross).unwrap();
    let worth = [("many", 5.0), ("most", 4.0), ("few", 3.0), ("some", 3.5)];
    let candidates = worth.map(|(name, worth)| Candidate::of_audience(name, worth, &audiences).unwrap());
    assert!(matches!(Candidate::of_audience("mny", 1.0, &audiences), Err(Error::UnknownSegment { .. })));
    // `many` and `some` share one customer, a fifth of `many`; `most` lies within `many`.
    let choice = choose(Portfolio::builder(3), &candidates);
    assert_eq!(choice.names(), ["many", "few"]);
    assert_eq!(choice.binding[0].relaxed_to, Some(Constraint::MaximumOverlap(0.2)));
    assert_relative_eq!(choice.binding[0].gain, 0.5);
    assert_eq!(choose(Portfolio::builder(3).maximum_overlap(0.2), &candidates).names(), ["many", "some"]);
    assert_eq!(
        choose(Portfolio::builder(3).maximum_overlap(1.0), &candidates).names(),
        ["many", "most", "some"]
    );
    let other = Candidate::new("other", 1.0, 3).members(Bitmap::filled(3, true));
    let mixed: Vec<Candidate> = candidates.into_iter().chain([other]).collect();
    let error = Portfolio::builder(3).build().unwrap().choose(&mixed).unwrap_err();
    assert!(matches!(error, Error::Incompatible { .. }), "{error}");
}

#[test]
fn ties_are_decided_by_content() {
    let tied = ["c", "a", "d", "b"].map(|name| Candidate::new(name, 0.1, 1));
    assert_eq!(choose(Portfolio::builder(2), &tied).names(), ["a", "b"]);
    // 0.1 + 0.2 and 0.3 are equal, and one segment more is no worse; the most valuable candidate comes first.
    let sums = [Candidate::new("x", 0.1, 1), Candidate::new("y", 0.2, 1), Candidate::new("z", 0.3, 1)];
    assert_eq!(choose(Portfolio::builder(2).apart([("x", "z"), ("y", "z")]), &sums).names(), ["z"]);
    let worthless = [Candidate::new("nothing", 0.0, 1), Candidate::new("less", -1.0, 1)];
    let choice = choose(Portfolio::builder(2), &worthless);
    assert_eq!((choice.names().len(), choice.return_rate), (0, None));
    assert_eq!(
        choose(Portfolio::builder(2).how_many(HowMany::Exactly), &worthless).names(),
        ["nothing", "less"]
    );
}

#[test]
fn sixty_candidates_are_settled() {
    // Worth, sales, rates and costs that follow no order.
    let mixed = |at: u64, by: u64, of: u64| (((at * by + 7) * 2_654_435_761) >> 7) % of;
    let candidates: Vec<Candidate> = (0..60)
        .map(|at| {
            Candidate::new(format!("s{at:02}"), 100.0 + mixed(at, 13, 900) as f64, mixed(at, 5, 5_000))
                .reach(mixed(at, 17, 3_000))
                .returns(mixed(at, 11, 90_000) as f64, 0.05 + mixed(at, 3, 70) as f64 / 100.0)
                .cost(Money::from_ten_thousandths(mixed(at, 29, 4_000) as i64 * 10_000))
        })
        .collect();
    let builder =
        || Portfolio::builder(8).max_return_rate(rate(0.20)).budget(money("9000")).minimum_size(200);
    let choice = choose(builder(), &candidates);
    assert_eq!(choice.chosen.len(), 8);
    assert!(choice.return_rate.unwrap() <= 0.20, "{choice}");
    println!("{} cases\n{choice}", choice.cases);
    // Taking the best by worth that still fit is worse: the search has something to do.
    let stopped = builder().effort(20).build().unwrap().choose(&candidates).unwrap_err();
    assert!(matches!(stopped, Error::Unsettled { limit: 20, .. }), "{stopped}");
}

#[test]
fn damaged_settings_and_candidates_are_named() {
    let builders = [
        ("max_segments", Portfolio::builder(0)),
        ("effort", Portfolio::builder(1).effort(0)),
        ("maximum_overlap", Portfolio::builder(1).maximum_overlap(f64::NAN)),
        ("max_return_rate", Portfolio::builder(1).max_return_rate(rate(1.5))),
        ("budget", Portfolio::builder(1).budget(money("-1"))),
        ("apart", Portfolio::builder(1).apart([("a", "a")])),
    ];
    for (name, builder) in builders {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
    }
    let one = || Candidate::new("alpha", 1.0, 1);
    let refused =
        |candidates: &[Candidate]| Portfolio::builder(1).build().unwrap().choose(candidates).unwrap_err();
    for (name, candidates) in [
        ("worth", vec![one().worth(f64::NAN)]),
        ("returns", vec![one().returns(-1.0, 0.1)]),
        ("returns", vec![one().returns(1.0, f64::NAN)]),
        ("candidates", vec![one(), one()]),
    ] {
        let error = refused(&candidates);
        assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
    }
    assert!(matches!(refused(&[]), Error::Empty { .. }));
    for builder in [
        Portfolio::builder(1).exclude(["alpa"]),
        Portfolio::builder(1).include(["alpa"]),
        Portfolio::builder(1).apart([("alpha", "alpa")]),
    ] {
        let error = builder.build().unwrap().choose(&[one()]).unwrap_err();
        assert!(matches!(error, Error::UnknownSegment { nearest: Some(near), .. } if near == "alpha"));
    }
    // What is not known does not count as kept.
    let choice = choose(Portfolio::builder(1).max_return_rate(rate(0.9)), &[one()]);
    assert_eq!(
        (choice.chosen.len(), choice.left_out[0].reason.as_str()),
        (0, "its return rate is not known")
    );
    let choice = choose(Portfolio::builder(1).minimum_reach(1), &[one()]);
    assert_eq!(choice.left_out.len(), 1);
}

#[test]
fn segments_of_a_plan_are_candidates() {
    let rows = 400;
    let table = table(
        rows,
        [
            ("gross", super::units((0..rows as i64).map(|row| if row < 200 { 100 } else { 300 }))),
            ("returned", super::units((0..rows as i64).map(|row| if row < 200 { 10 } else { 270 }))),
            ("return_parcels", Values::U32(vec![1; rows])),
        ],
    );
    let of: Vec<Option<usize>> = (0..rows).map(|row| Some(row / 200)).collect();
    let segments = kohort::Segmentation::new(&table, vec!["kept".into(), "sent back".into()], &of).unwrap();
    let plan = super::half_for_goods().prioritize(&table, &segments).unwrap();
    let candidates: Vec<Candidate> = plan.segments.iter().map(Candidate::from).collect();
    let choice = choose(Portfolio::builder(2).max_return_rate(rate(0.5)), &candidates);
    assert_eq!(choice.names(), ["kept"]);
    assert_relative_eq!(choice.worth, 9_000.0);
    assert_relative_eq!(choice.return_rate.unwrap(), 0.1);
}
