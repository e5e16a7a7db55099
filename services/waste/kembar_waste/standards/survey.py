"""Factors that stand in for a measurement: loads, densities, generation; and own conventions."""

from __future__ import annotations

from datetime import date
from typing import Final

from kembar_shared.measurement.standards import Factor

TRIP_LOAD: Final = "trip-load"
"""Of whose factors the subject is a station, or a jurisdiction for all its stations."""

FACILITY: Final = "facility"
"""What an operator says of a station (`control_level`: 0 open dump, 1 controlled, 2 sanitary)."""

DISPOSAL: Final = "disposal-site"
"""What an operator says of where a jurisdiction's waste would have gone (`mcf`)."""

KANG_PISMAN: Final = "kang-pisman"
"""Baselines that an operator sets (`baseline_kg_per_person_day` of a jurisdiction)."""

CONVENTION: Final = "kembar"

_SNI_1995: Final = "SNI 19-3983-1995"
# fmt: off
_CITIES: Final = {
    # size: (kg low, kg high, L low, L high), of a person and day
    "medium_city": (0.70, 0.80, 2.75, 3.25), "small_city": (0.625, 0.70, 2.5, 2.75),
}
_BY_SOURCE: Final = {
    # source: (unit counted, kg low, kg high), of a unit and day
    "house_permanent": ("person", 0.35, 0.40), "house_semi_permanent": ("person", 0.30, 0.35),
    "house_non_permanent": ("person", 0.25, 0.30), "office": ("employee", 0.025, 0.10),
    "shop": ("employee", 0.15, 0.35), "school": ("pupil", 0.010, 0.020),
    "market": ("m2", 0.10, 0.30),
}
_LITRES: Final = {
    # source: (L low, L high), of a unit and day
    "house_permanent": (2.25, 2.50),
}
_DENSITIES: Final = {
    "dump_truck": (326.0, "Weighbridge survey, Indonesia: mean of 313 to 339"),
    "pick_up_domestic": (215.0, "Survey, Indonesia: pick-up, domestic waste"),
    "dump_truck_non_domestic": (239.0, "Survey, Indonesia: dump truck, non-domestic waste"),
    "at_source": (250.0, f"{_SNI_1995}: its kg divided by its L"),
}
# fmt: on


def _sni(subject: str, quantity: str, value: float, unit: str) -> Factor:
    return Factor(
        standard="sni-19-3983-1995",
        subject=subject,
        quantity=quantity,
        value=value,
        unit=unit,
        valid_from=date(1995, 1, 1),
        source=f"{_SNI_1995}; cities of more than 500 000 have to measure and have no default",
        verified=True,
    )


def _generation() -> list[Factor]:
    made = []
    for size, (kg_low, kg_high, litres_low, litres_high) in _CITIES.items():
        made += [
            _sni(size, "generation_low", kg_low, "kg/person/day"),
            _sni(size, "generation_high", kg_high, "kg/person/day"),
            _sni(size, "volume_low", litres_low, "L/person/day"),
            _sni(size, "volume_high", litres_high, "L/person/day"),
        ]
    for source, (counted, low, high) in _BY_SOURCE.items():
        made.append(_sni(source, "generation_low", low, f"kg/{counted}/day"))
        made.append(_sni(source, "generation_high", high, f"kg/{counted}/day"))
    for source, (low, high) in _LITRES.items():
        made.append(_sni(source, "volume_low", low, "L/person/day"))
        made.append(_sni(source, "volume_high", high, "L/person/day"))
    return made


FACTORS: Final = (
    *_generation(),
    *(
        Factor(
            standard="density",
            subject=vehicle,
            quantity="density",
            value=density,
            unit="kg/m3",
            valid_from=date(1995, 1, 1),
            source=source,
            verified=True,
        )
        for vehicle, (density, source) in _DENSITIES.items()
    ),
    Factor(
        standard=TRIP_LOAD,
        subject="bandung",
        quantity="load",
        value=5.757,
        unit="t/trip",
        valid_from=date(2026, 1, 1),
        source="Bandung to TPPAS Sarimukti, January 2026: 170.04 trips = 979 t/day",
        verified=True,
    ),
    Factor(
        standard="sni-19-3964-1994",
        subject="survey",
        quantity="days",
        value=8.0,
        unit="d",
        valid_from=date(1994, 1, 1),
        source="SNI 19-3964-1994: eight days in a row",
        verified=True,
    ),
    *(
        Factor(
            standard=CONVENTION,
            subject=subject,
            quantity=quantity,
            value=value,
            unit="1",
            valid_from=date(2015, 1, 1),
            source=f"Own convention: {meaning}",
            verified=False,
        )
        for subject, quantity, value, meaning in (
            (
                "mass_balance",
                "tolerance",
                0.02,
                "share of what came in that may be unaccounted for",
            ),
            ("composition", "sum_low", 0.98, "least sum of a composition's shares"),
            ("composition", "sum_high", 1.02, "greatest sum of a composition's shares"),
        )
    ),
)
"""All of them. There is no generation of large cities: they have to measure."""
