"""Small data tables, as CSV and JSON in the question. Amounts are whole numbers."""

from __future__ import annotations

import json

from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params

NAMES = ("Ana", "Ben", "Carla", "David", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Keiko", "Liam")
WARES = ("coat", "lamp", "chair", "camera", "bicycle", "table", "phone", "guitar", "printer", "kettle")
TOWNS = ("Lund", "Porto", "Salem", "Kyoto", "Bergen", "Turin", "Dover", "Cusco")


def csv(header: str, rows: list[list[str | int]]) -> str:
    """A table as text, one line a row."""
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)])


def cells(table: str) -> list[list[str]]:
    """The rows below the header."""
    return [line.split(",") for line in table.split("\n")[1:]]


def order_total(table: str, least: int) -> int:
    total = 0
    for _, count, price in cells(table):
        if int(price) >= least:
            total += int(count) * int(price)
    return total


def town_gap(table: str) -> int:
    """The largest total of a town less the smallest."""
    towns = {row[1] for row in cells(table)}
    totals = sorted(sum(int(amount) for _, town, amount in cells(table) if town == name) for name in towns)
    return totals[-1] - totals[0]


def ranking(table: str, limit: int) -> list[str]:
    """Names by their best score below or at the limit, highest first, by insertion."""
    best: list[tuple[int, str]] = []
    for name, *scores in cells(table):
        allowed = [int(score) for score in scores if int(score) <= limit]
        if allowed:
            entry = (-max(allowed), name)
            best.insert(sum(other < entry for other in best), entry)
    return [name for _, name in best]


def invoice(prices: str, orders: str, free: int, fee: int) -> int:
    """What all orders cost, with `fee` on each order of less than `free`."""
    by_ware = json.loads(prices)
    total = 0
    for order in json.loads(orders):
        worth = sum(by_ware[ware] * count for ware, count in order["items"].items())
        total += worth if worth >= free else worth + fee
    return total


def draw_orders(d: Draws) -> Params:
    rows: list[list[str | int]] = [[w, d.small(2, 29), d.number(101, 999)] for w in d.sample(WARES, d.small(5, 8))]
    return {"table": csv("ware,count,price", rows), "least": d.number(201, 499)}


def draw_towns(d: Draws) -> Params:
    towns = d.sample(TOWNS, d.small(3, 4))
    people = d.sample(NAMES, d.small(8, 12))
    rows: list[list[str | int]] = [
        [name, towns[i % len(towns)], d.number(1_001, 9_999)] for i, name in enumerate(people)
    ]
    return {"table": csv("name,town,sales", d.sample(rows, len(rows)))}


def draw_scores(d: Draws) -> Params:
    rows: list[list[str | int]] = [[name, *d.numbers(3, 101, 999)] for name in d.sample(NAMES, d.small(6, 9))]
    return {"table": csv("name,first,second,third", rows), "limit": d.number(301, 799)}


def draw_invoice(d: Draws) -> Params:
    wares = d.sample(WARES, d.small(4, 5))
    orders = [
        {"name": name, "items": {ware: d.small(1, 9) for ware in d.sample(wares, d.small(1, 3))}}
        for name in d.sample(NAMES, d.small(4, 6))
    ]
    prices = dict(zip(wares, d.numbers(len(wares), 101, 999), strict=True))
    return {
        "prices": json.dumps(prices), "orders": json.dumps(orders), "free": d.number(2_001, 5_999),
        "fee": d.small(11, 99),
    }  # fmt: skip


TABLES = (
    Family(
        "order_total",
        2,
        draw_orders,
        (
            "$table\nWhat do all wares with a price of $least or more cost together, count times price?",
            "Sum count * price over the rows with price >= $least.\n$table",
            "Leave out what costs less than $least apiece. What is the rest of this order worth (count times price)?\n"
            "$table",
            "$table\nAdd up count times price, but only where the price is at least $least.",
        ),
        order_total,
        """\
total = 0
for row in $table.splitlines()[1:]:
    ware, count, price = row.split(",")
    total += int(count) * int(price) * (int(price) >= $least)
total""",
    ),
    Family(
        "town_gap",
        3,
        draw_towns,
        (
            "$table\nAdd up the sales of each town. By how much does the largest total exceed the smallest?",
            "Group this table by town and sum the sales. What is the gap between the best and the worst town?\n$table",
            "What is the difference between the highest and the lowest total of sales of a town?\n$table",
        ),
        town_gap,
        """\
totals = {}
for row in $table.splitlines()[1:]:
    name, town, sales = row.split(",")
    totals[town] = totals.get(town, 0) + int(sales)
max(totals.values()) - min(totals.values())""",
    ),
    Family(
        "ranking",
        3,
        draw_scores,
        (
            "$table\nScores above $limit do not count. List the names by their best score that counts, highest first, "
            "ties by name; leave out who has none.",
            "Rank the people by their highest score of at most $limit, best first (equal ones by the alphabet), "
            "without those who have no such score. Give the list of names.\n$table",
            "Strike all scores over $limit. Sort the names by the largest score left, falling, then by name; drop "
            "names with nothing left. What is the list?\n$table",
        ),
        ranking,
        """\
best = {}
for row in $table.splitlines()[1:]:
    name, *scores = row.split(",")
    scores = [int(s) for s in scores if int(s) <= $limit]
    if scores:
        best[name] = max(scores)
sorted(best, key=lambda name: (-best[name], name))""",
    ),
    Family(
        "invoice",
        4,
        draw_invoice,
        (
            "Prices: $prices\nOrders: $orders\nAn order worth less than $free pays $fee for delivery. What do all "
            "orders cost together, delivery included?",
            "A shop sells at these prices: $prices. It gets these orders: $orders. To orders below $free it adds a fee "
            "of $fee each. What does it take in?",
            "Given prices $prices and orders $orders, sum the worth of the orders, plus $fee for each order whose "
            "worth is under $free.",
        ),
        invoice,
        """\
import json
prices, orders = json.loads($prices), json.loads($orders)
worth = [sum(n * prices[w] for w, n in o["items"].items()) for o in orders]
sum(worth) + $fee * sum(w < $free for w in worth)""",
    ),
)
