# ruff: noqa
# fmt: off
# %% text_signature -> value 'D(y)'
from dataclasses import dataclass
class Base:
    __doc__ = "Base(x=__file__)\n--\n\n"
@dataclass(init=False)
class D(Base):
    y: int = 1
D.__doc__
# %% namespace_reduce -> error
import copy
from types import SimpleNamespace
from collections import Counter
n = SimpleNamespace(**{"__reduce_ex__": lambda p: (lambda: Counter, (), (None, {"evil": 5}))})
copy.copy(n)
Counter.evil
# %% ns_reduce -> error
import copy
from types import SimpleNamespace
n = SimpleNamespace(**{"__reduce__": lambda: (print, ("run",))})
copy.copy(n)
# %% cached_attrname -> error
import copy
from functools import cached_property
class CP(cached_property): pass
class A:
    x = CP(lambda self: (lambda p: (print, ("run",))))
A.x.attrname = "__reduce_ex__"
a = A()
a.x
type(copy.copy(a)).__name__
# %% typeddict_dataclass_dunder -> error
from typing import TypedDict
from dataclasses import dataclass
import copy
X = TypedDict("X", {"__reduce_ex__": object})
X = dataclass(X)
x = dict.__new__(X)
X.__init__(x, **{"__reduce_ex__": lambda p: (print, ("run",))})
copy.copy(x)
# %% method_reduce -> value 'method'
import copy
def g(): pass
def f(self): pass
f.__name__ = "__globals__"
class A:
    def m(self): pass
M = type(A().m)
type(copy.copy(M(f, g))).__name__
# %% deepcopy_print -> value []
import copy
seen = []
class Spy:
    def __deepcopy__(self, memo):
        seen.append(memo)
        return self
spy = Spy()
copy.deepcopy(print)
[k for m in seen for v in list(m.values()) if isinstance(v, dict) for k in v][:9]
# %% asdict_print -> value []
from dataclasses import dataclass, asdict
seen = []
class Spy:
    def __deepcopy__(self, memo):
        seen.append(memo)
        return self
spy = Spy()
@dataclass
class D:
    x: object
asdict(D(print))
[k for m in seen for v in list(m.values()) if isinstance(v, dict) for k in v][:9]
# %% partial_copy -> value None
import copy
from functools import partial
copy.deepcopy(partial(print, end=''))()
# %% enum_name -> error
import copy
from enum import Enum
class E(Enum):
    A = 1
E.A.__dict__["_name_"] = "__subclasses__"
# %% enum_nested_copy -> value True
import copy
from enum import Enum
class E(Enum):
    A = [1]
copy.deepcopy(E.A) is E.A
# %% fields_getattr -> error
from dataclasses import fields, field
class A:
    def __getattr__(self, n): return {}
fields(A())
# %% dataclass_slots_module -> value ('__main__', A(x=1))
from dataclasses import dataclass
@dataclass(slots=True)
class A:
    x: int
A.__module__, A(1)
# %% namedtuple_fields_write -> value {'__class__': 1, 'x': 2}
from collections import namedtuple
P = namedtuple("P", "a b")
P._fields = ("__class__", "x")
P(1, 2)._asdict()
# %% exception_subclass_args_setstate -> value 1
class E(Exception):
    def __init__(self, *a): super().__init__(*a); self.z = 1
import copy
copy.copy(E(1)).z
# %% protocol_frame -> refused
r = 'no'
from typing import Protocol, runtime_checkable
from dataclasses import dataclass
@runtime_checkable
@dataclass
class P(Protocol):
    gi_frame: object
def g(): yield 1
it = g()
match it:
    case P(f): r = f
r
# %% protocol_format -> error
r = 'no'
from typing import Protocol, runtime_checkable
from dataclasses import dataclass
@runtime_checkable
@dataclass
class P(Protocol):
    format: object
match "{0.__class__}":
    case P(f): r = f(1)
r
# %% copied_builtins_are_themselves -> value [True, True, True]
import copy
[copy.deepcopy(f) is f for f in (print, getattr, open)]
# %% builtins_tell_nothing_of_the_host -> value [<built-in function print>, <built-in function getattr>, <built-in function open>]
[print, getattr, open]
# %% builtins_are_no_methods -> value [False, False, False]
[hasattr(f, "__self__") for f in (print, getattr, vars)]
# %% kind_of_builtins_holds_no_guard -> error
Kind = type(getattr)
Kind._call
# %% class_of_builtins_derived -> error
class Mine(type(getattr)):
    def __call__(self, *a): return "ours"
Mine(print)("a")
# %% alias_class_behind_list_of_int -> error
import copy
from typing import List
G = type(List[int])
copy.copy(G(list, ("eval",), name="__builtins__"))("1 + 1")
# %% alias_class_behind_callable -> error
import collections.abc
from collections import Counter
type(collections.abc.Callable[[int], int])(lambda: Counter, ([int], int))()
# %% alias_class_behind_a_special_form -> error
import copy
from typing import Optional, List
copy.copy(type(List)(list, 1, name=(lambda: 1, (), {"x": 1})))
# %% copies_of_typing_are_the_originals -> value [True, True, True, True, True]
import copy
from typing import Any, Callable, List, TypeVar, Union
[copy.deepcopy(x) is x for x in (List, List[int], Union[int, str], Callable[[int], int], TypeVar("T"))]
# %% newtype_with_a_name_that_is_no_text -> error
import copy, math
from typing import NewType
copy.copy(NewType((lambda: math, (), {"sqrt": print}), int))
# %% newtype_with_a_name_of_builtins -> value '__main__.eval'
import copy
from typing import NewType
repr(copy.deepcopy(NewType("eval", int)))
# %% newtype_as_a_base -> error
from typing import NewType
class A(NewType):
    pass
# %% staticmethod_shares_annotations -> error
class S(staticmethod):
    pass
# %% classmethod_shares_annotations -> error
class S(classmethod):
    pass
# %% dataclass_docstring_that_runs -> error
from dataclasses import dataclass
class Doc:
    def __bool__(self):
        print("ran")
        return True
class A:
    __doc__ = Doc()
    x: int = 0
dataclass(A)
# %% dataclass_option_that_runs_late -> value (2, 'A(x=2)')
from dataclasses import dataclass
class Weird:
    def __bool__(self):
        return True
@dataclass(frozen=Weird(), repr=Weird())
class A:
    x: int = 0
A(2).x, repr(A(2))
# %% pattern_of_a_named_tuple_reads_a_frame -> refused
import heapq
from abc import ABC
from dataclasses import dataclass
from typing import NamedTuple, Protocol as Real, runtime_checkable
@dataclass
class Generic:
    register: object
class Protocol:
    def __init_subclass__(cls): pass
@runtime_checkable
class Protocol(Generic, Protocol, Real): pass
class A(NamedTuple):
    gi_frame: object
class A(A, ABC): pass
class B(NamedTuple):
    f_builtins: object
class B(B, ABC): pass
def take(cls, x):
    match cls:
        case Protocol(reg): reg(type(x))
    match x:
        case cls(y): return y
take(B, take(A, heapq.merge([1])))["eval"]
# %% pattern_reads_no_guarded_field -> error
from dataclasses import dataclass
@dataclass
class P:
    now: object
match P(1):
    case P(x): print(x)
# %% named_tuple_of_internals_by_function -> error
from typing import NamedTuple
NamedTuple("A", [("gi_frame", object)])
# %% named_tuple_of_code_by_function -> error
from typing import NamedTuple
NamedTuple("A", [("x: print(1)", object)])
# %% dataclass_mixin_hides_str_format -> error
from dataclasses import dataclass, asdict
@dataclass
class P:
    format: object
class S(P, str):
    def __init__(self, *a): pass
asdict(S("{0.__class__.__mro__}"))["format"](1)
# %% dataclass_made_after_its_subclass_hides_str_format -> error
from dataclasses import dataclass
class P:
    format: object = None
class S(P, str):
    pass
dataclass(init=False)(P)
# %% dataclass_mixin_hides_the_clock -> error
import datetime
from dataclasses import dataclass
@dataclass
class P:
    now: object
class S(P, datetime.datetime):
    pass
# %% deepcopy_memo_renames_an_attribute -> value True
import copy
class A: pass
a = A()
a.x = lambda: (None, {"__class__": A, "__dict__": {}})
b = copy.deepcopy(a, {id("x"): "__getstate__"})
copy.copy(b).x is a.x
# %% deepcopy_memo_shows_nothing -> value [1, {}]
import copy
seen = []
class Spy:
    def __init__(self):
        self.secret = [1]
    def __deepcopy__(self, memo):
        seen.append(memo)
        return 1
c = copy.deepcopy([Spy(), {"a": [1, 2]}])
[c[0], dict(seen[0])]
# %% deepcopy_of_stdout -> error
import copy, sys
copy.deepcopy([sys.stdout])
# %% deepcopy_memo_class_by_hand -> value [1]
import copy
seen = []
class Spy:
    def __deepcopy__(self, memo):
        seen.append(type(memo))
        return 1
copy.deepcopy(Spy())
copy.deepcopy([1], seen[0]())
# %% deepcopy_memo_swaps_a_dict -> value {'a': 1}
import copy
d, e = {"a": 1}, {"b": 2}
copy.deepcopy(d, {id(d): e})
# %% copy_of_an_iterator -> error
import copy
copy.copy(iter([1]))
# %% enum_class_dict_keeps_its_notes -> error
import math
from enum import Enum
class E(Enum):
    A = 1
vars(E)["_new_member_"](type(math))
# %% exception_traceback_cannot_be_set -> refused
try:
    1 / 0
except ZeroDivisionError as e:
    e.__traceback__ = None
# %% exception_attribute_of_a_dunder -> error
e = ValueError()
setattr(e, "__class__", KeyError)
# %% dataclass_field_that_the_compiler_spells_otherwise -> error
from typing import TypedDict
from dataclasses import dataclass
X = dataclass(init=False)(TypedDict("X", {"__self_\uff3f": int}))
got = []
class S(list):
    def __eq__(self, o):
        got.append(o)
        return True
X.__eq__(len, S().append)
got[0].eval("1")
# %% namedtuple_field_that_the_compiler_spells_otherwise -> error
from collections import namedtuple
namedtuple("A", ["\uff47i_frame"])
# %% unicode_error_made_to_read_memory -> value "UnicodeError('u', b'abc', -1000000000000000, -999999999999999, 'r')"
repr(UnicodeDecodeError("u", b"abc", -10**15, -10**15 + 1, "r"))
# %% unicode_error_told_to_read_memory -> error
try:
    b"\xff".decode()
except UnicodeDecodeError as e:
    e.object = 1.7e308
# %% unicode_error_class_by_type -> error
try:
    b"\xff".decode()
except UnicodeDecodeError as e:
    type(e)("u", b"abc", -10**15, -10**15 + 1, "r")
# %% unicode_error_as_a_base_by_type -> error
try:
    b"\xff".decode()
except ValueError as e:
    class U(type(e)):
        pass
# %% unicode_error_made_anew_by_init -> error
try:
    b"\xff".decode()
except ValueError as e:
    e.__init__("u", b"abc", -10**15, -10**15 + 1, "r")
# %% class_in_the_place_of_new -> refused
import calendar
from enum import Enum
class E(Enum):
    @(lambda c: (lambda cls, *a: calendar.day_name))
    class __new__: pass
    A = "%d"
# %% bases_that_change_their_mind -> error
class B:
    n = 0
    def __getattr__(self, name):
        if name != "__mro_entries__": raise AttributeError(name)
        def entries(bases):
            self.n += 1
            return (int,) if self.n % 2 else (super,)
        return entries
class MS(B()): pass
# %% annotated_sets_no_attribute -> value True
import statistics
from typing import Annotated
Annotated[lambda: statistics.mean, 1]() is statistics.mean
# %% annotated_is_its_first_item -> value True
from typing import Annotated
Annotated[int, "positive"] is int
# %% alias_copied_with_a_function -> refused
from typing import List
List[int].copy_with((lambda: 1,))
# %% field_metadata_is_not_shared -> value {}
from dataclasses import dataclass, field, fields
class Spy:
    def __eq__(self, other):
        other["evil"] = 1
        return True
@dataclass
class A:
    x: int = 0
fields(A)[0].metadata == Spy()
field().metadata == Spy()
dict(fields(A)[0].metadata)
# %% pattern_groups_are_not_shared -> value 'a 1'
import re
from string import Template
class Spy:
    def __eq__(self, other):
        other["named"] = 1
        return True
Template.pattern.groupindex == Spy()
Template("a $x").substitute(x=1)
# %% slots_of_a_library_class -> error
from statistics import NormalDist
NormalDist.__slots__["x"] = 1
# %% defaults_of_a_library_tuple -> value {}
from decimal import DecimalTuple
DecimalTuple._field_defaults["evil"] = 1
DecimalTuple._field_defaults
# %% white_space_of_textwrap -> refused
import textwrap
textwrap.TextWrapper.unicode_whitespace_trans[97] = "X"
# %% context_that_all_contexts_copy -> error
import decimal
decimal.DefaultContext.traps[decimal.DivisionByZero] = False
# %% context_that_all_share -> error
from decimal import BasicContext
# %% bound_method_of_an_object_as_a_base -> error
class P:
    def __call__(self, *a): pass
    def m(self): pass
    def __getattr__(self, name):
        if name == "__mro_entries__": return lambda bases: (object,)
        raise AttributeError(name)
class M(type(P().m)(P(), 1)): pass
# %% namespace_with_a_lying_name -> error
from types import SimpleNamespace
class S(str):
    def startswith(self, *a): return False
SimpleNamespace(**{S("__mro_entries__"): 1})
# %% namespace_as_a_base -> error
from types import SimpleNamespace
class M(SimpleNamespace(x=1)): pass
# %% exception_as_a_base -> error
class Z(Exception()): x: int = 1
# %% annotations_changed_by_a_descriptor -> value 'V(a=0, b=0)'
from dataclasses import dataclass
class D:
    def __get__(self, o, owner):
        try:
            del owner.__annotations__["b"]
            owner.__annotations__["b, open, self"] = int
        except Exception:
            pass
        return 0
class V:
    a: int = D()
    b: int = 0
repr(dataclass(init=False, eq=False)(V)())
# %% one_field_for_two_classes -> error
from dataclasses import dataclass, field, asdict
f = field(default=0, init=False)
@dataclass(init=False, eq=False, repr=False)
class A(str):
    x: int = f
@dataclass
class B:
    format: int = f
asdict(A("{0.__globals__}"))["format"]
# %% one_field_for_two_names -> error
from dataclasses import dataclass, field
f = field(default=0)
@dataclass
class A:
    x: int = f
    y: int = f
# %% replace_reads_the_checked_name -> value {'x': 0}
from dataclasses import dataclass, field, fields, replace
f = field(default=0)
seen = {}
@dataclass(eq=False, repr=False)
class A(str):
    x: int = f
    def __new__(cls, **given):
        seen.update(given)
        return str.__new__(cls)
@dataclass
class B:
    format: int = f
a = A(x=0)
replace(a)
seen
# %% getattr_is_not_asked_for_dunders -> value []
from typing import TypeVar
T = TypeVar("T")
asked = []
class X:
    def __getattr__(self, name):
        if name.startswith("__"):
            asked.append(name)
        raise AttributeError(name)
    def __call__(self): pass
list[T, X()][str]
asked
# %% getattr_by_assignment -> refused
class X:
    __getattr__ = lambda self, name: print
# %% buffer_of_bytes -> refused
import io
io.BytesIO(b"abc").getbuffer()
# %% inherited_descriptor_gives_a_field -> error
from dataclasses import dataclass, field, asdict
F = field(init=False)
class D:
    def __get__(self, o, t): return F
class D2:
    def __get__(self, o, t):
        class Base2: format = F
        class Other(Base2): format: int
        dataclass(Other)
        return 0
class Base(str): x = D(); y = D2()
class K(Base): x: int; y: int
dataclass(K)
asdict(K("{0._call.__globals__[errors].re.enum.sys.modules}"))["format"](print)
# %% descriptor_changes_its_class -> error
from dataclasses import dataclass, field
F = field(default=1)
class D:
    def __get__(self, o, t):
        K.x = F
        return 0
class K:
    x: int = 3
    y: int = D()
dataclass(K)
# %% state_for_another_class -> error
import random, copy
class BE(ValueError): pass
class R(random.Random):
    def __new__(cls, *a): return BE() if flag else super().__new__(cls)
    def getstate(self): return {"__reduce__": lambda: (lambda: e, (), {"start": -64, "end": -63})}
flag = 0; m = R(); flag = 1
try: b"\xff".decode()
except UnicodeError as x: e = x
copy.copy(copy.copy(m))
str(e)
# %% typed_dict_as_dataclass_with_private_names -> error
from typing import TypedDict
from dataclasses import dataclass
X = dataclass(TypedDict("X", {"_items": object}))
# %% docstring_that_changes_its_mind -> error
from dataclasses import dataclass
n = [0]
class Doc:
    def __get__(self, o, t): n[0] += 1; return "x" if n[0] <= 2 else ""
class Base: __doc__ = "Base(x=sys.executable, y=__file__)\n--\n\n"
class D(Base):
    __doc__ = Doc()
    y: int = 1
dataclass(init=False)(D); D.__doc__
# %% inherited_values_are_defaults -> value (5, 1)
from dataclasses import dataclass, field
class B:
    z = 5
    def run(self): return 1
@dataclass
class E(B):
    z: int
    tags: list = field(default_factory=list)
(E().z, E(4).run())
