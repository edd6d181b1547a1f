"""Typed functions as JSON schemas, and values against them."""

import json
import pickle
from collections.abc import Mapping, Sequence
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

from textgym import Tool
from textgym.tools import CallStatus
from textgym.tools.schema import describe, fits
from textgym.tools.signature import read_signature


class Order(StrEnum):
    ASCENDING = "asc"
    DESCENDING = "desc"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Mixed(Enum):
    WORD = "word"
    NUMBER = 3
    NOTHING = None


class Opaque(Enum):
    THING = object()


def one(hint: Any) -> dict[str, Any]:
    """The schema of a parameter annotated with `hint`."""

    def function(x) -> str:
        return ""

    function.__annotations__["x"] = hint
    return read_signature(function).parameters["properties"]["x"]


TYPES: list[tuple[Any, dict[str, Any]]] = [
    (str, {"type": "string"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (bool, {"type": "boolean"}),
    (None, {"type": "null"}),
    (Any, {}),
    (list, {"type": "array"}),
    (list[int], {"type": "array", "items": {"type": "integer"}}),
    (Sequence[list[str]], {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
    (dict, {"type": "object"}),
    (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
    (Mapping[str, Any], {"type": "object", "additionalProperties": {}}),
    (Optional[int], {"type": ["integer", "null"]}),  # noqa: UP045
    (int | str | None, {"type": ["integer", "string", "null"]}),
    (list[int] | None, {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]}),
    (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
    (Literal["a", 1, None], {"enum": ["a", 1, None]}),
    (Literal["a"] | None, {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
    (Order, {"type": "string", "enum": ["asc", "desc"]}),
    (Level, {"type": "integer", "enum": [1, 2]}),
    (Mixed, {"enum": ["word", 3, None]}),
    (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
]  # fmt: skip


@pytest.mark.parametrize(("hint", "schema"), TYPES, ids=[str(hint) for hint, _ in TYPES])
def test_types(hint, schema):
    assert one(hint) == schema
    assert json.loads(json.dumps(one(hint), allow_nan=False)) == schema


def search(
    query: str, limit: Annotated[int, "from here"] = 3, order: Order = Order.ASCENDING, site: str | None = None
) -> list[str]:
    """Searches the corpus.

    Args:
        query: what to look for.
        order: which end comes first.

    Returns:
        Titles.
    """
    return [query, str(limit), type(order).__name__, order.value, str(site)]


def test_a_whole_function():
    signature = read_signature(search)
    assert (signature.name, signature.description) == ("search", "Searches the corpus.")
    assert signature.parameters == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "what to look for."},
            "limit": {"type": "integer", "description": "from here", "default": 3},
            "order": {
                "type": "string",
                "enum": ["asc", "desc"],
                "description": "which end comes first.",
                "default": "asc",
            },
            "site": {"type": ["string", "null"], "default": None},
        },
        "required": ["query"],
    }


def test_enums_arrive_as_members():
    tool = Tool.from_function(search)
    for again in (tool, pickle.loads(pickle.dumps(tool))):
        assert again.run({"query": "owl", "order": "desc"}) == (
            CallStatus.OK,
            "['owl', '3', 'Order', 'desc', 'None']",
        )
        assert again.run({"query": "owl", "order": "DESCENDING"}) == (
            CallStatus.BAD_ARGS,
            'error: search: order must be one of "asc", "desc"',
        )


def test_enums_inside_other_types_arrive_as_members():
    def tell(orders: list[Order], by_name: dict[str, Level | None], either: Level | str = "none") -> str:
        return repr((orders, by_name, either))

    tool = Tool.from_function(tell)
    arguments = {"orders": ["asc"], "by_name": {"a": 2, "b": None}, "either": 1}
    expected = repr(([Order.ASCENDING], {"a": Level.HIGH, "b": None}, Level.LOW))
    assert tool.run(arguments) == (CallStatus.OK, expected)
    assert tool.run({**arguments, "either": "x"})[1].endswith("'x')")
    assert tool.run({**arguments, "orders": ["up"]}) == (
        CallStatus.BAD_ARGS,
        'error: tell: orders must be of type array, each item one of "asc", "desc"',
    )


def test_enums_reach_sessions_too():
    class Sorter:
        """Sorts what it was told.

        Args:
            word: one more word.
        """

        def __init__(self, rng) -> None:
            self.words: list[str] = []

        def __call__(self, word: str, order: Order = Order.ASCENDING) -> str:
            """Not shown.

            Args:
                order: which end comes first.
            """
            self.words.append(word)
            return ",".join(sorted(self.words, reverse=order is Order.DESCENDING))

    tool = Tool.from_session(Sorter)
    assert (tool.name, tool.description, tool.required) == ("sorter", "Sorts what it was told.", ("word",))
    assert tool.properties["word"]["description"] == "one more word."
    assert tool.properties["order"]["description"] == "which end comes first."
    session = tool.session(None)
    assert tool.invoke(session, tool.bind({"word": "a"})) == (CallStatus.OK, "a")
    assert tool.invoke(session, tool.bind({"word": "b", "order": "desc"})) == (CallStatus.OK, "b,a")


def test_enums_reach_functions_with_chance():
    def pick(order: Order, rng: np.random.Generator) -> str:
        return f"{order!r} {rng.integers(1)}"

    tool = Tool.from_function(pick)
    assert list(tool.properties) == ["order"]
    assert tool.run({"order": "asc"}) == (CallStatus.OK, f"{Order.ASCENDING!r} 0")


def test_defaults_that_json_cannot_carry_stay_with_the_function():
    def call(a: int = None, b: float = float("nan"), c: Any = object, d: list[Order] = [Order.ASCENDING]) -> str:  # noqa: B006, RUF013
        return "called"

    parameters = read_signature(call).parameters
    assert not any("default" in schema for schema in parameters["properties"].values())
    assert parameters["required"] == []
    assert Tool.from_function(call).run({}) == (CallStatus.OK, "called")


def test_methods_are_functions():
    class Shelf:
        def fetch(self, book: str) -> str:
            """Fetches a book."""
            return book

    tool = Tool.from_function(Shelf().fetch)
    assert tool.required == ("book",)
    assert tool.run("Emma") == (CallStatus.OK, "Emma")


# What cannot be a tool


def no_hint(x) -> str:
    return ""


def starred(*x: str) -> str:
    return ""


def double_starred(**x: str) -> str:
    return ""


def positional(x: str, /) -> str:
    return x


def unknown_name(x: "Nowhere") -> str:  # noqa: F821
    return ""


def two_generators(rng: np.random.Generator, other: np.random.Generator) -> str:
    return ""


async def later(x: str) -> str:
    return x


class Own:
    pass


@pytest.mark.parametrize("hint", [bytes, set[int], tuple[int, int], list[bytes], dict[int, str], object, Own, [int]])
def test_types_that_json_cannot_carry(hint):
    with pytest.raises(
        TypeError, match=r"(?s)'x' of tool 'function' has the type .* JSON cannot carry; the types are str"
    ):
        one(hint)


@pytest.mark.parametrize("hint", [Literal[b"a"], Literal[Order.ASCENDING], Opaque])
def test_choices_that_json_cannot_carry(hint):
    with pytest.raises(TypeError, match="parameter 'x' of tool 'function' has choices that JSON cannot carry"):
        one(hint)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (no_hint, "parameter 'x' of tool 'no_hint' has no type; annotate it with one of str, int"),
        (starred, "parameter 'x' of tool 'starred' cannot be given by name"),
        (double_starred, "parameter 'x' of tool 'double_starred' cannot be given by name"),
        (positional, "parameter 'x' of tool 'positional' cannot be given by name"),
        (unknown_name, "the types of tool 'unknown_name' cannot be looked up: name 'Nowhere' is not defined"),
        (two_generators, "parameter 'other' of tool 'two_generators' has the type"),
        (later, "tool 'later' is async; give a function that returns its result"),
        (Order, r"a tool is made of a function, not <enum 'Order'>; for others, write Tool\(name, ...\)"),
        (3, "a tool is made of a function, not 3"),
    ],
)
def test_functions_that_cannot_be_tools(function, message):
    with pytest.raises(TypeError, match=message):
        Tool.from_function(function)


def test_classes_that_cannot_be_tools():
    with pytest.raises(TypeError, match="a tool is made of a function, not"):
        Tool.from_session(Own)


# Values

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.sampled_from(["a", "b", "asc", "word", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=3),
    max_leaves=6,
)


PLAIN = [hint for hint, _ in TYPES if hint not in (Order, Level, Mixed)]


def holds_bool(value: Any) -> bool:
    """In Python a bool is an int, in JSON it is not."""
    if isinstance(value, dict):
        return any(map(holds_bool, value.values()))
    return any(map(holds_bool, value)) if isinstance(value, list) else isinstance(value, bool)


@given(value=json_values, hint=st.sampled_from(PLAIN))
def test_a_value_fits_if_it_is_of_the_type(value, hint):
    try:
        check_type(value, hint, collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
    except TypeCheckError:
        assert not fits(value, one(hint))
    else:
        assert fits(value, one(hint)) or holds_bool(value)


@pytest.mark.parametrize(
    ("hint", "good", "bad"),
    [
        (int, [0, 2], [True, 2.0, "2", None]),
        (float, [0, 2.5], [False, "2", None]),
        (bool, [True], [0, 1, None]),
        (Literal[1, "a"], [1, "a"], [True, 1.0, "1", "b"]),
        (Order, ["asc", "desc"], ["ASCENDING", 0, None]),
        (Level, [1, 2], [True, 1.0, 3, "LOW"]),
        (Mixed, ["word", 3, None], ["WORD", 3.0, ""]),
        (dict[str, int], [{}, {"a": 1}], [{"a": "x"}, {"a": 1, "b": None}, []]),
    ],
)
def test_values_of_types(hint, good, bad):
    assert all(fits(value, one(hint)) for value in good)
    assert not any(fits(value, one(hint)) for value in bad)


def test_foreign_schemas_may_say_more():
    """Properties of their own beside `additionalProperties`, and keywords that are for the policy to read."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "string"}}
    assert fits({"a": 1, "b": "x"}, schema)
    assert not fits({"a": 1, "b": 2}, schema)
    assert fits(7, {"type": "integer", "maximum": 5})
    assert fits({"z": 1}, {"type": "object", "additionalProperties": False})


@given(schema=st.sampled_from([one(hint) for hint, _ in TYPES]))
def test_descriptions_are_one_line(schema):
    words = describe(schema)
    assert words
    assert "\n" not in words


def test_deep_nesting_is_only_a_value():
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert fits(deep, {"type": "array"})
    assert fits(deep, one(list[Any]))
    assert not fits(deep, one(list[int]))
