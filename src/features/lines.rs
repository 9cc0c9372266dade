//! Order lines as the extraction moves them: columns of a part of a log, without what no feature asked for.

use std::ops::Range;

use crate::transaction::{Attribute, LineKind, Returns, TransactionLog};

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
    pub(crate) product: bool,
    pub(crate) brand: bool,
    pub(crate) size: bool,
    pub(crate) reason: bool,
    /// The customer's orders as a list.
    pub(crate) order_list: bool,
    /// What came back, return by return.
    pub(crate) came_back: bool,
}

impl Needs {
    /// The customer's orders as a list, with all that an order knows.
    pub(crate) const ORDERS: Self = Self {
        order: true,
        quantity: true,
        discount: true,
        returned_quantity: true,
        returned: true,
        order_list: true,
        ..Self::NONE
    };

    /// Nothing but what is always there.
    pub(crate) const NONE: Self = Self {
        order: false,
        quantity: false,
        discount: false,
        cost: false,
        returned_quantity: false,
        returned: false,
        category: false,
        channel: false,
        country: false,
        order_returns: false,
        maturity: false,
        attribution: false,
        row: false,
        product: false,
        brand: false,
        size: false,
        reason: false,
        order_list: false,
        came_back: false,
    };

    /// The codes of a text of each line.
    pub(crate) const fn text(attribute: Attribute) -> Self {
        let mut needs = Self::NONE;
        match attribute {
            Attribute::Product => needs.product = true,
            Attribute::Category => needs.category = true,
            Attribute::Brand => needs.brand = true,
            Attribute::Size => needs.size = true,
            Attribute::Channel => needs.channel = true,
            Attribute::Country => needs.country = true,
            Attribute::Reason => needs.reason = true,
        }
        needs
    }

    /// What either needs.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            order: self.order | other.order,
            quantity: self.quantity | other.quantity,
            discount: self.discount | other.discount,
            cost: self.cost | other.cost,
            returned_quantity: self.returned_quantity | other.returned_quantity,
            returned: self.returned | other.returned,
            category: self.category | other.category,
            channel: self.channel | other.channel,
            country: self.country | other.country,
            order_returns: self.order_returns | other.order_returns,
            maturity: self.maturity | other.maturity,
            attribution: self.attribution | other.attribution,
            row: self.row | other.row,
            product: self.product | other.product,
            brand: self.brand | other.brand,
            size: self.size | other.size,
            reason: self.reason | other.reason,
            order_list: self.order_list | other.order_list,
            came_back: self.came_back | other.came_back,
        }
    }

    /// The same, with the columns from which credit notes are attributed where a list needs that.
    pub(crate) fn completed(mut self, log: &TransactionLog) -> Self {
        let credit_notes = matches!(log.rules().returns(), Returns::CreditNotes { .. });
        // An order knows what came back of it only where that is asked for, too.
        let orders = self.order_list && (self.returned || self.returned_quantity);
        self.attribution |= credit_notes && (orders || self.came_back);
        if self.attribution {
            (self.order, self.quantity, self.discount) = (true, true, true);
        }
        self
    }
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

            /// Forgets all lines.
            pub(crate) fn clear(&mut self) {
                $(self.$name.clear();)*
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
    brand: u32,
    size: u32,
    reason: u32,
    /// How many order lines a row stands for; empty where each stands for one.
    count: u32,
    /// The row in the log.
    row: u32,
}

impl LineColumns {
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    /// Adds a line of another part, as far as `needs` asks for its columns; not its kind nor what came back of it.
    pub(crate) fn push_row(&mut self, part: &Self, row: usize, needs: Needs) {
        fn push<T: Copy>(target: &mut Vec<T>, values: &[T], row: usize, wanted: bool) {
            if wanted && !values.is_empty() {
                target.push(values[row]);
            }
        }
        push(&mut self.order, &part.order, row, needs.order);
        push(&mut self.time, &part.time, row, true);
        push(&mut self.quantity, &part.quantity, row, needs.quantity);
        push(&mut self.gross, &part.gross, row, true);
        push(&mut self.discount, &part.discount, row, needs.discount);
        push(&mut self.cost, &part.cost, row, needs.cost);
        push(&mut self.category, &part.category, row, needs.category);
        push(&mut self.channel, &part.channel, row, needs.channel);
        push(&mut self.country, &part.country, row, needs.country);
        push(&mut self.count, &part.count, row, true);
    }

    /// Makes the last line one of pieces that came back at a time, for a value.
    pub(crate) fn replace_last(&mut self, time: i64, pieces: i32, value: i64) {
        fn replace<T>(target: &mut [T], value: T) {
            if let Some(last) = target.last_mut() {
                *last = value;
            }
        }
        replace(&mut self.time, time);
        replace(&mut self.quantity, pieces);
        replace(&mut self.gross, value);
        replace(&mut self.discount, 0);
        replace(&mut self.cost, 0);
    }

    /// The codes of a text; empty where it is not needed or not there.
    pub(crate) fn text(&self, attribute: Attribute) -> &[u32] {
        match attribute {
            Attribute::Product => &self.product,
            Attribute::Category => &self.category,
            Attribute::Brand => &self.brand,
            Attribute::Size => &self.size,
            Attribute::Channel => &self.channel,
            Attribute::Country => &self.country,
            Attribute::Reason => &self.reason,
        }
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
        let order = if needs.order {
            scatter(&log.orders.keys(rows.clone()), &(0..rows.len()), places)
        } else {
            Vec::new()
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
            product: text(Attribute::Product, needs.attribution || needs.product),
            brand: text(Attribute::Brand, needs.brand),
            size: text(Attribute::Size, needs.size),
            reason: text(Attribute::Reason, needs.reason),
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
