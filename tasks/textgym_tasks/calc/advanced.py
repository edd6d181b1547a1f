"""Training families of difficulty 3 (three steps) and 4 (four or more, and numbers that the answer does not need).

Ranges are chosen so that what cannot be negative (stocks, fares, shares) is not; where a result can be, the wording
says so.
"""

from __future__ import annotations

from textgym_tasks.calc.basic import CENTS, COUNT, CUT, FIVE, FOUR, PRICE, THREE, TWO
from textgym_tasks.calc.families import Family
from textgym_tasks.calc.terms import smaller
from textgym_tasks.operands import Operand

LEVEL_3 = (
    Family(
        "two_kinds",
        3,
        lambda a, b, c, d: a * b + c * d,
        {"a": TWO, "b": CENTS, "c": TWO, "d": CENTS},
        (
            "{name} buys {a} books at ${b} each and {c} games at ${d} each. How many dollars is that in all?",
            "A school orders {a} desks and {c} chairs. A desk costs ${b}, a chair ${d}. What is the bill in dollars?",
            "At ${d} a ticket, {c} adults see a show; {a} children pay ${b} each. How much do they pay together?",
            "{friend} works {a} hours at ${b} an hour and {c} hours at ${d} an hour. How much does {friend} earn?",
        ),
    ),
    Family(
        "basket_discount",
        3,
        lambda a, b, c, d: (a * b + c) * (100 - d) / 100,
        {"a": COUNT, "b": CENTS, "c": PRICE, "d": CUT},
        (
            "{name} orders {a} shirts at ${b} each and a {ware} at ${c}, all with {d}% off. What does {name} pay?",
            "A voucher takes {d}% off the whole bill. What is due for a {ware} at ${c} and {a} rugs at ${b} each?",
            "{friend} picks a {ware} for ${c} and {a} plates for ${b} each. What is the total after a {d}% discount?",
            "Members save {d}% on everything. What does a member pay for {a} maps at ${b} each and a {ware} at ${c}?",
        ),
    ),
    Family(
        "percent_change",
        3,
        lambda a, b: (b - a) / a * 100,
        {"a": FOUR, "b": FOUR},
        (
            "The people in {town} went from {a} to {b}. By what percentage did their number change? A fall is "
            "negative.",
            "{name} sold {a} {things} last year and {b} this year. What is the change in percent, negative for a drop?",
            "This month a museum had {b} visitors; last month it had {a}. Give the change in percent, losses negative.",
            "The price of a boat moved from ${a} to ${b}. What is the change in percent, with its sign?",
        ),
        percent=True,
    ),
    Family(
        "two_legs",
        3,
        lambda a, b, c, d: (a + b) / (c + d),
        {"a": FOUR, "b": FOUR, "c": TWO, "d": TWO},
        (
            "A ship sails {a} km in {c} hours and then {b} km in {d} hours. What is its average speed in km per hour?",
            "In {c} hours a machine fills {a} bottles, in the next {d} hours {b}. How many an hour is that on average?",
            "{name} picks {a} {fruit} in {c} days, then {b} in {d} days. How many a day is that on average?",
            "A well gives {b} liters in {d} minutes after giving {a} liters in {c} minutes. How many per minute "
            "overall?",
        ),
    ),
    Family(
        "profit",
        3,
        lambda a, b, c, d: a * (b - c) - d,
        {"a": THREE, "b": CENTS, "c": CENTS, "d": FOUR},
        (
            "{name} buys {a} {ware}s at ${c} each, sells them at ${b} each and pays ${d} in rent. What is the profit? "
            "A loss is negative.",
            "A {place} sells {a} {ware}s at ${b} that cost it ${c} each. Staff costs are ${d}. What is the profit, "
            "negative if it is a loss?",
            "Making a toy costs ${c} and it sells for ${b}. After fixed costs of ${d}, what do {a} toys bring in? A "
            "loss is negative.",
            "With fixed costs of ${d}, a unit cost of ${c} and a price of ${b}, what is the profit on {a} units? Give "
            "a loss as a negative number.",
        ),
    ),
    Family(
        "unit_price_gap",
        3,
        lambda a, b, c, d: a / b - c / d,
        {"a": Operand(50_001, 99_999, 2), "b": COUNT, "c": Operand(10_001, 49_999, 2), "d": Operand(11, 39)},
        (
            "{b} kg of spice cost ${a} in one shop; {d} kg cost ${c} in another. How much more is a kg in the first "
            "shop?",
            "A small pack holds {b} kg of tea for ${a}, a large one {d} kg for ${c}. How much cheaper is a kg in the "
            "large pack?",
            "{name} paid ${c} for {d} hours of lessons, {friend} ${a} for {b} hours. How much more an hour did "
            "{friend} pay?",
            "Renting a van for {b} days costs ${a}, for {d} days ${c}. How much cheaper is a day of the long rental?",
        ),
    ),
    Family(
        "cheaper_offer",
        3,
        lambda a, b, c, d: smaller(a * b, c * d),
        {"a": TWO, "b": CENTS, "c": TWO, "d": CENTS},
        (
            "One shop offers {a} boxes of {things} at ${b} a box, another {c} boxes at ${d} a box. What does the "
            "cheaper offer cost in all?",
            "{name} can rent a room for {a} days at ${b} a day or for {c} days at ${d} a day. What is the lower total?",
            "Plan one is {c} payments of ${d}; plan two is {a} payments of ${b}. What does the plan with the smaller "
            "total cost?",
            "A job takes {friend} {a} hours at ${b} an hour, or {name} {c} hours at ${d} an hour. What is the least "
            "it can cost?",
        ),
    ),
    Family(
        "tank",
        3,
        lambda a, b, c, d: a + b * c - d,
        {"a": FOUR, "b": THREE, "c": TWO, "d": Operand(1_001, 1_999)},
        (
            "A tank of height {x} cm holds {a} liters. {b} liters a minute flow in for {c} minutes; then {d} liters "
            "are drained. How many liters are in it?",
            "{name}, who lives {x} m away, has {a} {things}, gets {b} more on each of {c} days and gives {d} away. "
            "How many are left?",
            "A library of {x} square meters has {a} books. It buys {c} boxes of {b} books and sells {d} books. How "
            "many does it have now?",
            "A farm at {x} m above the sea stores {a} kg of {goods}, adds {c} loads of {b} kg and uses {d} kg. How "
            "many kg remain?",
        ),
        {"x": THREE},
    ),
    Family(
        "rest_shared",
        3,
        lambda a, b, c, d: (a * b - c) / d,
        {"a": TWO, "b": THREE, "c": Operand(101, 499), "d": TWO},
        (
            "{name} harvests {a} truckloads of {fruit}, {b} kg each, keeps {c} kg and spreads the rest over {d} "
            "stalls. How many kg does each stall get?",
            "A {place} has {a} rolls of {b} m of wire. It uses {c} m and cuts the rest into {d} equal parts. How many "
            "meters long is a part?",
            "{friend} saves ${b} in each of {a} months, spends ${c} on a {ware} and shares the rest among {d} people. "
            "What does each get?",
            "A {place} pours {a} barrels of {liquid}, {b} liters each, into {d} equal tanks after {c} liters leaked "
            "away. How many liters go into each tank?",
        ),
    ),
)

LEVEL_4 = (
    Family(
        "event_budget",
        4,
        lambda a, b, c, d, e: a - b * c - d * e,
        {
            "a": Operand(30_001, 99_999),
            "b": Operand(101, 299),
            "c": Operand(1_001, 4_999, 2),
            "d": COUNT,
            "e": PRICE,
        },
        (
            "{name} plans a party in {town}, {x} km from home, with ${a} to spend. Dinner for {b} guests costs ${c} "
            "each, and {d} tables are rented at ${e} apiece. How much money is left?",
            "A school with {x} pupils has a budget of ${a}. It sends {b} of them on a trip at ${c} each and buys {d} "
            "{ware}s at ${e} each. What remains of the budget?",
            "A club of {x} members has ${a}. It buys {d} {ware}s for ${e} each and {b} shirts for ${c} each. How many "
            "dollars does it keep?",
            "{friend} raised ${a} from {x} donors and pays for {b} meals at ${c} each and {d} beds at ${e} each. What "
            "is left over?",
        ),
        {"x": THREE},
    ),
    Family(
        "two_teams",
        4,
        lambda a, b, c, d: (a * b + c * d) / (a + c),
        {"a": TWO, "b": THREE, "c": TWO, "d": FOUR},
        (
            "In a {place} of {x} square meters, {a} workers pack {b} parcels each and {c} workers pack {d} each. How "
            "many parcels is that per worker on average?",
            "On a farm {x} km from {town}, {a} fields give {b} kg of {fruit} each and {c} fields give {d} kg each. "
            "How many kg is that per field on average?",
            "{name} walked {b} steps on each of {a} days and {d} steps on each of {c} days, burning {x} calories a "
            "day. How many steps a day is that on average?",
            "A test was taken by {c} pupils of one school, who scored {d} points each, and {a} of another, who scored "
            "{b} each. It had {x} questions. What is the mean score?",
        ),
        {"x": THREE},
    ),
    Family(
        "up_and_down",
        4,
        lambda a, b, c, d: a * (100 + b) / 100 * (100 - c) / 100 - d,
        {"a": Operand(30_001, 99_999, 2), "b": CUT, "c": CUT, "d": CENTS},
        (
            "A {ware} of {x} grams costs ${a}. The price goes up by {b}% and is later cut by {c}%. {name} also has a "
            "voucher of ${d}. What does {name} pay?",
            "A shop with {x} customers a day raises the price of a {ware}, ${a}, by {b}%, then offers {c}% off, then "
            "another ${d} off. What is the final price?",
            "{friend} put ${a} into a fund with {x} other investors. It gained {b}%, then lost {c}%, and a fee of "
            "${d} was taken. What did {friend} get back?",
            "Last year a flight of {x} km cost ${a}. It became {b}% dearer and then {c}% cheaper, and a refund gave "
            "back ${d}. What did it cost in the end?",
        ),
        {"x": THREE},
    ),
    Family(
        "mixture",
        4,
        lambda a, b, c, d: (a * b + c * d) / (a + c),
        {"a": FOUR, "b": CUT, "c": FOUR, "d": Operand(41, 99)},
        (
            "{name} mixes {a} ml of a drink with {b}% juice and {c} ml of one with {d}% juice, chilled for {x} "
            "minutes. What percentage of the mix is juice?",
            "A melt of {a} kg with {b}% copper and a melt of {c} kg with {d}% copper are poured together after {x} "
            "seconds. What is the copper content in percent?",
            "In one town {b}% of {a} voters said yes, in another {d}% of {c}, at {x} polling stations. What "
            "percentage of all these voters said yes?",
            "{c} kg of {d}% cocoa and {a} kg of {b}% cocoa are blended to fill {x} boxes. What is the cocoa share of "
            "the blend in percent?",
        ),
        {"x": THREE},
        percent=True,
    ),
    Family(
        "stock_value",
        4,
        lambda a, b, c, d, e: (a * b - c + d) * e,
        {"a": TWO, "b": THREE, "c": Operand(101, 999), "d": THREE, "e": Operand(101, 999, 2)},
        (
            "A {place} of {y} square meters has {a} {crate}s of {b} {things}. It loses {c} {things} and gets {d} "
            "more. At ${e} apiece, what are all its {things} worth?",
            "{name} has {a} shelves of {b} stamps, sells {c} of them and finds {d} in a drawer of {y} cards. Each "
            "stamp is worth ${e}. What is the collection worth?",
            "A truck takes {a} {crate}s of {b} {fruit}. On the {y} km to {town}, {c} {fruit} spoil and {d} are loaded "
            "at a stop. What do the good ones bring in at ${e} each?",
            "A hall has {a} rows of {b} seats. {c} of the seats are broken, but {d} chairs are added. The show lasts "
            "{y} seconds and a ticket costs ${e}. What does a full house bring in?",
        ),
        {"y": FOUR},
    ),
    Family(
        "fuel_bill",
        4,
        lambda a, b, c, d: a * b / 100 * c + d,
        {"a": FOUR, "b": Operand(101, 399, 1), "c": Operand(101, 399, 2), "d": THREE},
        (
            "{name} drives a truck of {y} kg for {a} km. It burns {b} liters per hundred km at ${c} a liter, and "
            "tolls are ${d}. What does the trip cost?",
            "A bus needs {b} liters of fuel per hundred km. Fuel is ${c} a liter and the driver gets ${d}. What does "
            "a tour of {a} km with {x} stops cost?",
            "At ${c} a liter and {b} liters per hundred km, {friend} goes {a} km by van to see {x} clients, and pays "
            "${d} for hotels. How much is spent?",
            "Shipping {y} kg to {town} takes {a} km at {b} liters per hundred km. With fuel at ${c} a liter and fees "
            "of ${d}, what is the total in dollars?",
        ),
        {"x": THREE, "y": FOUR},
    ),
    Family(
        "trip_split",
        4,
        lambda a, b, c, d, e, f: (a * b + c * d - e) / f,
        {"a": COUNT, "b": PRICE, "c": FOUR, "d": Operand(101, 299, 2), "e": CENTS, "f": COUNT},
        (
            "{f} friends rent a car of {x} horsepower for {a} days at ${b} a day and ${d} per km. They drive {c} km "
            "and have a coupon of ${e}. What does each pay?",
            "A room in {town} with {x} guest ratings costs ${b} a night. {f} friends stay {a} nights, drink {c} teas "
            "at ${d} each and get ${e} back. What is each one's share?",
            "{f} people hire a boat of {x} horsepower for {a} hours at ${b} an hour, burn {c} liters of fuel at ${d} "
            "a liter and get ${e} back. How much is it per person?",
            "{f} shops on a street of {x} m share a bill: {a} ads at ${b} each and {c} flyers at ${d} each, minus a "
            "credit of ${e}. What does each shop owe?",
        ),
        {"x": THREE},
    ),
    Family(
        "reserves",
        4,
        lambda a, b, c, d, e: a + b * c - d * e,
        {"a": FIVE, "b": TWO, "c": THREE, "d": TWO, "e": THREE},
        (
            "An account of {friend}, opened {x} days ago, holds ${a}. Then come {b} payments of ${c} in and {d} "
            "payments of ${e} out. What is the balance? A debt is negative.",
            "A depot {y} km from {town} has {a} liters of {liquid}, gets {b} loads of {c} liters and owes {d} clients "
            "{e} liters each. What is left? A lack is negative.",
            "A game starts with {a} points and lasts {x} minutes. {name} wins {b} rounds worth {c} points each and "
            "loses {d} worth {e} points each. What is the score? It may be below zero.",
            "A heap of {a} kg of {goods}, {y} m from {town}, gets {b} loads of {c} kg and is due to lose {d} loads of "
            "{e} kg. How many kg are left? A lack is negative.",
        ),
        {"x": THREE, "y": FOUR},
    ),
)
