"""For how many customers of Online Retail and Hillstrom's e-mail test each of some rules holds, is unknown, and who they
are, computed without kohort, for `tests/it/rules_real.rs`.

usage: KOHORT_DATA=folder python rules.py

A rule is a text, which is how kohort prints it, and what it means in numpy and pandas: a pair of masks, of those for whom
it is true and of those for whom it is unknown.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from logs import DAY, instants, moment, money, read

FOLDER = os.environ["KOHORT_DATA"]
ZONE = "Europe/London"


class Truth:
    """Kleene's three values for each customer."""

    def __init__(self, true, unknown):
        self.true, self.unknown = np.asarray(true, bool), np.asarray(unknown, bool)
        assert not (self.true & self.unknown).any()

    @property
    def false(self):
        return ~(self.true | self.unknown)

    def __and__(self, other):
        true, false = self.true & other.true, self.false | other.false
        return Truth(true, ~(true | false))

    def __or__(self, other):
        return ~(~self & ~other)

    def __invert__(self):
        return Truth(self.false, self.unknown)


def test(column, holds):
    """A condition on a column: unknown where it has no value."""
    known = column.notna().to_numpy()
    true = np.zeros(len(column), bool)
    true[known] = holds(column[known]).to_numpy(dtype=bool)
    return Truth(true, ~known)


def missing(column):
    return Truth(column.isna(), np.zeros(len(column), bool))


def percentile(column, percent):
    return np.percentile(column.dropna().to_numpy(dtype=float), percent, method="linear")


def top(column, customers):
    return column.dropna().sort_values(ascending=False).iloc[customers - 1]


def bottom(column, customers):
    return column.dropna().sort_values().iloc[customers - 1]


def score(conditions, least):
    """What the unknown ones add at most and at least decides whether it is known."""
    sure = sum(points * truth.true.astype(int) for points, truth in conditions)
    most = sure + sum(max(points, 0) * truth.unknown.astype(int) for points, truth in conditions)
    fewest = sure + sum(min(points, 0) * truth.unknown.astype(int) for points, truth in conditions)
    return Truth(fewest >= least, (fewest < least) & (most >= least))


def bucket(salt, ids):
    """The first 53 bits of SHA-256, as a number from 0 to 1."""
    digests = (hashlib.sha256(f"{salt}:{one}".encode()).digest() for one in ids)
    return pd.Series([(int.from_bytes(digest[:8], "big") >> 11) / 2**53 for digest in digests])


def figures(ids, rules):
    """`places` is the sum of the places, from 1, of those for whom a rule holds: who they are, and not only how many."""
    found = [
        {
            "rule": text, "holds": int(truth.true.sum()), "unknown": int(truth.unknown.sum()),
            "places": int((np.flatnonzero(truth.true) + 1).sum()),
        }
        for text, truth in rules.items()
    ]  # fmt: skip
    return {"customers": len(ids), "rules": found}


def online_retail():
    """Lines with a customer, but for bookkeeping entries: sales, free lines and credit notes."""
    file = read(f"{FOLDER}/online_retail_2010_2011.csv.gz")
    file = file[file.CustomerID.notna() & ~file.InvoiceNo.str.startswith("A")].reset_index(drop=True)
    lines = pd.DataFrame({
        "customer": file.CustomerID, "ord": file.InvoiceNo, "product": file.StockCode, "country": file.Country,
        "time": instants(file.InvoiceDate, ZONE), "note": file.InvoiceNo.str.startswith("C"),
        "value": pd.Series(money(file.UnitPrice)) * file.Quantity.astype("int64"),
    })  # fmt: skip
    return lines


def online_retail_rules(lines, as_of):
    ids = sorted(lines.customer.unique())
    sales = lines[~lines.note & (lines.value > 0)]

    def orders_of(sales):
        """Orders of some sale lines: when the earliest was, and what they are worth."""
        orders = sales.groupby(["customer", "ord"]).agg(time=("time", "min"), value=("value", "sum"))
        return orders.reset_index()

    def within(rows, start, end):
        return rows[(rows.time >= start) & (rows.time < end)]

    def count(rows):
        return rows.groupby("customer").size().reindex(ids, fill_value=0)

    def of(product):
        return sales[sales["product"].isin(product)]

    def days(count):
        return as_of - count * DAY

    orders = orders_of(sales)
    by_customer = orders.groupby("customer")
    of_customer = pd.DataFrame(index=ids)
    of_customer["orders"] = count(orders)
    of_customer["gross"] = sales.groupby("customer").value.sum().reindex(ids, fill_value=0) / 10_000
    back = -lines[lines.note].groupby("customer").value.sum().reindex(ids, fill_value=0) / 10_000
    bought = of_customer.gross.where(of_customer.gross > 0)
    of_customer["rate"] = back / bought
    of_customer["basket"] = bought / of_customer.orders
    first, last = (by_customer.time.min().reindex(ids), by_customer.time.max().reindex(ids))
    recency = (as_of - last) // DAY
    value = sales.groupby(["customer", "country"]).value.sum().reset_index()
    value = value.sort_values(["customer", "value", "country"], ascending=[True, False, True])
    country = value.groupby("customer").country.first().reindex(ids)
    local = pd.to_datetime(first, unit="us", utc=True).dt.tz_convert(ZONE)
    coming = {(day.month, day.day) for day in pd.date_range("2011-12-10", periods=14)}
    numbers, gross, rate, basket = of_customer.orders, of_customer.gross, of_customer.rate, of_customer.basket

    heart, cake = ["85123A"], ["22423"]
    cake_orders, heart_orders = orders_of(of(cake)), orders_of(of(heart))
    pairs = cake_orders.merge(heart_orders, on="customer", suffixes=("", "_then"))
    pairs = pairs[(pairs.time_then > pairs.time) & (pairs.time_then <= pairs.time + 60 * DAY)]
    followed = pairs.drop_duplicates(["customer", "ord"])
    periods = orders.assign(period=(as_of - 1 - orders.time) // (30 * DAY))
    periods = periods[periods.period < 6].drop_duplicates(["customer", "period"])
    last_cake = cake_orders.groupby("customer").time.max().reindex(ids)
    nine_months, three_months = moment("2011-03-10", ZONE), moment("2011-09-10", ZONE)
    abroad = within(orders_of(sales[sales.country != "United Kingdom"]), days(180), as_of)
    abroad = abroad.groupby("customer").value.sum().reindex(ids, fill_value=0) / 10_000
    many = within(of(cake + heart), nine_months, three_months)
    home = test(country, lambda c: c == "United Kingdom")
    lately = test(recency, lambda r: r < 60)
    returns_some = test(rate, lambda r: r > 0.1)
    buckets = bucket("spring 2012", ids)

    rules = {
        "gross > 1000": test(gross, lambda g: g > 1000),
        "orders <> 1": test(numbers, lambda o: o != 1),
        "orders BETWEEN 3 AND 10": test(numbers, lambda o: (o >= 3) & (o <= 10)),
        "average_order_value <= 100": test(basket, lambda b: b <= 100),
        "country IN ('EIRE', 'France', 'Germany')": test(country, lambda c: c.isin(["EIRE", "France", "Germany"])),
        "NOT country IN ('United Kingdom')": ~home,
        "country < 'France'": test(country, lambda c: c < "France"),
        "country LIKE 'United%'": test(country, lambda c: c.str.startswith("United")),
        "country LIKE '%land'": test(country, lambda c: c.str.endswith("land")),
        "country ILIKE '%AN%'": test(country, lambda c: c.str.lower().str.contains("an", regex=False)),
        "last_order IS NULL": missing(last),
        "country IS NOT NULL": ~missing(country),
        "last_order >= AS_OF - INTERVAL '30' DAY AND last_order < AS_OF":
            test(last, lambda t: (t >= days(30)) & (t < as_of)),
        "first_order < AS_OF - INTERVAL '9' MONTH": test(first, lambda t: t < nine_months),
        "first_order >= TIMESTAMP '2011-06-01' AND first_order < TIMESTAMP '2011-09-01 12:00'":
            test(first, lambda t: (t >= moment("2011-06-01", ZONE)) & (t < moment("2011-09-01 12:00", ZONE))),
        "ANNIVERSARY_THIS_MONTH(first_order)": test(local, lambda t: t.dt.month == 12),
        "ANNIVERSARY_IN_DAYS(first_order, 14)":
            test(local, lambda t: pd.Series([(day.month, day.day) in coming for day in t], t.index)),
        "gross > PERCENTILE(90)": test(gross, lambda g: g > percentile(gross, 90)),
        "average_order_value BETWEEN PERCENTILE(25) AND PERCENTILE(75)":
            test(basket, lambda b: (b >= percentile(basket, 25)) & (b <= percentile(basket, 75))),
        "recency_days >= PERCENTILE(50)": test(recency, lambda r: r >= percentile(recency, 50)),
        "gross >= TOP(100)": test(gross, lambda g: g >= top(gross, 100)),
        "orders >= TOP(500)": test(numbers, lambda o: o >= top(numbers, 500)),
        "recency_days <= BOTTOM(50)": test(recency, lambda r: r <= bottom(recency, 50)),
        "(gross > 1000 OR return_rate_posted > 0.5) AND NOT country = 'United Kingdom'":
            (test(gross, lambda g: g > 1000) | test(rate, lambda r: r > 0.5)) & ~home,
        "NOT (return_rate_posted > 0.1 AND recency_days < 60)": ~(returns_some & lately),
        "return_rate_posted > 0.1 OR recency_days < 60 OR orders = 0":
            returns_some | lately | test(numbers, lambda o: o == 0),
        "SCORE(10, orders >= 5, 5, recency_days < 60, -8, return_rate_posted > 0.1) >= 10":
            score([(10, test(numbers, lambda o: o >= 5)), (5, lately), (-8, returns_some)], 10),
        "SCORE(1, gross = 0, -1, recency_days < 60) >= 0": score([(1, test(gross, lambda g: g == 0)), (-1, lately)], 0),
        "BUCKET('spring 2012') < 0.1": test(buckets, lambda b: b < 0.1),
        "COUNT(ORDERS WHERE product = '85123A') >= 1 AND COUNT(ORDERS WHERE product = '85123A' WITHIN '180d') = 0":
            test(count(heart_orders), lambda n: n >= 1)
            & test(count(within(heart_orders, days(180), as_of)), lambda n: n == 0),
        "COUNT(LINES WHERE product IN ('22423', '85123A') WITHIN '9m_3m') >= 5": test(count(many), lambda n: n >= 5),
        "SUM(ORDERS.gross WHERE country NOT IN ('United Kingdom') WITHIN '180d') > 2000": test(abroad, lambda g: g > 2000),
        "LAST_TIME(ORDERS WHERE product = '22423') < AS_OF - INTERVAL '90' DAY":
            test(last_cake, lambda t: t < days(90)),
        "ACTIVE_PERIODS(ORDERS, 6, '30d') >= 5": test(count(periods), lambda n: n >= 5),
        "SEQUENCE(ORDERS WHERE product = '22423', ORDERS WHERE product = '85123A', '60d') >= 2":
            test(count(followed), lambda n: n >= 2),
    }  # fmt: skip
    return figures(ids, rules)


def hillstrom_rules():
    """Customers are rows from 0. What someone spent is known of those who bought only, so that something is missing."""
    file = read(f"{FOLDER}/hillstrom_email.csv.gz")
    number = {name: file[name].astype(float) for name in ("recency", "history", "mens", "womens", "newbie", "visit")}
    recency, history, mens, womens, newbie, visit = number.values()
    spend = file.spend.astype(float).where(file.conversion == "1")
    place, channel, bracket = file.zip_code, file.channel, file.history_segment
    yes = lambda flag: test(flag, lambda f: f != 0)  # noqa: E731
    web = test(channel, lambda c: c.isin(["Multichannel", "Web"]))
    rules = {
        "history > 500": test(history, lambda h: h > 500),
        "history >= 29.99": test(history, lambda h: h >= 29.99),
        "recency BETWEEN 2 AND 4": test(recency, lambda r: (r >= 2) & (r <= 4)),
        "recency IN (1, 6, 12)": test(recency, lambda r: r.isin([1, 6, 12])),
        "womens = TRUE AND mens = FALSE": yes(womens) & ~yes(mens),
        "zip_code ILIKE 'SURB%'": test(place, lambda p: p.str.lower().str.startswith("surb")),
        "history_segment LIKE '%$500%'": test(bracket, lambda b: b.str.contains("$500", regex=False)),
        "channel IN ('Multichannel', 'Web') AND newbie = FALSE": web & ~yes(newbie),
        "history > PERCENTILE(95)": test(history, lambda h: h > percentile(history, 95)),
        "recency < PERCENTILE(33.3)": test(recency, lambda r: r < percentile(recency, 33.3)),
        "history >= TOP(1000)": test(history, lambda h: h >= top(history, 1000)),
        "history <= BOTTOM(10)": test(history, lambda h: h <= bottom(history, 10)),
        "spend >= TOP(100)": test(spend, lambda s: s >= top(spend, 100)),
        "spend IS NULL AND visit = TRUE": missing(spend) & yes(visit),
        "NOT spend > 100": ~test(spend, lambda s: s > 100),
        "NOT (spend > 100 AND visit = TRUE)": ~(test(spend, lambda s: s > 100) & yes(visit)),
        "spend > 100 OR history > 1000": test(spend, lambda s: s > 100) | test(history, lambda h: h > 1000),
        "SCORE(3, recency <= 3, 2, history > 300, 4, spend > 50) >= 5":
            score([(3, test(recency, lambda r: r <= 3)), (2, test(history, lambda h: h > 300)),
                (4, test(spend, lambda s: s > 50))], 5),
        "BUCKET('hold-out') < 0.05": test(bucket("hold-out", range(len(file))), lambda b: b < 0.05),
        "BUCKET('hold-out') >= 0.5 AND BUCKET('hold-out') < 0.75":
            test(bucket("hold-out", range(len(file))), lambda b: (b >= 0.5) & (b < 0.75)),
    }  # fmt: skip
    # The first step that is met, by the steps of a waterfall.
    steps = [test(history, lambda h: h > 500), yes(newbie) & web, test(recency, lambda r: r >= 10)]
    step = np.select([truth.true for truth in steps], range(len(steps)), len(steps))
    sizes = [int(size) for size in np.bincount(step, minlength=len(steps) + 1)]
    return figures(file, rules) | {"waterfall": sizes}


result = {
    "versions": {"numpy": np.__version__, "pandas": pd.__version__},
    "online_retail": online_retail_rules(online_retail(), moment("2011-12-10", ZONE)),
    "hillstrom": hillstrom_rules(),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
