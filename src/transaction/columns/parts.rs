//! A log from parts that follow one another: batches of a stream, row groups of a file.
//!
//! Each part is converted on its own, in parallel, straight into its place in the log's columns. Only texts need a
//! second look: each part has levels of its own, which are joined once all are known.

use rayon::prelude::*;

use crate::category::Category;
use crate::error::{Error, Result};
use crate::transaction::columns::fill::{Filled, Ids, Optional, Rows, Slots};
use crate::transaction::columns::plain::Plain;
use crate::transaction::ids::{IdColumn, IdKind, concat_texts};
use crate::transaction::line::RejectReason;
use crate::transaction::log::{Attribute, TransactionLog};
use crate::transaction::report::IngestReport;
use crate::transaction::rules::LogRules;

/// What columns the log of all parts has.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) customers: IdKind,
    pub(crate) orders: Option<IdKind>,
    pub(crate) optional: Optional,
    pub(crate) attributes: [bool; Attribute::ALL.len()],
}

/// The rows of one part in the log, while they are filled.
pub(crate) struct Part<'f> {
    /// Ids that are numbers; empty where they are text.
    pub(crate) customers: &'f mut [u64],
    pub(crate) orders: &'f mut [u64],
    slots: Slots<'f>,
    before: usize,
}

/// The texts of one part's rows: those that the layout asks for.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) customers: Option<IdColumn>,
    pub(crate) orders: Option<IdColumn>,
    pub(crate) attributes: [Option<Category>; Attribute::ALL.len()],
}

/// What became of one part's rows.
pub(crate) struct Outcome {
    rejected: Vec<(usize, RejectReason)>,
    report: IngestReport,
}

impl Part<'_> {
    /// Converts the rows.
    ///
    /// # Errors
    /// [`Error::Rejected`] in strict mode.
    pub(crate) fn convert(
        self,
        rows: &impl Rows,
        plain: Option<&Plain<'_>>,
        rules: &LogRules,
    ) -> Result<Outcome> {
        let (rejected, report) = self.slots.fill(rows, plain, self.before, rules)?;
        Ok(Outcome { rejected, report })
    }
}

/// The log of parts of the given numbers of rows, each converted by `convert`, which is told the part's position.
///
/// # Errors
/// [`Error::File`] where so many rows do not fit into memory, and the first of those of `convert` in order of parts.
pub(crate) fn log_of_parts(
    layout: Layout,
    sizes: &[usize],
    rules: &LogRules,
    convert: impl Fn(usize, Part<'_>) -> Result<(Outcome, Texts)> + Sync,
) -> Result<TransactionLog> {
    let rows = sizes.iter().try_fold(0_usize, |sum, size| sum.checked_add(*size));
    // A damaged file may claim any number of rows. What is reserved here is given back at once.
    let rows = rows.filter(|rows| Vec::<[u64; 8]>::new().try_reserve_exact(*rows).is_ok());
    let rows = rows.ok_or_else(|| Error::File {
        path: "order lines".to_owned(),
        problem: "there are more rows than fit into memory; read the source in parts and join their logs"
            .to_owned(),
    })?;
    let numbers = |kind: Option<IdKind>| vec![0; if kind == Some(IdKind::Number) { rows } else { 0 }];
    let (mut customers, mut orders) = (numbers(Some(layout.customers)), numbers(layout.orders));
    let mut filled = Filled::new(rows, layout.optional);
    let mut parts = Vec::with_capacity(sizes.len());
    {
        let mut rest =
            Part { customers: &mut customers, orders: &mut orders, slots: filled.slots(), before: 0 };
        for size in sizes {
            let (part, later) = rest.split_at(*size);
            parts.push(part);
            rest = later;
        }
    }
    let converted: Vec<Result<(Outcome, Texts)>> =
        parts.into_par_iter().enumerate().map(|(position, part)| convert(position, part)).collect();

    let mut report = IngestReport { currency: rules.currency.clone(), ..IngestReport::default() };
    let mut rejected = Vec::new();
    let mut texts = Vec::with_capacity(converted.len());
    for part in converted {
        let (outcome, part) = part?;
        report.merge(&outcome.report);
        rejected.extend(outcome.rejected);
        texts.push(part);
    }
    let customers = match layout.customers {
        IdKind::Number => IdColumn::Numbers(customers),
        IdKind::Text => concat_texts(texts.iter_mut().filter_map(|texts| texts.customers.take()).collect()),
    };
    let orders = layout.orders.map(|kind| match kind {
        IdKind::Number => IdColumn::Numbers(orders),
        IdKind::Text => concat_texts(texts.iter_mut().filter_map(|texts| texts.orders.take()).collect()),
    });
    let attributes = Attribute::ALL.map(|attribute| {
        let which = attribute as usize;
        let parts = texts.iter_mut().filter_map(|texts| texts.attributes[which].take());
        layout.attributes[which].then(|| Category::concat_all(parts.collect()))
    });
    Ok(filled.into_log(Ids { customers, orders, attributes }, &rejected, report, rules))
}

impl Part<'_> {
    fn split_at(self, rows: usize) -> (Self, Self) {
        fn split(ids: &mut [u64], at: usize) -> (&mut [u64], &mut [u64]) {
            ids.split_at_mut(at.min(ids.len()))
        }
        let (customers, later_customers) = split(self.customers, rows);
        let (orders, later_orders) = split(self.orders, rows);
        let (slots, later_slots) = self.slots.split_at(rows);
        let first = Self { customers, orders, slots, before: self.before };
        let later = Self {
            customers: later_customers,
            orders: later_orders,
            slots: later_slots,
            before: self.before + rows,
        };
        (first, later)
    }
}
