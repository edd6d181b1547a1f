"""The layers of confinement: their names, what each is for, which are active, and what must be."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class _About(NamedTuple):
    does: str
    without: str
    fix: str


_NEWER_KERNEL = "run a Linux kernel that has it"
_NAMESPACES = "allow unprivileged user namespaces, or run as root with CAP_SYS_ADMIN"

ABOUT: Mapping[str, _About] = {
    "seccomp": _About(
        "system calls are those on a short list",
        "code that gets past the language layer can open files and sockets, start programs and attack the kernel",
        "run Linux on x86_64 or aarch64 with CONFIG_SECCOMP_FILTER, outside sandboxes that forbid seccomp()",
    ),
    "landlock": _About(
        "no path can be opened, no TCP port reached",
        "files and network are guarded by the other layers alone",
        f"{_NEWER_KERNEL} (5.13 or later, CONFIG_SECURITY_LANDLOCK, `landlock` in the boot parameter `lsm=`)",
    ),
    "no_new_privs": _About(
        "no set-uid program gives rights", "a set-uid program could give rights, if one could be started", _NEWER_KERNEL
    ),
    "non_root": _About(
        "the worker is not root",
        "code that gets past the other layers has root's rights",
        "start the trainer as an ordinary user, or give its root CAP_SETUID and CAP_SETGID",
    ),
    "rlimits": _About(
        "memory, files, CPU time and processes are bounded",
        "code can use up the machine's memory",
        "run on a system with setrlimit() that binds memory (Linux does)",
    ),
    "non_dumpable": _About(
        "no process of the same user can look into a worker, no core is dumped",
        "another process of the user can read a worker's memory",
        _NEWER_KERNEL,
    ),
    "parent_death": _About(
        "workers die with the process that started them",
        "a worker that is busy when the trainer is killed lives on until its CPU limit",
        _NEWER_KERNEL,
    ),
    "pid_namespace": _About(
        "other processes are out of sight", "processes can be seen, and are guarded by the other layers", _NAMESPACES
    ),
    "net_namespace": _About("there is no network", "the network is guarded by the other layers", _NAMESPACES),
    "ipc_namespace": _About(
        "there is no shared memory of others", "System V shared memory is guarded by the other layers", _NAMESPACES
    ),
}
"""Every layer, in the order of a report."""


class SandboxError(RuntimeError):
    """The sandbox cannot start or go on."""


class MissingLayer(SandboxError):
    """A layer that is required is not to be had here; the message says why, and what to do."""


@dataclass(frozen=True)
class Layers:
    """Which layers hold, each found by attempting what it forbids in a child that has it on.

    Attributes:
        active: names of those that hold.
        missing: names of the others, each with the reason.
    """

    active: tuple[str, ...]
    missing: Mapping[str, str]

    def __contains__(self, name: str) -> bool:
        return name in self.active

    def __iter__(self) -> Iterator[str]:
        return iter(self.active)

    @property
    def namespaces(self) -> bool:
        """Whether other processes and the network are out of sight."""
        return "pid_namespace" in self and "net_namespace" in self

    def check(self, require: Iterable[str] = (), allow_weak: bool = False) -> None:
        """See that enough layers hold: those of `require`, and seccomp with non_root or namespaces.

        Raises:
            MissingLayer: too few; with `allow_weak` only for those of `require`.
            ValueError: `require` names no layer.
        """
        for name in require:
            if name not in ABOUT:
                raise ValueError(f"the sandbox has no layer {name!r}; the layers are {', '.join(ABOUT)}")
            if name not in self:
                raise MissingLayer(self._lacks(name))
        if not allow_weak and (weakness := self.weakness()) is not None:
            raise MissingLayer(f"{weakness}; or accept a weak sandbox with allow_weak=True")

    def weakness(self) -> str | None:
        """Why this is less than a sandbox should have; None where it is enough."""
        if "seccomp" not in self:
            return self._lacks("seccomp")
        if "non_root" not in self and not self.namespaces:
            return self._lacks("non_root")
        return None

    def _lacks(self, name: str) -> str:
        about, reason = ABOUT[name], self.missing.get(name, "it was not tried")
        return f"the sandbox lacks {name} ({reason}), so {about.without}. To have it, {about.fix}"

    def report(self) -> str:
        """A line for each layer; those that are missing with the reason, what that means, and what to do."""
        lines = []
        for name, about in ABOUT.items():
            if name in self:
                lines.append(f"  {name:14} active   {about.does}")
            else:
                lines.append(f"  {name:14} MISSING  {self.missing.get(name, 'it was not tried')}")
                lines += [f"  {'':14}          so {about.without}", f"  {'':14}          to have it, {about.fix}"]
        return "\n".join(lines)


def unsupported() -> Layers:
    """No layer at all."""
    return Layers((), dict.fromkeys(ABOUT, f"there is none of it on {sys.platform}"))
