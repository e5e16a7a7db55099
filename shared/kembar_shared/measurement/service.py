"""Build one of the three services from its domain."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib import metadata
from typing import TYPE_CHECKING

from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from kembar_shared.chassis import app, audit, database, migrate
from kembar_shared.chassis.keys import RemoteKeys
from kembar_shared.chassis.messages import Messages
from kembar_shared.chassis.settings import SettingUnfit
from kembar_shared.measurement.gauges import Gauges
from kembar_shared.measurement.indexing import Indices
from kembar_shared.measurement.jobs import Jobs
from kembar_shared.measurement.renewal import Figures
from kembar_shared.measurement.routes import ROUTERS, receipts
from kembar_shared.measurement.routes.shortcut import ShortWay
from kembar_shared.measurement.settings import PACKAGES
from kembar_shared.measurement.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from kembar_shared.chassis.keys import KeySource
    from kembar_shared.measurement.indicators import Domain
    from kembar_shared.measurement.settings import ServiceSettings
    from kembar_shared.measurement.standards import Standards


def amended(standards: Standards, settings: ServiceSettings) -> Standards:
    """Return *standards* with the rows of the operator's file, if there is one.

    Raises:
        SettingUnfit: It cannot be read, or says something that cannot be meant.
    """
    if settings.standards_file is None:
        return standards
    try:
        return standards.overridden(settings.standards_file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingUnfit(f"standards_file: {settings.standards_file}: {error}") from error


def build(settings: ServiceSettings, domain: Domain, *, keys: KeySource | None = None) -> FastAPI:
    """Return the app of the service that *domain* describes.

    Args:
        settings: What the operator set.
        domain: What the service measures and how it judges.
        keys: Where tokens' keys come from; absent: the issuer of the settings.
    """
    engine = database.serving(settings)
    trail = audit.Trail(engine, settings)
    standards = domain.standards.digest
    rules = f"{metadata.version('kembar-shared')} {standards[:16]} {domain.rules}"
    figures = Figures(engine, domain, rules=rules)
    indices = Indices(engine, domain, rules=rules)
    rows = Counter(
        "kembar_upload_rows",
        "Rows of uploads by what became of them, counted after the commit.",
        ["service", "result"],
        registry=None,
    )

    own_keys = RemoteKeys(
        settings.keys_url,
        settings.jwks_file,
        settings.jwks_max_age_s,
        revocations_url=settings.list_url,
        poll_s=settings.revocations_poll_s,
    )
    jobs = Jobs(engine, (figures, indices), settings)
    writer = Writer(engine, domain.catalogue)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        trail.start()
        if keys is None:
            await run_in_threadpool(own_keys.start)
        jobs.start()
        try:
            yield
        finally:
            await run_in_threadpool(own_keys.stop)
            await writer.stop()
            await run_in_threadpool(jobs.stop)
            await run_in_threadpool(trail.stop)
            engine.dispose()

    return app.assemble(
        settings,
        service=domain.service,
        title=f"Kembar {domain.service}",
        routers=ROUTERS,
        keys=keys or own_keys,
        messages=Messages.of("kembar_shared.chassis", "kembar_shared.measurement"),
        lifespan=lifespan,
        trail=trail,
        collectors=(rows, Gauges(engine, domain)),
        checks={"database": lambda: migrate.is_current(engine, PACKAGES)},
        surroundings=(Middleware(ShortWay, settings=settings, writer=writer),),
        state={
            "engine": engine,
            "domain": domain,
            "figures": figures,
            "indices": indices,
            "upload_rows": {r: rows.labels(domain.service, r) for r in receipts.RESULTS},
        },
    )
