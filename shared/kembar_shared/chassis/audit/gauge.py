"""The number of the newest entry, for Prometheus: it never steps back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kembar_shared.chassis.audit import store
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_shared.chassis.audit.trail import Trail

_ABOUT = "Entries of the audit trail; kept elsewhere, it shows that the tail was cut."


class EntriesCollector(Collector):
    """Reads the head at each scrape; shows nothing where the database is away."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def describe(self) -> list[GaugeMetricFamily]:
        """Return the family without a value: nothing is read when the app is built."""
        return [GaugeMetricFamily("kembar_audit_entries", _ABOUT)]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the number."""
        try:
            with reading(self._trail.engine) as conn:
                head = store.head(conn)
        except DatabaseUnavailable:
            return
        if head is not None:
            yield GaugeMetricFamily("kembar_audit_entries", _ABOUT, value=head.seq)
