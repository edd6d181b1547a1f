"""The fuzz run finds what it looks for: an exception out of `step`, and memory that grows."""

import fuzz
import numpy as np
import pytest
from support.streams import TokenStream

from textgym.protocols import TagsProtocol
from textgym.rules import Rules

SINGLE, VECTOR = (
    next(shard for shard in fuzz.SHARDS if shard.protocol == "tags" and shard.kind == kind)
    for kind in ("single", "vector SameStep")
)


@pytest.mark.parametrize("shard", [SINGLE, VECTOR], ids=["single", "vector"])
def test_a_shard_plays_its_tokens(shard):
    row = fuzz.run(shard, 3000, seed=1)
    assert row["error"] is None
    assert row["tokens"] >= 3000
    assert row["episodes"] == sum(row["stop_reasons"].values()) > 10
    assert {"ok", "missing_name"} <= row["calls"].keys()


@pytest.mark.parametrize("shard", [SINGLE, VECTOR], ids=["single", "vector"])
def test_an_exception_out_of_step_is_found(shard, monkeypatch):
    parse = TagsProtocol.parse

    def fragile(self, text):
        if "<tool_call>" in text:
            raise KeyError("planted")
        return parse(self, text)

    monkeypatch.setattr(TagsProtocol, "parse", fragile)
    row = fuzz.run(shard, 20_000, seed=1)
    assert "planted" in row["error"]
    assert fuzz.summary([row])["errors"] == 1


def test_growing_memory_is_found(monkeypatch):
    sizes = iter(range(0, 10**12, fuzz.MAX_GROWTH // 10))
    monkeypatch.setattr(fuzz, "resident", lambda: next(sizes))
    row = fuzz.run(VECTOR, 1000, seed=1)
    assert not row["flat"]
    assert not fuzz.summary([row])["flat"]


def test_a_stream_is_the_same_for_the_same_seed_and_reaches_beyond_the_vocabulary():
    rules = Rules.make("textgym_tasks.calc:CalcTasks")
    one, two = (TokenStream(rules, np.random.default_rng(3)) for _ in range(2))
    oracle = [[1, 2, 3], [4]]
    runs = [one.draw(oracle) for _ in range(2000)]
    assert runs == [two.draw(oracle) for _ in range(2000)]
    assert all(runs)
    ids = {i for run in runs for i in run}
    assert min(ids) < 0
    assert max(ids) >= rules.tokenizer.vocab_size
