# ruff: noqa
# fmt: off
# %% loop -> timeout
while True: pass
# %% loop_with_state -> timeout
x = 0
while True: x += 1
# %% loop_in_c -> lost
sum(range(10 ** 12))
# %% loop_in_c_catching -> stopped
while True:
    try:
        any(x < 0 for x in iter(int, 1))
        max(range(10 ** 12))
    except: pass
# %% except_everything -> timeout
while True:
    try:
        while True: pass
    except Exception: pass
# %% bare_except -> timeout
while True:
    try:
        while True: pass
    except: pass
# %% base_exception -> timeout
while True:
    try:
        while True: pass
    except BaseException: pass
# %% finally_return -> timeout
def f():
    while True:
        try:
            while True: pass
        finally:
            return f
f()
# %% finally_continue -> timeout
while True:
    try:
        while True: pass
    finally:
        continue
# %% finally_raise -> timeout
def f():
    try:
        while True: pass
    finally:
        raise ValueError
while True:
    try: f()
    except ValueError: pass
# %% finally_loop -> stopped
try:
    while True: pass
finally:
    while True: pass
# %% with_swallows -> timeout
class C:
    def __enter__(self): return self
    def __exit__(self, *a): return True
while True:
    with C():
        while True: pass
# %% with_suppress -> timeout
from contextlib import suppress
while True:
    with suppress(BaseException, KeyboardInterrupt, SystemExit, GeneratorExit):
        while True: pass
# %% contextmanager_swallows -> timeout
from contextlib import contextmanager
@contextmanager
def c():
    try: yield
    except BaseException: pass
while True:
    with c():
        while True: pass
# %% generator_close -> stopped
def g():
    try: yield
    finally:
        for _ in range(10 ** 9): pass
while True:
    x = g()
    next(x)
    del x
# %% generator_yields_in_finally -> timeout
def g():
    while True:
        try:
            while True: pass
        finally: yield 1
for _ in g(): pass
# %% exception_type_that_loops -> timeout
def kinds():
    while True: pass
try:
    while True: pass
except kinds(): pass
# %% str_of_error -> timeout
class E(Exception):
    def __str__(self):
        while True: pass
raise E
# %% repr_of_value -> timeout
class A:
    def __repr__(self):
        while True: pass
A()
# %% repr_catches -> timeout
class A:
    def __repr__(self):
        try:
            while True: pass
        except: return "caught"
A()
# %% getattr_catches -> timeout
class A:
    def __getattr__(self, n):
        while True: pass
hasattr(A(), "x")
# %% sort_key -> timeout
def key(x):
    while True: pass
sorted([1, 2], key=key)
# %% hash_loop -> timeout
class A:
    def __hash__(self):
        while True: pass
{A()}
# %% length_of_text -> value 3
class S(str):
    def __len__(self):
        while True: pass
class A:
    def __repr__(self): return S("abc")
len(repr(A()) + "")
# %% hash_collisions -> timeout
class A:
    def __hash__(self): return 1
    def __eq__(self, o): return False
{A() for _ in range(10 ** 5)}
# %% integer_collisions -> stopped
m = (1 << 61) - 1
{i * m for i in range(10 ** 5)}
# %% regex_backtracking -> stopped
import re
re.match(r"(a+)+b", "a" * 60)
# %% regex_alternation -> stopped
import re
re.match(r"(a|a)*b", "a" * 60)
# %% regex_nested_groups -> stopped
import re
re.compile("(" * 5000 + ")" * 5000)
# %% regex_repeat_of_repeat -> stopped
import re
re.match("(?:" * 30 + "a" + "{1,200})" * 30 + "b", "a" * 10 ** 5)
# %% regex_long_search -> stopped
import re
re.search("a*a*a*a*a*a*b", "a" * 10 ** 5)
# %% replace_quadratic -> stopped
x = "ab" * 10 ** 7
while True: x.replace("ab", "ba").count("bb")
# %% text_power -> stopped
x = "a" * 10 ** 8
for _ in range(100): x.find("a" * 10 ** 7 + "b")
# %% big_power_modulo -> stopped
pow(3, 10 ** 9000 + 7, 10 ** 9000 + 9)
# %% integer_multiplication -> stopped
x = 3 ** (10 ** 6)
while True: x *= x
# %% fibonacci -> timeout
def f(n): return n if n < 2 else f(n - 1) + f(n - 2)
f(100)
# %% ackermann -> stopped
def a(m, n): return n + 1 if m == 0 else a(m - 1, 1) if n == 0 else a(m - 1, a(m, n - 1))
a(4, 3)
# %% sleep_takes_no_time -> value None
import time
time.sleep(10 ** 6)
# %% waiting_ends -> value True
import time
end = time.time() + 0.5
while time.time() < end: pass
True
# %% decimal_pi -> stopped
import decimal
decimal.getcontext().prec = 10 ** 7
decimal.Decimal(2).sqrt().exp()
# %% fraction_growth -> stopped
from fractions import Fraction
x = Fraction(1, 3)
while True: x = x * x + 1
# %% comb -> stopped
import math
math.comb(10 ** 8, 5 * 10 ** 7)
# %% islice -> lost
import itertools
next(itertools.islice(itertools.count(), 10 ** 12, None))
# %% cycle_in_deque -> lost
import itertools
from collections import deque
deque(itertools.cycle([1]), maxlen=0)
# %% zip_forever -> stopped
import itertools
dict(zip(itertools.repeat(1), itertools.count()))
# %% list_compare -> stopped
x = [[0] * 1000] * 1000
while True: x == [[0] * 1000 for _ in range(1000)]
# %% random_shuffle -> timeout
import random
while True: random.shuffle(list(range(10000)))
# %% crash_by_hash -> stopped
x = ()
for _ in range(10 ** 6): x = (x,)
hash(x)
# %% crash_by_chains -> stopped
import itertools
x = iter([])
for _ in range(10 ** 6): x = itertools.chain(x)
next(x, None)
# %% crash_by_generators -> stopped
def g(x):
    yield from x
x = iter([1])
for _ in range(50000): x = g(x)
list(x)
# %% crash_by_maps -> stopped
x = [1]
for _ in range(10 ** 6): x = map(int, x)
list(x)
# %% crash_by_partials -> ok or stopped
from functools import partial
class P(partial): pass
x = int
for _ in range(10 ** 6): x = P(x)
x()
# %% crash_by_recursion_limit -> stopped
import sys
sys.setrecursionlimit(10 ** 9)
class A:
    def __getattr__(self, n): return getattr(self, n + "x")
A().x
# %% crash_by_repr -> stopped
import sys
sys.setrecursionlimit(10 ** 9)
class A:
    def __init__(self, x): self.x = x
    def __repr__(self): return f"A({self.x!r})"
x = 1
for _ in range(10 ** 5): x = A(x)
x
# %% crash_by_sort -> error
import sys
sys.setrecursionlimit(10 ** 9)
def key(x): return sorted([2, 1], key=key)
key(1)
# %% crash_by_compile -> refused or stopped
# @repeat "try:\n pass\nfinally:\n pass\n" 5000 "" ""
# %% dealloc_of_a_chain -> ok or stopped
class N:
    def __init__(self, n): self.n = n
x = None
for _ in range(10 ** 5): x = N(x)
x = None
# %% generator_finalizers_drop_the_limit -> stopped
def g():
    try: yield
    finally:
        while True: pass
def h():
    x = g()
    next(x)
for _ in range(5): h()
# %% recursion_errors_hide_the_limit -> stopped
def f():
    try: f()
    except RecursionError: f()
f()
# %% sleep_for_ever -> error
import time
time.sleep(float("inf"))
# %% sleep_for_no_number -> error
import time
time.sleep(float("nan"))
# %% set_name_swallows_no_time_limit -> stopped
class D:
    def __set_name__(self, o, n):
        while True: pass
try:
    class A: x = D()
except RuntimeError: pass
# %% bare_except_does_not_stop_the_clock -> timeout
while True:
    try:
        while True:
            pass
    except:
        pass
# %% except_base_exception_does_not_stop_the_clock -> timeout
while True:
    try:
        while True:
            pass
    except BaseException:
        continue
# %% deepest_recursion_hears_no_limit -> timeout or lost
def spin(n):
    try:
        spin(n + 1)
    except RecursionError:
        pass
    else:
        return
    i = 0
    while i < 3 * 10 ** 7:
        try:
            while i < 3 * 10 ** 7:
                i += 1
        except RecursionError:
            pass
spin(0)
# %% generator_that_dies_with_the_frames -> timeout
def g():
    try: yield
    finally:
        while True: pass
def f():
    x = g(); next(x)
    while True: pass
f()
# %% generators_that_die_with_the_frames -> timeout
def g(n):
    try: yield
    finally:
        for _ in range(3):
            try:
                while True: pass
            finally: n += 1
def f():
    held = [g(n) for n in range(5)]
    for x in held: next(x)
    while True: pass
f()
# %% set_name_hides_no_time_limit -> timeout
class D:
    def __set_name__(self, o, n):
        while True: pass
while True:
    try:
        class A: x = D()
    except RuntimeError: pass
# %% set_name_hides_no_time_limit_from_dataclass -> timeout
from dataclasses import dataclass
class D:
    n = 0
    def __set_name__(self, o, n):
        D.n += 1
        while D.n > 1: pass
class A:
    y: int
    x = D()
while True:
    try: dataclass(slots=True)(A)
    except RuntimeError: pass
# %% close_of_a_stream_drops_no_time_limit -> ok
import io
class S(io.StringIO):
    def close(self):
        while True: pass
for _ in range(5): S()
# %% loop_in_the_deepest_frame -> timeout
def deep(n):
    if n: return deep(n - 1)
    while True: pass
def probe(n): return probe(n - 1) if n else 0
N = 0
try:
    while True: probe(N); N += 1
except RecursionError: N -= 1
try: deep(N)
except RecursionError: print("swallowed")
# %% finally_in_the_deepest_frame_but_one -> timeout or lost
def deep(n):
    if n: return deep(n - 1)
    try:
        while True: pass
    finally:
        x = 1
def probe(n): return probe(n - 1) if n else 0
N = 0
try:
    while True: probe(N); N += 1
except RecursionError: N -= 2
while True:
    try: deep(N)
    except Exception: pass
# %% exit_that_is_looked_up_late -> timeout
class CM:
    def __enter__(self): return self
    @property
    def __exit__(self): raise ValueError
while True:
    try:
        with CM():
            while True: pass
    except ValueError: break
while True: pass
# %% exit_that_is_gone -> timeout
class CM:
    def __enter__(self): return self
    def __exit__(self, *a): pass
try:
    with CM():
        del CM.__exit__
        while True: pass
except (KeyError, AttributeError): pass
