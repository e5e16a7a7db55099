"""Probabilities that tests are read by: normal, Student's t, and Mann-Kendall's exact one."""

from __future__ import annotations

from functools import cache
from math import erfc, sqrt
from statistics import NormalDist


def normal_two_sided(z: float) -> float:
    """Return the probability that a standard normal value lies at least |z| from 0."""
    return erfc(abs(z) / sqrt(2.0))


def normal_quantile(probability: float) -> float:
    """Return the standard normal value below which lies *probability*, between 0 and 1."""
    return NormalDist().inv_cdf(probability)


def student_two_sided(t: float, degrees: float) -> float:
    """Return the probability that Student's t with *degrees* of freedom is at least |t| from 0."""
    # Only whoever asks for a statistic waits for scipy; a gateway starts without it.
    from scipy.special import stdtr  # noqa: PLC0415

    return float(2.0 * stdtr(degrees, -abs(t)))


def student_quantile(probability: float, degrees: float) -> float:
    """Return the value of Student's t with *degrees* of freedom below which lies *probability*."""
    from scipy.special import stdtrit  # noqa: PLC0415  as above

    return float(stdtrit(degrees, probability))


def kendall_two_sided(score: int, count: int) -> float:
    """Return the exact probability of a Mann-Kendall score at least as far from 0 as *score*.

    Args:
        score: S of *count* values without ties.
        count: How many values, 1 or more; every order of them is equally likely.

    Returns:
        The two-sided probability, 0 to 1.

    Source:
        Kendall (1975), Rank Correlation Methods: S = n(n - 1)/2 - 2 I, with I inversions.
    """
    by_inversions = _orders_by_inversions(count)
    pairs = len(by_inversions) - 1
    as_far = sum(
        orders
        for inversions, orders in enumerate(by_inversions)
        if abs(pairs - 2 * inversions) >= abs(score)
    )
    return as_far / sum(by_inversions)


@cache
def _orders_by_inversions(count: int) -> tuple[int, ...]:
    """Count the orders of *count* values that have 0, 1, 2 … inversions.

    A value that joins as the last of k can stand before none to k - 1 of the others.
    """
    if count <= 1:
        return (1,)
    before = _orders_by_inversions(count - 1)
    most = count * (count - 1) // 2
    return tuple(sum(before[max(0, total - count + 1) : total + 1]) for total in range(most + 1))
