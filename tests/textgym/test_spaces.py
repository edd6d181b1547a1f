"""The runs of ids in turn actions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.toys import TOOLS, ToyTasks

from textgym import TextVectorEnv
from textgym.spaces import batch_turn_ids, turn_ids

V = 5
IDS = st.integers(-3, V + 2) | st.sampled_from([-(2**62), 2**62])


@given(st.data())
def test_a_batch_is_its_rows(data):
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 6)))
    actions = data.draw(arrays(np.int64, shape, elements=IDS))
    may_stop = data.draw(arrays(bool, V))
    before = actions.copy()
    for action, (ids, stops) in zip(actions, batch_turn_ids(actions, may_stop), strict=True):
        until = next((i for i, x in enumerate(action) if x < 0), None)
        expected = [min(int(x), V - 1) for x in action[:until]]
        assert ids.tolist() == turn_ids(action, V).tolist() == expected
        assert stops == [i for i, x in enumerate(expected) if may_stop[x]]
    np.testing.assert_array_equal(actions, before)


def test_ids_beyond_int64_are_clipped_like_others():
    assert turn_ids([1, 2**70, 2, -(2**70), 3], V).tolist() == [1, V - 1, 2]
    envs = TextVectorEnv(ToyTasks(), num_envs=2, tools=TOOLS)
    envs.reset(seed=0)
    envs.step([2**70] * envs.num_envs)
    last = envs.rows.length[:, 0] - 1
    assert (envs.rows.ids[range(envs.num_envs), last] == envs.rules.tokenizer.vocab_size - 1).all()
