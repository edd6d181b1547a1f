# ruff: noqa
# fmt: off
# %% dunder_subclasses -> error
().__class__.__base__.__subclasses__()
# %% dunder_bases -> error
int.__bases__
# %% dunder_mro -> error
int.__mro__
# %% plain_mro -> error
int.mro()
# %% dunder_globals -> refused
def f(): pass
f.__globals__
# %% dunder_builtins_of_function -> refused
(lambda: 0).__builtins__
# %% dunder_code -> refused
def f(): pass
f.__code__.co_consts
# %% dunder_closure -> refused
def f(x): return lambda: x
f(1).__closure__[0].cell_contents
# %% dunder_self_of_builtin -> refused
print.__self__
# %% dunder_func -> refused
class A:
    def m(self): pass
A().m.__func__
# %% dunder_wrapped -> refused
import functools
@functools.lru_cache
def f(): pass
f.__wrapped__
# %% dunder_getattribute -> refused
object.__getattribute__(1, "real")
# %% dunder_reduce_ex -> refused
(1).__reduce_ex__(2)
# %% dunder_dict_of_builtin_type -> error
str.__dict__["format"]
# %% dunder_dict_of_function -> value {}
def f(): pass
f.__dict__
# %% getattr_with_dunder -> error
getattr(int, "__subclasses__")
# %% getattr_with_joined_name -> error
getattr(int, "__sub" + "classes__")
# %% getattr_with_str_subclass -> error
class S(str): pass
getattr(int, S("__subclasses__"))
# %% getattr_default_hides -> value 'none'
getattr(print, "__self__", "none")
# %% getattr_reads_no_private_of_libraries -> error
import random
getattr(random.Random(1), "_randbelow")
# %% private_of_libraries -> error
import random
random.Random(1)._randbelow
# %% hasattr_says_no -> value (False, False, True)
hasattr(int, "__subclasses__"), hasattr(print, "__self__"), hasattr([], "append")
# %% setattr_dunder -> error
class A: pass
setattr(A, "__class__", int)
# %% class_assignment -> refused
class A: pass
A().__class__ = int
# %% class_of_class_is_no_metaclass -> error
(1).__class__.__class__("X", (), {})
# %% map_getattr -> error
list(map(getattr, [int], ["__subclasses__"]))
# %% vars_of_class -> error
vars(str)
# %% dir_shows_no_internals -> value (False, False)
"__subclasses__" in dir(int), "__globals__" in dir(print)
# %% module_name_dunder -> refused
__builtins__
# %% loader -> refused
__loader__
# %% spec -> refused
__spec__
# %% file -> refused
__file__
# %% import_function -> refused
__import__("os")
# %% class_scope_builtins -> refused
class A:
    x = __builtins__
# %% class_cell -> refused
class A:
    def f(self): return __class__
# %% mangled_private_reaches_no_library -> error
import fractions
class Fraction:
    def go(self, f): return f.__numerator
Fraction().go(fractions.Fraction(1, 2))
# %% unicode_fullwidth_letters -> error
().__ｃlass__.__ｂases__
# %% unicode_module_name -> error
import ｏｓ
# %% unicode_builtin -> error
ｅval("1")
# %% unicode_getattr_not_normalised -> error
getattr(int, "__ｓubclasses__")
# %% unicode_mathematical_attribute -> refused
(lambda: 0).__𝐠lobals__
# %% unicode_guard_name -> refused
_ｇetattr_ = 1
# %% generator_frame -> refused
(x for x in [1]).gi_frame
# %% generator_frame_by_getattr -> error
getattr((x for x in [1]), "gi_frame")
# %% generator_code -> refused
(x for x in [1]).gi_code
# %% generator_yieldfrom -> refused
(x for x in [1]).gi_yieldfrom
# %% frame_from_inside_generator -> refused
def g():
    yield me.gi_frame.f_back.f_globals
me = g()
next(me)
# %% coroutine -> refused
async def f(): pass
f().cr_frame
# %% async_generator_expression -> refused
(x async for x in [1])
# %% await_expression -> refused
await 1
# %% traceback_of_exception -> refused
try:
    1 / 0
except Exception as e:
    e.__traceback__.tb_frame
# %% traceback_by_getattr -> error
try:
    1 / 0
except Exception as e:
    tb = getattr(e, "__traceback__")
# %% traceback_frame_name -> refused
def f(tb): return tb.tb_frame
# %% with_traceback -> refused
ValueError().with_traceback(None)
# %% exit_sees_no_traceback -> value (True, False, [])
class C:
    def __enter__(self): return self
    def __exit__(self, t, e, tb):
        self.tb = tb
        return True
with C() as c:
    1 / 0
(bool(c.tb), hasattr(c.tb, "tb_frame"), [name for name in dir(c.tb) if name.startswith("tb_")])
# %% attribute_error_obj -> error
import math
try:
    math.nothing
except AttributeError as e:
    e.obj
# %% attribute_error_obj_pattern -> refused
try:
    (1).x
except AttributeError as e:
    match e:
        case AttributeError(obj=o): pass
# %% attribute_error_subclass_obj -> error
class E(AttributeError): pass
E().obj
# %% exception_context_of_interpreter -> value 'AttributeError'
try:
    try:
        getattr(1, "x")
    except AttributeError:
        raise ValueError
except ValueError as e:
    r = type(e.__context__).__name__
r
# %% sys_exc_info -> error
import sys
sys.exc_info()
# %% sys_getframe -> error
import sys
sys._getframe(0)
# %% sys_modules -> error
import sys
sys.modules["os"]
# %% exception_group -> refused
try:
    pass
except* ValueError as e:
    pass
# %% base_exception_is_exception -> value True
BaseException is Exception
# %% host_exception_subclasses -> error
Exception.__subclasses__()
# %% shadow_getattr_guard -> refused
_getattr_ = lambda o, n: o
# %% shadow_write_guard_by_def -> refused
def _write_(x): return x
# %% shadow_by_argument -> refused
def f(_write_=None): pass
# %% shadow_by_lambda_argument -> refused
lambda _own_: 1
# %% shadow_by_import_as -> refused
import math as _getattr_
# %% shadow_by_from_import_as -> refused
from math import sqrt as _own_
# %% shadow_by_except_as -> refused
try:
    1 / 0
except Exception as _stop_:
    pass
# %% shadow_by_with_as -> refused
with open("x") as _with_: pass
# %% shadow_by_match_capture -> refused
match 1:
    case _type_: pass
# %% shadow_by_match_star -> refused
match [1]:
    case [*_type_]: pass
# %% shadow_by_match_rest -> refused
match {}:
    case {**_type_}: pass
# %% shadow_by_walrus -> refused
(_finally_ := 1)
# %% shadow_by_comprehension -> refused
[1 for _own_ in [1]]
# %% shadow_by_class_attribute -> refused
class A:
    _write_ = 1
# %% shadow_by_class_name -> refused
class _with_: pass
# %% shadow_by_global -> refused
def f():
    global _print_
    _print_ = 1
# %% shadow_builtins_by_global -> refused
def f():
    global __builtins__
    __builtins__ = {}
# %% shadow_by_del -> refused
del _getattr_
# %% shadow_by_augmented -> refused
_own_ |= {int}
# %% shadow_by_for -> refused
for _stop_ in []: pass
# %% shadow_by_nonlocal -> refused
def f():
    def g():
        nonlocal _own_
# %% shadow_build_class -> refused
__build_class__ = print
# %% shadow_import -> refused
__import__ = print
# %% shadow_name -> refused
__name__ = "builtins"
# %% shadow_name_by_def -> refused
def __name__(): pass
# %% shadow_super -> refused
super = lambda: 1
# %% shadow_type_changes_only_the_program -> value 'mine'
type = lambda x: "mine"
class A:
    def __init__(self): self.x = 1
A().x = 2
type(1)
# %% guard_name_read -> refused
_getattr_(int, "__subclasses__")
# %% guard_set_read -> refused
_own_.add(int)
# %% keyword_argument_dunder -> refused
dict(__class__=1)
# %% self_in_another_spelling_is_rebound -> error
from collections import Counter
class A:
    def m(_A__s):
        __s = Counter
        _A__s.evil = 1
A().m()
# %% self_with_the_mark_is_rebound -> error
from collections import Counter
class A:
    def m(_s):
        _s󠇯 = Counter
        _s.evil = 1
A().m()
# %% self_in_another_spelling_by_nonlocal -> error
from collections import Counter
class A:
    def m(_A__s):
        def g():
            nonlocal __s
            __s = Counter
        g()
        _A__s.evil = 1
A().m()
# %% self_in_another_spelling_of_an_inner_function -> error
from collections import Counter
class A:
    def m(_A__s):
        def g(__s): __s.evil = 1
        g(Counter)
A().m()
# %% self_with_underscores_is_ones_own -> value (1, 2)
class A:
    def m(_self, x):
        _self.x = x
        return _self.x
    def n(__self, x):
        __self.x = x
        return __self.x
(A().m(1), A().n(2))
