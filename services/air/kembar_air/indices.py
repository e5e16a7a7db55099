"""The ISPU (Indeks Standar Pencemar Udara, air pollutant standard index) on arrays."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

CATEGORIES: Final = ("baik", "sedang", "tidak_sehat", "sangat_tidak_sehat", "berbahaya")
"""Good, moderate, unhealthy, very unhealthy, hazardous."""

LAST_GOOD_INDEX: Final = 100.0
"""Up to here a day is Baik or Sedang."""

_UPPER: Final = np.array([50.0, 100.0, 200.0, 300.0, 500.0])


class Reading(StrEnum):
    """Which index a band begins with; the regulation's text allows both readings.

    BANDED follows the ministry's live feed: PM2.5 of 42.14 µg/m³ is published as 84, not 83.
    """

    BANDED = "banded"
    ANCHORED = "anchored"

    @property
    def method(self) -> str:
        """Identifier and version of the formula under this reading."""
        return f"p14-2020/ispu-{self.value}@1"


_LOWER: Final = {
    Reading.BANDED: np.array([0.0, 51.0, 101.0, 201.0, 301.0]),
    Reading.ANCHORED: np.array([0.0, 50.0, 100.0, 200.0, 300.0]),
}


def sub_index(concentrations: Floats, upper: Sequence[float], reading: Reading) -> Floats:
    """Turn 24-hour means of one pollutant into its sub-index.

    Args:
        concentrations: Any shape, in the breakpoints' unit; below zero counts as zero.
        upper: The five bands' last concentrations, rising; an edge belongs to the lower band.
        reading: Which index a band begins with.

    Returns:
        Same shape, whole numbers, halves rounded up; not capped: above the last breakpoint the
        last band goes on. NaN stays.

    Source:
        Permen LHK P.14/2020: I = (Ia - Ib) / (Xa - Xb) · (Xx - Xb) + Ib.
    """
    edges = np.asarray(upper, dtype=np.float64)
    starts = np.concatenate(([0.0], edges[:-1]))
    lower = _LOWER[reading]
    amount = np.maximum(concentrations, 0.0)
    band = np.minimum(np.searchsorted(edges, amount, side="left"), len(edges) - 1)
    slope = (_UPPER - lower) / (edges - starts)
    exact = slope[band] * (amount - starts[band]) + lower[band]
    # Binary arithmetic leaves a half a hair too low; that must not decide which way it is rounded.
    rounded: Floats = np.floor(np.round(exact, 9) + 0.5)
    return rounded


def station_index(sub_indices: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Find the worst pollutant of each day.

    Args:
        sub_indices: Shape (days, pollutants), the pollutants in the order in which ties are
            decided; NaN: not measured.

    Returns:
        The largest sub-index, shape (days,), NaN where nothing was measured; and the position of
        its pollutant, -1 there.

    Source:
        Permen LHK P.14/2020: the index of a day is its highest sub-index.
    """
    known = ~np.isnan(sub_indices)
    filled = np.where(known, sub_indices, -np.inf)
    critical = filled.argmax(axis=1)
    largest = np.take_along_axis(filled, critical[:, None], axis=1)[:, 0]
    measured = known.any(axis=1)
    return np.where(measured, largest, np.nan), np.where(measured, critical, -1)


def category(index: Floats) -> npt.NDArray[np.int64]:
    """Classify rounded indices.

    Args:
        index: Any shape, whole numbers.

    Returns:
        Same shape, positions in `CATEGORIES`; -1 where the index is NaN.

    Source:
        Permen LHK P.14/2020, table of categories.
    """
    position = np.searchsorted(_UPPER[:-1], index, side="left")
    return np.where(np.isnan(index), -1, position).astype(np.int64)
