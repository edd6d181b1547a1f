# ruff: noqa
# fmt: off
# %% property_reinit -> error
from fractions import Fraction
class B(property): pass
B.__init__(Fraction.numerator, lambda s: 5)
Fraction(3, 4).numerator
# %% property_reinit_super -> error
from fractions import Fraction
class B(property): pass
super(B, B).__init__(Fraction.denominator, lambda s: 5)
Fraction(3, 4).denominator
# %% property_reinit_classmethod -> error
from fractions import Fraction
class B(property):
    @classmethod
    def m(cls, t, f): super().__init__(t, f)
B.m(Fraction.denominator, lambda s: 7)
Fraction(3, 4).denominator
# %% refusal_reinit -> error
class O(type(eval)): pass
O.__init__(eval, lambda x: "own")
eval("1")
# %% stream_reinit -> error
import sys
class O(type(sys.stdout)): pass
O.__init__(sys.stdout, lambda x: 5)
sys.stdout.write("x")
# %% super_subclass_init -> error
from fractions import Fraction
class B(property): pass
class MS(super): pass
MS(B, B).__init__(Fraction.numerator, lambda s: 5)
Fraction(3, 4).numerator
# %% super_subclass_setattr -> error
from dataclasses import field
F = type(field())
class MS(super): pass
f = field()
MS(F, f).__setattr__("name", "x")
f.name
# %% super_setattr_lib -> error
from dataclasses import field
F = type(field())
f = field()
super(F, f).__setattr__("name", "x")
# %% dict_init_lib -> error
dict.__init__({}, a=1)
# %% kind_subclass -> error
from collections import namedtuple
class B:
    def __init_subclass__(cls, **k): pass
class A(B, type): pass
isinstance(int, A)
# %% kind_format -> error
from collections import namedtuple
class B:
    def __init_subclass__(cls, **k): pass
P = namedtuple("P", "format")
class A(B, type, P): pass
match str:
    case A(f): r = f("{0.__class__}", 1)
r
# %% mro_entries_getattr -> error
class B:
    def __getattr__(self, n):
        return lambda *a: (int,)
class A(B()): pass
A(5)
# %% user_metaclass_instance -> error
class M:
    def __init__(self, *a): self.a = a
class A(M()): pass
sorted(A.a[2])
# %% classmethod_chain -> error
class A:
    x = classmethod(int.real)
A.x
# %% own_setattr_hook -> value 4
class A:
    def __setattr__(self, n, v): super().__setattr__(n, v * 2)
a = A(); a.x = 2; a.x
# %% object_setattr_reduce -> error
class A:
    def m(self): object.__setattr__(self, "__reduce__", 1)
A().m()
# %% base_init_ok -> value (3, {'a': 1}, ('m',))
class A:
    def __init__(self, x): self.x = x
class B(A):
    def __init__(self): A.__init__(self, 3)
class C(dict):
    def __init__(self): dict.__init__(self, a=1)
class E(Exception):
    def __init__(self): Exception.__init__(self, "m")
B().x, C(), E().args
# %% kind_getattr -> error
type.mro
# %% function_type -> error
type(lambda: 0)(1, {})
# %% host_function_kw -> refused
from statistics import mean
mean.__kwdefaults__
# %% type_alias_origin -> refused
list[int].__origin__
# %% alias_forward_setattr -> error
from typing import List
List.x = 1
# %% generic_alias_class -> error
type(list[int])("{0.__class__}", int).format(1)
# %% typing_forward -> refused
from typing import List
List["__import__('os')"].__args__
# %% partial_setattr -> error
from functools import partial
p = partial(int)
p.x = 1
# %% with_class_getattr -> error
class M:
    def __getattr__(self, n): return lambda *a: "x"
with M() as x: pass
# %% star_kwargs_dunder -> value {'__class__': 1}
f = lambda **k: k
f(**{"__class__": 1})
# %% traceback_chain_hidden -> value None
try:
    raise ValueError from 5
except TypeError as e:
    r = e.__cause__
r
# %% generic_exception_name -> value ('nothing', None)
try:
    import nothing
except ImportError as e:
    r = e.name, e.path
r
# %% hash_of_type_mutation -> error
import random
random.setstate((3, tuple([2**40]*625), None))
# %% template_pattern -> value '1'
from string import Template
class T(Template):
    pattern = r"(?P<escaped>a)|(?P<named>b)|(?P<braced>c)|(?P<invalid>d)"
T("b").substitute(b=1)
