"""Mixing ratios (ppm, ppb) and mass concentrations of gases, into each other."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

Amount = TypeVar("Amount", float, npt.NDArray[np.float64])

_MOLAR_VOLUME_0_C_L: Final = 22.414
_ZERO_C_K: Final = 273.15


def molar_volume_l(temperature_c: float) -> float:
    """Return the litres one mole of an ideal gas fills at 1 atm and a temperature in °C.

    Source:
        Ideal gas; to three decimals 22.414 at 0 °C, 24.055 at 20 °C, 24.465 at 25 °C.
    """
    return round(_MOLAR_VOLUME_0_C_L * (_ZERO_C_K + temperature_c) / _ZERO_C_K, 3)


def to_ppb(mass_ug_m3: Amount, molar_mass_g: float, temperature_c: float) -> Amount:
    """Turn mass concentrations into mixing ratios.

    Args:
        mass_ug_m3: Any shape, µg/m³ at *temperature_c* and 1 atm; NaN stays.
        molar_mass_g: Grams per mole of the gas.
        temperature_c: The reference temperature at which the volume is meant.

    Returns:
        Same shape, ppb.

    Source:
        Ideal gas at 1 atm: µg/m³ = ppb · M / Vm.
    """
    return mass_ug_m3 * molar_volume_l(temperature_c) / molar_mass_g


def to_ug_m3(ratio_ppb: Amount, molar_mass_g: float, temperature_c: float) -> Amount:
    """Turn mixing ratios into mass concentrations.

    Args:
        ratio_ppb: Any shape, ppb; NaN stays.
        molar_mass_g: Grams per mole of the gas.
        temperature_c: The reference temperature at which the volume is meant.

    Returns:
        Same shape, µg/m³ at that temperature and 1 atm.

    Source:
        Ideal gas at 1 atm: µg/m³ = ppb · M / Vm.
    """
    return ratio_ppb * molar_mass_g / molar_volume_l(temperature_c)


def at_temperature(mass_ug_m3: Amount, temperature_c: float, wanted_c: float) -> Amount:
    """Turn mass concentrations of gases at one temperature into those at another.

    Args:
        mass_ug_m3: Any shape, any mass per volume; NaN stays.
        temperature_c: The reference temperature at which the volume is meant, 1 atm.
        wanted_c: The one at which it is wanted, 1 atm.

    Returns:
        Same shape and unit.

    Source:
        Ideal gas at 1 atm: the same gas fills Vm(wanted) instead of Vm.
    """
    return mass_ug_m3 * molar_volume_l(temperature_c) / molar_volume_l(wanted_c)
