"""The environment itself as Prometheus samples, from rollups and figures alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kembar_shared.chassis.database import reading
from kembar_shared.measurement import store
from kembar_shared.measurement.periods import Duration, local_midnight_us, us_of_instant
from kembar_shared.measurement.rollups import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prometheus_client.metrics_core import Metric

    Figure = Mapping[str, Any]  # Any: one member for each column

    from kembar_shared.chassis.database import Engine
    from kembar_shared.measurement.indicators import Domain

_MINUTES_A_MONTH: Final = 43_200
_CADENCES_UNTIL_STALE: Final = 3
_RULES: Final = {store.heads.JUDGEMENT: "judgement", store.heads.CHECKS: "checks"}
_DAY: Final = timedelta(days=1)
_SERIES: Final = ("station", "parameter", "material", "source", "origin")
_FIGURE: Final = ("indicator", "jurisdiction", "period", "origin")


class Gauges(Collector):
    """Newest measurements and index values that are not stale, newest figures of each indicator.

    Each says how real what it was made from is.
    """

    def __init__(self, engine: Engine, domain: Domain, rules: Mapping[int, str]) -> None:
        """Read nothing yet.

        Args:
            engine: The service's database.
            domain: What the service measures.
            rules: Those of this process, by what they are of (`store.heads`).
        """
        self._engine, self._domain, self._rules = engine, domain, rules

    def describe(self) -> Iterator[Metric]:
        """Name nothing beforehand: describing would read the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the samples of this moment."""
        now = datetime.now(UTC)
        with reading(self._engine) as conn:
            newest = store.reading.newest_values(conn)
            figures = store.figures.newest(conn)
            indices = store.indices.newest(conn, _earliest(newest, now))
            in_force = {what: store.heads.in_force(conn, what) for what in self._rules}
        yield from self._measurements(newest, now)
        yield self._indices(indices, newest, now)
        yield from self._indicators(figures)
        yield self._standing(in_force)

    def _standing(self, in_force: Mapping[int, str | None]) -> Metric:
        standing = GaugeMetricFamily(
            "kembar_rules_in_force",
            "1 where the rules of this process are in force; where not it computes nothing.",
            labels=("of",),
        )
        for what, rules in self._rules.items():
            standing.add_metric((_RULES[what],), in_force[what] in {None, rules})
        return standing

    def _measurements(self, newest: Sequence[Figure], now: datetime) -> Iterator[Metric]:
        value = GaugeMetricFamily(
            "kembar_measurement_latest",
            "Newest measurement of a series, in the unit named; absent once it is stale.",
            labels=(*_SERIES, "unit"),
        )
        at = GaugeMetricFamily(
            "kembar_measurement_latest_timestamp_seconds",
            "When the newest measurement of a series was taken.",
            labels=_SERIES,
        )
        for row in newest:
            series = tuple(row[name] for name in _SERIES)
            at.add_metric(series, row["time_us"] / 1e6)
            is_fresh = now.timestamp() - row["time_us"] / 1e6 <= _until_stale(row).total_seconds()
            if row["value"] is not None and is_fresh:
                unit = self._domain.catalogue.by_code[row["parameter"]].unit
                value.add_metric((*series, unit), row["value"])
        yield value
        yield at

    def _indices(
        self, indices: Iterable[Figure], newest: Sequence[Figure], now: datetime
    ) -> Metric:
        value = GaugeMetricFamily(
            "kembar_index",
            "Newest value of an index at a station; absent once it is stale.",
            labels=("index", "station", "origin"),
        )
        ages, stations = _ages(newest), {row["station"]: row for row in newest}
        for found in indices:
            station = stations[found["station"]]
            day = date(
                found["period"] // 10_000, found["period"] // 100 % 100, found["period"] % 100
            )
            began_us = local_midnight_us(day, ZoneInfo(station["timezone"]))
            if us_of_instant(now - ages[found["station"]]) <= began_us:
                labels = (found["index"], found["station"], station["origin"])
                value.add_metric(labels, found["value"])
        return value

    def _indicators(self, figures: Sequence[Figure]) -> Iterator[Metric]:
        value = GaugeMetricFamily(
            "kembar_indicator",
            "Newest figure of an indicator that has a number.",
            labels=(*_FIGURE, "unit"),
        )
        state = GaugeMetricFamily(
            "kembar_figure_state",
            "1 for the state of the newest figure of an indicator.",
            labels=("figure", *_FIGURE[1:], "state"),
        )
        for f in _newest(figures):
            state.add_metric((*(f[name] for name in _FIGURE), f["state"]), 1)
        for f in _newest(figure for figure in figures if figure["value"] is not None):
            value.add_metric((*(f[name] for name in _FIGURE), f["unit"]), f["value"])
        yield value
        yield state


def _newest(figures: Iterable[Figure]) -> Iterable[Figure]:
    """Return the newest month and the newest year of each indicator and jurisdiction."""
    newest: dict[tuple[str, str, int], Figure] = {}
    for figure in figures:
        key = (figure["indicator"], figure["jurisdiction"], len(figure["period"]))
        if key not in newest or figure["period"] > newest[key]["period"]:
            newest[key] = figure
    return newest.values()


def _cadence(row: Figure) -> timedelta:
    duration = Duration.parse(row["cadence"])
    return timedelta(minutes=duration.minutes + duration.months * _MINUTES_A_MONTH)


def _until_stale(row: Figure) -> timedelta:
    """Return how long after it was taken a series' newest value is shown."""
    return max(_DAY, _CADENCES_UNTIL_STALE * _cadence(row))


def _earliest(newest: Sequence[Figure], now: datetime) -> int:
    """Return the first day, yyyymmdd, of which an index value may still be shown."""
    oldest = max(_ages(newest).values(), default=_DAY)
    return number_of((now - oldest - _DAY).date())


def _ages(newest: Iterable[Figure]) -> dict[str, timedelta]:
    """Return how long after its period began an index value is shown, for each station."""
    ages: dict[str, timedelta] = {}
    for row in newest:
        age = _until_stale(row) + max(_DAY, _cadence(row))
        ages[row["station"]] = max(age, ages.get(row["station"], age))
    return ages
