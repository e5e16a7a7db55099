"""Put an app together."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from importlib import metadata
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from kembar_shared.chassis import auth, health, issuers, metrics, vitals
from kembar_shared.chassis.app import answers, documentation, middleware
from kembar_shared.chassis.audit import gauge
from kembar_shared.chassis.audit import routes as audit_routes
from kembar_shared.chassis.limits import Buckets, Rate
from kembar_shared.chassis.settings import SettingUnfit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from fastapi.telemetry import TelemetryConfig
    from prometheus_client.registry import Collector
    from starlette.types import Lifespan

    from kembar_shared.chassis.audit import Trail
    from kembar_shared.chassis.exposition import Exposed
    from kembar_shared.chassis.keys import KeySource
    from kembar_shared.chassis.messages import Messages
    from kembar_shared.chassis.settings import Settings

_PROCESS: Final = auth.Router(tags=["process"])
_PROCESS.get("/livez")(auth.public(health.livez))
_PROCESS.get("/readyz")(auth.public(health.readyz))
_PROCESS.get("/metrics", response_class=Response)(
    auth.needs("metrics:read", is_metered=False, is_whole=True)(metrics.scrape)
)


def assemble(
    settings: Settings,
    *,
    service: str,
    title: str,
    routers: Sequence[auth.Router],
    keys: KeySource,
    messages: Messages,
    collectors: Iterable[Collector] = (),
    exposed: Iterable[Exposed] = (),
    checks: Mapping[str, Callable[[], bool]] | None = None,
    lifespan: Lifespan[Any] | None = None,
    state: Mapping[str, object] | None = None,
    surroundings: Sequence[Middleware] = (),
    trail: Trail | None = None,
) -> FastAPI:
    """Return an app that serves *routers* and what every service serves.

    Args:
        settings: Limits, issuer and audience.
        service: Its name, such as `water`.
        title: Its name for readers of the API's documentation.
        routers: Its own routes, each router with its whole prefix.
        keys: Where the issuer's public keys come from.
        messages: The chassis's messages and the service's own.
        collectors: What it shows on `/metrics` besides its requests.
        exposed: What it shows there besides, where that is much.
        checks: What must hold for it to be ready, by name.
        lifespan: What runs from start to stop.
        state: What its own dependencies read from `app.state`.
        surroundings: What requests pass on the way to its routes, within what every service has.
        trail: Its audit trail; its lifespan starts and stops it.

    Raises:
        RouteWithoutAccess: A router lets anybody in, or a route does not say who may call it.
        SettingUnfit: What a setting needs is not installed.
    """
    telemetry = _telemetry(settings, service)
    provider = telemetry.get("tracer_provider")
    app = documentation.DocumentedApp(
        title=title,
        version=metadata.version("kembar-shared"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # A redirect would name the host that the caller claims to have asked.
        redirect_slashes=False,
        lifespan=lifespan if provider is None else _flushing(provider, lifespan),
        telemetry=telemetry,
        exception_handlers=dict(answers.HANDLERS),
    )
    app.state.settings = settings
    app.state.service = service
    app.state.messages = messages
    kept = []
    if trail is not None:
        folder = settings.audit_key_file.absolute().parent
        kept = [vitals.Vitals(trail.engine, folder), gauge.EntriesCollector(trail)]
    app.state.metrics = metrics.Metrics([*kept, *collectors], exposed)
    app.state.trail = trail
    app.state.checks = dict(checks or {})
    app.state.verifier = issuers.verifier_of(settings, keys)
    app.state.buckets = Buckets(Rate(settings.rate_burst, settings.rate_per_s))
    for name, value in (state or {}).items():
        setattr(app.state, name, value)
    audited = [] if trail is None else [audit_routes.router]
    for router in (_PROCESS, documentation.router, *audited, *routers):
        if not isinstance(router, auth.Router):
            raise auth.RouteWithoutAccess(f"{router!r} lets anybody in")
        for route in router.routes:
            auth.access_of(getattr(route, "endpoint", None))
        # Not included but taken over: the framework would examine each once more.
        app.router.routes.extend(router.routes)
    app.user_middleware = [
        Middleware(middleware.ObservedRequest),
        Middleware(middleware.GuardedBody, settings=settings),
        *surroundings,
    ]
    return app


def _telemetry(settings: Settings, service: str) -> TelemetryConfig:
    """Return how requests are traced; without an address of a collector they are not.

    Raises:
        SettingUnfit: There is an address, and nothing installed that could send there.
    """
    # Errors and durations are told by the log and the metrics, and by nothing else.
    chosen: TelemetryConfig = {
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "tracing": bool(settings.traces_url),
    }
    if settings.traces_url:
        try:
            provider = resolve_name("kembar_shared.chassis.traces:provider")
        except ModuleNotFoundError as error:
            raise SettingUnfit(
                f"traces_url: {error.name} is not installed; "
                f"install kembar-{service}[traces], or unset it"
            ) from error
        chosen["tracer_provider"] = provider(settings.traces_url, service)
    return chosen


def _flushing(provider: Any, lifespan: Lifespan[Any] | None) -> Lifespan[Any]:
    """Return *lifespan*, after which the last spans are sent; Any: of a package that may lack."""

    @asynccontextmanager
    async def flushed(app: FastAPI) -> AsyncIterator[Any]:
        async with nullcontext() if lifespan is None else lifespan(app) as state:
            try:
                yield state
            finally:
                await run_in_threadpool(provider.shutdown)

    return flushed
