//! Channels: through which doors a customer comes, which she prefers, and which brought her.

use std::sync::Arc;

use crate::category::{Levels, MISSING};
use crate::error::{Error, Result};
use crate::features::customer::{Customer, Order};
use crate::features::derive::{Code, Grow, Part, TooLarge};
use crate::features::extraction::check_channels;
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Ratios, Source};
use crate::features::feature::slug;
use crate::features::lines::Needs;
use crate::transaction::{Attribute, LineKind, OrderIdentity};

/// The family.
#[derive(Debug)]
pub(crate) struct Channels;

impl Family for Channels {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let Some(column) = source.log.attribute(Attribute::Channel) else {
            let feature = "channel_order_share".to_owned();
            return Err(Error::FeatureNeeds { feature, needs: "a channel column" });
        };
        check_channels(Some(&column.levels))?;
        let orders_by_id = source.log.rules().orders() != OrderIdentity::EachLine;
        Ok(Box::new(ChannelPlan { levels: Arc::clone(&column.levels), orders_by_id }))
    }
}

struct ChannelPlan {
    levels: Arc<Levels>,
    /// Whether the id of an order tells which of two at one instant is the first.
    orders_by_id: bool,
}

impl Plan for ChannelPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        let share = |channel| ColumnPlan::number(format!("channel_order_share__{}", slug(channel)));
        let mut columns: Vec<ColumnPlan> = self.levels.iter().map(share).collect();
        columns.extend(TEXTS.map(|name| ColumnPlan::category(name, &self.levels)));
        columns.push(ColumnPlan::number("channels"));
        columns
    }

    fn needs(&self) -> Needs {
        // Without ids, the value of orders decides between two at one instant.
        let value = !self.orders_by_id;
        let own = Needs { order: true, order_list: true, quantity: value, discount: value, ..Needs::NONE };
        own.and(Needs::text(Attribute::Channel))
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(ChannelMeasure {
            plan: self,
            channels: Vec::new(),
            in_order: Vec::new(),
            sums: vec![(0, 0); self.levels.len()],
            shares: Ratios::new(self.levels.len()),
            texts: Default::default(),
            count: Grow::default(),
        })
    }
}

const TEXTS: [&str; 3] = ["favourite_channel", "first_channel", "last_channel"];

struct ChannelMeasure<'p> {
    plan: &'p ChannelPlan,
    /// The channel of each order of the customer, or [`MISSING`].
    channels: Vec<u32>,
    /// Gross by channel of one order.
    in_order: Vec<(u32, i128)>,
    /// Orders and their gross by channel.
    sums: Vec<(u32, i128)>,
    shares: Ratios,
    texts: [Grow<Code>; 3],
    count: Grow<u32>,
}

impl Measure for ChannelMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        self.channels.clear();
        self.sums.fill((0, 0));
        for order in customer.orders {
            let channel = channel_of(order, customer, &mut self.in_order);
            self.channels.push(channel.unwrap_or(MISSING));
            if let Some(channel) = channel {
                let (orders, gross) = &mut self.sums[channel as usize];
                (*orders, *gross) = (*orders + 1, *gross + order.gross);
            }
        }
        let all: u32 = self.sums.iter().map(|(orders, _)| orders).sum();
        let share = |orders: u32| (all > 0).then(|| f64::from(orders) / f64::from(all));
        self.shares.push(self.sums.iter().map(|(orders, _)| share(*orders)));
        let most = self.sums.iter().enumerate().rev().max_by_key(|(_, sums)| **sums);
        let favourite = most.filter(|_| all > 0).map(|(channel, _)| channel as u32);
        let (first, last) = self.ends(customer.orders);
        for (column, channel) in self.texts.iter_mut().zip([favourite, first, last]) {
            column.push(channel.map(Code));
        }
        self.count.push(Some(self.sums.iter().filter(|(orders, _)| *orders > 0).count() as u32));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        let mut parts = self.shares.take();
        parts.extend(self.texts.iter_mut().map(Grow::take));
        parts.push(self.count.take());
        Ok(parts)
    }
}

impl ChannelMeasure<'_> {
    /// The channels of the first and the last order. Of orders at one instant, the id says which comes first; without
    /// ids the value does, and then the channel itself.
    fn ends(&self, orders: &[Order]) -> (Option<u32>, Option<u32>) {
        let (Some(first), Some(last)) = (orders.first(), orders.last()) else { return (None, None) };
        let known = |place: usize| Some(self.channels[place]).filter(|channel| *channel != MISSING);
        if self.plan.orders_by_id {
            return (known(0), known(orders.len() - 1));
        }
        let content = |place: usize| (orders[place].gross, orders[place].discount, orders[place].pieces);
        let begin = 0..orders.partition_point(|order| order.time == first.time);
        let end = orders.partition_point(|order| order.time < last.time)..orders.len();
        // An order without a channel neither begins nor ends what one with a channel could.
        let first = begin.min_by_key(|place| (content(*place), self.channels[*place]));
        let last = end.max_by_key(|place| (content(*place), known(*place)));
        (first.and_then(known), last.and_then(known))
    }
}

/// The channel with the largest gross among an order's sale lines, of equals the first by text; `None` where no line
/// names one. Sums decide rather than single lines, which a state puts together.
fn channel_of(order: &Order, customer: &Customer<'_>, sums: &mut Vec<(u32, i128)>) -> Option<u32> {
    let (codes, lines) = (customer.text(Attribute::Channel), &customer.lines);
    sums.clear();
    for line in order.lines.clone() {
        if lines.kind(line) != LineKind::Sale || codes[line] == MISSING {
            continue;
        }
        let gross = i128::from(lines.gross[line]);
        match sums.iter_mut().find(|(code, _)| *code == codes[line]) {
            Some((_, sum)) => *sum += gross,
            None => sums.push((codes[line], gross)),
        }
    }
    sums.iter().max_by_key(|(code, sum)| (*sum, std::cmp::Reverse(*code))).map(|(code, _)| *code)
}
