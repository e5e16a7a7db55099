"""Whether something changed when a measure began, beside a control where there is one.

Only a change beside a control that was named beforehand may be attributed to the measure, and
the text for it says "contributed to".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_gateway.statistics import regression

if TYPE_CHECKING:
    import numpy.typing as npt

    from kembar_gateway.statistics.regression import Estimate

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

LEAST_EACH_SIDE: Final = 8
LEAST_MONTHS_EACH_SIDE: Final = 12
CONFIDENCE: Final = 0.95
ALPHA: Final = 0.05


class Obstacle(StrEnum):
    """Why an effect cannot be assessed."""

    CONTROL_DECLARED_LATE = "control_declared_late"
    TOO_FEW_BEFORE = "too_few_before"
    TOO_FEW_AFTER = "too_few_after"
    NOT_SEPARABLE = "not_separable"
    NOT_PARALLEL_BEFORE = "not_parallel_before"


@dataclass(frozen=True, slots=True)
class Design:
    """When a measure began and what it is judged beside.

    Attributes:
        started: Where the first period with the measure begins, in years (2021.5 is July 2021).
        declared: When the control was named, in years; None where there is no control.
        months: Length of a period in calendar months.
    """

    started: float
    declared: float | None
    months: int

    @property
    def least_each_side(self) -> int:
        """How many values are needed before, and how many after."""
        return LEAST_MONTHS_EACH_SIDE if self.months == 1 else LEAST_EACH_SIDE


@dataclass(frozen=True, slots=True)
class Effect:
    """What changed when the measure began.

    Attributes:
        before, after: Values counted on each side, pairs where there is a control.
        obstacle: Why nothing can be said; None where something can.
        level: The jump, in the values' unit.
        slope: The change of the yearly slope, in this unit per year; None where none was fitted.
        drift: The yearly slope of the difference before; None where it was not looked for.
        is_attributable: Whether a control named beforehand stands beside it.
    """

    before: int
    after: int
    obstacle: Obstacle | None = None
    level: Estimate | None = None
    slope: Estimate | None = None
    drift: Estimate | None = None
    is_attributable: bool = False


def before_after_control_impact(
    impact: Floats, control: Floats, times: Floats, seasons: Codes, design: Design
) -> Effect:
    """Estimate how far the impacted place moved away from its control.

    Args:
        impact: Shape (n,), one for each period in order; NaN where a period is empty.
        control: Shape (n,), the paired place in the same periods and unit.
        times: Shape (n,), where each period begins, in years, ascending.
        seasons: Shape (n,), a code for each season; each has a level of its own.
        design: When it began and when the control was named.

    Returns:
        The effect on the difference impact - control; not assessable where the difference
        already drifted before, since it would have gone on without any measure.

    Source:
        Stewart-Oaten, Murdoch and Parker (1986), Ecology 67, 929-940; least numbers: domain E3.
    """
    difference = impact - control
    post = times >= design.started
    effect = _count(difference, post, design, is_controlled=True)
    if effect.obstacle is not None:
        return effect
    levels = _levels(seasons, ~np.isnan(difference))
    columns = np.column_stack([post * 1.0, levels])
    jump = regression.fit(difference, columns, seasons=levels.shape[1])
    drift = _drift(difference[~post], times[~post], seasons[~post])
    if jump is None or drift is None:
        return replace(effect, obstacle=Obstacle.NOT_SEPARABLE)
    if drift.p < ALPHA:
        return replace(effect, obstacle=Obstacle.NOT_PARALLEL_BEFORE, drift=drift)
    level = jump.estimate(0, confidence=CONFIDENCE)
    return replace(effect, level=level, drift=drift, is_attributable=True)


def interrupted_series(
    values: Floats,
    times: Floats,
    seasons: Codes,
    design: Design,
    *,
    control: Floats | None = None,
) -> Effect:
    """Estimate the jump and the bend of a series at the time a measure began.

    `y = b0 + b1 t + b2 post + b3 (t - t0) post`, fitted to the difference to a control where
    there is one.

    Args:
        values: Shape (n,), one for each period in order; NaN where a period is empty.
        times: Shape (n,), where each period begins, in years, ascending.
        seasons: Shape (n,), a code for each season; each has a level b0 of its own.
        design: When it began and, with a control, when that was named.
        control: Shape (n,), another river's or another city's series in the same unit.

    Returns:
        b2 as level and b3 as slope.

    Source:
        Domain E3; Wagner, Soumerai, Zhang and Ross-Degnan (2002), J. Clin. Pharm. Ther. 27,
        299-309.
    """
    series = values if control is None else values - control
    post = times >= design.started
    effect = _count(series, post, design, is_controlled=control is not None)
    if effect.obstacle is not None:
        return effect
    since = times - design.started
    levels = _levels(seasons, ~np.isnan(series))
    columns = np.column_stack([post * 1.0, since * post, since, levels])
    found = regression.fit(series, columns, seasons=levels.shape[1])
    if found is None:
        return replace(effect, obstacle=Obstacle.NOT_SEPARABLE)
    return replace(
        effect,
        level=found.estimate(0, confidence=CONFIDENCE),
        slope=found.estimate(1, confidence=CONFIDENCE),
        is_attributable=control is not None,
    )


def _count(series: Floats, post: Mask, design: Design, *, is_controlled: bool) -> Effect:
    """Count the values on each side, and say what already forbids an estimate."""
    filled = ~np.isnan(series)
    before, after = int((filled & ~post).sum()), int((filled & post).sum())
    obstacle = None
    if is_controlled and (design.declared is None or design.declared > design.started):
        obstacle = Obstacle.CONTROL_DECLARED_LATE
    elif before < design.least_each_side:
        obstacle = Obstacle.TOO_FEW_BEFORE
    elif after < design.least_each_side:
        obstacle = Obstacle.TOO_FEW_AFTER
    return Effect(before, after, obstacle)


def _drift(before: Floats, times: Floats, seasons: Codes) -> Estimate | None:
    """Return the yearly slope before the measure; None where it cannot be told.

    A single year does not tell seasons from a slope, so they share one level then.
    """
    filled = ~np.isnan(before)
    since = times - times[-1]
    for codes in (seasons, np.zeros_like(seasons)):
        levels = _levels(codes, filled)
        found = regression.fit(before, np.column_stack([since, levels]), seasons=levels.shape[1])
        if found is not None:
            return found.estimate(0, confidence=CONFIDENCE)
    return None


def _levels(seasons: Codes, filled: Mask) -> Floats:
    """Return a column of zeros and ones for each season that has a value; shape (n, seasons)."""
    levels: Floats = np.equal.outer(seasons, np.unique(seasons[filled])).astype(np.float64)
    return levels
