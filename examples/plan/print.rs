//! What a person reads: each part under a heading, in the library's own tables.

use std::fmt::Display;
use std::io::{self, Write};

use kohort::economics::RankBy;
use kohort::synthetic::CustomerClass;

use crate::analysis::{Analysis, Orders};
use crate::args::Options;

/// How many customers whose ranks differ most are shown.
const SHIFTS: usize = 5;

/// What was read.
pub(crate) fn orders(orders: &Orders, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    match &options.file {
        Some(path) => heading(out, &format!("Order lines of {}", path.display()))?,
        None => heading(out, "Order lines of a synthetic fashion shop (give a file to read your own)")?,
    }
    write!(out, "{}", orders.log.report())
}

/// What was found out.
pub(crate) fn analysis(analysis: &Analysis, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let why = match options.output.as_of {
        Some(_) => "",
        None => ", the day after the last line, as no --as-of says otherwise",
    };
    heading(out, "Customers")?;
    writeln!(out, "{} customers as of {}{why}.", grouped(analysis.table.len()), analysis.as_of)?;
    if let Some(left_out) = analysis.table.context().map(|context| context.lines_left_out).filter(|n| *n > 0)
    {
        writeln!(out, "Left out are {} lines that are not before that moment.", grouped(left_out as usize))?;
    }
    section(out, "Segments", &analysis.starter)?;
    section(out, "In detail: recency, frequency and monetary value", &analysis.rfm)?;
    write!(out, "\n{}", analysis.profile)?;
    heading(out, "What the segments earn after returns, and what to do")?;
    writeln!(out, "Costs: {}.\n", options.costs_in_words())?;
    write!(out, "{}", analysis.plan)?;
    against_truth(analysis, out)?;
    if let Ok(shifts) = analysis.economics.rank_shifts(&analysis.table, RankBy::Contribution, SHIFTS) {
        section(out, "Customers whose ranks by gross and by contribution differ most", &shifts)?;
    }
    Ok(())
}

/// How well the finding meets the truth, where it is known.
fn against_truth(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let Some(truth) = &analysis.orders.truth else { return Ok(()) };
    let ids = analysis.table.ids();
    let found = truth
        .detection(CustomerClass::HeavyReturner, analysis.plan.finding.mask.ones().map(|row| ids.id(row)));
    let share =
        |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0));
    writeln!(
        out,
        "\nThe shop is synthetic, so it is known who they are: {} heavy returners, drawn before any order. {} of them \
         are found,\nand {} others: precision {}, recall {}.",
        grouped(found.members),
        grouped(found.right),
        grouped(found.found - found.right),
        share(found.precision()),
        share(found.recall())
    )
}

/// A whole number with its thousands set apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
    parts.join(",")
}

fn section(out: &mut dyn Write, title: &str, content: &dyn Display) -> io::Result<()> {
    heading(out, title)?;
    write!(out, "{content}")
}

fn heading(out: &mut dyn Write, title: &str) -> io::Result<()> {
    writeln!(out, "\n{title}\n{}\n", "═".repeat(title.chars().count()))
}
