"""Years of daily values compared with one limit, by the rule that the limit names."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import judged, maxima, rules
from kembar_air.indices import year as statistics
from kembar_air.standards import completeness
from kembar_air.standards.japan import JP_EQS_AIR
from kembar_air.verdicts import sufficiency
from kembar_air.verdicts.tables import DAYS, YearTable
from kembar_shared.measurement.completeness import COMPLETENESS, SHARE, YEAR
from kembar_shared.measurement.vocabulary import State

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from kembar_shared.measurement.standards import Limit, Standards

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

_RANKED: Final[dict[str, Callable[[Floats], Floats]]] = {
    "exclusion_2": statistics.exclusion_2,
    "p98": statistics.percentile_98,
    "p99": statistics.percentile_99,
}
_MEANS: Final = frozenset({"mean", "mean_max_8h", "season"})
_EACH: Final = frozenset({"each", "blocks", "daytime"})
_OF_DAYS: Final = frozenset(
    {("PT24H", "each"), ("PT24H", "exclusion_2"), ("PT24H", "p98"), ("PT24H", "p99"),
     ("P1Y", "mean")}
)  # fmt: skip
KNOWN: Final = sorted(
    f"{evaluation} of {averaging}"
    for averaging, evaluation in {
        *_OF_DAYS, *maxima.OF_LIMIT, *((each, "each") for each in sufficiency.SHORTER_THAN_AN_HOUR)
    }
)  # fmt: skip
"""What a limit may ask for."""

_DECIMALS: Final = 8
"""Of values in the unit of the limit: 0.04 ppm, stored as a mass, must come out as 0.04 again."""

_STATES: Final = (State.OK.value, State.INSUFFICIENT.value, State.CANNOT_ASSESS.value)
_OK, _INSUFFICIENT, _CANNOT_ASSESS = 0, 1, 2


def is_known(limit: Limit) -> bool:
    """Say whether there is a way to evaluate a limit."""
    return f"{limit.evaluation} of {limit.averaging}" in KNOWN


def evaluate(limit: Limit, table: YearTable, standards: Standards, year: int) -> pl.DataFrame:
    """Compare the stations of a table with one limit.

    Of days below a limit of detection that lies above the standard, statistics are made twice:
    with the least and with the most these may be. Where both tell the same, that is told.

    Args:
        limit: Its evaluation is one of `KNOWN`.
        table: Rows of one year.
        standards: Of which the rules of sufficiency are taken.
        year: The calendar year.

    Returns:
        One row per row of the table: `value`, `n`, `expected`, `coverage`, `exceeded`,
        `exceeded_on`, `verdict`, `state`, `reason`, `unverified_parts`.
    """
    on = date(year, 12, 31)
    length = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    values = _values(limit, table, standards, on)
    statistic = _statistic(limit, values.low, values.complete, standards, on, length)
    highest = statistic
    if values.high is not values.low:
        highest = _statistic(limit, values.high, values.complete, standards, on, length)
    counted = np.where(values.complete, values.low, np.nan)
    above = _above(limit, values.low, values.complete)
    n = statistics.counts(counted)
    expected = np.full(len(n), float(length))
    coverage = n / expected
    reason = sufficiency.reasons(limit, table, values, standards, on, length)
    if limit.evaluation == "mean":
        whole = _take_yearly(table, standards, on, statistic, reason, n, expected, coverage, limit)
        highest[whole] = statistic[whole]
    broken = _broken(limit, statistic, above)
    at_most = _broken(limit, highest, _above(limit, values.high, values.complete))
    reason[(broken != at_most) & (reason == "")] = "detection_limit"
    _unassessable(limit, table, values, statistic, broken, reason)
    if limit.evaluation in _EACH:
        reason = np.where(broken, "", reason)
    ok = reason == ""
    state = np.where(ok, _OK, np.where(_is_too_few(reason), _INSUFFICIENT, _CANNOT_ASSESS))
    of_means = limit.evaluation in _MEANS
    # Between its bounds the statistic itself is not known, though it lies on one side.
    value = np.where(ok & (statistic == highest), statistic, np.nan)
    return pl.DataFrame(
        {
            "value": pl.Series(value).fill_nan(None),
            "n": n,
            "expected": expected,
            "coverage": coverage,
            "exceeded": pl.Series(
                [None] * len(n) if of_means else above.sum(axis=1), dtype=pl.Int64
            ),
            "exceeded_on": _days(above & (not of_means), year),
            "verdict": judged.words(("met", "not_met"), np.where(ok, broken.astype(np.int64), -1)),
            "state": judged.words(_STATES, state),
            "reason": pl.Series([code or None for code in reason.tolist()], dtype=pl.String),
            "unverified_parts": pl.Series(
                sufficiency.unverified(limit, standards, on, broken & (limit.evaluation in _EACH)),
                dtype=pl.List(pl.String),
            ),
        }
    )


def _values(limit: Limit, table: YearTable, standards: Standards, on: date) -> sufficiency.Values:
    """Return the daily values that a limit is compared with."""
    per_unit = rules.ug_m3_per_unit(limit)
    kind = maxima.of_limit(limit)
    if limit.averaging in sufficiency.SHORTER_THAN_AN_HOUR:
        nothing = np.zeros(table.mean.shape, dtype=np.bool_)
        unknown = np.full(nothing.shape, np.nan)
        return sufficiency.Values(unknown, unknown, nothing, nothing, nothing)
    if kind is None:
        least = _least_hours(limit, standards, on)
        complete = (table.hours >= least - sufficiency.HAIR) & (
            table.beyond | ~np.isnan(table.mean)
        )
        value = np.where(complete, np.where(table.beyond, np.inf, table.mean), np.nan)
        measured = np.ones(complete.shape, dtype=np.bool_)
    else:
        found = table.maxima[kind]
        value = np.where(found.beyond, np.inf, found.value)
        complete = found.complete | found.beyond
        measured = ~np.isnan(value)
    # What is below a limit of detection above the standard may lie on either side of it.
    doubt = np.where(
        (table.below_limit > sufficiency.most_ug_m3(limit)) & ~np.isnan(value),
        _doubt(table, whole_day=kind is None),
        0.0,
    )
    low = np.round((value - doubt) / per_unit, _DECIMALS)
    high = np.round((value + doubt) / per_unit, _DECIMALS) if doubt.any() else low
    if limit.evaluation not in _EACH:
        return sufficiency.Values(
            low, high, complete, np.zeros(complete.shape, dtype=np.bool_), measured
        )
    censored = (low <= _most(limit)) & (high > _most(limit))
    value = np.where(censored, np.nan, np.round(value / per_unit, _DECIMALS))
    return sufficiency.Values(
        value,
        value,
        np.asarray(complete & ~censored),
        np.asarray(censored & complete),
        np.asarray(measured & ~censored),
    )


def _doubt(table: YearTable, *, whole_day: bool) -> Floats:
    """Return by how much daily values may be off, shape (rows, 366), in µg/m³.

    Values below detection stand for half their limit; they may be nothing, or all of it. A mean
    over a part of the day may be made of them alone.
    """
    return table.doubt if whole_day else np.asarray(table.below_limit / 2.0)


def _most(limit: Limit) -> float:
    return limit.most if limit.most is not None else np.inf


def _above(limit: Limit, value: Floats, complete: Mask) -> Mask:
    """Say which days' values lie above a limit; those above the range are not known to."""
    shown = value if limit.evaluation in _EACH else np.where(complete, value, np.nan)
    return np.asarray(np.isfinite(shown) & (shown > _most(limit)))


def _broken(limit: Limit, statistic: Floats, above: Mask) -> Mask:
    """Say of which rows the limit is broken."""
    if limit.evaluation in _EACH:
        return np.asarray(above.any(axis=1))
    broken = np.asarray(statistic > _most(limit))
    if limit.evaluation == "exclusion_2":
        broken = np.asarray(broken | statistics.two_in_a_row(above))
    return broken


def _least_hours(limit: Limit, standards: Standards, on: date) -> float:
    """Return how many hours a daily mean has to be made of."""
    if limit.standard == JP_EQS_AIR:
        return standards.factor(JP_EQS_AIR, "day", "least_hours", on).value
    return standards.factor(completeness.OWN, "mean_24h", "least_hours", on).value


def _statistic(
    limit: Limit, value: Floats, complete: Mask, standards: Standards, on: date, length: int
) -> Floats:
    """Return what is compared with the limit; NaN where it cannot be told."""
    counted = np.where(complete, value, np.nan)
    if limit.evaluation in _EACH:
        known = np.where(np.isinf(value), np.nan, value)
        return statistics.highest(known)
    if limit.evaluation == "season":
        share = standards.factor(completeness.OWN, "season", "least_share", on).value
        found = statistics.peak_season(counted[:, :length], sufficiency.months(on.year), share)
    elif limit.evaluation in _MEANS:
        found = statistics.mean(counted)
    else:
        found = _RANKED[limit.evaluation](counted)
    return np.round(found, _DECIMALS)


def _take_yearly(
    table: YearTable,
    standards: Standards,
    on: date,
    statistic: Floats,
    reason: npt.NDArray[np.str_],
    n: Integers,
    expected: Floats,
    coverage: Floats,
    limit: Limit,
) -> Mask:
    """Where the days do not suffice, take the mean that was reported for the year.

    Returns:
        Of which rows it was taken.
    """
    share = standards.factor(COMPLETENESS, YEAR, SHARE, on).value
    whole = (
        (reason != "") & ~np.isnan(table.yearly) & (table.yearly_share >= share - sufficiency.HAIR)
    )
    statistic[whole] = np.round(table.yearly[whole] / rules.ug_m3_per_unit(limit), _DECIMALS)
    reason[whole] = ""
    n[whole] = 1
    expected[whole] = 1.0
    coverage[whole] = table.yearly_share[whole]
    return np.asarray(whole)


def _unassessable(
    limit: Limit,
    table: YearTable,
    values: sufficiency.Values,
    statistic: Floats,
    broken: Mask,
    reason: npt.NDArray[np.str_],
) -> None:
    """Say where the instrument is the reason why nothing can be said."""
    infinite = np.isinf(values.low).any(axis=1)
    if limit.evaluation in _RANKED:
        # A rank below what lies above the range is known all the same.
        doubtful = np.isinf(statistic)
        if limit.evaluation == "exclusion_2":
            doubtful |= infinite & ~broken
    else:
        doubtful = infinite & ~(broken & (limit.evaluation in _EACH))
    reason[doubtful & ~_is_too_few(reason)] = "above_range"
    if limit.evaluation == "mean":
        counted = values.complete & np.isfinite(values.low)
        below = np.where(counted, table.n_below, 0.0).sum(axis=1)
        detected = np.where(counted, table.n, 0.0).sum(axis=1)
        reason[(below > detected) & (reason == "")] = "mostly_below_detection"
    reason[np.isnan(statistic) & (reason == "")] = "too_few_days"


def _is_too_few(reason: npt.NDArray[np.str_]) -> Mask:
    return np.char.startswith(reason, "too_few")


def _days(above: Mask, year: int) -> pl.Series:
    """List the marked days of each row, ISO 8601."""
    first = np.datetime64(f"{year:04d}-01-01", "D")
    names = np.datetime_as_string(first + np.arange(DAYS)).tolist()
    marked = pl.Series(names, dtype=pl.String).gather(np.nonzero(above)[1])
    ends = np.cumsum(above.sum(axis=1))
    return pl.Series(
        [marked[int(start):int(end)] for start, end in zip([0, *ends[:-1]], ends, strict=True)],
        dtype=pl.List(pl.String),
    )  # fmt: skip
