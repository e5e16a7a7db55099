"""What the waste service measures: masses in kg, trips and population."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final

from kembar_shared.measurement.catalogue import (
    Catalogue,
    Checks,
    Conversion,
    FactorUnit,
    Parameter,
    Span,
)

# fmt: off
MATERIALS: Final = (
    "organic", "paper", "plastic", "metal", "glass", "textile", "rubber_leather", "hazardous",
    "electronic", "residual", "mixed", "other",
)
SOURCES: Final = (
    "household", "commercial", "market", "office", "school", "street", "industry", "facility",
    "mixed", "other",
)
# fmt: on

# "Mg" is left out: in any case it would also read as milligrams.
MASS_UNITS: Final = (
    Conversion("kg", ("kilogram", "kilograms", "キログラム")),
    Conversion("t", ("ton", "tons", "tonne", "tonnes", "ton metrik", "トン"), times=1000.0),
    Conversion("g", ("gram", "grams", "グラム"), over=1000.0),
)
TRIP_UNITS: Final = (Conversion("1", ("trip", "trips", "rit", "ritase", "台")),)
PERSON_UNITS: Final = (Conversion("persons", ("person", "people", "jiwa", "orang", "人")),)


def _volume(unit: str, *aliases: str, per_m3: int = 1) -> FactorUnit:
    return FactorUnit(
        unit, aliases, factor="density", factor_unit="kg/m3", low=1, high=3000, over=per_m3,
        example=f"{unit}@250",
    )  # fmt: skip


# Waste is denser in a truck than where it arises: no one density fits both.
VOLUME_UNITS: Final = (
    _volume("m3", "meter kubik", "立方メートル"),
    _volume("L", "liter", "litre", "リットル", per_m3=1000),
)

_POSSIBLE: Final = Span(low=0.0)
_UNITS: Final = {"trips": TRIP_UNITS, "population": PERSON_UNITS}
_FAIL: Final = {"trips": Span(0.0, 2000.0)}
# A head count stands for its year: the counts of its days could not be added up.
_PERIOD: Final = {"population": "P1Y"}

# A landfill takes nothing on Sundays, and most on Mondays. No threshold of masses fits both a
# landfill and a waste bank: without an operator's own nothing is evaluated.
_CHECKS: Final = Checks(weekly=True, rest=0.0)


def build() -> Catalogue:
    """Return the catalogue, its names read from `parameters.toml`."""
    words = tomllib.loads(files(__package__).joinpath("parameters.toml").read_text("utf-8"))
    parameters = tuple(
        Parameter(
            code=code,
            names=entry["names"],
            unit=_UNITS.get(code, MASS_UNITS)[0].unit,
            conversions=_UNITS.get(code, MASS_UNITS),
            period=_PERIOD.get(code, "P1D"),
            aliases=(*entry["names"].values(), *entry["aliases"]),
            fail=_FAIL.get(code, _POSSIBLE),
            source="Own convention: physically possible values",
            checks=_CHECKS,
            factor_units=() if code in _UNITS else VOLUME_UNITS,
        )
        for code, entry in words.items()
    )
    return Catalogue("waste", parameters, materials=MATERIALS, sources=SOURCES)
