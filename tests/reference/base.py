"""The base features, of all of history and of windows."""

from logs import DAY

MATURITY = 60 * DAY

# An order has at least one sale line; its time is that of the earliest.
ORDERS = """select customer, ord, min(time) filter (kind = 'sale') as placed,
    count(*) filter (kind = 'sale') as sale_lines, sum(quantity) filter (kind <> 'return') as pieces,
    sum(gross) filter (kind = 'sale') as gross, sum(discount) filter (kind = 'sale') as discount,
    sum(pieces_back) as pieces_back, sum(value_back) as value_back,
    count(*) filter (kind = 'sale' and 2 * pieces_back >= quantity) as lines_back
    from lines group by all having sale_lines > 0"""


def ratio(part, whole):
    """Missing of nothing."""
    return part / whole if whole > 0 else None


def slug(text):
    """A text in a column's name: small ASCII letters and digits, everything else `_`."""
    assert text.isascii()
    return "".join(letter.lower() if letter.isalnum() else "_" for letter in text)


def window(log, start, end):
    """Makes the view `w` of the lines in a window: sales by their own time with what came back of them, posted returns
    by theirs."""
    log.con.execute(f"create or replace view w as select * from lines where time >= {start} and time < {end}")


def top(log, text):
    """The text with the largest gross, of equals the first, of each customer."""
    return log.rows(f"""select customer, {text} from
        (select customer, {text}, sum(gross) as gross from w where kind = 'sale' and {text} is not null group by all)
        qualify row_number() over (partition by customer order by gross desc, {text}) = 1""")


def base(table, log, suffix="", channels=True):
    """Adds the base features of the view `w`."""
    # A credit note is a parcel; returns that are marked on their lines have no time, so that those of an order are one.
    parcels = (
        "select distinct customer, ord from w where kind = 'return'"
        if log.notes
        else "select distinct customer, ord from w where pieces_back > 0"
    )
    mature = log.as_of - MATURITY
    orders = log.rows("""select customer, min(placed), max(placed), count(*), count(*) filter (back) from
        (select customer, ord, min(time) filter (kind = 'sale') as placed,
            bool_or(pieces_back > 0 or value_back > 0) as back
        from w group by all) where placed is not null group by customer""")
    lines = log.rows(f"""select customer,
            count(*) filter (kind = 'sale'),
            sum(quantity) filter (kind <> 'return'),
            sum(gross) filter (kind = 'sale'),
            sum(discount) filter (kind = 'sale'),
            {"sum(gross) filter (kind = 'return')" if log.notes else "sum(value_back)"},
            sum(gross * pieces_back // quantity),
            sum(value_back),
            sum(pieces_back),
            count(*) filter (kind = 'sale' and 2 * pieces_back >= quantity),
            count(*) filter (kind = 'sale' and time < {mature}),
            count(*) filter (kind = 'sale' and 2 * pieces_back >= quantity and time < {mature}),
            sum(cost) filter (kind <> 'return'),
            sum(cost) filter (pieces_back > 0),
            count(*) filter (kind <> 'return' and cost is null),
            count(distinct category) filter (kind = 'sale')
        from w group by customer""")
    parcels = log.rows(f"select customer, count(*) from ({parcels}) group by 1")
    levels = log.levels("channel")
    shares = log.rows(f"""select customer, {", ".join(
        f"sum(gross) filter (channel = '{level}')" for level in log.levels("channel"))}
        from w where kind = 'sale' group by customer""")
    categories, countries = top(log, "category"), top(log, "country")
    names, rows = [], {}
    for customer in table.customers:
        first, last, order_count, orders_back = orders.get(customer, (None, None, 0, 0))
        (line_count, items, gross, discount, returned, returned_gross, attributed, items_back, lines_back, lines_mature,
            lines_back_mature, cost, cost_back, unknown, category_count) = (  # fmt: skip
            value or 0 for value in lines.get(customer, (0,) * 15))  # fmt: skip
        paid = gross - discount
        columns = [
            ("recency_days", "unsigned", None if last is None else (log.as_of - last) // DAY),
            ("tenure_days", "unsigned", None if first is None else (log.as_of - first) // DAY),
            ("first_order", "time", first),
            ("last_order", "time", last),
            ("orders", "unsigned", order_count),
            ("lines", "unsigned", line_count),
            ("items", "signed", items),
            ("gross", "money", gross),
            ("returned", "money", returned),
            ("returned_attributed", "money", attributed),
            ("net", "money", paid - returned),
            ("average_order_value", "number", paid / order_count / 10_000 if order_count else None),
            ("return_rate", "number", ratio(attributed, paid)),
            ("return_rate_posted", "number", ratio(returned, paid)),
            ("return_rate_items", "number", ratio(items_back, items)),
            ("items_returned", "signed", items_back),
            ("lines_returned", "unsigned", lines_back),
            ("orders_with_return", "unsigned", orders_back),
            ("return_parcels", "unsigned", parcels.get(customer, (0,))[0]),
            ("country", "text", countries.get(customer, (None,))[0]),
            ("lines_mature", "unsigned", lines_mature),
            ("lines_returned_mature", "unsigned", lines_back_mature),
        ]
        if not log.notes:
            columns.append(("returned_gross", "money", returned_gross))
        if "discount" in log.has:
            columns += [("discount", "money", discount), ("discount_share", "number", ratio(discount, gross))]
        if "category" in log.has:
            columns += [
                ("top_category", "text", categories.get(customer, (None,))[0]),
                ("categories", "unsigned", category_count),
            ]
        if "cost" in log.has:
            columns += [
                ("cost_of_goods", "money", None if unknown else cost),
                ("cost_of_goods_returned", "money", None if unknown else cost_back),
            ]
        if channels:
            own = shares.get(customer, (None,) * len(levels))
            columns += [
                (f"channel_share__{slug(level)}", "number", ratio(share or 0, gross))
                for level, share in zip(levels, own, strict=True)
            ]
        names, rows[customer] = [column[:2] for column in columns], [column[2] for column in columns]
    table.add_all([(name + suffix, kind) for name, kind in names], rows)
