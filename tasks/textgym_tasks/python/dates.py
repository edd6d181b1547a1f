"""Dates of the Gregorian calendar, extended to all years. The answers come from a day count of our own."""

from __future__ import annotations

from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year: int, month: int) -> int:
    """Days of a month, 1 to 12."""
    return MONTHS[month - 1] + (month == 2 and is_leap(year))


def day_number(date: str) -> int:
    """Days from 0001-01-01, which is day 1, a Monday, to `date` as YYYY-MM-DD."""
    year, month, day = map(int, date.split("-"))
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400
    return days + sum(month_days(year, m) for m in range(1, month)) + day


def weekday(number: int) -> int:
    """0 for Monday to 6 for Sunday."""
    return (number - 1) % 7


def later(date: str, days: int) -> str:
    """The date `days` days after `date`, month by month."""
    year, month, day = map(int, date.split("-"))
    day += days
    while day > (length := month_days(year, month)):
        day -= length
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return f"{year}-{month:02d}-{day:02d}"


def weekday_of_month(a: int, b: int, day: int, name: str) -> int:
    """How many months of the years a..b have `name` on day `day`."""
    number, found = day_number(f"{a}-01-{day}"), 0
    for year in range(a, b + 1):
        for month in range(1, 13):
            found += WEEKDAYS[weekday(number)] == name
            number += month_days(year, month)
    return found


def working_days(a: str, b: str) -> int:
    """Mondays to Fridays from `a` to `b`, both included: whole weeks, and what is left."""
    first, last = day_number(a), day_number(b)
    weeks, rest = divmod(last - first + 1, 7)
    return 5 * weeks + sum(weekday(first + i) < 5 for i in range(rest))


def draw_two_dates(d: Draws) -> Params:
    while True:
        a, b = d.date(), d.date()
        if a < b and int(b[:4]) - int(a[:4]) < 100:
            return {"a": a, "b": b}


def draw_years(d: Draws) -> Params:
    while True:
        a, b = d.number(1_601, 2_299), d.number(1_701, 2_399)
        if a + 70 < b:
            return {"a": a, "b": b, "day": d.small(2, 28), "name": d.pick(WEEKDAYS)}


DATES = (
    Family(
        "days_between",
        2,
        draw_two_dates,
        (
            "How many days after $a is $b?",
            "How many days pass from $a to $b?",
            "What is the number of days between $a and $b (1 for a day and the next)?",
            "Someone born on $a died on $b. How many days old did they get?",
        ),
        lambda a, b: day_number(b) - day_number(a),
        """\
from datetime import date
(date.fromisoformat($b) - date.fromisoformat($a)).days""",
    ),
    Family(
        "date_after",
        2,
        lambda d: {"a": d.date(1_601, 2_299), "n": d.number(101, 9_999)},
        (
            "Which date is $n days after $a? Answer as YYYY-MM-DD.",
            "A machine must be checked $n days after $a. On which date (YYYY-MM-DD)?",
            "Add $n days to $a. Give the date as YYYY-MM-DD.",
            "What is the date, written YYYY-MM-DD, $n days later than $a?",
        ),
        lambda a, n: later(a, n),
        """\
from datetime import date, timedelta
(date.fromisoformat($a) + timedelta(days=$n)).isoformat()""",
    ),
    Family(
        "weekday_of_month",
        3,
        draw_years,
        (
            "From January of $a to December of $b, in how many months is day $day a $name?",
            "In the Gregorian calendar, how many months of the years $a to $b, both included, have day $day on a "
            "$name?",
            "Count the months of the years $a, ..., $b whose day number $day is a $name.",
        ),
        weekday_of_month,
        """\
from datetime import date
names = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
sum(
    names[date(y, m, $day).weekday()] == $name
    for y in range($a, $b + 1)
    for m in range(1, 13)
)""",
    ),
    Family(
        "working_days",
        3,
        draw_two_dates,
        (
            "How many days from $a to $b, both included, are neither Saturdays nor Sundays?",
            "A shop opens Monday to Friday, holidays or not. On how many days is it open from $a through $b?",
            "Count the weekdays (Monday to Friday) in the time from $a to $b, the two dates included.",
        ),
        working_days,
        """\
from datetime import date
first, last = date.fromisoformat($a).toordinal(), date.fromisoformat($b).toordinal()
sum(date.fromordinal(n).weekday() < 5 for n in range(first, last + 1))""",
    ),
)
