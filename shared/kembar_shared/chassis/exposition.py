"""Many gauges as text for Prometheus: a line is written when its value changes, not at each scrape.

The client library writes each sample anew, 5 µs each; ten thousand stations would take every
scrape a tenth of a second of a process that serves requests.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

Item = TypeVar("Item")

_AT_ONCE: Final = 1_000
"""Lines of a piece."""

_LOOKED_AT: Final = 2_000
_BEFORE_A_PAUSE: Final = 500
_PAUSE_S: Final = 0.0002

_ESCAPES: Final = {ord("\\"): r"\\", ord('"'): r"\"", ord("\n"): r"\n"}


class Exposed(Protocol):
    """What is shown on `/metrics` besides the metrics of the registry."""

    def pieces(self) -> Iterable[str]:
        """Yield whole lines, those of a family together, its `HELP` and `TYPE` first."""


@dataclass(frozen=True, slots=True)
class Family:
    """A gauge and the names of its labels."""

    name: str
    help: str
    labels: tuple[str, ...]

    @property
    def head(self) -> str:
        """The lines before its samples; the same in both dialects."""
        told = self.help.translate(_ESCAPES)
        return f"# HELP {self.name} {told}\n# TYPE {self.name} gauge\n"

    def line(self, values: Sequence[str], value: float) -> str:
        """Write one sample; *values* are those of its labels, in their order."""
        return f"{self.name}{{{named(self.labels, values)}}} {float(value)!r}\n"


def named(labels: Sequence[str], values: Sequence[str]) -> str:
    """Write labels and their values, as they stand between the braces of a sample."""
    pairs = zip(labels, values, strict=True)
    return ",".join([f'{label}="{text.translate(_ESCAPES)}"' for label, text in pairs])


@dataclass(frozen=True, slots=True)
class Row:
    """What is shown of one thing: a line of each family, empty where it has none.

    Attributes:
        lines: Until the instant `until`.
        until: Seconds since 1970-01-01 UTC.
        later: After it, when what was measured is stale.
    """

    lines: tuple[str, ...]
    until: float
    later: tuple[str, ...]


class Sheet:
    """Lines of several families, kept by what they are about."""

    def __init__(self, *families: Family) -> None:
        self._families = families
        self._rows: dict[Hashable, Row] = {}

    def put(self, key: Hashable, row: Row) -> None:
        """Show *row* of what *key* names, instead of what was shown."""
        self._rows[key] = row

    def drop(self, key: Hashable) -> None:
        """Show nothing any more of what *key* names."""
        self._rows.pop(key, None)

    def clear(self) -> None:
        """Show nothing any more."""
        self._rows.clear()

    def pieces(self, now: float) -> Iterator[str]:
        """Return the text of this moment, family by family; *now* in seconds since 1970.

        What is shown is settled by the call, and written as it is asked for.
        """
        rows = gently(self._rows.values(), _LOOKED_AT)
        shown = [row.lines if now <= row.until else row.later for row in rows]
        return self._written(shown)

    def _written(self, shown: Sequence[tuple[str, ...]]) -> Iterator[str]:
        for place, family in enumerate(self._families):
            yield family.head
            for first in range(0, len(shown), _AT_ONCE):
                yield "".join([lines[place] for lines in shown[first : first + _AT_ONCE]])


def gently(items: Iterable[Item], at_once: int = _BEFORE_A_PAUSE) -> Iterator[Item]:
    """Yield *items*, and let other threads go on after *at_once* of them, and again.

    A thread that computes keeps the interpreter for 5 ms at a time, and a request of another
    thread asks for it again after each row that its database gives.
    """
    for number, item in enumerate(items, start=1):
        yield item
        if number % at_once == 0:
            time.sleep(_PAUSE_S)
