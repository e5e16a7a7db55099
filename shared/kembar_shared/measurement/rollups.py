"""What the rollups say: sums per local period with states, and the days figures are made of."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from kembar_shared.measurement import completeness, store
from kembar_shared.measurement.indicators import DAYS_SCHEMA
from kembar_shared.measurement.periods import DAY_MIN, Duration, Period
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.standards import Standards
    from kembar_shared.measurement.store.reading import Sums

DIGITS: Final = {Grain.DAY: 1, Grain.MONTH: 100, Grain.YEAR: 10_000}
_GRAINS: Final = (Grain.DAY, Grain.MONTH, Grain.YEAR)
_WITH_VALUE: Final = frozenset({State.OK, State.PROVISIONAL})
_OF_KINDS: Final = (State.OK, State.BELOW_LIMIT, State.ABOVE_LIMIT)
"""Of values, of results below a limit, of results above one."""

_KEY: Final = ("station", "parameter", "material", "source", "grain", "period")


class _Bucket(NamedTuple):
    """A local day, month or year: its name, first day, length, and how many months it has."""

    name: str
    first: date
    length_min: int
    months: int


class _Asked(NamedTuple):
    """The share of a bucket that has to be measured, and how many dates a year of samples needs."""

    share: float
    dates: float


class _Series(NamedTuple):
    """A series: what is answered of it with each sum, and every how many months a value is due.

    Those are 0 where a value stands for a day or less and is due as often.
    """

    answered: dict[str, str | None]
    due_months: int


def summarise(
    rows: Iterable[tuple[Mapping[str, Any], Sums]],
    grain: Grain,
    units: Mapping[str, str],
    standards: Standards,
) -> list[tuple[tuple[int, int], dict[str, Any]]]:
    """Turn sums per series, bucket and grain of measurement into one answer per series and bucket.

    Measurements of different grain are never added: the finest grain that covers the period wins,
    else the one that covers most.

    Args:
        rows: Labels of a series, and sums of a bucket (`store.reading.rollups`), in order.
        grain: Length of the buckets.
        units: Unit of each parameter.
        standards: Say how much of a bucket has to be measured.

    Returns:
        Series and bucket, and the answer.
    """
    answers = []
    series: dict[int, _Series] = {}
    asked: dict[int, _Asked] = {}
    for place, group in groupby(rows, key=lambda row: (row[1].series_id, row[1].bucket)):
        bucket = _bucket(place[1], grain)
        if place[1] not in asked:
            asked[place[1]] = _asked(standards, grain, bucket.first)
        found = list(group)
        of = series.get(place[0])
        if of is None:
            of = series[place[0]] = _series(found[0][0], units)
        summaries = [_summary(of, sums, bucket, grain, asked[place[1]]) for _, sums in found]
        best = summaries[0] if len(summaries) == 1 else max(summaries, key=_worth)
        answers.append((place, best))
    return answers


def _worth(answer: dict[str, Any]) -> tuple[bool, float]:
    return answer["state"] != State.INSUFFICIENT, answer["coverage"]


def _series(labels: Mapping[str, Any], units: Mapping[str, str]) -> _Series:
    answered = {
        "unit": units[labels["parameter"]],
        "station": labels["station"],
        "parameter": labels["parameter"],
        "material": labels["material"] or None,
        "source": labels["source"] or None,
        "origin": labels["origin"],
    }
    return _Series(answered, Duration.parse(labels["cadence"]).months)


def _asked(standards: Standards, grain: Grain, first: date) -> _Asked:
    rows = ((grain.value, completeness.SHARE), (completeness.YEAR, completeness.DATES))
    share, dates = (standards.factor(completeness.COMPLETENESS, *row, first).value for row in rows)
    return _Asked(share, dates)


def _summary(
    series: _Series, sums: Sums, bucket: _Bucket, grain: Grain, asked: _Asked
) -> dict[str, Any]:
    due = series.due_months
    expected, coverage = _coverage(sums, bucket, grain, due)
    state = _state(sums, grain, coverage, asked, is_monthly=sums.grain == 0 and due > 0)
    mean = least = greatest = total = None
    if state in _WITH_VALUE and sums.total is not None:
        total, mean = sums.total, sums.mean
        least, greatest = sums.least, sums.greatest
    return {
        **series.answered,
        "period": bucket.name,
        "n": sums.n,
        "expected": expected,
        "coverage": round(coverage, 6),
        "mean": mean,
        "min": least,
        "max": greatest,
        "sum": total,
        "left_out": sums.left_out,
        "state": state,
    }


def _coverage(sums: Sums, bucket: _Bucket, grain: Grain, due: int) -> tuple[float, float]:
    """Return how many values would fill the bucket, and what share of it has any, 0 to 1.

    Values that stand for a day or less cover so much of the period as the different spans of time
    they stand for. Of a series from which one value is due every *due* months, one fills those.
    """
    if sums.grain:
        expected = max(1, bucket.months // {1: 1, 2: 12}[sums.grain])
        return expected, min(1.0, sums.sampled / expected)
    if due:
        expected = max(1, bucket.months // due) if grain is not Grain.DAY else 1
        return expected, min(1.0, sums.months / expected)
    length_min = bucket.length_min
    return (
        round(length_min * sums.slots / sums.covered_min, 6),
        min(1.0, sums.covered_min / length_min),
    )


@lru_cache(maxsize=8192)
def _bucket(number: int, grain: Grain) -> _Bucket:
    period = _period_of(number, grain)
    return _Bucket(
        str(period), period.first, period.days * DAY_MIN, max(1, len(list(period.months())))
    )


def _state(sums: Sums, grain: Grain, coverage: float, asked: _Asked, *, is_monthly: bool) -> State:
    too_few_dates = is_monthly and grain is Grain.YEAR and sums.sampled < asked.dates
    if coverage < asked.share or too_few_dates:
        return State.INSUFFICIENT
    counts = (sums.n, sums.n_below, sums.n_above)
    kinds = [state for state, count in zip(_OF_KINDS, counts, strict=True) if count]
    return kinds[0] if len(kinds) == 1 else State.CANNOT_ASSESS


def _period_of(bucket: int, grain: Grain) -> Period:
    if grain is Grain.YEAR:
        return Period(date(bucket, 1, 1), grain)
    if grain is Grain.MONTH:
        return Period(date(bucket // 100, bucket % 100, 1), grain)
    return Period(day_of(bucket), grain)


def day_of(first_day: int) -> date:
    """Return the day that is written as yyyymmdd."""
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
    parameters: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Return the local days, months and years that values stand for (`DAYS_SCHEMA`).

    Args:
        conn: A reading transaction.
        first: First local day.
        following: First local day no longer asked for.
        jurisdiction: Only of its stations.
        stations: Only of these stations, by their codes.
        parameters: Only of these parameters.
    """
    rows = store.reading.days(
        conn,
        first_day=number_of(first),
        end_day=number_of(following),
        jurisdiction=jurisdiction,
        stations=stations,
        parameters=parameters,
    )
    periods: dict[tuple[int, int], Period] = {}
    answers = []
    for row in rows:
        key = (row.grain, row.first_day)
        if key not in periods:
            periods[key] = Period.of(day_of(row.first_day), _GRAINS[row.grain])
        period = periods[key]
        is_day = row.grain == 0
        expected = DAY_MIN * row.slots / row.covered_min if is_day else 1.0
        covered = min(1.0, row.covered_min / DAY_MIN) if is_day else 1.0
        answers.append(
            (row.code, row.jurisdiction or None, row.origin, row.altitude_m, row.water_class,
             row.parameter, row.material, row.source, period.grain.value, period.first,
             period.following, row.n, expected, covered, row.total, row.least, row.greatest,
             row.n_below, row.n_above, row.below_limit, *_bounds(row), row.left_out)
        )  # fmt: skip
    # Not by what the database numbers or sorts them by, which another one does otherwise.
    return pl.DataFrame(answers, schema=DAYS_SCHEMA, orient="row").sort(*_KEY)


def _bounds(row: Any) -> tuple[float | None, float | None]:
    """Return between what the mean of a day, month or year lies, as far as limits tell."""
    if row.n + row.n_below == 0:
        return None, None
    low = (row.mean_total or 0.0) / row.slots
    return low, ((row.mean_total or 0.0) + (row.below_total or 0.0)) / row.slots
