"""One update, against float64 loops over single episodes by plain Hugging Face calls, and against itself bit by bit."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support.policies import V, gradients, make_learner, random_trajectories, same, small_policy, weights

from textgym_agents import PPO, Batch, NonFiniteLoss, PPOConfig, Trajectory, ValueHeadPolicy

EVERYTHING = PPOConfig(
    kl_coef=0.1, entropy_coef=0.02, importance_cap=2.0, dual_clip=3.0, value_clip=0.2, temperature=0.7, lam=0.9
)


def move_reference(policy: ValueHeadPolicy) -> None:
    """Weights that differ from the reference's, as they do after the first update."""
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for parameter in policy.parameters():
            if parameter.requires_grad:
                parameter += torch.randn(parameter.shape, generator=generator) * 0.02


# -- against plain loops ------------------------------------------------------------------------------------------


class Oracle:
    """The quantities of PPO for one episode at a time, in float64, with no padding, mask or package code."""

    def __init__(self, policy: ValueHeadPolicy, temperature: float) -> None:
        self.model = copy.deepcopy(policy.causal_lm).double()
        self.head = copy.deepcopy(policy.value_head.weight).double()
        self.bias = copy.deepcopy(policy.value_head.bias).double()
        self.temperature = temperature

    def __call__(self, t: Trajectory) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Log-probability, value and entropy at the sampled tokens (K,), and the value of the end ()."""
        out = self.model(input_ids=torch.from_numpy(t.ids)[None], output_hidden_states=True, use_cache=False)
        logp = torch.log_softmax(out.logits[0] / self.temperature, dim=-1)
        values = out.hidden_states[-1][0] @ self.head[0] + self.bias[0]
        at = np.flatnonzero(t.mask)
        picked = torch.stack([logp[i - 1, t.ids[i]] for i in at])
        entropy = torch.stack([-(logp[i - 1].exp() * logp[i - 1]).sum() for i in at])
        return picked, torch.stack([values[i - 1] for i in at]), entropy, values[-1]


def plain_gae(rewards: list[float], values: list[float], end: float, gamma: float, lam: float) -> list[float]:
    deltas = [r + gamma * v1 - v0 for r, v0, v1 in zip(rewards, values, [*values[1:], end], strict=True)]
    return [sum((gamma * lam) ** k * d for k, d in enumerate(deltas[t:])) for t in range(len(deltas))]


@pytest.mark.parametrize("micro_batch_size", [1, 3, 8, 11])
def test_gradient_equals_plain_loops_for_any_micro_batch_size(micro_batch_size: int) -> None:
    trajectories = random_trajectories(11)
    ppo = replace(EVERYTHING, importance_cap=None, gamma=0.97)
    policy = small_policy()
    learner = make_learner(policy, ppo, micro_batch_size=micro_batch_size)
    reference = Oracle(policy, ppo.temperature)
    move_reference(policy)
    oracle = Oracle(policy, ppo.temperature)

    advantages, returns, kls = [], [], []
    for t in trajectories:
        with torch.no_grad():
            logp, values, _, end = oracle(t)
            kl = logp - reference(t)[0]
        rewards = t.rewards[t.mask].astype(float) - ppo.kl_coef * kl.numpy()
        gained = plain_gae(rewards.tolist(), values.tolist(), 0.0 if t.terminated else float(end), ppo.gamma, ppo.lam)
        advantages.append(np.array(gained))
        returns.append(np.array(gained) + values.numpy())
        kls.append(float(kl.sum()))
    flat = np.concatenate(advantages)
    loss = torch.zeros((), dtype=torch.float64)
    for t, advantage, target in zip(trajectories, advantages, returns, strict=True):
        logp, values, entropy, _ = oracle(t)
        whitened = torch.from_numpy((advantage - flat.mean()) / flat.std(ddof=1))
        # Before the first step every ratio is 1 and nothing is clipped.
        loss = loss - ((logp - logp.detach()).exp() * whitened).sum() - ppo.entropy_coef * entropy.sum()
        loss = loss + ppo.value_coef * 0.5 * ((values - torch.from_numpy(target)) ** 2).sum()
    loss = loss / len(flat)
    loss.backward()

    batch = Batch.collate(trajectories)
    learner._evaluate(batch)
    credit = learner.algorithm.credit(batch)
    grads, stats = gradients(learner, batch)
    assert float(stats["loss"]) == pytest.approx(loss.item(), abs=1e-5)
    assert credit["kl"] == pytest.approx(np.mean(kls), abs=1e-5)
    expected = {f"model.{n}": p.grad for n, p in oracle.model.named_parameters()}
    assert expected.keys() == {n for n in grads if n.startswith("model.")}
    for name, gradient in expected.items():
        assert gradient is not None
        assert torch.allclose(grads[name].double(), gradient, atol=1e-5), name


def test_weights_are_the_same_for_any_micro_batch_size() -> None:
    results = []
    for size in (1, 3, 8, 20):
        policy = small_policy()
        rates = {"lr": 0.01, "value_lr": 0.01}
        learner = make_learner(policy, EVERYTHING, micro_batch_size=size, minibatches=3, epochs=2, **rates)
        # Adam's first steps are the signs of the gradient, which would turn the last bit of a tiny one into a step.
        learner.optimizer = torch.optim.SGD(learner.optimizer.param_groups)  # type: ignore[assignment]
        metrics = learner.step(random_trajectories(20))
        results.append((weights(policy), metrics))
    start = weights(small_policy())
    assert any((start[n] - results[0][0][n]).abs().max() > 1e-3 for n in start)
    for found, metrics in results[1:]:
        assert all(torch.allclose(found[n], results[0][0][n], atol=1e-6, rtol=0) for n in found)
        assert metrics == pytest.approx(results[0][1], abs=1e-5)


def test_terminated_is_worth_nothing_and_truncated_bootstraps() -> None:
    policy = small_policy()
    ppo = PPOConfig(kl_coef=0.0, whiten_advantages=False, gamma=0.9, lam=0.8)
    learner, oracle = make_learner(policy, ppo), Oracle(policy, 1.0)
    trajectory = random_trajectories(1, seed=3)[0]
    pair = [replace(trajectory, terminated=terminated) for terminated in (True, False)]
    batch = Batch.collate(pair)
    learner._evaluate(batch)
    learner.algorithm.credit(batch)
    with torch.no_grad():
        _, values, _, end = oracle(trajectory)
    assert abs(end) > 0.1
    for row, final in ((0, 0.0), (1, float(end))):
        rewards = trajectory.rewards[trajectory.mask].tolist()
        expected = plain_gae(rewards, values.tolist(), final, 0.9, 0.8)
        found = batch.advantages[row][batch.mask[row]]
        assert found.tolist() == pytest.approx(expected, abs=1e-5)
        assert (batch.returns[row][batch.mask[row]] - values).tolist() == pytest.approx(expected, abs=1e-5)
    assert not batch.advantages[~batch.mask].any()
    assert not batch.returns[~batch.mask].any()


# -- what carries no gradient -------------------------------------------------------------------------------------

PER_TOKEN = ("rewards", "sampler_logp", "old_logp", "ref_logp", "values", "kl", "advantages", "returns")


def fill(batch: Batch, names: tuple[str, ...], noise: float | None) -> None:
    """Put noise (None: normal, NaN or inf otherwise) wherever the policy sampled nothing, padding included."""
    generator = torch.Generator().manual_seed(5)
    for name in names:
        tensor = getattr(batch, name)
        drawn = torch.randn(tensor.shape, generator=generator) * 100 if noise is None else torch.tensor(noise)
        setattr(batch, name, torch.where(batch.mask, tensor, drawn))


@pytest.mark.parametrize("noise", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
@pytest.mark.parametrize("family", ["llama", "lora"])
def test_noise_at_tool_prompt_and_pad_tokens_changes_no_bit(noise: float | None, estimator: Any, family: str) -> None:
    results = []
    for noisy in (False, True):
        policy = small_policy(family)
        learner = make_learner(policy, replace(EVERYTHING, kl_estimator=estimator), micro_batch_size=4)
        batch = Batch.collate(random_trajectories(9))
        learner._evaluate(batch)
        if noisy:
            fill(batch, ("rewards", "sampler_logp", "old_logp", "ref_logp", "values"), noise)
        credit = learner.algorithm.credit(batch)
        if noisy:
            fill(batch, PER_TOKEN, noise)
        grads, stats = gradients(learner, batch)
        results.append((grads, stats, credit))
    (clean, clean_stats, clean_credit), (found, stats, credit) = results
    assert same(clean, found)
    assert same(clean_stats, stats)
    assert clean_credit == credit
    assert any(gradient.any() for gradient in found.values())


def test_padding_ids_change_no_bit() -> None:
    results = []
    for noisy in (False, True):
        policy = small_policy()
        learner = make_learner(policy, EVERYTHING)
        batch = Batch.collate(random_trajectories(9))
        padding = torch.arange(batch.ids.shape[1]) >= batch.lengths[:, None]
        assert padding.any()
        if noisy:
            batch.ids = torch.where(padding, torch.randint_like(batch.ids, V), batch.ids)
        learner._evaluate(batch)
        learner.algorithm.credit(batch)
        results.append(gradients(learner, batch))
    assert same(results[0][0], results[1][0])
    assert same(results[0][1], results[1][1])


@pytest.mark.parametrize("family", ["llama", "gpt2", "lora"])
def test_only_states_that_a_token_was_sampled_in_get_a_gradient(family: str) -> None:
    """Hidden states are all that logits and values are made of: zero there is zero in every tool token's logits."""
    policy = small_policy(family)
    learner = make_learner(policy, EVERYTHING)
    batch = Batch.collate(random_trajectories(9))
    learner._evaluate(batch)
    learner.algorithm.credit(batch)
    seen: list[torch.Tensor] = []

    def keep(module: Any, args: Any, output: Any) -> None:
        output.last_hidden_state.retain_grad()
        seen.append(output.last_hidden_state)

    hook = policy.causal_lm.base_model.register_forward_hook(keep)
    rows: list[int] = []
    head = policy.causal_lm.get_output_embeddings()
    head_hook = head.register_forward_hook(lambda module, args, output: rows.append(output.numel() // V))
    gradients(learner, batch)
    hook.remove()
    head_hook.remove()
    (hidden,) = seen
    order = batch.lengths.argsort(stable=True)  # how `split` lays the rows
    predicts = torch.zeros_like(batch.mask)
    predicts[:, :-1] = batch.mask[order][:, 1:]
    assert hidden.grad is not None
    moved = hidden.grad.abs().sum(-1) > 0
    assert torch.equal(moved, predicts)
    assert rows == [int(batch.mask.sum())], "the output layer must not run at other tokens"


# -- step 0 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["llama", "gpt2", "lora"])
def test_step_zero_is_exact(family: str) -> None:
    policy = small_policy(family)
    if policy.adapter is not None:
        policy.merge_adapter(seed=0)
    learner = make_learner(policy, EVERYTHING)
    trajectories = random_trajectories(12, seed=1)
    lengths = [len(t.ids) for t in trajectories]
    assert len(set(lengths)) < len(lengths), "rows of one length must not depend on how they were shuffled"
    first = learner.step(trajectories)
    assert first["ratio_mean"] == first["ratio_max"] == 1.0
    assert first["approx_kl"] == first["kl"] == first["clip_fraction"] == 0.0
    second = learner.step(trajectories)
    assert second["ratio_max"] == 1.0, "the old log-probabilities are those of the step, not of the first step"
    assert second["kl"] != 0.0


def test_a_second_minibatch_moves_the_ratio() -> None:
    metrics = make_learner(small_policy(), EVERYTHING, minibatches=2).step(random_trajectories(12))
    assert metrics["ratio_max"] > 1.0
    assert metrics["approx_kl"] > 0.0


# -- failing, resuming, repeating ---------------------------------------------------------------------------------


class Breaks(PPO):
    """NaN in the loss, or in the gradient alone."""

    def __init__(self, what: str) -> None:
        super().__init__(PPOConfig(kl_coef=0.0))
        self.what = what

    def loss(self, new: Any, batch: Batch, denominator: torch.Tensor) -> Any:
        loss, stats = super().loss(new, batch, denominator)
        if self.what == "loss":
            return loss * math.nan, stats
        return loss + (0 * new.logp.sum()).sqrt(), stats  # the slope of the root at 0 is infinite


@pytest.mark.parametrize(
    ("what", "named"), [("loss", "loss and grad_norm and value_grad_norm"), ("gradient", "grad_norm")]
)
def test_nan_is_an_error_before_any_weight_changes(what: str, named: str) -> None:
    policy = small_policy()
    before = weights(policy)
    learner = make_learner(policy, Breaks(what))
    with pytest.raises(NonFiniteLoss, match=rf"^{named} is not finite in learner step 0.*learning rate"):
        learner.step(random_trajectories(4))
    assert same(before, weights(policy))
    assert not learner.optimizer.state
    assert all(p.grad is None for p in policy.parameters())


@pytest.mark.parametrize("family", ["llama", "lora"])
def test_state_dict_resumes_bitwise(family: str) -> None:
    ppo = replace(EVERYTHING, kl_target=0.01, kl_horizon=100)
    config = {"minibatches": 3, "epochs": 2, "value_warmup_steps": 1}
    policy = small_policy(family)
    if policy.adapter is not None:
        policy.merge_adapter(seed=0)
    learner = make_learner(policy, ppo, **config)
    learner.step(random_trajectories(7, seed=0))
    twin = copy.deepcopy(policy)
    twin_learner = make_learner(twin, ppo, seed=99, **config)
    twin_learner.load_state_dict(copy.deepcopy(learner.state_dict()))
    if policy.frozen_reference is not None:
        twin.set_reference(copy.deepcopy(policy.frozen_reference.causal_lm))
    results = [x.step(random_trajectories(7, seed=1)) for x in (learner, twin_learner)]
    assert results[0] == results[1]
    assert same(weights(policy), weights(twin))
    assert learner.state_dict()["algorithm"]["coef"] != 0.1


def test_dropout_never_runs_and_global_generators_are_left_alone() -> None:
    results = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        policy = small_policy("gpt2")
        metrics = make_learner(policy, EVERYTHING, minibatches=2).step(random_trajectories(6))
        assert torch.equal(state, torch.get_rng_state())
        results.append((weights(policy), metrics))
    assert same(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]


def test_value_warmup_trains_the_value_head_alone() -> None:
    policy = small_policy()
    learner = make_learner(policy, PPOConfig(), value_warmup_steps=2, minibatches=2, weight_decay=0.1)
    for step in range(3):
        before = weights(policy)
        metrics = learner.step(random_trajectories(6, seed=step))
        changed = {name for name, w in weights(policy).items() if not torch.equal(w, before[name])}
        if step < 2:
            assert changed == {"value_head.weight", "value_head.bias"}
            assert metrics["ratio_max"] == pytest.approx(1.0, abs=1e-5)
        else:
            assert len(changed) == len(before)


def test_rates_warm_up_then_fall() -> None:
    config = {"lr": 1.0, "value_lr": 10.0, "warmup_steps": 2, "decay_steps": 4, "final_lr": 0.2}
    learner = make_learner(small_policy(), PPOConfig(kl_coef=0.0), **config)
    found = []
    for learner.steps in range(7):
        learner._set_rates()
        found.append([group["lr"] for group in learner.optimizer.param_groups])
    expected = [0.5, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2]
    assert [model for model, _ in found] == pytest.approx(expected)
    assert [value for _, value in found] == pytest.approx([10 * e for e in expected])


# -- triplets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_masks", [True, False])
def test_triplets_are_trajectories(with_masks: bool) -> None:
    rng = np.random.default_rng(0)
    queries = [rng.integers(0, V, n) for n in (3, 1, 5)]
    responses = [rng.integers(0, V, n) for n in (4, 6, 2)]
    masks = [np.array([True, False, True, False]), np.array([True] * 5 + [False]), np.array([True, True])]
    rewards = [1.0, -0.5, 0.25]
    last = [2, 4, 1] if with_masks else [3, 5, 1]
    trajectories = []
    for i in range(3):
        sampled = masks[i] if with_masks else np.ones(len(responses[i]), bool)
        given = np.zeros(len(queries[i]) + len(responses[i]), np.float32)
        given[len(queries[i]) + last[i]] = rewards[i]
        ids = np.concatenate([queries[i], responses[i]])
        trajectories.append(Trajectory(ids, np.concatenate([np.zeros(len(queries[i]), bool), sampled]), given))
    policy, twin = small_policy(), small_policy()
    metrics = make_learner(policy, PPOConfig()).step_triplets(
        queries, responses, rewards, masks if with_masks else None
    )
    assert metrics == make_learner(twin, PPOConfig()).step(trajectories)
    assert same(weights(policy), weights(twin))
    assert not any(map(math.isnan, metrics.values())), "unknown sampler log-probabilities are left out"


@pytest.mark.parametrize("short", [0, 1, 2, 3])
def test_triplets_of_unequal_length_are_refused(short: int) -> None:
    columns: list[list[Any]] = [[np.array([1, 2])] * 2, [np.array([3, 4])] * 2, [1.0, 0.0], [np.ones(2, bool)] * 2]
    columns[short] = columns[short][:1]
    with pytest.raises(ValueError, match="zip"):
        make_learner(small_policy()).step_triplets(*columns)


# -- it learns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["llama", "gpt2", "lora"])
def test_it_learns_which_of_two_prompts_wants_which_token(family: str) -> None:
    vocab = 8
    policy = small_policy(family, vocab=vocab, scale=0.5 if family == "lora" else 0.1)
    if policy.adapter is not None:
        policy.merge_adapter(seed=0)
    learner = make_learner(policy, PPOConfig(kl_coef=0.001), lr=0.02, value_lr=0.02, minibatches=2, max_grad_norm=1.0)
    rng = np.random.default_rng(0)

    def wanted(prompt: np.ndarray) -> int:
        return 5 if prompt[0] == 1 else 2

    def probabilities(prompt: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            logits, _ = policy(torch.from_numpy(prompt)[None], torch.tensor([len(prompt)]))
        return torch.softmax(logits[0, -1].double(), dim=-1).numpy()

    prompts = [np.array([1, 3, 3]), np.array([2, 3, 3])]
    for _ in range(25):
        queries, responses, rewards = [], [], []
        chances = [probabilities(p) for p in prompts]
        for _ in range(32):
            which = int(rng.integers(2))
            token = rng.choice(vocab, p=chances[which] / chances[which].sum())
            queries.append(prompts[which])
            responses.append(np.array([token]))
            rewards.append(float(token == wanted(prompts[which])))
        learner.step_triplets(queries, responses, rewards)
    assert min(probabilities(p)[wanted(p)] for p in prompts) > 0.5, "chance is 0.125"
