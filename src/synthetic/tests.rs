//! That the shop is what its documentation says: shares, money, rates, returns in time.

use super::*;
use crate::transaction::{Attribute, DAY, Money, NO_TIME, TransactionLog};

/// What the log says of one customer, money in currency units.
#[derive(Clone, Default)]
struct Posted {
    lines: u32,
    orders: Vec<u64>,
    orders_with_return: Vec<u64>,
    gross: f64,
    returned: f64,
    /// Contribution at usual fashion costs.
    contribution: f64,
}

fn posted(shop: &SyntheticShop) -> Vec<Posted> {
    let log = &shop.log;
    let mut customers = vec![Posted::default(); shop.truth.len()];
    let (discounts, costs, returned) =
        (log.discounts.as_ref().unwrap(), log.costs.as_ref().unwrap(), log.returned.as_ref().unwrap());
    let units = |amount: i64| Money::from_ten_thousandths(amount).to_f64();
    for row in 0..log.len() {
        let customer = &mut customers[log.customers.key(row) as usize - 1];
        let order = log.orders.key(row);
        let paid = units(log.gross[row] - discounts[row]);
        customer.lines += 1;
        customer.gross += units(log.gross[row]);
        customer.returned += units(returned[row]);
        customer.orders.push(order);
        if returned[row] > 0 {
            customer.orders_with_return.push(order);
            customer.contribution -= 0.07 * units(costs[row]);
        } else {
            customer.contribution += paid - units(costs[row]);
        }
    }
    for customer in &mut customers {
        customer.orders.dedup();
        customer.orders_with_return.dedup();
        customer.contribution -=
            4.5 * customer.orders.len() as f64 + 7.0 * customer.orders_with_return.len() as f64;
    }
    customers
}

/// The sum of a number over the customers of a class.
fn sum(
    shop: &SyntheticShop,
    posted: &[Posted],
    class: CustomerClass,
    number: impl Fn(&Posted) -> f64,
) -> f64 {
    let members = shop.truth.customers().zip(posted).filter(|((_, truth), _)| truth.class == class);
    members.map(|(_, posted)| number(posted)).sum()
}

#[test]
fn the_default_shop_makes_the_case_plain() {
    let shop = Shop::builder().build().unwrap().generate().unwrap();
    assert!((190_000..210_000).contains(&shop.log.len()), "{shop}");
    let posted = posted(&shop);
    let heavy = |number: &dyn Fn(&Posted) -> f64| sum(&shop, &posted, CustomerClass::HeavyReturner, number);
    let members = heavy(&|_| 1.0);
    let share = members / posted.len() as f64;
    assert!((0.09..0.11).contains(&share), "share of customers {share}");
    let gross: f64 = posted.iter().map(|customer| customer.gross).sum();
    let relative = heavy(&|customer| customer.gross) / gross / share;
    assert!((2.0..2.6).contains(&relative), "share of gross {relative} times that of customers");
    let rate = heavy(&|customer| customer.returned) / heavy(&|customer| customer.gross);
    assert!((0.88..0.95).contains(&rate), "return rate {rate}");
    let contribution = heavy(&|customer| customer.contribution) / members;
    assert!((-100.0..0.0).contains(&contribution), "contribution of one {contribution}");
    let lines = heavy(&|customer| f64::from(u8::from((15..=40).contains(&customer.lines)))) / members;
    assert!(lines > 0.97, "share with 15 to 40 lines {lines}");
    let mut by_gross: Vec<f64> = posted.iter().map(|customer| customer.gross).collect();
    by_gross.sort_by(f64::total_cmp);
    let quartile = by_gross[by_gross.len() / 4 * 3];
    let rich = heavy(&|customer| f64::from(u8::from(customer.gross > quartile))) / members;
    assert!(rich > 0.9, "share in the top quartile of gross {rich}");
    for class in &CustomerClass::ALL[1..] {
        let total = |number: fn(&Posted) -> f64| sum(&shop, &posted, *class, number);
        let rate = total(|customer| customer.returned) / total(|customer| customer.gross);
        assert!((0.15..0.32).contains(&rate), "{class}: return rate {rate}");
        let contribution = total(|customer| customer.contribution) / total(|_| 1.0);
        assert!(contribution > 30.0, "{class}: contribution of one {contribution}");
        assert!(total(|_| 1.0) > 0.05 * posted.len() as f64, "{class}");
    }
}

#[test]
fn the_truth_fits_the_log() {
    let settings = Shop::builder().customers(4_000).seed(11).late_returns(LateReturns::Known);
    let shop = settings.build().unwrap().generate().unwrap();
    let log = &shop.log;
    let returned = log.returned.as_ref().unwrap();
    for class in CustomerClass::ALL {
        let (mut lines, mut came_back, mut expected, mut gross, mut baskets) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let mut last_order = 0;
        for (row, returned) in returned.iter().enumerate() {
            let truth = shop.truth.customer(&log.customers.id_of_key(log.customers.key(row))).unwrap();
            if truth.class != class {
                continue;
            }
            lines += 1.0;
            came_back += f64::from(u8::from(*returned > 0));
            expected += truth.return_rate;
            gross += Money::from_ten_thousandths(log.gross[row]).to_f64();
            // Lines stand order by order.
            if log.orders.key(row) != last_order {
                baskets += truth.expected_basket.to_f64();
                last_order = log.orders.key(row);
            }
        }
        // Binomial noise of so many lines is at most half a standard deviation over their square root.
        let error = (came_back - expected) / lines;
        assert!(
            f64::abs(error) < 2.0 / f64::sqrt(lines),
            "{class}: {came_back} of {lines} came back, not {expected}"
        );
        assert!((gross / baskets - 1.0).abs() < 0.04, "{class}: gross {gross}, expected {baskets}");
    }
    let rates: Vec<f64> = shop.truth.customers().map(|(_, customer)| customer.return_rate).collect();
    assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)));
}

#[test]
fn every_customer_orders_within_the_period_and_new_ones_late() {
    let start = crate::transaction::AsOf::date("2023-01-01", &crate::Zone::utc()).unwrap().micros();
    let shop = Shop::builder().customers(2_000).build().unwrap().generate().unwrap();
    let mut firsts = vec![i64::MAX; shop.truth.len()];
    for (row, time) in shop.log.times().iter().enumerate() {
        assert!((start..start + 730 * DAY).contains(time));
        let first = &mut firsts[shop.log.customers.key(row) as usize - 1];
        *first = (*first).min(*time);
    }
    assert!(shop.log.times().is_sorted());
    for ((id, customer), first) in shop.truth.customers().zip(firsts) {
        assert!(first < i64::MAX, "customer {id} has no order");
        assert!(customer.class != CustomerClass::New || first >= start + 670 * DAY, "customer {id} is new");
    }
}

#[test]
fn returns_arrive_in_the_window_and_before_the_end() {
    let builder = Shop::builder().customers(3_000).return_window_days(14);
    let cut = builder.clone().build().unwrap().generate().unwrap().log;
    let end = 1_672_531_200_000_000 + 730 * DAY;
    let returns = |log: &TransactionLog| {
        let times = log.return_times.clone().unwrap();
        times
            .into_iter()
            .zip(log.times.clone())
            .filter(|(returned, _)| *returned != NO_TIME)
            .collect::<Vec<_>>()
    };
    let known = returns(&cut);
    assert!(
        known
            .iter()
            .all(|(returned, ordered)| (0..=14 * DAY).contains(&(returned - ordered)) && *returned < end)
    );
    // The same shop looked at later: the same lines, more of them returned.
    let later = builder.clone().late_returns(LateReturns::Known).build().unwrap().generate().unwrap().log;
    let all = returns(&later);
    assert_eq!(later.len(), cut.len());
    assert!(all.iter().filter(|(returned, _)| *returned < end).eq(known.iter()));
    assert!(all.len() > known.len() + 50);
    let untimed = builder.return_times(ReturnTimes::Unrecorded).build().unwrap().generate().unwrap().log;
    assert!(untimed.return_times.is_none());
    assert_eq!(untimed.report().returned_lines, cut.report().returned_lines);
}

#[test]
fn a_shop_without_heavy_returners_has_none_and_one_of_them_alone_only_such() {
    let none = Shop::builder().customers(3_000).heavy_returners(0.0).build().unwrap().generate().unwrap();
    assert!(none.truth.members(CustomerClass::HeavyReturner).is_empty());
    let rate = none.log.report().returned().share_of(none.log.report().sales.value);
    assert!(rate < Some(0.3), "{rate:?}");
    let all = Shop::builder().customers(300).heavy_returners(1.0).build().unwrap().generate().unwrap();
    assert_eq!(all.truth.members(CustomerClass::HeavyReturner).len(), 300);
}

#[test]
fn prices_discounts_and_costs_are_what_the_settings_say() {
    let builder =
        Shop::builder().customers(6_000).discounted_lines(0.4).discount_depth(0.3).unit_cost_share(0.5);
    let log = builder.build().unwrap().generate().unwrap().log;
    let (discounts, costs) = (log.discounts.as_ref().unwrap(), log.costs.as_ref().unwrap());
    let discounted: Vec<usize> = (0..log.len()).filter(|row| discounts[*row] > 0).collect();
    let share = discounted.len() as f64 / log.len() as f64;
    assert!((0.38..0.42).contains(&share), "{share}");
    let depth = discounted.iter().map(|row| discounts[*row] as f64 / log.gross[*row] as f64).sum::<f64>();
    assert!((depth / discounted.len() as f64 - 0.3).abs() < 0.01);
    let total = |values: &[i64]| values.iter().map(|value| i128::from(*value)).sum::<i128>() as f64;
    assert!((total(costs) / total(&log.gross) - 0.5).abs() < 0.02);
    for (row, discount) in discounts.iter().enumerate() {
        assert_eq!(log.gross[row] / i64::from(log.quantities[row]) % 10_000, 9_500, "prices end in .95");
        assert_eq!(discount % 100, 0, "discounts are whole hundredths");
    }
}

#[test]
fn names_are_the_shops_and_columns_without_names_are_not_there() {
    let hats = ProductCategory::new("hats", Money::parse("40").unwrap()).return_days(3.0);
    let bags = ProductCategory::new("bags", Money::parse("90").unwrap()).return_odds(4.0);
    let builder = Shop::builder().customers(1_000).categories([hats, bags]).brands(["one"]).channels(["web"]);
    let log = builder.sizes::<&str>([]).return_reasons::<&str>([]).build().unwrap().generate().unwrap().log;
    let levels = |attribute| {
        log.attribute(attribute).map(|column| column.levels().iter().map(str::to_owned).collect::<Vec<_>>())
    };
    assert_eq!(levels(Attribute::Category).unwrap(), ["bags", "hats"]);
    assert_eq!(levels(Attribute::Brand).unwrap(), ["one"]);
    assert_eq!(levels(Attribute::Channel).unwrap(), ["web"]);
    assert_eq!(levels(Attribute::Country).unwrap(), ["AT", "CH", "DE", "NL"]);
    assert_eq!((levels(Attribute::Size), levels(Attribute::Reason)), (None, None));
    let rate = |category: &str| {
        let rows = (0..log.len())
            .filter(|row| log.attribute(Attribute::Category).unwrap().get(*row) == Some(category));
        let returned: Vec<f64> =
            rows.map(|row| f64::from(u8::from(log.returned.as_ref().unwrap()[row] > 0))).collect();
        returned.iter().sum::<f64>() / returned.len() as f64
    };
    assert!(rate("bags") > rate("hats") + 0.1, "{} and {}", rate("bags"), rate("hats"));
}

#[test]
fn the_first_brand_comes_back_more_often() {
    let log = Shop::builder().customers(5_000).build().unwrap().generate().unwrap().log;
    let brands = log.attribute(Attribute::Brand).unwrap();
    let rate = |first: bool| {
        let rows: Vec<usize> =
            (0..log.len()).filter(|row| (brands.get(*row) == Some("Alder")) == first).collect();
        let pieces = |values: &[i64]| rows.iter().map(|row| values[*row]).sum::<i64>() as f64;
        pieces(log.returned.as_ref().unwrap()) / pieces(&log.gross)
    };
    assert!(rate(true) > rate(false) + 0.05, "{} and {}", rate(true), rate(false));
}

#[test]
fn the_default_shop_is_frozen() {
    let shop = Shop::builder().customers(1_000).build().unwrap().generate().unwrap();
    let report = shop.log.report();
    assert_eq!(
        shop.to_string(),
        "a synthetic shop: 9285 order lines of 1000 customers, 95 of them heavy returners"
    );
    let amounts = [report.sales.value, report.discount, report.returned()].map(|amount| amount.to_string());
    assert_eq!(amounts, ["648041.15", "34240.91", "247671.05"]);
}
