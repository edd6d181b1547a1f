"""What a program may be made of: refuses, renames and guards, on the syntax tree, before anything runs.

Built on RestrictedPython's transformer, which refuses every kind of node that it does not know. Theirs guards each
attribute, item, iteration and call at run time; here the name policy (`naming`) decides at compile time, and guards
stay only where the object matters: a few attribute names, attribute assignment, `with` and `finally`.
"""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from . import names
from .naming import ASYNC, NamePolicy, Scope, is_own
from .nodes import bound_names, call, is_name, last_name, load, placed

FUTURES = frozenset({"annotations", "division", "print_function", "generator_stop", "unicode_literals"})


class Transformer(NamePolicy):
    """Rewrites modules, one after another.

    `exports(module)` lists the public names of an importable module, for `from module import *`.
    """

    def __init__(self, exports: Callable[[str], Iterable[str]]) -> None:
        super().__init__()
        self._exports = exports
        self._lazy_annotations = False

    def transform(self, module: ast.Module) -> bool:
        """Rewrite `module` in place.

        Returns:
            Whether it has `from __future__ import annotations`, which is taken out.

        Raises:
            Refused: at the first construct that is not allowed.
        """
        self._scopes, self._lazy_annotations = [Scope("module")], False
        self.visit(module)
        return self._lazy_annotations

    def _contents(self, node: Any) -> Any:
        return self.node_contents_visit(node)

    # Calls, assignment and loops need no guard: what can be called, unpacked and iterated is what can be reached.

    visit_Subscript = visit_For = visit_NamedExpr = _contents

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        if node.is_async:
            raise self.refuse(node.target, ASYNC)
        return self.node_contents_visit(node)

    def visit_TemplateStr(self, node: ast.AST) -> ast.AST:
        raise self.refuse(node, "template strings are not supported here; use an f-string")

    # Functions and classes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if getattr(node, "type_params", None):
            raise self.refuse(node, "type parameters are not supported here; use typing.TypeVar")
        outer = self._scopes[-1]
        written, node.name = node.name, self.bound(node, node.name)
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.returns = node.returns and self.visit(node.returns)
        if written != self._mangled(written):
            node.decorator_list.append(placed(ast.Call(load("_called_"), [ast.Constant(written)], []), node))
        if node.name == "__new__":
            node.decorator_list.insert(0, placed(load("_new_"), node))
        elif node.name in names.TOLD_NAMES and outer.kind == "class":
            told = "_told_getattr_" if node.name == "__getattr__" else "_told_name_"
            node.decorator_list.insert(0, placed(load(told), node))
        own = _checked_parameter(node) if outer.kind == "class" else None
        node.args = self._arguments(node.args)
        scope = Scope("function" if outer.kind in {"module", "class"} else "nested", own and names.private(own))
        self._scopes.append(scope)
        node.body = list(self._items(node.body))
        self._scopes.pop()
        first: list[ast.stmt] = []
        if scope.own is not None and scope.own_needed:
            foreign = ast.Expr(call("_write_", load(scope.own)))
            first.append(ast.If(ast.UnaryOp(ast.Not(), is_own(scope.own)), [foreign], []))
        if node.args.kwarg is not None:
            keywords = node.args.kwarg.arg
            first.append(ast.Assign([ast.Name(keywords, ast.Store())], call("_plain_", load(keywords))))
        start = int(ast.get_docstring(node, clean=False) is not None)
        node.body[start:start] = [placed(statement, node) for statement in first]
        return node

    def _arguments(self, node: ast.arguments) -> ast.arguments:
        """Defaults and annotations belong to the scope around the function, parameter names to the function."""
        self._scopes.append(Scope("nested"))
        node = self.node_contents_visit(node)
        self._scopes.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._scopes.append(Scope("nested"))
        node = self.node_contents_visit(node)
        self._scopes.pop()
        if node.args.kwarg is not None:
            keywords = node.args.kwarg.arg
            if any(is_name(part, "super") for part in ast.walk(node.body)):  # which looks at its own function
                plain = ast.NamedExpr(ast.Name(keywords, ast.Store()), call("_plain_", load(keywords)))
                both = ast.Tuple([plain, node.body], ast.Load())
                node.body = placed(ast.Subscript(both, ast.Constant(1), ast.Load()), node.body)
                return node
            taken = placed(ast.arg(keywords), node)
            takes = ast.arguments(posonlyargs=[], args=[taken], kwonlyargs=[], kw_defaults=[], defaults=[])
            inner = ast.Call(ast.Lambda(takes, node.body), [call("_plain_", load(keywords))], [])
            node.body = placed(inner, node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if getattr(node, "type_params", None):
            raise self.refuse(node, "type parameters are not supported here; use typing.Generic")
        name, node.name = node.name, self._plain_bound(node, node.name)
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.bases = [self.visit(base) for base in node.bases]
        node.keywords = self._class_keywords(node)
        self._scopes.append(Scope("class", name=name))
        node.body = list(self._items(node.body))
        self._scopes.pop()
        return node

    def _class_keywords(self, node: ast.ClassDef) -> list[ast.keyword]:
        kept = []
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.refuse(node, "`**` in a class statement is refused; write the keywords out")
            if keyword.arg == "metaclass":
                if not (isinstance(keyword.value, ast.Name | ast.Attribute) and last_name(keyword.value) == "ABCMeta"):
                    raise self.refuse(node, "metaclasses are refused; use a base class or a class decorator")
                # `class C(metaclass=ABCMeta)` is `class C(ABC)`.
                node.bases = [base for base in node.bases if not is_name(base, "object")]
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
            if item.value not in {"__dict__", "__weakref__"} or not is_name(node, "__slots__"):
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
        if isinstance(node.type, ast.Tuple):
            everything = ast.Starred(load("_exception_"), ast.Load())
            kinds = [everything if is_name(kind, "BaseException") else self._caught(kind) for kind in node.type.elts]
            node.type = placed(ast.Tuple(kinds, ast.Load()), node.type)
        elif node.type is None or is_name(node.type, "BaseException"):
            node.type = placed(load("_exception_"), node)
        else:
            node.type = self._caught(node.type)
        if node.name is not None:
            node.name = self._plain_bound(node, node.name)
        node.body = list(self._items(node.body))
        if node.name is not None:
            node.body.insert(0, placed(ast.Expr(call("_caught_", load(node.name))), node))
        return node

    def _caught(self, kind: ast.expr) -> ast.expr:
        """A class after `except`: there the three that programs otherwise know as UnicodeError are told apart."""
        if isinstance(kind, ast.Name) and kind.id in names.UNICODE_ERRORS:
            return placed(load(f"_{kind.id}_"), kind)
        visited: ast.expr = self.visit(kind)
        return visited

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
            self._lazy_annotations |= any(alias.name == "annotations" for alias in node.names)
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
    visit_MatchSingleton = visit_MatchSequence = _contents

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        self.node_contents_visit(node)
        if isinstance(node.value, ast.Call):
            raise self.refuse(node, "this name cannot stand in a pattern here; write `case x if x == ...`")
        return node

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
        node.body = list(self._items(node.body))
        return node


def _checked_parameter(node: ast.FunctionDef) -> str | None:
    """The first parameter of a method, if nothing in the method binds its name again: one check on entry is enough."""
    parameters = [*node.args.posonlyargs, *node.args.args]
    if not parameters or any(is_name(decorator, "staticmethod") for decorator in node.decorator_list):
        return None
    name = parameters[0].arg
    if name.startswith("_"):  # of which there are several spellings: `__x` and `_C__x`
        return None
    rebound = any(name in bound_names(part) for part in ast.walk(node) if part not in (parameters[0], node))
    return None if rebound else name
