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
# %% cached_attrname -> value 'A'
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
# %% fields_getattr -> value ()
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
# %% protocol_frame -> error
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
