"""Tools at work: sessions of an episode, their seeds, threads and time limits."""

import copy
import gc
import pickle
import threading
import time
import weakref

import numpy as np
import pytest
from support.threads import forget_threads, tool_threads, wait_until
from support.toys import DICE, toy_env

from textgym import Tool, ToolCall, ToolError
from textgym.protocols import ParsedCall
from textgym.seeding import Generators, ToolSeeds
from textgym.toolbox import Toolbox
from textgym.tools import CallStatus
from textgym.tools.session import ToolSession

LOG: list[str] = []


@pytest.fixture(autouse=True)
def _fresh():
    LOG.clear()
    forget_threads()


class Counter:
    """Counts up."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.total, self.rng = 0, rng
        LOG.append("open")

    def __call__(self, step: int) -> str:
        if step < 0:
            raise ToolError("only up")
        self.total += step
        return f"{self.total} {self.rng.integers(10**9)}"

    def close(self) -> None:
        LOG.append(f"close at {self.total}")


COUNTER = Tool.from_session(Counter)


def sleep(seconds: float) -> str:
    """Sleeps."""
    time.sleep(seconds)
    return "awake"


def call(name: str, **arguments) -> ParsedCall:
    return ParsedCall(name, arguments)


def texts(results) -> list[str]:
    return [result.text for result in results]


def box_of(*tools: Tool, **kwargs) -> Toolbox:
    box = Toolbox({tool.name: tool for tool in tools}, **kwargs)
    box.reset(ToolSeeds(1))
    return box


def run(box: Toolbox, *calls: ParsedCall):
    results = box.start(calls, 0)
    if results is None:
        box.running.wait()
        results, box.running = box.running.results(), None
    return results


# Sessions


def test_a_session_lasts_an_episode_and_is_opened_by_its_first_call():
    box = box_of(COUNTER)
    assert LOG == []
    assert run(box, call("counter", step=2))[0].text.startswith("2 ")
    assert [text.split()[0] for text in texts(run(box, call("counter", step=3), call("counter", step=4)))] == ["5", "9"]
    assert LOG == ["open"]
    box.reset(ToolSeeds(1, 1))
    assert LOG == ["open", "close at 9"]
    assert run(box, call("counter", step=1))[0].text.startswith("1 ")
    box.close()
    assert LOG == ["open", "close at 9", "open", "close at 1"]
    box.close()
    assert len(LOG) == 4


def test_through_the_environment():
    env = toy_env(tools=[COUNTER], max_tokens=900)
    count = env.rules.protocol.write_call(ToolCall("counter", {"step": 5}))
    env.reset(seed=0)
    for _ in range(2):
        env.step_text(count)
    env.reset()
    assert LOG == ["open", "close at 10"]
    env.step_text(count)
    env.close()
    assert LOG == ["open", "close at 10", "open", "close at 5"]
    env.reset()
    env.step_text(count)  # a closed environment may be used again
    env.close()
    assert LOG[-1] == "close at 5"


def test_a_tool_that_is_not_called_is_not_opened():
    env = toy_env(tools=[COUNTER])
    for _ in range(3):
        env.reset()
    env.close()
    assert LOG == []


def test_errors_keep_the_session():
    box = box_of(COUNTER)
    run(box, call("counter", step=2))
    results = run(box, call("counter", step=-1), call("counter", step="x"), call("counter", step=1))
    assert [r.status for r in results] == [CallStatus.TOOL_ERROR, CallStatus.BAD_ARGS, CallStatus.OK]
    assert results[0].text == "error: only up"
    assert results[2].text.startswith("3 ")


def broken(rng: np.random.Generator) -> str:
    raise OSError("/secret/path")


def test_a_session_that_cannot_be_opened_is_an_error_and_is_tried_again():
    tool = Tool("broken", "", {}, session=broken)
    for _ in range(2):
        assert run(box_of(tool), call("broken"))[0].text == "error: broken failed with OSError; try other arguments"
    assert tool.run({}) == (CallStatus.TOOL_ERROR, "error: broken failed with OSError; try other arguments")


class Sticky(Counter):
    """Does not want to close."""

    def close(self) -> None:
        raise OSError("stuck")


def test_a_session_that_cannot_be_closed_is_a_warning():
    box = box_of(Tool.from_session(Sticky))
    run(box, call("sticky", step=1))
    with pytest.warns(UserWarning, match=r"the tool 'sticky' failed to close its session: OSError\('stuck'\)"):
        box.close()


def test_a_session_need_not_have_close():
    box = box_of(DICE)
    assert int(run(box, call("dice", sides=6))[0].text) in range(1, 7)
    box.close()


def test_a_tool_alone_opens_a_session_for_one_call():
    assert COUNTER.run({"step": 2})[1].startswith("2 ")
    assert COUNTER.run({"step": 2})[1].startswith("2 ")
    assert LOG == ["open", "close at 2"] * 2


def test_a_session_may_be_closed_while_a_call_runs_in_it():
    entered, leave = threading.Event(), threading.Event()

    class Slow(Counter):
        """Is in no hurry."""

        def __call__(self) -> str:
            entered.set()
            leave.wait(5)
            return "done"

    session = ToolSession(Tool.from_session(Slow), np.random.default_rng)
    thread = threading.Thread(target=session.run, args=({},))
    thread.start()
    assert entered.wait(5)
    session.close()
    assert LOG == ["open"]
    leave.set()
    thread.join()
    assert LOG == ["open", "close at 0"]
    assert session.run({})[0] is CallStatus.TOOL_ERROR


# Making tools


def test_from_session():
    assert (COUNTER.name, COUNTER.description) == ("counter", "Counts up.")
    schema = {"type": "object", "properties": {"step": {"type": "integer"}}, "required": ["step"]}
    assert COUNTER.parameters == schema
    assert Tool.from_session(Counter, name="tally", blocking=True, timeout=2).name == "tally"

    class Untyped:
        def __call__(self, x) -> str:
            return ""

    with pytest.raises(TypeError, match="parameter 'x' of tool 'untyped' has no type; annotate it"):
        Tool.from_session(Untyped)


def test_a_functions_generator_is_no_argument_of_the_policys():
    assert DICE.parameters["properties"] == {"sides": {"type": "integer"}}
    assert run(box_of(DICE), call("dice", sides=6, rng=1))[0].status is CallStatus.BAD_ARGS


def test_bad_tools_name_the_fix():
    with pytest.raises(ValueError, match="the tool 'x' needs either a function or a session, not both or neither"):
        Tool("x", "", {})
    with pytest.raises(ValueError, match="not both or neither"):
        Tool("x", "", {}, str, session=Counter)
    for options in ({"timeout": 1.0}, {"timeout": 0, "blocking": True}, {"timeout": -1, "blocking": True}):
        with pytest.raises(ValueError, match="give seconds above 0, and blocking=True"):
            Tool("x", "", {}, str, **options)


# Seeds


def rolls(box: Toolbox, n: int = 4) -> list[str]:
    return texts(run(box, *[call("dice", sides=10**9)] * n))


def test_equal_seeds_give_equal_numbers_and_others_do_not():
    assert rolls(box_of(DICE)) == rolls(box_of(DICE))
    drawn = []
    for seeds in (ToolSeeds(1), ToolSeeds(1, 1), ToolSeeds(2)):
        box = box_of(DICE)
        box.reset(seeds)
        drawn += rolls(box)
    assert len(set(drawn)) == 12


def test_tools_do_not_share_numbers():
    other = Tool.from_function(DICE.session.function)
    box = box_of(DICE, Tool("other", "", DICE.parameters, session=other.session))
    first = rolls(box)
    assert texts(run(box, call("other", sides=10**9)))[0] not in first
    mixed = box_of(DICE, Tool("other", "", DICE.parameters, session=other.session))
    calls = [call(name, sides=10**9) for name in ("other", "dice", "other", "dice", "dice", "dice")]
    assert texts(run(mixed, *calls))[1::2][:1] + texts(rolls_of(mixed, 0)) == first[:1]


def rolls_of(box: Toolbox, n: int):
    return run(box, *[call("dice", sides=10**9)] * n)


def test_without_seeds_chance_chooses():
    drawn = set()
    for _ in range(3):
        box = box_of(DICE)
        box.reset()
        drawn.add(rolls(box, 1)[0])
    assert len(drawn) == 3


def test_the_children_of_a_seed():
    """Spelled out with numpy's own `spawn`: child 0 draws tasks, child 1 belongs to the tools."""
    tasks, tools = np.random.SeedSequence(7).spawn(2)
    generators = Generators(7)
    assert generators.tasks.integers(10**9) == np.random.default_rng(tasks).integers(10**9)
    seeds = [generators.next_episode() for _ in range(2)][1]
    second_episode = tools.spawn(2)[1]
    third_tool = second_episode.spawn(3)[2]
    second_session = third_tool.spawn(2)[1]
    expected = np.random.default_rng(second_session).integers(10**9)
    assert seeds.generator(2, 1).integers(10**9) == expected
    assert generators.facts() == {"seed": 7, "episode": 1}
    assert Generators().facts() == {}


# Threads and time limits

SLEEP = Tool.from_function(sleep, blocking=True)
LIMITED = Tool.from_function(sleep, blocking=True, timeout=0.05)


def test_fast_tools_run_in_the_callers_thread():
    seen = []
    where = Tool("where", "", {}, lambda: seen.append(threading.current_thread()) or "")
    box = box_of(where, SLEEP, threads=True)
    assert box.start([call("where")], 0) is not None
    assert seen == [threading.main_thread()]
    assert tool_threads() == []


def test_blocking_tools_run_in_a_thread_only_where_that_is_of_use():
    assert box_of(SLEEP).start([call("sleep", seconds=0.0)], 0)[0].text == "awake"
    assert tool_threads() == []
    box = box_of(SLEEP, threads=True)
    assert box.start([call("sleep", seconds=0.0)], 0) is None
    assert len(tool_threads()) == 1
    box.running.wait()
    assert texts(box.running.results()) == ["awake"]
    box.close()
    assert tool_threads() == []


def test_calls_of_a_turn_stay_in_order_whatever_runs_where():
    order = []
    slow = Tool("slow", "", {}, lambda: time.sleep(0.05) or order.append("slow") or "s", blocking=True)
    fast = Tool("fast", "", {}, lambda: order.append("fast") or "f")
    box = box_of(slow, fast, threads=True)
    results = run(box, call("fast"), call("slow"), call("nobody"), call("fast"), call("slow"))
    assert order == ["fast", "slow", "fast", "slow"]
    assert [r.status for r in results] == ["ok", "ok", "unknown_tool", "ok", "ok"]
    assert [r.id for r in results] == [f"call{i}" for i in range(5)]
    box.close()


@pytest.mark.parametrize("watched", [True, False])
def test_a_call_over_its_limit_is_a_timeout_whether_it_is_watched_or_not(watched):
    box = box_of(LIMITED, threads=True)
    assert box.start([call("sleep", seconds=0.15)], 0) is None
    if not watched:
        time.sleep(0.3)
    began = time.monotonic()
    assert box.running.wait()
    assert time.monotonic() - began < 0.12
    (result,) = box.running.results()
    assert (result.status, result.text) == ("timeout", "error: sleep timed out after 0.05 s; ask it for less at a time")
    box.close()
    wait_until(lambda: not tool_threads())


def test_the_limit_holds_in_a_single_environment_too():
    env = toy_env(tools=[LIMITED], max_tool_tokens=100)
    env.reset(seed=0)
    began = time.monotonic()
    *_, info = env.step_text("<request><sleep>2.0<call>")
    assert time.monotonic() - began < 1
    assert info["calls"] == ["timeout"]
    *_, info = env.step_text("<request><sleep>0.0<call>")  # and it goes on, in a new thread
    assert info["calls"] == ["ok"]
    env.close()


def test_the_environments_limit_is_for_blocking_tools_without_one_of_their_own():
    patient = Tool("patient", "", SLEEP.parameters, sleep, blocking=True, timeout=5)
    fast = Tool("fast", "", SLEEP.parameters, sleep)
    env = toy_env(
        "byte", "hermes", tools=[SLEEP, patient, fast], call_timeout=0.05, max_tokens=2000, max_new_tokens=400
    )
    env.reset(seed=0)
    calls = [ToolCall(name, {"seconds": 0.2}) for name in ("sleep", "patient", "fast")]
    *_, info = env.step_text("".join(map(env.rules.protocol.write_call, calls)))
    assert info["calls"] == ["timeout", "ok", "ok"]
    env.close()


class Shell(Counter):
    """Counts, or hangs when it is told to step 99."""

    def __call__(self, step: int) -> str:
        if step == 99:
            time.sleep(0.3)
        return super().__call__(step)


def test_a_timeout_ends_the_session_and_the_next_call_opens_another():
    box = box_of(Tool.from_session(Shell, blocking=True, timeout=0.05), threads=True)
    first = run(box, call("shell", step=1))[0]
    hung, after = run(box, call("shell", step=99), call("shell", step=2))
    assert hung.status is CallStatus.TIMEOUT
    assert "was started anew, what it held is lost" in hung.text
    assert after.text.startswith("2 ")  # not 3 or 102: a new session,
    assert after.text.split()[1] != first.text.split()[1]  # with numbers of its own
    wait_until(lambda: "close at 100" in LOG)  # the old one is closed when its call comes back
    assert LOG.count("open") == 2
    box.close()
    wait_until(lambda: not tool_threads())
    assert LOG[-1] == "close at 2"


def test_close_waits_for_no_call_that_hangs():
    release = threading.Event()
    hang = Tool("hang", "", {}, lambda: str(release.wait(20)), blocking=True)
    box = box_of(hang, threads=True)
    assert box.start([call("hang")], 0) is None
    began = time.monotonic()
    box.close()
    assert time.monotonic() - began < 0.5
    assert len(tool_threads()) == 1
    release.set()
    wait_until(lambda: not tool_threads())


def test_a_reset_gives_up_calls_that_run_and_no_late_call_reaches_the_next_episode():
    box = box_of(Tool.from_session(Shell, blocking=True), threads=True)
    assert box.start([call("shell", step=99), call("shell", step=5)], 0) is None
    time.sleep(0.05)
    box.reset(ToolSeeds(1, 1))
    assert run(box, call("shell", step=3))[0].text.startswith("3 ")
    wait_until(lambda: "close at 99" in LOG)  # the first call came back late, the second never ran
    assert run(box, call("shell", step=4))[0].text.startswith("7 ")
    box.close()
    wait_until(lambda: not tool_threads())
    assert LOG.count("open") == 2


def test_sessions_of_blocking_tools_are_called_and_closed_in_one_thread():
    seen = []

    class Here:
        """Notes its thread."""

        def __init__(self, rng) -> None:
            seen.append(threading.current_thread())

        def __call__(self) -> str:
            seen.append(threading.current_thread())
            return ""

        def close(self) -> None:
            seen.append(threading.current_thread())

    box = box_of(Tool.from_session(Here, blocking=True), threads=True)
    run(box, call("here"), call("here"))
    box.close()
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert seen[0] is not threading.main_thread()


def test_a_job_that_raises_does_not_take_the_thread_with_it(capfd):
    """A warning about a session that will not close, where warnings are errors."""
    box = box_of(Tool.from_session(Sticky, blocking=True), SLEEP, threads=True)
    run(box, call("sticky", step=1))
    box.reset(ToolSeeds(1, 1))
    assert run(box, call("sleep", seconds=0.0))[0].text == "awake"
    assert "failed to close its session" in capfd.readouterr().err
    box.close()


def test_a_forgotten_toolbox_leaves_no_thread():
    box = box_of(SLEEP, threads=True)
    run(box, call("sleep", seconds=0.0))
    gone = weakref.ref(box)
    del box
    gc.collect()
    assert gone() is None
    wait_until(lambda: not tool_threads())


def interrupt() -> str:
    raise KeyboardInterrupt


def test_ctrl_c_raised_in_a_thread_reaches_who_waits():
    box = box_of(Tool("interrupt", "", {}, interrupt, blocking=True), threads=True)
    box.start([call("interrupt")], 0)
    box.running.wait()
    with pytest.raises(KeyboardInterrupt):
        box.running.results()
    box.close()


# Copies


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
@pytest.mark.parametrize("threads", [False, True])
def test_a_copy_goes_on_by_itself(copied, threads):
    box = box_of(Tool.from_session(Shell, blocking=True), DICE, threads=threads)
    run(box, call("shell", step=1), call("dice", sides=10**9))
    again = copied(box)
    for _ in range(2):
        calls = call("shell", step=2), call("dice", sides=10**9)
        assert texts(run(box, *calls)) == texts(run(again, *calls))
    run(box, call("shell", step=10))
    assert run(again, call("shell", step=1))[0].text.startswith("6 ")
    box.close()
    again.close()


def test_a_copy_waits_for_calls_that_run():
    box = box_of(SLEEP, threads=True)
    assert box.start([call("sleep", seconds=0.1), call("nobody")], 0) is None
    again = pickle.loads(pickle.dumps(box))
    assert again.running.wait(0.0)
    assert [r.status for r in again.running.results()] == ["ok", "unknown_tool"]
    box.close()
