# ruff: noqa
# fmt: off
# %% counter_with_private_attribute
class Counter:
    def __init__(self):
        self._n = 0
    def up(self, by=1):
        self._n += by
        return self
    @property
    def n(self):
        return self._n
c = Counter().up().up(3)
c.n
# %% bank_account
class BankAccount:
    """A simple account."""
    rate = 0.02
    def __init__(self, owner, balance=0):
        self.owner = owner
        self.__balance = balance
        self.history = []
    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("deposit must be positive")
        self.__balance += amount
        self.history.append(("deposit", amount))
    def withdraw(self, amount):
        if amount > self.__balance:
            raise ValueError("insufficient funds")
        self.__balance -= amount
        self.history.append(("withdraw", amount))
    def get_balance(self):
        return self.__balance
a = BankAccount("Ann", 100)
a.deposit(50)
try:
    a.withdraw(500)
except ValueError as e:
    print("Error:", e)
a.withdraw(30)
print(a.get_balance(), a.history, BankAccount.__doc__)
print(a._BankAccount__balance)
# %% inheritance_and_super
class Shape:
    def __init__(self, name):
        self.name = name
    def area(self):
        raise NotImplementedError("subclass must implement")
    def __str__(self):
        return f"{self.name} with area {self.area():.2f}"
class Circle(Shape):
    def __init__(self, r):
        super().__init__("Circle")
        self.r = r
    def area(self):
        return 3.14159 * self.r ** 2
class Square(Shape):
    def __init__(self, s):
        Shape.__init__(self, "Square")
        self.s = s
    def area(self):
        return self.s * self.s
for s in [Circle(2), Square(3)]:
    print(s)
try:
    Shape("x").area()
except NotImplementedError as e:
    print(type(e).__name__, e)
isinstance(Circle(1), Shape), issubclass(Square, Shape)
# %% vector_operators
import math
class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)
    def __sub__(self, o): return Vector(self.x - o.x, self.y - o.y)
    def __mul__(self, k): return Vector(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __neg__(self): return Vector(-self.x, -self.y)
    def __eq__(self, o): return isinstance(o, Vector) and (self.x, self.y) == (o.x, o.y)
    def __hash__(self): return hash((self.x, self.y))
    def __abs__(self): return math.hypot(self.x, self.y)
    def __bool__(self): return bool(self.x or self.y)
    def __repr__(self): return f"Vector({self.x}, {self.y})"
    def __iter__(self):
        yield self.x
        yield self.y
v, w = Vector(3, 4), Vector(1, -1)
v += w
print(v, v - w, 2 * w, -w, abs(Vector(3, 4)), bool(Vector(0, 0)), list(v), v == Vector(4, 3), len({v, Vector(4, 3)}))
x, y = v
x * y
# %% container_protocol
class Deck:
    def __init__(self, cards):
        self._cards = list(cards)
    def __len__(self): return len(self._cards)
    def __getitem__(self, i): return self._cards[i]
    def __setitem__(self, i, v): self._cards[i] = v
    def __delitem__(self, i): del self._cards[i]
    def __contains__(self, c): return c in self._cards
    def __reversed__(self): return reversed(self._cards)
d = Deck("ABCDE")
d[0] = "Z"
del d[1]
print(len(d), d[0], d[-1], d[1:3], "Z" in d, list(reversed(d)), [c for c in d])
# %% iterator_class
class Countdown:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return self
    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1
print(list(Countdown(4)), sum(Countdown(10)), next(Countdown(2)))
# %% context_manager_class
class Managed:
    def __init__(self, name): self.name = name
    def __enter__(self):
        print("enter", self.name)
        return self
    def __exit__(self, exc_type, exc, tb):
        print("exit", self.name, exc_type.__name__ if exc_type else None, exc)
        return exc_type is ValueError
with Managed("a") as m, Managed("b"):
    print("in", m.name)
with Managed("c"):
    raise ValueError("swallowed")
try:
    with Managed("d"):
        raise KeyError("k")
except KeyError as e:
    print("caught", e)
# %% callable_object
class Multiplier:
    def __init__(self, k): self.k = k
    def __call__(self, x): return self.k * x
double = Multiplier(2)
list(map(double, [1, 2, 3])), callable(double)
# %% classmethod_and_staticmethod
class Date:
    count = 0
    def __init__(self, y, m, d):
        self.y, self.m, self.d = y, m, d
        Date.count += 1
    @classmethod
    def from_string(cls, s):
        return cls(*map(int, s.split("-")))
    @staticmethod
    def is_valid(s):
        parts = s.split("-")
        return len(parts) == 3 and all(p.isdigit() for p in parts)
    def __repr__(self): return f"Date({self.y}, {self.m}, {self.d})"
print(Date.from_string("2024-02-29"), Date.is_valid("2024-1-x"), Date.is_valid("2024-1-2"), Date.count)
# %% property_setter_and_deleter
class Temperature:
    def __init__(self, c): self.celsius = c
    @property
    def celsius(self): return self._c
    @celsius.setter
    def celsius(self, v):
        if v < -273.15:
            raise ValueError("below absolute zero")
        self._c = v
    @celsius.deleter
    def celsius(self): del self._c
    @property
    def fahrenheit(self): return self._c * 9 / 5 + 32
t = Temperature(25)
t.celsius += 5
print(t.celsius, t.fahrenheit)
try:
    t.celsius = -300
except ValueError as e:
    print(e)
del t.celsius
print(hasattr(t, "celsius"), hasattr(t, "_c"))
# %% linked_list
class Node:
    def __init__(self, value, next=None):
        self.value = value
        self.next = next
class LinkedList:
    def __init__(self):
        self.head = None
        self.size = 0
    def push(self, v):
        self.head = Node(v, self.head)
        self.size += 1
    def reverse(self):
        prev = None
        cur = self.head
        while cur:
            nxt = cur.next
            cur.next = prev
            prev = cur
            cur = nxt
        self.head = prev
    def __iter__(self):
        n = self.head
        while n:
            yield n.value
            n = n.next
l = LinkedList()
for i in range(5):
    l.push(i)
l.reverse()
print(list(l), l.size)
# %% binary_search_tree
class Tree:
    class _Node:
        def __init__(self, key):
            self.key, self.left, self.right = key, None, None
    def __init__(self): self._root = None
    def insert(self, key):
        if self._root is None:
            self._root = Tree._Node(key)
            return
        node = self._root
        while True:
            side = "left" if key < node.key else "right"
            child = getattr(node, side)
            if child is None:
                setattr(node, side, Tree._Node(key))
                return
            node = child
    def walk(self):
        def go(n):
            if n:
                yield from go(n.left)
                yield n.key
                yield from go(n.right)
        return list(go(self._root))
t = Tree()
for k in [5, 2, 8, 1, 9, 3]:
    t.insert(k)
t.walk()
# %% stack_and_queue
class Stack:
    def __init__(self): self.__items = []
    def push(self, x): self.__items.append(x)
    def pop(self):
        if not self.__items:
            raise IndexError("pop from empty stack")
        return self.__items.pop()
    def __len__(self): return len(self.__items)
s = Stack()
s.push(1); s.push(2)
print(s.pop(), s.pop(), len(s))
try:
    s.pop()
except IndexError as e:
    print(e)
# %% multiple_inheritance
class A:
    def who(self): return "A"
class B(A):
    def who(self): return "B" + super().who()
class C(A):
    def who(self): return "C" + super().who()
class D(B, C):
    def who(self): return "D" + super().who()
D().who()
# %% abstract_base_class
from abc import ABC, abstractmethod
class Animal(ABC):
    @abstractmethod
    def sound(self): ...
    def speak(self): return self.sound() + "!"
class Dog(Animal):
    def sound(self): return "Woof"
print(Dog().speak())
try:
    Animal()
except TypeError as e:
    print("TypeError")
# %% slots_class
class P:
    __slots__ = ("x", "_y")
    def __init__(self, x, y):
        self.x = x
        self._y = y
p = P(1, 2)
try:
    p.z = 3
except AttributeError:
    print("no z")
p.x + p._y
# %% singleton_new
class Config:
    _instance = None
    def __new__(cls, *args):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance
    def __init__(self, v): self.v = v
a, b = Config(1), Config(2)
a is b, a.v
# %% getattr_proxy
class Dot:
    def __init__(self, d): self.d = d
    def __getattr__(self, name):
        try:
            return self.d[name]
        except KeyError:
            raise AttributeError(name)
o = Dot({"a": 1})
print(o.a, getattr(o, "b", "none"), hasattr(o, "c"))
# %% registry_init_subclass
class Plugin:
    registry = {}
    def __init_subclass__(cls, **kw):
        super().__init_subclass__(**kw)
        Plugin.registry[cls.__name__] = cls
class Alpha(Plugin): pass
class Beta(Plugin): pass
sorted(Plugin.registry)
# %% sorting_objects
from functools import total_ordering
@total_ordering
class Version:
    def __init__(self, s): self.parts = tuple(map(int, s.split(".")))
    def __eq__(self, o): return self.parts == o.parts
    def __lt__(self, o): return self.parts < o.parts
    def __repr__(self): return ".".join(map(str, self.parts))
vs = [Version(s) for s in ["1.10", "1.2", "0.9"]]
print(sorted(vs), max(vs), Version("1.0") >= Version("1.0"))
# %% exception_hierarchy
class AppError(Exception):
    def __init__(self, msg, code=1):
        super().__init__(msg)
        self.code = code
class NotFound(AppError):
    pass
try:
    raise NotFound("no such thing", code=404)
except AppError as e:
    print(type(e).__name__, e, e.code, e.args, isinstance(e, NotFound))
# %% operator_overloading_matrix
class Matrix:
    def __init__(self, rows): self.rows = [list(r) for r in rows]
    def __matmul__(self, o):
        return Matrix([[sum(a * b for a, b in zip(r, c)) for c in zip(*o.rows)] for r in self.rows])
    def __getitem__(self, ij):
        i, j = ij
        return self.rows[i][j]
    def __str__(self): return "\n".join(" ".join(map(str, r)) for r in self.rows)
m = Matrix([[1, 2], [3, 4]])
print(m @ m)
m[1, 0]
# %% class_attributes_and_dict
class Dog:
    kind = "canine"
    def __init__(self, name): self.name = name
a, b = Dog("Rex"), Dog("Fido")
a.kind = "wolf"
print(a.kind, b.kind, Dog.kind, a.__dict__, vars(b), a.__class__.__name__, type(b) is Dog, Dog.__name__)
# %% descriptor
class Positive:
    def __init__(self, name): self.name = name
    def __get__(self, obj, owner):
        return obj.__dict__.get(self.name, 0)
    def __set__(self, obj, value):
        if value < 0:
            raise ValueError(f"{self.name} must be >= 0")
        obj.__dict__[self.name] = value
class Item:
    price = Positive("price")
    def __init__(self, price): self.price = price
i = Item(5)
try:
    i.price = -1
except ValueError as e:
    print(e)
i.price
# %% immutable_setattr
class Frozen:
    def __init__(self, x):
        object.__setattr__(self, "x", x)
    def __setattr__(self, name, value):
        raise AttributeError("frozen")
f = Frozen(3)
try:
    f.x = 4
except AttributeError as e:
    print(e)
f.x
# %% dict_subclass
class Default(dict):
    def __missing__(self, key):
        self[key] = len(self)
        return self[key]
d = Default()
print(d["a"], d["b"], d["a"], dict(d))
# %% list_subclass
class Stack(list):
    def push(self, x):
        self.append(x)
    def peek(self):
        return self[-1] if self else None
s = Stack([1])
s.push(2)
s, s.peek(), len(s)
# %% tuple_subclass_new
class Point(tuple):
    def __new__(cls, x, y):
        return super().__new__(cls, (x, y))
    @property
    def x(self): return self[0]
Point(3, 4).x, Point(1, 2) == (1, 2)
# %% private_helpers_and_constants
class Parser:
    _OPS = {"+": 1, "*": 2}
    def _prec(self, op): return self._OPS[op]
    def __helper(self): return "h"
    def run(self): return self._prec("*"), self.__helper()
Parser().run(), Parser._OPS
# %% game_of_life_class
class Life:
    def __init__(self, cells): self.cells = set(cells)
    def neighbours(self, x, y):
        return [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)]
    def step(self):
        counts = {}
        for c in self.cells:
            for n in self.neighbours(*c):
                counts[n] = counts.get(n, 0) + 1
        self.cells = {c for c, k in counts.items() if k == 3 or (k == 2 and c in self.cells)}
g = Life([(1, 0), (1, 1), (1, 2)])
g.step()
print(sorted(g.cells))
g.step()
sorted(g.cells)
# %% inventory_system
class Inventory:
    def __init__(self): self.items = {}
    def add(self, name, qty, price):
        if name in self.items:
            self.items[name]["qty"] += qty
        else:
            self.items[name] = {"qty": qty, "price": price}
    def total(self): return sum(i["qty"] * i["price"] for i in self.items.values())
inv = Inventory()
inv.add("apple", 3, 0.5); inv.add("pear", 2, 0.75); inv.add("apple", 1, 0.5)
print(inv.items, inv.total())
for name, item in sorted(inv.items.items()):
    print(f"{name:<10}|{item['qty']:>5}|{item['price']:>8.2f}")
# %% comparison_methods
class Card:
    RANKS = "23456789TJQKA"
    def __init__(self, s): self.s = s
    def __lt__(self, o): return self.RANKS.index(self.s) < self.RANKS.index(o.s)
    def __gt__(self, o): return o < self
    def __le__(self, o): return not o < self
    def __ne__(self, o): return self.s != o.s
    def __repr__(self): return self.s
cards = [Card(c) for c in "K2A9"]
print(sorted(cards), max(cards), Card("2") <= Card("3"), Card("2") != Card("2"))
# %% format_method
class Money:
    def __init__(self, v): self.v = v
    def __format__(self, spec): return f"${self.v:{spec or '.2f'}}"
print(f"{Money(3)} {Money(2.5):.3f}", "{:.1f}".format(Money(9)), format(Money(1)))
# %% validating_descriptor
class Positive:
    def __set_name__(self, owner, name):
        self.name = name
        self.slot = "_" + name
    def __get__(self, obj, owner=None):
        return self if obj is None else getattr(obj, self.slot)
    def __set__(self, obj, value):
        if value <= 0:
            raise ValueError(f"{self.name} must be positive")
        setattr(obj, self.slot, value)
class Box:
    width = Positive()
    _depth = Positive()
    def __init__(self, width, depth):
        self.width = width
        self._depth = depth
b = Box(3, 4)
try:
    b.width = -1
except ValueError as e:
    print(e)
try:
    b._depth = -1
except ValueError as e:
    print(e)
b.width * b._depth, Box.width.name
# %% setattr_by_private_name
class Record:
    def __init__(self, **values):
        object.__setattr__(self, "_data", dict(values))
    def __setattr__(self, name, value):
        if name == "_data":
            object.__setattr__(self, name, value)
        else:
            self._data[name] = value
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._data[name]
        except KeyError:
            raise AttributeError(f"no {name}") from None
    def __delattr__(self, name):
        if name == "_data":
            raise AttributeError("not that one")
        del self._data[name]
r = Record(a=1)
r.b = 2
del r.a
try:
    r.c
except AttributeError as e:
    print(e)
try:
    del r._data
except AttributeError as e:
    print(e)
r._data, hasattr(r, "_missing")
# %% names_of_private_things
def _helper(): pass
class _Node: pass
print(_helper.__name__, len(_helper.__name__), f"{_Node.__name__:>8}|")
_helper.__name__ == "_helper", type(_Node()).__name__ == "_Node", _Node.__qualname__.startswith("_N")
# %% dataclass_with_private_fields
import json
from dataclasses import dataclass, asdict, fields
@dataclass
class Account:
    owner: str
    _balance: float = 0.0
a = Account("Ann", 2.5)
print(json.dumps(asdict(a)))
[(f.name, getattr(a, f.name)) for f in fields(a)], asdict(a)["_balance"]
# %% slots_dataclass_under_init_subclass
from dataclasses import dataclass
class Registered:
    kinds = []
    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        cls.tag = cls.__name__.lower()
        Registered.kinds.append(cls.tag)
@dataclass(slots=True)
class Point(Registered):
    x: int = 1
Point(2), Point.tag, set(Registered.kinds)
# %% enum_with_values_and_missing
from enum import Enum
class Level(Enum):
    LOW = (1, "low")
    HIGH = (2, "high")
    def __new__(cls, value, label):
        member = object.__new__(cls)
        member._value_ = value
        member.label = label
        return member
    @classmethod
    def _missing_(cls, value):
        return cls.HIGH
Level(1).label, Level(9), list(Level.__members__), Level["LOW"].value
# %% classes_derived_from_the_library
import json
import random
import string
from abc import ABC, ABCMeta
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from collections.abc import Mapping, Sequence
from typing import Dict, Generic, List, NamedTuple, Protocol, TypedDict, TypeVar
T = TypeVar("T")
class A(NamedTuple):
    x: int
class B(TypedDict):
    x: int
class C(Generic[T]): pass
class D(List[int]): pass
class E(UserDict): pass
class F(Counter): pass
class G(namedtuple("G", "a b")):
    def total(self): return self.a + self.b
class H(Mapping):
    def __getitem__(self, key): return 1
    def __iter__(self): return iter("ab")
    def __len__(self): return 2
class I(ABC): pass
class J(metaclass=ABCMeta): pass
class K(random.Random): pass
class L(json.JSONEncoder):
    def default(self, o): return "?"
class M(string.Template): pass
class N(list[int]): pass
class O(Protocol): pass
class P(Dict[str, int]): pass
class Q(defaultdict): pass
class R(deque): pass
class S(ValueError): pass
class U(property): pass
class V(OrderedDict): pass
class W(UserList): pass
class X(C[int]): pass
class Y(Sequence[int]):
    def __getitem__(self, i): return [5, 6][i]
    def __len__(self): return 2
print(A(1), B(x=1), D([1]), E(a=1), G(1, 2).total(), dict(H()), json.dumps({"a": object()}, cls=L), list(Y()))
# %% descriptors_that_cooperate
class Descriptor:
    def __init__(self, name=None): self.name = name
    def __set_name__(self, owner, name): self.name = self.name or name
    def __get__(self, obj, cls=None): return self if obj is None else obj.__dict__[self.name]
    def __set__(self, obj, value): obj.__dict__[self.name] = value
    def __delete__(self, obj): raise AttributeError("can't delete")
class Typed(Descriptor):
    kind = object
    def __set__(self, obj, value):
        if not isinstance(value, self.kind): raise TypeError(f"{self.name} must be {self.kind.__name__}")
        super().__set__(obj, value)
class Int(Typed): kind = int
class Positive(Int):
    def __set_name__(self, owner, name):
        super().__set_name__(owner, name)
        self.owner = owner.__name__
    def __set__(self, obj, value):
        if value <= 0: raise ValueError(f"{self.owner}.{self.name} must be positive")
        super().__set__(obj, value)
    def __get__(self, obj, cls=None): return super().__get__(obj, cls)
class Stock:
    shares = Positive()
    _price = Int()
    def __init__(self, shares, price): self.shares, self._price = shares, price
s = Stock(3, 4)
print(s.shares, s._price, Stock.shares.name, Stock._price.name)
for bad in ((0, 1), (1, "x"), ("a", 1)):
    try: Stock(*bad)
    except (TypeError, ValueError) as e: print(type(e).__name__, e)
class Bound:
    def __init__(self, f): self.f = f
    def __get__(self, obj, cls):
        method = self.f.__get__(obj, cls)
        return lambda *args: ("bound", method(*args))
class U:
    n = 5
    @Bound
    def m(self, x): return self.n + x
print(U().m(2))
# %% context_managers_by_class
class Lock:
    log = []
    @classmethod
    def __enter__(cls): cls.log.append("in"); return cls
    @staticmethod
    def __exit__(kind, error, tb): Lock.log.append(kind and kind.__name__); return True
with Lock() as l: print(l is Lock)
with Lock(): 1 / 0
print(Lock.log)
# %% resolution_order
class A: pass
class B(A): pass
class C(A): pass
class D(B, C): pass
print([c.__name__ for c in D.mro()], D.mro() == list(D.__mro__))
class Named:
    def __init__(self): self.mro, self.func_name, self.keywords = 3, "f", ["a"]
    def __str__(self): return "{self.func_name} {self.mro} {k[0]}".format(self=self, k=self.keywords)
print(Named(), str.format("{s}", s=2))
class Methods:
    def mro(self): return 7
print(Methods().mro())
class Inherited:
    limit: int = 5
    def run(self): return 1
from dataclasses import dataclass
@dataclass
class Own(Inherited):
    limit: int
    size: int = 2
print(Own(), Own(1).run())
