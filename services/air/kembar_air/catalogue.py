"""What the air service measures, in µg/m³ (of gases at 25 °C), and what becomes of other units."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final

from kembar_shared.measurement.catalogue import (
    Catalogue,
    Checks,
    Conversion,
    Flat,
    Parameter,
    Relation,
    Span,
    Threshold,
)

MOLAR_VOLUME_L: Final = {"25C": 24.465, "20C": 24.055, "0C": 22.414}
"""Litres per mole of an ideal gas at 1 atm, by reference temperature."""

REFERENCE: Final = "25C"
REFERENCE_C: Final = 25.0
"""Temperature in °C at which every stored mass concentration of a gas is meant, at 1 atm.

Source:
    PP 22/2021, Lampiran VII.
"""

MOLAR_MASS_G: Final = {"so2": 64.066, "no2": 46.006, "o3": 47.998, "co": 28.010, "ox": 47.998}
"""Grams per mole; photochemical oxidants count as ozone."""

GASES: Final = frozenset({*MOLAR_MASS_G, "hc"})
"""What fills another volume at another temperature; particles are weighed, whatever it is."""

MASS_UNITS: Final = (
    Conversion("µg/m³", ("ug/m3", "mcg/m3")),
    Conversion("mg/m³", ("mg/m3",), times=1000.0),
    Conversion("ng/m³", ("ng/m3",), over=1000.0),
)

# First the possible values, then the plausible ones; instruments drift a little below zero.
_SPANS: Final = {
    "pm25": (Span(-5.0, 2000.0), Span(0.0, 500.0)),
    "pm10": (Span(-5.0, 5000.0), Span(0.0, 800.0)),
    "so2": (Span(-5.0, 5000.0), Span(0.0, 800.0)),
    "no2": (Span(-5.0, 3000.0), Span(0.0, 500.0)),
    "o3": (Span(-5.0, 1000.0), Span(0.0, 400.0)),
    "co": (Span(-100.0, 100000.0), Span(0.0, 30000.0)),
    "hc": (Span(low=-5.0), None),
    "spm": (Span(low=-5.0), None),
    "ox": (Span(low=-5.0), None),
    "tsp": (Span(low=-5.0), None),
    "pb": (Span(low=0.0), None),
}

_DAY_MIN: Final = 1440


def _checks(difference: float, tolerance: float, flat_days: int) -> Checks:
    """Return thresholds that an operator has yet to fit to the station: they only suspect.

    Args:
        difference: Most distance from both neighbours, and most change in an hour, µg/m³.
        tolerance: A stuck instrument's values differ by less, µg/m³.
        flat_days: After so many days an instrument is taken for stuck.
    """
    threshold = Threshold(difference)
    return Checks(threshold, threshold, Flat(tolerance, flat_days * _DAY_MIN))


# Wide: fireworks and fires are real. Gases are often written in whole numbers.
_CHECKS: Final = {
    "pm25": _checks(200.0, 0.1, 1),
    "pm10": _checks(300.0, 0.1, 1),
    "so2": _checks(200.0, 0.1, 7),
    "no2": _checks(150.0, 0.1, 7),
    "o3": _checks(150.0, 0.1, 7),
    "co": _checks(10_000.0, 1.0, 7),
}

RELATIONS: Final = (
    # Finer dust is part of the coarser; an instrument's noise about zero says nothing.
    Relation(
        "pm25_above_pm10",
        ("pm25", "pm10"),
        lambda of, _: (of["pm10"] > 0.0) & (of["pm25"] > 1.1 * of["pm10"]),
    ),
)
"""What contradicts itself.

Source:
    Own convention: domain rules, section D.
"""


def molar_units(mass_g: float) -> tuple[Conversion, ...]:
    """Return the mixing ratios of a gas of *mass_g* grams per mole.

    A mixing ratio is the same at every temperature, so whichever one is named, the mass is that
    at 25 °C. A plain ppb or ppm is not among them.

    Source:
        Ideal gas at 1 atm: µg/m³ = ppb · M / Vm.
    """
    return tuple(
        Conversion(
            f"{unit}@{temperature}",
            _spelled((unit, f"{unit}v"), temperature)[1:],
            times=round(mass_g * 1000.0) * thousands,
            over=_millilitres(REFERENCE),
        )
        for unit, thousands in (("ppb", 1.0), ("ppm", 1000.0))
        for temperature in MOLAR_VOLUME_L
    )


def mass_units_of_gases() -> tuple[Conversion, ...]:
    """Return the masses in a cubic metre of gas that say at which temperature it is one.

    Source:
        Ideal gas at 1 atm: a mass per volume at T becomes that at 25 °C by Vm(T) / Vm(25 °C).
    """
    return tuple(
        Conversion(
            f"{each.unit}@{temperature}",
            _spelled((each.unit, *each.aliases), temperature)[1:],
            # At 25 °C nothing is to be multiplied: the decimals stay as they were sent.
            times=each.times * (1 if temperature == REFERENCE else _millilitres(temperature)),
            over=1 if temperature == REFERENCE else _millilitres(REFERENCE),
        )
        for each in MASS_UNITS[:2]
        for temperature in MOLAR_VOLUME_L
    )


def _spelled(units: tuple[str, ...], temperature: str) -> tuple[str, ...]:
    """Return how units at a temperature are written, the first as the catalogue names it."""
    degrees = (temperature, temperature.replace("C", "°C"))
    return tuple(f"{unit}@{written}" for unit in units for written in degrees)


def _millilitres(temperature: str) -> int:
    """Return the molar volume as a whole number."""
    return round(MOLAR_VOLUME_L[temperature] * 1000.0)


def build() -> Catalogue:
    """Return the catalogue, its names read from `parameters.toml`."""
    words = tomllib.loads(files(__package__).joinpath("parameters.toml").read_text("utf-8"))
    molar = {code: molar_units(mass_g) for code, mass_g in MOLAR_MASS_G.items()}
    by_temperature = mass_units_of_gases()
    parameters = tuple(
        Parameter(
            code=code,
            names=entry["names"],
            unit="µg/m³",
            conversions=MASS_UNITS
            + (by_temperature if code in GASES else ())
            + molar.get(code, ()),
            period="PT1H",
            aliases=(*entry["names"].values(), *entry["aliases"]),
            fail=_SPANS[code][0],
            suspect=_SPANS[code][1],
            source="Own convention: domain rules, section D",
            checks=_CHECKS.get(code, Checks()),
        )
        for code, entry in words.items()
    )
    return Catalogue("air", parameters, relations=RELATIONS)
