"""Small pieces of syntax trees: making them, and looking at them."""

from __future__ import annotations

import ast
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)


def load(name: str) -> ast.Name:
    """The value of a variable."""
    return ast.Name(name, ast.Load())


def call(name: str, *args: ast.expr) -> ast.Call:
    """A call of the function `name`."""
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


def is_name(node: ast.AST, name: str) -> bool:
    """Whether `node` is the variable `name`."""
    return isinstance(node, ast.Name) and node.id == name


def last_name(node: ast.Name | ast.Attribute) -> str:
    """`x` of `x` and of `a.b.x`."""
    return node.id if isinstance(node, ast.Name) else node.attr


def copied(node: ast.expr) -> ast.expr:
    """An expression as `node`, which shares no node with it."""
    return ast.parse(ast.unparse(node), mode="eval").body


def bound_names(node: ast.AST) -> list[str | None]:
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
