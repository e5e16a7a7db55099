"""Published water quality formulas on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

POLLUTION_INDEX: Final = "kepmen-lh-115-2003/pollution-index@1"
"""Method of `pollution_index` with oxygen at saturation as the ceiling of dissolved oxygen."""

CORRECTION: Final = 5.0
"""The constant P of the correction; the decree leaves it free, 5 is what everybody uses."""

CATEGORIES: Final = ("memenuhi_baku_mutu", "cemar_ringan", "cemar_sedang", "cemar_berat")
"""Meets the standard; lightly, moderately, heavily polluted."""

_CATEGORY_EDGES: Final = (1.0, 5.0, 10.0)
_ABSOLUTE_ZERO_C: Final = -273.15


def dissolved_oxygen_saturation(temperature_c: Floats, altitude_m: Floats) -> Floats:
    """Compute how much oxygen fresh water holds in equilibrium with air.

    Args:
        temperature_c: Any shape, water temperature in °C, meant for 0 to 40.
        altitude_m: Same shape, metres above the sea, of the standard atmosphere.

    Returns:
        Same shape, mg/L; NaN where either is NaN.

    Source:
        Benson and Krause (1980, 1984), as in Standard Methods 4500-O and APHA tables.
    """
    kelvin = temperature_c - _ABSOLUTE_ZERO_C
    at_sea_level = np.exp(
        -139.34411
        + 1.575701e5 / kelvin
        - 6.642308e7 / kelvin**2
        + 1.243800e10 / kelvin**3
        - 8.621949e11 / kelvin**4
    )
    pressure_atm = (1.0 - 2.25577e-5 * altitude_m) ** 5.25588
    vapour_atm = np.exp(11.8571 - 3840.70 / kelvin - 216961.0 / kelvin**2)
    theta = 0.000975 - 1.426e-5 * temperature_c + 6.436e-8 * temperature_c**2
    saturation: Floats = (
        at_sea_level
        * pressure_atm
        * (1.0 - vapour_atm / pressure_atm)
        * (1.0 - theta * pressure_atm)
        / ((1.0 - vapour_atm) * (1.0 - theta))
    )
    return saturation


def limit_ratios(values: Floats, least: Floats, most: Floats, ceiling: Floats) -> Floats:
    """Divide values by their limits, so that 1 is the limit and less is better.

    Args:
        values: Any shape, in the limits' units.
        least: Same shape, smallest value allowed; NaN: no such bound.
        most: Same shape, largest value allowed; NaN: no such bound.
        ceiling: Same shape, the best value there can be where only `least` binds: dissolved
            oxygen at saturation. A value above it counts as the ceiling (own convention).

    Returns:
        Same shape, 0 or more for values that are; NaN where the value, every bound, or a ceiling
        above its limit is missing.

    Source:
        Kepmen LH 115/2003, Annex II, steps 1 to 3.
    """
    rising = values / most
    room = np.where(ceiling > least, ceiling - least, np.nan)
    falling = np.maximum(ceiling - values, 0.0) / room
    middle = (least + most) / 2.0
    around = (values - middle) / (np.where(values <= middle, least, most) - middle)
    bounded = np.where(np.isnan(most), falling, around)
    return np.where(np.isnan(least), rising, bounded)


def corrected(ratios: Floats) -> Floats:
    """Dampen the ratios above 1, so that one extreme parameter does not hide the others.

    Args:
        ratios: Any shape, value over limit; NaN stays.

    Returns:
        Same shape: 1 + 5 log10(r) where r > 1, else r.

    Source:
        Kepmen LH 115/2003, Annex II, step 4.
    """
    return np.where(ratios > 1.0, 1.0 + CORRECTION * np.log10(np.maximum(ratios, 1.0)), ratios)


def pollution_index(ratios: Floats, *, least_parameters: int) -> Floats:
    """Combine the ratios of each sample into its Pollution Index (Nemerow and Sumitomo).

    Args:
        ratios: Shape (samples, parameters), value over limit before correction; NaN: the
            parameter is not part of the sample.
        least_parameters: Parameters a sample needs. The decree names no number: a convention.

    Returns:
        Shape (samples,), 0 or more; NaN where too few parameters are known. Samples of other
        parameter sets are not comparable.

    Source:
        Kepmen LH 115/2003, Annex II: PI = sqrt((max² + mean²) / 2).
    """
    known = ~np.isnan(ratios)
    count = known.sum(axis=1)
    capped = np.where(known, corrected(ratios), 0.0)
    largest = capped.max(axis=1, initial=0.0)
    mean = capped.sum(axis=1) / np.maximum(count, 1)
    index = np.sqrt((largest**2 + mean**2) / 2.0)
    return np.where(count >= max(least_parameters, 1), index, np.nan)


def pollution_category(index: Floats) -> npt.NDArray[np.int64]:
    """Classify Pollution Indices.

    Args:
        index: Shape (n,); an edge (1, 5, 10) belongs to the better category.

    Returns:
        Shape (n,), positions in `CATEGORIES`; -1 where the index is NaN.

    Source:
        Kepmen LH 115/2003, Annex II, evaluation of the index.
    """
    position = np.searchsorted(np.asarray(_CATEGORY_EDGES), index, side="left")
    return np.where(np.isnan(index), -1, position).astype(np.int64)
