# ruff: noqa
# fmt: off
# %% type_three_arguments -> error
type("X", (), {})
# %% type_subclass -> error
class M(type): pass
# %% type_of_type -> error
type(type(int))("X", (), {})
# %% type_call_dunder -> error
type.__call__(int, "X", (), {})
# %% typing_type_call -> error
from typing import Type
Type[int]("X", (), {})
# %% type_new -> error
type.__new__(type, "X", (), {})
# %% metaclass_keyword -> refused
class A(metaclass=print): pass
# %% metaclass_by_kwargs -> refused
class A(**{"metaclass": print}): pass
# %% metaclass_function_named_abcmeta -> error
def ABCMeta(*a): return a
class A(metaclass=ABCMeta): pass
A()[0]
# %% metaclass_through_base_instance -> error
import math
class A(math): pass
# %% instance_as_base -> error
class A(5): pass
# %% module_type -> error
import math
type(math)("x")
# %% facade_new -> error
import math
object.__new__(type(math))
# %% subclasshook -> refused
class A:
    @classmethod
    def __subclasshook__(cls, c): return True
# %% instancecheck -> refused
class A:
    def __instancecheck__(self, x): return True
# %% set_name_sees_a_class_of_the_program -> value [('x', True), ('y', True)]
seen = []
class D:
    def __set_name__(self, o, n): seen.append((n, isinstance(o, type)))
class A:
    x = D()
    y = D()
seen
# %% getattribute -> refused
class A:
    def __getattribute__(self, n): return 1
# %% del_method -> refused
class A:
    def __del__(self): print("run")
# %% class_property -> refused
class A:
    __class__ = int
# %% class_property_by_def -> refused
class A:
    @property
    def __class__(self): return int
# %% mro_entries -> refused
class A:
    def __mro_entries__(self, b): return (int,)
# %% prepare -> refused
class A:
    def __prepare__(self): pass
# %% module_attribute -> refused
class A:
    __module__ = "os"
# %% qualname_attribute -> refused
class A:
    __qualname__ = "x"
# %% dict_slot_of_dunder -> refused
class A:
    __slots__ = ("__class__",)
# %% computed_slots -> refused
class A:
    __slots__ = tuple(["__class__"])
# %% computed_match_args -> refused
class A:
    __match_args__ = tuple(["__class__"])
# %% match_args_dunder -> refused
class A:
    __match_args__ = ("__dict__",)
# %% match_args_frame -> refused
class A:
    __match_args__ = ("gi_frame",)
# %% match_args_guarded -> refused
class A:
    __match_args__ = ("format",)
# %% match_args_by_loop -> refused
class A:
    for __match_args__ in [("__class__",)]: pass
# %% match_args_augmented -> refused
class A:
    __match_args__ = ("x",)
    __match_args__ += ("__class__",)
# %% match_args_by_setattr -> error
class A: pass
setattr(A, "__match_args__", ("__class__",))
# %% match_args_by_store -> refused
class A: pass
A.__match_args__ = ("__class__",)
# %% match_class_keyword -> refused
match 1:
    case object(__class__=c): print(c)
# %% match_function_globals -> refused
def f(): pass
match f:
    case object(__globals__=g): print(g)
# %% match_generator_frame -> refused
match (x for x in [1]):
    case object(gi_frame=f): print(f)
# %% match_abc_register -> value ['no', 'no']
from abc import ABC
class K(ABC):
    __match_args__ = ("x",)
K.register(type(print))
def look(x):
    match x:
        case K(_call=c): return c
    return "no"
[look(print), look(len)]
# %% abc_register_of_a_library -> error
from collections.abc import Sequence
class A: pass
Sequence.register(A)
# %% property_init -> error
from fractions import Fraction
Fraction.numerator.__init__(lambda s: 5)
# %% property_init_by_super -> error
class P(property):
    def m(self, f): super().__init__(f)
from fractions import Fraction
P.m(Fraction.numerator, lambda s: 5)
# %% patch_counter -> error
from collections import Counter
Counter.most_common = lambda *a: []
# %% patch_counter_by_self -> error
from collections import Counter
class A:
    def m(self): self.most_common = 1
A.m(Counter)
# %% patch_counter_by_rebound_self -> error
from collections import Counter
class A:
    def m(self):
        self = Counter
        self.most_common = 1
A().m()
# %% patch_counter_by_nested_self -> error
from collections import Counter
class A:
    def m(self):
        def g(self): self.most_common = 1
        g(Counter)
A().m()
# %% patch_counter_by_lambda_self -> error
from collections import Counter
class A:
    def m(self):
        [setattr(self, "most_common", 1) for self in [Counter]]
A().m()
# %% patch_by_loop_target -> error
from collections import Counter
for Counter.most_common in [1]: pass
# %% patch_by_with_target -> error
from collections import Counter
from contextlib import nullcontext
with nullcontext(1) as Counter.most_common: pass
# %% patch_by_unpacking -> error
from collections import Counter
Counter.most_common, x = 1, 2
# %% patch_by_delete -> error
from collections import Counter
del Counter.most_common
# %% patch_by_augmented -> error
from collections import Counter
Counter.most_common += 1
# %% patch_by_setattr -> error
from collections import Counter
setattr(Counter, "most_common", 1)
# %% patch_by_type_setattr -> error
from collections import Counter
object.__setattr__(Counter, "most_common", 1)
# %% patch_by_comprehension -> refused
[1 for x.__class__ in [1]]
# %% patch_fraction -> error
from fractions import Fraction
Fraction.numerator = 5
# %% patch_builtin_type -> error
int.real = 5
# %% patch_print -> error
print.x = 1
# %% patch_library_function -> error
import statistics
statistics.mean.x = 1
# %% patch_by_total_ordering -> error
from functools import total_ordering
from random import Random
total_ordering(Random)
# %% patch_by_wraps -> value 'mean'
from functools import wraps
import statistics, math
wraps(lambda: 0)(statistics.mean)
statistics.mean.__name__
# %% patch_by_abstractmethod -> value False
from abc import abstractmethod
from collections import Counter
abstractmethod(Counter)
hasattr(Counter, "__isabstractmethod__")
# %% patch_abc_register -> error
from collections.abc import Sized
Sized.register(int)
# %% patch_facade -> error
import math
math.sqrt = lambda x: 5
# %% patch_facade_by_setattr -> error
import math
setattr(math, "sqrt", 1)
# %% patch_facade_by_dict -> error
import math
math.__dict__["sqrt"] = 1
# %% patch_facade_by_vars -> error
import math
vars(math)["sqrt"] = 1
# %% patch_facade_by_init -> error
import math
math.__init__({"sqrt": 1})
# %% patch_builtins_by_subscript -> refused
__builtins__["len"] = 1
# %% patch_enum_member -> error
import re
re.I.x = 1
# %% update_wrapper_pours_nothing -> value ('print', 'counter', 1)
from functools import update_wrapper
import math
def counter(): "doc"
counter.n = 1
class A: pass
a = update_wrapper(A(), counter)
update_wrapper(print, counter); update_wrapper(math, counter)
def f(): pass
(print.__name__, a.__name__, update_wrapper(f, counter).n)
# %% wraps_pours_nothing -> value False
from functools import wraps
import math
@wraps(math)
def f(): pass
hasattr(f, "sqrt")
# %% reach_statistics_sys -> error
import statistics
statistics.sys
# %% reach_re_enum -> error
import re
re.enum.sys
# %% reach_json_codecs -> error
import json
json.codecs.open("/etc/passwd")
# %% reach_json_decoder_module -> error
from json import decoder
decoder.scanner
# %% reach_collections_sys -> error
import collections
collections._sys
# %% reach_random_os -> error
import random
random._os
# %% reach_random_system -> error
from random import SystemRandom
# %% reach_by_from -> error
from statistics import sys
# %% reach_by_star -> error
from statistics import *
sys.modules
# %% reach_by_dotted_import -> error
import json.encoder
# %% reach_typing_sys -> error
import typing
typing.sys
# %% reach_by_name_dunder -> error
import json
getattr(json, "__spec__")
# %% reach_dataclasses_inspect -> error
import dataclasses
dataclasses.inspect
# %% reach_calendar_datetime -> error
import calendar
calendar.datetime.sys
# %% reach_textwrap_re -> error
import textwrap
textwrap.re.enum
# %% import_os -> error
import os
# %% import_sys_path -> error
import sys
sys.path
# %% import_builtins -> error
import builtins
# %% import_ctypes -> error
import ctypes
# %% import_gc -> error
import gc
# %% import_inspect -> error
import inspect
# %% import_subprocess -> error
import subprocess
# %% import_importlib -> error
import importlib
# %% import_private -> error
import _io
# %% import_textgym -> error
import textgym
# %% import_relative -> refused
from . import x
# %% import_future_unknown -> refused
from __future__ import barry_as_FLUFL
# %% attrgetter -> error
from operator import attrgetter
attrgetter("__class__.__base__.__subclasses__")(1)
# %% methodcaller -> error
import operator
operator.methodcaller("__reduce__")(1)
# %% contextlib_exit_stack -> error
from contextlib import ExitStack
# %% open_file -> error
open("/etc/passwd").read()
# %% environment -> error
import os
os.environ["TEXTGYM_CANARY"]
# %% io_open -> error
import io
io.open("/etc/passwd")
# %% input_function -> error
input("> ")
# %% globals_function -> error
globals()["__builtins__"]
# %% locals_function -> error
locals()
# %% partial_reaches_no_function -> value True
from functools import partial
p = partial(print)
p.func is print
# %% manager_subclass -> error
from contextlib import contextmanager
@contextmanager
def m(): yield
class X(type(m())): pass
# %% stream_private -> error
import sys
sys.stdout._write
# %% system_exit -> error
raise SystemExit(3)
# %% sys_exit -> value None
import sys
sys.exit()
# %% keyboard_interrupt -> error
raise KeyboardInterrupt
# %% generator_exit -> error
raise GeneratorExit
# %% hostile_repr -> value None
class A:
    def __repr__(self): raise SystemExit
A()
# %% hostile_str_of_exception -> error
class E(Exception):
    def __str__(self): return 5
raise E
# %% hostile_exception_name -> error
class E(Exception):
    def __getattr__(self, n): raise ValueError
raise E
# %% hostile_notes -> error
class E(Exception): pass
e = E()
e.add_note("x" * 100)
raise e
# %% recursive_repr -> error
x = []
for _ in range(100000): x = [x]
x
# %% deep_recursion -> error
def f(): return f()
f()
# %% recursion_limit_capped -> value True
import sys
sys.setrecursionlimit(10 ** 9)
sys.getrecursionlimit() <= 10000
# %% session_keeps_its_builtins -> value 3
len = None
# ---
def print(*a): pass
# ---
del len, print
len("abc")
# %% unseeded_random_is_seeded -> value True
import random
random.seed()
0 <= random.Random().random() < 1
# %% traceback_walks_no_stack -> error
import traceback
traceback.walk_stack(None)
# %% traceback_has_no_modules -> error
import traceback
traceback.sys.modules
# %% traceback_of_a_hostile_error -> value True
import traceback
class E(Exception):
    def __str__(self):
        raise KeyboardInterrupt("no")
try:
    raise E
except E:
    text = traceback.format_exc()
"str() failed" in text
# %% traceback_without_host_paths -> value False
import traceback, json
try:
    json.loads("{")
except ValueError:
    text = traceback.format_exc()
"site-packages" in text or "textgym" in text or "json/" in text
# %% traceback_of_no_exception -> error
import traceback
traceback.format_exception(7)
# %% pprint_has_no_printer -> error
import pprint
pprint.PrettyPrinter().format
# %% pprint_stream_is_asked_for_write_alone -> error
import pprint
pprint.pprint([1], print)
# %% pprint_items_of_a_lying_dict -> error
from pprint import pformat
class D(dict):
    def items(self):
        return [(1,)]
pformat(D(a=1, b=2), width=1)
# %% csv_dialects_are_shared -> error
import csv
csv.excel.delimiter = ";"
# %% csv_registers_nothing -> error
import csv
csv.register_dialect("x", delimiter=";")
# %% csv_module_behind_the_reader -> refused
import csv
csv.DictReader.__init__.__globals__
# %% csv_writer_to_what_is_no_file -> error
import csv
csv.writer(7)
# %% csv_reader_that_reads_itself -> error
import csv
class Lines:
    def __iter__(self):
        return self
    def __next__(self):
        return next(reader, "x")
reader = csv.reader(Lines())
next(reader)
# %% stand_in_shows_no_real_class -> error
try: b"\xff".decode()
except UnicodeError as e: k = type(e)
str(k.real("u", b"abc", -64, -63, "r"))
# %% attribute_error_obj_by_super -> error
class E(AttributeError): pass
class A:
    def __getattr__(self, n): raise E("x", name="n", obj=[1])
try: A().q
except E as x: e = x
super(E, e).obj
# %% attribute_error_obj_of_the_class -> error
class E(AttributeError): o = AttributeError.obj
# %% cached_property_of_a_class -> error
from enum import IntEnum
from functools import cached_property
class N: real = cached_property(lambda s: 1)
class C(IntEnum):
    real = 1
    peek = classmethod(vars(N)["real"])
raw = C.peek
class F: pass
F.y = raw
raise ValueError("reached", F)
# %% name_of_a_frame_told_to_a_descriptor -> refused
class D: gi_frame = property(lambda s: 1)
# %% slot_of_a_library_class_in_another -> error
import re
class P:
    g = re.Pattern.groupindex
