"""Families of features on what a customer buys and sends back: prices, breadth, returns."""

import math

from base import MATURITY, ORDERS, ratio, slug
from logs import DAY


def price_level(log):
    means = "select category, sum(gross) / sum(quantity) as mean from lines where kind = 'sale' group by category"
    return log.rows(f"""select customer, sum(gross) / sum(quantity * mean) from lines
        join ({means}) m on lines.category is not distinct from m.category where kind = 'sale' group by customer""")


def prices(table, log):
    levels = price_level(log)
    if "discount" not in log.has:
        table.add_all([("price_level", "number")], levels)
        return
    sums = """sum(gross), sum(gross) filter (discount > 0), sum(discount), count(distinct ord),
        count(distinct ord) filter (discount > 0) from lines where kind = 'sale'"""
    ((shop_gross, shop_reduced, shop_discount, _, _),) = log.list(f"select {sums}")
    usual = shop_discount / shop_gross
    shop = (shop_reduced / shop_gross + 0.5 + 0.5) / 3
    rows = {}
    for customer, (gross, reduced, discount, orders, orders_reduced) in log.rows(
        f"select customer, {sums} group by customer"
    ).items():
        level, own = levels[customer][0], discount / gross
        score = ((reduced or 0) / gross + own / (own + usual) + 1 / (1 + level)) / 3
        rows[customer] = (
            (reduced or 0) / gross,
            orders_reduced / orders,
            discount / reduced if reduced else None,
            level,
            (orders * score + 4 * shop) / (orders + 4),
            orders - orders_reduced,
        )
    names = ["gross_on_discount_share", "orders_on_discount_share", "discount_depth", "price_level"]
    columns = [(name, "number") for name in [*names, "price_sensitivity"]] + [("orders_full_price", "unsigned")]
    table.add_all(columns, {c: rows.get(c, (None,) * 5 + (0,)) for c in table.customers})


def breadth(table, log, largest=5, often=3):
    """What each customer bought by product, category and brand, the largest first."""

    def bought(text):
        found = {}
        for customer, level, gross, orders in log.list(f"""select customer, {text}, sum(gross), count(distinct ord)
                from lines where kind = 'sale' group by all order by customer, sum(gross) desc, {text}"""):
            found.setdefault(customer, []).append((level, gross, orders))
        return found

    table.add_all(
        [("products", "unsigned")],
        {c: (0,) for c in table.customers}
        | log.rows("select customer, count(distinct product) from lines where kind = 'sale' group by 1"),
    )
    if "category" not in log.has:
        return
    of_shop = log.list("""select category, sum(gross) from lines where kind = 'sale' and category is not null
        group by 1 order by 2 desc, 1""")
    columns = [(f"categories_{name}", "unsigned") for name in ("often", "once", "never")]
    shares = ["top_category_share", f"top{largest}_categories_share", "category_entropy"]
    columns += [(name, "number") for name in shares]
    columns += [(f"category_share__{slug(level)}", "number") for level, _ in of_shop[:largest]]
    of_customers, rows = bought("category"), {}
    for customer in table.customers:
        lines = of_customers.get(customer, [])
        whole = sum(gross for _, gross, _ in lines)
        named = [line for line in lines if line[0] is not None]
        with_name = sum(gross for _, gross, _ in named)
        of = {level: gross for level, gross, _ in named}
        row = [
            sum(orders >= often for *_, orders in named),
            sum(orders == 1 for *_, orders in named),
            len(of_shop) - len(named),
        ]
        if named:
            row += [named[0][1] / whole, sum(gross for _, gross, _ in named[:largest]) / whole]
            row.append(-math.fsum(gross / with_name * math.log(gross / with_name) for _, gross, _ in named))
        else:
            row += [None] * 3
        row += [ratio(of.get(level, 0), whole) for level, _ in of_shop[:largest]]
        rows[customer] = row
    table.add_all(columns, rows)
    of_customers, rows = bought("brand"), {}
    for customer in table.customers:
        lines = of_customers.get(customer, [])
        named = [line for line in lines if line[0] is not None]
        whole = sum(gross for _, gross, _ in lines)
        first = named[0] if named else (None, None)
        rows[customer] = (len(named), first[0], first[1] / whole if named else None)
    table.add_all([("brands", "unsigned"), ("top_brand", "text"), ("brand_loyalty", "number")], rows)


def returns(table, log):
    sums = """count(*) filter (pieces_back > 0 or value_back > 0), count(*), sum(lines_back), sum(sale_lines),
        sum(value_back), sum(gross - discount), sum(pieces_back), sum(pieces)"""
    every = log.rows(f"select customer, {sums} from ({ORDERS}) group by customer")
    mature = log.rows(f"""select customer, {sums} from ({ORDERS}) where placed < {log.as_of - MATURITY}
        group by customer""")
    credited = log.rows(f"""select customer, sum(value_back),
        {"sum(gross) filter (kind = 'return')" if log.notes else "sum(value_back)"} from lines group by customer""")
    names = ["return_rate_orders", "return_rate_lines", "return_rate_mature", "return_rate_items_mature"]
    names += ["return_rate_orders_mature", "return_rate_lines_mature", "items_per_returning_order"]
    names.append("returned_attributed_share")
    rows = {}
    for customer in table.customers:
        orders_back, orders, lines_back, lines, _, _, pieces_back, _ = every.get(customer, (0,) * 8)
        old = mature.get(customer, (0,) * 8)
        attributed, whole = credited[customer]
        rows[customer] = [
            ratio(orders_back, orders),
            ratio(lines_back, lines),
            ratio(old[4], old[5]),
            ratio(old[6], old[7]),
            ratio(old[0], old[1]),
            ratio(old[2], old[3]),
            ratio(pieces_back, orders_back),
            ratio(attributed, whole or 0),
        ]
    if log.notes:
        names += ["days_to_return", "days_to_refund"]
        of = dict(log.list("select id, customer from lines"))
        waits = {}
        for line, pieces, value, wait in log.came_back:
            by_pieces, all_pieces, by_value, all_value = waits.get(of[line], (0,) * 4)
            waits[of[line]] = (by_pieces + pieces * wait, all_pieces + pieces, by_value + value * wait, all_value + value)
        for customer in table.customers:
            by_pieces, all_pieces, by_value, all_value = waits.get(customer, (0,) * 4)
            rows[customer].append(by_pieces / all_pieces / DAY if all_pieces else None)
            rows[customer].append(by_value / all_value / DAY if all_value else None)
    table.add_all([(name, "number") for name in names], rows)
