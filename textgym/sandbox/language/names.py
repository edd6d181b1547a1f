"""Which names a program may write: attributes, variables and definitions, decided on the text of a name alone.

Three rules carry it:

- `name`: plain. A few plain names lead out of the language (frames, code objects) and are refused; a few more are
  harmless only on some objects and are read through a guard (`GUARDED`).
- `_name`: private. Renamed with a mark that no library uses, everywhere in the program, so a program's private names
  work as usual and can never be a library's. The mark is stripped from all text that leaves the interpreter.
- `__name__`: allowed from lists, one for reading and one for defining. `_name_` is kept for the guards.
"""

from __future__ import annotations

# The last variation selector of Unicode: may stand in a name, changes no normal form, and has no use in any script.
MARK = "\U000e01ef"

# Reading these, or calling what they give, does what an operator or a builtin function does on any object.
_OPERATIONS = (
    "add sub mul truediv floordiv mod divmod pow matmul lshift rshift and or xor "
    "radd rsub rmul rtruediv rfloordiv rmod rdivmod rpow rmatmul rlshift rrshift rand ror rxor "
    "iadd isub imul itruediv ifloordiv imod ipow imatmul ilshift irshift iand ior ixor "
    "neg pos abs invert round trunc floor ceil int float complex bool index "
    "lt le eq ne gt ge hash str repr format bytes sizeof "
    "len length_hint iter next reversed contains getitem setitem delitem missing class_getitem "
    "call enter exit copy deepcopy"
)
SYNTAX_METHODS = frozenset(f"__{name}__" for name in _OPERATIONS.split())

# Methods that do more than an operator does when they are called by hand: read through a guard.
SETUP_METHODS = frozenset({"__init__", "__new__", "__init_subclass__", "__post_init__"})
STORE_METHODS = frozenset({"__setattr__", "__delattr__"})
DESCRIPTOR_METHODS = frozenset({"__get__", "__set__", "__delete__", "__set_name__"})

# Methods that Python tells the name of an attribute, as it is compiled: a program gets it as it was written.
TOLD_NAMES = STORE_METHODS | {"__getattr__", "__set_name__"}

# What a class may define. Left out: whatever runs at a moment nobody sees (`__del__`), rebuilds objects (`__reduce__`
# and its kind), or decides for others what an object is (`__class__`, `__instancecheck__`, ...).
DEFINABLE = SYNTAX_METHODS | SETUP_METHODS | TOLD_NAMES | DESCRIPTOR_METHODS

# Methods that may be set on a class of the program's after it is made, as class decorators do.
CLASS_METHODS = SYNTAX_METHODS | {"__init__"}

# Class variables that list attribute names: their value must be written out.
LITERAL_VARIABLES = frozenset({"__slots__", "__match_args__"})

# What modules say of themselves, and nothing reads here.
MODULE_VARIABLES = frozenset(
    {"__all__", "__author__", "__version__", "__license__", "__copyright__", "__email__", "__date__", "__credits__"}
)

READABLE_DUNDERS = SYNTAX_METHODS | {"__doc__", "__module__", "__notes__", "__suppress_context__"}
WRITABLE_DUNDERS = frozenset({"__name__", "__qualname__", "__doc__"})

# Names of the library that programs use: named tuples and enumerations have fields and members beside them.
PUBLIC_PRIVATE = frozenset(
    {
        *(
            "_replace",
            "_asdict",
            "_make",
            "_fields",
            "_field_defaults",
            "_value_",
            "_missing_",
            "_generate_next_value_",
        ),
        # What the documentation of collections.abc.Set, of queue and of json says to define or to call.
        *("_from_iterable", "_hash", "_init", "_qsize", "_put", "_get", "_one_shot"),
    }
)

# Attributes of frames, tracebacks, code objects, generators and coroutines, and what leads to them.
_INTERNALS = (
    "tb_frame tb_next tb_lasti tb_lineno "
    "f_back f_builtins f_code f_generator f_globals f_lasti f_lineno f_locals f_trace f_trace_lines f_trace_opcodes "
    "gi_frame gi_code gi_yieldfrom gi_running gi_suspended gi_state "
    "cr_await cr_frame cr_code cr_origin cr_running cr_suspended cr_state "
    "ag_await ag_frame ag_code ag_running ag_suspended ag_state "
    "co_code co_consts co_names co_varnames co_cellvars co_freevars co_filename co_name co_qualname co_flags "
    "co_argcount co_posonlyargcount co_kwonlyargcount co_nlocals co_stacksize co_firstlineno co_linetable co_lnotab "
    "co_exceptiontable co_lines co_positions co_branches co_replace "
    "with_traceback copy_with unicode_whitespace_trans getbuffer"
)
INTERNALS = frozenset(_INTERNALS.split())

# Harmless on most objects, read through `guards.Guards.getattr`, which looks at the object and at what it would give.
_GUARDED = """
    format format_map obj keywords mro register now today utcnow ctime evaluate groupindex fget fset fdel
    _field_defaults _value2member_map_
    __class__ __dict__ __annotations__ __cause__ __context__ __name__ __qualname__ __members__ __slots__
    __mro__ __bases__ __base__ __subclasses__ __call__
"""
GUARDED = frozenset(_GUARDED.split()) | SETUP_METHODS | STORE_METHODS | DESCRIPTOR_METHODS


# Programs know these as UnicodeError: the real ones, made by hand, read memory.
UNICODE_ERRORS = ("UnicodeDecodeError", "UnicodeEncodeError", "UnicodeTranslateError")


# What to write instead, where a name is refused.
INSTEAD = {
    "__class__": "make a new object of the other class instead; type(x) tells the class",
    "__dict__": "use vars(x).update(...), or class variables for what objects share, or define __getattr__ instead",
    "__dataclass_fields__": "use dataclasses.fields(x) and dataclasses.is_dataclass(x) instead",
    "__origin__": "use typing.get_origin(x) instead",
    "__args__": "use typing.get_args(x) instead",
    "__dir__": "define a method of another name instead",
    "__traceback__": "use traceback.format_exc() instead",
    "__wrapped__": "keep the function under a name of its own instead",
    "__self__": "keep the object under a name of its own instead",
    "__func__": "use the function of the class instead",
    "__del__": "use a context manager or a method close() instead",
    "__getattribute__": "use __getattr__ or a property instead",
    "__instancecheck__": "use a base class instead",
    "__subclasshook__": "register the classes, or use typing.Protocol instead",
    "__file__": "there are no files here",
    "__builtins__": "use the builtin names as they are instead",
    **dict.fromkeys(
        ("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__"), "define __copy__ and __deepcopy__ instead"
    ),
    **dict.fromkeys(
        ("__code__", "__globals__", "__closure__", "__defaults__", "__kwdefaults__"),
        "functions do not show what they are made of; keep what you need in variables instead",
    ),
}


class RefusedName(Exception):
    """A name that programs may not write; the message says why and what to do instead."""


def is_dunder(name: str) -> bool:
    return len(name) > 4 and name.startswith("__") and name.endswith("__")


def private(name: str) -> str:
    """`name` as it is compiled: `_x` gets the mark, so that it is no library's `_x`; `x` and `_` stay as they are.

    Raises `RefusedName` for `__x__` and `_x_`.
    """
    if not name.startswith("_") or not name.strip("_") or name in PUBLIC_PRIVATE:
        return name
    if name.endswith("_"):
        raise RefusedName(f"the name {name!r} is kept for the interpreter; choose one that does not start with '_'")
    return name if name.endswith(MARK) else name + MARK


def readable(name: str) -> str:
    """The compiled name of an attribute that a program reads; see `GUARDED` for those that need a guard as well."""
    if name in INTERNALS:
        raise RefusedName(f"the attribute {name!r} is refused: frames, code and type internals are out of reach here")
    if name in GUARDED or name in READABLE_DUNDERS:
        return name
    if is_dunder(name):
        instead = INSTEAD.get(name, "it is not available here; use what the object offers without underscores instead")
        raise RefusedName(f"the attribute {name!r} is refused: {instead}")
    return private(name)


def writable(name: str) -> str:
    """The compiled name of an attribute that a program sets or deletes."""
    if name in INTERNALS:
        raise RefusedName(f"the attribute {name!r} is refused: frames, code and type internals are out of reach here")
    if name in WRITABLE_DUNDERS:
        return name
    if is_dunder(name):
        instead = INSTEAD.get(name, "define it in the class body instead, if it is a method")
        raise RefusedName(f"setting {name!r} is refused: {instead}")
    return private(name)


def strip(text: str) -> str:
    """`text` without the marks of private names, as a plain str: a program's own kind of str may lie about itself."""
    text = str.__str__(text)
    return text.replace(MARK, "") if MARK in text else text
