"""A series as outcomes give it, point by point, and as arrays on an axis without holes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_gateway.wire import Period, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

MONTHS: Final = tuple(range(12))
"""Every calendar month is a season of its own."""

WET_AND_DRY: Final = (0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0)
"""Java's two seasons by calendar month: wet November to April (0), dry May to October (1)."""


@dataclass(frozen=True, slots=True)
class Point:
    """One period of a series.

    Attributes:
        period: `2023`, `2023-04` or `2022-11/2023-04`.
        value: In the series' unit; of a censored point its detection limit; None without number.
        state: What the value can be relied on for.
        method: Id of the method it was made by.
        parameter_set: What was measured for it, as one label; empty where there is no choice.
        station_set: Where it was measured, as one label.
        censored: Whether the true value lies somewhere below `value`.
        season_mix: Of a period longer than its seasons, which of them were measured, as one label.
    """

    period: str
    value: float | None
    state: State
    method: str
    parameter_set: str
    station_set: str
    censored: bool = False
    season_mix: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Points on an axis of equal periods without holes.

    Attributes:
        periods: Every period of the span, in order.
        values: Shape (n,), NaN where a period is empty.
        censored: Shape (n,).
        months: Length of a period in calendar months.
        seasons: Shape (n,), the code of each period's season.
        points: Those of the points that are filled, in order.
        unbounded, above: Periods whose detection limit nobody stated, and those beyond a range.
        provisional: Filled points that may still change.
    """

    periods: tuple[Period, ...]
    values: Floats
    censored: Mask
    months: int
    seasons: Codes
    points: tuple[Point, ...]
    unbounded: tuple[str, ...]
    above: tuple[str, ...]
    provisional: int

    @property
    def times(self) -> Floats:
        """Where each period begins, in years; shape (n,)."""
        return np.array([period.first for period in self.periods], dtype=np.float64) / 12.0

    @property
    def filled(self) -> Mask:
        """Which periods have a usable value; shape (n,)."""
        return ~np.isnan(self.values)

    @property
    def per_year(self) -> int:
        """Periods in a year."""
        return 12 // self.months


def arrange(points: Sequence[Point], seasons: Sequence[int] = MONTHS) -> Series:
    """Put points on an axis from the first to the last of them.

    Periods that are not yet due at the end are no part of the span. Periods in between that have
    no point are empty.

    Args:
        points: In any order, of one length that divides a year, each period once.
        seasons: A code for each of the twelve calendar months in which a period may begin.

    Raises:
        ValueError: The periods differ in length, overlap, or do not tile the span.
    """
    ordered = sorted(((Period.parse(point.period), point) for point in points), key=_begin)
    while ordered and ordered[-1][1].state is State.NOT_YET_DUE:
        ordered.pop()
    if not ordered:
        none = np.zeros(0)
        return Series((), none, none > 0, 12, none.astype(np.int64), (), (), (), 0)
    start, months = ordered[0][0].first, ordered[0][0].count
    count = (ordered[-1][0].first - start) // months + 1
    values, censored = np.full(count, np.nan), np.zeros(count, dtype=np.bool_)
    taken: set[int] = set()
    for period, point in ordered:
        place, beside = divmod(period.first - start, months)
        if 12 % months or period.count != months or beside or place in taken:
            raise ValueError(f"{point.period}: not one of equal periods that follow each other")
        taken.add(place)
        if point.value is not None and _is_usable(point):
            values[place], censored[place] = point.value, point.censored
    periods = tuple(Period(start + k * months, start + (k + 1) * months) for k in range(count))
    usable = tuple(point for _, point in ordered if _is_usable(point))
    return Series(
        periods=periods,
        values=values,
        censored=censored,
        months=months,
        seasons=np.array([seasons[period.first % 12] for period in periods], dtype=np.int64),
        points=usable,
        unbounded=tuple(point.period for _, point in ordered if _is_unbounded(point)),
        above=tuple(point.period for _, point in ordered if point.state is State.ABOVE_LIMIT),
        provisional=sum(point.state is State.PROVISIONAL for point in usable),
    )


def _is_usable(point: Point) -> bool:
    if point.value is None or point.state is State.ABOVE_LIMIT:
        return False
    return point.state.has_number or (point.censored and point.state is State.BELOW_LIMIT)


def _is_unbounded(point: Point) -> bool:
    return point.value is None and (point.censored or point.state is State.BELOW_LIMIT)


def _begin(dated: tuple[Period, Point]) -> int:
    return dated[0].first
