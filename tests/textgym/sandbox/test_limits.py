import pytest

from textgym.sandbox import Limits


@pytest.mark.parametrize("limit", ["source_bytes", "cpu_s", "wall_s", "memory_mb"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_limits_are_above_zero_and_finite(limit, value):
    with pytest.raises(ValueError, match=f"the sandbox limit {limit} must be a number above 0"):
        Limits(**{limit: value})
