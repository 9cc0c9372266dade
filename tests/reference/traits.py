"""Computed traits: an aggregate over lines or orders that pass filters and lie in a window."""

from fractions import Fraction

from logs import half_even

MONEY = ("gross", "discount", "paid", "returned", "net", "cost", "unit_price")
TEXTS = ("product", "category", "brand", "size", "channel", "country")


def number_of(item, name):
    """A number of a line or an order; missing where it is unknown."""
    quantity, gross, discount, cost, pieces_back, value_back = item
    if name == "unit_price":
        return half_even(gross, quantity)
    return {
        "quantity": quantity, "gross": gross, "discount": discount, "paid": gross - discount,
        "returned": value_back, "net": gross - discount - value_back, "quantity_returned": pieces_back, "cost": cost,
    }[name]  # fmt: skip


def items(log, over, text, only, excepted):
    """By customer: time, order, numbers, text."""
    passing = ["kind = 'sale'"]
    for verb, filters in (("in", only), ("not in", excepted)):
        for column, texts in filters.items():
            passing.append(f"{column} is not null and {column} {verb} ({', '.join(repr(t) for t in texts)})")
    where = " and ".join(passing)
    of_text = text or "null"
    if over == "lines":
        query = f"""select customer, time, ord, quantity, gross, discount, cost, pieces_back, value_back, {of_text}
            from lines where {where}"""
    else:
        query = f"""select customer, min(time), ord, sum(quantity), sum(gross), sum(discount),
            case when count(cost) = count(*) then sum(cost) end, sum(pieces_back), sum(value_back),
            null
            from lines where {where} group by customer, ord"""
    found = {}
    for customer, time, ord_, *numbers, text_ in log.list(query):
        found.setdefault(customer, []).append((time, ord_.encode(), tuple(numbers), text_))
    if over == "orders" and text:
        texts = dict(log.list(f"""select (customer, ord), {text} from
            (select customer, ord, {text}, sum(gross) as gross from lines
            where {where} and {text} is not null group by all)
            qualify row_number() over (partition by customer, ord order by gross desc, {text}) = 1"""))
        for customer, orders in found.items():
            found[customer] = [(*order[:3], texts.get((customer, order[1].decode()))) for order in orders]
    return found


def trait(table, log, name, over, aggregate, value=None, window=None, only=(), excepted=(), least=(), most=()):
    """`aggregate` is one of count, sum, average, min, max, first, last, most_frequent, distinct."""
    text = value if value in TEXTS else None
    start, end = window or (-(2**62), log.as_of)
    found = items(log, over, text, dict(only), dict(excepted))
    values = {}
    for customer in table.customers:
        passing = []
        for time, ord_, numbers, own_text in found.get(customer, []):
            inside = [start <= time < end]
            for limits, holds in ((least, int.__ge__), (most, int.__le__)):
                for number, limit in dict(limits).items():
                    found_number = number_of(numbers, number)
                    inside.append(found_number is not None and holds(found_number, limit))
            if not all(inside) or (text and own_text is None):
                continue
            passing.append((time, ord_, own_text if text else number_of(numbers, value) if value else 0))
        values[customer] = aggregated(aggregate, passing, value)
    if text and aggregate != "distinct":
        kind = "text"
    elif aggregate in ("count", "distinct"):
        kind = "unsigned"
    elif aggregate == "average":
        kind = "number"
    else:
        kind = "money" if value in MONEY else "signed"
    table.add(name, kind, values)


def event_trait(
    table, log, name, aggregate, value, as_of, kinds=(), window=None, only=(), excepted=(), least=None, most=None
):  # fmt: skip
    """The same over events: their time, number, kind, or one of their texts."""
    place = {"time": 1, "kind": 2, "channel": 3, "campaign": 4, "number": 5}
    start, end = window or (-(2**62), as_of)
    passing = {customer: [] for customer in table.customers}
    for event in log:
        inside = [start <= event[1] < end, not kinds or event[2] in kinds]
        inside += [event[place[text]] in texts for text, texts in dict(only).items()]
        inside += [event[place[text]] not in [None, *texts] for text, texts in dict(excepted).items()]
        inside += [least is None or event[5] >= least, most is None or event[5] <= most]
        looked_at = event[place[value]] if value else 0
        if all(inside) and looked_at is not None:
            passing[event[0]].append((event[1], b"", looked_at))
    kind = "text"
    if aggregate in ("count", "distinct"):
        kind = "unsigned"
    elif value == "number":
        kind = "number" if aggregate == "average" else "money"
    elif value == "time":
        kind = "time"
    unit = "gross" if value == "number" else None
    table.add(name, kind, {c: aggregated(aggregate, items, unit) for c, items in passing.items()})


def aggregated(aggregate, passing, value):
    if aggregate == "count":
        return len(passing)
    known = [item for item in passing if item[2] is not None]
    numbers = [item[2] for item in known]
    if aggregate == "distinct":
        return len(set(numbers))
    if aggregate == "sum":
        return sum(numbers) if len(known) == len(passing) else None
    if not known:
        return None
    if aggregate in ("average", "min", "max") and len(known) < len(passing):
        return None
    if aggregate == "average":
        return float(Fraction(sum(numbers), len(numbers)) / (10_000 if value in MONEY else 1))
    if aggregate == "min":
        return min(numbers)
    if aggregate == "max":
        return max(numbers)
    if aggregate == "first":
        return min(known)[2]
    if aggregate == "last":
        return max(known)[2]
    counts = {}
    for number in numbers:
        counts[number] = counts.get(number, 0) + 1
    return min(counts, key=lambda number: (-counts[number], number))
