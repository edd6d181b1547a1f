"""Runs Python that a language model wrote: hostile until proven otherwise, and by the ten thousand.

    with Sandbox() as sandbox, sandbox.session(seed=7) as session:
        session.run("x = 6")
        session.run("x * 7").value  # '42'

How it is built. A *zygote* is started by exec with a clean environment: nothing of the trainer is in it. It loads what
sessions need, gives up root and the trainer's namespaces, tries every layer, and forks one *worker* for each session.
A worker confines itself before it runs code, keeps the session's state from call to call, and is killed with it.

The boundary is the process and the kernel. The language layer (`textgym.sandbox.language`) is a policy with good error
messages in front of it; it is assumed to be broken in what follows.

What is covered, with all layers of `Sandbox.layers` active:

- *The trainer's data.* It is in another process, of another user. A worker can read no file, no other process's
  memory, no environment variable of the trainer; it has three descriptors to the null device and one to the trainer.
- *The machine.* A worker can start no process or thread, signal nobody, open no file or socket, reach no network,
  make no memory executable, and make only a few dozen system calls, none of which takes a path.
- *Resources.* Memory, CPU time, output and descriptors are bounded. CPU time is what counts, so a busy machine changes
  no result; wall time catches code that sleeps.
- *The trainer's control flow.* A crash, a kill or an answer out of turn is `Status.LOST`, never an exception. Answers
  are JSON of bounded size whose types are checked, and each must carry the random number of its question.
- *Other sessions.* They share no descriptor, no memory that can be written, and no state.
- *Leftovers.* Workers end with their session, with the sandbox, and with the trainer, even one that is killed.

What is not covered:

- *The kernel itself.* A bug in a system call that is allowed, in a page fault or in the CPU breaks the boundary. Who
  fears that runs the whole trainer in a virtual machine.
- *Side channels:* time, caches, speculative execution. Workers share cores with the trainer.
- *A session's own truth.* Code that breaks the language layer can make its session answer anything. Nothing that a
  policy must not know or decide (hidden tests, rewards) may be computed in a session that the policy writes in.
- *Availability, wholly.* A session may use all the CPU time that its limits give, and many sessions that many times.
- *What the layers that are missing here would have covered.* `Sandbox.layers` and `textgym doctor` say which, why, and
  what that means. Fewer than seccomp, and either another user or namespaces, is an error unless `allow_weak=True`.
- *Reproducibility of addresses.* They are cut from what is printed, but `id()` and the order of a set of objects that
  hash by address still depend on them.

`MontySandbox` is a second backend with the same interface, for machines without these features of the kernel.
"""

from textgym.sandbox.layers import ABOUT, Layers, MissingLayer, SandboxError
from textgym.sandbox.limits import Limits
from textgym.sandbox.monty import MontySandbox
from textgym.sandbox.result import Result, Status
from textgym.sandbox.sandbox import Sandbox
from textgym.sandbox.session import Session
from textgym.sandbox.shared import shared_sandbox

__all__ = [
    "ABOUT",
    "Layers",
    "Limits",
    "MissingLayer",
    "MontySandbox",
    "Result",
    "Sandbox",
    "SandboxError",
    "Session",
    "Status",
    "shared_sandbox",
]
