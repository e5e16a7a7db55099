"""How much autocorrelation widens what a rank test can find by chance."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_gateway.statistics import distributions, trend

if TYPE_CHECKING:
    from kembar_gateway.statistics.trend import Codes, Floats, RankTest

HIGHEST_PHI: Final = 0.95
"""Most that `memory` returns; a series beyond it has hardly any independent values."""

_LAG_ALPHA: Final = 0.05
_FINEST: Final = 1e-9


def autocorrelation(ranks: Floats) -> Floats:
    """Correlate a series with itself, shifted by 0, 1, 2 … periods.

    Args:
        ranks: Shape (n,), one for each period in order; NaN where a period is empty.

    Returns:
        Shape (n,), 1 first; all 0 after it where every value is the same. Where periods are
        empty, each sum of products is scaled up to the products it would have had.
    """
    filled = ~np.isnan(ranks)
    around_mean = np.where(filled, ranks - ranks[filled].mean(), 0.0)
    n = len(ranks)
    sums = np.correlate(around_mean, around_mean, "full")[n - 1 :]
    products = np.rint(np.correlate(filled * 1.0, filled * 1.0, "full")[n - 1 :])
    possible = np.arange(n, 0, -1)
    shares = np.divide(possible * products[0], n * products, out=np.zeros(n), where=products > 0)
    correlations = np.zeros(n)
    if sums[0] > 0:
        correlations = sums / sums[0] * shares
    correlations[0] = 1.0
    return correlations


def hamed_rao_inflation(correlations: Floats, count: int) -> float:
    """Return what significant autocorrelations multiply the variance of S by.

    Args:
        correlations: Shape (n,), by lag, lag 0 first.
        count: Values they were found from; it decides which are significant.

    Source:
        Hamed and Rao (1998), J. Hydrol. 204, 182-196, equation 17, with every significant lag.
    """
    counted = np.where(np.abs(correlations) > _significant_from(count), correlations, 0.0)
    return _inflation(counted)


def memory(correlations: Floats, *, terms: int) -> float:
    """Return the correlation of neighbouring periods, put right for being too low on average.

    What fits the data takes some of their memory with it, the more the shorter they are.

    Args:
        correlations: Shape (n,), by lag, lag 0 first; n more than terms + 2.
        terms: Slowly changing terms that were taken off first: 2 for a level and a slope.

    Returns:
        0 to `HIGHEST_PHI`; negative memory counts as none.

    Source:
        Hamed (2009), J. Hydrol. 368, 143-155, after van Giersbergen (2005), for two terms:
        (n r + 2) / (n - 4); other numbers of terms by the same reasoning (own convention).
    """
    n = len(correlations)
    phi = (n * float(correlations[1]) + terms) / (n - terms - 2.0)
    return min(max(phi, 0.0), HIGHEST_PHI)


def memory_inflation(correlations: Floats) -> float:
    """Return what a process with memory of one period multiplies the variance of S by.

    Args:
        correlations: Shape (n,), by lag, of a detrended series, lag 0 first; n more than 4.

    Source:
        As Hamed and Rao (1998), with correlations φ, φ², φ³ … of `memory`.
    """
    phi = memory(correlations, terms=2)
    return _inflation(np.power(phi, np.arange(len(correlations), dtype=np.float64)))


def correct(test: RankTest, correlations: Floats, *, is_seasonal: bool) -> RankTest:
    """Correct a test for autocorrelation so that false claims stay at or under what p says.

    Hamed and Rao's correction alone lets two to three times too many through, since short series
    hide their memory. So whichever inflation is larger counts, theirs or the one of `memory`
    without any test of significance, and never less than 1. A series of seasons, whose neighbours
    depend on each other most, is judged by Student's t with as many degrees of freedom as it has
    values that are in effect independent.

    Args:
        test: Uncorrected.
        correlations: Shape (n,), `autocorrelation` of the detrended values' ranks; n more than 4.
        is_seasonal: Whether there are several seasons in a year.

    Returns:
        The test; its p is never less than the uncorrected one.

    Source:
        Own convention, checked by simulation: of series of years at or under p up to a memory of
        0.2, of months up to 0.6.
    """
    inflation = max(1.0, hamed_rao_inflation(correlations, test.n), memory_inflation(correlations))
    z = trend.standardise(test.score, test.variance * inflation)
    p = (
        distributions.student_two_sided(z, max(1.0, test.n / inflation))
        if is_seasonal
        else distributions.normal_two_sided(z)
    )
    if p <= test.p:
        return replace(test, inflation=inflation, z=z)
    return replace(test, inflation=inflation, z=z, p=p, is_exact=False)


def detrended_ranks(values: Floats, times: Floats, seasons: Codes) -> Floats:
    """Rank what is left of a series without its trend and its seasons.

    Args:
        values: Shape (n,), one for each period in order; NaN where a period is empty.
        times: Shape (n,), ascending.
        seasons: Shape (n,), a code for each season; its median is taken off.

    Returns:
        Shape (n,), ties share their mean rank; NaN where a value is.
    """
    slope = trend.median_slope(values, times, seasons)
    rest = values - (0.0 if np.isnan(slope) else slope) * (times - times[0])
    for season in np.unique(seasons):
        inside = (seasons == season) & ~np.isnan(values)
        if inside.any():
            rest[inside] -= np.median(rest[inside])
    # What is equal but for the rounding of the subtractions is one tie.
    finest = _FINEST * float(np.nanmax(np.abs(values), initial=0.0))
    return _mean_ranks(np.rint(rest / finest) if finest > 0 else rest)


def _mean_ranks(values: Floats) -> Floats:
    filled = ~np.isnan(values)
    _, places, counts = np.unique(values[filled], return_inverse=True, return_counts=True)
    ranks = np.full(len(values), np.nan)
    ranks[filled] = (np.cumsum(counts) - (counts - 1) / 2.0)[places]
    return ranks


def _inflation(correlations: Floats) -> float:
    n = len(correlations)
    lags = np.arange(1, n)
    weights = (n - lags) * (n - lags - 1.0) * (n - lags - 2.0)
    return float(1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * (weights @ correlations[1:]))


def _significant_from(count: int) -> float:
    return distributions.normal_quantile(1.0 - _LAG_ALPHA / 2.0) / sqrt(count)
