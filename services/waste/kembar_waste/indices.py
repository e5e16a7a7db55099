"""Masses and shares of waste streams on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

KG_PER_TONNE: Final = 1000.0


def tonnes(mass_kg: Floats) -> Floats:
    """Turn masses in kg into masses in t, each rounded once.

    Args:
        mass_kg: Any shape; NaN where there is none.

    Returns:
        Same shape, in t; NaN stays NaN.

    Source:
        SI Brochure, 9th edition, table 8: 1 t = 1000 kg.
    """
    masses: Floats = mass_kg / KG_PER_TONNE
    return masses


def share(part: Floats, whole: Floats) -> Floats:
    """Divide a stream by the one it was taken from.

    Args:
        part: Any shape, any unit of mass.
        whole: Same shape, same unit, same periods.

    Returns:
        Same shape, 0 to 1; NaN where either is NaN, nothing was there to divide, or the part
        exceeds the whole: figures that contradict each other give no share.

    Source:
        Perpres 97/2017 (Jakstranas): reduction and handling as shares of generation; UN SDG
        indicators 11.6.1 and 12.5.1.
    """
    possible = (whole > 0.0) & (part >= 0.0) & (part <= whole)
    shares: Floats = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=shares, where=possible)
    return shares
