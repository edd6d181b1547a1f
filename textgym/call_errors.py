"""What a tool call that failed does to the episode, beside the reply that it always gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from textgym.tools import CallStatus

ErrorPolicy = Literal["feedback", "penalize", "terminate"]

POLICIES: dict[str, str] = {
    "feedback": "the reply says what is wrong, and the episode goes on",
    "penalize": "the same, and the turn earns the reward component `call_error`: minus the penalty, for each such call",
    "terminate": "the reply says what is wrong, and the episode ends with the stop reason `call_error`",
}


def resolve_call_errors(policy: str | Mapping[str, str]) -> dict[CallStatus, ErrorPolicy]:
    """The policy of every status but `ok`, from one for all or from a mapping; what a mapping leaves out is feedback.

    Raises:
        ValueError: an unknown status or policy.

    >>> resolve_call_errors({"unknown_tool": "terminate"})[CallStatus.UNKNOWN_TOOL]
    'terminate'
    """
    failures = [status for status in CallStatus if status is not CallStatus.OK]
    given = dict.fromkeys(failures, policy) if isinstance(policy, str) else dict(policy)
    resolved: dict[CallStatus, ErrorPolicy] = dict.fromkeys(failures, "feedback")
    for status, name in given.items():
        if status not in failures:
            raise ValueError(f"on_call_error has no status {status!r}; the statuses are {', '.join(failures)}")
        if name not in POLICIES:
            raise ValueError(f"unknown on_call_error {name!r}; the policies are {', '.join(POLICIES)}")
        resolved[CallStatus(status)] = name  # type: ignore[assignment]
    return resolved
