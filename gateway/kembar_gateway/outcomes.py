"""What was reached: figures, or entries of the register, become an outcome with its target."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Any, Final, Protocol

from kembar_gateway import combining, marks, tallies
from kembar_gateway.combining import Combinable, Disrupted
from kembar_gateway.wire import Figure, Origin, Period, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from kembar_gateway.marks import Aim, Mark, PeriodMark
    from kembar_gateway.tallies import Term

_REAL_FIRST: Final = tuple(Origin)


class Indicator(Combinable, Protocol):
    """What is asked of an indicator's definition here."""

    @property
    def baseline(self) -> Mark | None:
        """What the indicator was before; None where nobody stated it."""

    @property
    def targets(self) -> Sequence[Mark]:
        """What it shall become, by year."""

    @property
    def period_targets(self) -> Sequence[PeriodMark]:
        """What it shall become in single periods."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a source last confirmed its figures, and whether that is too long ago."""

    service: str
    fetched_at: datetime | None
    age_s: float | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Undisrupted:
    """The same without the months of a disruption; SUSPENDED where none is left."""

    value: float | None
    state: State
    n: int
    coverage: float | None
    months: int
    months_expected: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """One indicator in one period; `value` is None wherever `state` gives no number.

    Attributes:
        n, expected, coverage: Measurements counted and expected, and their share, 0 to 1; of what
            is reckoned from the register, its entries.
        numerator, denominator: Of what is reckoned from the register.
        months, months_expected: Months (times jurisdictions) with a usable figure.
        progress: (actual - baseline) / (target - baseline); 1 means the target is reached.
        achievement: actual / target.
        methods: Methods of the figures used.
        disruptions: What was declared to disrupt the period or a part of it.
        undisrupted: The same without those months; None where nothing disrupts.
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
    target: Aim | None
    progress: float | None
    achievement: float | None
    sources: tuple[Freshness, ...]
    computed_at: datetime
    numerator: float | None = None
    denominator: float | None = None
    disruptions: tuple[str, ...] = ()
    undisrupted: Undisrupted | None = None


def compute(
    indicator: Indicator,
    figures: Iterable[Figure],
    period: Period,
    *,
    this_month: Period,
    sources: tuple[Freshness, ...],
    computed_at: datetime,
    disrupted: Sequence[Disrupted] = (),
) -> Outcome:
    """Compute the outcome of *indicator* in *period* from stored figures alone.

    Args:
        indicator: Its definition.
        figures: Any figures; those of other indicators, areas and periods are passed over.
        period: What is asked for.
        this_month: The cooperation's current month; a period that ends later is not over.
        sources: How fresh the figures are.
        computed_at: The instant of asking.
        disrupted: Any months of disruptions; they change nothing but `undisrupted`.
    """
    figures = list(figures)
    found = combining.combine(indicator, figures, [period], this_month)
    overlapping = [each for each in disrupted if each.period.within(period)]
    return _outcome(
        indicator,
        period,
        found.value,
        found.state,
        n=sum(part.figure.n for part in found.counted),
        expected=fsum(part.figure.expected for part in found.counted),
        coverage=found.coverage,
        months=found.months,
        months_expected=found.months_expected,
        origin=_least_real(part.figure.origin for part in found.counted),
        methods=tuple(sorted({part.figure.method for part in found.counted})),
        sources=sources,
        computed_at=computed_at,
        disruptions=tuple(dict.fromkeys(each.code for each in overlapping)),
        undisrupted=_undisrupted(indicator, figures, period, this_month, overlapping)
        if overlapping
        else None,
    )


def tallied(
    indicator: Indicator,
    terms: Sequence[Term],
    period: Period,
    *,
    this_month: Period,
    sources: tuple[Freshness, ...],
    computed_at: datetime,
) -> Outcome:
    """Compute the outcome of an indicator that follows from the register's entries.

    Args:
        indicator: Its definition.
        terms: What each entry adds in *period*.
        period: What is asked for.
        this_month: The cooperation's current month.
        sources: Where the entries are from.
        computed_at: The instant of asking.
    """
    found = tallies.tally(terms, indicator.measure, period, this_month=this_month)
    return _outcome(
        indicator,
        period,
        found.value,
        found.state,
        n=found.n,
        expected=float(found.expected),
        coverage=found.coverage,
        months=0 if found.value is None else period.count,
        months_expected=period.count,
        origin=Origin.REAL if terms else None,
        methods=tuple(sorted({term.method for term in terms})),
        sources=sources,
        computed_at=computed_at,
        numerator=found.numerator,
        denominator=found.denominator,
    )


def _outcome(
    indicator: Indicator,
    period: Period,
    value: float | None,
    state: State,
    **members: Any,  # Any: the members of an outcome, whatever their types
) -> Outcome:
    """Return an outcome with its target, and how near it is."""
    target = marks.aim(indicator, period)
    return Outcome(
        indicator=indicator.code,
        period=period,
        value=value,
        state=state,
        unit=indicator.unit,
        baseline=indicator.baseline,
        target=target,
        progress=marks.progress(value, indicator.baseline, target),
        achievement=marks.achievement(value, target),
        **members,
    )


def _undisrupted(
    indicator: Indicator,
    figures: Sequence[Figure],
    period: Period,
    this_month: Period,
    disrupted: Sequence[Disrupted],
) -> Undisrupted:
    """Combine what is left of a period; a figure of a year tells nothing of a part of it."""
    hindered = {month for each in disrupted for month in each.period.months()}
    spans: list[Period] = []
    for month in period.months():
        if month in hindered:
            continue
        if spans and spans[-1].following == month.first:
            month = Period(spans.pop().first, month.following)
        spans.append(month)
    if not spans:
        return Undisrupted(None, State.SUSPENDED, 0, None, 0, 0)
    found = combining.combine(indicator, figures, spans, this_month)
    state = found.state
    if not found.counted and combining.parts_of(indicator, figures, [period]):
        state = State.CANNOT_ASSESS
    return Undisrupted(
        found.value,
        state,
        sum(part.figure.n for part in found.counted),
        found.coverage,
        found.months,
        found.months_expected,
    )


def used(indicator: Indicator, figures: Iterable[Figure], period: Period) -> list[Figure]:
    """Return the figures that `compute` makes the outcome of a period from, usable or not."""
    return [part.figure for part in combining.parts_of(indicator, figures, [period])]


def findings(outcome: Outcome) -> list[str]:
    """Say what an outcome lacks to be judged."""
    found = [] if outcome.target is not None else ["no-target"]
    if outcome.baseline is None:
        return [*found, "no-baseline"]
    is_same = outcome.target is not None and outcome.target.value == outcome.baseline.value
    return [*found, "baseline-is-target"] if is_same else found


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


def _least_real(origins: Iterable[Origin]) -> Origin | None:
    return max(origins, key=_REAL_FIRST.index, default=None)
