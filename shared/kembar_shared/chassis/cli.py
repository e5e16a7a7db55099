"""The commands of one service: serve, migrate, openapi, check, audit, backup, restore."""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
from dataclasses import dataclass
from pkgutil import resolve_name
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import uvicorn
from pydantic import ValidationError

from kembar_shared.chassis import logs, migrate, rights, scraping
from kembar_shared.chassis.audit import commands as audits
from kembar_shared.chassis.backup import commands as backups
from kembar_shared.chassis.database import connect, writing
from kembar_shared.chassis.problems import Problem, SchemaNewer
from kembar_shared.chassis.protocol import patient
from kembar_shared.chassis.settings import Settings, SettingUnfit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from fastapi import FastAPI

Chosen = TypeVar("Chosen", bound=Settings)

NOT_CURRENT: Final = 3
"""Exit code where the database is not current or cannot be reached."""

AUDIT_KEY: Final = "audit.key"
"""The name that the key of the audit trail has in a backup."""

MIGRATION_TIMEOUT_S: Final = 3600.0

_NEWER: Final = "of a newer release"

_GARBAGE: Final = 5_000
"""More objects than this many since the last time, and those without any owner are looked for."""


@dataclass(frozen=True, slots=True)
class Command:
    """What one service can do beside what every service can.

    Attributes:
        help: What it does.
        do: `module:function`; it gets the settings, does it and returns a line to print.
    """

    help: str
    do: str


@dataclass(frozen=True, slots=True)
class Rules:
    """How a service keeps replicas with other settings or files from computing by turns.

    Attributes:
        adopt: `module:function`; it gets the settings and the engine, and brings the rules of
            these settings into force.
        obstacle: `module:function`; it gets the settings and returns why a process may not serve
            by them, or None.
    """

    adopt: str
    obstacle: str


def run(
    service: str,
    settings: Callable[[], Chosen],
    build: str,
    packages: Sequence[str],
    *,
    files: Callable[[Chosen], Mapping[str, Path]] = lambda _: {},
    make_room: str | None = None,
    rules: Rules | None = None,
    more: Mapping[str, Command] = MappingProxyType({}),
    add: Callable[[Any], None] = lambda _: None,  # Any: argparse keeps the type to itself
) -> None:
    """Do what the command line asks of *service*, then exit.

    What only one command needs is named as `module:function` and loaded by that command: the rest
    start in half the time.

    Args:
        service: Its name, such as `water`.
        settings: Reads its settings from the environment.
        build: `module:function` that makes its app; the database need not be there yet.
        packages: Packages whose migrations its database needs.
        files: What a backup keeps of it beside the database, by the name it has there.
        make_room: `module:function`, called with a connection, a table's name and rows before
            they are restored.
        rules: Which of several processes' rules count; none: it has no such.
        more: Commands of its own, by name.
        add: Adds commands with arguments of their own; each sets `action`, which gets them and
            the settings and returns the exit code.
    """
    helps = {name: own.help for name, own in more.items()}
    arguments = _parser(service, helps, add).parse_args()
    command = arguments.command
    chosen = _read(service, settings)
    if command in {"check", "openapi"}:
        # They only write: whoever reads no further ends them, as any filter of the system.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if "action" in arguments:
        sys.exit(arguments.action(arguments, chosen))
    beside = {AUDIT_KEY: chosen.audit_key_file, **files(chosen)}
    needed = resolve_name(make_room) if make_room and command == "restore" else None
    kept = backups.Kept(service, packages, beside, needed)
    tasks: dict[str, Callable[[], int]] = {
        "serve": lambda: _serve(service, chosen, resolve_name(build), packages, rules),
        "migrate": lambda: _migrate(service, chosen, packages, arguments.grant, rules),
        "check": lambda: _check(service, chosen, resolve_name(build), packages),
        "openapi": lambda: _openapi(_built(service, resolve_name(build), chosen)),
        "audit": lambda: audits.run(arguments, service, chosen, packages),
        "backup": lambda: backups.run(arguments, chosen, kept),
        "restore": lambda: backups.run(arguments, chosen, kept),
    }
    if command in more:
        sys.exit(_told(service, more[command], chosen))
    sys.exit(tasks[command]())


def _parser(
    service: str, more: Mapping[str, str], add: Callable[[Any], None]
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"kembar-{service}", description=f"Kembar's {service}.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer requests until stopped")
    migration = commands.add_parser("migrate", help="bring the database to the newest revision")
    migration.add_argument(
        "--grant", metavar="ROLE", help="PostgreSQL: let ROLE serve, but not change the audit trail"
    )
    commands.add_parser("openapi", help="print the API's schema")
    commands.add_parser("check", help="print the settings and the state of the database")
    for name, does in more.items():
        commands.add_parser(name, help=does)
    audits.add(commands)
    backups.add(commands)
    add(commands)
    return parser


def _read(service: str, settings: Callable[[], Chosen]) -> Chosen:
    try:
        return settings()
    except ValidationError as error:
        for wrong in error.errors():
            sys.stderr.write(f"{service}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}\n")
        sys.exit(2)


def server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """Return the server that serves *app*: one process, without an access log of its own."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=patient(settings.request_idle_s),
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=10,
        )
    )


def _serve(
    service: str,
    settings: Chosen,
    build: Callable[[Chosen], FastAPI],
    packages: Sequence[str],
    rules: Rules | None,
) -> int:
    state = _state(settings, packages)
    if state != "current":
        remedy = "start that release" if state == _NEWER else f"try: kembar-{service} migrate"
        sys.stderr.write(f"{service}: the database is {state}; {remedy}\n")
        return NOT_CURRENT
    if (obstacle := audits.obstacle(settings)) is not None:
        sys.stderr.write(f"{service}: {obstacle}\n")
        return NOT_CURRENT
    logs.configure(settings, service)
    app = _built(service, build, settings)
    if rules and (obstacle := resolve_name(rules.obstacle)(settings)) is not None:
        sys.stderr.write(f"{service}: {obstacle}\n")
        return NOT_CURRENT
    # What is made by now stays: to look through it again and again would cost every request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    try:
        with scraping.served(settings, app.state.metrics):
            server(app, settings).run()
    except SettingUnfit as unfit:
        sys.stderr.write(f"{service}: {unfit}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _built(service: str, build: Callable[[Chosen], FastAPI], settings: Chosen) -> FastAPI:
    try:
        return build(settings)
    except SettingUnfit as unfit:
        sys.stderr.write(f"{service}: {unfit}\n")
        sys.exit(2)


def _migrate(
    service: str,
    settings: Settings,
    packages: Sequence[str],
    role: str | None,
    rules: Rules | None,
) -> int:
    engine = connect(settings.database_url, timeout_s=MIGRATION_TIMEOUT_S)
    if role is not None and engine.dialect.name == "sqlite":
        sys.stderr.write(f"{service}: --grant is for PostgreSQL; SQLite knows no roles\n")
        return 2
    try:
        migrate.upgrade(engine, packages)
        if rules is not None:
            resolve_name(rules.adopt)(settings, engine)
        if role is not None:
            with writing(engine) as conn:
                rights.grant(conn, role)
    except rights.RoleUnfit as unfit:
        sys.stderr.write(f"{service}: {unfit}\n")
        return 1
    except SettingUnfit as unfit:
        sys.stderr.write(f"{service}: {unfit}\n")
        return 2
    except Problem as problem:
        url = engine.url
        place = f"{url.host}:{url.port or 5432}" if url.host else url.database
        sys.stderr.write(f"{service}: {problem.slug} at {place} ({_reason(problem)})\n")
        return NOT_CURRENT
    finally:
        engine.dispose()
    _write(f"{service}: the database is current")
    return 0


def _told(service: str, own: Command, settings: Settings) -> int:
    if (obstacle := audits.obstacle(settings)) is not None:
        sys.stderr.write(f"{service}: {obstacle}\n")
        return NOT_CURRENT
    try:
        _write(f"{service}: {resolve_name(own.do)(settings)}")
    except SettingUnfit as unfit:
        sys.stderr.write(f"{service}: {unfit}\n")
        return 2
    except Problem as problem:
        sys.stderr.write(f"{service}: {problem.slug} ({_reason(problem)})\n")
        return NOT_CURRENT
    return 0


def _reason(problem: Problem) -> str:
    cause = getattr(problem.__cause__, "orig", None) or problem.__cause__
    return next(iter(str(cause).splitlines()), "no reason given")


def _openapi(app: FastAPI) -> int:
    _write(json.dumps(app.openapi(), ensure_ascii=False, indent=2, sort_keys=True))
    return 0


def _check(
    service: str,
    settings: Chosen,
    build: Callable[[Chosen], FastAPI],
    packages: Sequence[str],
) -> int:
    _built(service, build, settings)
    for name in type(settings).model_fields:
        _write(f"{name} = {getattr(settings, name)}")
    state = _state(settings, packages)
    _write(f"{service}: the database is {state}")
    return 0 if state == "current" else 1


def _state(settings: Settings, packages: Sequence[str]) -> str:
    engine = connect(settings.database_url, timeout_s=settings.database_timeout_s)
    try:
        return "current" if migrate.is_current(engine, packages) else "not current"
    except SchemaNewer:
        return _NEWER
    except Problem as problem:
        return f"not usable ({problem.slug})"
    finally:
        engine.dispose()


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
