//! The tables that a comparison prints as.

use std::fmt;

use jiff::civil::Time;

use crate::economics::revenue::change::{
    RevenueBySegment, RevenueChange, RevenueOf, RevenueParts, RevenueScope, RevenueWindow,
};
use crate::layout::{TextTable, grouped, money, percent};
use crate::transaction::{AsOf, MoneyTotal};

impl fmt::Display for RevenueScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Shop => "the shop",
            Self::Segment(name) => name,
            Self::NoSegment => "(none)",
        })
    }
}

impl fmt::Display for RevenueWindow {
    /// `2011-01-01 until 2011-07-01 (181 days)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = format!("{:.1}", self.days);
        let days = days.strip_suffix(".0").unwrap_or(&days);
        write!(f, "{} until {} ({days} days)", date(&self.from), date(&self.until))
    }
}

/// The date of a midnight, otherwise with the time of day.
fn date(moment: &AsOf) -> String {
    let civil = moment.zone().civil(moment.micros());
    if civil.time() == Time::midnight() { civil.date().to_string() } else { civil.to_string() }
}

/// Money with its sign, where it is above zero too.
fn signed(amount: MoneyTotal) -> String {
    let text = money(amount);
    if amount.ten_thousandths() >= 50 { format!("+{text}") } else { text }
}

fn signed_or_dash(amount: Option<MoneyTotal>) -> String {
    amount.map_or_else(dash, signed)
}

fn dash() -> String {
    "–".to_owned()
}

fn decimals(number: Option<f64>) -> String {
    number.map_or_else(dash, |number| format!("{number:.2}"))
}

/// Currency units to the cent.
fn amount(units: Option<f64>) -> String {
    units.map_or_else(dash, |units| {
        money(MoneyTotal::from_ten_thousandths((units * 10_000.0).round() as i128))
    })
}

impl RevenueParts {
    /// The parts of a product with their names.
    fn named(&self) -> [(&'static str, Option<MoneyTotal>); 5] {
        [
            ("customers", Some(self.customers)),
            ("orders per customer", Some(self.orders_per_customer)),
            ("basket", Some(self.basket)),
            ("discount", self.discount),
            ("returns", self.returns),
        ]
    }
}

impl fmt::Display for RevenueChange {
    /// The factors with their parts, then the customers who came, went and stayed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (&self.before, &self.after);
        writeln!(f, "What moved the net revenue of {}, and by how much", self.scope)?;
        writeln!(f, "  before: {}, {} a day", before.window, amount(Some(before.net_per_day)))?;
        writeln!(f, "  after:  {}, {} a day", after.window, amount(Some(after.net_per_day)))?;
        let share = |part: Option<MoneyTotal>| percent(part.and_then(|part| part.share_of(self.change)));
        let figures = [
            [grouped(before.customers), grouped(after.customers)],
            [decimals(before.orders_per_customer), decimals(after.orders_per_customer)],
            [amount(before.basket), amount(after.basket)],
            [percent(before.discount_rate), percent(after.discount_rate)],
            [percent(before.return_rate), percent(after.return_rate)],
        ];
        let mut table = TextTable::new(&["<factor", "before", "after", "part", "of the change"]);
        for ((name, part), [before, after]) in self.parts.named().into_iter().zip(figures) {
            table.row([name.to_owned(), before, after, signed_or_dash(part), share(part)]);
            if name == "customers" {
                let (gained, lost) = (self.parts.gained, self.parts.lost);
                let counted = grouped(self.gained.customers);
                table.row(["  gained".into(), String::new(), counted, signed(gained), share(Some(gained))]);
                let counted = grouped(self.lost.customers);
                table.row(["  lost".into(), counted, String::new(), signed(lost), share(Some(lost))]);
            }
        }
        table.rule();
        let whole = Some(self.change);
        table.row([
            "net revenue".into(),
            money(before.net),
            money(after.net),
            signed(self.change),
            share(whole),
        ]);
        writeln!(f, "{table}")?;
        write!(f, "{}", self.by_presence())
    }
}

impl RevenueChange {
    fn by_presence(&self) -> TextTable {
        let mut table = TextTable::new(&["<net revenue of", "customers", "before", "after", "change"]);
        let mut row = |name: &str, of: &RevenueOf| {
            let change = signed(of.change());
            table.row([name.to_owned(), grouped(of.customers), money(of.before), money(of.after), change]);
        };
        row("customers gained", &self.gained);
        row("customers lost", &self.lost);
        if self.returns_only.customers > 0 {
            row("returns without orders", &self.returns_only);
        }
        row("customers kept", &self.kept);
        for (name, part) in self.kept_parts.named().into_iter().skip(1) {
            let none = String::new;
            table.row([format!("  {name}"), none(), none(), none(), signed_or_dash(part)]);
        }
        table
    }
}

impl fmt::Display for RevenueBySegment {
    /// One row per segment with the parts of its change; the shop's parts are the sum with the mix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shop = &self.shop;
        writeln!(f, "What moved the net revenue of each segment, and by how much")?;
        writeln!(f, "  before: {}", shop.before.window)?;
        writeln!(f, "  after:  {}", shop.after.window)?;
        let names = shop.parts.named().map(|(name, _)| name);
        let mut table = TextTable::new(&[&["<segment", "before", "after", "change"][..], &names].concat());
        let cells = |parts: &RevenueParts| parts.named().map(|(_, part)| signed_or_dash(part));
        let row = |change: &RevenueChange| {
            let net = [money(change.before.net), money(change.after.net), signed(change.change)];
            [change.scope.to_string()].into_iter().chain(net).chain(cells(&change.parts))
        };
        for change in &self.segments {
            let customers = [change.gained, change.lost, change.kept, change.returns_only];
            let has_any = customers.iter().any(|of| of.customers > 0);
            if has_any || change.scope != RevenueScope::NoSegment {
                table.row(row(change));
            }
        }
        let nothing = [String::new(), String::new(), String::new()];
        table.row(["(mix of segments)".to_owned()].into_iter().chain(nothing).chain(cells(&self.mix)));
        table.rule();
        table.row(row(shop));
        write!(f, "{table}")
    }
}
