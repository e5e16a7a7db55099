"""Breakpoints of the ISPU, Indonesia's air pollutant standard index, by both its regulations."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from kembar_shared.measurement.standards import Factor, Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

P_14_2020: Final = "p14-2020"
KEP_107_1997: Final = "kep-107-1997"

P_14_2020_SOURCE: Final = "Permen LHK P.14/MENLHK/SETJEN/KUM.1/7/2020"
KEP_107_1997_SOURCE: Final = "Keputusan Kepala Bapedal KEP-107/KABAPEDAL/11/1997"

LAST_INDEX: Final = "last_index"
"""Quantity of a category: the highest index that belongs to it."""

_REPLACED_ON: Final = date(2020, 7, 1)
_KEP_107_BEGAN: Final = date(1997, 11, 21)

# In this order a tie for the critical parameter is decided (own convention).
POLLUTANTS: Final = ("pm25", "pm10", "so2", "co", "o3", "no2", "hc")

_P_14_INDICES: Final = {
    50.0: "baik",
    100.0: "sedang",
    200.0: "tidak_sehat",
    300.0: "sangat_tidak_sehat",
    500.0: "berbahaya",
}
_P_14: Final = {
    "pm25": (15.5, 55.4, 150.4, 250.4, 500.0),
    "pm10": (50.0, 150.0, 350.0, 420.0, 500.0),
    "so2": (52.0, 180.0, 400.0, 800.0, 1200.0),
    "co": (4000.0, 8000.0, 15000.0, 30000.0, 45000.0),
    "o3": (120.0, 235.0, 400.0, 800.0, 1000.0),
    "no2": (80.0, 200.0, 1130.0, 2260.0, 3000.0),
    "hc": (45.0, 100.0, 215.0, 432.0, 648.0),
}

_KEP_107_INDICES: Final = {
    50.0: "baik",
    100.0: "sedang",
    200.0: "tidak_sehat",
    300.0: "sangat_tidak_sehat",
    400.0: "berbahaya",
    500.0: "berbahaya",
}
# Nitrogen dioxide has an index from 200 on only.
_KEP_107: Final[dict[str, tuple[str, str, tuple[float | None, ...]]]] = {
    "pm10": ("PT24H", "µg/m³", (50.0, 150.0, 350.0, 420.0, 500.0, 600.0)),
    "so2": ("PT24H", "µg/m³", (80.0, 365.0, 800.0, 1600.0, 2100.0, 2620.0)),
    "co": ("PT8H", "mg/m³", (5.0, 10.0, 17.0, 34.0, 46.0, 57.5)),
    "o3": ("PT1H", "µg/m³", (120.0, 235.0, 400.0, 800.0, 1000.0, 1200.0)),
    "no2": ("PT1H", "µg/m³", (None, None, 1130.0, 2260.0, 3000.0, 3750.0)),
}
_KEP_107_COPIES: Final = (
    "; numbers from public program code (one copy prints 234 for ozone at 100) and, for SO2, the "
    "regulation's own worked example; the table itself was not seen"
)
# The classes of 1997 end at 199 and 299, unlike those of 2020: Jakarta calls its four days of 200
# in 2012 and 2014 very unhealthy.
_LAST_INDICES: Final = {
    P_14_2020: (("baik", 50.0), ("sedang", 100.0), ("tidak_sehat", 200.0),
                ("sangat_tidak_sehat", 300.0)),
    KEP_107_1997: (("baik", 50.0), ("sedang", 100.0), ("tidak_sehat", 199.0),
                   ("sangat_tidak_sehat", 299.0)),
}  # fmt: skip


def limits() -> Iterator[Limit]:
    """Yield one row per pollutant and band of both regulations."""
    for parameter, amounts in _P_14.items():
        for (index, grade), most in zip(_P_14_INDICES.items(), amounts, strict=True):
            yield Limit(
                standard=P_14_2020,
                authority="id",
                parameter=parameter,
                grade=grade,
                averaging="PT24H",
                evaluation="breakpoint",
                most=most,
                unit="µg/m³",
                ref_temperature_c=None if parameter.startswith("pm") else 25.0,
                index=index,
                valid_from=_REPLACED_ON,
                source=P_14_2020_SOURCE,
                # The text leaves the band above 300 open; 24 hours were seen for PM2.5 alone.
                verified=parameter == "pm25" and grade != "berbahaya",
            )
    for parameter, (averaging, unit, cells) in _KEP_107.items():
        for (index, grade), cell in zip(_KEP_107_INDICES.items(), cells, strict=True):
            if cell is not None:
                yield Limit(
                    standard=KEP_107_1997,
                    authority="id",
                    parameter=parameter,
                    grade=grade,
                    averaging=averaging,
                    evaluation="breakpoint",
                    most=cell,
                    unit=unit,
                    ref_temperature_c=None if parameter.startswith("pm") else 25.0,
                    index=index,
                    valid_from=_KEP_107_BEGAN,
                    valid_to=_REPLACED_ON,
                    source=KEP_107_1997_SOURCE + _KEP_107_COPIES,
                    verified=False,
                )


def factors() -> Iterator[Factor]:
    """Yield the last index of each category but the worst."""
    began = {P_14_2020: _REPLACED_ON, KEP_107_1997: _KEP_107_BEGAN}
    source = {P_14_2020: P_14_2020_SOURCE, KEP_107_1997: KEP_107_1997_SOURCE}
    for standard, categories in _LAST_INDICES.items():
        for category, last in categories:
            yield Factor(
                standard=standard,
                subject=category,
                quantity=LAST_INDEX,
                value=last,
                unit="1",
                valid_from=began[standard],
                valid_to=_REPLACED_ON if standard == KEP_107_1997 else None,
                source=source[standard] + ", table of categories",
                verified=standard == P_14_2020,
            )
