"""Columns of a customer table, and the few figures that stand for each.

A figure never shows a customer. The checksum weighs each value by a number that belongs to the customer's place among
all, so that two values that change places are found.
"""

import json
import math
from fractions import Fraction

# A prime above the number of customers, so that each has a weight of her own.
MODULUS, STEP = 65_537, 40_503

# Whole numbers, each with its unit: counts, pieces, ten-thousandths of the currency unit, microseconds UTC.
WHOLE = ("unsigned", "signed", "money", "time")


def weight(place):
    return (place + 1) * STEP % MODULUS


def text_number(text):
    """FNV-1a of 64 bits."""
    number = 0xCBF29CE484222325
    for byte in text.encode():
        number = (number ^ byte) * 0x100000001B3 % 2**64
    return number


class Table:
    """Columns by name; `customers` are in ascending order of the bytes of their ids."""

    def __init__(self, customers):
        self.customers = sorted(customers, key=str.encode)
        self.columns = {}

    def add(self, name, kind, values):
        """`values` has those of some customers, by id; the others have none."""
        assert name not in self.columns, name
        self.columns[name] = (kind, [values.get(customer) for customer in self.customers])

    def add_all(self, columns, rows):
        """Several columns, each a name and a kind; `rows` has a row for each customer."""
        for place, (name, kind) in enumerate(columns):
            self.add(name, kind, {customer: row[place] for customer, row in rows.items()})

    def figures(self):
        return {
            "customers": text_figures(self.customers),
            "columns": {name: figures(kind, values) for name, (kind, values) in self.columns.items()},
        }


def figures(kind, values):
    if kind == "text":
        return {"kind": kind, **text_figures(values)}
    present = [(weight(place), value) for place, value in enumerate(values) if value is not None]
    numbers = [value for _, value in present]
    found = {"kind": kind, "present": len(numbers), "places": sum(weight for weight, _ in present)}
    if not numbers:
        return found
    if kind in WHOLE:
        assert all(type(number) is int for number in numbers), numbers[:3]
        total, checksum = sum(numbers), sum(weight * number for weight, number in present)
        mean = Fraction(total, len(numbers))
        squares = sum(number * number for number in numbers) - total * mean
        exact = {"sum": str(total), "min": str(min(numbers)), "max": str(max(numbers)), "checksum": str(checksum)}
    else:
        numbers = [float(number) for number in numbers]
        assert all(map(math.isfinite, numbers))
        total, checksum = math.fsum(numbers), math.fsum(weight * float(number) for weight, number in present)
        mean = total / len(numbers)
        squares = math.fsum((number - mean) ** 2 for number in numbers)
        exact = {"sum": total, "min": min(numbers), "max": max(numbers), "checksum": checksum}
    spread = math.sqrt(squares / (len(numbers) - 1)) if len(numbers) > 1 else None
    return {**found, **exact, "mean": float(mean), "sd": spread}


def text_figures(values):
    counts = {}
    for value in values:
        if value is not None:
            counts[value] = counts.get(value, 0) + 1
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))[:3]
    checksum = sum(weight(place) * text_number(value) for place, value in enumerate(values) if value is not None)
    return {
        "present": sum(counts.values()),
        "distinct": len(counts),
        "most": [list(item) for item in most if item[1] > 1],
        "checksum": f"{checksum % 2**64:016x}",
    }


def write(path, versions, tables):
    """One line per column, so that a change can be read."""
    with open(path, "w", encoding="utf-8") as out:
        out.write('{\n"versions": ' + json.dumps(versions) + ',\n"tables": {\n')
        for place, (name, table) in enumerate(tables.items()):
            columns = [f"{json.dumps(name)}: {json.dumps(figures)}" for name, figures in table["columns"].items()]
            customers = {key: value for key, value in table["customers"].items() if key != "most"}
            out.write(f'{json.dumps(name)}: {{\n"customers": {json.dumps(customers)},\n"columns": {{\n')
            out.write(",\n".join(columns) + "\n}}" + (",\n" if place + 1 < len(tables) else "\n"))
        out.write("}\n}\n")
