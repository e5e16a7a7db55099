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

LEGACY_METHOD: Final = "kep-107-1997/ispu-anchored@2"
"""The index as it was before July 2020."""


class Reading(StrEnum):
    """Which index a band begins with; the regulation's text allows both readings.

    BANDED follows the ministry's live feed: PM2.5 of 42.14 µg/m³ is published as 84, not 83.
    """

    BANDED = "banded"
    ANCHORED = "anchored"

    @property
    def method(self) -> str:
        """Identifier and version of the formula under this reading."""
        return f"p14-2020/ispu-{self.value}@2"

    @property
    def day_method(self) -> str:
        """Those of the index of a calendar day, made of its valid hours."""
        return f"p14-2020/ispu-{self.value}@4"

    @property
    def share_method(self) -> str:
        """Those of the share of days with a good index, each by the law of its time."""
        return f"kembar/ispu-{self.value}-good-share@4"


def sub_index(
    concentrations: Floats,
    upper: Sequence[float] | Floats,
    last: Sequence[float] | Floats,
    reading: Reading,
    *,
    from_zero: bool = True,
) -> Floats:
    """Turn means of one pollutant into its sub-index.

    Args:
        concentrations: Any shape, in the breakpoints' unit; below zero counts as zero.
        upper: The bands' last concentrations, rising; an edge belongs to the lower band.
        last: The index each band ends with.
        reading: Which index a band begins with: one above the last of the band before, or that.
        from_zero: Whether a first band begins at nothing with index 0. Otherwise there is no
            index below the first breakpoint.

    Returns:
        Same shape, whole numbers, halves rounded up; not capped: above the last breakpoint the
        last band goes on. NaN stays, and is the index of what has none.

    Source:
        Permen LHK P.14/2020 and KEP-107/1997: I = (Ia - Ib) / (Xa - Xb) · (Xx - Xb) + Ib.
    """
    edges = np.asarray(upper, dtype=np.float64)
    ends = np.asarray(last, dtype=np.float64)
    amount = np.maximum(concentrations, 0.0)
    starts = np.concatenate(([0.0], edges[:-1]))
    lower = np.concatenate(([0.0], ends[:-1] + (reading is Reading.BANDED)))
    band = np.minimum(np.searchsorted(edges, amount, side="left"), len(edges) - 1)
    slope = (ends - lower) / (edges - starts)
    exact = slope[band] * (amount - starts[band]) + lower[band]
    # Binary arithmetic leaves a half a hair too low; that must not decide which way it is rounded.
    rounded: Floats = np.floor(np.round(exact, 9) + 0.5)
    if from_zero:
        return rounded
    return np.where(amount < edges[0], np.nan, rounded)


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


def category(index: Floats, last: Sequence[float] | Floats) -> npt.NDArray[np.int64]:
    """Classify rounded indices.

    Args:
        index: Any shape, whole numbers.
        last: The last index of each category but the worst, rising.

    Returns:
        Same shape, positions in `CATEGORIES`; -1 where the index is NaN.

    Source:
        Permen LHK P.14/2020 and KEP-107/1997, tables of categories.
    """
    position = np.searchsorted(np.asarray(last, dtype=np.float64), index, side="left")
    return np.where(np.isnan(index), -1, position).astype(np.int64)
