"""TextCalc as an environment of verifiers; see `textgym.adapters.verifiers` for the command that runs it."""

from textgym.adapters.verifiers import TextGymEnv, TextGymTaskset

__all__ = ["TextGymEnv", "TextGymTaskset"]
