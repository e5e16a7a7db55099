"""All entries of the register at one moment, and what is looked up in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Protocol, TypeVar, cast
from zoneinfo import ZoneInfo

from kembar_gateway.register.agreements import FocusArea
from kembar_gateway.register.judging import Indicator
from kembar_gateway.register.parties import Cooperation, Party
from kembar_gateway.register.parts import Part, Text
from kembar_gateway.register.references import known_codes
from kembar_gateway.wire import Figure, Period

Shape = TypeVar("Shape", bound=Part)


class Narrowed(Protocol):
    """Whoever may know of some cooperations only."""

    @property
    def cooperations(self) -> tuple[str, ...] | None:
        """Globs of their codes; None for all of them."""


@dataclass(frozen=True, slots=True)
class Entered:
    """An entry with its kind; `part` is of that kind's shape; `digest` of its stored version."""

    kind: str
    cooperation: str
    code: str
    part: Part
    version: int = 0
    digest: str = ""


class Register:
    """The entries in force at one moment, in the order in which they were first made."""

    def __init__(self, entries: Iterable[Entered]) -> None:
        self.entries = tuple(entries)

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], list[Part]]:
        found: dict[tuple[str, str], list[Part]] = {}
        for entered in self.entries:
            found.setdefault((entered.cooperation, entered.kind), []).append(entered.part)
        return found

    @cached_property
    def cooperations(self) -> dict[str, Cooperation]:
        """Cooperations by code."""
        return {e.code: e.part for e in self.entries if isinstance(e.part, Cooperation)}

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Indicators by code; of several cooperations' with one code, the oldest."""
        found = [e.part for e in self.entries if isinstance(e.part, Indicator)]
        return {indicator.code: indicator for indicator in reversed(found)}

    @cached_property
    def _known(self) -> dict[str, set[tuple[str, str]]]:
        known: dict[str, set[tuple[str, str]]] = {}
        for entered in self.entries:
            known.setdefault(entered.cooperation, set()).update(
                known_codes(entered.kind, entered.part)
            )
        return known

    def knows(self, cooperation: str, kind: str, code: str) -> bool:
        """Say whether the cooperation has an entry, or an item of one, with this kind and code."""
        return (kind, code) in self._known.get(cooperation, ())

    def of(self, cooperation: str, kind: str, shape: type[Shape]) -> list[Shape]:
        """List a cooperation's entries of a kind, all of which have *shape*."""
        found = self._by_kind.get((cooperation, kind), [])
        return cast("list[Shape]", [part for part in found if isinstance(part, shape)])

    def entered_of(self, cooperation: str, kind: str) -> list[Entered]:
        """List a cooperation's entries of a kind with their versions."""
        return [e for e in self.entries if (e.cooperation, e.kind) == (cooperation, kind)]

    def joined_by(self, caller: Narrowed) -> list[Cooperation]:
        """List the cooperations that *caller* may know of."""
        return [c for c in self.cooperations.values() if may_know(caller, c.code)]

    def indicators_of(self, cooperation: str, focus_area: str | None = None) -> list[Indicator]:
        """List the standing indicators of a cooperation, or of one of its focus areas."""
        return [
            indicator
            for indicator in self.of(cooperation, "indicators", Indicator)
            if indicator.state == "active" and focus_area in (None, indicator.focus_area)
        ]

    def focus_areas_of(self, cooperation: str) -> list[FocusArea]:
        """List the focus areas of a cooperation."""
        return self.of(cooperation, "focus-areas", FocusArea)

    def published_figures_of(self, cooperation: str) -> list[Figure]:
        """Return every figure that the register itself feeds in a cooperation."""
        found = self.of(cooperation, "indicators", Indicator)
        return [figure for indicator in found for figure in indicator.published_figures()]

    def note(self, note: Text | None) -> Text | None:
        """Return a note's words; None for no note."""
        return note

    def today(self, cooperation: str, now: datetime) -> date:
        """Return the day it is at *now* where the cooperation keeps its calendar."""
        return now.astimezone(ZoneInfo(self.cooperations[cooperation].timezone)).date()

    def this_month(self, cooperation: str, now: datetime) -> Period:
        """Return the month it is at *now* where the cooperation keeps its calendar."""
        return Period.of_month(self.today(cooperation, now))

    def side_of(self, cooperation: str, party: str) -> str:
        """Return the party at the top of those that *party* answers to, itself at least."""
        above = {p.code: p.part_of for p in self.of(cooperation, "parties", Party)}
        seen = {party}
        while (upper := above.get(party)) is not None and upper not in seen:
            seen.add(upper)
            party = upper
        return party


def may_know(caller: Narrowed, cooperation: str) -> bool:
    """Say whether *caller* may know of a cooperation with this code, were there one."""
    globs = caller.cooperations
    return globs is None or any(fnmatchcase(cooperation, glob) for glob in globs)
