"""What may be said of a series: a trend, none shown, or why it cannot be assessed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_gateway.statistics import correlation, coverage, multiple, trend
from kembar_gateway.statistics.series import MONTHS, arrange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_gateway.statistics.coverage import Coverage, Reason, Refusal
    from kembar_gateway.statistics.series import Point
    from kembar_gateway.statistics.trend import RankTest, Slope

ALPHA: Final = 0.05
"""Below it a trend is shown."""

LIKELY_ALPHA: Final = 0.10
"""From `ALPHA` up to it a trend is likely."""

MOST_CENSORED_FOR_SLOPE: Final = 0.25
"""Share below the highest detection limit beyond which only a direction is given."""


class Wording(StrEnum):
    """What is said of a series; `none_shown` never means that nothing changed."""

    INCREASING = "increasing"
    LIKELY_INCREASING = "likely_increasing"
    NONE_SHOWN = "none_shown"
    LIKELY_DECREASING = "likely_decreasing"
    DECREASING = "decreasing"
    NOT_ASSESSABLE = "not_assessable"


class Direction(StrEnum):
    """Which way an indicator should go."""

    UP = "up"
    DOWN = "down"


class Change(StrEnum):
    """A trend held against the direction it should have."""

    IMPROVED = "improved"
    WORSENED = "worsened"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What may be said of one series.

    Attributes:
        wording: The words for it, from its own p.
        direction: Which way the indicator should go; None where there is no better way.
        coverage: How much of its span it fills.
        refusals: What makes it not assessable, the weightiest first; empty otherwise.
        test: The rank test, corrected for autocorrelation; None where not assessable.
        slope: Per year; None where not assessable or too much is censored.
        p_adjusted: p among all tests of the publication; None until `conclude`.
        tests: How many tests these are; 0 until `conclude`.
        change: Improved or worsened; None wherever `p_adjusted` is not below `ALPHA`.
    """

    wording: Wording
    direction: Direction | None
    coverage: Coverage
    refusals: tuple[Refusal, ...] = ()
    test: RankTest | None = None
    slope: Slope | None = None
    p_adjusted: float | None = None
    tests: int = 0
    change: Change | None = None

    @property
    def reason(self) -> Reason | None:
        """The weightiest reason why it is not assessable."""
        return self.refusals[0].reason if self.refusals else None


def assess(
    points: Sequence[Point],
    direction: Direction | None,
    *,
    seasons: Sequence[int] = MONTHS,
) -> Assessment:
    """Say what one series bears by itself.

    Whether it improved or worsened is decided by `conclude`, beside the other series that are
    published with it.

    Args:
        points: Its periods from the first to the last one due, those without a number included.
        direction: Which way the indicator should go.
        seasons: A code for each calendar month in which a period may begin: `series.MONTHS` or
            `series.WET_AND_DRY`. Periods are compared within their season only.

    Raises:
        ValueError: The periods are not equally long, or overlap.
    """
    series = arrange(points, seasons)
    values, tied = trend.tie_below_limits(series.values, series.censored)
    covered = coverage.measure(series, tied)
    refusals = coverage.refusals(series, covered)
    if refusals:
        return Assessment(Wording.NOT_ASSESSABLE, direction, covered, refusals)
    times = series.times
    correlations = correlation.autocorrelation(
        correlation.detrended_ranks(values, times, series.seasons)
    )
    uncorrected = trend.seasonal_mann_kendall(values, times, series.seasons)
    test = correlation.correct(uncorrected, correlations, is_seasonal=series.per_year > 1)
    slope = None
    if covered.censored <= MOST_CENSORED_FOR_SLOPE:
        variance = test.variance * test.inflation
        slope = trend.sen_slope(values, times, series.seasons, variance=variance)
    return Assessment(word(test), direction, covered, test=test, slope=slope)


def word(test: RankTest) -> Wording:
    """Choose the words for a test's own p.

    Source:
        The domain's section E3, wording.
    """
    if test.p > LIKELY_ALPHA or test.score == 0:
        return Wording.NONE_SHOWN
    if test.p >= ALPHA:
        return Wording.LIKELY_INCREASING if test.score > 0 else Wording.LIKELY_DECREASING
    return Wording.INCREASING if test.score > 0 else Wording.DECREASING


def conclude(assessments: Sequence[Assessment]) -> tuple[Assessment, ...]:
    """Say which series improved or worsened, in the order given.

    Args:
        assessments: All of one publication, those that are not assessable included: leaving out
            what showed nothing would make the rest look surer than it is.

    Returns:
        The same with `p_adjusted`, `tests` and `change`.
    """
    tested = [place for place, one in enumerate(assessments) if one.test is not None]
    own = np.array([one.test.p for one in assessments if one.test is not None], dtype=np.float64)
    concluded = list(assessments)
    for place, p in zip(tested, multiple.holm(own).tolist(), strict=True):
        concluded[place] = replace(
            assessments[place],
            p_adjusted=p,
            tests=len(tested),
            change=_change(assessments[place], p),
        )
    return tuple(concluded)


def _change(assessment: Assessment, p_adjusted: float) -> Change | None:
    test, direction = assessment.test, assessment.direction
    if test is None or direction is None or test.score == 0 or p_adjusted >= ALPHA:
        return None
    is_better = (test.score > 0) == (direction is Direction.UP)
    return Change.IMPROVED if is_better else Change.WORSENED
