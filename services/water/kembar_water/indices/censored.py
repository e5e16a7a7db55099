"""Means of series in which some values are known only to lie below a detection limit."""

from __future__ import annotations

from enum import StrEnum
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

_LEAST_DETECTS: Final = 3
_normal_score = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])


class Estimator(StrEnum):
    """How the mean of a series is found, by its share of values below detection."""

    ORDINARY = "ordinary"
    KAPLAN_MEIER = "kaplan_meier"
    ROS = "ros"
    NONE = "none"


class Moments(NamedTuple):
    """Mean and standard deviation, in the unit of the values."""

    mean: float
    sd: float


def estimator(
    detects: npt.NDArray[np.int64], nondetects: npt.NDArray[np.int64]
) -> npt.NDArray[np.str_]:
    """Choose the estimator of each series.

    Args:
        detects: Shape (n,), values above detection.
        nondetects: Shape (n,), values below.

    Returns:
        Shape (n,), codes of `Estimator`: ordinary without a non-detect; Kaplan-Meier up to 50 %
        of them; regression on order statistics up to 80 %; none above, or with under 3 detects.

    Source:
        Helsel (2005, 2012), as in the domain rules, B6.
    """
    count = detects + nondetects
    conditions = [
        (nondetects == 0) & (detects > 0),
        (detects < _LEAST_DETECTS) | (nondetects * 10 > count * 8),
        nondetects * 2 <= count,
    ]
    choices = [Estimator.ORDINARY.value, Estimator.NONE.value, Estimator.KAPLAN_MEIER.value]
    return np.select(conditions, choices, default=Estimator.ROS.value)


def kaplan_meier_mean(values: Floats, is_below: Mask) -> Floats:
    """Estimate the mean of each series by the product limit of the flipped data.

    Args:
        values: Shape (series, most values): a value, or the detection limit it lies below; NaN
            beyond a series' end.
        is_below: Same shape, whether it lies below.

    Returns:
        Shape (series,), same unit; NaN for a series without values. Probability left below the
        smallest value stands at the smallest value or limit, which makes the mean, if anything,
        too large.

    Source:
        Kaplan and Meier (1958), flipped for left-censoring: Helsel (2005), chapter 6.
    """
    # Largest first; at a tie the detects, for a value below 2 may be anywhere under a 2.
    order = np.lexsort((is_below, -values), axis=-1)
    ordered = np.take_along_axis(values, order, axis=1)
    known = ~np.isnan(ordered)
    detected = known & ~np.take_along_axis(is_below, order, axis=1)
    count = known.sum(axis=1, keepdims=True)
    at_risk = np.maximum(count - np.arange(values.shape[1]), 1)
    remaining = np.cumprod(1.0 - detected / at_risk, axis=1)
    before = np.hstack([np.ones((len(values), 1)), remaining[:, :-1]])
    smallest = np.where(known, ordered, np.inf).min(axis=1, initial=np.inf)
    total = np.where(known, ordered, 0.0) * (before - remaining)
    left = remaining[:, -1] if values.shape[1] else np.ones(len(values))
    has_any = count[:, 0] > 0
    return np.where(has_any, total.sum(axis=1) + np.where(has_any, smallest, 0.0) * left, np.nan)


def plotting_positions(detects: Floats, limits: Floats) -> tuple[Floats, Floats]:
    """Place the values of one series on the scale of probability.

    Args:
        detects: Shape (d,), any order; d at least 1.
        limits: Shape (c,), detection limits of the non-detects, none above the largest detect.

    Returns:
        Probabilities of non-exceedance, 0 to 1, of the detects in rising order and of the
        non-detects in rising order of their limits.

    Source:
        Cohn's extension of Hirsch and Stedinger (1987) for several detection limits.
    """
    thresholds = np.unique(limits)
    edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
    ordered = np.sort(detects)
    sections = np.searchsorted(thresholds, ordered, side="right")
    in_section = np.bincount(sections, minlength=len(edges) - 1).astype(np.float64)
    below = (detects < edges[:-1, np.newaxis]).sum(axis=1) + (limits <= edges[:-1, np.newaxis]).sum(
        axis=1
    )
    exceedance = np.zeros(len(edges))
    exceedance[0] = 1.0
    for section in range(len(edges) - 2, 0, -1):
        share = in_section[section] / (in_section[section] + below[section])
        exceedance[section] = exceedance[section + 1] + share * (1.0 - exceedance[section + 1])
    first = np.concatenate([[0], np.cumsum(in_section)]).astype(np.int64)
    rank = np.arange(len(ordered)) - first[sections] + 1
    width = exceedance[sections] - exceedance[sections + 1]
    of_detects = (1.0 - exceedance[sections]) + width * rank / (in_section[sections] + 1.0)
    sorted_limits = np.sort(limits)
    group = np.searchsorted(thresholds, sorted_limits)
    members = np.bincount(group, minlength=len(thresholds))
    begins = np.concatenate([[0], np.cumsum(members)]).astype(np.int64)
    place = np.arange(len(limits)) - begins[group] + 1
    of_limits = (1.0 - exceedance[group + 1]) * place / (members[group] + 1.0)
    return of_detects, of_limits


def ros(detects: Floats, limits: Floats) -> Moments:
    """Estimate mean and standard deviation by regression on order statistics, lognormal.

    Args:
        detects: Shape (d,), values above detection, above 0.
        limits: Shape (c,), detection limits of the others, same unit. Those above the largest
            detect say nothing about the others and are dropped.

    Returns:
        Moments of the detects and of what the line through the logarithms of the detects over
        their normal scores gives for the non-detects; NaN with fewer than two different detects
        or one that is not above 0.

    Source:
        Helsel (2005), chapter 6.
    """
    if len(detects) == 0 or detects.min() <= 0.0 or detects.min() == detects.max():
        return Moments(np.nan, np.nan)
    kept = limits[limits <= detects.max()]
    of_detects, of_limits = plotting_positions(detects, kept)
    scores = _normal_score(of_detects)
    centred = scores - scores.mean()
    logs = np.log(np.sort(detects))
    slope = (centred * logs).sum() / (centred**2).sum()
    line = logs.mean() + slope * ((_normal_score(of_limits) if len(kept) else kept) - scores.mean())
    both = np.concatenate([detects, np.exp(line)])
    return Moments(float(both.mean()), float(both.std(ddof=1)))


def mean(values: Floats, is_below: Mask) -> tuple[Floats, npt.NDArray[np.str_]]:
    """Estimate the mean of each series by the estimator that its censoring asks for.

    Args:
        values: Shape (series, most values): a value, or the detection limit it lies below; NaN
            beyond a series' end.
        is_below: Same shape, whether it lies below.

    Returns:
        Shape (series,), means in the same unit, NaN where none may be reported; and the codes of
        `Estimator`. A series that regression cannot be done on, for a value of 0, has none.

    Source:
        Domain rules, B6.
    """
    known = ~np.isnan(values)
    detected = known & ~is_below
    chosen = estimator(detected.sum(axis=1), (known & is_below).sum(axis=1))
    means = np.full(len(values), np.nan)
    ordinary = chosen == Estimator.ORDINARY.value
    total = np.where(detected, values, 0.0).sum(axis=1)
    means[ordinary] = (total / np.maximum(detected.sum(axis=1), 1))[ordinary]
    flipped = chosen == Estimator.KAPLAN_MEIER.value
    means[flipped] = kaplan_meier_mean(values[flipped], is_below[flipped])
    for row in np.flatnonzero(chosen == Estimator.ROS.value):
        limits = values[row, known[row] & is_below[row]]
        means[row] = ros(values[row, detected[row]], limits).mean
    return means, np.where(np.isnan(means), Estimator.NONE.value, chosen)
