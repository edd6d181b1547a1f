# ruff: noqa
# fmt: off
# %% class_of_a_cached_function_makes_none -> error
import functools
type(functools.cache(lambda: 1))(lambda *a: 1, None, True, tuple)
# %% class_of_a_cached_function_is_one -> value (True, False)
import functools
f = functools.cache(lambda: 1)
(isinstance(f, type(f)), isinstance(len, type(f)))
# %% literals_are_not_compared_with_classes -> value []
import typing
seen = []
class A: pass
class V:
    def __hash__(self): return hash((typing.Literal, A))
    def __eq__(self, o): seen.append(isinstance(o, type)); return True
typing.Literal[A]; typing.Literal[A, V()]; typing.Literal[V(), V()]
[each for each in seen if each]
# %% methods_of_objects_that_compare -> error
import types
class Spy:
    def __call__(self): pass
    def __eq__(self, o): return True
types.MethodType(Spy(), 1)
# %% methods_of_objects_that_compare_by_class -> error
class Spy:
    def __call__(self): pass
class A:
    def m(self): pass
type(A().m)(Spy(), 1)
# %% methods_of_own_functions -> value (3, True)
import types
class A: n = 2
def f(self, k): return self.n + k
m = types.MethodType(f, A())
(m(1), isinstance(m, types.MethodType))
# %% call_of_an_enumeration_is_shown_to_nobody -> value []
import re
got = []
class Spy:
    def __call__(self): pass
    def __eq__(self, o): got.append(o); return True
class A: m = classmethod(Spy())
A.m == type(re.I).__call__
got
# %% init_of_a_library_is_shown_to_nobody -> value []
import json
got = []
class Spy:
    def __call__(self): pass
    def __eq__(self, o): got.append(o); return True
class A: m = classmethod(Spy())
class D(json.JSONDecoder):
    def __init__(self): A.m == super().__init__; super().__init__()
D()
got
# %% field_by_a_descriptor -> error
from dataclasses import dataclass, field, asdict
F = field(init=False)
class D:
    def __get__(self, o, t): return F
class D2:
    def __get__(self, o, t):
        class Other: format: int = F
        dataclass(Other); return 0
class K(str): x: int = D(); y: int = D2()
K = dataclass(K)
asdict(K("{0.__globals__}"))["format"](exit)
# %% field_renamed_while_it_is_asked -> error
from dataclasses import dataclass, field, fields
class B:
    def __bool__(self):
        class Other: format: int = F
        dataclass(Other); return True
F = field(compare=B(), init=B(), default=0)
class K:
    a: int = F
    b: int = 1
[f.name for f in fields(dataclass(K))]
# %% field_made_by_its_class -> error
from dataclasses import dataclass, fields, MISSING
@dataclass
class A: x: int = 0
type(fields(A)[0])(MISSING, MISSING, True, True, None, True, None, False)
# %% descriptor_as_a_default -> value (7, [0, 7], 'K(x=9)')
from dataclasses import dataclass
log = []
class D:
    def __set_name__(self, owner, name): self.key = "_" + name
    def __get__(self, o, t): return 7 if o is None else getattr(o, self.key, 0)
    def __set__(self, o, v): log.append(getattr(o, self.key, 0)); setattr(o, self.key, v)
@dataclass
class K: x: int = D()
k = K()
first = k.x
k.x = 9
(first, log, repr(k))
# %% namedtuple_with_a_rename_that_changes_its_mind -> value ('x', '_1')
from collections import namedtuple
class R:
    def __init__(self, *a): self.a = list(a)
    def __bool__(self): return self.a.pop(0) if self.a else True
namedtuple("P", ["x", "__getattribute__"], rename=R(True, False, True))._fields
# %% namedtuple_with_a_text_that_changes_its_mind -> value ('x', '_1')
from collections import namedtuple
class T:
    def __str__(self): return "__class__"
namedtuple("P", ["x", T()], rename=True)._fields
# %% table_of_textwrap_is_read_only -> error
import textwrap
class S(str):
    def expandtabs(self, *a): return self
    def translate(self, t): t[ord("a")] = "HACK"; return "x"
textwrap.wrap(S("abc"))
# %% table_of_re_is_read_only -> error
import re
class S(str):
    def translate(self, t): t[ord("a")] = "HACK"; return "x"
re.escape(S("abc"))
# %% error_with_a_setattr_of_its_own -> error
class E(Exception):
    def __setattr__(self, n, v): raise ValueError
raise E("boom")
# %% exit_code_with_an_eq_of_its_own -> error
class X:
    def __eq__(self, o): raise ValueError
raise SystemExit(X())
# %% recursion_limit_that_lies -> value True
import sys
class I(int):
    def __lt__(self, o): return False
    def __gt__(self, o): return False
    def __add__(self, o): return 10 ** 8
sys.setrecursionlimit(I(50))
type(sys.getrecursionlimit()) is int and sys.getrecursionlimit() <= 10 ** 4
# %% strptime_that_comes_back -> error
import datetime
class S(str):
    def __hash__(self):
        if len(log) < 3: log.append(1); datetime.datetime.strptime("1", S("%d"))
        return 1
log = []
datetime.datetime.strptime("x", S("%d"))
# %% array_shows_its_list_to_nobody -> error
from array import array
class T:
    def __rmul__(self, o): o.append("x"); return o
array("i", [1]) * T()
# %% array_with_a_setattr_of_its_own -> value []
from array import array
seen = []
class A(array):
    def __setattr__(self, n, v): seen.append(n)
a = A("i", [1]); a.append(2); a += array("i", [3]); a *= 2
seen
# %% cached_property_is_not_derived_from -> error
from functools import cached_property
class P(cached_property): pass
# %% lambda_with_keywords_in_a_comprehension -> value [{'_a': 1}]
[x for x in map(lambda **k: k, [])] + [(lambda **k: k)(_a=1)]
# %% members_of_enumerations_are_shown_as_members -> value (True, True)
from enum import Enum
class E(Enum): A = 1
(vars(E)["A"] is E.A, E.__dict__["A"] is E.A)
# %% private_objects_of_ours_have_plain_names -> value ['_GeneratorContextManager', 'function']
from contextlib import contextmanager
from functools import singledispatch
@contextmanager
def c(): yield
[type(c()).__name__, type(singledispatch(len)).__name__]
# %% private_keywords_are_no_library_s -> error
import json
seen = []
update = json.JSONDecoder().decode
update("1", _w=seen.append)
# %% private_keywords_by_two_stars_are_no_library_s -> error
from fractions import Fraction
dict = Fraction
dict(2, 4, **{"_normalize": False})
# %% tables_have_no_public_names -> value [False, False]
import re
got = []
class S(str):
    def translate(self, t): got.extend([hasattr(t, "_get"), hasattr(t, "_look_up")]); return "x"
re.escape(S("a"))
got
# %% annotation_in_text_names_nothing_hidden -> error
from functools import singledispatch
@singledispatch
def f(x): pass
@f.register
def _(x: "_type_"): pass
