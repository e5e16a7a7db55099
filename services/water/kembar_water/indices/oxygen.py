"""How much oxygen water can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

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
