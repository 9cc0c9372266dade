//! Order lines as the extraction moves them: columns of a part of a log, without what no feature asked for.

use std::ops::Range;

use crate::transaction::{Attribute, IdColumn, LineKind, TransactionLog};

/// Which columns the features asked for are computed from. Customer, time and gross are always moved.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a set of columns, each in it or not")]
pub(crate) struct Needs {
    pub(crate) order: bool,
    pub(crate) quantity: bool,
    pub(crate) discount: bool,
    pub(crate) cost: bool,
    /// Pieces that came back.
    pub(crate) returned_quantity: bool,
    /// Value that came back.
    pub(crate) returned: bool,
    pub(crate) category: bool,
    pub(crate) channel: bool,
    pub(crate) country: bool,
    /// Which orders have returns, and in how many parcels.
    pub(crate) order_returns: bool,
    /// Which lines are old enough for their returns to be in.
    pub(crate) maturity: bool,
    /// Credit notes are attributed to sales.
    pub(crate) attribution: bool,
    /// The line's row in the log.
    pub(crate) row: bool,
}

macro_rules! line_columns {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// Columns of order lines; one that is not needed, or that the log does not have, is empty.
        #[derive(Default)]
        pub(crate) struct LineColumns {
            /// The id, or the rank of its text; only to tell customers apart, so that it is not placed.
            pub(crate) customer: Vec<u64>,
            $($(#[$doc])* pub(crate) $name: Vec<$type>,)*
        }

        impl LineColumns {
            /// Becomes the lines of several parts, each line at its place; `places` has those of one part after the
            /// other. Lines that are left out share the place `len`, which does not count.
            pub(crate) fn place(&mut self, parts: &[(&Self, Range<usize>)], places: &[u32], len: usize) {
                $(if parts.iter().all(|(part, _)| part.$name.is_empty()) {
                    self.$name.clear();
                } else {
                    // Not cleared before: every place up to `len` is written below.
                    self.$name.resize(len + 1, Default::default());
                    let mut rest = places;
                    for (part, range) in parts {
                        let (these, others) = rest.split_at(range.len());
                        rest = others;
                        for (value, place) in part.$name[range.clone()].iter().zip(these) {
                            self.$name[*place as usize] = *value;
                        }
                    }
                    self.$name.truncate(len);
                })*
            }
        }
    };
}

line_columns! {
    order: u64,
    time: i64,
    /// Empty where every line is a sale.
    kind: LineKind,
    quantity: i32,
    gross: i64,
    discount: i64,
    cost: i64,
    returned_quantity: i32,
    returned: i64,
    return_time: i64,
    category: u32,
    channel: u32,
    country: u32,
    product: u32,
    /// How many order lines a row stands for; empty where each stands for one.
    count: u32,
    /// The row in the log.
    row: u32,
}

impl LineColumns {
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    #[inline]
    pub(crate) fn kind(&self, line: usize) -> LineKind {
        self.kind.get(line).copied().unwrap_or_default()
    }

    #[inline]
    pub(crate) fn count(&self, line: usize) -> u32 {
        self.count.get(line).copied().unwrap_or(1)
    }

    /// The lines `rows` of a log, each at its place among `places`.
    pub(crate) fn scattered(
        log: &TransactionLog,
        rows: Range<usize>,
        keys: &[u64],
        places: &[u32],
        needs: Needs,
    ) -> Self {
        fn scatter<T: Copy + Default>(values: &[T], rows: &Range<usize>, places: &[u32]) -> Vec<T> {
            let mut scattered = vec![T::default(); places.len()];
            for (value, place) in values[rows.clone()].iter().zip(places) {
                scattered[*place as usize] = *value;
            }
            scattered
        }
        fn optional<T: Copy + Default>(
            values: Option<&Vec<T>>,
            wanted: bool,
            rows: &Range<usize>,
            places: &[u32],
        ) -> Vec<T> {
            values.filter(|_| wanted).map_or_else(Vec::new, |values| scatter(values, rows, places))
        }
        let text = |attribute: Attribute, wanted: bool| {
            optional(log.attribute(attribute).map(|column| &column.codes), wanted, &rows, places)
        };
        let mixed = log.report.free.lines + log.report.credit_notes.lines > 0;
        let returned = needs.returned || needs.returned_quantity;
        let order = match &log.orders {
            _ if !needs.order => Vec::new(),
            IdColumn::Numbers(numbers) => scatter(numbers, &rows, places),
            IdColumn::Texts(texts) => {
                let codes: Vec<u64> = texts.codes[rows.clone()].iter().map(|code| u64::from(*code)).collect();
                scatter(&codes, &(0..codes.len()), places)
            }
        };
        Self {
            customer: scatter(keys, &(0..keys.len()), places),
            order,
            time: scatter(&log.times, &rows, places),
            kind: optional(Some(&log.kinds), mixed, &rows, places),
            quantity: optional(Some(&log.quantities), needs.quantity, &rows, places),
            gross: scatter(&log.gross, &rows, places),
            discount: optional(log.discounts.as_ref(), needs.discount, &rows, places),
            cost: optional(log.costs.as_ref(), needs.cost, &rows, places),
            returned_quantity: optional(
                log.returned_quantities.as_ref(),
                needs.returned_quantity,
                &rows,
                places,
            ),
            returned: optional(log.returned.as_ref(), needs.returned, &rows, places),
            return_time: optional(log.return_times.as_ref(), returned, &rows, places),
            category: text(Attribute::Category, needs.category),
            channel: text(Attribute::Channel, needs.channel),
            country: text(Attribute::Country, needs.country),
            product: text(Attribute::Product, needs.attribution),
            count: optional(log.line_counts.as_ref(), true, &rows, places),
            row: if needs.row {
                let numbers: Vec<u32> = rows.clone().map(|row| row as u32).collect();
                scatter(&numbers, &(0..numbers.len()), places)
            } else {
                Vec::new()
            },
        }
    }
}
