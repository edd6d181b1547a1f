"""The module array over a list: CPython's own writes behind its end when an item's conversion changes it."""

from __future__ import annotations

import operator
import struct
from collections.abc import Iterable, Iterator
from typing import Any

_STRUCTS = {code: struct.Struct(code) for code in "bBhHiIlLqQfd"}
typecodes = "bBuhHiIlLqQfd"


def _item(typecode: str, value: Any) -> Any:
    """`value` as an array of `typecode` holds it."""
    if typecode == "u":
        if not isinstance(value, str) or len(value) != 1:
            raise TypeError("array item must be a unicode character")
        return str(value)
    if typecode in "fd":
        if isinstance(value, str | bytes | bytearray) or not hasattr(type(value), "__float__"):
            value = operator.index(value)  # or a TypeError
        number = float(value)
        try:
            return _STRUCTS[typecode].unpack(_STRUCTS[typecode].pack(number))[0]
        except OverflowError:
            return number * float("inf")
    number = operator.index(value)
    try:
        _STRUCTS[typecode].pack(number)
    except struct.error:
        raise OverflowError(f"{number} does not fit into an array of typecode {typecode!r}") from None
    return number


class array:
    """array.array"""

    __slots__ = ("_items", "_typecode")
    _items: list[Any]
    _typecode: str

    def __init__(self, typecode: str, items: Iterable[Any] = (), /) -> None:
        if not isinstance(typecode, str) or len(typecode) != 1:
            raise TypeError("array() argument 1 must be a unicode character")
        if typecode not in typecodes:
            raise ValueError(f"bad typecode (must be {', '.join(typecodes[:-1])} or {typecodes[-1]})")
        if isinstance(items, str) and typecode != "u":
            raise TypeError(f"cannot use a str to initialize an array with typecode {typecode!r}")
        # By object: a class derived from it may have a `__setattr__` of its own.
        object.__setattr__(self, "_typecode", str(typecode))
        object.__setattr__(self, "_items", [])
        if isinstance(items, bytes | bytearray) and typecode != "u":
            self.frombytes(items)
        else:
            for value in items:
                self.append(value)

    @property
    def typecode(self) -> str:
        """The letter that says what the items are."""
        return self._typecode

    @property
    def itemsize(self) -> int:
        """The bytes of an item."""
        return 4 if self._typecode == "u" else _STRUCTS[self._typecode].size

    def _of(self, items: Iterable[Any]) -> array:
        made = array(self._typecode)
        made._items = list(items)
        return made

    def _same(self, other: Any) -> list[Any]:
        """The items of an array of the same typecode, or TypeError."""
        if not isinstance(other, array):
            raise TypeError(f"can only append array (not {type(other).__name__!r}) to array")
        if other._typecode != self._typecode:
            raise TypeError("bad argument type for built-in operation: the arrays are of different typecodes")
        return other._items

    def append(self, value: Any, /) -> None:
        """Add an item at the end."""
        self._items.append(_item(self._typecode, value))

    def extend(self, items: Iterable[Any], /) -> None:
        """Add items at the end; an array only of the same typecode."""
        if isinstance(items, array):
            self._items.extend(list(self._same(items)))
        else:
            for value in items:
                self.append(value)

    def fromlist(self, items: list[Any], /) -> None:
        """Add the items of a list, all or none."""
        if not isinstance(items, list):
            raise TypeError("arg must be list")
        self._items.extend([_item(self._typecode, value) for value in items])

    def frombytes(self, data: bytes | bytearray, /) -> None:
        """Add items from their bytes."""
        if self._typecode == "u":
            raise TypeError("an array of typecode 'u' is made from text here")
        unpacked = _STRUCTS[self._typecode]
        if len(data) % unpacked.size:
            raise ValueError("bytes length not a multiple of item size")
        self._items.extend(value for (value,) in unpacked.iter_unpack(bytes(data)))

    def insert(self, index: int, value: Any, /) -> None:
        """Put an item before the position `index`."""
        self._items.insert(index, _item(self._typecode, value))

    def pop(self, index: int = -1, /) -> Any:
        """Take an item out."""
        if not self._items:
            raise IndexError("pop from empty array")
        return self._items.pop(index)

    def remove(self, value: Any, /) -> None:
        """Take the first item out that equals `value`."""
        if value not in self._items:
            raise ValueError("array.remove(x): x not in array")
        self._items.remove(value)

    def index(self, value: Any, /, *bounds: int) -> int:
        """Where the first item is that equals `value`."""
        try:
            return self._items.index(value, *bounds)
        except ValueError:
            raise ValueError("array.index(x): x not in array") from None

    def count(self, value: Any, /) -> int:
        """How many items equal `value`."""
        return self._items.count(value)

    def reverse(self) -> None:
        """Turn the order around."""
        self._items.reverse()

    def tolist(self) -> list[Any]:
        """The items as a list."""
        return list(self._items)

    def tobytes(self) -> bytes:
        """The items as bytes."""
        if self._typecode == "u":
            return "".join(self._items).encode("utf-32-le")
        return b"".join(map(_STRUCTS[self._typecode].pack, self._items))

    def tounicode(self) -> str:
        """The text in an array of characters."""
        if self._typecode != "u":
            raise ValueError("tounicode() may only be called on unicode type arrays ('u')")
        return "".join(self._items)

    def __copy__(self) -> array:
        return self._of(self._items)

    def __deepcopy__(self, memo: Any, /) -> array:
        return self._of(self._items)

    def __bytes__(self) -> bytes:
        return self.tobytes()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __reversed__(self) -> Iterator[Any]:
        return iter(self._items[::-1])

    def __contains__(self, value: object) -> bool:
        return value in self._items

    def __getitem__(self, index: Any) -> Any:
        found = self._items[index]
        return self._of(found) if isinstance(index, slice) else found

    def __setitem__(self, index: Any, value: Any) -> None:
        self._items[index] = list(self._same(value)) if isinstance(index, slice) else _item(self._typecode, value)

    def __delitem__(self, index: Any) -> None:
        del self._items[index]

    def __add__(self, other: Any) -> array:
        return self._of(self._items + self._same(other))

    def __iadd__(self, other: Any) -> array:
        self._items.extend(list(self._same(other)))
        return self

    def __mul__(self, times: Any) -> array:
        return self._of(self._items * operator.index(times))

    __rmul__ = __mul__

    def __imul__(self, times: Any) -> array:
        self._items[:] = self._items * operator.index(times)
        return self

    def __eq__(self, other: object) -> bool:
        return self._items == other._items if isinstance(other, array) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: Any) -> bool:
        return self._items < other._items if isinstance(other, array) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return self._items <= other._items if isinstance(other, array) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return self._items > other._items if isinstance(other, array) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return self._items >= other._items if isinstance(other, array) else NotImplemented

    def __repr__(self) -> str:
        name = type(self).__name__
        if not self._items:
            return f"{name}({self._typecode!r})"
        shown = "".join(self._items) if self._typecode == "u" else self._items
        return f"{name}({self._typecode!r}, {shown!r})"


ArrayType = array
