"""Wrappers of text environments; `textgym.wrappers.vector` has the same for vector environments.

They stack in any order, and each sees what those inside it made of a step. The order matters where rewards change:
`RecordTranscripts(CallPenalty(env), path)` records the penalties, `CallPenalty(RecordTranscripts(env, path))` does not.
Tools that fail now and then are no wrapper of the environment but of its tools: `with_faults`.
"""

from textgym.wrappers.call_penalty import CallPenalty
from textgym.wrappers.curriculum import Curriculum
from textgym.wrappers.record_transcripts import RecordTranscripts
from textgym.wrappers.tool_faults import with_faults
from textgym.wrappers.transcript_reward import TranscriptReward

__all__ = ["CallPenalty", "Curriculum", "RecordTranscripts", "TranscriptReward", "with_faults"]
