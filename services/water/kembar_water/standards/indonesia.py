"""River water classes of Indonesia: what each allows, since when, and from where."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from kembar_shared.measurement.standards import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

PP_22_2021_VI: Final = "pp-22-2021-vi"

DEFAULT_CLASS: Final = "II"
"""Class of a reach that nobody has designated (practice of the IKLH)."""

CLASSES: Final = ("I", "II", "III", "IV")
"""I the cleanest."""

LITTER: Final = "trash"
"""The parameter that has no amount and no ratio, only "none"."""

_Row = tuple[str, str, str, tuple[float | None, float | None, float | None, float | None]]
_F, _K, _B, _OUTSIDE = "physical", "chemical", "biological", ""

# Largest values by class I, II, III, IV; None: the class sets no limit.
_AT_MOST: Final[tuple[_Row, ...]] = (
    ("temp_dev", _F, "degC", (3, 3, 3, 3)),
    ("tds", _F, "mg/L", (1000, 1000, 1000, 2000)),
    ("tss", _F, "mg/L", (40, 50, 100, 400)),
    ("color", _F, "Pt-Co", (15, 50, 100, None)),
    ("bod", _K, "mg/L", (2, 3, 6, 12)),
    ("cod", _K, "mg/L", (10, 25, 40, 80)),
    ("so4", _K, "mg/L", (300, 300, 300, 400)),
    ("cl", _K, "mg/L", (300, 300, 300, 600)),
    ("no3_n", _K, "mg/L", (10, 10, 20, 20)),
    ("no2_n", _K, "mg/L", (0.06, 0.06, 0.06, None)),
    ("nh3_n", _K, "mg/L", (0.1, 0.2, 0.5, None)),
    ("tn", _K, "mg/L", (15, 15, 25, None)),
    ("tp", _K, "mg/L", (0.2, 0.2, 1.0, None)),
    ("f", _K, "mg/L", (1, 1.5, 1.5, None)),
    ("h2s", _K, "mg/L", (0.002, 0.002, 0.002, None)),
    ("cn", _K, "mg/L", (0.02, 0.02, 0.02, None)),
    ("cl2_free", _K, "mg/L", (0.03, 0.03, 0.03, None)),
    ("ba", _K, "mg/L", (1.0, None, None, None)),
    ("b", _K, "mg/L", (1.0, 1.0, 1.0, 1.0)),
    ("hg", _K, "mg/L", (0.001, 0.002, 0.002, 0.005)),
    ("as", _K, "mg/L", (0.05, 0.05, 0.05, 0.10)),
    ("se", _K, "mg/L", (0.01, 0.05, 0.05, 0.05)),
    ("fe", _K, "mg/L", (0.3, None, None, None)),
    ("cd", _K, "mg/L", (0.01, 0.01, 0.01, 0.01)),
    ("co", _K, "mg/L", (0.2, 0.2, 0.2, 0.2)),
    ("mn", _K, "mg/L", (0.1, None, None, None)),
    ("ni", _K, "mg/L", (0.05, 0.05, 0.05, 0.1)),
    ("zn", _K, "mg/L", (0.05, 0.05, 0.05, 2)),
    ("cu", _K, "mg/L", (0.02, 0.02, 0.02, 0.2)),
    ("pb", _K, "mg/L", (0.03, 0.03, 0.03, 0.5)),
    ("cr6", _K, "mg/L", (0.05, 0.05, 0.05, 1)),
    ("oil", _K, "mg/L", (1, 1, 1, 10)),
    ("mbas", _K, "mg/L", (0.2, 0.2, 0.2, None)),
    ("phenol", _K, "mg/L", (0.002, 0.005, 0.01, 0.02)),
    ("fcoli", _B, "MPN/100 mL", (100, 1000, 2000, 2000)),
    ("tcoli", _B, "MPN/100 mL", (1000, 5000, 10000, 10000)),
    ("trash", _OUTSIDE, "1", (0, 0, 0, 0)),
    ("aldrin_dieldrin", _K, "µg/L", (17, None, None, None)),
    ("bhc", _K, "µg/L", (210, 210, 210, None)),
    ("chlordane", _K, "µg/L", (3, None, None, None)),
    ("ddt", _K, "µg/L", (2, 2, 2, 2)),
    ("endrin", _K, "µg/L", (1, 4, 4, None)),
    ("heptachlor", _K, "µg/L", (18, None, None, None)),
    ("lindane", _K, "µg/L", (56, None, None, None)),
    ("methoxychlor", _K, "µg/L", (35, None, None, None)),
    ("toxaphene", _K, "µg/L", (5, None, None, None)),
    ("gross_alpha", _K, "Bq/L", (0.1, 0.1, 0.1, 0.1)),
    ("gross_beta", _K, "Bq/L", (1, 1, 1, 1)),
)
# Smallest values, and for pH both.
_AT_LEAST: Final[tuple[_Row, ...]] = (("do", _K, "mg/L", (6, 4, 3, 1)), ("ph", _K, "pH", (6,) * 4))
_PH_MOST: Final = 9.0


def annex_vi() -> Iterator[Limit]:
    """Yield every cell of PP 22/2021 Annex VI, river water, that sets a limit.

    In force since 2 February 2021 (the day is unverified); metals are dissolved.
    """
    for is_least, rows in ((False, _AT_MOST), (True, _AT_LEAST)):
        for parameter, group, unit, cells in rows:
            for grade, value in zip(CLASSES, cells, strict=True):
                if value is None:
                    continue
                yield Limit(
                    standard=PP_22_2021_VI,
                    authority="id",
                    parameter=parameter,
                    grade=grade,
                    averaging="sample",
                    least=float(value) if is_least else None,
                    most=_PH_MOST if parameter == "ph" else None if is_least else float(value),
                    unit=unit,
                    group=group,
                    valid_from=date(2021, 2, 2),
                    source=f"PP 22/2021, Lampiran VI, baku mutu air sungai, kelas {grade}",
                    verified=True,
                )
