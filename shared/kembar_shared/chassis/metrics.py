"""One registry per app, and its exposition for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, cast

from fastapi import Depends, Request, Response
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.registry import Collector

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What one app counts; `registry` takes further metrics."""

    def __init__(self, collectors: Iterable[Collector] = ()) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's, unannotated
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        for collector in collectors:
            self.registry.register(collector)
        self._requests = Histogram(
            "kembar_http_request_duration_seconds",
            "Time from a request's headers to the end of its answer.",
            ("method", "route", "status"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._requests_of: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; *route* is a template, never the path itself."""
        known = method if method in _METHODS else "other"
        of = self._requests_of.get((known, route, status))
        if of is None:
            of = self._requests.labels(known, route, str(status))
            self._requests_of[known, route, status] = of
        of.observe(seconds)


async def _metrics(request: Request) -> Metrics:
    return cast("Metrics", request.app.state.metrics)


MetricsDep = Annotated[Metrics, Depends(_metrics)]


def scrape(request: Request, metrics: MetricsDep) -> Response:
    """Show the metrics as Prometheus text or OpenMetrics."""
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(metrics.registry), headers={"Content-Type": media_type})
