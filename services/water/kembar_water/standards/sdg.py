"""Targets of SDG indicator 6.3.2; a country sets its own, these are Indonesia's by default."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from kembar_shared.measurement.standards import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

SDG_6_3_2: Final = "sdg-6.3.2"

CORE_GROUPS: Final = {
    "do": "oxygen",
    "ec": "salinity",
    "no3_n": "nitrogen",
    "tp": "phosphorus",
    "ph": "acidification",
}
"""The parameter by which each core group of rivers is judged here."""

_OF_CLASS_II: Final = "SDG 6.3.2, national target: PP 22/2021, Lampiran VI, kelas II"
_PLACEHOLDER: Final = "SDG 6.3.2, own convention: Indonesia has no limit for conductivity"


def targets() -> Iterator[Limit]:
    """Yield the targets of the five core groups of rivers, by one parameter each."""
    rows: tuple[tuple[str, str, float | None, float | None, str], ...] = (
        ("do", "mg/L", 4.0, None, _OF_CLASS_II),
        ("ec", "µS/cm", None, 1500.0, _PLACEHOLDER),
        ("no3_n", "mg/L", None, 10.0, _OF_CLASS_II),
        ("tp", "mg/L", None, 0.2, _OF_CLASS_II),
        ("ph", "pH", 6.0, 9.0, _OF_CLASS_II),
    )
    for parameter, unit, least, most, source in rows:
        yield Limit(
            standard=SDG_6_3_2,
            authority="un",
            parameter=parameter,
            averaging="sample",
            evaluation="share80",
            least=least,
            most=most,
            unit=unit,
            valid_from=date(2021, 2, 2),
            source=source,
            verified=source == _OF_CLASS_II,
        )
