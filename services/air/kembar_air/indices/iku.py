"""The IKU (Indeks Kualitas Udara, air quality index) of a city and year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

CATEGORIES: Final = ("waspada", "sangat_kurang", "kurang", "cukup", "baik", "sangat_baik")
"""Of the LPPD sheet, worst first; the four words between the first and the last are unverified."""

Amount = TypeVar("Amount", float, npt.NDArray[np.float64])


def ieu(no2: Amount, so2: Amount, no2_reference: Amount, so2_reference: Amount) -> Amount:
    """Compare annual means of nitrogen and sulphur dioxide with the European reference values.

    Args:
        no2: Annual means, any shape, µg/m³; NaN stays.
        so2: Annual means, same shape, µg/m³; NaN stays.
        no2_reference: Like *no2*.
        so2_reference: Like *so2*.

    Returns:
        The Ieu (indeks Uni Eropa), same shape, without unit and unrounded.

    Source:
        Permen LHK 27/2021, Lampiran II.
    """
    return (no2 / no2_reference + so2 / so2_reference) / 2.0


def iku(ieu: Amount) -> Amount:
    """Turn the Ieu into the index; 100 is best, and it is not capped.

    Args:
        ieu: Any shape, unrounded: of 0.262405 the index is 90.9775, of 0.262 it is 91.0.

    Returns:
        Same shape, without unit.

    Source:
        Permen LHK 27/2021, Lampiran II: IKU = 100 - (50 / 0.9) · (Ieu - 0.1).
    """
    return 100.0 - 50.0 / 0.9 * (ieu - 0.1)


def category(index: float, edges: Sequence[float]) -> str:
    """Name an IKU by the scale of the LPPD sheet, which is not that of the IKLH.

    Args:
        index: Not NaN.
        edges: Five, rising: 40, 50, 60, 70, 80. The first belongs to the category above it, for
            the lowest is below 40; the others to the one below, for the best is above 80.

    Source:
        Worksheet of the LPPD (report on a region's government).
    """
    return CATEGORIES[(index >= edges[0]) + sum(index > edge for edge in edges[1:])]
