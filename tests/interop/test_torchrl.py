"""TorchRL's GymEnv, on environments as they are."""

import numpy as np
import pytest
import torch
from torchrl.envs import GymEnv, SerialEnv, check_env_specs

pytestmark = pytest.mark.slow

every_id = pytest.mark.parametrize("env_id", ["textgym:TextCalc-v0", "small_sum:Sum-v0"])


@every_id
@pytest.mark.parametrize("categorical", [True, False], ids=["categorical", "one-hot"])
def test_specs(env_id, categorical):
    check_env_specs(GymEnv(env_id, categorical_action_encoding=categorical), seed=0)


@pytest.mark.parametrize("options", [{"protocol": "hermes"}, {"layout": "encdec"}, {"action_mask": "obs"}])
def test_specs_of_options(options):
    check_env_specs(GymEnv("textgym:TextCalc-v0", **options), seed=0)


@every_id
def test_random_rollouts(env_id):
    envs = SerialEnv(2, lambda: GymEnv(env_id, categorical_action_encoding=True, max_new_tokens=4, max_tokens=512))
    envs.set_seed(0)
    rollout = envs.rollout(40, break_when_any_done=False)
    assert rollout.batch_size == (2, 40)
    assert rollout["next", "done"].sum() >= 2 * (40 // 5)  # episodes of at most 4 tokens, one after another
    following, previous = rollout["next", "length"][:, :-1], rollout["length"][:, 1:]
    going_on = ~rollout["next", "done"][:, :-1]
    assert torch.equal(following[going_on], previous[going_on])


def test_rollout_of_the_oracle():
    env = GymEnv("textgym:TextCalc-v0", categorical_action_encoding=True, protocol="hermes")
    env.set_seed(5)
    text_env = env.unwrapped
    tokens = iter(())

    def policy(tensordict):
        nonlocal tokens
        if not text_env.transcript().loss_mask.any():  # nothing sampled yet
            tokens = (i for turn in text_env.oracle_turns() for i in turn)
        return tensordict.set("action", torch.tensor(next(tokens)))

    rollout = env.rollout(2000, policy)
    assert rollout["next", "terminated"].flatten().tolist() == [False] * (len(rollout) - 1) + [True]
    assert rollout["next", "reward"].sum() == 1
    transcript = text_env.transcript()
    assert "tool" in [segment.role for segment in transcript]
    np.testing.assert_array_equal(rollout["action"].numpy(), transcript.actions)
    last = rollout["next"][-1]
    np.testing.assert_array_equal(last["input_ids"][: len(transcript)].numpy(), transcript.ids)
    np.testing.assert_array_equal(last["loss_mask"][: len(transcript)].numpy(), transcript.loss_mask)
