"""Put the gateway together."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool

from kembar_gateway import (
    budgets,
    client_changes,
    clients,
    dashboards,
    door,
    effects,
    hierarchies,
    identity,
    lineage,
    merits,
    news,
    oversight,
    overviews,
    partner,
    register,
    register_pages,
    registry,
    tokens,
)
from kembar_gateway.evidence import routes as evidence_routes
from kembar_gateway.frames import Pages
from kembar_gateway.gauges import OutcomeCollector
from kembar_gateway.identity import Issuer
from kembar_gateway.pulls import Pulls
from kembar_gateway.registers import Registers
from kembar_gateway.reports import key_routes, reading_routes
from kembar_gateway.reports import routes as report_routes
from kembar_gateway.revoking import Revoking
from kembar_gateway.settings import PACKAGES, Clock, GatewaySettings, utc_now
from kembar_gateway.webhooks import routes as webhook_routes
from kembar_gateway.webhooks.sending import Webhooks
from kembar_shared.chassis import audit, migrate
from kembar_shared.chassis.app import assemble
from kembar_shared.chassis.backup.scheduled import Scheduled
from kembar_shared.chassis.database import Engine, serving, writing
from kembar_shared.chassis.messages import Messages
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI


def build(settings: GatewaySettings, *, clock: Clock = utc_now) -> FastAPI:
    """Return the gateway's app; keys, clients and timers come with its start.

    Raises:
        ProfileRejected: The profile of the register cannot be used.
    """
    profile = register.load(settings.profile)
    engine = serving(settings)
    registers = Registers(engine, profile, clock=clock)
    trail = audit.Trail(engine, settings)
    issuer = Issuer(settings)
    messages = Messages.of("kembar_shared.chassis", "kembar_gateway")
    pulls = Pulls(engine, issuer, settings, clock=clock)

    hooks = Webhooks(engine, issuer, registers, settings, clock=clock)
    revoking = Revoking(engine, issuer, settings, clock=clock)
    backups = Scheduled(engine, settings, service="gateway")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(_prepare, engine, issuer, settings, clock)
        await run_in_threadpool(_fill, registers)
        await run_in_threadpool(revoking.start)
        async with door.opened(settings) as app.state.door:
            trail.start()
            pulls.start()
            hooks.start()
            backups.start()
            try:
                yield
            finally:
                await run_in_threadpool(backups.stop)
                await run_in_threadpool(hooks.stop)
                await run_in_threadpool(pulls.stop)
                await run_in_threadpool(revoking.stop)
                await run_in_threadpool(trail.stop)
                engine.dispose()

    return assemble(
        settings,
        service="gateway",
        title="Kembar: gateway",
        routers=[
            tokens.router,
            clients.router,
            client_changes.router,
            registry.router,
            evidence_routes.router,
            overviews.router,
            merits.router,
            hierarchies.router,
            effects.router,
            budgets.router,
            oversight.router,
            partner.router,
            lineage.router,
            news.router,
            report_routes.router,
            reading_routes.router,
            key_routes.router,
            webhook_routes.router,
            dashboards.router,
            register_pages.router,
            door.routes(settings),
        ],
        keys=issuer,
        messages=messages,
        collectors=[
            OutcomeCollector(engine, registers, settings, clock=clock),
            pulls.counter,
            hooks.counter,
            *backups.collectors,
        ],
        checks={
            "database": lambda: migrate.is_current(engine, PACKAGES),
        },
        lifespan=lifespan,
        trail=trail,
        state={
            "engine": engine,
            "registers": registers,
            "issuer": issuer,
            "revoking": revoking,
            "logins": tokens.Logins(settings.failed_logins_per_minute),
            "clock": clock,
            "pulls": pulls,
            "webhooks": hooks,
            "pages": Pages(messages),
        },
    )


def renew(settings: GatewaySettings, *, clock: Clock = utc_now) -> str:
    """Give the first clients new secrets where the file of the old ones is gone; say what was done.

    Raises:
        DatabaseUnavailable: The database cannot be used.
    """
    file = settings.credentials_file
    if file is None:
        return "no file of credentials is set"
    if file.exists():
        return f"{file} is there"
    issuer = Issuer(settings)
    issuer.open()
    engine = serving(settings)
    audit.Trail(engine, settings)
    try:
        with writing(engine) as conn:
            renewed = identity.renew_first_clients(conn, issuer, now=clock())
        # After the commit: whoever is killed before it is written finds it gone once more.
        if renewed:
            identity.write_credentials(file, renewed)
    finally:
        engine.dispose()
    return f"new secrets are in {file}" if renewed else "there are no clients yet"


def _prepare(engine: Engine, issuer: Issuer, settings: GatewaySettings, clock: Clock) -> None:
    """Make what a first start needs: keys, and the clients whose secrets the operator moves."""
    is_first = not settings.keys_file.exists()
    issuer.open()
    if is_first:
        made = audit.Entry(
            audit.KEY, identity.OWN_CLIENT, issuer.signing_kid, detail={"made": "signing"}
        )
        with writing(engine) as conn:
            audit.append(conn, [made])
    if settings.credentials_file is not None:
        with writing(engine) as conn:
            identity.make_first_clients(conn, issuer, settings.credentials_file, now=clock())


def _fill(registers: Registers) -> None:
    """Fill the register, or leave it to the first request where the database is away."""
    try:
        registers.fill()
    except DatabaseUnavailable as error:
        structlog.get_logger().warning("register", reason=error.slug)
