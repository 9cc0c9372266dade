"""Families of features on when and where a customer orders: rhythm, calendar, life cycle, trend, channels."""

import statistics
from bisect import bisect_right

import pandas as pd

from base import ORDERS, ratio, slug
from logs import DAY


def order_times(log):
    """Ascending times of each customer's orders."""
    return {
        customer: sorted(times)
        for customer, (times,) in log.rows(f"select customer, list(placed) from ({ORDERS}) group by 1").items()
    }


def gaps(times):
    return [later - earlier for earlier, later in zip(times, times[1:], strict=False)]


def rhythm(table, log):
    names = ["mean", "median", "sd"]
    columns = [(f"days_between_orders_{name}", "number") for name in names]
    columns += [("regularity", "number"), ("days_overdue", "number"), ("expected_next_order", "time")]
    rows = {}
    for customer, times in order_times(log).items():
        row = [None] * 6
        between = gaps(times)
        if between:
            median = statistics.median(between)
            assert median == int(median)
            row[0] = (times[-1] - times[0]) / len(between) / DAY
            row[1] = median / DAY
            row[4] = (log.as_of - times[-1] - median) / DAY
            row[5] = times[-1] + int(median)
        if len(between) > 1:
            row[2] = statistics.stdev(gap / DAY for gap in between)
            row[3] = 1 / (1 + (row[2] / row[0]) ** 2) if row[0] > 0 else None
        rows[customer] = row
    table.add_all(columns, rows)


def longest_gap(table, log):
    """A feature of a user's own: the most days between two orders."""
    longest = {customer: max(gaps(times), default=None) for customer, times in order_times(log).items()}
    table.add("longest_gap", "number", {c: None if gap is None else gap / DAY for c, gap in longest.items()})


BANDS = (("night", 0), ("morning", 6), ("afternoon", 12), ("evening", 18))
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NORTH = ("winter", "spring", "summer", "autumn")
SOUTH = ("summer", "autumn", "winter", "spring")


def calendar(table, log, zone, bands=BANDS, weekend=("saturday", "sunday"), seasons=NORTH):
    bands = sorted(bands, key=lambda band: band[1])
    names = [name for name, _ in bands]
    columns = [(f"hour_share__{slug(name)}", "number") for name in names]
    columns += [(f"weekday_share__{day}", "number") for day in DAYS] + [("weekend_share", "number")]
    columns += [(f"season_share__{season}", "number") for season in seasons]
    columns += [(f"favourite_{name}", "text") for name in ("hours", "weekday", "season")]
    columns += [(f"cohort_{period}", "text") for period in ("month", "quarter", "year")]
    columns += [(f"cohort_age_{period}s", "unsigned") for period in ("month", "quarter", "year")]
    times = order_times(log)
    distinct = sorted({time for own in times.values() for time in own} | {log.as_of})
    civil = pd.to_datetime(pd.Series(distinct), unit="us", utc=True).dt.tz_convert(zone)
    of = dict(zip(distinct, civil, strict=True))

    def shares(placed, names):
        counts = [placed.count(name) for name in names]
        return [count / len(placed) for count in counts], names[counts.index(max(counts))]

    now, rows = of[log.as_of], {}
    months_now = now.year * 12 + now.month - 1
    for customer, own in times.items():
        placed = [of[time] for time in own]
        # Hours before the first band belong to the last one.
        hours = [bands[bisect_right([start for _, start in bands], at.hour) - 1][0] for at in placed]
        days = [DAYS[at.dayofweek] for at in placed]
        hour_shares, hour = shares(hours, names)
        day_shares, day = shares(days, DAYS)
        season_shares, season = shares([seasons[at.month % 12 // 3] for at in placed], seasons)
        of_weekend = sum(day in weekend for day in days) / len(days)
        first = placed[0]
        quarter, months = (first.month - 1) // 3, first.year * 12 + first.month - 1
        rows[customer] = (
            *hour_shares, *day_shares, of_weekend, *season_shares, hour, day, season,
            f"{first.year:04}-{first.month:02}", f"{first.year:04}-Q{quarter + 1}", f"{first.year:04}",
            months_now - months, months_now // 3 - months // 3, now.year - first.year,
        )  # fmt: skip
    table.add_all(columns, rows)


def life_cycle(table, log, new=30, active=90, lapse=365, loyal=3, back=None, own_gaps=None):
    """Ages are spans before the moment; the first rule that holds gives the stage."""
    rows = {}
    for customer, times in order_times(log).items():
        active_for, lapse_after = active * DAY, lapse * DAY
        if own_gaps and len(times) >= 3:
            # The times of both files are whole minutes.
            median = statistics.median(gaps(times))
            active_for, lapse_after = (max(int(many * median), new * DAY) for many in own_gaps)
        back_after = back * DAY if back else lapse_after
        ages = [log.as_of - time for time in times]
        came_back = any(
            earlier - later >= back_after and later < active_for
            for earlier, later in zip(ages, ages[1:], strict=False)
        )
        if ages[-1] >= lapse_after:
            stage = "lapsed"
        elif ages[-1] >= active_for:
            stage = "at_risk"
        elif ages[0] < new * DAY:
            stage = "new"
        elif came_back:
            stage = "reactivated"
        elif len(times) >= loyal:
            stage = "loyal"
        else:
            stage = "active"
        rows[customer] = (stage,)
    table.add_all([("life_cycle", "text")], rows)


def trend(table, log, recent=90, earlier=90, periods=6, days=30, repurchase=90):
    """Windows of two lengths are compared per day."""
    now = log.as_of
    middle = now - recent * DAY
    spans = [(middle, now), (middle - earlier * DAY, middle)]

    def sums(window):
        inside = f"time >= {window[0]} and time < {window[1]}"
        back = "gross" if log.notes else "0"
        marked = "0" if log.notes else "value_back"
        return log.rows(f"""select customer,
            coalesce(sum(gross - discount - {marked}) filter (kind = 'sale'), 0)
                - coalesce(sum({back}) filter (kind = 'return'), 0),
            coalesce(sum(gross) filter (kind = 'sale'), 0),
            count(distinct ord) filter (kind = 'sale') from lines where {inside} group by customer""")

    after, before = map(sums, spans)
    by_period = {}
    for customer, period, gross in log.list(f"""select customer, ({now} - time - 1) // {days * DAY}, sum(gross)
            from lines where kind = 'sale' group by all"""):
        if period < periods:
            by_period.setdefault(customer, [0] * periods)[periods - 1 - period] = gross
    times, rows = order_times(log), {}
    for customer in table.customers:
        row = []
        for late, early in zip(after.get(customer, (0, 0, 0)), before.get(customer, (0, 0, 0)), strict=True):
            # Per day, times the days of both.
            late, early = late * earlier, early * recent
            row += [ratio(late, early), ratio(late - early, early), ratio(late - early, abs(late) + abs(early)) or 0.0]
        own = times.get(customer, [])
        slope = None
        if own:
            heights, centre = by_period.get(customer, [0] * periods), (periods - 1) / 2
            spread = sum((place - centre) ** 2 for place in range(periods))
            slope = sum((place - centre) * height for place, height in enumerate(heights)) / spread / 10_000
        old = [place for place, time in enumerate(own) if now - time >= repurchase * DAY]
        followed = [p for p in old if p + 1 < len(own) and own[p + 1] - own[p] < repurchase * DAY]
        rows[customer] = [*row, slope, ratio(len(followed), len(old))]
    names = [
        f"{of}_{what}__{recent}d_vs_{earlier}d"
        for of in ("net", "gross", "orders")
        for what in ("ratio", "growth", "growth_symmetric")
    ]
    names += [f"gross_slope__{periods}x{days}d", f"repurchase_rate__{repurchase}d"]
    table.add_all([(name, "number") for name in names], rows)


def channels(table, log):
    levels = log.levels("channel")
    orders = {}
    for customer, ord_, placed, channel, gross in log.list(f"""
            select customer, ord, placed, channel, gross from ({ORDERS}) left join
            (select customer, ord, channel from
                (select customer, ord, channel, sum(gross) as gross from lines
                where kind = 'sale' and channel is not null group by all)
            qualify row_number() over (partition by customer, ord order by gross desc, channel) = 1)
            using (customer, ord)"""):
        orders.setdefault(customer, []).append((placed, ord_, channel, gross))
    columns = [(f"channel_order_share__{slug(level)}", "number") for level in levels]
    columns += [(f"{name}_channel", "text") for name in ("favourite", "first", "last")] + [("channels", "unsigned")]
    rows = {}
    for customer in table.customers:
        own = sorted(orders.get(customer, []), key=lambda order: (order[0], order[1].encode()))
        counts = {}
        for *_, channel, gross in own:
            if channel is not None:
                many, sum_ = counts.get(channel, (0, 0))
                counts[channel] = (many + 1, sum_ + gross)
        named = sum(many for many, _ in counts.values())
        favourite = min(counts, key=lambda level: (-counts[level][0], -counts[level][1], level), default=None)
        rows[customer] = (
            *(ratio(counts.get(level, (0,))[0], named) for level in levels),
            favourite,
            own[0][2] if own else None,
            own[-1][2] if own else None,
            len(counts),
        )
    table.add_all(columns, rows)
