//! The command line, and what it says in terms of the library's settings.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, ValueEnum};
use kohort::economics::{CostOfGoods, Costs, Marketing, VatRates};
use kohort::transaction::{
    DecimalMark, Encoding, FreeLines, SchemaDiscount, SchemaPrice, TimeFormat, Undelivered, Vat,
};
use kohort::{
    AsOf, Attribute, LogRules, Money, OrderIdentity, Rate, Result, Returns, Schema, TransactionLog, Zone,
};

/// From order lines to a ranked plan: who the customers are, what they earn after returns, and what to do
///
/// Reads a shop's order lines, segments its customers, values each segment after returns, ranks the segments with an
/// action and its reason, and says which customers look rich and earn little. Without a file it does so for a
/// synthetic fashion shop of about 200,000 order lines.
#[derive(Parser, Debug)]
#[command(name = "plan", after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Options {
    /// Order lines, one a row, as .csv or .csv.gz; needs --customer, --time and --unit-price or --amount
    #[arg(value_name = "FILE", requires_all = ["customer", "time", "price"])]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    costs: CostOptions,
    #[command(flatten)]
    pub(crate) output: Output,
}

const EXAMPLES: &str = "\
Examples:
  plan
  plan orders.csv.gz --customer CustomerID --order InvoiceNo --time InvoiceDate --product StockCode \\
       --quantity Quantity --unit-price UnitPrice --country Country --currency GBP --returns credit-notes:C
  plan items.csv --customer user_id --time order_date --unit-price item_price --returns flag:return \\
       --undelivered delivery_date --customers customers.csv --json plan.json";

/// Which column holds what.
#[derive(Args, Debug)]
#[command(next_help_heading = "Columns of the file")]
struct Columns {
    /// Who ordered
    #[arg(long, value_name = "COLUMN", requires = "file")]
    customer: Option<String>,
    /// The order's id; without it, the lines of a customer on one day are one order
    #[arg(long, value_name = "COLUMN", requires = "file")]
    order: Option<String>,
    /// When it was ordered
    #[arg(long, value_name = "COLUMN", requires = "file")]
    time: Option<String>,
    /// The product's code
    #[arg(long, value_name = "COLUMN", requires = "file")]
    product: Option<String>,
    /// Pieces; without it, each line is one piece
    #[arg(long, value_name = "COLUMN", requires = "file")]
    quantity: Option<String>,
    /// The price of one piece, before discount
    #[arg(long, value_name = "COLUMN", requires = "file", group = "price")]
    unit_price: Option<String>,
    /// The price of the whole line, before discount
    #[arg(long, value_name = "COLUMN", requires = "file", group = "price")]
    amount: Option<String>,
    /// What was taken off the price
    #[arg(long, value_name = "COLUMN", requires = "file")]
    discount: Option<String>,
    /// What the discount column holds: a share of the price from 0 to 1, or an amount off the line
    #[arg(long, value_name = "KIND", requires = "discount", default_value = "rate")]
    discount_kind: DiscountKind,
    /// What one piece costs the shop
    #[arg(long, value_name = "COLUMN", requires = "file", conflicts_with = "cost_of_goods")]
    unit_cost: Option<String>,
    /// Lines that were never delivered: a yes/no column, a delivery date that is empty for them, or COLUMN=VALUE
    #[arg(long, value_name = "COLUMN[=VALUE]", requires = "file")]
    undelivered: Option<UndeliveredOption>,
    /// The product's category
    #[arg(long, value_name = "COLUMN", requires = "file")]
    category: Option<String>,
    /// The product's brand
    #[arg(long, value_name = "COLUMN", requires = "file")]
    brand: Option<String>,
    /// The product's size
    #[arg(long, value_name = "COLUMN", requires = "file")]
    size: Option<String>,
    /// The channel the order came through
    #[arg(long, value_name = "COLUMN", requires = "file")]
    channel: Option<String>,
    /// The country it went to
    #[arg(long, value_name = "COLUMN", requires = "file")]
    country: Option<String>,
    /// Why it came back
    #[arg(long, value_name = "COLUMN", requires = "file")]
    reason: Option<String>,
}

/// How the file's values are written and what its rows mean.
#[derive(Args, Debug)]
#[command(next_help_heading = "How to read it")]
struct Reading {
    /// credit-notes:PREFIX (negative lines of orders that begin so; without PREFIX, any), flag:COLUMN,
    /// quantity:COLUMN, amount:COLUMN, or none
    #[arg(long, value_name = "HOW", requires = "file", default_value = "none")]
    returns: ReturnsOption,
    /// How times are written, as a strftime pattern such as %d.%m.%Y %H:%M; otherwise as 2011-12-09 12:50
    #[arg(long, value_name = "PATTERN", requires = "file")]
    date_format: Option<String>,
    /// The zone of times that name none
    #[arg(long, value_name = "NAME", requires = "file", default_value = "UTC")]
    zone: String,
    /// What stands between fields; `tab` for a tabulator
    #[arg(long, value_name = "MARK", requires = "file", default_value = ",", value_parser = delimiter)]
    delimiter: char,
    /// Numbers are written with a comma before the decimals
    #[arg(long, requires = "file")]
    decimal_comma: bool,
    /// How letters are written
    #[arg(long, value_name = "NAME", requires = "file", default_value = "utf-8")]
    encoding: EncodingOption,
    /// The currency of all amounts
    #[arg(long, value_name = "CODE", requires = "file", default_value = "EUR")]
    currency: String,
    /// Codes that are no products, such as postage; a * at the end stands for any rest
    #[arg(long, value_name = "A,B,…", requires = "file", value_delimiter = ',')]
    exclude_products: Vec<String>,
    /// What to do with lines without value
    #[arg(long, value_name = "HOW", requires = "file", default_value = "keep")]
    free_lines: FreeLinesOption,
}

/// What an order costs.
#[derive(Args, Debug)]
#[command(next_help_heading = "Costs, net of tax")]
struct CostOptions {
    /// Cost of goods as a share of the list price, where no column says it [default: 0.5]
    #[arg(long, value_name = "SHARE", value_parser = rate)]
    cost_of_goods: Option<Rate>,
    /// Picking, packing and sending an order
    #[arg(long, value_name = "AMOUNT", default_value = "4.50", value_parser = Money::parse)]
    fulfilment: Money,
    /// Transport and processing of a parcel that comes back
    #[arg(long, value_name = "AMOUNT", default_value = "7.00", value_parser = Money::parse)]
    handling: Money,
    /// What returned goods lose, as a share of their cost
    #[arg(long, value_name = "SHARE", default_value = "0.07", value_parser = rate)]
    write_down: Rate,
    /// The payment provider's share of what is charged
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = rate)]
    payment_fee: Rate,
    /// What marketing cost in all, spread over the orders [default: not known]
    #[arg(long, value_name = "AMOUNT", value_parser = Money::parse)]
    marketing: Option<Money>,
    /// The rate of value-added tax that prices include [default: they include none]
    #[arg(long, value_name = "RATE", requires = "file", value_parser = rate)]
    vat: Option<Rate>,
}

/// What comes out.
#[derive(Args, Debug)]
#[command(next_help_heading = "Result")]
pub(crate) struct Output {
    /// The day that the customers are looked at from; otherwise the day after the last line
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
    /// The most segments
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) max_segments: usize,
    /// Writes one row per customer: id, scores, segment, value, action
    #[arg(long, value_name = "OUT.csv")]
    pub(crate) customers: Option<PathBuf>,
    /// Writes the whole result for a program to read
    #[arg(long, value_name = "OUT.json")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum DiscountKind {
    Rate,
    Amount,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum EncodingOption {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "windows-1252")]
    Windows1252,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum FreeLinesOption {
    Keep,
    Exclude,
}

/// How returns are recorded, and the column where one is needed.
#[derive(Clone, Debug)]
struct ReturnsOption {
    convention: Returns,
    column: Option<String>,
}

impl FromStr for ReturnsOption {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let column = |convention| match rest {
            "" => Err("name the column after a colon, as in flag:returned"),
            column => Ok(Self { convention, column: Some(column.to_owned()) }),
        };
        match kind {
            "credit-notes" => {
                let prefix = Some(rest.to_owned()).filter(|prefix| !prefix.is_empty());
                Ok(Self { convention: Returns::CreditNotes { prefix }, column: None })
            }
            "flag" => column(Returns::Flag),
            "quantity" => column(Returns::Quantity),
            "amount" => column(Returns::Amount),
            "none" if rest.is_empty() => Ok(Self { convention: Returns::NotRecorded, column: None }),
            _ => Err("expected credit-notes:PREFIX, flag:COLUMN, quantity:COLUMN, amount:COLUMN or none"),
        }
    }
}

/// A column, and the value that marks a line where one value does.
#[derive(Clone, Debug)]
struct UndeliveredOption {
    column: String,
    value: Option<String>,
}

impl FromStr for UndeliveredOption {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match text.split_once('=') {
            Some((column, value)) => Self { column: column.to_owned(), value: Some(value.to_owned()) },
            None => Self { column: text.to_owned(), value: None },
        })
    }
}

fn delimiter(text: &str) -> std::result::Result<char, &'static str> {
    let mut marks = text.chars();
    match (text, marks.next(), marks.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(mark), None) => Ok(mark),
        _ => Err("expected one mark, or `tab`"),
    }
}

fn rate(text: &str) -> Result<Rate> {
    let number = text.trim().parse::<f64>().map_err(|_| kohort::Error::Parse {
        text: text.to_owned(),
        expected: "a share such as 0.5".into(),
    })?;
    Rate::from_f64(number)
}

impl Options {
    /// What the rows of the file mean.
    fn rules(&self) -> Result<LogRules> {
        let Reading { returns, zone, currency, exclude_products, free_lines, .. } = &self.reading;
        LogRules::builder(currency)
            .zone(Zone::named(zone)?)
            .orders(if self.columns.order.is_some() {
                OrderIdentity::Column
            } else {
                OrderIdentity::CustomerAndDay
            })
            .returns(returns.convention.clone())
            .free_lines(match free_lines {
                FreeLinesOption::Keep => FreeLines::Keep,
                FreeLinesOption::Exclude => FreeLines::Exclude,
            })
            .vat(if self.costs.vat.is_some() { Vat::Included } else { Vat::Excluded })
            .exclude_products(exclude_products.iter().cloned())
            .build()
    }

    /// How to read the file.
    pub(crate) fn schema(&self) -> Result<Schema> {
        let (columns, reading) = (&self.columns, &self.reading);
        // The parser sees to it that the columns without which nothing works are there.
        let name = |column: &Option<String>| column.clone().unwrap_or_default();
        let price = match (&columns.unit_price, &columns.amount) {
            (_, Some(column)) => SchemaPrice::Line(column),
            (column, None) => SchemaPrice::Unit(column.as_deref().unwrap_or_default()),
        };
        let mut schema = Schema::builder(&self.rules()?, name(&columns.customer), name(&columns.time), price)
            .delimiter(reading.delimiter)
            .decimal_mark(if reading.decimal_comma { DecimalMark::Comma } else { DecimalMark::Point })
            .encoding(match reading.encoding {
                EncodingOption::Utf8 => Encoding::Utf8,
                EncodingOption::Windows1252 => Encoding::Windows1252,
            });
        if let Some(column) = &columns.order {
            schema = schema.order(column);
        }
        if let Some(column) = &columns.quantity {
            schema = schema.quantity(column);
        }
        if let Some(column) = &columns.discount {
            schema = schema.discount(match columns.discount_kind {
                DiscountKind::Rate => SchemaDiscount::Rate(column),
                DiscountKind::Amount => SchemaDiscount::Amount(column),
            });
        }
        if let Some(column) = &columns.unit_cost {
            schema = schema.unit_cost(column);
        }
        if let Some(column) = &reading.returns.column {
            schema = schema.returned(column);
        }
        if let Some(UndeliveredOption { column, value }) = &columns.undelivered {
            schema = schema.undelivered(match value {
                Some(value) => Undelivered::WhenEquals(column, value),
                None => Undelivered::Column(column),
            });
        }
        let attributes = [
            (Attribute::Product, &columns.product),
            (Attribute::Category, &columns.category),
            (Attribute::Brand, &columns.brand),
            (Attribute::Size, &columns.size),
            (Attribute::Channel, &columns.channel),
            (Attribute::Country, &columns.country),
            (Attribute::Reason, &columns.reason),
        ];
        for (attribute, column) in attributes {
            if let Some(column) = column {
                schema = schema.attribute(attribute, column);
            }
        }
        if let Some(pattern) = &reading.date_format {
            schema = schema.time_format(TimeFormat::Pattern(pattern.clone()));
        }
        schema.build()
    }

    /// The costs. Those of goods are the lines' own where they have them and no share is asked for.
    pub(crate) fn costs(&self) -> Result<Costs> {
        let options = &self.costs;
        let on_lines = self.file.is_none() || self.columns.unit_cost.is_some();
        let goods = match options.cost_of_goods {
            Some(share) => CostOfGoods::ShareOfGross(share),
            None if on_lines => CostOfGoods::FromLines,
            None => CostOfGoods::ShareOfGross(Rate::from_millionths(500_000)),
        };
        let mut costs = Costs::builder(goods)
            .fulfilment_per_order(options.fulfilment)
            .return_handling_per_parcel(options.handling)
            .write_down(options.write_down)
            .payment_fee(options.payment_fee);
        if let Some(total) = options.marketing {
            costs = costs.marketing(Marketing::SpreadOverOrders(total));
        }
        if let Some(tax) = options.vat {
            costs = costs.vat(VatRates::uniform(tax));
        }
        costs.build()
    }

    /// The moment asked for, in the zone of the log.
    pub(crate) fn as_of(&self, log: &TransactionLog) -> Option<Result<AsOf>> {
        self.output.as_of.as_ref().map(|date| AsOf::date(date, log.rules().zone()))
    }

    /// The costs in words, for what is printed.
    pub(crate) fn costs_in_words(&self) -> String {
        let options = &self.costs;
        let on_lines = self.file.is_none() || self.columns.unit_cost.is_some();
        let goods = match options.cost_of_goods {
            Some(share) => format!("goods at {share} of the list price"),
            None if on_lines => "goods as the lines say".to_owned(),
            None => "goods at 50 % of the list price (assumed)".to_owned(),
        };
        let marketing = match options.marketing {
            Some(total) => format!("marketing {total} in all"),
            None => "marketing not known".to_owned(),
        };
        let tax = options.vat.map_or(String::new(), |tax| format!(", prices include {tax} tax"));
        format!(
            "{goods}, {} an order, {} a returned parcel, {} of the cost of returned goods written off, payment fee {}, \
             {marketing}{tax}",
            options.fulfilment, options.handling, options.write_down, options.payment_fee
        )
    }
}
