# ruff: noqa
# fmt: off
# %% fibonacci_generator
def fib():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b
from itertools import islice, takewhile
print(list(islice(fib(), 10)), list(takewhile(lambda x: x < 50, fib())))
# %% generator_pipeline
def read(): yield from ["3", "x", "14", "", "15"]
def numbers(lines):
    for l in lines:
        if l.isdigit():
            yield int(l)
sum(n ** 2 for n in numbers(read()))
# %% yield_from_and_return
def inner():
    yield 1
    yield 2
    return "done"
def outer():
    r = yield from inner()
    yield r
list(outer())
# %% generator_send
def average():
    total, n, avg = 0, 0, None
    while True:
        x = yield avg
        total += x
        n += 1
        avg = total / n
g = average()
next(g)
g.send(10)
g.send(20)
# %% generator_close_finally
def g():
    try:
        yield 1
        yield 2
    finally:
        print("closed")
it = g()
next(it)
it.close()
# %% generator_throw
def g():
    while True:
        try:
            yield 1
        except ValueError as e:
            print("got", e)
            yield 99
it = g()
next(it)
it.throw(ValueError("boom"))
# %% yield_in_finally
def g():
    try:
        yield 1
    finally:
        yield 2
list(g())
# %% flatten_nested
def flatten(xs):
    for x in xs:
        if isinstance(x, (list, tuple)):
            yield from flatten(x)
        else:
            yield x
list(flatten([1, [2, (3, [4])], 5]))
# %% comprehensions
squares = [x * x for x in range(6)]
evens = {x for x in squares if x % 2 == 0}
inv = {v: k for k, v in enumerate("abc")}
pairs = [(i, j) for i in range(3) for j in range(i)]
print(squares, sorted(evens), inv, pairs, [[r[c] for r in [[1, 2], [3, 4]]] for c in range(2)])
# %% nested_comprehension_conditions
[("fizz" if n % 3 == 0 else "") + ("buzz" if n % 5 == 0 else "") or n for n in range(1, 16)]
# %% itertools_tour
from itertools import (accumulate, chain, combinations, combinations_with_replacement, count, cycle, groupby, permutations,
    product, repeat, starmap, zip_longest, dropwhile, compress, pairwise, tee)
print(list(accumulate([1, 2, 3])), list(chain([1], [2])), list(combinations("abc", 2)), len(list(permutations(range(4)))))
print(list(product([0, 1], repeat=2)), [(k, len(list(g))) for k, g in groupby("aabccc")], list(zip_longest([1], [2, 3], fillvalue=0)))
print(list(starmap(pow, [(2, 3), (3, 2)])), list(pairwise([1, 2, 3])), list(compress("abc", [1, 0, 1])), list(repeat(1, 2)))
a, b = tee([1, 2])
list(a), list(b), next(count(5)), list(chain.from_iterable([[1], [2]]))
# %% zip_map_filter
print(list(zip("ab", [1, 2])), list(map(lambda a, b: a + b, [1, 2], [3, 4])), list(filter(None, [0, 1, "", "x"])), dict(zip("xy", (1, 2))))
# %% enumerate_reversed_any_all
for i, c in enumerate("ab", start=1):
    print(i, c, end="; ")
print()
list(reversed([1, 2, 3])), any(x > 2 for x in [1, 3]), all([]), sum([0.1] * 3), sorted("banana", reverse=True)
# %% sieve_generator
def primes(n):
    sieve = [True] * (n + 1)
    for p in range(2, n + 1):
        if sieve[p]:
            yield p
            for m in range(p * p, n + 1, p):
                sieve[m] = False
list(primes(50))
# %% iter_with_sentinel
it = iter([1, 2, 3, 0, 4])
list(iter(lambda: next(it), 0))
# %% collatz_lengths
def collatz(n):
    while n != 1:
        yield n
        n = n // 2 if n % 2 == 0 else 3 * n + 1
    yield 1
max(range(1, 300), key=lambda n: sum(1 for _ in collatz(n)))
# %% dict_and_set_operations
a, b = {1, 2, 3}, {2, 3, 4}
print(a & b, a | b, a - b, a ^ b, a <= b, a.isdisjoint({9}))
d = {"a": 1, "b": 2}
d |= {"c": 3}
d.update(b=5)
print(d, d.pop("a"), list(d.items()), d.get("z", 0), d.setdefault("q", []), {**d}, dict.fromkeys("ab", 0))
# %% slicing
xs = list(range(10))
xs[2:4] = ["a", "b", "c"]
del xs[0], xs[-1]
print(xs, xs[::-1], xs[1:6:2], xs[-3:], "hello"[::-1], xs[slice(0, 2)])
# %% cycle_detection_generator_of_states
def rng(seed):
    while True:
        seed = (seed * 5 + 3) % 16
        yield seed
seen = {}
for i, s in enumerate(rng(1)):
    if s in seen:
        print(seen[s], i)
        break
    seen[s] = i
# %% context_manager_generator
from contextlib import contextmanager, suppress
@contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name.upper()
    finally:
        print(f"</{name}>")
with tag("b") as t:
    print(t)
try:
    with tag("i"):
        raise ValueError("x")
except ValueError as e:
    print("caught", e)
with suppress(ZeroDivisionError):
    1 / 0
print("end")
