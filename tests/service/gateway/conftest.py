"""A gateway on a free port, before services whose answers a test chooses."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from kembar_gateway.app import build
from kembar_gateway.identity import Grant, Issuer
from kembar_gateway.settings import PACKAGES, GatewaySettings
from kembar_shared.chassis import cli
from kembar_shared.chassis.limits import Rate
from tests.loopback import PLAIN
from tests.service.gateway.entries import BOTH, Made, Planner


@dataclass
class Asked:
    """One request as the service received it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """A service that answers what it is told to."""

    url: str
    status: int = 200
    body: bytes = b'{"items": [], "next": null}'
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    asked: list[Asked] = field(default_factory=list)

    @property
    def passed_on(self) -> Asked:
        """Return the last request that is not a pull of the gateway's own."""
        return [one for one in self.asked if not one.path.startswith("/v1/indicators?")][-1]

    def offer(self, *figures: dict[str, object], etag: str | None = None) -> None:
        """Answer these figures from now on."""
        self.status, self.answer = 200, None
        self.body = json.dumps({"items": figures, "next": None}).encode()
        self.headers = {"Content-Type": "application/json"}
        if etag:
            self.headers["ETag"] = etag


class Handler(BaseHTTPRequestHandler):
    """Notes each request and answers as its server's `service` is told to."""

    protocol_version = "HTTP/1.1"

    def _do(self) -> None:
        service: Service = self.server.service
        headers = {name.lower(): value for name, value in self.headers.items()}
        service.asked.append(Asked(self.command, self.path, headers, self._body()))
        if service.answer is not None:
            service.answer(self)
            return
        tag = service.headers.get("ETag")
        known = tag is not None and self.headers.get("If-None-Match") == tag
        self.send_response(304 if known else service.status)
        for name, value in service.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0" if known else str(len(service.body)))
        self.end_headers()
        if not known and self.command != "HEAD":
            self.wfile.write(service.body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _do  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


class Server(ThreadingHTTPServer):
    """Serves one `service`; a caller that hangs up is no news."""

    daemon_threads = True
    service: Service

    def handle_error(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def start_service() -> Iterator[Callable[[], Service]]:
    servers: list[Server] = []

    def start() -> Service:
        service = Service("")
        server = Server(("127.0.0.1", 0), Handler)
        server.service = service
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        service.url = f"http://127.0.0.1:{server.server_address[1]}"
        servers.append(server)
        return service

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def services(start_service) -> dict[str, Service]:
    """Serve all three services, each without a figure."""
    return {name: start_service() for name in ("waste", "water", "air")}


class Clock:
    """The present, which a test may move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Gateway:
    """A running gateway."""

    client: httpx.Client
    settings: GatewaySettings
    app: object

    def token(self, scope: str, client: str = "tester", **narrowing: tuple[str, ...]) -> str:
        rate = Rate(1_000_000, 1_000_000)  # limits have tests of their own
        grant = Grant(client, tuple(scope.split()), rate=rate, **narrowing)
        return Issuer(self.settings).mint(grant, now=datetime.now(UTC))

    def get(self, path: str, scope: str = "outcomes:read", **arguments) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(scope)}", **arguments.pop("headers", {})}
        return self.client.get(path, headers=headers, **arguments)


@pytest.fixture
def schema() -> tuple[str, ...]:
    return PACKAGES


@pytest.fixture
def settings(tmp_path: Path, database_url: str, services) -> GatewaySettings:
    """Give the settings of a gateway whose timer pulls once, at its start."""
    return GatewaySettings(
        database_url=database_url,
        keys_file=tmp_path / "keys.json",
        pull_period_s=3600,
        public_outcomes=True,
        **{f"{name}_url": service.url for name, service in services.items()},
    )


@pytest.fixture
def start_gateway(serve, settings, clock) -> Callable[..., Gateway]:
    def start(**changes: object) -> Gateway:
        chosen = settings.model_copy(update=changes)
        app = build(chosen, clock=clock)
        return Gateway(serve(app), chosen, app)

    return start


def figure(indicator: str, period: str, value: float | None, **members: object) -> dict:
    """Make one figure as a service answers it."""
    usual = {
        "indicator": indicator,
        "jurisdiction": "bandung",
        "period": period,
        "value": value,
        "unit": {"waste.generated": "t", "air.pm25_mean": "µg/m³"}.get(indicator, "1"),
        "state": "ok" if value is not None else "insufficient",
        "numerator": value,
        "denominator": None if value is None else 1.0,
        "n": 1,
        "expected": 1.0,
        "coverage": 1.0 if value is not None else 0.3,
        "origin": "real",
        "method": "m@1",
        "stations": ["S-1"],
        "detail": {},
        "digest": f"{value}",
    }
    return {**usual, **members}


@pytest.fixture(name="figure")
def _figure() -> Callable[..., dict]:
    return figure


@pytest.fixture(scope="module")
def shared_gateway(tmp_path_factory, sqlite_templates) -> Iterator[Gateway]:
    """Serve one gateway on SQLite for all tests of a module: each keeps to codes of its own."""
    folder = tmp_path_factory.mktemp("shared")
    url = sqlite_templates.new(folder / "gateway.sqlite", PACKAGES)
    dead = dict.fromkeys(("waste_url", "water_url", "air_url"), "http://127.0.0.1:9")
    settings = GatewaySettings(
        database_url=url,
        keys_file=folder / "keys.json",
        audit_key_file=folder / "audit.key",
        pull_period_s=3600,
        public_outcomes=True,
        **dead,
    )
    app = build(settings)
    server = cli.server(app, settings.model_copy(update={"port": 0}))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 15
    while not server.started:
        assert time.monotonic() < deadline, "the gateway did not start in time"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, **PLAIN) as client:
        yield Gateway(client, settings, app)
    server.should_exit = True
    thread.join(timeout=15)
    assert not thread.is_alive(), "the gateway did not stop"


@pytest.fixture
def shared_planner(shared_gateway: Gateway) -> Planner:
    """Ask the shared gateway as a client that may enter and read everything."""
    return Planner(shared_gateway)


@pytest.fixture
def source(shared_planner: Planner) -> Callable[..., dict[str, dict]]:
    """Return a function: kind and query -> entries of the packaged profile by code."""

    def read(kind: str, /, **query: object) -> dict[str, dict]:
        answer = shared_planner.get(f"/v1/{kind}", cooperation=BOTH, **query)
        return {item["code"]: item for item in answer.json()["items"]}

    return read


@pytest.fixture
def made(shared_planner: Planner) -> Made:
    """Make a cooperation of two cities that the test fills."""
    return Made(shared_planner)
