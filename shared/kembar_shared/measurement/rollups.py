"""What the rollups say: sums per local period with states, and the days figures are made of."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.chassis.database import reading
from kembar_shared.measurement import store
from kembar_shared.measurement.coverage import LEAST_COVERAGE
from kembar_shared.measurement.indicators import DAYS_SCHEMA
from kembar_shared.measurement.periods import Duration, Period
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kembar_shared.chassis.database import Connection, Engine
    from kembar_shared.measurement.indicators import Domain, Figure

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
    cadence = Duration.parse(row["cadence"])
    own = Duration(months={0: 0, 1: 1, 2: 12}[row["grain"]], minutes=0)
    step = cadence if row["grain"] == 0 else own
    expected = step.count_within(period.first, period.following)
    censored = row["n_below"] + row["n_above"]
    coverage = min(1.0, (row["n"] + censored) / expected)
    state = _state(row, grain, coverage, is_monthly=bool(cadence.months))
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
        "series_id": row["series_id"],
        "bucket": row["bucket"],
    }


def _state(row: Any, grain: Grain, coverage: float, *, is_monthly: bool) -> State:
    too_few_dates = is_monthly and grain is Grain.YEAR and row["sampled"] < _LEAST_DATES
    if coverage < LEAST_COVERAGE or (too_few_dates and row["grain"] == 0):
        return State.INSUFFICIENT
    if row["n"] and not row["n_below"] and not row["n_above"]:
        return State.OK
    if row["n"]:
        return State.CANNOT_ASSESS
    return State.BELOW_LIMIT if row["n_below"] and not row["n_above"] else State.ABOVE_LIMIT


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


def days(conn: Connection, first: date, following: date) -> pl.DataFrame:
    """Return the local days, months and years that values stand for (`DAYS_SCHEMA`)."""
    rows = store.reading.days(conn, first_day=number_of(first), end_day=number_of(following))
    periods: dict[tuple[int, int], Period] = {}
    expected: dict[tuple[str, int, int], float] = {}
    answers = []
    for row in rows:
        key = (row.grain, row.first_day)
        if key not in periods:
            periods[key] = Period.of(_date_of(row.first_day), _GRAINS[row.grain])
        period = periods[key]
        due = (row.cadence, *key)
        if due not in expected:
            expected[due] = (
                Duration.parse(row.cadence).count_within(period.first, period.following)
                if row.grain == 0
                else 1.0
            )
        answers.append(
            (row.code, row.jurisdiction, row.origin, row.altitude_m, row.water_class,
             row.parameter, row.material, row.source, period.grain.value, period.first,
             period.following, row.n, expected[due], row.total, row.least, row.greatest,
             row.n_below, row.n_above, row.below_limit)
        )  # fmt: skip
    return pl.DataFrame(answers, schema=DAYS_SCHEMA, orient="row")


class Figures:
    """The figures of one service, computed anew only when a measurement or a station changed."""

    def __init__(self, engine: Engine, domain: Domain) -> None:
        self._engine, self._domain = engine, domain
        self._lock = threading.Lock()
        self._version: tuple[Any, ...] | None = None
        self._figures: list[Figure] = []
        self._digests: dict[tuple[str, str], str] = {}

    def current(self) -> tuple[list[Figure], dict[tuple[str, str], str]]:
        """Return the figures, and the digest of their inputs by (jurisdiction, period).

        Raises:
            DatabaseUnavailable: The database is gone or too slow.
        """
        with reading(self._engine) as conn, self._lock:
            version = store.stations.version(conn)
            if version != self._version:
                frame = days(conn, date(1950, 1, 1), date(9999, 1, 1))
                self._figures = self._domain.figures(frame)
                self._digests = _digests(frame)
                self._version = version
            return self._figures, self._digests

    def digest_of(self, figure: Figure) -> str:
        """Return the digest of what *figure* was computed from."""
        inputs = self._digests.get((figure.jurisdiction, figure.period), "")
        parts = (figure.method, figure.indicator, figure.jurisdiction, figure.period, inputs)
        return "sha256:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _digests(frame: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Digest the rows of each jurisdiction and month, and of each jurisdiction and year."""
    digests = {}
    for length in (7, 4):
        keyed = frame.with_columns(
            bucket=pl.col("period").cast(pl.String).str.head(length)
        ).partition_by("jurisdiction", "bucket", as_dict=True, include_key=False)
        for (jurisdiction, bucket), rows in keyed.items():
            digests[jurisdiction, bucket] = hashlib.sha256(rows.write_csv().encode()).hexdigest()
    return digests
