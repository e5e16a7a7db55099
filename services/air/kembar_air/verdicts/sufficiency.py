"""Whether enough of a year was measured to judge it by a limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_air.indicators import maxima, rules
from kembar_air.indices import year as statistics
from kembar_air.standards import completeness
from kembar_air.standards.japan import JP_EQS_AIR
from kembar_shared.measurement.completeness import COMPLETENESS, DAY, HALF_YEAR, SHARE, YEAR

if TYPE_CHECKING:
    import numpy.typing as npt

    from kembar_air.verdicts.tables import YearTable
    from kembar_shared.measurement.standards import Factor, Limit, Standards

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

SHORTER_THAN_AN_HOUR: Final = ("PT10M", "PT15M")
_UNSEEN_RANKS: Final = frozenset({"p98", "p99"})
"""The rounding of Japan's rank is unverified; for the WHO's percentile the rank is our reading."""

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


def _of_values(limit: Limit, standards: Standards, on: date) -> tuple[Factor, ...]:
    """Return the rows that say what a value is that a limit is compared with."""
    if limit.averaging in SHORTER_THAN_AN_HOUR:
        return ()
    kind = maxima.of_limit(limit)
    if kind is None and limit.standard == JP_EQS_AIR:
        return (standards.factor(JP_EQS_AIR, "day", "least_hours", on),)
    if kind is None:
        return (standards.factor(completeness.OWN, "mean_24h", "least_hours", on),)
    rows = [standards.factor(completeness.EU_2008_50, "hour", "least_share", on)]
    if kind.hours > 1:
        owner = completeness.EU_2008_50 if kind.hours == maxima.MAX_8H.hours else completeness.OWN
        rows.append(standards.factor(owner, f"mean_{kind.hours}h", "least_hours", on))
    return tuple(rows)


def _of_years(limit: Limit, standards: Standards, on: date) -> tuple[Factor, ...]:
    """Return the rows that say of how much of a year there have to be such values."""
    if limit.averaging in SHORTER_THAN_AN_HOUR:
        return ()
    kind = maxima.of_limit(limit)
    rows = []
    if kind == maxima.MAX_8H:
        rows.append(standards.factor(completeness.EU_2008_50, "max_8h", "least_means", on))
    elif kind is not None:
        rows.append(standards.factor(COMPLETENESS, DAY, SHARE, on))
    if limit.evaluation == "season":
        rows.append(standards.factor(completeness.OWN, "season", "least_share", on))
    if limit.standard == JP_EQS_AIR:
        row = ("pm25", "least_days") if limit.parameter == "pm25" else ("year", "least_hours")
        return (*rows, standards.factor(JP_EQS_AIR, *row, on))
    of_half, of_year = (
        standards.factor(COMPLETENESS, each, SHARE, on) for each in (HALF_YEAR, YEAR)
    )
    return (*rows, of_half, of_year)


def unverified(limit: Limit, standards: Standards, on: date, is_shown: Mask) -> list[list[str]]:
    """Name of each row what its verdict rests on that was not seen in its source.

    Args:
        limit: What the row is judged by.
        standards: Of which the rules of sufficiency are taken.
        on: Day on which they are in force.
        is_shown: Shape (rows,), where one value beyond the limit says so, however little else was
            measured.
    """
    values, years = (
        all(row.verified for row in rows(limit, standards, on)) for rows in (_of_values, _of_years)
    )
    of_limit = [] if limit.verified else ["limit"]
    rank = ["rank"] if limit.evaluation in _UNSEEN_RANKS else []
    return [
        [*of_limit, *([] if values and (years or shown) else ["completeness"]), *rank]
        for shown in is_shown.tolist()
    ]


def months(year: int) -> Integers:
    """Return how many days of the year go before each month."""
    return np.array([(date(year, month, 1) - date(year, 1, 1)).days for month in range(1, 13)])


def most_ug_m3(limit: Limit) -> float:
    """Return the limit in µg/m³."""
    return (limit.most if limit.most is not None else np.inf) * rules.ug_m3_per_unit(limit)
