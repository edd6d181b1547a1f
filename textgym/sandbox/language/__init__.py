"""The language layer of the sandbox: the Python that model-written programs are given.

Most of the language runs as it is, at Python's own speed. Refused are the names that lead from a value to the
interpreter (`__globals__`, frames, code), metaclasses, async code and a few more constructs, each with a clear message.
`import` gives facades of some forty modules. This layer is policy and good error messages: the boundary is the worker
process and the kernel.
"""

from .interpreter import Interpreter, Outcome, preload
from .stopping import SoftTimeout

__all__ = ["Interpreter", "Outcome", "SoftTimeout", "preload"]
