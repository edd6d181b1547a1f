# ruff: noqa
# fmt: off
# %% try_except_else_finally
def f(x):
    try:
        r = 10 / x
    except ZeroDivisionError:
        return "zero"
    except (TypeError, ValueError) as e:
        return type(e).__name__
    else:
        return r
    finally:
        print("done", x)
print(f(2), f(0), f("a"))
# %% bare_except
def safe_int(s):
    try:
        return int(s)
    except:
        return None
[safe_int(s) for s in ("1", "x", None)]
# %% except_base_exception
try:
    raise KeyError("k")
except BaseException as e:
    print(type(e).__name__, e)
# %% finally_return
def f():
    try:
        raise ValueError
    finally:
        return "from finally"
f()
# %% finally_break_and_continue
out = []
for i in range(4):
    try:
        if i == 1:
            continue
        out.append(i)
    finally:
        out.append("f")
        if i == 2:
            break
out
# %% nested_try
try:
    try:
        [][1]
    except KeyError:
        print("wrong")
    finally:
        print("inner finally")
except IndexError as e:
    print("outer", e)
# %% raise_from
def g():
    try:
        {}["x"]
    except KeyError as e:
        raise RuntimeError("wrapped") from e
try:
    g()
except RuntimeError as e:
    print(e, type(e.__cause__).__name__)
# %% reraise
try:
    try:
        1 / 0
    except ZeroDivisionError:
        print("log")
        raise
except ArithmeticError as e:
    print("again", e)
# %% custom_error_str
class E(Exception):
    def __str__(self): return "custom text"
try:
    raise E("ignored")
except E as e:
    print(e, repr(e), e.args)
# %% assert_statements
def check(x):
    assert x > 0, f"bad {x}"
    return True
try:
    check(-1)
except AssertionError as e:
    print("assert:", e)
check(1)
# %% while_else_for_else
n = 7
for d in range(2, n):
    if n % d == 0:
        print("composite")
        break
else:
    print("prime")
k = 3
while k:
    k -= 1
else:
    print("loop ended", k)
# %% nested_loops_break_continue
found = None
for i in range(1, 20):
    for j in range(i, 20):
        k2 = i * i + j * j
        k = int(k2 ** 0.5)
        if k * k != k2:
            continue
        if i + j + k == 24:
            found = (i, j, k)
            break
    if found:
        break
found
# %% chained_comparison_ternary
x = 5
print(1 < x <= 5 < 10, "pos" if x > 0 else "neg", x == 5 != 4, not x, x and 0 or "z")
# %% del_and_scope
a = [1, 2, 3]
b = a
del a[1]
del b
try:
    b
except NameError as e:
    print("gone:", e)
a
# %% unbound_local
def f():
    try:
        print(y)
    except UnboundLocalError:
        print("unbound")
    y = 1
f()
# %% pass_and_ellipsis
def todo(): ...
class Empty: pass
todo() is None, ... is Ellipsis
# %% stop_iteration
it = iter([1])
print(next(it), next(it, "default"))
try:
    next(it)
except StopIteration:
    print("stop")
# %% match_literals_and_sequences
def f(x):
    match x:
        case 0 | 1:
            return "small"
        case str():
            return "text"
        case [a]:
            return f"one {a}"
        case [a, *rest] if a > 5:
            return f"big first, {rest}"
        case [_, *_]:
            return "list"
        case {"k": v, **others}:
            return f"map {v} {others}"
        case None | True:
            return "const"
        case _:
            return "other"
[f(x) for x in (0, "s", [3], [9, 1, 2], [1, 2], {"k": 1, "z": 2}, None, 2.5)]
# %% match_class_patterns
from dataclasses import dataclass
@dataclass
class P:
    x: int
    y: int
class Q:
    __match_args__ = ("a", "b")
    def __init__(self, a, b): self.a, self.b = a, b
def f(v):
    match v:
        case P(0, y): return f"on axis {y}"
        case P(x=x, y=0): return f"flat {x}"
        case Q(a, b) as q: return (a, b, q.a)
        case int(n) if n > 3: return n
        case (P(), P()): return "two"
        case _: return None
[f(v) for v in (P(0, 3), P(4, 0), Q(1, 2), 9, (P(1, 1), P(2, 2)), "z")]
# %% match_enum_values
from enum import Enum
class C(Enum):
    R = 1
    G = 2
def f(c):
    match c:
        case C.R: return "red"
        case C.G: return "green"
f(C.R), f(C.G), f(3)
# %% calculator_with_match
def ev(t):
    match t:
        case ("num", n): return n
        case ("add", a, b): return ev(a) + ev(b)
        case ("mul", a, b): return ev(a) * ev(b)
ev(("add", ("num", 2), ("mul", ("num", 3), ("num", 4))))
# %% keyboard_interrupt_named
try:
    raise KeyboardInterrupt
except (KeyboardInterrupt, SystemExit):
    print("stopped")
# %% timing_loop
import time
start = time.time()
total = sum(range(1000))
elapsed = time.time() - start
print(total, elapsed >= 0, isinstance(elapsed, float))
# %% isinstance_and_type
vals = [1, 1.0, "s", [], {}, (), None, True, 1j]
print([type(v).__name__ for v in vals], isinstance(True, int), type(1) == int, type("") is str, isinstance(1, (str, int)))
print(type(5), isinstance(int, type), type(int) is type, type(None))
# %% getattr_dynamic
class A:
    def __init__(self): self._x, self.y = 1, 2
    def go(self): return "gone"
a = A()
for n in ("_x", "y"):
    print(n, getattr(a, n))
setattr(a, "z", 5)
delattr(a, "y")
print(hasattr(a, "y"), getattr(a, "go")(), a.z, getattr(a, "nope", None))
# %% exception_tuples_and_unicode
import traceback
def attempt(action):
    try:
        return action()
    except UnicodeDecodeError as e:
        return type(e).__name__, e.reason, e.start
    except (ValueError, BaseException) as e:
        return type(e).__name__, str(e)
print(attempt(lambda: b"\xff".decode("utf-8")))
print(attempt(lambda: int("x")))
try:
    "é".encode("ascii")
except UnicodeError as e:
    print(isinstance(e, ValueError), e.encoding, e.object)
try:
    1 / 0
except ZeroDivisionError as e:
    print(traceback.format_exception_only(type(e), e))
# %% texts_of_errors_about_private_names
import json
class A: pass
def f(_x): pass
for act in (lambda: A()._x, lambda: f(_y=1), lambda: f(), lambda: _undefined):
    try: act()
    except Exception as e: print(json.dumps(str(e)), f"{str(e):<60}|", getattr(e, "name", None))
