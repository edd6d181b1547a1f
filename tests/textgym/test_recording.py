"""Transcripts on disk: whole lines whatever happens, read back equal."""

import doctest
import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgym import Segment, StopReason, Transcript, read_jsonl, recording, write_jsonl
from textgym.recording import TranscriptWriter, from_dataset, to_dataset

ROOT = Path(__file__).resolve().parents[2]

numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
json_facts = st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | numbers | st.text(), max_size=3)


@st.composite
def segments(draw) -> Segment:
    ids = draw(st.lists(st.integers(0, 2**40), max_size=6).map(tuple))
    role = draw(st.sampled_from(["system", "user", "model", "tool", "scaffold"]))
    logprobs = draw(st.none() | st.lists(st.floats(-50, 0), min_size=len(ids), max_size=len(ids)).map(tuple))
    call = draw(st.none() | st.text(max_size=6))
    return Segment(ids, role, role == "model", draw(st.integers(0, 9)), call, logprobs)


transcripts = st.builds(
    Transcript,
    st.lists(segments(), max_size=4).map(tuple),
    st.lists(st.floats(-1e6, 1e6), max_size=3).map(tuple),
    st.none() | st.sampled_from(StopReason),
    json_facts,
)


def episode(number: int) -> Transcript:
    """Of different lengths, a few hundred bytes each."""
    prompt, answer = Segment(tuple(range(number % 50)), "user"), Segment((7, number), "model", sampled=True)
    return Transcript((prompt, answer), (float(number),), StopReason.SUBMIT, {"number": number, "text": "ü\n\u2028"})


def write_all(path: Path, *numbers: int) -> None:
    writer = TranscriptWriter(path)
    writer.write(map(episode, numbers))
    writer.close()


# JSONL


@settings(max_examples=40)
@given(many=st.lists(transcripts, max_size=4), cut=st.integers(0, 4))
def test_appended_transcripts_read_back_equal(many, cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("jsonl") / "deeper" / "episodes.jsonl"
    for part in (many[:cut], many[cut:]):
        writer = TranscriptWriter(path)
        writer.write(part[:1])
        writer.write(part[1:])
        writer.close()
    assert read_jsonl(path) == many
    other = path.with_name("other.jsonl")
    write_jsonl(other, many)
    assert other.read_bytes() == path.read_bytes()


def test_every_place_of_a_crash(tmp_path):
    """Cut the file around every line and inside of it: whole episodes stay, and the cut one never began."""
    whole = tmp_path / "whole.jsonl"
    write_all(whole, 0, 1, 2)
    content = whole.read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    path = tmp_path / "cut.jsonl"
    near_ends = {end + shift for end in (0, *ends) for shift in range(-3, 20)}
    for cut in sorted({*range(0, len(content), 40), *near_ends} & set(range(len(content) + 1))):
        path.write_bytes(content[:cut])
        survivors = [episode(i) for i, end in enumerate(ends) if cut >= end - 1]  # only the newline may be missing
        assert read_jsonl(path) == survivors
        write_all(path, 9)
        assert read_jsonl(path) == [*survivors, episode(9)]
        assert path.read_bytes().endswith(b"\n")


def test_a_long_line_that_was_cut_off(tmp_path):
    path = tmp_path / "episodes.jsonl"
    write_all(path, 1)
    long = json.dumps(Transcript((Segment(tuple(range(100_000)), "user"),)).to_dict()).encode()
    with path.open("ab") as file:
        file.write(long[:-5])
    write_all(path, 2)
    assert read_jsonl(path) == [episode(1), episode(2)]


@pytest.mark.parametrize("content", ["my notes", "my notes\nmore", "[1, 2]\n", '{"seg": 1}\n', "\n"])
def test_other_files_are_left_alone(content, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"notes\.txt holds something else than transcripts; give another path"):
        TranscriptWriter(path).write([episode(1)])
    assert path.read_text() == content


def test_a_broken_line_in_the_middle_is_an_error(tmp_path):
    path = tmp_path / "episodes.jsonl"
    write_all(path, 1, 2)
    first, second = path.read_bytes().splitlines(keepends=True)
    for broken in (first[:-9] + b"\n", b"{}\n", b"[]\n", b"\xff\n"):
        path.write_bytes(second + broken + second)
        with pytest.raises(ValueError, match=r"episodes\.jsonl, line 2: not a transcript"):
            read_jsonl(path)


def test_what_is_not_json_is_not_written(tmp_path):
    writer = TranscriptWriter(tmp_path / "episodes.jsonl")
    writer.write([episode(1)])
    with pytest.raises(ValueError, match="Out of range float"):
        writer.write([episode(2), Transcript((), (float("nan"),))])
    assert read_jsonl(writer.path) == [episode(1)]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    writer = TranscriptWriter(tmp_path / "episodes.jsonl")
    writer.write([episode(1)])
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(OSError, match=r"only 10 of .* bytes could be written; is the disk full"):
        writer.write([episode(2)])
    monkeypatch.undo()
    writer.write([episode(3)])
    writer.close()
    assert read_jsonl(writer.path) == [episode(1), episode(3)]


def test_an_episode_is_on_file_before_close(tmp_path):
    writer = TranscriptWriter(tmp_path / "episodes.jsonl")
    assert not writer.path.exists()  # opened by the first write
    writer.write([episode(1)])
    assert read_jsonl(writer.path) == [episode(1)]
    again = pickle.loads(pickle.dumps(writer))
    again.write([episode(2)])
    writer.close()
    writer.write([episode(3)])  # a closed environment may be reset, too
    writer.close()
    writer.close()
    again.close()
    assert read_jsonl(writer.path) == [episode(1), episode(2), episode(3)]


WRITE = """
import sys
from textgym import Segment, Transcript
from textgym.recording import TranscriptWriter
writer = TranscriptWriter(sys.argv[1])
name, n = int(sys.argv[2]), int(sys.argv[3])
for i in range(n):
    writer.write([Transcript((Segment((name,) * 2000, "user"),), (float(i),))])
    print(i, flush=True)
"""


def start_writer(path: Path, name: int, n: int) -> subprocess.Popen:
    arguments = [sys.executable, "-c", WRITE, str(path), str(name), str(n)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_processes_share_a_file(tmp_path):
    path = tmp_path / "episodes.jsonl"
    path.write_bytes(b'{"segments": [{"ids": [1, 2')  # and all of them find a line to mend
    processes = [start_writer(path, name, 40) for name in range(3)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    found = read_jsonl(path)
    assert len(found) == 120
    for name in range(3):
        mine = [t for t in found if t.segments[0].ids[0] == name]
        assert [t.turn_rewards for t in mine] == [(float(i),) for i in range(40)]


def test_a_killed_process_loses_no_finished_episode(tmp_path):
    path = tmp_path / "episodes.jsonl"
    with start_writer(path, 0, 1_000_000) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
    assert told[-1] == b"49\n"
    assert len(read_jsonl(path)) >= 50
    write_all(path, 5)
    assert read_jsonl(path)[-1] == episode(5)


# Datasets


@settings(max_examples=20)
@given(many=st.lists(transcripts, max_size=4))
def test_datasets_read_back_equal(many):
    dataset = to_dataset(many)
    assert from_dataset(dataset) == many
    assert dataset.num_rows == len(many)


def test_datasets_on_disk(tmp_path):
    from datasets import load_from_disk

    many = [episode(i) for i in range(5)]
    to_dataset(many).save_to_disk(tmp_path / "saved")
    dataset = load_from_disk(tmp_path / "saved")
    assert from_dataset(dataset) == many
    for row, transcript in zip(dataset, many, strict=True):
        assert row["input_ids"] == transcript.ids.tolist()
        assert row["loss_mask"] == transcript.loss_mask.tolist()
        assert row["rewards"] == transcript.rewards.tolist()


def test_an_empty_dataset_has_the_columns():
    assert to_dataset([]).features == to_dataset([episode(1)]).features


def test_datasets_are_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "textgym\[agents\]"'):
        to_dataset([])


def test_examples_in_docstrings_run():
    failed, tried = doctest.testmod(recording)
    assert (failed, tried > 0) == (0, True)
