"""Every family of features of Online Retail and the fashion orders, computed without kohort, as figures.

usage: KOHORT_DATA=folder python features.py
"""

import os
import platform
from pathlib import Path

import duckdb
import numpy
import pandas

import figures
import goods
import logs
import response
import times
from base import base, window
from figures import Table
from logs import DAY, moment
from times import SOUTH
from traits import event_trait, trait

FOLDER = os.environ["KOHORT_DATA"]


def everything(log, windows, traits, calendar_zone):
    """All families by their defaults, base features in windows, and traits."""
    table = Table(log.customers())
    window(log, -(2**62), log.as_of)
    base(table, log)
    for place, (name, (start, end)) in enumerate(windows.items()):
        window(log, start, end)
        base(table, log, f"__{name}", channels=place == 0)
    times.rhythm(table, log)
    goods.prices(table, log)
    goods.breadth(table, log)
    goods.returns(table, log)
    times.calendar(table, log, calendar_zone)
    times.life_cycle(table, log)
    times.trend(table, log)
    times.channels(table, log)
    times.longest_gap(table, log)
    for name, *of, settings in traits:
        trait(table, log, name, *of, **settings)
    return table


def others(log, zone, traits=()):
    """Families by other settings."""
    table = Table(log.customers())
    window(log, -(2**62), log.as_of)
    base(table, log)
    goods.prices(table, log)
    goods.breadth(table, log, largest=2, often=4)
    goods.returns(table, log)
    bands = (("work", 8), ("leisure", 17), ("sleep", 23))
    times.calendar(table, log, zone, bands, ("friday", "saturday"), SOUTH)
    times.life_cycle(table, log, new=14, active=60, lapse=180, loyal=5, back=90, own_gaps=(1.5, 3))
    times.trend(table, log, recent=42, earlier=28, periods=8, days=14, repurchase=60)
    times.channels(table, log)
    for name, *of, settings in traits:
        trait(table, log, name, *of, **settings)
    return table


def retail_traits(log):
    ninety = (log.as_of - 90 * DAY, log.as_of)
    spring = tuple(moment(day, log.zone) for day in ("2011-03-01", "2011-07-01"))
    return [
        ("t_lines", "lines", "count", None, {}),
        ("t_orders_of_neighbours_90d", "orders", "count", None,
            {"only": {"channel": ["France", "Germany"]}, "window": ninety}),
        ("t_gross_of_spring", "orders", "sum", "gross", {"window": spring}),
        ("t_goods", "lines", "sum", "net", {"excepted": {"product": ["POST", "M", "DOT"]}}),
        ("t_mean_line", "lines", "average", "paid", {}),
        ("t_mean_pieces_of_large_orders", "orders", "average", "quantity", {"least": {"gross": 1_000_000}}),
        ("t_cheapest", "lines", "min", "unit_price", {}),
        ("t_dearest", "lines", "max", "unit_price", {"window": ninety}),
        ("t_cheapest_order", "orders", "min", "unit_price", {"least": {"quantity": 12}}),
        ("t_most_back", "orders", "max", "returned", {}),
        ("t_pieces_back", "lines", "sum", "quantity_returned", {}),
        ("t_first_product", "lines", "first", "product", {}),
        ("t_last_product", "lines", "last", "product", {}),
        ("t_first_value", "orders", "first", "gross", {}),
        ("t_last_pieces", "lines", "last", "quantity", {"most": {"unit_price": 25_000}}),
        ("t_usual_product", "lines", "most_frequent", "product", {}),
        ("t_usual_pieces", "lines", "most_frequent", "quantity", {}),
        ("t_usual_country", "orders", "most_frequent", "country", {"window": spring}),
        ("t_products_in_bulk", "lines", "distinct", "product", {"least": {"quantity": 10}}),
        ("t_order_sizes", "orders", "distinct", "quantity", {}),
    ]  # fmt: skip


def fashion_traits(log):
    ninety = (log.as_of - 90 * DAY, log.as_of)
    return [
        ("t_cost", "lines", "sum", "cost", {}),
        ("t_mean_cost_of_orders", "orders", "average", "cost", {"window": ninety}),
        ("t_orders_of_known_cost", "orders", "count", None, {"least": {"cost": 0}}),
        ("t_largest_discount", "lines", "max", "discount", {}),
        ("t_mean_discount", "orders", "average", "discount", {}),
        ("t_least_paid", "orders", "min", "paid", {"only": {"category": ["black", "blue"]}}),
        ("t_worst_order", "orders", "min", "net", {}),
        ("t_mean_price", "lines", "average", "unit_price", {}),
        ("t_kept", "lines", "count", None, {"most": {"quantity_returned": 0}}),
        ("t_usual_size", "lines", "most_frequent", "size", {}),
        ("t_first_colour", "orders", "first", "category", {}),
        ("t_last_brand", "orders", "last", "brand", {}),
        ("t_last_cost", "lines", "last", "cost", {}),
        ("t_brands_90d", "lines", "distinct", "brand", {"window": ninety}),
        ("t_colours_of_orders", "orders", "distinct", "category", {}),
    ]  # fmt: skip


DOOR_TRAITS = [
    ("t_first_door", "orders", "first", "channel", {}),
    ("t_last_door", "orders", "last", "channel", {}),
    ("t_usual_door", "orders", "most_frequent", "channel", {}),
    ("t_doors", "lines", "distinct", "channel", {}),
    ("t_other_doors", "orders", "count", None, {"excepted": {"channel": ["web"]}}),
    ("t_paid_at_doors", "orders", "sum", "paid", {"only": {"channel": ["app", "shop"]}, "least": {"net": 1}}),
]


def response_traits(log, as_of):
    table = Table({event[0] for event in log if event[1] < as_of})
    ninety = (as_of - 90 * DAY, as_of)
    for name, aggregate, value, settings in (
        ("e_events", "count", None, {}),
        ("e_clicks_90d", "count", None, {"kinds": ["clicked"], "window": ninety}),
        ("e_converted", "sum", "number", {"kinds": ["converted"]}),
        ("e_mean_opened", "average", "number", {"kinds": ["opened", "clicked"]}),
        ("e_least_of_app", "min", "number", {"only": {"channel": ["app"]}}),
        ("e_most_elsewhere", "max", "number", {"excepted": {"channel": ["app"]}}),
        ("e_first_click", "first", "time", {"kinds": ["clicked"]}),
        ("e_last_kind", "last", "kind", {}),
        ("e_first_campaign", "first", "campaign", {}),
        ("e_last_number", "last", "number", {"least": 100_000, "most": 500_000}),
        ("e_usual_campaign", "most_frequent", "campaign", {"kinds": ["sent"]}),
        ("e_usual_number", "most_frequent", "number", {}),
        ("e_channels", "distinct", "channel", {}),
        ("e_moments", "distinct", "time", {}),
    ):
        event_trait(table, log, name, aggregate, value, as_of, **settings)
    return table


def main():
    tables = {}
    retail = logs.online_retail(FOLDER)
    for day, zone in (("2011-12-10", "Europe/London"), ("2011-09-01", "Europe/London")):
        now = moment(day, zone)
        windows = {"90d": (now - 90 * DAY, now)}
        if day == "2011-12-10":
            spring = (moment("2011-03-01", zone), moment("2011-07-01", zone))
            windows |= {"60d_30d": (now - 60 * DAY, now - 30 * DAY), "3m": (moment("2011-09-10", zone), now)}
            windows |= {"20110301_20110701": spring}
        log = retail.at(now)
        tables[f"retail {day} {zone}"] = everything(log, windows, retail_traits(log), zone)
    now = moment("2011-12-10", "UTC")
    table = Table(retail.at(now).customers())
    times.calendar(table, retail, "UTC")
    tables["retail 2011-12-10 UTC"] = table
    tables["retail 2011-09-01 UTC"] = others(retail.at(moment("2011-09-01", "UTC")), "UTC")

    file, berlin = logs.fashion_file(FOLDER), "Europe/Berlin"
    now, earlier = moment("2013-04-01", berlin), moment("2012-12-01", berlin)
    log = logs.fashion(file).at(now)
    windows = {"90d": (now - 90 * DAY, now), "3m": (moment("2013-01-01", berlin), now)}
    tables[f"fashion 2013-04-01 {berlin}"] = everything(log, windows, fashion_traits(log), berlin)
    tables[f"fashion 2012-12-01 {berlin}"] = others(
        logs.fashion(file, doors=True).at(earlier), berlin, DOOR_TRAITS
    )
    tables[f"response 2013-04-01 {berlin}"] = response.response(response.events(file), now, berlin)
    earlier = moment("2012-12-01", "UTC")
    windows = {
        "__90d": (earlier - 90 * DAY, earlier),
        "__20120501_20120901": (moment("2012-05-01", "UTC"), moment("2012-09-01", "UTC")),
    }
    events = response.events(file, lacking=True)
    table = response.response(events, earlier, "UTC", windows, ("clicked", "converted"), prior=3)
    tables["response 2012-12-01 UTC"] = table
    tables["event traits 2012-12-01 UTC"] = response_traits(events, earlier)

    versions = {"python": platform.python_version()}
    versions |= {module.__name__: module.__version__ for module in (duckdb, numpy, pandas)}
    path = Path(__file__).with_name("features.json")
    figures.write(path, versions, {name: table.figures() for name, table in tables.items()})
    for name, table in tables.items():
        print(f"{name}: {len(table.customers)} customers, {len(table.columns)} columns")


if __name__ == "__main__":
    main()
