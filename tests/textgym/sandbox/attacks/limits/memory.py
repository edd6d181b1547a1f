# ruff: noqa
# fmt: off
# %% width_format -> error
f"{1:>10000000000}"
# %% percent_width -> error
"%*d" % (10 ** 10, 1)
# %% bytes_big -> error
bytes(10 ** 10)
# %% str_mul -> error
"a" * 10 ** 11
# %% join_big -> error
",".join(["a" * 10 ** 6] * 10 ** 6)
# %% replace_big -> error
("a" * 10 ** 6).replace("a", "b" * 10 ** 6)
# %% zfill_big -> error
"1".zfill(10 ** 11)
# %% expandtabs_big -> error
("\t" * 1000).expandtabs(10 ** 9)
# %% shift_big -> error
1 << 10 ** 11
# %% list_mul -> error
[0] * 10 ** 11
# %% index_liar -> error
class A:
    def __index__(self): return 10 ** 10
[0] * A()
# %% length_hint_liar -> error
class A:
    def __iter__(self): return self
    def __next__(self): raise StopIteration
    def __length_hint__(self): return 2 ** 62
list(A())
# %% grow_a_list -> stopped
x = []
while True: x.append("x" * 100000)
# %% grow_a_text -> stopped
x = "a"
while True: x += x
# %% grow_a_set -> stopped
x = set()
i = 0
while True:
    x.update(range(i, i + 1000000))
    i += 1000000
# %% memory_and_again -> error
try:
    x = "a" * 10 ** 11
except MemoryError:
    pass
y = [0] * 10 ** 10
# %% power -> stopped
10 ** 10 ** 10
# %% factorial -> stopped
import math
math.factorial(10 ** 8)
# %% product_of_ranges -> stopped
import itertools
list(itertools.product(range(10 ** 9), repeat=2))
# %% permutations -> stopped
import itertools
list(itertools.permutations(range(14)))
# %% tee -> stopped
import itertools
a, b = itertools.tee(itertools.count())
for _ in a: pass
# %% comprehension -> stopped
[[0] * 10 ** 6 for _ in range(10 ** 6)]
# %% nested_comprehension -> stopped
[(a, b, c) for a in range(10 ** 6) for b in range(10 ** 6) for c in range(10 ** 6)]
# %% slices -> stopped
x = list(range(10 ** 6))
while True: x[len(x):] = x[:]
# %% to_bytes -> error
(1).to_bytes(10 ** 11, "big")
# %% randbytes -> stopped
import random
random.randbytes(10 ** 10)
# %% getrandbits -> stopped
import random
random.getrandbits(10 ** 11)
# %% deque -> stopped
from collections import deque
deque(range(10 ** 12))
# %% counter -> stopped
from collections import Counter
Counter(range(10 ** 10))
# %% stringio -> stopped
import io
s = io.StringIO()
while True: s.write("x" * 10 ** 6)
# %% decimal_digits -> stopped
import decimal
decimal.getcontext().prec = 10 ** 9
decimal.Decimal(1) / 3
# %% recursion_of_lists -> stopped
def f(n): return [f(n + 1) for _ in range(10 ** 6)]
f(0)
# %% template_output -> stopped
from string import Template
t = "$a" * 1000
while True: t = Template(t).substitute(a=t)
# %% exceptions_kept -> stopped
kept_errors = []
while True:
    try:
        raise ValueError("x" * 10 ** 6)
    except ValueError as e:
        kept_errors.append(e)
# %% dict_of_tuples -> stopped
d = {}
while True: d[len(d)] = (0,) * 10 ** 5
# %% filled_to_the_last_byte -> value 2
x = []
for size in (10 ** 6, 10 ** 4, 200):
    try:
        while True: x.append(bytes(size))
    except MemoryError: pass
# ---
del x
# ---
1 + 1
# %% memory_filled_to_the_last_crumb -> ok or error or timeout
keep = None; size = 1 << 24
while size > 16:
    try:
        while True: keep = (keep, bytes(size))
    except MemoryError: size //= 2
# %% memory_full_and_much_to_say -> ok or error or timeout
keep = []
try:
    while True: keep.append("x" * 10 ** 6)
except MemoryError:
    print("\U0001f600" * 20000)
