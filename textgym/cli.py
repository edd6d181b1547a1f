"""The command `textgym`: `list`, `play` and `doctor`; other packages add theirs by entry point (`textgym.commands`)."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Annotated, Any

import gymnasium as gym

import textgym
from textgym.env import TextEnv
from textgym.rendering import ANSI, render_transcript, visible
from textgym.tools import ToolUnavailable

BUILT_IN = ("list", "play", "doctor")
EXPECTED = (ValueError, FileNotFoundError, FileExistsError, FloatingPointError, ToolUnavailable, gym.error.Error)
"""Errors whose message says what to do; their traceback would only hide it."""


def text_env_ids() -> list[str]:
    """Ids of all registered text environments."""
    return sorted(i for i, spec in gym.registry.items() if spec.entry_point in ("textgym.env:TextEnv", TextEnv))


def list_envs() -> None:
    """List the environments: id, tools, splits and one sample question each."""
    for env_id in text_env_ids():
        with make_text_env(env_id) as env:
            env.reset(seed=0)
            print(f"{env_id}\n  tools:  {', '.join(env.rules.tools)}\n  splits: {', '.join(env.rules.source.splits)}")
            print(f"  sample: {visible(env.task.prompt) if env.task else ''}")


def make_text_env(env_id: str, **kwargs: Any) -> TextEnv:
    """`gym.make`, unwrapped.

    Raises:
        ValueError: an environment of another kind.
        gymnasium.error.Error: an unknown id.
    """
    ids = text_env_ids()
    env = None if env_id in gym.registry and env_id not in ids else gym.make(env_id, **kwargs).unwrapped
    if not isinstance(env, TextEnv):
        raise ValueError(f"{env_id!r} is not a textgym environment; they are {', '.join(ids)}")
    return env


def play(env: str, seed: int | None = None, split: str = "train", protocol: str = "tags") -> None:
    """Play an environment in the terminal.

    Args:
        env: the environment id.
        seed: of the task; None draws a new one every time.
        split: where tasks come from.
        protocol: how to write tool calls: tags, hermes or chat.
    """
    with make_text_env(env, split=split, protocol=protocol) as text_env:
        _play(text_env, seed)


def _play(text_env: TextEnv, seed: int | None) -> None:
    color = sys.stdout.isatty()
    text_env.reset(seed=seed)
    print(render_transcript(text_env.transcript(), text_env.rules.tokenizer, color), end="", flush=True)
    print("\n(write a turn and press Enter; Ctrl-D leaves)")
    done = False
    while not done:
        try:
            turn = input("> ")
        except (EOFError, KeyboardInterrupt):
            print("\nleft before the end")
            return
        seen = len(text_env.transcript().segments)
        _, reward, terminated, truncated, info = text_env.step_text(turn)
        for segment in text_env.transcript().segments[seen:]:
            text = visible(text_env.rules.tokenizer.decode(segment.ids))
            if segment.role != "model":
                print(f"{ANSI[segment.role]}{text}\x1b[0m" if color else text, end="", flush=True)
        done = terminated or truncated
        if done:
            answer = text_env.task.answer if text_env.task else ""
            print(f"[{info['stop_reason']}, reward {reward:g}; the answer is {visible(answer)}]")
        else:
            print()


def doctor() -> int:
    """Try the layers that confine model-written code on this machine, and say what is missing, why, and what it means.

    Returns:
        The exit status: 1 if the sandbox would not start here by default.
    """
    from textgym.sandbox import Sandbox

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # what it warns of is said below
        with Sandbox(allow_weak=True) as sandbox:
            layers = sandbox.layers
            with sandbox.session() as session:
                works = session.run("6 * 7").value == "42"
    print(f"layers of the sandbox, each tried on this machine:\n{layers.report()}")
    weakness = layers.weakness()
    if weakness is not None:
        print(f"the sandbox does not start here without allow_weak=True: {weakness}")
    print("a session answers" if works else "a session gives no right answer")
    return int(weakness is not None or not works)


def commands() -> dict[str, Callable[..., Any]]:
    """All subcommands by name; those of other packages are imported only when they are asked for."""
    found: dict[str, Callable[..., Any]] = {"list": list_envs, "play": play, "doctor": doctor}
    for entry in entry_points(group="textgym.commands"):
        found[entry.name] = entry.load
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the command `textgym`; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    found = commands()
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help"):
        print(
            f"usage: textgym {{{','.join(found)}}} ...\n\ntextgym {textgym.__version__}: text environments with tools"
        )
        print("\n".join(f"  {command:6} `textgym {command} --help`" for command in found))
        return 0
    if name not in found:
        print(f"textgym: unknown command {name!r}; the commands are {', '.join(found)}", file=sys.stderr)
        return 2
    try:
        if name in BUILT_IN:
            command: Any = {"list": list_envs, "play": _play_cli, "doctor": doctor}[name]
            if name != "play" and not arguments[1:]:
                return command() or 0
            import tyro  # an extra: the environments do not need it

            return tyro.cli(command, args=arguments[1:], prog=f"textgym {name}") or 0
        return int(found[name]()(arguments[1:]) or 0)
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        extra = "cli" if name in BUILT_IN else "agents"
        print(f'textgym: {error}; install it with: pip install "textgym[{extra}]" -c constraints.txt', file=sys.stderr)
        return 1
    except gym.error.UnregisteredEnv as error:
        print(f"textgym: {error} The environments are {', '.join(text_env_ids())}.", file=sys.stderr)
        return 1
    except EXPECTED as error:
        print(f"textgym: {error}", file=sys.stderr)
        return 1


def _play_cli(
    env: Annotated[str, ...], /, seed: int | None = None, split: str = "train", protocol: str = "tags"
) -> None:
    play(env, seed, split, protocol)


_play_cli.__doc__ = play.__doc__

if __name__ == "__main__":
    sys.exit(main())
