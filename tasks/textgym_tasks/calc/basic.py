"""Training families of difficulty 1 (one step, at most 80 characters) and 2 (two steps, at most 125).

In a wording the operands may stand in another order than in the formula: "Subtract 512 from 9313" is 9313-512.
"""

from __future__ import annotations

from textgym_tasks.calc.families import Family
from textgym_tasks.operands import Operand

COUNT = Operand(3, 9)
RATE = Operand(3, 99)
CUT = Operand(3, 39)
TWO = Operand(11, 99)
THREE = Operand(101, 999)
FOUR = Operand(1_001, 9_999)
FIVE = Operand(10_001, 99_999)
TENTHS = Operand(101, 999, 1)
CENTS = Operand(1_001, 9_999, 2)
PRICE = Operand(10_001, 99_999, 2)

LEVEL_1 = (
    Family(
        "sum",
        1,
        lambda a, b: a + b,
        {"a": FOUR, "b": Operand(101, 9_999)},
        (
            "What is the sum of {a} and {b}?",
            "Add {b} to {a}. What is the total?",
            "What do you get if you add {a} and {b}?",
            "Find the total of {a} and {b}.",
            "What is {a} + {b} as one number?",
        ),
    ),
    Family(
        "difference",
        1,
        lambda a, b: a - b,
        {"a": FOUR, "b": THREE},
        (
            "Subtract {b} from {a}. What is left?",
            "What remains when {b} is taken from {a}?",
            "By how much does {a} exceed {b}?",
            "What is {a} - {b} as one number?",
            "How much smaller is {b} than {a}?",
        ),
    ),
    Family(
        "negative_difference",
        1,
        lambda a, b: a - b,
        {"a": THREE, "b": FOUR},
        (
            "Subtract {b} from {a}. What do you get?",
            "What number is {b} less than {a}?",
            "What is the result of {a} minus {b}?",
            "Start at {a} and go down by {b}. Where do you end?",
        ),
    ),
    Family(
        "product",
        1,
        lambda a, b: a * b,
        {"a": THREE, "b": THREE},
        (
            "What is the product of {a} and {b}?",
            "Multiply {b} by {a}. What do you get?",
            "How much is {a} multiplied by {b}?",
            "What is {a} * {b} as one number?",
            "What do you get for {b} times {a}?",
        ),
    ),
    Family(
        "quotient",
        1,
        lambda a, b: a / b,
        {"a": FIVE, "b": THREE},
        (
            "Divide {a} by {b}. What do you get?",
            "What is {a} divided by {b}?",
            "How many times does {b} go into {a}?",
            "What is {a} / {b} as a decimal?",
        ),
    ),
    Family(
        "percent_of",
        1,
        lambda a, b: a * b / 100,
        {"a": FOUR, "b": RATE},
        (
            "How much is {b}% of {a} exactly?",
            "What do you get for {b}% of {a}?",
            "What number is {b} percent of {a}?",
            "Take {b} percent of {a}. What is it?",
        ),
    ),
    Family(
        "decimal_sum",
        1,
        lambda a, b: a + b,
        {"a": CENTS, "b": TENTHS},
        (
            "{name} ran {a} km and then {b} km. How far in all?",
            "Add a {b} m rope to a {a} m rope. How long are both?",
            "A bag weighs {a} kg and a box {b} kg. How heavy are both?",
            "What is the sum of {a} and {b}?",
        ),
    ),
    Family(
        "gathered",
        1,
        lambda a, b: a + b,
        {"a": FOUR, "b": THREE},
        (
            "{name} has {a} {things} and gets {b} more. How many in all?",
            "A {place} adds {b} {things} to its {a}. How many are there now?",
            "{name} picked {a} {fruit} and {friend} {b}. How many together?",
            "There are {a} red {things} and {b} blue ones. How many in all?",
        ),
    ),
    Family(
        "sold",
        1,
        lambda a, b: a - b,
        {"a": FOUR, "b": THREE},
        (
            "A {place} had {a} {things} and sold {b}. How many are left?",
            "After {b} of {a} {things} are sold, how many are left?",
            "{name} gave away {b} of {a} {things}. How many remain?",
            "Of {a} {fruit}, {b} were bad. How many were good?",
        ),
    ),
    Family(
        "packed",
        1,
        lambda a, b: a * b,
        {"a": THREE, "b": THREE},
        (
            "Each of {a} {crate}s holds {b} {things}. How many in all?",
            "{a} rows have {b} seats each. How many seats are there?",
            "With {b} {fruit} in a {crate}, how many are in {a} {crate}s?",
            "{name} packs {a} {crate}s of {b} {things}. How many in all?",
        ),
    ),
    Family(
        "shared_out",
        1,
        lambda a, b: a / b,
        {"a": FIVE, "b": THREE},
        (
            "{a} kg of {goods} fill {b} bags. How much is in each?",
            "Pour {a} liters into {b} cans. How much is in each?",
            "{b} people share {a} dollars. What does each get?",
            "A {vehicle} goes {a} km in {b} days. How far a day?",
        ),
    ),
)

LEVEL_2 = (
    Family(
        "multiply_add",
        2,
        lambda a, b, c: a * b + c,
        {"a": THREE, "b": THREE, "c": FOUR},
        (
            "Multiply {a} by {b}, then add {c}. What do you get?",
            "What is {a} times {b}, plus {c}?",
            "Add {c} to the product of {a} and {b}. What is the result?",
            "What is {a} * {b} + {c}?",
        ),
    ),
    Family(
        "sum_times",
        2,
        lambda a, b, c: (a + b) * c,
        {"a": FOUR, "b": THREE, "c": TWO},
        (
            "Add {a} and {b}, then multiply the sum by {c}.",
            "What is {c} times the sum of {a} and {b}?",
            "What is ({a} + {b}) * {c}?",
            "Multiply by {c} what you get when you add {b} to {a}.",
        ),
    ),
    Family(
        "difference_divided",
        2,
        lambda a, b, c: (a - b) / c,
        {"a": FIVE, "b": FOUR, "c": TWO},
        (
            "Subtract {b} from {a}, then divide by {c}.",
            "What is ({a} - {b}) / {c}?",
            "Take {b} away from {a} and divide what is left by {c}.",
            "Divide the difference between {a} and {b} by {c}.",
        ),
    ),
    Family(
        "crates_left",
        2,
        lambda a, b, c: a * b - c,
        {"a": THREE, "b": THREE, "c": FOUR},
        (
            "A {place} has {a} {crate}s of {b} {things} each and sells {c} {things}. How many {things} are left?",
            "{name} fills {a} {crate}s with {b} {fruit} each; {c} {fruit} go bad. How many are still good?",
            "{c} of the {things} in {a} {crate}s of {b} are damaged. How many are intact?",
            "There are {a} rows of {b} seats. People sit on {c} of them. How many seats are free?",
        ),
    ),
    Family(
        "change",
        2,
        lambda a, b, c: a - b * c,
        {"a": FOUR, "b": COUNT, "c": CENTS},
        (
            "{name} has {a} dollars and buys {b} books at {c} dollars each. How much is left?",
            "{b} tickets cost {c} dollars each. {name} pays with {a} dollars. How much is the change?",
            "From {a} dollars, {name} pays for {b} lamps at {c} dollars each. What remains?",
            "At {c} dollars a night, {name} stays {b} nights. What is left of {a} dollars?",
        ),
    ),
    Family(
        "discount",
        2,
        lambda a, b: a * (100 - b) / 100,
        {"a": PRICE, "b": CUT},
        (
            "A {ware} costs {a} dollars. What does it cost after a discount of {b}%?",
            "With {b}% off, what is the new price of a {ware} that cost {a} dollars?",
            "A shop cuts the price of a {ware}, {a} dollars, by {b}%. What is the new price?",
            "{name} has a coupon for {b}% off. What does {name} pay for a {ware} at {a} dollars?",
        ),
    ),
    Family(
        "raise",
        2,
        lambda a, b: a * (100 + b) / 100,
        {"a": FOUR, "b": CUT},
        (
            "{name} earns {a} dollars a month and gets a raise of {b}%. What is the new pay?",
            "Tax of {b}% is added to a bill of {a} dollars. What is the total?",
            "A rent of {a} dollars goes up by {b}%. What is the rent now?",
            "What does a {ware} at {a} dollars cost once {b}% sales tax is added?",
        ),
    ),
    Family(
        "share_percent",
        2,
        lambda a, b: a / b * 100,
        {"a": THREE, "b": FOUR},
        (
            "What percent of {b} is {a}?",
            "{a} of {b} {things} are red. What percent is that?",
            "Of {b} voters, {a} chose {name}. What percentage did {name} get?",
            "{name} has read {a} of {b} pages. What percentage is that?",
        ),
        percent=True,
    ),
    Family(
        "mean_of_three",
        2,
        lambda a, b, c: (a + b + c) / 3,
        {"a": FOUR, "b": FOUR, "c": THREE},
        (
            "What is the average of {a}, {b} and {c}?",
            "Find the mean of {c}, {a} and {b}.",
            "{name} scored {a}, {b} and {c} points in three games. What is the average?",
            "Three {vehicle}s carry {a}, {c} and {b} kg. What is the average load?",
        ),
    ),
    Family(
        "steady_rate",
        2,
        lambda a, b, c: a / b * c,
        {"a": FOUR, "b": THREE, "c": THREE},
        (
            "A pump moves {a} liters in {b} minutes. How many liters does it move in {c} minutes?",
            "In {b} hours a machine makes {a} {things}. At this rate, what does it make in {c} hours?",
            "A {vehicle} covers {a} km in {b} hours. How far does it go in {c} hours at this speed?",
            "{b} kg of {goods} cost {a} dollars. What do {c} kg cost?",
        ),
    ),
    Family(
        "ratio",
        2,
        lambda a, b, c: a * b / (b + c),
        {"a": FIVE, "b": COUNT, "c": Operand(11, 19)},
        (
            "Split {a} dollars between {name} and {friend} in the ratio {b}:{c}. What does {name} get?",
            "{friend} and {name} share {a} dollars in the ratio {c} to {b}. How much is {name}'s share?",
            "Mix syrup and water {b}:{c} to get {a} ml. How many ml of syrup are needed?",
            "A mix of {a} kg has {b} parts sand to {c} parts gravel. How many kg of sand is that?",
        ),
    ),
    Family(
        "overdrawn",
        2,
        lambda a, b, c: a + b - c,
        {"a": FOUR, "b": THREE, "c": FIVE},
        (
            "{name} has {a} dollars, earns {b} and spends {c}. What is the balance? It may be negative.",
            "An account holds {a} dollars; {b} come in and {c} go out. What is the balance? A debt is negative.",
            "Start at {a}, go up by {b} and then down by {c}. Where do you end?",
            "What is {a} + {b} - {c}?",
        ),
    ),
)
