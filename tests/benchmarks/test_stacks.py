"""The sampling profiler: shares of a run whose parts are known."""

import time

import stacks


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def long() -> None:
    spin(0.03)


def short() -> None:
    spin(0.01)


def both() -> None:
    long()
    short()


def test_shares_follow_the_time_of_each_group():
    shares, looks = stacks.shares(both, {"long": (long,), "short": (short,)}, 0.6)
    assert looks > 50
    assert 0.6 < shares["long"] < 0.9
    assert shares["long"] + shares["short"] > 0.95


def test_the_first_group_on_the_stack_counts_and_the_rest_is_named():
    shares, _ = stacks.shares(both, {"long": (long,), "all": (both,)}, 0.3)
    assert set(shares) <= {"long", "all", "rest"}
    assert shares["all"] > 0.1  # `short`, which is in no group of its own
    shares, _ = stacks.shares(both, {"nothing": (test_shares_follow_the_time_of_each_group,)}, 0.1, rest="others")
    assert shares == {"others": 1.0}
