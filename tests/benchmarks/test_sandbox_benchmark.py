"""The sandbox benchmark: right programs, all contestants that need no other library, and leaks that it must find."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
import sandbox as bench
from peers import Worker

from textgym.sandbox import Sandbox


@pytest.fixture(scope="module")
def box():
    with Sandbox(spares=1) as box:
        yield box


def test_programs_print_their_answers():
    rng = random.Random(3)
    for _ in range(5):
        program = bench.Program.draw(rng)
        printed = subprocess.run([sys.executable, "-c", program.code], capture_output=True, text=True, check=True)
        assert printed.stdout.strip() == program.answer


def test_sessions_are_timed_and_their_answers_checked(box):
    rng = random.Random(4)
    programs = [bench.Program.draw(rng) for _ in range(2)]
    opened, answered = bench.new_sessions(box, programs, 0.0)
    assert all(0 < a < b for a, b in zip(opened, answered, strict=True))
    with box.session() as one, box.session() as two:
        assert bench.at_once([one, two], programs) > 1
        with pytest.raises(RuntimeError, match="the sandbox answered"):
            bench.Program("print(1)", "2").run(one)
    assert all(size > 100 for size in bench.pss(box))


def test_the_bare_ways_give_right_answers(tmp_path):
    file = tmp_path / "programs.json"
    file.write_text('[{"code": "print(6 * 7)", "answer": "42"}, {"code": "print(1)", "answer": "2"}]')
    with Worker(Path(sys.executable), bench.BARE, file) as worker:
        for way in bench.BARE.ways:
            assert len(bench.play(worker, way, 1)) == 1
            with pytest.raises(RuntimeError, match="1 right answers of 2"):
                bench.play(worker, way, 2)


def test_a_long_run_finds_nothing_grown():
    found = bench.long_run(bench.Arguments(sessions=12, samples=4), random.Random(5))
    assert len(found["samples"]) == 5
    assert all(found[name] for name in ("flat_memory", "flat_descriptors", "no_zombie_left"))


@pytest.mark.parametrize(
    ("name", "grown", "failed"),
    [
        ("trainer_kb", bench.MAX_GROWTH_KB, "flat_memory"),
        ("zygote_kb", bench.MAX_GROWTH_KB, "flat_memory"),
        ("zygote_descriptors", bench.MAX_DESCRIPTORS, "flat_descriptors"),
        ("zombies", 1, "no_zombie_left"),
    ],
)
def test_what_grows_is_found(name, grown, failed):
    names = ("trainer_kb", "zygote_kb", "trainer_descriptors", "zygote_descriptors", "zombies")
    samples = [dict.fromkeys(names, 0) | {name: i * grown} for i in range(8)]
    assert {key for key, well in bench.verdict(samples).items() if not well} == {failed}


def test_percentiles_and_rates():
    assert bench.percentile([float(i) for i in range(100, 0, -1)], 0.99) == 99.0
    assert bench.percentile([5.0], 0.5) == 5.0
    assert bench.summary([[0.001] * 10, [0.002] * 10, [0.004] * 10])["per_second"] == 500.0
    ratios = bench.ratios(
        {
            name: [[0.01 if name != "kept" else 0.001]]
            for name in ("kept", *bench.BARE.ways, *(tool.name for tool in bench.TOOLS))
        }
    )
    assert set(ratios.values()) == {10.0}
