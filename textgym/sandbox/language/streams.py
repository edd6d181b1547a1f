"""Text and bytes in memory: the library's, which call nothing of a program's when nobody has them any more."""

from __future__ import annotations

import io


class StringIO(io.StringIO):
    """io.StringIO; the library's calls `close`, a method that a program may define, when the object goes away."""

    def __del__(self) -> None:
        pass


class BytesIO(io.BytesIO):
    """io.BytesIO, likewise."""

    def __del__(self) -> None:
        pass
