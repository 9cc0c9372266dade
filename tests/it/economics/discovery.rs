//! Rules that describe customers who look rich and earn little: found where they are, denied with numbers where not.

use kohort::economics::{CostOfGoods, Discovered, Discovery, Verdict};
use kohort::features::{Column, Values};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Category, Costs, Economics, Error, FeatureTable, Money, Predicate};

use super::{half_for_goods, rate, table, units};

fn default() -> Discovery {
    Discovery::builder().minimum_customers(20).build().unwrap()
}

/// Numbers that look random and are the same every time.
fn draws(seed: u64) -> impl FnMut(u64) -> i64 {
    let mut state = seed;
    move |bound| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)) % bound) as i64
    }
}

/// Customers who buy for 20 to 1,020 and send back up to half of it; but those who came by the `outlet` and bought for more
/// than 750 send back all but a tenth.
fn shop(customers: usize) -> FeatureTable {
    let mut draw = draws(7);
    let mut gross = Vec::new();
    let (mut returned, mut channel, mut age, mut visits) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..customers {
        let bought = 20 + draw(1_000);
        let by = ["web", "app", "store", "outlet"][draw(4) as usize];
        let share = if by == "outlet" && bought > 750 { 90 } else { draw(50) };
        gross.push(bought);
        returned.push(bought * share / 100);
        channel.push((draw(20) > 0).then_some(by));
        age.push((draw(3) > 0).then(|| 18.0 + draw(60) as f64));
        visits.push(draw(40) as u32);
    }
    FeatureTable::from_columns(
        CustomerIds::rows(customers),
        [
            ("gross", Column::new(units(gross))),
            ("returned", Column::new(units(returned))),
            ("entry", Column::new(Values::Category(Category::from_texts(channel)))),
            ("age", Column::optional(age)),
            ("visits", Column::new(Values::U32(visits))),
        ],
    )
    .unwrap()
}

#[test]
fn a_group_that_two_features_together_describe_is_found() {
    let table = shop(6_000);
    let found = half_for_goods().discover(&table, &default()).unwrap();
    assert_eq!(found.rules.len(), 1, "{found}");
    let rule = &found.rules[0];
    // The cut point is readable, and as near to 750 as the cut points come.
    let text = rule.predicate.to_string();
    assert!(text.starts_with("gross >= ") && text.ends_with(" AND entry = 'outlet'"), "{text}");
    let cut: f64 = text["gross >= ".len()..].split(' ').next().unwrap().parse().unwrap();
    assert!((720.0..=780.0).contains(&cut) && cut % 10.0 == 0.0, "{text}");
    assert_eq!((rule.conditions, found.features.len()), (2, 4));
    assert!(rule.adjusted_p_value < 1e-6 && rule.p_value <= rule.adjusted_p_value);
    assert!(matches!(&found.verdict, Verdict::Found { reason } if reason.contains(&text)));
    assert!(found.to_string().starts_with("Yes: rules describe customers"), "{found}");
    // What is counted is whom the rule engine finds, halves add up, and figures are plain sums.
    assert_eq!(rule.predicate.evaluate(&table).unwrap().holds(), &rule.mask);
    assert_eq!(rule.all.customers, rule.mask.count() as u64);
    assert_eq!(rule.training.customers + rule.held_out.customers, rule.all.customers);
    let gross: i64 = rule.mask.ones().map(|row| table.money("gross").unwrap()[row].ten_thousandths()).sum();
    assert_eq!(rule.all.gross.ten_thousandths(), i128::from(gross));
    assert!(rule.all.return_rate > Some(0.85) && rule.all.lift > Some(5.0), "{rule:?}");
    assert!(rule.all.margin < Some(found.line) && found.line < found.shop.margin.unwrap());
    // Stored and read again it is the same rule.
    let json = serde_json::to_string(&rule.predicate).unwrap();
    assert_eq!(serde_json::from_str::<Predicate>(&json).unwrap(), rule.predicate);
    let printed: serde_json::Value = serde_json::to_value(&found).unwrap();
    assert_eq!(printed["rules"][0]["conditions"], 2);
    #[cfg(feature = "sql")]
    assert_eq!(text.parse::<Predicate>().unwrap(), rule.predicate);
}

#[test]
fn the_held_out_are_those_of_the_bucket() {
    let table = shop(3_000);
    let discovery = Discovery::builder().minimum_customers(20).held_out(0.3).seed(9).build().unwrap();
    let found = half_for_goods().discover(&table, &discovery).unwrap();
    let held_out = kohort::segment::bucket("discovery 9").lt(0.3).evaluate(&table).unwrap().holds().clone();
    let rule = &found.rules[0];
    assert_eq!(rule.held_out.customers, rule.mask.and_count(&held_out) as u64);
    assert!((0.25..0.35).contains(&(held_out.count() as f64 / 3_000.0)));
}

#[test]
fn features_can_be_listed_and_left_out() {
    let table = shop(6_000);
    let find = |builder: kohort::economics::DiscoveryBuilder| {
        half_for_goods().discover(&table, &builder.minimum_customers(20).build().unwrap())
    };
    // Without the channel nobody can be told apart: among the rest half of what they sell is kept.
    let without = find(Discovery::builder().leave_out(["entry"])).unwrap();
    assert!(without.rules.is_empty() && without.features == ["gross", "age", "visits"], "{without}");
    let listed = find(Discovery::builder().features(["entry", "gross"]).max_conditions(1)).unwrap();
    assert_eq!(listed.features, ["gross", "entry"], "in the order of the table");
    assert!(listed.rules.iter().all(|rule| rule.conditions == 1));
    // One may ask for what is left out otherwise.
    let parts = find(Discovery::builder().features(["returned"])).unwrap();
    assert!(parts.rules[0].predicate.to_string().starts_with("returned >= "), "{parts}");

    for unknown in [Discovery::builder().features(["entri"]), Discovery::builder().leave_out(["entri"])] {
        let error = find(unknown).unwrap_err();
        assert!(
            matches!(&error, Error::MissingFeature { feature, nearest } if feature == "entri" && nearest.as_deref() == Some("entry")),
            "{error}"
        );
    }
    let all = Discovery::builder().leave_out(["gross", "entry", "age", "visits"]);
    assert!(matches!(find(all), Err(Error::Empty { .. })));
    let timed = shop(10).column_added("first_order", Values::Time(vec![0; 10])).unwrap();
    let discovery = Discovery::builder().features(["first_order"]).build().unwrap();
    assert!(matches!(half_for_goods().discover(&timed, &discovery), Err(Error::FeatureType { .. })));
    assert!(half_for_goods().discover(&timed, &default()).is_ok(), "a time that is merely there is left out");
}

#[test]
fn one_returned_order_is_no_habit() {
    // Of 2,000 who bought one dear line a quarter sent it back, as chance has it; of those who bought ten cheap ones, a
    // quarter of the lines. By raw rates 250 look rich and earn nothing.
    let mut draw = draws(3);
    let mut rows: Vec<(i64, i64, u32, u32)> = Vec::new();
    for i in 0..4_000 {
        let lines = if i % 2 == 0 { 1 } else { 10 };
        let returned = (0..lines).filter(|_| draw(4) == 0).count() as u32;
        let price = if lines == 1 { 600 + draw(90) } else { 50 };
        rows.push((price * i64::from(lines), price * i64::from(returned), lines, returned));
    }
    let shop = table(
        rows.len(),
        [
            ("gross", units(rows.iter().map(|row| row.0))),
            ("returned", units(rows.iter().map(|row| row.1))),
            ("lines", Values::U32(rows.iter().map(|row| row.2).collect())),
            ("lines_returned", Values::U32(rows.iter().map(|row| row.3).collect())),
        ],
    );
    let found = half_for_goods().discover(&shop, &default()).unwrap();
    assert!(found.rules.is_empty(), "{found}");
    assert!(found.rich_and_little > 100, "{found}");
    let Verdict::NotFound { reason } = &found.verdict else { panic!("{found}") };
    assert!(reason.contains("no rule of up to 3 conditions describes at least 80 customers"), "{reason}");
    assert!(found.to_string().starts_with("No: no rule describes"), "{found}");
}

fn numbers(found: &Discovered) -> (u64, usize) {
    (found.population, found.rules.len())
}

#[test]
fn shops_without_anything_to_find() {
    let economics = half_for_goods();
    let find = |table: &FeatureTable| economics.discover(table, &default()).unwrap();
    // Nobody at all, nobody who bought, and one customer.
    let nobody = find(&table(0, [("gross", units([]))]));
    assert_eq!((numbers(&nobody), nobody.rich_above), ((0, 0), None));
    assert!(nobody.to_string().contains("No customer of the table has bought anything"));
    assert_eq!(numbers(&find(&table(2, [("gross", units([0, 0]))]))), (0, 0));
    let one = find(&table(1, [("gross", units([100])), ("returned", units([100]))]));
    assert_eq!((numbers(&one), one.tried), ((1, 0), 0));
    // No returns: everyone earns the same share.
    let gross = || units((0..3_000).map(|i| 10 + i % 700));
    let orders = || Values::U32((0..3_000).map(|i| 1 + i % 5).collect());
    let kept =
        find(&table(3_000, [("gross", gross()), ("returned", units(vec![0; 3_000])), ("orders", orders())]));
    assert_eq!((numbers(&kept), kept.rich_and_little), ((3_000, 0), 0));
    assert!(kept.tried > 100);
    // Columns that are the same for everyone, or have no value, tell nobody apart.
    let missing = Column::with_missing(Values::F64(vec![0.0; 3_000]), Bitmap::filled(3_000, false)).unwrap();
    let flat = table(3_000, [("gross", units(vec![100; 3_000])), ("returned", units(vec![90; 3_000]))]);
    let flat = flat.column_added("rate", missing).unwrap();
    assert_eq!(numbers(&find(&flat)), (3_000, 0));
    // Whoever lacks the contribution is not counted.
    let known: Bitmap = (0..3_000).map(|row| row % 3 > 0).collect();
    let partly = FeatureTable::from_columns(
        CustomerIds::rows(3_000),
        [
            ("gross", Column::new(gross())),
            ("returned", Column::with_missing(units(vec![0; 3_000]), known).unwrap()),
        ],
    );
    assert_eq!(numbers(&find(&partly.unwrap())), (2_000, 0));
}

#[test]
fn where_everything_comes_back_those_who_buy_much_cost_most() {
    let gross: Vec<i64> = (0..4_000).map(|i| 10 + i % 700).collect();
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5))).build().unwrap();
    let all_back = table(
        4_000,
        [
            ("gross", units(gross.clone())),
            ("returned", units(gross)),
            ("return_parcels", Values::U32(vec![1; 4_000])),
        ],
    );
    let found = Economics::builder(costs).build().unwrap().discover(&all_back, &default()).unwrap();
    assert!(found.line.abs() < f64::EPSILON, "a shop that earns nothing asks for nothing");
    assert_eq!(found.rich_and_little, 1_000, "whoever looks rich");
    assert!(found.rules[0].predicate.to_string().starts_with("gross >= "), "{found}");
    assert!(found.rules[0].all.contribution < kohort::MoneyTotal::ZERO);
}

#[test]
fn any_number_of_threads_finds_the_same() {
    // The search sees more than ten chunks and a ragged tail.
    let table = shop(210_001);
    let discovery = Discovery::builder().held_out(0.1).beam(4).build().unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| half_for_goods().discover(&table, &discovery).unwrap())
    };
    let one = run(1);
    assert!(!one.rules.is_empty());
    assert_eq!(one, run(3));
    assert_eq!(one.rules[0].p_value.to_bits(), run(2).rules[0].p_value.to_bits());
}

#[test]
fn very_large_amounts_stay_within_their_range() {
    let huge = |i: i64| Money::from_ten_thousandths((900 + i % 100) * 1_000_000_000_000);
    let table = table(
        3_000,
        [
            ("gross", Values::Money((0..3_000).map(huge).collect())),
            (
                "returned",
                Values::Money((0..3_000).map(|i| if i % 10 == 0 { huge(i) } else { Money::ZERO }).collect()),
            ),
            ("group", Values::I64((0..3_000).map(|i| i % 10).collect())),
        ],
    );
    let found = half_for_goods().discover(&table, &default()).unwrap();
    assert_eq!(found.population, 3_000);
    assert!(found.shop.gross.ten_thousandths() > i128::from(i64::MAX) / 10);
}
