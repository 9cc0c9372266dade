//! Laws of the flow from a log to segments, on logs that were made up at random.

use kohort::features::Column;
use kohort::segment::Segmenter;
use kohort::{
    Bitmap, CustomerId, Feature, FeatureTable, IdKind, Money, MoneyTotal, ReconcileBy, Rfm, TransactionLog,
};
use proptest::prelude::*;

use crate::economics::half_for_goods;
use crate::features::{DAY, Row, extractor, log_of, rows};

/// Rows of either convention, and which it is.
fn shop() -> impl Strategy<Value = (Vec<Row>, bool)> {
    any::<bool>().prop_flat_map(|credit_notes| (rows(credit_notes), Just(credit_notes)))
}

/// The day after the last line and the last return.
const END: i64 = 110;

fn column(table: &FeatureTable, name: impl AsRef<str>) -> Vec<Option<f64>> {
    let column = table.column(name).unwrap();
    (0..table.len()).map(|row| column.number(row)).collect()
}

fn total(table: &FeatureTable, feature: Feature) -> MoneyTotal {
    table.money(feature).unwrap().iter().copied().sum()
}

fn count(table: &FeatureTable, feature: Feature) -> u64 {
    column(table, feature).into_iter().flatten().map(|count| count as u64).sum()
}

/// What the log would have been had it been read at the moment: no later line, and no return known only later.
fn read_at(rows: &[Row], moment: i64) -> Vec<Row> {
    let earlier = rows.iter().filter(|row| row.time < moment).cloned();
    earlier
        .map(|mut row| {
            if row.back_after.is_some_and(|after| row.time + after >= moment) {
                (row.back, row.back_after) = (0, None);
            }
            row
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn sums_over_customers_are_those_of_the_report((rows, credit_notes) in shop()) {
        let log = log_of(&rows, credit_notes, IdKind::Text);
        let (report, table) = (log.report(), extractor(END * DAY).extract(&log).unwrap());
        prop_assert_eq!(table.context().unwrap().lines_left_out, 0);
        prop_assert_eq!(total(&table, Feature::Gross), report.sales.value);
        prop_assert_eq!(total(&table, Feature::Returned), report.returned());
        prop_assert_eq!(total(&table, Feature::Net), report.net());
        prop_assert_eq!(count(&table, Feature::Lines), report.sales.lines);
        prop_assert_eq!(count(&table, Feature::Items), report.sales.pieces + report.free.pieces);
        if table.has(Feature::Discount) {
            prop_assert_eq!(total(&table, Feature::Discount), report.discount);
        }
        if !credit_notes {
            prop_assert_eq!(total(&table, Feature::ReturnedAttributed), report.returned());
            prop_assert_eq!(count(&table, Feature::ItemsReturned), report.returned_lines.pieces);
        }
        let account = log.reconcile(ReconcileBy::Month).unwrap().total;
        prop_assert_eq!((account.gross, account.returned), (total(&table, Feature::Gross), total(&table, Feature::Returned)));
        prop_assert_eq!(account.net(), total(&table, Feature::Net));
    }

    #[test]
    fn what_belongs_to_a_sale_is_no_more_than_was_bought((rows, credit_notes) in shop(), day in 1_i64..END) {
        let table = extractor(day * DAY).extract(&log_of(&rows, credit_notes, IdKind::Number)).unwrap();
        let money = |feature| table.money(feature).unwrap();
        let of = |feature| column(&table, feature);
        for row in 0..table.len() {
            let attributed = money(Feature::ReturnedAttributed)[row];
            let discount = table.money(Feature::Discount).map_or(Money::ZERO, |discounts| discounts[row]);
            let paid = money(Feature::Gross)[row].checked_sub(discount).unwrap();
            prop_assert!(Money::ZERO <= attributed && attributed <= paid);
            prop_assert!(attributed <= money(Feature::Returned)[row]);
        }
        for (part, whole) in [
            (Feature::ItemsReturned, Feature::Items),
            (Feature::LinesReturned, Feature::Lines),
            (Feature::LinesMature, Feature::Lines),
            (Feature::LinesReturnedMature, Feature::LinesMature),
            (Feature::LinesReturnedMature, Feature::LinesReturned),
            (Feature::OrdersWithReturn, Feature::Orders),
            (Feature::Orders, Feature::Lines),
            (Feature::RecencyDays, Feature::TenureDays),
            (Feature::FirstOrder, Feature::LastOrder),
        ] {
            for (part, whole) in of(part).into_iter().zip(of(whole)) {
                prop_assert!(part <= whole, "{:?} of {:?}", part, whole);
            }
        }
        for rate in [Feature::ReturnRate, Feature::ReturnRateItems] {
            prop_assert!(of(rate).into_iter().flatten().all(|rate| (0.0..=1.0).contains(&rate)));
        }
    }

    #[test]
    fn channel_shares_of_a_buyer_add_up_to_one((rows, credit_notes) in shop(), day in 1_i64..END) {
        let table = extractor(day * DAY).extract(&log_of(&rows, credit_notes, IdKind::Text)).unwrap();
        let channels: Vec<&str> = table.names().filter(|name| name.starts_with("channel_share__")).collect();
        for row in 0..table.len() {
            let shares: Vec<Option<f64>> =
                channels.iter().map(|name| table.column(name).unwrap().number(row)).collect();
            if table.money(Feature::Gross).unwrap()[row] == Money::ZERO {
                prop_assert!(shares.iter().all(Option::is_none), "a share of nothing: {:?}", shares);
            } else {
                prop_assert!(shares.iter().all(Option::is_some));
                let sum: f64 = shares.into_iter().flatten().sum();
                prop_assert!((sum - 1.0).abs() < 1e-12, "{}", sum);
            }
        }
    }

    #[test]
    fn a_table_of_the_past_is_the_table_one_would_have_had((rows, credit_notes) in shop(), day in 1_i64..END) {
        let moment = day * DAY;
        let now = extractor(moment).extract(&log_of(&rows, credit_notes, IdKind::Number)).unwrap();
        let then = extractor(moment).extract(&log_of(&read_at(&rows, moment), credit_notes, IdKind::Number)).unwrap();
        prop_assert_eq!(now.ids(), then.ids());
        // As text: a category knows the texts of later lines, too, which no customer has yet.
        let texts = |column: &Column| (0..column.len()).map(|row| column.text(row)).collect::<Vec<_>>();
        for name in now.names() {
            match (then.column(name), now.column(name).unwrap()) {
                (Ok(then), now) => prop_assert_eq!(texts(then), texts(now), "{}", name),
                // Back then no line had such a text or number, so that there is nothing to know now either.
                (Err(_), now) => prop_assert!(
                    (0..now.len()).all(|row| now.number(row).unwrap_or_default() == 0.0),
                    "{}", name
                ),
            }
        }
    }

    #[test]
    fn once_everything_is_in_only_ages_change((rows, credit_notes) in shop(), later in 1_i64..500) {
        let log = log_of(&rows, credit_notes, IdKind::Number);
        let (end, after) = (extractor(END * DAY), extractor((END + later) * DAY));
        let (end, after) = (end.extract(&log).unwrap(), after.extract(&log).unwrap());
        for name in end.names() {
            let grown = |by: f64| column(&end, name).into_iter().map(|days| days.map(|days| days + by)).collect::<Vec<_>>();
            match name {
                "recency_days" | "tenure_days" => prop_assert_eq!(column(&after, name), grown(later as f64)),
                // At the end every line is older than the twenty days after which its returns are in.
                _ => prop_assert_eq!(after.column(name).unwrap(), end.column(name).unwrap(), "{}", name),
            }
        }
    }

    #[test]
    fn every_buying_customer_has_one_rfm_segment_and_nobody_else((rows, credit_notes) in shop()) {
        let log = log_of(&rows, credit_notes, IdKind::Text);
        let table = extractor(END * DAY).extract(&log).unwrap();
        let buying: Vec<usize> =
            (0..table.len()).filter(|row| table.counts(Feature::Orders).unwrap()[*row] > 0).collect();
        let model = Rfm::builder().build().unwrap().fit(&table);
        prop_assert_eq!(model.is_ok(), !buying.is_empty());
        let Ok(model) = model else { return Ok(()) };
        let segments = model.segment(&table).unwrap();
        let mut members: Vec<CustomerId> = Vec::new();
        let mut seen = Bitmap::filled(table.len(), false);
        for (name, size) in segments.names().iter().zip(segments.sizes()) {
            let ids = segments.members(name).unwrap();
            prop_assert_eq!(ids.len() as u64, size);
            members.extend(ids.iter());
            for row in segments.mask(name).unwrap().ones() {
                prop_assert!(!seen.get(row), "row {} is in two segments", row);
                seen.set(row, true);
            }
        }
        prop_assert_eq!(seen.ones().collect::<Vec<_>>(), buying.clone());
        members.sort_by_key(ToString::to_string);
        prop_assert_eq!(members, buying.iter().map(|row| table.ids().id(*row)).collect::<Vec<_>>());
        prop_assert_eq!(segments.unassigned(), (table.len() - buying.len()) as u64);
    }

    #[test]
    fn a_plan_accounts_for_every_customer_and_all_money((rows, credit_notes) in shop()) {
        let log: TransactionLog = log_of(&rows, credit_notes, IdKind::Number);
        let table = extractor(END * DAY).extract(&log).unwrap();
        let Ok(model) = Rfm::builder().build().unwrap().fit(&table) else { return Ok(()) };
        let plan = half_for_goods().prioritize(&table, &model.segment(&table).unwrap()).unwrap();
        let parts = || plan.segments.iter().map(|segment| &segment.economics).chain(&plan.unassigned);
        prop_assert_eq!(parts().map(|part| part.customers).sum::<u64>(), table.len() as u64);
        prop_assert_eq!(parts().map(|part| part.gross).sum::<MoneyTotal>(), log.report().sales.value);
        prop_assert_eq!(parts().filter_map(|part| part.returned).sum::<MoneyTotal>(), log.report().returned());
        prop_assert_eq!(parts().map(|part| part.net).sum::<MoneyTotal>(), log.report().net());
        let contribution: MoneyTotal = parts().map(kohort::economics::SegmentEconomics::contribution).sum();
        prop_assert_eq!(contribution, plan.shop.contribution());
        let mut ranks: Vec<usize> = plan.segments.iter().map(|segment| segment.rank_by_gross).collect();
        ranks.sort_unstable();
        prop_assert!(ranks.into_iter().eq(1..=plan.segments.len()));
        for pair in plan.segments.windows(2) {
            prop_assert!(pair[0].rank < pair[1].rank);
            prop_assert!(pair[0].economics.contribution() >= pair[1].economics.contribution());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Sales that differ in little, each line an order, so that nothing but content can say which one a credit note
    /// undoes.
    #[test]
    fn which_sale_a_credit_note_undoes_does_not_depend_on_the_order_of_rows(
        sales in prop::collection::vec((0_i64..2, 0_i64..3, 0_i64..3, 0_u8..2), 1..8),
        notes in prop::collection::vec(1_i64..3, 1..4),
        rotate in 0_usize..8,
    ) {
        use kohort::transaction::{Discount, OrderLine, Price};
        use kohort::{AsOf, FeatureExtractor, LogRules, OrderIdentity, Returns, Zone};
        let rules = LogRules::builder("EUR")
            .orders(OrderIdentity::EachLine)
            .returns(Returns::CreditNotes { prefix: None })
            .build()
            .unwrap();
        let price = Price::Line(Money::parse("10").unwrap());
        let mut lines: Vec<OrderLine> = sales
            .iter()
            .map(|(day, discount, cost, channel)| {
                let mut line = OrderLine::new(1_u64, day * DAY, price);
                line.discount = Discount::Amount(Money::from_ten_thousandths(*discount));
                line.unit_cost = Some(Money::from_ten_thousandths(*cost));
                line.channel = Some(format!("ch{channel}"));
                line
            })
            .collect();
        lines.extend(notes.iter().map(|day| {
            OrderLine::new(1_u64, day * DAY, Price::Line(Money::parse("-9").unwrap()))
        }));
        let returned = |channel: &str| {
            use kohort::features::{Aggregate, Computed, Number, Over};
            let sum = Aggregate::Sum(Number::Returned);
            Computed::builder(channel, Over::Lines, sum).only(kohort::Attribute::Channel, [channel]).build().unwrap()
        };
        let as_of = AsOf::instant(9 * DAY, &Zone::utc()).unwrap();
        let asked = FeatureExtractor::builder(as_of).computed([returned("ch0"), returned("ch1")]).build().unwrap();
        let table = |lines: &[OrderLine]| {
            asked.extract(&TransactionLog::from_rows(lines.iter().cloned(), &rules, IdKind::Number).unwrap())
        };
        let whole = table(&lines);
        lines.reverse();
        lines.rotate_left(rotate % sales.len());
        match (whole, table(&lines)) {
            (Ok(whole), Ok(shuffled)) => prop_assert_eq!(whole, shuffled),
            // A channel that no line has is refused for both.
            (whole, shuffled) => prop_assert!(whole.is_err() && shuffled.is_err()),
        }
    }
}
