"""The two files as order lines: what each row is, what it is worth, and which returns belong to which sales.

Money is in ten-thousandths of the currency unit, time in microseconds UTC, both whole numbers.
"""

from decimal import Decimal

import duckdb
import pandas as pd

DAY = 86_400_000_000

COLUMNS = {
    "customer": "varchar", "ord": "varchar", "time": "bigint", "kind": "varchar", "quantity": "bigint",
    "gross": "bigint", "discount": "bigint", "cost": "bigint", "back": "bigint", "product": "varchar",
    "category": "varchar", "brand": "varchar", "size": "varchar", "channel": "varchar", "country": "varchar",
}  # fmt: skip


def read(path):
    """Every field as text, empty ones missing."""
    return duckdb.sql(f"select * from read_csv('{path}', header = true, all_varchar = true)").df()


def instants(texts, zone):
    """Microseconds UTC of civil times. None of the files has a time that the clocks skip or show twice."""
    civil = pd.to_datetime(texts, format="ISO8601").dt.tz_localize(zone, ambiguous="raise", nonexistent="raise")
    return civil.dt.tz_convert("UTC").astype("datetime64[us, UTC]").astype("int64")


def moment(text, zone):
    return int(instants(pd.Series([text]), zone).iloc[0])


def money(texts):
    cache = {text: int(Decimal(text) * 10_000) for text in set(texts)}
    assert all(Decimal(number) == Decimal(text) * 10_000 for text, number in cache.items())
    return [cache[text] for text in texts]


class Log:
    """Kept lines. `notes` says that returns are credit notes, rather than marks on the lines they undo."""

    def __init__(self, frame, zone, notes, has):
        self.zone, self.notes, self.has = zone, notes, has
        self.con = duckdb.connect()
        for column in COLUMNS:
            if column not in frame:
                frame[column] = None
        self.con.register("frame", frame[list(COLUMNS)])
        typed = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in COLUMNS.items())
        self.con.execute(f"create table kept as select {typed} from frame")

    def rows(self, query):
        """Rows of a query by their first field."""
        return {row[0]: row[1:] for row in self.con.execute(query).fetchall()}

    def list(self, query):
        return self.con.execute(query).fetchall()

    def levels(self, text):
        return [row[0] for row in self.list(f"select distinct {text} from kept where {text} is not null order by 1")]

    def at(self, as_of):
        """Makes the table `lines` of what is before a moment, with what of each line came back."""
        self.as_of = as_of
        self.con.execute(f"""create or replace table lines as
            select row_number() over () - 1 as id, *, 0::bigint as pieces_back, 0::bigint as value_back
            from kept where time < {as_of}""")
        self.came_back = attribute(self) if self.notes else []
        if self.notes:
            found = {}
            for line, pieces, value, _ in self.came_back:
                sums = found.get(line, (0, 0))
                found[line] = (sums[0] + pieces, sums[1] + value)
            back = pd.DataFrame([(line, *sums) for line, sums in found.items()], columns=["line", "pieces", "value"])
            self.con.register("back", back.astype("int64"))
            self.con.execute("""update lines set pieces_back = back.pieces, value_back = back.value
                from back where back.line = lines.id""")
            self.con.unregister("back")
        else:
            self.con.execute("""update lines set pieces_back = quantity, value_back = gross - discount
                where back = 1""")
        return self

    def customers(self):
        return [row[0] for row in self.list("select distinct customer from lines")]


def half_even(amount, by):
    """A quotient of whole numbers, rounded half to even."""
    whole, rest = divmod(amount, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


def attribute(log):
    """Credit notes to the sales they undo: the latest earlier sale of the same customer and product that has pieces
    left, then the one before it. A sale at the same instant counts as earlier; of sales at one instant, the one with
    the largest value is the latest. The credit is spread evenly over its pieces, and no sale takes back more than was
    paid for it."""
    wanted = log.list("""select customer, product, id, time, kind, quantity, gross, discount, ord from lines
        where kind <> 'free' and (customer, product) in
            (select (customer, product) from lines where kind = 'return')
        order by customer, product, time, kind = 'return', gross, quantity, ord""")
    came_back, sales, current = [], [], None
    for customer, product, line, time, kind, quantity, gross, discount, _ in wanted:
        if (customer, product) != current:
            current, sales = (customer, product), []
        if kind == "sale":
            sales.append([line, time, quantity, gross - discount])
            continue
        while quantity > 0 and sales:
            sale = sales[-1]
            pieces = min(quantity, sale[2])
            share = half_even(gross * pieces, quantity)
            value = min(share, sale[3])
            came_back.append((sale[0], pieces, value, time - sale[1]))
            gross, quantity = gross - share, quantity - pieces
            sale[2], sale[3] = sale[2] - pieces, sale[3] - value
            if sale[2] == 0:
                sales.pop()
    return came_back


def online_retail(folder):
    """Rows with a customer; no bookkeeping entries. The country is the channel as well."""
    file = read(f"{folder}/online_retail_2010_2011.csv.gz")
    file = file[file.CustomerID.notna() & ~file.InvoiceNo.str.startswith("A")].reset_index(drop=True)
    unit, quantity = pd.Series(money(file.UnitPrice)), file.Quantity.astype("int64")
    value = unit * quantity
    note = file.InvoiceNo.str.startswith("C")
    kind = note.map({True: "return", False: "sale"}).where(note | (value > 0), "free")
    # Every row is one of these: none is negative but credit notes, and these are all worth something.
    assert ((value < 0) == note).all() and (quantity != 0).all() and (unit >= 0).all()
    frame = pd.DataFrame({
        "customer": file.CustomerID, "ord": file.InvoiceNo, "time": instants(file.InvoiceDate, "Europe/London"),
        "kind": kind, "quantity": quantity.abs(), "gross": value.abs(), "discount": 0, "product": file.StockCode,
        "channel": file.Country, "country": file.Country,
    })  # fmt: skip
    return Log(frame, "Europe/London", notes=True, has={"channel", "country", "product"})


def fashion_file(folder):
    """The items with their list price: the largest price of the article in the file."""
    file = read(f"{folder}/bads_fashion_orders.csv.gz")
    file["paid"] = money(file.item_price)
    file["list"] = file.groupby("item_id").paid.transform("max")
    return file


def fashion(file, doors=False):
    """Delivered items, each a piece; a customer's day is an order. The cost is two fifths of the list price, unknown
    for an item without a colour. The title is the channel; with `doors`, one of three by the brand, or none."""
    file = file[file.delivery_date.notna()].reset_index(drop=True)
    cost = (file.list * 2 // 5).astype("Int64").where(file.item_color.notna(), pd.NA)
    door = file.brand_id.astype(int).mod(4).map({0: "app", 1: "shop", 2: "web"})
    frame = pd.DataFrame({
        "customer": file.user_id, "ord": file.order_date, "time": instants(file.order_date, "Europe/Berlin"),
        "kind": (file.list > 0).map({True: "sale", False: "free"}), "quantity": 1, "gross": file.list,
        "discount": file.list - file.paid, "cost": cost, "back": (file["return"] == "1").astype(int),
        "product": file.item_id, "category": file.item_color, "brand": file.brand_id, "size": file.item_size,
        "channel": door if doors else file.user_title, "country": file.user_state,
    })  # fmt: skip
    has = {"channel", "country", "product", "category", "brand", "size", "discount", "cost"}
    return Log(frame, "Europe/Berlin", notes=False, has=has)
