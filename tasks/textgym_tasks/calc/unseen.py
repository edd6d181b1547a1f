"""Families that only the split "test_unseen" draws from: other stories, other formulas, the same operators."""

from __future__ import annotations

from textgym_tasks.calc.basic import CENTS, CUT, FOUR, PRICE, THREE, TWO
from textgym_tasks.calc.families import Family
from textgym_tasks.operands import Operand

UNSEEN = (
    Family(
        "years_between",
        1,
        lambda a, b: a - b,
        {"a": Operand(1_601, 2_019), "b": Operand(801, 1_499)},
        (
            "A bridge built in {b} fell in {a}. How many years did it stand?",
            "How many years passed from the year {b} to {a}?",
            "A castle begun in {b} was done in {a}. How many years did it take?",
            "In {a}, how old was a church that dates from {b}?",
        ),
    ),
    Family(
        "area",
        1,
        lambda a, b: a * b,
        {"a": THREE, "b": THREE},
        (
            "A field is {a} m long and {b} m wide. What is its area?",
            "How many square meters is a hall of {a} m by {b} m?",
            "A photo is {b} pixels high and {a} wide. How many pixels is that?",
            "A grid has {a} columns and {b} rows. How many cells are there?",
        ),
    ),
    Family(
        "halfway",
        2,
        lambda a, b: (a + b) / 2,
        {"a": FOUR, "b": Operand(10_001, 99_999)},
        (
            "What number is halfway between {a} and {b}?",
            "A road has markers {a} and {b}. What number should the marker in the middle have?",
            "{name} guesses {b}, {friend} guesses {a}. Which number is equally far from both?",
            "Two houses stand at meter {a} and at meter {b} of a road. At which meter is the point midway?",
        ),
    ),
    Family(
        "fence",
        2,
        lambda a, b: 2 * (a + b),
        {"a": THREE, "b": FOUR},
        (
            "A fence goes around a field of {a} m by {b} m. How long is it?",
            "{name} runs once around a park {b} m long and {a} m wide. How many meters is that?",
            "What is the perimeter of a rectangle with sides of {a} and {b}?",
            "A rectangular roof is {a} cm wide and {b} cm long. How long is its edge, all around?",
        ),
    ),
    Family(
        "exchange",
        2,
        lambda a, b, c: a * b - c,
        {"a": FOUR, "b": Operand(1_001, 9_999, 3), "c": THREE},
        (
            "A bank gives {b} crowns for a dollar and keeps {c} crowns as its fee. How many crowns are {a} dollars?",
            "{name} changes {a} dollars at {b} pesos a dollar, less a fee of {c} pesos. How many pesos is that?",
            "One dollar buys {b} coins. After paying {c} coins for the service, how many are there for {a} dollars?",
            "With {c} lira taken off at the end, what do {a} dollars give at {b} lira to the dollar?",
        ),
    ),
    Family(
        "together",
        3,
        lambda a, b: a * b / (a + b),
        {"a": THREE, "b": Operand(1_001, 4_999)},
        (
            "One pump empties a pool in {a} minutes, another in {b} minutes. How many minutes do they need together?",
            "{name} paints a hall in {a} minutes, {friend} in {b}. How many minutes does it take them side by side?",
            "A printer does a job in {b} seconds, a newer one in {a}. Working at once, after how many seconds is it "
            "done?",
            "Two hoses fill a tank in {a} and in {b} minutes. How long does it take, in minutes, if both are open?",
        ),
    ),
    Family(
        "season_gap",
        3,
        lambda a, b, c, d: (a - b) * c - d,
        {"a": PRICE, "b": CENTS, "c": TWO, "d": Operand(101, 299)},
        (
            "A room costs ${a} in summer and ${b} in winter. For {c} nights and with ${d} more for heating, how much "
            "does one save in winter?",
            "Each of {c} workers brings in ${a} a day and is paid ${b} of it. After ${d} for power, what does the "
            "firm keep a day?",
            "{name} buys {c} old {ware}s at ${b} and sells them repaired at ${a}. Parts cost ${d} in all. What is "
            "gained?",
            "A pass costs ${d} and lowers the fare from ${a} to ${b}. How much does it save {friend} on {c} rides?",
        ),
    ),
    Family(
        "tiered_bill",
        4,
        lambda a, b, c, d, e: a + b * c + (d - b) * e,
        {
            "a": CENTS,
            "b": THREE,
            "c": Operand(101, 299, 2),
            "d": FOUR,
            "e": Operand(301, 999, 2),
        },
        (
            "Power has a fixed fee of ${a}. The first {b} units cost ${c} each, all further ones ${e} each. {name}, "
            "in a flat of {x} square meters, uses {d} units. What is the bill?",
            "A carrier asks ${a} per order, ${c} for each of the first {b} kg and ${e} for each kg beyond. What does "
            "it cost to send {d} kg over {x} km?",
            "A stand pays ${a} a day in rent. It buys {d} {fruit}: {b} of them at ${c} and the others at ${e}. It has "
            "served {x} guests. What did it spend that day?",
            "{friend} uses {d} minutes of phone time. The plan costs ${a}, the first {b} minutes ${c} each, every "
            "other minute ${e}. There are {x} contacts. How much is due?",
        ),
        {"x": THREE},
    ),
    Family(
        "net_pay",
        4,
        lambda a, b, c, d, e: (a * b - c) * (100 - d) / 100 + e,
        {"a": Operand(31, 99), "b": CENTS, "c": Operand(101, 299), "d": CUT, "e": THREE},
        (
            "{name}, {y} km from home, works {a} hours at ${b} an hour. ${c} go to insurance, {d}% of the rest to "
            "tax, and then comes a bonus of ${e}. What is paid out?",
            "A band plays {a} shows at ${b} for {y} people. It pays ${c} for a van and {d}% of what is left to its "
            "agent, then sells shirts for ${e}. What does the band keep?",
            "From {a} sales at ${b} a stall pays ${c} for its place and {d}% of the rest as tax; {e} dollars were in "
            "the till, and {y} people came by. What does it own now?",
            "A writer sells {a} texts of {y} words at ${b} each. After ${c} for paper and {d}% of the remainder for "
            "taxes, a prize adds ${e}. How much does the writer have in the end?",
        ),
        {"y": FOUR},
    ),
)
