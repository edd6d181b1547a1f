"""Arithmetic word problems for a policy with a calculator."""

from textgym_tasks.calc.source import CalcTasks

__all__ = ["CalcTasks"]
