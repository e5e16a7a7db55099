"""Whether enough of a year was measured to judge it by a limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_air.indicators import rules
from kembar_air.indices import year as statistics
from kembar_air.standards.japan import JP_EQS_AIR
from kembar_shared.measurement.completeness import COMPLETENESS, HALF_YEAR, SHARE, YEAR

if TYPE_CHECKING:
    import numpy.typing as npt

    from kembar_air.verdicts.tables import YearTable
    from kembar_shared.measurement.standards import Limit, Standards

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

SHORTER_THAN_AN_HOUR: Final = ("PT10M", "PT15M")
HAIR: Final = 1e-9
"""What binary arithmetic may be off by."""

_DRY: Final = np.array([5 <= month <= 10 for month in range(1, 13)])


@dataclass(frozen=True, slots=True)
class Values:
    """Daily values in the unit of the limit, shape (rows, 366).

    Attributes:
        low: The least they may be; NaN: none; infinite: above the instrument's range.
        high: The most they may be; other than *low* only where a limit of detection lies above
            the standard.
        complete: Of which days enough was measured.
        censored: What is left out, for it may lie on either side of the limit; of statistics
            nothing is.
        measured: Which days bring the hours of a year, whether or not they are complete.
    """

    low: Floats
    high: Floats
    complete: Mask
    censored: Mask
    measured: Mask


def reasons(
    limit: Limit,
    table: YearTable,
    values: Values,
    standards: Standards,
    on: date,
    length: int,
) -> npt.NDArray[np.str_]:
    """Return why too little was measured; empty where enough was."""
    hours = np.where(values.measured, table.hours, 0.0).sum(axis=1)
    few = _too_few(limit, values.complete, hours, standards, on, length)
    if not values.censored.any():
        return few
    with_censored = values.complete | values.censored
    hours = np.where(values.measured | values.censored, table.hours, 0.0).sum(axis=1)
    enough = _too_few(limit, with_censored, hours, standards, on, length) == ""
    few[(few != "") & enough] = "detection_limit"
    return few


def _too_few(
    limit: Limit,
    complete: Mask,
    hours: Floats,
    standards: Standards,
    on: date,
    length: int,
) -> npt.NDArray[np.str_]:
    """Return which rule of sufficiency the complete days, shape (rows, 366), do not keep."""
    n = complete.sum(axis=1)
    reason = np.full(len(n), "", dtype="<U32")
    if limit.averaging in SHORTER_THAN_AN_HOUR:
        reason[:] = "shorter_than_an_hour"
        return reason
    if limit.standard == JP_EQS_AIR:
        if limit.parameter == "pm25":
            least = standards.factor(JP_EQS_AIR, "pm25", "least_days", on).value
            reason[n < least] = "too_few_days"
        else:
            least = standards.factor(JP_EQS_AIR, "year", "least_hours", on).value
            reason[(hours < least - HAIR) | (n == 0)] = "too_few_hours"
        return reason
    half_share = standards.factor(COMPLETENESS, HALF_YEAR, SHARE, on).value
    share = standards.factor(COMPLETENESS, YEAR, SHARE, on).value
    starts = months(on.year)
    days = statistics.month_sums(complete[:, :length].astype(np.float64), starts)
    lengths = np.diff(np.append(starts, length))
    for half in (_DRY, ~_DRY):
        few = days[:, half].sum(axis=1) < half_share * lengths[half].sum() - HAIR
        reason[few] = "too_few_days_of_a_half_year"
    reason[n < share * length - HAIR] = "too_few_days"
    return reason


def months(year: int) -> Integers:
    """Return how many days of the year go before each month."""
    return np.array([(date(year, month, 1) - date(year, 1, 1)).days for month in range(1, 13)])


def most_ug_m3(limit: Limit) -> float:
    """Return the limit in µg/m³."""
    return (limit.most if limit.most is not None else np.inf) * rules.ug_m3_per_unit(limit)
