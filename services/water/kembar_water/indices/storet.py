"""STORET scores (Kepmen LH 115/2003, Annex I)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

STORET: Final = "kepmen-lh-115-2003/storet@3"

CLASSES: Final = ("A", "B", "C", "D")
"""In the order of `pollution.CATEGORIES`."""


def violations(statistics: Floats, least: Floats, most: Floats) -> npt.NDArray[np.bool_]:
    """Say which statistics violate the standard.

    Args:
        statistics: Shape (n, k), in the limits' unit; NaN violates nothing.
        least: Shape (n,), smallest value allowed; NaN: no such bound.
        most: Shape (n,), largest value allowed; NaN: no such bound.

    Returns:
        Shape (n, k); the limits themselves are allowed.

    Source:
        Kepmen LH 115/2003, Annex I.
    """
    return (statistics < least[:, np.newaxis]) | (statistics > most[:, np.newaxis])


def scores(violated: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Score each parameter.

    Args:
        violated: Shape (n, 3): whether the maximum, the minimum and the mean violate.
        weights: Same shape, what each costs by the parameter's kind and the number counted:
            -1, -1, -3 for few of a physical one.

    Returns:
        Shape (n,), 0 or less. A station's score is the sum over its parameters.

    Source:
        Kepmen LH 115/2003, Annex I, table of scores.
    """
    score: Floats = np.where(violated, weights, 0.0).sum(axis=1)
    return score


def storet_class(score: Floats, least: Floats) -> npt.NDArray[np.int64]:
    """Classify scores.

    Args:
        score: Shape (n,), 0 or less.
        least: Shape (3,) or (n, 3), falling: the least score of A, B and C: 0, -10, -30.

    Returns:
        Shape (n,), positions in `CLASSES`; -1 where the score is NaN.

    Source:
        Kepmen LH 115/2003, Annex I, US-EPA classification.
    """
    position = (score[:, np.newaxis] < least).sum(axis=1)
    return np.where(np.isnan(score), -1, position).astype(np.int64)
