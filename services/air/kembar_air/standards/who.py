"""The global air quality guidelines of the World Health Organization, 2021."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from kembar_shared.measurement.standards import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO_2021: Final = "who-2021"

_SOURCE: Final = "WHO global air quality guidelines, 2021"
_PUBLISHED: Final = date(2021, 9, 22)
_GRADES: Final = ("IT-1", "IT-2", "IT-3", "IT-4", "AQG")

_Row = tuple[str, str, str, str, tuple[float | None, ...]]

# Parameter, averaging, evaluation, unit, and the five grades.
_LEVELS: Final[tuple[_Row, ...]] = (
    ("pm25", "P1Y", "mean", "µg/m³", (35.0, 25.0, 15.0, 10.0, 5.0)),
    ("pm25", "PT24H", "p99", "µg/m³", (75.0, 50.0, 37.5, 25.0, 15.0)),
    ("pm10", "P1Y", "mean", "µg/m³", (70.0, 50.0, 30.0, 20.0, 15.0)),
    ("pm10", "PT24H", "p99", "µg/m³", (150.0, 100.0, 75.0, 50.0, 45.0)),
    ("o3", "P6M", "season", "µg/m³", (100.0, 70.0, None, None, 60.0)),
    ("o3", "PT8H", "p99", "µg/m³", (160.0, 120.0, None, None, 100.0)),
    ("no2", "P1Y", "mean", "µg/m³", (40.0, 30.0, 20.0, None, 10.0)),
    ("no2", "PT24H", "p99", "µg/m³", (120.0, 50.0, None, None, 25.0)),
    ("so2", "PT24H", "p99", "µg/m³", (125.0, 50.0, None, None, 40.0)),
    ("co", "PT24H", "p99", "mg/m³", (7.0, None, None, None, 4.0)),
)  # fmt: skip
_RETAINED: Final = (
    ("no2", "PT1H", 200.0, "µg/m³"),
    ("so2", "PT10M", 500.0, "µg/m³"),
    ("co", "PT8H", 10.0, "mg/m³"),
    ("co", "PT1H", 35.0, "mg/m³"),
    ("co", "PT15M", 100.0, "mg/m³"),
)


def limits() -> Iterator[Limit]:
    """Yield the guideline levels, the interim targets and the older levels that were retained."""
    for parameter, averaging, evaluation, unit, levels in _LEVELS:
        for grade, most in zip(_GRADES, levels, strict=True):
            if most is not None:
                yield Limit(
                    standard=WHO_2021,
                    authority="who",
                    parameter=parameter,
                    grade=grade,
                    averaging=averaging,
                    evaluation=evaluation,
                    most=most,
                    unit=unit,
                    valid_from=_PUBLISHED,
                    source=f"{_SOURCE}, recommended levels",
                    verified=True,
                )
    for parameter, averaging, most, unit in _RETAINED:
        yield Limit(
            standard=WHO_2021,
            authority="who",
            parameter=parameter,
            grade="AQG",
            averaging=averaging,
            evaluation="each",
            most=most,
            unit=unit,
            valid_from=_PUBLISHED,
            source=f"{_SOURCE}, earlier levels that remain valid",
            verified=False,
        )
