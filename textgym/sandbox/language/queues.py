"""The module queue for programs of one thread: nobody else can fill a queue or make room in it, so nothing waits."""

from __future__ import annotations

import heapq
import queue
from collections import deque
from typing import Any

Empty, Full = queue.Empty, queue.Full


class Queue:
    """queue.Queue"""

    def __init__(self, maxsize: int = 0) -> None:
        self.maxsize = maxsize
        self.queue: Any = None
        self._init(maxsize)
        self.unfinished_tasks = 0

    # The library's names for what a class derived from it may define anew.

    def _init(self, maxsize: int) -> None:
        self.queue = deque()

    def _qsize(self) -> int:
        return len(self.queue)

    def _put(self, item: Any) -> None:
        self.queue.append(item)

    def _get(self) -> Any:
        return self.queue.popleft()

    def qsize(self) -> int:
        """How many items there are."""
        return self._qsize()

    def empty(self) -> bool:
        """Whether there are none."""
        return not self._qsize()

    def full(self) -> bool:
        """Whether there is no room for more."""
        return 0 < self.maxsize <= self._qsize()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item. Raises Full, also where the library would wait."""
        if self.full():
            raise Full
        self._put(item)
        self.unfinished_tasks += 1

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take an item out. Raises Empty, also where the library would wait."""
        if self.empty():
            raise Empty
        return self._get()

    def put_nowait(self, item: Any) -> None:
        """Add an item, or raise Full."""
        self.put(item)

    def get_nowait(self) -> Any:
        """Take an item out, or raise Empty."""
        return self.get()

    def task_done(self) -> None:
        """Say that an item which was taken out is dealt with."""
        if self.unfinished_tasks <= 0:
            raise ValueError("task_done() called too many times")
        self.unfinished_tasks -= 1

    def join(self) -> None:
        """Wait until all items are dealt with; there is nobody who could do that meanwhile."""
        if self.unfinished_tasks:
            raise RuntimeError("join() would wait forever: some items were not said to be done, and nothing else runs")


class SimpleQueue(Queue):
    """queue.SimpleQueue"""

    def __init__(self) -> None:
        super().__init__()


class LifoQueue(Queue):
    """queue.LifoQueue"""

    def _init(self, maxsize: int) -> None:
        self.queue = []

    def _get(self) -> Any:
        return self.queue.pop()


class PriorityQueue(Queue):
    """queue.PriorityQueue"""

    def _init(self, maxsize: int) -> None:
        self.queue = []

    def _put(self, item: Any) -> None:
        heapq.heappush(self.queue, item)

    def _get(self) -> Any:
        return heapq.heappop(self.queue)
