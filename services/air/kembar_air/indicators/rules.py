"""The standards' rows as they hold on a day, made ready for arrays of days."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_air import catalogue
from kembar_air.indices import ispu, mixing_ratio
from kembar_air.standards.ispu import KEP_107_1997, LAST_INDEX, P_14_2020, POLLUTANTS
from kembar_shared.measurement.standards import LONG_AGO, StandardsUnfit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import numpy.typing as npt

    from kembar_shared.measurement.standards import Limit, Standards

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

_EPOCH_ORDINAL: Final = 719163
_PPB: Final = {"ppb": 1.0, "ppm": 1000.0}
_UG_M3: Final = {"µg/m³": 1.0, "mg/m³": 1000.0, "ng/m³": 0.001}


class UnitUnknown(StandardsUnfit):
    """A limit's unit cannot be compared with what is measured."""


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def ug_m3_per_unit(limit: Limit) -> float:
    """Return how many µg/m³, as stored (of gases at 25 °C), one unit of a limit is.

    A mass per volume of gas is taken at the limit's reference temperature, 25 °C where it says
    none; a mixing ratio is the same at any.

    Raises:
        UnitUnknown: It is no mass concentration, and no mixing ratio of a gas whose molar mass is
            known; or its temperature means nothing.
    """
    celsius = limit.ref_temperature_c
    if limit.unit in _UG_M3 and celsius in (None, catalogue.REFERENCE_C):
        return _UG_M3[limit.unit]
    if (
        limit.unit in _UG_M3
        and limit.parameter in catalogue.GASES
        and celsius is not None
        and mixing_ratio.molar_volume_l(celsius) > 0.0
    ):
        return mixing_ratio.at_temperature(_UG_M3[limit.unit], celsius, catalogue.REFERENCE_C)
    mass_g = catalogue.MOLAR_MASS_G.get(limit.parameter)
    if limit.unit in _PPB and mass_g is not None:
        return mixing_ratio.to_ug_m3(_PPB[limit.unit], mass_g, catalogue.REFERENCE_C)
    raise UnitUnknown(
        f"{limit.standard}, {limit.parameter}: nothing in µg/m³ can be compared with "
        f"{limit.unit!r} at {limit.ref_temperature_c} °C"
    )


def in_force(limits: Iterable[Limit], on: date) -> list[Limit]:
    """Return of each kind of limit the row in force on a day.

    The oldest row of its kind is applied to everything before it too. Rows without a date, and
    those that ended without a successor, are not in force.
    """
    found: dict[tuple[object, ...], Limit] = {}
    dated = [limit for limit in limits if limit.valid_from is not None]
    for limit in sorted(dated, key=lambda limit: limit.valid_from or LONG_AGO):
        if limit.key not in found or (limit.valid_from or LONG_AGO) <= on:
            found[limit.key] = limit
    return [limit for limit in found.values() if limit.valid_to is None or limit.valid_to > on]


def by_day(
    standards: Standards, standard: str, subject: str, quantity: str, days: Integers
) -> Floats:
    """Return the value that a factor has on each of some days.

    Args:
        standards: The rows.
        standard: Of the factor.
        subject: Of the factor.
        quantity: Of the factor.
        days: Any shape, days since 1970-01-01.

    Returns:
        Same shape, or shape () where it never changed.

    Raises:
        KeyError: There is no such factor.
    """
    key = (standard, subject, quantity)
    rows = [row for row in standards.factors if row.key == key and row.valid_from is not None]
    if not rows:
        raise KeyError(key)
    rows.sort(key=lambda row: row.valid_from or LONG_AGO)
    values = np.array([row.value for row in rows])
    if len(values) == 1:
        return values[0]  # type: ignore[no-any-return]  # a scalar of the array
    begins = np.array([day_number(row.valid_from or LONG_AGO) for row in rows[1:]])
    return np.asarray(values[np.searchsorted(begins, days, side="right")])


@dataclass(frozen=True, slots=True)
class Scale:
    """The breakpoints of one pollutant.

    Attributes:
        upper: The bands' last concentrations, µg/m³.
        last: The index each ends with.
        from_zero: Whether there is an index below the first breakpoint.
    """

    upper: Floats
    last: Floats
    from_zero: bool


@dataclass(frozen=True, slots=True)
class Scales:
    """The breakpoints of one regulation from one day on.

    Attributes:
        standard: Code of the regulation.
        of: One scale for each of `POLLUTANTS`; None: it has no index.
        last_indices: The last index of each category but the worst.
        in_force_from: First day of the regulation, as days since 1970-01-01.
    """

    standard: str
    of: tuple[Scale | None, ...]
    last_indices: Floats
    in_force_from: int


@dataclass(frozen=True, slots=True)
class Regimes:
    """Scales one after another.

    Attributes:
        begins: First day of each but the first, as days since 1970-01-01, rising.
        scales: What holds from then on.
    """

    begins: Integers
    scales: tuple[Scales, ...]

    def positions(self, days: Integers) -> Integers:
        """Return the position among *scales* of what holds on each day."""
        return np.searchsorted(self.begins, days, side="right")


def regimes(standards: Standards, *, legacy: bool) -> Regimes:
    """Return the breakpoints of the ISPU as they followed each other.

    Args:
        standards: The rows.
        legacy: Whether days before P.14/2020 are judged by KEP-107/1997, or by P.14 all the same.
    """
    codes = (KEP_107_1997, P_14_2020) if legacy else (P_14_2020,)
    rows = standards.of(*codes)
    dates = {row.valid_from for row in rows} | {row.valid_to for row in rows}
    dates |= {row.valid_from for row in standards.factors if row.standard in codes}
    begins = sorted(day for day in dates if day is not None)
    first = {
        code: min(row.valid_from for row in rows if row.standard == code and row.valid_from)
        for code in codes
    }
    scales = []
    for on in begins or [LONG_AGO]:
        standard = P_14_2020 if on >= first[P_14_2020] else codes[0]
        scales.append(_scales(standards, standard, on, day_number(first[standard])))
    return Regimes(np.array([day_number(day) for day in begins[1:]], dtype=np.int64), tuple(scales))


def _scales(standards: Standards, standard: str, on: date, in_force_from: int) -> Scales:
    rows = in_force(standards.of(standard), on)
    lowest = min((row.index for row in rows if row.index is not None), default=0.0)
    last = [
        standards.factor(standard, category, LAST_INDEX, on).value
        for category in ispu.CATEGORIES[:-1]
    ]
    if not _rises((0.0, *last)):
        raise StandardsUnfit(
            f"{standard}, {LAST_INDEX}: each category must end above the one before; "
            f"{', '.join(ispu.CATEGORIES[:-1])} end with {last} from {on}"
        )
    return Scales(
        standard,
        tuple(_scale([row for row in rows if row.parameter == code], lowest)
              for code in POLLUTANTS),
        np.array(last),
        in_force_from,
    )  # fmt: skip


def _rises(numbers: tuple[float, ...]) -> bool:
    return all(one < other for one, other in pairwise(numbers))


def _scale(rows: list[Limit], lowest: float) -> Scale | None:
    cells = sorted(
        (row.index, row.most * ug_m3_per_unit(row))
        for row in rows
        if row.index is not None and row.most is not None
    )
    if not cells:
        return None
    last, upper = zip(*cells, strict=True)
    if not (_rises((0.0, *last)) and _rises((0.0, *upper))):
        raise StandardsUnfit(
            f"{rows[0].standard}, {rows[0].parameter}: index and breakpoints must rise together "
            f"from zero; to the indices {last} belong {upper} µg/m³"
        )
    return Scale(np.array(upper), np.array(last), from_zero=last[0] == lowest)
