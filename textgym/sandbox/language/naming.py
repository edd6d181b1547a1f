"""Which names a program may use: its variables, parameters and attributes go through the policy of `names`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from RestrictedPython.transformer import RestrictingNodeTransformer

from . import names
from .nodes import Node, call, copied, load, placed

ASYNC = "async code is refused: there is no event loop here; write ordinary functions and generators"
_REFUSED_NODES = {
    "AsyncFunctionDef": ASYNC,
    "AsyncFor": ASYNC,
    "AsyncWith": ASYNC,
    "Await": ASYNC,
    "TryStar": "`except*` is refused; use `except`",
    "TypeAlias": "`type X = ...` is not supported here; write X = ...",
}


_DECIDED = names.INTERNALS | {"super"}


class Refused(Exception):
    """The program is refused as it stands. `line` is where; the message says why and what to do instead."""

    def __init__(self, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class Scope:
    """A module, class or function while its body is visited.

    `own` is a parameter that is checked on entry; `name` is that of a class.
    """

    def __init__(self, kind: str, own: str | None = None, name: str = "") -> None:
        self.kind = kind
        self.name = name
        self.own = own
        self.own_needed = False


class NamePolicy(RestrictingNodeTransformer):
    """The part of the transformer that decides about names. RestrictedPython refuses every other kind of node."""

    def __init__(self) -> None:
        super().__init__()
        self._scopes = [Scope("module")]

    # Walking: what RestrictedPython does by `ast.NodeTransformer`, in half the time

    def node_contents_visit(self, node: Node) -> Node:
        """Visit the nodes below `node`; one that its visitor answers by a list is replaced by all that is in it."""
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                value[:] = self._items(value)
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                setattr(node, field, self.visit(value))
        return node

    def _items(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            new = self.visit(value) if isinstance(value, ast.AST) else value
            if isinstance(new, list):
                yield from new
            else:
                yield new

    # Refusing

    def refuse(self, node: ast.AST, reason: str) -> Refused:
        return Refused(getattr(node, "lineno", None), reason)

    def error(self, node: ast.AST, info: str) -> None:
        """What RestrictedPython itself refuses."""
        raise self.refuse(node, info)

    def not_allowed(self, node: ast.AST) -> None:
        kind = type(node).__name__
        raise self.refuse(node, _REFUSED_NODES.get(kind, f"{kind} is not supported here; write it another way"))

    def warn(self, node: ast.AST, info: str) -> None:
        """RestrictedPython's warnings go with errors that say the same."""

    def _named(self, node: ast.AST, rule: Callable[[str], str], name: str) -> str:
        try:
            return rule(name)
        except names.RefusedName as error:
            raise self.refuse(node, str(error)) from None

    # Names

    def _mangled(self, name: str) -> str:
        """`__x` in a class C is `_C__x`, as ever; the compiler would use the marked name of a private class for it."""
        if name.startswith("__") and not name.endswith("__"):
            for scope in reversed(self._scopes):
                if scope.kind == "class":
                    owner = scope.name.lstrip("_")
                    return f"_{owner}{name}" if owner else name
        return name

    def bound(self, node: ast.AST, name: str) -> str:
        """The compiled form of a variable, parameter or alias that the program binds."""
        if name == "super":
            raise self.refuse(node, "'super' cannot be rebound; choose another name")
        name = self._mangled(name)
        if name in names.INTERNALS and self._scopes[-1].kind == "class":  # which `__set_name__` would be told
            raise self.refuse(node, f"the name {name!r} cannot be bound in a class; choose another name")
        if name in names.CLASS_METHODS:  # a method, or a function that will be made one: `cls.__repr__ = __repr__`
            return name
        if names.is_dunder(name):
            in_class = self._scopes[-1].kind == "class"
            if in_class and (name in names.DEFINABLE or name == "__doc__"):
                return name
            if self._scopes[-1].kind == "module" and name in names.MODULE_VARIABLES:
                return name
            what = f"a class cannot define {name!r} here" if in_class else f"the name {name!r} cannot be bound"
            instead = names.INSTEAD.get(name, "choose a name without leading underscores")
            raise self.refuse(node, f"{what}; {instead}")
        return self._named(node, names.private, name)

    def _assignable(self, node: ast.AST, name: str) -> str:
        """The compiled form of a variable that is assigned: `__new__` must be a function, which is then checked."""
        if name in ("__new__", "__getattr__"):
            raise self.refuse(node, f"write {name} as a function: def {name}(...)")
        return self.bound(node, name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not node.id.startswith("_") and node.id not in _DECIDED:  # most names: there is nothing to decide
            return node
        if not isinstance(node.ctx, ast.Load):
            node.id = self._assignable(node, node.id)
        elif node.id not in {"__name__", "__doc__", "__debug__", *names.MODULE_VARIABLES}:
            known = names.DEFINABLE if self._scopes[-1].kind == "class" else names.CLASS_METHODS
            if names.is_dunder(node.id) and node.id not in known:
                instead = names.INSTEAD.get(node.id)
                raise self.refuse(
                    node, f"the name {node.id!r} is not available here" + (f"; {instead}" if instead else "")
                )
            if not names.is_dunder(node.id):
                node.id = self._named(node, names.private, self._mangled(node.id))
        return node

    def _leaf(self, node: ast.AST) -> ast.AST:
        return node

    visit_Load = visit_Store = visit_Del = visit_Constant = visit_Pass = visit_Break = visit_Continue = _leaf

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> ast.AST:
        for name in node.names:
            if names.is_dunder(name):
                raise self.refuse(node, f"the name {name!r} cannot be bound; choose a name without leading underscores")
        node.names = [self.bound(node, name) for name in node.names]
        return node

    visit_Nonlocal = visit_Global

    def visit_arg(self, node: ast.arg) -> ast.AST:
        if names.is_dunder(node.arg):
            raise self.refuse(node, f"a parameter cannot be named {node.arg!r}; choose another name")
        node.arg = self.bound(node, node.arg)
        return self.node_contents_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if node.arg is not None:
            if names.is_dunder(node.arg):
                raise self.refuse(node, f"an argument cannot be named {node.arg!r}; choose another name")
            node.arg = self._named(node, names.private, node.arg)
        return self.node_contents_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Private keywords are compiled as private parameters are; what is called may take them as they are written."""
        self.node_contents_visit(node)
        unpacked = [keyword for keyword in node.keywords if keyword.arg is None]
        if unpacked or any(keyword.arg is not None and names.MARK in keyword.arg for keyword in node.keywords):
            node.func = placed(call("_takes_", node.func), node.func)
        for keyword in unpacked:
            keyword.value = placed(call("_marked_", keyword.value), keyword.value)
        return node

    # Attributes

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.ctx, ast.Load):
            return self._visit_read(node)
        if node.attr in names.CLASS_METHODS:
            node.value = placed(call("_write_class_", self.visit(node.value)), node.value)
            return node
        node.attr = self._named(node, names.writable, self._mangled(node.attr))
        node.value = self._own(self.visit(node.value))
        return node

    def _visit_read(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._named(node, names.readable, self._mangled(node.attr))
        node.value = self.visit(node.value)
        if node.attr not in names.GUARDED:
            return node
        return placed(call("_getattr_", node.value, ast.Constant(node.attr)), node)

    def _own(self, value: ast.expr) -> ast.expr:
        """`value`, checked to be an object of the program, whose attributes may be set.

        A name is looked at twice for speed: `(x if type(x) in _own_ else _write_(x))`. The first parameter of a method
        is checked once, on entry.
        """
        if not isinstance(value, ast.Name):
            return placed(call("_write_", value), value)
        for scope in reversed(self._scopes):
            if scope.own == value.id:
                scope.own_needed = True
                return value
            if scope.kind != "nested":
                break
        return placed(ast.IfExp(is_own(value.id), load(value.id), call("_write_", load(value.id))), value)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if not (isinstance(node.target, ast.Attribute) and node.target.attr in names.GUARDED):
            return self.node_contents_visit(node)
        # `a.now += 1` reads a guarded name, so it is written out; `a` is evaluated twice and has to be simple.
        if any(isinstance(part, ast.Call | ast.Subscript | ast.NamedExpr) for part in ast.walk(node.target.value)):
            raise self.refuse(
                node, f"'.{node.target.attr}' cannot be changed in place here; use a variable for the object"
            )
        target = node.target
        read = ast.Attribute(copied(target.value), target.attr, ast.Load())
        operate = ast.Subscript(load("_inplace_"), ast.Constant(type(node.op).__name__), ast.Load())
        old: Any = self._visit_read(placed(read, node))
        value = ast.Call(operate, [old, self.visit(node.value)], [])
        return placed(ast.Assign([self.visit(target)], value), node)

    def _contents(self, node: Any) -> Any:
        return self.node_contents_visit(node)


def is_own(name: str) -> ast.expr:
    """Code: whether the object in the variable `name` is known to be the program's."""
    return ast.Compare(call("_type_", load(name)), [ast.In()], [load("_own_")])
