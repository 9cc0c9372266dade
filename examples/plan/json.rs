//! The whole result for a program to read. Money is numbers in currency units to the hundredth, shares and rates are fractions, what is
//! not known is null.

use std::io::{self, Write};

use kohort::economics::{Finding, ReturnDrivers, SegmentEconomics, SegmentPlan, Verdict};
use kohort::segment::RfmProfile;
use kohort::{Feature, IngestReport, MoneyTotal};
use serde_json::{Map, Value, json};

use crate::analysis::Analysis;
use crate::args::Options;

pub(crate) fn write(analysis: &Analysis, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &result(analysis, options))?;
    writeln!(out)
}

fn result(analysis: &Analysis, options: &Options) -> Value {
    let Analysis { orders, table, plan, .. } = analysis;
    let report = orders.log.report();
    let customers = Customers::count(analysis);
    let mut result = json!({
        "currency": report.currency,
        "as_of": analysis.as_of.to_string(),
        "lines_left_out": table.context().map(|context| context.lines_left_out),
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept(),
        "rows_rejected": rejected(report),
        "sale_lines": report.sales.lines,
        "free_lines": report.free.lines,
        "return_lines": report.return_lines(),
        "gross": money(report.sales.value),
        "discount": money(report.discount),
        "returned": money(report.returned()),
        "net": money(report.net()),
        "return_rate": report.returned().share_of(report.sales.value),
        "customers": table.len(),
        "customers_with_sale": customers.with_sale,
        "customers_only_returns": customers.only_returns,
        "customers_over_85pct": customers.over_85pct,
        "costs": options.costs_in_words(),
        "segments": plan.segments.iter().map(segment).collect::<Vec<_>>(),
        "without_segment": plan.unassigned.as_ref().map(economics),
        "shop": economics(&plan.shop),
        "rfm_segments": rfm_segments(&analysis.profile),
        "return_drivers": plan.drivers.iter().map(drivers).collect::<Vec<_>>(),
    });
    if let Value::Object(object) = &mut result {
        object.append(&mut looks_rich(&plan.finding));
    }
    result
}

/// Counts of customers by what they bought and sent back as posted, as of the moment of the table.
#[derive(Default)]
struct Customers {
    with_sale: u64,
    only_returns: u64,
    over_85pct: u64,
}

impl Customers {
    fn count(analysis: &Analysis) -> Self {
        let mut counts = Self::default();
        let Ok(gross) = analysis.table.money(Feature::Gross) else { return counts };
        let returned = analysis.table.money(Feature::Returned).unwrap_or_default();
        for (row, gross) in gross.iter().enumerate() {
            let gross = i128::from(gross.ten_thousandths());
            let returned = returned.get(row).map_or(0, |amount| i128::from(amount.ten_thousandths()));
            counts.with_sale += u64::from(gross > 0);
            counts.only_returns += u64::from(gross == 0 && returned > 0);
            counts.over_85pct += u64::from(gross > 0 && returned * 100 > gross * 85);
        }
        counts
    }
}

/// Money as a number that prints as the tables do: to the hundredth, half away from zero.
fn money(amount: impl Into<MoneyTotal>) -> Value {
    let amount = amount.into().ten_thousandths();
    let hundredths = (amount.abs() + 50) / 100 * amount.signum();
    Value::from(hundredths as f64 / 100.0)
}

fn rejected(report: &IngestReport) -> Value {
    let mut reasons = Map::new();
    reasons.insert("total".into(), report.rows_rejected().into());
    for (reason, rejection) in &report.rejected {
        reasons.insert(reason.name().into(), rejection.rows.into());
    }
    Value::Object(reasons)
}

fn segment(place: &SegmentPlan) -> Value {
    let mut segment = Map::new();
    segment.insert("name".into(), place.segment.clone().into());
    segment.insert("rank".into(), place.rank.into());
    segment.insert("rank_by_gross".into(), place.rank_by_gross.into());
    segment.insert("action".into(), place.action.to_string().into());
    segment.insert("also".into(), place.also.iter().map(ToString::to_string).collect());
    segment.insert("reasons".into(), place.reasons.clone().into());
    if let Value::Object(mut numbers) = economics(&place.economics) {
        segment.append(&mut numbers);
    }
    Value::Object(segment)
}

fn economics(group: &SegmentEconomics) -> Value {
    let rate = group.return_rate.as_ref();
    let interval = rate.and_then(|rate| rate.interval);
    json!({
        "customers": group.customers,
        "share_of_customers": group.share_of_customers,
        "orders": group.orders,
        "gross": money(group.gross),
        "share_of_gross": group.share_of_gross,
        "returned": group.returned.map(money),
        "return_rate": rate.map(|rate| rate.rate),
        "return_rate_low": interval.map(|interval| interval.low),
        "return_rate_high": interval.map(|interval| interval.high),
        "net": money(group.net),
        "cm1": money(group.waterfall.cm1()),
        "cm2": money(group.waterfall.cm2()),
        "cm3": group.waterfall.cm3().map(money),
        "contribution": money(group.contribution()),
        "contribution_per_customer": group.value.map(|value| value.mean),
        "share_of_contribution": group.share_of_contribution,
        "break_even_return_rate": group.break_even.rate,
    })
}

fn rfm_segments(profile: &RfmProfile) -> Value {
    let segments = profile.segments().iter();
    segments.map(|segment| json!({ "name": segment.segment, "customers": segment.customers })).collect()
}

fn drivers(drivers: &ReturnDrivers) -> Value {
    let levels = drivers.levels.iter().map(|driver| {
        json!({
            "level": driver.level,
            "lines": driver.lines,
            "value": money(driver.value),
            "returned": money(driver.returned),
            "return_rate": driver.rate.as_ref().map(|rate| rate.rate),
            "shop_return_rate": driver.shop_rate,
            "excess": driver.excess,
        })
    });
    json!({ "segment": drivers.segment, "attribute": drivers.by.name(), "levels": levels.collect::<Vec<_>>() })
}

/// The finding, null with the reason where there is none; and the evidence for either.
fn looks_rich(finding: &Finding) -> Map<String, Value> {
    let mut result = Map::new();
    let (found, reason) = match &finding.verdict {
        Verdict::Found { reason } => (
            json!({
                "customers": finding.customers,
                "share_of_customers": finding.share_of_customers,
                "gross": money(finding.gross),
                "share_of_gross": finding.share_of_gross,
                "return_rate": finding.return_rate,
                "contribution": money(finding.contribution),
            }),
            reason.clone(),
        ),
        Verdict::NotFound { reason } | Verdict::Unknown { reason } => (Value::Null, reason.clone()),
        _ => (Value::Null, "the verdict is not known to this program".to_owned()),
    };
    result.insert("looks_rich_earns_little".into(), found);
    result.insert("looks_rich_earns_little_reason".into(), reason.into());
    let evidence = finding.evidence.iter().map(|row| {
        json!({
            "minimum": row.minimum,
            "customers": row.customers,
            "over_threshold": row.over_threshold,
            "share_of_customers": row.share,
            "share_of_gross": row.share_of_gross,
        })
    });
    result.insert("evidence".into(), evidence.collect());
    result
}
