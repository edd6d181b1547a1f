# ruff: noqa
# fmt: off
# %% gsm_apples
# Natalia sold clips to 48 friends in April, and half as many in May.
april = 48
may = april / 2
total = april + may
print(f"Total: {total:.0f}")
total
# %% gsm_profit
house = 80000
repairs = 50000
value = house + house * 1.5
profit = value - house - repairs
profit
# %% project_euler_1
sum(x for x in range(1000) if x % 3 == 0 or x % 5 == 0)
# %% even_fibonacci
a, b, s = 1, 2, 0
while b <= 4_000_000:
    if b % 2 == 0:
        s += b
    a, b = b, a + b
s
# %% largest_prime_factor
def lpf(n):
    f = 2
    while f * f <= n:
        if n % f == 0:
            n //= f
        else:
            f += 1
    return n
lpf(600851475143)
# %% sieve
def sieve(n):
    is_p = [True] * (n + 1)
    is_p[0:2] = [False, False]
    for i in range(2, int(n ** 0.5) + 1):
        if is_p[i]:
            is_p[i*i::i] = [False] * len(is_p[i*i::i])
    return [i for i, p in enumerate(is_p) if p]
len(sieve(10000)), sieve(30)
# %% knapsack
def knap(ws, vs, cap):
    dp = [0] * (cap + 1)
    for w, v in zip(ws, vs):
        for c in range(cap, w - 1, -1):
            dp[c] = max(dp[c], dp[c - w] + v)
    return dp[cap]
knap([1, 3, 4, 5], [1, 4, 5, 7], 7)
# %% coin_change
def coins(cs, target):
    dp = [0] + [float("inf")] * target
    for t in range(1, target + 1):
        for c in cs:
            if c <= t and dp[t - c] + 1 < dp[t]:
                dp[t] = dp[t - c] + 1
    return dp[target] if dp[target] != float("inf") else -1
coins([1, 5, 10, 25], 63), coins([2], 3)
# %% longest_common_subsequence
def lcs(a, b):
    dp = [[""] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a)):
        for j in range(len(b)):
            dp[i + 1][j + 1] = dp[i][j] + a[i] if a[i] == b[j] else max(dp[i][j + 1], dp[i + 1][j], key=len)
    return dp[-1][-1]
lcs("AGGTAB", "GXTXAYB")
# %% longest_increasing_subsequence
from bisect import bisect_left
def lis(xs):
    tails = []
    for x in xs:
        i = bisect_left(tails, x)
        tails[i:i + 1] = [x]
    return len(tails)
lis([10, 9, 2, 5, 3, 7, 101, 18])
# %% n_queens
def queens(n):
    def place(row, cols, d1, d2):
        if row == n:
            return 1
        return sum(place(row + 1, cols | {c}, d1 | {row - c}, d2 | {row + c})
                   for c in range(n) if c not in cols and row - c not in d1 and row + c not in d2)
    return place(0, frozenset(), frozenset(), frozenset())
queens(6)
# %% bfs_grid
from collections import deque
grid = ["S.#.", "..#E", "...."]
start = next((r, row.index("S")) for r, row in enumerate(grid) if "S" in row)
q, seen = deque([(start, 0)]), {start}
while q:
    (r, c), d = q.popleft()
    if grid[r][c] == "E":
        print("steps", d)
        break
    for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        nr, nc = r + dr, c + dc
        if 0 <= nr < len(grid) and 0 <= nc < len(grid[0]) and grid[nr][nc] != "#" and (nr, nc) not in seen:
            seen.add((nr, nc))
            q.append(((nr, nc), d + 1))
# %% aoc_calories
input = """1000
2000

4000

5000
6000"""
totals = [sum(map(int, block.splitlines())) for block in input.strip().split("\n\n")]
print(max(totals), sum(sorted(totals)[-3:]))
# %% aoc_rope_bridge
moves = "R 4\nU 4\nL 3\nD 1".splitlines()
dirs = {"R": 1, "L": -1, "U": 1j, "D": -1j}
head = tail = 0
seen = {tail}
sign = lambda v: (v > 0) - (v < 0)
for m in moves:
    d, n = m.split()
    for _ in range(int(n)):
        head += dirs[d]
        diff = head - tail
        if abs(diff.real) > 1 or abs(diff.imag) > 1:
            tail += complex(sign(diff.real), sign(diff.imag))
        seen.add(tail)
len(seen)
# %% aoc_stacks
import re
stacks = {1: ["Z", "N"], 2: ["M", "C", "D"], 3: ["P"]}
for line in ["move 1 from 2 to 1", "move 3 from 1 to 3"]:
    n, a, b = map(int, re.findall(r"\d+", line))
    for _ in range(n):
        stacks[b].append(stacks[a].pop())
"".join(s[-1] for s in stacks.values() if s)
# %% aoc_tree_sizes
log = ["$ cd /", "$ ls", "dir a", "14 b.txt", "$ cd a", "$ ls", "29 f", "$ cd .."]
sizes, path = {}, []
for l in log:
    match l.split():
        case ["$", "cd", ".."]:
            path.pop()
        case ["$", "cd", d]:
            path.append(d)
        case ["$", "ls"] | ["dir", _]:
            pass
        case [size, _]:
            for i in range(1, len(path) + 1):
                key = "/".join(path[:i])
                sizes[key] = sizes.get(key, 0) + int(size)
sizes
# %% humaneval_close_elements
from typing import List
def has_close_elements(numbers: List[float], threshold: float) -> bool:
    """ Check if any two numbers are closer than threshold.
    >>> has_close_elements([1.0, 2.0, 3.0], 0.5)
    False
    """
    for idx, elem in enumerate(numbers):
        for idx2, elem2 in enumerate(numbers):
            if idx != idx2:
                distance = abs(elem - elem2)
                if distance < threshold:
                    return True
    return False
def check(candidate):
    assert candidate([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3) == True
    assert candidate([1.0, 2.0, 5.9, 4.0, 5.0], 0.8) == False
check(has_close_elements)
# %% humaneval_separate_parens
def separate_paren_groups(paren_string):
    result, current, depth = [], [], 0
    for c in paren_string:
        if c == '(':
            depth += 1
            current.append(c)
        elif c == ')':
            depth -= 1
            current.append(c)
            if depth == 0:
                result.append(''.join(current))
                current.clear()
    return result
separate_paren_groups('( ) (( )) (( )( ))')
# %% mbpp_similar_elements
def similar_elements(test_tup1, test_tup2):
    res = tuple(set(test_tup1) & set(test_tup2))
    return res
assert set(similar_elements((3, 4, 5, 6), (5, 7, 4, 10))) == set((4, 5))
sorted(similar_elements((3, 4, 5, 6), (5, 7, 4, 10)))
# %% mbpp_heap_queue_largest
import heapq as hq
def heap_queue_largest(nums, n):
    return hq.nlargest(n, nums)
heap_queue_largest([25, 35, 22, 85, 14, 65, 75, 22, 58], 3)
# %% mbpp_number_of_ways
def count_ways(n):
    A = [0] * (n + 1)
    B = [0] * (n + 1)
    A[0], A[1], B[0], B[1] = 1, 0, 0, 1
    for i in range(2, n + 1):
        A[i] = A[i - 2] + 2 * B[i - 1]
        B[i] = A[i - 1] + B[i - 2]
    return A[n]
count_ways(8), count_ways(12)
# %% quicksort_mergesort
def qs(xs):
    if len(xs) <= 1: return xs
    p, *rest = xs
    return qs([x for x in rest if x < p]) + [p] + qs([x for x in rest if x >= p])
def ms(xs):
    if len(xs) < 2: return xs
    m = len(xs) // 2
    a, b, out = ms(xs[:m]), ms(xs[m:]), []
    while a and b:
        out.append(a.pop(0) if a[0] <= b[0] else b.pop(0))
    return out + a + b
xs = [5, 2, 9, 1, 5, 6]
qs(xs) == ms(xs) == sorted(xs), qs(xs)
# %% bubble_sort_in_place
a = [64, 34, 25, 12]
for i in range(len(a)):
    for j in range(len(a) - i - 1):
        if a[j] > a[j + 1]:
            a[j], a[j + 1] = a[j + 1], a[j]
a
# %% binary_search
def bs(a, t):
    lo, hi = 0, len(a) - 1
    while lo <= hi:
        mid = (lo + hi) // 2
        if a[mid] == t: return mid
        elif a[mid] < t: lo = mid + 1
        else: hi = mid - 1
    return -1
bs([1, 3, 5, 7, 9], 7), bs([1, 3], 2)
# %% union_find_kruskal
class DSU:
    def __init__(self, n): self.p = list(range(n))
    def find(self, x):
        while self.p[x] != x:
            self.p[x] = self.p[self.p[x]]
            x = self.p[x]
        return x
    def union(self, a, b):
        a, b = self.find(a), self.find(b)
        if a == b: return False
        self.p[a] = b
        return True
d = DSU(4)
sum(w for w, a, b in sorted([(1, 0, 1), (4, 1, 2), (3, 0, 2), (2, 2, 3)]) if d.union(a, b))
# %% topological_sort
from collections import defaultdict, deque
edges = [("shirt", "tie"), ("tie", "jacket"), ("pants", "shoes"), ("pants", "jacket")]
g, deg = defaultdict(list), defaultdict(int)
for a, b in edges:
    g[a].append(b)
    deg[b] += 1
q = deque(sorted(n for n in list(g) if deg[n] == 0))
order = []
while q:
    n = q.popleft()
    order.append(n)
    for m in g[n]:
        deg[m] -= 1
        if deg[m] == 0:
            q.append(m)
order
# %% sudoku_row_check
board = [[5, 3, 4], [6, 7, 2], [1, 9, 8]]
flat = [c for row in board for c in row]
sorted(flat) == list(range(1, 10)), list(zip(*board))[0], sum(map(sum, board))
# %% matrix_spiral_and_transpose
m = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
out, mm = [], [r[:] for r in m]
while mm:
    out += mm.pop(0)
    mm = list(map(list, zip(*mm)))[::-1]
out, [list(r) for r in zip(*m)]
# %% pascal_triangle
rows = [[1]]
for _ in range(5):
    r = rows[-1]
    rows.append([1] + [a + b for a, b in zip(r, r[1:])] + [1])
for r in rows:
    print(" ".join(map(str, r)).center(20))
# %% newton_sqrt_and_bisection
def newton(x, eps=1e-12):
    g = x
    while abs(g * g - x) > eps:
        g = (g + x / g) / 2
    return g
lo, hi = 0.0, 2.0
for _ in range(60):
    mid = (lo + hi) / 2
    lo, hi = (mid, hi) if mid ** 3 < 2 else (lo, mid)
round(newton(2), 9), round(lo, 9)
# %% simulation_queue
import random
rng = random.Random(3)
queue, served = [], 0
for t in range(50):
    if rng.random() < 0.4:
        queue.append(t)
    if queue and rng.random() < 0.5:
        queue.pop(0)
        served += 1
served, len(queue)
# %% table_report
data = [{"name": "Ann", "dept": "A", "pay": 50}, {"name": "Bo", "dept": "B", "pay": 40}, {"name": "Cy", "dept": "A", "pay": 70}]
by = {}
for row in data:
    by.setdefault(row["dept"], []).append(row["pay"])
for dept, pays in sorted(by.items()):
    print(f"{dept}: n={len(pays)} mean={sum(pays) / len(pays):.1f} max={max(pays)}")
max(data, key=lambda r: r["pay"])["name"]
# %% expression_tokenizer_and_rpn
import operator
OPS = {"+": (1, operator.add), "-": (1, operator.sub), "*": (2, operator.mul), "/": (2, operator.truediv)}
def rpn(tokens):
    out, ops = [], []
    for t in tokens:
        if t in OPS:
            while ops and ops[-1] in OPS and OPS[ops[-1]][0] >= OPS[t][0]:
                out.append(ops.pop())
            ops.append(t)
        elif t == "(":
            ops.append(t)
        elif t == ")":
            while ops[-1] != "(":
                out.append(ops.pop())
            ops.pop()
        else:
            out.append(float(t))
    return out + ops[::-1]
def run(r):
    st = []
    for t in r:
        if isinstance(t, float):
            st.append(t)
        else:
            b, a = st.pop(), st.pop()
            st.append(OPS[t][1](a, b))
    return st[0]
run(rpn("2 * ( 3 + 4 ) - 5 / 2".split()))
# %% trie
class Trie:
    def __init__(self): self.root = {}
    def add(self, w):
        n = self.root
        for c in w:
            n = n.setdefault(c, {})
        n["$"] = True
    def starts(self, p):
        n = self.root
        for c in p:
            if c not in n: return []
            n = n[c]
        out = []
        def walk(n, acc):
            for c, m in sorted(n.items()):
                if c == "$": out.append(p + acc)
                else: walk(m, acc + c)
        walk(n, "")
        return out
t = Trie()
for w in ["car", "cart", "dog", "care"]:
    t.add(w)
t.starts("car")
# %% bit_tricks
print([bin(x).count("1") for x in range(8)], 5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 10, 1024 >> 3, [s for s in range(8) if s & 5 == 5])
x = 0b1010
x |= 1
x <<= 2
x &= ~8
x ^= 3
x
# %% augmented_assignments
x = 10
x += 5; x -= 3; x *= 2; x //= 5; x **= 3; x %= 50; x /= 4
l = [1]
l += [2]
l *= 2
d = {"k": [0]}
d["k"][0] += 7
d["k"] += [1]
x, l, d
# %% perfect_numbers_and_digits
[n for n in range(2, 500) if sum(d for d in range(1, n) if n % d == 0) == n], sum(int(c) for c in str(2 ** 50)), [n for n in range(100, 1000) if n == sum(int(c) ** 3 for c in str(n))]
# %% josephus_and_pow_mod
def jos(n, k):
    r = 0
    for i in range(2, n + 1):
        r = (r + k) % i
    return r + 1
jos(41, 3), pow(3, 200, 1000007)
# %% lru_cache_class
from collections import OrderedDict
class LRU:
    def __init__(self, cap): self.cap, self._d = cap, OrderedDict()
    def get(self, k):
        if k not in self._d: return -1
        self._d.move_to_end(k)
        return self._d[k]
    def put(self, k, v):
        self._d[k] = v
        self._d.move_to_end(k)
        if len(self._d) > self.cap:
            self._d.popitem(last=False)
c = LRU(2)
c.put(1, 1); c.put(2, 2); c.get(1); c.put(3, 3)
c.get(2), c.get(1), c.get(3)
# %% state_machine_and_event_simulation
class Sim:
    def __init__(self):
        self.now = 0
        self.obj = [1]
        self.events = []
    def at(self, t, name): self.events.append((t, name))
    def run(self):
        log = []
        for t, name in sorted(self.events):
            self.now += t - self.now
            self.obj += [t]
            log.append((self.now, name))
        return log
s = Sim()
s.at(5, "b"); s.at(2, "a")
s.run(), s.now, s.obj
