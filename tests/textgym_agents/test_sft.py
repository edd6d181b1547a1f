"""SFT: what is learned from, the loss against plain loops, and a training that stops, resumes and leaves no trace."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from support.policies import random_trajectories, same, small_policy, weights
from torch.optim.optimizer import register_optimizer_step_post_hook

from textgym import ByteTokenizer, Segment, StopReason, Transcript
from textgym.rules import Rules
from textgym.wrappers import with_faults
from textgym_agents import SFTConfig, ValueHeadPolicy, demonstrations, train_sft
from textgym_agents.interrupt import Interrupt
from textgym_agents.sft import IGNORE, collate, labels_of, saved_step, sft_loss

QUICK = SFTConfig(steps=6, batch_size=4, micro_batch_size=4, lr=1e-2, warmup_steps=2)


def make_rules(**kwargs: Any) -> Rules:
    options = {"system_prompt": "", "max_tokens": 288, "max_new_tokens": 64, "split": "train", **kwargs}
    return gym.make("TextCalc-v0", **options).unwrapped.rules  # type: ignore[attr-defined,no-any-return]


def random_transcripts(n: int, seed: int = 0) -> list[Transcript]:
    """The random episodes of the learner's tests, as transcripts."""
    made = []
    for t in random_trajectories(n, seed):
        cuts = [0, *(np.flatnonzero(np.diff(t.mask.astype(int))) + 1).tolist(), len(t.ids)]
        segments = []
        for a, b in pairwise(cuts):
            sampled = bool(t.mask[a])
            segments.append(Segment(tuple(t.ids[a:b].tolist()), "model" if sampled else "tool", sampled))
        made.append(Transcript(tuple(segments), stop_reason=StopReason.SUBMIT))
    return made


# -- what is learned from -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["tags", "hermes", "chat"])
def test_demonstrations_earn_the_reward(protocol: str) -> None:
    rules = make_rules(protocol=protocol, system_prompt=None, max_tokens=2048, max_new_tokens=128)
    demos = demonstrations(rules, 40, seed=0)
    assert [sum(d.turn_rewards) for d in demos] == [1.0] * 40
    assert {d.stop_reason for d in demos} == {StopReason.SUBMIT}
    assert len({d.metadata["prompt"] for d in demos}) == 40
    assert all("tool" in [s.role for s in d] for d in demos)
    assert demos == demonstrations(rules, 40, seed=0)
    assert demos != demonstrations(rules, 40, seed=1)


def test_demonstrations_with_tools_of_chance_are_reproducible() -> None:
    rules = make_rules(max_tokens=512, max_new_tokens=128, tools=with_faults(["calculator"], error=0.3, garbage=0.3))
    demos = demonstrations(rules, 20, seed=0)
    replies = [rules.tokenizer.decode(s.ids) for demo in demos for s in demo if s.role == "tool"]
    assert 0 < sum("out of order" in reply for reply in replies) < 20
    assert demos == demonstrations(rules, 20, seed=0)


def test_budgets_that_the_oracle_does_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"the oracle ended with max_turns on '.*'; raise the budget of that name"):
        demonstrations(make_rules(max_turns=1), 5, seed=0)
    with pytest.raises(ValueError, match=r"the oracle ended with max_new_tokens"):
        demonstrations(make_rules(max_new_tokens=20), 50, seed=0)


@pytest.mark.parametrize("protocol", ["tags", "hermes", "chat"])
def test_only_model_tokens_carry_loss(protocol: str) -> None:
    tokenizer = ByteTokenizer()
    for demo in demonstrations(make_rules(protocol=protocol, max_tokens=2048, max_new_tokens=128), 10, seed=0):
        ids, labels = labels_of(demo)
        assert ids.tolist() == demo.ids.tolist()
        at = 0
        for segment in demo:
            expected = list(segment.ids) if segment.role == "model" else [IGNORE] * len(segment.ids)
            assert labels[at : at + len(segment.ids)].tolist() == expected
            at += len(segment.ids)
        assert at == len(labels)
        result = next(tokenizer.decode(s.ids) for s in demo if s.role == "tool")
        learned = tokenizer.decode([i for i in labels.tolist() if i != IGNORE])
        assert learned.count(result) <= 1, "the answer may repeat the tool's result, the result itself is not learned"
        assert demo.metadata["prompt"] not in learned


# -- the loss -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["llama", "gpt2", "lora"])
def test_loss_and_gradient_equal_plain_loops(family: str) -> None:
    policy, transcripts = small_policy(family), random_transcripts(6)
    batch = collate([labels_of(t) for t in transcripts])
    count = int((batch["labels"] != IGNORE).sum())
    loss = sft_loss(policy, batch, count)
    loss.backward()
    found = {n: p.grad.clone() for n, p in policy.named_parameters() if p.grad is not None}
    policy.zero_grad()

    expected = torch.zeros(())
    for t in transcripts:
        logits = policy.causal_lm(input_ids=torch.from_numpy(t.ids)[None], use_cache=False).logits[0]
        at = 0
        for segment in t:
            for token in segment.ids:
                if segment.sampled:
                    expected = expected - torch.log_softmax(logits[at - 1], dim=-1)[token]
                at += 1
    expected = expected / sum(len(s.ids) for t in transcripts for s in t if s.sampled)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)
    for name, p in policy.named_parameters():
        if p.grad is not None:
            assert torch.allclose(found[name], p.grad, atol=1e-5), name


def test_logits_of_tool_and_prompt_tokens_get_no_gradient() -> None:
    """Hidden states make the logits: those that predict anything but a model token get exactly zero."""
    policy = small_policy()
    batch = collate([labels_of(t) for t in random_transcripts(6)])
    seen: list[torch.Tensor] = []

    def keep(module: Any, args: Any, output: Any) -> None:
        output.last_hidden_state.retain_grad()
        seen.append(output.last_hidden_state)

    policy.causal_lm.base_model.register_forward_hook(keep)
    sft_loss(policy, batch, 1).backward()
    predicts = torch.nn.functional.pad(batch["labels"][:, 1:] != IGNORE, (0, 1))
    assert seen[0].grad is not None
    assert torch.equal(seen[0].grad.abs().sum(-1) > 0, predicts)


def test_collate_pads_to_the_right() -> None:
    batch = collate([labels_of(t) for t in random_transcripts(5)])
    lengths = [len(t) for t in random_transcripts(5)]
    assert batch["lengths"].tolist() == lengths
    assert batch["input_ids"].shape == batch["labels"].shape == (5, max(lengths))
    for row, n in enumerate(lengths):
        assert (batch["labels"][row, n:] == IGNORE).all()


# -- training -----------------------------------------------------------------------------------------------------


def trained(config: SFTConfig = QUICK, **kwargs: Any) -> ValueHeadPolicy:
    policy = small_policy()
    train_sft(policy, random_transcripts(14), config, seed=0, **kwargs)
    return policy


def test_micro_batches_give_the_same_training() -> None:
    """Rows differ in length, so a mean of the micro-batches' means would be another number."""
    # With 14 transcripts the last step of each epoch has two of them.
    whole = weights(trained())
    for size in (1, 2):
        found = weights(trained(replace(QUICK, micro_batch_size=size)))
        assert all(torch.allclose(found[n], whole[n], atol=1e-4) for n in whole)
    assert any((w - whole[n]).abs().max() > 1e-2 for n, w in weights(small_policy()).items())


def test_micro_batches_report_the_same_loss() -> None:
    losses = []
    for size in (1, 2, 4):
        rows: list[dict[str, float]] = []
        trained(replace(QUICK, steps=10, micro_batch_size=size, lr=0.0), report=rows.append)
        losses.append(rows[0]["loss"])
    assert losses == pytest.approx([losses[0]] * 3, abs=1e-5)


def test_it_learns_and_leaves_global_generators_alone() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[index,union-attr]  # noqa: NPY002
    policy, transcripts = small_policy(), random_transcripts(8)
    batch = collate([labels_of(t) for t in transcripts])
    count = int((batch["labels"] != IGNORE).sum())
    start = sft_loss(policy, batch, count).item()
    rows: list[dict[str, float]] = []
    train_sft(policy, transcripts, replace(QUICK, steps=30), seed=0, report=rows.append)
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[index,union-attr]  # noqa: NPY002
    assert before == after
    assert sft_loss(policy, batch, count).item() < 0.7 * start
    assert [row["step"] for row in rows] == [*range(3, 31, 3)]
    assert rows[0]["loss"] > rows[-1]["loss"]
    assert all(p.grad is None for p in policy.parameters())
    head = weights(small_policy())
    assert torch.equal(policy.value_head.weight, head["value_head.weight"]), "SFT has nothing to say about values"


def test_same_seed_same_weights_and_another_seed_another_order() -> None:
    assert same(weights(trained()), weights(trained()))
    policy = small_policy()
    train_sft(policy, random_transcripts(14), QUICK, seed=1)
    assert not same(weights(policy), weights(trained()))


def test_stop_at_stops() -> None:
    asked: list[int] = []
    rows: list[dict[str, float]] = []

    def success() -> float:
        asked.append(1)
        return 0.25 * len(asked)

    config = replace(QUICK, steps=40, stop_at=0.5, eval_every=4)
    trained(config, success=success, report=rows.append)
    assert len(asked) == 2
    assert rows[-1] == {"step": 6, "loss": rows[-1]["loss"], "success": 0.5}
    never: list[int] = []
    trained(replace(config, stop_at=None), success=lambda: float(never.append(1) or 0.0))
    assert not never


def test_from_halfway_on_it_looks_twice_as_often() -> None:
    rows: list[dict[str, float]] = []
    answers = iter([0.1, 0.2, 0.3, 0.4, 0.5])
    config = replace(QUICK, steps=40, stop_at=0.5, eval_every=4)
    trained(config, success=lambda: next(answers), report=rows.append)
    seen = {row["success"]: row["step"] for row in reversed(rows)}
    assert seen == {0.1: 4, 0.2: 8, 0.3: 12, 0.4: 14, 0.5: 16}


def test_steps_0_trains_nothing() -> None:
    assert same(weights(trained(replace(QUICK, steps=0))), weights(small_policy()))


def interrupted(at: int, folder: Path, config: SFTConfig, **kwargs: Any) -> tuple[ValueHeadPolicy, bool]:
    """Ctrl-C in step `at`, which a hook on the optimizer counts; the policy and whether training was cut short."""
    policy, interrupt, steps = small_policy(), Interrupt(), 0

    def count(*_: Any) -> None:
        nonlocal steps
        steps += 1
        interrupt.requested = interrupt.requested or steps == at

    handle = register_optimizer_step_post_hook(count)
    try:
        train_sft(policy, random_transcripts(14), config, seed=0, interrupt=interrupt, output_dir=folder, **kwargs)
    except KeyboardInterrupt:
        return policy, True
    finally:
        handle.remove()
    return policy, False


@pytest.mark.parametrize(("at", "micro_batch_size"), [(1, 4), (4, 4), (5, 4), (3, 2)])
def test_interrupted_and_resumed_is_bitwise_the_uninterrupted(at: int, micro_batch_size: int, tmp_path: Path) -> None:
    """Four steps are an epoch of the 14 transcripts, so the cut falls into, behind and beyond the first one."""
    config = replace(QUICK, micro_batch_size=micro_batch_size)
    cut, short = interrupted(at, tmp_path / "new", config)
    assert short
    resumed = small_policy(seed=5)  # its weights come from the saved state
    train_sft(resumed, random_transcripts(14), config, seed=0, output_dir=tmp_path / "new")
    whole = trained(config)
    assert same(weights(resumed), weights(whole))
    assert not same(weights(cut), weights(whole))


def test_interrupt_in_the_last_step_is_no_interruption(tmp_path: Path) -> None:
    policy, short = interrupted(6, tmp_path, QUICK)
    assert not short
    assert same(weights(policy), weights(trained()))


def test_interrupt_does_not_skip_an_evaluation(tmp_path: Path) -> None:
    """Ctrl-C in the step whose evaluation ends the training: it has ended, and is not trained on when resumed."""
    config = replace(QUICK, stop_at=0.5, eval_every=2)
    policy, short = interrupted(2, tmp_path, config, success=lambda: 0.9)
    assert not short
    assert same(weights(policy), weights(trained(config, success=lambda: 0.9)))
    policy, short = interrupted(2, tmp_path, config, success=lambda: 0.1)
    assert short
    resumed = small_policy()
    asked: list[int] = []

    def success() -> float:
        asked.append(1)
        return 0.1

    train_sft(
        resumed,
        random_transcripts(14),
        config,
        seed=0,
        output_dir=tmp_path,
        success=success,
    )
    assert len(asked) == 2, "at steps 4 and 6"


def test_a_resumed_training_knows_where_it_is(tmp_path: Path) -> None:
    """The step to go on from, and the success to report until it is asked for again."""
    config = replace(QUICK, steps=12, stop_at=0.9, eval_every=4)
    assert saved_step(tmp_path / "none") == saved_step(tmp_path) == 0
    _, short = interrupted(5, tmp_path, config, success=lambda: 0.25)
    assert short
    assert saved_step(tmp_path) == 5
    rows: list[dict[str, float]] = []
    train_sft(
        small_policy(), random_transcripts(14), config, seed=0, output_dir=tmp_path, success=lambda: 0.5,
        report=rows.append,
    )  # fmt: skip
    assert [(row["step"], row["success"]) for row in rows][:3] == [(6, 0.25), (7, 0.25), (8, 0.5)]


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("config", [QUICK, replace(QUICK, steps=3, micro_batch_size=2)])
def test_nan_is_an_error_before_the_weights_change(config: SFTConfig) -> None:
    policy = small_policy()
    with torch.no_grad():
        policy.causal_lm.get_input_embeddings().weight[3] = torch.nan
    before = weights(policy)
    with pytest.raises(FloatingPointError, match=r"the SFT loss is nan at step 0; lower sft.lr"):
        train_sft(policy, random_transcripts(14), config, seed=0)
    assert all(torch.equal(w.nan_to_num(7), before[n].nan_to_num(7)) for n, w in weights(policy).items())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (replace(QUICK, micro_batch_size=3), r"micro_batch_size \(3\) must divide sft.batch_size \(4\)"),
        (replace(QUICK, batch_size=0), "sft.batch_size must be at least 1, not 0"),
        (replace(QUICK, eval_every=0), "sft.eval_every must be at least 1, not 0"),
    ],
)
def test_bad_numbers(config: SFTConfig, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trained(config)


def test_stop_at_needs_to_know_the_success() -> None:
    with pytest.raises(ValueError, match=r"sft\.stop_at needs success="):
        trained(replace(QUICK, stop_at=0.5))


def test_no_transcripts() -> None:
    with pytest.raises(ValueError, match="no transcripts"):
        train_sft(small_policy(), [], QUICK, seed=0)
