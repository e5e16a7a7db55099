"""National targets for municipal waste: Jakstranas and the RPJMN 2025-2029."""

from __future__ import annotations

from datetime import date
from typing import Final

from kembar_shared.measurement.standards import Limit

JAKSTRANAS: Final = "perpres-97-2017"
RPJMN: Final = "perpres-12-2025"

_VERIFIED_FROM: Final = 2025
_REDUCTION: Final = {
    2018: 0.18, 2019: 0.20, 2020: 0.22, 2021: 0.24, 2022: 0.26, 2023: 0.27, 2024: 0.28, 2025: 0.30,
}  # fmt: skip
_HANDLING: Final = {
    2018: 0.73, 2019: 0.75, 2020: 0.75, 2021: 0.74, 2022: 0.73, 2023: 0.72, 2024: 0.71, 2025: 0.70,
}  # fmt: skip
_MANAGED: Final = {2025: 0.5121, 2029: 1.0}


def _target(standard: str, parameter: str, year: int, least: float, source: str) -> Limit:
    """Return what is to be reached in one calendar year; a target holds for no other year."""
    return Limit(
        standard=standard,
        authority="id",
        parameter=parameter,
        averaging="P1Y",
        evaluation="target",
        least=least,
        unit="1",
        valid_from=date(year, 1, 1),
        valid_to=date(year + 1, 1, 1),
        source=source,
        verified=year >= _VERIFIED_FROM,
    )


def _jakstranas(parameter: str, path: dict[int, float]) -> tuple[Limit, ...]:
    source = "Perpres 97/2017 (Jakstranas), target of the year, share of the waste generated"
    return tuple(
        _target(JAKSTRANAS, parameter, year, least, source) for year, least in path.items()
    )


LIMITS: Final = (
    *_jakstranas("reduction_rate", _REDUCTION),
    *_jakstranas("handling_rate", _HANDLING),
    *(
        _target(
            RPJMN,
            "managed_rate_rpjmn",
            year,
            least,
            "Perpres 12/2025 (RPJMN 2025-2029), Annex II, waste managed; the ministry's formula "
            "was not seen",
        )
        for year, least in _MANAGED.items()
    ),
)
"""Targets as shares of generation (unit `1`), each in force in its own calendar year only.

Of the Jakstranas path the year 2025 was seen, the years before it were not.
"""
