"""Turns: threads that want the same thing get it one at a time, in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Turns"]


class Turns:
    """A lock that nobody overtakes: whoever ends hands it to who has waited longest."""

    def __init__(self, patience_s: float) -> None:
        """Make a free one.

        Args:
            patience_s: Longest wait.
        """
        self._patience_s = patience_s
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a turn and keep it during the block.

        Raises:
            TimeoutError: The others took too long.
        """
        self._begin()
        try:
            yield
        finally:
            self._end()

    def _begin(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(self._patience_s):
            return
        with self._guard:
            if not mine.is_set():
                self._waiting.remove(mine)
                raise TimeoutError
        # It was handed over in the very moment of giving up.

    def _end(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
