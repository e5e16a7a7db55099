"""Kembar as a user starts it: `kembar-gateway serve`, `kembar-water serve`, tokens, uploads."""

from __future__ import annotations

import base64
import json
import math
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg

from tests.bench import wire
from tests.bench.processes import free_port, run, serving
from tests.bench.workload import Network, Upload

DATABASES = ("postgresql", "sqlite")
UPLOADS = "/v1/uploads"
_TOKEN_S = 3000
_OFTEN = {"RATE_BURST": "1000000", "RATE_PER_S": "1000000"}
"""Measured is how fast Kembar is, not how often a client may ask."""
_PAGE = 10_000


@dataclass
class Gateway:
    """A running gateway, which issues the tokens and whose door leads to one water service."""

    port: int
    water_port: int
    folder: Path
    pid: int = 0
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict)

    def token(self, role: str) -> str:
        """Return an access token of the ready-made client of *role*."""
        got_at, token = self._tokens.get(role, (-math.inf, ""))
        if time.monotonic() - got_at < _TOKEN_S:
            return token
        made = json.loads((self.folder / "credentials.json").read_text())["clients"][role]
        pair = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
        body = urlencode({"grant_type": "client_credentials"}).encode()
        request = wire.encode(
            "POST", "/oauth/token", body=body, kind="application/x-www-form-urlencoded"
        )
        request = request.replace(b"\r\n", f"\r\nAuthorization: Basic {pair}\r\n".encode(), 1)
        token = json.loads(wire.ask(self.port, request).require(200).body)["access_token"]
        self._tokens[role] = (time.monotonic(), token)
        return str(token)


@contextmanager
def gateway(folder: Path) -> Iterator[Gateway]:
    """Run a gateway that keeps its things in *folder*."""
    started = Gateway(free_port(), free_port(), folder)
    log = folder / "gateway.log"
    told = {
        "PORT": str(started.port),
        "ISSUER": f"http://127.0.0.1:{started.port}",
        "DATABASE_URL": f"sqlite:///{folder / 'gateway.sqlite'}",
        "KEYS_FILE": str(folder / "keys.json"),
        "AUDIT_KEY_FILE": str(folder / "gateway.audit.key"),
        "CREDENTIALS_FILE": str(folder / "credentials.json"),
        "WATER_URL": f"http://127.0.0.1:{started.water_port}",
        "WASTE_URL": "http://127.0.0.1:9",
        "AIR_URL": "http://127.0.0.1:9",
        "TOKEN_LIFETIME_S": "3600",
        "PULL_PERIOD_S": "86400",
        **_OFTEN,
    }
    environment = {f"KEMBAR_GATEWAY_{name}": value for name, value in told.items()}
    run("-m", "kembar_gateway", "migrate", environment=environment, log=log)
    with serving(
        "-m", "kembar_gateway", "serve", port=started.port, log=log, environment=environment
    ) as started.pid:
        yield started


@dataclass
class Water:
    """A running water service with a database of its own."""

    gateway: Gateway
    port: int
    pid: int
    database_url: str
    empty_bytes: int = 0

    def send(self, content: bytes, *, kind: str = "text/csv", door: bool = False) -> Sent:
        """Upload *content*; `door`: through the gateway."""
        path, port = (f"/water{UPLOADS}", self.gateway.port) if door else (UPLOADS, self.port)
        token = self.gateway.token("operator")
        answers = wire.ask(port, wire.encode("POST", path, token, body=content, kind=kind))
        return Sent(answers.seconds, json.loads(answers.require(201).body))

    def add_stations(self, network: Network) -> None:
        """Register the network's stations."""
        token = self.gateway.token("operator")
        bodies = (json.dumps(body).encode() for body in network.station_bodies())
        kind = "application/json"
        wire.drive(
            self.port,
            [wire.encode("POST", "/v1/stations", token, body=body, kind=kind) for body in bodies],
        ).require(201)

    def read(self, path: str, role: str = "operator", **query: object) -> dict[str, Any]:
        """Return what a GET answers."""
        request = wire.encode("GET", path, self.gateway.token(role), query=query)
        return dict(json.loads(wire.ask(self.port, request).require(200).body))

    def kept(self, period: str = "day") -> tuple[int, float]:
        """Return count and sum of everything stored, as the sums per *period* say."""
        count, sums = 0, [0.0]
        query: dict[str, object] = {"period": period, "limit": _PAGE}
        query |= {"from": "2019-01-01", "to": "2027-01-01"}
        while True:
            page = self.read("/v1/rollups", **query)
            count += sum(item["n"] for item in page["items"])
            sums += [item["sum"] for item in page["items"]]
            if page["next"] is None:
                return count, math.fsum(sums)
            query["cursor"] = page["next"]

    def grown_bytes(self) -> int:
        """Return by how much the database grew since it was made."""
        return database_bytes(self.database_url) - self.empty_bytes


@dataclass(frozen=True)
class Sent:
    """An upload's time and receipt."""

    seconds: float
    receipt: dict[str, Any]


@contextmanager
def water(
    started: Gateway,
    database: str,
    postgres_url: str,
    *,
    at_the_door: bool = True,
    program: str = "",
    service: str = "water",
    settings: Mapping[str, str] | None = None,
) -> Iterator[Water]:
    """Run a water service, or another one, on a new database.

    Args:
        started: The gateway that issues the tokens.
        database: One of `DATABASES`.
        postgres_url: The server, where it is one.
        at_the_door: The gateway's door leads to it.
        program: The module that serves; empty: the service's own.
        service: Its name.
        settings: More of its settings, as in the environment.
    """
    port = started.water_port if at_the_door else free_port()
    issuer = f"http://127.0.0.1:{started.port}"
    log = started.folder / f"{service}.log"
    with new_database(database, started.folder, postgres_url) as url:
        key = started.folder / f"{url.rpartition('/')[2]}.audit.key"
        told = {
            "PORT": str(port), "ISSUER": issuer, "DATABASE_URL": url, "AUDIT_KEY_FILE": str(key),
            **_OFTEN, **(settings or {}),
        }  # fmt: skip
        prefix = f"KEMBAR_{service.upper()}_"
        environment = {f"{prefix}{key}": value for key, value in told.items()}
        own = f"kembar_{service}"
        run("-m", own, "migrate", environment=environment, log=log)
        empty = database_bytes(url)
        with serving(
            "-m", program or own, "serve", port=port, log=log, environment=environment
        ) as pid:
            yield Water(started, port, pid, url, empty)


@contextmanager
def new_database(kind: str, folder: Path, postgres_url: str) -> Iterator[str]:
    """Give the URL of an empty database, and take it away afterwards."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    if kind == "sqlite":
        try:
            yield f"sqlite:///{folder / name}.sqlite"
        finally:
            for each in folder.glob(f"{name}.sqlite*"):
                each.unlink()
        return
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
        finally:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def verify(service: Water, sent: Sent, upload: Upload, before: Upload | None = None) -> None:
    """Fail unless receipt and sums are those of the manifest."""
    expected = upload.receipt(before)
    counted = {name: sent.receipt[name] for name in expected}
    assert counted == expected, f"receipt {counted}, manifest {expected}"
    count, total = service.kept()
    expected_count, expected_total = upload.stored(before)
    assert count == expected_count, f"kept {count}, manifest {expected_count}"
    assert math.isclose(total, expected_total, rel_tol=1e-9), (total, expected_total)


def database_bytes(url: str) -> int:
    """Return what a database takes on the disk, what its log still holds included."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*"))
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row is not None
        return int(row[0])
