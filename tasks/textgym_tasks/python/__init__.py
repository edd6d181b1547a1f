"""Tasks for a policy that runs Python: answers to compute, and functions to write."""

from textgym_tasks.python.source import PythonTasks

__all__ = ["PythonTasks"]
