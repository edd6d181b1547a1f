# ruff: noqa
# fmt: off
# %% variables_of_another -> error
secret_of_mine = 1
# ===
secret_of_mine
# %% neighbour -> error
secret
# %% decimal_context_of_another -> value 28
import decimal
decimal.getcontext().prec = 3
decimal.DefaultContext.prec = 5
# ===
import decimal
decimal.getcontext().prec
# %% recursion_limit_of_another -> value 1000
import sys
sys.setrecursionlimit(9000)
# ===
import sys
sys.getrecursionlimit()
# %% random_of_another -> value True
import random
random.seed(7)
x = random.random()
# ===
import random
y = random.random()
random.seed(7)
y != random.random()
# %% regex_cache_of_another -> value True
import re
for i in range(600): re.compile(f"a{i}")
# ===
import re
re.match("a1", "a1") is not None
# %% builtins_of_another -> value 3
len = print = sorted = None
# ===
len([1, 2, 3])
# %% state_after_a_loss -> error
mine = 5
# ---
sum(range(10 ** 12))
# ---
mine
# %% state_after_a_timeout -> value 5
mine = 5
# ---
while True: pass
# ---
mine
# %% half_done_before_a_timeout -> value (1, 10)
a = 1
b = 10
while True: pass
c = 3
# ---
a, b
# %% many_runs -> value 99
x = 99
# ---
x
# ---
x
# ---
x
# %% generator_across_runs -> value 2
def g():
    yield 1
    yield 2
it = g()
# ---
next(it)
# ---
next(it)
# %% stop_in_generator_across_runs -> error
def g():
    while True: pass
    yield 1
it = g()
# ---
next(it)
# ---
next(it)
# %% exit_keeps_the_session -> value 4
mine = 4
raise SystemExit
# ---
mine
