# ruff: noqa
# fmt: off
# What answers for another object, or is asked in its place.
# %% alias_class_as_base -> error
class G(type(list[int])): pass
# %% alias_class_through_init_subclass -> error
got = []
class B:
    def __init_subclass__(cls): got.append(cls)
try:
    class G(B, type(list[int])): pass
finally:
    assert not got
# %% typing_alias_class_as_base -> error
import typing
class G(type(typing.List[int])): pass
# %% super_as_base -> error
class S(super): pass
# %% field_as_base -> error
from dataclasses import field
class F(type(field())): pass
# %% missing_as_base -> error
from dataclasses import MISSING
class F(type(MISSING)): pass
# %% facade_as_base -> error
import math
class F(type(math)): pass
# %% enum_type_as_base -> error
from enum import Enum
class F(type(Enum)): pass
# %% function_type_as_base -> error
class F(type(lambda: 0)): pass
# %% proxy_type_as_base -> error
from types import MappingProxyType
class F(MappingProxyType): pass
# %% alias_called_on_an_object -> error
from collections import Counter
type(list[int])(lambda: Counter, str)()
# %% alias_called_leaves_no_trace -> value False
from collections import Counter
try: type(list[int])(lambda: Counter, str)()
except TypeError: pass
hasattr(Counter, "__orig_class__")
# %% deepcopy_with_a_planted_memo -> value True
import copy
def g(): yield 1
copy.deepcopy(str.upper, {id(str): g(), id("upper"): "gi_frame"}) is str.upper
# %% deepcopy_reads_no_globals -> value True
import copy
copy.deepcopy(str.upper, {id(str): copy.copy, id("upper"): "__globals__"}) is str.upper
# %% deepcopy_hook_plants_in_the_memo -> value True
import copy
class A:
    def __deepcopy__(self, memo):
        memo[id(str)], memo[id("upper")] = copy.copy, "__globals__"
        return self
copy.deepcopy([A(), str.upper])[1] is str.upper
# %% deepcopy_with_a_lying_memo -> value [1]
import copy
class M(dict):
    def get(self, key, default=None): return copy.copy
copy.deepcopy([1], M())
# %% deepcopy_with_a_class_for_a_class -> value True
import copy
class A: pass
class B: pass
type(copy.deepcopy(A(), {id(A): B})) is A
# %% getattr_answers_setstate -> value 1
import copy
class A:
    def __init__(self): self.x = 1
    def __getattr__(self, name):
        if name == "__setstate__": return lambda d: d.update({"__reduce_ex__": 5})
        raise AttributeError(name)
copy.copy(A()).x
# %% singledispatch_of_an_object -> error
from functools import singledispatch
got = []
class K:
    def __getattr__(self, n): return ()
    def __hash__(self): return 0
    def __eq__(self, o): got.append(o); return False
singledispatch(lambda x: 0).register(K(), lambda x: 1)
# %% singledispatch_dispatch_of_an_object -> error
from functools import singledispatch
class K:
    pass
singledispatch(lambda x: 0).dispatch(K())
# %% dataclass_of_a_protocol -> error
import typing
from dataclasses import dataclass
@typing.runtime_checkable
class Protocol(typing.Protocol):
    x: object
dataclass(Protocol)
# %% dataclass_field_named_like_a_frame -> refused
from dataclasses import dataclass
@dataclass
class P:
    gi_frame: object
# %% namedtuple_field_named_like_a_frame -> error
from collections import namedtuple
namedtuple("P", "tb_frame")
# %% dataclass_field_hides_format -> error
from dataclasses import dataclass
@dataclass(init=False)
class S(str):
    format: object
# %% dataclass_field_hides_now -> error
from dataclasses import dataclass
from datetime import datetime
@dataclass(init=False)
class S(datetime):
    now: object
# %% dataclass_field_named_format -> value P(format='x')
from dataclasses import dataclass
@dataclass
class P:
    format: str
P("x")
# %% dataclass_with_an_empty_docstring -> value 'D(y)'
from dataclasses import dataclass
class Base:
    __doc__ = "Base(x=sys.executable, y=__file__)\n--\n\n"
@dataclass(init=False)
class D(Base):
    __doc__ = ""
    y: int = 1
D.__doc__
# %% members_by_comparison -> value False
import re
got = []
class Spy:
    def __eq__(self, o): got.append(o); return False
type(re.I).__members__ == Spy()
got[0]["EVIL"] = 1
"EVIL" in type(re.I).__members__
# %% members_by_union -> value False
import re
got = []
class Spy:
    def __ror__(self, o): got.append(o); return {}
type(re.I).__members__ | Spy()
got[0]["EVIL"] = 1
"EVIL" in type(re.I).__members__
# %% members_by_dynamic_read -> value False
import re
got = []
class Spy:
    def __eq__(self, o): got.append(o); return False
getattr(type(re.I), "__members__") == Spy()
got[0]["EVIL"] = 1
"EVIL" in type(re.I).__members__
# %% functional_enum -> error
from enum import Enum
class E(Enum): A = 1
E("X", {"B": 2})
# %% functional_empty_enum -> error
from enum import Enum
Enum("X", {"__match_args__": ("__traceback__",)})
# %% cached_class_gives_its_clock -> error
from functools import lru_cache
from datetime import datetime
lru_cache(datetime).now(datetime)
# %% method_type_compares_a_clock -> error
import time
got = []
class Spy:
    def __call__(self): pass
    def __eq__(self, o): got.append(o); return True
class A:
    def m(self): pass
type(A().m)(Spy(), 1) == time.time
not got or repr(got[0]).startswith("<built-in")
# %% attrgetter_of_internals -> error
from operator import attrgetter
def g(): yield
attrgetter("gi_frame.f_globals")(g())
# %% methodcaller_of_format -> error
from operator import methodcaller
methodcaller("format", int)("{0.__init__.__objclass__}")
# %% methodcaller_of_subclasses -> error
from operator import methodcaller
methodcaller("__subclasses__")(object)
# %% names_of_ours_are_not_told -> value False
import functools, random, sys, time
class A: pass
text = repr([type(vars(A())), random.Random, time.time, type(sys.stdout), sys.setrecursionlimit, functools.wraps.__module__])
"textgym" in text
# %% with_a_class_tells_nothing -> error
with type: pass
# %% told_name_wrapper_is_not_own -> error
class A:
    def __setattr__(self, name, value): pass
A.__setattr__.x = 1
# %% private_keyword_of_ones_own_str -> error
from fractions import Fraction
class S(str): pass
Fraction(2, 4, **{S("_normalize"): False})
# %% private_keyword_put_into_a_partial -> value Fraction(1, 2)
import functools
from fractions import Fraction
p = functools.partial(Fraction, 2, 4); p.keywords["_normalize"] = False; p()
# %% private_keyword_put_into_a_partial_by_super -> value Fraction(1, 2)
import functools
from fractions import Fraction
class P(functools.partial):
    def k(self): return super().keywords
p = P(Fraction, 2, 4); p.k()["_normalize"] = False; p()
# %% keywords_of_own_objects -> value (['a', 'b', 'c'], {'base': 2}, 5)
import functools
class K:
    def __init__(self): self.keywords = ["a"]
k = K(); k.keywords.append("b"); k.keywords += ["c"]
p = functools.partial(int, base=2)
(k.keywords, p.keywords, p("101"))
# %% private_keyword_put_into_a_partial_by_its_slot -> error
import functools
from fractions import Fraction
class P(functools.partial): k = functools.partial.keywords
p = P(Fraction, 2, 4); p.k["_normalize"] = False
p()
