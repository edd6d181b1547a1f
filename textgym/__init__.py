"""textgym: Gymnasium environments in which language models use tools, observed token by token."""

from textgym.env import TextEnv
from textgym.protocols import ChatProtocol, TemplateNotPrefixPreserving
from textgym.recording import read_jsonl, write_jsonl
from textgym.registration import register
from textgym.replaying import ReplayMismatch, replay, replay_transcript
from textgym.rules import ContextTooShort
from textgym.task import Plan, Task, TaskSource, ToolCall
from textgym.tokenizers import ByteTokenizer, CharTokenizer, HFTokenizer, Tokenizer
from textgym.tools import Tool, ToolError
from textgym.transcript import Segment, StopReason, Transcript
from textgym.vector import TextVectorEnv

__version__ = "0.1.0"

__all__ = [
    "ByteTokenizer",
    "CharTokenizer",
    "ChatProtocol",
    "ContextTooShort",
    "HFTokenizer",
    "Plan",
    "ReplayMismatch",
    "Segment",
    "StopReason",
    "Task",
    "TaskSource",
    "TemplateNotPrefixPreserving",
    "TextEnv",
    "TextVectorEnv",
    "Tokenizer",
    "Tool",
    "ToolCall",
    "ToolError",
    "Transcript",
    "read_jsonl",
    "register",
    "replay",
    "replay_transcript",
    "write_jsonl",
]

register("TextCalc-v0", "textgym_tasks.calc:CalcTasks")
register(
    "TextPython-v0",
    "textgym_tasks.python:PythonTasks",
    max_tokens=4096,
    max_new_tokens=1024,
    max_turns=6,
    max_tool_tokens=512,
)
