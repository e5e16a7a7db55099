"""Rank tests for a monotonic trend and the slope that belongs to them."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_gateway.statistics import distributions

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

EXACT_UP_TO: Final = 10
"""Values up to which the exact distribution is used where none are tied (domain rule E3)."""

SLOPE_CONFIDENCE: Final = 0.90
"""Of the interval around a slope (domain rule E3)."""


@dataclass(frozen=True, slots=True)
class RankTest:
    """What Mann-Kendall's test found.

    Attributes:
        n: Values used.
        score: S, the pairs that rise less the pairs that fall.
        variance: Of S if there were no trend and no autocorrelation, ties allowed for.
        inflation: What autocorrelation multiplies the variance by; 1 where none was looked for.
        z: (S ∓ 1) / √(variance · inflation); 0 where S or the variance is 0.
        p: Two-sided probability of such a score without any trend.
        is_exact: Whether p comes from the exact distribution and not from z.
    """

    n: int
    score: int
    variance: float
    inflation: float
    z: float
    p: float
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Slope:
    """Sen's slope and its confidence interval, in the values' unit per unit of time.

    Attributes:
        value: The median of the slopes of all pairs.
        lower, upper: Ends of the interval; None where too few pairs reach them.
        confidence: Of the interval, 0 to 1.
    """

    value: float
    lower: float | None
    upper: float | None
    confidence: float


def mann_kendall(values: Floats, times: Floats) -> RankTest:
    """Test for a monotonic trend.

    Args:
        values: Shape (n,), any unit; NaN is left out.
        times: Shape (n,), distinct, in any order and unit.

    Returns:
        The test; exact for up to `EXACT_UP_TO` values without ties.

    Source:
        Mann (1945), Kendall (1975); Gilbert (1987), Statistical Methods for Environmental
        Pollution Monitoring, 16.4.
    """
    return seasonal_mann_kendall(values, times, np.zeros(len(values), dtype=np.int64))


def seasonal_mann_kendall(values: Floats, times: Floats, seasons: Codes) -> RankTest:
    """Test for a monotonic trend, comparing each season with itself only.

    Args:
        values: Shape (n,), any unit; NaN is left out.
        times: Shape (n,), distinct, in any order and unit.
        seasons: Shape (n,), a code for each season, such as the calendar month or wet and dry.

    Returns:
        The test; scores and variances of the seasons are summed. Exact only where there is one
        season, with up to `EXACT_UP_TO` values and no ties.

    Source:
        Hirsch, Slack and Smith (1982); Gilbert (1987), 17.1.
    """
    filled = ~np.isnan(values)
    values, times, seasons = values[filled], times[filled], seasons[filled]
    earlier, later = _pairs(times, seasons)
    score = int(np.sign(values[later] - values[earlier]).sum())
    groups = _group_sizes(seasons)
    ties = _group_sizes(seasons, values)
    variance = float(_tie_term(groups) - _tie_term(ties)) / 18.0
    z = standardise(score, variance)
    is_exact = len(groups) == 1 and 2 <= len(values) <= EXACT_UP_TO and len(ties) == len(values)
    p = (
        distributions.kendall_two_sided(score, len(values))
        if is_exact
        else distributions.normal_two_sided(z)
    )
    return RankTest(len(values), score, variance, 1.0, z, p, is_exact)


def sen_slope(
    values: Floats,
    times: Floats,
    seasons: Codes | None = None,
    *,
    variance: float,
    confidence: float = SLOPE_CONFIDENCE,
) -> Slope | None:
    """Return the median slope of all pairs, and an interval from their ranks.

    Args:
        values: Shape (n,), any unit; NaN is left out.
        times: Shape (n,), distinct, in any order; the slope is per this unit.
        seasons: Shape (n,); pairs are taken within a season only. None: all pairs.
        variance: Of the Mann-Kendall score of these values, inflation included.
        confidence: Of the interval, between 0 and 1.

    Returns:
        The slope; None where there is no pair.

    Source:
        Sen (1968); Gilbert (1987), 16.5 and 17.2, ranks between two slopes interpolated.
    """
    slopes = _slopes(values, times, seasons)
    if not len(slopes):
        return None
    half_width = distributions.normal_quantile((1.0 + confidence) / 2.0) * sqrt(variance)
    lowest = (len(slopes) - half_width) / 2.0 - 1.0
    highest = (len(slopes) + half_width) / 2.0
    return Slope(
        value=float(np.median(slopes)),
        lower=_at_rank(slopes, lowest),
        upper=_at_rank(slopes, highest),
        confidence=confidence,
    )


def median_slope(values: Floats, times: Floats, seasons: Codes | None = None) -> float:
    """Return `sen_slope`'s value alone; NaN where there is no pair."""
    slopes = _slopes(values, times, seasons)
    return float(np.median(slopes)) if len(slopes) else float("nan")


def standardise(score: int, variance: float) -> float:
    """Return z of a score, drawn towards 0 by one for continuity; 0 without any variance."""
    if score == 0 or variance <= 0:
        return 0.0
    return (score - 1 if score > 0 else score + 1) / sqrt(variance)


def tie_below_limits(values: Floats, censored: Mask) -> tuple[Floats, Mask]:
    """Make everything below the highest detection limit one tie at that limit.

    A value measured below the highest limit cannot be told from one that was not detected there.

    Args:
        values: Shape (n,); a censored one is its detection limit. NaN stays.
        censored: Shape (n,), true where the value lies somewhere below what `values` says.

    Returns:
        The values with ties, shape (n,), and which of them are censored now, shape (n,).

    Source:
        Helsel (2012), Statistics for Censored Environmental Data, 11 and 12.
    """
    if not censored.any():
        return values, censored
    limit = np.max(values[censored])
    tied = censored | (values < limit)
    return np.where(tied, limit, values), tied


def _pairs(times: Floats, seasons: Codes | None) -> tuple[Codes, Codes]:
    """Return the places of the earlier and the later value of each pair within a season."""
    is_pair = times[:, None] < times[None, :]
    if seasons is not None:
        is_pair &= seasons[:, None] == seasons[None, :]
    earlier, later = np.nonzero(is_pair)
    return earlier, later


def _slopes(values: Floats, times: Floats, seasons: Codes | None) -> Floats:
    filled = ~np.isnan(values)
    values, times = values[filled], times[filled]
    earlier, later = _pairs(times, None if seasons is None else seasons[filled])
    slopes: Floats = (values[later] - values[earlier]) / (times[later] - times[earlier])
    return slopes


def _at_rank(slopes: Floats, rank: float) -> float | None:
    """Return the ordered slope at *rank*, counted from 0; None beyond the first or the last."""
    if not 0.0 <= rank <= len(slopes) - 1:
        return None
    return float(np.interp(rank, np.arange(len(slopes)), np.sort(slopes)))


def _group_sizes(*keys: npt.NDArray[np.float64] | Codes) -> Codes:
    """Count the rows that agree in every one of *keys*."""
    if not len(keys[0]):
        return np.zeros(0, dtype=np.int64)
    order = np.lexsort(keys)
    is_new = np.zeros(len(order), dtype=np.bool_)
    is_new[0] = True
    for key in keys:
        is_new[1:] |= np.diff(key[order]) != 0
    return np.diff(np.append(np.flatnonzero(is_new), len(order)))


def _tie_term(sizes: Codes) -> int:
    """Sum t(t - 1)(2t + 5) over groups of t values."""
    return int((sizes * (sizes - 1) * (2 * sizes + 5)).sum())
