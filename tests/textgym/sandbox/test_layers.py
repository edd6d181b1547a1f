"""Which layers hold where: as root, as a user, in a container that forbids some, on kernels that lack some."""

import errno
import os
import pickle
import sys
import warnings
from dataclasses import replace

import pytest
from support.sandboxes import QUICK, SLOWNESS, descendants, gone, plain_sandbox

from textgym.sandbox import ABOUT, Layers, MissingLayer, SandboxError, Status
from textgym.sandbox.layers import unsupported

NAMESPACES = {"pid_namespace", "net_namespace", "ipc_namespace"}
KERNEL = {"seccomp", "no_new_privs", "rlimits", "non_dumpable", "parent_death", "non_root"}
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
IS_ROOT = os.geteuid() == 0


def user(uid: int) -> dict[str, int]:
    """What to simulate to be an unprivileged user: only root has to become one."""
    return {"uid": uid} if IS_ROOT else {}


def answers(sandbox) -> bool:
    with sandbox.session() as session:
        return session.run("6 * 7").value == "42"


@LINUX
def test_every_layer_has_a_verdict(sandbox):
    found = sandbox.layers
    assert {*found.active, *found.missing} == set(ABOUT)
    assert not set(found.active) & set(found.missing)
    assert set(found.active) >= KERNEL
    assert all(found.missing.values())


@LINUX
def test_as_an_unprivileged_user():
    with plain_sandbox(_simulate=user(65534), require=["seccomp", "non_root"]) as sandbox:
        assert set(sandbox.layers.active) >= KERNEL
        assert answers(sandbox)


@LINUX
def test_in_a_container_that_denies_unshare(sandbox):
    """As Docker's default profile does."""
    with plain_sandbox(_simulate={"deny": {"unshare": errno.EPERM}}) as confined:
        assert set(confined.layers.missing) >= NAMESPACES
        assert "Operation not permitted" in confined.layers.missing["pid_namespace"]
        assert set(confined.layers.active) == set(sandbox.layers.active) - NAMESPACES
        assert answers(confined)
        with confined.session() as session:  # what namespaces would have hidden is out of reach all the same
            code = "import os\ntry:\n    os.kill(os.getppid(), 0)\nexcept OSError as error:\n    print(error)"
            assert "not permitted" in session.run(code).stdout


@LINUX
def test_as_a_user_in_a_container():
    with plain_sandbox(_simulate={**user(1234), "deny": {"unshare": errno.EPERM}}) as sandbox:
        assert set(sandbox.layers.active) >= KERNEL
        assert "unshare() without root: Operation not permitted" in sandbox.layers.missing["net_namespace"]
        with sandbox.session() as session:
            assert session.run("import os\nos.getuid()").value == str(1234 if IS_ROOT else os.geteuid())


@LINUX
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP], ids=["not in the kernel", "not switched on"])
def test_a_kernel_without_landlock(number):
    simulate = {"deny": {"landlock_create_ruleset": number}}
    with plain_sandbox(_simulate=simulate) as sandbox:
        assert set(sandbox.layers.active) >= KERNEL
        assert sandbox.layers.missing["landlock"] == f"[Errno {number}] {os.strerror(number)}"
        assert answers(sandbox)
        with sandbox.session() as session:
            assert "PermissionError" in session.run("open('/etc/passwd')").error
    with pytest.raises(MissingLayer, match=r"lacks landlock \(.*\), so files and network .* run a Linux kernel"):
        plain_sandbox(_simulate=simulate, require=["landlock"])


@LINUX
def test_without_seccomp_it_does_not_start():
    simulate = {"deny": {"seccomp": errno.ENOSYS}}
    with pytest.raises(MissingLayer, match=r"lacks seccomp \(.*Function not implemented\), so code that gets past"):
        plain_sandbox(_simulate=simulate)
    with pytest.warns(RuntimeWarning, match="a weak sandbox, as allow_weak=True asks for: the sandbox lacks seccomp"):
        sandbox = plain_sandbox(_simulate=simulate, allow_weak=True)
    with sandbox:
        assert "seccomp" not in sandbox.layers
        assert answers(sandbox)
        with sandbox.session() as session:  # Landlock and the limits hold by themselves
            assert "PermissionError" in session.run("import os\nos.listdir('/')").error
            assert "BlockingIOError" in session.run("import os\nos.fork()").error
    with pytest.raises(MissingLayer, match="seccomp"), warnings.catch_warnings():
        plain_sandbox(_simulate=simulate, allow_weak=True, require=["seccomp"])


@LINUX
def test_root_that_cannot_be_left_needs_namespaces(sandbox):
    """For a user, what cannot be left are the capabilities."""
    kept = {"setresuid" if IS_ROOT else "capset": errno.EPERM}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # weak, where there are no namespaces either
        confined = plain_sandbox(_simulate={"deny": kept}, allow_weak=not sandbox.layers.namespaces)
    with confined:
        assert "non_root" in confined.layers.missing
        assert answers(confined)
    with pytest.raises(MissingLayer, match=r"lacks non_root \(.*not permitted\), so .*; or accept .* allow_weak=True"):
        plain_sandbox(_simulate={"deny": {**kept, "unshare": errno.EPERM}})


def test_an_unknown_layer():
    with pytest.raises(ValueError, match="the sandbox has no layer 'armour'; the layers are seccomp, landlock"):
        plain_sandbox(require=["armour"])


def test_elsewhere_than_on_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(MissingLayer, match=r"there is none of it on darwin.*allow_weak=True"):
        plain_sandbox()
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SandboxError, match="on Windows, run it under WSL"):
        plain_sandbox(allow_weak=True)


@LINUX
def test_as_on_macos(monkeypatch):
    """Without what only Linux has: no layer but another user than root, and sessions all the same."""
    monkeypatch.setattr(sys, "platform", "darwin")
    limits = replace(QUICK, wall_s=3.0 * SLOWNESS)
    with pytest.warns(RuntimeWarning) as warned:
        sandbox = plain_sandbox(limits=limits, _simulate={"macos": True, **user(1234)}, allow_weak=True)
    assert [str(each.message).startswith("a weak sandbox") for each in warned] == [True]
    with sandbox:
        assert sandbox.layers.active == ("non_root",)
        assert sandbox.layers.missing["seccomp"] == "prctl() is known on Linux, not on darwin"
        assert "could not ask" in sandbox.layers.missing["parent_death"]
        assert answers(sandbox)
        with sandbox.session() as session:
            bounds = "from resource import *\ngetrlimit(RLIMIT_CPU)[1], getrlimit(RLIMIT_FSIZE)[1]"
            assert session.run(bounds).value == f"({sandbox.limits.session_cpu_s}, 0)"  # those that macOS has
            assert session.run("while True: pass").status is Status.TIMEOUT
            busy = "import signal\nsignal.setitimer(signal.ITIMER_PROF, 0)\nwhile True: pass"
            result = session.run(busy)  # nobody tells its CPU time
            assert (result.status, "did not answer within" in result.error) == (Status.LOST, True)
            assert session.run("6 * 7").value == "42"
        workers = descendants(sandbox.pid)
    assert gone(workers)
    with pytest.raises(MissingLayer, match="lacks seccomp"):
        plain_sandbox(_simulate={"macos": True}, allow_weak=True, require=["seccomp"])


def test_the_report_names_what_is_missing_why_and_what_to_do():
    lines = Layers(("seccomp",), {name: f"why {name}" for name in ABOUT if name != "seccomp"}).report().splitlines()
    assert lines[0].split() == ["seccomp", "active", *ABOUT["seccomp"].does.split()]
    assert lines[1].split()[:4] == ["landlock", "MISSING", "why", "landlock"]
    assert ABOUT["landlock"].without in lines[2]
    assert ABOUT["landlock"].fix in lines[3]
    assert len(lines) == 1 + 3 * (len(ABOUT) - 1)


def test_what_is_enough():
    def weakness(*active):
        return Layers(active, dict.fromkeys(set(ABOUT) - set(active), "why")).weakness()

    assert weakness("seccomp", "non_root") is None
    assert weakness("seccomp", "pid_namespace", "net_namespace") is None
    assert "lacks non_root" in weakness("seccomp", "pid_namespace")
    assert "lacks seccomp" in weakness("non_root", "landlock", "pid_namespace", "net_namespace")
    assert "lacks seccomp" in unsupported().weakness()


def test_layers_survive_pickling(sandbox):
    assert pickle.loads(pickle.dumps(sandbox.layers)) == sandbox.layers
