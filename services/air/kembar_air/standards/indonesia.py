"""Indonesia's ambient air standards and the reference values of its air quality index IKU."""

from __future__ import annotations

from datetime import date
from typing import Final

from kembar_shared.measurement.standards import Factor, Limit

PP_22_2021_VII: Final = "pp-22-2021-vii"
PERMEN_LHK_27_2021: Final = "permen-lhk-27-2021"
LPPD: Final = "lppd-iku"

_SOURCE: Final = "Peraturan Pemerintah 22/2021, Lampiran VII"
_BEGAN: Final = date(2021, 2, 2)

# Parameter, averaging, evaluation, µg/m³ at 25 °C, whether it was seen. Ozone has no 24-hour one.
_CELLS: Final = (
    ("so2", "PT1H", "each", 150.0, False),
    ("so2", "PT24H", "each", 75.0, True),
    ("so2", "P1Y", "mean", 45.0, False),
    ("co", "PT1H", "each", 10000.0, False),
    ("co", "PT8H", "each", 4000.0, False),
    ("no2", "PT1H", "each", 200.0, False),
    ("no2", "PT24H", "each", 65.0, True),
    ("no2", "P1Y", "mean", 50.0, False),
    ("o3", "PT1H", "each", 150.0, True),
    ("o3", "PT8H", "each", 100.0, True),
    ("o3", "P1Y", "mean", 35.0, True),
    ("hc", "PT3H", "each", 160.0, False),
    ("tsp", "PT24H", "each", 230.0, False),
    ("pm10", "PT24H", "each", 75.0, True),
    ("pm10", "P1Y", "mean", 40.0, False),
    ("pm25", "PT24H", "each", 55.0, True),
    ("pm25", "P1Y", "mean", 15.0, True),
    ("pb", "PT24H", "each", 2.0, False),
)
_PARTICLES: Final = frozenset({"tsp", "pm10", "pm25", "pb"})

LIMITS: Final = tuple(
    Limit(
        standard=PP_22_2021_VII,
        authority="id",
        parameter=parameter,
        averaging=averaging,
        evaluation=evaluation,
        most=most,
        unit="µg/m³",
        ref_temperature_c=None if parameter in _PARTICLES else 25.0,
        valid_from=_BEGAN,
        source=_SOURCE,
        verified=verified,
    )
    for parameter, averaging, evaluation, most, verified in _CELLS
)
"""Ambient air quality standards; `hc` is measured as hydrocarbons without methane."""

IKU_EDGES: Final = (
    "sangat_kurang_from", "kurang_above", "cukup_above", "baik_above", "sangat_baik_above",
)  # fmt: skip

# Standard, subject, quantity, value, unit, whether it was seen.
_IKU: Final = (
    (PERMEN_LHK_27_2021, "no2", "iku_reference", 40.0, "µg/m³", True),
    (PERMEN_LHK_27_2021, "so2", "iku_reference", 20.0, "µg/m³", False),
    (PERMEN_LHK_27_2021, "iku", "least_share_of_days", 0.65, "1", True),
    (PERMEN_LHK_27_2021, "iku", "least_sites", 4.0, "1", True),
    *(
        (LPPD, "iku_class", edge, value, "1", True)
        for edge, value in zip(IKU_EDGES, (40.0, 50.0, 60.0, 70.0, 80.0), strict=True)
    ),
)
_SOURCES: Final = {
    PERMEN_LHK_27_2021: "Permen LHK 27/2021, Lampiran II",
    LPPD: "LPPD (report on a region's government), worksheet of the IKU",
}

FACTORS: Final = tuple(
    Factor(
        standard=standard,
        subject=subject,
        quantity=quantity,
        value=value,
        unit=unit,
        valid_from=date(2021, 1, 1),
        source=_SOURCES[standard],
        verified=verified,
    )
    for standard, subject, quantity, value, unit, verified in _IKU
)
"""What the IKU (Indeks Kualitas Udara, air quality index) is made with."""
