"""The rule `combine@2`: figures of months and years become one number with a state.

Months are added up by their numerators and denominators, so that a year's share is the share of
the year and not the mean of twelve shares. A state never becomes a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Final, Protocol

from kembar_gateway.wire import Figure, Measure, Period, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LEAST_SHARE: Final = 0.75
"""Of a period that several figures make up, the share they have to cover: our own convention, and
part of the rule that every report names and anybody can repeat, so that another share is another
rule. How much one figure has to cover, its service has judged by dated rows."""


class Combinable(Protocol):
    """What is asked of an indicator's definition here."""

    @property
    def code(self) -> str:
        """Its code, such as `waste.generated`."""

    @property
    def unit(self) -> str:
        """The unit every figure must have."""

    @property
    def measure(self) -> Measure:
        """How months are combined."""

    @property
    def jurisdictions(self) -> Sequence[str]:
        """The areas whose figures are combined."""


@dataclass(frozen=True, slots=True)
class Disrupted:
    """Months that a disruption, named by its code, was declared to hinder."""

    code: str
    period: Period


@dataclass(frozen=True, slots=True)
class Part:
    """A figure, the months it stands for, and those that are known beside a year's figure."""

    months: int
    figure: Figure
    beside: int = 0


@dataclass(frozen=True, slots=True)
class Combined:
    """What the figures of some months come to."""

    counted: Sequence[Part]
    value: float | None
    state: State
    coverage: float | None
    months: int
    months_expected: int


def combine(
    indicator: Combinable, figures: Sequence[Figure], spans: Sequence[Period], this_month: Period
) -> Combined:
    """Combine the figures of *spans*, at least one, as one period with gaps."""
    parts = parts_of(indicator, figures, spans)
    usable = [p for p in parts if _is_usable(p.figure, indicator, is_alone=len(parts) == 1)]
    months = sum(part.months for part in usable)
    months_expected = sum(span.count for span in spans) * len(indicator.jurisdictions)
    counted = usable or parts
    share, coverage = months / months_expected, _coverage(counted, months_expected)
    share = min(share, 1.0 if coverage is None or len(parts) == 1 else coverage)
    whole = Period(spans[0].first, spans[-1].following)
    state = _state(indicator, parts, usable, share, whole, this_month)
    value = _sum(indicator.measure, [p.figure for p in usable]) if state.has_number else None
    if value is None and state.has_number:
        state = State.NO_DATA
    beside = sum(part.beside for part in parts if part not in usable)
    return Combined(counted, value, state, coverage, months + beside, months_expected)


def parts_of(
    indicator: Combinable, figures: Iterable[Figure], spans: Sequence[Period]
) -> list[Part]:
    """Choose the figures that tile *spans*: a year's own figure, or the figures of its months."""
    found = {
        (figure.jurisdiction, Period.parse(figure.period)): figure
        for figure in figures
        if figure.indicator == indicator.code and figure.jurisdiction in indicator.jurisdictions
    }
    parts: list[Part] = []
    for area in indicator.jurisdictions:
        years = [year for span in spans for year in span.whole_years()]
        own = {year: _own_year(indicator, found, area, year) for year in years}
        by_year = {year: yearly for year, yearly in own.items() if yearly is not None}
        parts += by_year.values()
        parts += [
            Part(1, found[area, month])
            for span in spans
            for month in span.months()
            if (area, month) in found and Period.of_year(month.first // 12) not in by_year
        ]
    return parts


def _own_year(
    indicator: Combinable, found: Mapping[tuple[str, Period], Figure], area: str, year: Period
) -> Part | None:
    """Return the year's own figure where it is the answer.

    A share or a mean is what the service says, also where that is no number: it judged days and
    half-years. Of a total, months that suffice are better; an unusable year never hides them.
    """
    yearly = found.get((area, year))
    if yearly is None:
        return None
    months = [found[area, month] for month in year.months() if (area, month) in found]
    usable = sum(_is_usable(figure, indicator, is_alone=False) for figure in months)
    if indicator.measure is Measure.TOTAL and (
        usable >= LEAST_SHARE * 12 or (months and not _is_usable(yearly, indicator, is_alone=True))
    ):
        return None
    return Part(12, yearly, beside=usable)


def _is_usable(figure: Figure, indicator: Combinable, *, is_alone: bool) -> bool:
    """Say whether *figure* may be counted; one that stands alone needs no denominator."""
    if figure.value is None or figure.unit != indicator.unit:
        return False
    if is_alone or indicator.measure is Measure.TOTAL:
        return True
    return figure.numerator is not None and bool(figure.denominator and figure.denominator > 0)


def _sum(measure: Measure, figures: Sequence[Figure]) -> float | None:
    """Add up what can be added; None where the denominators sum to nothing."""
    if len(figures) == 1:
        return figures[0].value
    if measure is Measure.TOTAL:
        return fsum(figure.value for figure in figures if figure.value is not None)
    denominator = fsum(figure.denominator or 0.0 for figure in figures)
    numerator = fsum(figure.numerator or 0.0 for figure in figures)
    return numerator / denominator if denominator > 0 else None


def _state(
    indicator: Combinable,
    parts: Sequence[Part],
    usable: Sequence[Part],
    share: float,
    period: Period,
    this_month: Period,
) -> State:
    """Say what the outcome can be relied on for, by the rules of the contract's §5.

    *share* is how much of the period has usable figures or, of several, was measured if less.
    """
    over = period.following <= this_month.first
    if period.first > this_month.first:
        return State.NOT_YET_DUE
    if not parts:
        return State.NO_DATA if over else State.NOT_YET_DUE
    if not usable:
        state = _common_state([part.figure for part in parts], indicator)
        return State.NOT_YET_DUE if state is State.INSUFFICIENT and not over else state
    if share < LEAST_SHARE:
        return State.INSUFFICIENT if over else State.NOT_YET_DUE
    figures = [part.figure for part in usable]
    is_certain = (
        over
        and all(figure.state is State.OK for figure in figures)
        and len({figure.method for figure in figures}) == 1
        and (share >= 1 or indicator.measure is not Measure.TOTAL)
    )
    return State.OK if is_certain else State.PROVISIONAL


def _common_state(figures: Sequence[Figure], indicator: Combinable) -> State:
    """Return the one state of figures of which none is usable."""
    if any(figure.state.has_number or figure.unit != indicator.unit for figure in figures):
        return State.CANNOT_ASSESS
    states = {figure.state for figure in figures}
    return states.pop() if len(states) == 1 else State.INSUFFICIENT


def _coverage(counted: Sequence[Part], months_expected: int) -> float | None:
    """Return the share of expected measurements behind the outcome; None where nobody knows."""
    if not counted or any(part.figure.coverage is None for part in counted):
        return None
    return fsum(p.months * (p.figure.coverage or 0.0) for p in counted) / months_expected
