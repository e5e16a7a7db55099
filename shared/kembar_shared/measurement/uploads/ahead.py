"""Two steps at the same time: what comes next is taken while the last one is worked on."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def ahead(work: Callable[[_Given], _Made], given: Iterable[_Given]) -> Iterator[_Made]:
    """Yield what *work* makes of each of *given*, in order; a second thread does it.

    At any time there are at most two that are worked on, or wait to be asked for.
    """
    rest = iter(given)
    begun = list(islice(rest, 2))
    if len(begun) < 2:
        yield from map(work, begun)
        return
    pending: deque[Future[_Made]] = deque()
    with ThreadPoolExecutor(1) as thread:
        for each in chain(begun, rest):
            pending.append(thread.submit(work, each))
            if len(pending) > 1:
                yield pending.popleft().result()
        yield pending.popleft().result()
