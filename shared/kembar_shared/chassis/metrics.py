"""One registry per app, and its exposition for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, cast

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.registry import Collector

    from kembar_shared.chassis.exposition import Exposed

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TOKENS: Final = "/oauth/token"
_END: Final = b"# EOF\n"


class Metrics:
    """What one app counts; `registry` takes further metrics."""

    def __init__(
        self, collectors: Iterable[Collector] = (), exposed: Iterable[Exposed] = ()
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's, unannotated
        self.registry = CollectorRegistry()
        self._exposed = tuple(exposed)
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
        refused = Counter(
            "kembar_token_failures",
            "Refused proofs of identity: a client's secret, an access token, or too many secrets.",
            ("kind",),
            registry=self.registry,
        )
        self._refused = {kind: refused.labels(kind) for kind in ("secret", "token", "limited")}

    def observe(
        self,
        *,
        method: str,
        route: str,
        status: int,
        seconds: float,
        exemplar: Mapping[str, str],
    ) -> None:
        """Count one request.

        Args:
            method: As it was asked.
            route: A template, never the path itself.
            status: As it was answered.
            seconds: How long it took.
            exemplar: What the request is found by elsewhere.
        """
        known = method if method in _METHODS else "other"
        of = self._requests_of.get((known, route, status))
        if of is None:
            of = self._requests.labels(known, route, str(status))
            self._requests_of[known, route, status] = of
        of.observe(seconds, dict(exemplar))
        if status == 401:
            self._refused["secret" if route == _TOKENS else "token"].inc()
        elif status == 429 and route == _TOKENS:
            self._refused["limited"].inc()

    def expose(self, accept: str) -> tuple[Iterator[bytes], str]:
        """Return the metrics of this moment, piece by piece, and their media type.

        Args:
            accept: Which dialect is asked for.
        """
        encode, media_type = choose_encoder(accept)
        return self._pieces(encode), media_type

    def _pieces(self, encode: Callable[[CollectorRegistry], bytes]) -> Iterator[bytes]:
        page = encode(self.registry)
        end = _END if page.endswith(_END) else b""
        yield page.removesuffix(end)
        for exposed in self._exposed:
            for piece in exposed.pieces():
                yield piece.encode()
        yield end


async def _metrics(request: Request) -> Metrics:
    return cast("Metrics", request.app.state.metrics)


MetricsDep = Annotated[Metrics, Depends(_metrics)]


def scrape(request: Request, metrics: MetricsDep) -> Response:
    """Show the metrics as Prometheus text or OpenMetrics."""
    pieces, media_type = metrics.expose(request.headers.get("accept", ""))
    return StreamingResponse(pieces, headers={"Content-Type": media_type})
