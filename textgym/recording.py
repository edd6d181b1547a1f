"""Transcripts on disk: JSONL that survives a crash, and Hugging Face `datasets`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgym.transcript import Transcript

if TYPE_CHECKING:
    from datasets import Dataset

_HEAD = b'{"segments": ['
"""What a line of a transcript file starts with."""


def write_jsonl(path: str | Path, transcripts: Iterable[Transcript]) -> None:
    """Write one transcript a line. An existing file is replaced; `TranscriptWriter` appends."""
    with open(path, "wb") as file:
        file.writelines(map(_line, transcripts))


def read_jsonl(path: str | Path) -> list[Transcript]:
    """Read what `write_jsonl` or a `TranscriptWriter` wrote.

    A last line that a crash cut off is left out.

    Raises:
        ValueError: a line is not a transcript.
    """
    with open(path, "rb") as file:
        lines = file.readlines()
    if lines and not _is_whole(lines[-1]):
        lines.pop()
    return [_read_line(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]


def _read_line(line: bytes, where: str) -> Transcript:
    try:
        return Transcript.from_dict(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{where}: not a transcript ({type(error).__name__}: {error})") from error


def _line(transcript: Transcript) -> bytes:
    return json.dumps(transcript.to_dict(), allow_nan=False).encode() + b"\n"


def _is_whole(last_line: bytes) -> bool:
    """Whether a last line was written to its end: a JSON object that is cut off is never JSON."""
    if last_line.endswith(b"\n"):
        return True
    try:
        json.loads(last_line)
    except ValueError:
        return False
    return True


class TranscriptWriter:
    """Appends transcripts to a JSONL file as episodes end; `read_jsonl` reads them back equal.

    The file grows by whole lines, and what a crash cut off in the middle of one is removed when the file is opened
    again. Several processes may append to one file, if its file system has locks.

    The file is opened by the first `write`, and again after `close` or unpickling.

    Args:
        path: the file; its folder is made. An existing file is continued.

    Example:
        >>> import tempfile
        >>> from textgym import Segment, Transcript
        >>> transcript = Transcript((Segment((1, 2), "user"), Segment((3,), "model", sampled=True)), (1.0,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     writer = TranscriptWriter(f"{folder}/episodes.jsonl")
        ...     writer.write([transcript])
        ...     writer.close()
        ...     read_jsonl(writer.path) == [transcript]
        True
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file: int | None = None

    def write(self, transcripts: Iterable[Transcript]) -> None:
        """Append `transcripts`, a line each.

        Raises:
            ValueError: the file holds something else than transcripts, or metadata is not JSON.
            OSError: the file cannot be written; it is then as before.
        """
        lines = b"".join(map(_line, transcripts))
        if self._file is None:
            self._file = self._open()
        with _locked(self._file):
            end = os.lseek(self._file, 0, os.SEEK_END)
            written = os.write(self._file, lines)
            if written < len(lines):
                os.ftruncate(self._file, end)
                raise OSError(f"{self.path}: only {written} of {len(lines)} bytes could be written; is the disk full?")

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            with _locked(file):
                self._mend(file)
        except BaseException:
            os.close(file)
            raise
        return file

    def _mend(self, file: int) -> None:
        """End the file with a whole line.

        Raises:
            ValueError: it holds something else than transcripts.
        """
        head = os.pread(file, len(_HEAD), 0)
        if not _HEAD.startswith(head):
            raise ValueError(
                f"{self.path} holds something else than transcripts; give another path, or remove the file"
            )
        size = start = os.lseek(file, 0, os.SEEK_END)
        last = b""
        while start and b"\n" not in last:
            step = min(start, 1 << 16)
            start -= step
            last = os.pread(file, step, start) + last
        last = last.rpartition(b"\n")[2]
        if last and _is_whole(last):
            os.write(file, b"\n")
        elif last:
            os.ftruncate(file, size - len(last))

    def close(self) -> None:
        """Bring what is written to the disk, and close the file."""
        if self._file is not None:
            file, self._file = self._file, None
            os.fsync(file)
            os.close(file)

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_file": None}


@contextmanager
def _locked(file: int) -> Iterator[None]:
    """Alone with the file: no other process is in the middle of a write, or mends the file."""
    import fcntl  # not on Windows, where nothing else of this package needs it

    with suppress(OSError):  # a file system without locks
        fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)


# Hugging Face datasets


def to_dataset(transcripts: Iterable[Transcript]) -> Dataset:
    """Transcripts as a `datasets.Dataset`, one a row; `from_dataset` is its inverse.

    Columns: `segments`, a list of structs with the fields of `Segment`; `turn_rewards` float64; `stop_reason`;
    `metadata`, JSON text, because its keys differ from task to task; and, for learners that read only these,
    `input_ids` int64 (T,), `loss_mask` int8 (T,) and `rewards` float32 (T,).

    Raises:
        ModuleNotFoundError: `datasets` is not installed.
        ValueError: metadata is not JSON.
    """
    features = _features()
    from datasets import Dataset

    rows = [_row(transcript) for transcript in transcripts]
    return Dataset.from_dict({name: [row[name] for row in rows] for name in features}, features=features)


def from_dataset(dataset: Iterable[dict[str, Any]]) -> list[Transcript]:
    """The transcripts of a dataset that `to_dataset` made."""
    return [Transcript.from_dict({**row, "metadata": json.loads(row["metadata"])}) for row in dataset]


def _row(transcript: Transcript) -> dict[str, Any]:
    data = transcript.to_dict()
    return {
        **data,
        "metadata": json.dumps(data["metadata"], allow_nan=False),
        "input_ids": transcript.ids,
        "loss_mask": transcript.loss_mask,
        "rewards": transcript.rewards,
    }


def _features() -> Any:
    """The columns, so that an empty dataset and one without log-probabilities have the same."""
    try:
        from datasets import Features, List, Value
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'transcripts as a dataset need Hugging Face datasets: pip install "textgym[agents]"', name="datasets"
        ) from error
    segment = {
        "ids": List(Value("int64")),
        "role": Value("string"),
        "sampled": Value("bool"),
        "turn": Value("int64"),
        "tool_call_id": Value("string"),
        "logprobs": List(Value("float64")),
    }
    return Features(
        segments=List(segment),
        turn_rewards=List(Value("float64")),
        stop_reason=Value("string"),
        metadata=Value("string"),
        input_ids=List(Value("int64")),
        loss_mask=List(Value("int8")),
        rewards=List(Value("float32")),
    )
