"""What may be said of how the indicators of a cooperation developed, all of them together."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field

from kembar_gateway import outcomes
from kembar_gateway.wire import Period

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kembar_gateway.register.judging import Indicator
    from kembar_gateway.shelves import Shelf
    from kembar_gateway.statistics.guard import Assessment
    from kembar_gateway.statistics.series import Point
    from kembar_gateway.wire import Figure

METHOD: Final = "kembar/seasonal-mann-kendall@1"
_MOST_DETAILS: Final = 12
_MOST_KEPT: Final = 64
"""Cooperations whose last conclusion is kept: computing it takes longer than an answer may."""


class SlopeShown(BaseModel):
    """How much an indicator changes in a year, by the median of its pairs of periods."""

    value: float
    lower: float | None
    upper: float | None
    confidence: float = Field(description="Of the range from `lower` to `upper`, 0 to 1.")


class RefusalShown(BaseModel):
    """What a series lacks for a trend."""

    reason: str
    found: float
    limit: float
    details: list[str] = Field(description="The first of the periods or labels it is about.")


class TrendShown(BaseModel):
    """What may be said of how an indicator developed up to now, whatever period was asked for.

    `change` alone says improved or worsened: it is null wherever the trend is not significant among
    all indicators of the cooperation. `none_shown` does not mean that nothing changed.
    """

    wording: str = Field(
        description="`increasing`, `likely_increasing`, `none_shown`, `likely_decreasing`, "
        "`decreasing` or `not_assessable`."
    )
    change: str | None = Field(description="`improved` or `worsened`.")
    reason: str | None = Field(description="Why it is not assessable: the weightiest refusal.")
    refusals: list[RefusalShown]
    slope: SlopeShown | None
    n: int = Field(description="Periods with a number.")
    expected: int = Field(description="Periods from the first to the last one due.")
    first: str
    last: str
    p: float | None = Field(description="Of the rank test, corrected for autocorrelation.")
    p_adjusted: float | None = Field(description="The same among all tests of the cooperation.")
    tests: int = Field(description="How many these are.")
    method: str
    score: int | None = Field(description="S: pairs of periods that rise less those that fall.")
    variance: float | None = Field(description="Of S without any trend, ties allowed for.")
    inflation: float | None = Field(description="What autocorrelation multiplies it by.")


def concluded(shelf: Shelf) -> dict[str, Assessment]:
    """Return what may be said of each measured indicator, by its code.

    The indicators of a cooperation are published together, so their tests count as one family:
    the more of them there are, the more each has to show.

    Args:
        shelf: The figures of one cooperation.
    """
    found = shelf.register.indicators_of(shelf.cooperation)
    indicators = [each for each in found if not each.is_reckoned]
    series = tuple((each.code, each.direction, points(shelf, each)) for each in indicators)
    return _concluded(series)


@lru_cache(maxsize=_MOST_KEPT)
def _concluded(
    series: tuple[tuple[str, str, tuple[Point, ...]], ...],
) -> dict[str, Assessment]:
    # Numpy and what lies behind it cost every start; most starts ask for no trend.
    from kembar_gateway.statistics import guard  # noqa: PLC0415

    own = [guard.assess(points, guard.Direction(way)) for _, way, points in series]
    codes = [code for code, _, _ in series]
    return dict(zip(codes, guard.conclude(own), strict=True))


def shown(assessment: Assessment) -> TrendShown:
    """Return an assessment as it is answered."""
    test, slope, covered = assessment.test, assessment.slope, assessment.coverage
    return TrendShown(
        wording=assessment.wording.value,
        change=None if assessment.change is None else assessment.change.value,
        reason=None if assessment.reason is None else assessment.reason.value,
        refusals=[
            RefusalShown(
                reason=refusal.reason.value,
                found=short(refusal.found),
                limit=short(refusal.limit),
                details=list(refusal.details[:_MOST_DETAILS]),
            )
            for refusal in assessment.refusals
        ],
        slope=None
        if slope is None
        else SlopeShown(
            value=short(slope.value),
            lower=None if slope.lower is None else short(slope.lower),
            upper=None if slope.upper is None else short(slope.upper),
            confidence=slope.confidence,
        ),
        n=covered.filled,
        expected=covered.expected,
        first=covered.first,
        last=covered.last,
        p=None if test is None else short(test.p),
        p_adjusted=None if assessment.p_adjusted is None else short(assessment.p_adjusted),
        tests=assessment.tests,
        method=METHOD,
        score=None if test is None else test.score,
        variance=None if test is None else short(test.variance),
        inflation=None if test is None else short(test.inflation),
    )


def short(number: float) -> float:
    """Round to six digits: libraries differ in the last ones, and nobody reads them."""
    return float(f"{number:.6g}")


def points(shelf: Shelf, indicator: Indicator) -> tuple[Point, ...]:
    """Return the periods of an indicator from the first with any figure to the last one due.

    They are months where any figure is one, else years.
    """
    from kembar_gateway.statistics.series import Point  # noqa: PLC0415  as above

    by_period: dict[Period, list[Figure]] = {}
    for figure in shelf.figures.get(indicator.code, ()):
        if figure.jurisdiction not in indicator.jurisdictions:
            continue
        by_period.setdefault(Period.parse(figure.period), []).append(figure)
    lengths = {period.count for period in by_period}
    if not lengths:
        return ()
    length = min(lengths)
    first = min(period.first for period in by_period if period.count == length)
    found = []
    for month in range(first, shelf.this_month.first - length + 1, length):
        period = Period(month, month + length)
        figures = by_period.get(period, [])
        outcome = outcomes.compute(
            indicator,
            figures,
            period,
            this_month=shelf.this_month,
            sources=(),
            computed_at=shelf.now,
        )
        found.append(
            Point(
                period=str(period),
                value=outcome.value,
                state=outcome.state,
                method="+".join(outcome.methods),
                parameter_set=_label(_parameters(figure) for figure in figures),
                station_set=_label("+".join(sorted(figure.stations)) for figure in figures),
            )
        )
    return tuple(found)


def _parameters(figure: Figure) -> str:
    parameters = figure.detail.get("parameters")
    return "+".join(sorted(map(str, parameters))) if isinstance(parameters, list) else ""


def _label(parts: Iterable[str]) -> str:
    return "; ".join(sorted(part for part in parts if part))
