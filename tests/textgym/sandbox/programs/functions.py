# ruff: noqa
# fmt: off
# %% closures_and_nonlocal
def make_counter():
    n = 0
    def inc(by=1):
        nonlocal n
        n += by
        return n
    return inc
c = make_counter()
c(); c(5)
c()
# %% global_statement
total = 0
def add(x):
    global total
    total += x
for i in range(5):
    add(i)
total
# %% decorator_with_wraps
import functools
def log(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        print(f"calling {f.__name__} with {args} {kwargs}")
        result = f(*args, **kwargs)
        print("->", result)
        return result
    return wrapper
@log
def power(a, b=2):
    """a ** b"""
    return a ** b
power(3)
power(2, b=5)
power.__name__, power.__doc__
# %% decorator_with_arguments
def repeat(times):
    def deco(f):
        def wrapper(*a, **k):
            return [f(*a, **k) for _ in range(times)]
        return wrapper
    return deco
@repeat(times=3)
def greet(name): return f"hi {name}"
greet("bo")
# %% decorator_counting_calls
def counted(f):
    def wrapper(*a):
        wrapper.calls += 1
        return f(*a)
    wrapper.calls = 0
    return wrapper
@counted
def sq(x): return x * x
[sq(i) for i in range(4)]
sq.calls
# %% class_decorator
def add_repr(cls):
    cls.describe = lambda self: f"<{cls.__name__}>"
    return cls
@add_repr
class A: pass
A().describe()
# %% lru_cache_fibonacci
from functools import lru_cache
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(80), fib.cache_info().hits > 0)
# %% cache_decorator_grid_paths
from functools import cache
@cache
def paths(r, c):
    if r == 0 or c == 0:
        return 1
    return paths(r - 1, c) + paths(r, c - 1)
paths(15, 15)
# %% manual_memo
def memo(f):
    seen = {}
    def g(*a):
        if a not in seen:
            seen[a] = f(*a)
        return seen[a]
    return g
@memo
def ack(m, n):
    if m == 0: return n + 1
    if n == 0: return ack(m - 1, 1)
    return ack(m - 1, ack(m, n - 1))
ack(2, 6)
# %% default_and_keyword_arguments
def f(a, /, b, *args, c=3, d, **kw):
    return a, b, args, c, d, sorted(kw.items())
print(f(1, 2, d=4), f(1, 2, 5, 6, c=0, d=1, e=9, z=0))
args, kw = (1, 2), {"d": 4}
f(*args, **kw)
# %% mutable_default
def app(x, acc=[]):
    acc.append(x)
    return acc
app(1)
app(2)
# %% lambda_sorting
people = [("Bob", 30), ("Al", 25), ("Cy", 30)]
print(sorted(people, key=lambda p: (-p[1], p[0])), min(people, key=lambda p: p[1]), max(people, key=lambda p: len(p[0])))
# %% higher_order
compose = lambda *fs: lambda x: _apply_all(fs, x)
def _apply_all(fs, x):
    for f in reversed(fs):
        x = f(x)
    return x
compose(str, lambda x: x + 1, abs)(-4)
# %% recursion_hanoi
moves = []
def hanoi(n, a, b, c):
    if n:
        hanoi(n - 1, a, c, b)
        moves.append((a, c))
        hanoi(n - 1, b, a, c)
hanoi(4, "A", "B", "C")
len(moves), moves[:3]
# %% recursion_limit_setting
import sys
sys.setrecursionlimit(5000)
def depth(n): return 0 if n == 0 else 1 + depth(n - 1)
depth(3000)
# %% permutations_by_recursion
def perms(xs):
    if len(xs) <= 1:
        return [xs]
    return [[x] + p for i, x in enumerate(xs) for p in perms(xs[:i] + xs[i + 1:])]
len(perms(list("abcd"))), perms([1, 2, 3])
# %% partial_and_reduce
from functools import partial, reduce
base2 = partial(int, base=2)
print(base2("1011"), reduce(lambda a, b: a * b, range(1, 8)), reduce(lambda a, b: a + b, [[1], [2]], []))
# %% cmp_to_key
from functools import cmp_to_key
def cmp(a, b):
    return (a + b < b + a) - (a + b > b + a)
"".join(sorted(["3", "30", "34", "5", "9"], key=cmp_to_key(cmp)))
# %% annotations_on_functions
def area(w: float, h: float = 1.0) -> float:
    result: float = w * h
    return result
x: int = 5
y: "list[int]"
area(x, 2)
# %% typing_annotations
from __future__ import annotations
from typing import List, Dict, Optional, Tuple, Union, Callable, Any, TypeVar, Generic, Iterable
T = TypeVar("T")
def first(xs: List[T], default: Optional[T] = None) -> Optional[T]:
    return xs[0] if xs else default
def group(pairs: Iterable[Tuple[str, int]]) -> Dict[str, List[int]]:
    out: Dict[str, List[int]] = {}
    for k, v in pairs:
        out.setdefault(k, []).append(v)
    return out
print(first([3]), first([], 7), group([("a", 1), ("b", 2), ("a", 3)]))
# %% generic_class
from typing import Generic, TypeVar
T = TypeVar("T")
class Box(Generic[T]):
    def __init__(self, item: T) -> None:
        self._item = item
    def get(self) -> T:
        return self._item
Box[int](4).get(), Box("s").get()
# %% function_returning_many
def stats(xs):
    return min(xs), max(xs), sum(xs) / len(xs)
lo, hi, mean = stats([4, 1, 7])
print(f"{lo=} {hi=} {mean=:.2f}")
# %% main_idiom
def main():
    print("running")
if __name__ == "__main__":
    main()
# %% docstring_and_nested
def outer(x):
    """Outer doc."""
    def inner(y):
        return x + y
    return inner
outer.__doc__, outer(1)(2)
# %% star_unpacking
first, *rest = [1, 2, 3, 4]
*init, last = "abc"
a, (b, *c), d = 1, (2, 3, 4), 5
print(first, rest, init, last, a, b, c, d, [*rest, *init], {**{"a": 1}, "b": 2}, (*rest,))
# %% walrus
data = [1, 5, 12, 7]
if (n := len(data)) > 3:
    print(n)
print([y for x in data if (y := x * 2) > 10])
while (x := data.pop()) != 5:
    print(x)
# %% tail_recursive_gcd
def gcd(a, b): return a if b == 0 else gcd(b, a % b)
gcd(1071, 462), gcd(17, 5)
# %% singledispatch
from functools import singledispatch
@singledispatch
def show(x): return f"object {x}"
@show.register(int)
def show_int(x): return f"int {x}"
@show.register
def show_list(x: list): return f"list of {len(x)}"
show(1), show([1, 2]), show("s"), show(True)
# %% sort_stability_itemgetter
from operator import itemgetter, mul
rows = [("b", 2), ("a", 2), ("c", 1)]
print(sorted(rows, key=itemgetter(1)), sorted(rows, key=itemgetter(1, 0)), list(map(mul, [1, 2], [3, 4])))
# %% counter_attribute_on_function
def visit(n):
    visit.count += 1
    if n > 0:
        visit(n - 1)
visit.count = 0
visit(6)
visit.count
