"""The environment itself as Prometheus samples, from rollups and figures alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kembar_shared.chassis.database import reading
from kembar_shared.measurement import store
from kembar_shared.measurement.periods import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    Figure = Mapping[str, Any]  # Any: one member for each column

    from kembar_shared.chassis.database import Engine
    from kembar_shared.measurement.indicators import Domain

_MINUTES_A_MONTH: Final = 43_200
_CADENCES_UNTIL_STALE: Final = 3
_DAY_S: Final = 86_400


class Gauges(Collector):
    """Newest measurements that are not stale, and the newest figures of each indicator."""

    def __init__(self, engine: Engine, domain: Domain) -> None:
        self._engine, self._domain = engine, domain

    def describe(self) -> Iterator[Metric]:
        """Name nothing beforehand: describing would read the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the samples of this moment."""
        yield from self._measurements()
        yield from self._indicators()

    def _measurements(self) -> Iterator[Metric]:
        value = GaugeMetricFamily(
            "kembar_measurement_latest",
            "Newest measurement of a series, in the unit named; absent once it is stale.",
            labels=("station", "parameter", "material", "source", "unit"),
        )
        at = GaugeMetricFamily(
            "kembar_measurement_latest_timestamp_seconds",
            "When the newest measurement of a series was taken.",
            labels=("station", "parameter", "material", "source"),
        )
        with reading(self._engine) as conn:
            rows = store.reading.newest_values(conn)
        now_s = time.time()
        for row in rows:
            series = (row["station"], row["parameter"], row["material"], row["source"])
            at.add_metric(series, row["time_us"] / 1e6)
            is_fresh = now_s - row["time_us"] / 1e6 <= _stale_after_s(row["cadence"])
            if row["value"] is not None and is_fresh:
                unit = self._domain.catalogue.by_code[row["parameter"]].unit
                value.add_metric((*series, unit), row["value"])
        yield value
        yield at

    def _indicators(self) -> Iterator[Metric]:
        value = GaugeMetricFamily(
            "kembar_indicator",
            "Newest figure of an indicator that has a number.",
            labels=("indicator", "jurisdiction", "period", "unit"),
        )
        state = GaugeMetricFamily(
            "kembar_figure_state",
            "1 for the state of the newest figure of an indicator.",
            labels=("figure", "jurisdiction", "period", "state"),
        )
        with reading(self._engine) as conn:
            figures = store.figures.newest(conn)
        for f in _newest(figures):
            labels = (f["indicator"], f["jurisdiction"], f["period"])
            state.add_metric((*labels, f["state"]), 1)
        for f in _newest(figure for figure in figures if figure["value"] is not None):
            labels = (f["indicator"], f["jurisdiction"], f["period"])
            value.add_metric((*labels, f["unit"]), f["value"])
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


def _stale_after_s(cadence: str) -> float:
    duration = Duration.parse(cadence)
    minutes = duration.minutes + duration.months * _MINUTES_A_MONTH
    return max(_DAY_S, _CADENCES_UNTIL_STALE * minutes * 60)
