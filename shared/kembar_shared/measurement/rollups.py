"""What the rollups say: sums per local period with states, and the days figures are made of."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement import store
from kembar_shared.measurement.coverage import LEAST_COVERAGE
from kembar_shared.measurement.indicators import DAYS_SCHEMA
from kembar_shared.measurement.periods import DAY_MIN, Duration, Period
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kembar_shared.chassis.database import Connection

DIGITS: Final = {Grain.DAY: 1, Grain.MONTH: 100, Grain.YEAR: 10_000}
_GRAINS: Final = (Grain.DAY, Grain.MONTH, Grain.YEAR)
_LEAST_DATES: Final = 2
"""Sampling dates that a year of monthly samples needs (contract, section 4)."""


def summarise(rows: Iterable[Any], grain: Grain) -> list[dict[str, Any]]:
    """Turn sums per series, bucket and grain of measurement into one answer per series and bucket.

    Measurements of different grain are never added: the finest grain that covers the period wins,
    else the one that covers most.
    """
    answers = []
    for _, group in groupby(rows, key=lambda row: (row["series_id"], row["bucket"])):
        answers.append(max((_summary(row, grain) for row in group), key=_worth))
    return answers


def _worth(answer: dict[str, Any]) -> tuple[bool, float]:
    return answer["state"] != State.INSUFFICIENT, answer["coverage"]


def _summary(row: Any, grain: Grain) -> dict[str, Any]:
    period = _period_of(row["bucket"], grain)
    expected, coverage = _coverage(row, period)
    is_monthly = row["grain"] == 0 and bool(Duration.parse(row["cadence"]).months)
    state = _state(row, grain, coverage, is_monthly=is_monthly)
    has_value = state in {State.OK, State.PROVISIONAL}
    total, n = row["total"], row["n"]
    return {
        "station": row["station"],
        "parameter": row["parameter"],
        "material": row["material"] or None,
        "source": row["source"] or None,
        "period": str(period),
        "n": n,
        "expected": expected,
        "coverage": round(coverage, 6),
        "mean": total / n if has_value else None,
        "min": row["least"] if has_value else None,
        "max": row["greatest"] if has_value else None,
        "sum": total if has_value else None,
        "state": state,
        "origin": row["origin"],
        "series_id": row["series_id"],
        "bucket": row["bucket"],
    }


def _coverage(row: Any, period: Period) -> tuple[float, float]:
    """Return how many values would fill *period*, and what share of it has any, 0 to 1.

    Values that stand for a day or less cover so much of the period as the different spans of time
    they stand for. Of a series from which one value a month is due, one fills the month.
    """
    months = max(1, len(list(period.months())))
    if row["grain"]:
        expected = max(1, months // {1: 1, 2: 12}[row["grain"]])
        return expected, min(1.0, row["sampled"] / expected)
    due = Duration.parse(row["cadence"]).months
    if due:
        expected = max(1, months // due) if period.grain is not Grain.DAY else 1
        return expected, min(1.0, row["months"] / expected)
    length_min = period.days * DAY_MIN
    expected = length_min * row["slots"] / row["covered_min"]
    return round(expected, 6), min(1.0, row["covered_min"] / length_min)


def _state(row: Any, grain: Grain, coverage: float, *, is_monthly: bool) -> State:
    too_few_dates = is_monthly and grain is Grain.YEAR and row["sampled"] < _LEAST_DATES
    if coverage < LEAST_COVERAGE or too_few_dates:
        return State.INSUFFICIENT
    kinds = [name for name in ("n", "n_below", "n_above") if row[name]]
    if len(kinds) > 1:
        return State.CANNOT_ASSESS
    return {"n": State.OK, "n_below": State.BELOW_LIMIT, "n_above": State.ABOVE_LIMIT}[kinds[0]]


def _period_of(bucket: int, grain: Grain) -> Period:
    if grain is Grain.YEAR:
        return Period(date(bucket, 1, 1), grain)
    if grain is Grain.MONTH:
        return Period(date(bucket // 100, bucket % 100, 1), grain)
    return Period(_date_of(bucket), grain)


def _date_of(first_day: int) -> date:
    return date(first_day // 10_000, first_day // 100 % 100, first_day % 100)


def number_of(day: date) -> int:
    """Return *day* as the rollups hold it, yyyymmdd."""
    return day.year * 10_000 + day.month * 100 + day.day


def days(
    conn: Connection,
    first: date,
    following: date,
    *,
    jurisdiction: str | None = None,
    stations: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Return the local days, months and years that values stand for (`DAYS_SCHEMA`).

    Args:
        conn: A reading transaction.
        first: First local day.
        following: First local day no longer asked for.
        jurisdiction: Only of its stations.
        stations: Only of these stations, by their codes.
    """
    rows = store.reading.days(
        conn,
        first_day=number_of(first),
        end_day=number_of(following),
        jurisdiction=jurisdiction,
        stations=stations,
    )
    periods: dict[tuple[int, int], Period] = {}
    answers = []
    for row in rows:
        key = (row.grain, row.first_day)
        if key not in periods:
            periods[key] = Period.of(_date_of(row.first_day), _GRAINS[row.grain])
        period = periods[key]
        is_day = row.grain == 0
        expected = DAY_MIN * row.slots / row.covered_min if is_day else 1.0
        covered = min(1.0, row.covered_min / DAY_MIN) if is_day else 1.0
        answers.append(
            (row.code, row.jurisdiction, row.origin, row.altitude_m, row.water_class,
             row.parameter, row.material, row.source, period.grain.value, period.first,
             period.following, row.n, expected, covered, row.total, row.least, row.greatest,
             row.n_below, row.n_above, row.below_limit)
        )  # fmt: skip
    return pl.DataFrame(answers, schema=DAYS_SCHEMA, orient="row")
