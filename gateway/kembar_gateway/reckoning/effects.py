"""Whether a measure changed its place more than a place alike changed without it.

What is called an effect here stands beside a control that was entered before the measure began, by
one method and one set of stations throughout, and is significant among all that are told together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_gateway.statistics import multiple
from kembar_gateway.statistics.control import (
    ALPHA,
    Design,
    Effect,
    before_after_control_impact,
)
from kembar_gateway.wire import Period, State

if TYPE_CHECKING:
    from kembar_gateway.register.interventions import Intervention
    from kembar_gateway.wire import Figure

NO_CONTROL: Final = "no_control"
METHOD_CHANGED: Final = "method_changed"
STATIONS_CHANGED: Final = "stations_changed"

_MONTHS_OF_A_YEAR: Final = 12
_DAYS: Final = 372.0
"""More than a year has, so that a day never counts as one of the next month."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the figures say of one measure.

    Attributes:
        months: Length of the periods that were compared.
        obstacle: Why nothing can be said; None where something can.
        effect: Counts and estimates; None where figures were not even compared.
    """

    months: int
    obstacle: str | None
    effect: Effect | None


def judge(intervention: Intervention, declared: date, figures: Iterable[Figure]) -> Judged:
    """Compare a measure's reach with its control before and after it began.

    A period in which it may have begun belongs to neither side and is left out, as is every figure
    that is less than `ok`: a lower bound has no difference.

    Args:
        intervention: With its control, if it has one.
        declared: Since when the register holds this design unchanged.
        figures: Any; those of other indicators and areas are passed over.
    """
    areas = (intervention.reach, intervention.control)
    own = [
        figure
        for figure in figures
        if figure.indicator == intervention.indicator
        and figure.jurisdiction in areas
        and figure.state is State.OK
    ]
    lengths = {Period.parse(figure.period).count for figure in own}
    months = min(lengths, default=1)
    compared = [figure for figure in own if Period.parse(figure.period).count == months]
    if intervention.control is None:
        return Judged(months, NO_CONTROL, None)
    if len({figure.method for figure in compared}) > 1:
        return Judged(months, METHOD_CHANGED, None)
    if any(_has_other_stations(compared, area) for area in areas):
        return Judged(months, STATIONS_CHANGED, None)
    effect = _compared(intervention, declared, compared, months)
    return Judged(months, None if effect.obstacle is None else effect.obstacle.value, effect)


def wordings(judged: Sequence[Judged], ascending: Sequence[bool]) -> list[tuple[str, float | None]]:
    """Say of each measure what may be said, and with which p among all of them.

    Args:
        judged: All measures that are told together: the more, the more each has to show.
        ascending: Of each, whether a greater value of its indicator is a better one.

    Returns:
        `contributed_to_improvement`, `contributed_to_worsening`, `no_effect_shown` or
        `not_assessable`; the raised p, None where nothing was tested.
    """
    levels = [each.effect.level if each.effect is not None else None for each in judged]
    tested = [place for place, level in enumerate(levels) if level is not None]
    raised = multiple.holm(np.array([level.p for level in levels if level is not None]))
    adjusted = dict(zip(tested, raised.tolist(), strict=True))
    said: list[tuple[str, float | None]] = []
    for place, (level, is_up) in enumerate(zip(levels, ascending, strict=True)):
        p = adjusted.get(place)
        if level is None or p is None:
            said.append(("not_assessable", None))
        elif p >= ALPHA:
            said.append(("no_effect_shown", p))
        else:
            is_better = (level.value > 0) is is_up
            said.append((f"contributed_to_{'improvement' if is_better else 'worsening'}", p))
    return said


def _compared(
    intervention: Intervention, declared: date, figures: Sequence[Figure], months: int
) -> Effect:
    span = intervention.started.span
    by_place: dict[tuple[str | None, int], float | None] = {
        (f.jurisdiction, Period.parse(f.period).first): f.value for f in figures
    }
    firsts = [Period.parse(figure.period).first for figure in figures]
    places = list(range(min(firsts, default=0), max(firsts, default=-1) + 1, months))
    sides = {
        area: np.array(
            [
                _or_nan(by_place.get((area, place)))
                if _is_on_a_side(place, months, span.first, span.last)
                else np.nan
                for place in places
            ]
        )
        for area in (intervention.reach, intervention.control)
    }
    began = _first_period_after(span.last, months)
    return before_after_control_impact(
        sides[intervention.reach],
        sides[intervention.control],
        np.array(places, dtype=np.float64) / _MONTHS_OF_A_YEAR,
        np.array(places, dtype=np.int64) % _MONTHS_OF_A_YEAR,
        Design(
            started=began / _MONTHS_OF_A_YEAR,
            declared=declared.year + ((declared.month - 1) * 31 + declared.day - 1) / _DAYS,
            months=months,
        ),
    )


def _is_on_a_side(place: int, months: int, earliest: date, latest: date) -> bool:
    """Say whether a period lies surely before the start, or surely after it."""
    first = date(place // 12, place % 12 + 1, 1)
    following = date((place + months) // 12, (place + months) % 12 + 1, 1)
    return following - timedelta(days=1) < earliest or first >= latest


def _first_period_after(latest: date, months: int) -> int:
    """Return the first period that has the measure from its first day on, in months of year 0."""
    month = latest.year * 12 + latest.month - 1 + (latest.day > 1)
    return -(-month // months) * months


def _has_other_stations(figures: Sequence[Figure], area: str | None) -> bool:
    return len({tuple(sorted(f.stations)) for f in figures if f.jurisdiction == area}) > 1


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
