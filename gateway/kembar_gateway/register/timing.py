"""Rules of time for what is entered: nothing was done tomorrow, nor ended before it began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from kembar_gateway.register.activities import Activity, ActivityDate, Commitment
from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.checks import Fault
from kembar_gateway.register.dates import Span
from kembar_gateway.register.evaluations import Evaluation
from kembar_gateway.register.judging import Disruption
from kembar_gateway.register.parts import Part, When
from kembar_gateway.register.programmes import Pilot, PilotStage, Programme
from kembar_gateway.register.resources import BudgetLine, Contribution, ContributionDate

if TYPE_CHECKING:
    from datetime import date


def untimely(part: Part, today: date) -> Iterator[Fault]:
    """Yield what is told as done although it surely lies after *today*, and ends before beginnings.

    A date that may be today or earlier, such as this year's, is let in.
    """
    for place, span in _done(part):
        if span.first > today:
            yield Fault(place, "not-yet")
    starts, ends = _starts(part), _ends(part)
    if starts and ends and max(e.last for e in ends) < min(s.first for s in starts):
        place = "ended" if isinstance(part, Agreement) else "dates"
        yield Fault(place, "ends-before-it-begins")


def _done(part: Part) -> Iterator[tuple[str, Span]]:
    """Yield place and days of everything that an entry says has happened."""
    if isinstance(part, Evaluation) and part.held_on is not None:
        yield "held_on", Span.of(part.held_on)
    for name in _LISTS.get(type(part), ()):
        for number, when in enumerate(getattr(part, name)):
            if not _is_plan(when):
                yield f"{name}.{number}.on", when.span


_LISTS: Final[Mapping[type[Part], Sequence[str]]] = {
    Activity: ("dates",),
    BudgetLine: ("disbursed", "spent"),
    Commitment: ("steps",),
    Contribution: ("dates",),
    Pilot: ("stages",),
}
"""Where each kind tells what was done."""


def _is_plan(when: When) -> bool:
    """Say whether a date may lie ahead: a planned one, or when giving shall end."""
    if isinstance(when, PilotStage):
        return when.stage == "planned"
    if isinstance(when, ActivityDate):
        return when.event.startswith("planned")
    return isinstance(when, ContributionDate) and when.event == "end"


def _starts(part: Part) -> list[Span]:
    if isinstance(part, Agreement):
        return [] if part.signed_on is None else [Span.of(part.signed_on)]
    return _dated(part, "start")


def _ends(part: Part) -> list[Span]:
    if isinstance(part, Agreement):
        return [] if part.ended is None else [Span.of(part.ended)]
    return _dated(part, "end")


def _dated(part: Part, event: str) -> list[Span]:
    if isinstance(part, Activity):
        return [when.span for when in part.dates if when.event == f"actual_{event}"]
    if isinstance(part, Disruption | Programme | Contribution):
        return [when.span for when in part.dates if when.event == event]
    return []
