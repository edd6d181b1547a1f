# ruff: noqa
# fmt: off
# %% format_attribute -> error
"{0.__class__.__init__.__globals__}".format(print)
# %% format_index -> error
"{0[__class__]}".format({})
# %% format_keyword_attribute -> error
"{x.__class__}".format(x=1)
# %% format_nested_spec -> error
"{0:{1.__class__}}".format(1, 2)
# %% format_nested_in_conversion -> error
"{!r:{0.real}}".format(1)
# %% format_map_attribute -> error
"{a.__class__}".format_map({"a": 1})
# %% format_unbound -> error
str.format("{0.__class__}", 1)
# %% format_by_map -> error
list(map(str.format, ["{0.__class__}"], [1]))
# %% format_by_getattr -> error
getattr("{0.__class__}", "format")(1)
# %% format_of_subclass -> error
class S(str): pass
S("{0.__class__}").format(1)
# %% format_by_super -> error
class S(str):
    def go(self): return super().format(1)
S("{0.__class__}").go()
# %% format_with_lying_contains -> error
class S(str):
    def __contains__(self, x): return False
S("{0.__class__}").format(1)
# %% format_in_class_body -> error
class S(str):
    f = str.format
S("{0.__class__}").f(1)
# %% format_by_match -> refused
match "{0.__class__}":
    case str(format=f): print(f(1))
# %% format_augmented -> error
class R:
    def __radd__(self, o): return o
s = "{0.__class__}"
s.format += R()
# %% format_augmented_own -> error
class R:
    def __radd__(self, o): return o("x")
class S(str): pass
s = S("{0.__class__}")
s.format += R()
# %% format_of_user_string -> error
from collections import UserString
# %% format_of_type_type -> error
from typing import Text
Text.format("{0.__class__}", 1)
# %% string_formatter -> error
from string import Formatter
# %% template_reads_no_attributes -> error
from string import Template
Template("${a.b}").substitute(a=1)
# %% percent_reads_no_attributes -> error
"%(a.__class__)s" % {"a": 1}
# %% fstring_attribute -> error
f"{().__class__.__bases__}"
# %% fstring_spec_attribute -> error
f"{1:{().__class__.__bases__}}"
# %% bytes_percent -> value b'1'
b"%d" % 1
# %% format_spec_is_no_template -> error
format(1, "{0.__class__}")
# %% eval_call -> error
eval("1 + 1")
# %% exec_call -> error
exec("x = 1")
# %% compile_call -> error
compile("1", "x", "eval")
# %% eval_by_alias -> error
e = eval
e("1")
# %% eval_by_map -> error
list(map(eval, ["1"]))
# %% eval_refusal_hides_its_function -> error
eval._call
# %% get_type_hints -> error
from typing import get_type_hints
# %% get_args_evaluates_nothing -> value (ForwardRef('print(1)'),)
from typing import List, get_args
get_args(List["print(1)"])
# %% forward_ref -> error
from typing import ForwardRef
# %% forward_ref_evaluate -> refused
from typing import List
List["print(1)"].__args__[0]._evaluate({}, {}, frozenset())
# %% annotations_are_text -> value "{'x': 'str'}"
from typing import NamedTuple
class P(NamedTuple):
    x: "1 + 1"
repr({k: type(v).__name__ for k, v in P.__annotations__.items()})
# %% annotations_are_a_copy -> value {'x': <class 'int'>}
class A:
    x: int
A.__annotations__["y; import os"] = int
A.__annotations__
# %% singledispatch_evaluates_no_text -> error
from functools import singledispatch
@singledispatch
def f(x): pass
@f.register
def g(x: "print('evaluated')"): pass
# %% namedtuple_field_code -> error
from collections import namedtuple
namedtuple("P", ["x=print('run')"])
# %% namedtuple_typename_code -> error
from collections import namedtuple
namedtuple("P(): pass\nprint(1)", "x")
# %% namedtuple_str_subclass -> error
from collections import namedtuple
class S(str):
    def __str__(self): return "x"
    def isidentifier(self): return True
namedtuple("P", [S("x y")])
# %% namedtuple_dunder_field -> error
from collections import namedtuple
namedtuple("P", "__class__ x")
# %% namedtuple_module -> error
from collections import namedtuple
namedtuple("P", "x", module="os")
# %% typing_namedtuple_code -> error
from typing import NamedTuple
NamedTuple("P", [("x: print(1)", int)])
# %% make_dataclass -> error
from dataclasses import make_dataclass
# %% dataclass_annotation_code -> error
from typing import TypedDict
from dataclasses import dataclass
X = TypedDict("X", {"a=print('run')": int})
dataclass(X)
# %% dataclass_field_name_property -> error
from dataclasses import dataclass, field
F = type(field())
class G(F):
    __slots__ = ()
    def __init__(self): super().__init__(1, None, True, True, None, True, None, False)
@dataclass
class D:
    a: int = G()
# %% dataclass_field_renamed -> error
from dataclasses import dataclass, fields
@dataclass
class A:
    x: int
fields(A)[0].name = "x=print('run')"
# %% dataclass_field_set_by_setattr -> error
from dataclasses import dataclass, fields
@dataclass
class A:
    x: int
setattr(fields(A)[0], "name", "y")
# %% dataclass_field_set_by_object -> error
from dataclasses import dataclass, fields
@dataclass
class A:
    x: int
object.__setattr__(fields(A)[0], "name", "y")
# %% dataclass_fields_attribute -> refused
from dataclasses import dataclass
@dataclass
class A:
    x: int
A.__dataclass_fields__["x"].name
# %% dataclass_of_library_class -> error
from dataclasses import dataclass
from collections import Counter
dataclass(Counter)
# %% dataclass_default_repr_runs_nothing -> value 'A(x=1)'
from dataclasses import dataclass
class S(str):
    def __repr__(self): return "__import__('os')"
@dataclass
class A:
    x: S("print('run')") = 1
repr(A())
# %% enum_functional -> error
from enum import Enum
Enum("X", "a b")
# %% enum_functional_module -> error
from enum import Enum
Enum("X", "a", module="os")
# %% enum_functional_dunder -> error
from enum import IntEnum
IntEnum("X", {"__reduce__": print})
# %% enum_functional_on_members -> error
from enum import Enum
class A(Enum):
    X = 1
A("B", names="x y")
# %% enum_metaclass -> error
from enum import EnumMeta
# %% enum_member_map -> refused
import re
type(re.I).__member_map__
# %% enum_member_map_private -> refused
import re
type(re.I)._member_map_
# %% copy_reduce_definition -> refused
class A:
    def __reduce__(self): return (print, ("run",))
# %% copy_reduce_ex_definition -> refused
class A:
    def __reduce_ex__(self, p): return (print, ("run",))
# %% copy_reduce_by_lambda -> refused
class A:
    __reduce__ = lambda self: (print, (1,))
# %% copy_reduce_by_setattr -> error
class A: pass
setattr(A, "__reduce__", lambda self: (print, (1,)))
# %% copy_reduce_by_instance_dict -> error
class A: pass
a = A()
a.__dict__["__reduce_ex__"] = lambda p: (print, ("run",))
# %% copy_reduce_by_dict_update -> error
class A: pass
a = A()
a.__dict__.update({"__reduce_ex__": lambda p: (print, ("run",))})
# %% copy_reduce_by_dict_method -> value 'A'
import copy
class A: pass
a = A()
dict.__setitem__(a.__dict__, "__reduce_ex__", lambda p: (print, ("run",)))
dict.update(a.__dict__, {"__reduce_ex__": lambda p: (print, ("run",))})
type(copy.copy(a)).__name__
# %% copy_into_a_module -> error
import copy, math
class A:
    def __new__(cls): return math
a = object.__new__(A)
a.sqrt = lambda x: "patched"
copy.copy(a)
# %% copy_into_a_class -> error
import copy
from collections import Counter
class A:
    __slots__ = ("most_common",)
    def __new__(cls): return Counter
a = object.__new__(A)
a.most_common = 1
copy.copy(a)
# %% copy_new_by_assignment -> refused
class A:
    __new__ = lambda cls: 1
# %% copy_getattr_reduce -> value 'A'
import copy
class A:
    def __getattr__(self, n):
        raise AttributeError(n)
type(copy.copy(A())).__name__
# %% copy_setstate -> refused
class A:
    def __setstate__(self, s): pass
# %% pickle -> error
import pickle
# %% json_code -> error
import json
json.loads("__import__('os')")
# %% decimal_code -> error
from decimal import Decimal
Decimal("__import__('os')")
# %% lambda_default_code -> error
(lambda f=().__class__.__bases__: f)()
# %% decorator_expression -> refused
@(lambda f: f.__globals__)
def f(): pass
# %% bomb_parentheses -> refused
# @repeat "(" 100000 "1" ")"
# %% bomb_brackets -> refused
# @repeat "[" 5000 "" "]"
# %% bomb_unary -> refused
# @repeat "-" 100000 "1" ""
# %% bomb_not -> refused
# @repeat "not " 50000 "1" ""
# %% bomb_sum -> refused
# @repeat "1+" 50000 "1" ""
# %% bomb_attributes -> refused
# @repeat "" 1 "x" ".a" 50000
# %% bomb_calls -> refused
# @repeat "" 1 "f" "()" 50000
# %% bomb_lambdas -> refused
# @repeat "lambda: " 20000 "1" ""
# %% bomb_nested_blocks -> refused
# @blocks 200
# %% bomb_long_integer -> refused
# @repeat "9" 5000 "" ""
# %% bomb_power_folded -> value 1
1 if True else 9 ** 9 ** 9
# %% bomb_text_folded -> value 1
1 if True else "a" * 10 ** 10 * 10 ** 10
# %% bomb_shift_folded -> value 1
1 if True else 1 << 10 ** 10
# %% bomb_fstring_nested -> refused
# @repeat "f'{" 500 "1" "}'"
# %% bomb_comparison -> value True
# @repeat "1 < 2 and " 3000 "True" ""
# %% null_byte -> refused
# @text "x = 1\x00"
# %% lone_surrogate_in_source -> refused
# @text "x = '\ud800'"
# %% coding_cookie -> value 1
# -*- coding: unicode_escape -*-
x = 1 #\u000aimport os
x
