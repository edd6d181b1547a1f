# ruff: noqa
# fmt: off
# %% refused_class_seen_by_init_subclass -> error
from dataclasses import dataclass, asdict
box = []
@dataclass(init=False)
class K:
    format: object
    def __init_subclass__(cls, **k): box.append(cls)
try:
    class L(K, str): pass
except ValueError: pass
print(asdict(box[0]("{0.__globals__}"))["format"](exit))
# %% refused_class_seen_by_set_name -> error
from dataclasses import dataclass, replace
box = []
class Spy:
    def __set_name__(self, owner, name): box.append(owner)
@dataclass(init=False)
class K:
    format_map: object
try:
    class L(K, str): spy = Spy()
except ValueError: pass
replace(box[0]("{a.__globals__}")).format_map({"a": exit})
# %% refused_class_compares_by_eq -> error
from dataclasses import dataclass
import datetime
box = []
@dataclass(init=False)
class K:
    today: object
    def __init_subclass__(cls): box.append(cls)
try:
    class L(K, datetime.date): pass
except ValueError: pass
box[0](2024, 1, 1) == box[0](2024, 1, 1)
# %% refused_by_a_second_base -> error
from dataclasses import dataclass
class Text(str): pass
@dataclass(init=False)
class K:
    format: object
class L(K, Text): pass
# %% exit_is_told_no_unicode_class -> value True
class M:
    def __enter__(self): return self
    def __exit__(self, k, e, t): self.k = k; return True
m = M()
with m: b"\xff".decode("ascii")
m.k is UnicodeError
# %% exit_of_suppress_is_told_no_unicode_class -> value [True, True]
from contextlib import suppress
kinds = []
class S(suppress):
    def __exit__(self, k, e, t): kinds.append(k is UnicodeError); return super().__exit__(k, e, t)
with S(ValueError): b"\xff".decode("ascii")
with S(UnicodeDecodeError): "\u1234".encode("ascii")
kinds
# %% library_setter_by_hand -> error
import csv, collections
csv.DictReader.fieldnames.fset(collections.Counter, ["x"])
# %% library_setter_by_descriptor -> error
import csv
csv.DictReader.fieldnames.__set__(csv.DictReader([]), ["x"])
# %% own_property_of_a_library_function -> error
import csv, collections
class A: p = csv.DictReader.fieldnames
A.p.fset(collections.Counter, ["x"])
# %% year_zero -> error
import datetime
datetime.date(b"\x00\x00\x01\x01").ctime()
# %% year_zero_unbound -> error
import datetime
datetime.date.ctime(datetime.datetime(b"\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00"))
# %% ctime_of_what_is_no_date -> error
import datetime
datetime.date.ctime("x")
# %% get_of_a_builtin -> error
[].append.__get__
# %% get_of_a_library_function -> error
import statistics
statistics.mean.__get__(1)
# %% set_of_a_slot -> error
class A:
    __slots__ = ("x",)
A.x.__set__
# %% set_name_of_a_library -> error
import functools
class A:
    def m(self): functools.cached_property(len).__set_name__(A, "format")
A().m()
# %% own_set_name_is_told_plain_names -> value ['_x', '_x']
told = []
class Base:
    def __set_name__(self, owner, name): told.append(name)
class D(Base):
    def __set_name__(self, owner, name): super().__set_name__(owner, name); Base.__set_name__(self, owner, name)
class A: _x = D()
told
# %% get_of_an_own_function -> value (1, 2)
class A: pass
def f(self, n): return self.n, n
a = A(); a.n = 1
f.__get__(a, A)(2)
# %% cache_by_type_compares_kinds_with_nothing_else -> value [False, False]
import functools
seen = []
class V:
    def __hash__(self): return hash((V,))
    def __eq__(self, other): seen.append(isinstance(other, type)); return True
@functools.lru_cache(maxsize=None, typed=True)
def f(*a, **k): return 1
f(V()); f(V()); f(V, k=V()); f(V, k=V()); f(V, V(), V())
seen
# %% cached_function_of_a_library_is_not_patched -> error
import functools
f = functools.lru_cache(len)
f.hits = 1
# %% members_by_value_are_a_copy -> error
import re
type(re.I)._value2member_map_[7] = 1
# %% members_by_value_are_not_replaced -> refused
from enum import Enum
class E(Enum): A = 1
E._value2member_map_ = {}
# %% refused_name_leaves_no_error_of_ours -> value None
try: getattr(1, "__globals__")
except AttributeError as e: error = e
error.__context__
# %% sys_exit_with_a_code -> error
import sys
sys.exit(3)
# %% sys_exit_with_a_text -> error
raise SystemExit("bye")
# %% own_exit_class_says_nothing -> error
class E(SystemExit): code = 0
raise E()
# %% ancestors_of_own_classes_are_those_one_can_name -> value [['C', 'B', 'A', 'object'], ['E', 'Enum', 'object'], ['A'], 'A']
from enum import Enum
class A: pass
class B(A): pass
class C(B): pass
class E(Enum): X = 1
[[k.__name__ for k in C.__mro__], [k.__name__ for k in E.__mro__], [k.__name__ for k in B.__bases__], B.__base__.__name__]
# %% subclasses_of_own_classes_alone -> value ['B', 'C']
class A: pass
class B(A): pass
class C(A): pass
[k.__name__ for k in A.__subclasses__()]
# %% subclasses_of_the_last_ancestor -> error
class A: pass
A.__mro__[-1].__subclasses__()
# %% subclasses_of_a_library -> error
class A(ValueError): pass
A.__base__.__subclasses__()
# %% subclasses_by_name -> error
getattr(object, "__subclasses__")()
# %% mro_of_type -> error
type(type).__mro__
# %% bases_are_not_set -> refused
class A: pass
A.__bases__ = (int,)
# %% methods_of_a_library_are_not_set -> error
int.__add__ = lambda a, b: 7
# %% methods_of_a_facade_are_not_set -> error
import math
math.__call__ = lambda: 7
# %% methods_of_a_function_are_not_set -> error
def f(): pass
f.__call__ = lambda: 7
# %% methods_by_setattr_of_a_library -> error
from collections import Counter
setattr(Counter, "__init__", lambda self: None)
# %% getattr_method_set_later -> refused
class A: pass
A.__getattr__ = lambda self, name: name
# %% new_set_later -> refused
class A: pass
A.__new__ = lambda cls: 5
# %% setattr_method_set_later -> error
class A: pass
setattr(A, "__setattr__", lambda *a: None)
# %% reduce_set_later -> refused
class A: pass
A.__reduce_ex__ = lambda self, n: (exit, ())
# %% format_reads_no_private_attribute -> error
"{0.__class__}".format(1)
# %% format_reads_no_private_attribute_below -> error
"{0[0].__globals__}".format([len])
# %% format_reads_no_internal -> error
"{0.gi_frame}".format(x for x in [])
# %% format_reads_no_internal_in_the_spec -> error
"{0:{1.gi_frame}}".format(1, (x for x in []))
# %% format_reads_no_format -> error
"{0.format.x}".format("a")
# %% format_map_reads_no_internal -> error
"{a.f_globals}".format_map({"a": 1})
# %% format_nests_not_for_ever -> error
"{0.real:{0.real:{0.real:{0.real}}}}".format(1)
# %% marked_keywords_of_a_liar -> error
class M:
    def keys(self): return ["a", "__class__", "_x"]
    def __getitem__(self, k): return k
def f(**kw): return kw
class A:
    def __init__(self, **kw): self.__dict__.update(kw)
A(**M())
# %% keywords_that_are_no_names -> error
def f(**kw): return kw
f(**{1: 2})
# %% unpacking_what_is_no_mapping -> error
f = dict
f(**[1, 2])
# %% close_is_not_called_by_the_collector -> value ['written']
import io
seen = []
class S(io.StringIO):
    def close(self): seen.append("closed")
    def write(self, text): seen.append("written")
S().write("x")
seen[-1:]
