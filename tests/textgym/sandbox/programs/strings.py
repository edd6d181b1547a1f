# ruff: noqa
# fmt: off
# %% fstring_formats
name, pi, n = "Ada", 3.14159265, 1234567
print(f"{name!r:>8}|{name:<6}|{name:^7}|{pi:.3f}|{pi:10.2e}|{n:,}|{n:_}|{n:08x}|{0.256:.1%}|{5:+d}|{255:#b}")
w, p = 10, 2
print(f"{pi:{w}.{p}f}|{'x':*^{w}}|{{}}|{name.upper()}|{n % 7}|{'nested ' + f'{p}'}")
# %% str_format
print("{} {} {}".format(1, "a", 2.5), "{1}{0}".format("b", "a"), "{x:>5}|{y:<5}|".format(x=1, y=2))
print("{:.2f} {:,} {:05d} {:>{w}}".format(3.14159, 10**6, 42, "r", w=6), "{:%}".format(0.5), "{{}} {!r}".format("q"))
print("{a}-{b}".format_map({"a": 1, "b": 2}), "1.5 [ok]".format())
# %% percent_formatting
print("%d %s %5.2f %-5s| %05d %x %%" % (3, "abc", 3.14159, "ab", 42, 255))
print("%(name)s is %(age)d" % {"name": "Al", "age": 5})
# %% string_methods
s = "  Hello, World  "
print(s.strip().lower().replace("l", "L"), s.split(","), "a-b-c".rsplit("-", 1), "x".join("abc"), "abc".find("z"))
print("Hello".startswith("He"), "a1".isalnum(), "abc".center(9, "*"), "title case".title(), "Swap".swapcase(), "7".zfill(3))
print("a\tb\n", repr("q'\"\n"), "ab" * 3, "b" in "abc", "aXbX".count("X"), "abc".partition("b"), "x,y\nz".splitlines())
"éa".encode("utf-8"), b"abc".decode(), ord("a"), chr(98), "abc".translate(str.maketrans("ab", "xy"))
# %% caesar_cipher
def caesar(s, k):
    out = []
    for c in s:
        if c.isalpha():
            base = ord("A") if c.isupper() else ord("a")
            out.append(chr((ord(c) - base + k) % 26 + base))
        else:
            out.append(c)
    return "".join(out)
caesar(caesar("Hello, World!", 3), -3), caesar("xyz", 3)
# %% palindrome
def is_pal(s):
    t = [c.lower() for c in s if c.isalnum()]
    return t == t[::-1]
is_pal("A man, a plan, a canal: Panama"), is_pal("nope")
# %% anagram_groups
from collections import defaultdict
groups = defaultdict(list)
for w in ["eat", "tea", "tan", "ate", "nat", "bat"]:
    groups["".join(sorted(w))].append(w)
sorted(groups.values())
# %% word_frequencies
from collections import Counter
text = "the cat and the hat and the bat"
c = Counter(text.split())
print(c.most_common(2), c["cat"], sum(c.values()), Counter("aab") + Counter("b"), Counter("aab") - Counter("a"))
# %% run_length_encoding
import re
def enc(s): return "".join(f"{len(m.group(0))}{m.group(1)}" for m in re.finditer(r"(.)\1*", s))
def dec(s): return "".join(c * int(n) for n, c in re.findall(r"(\d+)(\D)", s))
enc("aaabccd"), dec(enc("aaabccd"))
# %% regex_tour
import re
print(re.findall(r"\d+", "a1b22"), re.sub(r"(\w+)@(\w+)", r"\2 at \1", "me@home"), re.split(r"[;,]\s*", "a, b;c"))
m = re.match(r"(?P<y>\d{4})-(?P<m>\d\d)", "2024-05-06")
print(m.group("y"), m.groups(), m.groupdict(), m.start(), m.span(2), m["m"], m.end())
p = re.compile(r"^h", re.I | re.M)
print(p.findall("Hi\nho"), p.pattern, re.sub(r"\d", lambda m: str(int(m.group()) + 1), "a1b9"), re.escape("a.b"))
print(bool(re.fullmatch(r"[a-z]+", "abc")), re.search("z", "abc"))
# %% regex_error
import re
try:
    re.compile("(")
except re.error as e:
    print("bad pattern:", e.msg)
# %% roman_numerals
def to_roman(n):
    vals = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    out = ""
    for v, s in vals:
        while n >= v:
            out += s
            n -= v
    return out
[to_roman(n) for n in (4, 9, 1994, 2024)]
# %% levenshtein
def lev(a, b):
    prev = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        cur = [i]
        for j, cb in enumerate(b, 1):
            cur.append(min(prev[j] + 1, cur[-1] + 1, prev[j - 1] + (ca != cb)))
        prev = cur
    return prev[-1]
lev("kitten", "sitting")
# %% text_wrapping
import textwrap
print(textwrap.fill("the quick brown fox jumps over the lazy dog", 20))
print(textwrap.dedent("    a\n      b\n"), textwrap.shorten("hello world again", 12, placeholder="..."))
# %% string_constants
import string
print(string.ascii_lowercase[:3], string.digits, string.punctuation[:3], string.capwords("a bc"))
print(string.Template("$who likes ${what}").substitute(who="tim", what="pie"))
# %% balanced_brackets
def ok(s):
    pairs = {")": "(", "]": "[", "}": "{"}
    st = []
    for c in s:
        if c in "([{":
            st.append(c)
        elif c in pairs:
            if not st or st.pop() != pairs[c]:
                return False
    return not st
[ok(s) for s in ("([]{})", "([)]", "((")]
# %% bytes_and_ints
print(b"ab"[0], bytes([65, 66]), bytearray(b"xy"), (258).to_bytes(2, "big"), int.from_bytes(b"\x01\x02", "big"), (10).bit_length(), bin(10), hex(255), oct(8), int("ff", 16), int("0b101", 0))
# %% json_round_trip
import json
d = {"a": [1, 2.5, None, True], "b": {"c": "é"}}
s = json.dumps(d, sort_keys=True)
print(s, json.loads(s) == d, json.dumps([1], indent=2))
try:
    json.loads("{bad")
except json.JSONDecodeError as e:
    print("bad json", e.pos)
# %% join_and_print_options
print(1, 2, 3, sep="-", end="!\n")
print(*[1, 2], sep=", ")
print("a", "b", sep="", end="")
print()
print("no newline", flush=True)
# %% multiline_and_raw
text = """line one
line two"""
print(len(text.splitlines()), r"\n", "tab\there", 'single' "joined")
# %% vowels_and_dict_counts
counts = {}
for ch in "programming language":
    if ch in "aeiou":
        counts[ch] = counts.get(ch, 0) + 1
counts
# %% stringio
import io
buf = io.StringIO()
print("hello", file=buf)
buf.write("x")
buf.getvalue(), io.StringIO("a\nb").readlines()
# %% sys_stdout_write
import sys
sys.stdout.write("direct\n")
print("err?", end="\n", file=sys.stdout)
# %% hashing
import hashlib
hashlib.md5(b"abc").hexdigest(), hashlib.sha256("x".encode()).hexdigest()[:8]
