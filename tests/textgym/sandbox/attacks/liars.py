# ruff: noqa
# fmt: off
# %% repr_subclass -> value x
class S(str):
    def __len__(self): raise SystemExit
    def __contains__(self, x): return False
class A:
    def __repr__(self): return S("x")
A()
# %% print_sep_subclass -> value None
class S(str):
    def join(self, x): return self
    def __add__(self, x): return self
    def __len__(self): return 0
    def __contains__(self, x): return False
r = print(end='', sep=S("x" * 10))
# %% name_subclass -> error
class S(str):
    def __contains__(self, x): raise SystemExit
class E(Exception): pass
E.__name__ = S("x")
raise E
# %% sort_raise -> error
class A:
    def __lt__(self, o): raise KeyError("x")
sorted([A(), A()])
# %% sort_mutate -> error
x = [3, 2, 1]
x.sort(key=lambda v: x.append(v))
# %% dict_mutate -> error
d = {1: 1}
for k in d: d[k + 1] = 1
# %% hash_liar -> error
class A:
    def __hash__(self): return "x"
{A()}
# %% len_liar -> error
class A:
    def __len__(self): return -1
len(A())
# %% iter_liar -> error
class A:
    def __iter__(self): return 5
list(A())
# %% bool_liar -> error
class A:
    def __bool__(self): return 2
if A(): pass
# %% format_liar -> error
class A:
    def __format__(self, s): return 5
f"{A()}"
# %% str_liar -> error
class A:
    def __str__(self): return 5
print(A())
# %% eq_recursion -> error
class A:
    def __eq__(self, o): return self == o
A() == A()
# %% getattr_recursion -> error
class A:
    def __getattr__(self, n): return self.y
A().x
# %% call_recursion -> error
class A: pass
A.__call__ = A()
A()()
# %% repr_recursion -> error
class A:
    def __repr__(self): return repr(self)
A()
# %% init_subclass_recursion -> error
class A:
    def __init_subclass__(cls):
        class B(A): pass
class C(A): pass
# %% stack_isinstance_deep -> error
x = int
for _ in range(100000): x = (x,)
isinstance(1, x)
# %% repr_deep_dict -> error
x = {}
for _ in range(100000): x = {1: x}
repr(x)
# %% eq_deep -> error
a = []; b = []
for _ in range(100000): a, b = [a], [b]
a == b
# %% json_deep -> error
import json
json.loads("[" * 100000)
# %% json_dumps_deep -> error
import json
x = []
for _ in range(100000): x = [x]
json.dumps(x)
# %% deepcopy_deep -> error
import copy
x = []
for _ in range(100000): x = [x]
copy.deepcopy(x)
# %% int_digits -> error
str(10 ** 5000)
# %% int_parse_digits -> error
int("9" * 5000)
# %% range_len -> error
len(range(10 ** 30))
# %% decimal_prec -> error
import decimal
decimal.getcontext().prec = 10 ** 18
# %% decimal_emax -> error
from decimal import Decimal
Decimal(10) ** 10 ** 18
# %% fraction_pow -> error
from fractions import Fraction
Fraction(1, 0)
# %% math_comb_type -> error
import math
math.factorial(-1)
