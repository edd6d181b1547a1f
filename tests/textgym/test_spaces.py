"""The runs of ids in turn actions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

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
