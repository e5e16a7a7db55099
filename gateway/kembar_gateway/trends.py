"""What may be said of how the indicators of a cooperation developed, all of them together."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from kembar_gateway import outcomes
from kembar_gateway.wire import Period

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kembar_gateway.statistics.guard import Assessment
    from kembar_gateway.statistics.series import Point
    from kembar_gateway.store import Shelf
    from kembar_gateway.wire import Figure

_MOST_KEPT: Final = 64
"""Cooperations whose last conclusion is kept: computing it takes longer than an answer may."""


def concluded(shelf: Shelf) -> dict[str, Assessment]:
    """Return what may be said of each indicator, by its code.

    The indicators of a cooperation are published together, so their tests count as one family:
    the more of them there are, the more each has to show.

    Args:
        shelf: The figures of one cooperation.
    """
    indicators = shelf.register.indicators_of(shelf.cooperation)
    series = tuple((each.code, each.direction, _points(shelf, each.code)) for each in indicators)
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


def _points(shelf: Shelf, code: str) -> tuple[Point, ...]:
    """Return the periods of an indicator from the first with any figure to the last one due.

    They are months where any figure is one, else years.
    """
    from kembar_gateway.statistics.series import Point  # noqa: PLC0415  as above

    indicator = shelf.register.indicators[code]
    by_period: dict[Period, list[Figure]] = {}
    for figure in shelf.figures.get(code, ()):
        by_period.setdefault(Period.parse(figure.period), []).append(figure)
    lengths = {period.count for period in by_period}
    if not lengths:
        return ()
    length = min(lengths)
    first = min(period.first for period in by_period if period.count == length)
    points = []
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
        points.append(
            Point(
                period=str(period),
                value=outcome.value,
                state=outcome.state,
                method="+".join(outcome.methods),
                parameter_set=_label(_parameters(figure) for figure in figures),
                station_set=_label("+".join(sorted(figure.stations)) for figure in figures),
            )
        )
    return tuple(points)


def _parameters(figure: Figure) -> str:
    parameters = figure.detail.get("parameters")
    return "+".join(sorted(map(str, parameters))) if isinstance(parameters, list) else ""


def _label(parts: Iterable[str]) -> str:
    return "; ".join(sorted(part for part in parts if part))
