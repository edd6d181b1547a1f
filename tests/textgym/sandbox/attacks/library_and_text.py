# ruff: noqa
# fmt: off
# %% typed_dict_function_name -> value '__builtins__'
from typing import TypedDict
X = TypedDict("__builtins__", {"a": int})
X.__name__
# %% newtype_mro_entries -> error
from typing import NewType
class A(NewType("N", int)): pass
# %% generic_subscript_own -> value True
from typing import Generic, TypeVar
T = TypeVar("T")
class A(Generic[T]): pass
A[int]().__class__ is A
# %% annotated_metadata -> refused
from typing import Annotated
Annotated[int, print].__metadata__
# %% lru_cache_parameters -> error
from functools import lru_cache
f = lru_cache(maxsize=None)(str.format)
f("{0.__class__}", 1)
# %% partial_format -> error
from functools import partial
partial("{0.__class__}".format, 1)()
# %% reduce_getattr -> error
from functools import reduce
reduce(getattr, ["__class__", "__bases__"], ())
# %% singledispatch_register_type -> error
from functools import singledispatch
f = singledispatch(lambda x: x)
f.register(int, lambda x: "int")
f.registry
# %% string_template_delimiter -> error
from string import Template
class T(Template):
    delimiter = "("
T("($x").substitute(x=1)
# %% itemgetter_dunder -> error
from operator import itemgetter
itemgetter("__class__")(())
# %% operator_call -> error
import operator
operator.call(print, 1)
# %% re_callback_match -> value 'Pattern'
import re
re.sub("a", lambda m: m.re.__class__.__name__, "a")
# %% json_hook -> value 'dict'
import json
json.loads('{"__class__": 1}', object_hook=lambda d: d.__class__.__name__)
# %% json_parse_constant -> error
import json
json.loads("NaN", parse_constant=eval)
# %% json_encoder_private -> error
import json
json.JSONEncoder()._default
# %% decimal_context_traps -> error
import decimal
decimal.getcontext().traps["x"] = 1
# %% normal_dist -> error
from statistics import NormalDist
NormalDist()._mu
# %% normal_dist_private_write -> error
from statistics import NormalDist
d = NormalDist()
d._mu = 3
# %% random_private_state -> value False
import random
class R(random.Random):
    def _randbelow(self, n): return 0
R(1).randrange(10 ** 9) == 0
# %% enum_generate_next_value -> value "<enum 'E'>"
from enum import Enum, auto
class E(Enum):
    def _generate_next_value_(name, start, count, last): return type(last)
    A = auto()
repr(type(E.A))
# %% enum_missing_gives_no_stranger -> error
from enum import Enum
class E(Enum):
    A = 1
    @classmethod
    def _missing_(cls, v): return print
E(2)
# %% enum_ignore -> refused
from enum import Enum
class E(Enum):
    _ignore_ = "A"
# %% enum_new -> error
from enum import Enum
class E(Enum):
    def __new__(cls, v): return 5
    A = 1
# %% enum_set_member -> error
from enum import Enum
class E(Enum):
    A = 1
E.A = 2
# %% dataclass_post_init_injection -> error
from dataclasses import dataclass, field
@dataclass
class D:
    x: int = field(default_factory=lambda: eval)
D().x("1")
# %% dataclass_field_self -> value (5, 1)
from dataclasses import dataclass
@dataclass
class D:
    self: int
    MISSING: int = 1
    _HAS_DEFAULT_FACTORY: int = 2
D(5).self, D(5).MISSING
# %% dataclass_make_by_type -> value <class 'dataclasses.Field'>
from dataclasses import field
type(field())
# %% dataclass_repr_recursion -> value D(x=...)
from dataclasses import dataclass
@dataclass
class D:
    x: object
d = D(1)
d.x = d
d
# %% dataclass_string_annotation -> value D(x=1)
from dataclasses import dataclass
@dataclass
class D:
    x: "__import__('os').system('id')" = 1
D()
# %% class_of_generator -> error
type(x for x in [])(1)
# %% method_of_function -> error
def f(x): return x
M = type(f.__get__) if False else type([].append)
M(f)
# %% bound_method_type -> error
class A:
    def m(self): return self
type(A().m)(str.upper, "x")()
# %% exec_by_class_body_docstring -> error
class A:
    "doc {0.__class__}"
A.__doc__.format(1)
# %% globals_by_lambda_default -> error
(lambda g=globals: g())()
# %% nonlocal_class_cell -> refused
class A:
    def f(self):
        nonlocal __class__
# %% super_attribute_names -> refused
class A:
    def f(self): return super().__thisclass__
A().f()
# %% super_self_class -> refused
super(int, 5).__self_class__
# %% context_of_timeout_error -> refused
class C:
    def __enter__(self): return self
    def __exit__(self, t, e, tb):
        self.e = e
        return True
with C() as c: 1 / 0
c.e.__traceback__
# %% exit_by_keyword -> value None
from contextlib import closing
class A:
    def close(self): raise SystemExit
with closing(A()): pass
# %% getattr_int_name -> error
getattr(1, 5)
# %% getattr_marked_name -> error
getattr((x for x in []), "gi_frame\U000e01ef")
# %% marked_guard -> value 5
_own_󠇯 = 5
_own_󠇯
# %% dunder_with_mark -> error
().__class__󠇯
# %% fullwidth_private -> refused
# @text 'import random\nrandom.Random(1).\uff3frandbelow(5)\n'
# %% ligature -> value 1
import math
math.ﬂoor(1.5)
# %% homoglyph_builtin -> error
еval("1")
# %% unicode_escape_identifier -> refused
# @text '\\u0065val("1")\n'
# %% bidi_in_source -> value 2
# @text 'x = "\u202e\u2066" # \u2069\nlen(x)\n'
# %% zero_width_in_name -> refused
# @text 'ev\u200bal("1")\n'
# %% form_feed -> value 1
# @text 'x = 1\nx\n'
# %% line_separator_in_source -> value 1
# @text '# comment import os\n1\n'
# %% nfkc_dunder_in_class -> refused
class A:
    def __ｄel__(self): pass
# %% nfkc_match_keyword -> refused
match 1:
    case object(__ｃlass__=c): pass
# %% nfkc_keyword_argument -> refused
dict(__ｃlass__=1)
# %% nfkc_global -> refused
def f():
    global __ｂuiltins__
# %% nfkc_import -> refused
from math import sqrt as __ｂuiltins__
# %% setattr_nfkc -> error
class A: pass
a = A()
setattr(a, "__ｃlass__", int)
type(a).__name__
# %% weakref -> error
import weakref
# %% gc_get_objects -> error
from gc import get_objects
# %% warnings_module -> error
import warnings
warnings.sys
# %% stdout_buffer -> error
import sys
sys.stdout.buffer
# %% displayhook -> error
import sys
sys.displayhook
# %% settrace -> error
import sys
sys.settrace(print)
# %% set_int_max -> value (0, 5001)
import sys
sys.set_int_max_str_digits(0)
(sys.get_int_max_str_digits(), len(str(10**5000)))
# %% print_to_type -> error
print("x", file=type)
# %% iter_sentinel_getattr -> error
list(iter(lambda: getattr(int, "__mro__"), 1))
# %% filter_hasattr -> value []
[n for n in ("__subclasses__", "mro", "__globals__") if hasattr(int, n)]
# %% slice_attributes -> value (1, 2, 3)
slice(1, 2, 3).indices(10 ** 30)
# %% bytes_decode_codec -> error
b"x".decode("unicode_escape"), b"x".decode("zlib")
# %% encode_codec_import -> error
"x".encode("os")
# %% encode_rot13 -> error
"x".encode("rot13")
# %% codec_by_path -> error
"x".encode("../../etc/passwd")
# %% property_fget_call -> error
from fractions import Fraction
Fraction.numerator.fget(Fraction(1, 2))
# %% mappingproxy_of_enum -> error
import re
type(re.I).__members__["X"] = 1
# %% union_type -> refused
(int | str).__args__
# %% exception_args_cycle -> error
e = ValueError()
e.args = (e,)
raise e
# %% exception_cause_cycle -> error
a, b = ValueError("a"), ValueError("b")
try:
    raise a from b
except ValueError: pass
raise b from a
# %% raise_class_with_new -> error
class E(Exception):
    def __new__(cls, *a): return 5
raise E
# %% except_non_exception -> error
try:
    1 / 0
except 5: pass
# %% assertion_shadow -> error
AssertionError = SystemExit
assert False
