"""What was reached: figures of months and years become one outcome with baseline and target.

Months are added up by their numerators and denominators, so that a year's share is the share of
the year and not the mean of twelve shares. A state never becomes a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Final, Protocol

from kembar_gateway.wire import Figure, Measure, Origin, Period, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

LEAST_SHARE: Final = 0.75
_REAL_FIRST: Final = tuple(Origin)


class Mark(Protocol):
    """A baseline or a target: what was stated for one year."""

    @property
    def year(self) -> int:
        """The calendar year it is stated for."""

    @property
    def value(self) -> float:
        """The value, in the indicator's unit."""


class Indicator(Protocol):
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

    @property
    def baseline(self) -> Mark | None:
        """What the indicator was before; None where nobody stated it."""

    @property
    def targets(self) -> Sequence[Mark]:
        """What it shall become, by year."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a source last confirmed its figures, and whether that is too long ago."""

    service: str
    fetched_at: datetime | None
    age_s: float | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """One indicator in one period; `value` is None wherever `state` gives no number.

    Attributes:
        n, expected, coverage: Measurements counted and expected, and their share, 0 to 1.
        months, months_expected: Months (times jurisdictions) with a usable figure.
        progress: (actual - baseline) / (target - baseline); 1 means the target is reached.
        achievement: actual / target.
        methods: Methods of the figures used.
    """

    indicator: str
    period: Period
    value: float | None
    unit: str
    state: State
    n: int
    expected: float
    coverage: float | None
    months: int
    months_expected: int
    origin: Origin | None
    methods: tuple[str, ...]
    baseline: Mark | None
    target: Mark | None
    progress: float | None
    achievement: float | None
    sources: tuple[Freshness, ...]
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class _Part:
    """A figure, the months it stands for, and those that are known beside a year's figure."""

    months: int
    figure: Figure
    beside: int = 0


def compute(
    indicator: Indicator,
    figures: Iterable[Figure],
    period: Period,
    *,
    this_month: Period,
    sources: tuple[Freshness, ...],
    computed_at: datetime,
) -> Outcome:
    """Compute the outcome of *indicator* in *period* from stored figures alone.

    Args:
        indicator: Its definition.
        figures: Any figures; those of other indicators, areas and periods are passed over.
        period: What is asked for.
        this_month: The cooperation's current month; a period that ends later is not over.
        sources: How fresh the figures are.
        computed_at: The instant of asking.
    """
    parts = _parts(indicator, figures, period)
    usable = [p for p in parts if _is_usable(p.figure, indicator, is_alone=len(parts) == 1)]
    months = sum(part.months for part in usable)
    months_expected = period.count * len(indicator.jurisdictions)
    counted = usable or parts
    share, coverage = months / months_expected, _coverage(counted, months_expected)
    share = min(share, 1.0 if coverage is None or len(parts) == 1 else coverage)
    state = _state(indicator, parts, usable, share, period, this_month)
    value = _combine(indicator.measure, [p.figure for p in usable]) if state.has_number else None
    if value is None and state.has_number:
        state = State.NO_DATA
    target = _target(indicator, period)
    return Outcome(
        indicator=indicator.code,
        period=period,
        value=value,
        unit=indicator.unit,
        state=state,
        n=sum(part.figure.n for part in counted),
        expected=fsum(part.figure.expected for part in counted),
        coverage=coverage,
        months=months + sum(part.beside for part in parts if part not in usable),
        months_expected=months_expected,
        origin=_least_real(part.figure.origin for part in counted),
        methods=tuple(sorted({part.figure.method for part in counted})),
        baseline=indicator.baseline,
        target=target,
        progress=_progress(value, indicator.baseline, target),
        achievement=value / target.value if value is not None and target and target.value else None,
        sources=sources,
        computed_at=computed_at,
    )


def used(indicator: Indicator, figures: Iterable[Figure], period: Period) -> list[Figure]:
    """Return the figures that `compute` makes the outcome of a period from, usable or not."""
    return [part.figure for part in _parts(indicator, figures, period)]


def freshness(
    service: str, fetched_at: datetime | None, *, now: datetime, stale_after_s: float
) -> Freshness:
    """Say how old a service's figures are at *now*; never fetched is stale."""
    if fetched_at is None:
        return Freshness(service, None, None, stale=True)
    age_s = max(0.0, (now - fetched_at).total_seconds())
    return Freshness(service, fetched_at, round(age_s, 3), stale=age_s > stale_after_s)


def years_with_figures(figures: Iterable[Figure]) -> list[int]:
    """List the calendar years that any figure lies in, ascending."""
    return sorted({int(figure.period[:4]) for figure in figures})


def _parts(indicator: Indicator, figures: Iterable[Figure], period: Period) -> list[_Part]:
    """Choose the figures that tile *period*: a year's own figure, or the figures of its months."""
    found = {
        (figure.jurisdiction, Period.parse(figure.period)): figure
        for figure in figures
        if figure.indicator == indicator.code and figure.jurisdiction in indicator.jurisdictions
    }
    parts: list[_Part] = []
    for area in indicator.jurisdictions:
        years = {year: _own_year(indicator, found, area, year) for year in period.whole_years()}
        by_year = {year: yearly for year, yearly in years.items() if yearly is not None}
        parts += by_year.values()
        parts += [
            _Part(1, found[area, month])
            for month in period.months()
            if (area, month) in found and Period.of_year(month.first // 12) not in by_year
        ]
    return parts


def _own_year(
    indicator: Indicator, found: Mapping[tuple[str, Period], Figure], area: str, year: Period
) -> _Part | None:
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
    return _Part(12, yearly, beside=usable)


def _is_usable(figure: Figure, indicator: Indicator, *, is_alone: bool) -> bool:
    """Say whether *figure* may be counted; one that stands alone needs no denominator."""
    if figure.value is None or figure.unit != indicator.unit:
        return False
    if is_alone or indicator.measure is Measure.TOTAL:
        return True
    return figure.numerator is not None and bool(figure.denominator and figure.denominator > 0)


def _combine(measure: Measure, figures: Sequence[Figure]) -> float | None:
    """Add up what can be added; None where the denominators sum to nothing."""
    if len(figures) == 1:
        return figures[0].value
    if measure is Measure.TOTAL:
        return fsum(figure.value for figure in figures if figure.value is not None)
    denominator = fsum(figure.denominator or 0.0 for figure in figures)
    numerator = fsum(figure.numerator or 0.0 for figure in figures)
    return numerator / denominator if denominator > 0 else None


def _state(
    indicator: Indicator,
    parts: Sequence[_Part],
    usable: Sequence[_Part],
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


def _common_state(figures: Sequence[Figure], indicator: Indicator) -> State:
    """Return the one state of figures of which none is usable."""
    if any(figure.state.has_number or figure.unit != indicator.unit for figure in figures):
        return State.CANNOT_ASSESS
    states = {figure.state for figure in figures}
    return states.pop() if len(states) == 1 else State.INSUFFICIENT


def _coverage(counted: Sequence[_Part], months_expected: int) -> float | None:
    """Return the share of expected measurements behind the outcome; None where nobody knows."""
    if not counted or any(part.figure.coverage is None for part in counted):
        return None
    return fsum(p.months * (p.figure.coverage or 0.0) for p in counted) / months_expected


def _target(indicator: Indicator, period: Period) -> Mark | None:
    """Return the target in force: the first one for the period's last year or a later one."""
    if indicator.measure is Measure.TOTAL and period.count != 12:
        return None
    last_year = (period.following - 1) // 12
    ahead = [target for target in indicator.targets if target.year >= last_year]
    return min(ahead, key=lambda target: target.year, default=None)


def _progress(value: float | None, baseline: Mark | None, target: Mark | None) -> float | None:
    if value is None or baseline is None or target is None or target.value == baseline.value:
        return None
    return (value - baseline.value) / (target.value - baseline.value)


def _least_real(origins: Iterable[Origin]) -> Origin | None:
    return max(origins, key=_REAL_FIRST.index, default=None)
