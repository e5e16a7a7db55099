"""River water classes of Indonesia, as data: what each class allows, since when, and from where."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

DEFAULT_CLASS: Final = "II"
"""Class of a reach that nobody has designated (practice of the IKLH)."""

CLASSES: Final = ("I", "II", "III", "IV")


class Bound(StrEnum):
    """Which side of a limit is the good one."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Limit:
    """One cell of a standard's annex: what one class allows of one parameter.

    Attributes:
        standard: Code of the regulation and annex.
        parameter: Code in the catalogue; metals are dissolved.
        water_class: I to IV, I the cleanest.
        group: For STORET: physical, chemical, biological; empty outside it.
        least: Smallest value allowed; None when there is no such bound.
        most: Largest value allowed; None when there is no such bound.
        unit: The parameter's unit in the catalogue.
        averaging: What the value compared is: here always one sample.
        valid_from: First day in force.
        valid_to: First day no longer in force; None while in force.
        source: Regulation, annex, line.
        verified: Whether the value was seen in a copy of the annex (class II in three of them).
    """

    standard: str
    parameter: str
    water_class: str
    group: str
    least: float | None
    most: float | None
    unit: str
    averaging: str
    valid_from: date
    valid_to: date | None
    source: str
    verified: bool

    @property
    def bound(self) -> Bound:
        """Which side is the good one."""
        if self.least is None:
            return Bound.AT_MOST
        return Bound.AT_LEAST if self.most is None else Bound.RANGE

    def as_row(self) -> dict[str, object]:
        """Return the limit as plain values, dates as ISO 8601."""
        return {
            **asdict(self),
            "bound": self.bound.value,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
        }


def breaches(values: npt.NDArray[np.float64], limit: Limit) -> npt.NDArray[np.bool_]:
    """Say which values break a limit.

    Args:
        values: Any shape, in the limit's unit.
        limit: Its bounds are themselves allowed.

    Returns:
        Same shape; NaN breaks nothing.
    """
    too_little = values < (-np.inf if limit.least is None else limit.least)
    too_much = values > (np.inf if limit.most is None else limit.most)
    return too_little | too_much


PP_22_2021_VI: Final = "pp-22-2021-vi"

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


def _annex_vi() -> Iterator[Limit]:
    """Yield every cell of the annex that sets a limit."""
    for is_least, rows in ((False, _AT_MOST), (True, _AT_LEAST)):
        for parameter, group, unit, cells in rows:
            for water_class, value in zip(CLASSES, cells, strict=True):
                if value is None:
                    continue
                yield Limit(
                    standard=PP_22_2021_VI,
                    parameter=parameter,
                    water_class=water_class,
                    group=group,
                    least=float(value) if is_least else None,
                    most=_PH_MOST if parameter == "ph" else None if is_least else float(value),
                    unit=unit,
                    averaging="sample",
                    valid_from=date(2021, 2, 2),
                    valid_to=None,
                    source=f"PP 22/2021, Lampiran VI, baku mutu air sungai, kelas {water_class}",
                    verified=True,
                )


LIMITS: Final = tuple(_annex_vi())
"""PP 22/2021 Annex VI, river water, in force since 2 February 2021 (the day is unverified)."""
