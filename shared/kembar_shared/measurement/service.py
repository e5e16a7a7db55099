"""Build one of the three services from its domain."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import metadata
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from kembar_shared.chassis import app, audit, database, migrate
from kembar_shared.chassis.backup.scheduled import Scheduled
from kembar_shared.chassis.keys import RemoteKeys
from kembar_shared.chassis.messages import Messages
from kembar_shared.chassis.settings import SettingUnfit
from kembar_shared.measurement import completeness, resumming, store, thresholds
from kembar_shared.measurement.gauges import Gauges
from kembar_shared.measurement.indexing import Indices
from kembar_shared.measurement.jobs import Checks, Jobs
from kembar_shared.measurement.renewal import Figures
from kembar_shared.measurement.routes import ROUTERS, receipts
from kembar_shared.measurement.routes.shortcut import ShortWay
from kembar_shared.measurement.settings import PACKAGES
from kembar_shared.measurement.standards import Limit
from kembar_shared.measurement.writer import Writer

_LESS_URGENT: Final = 10
_NAMES: Final = {store.heads.JUDGEMENT: "figures and indices", store.heads.CHECKS: "checks"}
if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from kembar_shared.chassis.database import Engine
    from kembar_shared.chassis.keys import KeySource
    from kembar_shared.measurement.catalogue import Catalogue
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
        own = standards.overridden(settings.standards_file.read_text("utf-8"))
        completeness.refuse_unfit(own)
    except (OSError, ValueError) as error:
        raise SettingUnfit(f"standards_file: {settings.standards_file}: {error}") from error
    return own


def build(settings: ServiceSettings, domain: Domain, *, keys: KeySource | None = None) -> FastAPI:
    """Return the app of the service that *domain* describes.

    Args:
        settings: What the operator set.
        domain: What the service measures and how it judges.
        keys: Where tokens' keys come from; absent: the issuer of the settings.
    """
    domain = _with_checks(settings, domain)
    _refuse_unknown(domain)
    engine = database.serving(settings)
    trail = audit.Trail(engine, settings)
    rules = _rules_of_judgement(domain)
    indices = Indices(engine, domain, rules=rules)
    figures = Figures(engine, domain, indices, rules=rules)
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
    checks = Checks(
        engine, settings, service=domain.service, rules=_rules_of_checks(domain.catalogue)
    )
    jobs = Jobs(engine, (figures, indices), settings, checks)
    writer = Writer(engine, domain.catalogue)
    waiting = Gauge("kembar_posts_waiting", "Small uploads that wait to be stored.", registry=None)
    waiting.set_function(lambda: writer.waiting)
    backups = Scheduled(engine, settings, service=domain.service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        trail.start()
        if keys is None:
            await run_in_threadpool(own_keys.start)
        jobs.start()
        backups.start()
        try:
            yield
        finally:
            await run_in_threadpool(own_keys.stop)
            await writer.stop()
            await run_in_threadpool(backups.stop)
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
        collectors=(rows, *jobs.metrics.collectors, waiting, *backups.collectors),
        exposed=(Gauges(engine, domain, _rules(domain)),),
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


def adopt(settings: ServiceSettings, domain: Domain, engine: Engine) -> None:
    """Bring the release, settings and files of this process into force, for all replicas.

    Raises:
        SettingUnfit: A file cannot be used; it says where and why.
        DatabaseUnavailable: The database is gone, too slow, or cannot be written.
    """
    rules = _rules(_with_checks(settings, domain))
    with database.writing(engine) as conn:
        for what, own in rules.items():
            store.heads.adopt(conn, what, own)


def obstacle(settings: ServiceSettings, domain: Domain) -> str | None:
    """Return why this process may not serve: other rules than its own are in force."""
    rules = _rules(_with_checks(settings, domain))
    engine = database.serving(settings)
    try:
        with database.reading(engine) as conn:
            others = [
                name
                for what, name in _NAMES.items()
                if store.heads.in_force(conn, what) not in {None, rules[what]}
            ]
    finally:
        engine.dispose()
    if not others:
        return None
    return (
        f"its release, settings or files are not those in force for {' and '.join(others)}; "
        f"where they shall be, run: kembar-{domain.service} migrate"
    )


def check_quality(settings: ServiceSettings, domain: Domain) -> str:
    """Check measurements beside their neighbours, where something happened; say what came of it.

    Args:
        settings: What the operator set.
        domain: What the service measures.

    Raises:
        DatabaseUnavailable: The database is gone, too slow, or cannot be written.
    """
    # Requests come first.
    os.nice(_LESS_URGENT)
    catalogue = _with_checks(settings, domain).catalogue
    engine = database.serving(settings)
    try:
        # Loaded here alone: it weighs more than all else of a service.
        run = resolve_name("kembar_shared.measurement.quality:run")
        outcome = run(engine, catalogue, rules=_rules_of_checks(catalogue))
    finally:
        engine.dispose()
    done = f"{outcome.checked} measurements checked, {outcome.judged} flags changed"
    return f"{done}; {outcome.reason}" if outcome.reason else done


def _refuse_unknown(domain: Domain) -> None:
    """Refuse an operator's limit of what the service neither measures nor judges.

    Raises:
        SettingUnfit: It would do nothing, and nobody would notice.
    """
    own = set(domain.standards.own)
    known = {row.parameter for row in domain.standards.limits if row not in own}
    known |= domain.catalogue.by_code.keys()
    for row in domain.standards.own:
        if isinstance(row, Limit) and row.parameter not in known:
            raise SettingUnfit(
                f"standards_file: {row.standard}: there is no parameter {row.parameter!r}; "
                f"there are {', '.join(sorted(known))}"
            )


def _with_checks(settings: ServiceSettings, domain: Domain) -> Domain:
    """Return *domain* with the operator's thresholds.

    Raises:
        SettingUnfit: They cannot be read; it says where and why.
    """
    file = settings.checks_file
    if file is None:
        return domain
    try:
        text = file.read_text(encoding="utf-8")
        catalogue = thresholds.overridden(domain.catalogue, text)
    except (OSError, ValueError) as error:
        raise SettingUnfit(f"checks_file: {file}: {error}") from error
    return replace(domain, catalogue=catalogue)


def _rules(domain: Domain) -> dict[int, str]:
    """Return what this process computes by, as it would be in force."""
    return {
        store.heads.JUDGEMENT: _rules_of_judgement(domain),
        store.heads.CHECKS: _rules_of_checks(domain.catalogue),
    }


def _rules_of_judgement(domain: Domain) -> str:
    """Return a text that changes whenever figures and indices must be computed anew."""
    version = metadata.version("kembar-shared")
    return f"{version} {domain.standards.digest[:16]} {domain.rules} {resumming.RULES}"


def _rules_of_checks(catalogue: Catalogue) -> str:
    """Return a text that changes whenever all measurements must be checked anew."""
    versions = (metadata.version(name) for name in ("kembar-shared", "ioos-qc"))
    return " ".join((*versions, thresholds.digest(catalogue)))
