"""Percentiles by rank: the value that a share of all values does not exceed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]


def percentile_by_rank(values: Floats, percent: Integers | int) -> Floats:
    """Return of each row the value whose rank from the lowest is ceil(percent · n / 100).

    Args:
        values: Shape (rows, most values), any unit; NaN: not a value, n counts the others.
        percent: Shape () or (rows,), 1 to 100: 75 for the BOD of Japan's rivers.

    Returns:
        Shape (rows,), same unit; NaN where a row has no value. Of 12 values the 75 % value is the
        9th: no interpolation.

    Source:
        Japan, environmental quality standards for water, 75 % value of BOD (the rounding of the
        rank is unverified).
    """
    count = (~np.isnan(values)).sum(axis=1)
    # In whole numbers: 0.9 * 70 must not become the 64th of 70.
    rank = (count * np.asarray(percent) + 99) // 100
    ordered = np.sort(np.pad(values, ((0, 0), (0, 1)), constant_values=np.nan), axis=1)
    position = np.maximum(rank - 1, 0)[:, np.newaxis]
    found: Floats = np.take_along_axis(ordered, position, axis=1)[:, 0]
    return found
