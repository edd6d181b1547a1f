"""What a program may be made of: refuses, renames and guards, on the syntax tree, before anything runs.

Built on RestrictedPython's transformer, which refuses every kind of node that it does not know. Theirs guards each
attribute, item, iteration and call at run time; here the name policy (`names`) decides at compile time, and guards stay
only where the object matters: a few attribute names, attribute assignment, `with` and `finally`.
"""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from RestrictedPython.transformer import RestrictingNodeTransformer

from . import names

Node = TypeVar("Node", bound=ast.AST)

FUTURES = frozenset({"annotations", "division", "print_function", "generator_stop", "unicode_literals"})


class Refused(Exception):
    """The program is refused as it stands. `line` is where; the message says why and what to do instead."""

    def __init__(self, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(func=load(name), args=list(args), keywords=[])


def placed(new: Node, old: ast.AST) -> Node:
    """`new` with the position of `old`, so that tracebacks show the program's own line.

    The same for the nodes in `new` that have no position yet; those that have one keep it, and all that is below them.
    """
    ast.copy_location(new, old)
    for child in ast.iter_child_nodes(new):
        if "lineno" in child._attributes and not hasattr(child, "lineno"):
            placed(child, old)
    return new


class _Scope:
    """A module, class or function while its body is visited; `own` is a parameter that is checked on entry."""

    def __init__(self, kind: str, own: str | None = None) -> None:
        self.kind = kind
        self.own = own
        self.own_needed = False


class Transformer(RestrictingNodeTransformer):
    """Rewrites a module in place; raises `Refused` at the first construct that is not allowed.

    `exports(module)` lists the public names of an importable module, for `from module import *`. Afterwards
    `lazy_annotations` says whether the module has `from __future__ import annotations`, which is taken out.
    """

    def __init__(self, exports: Callable[[str], Iterable[str]]) -> None:
        super().__init__()
        self._exports = exports
        self.lazy_annotations = False
        self._scopes = [_Scope("module")]

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

    def bound(self, node: ast.AST, name: str) -> str:
        """The compiled form of a variable, parameter or alias that the program binds."""
        if name == "super":
            raise self.refuse(node, "'super' cannot be rebound; choose another name")
        if names.is_dunder(name):
            in_class = self._scopes[-1].kind == "class"
            if in_class and (name in names.DEFINABLE or name == "__doc__"):
                return name
            what = f"a class cannot define {name!r} here" if in_class else f"the name {name!r} cannot be bound"
            raise self.refuse(node, f"{what}; choose a name without leading underscores")
        return self._named(node, names.private, name)

    def _assignable(self, node: ast.AST, name: str) -> str:
        """The compiled form of a variable that is assigned: `__new__` must be a function, which is then checked."""
        if name == "__new__":
            raise self.refuse(node, "write __new__ as a function: def __new__(cls, ...)")
        return self.bound(node, name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            node.id = self._assignable(node, node.id)
        elif node.id not in {"__name__", "__doc__"}:
            in_class = self._scopes[-1].kind == "class"
            if names.is_dunder(node.id) and not (in_class and node.id in names.DEFINABLE):
                raise self.refuse(node, f"the name {node.id!r} is not available here")
            if not names.is_dunder(node.id):
                node.id = self._named(node, names.private, node.id)
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

    # Attributes

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.ctx, ast.Load):
            return self._visit_read(node)
        node.attr = self._named(node, names.writable, node.attr)
        node.value = self._own(self.visit(node.value))
        return node

    def _visit_read(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._named(node, names.readable, node.attr)
        is_super = isinstance(node.value, ast.Call) and _is_name(node.value.func, "super") and not node.value.args
        node.value = self.visit(node.value)
        if node.attr not in names.GUARDED or (is_super and node.attr in names.SETUP_METHODS - {"__new__"}):
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
        return placed(ast.IfExp(_is_own(value.id), load(value.id), call("_write_", load(value.id))), value)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if not (isinstance(node.target, ast.Attribute) and node.target.attr in names.GUARDED):
            return self.node_contents_visit(node)
        # `a.now += 1` reads a guarded name, so it is written out; `a` is evaluated twice and has to be simple.
        if any(isinstance(part, ast.Call | ast.Subscript | ast.NamedExpr) for part in ast.walk(node.target.value)):
            raise self.refuse(
                node, f"'.{node.target.attr}' cannot be changed in place here; use a variable for the object"
            )
        target = node.target
        read = ast.Attribute(_copy(target.value), target.attr, ast.Load())
        operate = ast.Subscript(load("_inplace_"), ast.Constant(type(node.op).__name__), ast.Load())
        old: Any = self._visit_read(placed(read, node))
        value = ast.Call(operate, [old, self.visit(node.value)], [])
        return placed(ast.Assign([self.visit(target)], value), node)

    def _contents(self, node: Any) -> Any:
        return self.node_contents_visit(node)

    # Calls, assignment and loops need no guard: what can be called, unpacked and iterated is what can be reached.

    visit_Subscript = visit_Call = visit_For = visit_NamedExpr = _contents

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        if node.is_async:
            raise self.refuse(node.target, _ASYNC)
        return self.node_contents_visit(node)

    def visit_TemplateStr(self, node: ast.AST) -> ast.AST:
        raise self.refuse(node, "template strings are not supported here; use an f-string")

    # Functions and classes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if getattr(node, "type_params", None):
            raise self.refuse(node, "type parameters are not supported here; use typing.TypeVar")
        outer = self._scopes[-1]
        node.name = self.bound(node, node.name)
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.returns = node.returns and self.visit(node.returns)
        if node.name == "__new__":
            node.decorator_list.insert(0, placed(load("_new_"), node))
        own = _checked_parameter(node) if outer.kind == "class" else None
        node.args = self._arguments(node.args)
        scope = _Scope("function" if outer.kind in {"module", "class"} else "nested", own and names.private(own))
        self._scopes.append(scope)
        node.body = self._body(node.body)
        self._scopes.pop()
        if scope.own is not None and scope.own_needed:
            foreign = ast.Expr(call("_write_", load(scope.own)))
            check = ast.If(ast.UnaryOp(ast.Not(), _is_own(scope.own)), [foreign], [])
            node.body.insert(int(ast.get_docstring(node, clean=False) is not None), placed(check, node))
        return node

    def _arguments(self, node: ast.arguments) -> ast.arguments:
        """Defaults and annotations belong to the scope around the function, parameter names to the function."""
        self._scopes.append(_Scope("nested"))
        node = self.node_contents_visit(node)
        self._scopes.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._scopes.append(_Scope("nested"))
        node = self.node_contents_visit(node)
        self._scopes.pop()
        return node

    def _body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        new: list[ast.stmt] = []
        for statement in body:
            visited = self.visit(statement)
            new.extend(visited if isinstance(visited, list) else [visited])
        return new

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if getattr(node, "type_params", None):
            raise self.refuse(node, "type parameters are not supported here; use typing.Generic")
        node.name = self.bound(node, node.name)
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.bases = [self.visit(base) for base in node.bases]
        node.keywords = self._class_keywords(node)
        self._scopes.append(_Scope("class"))
        node.body = self._body(node.body)
        self._scopes.pop()
        return node

    def _class_keywords(self, node: ast.ClassDef) -> list[ast.keyword]:
        kept = []
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.refuse(node, "`**` in a class statement is refused; write the keywords out")
            if keyword.arg == "metaclass":
                if not (isinstance(keyword.value, ast.Name | ast.Attribute) and _last_name(keyword.value) == "ABCMeta"):
                    raise self.refuse(node, "metaclasses are refused; use a base class or a class decorator")
                # `class C(metaclass=ABCMeta)` is `class C(ABC)`.
                node.bases = [base for base in node.bases if not _is_name(base, "object")]
                node.bases.append(placed(load("_abc_"), keyword.value))
            else:
                kept.append(self.visit(keyword))
        return kept

    # Class variables that are lists of attribute names

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[0]
        if len(node.targets) == 1 and self._lists_names(target):
            node.value = self._written_out(target, node.value)
            return node
        return self.node_contents_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if self._lists_names(node.target):
            raise self.refuse(node, "assign this variable without an annotation")
        return self.node_contents_visit(node)

    def _lists_names(self, target: ast.expr) -> bool:
        in_class = self._scopes[-1].kind == "class"
        return in_class and isinstance(target, ast.Name) and target.id in names.LITERAL_VARIABLES

    def _written_out(self, node: ast.expr, value: ast.expr) -> ast.expr:
        """The value of `__slots__` or `__match_args__`: literal, its names under the policy for set attributes."""
        items = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
        for item in items:
            if not (isinstance(item, ast.Constant) and isinstance(item.value, str)):
                raise self.refuse(node, "this variable must be a tuple of string literals, written out")
            if item.value not in {"__dict__", "__weakref__"} or not _is_name(node, "__slots__"):
                if item.value in names.GUARDED or names.is_dunder(item.value):
                    raise self.refuse(node, f"{item.value!r} cannot stand here; choose another attribute name")
                item.value = self._named(node, names.writable, unicodedata.normalize("NFKC", item.value))
        return value

    # Stopping: see the module `stopping`

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.node_contents_visit(node)
        if node.handlers:
            # First of all handlers: what the program's own handlers evaluate could raise something else instead.
            through = ast.ExceptHandler(type=load("_stop_"), name=None, body=[ast.Raise(None, None)])
            node.handlers.insert(0, placed(through, node.handlers[0]))
        if node.finalbody:
            first = node.finalbody[0]
            entry = ast.withitem(placed(call("_finally_"), first), None)
            guarded = placed(ast.With(items=[entry], body=node.finalbody), first)
            yields = any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(guarded))
            stop = [placed(ast.Expr(call("_stop_here_")), first)] if yields else []
            node.finalbody = [*stop, guarded]
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.type is None:
            node.type = placed(load("_exception_"), node)
        else:
            node.type = self.visit(node.type)
        if node.name is not None:
            node.name = self._plain_bound(node, node.name)
        node.body = self._body(node.body)
        return node

    def _plain_bound(self, node: ast.AST, name: str) -> str:
        if names.is_dunder(name):
            raise self.refuse(node, f"the name {name!r} cannot be bound; choose a name without leading underscores")
        return self.bound(node, name)

    def visit_With(self, node: ast.With) -> ast.AST:
        self.node_contents_visit(node)
        for item in node.items:
            item.context_expr = placed(call("_with_", item.context_expr), item.context_expr)
        return node

    # Imports become calls: the import statement would look into sys.modules by the name that a module tells.

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        statements: list[ast.stmt] = []
        for alias in node.names:
            top = alias.name.partition(".")[0]
            name = self._plain_bound(node, alias.asname or top)
            wanted = alias.name if alias.asname else top
            if wanted != alias.name:
                statements.append(ast.Expr(call("_import_", ast.Constant(alias.name))))
            statements.append(ast.Assign([ast.Name(name, ast.Store())], call("_import_", ast.Constant(wanted))))
        return [placed(statement, node) for statement in statements]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt] | ast.stmt:
        module = node.module or ""
        if node.level:
            raise self.refuse(node, "relative imports are refused: there is no package here")
        if module == "__future__":
            unknown = [alias.name for alias in node.names if alias.name not in FUTURES]
            if unknown:
                raise self.refuse(node, f"from __future__ import {unknown[0]} is not supported here")
            self.lazy_annotations |= any(alias.name == "annotations" for alias in node.names)
            return placed(ast.Pass(), node)
        aliases = node.names
        if any(alias.name == "*" for alias in aliases):
            if len(self._scopes) > 1:
                raise self.refuse(node, "import * is only allowed at module level; name what you need")
            aliases = [ast.alias(name, None) for name in self._exports(module)]
        statements: list[ast.stmt] = []
        for alias in aliases:
            name = self._plain_bound(node, alias.asname or alias.name)
            value = call("_import_from_", ast.Constant(module), ast.Constant(alias.name))
            statements.append(placed(ast.Assign([ast.Name(name, ast.Store())], value), node))
        return statements or [placed(ast.Expr(call("_import_", ast.Constant(module))), node)]

    # match: patterns read attributes by name, so the names go through the same policy.

    visit_Match = visit_match_case = visit_MatchOr = _contents
    visit_MatchValue = visit_MatchSingleton = visit_MatchSequence = _contents

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        for name in node.kwd_attrs:
            if name in names.GUARDED or names.is_dunder(name):
                raise self.refuse(node, f"a pattern cannot look at {name!r}; match the object and read it in the case")
        node.kwd_attrs = [self._named(node, names.readable, name) for name in node.kwd_attrs]
        return self.node_contents_visit(node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        if node.rest is not None:
            node.rest = self._plain_bound(node, node.rest)
        return self.node_contents_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar | ast.MatchAs) -> ast.AST:
        if node.name is not None:
            node.name = self._plain_bound(node, node.name)
        return self.node_contents_visit(node)

    visit_MatchAs = visit_MatchStar

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = self._body(node.body)
        return node


_ASYNC = "async code is refused: there is no event loop here; write ordinary functions and generators"
_REFUSED_NODES = {
    "AsyncFunctionDef": _ASYNC,
    "AsyncFor": _ASYNC,
    "AsyncWith": _ASYNC,
    "Await": _ASYNC,
    "TryStar": "`except*` is refused; use `except`",
    "TypeAlias": "`type X = ...` is not supported here; write X = ...",
}


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _last_name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _is_own(name: str) -> ast.expr:
    return ast.Compare(call("_type_", load(name)), [ast.In()], [load("_own_")])


def _copy(node: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(node), mode="eval").body


def _checked_parameter(node: ast.FunctionDef) -> str | None:
    """The first parameter of a method, if nothing in the method binds its name again: one check on entry is enough."""
    parameters = [*node.args.posonlyargs, *node.args.args]
    if not parameters or any(_is_name(decorator, "staticmethod") for decorator in node.decorator_list):
        return None
    name = parameters[0].arg
    rebound = any(name in _bound_names(part) for part in ast.walk(node) if part not in (parameters[0], node))
    return None if rebound else name


def _bound_names(node: ast.AST) -> list[str | None]:
    """The names that this node, without those below it, binds."""
    match node:
        case ast.Name(id=name, ctx=context):
            return [] if isinstance(context, ast.Load) else [name]
        case ast.arg(arg=name):
            return [name]
        case ast.alias():
            return [(node.asname or node.name).partition(".")[0]]
        case ast.Global() | ast.Nonlocal():
            return list(node.names)
        case ast.MatchMapping(rest=name):
            return [name]
        case ast.ExceptHandler() | ast.FunctionDef() | ast.ClassDef() | ast.MatchStar() | ast.MatchAs():
            return [node.name]
    return []
