# ruff: noqa
# fmt: off
# %% private_keywords
import json
from dataclasses import dataclass, asdict, replace
from string import Template
def f(**kw): return kw
def g(a, *, _b=1, **_rest): return a, _b, _rest
print(f(_id=1, x=2), "_id" in f(_id=1), json.dumps(f(_id=1)), f(**f(_id=3, y=4)), g(1, _b=2, _c=3), g(1, **{"_b": 5, "_d": 6}))
print(dict(_x=1)["_x"], dict({"_a": 1}, _b=2), dict(**{"_q": 1}), "{_n} {m}".format(_n=1, m=2), Template("$_n-$m").substitute(_n=1, m=2))
d = {}
d.update(_k=1, **{"_l": 2})
print(d, sorted(d), (lambda **kw: sorted(kw.items()))(_z=1, a=2), (lambda _p, **_kw: (_p, _kw))(_p=1, _q=2))
@dataclass
class Doc:
    _id: int
    name: str = "n"
    _tags: tuple = ()
doc = Doc(**json.loads('{"_id": 7}'))
print(doc, Doc(**asdict(doc)) == doc, replace(doc, _id=8), repr(doc) == "Doc(_id=7, name='n', _tags=())", len(repr(doc)), f"|{doc!s:<40}|")
class P:
    def __init__(self, x, _y=0): self.x, self._y = x, _y
    def moved(self, **changes): return type(self)(**{**vars(self), **changes})
    def __repr__(self): return f"P({self.x}, {self._y})"
class Q(P):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kwargs = kwargs
print(P(1, _y=2).moved(_y=5), P(1).moved(x=3), Q(1, _y=2).kwargs, Q(_y=1, x=2))
def traced(fn):
    def inner(*args, **kwargs):
        return fn.__name__, args, kwargs, fn(*args, **kwargs)
    return inner
@traced
def h(_a, _b=2): return _a + _b
print(h(1), h(_a=1, _b=5))
from functools import partial
print(partial(h, _a=10)(_b=1))
class Plugin:
    known = {}
    def __init_subclass__(cls, _name=None, **kw):
        super().__init_subclass__()
        Plugin.known[_name or cls.__name__] = kw
class A(Plugin, _name="first", size=1): pass
print(Plugin.known)
# %% mangled_names
class _Stack:
    __count = 0
    def __init__(self):
        self.__items = []
        _Stack.__count += 1
    def push(self, __x):
        def inner(): return self.__items + [__x]
        self.__items = inner()
        return self
    def __hidden(self): return self.__items
    @classmethod
    def count(cls): return cls.__count
class Sub(_Stack):
    def __init__(self):
        super().__init__()
        self.__items = "own"
    def both(self): return self.__items, self._Stack__items, self._Stack__hidden()
s = Sub().push(1).push(2)
print(s.both(), sorted(vars(s)), _Stack.count(), s._Stack__items, hasattr(s, "__items"), getattr(s, "_Sub__items"))
class __:
    def __init__(self): self.__x = 1
print(vars(__()))
class Outer:
    class __Inner:
        __v = 3
        def get(self): return self.__v
    def make(self): return Outer.__Inner().get()
print(Outer().make(), Outer._Outer__Inner._Inner__v)
# %% names_of_private_classes
from enum import Enum
class _Node:
    def _peek(self): return 1
    class _Leaf: pass
class _Err(ValueError): pass
class _Color(Enum): RED = 1
def _f(): pass
print(_Node.__name__, _Node._Leaf.__qualname__, repr(_Node), repr(_Err("x")) == "_Err('x')", str(_Color.RED) == "_Color.RED", f"[{_Color.RED!s:>12}]", len(str(_Node)))
print([n for n in dir(_Node) if n[0] == "_" and n[1] != "_"], [n for n in vars(_Node) if n[:2] != "__"])
class S:
    def _get(self): return 1
    def _helper(self): return 2
    def _make(self): return 3
    value = property(_get)
print([n for n in dir(S) if n[0] == "_" and n[1] != "_"], S().value)
def counted(n):
    counted.calls = n
    return vars(counted), counted.__dict__
print(counted(3))
# %% ancestors
class A: pass
class B(A): pass
class C(A): pass
class D(B, C): pass
print([k.__name__ for k in D.__mro__], [k.__name__ for k in D.__bases__], D.__base__.__name__)
print([k.__name__ for k in A.__subclasses__()], " -> ".join(k.__name__ for k in type(D()).__mro__), D.__mro__[-1] is object)
class Base:
    @classmethod
    def all(cls):
        found = []
        for sub in cls.__subclasses__():
            found.append(sub.__name__); found += sub.all()
        return found
class X(Base): pass
class Y(X): pass
print(Base.all())
# %% methods_set_by_class_decorators
def with_repr(cls):
    def __repr__(self): return f"{cls.__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"
    cls.__repr__ = __repr__
    return cls
def with_order(key):
    def decorate(cls):
        cls.__lt__ = lambda self, other: key(self) < key(other)
        cls.__eq__ = lambda self, other: key(self) == key(other)
        cls.__hash__ = lambda self: hash(key(self))
        return cls
    return decorate
def counting(cls):
    original = cls.__init__
    def __init__(self, *args, **kwargs):
        cls.made += 1
        original(self, *args, **kwargs)
    cls.__init__ = __init__
    cls.made = 0
    return cls
@with_repr
@with_order(lambda p: (p.x, p.y))
@counting
class P:
    def __init__(self, x, y): self.x, self.y = x, y
print(sorted([P(2, 1), P(1, 5)]), P(1, 1) == P(1, 1), len({P(1, 1), P(1, 1)}), P.made)
for name in ("add", "sub", "mul"):
    def method(self, other, name=name): return f"{name} {other}"
    setattr(P, f"__{name}__", method)
print(P(1, 1) + 2, P(1, 1) - 3, P(1, 1) * 4)
# %% format_fields
class P:
    def __init__(self, x, y): self.x, self.y = x, y
p = P(1.5, [10, {"k": "v"}])
print("{0.x} {0.y[0]} {p.y[1][k]!r:>6}|{q[name]:^9}|".format(p, p=p, q={"name": "bob"}))
print("{.x:{w}.{n}f}|{[1]}|{}".format(p, "ab", "end", w=8, n=2), "{a.x}{b[0]}".format_map({"a": p, "b": "xyz"}))
for bad in ("{0.z}", "{0[3]}", "{1.x}", "{}{0.x}", "{0.x}{}", "{0.y[1][z]}", "{0.x!z}", "{0.", "{k.x}"):
    try:
        print(bad.format(p))
    except Exception as e:
        print(bad, type(e).__name__)
# %% new_that_gives_something_else
class Maybe:
    def __new__(cls, x): return None if x is None else super().__new__(cls)
    def __init__(self, x): self.x = x
class Even(int):
    def __new__(cls, n): return "odd" if n % 2 else super().__new__(cls, n)
print(Maybe(None), Maybe(3).x, Even(3), Even(4) + 1)
# %% notes_and_vars
e = ValueError("x")
e.add_note("first")
e.add_note("second")
print(e.__notes__)
try:
    try: 1 / 0
    except ZeroDivisionError as z: raise KeyError("k") from z
except KeyError as k:
    print(k.__suppress_context__, repr(k.__cause__))
for thing in (5, "a", None):
    try: vars(thing)
    except TypeError as t: print("TypeError")
class Lock:
    def __enter__(self): return self
    def __exit__(self, kind, error, tb):
        print(kind and kind.__name__, error, bool(tb), tb is None)
        return True
with Lock(): 1 / 0
with Lock(): pass
from contextlib import contextmanager
@contextmanager
def tag(name):
    print(f"<{name}>")
    yield
    print(f"</{name}>")
@tag("p")
def text(): "says"; print("hi")
text()
print(text.__name__, text.__doc__)
# %% encodings
for name in ("utf-16-le", "utf-16-be", "utf-32-le", "cp1251", "cp850", "koi8-r", "iso-8859-15", "mac_roman", "utf-7", "raw_unicode_escape"):
    print(name, "é€" .encode(name, "replace"), "abc".encode(name).decode(name))
# %% keywords_of_what_is_called
from collections import Counter, UserDict, OrderedDict
from string import Template
from typing import TypedDict
from functools import partial
class A:
    def update(self, _force=False, **kw): return _force, kw
    def format(self, *, _x): return _x
print(A().update(_force=True), A().update(**{"_force": 1, "_y": 2}), A().format(_x=3))
class D(dict): pass
class AD(dict):
    def __init__(s, **k): super().__init__(**k)
class BD(dict):
    def __init__(s, **k): dict.__init__(s, **k)
class UD(UserDict):
    def __init__(s, **k): super().__init__(**k)
class T(TypedDict): _x: int
C, sub = Counter, Template("$_a").substitute
print(D(_x=1)["_x"], AD(_x=1), BD(_x=1), UD(_x=1), T(_x=1), UserDict(_x=1), C(_a=1), sub(_a=1), OrderedDict(_o=1))
d = D()
d.update(_k=1)
dict.update(d, _m=2)
c = Counter()
c.update(_c=2)
print(d, c, partial(A().update, _force=5)(**{"_z": 1}))
update = d.update
update(**{"_n": 3})
print(d["_n"])
# %% lambdas_with_keywords
class B:
    def h(self, **kw): return sorted(kw.items())
class C(B):
    h = lambda self, **kw: super().h(**kw)
print(C().h(_a=1, b=2), [x for x in map(lambda **k: k, [])], [(lambda x, **k: (x, k))(1, _y=2) for _ in range(2)])
# %% methods_called_by_class
class B:
    def __init__(self, x=0): self.x = x
    def __call__(self, y): return ("B", y)
class C(B):
    def __call__(self, y): return B.__call__(self, y), super().__call__(y)
print(C()(3), C().__call__(4), B.__call__(B(), 5), B.__call__.__name__, callable(B.__call__))
from enum import Enum
class Op(Enum):
    ADD = "+"
    def __call__(self, a, b): return a + b
print(Op.ADD(1, 2), Op.__call__(Op.ADD, 3, 4), Op("+"))
class M:
    def __f(self): return 1
    def name(self): return self.__f.__name__, type(self).__f.__qualname__
print(M().name(), len.__call__([1, 2]), int.__call__("3"))
# %% defaults_of_dataclasses
from dataclasses import dataclass, field, fields
@dataclass(slots=True)
class A:
    key: object = lambda v: v
    n: int = 2
print(A().n, A().key(5), A(key=len).key("abc"), A.__slots__)
class Typed:
    def __set_name__(self, owner, name): self.name = "_" + name
    def __get__(self, obj, cls=None):
        if obj is None: raise AttributeError("no default")
        return getattr(obj, self.name)
    def __set__(self, obj, value): setattr(obj, self.name, value)
@dataclass
class B:
    x: int = Typed()
    y: int = 3
try: B()
except TypeError as e: print("missing", "x" in str(e))
print(B(4), B(1, 2).x)
@dataclass
class Base:
    a: int
    b: list = field(default_factory=list)
    def double(self): return self.a * 2
@dataclass
class Child(Base):
    f: object = Base.double
    g: object = staticmethod(len)
print(Child(3).f(Child(4)), [f.name for f in fields(Child)], Child(1).g([1, 2]))
# %% dispatch_by_union_and_text
from __future__ import annotations
from functools import singledispatch
from typing import Union
class Own: pass
@singledispatch
def f(x): return "other"
@f.register
def _(x: int): return "int"
@f.register
def _(x: Own): return "own"
@f.register(list | tuple)
def _(x): return "sequence"
@f.register(Union[float, complex])
def _(x): return "number"
print(f(1), f(Own()), f([1]), f((1,)), f(1.5), f(1j), f("a"))
# %% arrays_of_arrays
from array import array
from queue import PriorityQueue, LifoQueue
import functools
a = array("d", array("i", [1, 2]))
print(a, bytes(array("H", [1, 500])), bytes(array("b", [1, -1])), isinstance(PriorityQueue(), LifoQueue))
def g(): "doc"
g.tag = 7
class W:
    def __init__(self, f): functools.update_wrapper(self, f)
print(W(g).tag, W(g).__name__)
