# ruff: noqa
# fmt: off
# %% dataclass_basic
from dataclasses import dataclass, field, asdict, astuple, replace, fields
@dataclass
class Item:
    name: str
    price: float = 1.0
    tags: list = field(default_factory=list)
    def total(self, n: int) -> float:
        return self.price * n
i = Item("pen", 2.5)
i.tags.append("x")
print(i, i.total(4), asdict(i), astuple(i), replace(i, name="b"), i == Item("pen", 2.5, ["x"]), [f.name for f in fields(i)])
# %% dataclass_frozen_ordered
from dataclasses import dataclass, FrozenInstanceError
@dataclass(frozen=True, order=True)
class P:
    x: int
    y: int = 0
print(sorted([P(2), P(1, 5), P(1)]), P(1) < P(2), len({P(1), P(1)}), hash(P(1)) == hash(P(1)))
try:
    P(1).x = 3
except FrozenInstanceError:
    print("frozen")
# %% dataclass_post_init_and_inheritance
from dataclasses import dataclass, field
from typing import ClassVar, Optional
@dataclass
class Base:
    a: int
    count: ClassVar[int] = 0
    def __post_init__(self):
        Base.count += 1
        self.double = self.a * 2
@dataclass
class Child(Base):
    b: Optional[str] = None
    c: int = field(default=3, repr=False, compare=False)
c = Child(4, "x")
print(c, c.double, Base.count, Child(1) == Child(1, c=9))
# %% dataclass_slots_kw_only
from dataclasses import dataclass
@dataclass(slots=True, kw_only=True)
class S:
    x: int
    y: int = 2
s = S(x=1)
s.y += 5
s
# %% enum_tour
from enum import Enum, IntEnum, auto, Flag, unique
@unique
class Color(Enum):
    RED = 1
    GREEN = 2
    @property
    def pretty(self): return self.name.title()
class Level(IntEnum):
    LOW = auto()
    HIGH = auto()
class Perm(Flag):
    R = auto()
    W = auto()
print(Color.RED, Color(2), Color["RED"].value, [c.name for c in Color], Color.GREEN.pretty, Level.HIGH > Level.LOW, Level.HIGH + 1)
print(Perm.R | Perm.W, Perm.R in (Perm.R | Perm.W), isinstance(Color.RED, Color), Color.RED is Color(1), len(Color))
try:
    Color(9)
except ValueError as e:
    print(e)
repr(Color.RED), {Color.RED: 1}[Color.RED]
# %% enum_with_methods_and_tuple_values
from enum import Enum
class Planet(Enum):
    EARTH = (5.97e24, 6.37e6)
    MARS = (6.42e23, 3.39e6)
    def __init__(self, mass, radius):
        self.mass, self.radius = mass, radius
    @property
    def g(self): return 6.674e-11 * self.mass / self.radius ** 2
[f"{p.name} {p.g:.2f}" for p in Planet]
# %% namedtuple_tour
from collections import namedtuple
P = namedtuple("P", ["x", "y"])
p = P(1, y=2)
x, y = p
print(p, p.x + p[1], p._replace(x=9), p._asdict(), P._make([3, 4]), P._fields, isinstance(p, tuple), x, y)
Q = namedtuple("Q", "a b c", defaults=[0, 0])
Q(1)
# %% typing_namedtuple
from typing import NamedTuple
class Emp(NamedTuple):
    name: str
    age: int = 30
    def hi(self): return f"I am {self.name}"
e = Emp("Jo")
e, e.hi(), e._asdict(), e.age
# %% decimal_tour
from decimal import Decimal, getcontext, ROUND_HALF_UP, localcontext
print(Decimal("0.1") + Decimal("0.2"), Decimal(1) / Decimal(3))
getcontext().prec = 6
print(Decimal(1) / Decimal(7), Decimal("2.675").quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
with localcontext() as ctx:
    ctx.prec = 3
    print(Decimal(2).sqrt())
getcontext().prec = 28
# %% fractions_tour
from fractions import Fraction
f = Fraction(3, 4) + Fraction("1/6")
print(f, f.numerator, f.denominator, float(f), Fraction(0.5), Fraction(10, 4), Fraction("3.25").limit_denominator(3), sum([Fraction(1, n) for n in range(1, 5)]))
# %% statistics_tour
import statistics as st
xs = [2, 4, 4, 4, 5, 5, 7, 9]
print(st.mean(xs), st.median(xs), st.mode(xs), st.pstdev(xs), round(st.stdev(xs), 4), st.variance([1, 2, 3]), st.quantiles([1, 2, 3, 4]))
# %% math_tour
import math
print(math.sqrt(16), math.pi, math.gcd(12, 18), math.lcm(4, 6), math.factorial(10), math.comb(5, 2), math.perm(5, 2), math.isqrt(17), math.prod([1, 2, 3]))
print(math.floor(-1.5), math.ceil(1.2), math.log(8, 2), math.log10(1000), math.inf > 1, math.isnan(math.nan), math.hypot(3, 4), round(math.sin(math.pi / 2), 3))
# %% from_math_star
from math import *
sqrt(2) * sqrt(2), floor(e), degrees(pi)
# %% random_seeded
import random
random.seed(42)
print([random.randint(1, 6) for _ in range(5)], random.choice("abc"), random.sample(range(10), 3), round(random.random(), 6))
xs = [1, 2, 3, 4, 5]
random.shuffle(xs)
r = random.Random(7)
print(xs, r.random(), r.choices("ab", k=3), random.uniform(0, 1) < 1)
# %% monte_carlo_pi
import random
random.seed(0)
n = 2000
inside = sum(1 for _ in range(n) if random.random() ** 2 + random.random() ** 2 <= 1)
print(4 * inside / n)
# %% datetime_tour
from datetime import datetime, date, timedelta, timezone
d = date(2024, 2, 28)
print(d + timedelta(days=2), (date(2024, 12, 25) - d).days, d.weekday(), d.isoformat(), d.strftime("%A %d %B %Y"), d.replace(year=2023))
t = datetime(2024, 1, 1, 12, 30)
print(t + timedelta(hours=36), t.isoformat(), datetime.strptime("2024-03-05 06:07", "%Y-%m-%d %H:%M"), (t - datetime(2023, 1, 1)).total_seconds())
print(datetime(2024, 1, 1, tzinfo=timezone.utc), datetime.fromisoformat("2024-01-02"), max(date(2024, 1, 1), d), d)
d
# %% calendar_use
import calendar
print(calendar.isleap(2024), calendar.monthrange(2024, 2), calendar.day_name[0], sum(calendar.isleap(y) for y in range(1900, 2001)))
# %% friday_the_13ths
import datetime
sum(1 for y in range(2000, 2010) for m in range(1, 13) if datetime.date(y, m, 13).weekday() == 4)
# %% heapq_dijkstra
import heapq
def dijkstra(g, s):
    dist = {s: 0}
    pq = [(0, s)]
    while pq:
        d, u = heapq.heappop(pq)
        if d > dist.get(u, float("inf")):
            continue
        for v, w in g.get(u, {}).items():
            nd = d + w
            if nd < dist.get(v, float("inf")):
                dist[v] = nd
                heapq.heappush(pq, (nd, v))
    return dist
dijkstra({"a": {"b": 1, "c": 4}, "b": {"c": 2, "d": 6}, "c": {"d": 3}}, "a")
# %% heapq_tour
import heapq
h = [5, 1, 8, 3]
heapq.heapify(h)
print(heapq.heappop(h), heapq.nlargest(2, h), heapq.nsmallest(1, h), heapq.heappushpop(h, 0), list(heapq.merge([1, 4], [2, 3])))
# %% bisect_tour
import bisect
xs = [1, 3, 5]
bisect.insort(xs, 4)
print(xs, bisect.bisect_left(xs, 3), bisect.bisect(xs, 3), bisect.bisect_right(xs, 9))
# %% collections_tour
from collections import deque, OrderedDict, ChainMap, defaultdict, Counter
d = deque([1, 2, 3], maxlen=3)
d.append(4); d.appendleft(0); d.rotate(1)
od = OrderedDict(a=1, b=2)
od.move_to_end("a")
dd = defaultdict(lambda: defaultdict(int))
dd["x"]["y"] += 1
print(d, list(od), ChainMap({"a": 1}, {"b": 2})["b"], dd["x"]["y"], Counter("hello").most_common(1), dict(Counter([1, 1])))
# %% collections_abc
import collections.abc as cabc
from collections.abc import Iterable
import collections
print(isinstance([], Iterable), isinstance(1, cabc.Hashable), isinstance({}, collections.abc.Mapping), issubclass(list, cabc.Sequence))
# %% copy_tour
import copy
a = [[1], {"k": [2]}]
s, d = copy.copy(a), copy.deepcopy(a)
a[0].append(9)
class N:
    def __init__(self): self.xs = [1]
n = N()
m = copy.deepcopy(n)
m.xs.append(2)
print(s, d, n.xs, m.xs, a.copy() == a)
# %% cached_property
from functools import cached_property
class C:
    def __init__(self): self.n = 0
    @cached_property
    def v(self):
        self.n += 1
        return 42
c = C()
c.v, c.v, c.n
# %% complex_numbers
import cmath
z = 3 + 4j
print(abs(z), z.real, z.imag, z.conjugate(), z * 1j, round(cmath.phase(1j), 4), complex("1+2j"))
# %% big_integers
print(2 ** 200, len(str(3 ** 500)), pow(7, 10**9, 13), divmod(-7, 3), -7 // 2, -7 % 3, 10**20 // 7, int(1e15), 0.1 + 0.2, round(2.5), round(3.14159, 2))
# %% number_formats
print(1e3, 1e16, 1.0, 1/3, float("inf"), -0.0, 10 / 2, 7 // 2.0, 1_000_000, 0x1f, 0o17, 0b11, 5e-324)
# %% itemgetter_groupby_report
from itertools import groupby
from operator import itemgetter
rows = [{"c": "x", "v": 1}, {"c": "y", "v": 2}, {"c": "x", "v": 3}]
rows.sort(key=itemgetter("c"))
for k, g in groupby(rows, key=itemgetter("c")):
    print(k, sum(r["v"] for r in g))
# %% simple_namespace_and_abc_meta
from types import SimpleNamespace
from abc import ABCMeta, abstractmethod
class Base(metaclass=ABCMeta):
    @abstractmethod
    def f(self): pass
class D(Base):
    def f(self): return 1
n = SimpleNamespace(a=1)
n.b = 2
n, D().f()
# %% typing_protocol_and_newtype
from typing import Protocol, NewType, Literal, cast, TypedDict, Final
class HasArea(Protocol):
    def area(self) -> float: ...
class Sq:
    def area(self) -> float: return 4.0
def show(s: HasArea) -> float: return s.area()
Id = NewType("Id", int)
class Movie(TypedDict):
    title: str
m: Movie = {"title": "x"}
X: Final = 3
show(Sq()), Id(5), cast(int, "5"), m
# %% dataclass_lazy_annotations
from __future__ import annotations
from dataclasses import dataclass, field, InitVar
import typing
from typing import ClassVar, Optional
@dataclass
class Node:
    value: int
    next: Optional[Node] = None
    made: ClassVar[int] = 0
    other: typing.ClassVar[str] = "x"
    scale: InitVar[int] = 2
    def __post_init__(self, scale):
        self.value *= scale
n = Node(1, Node(2))
n, n.made, n.other
# %% attrgetter_and_methodcaller
from operator import attrgetter, methodcaller
class P:
    def __init__(self, name, age):
        self.name, self.age = name, age
    def older(self, years):
        return self.age + years
people = [P("Bo", 30), P("Al", 25), P("Cy", 30)]
print([p.name for p in sorted(people, key=attrgetter("age", "name"))], methodcaller("older", 5)(people[0]))
sorted(["b", "A"], key=methodcaller("lower")), attrgetter("age.real")(people[1])
# %% singledispatch_on_unions
from functools import singledispatch
@singledispatch
def show(x):
    return "object"
@show.register
def _(x: int):
    return "int"
@show.register(str)
def _(x):
    return "str"
@show.register
def _(x: list | tuple):
    return "sequence"
[show(x) for x in (1, "a", [1], (), 1.5)], show.dispatch(bool)(True)
# %% small_modules
import base64
import struct
import unicodedata
from types import MappingProxyType
print(base64.b64encode(b"hi"), base64.b64decode("aGk="), struct.unpack("<hI", struct.pack("<hI", -2, 7)))
unicodedata.normalize("NFD", "\u00e9") == "e\u0301", MappingProxyType({"a": 1})["a"]
# %% codecs
text = "na\u00efve"
text.encode("cp1252"), text.encode("utf-8-sig"), text.encode("unicode_escape"), "b\u00fccher".encode("idna"), b"\xff".decode("cp437")
# %% module_variables
__all__ = ["main"]
__version__ = "1.0"
def main():
    if __debug__:
        return "debugging"
main()
# %% missing_file_is_an_os_error
try:
    with open("no_such_file_of_anybody.txt") as f:
        text = f.read()
except OSError:
    text = "none"
text
# %% version_and_typing
import sys
from typing import List, Optional, get_args, get_origin
sys.version_info.major >= 3, sys.version_info >= (3, 8), get_origin(List[int]), get_args(Optional[int])
# %% deepcopy_with_a_memo
import copy
class Node:
    def __init__(self, value):
        self.value, self.next = value, None
    def __deepcopy__(self, memo):
        new = Node.__new__(Node)
        memo[id(self)] = new
        new.value = copy.deepcopy(self.value, memo)
        new.next = copy.deepcopy(self.next, memo)
        return new
a, b = Node([1]), Node([2])
a.next, b.next = b, a
c = copy.deepcopy(a)
c.next.next is c, c.value is a.value, c.next.value, copy.deepcopy({"f": str.upper, "l": [len]})["f"]("x")
# %% caches_of_functions_and_classes
from functools import cache, lru_cache
@lru_cache(maxsize=2)
def square(n):
    return n * n
@cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
class Point:
    def __init__(self, x): self.x = x
make = lru_cache(Point)
square(2), square(2), square.cache_info().hits, fib(80), make(1) is make(1), square.__name__
# %% deep_recursion
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)
depth(950)
# %% csv_from_text
import csv, io
text = "name,amount\nAnn,3\n\"Lee, Bo\",4\n"
rows = list(csv.DictReader(io.StringIO(text)))
print(rows[1]["name"], sum(int(row["amount"]) for row in rows))
out = io.StringIO()
writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
writer.writerow(["a", 1, 2.5, 'say "x"'])
print(out.getvalue(), end="")
w = csv.DictWriter(out, fieldnames=["x", "y"])
w.writeheader()
w.writerows([{"x": 1, "y": 2}, {"x": 3, "y": None}])
out.getvalue().splitlines()
# %% csv_dialect_and_error
import csv
class Pipes(csv.excel):
    delimiter = "|"
print(list(csv.reader(["a|b", "c|d"], dialect=Pipes())), list(csv.reader(["a\tb"], csv.excel_tab)))
try:
    list(csv.reader(["a", 1]))
except csv.Error as e:
    print("error", e)
# %% pretty_printing
from pprint import pformat, pprint, pp
import io
table = {name: {"scores": list(range(k, k + 12)), "tags": {"b", "a"}} for k, name in enumerate(["zoe", "ann"])}
pprint(table)
pprint(table, width=40, compact=True)
pp(table)
out = io.StringIO()
pprint([1, "two"], out)
print(out.getvalue(), pformat({"n": 1234567}, underscore_numbers=True))
class Tree:
    def __init__(self, *kids):
        self._kids = kids
    def __repr__(self):
        return f"Tree{self._kids!r}"
pprint({"t": Tree(Tree(), Tree(Tree()))}, indent=2)
# %% traceback_as_text
import io, traceback
def divide(a, b):
    return a / b
try:
    divide(1, 0)
except ZeroDivisionError as e:
    text = traceback.format_exc()
    out = io.StringIO()
    traceback.print_exc(file=out)
    lines = traceback.format_exception(e)
    print(out.getvalue() == text, "".join(lines) == text)
    print("in divide" in text, text.splitlines()[-1], text.endswith("\n"))
print(traceback.format_exc())
# %% queues
from queue import Queue, PriorityQueue, LifoQueue, Empty
grid = ["..#.", "....", "#..."]
todo, seen = Queue(), {(0, 0)}
todo.put((0, 0, 0))
while not todo.empty():
    r, c, steps = todo.get()
    if (r, c) == (2, 3):
        print("reached in", steps)
        break
    for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        p, q = r + dr, c + dc
        if 0 <= p < 3 and 0 <= q < 4 and grid[p][q] == "." and (p, q) not in seen:
            seen.add((p, q))
            todo.put((p, q, steps + 1))
heap = PriorityQueue()
for item in (5, 1, 4):
    heap.put(item)
print(heap.qsize(), [heap.get() for _ in range(3)])
stack = LifoQueue(maxsize=2)
stack.put("a"); stack.put("b")
print(stack.full(), stack.get(), stack.get_nowait())
try:
    stack.get_nowait()
except Empty:
    print("empty")
# %% json_to_a_stream
import io, json, sys
json.dump({"a": [1, None]}, sys.stdout)
print()
stream = io.StringIO()
json.dump([1.5, "x"], stream, indent=1)
stream.seek(0)
print(json.load(stream), json.JSONDecoder().decode('{"k": [true]}'))
# %% copies_of_all_kinds
import copy
from collections import Counter, OrderedDict, defaultdict, deque, ChainMap
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
class Point(NamedTuple):
    x: int
    tags: list
@dataclass(frozen=True)
class Frozen:
    n: int
    items: list = field(default_factory=list)
@dataclass(slots=True)
class Slotted:
    a: int
    b: dict
class Stack(list):
    def __init__(self, *items, name="s"):
        super().__init__(items)
        self._name = name
class Trouble(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code
groups = defaultdict(list, a=[1])
values = [deque([1, [2]], maxlen=3), OrderedDict(a=[1]), groups, Counter("aab"), {1, 2}, frozenset({3}),
          Fraction(1, 3), Decimal("1.5"), date(2024, 2, 29), timedelta(1), bytearray(b"x"), range(3), 1j,
          Point(1, ["t"]), Frozen(1, [2]), Slotted(1, {"k": [1]}), ("a", [1]), slice(1, 2)]
for value in values:
    one, two = copy.copy(value), copy.deepcopy(value)
    print(type(two).__name__, one == value, two == value, two)
stack = Stack([1], 2, name="t")
two = copy.deepcopy(stack)
two[0].append(9)
print(stack, two, two._name, type(two).__name__)
error = copy.copy(Trouble(7))
print(error.code, error.args)
loop = [1]
loop.append(loop)
again = copy.deepcopy(loop)
print(again[1] is again, again is not loop)
shared = [0]
pair = copy.deepcopy({"a": shared, "b": shared})
pair["a"].append(1)
print(pair)
p = Point(1, ["t"])
print(copy.copy(p).tags is p.tags, copy.deepcopy(p).tags is p.tags, copy.deepcopy(ChainMap({"a": [1]}, {}))["a"])
# %% copy_hooks
import copy
class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next
    def __copy__(self):
        return Node(self.value, self.next)
    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        new = Node(copy.deepcopy(self.value, memo))
        memo[id(self)] = new
        new.next = copy.deepcopy(self.next, memo)
        return new
a = Node([1])
a.next = Node([2], a)
b = copy.deepcopy(a)
print(b is not a, b.next.next is b, b.value, b.value is not a.value, copy.copy(a).next is a.next)
# %% newtypes_and_named_tuples_of_typing
from typing import NamedTuple, NewType, Optional
UserId = NewType("UserId", int)
def name_of(user: Optional[UserId]) -> str:
    return f"user {user}"
print(name_of(UserId(5)), UserId.__name__, UserId(3) + 1)
Pair = NamedTuple("Pair", [("left", int), ("right", str)])
print(Pair(1, "b"), Pair(left=2, right="c")._replace(left=3), Pair._fields)
match Pair(1, "b"):
    case Pair(1, right):
        print(right)
# %% attributes_of_exceptions
def risky(n):
    try:
        return 1 / n
    except ZeroDivisionError as e:
        e.argument = n
        raise
try:
    risky(0)
except ZeroDivisionError as e:
    print(e.argument, e)
# %% catching_an_exit
import sys
def main():
    sys.exit(3)
try:
    main()
except BaseException as e:
    print(type(e).__name__, e.code)
try:
    raise KeyboardInterrupt
except:
    print("stopped")
def numbers():
    try:
        yield 1
        yield 2
    except GeneratorExit:
        print("closed")
g = numbers()
next(g)
g.close()
# %% names_of_a_class
class Config:
    debug = True
    _level = 3
    def show(self):
        pass
print([name for name in vars(Config) if not name.startswith("__")])
# %% copies_of_sentinels_and_counters
import copy, itertools
from dataclasses import dataclass, field
MISSING = object()
ids = itertools.count(5)
next(ids)
again = copy.copy(ids)
print(next(again), next(ids))
print(type(copy.copy(object())).__name__, type(copy.deepcopy({"m": MISSING})["m"]).__name__)
@dataclass
class Item:
    __slots__ = ("x",)
    x: int
print(Item.__slots__, Item(3))
@dataclass
class Field:
    n: int = field(default=1, metadata={"unit": "m"})
from dataclasses import fields
print(fields(Field)[0].metadata["unit"], Field())
# %% replacing_fields
from dataclasses import dataclass, field, replace, InitVar
from typing import ClassVar
@dataclass(frozen=True)
class Setting:
    name: str
    _level: int = 1
    tags: list = field(default_factory=list)
    count: ClassVar[int] = 0
    size: int = field(default=2, init=False)
    scale: InitVar[int] = 1
s = Setting("a", 3)
t = replace(s, name="b", scale=2)
print(t, t.tags is s.tags)
try:
    replace(s, size=3)
except ValueError as e:
    print("ValueError")
class Proxy:
    def __init__(self, target):
        self._target = target
    def __getattr__(self, name):
        return getattr(self._target, name)
p = Proxy([3, 1])
p.append(2)
print(p.count(1), p._target, hasattr(p, "nothing"))
# %% copies_of_flags_and_none
import copy
from dataclasses import dataclass, field
from collections import deque, defaultdict, namedtuple
@dataclass
class Task:
    name: str
    done: bool = False
    tags: list = field(default_factory=lambda: [True, None, ...])
P = namedtuple("P", "ok why")
state = {"flags": [True, False], "point": (1, True, None), "q": deque([True, b"x", 1j]), "t": Task("a", True)}
twin = copy.deepcopy(state)
twin["flags"].append(True)
twin["t"].tags[0] = False
print(state, twin, copy.copy(True), copy.deepcopy(False), copy.deepcopy((True, [None])), copy.copy(P(True, None)))
print(copy.deepcopy(defaultdict(bool, {"a": True})), copy.deepcopy(P([True], NotImplemented)), copy.deepcopy({True: {False}}))
# %% arrays
from array import array
import copy
a = array("i", [5, 3, 9])
a.append(7)
a.extend([1, 2])
a.extend(array("i", (4,)))
a.insert(0, -6)
a.fromlist([8])
print(a, len(a), a[0], a[-1], a[1:4], a[::-2], a.typecode, a.itemsize, 9 in a, a.index(9), a.count(3), sum(a), max(a))
a[0] = 10
a[1:3] = array("i", [0])
del a[-1]
a.remove(1)
print(a.pop(), a.pop(0), a.tolist(), sorted(a), list(reversed(a)), a == array("i", a), a != a[:1], a < array("i", [9]))
a.reverse()
print(a + a[:1], a * 2, 2 * a[:1], array("d", [0.5, 2]), array("f", [0.1, 1e300, -1e300]), array("u", "hé"), array("b"), array("B", b"ab"))
b = copy.copy(a); c = copy.deepcopy(a); b += array("i", [1]); c *= 2
print(a, b, c, a.tobytes(), array("h", a.tobytes()[:4]), array("Q", range(3)).tolist(), array("u", "hé").tounicode())
for bad in (lambda: array("b", [128]), lambda: array("i", [1.5]), lambda: array("x"), lambda: array("i", ["a"]), lambda: array("d", ["1"]),
            lambda: a.append("z"), lambda: array("i").pop(), lambda: a.index(12345), lambda: a[99], lambda: a.__setitem__(slice(0, 1), [1]),
            lambda: a + [1], lambda: array("I", [-1]), lambda: array("i", "ab"), lambda: hash(a), lambda: array("u", ["ab"]), lambda: array("H", b"a")):
    try:
        print(bad())
    except Exception as error:
        print(type(error).__name__)
class Stack(array):
    def push(self, x): self.append(x); return self
print(Stack("i", [1]).push(2), isinstance(Stack("i"), array), [x for x in Stack("h", [3]).push(4)])
# %% cache_by_type
from functools import lru_cache
calls = []
@lru_cache(maxsize=2, typed=True)
def f(x, *, k=None):
    "doubles"
    calls.append(x)
    return x * 2
print(f(3), f(3.0), f(3), f(True), f(3, k=1), f(3, k=1.0), calls, f.cache_info(), f.cache_parameters(), f.__name__, f.__doc__)
f.cache_clear()
@lru_cache
def g(x): g.misses += 1; return x
g.misses = 0
g(1), g(1), g(2)
class A:
    @lru_cache(typed=True)
    def m(self, x): return x, len(calls)
a = A()
print(f.cache_info(), g.misses, a.m(1), a.m(1.0), a.m(1))
# %% single_dispatch_narrowest
from functools import singledispatch
from collections.abc import Iterable, Sequence, Mapping
@singledispatch
def show(x):
    "shows"
    return "other"
@show.register(Iterable)
def _(x): return "iterable"
@show.register(Sequence)
def _(x): return "sequence"
@show.register(Mapping)
def _(x): return "mapping"
print(show([1]), show({1: 2}), show({1}), show(3), show("a"), show.__name__)
# %% settings_of_library_objects
import textwrap
from collections import defaultdict
w = textwrap.TextWrapper()
w.width = 12
w.initial_indent = "* "
w.subsequent_indent = "  "
print(w.fill("the quick brown fox jumps"))
tree = lambda: defaultdict(tree)
d = defaultdict(int)
d["a"] += 1
d.default_factory = None
try:
    d["b"]
except KeyError as e:
    print("no", e, dict(d))
# %% queue_of_ones_own
from queue import Queue
class SetQueue(Queue):
    def _init(self, maxsize): self.queue = set()
    def _put(self, item): self.queue.add(item)
    def _get(self): return self.queue.pop()
q = SetQueue()
for x in (1, 1, 1): q.put(x)
print(q.qsize(), q.get(), q.empty())
# %% abstract_set_and_registered_classes
from abc import ABC, abstractmethod
from collections.abc import Set
class Bag(Set):
    def __init__(self, items): self.items = sorted(set(items))
    @classmethod
    def _from_iterable(cls, items): return cls(items)
    def __contains__(self, x): return x in self.items
    def __iter__(self): return iter(self.items)
    def __len__(self): return len(self.items)
    def __hash__(self): return self._hash()
    def __repr__(self): return f"Bag({self.items})"
a, b = Bag("hello"), Bag("world")
print(a & b, a | b, a - b, a ^ b, a <= a | b, hash(a) == hash(Bag("olleh")), len({a, Bag("hello")}))
class Shape(ABC):
    @abstractmethod
    def area(self): ...
@Shape.register
class Square:
    def area(self): return 4
Shape.register(tuple)
print(isinstance(Square(), Shape), issubclass(tuple, Shape), isinstance([], Shape))
# %% json_encoder_of_ones_own
import json
class E(json.JSONEncoder):
    def default(self, o): return sorted(o)
    def iterencode(self, o, _one_shot=False):
        for chunk in super().iterencode(o, _one_shot): yield chunk.replace(" ", "")
print(json.dumps({"a": {3, 1}}, cls=E), "".join(E().iterencode([1, {2}])))
# %% members_by_value
from enum import Enum
class Color(Enum):
    RED = "r"
    BLUE = "b"
print("r" in Color._value2member_map_, "x" in Color._value2member_map_, list(Color._value2member_map_))
# %% decorators_that_are_classes
import functools
class count_calls:
    def __init__(self, func):
        functools.update_wrapper(self, func)
        self.func, self.calls = func, 0
    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.func(*args, **kwargs)
    def __get__(self, obj, cls): return functools.partial(self, obj)
@count_calls
def add(a: int, b: int) -> int:
    "adds"
    return a + b
class C:
    @count_calls
    def m(self, x): return x
c = C()
print(add(1, 2), add(3, b=4), add.calls, add.__name__, add.__doc__, c.m(5))
def traced(f):
    @functools.wraps(f)
    def inner(*args): return f(*args)
    return inner
@traced
def g(_n: int, m: "str") -> None: "gee"
print(g.__name__, g.__doc__, g.__annotations__)
from contextlib import contextmanager
@contextmanager
def opened(name):
    "opens"
    yield name
with opened("x") as n: print(n, opened.__name__, opened.__doc__)
# %% errors_of_text_told_apart
for act in (lambda: b"\xff".decode(), lambda: "\u1234".encode("ascii"), lambda: int("x")):
    try:
        act()
    except UnicodeEncodeError as e:
        print("encode", e.reason, e.start)
    except (UnicodeDecodeError, KeyError) as e:
        print("decode", e.reason, e.start)
    except ValueError as e:
        print("value", e)
# %% moments
import time, calendar
t = time.gmtime(86400 * 365)
print(time.strftime("%Y-%m-%d %H:%M:%S %A", t), t.tm_year, t[:3], time.asctime(t), time.ctime(0), time.mktime(time.gmtime(1e9)))
print(time.strptime("2024-02-29", "%Y-%m-%d").tm_yday, calendar.monthcalendar(2024, 2), calendar.SUNDAY)
print(calendar.month(2024, 2), list(calendar.Calendar().itermonthdays(2023, 2))[:9])
# %% small_modules
import ast, zlib, warnings, base64
print(ast.literal_eval("{'a': [1, -2.5, (None, True)]}"), zlib.crc32(b"hello"), zlib.adler32(b"hello"), zlib.decompress(zlib.compress(b"x" * 100)) == b"x" * 100)
for bad in ("f()", "1 +", "[" * 500):
    try: ast.literal_eval(bad)
    except (ValueError, SyntaxError, MemoryError) as e: print(type(e).__name__)
print(base64.urlsafe_b64encode(b"\xff\xfe~"), base64.urlsafe_b64decode("__5-"))
# %% less_common_library
import pprint, warnings, io, types, json, json.decoder, sys
from functools import singledispatchmethod
from collections import OrderedDict, defaultdict
from datetime import date
from fractions import Fraction
class Show:
    @singledispatchmethod
    def show(self, x): return f"object {x}"
    @show.register
    def _(self, x: int): return f"int {x}"
    @show.register(list)
    def _(self, x): return f"list {len(x)}"
print(Show().show(1), Show().show([1]), Show().show("a"))
pprint.PrettyPrinter(width=20).pprint({"a": [1, 2, 3], "b": list(range(10))})
with warnings.catch_warnings(record=True) as caught: print(caught)
print(io.SEEK_END, isinstance(lambda: 1, types.FunctionType))
class Managed:
    def __enter__(self): return self
    def __exit__(self, kind, error: BaseException | None, tb: types.TracebackType | None) -> bool: return True
with Managed(): 1 / 0
try: json.loads("{")
except json.decoder.JSONDecodeError as e: print(e)
class Ordered(OrderedDict):
    def __init__(self, *given): OrderedDict.__init__(self, *given)
class Lists(defaultdict):
    def __init__(self): defaultdict.__init__(self, list)
class Day(date):
    def __new__(cls, year): return date.__new__(cls, year, 1, 1)
class Half(Fraction):
    def __new__(cls, n): return Fraction.__new__(cls, n, 2)
lists = Lists(); lists["x"].append(1)
print(Ordered([(1, 2)]), dict(lists), Day(2020), Half(3))
