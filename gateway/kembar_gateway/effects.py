"""Whether a measure changed an indicator, beside an area that was named before it began."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from kembar_gateway import trends
from kembar_gateway.wire import Period

if TYPE_CHECKING:
    from kembar_gateway.register.judging import Indicator
    from kembar_gateway.shelves import Shelf
    from kembar_gateway.statistics.control import Effect
    from kembar_gateway.statistics.series import Point

METHOD: Final = "kembar/before-after-control-impact@1"
CONFIDENCE: Final = 0.95
ALPHA: Final = 0.05

_UNIFORM: Final = frozenset({"method_changed", "parameters_changed", "stations_changed"})
_MOST_KEPT: Final = 256


class LevelShown(BaseModel):
    """By how much the indicator moved away from its control, in its unit."""

    value: float
    lower: float
    upper: float
    confidence: float
    p: float
    p_adjusted: float = Field(description="The same among all measures of the cooperation.")


class EffectShown(BaseModel):
    """Whether a measure can be said to have contributed to a change.

    Only a control that stood in the register before the measure began can tell its effect from
    all else; without one, or with too few pairs, it is not assessable.
    """

    wording: str = Field(
        description="`contributed_to_rise`, `contributed_to_fall`, `none_shown` or "
        "`not_assessable`."
    )
    reason: str | None = Field(description="Why it is not assessable.")
    method: str
    control: str | None = Field(description="The area it is compared with.")
    started: str | None = Field(description="The first month with the measure.")
    declared_at: datetime | None = Field(description="Since when the control is in the register.")
    programme: str | None
    before: int = Field(description="Pairs of periods with a number in both areas.")
    after: int
    level: LevelShown | None


def concluded(shelf: Shelf) -> dict[str, EffectShown]:
    """Return what may be said of measures, by the code of each measured indicator.

    All of them are published together, so their tests count as one family.

    Args:
        shelf: The figures of one cooperation.
    """
    found = shelf.register.indicators_of(shelf.cooperation)
    measured = [each for each in found if not each.is_reckoned]
    judged = [(each, *_judged(shelf, each)) for each in measured]
    tested = {each.code: e.level.p for each, e, _ in judged if e is not None and e.level}
    adjusted = dict(zip(tested, _adjusted(tuple(tested.values())), strict=True))
    return {
        each.code: _shown(shelf, each, effect, reason, adjusted.get(each.code))
        for each, effect, reason in judged
    }


def _judged(shelf: Shelf, indicator: Indicator) -> tuple[Effect | None, str | None]:
    """Return what the comparison found, or why there is none."""
    control = indicator.control
    if control is None:
        return None, "no_control"
    beside = indicator.model_copy(update={"jurisdictions": (control.jurisdiction,)})
    declared = shelf.declared_at(indicator)
    zone = ZoneInfo(shelf.register.cooperations[shelf.cooperation].timezone)
    return _compared(
        trends.points(shelf, indicator),
        trends.points(shelf, beside),
        Period.parse(control.started).first,
        None if declared is None else _years(declared.astimezone(zone)),
    )


@lru_cache(maxsize=_MOST_KEPT)
def _compared(
    impact: tuple[Point, ...], control: tuple[Point, ...], started: int, declared: float | None
) -> tuple[Effect | None, str | None]:
    """Compare two series around the month *started*, counted from year 0."""
    # Numpy and what lies behind it cost every start; most starts ask for no effect.
    import numpy as np  # noqa: PLC0415

    from kembar_gateway.statistics import coverage  # noqa: PLC0415
    from kembar_gateway.statistics.control import (  # noqa: PLC0415
        Design,
        before_after_control_impact,
    )
    from kembar_gateway.statistics.series import arrange  # noqa: PLC0415

    pair = [arrange(impact), arrange(control)]
    if any(not each.filled.any() for each in pair):
        return None, "no_values"
    if pair[0].months != pair[1].months:
        return None, "periods_differ"
    for each in pair:
        for refusal in coverage.changed(each):
            if refusal.reason in _UNIFORM:
                return None, refusal.reason.value
    months = pair[0].months
    first = min(each.periods[0].first for each in pair)
    following = max(each.periods[-1].following for each in pair)
    begins = np.arange(first, following, months)
    values = np.full((2, len(begins)), np.nan)
    for row, each in zip(values, pair, strict=True):
        place = (each.periods[0].first - first) // months
        row[place : place + len(each.periods)] = each.values
    # A period in which the measure began is neither before nor after.
    values[:, (begins < started) & (started < begins + months)] = np.nan
    design = Design(started=started / 12, declared=declared, months=months)
    effect = before_after_control_impact(values[0], values[1], begins / 12.0, begins % 12, design)
    return effect, None if effect.obstacle is None else effect.obstacle.value


@lru_cache(maxsize=_MOST_KEPT)
def _adjusted(probabilities: tuple[float, ...]) -> tuple[float, ...]:
    if not probabilities:
        return ()
    import numpy as np  # noqa: PLC0415  as above

    from kembar_gateway.statistics import multiple  # noqa: PLC0415

    return tuple(multiple.holm(np.array(probabilities)).tolist())


def _years(at: datetime) -> float:
    """Return an instant in years, as the periods of a series are."""
    return at.year + (at.month - 1 + (at.day - 1) / monthrange(at.year, at.month)[1]) / 12


def _shown(
    shelf: Shelf,
    indicator: Indicator,
    effect: Effect | None,
    reason: str | None,
    p_adjusted: float | None,
) -> EffectShown:
    control = indicator.control
    level = None if effect is None or p_adjusted is None else effect.level
    wording = "not_assessable"
    if level is not None and p_adjusted is not None:
        is_shown, way = p_adjusted < ALPHA, "rise" if level.value > 0 else "fall"
        wording = f"contributed_to_{way}" if is_shown else "none_shown"
    return EffectShown(
        wording=wording,
        reason=reason,
        method=METHOD,
        control=None if control is None else control.jurisdiction,
        started=None if control is None else control.started,
        declared_at=None if control is None else shelf.declared_at(indicator),
        programme=None if control is None else control.programme,
        before=0 if effect is None else effect.before,
        after=0 if effect is None else effect.after,
        level=None
        if level is None or p_adjusted is None
        else LevelShown(
            value=trends.short(level.value),
            lower=trends.short(level.lower),
            upper=trends.short(level.upper),
            confidence=CONFIDENCE,
            p=trends.short(level.p),
            p_adjusted=trends.short(p_adjusted),
        ),
    )
