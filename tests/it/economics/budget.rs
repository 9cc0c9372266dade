//! Budgets: reference values, laws, brute force, and what is refused.

use approx::assert_relative_eq;
use kohort::economics::{
    Allocation, Budget, BudgetBuilder, BudgetLimit, BudgetLine, BudgetPart, ResponseCurve, Spend,
};
use kohort::{Error, Money};
use proptest::prelude::*;

use super::money;

fn hill(max: f64, half: f64, shape: f64) -> ResponseCurve {
    ResponseCurve::hill(0.0, max, half, shape).unwrap()
}

fn root(scale: f64) -> ResponseCurve {
    ResponseCurve::square_root(scale).unwrap()
}

fn line(name: &str, curve: ResponseCurve) -> BudgetLine {
    BudgetLine::new(name, curve)
}

fn spends(allocation: &Allocation) -> Vec<String> {
    allocation.lines.iter().map(|line| line.spend.to_string()).collect()
}

fn allocate(builder: BudgetBuilder) -> Allocation {
    builder.build().unwrap().allocate()
}

/// The reference of three saturating curves.
fn saturating(total: &str) -> BudgetBuilder {
    Budget::builder(money(total)).lines([
        line("a", hill(1_000.0, 50.0, 1.0)),
        line("b", hill(800.0, 100.0, 1.0)),
        line("c", hill(300.0, 20.0, 1.0)),
    ])
}

#[test]
fn square_roots_share_by_the_square_of_their_scale() {
    let budget = Budget::builder(money("100")).lines([line("a", root(3.0)), line("b", root(4.0))]);
    let allocation = allocate(budget.clone().spend(Spend::All));
    assert_eq!(spends(&allocation), ["36.00", "64.00"]);
    assert_relative_eq!(allocation.contribution, 50.0, max_relative = 1e-12);
    assert_relative_eq!(allocation.marginal_return, 0.25, max_relative = 1e-12);
    assert_eq!(allocation.binding[0].limit, BudgetLimit::Total);
    // By default money that earns less than it costs is kept: up to a marginal return of 1.
    let allocation = allocate(budget);
    assert_eq!(spends(&allocation), ["2.25", "4.00"]);
    assert_eq!((allocation.spent, allocation.unspent), (money("6.25"), money("93.75")));
    assert_relative_eq!(allocation.marginal_return, 1.0);
    assert_eq!(allocation.binding, []);
}

#[test]
fn saturating_curves_agree_with_the_reference() {
    let allocation = allocate(saturating("200").rounded_to(money("0.0001")));
    let expected = [91.690_725_9, 79.226_166_9, 29.083_107_2];
    for (line, expected) in allocation.lines.iter().zip(expected) {
        assert!((line.spend.to_f64() - expected).abs() < 1e-4, "{} {expected}", line.spend);
        assert_relative_eq!(line.marginal_return, allocation.marginal_return, max_relative = 1e-5);
    }
    assert_eq!(allocation.spent, money("200"));
    assert_relative_eq!(allocation.marginal_return, 2.490_503_485_5, epsilon = 1e-10);
    assert_relative_eq!(allocation.contribution, 1_178.513_710_382_4, epsilon = 1e-8);
    assert_relative_eq!(allocation.equal_split.contribution, 1_122.197_802_197_8, epsilon = 1e-9);
    assert_relative_eq!(allocation.equal_split.gain, 56.315_908_2, epsilon = 1e-6);
    let cents = allocate(saturating("200"));
    assert_eq!(spends(&cents), ["91.69", "79.23", "29.08"]);
    assert_relative_eq!(cents.contribution, 1_178.513_710_382_4, epsilon = 1e-5);
}

/// Fox 1966: the best next step, again and again. Exact for curves that bend down.
fn greedy(
    lines: &[BudgetLine],
    worth: impl Fn(usize, i64) -> f64,
    steps: i64,
    caps: &[i64],
    least: f64,
) -> f64 {
    let mut given = vec![0_i64; lines.len()];
    for _ in 0..steps {
        let gain = |line: usize| worth(line, given[line] + 1) - worth(line, given[line]);
        let best = (0..lines.len())
            .filter(|line| given[*line] < caps[*line])
            .max_by(|a, b| gain(*a).total_cmp(&gain(*b)));
        let Some(best) = best.filter(|line| gain(*line) > least) else { break };
        given[best] += 1;
    }
    (0..lines.len()).map(|line| worth(line, given[line]) - least * given[line] as f64).sum()
}

/// Dynamic programming over all whole spreads: the best there is, whatever the curves.
fn best_of_all(count: usize, worth: impl Fn(usize, i64) -> f64, steps: i64, kept: f64) -> f64 {
    let mut best = vec![0.0; steps as usize + 1];
    for line in 0..count {
        let before = best.clone();
        for total in 0..=steps {
            best[total as usize] = (0..=total)
                .map(|own| before[(total - own) as usize] + worth(line, own) - kept * own as f64)
                .fold(f64::NEG_INFINITY, f64::max);
        }
    }
    best[steps as usize]
}

fn concave() -> impl Strategy<Value = ResponseCurve> {
    prop_oneof![
        (1.0..200.0, 0.1..0.9).prop_map(|(k, p)| ResponseCurve::power(k, p).unwrap()),
        (10.0..2e3, 1.0..300.0, 0.3..1.0).prop_map(|(max, k, s)| hill(max, k, s)),
        (10.0..2e3, 1.0..300.0).prop_map(|(max, k)| hill(max, k, 1.0)),
    ]
}

fn s_shaped() -> impl Strategy<Value = ResponseCurve> {
    prop_oneof![(10.0..2e3, 5.0..120.0, 1.1..6.0).prop_map(|(max, k, s)| hill(max, k, s)), concave(),]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn curves_that_bend_down_reach_what_greedy_steps_reach(
        curves in prop::collection::vec((concave(), 0.2..3.0, 20_i64..150), 1..6),
        steps in 0_i64..200,
        all in any::<bool>(),
    ) {
        let unit = |steps: i64| Money::from_ten_thousandths(steps * 10_000);
        let lines: Vec<BudgetLine> = curves.iter().enumerate().map(|(at, (curve, margin, cap))| {
            line(&format!("s{at}"), *curve).margin(*margin).at_most(unit(*cap))
        }).collect();
        let caps: Vec<i64> = curves.iter().map(|(_, _, cap)| *cap).collect();
        let worth = |line: usize, steps: i64| curves[line].1 * curves[line].0.value(steps as f64);
        let (spend, least) = if all { (Spend::All, 0.0) } else { (Spend::WhileItPays, 1.0) };
        let budget = Budget::builder(unit(steps)).lines(lines.clone()).rounded_to(money("1")).spend(spend);
        let allocation = allocate(budget);
        let expected = greedy(&lines, worth, steps, &caps, least);
        let found = allocation.contribution - least * allocation.spent.to_f64();
        prop_assert!((found - expected).abs() <= 1e-8 * expected.abs().max(1.0), "{found} {expected}");
        let sum: i64 = allocation.lines.iter().map(|line| line.spend.ten_thousandths()).sum();
        prop_assert_eq!(sum, allocation.spent.ten_thousandths());
        prop_assert!(allocation.gap <= 0.0);
    }

    #[test]
    fn s_shapes_reach_the_best_of_all_spreads(
        curves in prop::collection::vec((s_shaped(), 0.5..2.0), 1..6),
        steps in 1_i64..160,
        all in any::<bool>(),
    ) {
        let unit = |steps: i64| Money::from_ten_thousandths(steps * 10_000);
        let lines = curves.iter().enumerate().map(|(at, (curve, margin))| line(&format!("s{at}"), *curve).margin(*margin));
        let worth = |line: usize, steps: i64| curves[line].1 * curves[line].0.value(steps as f64);
        let (spend, kept) = if all { (Spend::All, 0.0) } else { (Spend::WhileItPays, 1.0) };
        let allocation =
            allocate(Budget::builder(unit(steps)).lines(lines).rounded_to(money("1")).spend(spend));
        let expected = best_of_all(curves.len(), worth, steps, kept);
        let found = allocation.contribution - kept * allocation.spent.to_f64();
        prop_assert!(allocation.gap <= 0.0);
        prop_assert!(found <= expected + 1e-8 * expected.abs().max(1.0));
        prop_assert!(found >= expected - 2e-7 * (expected.abs() + steps as f64), "{found} {expected}");
    }

    #[test]
    fn the_order_of_lines_does_not_matter(
        curves in prop::collection::vec(s_shaped(), 2..7), steps in 1_i64..400, turn in 0_usize..6,
    ) {
        let lines: Vec<BudgetLine> =
            curves.iter().enumerate().map(|(at, curve)| line(&format!("s{at}"), *curve).standard_error(0.1)).collect();
        let mut turned = lines.clone();
        turned.rotate_left(turn % lines.len());
        turned.reverse();
        let total = Money::from_ten_thousandths(steps * 12_300);
        let one = allocate(Budget::builder(total).lines(lines));
        let other = allocate(Budget::builder(total).lines(turned));
        for line in &one.lines {
            let same = other.lines.iter().find(|other| other.segment == line.segment).unwrap();
            prop_assert_eq!(line, same);
        }
        prop_assert_eq!(one.contribution.to_bits(), other.contribution.to_bits());
        prop_assert_eq!((one.interval, one.binding), (other.interval, other.binding));
    }

    #[test]
    fn another_currency_unit_gives_the_same_shares(
        curves in prop::collection::vec((10.0..2e3, 5.0..120.0, 0.5..3.0), 1..5), steps in 1_i64..300,
    ) {
        let scaled = |unit: f64, step: &str| {
            let lines = curves.iter().enumerate().map(|(at, (max, half, shape))| {
                line(&format!("s{at}"), hill(max * unit, half * unit, *shape))
            });
            let total = Money::from_ten_thousandths(steps * 10_000 * unit as i64);
            allocate(Budget::builder(total).lines(lines).rounded_to(money(step)))
        };
        let (one, hundred) = (scaled(1.0, "0.01"), scaled(100.0, "1"));
        for (small, large) in one.lines.iter().zip(&hundred.lines) {
            prop_assert!((small.spend.to_f64() * 100.0 - large.spend.to_f64()).abs() <= 100.0, "{small:?} {large:?}");
        }
        prop_assert!((one.contribution * 100.0 - hundred.contribution).abs() <= 1e-6 * hundred.contribution.abs());
        prop_assert!((one.marginal_return - hundred.marginal_return).abs() <= 1e-3 * one.marginal_return);
    }

    #[test]
    fn limits_of_segments_and_channels_are_kept_and_the_spread_is_the_best_of_all(
        curves in prop::collection::vec((s_shaped(), 0.5..3.0), 4),
        steps in 4_i64..26,
        caps in prop::collection::vec(0_i64..16, 4),
        floors in prop::collection::vec(0_i64..6, 4),
    ) {
        let unit = |steps: i64| Money::from_ten_thousandths(steps * 10_000);
        let names = [("x", "mail"), ("x", "web"), ("y", "mail"), ("y", "web")];
        let lines = names.iter().zip(&curves).map(|((segment, channel), (curve, margin))| {
            line(segment, *curve).channel(*channel).margin(*margin)
        });
        let budget = Budget::builder(unit(steps)).lines(lines).rounded_to(money("1"))
            .segment_at_most("x", unit(caps[0] + floors[0])).segment_at_least("x", unit(floors[0]))
            .segment_at_most("y", unit(caps[1])).channel_at_most("mail", unit(caps[2]))
            .channel_at_least("web", unit(floors[3])).channel_at_most("web", unit(caps[3] + floors[3]))
            .build();
        let fits = |own: &[i64; 4]| {
            let [a, b, c, d] = *own;
            a + b + c + d <= steps && a + b >= floors[0] && a + b <= caps[0] + floors[0] && c + d <= caps[1]
                && a + c <= caps[2] && b + d >= floors[3] && b + d <= caps[3] + floors[3]
        };
        let value = |own: &[i64; 4]| -> f64 {
            own.iter().zip(&curves).map(|(own, (curve, margin))| margin * curve.value(*own as f64) - *own as f64).sum()
        };
        let mut best = f64::NEG_INFINITY;
        for a in 0..=steps { for b in 0..=steps - a { for c in 0..=steps - a - b { for d in 0..=steps - a - b - c {
            let own = [a, b, c, d];
            if fits(&own) { best = best.max(value(&own)); }
        }}}}
        match budget {
            Err(error) => {
                prop_assert!(matches!(&error, Error::Contradiction { constraints } if constraints.len() > 1), "{error}");
                prop_assert!(best.is_infinite(), "refused, but {best} can be had: {error}");
            }
            Ok(budget) => {
                let allocation = budget.allocate();
                let own: Vec<i64> = allocation.lines.iter().map(|line| line.spend.ten_thousandths() / 10_000).collect();
                let own: [i64; 4] = own.try_into().unwrap();
                prop_assert!(fits(&own), "{own:?}");
                prop_assert!(value(&own) >= best - 1e-6 * best.abs().max(1.0), "{own:?} {} {best}", value(&own));
                prop_assert!((allocation.after_spend - value(&own)).abs() < 1e-8 * best.abs().max(1.0));
            }
        }
    }
}

#[test]
fn what_binds_is_named_with_what_moving_it_earns() {
    let capped = |cap: &str| allocate(saturating("200").segment_at_most("a", money(cap)));
    let allocation = capped("60");
    assert_eq!(allocation.lines[0].spend, money("60"));
    let limits: Vec<&BudgetLimit> = allocation.binding.iter().map(|binding| &binding.limit).collect();
    let segment = BudgetLimit::AtMost(BudgetPart::Segment("a".to_owned()));
    assert_eq!(limits, [&segment, &BudgetLimit::Total]);
    // Moving the cap by one earns what it says, to the curvature of the curves.
    let worth = allocation.binding[0].worth;
    let moved = capped("61").after_spend - allocation.after_spend;
    assert!((moved - worth).abs() < 0.05 && worth > 0.5, "{moved} {worth}");
    let larger = allocate(saturating("201").segment_at_most("a", money("60")));
    let moved = larger.after_spend - allocation.after_spend;
    assert!((moved - allocation.binding[1].worth).abs() < 0.02, "{moved}");
    assert_relative_eq!(allocation.binding[1].worth, allocation.marginal_return - 1.0, max_relative = 1e-9);

    let floor = |least: &str| {
        allocate(saturating("200").line(line("d", hill(10.0, 100.0, 1.0)).at_least(money(least))))
    };
    let allocation = floor("40");
    assert_eq!(allocation.lines[3].spend, money("40"));
    let part = BudgetPart::Line { segment: "d".to_owned(), channel: None };
    assert_eq!(allocation.binding[0].limit, BudgetLimit::AtLeast(part));
    let moved = floor("39").after_spend - allocation.after_spend;
    assert!((moved - allocation.binding[0].worth).abs() < 0.05, "{moved} {:?}", allocation.binding);
}

#[test]
fn an_s_shape_gets_little_or_a_lot_and_the_true_response_is_reported() {
    let lines = |names: &[&str]| -> Vec<BudgetLine> {
        names.iter().map(|name| line(name, hill(1_000.0, 100.0, 4.0))).collect()
    };
    // Enough for one of two equal curves: all on one beats halves by far.
    let allocation = allocate(Budget::builder(money("130")).lines(lines(&["a", "b"])));
    let mut own: Vec<f64> = allocation.lines.iter().map(|line| line.spend.to_f64()).collect();
    own.sort_by(f64::total_cmp);
    assert!(own[0] < 1.0 && own[1] > 129.0, "{own:?}");
    assert!(allocation.contribution > 1.7 * allocation.equal_split.contribution, "{allocation}");
    for line in &allocation.lines {
        let truth = hill(1_000.0, 100.0, 4.0).value(line.spend.to_f64());
        assert_relative_eq!(line.response, truth, max_relative = 1e-12);
    }
    // A search that is stopped says what is open.
    let names = ["a", "b", "c", "d", "e", "f"];
    let stopped = allocate(Budget::builder(money("430")).lines(lines(&names)).effort(1));
    let whole = allocate(Budget::builder(money("430")).lines(lines(&names)));
    assert!(whole.gap <= 0.0);
    assert!(stopped.gap > 0.0 && stopped.to_string().contains("not ruled out"), "{stopped}");
    assert!(stopped.after_spend + stopped.gap >= whole.after_spend - 1e-6);
}

#[test]
fn uncertain_margins_make_an_interval() {
    // A segment's contribution per customer, as a plan has it.
    let table = super::table(900, [("gross", super::units((0..900).map(|row| row % 9)))]);
    let segments = kohort::Segmentation::new(&table, vec!["a".to_owned()], &vec![Some(0); 900]).unwrap();
    let plan = super::half_for_goods().prioritize(&table, &segments).unwrap();
    let value = plan.segments[0].economics.value.unwrap();
    let (mean, error) = (value.mean, value.standard_error.unwrap());
    assert!((mean - 2.0).abs() < 1e-9 && error > 0.01);
    let lines = [
        line("a", root(30.0)).channel("mail").margin_of(&value).current(money("20")),
        line("a", root(20.0)).channel("web").margin_of(&value).current(money("20")),
        line("b", root(25.0)).channel("web").margin(3.0).standard_error(0.5).current(money("60")),
    ];
    let allocation = allocate(Budget::builder(money("100")).lines(lines.clone()));
    let [mail, web, b] = [0, 1, 2].map(|at: usize| allocation.lines[at].response);
    // One margin for both lines of `a`, another for `b`.
    let expected = ((error * (mail + web)).powi(2) + (0.5 * b).powi(2)).sqrt();
    assert_relative_eq!(allocation.standard_error.unwrap(), expected, max_relative = 1e-12);
    let interval = allocation.interval.unwrap();
    assert_relative_eq!(interval.high - allocation.contribution, 1.959_964 * expected, max_relative = 1e-6);
    let today = allocation.current.unwrap();
    assert_relative_eq!(today.spent, 100.0);
    assert!(today.gain > 0.0 && allocation.equal_split.gain > 0.0);
    let unsure = lines.clone().map(|line| if line == lines[2] { line.margin(3.0) } else { line });
    assert!(allocate(Budget::builder(money("100")).lines(unsure)).interval.is_some());
    let unknown = [lines[0].clone(), line("c", root(1.0))];
    assert_eq!(allocate(Budget::builder(money("100")).lines(unknown)).interval, None);
}

#[test]
fn nothing_to_spend_is_a_documented_result() {
    let allocation = allocate(saturating("0"));
    assert_eq!((allocation.spent, allocation.contribution), (Money::ZERO, 0.0));
    assert!(allocation.lines.iter().all(|line| line.share.is_none()));
    // The first unit would go to `a`: 1,000 / 50 less a little within the first cent.
    assert_relative_eq!(allocation.marginal_return, 20.0, max_relative = 1e-3);
    let losing = [line("a", root(9.0)).margin(-2.0), line("b", root(9.0)).margin(0.0)];
    let allocation = allocate(Budget::builder(money("50")).lines(losing).spend(Spend::All));
    assert_eq!((allocation.spent, allocation.unspent), (Money::ZERO, money("50")));
    let floor = line("a", root(9.0)).margin(-2.0).at_least(money("4"));
    let allocation = allocate(Budget::builder(money("50")).line(floor));
    assert_eq!(allocation.spent, money("4"));
    assert_relative_eq!(allocation.contribution, -36.0, max_relative = 1e-12);
}

#[test]
fn extreme_sizes_are_finite() {
    for total in ["0.01", "99999999999.99"] {
        let lines = [
            line("a", root(1e9)),
            line("b", hill(1e12, 1e-6, 0.1)),
            line("c", hill(1e-6, 1e10, 12.0)),
            line("d", ResponseCurve::power(1e-9, 0.99).unwrap()),
        ];
        let allocation = allocate(Budget::builder(money(total)).lines(lines).spend(Spend::All));
        let numbers =
            [allocation.contribution, allocation.marginal_return, allocation.after_spend, allocation.gap];
        assert!(numbers.iter().all(|number| number.is_finite()), "{allocation:?}");
        assert!(allocation.spent <= money(total));
    }
}

#[test]
fn prints_and_serialises_whole() {
    let lines = [
        line("loyal", root(30.0)).channel("mail").margin(2.0).standard_error(0.2).current(money("20")),
        line("new", root(25.0)).margin(3.0).standard_error(0.5).current(money("60")).at_most(money("10")),
    ];
    let allocation = allocate(Budget::builder(money("100")).lines(lines));
    let printed = allocation.to_string();
    for text in [
        "segment",
        "channel",
        "today",
        "one unit more earns",
        "An equal split",
        "Today's spending",
        "the cap of `new`",
        "95 % interval",
    ] {
        assert!(printed.contains(text), "{text}\n{printed}");
    }
    assert!(printed.lines().all(|line| line == line.trim_end()), "{printed}");
    let json = serde_json::to_value(&allocation).unwrap();
    assert_eq!(json["lines"][1]["spend"], "10.00");
    assert_eq!(json["binding"][0]["limit"]["at_most"]["line"]["segment"], "new");
    println!("{printed}");
}

#[test]
fn damaged_settings_are_named() {
    let one = || line("a", root(1.0));
    let of = |line: BudgetLine| Budget::builder(money("10")).line(line);
    let minus = money("-1");
    let damaged = [
        ("total", Budget::builder(minus).line(one())),
        ("total", Budget::builder(money("0.005")).line(one())),
        ("rounded_to", of(one()).rounded_to(Money::ZERO)),
        ("margin", of(one().margin(f64::NAN))),
        ("standard_error", of(one().standard_error(-1.0))),
        ("standard_error", of(one().standard_error(f64::NAN))),
        ("at_least", of(one().at_least(minus))),
        ("at_most", of(one().at_most(minus))),
        ("at_most", of(one().at_most(money("0.0001")))),
        ("current", of(one().current(minus))),
        ("line", of(one()).line(one())),
        ("at_most", of(one()).segment_at_most("a", minus)),
        ("at_least", of(one()).segment_at_least("a", minus)),
        ("channel", of(one().channel("mail")).channel_at_most("web", money("1"))),
        ("confidence", of(one()).confidence(f64::NAN)),
        ("effort", of(one()).effort(0)),
    ];
    for (name, builder) in damaged {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
    }
    assert!(matches!(Budget::builder(money("10")).build(), Err(Error::Empty { .. })));
    let error = of(line("steady", root(1.0))).segment_at_least("stedy", money("1")).build().unwrap_err();
    assert!(matches!(error, Error::UnknownSegment { nearest: Some(near), .. } if near == "steady"));
}

#[test]
fn contradictions_are_named() {
    let one = |name: &str| line(name, root(1.0));
    let budget = || Budget::builder(money("100")).lines([one("a"), one("b").channel("mail")]);
    let cases = [
        (
            Budget::builder(money("100"))
                .lines([one("a").at_least(money("60")), one("b").at_least(money("50"))]),
            vec!["the floor of `a` (60.00)", "the floor of `b` (50.00)", "the budget (100.00)"],
        ),
        (
            Budget::builder(money("100")).line(one("a").at_least(money("60")).at_most(money("50"))),
            vec!["the floor of `a` (60.00)", "the cap of `a` (50.00)"],
        ),
        (
            budget().segment_at_least("b", money("60")).channel_at_most("mail", money("50")),
            vec!["the floor of segment `b` (60.00)", "the cap of channel `mail` (50.00)"],
        ),
        (
            budget().segment_at_least("a", money("160")),
            vec!["the floor of segment `a` (160.00)", "the budget (100.00)"],
        ),
        (
            Budget::builder(money("100")).line(one("a").margin(-2.0)).segment_at_least("a", money("10")),
            vec!["`a` with a margin of -2 gets its floor only (0.00)", "the floor of segment `a` (10.00)"],
        ),
    ];
    for (builder, mut expected) in cases {
        let error = builder.build().unwrap_err();
        let Error::Contradiction { mut constraints } = error else { panic!("{error}") };
        constraints.sort();
        expected.sort_unstable();
        assert_eq!(constraints, expected);
    }
}
