"""Rank statistics of a series, computed without the server and without its libraries.

Source: Mann (1945), Kendall (1975), Sen (1968), Hirsch, Slack and Smith (1982), Hamed and Rao
(1998), Holm (1979); the conventions are those of the server's decision 21.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import erfc, exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EXACT_UP_TO: Final = 10
HIGHEST_PHI: Final = 0.95
FINEST: Final = 1e-9
CONFIDENCE: Final = 0.90
MOST_TERMS: Final = 10_000

Values = list[float | None]


@dataclass(frozen=True)
class Ranked:
    """Score, variance and probability of a series; the slope and its interval."""

    score: float
    variance: float
    inflation: float
    p: float
    slope: float | None
    lower: float | None
    upper: float | None


def rank(
    values: Values, times: Sequence[float], seasons: Sequence[int], *, seasonal: bool
) -> Ranked:
    """Test a series for a trend, corrected for its memory.

    Args:
        values: One for each period in order; None where a period is empty.
        times: Where each period begins, in years.
        seasons: A code for each period; periods are compared within their season.
        seasonal: Whether there are several seasons in a year.
    """
    points = [(t, v, s) for t, v, s in zip(times, values, seasons, strict=True) if v is not None]
    pairs = [(a, b) for a, b in combinations(points, 2) if a[2] == b[2]]
    score = float(sum((b[1] > a[1]) - (b[1] < a[1]) for a, b in pairs))
    groups = Counter(s for _, _, s in points)
    ties = Counter((s, v) for _, v, s in points)
    variance = (_tie_term(groups.values()) - _tie_term(ties.values())) / 18
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)
    is_exact = len(groups) == 1 and 2 <= len(points) <= EXACT_UP_TO and len(ties) == len(points)
    plain = _exact(score, len(points)) if is_exact else normal(_z(score, variance))
    inflation = _inflation(values, times, seasons, slopes, len(points))
    z = _z(score, variance * inflation)
    p = student(z, max(1.0, len(points) / inflation)) if seasonal else normal(z)
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * sqrt(variance * inflation)
    return Ranked(
        score,
        variance,
        inflation,
        max(p, plain),
        median(slopes) if slopes else None,
        _at(slopes, (len(slopes) - half) / 2 - 1),
        _at(slopes, (len(slopes) + half) / 2),
    )


def holm(probabilities: Sequence[float]) -> list[float]:
    """Return each probability as it counts among all of them."""
    adjusted, most = [0.0] * len(probabilities), 0.0
    order = sorted(range(len(probabilities)), key=lambda place: probabilities[place])
    for done, place in enumerate(order):
        most = max(most, probabilities[place] * (len(order) - done))
        adjusted[place] = min(most, 1.0)
    return adjusted


def normal(z: float) -> float:
    """Return the two-sided probability of a standard normal value."""
    return erfc(abs(z) / sqrt(2))


def student(t: float, degrees: float) -> float:
    """Return the two-sided probability of Student's t, by the incomplete beta function."""
    if t == 0:
        return 1.0
    x = degrees / (degrees + t * t)
    return _beta(x, degrees / 2, 0.5)


def _beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function, by its power series.

    Source: Abramowitz and Stegun (1964), 26.5.4, with the symmetry I_x(a, b) = 1 - I_(1-x)(b, a).
    """
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta(1 - x, b, a) if x < 1 else 1.0
    front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    term = total = 1.0
    for n in range(MOST_TERMS):
        term *= (a + b + n) / (a + 1 + n) * x
        total += term
        if term < total * 1e-16:
            break
    return front * total


def _inflation(
    values: Values, times: Sequence[float], seasons: Sequence[int], slopes: list[float], count: int
) -> float:
    """Return what the memory of a series multiplies the variance of its score by."""
    correlations = _correlations(_ranks(values, times, seasons, slopes))
    n = len(correlations)
    threshold = NormalDist().inv_cdf(0.975) / sqrt(count)
    phi = min(max((n * correlations[1] + 2) / (n - 4), 0.0), HIGHEST_PHI)
    found = [1.0]
    for series in (
        [r if abs(r) > threshold else 0.0 for r in correlations],
        [phi**lag for lag in range(n)],
    ):
        weighted = sum(
            (n - lag) * (n - lag - 1) * (n - lag - 2) * series[lag] for lag in range(1, n)
        )
        found.append(1 + 2 / (n * (n - 1) * (n - 2)) * weighted)
    return max(found)


def _ranks(
    values: Values, times: Sequence[float], seasons: Sequence[int], slopes: list[float]
) -> Values:
    """Rank what is left of a series without its trend and its seasons; ties share a rank."""
    slope = median(slopes) if slopes else 0.0
    rest = [
        None if v is None else v - slope * (t - times[0])
        for v, t in zip(values, times, strict=True)
    ]
    middle = {
        season: median(
            [r for r, s in zip(rest, seasons, strict=True) if s == season and r is not None]
        )
        for season in {s for s, r in zip(seasons, rest, strict=True) if r is not None}
    }
    finest = FINEST * max(abs(v) for v in values if v is not None)
    flat = [None if r is None else r - middle[s] for r, s in zip(rest, seasons, strict=True)]
    keyed = [f if f is None or finest <= 0 else float(round(f / finest)) for f in flat]
    ordered = sorted(key for key in keyed if key is not None)
    places: dict[float, list[int]] = {}
    for place, key in enumerate(ordered, 1):
        places.setdefault(key, []).append(place)
    return [None if key is None else fmean(places[key]) for key in keyed]


def _correlations(ranks: Values) -> list[float]:
    """Correlate ranks with themselves by lag; sums of products are scaled up for empty periods."""
    n, filled = len(ranks), [rank for rank in ranks if rank is not None]
    mean = fmean(filled)
    around = [0.0 if rank is None else rank - mean for rank in ranks]
    whole = sum(each * each for each in around)
    found = [1.0]
    for lag in range(1, n):
        both = sum(
            a is not None and b is not None for a, b in zip(ranks, ranks[lag:], strict=False)
        )
        product = sum(a * b for a, b in zip(around, around[lag:], strict=False))
        share = (n - lag) * len(filled) / (n * both) if both else 0.0
        found.append(product / whole * share if whole > 0 else 0.0)
    return found


def _exact(score: float, count: int) -> float:
    """Return the exact two-sided probability of a score of values without ties."""
    ways = [1]
    for size in range(2, count + 1):
        most = size * (size - 1) // 2
        ways = [sum(ways[max(0, k - size + 1) : k + 1]) for k in range(most + 1)]
    pairs = len(ways) - 1
    as_far = sum(way for k, way in enumerate(ways) if abs(pairs - 2 * k) >= abs(score))
    return as_far / sum(ways)


def _z(score: float, variance: float) -> float:
    if score == 0 or variance <= 0:
        return 0.0
    return (score - 1 if score > 0 else score + 1) / sqrt(variance)


def _tie_term(sizes: Iterable[int]) -> int:
    return sum(t * (t - 1) * (2 * t + 5) for t in sizes)


def _at(slopes: list[float], place: float) -> float | None:
    """Return the ordered slope at a place between two; None beyond the ends."""
    if not 0 <= place <= len(slopes) - 1 or place in (inf, -inf):
        return None
    low = int(place)
    high = min(low + 1, len(slopes) - 1)
    return slopes[low] + (slopes[high] - slopes[low]) * (place - low)
