"""The tools that environments offer, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textgym.tools.base import CallStatus, NotJSON, Tool, ToolError, ToolTimeout, ToolUnavailable
from textgym.tools.calculator import calculate
from textgym.tools.python import python_tool
from textgym.tools.session import ToolSession

__all__ = [
    "TOOLS",
    "CallStatus",
    "NotJSON",
    "Tool",
    "ToolError",
    "ToolSession",
    "ToolTimeout",
    "ToolUnavailable",
    "calculate",
    "python_tool",
    "resolve_tools",
]


def _calculator(expression: str) -> str:
    result = calculate(expression)
    if result.startswith("error: "):
        raise ToolError(result.removeprefix("error: "))
    return result


def _make_calculator() -> Tool:
    schema = {
        "type": "object",
        "properties": {"expression": {"type": "string", "description": "an arithmetic expression"}},
        "required": ["expression"],
    }
    return Tool("calculator", "Evaluates an arithmetic expression such as 12*7 or 15% of 200.", schema, _calculator)


TOOLS: dict[str, Callable[[], Tool]] = {"calculator": _make_calculator, "python": python_tool}
"""Factories of the built-in tools. Add to it to make a tool available by name."""


def resolve_tools(tools: Sequence[str | Tool | Callable[..., Any]]) -> dict[str, Tool]:
    """Tools by name, from names of built-in tools, `Tool` objects and typed functions (`Tool.from_function`).

    Raises:
        ValueError: an unknown name, or two tools of one name.
        TypeError: a function that cannot be a tool.
    """
    resolved: dict[str, Tool] = {}
    for entry in tools:
        if isinstance(entry, str) and entry not in TOOLS:
            raise ValueError(
                f"unknown tool {entry!r}; the built-in tools are {', '.join(TOOLS)}, or pass a function or a Tool"
            )
        tool = TOOLS[entry]() if isinstance(entry, str) else entry
        tool = tool if isinstance(tool, Tool) else Tool.from_function(tool)
        if tool.name in resolved:
            raise ValueError(f"two tools are named {tool.name!r}; give each its own name")
        resolved[tool.name] = tool
    return resolved
