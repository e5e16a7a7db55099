"""Newest values of series, and the means of their newest days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from kembar_shared.chassis.exposition import Family, Row, Sheet, gently, named
from kembar_shared.measurement import store
from kembar_shared.measurement.completeness import COMPLETENESS, SHARE
from kembar_shared.measurement.completeness import DAY as OF_A_DAY
from kembar_shared.measurement.gauges import statistics
from kembar_shared.measurement.periods import (
    DAY_MIN,
    Duration,
    instant_of_us,
    local_midnight_us,
)
from kembar_shared.measurement.rollups import day_of, number_of
from kembar_shared.measurement.vocabulary import Flag, Qualifier, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.indicators import Domain
    from kembar_shared.measurement.store.scraped import Day, Labels, Newest

_MINUTES_A_MONTH: Final = 43_200
_CADENCES_UNTIL_STALE: Final = 3
_DAY: Final = timedelta(days=1)
_DAYS_SHOWN: Final = timedelta(days=3)
"""How long after it began a day's statistic is shown."""

_SERIES: Final = ("station", "parameter", "material", "source", "origin")
_VALUE: Final = Family(
    "kembar_measurement_latest",
    "Newest measurement of a series, in the unit named; absent once it is stale.",
    (*_SERIES, "unit"),
)
_AT: Final = Family(
    "kembar_measurement_latest_timestamp_seconds",
    "When the newest measurement of a series was taken.",
    _SERIES,
)
_STATE: Final = Family(
    "kembar_measurement_latest_state",
    "1 for the state of the newest measurement of a series: no_data once it is stale.",
    (*_SERIES, "state"),
)
_MEAN: Final = "mean_24h"

# Plain texts and numbers: to ask an enumeration for one of them ten thousand times takes long.
_OK, _PROVISIONAL, _NO_DATA = State.OK.value, State.PROVISIONAL.value, State.NO_DATA.value
_OF_QUALIFIER: Final[Mapping[str | None, str]] = {
    Qualifier.BELOW.value: State.BELOW_LIMIT.value,
    Qualifier.ABOVE.value: State.ABOVE_LIMIT.value,
}
_SUSPECT: Final = int(Flag.SUSPECT)


@dataclass(frozen=True, slots=True)
class _Series:
    """A series, and the beginnings of its lines."""

    labels: Labels
    cadence: timedelta
    until_stale_s: float
    unit: str
    value: str
    at: str
    state: str
    stale: str

    @classmethod
    def of(cls, labels: Labels, unit: str) -> _Series:
        cadence = cadence_of(labels.cadence)
        called = named(_SERIES, [getattr(labels, name) for name in _SERIES])
        state = f'{_STATE.name}{{{called},state="'
        return cls(
            labels,
            cadence,
            max(_DAY, _CADENCES_UNTIL_STALE * cadence).total_seconds(),
            unit,
            f"{_VALUE.name}{{{called},{named(('unit',), (unit,))}}} ",
            f"{_AT.name}{{{called}}} ",
            state,
            f'{state}{_NO_DATA}"}} 1.0\n',
        )

    def row(self, found: Newest) -> Row:
        """Write the lines of its newest value."""
        at_s = found.time_us / 1e6
        at = f"{self.at}{at_s!r}\n"
        if found.value is not None and found.qualifier is None:
            value = f"{self.value}{found.value!r}\n"
            state = _PROVISIONAL if found.flag == _SUSPECT else _OK
        else:
            value, state = "", _OF_QUALIFIER.get(found.qualifier, _NO_DATA)
        lines = (value, at, f'{self.state}{state}"}} 1.0\n')
        return Row(lines, at_s + self.until_stale_s, ("", at, self.stale))


class Measured:
    """What was measured last."""

    def __init__(self, domain: Domain, days: Sheet) -> None:
        """Know nothing yet; *days* is where the means of days are shown.

        Where a domain makes statistics of days from hours, these are shown, and none from sums.
        """
        self.sheet = Sheet(_VALUE, _AT, _STATE)
        self._domain, self._days = domain, days
        self._known: dict[int, _Series] = {}

    def ages(self) -> dict[str, timedelta]:
        """Return how long after its period began an index of a station is shown."""
        ages: dict[str, timedelta] = {}
        for series in self._known.values():
            station = series.labels.station
            age = timedelta(seconds=series.until_stale_s) + max(_DAY, series.cadence)
            ages[station] = max(age, ages.get(station, age))
        return ages

    def renew(self, conn: Connection, series: AbstractSet[int] | None, now: float) -> None:
        """Read series (None: all) anew."""
        if series is None:
            self.sheet.clear()
            self._known.clear()
        unknown = None if series is None else series - self._known.keys()
        for labels in gently(store.scraped.labels(conn, unknown)):
            unit = self._domain.catalogue.by_code[labels.parameter].unit
            self._known[labels.series_id] = _Series.of(labels, unit)
        gone = set(series or ())
        finer: dict[int, int] = {}
        since_us = (now - _DAYS_SHOWN.total_seconds()) * 1e6
        for found in gently(store.scraped.newest(conn, series)):
            gone.discard(found.series_id)
            known = self._known[found.series_id]
            self.sheet.put(found.series_id, known.row(found))
            is_own = known.labels.parameter not in self._domain.hourly
            if is_own and known.cadence < _DAY and found.time_us > since_us:
                finer[found.series_id] = found.time_us
        for number in gone:
            self.sheet.drop(number)
            self._days.drop(number)
        self._renew_days(conn, finer, now)

    def _renew_days(self, conn: Connection, finer: Mapping[int, int], now: float) -> None:
        """Read the newest days of series anew; *finer* are the instants of their newest values."""
        since = number_of((datetime.fromtimestamp(now, UTC) - _DAYS_SHOWN - _DAY).date())
        chosen: dict[int, Day] = {}
        for day in store.scraped.days(conn, finer.keys(), since=since):
            # The newest of which enough was measured, or else the newest.
            if self._is_enough(day) or not self._is_enough(chosen.get(day.series_id, day)):
                chosen[day.series_id] = day
        for number, time_us in finer.items():
            mean = chosen.get(number)
            if mean is None:
                self._days.drop(number)
            else:
                value = _mean(mean) if self._is_enough(mean) else None
                self._days.put(number, _row(self._known[number], mean, value, time_us))

    def _is_enough(self, day: Day) -> bool:
        """Say whether a day has a mean; with more values below detection than above there is none.

        As figures have it: by the share that has to be measured.
        """
        first = day_of(day.first_day)
        share = self._domain.standards.factor(COMPLETENESS, OF_A_DAY, SHARE, first).value
        is_covered = day.covered_min / DAY_MIN >= share
        return is_covered and day.n_above == 0 and day.n > 0 and day.n_below <= day.n


def _mean(day: Day) -> float:
    """Return a day's mean, half the limit standing for each value below detection."""
    return ((day.mean_total or 0.0) + (day.below_total or 0.0) / 2) / day.slots


def _row(series: _Series, day: Day, value: float | None, newest_us: int) -> Row:
    labels = series.labels
    zone, first = ZoneInfo(labels.timezone), day_of(day.first_day)
    # The day goes on as long as nothing newer came in.
    is_over = instant_of_us(newest_us).astimezone(zone).date() > first
    state = State.OK if is_over else State.PROVISIONAL
    if value is None:
        state = State.CANNOT_ASSESS if day.n_above else State.INSUFFICIENT
    return statistics.row(
        (labels.station, labels.jurisdiction, labels.parameter, _MEAN, labels.origin),
        series.unit,
        value,
        state.value,
        began_s=local_midnight_us(first, zone) / 1e6,
        age=_DAYS_SHOWN,
    )


@cache
def cadence_of(text: str) -> timedelta:
    """Return how far apart the values of a series are expected; a month has 30 days here."""
    duration = Duration.parse(text)
    return timedelta(minutes=duration.minutes + duration.months * _MINUTES_A_MONTH)
