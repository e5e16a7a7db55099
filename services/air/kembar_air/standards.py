"""Breakpoints of the ISPU, Indonesia's air pollutant standard index, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

P_14_2020: Final = "p14-2020"
SOURCE: Final = "Permen LHK P.14/MENLHK/SETJEN/KUM.1/7/2020"

UPPER_INDICES: Final = (50, 100, 200, 300, 500)
"""Last index of each band; the regulation leaves the band above 300 open, 500 is unverified."""


@dataclass(frozen=True, slots=True)
class Breakpoints:
    """The concentrations at which one pollutant's sub-index changes band.

    Attributes:
        standard: Code of the regulation.
        parameter: Code in the catalogue.
        upper: Last concentration of each of the five bands; an edge belongs to the lower band.
        unit: Of the concentrations.
        averaging: ISO 8601 duration of the mean they apply to.
        ref_temperature_c: At which the gases' volumes are meant; None for particles.
        valid_from: First day in force (the regulation's month; the day is unverified).
        valid_to: First day no longer in force; None while in force.
        source: Regulation.
        verified: False where the averaging time was not seen in the regulation's text.
    """

    standard: str
    parameter: str
    upper: tuple[float, float, float, float, float]
    unit: str
    averaging: str
    ref_temperature_c: float | None
    valid_from: date
    valid_to: date | None
    source: str
    verified: bool


def _ispu(parameter: str, *upper: float) -> Breakpoints:
    """Return one column of the regulation's table."""
    baik, sedang, tidak_sehat, sangat_tidak_sehat, berbahaya = upper
    return Breakpoints(
        standard=P_14_2020,
        parameter=parameter,
        upper=(baik, sedang, tidak_sehat, sangat_tidak_sehat, berbahaya),
        unit="µg/m³",
        averaging="PT24H",
        ref_temperature_c=None if parameter.startswith("pm") else 25.0,
        valid_from=date(2020, 7, 1),
        valid_to=None,
        source=SOURCE,
        verified=parameter == "pm25",
    )


# In this order a tie for the critical parameter is decided (own convention).
ISPU: Final = (
    _ispu("pm25", 15.5, 55.4, 150.4, 250.4, 500.0),
    _ispu("pm10", 50.0, 150.0, 350.0, 420.0, 500.0),
    _ispu("so2", 52.0, 180.0, 400.0, 800.0, 1200.0),
    _ispu("co", 4000.0, 8000.0, 15000.0, 30000.0, 45000.0),
    _ispu("o3", 120.0, 235.0, 400.0, 800.0, 1000.0),
    _ispu("no2", 80.0, 200.0, 1130.0, 2260.0, 3000.0),
    _ispu("hc", 45.0, 100.0, 215.0, 432.0, 648.0),
)
"""The seven pollutants of the index."""


def rows() -> Iterator[dict[str, object]]:
    """Yield one plain row per pollutant and band, dates as ISO 8601."""
    for scale in ISPU:
        for index, value in zip(UPPER_INDICES, scale.upper, strict=True):
            yield {
                "standard": scale.standard,
                "parameter": scale.parameter,
                "index": index,
                "most": value,
                "unit": scale.unit,
                "averaging": scale.averaging,
                "ref_temperature_c": scale.ref_temperature_c,
                "valid_from": scale.valid_from.isoformat(),
                "valid_to": scale.valid_to and scale.valid_to.isoformat(),
                "source": scale.source,
                "verified": scale.verified,
            }
